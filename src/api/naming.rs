//! Which model a request means, and what to say when it means none.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::book::Book;
use super::error::{Fault, Place, Problem};
use super::fields::Fields;
use super::given::shortened;
use crate::catalog::{Catalog, Model, ProviderId, Resolved, Unresolved, Unusable};
use crate::money::Usd;

/// How many names an unknown one may have been.
pub const SUGGESTIONS_MAX: usize = 5;

/// What a request says of its names besides the names. By default any provider, and approximations with
/// a warning.
#[derive(Clone, Copy, Debug, Default)]
pub struct Naming {
    /// Only models of this provider are meant.
    provider: Option<ProviderId>,
    /// No approximation is to be priced.
    strict: bool,
}

/// A name that leads to no one model, and what to do about it.
#[derive(Debug)]
pub enum Misnomer {
    /// The text cannot be a name.
    Unusable { name: String, why: Unusable },
    /// No model has the name.
    Unknown {
        name: String,
        /// The id of the model that it would have been, had approximations been welcome.
        approximately: Option<String>,
        /// Names that exist, the likest first.
        suggestions: Vec<String>,
    },
    /// Several models have the name, and not the same prices.
    Ambiguous {
        name: String,
        /// How many models have it; the candidates are the first of them.
        total: usize,
        candidates: Vec<Candidate>,
    },
}

/// A model that an ambiguous name may mean.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Candidate {
    /// The id, which is a name of this model only.
    model: String,
    provider: String,
    /// USD; null where the price is not known.
    input_cost_per_1m_tokens: Option<Usd>,
    output_cost_per_1m_tokens: Option<Usd>,
}

impl Naming {
    /// Any provider, no approximation.
    pub const STRICT: Naming = Naming {
        provider: None,
        strict: true,
    };

    /// Takes `provider` and `strict` from the fields of a request; both may be absent or null.
    pub fn read(fields: &mut Fields, book: &Book) -> Naming {
        Naming {
            provider: provider(fields, book),
            strict: fields.flag("strict"),
        }
    }

    /// The model a name means. A name that means none comes with so many suggestions at most.
    ///
    /// # Errors
    /// When it means none, or more than one.
    pub fn resolve<'a>(
        &self,
        catalog: &'a Catalog,
        name: &str,
        suggestions_max: usize,
    ) -> Result<Resolved<'a>, Misnomer> {
        catalog
            .resolve(name, self.provider, self.strict)
            .map_err(|unresolved| self.misnomer(catalog, name, unresolved, suggestions_max))
    }

    fn misnomer(
        &self,
        catalog: &Catalog,
        name: &str,
        unresolved: Unresolved,
        suggestions_max: usize,
    ) -> Misnomer {
        let shown = shortened(name).into_owned();
        match unresolved {
            Unresolved::Unusable(why) => Misnomer::Unusable { name: shown, why },
            Unresolved::Ambiguous { candidates, total } => Misnomer::Ambiguous {
                name: shown,
                total,
                candidates: candidates
                    .into_iter()
                    .map(|model| Candidate::of(catalog, model))
                    .collect(),
            },
            Unresolved::Unknown { refused } => Misnomer::Unknown {
                name: shown,
                approximately: refused.map(|refused| refused.model.id.to_string()),
                suggestions: catalog
                    .closest(name, self.provider, suggestions_max)
                    .into_iter()
                    .map(str::to_owned)
                    .collect(),
            },
        }
    }
}

/// Takes `provider` from the fields of a request; one that does not exist is a mistake there.
pub fn provider(fields: &mut Fields, book: &Book) -> Option<ProviderId> {
    fields.parsed(
        "provider",
        |text| book.catalog.provider_named(text),
        "Input should be a provider that GET /models lists, by name or slug",
    )
}

/// What to warn of when a name was only approximately understood.
pub fn warning(name: &str, resolved: &Resolved) -> Option<String> {
    let caution = resolved.by.caution()?;
    Some(format!(
        "'{}' is priced as {}: {caution}",
        shortened(name),
        resolved.model.id
    ))
}

impl Candidate {
    /// Its id.
    pub fn model(&self) -> &str {
        &self.model
    }

    fn of(catalog: &Catalog, model: &Model) -> Candidate {
        Candidate {
            model: model.id.to_string(),
            provider: catalog.provider(model.provider).name.to_string(),
            input_cost_per_1m_tokens: model.input_rate().map(|rate| rate.per_million()),
            output_cost_per_1m_tokens: model.output_rate().map(|rate| rate.per_million()),
        }
    }
}

impl Misnomer {
    /// The fault of a request whose only name this is, in that field of its body or path.
    pub fn into_fault(self, place: &str, field: &str) -> Fault {
        match self {
            Misnomer::Unusable { name, why } => Fault::Invalid(vec![Problem::new(
                match why {
                    Unusable::Empty => "string_too_short",
                    Unusable::TooLong => "string_too_long",
                    Unusable::ControlCharacters => "string_pattern_mismatch",
                },
                vec![Place::from(place), Place::from(field)],
                why.to_string(),
                Value::from(name),
            )]),
            other => Fault::Misnomer(other),
        }
    }

    /// What a row of a batch says of the name; names and prices stand in fields beside it.
    pub fn brief(&self) -> String {
        match self {
            Misnomer::Unusable { why, .. } => why.to_string(),
            Misnomer::Unknown { name, .. } => format!("Model '{name}' not found"),
            Misnomer::Ambiguous { name, total, .. } => format!(
                "Model '{name}' is ambiguous: {total} models have this name, at different prices"
            ),
        }
    }

    pub fn suggestions(&self) -> Option<&[String]> {
        match self {
            Misnomer::Unknown { suggestions, .. } => Some(suggestions),
            _ => None,
        }
    }

    pub fn candidates(&self) -> Option<&[Candidate]> {
        match self {
            Misnomer::Ambiguous { candidates, .. } => Some(candidates),
            _ => None,
        }
    }
}

/// What is wrong and what to do.
impl fmt::Display for Misnomer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.brief())?;
        match self {
            Misnomer::Unusable { .. } => Ok(()),
            Misnomer::Ambiguous { .. } => {
                f.write_str("; send a provider, or the id of one of them")
            }
            Misnomer::Unknown {
                name,
                approximately,
                suggestions,
            } => {
                if let Some(id) = approximately {
                    write!(f, "; only approximately it is {id}")?;
                }
                if name.to_ascii_lowercase().starts_with("azure/") {
                    f.write_str("; deployments have names of their own, send the base model")?;
                }
                if suggestions.is_empty() {
                    f.write_str("; GET /models lists all names")
                } else {
                    write!(f, "; closest: {}", suggestions.join(", "))
                }
            }
        }
    }
}
