//! What the parts of one request cost: look-up, sum, reply, bookkeeping, and what is done once at
//! the start.

use std::hint::black_box;
use std::net::Ipv4Addr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};

use llm_pricing::api::{self, Api, Book, Entrance, Shelf};
use llm_pricing::catalog::{Catalog, file};
use llm_pricing::cli::Settings;
use llm_pricing::clock::today;
use llm_pricing::config::Config;
use llm_pricing::deployment::Lifecycle;
use llm_pricing::estimate::{Terms, Usage, estimate};
use llm_pricing::exchange::{Answer, Call, Method, Reply};
use llm_pricing::rate_limiter::{CLIENTS_MAX, RateLimiter};
use llm_pricing::router::{ROUTES, triage};
use llm_pricing::supply::Supply;
use llm_pricing::telemetry::{Record, Telemetry, browser};
use llm_pricing::vitals::Vitals;

const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
                       Chrome/126.0.0.0 Safari/537.36";

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(40)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = at_the_start, lookup, lookup_by_size, one_sum, routes, replies, bookkeeping
}
criterion_main!(benches);

/// Done before an instance is ready.
fn at_the_start(c: &mut Criterion) {
    c.bench_function("start/read the built-in catalogue", |b| {
        b.iter(Catalog::built_in)
    });
}

fn lookup(c: &mut Criterion) {
    let catalog = built_in();
    for (label, name, is_known) in [
        ("by key", "gpt-4o", true),
        ("by id in another case", "OpenAI/GPT-4o", true),
        ("in another spelling", "claude-sonnet-4.5", true),
        ("of a bare name", "grok-4.3-latest", true),
        ("of 25 models", "gpt-oss-120b", false),
        ("of an approximation", "gpt-4o-2099-01-01", true),
        ("of an unknown name", "gpt-4o-of-next-year", false),
    ] {
        let found = catalog.resolve(name, None, false).is_ok();
        assert_eq!(found, is_known, "{name}");
        c.bench_function(&format!("lookup/{label}"), |b| {
            b.iter(|| catalog.resolve(black_box(name), None, false).is_ok())
        });
    }
    assert!(!catalog.closest("gpt-4o-of-next-year", None, 5).is_empty());
    c.bench_function("lookup/closest to an unknown name", |b| {
        b.iter(|| {
            catalog
                .closest(black_box("gpt-4o-of-next-year"), None, 5)
                .len()
        })
    });
}

/// A look-up is to cost the same whatever the catalogue's size. The names asked for are as many in
/// either, spread over all of it, so that the processor's caches do not make the difference.
fn lookup_by_size(c: &mut Criterion) {
    const ASKED: usize = 64;
    let mut group = c.benchmark_group("lookup/64 names of");
    group.throughput(Throughput::Elements(ASKED as u64));
    for models in [100, 100_000] {
        let catalog = synthetic(models);
        let names: Vec<String> = (0..ASKED)
            .map(|n| format!("acme/model-{:06}", n * models / ASKED))
            .collect();
        assert!(names.iter().all(|name| catalog.find(name).is_some()));
        group.bench_function(format!("{models} models"), |b| {
            b.iter(|| {
                for name in &names {
                    black_box(catalog.find(name));
                }
            });
        });
    }
}

fn one_sum(c: &mut Criterion) {
    let catalog = built_in();
    let model = catalog.find("gpt-4o").expect("it is in the catalogue");
    let provider = catalog.provider(model.provider);
    let usage = Usage::text(1_000, 500);
    let terms = Terms::at(SystemTime::now().into());
    c.bench_function("estimate/sum", |b| {
        b.iter(|| estimate(black_box(model), provider, black_box(&usage), &terms))
    });
    let costs = estimate(model, provider, &usage, &terms).expect("it has prices");
    c.bench_function("estimate/amount to JSON", |b| {
        b.iter(|| serde_json::to_string(&black_box(costs.total_cost)))
    });
}

fn routes(c: &mut Criterion) {
    for (label, method, path) in [
        ("first of the table", Method::Get, "/"),
        ("an estimate", Method::Post, "/cost-estimate"),
        ("last of the table", Method::Get, "/api/versions"),
        ("no such path", Method::Get, "/favicon.ico"),
    ] {
        c.bench_function(&format!("route/{label}"), |b| {
            b.iter(|| triage(method, black_box(path), ""))
        });
    }
}

