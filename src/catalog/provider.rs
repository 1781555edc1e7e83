//! Who sells a model, and the names clients call them by.

/// One seller of models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Lower-case identifier, the first part of every model id: `together_ai`.
    pub slug: Box<str>,
    /// For people: `Together AI`.
    pub name: Box<str>,
    /// Other names clients use.
    pub aliases: Box<[Box<str>]>,
}

/// A provider's place in its catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProviderId(pub(super) u16);

impl Provider {
    /// What a slug consists of, for messages.
    pub(super) const SLUG: &str = "lower-case letters, digits, _ and -";

    pub(super) fn is_slug(text: &str) -> bool {
        let is_of_slug = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
        !text.is_empty() && text.bytes().all(is_of_slug)
    }

    /// The names in the form in which they are compared.
    pub(super) fn folded_names(&self) -> impl Iterator<Item = String> + '_ {
        let names = [&self.slug, &self.name].into_iter().chain(&self.aliases);
        names.map(|name| folded(name))
    }
}

/// A provider's name as it is compared: case, spaces and punctuation do not matter, `x-ai` is `xAI`.
pub(super) fn folded(text: &str) -> String {
    text.chars()
        .filter(|char| char.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// A display name for a provider nobody has named: the slug in title case.
pub(super) fn title_case(slug: &str) -> String {
    let mut title = String::with_capacity(slug.len());
    for word in slug.split(['_', '-', ' ']).filter(|word| !word.is_empty()) {
        if !title.is_empty() {
            title.push(' ');
        }
        let mut chars = word.chars();
        title.extend(chars.next().into_iter().flat_map(char::to_uppercase));
        title.push_str(chars.as_str());
    }
    title
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_answers_to_its_names_in_any_spelling() {
        let mistral = Provider {
            slug: "mistral".into(),
            name: "Mistral AI".into(),
            aliases: Box::new(["la plateforme".into()]),
        };
        let is_named = |text: &str| mistral.folded_names().any(|name| name == folded(text));
        for text in [
            "mistral",
            "Mistral AI",
            "mistralai",
            "MISTRAL-AI",
            "La_Plateforme",
        ] {
            assert!(is_named(text), "{text}");
        }
        for text in ["", "mistrals", "mis", "AI"] {
            assert!(!is_named(text), "{text}");
        }
    }

    #[test]
    fn an_unnamed_provider_is_called_by_its_slug_in_title_case() {
        assert_eq!(title_case("clf_ai_gateway"), "Clf Ai Gateway");
        assert_eq!(title_case("scx-ai"), "Scx Ai");
    }
}
