//! Overrides on top of a catalogue.

use std::collections::HashMap;
use std::sync::Arc;

use super::{ModelChange, Overrides, Problem, ProviderChange, RateChange};
use crate::catalog::capability::Known;
use crate::catalog::measured::Measured;
use crate::catalog::model::ListedName;
use crate::catalog::prices::Prices;
use crate::catalog::problem::Inspection;
use crate::catalog::provider::folded;
use crate::catalog::rates::{Component, RateKey, Rates};
use crate::catalog::{
    Catalog, Facts, Header, Model, NAME_BYTES_MAX, Origin, Provider, ProviderId, digest,
};
use crate::money::Rate;

impl Overrides {
    /// The catalogue with these overrides, under a version of its own. Discounts come first: a rate that
    /// stands in the overrides is what is paid, and not discounted again.
    ///
    /// # Errors
    /// Every entry that would change nothing, or that does not say enough of a model to price it.
    pub fn apply(&self, catalog: Catalog) -> Result<Catalog, Vec<Problem>> {
        let Catalog {
            header,
            digest: base_digest,
            providers,
            models,
            ..
        } = catalog;
        let mut applying = Applying {
            overrides: self,
            inspection: Inspection::default(),
            providers: providers.into_vec(),
            models: models.into_vec(),
        };
        let mut changed = HashMap::new();
        for change in &self.providers {
            applying.inspection.enter(change.line, &change.named);
            let Some(at) = applying.provider(change) else {
                continue;
            };
            if let Some(other) = changed.insert(at, &change.named) {
                applying.inspection.report(
                    format_args!("this is the provider that {other} is"),
                    "one entry for each provider",
                );
            }
        }
        applying.models();
        let Applying {
            inspection,
            providers,
            models,
            ..
        } = applying;
        inspection.conclude(Some(()))?;
        let digest = digest(&format!("{base_digest} {}", self.digest));
        Catalog::assemble(self.header(header), digest, providers, models)
    }

    fn header(&self, base: Header) -> Header {
        Header {
            version: format!("{}+{}", base.version, &self.digest[..8]),
            source: format!("{}, with overrides: {}", base.source, self.source),
            source_digest: digest(&format!("{} {}", base.source_digest, self.digest)),
            ..base
        }
    }
}

struct Applying<'o> {
    overrides: &'o Overrides,
    inspection: Inspection,
    providers: Vec<Provider>,
    models: Vec<Model>,
}

impl Applying<'_> {
    /// The place of the provider; `None` when there is none.
    fn provider(&mut self, change: &ProviderChange) -> Option<usize> {
        let wanted = folded(&change.named);
        let known = self
            .providers
            .iter()
            .position(|provider| provider.folded_names().any(|name| name == wanted));
        match (known, &change.name) {
            (Some(at), Some(name)) if *self.providers[at].name != **name => {
                let own = self.providers[at].name.clone();
                self.inspection.report(
                    format_args!("name: the catalogue calls this provider {own:?}"),
                    "a name for a provider that is new",
                );
            }
            (Some(at), _) => self.discount(at, change),
            (None, Some(name)) => {
                self.add_provider(change, name);
                return Some(self.providers.len() - 1);
            }
            (None, None) => self.inspection.report(
                "the catalogue has no such provider",
                "the slug or name of one it has; a new one needs a name",
            ),
        }
        known
    }

    fn discount(&mut self, provider: usize, change: &ProviderChange) {
        let Some(discount) = change.discount else {
            return;
        };
        let models = self
            .models
            .iter_mut()
            .filter(|model| usize::from(model.provider.0) == provider);
        let mut count = 0;
        for model in models {
            model.facts.prices.change_rates(|rate| rate.less(discount));
            model.source = Some(Arc::clone(&self.overrides.source));
            count += 1;
        }
        if count == 0 {
            self.inspection.report(
                "discount_percent: the catalogue has no model of this provider",
                "a discount on models of the catalogue; a new one states what is paid",
            );
        }
    }

    fn add_provider(&mut self, change: &ProviderChange, name: &str) {
        if change.discount.is_some() {
            self.inspection.report(
                "discount_percent: a new provider has no prices in the catalogue",
                "a discount on models of the catalogue; a new one states what is paid",
            );
        }
        if !Provider::is_slug(&change.named) {
            self.inspection
                .report("the slug of a new provider", Provider::SLUG);
        }
        self.providers.push(Provider {
            slug: (*change.named).into(),
            name: name.into(),
            aliases: Box::default(),
        });
    }

    fn models(&mut self) {
        // Ids and keys alone: whatever else may find a model today could find another one tomorrow.
        let mut places: HashMap<String, usize> = HashMap::new();
        for (at, model) in self.models.iter().enumerate() {
            for name in model.keys.iter().chain([&model.id]) {
                places.insert(name.to_ascii_lowercase(), at);
            }
        }
        let mut changed: HashMap<usize, &str> = HashMap::new();
        for change in &self.overrides.models {
            self.inspection.enter(change.line, &change.named);
            let at = *places
                .entry(change.named.to_ascii_lowercase())
                .or_insert(self.models.len());
            if let Some(other) = changed.insert(at, &change.named) {
                self.inspection.report(
                    format_args!("this is the model that {other} has changed"),
                    "one entry for each model",
                );
            }
            if at < self.models.len() {
                self.change_model(at, change);
            } else if let Some(model) = self.new_model(change) {
                self.models.push(model);
            } else {
                places.remove(&change.named.to_ascii_lowercase());
                changed.remove(&at);
            }
        }
    }

    fn change_model(&mut self, at: usize, change: &ModelChange) {
        let model = &mut self.models[at];
        change.note_facts(&mut model.facts);
        if let Some(rates) = changed_rates(&mut self.inspection, &model.facts.prices, &change.rates)
        {
            let mut rare = model.facts.prices.rare.take().unwrap_or_default();
            if matches!(change.rates, RateChange::All(_)) {
                rare.steps = Box::default();
                rare.off_peak = None;
            }
            model.facts.prices = Prices::new(rates, *rare);
            // Whoever states today's price of a model has it.
            model.facts.origin = Origin::Map;
            model.source = Some(Arc::clone(&self.overrides.source));
        }
        if let Some(source) = &change.source {
            model.source = Some(Arc::clone(source));
        }
        change.note_measured(&mut model.measured);
    }

    fn new_model(&mut self, change: &ModelChange) -> Option<Model> {
        let slug_and_name = change.named.split_once('/');
        let provider = slug_and_name.and_then(|(slug, _)| {
            self.providers
                .iter()
                .position(|provider| *provider.slug == *slug)
        });
        let rates = match &change.rates {
            RateChange::Nothing => None,
            _ => changed_rates(&mut self.inspection, &Prices::default(), &change.rates),
        };
        let has_price = rates
            .as_ref()
            .is_some_and(|rates| rates.base(Component::Input).is_some());
        if !has_price {
            self.inspection.report(
                "no model of the catalogue has this id or key, and it has no price of its own",
                "an id such as openai/gpt-4o, or rates with at least \"input\"",
            );
            return None;
        }
        let (Some((_, name)), Some(provider)) = (slug_and_name, provider) else {
            self.inspection.report(
                "no model of the catalogue has this id or key, and it does not begin with a provider",
                "<slug>/<name>, with the slug of a provider of the catalogue or of \"providers\"",
            );
            return None;
        };
        let is_name = !name.is_empty() && name.trim() == name && !name.contains(char::is_control);
        if !is_name || change.named.len() > NAME_BYTES_MAX {
            self.inspection.report(
                "the name of a new model",
                format_args!(
                    "a text without control characters and without spaces around it, in an id of up \
                     to {NAME_BYTES_MAX} bytes: nobody can ask for others"
                ),
            );
            return None;
        }
        let mut facts = Facts {
            prices: Prices::new(rates?, Default::default()),
            ..Facts::default()
        };
        change.note_facts(&mut facts);
        let mut measured = None;
        change.note_measured(&mut measured);
        let source = change.source.as_ref().unwrap_or(&self.overrides.source);
        Some(Model {
            id: (*change.named).into(),
            name: name.into(),
            keys: Box::default(),
            v1: None,
            provider: ProviderId(u16::try_from(provider).ok()?),
            facts,
            measured,
            source: Some(Arc::clone(source)),
            listed: ListedName::Id,
        })
    }
}

