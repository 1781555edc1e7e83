//! Replacing the program in place: ordered like a shutdown, but the instance stays.

use std::time::SystemTime;

use super::{Lifecycle, Phase};

/// How a renewal stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RenewalState {
    /// None was ordered since the program started.
    #[default]
    None,
    /// The program that is to take over is asked whether it could.
    Checking,
    /// It takes over.
    HandingOver,
    /// It could not, and this one stays.
    Failed,
}

impl RenewalState {
    /// The word used in replies and log lines.
    pub fn as_str(self) -> &'static str {
        match self {
            RenewalState::None => "none",
            RenewalState::Checking => "checking",
            RenewalState::HandingOver => "handing_over",
            RenewalState::Failed => "failed",
        }
    }

    fn is_under_way(self) -> bool {
        matches!(self, RenewalState::Checking | RenewalState::HandingOver)
    }
}

/// What can be said about renewals.
#[derive(Clone, Debug, Default)]
pub struct RenewalStatus {
    pub state: RenewalState,
    /// When the last one was ordered.
    pub started_at: Option<SystemTime>,
    /// Why it failed.
    pub fault: Option<String>,
}

/// The renewal as the gate keeps it.
#[derive(Default)]
pub(super) struct Renewal {
    status: RenewalStatus,
    /// Somebody ordered it, and the main thread has not begun.
    is_ordered: bool,
}

impl Renewal {
    pub(super) fn is_wanted(&self) -> bool {
        self.is_ordered
    }
}

impl Lifecycle {
    /// Orders a renewal. One that is under way is not begun again.
    ///
    /// # Errors
    /// The phase, when it is not Ready: an instance that starts or leaves is not renewed.
    pub fn order_renewal(&self, wall_clock: SystemTime) -> Result<RenewalStatus, Phase> {
        let mut orders = self.gate.lock();
        let phase = self.gate.phase();
        if phase != Phase::Ready {
            return Err(phase);
        }
        if !orders.renewal.status.state.is_under_way() {
            orders.renewal = Renewal {
                status: RenewalStatus {
                    state: RenewalState::Checking,
                    started_at: Some(wall_clock),
                    fault: None,
                },
                is_ordered: true,
            };
            // The phase stays; whoever waits is told.
            self.gate.advance(&mut orders, phase);
        }
        Ok(orders.renewal.status.clone())
    }

    /// The main thread has begun with the renewal.
    pub fn begin_renewal(&self) {
        self.gate.lock().renewal.is_ordered = false;
    }

    /// How the renewal under way goes on.
    pub fn note_renewal(&self, state: RenewalState, fault: Option<String>) {
        let status = &mut self.gate.lock().renewal.status;
        (status.state, status.fault) = (state, fault);
    }

    pub fn renewal(&self) -> RenewalStatus {
        self.gate.lock().renewal.status.clone()
    }
}
