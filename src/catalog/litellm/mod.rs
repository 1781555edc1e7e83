//! From LiteLLM's public price map to a catalogue.
//!
//! The map is `model_prices_and_context_window.json` of <https://github.com/BerriAI/litellm> (MIT). What its
//! fields mean is in `fields.rs`, who is kept in `billing.rs`, and what is odd in `faults.rs`.
//! The same text always gives the same catalogue.

mod billing;
mod corrections;
mod entry;
mod faults;
mod fields;
mod identity;
mod report;
mod twins;

use std::collections::HashMap;

use time::Date;

pub use billing::LeftOut;
pub use faults::{Fault, Faults};
pub use report::{Import, Note, Report};

use super::intern::Interner;
use super::json::Object;
use super::model::ListedName;
use super::prices::{Prices, RarePrices};
use super::problem::Inspection;
use super::{
    Catalog, Facts, Header, Model, Origin, Problem, Provider, Unusable, V1Listing, digest, v1,
};
use billing::{DearRates, left_out};
use corrections::Corrections;
use identity::Providers;
use twins::{Candidate, Named};

/// Keys of the map that document it.
const NOT_MODELS: [&str; 2] = ["sample_spec", "fallback_generalizations"];

/// What the map does not say of itself.
#[derive(Clone, Debug)]
pub struct Options {
    /// The day the map was fetched.
    pub date: Date,
    /// The map's name, release and licence, in words.
    pub source: String,
}

/// Makes a catalogue of the map's text. Its version is the date and the start of the text's digest.
///
/// # Errors
/// Every entry that cannot be read, and every price field that is not known; see [`Problem`].
pub fn import(text: &str, options: Options) -> Result<Import, Vec<Problem>> {
    let mut inspection = Inspection::default();
    inspection.enter(None, "tables of the importer");
    let tables = Providers::table().and_then(|providers| Ok((providers, Guards::table()?)));
    let tables = inspection.accept(
        "table",
        "providers, dear rates, corrections",
        tables,
        "the form of the rows beside it",
    );
    let v1_models = inspection.accept(
        "table",
        "v1_models.json",
        v1::models(),
        "the form of the rows beside it",
    );
    inspection.enter(None, "price map");
    let map = serde_json::from_str(text);
    let map: Option<Object> = inspection.accept("JSON", "", map, "one object of entries");
    let (Some((mut providers, guards)), Some(v1_models), Some(map)) = (tables, v1_models, map)
    else {
        return inspection.conclude(None);
    };

    let mut report = Report::default();
    let candidates = candidates(&map, &mut providers, &guards, &mut inspection, &mut report);
    if candidates.is_empty() && inspection.count() == 0 {
        inspection.enter(None, "price map");
        inspection.report(
            "there is no model",
            "at least one entry with a price per token",
        );
    }
    let (mut named, twins) = twins::name(candidates);
    report.merged_twins = twins.merged;
    report.completed_twins = twins.completed;
    report.marked_twins = twins.marked;

    let v1_listings = list_v1(
        &v1_models,
        &mut named,
        &mut providers,
        &mut inspection,
        &mut report,
    );
    report.kept = named.len();
    report
        .refused
        .sort_unstable_by(|one, two| one.key.cmp(&two.key));
    inspection.conclude(Some(()))?;

    let header = header(text, options);
    let catalog = build(header, named, v1_listings, providers)?;
    Ok(Import { catalog, report })
}

fn header(text: &str, options: Options) -> Header {
    let digest = digest(text);
    Header {
        version: format!("{}.{}", options.date, &digest[..8]),
        date: options.date,
        source: options.source,
        source_digest: digest,
    }
}

/// What is known of entries that cannot be taken as they stand.
struct Guards {
    dear_rates: DearRates,
    corrections: Corrections,
}

impl Guards {
    fn table() -> Result<Guards, String> {
        Ok(Guards {
            dear_rates: DearRates::table()?,
            corrections: Corrections::table()?,
        })
    }
}

