//! What each route takes and gives. A new route does not compile until it is described here.

use std::collections::BTreeMap;
use std::time::SystemTime;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::headers::Varies;
use super::rpc;
use crate::api::book::Book;
use crate::api::cheapest::{Cheapest, Tender};
use crate::api::comparisons::{self, BATCH_NAMES, BatchEstimate, COMPARE_NAMES};
use crate::api::details::Details;
use crate::api::error::{Invalid, Misnamed};
use crate::api::estimates::{self, CostEstimate};
use crate::api::fields::Fields;
use crate::api::health::{Detailed, Live, Ready, Simple};
use crate::api::info::{Info, Versions};
use crate::api::lists::{List, Models, PerformanceTail, PricingTail, UseCasesTail, Written};
use crate::api::rows::{PerformanceRow, PricingRow, UseCaseRow};
use crate::api::selection::Selection;
use crate::api::telemetry::Report;
use crate::api::{deployment, metrics};
use crate::exchange::Detail;
use crate::router::Route;

/// Reads a request's fields, so that it is seen which they are.
pub type Reader = fn(&mut Fields, &Book);

/// The schema of a type.
pub type Typed = fn(&mut SchemaGenerator) -> Schema;

/// What a route takes and gives, besides what every route does.
pub struct Operation {
    pub family: Family,
    /// What its description does not say.
    pub details: &'static str,
    pub query: Option<Reader>,
    pub body: Option<Body>,
    pub replies: Vec<Reply>,
    /// The request headers it looks at, by their names in the description.
    pub headers: Vec<&'static str>,
}

/// What operations have in common: who may ask, and when.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Business: with a key when there are keys.
    Prices,
    /// Probes: for everybody, always.
    Health,
    /// Orders: for those with the token.
    Orders,
    /// For machines that want to know what there is.
    Documents,
    /// For people: loaded once, and not counted.
    Pages,
}

pub enum Body {
    /// A JSON object of that name, with the fields that are read.
    Fields {
        name: &'static str,
        reader: Reader,
        is_required: bool,
    },
    /// Whatever that type is, and one that could be sent, in JSON.
    Typed {
        schema: Typed,
        example: &'static str,
    },
}

pub struct Reply {
    pub status: u16,
    pub text: &'static str,
    pub form: Form,
    pub varies: Varies,
    pub link: Option<Link>,
}

/// What can be asked next.
#[derive(Clone, Copy)]
pub struct Link {
    pub route: Route,
    pub parameter: &'static str,
    /// Where in the reply the parameter's value is, as OpenAPI says it.
    pub value: &'static str,
}

pub enum Form {
    Json(Typed),
    /// Text of these media types.
    Text(&'static [&'static str]),
    Nothing,
}

impl Operation {
    fn of(family: Family, details: &'static str) -> Operation {
        Operation {
            family,
            details,
            query: None,
            body: None,
            replies: Vec::new(),
            headers: Vec::new(),
        }
    }

    fn asks(self, query: Reader) -> Operation {
        Operation {
            query: Some(query),
            ..self
        }
    }

    fn takes(self, name: &'static str, reader: Reader) -> Operation {
        let body = Body::Fields {
            name,
            reader,
            is_required: true,
        };
        Operation {
            body: Some(body),
            ..self
        }
    }

    fn may_take(self, name: &'static str, reader: Reader) -> Operation {
        let body = Body::Fields {
            name,
            reader,
            is_required: false,
        };
        Operation {
            body: Some(body),
            ..self
        }
    }

    fn says(mut self, status: u16, text: &'static str, form: Form) -> Operation {
        let varies = match form {
            Form::Text(_) => Varies::ByAccept,
            _ => Varies::No,
        };
        self.replies.push(Reply {
            status,
            text,
            form,
            varies,
            link: None,
        });
        self
    }

    fn gives<T: JsonSchema>(self) -> Operation {
        self.says(200, "What was asked for", json::<T>())
    }

    /// Another route can be asked with a value from a good reply.
    fn leads_to(mut self, route: Route, parameter: &'static str, value: &'static str) -> Operation {
        for reply in self.replies.iter_mut().filter(|reply| reply.status == 200) {
            reply.link = Some(Link {
                route,
                parameter,
                value,
            });
        }
        self
    }

    /// A page in a browser may read the replies, also those that refuse.
    fn read_by_pages(mut self) -> Operation {
        for reply in &mut self.replies {
            reply.varies = Varies::ByOrigin;
        }
        self
    }

