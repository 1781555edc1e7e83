//! The files an operator keeps prices in: looked at, read, and made one catalogue.

use std::fmt;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use time::Date;

use crate::catalog::litellm::{self, Note};
use crate::catalog::{Catalog, Format, Problem, digest, file, overrides};
use crate::clock::today;
use crate::text_file;

/// Ten times the largest price map there is; a larger file is something else.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// What a map is called that does not say what it is.
const UNNAMED_MAP: &str = "LiteLLM model_prices_and_context_window.json (MIT)";

/// Where the prices come from, as the settings say.
#[derive(Clone, Debug, Default)]
pub struct PriceFiles {
    /// In place of the built-in catalogue: our own format or LiteLLM's.
    pub catalog: Option<PathBuf>,
    /// On top of either.
    pub overrides: Option<PathBuf>,
}

/// A catalogue, ready to be served.
#[derive(Debug)]
pub struct Stock {
    pub catalog: Catalog,
    /// Entries of a price map that are left out because their prices cannot be right.
    pub refused: Vec<Note>,
    /// What the files looked like before they were read.
    pub sight: Sight,
}

/// The files as the file system describes them. A file that was written to or replaced, also by way of
/// a symbolic link on its path, looks different.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sight([Option<Identity>; 2]);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
    bytes: u64,
    written_at: (i64, i64),
    /// Unlike the time of writing, nobody can set it.
    changed_at: (i64, i64),
}

/// A file that cannot be used.
#[derive(Debug)]
pub struct Unusable {
    /// The setting that names the file.
    pub setting: &'static str,
    pub path: PathBuf,
    pub why: Why,
}

/// What is wrong with it.
#[derive(Debug)]
pub enum Why {
    Unreadable(io::Error),
    /// It is a good file of another kind, for all that can be seen.
    IsA(Format),
    /// At least one.
    Problems(Vec<Problem>),
}

const CATALOG: &str = "PRICING_CATALOG";
const OVERRIDES: &str = "PRICING_OVERRIDES";

impl PriceFiles {
    /// A setting that is set to nothing says nothing, as compose files write it.
    pub fn new(catalog: Option<&str>, overrides: Option<&str>) -> PriceFiles {
        let file = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(PathBuf::from);
        PriceFiles {
            catalog: file(catalog),
            overrides: file(overrides),
        }
    }

    /// Whether there is anything to look at.
    pub fn is_none(&self) -> bool {
        self.catalog.is_none() && self.overrides.is_none()
    }

    /// What the files look like now; one that cannot be looked at looks like none.
    pub fn look(&self) -> Sight {
        Sight([&self.catalog, &self.overrides].map(|path| {
            let metadata = fs::metadata(path.as_ref()?).ok()?;
            Some(Identity {
                device: metadata.dev(),
                inode: metadata.ino(),
                bytes: metadata.size(),
                written_at: (metadata.mtime(), metadata.mtime_nsec()),
                changed_at: (metadata.ctime(), metadata.ctime_nsec()),
            })
        }))
    }

    /// Reads and checks everything.
    ///
    /// # Errors
    /// The first file that cannot be used, with all that is wrong with it.
    pub fn load(&self) -> Result<Stock, Unusable> {
        let sight = self.look();
        let unusable = |setting, path: &Path, why| Unusable {
            setting,
            path: path.to_owned(),
            why,
        };
        // Before the work with the catalogue, since a file that cannot be opened is tried again and again.
        let overrides = match &self.overrides {
            Some(path) => {
                let read = read(path).map_err(|why| unusable(OVERRIDES, path, why))?;
                Some((path, read.0))
            }
            None => None,
        };
        let (mut catalog, refused) = match &self.catalog {
            Some(path) => read_catalog(path).map_err(|why| unusable(CATALOG, path, why))?,
            None => {
                let built_in = Catalog::built_in().map_err(Why::Problems);
                let path = Path::new("built-in");
                (
                    built_in.map_err(|why| unusable(CATALOG, path, why))?,
                    Vec::new(),
                )
            }
        };
        if let Some((path, text)) = overrides {
            catalog =
                override_with(&text, catalog).map_err(|why| unusable(OVERRIDES, path, why))?;
        }
        Ok(Stock {
            catalog,
            refused,
            sight,
        })
    }
}