/// The entries that are billed per token and whose prices can be right.
fn candidates(
    map: &Object,
    providers: &mut Providers,
    guards: &Guards,
    inspection: &mut Inspection,
    report: &mut Report,
) -> Vec<Candidate> {
    let mut interner = Interner::default();
    let mut candidates = Vec::new();
    if let Some(key) = map.repeated() {
        inspection.enter(None, key);
        inspection.report("the key is there twice", "each key once");
    }
    for (key, value) in &map.0 {
        inspection.enter(None, key);
        if NOT_MODELS.contains(&&**key) {
            *report.left_out.entry(LeftOut::NotAModel).or_default() += 1;
            continue;
        }
        let Some(fields) = Object::of(value) else {
            inspection.report("not an object", "an object of fields");
            continue;
        };
        if let Some(field) = fields.repeated() {
            inspection.report(format_args!("{field} is there twice"), "each field once");
            continue;
        }
        report.faults.inspect(key, &fields);
        let mut entry = entry::read(&fields, inspection, &mut interner);
        if let Some(reason) = guards.corrections.apply(key, &mut entry.facts) {
            let reason = reason.to_owned();
            let key = key.clone();
            report.corrected.push(Note { key, reason });
        }
        if let Some(reason) = left_out(&entry.facts) {
            *report.left_out.entry(reason).or_default() += 1;
            continue;
        }
        if let Some(reason) = guards.dear_rates.refusal(key, &entry.facts) {
            report.refused.push(Note {
                key: key.clone(),
                reason,
            });
            continue;
        }
        if entry.provider.is_empty() {
            inspection.report("litellm_provider is missing", "the provider's id");
            continue;
        }
        let provider = providers.resolve(&entry.provider);
        // What no catalogue file may say would be written to one and never read again.
        if !Provider::is_slug(providers.slug(provider)) {
            let wrong = format_args!("litellm_provider {:?}", entry.provider);
            inspection.report(wrong, Provider::SLUG);
            continue;
        }
        if key.trim() != key || Unusable::of(key).is_some() {
            let allowed = "a name that can be asked for, without spaces around it";
            inspection.report(format_args!("key {key:?}"), allowed);
            continue;
        }
        let parts = providers.take_apart(key, provider);
        candidates.push(Candidate {
            prefix: parts.prefix.map(str::to_owned),
            name: parts.name.to_owned(),
            key: key.clone(),
            slug: providers.slug(provider).to_owned(),
            provider,
            facts: entry.facts,
            source: entry.source,
        });
    }
    candidates
}

/// Finds v1's models among today's, and adds those that are gone. Gives the listing of each by model.
fn list_v1(
    v1_models: &[v1::V1Model],
    named: &mut Vec<Named>,
    providers: &mut Providers,
    inspection: &mut Inspection,
    report: &mut Report,
) -> HashMap<usize, V1Listing> {
    let mut by_id: HashMap<String, usize> = named
        .iter()
        .enumerate()
        .map(|(at, model)| (model.id.to_ascii_lowercase(), at))
        .collect();
    let mut listings = HashMap::new();
    for (position, model) in (0u16..).zip(v1_models) {
        inspection.enter(None, &model.name);
        let Some(provider) = providers.of_display_name(&model.provider) else {
            inspection.report(
                format_args!("v1's provider {:?}", model.provider),
                "a name of providers.json",
            );
            continue;
        };
        let slug = providers.slug(provider);
        let id = format!("{slug}/{}", model.name);
        let at = *by_id.entry(id.to_ascii_lowercase()).or_insert(named.len());
        if at == named.len() {
            named.push(retired(id, slug, provider, model));
            report.v1_retired += 1;
        } else {
            report.v1_matched += 1;
        }
        listings.insert(
            at,
            V1Listing {
                position,
                name: (*model.name).into(),
            },
        );
    }
    listings
}

fn retired(id: String, slug: &str, provider: usize, model: &v1::V1Model) -> Named {
    let facts = Facts {
        max_input_tokens: Some(model.context_window),
        prices: Prices::new(model.rates(), RarePrices::default()),
        origin: Origin::V1,
        ..Facts::default()
    };
    let candidate = Candidate {
        key: String::new(),
        prefix: None,
        name: model.name.clone(),
        slug: slug.to_owned(),
        provider,
        facts,
        source: Some(v1::SOURCE.into()),
    };
    Named {
        id,
        keys: Vec::new(),
        candidate,
    }
}

fn build(
    header: Header,
    named: Vec<Named>,
    mut v1_listings: HashMap<usize, V1Listing>,
    providers: Providers,
) -> Result<Catalog, Vec<Problem>> {
    let used: std::collections::BTreeSet<usize> =
        named.iter().map(|model| model.candidate.provider).collect();
    let (providers, ids) = providers.retain(|provider| used.contains(&provider));
    let models = named.into_iter().enumerate().filter_map(
        |(
            at,
            Named {
                id,
                keys,
                candidate,
            },
        )| {
            Some(Model {
                id: id.into(),
                name: candidate.name.into(),
                keys: keys.into_iter().map(Into::into).collect(),
                v1: v1_listings.remove(&at),
                provider: ids[candidate.provider]?,
                facts: candidate.facts,
                source: candidate.source,
                measured: None,
                listed: ListedName::Id,
            })
        },
    );
    let digest = header.source_digest.clone();
    Catalog::assemble(header, digest, providers, models.collect())
}

#[cfg(test)]
mod tests;
