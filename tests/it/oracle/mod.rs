//! What a call costs, worked out a second time: exact fractions over the raw price map, written
//! from the published rules and from nothing in `src`.

pub mod exact;
mod hours;
pub mod map;
mod rates;
mod usage;

use std::collections::BTreeSet;

use self::exact::{Exact, exact};
pub use self::hours::Moment;
use self::map::Entry;
use self::rates::Rates;
pub use self::usage::Usage;

/// What a call costs, to the last digit there is.
#[derive(Debug)]
pub struct Quote {
    pub input: Exact,
    pub output: Exact,
    pub tool: Exact,
}

impl Quote {
    pub fn total(&self) -> Exact {
        &self.input + &self.output + &self.tool
    }
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// A price of a thousandth of a dollar per token or more was meant per thousand tokens.
    UnitError,
    /// It is not sold by the token.
    NotByToken,
    /// Tokens or searches of a kind that has no price, and none to fall back on.
    NoRate(&'static str),
}

/// Every rule there is, by a short name. A run that does not reach one has not tried it.
pub const RULES: [&str; 36] = [
    "array: beyond the last step",
    "array: cache follows the step's input",
    "array: first step for no input",
    "array: step",
    "array: step's cache rate",
    "array: step's reasoning rate",
    "batch: cache read at the batch input rate",
    "batch: cache read rate",
    "batch: cache write at the batch input rate",
    "batch: cache write rate",
    "batch: half",
    "batch: half of the output",
    "batch: half of the audio rate",
    "batch: rate",
    "batch: threshold",
    "cached: explicit",
    "default: audio at the text rate",
    "default: cache read at the input rate",
    "default: cache read at half the input rate",
    "default: cache write at the input rate",
    "default: long write at the short one's rate",
    "default: reasoning at the output rate",
    "embedding: input only",
    "images: output rate",
    "off-peak",
    "search: in the output",
    "search: once per request",
    "search: per query",
    "search: xAI's price",
    "threshold: at",
    "threshold: standard, for lack of the tier's",
    "threshold: tier's",
    "tier: ignored",
    "tier: rate",
    "tier: reasoning at the tier's output rate",
    "uplift",
];

/// One call to one model.
pub struct Calculation<'a> {
    entry: &'a Entry,
    usage: &'a Usage,
    /// The rules that were followed on the way.
    rules: &'a mut BTreeSet<&'static str>,
}

/// What a usage costs with the model of an entry, and by which rules: those are added to `rules`.
///
/// `now` is the moment of the call where the usage names none.
pub fn quote(
    entry: &Entry,
    usage: &Usage,
    now: Moment,
    rules: &mut BTreeSet<&'static str>,
) -> Result<Quote, Refusal> {
    if let Some(refusal) = entry.refusal {
        return Err(refusal);
    }
    let mut calculation = Calculation {
        entry,
        usage,
        rules,
    };
    let rates = calculation.rates(usage.moment().unwrap_or(now));
    calculation.sum(&rates)
}

/// A number of tokens or calls of a kind, at its price.
fn line(what: &'static str, count: u64, rate: Option<&Exact>) -> Result<Exact, Refusal> {
    match rate {
        _ if count == 0 => Ok(exact(0)),
        Some(rate) => Ok(rate * exact(count)),
        None => Err(Refusal::NoRate(what)),
    }
}

impl Calculation<'_> {
    fn follow(&mut self, rule: &'static str) {
        self.rules.insert(rule);
    }

    fn sum(&mut self, rates: &Rates) -> Result<Quote, Refusal> {
        let usage = self.usage;
        let subsets = usage.cache_read_input_tokens
            + usage.cache_creation_input_tokens
            + usage.cache_creation_1h_input_tokens
            + usage.audio_input_tokens;
        let text_out = usage.output_tokens - usage.reasoning_tokens - usage.audio_output_tokens;
        let lines = [
            ("input", usage.input_tokens - subsets, &rates.input),
            (
                "cache read",
                usage.cache_read_input_tokens,
                &rates.cache_read,
            ),
            (
                "5m write",
                usage.cache_creation_input_tokens,
                &rates.write_5m,
            ),
            (
                "1h write",
                usage.cache_creation_1h_input_tokens,
                &rates.write_1h,
            ),
            ("audio input", usage.audio_input_tokens, &rates.audio_input),
        ];
        let mut input = exact(0);
        for (what, tokens, rate) in lines {
            input += line(what, tokens, rate.as_ref())?;
        }
        let lines = [
            ("output", text_out, &rates.output),
            ("reasoning", usage.reasoning_tokens, &rates.reasoning),
            (
                "audio output",
                usage.audio_output_tokens,
                &rates.audio_output,
            ),
        ];
        let mut output = exact(0);
        for (what, tokens, rate) in lines {
            output += line(what, tokens, rate.as_ref())?;
        }
        let uplift = self.uplift();
        let citation_rate = self.entry.number("citation_cost_per_token");
        let citations = line("citations", usage.citation_tokens, citation_rate)?;
        let searches = self.searches()?;
        let (input, output) = (input * &uplift + citations, output * &uplift);
        Ok(if self.entry.is_perplexity() {
            Quote {
                input,
                output: output + searches,
                tool: exact(0),
            }
        } else {
            Quote {
                input,
                output,
                tool: searches,
            }
        })
    }

    /// What token costs are multiplied with.
    fn uplift(&mut self) -> Exact {
        let (entry, usage) = (self.entry, self.usage);
        let location = usage.vertex_location.filter(|place| *place != "global");
        let residency = match usage.data_residency {
            Some("eu") => entry.number("regional_processing_uplift_multiplier_eu"),
            Some("us") => entry.number("regional_processing_uplift_multiplier_us"),
            _ => None,
        };
        let fast = usage.speed.filter(|speed| *speed == "fast");
        let geo = usage.inference_geo.filter(|geo| *geo == "us");
        let factors = [
            fast.and_then(|_| entry.specific("fast")),
            geo.and_then(|_| entry.specific("us")),
            residency,
            location.and_then(|_| entry.number("regional_endpoint_uplift_multiplier")),
        ];
        let mut uplift = exact(1);
        for factor in factors.into_iter().flatten() {
            self.follow("uplift");
            uplift *= factor;
        }
        uplift
    }

    fn searches(&mut self) -> Result<Exact, Refusal> {
        let count = self.usage.web_search_requests;
        if count == 0 {
            return Ok(exact(0));
        }
        if self.entry.is_perplexity() {
            let price = self.entry.search_price("low");
            let cost = line("search", count, price);
            if cost.is_ok() {
                self.follow("search: in the output");
            }
            return cost;
        }
        let size = self.usage.search_context_size.unwrap_or("medium");
        let price = self.entry.search_price(size);
        if self.entry.is_xai() && price.is_none() {
            self.follow("search: xAI's price");
            return Ok(exact::parse("0.005") * exact(count));
        }
        let price = price.ok_or(Refusal::NoRate("search"))?;
        let is_per_query = self.entry.is_search_billed_per_query();
        if self.entry.is_gemini() && !is_per_query {
            self.follow("search: once per request");
            return Ok(price.clone());
        }
        if is_per_query {
            self.follow("search: per query");
        }
        Ok(price * exact(count))
    }
}
