//! Metric families as plain data, and both ways to write them.

use std::borrow::Cow;
use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};

/// A label and its value.
pub type Label<'a> = (&'static str, Cow<'a, str>);

/// All families of one scrape, in the order in which they were begun.
#[derive(Debug, Default)]
pub struct Families(Vec<Family>);

#[derive(Debug)]
struct Family {
    name: &'static str,
    help: &'static str,
    unit: Option<Unit>,
    samples: Vec<(Vec<Label<'static>>, Value)>,
}

#[derive(Debug)]
pub enum Value {
    /// What only grows.
    Counter(f64),
    Gauge(f64),
    /// The labels are all there is to say.
    Info,
    Histogram {
        /// In the unit of the family.
        sum: f64,
        /// Bounds, and how many are between each and the one before.
        buckets: Vec<(f64, u64)>,
    },
}

impl Families {
    /// Begins a family; its samples follow. One without samples is left out.
    pub fn family(&mut self, name: &'static str, help: &'static str) {
        self.0.push(Family {
            name,
            help,
            unit: None,
            samples: Vec::new(),
        });
    }

    /// The same with a unit, which becomes the end of the name.
    pub fn family_in(&mut self, unit: Unit, name: &'static str, help: &'static str) {
        self.family(name, help);
        if let Some(family) = self.0.last_mut() {
            family.unit = Some(unit);
        }
    }

    /// Adds a sample to the family that was begun last.
    pub fn sample<'a>(&mut self, labels: impl IntoIterator<Item = Label<'a>>, value: Value) {
        let owned = |(name, value): Label| (name, Cow::Owned(value.into_owned()));
        if let Some(family) = self.0.last_mut() {
            let labels = labels.into_iter().map(owned).collect();
            family.samples.push((labels, value));
        }
    }

    /// A family of one counter without labels.
    pub fn counter(&mut self, name: &'static str, help: &'static str, value: f64) {
        self.family(name, help);
        self.sample([], Value::Counter(value));
    }

    /// A family of one gauge without labels.
    pub fn gauge(&mut self, name: &'static str, help: &'static str, value: f64) {
        self.family(name, help);
        self.sample([], Value::Gauge(value));
    }

    /// OpenMetrics 1.0 text.
    pub fn into_openmetrics(self) -> String {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(self));
        let mut text = String::with_capacity(32 << 10);
        encode(&mut text, &registry).expect("a string takes every character");
        text
    }
}

impl Collector for Families {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        for family in &self.0 {
            let Some((_, first)) = family.samples.first() else {
                continue;
            };
            let unit = family.unit.as_ref();
            let mut metrics =
                encoder.encode_descriptor(family.name, family.help, unit, first.kind())?;
            for (labels, value) in &family.samples {
                match value {
                    Value::Info => metrics.encode_info(labels)?,
                    // Without labels there are no braces either.
                    _ if labels.is_empty() => value.encode(&mut metrics)?,
                    _ => value.encode(&mut metrics.encode_family(labels)?)?,
                }
            }
        }
        Ok(())
    }
}

impl Value {
    fn kind(&self) -> MetricType {
        match self {
            Value::Counter(_) => MetricType::Counter,
            Value::Gauge(_) => MetricType::Gauge,
            Value::Info => MetricType::Info,
            Value::Histogram { .. } => MetricType::Histogram,
        }
    }

    fn encode(&self, encoder: &mut MetricEncoder) -> fmt::Result {
        match self {
            Value::Counter(value) => encoder.encode_counter::<NoLabelSet, _, f64>(value, None),
            Value::Gauge(value) => encoder.encode_gauge(value),
            // Its labels are its value, and are written with it.
            Value::Info => Ok(()),
            Value::Histogram { sum, buckets } => {
                let count = buckets.iter().map(|(_, count)| count).sum();
                encoder.encode_histogram::<NoLabelSet>(*sum, count, buckets, None)
            }
        }
    }
}

/// The text format 0.0.4: what OpenMetrics says of a family, it says of its samples' names, and it knows
/// neither units nor infos nor an end.
pub fn as_text(openmetrics: &str) -> String {
    let mut text = String::with_capacity(openmetrics.len());
    let mut help = None;
    for line in openmetrics.lines() {
        let Some(comment) = line.strip_prefix("# ") else {
            text.push_str(line);
            text.push('\n');
            continue;
        };
        match comment.split_once(' ') {
            Some(("HELP", rest)) => help = rest.split_once(' ').map(|(_, help)| help),
            Some(("TYPE", rest)) => {
                let (name, kind) = rest.split_once(' ').unwrap_or((rest, "unknown"));
                let (end, kind) = match kind {
                    "counter" => ("_total", kind),
                    "info" => ("_info", "gauge"),
                    "unknown" => ("", "untyped"),
                    _ => ("", kind),
                };
                let help = help.take().unwrap_or_default();
                text.push_str(&format!(
                    "# HELP {name}{end} {help}\n# TYPE {name}{end} {kind}\n"
                ));
            }
            _ => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_formats_say_the_same() {
        let mut families = Families::default();
        families.family("requests", "Requests.");
        for (route, count) in [("/", 2.0), ("/\"\\\n", 1.0)] {
            families.sample([("route", route.into())], Value::Counter(count));
        }
        families.family("nothing", "A family without samples.");
        families.family_in(Unit::Seconds, "uptime", "How long.");
        families.sample([], Value::Gauge(1.5));
        families.family("build", "What it is.");
        families.sample([("version", "1".into())], Value::Info);
        families.family_in(Unit::Seconds, "time", "How long, too.");
        let buckets = vec![(0.5, 1), (f64::INFINITY, 2)];
        families.sample([], Value::Histogram { sum: 4.5, buckets });
        let openmetrics = families.into_openmetrics();
        assert_eq!(
            openmetrics,
            "# HELP requests Requests.\n# TYPE requests counter\n\
             requests_total{route=\"/\"} 2.0\nrequests_total{route=\"/\\\"\\\\\\n\"} 1.0\n\
             # HELP uptime_seconds How long.\n# TYPE uptime_seconds gauge\n# UNIT uptime_seconds seconds\n\
             uptime_seconds 1.5\n\
             # HELP build What it is.\n# TYPE build info\nbuild_info{version=\"1\"} 1\n\
             # HELP time_seconds How long, too.\n# TYPE time_seconds histogram\n# UNIT time_seconds seconds\n\
             time_seconds_sum 4.5\ntime_seconds_count 3\n\
             time_seconds_bucket{le=\"0.5\"} 1\ntime_seconds_bucket{le=\"+Inf\"} 3\n# EOF\n"
        );
        assert_eq!(
            as_text(&openmetrics),
            "# HELP requests_total Requests.\n# TYPE requests_total counter\n\
             requests_total{route=\"/\"} 2.0\nrequests_total{route=\"/\\\"\\\\\\n\"} 1.0\n\
             # HELP uptime_seconds How long.\n# TYPE uptime_seconds gauge\nuptime_seconds 1.5\n\
             # HELP build_info What it is.\n# TYPE build_info gauge\nbuild_info{version=\"1\"} 1\n\
             # HELP time_seconds How long, too.\n# TYPE time_seconds histogram\n\
             time_seconds_sum 4.5\ntime_seconds_count 3\n\
             time_seconds_bucket{le=\"0.5\"} 1\ntime_seconds_bucket{le=\"+Inf\"} 3\n"
        );
    }
}
