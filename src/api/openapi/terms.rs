//! What the words of the domain look like in JSON; the domain itself knows nothing of schemas.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::clock::Timestamp;
use crate::money::{Factor, Usd};

/// A type that is written as plain JSON of that schema wherever it stands.
macro_rules! written_as {
    ($type:ty, $name:literal, $schema:tt) => {
        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

written_as!(Usd, "Usd", { "type": "number" });
written_as!(Factor, "Factor", { "type": "number", "minimum": 0 });
written_as!(Timestamp, "Timestamp", { "type": "string", "format": "date-time" });
