//! The sink of `validate`: the list of problems, and beside it the two editions of the sheet that a user may ask for,
//! one with its problems and warnings marked and one with its sure repairs made. All are written in the one pass that judges.
//!
//! Deliberately absent: judging, and printing.

use std::path::{Path, PathBuf};

use csv::StringRecord;

use crate::domain::card::holds_card_number;

use super::book_file::{Kind, remove_ours};
use super::error::Error;
use super::fault::{Fault, FaultSink};
use super::fixed::{Fixed, refuse_any};
use super::header::Header;
use super::marked::{Marked, Marks};
use super::problems::{Problems, ProblemsSummary};
use super::validate::is_doubted;

/// Repairs shown on screen; the list of problems has them all.
pub(super) const REPAIRS_SHOWN_MAX: usize = 20;

/// Where the editions go that are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The marked workbook.
    pub marked: Option<PathBuf>,
    /// The mended sheet.
    pub fixed: Option<PathBuf>,
}

/// What became of them.
#[derive(Clone, Debug, Default)]
pub struct EditionsSummary {
    /// The list of problems.
    pub problems: ProblemsSummary,
    /// The first twenty faults that have a sure repair.
    pub repairs: Vec<Fault>,
    /// Faults that have one.
    pub repairable: u64,
    /// A cell holds a card's number, so that no mended sheet is written.
    pub card: bool,
    /// The marked workbook, if it was wanted and there was anything to mark, and what is marked in it.
    pub marked: Option<(PathBuf, Marks)>,
    /// The mended sheet, if it was wanted and there was anything to repair, and how many cells of it are.
    pub fixed: Option<(PathBuf, u64)>,
    /// Cells that the copies begin with `??`, since they cannot be trusted.
    pub doubted: u64,
}

/// Collects the faults of one sheet, and its rows where an edition is wanted.
pub struct Editions {
    problems: Problems,
    wanted: Wanted,
    marked: Option<Marked>,
    fixed: Option<Fixed>,
    /// The faults of the row that is being judged.
    pending: Vec<Fault>,
    /// Its warnings.
    warned: Vec<Fault>,
    repairs: Vec<Fault>,
    repairable: u64,
    /// What kept an edition from being written: told at the end, since the check goes on.
    broken: Option<Error>,
    /// A cell holds a card's number, which is copied nowhere.
    card: bool,
    doubted: u64,
}

impl Editions {
    /// Faults will be listed at `problems`, with `warnings` those too. An error if other files stand where the editions
    /// are to stand.
    pub fn new(problems: &Path, warnings: bool, wanted: &Wanted) -> Result<Self, Error> {
        if let Some(path) = &wanted.marked {
            super::book_file::refuse_foreign(path, Kind::Marked)?;
        }
        if let Some(path) = &wanted.fixed {
            refuse_any(path)?;
        }
        Ok(Self {
            problems: Problems::new(problems).with_warnings(warnings),
            wanted: wanted.clone(),
            marked: None,
            fixed: None,
            pending: Vec::new(),
            warned: Vec::new(),
            repairs: Vec::new(),
            repairable: 0,
            broken: None,
            card: false,
            doubted: 0,
        })
    }

    /// Puts every file in its place. A sheet with nothing wrong gives none, and an old list or marked sheet goes.
    pub fn finish(self) -> Result<EditionsSummary, Error> {
        if let Some(error) = self.broken {
            return Err(error);
        }
        let problems = self.problems.finish();
        let mut summary = EditionsSummary {
            repairs: self.repairs,
            repairable: self.repairable,
            card: self.card,
            doubted: self.doubted,
            ..EditionsSummary::default()
        };
        if let (Some(marked), Some(path)) = (self.marked, self.wanted.marked) {
            if marked.is_any() {
                summary.marked = Some((path, marked.finish()?));
            } else {
                remove_ours(&path, Kind::Marked)?;
            }
        }
        if let (Some(fixed), Some(path)) = (self.fixed, self.wanted.fixed) {
            let repairs = fixed.repairs();
            if repairs > 0 {
                fixed.finish()?;
                summary.fixed = Some((path, repairs));
            }
        }
        summary.problems = problems;
        Ok(summary)
    }

    fn start(&mut self, header: &Header, line: u64) -> Result<(), Error> {
        if let Some(path) = &self.wanted.marked {
            self.marked = Some(Marked::create(path, header, line)?);
        }
        if let Some(path) = &self.wanted.fixed {
            self.fixed = Some(Fixed::create(path, header)?);
            self.card = false;
        }
        Ok(())
    }

    fn copy(&mut self, line: u64, cells: &StringRecord) -> Result<(), Error> {
        if cells.iter().any(holds_card_number) {
            self.card = true;
            self.fixed = None;
        }
        if let Some(marked) = &mut self.marked {
            marked.row(line, cells, &self.pending, &self.warned)?;
        }
        if let Some(fixed) = &mut self.fixed {
            fixed.row(cells, &self.pending)?;
        }
        Ok(())
    }

    fn copies(&self) -> bool {
        self.broken.is_none() && (self.marked.is_some() || self.fixed.is_some())
    }
}

impl FaultSink for Editions {
    fn fault(&mut self, fault: &Fault) {
        self.problems.fault(fault);
        if fault.repair.is_some() {
            self.repairable += 1;
            if self.repairs.len() < REPAIRS_SHOWN_MAX {
                self.repairs.push(fault.clone());
            }
        }
        if self.copies() {
            self.pending.push(fault.clone());
        }
    }

    fn begin(&mut self, header: &Header, line: u64) {
        if self.broken.is_none() {
            self.broken = self.start(header, line).err();
        }
    }

    fn row(&mut self, line: u64, cells: &StringRecord) {
        if self.copies() {
            self.doubted += cells
                .iter()
                .map(|cell| u64::from(is_doubted(cell)))
                .sum::<u64>();
            self.broken = self.copy(line, cells).err();
            self.pending.clear();
            self.warned.clear();
        }
    }

    fn wants_warnings(&self) -> bool {
        self.problems.wants_warnings() || self.wanted.marked.is_some()
    }

    fn warning(&mut self, warning: &Fault) {
        self.problems.warning(warning);
        match &mut self.marked {
            Some(marked) if warning.row == 0 => marked.of_all(warning),
            Some(_) => self.warned.push(warning.clone()),
            None => {}
        }
    }

    fn restart(&mut self) {
        self.problems.restart();
        self.pending.clear();
        self.warned.clear();
        self.doubted = 0;
        self.repairs.clear();
        self.repairable = 0;
        self.marked = None;
        self.fixed = None;
    }
}
