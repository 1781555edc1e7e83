use time::macros::date;

use super::*;

fn options() -> Options {
    Options {
        date: date!(2026 - 11 - 23),
        source: "a test".into(),
    }
}

fn import_map(map: &str) -> Import {
    import(map, options()).unwrap_or_else(|problems| panic!("{problems:?}"))
}

#[test]
fn only_what_is_billed_per_token_is_kept() {
    let import = import_map(
        r#"{
            "sample_spec": {"input_cost_per_token": "documentation"},
            "priced": {"litellm_provider": "acme", "mode": "chat", "input_cost_per_token": 1e-6},
            "free": {"litellm_provider": "acme", "mode": "chat", "input_cost_per_token": 0, "output_cost_per_token": 0.0},
            "unlabelled": {"litellm_provider": "acme", "output_cost_per_token": 0},
            "steps-only": {"litellm_provider": "acme", "mode": "chat", "tiered_pricing": [{"range": [0, 3.2e4], "input_cost_per_token": 1e-6}]},
            "per-image": {"litellm_provider": "acme", "mode": "image_generation", "input_cost_per_token": 0, "output_cost_per_image": 0.04},
            "per-image-token": {"litellm_provider": "acme", "mode": "image_generation", "output_cost_per_image_token": 1e-6},
            "per-second": {"litellm_provider": "acme", "mode": "audio_transcription", "input_cost_per_second": 0.1},
            "per-query": {"litellm_provider": "acme", "mode": "embedding", "input_cost_per_query": 0.1, "output_cost_per_token": 0}
        }"#,
    );
    let report = import.report;
    for (name, is_kept) in [
        ("priced", true),
        ("free", true),
        ("unlabelled", true),
        ("steps-only", true),
        ("per-image", false),
        ("per-image-token", true),
        ("per-second", false),
        ("per-query", false),
        ("sample_spec", false),
    ] {
        assert_eq!(import.catalog.find(name).is_some(), is_kept, "{name}");
    }
    assert_eq!(report.left_out.values().sum::<usize>(), 4, "{report:?}");
    assert_eq!(
        import.catalog.provider_named("Acme"),
        Some(import.catalog.find("priced").unwrap().provider)
    );
}

#[test]
fn a_price_that_must_be_a_mistake_is_refused_and_a_dear_one_needs_a_row() {
    let import = import_map(
        r#"{
            "wrong-unit": {"litellm_provider": "acme", "mode": "chat", "input_cost_per_token": 0.001},
            "dear": {"litellm_provider": "acme", "mode": "chat", "input_cost_per_token": 1e-6, "output_cost_per_token_flex": 0.0002},
            "o1-pro": {"litellm_provider": "openai", "mode": "chat", "output_cost_per_token": 0.0006},
            "o1-pro-max": {"litellm_provider": "openai", "mode": "chat", "output_cost_per_token": 0.0007}
        }"#,
    );
    let refused: Vec<_> = import
        .report
        .refused
        .iter()
        .map(|refusal| &*refusal.key)
        .collect();
    assert_eq!(refused, ["dear", "o1-pro-max", "wrong-unit"]);
    assert!(import.catalog.find("o1-pro").is_some());
}

#[test]
fn twins_are_merged_when_equal_and_marked_when_not() {
    let import = import_map(
        r#"{
            "same": {"litellm_provider": "acme", "input_cost_per_token": 1e-6, "source": "here"},
            "acme/same": {"litellm_provider": "acme", "input_cost_per_token": 0.000001},
            "other": {"litellm_provider": "acme", "input_cost_per_token": 1e-6},
            "acme/Other": {"litellm_provider": "acme", "input_cost_per_token": 2e-6}
        }"#,
    );
    let catalog = &import.catalog;
    for (key, id) in [
        ("same", "acme/same"),
        ("acme/same", "acme/same"),
        ("other", "acme/other~bare"),
        ("acme/other", "acme/Other"),
    ] {
        assert_eq!(&*catalog.find(key).unwrap().id, id, "{key}");
    }
    let same = catalog.find("same").unwrap();
    assert_eq!((same.keys.len(), same.source.as_deref()), (2, Some("here")));
    assert_eq!(import.report.marked_twins, ["acme/other~bare"]);
}

#[test]
fn every_entry_that_cannot_be_read_is_reported_at_once() {
    let problems = import(
        r#"{
            "a": {"litellm_provider": "acme", "input_cost_per_token": "1", "output_cost_per_haptic_token": 1},
            "b": {"litellm_provider": "acme", "input_cost_per_token": 1e-6, "deprecation_date": "soon"},
            "c": {"input_cost_per_token": 1e-6},
            "d": 5
        }"#,
        options(),
    )
    .unwrap_err();
    let entries: Vec<_> = problems.iter().map(|problem| &*problem.entry).collect();
    assert_eq!(entries, ["a", "a", "b", "c", "d"]);
}

#[test]
fn prices_are_taken_as_written() {
    let import = import_map(
        r#"{"m": {"litellm_provider": "acme", "input_cost_per_token": 1.0000000000000002e-07, "output_cost_per_token": 3e-07}}"#,
    );
    let model = import.catalog.find("m").unwrap();
    assert_eq!(model.input_rate().unwrap().per_million().to_string(), "0.1");
    assert_eq!(
        model.output_rate().unwrap().per_million().to_string(),
        "0.3"
    );
}
