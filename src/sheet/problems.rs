//! The sink that the commands use: the first faults for the screen, counts by code, and every fault in
//! `BATCH.problems.csv`.
//!
//! Where warnings stop a run, they are listed among the faults, and say so. Memory does not grow with either. The file is
//! begun at the first of them; a clean check removes an old one.
//! Deliberately absent: printing, and masking in the file, whose reader needs the whole value.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::atomic::{AtomicFile, cannot_write, remove_ours};
use super::error::Error;
use super::fault::{Fault, FaultSink};
use super::guard::guarded;
use super::tally::RowBits;

/// Faults shown on screen; the file has them all.
pub const SHOWN_MAX: usize = 20;

/// The problems file's columns. By them it is known for ours.
const COLUMNS: [&str; 7] = ["line", "row", "column", "value", "code", "problem", "fix"];

/// Collects the faults of one sheet.
pub struct Problems {
    path: PathBuf,
    writer: Option<csv::Writer<AtomicFile>>,
    /// What kept the file from being written: told at the end, since the check goes on.
    broken: Option<Error>,
    /// Warnings are listed too.
    warnings: bool,
    summary: ProblemsSummary,
}

/// What is known of a sheet's faults.
#[derive(Clone, Debug, Default)]
pub struct ProblemsSummary {
    /// The first [`SHOWN_MAX`] faults.
    pub first: Vec<Fault>,
    /// How many of each code.
    pub by_code: BTreeMap<&'static str, u64>,
    /// How many in all.
    pub count: u64,
    /// The rows that have any, counted from 0.
    pub rows: RowBits,
    /// The file that lists them, and the warnings where those are wanted, if there are any.
    pub file: Option<PathBuf>,
    /// What kept the file from being written or removed, such as another program's in its place.
    pub unlisted: Option<String>,
}

impl Problems {
    /// Faults will be listed at `path`.
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            writer: None,
            broken: None,
            warnings: false,
            summary: ProblemsSummary::default(),
        }
    }

    /// The same; with `warnings` they are listed too.
    #[must_use]
    pub fn with_warnings(self, warnings: bool) -> Self {
        Self { warnings, ..self }
    }

    /// Puts the file in its place, or removes an old one if there was nothing to list. What was found is known in any case.
    pub fn finish(mut self) -> ProblemsSummary {
        let listed = match (self.broken, self.writer) {
            (Some(error), _) => Err(error),
            (None, None) => remove_ours(&self.path, &is_ours).map(|_| None),
            (None, Some(writer)) => put(writer, &self.path).map(|()| Some(self.path)),
        };
        match listed {
            Ok(file) => self.summary.file = file,
            Err(error) => self.summary.unlisted = Some(error.to_string()),
        }
        self.summary
    }

    fn list(&mut self, fault: &Fault) {
        if self.broken.is_none() {
            self.broken = self.write(fault).err();
        }
    }

    fn write(&mut self, fault: &Fault) -> Result<(), Error> {
        let failed = |error: csv::Error| cannot_write(&self.path, error.into());
        let writer = match &mut self.writer {
            Some(writer) => writer,
            empty @ None => {
                let mut writer = csv::Writer::from_writer(AtomicFile::create(&self.path)?);
                writer.write_record(COLUMNS).map_err(failed)?;
                empty.insert(writer)
            }
        };
        let (line, row) = (fault.line.to_string(), fault.row.to_string());
        let fix = match &fault.repair {
            Some(now) => format!(
                "{}; surely meant: {} → {now}",
                fault.fix,
                fault.value.trim()
            ),
            None => fault.fix.clone(),
        };
        let cells = [
            line.as_str(),
            &row,
            &fault.column,
            &fault.value,
            fault.code,
            &fault.problem,
            &fix,
        ];
        for cell in cells {
            writer.write_field(guarded(cell).as_ref()).map_err(failed)?;
        }
        writer.write_record(None::<&[u8]>).map_err(failed)
    }
}

fn put(writer: csv::Writer<AtomicFile>, path: &Path) -> Result<(), Error> {
    let file = writer
        .into_inner()
        .map_err(|error| cannot_write(path, error.into_error()))?;
    file.commit(&is_ours)
}

impl FaultSink for Problems {
    fn fault(&mut self, fault: &Fault) {
        if self.summary.first.len() < SHOWN_MAX {
            self.summary.first.push(fault.clone());
        }
        *self.summary.by_code.entry(fault.code).or_default() += 1;
        self.summary.count += 1;
        self.summary.rows.set(fault.row.saturating_sub(1));
        self.list(fault);
    }

    fn wants_warnings(&self) -> bool {
        self.warnings
    }

    fn warning(&mut self, warning: &Fault) {
        if self.warnings {
            let problem = format!("warning: {}", warning.problem);
            self.list(&Fault {
                problem,
                ..warning.clone()
            });
        }
    }

    fn restart(&mut self) {
        self.summary = ProblemsSummary::default();
        self.writer = None;
    }
}

pub(super) fn is_ours(first_line: &str) -> bool {
    first_line == COLUMNS.join(",")
}
