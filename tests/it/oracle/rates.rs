//! Which rate each kind of token has in a call: steps, thresholds, service tiers, batches, hours
//! and what stands in for a rate that is missing.

use super::exact::{Exact, exact};
use super::map::Entry;
use super::{Calculation, Moment};

const INPUT: &str = "input_cost_per_token";
const CACHE_READ: &str = "cache_read_input_token_cost";
const WRITE_5M: &str = "cache_creation_input_token_cost";
const WRITE_1H: &str = "cache_creation_input_token_cost_above_1hr";
const AUDIO_INPUT: &str = "input_cost_per_audio_token";
const OUTPUT: &str = "output_cost_per_token";
const REASONING: &str = "output_cost_per_reasoning_token";
const AUDIO_OUTPUT: &str = "output_cost_per_audio_token";

/// USD per token, by kind; none where there is none.
#[derive(Clone, Debug, Default)]
pub struct Rates {
    pub input: Option<Exact>,
    pub cache_read: Option<Exact>,
    pub write_5m: Option<Exact>,
    pub write_1h: Option<Exact>,
    pub audio_input: Option<Exact>,
    pub output: Option<Exact>,
    pub reasoning: Option<Exact>,
    pub audio_output: Option<Exact>,
}

fn half(rate: &Exact) -> Exact {
    rate / exact(2)
}

impl Entry {
    /// The rate of a component for this many input tokens, as far as the map has one.
    fn rate(&self, component: &str, tier: &str, input_tokens: u64) -> Option<Exact> {
        let mut crossed = self.crossed(input_tokens);
        let above = crossed.find_map(|thousands| {
            let name = format!("{component}_above_{thousands}k_tokens");
            let tiered = self.number(&format!("{name}{tier}"));
            tiered.or_else(|| self.number(&name))
        });
        let tiered = || self.number(&format!("{component}{tier}"));
        let rate = above.or_else(tiered).or_else(|| self.number(component));
        rate.cloned()
    }

    /// The batch rate of a component for this many input tokens.
    fn batch_rate(&self, component: &str, input_tokens: u64) -> Option<Exact> {
        let mut crossed = self.crossed(input_tokens);
        let above = crossed.find_map(|thousands| {
            self.number(&format!("{component}_above_{thousands}k_tokens_batches"))
        });
        let rate = above.or_else(|| self.number(&format!("{component}_batches")));
        rate.cloned()
    }
}