/// From a call that was read to a reply that is ready, without the socket.
fn replies(c: &mut Criterion) {
    let api = api();
    let mut measure = |label: &str, call: &Call, status: u16| {
        assert_eq!(
            now(api::answer(&api, Entrance::Main, call)).status,
            status,
            "{label}"
        );
        c.bench_function(&format!("reply/{label}"), |b| {
            b.iter(|| now(api::answer(&api, Entrance::Main, black_box(call))))
        });
    };
    const GZIP: (&str, &str) = ("Accept-Encoding", "gzip, deflate, br");
    let body = br#"{"model_name": "gpt-4o", "input_tokens": 1000, "output_tokens": 500}"#;
    let names: Vec<String> = (0..10).map(|_| "\"gpt-4o\"".to_owned()).collect();
    let batch = format!(
        r#"{{"model_names": [{}], "input_tokens": 1000, "output_tokens": 500}}"#,
        names.join(",")
    );
    let workload = br#"{"input_tokens": 1000, "output_tokens": 500}"#;
    let filtered =
        br#"{"input_tokens": 100000, "output_tokens": 5000, "cache_read_input_tokens": 50000,
        "service_tier": "batch", "region": "eu", "requests": 1000, "discount_percent": 10,
        "mode": "chat", "search": "a", "supports": ["function_calling"], "min_context": 100000,
        "max_input_price": 50, "max_output_price": 200, "include_free": true,
        "include_retired": true, "limit": 100}"#;
    let unknown =
        br#"{"model_name": "gpt-4o-of-next-year", "input_tokens": 1, "output_tokens": 1}"#;
    let etag = {
        let reply = now(api::answer(
            &api,
            Entrance::Main,
            &call("GET", "/pricing", &[GZIP], b""),
        ));
        let header = reply.headers.into_iter().find(|(name, _)| *name == "ETag");
        header.expect("lists have one").1
    };
    let conditional = [GZIP, ("If-None-Match", etag.as_ref())];

    measure("health", &call("GET", "/health", &[], b""), 200);
    measure(
        "one estimate",
        &call("POST", "/cost-estimate", &[], body),
        200,
    );
    measure(
        "ten estimates",
        &call("POST", "/cost-estimate/batch", &[], batch.as_bytes()),
        200,
    );
    measure(
        "the ten cheapest",
        &call("POST", "/cost-estimate/cheapest", &[], workload),
        200,
    );
    measure(
        "the hundred cheapest by every filter",
        &call("POST", "/cost-estimate/cheapest", &[], filtered),
        200,
    );
    measure(
        "estimate for an unknown name",
        &call("POST", "/cost-estimate", &[], unknown),
        404,
    );
    measure(
        "all prices, gzip",
        &call("GET", "/pricing", &[GZIP], b""),
        200,
    );
    measure(
        "all prices, not modified",
        &call("GET", "/pricing", &conditional, b""),
        304,
    );
    measure(
        "prices of one provider",
        &call("GET", "/pricing?provider=anthropic", &[], b""),
        200,
    );
}

