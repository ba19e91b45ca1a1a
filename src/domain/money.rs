//! Rupees as an integer number of paise, read strictly: anything doubtful is refused by name.
//!
//! Deliberately absent: floats, other currencies, rounding, negative amounts.

use std::fmt;

use super::text::trimmed;
use super::words::{Words, spoken};

/// Most rows that a sheet may have. Bounds every sum over a sheet.
pub const ROWS_MAX: u32 = 2_000_000;

/// Least amount of one payout: the gateway refuses less than one rupee.
pub const AMOUNT_PAISE_MIN: i64 = 100;

/// Most that one payout may be: ₹1,000 crore. No Cashgram comes near it, a slipped decimal point may; and
/// [`ROWS_MAX`] rows of it sum to 2 × 10^18 paise, which an `i64` holds.
pub const AMOUNT_PAISE_MAX: i64 = 1_000_000_000_000;

/// Most that a sheet can sum to.
pub const TOTAL_PAISE_MAX: i64 = 2_000_000_000_000_000_000;

/// Longest text that [`plain`] reads: a hundredfold of 16 digits still fits an `i64`. Longer ones take [`long`].
const PLAIN_BYTES_MAX: usize = 16;

/// A sum of money, never negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(i64);

/// Why a text is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AmountFault {
    /// Blank.
    Missing,
    /// More than two decimals.
    Decimals,
    /// `1.25E+05`.
    Scientific,
    /// A minus sign or brackets.
    Negative,
    /// Less than one rupee.
    TooSmall,
    /// More than [`AMOUNT_PAISE_MAX`].
    TooLarge,
    /// Commas where neither Indian nor western grouping puts them.
    Grouping,
    /// A comma where the decimal point belongs, as in `1.000,00`.
    CommaDecimal,
    /// `0001250`: fields padded with zeros are often in paise.
    LeadingZero,
    /// Digits of another script.
    Digits,
    /// Anything else.
    Format,
}

impl AmountFault {
    /// Its code, sentence and cure.
    pub fn words(self) -> Words {
        let (code, problem, fix) = match self {
            Self::Missing => (
                "amount.missing",
                "the amount is blank",
                "type the amount in rupees, such as 1250.00, or remove the row",
            ),
            Self::Decimals => (
                "amount.decimals",
                "the amount {} has more than two decimals",
                "write at most two decimals, such as 1250.50; if the point parts thousands, write 1250 or 1,250",
            ),
            Self::Scientific => (
                "amount.scientific",
                "the spreadsheet shortened this amount to {}",
                "format the column as a number with two decimals and type the amount again",
            ),
            Self::Negative => (
                "amount.negative",
                "the amount {} is negative",
                "a payout cannot be negative: correct the amount or remove the row",
            ),
            Self::TooSmall => (
                "amount.too_small",
                "the amount {} is less than one rupee",
                "the least that can be paid is 1.00: raise it or remove the row",
            ),
            Self::TooLarge => (
                "amount.too_large",
                "the amount {} is more than 10,00,00,00,000.00",
                "check the decimal point: amounts are in rupees, not paise",
            ),
            Self::Grouping => (
                "amount.grouping",
                "the commas in the amount {} stand where no grouping puts them",
                "write 1,00,000.00 or 100,000.00, or leave the commas out",
            ),
            Self::CommaDecimal => (
                "amount.comma_decimal",
                "the last comma in the amount {} looks like a decimal point",
                "write the paise after a point, such as 1250.00; commas only group the rupees",
            ),
            Self::LeadingZero => (
                "amount.leading_zero",
                "the amount {} is padded with zeros, so it may be in paise",
                "write rupees without leading zeros, such as 1250.00",
            ),
            Self::Digits => (
                "amount.digits",
                "the amount {} is not written in the digits 0 to 9",
                "type it again in the digits 0 to 9",
            ),
            Self::Format => (
                "amount.format",
                "{} is not an amount",
                "write digits with at most two decimals, such as 1250.00",
            ),
        };
        Words::new(code, problem, fix)
    }
}

spoken!(AmountFault);

impl Money {
    /// No money.
    pub const ZERO: Money = Money(0);

    /// An amount in paise; none if negative.
    pub fn from_paise(paise: i64) -> Option<Self> {
        (paise >= 0).then_some(Self(paise))
    }

    /// The number of paise.
    pub fn paise(self) -> i64 {
        self.0
    }

    /// The sum; none if it does not fit.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference; `None` if it would be below zero.
    pub fn checked_sub(self, other: Money) -> Option<Money> {
        Money::from_paise(self.paise().checked_sub(other.paise())?)
    }

    /// Reads the amount of one payout, from one rupee to [`AMOUNT_PAISE_MAX`].
    pub fn parse(text: &str) -> Result<Self, AmountFault> {
        read(text, AMOUNT_PAISE_MAX)
    }

    /// Reads a control total, which may be larger than any one payout.
    pub fn parse_total(text: &str) -> Result<Self, AmountFault> {
        read(text, TOTAL_PAISE_MAX)
    }

