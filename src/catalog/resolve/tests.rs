use super::*;
use crate::catalog::v1;

fn built_in() -> Catalog {
    Catalog::built_in().unwrap()
}

/// What becomes of a name, in words.
fn said(catalog: &Catalog, name: &str, provider: Option<&str>, strict: bool) -> String {
    let provider = provider.map(|text| catalog.provider_named(text).expect(text));
    match catalog.resolve(name, provider, strict) {
        Ok(found) => format!("{} {}", found.by.name(), found.model.id),
        Err(Unresolved::Unusable(why)) => format!("{why:?}"),
        Err(Unresolved::Ambiguous { total, .. }) => format!("ambiguous {total}"),
        Err(Unresolved::Unknown { refused: None }) => "unknown".to_owned(),
        Err(Unresolved::Unknown {
            refused: Some(found),
        }) => format!("refused {} {}", found.by.name(), found.model.id),
    }
}

#[test]
fn every_key_and_every_id_is_an_exact_name_of_its_own_model() {
    let catalog = built_in();
    let mut names = 0;
    for model in catalog.models() {
        let own_keys = model.keys.iter().filter(|key| {
            // A v1 name outranks the key of another provider.
            let owner = catalog.find(key).and_then(|owner| owner.v1.as_ref());
            owner.is_none_or(|v1| *v1.name != ***key) || catalog.find(key).unwrap() == model
        });
        for name in own_keys.chain([&model.id]) {
            let found = catalog.resolve(name, None, true).expect(name);
            assert_eq!(found.model.id, model.id, "{name}");
            assert_eq!(found.by, Match::Exact, "{name}");
            let there = catalog.resolve(name, Some(model.provider), true);
            assert_eq!(there.expect(name).model.id, model.id, "{name}");
            names += 1;
        }
    }
    assert!(names > 7_400, "{names}");
}

#[test]
fn the_names_of_v1_lead_to_the_providers_v1_had_them_under() {
    let catalog = built_in();
    let mut owners = std::collections::BTreeMap::new();
    for model in v1::models().unwrap() {
        owners.entry(model.name).or_insert(model.provider);
    }
    for (name, provider) in owners {
        let found = catalog.resolve(&name, None, true).expect(&name);
        assert_eq!(*catalog.provider(found.model.provider).name, *provider);
        assert!(
            matches!(found.by, Match::Exact | Match::FirstParty),
            "{name}"
        );
    }
}

#[test]
fn a_provider_beside_the_name_is_kept_to() {
    let catalog = built_in();
    for (name, provider, wanted) in [
        ("gpt-4o", "azure", "provider_prefix azure/gpt-4o"),
        ("gpt-4o", "openai", "exact openai/gpt-4o"),
        ("gpt-4o", "anthropic", "unknown"),
        ("openai/gpt-4o", "azure", "unknown"),
        (
            "gpt-oss-120b",
            "groq",
            "unique_suffix groq/openai/gpt-oss-120b",
        ),
        (
            "openai/gpt-oss-120b",
            "groq",
            "provider_prefix groq/openai/gpt-oss-120b",
        ),
        ("gpt-oss-120b", "mistral", "unknown"),
        (
            "claude-sonnet-4.5",
            "vertex",
            "normalized vertex_ai/claude-sonnet-4-5",
        ),
        (
            "models/gemini-2.5-pro",
            "vertex",
            "normalized vertex_ai/gemini-2.5-pro",
        ),
        (
            "gemini-2.5-pro",
            "Google",
            "provider_prefix gemini/gemini-2.5-pro",
        ),
        (
            "google/gemini-2.5-pro",
            "gemini",
            "provider_prefix gemini/gemini-2.5-pro",
        ),
        ("gpt-4o-2099-01-01", "azure", "dated_fallback azure/gpt-4o"),
    ] {
        let said = said(&catalog, name, Some(provider), false);
        assert_eq!(said, wanted, "{name} of {provider}");
    }
}

#[test]
fn a_bare_name_is_never_settled_by_chance() {
    let catalog = built_in();
    for (name, wanted) in [
        (
            "one model has it",
            "unique_suffix xai/grok-4.3-latest grok-4.3-latest",
        ),
        ("one price", "unique_price azure_ai/grok-3 grok-3"),
        (
            "its maker sells it",
            "first_party deepseek/deepseek-r1 deepseek-r1",
        ),
        (
            "a reseller is no maker",
            "ambiguous 5 llama-3.1-8b-instruct",
        ),
        ("its maker gives it away", "ambiguous 12 gemma-4-31b-it"),
        ("nobody made it", "ambiguous 25 gpt-oss-120b"),
        (
            "several segments",
            "ambiguous 8 meta-llama/Llama-3.3-70B-Instruct",
        ),
        ("a provider who has it not", "unknown openai/gpt-oss-120b"),
    ] {
        let (wanted, asked) = wanted.rsplit_once(' ').unwrap();
        assert_eq!(said(&catalog, asked, None, false), wanted, "{name}");
    }
    let Err(Unresolved::Ambiguous { candidates, .. }) =
        catalog.resolve("gpt-oss-120b", None, false)
    else {
        panic!("it is ambiguous");
    };
    assert_eq!(candidates.len(), 25);
    assert!(candidates.is_sorted_by(|one, two| one.id < two.id));
    assert!(
        candidates
            .iter()
            .all(|model| model.id.ends_with("/gpt-oss-120b"))
    );
}

