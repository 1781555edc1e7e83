//! Rates that hold at certain hours of certain days.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use time::{OffsetDateTime, UtcOffset};

use super::rates::Rates;

/// Rates that replace the others while one of the windows is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffPeak {
    pub rates: Rates,
    pub windows: Box<[Window]>,
    /// The zone the weekdays are read in; UTC when absent. The hours are always UTC.
    pub weekday_zone: Option<TimeZone>,
}

/// When an off-peak rate holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    pub hours_utc: Box<[Hours]>,
    /// 1 is Monday, 7 is Sunday; sorted.
    pub weekdays: Box<[u8]>,
}

/// A span of the day in minutes after midnight UTC: start included, end excluded. It may wrap midnight;
/// equal ends are the whole day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    pub from_minute: u16,
    pub to_minute: u16,
}

impl OffPeak {
    /// The zone of this IANA name.
    pub fn zone(name: &str) -> Option<TimeZone> {
        TimeZone::get(name).ok()
    }

    /// Whether a window is open at this moment. The weekday is the one of the moment itself, also in a
    /// span that began the day before.
    pub fn is_open(&self, at: OffsetDateTime) -> bool {
        let at = at.to_offset(UtcOffset::UTC);
        let minute = u16::from(at.hour()) * 60 + u16::from(at.minute());
        let weekday = self.weekday(at);
        self.windows.iter().any(|window| {
            window.weekdays.contains(&weekday)
                && window.hours_utc.iter().any(|hours| hours.contain(minute))
        })
    }

    fn weekday(&self, at: OffsetDateTime) -> u8 {
        let ahead_seconds = self
            .weekday_zone
            .as_ref()
            .zip(Timestamp::from_second(at.unix_timestamp()).ok())
            .map_or(0, |(zone, at)| zone.to_offset(at).seconds());
        // No zone is a whole day off, so the date moves by one day at most.
        let there = at.saturating_add(time::Duration::seconds(ahead_seconds.into()));
        there.weekday().number_from_monday()
    }
}

impl Hours {
    /// Reads `HH:MM-HH:MM`.
    pub fn parse(text: &str) -> Option<Hours> {
        let (from, to) = text.split_once('-')?;
        Some(Hours {
            from_minute: minute_of_day(from)?,
            to_minute: minute_of_day(to)?,
        })
    }

    fn contain(self, minute: u16) -> bool {
        let Hours {
            from_minute: from,
            to_minute: to,
        } = self;
        if from < to {
            (from..to).contains(&minute)
        } else {
            minute >= from || minute < to
        }
    }
}

fn minute_of_day(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let (hour, minute) = (two_digits(hour)?, two_digits(minute)?);
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}

fn two_digits(text: &str) -> Option<u16> {
    let is_plain = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_plain { text.parse().ok() } else { None }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = (self.from_minute, self.to_minute);
        write!(
            f,
            "{:02}:{:02}-{:02}:{:02}",
            from / 60,
            from % 60,
            to / 60,
            to % 60
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::format_description::well_known::Rfc3339;

    #[test]
    fn hours_are_two_times_of_day() {
        let late = Hours {
            from_minute: 600,
            to_minute: 0,
        };
        assert_eq!(Hours::parse("10:00-00:00"), Some(late));
        assert_eq!(late.to_string(), "10:00-00:00");
        for text in [
            "",
            "10:00",
            "24:00-01:00",
            "1:00-2:00",
            "10:60-11:00",
            "+1:00-02:00",
        ] {
            assert_eq!(Hours::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_window_is_open_from_its_start_to_before_its_end_on_its_weekdays() {
        let off_peak = |hours: &str, weekdays: &[u8], zone: Option<&str>| OffPeak {
            rates: Rates::default(),
            windows: Box::new([Window {
                hours_utc: hours
                    .split(' ')
                    .map(|span| Hours::parse(span).unwrap())
                    .collect(),
                weekdays: weekdays.into(),
            }]),
            weekday_zone: zone.map(|zone| OffPeak::zone(zone).unwrap()),
        };
        const WORKDAYS: &[u8] = &[1, 2, 3, 4, 5];
        // 2026-11-23 is a Monday.
        for (row, hours, weekdays, zone, at, open) in [
            (
                "start",
                "04:00-06:00",
                WORKDAYS,
                None,
                "2026-11-23T04:00:00Z",
                true,
            ),
            (
                "last second",
                "04:00-06:00",
                WORKDAYS,
                None,
                "2026-11-23T05:59:59Z",
                true,
            ),
            (
                "end",
                "04:00-06:00",
                WORKDAYS,
                None,
                "2026-11-23T06:00:00Z",
                false,
            ),
            (
                "in the second span",
                "04:00-06:00 10:00-00:00",
                WORKDAYS,
                None,
                "2026-11-23T23:59:59Z",
                true,
            ),
            (
                "wrapped, late",
                "22:00-02:00",
                WORKDAYS,
                None,
                "2026-11-23T22:00:00Z",
                true,
            ),
            (
                "wrapped, early",
                "22:00-02:00",
                WORKDAYS,
                None,
                "2026-11-23T01:59:00Z",
                true,
            ),
            (
                "wrapped, outside",
                "22:00-02:00",
                WORKDAYS,
                None,
                "2026-11-23T12:00:00Z",
                false,
            ),
            (
                "equal ends",
                "00:00-00:00",
                &[6, 7],
                None,
                "2026-11-28T13:00:00Z",
                true,
            ),
            (
                "another weekday",
                "00:00-00:00",
                &[6, 7],
                None,
                "2026-11-27T13:00:00Z",
                false,
            ),
            (
                "with an offset",
                "04:00-06:00",
                WORKDAYS,
                None,
                "2026-11-23T06:30:00+02:00",
                true,
            ),
            // Sunday 17:00 UTC is Monday in Shanghai, and Friday 17:00 UTC Saturday.
            (
                "monday there",
                "16:00-18:00",
                WORKDAYS,
                Some("Asia/Shanghai"),
                "2026-11-22T17:00:00Z",
                true,
            ),
            (
                "monday only there",
                "16:00-18:00",
                WORKDAYS,
                None,
                "2026-11-22T17:00:00Z",
                false,
            ),
            (
                "saturday there",
                "16:00-18:00",
                WORKDAYS,
                Some("Asia/Shanghai"),
                "2026-11-27T17:00:00Z",
                false,
            ),
            // Daylight saving time ends on 2026-11-01: midnight is 04:00 UTC before and 05:00 after.
            (
                "summer time",
                "04:30-04:31",
                &[6],
                Some("America/New_York"),
                "2026-10-31T04:30:00Z",
                true,
            ),
            (
                "winter time",
                "04:30-04:31",
                &[6],
                Some("America/New_York"),
                "2026-11-07T04:30:00Z",
                false,
            ),
        ] {
            let at = OffsetDateTime::parse(at, &Rfc3339).unwrap();
            assert_eq!(off_peak(hours, weekdays, zone).is_open(at), open, "{row}");
        }
        assert_eq!(OffPeak::zone("Asia/Atlantis"), None);
    }
}
