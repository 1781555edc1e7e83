//! Which of a model's published rates a call is billed at (docs/PRICING.md).

use super::What;
use super::seller::Seller;
use super::terms::Terms;
use crate::catalog::Model;
use crate::catalog::prices::Step;
use crate::catalog::rates::{Component, RateKey, Rates, Tier};
use crate::money::{Rate, Ratio};

/// A rate as it is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Applied {
    pub rate: Rate,
    /// One, or the halves that stand in for what is missing.
    pub share: Ratio,
    /// The threshold that was crossed; 0 for none.
    pub above_tokens: u64,
    /// The tier whose rate it is.
    pub tier: Tier,
}

impl Applied {
    fn halved(self) -> Applied {
        Applied {
            share: self.share.times(Ratio::HALF).unwrap_or(Ratio::HALF),
            ..self
        }
    }
}

/// The rates of one model for one call.
pub(super) struct Tariff<'m> {
    rates: &'m Rates,
    input_tokens: u64,
    seller: Seller,
    /// The tier that is billed, which may not be the one asked for.
    pub tier: Tier,
    step: Option<&'m Step>,
    /// The rates that replace the others at this hour.
    pub off_peak: Option<&'m Rates>,
    explicit_cache: bool,
    has_batch_price: bool,
}

impl<'m> Tariff<'m> {
    /// The tariff for a call of this length that asks for a tier.
    pub fn new(
        model: &'m Model,
        seller: Seller,
        input_tokens: u64,
        asked: Tier,
        terms: &Terms,
    ) -> Tariff<'m> {
        let rates = model.rates();
        let steps = model.steps();
        let is_ignored = seller.ignores_service_tiers || !steps.is_empty();
        let tier = match asked {
            Tier::Batch => Tier::Batch,
            asked if is_ignored || !rates.has_tier(asked) => Tier::Standard,
            asked => asked,
        };
        let rare = model.facts.prices.rare.as_deref();
        let off_peak = rare.and_then(|rare| rare.off_peak.as_ref());
        Tariff {
            rates,
            input_tokens,
            seller,
            tier,
            step: step(steps, rates, input_tokens),
            // A batch runs when the provider likes, so the hour of the call says nothing of its price.
            off_peak: off_peak
                .filter(|off_peak| tier != Tier::Batch && off_peak.is_open(terms.at))
                .map(|off_peak| &off_peak.rates),
            explicit_cache: terms.explicit_cache,
            has_batch_price: tier == Tier::Batch && rates.has(Component::Input, Tier::Batch),
        }
    }

    /// Whether the batch prices are a guess: half of the standard ones.
    pub fn is_assumed_batch(&self) -> bool {
        self.tier == Tier::Batch && !self.has_batch_price
    }

    /// The rate for tokens of a kind; `None` when neither it nor what stands in for it is published.
    pub fn rate_of(&self, what: What) -> Option<Applied> {
        let applied = match what {
            What::Input => self.input(),
            What::CacheRead => self.cache_read(),
            What::CacheWrite => self.cache_write(),
            What::CacheWrite1h => self.cache_write_1h(),
            What::AudioInput => self.audio_input(),
            What::Citation => self.find(Component::Citation),
            What::Output => self.output(),
            What::Reasoning => self.reasoning(),
            What::AudioOutput => self.audio_output(),
            What::WebSearch => None,
        };
        if !self.is_assumed_batch() {
            return applied;
        }
        // Half of what the same call costs outside a batch, whatever that comes from; but output may have a
        // batch price where input has none.
        let own = match what {
            What::Output | What::Reasoning => self.published(Component::Output, &[Tier::Batch]),
            _ => None,
        };
        own.or_else(|| applied.map(Applied::halved))
    }

    fn input(&self) -> Option<Applied> {
        self.find(Component::Input)
    }

    /// An image model charges its image tokens when it has no output rate, or a zero one.
    fn output(&self) -> Option<Applied> {
        match self.find(Component::Output) {
            Some(output) if output.rate > Rate::ZERO => Some(output),
            output => self.find(Component::ImageOutput).or(output),
        }
    }

    fn cache_read(&self) -> Option<Applied> {
        let explicit = || self.find(Component::ExplicitCacheRead);
        let read = self.explicit_cache.then(explicit).flatten();
        let read = read.or_else(|| self.find(Component::CacheRead));
        // A published batch has no discount for a cache unless it says so.
        let halves = self.seller.halves_cache_reads && !self.has_batch_price;
        read.or_else(|| match halves {
            true => self.input().map(Applied::halved),
            false => self.input(),
        })
    }

    fn cache_write(&self) -> Option<Applied> {
        self.find(Component::CacheWrite).or_else(|| self.input())
    }

    fn cache_write_1h(&self) -> Option<Applied> {
        self.find(Component::CacheWrite1h)
            .or_else(|| self.cache_write())
    }

    fn audio_input(&self) -> Option<Applied> {
        self.find(Component::AudioInput).or_else(|| self.input())
    }

    fn audio_output(&self) -> Option<Applied> {
        self.find(Component::AudioOutput).or_else(|| self.output())
    }

    /// A tier with an output rate of its own charges its reasoning at that, unless it has one for
    /// reasoning too; a batch never prices reasoning apart.
    fn reasoning(&self) -> Option<Applied> {
        let follows_output = match self.tier {
            Tier::Batch => true,
            Tier::Standard => false,
            _ => self.has_own(Component::Output) && !self.has_own(Component::Reasoning),
        };
        let own = (!follows_output).then(|| self.find(Component::Reasoning));
        own.flatten().or_else(|| self.output())
    }

    /// The highest threshold this call crosses for which a component has a standard rate; 0 for none.
    pub fn standard_threshold(&self, component: Component) -> u64 {
        self.published(component, &[Tier::Standard])
            .map_or(0, |applied| applied.above_tokens)
    }

    /// Whether the tier has a base rate of its own for a component.
    pub fn has_own(&self, component: Component) -> bool {
        self.rates.has(component, self.tier)
    }

    /// The rate of a component itself; what stands in for a missing one is the business of the caller.
    fn find(&self, component: Component) -> Option<Applied> {
        if !self.has_batch_price {
            return self.outside_batch(component);
        }
        let own = self.published(component, &[Tier::Batch]);
        match component {
            // Without a batch price of its own, cached input costs what the batch's input does.
            Component::CacheRead
            | Component::CacheWrite
            | Component::CacheWrite1h
            | Component::ExplicitCacheRead => own,
            _ => own.or_else(|| self.outside_batch(component).map(Applied::halved)),
        }
    }

    fn outside_batch(&self, component: Component) -> Option<Applied> {
        let found = self.stepped_or_published(component);
        match self.off_peak.and_then(|rates| rates.base(component)) {
            Some(rate) => Some(Applied {
                rate,
                share: Ratio::ONE,
                above_tokens: 0,
                tier: Tier::Standard,
            }),
            None => found,
        }
    }

    fn stepped_or_published(&self, component: Component) -> Option<Applied> {
        if let Some(step) = self.step {
            let own = step.rates.base(component).map(|rate| Applied {
                rate,
                share: Ratio::ONE,
                above_tokens: step.above_tokens,
                tier: Tier::Standard,
            });
            // Cached and reasoning tokens without a rate in the step follow the step's own input and
            // output, not the flat rates.
            return match component {
                Component::CacheRead
                | Component::CacheWrite
                | Component::CacheWrite1h
                | Component::Reasoning => own,
                _ => own.or_else(|| self.published(component, &[Tier::Standard])),
            };
        }
        match self.tier {
            Tier::Standard | Tier::Batch => self.published(component, &[Tier::Standard]),
            tier => self.published(component, &[tier, Tier::Standard]),
        }
    }

    /// The rate of the highest threshold crossed that one of these tiers publishes, of the first tier that
    /// does.
    fn published(&self, component: Component, tiers: &[Tier]) -> Option<Applied> {
        let place = |key: RateKey| tiers.iter().position(|tier| *tier == key.tier);
        let is_crossed = |above: u32| match u64::from(above) {
            0 => true,
            above if self.seller.thresholds_are_inclusive => self.input_tokens >= above,
            above => self.input_tokens > above,
        };
        self.rates
            .of(component)
            .filter(|(key, _)| is_crossed(key.above_tokens))
            .filter_map(|(key, rate)| Some((key, place(key)?, rate)))
            .min_by_key(|(key, place, _)| (std::cmp::Reverse(key.above_tokens), *place))
            .map(|(key, _, rate)| Applied {
                rate,
                share: Ratio::ONE,
                above_tokens: key.above_tokens.into(),
                tier: key.tier,
            })
    }
}

/// The first step whose end the input does not pass; the last one beyond all. A call without input is
/// billed at the flat rates, if there are any.
fn step<'m>(steps: &'m [Step], flat: &Rates, input_tokens: u64) -> Option<&'m Step> {
    if input_tokens == 0 && flat.base(Component::Input).is_some() {
        return None;
    }
    steps
        .iter()
        .find(|step| input_tokens <= step.up_to_tokens)
        .or(steps.last())
}
