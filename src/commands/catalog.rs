//! Making, checking and comparing the files prices come in.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use time::Date;
use time::format_description::well_known::Iso8601;

use super::{fail, refuse};
use crate::catalog::litellm::{Import, Options, Report, import as import_map};
use crate::catalog::{Catalog, Diff, Format, Problem, file, overrides};
use crate::cli::CatalogCommand;
use crate::clock::today;
use crate::config;
use crate::exit_code::Exit;
use crate::price_files::{self, Why};

/// What `catalog diff` calls the catalogue of the program itself.
const BUILT_IN: &str = "built-in";

pub fn run(command: CatalogCommand) -> Exit {
    match command {
        CatalogCommand::Check { file, on, all } => check(&file, on.as_deref(), all),
        CatalogCommand::Diff { before, after } => diff(&before, &after),
        CatalogCommand::Import {
            from: _,
            file,
            source,
            date,
            output,
            all,
        } => import(&file, source, date.as_deref(), output.as_deref(), all),
    }
}

/// Says what a file is when it is good, and everything that is wrong with it when it is not.
fn check(path: &Path, on: Option<&Path>, all: bool) -> Exit {
    let (text, written_at) = match price_files::read(path) {
        Ok(read) => read,
        Err(why) => return fail_with(path, why),
    };
    let shown = path.display();
    match Format::of(&text) {
        Format::Catalogue => match file::read(&text) {
            Ok(catalog) => println!("{shown}: {}", described(&catalog)),
            Err(problems) => return fail_with(path, Why::Problems(problems)),
        },
        Format::PriceMap => {
            let options = price_files::map_options(&text, today(written_at));
            match import_map(&text, options) {
                Ok(Import { catalog, report }) => {
                    println!("{shown}: LiteLLM price map, {}", described(&catalog));
                    print!("{}", shown_report(&report, all));
                }
                Err(problems) => return fail_with(path, Why::Problems(problems)),
            }
        }
        Format::Overrides => {
            let overrides = match overrides::read(&text) {
                Ok(overrides) => overrides,
                Err(problems) => return fail_with(path, Why::Problems(problems)),
            };
            let (providers, models) = overrides.counts();
            // A variable that is set to nothing says nothing, as compose files write it.
            let on = on.filter(|path| !path.as_os_str().is_empty());
            let base = match named(on.unwrap_or(Path::new(BUILT_IN))) {
                Ok(catalog) => catalog,
                Err(exit) => return exit,
            };
            let known = base.models().len();
            match overrides.apply(base) {
                Ok(catalog) => println!(
                    "{shown}: overrides of {providers} providers and {models} models, {} of them new; \
                     with them {}",
                    catalog.models().len() - known,
                    described(&catalog)
                ),
                Err(problems) => return fail_with(path, Why::Problems(problems)),
            }
        }
    }
    Exit::Ok
}

fn diff(before: &Path, after: &Path) -> Exit {
    let (before, after) = match (named(before), named(after)) {
        (Ok(before), Ok(after)) => (before, after),
        (Err(exit), _) | (_, Err(exit)) => return exit,
    };
    println!("before: {}", described(&before));
    println!("after:  {}", described(&after));
    print!("{}", Diff::between(&before, &after));
    Exit::Ok
}

/// The catalogue in a file, or the one of the program itself.
fn named(path: &Path) -> Result<Catalog, Exit> {
    if path == Path::new(BUILT_IN) {
        let built_in = Catalog::built_in().map_err(Why::Problems);
        return built_in.map_err(|why| fail_with(path, why));
    }
    let read = price_files::read_catalog(path);
    read.map(|(catalog, _)| catalog)
        .map_err(|why| fail_with(path, why))
}

fn described(catalog: &Catalog) -> String {
    let header = catalog.header();
    format!(
        "catalogue {} of {} with {} models of {} providers",
        header.version,
        header.date,
        catalog.models().len(),
        catalog.providers().len()
    )
}

fn shown_report(report: &Report, all: bool) -> String {
    if all {
        format!("{report:#}")
    } else {
        report.to_string()
    }
}

/// Every problem on a line of its own, and how many there are.
fn fail_with(path: &Path, why: Why) -> Exit {
    let path = path.display();
    let problems: &[Problem] = match &why {
        Why::Problems(problems) => problems,
        _ => return fail(format_args!("{path}: {why}")),
    };
    for problem in problems {
        eprintln!("{path}: {problem}");
    }
    let s = if problems.len() == 1 { "" } else { "s" };
    fail(format_args!("{path}: {} problem{s}", problems.len()))
}

fn import(
    path: &Path,
    source: Option<String>,
    date: Option<&str>,
    output: Option<&Path>,
    all: bool,
) -> Exit {
    let text = match price_files::read(path) {
        Ok((text, _)) => text,
        Err(why) => return fail_with(path, why),
    };
    let date = match date.map(|text| Date::parse(text, &Iso8601::DATE).map_err(|_| text)) {
        None => None,
        Some(Ok(date)) => Some(date),
        Some(Err(text)) => {
            return refuse(&config::bad("--date", text, "a day as YYYY-MM-DD"));
        }
    };
    let known = price_files::map_options(&text, today(SystemTime::now()));
    let options = Options {
        date: date.unwrap_or(known.date),
        source: source.unwrap_or(known.source),
    };
    let import = match import_map(&text, options) {
        Ok(import) => import,
        Err(problems) => return fail_with(path, Why::Problems(problems)),
    };
    eprint!("{}", shown_report(&import.report, all));
    let catalogue = match file::write(&import.catalog) {
        Ok(catalogue) => catalogue,
        Err(cause) => return fail(cause),
    };
    let Some(output) = output else {
        print!("{catalogue}");
        return Exit::Ok;
    };
    match fs::write(output, catalogue) {
        Ok(()) => Exit::Ok,
        Err(cause) => fail(format_args!("{}: {cause}", output.display())),
    }
}
