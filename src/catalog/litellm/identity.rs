//! Whose model an entry is, and what it is called there.

use serde::Deserialize;

use crate::catalog::provider::title_case;
use crate::catalog::{Provider, ProviderId};

/// The providers known by name, and those met on the way.
pub(super) struct Providers(Vec<Known>);

/// A row of `data/providers.json`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    slug: String,
    name: String,
    /// LiteLLM's ids for the same provider besides the slug; `vertex_ai*` stands for all that begin so.
    #[serde(default)]
    litellm: Vec<String>,
    #[serde(default)]
    aliases: Vec<String>,
}

/// A key taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct KeyParts<'a> {
    /// The provider's own segment at the head of the key, if it has one.
    pub prefix: Option<&'a str>,
    /// What the provider's own API calls the model.
    pub name: &'a str,
}

impl Providers {
    /// The table that comes with the program.
    ///
    /// # Errors
    /// None in a released build: the tests read the same text.
    pub fn table() -> Result<Providers, String> {
        serde_json::from_str(include_str!("../data/providers.json"))
            .map(Providers)
            .map_err(|why| why.to_string())
    }

    /// The provider that LiteLLM calls by this id. One that is not in the table is entered under its id.
    pub fn resolve(&mut self, litellm_id: &str) -> usize {
        let known = |provider: &Known| {
            provider.slug == litellm_id
                || provider
                    .litellm
                    .iter()
                    .any(|id| match id.strip_suffix('*') {
                        Some(stem) => litellm_id.starts_with(stem),
                        None => id == litellm_id,
                    })
        };
        self.0.iter().position(known).unwrap_or_else(|| {
            self.0.push(Known {
                slug: litellm_id.to_owned(),
                name: title_case(litellm_id),
                litellm: Vec::new(),
                aliases: Vec::new(),
            });
            self.0.len() - 1
        })
    }

    /// The provider of this display name.
    pub fn of_display_name(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|provider| provider.name == name)
    }

    pub fn slug(&self, provider: usize) -> &str {
        &self.0[provider].slug
    }

    /// Takes the provider's segment off a key: `azure/eu/gpt-5` is `eu/gpt-5`. Only one is taken, since
    /// `perplexity/perplexity/sonar` is another model than `perplexity/sonar`.
    pub fn take_apart<'a>(&self, key: &'a str, provider: usize) -> KeyParts<'a> {
        match key.split_once('/') {
            Some((head, name)) if !name.is_empty() && self.0[provider].owns_prefix(head) => {
                KeyParts {
                    prefix: Some(head),
                    name,
                }
            }
            _ => KeyParts {
                prefix: None,
                name: key,
            },
        }
    }

    /// The providers for which `used` holds, sorted by slug, and where each went.
    pub fn retain(self, used: impl Fn(usize) -> bool) -> (Vec<Provider>, Vec<Option<ProviderId>>) {
        let mut kept: Vec<(usize, Known)> = self
            .0
            .into_iter()
            .enumerate()
            .filter(|(at, _)| used(*at))
            .collect();
        kept.sort_unstable_by(|(_, one), (_, two)| one.slug.cmp(&two.slug));
        let mut ids = vec![None; kept.iter().map(|(at, _)| at + 1).max().unwrap_or(0)];
        for (id, (at, _)) in (0..=u16::MAX).zip(&kept) {
            ids[*at] = Some(ProviderId(id));
        }
        let providers = kept.into_iter().map(|(_, known)| Provider {
            slug: known.slug.into(),
            name: known.name.into(),
            aliases: known.aliases.into_iter().map(Into::into).collect(),
        });
        (providers.collect(), ids)
    }
}

impl Known {
    fn owns_prefix(&self, segment: &str) -> bool {
        self.slug == segment
            || self
                .aliases
                .iter()
                .chain(&self.litellm)
                .any(|name| name == segment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_of_a_provider_are_one_and_strangers_keep_their_id() {
        let mut providers = Providers::table().unwrap();
        for (litellm_id, slug) in [
            ("vertex_ai-anthropic_models", "vertex_ai"),
            ("bedrock_converse", "bedrock"),
            ("bedrock_mantle", "bedrock_mantle"),
            ("fireworks_ai-embedding-models", "fireworks_ai"),
            ("text-completion-openai", "openai"),
            ("azure_text", "azure"),
            ("brand_new", "brand_new"),
        ] {
            let provider = providers.resolve(litellm_id);
            assert_eq!(providers.slug(provider), slug, "{litellm_id}");
        }
    }

    #[test]
    fn only_the_first_segment_and_only_the_providers_own_is_taken_off() {
        let mut providers = Providers::table().unwrap();
        for (litellm_id, key, name) in [
            ("azure", "azure/eu/gpt-5", "eu/gpt-5"),
            (
                "perplexity",
                "perplexity/perplexity/sonar",
                "perplexity/sonar",
            ),
            ("amazon_nova", "amazon-nova/nova-lite-v1", "nova-lite-v1"),
            (
                "bedrock",
                "bedrock/us-east-1/meta.llama3",
                "us-east-1/meta.llama3",
            ),
            ("groq", "groq/openai/gpt-oss-120b", "openai/gpt-oss-120b"),
            ("openai", "gpt-4o", "gpt-4o"),
            ("together_ai", "mistralai/Mixtral", "mistralai/Mixtral"),
        ] {
            let provider = providers.resolve(litellm_id);
            assert_eq!(providers.take_apart(key, provider).name, name, "{key}");
        }
    }
}
