//! A stored number as the text that its cell shows, and what keeps it from being trusted.
//!
//! What is asked of a number depends on its column: an amount must be what is shown, to the paisa; a phone must be
//! whole and exact, with its digits shown however parted; an id must be what is shown; anything else is carried as it
//! is shown. Deliberately absent: texts, which need no reading.

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
    /// A phone.
    Phone,
    /// An id.
    Id,
    /// A day.
    Day,
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
    /// The format shows an amount in brackets or with a minus.
    ShownNegative,
    /// The format shows something else than the phone or the id.
    ShownOtherwise,
    /// The format does not show the day of a date.
    ShownVaguely,
    /// The format shows a date.
    Date,
    /// The format shows nothing.
    Hidden,
    /// A phone or an id below nothing.
    Negative,
    /// The cell is struck out.
    Struck,
    /// Some characters are struck through, raised or lowered.
    Marked,
    /// A day as a number, in a calendar that counts from 1904.
    Serial,
}

const FORMULA: Words = Words::new(
    "cell.formula",
    "this cell holds a formula whose result is not stored in the file",
    "open the workbook in a spreadsheet, let it calculate, save it and run again",
);
const FAILED: Words = Words::new(
    "cell.error",
    "the formula in this cell failed: it shows {}",
    "mend the formula, or type the value itself",
);
const PRECISION: Words = Words::new(
    "cell.precision",
    "this number has more than 15 digits, of which a spreadsheet keeps only 15",
    "format the column as text and type the whole value again",
);
const HIDDEN_DECIMALS: Words = Words::new(
    "amount.hidden_decimals",
    "the cell holds {}, but its format shows fewer decimals",
    "round the amount itself to what is to be paid, or show all its decimals",
);
const CURRENCY: Words = Words::new(
    "amount.currency",
    "the cell holds {} and shows it in another currency than rupees",
    "give the amount in rupees and format the column as a plain number",
);
const SHOWN: Words = Words::new(
    "amount.shown",
    "the cell holds {}, but its format shows something else (a percentage, thousands, words, a comma for the point)",
    "format the column as a number with two decimals and check the amount",
);
const SHOWN_NEGATIVE: Words = Words::new(
    "amount.shown",
    "the cell holds {}, but its format shows it in brackets or with a minus, as a deduction",
    "remove the row if it is a deduction; else format the column as a number with two decimals",
);
const SHOWN_OTHERWISE: Words = Words::new(
    "cell.shown",
    "the cell holds {}, but its format shows something else",
    "format the column as text and type the value as it is to be read",
);
const SHOWN_VAGUELY: Words = Words::new(
    "expiry.shown",
    "the cell holds the date {}, but its format does not show the day",
    "format the column as a date such as 2026-11-30 and check it",
);
const DATE: Words = Words::new(
    "cell.date",
    "the spreadsheet turned this cell into the date {}",
    "format the column as text (phones, ids) or as a number (amounts) and type the value again",
);
const NEGATIVE: Words = Words::new(
    "cell.negative",
    "the cell holds a negative number: a phone or an id was taken for a calculation",
    "format the column as text and type the value again",
);
const HIDDEN: Words = Words::new(
    "cell.hidden",
    "the cell's format hides the number {} that it holds",
    "format the column as text (phones, ids) or as a number (amounts) and check the value",
);

const STRUCK: Words = Words::new(
    "cell.struck",
    "this cell is struck out",
    "remove the row if it is not to be paid; else take the strike-through away",
);
const MARKED: Words = Words::new(
    "cell.shown",
    "the cell holds {}, of which some characters are struck through, raised or lowered",
    "type the value again without struck-through or raised characters",
);
const SERIAL: Words = Words::new(
    "expiry.serial",
    "the spreadsheet turned this date into the number {}, in a workbook whose days count from 1904",
    "format the column as a date such as 2026-11-30, check it and save the sheet again",
);

