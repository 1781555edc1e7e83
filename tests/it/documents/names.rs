//! What the documents name, in backquotes or in shell blocks: settings, commands, targets, files and
//! paths of the service. All of it is there.

use std::collections::BTreeSet;
use std::process::Command;

use clap::CommandFactory;
use clap::error::ErrorKind;
use llm_pricing::cli::Cli;
use llm_pricing::exchange::Method;
use llm_pricing::router::{ROUTES, Route, route};

use super::documents;
use crate::tidy::{document, files, root};

/// Where files are that documents name.
const FOLDERS: [&str; 5] = ["benches/", "deploy/", "docs/", "src/", "tests/"];

/// Names in capitals that are nowhere in this repository, and whose they are.
const NAMES_OF_OTHERS: [(&str, &str); 1] = [("OPENAI_API_KEY", "the Python service")];

/// What a line of a shell block may begin with. What else these are told is for a reader to judge.
const PROGRAMS: [&str; 23] = [
    "apt-get",
    "aws",
    "cargo",
    "cd",
    "cp",
    "curl",
    "docker",
    "done",
    "git",
    "haproxy",
    "install",
    "journalctl",
    "kubectl",
    "kustomize",
    "ln",
    "mv",
    "nginx",
    "openssl",
    "rm",
    "systemctl",
    "systemd-sysusers",
    "touch",
    "while",
];

/// What can be named.
struct Known {
    /// Names in capitals: settings, and what files of the program, of `deploy` and the Makefile read.
    capitals: BTreeSet<String>,
    targets: BTreeSet<String>,
    sources: Vec<String>,
    /// What `deploy/switch/switch --help` says.
    switch_help: String,
}

fn is_capitals(word: &str) -> bool {
    let is_one = |char: char| char.is_ascii_uppercase() || char.is_ascii_digit() || char == '_';
    word.contains('_') && word.chars().all(is_one) && word.starts_with(|c: char| c.is_alphabetic())
}

impl Known {
    fn read() -> Known {
        let makefile = document("Makefile");
        let targets = makefile.lines().filter_map(|line| line.split_once(':'));
        let targets = targets.map(|(target, _)| target.to_owned()).collect();
        let deploy: Vec<(String, String)> = files("deploy", "")
            .into_iter()
            .filter(|(name, _)| !name.ends_with(".md"))
            .collect();
        let sources = files("src", ".rs");
        let texts = sources.iter().chain(&deploy).map(|(_, text)| text.as_str());
        let words = texts.chain([&*makefile]).flat_map(|text| {
            text.split(|char: char| !(char.is_ascii_alphanumeric() || char == '_'))
        });
        let cli = Cli::command();
        let settings = cli.get_arguments().filter_map(|setting| setting.get_env());
        let capitals = words
            .chain(settings.map(|name| name.to_str().unwrap()))
            .filter(|word| is_capitals(word))
            .map(str::to_owned)
            .collect();
        let others = ["tests", "benches"].map(|folder| files(folder, ".rs"));
        let sources = sources.into_iter().chain(others.into_iter().flatten());
        let help = Command::new(root().join("deploy/switch/switch"))
            .arg("--help")
            .output();
        Known {
            capitals,
            targets,
            sources: sources.map(|(name, _)| name).collect(),
            switch_help: String::from_utf8(help.expect("the switch runs").stdout).unwrap(),
        }
    }

