//! Where a sheet's rows come from, whatever kind of file it is: judging and the second pass ask nothing else.
//!
//! A source gives rows with the line each starts on, the columns whose cell cannot be trusted whatever its text says,
//! what a person should know of the whole sheet, and the fingerprint of the file's bytes. Deliberately absent: what
//! the cells mean.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use csv::StringRecord;

use super::error::Error;
use super::read::Records;
use super::rules::Rules;

/// The rows of one file, streamed.
pub(super) enum Source<R> {
    /// A text: CSV.
    Text(Records<R>),
}

impl Source<File> {
    /// Opens a sheet, as `rules` say.
    pub(super) fn open(path: &Path, rules: &Rules) -> Result<Self, Error> {
        Records::open(path, rules.fingerprint).map(Source::Text)
    }
}

impl<R: Read> Source<R> {
    /// The next row that is not blank: its line and its cells. The header is the first one.
    pub(super) fn next_record(&mut self) -> Result<Option<(u64, &StringRecord)>, Error> {
        let more = self.advance()?;
        Ok(more.then(|| self.current()))
    }

    /// Goes to the next row that is not blank; false at the end.
    pub(super) fn advance(&mut self) -> Result<bool, Error> {
        match self {
            Source::Text(records) => records.advance(),
        }
    }

    /// The line and the cells of the row last read.
    pub(super) fn current(&self) -> (u64, &StringRecord) {
        match self {
            Source::Text(records) => records.current(),
        }
    }

    /// The sheet's path, for messages.
    pub(super) fn path(&self) -> &Path {
        match self {
            Source::Text(records) => records.path(),
        }
    }

    /// SHA-256 of the file's bytes, after the last row and if it was asked for.
    pub(super) fn fingerprint(&self) -> Option<[u8; 32]> {
        match self {
            Source::Text(records) => records.fingerprint(),
        }
    }
}
