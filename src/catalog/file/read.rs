//! From the text of a catalogue file to a catalogue, or to everything that is wrong with it.

use std::borrow::Cow;
use std::collections::HashMap;

use super::facts::{FactsReader, date};
use super::record::{HeaderLine, ModelLine, ProviderLine, Text};
use super::{FORMAT, FORMAT_VERSION, UNIT};
use crate::catalog::intern::Interner;
use crate::catalog::model::ListedName;
use crate::catalog::problem::Inspection;
use crate::catalog::{
    Catalog, Header, Model, Problem, Provider, ProviderId, Unusable, V1Listing, digest,
};

/// The table of names counts the keys of a model in a byte.
const KEYS_MAX: usize = 255;

/// Reads a catalogue.
///
/// # Errors
/// Every problem of the file, each with its line, its entry, what is wrong and what is allowed. Within
/// one line the values are all looked at, unless the line is not the JSON object it should be.
pub fn read(text: &str) -> Result<Catalog, Vec<Problem>> {
    let mut reader = Reader::default();
    let mut lines = (1..).zip(text.lines());
    let header = lines.next().and_then(|(_, line)| reader.header(line));
    if header.is_none() && !text.starts_with("{\"format\":") {
        // Something else altogether: one sentence says more than a complaint about every line.
        let mut inspection = Inspection::default();
        inspection.enter(Some(1), "header");
        inspection.report(
            "this is not a catalogue",
            "a header, then providers, then models, one JSON object a line",
        );
        return inspection.conclude(None);
    }
    for (number, line) in lines {
        // The writer puts the slug first, so the first key tells providers and models apart.
        if line.starts_with("{\"slug\":") {
            reader.provider(number, line);
        } else {
            reader.model(number, line);
        }
    }
    let Reader {
        mut inspection,
        providers,
        models,
        ..
    } = reader;
    if let Some((_, announced)) = &header
        && inspection.count() == 0
        && *announced != (providers.len(), models.len())
    {
        inspection.enter(Some(1), "header");
        inspection.report(
            format_args!(
                "the file has {} providers and {} models",
                providers.len(),
                models.len()
            ),
            format_args!(
                "the {} and {} the header announces",
                announced.0, announced.1
            ),
        );
    }
    if models.is_empty() && inspection.count() == 0 {
        inspection.enter(Some(1), "header");
        inspection.report("there is no model", "at least one");
    }
    let (header, _) = inspection.conclude(header)?;
    Catalog::assemble(header, digest(text), providers, models)
        .map_err(|problems| with_lines(text, problems))
}

/// Finds the lines of problems that only showed when all entries stood side by side.
fn with_lines(text: &str, problems: Vec<Problem>) -> Vec<Problem> {
    let find = |problem: Problem| {
        let starts = ["id", "slug"].map(|key| format!("{{\"{key}\":\"{}\"", problem.entry));
        let line = text
            .lines()
            .position(|line| starts.iter().any(|start| line.starts_with(start)));
        Problem {
            line: line.map(|at| at + 1),
            ..problem
        }
    };
    problems.into_iter().map(find).collect()
}

/// Reads the header of a catalogue and leaves the rest alone.
///
/// # Errors
/// Every problem of the header.
pub fn read_header(text: &str) -> Result<Header, Vec<Problem>> {
    let mut reader = Reader::default();
    let header = reader.header(text.lines().next().unwrap_or_default());
    reader.inspection.conclude(header.map(|(header, _)| header))
}

/// What has been read so far.
#[derive(Default)]
struct Reader<'a> {
    inspection: Inspection,
    providers: Vec<Provider>,
    slugs: HashMap<&'a str, ProviderId>,
    models: Vec<Model>,
    interner: Interner,
}

