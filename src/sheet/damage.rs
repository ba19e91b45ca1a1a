//! What a spreadsheet did to a cell: said in place of the plain refusal, with the cure for just that. PURE.
//!
//! Asked only for cells that were refused, so it may take its time. Deliberately absent: repair, and damage that cannot
//! be told from a sound value.

use csv::StringRecord;

use crate::domain::{Phone, Words};

use super::header::{Field, normal};

/// A formula's result when it fails, in every spreadsheet's words; hashes alone stand for a column too narrow.
const ERRORS: [&str; 12] = [
    "#REF!",
    "#N/A",
    "#NAME?",
    "#VALUE!",
    "#DIV/0!",
    "#NUM!",
    "#NULL!",
    "#SPILL!",
    "#CALC!",
    "#FIELD!",
    "#GETTING_DATA",
    "Err:5",
];
/// Days since 1900 of 2009 and of 2064: what a date becomes when its format is lost.
const SERIAL_DAYS: std::ops::Range<u32> = 40_000..60_000;
/// Digits that a spreadsheet keeps of a number.
const DIGITS_KEPT: usize = 15;
/// Other currencies that sheets bear.
const CURRENCIES: [&str; 10] = ["$", "€", "£", "¥", "USD", "EUR", "GBP", "AED", "SGD", "US$"];
/// What people write behind a sum of rupees.
const BEHIND: [&str; 10] = [
    "/-", "/=", "-/", "rs", "rs.", "inr", "₹", "rupees", "cr", "dr",
];

const ERROR: Words = Words::new(
    "cell.error",
    "a formula failed in this cell, which shows {}",
    "mend the formula in the spreadsheet, or type the value",
);
const NARROW: Words = Words::new(
    "cell.error",
    "the column was too narrow to show this cell, which was saved as {}",
    "widen the column in the spreadsheet and save the file again",
);
const FORMULA: Words = Words::new(
    "cell.formula",
    "this cell holds a formula and not its result",
    "save the sheet with values, or format the column as text and type the value again",
);
const APOSTROPHE: Words = Words::new(
    "cell.apostrophe",
    "an apostrophe stands before the value, as spreadsheets mark text",
    "remove the apostrophe",
);
const SPACES: Words = Words::new(
    "cell.spaces",
    "this cell has a space or a mark in it that cannot be seen, as copied from a web page or a PDF",
    "type the value again by hand",
);
const PHONE_DIGITS: Words = Words::new(
    "phone.digits",
    "this phone is not written in the digits 0 to 9",
    "type it again in the digits 0 to 9",
);
const PHONE_ROUNDED: Words = Words::new(
    "cell.precision",
    "the spreadsheet rounded this number to 15 digits: the last ones are lost",
    "format the column as text and type one phone with its 10 digits again",
);
const PHONE_TWO: Words = Words::new(
    "phone.two",
    "this cell holds more than one phone",
    "leave one phone with its 10 digits",
);
const AMOUNT_BEHIND: Words = Words::new(
    "amount.behind",
    "something stands behind the amount {}",
    "leave only the digits, such as 1250.00",
);
const AMOUNT_CURRENCY: Words = Words::new(
    "amount.currency",
    "the amount {} is in another currency than rupees",
    "give the amount in rupees",
);
const EXPIRY_DIGITS: Words = Words::new(
    "expiry.digits",
    "the date {} is not written in the digits 0 to 9",
    "type it again in the digits 0 to 9, like 2026-11-30",
);
const EXPIRY_SERIAL: Words = Words::new(
    "expiry.serial",
    "the spreadsheet turned this date into the number {}",
    "format the column as a date such as 2026-11-30 and save the sheet again",
);
const EXPIRY_TIME: Words = Words::new(
    "expiry.time",
    "the date {} has a time of day behind it",
    "leave the date alone, like 2026-11-30",
);
const EXPIRY_YEAR: Words = Words::new(
    "expiry.year",
    "the date {} has only two digits for the year",
    "write the year with four digits, like 2026-11-30",
);
const EXPIRY_MONTH_NAME: Words = Words::new(
    "expiry.month_name",
    "the date {} has its month in words",
    "write the month as a number, like 2026-11-30",
);
const ID_SCIENTIFIC: Words = Words::new(
    "id.scientific",
    "the spreadsheet shortened this id to {} and lost its last digits",
    "format the column as text and type the id again",
);
/// Of an id that is not refused otherwise: rounded ids would be alike, and payments lost.
pub(super) const ID_ROUNDED: Words = Words::new(
    "cell.precision",
    "the spreadsheet may have rounded the id {} to 15 digits",
    "format the column as text and type the id again; if it is right, put a letter before it",
);

