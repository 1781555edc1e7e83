//! The models that can be priced, and how they are found.
//!
//! A [`Catalog`] is built once and never changes. It is read from the repository's own file ([`mod@file`]),
//! which in turn is made from LiteLLM's public price map ([`litellm`]) and the list of the v1 service
//! ([`v1`]).

pub mod capability;
pub mod file;
mod filter;
mod intern;
pub mod litellm;
mod model;
mod names;
pub mod off_peak;
pub mod prices;
mod problem;
mod provider;
pub mod rates;
mod suggest;
pub mod v1;
mod vocabulary;

use std::collections::BTreeMap;

use time::Date;

pub use filter::Filter;
pub use model::{Facts, Mode, Model, Origin, RETIRING_DAYS, Status, V1Listing};
pub use problem::Problem;
pub use provider::{Provider, ProviderId};

use model::ListedName;
use names::Names;
use problem::Inspection;
use suggest::Fingerprint;

/// The catalogue that is part of the program; `catalog import` makes it.
const BUILT_IN: &str = include_str!("data/catalog.jsonl");

/// All models with a price per token, by provider, as of one day. Immutable.
#[derive(Debug)]
pub struct Catalog {
    header: Header,
    providers: Box<[Provider]>,
    models: Box<[Model]>,
    names: Names,
    fingerprints: Box<[Fingerprint]>,
}

/// Where a catalogue comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// `<date>.<first 8 hex digits of the source digest>`.
    pub version: String,
    /// The day the prices were taken from the source.
    pub date: Date,
    /// The source, its release and licence, in words.
    pub source: String,
    /// SHA-256 of the source file, in lower-case hex.
    pub source_digest: String,
}

impl Catalog {
    /// The catalogue that is part of the program.
    ///
    /// # Errors
    /// None in a released build: a test reads the same text.
    pub fn built_in() -> Result<Catalog, Vec<Problem>> {
        file::read(BUILT_IN)
    }

    /// The header of the catalogue that is part of the program, without reading the rest.
    ///
    /// # Errors
    /// As [`Catalog::built_in`].
    pub fn built_in_header() -> Result<Header, Vec<Problem>> {
        file::read_header(BUILT_IN)
    }

    /// Puts a catalogue together from its parts, in any order of models.
    ///
    /// # Errors
    /// Every name that two providers or two models claim alike, ignoring case.
    fn assemble(
        header: Header,
        providers: Vec<Provider>,
        mut models: Vec<Model>,
    ) -> Result<Catalog, Vec<Problem>> {
        models.sort_unstable_by(|one, two| one.id.cmp(&two.id));
        let mut inspection = Inspection::default();
        inspect_providers(&mut inspection, &providers);
        let names = Names::new(&models);
        inspect_names(&mut inspection, &models, &names);
        inspection.conclude(Some(()))?;

        for at in 0..models.len() {
            let finds_it = |text: &str| names.find(&models, text) == Some(at);
            let listed = match &models[at] {
                model if model.v1.as_ref().is_some_and(|v1| finds_it(&v1.name)) => ListedName::V1,
                model if finds_it(&model.name) => ListedName::Name,
                _ => ListedName::Id,
            };
            models[at].listed = listed;
        }
        let fingerprints = models
            .iter()
            .map(|model| Fingerprint::of(model.listed_name()))
            .collect();
        Ok(Catalog {
            header,
            providers: providers.into_boxed_slice(),
            models: models.into_boxed_slice(),
            names,
            fingerprints,
        })
    }

    pub fn header(&self) -> &Header {
        &self.header
    }

    /// All providers; the importer sorts them by slug.
    pub fn providers(&self) -> &[Provider] {
        &self.providers
    }

    /// The provider of a model of this catalogue; an id of another catalogue may panic.
    pub fn provider(&self, id: ProviderId) -> &Provider {
        &self.providers[usize::from(id.0)]
    }

    /// The provider a client means by slug, display name or alias, ignoring case, spaces and punctuation.
    pub fn provider_named(&self, text: &str) -> Option<ProviderId> {
        let at = self
            .providers
            .iter()
            .position(|provider| provider.is_named(text))?;
        u16::try_from(at).ok().map(ProviderId)
    }

    /// All models, sorted by id.
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// The model a client means: a v1 name, a key of LiteLLM's map, an id, or a model name that only one
    /// model has. Surrounding spaces and ASCII case do not matter; nothing is guessed.
    pub fn find(&self, name: &str) -> Option<&Model> {
        self.names
            .find(&self.models, name.trim())
            .map(|at| &self.models[at])
    }

    /// Up to `limit` listed names that resemble one [`Catalog::find`] does not know, the likest first. To
    /// be shown, never priced.
    pub fn closest(&self, name: &str, limit: usize) -> Vec<&str> {
        let listed = self.models.iter().map(Model::listed_name);
        suggest::closest(name, limit, listed.zip(self.fingerprints.iter().copied()))
    }
}

fn inspect_providers(inspection: &mut Inspection, providers: &[Provider]) {
    let mut owners = BTreeMap::new();
    for provider in providers {
        inspection.enter(None, &provider.slug);
        for name in provider.folded_names() {
            match owners.insert(name, &provider.slug) {
                Some(owner) if *owner != provider.slug => inspection.report(
                    format_args!("has a name that {owner} has too"),
                    "names of one provider only",
                ),
                _ => {}
            }
        }
    }
}

/// Every id and every key finds its own model, unless a v1 name outranks the key.
fn inspect_names(inspection: &mut Inspection, models: &[Model], names: &Names) {
    for (at, model) in models.iter().enumerate() {
        let owner = |text: &str| {
            names
                .find(models, text)
                .filter(|found| *found != at)
                .map(|found| &models[found])
        };
        let taken_id = owner(&model.id).map(|owner| (&model.id, owner));
        let taken_keys = model.keys.iter().filter_map(|key| Some((key, owner(key)?)));
        for (text, owner) in taken_id.into_iter().chain(taken_keys) {
            let is_v1_name = owner
                .v1
                .as_ref()
                .is_some_and(|v1| v1.name.eq_ignore_ascii_case(text));
            if !is_v1_name || *text == model.id {
                inspection.enter(None, &model.id);
                inspection.report(
                    format_args!("{text:?} is a name of {} too, ignoring case", owner.id),
                    "ids and keys of one model only",
                );
            }
        }
    }
}

#[cfg(test)]
mod tests;
