//! The names that exist, for a client who sent one that does not.
//!
//! Every listed name has traits: which version of which family it is, and a fingerprint with one bit per
//! pair of neighbouring letters. A name of another version or family is never suggested. Of the others, the
//! [`CANDIDATES_MAX`] with the closest fingerprints are compared in earnest. The work is bounded whatever a
//! client sends.

use std::cmp::Reverse;

/// A query is cut to this many characters; the longest name of a model has about 80.
const QUERY_CHARS_MAX: usize = 96;
/// How many names are compared letter by letter.
const CANDIDATES_MAX: usize = 20;
/// Likeness, in thousandths, below which a name is not worth suggesting.
const LIKENESS_MIN: u32 = 600;
/// Likeness of a name that the query only adds words to: `gpt-4o` for `gpt-4o-latest`.
const QUERY_ADDS_WORDS: u32 = 900;
/// Names sink by this much if they begin with another word (after the last slash), or say a size of model
/// that the query does not.
const OTHER_FIRST_WORD: u32 = 150;
const OTHER_FAMILY: u32 = 150;
/// Numbers of more digits than this are dates or contexts and not versions.
const VERSION_DIGITS_MAX: usize = 3;

/// Words that tell the models of one maker apart.
const FAMILY_WORDS: [&str; 24] = [
    "opus",
    "sonnet",
    "haiku",
    "fable",
    "mythos",
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
    "code",
    "coder",
    "codex",
    "instruct",
    "vision",
    "realtime",
    "audio",
];

/// What is compared of a name before its letters are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Traits {
    fingerprint: Fingerprint,
    families: Families,
    version: Version,
}

/// Which of [`FAMILY_WORDS`] a name has, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Families(u32);

/// A digest of the numbers of a version: of 4 and 5 for `claude-sonnet-4-5`; `None` where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Version(Option<u32>);

impl Traits {
    pub fn of(name: &str) -> Traits {
        Traits {
            fingerprint: Fingerprint::of(name),
            families: Families::of(name, |word, family| word.eq_ignore_ascii_case(family)),
            version: Version::of(name),
        }
    }
}

impl Families {
    fn of(name: &str, is: impl Fn(&str, &str) -> bool) -> Families {
        let bits = words(name)
            .filter_map(|word| FAMILY_WORDS.iter().position(|family| is(word, family)))
            .fold(0, |bits, at| bits | 1 << at);
        Families(bits)
    }
}

impl Version {
    /// Reads the first number after the last slash, with what follows it directly: 4 and 5 of
    /// `claude-4-5-sonnet-20250929`, 4 of `gpt-4o-2024-08-06`, 8 and 7 of `mixtral-8x7b`.
    fn of(name: &str) -> Version {
        let name = last_segment(name).split(':').next().unwrap_or_default();
        let is_digits = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
        let mut words = words(name).skip_while(|word| {
            (is_digits(word) && word.len() > VERSION_DIGITS_MAX)
                || !word.bytes().any(|byte| byte.is_ascii_digit())
        });
        let Some(first) = words.next() else {
            return Version(None);
        };
        let goes_on = first.ends_with(|char: char| char.is_ascii_digit());
        let next = words.take_while(|word| goes_on && is_digits(word) && word.len() <= 2);
        let numbers = first
            .split(|char: char| !char.is_ascii_digit())
            .filter(|digits| !digits.is_empty())
            .chain(next);
        Version(Some(numbers.fold(1, |digest: u32, digits| {
            let number = digits.parse::<u32>().unwrap_or(u32::MAX);
            digest.wrapping_mul(1_009).wrapping_add(number)
        })))
    }
}

/// What names must agree with to be suggested for a query.
struct Wanted {
    version: Version,
    families: Families,
    /// The families if words that miss one by a letter are taken for it: `gpt-4o-min`.
    corrected: Families,
}

impl Wanted {
    fn of(query: &str) -> Wanted {
        let families = Families::of(query, |word, family| word == family);
        Wanted {
            version: Version::of(query),
            families,
            corrected: Families::of(query, |word, family| {
                word == family || (word.len() >= 3 && strsim::osa_distance(word, family) <= 1)
            }),
        }
    }

    /// A query that says no version, or no family, leaves it open.
    fn agrees(&self, name: &Traits) -> bool {
        let is_open = self.corrected == Families::default();
        (self.version == Version(None) || self.version == name.version)
            && (is_open || name.families == self.families || name.families == self.corrected)
    }
}

