//! What the columns mean. Names are recognised without regard to case, spaces and punctuation, but not to the sign of
//! another currency, `%` or `+/-`; an option may name a column for a field.
//!
//! Deliberately absent: guessing. `id`, `reference` or `employee id` is not taken for the Cashgram's id, and two
//! columns for one field are an error, since a guess would pay the wrong amount or pay twice.

use std::path::Path;

use csv::StringRecord;

use crate::domain::words::shell_word;

pub use super::columns::Field;
use super::columns::{ALIASES, FIELDS, ID_LOOKALIKES, REQUIRED, SEND_FLAGS, nearest, not_rupees};
pub(super) use super::columns::{is_known, normal};
use super::error::Error;
use super::fault::{is_personal, shown_column};
use super::results::RESULT_COLUMNS;

/// Where a workbook's columns may be, if those that were found mean nothing.
const ELSEWHERE: &str = "; the first row that is not blank must name the columns; another sheet is chosen with --sheet-name";

/// The columns of a sheet and what they mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    columns: Vec<String>,
    places: [Option<usize>; FIELDS],
    flags: Vec<usize>,
    id_lookalike: Option<String>,
    /// Whether it is a workbook's.
    of_book: bool,
}

impl Header {
    /// Reads the first row of a sheet.
    pub fn read(cells: &StringRecord, line: u64, path: &Path) -> Result<Self, Error> {
        Self::mapped(cells, line, path, &[], false)
    }

    /// The same, where the user has named columns for some fields, or the sheet is a workbook's.
    pub fn mapped(
        cells: &StringRecord,
        line: u64,
        path: &Path,
        map: &[(Field, String)],
        of_book: bool,
    ) -> Result<Self, Error> {
        let mut header = Self {
            columns: cells.iter().map(|cell| cell.trim().to_owned()).collect(),
            places: [None; FIELDS],
            flags: Vec::new(),
            id_lookalike: None,
            of_book,
        };
        if is_results(&header.columns) {
            let path = path.to_owned();
            return Err(Error::OwnResults { path });
        }
        header.map(map, line, path)?;
        let mapped = header.places;
        for (place, cell) in cells.iter().enumerate() {
            if mapped.contains(&Some(place)) || header.is_overruled(&normal(cell), &mapped) {
                continue;
            }
            if let Err((field, first)) = header.take(place, &normal(cell)) {
                return Err(header.two_columns(field, (first, place), line, path));
            }
        }
        if header.place(Field::CashgramId).is_some() {
            header.id_lookalike = None;
        }
        header.check_required(line, path)?;
        Ok(header)
    }

    /// Gives the fields the columns that the user named.
    fn map(&mut self, map: &[(Field, String)], line: u64, path: &Path) -> Result<(), Error> {
        for (field, name) in map {
            let wrong = |why, header: &Self| Error::Mapped {
                path: path.to_owned(),
                line,
                field: field.name(),
                column: name.clone(),
                why,
                found: header.shown().join(", "),
            };
            let (place, second) = match self.named(name).as_slice() {
                [] => return Err(wrong("there is no such column as in", self)),
                [place] => (*place, None),
                [place, second, ..] => (*place, Some(*second)),
            };
            if let Some(second) = second {
                return Err(self.two_columns(field.name(), (place, second), line, path));
            }
            if self.places.contains(&Some(place)) {
                return Err(wrong("another option names the same column as", self));
            }
            if self.place(*field).is_some() {
                let why = "another option names a column for the same field as";
                return Err(wrong(why, self));
            }
            if let Some(slot) = self.places.get_mut(field.index()) {
                *slot = Some(place);
            }
        }
        Ok(())
    }

    /// The columns that an option's name fits: to the letter, or else but for case, spaces and punctuation.
    fn named(&self, name: &str) -> Vec<usize> {
        let wanted = normal(name);
        let fitting = |fits: &dyn Fn(&str) -> bool| -> Vec<usize> {
            let columns = self.columns.iter().enumerate();
            let fitting = columns.filter(|(_, column)| fits(column));
            fitting.map(|(place, _)| place).collect()
        };
        let exact = fitting(&|column| column == name.trim());
        if exact.is_empty() && !wanted.is_empty() {
            return fitting(&|column| normal(column) == wanted);
        }
        exact
    }

    fn two_columns(
        &self,
        field: &'static str,
        (first, second): (usize, usize),
        line: u64,
        path: &Path,
    ) -> Error {
        let column = |place: usize| self.columns.get(place).cloned().unwrap_or_default();
        Error::TwoColumns {
            path: path.to_owned(),
            line,
            field,
            first: column(first),
            second: column(second),
        }
    }

    /// Whether a column is not read because the user named another one for its field.
    fn is_overruled(&self, name: &str, mapped: &[Option<usize>; FIELDS]) -> bool {
        let flag = SEND_FLAGS.contains(&name).then_some(Field::Notify);
        let alias = ALIASES.iter().find(|(_, _, all)| all.contains(&name));
        let field = flag.or(alias.map(|(field, _, _)| *field));
        field.is_some_and(|field| mapped.get(field.index()).copied().flatten().is_some())
    }

