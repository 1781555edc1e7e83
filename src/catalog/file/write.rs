//! From a catalogue to the text of its file.

use super::record::{
    FreeSearchesRecord, HeaderLine, Members, ModelLine, OffPeakRecord, ProviderLine,
    SearchCostRecord, StepRecord, Text, V1Record, WindowRecord,
};
use super::{FORMAT, FORMAT_VERSION, ORIGIN_V1, PER_QUERY, UNIT};
use crate::catalog::capability::Known;
use crate::catalog::off_peak::OffPeak;
use crate::catalog::prices::{RarePrices, SearchBilling};
use crate::catalog::rates::Rates;
use crate::catalog::{Catalog, Mode, Model, Origin};

/// The text of a catalogue: header, providers, models, one JSON object a line.
///
/// # Errors
/// Only what `serde_json` may report; plain texts and numbers give it no reason to.
pub fn write(catalog: &Catalog) -> serde_json::Result<String> {
    let header = catalog.header();
    let mut lines = vec![serde_json::to_string(&HeaderLine {
        format: FORMAT.into(),
        format_version: FORMAT_VERSION,
        version: (&*header.version).into(),
        date: header.date.to_string().into(),
        source: (&*header.source).into(),
        source_digest: (&*header.source_digest).into(),
        unit: UNIT.into(),
        providers: catalog.providers().len(),
        models: catalog.models().len(),
    })?];
    for provider in catalog.providers() {
        lines.push(serde_json::to_string(&ProviderLine {
            slug: (&*provider.slug).into(),
            name: (&*provider.name).into(),
            aliases: texts(&provider.aliases),
        })?);
    }
    for model in catalog.models() {
        lines.push(serde_json::to_string(&model_line(model))?);
    }
    lines.push(String::new());
    Ok(lines.join("\n"))
}

fn model_line(model: &Model) -> ModelLine<'_> {
    let facts = &model.facts;
    let line = ModelLine {
        id: (&*model.id).into(),
        name: (&*model.name).into(),
        keys: texts(&model.keys),
        v1: model.v1.as_ref().map(|v1| V1Record {
            position: v1.position,
            name: (&*v1.name).into(),
        }),
        origin: (facts.origin == Origin::V1).then(|| ORIGIN_V1.into()),
        mode: facts.mode.map(Mode::name).map(Text::from),
        max_input_tokens: facts.max_input_tokens,
        max_output_tokens: facts.max_output_tokens,
        output_vector_size: facts.output_vector_size,
        deprecation_date: facts.deprecation_date.map(|date| date.to_string().into()),
        rates: rates(&facts.prices.rates),
        can: facts
            .capabilities
            .names(Known::Yes)
            .map(Text::from)
            .collect(),
        cannot: facts
            .capabilities
            .names(Known::No)
            .map(Text::from)
            .collect(),
        source: model.source.as_deref().map(Text::from),
        ..ModelLine::default()
    };
    match &facts.prices.rare {
        Some(rare) => with_rare_prices(line, rare),
        None => line,
    }
}

fn with_rare_prices<'a>(line: ModelLine<'a>, rare: &'a RarePrices) -> ModelLine<'a> {
    let search = &rare.search;
    ModelLine {
        steps: rare
            .steps
            .iter()
            .map(|step| StepRecord {
                above_tokens: step.above_tokens,
                up_to_tokens: step.up_to_tokens,
                rates: rates(&step.rates),
            })
            .collect(),
        off_peak: rare.off_peak.as_ref().map(off_peak),
        units: Members(
            rare.units
                .iter()
                .map(|(unit, usd)| (unit.name().into(), usd.to_string().into()))
                .collect(),
        ),
        per_search: search.per_search.map(|cost| SearchCostRecord {
            low: cost.low.to_string().into(),
            medium: cost.medium.to_string().into(),
            high: cost.high.to_string().into(),
        }),
        search_billing: match search.billing {
            SearchBilling::PerQuery => Some(PER_QUERY.into()),
            SearchBilling::Unsaid => None,
        },
        free_searches: search
            .free_requests
            .as_ref()
            .map(|free| FreeSearchesRecord {
                count: free.count,
                period: free.period.name().into(),
                shared_group: free.shared_group.as_deref().map(Text::from),
            }),
        google_maps_query: search.google_maps_query.map(|usd| usd.to_string().into()),
        uplifts: Members(
            rare.uplifts
                .iter()
                .map(|&(uplift, factor)| (uplift.name().into(), factor.to_string().into()))
                .collect(),
        ),
        ..line
    }
}

fn off_peak(off_peak: &OffPeak) -> OffPeakRecord<'_> {
    let windows = off_peak.windows.iter().map(|window| WindowRecord {
        hours_utc: window
            .hours_utc
            .iter()
            .map(|hours| hours.to_string().into())
            .collect(),
        weekdays: window.weekdays.to_vec(),
    });
    OffPeakRecord {
        rates: rates(&off_peak.rates),
        windows: windows.collect(),
        weekday_timezone: off_peak
            .weekday_zone
            .as_ref()
            .and_then(|zone| zone.iana_name())
            .map(Text::from),
    }
}

fn rates(rates: &Rates) -> Members<'_> {
    Members(
        rates
            .iter()
            .map(|(key, rate)| {
                (
                    key.to_string().into(),
                    rate.per_million().to_string().into(),
                )
            })
            .collect(),
    )
}

fn texts(texts: &[Box<str>]) -> Vec<Text<'_>> {
    texts.iter().map(|text| (**text).into()).collect()
}
