//! Price maps.
#![no_main]

use fuzz::prices::{check_catalog, check_problems, check_reprint};
use libfuzzer_sys::fuzz_target;
use llm_pricing::catalog::litellm::{Options, import};
use time::macros::date;

fuzz_target!(|text: &str| {
    let options = Options {
        date: date!(2026 - 01 - 01),
        source: "none".into(),
    };
    match import(text, options) {
        Ok(import) => {
            check_catalog(&import.catalog);
            check_reprint(&import.catalog);
        }
        Err(problems) => check_problems(text, &problems),
    }
});
