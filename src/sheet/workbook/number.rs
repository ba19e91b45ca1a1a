//! Numbers as a workbook stores them: decimal text, of which fifteen digits count, as spreadsheets themselves hold.
//!
//! An amount such as 1250.5 may be stored as 1250.4999999999999, since spreadsheets calculate in binary; rounded to
//! fifteen digits it is itself again. No float is made of it on the way. Deliberately absent: how a number is shown,
//! which is its format's.

/// Digits that a spreadsheet holds exactly.
const DIGITS_MAX: u32 = 15;
/// The least number that has more of them.
const DIGITS_END: u64 = 1_000_000_000_000_000;
/// Longest text that is taken for a number: 17 digits, a point, signs and an exponent; some writers pad with zeros.
const TEXT_BYTES_MAX: usize = 64;
/// Most zeros that are written out.
const ZEROS_MAX: usize = 24;

/// A decimal number of at most fifteen digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    negative: bool,
    /// Without zeros at its end.
    digits: u64,
    /// The number is `digits` × 10 to this power.
    power: i32,
}

impl Decimal {
    /// Reads `<v>`: `1250.5`, `1.25E+3`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.len() > TEXT_BYTES_MAX {
            return None;
        }
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, power) = match text.split_once(['e', 'E']) {
            Some((mantissa, power)) => (mantissa, power.parse::<i16>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let is_number = whole.len() + fraction.len() > 0
            && whole
                .bytes()
                .chain(fraction.bytes())
                .all(|byte| byte.is_ascii_digit());
        if !is_number {
            return None;
        }
        let behind = i32::try_from(fraction.len()).ok()?;
        let read = rounded(whole.bytes().chain(fraction.bytes()));
        let number = Self {
            negative,
            digits: read.digits,
            power: i32::from(power) - behind + read.dropped,
        };
        Some(number.normal())
    }

    fn normal(mut self) -> Self {
        if self.digits == 0 {
            return Self {
                negative: false,
                digits: 0,
                power: 0,
            };
        }
        while self.digits.is_multiple_of(10) {
            self.digits /= 10;
            self.power += 1;
        }
        self
    }

    /// Less, equal or greater than nothing.
    pub(super) fn sign(self) -> i8 {
        match (self.digits, self.negative) {
            (0, _) => 0,
            (_, true) => -1,
            (_, false) => 1,
        }
    }

    /// The digits, if it is a whole number that a spreadsheet holds exactly.
    pub(super) fn whole(self) -> Option<String> {
        let power = u32::try_from(self.power).ok()?;
        let value = 10u64
            .checked_pow(power)
            .and_then(|factor| self.digits.checked_mul(factor))
            .filter(|value| *value < DIGITS_END)?;
        let sign = if self.negative { "-" } else { "" };
        Some(format!("{sign}{value}"))
    }

    /// Whether it is whole, but longer than a spreadsheet holds.
    pub(super) fn is_imprecise(self) -> bool {
        self.power >= 0 && self.whole().is_none()
    }

    /// Written out, with as many decimals as it has.
    pub(super) fn plain(self) -> Option<String> {
        let decimals = usize::try_from(-self.power).unwrap_or(0);
        self.with_decimals(decimals)
    }

    /// Written out with this many decimals; none if it has more.
    pub(super) fn with_decimals(self, decimals: usize) -> Option<String> {
        let behind = usize::try_from(-self.power).unwrap_or(0);
        let zeros = usize::try_from(self.power).unwrap_or(0);
        let pad = decimals.checked_sub(behind)?;
        if zeros > ZEROS_MAX || decimals > ZEROS_MAX {
            return None;
        }
        let mut digits = self.digits.to_string();
        digits.push_str(&"0".repeat(zeros + pad));
        while digits.len() <= decimals {
            digits.insert(0, '0');
        }
        let (whole, fraction) = digits.split_at_checked(digits.len() - decimals)?;
        let sign = if self.negative { "-" } else { "" };
        Some(match decimals {
            0 => format!("{sign}{whole}"),
            _ => format!("{sign}{whole}.{fraction}"),
        })
    }

    /// Rounded half up to this many decimals and written out, as a cell shows it.
    pub(super) fn shown(self, decimals: usize) -> Option<String> {
        let behind = usize::try_from(-self.power).unwrap_or(0);
        let excess = u32::try_from(behind.saturating_sub(decimals)).ok()?;
        let (digits, power) = match 10u64.checked_pow(excess) {
            Some(factor) => {
                let half = factor / 2;
                let digits = (self.digits + half) / factor;
                (digits, self.power + i32::try_from(excess).ok()?)
            }
            None => (0, 0),
        };
        let number = Self {
            digits,
            power,
            ..self
        };
        number.normal().with_decimals(decimals)
    }

    /// In millionths, for comparisons; the largest there is if it does not fit.
    pub(super) fn millionths(self) -> i128 {
        let factor = |power: i32| 10i128.checked_pow(power.unsigned_abs());
        let digits = i128::from(self.digits);
        let power = self.power.saturating_add(6);
        let value = match (power >= 0, factor(power)) {
            (true, Some(factor)) => digits.checked_mul(factor).unwrap_or(i128::MAX),
            (false, Some(factor)) => digits / factor,
            (true, None) => i128::MAX,
            (false, None) => 0,
        };
        if self.negative { -value } else { value }
    }

    /// The whole part, and what is behind it in millionths of a day; none if negative or beyond any date.
    pub(super) fn days(self) -> Option<(i32, i64)> {
        let all = self.millionths();
        if self.negative {
            return None;
        }
        let days = i32::try_from(all / 1_000_000).ok()?;
        let part = i64::try_from(all % 1_000_000).ok()?;
        Some((days, part))
    }
}