fn bookkeeping(c: &mut Criterion) {
    let record = |browser| Record {
        method: 0,
        endpoint: 0,
        status: 200,
        elapsed: Duration::from_micros(20),
        at: SystemTime::now(),
        client: Ipv4Addr::LOCALHOST.into(),
        country: None,
        browser,
    };
    let telemetry = Telemetry::new(ROUTES.len(), SystemTime::now());
    let (program, person) = (record(None), record(browser(BROWSER)));
    c.bench_function("telemetry/record", |b| {
        b.iter(|| telemetry.record(black_box(&program)))
    });
    c.bench_function("telemetry/record with a browser", |b| {
        b.iter(|| telemetry.record(black_box(&person)))
    });
    c.bench_function("telemetry/name a browser, same as last time", |b| {
        b.iter(|| browser(black_box(BROWSER)))
    });
    c.bench_function("telemetry/add everything up", |b| {
        b.iter(|| telemetry.total())
    });

    // Elapsed time of four threads at once: with two cores, twice that of one if none of them
    // ever waits for another.
    let mut group = c.benchmark_group("telemetry");
    group.throughput(Throughput::Elements(4));
    group.bench_function("record, 4 threads", |b| {
        b.iter_custom(|times| {
            let started = Instant::now();
            thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| (0..times).for_each(|_| telemetry.record(black_box(&program))));
                }
            });
            started.elapsed()
        });
    });
    group.finish();

    let limiter = RateLimiter::per_minute(NonZeroU32::MIN);
    let mut number = 0_u32;
    c.bench_function("rate limiter/a request of one of 65,536 clients", |b| {
        b.iter(|| {
            number = number.wrapping_add(1) % CLIENTS_MAX as u32;
            limiter.take(Ipv4Addr::from(number).into(), Instant::now())
        })
    });

    let api = api();
    let client = call(
        "GET",
        "/health",
        &[("Host", "localhost:8000"), ("User-Agent", "wrk/4.2")],
        b"",
    );
    let reply = Reply::detail(200, "fine");
    c.bench_function("telemetry/take note of a reply", |b| {
        b.iter(|| api::record(&api, black_box(&client), &reply, Duration::from_micros(20)))
    });
    let scrape = call("GET", "/metrics", &[], b"");
    c.bench_function("telemetry/metrics", |b| {
        b.iter(|| api::answer(&api, Entrance::Main, black_box(&scrape)))
    });
}

fn built_in() -> Catalog {
    Catalog::built_in().expect("the built-in catalogue is valid")
}

/// A catalogue of one provider with this many models.
fn synthetic(models: usize) -> Catalog {
    let digest = "0".repeat(64);
    let mut text = format!(
        "{{\"format\":\"llm-pricing catalogue\",\"format_version\":1,\
         \"version\":\"2026-01-01.00000000\",\"date\":\"2026-01-01\",\"source\":\"none\",\
         \"source_digest\":\"{digest}\",\"unit\":\"USD per million tokens\",\"providers\":1,\
         \"models\":{models}}}\n{{\"slug\":\"acme\",\"name\":\"Acme\"}}\n"
    );
    for n in 0..models {
        text.push_str(&format!(
            "{{\"id\":\"acme/model-{n:06}\",\"name\":\"model-{n:06}\",\"keys\":[\"acme/model-{n:06}\"],\
             \"mode\":\"chat\",\"rates\":{{\"input\":\"2.5\",\"output\":\"10\"}}}}\n"
        ));
    }
    file::read(&text).expect("the text is a valid catalogue")
}

/// Everything the handlers look at, with default settings, ready.
fn api() -> Api {
    let config = Config::from_settings(&Settings::default(), &|_| None).expect("defaults are good");
    let started_at = SystemTime::now();
    let lifecycle = Arc::new(Lifecycle::new(config.drain));
    lifecycle.open();
    let shelf = Shelf::default();
    let book = Book::new(Arc::new(built_in()), today(started_at));
    book.prepare();
    shelf.put(Arc::new(book));
    Api {
        lifecycle,
        telemetry: Telemetry::new(ROUTES.len(), started_at),
        vitals: Arc::new(Vitals::default()),
        shelf,
        supply: Supply::default(),
        access: config.access,
        rate_limiter: None,
        identity: config.identity,
        access_log: None,
        catalog_age_days_max: config.catalog_age_days_max,
        watchdog: std::time::Duration::ZERO,
        renewals: 0,
        has_admin_port: false,
        started: Instant::now(),
        started_at,
    }
}

fn call<'a>(
    method: &str,
    target: &'a str,
    headers: &[(&'a str, &'a str)],
    body: &'a [u8],
) -> Call<'a> {
    let method = match method {
        "POST" => Method::Post,
        _ => Method::Get,
    };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    Call {
        method,
        endpoint: triage(method, path, query).endpoint,
        path,
        query,
        headers: headers.iter().copied().collect(),
        body,
        peer: (Ipv4Addr::LOCALHOST, 40_000).into(),
    }
}

fn now(answer: Answer) -> Reply {
    match answer {
        Answer::Now(reply) => reply,
        Answer::WhenDrained => unreachable!("nobody asked to wait for a drain"),
    }
}
