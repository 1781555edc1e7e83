//! The names that exist, for a client who sent one that does not.
//!
//! Every listed name has a fingerprint, one bit per pair of neighbouring letters. A query compares its own
//! with all of them, which is a few thousand bit counts, and only the closest [`CANDIDATES_MAX`] are
//! compared in earnest. The work is bounded whatever a client sends.

use std::cmp::Reverse;

/// A query is cut to this many characters; the longest name of a model has about 80.
const QUERY_CHARS_MAX: usize = 96;
/// How many names are compared letter by letter.
const CANDIDATES_MAX: usize = 20;
/// Likeness, in thousandths, below which a name is not worth suggesting.
const LIKENESS_MIN: u32 = 600;
/// Likeness of a name that the query only adds words to: `gpt-4o` for `gpt-4o-latest`.
const QUERY_ADDS_WORDS: u32 = 900;
/// Names sink by this much if they begin with another word (after the last slash), or say another size or
/// version of model.
const OTHER_FIRST_WORD: u32 = 150;
const OTHER_FAMILY: u32 = 150;
const OTHER_VERSION: u32 = 120;

/// Words that tell the models of one maker apart. A query that has one wants a name that has it too.
const FAMILY_WORDS: [&str; 21] = [
    "opus",
    "sonnet",
    "haiku",
    "pro",
    "flash",
    "lite",
    "mini",
    "nano",
    "micro",
    "turbo",
    "large",
    "medium",
    "small",
    "embed",
    "embedding",
    "coder",
    "codex",
    "instruct",
    "vision",
    "realtime",
    "audio",
];

/// Letter pairs of a name as a set of 128 bits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fingerprint(u128);

impl Fingerprint {
    pub fn of(name: &str) -> Fingerprint {
        let mut bits = 0;
        let mut previous = b' ';
        for byte in name.bytes().map(|byte| byte.to_ascii_lowercase()) {
            // Any spread will do; 31 and 7 keep pairs of letters that are near in ASCII apart.
            bits |= 1u128 << ((u32::from(previous) * 31 + u32::from(byte) * 7) % 127);
            previous = byte;
        }
        Fingerprint(bits)
    }

    /// Shared pairs over all pairs (Dice's coefficient), in thousandths.
    fn overlap(self, other: Fingerprint) -> u32 {
        let shared = (self.0 & other.0).count_ones();
        let all = self.0.count_ones() + other.0.count_ones();
        2000 * shared / all.max(1)
    }
}

/// The names most like the query, the likest first, ties by name; none when nothing is alike.
pub(super) fn closest<'a>(
    query: &str,
    limit: usize,
    names: impl Iterator<Item = (&'a str, Fingerprint)>,
) -> Vec<&'a str> {
    let query: String = query
        .trim()
        .chars()
        .take(QUERY_CHARS_MAX)
        .collect::<String>()
        .to_lowercase();
    if query.is_empty() {
        return Vec::new();
    }
    let fingerprint = Fingerprint::of(&query);
    let mut candidates: Vec<(Reverse<u32>, &str)> = names
        .map(|(name, of_name)| (Reverse(fingerprint.overlap(of_name)), name))
        .collect();
    if candidates.len() > CANDIDATES_MAX {
        candidates.select_nth_unstable(CANDIDATES_MAX);
        candidates.truncate(CANDIDATES_MAX);
    }

    let query = Words::of(&query);
    let mut ranked: Vec<(Reverse<u32>, &str)> = candidates
        .into_iter()
        .map(|(_, name)| (query.likeness(&Words::of(&name.to_ascii_lowercase())), name))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .map(|(likeness, name)| (Reverse(likeness), name))
        .collect();
    ranked.sort_unstable();
    ranked.truncate(limit);
    ranked.into_iter().map(|(_, name)| name).collect()
}

/// A name taken apart.
struct Words<'a> {
    text: &'a str,
    words: Vec<&'a str>,
    /// The words in alphabetical order, so that `claude-4-5-sonnet` is like `claude-sonnet-4-5`.
    sorted: String,
    /// The first number in the name, which is the version in nearly all of them: `4` of `gpt-4o`.
    version: Option<&'a str>,
}