impl Calculation<'_> {
    /// What each kind of token costs in this call.
    pub fn rates(&mut self, moment: Moment) -> Rates {
        let mut rates = if self.usage.is_batch() {
            self.batch_rates()
        } else {
            let rates = self.listed_rates();
            let rates = self.at_this_hour(rates, moment);
            self.filled(rates)
        };
        if self.entry.is_embedding() {
            self.follow("embedding: input only");
            rates.output = Some(exact(0));
            rates.reasoning = Some(exact(0));
            rates.audio_output = Some(exact(0));
        }
        rates
    }

    /// The suffix of the fields of the service tier, empty for the standard one.
    fn tier(&mut self) -> String {
        let tier = self.usage.service_tier.unwrap_or("standard");
        let tier = tier.to_ascii_lowercase();
        if ["auto", "default", "standard", "batch"].contains(&&*tier) {
            return String::new();
        }
        if self.entry.has_service_tiers() {
            return format!("_{tier}");
        }
        if self.entry.number(&format!("{INPUT}_{tier}")).is_some() {
            self.follow("tier: ignored");
        }
        String::new()
    }

    /// The rates as the map lists them, for this length and this service tier.
    fn listed_rates(&mut self) -> Rates {
        let (entry, tokens) = (self.entry, self.usage.input_tokens);
        let has_flat = entry.number(INPUT).is_some() || entry.number(OUTPUT).is_some();
        if !entry.steps.is_empty() && (tokens > 0 || !has_flat) {
            return self.stepped_rates();
        }
        let tier = self.tier();
        self.note_threshold(&tier);
        let rate = |component| entry.rate(component, &tier, tokens);
        let (audio_input, audio_output) = (rate(AUDIO_INPUT), rate(AUDIO_OUTPUT));
        let mut rates = Rates {
            input: rate(INPUT),
            cache_read: rate(CACHE_READ),
            write_5m: rate(WRITE_5M),
            write_1h: rate(WRITE_1H),
            audio_input,
            output: rate(OUTPUT),
            reasoning: self.reasoning_rate(&tier),
            audio_output,
        };
        let explicit = entry.number("explicit_cache_read_input_token_cost");
        if let (Some("ephemeral"), Some(explicit)) = (self.usage.cache_type, explicit) {
            self.follow("cached: explicit");
            rates.cache_read = Some(explicit.clone());
        }
        let image = entry.number("output_cost_per_image_token");
        let has_no_output = rates.output.as_ref().is_none_or(|rate| *rate == exact(0));
        if let (true, Some(image)) = (has_no_output, image) {
            self.follow("images: output rate");
            rates.output = Some(image.clone());
        }
        rates
    }

    /// Notes which rules about thresholds and tiers this length and tier reach.
    fn note_threshold(&mut self, tier: &str) {
        let (entry, tokens) = (self.entry, self.usage.input_tokens);
        if entry.is_at_threshold(tokens) {
            self.follow("threshold: at");
        }
        if tier.is_empty() {
            return;
        }
        if entry.number(&format!("{INPUT}{tier}")).is_none() {
            return;
        }
        let highest = entry.crossed(tokens).next();
        self.follow(match highest {
            None => "tier: rate",
            Some(thousands) => {
                let name = format!("{INPUT}_above_{thousands}k_tokens{tier}");
                match entry.number(&name) {
                    Some(_) => "threshold: tier's",
                    None => "threshold: standard, for lack of the tier's",
                }
            }
        });
    }

    /// A rate of the tier's own, or none where reasoning follows the tier's output rate.
    fn reasoning_rate(&mut self, tier: &str) -> Option<Exact> {
        if !tier.is_empty() {
            if let Some(rate) = self.entry.number(&format!("{REASONING}{tier}")) {
                return Some(rate.clone());
            }
            if self.entry.number(&format!("{OUTPUT}{tier}")).is_some() {
                self.follow("tier: reasoning at the tier's output rate");
                return None;
            }
        }
        self.entry.number(REASONING).cloned()
    }

    /// The rates of the step that the length of the input is in.
    fn stepped_rates(&mut self) -> Rates {
        let (entry, tokens) = (self.entry, self.usage.input_tokens);
        let step = entry.steps.iter().find(|step| step.holds_for(tokens));
        self.follow(match step {
            Some(_) => "array: step",
            None if tokens == 0 => "array: first step for no input",
            None => "array: beyond the last step",
        });
        let step = step.unwrap_or_else(|| match tokens {
            0 => &entry.steps[0],
            _ => entry.steps.last().expect("there are steps"),
        });
        let own = |component: &str| step.number(component).cloned();
        let input = own(INPUT);
        let output = own(OUTPUT).or_else(|| entry.number(OUTPUT).cloned());
        self.follow(match own(CACHE_READ) {
            Some(_) => "array: step's cache rate",
            None => "array: cache follows the step's input",
        });
        if own(REASONING).is_some() {
            self.follow("array: step's reasoning rate");
        }
        Rates {
            cache_read: own(CACHE_READ).or_else(|| input.clone()),
            write_5m: own(WRITE_5M).or_else(|| input.clone()),
            write_1h: own(WRITE_1H),
            audio_input: entry.number(AUDIO_INPUT).cloned(),
            reasoning: own(REASONING),
            audio_output: entry.number(AUDIO_OUTPUT).cloned(),
            input,
            output,
        }
    }

    /// The rates with those in place that hold at this hour.
    fn at_this_hour(&mut self, mut rates: Rates, moment: Moment) -> Rates {
        let Some(listed) = self.entry.off_peak(moment) else {
            return rates;
        };
        self.follow("off-peak");
        let components = [
            (INPUT, &mut rates.input),
            (CACHE_READ, &mut rates.cache_read),
            (WRITE_5M, &mut rates.write_5m),
            (WRITE_1H, &mut rates.write_1h),
            (AUDIO_INPUT, &mut rates.audio_input),
            (OUTPUT, &mut rates.output),
            (REASONING, &mut rates.reasoning),
            (AUDIO_OUTPUT, &mut rates.audio_output),
        ];
        for (name, rate) in components {
            if let Some(other) = listed.get(name) {
                *rate = Some(other.clone());
            }
        }
        rates
    }

    /// The rates with something in place of those that are missing.
    fn filled(&mut self, rates: Rates) -> Rates {
        let usage = self.usage;
        let is_fireworks = self.entry.is_fireworks();
        if rates.cache_read.is_none() && usage.cache_read_input_tokens > 0 {
            self.follow(match is_fireworks {
                true => "default: cache read at half the input rate",
                false => "default: cache read at the input rate",
            });
        }
        if rates.write_5m.is_none() && usage.cache_creation_input_tokens > 0 {
            self.follow("default: cache write at the input rate");
        }
        if rates.write_1h.is_none() && usage.cache_creation_1h_input_tokens > 0 {
            self.follow("default: long write at the short one's rate");
        }
        if rates.audio_input.is_none() && usage.audio_input_tokens > 0 {
            self.follow("default: audio at the text rate");
        }
        if rates.reasoning.is_none() && usage.reasoning_tokens > 0 {
            self.follow("default: reasoning at the output rate");
        }
        let (input, output) = (rates.input, rates.output);
        let cached = if is_fireworks {
            input.as_ref().map(half)
        } else {
            input.clone()
        };
        let write_5m = rates.write_5m.or_else(|| input.clone());
        Rates {
            cache_read: rates.cache_read.or(cached),
            write_1h: rates.write_1h.or_else(|| write_5m.clone()),
            write_5m,
            audio_input: rates.audio_input.or_else(|| input.clone()),
            reasoning: rates.reasoning.or_else(|| output.clone()),
            audio_output: rates.audio_output.or_else(|| output.clone()),
            input,
            output,
        }
    }

    fn batch_rates(&mut self) -> Rates {
        let (entry, tokens) = (self.entry, self.usage.input_tokens);
        let standard = self.listed_rates();
        let batch = |component| entry.batch_rate(component, tokens);
        let output = batch(OUTPUT);
        if output.is_none() {
            self.follow("batch: half of the output");
        }
        let output = output.or_else(|| standard.output.as_ref().map(half));
        let half_audio_output = standard.audio_output.as_ref().map(half);
        let audio_output = batch(AUDIO_OUTPUT).or(half_audio_output);
        let half_audio_input = standard.audio_input.as_ref().map(half);
        let audio_input = batch(AUDIO_INPUT).or_else(|| half_audio_input.clone());
        if entry.number(&format!("{INPUT}_batches")).is_some() {
            self.note_batch();
            let input = batch(INPUT);
            let write_5m = batch(WRITE_5M);
            return Rates {
                cache_read: batch(CACHE_READ).or_else(|| input.clone()),
                write_1h: batch(WRITE_1H)
                    .or_else(|| write_5m.clone())
                    .or_else(|| input.clone()),
                write_5m: write_5m.or_else(|| input.clone()),
                audio_input: audio_input.or_else(|| input.clone()),
                reasoning: output.clone(),
                audio_output: audio_output.or_else(|| output.clone()),
                input,
                output,
            };
        }
        self.follow("batch: half");
        let full = self.filled(standard);
        let halved = |rate: &Option<Exact>| rate.as_ref().map(half);
        Rates {
            input: halved(&full.input),
            cache_read: halved(&full.cache_read),
            write_5m: halved(&full.write_5m),
            write_1h: halved(&full.write_1h),
            audio_input: halved(&full.audio_input),
            reasoning: output.clone(),
            audio_output: audio_output.or_else(|| output.clone()),
            output,
        }
    }

    /// Notes which rules about batches a model with batch rates reaches.
    fn note_batch(&mut self) {
        let (entry, tokens) = (self.entry, self.usage.input_tokens);
        let has = |component| entry.batch_rate(component, tokens).is_some();
        let base = entry.number(&format!("{INPUT}_batches"));
        let is_above = entry.batch_rate(INPUT, tokens).as_ref() != base;
        self.follow(match is_above {
            true => "batch: threshold",
            false => "batch: rate",
        });
        self.follow(match has(CACHE_READ) {
            true => "batch: cache read rate",
            false => "batch: cache read at the batch input rate",
        });
        self.follow(match has(WRITE_5M) {
            true => "batch: cache write rate",
            false => "batch: cache write at the batch input rate",
        });
        if !has(AUDIO_INPUT) && entry.number(AUDIO_INPUT).is_some() {
            self.follow("batch: half of the audio rate");
        }
    }
}
