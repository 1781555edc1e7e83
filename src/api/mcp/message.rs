//! One message in, one answer out: JSON-RPC 2.0 and the revisions of the protocol from 2024-11-05 to
//! 2025-11-25, which open with `initialize`. The revision without an opening is in [`super::modern`].

use serde_json::{Map, Value, json};

use super::modern;
use super::tools::{self, Desk};
use crate::exchange::Headers;

/// A longer message is refused before it is parsed. Over HTTP the service's own limit comes first.
pub const MESSAGE_BYTES_MAX: usize = 256 << 10;

/// More messages than any client puts into a batch.
pub const BATCH_MAX: usize = 50;

/// The revisions that open with `initialize`, the newest last.
const REVISIONS: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

/// The only one that has batches.
const REVISION_WITH_BATCHES: &str = "2025-03-26";

pub const PARSE_ERROR: i64 = -32700;
pub const INVALID_REQUEST: i64 = -32600;
pub const METHOD_NOT_FOUND: i64 = -32601;
pub const INVALID_PARAMS: i64 = -32602;
pub const UNSUPPORTED_VERSION: i64 = -32022;

/// How a message came.
pub enum Incoming<'a> {
    Http(&'a Headers<'a>),
    Stdio,
}

/// What is said to a message, and the status that goes with it over HTTP.
pub struct Said {
    pub status: u16,
    /// `None`: the message wants no answer.
    pub body: Option<String>,
}

impl Said {
    const NOTHING: Said = Said {
        status: 202,
        body: None,
    };

    fn of(status: u16, body: String) -> Said {
        Said {
            status,
            body: Some(body),
        }
    }
}

/// An error, as JSON-RPC 2.0 says it (section 5.1).
pub struct RpcError {
    pub status: u16,
    pub code: i64,
    pub message: String,
    pub data: Option<Value>,
}

impl RpcError {
    pub fn new(status: u16, code: i64, message: impl Into<String>) -> RpcError {
        RpcError {
            status,
            code,
            message: message.into(),
            data: None,
        }
    }

    /// Without an id where none could be read.
    fn said(self, id: Option<&Value>) -> Said {
        let mut error = json!({"code": self.code, "message": self.message});
        if let Some(data) = self.data {
            error["data"] = data;
        }
        let mut answer = json!({"jsonrpc": "2.0", "error": error});
        if let Some(id) = id {
            answer["id"] = id.clone();
        }
        Said::of(self.status, answer.to_string())
    }
}

/// A request whose envelope is sound.
pub struct Request<'a> {
    pub method: &'a str,
    pub params: Option<&'a Map<String, Value>>,
}

impl Request<'_> {
    pub fn param(&self, name: &str) -> Option<&Value> {
        self.params?.get(name)
    }
}

/// Answers one message, whatever is wrong with it.
pub fn answer(desk: &Desk, bytes: &[u8], incoming: &Incoming) -> Said {
    if bytes.trim_ascii().len() > MESSAGE_BYTES_MAX {
        let text = format!("A message has at most {MESSAGE_BYTES_MAX} bytes");
        return RpcError::new(413, INVALID_REQUEST, text).said(None);
    }
    let message: Value = match serde_json::from_slice(bytes) {
        Ok(message) => message,
        Err(why) => {
            let text = format!("The message is not JSON: {why}");
            return RpcError::new(400, PARSE_ERROR, text).said(None);
        }
    };
    match &message {
        Value::Array(messages) => batch(desk, messages, incoming),
        message => one(desk, message, incoming),
    }
}

/// Messages in a list, for the one revision that has them.
fn batch(desk: &Desk, messages: &[Value], incoming: &Incoming) -> Said {
    let refused = |why: &str| RpcError::new(400, INVALID_REQUEST, why).said(None);
    let has_batches = match incoming {
        Incoming::Http(headers) => headers
            .all("MCP-Protocol-Version")
            .all(|version| version == REVISION_WITH_BATCHES),
        Incoming::Stdio => true,
    };
    if !has_batches {
        return refused("This revision of the protocol has no batches");
    }
    if messages.is_empty() || messages.len() > BATCH_MAX {
        return refused("A batch has 1 to 50 messages");
    }
    let is_whole = |message: &Value| {
        message["method"] != "initialize" && !modern::is_claimed(message, incoming)
    };
    if !messages.iter().all(is_whole) {
        return refused("initialize and messages of 2026-07-28 are sent alone");
    }
    let answers: Vec<String> = messages
        .iter()
        .filter_map(|message| one(desk, message, incoming).body)
        .collect();
    match answers.is_empty() {
        true => Said::NOTHING,
        false => Said::of(200, format!("[{}]", answers.join(","))),
    }
}

