//! Targets of requests without a body: every path, every parameter.
#![no_main]

use std::sync::LazyLock;

use fuzz::service::{answer, api};
use libfuzzer_sys::fuzz_target;
use llm_pricing::api::Api;
use llm_pricing::exchange::Method;

static API: LazyLock<Api> = LazyLock::new(api);

fuzz_target!(init: { LazyLock::force(&API); }, |target: &str| {
    // No socket hands over a larger one.
    if target.len() > 8_192 {
        return;
    }
    let once = answer(&API, Method::Get, target, b"");
    let again = answer(&API, Method::Head, target, b"");
    assert_eq!(once.status, again.status, "HEAD goes where GET goes");
    if let Some(models) = once.json["models"].as_array() {
        let total = once.json["total_models"].as_u64();
        let shown = models.len() as u64;
        assert!(total.is_none_or(|total| shown <= total), "{}", once.text);
    }
    // What nobody reads changes nothing.
    let joint = if target.contains('?') { '&' } else { '?' };
    let longer = answer(&API, Method::Get, &format!("{target}{joint}zzz=1"), b"");
    assert_eq!(once.status, longer.status, "{} {}", once.text, longer.text);
});
