//! What is said of whole rows, and of cells that only the sheet's rules refuse. PURE.
//!
//! Deliberately absent: what is wrong with a field's text, which the field itself says.

use csv::StringRecord;

use crate::domain::{Words, trimmed};

pub(super) const NOTIFY: Words = Words::new(
    "notify.format",
    "{} is neither yes nor no",
    "write yes or no (or 1 or 0), or leave the cell blank",
);
pub(super) const ABOVE_MAX: Words = Words::new(
    "amount.above_max",
    "the amount {} is above the limit for one row",
    "check the amount; if it is right, raise --max-amount",
);
pub(super) const TOTAL: Words = Words::new(
    "row.total",
    "this looks like a line of totals, which pays nobody",
    "remove the line; --expect-total checks the sum",
);
pub(super) const NOTE: Words = Words::new(
    "row.note",
    "this row has one filled cell, so it pays nobody",
    "remove the row if it is a heading or a note; else fill in name, phone and amount",
);
pub(super) const EXAMPLE: Words = Words::new(
    "row.example",
    "this is the template's example row, which pays nobody",
    "remove the row, or replace all of its cells by those of a recipient",
);
pub(super) const TWIN: Words = Words::new(
    "row.duplicate",
    "",
    "remove one of the two rows; if both are meant, run with --allow-duplicates",
);
const TOO_FEW: Words = Words::new(
    "row.columns",
    "",
    "give the row as many cells as the header, a blank one for what it leaves out; a heading or a note must be removed",
);
const TOO_MANY: Words = Words::new(
    "row.columns",
    "",
    "put quotes around cells that hold a comma or another separator, such as \"1,250.00\", or remove what is too much",
);
const BEYOND: Words = Words::new(
    "row.columns",
    "",
    "remove it, or name its column in the header",
);

/// Whether one cell at most holds something.
pub(super) fn is_note(cells: &StringRecord) -> bool {
    let filled = cells.iter().filter(|cell| !trimmed(cell).is_empty());
    filled.count() <= 1
}

/// Words and sentence for a row that is not as wide as the header.
pub(super) fn ragged(cells: &StringRecord, width: usize, is_book: bool) -> (Words, String) {
    let count = cells.len();
    let beyond = cells.iter().enumerate().skip(width);
    let filled = |(_, cell): &(usize, &str)| !trimmed(cell).is_empty();
    if let Some((place, _)) = beyond.into_iter().find(filled)
        && is_book
    {
        let column = crate::sheet::workbook::letters(place);
        let problem = format!("in column {column} of this row is a value, but no column's name");
        return (BEYOND, problem);
    }
    let words = if count < width { TOO_FEW } else { TOO_MANY };
    let only = if count < width { "only " } else { "" };
    let cells = if count == 1 { "cell" } else { "cells" };
    let problem = format!("this row has {only}{count} {cells}, the header has {width}");
    (words, problem)
}