    /// Takes one column; the field and the earlier column if there is one already.
    fn take(&mut self, place: usize, name: &str) -> Result<(), (&'static str, usize)> {
        if SEND_FLAGS.contains(&name) {
            let twin = self.flags.iter().copied().find(|other| {
                self.columns
                    .get(*other)
                    .is_some_and(|column| normal(column) == name)
            });
            if let Some(first) = twin.or(self.place(Field::Notify)) {
                return Err((Field::Notify.name(), first));
            }
            self.flags.push(place);
            return Ok(());
        }
        if ID_LOOKALIKES.contains(&name) {
            self.id_lookalike = self.columns.get(place).cloned();
        }
        let alias = ALIASES
            .iter()
            .find(|(_, _, aliases)| aliases.contains(&name));
        let Some((field, canonical, _)) = alias else {
            return Ok(());
        };
        let flag = self
            .flags
            .first()
            .copied()
            .filter(|_| *field == Field::Notify);
        if let Some(first) = self.place(*field).or(flag) {
            return Err((canonical, first));
        }
        if let Some(slot) = self.places.get_mut(field.index()) {
            *slot = Some(place);
        }
        Ok(())
    }

    fn check_required(&self, line: u64, path: &Path) -> Result<(), Error> {
        let missing: Vec<_> = REQUIRED
            .iter()
            .filter(|(field, _)| self.place(*field).is_none())
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let nearest = self.nearest_of(missing.iter().map(|(field, _)| *field));
        let hint = match self.hint() {
            "" if nearest.is_empty() && self.of_book => ELSEWHERE.to_owned(),
            "" => nearest,
            hint => hint.to_owned(),
        };
        let missing: Vec<&str> = missing.iter().map(|(_, words)| *words).collect();
        Err(Error::MissingColumns {
            path: path.to_owned(),
            line,
            missing: missing.join("; "),
            found: self.shown().join(", "),
            hint,
        })
    }

    /// What may be meant for the missing fields.
    fn nearest_of(&self, missing: impl Iterator<Item = Field>) -> String {
        let columns = || self.columns.iter().map(String::as_str);
        let hints = missing.filter_map(|field| {
            let cannot = |column: &str| {
                let why = not_rupees(column);
                why.filter(|_| field == Field::Amount)
            };
            let able = columns().filter(|column| cannot(column).is_none());
            let column = nearest(field, able).or_else(|| nearest(field, columns()))?;
            let (field, shown) = (field.name(), shown_column(column));
            Some(match cannot(column) {
                None => format!(
                    "; if {shown:?} is the {field}, rename it, or add --map {}",
                    shell_word(&format!("{field}={shown}"))
                ),
                Some(why) => format!(
                    "; column {shown:?} {why}: amounts must be in rupees, in a column named {field}"
                ),
            })
        });
        hints.collect()
    }

    /// The columns for a message: a sheet without a header has a recipient in their place, who is masked.
    fn shown(&self) -> Vec<String> {
        let named = self.columns.iter().filter(|column| !column.is_empty());
        named.map(|column| shown_column(column)).collect()
    }

    /// Columns that hold a phone or an address are a row.
    fn hint(&self) -> &'static str {
        if self.columns.iter().any(|column| is_personal(column)) {
            "; the first line seems to be a row: put a line above it that names the columns"
        } else if self.is_title() && (self.of_book || self.columns.len() > 1) {
            "; this seems to be a title: remove the rows above the one that names the columns"
        } else if self.columns.len() == 1 && !self.of_book {
            "; if this is a title, remove the lines above the one that names the columns; if another character than comma, semicolon, tab or | separates the cells, name it with --delimiter"
        } else {
            ""
        }
    }

    /// Whether one cell alone holds something.
    fn is_title(&self) -> bool {
        let filled = self.columns.iter().filter(|column| !column.is_empty());
        filled.count() == 1
    }

    /// Whether it is a workbook's.
    pub(super) fn is_books(&self) -> bool {
        self.of_book
    }

    /// The headers as written, without the spaces around them.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Where a field stands, counted from 0.
    pub fn place(&self, field: Field) -> Option<usize> {
        self.places.get(field.index()).copied().flatten()
    }

    /// Whether a field stands there.
    pub(super) fn is_fields(&self, place: usize) -> bool {
        self.places.contains(&Some(place))
    }

    /// The columns that mean nothing to a payout, fit to be shown: they are carried to the results.
    pub fn not_read(&self) -> Vec<String> {
        let read = |place: usize| self.places.contains(&Some(place)) || self.flags.contains(&place);
        let columns = self.columns.iter().enumerate();
        columns
            .filter(|(place, name)| !read(*place) && !name.is_empty())
            .map(|(_, name)| shown_column(name))
            .collect()
    }

    /// Where the dashboard's send flags stand.
    pub fn send_flags(&self) -> &[usize] {
        &self.flags
    }

    /// The column that gives the rows' own ids, if any.
    pub fn id_column(&self) -> Option<usize> {
        self.place(Field::CashgramId)
    }

    /// A column such as `id` that was NOT taken for the Cashgram's id, where no other gives it. Worth a word to the
    /// user: if it is meant as one, it must be called `cashgram_id`.
    pub fn id_lookalike(&self) -> Option<&str> {
        self.id_lookalike.as_deref()
    }

    /// The header as written of a field's column; its canonical name if the sheet has none.
    pub fn written(&self, field: Field) -> &str {
        self.place(field)
            .or_else(|| {
                self.flags
                    .first()
                    .copied()
                    .filter(|_| field == Field::Notify)
            })
            .and_then(|place| self.columns.get(place))
            .map_or(field.name(), String::as_str)
    }
}

/// Whether the columns are those of a results file of ours, and not a sheet's own.
fn is_results(columns: &[String]) -> bool {
    let bears = |name: &str| columns.iter().any(|column| column == name);
    RESULT_COLUMNS.iter().all(|name| bears(name))
}

#[cfg(test)]
mod tests;