/// A text of a file, and when it was written.
///
/// # Errors
/// When it is no regular file of a sensible size, or not UTF-8.
pub fn read(path: &Path) -> Result<(String, SystemTime), Why> {
    let (text, metadata) = text_file::read(path, FILE_BYTES_MAX).map_err(Why::Unreadable)?;
    Ok((text, written_at(&metadata)))
}

/// When a file was written, as far as that can be: anybody can set this time, also to one that no
/// calendar has, and prices from the future would never be old.
fn written_at(metadata: &Metadata) -> SystemTime {
    let said = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    said.min(SystemTime::now()).max(SystemTime::UNIX_EPOCH)
}

/// The catalogue in a file of either format, and what of a price map was left out as a mistake.
///
/// # Errors
/// When it cannot be read, or everything that is wrong with it.
pub fn read_catalog(path: &Path) -> Result<(Catalog, Vec<Note>), Why> {
    let (text, written_at) = read(path)?;
    match Format::of(&text) {
        Format::Catalogue => {
            let catalog = file::read(&text).map_err(Why::Problems)?;
            Ok((catalog, Vec::new()))
        }
        Format::PriceMap => {
            let options = map_options(&text, today(written_at));
            let import = litellm::import(&text, options).map_err(Why::Problems)?;
            Ok((import.catalog, import.report.refused))
        }
        Format::Overrides => Err(Why::IsA(Format::Overrides)),
    }
}

/// What a price map does not say of itself. The map the built-in catalogue is made of keeps its day and
/// its source: reading it again makes its prices no fresher.
pub fn map_options(text: &str, date: Date) -> litellm::Options {
    let known = Catalog::built_in_header().ok();
    let known = known.filter(|header| header.source_digest == digest(text));
    known.map_or_else(
        || litellm::Options {
            date,
            source: UNNAMED_MAP.into(),
        },
        |header| litellm::Options {
            date: header.date,
            source: header.source,
        },
    )
}

/// A catalogue with the overrides of a text.
///
/// # Errors
/// When the text is something else, or everything that is wrong with it.
pub fn override_with(text: &str, catalog: Catalog) -> Result<Catalog, Why> {
    if Format::of(text) == Format::Catalogue {
        return Err(Why::IsA(Format::Catalogue));
    }
    let overrides = overrides::read(text).map_err(Why::Problems)?;
    overrides.apply(catalog).map_err(Why::Problems)
}

impl Stock {
    /// One line for the log.
    pub fn summary(&self) -> String {
        let header = self.catalog.header();
        format!(
            "catalogue {} of {}: {} models of {} providers",
            header.version,
            header.date,
            self.catalog.models().len(),
            self.catalog.providers().len()
        )
    }
}

impl Unusable {
    /// The problems one by one, each with its file, up to a number that can be read; none when the one
    /// line of [`fmt::Display`] has said it all.
    pub fn details(&self) -> impl Iterator<Item = String> + '_ {
        const SHOWN_MAX: usize = 20;
        let problems: &[Problem] = match &self.why {
            Why::Problems(problems) if problems.len() > 1 => problems,
            _ => &[],
        };
        let path = self.path.display();
        let rest = problems.len().saturating_sub(SHOWN_MAX);
        let more = format!("and {rest} more; llm-pricing catalog check {path} says all");
        problems
            .iter()
            .take(SHOWN_MAX)
            .map(move |problem| format!("{}: {problem}", self.path.display()))
            .chain((rest > 0).then_some(more))
    }
}

/// In one line: which setting, which file, what is wrong, what is allowed.
impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Unusable { setting, path, why } = self;
        write!(f, "{setting}: {path:?} cannot be used: {why}")?;
        match (why, *setting) {
            // Each problem says itself what is allowed.
            (Why::Problems(_), _) => Ok(()),
            (_, OVERRIDES) => f.write_str("; allowed: a file of overrides"),
            _ => f.write_str("; allowed: a file with a catalogue or a LiteLLM price map"),
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Unreadable(cause) => cause.fmt(f),
            Why::IsA(Format::Overrides) => f.write_str("these are overrides"),
            Why::IsA(format) => write!(f, "this is a {format}"),
            Why::Problems(problems) => match &problems[..] {
                [problem] => write!(f, "1 problem, {problem}"),
                [first, ..] => write!(f, "{} problems, first {first}", problems.len()),
                [] => f.write_str("no problem is known"),
            },
        }
    }
}
