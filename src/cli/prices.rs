//! The command line of those who ask for prices: each option is a parameter of the API.

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueHint};

use crate::api;
use crate::catalog::Mode;
use crate::catalog::capability::Capability;
use crate::estimate::{SearchSize, ServiceTier};

/// Where the prices come from.
#[derive(Args)]
pub struct Prices {
    /// As for the server: file that replaces the built-in catalogue
    #[arg(long, env, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub pricing_catalog: Option<String>,
    /// As for the server: file of prices on top of the catalogue
    #[arg(long, env, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub pricing_overrides: Option<String>,
    /// Print the document of the API
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct Models {
    /// Part of a name
    pub search: Option<String>,
    /// Only models of this provider, by name or slug
    #[arg(long, value_name = "NAME")]
    pub provider: Option<String>,
    /// Only models of this kind
    #[arg(long, value_parser = words(Mode::NAMES), value_name = "MODE", hide_possible_values = true)]
    pub mode: Option<String>,
    /// Only models that can do all of this, with commas
    #[arg(
        long,
        value_parser = words(Capability::NAMES),
        value_delimiter = ',',
        value_name = "CAPABILITIES",
        hide_possible_values = true
    )]
    pub supports: Vec<String>,
    /// Only models that take this many tokens
    #[arg(long, value_name = "TOKENS", allow_hyphen_values = true)]
    pub min_context: Option<String>,
    /// Only models whose input costs no more, in USD per million tokens
    #[arg(long, value_name = "USD", allow_hyphen_values = true)]
    pub max_input_price: Option<String>,
    /// Only models whose output costs no more, in USD per million tokens
    #[arg(long, value_name = "USD", allow_hyphen_values = true)]
    pub max_output_price: Option<String>,
    /// Retired models as well
    #[arg(long)]
    pub include_retired: bool,
    /// What comes first, from the best to the worst [default: the id]
    #[arg(long, value_parser = PossibleValuesParser::new(api::sort_words()), value_name = "FIGURE")]
    pub sort_by: Option<String>,
    /// The other way round
    #[arg(long, value_parser = ["asc", "desc"], value_name = "ORDER")]
    pub order: Option<String>,
    /// How many to show
    #[arg(long, value_name = "COUNT", allow_hyphen_values = true)]
    pub limit: Option<String>,
    /// How many to leave out before them
    #[arg(long, value_name = "COUNT", allow_hyphen_values = true)]
    pub offset: Option<String>,
    #[command(flatten)]
    pub prices: Prices,
}

#[derive(Args)]
pub struct Estimate {
    /// Model name, such as gpt-4o or anthropic/claude-sonnet-4-5
    pub model: String,
    #[command(flatten)]
    pub workload: Workload,
    #[command(flatten)]
    pub prices: Prices,
}

#[derive(Args)]
pub struct Compare {
    /// Model names, such as gpt-4o or anthropic/claude-sonnet-4-5
    #[arg(required = true, value_name = "MODEL")]
    pub models: Vec<String>,
    #[command(flatten)]
    pub workload: Workload,
    #[command(flatten)]
    pub prices: Prices,
}

/// A call, and how many of them.
#[derive(Args)]
pub struct Workload {
    /// Input tokens of the call, with all that is cached or audio
    #[arg(long, value_name = "TOKENS", allow_hyphen_values = true)]
    pub input: String,
    /// Output tokens of the call, with all that is reasoning or audio
    #[arg(long, value_name = "TOKENS", allow_hyphen_values = true)]
    pub output: String,
    /// Of the input: read from the cache
    #[arg(long, value_name = "TOKENS", allow_hyphen_values = true)]
    pub cache_read: Option<String>,
    /// Of the input: read from the cache, from 0 to 100 percent, rounded down to whole tokens
    #[arg(
        long,
        value_name = "PERCENT",
        allow_hyphen_values = true,
        conflicts_with = "cache_read"
    )]
    pub cache_read_percent: Option<String>,
    /// Of the input: written to the cache
    #[arg(long, value_name = "TOKENS", allow_hyphen_values = true)]
    pub cache_write: Option<String>,
    /// Of the input: written to the cache for an hour
    #[arg(long, value_name = "TOKENS", allow_hyphen_values = true)]
    pub cache_write_1h: Option<String>,
    /// Of the input: audio
    #[arg(long, value_name = "TOKENS", allow_hyphen_values = true)]
    pub audio_input: Option<String>,
    /// Of the output: audio
    #[arg(long, value_name = "TOKENS", allow_hyphen_values = true)]
    pub audio_output: Option<String>,
    /// Of the output: reasoning
    #[arg(long, value_name = "TOKENS", allow_hyphen_values = true)]
    pub reasoning: Option<String>,
    /// Web searches of the call
    #[arg(long, value_name = "COUNT", allow_hyphen_values = true)]
    pub web_searches: Option<String>,
    /// How much the model looks at in a web search
    #[arg(long, value_parser = words(SearchSize::NAMES), value_name = "SIZE")]
    pub search_context_size: Option<String>,
    /// Tier of service
    #[arg(long, value_parser = words(ServiceTier::NAMES), value_name = "TIER")]
    pub service_tier: Option<String>,
    /// Where the call is processed, such as eu, us-east5 or global
    #[arg(long, value_name = "PLACE")]
    pub region: Option<String>,
    /// Speed of the answer, where it has a price
    #[arg(long, value_parser = ["fast", "standard"], value_name = "SPEED")]
    pub speed: Option<String>,
    /// When the call is made, RFC 3339 [default: now]
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<String>,
    /// A discount of your own, from 0 to 100
    #[arg(long, value_name = "PERCENT", allow_hyphen_values = true)]
    pub discount_percent: Option<String>,
    /// How many such calls
    #[arg(long, value_name = "COUNT", allow_hyphen_values = true)]
    pub requests: Option<String>,
    /// Only models of this provider are meant, by name or slug
    #[arg(long, value_name = "NAME")]
    pub provider: Option<String>,
    /// Price no model that a name means only approximately
    #[arg(long)]
    pub strict: bool,
}

fn words<T, const N: usize>(names: [(T, &'static str); N]) -> PossibleValuesParser {
    PossibleValuesParser::new(names.map(|(_, name)| name))
}
