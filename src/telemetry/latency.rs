//! How long requests took, in buckets that Prometheus adds up over instances.

use std::time::Duration;

/// Upper bounds of the buckets, each with its own. From half of what an estimate takes to what a client
/// may take to send its body.
pub const BOUNDS: [Duration; 17] = [
    Duration::from_micros(10),
    Duration::from_micros(25),
    Duration::from_micros(50),
    Duration::from_micros(100),
    Duration::from_micros(250),
    Duration::from_micros(500),
    Duration::from_millis(1),
    Duration::from_micros(2_500),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_secs(1),
    Duration::from_millis(2_500),
    Duration::from_secs(10),
];

/// Counts by duration; the last is of those beyond every bound.
#[derive(Clone, Copy, Debug, Default)]
pub struct Latencies([u64; BOUNDS.len() + 1]);

impl Latencies {
    pub(super) fn record(&mut self, elapsed: Duration) {
        self.0[BOUNDS.partition_point(|bound| *bound < elapsed)] += 1;
    }

    pub(super) fn merge(&mut self, other: &Latencies) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine += theirs;
        }
    }

    /// Each bound in seconds, with how many took no longer than it and longer than the one before. The
    /// last bound is infinite.
    pub fn buckets(&self) -> impl Iterator<Item = (f64, u64)> {
        let bounds = BOUNDS.iter().map(Duration::as_secs_f64);
        bounds.chain([f64::INFINITY]).zip(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_its_bucket() {
        for (name, elapsed, at) in [
            ("nothing", Duration::ZERO, 0),
            ("a bound", BOUNDS[3], 3),
            ("just beyond", BOUNDS[3] + Duration::from_nanos(1), 4),
            ("beyond all", Duration::from_secs(3_600), BOUNDS.len()),
        ] {
            let mut latencies = Latencies::default();
            latencies.record(elapsed);
            let counts: Vec<u64> = latencies.buckets().map(|(_, count)| count).collect();
            assert_eq!(
                counts.iter().position(|count| *count == 1),
                Some(at),
                "{name}"
            );
        }
        assert!(BOUNDS.is_sorted());
    }
}
