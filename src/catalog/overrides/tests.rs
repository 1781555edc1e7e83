use super::*;
use crate::catalog::{Catalog, Model, file};

const BASE: &str = r#"{"format":"llm-pricing catalogue","format_version":1,"version":"2026-11-23.8f8060d8","date":"2026-11-23","source":"a test","source_digest":"8f8060d8ce7a40c91b995c74d6a27657543d49e3c1c53430dabd556f244392c6","unit":"USD per million tokens","providers":2,"models":5}
{"slug":"acme","name":"Acme"}
{"slug":"idle","name":"Idle","aliases":["lazy"]}
{"id":"acme/flat","name":"flat","keys":["flat-key"],"mode":"chat","rates":{"input":"2.5","output":"10","output>200k":"15","cache_read@flex":"0.3"},"source":"list"}
{"id":"acme/night","name":"night","mode":"chat","rates":{"input":"2","output":"4"},"off_peak":{"rates":{"input":"1"},"windows":[{"hours_utc":["22:00-06:00"],"weekdays":[1,2]}]}}
{"id":"acme/old","name":"old","mode":"chat","deprecation_date":"2025-01-31","rates":{"input":"1","output":"1"}}
{"id":"acme/steps","name":"steps","mode":"chat","rates":{},"steps":[{"above_tokens":0,"up_to_tokens":32000,"rates":{"input":"1","output":"3"}}]}
{"id":"acme/tools","name":"tools","mode":"chat","rates":{"input":"1","output":"1"},"per_search":{"low":"0.01","medium":"0.02","high":"0.03"}}
"#;

/// A file of overrides with these fields behind the ones each must have.
fn overrides(fields: &str) -> String {
    format!(r#"{{"format": "llm-pricing overrides", "source": "contract 7", {fields}}}"#)
}

fn applied(fields: &str) -> Result<Catalog, Vec<Problem>> {
    read(&overrides(fields))?.apply(file::read(BASE).expect("the base is good"))
}

#[track_caller]
fn good(fields: &str) -> Catalog {
    applied(fields).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn model<'c>(catalog: &'c Catalog, id: &str) -> &'c Model {
    let found = catalog.models().iter().find(|model| *model.id == *id);
    found.unwrap_or_else(|| panic!("{id} is there"))
}

fn rates(model: &Model) -> String {
    let rates = model.rates().iter();
    let rates: Vec<String> = rates
        .map(|(key, rate)| format!("{key} {}", rate.per_million()))
        .collect();
    rates.join(", ")
}

#[test]
fn single_rates_change_and_all_others_stay() {
    let catalog = good(
        r#""models": {"FLAT-KEY": {"rates": {"input": "2.1", "cache_read": 2.1e-1, "output>200k": null}}}"#,
    );
    let flat = model(&catalog, "acme/flat");
    assert_eq!(
        rates(flat),
        "input 2.1, output 10, cache_read 0.21, cache_read@flex 0.3"
    );
    assert_eq!(flat.source.as_deref(), Some("contract 7"));
    let untouched = model(&catalog, "acme/tools");
    assert_eq!(untouched.source, None);
}

#[test]
fn all_rates_replace_steps_and_hours_too_and_leave_what_is_not_per_token() {
    let catalog = good(
        r#""models": {
            "acme/steps": {"all_rates": {"input": 1, "output": 2}},
            "acme/night": {"all_rates": {"input": 1, "output": 2}, "source": "another"},
            "acme/tools": {"all_rates": {"input": 3}}
        }"#,
    );
    for id in ["acme/steps", "acme/night"] {
        let model = model(&catalog, id);
        assert_eq!(rates(model), "input 1, output 2", "{id}");
        assert_eq!(model.facts.prices.rare, None, "{id}");
    }
    assert_eq!(
        model(&catalog, "acme/night").source.as_deref(),
        Some("another")
    );
    let tools = model(&catalog, "acme/tools");
    let rare = tools.facts.prices.rare.as_ref().expect("its searches");
    assert!(rare.search.per_search.is_some());
}

#[test]
fn a_discount_is_on_every_price_per_token_of_the_catalogue_and_on_none_of_the_overrides() {
    let catalog = good(
        r#""providers": {"ACME": {"discount_percent": "12.5"}},
        "models": {"acme/flat": {"rates": {"output": 10}}, "acme/new": {"rates": {"input": 4}}}"#,
    );
    let flat = model(&catalog, "acme/flat");
    assert_eq!(
        rates(flat),
        "input 2.1875, output 10, output>200k 13.125, cache_read@flex 0.2625"
    );
    let night = model(&catalog, "acme/night");
    let off_peak = night.facts.prices.rare.as_ref().unwrap().off_peak.as_ref();
    let at_night = off_peak.unwrap().rates.iter().next().unwrap().1;
    assert_eq!(at_night.per_million().to_string(), "0.875");
    let step = &model(&catalog, "acme/steps").steps()[0];
    assert_eq!(
        step.rates
            .iter()
            .next()
            .unwrap()
            .1
            .per_million()
            .to_string(),
        "0.875"
    );
    assert_eq!(rates(model(&catalog, "acme/new")), "input 4");
    let tools = model(&catalog, "acme/tools").facts.prices.rare.as_ref();
    let search = tools.unwrap().search.per_search.unwrap();
    assert_eq!(search.low.to_string(), "0.01", "a search is not a token");
}