    /// Gives a list or another document that clients may keep.
    fn document<T: JsonSchema>(self) -> Operation {
        self.gives::<T>().kept()
    }

    /// The same of a page.
    fn page(self) -> Operation {
        self.says(200, "The page", Form::Text(&["text/html; charset=utf-8"]))
            .kept()
    }

    fn kept(self) -> Operation {
        let mut operation = self.says(304, "The caller has it already", Form::Nothing);
        operation.headers.push("IfNoneMatch");
        for reply in &mut operation.replies {
            reply.varies = Varies::ByEncoding;
        }
        operation
    }

    /// The query, the body or the path has not the shape it must have.
    fn may_be_invalid(self) -> Operation {
        self.says(422, INVALID, json::<Invalid>())
    }

    /// A single name leads to no model, or the model has no price for what is asked.
    fn may_miss(self) -> Operation {
        self.says(404, "No model has this name", json::<Misnamed>())
            .says(
                409,
                "Several models have this name, at different prices",
                json::<Misnamed>(),
            )
    }

    fn list<T: JsonSchema>(self, reader: Reader) -> Operation {
        self.asks(reader).document::<T>().may_be_invalid()
    }

    fn order(self) -> Operation {
        self.says(403, "Not from here", json::<Detail>())
            .may_be_invalid()
    }
}

const LISTED: &str = "Models of which a price is unknown are not listed; an estimate says which.";
const INVALID: &str =
    "The call does not have the shape it must have: everything that is wrong with it";

fn json<T: JsonSchema>() -> Form {
    Form::Json(SchemaGenerator::subschema_for::<T>)
}

fn either<T: JsonSchema, U: JsonSchema>(schemas: &mut SchemaGenerator) -> Schema {
    let shapes = [schemas.subschema_for::<T>(), schemas.subschema_for::<U>()];
    json_schema!({ "anyOf": shapes })
}

fn probe<T: JsonSchema>(details: &'static str) -> Operation {
    Operation::of(Family::Health, details).gives::<T>()
}

/// A probe that can say no, with which connections beyond their number are refused as well.
fn verdict<T: JsonSchema>(no: &'static str) -> Operation {
    probe::<T>("").says(503, no, Form::Json(either::<T, Detail>))
}

