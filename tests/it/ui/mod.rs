//! The page for people, in a browser.

/// A real browser, and what drives it.
pub mod browser;
/// What people do with the page.
mod views;
