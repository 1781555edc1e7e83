//! The answers of the service for whoever asks inside the process: the same handlers, without a socket.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::SystemTime;

use super::book::Book;
use super::error::{Fault, Place};
use super::fields::Fields;
use super::lists::List;
use super::order;
use super::{comparisons, estimates, models};
use crate::catalog::Catalog;
use crate::clock::today;
use crate::exchange::{Call, Endpoint, Headers, Method};
use crate::router::{ROUTES, Route};
use crate::telemetry::Telemetry;

/// What can be asked here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// `GET /pricing`
    Pricing,
    /// `POST /cost-estimate`, its fields as parameters
    CostEstimate,
    /// `GET /compare`
    Compare,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Refusal {
    /// A parameter, if it is one alone, and what it should be.
    Unusable {
        parameter: Option<String>,
        message: String,
    },
    /// Everything could be read, and still there is nothing to say.
    Unanswered(String),
}

/// The words that `GET /pricing` can be sorted by.
pub fn sort_words() -> impl Iterator<Item = &'static str> {
    order::PRICES.names()
}

/// The document with which the service answers these parameters, as one that has served nobody yet.
///
/// # Errors
/// What is wrong with the first parameter that cannot be used, or why there is no answer.
pub fn ask(catalog: Catalog, question: Question, query: &str) -> Result<Vec<u8>, Refusal> {
    let now = SystemTime::now();
    let book = Book::new(Arc::new(catalog), today(now));
    let telemetry = Telemetry::new(ROUTES.len(), now);
    let route = match question {
        Question::Pricing => Route::Pricing,
        Question::CostEstimate => Route::CostEstimate,
        Question::Compare => Route::Compare,
    };
    let call = Call {
        method: Method::Get,
        endpoint: Endpoint(route as usize),
        path: route.info().path,
        query,
        headers: Headers::default(),
        body: &[],
        peer: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
    };
    let reply = match question {
        Question::Pricing => models::rows(&book, &telemetry, &call, List::Pricing),
        Question::CostEstimate => estimates::of(&book, &telemetry, Fields::of_query(query)),
        Question::Compare => comparisons::compare(&book, &telemetry, &call),
    };
    match reply {
        Ok(reply) => Ok(reply.body.as_bytes().to_vec()),
        Err(fault) => Err(Refusal::of(&fault)),
    }
}

impl Refusal {
    fn of(fault: &Fault) -> Refusal {
        match fault {
            Fault::Invalid(problems) => {
                let problem = problems.first();
                let place = problem.and_then(|problem| problem.loc.get(1));
                Refusal::Unusable {
                    parameter: match place {
                        Some(Place::Name(name)) => Some(name.clone()),
                        _ => None,
                    },
                    message: problem
                        .map(|problem| problem.msg.clone())
                        .unwrap_or_default(),
                }
            }
            Fault::Misnomer(misnomer) => Refusal::Unanswered(misnomer.to_string()),
            Fault::Unpriced { id, why } => Refusal::Unanswered(format!("{id}: {why}")),
            other => Refusal::Unanswered(format!("{other:?}")),
        }
    }
}
