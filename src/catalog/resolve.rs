//! Which model a client means, how that is known, and when it is not.
//!
//! The first hit wins (docs/API.md, How names are found):
//!
//! 1. the name as it stands: a v1 name, a key of the price map, an id, or a name behind its provider's;
//! 2. another spelling of it that is such a name;
//! 3. a bare name, that is one without a provider: the models whose names end so;
//! 4. another spelling of it that is a bare name;
//! 5. a name that only lacks, or only adds, `-latest` or a version of Bedrock's;
//! 6. an approximation, which is always flagged.
//!
//! Spellings come before bare names because resellers list `claude-sonnet-4.5`: their price is not what
//! somebody asks for who writes a name of Anthropic's with a dot. Nothing here scans the catalogue.

use std::fmt;

use super::first_party::{self, Latest};
use super::provider::ProviderId;
use super::spelling::{self, LatestSwitch};
use super::vocabulary::name_of;
use super::{Catalog, Model};

/// The longest name looked at, in bytes.
pub const NAME_BYTES_MAX: usize = 256;

/// How many candidates of an ambiguous name are named.
const CANDIDATES_MAX: usize = 50;

/// How often a name may begin with that of its provider: once, doubled by a gateway, and once more. A name
/// of nothing else would cost as many look-ups as it has of them, for every spelling.
const PREFIXES_MAX: usize = 3;

/// How a name led to its model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// It is one of the model's names.
    Exact,
    CaseInsensitive,
    /// The provider's name, in the text or beside it, and the model's name there.
    ProviderPrefix,
    /// A bare name that one model has.
    UniqueSuffix,
    /// A bare name that several models have, all at the same prices.
    UniquePrice,
    /// A bare name that several models have at different prices; the maker of the model is one of them.
    FirstParty,
    /// Another spelling of the model's name.
    Normalized,
    /// A fine-tune of the model, or of its base.
    FineTune,
    /// The undated name of a snapshot that is not known.
    DatedFallback,
    /// The base of a Bedrock model in a geography that is not known.
    RegionFallback,
    /// The undated name of a numbered revision that is not known.
    RevisionFallback,
}

impl Match {
    /// Every match with its name in replies. A revision that is not known has none of its own there.
    const NAMES: [(Match, &str); 11] = [
        (Match::Exact, "exact"),
        (Match::CaseInsensitive, "case_insensitive"),
        (Match::ProviderPrefix, "provider_prefix"),
        (Match::UniqueSuffix, "unique_suffix"),
        (Match::UniquePrice, "unique_price"),
        (Match::FirstParty, "first_party"),
        (Match::Normalized, "normalized"),
        (Match::FineTune, "fine_tune"),
        (Match::DatedFallback, "dated_fallback"),
        (Match::RegionFallback, "region_fallback"),
        (Match::RevisionFallback, "normalized"),
    ];

    pub fn name(self) -> &'static str {
        name_of(&Match::NAMES, self).unwrap_or_default()
    }

    /// Whether the price may not be that of what was asked for: to be warned of, and refused on request.
    pub fn is_approximate(self) -> bool {
        self.caution().is_some()
    }

    /// What may be wrong with an approximate match; `None` for the others.
    pub fn caution(self) -> Option<&'static str> {
        match self {
            Match::FineTune => Some("a tuned model may cost more than what it was tuned from"),
            Match::DatedFallback => Some("that dated snapshot is not in the catalogue"),
            Match::RegionFallback => Some(
                "prices in that region are not in the catalogue; these may be 10 % or more too low",
            ),
            Match::RevisionFallback => Some("that revision is not in the catalogue"),
            _ => None,
        }
    }
}

/// A name that was understood.
#[derive(Clone, Copy, Debug)]
pub struct Resolved<'a> {
    pub model: &'a Model,
    pub by: Match,
}

/// Why there is no one model.
#[derive(Clone, Debug)]
pub enum Unresolved<'a> {
    /// The text cannot be a name.
    Unusable(Unusable),
    /// Several models have the name and not the same prices. The first of them by id, and how many in all.
    Ambiguous {
        candidates: Vec<&'a Model>,
        total: usize,
    },
    /// No model has the name. Where only an approximation was refused, that.
    Unknown { refused: Option<Resolved<'a>> },
}

/// What keeps a text from being a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    Empty,
    TooLong,
    ControlCharacters,
}