/// What happened to a refused cell, if it can be told.
pub(super) fn diagnose(field: Field, text: &str) -> Option<Words> {
    anywhere(text).or_else(|| match field {
        Field::Phone => phone(text),
        Field::Amount => amount(text),
        Field::LinkExpiry => expiry(text),
        Field::CashgramId => is_scientific(text).then_some(ID_SCIENTIFIC),
        Field::Name
        | Field::Email
        | Field::Remarks
        | Field::PayoutType
        | Field::Description
        | Field::Notify => None,
    })
}

fn anywhere(text: &str) -> Option<Words> {
    if text.len() > 1 && text.bytes().all(|byte| byte == b'#') {
        Some(NARROW)
    } else if ERRORS.iter().any(|error| text.starts_with(error)) {
        Some(ERROR)
    } else if text.starts_with('=') {
        Some(FORMULA)
    } else if text.starts_with(['\'', '’', '‘']) {
        Some(APOSTROPHE)
    } else if text.chars().any(is_unseen) {
        Some(SPACES)
    } else {
        None
    }
}

/// Spaces that are no plain space, and marks without width.
fn is_unseen(c: char) -> bool {
    (c.is_whitespace() && c != ' ')
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn has_other_digits(text: &str) -> bool {
    text.chars().any(|c| c.is_numeric() && !c.is_ascii())
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn phone(text: &str) -> Option<Words> {
    let digits = text.trim_start_matches('+');
    let parts = text.split(['/', ',', ';', '&', '|', '\n']);
    if has_other_digits(text) {
        Some(PHONE_DIGITS)
    } else if is_rounded(digits) {
        Some(PHONE_ROUNDED)
    } else if parts.filter(|part| Phone::parse(part).is_ok()).count() > 1 {
        Some(PHONE_TWO)
    } else {
        None
    }
}

fn amount(text: &str) -> Option<Words> {
    let starts = |marks: &[&str]| {
        let heads = marks.iter().filter_map(|mark| text.get(..mark.len()));
        heads
            .zip(marks)
            .any(|(head, mark)| head.eq_ignore_ascii_case(mark))
    };
    let ends = |mark: &&str| {
        let at = text.len().checked_sub(mark.len());
        at.and_then(|at| text.get(at..))
            .is_some_and(|tail| tail.eq_ignore_ascii_case(mark))
    };
    if !text.bytes().any(|byte| byte.is_ascii_digit()) {
        None
    } else if CURRENCIES.iter().any(ends) || starts(&CURRENCIES) {
        Some(AMOUNT_CURRENCY)
    } else if BEHIND.iter().any(ends) {
        Some(AMOUNT_BEHIND)
    } else {
        None
    }
}

fn expiry(text: &str) -> Option<Words> {
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    let serial = is_digits(&text.replace('.', ""))
        && whole.parse().is_ok_and(|days| SERIAL_DAYS.contains(&days));
    let parts: Vec<&str> = text.split(['/', '-', '.', ' ']).collect();
    let numbers = parts.iter().all(|part| is_digits(part) && part.len() <= 2);
    if has_other_digits(text) {
        Some(EXPIRY_DIGITS)
    } else if serial {
        Some(EXPIRY_SERIAL)
    } else if text.contains(':') && text.starts_with(|c: char| c.is_ascii_digit()) {
        Some(EXPIRY_TIME)
    } else if parts.len() == 3 && numbers {
        Some(EXPIRY_YEAR)
    } else if has_month_name(text) {
        Some(EXPIRY_MONTH_NAME)
    } else {
        None
    }
}

fn has_month_name(text: &str) -> bool {
    const MONTHS: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let text = text.to_ascii_lowercase();
    let digits = text.bytes().any(|byte| byte.is_ascii_digit());
    digits && MONTHS.iter().any(|month| text.contains(month))
}

/// `1.23457E+15`
fn is_scientific(text: &str) -> bool {
    let Some((head, power)) = text.split_once(['E', 'e']) else {
        return false;
    };
    is_digits(&head.replacen('.', "", 1)) && is_digits(power.trim_start_matches(['+', '-']))
}

/// Whether a number has more digits than a spreadsheet keeps, and zeros in place of the others.
pub(super) fn is_rounded(text: &str) -> bool {
    let lost = text.get(DIGITS_KEPT..).unwrap_or_default();
    !lost.is_empty() && lost.bytes().all(|byte| byte == b'0') && is_digits(text)
}

/// How a line of totals begins one of its cells.
const TOTALS: [&str; 4] = ["total", "grandtotal", "subtotal", "nettotal"];

/// Whether one of the cells says that the row sums up others.
pub(super) fn is_total(cells: &StringRecord) -> bool {
    cells
        .iter()
        .map(normal)
        .any(|cell| cell == "sum" || TOTALS.iter().any(|head| cell.starts_with(head)))
}

/// Words that a line of totals is named by.
const TOTAL_NAMES: [&str; 10] = [
    "total",
    "totals",
    "totalamount",
    "totalrs",
    "totalinr",
    "grandtotal",
    "subtotal",
    "nettotal",
    "sum",
    "sumtotal",
];
/// No longer cell is such a name.
const TOTAL_NAME_BYTES_MAX: usize = 32;

/// Whether one of the cells is such a name and nothing else: in a row that may be a recipient's, more would be a name.
pub(super) fn names_total(cells: &StringRecord) -> bool {
    let short = cells
        .iter()
        .filter(|cell| cell.len() <= TOTAL_NAME_BYTES_MAX);
    short
        .map(normal)
        .any(|cell| TOTAL_NAMES.contains(&cell.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_damage_has_its_code() {
        use Field as F;
        let table = [
            (F::Phone, "#REF!", "cell.error"),
            (F::Amount, "#N/A", "cell.error"),
            (F::Name, "#NAME?", "cell.error"),
            (F::LinkExpiry, "########", "cell.error"),
            (F::Phone, "=+919876543210", "cell.formula"),
            (F::Phone, "=\"9876543210\"", "cell.formula"),
            (F::Phone, "'9876543210", "cell.apostrophe"),
            (F::Name, "Asha\u{a0}Menon", "cell.spaces"),
            (F::Phone, "98765\u{a0}43210", "cell.spaces"),
            (F::Phone, "98765\u{200b}43210", "cell.spaces"),
            (F::Email, "a@example.com\u{200b}", "cell.spaces"),
            (F::Phone, "९८७६५४३२१०", "phone.digits"),
            (F::Phone, "９８７６５４３２１０", "phone.digits"),
            (F::Phone, "987654321098765000", "cell.precision"),
            (F::Phone, "9876543210/9876543211", "phone.two"),
            (F::Phone, "9876543210, 98765 43211", "phone.two"),
            (F::Amount, "500/-", "amount.behind"),
            (F::Amount, "1,250.00/-", "amount.behind"),
            (F::Amount, "500 Rs.", "amount.behind"),
            (F::Amount, "500 Cr", "amount.behind"),
            (F::Amount, "$5", "amount.currency"),
            (F::Amount, "5 usd", "amount.currency"),
            (F::LinkExpiry, "46361", "expiry.serial"),
            (F::LinkExpiry, "46361.5", "expiry.serial"),
            (F::LinkExpiry, "०५/१२/२०२६", "expiry.digits"),
            (F::LinkExpiry, "2026-12-05T00:00", "expiry.time"),
            (F::LinkExpiry, "05/12/2026 00:00:00", "expiry.time"),
            (F::LinkExpiry, "05/12/26", "expiry.year"),
            (F::LinkExpiry, "5-12-26", "expiry.year"),
            (F::LinkExpiry, "5 Dec 2026", "expiry.month_name"),
            (F::LinkExpiry, "05-Dec-26", "expiry.month_name"),
            (F::CashgramId, "1.23457E+15", "id.scientific"),
        ];
        for (field, text, code) in table {
            let found = diagnose(field, text).map(|words| words.code);
            assert_eq!(found, Some(code), "{text}");
        }
        for (field, text) in [
            (F::Phone, "98765"),
            (F::Phone, "987654321098765"),
            (F::Phone, "9876543210987654"),
            (F::Amount, "ten"),
            (F::Amount, "/-"),
            (F::Amount, "1.2.3"),
            (F::LinkExpiry, "123456"),
            (F::LinkExpiry, "soon"),
            (F::CashgramId, "ORDER#5"),
            (F::Name, "O'Neil"),
        ] {
            assert_eq!(diagnose(field, text), None, "{text}");
        }
        assert!(is_rounded("1234567890123450") && !is_rounded("123456789012345"));
        assert!(!is_rounded("A234567890123450") && !is_rounded("1234567890123456"));
    }
}
