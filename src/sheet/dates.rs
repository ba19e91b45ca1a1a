//! How a sheet writes its dates. One way per sheet, since `05/06/2026` alone tells nobody what it means.
//!
//! A cell's shape gives its own style; the sheet's is the one most rows have. Deliberately absent: reading the month
//! first. A sheet with a date that exists only so, and none that needs the day first, is refused.

use jiff::civil::Date;

use crate::domain::{ExpiryFault, ExpiryWindow, LinkExpiry};

/// A way to write dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DateStyle {
    /// `2026/11/30`.
    YearSlash,
    /// `2026-11-30`.
    YearDash,
    /// `30/11/2026`.
    DaySlash,
    /// `30-11-2026`.
    DayDash,
}

const STYLES: [DateStyle; 4] = [
    DateStyle::YearSlash,
    DateStyle::YearDash,
    DateStyle::DaySlash,
    DateStyle::DayDash,
];

impl DateStyle {
    fn starts_with_day(self) -> bool {
        match self {
            DateStyle::DaySlash | DateStyle::DayDash => true,
            DateStyle::YearSlash | DateStyle::YearDash => false,
        }
    }
}

/// What the dates of a whole sheet say about how they are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DateReading {
    /// The style of the sheet; none: it has no dates.
    pub style: Option<DateStyle>,
    /// The sheet writes the month first: every date that starts with a day is in doubt.
    pub month_first: bool,
    /// The sheet is a workbook's. What its cells hold as dates reads `2026-11-30`, however it is shown there, and goes
    /// with every style.
    pub of_book: bool,
}

/// Counts how the dates of a sheet are written.
#[derive(Clone, Debug, Default)]
pub(super) struct Votes {
    by_style: [u32; 4],
    day_only: u32,
    month_only: u32,
    first_seen: Option<DateStyle>,
    of_book: bool,
}

impl Votes {
    /// Of no cell yet.
    pub(super) fn new(of_book: bool) -> Self {
        Self {
            of_book,
            ..Self::default()
        }
    }

    /// Counts one cell.
    pub(super) fn count(&mut self, shape: Shape) {
        if shape.is_held(self.of_book) {
            return;
        }
        self.first_seen = self.first_seen.or(Some(shape.style));
        let styles = STYLES.iter().zip(&mut self.by_style);
        for (style, count) in styles {
            *count += u32::from(*style == shape.style);
        }
        if shape.style.starts_with_day() {
            self.day_only += u32::from(shape.day > 12);
            self.month_only += u32::from(shape.month > 12 && (1..=12).contains(&shape.day));
        }
    }

    /// The style of the first date.
    pub(super) fn first_seen(&self) -> Option<DateStyle> {
        self.first_seen
    }

    /// What the sheet's dates say. Of two styles with as many rows the first seen wins.
    pub(super) fn verdict(&self) -> DateReading {
        let most = self.by_style.iter().copied().max().unwrap_or(0);
        let leads = |style: DateStyle| {
            STYLES
                .iter()
                .zip(self.by_style)
                .any(|(other, count)| *other == style && count == most)
        };
        let style = self.first_seen.filter(|style| leads(*style));
        DateReading {
            style: style.or_else(|| STYLES.into_iter().find(|style| most > 0 && leads(*style))),
            month_first: self.month_only > 0 && self.day_only == 0,
            of_book: self.of_book,
        }
    }
}

/// A cell that has the shape of a date, whether or not there is such a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) style: DateStyle,
    year: i16,
    month: i8,
    day: i8,
}

