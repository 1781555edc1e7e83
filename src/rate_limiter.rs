//! How often each client may ask: an allowance per client, in a table that never grows.
//!
//! A client may use its whole allowance for a minute at once; it comes back evenly. The table has
//! room for [`CLIENTS_MAX`] clients. When there is no place for another one, whoever has used the
//! least gives up its own, and starts with a whole allowance if it comes back. So a crowd of
//! addresses can make the limit milder, and nobody is ever refused because of others.

use std::array;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::AtomicUsize;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use gcra::{GcraError, GcraState, RateLimit};

use crate::vitals::{count, read};

/// A client's place is one of these few, and they share a lock: looking takes the same time in a
/// full table as in an empty one.
const PLACES: usize = 16;

const GROUPS: usize = 4_096;

/// More clients than this in a minute, and the limit becomes milder.
pub const CLIENTS_MAX: usize = GROUPS * PLACES;

const MINUTE: Duration = Duration::from_secs(60);

/// The allowances of all clients; 2.6 MB, whatever comes.
pub struct RateLimiter {
    limit: RateLimit,
    /// Its keys are random, so that nobody can choose addresses that fall into one group.
    hasher: RandomState,
    groups: Box<[Mutex<Group>]>,
    refusals: AtomicUsize,
}

type Group = [Place; PLACES];

struct Place {
    client: IpAddr,
    allowance: GcraState,
}

impl Place {
    const EMPTY: Place = Place {
        client: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        allowance: GcraState { tat: None },
    };
}

impl RateLimiter {
    pub fn per_minute(requests: NonZeroU32) -> RateLimiter {
        RateLimiter {
            limit: RateLimit::new(requests.get(), MINUTE),
            hasher: RandomState::new(),
            groups: (0..GROUPS)
                .map(|_| Mutex::new(array::from_fn(|_| Place::EMPTY)))
                .collect(),
            refusals: AtomicUsize::new(0),
        }
    }

    /// How many requests were refused so far.
    pub fn refusals(&self) -> usize {
        read(&self.refusals)
    }

    /// Counts a request of a client's. One that is refused costs it nothing.
    ///
    /// # Errors
    /// How long the client has to wait until it is let in.
    pub fn take(&self, client: IpAddr, now: Instant) -> Result<(), Duration> {
        let client = network(client);
        let group = self.hasher.hash_one(client) as usize % GROUPS;
        let mut group = self.groups[group]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let place = place_of(&mut group, client);
        let taken = place.allowance.check_and_modify_at(&self.limit, now, 1);
        taken.map_err(|refusal| {
            count(&self.refusals);
            match refusal {
                GcraError::DeniedUntil { next_allowed_at } => {
                    next_allowed_at.saturating_duration_since(now)
                }
                GcraError::DeniedIndefinitely { .. } => {
                    unreachable!("one request is within any limit")
                }
            }
        })
    }
}

