//! The revision 2026-07-28: no opening, every request says which revision it is of, and over HTTP its
//! headers repeat what it asks for, so that a proxy can route it unread.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::message::{INVALID_PARAMS, Incoming, Request, RpcError, unknown_method, unsupported};
use super::tools::{self, Desk};
use crate::exchange::Headers;

pub const REVISION: &str = "2026-07-28";

const VERSION_KEY: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES_KEY: &str = "io.modelcontextprotocol/clientCapabilities";
const SERVER_INFO_KEY: &str = "io.modelcontextprotocol/serverInfo";

const HEADER_MISMATCH: i64 = -32020;

/// How long a client may keep the list of tools: soon after a switch it sees a new release's.
const LIST_TTL_MS: u64 = 300_000;

/// Whether a message says that it is of this revision, or of one like it.
pub fn is_claimed(message: &Value, incoming: &Incoming) -> bool {
    let by_header = match incoming {
        Incoming::Http(headers) => headers
            .all("MCP-Protocol-Version")
            .any(|version| version == REVISION),
        Incoming::Stdio => false,
    };
    by_header
        || message["method"] == "server/discover"
        || message["params"]["_meta"].get(VERSION_KEY).is_some()
}

pub fn dispatch(desk: &Desk, request: &Request, incoming: &Incoming) -> Result<String, RpcError> {
    let bad_meta = |why: &str| RpcError::new(400, INVALID_PARAMS, why);
    let meta = request.param("_meta").unwrap_or(&Value::Null);
    let version = meta[VERSION_KEY]
        .as_str()
        .ok_or_else(|| bad_meta("params._meta must have the protocol version as a text"))?;
    if !meta[CAPABILITIES_KEY].is_object() {
        return Err(bad_meta(
            "params._meta must have the client's capabilities as an object",
        ));
    }
    if let Incoming::Http(headers) = incoming {
        check_headers(headers, request, version)?;
    }
    if version != REVISION {
        return Err(unsupported(version));
    }
    let envelope = json!({SERVER_INFO_KEY: tools::server_info()});
    let complete = format!("\"resultType\":\"complete\",\"_meta\":{envelope}");
    let cacheable = format!("{complete},\"ttlMs\":{LIST_TTL_MS},\"cacheScope\":\"public\"");
    match request.method {
        "server/discover" => {
            let instructions = Value::from(tools::INSTRUCTIONS);
            Ok(format!(
                "{{\"supportedVersions\":[\"{REVISION}\"],\"capabilities\":{{\"tools\":{{}}}},\
                 \"instructions\":{instructions},{cacheable}}}"
            ))
        }
        "tools/list" => {
            tools::check_cursor(request)?;
            Ok(format!("{{\"tools\":{},{cacheable}}}", tools::list()))
        }
        "tools/call" => Ok(format!("{{{},{complete}}}", tools::call(desk, request)?)),
        other => Err(unknown_method(other)),
    }
}

/// Each header is there once and says what the message says.
fn check_headers(headers: &Headers, request: &Request, version: &str) -> Result<(), RpcError> {
    let named = match request.method {
        "tools/call" | "prompts/get" => Some("name"),
        "resources/read" => Some("uri"),
        _ => None,
    };
    let named = named.and_then(|param| request.param(param)?.as_str());
    let expected = [
        ("MCP-Protocol-Version", Some(version)),
        ("Mcp-Method", Some(request.method)),
        ("Mcp-Name", named),
    ];
    for (header, expected) in expected {
        let Some(expected) = expected else { continue };
        let mut values = headers.all(header).map(str::trim);
        let is_same = match (values.next(), values.next()) {
            (Some(value), None) => match decoded(value) {
                Some(decoded) => header == "Mcp-Name" && decoded == expected.as_bytes(),
                None => value == expected,
            },
            _ => false,
        };
        if !is_same {
            let text =
                format!("The header {header} must be there once and say what the message says");
            return Err(RpcError::new(400, HEADER_MISMATCH, text));
        }
    }
    Ok(())
}

/// What a header holds that could not hold it as it is: `=?base64?<standard base64 of UTF-8>?=`.
fn decoded(value: &str) -> Option<Vec<u8>> {
    let encoded = value.strip_prefix("=?base64?")?.strip_suffix("?=")?;
    BASE64_STANDARD.decode(encoded).ok()
}
