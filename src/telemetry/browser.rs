//! Browser names from User-Agent headers.

use std::cell::RefCell;
use std::sync::Arc;

use woothee::parser::Parser;

/// A browser's name as the parser's table spells it, such as "Chrome" or "Safari".
pub type Browser = Arc<str>;

/// Longer headers are not looked at: no browser sends one.
const USER_AGENT_BYTES_MAX: usize = 512;

/// The browser behind a User-Agent header; `None` for programs and unknown browsers.
///
/// Every browser since the nineties calls itself "Mozilla/" or "Opera/" first, so the traffic of
/// programs costs one comparison; and the same header as last time costs another.
pub fn browser(user_agent: &str) -> Option<Browser> {
    thread_local! {
        static LAST: RefCell<(String, Option<Browser>)> = const { RefCell::new((String::new(), None)) };
    }
    let could_be = user_agent.starts_with("Mozilla/") || user_agent.starts_with("Opera/");
    if !could_be || user_agent.len() > USER_AGENT_BYTES_MAX {
        return None;
    }
    LAST.with_borrow_mut(|(last, name)| {
        if last != user_agent {
            *name = Parser::new()
                .parse(user_agent)
                .map(|found| found.name)
                .filter(|name| *name != "UNKNOWN")
                .map(Arc::from);
            last.clear();
            last.push_str(user_agent);
        }
        name.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::browser;

    #[test]
    fn browsers_are_named_and_programs_are_not() {
        let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0";
        let rows = [
            ("chrome", chrome, Some("Chrome")),
            ("firefox", firefox, Some("Firefox")),
            ("the same again", firefox, Some("Firefox")),
            ("curl", "curl/8.5.0", None),
            ("empty", "", None),
            ("claims to be one", "Mozilla/5.0", None),
        ];
        for (name, header, expected) in rows {
            assert_eq!(browser(header).as_deref(), expected, "{name}");
        }
        assert_eq!(
            browser(&format!("Mozilla/5.0 {}", "x".repeat(1_000))),
            None,
            "too long"
        );
    }
}
