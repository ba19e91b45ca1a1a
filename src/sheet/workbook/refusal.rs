//! Why a workbook is not read: each reason its own sentence, ending with what to do about it.
//!
//! Deliberately absent: the file's name, which [`Error`](super::super::error::Error) puts before the sentence, and
//! anything that is wrong with one cell alone, which is a fault of that cell.

/// Why a workbook is not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// An OLE file that holds an encrypted package.
    #[error(
        "it is protected by a password: open it in the spreadsheet, remove the password (File, Info, Protect), save it under a new name and run again"
    )]
    Encrypted,
    /// An OLE file that holds an old workbook.
    #[error("it is an old Excel workbook (.xls): open it and save it as .xlsx or as \"CSV UTF-8\"")]
    LegacyXls,
    /// Another OLE file.
    #[error(
        "it is an old Office document, but no workbook: give the .xlsx or .csv file of the recipients"
    )]
    OldOffice,
    /// Macros, by name or by content.
    #[error(
        "it carries macros, which are never run or trusted here: save it as \"Excel Workbook (.xlsx)\", without macros"
    )]
    Macros,
    /// `.xlsb`
    #[error("it is a binary workbook (.xlsb): open it and save it as .xlsx or as \"CSV UTF-8\"")]
    Binary,
    /// `.ods`
    #[error("it is an OpenDocument file (.ods): save it as .xlsx or as CSV")]
    OpenDocument,
    /// `.pdf`
    #[error(
        "it is a PDF, which has no rows to read: give the .csv or .xlsx file that it was made from"
    )]
    Pdf,
    /// `.numbers`
    #[error("it is an Apple Numbers file: export it to Excel (.xlsx) or CSV")]
    Numbers,
    /// Another zip archive.
    #[error(
        "it is a zip archive, but no workbook: unpack it and give the .xlsx or .csv file that is inside"
    )]
    NotABook,
    /// A workbook that is called CSV.
    #[error(
        "it is an Excel workbook under the name of a text file: rename it to end in .xlsx, or save it as \"CSV UTF-8\""
    )]
    BookNamedText,
    /// A text that is called a workbook.
    #[error(
        "it is named like a workbook, but is a text: rename it to end in .csv, or save it as .xlsx"
    )]
    TextNamedBook,
    /// A web page that is called a workbook, as some exports are.
    #[error(
        "it is a web page (or XML) saved under the name of a sheet: open it in a spreadsheet and save it as .xlsx or as \"CSV UTF-8\""
    )]
    WebPage,
    /// The file is larger than any sheet.
    #[error(
        "it is larger than {limit_mib} MiB: remove pictures and other sheets, or save the sheet as \"CSV UTF-8\""
    )]
    FileTooLarge {
        /// The limit.
        limit_mib: u64,
    },
    /// More parts than any workbook has.
    #[error(
        "it holds more than {limit} parts, which no workbook does: save the sheet as \"CSV UTF-8\""
    )]
    TooManyParts {
        /// The limit.
        limit: usize,
    },
    /// A part that says it unpacks to more than is read, or to far more than it holds.
    #[error(
        "its part {part} would unpack to {unpacked_mib} MiB from {packed_kib} KiB, so it is not unpacked: save the sheet as \"CSV UTF-8\" from a spreadsheet that you trust it to"
    )]
    Bomb {
        /// The part's name.
        part: String,
        /// What it says it unpacks to.
        unpacked_mib: u64,
        /// What it takes in the file.
        packed_kib: u64,
    },
    /// More text than is kept.
    #[error(
        "it holds more than {limit_mib} MiB of different texts: remove other sheets, or save the sheet as \"CSV UTF-8\""
    )]
    TooMuchText {
        /// The limit.
        limit_mib: usize,
    },
    /// More cells than any sheet of recipients has.
    #[error(
        "it has more than {limit} cells: remove empty formatted columns and rows, or save the sheet as \"CSV UTF-8\""
    )]
    TooManyCells {
        /// The limit.
        limit: u64,
    },
    /// A cell outside any sheet, or rows and cells out of order.
    #[error(
        "its cell {cell} {what}, as no spreadsheet writes it: open it in a spreadsheet and save it again"
    )]
    BadPlace {
        /// The reference as written.
        cell: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The bytes are not what they should be.
    #[error(
        "the workbook is damaged ({what}): fetch it again, or open it in a spreadsheet and save it again"
    )]
    Damaged {
        /// Where and how.
        what: String,
    },
    /// There is no sheet of that name.
    #[error("it has no sheet {wanted:?}; its sheets are: {found}")]
    NoSuchSheet {
        /// `--sheet-name`.
        wanted: String,
        /// What there is.
        found: String,
    },
    /// There is no sheet that can be read.
    #[error("it has no visible sheet of cells: name a hidden one with --sheet-name, or unhide it")]
    NoSheet,
    /// `--sheet-name` for a text.
    #[error("it is a CSV, which has no sheets: leave --sheet-name out")]
    NotASheetOfMany,
    /// `--encoding` or `--delimiter` for a workbook.
    #[error("it is a workbook, which has no {what}: leave {option} out")]
    NotAText {
        /// What it does not have.
        what: &'static str,
        /// The option.
        option: &'static str,
    },
    /// The system failed.
    #[error("it cannot be read: {0}; nothing was sent, run again")]
    Io(String),
}

impl Refusal {
    /// Damage, described.
    pub(super) fn damaged(what: impl Into<String>) -> Self {
        let what = printable(&what.into());
        Self::Damaged { what }
    }
}

/// Longest text of a file's own that a sentence repeats.
const REPEATED_CHARS_MAX: usize = 120;

/// What a file says of itself, fit for a screen.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .take(REPEATED_CHARS_MAX)
        .map(|c| if c.is_control() { '?' } else { c })
        .collect()
}
