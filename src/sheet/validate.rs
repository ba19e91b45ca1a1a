//! Judges a whole sheet in one pass over its file, and gives what everything after it needs.
//!
//! The pass is made again only if the whole sheet shows what its rows alone do not: rows alike, or dates written
//! otherwise than the first one. So faults come in the order of rows, and a good sheet is read once. Deliberately absent: control totals over the sheet, which the commands compare, and any decision to stop.

use std::borrow::Cow;
use std::path::Path;

use csv::StringRecord;

use crate::domain::{KeyHasher, Money, RowKey};

use super::check::{Checker, Known};
use super::dates::DateReading;
use super::error::Error;
use super::fault::FaultSink;
use super::header::Header;
use super::rules::{Judge, Rules};
use super::source::Source;
use super::tally::{RowBits, Sums};
use super::warn::Warnings;
use super::workbook::Trouble;

/// What is known of a sheet once every row was judged.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The columns.
    pub header: Header,
    /// Rows, without header and blank ones.
    pub rows: u32,
    /// Rows without a fault.
    pub valid: u32,
    /// Rows with faults.
    pub invalid: u32,
    /// Sum of all amounts that could be read.
    pub total: Money,
    /// Sum over valid rows.
    pub valid_total: Money,
    /// The largest amounts of valid rows with their row numbers (from 1), largest first, at most three.
    pub largest: Vec<(u32, Money)>,
    /// Every row's key, in order.
    pub keys: Vec<RowKey>,
    /// The rows with faults, counted from 0.
    pub faulty: RowBits,
    /// What a person should look at.
    pub warnings: Warnings,
    /// How the sheet's dates are written.
    pub dates: DateReading,
    /// SHA-256 of the file, if [`Rules::fingerprint`] asked for it.
    pub fingerprint: Option<[u8; 32]>,
    /// What a person should know of the whole sheet, such as hidden rows.
    pub notes: Vec<String>,
}

/// Judges the sheet at `path`. `judge` says for each row (counted from 0) how much of it is judged; faults go to
/// `sink`; keys are made by `hasher`.
pub fn validate(
    path: &Path,
    rules: &Rules,
    hasher: &KeyHasher,
    judge: &dyn Fn(u32) -> Judge,
    sink: &mut dyn FaultSink,
) -> Result<Checked, Error> {
    let open = || Source::open(path, rules);
    validate_source(&open, rules, hasher, judge, sink)
}

/// The same for any source that can be opened again.
pub(super) fn validate_source(
    open: &dyn Fn() -> Result<Source, Error>,
    rules: &Rules,
    hasher: &KeyHasher,
    judge: &dyn Fn(u32) -> Judge,
    sink: &mut dyn FaultSink,
) -> Result<Checked, Error> {
    let (checked, known) = pass(open()?, rules, hasher, judge, sink, None)?;
    if known.is_none() {
        return Ok(checked);
    }
    drop(checked);
    sink.restart();
    let (checked, _) = pass(open()?, rules, hasher, judge, sink, known.as_ref())?;
    Ok(checked)
}

fn pass(
    mut source: Source,
    rules: &Rules,
    hasher: &KeyHasher,
    judge: &dyn Fn(u32) -> Judge,
    sink: &mut dyn FaultSink,
    known: Option<&Known>,
) -> Result<(Checked, Option<Known>), Error> {
    let header = read_header(&mut source, rules)?;
    let (header_line, _) = source.current();
    sink.begin(&header, header_line);
    let mut checker = Checker::new(rules, &header, hasher, judge, sink, known);
    while source.advance()? {
        let (line, cells) = source.current();
        let troubles = source.troubles();
        let holds_card = source.holds_card();
        checker.row(line, cells, troubles, holds_card);
        checker.hinted();
        if troubles.is_empty() {
            checker.sink.row(line, cells);
        } else {
            checker.sink.row(line, &doubted(&header, cells, troubles));
        }
    }
    let second_thoughts = match known {
        None => checker.second_thoughts(),
        Some(_) => {
            // The problems among rows are known; only the warnings are wanted.
            checker.compare();
            None
        }
    };
    let dates = checker.reading();
    let (keys, faulty, mut warnings) = (checker.keys, checker.faulty, checker.warnings);
    for (line, words, problem) in source.unseen().into_iter().rev() {
        let warning = warnings.add_of_all(line.unwrap_or(header_line), words, problem);
        if second_thoughts.is_none() {
            checker.sink.warning(&warning);
        }
    }
    if keys.is_empty() {
        let path = source.path().to_owned();
        return Err(Error::NoRows { path });
    }
    let rows = u32::try_from(keys.len()).unwrap_or(u32::MAX);
    let invalid = faulty.count();
    let sums = Sums::over(&keys, &faulty);
    let checked = Checked {
        rows,
        valid: rows - invalid,
        invalid,
        total: sums.total,
        valid_total: sums.valid,
        largest: sums.largest,
        keys,
        faulty,
        warnings,
        dates,
        fingerprint: source.fingerprint(),
        notes: source.notes(),
        header,
    };
    Ok((checked, second_thoughts))
}

/// Begins the cells of a copy that cannot be trusted.
const DOUBT: &str = "?? ";

/// Whether a copy's cell is marked as one that cannot be trusted.
pub(super) fn is_doubted(cell: &str) -> bool {
    cell.starts_with(DOUBT)
}

/// The row with `??` before each cell that cannot be trusted: a copy holds texts alone, without what made the cell
/// doubtful, and must not be payable where the sheet is not. No field takes such a text, and none is repaired.
fn doubted(header: &Header, cells: &StringRecord, troubles: &[(usize, Trouble)]) -> StringRecord {
    let doubtful = |place: usize| {
        header.is_fields(place) && troubles.iter().any(|(column, _)| *column == place)
    };
    let cells = cells.iter().enumerate().map(|(place, cell)| {
        if doubtful(place) {
            Cow::Owned(format!("{DOUBT}{cell}"))
        } else {
            Cow::Borrowed(cell)
        }
    });
    cells
        .collect::<Vec<_>>()
        .iter()
        .map(AsRef::as_ref)
        .collect()
}

/// The first row of a sheet.
pub(super) fn read_header(source: &mut Source, rules: &Rules) -> Result<Header, Error> {
    let path = source.path().to_owned();
    let of_book = source.is_book();
    let header = match source.next_record()? {
        Some((line, cells)) => Header::mapped(cells, line, &path, &rules.layout.map, of_book)?,
        None => return Err(Error::Empty { path }),
    };
    source.understand(&header);
    Ok(header)
}
