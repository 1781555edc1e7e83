//! What was asked of this instance: counters over labels that are known beforehand.
//!
//! Recording takes one uncontended lock and a few additions: every thread writes to one of a few
//! shards, and a reader clones the shards one by one and adds them up with no lock held. Nothing
//! a client sends becomes a key, except after it was looked up in a fixed table (browser names,
//! ISO 3166 countries), so the memory is bounded whatever is asked.

mod browser;
mod latency;
mod tally;
mod tool;

use std::cell::Cell;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::time::{Duration, SystemTime};

pub use browser::{Browser, browser};
pub use isocountry::CountryCode;
pub use latency::Latencies;
pub use tally::{Adoption, EndpointTally, FeatureTally, GroupTally, Tally, average};
pub use tool::{Tool, ToolTally};

use crate::money::Usd;

/// Enough shards that threads rarely meet, few enough that reading stays cheap.
const SHARDS: usize = 4;

/// What people use beyond the plain endpoints. Fixed, so that the map of features is bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Feature {
    CostEstimate,
    BatchEstimate,
    Compare,
    Cheapest,
    ProviderFilter,
    ModeFilter,
    Search,
    CapabilityFilter,
    ContextFilter,
    PriceFilter,
    IncludeRetired,
    Sorting,
    Paging,
    ModelDetails,
    ConditionalRequest,
    CompressedReply,
}

impl Feature {
    pub const ALL: [Feature; 16] = [
        Feature::CostEstimate,
        Feature::BatchEstimate,
        Feature::Compare,
        Feature::Cheapest,
        Feature::ProviderFilter,
        Feature::ModeFilter,
        Feature::Search,
        Feature::CapabilityFilter,
        Feature::ContextFilter,
        Feature::PriceFilter,
        Feature::IncludeRetired,
        Feature::Sorting,
        Feature::Paging,
        Feature::ModelDetails,
        Feature::ConditionalRequest,
        Feature::CompressedReply,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Feature::CostEstimate => "cost_estimate",
            Feature::BatchEstimate => "cost_estimate_batch",
            Feature::Compare => "compare",
            Feature::Cheapest => "cost_estimate_cheapest",
            Feature::ProviderFilter => "provider_filter",
            Feature::IncludeRetired => "include_retired",
            Feature::ModeFilter => "mode_filter",
            Feature::Search => "search",
            Feature::CapabilityFilter => "capability_filter",
            Feature::ContextFilter => "context_filter",
            Feature::PriceFilter => "price_filter",
            Feature::ModelDetails => "model_details",
            Feature::Sorting => "sorting",
            Feature::Paging => "paging",
            Feature::ConditionalRequest => "conditional_request",
            Feature::CompressedReply => "compressed_reply",
        }
    }
}

/// How many request methods are told apart.
pub const METHODS: usize = 5;

/// Classes of status codes: 1xx to 5xx.
pub const CLASSES: usize = 5;

/// One answered request.
pub struct Record {
    /// Position among the methods that are told apart, below [`METHODS`].
    pub method: usize,
    /// Position in the router's table.
    pub endpoint: usize,
    pub status: u16,
    /// From the moment the request was taken to the moment its reply was ready.
    pub elapsed: Duration,
    pub at: SystemTime,
    pub client: IpAddr,
    pub country: Option<CountryCode>,
    pub browser: Option<Browser>,
}

pub struct Telemetry {
    shards: [Shard; SHARDS],
    since: SystemTime,
}

/// On a cache line of its own, so that two threads do not wait for each other's memory.
#[repr(align(128))]
struct Shard(Mutex<Tally>);

impl Telemetry {
    /// `endpoints` is the length of the router's table.
    pub fn new(endpoints: usize, since: SystemTime) -> Telemetry {
        Telemetry {
            shards: std::array::from_fn(|_| Shard(Mutex::new(Tally::new(endpoints)))),
            since,
        }
    }

    /// When counting began.
    pub fn since(&self) -> SystemTime {
        self.since
    }

    pub fn record(&self, record: &Record) {
        self.shard().record(record);
    }

    /// Counts that a model of `provider` was priced.
    pub fn record_estimate(&self, provider: &str, model: &str, cost: Usd, at: SystemTime) {
        self.shard().record_estimate(provider, model, cost, at);
    }

    pub fn record_feature(&self, feature: Feature, at: SystemTime) {
        self.shard().record_feature(feature, at);
    }

    /// Counts a call of a tool, whether something was wrong with it, and how long it took.
    pub fn record_tool(&self, tool: Tool, is_error: bool, elapsed: Duration) {
        self.shard().record_tool(tool, is_error, elapsed);
    }

    /// Everything counted so far.
    pub fn total(&self) -> Tally {
        let mut total = lock(&self.shards[0]).clone();
        for shard in &self.shards[1..] {
            // Bound to a name first: merging must not happen under the lock.
            let copy = lock(shard).clone();
            total.merge(&copy);
        }
        total
    }

    /// Whether a thread could record right now, for the health check.
    pub fn is_writable(&self) -> bool {
        self.shards
            .iter()
            .any(|shard| !matches!(shard.0.try_lock(), Err(TryLockError::WouldBlock)))
    }

    fn shard(&self) -> MutexGuard<'_, Tally> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            static MINE: Cell<usize> = Cell::new(NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS);
        }
        lock(&self.shards[MINE.get()])
    }
}

fn lock(shard: &Shard) -> MutexGuard<'_, Tally> {
    // Counters are still good after somebody's panic.
    shard
        .0
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}
