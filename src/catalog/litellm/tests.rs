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
            "d": 5,
            "e": {"litellm_provider": "no slug", "input_cost_per_token": 1e-6},
            "f ": {"litellm_provider": "acme", "input_cost_per_token": 1e-6},
            "g": {"litellm_provider": "acme", "input_cost_per_query": 1, "input_cost_per_query": 2},
            "h": {"litellm_provider": "acme", "provider_specific_entry": {"us": 1.1, "us": 1.2}},
            "i\u0001": {"litellm_provider": "acme", "input_cost_per_token": 1e-6},
            "a": {"litellm_provider": "acme", "input_cost_per_token": 1e-6}
        }"#,
        options(),
    )
    .unwrap_err();
    let entries: Vec<_> = problems.iter().map(|problem| &*problem.entry).collect();
    let expected = ["a", "a", "a", "b", "c", "d", "e", "f ", "g", "h", "i\u{1}"];
    assert_eq!(entries, expected);
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

#[test]
fn every_family_of_prices_is_kept() {
    let import = import_map(
        r#"{"acme/m": {
            "litellm_provider": "acme",
            "mode": "chat",
            "max_input_tokens": 256000.0,
            "input_cost_per_token": 2.5e-06,
            "input_cost_per_token_above_200k_tokens_priority": 5e-06,
            "cache_creation_input_token_cost_above_1hr": 6e-06,
            "input_cost_per_token_cache_hit": 1e-06,
            "input_dbu_cost_per_token": 7e-06,
            "input_cost_per_character": 1e-07,
            "tiered_pricing": [{"range": [0, 32000.0], "input_cost_per_token": 1e-06}],
            "off_peak_pricing": {"input_cost_per_token": 1e-06, "windows": [{"hours_utc": "22:00-06:00", "weekdays": [1, 7]}]},
            "search_context_cost_per_query": {"search_context_size_high": 0.03, "search_context_size_low": 0.01, "search_context_size_medium": 0.02},
            "web_search_billing_unit": "per_query",
            "search_free_requests": {"count": 5000, "period": "month", "shared_group": "g"},
            "google_maps_grounding_cost_per_query": 0.014,
            "provider_specific_entry": {"fast": 2, "us": 1.1},
            "regional_endpoint_uplift_multiplier": 1.1,
            "supports_vision": false,
            "supports_reasoning": false,
            "supports_system_messages": true,
            "supported_modalities": ["text", "image"],
            "deprecation_date": "2027-01-31"
        }}"#,
    );
    let text = crate::catalog::file::write(&import.catalog).unwrap();
    let line = text
        .lines()
        .find(|line| line.starts_with("{\"id\":\"acme/m\""))
        .unwrap();
    let wanted = concat!(
        r#"{"id":"acme/m","name":"m","keys":["acme/m"],"mode":"chat","max_input_tokens":256000,"#,
        r#""deprecation_date":"2027-01-31","#,
        r#""rates":{"input":"2.5","input>200k@priority":"5","cache_write_1h":"6"},"#,
        r#""steps":[{"above_tokens":0,"up_to_tokens":32000,"rates":{"input":"1"}}],"#,
        r#""off_peak":{"rates":{"input":"1"},"windows":[{"hours_utc":["22:00-06:00"],"weekdays":[1,7]}]},"#,
        r#""units":{"input_cost_per_character":"0.0000001"},"#,
        r#""per_search":{"low":"0.01","medium":"0.02","high":"0.03"},"search_billing":"per_query","#,
        r#""free_searches":{"count":5000,"period":"month","shared_group":"g"},"google_maps_query":"0.014","#,
        r#""uplifts":{"regional_endpoint":"1.1","inference_us":"1.1","speed_fast":"2"},"#,
        r#""can":["vision"],"cannot":["reasoning"]}"#,
    );
    assert_eq!(line, wanted);
}
