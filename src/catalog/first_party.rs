//! The makers of models who sell them under their own name, and what `-latest` means at each.

use super::model::Model;

/// A maker who sells its own models.
#[derive(Debug)]
struct FirstParty {
    slug: &'static str,
    /// How the names of its own models begin. It may sell those of others too, as Perplexity sells Llama.
    makes: &'static [&'static str],
    latest: Latest,
}

/// What a maker's names that end in `-latest` are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Latest {
    /// Another spelling of the name without it.
    Alias,
    /// The newest of a line. The name without it, where there is one, may be an older model.
    Newest,
    /// Models of their own: `gpt-5-chat-latest` is not `gpt-5-chat` by rule, nor would a `gpt-4o-latest` be
    /// `gpt-4o`.
    OwnModel,
}

use Latest::{Alias, Newest, OwnModel};

/// Who is preferred for a bare name that several providers sell at different prices: its maker. Alibaba is
/// left out, since it sells its models through three services at prices of their own.
const FIRST_PARTIES: [FirstParty; 15] = [
    maker("ai21", &["jamba", "j2-"], OwnModel),
    // Every Claude has an undated name, which is its newest snapshot.
    maker("anthropic", &["claude"], Alias),
    maker("cohere", &["command", "embed-", "rerank"], OwnModel),
    maker("deepseek", &["deepseek"], OwnModel),
    // `gemini-pro` was Gemini 1.0, `gemini-pro-latest` is not.
    maker("gemini", &["gemini", "gemma", "learnlm"], OwnModel),
    maker("jina_ai", &["jina"], OwnModel),
    maker("meta", &["muse"], OwnModel),
    maker("minimax", &["minimax"], OwnModel),
    // `mistral-small` and `mistral-small-latest` have different prices.
    maker(
        "mistral",
        &[
            "mistral",
            "ministral",
            "magistral",
            "codestral",
            "devstral",
            "pixtral",
            "voxtral",
            "open-mi",
        ],
        Newest,
    ),
    maker("moonshot", &["kimi", "moonshot"], OwnModel),
    maker(
        "openai",
        &["gpt", "chatgpt", "o1", "o3", "o4", "text-"],
        OwnModel,
    ),
    maker("perplexity", &["sonar", "pplx"], OwnModel),
    // All six names that the catalogue has in both spellings have one price.
    maker("xai", &["grok"], Alias),
    maker("xiaomi_mimo", &["mimo"], OwnModel),
    maker("zai", &["glm"], OwnModel),
];

const fn maker(slug: &'static str, makes: &'static [&'static str], latest: Latest) -> FirstParty {
    FirstParty {
        slug,
        makes,
        latest,
    }
}

/// Whether this is the very key `<maker>/<name>` of the maker of the model. A free listing is not: beside
/// sellers who charge, its zero would be the wrong answer to most who ask.
pub(super) fn sells(slug: &str, model: &Model) -> bool {
    of(slug).is_some_and(|party| {
        let is_its_own = party.makes.iter().any(|start| {
            model
                .name
                .get(..start.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(start))
        });
        let is_plain = model.keys.iter().any(|key| {
            key.split_once('/')
                .is_some_and(|(head, rest)| head == slug && *rest == *model.name)
        });
        is_its_own && is_plain && !model.is_free_listing()
    })
}

/// What `-latest` means at this provider; at one who sells the models of others, nothing is known of it.
pub(super) fn latest(slug: &str) -> Latest {
    of(slug).map_or(OwnModel, |party| party.latest)
}

fn of(slug: &str) -> Option<&'static FirstParty> {
    FIRST_PARTIES.iter().find(|party| party.slug == slug)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    #[test]
    fn every_maker_sells_a_model_of_each_line_it_makes() {
        let catalog = Catalog::built_in().unwrap();
        for party in &FIRST_PARTIES {
            let provider = catalog.provider_named(party.slug).expect(party.slug);
            for line in party.makes {
                assert!(
                    catalog
                        .models()
                        .iter()
                        .any(|model| model.provider == provider
                            && model.name.to_ascii_lowercase().starts_with(line)),
                    "{} {line}",
                    party.slug
                );
            }
        }
    }

    #[test]
    fn where_latest_is_an_alias_both_spellings_have_one_price() {
        let catalog = Catalog::built_in().unwrap();
        let mut pairs = 0;
        for model in catalog.models() {
            let slug = &catalog.provider(model.provider).slug;
            let undated = model.id.strip_suffix("-latest");
            if let (Alias, Some(undated)) = (latest(slug), undated.and_then(|id| catalog.find(id)))
            {
                assert_eq!(undated.facts.prices, model.facts.prices, "{}", model.id);
                pairs += 1;
            }
        }
        assert_eq!(pairs, 6);
    }
}
