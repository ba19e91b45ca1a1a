//! Keeps a spreadsheet from running a cell: one that it would take for a formula, and is not a plain number, is
//! prefixed with `'`.
//!
//! A guarded cell that comes back in a sheet is read as it was. Deliberately absent: quoting, which is the CSV
//! writer's.

use std::borrow::Cow;

/// The cell as it may be written.
pub fn guarded(cell: &str) -> Cow<'_, str> {
    // The common case, decided by one byte.
    let harmless = cell
        .as_bytes()
        .first()
        .is_none_or(u8::is_ascii_alphanumeric);
    if harmless || !would_run(cell) {
        Cow::Borrowed(cell)
    } else {
        Cow::Owned(format!("'{cell}"))
    }
}

/// The cell as it was before it was guarded.
pub(super) fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if would_run(rest) => rest,
        Some(_) | None => cell,
    }
}

fn would_run(cell: &str) -> bool {
    let starts_oddly = cell.starts_with(['\t', '\r', '\n']);
    let first = cell.chars().find(|c| !is_skipped(*c));
    let formula =
        first.is_some_and(|c| matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠'));
    starts_oddly || (formula && !is_plain_number(cell))
}

/// What programs drop before they look at a cell.
fn is_skipped(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

/// A sign, digits, and at most one point among them: `-5`, `+91.50`.
fn is_plain_number(cell: &str) -> bool {
    let digits = cell.strip_prefix(['+', '-']).unwrap_or(cell);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    plain(whole) && plain(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_is_guarded() {
        for cell in [
            "=1+1",
            "=HYPERLINK(\"http://x\")",
            "+1+1",
            "-1-1",
            "@SUM(A1)",
            "\t=1",
            "\tx",
            "\rx",
            "\nx",
            " =1",
            "\u{a0}=1",
            "\u{feff}=1",
            "\u{200b}=1",
            "＝1+1",
            "＋1",
            "－1",
            "＠x",
            "-",
            "+",
            "--5",
            "-5-5",
            "+91 98765 43210",
            "+7d",
            "-1e5",
            "-.5",
            "-5.",
            "-5.5.5",
            "+1,000",
            "\0=1",
            "-५",
            "=",
            "@",
        ] {
            assert_eq!(guarded(cell), format!("'{cell}"), "{cell:?}");
            assert_eq!(unguarded(&guarded(cell)), cell, "{cell:?}");
        }
    }

    #[test]
    fn what_it_would_not_is_left_as_it_is() {
        for cell in [
            "",
            "Asha",
            "-5",
            "+5",
            "-5.50",
            "+919876543210",
            "0",
            "1250.00",
            "9876543210",
            " Asha",
            "a=b",
            "₹500",
            "(5)",
            "https://x/=y",
            "a\n=1",
            "\"=1\"",
            "2026-11-30",
            " ",
            "#REF!",
            "आशा",
        ] {
            assert_eq!(guarded(cell), cell, "{cell:?}");
            assert_eq!(unguarded(cell), cell, "{cell:?}");
        }
    }
}
