//! Rows as they stand in the file, unjudged, each with the line it starts on. Every size is bounded, so that no
//! file, however hostile, fills the memory.
//!
//! Deliberately absent: what the columns mean, what separates them (`layout`), and any repair.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use csv::StringRecord;

use crate::domain::money::ROWS_MAX;
use crate::domain::trimmed;

use super::decode::{Broken, Text};
use super::error::Error;
use super::layout::{Layout, Seen, name_of};
use super::split::{Found, Splitter};

/// Longest cell: no field may be longer than 200, and carried columns are notes, not documents.
pub const FIELD_BYTES_MAX: usize = 4 * 1024;
/// Longest row.
pub const RECORD_BYTES_MAX: usize = 64 * 1024;
/// Most columns: a payroll export has about 20.
pub const COLUMNS_MAX: usize = 64;
/// How far a row's bytes in the file, with doubled quotes and blank lines, may reach before reading stops.
const READ_AHEAD_BYTES_MAX: usize = 256 * 1024;

/// The rows of one file, streamed.
pub struct Records<R> {
    path: PathBuf,
    text: Text<R>,
    splitter: Splitter,
    layout: Layout,
    begun: bool,
    record: StringRecord,
    /// Where in the text's window the next row starts; blank lines may still stand before it.
    at: usize,
    /// The line on which that is.
    next_line: u64,
    line: u64,
    rows: u32,
}

impl Records<File> {
    /// Opens a sheet. With its SHA-256 if asked for.
    pub fn open(path: &Path, fingerprint: bool) -> Result<Self, Error> {
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
        let file = File::open(path).map_err(failed)?;
        Ok(Self::new(file, path, fingerprint))
    }
}

impl<R: Read> Records<R> {
    /// Reads a sheet from `source`; `path` is for messages.
    pub fn new(source: R, path: &Path, fingerprint: bool) -> Self {
        Self {
            path: path.to_owned(),
            text: Text::new(source, fingerprint),
            splitter: Splitter::new(b','),
            layout: Layout::default(),
            begun: false,
            record: StringRecord::new(),
            at: 0,
            next_line: 1,
            line: 1,
            rows: 0,
        }
    }

    /// The same, laid out as the user says.
    pub fn laid_out(mut self, layout: &Layout) -> Self {
        self.layout = layout.clone();
        self.text.ask(layout.encoding);
        self
    }

    /// The same, read so many bytes at a time: nothing read may depend on that.
    #[doc(hidden)]
    pub fn in_chunks(mut self, bytes: u32) -> Self {
        self.text.take(bytes);
        self
    }

    /// The next row that is not blank: its line and its cells. The header is the first one.
    pub fn next_record(&mut self) -> Result<Option<(u64, &StringRecord)>, Error> {
        let more = self.advance()?;
        Ok(more.then(|| self.current()))
    }

    /// The line and the cells of the row last read.
    pub(super) fn current(&self) -> (u64, &StringRecord) {
        (self.line, &self.record)
    }

    /// Gives the cells of the row last read away for others' memory, and its line.
    pub(super) fn take_into(&mut self, cells: &mut StringRecord) -> u64 {
        std::mem::swap(&mut self.record, cells);
        self.line
    }

    /// Goes to the next row that is not blank; false at the end.
    pub(super) fn advance(&mut self) -> Result<bool, Error> {
        loop {
            if !self.read()? {
                return Ok(false);
            }
            // One byte decides about nearly every row.
            let first = self.record.as_slice().as_bytes().first();
            if first.is_some_and(u8::is_ascii_graphic)
                || self.record.iter().any(|cell| !trimmed(cell).is_empty())
            {
                break;
            }
        }
        if self.rows > ROWS_MAX {
            return Err(self.too_large(
                self.line,
                "too many rows",
                format!("{ROWS_MAX} rows"),
                "split the sheet",
            ));
        }
        self.rows += 1;
        Ok(true)
    }

    /// The sheet's path, for messages.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// SHA-256 of the file's bytes, after the last row and if it was asked for.
    pub fn fingerprint(&self) -> Option<[u8; 32]> {
        self.text.fingerprint()
    }

