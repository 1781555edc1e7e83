//! Two colours behind a balancer, under load, and the row that is printed of what happened.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitStatus;
use std::time::Duration;

use super::balancer::{Balancer, Kind, free_port, own_host};
use super::load::{Group, Load, Tally, colour_at};
use crate::harness::{Instance, binary, wait_until};

/// What a reply may take in a switch, on a machine that has little else to do. It is printed; on one that
/// builds and tests at the same time only the limit below is held.
pub const SLOW: Duration = Duration::from_millis(250);
pub const SLOWEST_MAX: Duration = Duration::from_secs(1);

/// Common clients, 400 requests a second together.
pub const BUSY: Group = Group {
    clients: 24,
    pause: Duration::from_millis(60),
};
/// Clients that leave their connections alone for most of the time.
pub const MOSTLY_IDLE: Group = Group {
    clients: 40,
    pause: Duration::from_millis(900),
};

/// Requests after which something would have gone wrong, if it were to.
pub const ENOUGH: usize = 150;

/// How often each scenario switches: more in a long run.
pub fn switches() -> usize {
    let setting = std::env::var("HANDOVER_SWITCHES");
    setting.map_or(2, |number| {
        number.parse().expect("HANDOVER_SWITCHES is a number")
    })
}

/// A place where an instance runs, is gone, and comes back.
pub struct Colour {
    pub name: &'static str,
    pub address: SocketAddr,
    settings: Vec<(&'static str, String)>,
    instance: Option<Instance>,
}

impl Colour {
    fn new(name: &'static str, host: Ipv4Addr, settings: &[(&'static str, &str)]) -> Colour {
        let address = free_port(host);
        let mut all = vec![
            ("SERVER_HOST", address.ip().to_string()),
            ("SERVER_PORT", address.port().to_string()),
            ("DEPLOYMENT_GROUP", name.to_owned()),
        ];
        all.extend(
            settings
                .iter()
                .map(|(name, value)| (*name, (*value).to_owned())),
        );
        Colour {
            name,
            address,
            settings: all,
            instance: None,
        }
    }

    fn start(&mut self) {
        let mut command = binary();
        command.envs(self.settings.iter().cloned());
        self.instance = Some(Instance::run(command));
    }

    pub fn instance(&self) -> &Instance {
        self.instance.as_ref().expect("the colour runs")
    }
}

pub struct Stage {
    pub balancer: Balancer,
    colours: [Colour; 2],
    active: usize,
    load: Load,
    kind: Kind,
    switches: usize,
    exits: Vec<String>,
}

impl Stage {
    /// Blue at work behind a balancer, with these settings of both colours, and load on it.
    pub fn set(kind: Kind, settings: &[(&'static str, &str)], load: &[Group]) -> Stage {
        let host = own_host();
        let mut colours = ["blue", "green"].map(|name| Colour::new(name, host, settings));
        colours[0].start();
        let addresses = [colours[0].address, colours[1].address];
        let balancer = Balancer::start(kind, host, addresses);
        let load = Load::start(balancer.address, load, SLOW);
        Stage {
            balancer,
            colours,
            active: 0,
            load,
            kind,
            switches: 0,
            exits: Vec::new(),
        }
    }

    pub fn active(&self) -> &Colour {
        &self.colours[self.active]
    }

    pub fn other(&self) -> &Colour {
        &self.colours[1 - self.active]
    }

    /// Starts the other colour and waits until it is ready.
    pub fn start_other(&mut self) {
        self.colours[1 - self.active].start();
    }

    /// Waits until the balancer gives the other colour new clients, and the old ones have asked again.
    #[track_caller]
    pub fn wait_for_other(&self) {
        let name = self.other().name;
        wait_until(&format!("an answer by {name}"), || {
            colour_at(self.balancer.address).is_ok_and(|colour| colour == name)
        });
        self.wait_for_requests(ENOUGH);
    }

    /// Waits for so many more answers.
    #[track_caller]
    pub fn wait_for_requests(&self, number: usize) {
        let before = self.load.so_far().requests();
        wait_until(&format!("{number} more requests"), || {
            self.load.so_far().requests() >= before + number
        });
    }

    /// Sends the active colour a signal, waits until it is gone and missed by nobody.
    #[track_caller]
    pub fn retire(&mut self, signal: &str) {
        self.active().instance().signal(signal);
        self.wait_for_the_end();
        self.wait_for_requests(ENOUGH);
    }

    /// Waits until the active colour, which was told to go, has gone; the other one is active then.
    #[track_caller]
    pub fn wait_for_the_end(&mut self) {
        let gone = self.colours[self.active].instance.take();
        let status = gone.expect("the colour runs").wait_for_exit();
        self.exits.push(described(status));
        self.active = 1 - self.active;
        self.switches += 1;
    }

    /// Ends the load, prints what came of it, and claims that nobody's request failed.
    #[track_caller]
    pub fn end(self, scenario: &str, exit: &str, slowest_max: Duration) -> usize {
        let tally = self.load.end();
        let place = self.kind.name();
        report(scenario, place, self.switches, &tally, &self.exits);
        assert_eq!(self.exits, vec![exit; self.switches], "how they ended");
        assert_nobody_failed(&tally, slowest_max);
        tally.requests()
    }
}

/// How a process ended, in one word.
pub fn described(status: ExitStatus) -> String {
    let code = status.code().map(|code| code.to_string());
    code.unwrap_or_else(|| "killed".to_owned())
}

/// Prints the row of a scenario.
pub fn report(scenario: &str, place: &str, switches: usize, tally: &Tally, exits: &[String]) {
    let mut exits = exits.to_vec();
    exits.dedup();
    println!(
        "{scenario:<34} {place:<14} {switches:>3} switches {:>6} requests {:>2} failed, slowest {:>4} ms, exit {}",
        tally.requests(),
        tally.failed(),
        tally.slowest().as_millis(),
        exits.join(", "),
    );
}

#[track_caller]
pub fn assert_nobody_failed(tally: &Tally, slowest_max: Duration) {
    let Tally { failures, counts } = tally;
    assert_eq!(tally.failed(), 0, "{failures:?}\n{counts:?}");
    assert!(tally.slowest() < slowest_max, "{counts:?}");
}
