//! Hostile clients: raw sockets that do what clients must not, each bounded in count and in time.
//!
//! The tests, the attack table (`benches/attack.rs`) and the soak (`benches/soak.rs`) share them, so
//! they know nothing of any of these: they get an address, and say how their connections ended.

mod floods;
mod lies;
mod mix;
mod nonsense;
mod slow;
pub mod watch;
pub mod wire;

use std::net::SocketAddr;
use std::time::Duration;

use wire::Ends;

/// What one attack needs to know.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub address: SocketAddr,
    /// How long to keep up what takes time; what does not ends sooner.
    pub hold: Duration,
    /// Where the random ones begin: the same seed gives the same bytes.
    pub seed: u64,
}

/// What a server is deprived of before it is attacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confinement {
    None,
    Descriptors(u32),
    Threads(u32),
}

/// One kind of attack.
pub struct Family {
    pub name: &'static str,
    pub confinement: Confinement,
    pub attack: fn(&Plan) -> Ends,
}

const fn family(name: &'static str, attack: fn(&Plan) -> Ends) -> Family {
    Family {
        name,
        confinement: Confinement::None,
        attack,
    }
}

pub const FAMILIES: [Family; 19] = [
    family("huge lengths", lies::huge_lengths),
    family("contradictory lengths", lies::contradictory_lengths),
    family("other versions", lies::other_versions),
    family("endless header line", floods::endless_header_line),
    family("endless headers", floods::endless_headers),
    family("slow heads", slow::heads),
    family("slow bodies", slow::bodies),
    family("slow readers", slow::readers),
    family("one long pipeline", floods::one_long_pipeline),
    family("twenty pipelines", floods::twenty_pipelines),
    family("idle connections", floods::idle_connections),
    Family {
        name: "idle, 256 descriptors",
        confinement: Confinement::Descriptors(256),
        attack: floods::idle_connections,
    },
    Family {
        name: "idle, 64 threads",
        confinement: Confinement::Threads(64),
        attack: floods::idle_connections,
    },
    family("resets", floods::resets),
    family("malformed JSON", nonsense::malformed_json),
    family("wrong methods", nonsense::wrong_methods),
    family("TLS and noise", nonsense::noise),
    family("requests gone wrong", nonsense::requests_gone_wrong),
    family("a mix", mix::of_everything),
];

/// Random numbers that are the same for the same seed (splitmix64).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `end`, without `end`, which must not be 0.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }
}