/// Letter pairs of a name as a set of 128 bits.
#[derive(Clone, Copy, Debug)]
struct Fingerprint(u128);

impl Fingerprint {
    fn of(name: &str) -> Fingerprint {
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
    names: impl Iterator<Item = (&'a str, Traits)>,
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
    let (wanted, fingerprint) = (Wanted::of(&query), Fingerprint::of(&query));
    let mut candidates: Vec<(Reverse<u32>, &str, Families)> = names
        .filter(|(_, traits)| wanted.agrees(traits))
        .map(|(name, traits)| {
            let overlap = fingerprint.overlap(traits.fingerprint);
            (Reverse(overlap), name, traits.families)
        })
        .collect();
    if candidates.len() > CANDIDATES_MAX {
        candidates
            .select_nth_unstable_by_key(CANDIDATES_MAX, |&(overlap, name, _)| (overlap, name));
        candidates.truncate(CANDIDATES_MAX);
    }

    let query = Words::of(&query);
    let mut ranked: Vec<(Reverse<u32>, &str)> = candidates
        .into_iter()
        .map(|(_, name, families)| {
            let likeness = query.likeness(&Words::of(&name.to_ascii_lowercase()));
            // The query may leave the family open, or misspell it.
            let sinks_by = if families == wanted.corrected {
                0
            } else {
                OTHER_FAMILY
            };
            (likeness.saturating_sub(sinks_by), name)
        })
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .map(|(likeness, name)| (Reverse(likeness), name))
        .collect();
    ranked.sort_unstable();
    ranked.truncate(limit);
    ranked.into_iter().map(|(_, name)| name).collect()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|char: char| !char.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

fn last_segment(text: &str) -> &str {
    text.rsplit_once('/').map_or(text, |(_, last)| last)
}

/// A name taken apart.
struct Words<'a> {
    text: &'a str,
    words: Vec<&'a str>,
    /// The words in alphabetical order, so that `claude-4-5-sonnet` is like `claude-sonnet-4-5`.
    sorted: String,
}

impl<'a> Words<'a> {
    fn of(text: &'a str) -> Words<'a> {
        let words: Vec<&str> = words(text).collect();
        let mut sorted = words.clone();
        sorted.sort_unstable();
        Words {
            text,
            sorted: sorted.join("-"),
            words,
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
        if words(last_segment(self.text)).next() != words(last_segment(name.text)).next() {
            likeness = likeness.saturating_sub(OTHER_FIRST_WORD);
        }
        likeness
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(query: &str, names: &[&str], wanted: &[&str]) {
        let names = names.iter().map(|name| (*name, Traits::of(name)));
        assert_eq!(closest(query, 5, names), wanted, "{query}");
    }

    #[test]
    fn another_version_or_family_is_not_suggested_at_all() {
        let claudes = ["claude-opus-4-5", "claude-sonnet-3-5", "claude-sonnet-4-5"];
        check("claude-4-5-sonnet", &claudes, &["claude-sonnet-4-5"]);
        check("gpt-5o", &["gpt-4o", "gpt-5"], &["gpt-5"]);
        check(
            "gpt-4o-latest",
            &["grok-4-latest", "gpt-4o", "gpt-5"],
            &["gpt-4o"],
        );
    }

    #[test]
    fn a_family_word_may_be_misspelt_or_left_open() {
        let names = ["gpt-4o", "gpt-4o-mini", "gpt-4o-audio"];
        check("gpt-4o-min", &names, &["gpt-4o-mini", "gpt-4o"]);
        check("gpt-4o-mini2", &names, &["gpt-4o-mini", "gpt-4o"]);
        check("gpt-4oo", &names, &["gpt-4o"]);
    }

    #[test]
    fn a_version_is_the_first_number_that_is_no_date() {
        for (name, same, other) in [
            (
                "claude-sonnet-4.5",
                "x/claude-4-5-sonnet-20250929",
                "claude-sonnet-4",
            ),
            ("gpt-4o-2024-08-06", "gpt-4", "gpt-4.1-2025-04-14"),
            ("mixtral-8x7b", "a/8x7b", "mixtral-8x22b"),
            ("qwen3-coder-480b", "qwen-3-coder", "qwen2.5-coder"),
            ("anthropic.claude-v2:1", "claude-2", "claude-v1"),
            (
                "mistral-large-2411",
                "mistral-large-latest",
                "mistral-large-3",
            ),
        ] {
            assert_eq!(Version::of(name), Version::of(same), "{name}");
            assert_ne!(Version::of(name), Version::of(other), "{name}");
        }
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