#[test]
fn a_private_model_of_a_private_provider_is_found_and_described() {
    let catalog = good(
        r#""providers": {"own": {"name": "Our cluster"}},
        "models": {"own/llama-70b": {
            "mode": "chat", "max_input_tokens": 131072, "max_output_tokens": 8192, "can": ["vision"],
            "rates": {"input": 0.2, "output": "0.6"},
            "throughput": {"tokens_per_second": 92.5, "source": "load test", "date": "2026-11-02"},
            "latency": {"ms": 310, "source": "load test", "date": "2026-11-02"}
        }}"#,
    );
    let own = catalog.find("own/llama-70b").expect("it is found");
    assert_eq!(rates(own), "input 0.2, output 0.6");
    assert_eq!(own.facts.mode, Some(Mode::Chat));
    assert_eq!(own.facts.max_input_tokens, Some(131_072));
    assert!(own.facts.capabilities.can(Capability::Vision));
    assert_eq!(&*catalog.provider(own.provider).name, "Our cluster");
    let measured = own.measured.as_ref().expect("figures");
    let throughput = measured.throughput.as_ref().unwrap();
    assert_eq!(
        (throughput.figure, &*throughput.source),
        (92.5, "load test")
    );
    assert_eq!(measured.latency.as_ref().unwrap().figure, 310.0);
}

#[test]
fn a_model_retires_and_comes_back() {
    let catalog = good(
        r#""models": {"acme/flat": {"deprecation_date": "2026-12-31"}, "acme/old": {"deprecation_date": null}}"#,
    );
    let day = |id| model(&catalog, id).facts.deprecation_date;
    assert_eq!(day("acme/flat").unwrap().to_string(), "2026-12-31");
    assert_eq!(day("acme/old"), None);
    let source = model(&catalog, "acme/flat").source.as_deref();
    assert_eq!(source, Some("list"), "the price is still the publisher's");
}

