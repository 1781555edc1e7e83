//! Prices per token: which tokens, above how much input, in which service tier.

use std::fmt;
use std::str::FromStr;

use super::vocabulary::{name_of, named};
use crate::money::{Rate, Usd};

/// From 1e-3 USD a token, which is 1,000 USD a million, a rate is taken for a mistake of unit.
pub const UNIT_ERROR_FROM: Usd = Usd::from_attos(1_000_000_000_000_000);

/// The tokens a rate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Component {
    Input,
    Output,
    /// Input read from the provider's cache.
    CacheRead,
    /// Input written to the cache for the provider's shortest time, usually 5 minutes.
    CacheWrite,
    CacheWrite1h,
    CacheWrite12h,
    /// A cache read when the usage says the cache was set up explicitly.
    ExplicitCacheRead,
    /// Output the model thinks and does not show.
    Reasoning,
    AudioInput,
    AudioOutput,
    AudioCacheRead,
    ImageInput,
    ImageOutput,
    VideoInput,
    VideoOutput,
    /// Tokens of cited search results.
    Citation,
}

impl Component {
    /// Every component with its name in the catalogue file.
    pub const NAMES: [(Component, &str); 16] = [
        (Component::Input, "input"),
        (Component::Output, "output"),
        (Component::CacheRead, "cache_read"),
        (Component::CacheWrite, "cache_write"),
        (Component::CacheWrite1h, "cache_write_1h"),
        (Component::CacheWrite12h, "cache_write_12h"),
        (Component::ExplicitCacheRead, "explicit_cache_read"),
        (Component::Reasoning, "reasoning"),
        (Component::AudioInput, "audio_input"),
        (Component::AudioOutput, "audio_output"),
        (Component::AudioCacheRead, "audio_cache_read"),
        (Component::ImageInput, "image_input"),
        (Component::ImageOutput, "image_output"),
        (Component::VideoInput, "video_input"),
        (Component::VideoOutput, "video_output"),
        (Component::Citation, "citation"),
    ];

    pub fn name(self) -> &'static str {
        name_of(&Component::NAMES, self).unwrap_or_default()
    }
}

/// The service tier a rate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Tier {
    Standard,
    Flex,
    Balanced,
    Priority,
    Ultrafast,
    /// Jobs the provider may take a day over.
    Batch,
    /// One provider's special call type for yes-or-no decisions.
    Decisions,
}

impl Tier {
    /// Every tier but the standard one, with its name in the catalogue file.
    pub const NAMES: [(Tier, &str); 6] = [
        (Tier::Flex, "flex"),
        (Tier::Balanced, "balanced"),
        (Tier::Priority, "priority"),
        (Tier::Ultrafast, "ultrafast"),
        (Tier::Batch, "batch"),
        (Tier::Decisions, "decisions"),
    ];
}

/// What a rate applies to. Written `input`, `output>200k`, `cache_read@flex`, `input>272k@batch`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RateKey {
    pub component: Component,
    /// The rate applies when the total input is above this many tokens; 0 for the base rate.
    pub above_tokens: u32,
    pub tier: Tier,
}

impl RateKey {
    /// The base rate of a component: any input length, standard tier.
    pub const fn base(component: Component) -> RateKey {
        RateKey {
            component,
            above_tokens: 0,
            tier: Tier::Standard,
        }
    }
}

impl fmt::Display for RateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.component.name())?;
        match self.above_tokens {
            0 => {}
            tokens if tokens % 1000 == 0 => write!(f, ">{}k", tokens / 1000)?,
            tokens => write!(f, ">{tokens}")?,
        }
        match name_of(&Tier::NAMES, self.tier) {
            Some(tier) => write!(f, "@{tier}"),
            None => Ok(()),
        }
    }
}

/// A text that names no rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownRate;

impl UnknownRate {
    /// The form a rate's name has, for messages.
    pub const ALLOWED: &str =
        "<component>[><threshold>k][@<tier>], such as input, output>200k, cache_read@flex";
}

impl fmt::Display for UnknownRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no such rate")
    }
}

impl FromStr for RateKey {
    type Err = UnknownRate;

