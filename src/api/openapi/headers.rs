//! The headers of replies.

use serde_json::{Value, json};

/// What the body of a reply follows from besides the path, the query and the body of the request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Varies {
    No,
    ByAccept,
    /// It can be kept, too, and asked for again.
    ByEncoding,
    /// The page in a browser that asks; nothing for a program.
    ByOrigin,
}

/// A header of replies.
struct Header {
    /// Its name in the description.
    name: &'static str,
    header: &'static str,
    /// Whether every reply it belongs to has it.
    is_always: bool,
    schema: Value,
    text: &'static str,
}

fn known_headers() -> [Header; 16] {
    let header = |name, header, is_always, schema, text| Header {
        name,
        header,
        is_always,
        schema,
        text,
    };
    let text = || json!({"type": "string"});
    [
        header(
            "ServiceVersion",
            "X-Service-Version",
            true,
            json!({"const": crate::VERSION}),
            "The version of the program that answered",
        ),
        header(
            "DeploymentGroup",
            "X-Deployment-Group",
            false,
            text(),
            "The colour that answered, where it has one",
        ),
        header(
            "InstanceId",
            "X-Instance-Id",
            false,
            text(),
            "The instance that answered, where it has a name",
        ),
        header(
            "RequestId",
            "X-Request-Id",
            false,
            text(),
            "The caller's own name of the request",
        ),
        header(
            "ContentTypeOptions",
            "X-Content-Type-Options",
            true,
            json!({"const": "nosniff"}),
            "The type is what it says",
        ),
        header(
            "ContentSecurityPolicy",
            "Content-Security-Policy",
            true,
            text(),
            "What a browser may do with the body",
        ),
        header(
            "CacheControl",
            "Cache-Control",
            false,
            json!({"enum": ["no-cache", "no-store"]}),
            "`no-cache`: may be kept, and is asked for again with `If-None-Match`. `no-store`: of this moment",
        ),
        header(
            "ETag",
            "ETag",
            true,
            json!({"type": "string", "pattern": "^\"[0-9a-f]{32}(-gzip)?\"$"}),
            "Which bytes these are",
        ),
        header(
            "Vary",
            "Vary",
            true,
            json!({"enum": ["Accept-Encoding", "Accept", "Accept, Accept-Encoding"]}),
            "What of the request the body follows from",
        ),
        header(
            "ContentEncoding",
            "Content-Encoding",
            false,
            json!({"const": "gzip"}),
            "There when it is compressed, for those who accept that",
        ),
        header(
            "RetryAfter",
            "Retry-After",
            false,
            json!({"type": "integer", "minimum": 0}),
            "Seconds until it makes sense to try again",
        ),
        header(
            "Authenticate",
            "WWW-Authenticate",
            true,
            json!({"enum": ["ApiKey", "Bearer"]}),
            "What is missing",
        ),
        header(
            "AllowOrigin",
            "Access-Control-Allow-Origin",
            false,
            text(),
            "The page in a browser that may read this",
        ),
        header(
            "ExposeHeaders",
            "Access-Control-Expose-Headers",
            false,
            json!({"const": "Retry-After"}),
            "What else that page may read",
        ),
        header(
            "VaryByOrigin",
            "Vary",
            false,
            json!({"const": "Origin"}),
            "There for a page in a browser that may read this",
        ),
        header(
            "Location",
            "Location",
            true,
            text(),
            "Where to go, from here",
        ),
    ]
}

pub fn headers() -> Value {
    known_headers()
        .into_iter()
        .map(|known| {
            let described = json!({
                "description": known.text,
                "required": known.is_always,
                "schema": known.schema,
            });
            (known.name.to_owned(), described)
        })
        .collect()
}

/// The headers a reply of that status may have.
pub fn headers_of(status: u16, varies: Varies) -> Value {
    known_headers()
        .into_iter()
        .filter(|known| match known.name {
            "ETag" | "ContentEncoding" => varies == Varies::ByEncoding,
            "Vary" => matches!(varies, Varies::ByAccept | Varies::ByEncoding),
            "AllowOrigin" | "ExposeHeaders" | "VaryByOrigin" => varies == Varies::ByOrigin,
            "RetryAfter" => matches!(status, 429 | 503),
            "Authenticate" => status == 401,
            "Location" => status == 303,
            "ContentSecurityPolicy" => status != 304,
            _ => true,
        })
        .map(|known| {
            let reference = json!({"$ref": format!("#/components/headers/{}", known.name)});
            (known.header.to_owned(), reference)
        })
        .collect()
}
