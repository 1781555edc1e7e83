//! Completions, loaded by the shells they are for, and manual pages, read by the program that shows them.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use clap::CommandFactory;
use llm_pricing::cli::Cli;

use crate::cli::{run, stderr, stdout};
use crate::harness::binary;
use crate::tools::{said_by, system_tool};

fn printed(arguments: &[&str]) -> String {
    let output = run(binary().args(arguments).env("SHUTDOWN_TOKEN", "hush"));
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {output:?}");
    let said = stdout(&output);
    assert!(!said.contains("hush"), "{arguments:?} shows a secret");
    said
}

fn fed(command: &mut Command, text: &str) -> Output {
    let streams = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = streams.stderr(Stdio::piped()).spawn().expect("it runs");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(text.as_bytes()).expect("it reads");
    drop(input);
    child.wait_with_output().expect("it ends")
}

#[test]
fn bash_completes_commands_options_and_values() {
    let script = printed(&["completions", "bash"]);
    for (name, line, expected) in [
        (
            "command",
            "llm-pricing comp",
            &["compare", "completions"][..],
        ),
        (
            "option",
            "llm-pricing compare --cache-r",
            &["--cache-read", "--cache-read-percent"],
        ),
        ("tier", "llm-pricing estimate --service-tier fl", &["flex"]),
        (
            "figure",
            "llm-pricing models --sort-by cont",
            &["context_window"],
        ),
        (
            "capability",
            "llm-pricing models --supports vis",
            &["vision"],
        ),
        ("shell", "llm-pricing completions z", &["zsh"]),
        ("nested", "llm-pricing catalog im", &["import"]),
    ] {
        // What bash does when the key is pressed at the end of the line.
        let mut words: Vec<&str> = line.split(' ').collect();
        words.insert(0, "key");
        let ask = r#"shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
            _llm__pricing llm-pricing "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
            printf '%s\n' "${COMPREPLY[@]}"; complete -p llm-pricing"#;
        let mut bash = system_tool("bash");
        bash.args(["--norc", "-c", &format!("{script}\n{ask}"), "bash"])
            .args(words);
        let said = said_by(&mut bash);
        let (completed, registered) = said.trim_end().rsplit_once('\n').expect("both");
        assert!(
            registered.contains("-F _llm__pricing"),
            "{name}: {registered}"
        );
        let mut completed: Vec<&str> = completed.lines().collect();
        completed.sort_unstable();
        assert_eq!(completed, expected, "{name}");
    }
}

#[test]
fn zsh_and_fish_understand_theirs() {
    for (shell, arguments) in [("zsh", &["-n"][..]), ("fish", &["--no-execute"])] {
        let script = printed(&["completions", shell]);
        for (name, text, is_understood) in [
            ("whole", script.clone(), true),
            ("cut in half", format!("{script}\nif ("), false),
        ] {
            let output = fed(system_tool(shell).args(arguments), &text);
            let is_quiet = output.status.success() && stderr(&output).is_empty();
            assert_eq!(is_quiet, is_understood, "{shell}, {name}: {output:?}");
        }
    }
    let script = printed(&["completions", "fish"]);
    let ask = "complete -C 'llm-pricing estimate --service-tier fl'";
    let said =
        said_by(system_tool("fish").args(["--no-config", "-c", &format!("{script}\n{ask}")]));
    assert_eq!(said.trim(), "flex");
}

#[test]
fn every_manual_page_is_read_without_a_warning_and_explains_every_option() {
    let mut whole = Cli::command();
    whole.build();
    let mut pages = vec![(Vec::new(), &whole)];
    let mut read = 0;
    while let Some((words, command)) = pages.pop() {
        let arguments: Vec<&str> = [&["man"], &words[..]].concat();
        let page = printed(&arguments);
        let mut groff = system_tool("groff");
        let shown = fed(groff.args(["-man", "-Tutf8", "-P-cbou", "-ww"]), &page);
        assert!(shown.status.success(), "{words:?}: {shown:?}");
        assert_eq!(stderr(&shown), "", "{words:?}");
        let text = stdout(&shown);
        for option in command
            .get_arguments()
            .filter_map(|argument| argument.get_long())
        {
            assert!(
                text.contains(&format!("--{option}")),
                "{words:?}: {option} in {text}"
            );
        }
        let children = command
            .get_subcommands()
            .filter(|child| child.get_name() != "help");
        pages.extend(children.map(|child| ([&words[..], &[child.get_name()]].concat(), child)));
        read += 1;
    }
    assert!(read > 12, "{read} pages");
    let page = printed(&["man"]);
    assert!(
        page.contains("\n.nf\nExamples:\n"),
        "examples keep their lines: {page}"
    );
    let unknown = run(binary().args(["man", "estimat"]));
    assert_eq!(unknown.status.code(), Some(2), "{unknown:?}");
    assert_eq!(stdout(&unknown), "");
}