impl Shape {
    /// Four digits and two times two, or one digit where people leave the zero out.
    pub(super) fn read(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let separator = bytes.iter().copied().find(|byte| !byte.is_ascii_digit())?;
        if !matches!(separator, b'/' | b'-') || bytes.len() > 10 {
            return None;
        }
        let mut parts = bytes.split(|byte| *byte == separator);
        let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let slash = separator == b'/';
        let (style, year, day) = match (first.len(), third.len()) {
            (4, 1..=2) if slash => (DateStyle::YearSlash, first, third),
            (4, 1..=2) => (DateStyle::YearDash, first, third),
            (1..=2, 4) if slash => (DateStyle::DaySlash, third, first),
            (1..=2, 4) => (DateStyle::DayDash, third, first),
            _ => return None,
        };
        if !(1..=2).contains(&second.len()) {
            return None;
        }
        Some(Self {
            style,
            year: number(year)?,
            month: i8::try_from(number(second)?).ok()?,
            day: i8::try_from(number(day)?).ok()?,
        })
    }

    /// How it is read, for people, where they may have meant the month first.
    pub(super) fn spoken(self) -> Option<String> {
        let date = Date::new(self.year, self.month, self.day).ok()?;
        let day_first = self.style.starts_with_day();
        day_first.then(|| date.strftime("%-d %b %Y").to_string())
    }

    /// The date, in a sheet that is written as `reading` says.
    /// Whether a workbook may hold it as a date, which nobody wrote in a style.
    fn is_held(self, of_book: bool) -> bool {
        of_book && self.style == DateStyle::YearDash
    }

    fn date(self, reading: DateReading) -> Result<Date, ExpiryFault> {
        if reading.month_first && self.style.starts_with_day() {
            return Err(ExpiryFault::MonthFirst);
        }
        let clashes = reading.style.is_some_and(|style| style != self.style);
        if clashes && !self.is_held(reading.of_book) {
            return Err(ExpiryFault::Style);
        }
        Date::new(self.year, self.month, self.day).map_err(|_| ExpiryFault::NoSuchDate)
    }
}

fn number(digits: &[u8]) -> Option<i16> {
    digits.iter().try_fold(0i16, |value, byte| {
        let digit = byte.is_ascii_digit().then(|| i16::from(byte - b'0'))?;
        value.checked_mul(10)?.checked_add(digit)
    })
}

/// Reads an expiry that is not blank; `shape` is the cell's own.
pub(super) fn read_expiry(
    text: &str,
    shape: Option<Shape>,
    reading: DateReading,
    window: ExpiryWindow,
) -> Result<LinkExpiry, ExpiryFault> {
    let expiry = match shape {
        Some(shape) => LinkExpiry::On(shape.date(reading)?),
        None => LinkExpiry::parse_days(text)?,
    };
    expiry.check(window)?;
    Ok(expiry)
}

