//! Catalogue files.
#![no_main]

use fuzz::prices::{check_catalog, check_problems, check_reprint, with_header};
use libfuzzer_sys::fuzz_target;
use llm_pricing::catalog::file;

fuzz_target!(|text: &str| {
    // A header whose counts are right is out of a fuzzer's reach.
    let text = match text.starts_with("{\"format\":") {
        true => text.to_owned(),
        false => with_header(text),
    };
    match file::read(&text) {
        Ok(catalog) => {
            check_catalog(&catalog);
            check_reprint(&catalog);
        }
        Err(problems) => check_problems(&text, &problems),
    }
});
