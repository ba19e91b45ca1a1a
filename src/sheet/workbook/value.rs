//! A stored number as the text that its cell shows, and what keeps it from being trusted.
//!
//! What is asked of a number depends on its column: an amount must be what is shown, to the paisa; a phone or an id must
//! be whole and exact, however it is shown; anything else is carried as it is shown. Deliberately absent: texts, which
//! need no reading.

use jiff::civil::Date;

use crate::domain::Words;

use super::format::{Format, Look, Odd};
use super::number::Decimal;

/// The day before the first day of the calendar that counts from 1900, as it is from March 1900 on: spreadsheets count
/// a 29 February 1900 that never was.
const DAY_ZERO_1900: Date = jiff::civil::date(1899, 12, 30);
/// The first day of the other one.
const DAY_ZERO_1904: Date = jiff::civil::date(1904, 1, 1);
/// Days before this one are off by one in the first calendar; nobody writes them in a sheet of payouts.
const DAYS_MIN: i32 = 61;
/// 31 December 9999.
const DAYS_MAX: i32 = 2_958_465;

/// What a column is for, as far as its numbers are concerned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::sheet) enum Kind {
    /// Carried, or a text.
    #[default]
    Other,
    /// Rupees.
    Money,
    /// A phone or an id.
    Identifier,
}

/// Why a cell cannot be trusted, whatever its text says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sheet) enum Trouble {
    /// A formula without a result.
    Formula,
    /// A formula that failed: `#REF!`.
    Failed,
    /// More digits than a spreadsheet holds.
    Precision,
    /// The format hides paise.
    HiddenDecimals,
    /// The format shows another currency.
    Currency,
    /// The format shows a percentage, thousands, words.
    Shown,
    /// The format shows a date.
    Date,
    /// The format shows nothing.
    Hidden,
    /// A phone or an id below nothing.
    Negative,
}

impl Trouble {
    /// Its code, sentence and cure.
    pub(in crate::sheet) fn words(self) -> Words {
        let (code, problem, fix) = match self {
            Self::Formula => (
                "cell.formula",
                "this cell holds a formula whose result is not stored in the file",
                "open the workbook in a spreadsheet, let it calculate, save it and run again",
            ),
            Self::Failed => (
                "cell.error",
                "the formula in this cell failed: it shows {}",
                "mend the formula, or type the value itself",
            ),
            Self::Precision => (
                "cell.precision",
                "this number has more than 15 digits, of which a spreadsheet keeps only 15",
                "format the column as text and type the whole value again",
            ),
            Self::HiddenDecimals => (
                "amount.hidden_decimals",
                "the cell holds {}, but its format shows fewer decimals",
                "round the amount itself to what is to be paid, or show all its decimals",
            ),
            Self::Currency => (
                "amount.currency",
                "the cell holds {} and shows it in another currency than rupees",
                "give the amount in rupees and format the column as a plain number",
            ),
            Self::Shown => (
                "amount.shown",
                "the cell holds {}, but its format shows something else (a percentage, thousands, words)",
                "format the column as a number with two decimals and check the amount",
            ),
            Self::Date => (
                "cell.date",
                "the spreadsheet turned this cell into the date {}",
                "format the column as text (phones, ids) or as a number (amounts) and type the value again",
            ),
            Self::Negative => (
                "cell.negative",
                "the cell holds a negative number: a phone or an id was taken for a calculation",
                "format the column as text and type the value again",
            ),
            Self::Hidden => (
                "cell.hidden",
                "the cell's format hides the number {} that it holds",
                "format the column as text (phones, ids) or as a number (amounts) and check the value",
            ),
        };
        Words::new(code, problem, fix)
    }
}

/// The text of a stored number in a column of this kind.
pub(super) fn shown(
    stored: &str,
    format: &Format,
    kind: Kind,
    from_1904: bool,
) -> (String, Option<Trouble>) {
    let Some(number) = Decimal::parse(stored) else {
        return (stored.to_owned(), None);
    };
    let held = || number.plain().unwrap_or_else(|| stored.to_owned());
    let asked = kind != Kind::Other;
    match format.look(number) {
        Look::Date { day, time } => {
            let date = date(number, from_1904, *day, *time);
            let trouble = asked.then_some(Trouble::Date);
            (date.unwrap_or_else(held), trouble)
        }
        Look::Hidden => (held(), asked.then_some(Trouble::Hidden)),
        Look::Plain => plain(number, kind, held()),
        Look::Number { decimals, odd } => match kind {
            Kind::Identifier => plain(number, kind, held()),
            Kind::Money => money(number, *decimals, *odd, held()),
            Kind::Other => {
                let text = match odd {
                    None => number.shown(*decimals),
                    Some(_) => None,
                };
                (text.unwrap_or_else(held), None)
            }
        },
    }
}

