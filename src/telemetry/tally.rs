//! The counters themselves: what one shard holds, and what several add up to.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use cardinality_estimator::CardinalityEstimator;
use isocountry::CountryCode;

use super::latency::Latencies;
use super::{Browser, CLASSES, Feature, METHODS, Record, Tool, ToolTally};
use crate::money::Usd;

/// Distinct things seen: exact up to about a hundred, then HyperLogLog++ (1.6 % standard error)
/// in at most 3 KB.
type Distinct<T> = CardinalityEstimator<T>;

/// The parser's table holds some dozens of names; should it ever grow, we do not grow with it.
const BROWSERS_MAX: usize = 64;

/// Providers come from the catalogue, never from a request; this is for catalogues out of hand.
const PROVIDERS_MAX: usize = 1_024;

/// One endpoint's requests.
#[derive(Clone, Default)]
pub struct EndpointTally {
    pub calls: u64,
    /// Replies with a status of 400 or more.
    pub errors: u64,
    pub total_time: Duration,
    pub min_time: Option<Duration>,
    pub latencies: Latencies,
    /// By method and class of status.
    pub replies: [[u64; CLASSES]; METHODS],
    pub first: Option<SystemTime>,
    pub last: Option<SystemTime>,
}

/// One provider's priced models.
#[derive(Clone)]
pub struct Adoption {
    pub estimates: u64,
    pub total_cost: Usd,
    pub last: SystemTime,
    models: Distinct<str>,
}

impl Adoption {
    /// How many different models were asked for.
    pub fn unique_models(&self) -> usize {
        self.models.estimate()
    }
}

#[derive(Clone, Default)]
pub struct FeatureTally {
    pub uses: u64,
    pub last: Option<SystemTime>,
}

/// The requests of one group of clients: a country, or a browser.
#[derive(Clone, Default)]
pub struct GroupTally {
    pub requests: u64,
    clients: Distinct<IpAddr>,
}

impl GroupTally {
    pub fn unique_clients(&self) -> usize {
        self.clients.estimate()
    }
}

#[derive(Clone)]
pub struct Tally {
    pub endpoints: Box<[EndpointTally]>,
    pub providers: HashMap<Arc<str>, Adoption>,
    pub features: [FeatureTally; Feature::ALL.len()],
    pub tools: [ToolTally; Tool::ALL.len()],
    pub countries: HashMap<CountryCode, GroupTally>,
    pub browsers: HashMap<Browser, GroupTally>,
    clients: Distinct<IpAddr>,
}

impl Tally {
    pub(super) fn new(endpoints: usize) -> Tally {
        Tally {
            endpoints: vec![EndpointTally::default(); endpoints].into(),
            providers: HashMap::new(),
            features: Default::default(),
            tools: Default::default(),
            countries: HashMap::new(),
            browsers: HashMap::new(),
            clients: Distinct::new(),
        }
    }

    pub fn unique_clients(&self) -> usize {
        self.clients.estimate()
    }

    /// How long all requests took, of whichever endpoint.
    pub fn latencies(&self) -> Latencies {
        let mut all = Latencies::default();
        for endpoint in &self.endpoints {
            all.merge(&endpoint.latencies);
        }
        all
    }

    pub(super) fn record(&mut self, record: &Record) {
        self.endpoints[record.endpoint].record(record);
        self.clients.insert(&record.client);
        if let Some(country) = record.country {
            self.countries
                .entry(country)
                .or_default()
                .record(&record.client);
        }
        if let Some(browser) = &record.browser {
            if let Some(group) = self.browsers.get_mut(browser) {
                group.record(&record.client);
            } else if self.browsers.len() < BROWSERS_MAX {
                self.browsers
                    .entry(browser.clone())
                    .or_default()
                    .record(&record.client);
            }
        }
    }

    pub(super) fn record_estimate(
        &mut self,
        provider: &str,
        model: &str,
        cost: Usd,
        at: SystemTime,
    ) {
        if !self.providers.contains_key(provider) {
            if self.providers.len() >= PROVIDERS_MAX {
                return;
            }
            self.providers.insert(provider.into(), Adoption::new(at));
        }
        let adoption = self
            .providers
            .get_mut(provider)
            .expect("inserted just above");
        adoption.estimates += 1;
        adoption.total_cost = adoption.total_cost + cost;
        adoption.last = at;
        adoption.models.insert(model);
    }