struct Rounded {
    digits: u64,
    /// How many digits were dropped from the end.
    dropped: i32,
}

/// The first fifteen digits that count, rounded by the one behind them.
fn rounded(digits: impl Iterator<Item = u8>) -> Rounded {
    let (mut value, mut count, mut dropped) = (0u64, 0u32, 0i32);
    let mut up = false;
    for byte in digits {
        let digit = u64::from(byte - b'0');
        if count >= DIGITS_MAX {
            if dropped == 0 {
                up = digit >= 5;
            }
            dropped += 1;
            continue;
        }
        value = value * 10 + digit;
        count += u32::from(value > 0);
    }
    Rounded {
        digits: value + u64::from(up),
        dropped,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plain(text: &str) -> Option<String> {
        Decimal::parse(text)?.plain()
    }

    #[test]
    fn stored_numbers_are_written_out() {
        for (stored, wanted) in [
            ("0", "0"),
            ("-0", "0"),
            ("1250.5", "1250.5"),
            ("1250.4999999999999", "1250.5"),
            ("1250.5000000000001", "1250.5"),
            ("0.30000000000000004", "0.3"),
            ("0.1", "0.1"),
            (".5", "0.5"),
            ("5.", "5"),
            ("1.25E+3", "1250"),
            ("1.2505E3", "1250.5"),
            ("1E-3", "0.001"),
            ("9876543210", "9876543210"),
            ("9.87654321E9", "9876543210"),
            ("919876543210", "919876543210"),
            ("99999999999999.99", "100000000000000"),
            ("-1250.10", "-1250.1"),
            ("1E+20", "100000000000000000000"),
        ] {
            assert_eq!(plain(stored).as_deref(), Some(wanted), "{stored}");
        }
        for text in [
            "", "-", ".", "1e", "1e99999", "1,5", "0x10", "NaN", "INF", "१", "1 5",
        ] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
        assert_eq!(Decimal::parse(&"1".repeat(65)), None);
    }

    #[test]
    fn only_what_is_exact_is_whole() {
        let whole = |text: &str| Decimal::parse(text).unwrap().whole();
        assert_eq!(whole("9876543210").as_deref(), Some("9876543210"));
        assert_eq!(whole("999999999999999").as_deref(), Some("999999999999999"));
        assert_eq!(whole("9876543210.0000001").as_deref(), Some("9876543210"));
        assert_eq!(whole("9876543210.00001"), None);
        for text in [
            "9876543210.5",
            "1000000000000000",
            "1E+20",
            "1234567890123456789",
        ] {
            assert_eq!(whole(text), None, "{text}");
        }
        assert!(Decimal::parse("1234567890123456").unwrap().is_imprecise());
        assert!(!Decimal::parse("1234567890.5").unwrap().is_imprecise());
    }

    #[test]
    fn decimals_are_shown_or_refused() {
        let number = Decimal::parse("1250.456").unwrap();
        assert_eq!(number.with_decimals(2), None);
        assert_eq!(number.shown(2).as_deref(), Some("1250.46"));
        assert_eq!(number.shown(0).as_deref(), Some("1250"));
        assert_eq!(number.with_decimals(4).as_deref(), Some("1250.4560"));
        let small = Decimal::parse("-0.05").unwrap();
        assert_eq!(small.with_decimals(2).as_deref(), Some("-0.05"));
        assert_eq!(small.shown(1).as_deref(), Some("-0.1"));
        assert_eq!(small.shown(0).as_deref(), Some("0"));
        assert_eq!(
            Decimal::parse("9.999").unwrap().shown(2).as_deref(),
            Some("10.00")
        );
        assert_eq!(
            Decimal::parse("1E-30").unwrap().shown(2).as_deref(),
            Some("0.00")
        );
    }

    proptest! {
        /// What a spreadsheet stores for an amount, to 15, 16 or 17 digits, is read as that amount.
        #[test]
        fn amounts_survive_binary(paise in 0u64..1_000_000_000_000) {
            let exact = format!("{}.{:02}", paise / 100, paise % 100);
            let float: f64 = exact.parse().unwrap();
            for stored in [format!("{float}"), format!("{float:.12e}"), format!("{float:.16e}")] {
                let read = Decimal::parse(&stored).unwrap().with_decimals(2);
                prop_assert_eq!(read, Some(exact.clone()));
            }
        }

        #[test]
        fn nothing_panics(text in "[-+0-9.eE]{0,40}", decimals in 0usize..30) {
            if let Some(number) = Decimal::parse(&text) {
                let _ = (number.plain(), number.shown(decimals), number.whole());
                let _ = (number.millionths(), number.days());
            }
        }
    }
}
