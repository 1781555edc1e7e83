//! Where the next page begins. Everything is in the cursor, so that any instance can go on.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::arguments::Fault;
use crate::api::book::Book;

/// A list: the prices it is made from, the day, since models retire at midnight, the tool, and what was
/// asked of it.
pub struct Listing(String);

impl Listing {
    pub fn of(book: &Book, tool: &str, arguments: Option<&Map<String, Value>>) -> Listing {
        let mut asked = arguments.cloned().unwrap_or_default();
        // What may differ from page to page, and what is as good as absent.
        asked.retain(|name, value| {
            !matches!(&**name, "cursor" | "limit") && !value.is_null() && *value != ""
        });
        let (digest, today) = (book.catalog.digest(), book.today);
        let text = format!("{digest} {today} {tool} {}", Value::Object(asked));
        Listing(
            Sha256::digest(text)[..8]
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        )
    }

    pub fn cursor(&self, offset: usize) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(format!("{offset}:{}", self.0))
    }

    /// The offset a cursor stands for.
    ///
    /// # Errors
    /// When it is no cursor of this list.
    pub fn offset(&self, cursor: Option<&str>) -> Result<usize, Fault> {
        let Some(cursor) = cursor else { return Ok(0) };
        let text = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok();
        let text = text.and_then(|text| String::from_utf8(text).ok());
        let offset = text.as_deref().and_then(|text| {
            let (offset, list) = text.split_once(':')?;
            (list == self.0).then(|| offset.parse().ok()).flatten()
        });
        offset.ok_or_else(|| {
            Fault("The list or the question has changed; ask again without cursor.".to_owned())
        })
    }
}
