//! Wall-clock time as replies and the catalogue use it: UTC, RFC 3339.

use std::time::SystemTime;

use serde::{Serialize, Serializer};
use time::format_description::well_known::Rfc3339;
use time::{Date, OffsetDateTime};

/// A moment, serialised as RFC 3339 in UTC with milliseconds: `2026-11-23T17:45:01.123Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timestamp(OffsetDateTime);

impl Timestamp {
    /// Midnight UTC at the start of a day.
    pub fn start_of(day: Date) -> Timestamp {
        Timestamp(day.midnight().assume_utc())
    }

    /// Reads RFC 3339, with any offset.
    pub fn parse(text: &str) -> Option<Timestamp> {
        let at = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        at.checked_to_offset(time::UtcOffset::UTC).map(Timestamp)
    }
}

impl From<SystemTime> for Timestamp {
    fn from(at: SystemTime) -> Timestamp {
        Timestamp(at.into())
    }
}

impl From<Timestamp> for OffsetDateTime {
    fn from(at: Timestamp) -> OffsetDateTime {
        at.0
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let at = self.0;
        let (year, month, day) = at.to_calendar_date();
        // Digit by digit, since an estimate has three of them and a formatter takes ten times as long.
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let mut put = |end: usize, mut number: u32| {
            for place in (0..end).rev() {
                if !text[place].is_ascii_digit() {
                    break;
                }
                text[place] = b'0' + (number % 10) as u8;
                number /= 10;
            }
        };
        // RFC 3339 knows the years 0 to 9999, and nothing else is ever read or on a clock.
        put(4, year.unsigned_abs());
        put(7, u8::from(month).into());
        put(10, day.into());
        put(13, at.hour().into());
        put(16, at.minute().into());
        put(19, at.second().into());
        put(23, at.millisecond().into());
        serializer.serialize_str(str::from_utf8(&text).unwrap_or_default())
    }
}

/// The day it is in UTC.
pub fn today(now: SystemTime) -> Date {
    OffsetDateTime::from(now).date()
}

/// What `CLOCK_MONOTONIC` says, in microseconds, which is what sd_notify(3) wants with `RELOADING=1`.
pub fn monotonic_us() -> u64 {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the kernel writes the struct, which outlives the call. The clock is always there.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
    now.tv_sec.unsigned_abs() * 1_000_000 + now.tv_nsec.unsigned_abs() / 1_000
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn timestamps_are_read_with_any_offset_and_written_in_utc() {
        let rows = [
            (
                "utc",
                "2026-01-02T03:04:05Z",
                "\"2026-01-02T03:04:05.000Z\"",
            ),
            (
                "offset",
                "2026-01-01T01:30:00+02:00",
                "\"2025-12-31T23:30:00.000Z\"",
            ),
            (
                "microseconds",
                "2026-01-02T03:04:05.123999Z",
                "\"2026-01-02T03:04:05.123Z\"",
            ),
        ];
        for (name, text, expected) in rows {
            let read = Timestamp::parse(text).expect(name);
            assert_eq!(serde_json::to_string(&read).unwrap(), expected, "{name}");
        }
        for text in ["yesterday", "2026-01-02", "9999-12-31T23:59:59-01:00"] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }
}
