//! Where a cell stands: `B7` is column 1 (counted from 0) of row 7.
//!
//! Deliberately absent: ranges, and anything beyond the last cell of a sheet, XFD1048576.

/// Rows of a sheet.
pub(super) const ROWS_END: u32 = 1_048_576;
/// Columns of a sheet.
pub(super) const COLUMNS_END: usize = 16_384;

/// Column (from 0) and row (from 1) of a reference; none if there is no such cell.
pub(super) fn parse(reference: &str) -> Option<(usize, u32)> {
    let letters = reference.bytes().take_while(u8::is_ascii_uppercase).count();
    let (letters, digits) = reference.split_at_checked(letters)?;
    if !(1..=3).contains(&letters.len()) || !(1..=7).contains(&digits.len()) {
        return None;
    }
    let column = letters.bytes().fold(0usize, |column, letter| {
        column * 26 + usize::from(letter - b'A') + 1
    });
    let plain = digits.bytes().all(|digit| digit.is_ascii_digit());
    let row: u32 = digits.parse().ok().filter(|_| plain)?;
    ((1..=COLUMNS_END).contains(&column) && (1..=ROWS_END).contains(&row))
        .then_some((column - 1, row))
}

/// A column's letters.
pub(in crate::sheet) fn letters(column: usize) -> String {
    let mut letters = Vec::new();
    let mut left = column + 1;
    while left > 0 {
        let digit = (left - 1) % 26;
        letters.push(u8::try_from(digit).map_or('?', |digit| char::from(b'A' + digit)));
        left = (left - 1) / 26;
    }
    letters.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        for (reference, wanted) in [
            ("A1", Some((0, 1))),
            ("Z9", Some((25, 9))),
            ("AA10", Some((26, 10))),
            ("XFD1048576", Some((16_383, 1_048_576))),
            ("XFE1", None),
            ("A1048577", None),
            ("A0", None),
            ("a1", None),
            ("A", None),
            ("1", None),
            ("", None),
            ("A+1", None),
            ("AAAA1", None),
            ("A1 ", None),
        ] {
            assert_eq!(parse(reference), wanted, "{reference}");
        }
        for column in [0, 25, 26, 701, 702, 16_383] {
            assert_eq!(parse(&format!("{}1", letters(column))), Some((column, 1)));
        }
    }
}
