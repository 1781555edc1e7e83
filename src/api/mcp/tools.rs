//! The tools: their list, and what each call comes to.

use std::sync::OnceLock;
use std::time::Instant;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::arguments::{Arguments, Fault};
use super::cursor::Listing;
use super::message::{INVALID_PARAMS, Request, RpcError};
use super::{costs, facts, lists, server};
use crate::api::book::Book;
use crate::clock::Timestamp;
use crate::telemetry::{Telemetry, Tool};

/// What the tools look at.
pub struct Desk<'a> {
    pub book: &'a Book,
    pub telemetry: &'a Telemetry,
    /// Which instance this is, if it has a name.
    pub replica: Option<&'a str>,
    pub started: Instant,
}

impl Desk<'_> {
    pub fn prices_as_of(&self) -> Timestamp {
        Timestamp::start_of(self.book.catalog.header().date)
    }
}

/// A call whose tool is known.
pub struct Asked<'a> {
    pub arguments: Arguments<'a>,
    pub listing: Listing,
}

/// What is said at the opening, for the model.
pub const INSTRUCTIONS: &str = "What calls of large language models cost, from published prices in US \
    dollars. Start with search_models when a model's exact name is not known, with estimate_cost or \
    compare_costs when it is. What is not known is left out, never guessed.";

/// Longer error texts help nobody.
const FAULT_BYTES_MAX: usize = 1_024;

/// Who answers.
pub fn server_info() -> Value {
    json!({
        "name": "llm-pricing",
        "title": "LLM pricing",
        "version": crate::VERSION,
        "description": env!("CARGO_PKG_DESCRIPTION"),
    })
}

/// The tools with their schemas, as JSON without blanks.
pub fn list() -> &'static str {
    static LIST: OnceLock<String> = OnceLock::new();
    LIST.get_or_init(|| {
        let tools: Value =
            serde_json::from_str(include_str!("tools.json")).expect("a test reads this list");
        tools.to_string()
    })
}

/// There is one page of tools, and so no cursor that anybody could have.
pub fn check_cursor(request: &Request) -> Result<(), RpcError> {
    match request.param("cursor") {
        None | Some(Value::Null) => Ok(()),
        Some(_) => Err(RpcError::new(
            400,
            INVALID_PARAMS,
            "There is no such cursor",
        )),
    }
}

/// Calls a tool. Returns the members of the result; both channels carry the same text, complete, because
/// clients differ in which of them they show to their model.
///
/// # Errors
/// When there is no such tool, or its arguments are no object. What is wrong with an argument is a result.
pub fn call(desk: &Desk, request: &Request) -> Result<String, RpcError> {
    let bad = |text: String| RpcError::new(400, INVALID_PARAMS, text);
    let name = request.param("name").and_then(Value::as_str);
    let name = name.ok_or_else(|| bad("params.name must be the name of a tool".to_owned()))?;
    let Some(tool) = Tool::ALL.into_iter().find(|tool| tool.name() == name) else {
        let shown: String = name.chars().take(64).collect();
        let known = Tool::ALL.map(Tool::name).join(", ");
        return Err(bad(format!("There is no tool {shown}. Tools: {known}")));
    };
    let arguments = match request.param("arguments") {
        None | Some(Value::Null) => None,
        Some(Value::Object(arguments)) => Some(arguments),
        Some(_) => return Err(bad("params.arguments must be an object".to_owned())),
    };
    let started = Instant::now();
    let outcome = run(desk, tool, arguments);
    let telemetry = desk.telemetry;
    telemetry.record_tool(tool, outcome.is_err(), started.elapsed());
    Ok(match outcome {
        Ok(structured) => {
            let text = Value::from(&*structured);
            format!(
                "\"content\":[{{\"type\":\"text\",\"text\":{text}}}],\
                 \"structuredContent\":{structured},\"isError\":false"
            )
        }
        Err(Fault(mut text)) => {
            text.truncate(text.floor_char_boundary(FAULT_BYTES_MAX));
            let text = Value::from(text);
            format!("\"content\":[{{\"type\":\"text\",\"text\":{text}}}],\"isError\":true")
        }
    })
}

fn run(desk: &Desk, tool: Tool, arguments: Option<&Map<String, Value>>) -> Result<String, Fault> {
    let asked = Asked {
        arguments: Arguments::new(arguments),
        listing: Listing::of(desk.book, tool.name(), arguments),
    };
    match tool {
        Tool::SearchModels => lists::search(desk, asked),
        Tool::EstimateCost => costs::estimate(desk, asked),
        Tool::CompareCosts => costs::compare(desk, asked),
        Tool::GetAllPricing => lists::all(desk, asked),
        Tool::GetPerformanceMetrics => facts::performance(desk, asked),
        Tool::GetUseCases => facts::use_cases(desk, asked),
        Tool::GetTelemetry => server::telemetry(desk, asked),
    }
}

/// An answer without blanks. Prices are exact in it, as everywhere.
pub fn written(answer: &impl Serialize) -> Result<String, Fault> {
    serde_json::to_string(answer)
        .map_err(|why| Fault(format!("The answer cannot be written: {why}.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_has_every_tool_in_the_order_of_the_enum() {
        let tools: Vec<Value> = serde_json::from_str(list()).unwrap();
        let names: Vec<&str> = tools
            .iter()
            .map(|tool| tool["name"].as_str().unwrap())
            .collect();
        assert_eq!(names, Tool::ALL.map(Tool::name));
        assert!(list().len() <= 16 << 10, "{} bytes", list().len());
    }
}