    /// Finds out what separates the cells.
    fn begin(&mut self) -> Result<(), Error> {
        loop {
            let text = self.text.window();
            match self.layout.look(text, self.text.ended()) {
                Seen::Delimiter {
                    delimiter,
                    bytes,
                    lines,
                } => {
                    self.splitter = Splitter::new(delimiter);
                    self.at = bytes;
                    self.splitter.enter(text.get(bytes..).unwrap_or_default());
                    self.next_line += lines;
                    self.begun = true;
                    return Ok(());
                }
                Seen::Doubtful([first, second]) => {
                    return Err(Error::Doubtful {
                        path: self.path.clone(),
                        line: self.next_line,
                        first: name_of(first),
                        second: name_of(second),
                    });
                }
                Seen::Part if text.len() > READ_AHEAD_BYTES_MAX => {
                    return Err(self.row_too_long(self.next_line));
                }
                Seen::Part => self.read_on()?,
            }
        }
    }

    fn read(&mut self) -> Result<bool, Error> {
        if !self.begun {
            self.begin()?;
        }
        loop {
            let rest = self.text.window().get(self.at..).unwrap_or_default();
            let found = self.splitter.row(rest, self.text.ended(), &mut self.record);
            match found {
                Found::Row {
                    blank,
                    lines,
                    bytes,
                } => {
                    self.line = self.next_line + blank;
                    self.next_line = self.line + lines;
                    self.at += bytes;
                    self.check_sizes()?;
                    return Ok(true);
                }
                Found::Part { blank } if rest.len() > READ_AHEAD_BYTES_MAX => {
                    return Err(self.row_too_long(self.next_line + blank));
                }
                Found::Part { .. } => self.read_on()?,
                Found::OpenQuote { blank } => {
                    return Err(Error::OpenQuote {
                        path: self.path.clone(),
                        line: self.next_line + blank,
                    });
                }
                Found::Nothing => return Ok(false),
            }
        }
    }

    fn read_on(&mut self) -> Result<(), Error> {
        let from = std::mem::take(&mut self.at);
        let read = self.text.read_on(from);
        read.map_err(|broken| self.failed(broken))?;
        if self.begun {
            self.splitter.enter(self.text.window());
        }
        Ok(())
    }

    fn check_sizes(&self) -> Result<(), Error> {
        let bytes = self.record.as_slice().len();
        if bytes > RECORD_BYTES_MAX {
            return Err(self.row_too_long(self.line));
        }
        if self.record.len() > COLUMNS_MAX {
            return Err(self.too_large(
                self.line,
                "too many columns",
                format!("{COLUMNS_MAX} columns"),
                "remove columns that the payout does not need",
            ));
        }
        if bytes > FIELD_BYTES_MAX && self.record.iter().any(|cell| cell.len() > FIELD_BYTES_MAX) {
            return Err(self.too_large(
                self.line,
                "a cell is too long",
                format!("{FIELD_BYTES_MAX} bytes"),
                "shorten it; is a quote opened there and never closed?",
            ));
        }
        Ok(())
    }

    fn row_too_long(&self, line: u64) -> Error {
        self.too_large(
            line,
            "the row that starts here is too long",
            format!("{RECORD_BYTES_MAX} bytes"),
            "is a quote opened there and never closed?",
        )
    }

    fn too_large(
        &self,
        line: u64,
        what: &'static str,
        limit: String,
        remedy: &'static str,
    ) -> Error {
        Error::TooLarge {
            path: self.path.clone(),
            line,
            what,
            limit,
            remedy,
        }
    }

    fn failed(&self, broken: Broken) -> Error {
        let path = self.path.clone();
        match broken {
            Broken::Io(source) => Error::Read { path, source },
            Broken::Undecodable {
                ends,
                byte,
                charset,
                looks,
            } => Error::Undecodable {
                path,
                line: self.next_line + ends,
                byte,
                charset,
                looks,
            },
            Broken::Nul { ends, byte } => Error::Nul {
                path,
                line: self.next_line + ends,
                byte,
            },
            Broken::Mark { says, asked } => Error::Mark { path, says, asked },
        }
    }
}

#[cfg(test)]
mod tests;
