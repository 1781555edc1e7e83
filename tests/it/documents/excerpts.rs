//! What the documents show of files, the data they show, and where their links lead.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use super::{Block, Document, documents};
use crate::tidy::{document, root};

/// The languages of blocks that name no file.
const LANGUAGES: [&str; 5] = ["console", "json", "python", "sh", "text"];

/// Whether the lines of an excerpt stand in the file in this order; `...` alone in a line, or in a comment,
/// stands for lines that are left out.
fn is_excerpt(excerpt: &str, file: &str) -> bool {
    let file: Vec<&str> = file.lines().map(str::trim).collect();
    let pieces = excerpt
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty());
    let pieces: Vec<&str> = pieces.collect();
    let mut from = 0;
    let is_gap = |line: &&str| line.trim_start_matches(['#', ' ']) == "...";
    pieces.split(is_gap).all(|piece| {
        let lines: Vec<(usize, &str)> = (0..)
            .zip(file.iter().copied())
            .skip(from)
            .filter(|(_, line)| !line.is_empty())
            .collect();
        let found = lines.windows(piece.len().max(1)).find(|window| {
            window
                .iter()
                .map(|(_, line)| *line)
                .eq(piece.iter().copied())
        });
        if let Some(last) = found.and_then(|window| window.last()) {
            from = last.0 + 1;
        }
        found.is_some() || piece.is_empty()
    })
}

#[test]
fn an_excerpt_is_in_its_file_line_by_line() {
    let file = "a: 1\n  b: 2\n\n  c: 3\nd: 4\n";
    let rows = [
        ("all of it", "a: 1\nb: 2\nc: 3\nd: 4\n", true),
        ("a part, indented otherwise", "    b: 2\n    c: 3\n", true),
        ("with a gap", "a: 1\n# ...\nd: 4\n", true),
        ("a gap at the end", "a: 1\n...\n", true),
        ("a line left out in silence", "a: 1\nc: 3\n", false),
        ("another value", "a: 2\n", false),
        ("another order", "d: 4\n...\na: 1\n", false),
        ("a part of a line", "a:\n", false),
    ];
    for (name, excerpt, is_one) in rows {
        assert_eq!(is_excerpt(excerpt, file), is_one, "{name}");
    }
}

fn check_block(block: &Block) {
    let place = &block.place;
    if let Some(file) = &block.file {
        assert!(
            is_excerpt(&block.text, &document(file)),
            "{place}: not what stands in {file}"
        );
        return;
    }
    assert!(
        LANGUAGES.contains(&&*block.language),
        "{place}: {:?} is none of {LANGUAGES:?}; then it says behind it which file it is taken from",
        block.language
    );
    match &*block.language {
        "json" => {
            let parsed = serde_json::from_str::<Value>(&block.text);
            parsed.unwrap_or_else(|why| panic!("{place}: {why}"));
        }
        "sh" => {
            let checked = Command::new("bash")
                .args(["-n", "-c", &block.text])
                .output();
            let checked = checked.expect("bash runs");
            let said = String::from_utf8_lossy(&checked.stderr);
            assert!(checked.status.success(), "{place}: {said}");
        }
        _ => {}
    }
}

#[test]
fn every_block_is_data_that_parses_or_stands_in_the_file_it_names() {
    let documents = documents();
    let blocks: Vec<&Block> = documents.iter().flat_map(|found| &found.blocks).collect();
    assert!(blocks.len() > 30, "{} blocks", blocks.len());
    blocks.into_iter().for_each(check_block);
}

/// What a link to a heading says of it, as GitHub writes it.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = |char: &char| char.is_alphanumeric() || [' ', '-', '_'].contains(char);
    text.chars()
        .filter(kept)
        .collect::<String>()
        .replace(' ', "-")
}

fn anchors(document: &Document) -> BTreeSet<String> {
    let headings = document
        .prose
        .iter()
        .filter(|(_, text)| text.starts_with('#'));
    headings.map(|(_, text)| anchor(text)).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let documents = documents();
    let anchors: BTreeMap<&str, BTreeSet<String>> = documents
        .iter()
        .map(|document| (&*document.name, anchors(document)))
        .collect();
    let mut followed = 0;
    for document in &documents {
        for (line, text) in &document.prose {
            for link in text.split("](").skip(1) {
                let link = link.split(')').next().unwrap();
                if link.contains("://") {
                    continue;
                }
                let place = format!("{}, line {line}: {link}", document.name);
                let (path, heading) = link.split_once('#').unwrap_or((link, ""));
                let mut target = document.folder().to_owned();
                for step in path.split('/').filter(|step| !step.is_empty()) {
                    match step {
                        ".." => assert!(target.pop(), "{place}"),
                        step => target.push(step),
                    }
                }
                if path.is_empty() {
                    target = document.name.clone().into();
                }
                assert!(root().join(&target).exists(), "{place}: not there");
                let known = anchors.get(target.to_str().unwrap());
                let leads =
                    heading.is_empty() || known.is_some_and(|known| known.contains(heading));
                assert!(leads, "{place}: no such heading in {known:?}");
                followed += 1;
            }
        }
    }
    assert!(followed > 20, "{followed} links");
}
