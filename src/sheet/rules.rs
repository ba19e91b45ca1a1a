//! What a sheet is judged by, and how much of each row.
//!
//! Deliberately absent: control totals and `--skip-invalid`, which decide about a run and not about a row.

use jiff::civil::Date;

use crate::domain::Money;

use super::layout::Layout;

/// What a sheet is judged by.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Today in India's calendar.
    pub today: Date,
    /// The most that one row may be, if limited.
    pub max_amount: Option<Money>,
    /// Whether rows alike in name, phone and amount are meant.
    pub allow_duplicates: bool,
    /// Whether the SHA-256 of the file is wanted.
    pub fingerprint: bool,
    /// The sheet of a workbook that is meant; none: its first visible one.
    pub sheet_name: Option<String>,
    /// How a text file is laid out.
    pub layout: Layout,
}

/// How much of a row is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judge {
    /// Everything.
    Whole,
    /// Phone, amount and own id alone: the row was sent already, and its expiry may well have passed by now.
    KeyOnly,
}
