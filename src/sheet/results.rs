//! The results file: the sheet's own columns, then ours, one row per row of the sheet.
//!
//! It is written from the checkpoint and never read back but for its header, by which it is known for ours.
//! Deliberately absent: what stands in the cells, and the order of rows, which are the caller's.

use std::path::Path;

use super::atomic::{
    AtomicFile, BUFFER_BYTES, Standing, cannot_write, refuse_foreign, remove_ours, standing,
};
use super::error::Error;
use super::guard::guarded;
use super::header::{Header, normal};

/// Our columns, in order, behind the sheet's.
pub const RESULT_COLUMNS: [&str; 13] = [
    "cashgram_id",
    "reference_id",
    "cashgram_link",
    "state",
    "status",
    "status_reason",
    "utr",
    "error_code",
    "error_message",
    "attempts",
    "created_at",
    "checked_at",
    "environment",
];

/// The cells of our columns in one row.
#[derive(Clone, Copy, Debug, Default)]
pub struct ResultCells<'a> {
    /// The id the Cashgram was made under.
    pub cashgram_id: &'a str,
    /// The gateway's reference.
    pub reference_id: &'a str,
    /// The link that pays.
    pub cashgram_link: &'a str,
    /// Where the payout stands with us.
    pub state: &'a str,
    /// Where the Cashgram stands at the gateway.
    pub status: &'a str,
    /// The gateway's reason for it.
    pub status_reason: &'a str,
    /// Bank reference.
    pub utr: &'a str,
    /// Code of the last refusal or doubt.
    pub error_code: &'a str,
    /// Its words.
    pub error_message: &'a str,
    /// How many creates were sent.
    pub attempts: &'a str,
    /// When the gateway confirmed it.
    pub created_at: &'a str,
    /// When its status was last read.
    pub checked_at: &'a str,
    /// `sandbox`, `test` or `production`.
    pub environment: &'a str,
}

impl<'a> ResultCells<'a> {
    pub(super) fn in_order(&self) -> [&'a str; 13] {
        [
            self.cashgram_id,
            self.reference_id,
            self.cashgram_link,
            self.state,
            self.status,
            self.status_reason,
            self.utr,
            self.error_code,
            self.error_message,
            self.attempts,
            self.created_at,
            self.checked_at,
            self.environment,
        ]
    }
}

/// A sheet's columns as they are carried: their names, and the one that gives way to `cashgram_id`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CarriedColumns {
    names: Vec<String>,
    id_column: Option<usize>,
}

impl CarriedColumns {
    /// From the headers as written and the place of the sheet's own id column: what a checkpoint would keep.
    pub fn new(columns: &[String], id_column: Option<usize>) -> Self {
        let carried = |name: &String| {
            let ours = RESULT_COLUMNS
                .iter()
                .find(|ours| normal(ours) == normal(name));
            // The header stays on one line, since it is by its first line that the file is known for ours.
            ours.map_or_else(
                || name.replace(['\n', '\r'], " "),
                |ours| format!("sheet_{ours}"),
            )
        };
        Self {
            names: columns.iter().map(carried).collect(),
            id_column,
        }
    }

    /// The names as they are carried.
    pub(super) fn names(&self) -> Vec<String> {
        self.names.clone()
    }

    /// The same without the column that gives way.
    pub(super) fn names_without_id(&self) -> impl Iterator<Item = String> {
        let names = self.names.iter().enumerate();
        let kept = names.filter(|(place, _)| Some(*place) != self.id_column);
        kept.map(|(_, name)| name.clone())
    }

    /// A row's cells that are carried, with their places: those beyond the header are left out, missing ones blank.
    pub(super) fn carry<'c>(
        &self,
        cells: impl IntoIterator<Item = &'c str>,
    ) -> impl Iterator<Item = (usize, &'c str)> {
        let cells = cells.into_iter().chain(std::iter::repeat(""));
        let placed = (0..self.names.len()).zip(cells);
        placed.filter(|(place, _)| Some(*place) != self.id_column)
    }

    /// From a sheet's header.
    pub fn of(header: &Header) -> Self {
        Self::new(header.columns(), header.id_column())
    }
}

/// Writes a results file.
pub struct ResultsWriter {
    writer: csv::Writer<AtomicFile>,
    /// The row being written: a whole row costs the CSV writer half of what its fields cost one by one.
    line: csv::ByteRecord,
    columns: CarriedColumns,
}

impl ResultsWriter {
    /// Starts a file that will stand at `path`. An error if another program's file, or a link, stands there.
    pub fn create(path: &Path, columns: &CarriedColumns) -> Result<Self, Error> {
        refuse_foreign(path, &has_our_columns)?;
        let mut results = Self {
            writer: csv::WriterBuilder::new()
                .buffer_capacity(BUFFER_BYTES)
                .from_writer(AtomicFile::create(path)?),
            line: csv::ByteRecord::new(),
            columns: columns.clone(),
        };
        let names = columns.names.clone();
        results.write(names.iter().map(String::as_str), &RESULT_COLUMNS)?;
        Ok(results)
    }

    /// Writes a row: the sheet's own cells as they stood, then ours. Cells beyond the header are left out, missing
    /// ones stay blank.
    pub fn row<'c>(
        &mut self,
        cells: impl IntoIterator<Item = &'c str>,
        ours: &ResultCells<'_>,
    ) -> Result<(), Error> {
        self.write(cells.into_iter(), &ours.in_order())
    }

    /// Puts the file in its place.
    pub fn finish(self) -> Result<(), Error> {
        let path = self.writer.get_ref().path().to_owned();
        let file = self
            .writer
            .into_inner()
            .map_err(|error| cannot_write(&path, error.into_error()))?;
        file.commit(&has_our_columns)
    }

    fn write<'c>(
        &mut self,
        mut cells: impl Iterator<Item = &'c str>,
        ours: &[&str; 13],
    ) -> Result<(), Error> {
        self.line.clear();
        for place in 0..self.columns.names.len() {
            let cell = cells.next().unwrap_or("");
            if Some(place) != self.columns.id_column {
                self.line.push_field(guarded(cell).as_bytes());
            }
        }
        for cell in ours {
            self.line.push_field(guarded(cell).as_bytes());
        }
        let written = self.writer.write_byte_record(&self.line);
        written.map_err(|error| cannot_write(self.writer.get_ref().path(), error.into()))
    }
}

/// Whether what stands at `path` is a results file of ours.
pub fn is_ours(path: &Path) -> Result<bool, Error> {
    Ok(standing(path, &has_our_columns)? == Standing::Ours)
}

/// Copies a results file of ours to where nothing stands; what is foreign is left alone.
pub fn copy_results(from: &Path, to: &Path) -> Result<(), Error> {
    if !is_ours(from)? {
        return Ok(());
    }
    let open = |source| Error::Open {
        path: from.to_owned(),
        source,
    };
    let mut old = std::fs::File::open(from).map_err(open)?;
    let mut copy = AtomicFile::create(to)?;
    std::io::copy(&mut old, &mut copy).map_err(|source| cannot_write(to, source))?;
    copy.commit(&has_our_columns)
}

/// Removes a results file of ours; whether there was one. What is foreign is left alone.
pub fn remove_results(path: &Path) -> Result<bool, Error> {
    remove_ours(path, &has_our_columns)
}

/// Our names, all and in order, end the first line. None of them needs quotes.
pub(super) fn has_our_columns(first_line: &str) -> bool {
    let ours = RESULT_COLUMNS.join(",");
    first_line
        .strip_suffix(&ours)
        .is_some_and(|sheet| sheet.is_empty() || sheet.ends_with(','))
}