impl Unusable {
    /// `None` when the text can be a name.
    pub(super) fn of(text: &str) -> Option<Unusable> {
        match text {
            "" => Some(Unusable::Empty),
            text if text.len() > NAME_BYTES_MAX => Some(Unusable::TooLong),
            text if text.chars().any(char::is_control) => Some(Unusable::ControlCharacters),
            _ => None,
        }
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unusable::Empty => f.write_str("A model name should have at least 1 character"),
            Unusable::TooLong => {
                write!(f, "A model name should have at most {NAME_BYTES_MAX} bytes")
            }
            Unusable::ControlCharacters => {
                f.write_str("A model name should have no control characters")
            }
        }
    }
}

/// What a bare name leads to, by positions of models.
enum Bare {
    Nothing,
    One(usize, Match),
    Many(Vec<usize>),
}

impl Catalog {
    /// The model a client means by this name. With a provider, only a model of that provider; when strict,
    /// no approximation. Surrounding spaces and ASCII case do not matter.
    ///
    /// # Errors
    /// [`Unresolved`]: the text cannot be a name, no model has it, or several have it at different prices.
    pub fn resolve(
        &self,
        name: &str,
        provider: Option<ProviderId>,
        strict: bool,
    ) -> Result<Resolved<'_>, Unresolved<'_>> {
        let text = name.trim();
        if let Some(unusable) = Unusable::of(text) {
            return Err(Unresolved::Unusable(unusable));
        }
        if let Some((at, by)) = self.look_up(text, provider) {
            return Ok(self.resolved(at, by));
        }
        // Every table ignores case.
        let text = text.to_ascii_lowercase();
        let groups = spelling::equals(&text);
        let spellings = || groups.iter().flatten().map(String::as_str);

        for group in &groups {
            let found = group.iter().filter_map(|text| self.look_up(text, provider));
            if let Some(found) = self.agreed(found.map(|(at, _)| at)) {
                return found;
            }
        }
        for spelling in [&*text].into_iter().chain(spellings()) {
            match self.bare(spelling, provider) {
                Bare::Nothing => {}
                Bare::One(at, by) if spelling == text => return Ok(self.resolved(at, by)),
                Bare::One(at, _) => return Ok(self.resolved(at, Match::Normalized)),
                Bare::Many(models) => return Err(self.ambiguous(&models)),
            }
        }
        for spelling in [&*text].into_iter().chain(spellings()) {
            let completed = self.with_latest_switched(spelling, provider);
            let versions = spelling::with_bedrock_version(spelling);
            let versions = versions
                .iter()
                .filter_map(|text| self.look_up(text, provider));
            if let Some(found) =
                self.agreed(completed.into_iter().chain(versions.map(|(at, _)| at)))
            {
                return found;
            }
        }
        let approximation = [&*text]
            .into_iter()
            .chain(spellings())
            .find_map(|spelling| self.approximate(spelling, provider));
        match approximation {
            Some(found) if !strict => Ok(found),
            refused => Err(Unresolved::Unknown { refused }),
        }
    }

    /// Whether the name leads to this very model without an approximation.
    pub(super) fn leads_to(&self, name: &str, at: usize) -> bool {
        match (self.names.find(&self.models, name), self.bare(name, None)) {
            (Some((found, _)), _) => found == at,
            // Another spelling may come before a bare name.
            (None, Bare::One(found, _)) if found == at => self
                .resolve(name, None, true)
                .is_ok_and(|resolved| resolved.model.id == self.models[at].id),
            _ => false,
        }
    }

    /// The model that has this name, or has it behind the name of its provider.
    fn look_up(&self, text: &str, provider: Option<ProviderId>) -> Option<(usize, Match)> {
        let is_wanted =
            |at: usize| provider.is_none_or(|wanted| self.models[at].provider == wanted);
        let found = self.names.find(&self.models, text);
        if let Some((at, by)) = found
            && is_wanted(at)
        {
            return Some((at, by));
        }
        let (head, rest) = match text.split_once('/') {
            Some((head, rest)) => (self.provider_named(head), rest),
            None => (None, text),
        };
        let provider = provider.or(head)?;
        let slug = &self.provider(provider).slug;
        let mut name = if head == Some(provider) { rest } else { text };
        // A doubled name of the provider is one too many, unless the doubled key exists.
        for _ in 0..PREFIXES_MAX {
            let found = self.names.find(&self.models, &format!("{slug}/{name}"));
            if let Some((at, _)) = found
                && self.models[at].provider == provider
            {
                return Some((at, Match::ProviderPrefix));
            }
            let (head, rest) = name.split_once('/')?;
            if self.provider_named(head) != Some(provider) {
                return None;
            }
            name = rest;
        }
        None
    }

