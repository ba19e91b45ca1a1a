//! Rupees as an integer number of paise. There is no float near an amount.

/// Paise in a rupee.
const RUPEE: i64 = 100;
/// Digits before the point that are still read: beyond a thousand crore nobody means it, and an `i64` never overflows.
const RUPEE_DIGITS_MAX: usize = 15;

/// Why a text is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotMoney {
    /// Not a plain decimal number.
    Shape,
    /// More than two decimals.
    Decimals,
}

/// Reads `1250`, `1250.5`, `1250.50`. Trailing zeros beyond the second decimal are still two decimals.
pub(super) fn parse(text: &str) -> Result<i64, NotMoney> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || whole.len() > RUPEE_DIGITS_MAX {
        return Err(NotMoney::Shape);
    }
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > 2 {
        return Err(NotMoney::Decimals);
    }
    let number = |part: &str| part.parse::<i64>().map_err(|_| NotMoney::Shape);
    let paise = number(&format!("{fraction:0<2}"))?;
    Ok(number(whole)?.saturating_mul(RUPEE).saturating_add(paise))
}

/// Reads rupees in an option, such as the opening balance, to paise.
pub fn rupees(text: &str) -> Result<i64, String> {
    parse(text).map_err(|_| format!("`{text}` is not an amount: write rupees as 1250 or 1250.50"))
}

/// Writes paise as rupees with two decimals.
pub(super) fn text(paise: i64) -> String {
    let sign = if paise < 0 { "-" } else { "" };
    let paise = paise.unsigned_abs();
    let rupee = RUPEE.unsigned_abs();
    format!("{sign}{}.{:02}", paise / rupee, paise % rupee)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_to_the_paisa() {
        for (given, paise) in [
            ("1", 100),
            ("1.5", 150),
            ("1250.05", 125_005),
            ("0.10", 10),
            ("7.1000", 710),
        ] {
            assert_eq!(parse(given), Ok(paise), "{given}");
        }
        assert_eq!(parse("1.005"), Err(NotMoney::Decimals));
        for bad in [
            "",
            "-1",
            "+1",
            "1.",
            ".5",
            "1e3",
            "NaN",
            "1,000",
            " 1",
            "1.2.3",
            "9999999999999999",
        ] {
            assert_eq!(parse(bad), Err(NotMoney::Shape), "{bad}");
        }
    }

    #[test]
    fn amounts_are_written_with_two_decimals() {
        assert_eq!(text(125_005), "1250.05");
        assert_eq!(text(5), "0.05");
        assert_eq!(text(-150), "-1.50");
    }
}
