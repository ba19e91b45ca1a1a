//! The second pass: every row with its cells and, if nothing is wrong with it, its instruction.
//!
//! Deliberately absent: faults. They were found in the first pass; a row with any gives no instruction here.

use std::path::Path;

use csv::StringRecord;

use crate::domain::{ExpiryWindow, Instruction};

use super::error::Error;
use super::fields::Fields;
use super::rules::Rules;
use super::source::Source;
use super::validate::{Checked, read_header};

/// One row.
#[derive(Debug)]
pub struct Row<'a> {
    /// Its place, counted from 0: the same as in [`Checked::keys`].
    pub index: u32,
    /// Line of the file on which it starts.
    pub line: u64,
    /// Its cells as they stand in the file.
    pub cells: &'a StringRecord,
    /// What it orders; none for a row with faults. A row judged by its key alone may give none too.
    pub instruction: Option<Instruction>,
}

/// The rows of a sheet that was judged before.
pub struct Rows<'c> {
    source: Source,
    checked: &'c Checked,
    window: ExpiryWindow,
    next: u32,
}

impl<'c> Rows<'c> {
    /// Opens the sheet again. It must be the one that gave `checked`.
    pub fn open(path: &Path, checked: &'c Checked, rules: &Rules) -> Result<Self, Error> {
        let mut source = Source::open(path, rules)?;
        if read_header(&mut source, rules)? != checked.header {
            return Err(changed(&source));
        }
        Ok(Self {
            source,
            checked,
            // Who was judged whole has a date that will do; who was sent before may have one that has passed.
            window: ExpiryWindow::any(),
            next: 0,
        })
    }

    /// The next row. At the end it is an error if the file is not the one that was judged: whoever took rows in
    /// must then forget them. Only with [`Rules::fingerprint`] is every change seen.
    pub fn next_row(&mut self) -> Result<Option<Row<'_>>, Error> {
        let index = self.next;
        if index >= self.checked.rows {
            return self.finish().map(|()| None);
        }
        if !self.source.advance()? {
            return Err(changed(&self.source));
        }
        let (line, cells) = self.source.current();
        self.next += 1;
        let header = &self.checked.header;
        let instruction = if self.checked.faulty.contains(index) || self.source.holds_card() {
            None
        } else {
            Fields { header, cells }.instruction(self.checked.dates, self.window)
        };
        Ok(Some(Row {
            index,
            line,
            cells,
            instruction,
        }))
    }

    fn finish(&mut self) -> Result<(), Error> {
        let more = self.source.next_record()?.is_some();
        if more || self.source.fingerprint() != self.checked.fingerprint {
            return Err(changed(&self.source));
        }
        Ok(())
    }
}

fn changed(source: &Source) -> Error {
    Error::Changed {
        path: source.path().to_owned(),
    }
}
