//! `catalog check` and `catalog diff` on all that can be checked and compared, and the report on the
//! price map.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Output, Stdio};
use std::time::{Duration, SystemTime};

use llm_pricing::catalog::litellm::{self, Fault, Faults};
use time::macros::date;

use crate::cli::{run, stderr, stdout};
use crate::harness::binary;
use crate::price_files::{catalogue, folder};

const PRICE_MAP: &str = include_str!("../data/litellm_model_prices.json");

fn price_map() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/litellm_model_prices.json")
}

fn catalog(arguments: &[&str], files: &[&Path]) -> Output {
    run(binary().arg("catalog").args(arguments).args(files))
}

#[test]
fn the_faults_of_the_price_map_are_those_the_specification_counts() {
    let options = litellm::Options {
        date: date!(2026 - 11 - 23),
        source: "a test".into(),
    };
    let import = litellm::import(PRICE_MAP, options).expect("the map is good");
    let faults: &Faults = &import.report.faults;
    let rows = [
        (Fault::UnitError, 2, 2),
        (Fault::PriorityGap, 14, 14),
        (Fault::FlexGap, 12, 12),
        (Fault::CacheWriteAboveOnly, 6, 6),
        (Fault::FreeText, 91, 91),
        (Fault::UnpricedText, 123, 123),
        // The specification counts 60: those that stand in the entry itself. 9 more are in the arrays
        // of prices by input length.
        (Fault::FloatNoise, 69, 43),
        (Fault::NoSource, 1_377, 1_377),
        (Fault::NoMode, 10, 10),
    ];
    for (fault, count, entries) in rows {
        let found = faults.of(fault).unwrap_or_else(|| panic!("{fault:?}"));
        assert_eq!(
            (found.count, found.keys.len()),
            (count, entries),
            "{fault:?}"
        );
    }
    let unit_errors = &faults.of(Fault::UnitError).unwrap().keys;
    let refused: Vec<&String> = import
        .report
        .refused
        .iter()
        .map(|refusal| &refusal.key)
        .collect();
    assert!(
        unit_errors.iter().all(|key| refused.contains(&key)),
        "{refused:?}"
    );
}

#[test]
fn the_report_names_a_few_entries_or_all() {
    let few = catalog(&["check"], &[&price_map()]);
    assert_eq!(few.status.code(), Some(0), "{few:?}");
    let few = stdout(&few);
    let line = few.lines().find(|line| line.contains("without a source"));
    let line = line.unwrap_or_else(|| panic!("{few}"));
    assert!(line.starts_with("fault: 1377 "), "{line}");
    assert!(line.ends_with(" and 1372 more"), "{line}");
    let all = stdout(&catalog(&["check", "--all"], &[&price_map()]));
    let line = all.lines().find(|line| line.contains("without a source"));
    assert_eq!(line.unwrap().matches(", ").count(), 1_376);
    let import = catalog(&["import", "--from", "litellm", "--all"], &[&price_map()]);
    assert!(
        stderr(&import).contains(line.unwrap()),
        "import prints the same report"
    );
}

#[test]
fn check_tells_the_kinds_of_file_apart_and_says_what_each_is() {
    let folder = folder("check");
    let write = |name: &str, content: &str| {
        fs::write(folder.join(name), content).unwrap();
        folder.join(name)
    };
    let head = "{\"format\": \"llm-pricing overrides\", \"source\": \"x\",\n\"models\": ";
    let on_built_in = format!("{head}{{\"openai/gpt-4o\": {{\"rates\": {{\"input\": 1}}}}}}}}");
    let on_own = format!("{head}{{\"acme/m0\": {{\"rates\": {{\"input\": 1}}}}}}}}");
    let faulty = format!(
        "{head}{{\"openai/gpt-4o\": {{\"rates\": {{\"input\": \"x\"}}}},\n\"a/b\": {{\"can\": 1}}}}}}"
    );
    let own = write("own.jsonl", &catalogue(1, 2));
    let on_own = write("on-own.json", &on_own);
    let rows: [(&str, PathBuf, i32, &[&str]); 6] = [
        (
            "a catalogue",
            own.clone(),
            0,
            &["catalogue v1 of 2026-11-23 with 2 models of 1 providers"],
        ),
        (
            "a price map",
            price_map(),
            0,
            &["LiteLLM price map, catalogue 2026-11-23."],
        ),
        (
            "overrides",
            write("good.json", &on_built_in),
            0,
            &["overrides of 0 providers and 1 models, 0 of them new"],
        ),
        (
            "overrides of another catalogue",
            on_own.clone(),
            1,
            &["acme/m0: no model", "1 problem\n"],
        ),
        (
            "faulty overrides",
            write("bad.json", &faulty),
            1,
            &["line 2, openai/gpt-4o", "line 3, a/b", "2 problems"],
        ),
        (
            "a price map that is none",
            write("map.json", "{\"a\": 1}"),
            1,
            &["a: not an object"],
        ),
    ];
    for (name, path, code, parts) in rows {
        let output = catalog(&["check"], &[&path]);
        assert_eq!(output.status.code(), Some(code), "{name}: {output:?}");
        let said = if code == 0 {
            stdout(&output)
        } else {
            stderr(&output)
        };
        for part in parts {
            assert!(said.contains(part), "{name} says {part:?}: {said}");
        }
    }
    let own = own.to_str().unwrap();
    let by_flag = catalog(&["check", "--on", own], &[&on_own]);
    assert_eq!(by_flag.status.code(), Some(0), "{by_flag:?}");
    let by_variable = run(binary()
        .args(["catalog", "check"])
        .arg(&on_own)
        .env("PRICING_CATALOG", own));
    assert_eq!(
        by_variable.status.code(),
        Some(0),
        "as the server would take it"
    );
}

