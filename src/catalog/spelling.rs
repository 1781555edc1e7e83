//! The spellings of a name, as text alone: what clients and clouds put around a model's name, and how else
//! its parts are written. Whether a spelling is a name is for others to say.

use time::{Date, Month};

/// Spellings that mean the same name, the nearest first, without the text itself. The outer list is in
/// order of preference; texts of one inner list are equally good.
pub(super) fn equals(text: &str) -> Vec<Vec<String>> {
    let mut groups: Vec<Vec<String>> = unwrapped(text).iter().map(|bare| rewritten(bare)).collect();
    for group in &mut groups {
        group.retain(|spelling| spelling != text);
    }
    groups.retain(|group| !group.is_empty());
    groups
}

/// The name without the path or resource name a cloud puts before it; the text itself if it has none.
fn unwrapped(text: &str) -> Vec<String> {
    // Google's API calls its models so.
    if let Some(name) = text.strip_prefix("models/") {
        return vec![format!("gemini/{name}"), name.to_owned()];
    }
    if let Some(name) = text.strip_prefix("azure/global/") {
        return vec![format!("azure/{name}")];
    }
    let within = text.strip_prefix("bedrock/").unwrap_or(text);
    if within.starts_with("arn:aws:bedrock:") {
        return match within.rsplit_once('/') {
            Some((_, name)) => vec![format!("bedrock/{name}")],
            None => Vec::new(),
        };
    }
    let mut name = within;
    while let Some((head, rest)) = name.split_once('/')
        && (matches!(head, "converse" | "invoke") || (is_aws_region(head) && !is_government(head)))
    {
        name = rest;
    }
    if name == within {
        vec![text.to_owned()]
    } else {
        vec![format!("bedrock/{name}")]
    }
}

/// Whether the text has the form of `us-east-1` or `us-gov-west-1`.
fn is_aws_region(text: &str) -> bool {
    let mut parts = text.split('-');
    let (first, last) = (parts.next(), parts.next_back());
    let mut between = parts.peekable();
    first.is_some_and(|part| part.len() == 2 && is_word(part))
        && last.is_some_and(|part| part.len() == 1 && is_number(part))
        && between.peek().is_some()
        && between.all(is_word)
}

/// Regions of the American government have prices of their own.
fn is_government(region: &str) -> bool {
    region.starts_with("us-gov-")
}

/// The text, and how else it can be written: `@` as a dash or a default left off, dots and underscores
/// between digits as dashes, a date with dashes or without.
fn rewritten(text: &str) -> Vec<String> {
    let mut spellings = vec![text.to_owned()];
    if let Some(name) = text
        .strip_suffix("@default")
        .or_else(|| text.strip_suffix("@latest"))
    {
        spellings.push(name.to_owned());
    } else if text.contains('@') {
        spellings.push(text.replace('@', "-"));
    }
    for rewrite in [with_dashes, with_other_date] {
        let more: Vec<String> = spellings
            .iter()
            .filter_map(|spelling| rewrite(spelling))
            .collect();
        spellings.extend(more);
    }
    spellings
}

/// `claude-sonnet-4.5` as `claude-sonnet-4-5`.
fn with_dashes(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let is_separator = |at: usize| {
        at > 0 && matches!(bytes[at], b'.' | b'_') && is_digit(at - 1) && is_digit(at + 1)
    };
    (0..bytes.len()).any(is_separator).then(|| {
        text.char_indices()
            .map(|(at, char)| if is_separator(at) { '-' } else { char })
            .collect()
    })
}

/// `gpt-4o-20240806` as `gpt-4o-2024-08-06`, and the other way.
fn with_other_date(text: &str) -> Option<String> {
    let (before, date, after) = split_at_date(text)?;
    let date = if date.contains('-') {
        date.replace('-', "")
    } else {
        format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..])
    };
    Some(format!("{before}-{date}{after}"))
}

/// What stands before `-YYYYMMDD` or `-YYYY-MM-DD`, the date of either form, and what stands after it.
fn split_at_date(text: &str) -> Option<(&str, &str, &str)> {
    text.match_indices('-').find_map(|(at, _)| {
        let (before, rest) = (&text[..at], &text[at + 1..]);
        ["dddddddd", "dddd-dd-dd"].into_iter().find_map(|form| {
            let date = rest.get(..form.len())?;
            let after = &rest[form.len()..];
            let has_form = date
                .bytes()
                .zip(form.bytes())
                .all(|(byte, form)| match form {
                    b'd' => byte.is_ascii_digit(),
                    form => byte == form,
                });
            let ends_here = !after.starts_with(|char: char| char.is_ascii_digit());
            (has_form && ends_here && !before.is_empty() && is_day(date))
                .then_some((before, date, after))
        })
    })
}