fn plain(number: Decimal, kind: Kind, held: String) -> (String, Option<Trouble>) {
    let asked = kind != Kind::Other;
    let trouble = if asked && number.is_imprecise() {
        Some(Trouble::Precision)
    } else if kind == Kind::Identifier && number.sign() < 0 {
        Some(Trouble::Negative)
    } else {
        None
    };
    (held, trouble)
}

fn money(
    number: Decimal,
    decimals: usize,
    odd: Option<Odd>,
    held: String,
) -> (String, Option<Trouble>) {
    let trouble = match odd {
        Some(Odd::Currency) => Some(Trouble::Currency),
        Some(Odd::Otherwise) => Some(Trouble::Shown),
        None if number.is_imprecise() => Some(Trouble::Precision),
        None => None,
    };
    if trouble.is_some() {
        return (held, trouble);
    }
    if number.with_decimals(decimals).is_none() {
        return (held, Some(Trouble::HiddenDecimals));
    }
    // Places for a third decimal that are all zero are the format's, not the amount's.
    let text = number.with_decimals(decimals.min(2));
    (text.unwrap_or(held), None)
}

/// A date and a time as ISO 8601 writes them; none if there is no such day.
fn date(number: Decimal, from_1904: bool, day: bool, time: bool) -> Option<String> {
    let (days, part) = number.days()?;
    let (zero, least) = if from_1904 {
        (DAY_ZERO_1904, 0)
    } else {
        (DAY_ZERO_1900, DAYS_MIN)
    };
    // Millionths of a day to seconds, to the nearest.
    let seconds = (part * 86_400 + 500_000) / 1_000_000;
    let clock = format!("{:02}:{:02}", seconds / 3600 % 24, seconds / 60 % 60);
    if !day {
        return Some(clock);
    }
    if !(least..=DAYS_MAX).contains(&days) {
        return None;
    }
    let date = zero.checked_add(jiff::Span::new().days(days)).ok()?;
    Some(if time {
        format!("{date} {clock}")
    } else {
        date.to_string()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    use Kind::{Identifier, Money, Other};
    use Trouble as T;

    const CASES: [(&str, &str, Kind, &str, Option<Trouble>); 29] = [
        ("9876543210", "General", Identifier, "9876543210", None),
        ("9876543210", "0.00", Identifier, "9876543210", None),
        ("9.87654321E9", "0.00E+00", Identifier, "9876543210", None),
        ("919876543210", "General", Identifier, "919876543210", None),
        ("9876543210.5", "0", Identifier, "9876543210.5", None),
        (
            "9876543210",
            "yyyy-mm-dd",
            Identifier,
            "9876543210",
            Some(T::Date),
        ),
        (
            "1234567890123456",
            "0",
            Identifier,
            "1234567890123460",
            Some(T::Precision),
        ),
        (
            "9876543210",
            ";;;",
            Identifier,
            "9876543210",
            Some(T::Hidden),
        ),
        ("1250.5", "General", Money, "1250.5", None),
        ("1250.5", "0.00", Money, "1250.50", None),
        ("1250.5", "0.0000", Money, "1250.50", None),
        ("1250.4999999999999", "#,##0.00", Money, "1250.50", None),
        ("1250", "#,##0", Money, "1250", None),
        ("1250.456", "General", Money, "1250.456", None),
        (
            "1250.456",
            "0.00",
            Money,
            "1250.456",
            Some(T::HiddenDecimals),
        ),
        ("1250.5", "0", Money, "1250.5", Some(T::HiddenDecimals)),
        ("1250.5", "$0.00", Money, "1250.5", Some(T::Currency)),
        ("0.5", "0%", Money, "0.5", Some(T::Shown)),
        ("-5", "0.00;(0.00)", Money, "-5.00", None),
        ("46361", "dd/mm/yyyy", Money, "2026-12-05", Some(T::Date)),
        ("46361", "dd/mm/yyyy", Other, "2026-12-05", None),
        (
            "46361.604166667",
            "dd/mm/yyyy hh:mm",
            Other,
            "2026-12-05 14:30",
            None,
        ),
        ("46361.604166667", "dd/mm/yyyy", Other, "2026-12-05", None),
        ("0.5", "h:mm", Other, "12:00", None),
        ("46361", "General", Other, "46361", None),
        ("7.3333333333333", "0.00", Other, "7.33", None),
        ("0.125", "0%", Other, "0.125", None),
        ("3000000", "yyyy", Other, "3000000", None),
        ("junk", "0.00", Money, "junk", None),
    ];

    #[test]
    fn numbers_as_their_cells_show_them() {
        for (stored, code, kind, text, trouble) in CASES {
            let found = shown(stored, &Format::parse(code), kind, false);
            assert_eq!(
                found,
                (text.to_owned(), trouble),
                "{stored} {code} {kind:?}"
            );
        }
        let (text, _) = shown("44899", &Format::parse("yyyy-mm-dd"), Other, true);
        assert_eq!(text, "2026-12-05");
    }
}