#[test]
fn a_providers_name_in_front_counts_once_but_not_any_number_of_times() {
    let catalog = built_in();
    for (times, wanted) in [
        (1, "provider_prefix openai/gpt-4o"),
        (3, "provider_prefix openai/gpt-4o"),
        (4, "unknown"),
        (35, "unknown"),
    ] {
        let asked = format!("{}gpt-4o", "OpenAI/".repeat(times));
        assert_eq!(said(&catalog, &asked, None, false), wanted, "{times}");
    }
}

#[test]
fn combined_spellings_lead_to_one_name() {
    let catalog = built_in();
    for (asked, wanted) in [
        ("Anthropic/Claude-Sonnet-4.5", "anthropic/claude-sonnet-4-5"),
        (
            "claude-sonnet-4.5@20250929",
            "anthropic/claude-sonnet-4-5-20250929",
        ),
        (
            "claude-sonnet-4.5-2025-09-29",
            "anthropic/claude-sonnet-4-5-20250929",
        ),
        ("openai/openai/gpt-4o-20240806", "openai/gpt-4o-2024-08-06"),
        ("azure/global/gpt-4o-20240513", "azure/gpt-4o-2024-05-13"),
        (
            "bedrock/converse/us-east-1/anthropic.claude-sonnet-4-5-20250929",
            "bedrock/anthropic.claude-sonnet-4-5-20250929-v1:0",
        ),
        (
            "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-5",
            "bedrock/us.anthropic.claude-sonnet-5",
        ),
        ("claude-sonnet-4.5-latest", "anthropic/claude-sonnet-4-5"),
        (
            "mistral/mistral-code-fim",
            "mistral/mistral-code-fim-latest",
        ),
    ] {
        let said = said(&catalog, asked, None, true);
        assert_eq!(said, format!("normalized {wanted}"), "{asked}");
    }
}

#[test]
fn an_approximation_is_cautious_and_refused_when_strict() {
    let catalog = built_in();
    for (asked, wanted) in [
        ("gpt-4o-2099-01-01", "dated_fallback openai/gpt-4o"),
        (
            "claude-opus-4.6-20260101",
            "dated_fallback anthropic/claude-opus-4-6",
        ),
        (
            "deepseek-r1-2031-01-01",
            "dated_fallback deepseek/deepseek-r1",
        ),
        ("ft:gpt-4o:org::id", "fine_tune openai/gpt-4o"),
        (
            "openai/ft:gpt-4o-2024-08-06:o::i",
            "fine_tune openai/ft:gpt-4o-2024-08-06",
        ),
        (
            "bedrock/ca.anthropic.claude-sonnet-5",
            "region_fallback bedrock/anthropic.claude-sonnet-5",
        ),
        (
            "bedrock/us-gov-west-1/anthropic.claude-opus-4-7",
            "region_fallback bedrock/anthropic.claude-opus-4-7",
        ),
        (
            "gemini/gemini-2.5-pro-002",
            "normalized gemini/gemini-2.5-pro",
        ),
    ] {
        assert_eq!(said(&catalog, asked, None, false), wanted, "{asked}");
        assert_eq!(
            said(&catalog, asked, None, true),
            format!("refused {wanted}"),
            "{asked}"
        );
        assert!(
            catalog
                .resolve(asked, None, false)
                .unwrap()
                .by
                .is_approximate()
        );
    }
    // A day that does not exist, and a base that several have.
    for asked in ["gpt-4o-2099-02-30", "gpt-oss-120b-2025-08-05"] {
        assert_eq!(said(&catalog, asked, None, false), "unknown", "{asked}");
    }
}

#[test]
fn what_cannot_be_a_name_is_told_from_what_is_none() {
    let catalog = built_in();
    let (longest, too_long) = ("a".repeat(256), "a".repeat(257));
    for (name, asked, wanted) in [
        ("empty", "", "Empty"),
        ("blank", " \t\n", "Empty"),
        ("longest", &*longest, "unknown"),
        ("too long", &*too_long, "TooLong"),
        ("control character", "gpt\0-4o", "ControlCharacters"),
        (
            "control character beyond ASCII",
            "gpt\u{85}-4o",
            "ControlCharacters",
        ),
        ("other letters", "gpt-4\u{43e}", "unknown"),
        ("a dash that is none", "gpt\u{2010}4o", "unknown"),
        ("slashes", "///", "unknown"),
        ("a slash before", "/gpt-4o", "unknown"),
        ("a slash behind", "gpt-4o/", "unknown"),
        ("a provider alone", "openai/", "unknown"),
        ("separators", "@:-._", "unknown"),
        ("a wrapping alone", "models/", "unknown"),
        ("a tune of nothing", "ft:::", "unknown"),
    ] {
        assert_eq!(said(&catalog, asked, None, false), wanted, "{name}");
    }
}
