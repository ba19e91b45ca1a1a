//! Texts from outside, as the page may show them. PURE.
//!
//! The template escapes what HTML would read as markup. What is left is what a browser obeys without any markup: control
//! characters, and those that turn the direction of writing so that one amount or name reads as another. Each is shown as
//! the sign for a character that cannot be shown. Deliberately absent: any text that is trusted.

use std::borrow::Cow;

use crate::domain::Money;

/// What stands for a character that is not shown.
const HIDDEN: char = '\u{fffd}';

/// `text` without characters that act on a reader's screen.
pub fn shown(text: &str) -> Cow<'_, str> {
    if text.chars().any(acts) {
        let kept = text.chars().map(|c| if acts(c) { HIDDEN } else { c });
        Cow::Owned(kept.collect())
    } else {
        Cow::Borrowed(text)
    }
}

fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// A number with lakh and crore grouping: `1,00,000`.
pub(super) fn grouped(number: u64) -> String {
    let paise = i64::try_from(number)
        .ok()
        .and_then(|rupees| rupees.checked_mul(100));
    match paise.and_then(Money::from_paise) {
        Some(money) => money.grouped().trim_end_matches(".00").to_owned(),
        None => number.to_string(),
    }
}

/// `1 row` or `1,00,000 rows`.
pub(super) fn counted(number: u64, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        grouped(number),
        if number == 1 { one } else { many }
    )
}

/// `part` of `whole` in percent with one decimal, cut and not rounded: 99.9 % is not all.
pub(super) fn percent(part: u64, whole: u64) -> String {
    let tenths = u128::from(part) * 1_000 / u128::from(whole.max(1));
    format!("{}.{} %", tenths / 10, tenths % 10)
}

/// Thousandths as a number with at most one decimal: `50`, `3.5`.
pub(super) fn thousandths(milli: u64) -> String {
    match (milli / 1_000, milli % 1_000 / 100) {
        (whole, 0) => grouped(whole),
        (whole, tenth) => format!("{}.{tenth}", grouped(whole)),
    }
}

/// A span of time for an axis: `250 ms`, `12 s`, `5 min`, `3 h`, `2 d`, whole units alone.
pub(super) fn span(ms: u64) -> String {
    const UNITS: [(u64, &str); 4] = [
        (86_400_000, "d"),
        (3_600_000, "h"),
        (60_000, "min"),
        (1_000, "s"),
    ];
    let unit = UNITS
        .into_iter()
        .find(|(long, _)| ms >= *long && ms.is_multiple_of(*long));
    match unit {
        Some((long, word)) => format!("{} {word}", ms / long),
        None if ms == 0 => "0".to_owned(),
        None if ms > 1_000 => format!("{} s", thousandths(ms)),
        None => format!("{ms} ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_on_a_screen_is_not_shown() {
        for (text, seen) in [
            ("Asha Menon", "Asha Menon"),
            ("\u{1b}[31mred\u{1b}[0m", "\u{fffd}[31mred\u{fffd}[0m"),
            ("abc\u{202e}txt.exe", "abc\u{fffd}txt.exe"),
            ("\u{2066}a\u{2069}", "\u{fffd}a\u{fffd}"),
            ("a\r\nb\0", "a\u{fffd}\u{fffd}b\u{fffd}"),
            ("आशा", "आशा"),
            ("<script>", "<script>"),
        ] {
            assert_eq!(shown(text), seen, "{text:?}");
        }
    }

    #[test]
    fn numbers_as_people_read_them() {
        assert_eq!(
            [0, 999, 1_000, 100_000, 12_345_678].map(grouped),
            ["0", "999", "1,000", "1,00,000", "1,23,45,678"]
        );
        assert_eq!(grouped(u64::MAX), u64::MAX.to_string());
        assert_eq!(percent(999, 1_000), "99.9 %");
        assert_eq!(percent(9_999, 10_000), "99.9 %");
        assert_eq!(
            (percent(0, 0), percent(7, 7)),
            ("0.0 %".into(), "100.0 %".into())
        );
        assert_eq!(
            [50_000, 3_500, 0, 1_250_000].map(thousandths),
            ["50", "3.5", "0", "1,250"]
        );
        let spans = [
            0,
            250,
            1_000,
            2_500,
            90_000,
            120_000,
            7_200_000,
            172_800_000,
        ];
        assert_eq!(
            spans.map(span),
            ["0", "250 ms", "1 s", "2.5 s", "90 s", "2 min", "2 h", "2 d"]
        );
    }
}