/// Who has an IPv6 address has 2^64 of them.
fn network(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

/// The client's place, or that of whoever has the most of its allowance left, which loses the least.
/// Nobody has been in an empty place, so it comes before all others.
fn place_of(group: &mut Group, client: IpAddr) -> &mut Place {
    let known = group.iter().position(|place| place.client == client);
    let mine = known.unwrap_or_else(|| {
        let fullest = (0..PLACES).min_by_key(|&place| group[place].allowance.tat);
        let fullest = fullest.expect("a group has places");
        group[fullest] = Place {
            client,
            ..Place::EMPTY
        };
        fullest
    });
    &mut group[mine]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(requests: u32) -> RateLimiter {
        RateLimiter::per_minute(NonZeroU32::new(requests).expect("a limit"))
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_whole_allowance_at_once_and_then_one_by_one() {
        for requests in [1, 7, 60, 1_000, 1_000_000] {
            let limiter = limiter(requests);
            let (client, start) = (ip("192.0.2.1"), Instant::now());
            for request in 0..requests {
                assert_eq!(
                    limiter.take(client, start),
                    Ok(()),
                    "{request} of {requests}"
                );
            }
            let interval = MINUTE / requests;
            let mut now = start;
            // What the division left over may let the very last ones in a little early.
            let early = Duration::from_nanos(requests.into());
            for _ in 0..3 {
                let wait = limiter
                    .take(client, now)
                    .expect_err("the allowance is used up");
                assert!(
                    wait <= interval && wait + early >= interval,
                    "{wait:?}, {requests}"
                );
                assert_eq!(limiter.take(client, now), Err(wait), "asking costs nothing");
                let moment = Duration::from_nanos(1);
                assert_eq!(limiter.take(client, now + wait - moment), Err(moment));
                now += wait;
                assert_eq!(limiter.take(client, now), Ok(()), "who waits is let in");
            }
        }
    }

    #[test]
    fn who_stays_away_for_a_minute_has_the_whole_allowance_again_and_no_more() {
        let limiter = limiter(5);
        let client = ip("192.0.2.1");
        let mut now = Instant::now();
        for pause in [0, 60, 3_600] {
            now += Duration::from_secs(pause);
            let let_in = (0..10).filter(|_| limiter.take(client, now).is_ok());
            assert_eq!(let_in.count(), 5, "after {pause} s");
        }
    }

    #[test]
    fn clients_are_told_apart_and_an_ipv6_network_is_one() {
        let rows = [
            ("itself", "192.0.2.1", "192.0.2.1", true),
            ("a neighbour", "192.0.2.1", "192.0.2.2", false),
            (
                "in the same /64",
                "2001:db8::1",
                "2001:db8::ffff:0:0:1",
                true,
            ),
            ("in the next /64", "2001:db8::1", "2001:db8:0:1::1", false),
            ("in both notations", "192.0.2.1", "::ffff:192.0.2.1", true),
            ("IPv4 and what looks like it", "0.0.0.1", "::1", false),
            ("nowhere", "0.0.0.0", "::", false),
        ];
        for (name, first, second, is_one) in rows {
            let (limiter, now) = (limiter(1), Instant::now());
            assert_eq!(limiter.take(ip(first), now), Ok(()), "{name}");
            assert_eq!(limiter.take(ip(second), now).is_err(), is_one, "{name}");
        }
    }

    /// Addresses of the documentation's network, then those after it.
    fn crowd(count: u32) -> impl Iterator<Item = IpAddr> {
        let first = u32::from(Ipv4Addr::new(198, 51, 100, 0));
        (0..count).map(move |number| Ipv4Addr::from(first + number).into())
    }

    #[test]
    fn a_crowd_gets_nobody_refused_and_leaves_the_greedy_in_their_places() {
        let limiter = limiter(10);
        let (greedy, modest, now) = (ip("192.0.2.1"), ip("192.0.2.2"), Instant::now());
        while limiter.take(greedy, now).is_ok() {}
        assert_eq!(limiter.take(modest, now), Ok(()));
        for stranger in crowd(4 * CLIENTS_MAX as u32) {
            assert_eq!(limiter.take(stranger, now), Ok(()), "{stranger}");
        }
        assert!(limiter.take(greedy, now).is_err(), "still in its place");
        for _ in 0..9 {
            assert_eq!(limiter.take(modest, now), Ok(()), "wherever it is");
        }
    }

    #[test]
    fn half_as_many_as_fit_are_nearly_all_remembered() {
        let (limiter, now) = (limiter(1), Instant::now());
        let clients = CLIENTS_MAX as u32 / 2;
        crowd(clients).for_each(|client| assert_eq!(limiter.take(client, now), Ok(())));
        let forgotten = crowd(clients).filter(|client| limiter.take(*client, now).is_ok());
        let forgotten = forgotten.count() as u32;
        assert!(forgotten < clients / 100, "{forgotten} of {clients}");
    }

    #[test]
    fn threads_together_get_one_allowance() {
        let (limiter, now) = (limiter(1_000), Instant::now());
        let take = || (0..1_000).filter(|_| limiter.take(ip("192.0.2.1"), now).is_ok());
        let let_in: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| take().count())).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().expect("no panic"))
                .sum()
        });
        assert_eq!(let_in, 1_000);
    }
}