fn is_day(date: &str) -> bool {
    let digits = date.replace('-', "");
    let number = |range: std::ops::Range<usize>| digits[range].parse::<u8>().unwrap_or(0);
    let Ok(month) = Month::try_from(number(4..6)) else {
        return false;
    };
    let year = digits[..4].parse().unwrap_or(0);
    year >= 2000 && Date::from_calendar_date(year, month, number(6..8)).is_ok()
}

/// The name with `-latest` at its end, or without it if it has it.
pub(super) fn with_or_without_latest(text: &str) -> LatestSwitch {
    match text.strip_suffix("-latest") {
        Some(name) => LatestSwitch::Off(name.to_owned()),
        None => LatestSwitch::On(format!("{text}-latest")),
    }
}

/// A name after `-latest` was taken off or put on.
#[derive(Debug)]
pub(super) enum LatestSwitch {
    Off(String),
    On(String),
}

/// A Bedrock name with the version or the throughput number it may lack: `-v1:0` or, after `-v1`, `:0`.
pub(super) fn with_bedrock_version(text: &str) -> Vec<String> {
    const VERSIONS: std::ops::RangeInclusive<u8> = 0..=4;
    const NUMBERS: std::ops::RangeInclusive<u8> = 0..=2;
    // The longest path is `bedrock/us-gov-west-1/`; no other is worth twenty look-ups.
    const SLASHES_MAX: usize = 2;
    if text.matches('/').count() > SLASHES_MAX {
        return Vec::new();
    }
    let name = text.rsplit('/').next().unwrap_or(text);
    let is_bedrock = name
        .split_once('.')
        .is_some_and(|(vendor, _)| vendor.split('-').all(is_word))
        || name.starts_with("ai21.");
    if !is_bedrock || name.contains(':') {
        return Vec::new();
    }
    let ends_in_version = name
        .rsplit_once('-')
        .is_some_and(|(_, last)| last.starts_with(['v', 'V']) && is_number(&last[1..]));
    let numbered = NUMBERS.map(|number| format!("{text}:{number}"));
    if ends_in_version {
        return numbered.collect();
    }
    let versions = VERSIONS.flat_map(|version| {
        NUMBERS
            .map(move |number| format!("{text}-v{version}:{number}"))
            .chain([format!("{text}-v{version}")])
    });
    numbered.chain(versions).collect()
}

/// The model that was tuned: of `ft:base:org:name:id` first `ft:base`, then the base itself.
pub(super) fn fine_tune_bases(text: &str) -> Vec<String> {
    let (path, name) = text
        .rfind("ft:")
        .filter(|at| *at == 0 || text[..*at].ends_with('/'))
        .map_or(("", ""), |at| text.split_at(at));
    match name.split(':').nth(1) {
        Some(base) if !base.is_empty() => {
            vec![format!("{path}ft:{base}"), format!("{path}{base}")]
        }
        _ => Vec::new(),
    }
}

/// The name before a date at its end.
pub(super) fn undated(text: &str) -> Option<String> {
    match split_at_date(text)? {
        (before, _, "") => Some(before.to_owned()),
        _ => None,
    }
}

/// A Bedrock name without the geography before its vendor, `apac.anthropic.claude-...`, or without the
/// government's region in its path.
pub(super) fn without_geography(text: &str) -> Option<String> {
    if let Some((region, name)) = text
        .strip_prefix("bedrock/")
        .unwrap_or(text)
        .split_once('/')
        && is_aws_region(region)
        && is_government(region)
    {
        return Some(format!("bedrock/{name}"));
    }
    let at = text.rfind('/').map_or(0, |slash| slash + 1);
    let (path, name) = text.split_at(at);
    let (geography, base) = name.split_once('.')?;
    let is_geography = matches!(geography, "global" | "apac" | "us-gov")
        || (geography.len() == 2 && is_word(geography));
    (is_geography && base.contains('.')).then(|| format!("{path}{base}"))
}