/// Reads one cell of a sheet whose dates are written as `reading` says: for whoever tests nothing else.
#[doc(hidden)]
pub fn read_date(
    cell: &str,
    reading: DateReading,
    window: ExpiryWindow,
) -> Result<LinkExpiry, ExpiryFault> {
    read_expiry(cell, Shape::read(cell), reading, window)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn read(text: &str, reading: DateReading) -> Result<LinkExpiry, ExpiryFault> {
        read_expiry(
            text,
            Shape::read(text),
            reading,
            ExpiryWindow::from_today(date(2026, 11, 22)),
        )
    }

    #[test]
    fn what_a_workbook_holds_as_a_date_goes_with_every_style() {
        for (of_book, wanted) in [
            (true, Ok(LinkExpiry::On(date(2026, 12, 5)))),
            (false, Err(ExpiryFault::Style)),
        ] {
            let reading = DateReading {
                style: Some(DateStyle::DayDash),
                month_first: true,
                of_book,
            };
            assert_eq!(read("2026-12-05", reading), wanted);
        }
    }

    #[test]
    fn dates_in_four_styles() {
        let wanted = Ok(LinkExpiry::On(date(2026, 12, 5)));
        for text in [
            "2026/12/05",
            "2026-12-05",
            "05/12/2026",
            "05-12-2026",
            "5/12/2026",
            "2026-12-5",
        ] {
            assert_eq!(read(text, DateReading::default()), wanted, "{text}");
        }
        assert_eq!(
            read("+7d", DateReading::default()),
            Ok(LinkExpiry::InDays(7))
        );
    }

    #[test]
    fn dates_that_are_refused() {
        use ExpiryFault as F;
        let table = [
            ("2026-11-21", F::Past),
            ("2026-12-23", F::TooFar),
            ("30/02/2027", F::NoSuchDate),
            ("2026-02-30", F::NoSuchDate),
            ("12/25/2026", F::NoSuchDate),
            ("0/12/2026", F::NoSuchDate),
            ("31/11/2026", F::NoSuchDate),
            ("05.12.2026", F::Format),
            ("5 Dec 2026", F::Format),
            ("46361", F::Format),
            ("05/12/26", F::Format),
            ("26/12/05", F::Format),
            ("2026/12-05", F::Format),
            ("2026-12", F::Format),
            ("2026-12-05T00:00", F::Format),
            ("tomorrow", F::Format),
            ("7d", F::Format),
            ("+31d", F::TooFar),
            ("05//2026", F::Format),
            ("-05/12/2026", F::Format),
            ("०५/१२/२०२६", F::Format),
            ("2026-1 2-05", F::Format),
            ("05-122026", F::Format),
        ];
        for (text, fault) in table {
            assert_eq!(read(text, DateReading::default()), Err(fault), "{text}");
        }
    }

    proptest::proptest! {
        /// A day in a sheet's own style is read back as that day, and in another style refused.
        #[test]
        fn what_is_written_is_read_back(days in 0i64..=30, style in 0usize..4, other in 0usize..4) {
            let day = date(2026, 11, 22) + jiff::Span::new().days(days);
            let text = |style: DateStyle| day.strftime(match style {
                DateStyle::YearSlash => "%Y/%m/%d",
                DateStyle::YearDash => "%Y-%m-%d",
                DateStyle::DaySlash => "%d/%m/%Y",
                DateStyle::DayDash => "%d-%m-%Y",
            }).to_string();
            let (style, other) = (STYLES[style], STYLES[other]);
            let reading = DateReading { style: Some(style), month_first: false, of_book: false };
            let wanted = if style == other { Ok(LinkExpiry::On(day)) } else { Err(ExpiryFault::Style) };
            proptest::prop_assert_eq!(read(&text(other), reading), wanted);
        }
    }

    fn verdict(cells: &[&str]) -> DateReading {
        let mut votes = Votes::new(false);
        for cell in cells {
            votes.count(Shape::read(cell).unwrap());
        }
        votes.verdict()
    }

    #[test]
    fn the_whole_sheet_decides() {
        use DateStyle as S;
        let table: &[(&[&str], Option<S>, bool)] = &[
            (&[], None, false),
            (&["05/12/2026"], Some(S::DaySlash), false),
            (
                &["2026-12-05", "05/12/2026", "06/12/2026"],
                Some(S::DaySlash),
                false,
            ),
            (&["2026-12-05", "05/12/2026"], Some(S::YearDash), false),
            (&["05/12/2026", "2026-12-05"], Some(S::DaySlash), false),
            (&["12/05/2026", "12/25/2026"], Some(S::DaySlash), true),
            (&["25/12/2026", "12/25/2026"], Some(S::DaySlash), false),
            (
                &["2026-12-05", "2026-12-06", "12/25/2026"],
                Some(S::YearDash),
                true,
            ),
            (&["99/99/2026"], Some(S::DaySlash), false),
        ];
        for (cells, style, month_first) in table {
            let wanted = DateReading {
                style: *style,
                month_first: *month_first,
                of_book: false,
            };
            assert_eq!(verdict(cells), wanted, "{cells:?}");
        }
        let doubt = DateReading {
            style: Some(S::DaySlash),
            month_first: true,
            of_book: false,
        };
        assert_eq!(read("12/05/2026", doubt), Err(ExpiryFault::MonthFirst));
        let year = DateReading {
            style: Some(S::YearDash),
            month_first: false,
            of_book: false,
        };
        assert_eq!(read("05/12/2026", year), Err(ExpiryFault::Style));
        assert_eq!(read("+7d", year), Ok(LinkExpiry::InDays(7)));
    }
}
