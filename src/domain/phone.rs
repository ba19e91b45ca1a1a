//! An Indian mobile number: ten digits, the first 6 to 9. Never printed whole by `Display` or `Debug`.
//!
//! Deliberately absent: other countries, landlines, and any repair of what a spreadsheet has damaged.

use std::fmt;

use super::text::trimmed;
use super::words::{Words, spoken};

/// Least number that is an Indian mobile.
const NUMBER_MIN: u64 = 6_000_000_000;
/// Greatest number that is an Indian mobile.
const NUMBER_MAX: u64 = 9_999_999_999;
/// What `91` before ten digits adds.
const COUNTRY: u64 = 910_000_000_000;
/// More digits than any prefix explains; also keeps the number within a `u64`.
const DIGITS_MAX: u32 = 16;

/// An Indian mobile number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Phone(u64);

/// Why a text is not an Indian mobile number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PhoneFault {
    /// Blank.
    Missing,
    /// `9.87654E+09`.
    Scientific,
    /// `9876543210.0`.
    Decimal,
    /// Not ten digits.
    Length,
    /// Ten digits, but a landline or no number at all.
    Start,
    /// A letter.
    Letters,
    /// Something that is neither digit, space, hyphen nor a leading `+`.
    Characters,
    /// A `+` and another country than India.
    Country,
    /// `-9876543119`, which a spreadsheet computes from `+91-9876543210`.
    Negative,
}

impl PhoneFault {
    /// Its code, sentence and cure. The sentence never names the number: it may be shown on screen.
    pub fn words(self) -> Words {
        let (code, problem, fix) = match self {
            Self::Missing => (
                "phone.missing",
                "the phone is blank",
                "type the 10 digits of the mobile number, or remove the row (a line of totals pays nobody)",
            ),
            Self::Scientific => (
                "phone.scientific",
                "the spreadsheet shortened this phone to a power of ten and lost its last digits",
                "format the column as text and type the 10 digits again",
            ),
            Self::Decimal => (
                "phone.decimal",
                "the spreadsheet turned this phone into a number with a decimal point",
                "format the column as text and type the 10 digits again",
            ),
            Self::Length => (
                "phone.length",
                "this phone does not have 10 digits",
                "type the 10 digits of the mobile number; +91, 91 or 0 may stand before them",
            ),
            Self::Start => (
                "phone.start",
                "this is not an Indian mobile number: those start with 6, 7, 8 or 9",
                "give a mobile number, not a landline",
            ),
            Self::Letters => (
                "phone.letters",
                "this phone has letters in it",
                "leave only the 10 digits",
            ),
            Self::Characters => (
                "phone.characters",
                "this phone has other characters than digits, spaces and hyphens",
                "leave only one phone with its 10 digits, typed as 0 to 9",
            ),
            Self::Country => (
                "phone.country",
                "this phone is of another country",
                "only Indian mobile numbers (+91) can be paid: give one or remove the row",
            ),
            Self::Negative => (
                "cell.negative",
                "this phone is a negative number: the spreadsheet took it for a calculation",
                "format the column as text and type the 10 digits again",
            ),
        };
        Words::new(code, problem, fix)
    }
}

spoken!(PhoneFault);

impl Phone {
    /// The number, if it is ten digits starting with 6 to 9.
    pub fn from_number(number: u64) -> Option<Self> {
        (NUMBER_MIN..=NUMBER_MAX)
            .contains(&number)
            .then_some(Self(number))
    }

    /// The ten digits as a number.
    pub fn number(self) -> u64 {
        self.0
    }

    /// The ten digits as text: personal data, for the gateway and the recipient's own row only.
    pub fn digits(self) -> String {
        self.0.to_string()
    }

    /// Reads a number after removing spaces, hyphens and one prefix: `+91`, `91` (only from twelve digits) or `0`
    /// (only from eleven). A hyphen before all digits is a minus sign, and refused.
    pub fn parse(text: &str) -> Result<Self, PhoneFault> {
        let text = trimmed(text);
        if let Some(number) = ten_digits(text.as_bytes()) {
            return Self::from_number(number).ok_or(PhoneFault::Start);
        }
        if text.is_empty() {
            return Err(PhoneFault::Missing);
        }
        if text.starts_with('-') && text.bytes().any(|byte| byte.is_ascii_digit()) {
            return Err(PhoneFault::Negative);
        }
        let (plus, rest) = match text.strip_prefix('+') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (number, digits, zero_first) = collect(rest).ok_or_else(|| why(text))?;
        let bare = match (plus, digits) {
            (false, 10) => number,
            (false, 11) if zero_first => number,
            (_, 12) if number / 10_000_000_000 == 91 => number - COUNTRY,
            (true, 1..) if !starts_with_india(number) => return Err(PhoneFault::Country),
            _ => return Err(PhoneFault::Length),
        };
        Self::from_number(bare).ok_or(PhoneFault::Start)
    }
}

/// The usual case, kept short because it runs once a row.
fn ten_digits(bytes: &[u8]) -> Option<u64> {
    let digits: &[u8; 10] = bytes.try_into().ok()?;
    let (number, good) = digits.iter().fold((0, true), |(number, good), byte| {
        let digit = byte.wrapping_sub(b'0');
        (number * 10 + u64::from(digit), good & (digit < 10))
    });
    good.then_some(number)
}

/// The digits as a number, how many there are, and whether the first is a zero; none if there is anything else.
fn collect(text: &str) -> Option<(u64, u32, bool)> {
    let mut number: u64 = 0;
    let mut digits: u32 = 0;
    let mut zero_first = false;
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' => {
                zero_first |= digits == 0 && byte == b'0';
                digits = digits.saturating_add(1);
                if digits <= DIGITS_MAX {
                    number = number * 10 + u64::from(byte - b'0');
                }
            }
            b' ' | b'-' => {}
            _ => return None,
        }
    }
    Some((number, digits, zero_first))
}

fn starts_with_india(mut number: u64) -> bool {
    while number > 99 {
        number /= 10;
    }
    number == 91
}

/// What is wrong with a text that holds more than digits, spaces and hyphens.
fn why(text: &str) -> PhoneFault {
    let numeric =
        |b: u8| b.is_ascii_digit() || matches!(b, b'.' | b'+' | b'-' | b'e' | b'E' | b',');
    let power = text.bytes().filter(|b| matches!(b, b'e' | b'E')).count() == 1;
    let digit_first = text.starts_with(|c: char| c.is_ascii_digit());
    let decimal = text.split_once('.').is_some_and(|(whole, rest)| {
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        !whole.is_empty() && digits(whole) && digits(rest)
    });
    if power && digit_first && text.bytes().all(numeric) {
        PhoneFault::Scientific
    } else if decimal {
        PhoneFault::Decimal
    } else if text.chars().any(char::is_alphabetic) {
        PhoneFault::Letters
    } else {
        PhoneFault::Characters
    }
}

impl fmt::Display for Phone {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "******{:04}", self.0 % 10_000)
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Phone({self})")
    }
}

#[cfg(test)]
mod tests;