    /// With lakh and crore grouping, for people: `12,34,567.00`.
    pub fn grouped(self) -> String {
        let whole = (self.0 / 100).to_string();
        let mut out = String::with_capacity(whole.len() * 2);
        for (place, digit) in whole.chars().enumerate() {
            let left = whole.len() - place;
            if place > 0 && (left == 3 || (left > 3 && left % 2 == 1)) {
                out.push(',');
            }
            out.push(digit);
        }
        format!("{out}.{:02}", self.0 % 100)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

fn read(text: &str, max: i64) -> Result<Money, AmountFault> {
    let text = trimmed(text);
    if text.is_empty() {
        return Err(AmountFault::Missing);
    }
    let body = without_currency(text);
    let paise = match plain(body.as_bytes()) {
        Some(paise) => paise,
        None => long(body)?,
    };
    if paise > max {
        Err(AmountFault::TooLarge)
    } else if paise < AMOUNT_PAISE_MIN {
        Err(AmountFault::TooSmall)
    } else {
        Ok(Money(paise))
    }
}

/// The text after a leading `₹`, `Rs.`, `Rs` or `INR` and at most one space.
fn without_currency(text: &str) -> &str {
    if text.as_bytes().first().is_some_and(u8::is_ascii_digit) {
        return text;
    }
    let rest = ["₹", "Rs.", "Rs", "INR"].into_iter().find_map(|mark| {
        let (head, rest) = text.split_at_checked(mark.len())?;
        head.eq_ignore_ascii_case(mark).then_some(rest)
    });
    rest.map_or(text, |rest| {
        // Formatters put a no-break space after the sign.
        rest.strip_prefix([' ', '\u{a0}']).unwrap_or(rest)
    })
}

/// The common case, kept short because it runs once a row: digits, at most one dot, one or two decimals.
fn plain(body: &[u8]) -> Option<i64> {
    let padded = matches!(body, [b'0', b'0'..=b'9', ..]);
    let dot_first = matches!(body, [b'.', ..]);
    if body.is_empty() || body.len() > PLAIN_BYTES_MAX || padded || dot_first {
        return None;
    }
    let mut value: i64 = 0;
    let mut decimals: Option<u8> = None;
    for byte in body {
        match byte {
            b'0'..=b'9' => {
                value = value * 10 + i64::from(byte - b'0');
                decimals = decimals.map(|count| count + 1);
            }
            b'.' if decimals.is_none() => decimals = Some(0),
            _ => return None,
        }
    }
    match decimals {
        None => Some(value * 100),
        Some(1) => Some(value * 10),
        Some(2) => Some(value),
        Some(_) => None,
    }
}

/// Everything else: grouped or long amounts are read, the rest is refused by name.
fn long(body: &str) -> Result<i64, AmountFault> {
    if let Some(fault) = foreign(body) {
        return Err(fault);
    }
    let (whole, fraction) = body.split_once('.').unwrap_or((body, "00"));
    if fraction.contains(',') {
        return Err(AmountFault::CommaDecimal);
    }
    if fraction.contains('.') || whole.is_empty() || fraction.is_empty() {
        return Err(AmountFault::Format);
    }
    if fraction.len() > 2 {
        return Err(AmountFault::Decimals);
    }
    check_grouping(whole, body.contains('.'))?;
    if whole.starts_with('0') && whole.len() > 1 {
        return Err(AmountFault::LeadingZero);
    }
    in_paise(whole, fraction).ok_or(AmountFault::TooLarge)
}

/// What is wrong with a text that holds more than digits, commas and points.
fn foreign(body: &str) -> Option<AmountFault> {
    let usual = |byte: u8| byte.is_ascii_digit() || byte == b',' || byte == b'.';
    if !body.is_empty() && body.bytes().all(usual) {
        return None;
    }
    let other_digits = body.chars().any(|c| c.is_numeric() && !c.is_ascii());
    let negative =
        body.starts_with(['-', '−', '(']) || body.ends_with('-') && !body.ends_with("/-");
    let has_digit = body.bytes().any(|byte| byte.is_ascii_digit());
    let scientific = has_digit
        && body
            .bytes()
            .all(|b| usual(b) || matches!(b, b'e' | b'E' | b'+' | b'-'))
        && body.bytes().filter(|b| matches!(b, b'e' | b'E')).count() == 1
        && body.starts_with(|c: char| c.is_ascii_digit());
    Some(if other_digits {
        AmountFault::Digits
    } else if scientific {
        AmountFault::Scientific
    } else if negative && has_digit {
        AmountFault::Negative
    } else {
        AmountFault::Format
    })
}

/// Indian grouping (last group of three, others of two) or western (threes), or no comma at all.
fn check_grouping(whole: &str, has_point: bool) -> Result<(), AmountFault> {
    let mut groups = whole.rsplit(',').map(str::len);
    let last = groups.next().unwrap_or(0);
    let rest: Vec<usize> = groups.collect();
    let Some((&first, middle)) = rest.split_last() else {
        return Ok(());
    };
    let indian = (1..=2).contains(&first) && middle.iter().all(|&digits| digits == 2);
    let western = (1..=3).contains(&first) && middle.iter().all(|&digits| digits == 3);
    if last == 3 && (indian || western) {
        Ok(())
    } else if !has_point && (last == 1 || last == 2) {
        Err(AmountFault::CommaDecimal)
    } else {
        Err(AmountFault::Grouping)
    }
}

/// None if it does not fit.
fn in_paise(whole: &str, fraction: &str) -> Option<i64> {
    let mut value: i64 = 0;
    for byte in whole
        .bytes()
        .chain(fraction.bytes())
        .filter(u8::is_ascii_digit)
    {
        value = value.checked_mul(10)?.checked_add(i64::from(byte - b'0'))?;
    }
    if fraction.len() == 1 {
        value.checked_mul(10)
    } else {
        Some(value)
    }
}

#[cfg(test)]
mod tests;