fn one(desk: &Desk, message: &Value, incoming: &Incoming) -> Said {
    let is_modern = modern::is_claimed(message, incoming);
    let refused = |why: &str, id| RpcError::new(400, INVALID_REQUEST, why).said(id);
    let Some(fields) = message.as_object() else {
        return refused("A message is an object", None);
    };
    let is_answer = fields.contains_key("result") || fields.contains_key("error");
    if is_answer && !fields.contains_key("method") {
        // Nothing was asked of the client.
        return match is_modern {
            true => refused("The server has asked nothing", None),
            false => Said::NOTHING,
        };
    }
    let id = fields.get("id");
    let sound_id = id.filter(|id| id.is_string() || id.is_i64() || id.is_u64());
    if fields.get("jsonrpc") != Some(&Value::from("2.0")) {
        return refused("jsonrpc must be \"2.0\"", sound_id);
    }
    if id.is_some() && sound_id.is_none() {
        return refused("id must be a text or a whole number", None);
    }
    let Some(method) = fields.get("method").and_then(Value::as_str) else {
        return refused("method must be a text", sound_id);
    };
    let params = match fields.get("params") {
        None => None,
        Some(Value::Object(params)) => Some(params),
        Some(_) => return refused("params must be an object", sound_id),
    };
    let Some(id) = sound_id else {
        // A notification, of which none matters to a server that keeps nothing.
        return Said::NOTHING;
    };
    let request = Request { method, params };
    let result = match is_modern {
        true => modern::dispatch(desk, &request, incoming),
        false => dispatch(desk, &request, incoming),
    };
    match result {
        Ok(result) => {
            let answer = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{result}}}");
            Said::of(200, answer)
        }
        Err(error) => error.said(Some(id)),
    }
}

fn dispatch(desk: &Desk, request: &Request, incoming: &Incoming) -> Result<String, RpcError> {
    let is_opening = request.method == "initialize";
    if let Incoming::Http(headers) = incoming
        && let mut versions = headers.all("MCP-Protocol-Version")
        && let Some(version) = versions.find(|version| !REVISIONS.contains(version))
        && !is_opening
    {
        return Err(unsupported(version));
    }
    match request.method {
        "initialize" => {
            let asked = request.param("protocolVersion").and_then(Value::as_str);
            let newest = REVISIONS[REVISIONS.len() - 1];
            let version = REVISIONS.into_iter().find(|own| Some(*own) == asked);
            Ok(json!({
                "protocolVersion": version.unwrap_or(newest),
                "capabilities": {"tools": {}},
                "serverInfo": tools::server_info(),
                "instructions": tools::INSTRUCTIONS,
            })
            .to_string())
        }
        "ping" => Ok("{}".to_owned()),
        "tools/list" => {
            tools::check_cursor(request).map_err(|error| RpcError {
                status: 200,
                ..error
            })?;
            Ok(format!("{{\"tools\":{}}}", tools::list()))
        }
        "tools/call" => {
            let outcome = tools::call(desk, request);
            let outcome = outcome.map_err(|error| RpcError {
                status: 200,
                ..error
            })?;
            Ok(format!("{{{outcome}}}"))
        }
        other => Err(RpcError {
            status: 200,
            ..unknown_method(other)
        }),
    }
}

pub fn unknown_method(method: &str) -> RpcError {
    let shown: String = method.chars().take(64).collect();
    let text = format!("There is no method {shown}; there are tools/list and tools/call");
    RpcError::new(404, METHOD_NOT_FOUND, text)
}

/// The list is what a client may ask for in every request, which is the modern revision alone.
pub fn unsupported(version: &str) -> RpcError {
    let shown: String = version.chars().take(64).collect();
    let data = json!({"supported": [modern::REVISION], "requested": shown});
    RpcError {
        data: Some(data),
        ..RpcError::new(400, UNSUPPORTED_VERSION, "This revision is not supported")
    }
}