    /// What is wrong with something that stands in backquotes.
    fn problem_of_span(&self, span: &str) -> Option<String> {
        let first = span.split_whitespace().next()?;
        let name = first.split('=').next().unwrap();
        let is_path = FOLDERS.iter().any(|folder| span.starts_with(folder));
        let is_command = ["make", "llm-pricing", "deploy/switch/switch"].contains(&first);
        if is_command || is_capitals(name) {
            return self.problem_of_command(span);
        } else if is_path && !span.contains(['*', '<', '{']) {
            return (!root().join(first).exists()).then(|| "no such file".to_owned());
        } else if span.ends_with(".rs") {
            let end = format!("/{span}");
            let is_there = self.sources.iter().any(|source| source.ends_with(&end));
            return (!is_there).then(|| "no such source".to_owned());
        }
        let (methods, path) = match span.split_once(' ') {
            Some(("GET", path)) => (&[Method::Get][..], path),
            Some(("POST", path)) => (&[Method::Post][..], path),
            _ => (&[Method::Get, Method::Post][..], span),
        };
        let first_step = |path: &str| path.split('/').nth(1).map(str::to_owned);
        let is_ours = methods.len() == 1
            || path.len() > 1
                && ROUTES
                    .iter()
                    .any(|row| first_step(row.path) == first_step(path));
        if !path.starts_with('/') || !is_ours {
            return None;
        }
        let is_routed = match path.split_once("...") {
            Some((start, _)) => ROUTES.iter().any(|row| row.path.starts_with(start)),
            None => methods.iter().any(|method| {
                let found = route(*method, path.split('?').next().unwrap());
                !matches!(found, Route::Unknown | Route::WrongMethod)
            }),
        };
        (!is_routed).then(|| "no such endpoint".to_owned())
    }

    /// What is wrong with a command, behind the variables it is given.
    fn problem_of_command(&self, command: &str) -> Option<String> {
        let mut words: Vec<&str> = command.split_whitespace().collect();
        words.retain(|word| !["sudo", "export"].contains(word));
        let variables = words.iter().take_while(|word| {
            let name = word.split('=').next().unwrap();
            is_capitals(name) || word.contains('=')
        });
        let (variables, words) = words.split_at(variables.count());
        for variable in variables {
            let name = variable.split('=').next().unwrap();
            let is_anothers = NAMES_OF_OTHERS.iter().any(|(other, _)| *other == name);
            if is_capitals(name) && !self.capitals.contains(name) && !is_anothers {
                return Some(format!("nothing here is called {name}"));
            }
        }
        let (program, arguments) = words.split_first()?;
        let missing = words.iter().find(|word| {
            let is_path = FOLDERS.iter().any(|folder| word.starts_with(folder));
            is_path && !word.contains('*') && !root().join(word).exists()
        });
        if let Some(missing) = missing {
            return Some(format!("no file {missing}"));
        }
        if let Some(template) = words
            .iter()
            .skip_while(|word| **word != "--template-file")
            .nth(1)
        {
            let template = document(template);
            let is_parameter = |name: &str| template.contains(&format!("\n  {name}:\n"));
            let mut given = words.iter().filter_map(|word| word.split_once('='));
            if let Some((name, _)) = given.find(|(name, _)| !is_parameter(name)) {
                return Some(format!("the template has no parameter {name}"));
            }
        }
        match program.rsplit('/').next().unwrap() {
            "llm-pricing" => {
                // A synopsis has what is optional in brackets.
                let words = words.iter().map(|word| word.trim_matches(['[', ']']));
                let parsed = Cli::command().try_get_matches_from(words);
                let why = parsed.err()?;
                let is_right = [
                    ErrorKind::DisplayHelp,
                    ErrorKind::DisplayVersion,
                    // A command that is only named.
                    ErrorKind::MissingRequiredArgument,
                ];
                (!is_right.contains(&why.kind())).then(|| why.to_string().lines().take(1).collect())
            }
            "make" => {
                let targets = arguments.iter().filter(|word| !word.contains('='));
                let missing = targets
                    .copied()
                    .find(|target| !self.targets.contains(*target));
                missing.map(|target| format!("no target {target}"))
            }
            "switch" => {
                let said: Vec<&str> = self.switch_help.split_whitespace().collect();
                let is_known = |word: &str| {
                    let word = word.trim_matches(['[', ']']).split('=').next().unwrap();
                    !word.starts_with("--")
                        || said.iter().any(|said| said.trim_end_matches(',') == word)
                };
                let unknown = arguments.iter().find(|word| !is_known(word));
                unknown.map(|flag| format!("the switch has no {flag}"))
            }
            program if PROGRAMS.contains(&program) => None,
            program => Some(format!("{program} is none of {PROGRAMS:?}")),
        }
    }
}

