//! What stops the reading or writing of a sheet. A fault in a row is not an error: see [`super::fault`].
//!
//! Deliberately absent: exit codes. [`Error::is_unpayable`] tells the two kinds apart for those who choose one.

use std::io;
use std::path::PathBuf;

use super::charset::Charset;
use super::workbook::Refusal;

/// What a file that cannot be decoded looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Every other byte is NUL, and there is no byte order mark.
    Utf16(Charset),
    /// A workbook (xlsx) or another zip archive.
    Workbook,
    /// Some other encoding, or damage.
    Other,
}

/// What is said of bytes that cannot be read as `charset`, and what to do.
fn undecodable(charset: Charset, looks: Encoding) -> String {
    let (guess, option) = match (looks, charset) {
        (Encoding::Utf16(found), _) => ("; it looks like UTF-16 without its mark", Some(found)),
        (Encoding::Workbook, _) => ("; it looks like a workbook, not a CSV", None),
        (Encoding::Other, Charset::Utf8) => (
            "; older Windows programs write Windows-1252",
            Some(Charset::Windows1252),
        ),
        (Encoding::Other, Charset::Utf16Le | Charset::Utf16Be | Charset::Windows1252) => {
            ("; is --encoding right?", None)
        }
    };
    let save = "save it as \"CSV UTF-8\"";
    match option {
        None => format!("{guess}: {save} and run again"),
        Some(option) => format!(
            "{guess}: {save}, or add --encoding {} if that is what it is",
            option.name()
        ),
    }
}

