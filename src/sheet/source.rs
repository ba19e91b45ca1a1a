//! Where a sheet's rows come from, whatever kind of file it is: judging and the second pass ask nothing else.
//!
//! Which kind it is its first bytes say, never its name; a name that says otherwise is refused. A source gives rows
//! with the line each starts on (in a workbook: the row's number), the columns whose cell cannot be trusted whatever
//! its text says, what a person should know of the whole sheet, and the fingerprint of the file's bytes. Deliberately
//! absent: what the cells mean.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use csv::StringRecord;

use crate::domain::Words;
use crate::domain::card::holds_card_number;

use super::ahead::Ahead;
use super::error::Error;
use super::header::Header;
use super::layout::Layout;
use super::read::Records;
use super::rules::Rules;
use super::workbook::{Book, Refusal, Trouble, ole_kind};

/// How a PDF begins.
const PDF: &[u8] = b"%PDF-";
/// How an archive starts, and so a workbook; one without parts starts with its end.
const ARCHIVE: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];
/// How an OLE container starts: an old workbook, or an encrypted one.
const OLE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
/// How much of a file is looked at to tell its kind.
const LOOKED_AT_BYTES: u64 = 512;

/// The rows of one file, streamed.
pub(super) enum Source {
    /// A text: CSV.
    Text(Box<Ahead>),
    /// A workbook: .xlsx.
    Book(Box<Book>),
}

impl Source {
    /// Opens a sheet, as `rules` say.
    pub(super) fn open(path: &Path, rules: &Rules) -> Result<Self, Error> {
        let failed = |source| Error::Open {
            path: path.to_owned(),
            source,
        };
        // Asked before opening: opening a pipe would wait for a writer.
        if !std::fs::metadata(path).map_err(failed)?.is_file() {
            return Err(Error::NotAFile {
                path: path.to_owned(),
            });
        }
        let mut file = File::open(path).map_err(failed)?;
        let refused = |why| Error::Workbook {
            path: path.to_owned(),
            why,
        };
        match kind(&mut file, path).map_err(failed)? {
            Kind::Book => {
                refuse_layout(&rules.layout).map_err(refused)?;
                let wanted = rules.sheet_name.as_deref();
                let book = Book::open(file, path, wanted, rules.fingerprint)?;
                Ok(Source::Book(Box::new(book)))
            }
            Kind::Text if rules.sheet_name.is_some() => Err(refused(Refusal::NotASheetOfMany)),
            Kind::Text => {
                let records = Records::new(file, path, rules.fingerprint);
                Self::text(records.laid_out(&rules.layout))
            }
            Kind::Refused(why) => Err(refused(why)),
        }
    }
}

/// What is said of a text alone must not be passed over in silence: the wrong file may be meant.
fn refuse_layout(layout: &Layout) -> Result<(), Refusal> {
    let (what, option) = if layout.encoding.is_some() {
        ("encoding", "--encoding")
    } else if layout.delimiter.is_some() {
        ("delimiter", "--delimiter")
    } else {
        return Ok(());
    };
    Err(Refusal::NotAText { what, option })
}

/// What a file is.
enum Kind {
    Text,
    Book,
    Refused(Refusal),
}

/// By its first bytes; by its name only whether that is wrong.
fn kind(file: &mut File, path: &Path) -> std::io::Result<Kind> {
    let mut head = Vec::new();
    file.take(LOOKED_AT_BYTES).read_to_end(&mut head)?;
    file.seek(SeekFrom::Start(0))?;
    let end = path
        .extension()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    let named_text = matches!(end.as_str(), "csv" | "tsv" | "txt");
    let named_book = matches!(end.as_str(), "xlsx" | "xlsm" | "xls" | "xlsb" | "ods");
    if ARCHIVE.iter().any(|magic| head.starts_with(magic)) {
        return Ok(if named_text {
            Kind::Refused(Refusal::BookNamedText)
        } else if end == "ods" {
            Kind::Refused(Refusal::OpenDocument)
        } else {
            Kind::Book
        });
    }
    if head.starts_with(OLE) {
        return Ok(Kind::Refused(ole_kind(file)));
    }
    if head.starts_with(PDF) {
        return Ok(Kind::Refused(Refusal::Pdf));
    }
    Ok(match (looks_like_markup(&head), named_book) {
        (true, _) => Kind::Refused(Refusal::WebPage),
        (false, true) if !head.is_empty() => Kind::Refused(Refusal::TextNamedBook),
        (false, _) => Kind::Text,
    })
}

