use time::macros::date;

use super::*;
use crate::catalog::Catalog;

/// A dozen of every kind. Whisper is billed per second and not in the catalogue; a transcriber billed
/// per token stands in for it.
const GOLDEN_MODELS: [&str; 14] = [
    "gpt-4o",
    "claude-sonnet-4-5",
    "gemini/gemini-2.5-pro",
    "xai/grok-4.3",
    "dashscope/qwen3-coder-plus",
    "perplexity/sonar",
    "text-embedding-3-large",
    "gpt-4o-transcribe",
    "gpt-image-2",
    "cohere/rerank-v5.0-pro",
    "gemini/gemma-3-27b-it",
    "anyscale/HuggingFaceH4/zephyr-7b-beta",
    "fireworks_ai/accounts/fireworks/models/minimax-m2p7",
    "command-r",
];

fn rendered(catalog: &Catalog, name: &str) -> String {
    let profile = profile(catalog.find(name).unwrap(), date!(2026 - 11 - 23));
    let blended = profile
        .blended_usd_per_million
        .map_or("-".to_owned(), |usd| usd.to_string());
    format!(
        "{name}\n  {} {blended}\n  {}\n  {}\n  {}\n",
        profile.cost_tier.word(),
        profile.best_for,
        profile.use_cases.join("; "),
        profile.strengths.join("; "),
    )
}

#[test]
fn the_golden_models_are_described_as_they_were_reviewed() {
    let catalog = Catalog::built_in().unwrap();
    let all: String = GOLDEN_MODELS
        .iter()
        .map(|name| rendered(&catalog, name))
        .collect();
    assert_eq!(all, include_str!("golden.txt"));
}

#[test]
fn every_model_gets_a_sentence_and_no_more_words_than_are_shown() {
    let catalog = Catalog::built_in().unwrap();
    for model in catalog.models() {
        let profile = profile(model, date!(2026 - 11 - 23));
        assert!(!profile.best_for.is_empty(), "{}", model.id);
        assert!(
            (1..=USE_CASES_MAX).contains(&profile.use_cases.len()),
            "{}",
            model.id
        );
        assert!(profile.strengths.len() <= STRENGTHS_MAX, "{}", model.id);
    }
}

#[test]
fn a_code_model_says_so_in_a_word_of_its_name() {
    let catalog = Catalog::built_in().unwrap();
    let named = |name: &str| {
        let mut model = catalog.models()[0].clone();
        model.name = name.into();
        is_code_model(&model)
    };
    for name in [
        "Qwen/Qwen3-Coder",
        "gpt-5.3-codex",
        "devstral-2",
        "grok-code-fast-1",
        "kimi_code",
    ] {
        assert!(named(name), "{name}");
    }
    for name in ["gpt-4o", "zip-codes", "code/gpt-4o"] {
        assert!(!named(name), "{name}");
    }
}

#[test]
fn numbers_are_grouped_by_thousands() {
    for (number, text) in [
        (0, "0"),
        (999, "999"),
        (1_000, "1,000"),
        (1_048_576, "1,048,576"),
    ] {
        assert_eq!(grouped(number), text);
    }
}
