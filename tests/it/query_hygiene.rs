//! Queries and paths that no client in its right mind sends: text is all they ever are.

use crate::harness::Instance;
use crate::json_hygiene::{goes_on, refusal};

#[test]
fn a_query_is_never_more_than_text() {
    let server = Instance::start();
    let long = "x".repeat(7_000);
    let many = |parameter: &str| vec![parameter; 7_000 / (parameter.len() + 1)].join("&");
    let queries = [
        "%".to_owned(),
        "%%%=%%".to_owned(),
        "provider=%zz".to_owned(),
        "provider=%e".to_owned(),
        "search=%ff%fe".to_owned(),
        "search=%ed%a0%80".to_owned(),
        "search=%00".to_owned(),
        "sort_by=%0d%0aSet-Cookie:%20a=b".to_owned(),
        "search=a+b%2Bc".to_owned(),
        "search=a;limit=1".to_owned(),
        "&&&&=&=".to_owned(),
        "limit=-1&limit=1e999&limit=NaN".to_owned(),
        format!("limit={}", "9".repeat(400)),
        "max_input_price=-0&max_output_price=1e-999".to_owned(),
        format!("provider={long}"),
        format!("{long}=1"),
        format!("mode={long}"),
        format!("models={long}"),
        format!("models={}", many("a").replace('&', ",")),
        many("search=a"),
        many("limit"),
        many("a=b"),
    ];
    let paths = [
        "/models",
        "/models/gpt-4o",
        "/pricing",
        "/performance",
        "/use-cases",
        "/compare",
    ];
    let mut client = server.connect();
    for path in paths {
        for query in &queries {
            let name = format!("{path}?{query:.60}");
            let reply = client.get(&format!("{path}?{query}"));
            if reply.status != 200 {
                refusal(&name, &reply);
            }
            goes_on(&name, &mut client);
        }
    }
    for name in ["%00", "%ff", "%", "%2e%2e%2f", "%F0%9F%98%80", &long] {
        let reply = client.get(&format!("/models/{name}"));
        refusal(name, &reply);
        goes_on(name, &mut client);
    }
    // More than any client needs to say may end the connection as well.
    let endless = (0..10_000).map(|at| format!("p{at}=1")).collect::<Vec<_>>();
    let reply = server.get(&format!("/pricing?{}", endless.join("&")));
    assert!(matches!(reply.status, 200 | 414), "{}", reply.status);
}