/// A Gemini name without Google's number of the revision: `gemini-2.5-pro-002`.
pub(super) fn without_revision(text: &str) -> Option<String> {
    let (name, revision) = text.rsplit_once('-')?;
    let is_gemini = name
        .rsplit('/')
        .next()
        .is_some_and(|name| name.starts_with("gemini-"));
    (is_gemini && revision.len() == 3 && revision.starts_with("00") && is_number(revision))
        .then(|| name.to_owned())
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_writing_a_name_leads_to_its_plain_form() {
        for (text, wanted) in [
            ("claude-sonnet-4.5", "claude-sonnet-4-5"),
            ("anthropic/claude-3_5-haiku", "anthropic/claude-3-5-haiku"),
            ("gpt-4o-20240806", "gpt-4o-2024-08-06"),
            ("gpt-5.2-20251211", "gpt-5.2-2025-12-11"),
            ("claude-opus-4.1-2025-08-05", "claude-opus-4-1-20250805"),
            ("claude-sonnet-4.5@20250929", "claude-sonnet-4-5-20250929"),
            ("vertex_ai/claude-opus-5@default", "vertex_ai/claude-opus-5"),
            ("models/gemini-2.5-pro", "gemini/gemini-2.5-pro"),
            ("models/gpt-4o", "gpt-4o"),
            ("azure/global/gpt-4o", "azure/gpt-4o"),
            ("bedrock/us-east-1/amazon.nova", "bedrock/amazon.nova"),
            ("bedrock/converse/us-west-2/a.b", "bedrock/a.b"),
            ("invoke/a.b", "bedrock/a.b"),
            (
                "arn:aws:bedrock:us-east-1:1234:inference-profile/us.a.b-v1:0",
                "bedrock/us.a.b-v1:0",
            ),
        ] {
            let spellings: Vec<String> = equals(text).concat();
            assert!(
                spellings.contains(&wanted.to_owned()),
                "{text}: {spellings:?}"
            );
            assert!(!spellings.contains(&text.to_owned()), "{text}");
        }
        for text in [
            "gpt-4o",
            "gpt-4o-20241399",
            "bedrock/claude_platform/x",
            "azure/us/gpt-4o",
        ] {
            assert_eq!(equals(text), Vec::<Vec<String>>::new(), "{text}");
        }
    }

    #[test]
    fn the_number_of_spellings_is_bounded() {
        let text = "models/a-1.2.3_4@20240101-2024-01-01.5.6".repeat(6);
        assert!(equals(&text).concat().len() <= 16);
    }

    #[test]
    fn what_is_not_of_a_name_is_known_by_its_form() {
        for (name, found, wanted) in [
            ("date", undated("gpt-4o-2099-01-01"), Some("gpt-4o")),
            ("date without dashes", undated("a/b-20990101"), Some("a/b")),
            ("no such day", undated("gpt-4o-2099-02-30"), None),
            ("date inside", undated("a-20250101-v1:0"), None),
            ("nothing before", undated("-20250101"), None),
            ("geography", without_geography("ca.a.b"), Some("a.b")),
            (
                "path",
                without_geography("bedrock/apac.a.b"),
                Some("bedrock/a.b"),
            ),
            (
                "government",
                without_geography("bedrock/us-gov-west-1/a.b"),
                Some("bedrock/a.b"),
            ),
            ("vendor", without_geography("anthropic.claude"), None),
            (
                "vendor of two letters",
                without_geography("ai.claude"),
                None,
            ),
            (
                "revision",
                without_revision("gemini/gemini-2-002"),
                Some("gemini/gemini-2"),
            ),
            ("of somebody else", without_revision("davinci-002"), None),
            ("a date", without_revision("gemini-2-0205"), None),
        ] {
            assert_eq!(found.as_deref(), wanted, "{name}");
        }
        assert_eq!(
            fine_tune_bases("openai/ft:gpt-4o:org::id"),
            ["openai/ft:gpt-4o", "openai/gpt-4o"]
        );
        for text in ["ft:", "ft::x", "gift:gpt-4o", "gpt-4o:ft"] {
            assert!(fine_tune_bases(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn only_names_with_a_vendor_lack_a_bedrock_version() {
        assert!(with_bedrock_version("bedrock/a.b").contains(&"bedrock/a.b-v1:0".to_owned()));
        assert!(with_bedrock_version("a.b-v2").contains(&"a.b-v2:1".to_owned()));
        assert!(
            with_bedrock_version("bedrock/us-gov-west-1/a.b-v1")
                .contains(&"bedrock/us-gov-west-1/a.b-v1:0".to_owned())
        );
        for text in [
            "gpt-4o",
            "gpt-5.2",
            "a.b-v1:0",
            "llama-3.1-8b",
            "openai/openai/openai/a.b",
        ] {
            assert!(with_bedrock_version(text).is_empty(), "{text}");
        }
    }
}
