//! Until when a link can be redeemed: a date, or a number of days that is fixed when the row is first sent.
//!
//! Deliberately absent: how spreadsheets write dates (`sheet::dates`), and what day it is: that is an argument.

use std::fmt;

use jiff::ToSpan;
use jiff::civil::Date;

use super::words::{Words, spoken};

/// How far ahead a link may expire: the gateway refuses more than 30 days.
pub const EXPIRY_DAYS_MAX: u16 = 30;

/// Until when a link can be redeemed, that day included, in India's calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkExpiry {
    /// A date.
    On(Date),
    /// So many days after the day the row is first sent.
    InDays(u16),
}

/// The days on which a link sent today may expire: worked out once, asked for every row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpiryWindow {
    first: Date,
    last: Date,
}

impl ExpiryWindow {
    /// Every day: for rows that were judged before, whose date may have passed since.
    pub fn any() -> Self {
        Self {
            first: Date::MIN,
            last: Date::MAX,
        }
    }

    /// From `today` to [`EXPIRY_DAYS_MAX`] days ahead.
    pub fn from_today(today: Date) -> Self {
        Self {
            first: today,
            last: today.saturating_add(i64::from(EXPIRY_DAYS_MAX).days()),
        }
    }
}

/// Why an expiry is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExpiryFault {
    /// Before today.
    Past,
    /// More than [`EXPIRY_DAYS_MAX`] ahead.
    TooFar,
    /// Neither a date nor days.
    Format,
    /// 30 February, or month 13.
    NoSuchDate,
    /// Written otherwise than the rest of the sheet.
    Style,
    /// The sheet writes the month first.
    MonthFirst,
}

impl ExpiryFault {
    /// Its code, sentence and cure.
    pub fn words(self) -> Words {
        let (code, problem, fix) = match self {
            Self::Past => (
                "expiry.past",
                "the expiry {} has passed",
                "give a date from today to 30 days ahead, or leave the cell blank",
            ),
            Self::TooFar => (
                "expiry.too_far",
                "the expiry {} is more than 30 days ahead",
                "a link can live 30 days at most: give an earlier date",
            ),
            Self::Format => (
                "expiry.format",
                "{} is not a date",
                "write it like 2026-11-30, 30/11/2026 or +7d, or leave the cell blank",
            ),
            Self::NoSuchDate => (
                "expiry.no_such_date",
                "there is no such date as {}",
                "write day, month and year of a real date, the day before the month",
            ),
            Self::Style => (
                "expiry.style",
                "the expiry {} is written otherwise than the other dates of this sheet",
                "write all dates of the sheet in one way",
            ),
            Self::MonthFirst => (
                "expiry.month_first",
                "the sheet seems to write the month first, so {} is in doubt",
                "write all dates like 2026-11-30, or with the day first, like 30/11/2026",
            ),
        };
        Words::new(code, problem, fix)
    }
}

spoken!(ExpiryFault);

impl LinkExpiry {
    /// The date, if the row is first sent `today`.
    pub fn on(self, today: Date) -> Date {
        match self {
            Self::On(date) => date,
            Self::InDays(days) => today.saturating_add(i64::from(days).days()),
        }
    }

    /// Whether the gateway would take it on the day that `window` starts.
    pub fn check(self, window: ExpiryWindow) -> Result<(), ExpiryFault> {
        match self {
            Self::On(date) if date < window.first => Err(ExpiryFault::Past),
            Self::On(date) if date > window.last => Err(ExpiryFault::TooFar),
            Self::InDays(days) if days > EXPIRY_DAYS_MAX => Err(ExpiryFault::TooFar),
            Self::On(_) | Self::InDays(_) => Ok(()),
        }
    }

    /// Whether it is the last day on which a link sent today may expire.
    pub fn is_last_day(self, window: ExpiryWindow) -> bool {
        match self {
            Self::On(date) => date == window.last,
            Self::InDays(_) => false,
        }
    }

    /// Reads days as people type them: `+7d`.
    pub fn parse_days(text: &str) -> Result<Self, ExpiryFault> {
        let digits = text
            .strip_prefix('+')
            .and_then(|rest| rest.strip_suffix(['d', 'D']))
            .filter(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
            .ok_or(ExpiryFault::Format)?;
        match digits.parse::<u16>() {
            Ok(days) if days <= EXPIRY_DAYS_MAX => Ok(Self::InDays(days)),
            Ok(_) | Err(_) => Err(ExpiryFault::TooFar),
        }
    }

    /// Reads what `Display` wrote.
    pub fn from_stored(text: &str) -> Option<Self> {
        match Self::parse_days(text) {
            Ok(days) => Some(days),
            Err(_) => text.parse().ok().map(Self::On),
        }
    }
}

/// The form that the checkpoint keeps: `2026-11-30` or `+7d`.
impl fmt::Display for LinkExpiry {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::On(date) => date.fmt(out),
            Self::InDays(days) => write!(out, "+{days}d"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    #[test]
    fn from_today_to_thirty_days_ahead() {
        let today = date(2026, 11, 22);
        let table = [
            (date(2026, 11, 21), Err(ExpiryFault::Past)),
            (date(2026, 11, 22), Ok(())),
            (date(2026, 12, 22), Ok(())),
            (date(2026, 12, 23), Err(ExpiryFault::TooFar)),
        ];
        for (day, wanted) in table {
            assert_eq!(
                LinkExpiry::On(day).check(ExpiryWindow::from_today(today)),
                wanted,
                "{day}"
            );
        }
        assert_eq!(LinkExpiry::InDays(7).on(today), date(2026, 11, 29));
        assert_eq!(
            LinkExpiry::InDays(30).check(ExpiryWindow::from_today(today)),
            Ok(())
        );
    }

    #[test]
    fn days_as_people_type_them() {
        for (text, days) in [("+7d", 7), ("+0d", 0), ("+30D", 30), ("+07d", 7)] {
            assert_eq!(LinkExpiry::parse_days(text), Ok(LinkExpiry::InDays(days)));
        }
        for text in [
            "7d", "+d", "+7", "7", "+7days", "+-7d", "++7d", "+7.5d", "+ 7d", "", "+७d",
        ] {
            assert_eq!(
                LinkExpiry::parse_days(text),
                Err(ExpiryFault::Format),
                "{text}"
            );
        }
        for text in ["+31d", "+99999999999d"] {
            assert_eq!(
                LinkExpiry::parse_days(text),
                Err(ExpiryFault::TooFar),
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_is_stored_is_read_back(days in 0u16..=30, month in 1i8..=12, day in 1i8..=28) {
            for expiry in [LinkExpiry::InDays(days), LinkExpiry::On(date(2026, month, day))] {
                prop_assert_eq!(LinkExpiry::from_stored(&expiry.to_string()), Some(expiry));
            }
        }
    }

    #[test]
    fn nonsense_is_not_stored() {
        for text in ["", "tomorrow", "2026-13-01", "+31d"] {
            assert_eq!(LinkExpiry::from_stored(text), None, "{text}");
        }
    }
}
