//! Tells the binary which commit it was built from: `LLM_PRICING_COMMIT` and
//! `LLM_PRICING_COMMIT_DATE` when set (an image build has no `.git`), else git, else "unknown".
//! And compresses the catalogue it carries, to a thirteenth, and the pages for browsers, which it joins
//! from their parts.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

/// Readable and diffable, as the repository needs it.
const CATALOGUE: &str = "src/catalog/data/catalog.jsonl";

/// A page for browsers, in one file without anything from elsewhere.
struct Page {
    /// Where its frame is.
    folder: &'static str,
    /// Of its frame, and of what comes of it.
    name: &'static str,
    /// In their order; a script can use what those before it have made.
    styles: &'static [&'static str],
    scripts: &'static [&'static [&'static str]],
}

/// What both pages of the reference run first.
const REFERENCE: [&str; 8] = [
    "page/dom.js",
    "reference/text.js",
    "reference/description.js",
    "reference/schema.js",
    "reference/sample.js",
    "reference/json.js",
    "reference/request.js",
    "reference/frame.js",
];

const PAGES: [Page; 3] = [
    Page {
        folder: "page",
        name: "page",
        styles: &["page/base.css", "page/tables.css", "page/views.css"],
        scripts: &[&[
            "page/dom.js",
            "page/format.js",
            "page/service.js",
            "page/state.js",
            "page/filters.js",
            "page/models.js",
            "page/compare.js",
            "page/calculator.js",
            "page/crossings.js",
            "page/chart.js",
            "page/operations.js",
            "page/start.js",
        ]],
    },
    Page {
        folder: "reference",
        name: "docs",
        styles: &["page/base.css", "reference/reference.css"],
        scripts: &[
            &REFERENCE,
            &[
                "reference/answer.js",
                "reference/try.js",
                "reference/docs.js",
            ],
        ],
    },
    Page {
        folder: "reference",
        name: "redoc",
        styles: &["page/base.css", "reference/reference.css"],
        scripts: &[&REFERENCE, &["reference/redoc.js"]],
    },
];

/// Where the folders of the pages are.
const PAGES_FOLDER: &str = "src/api";

fn main() -> io::Result<()> {
    compress_catalogue()?;
    for page in &PAGES {
        join(page)?;
    }
    println!("cargo::rerun-if-changed=src/build.rs");
    println!("cargo::rerun-if-changed=.git/logs/HEAD");
    tell("LLM_PRICING_COMMIT", &["rev-parse", "--short=12", "HEAD"]);
    tell(
        "LLM_PRICING_COMMIT_DATE",
        &[
            "log",
            "-1",
            "--format=%cd",
            "--date=format-local:%Y-%m-%dT%H:%M:%SZ",
        ],
    );
    Ok(())
}

fn compress_catalogue() -> io::Result<()> {
    println!("cargo::rerun-if-changed={CATALOGUE}");
    compress(&fs::read(CATALOGUE)?, "catalog.jsonl.gz")
}

/// One file out of a page's frame, styles and scripts, and the policy under which a browser runs these
/// and nothing else.
fn join(page: &Page) -> io::Result<()> {
    let Page { folder, name, .. } = page;
    println!("cargo::rerun-if-changed={PAGES_FOLDER}/{folder}");
    let style = joined(page.styles)?;
    let script = format!("'use strict';\n{{\n{}}}\n", joined(&page.scripts.concat())?);
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        STANDARD.encode(Sha256::digest(&script)),
        STANDARD.encode(Sha256::digest(&style))
    );
    let page = fs::read_to_string(format!("{PAGES_FOLDER}/{folder}/{name}.html"))?
        .replace("/*style*/", &style)
        .replace("/*script*/", &script);
    fs::write(out(&format!("{name}.policy"))?, policy)?;
    fs::write(out(&format!("{name}.html"))?, &page)?;
    compress(page.as_bytes(), &format!("{name}.html.gz"))
}

fn joined(paths: &[&str]) -> io::Result<String> {
    let read = |path| fs::read_to_string(format!("{PAGES_FOLDER}/{path}"));
    paths.iter().map(read).collect()
}

fn compress(bytes: &[u8], name: &str) -> io::Result<()> {
    let mut encoder = GzEncoder::new(fs::File::create(out(name)?)?, Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()?.sync_all()
}

fn out(name: &str) -> io::Result<PathBuf> {
    let folder = std::env::var("OUT_DIR").map_err(io::Error::other)?;
    Ok(Path::new(&folder).join(name))
}

fn tell(name: &str, git_arguments: &[&str]) {
    println!("cargo::rerun-if-env-changed={name}");
    let told = std::env::var(name).ok().filter(|value| !value.is_empty());
    let value = told
        .or_else(|| git(git_arguments))
        .unwrap_or_else(|| "unknown".into());
    println!("cargo::rustc-env={name}={value}");
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .args(arguments)
        .env("TZ", "UTC")
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let text = text.trim();
    (output.status.success() && !text.is_empty()).then(|| text.to_owned())
}
