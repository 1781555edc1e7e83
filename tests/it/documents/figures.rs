//! Figures the documents give: of the health report, and of the files in `deploy`.

use super::documents;
use crate::harness::Instance;
use crate::tidy::document;

#[test]
fn every_figure_that_is_named_is_in_the_health_report() {
    let report = Instance::start().get("/health/detailed").json();
    let mut seen = 0;
    for document in documents() {
        for (line, span) in document.spans() {
            let path = match span.split_once('.') {
                Some(("metrics" | "environment", _)) => span.replace('.', "/"),
                Some(("refused", _)) => format!("metrics/{}", span.replace('.', "/")),
                _ => continue,
            };
            let place = format!("{}, line {line}: {span}", document.name);
            assert!(report.pointer(&format!("/{path}")).is_some(), "{place}");
            seen += 1;
        }
    }
    assert!(seen > 5, "{seen} figures");
}

/// The first number behind a name in a configuration file, comments left out.
fn number_behind(name: &str, text: &str) -> Option<u64> {
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'));
    let text: Vec<&str> = lines.collect();
    let text = text.join("\n");
    let (_, rest) = text.split_once(name)?;
    let digits = rest.trim_start_matches(|char: char| !char.is_ascii_digit());
    let end = digits.find(|char: char| !char.is_ascii_digit());
    digits[..end.unwrap_or(digits.len())].parse().ok()
}

#[test]
fn the_figures_of_the_inequality_are_those_of_the_files() {
    let documents = documents();
    let guide = documents
        .iter()
        .find(|found| found.name.ends_with("/BLUE_GREEN_DEPLOYMENT.md"));
    let rows = guide.expect("the guide").rows("### The inequality");
    let mut seen = 0;
    for row in rows
        .iter()
        .filter(|row| row.len() == 6 && row[2].starts_with('`'))
    {
        let files = row[2].split('`').skip(1).step_by(2).map(document);
        let text: String = files.collect();
        let (setting, grace) = row[5].rsplit_once(' ').expect("a setting and its value");
        let pairs = [
            ("SHUTDOWN_DELAY_SECONDS", &*row[3]),
            ("DRAIN_TIMEOUT_SECONDS", &*row[4]),
            (setting.trim_matches('`'), grace),
        ];
        for (name, documented) in pairs {
            let real = number_behind(name, &text).unwrap_or_else(|| panic!("{}: {name}", row[0]));
            assert_eq!(documented.parse(), Ok(real), "{}: {name}", row[0]);
        }
        seen += 1;
    }
    assert!(seen >= 6, "{seen} places");
}
