//! The documents, held to the program: their commands are run, and what they name is there.

use std::path::Path;

use crate::tidy::{document, files};

/// What clients are promised, against the frozen types and the router.
mod compatibility;
/// The console blocks and programs, run as they stand.
mod console;
/// Excerpts of files, data, and links.
mod excerpts;
/// Figures of the health report and of the files in `deploy`.
mod figures;
/// Settings, commands, targets, files and paths of the service that are named.
mod names;

/// A Markdown file.
pub struct Document {
    /// Its path from the root.
    pub name: String,
    pub blocks: Vec<Block>,
    /// What stands outside of blocks, with the number of each line.
    prose: Vec<(usize, String)>,
}

/// What stands between two lines of three backquotes.
pub struct Block {
    /// Where it is, for messages.
    pub place: String,
    /// The heading above it.
    pub section: String,
    pub language: String,
    /// The file it is taken from, which may follow the language.
    pub file: Option<String>,
    pub text: String,
}

/// All of them.
pub fn documents() -> Vec<Document> {
    let readme = ("README.md".to_owned(), document("README.md"));
    let others = ["docs", "deploy"].map(|folder| files(folder, ".md"));
    let all = others.into_iter().flatten().chain([readme]);
    all.map(|(name, text)| Document::parse(&name, &text))
        .collect()
}

impl Document {
    fn parse(name: &str, text: &str) -> Document {
        let (mut blocks, mut prose) = (Vec::new(), Vec::new());
        let (mut section, mut block) = (String::new(), None::<Block>);
        for (line, text) in (1..).zip(text.lines()) {
            match (&mut block, text.trim_start().strip_prefix("```")) {
                (None, Some(info)) => {
                    let (language, file) = match info.split_once(' ') {
                        Some((language, file)) => (language, Some(file.to_owned())),
                        None => (info, None),
                    };
                    block = Some(Block {
                        place: format!("{name}, line {}", line + 1),
                        section: section.clone(),
                        language: language.to_owned(),
                        file,
                        text: String::new(),
                    });
                }
                (Some(_), Some(_)) => blocks.extend(block.take()),
                (Some(block), None) => {
                    block.text.push_str(text);
                    block.text.push('\n');
                }
                (None, None) => {
                    if text.starts_with('#') {
                        section = text.to_owned();
                    }
                    prose.push((line, text.to_owned()));
                }
            }
        }
        assert!(block.is_none(), "{name}: the last block does not end");
        Document {
            name: name.to_owned(),
            blocks,
            prose,
        }
    }

    /// The folder its links start from.
    fn folder(&self) -> &Path {
        Path::new(&self.name).parent().unwrap()
    }

    /// What stands in single backquotes, also over the end of a line, with the number of its line.
    fn spans(&self) -> Vec<(usize, String)> {
        let mut spans = Vec::new();
        let paragraphs = self.prose.split(|(_, text)| text.is_empty());
        for paragraph in paragraphs.filter(|paragraph| !paragraph.is_empty()) {
            let lines: Vec<&str> = paragraph.iter().map(|(_, text)| text.as_str()).collect();
            let mut line = paragraph[0].0;
            let text = lines.join("\n");
            let pieces: Vec<&str> = text.split('`').collect();
            let place = format!("{}, line {line}", self.name);
            assert!(pieces.len() % 2 == 1, "{place}: a backquote too many");
            for (position, piece) in pieces.into_iter().enumerate() {
                if position % 2 == 1 {
                    let words: Vec<&str> = piece.split_whitespace().collect();
                    spans.push((line, words.join(" ")));
                }
                line += piece.matches('\n').count();
            }
        }
        spans
    }

    /// The rows of the tables in a section, without the backslashes of escaped bars; headings of
    /// columns are rows, too.
    fn rows(&self, section: &str) -> Vec<Vec<String>> {
        let lines = self.prose.iter().map(|(_, text)| text.as_str());
        let lines = lines.skip_while(|text| *text != section).skip(1);
        let rows = lines
            .take_while(|text| !text.starts_with('#'))
            .filter_map(|text| text.strip_prefix("| ")?.strip_suffix(" |"))
            .map(|row| {
                row.split(" | ")
                    .map(|cell| cell.trim().to_owned())
                    .collect()
            });
        let rows: Vec<Vec<String>> = rows.collect();
        assert!(!rows.is_empty(), "{} has a table in {section}", self.name);
        rows
    }
}

#[test]
fn the_reader_of_these_tests_understands_markdown() {
    let text = "# One\nA `span that\n ends` here, and `two`.\n\n```sh deploy/x\ncd `pwd`\n```\n## Two\n\
                | `a` | b |\n```json\n{}\n```\n";
    let document = Document::parse("x.md", text);
    let spans: Vec<(usize, String)> = document.spans();
    let spans: Vec<(usize, &str)> = spans.iter().map(|(at, span)| (*at, &**span)).collect();
    assert_eq!(spans, [(2, "span that ends"), (3, "two"), (9, "a")]);
    let blocks: Vec<[&str; 3]> = document
        .blocks
        .iter()
        .map(|block| [&*block.section, &*block.language, &*block.text])
        .collect();
    assert_eq!(
        blocks,
        [["# One", "sh", "cd `pwd`\n"], ["## Two", "json", "{}\n"]]
    );
    assert_eq!(document.blocks[0].file.as_deref(), Some("deploy/x"));
    assert_eq!(document.blocks[1].place, "x.md, line 11");
    assert_eq!(document.rows("## Two"), [["`a`", "b"]]);
}
