//! Tells the binary which commit it was built from: `LLM_PRICING_COMMIT` and
//! `LLM_PRICING_COMMIT_DATE` when set (an image build has no `.git`), else git, else "unknown".
//! And compresses the catalogue it carries, to a thirteenth.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;

/// Readable and diffable, as the repository needs it.
const CATALOGUE: &str = "src/catalog/data/catalog.jsonl";

fn main() -> io::Result<()> {
    compress_catalogue()?;
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
    let folder = std::env::var("OUT_DIR").map_err(io::Error::other)?;
    let file = fs::File::create(Path::new(&folder).join("catalog.jsonl.gz"))?;
    let mut encoder = GzEncoder::new(file, Compression::best());
    encoder.write_all(&fs::read(CATALOGUE)?)?;
    encoder.finish()?.sync_all()
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
