//! Expiry dates: whatever is read is the date that the cell's digits say, within the days that are allowed.

use jiff::ToSpan;
use jiff::civil::{Date, date};
use paysheet::domain::{ExpiryFault, ExpiryWindow, LinkExpiry};
use paysheet::sheet::{DateReading, DateStyle, read_date};

const STYLES: [DateStyle; 4] = [
    DateStyle::YearSlash,
    DateStyle::YearDash,
    DateStyle::DaySlash,
    DateStyle::DayDash,
];
/// So many days ahead a link may expire.
const AHEAD_MAX: i64 = 30;

/// Reads the input as a cell on a day and in a sheet that its first bytes choose, and makes cells that must be read.
pub fn run(bytes: &[u8]) {
    let Some((&[low, high, way], cell)) = bytes.split_first_chunk() else {
        return;
    };
    let days = i64::from(u16::from_le_bytes([low, high]));
    let today = date(2000, 1, 1).saturating_add((days % 40_000).days());
    let reading = DateReading {
        style: STYLES.get(usize::from(way & 7)).copied(),
        month_first: way & 8 != 0,
        of_book: way & 16 != 0,
    };
    if let Ok(cell) = std::str::from_utf8(cell) {
        judge(cell, reading, today);
    }
    written(today, i64::from(way % 34) - 1);
}

fn judge(cell: &str, reading: DateReading, today: Date) {
    let window = ExpiryWindow::from_today(today);
    let expiry = match read_date(cell, reading, window) {
        Ok(expiry) => expiry,
        Err(fault) => {
            let words = fault.words();
            assert!(words.code.starts_with("expiry.") && !words.fix.is_empty());
            return;
        }
    };
    let on = expiry.on(today);
    let last = today.saturating_add(AHEAD_MAX.days());
    assert!((today..=last).contains(&on), "{cell:?} on {today}: {on}");
    assert_eq!(LinkExpiry::from_stored(&expiry.to_string()), Some(expiry));
    match expiry {
        LinkExpiry::InDays(days) => {
            let digits = cell.strip_prefix('+').unwrap();
            let digits = digits.strip_suffix(['d', 'D']).unwrap();
            assert!(digits.bytes().all(|byte| byte.is_ascii_digit()));
            assert_eq!(digits.parse(), Ok(days), "{cell:?}");
        }
        LinkExpiry::On(on) => {
            let (style, said) = independently(cell);
            assert_eq!(said, (on.year(), on.month(), on.day()), "{cell:?}");
            let held = reading.of_book && style == DateStyle::YearDash;
            assert!(held || reading.style.is_none_or(|wanted| wanted == style));
            let day_first = matches!(style, DateStyle::DaySlash | DateStyle::DayDash);
            assert!(!(reading.month_first && day_first), "{cell:?} is in doubt");
            for style in STYLES {
                let plain = DateReading {
                    style: Some(style),
                    month_first: false,
                    of_book: false,
                };
                let again = read_date(&in_style(on, style), plain, window);
                assert_eq!(again, Ok(expiry), "{cell:?}");
            }
        }
    }
}

/// The style, and the numbers in the order year, month, day: which end has four digits tells.
fn independently(cell: &str) -> (DateStyle, (i16, i8, i8)) {
    let slash = cell.contains('/');
    assert!(slash != cell.contains('-'), "{cell:?} is written two ways");
    let parts: Vec<&str> = cell.split(['/', '-']).collect();
    let [first, month, third] = parts.as_slice() else {
        panic!("{cell:?} is no date");
    };
    let digits = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
    assert!(parts.iter().all(digits), "{cell:?}");
    assert!((1..=2).contains(&month.len()), "{cell:?}");
    let year_first = first.len() == 4;
    let (year, day) = if year_first {
        (first, third)
    } else {
        (third, first)
    };
    assert!(year.len() == 4 && (1..=2).contains(&day.len()), "{cell:?}");
    let style = match (year_first, slash) {
        (true, true) => DateStyle::YearSlash,
        (true, false) => DateStyle::YearDash,
        (false, true) => DateStyle::DaySlash,
        (false, false) => DateStyle::DayDash,
    };
    let number = |part: &str| part.parse().unwrap();
    (style, (year.parse().unwrap(), number(month), number(day)))
}

fn in_style(date: Date, style: DateStyle) -> String {
    let (year, month, day) = (date.year(), date.month(), date.day());
    match style {
        DateStyle::YearSlash => format!("{year:04}/{month:02}/{day:02}"),
        DateStyle::YearDash => format!("{year:04}-{month:02}-{day:02}"),
        DateStyle::DaySlash => format!("{day:02}/{month:02}/{year:04}"),
        DateStyle::DayDash => format!("{day:02}-{month:02}-{year:04}"),
    }
}

/// A day so far ahead is read in all four styles if it is allowed, and refused for the right reason if not.
fn written(today: Date, ahead: i64) {
    let window = ExpiryWindow::from_today(today);
    let on = today.saturating_add(ahead.days());
    let wanted = match ahead {
        ..0 => Err(ExpiryFault::Past),
        0..=AHEAD_MAX => Ok(LinkExpiry::On(on)),
        _ => Err(ExpiryFault::TooFar),
    };
    for style in STYLES {
        let cell = in_style(on, style);
        for reading in [None, Some(style)] {
            let reading = DateReading {
                style: reading,
                month_first: false,
                of_book: false,
            };
            assert_eq!(
                read_date(&cell, reading, window),
                wanted,
                "{cell} on {today}"
            );
        }
    }
}
