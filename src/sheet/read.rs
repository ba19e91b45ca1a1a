//! Rows as they stand in the file, unjudged, each with the line it starts on. Every size is bounded, so that no
//! file, however hostile, fills the memory.
//!
//! Deliberately absent: what the columns mean, other separators than the comma, and any repair.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use csv::{ReaderBuilder, StringRecord};

use crate::domain::money::ROWS_MAX;
use crate::domain::trimmed;

use super::decode::{Broken, CHUNK_BYTES, Text};
use super::error::Error;

/// Longest cell: no field may be longer than 200, and carried columns are notes, not documents.
pub const FIELD_BYTES_MAX: usize = 4 * 1024;
/// Longest row.
pub const RECORD_BYTES_MAX: usize = 64 * 1024;
/// Most columns: a payroll export has about 20.
pub const COLUMNS_MAX: usize = 64;
/// How far a row's bytes in the file, with doubled quotes and blank lines, may reach before reading stops.
const READ_AHEAD_BYTES_MAX: u64 = 256 * 1024;

/// The rows of one file, streamed.
pub struct Records<R> {
    path: PathBuf,
    csv: csv::Reader<Text<R>>,
    record: StringRecord,
    /// Line on which the next row's bytes start; blank lines may still stand before it.
    next_line: u64,
    line: u64,
    rows: u32,
    old_mac: Option<bool>,
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
        let csv = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(CHUNK_BYTES)
            .from_reader(Text::new(source, fingerprint));
        Self {
            path: path.to_owned(),
            csv,
            record: StringRecord::new(),
            next_line: 1,
            line: 1,
            rows: 0,
            old_mac: None,
        }
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

    /// Goes to the next row that is not blank; false at the end.
    pub(super) fn advance(&mut self) -> Result<bool, Error> {
        loop {
            if !self.read()? {
                return Ok(false);
            }
            if self.record.iter().any(|cell| !trimmed(cell).is_empty()) {
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
        self.csv.get_ref().fingerprint()
    }

    fn read(&mut self) -> Result<bool, Error> {
        let (start, before) = (self.csv.position().byte(), self.csv.position().line());
        self.csv.get_mut().allow_until(start + READ_AHEAD_BYTES_MAX);
        match self.csv.read_record(&mut self.record) {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(error) => return Err(self.failed(error)),
        }
        let end = self.csv.position().byte();
        let open = self.csv.get_ref().end() == Some(end);
        self.count_lines(before, open);
        if open {
            return Err(Error::OpenQuote {
                path: self.path.clone(),
                line: self.line,
            });
        }
        self.check_sizes()?;
        Ok(true)
    }

    /// `csv` counts line feeds it has consumed, which after a row depends on how the row ended; so the line a row
    /// starts on is worked out from its end.
    fn count_lines(&mut self, before: u64, open: bool) {
        let text = self.csv.get_ref();
        let last = self.csv.position().byte().checked_sub(1);
        let ended_by_feed = !open && last.and_then(|offset| text.byte_at(offset)) == Some(b'\n');
        let old_mac = *self
            .old_mac
            .get_or_insert_with(|| !text.chunk_has_line_feed());
        if old_mac {
            self.line = self.next_line;
            self.next_line += 1;
            return;
        }
        let counted = self.csv.position().line();
        let cells = self.record.as_slice().as_bytes();
        // Asked first because it is many times faster than counting, and most rows have none. One line feed more than
        // before the row, and that at its end: not even that need be asked.
        let only_its_end = ended_by_feed && counted == before + 1;
        let inside = if !only_its_end && cells.contains(&b'\n') {
            u64::try_from(cells.iter().filter(|byte| **byte == b'\n').count()).unwrap_or(0)
        } else {
            0
        };
        let row_end = if ended_by_feed { counted - 1 } else { counted };
        self.line = row_end.saturating_sub(inside).max(1);
        self.next_line = row_end + 1;
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

    fn failed(&self, error: csv::Error) -> Error {
        let path = self.path.clone();
        match self.csv.get_ref().broken() {
            Some(Broken::NotUtf8 { line, byte, looks }) => Error::NotUtf8 {
                path,
                line,
                byte,
                looks,
            },
            Some(Broken::Nul { line, byte }) => Error::Nul { path, line, byte },
            Some(Broken::TooLong) => self.row_too_long(self.next_line),
            None => Error::Read {
                path,
                source: error.into(),
            },
        }
    }
}

#[cfg(test)]
mod tests;
