//! Everything that can be wrong with a call, and how the contract says it.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::naming::{Candidate, Misnomer};
use crate::deployment::Phase;
use crate::estimate::Unpriced;
use crate::exchange::Reply;

/// A call that is not answered with what it asked for.
#[derive(Debug)]
pub enum Fault {
    /// The call does not have the shape it must have: every problem found.
    Invalid(Vec<Problem>),
    /// The name leads to no one model.
    Misnomer(Misnomer),
    /// The model has no price for these tokens.
    Unpriced {
        id: String,
        why: Unpriced,
    },
    UnknownPath,
    WrongMethod {
        allowed: &'static str,
    },
    /// More business requests than the client may send.
    TooOften {
        /// Until one is let in again.
        wait: Duration,
    },
    /// No key, or a wrong one, in the header of that name.
    KeyNeeded {
        header: String,
    },
    /// No shutdown token, or a wrong one.
    TokenNeeded,
    /// Shutting down is for direct loopback peers here.
    NotLocal,
    /// Ordered on the main port, and there is an admin port.
    AdminPortOnly,
    /// Only an instance that is ready can be renewed.
    NotRenewable(Phase),
    /// Business before the catalogue is there.
    Starting,
}

/// Everything that is wrong with the shape of a call.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "HTTPValidationError")]
pub struct Invalid<'a> {
    detail: &'a [Problem],
}

/// A name that leads to no one model.
#[derive(Serialize, JsonSchema)]
pub struct Misnamed<'a> {
    detail: String,
    /// Names that exist, the likest first; of a name that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    suggestions: Option<&'a [String]>,
    /// The models that have the name, when there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    candidates: Option<&'a [Candidate]>,
}

/// One thing that is wrong with a body or a query, in the shape the v1 service had it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ValidationError")]
pub struct Problem {
    /// A stable code, such as `missing` or `int_type`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Where: `["body", "input_tokens"]`, `["body", 17]` for a byte offset.
    pub loc: Vec<Place>,
    pub msg: String,
    /// What was sent there, shortened.
    pub input: Value,
}

/// A part of where something is: a field, or the place in a list or a text.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Place {
    Name(String),
    Index(usize),
}

impl Problem {
    pub fn new(kind: &'static str, loc: Vec<Place>, msg: impl Into<String>, input: Value) -> Self {
        Problem {
            kind,
            loc,
            msg: msg.into(),
            input,
        }
    }
}

impl From<&str> for Place {
    fn from(name: &str) -> Place {
        Place::Name(name.to_owned())
    }
}

impl From<usize> for Place {
    fn from(index: usize) -> Place {
        Place::Index(index)
    }
}

impl Fault {
    /// The one place where faults meet statuses.
    pub fn reply(&self) -> Reply {
        match self {
            Fault::Invalid(problems) => Reply::json(422, &Invalid { detail: problems }),
            Fault::Misnomer(misnomer) => {
                let status = match misnomer {
                    Misnomer::Unusable { .. } => 422,
                    Misnomer::Unknown { .. } => 404,
                    Misnomer::Ambiguous { .. } => 409,
                };
                let body = Misnamed {
                    detail: misnomer.to_string(),
                    suggestions: misnomer.suggestions(),
                    candidates: misnomer.candidates(),
                };
                Reply::json(status, &body)
            }
            Fault::Unpriced { id, why } => {
                Reply::detail(422, &format!("Model '{id}' cannot be priced: {why}"))
            }
            Fault::UnknownPath => Reply::detail(404, "Not Found; GET / lists all endpoints"),
            Fault::WrongMethod { allowed } => {
                Reply::detail(405, &format!("Method Not Allowed; use {allowed}"))
                    .with("Allow", *allowed)
            }
            Fault::TooOften { wait } => {
                // Rounded up: whoever comes back then is let in.
                let seconds = wait.as_nanos().div_ceil(1_000_000_000).max(1);
                let unit = if seconds == 1 { "second" } else { "seconds" };
                Reply::detail(
                    429,
                    &format!("Too many requests from this address; try again in {seconds} {unit}"),
                )
                .with("Retry-After", seconds.to_string())
            }
            Fault::KeyNeeded { header } => Reply::detail(
                401,
                &format!("Invalid or missing API key; send it in the header {header}"),
            )
            .with("WWW-Authenticate", "ApiKey"),
            Fault::TokenNeeded => Reply::detail(
                401,
                "Invalid or missing shutdown token; send it as Authorization: Bearer <token>",
            )
            .with("WWW-Authenticate", "Bearer"),
            Fault::NotLocal => Reply::detail(
                403,
                "Only direct callers on this host may shut the service down; set SHUTDOWN_TOKEN \
                 on the server and send it as Authorization: Bearer <token> to do it from elsewhere",
            ),
            Fault::AdminPortOnly => Reply::detail(403, "Only on the admin port of this instance"),
            Fault::NotRenewable(phase) => Reply::detail(
                409,
                &format!(
                    "The service is in phase {}, and cannot be renewed",
                    phase.as_str()
                ),
            ),
            Fault::Starting => Reply::unavailable("Service is starting", 1),
        }
    }
}
