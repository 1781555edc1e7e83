//! A small catalogue, and what holds of every one.

use std::time::SystemTime;

use llm_pricing::catalog::{Catalog, Diff, Problem, file};
use llm_pricing::estimate::{Terms, Usage, estimate};
use llm_pricing::money::Usd;

/// Models of every kind, a line each, with their providers.
const MODELS: &str = include_str!("seeds/catalogue/every_kind.jsonl");

/// A catalogue in which each kind of model and price is there once or twice.
pub fn small_catalog() -> Catalog {
    file::read(&with_header(MODELS)).expect("the seed is a catalogue")
}

/// The lines of providers and models under a header that counts them.
pub fn with_header(lines: &str) -> String {
    let providers = lines.lines().filter(|line| line.starts_with("{\"slug\":"));
    let providers = providers.count();
    let models = lines.lines().count() - providers;
    let digest = "0".repeat(64);
    format!(
        "{{\"format\":\"llm-pricing catalogue\",\"format_version\":1,\
         \"version\":\"2026-01-01.00000000\",\"date\":\"2026-01-01\",\"source\":\"none\",\
         \"source_digest\":\"{digest}\",\"unit\":\"USD per million tokens\",\
         \"providers\":{providers},\"models\":{models}}}\n{lines}"
    )
}

/// A refusal says what is wrong, and where.
pub fn check_problems(text: &str, problems: &[Problem]) {
    assert!(!problems.is_empty(), "refused without a word");
    let lines = text.lines().count().max(1);
    for problem in problems {
        assert!(problem.line.is_none_or(|line| (1..=lines).contains(&line)));
        assert!(!problem.wrong.is_empty(), "{problem:?}");
    }
}

/// Whatever a catalogue was made of, its models are found by their ids, and no call is paid for by
/// somebody else.
pub fn check_catalog(catalog: &Catalog) {
    let at = Terms::at(SystemTime::UNIX_EPOCH.into());
    let usage = Usage {
        cache_read_tokens: 1_000,
        cache_write_tokens: 1_000,
        cache_write_1h_tokens: 1_000,
        audio_input_tokens: 1_000,
        reasoning_tokens: 1_000,
        audio_output_tokens: 1_000,
        citation_tokens: 1_000,
        web_searches: 7,
        ..Usage::text(1_000_000_000_000_000, 1_000_000_000_000_000)
    };
    for model in catalog.models() {
        let found = catalog.find(&model.id).expect("an id is a name");
        assert_eq!(found.id, model.id, "an id is the name of its model");
        let provider = catalog.provider(model.provider);
        for usage in [Usage::text(0, 0), Usage::text(1, 1), usage] {
            let Ok(costs) = estimate(model, provider, &usage, &at) else {
                continue;
            };
            let parts = [costs.input_cost, costs.output_cost, costs.tool_cost];
            assert!(parts.iter().all(|cost| *cost >= Usd::ZERO), "{costs:?}");
            assert_eq!(
                parts.into_iter().sum::<Usd>(),
                costs.total_cost,
                "{costs:?}"
            );
        }
    }
}

/// What is written reads back as the same, to the last digit.
pub fn check_reprint(catalog: &Catalog) {
    let printed = file::write(catalog).expect("texts and numbers serialise");
    let again = file::read(&printed).unwrap_or_else(|problems| panic!("{problems:?}\n{printed}"));
    let diff = Diff::between(catalog, &again);
    assert!(diff.is_empty(), "{diff:?}");
    let reprinted = file::write(&again).expect("texts and numbers serialise");
    assert_eq!(printed, reprinted);
}