#[test]
fn diff_shows_every_price_that_changed_and_nothing_else() {
    let price = "\"input_cost_per_token\": 1.3e-07";
    let entry = PRICE_MAP.find("\"text-embedding-3-large\": {").unwrap();
    let at = entry + PRICE_MAP[entry..].find(price).expect("its price");
    let mut changed = PRICE_MAP.to_owned();
    changed.replace_range(at..at + price.len(), "\"input_cost_per_token\": 1.95e-07");
    let path = folder("diff").join("changed.json");
    fs::write(&path, changed).unwrap();

    let built_in = Path::new("built-in");
    let same = catalog(&["diff"], &[built_in, &price_map()]);
    assert_eq!(same.status.code(), Some(0), "{same:?}");
    let said = stdout(&same);
    assert!(said.contains("0 added, 0 removed, 0 changed"), "{said}");
    assert_eq!(said.lines().count(), 3, "{said}");

    let differs = catalog(&["diff"], &[built_in, &path]);
    assert_eq!(
        differs.status.code(),
        Some(0),
        "a difference is no failure: {differs:?}"
    );
    let said = stdout(&differs);
    let rows: Vec<Vec<&str>> = said
        .lines()
        .filter(|line| line.starts_with("changed"))
        .map(|line| line.split_whitespace().collect())
        .collect();
    let expected = [
        "changed",
        "openai/text-embedding-3-large",
        "input",
        "0.13",
        "0.195",
        "+50.0",
        "%",
    ];
    assert_eq!(rows, [expected], "{said}");

    let own = folder("diff").join("own.jsonl");
    fs::write(&own, catalogue(1, 2)).unwrap();
    let other = stdout(&catalog(&["diff"], &[&own, &price_map()]));
    assert!(
        other.contains("\nremoved  acme/m0 "),
        "a model of one side: {}",
        &other[..400]
    );

    let overrides = folder("diff").join("overrides.json");
    fs::write(&overrides, "{\"format\": \"llm-pricing overrides\"}").unwrap();
    let rows = [
        (
            "overrides alone have no prices to compare",
            overrides,
            "these are overrides",
        ),
        ("no such file", folder("diff").join("none"), "No such file"),
    ];
    for (name, path, part) in rows {
        let output = catalog(&["diff"], &[built_in, &path]);
        assert_eq!(output.status.code(), Some(1), "{name}: {output:?}");
        assert!(
            stderr(&output).contains(part),
            "{name}: {}",
            stderr(&output)
        );
    }
}

#[test]
fn a_mark_nobody_sees_at_the_head_of_a_file_does_not_matter() {
    let folder = folder("marked");
    let overrides = "{\"format\": \"llm-pricing overrides\", \"source\": \"x\",
        \"models\": {\"openai/m\": {\"rates\": {\"input\": 1}}}}";
    let kinds = [
        ("catalogue", catalogue(1, 2), "2 models of 1 providers"),
        ("map", PRICE_MAP.to_owned(), "LiteLLM price map"),
        ("overrides", overrides.to_owned(), "1 models, 1 of them new"),
    ];
    for (name, text, expected) in kinds {
        let path = folder.join(name);
        fs::write(&path, format!("\u{feff}{text}")).unwrap();
        let output = catalog(&["check"], &[&path]);
        assert!(stdout(&output).contains(expected), "{name}: {output:?}");
    }
}

#[test]
fn a_price_map_from_the_future_is_one_of_today() {
    let path = folder("future").join("map.json");
    // Not the map the built-in catalogue is made of, whose day is known.
    fs::write(&path, format!("{PRICE_MAP}\n")).unwrap();
    // Some file systems keep such a time, others the last they know, in the 25th century.
    let far = SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_800);
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(far).unwrap();
    let output = catalog(&["check"], &[&path]);
    let said = stdout(&output);
    assert!(
        said.contains("LiteLLM price map, catalogue 20"),
        "{output:?}"
    );
}

#[test]
fn who_stops_reading_ends_the_command_without_a_complaint() {
    for arguments in [
        &["check"] as &[&str],
        &["diff", "built-in"],
        &["import", "--from", "litellm"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = binary();
        command.arg("catalog").args(arguments).arg(price_map());
        let child = command.stdout(writer).stderr(Stdio::piped()).spawn();
        let output = child.and_then(Child::wait_with_output).unwrap();
        assert_eq!(output.status.signal(), Some(libc::SIGPIPE), "{output:?}");
        assert!(!stderr(&output).contains("panicked"), "{output:?}");
    }
}