    /// The models with this name at whatever provider. A text that begins with a provider's name is that
    /// provider's or nobody's.
    fn bare(&self, text: &str, provider: Option<ProviderId>) -> Bare {
        if text
            .split_once('/')
            .is_some_and(|(head, _)| self.provider_named(head).is_some())
        {
            return Bare::Nothing;
        }
        let mut found = self.names.sharing(&self.models, text);
        found.retain(|&at| provider.is_none_or(|wanted| self.models[at].provider == wanted));
        let Some((&first, others)) = found.split_first() else {
            return Bare::Nothing;
        };
        if others.is_empty() {
            return Bare::One(first, Match::UniqueSuffix);
        }
        let mut first_parties = found.iter().copied().filter(|&at| {
            let model = &self.models[at];
            model.name.eq_ignore_ascii_case(text)
                && first_party::sells(&self.provider(model.provider).slug, model)
        });
        let maker = match (first_parties.next(), first_parties.next()) {
            (Some(maker), None) => Some(maker),
            _ => None,
        };
        let prices = |at: usize| &self.models[at].facts.prices;
        if others.iter().all(|&other| prices(other) == prices(first)) {
            return Bare::One(maker.unwrap_or(first), Match::UniquePrice);
        }
        match maker {
            Some(maker) => Bare::One(maker, Match::FirstParty),
            None => Bare::Many(found),
        }
    }

    /// The model that `-latest` put on or taken off leads to, at a maker where that is the same model.
    fn with_latest_switched(&self, text: &str, provider: Option<ProviderId>) -> Option<usize> {
        let switched = spelling::with_or_without_latest(text);
        let (LatestSwitch::Off(name) | LatestSwitch::On(name)) = &switched;
        let at = match (self.look_up(name, provider), self.bare(name, provider)) {
            (Some((at, _)), _) | (None, Bare::One(at, _)) => at,
            _ => return None,
        };
        let latest = first_party::latest(&self.provider(self.models[at].provider).slug);
        let is_same = match switched {
            LatestSwitch::Off(_) => latest == Latest::Alias,
            LatestSwitch::On(_) => latest != Latest::OwnModel,
        };
        is_same.then_some(at)
    }

    /// The model nearest to what is asked for, by the few rules that allow one at all.
    fn approximate(&self, text: &str, provider: Option<ProviderId>) -> Option<Resolved<'_>> {
        let rules = [
            (Match::FineTune, spelling::fine_tune_bases(text)),
            (
                Match::DatedFallback,
                Vec::from_iter(spelling::undated(text)),
            ),
            (
                Match::RegionFallback,
                Vec::from_iter(spelling::without_geography(text)),
            ),
            (
                Match::RevisionFallback,
                Vec::from_iter(spelling::without_revision(text)),
            ),
        ];
        rules.into_iter().find_map(|(by, bases)| {
            let at = bases.iter().find_map(|base| {
                let found = self.look_up(base, provider).map(|(at, _)| at);
                found.or_else(|| match self.bare(base, provider) {
                    Bare::One(at, Match::FirstParty) => Some(at),
                    _ => None,
                })
            })?;
            Some(self.resolved(at, by))
        })
    }

    /// The one model that several spellings lead to; `None` if they lead nowhere.
    fn agreed(
        &self,
        found: impl Iterator<Item = usize>,
    ) -> Option<Result<Resolved<'_>, Unresolved<'_>>> {
        let mut found: Vec<usize> = found.collect();
        found.sort_unstable();
        found.dedup();
        match *found {
            [] => None,
            [at] => Some(Ok(self.resolved(at, Match::Normalized))),
            _ => Some(Err(self.ambiguous(&found))),
        }
    }

    fn resolved(&self, at: usize, by: Match) -> Resolved<'_> {
        Resolved {
            model: &self.models[at],
            by,
        }
    }

    fn ambiguous(&self, models: &[usize]) -> Unresolved<'_> {
        let candidates = models.iter().take(CANDIDATES_MAX);
        Unresolved::Ambiguous {
            candidates: candidates.map(|&at| &self.models[at]).collect(),
            total: models.len(),
        }
    }
}

#[cfg(test)]
mod tests;