impl Trouble {
    /// Its code, sentence and cure.
    pub(in crate::sheet) fn words(self) -> Words {
        match self {
            Self::Formula => FORMULA,
            Self::Failed => FAILED,
            Self::Precision => PRECISION,
            Self::HiddenDecimals => HIDDEN_DECIMALS,
            Self::Currency => CURRENCY,
            Self::Shown => SHOWN,
            Self::ShownNegative => SHOWN_NEGATIVE,
            Self::ShownOtherwise => SHOWN_OTHERWISE,
            Self::ShownVaguely => SHOWN_VAGUELY,
            Self::Date => DATE,
            Self::Negative => NEGATIVE,
            Self::Hidden => HIDDEN,
            Self::Struck => STRUCK,
            Self::Marked => MARKED,
            Self::Serial => SERIAL,
        }
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
    match format.look(number) {
        Look::Date { day, time, vague } => {
            let date = date(number, from_1904, *day, *time);
            let trouble = match kind {
                Kind::Other => None,
                Kind::Day => vague.then_some(Trouble::ShownVaguely),
                Kind::Money | Kind::Phone | Kind::Id => Some(Trouble::Date),
            };
            (date.unwrap_or_else(held), trouble)
        }
        Look::Hidden => (held(), kind.is_asked().then_some(Trouble::Hidden)),
        Look::Plain => plain(number, kind, held()),
        Look::Number {
            decimals,
            digits,
            odd,
            around,
        } => match kind {
            Kind::Phone | Kind::Id => identifier(number, kind, (*digits, *odd), held()),
            Kind::Money => money(number, (*decimals, *digits, *odd), held()),
            Kind::Other | Kind::Day => {
                let text = || Some(padded(&number.shown(*decimals)?, *digits));
                let text = match (odd, around) {
                    (None, _) => text(),
                    // A section for what is negative shows no minus of its own.
                    (Some(_), Some((before, behind))) if number.sign() >= 0 => {
                        text().map(|text| format!("{before}{text}{behind}"))
                    }
                    (Some(_), _) => None,
                };
                (text.unwrap_or_else(held), None)
            }
        },
    }
}

impl Kind {
    /// Whether a number may be wrong for it.
    fn is_asked(self) -> bool {
        match self {
            Kind::Money | Kind::Phone | Kind::Id => true,
            Kind::Other | Kind::Day => false,
        }
    }
}

fn plain(number: Decimal, kind: Kind, held: String) -> (String, Option<Trouble>) {
    let negative = number.sign() < 0 && matches!(kind, Kind::Phone | Kind::Id);
    let trouble = if kind.is_asked() && number.is_imprecise() {
        Some(Trouble::Precision)
    } else {
        negative.then_some(Trouble::Negative)
    };
    (held, trouble)
}

/// A phone's digits may be parted in any way; an id is taken as it is shown.
fn identifier(
    number: Decimal,
    kind: Kind,
    (digits, odd): (usize, Option<Odd>),
    held: String,
) -> (String, Option<Trouble>) {
    let is_phone = kind == Kind::Phone;
    let as_shown = match odd {
        None | Some(Odd::Power) => true,
        Some(Odd::Currency | Odd::Negative | Odd::Phone) => is_phone,
        Some(Odd::Otherwise) => false,
    };
    let (text, trouble) = plain(number, kind, held);
    let text = if is_phone {
        text
    } else {
        padded(&text, digits)
    };
    (
        text,
        trouble.or((!as_shown).then_some(Trouble::ShownOtherwise)),
    )
}

fn money(
    number: Decimal,
    (decimals, digits, odd): (usize, usize, Option<Odd>),
    held: String,
) -> (String, Option<Trouble>) {
    let trouble = match odd {
        Some(Odd::Currency) => Some(Trouble::Currency),
        Some(Odd::Negative) if number.sign() < 0 => None,
        Some(Odd::Negative) => Some(Trouble::ShownNegative),
        Some(Odd::Power | Odd::Phone | Odd::Otherwise) => Some(Trouble::Shown),
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
    (padded(&text.unwrap_or(held), digits), None)
}

/// With the zeros before it that the format shows.
fn padded(text: &str, digits: usize) -> String {
    let (sign, number) = match text.strip_prefix('-') {
        Some(number) => ("-", number),
        None => ("", text),
    };
    let whole = number.split('.').next().unwrap_or_default().len();
    let zeros = "0".repeat(digits.saturating_sub(whole));
    format!("{sign}{zeros}{number}")
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

    use Kind::{Day, Id, Money, Other, Phone};
    use Trouble as T;

    const CASES: [(&str, &str, Kind, &str, Option<Trouble>); 53] = [
        ("9876543210", "General", Phone, "9876543210", None),
        ("9876543210", "0.00", Phone, "9876543210", None),
        ("9.87654321E9", "0.00E+00", Phone, "9876543210", None),
        ("919876543210", "General", Phone, "919876543210", None),
        ("9876543210.5", "0", Phone, "9876543210.5", None),
        (
            "9876543210",
            "yyyy-mm-dd",
            Phone,
            "9876543210",
            Some(T::Date),
        ),
        (
            "1234567890123456",
            "0",
            Phone,
            "1234567890123460",
            Some(T::Precision),
        ),
        ("9876543210", ";;;", Phone, "9876543210", Some(T::Hidden)),
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
        ("1250", "(0.00)", Money, "1250", Some(T::ShownNegative)),
        ("-1250", "(0.00)", Money, "-1250.00", None),
        ("1250", "-0.00", Money, "1250", Some(T::ShownNegative)),
        ("1250", "0\",\"00", Money, "1250", Some(T::Shown)),
        ("1250", "00\\-00", Money, "1250", Some(T::Shown)),
        (
            "1250",
            "\"-\"General",
            Money,
            "1250",
            Some(T::ShownNegative),
        ),
        ("1250", "0000000.00", Money, "0001250.00", None),
        ("1250", "0,000", Money, "1250", None),
        ("9876543210", "00000\\-00000", Phone, "9876543210", None),
        ("9876543210", "\"+91 \"0", Phone, "9876543210", None),
        ("9876543210", "(00000) 00000", Phone, "9876543210", None),
        (
            "876543210",
            "\"9\"0",
            Phone,
            "876543210",
            Some(T::ShownOtherwise),
        ),
        (
            "9876543210",
            "0,",
            Phone,
            "9876543210",
            Some(T::ShownOtherwise),
        ),
        ("7", "000", Id, "007", None),
        ("7", "\"EMP-\"000", Id, "007", Some(T::ShownOtherwise)),
        ("7", "00\\-00", Id, "0007", Some(T::ShownOtherwise)),
        ("7", "00000", Other, "00007", None),
        ("7", "\"EMP-\"000", Other, "EMP-007", None),
        ("202611", "0\" (Nov)\"", Other, "202611 (Nov)", None),
        ("5", "$0.00", Other, "$5.00", None),
        ("-5", "0.00;(0.00)", Other, "-5", None),
        ("1250", "0\",\"00", Other, "1250", None),
        ("46361", "d-mmm-yy", Day, "2026-12-05", None),
        ("46361", "mmm-yy", Day, "2026-12-05", Some(T::ShownVaguely)),
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
