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

#[derive(Clone, Copy, Debug, Default)]
pub struct Latencies {
    /// By duration; the last is of those beyond every bound.
    counts: [u64; BOUNDS.len() + 1],
    longest: Duration,
}

impl Latencies {
    pub(super) fn record(&mut self, elapsed: Duration) {
        self.counts[BOUNDS.partition_point(|bound| *bound < elapsed)] += 1;
        self.longest = self.longest.max(elapsed);
    }

    pub(super) fn merge(&mut self, other: &Latencies) {
        for (mine, theirs) in self.counts.iter_mut().zip(other.counts) {
            *mine += theirs;
        }
        self.longest = self.longest.max(other.longest);
    }

    /// Zero when there were none.
    pub fn longest(&self) -> Duration {
        self.longest
    }

    /// A time that so many percent did not exceed: the bound of a bucket, or the longest where that says
    /// more. `None` when there were none.
    pub fn within(&self, percent: u64) -> Option<Duration> {
        let total: u64 = self.counts.iter().sum();
        let wanted = (total * percent).div_ceil(100).max(1);
        let mut seen = 0;
        let reached = self.counts.iter().position(|count| {
            seen += count;
            seen >= wanted
        })?;
        let bound = BOUNDS.get(reached).copied();
        Some(bound.map_or(self.longest, |bound| bound.min(self.longest)))
    }

    /// Each bound in seconds, with how many took no longer than it and longer than the one before. The
    /// last bound is infinite.
    pub fn buckets(&self) -> impl Iterator<Item = (f64, u64)> {
        let bounds = BOUNDS.iter().map(Duration::as_secs_f64);
        bounds.chain([f64::INFINITY]).zip(self.counts)
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

    #[test]
    fn a_percentile_is_a_time_that_so_many_did_not_exceed() {
        let ms = Duration::from_millis;
        for (name, elapsed, half, most) in [
            ("none", vec![], None, None),
            ("one", vec![ms(7)], Some(ms(7)), Some(ms(7))),
            (
                "in one bucket",
                vec![ms(6), ms(7), ms(8)],
                Some(ms(8)),
                Some(ms(8)),
            ),
            (
                "nineteen and one",
                [vec![ms(7); 19], vec![ms(90)]].concat(),
                Some(ms(10)),
                Some(ms(10)),
            ),
            (
                "eighteen and two",
                [vec![ms(7); 18], vec![ms(90); 2]].concat(),
                Some(ms(10)),
                Some(ms(90)),
            ),
            (
                "beyond every bound",
                vec![ms(1), ms(60_000)],
                Some(ms(1)),
                Some(ms(60_000)),
            ),
        ] {
            let mut latencies = Latencies::default();
            for one in elapsed {
                latencies.record(one);
            }
            assert_eq!(latencies.within(50), half, "{name}");
            assert_eq!(latencies.within(95), most, "{name}");
        }
    }
}
