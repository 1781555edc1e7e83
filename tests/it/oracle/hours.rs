//! Hours of the day and days of the week at which other prices hold.

use serde::Deserialize;
use time::{OffsetDateTime, UtcOffset};

/// A moment, as far as opening hours are concerned.
#[derive(Clone, Copy, Debug)]
pub struct Moment(OffsetDateTime);

impl Moment {
    pub fn now() -> Moment {
        Moment(OffsetDateTime::now_utc())
    }

    /// Minutes since midnight in UTC.
    pub fn minute(self) -> u32 {
        let utc = self.0.to_offset(UtcOffset::UTC);
        u32::from(utc.hour()) * 60 + u32::from(utc.minute())
    }

    /// The day of the week somewhere, from 1 for Monday to 7.
    pub fn weekday(self, timezone: &str) -> u8 {
        let hours_ahead = match timezone {
            "UTC" => 0,
            "Asia/Shanghai" => 8,
            other => panic!("no model has its weekdays in {other}"),
        };
        let offset = UtcOffset::from_hms(hours_ahead, 0, 0).expect("an offset");
        self.0.to_offset(offset).weekday().number_from_monday()
    }
}

impl From<OffsetDateTime> for Moment {
    fn from(at: OffsetDateTime) -> Moment {
        Moment(at)
    }
}

#[derive(Deserialize)]
pub struct Window {
    hours_utc: OneOrMore,
    #[serde(default)]
    weekdays: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl Window {
    /// Whether it is open at a minute of the day, on a day of the week from 1 for Monday to 7.
    pub fn is_open(&self, weekday: u8, minute: u32) -> bool {
        if !self.weekdays.is_empty() && !self.weekdays.contains(&weekday) {
            return false;
        }
        match &self.hours_utc {
            OneOrMore::One(hours) => is_within(hours, minute),
            OneOrMore::More(hours) => hours.iter().any(|hours| is_within(hours, minute)),
        }
    }
}

/// Whether a minute of the day is within `22:00-06:00`: from the first, up to the second.
fn is_within(hours: &str, minute: u32) -> bool {
    let minutes = |text: &str| -> u32 {
        let (hours, minutes) = text.split_once(':').expect("HH:MM");
        hours.parse::<u32>().expect("hours") * 60 + minutes.parse::<u32>().expect("minutes")
    };
    let (start, end) = hours.split_once('-').expect("HH:MM-HH:MM");
    let (start, end) = (minutes(start), minutes(end));
    if start < end {
        (start..end).contains(&minute)
    } else {
        minute >= start || minute < end
    }
}

#[test]
fn hours_have_a_first_minute_and_may_pass_midnight() {
    let rows = [
        ("the first minute", "01:00-04:00", 60, true),
        ("the last minute", "01:00-04:00", 239, true),
        ("the minute after", "01:00-04:00", 240, false),
        ("up to midnight", "10:00-00:00", 1_439, true),
        ("before it", "10:00-00:00", 599, false),
        ("past midnight", "22:00-06:00", 0, true),
        ("between", "22:00-06:00", 720, false),
        ("all day", "00:00-00:00", 720, true),
        ("all day from noon", "12:00-12:00", 0, true),
    ];
    for (name, hours, minute, is_open) in rows {
        assert_eq!(is_within(hours, minute), is_open, "{name}");
    }
}

#[test]
fn a_weekday_is_that_of_the_place() {
    let moment = Moment(time::macros::datetime!(2026-11-22 17:30 UTC));
    assert_eq!(moment.minute(), 17 * 60 + 30);
    assert_eq!(moment.weekday("UTC"), 7, "Sunday");
    assert_eq!(moment.weekday("Asia/Shanghai"), 1, "Monday already");
}
