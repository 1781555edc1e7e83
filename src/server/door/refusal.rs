//! Why a request goes no further than the door, and what its client is told.

use std::sync::atomic::AtomicUsize;

use crate::config::Limits;
use crate::deployment::Phase;
use crate::exchange::Reply;
use crate::vitals::Refused;

/// After each the connection is closed: where the next request would start is not known, or not
/// worth waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// 400, and what is wrong.
    Malformed(&'static str),
    /// 408: the head was not complete in time.
    HeadTimeout,
    /// 408: the body was not.
    BodyTimeout,
    /// 413.
    BodyTooLarge,
    /// 414.
    TargetTooLong,
    /// 417: an expectation other than `100-continue`.
    Expectation,
    /// 431: too many header fields, or too long ones.
    HeadTooLarge,
    /// 501: a transfer coding other than chunked.
    TransferCoding,
    /// 505: neither HTTP/1.0 nor HTTP/1.1.
    Version,
    /// 503: the phase admits no business, so the body need not be read.
    NotAdmitted(Phase),
}

impl Refusal {
    pub fn reply(self, limits: &Limits) -> Reply {
        let seconds = |limit: std::time::Duration| limit.as_secs_f64();
        match self {
            Refusal::Malformed(what) => Reply::detail(400, &format!("Bad request: {what}")),
            Refusal::HeadTimeout => Reply::detail(
                408,
                &format!(
                    "The request head was not complete within {} seconds",
                    seconds(limits.head_timeout)
                ),
            ),
            Refusal::BodyTimeout => Reply::detail(
                408,
                &format!(
                    "The request body was not complete within {} seconds",
                    seconds(limits.body_timeout)
                ),
            ),
            Refusal::BodyTooLarge => Reply::detail(
                413,
                &format!(
                    "The request body is larger than {} bytes",
                    limits.body_bytes_max
                ),
            ),
            Refusal::TargetTooLong => Reply::detail(
                414,
                "The request target is too long; send less in the query",
            ),
            Refusal::Expectation => {
                Reply::detail(417, "The only expectation supported is 100-continue")
            }
            Refusal::HeadTooLarge => Reply::detail(
                431,
                &format!(
                    "The request head has more than 100 fields or {} bytes",
                    limits.head_bytes_max
                ),
            ),
            Refusal::TransferCoding => {
                Reply::detail(501, "The only transfer coding supported is chunked")
            }
            Refusal::Version => Reply::detail(
                505,
                "The only HTTP versions supported are HTTP/1.0 and HTTP/1.1",
            ),
            Refusal::NotAdmitted(phase) => super::super::refusal(phase),
        }
    }

    /// Where it is counted; the gate counts those it does not admit.
    pub fn counter(self, refused: &Refused) -> Option<&AtomicUsize> {
        Some(match self {
            Refusal::Malformed(_) => &refused.bad_request,
            Refusal::HeadTimeout => &refused.head_timeout,
            Refusal::BodyTimeout => &refused.body_timeout,
            Refusal::BodyTooLarge => &refused.body_too_large,
            Refusal::TargetTooLong => &refused.target_too_long,
            Refusal::Expectation => &refused.expectation,
            Refusal::HeadTooLarge => &refused.head_too_large,
            Refusal::TransferCoding => &refused.transfer_coding,
            Refusal::Version => &refused.http_version,
            Refusal::NotAdmitted(_) => return None,
        })
    }
}