/// Why a sheet cannot be read, or a file beside it not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is missing or may not be read.
    #[error("cannot open {}: {source}; check the path and its permissions", path.display())]
    Open {
        /// The sheet.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A directory, a pipe, a device.
    #[error("{} is not a file: give the path of a .csv or .xlsx file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// Reading failed on the way.
    #[error("cannot read {}: {source}; nothing was sent, run again", path.display())]
    Read {
        /// The sheet.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file changed between two readings.
    #[error("{} changed while it was being read: close it in other programs and run again", path.display())]
    Changed {
        /// The sheet.
        path: PathBuf,
    },
    /// Bytes that the encoding does not have.
    #[error("{} is not {} at line {line}, byte {byte}{}", path.display(), charset.title(), undecodable(*charset, *looks))]
    Undecodable {
        /// The sheet.
        path: PathBuf,
        /// Line of the first byte that cannot be read.
        line: u64,
        /// Offset of that byte from the start of the file.
        byte: u64,
        /// The encoding it was read in.
        charset: Charset,
        /// What the file looks like.
        looks: Encoding,
    },
    /// The mark at the file's start says one encoding, the option another.
    #[error("{} starts with the mark of {}, but --encoding says {}: leave --encoding out", path.display(), says.title(), asked.title())]
    Mark {
        /// The sheet.
        path: PathBuf,
        /// The mark's.
        says: Charset,
        /// The option's.
        asked: Charset,
    },
    /// A NUL byte.
    #[error("{} holds a NUL byte at line {line}, byte {byte}: the file is damaged, save it again as \"CSV UTF-8\"", path.display())]
    Nul {
        /// The sheet.
        path: PathBuf,
        /// Its line.
        line: u64,
        /// Its offset from the start of the file.
        byte: u64,
    },
    /// A workbook that is not read, or a file that is none.
    #[error("{}: {why}", path.display())]
    Workbook {
        /// The sheet.
        path: PathBuf,
        /// Why not.
        why: Refusal,
    },
    /// Nothing in the file.
    #[error("{} is empty: the first line must name the columns, such as name,phone,amount", path.display())]
    Empty {
        /// The sheet.
        path: PathBuf,
    },
    /// A header without rows.
    #[error("{} has a header but no rows: there is nobody to pay", path.display())]
    NoRows {
        /// The sheet.
        path: PathBuf,
    },
    /// Columns that every sheet needs are missing.
    #[error("{}, line {line}: no column for {missing}; found: {found}{hint}", path.display())]
    MissingColumns {
        /// The sheet.
        path: PathBuf,
        /// Line of the header.
        line: u64,
        /// The missing fields, each with the headers that would do.
        missing: String,
        /// The headers found.
        found: String,
        /// What else may be wrong, or nothing.
        hint: String,
    },
    /// A column that an option names is not there, or the column or the field is named twice.
    #[error("{}, line {line}: {why} --map {field}={column:?}; found: {found}", path.display())]
    Mapped {
        /// The sheet.
        path: PathBuf,
        /// Line of the header.
        line: u64,
        /// The field's name.
        field: &'static str,
        /// The column that the option names.
        column: String,
        /// What is wrong with the option, in words that lead to it.
        why: &'static str,
        /// The headers found.
        found: String,
    },
    /// A results file of ours.
    #[error("{} is a results file that paysheet wrote: give the sheet it was made from; to pay again what was refused there, see `paysheet retry --help`", path.display())]
    OwnResults {
        /// The file.
        path: PathBuf,
    },
    /// Two separators would do.
    #[error("{}, line {line}: the cells may be separated by {first} or by {second}: say which, such as --delimiter {first}", path.display())]
    Doubtful {
        /// The sheet.
        path: PathBuf,
        /// Line of the header.
        line: u64,
        /// One separator's name.
        first: &'static str,
        /// The other's.
        second: &'static str,
    },
    /// Two columns for one field.
    #[error("{}, line {line}: the columns {first:?} and {second:?} both give the {field}: keep one, or rename the other", path.display())]
    TwoColumns {
        /// The sheet.
        path: PathBuf,
        /// Line of the header.
        line: u64,
        /// The field's name.
        field: &'static str,
        /// One header.
        first: String,
        /// The other.
        second: String,
    },
    /// A limit on the sheet is exceeded.
    #[error("{}, line {line}: {what} (at most {limit}): {remedy}", path.display())]
    TooLarge {
        /// The sheet.
        path: PathBuf,
        /// Where.
        line: u64,
        /// What is too large.
        what: &'static str,
        /// The limit, with its unit.
        limit: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A quote that nobody closes.
    #[error("{}, line {line}: a quote is opened in the row that starts here and never closed: close or remove it", path.display())]
    OpenQuote {
        /// The sheet.
        path: PathBuf,
        /// Line on which the row starts.
        line: u64,
    },
    /// Another program's file stands where ours belongs.
    #[error("{} was not written by paysheet, so it is left alone: move it away or name another file", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A file stands where a new one was to be written.
    #[error("{} is there already, and is left alone: name another file", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Writing failed.
    #[error("cannot write {}: {source}; make room or mend the permissions, and run again", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Error {
    /// Whether an option was given that this kind of file does not take (exit 2).
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Error::Workbook {
                why: Refusal::NotASheetOfMany | Refusal::NotAText { .. },
                ..
            }
        )
    }

    /// Whether the sheet itself must be mended (exit 3), as against a file that cannot be read or written (exit 1).
    pub fn is_unpayable(&self) -> bool {
        match self {
            Error::Empty { .. }
            | Error::NoRows { .. }
            | Error::MissingColumns { .. }
            | Error::Mapped { .. }
            | Error::OwnResults { .. }
            | Error::Doubtful { .. }
            | Error::TwoColumns { .. }
            | Error::TooLarge { .. }
            | Error::OpenQuote { .. } => true,
            Error::Open { .. }
            | Error::NotAFile { .. }
            | Error::Read { .. }
            | Error::Changed { .. }
            | Error::Undecodable { .. }
            | Error::Mark { .. }
            | Error::Nul { .. }
            | Error::Workbook { .. }
            | Error::Foreign { .. }
            | Error::Exists { .. }
            | Error::Write { .. } => false,
        }
    }
}