/// The description of a route; none of the two that answer nothing in particular.
pub fn operation(route: Route) -> Option<Operation> {
    use Family::{Documents, Health, Orders, Pages, Prices};
    let operation = match route {
        Route::WrongMethod | Route::Unknown => return None,
        Route::Info => Operation::of(Prices, "").document::<Info>().says(
            303,
            "For whoever prefers `text/html`, as browsers do: the page is elsewhere",
            Form::Text(&["text/plain; charset=utf-8"]),
        ),
        Route::Models => Operation::of(Prices, "Every name listed here finds its model in an estimate.")
            .list::<Models>(|fields, book| drop(Selection::read(fields, book, None))),
        Route::ModelDetails => Operation::of(Prices, "What is unknown is null.")
            .document::<Details>()
            .may_miss()
            .may_be_invalid(),
        Route::Pricing => Operation::of(Prices, LISTED)
            .list::<Written<PricingRow, PricingTail>>(|fields, book| {
                drop(Selection::read(fields, book, Some(List::Pricing)));
            }),
        Route::Performance => Operation::of(
            Prices,
            "Throughput and latency come from the operator; null where nobody measured them.",
        )
        .list::<Written<PerformanceRow, PerformanceTail>>(|fields, book| {
            drop(Selection::read(fields, book, Some(List::Performance)));
        }),
        Route::UseCases => Operation::of(Prices, "Derived by rule from the catalogue's facts.")
            .list::<Written<UseCaseRow, UseCasesTail>>(|fields, book| {
                drop(Selection::read(fields, book, Some(List::UseCases)));
            }),
        Route::CostEstimate => Operation::of(
            Prices,
            "Parts that are more than their whole are refused. A field nobody knows is ignored, and named \
             in `warnings`.",
        )
        .takes("CostEstimateRequest", |fields, book| {
            drop(estimates::Asked::read(fields, book, SystemTime::UNIX_EPOCH));
        })
        .gives::<CostEstimate>()
        .leads_to(Route::ModelDetails, "model", "$response.body#/resolved_model")
        .may_miss()
        .says(
            422,
            "The call does not have the shape it must have, or the model has no price for these tokens",
            Form::Json(either::<Invalid, Detail>),
        ),
        Route::CostEstimateBatch => Operation::of(
            Prices,
            "Models stay in the order asked. One that is not known, or has no price for this usage, has \
             `is_available` false.",
        )
        .takes("BatchCostEstimateRequest", |fields, book| {
            drop(comparisons::Asked::read(fields, BATCH_NAMES, book, SystemTime::UNIX_EPOCH));
        })
        .gives::<BatchEstimate>()
        .may_be_invalid(),
        Route::Compare => Operation::of(Prices, "The batch, for a browser or curl.")
            .asks(|fields, book| {
                drop(comparisons::Asked::read(fields, COMPARE_NAMES, book, SystemTime::UNIX_EPOCH));
            })
            .gives::<BatchEstimate>()
            .may_be_invalid(),
        Route::Cheapest => Operation::of(
            Prices,
            "With output tokens only models that write text are considered, unless `mode` says otherwise.",
        )
        .takes("CheapestRequest", |fields, book| {
            drop(Tender::read(fields, book, SystemTime::UNIX_EPOCH));
        })
        .gives::<Cheapest>()
        .may_be_invalid(),
        Route::Telemetry => Operation::of(Prices, "Since it started.").gives::<Report>(),
        Route::Mcp => Operation {
            body: Some(Body::Typed {
                schema: rpc::messages,
                example: rpc::EXAMPLE,
            }),
            headers: vec!["McpProtocolVersion", "McpMethod", "McpName"],
            ..Operation::of(
                Prices,
                "A message of the Model Context Protocol, without sessions and without streams. Several in a \
                 list are for revision 2025-03-26 alone. Pages in browsers may call from this machine and \
                 from `MCP_ALLOWED_ORIGINS`; what their browser asks beforehand (`OPTIONS`) is answered.",
            )
        }
        .says(200, "The answer, or a list of them", Form::Json(rpc::answers))
        .says(202, "Nothing in it wants an answer", Form::Nothing)
        .says(400, "No sound message", Form::Json(either::<rpc::Answer, Detail>))
        .says(403, "From a page of another host", json::<Detail>())
        .says(404, "No such method", json::<rpc::Answer>())
        .says(406, "The caller takes no JSON", json::<Detail>())
        .says(415, "The body is not said to be JSON", json::<Detail>())
        .says(401, "No key, a wrong one, or several", json::<Detail>())
        .says(429, "More requests than the operator allows a client", json::<Detail>())
        .says(503, "Starting, shutting down or overloaded", json::<Detail>())
        .read_by_pages(),
        Route::OpenApi => Operation::of(Documents, "OpenAPI 3.1.")
            .document::<BTreeMap<String, serde_json::Value>>(),
        Route::Page | Route::Docs | Route::Redoc => Operation::of(Pages, "").page(),
        Route::Health => verdict::<Simple>("No traffic should come"),
        Route::HealthDetailed => probe::<Detailed>("Every part is looked at now."),
        Route::HealthReady => verdict::<Ready>("Not ready for traffic"),
        Route::HealthLive => verdict::<Live>("Nothing has got done for `WATCHDOG_SECONDS`"),
        Route::Metrics => Operation::of(Health, "OpenMetrics for those who name it in `Accept`.")
            .says(200, "Every figure", Form::Text(&metrics::MEDIA_TYPES)),
        Route::DeploymentInfo => probe::<deployment::Info>(""),
        Route::DeploymentMetadata => probe::<deployment::Metadata>(""),
        Route::DeploymentShutdownStatus => probe::<deployment::Status>(""),
        Route::DeploymentRenewStatus => probe::<deployment::Renewal>(
            "`error` is for those who may order a renewal.",
        ),
        Route::ApiVersions => probe::<Versions>(""),
        Route::DeploymentShutdown => Operation::of(
            Orders,
            "Answers at once, or when the drain is over. Without a token on the server only direct callers \
             on its host may order it.",
        )
        .asks(|fields, _| {
            deployment::read_wait(fields);
        })
        .may_take("GracefulShutdownRequest", |fields, _| {
            deployment::read_order(fields);
        })
        .gives::<deployment::Status>()
        .order(),
        Route::DeploymentRenew => Operation::of(
            Orders,
            "The program in the process's file takes over. The reply does not wait for it.",
        )
        .says(202, "Ordered", json::<deployment::Renewal>())
        .says(409, "Not ready", json::<Detail>())
        .order(),
    };
    Some(operation)
}
