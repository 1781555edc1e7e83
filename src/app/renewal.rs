//! Replacing the program: what is done in which order, and taken back when it fails.

use std::convert::Infallible;
use std::os::fd::RawFd;
use std::time::{Duration, Instant};

use log::{info, warn};

use super::{App, flush, routes};
use crate::clock;
use crate::deployment::RenewalState;
use crate::inherited::Legacy;
use crate::renewal::StopSignalsHeld;
use crate::server::{NotHandedOver, Server};

/// How long requests in work may take when the program is replaced. New ones wait meanwhile.
const HANDOVER_PATIENCE: Duration = Duration::from_secs(2);

/// A successor is told of its connections in one environment variable, which has room for so many.
const LEGACY_CONNECTIONS_MAX: usize = 16_000;

impl App {
    /// Returns only when there is no successor.
    pub(super) fn renew(&self) {
        self.lifecycle.begin_renewal();
        self.manager.say(&[
            "RELOADING=1",
            &format!("MONOTONIC_USEC={}", clock::monotonic_us()),
            "STATUS=renewal",
        ]);
        let Err(fault) = self.try_to_renew();
        warn!("not renewed: {fault}");
        self.lifecycle
            .note_renewal(RenewalState::Failed, Some(fault));
        self.manager
            .say(&["READY=1", "STATUS=ready; the last renewal failed"]);
    }

    fn try_to_renew(&self) -> Result<Infallible, String> {
        info!("renewal: asking the program that is to take over");
        let mut next_sign = Instant::now();
        let successor = self.program.check(|| {
            self.give_sign_of_life_at(&mut next_sign);
            self.goes_on()
        })?;
        self.lifecycle.note_renewal(RenewalState::HandingOver, None);
        let outcome = self.hand_over(&successor);
        self.servers().for_each(Server::take_back);
        outcome
    }

    fn hand_over(&self, successor: &str) -> Result<Infallible, String> {
        // A signal that came before has been acted upon by the time everything stands still, and
        // one that comes now is left to the successor.
        let _signals = StopSignalsHeld::hold();
        let connections = stand_still(&self.server)?;
        let admin_connections = self.admin.as_ref().map_or(Ok(Vec::new()), stand_still)?;
        let number = connections.len();
        if number > LEGACY_CONNECTIONS_MAX {
            return Err(format!(
                "{number} connections are open, and {LEGACY_CONNECTIONS_MAX} can be handed over"
            ));
        }
        info!("renewal: {number} connections go to {successor}");
        self.goes_on()?;
        flush(&self.api);
        let cause = self.program.replace(&Legacy {
            main: self.server.listener(),
            admin: self.admin.as_ref().map(Server::listener),
            connections,
            admin_connections,
            is_shared: self.is_listener_shared,
            renewals: self.renewals + 1,
        });
        Err(format!("the program cannot be run: {cause}"))
    }

    /// # Errors
    /// When a shutdown was ordered: then there is no renewal.
    fn goes_on(&self) -> Result<(), String> {
        match self.lifecycle.phase().is_shutting_down() {
            true => Err(stopping()),
            false => Ok(()),
        }
    }
}

fn stopping() -> String {
    "a shutdown was ordered".to_owned()
}

fn stand_still(server: &Server) -> Result<Vec<RawFd>, String> {
    server
        .hand_over(HANDOVER_PATIENCE)
        .map_err(|why| match why {
            NotHandedOver::Stopping => stopping(),
            NotHandedOver::StillBusy(endpoints) => format!(
                "requests took longer than {} s: {}",
                HANDOVER_PATIENCE.as_secs(),
                routes(endpoints)
            ),
        })
}
