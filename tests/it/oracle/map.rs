//! The raw price map: every number as the fraction that its text says, every field by its name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Refusal;
use super::exact::{Exact, exact, is_finer_than_attos, parse};
use super::hours::{Moment, Window};

/// A JSON object, its values as they stand in the text.
type Fields = BTreeMap<String, &'static RawValue>;
type Numbers = BTreeMap<String, Exact>;

/// The prices of one model of the map.
pub struct Entry {
    key: String,
    provider: String,
    mode: Option<String>,
    numbers: Numbers,
    /// The `N` of every `_above_Nk_tokens` there is, the highest first.
    thresholds: Vec<u64>,
    pub steps: Vec<Step>,
    off_peak: Option<OffPeak>,
    search: Numbers,
    is_search_billed_per_query: bool,
    specific: Numbers,
    /// Why there is no estimate of any usage, if there is none.
    pub refusal: Option<Refusal>,
}

/// A price that holds for inputs of some lengths.
pub struct Step {
    from: Exact,
    to: Exact,
    numbers: Numbers,
}

impl Step {
    pub fn number(&self, name: &str) -> Option<&Exact> {
        self.numbers.get(name)
    }

    pub fn holds_for(&self, input_tokens: u64) -> bool {
        let tokens = exact(input_tokens);
        self.from < tokens && tokens <= self.to
    }
}

/// Prices that hold at certain hours.
struct OffPeak {
    numbers: Numbers,
    windows: Vec<Window>,
    weekday_timezone: String,
}

/// All entries by key, without the two that are not models.
pub static PRICE_MAP: LazyLock<BTreeMap<String, Entry>> = LazyLock::new(|| {
    let text = include_str!("../../data/litellm_model_prices.json");
    let mut map: BTreeMap<String, Fields> = serde_json::from_str(text).expect("the price map");
    for not_a_model in ["sample_spec", "fallback_generalizations"] {
        map.remove(not_a_model).expect("it is there");
    }
    let mut map: BTreeMap<String, Entry> = map
        .into_iter()
        .map(|(key, fields)| (key.clone(), Entry::read(key, &fields)))
        .collect();
    let completed: Vec<(String, Numbers)> = map
        .values()
        .filter_map(|bare| {
            let twin = map.get(&bare.twin()?)?;
            Some((bare.key.clone(), bare.missing_from(twin)?))
        })
        .collect();
    for (key, numbers) in completed {
        map.get_mut(&key)
            .expect("it is there")
            .numbers
            .extend(numbers);
    }
    map
});

fn read<T: Deserialize<'static>>(fields: &Fields, name: &str) -> Option<T> {
    let value = fields.get(name)?.get();
    Some(serde_json::from_str(value).unwrap_or_else(|why| panic!("{name} {value}: {why}")))
}

fn numbers(fields: &Fields) -> Numbers {
    let is_number = |text: &str| text.starts_with(|first: char| first.is_ascii_digit());
    let numbers = fields.iter().filter(|(_, value)| is_number(value.get()));
    numbers
        .map(|(name, value)| (name.clone(), parse(value.get())))
        .collect()
}

/// The `200` of `input_cost_per_token_above_200k_tokens_flex`.
fn threshold(name: &str) -> Option<u64> {
    name.match_indices("_above_").find_map(|(at, above)| {
        let (number, _) = name[at + above.len()..].split_once("k_tokens")?;
        number.parse().ok()
    })
}

/// Modes whose models are sold by another unit, unless a token has a price above zero.
const OTHER_UNITS: [&str; 8] = [
    "audio_speech",
    "audio_transcription",
    "image_edit",
    "image_generation",
    "ocr",
    "rerank",
    "search",
    "video_generation",
];

impl Entry {
    fn read(key: String, fields: &Fields) -> Entry {
        let steps: Vec<Fields> = read(fields, "tiered_pricing").unwrap_or_default();
        let steps = steps.iter().filter_map(|step| {
            // Steps by the number of search results are not about tokens.
            let [from, to]: [&RawValue; 2] = read(step, "range")?;
            Some(Step {
                from: parse(from.get()),
                to: parse(to.get()),
                numbers: numbers(step),
            })
        });
        let off_peak = read::<Fields>(fields, "off_peak_pricing").map(|fields| OffPeak {
            numbers: numbers(&fields),
            windows: read(&fields, "windows").expect("windows"),
            weekday_timezone: read(&fields, "weekday_timezone").unwrap_or_else(|| "UTC".into()),
        });
        let nested = |name| {
            read::<Fields>(fields, name).map_or_else(Numbers::new, |fields| numbers(&fields))
        };
        let billing: Option<String> = read(fields, "web_search_billing_unit");
        let mut entry = Entry {
            key,
            provider: read(fields, "litellm_provider").unwrap_or_default(),
            mode: read(fields, "mode"),
            thresholds: Vec::new(),
            steps: steps.collect(),
            off_peak,
            search: nested("search_context_cost_per_query"),
            is_search_billed_per_query: billing.as_deref() == Some("per_query"),
            specific: nested("provider_specific_entry"),
            numbers: numbers(fields),
            refusal: None,
        };
        let thresholds: BTreeSet<u64> = entry
            .numbers
            .keys()
            .filter_map(|name| threshold(name))
            .collect();
        entry.thresholds = thresholds.into_iter().rev().collect();
        entry.refusal = if entry.has_unit_error() {
            Some(Refusal::UnitError)
        } else {
            (!entry.is_by_token()).then_some(Refusal::NotByToken)
        };
        entry
    }