/// The commands of a shell block, each in one line and without comments.
fn commands(block: &str) -> Vec<String> {
    let text = block.replace("\\\n", " ");
    let lines = text.lines().map(|line| match line.find(" #") {
        Some(at) => &line[..at],
        None => line,
    });
    let commands = lines.filter(|line| !line.trim_start().starts_with('#'));
    let commands = commands.flat_map(|line| line.split(" && ").flat_map(|part| part.split(" | ")));
    let commands = commands.map(|command| command.trim().to_owned());
    commands.filter(|command| !command.is_empty()).collect()
}

#[test]
fn a_name_that_is_nowhere_is_noticed() {
    let known = Known::read();
    let rows = [
        ("a setting", "SERVER_PORT", true),
        ("a setting with a value", "LOG_LEVEL=debug", true),
        ("a setting nobody reads", "SERVER_BORT", false),
        (
            "a command",
            "llm-pricing shutdown [--drain-timeout N] [--wait]",
            true,
        ),
        (
            "a command with a setting",
            "SERVER_PORT=8001 llm-pricing healthcheck",
            true,
        ),
        (
            "a flag that does not exist",
            "llm-pricing shutdown --hard",
            false,
        ),
        ("a command that does not exist", "llm-pricing stop", false),
        ("a target", "make soak", true),
        ("a target with a variable", "make fuzz FUZZ_SECONDS=5", true),
        ("a target that does not exist", "make soap", false),
        ("a file", "docs/API.md", true),
        ("a folder", "tests/it/framing/", true),
        ("a file that does not exist", "deploy/no/such.cfg", false),
        ("a source, from somewhere", "door/reading.rs", true),
        ("a source that does not exist", "door/writing.rs", false),
        ("an endpoint", "GET /pricing", true),
        ("an endpoint with another method", "POST /pricing", false),
        (
            "a path with a query",
            "/deployment/shutdown?wait=true",
            true,
        ),
        ("a path with a placeholder", "/models/openai/gpt-4o", true),
        ("a path that does not exist", "/health/steady", false),
        ("several paths", "/health/...", true),
        (
            "a flag of the switch",
            "deploy/switch/switch status --dry-run",
            true,
        ),
        (
            "a flag the switch lacks",
            "deploy/switch/switch status --hard",
            false,
        ),
        (
            "a parameter of a template",
            "aws --template-file deploy/aws/service.yaml Tasks=0",
            true,
        ),
        (
            "a parameter it lacks",
            "aws --template-file deploy/aws/service.yaml Jobs=0",
            false,
        ),
        ("something else", "Connection: close", true),
    ];
    for (name, span, is_there) in rows {
        let is_command = span.starts_with("aws ");
        let problem = match is_command {
            true => known.problem_of_command(span),
            false => known.problem_of_span(span),
        };
        assert_eq!(problem.is_none(), is_there, "{name}: {problem:?}");
    }
}

#[test]
fn all_that_is_named_is_there() {
    let known = Known::read();
    let mut problems = Vec::new();
    let mut looked_at = 0;
    for document in documents() {
        for (line, span) in document.spans() {
            looked_at += 1;
            let problem = known.problem_of_span(&span);
            let place = format!("{}, line {line}: {span}", document.name);
            problems.extend(problem.map(|problem| format!("{place}: {problem}")));
        }
        for block in document
            .blocks
            .iter()
            .filter(|block| block.language == "sh")
        {
            for command in commands(&block.text) {
                looked_at += 1;
                let problem = known.problem_of_command(&command);
                let place = format!("{}: {command}", block.place);
                problems.extend(problem.map(|problem| format!("{place}: {problem}")));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(looked_at > 500, "{looked_at} names");
}