#[test]
fn a_catalogue_with_overrides_has_a_version_of_its_own() {
    let one = good(r#""models": {"acme/flat": {"rates": {"input": 1}}}"#);
    let two = good(r#""models": {"acme/flat": {"rates": {"input": 2}}}"#);
    let (one, two) = (one.header(), two.header());
    assert!(one.version.starts_with("2026-11-23.8f8060d8+"));
    assert_ne!(one.version, two.version);
    assert_ne!(one.source_digest, two.source_digest);
    assert_eq!(one.source, "a test, with overrides: contract 7");
}

#[test]
fn whatever_would_be_without_effect_or_cannot_be_meant_is_a_problem() {
    let rows = [
        (
            "no such model",
            r#""models": {"acme/flit": {"deprecation_date": "2026-01-01"}}"#,
            "acme/flit: no model",
        ),
        (
            "no price of its own",
            r#""models": {"acme/new": {"rates": {"output": 1}}}"#,
            "acme/new: no model",
        ),
        (
            "not an id",
            r#""models": {"new": {"rates": {"input": 1}}}"#,
            "does not begin with a provider",
        ),
        (
            "no such provider",
            r#""models": {"nobody/new": {"rates": {"input": 1}}}"#,
            "does not begin with a provider",
        ),
        (
            "no name",
            r#""models": {"acme/": {"rates": {"input": 1}}}"#,
            "the name of a new model",
        ),
        (
            "a name nobody can ask for",
            &format!(
                r#""models": {{"acme/{}": {{"rates": {{"input": 1}}}}}}"#,
                "x".repeat(252)
            ),
            "up to 256 bytes",
        ),
        (
            "a name of two lines",
            r#""models": {"acme/a\nb": {"rates": {"input": 1}}}"#,
            "without control characters",
        ),
        (
            "no rate said",
            r#""models": {"acme/flat": {"rates": {}}}"#,
            "rates: nothing is said",
        ),
        (
            "no ability said",
            r#""models": {"acme/flat": {"can": []}}"#,
            "can: nothing is said",
        ),
        (
            "a price per token",
            r#""models": {"acme/flat": {"rates": {"input": 0.0000025}}}"#,
            "0 or from 0.0001",
        ),
        (
            "one provider by two names",
            r#""providers": {"acme": {"discount_percent": 5}, "ACME!": {"discount_percent": 5}}"#,
            "ACME!: this is the provider that acme is",
        ),
        (
            "one new provider by two names",
            r#""providers": {"own": {"name": "X"}, "x": {"name": "X"}}"#,
            "x: this is the provider that own is",
        ),
        (
            "nothing said",
            r#""models": {"acme/flat": {}}"#,
            "nothing is said",
        ),
        (
            "unknown field",
            r#""models": {"acme/flat": {"price": 1}}"#,
            "price is not known; allowed: mode,",
        ),
        (
            "unknown rate",
            r#""models": {"acme/flat": {"rates": {"inputs": 1}}}"#,
            "rates: inputs: 1: no such rate",
        ),
        (
            "a unit error",
            r#""models": {"acme/flat": {"rates": {"input": 1000}}}"#,
            "below 1000",
        ),
        (
            "negative",
            r#""models": {"acme/flat": {"rates": {"input": -1}}}"#,
            "rates: input: -1",
        ),
        (
            "not a number",
            r#""models": {"acme/flat": {"rates": {"input": true}}}"#,
            "rates: input: true",
        ),
        (
            "no rate left",
            r#""models": {"acme/flat": {"all_rates": {}}}"#,
            "no rate is left",
        ),
        (
            "nothing to take away",
            r#""models": {"acme/flat": {"rates": {"reasoning": null}}}"#,
            "reasoning is null",
        ),
        (
            "null of all",
            r#""models": {"acme/flat": {"all_rates": {"input": null}}}"#,
            "all_rates: input: null",
        ),
        (
            "two spellings",
            r#""models": {"acme/flat": {"rates": {"input>200k": 1, "input>200000": 2}}}"#,
            "input>200k is there twice",
        ),
        (
            "both",
            r#""models": {"acme/flat": {"rates": {"input": 1}, "all_rates": {"input": 1}}}"#,
            "one of the two",
        ),
        (
            "steps outrank",
            r#""models": {"acme/steps": {"rates": {"input": 1}}}"#,
            "priced by input length",
        ),
        (
            "hours outrank",
            r#""models": {"acme/night": {"rates": {"input": 1}}}"#,
            "at certain hours",
        ),
        (
            "twice",
            r#""models": {"acme/flat": {"can": ["vision"]}, "acme/flat": {"can": ["vision"]}}"#,
            "is there twice",
        ),
        (
            "by two names",
            r#""models": {"acme/flat": {"can": ["vision"]}, "flat-key": {"can": ["vision"]}}"#,
            "that acme/flat has changed",
        ),
        (
            "no such ability",
            r#""models": {"acme/flat": {"can": ["sing"]}}"#,
            "no such capability",
        ),
        (
            "no such mode",
            r#""models": {"acme/flat": {"mode": "mood"}}"#,
            "a mode, such as chat",
        ),
        (
            "no such day",
            r#""models": {"acme/flat": {"deprecation_date": "2026-02-30"}}"#,
            "2026-02-30",
        ),
        (
            "no such window",
            r#""models": {"acme/flat": {"max_input_tokens": 0}}"#,
            "a whole number from 1",
        ),
        (
            "a figure nobody stands for",
            r#""models": {"acme/flat": {"latency": {"ms": 3}}}"#,
            "latency is not complete",
        ),
        (
            "a figure that is none",
            r#""models": {"acme/flat": {"latency": {"ms": 0, "source": "x", "date": "2026-01-01"}}}"#,
            "latency: ms: 0",
        ),
        (
            "a unit of another figure",
            r#""models": {"acme/flat": {"latency": {"tokens_per_second": 1}}}"#,
            "allowed: ms, source, date",
        ),
        (
            "unknown provider",
            r#""providers": {"nobody": {"discount_percent": 5}}"#,
            "no such provider",
        ),
        (
            "a discount on nothing",
            r#""providers": {"lazy": {"discount_percent": 5}}"#,
            "no model of this provider",
        ),
        (
            "a discount on a new one",
            r#""providers": {"new": {"name": "New", "discount_percent": 5}}"#,
            "a new provider has no prices",
        ),
        (
            "a slug that is none",
            r#""providers": {"New one": {"name": "New"}}"#,
            "lower-case letters",
        ),
        (
            "another name",
            r#""providers": {"acme": {"name": "Acme Inc"}}"#,
            "calls this provider \"Acme\"",
        ),
        (
            "all is free",
            r#""providers": {"acme": {"discount_percent": 100}}"#,
            "above 0 and below 100",
        ),
        ("unknown part", r#""prices": {}"#, "prices is not known"),
        ("not an object", r#""models": []"#, "an object"),
    ];
    for (name, fields, part) in rows {
        let problems = applied(fields).expect_err(name);
        let said: Vec<String> = problems.iter().map(Problem::to_string).collect();
        assert!(
            said.iter().any(|line| line.contains(part)),
            "{name}: {said:#?}"
        );
    }
}

#[test]
fn every_problem_is_said_with_its_line() {
    let text = "{\n\"models\": {\n\"a/b\": {\"mode\": 1,\n\"can\": 2}\n},\n\"more\": 3}";
    let problems = read(text).unwrap_err();
    let found: Vec<(Option<usize>, &str)> = problems
        .iter()
        .map(|problem| (problem.line, &*problem.entry))
        .collect();
    let expected = [
        (Some(3), "a/b"),
        (Some(4), "a/b"),
        (Some(6), "file"),
        (Some(1), "file"),
        (Some(1), "file"),
    ];
    assert_eq!(found, expected, "{problems:#?}");
    let broken = read("{\"format\": \"llm-pricing overrides\",").unwrap_err();
    assert!(broken[0].to_string().contains("line 1"), "{broken:?}");
}