    /// The key of the same model of the same provider with the provider's prefix.
    fn twin(&self) -> Option<String> {
        let is_bare = !self.key.contains('/');
        let provider = self.provider.split('-').next()?;
        is_bare.then(|| format!("{provider}/{}", self.key))
    }

    /// What a bare key's twin says of tokens and the bare key does not, where they do not
    /// contradict each other. Example 35 prices `deepseek-chat` so, which leaves out that cache
    /// writes are free.
    fn missing_from(&self, twin: &Entry) -> Option<Numbers> {
        let mut missing = Numbers::new();
        let rates = twin
            .numbers
            .iter()
            .filter(|(name, _)| name.contains("_token"));
        for (name, rate) in rates {
            match self.numbers.get(name) {
                Some(own) if own != rate => return None,
                Some(_) => {}
                None => _ = missing.insert(name.clone(), rate.clone()),
            }
        }
        Some(missing)
    }

    pub fn number(&self, name: &str) -> Option<&Exact> {
        self.numbers.get(name)
    }

    pub fn specific(&self, name: &str) -> Option<&Exact> {
        self.specific.get(name)
    }

    pub fn search_price(&self, size: &str) -> Option<&Exact> {
        self.search.get(&format!("search_context_size_{size}"))
    }

    pub fn is_search_billed_per_query(&self) -> bool {
        self.is_search_billed_per_query
    }

    pub fn is_xai(&self) -> bool {
        self.provider == "xai"
    }

    pub fn is_perplexity(&self) -> bool {
        self.provider == "perplexity"
    }

    pub fn is_fireworks(&self) -> bool {
        self.provider.starts_with("fireworks_ai")
    }

    pub fn is_gemini(&self) -> bool {
        let is_vertex = self.provider.starts_with("vertex_ai");
        self.provider == "gemini" || is_vertex && self.key.contains("gemini")
    }

    pub fn is_embedding(&self) -> bool {
        self.mode.as_deref() == Some("embedding")
    }

    pub fn has_service_tiers(&self) -> bool {
        let without = [
            "xai",
            "deepseek",
            "tencent",
            "perplexity",
            "dashscope",
            "qwencloud",
            "qwen_ai_platform",
            "lemonade",
        ];
        !without.contains(&&*self.provider) && !self.is_fireworks()
    }

    /// The thresholds an input of this length crosses, the highest first.
    pub fn crossed(&self, input_tokens: u64) -> impl Iterator<Item = u64> {
        let is_inclusive = self.is_xai();
        let thresholds = self.thresholds.iter().copied();
        thresholds.filter(move |thousands| {
            let limit = thousands * 1_000;
            input_tokens > limit || is_inclusive && input_tokens == limit
        })
    }

    /// Whether an input of this length is exactly at a threshold.
    pub fn is_at_threshold(&self, input_tokens: u64) -> bool {
        let mut thresholds = self.thresholds.iter();
        thresholds.any(|thousands| thousands * 1_000 == input_tokens)
    }

    /// The numbers of input tokens beyond which a price changes.
    pub fn edges(&self) -> impl Iterator<Item = u64> {
        let thresholds = self.thresholds.iter().map(|thousands| thousands * 1_000);
        let steps = self.steps.iter().map(|step| step.to.to_integer());
        thresholds.chain(steps.map(|to| u64::try_from(to).expect("a number of tokens")))
    }

    /// The rates that replace others at this moment.
    pub fn off_peak(&self, moment: Moment) -> Option<&BTreeMap<String, Exact>> {
        let off_peak = self.off_peak.as_ref()?;
        let weekday = moment.weekday(&off_peak.weekday_timezone);
        let mut windows = off_peak.windows.iter();
        let is_open = windows.any(|window| window.is_open(weekday, moment.minute()));
        is_open.then_some(&off_peak.numbers)
    }

    /// Whether the numbers of this entry have more than 18 decimals somewhere.
    pub fn is_finer_than_attos(&self) -> bool {
        let steps = self.steps.iter().flat_map(|step| step.numbers.values());
        let mut numbers = self.numbers.values().chain(steps);
        numbers.any(is_finer_than_attos)
    }

    /// The prices of tokens of text, cached or not, in dollars.
    fn token_rates(&self) -> impl Iterator<Item = &Exact> {
        let steps = self.steps.iter().flat_map(|step| step.numbers.iter());
        let rates = self.numbers.iter().chain(steps);
        rates
            .filter(|(name, _)| {
                let is_dollars = !name.contains("_dbu_");
                is_dollars && (name.contains("_cost_per_token") || name.contains("_token_cost"))
            })
            .map(|(_, rate)| rate)
    }

    fn has_unit_error(&self) -> bool {
        let limit = parse("1e-3");
        self.token_rates().any(|rate| *rate >= limit)
    }

    /// Whether a token has a price: a real one, or a zero that is not just the other side of a
    /// price by another unit.
    fn is_by_token(&self) -> bool {
        let base = [
            "input_cost_per_token",
            "output_cost_per_token",
            "output_cost_per_image_token",
        ];
        let zero = exact(0);
        let mut rates = base.iter().filter_map(|name| self.number(name)).peekable();
        if rates.peek().is_none() {
            return !self.steps.is_empty();
        }
        if rates.any(|rate| *rate > zero) {
            return true;
        }
        let mode = self.mode.as_deref().unwrap_or_default();
        let has_other_price = self.numbers.iter().any(|(name, price)| {
            name.contains("_cost_per_") && !name.contains("_token") && *price > zero
        });
        let has_input = self.number("input_cost_per_token").is_some();
        has_input && !has_other_price && !OTHER_UNITS.contains(&mode)
    }
}
