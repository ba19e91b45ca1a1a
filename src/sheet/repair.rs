//! What a refused cell surely means: a repair is suggested only where there is one reading and the repaired cell is
//! itself accepted. PURE.
//!
//! Nothing is repaired here or anywhere in silence: `validate` shows each as `was -> now`, and `--fix` writes them into a
//! new file. Deliberately absent: anything that needs a guess, such as lost digits, a dropped decimal point, commas
//! that may be decimal points, dates that may have the month first, and names.

use jiff::civil::Date;

use crate::domain::{
    CashgramId, Description, Email, ExpiryWindow, Money, PayeeName, PayoutType, Phone, Remarks,
};

use super::damage::is_rounded;
use super::dates::{DateReading, DateStyle, Shape, read_expiry};
use super::header::Field;

/// Longest cell that is looked at: nothing longer can be repaired into a field.
const CELL_CHARS_MAX: usize = 400;
/// The day before day 1 of a spreadsheet's calendar, as it counts from March 1900 on.
const DAY_ZERO: Date = jiff::civil::date(1899, 12, 30);

/// The repaired cell of a field that was refused; none if there is no sure one.
pub(super) fn repaired(
    field: Field,
    text: &str,
    reading: DateReading,
    window: ExpiryWindow,
) -> Option<String> {
    if text.chars().count() > CELL_CHARS_MAX {
        return None;
    }
    // Two lines in a cell are two numbers.
    if field == Field::Amount
        && text
            .trim()
            .contains(['\n', '\r', '\t', '\u{2028}', '\u{2029}'])
    {
        return None;
    }
    let raw = text;
    let text = cleaned(text);
    let sure = |candidates: Vec<String>, accepts: &dyn Fn(&str) -> bool| {
        candidates.into_iter().find(|candidate| accepts(candidate))
    };
    match field {
        Field::Phone => sure(phones(&text), &|text| Phone::parse(text).is_ok()),
        Field::Amount => sure(amounts(raw, &text), &|text| Money::parse(text).is_ok()),
        Field::LinkExpiry => sure(dates(&text, reading), &|text| {
            read_expiry(text, Shape::read(text), reading, window).is_ok()
        }),
        Field::Email => sure(emails(&text), &|text| Email::check(text).is_ok()),
        Field::Notify => flag(&text),
        Field::Name => sure(vec![text], &|text| PayeeName::check(text).is_ok()),
        Field::CashgramId => sure(vec![text], &|text| {
            CashgramId::check(text).is_ok() && !is_rounded(text)
        }),
        Field::Remarks => sure(vec![text], &|text| Remarks::check(text).is_ok()),
        Field::PayoutType => sure(vec![text], &|text| PayoutType::check(text).is_ok()),
        Field::Description => sure(vec![text], &|text| Description::check(text).is_ok()),
    }
}

/// The same text in plain characters: digits of other scripts, full-width letters, odd spaces and dashes, and marks
/// that nobody sees.
fn cleaned(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}'
            | '\u{ad}' => {}
            '\u{2010}'..='\u{2015}' | '\u{2212}' => out.push('-'),
            other if other.is_whitespace() => {
                if !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            other => out.push(ascii_digit(other).or(narrow(other)).unwrap_or(other)),
        }
    }
    let out = out.trim();
    let out = out.strip_prefix('\'').unwrap_or(out).trim();
    // `="9876543210"` is how some programs keep a spreadsheet from changing a text.
    let quoted = out
        .strip_prefix("=\"")
        .and_then(|out| out.strip_suffix('"'));
    quoted.unwrap_or(out).trim().to_owned()
}

/// First digits of the scripts of India, and of the Arabic ones.
const ZEROS: [char; 12] = [
    '\u{660}', '\u{6f0}', '\u{966}', '\u{9e6}', '\u{a66}', '\u{ae6}', '\u{b66}', '\u{be6}',
    '\u{c66}', '\u{ce6}', '\u{d66}', '\u{ff10}',
];

