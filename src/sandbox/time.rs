//! Instants and India's calendar, as plain integers.
//!
//! Link expiries are dates of India's calendar (UTC+05:30, no daylight saving), whatever zone the machine keeps.
//! Deliberately absent: any way to ask what time it is. Every rule takes the time as an argument.

use jiff::Timestamp;
use jiff::civil::Date;

/// Microseconds in a second.
pub(super) const SECOND_US: i64 = 1_000_000;
/// Seconds in a day of India's calendar, which has no daylight saving.
const DAY_S: i64 = 86_400;
/// Seconds by which India's civil time is ahead of UTC.
const INDIA_AHEAD_S: i64 = 19_800;
/// The same in microseconds.
pub(super) const INDIA_US: i64 = INDIA_AHEAD_S * SECOND_US;
/// The day that day numbers are counted from.
const FIRST_DAY: Date = Date::constant(1970, 1, 1);

/// An instant: microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(i64);

impl Moment {
    /// The instant this many microseconds after 1970 began in UTC.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970 began in UTC.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970 began in UTC, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(SECOND_US)
    }

    /// The instant `micros` later (earlier, when negative).
    #[must_use]
    pub const fn plus_micros(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    /// The day in India, counted from 1970-01-01.
    pub const fn india_day(self) -> i64 {
        self.seconds()
            .saturating_add(INDIA_AHEAD_S)
            .div_euclid(DAY_S)
    }

    /// The first instant after India's day `day`: a link valid until 23:59:59 of that day is dead from here on.
    pub const fn end_of_india_day(day: i64) -> Self {
        let seconds = day
            .saturating_add(1)
            .saturating_mul(DAY_S)
            .saturating_sub(INDIA_AHEAD_S);
        Self(seconds.saturating_mul(SECOND_US))
    }

    /// RFC 3339 in UTC, for the books; an instant beyond the calendar reads as its number.
    pub fn rfc3339(self) -> String {
        Timestamp::from_microsecond(self.0).map_or_else(|_| self.0.to_string(), |t| t.to_string())
    }

    /// The form of an HTTP `Date` header.
    pub(super) fn http_date(self) -> Option<String> {
        let at = Timestamp::from_second(self.seconds()).ok()?;
        jiff::fmt::rfc2822::DateTimePrinter::new()
            .timestamp_to_rfc9110_string(&at)
            .ok()
    }
}

/// Reads `2026/11/30`, and unpadded `2026/11/9` as the older samples write it, to a day number.
pub(super) fn parse_day(text: &str) -> Option<i64> {
    let mut parts = text.split('/');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let shaped = year.len() == 4 && matches!(month.len(), 1 | 2) && matches!(day.len(), 1 | 2);
    if !shaped || parts.next().is_some() || ![year, month, day].into_iter().all(digits) {
        return None;
    }
    let date = Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()?;
    Some(date.duration_since(FIRST_DAY).as_secs().div_euclid(DAY_S))
}

/// Writes a day number as `2026/11/30`.
pub(super) fn day_text(day: i64) -> String {
    let date = jiff::Span::new()
        .try_days(day)
        .and_then(|span| FIRST_DAY.checked_add(span));
    date.map_or_else(
        |_| day.to_string(),
        |d| format!("{:04}/{:02}/{:02}", d.year(), d.month(), d.day()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Moment {
        let stamp: Timestamp = text.parse().unwrap();
        Moment::from_micros(stamp.as_microsecond())
    }

    #[test]
    fn a_day_in_india_begins_at_half_past_six_in_the_evening_utc() {
        let day = parse_day("2026/11/30").unwrap();
        assert_eq!(at("2026-11-29T18:29:59Z").india_day(), day - 1);
        assert_eq!(at("2026-11-29T18:30:00Z").india_day(), day);
        assert_eq!(Moment::end_of_india_day(day), at("2026-11-30T18:30:00Z"));
    }

    #[test]
    fn dates_are_read_padded_and_unpadded_and_nothing_else() {
        assert_eq!(day_text(parse_day("2026/1/9").unwrap()), "2026/01/09");
        assert_eq!(parse_day("2028/02/29").map(day_text).unwrap(), "2028/02/29");
        for bad in [
            "",
            "2026/02/29",
            "2026-01-09",
            "09/01/2026",
            "2026/1/9/",
            "2026/13/1",
            "2026/+1/9",
            "26/1/9",
        ] {
            assert_eq!(parse_day(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_date_header_has_its_fixed_form() {
        let header = at("2019-07-26T08:34:12Z").http_date().unwrap();
        assert_eq!(header, "Fri, 26 Jul 2019 08:34:12 GMT");
    }
}
