//! The catalogue's own file: JSON lines that show a price refresh as a readable diff.
//!
//! The first line is the header, then come the providers, one a line, then the models, one a line and
//! sorted by id. Keys stand in a fixed order and absent facts are left out. Prices are decimal texts in
//! USD per million tokens, so that no JSON tool turns them into floats; `units`, `per_search` and
//! `google_maps_query` are USD per unit, `uplifts` are plain factors. [`read()`] and [`write()`] are exact
//! inverses.

mod facts;
mod read;
mod record;
mod write;

pub use read::{read, read_header};
pub use write::write;

/// What the header calls this format.
pub(super) const FORMAT: &str = "llm-pricing catalogue";
/// Raised whenever an older reader would misunderstand a newer file.
const FORMAT_VERSION: u32 = 1;
/// A reminder for people; the reader insists on it so that nobody changes the unit alone.
const UNIT: &str = "USD per million tokens";
/// `origin` of a model that only v1 knew.
const ORIGIN_V1: &str = "v1";
/// `search_billing` of a model that charges each query.
const PER_QUERY: &str = "per_query";

#[cfg(test)]
mod tests;
