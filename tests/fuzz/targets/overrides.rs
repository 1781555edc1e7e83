//! Overrides, on top of a small catalogue.
#![no_main]

use fuzz::prices::{check_catalog, check_problems, small_catalog};
use libfuzzer_sys::fuzz_target;
use llm_pricing::catalog::overrides;

fuzz_target!(|text: &str| {
    let overrides = match overrides::read(text) {
        Ok(overrides) => overrides,
        Err(problems) => return check_problems(text, &problems),
    };
    let before = small_catalog();
    let (models, version) = (before.models().len(), before.header().version.clone());
    match overrides.apply(before) {
        Ok(catalog) => {
            check_catalog(&catalog);
            assert!(catalog.models().len() >= models, "nothing is taken away");
            assert_ne!(catalog.header().version, version, "it is another catalogue");
        }
        Err(problems) => check_problems(text, &problems),
    }
});