/// HTML or XML, which some programs export under the name of a sheet.
fn looks_like_markup(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head).to_lowercase();
    let text = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    ["<html", "<!doctype", "<table", "<?xml"]
        .iter()
        .any(|tag| text.starts_with(tag))
}

impl Source {
    /// Rows of a text.
    ///
    /// # Errors
    ///
    /// If they cannot be read ahead.
    pub(super) fn text<R: Read + Send + 'static>(records: Records<R>) -> Result<Self, Error> {
        Ok(Source::Text(Box::new(Ahead::of(records)?)))
    }

    /// Whether it is a workbook.
    pub(super) fn is_book(&self) -> bool {
        match self {
            Source::Text(_) => false,
            Source::Book(_) => true,
        }
    }

    /// The next row that is not blank: its line and its cells. The header is the first one.
    pub(super) fn next_record(&mut self) -> Result<Option<(u64, &StringRecord)>, Error> {
        let more = self.advance()?;
        Ok(more.then(|| self.current()))
    }

    /// Goes to the next row that is not blank; false at the end.
    pub(super) fn advance(&mut self) -> Result<bool, Error> {
        match self {
            Source::Text(records) => records.advance(),
            Source::Book(book) => book.advance(),
        }
    }

    /// The line and the cells of the row last read.
    pub(super) fn current(&self) -> (u64, &StringRecord) {
        match self {
            Source::Text(records) => records.current(),
            Source::Book(book) => book.current(),
        }
    }

    /// Whether a cell of the row last read holds a card's number.
    pub(super) fn holds_card(&self) -> bool {
        match self {
            Source::Text(records) => records.holds_card(),
            Source::Book(book) => book.current().1.iter().any(holds_card_number),
        }
    }

    /// The columns of the row last read whose cell cannot be trusted, whatever its text says.
    pub(super) fn troubles(&self) -> &[(usize, Trouble)] {
        match self {
            Source::Text(_) => &[],
            Source::Book(book) => book.troubles(),
        }
    }

    /// Tells what the columns mean, once the header was read: in a workbook it decides how their numbers are read.
    pub(super) fn understand(&mut self, header: &Header) {
        match self {
            Source::Text(_) => {}
            Source::Book(book) => book.understand(header),
        }
    }

    /// What a person should know of the whole sheet, after its last row.
    pub(super) fn notes(&self) -> Vec<String> {
        match self {
            Source::Text(_) => Vec::new(),
            Source::Book(book) => book.notes(),
        }
    }

    /// What is read though nobody sees it, after the sheet's last row: the line it begins on, if that is not the
    /// header's; its code and cure; and what it is.
    pub(super) fn unseen(&self) -> Vec<(Option<u64>, Words, String)> {
        match self {
            Source::Text(_) => Vec::new(),
            Source::Book(book) => book.unseen(),
        }
    }

    /// The sheet's path, for messages.
    pub(super) fn path(&self) -> &Path {
        match self {
            Source::Text(records) => records.path(),
            Source::Book(book) => book.path(),
        }
    }

    /// SHA-256 of the file's bytes, after the last row and if it was asked for.
    pub(super) fn fingerprint(&self) -> Option<[u8; 32]> {
        match self {
            Source::Text(records) => records.fingerprint(),
            Source::Book(book) => book.fingerprint(),
        }
    }
}
