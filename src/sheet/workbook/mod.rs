//! A workbook (.xlsx) as a sheet: its first visible sheet, or the one that is named, row by row.
//!
//! In reading order: `archive` and `part` (the container, with its bounds), `xml`, `parts` (what is where), `texts`,
//! `styles`, `format` and `number` and `value` (what a cell shows), `place`, `cells` (the rows), `ole`,
//! `refusal` (why not), `says` (what it says of itself).
//! The library that reads workbooks elsewhere gives every number as a float and no formats, so the XML is read here.
//! Deliberately absent: other kinds of workbooks, calculation, and everything in a sheet but its values.

mod archive;
mod cells;
mod format;
mod number;
mod ole;
mod part;
mod parts;
mod place;
mod refusal;
mod says;
mod styles;
mod texts;
mod value;
mod xml;

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use csv::StringRecord;

use crate::domain::{Words, trimmed};

use super::digest;
use super::error::Error;
use super::header::{Field, Header};
use super::read::{COLUMNS_MAX, FIELD_BYTES_MAX, RECORD_BYTES_MAX};

use archive::Archive;
use cells::{Cells, Places};
use parts::Parts;
use styles::Styles;
use texts::Texts;
use value::Kind;
use xml::Xml;

pub(super) use ole::kind_of as ole_kind;
pub(super) use place::letters;
pub use refusal::Refusal;
pub(super) use says::author_and_title;
pub(super) use value::Trouble;

/// Other sheets that are named.
const OTHERS_NAMED_MAX: usize = 5;

const HIDDEN_ROWS: Words = Words::new(
    "row.hidden",
    "",
    "show all rows (clear the filter) and look, or remove those that are not to be paid",
);
const HIDDEN_COLUMNS: Words = Words::new(
    "column.hidden",
    "",
    "show the columns and look, or remove those that are not meant",
);

/// The rows of a workbook's sheet, streamed.
pub(super) struct Book {
    path: PathBuf,
    parts: Parts,
    cells: Cells,
    record: StringRecord,
    /// The header's width; none before the header was read.
    width: Option<usize>,
    fingerprint: Option<[u8; 32]>,
}

impl Book {
    /// Opens the sheet called `wanted`, or the first visible one, of a file that starts like an archive.
    pub(super) fn open(
        mut file: File,
        path: &Path,
        wanted: Option<&str>,
        fingerprint: bool,
    ) -> Result<Self, Error> {
        let refused = |why| Error::Workbook {
            path: path.to_owned(),
            why,
        };
        let fingerprint = if fingerprint {
            Some(hash(&mut file).map_err(refused)?)
        } else {
            None
        };
        let (parts, cells) = read(file, wanted).map_err(refused)?;
        Ok(Self {
            path: path.to_owned(),
            parts,
            cells,
            record: StringRecord::new(),
            width: None,
            fingerprint,
        })
    }

    /// Goes to the next row that is not blank; false at the end.
    pub(super) fn advance(&mut self) -> Result<bool, Error> {
        loop {
            let more = self.cells.next_row().map_err(|why| Error::Workbook {
                path: self.path.clone(),
                why,
            })?;
            if !more {
                return Ok(false);
            }
            self.check_sizes()?;
            let row = &self.cells.row;
            let cells = row.cells.get(..row.used).unwrap_or_default();
            let blank = cells.iter().all(|cell| trimmed(cell).is_empty());
            if !blank || !row.troubles.is_empty() {
                self.fill();
                return Ok(true);
            }
        }
    }

    /// The row's number in the sheet and its cells.
    pub(super) fn current(&self) -> (u64, &StringRecord) {
        (u64::from(self.cells.row.line), &self.record)
    }

    /// The columns of the row whose cell cannot be trusted.
    pub(super) fn troubles(&self) -> &[(usize, Trouble)] {
        &self.cells.row.troubles
    }

    /// What the columns mean, which decides how their numbers are read.
    pub(super) fn understand(&mut self, header: &Header) {
        let mut kinds = vec![Kind::Other; header.columns().len()];
        for (field, kind) in [
            (Field::Amount, Kind::Money),
            (Field::Phone, Kind::Phone),
            (Field::CashgramId, Kind::Id),
            (Field::LinkExpiry, Kind::Day),
        ] {
            let slot = header.place(field).and_then(|place| kinds.get_mut(place));
            if let Some(slot) = slot {
                *slot = kind;
            }
        }
        self.cells.kinds = kinds;
    }

    /// The sheet's path, for messages.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// SHA-256 of the file's bytes, if it was asked for.
    pub(super) fn fingerprint(&self) -> Option<[u8; 32]> {
        self.fingerprint
    }

