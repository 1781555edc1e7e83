use super::*;

#[test]
fn the_table_is_in_the_order_of_the_routes() {
    for (position, row) in ROUTES.iter().enumerate() {
        assert_eq!(row.route as usize, position, "{}", row.path);
    }
}

#[test]
fn paths_and_methods_lead_to_routes() {
    let rows = [
        ("root", Method::Get, "/", Route::Info),
        (
            "head goes where get goes",
            Method::Head,
            "/pricing",
            Route::Pricing,
        ),
        ("trailing slash", Method::Get, "/models/", Route::Models),
        (
            "trailing slash on post",
            Method::Post,
            "/cost-estimate/",
            Route::CostEstimate,
        ),
        (
            "a placeholder takes slashes",
            Method::Get,
            "/models/openai/gpt-4o",
            Route::ModelDetails,
        ),
        (
            "a placeholder stands for something",
            Method::Get,
            "/models//",
            Route::Unknown,
        ),
        (
            "only one slash is forgiven",
            Method::Get,
            "/pricing//",
            Route::Unknown,
        ),
        ("empty path", Method::Get, "", Route::Unknown),
        ("case matters", Method::Get, "/Models", Route::Unknown),
        ("wrong method", Method::Post, "/pricing", Route::WrongMethod),
        (
            "head of a post",
            Method::Head,
            "/cost-estimate",
            Route::WrongMethod,
        ),
        ("unknown method", Method::Other, "/", Route::WrongMethod),
        (
            "unknown method, unknown path",
            Method::Other,
            "/nope",
            Route::Unknown,
        ),
        (
            "a label is not a path",
            Method::Get,
            "(unknown path)",
            Route::Unknown,
        ),
    ];
    for (name, method, path, expected) in rows {
        assert_eq!(route(method, path), expected, "{name}");
    }
}

#[test]
fn a_placeholder_is_what_follows_without_the_trailing_slash() {
    for (path, expected) in [
        ("/models/gpt-4o", "gpt-4o"),
        ("/models/openai/gpt-4o/", "openai/gpt-4o"),
        ("/models/a%2Fb", "a%2Fb"),
        ("/models//a", "/a"),
        ("/models/", ""),
        ("/pricing", ""),
    ] {
        assert_eq!(placeholder(path), expected, "{path}");
    }
}