impl ModelChange {
    fn note_facts(&self, facts: &mut Facts) {
        facts.mode = self.mode.or(facts.mode);
        facts.max_input_tokens = self.max_input_tokens.or(facts.max_input_tokens);
        facts.max_output_tokens = self.max_output_tokens.or(facts.max_output_tokens);
        facts.output_vector_size = self.output_vector_size.or(facts.output_vector_size);
        facts.deprecation_date = self.deprecation_date.unwrap_or(facts.deprecation_date);
        for capability in &self.can {
            facts.capabilities.note(*capability, Known::Yes);
        }
    }

    fn note_measured(&self, measured: &mut Option<Box<Measured>>) {
        if self.measured != Measured::default() {
            *measured = Some(Box::new(self.measured.clone()));
        }
    }
}

/// The rates after a change; `None` when there is none, or it was reported.
fn changed_rates(
    inspection: &mut Inspection,
    prices: &Prices,
    change: &RateChange,
) -> Option<Rates> {
    let before = inspection.count();
    let rates = match change {
        RateChange::Nothing => return None,
        RateChange::All(rates) => rates.clone(),
        RateChange::Some(changes) => {
            inspect_precedence(inspection, prices, changes);
            let mut rates: Vec<(RateKey, Rate)> = prices.rates.iter().collect();
            for &(key, rate) in changes {
                let known = rates.iter().position(|&(known, _)| known == key);
                match (known, rate) {
                    (Some(at), Some(rate)) => rates[at].1 = rate,
                    (Some(at), None) => {
                        rates.remove(at);
                    }
                    (None, Some(rate)) => rates.push((key, rate)),
                    (None, None) => inspection.report(
                        format_args!("rates: {key} is null, and there is none to take away"),
                        "null for a rate the model has",
                    ),
                }
            }
            // Each key was looked for before it was added.
            Rates::new(rates).unwrap_or_default()
        }
    };
    if rates.iter().len() == 0 {
        inspection.report("no rate is left", "at least one rate");
    }
    (inspection.count() == before).then_some(rates)
}

/// A rate that another one outranks would change nothing, or not always.
fn inspect_precedence(
    inspection: &mut Inspection,
    prices: &Prices,
    changes: &[(RateKey, Option<Rate>)],
) {
    let Some(rare) = &prices.rare else { return };
    if !rare.steps.is_empty() {
        inspection.report(
            "rates: the model is priced by input length, which comes before them",
            "all_rates, which replaces every price per token",
        );
    }
    if let Some(off_peak) = &rare.off_peak {
        for (key, _) in changes {
            if off_peak.rates.base(key.component).is_some() {
                inspection.report(
                    format_args!("rates: at certain hours another price comes before {key}"),
                    "all_rates, which replaces every price per token",
                );
            }
        }
    }
}
