use super::*;
use crate::catalog::Problem;

const HEADER: &str = r#"{"format":"llm-pricing catalogue","format_version":1,"version":"2026-11-23.00000000","date":"2026-11-23","source":"a test","source_digest":"0000000000000000000000000000000000000000000000000000000000000000","unit":"USD per million tokens","providers":1,"models":1}"#;
const PROVIDER: &str = r#"{"slug":"openai","name":"OpenAI"}"#;

fn problems(lines: &[&str]) -> Vec<Problem> {
    read(&lines.join("\n"))
        .map(|catalog| catalog.models().len())
        .unwrap_err()
}

#[track_caller]
fn check_model(line: &str, wrong: &[&str]) {
    let found = problems(&[HEADER, PROVIDER, line]);
    let said: Vec<&str> = found.iter().map(|problem| &*problem.wrong).collect();
    assert_eq!(said.len(), wrong.len(), "{said:?}");
    for (problem, wrong) in found.iter().zip(wrong) {
        assert!(problem.wrong.contains(wrong), "{problem} has no {wrong:?}");
        assert_eq!(problem.line, Some(3));
        assert!(!problem.allowed.is_empty());
    }
}

#[test]
fn what_was_read_is_written_byte_for_byte() {
    let text = include_str!("../data/catalog.jsonl");
    let catalog = read(text).unwrap();
    // `assert_eq` would print three megabytes.
    assert!(write(&catalog).unwrap() == text);
}

#[test]
fn every_kind_of_price_survives() {
    let model = r#"{"id":"openai/m~bare","name":"m","keys":["M-key"],"v1":{"position":3,"name":"m"},"origin":"v1","mode":"chat","max_input_tokens":1,"max_output_tokens":2,"output_vector_size":3,"deprecation_date":"2026-02-28","rates":{"input":"2.5","input>200k@flex":"0.000000000001","output":"0"},"steps":[{"above_tokens":0,"up_to_tokens":32000,"rates":{"input":"1"}}],"off_peak":{"rates":{"input":"1"},"windows":[{"hours_utc":["22:00-06:30"],"weekdays":[1,7]}],"weekday_timezone":"Asia/Shanghai"},"units":{"input_cost_per_image":"0.0001"},"per_search":{"low":"0.005","medium":"0.01","high":"0.02"},"search_billing":"per_query","free_searches":{"count":5000,"period":"month","shared_group":"g"},"google_maps_query":"0.014","uplifts":{"processing_eu":"1.1","speed_fast":"2"},"can":["vision"],"cannot":["reasoning"],"source":"say \"hi\""}"#;
    let text = format!("{HEADER}\n{PROVIDER}\n{model}\n");
    let catalog = read(&text).unwrap();
    assert_eq!(write(&catalog).unwrap(), text);
    assert_eq!(catalog.find("M").unwrap().listed_name(), "m");
}

#[test]
fn each_fault_of_a_model_is_reported_with_its_line() {
    check_model(
        r#"{"id":"openai/m","name":"m","mode":"chatter","deprecation_date":"2026-02-30","rates":{"inputs":"1","output":"1e"}}"#,
        &[
            "mode \"chatter\"",
            "deprecation_date \"2026-02-30\"",
            "rates \"inputs\"",
            "rates \"1e\"",
        ],
    );
    check_model(
        r#"{"id":"openai/m","name":"m","rates":{"input":"-1","output":"1000"}}"#,
        &["out of range", "1000 USD per million"],
    );
    check_model(
        r#"{"id":"openai/m","name":"m","rates":{"input":"1","input":"2"}}"#,
        &["input is there twice"],
    );
    check_model(
        r#"{"id":"acme/m","name":"m"}"#,
        &["provider \"acme\" is unknown"],
    );
    check_model(
        r#"{"id":"openai/m","name":"n"}"#,
        &["name does not match id"],
    );
    check_model(
        r#"{"id":"openai/m\u0007","name":"m\u0007"}"#,
        &["no control characters"],
    );
    check_model(r#"{"id":"openai/m","name":"m","keys":["m\n"]}"#, &["keys"]);
    check_model(
        r#"{"id":"openai/m","name":"m","price":"1"}"#,
        &["unknown field `price`"],
    );
    check_model(
        r#"{"id":"openai/m","name":"m","can":["fly"],"units":{"per_mile":"1"}}"#,
        &["can \"fly\"", "units \"per_mile\""],
    );
}

#[test]
fn a_file_of_another_format_is_refused() {
    let newer = HEADER.replace("\"format_version\":1", "\"format_version\":2");
    assert!(
        problems(&[&newer, PROVIDER])[0]
            .allowed
            .contains("catalogue\", 1,")
    );
    let cents = HEADER.replace("USD per million", "cents per million");
    assert!(problems(&[&cents])[0].wrong.contains("cents"));
    assert_eq!(problems(&[""])[0].entry, "header");
    assert!(read("").is_err());
}

#[test]
fn a_file_cut_short_is_noticed() {
    assert!(
        problems(&[HEADER, PROVIDER])[0]
            .wrong
            .contains("1 providers and 0 models")
    );
}

#[test]
fn two_models_cannot_share_a_name_in_another_case() {
    let header = HEADER.replace("\"models\":1", "\"models\":2");
    let twice = [
        r#"{"id":"openai/M","name":"M"}"#,
        r#"{"id":"openai/m","name":"m"}"#,
    ];
    let found = problems(&[&header, PROVIDER, twice[0], twice[1]]);
    assert!(found[0].wrong.contains("too, ignoring case"), "{found:?}");
    assert_eq!(found[0].line, Some(4));
    let twice = [
        r#"{"id":"openai/m","name":"m","keys":["k"]}"#,
        r#"{"id":"openai/n","name":"n","keys":["K"]}"#,
    ];
    assert_eq!(problems(&[&header, PROVIDER, twice[0], twice[1]]).len(), 1);
}