impl<'a> Words<'a> {
    fn of(text: &'a str) -> Words<'a> {
        let words: Vec<&str> = text
            .split(|char: char| !char.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        let mut sorted = words.clone();
        sorted.sort_unstable();
        Words {
            text,
            sorted: sorted.join("-"),
            words,
            version: first_number(text),
        }
    }

    /// How alike a query and a name are, in thousandths.
    fn likeness(&self, name: &Words) -> u32 {
        let mut likeness = alike(self.text, name.text);
        if self.sorted != self.text || name.sorted != name.text {
            // The same words in another order are nearly, but not quite, as good.
            likeness = likeness.max(alike(&self.sorted, &name.sorted).saturating_sub(50));
        }
        if name.words.len() >= 2 && self.words.starts_with(&name.words) {
            likeness = likeness.max(QUERY_ADDS_WORDS);
        }
        let family = self.words.iter().filter(|word| FAMILY_WORDS.contains(word));
        let differences = [
            (
                first_word(self.text) != first_word(name.text),
                OTHER_FIRST_WORD,
            ),
            (
                family.into_iter().any(|word| !name.words.contains(word)),
                OTHER_FAMILY,
            ),
            (
                self.version.is_some() && self.version != name.version,
                OTHER_VERSION,
            ),
        ];
        differences
            .into_iter()
            .filter(|(differs, _)| *differs)
            .fold(likeness, |likeness, (_, sinks_by)| {
                likeness.saturating_sub(sinks_by)
            })
    }
}

/// One minus the edit distance over the longer length, in thousandths; 0 where the lengths alone show that
/// it would be below [`LIKENESS_MIN`].
fn alike(one: &str, two: &str) -> u32 {
    let lengths = (one.chars().count(), two.chars().count());
    let (shorter, longer) = (lengths.0.min(lengths.1), lengths.0.max(lengths.1));
    if shorter * 1000 < longer * LIKENESS_MIN as usize {
        return 0;
    }
    let kept = longer.saturating_sub(strsim::osa_distance(one, two));
    u32::try_from(kept * 1000 / longer.max(1)).unwrap_or(0)
}

fn first_word(text: &str) -> Option<&str> {
    text.rsplit('/')
        .next()?
        .split(|char: char| !char.is_alphanumeric())
        .next()
}

fn first_number(text: &str) -> Option<&str> {
    let start = text.find(|char: char| char.is_ascii_digit())?;
    let rest = &text[start..];
    let end = rest
        .find(|char: char| !char.is_ascii_digit())
        .unwrap_or(rest.len());
    Some(&rest[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(query: &str, names: &[&str], wanted: &[&str]) {
        let names = names.iter().map(|name| (*name, Fingerprint::of(name)));
        assert_eq!(closest(query, 5, names), wanted, "{query}");
    }

    #[test]
    fn the_same_version_comes_first_and_another_family_not_at_all() {
        let claudes = ["claude-opus-4-5", "claude-sonnet-3-5", "claude-sonnet-4-5"];
        check(
            "claude-4-5-sonnet",
            &claudes,
            &["claude-sonnet-4-5", "claude-sonnet-3-5"],
        );
        check("gpt-5o", &["gpt-4o", "gpt-5"], &["gpt-5", "gpt-4o"]);
        check(
            "gpt-4o-latest",
            &["grok-4-latest", "gpt-4o", "gpt-5"],
            &["gpt-4o"],
        );
    }

    #[test]
    fn ties_are_broken_by_name() {
        check("gpt-4x", &["gpt-4b", "gpt-4a"], &["gpt-4a", "gpt-4b"]);
    }

    #[test]
    fn nonsense_is_like_nothing() {
        for query in ["", "   ", "qqqqzzzz", "\u{1F980}", "'; drop table models"] {
            check(query, &["gpt-4o", "claude-sonnet-4-5"], &[]);
        }
    }
}