    pub(super) fn record_feature(&mut self, feature: Feature, at: SystemTime) {
        let tally = &mut self.features[feature as usize];
        tally.uses += 1;
        tally.last = Some(at);
    }

    pub(super) fn record_tool(&mut self, tool: Tool, is_error: bool, elapsed: Duration) {
        let tally = &mut self.tools[tool as usize];
        tally.calls += 1;
        tally.errors += u64::from(is_error);
        tally.latencies.record(elapsed);
    }

    pub(super) fn merge(&mut self, other: &Tally) {
        for (mine, theirs) in self.endpoints.iter_mut().zip(&other.endpoints) {
            mine.merge(theirs);
        }
        for (provider, theirs) in &other.providers {
            self.providers
                .entry(provider.clone())
                .or_insert_with(|| Adoption::new(theirs.last))
                .merge(theirs);
        }
        for (mine, theirs) in self.features.iter_mut().zip(&other.features) {
            mine.uses += theirs.uses;
            mine.last = mine.last.max(theirs.last);
        }
        for (mine, theirs) in self.tools.iter_mut().zip(&other.tools) {
            mine.calls += theirs.calls;
            mine.errors += theirs.errors;
            mine.latencies.merge(&theirs.latencies);
        }
        for (country, theirs) in &other.countries {
            self.countries.entry(*country).or_default().merge(theirs);
        }
        for (browser, theirs) in &other.browsers {
            self.browsers
                .entry(browser.clone())
                .or_default()
                .merge(theirs);
        }
        self.clients.merge(&other.clients);
    }
}

impl EndpointTally {
    fn record(&mut self, record: &Record) {
        self.calls += 1;
        self.errors += u64::from(record.status >= 400);
        self.total_time += record.elapsed;
        self.min_time = Some(
            self.min_time
                .map_or(record.elapsed, |min| min.min(record.elapsed)),
        );
        self.latencies.record(record.elapsed);
        let class = usize::from(record.status / 100).clamp(1, CLASSES) - 1;
        self.replies[record.method][class] += 1;
        self.first.get_or_insert(record.at);
        self.last = Some(record.at);
    }

    fn merge(&mut self, other: &EndpointTally) {
        self.calls += other.calls;
        self.errors += other.errors;
        self.total_time += other.total_time;
        self.min_time = [self.min_time, other.min_time].into_iter().flatten().min();
        self.latencies.merge(&other.latencies);
        let replies = self.replies.iter_mut().flatten();
        for (mine, theirs) in replies.zip(other.replies.iter().flatten()) {
            *mine += theirs;
        }
        self.first = [self.first, other.first].into_iter().flatten().min();
        self.last = self.last.max(other.last);
    }

    /// The mean response time; 0 before the first call.
    pub fn average(&self) -> Duration {
        average(self.total_time, self.calls)
    }
}

/// The mean of what adds up to `total`, in whole nanoseconds; 0 of nothing.
pub fn average(total: Duration, count: u64) -> Duration {
    let nanos = total
        .as_nanos()
        .checked_div(count.into())
        .unwrap_or_default();
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

impl Adoption {
    fn new(at: SystemTime) -> Adoption {
        Adoption {
            estimates: 0,
            total_cost: Usd::ZERO,
            last: at,
            models: Distinct::new(),
        }
    }

    fn merge(&mut self, other: &Adoption) {
        self.estimates += other.estimates;
        self.total_cost = self.total_cost + other.total_cost;
        self.last = self.last.max(other.last);
        self.models.merge(&other.models);
    }
}

impl GroupTally {
    fn record(&mut self, client: &IpAddr) {
        self.requests += 1;
        self.clients.insert(client);
    }

    fn merge(&mut self, other: &GroupTally) {
        self.requests += other.requests;
        self.clients.merge(&other.clients);
    }
}