    /// What a person should know of the whole sheet; all of it only after the last row.
    pub(super) fn notes(&self) -> Vec<String> {
        let oddities = &self.cells.oddities;
        let mut notes = Vec::new();
        if !self.parts.others.is_empty() {
            let others: Vec<String> = self
                .parts
                .others
                .iter()
                .map(|name| format!("{name:?}"))
                .collect();
            let (first, rest) = others.split_at(others.len().min(OTHERS_NAMED_MAX));
            let more = if rest.is_empty() { "" } else { ", ..." };
            let name = &self.parts.name;
            notes.push(format!(
                "the sheet {name:?} is read; not read: {}{more} (--sheet-name chooses)",
                first.join(", ")
            ));
        }
        if oddities.merged.count > 0 {
            notes.push(format!(
                "merged cells, of which only the first holds a value: {}",
                listed(&oddities.merged)
            ));
        }
        notes
    }

    /// What is read though nobody sees it; all of it only after the last row. Each with its code, and in words what and
    /// where, and on which line it begins if that is not the header's.
    pub(super) fn unseen(&self) -> Vec<(Option<u64>, Words, String)> {
        let oddities = &self.cells.oddities;
        let mut unseen = Vec::new();
        let rows = &oddities.hidden_rows;
        if rows.count > 0 {
            let (are, would) = match rows.count {
                1 => ("row is", "it is"),
                _ => ("rows are", "they are"),
            };
            let filter = if oddities.filtered {
                " by a filter"
            } else {
                ""
            };
            let (count, places) = (rows.count, listed(rows));
            let problem = format!(
                "{count} {are} hidden{filter}, and {would} read and paid like the others: {places}"
            );
            let first = rows.first.first().and_then(|line| line.parse().ok());
            unseen.push((first, HIDDEN_ROWS, problem));
        }
        let columns = self.hidden_columns();
        if !columns.is_empty() {
            let (are, would) = match columns.len() {
                1 => ("column is", "it is"),
                _ => ("columns are", "they are"),
            };
            let (count, places) = (columns.len(), columns.join(", "));
            let problem =
                format!("{count} {are} hidden, and {would} read like the others: {places}");
            unseen.push((None, HIDDEN_COLUMNS, problem));
        }
        unseen
    }

    fn hidden_columns(&self) -> Vec<String> {
        let width = self.width.unwrap_or(0);
        let hidden = |column: &usize| {
            let ranges = self.cells.oddities.hidden_columns.iter();
            ranges
                .clone()
                .any(|(first, last)| (*first..=*last).contains(column))
        };
        (0..width).filter(hidden).map(place::letters).collect()
    }

    /// Makes a record of the row: as wide as the header, wider only where there are values.
    fn fill(&mut self) {
        let row = &self.cells.row;
        let cells = row.cells.get(..row.used).unwrap_or_default();
        let filled = |cell: &String| !trimmed(cell).is_empty();
        let wide = cells.iter().rposition(filled).map_or(0, |last| last + 1);
        let width = *self.width.get_or_insert(wide);
        self.record.clear();
        for cell in cells.iter().take(wide.max(width)) {
            self.record.push_field(cell);
        }
        for _ in self.record.len()..width {
            self.record.push_field("");
        }
    }

    fn check_sizes(&self) -> Result<(), Error> {
        let row = &self.cells.row;
        let cells = row.cells.get(..row.used).unwrap_or_default();
        let bytes: usize = cells.iter().map(String::len).sum();
        let (what, limit, remedy) = if row.too_wide {
            (
                "too many columns",
                format!("{COLUMNS_MAX} columns"),
                "remove columns that the payout does not need",
            )
        } else if cells.iter().any(|cell| cell.len() > FIELD_BYTES_MAX) {
            (
                "a cell is too long",
                format!("{FIELD_BYTES_MAX} bytes"),
                "shorten it",
            )
        } else if bytes > RECORD_BYTES_MAX {
            (
                "the row is too long",
                format!("{RECORD_BYTES_MAX} bytes"),
                "shorten its cells",
            )
        } else {
            return Ok(());
        };
        Err(Error::TooLarge {
            path: self.path.clone(),
            line: u64::from(row.line),
            what,
            limit,
            remedy,
        })
    }
}

fn read(file: File, wanted: Option<&str>) -> Result<(Parts, Cells), Refusal> {
    let mut archive = Archive::open(file)?;
    let parts = Parts::find(&mut archive, wanted)?;
    let texts = Texts::read(&mut archive, parts.texts.as_deref())?;
    let styles = Styles::read(&mut archive, parts.styles.as_deref())?;
    let xml = Xml::new(archive.part(&parts.sheet)?);
    let cells = Cells::new(xml, texts, styles, &parts);
    Ok((parts, cells))
}

fn listed(places: &Places) -> String {
    let shown = u64::try_from(places.first.len()).unwrap_or(u64::MAX);
    let more = if places.count > shown { ", ..." } else { "" };
    format!("{}{more}", places.first.join(", "))
}

/// SHA-256 of the whole file.
fn hash(file: &mut File) -> Result<[u8; 32], Refusal> {
    let failed = |error: std::io::Error| Refusal::Io(error.to_string());
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    digest::of(file.take(archive::FILE_BYTES_MAX + 1)).map_err(failed)
}