impl<'a> Reader<'a> {
    fn line<T: serde::Deserialize<'a>>(&mut self, line: &'a str, kind: &str) -> Option<T> {
        serde_json::from_str(line)
            .map_err(|why| {
                self.inspection.report(
                    why,
                    format_args!("one JSON object with the keys of a {kind}"),
                )
            })
            .ok()
    }

    fn header(&mut self, line: &'a str) -> Option<(Header, (usize, usize))> {
        self.inspection.enter(Some(1), "header");
        let header: HeaderLine = self.line(line, "header")?;
        let found = (&*header.format, header.format_version, &*header.unit);
        if found != (FORMAT, FORMAT_VERSION, UNIT) {
            let allowed = (FORMAT, FORMAT_VERSION, UNIT);
            self.inspection.report(
                format_args!("format, version and unit are {found:?}"),
                format_args!("{allowed:?}"),
            );
        }
        let digest = &header.source_digest;
        if digest.len() != 64
            || !digest
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        {
            self.inspection.report(
                format_args!("source_digest {:?}", &**digest),
                "64 lower-case hex digits",
            );
        }
        let date = date(&mut self.inspection, "date", &header.date)?;
        let parsed = Header {
            version: header.version.0.into(),
            date,
            source: header.source.0.into(),
            source_digest: header.source_digest.0.into(),
        };
        Some((parsed, (header.providers, header.models)))
    }

    fn provider(&mut self, number: usize, line: &'a str) {
        self.inspection.enter(Some(number), "provider");
        let Some(provider) = self.line::<ProviderLine>(line, "provider") else {
            return;
        };
        self.inspection.enter(Some(number), &provider.slug);
        if !Provider::is_slug(&provider.slug) {
            self.inspection.report("slug", Provider::SLUG);
        }
        if let Some(why) = Unusable::of(provider.name.trim()) {
            self.inspection.report(why, "a display name");
        }
        let Ok(id) = u16::try_from(self.providers.len()) else {
            return self
                .inspection
                .report("one provider too many", "65,536 providers");
        };
        // The slug borrows from the line when it can; one with an escape is not a slug anyway.
        if let Cow::Borrowed(slug) = provider.slug.0
            && self.slugs.insert(slug, ProviderId(id)).is_some()
        {
            self.inspection
                .report("slug is there twice", "each slug once");
        }
        self.providers.push(Provider {
            slug: boxed(&provider.slug),
            name: boxed(&provider.name),
            aliases: provider.aliases.iter().map(boxed).collect(),
        });
    }

    fn model(&mut self, number: usize, line: &'a str) {
        self.inspection.enter(Some(number), "model");
        let Some(line) = self.line::<ModelLine>(line, "model") else {
            return;
        };
        self.inspection.enter(Some(number), &line.id);
        let slug = line.id.split('/').next().unwrap_or_default();
        let Some(&provider) = self.slugs.get(slug) else {
            return self.inspection.report(
                format_args!("provider {slug:?} is unknown"),
                "a provider of a line above",
            );
        };
        let after_name = line.id[slug.len()..]
            .strip_prefix('/')
            .and_then(|rest| rest.strip_prefix(&*line.name));
        if line.name.is_empty()
            || !after_name.is_some_and(|rest| rest.is_empty() || rest.starts_with('~'))
        {
            self.inspection.report(
                "name does not match id",
                "an id of <slug>/<name>, or that and ~<suffix>",
            );
        }
        if let Some(why) = Unusable::of(&line.id) {
            self.inspection.report(why, "a name that can be asked for");
        }
        if self.models.last().is_some_and(|last| *last.id >= *line.id) {
            self.inspection
                .report("out of order", "models sorted by id");
        }
        if line.keys.len() > KEYS_MAX
            || line
                .keys
                .iter()
                .any(|key| key.trim() != &**key || Unusable::of(key).is_some())
        {
            self.inspection.report(
                "keys",
                "up to 255 names that can be asked for, without spaces around them",
            );
        }
        let Some(facts) = FactsReader {
            inspection: &mut self.inspection,
            interner: &mut self.interner,
        }
        .facts(&line) else {
            return;
        };
        self.models.push(Model {
            id: boxed(&line.id),
            name: boxed(&line.name),
            keys: line.keys.iter().map(boxed).collect(),
            v1: line.v1.map(|v1| V1Listing {
                position: v1.position,
                name: boxed(&v1.name),
            }),
            provider,
            facts,
            source: line
                .source
                .as_ref()
                .map(|source| self.interner.intern(source)),
            measured: None,
            listed: ListedName::Id,
        });
    }
}

fn boxed(text: &Text) -> Box<str> {
    (**text).into()
}