/// The digit of another script as one of ours.
fn ascii_digit(character: char) -> Option<char> {
    ZEROS.iter().find_map(|zero| {
        let value = u32::from(character).checked_sub(u32::from(*zero))?;
        char::from_digit(value, 10)
    })
}

/// A full-width character as the usual one.
fn narrow(character: char) -> Option<char> {
    let code = u32::from(character);
    (0xff01..=0xff5e)
        .contains(&code)
        .then(|| char::from_u32(code - 0xfee0))
        .flatten()
}

/// A number that a spreadsheet made of it, brackets, dots of prefixes.
fn phones(text: &str) -> Vec<String> {
    let bare: String = text
        .chars()
        .filter(|c| !matches!(c, '(' | ')' | ' '))
        .collect();
    let whole = bare
        .split_once('.')
        .filter(|(_, zeros)| !zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0'));
    let bare = whole.map_or(bare.clone(), |(whole, _)| whole.to_owned());
    let abroad = bare.strip_prefix("00").map(|rest| format!("+{rest}"));
    let trunk = bare.strip_prefix("+910").map(|rest| format!("+91{rest}"));
    let digits = [power(&bare), abroad, trunk].into_iter().flatten();
    std::iter::once(bare.clone())
        .chain(digits)
        .map(|text| digits_alone(&text))
        .collect()
}

/// The ten digits, where a phone can be read: written anew, it needs no prefix.
fn digits_alone(text: &str) -> String {
    Phone::parse(text).map_or_else(|_| text.to_owned(), Phone::digits)
}

/// `9.876543210E+09` holds all its digits; `9.87654E+09` does not.
fn power(text: &str) -> Option<String> {
    let (mantissa, power) = text.split_once(['e', 'E'])?;
    let (whole, fraction) = mantissa.split_once('.')?;
    let power: usize = power.trim_start_matches('+').parse().ok()?;
    (whole.len() == 1 && fraction.len() == power).then(|| format!("{whole}{fraction}"))
}

/// Currency behind the number or twice, `/-`, spaces that cannot be typed by chance between groups, zeros behind the
/// paise. Any other space parts two numbers, and groups of a wrong length may be a point mistaken for a comma.
fn amounts(raw: &str, text: &str) -> Vec<String> {
    let number = without_words(text);
    if number.contains(' ') {
        let grouped = !raw.trim().contains(' ') && number == text && !number.contains(',');
        return grouped
            .then(|| number.replace(' ', ","))
            .into_iter()
            .collect();
    }
    let mut found = vec![number.clone()];
    if let Some((whole, fraction)) = number.split_once('.') {
        let kept = fraction.trim_end_matches('0');
        // `1.500` may be fifteen hundred; `1250.500` cannot.
        let grouped = fraction.len() == 3 && whole.len() <= 3;
        if !grouped
            && kept.len() <= 2
            && fraction.len() > 2
            && fraction.bytes().all(|byte| byte.is_ascii_digit())
        {
            found.push(format!("{whole}.{kept:0<2}"));
        }
        if fraction.is_empty() {
            found.push(whole.to_owned());
        }
    }
    found
}

/// Without the words and signs that say "rupees".
fn without_words(text: &str) -> String {
    let mut rest = text.trim();
    let signs = ["₹", "₨", "rs.", "rs", "inr", "rupees"];
    let ends = ["/-", "/=", "only", "₹", "rs.", "rs", "inr", "rupees"];
    loop {
        let lower = rest.to_lowercase();
        let head = signs.iter().find(|sign| lower.starts_with(**sign));
        let tail = ends.iter().find(|end| lower.ends_with(**end));
        // Lower case may be longer than the text only for letters that are in none of these words.
        let shorter = match (head, tail) {
            (Some(sign), _) => rest.get(sign.len()..),
            (None, Some(end)) => rest
                .len()
                .checked_sub(end.len())
                .and_then(|at| rest.get(..at)),
            (None, None) => None,
        };
        match shorter {
            Some(shorter) => rest = shorter.trim(),
            None => return rest.to_owned(),
        }
    }
}

fn emails(text: &str) -> Vec<String> {
    let inside = text
        .rsplit_once('<')
        .and_then(|(_, rest)| rest.strip_suffix('>'));
    let bare = inside.unwrap_or(text);
    let bare = bare.strip_prefix("mailto:").unwrap_or(bare);
    // A space elsewhere parts two words, of which one may be no part of the address.
    let mut bare = bare.trim().to_owned();
    for sign in ['@', '.'] {
        bare = bare
            .replace(&format!(" {sign}"), &sign.to_string())
            .replace(&format!("{sign} "), &sign.to_string());
    }
    vec![bare.trim_end_matches([',', ';', '.', ' ']).to_owned()]
}

fn flag(text: &str) -> Option<String> {
    match text.to_lowercase().trim_end_matches('.') {
        "y" | "yes" | "on" | "1" => Some("yes".to_owned()),
        "n" | "no" | "off" | "0" => Some("no".to_owned()),
        _ => None,
    }
}

/// A date written so that there is one reading: the year first, the month by its name, points, a day above 12, a
/// midnight behind it, or a spreadsheet's number of days (which must fall within the thirty days that are allowed).
fn dates(text: &str, reading: DateReading) -> Vec<String> {
    let style = reading.style.unwrap_or(DateStyle::YearDash);
    let day = without_midnight(text);
    let read = year_first(day)
        .or_else(|| day_first(day))
        .or_else(|| serial(day));
    read.map(|date| written(date, style)).into_iter().collect()
}

fn without_midnight(text: &str) -> &str {
    let (day, time) = text.split_once(['T', ' ']).unwrap_or((text, ""));
    let midnight = !time.is_empty()
        && time
            .bytes()
            .all(|byte| matches!(byte, b'0' | b':' | b'.' | b'Z'));
    if midnight { day } else { text }
}

fn parts(text: &str) -> Option<[&str; 3]> {
    let mut parts = text
        .split(['-', '/', '.', ' ', ','])
        .filter(|part| !part.is_empty());
    let three = [parts.next()?, parts.next()?, parts.next()?];
    parts.next().is_none().then_some(three)
}

fn year_first(text: &str) -> Option<Date> {
    let [year, month, day] = parts(text)?;
    (year.len() == 4).then(|| date(year, month, day)).flatten()
}

/// With the month's name, after points, or with a day above 12: nobody writes the month first then.
fn day_first(text: &str) -> Option<Date> {
    let [day, month, year] = parts(text)?;
    let named = month.bytes().all(|byte| byte.is_ascii_alphabetic());
    let pointed = text.contains('.') && !text.contains(['/', '-', ' ']);
    let late = day.parse::<u8>().is_ok_and(|day| day > 12);
    let sure = year.len() == 4 && (named || pointed || late);
    sure.then(|| date(year, month, day)).flatten()
}

fn date(year: &str, month: &str, day: &str) -> Option<Date> {
    const MONTHS: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let lower = month.to_lowercase();
    let named = MONTHS
        .iter()
        .zip(1i8..)
        .find(|(name, _)| lower.starts_with(**name));
    let month = match named {
        Some((_, number)) => number,
        None => month.parse().ok()?,
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(year) || !digits(day) {
        return None;
    }
    Date::new(year.parse().ok()?, month, day.parse().ok()?).ok()
}

fn serial(text: &str) -> Option<Date> {
    let days: i32 = text.parse().ok().filter(|_| text.len() == 5)?;
    DAY_ZERO.checked_add(jiff::Span::new().days(days)).ok()
}

fn written(date: Date, style: DateStyle) -> String {
    let (year, month, day) = (date.year(), date.month(), date.day());
    match style {
        DateStyle::YearSlash => format!("{year:04}/{month:02}/{day:02}"),
        DateStyle::YearDash => format!("{year:04}-{month:02}-{day:02}"),
        DateStyle::DaySlash => format!("{day:02}/{month:02}/{year:04}"),
        DateStyle::DayDash => format!("{day:02}-{month:02}-{year:04}"),
    }
}

#[cfg(test)]
mod tests;