    fn from_str(text: &str) -> Result<RateKey, UnknownRate> {
        let (rest, tier) = match text.split_once('@') {
            Some((rest, tier)) => (rest, named(&Tier::NAMES, tier).ok_or(UnknownRate)?),
            None => (text, Tier::Standard),
        };
        let (component, above_tokens) = match rest.split_once('>') {
            Some((component, threshold)) => (component, parse_threshold(threshold)?),
            None => (rest, 0),
        };
        let component = named(&Component::NAMES, component).ok_or(UnknownRate)?;
        Ok(RateKey {
            component,
            above_tokens,
            tier,
        })
    }
}

fn parse_threshold(text: &str) -> Result<u32, UnknownRate> {
    let (digits, unit) = text
        .strip_suffix('k')
        .map_or((text, 1), |thousands| (thousands, 1000));
    // `parse` alone would take a plus sign too.
    Some(digits)
        .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
        .ok_or(UnknownRate)?
        .parse::<u32>()
        .ok()
        .and_then(|count| count.checked_mul(unit))
        .filter(|tokens| *tokens > 0)
        .ok_or(UnknownRate)
}

/// The rates of a model, sorted by key, each key once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rates(Box<[(RateKey, Rate)]>);

impl Rates {
    /// # Errors
    /// The first key that is there twice.
    pub fn new(mut rates: Vec<(RateKey, Rate)>) -> Result<Rates, RateKey> {
        rates.sort_unstable_by_key(|&(key, _)| key);
        match rates.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            Some(pair) => Err(pair[0].0),
            None => Ok(Rates(rates.into_boxed_slice())),
        }
    }

    /// The rate published under exactly this key; nothing is inherited from another tier or threshold.
    pub fn get(&self, key: RateKey) -> Option<Rate> {
        self.0
            .binary_search_by_key(&key, |&(key, _)| key)
            .ok()
            .map(|at| self.0[at].1)
    }

    /// The base rate of a component.
    pub fn base(&self, component: Component) -> Option<Rate> {
        self.get(RateKey::base(component))
    }

    /// All rates, in the order of their keys.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (RateKey, Rate)> + '_ {
        self.0.iter().copied()
    }

    /// The rates of one component, for any threshold and tier.
    pub fn of(&self, component: Component) -> impl Iterator<Item = (RateKey, Rate)> + '_ {
        let from = self.0.partition_point(|(key, _)| key.component < component);
        self.0[from..]
            .iter()
            .copied()
            .take_while(move |(key, _)| key.component == component)
    }

    /// Whether a component has a base rate of this tier.
    pub fn has(&self, component: Component, tier: Tier) -> bool {
        let key = RateKey {
            component,
            above_tokens: 0,
            tier,
        };
        self.get(key).is_some()
    }

    /// Changes every rate.
    pub(super) fn change(&mut self, change: impl Fn(Rate) -> Rate) {
        self.0
            .iter_mut()
            .for_each(|(_, rate)| *rate = change(*rate));
    }

    /// Whether any rate of this tier is published.
    pub fn has_tier(&self, tier: Tier) -> bool {
        self.iter().any(|(key, _)| key.tier == tier)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_name_says_component_threshold_and_tier() {
        for text in [
            "input",
            "output>200k",
            "cache_write_12h>272k@ultrafast",
            "reasoning@flex",
            "input>1500",
        ] {
            assert_eq!(text.parse::<RateKey>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "inputs",
            "input@",
            "input@standard",
            "input>0k",
            "input>9999999k",
            "input>k@flex",
            "input>+5k",
        ] {
            assert_eq!(text.parse::<RateKey>(), Err(UnknownRate), "{text}");
        }
    }

    #[test]
    fn every_component_and_tier_has_its_own_name() {
        for (component, name) in Component::NAMES {
            assert_eq!(name.parse(), Ok(RateKey::base(component)));
        }
        for (tier, name) in Tier::NAMES {
            assert_eq!(
                format!("input@{name}").parse::<RateKey>().unwrap().tier,
                tier
            );
        }
    }

    #[test]
    fn a_rate_is_found_by_its_exact_key_only() {
        let key = |text: &str| text.parse::<RateKey>().unwrap();
        let rate = |text| Rate::per_million_parse(text).unwrap();
        let rates = Rates::new(vec![
            (key("output"), rate("10")),
            (key("input>200k"), rate("2.5")),
        ])
        .unwrap();
        assert_eq!(rates.base(Component::Output), Some(rate("10")));
        assert_eq!(rates.base(Component::Input), None);
        assert_eq!(rates.get(key("output@flex")), None);
        assert_eq!(
            Rates::new(vec![(key("input"), Rate::ZERO); 2]),
            Err(key("input"))
        );
    }
}
