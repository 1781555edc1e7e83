use time::macros::date;

use super::*;

fn built_in() -> Catalog {
    Catalog::built_in().unwrap()
}

#[test]
fn names_belong_to_models_in_the_order_v1_key_id() {
    let catalog = built_in();
    for (name, id) in [
        ("gpt-4o", "openai/gpt-4o"),
        ("  GPT-4O ", "openai/gpt-4o"),
        ("openai/gpt-4o", "openai/gpt-4o"),
        // Today's map has the name at Vertex AI only; v1 had it under Google.
        ("gemini-2.0-flash", "gemini/gemini-2.0-flash"),
        ("perplexity/sonar", "perplexity/sonar"),
        ("perplexity/perplexity/sonar", "perplexity/perplexity/sonar"),
        // One model with two keys, since the bare one leaves out a price that the other states.
        ("deepseek-chat", "deepseek/deepseek-chat"),
        // Two models, since the two keys state different prices.
        ("gemini-exp-1206", "gemini/gemini-exp-1206~bare"),
        ("deepseek/deepseek-chat", "deepseek/deepseek-chat"),
        // Two providers of v1 had it; Together AI came first.
        (
            "mistralai/Mixtral-8x7B-Instruct-v0.1",
            "together_ai/mistralai/Mixtral-8x7B-Instruct-v0.1",
        ),
    ] {
        assert_eq!(
            catalog.find(name).map(|model| &*model.id),
            Some(id),
            "{name}"
        );
    }
    for unknown in ["", " ", "gpt-4o-min", "gpt-4o:free", "openai/openai/gpt-4o"] {
        assert!(catalog.find(unknown).is_none(), "{unknown}");
    }
}

#[test]
fn every_model_is_found_by_its_id_and_by_the_name_it_is_listed_under() {
    let catalog = built_in();
    for model in catalog.models() {
        for name in [&*model.id, model.listed_name()] {
            let found = catalog.resolve(name, None, true).expect(name);
            assert_eq!(found.model.id, model.id, "{name}");
        }
    }
}

#[test]
fn all_87_models_of_v1_are_listed_under_its_names_and_providers_and_priced() {
    let catalog = built_in();
    let v1_models = v1::models().unwrap();
    assert_eq!(v1_models.len(), 87);
    for (position, v1_model) in v1_models.iter().enumerate() {
        let provider = catalog.provider_named(&v1_model.provider).unwrap();
        assert_eq!(*catalog.provider(provider).name, *v1_model.provider);
        let model = catalog
            .models()
            .iter()
            .filter(|model| model.provider == provider)
            .find(|model| {
                model
                    .v1
                    .as_ref()
                    .is_some_and(|v1| usize::from(v1.position) == position)
            })
            .unwrap_or_else(|| panic!("{} is gone", v1_model.name));
        assert!(
            model.input_rate().is_some() && model.output_rate().is_some(),
            "{}",
            model.id
        );
        assert_eq!(*model.v1.as_ref().unwrap().name, *v1_model.name);
        if model.facts.origin == Origin::V1 {
            assert_eq!(model.input_rate(), Some(v1_model.input));
            assert_eq!(model.status(date!(2026 - 11 - 23)), Status::Retired);
        }
    }
}

#[test]
fn providers_answer_to_the_names_clients_use() {
    let catalog = built_in();
    for (text, slug) in [
        ("mistral", "mistral"),
        ("Mistral AI", "mistral"),
        ("mistralai", "mistral"),
        ("google", "gemini"),
        ("Gemini", "gemini"),
        ("aws", "bedrock"),
        ("together", "together_ai"),
        ("x-ai", "xai"),
        ("perplexity", "perplexity"),
        ("vertex", "vertex_ai"),
        ("AZURE OPENAI", "azure"),
    ] {
        let found = catalog
            .provider_named(text)
            .map(|id| &*catalog.provider(id).slug);
        assert_eq!(found, Some(slug), "{text}");
    }
    assert_eq!(catalog.provider_named("nobody"), None);
    assert_eq!(catalog.provider_named(""), None);
}

#[test]
fn a_retirement_is_announced_90_days_ahead() {
    let catalog = built_in();
    let mut model = catalog.find("gpt-4o").unwrap().clone();
    model.facts.deprecation_date = Some(date!(2027 - 03 - 01));
    let on = date!(2027 - 03 - 01);
    assert_eq!(model.status(date!(2026 - 11 - 30)), Status::Active);
    assert_eq!(model.status(date!(2026 - 12 - 01)), Status::Retiring { on });
    assert_eq!(model.status(date!(2027 - 02 - 28)), Status::Retiring { on });
    assert_eq!(model.status(on), Status::Retired);
}

#[test]
fn unknown_names_get_names_that_exist() {
    let catalog = built_in();
    for (name, first) in [
        ("gpt-4o-min", "gpt-4o-mini"),
        ("claude-4-5-sonnet", "claude-sonnet-4-5"),
        ("azure/gpt-4o-min", "azure/gpt-4o-mini"),
        ("gpt-5o", "gpt-5"),
    ] {
        let closest = catalog.closest(name, None, 5);
        assert_eq!(closest.first(), Some(&first), "{name}: {closest:?}");
        assert!(closest.len() <= 5);
    }
    for nonsense in [
        "zzzzqqqqxxxx",
        "hello world, how are you",
        "\u{1F980}\u{1F980}",
        &"a".repeat(10_000),
    ] {
        assert!(catalog.closest(nonsense, None, 5).is_empty(), "{nonsense}");
    }
}

#[test]
fn a_free_listing_is_one_whose_every_token_price_is_zero() {
    let catalog = built_in();
    assert!(
        catalog
            .find("gemini/gemma-3-27b-it")
            .unwrap()
            .is_free_listing()
    );
    assert!(!catalog.find("gpt-4o").unwrap().is_free_listing());
}
