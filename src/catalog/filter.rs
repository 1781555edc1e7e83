//! What somebody looking for models asks of them.

use super::capability::Capability;
use super::{Catalog, Mode, Model, ProviderId};
use crate::money::{Rate, Usd};

/// Conditions on a model. What nobody knows of a model satisfies no condition; the default asks nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The inner one is `None` for a provider that does not exist, who has no models.
    pub provider: Option<Option<ProviderId>>,
    pub mode: Option<Mode>,
    /// Part of an id, of v1's name or of a provider's display name, in any ASCII case. Every name is part
    /// of its id.
    pub search: Option<Box<str>>,
    /// All of these.
    pub supports: Vec<Capability>,
    /// The least context window, in tokens.
    pub min_context: u64,
    /// The highest prices of a million tokens.
    pub max_input_price: Option<Usd>,
    pub max_output_price: Option<Usd>,
    /// Whether models that can no longer be called are wanted too. The day decides who they are, so this
    /// is for the caller to heed.
    pub include_retired: bool,
}

impl Filter {
    /// Whether a model of this catalogue is what is asked for, retired or not.
    pub fn admits(&self, catalog: &Catalog, model: &Model) -> bool {
        self.provider
            .is_none_or(|provider| provider == Some(model.provider))
            && self.mode.is_none_or(|mode| model.facts.mode == Some(mode))
            && model.facts.max_input_tokens.unwrap_or(0) >= self.min_context
            && self
                .supports
                .iter()
                .all(|&capability| model.facts.capabilities.can(capability))
            && is_within(self.max_input_price, || model.input_rate())
            && is_within(self.max_output_price, || model.output_rate())
            && self
                .search
                .as_deref()
                .is_none_or(|text| is_found(catalog, model, text))
    }
}

fn is_within(price_max: Option<Usd>, rate: impl Fn() -> Option<Rate>) -> bool {
    price_max.is_none_or(|max| rate().is_some_and(|rate| rate.per_million() <= max))
}

fn is_found(catalog: &Catalog, model: &Model, text: &str) -> bool {
    let v1_name = model.v1.as_ref().map(|v1| &*v1.name);
    let provider: &str = &catalog.provider(model.provider).name;
    [Some(&*model.id), v1_name, Some(provider)]
        .into_iter()
        .flatten()
        .any(|name| contains_folded(name, text))
}

/// Whether a text contains another in any ASCII case, without a copy of either.
fn contains_folded(text: &str, part: &str) -> bool {
    let (text, part) = (text.as_bytes(), part.as_bytes());
    part.is_empty()
        || text
            .windows(part.len())
            .any(|window| window.eq_ignore_ascii_case(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(name: &str, filter: &Filter) -> bool {
        let catalog = Catalog::built_in().unwrap();
        filter.admits(&catalog, catalog.find(name).unwrap())
    }

    fn usd(text: &str) -> Option<Usd> {
        Some(Usd::parse(text).unwrap())
    }

    #[test]
    fn a_limit_includes_what_is_exactly_at_it() {
        // 2.50 and 10 USD per million tokens, 128,000 tokens of context.
        let limits = |input, output, min_context| Filter {
            max_input_price: usd(input),
            max_output_price: usd(output),
            min_context,
            ..Filter::default()
        };
        for (name, filter, expected) in [
            ("at all of them", limits("2.5", "10", 128_000), true),
            ("input too dear", limits("2.499999999999", "10", 0), false),
            ("output too dear", limits("2.5", "9.999999999999", 0), false),
            ("context too small", limits("2.5", "10", 128_001), false),
        ] {
            assert_eq!(admits("gpt-4o", &filter), expected, "{name}");
        }
    }

    #[test]
    fn what_is_unknown_satisfies_nothing() {
        // Its input is billed by the second of video.
        let model = "twelvelabs.pegasus-1-2-v1:0";
        let input = Filter {
            max_input_price: usd("1000000"),
            ..Filter::default()
        };
        assert!(admits(model, &Filter::default()));
        assert!(!admits(model, &input));
        let context = Filter {
            min_context: 1,
            ..Filter::default()
        };
        let catalog = Catalog::built_in().unwrap();
        let mut windowless = catalog
            .models()
            .iter()
            .filter(|model| model.facts.max_input_tokens.is_none())
            .peekable();
        assert!(windowless.peek().is_some());
        assert!(windowless.all(|model| !context.admits(&catalog, model)));
    }

    #[test]
    fn every_capability_named_must_be_there() {
        let supports = |capabilities: &[Capability]| Filter {
            supports: capabilities.to_vec(),
            ..Filter::default()
        };
        use Capability::*;
        assert!(admits("gpt-4o", &supports(&[Vision])));
        assert!(admits("gpt-4o", &supports(&[Vision, FunctionCalling])));
        assert!(!admits("gpt-4o", &supports(&[Vision, VideoInput])));
    }

    #[test]
    fn a_search_looks_for_a_part_in_any_case() {
        for (text, part, expected) in [
            ("openai/gpt-4o", "GPT", true),
            ("openai/gpt-4o", "4o", true),
            ("openai/gpt-4o", "openai/gpt-4o", true),
            ("openai/gpt-4o", "openai/gpt-4o-mini", false),
            ("openai/gpt-4o", "gtp", false),
            ("", "x", false),
            ("", "", true),
        ] {
            assert_eq!(contains_folded(text, part), expected, "{part} in {text}");
        }
    }
}
