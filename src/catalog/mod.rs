//! The models that can be priced, and how they are found.
//!
//! A [`Catalog`] is built once and never changes. It is read from the repository's own file ([`mod@file`]),
//! which in turn is made from LiteLLM's public price map ([`litellm`]) and the list of the v1 service
//! ([`v1`]). What one operator knows better than the publishers comes on top ([`overrides`]); [`Format`]
//! tells the three kinds of file apart.

pub mod capability;
mod diff;
mod digest;
pub mod file;
mod filter;
mod first_party;
mod format;
mod intern;
mod json;
pub mod litellm;
mod measured;
mod model;
mod names;
pub mod off_peak;
pub mod overrides;
pub mod prices;
mod problem;
mod provider;
pub mod rates;
mod resolve;
mod spelling;
mod suggest;
pub mod v1;
mod vocabulary;

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read};

use flate2::read::GzDecoder;
use time::Date;

pub use diff::Diff;
pub use digest::digest;
pub use filter::Filter;
pub use format::Format;
pub use measured::{Measured, Measurement};
pub use model::{Facts, Mode, Model, Origin, RETIRING_DAYS, Status, V1Listing};
pub use problem::Problem;
pub use provider::{Provider, ProviderId};
pub use resolve::{Match, NAME_BYTES_MAX, Resolved, Unresolved, Unusable};

use model::ListedName;
use names::Names;
use problem::Inspection;
use suggest::Traits;

/// `data/catalog.jsonl`, which `catalog import` makes, as `build.rs` has compressed it.
const BUILT_IN: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/catalog.jsonl.gz"));

/// All models with a price per token, by provider, as of one day. Immutable.
#[derive(Debug)]
pub struct Catalog {
    header: Header,
    digest: String,
    providers: Box<[Provider]>,
    provider_names: HashMap<String, ProviderId>,
    models: Box<[Model]>,
    names: Names,
    /// Of each model's listed name.
    traits: Box<[Traits]>,
}

/// Where a catalogue comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// `<date>.<first 8 hex digits of the source digest>`, with overrides `+<first 8 of theirs>`.
    pub version: String,
    /// The day the prices were taken from the source.
    pub date: Date,
    /// The source, its release and licence, in words.
    pub source: String,
    /// SHA-256 of the source file, in lower-case hex.
    pub source_digest: String,
}

/// For a damaged program, which no test lets out.
fn unreadable(cause: io::Error) -> Vec<Problem> {
    vec![Problem {
        line: None,
        entry: "header".into(),
        wrong: format!("the built-in catalogue cannot be unpacked: {cause}"),
        allowed: "the program as it was built".into(),
    }]
}

impl Catalog {
    /// The catalogue that is part of the program.
    ///
    /// # Errors
    /// None in a released build: a test reads the same text.
    pub fn built_in() -> Result<Catalog, Vec<Problem>> {
        let mut text = String::new();
        GzDecoder::new(BUILT_IN)
            .read_to_string(&mut text)
            .map_err(unreadable)?;
        file::read(&text)
    }

    /// The header of the catalogue that is part of the program, without reading the rest.
    ///
    /// # Errors
    /// As [`Catalog::built_in`].
    pub fn built_in_header() -> Result<Header, Vec<Problem>> {
        let mut line = String::new();
        BufReader::new(GzDecoder::new(BUILT_IN))
            .read_line(&mut line)
            .map_err(unreadable)?;
        file::read_header(&line)
    }

    /// Puts a catalogue together from its parts, in any order of models, and the digest of what they were
    /// read from.
    ///
    /// # Errors
    /// Every name that two providers or two models claim alike, ignoring case.
    fn assemble(
        header: Header,
        digest: String,
        providers: Vec<Provider>,
        mut models: Vec<Model>,
    ) -> Result<Catalog, Vec<Problem>> {
        models.sort_unstable_by(|one, two| one.id.cmp(&two.id));
        let mut inspection = Inspection::default();
        let provider_names = name_providers(&mut inspection, &providers);
        let names = Names::new(&models, &providers);
        inspect_names(&mut inspection, &models, &names);
        inspection.conclude(Some(()))?;

        let mut catalog = Catalog {
            header,
            digest,
            providers: providers.into_boxed_slice(),
            provider_names,
            models: models.into_boxed_slice(),
            names,
            traits: Box::default(),
        };
        for at in 0..catalog.models.len() {
            catalog.models[at].listed = catalog.listed(at);
        }
        catalog.traits = catalog
            .models
            .iter()
            .map(|model| Traits::of(model.listed_name()))
            .collect();
        Ok(catalog)
    }

    /// The shortest name that leads to this very model.
    fn listed(&self, at: usize) -> ListedName {
        let model = &self.models[at];
        match &model.v1 {
            Some(v1) if self.leads_to(&v1.name, at) => ListedName::V1,
            _ if self.leads_to(&model.name, at) => ListedName::Name,
            _ => ListedName::Id,
        }
    }

    pub fn header(&self) -> &Header {
        &self.header
    }

    /// What two catalogues have in common only when they say the same. A header says what it was written
    /// to say: whoever edits a catalogue by hand need not touch it.
    pub fn digest(&self) -> &str {
        &self.digest
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
        self.provider_names.get(&provider::folded(text)).copied()
    }

    /// All models, sorted by id.
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// The model to which this name belongs: a v1 name, a key of LiteLLM's map, or an id. Surrounding spaces
    /// and ASCII case do not matter; nothing is inferred, as [`Catalog::resolve`] does.
    pub fn find(&self, name: &str) -> Option<&Model> {
        self.names
            .find(&self.models, name.trim())
            .map(|(at, _)| &self.models[at])
    }

    /// Up to `limit` listed names, of one provider or all, that resemble one [`Catalog::resolve`] does not
    /// know, the likest first. To be shown, never priced.
    pub fn closest(&self, name: &str, provider: Option<ProviderId>, limit: usize) -> Vec<&str> {
        if limit == 0 {
            return Vec::new();
        }
        let wanted = self
            .models
            .iter()
            .zip(&self.traits)
            .filter(|(model, _)| provider.is_none_or(|provider| model.provider == provider));
        let listed = wanted.map(|(model, traits)| (model.listed_name(), *traits));
        suggest::closest(name, limit, listed)
    }
}

/// The providers by all their names, in the form in which they are compared.
fn name_providers(
    inspection: &mut Inspection,
    providers: &[Provider],
) -> HashMap<String, ProviderId> {
    let mut owners = HashMap::new();
    for (id, provider) in (0..=u16::MAX).map(ProviderId).zip(providers) {
        inspection.enter(None, &provider.slug);
        for name in provider.folded_names() {
            let owner = *owners.entry(name).or_insert(id);
            if owner != id {
                let owner = &providers[usize::from(owner.0)].slug;
                inspection.report(
                    format_args!("has a name that {owner} has too"),
                    "names of one provider only",
                );
            }
        }
    }
    owners
}

/// Every id and every key finds its own model, unless a v1 name outranks the key.
fn inspect_names(inspection: &mut Inspection, models: &[Model], names: &Names) {
    for (at, model) in models.iter().enumerate() {
        let owner = |text: &str| {
            names
                .find(models, text)
                .filter(|(found, _)| *found != at)
                .map(|(found, _)| &models[found])
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
