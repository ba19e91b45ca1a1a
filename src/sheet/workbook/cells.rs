//! The rows of one sheet as they stream by: each with its number and its cells' texts.
//!
//! Cells without a value are nothing, whatever they look like, so that formatted columns down to the end of the sheet
//! cost no memory. Deliberately absent: what the columns mean, and the width of the sheet, which its header decides.

use quick_xml::events::BytesStart;

use super::parts::Parts;
use super::place;
use super::refusal::{Refusal, printable};
use super::styles::Styles;
use super::texts::{Gathered, Texts, unescaped};
use super::value::{Kind, Trouble, shown};
use super::xml::{Piece, Xml, attribute, is};
use crate::domain::trimmed;
use crate::sheet::read::COLUMNS_MAX;

/// Most cells, with a value or without: a million rows of 64 columns are no sheet of recipients any more.
const CELLS_MAX: u64 = 32_000_000;
/// Places of merged cells, hidden rows and columns that are named.
const NAMED_MAX: usize = 5;

/// One row as it is gathered.
#[derive(Debug, Default)]
pub(super) struct Gather {
    /// Its number in the sheet.
    pub(super) line: u32,
    /// Texts by column; only the first `used` count.
    pub(super) cells: Vec<String>,
    pub(super) used: usize,
    /// The columns whose cell cannot be trusted.
    pub(super) troubles: Vec<(usize, Trouble)>,
    /// A value beyond the last column that is read.
    pub(super) too_wide: bool,
    hidden: bool,
}

/// What is hidden or merged: the first places, and how many.
#[derive(Debug, Default)]
pub(super) struct Oddities {
    pub(super) hidden_rows: Places,
    pub(super) hidden_columns: Vec<(usize, usize)>,
    pub(super) merged: Places,
    /// Whether a filter is set, which hides rows.
    pub(super) filtered: bool,
}

/// The first places of a kind, and how many there are.
#[derive(Debug, Default)]
pub(super) struct Places {
    pub(super) first: Vec<String>,
    pub(super) count: u64,
}

impl Places {
    fn note(&mut self, place: impl FnOnce() -> String) {
        self.count += 1;
        if self.first.len() < NAMED_MAX {
            self.first.push(place());
        }
    }
}

/// The cells of a sheet.
pub(super) struct Cells {
    xml: Xml,
    texts: Texts,
    styles: Styles,
    from_1904: bool,
    pub(super) kinds: Vec<Kind>,
    pub(super) row: Gather,
    pub(super) oddities: Oddities,
    count: u64,
    in_data: bool,
}

/// A cell as its start says, and what came in it.
#[derive(Debug, Default)]
struct Cell {
    column: usize,
    style: usize,
    kind: String,
    value: String,
    has_value: bool,
    has_formula: bool,
    /// Some of its characters are struck through, raised or lowered.
    marked: bool,
}

impl Cells {
    pub(super) fn new(xml: Xml, texts: Texts, styles: Styles, parts: &Parts) -> Self {
        Self {
            xml,
            texts,
            styles,
            from_1904: parts.from_1904,
            kinds: Vec::new(),
            row: Gather::default(),
            oddities: Oddities::default(),
            count: 0,
            in_data: false,
        }
    }

    /// Reads the next row that has a value into `row`; false at the end of the part.
    pub(super) fn next_row(&mut self) -> Result<bool, Refusal> {
        loop {
            let found = match self.xml.piece()? {
                Piece::Start(start) if self.in_data && is(&start, "row") => {
                    begin_row(&mut self.row, &start)?;
                    true
                }
                Piece::Start(start) => {
                    self.in_data |= is(&start, "sheetData");
                    self.oddities.note(&start);
                    false
                }
                Piece::End(end) => {
                    self.in_data &= end.local_name().as_ref() != "sheetData";
                    false
                }
                Piece::Text(_) => false,
                Piece::Over => return Ok(false),
            };
            if !found {
                continue;
            }
            self.read_cells()?;
            let row = &self.row;
            if row.used > 0 || !row.troubles.is_empty() || row.too_wide {
                if row.hidden {
                    let line = row.line;
                    self.oddities.hidden_rows.note(|| line.to_string());
                }
                return Ok(true);
            }
        }
    }

    /// The cells up to the row's end.
    fn read_cells(&mut self) -> Result<(), Refusal> {
        let mut next = 0;
        loop {
            let begun = match self.xml.piece()? {
                Piece::Start(start) if is(&start, "c") => {
                    let column = column(&start, next, self.row.line)?;
                    next = column + 1;
                    Some(begin_cell(column, &start))
                }
                Piece::End(end) if end.local_name().as_ref() == "row" => return Ok(()),
                Piece::Over => return Err(self.xml.damaged("ends within a row")),
                Piece::Start(_) | Piece::End(_) | Piece::Text(_) => None,
            };
            if let Some(mut cell) = begun {
                self.count += 1;
                if self.count > CELLS_MAX {
                    return Err(Refusal::TooManyCells { limit: CELLS_MAX });
                }
                self.read_cell(&mut cell)?;
                self.take(cell)?;
            }
        }
    }

    /// What stands in one cell.
    fn read_cell(&mut self, cell: &mut Cell) -> Result<(), Refusal> {
        let mut text = Gathered::default();
        let mut in_value = false;
        let limit = super::xml::PIECE_BYTES_MAX;
        loop {
            match self.xml.piece()? {
                Piece::Start(start) => match start.local_name().as_ref() {
                    "v" => in_value = true,
                    "f" => cell.has_formula = true,
                    _ => text.start(&start),
                },
                Piece::Text(piece) if in_value => {
                    cell.has_value |= !piece.is_empty();
                    cell.value.push_str(&piece);
                    if cell.value.len() > limit {
                        return Err(self.xml.damaged("holds a text longer than any cell"));
                    }
                }
                Piece::Text(piece) => text.take(&piece)?,
                Piece::End(end) => match end.local_name().as_ref() {
                    "c" => break,
                    "v" => in_value = false,
                    name => text.end(name),
                },
                Piece::Over => return Err(self.xml.damaged("ends within a cell")),
            }
        }
        if cell.kind == "inlineStr" {
            cell.value = text.unescaped().into_owned();
            cell.has_value = !cell.value.is_empty();
            cell.marked = text.marked();
        }
        Ok(())
    }

    /// Puts a cell into the row.
    fn take(&mut self, cell: Cell) -> Result<(), Refusal> {
        let (text, trouble) = self.read_value(&cell)?;
        let trouble = trouble.or_else(|| self.look(&cell, &text));
        if text.is_empty() && trouble.is_none() {
            return Ok(());
        }
        if cell.column >= COLUMNS_MAX {
            self.row.too_wide = true;
            return Ok(());
        }
        let row = &mut self.row;
        while row.used <= cell.column {
            match row.cells.get_mut(row.used) {
                Some(stale) => stale.clear(),
                None => row.cells.push(String::new()),
            }
            row.used += 1;
        }
        if let Some(slot) = row.cells.get_mut(cell.column) {
            *slot = text;
        }
        row.troubles
            .extend(trouble.map(|trouble| (cell.column, trouble)));
        Ok(())
    }

    /// What keeps a value from being trusted, whatever it is.
    fn look(&self, cell: &Cell, text: &str) -> Option<Trouble> {
        if trimmed(text).is_empty() {
            return None;
        }
        let shared = || cell.value.trim().parse().ok();
        let marked = match cell.kind.as_str() {
            "s" => shared().is_some_and(|index| self.texts.is_marked(index)),
            _ => cell.marked,
        };
        let is_day = self.kinds.get(cell.column) == Some(&Kind::Day);
        if self.styles.is_struck(cell.style) {
            Some(Trouble::Struck)
        } else if marked {
            Some(Trouble::Marked)
        } else {
            (self.from_1904 && is_day && is_serial(text)).then_some(Trouble::Serial)
        }
    }

    fn read_value(&self, cell: &Cell) -> Result<(String, Option<Trouble>), Refusal> {
        if !cell.has_value {
            // A formula whose result is an empty text says so; any other without one was never calculated.
            let lost = cell.has_formula && cell.kind != "str";
            return Ok((String::new(), lost.then_some(Trouble::Formula)));
        }
        let value = cell.value.as_str();
        Ok(match cell.kind.as_str() {
            "s" => {
                let index = value.trim().parse().ok();
                let text = index.and_then(|index| self.texts.get(index));
                let (column, line) = (place::letters(cell.column), self.row.line);
                let lost = || format!("the text of its cell {column}{line} is missing");
                let text = text.ok_or_else(|| Refusal::damaged(lost()))?;
                (text.to_owned(), None)
            }
            "str" => (unescaped(value).into_owned(), None),
            "inlineStr" => (value.to_owned(), None),
            "b" => (
                if value.trim() == "1" { "TRUE" } else { "FALSE" }.to_owned(),
                None,
            ),
            "e" => (value.to_owned(), Some(Trouble::Failed)),
            "d" => (iso_date(value).to_owned(), None),
            _ => {
                let kind = self.kinds.get(cell.column).copied().unwrap_or_default();
                let format = self.styles.format(cell.style);
                shown(value.trim(), format, kind, self.from_1904)
            }
        })
    }
}

impl Oddities {
    /// Notes hidden columns, merged cells and a filter.
    fn note(&mut self, start: &BytesStart<'_>) {
        if is(start, "col") && is_set(start, "hidden") && self.hidden_columns.len() < COLUMNS_MAX {
            let edge = |name: &str| attribute(start, name).and_then(|text| text.parse().ok());
            let (first, last): (usize, usize) =
                (edge("min").unwrap_or(1), edge("max").unwrap_or(1));
            self.hidden_columns
                .push((first.saturating_sub(1), last.saturating_sub(1)));
        }
        self.filtered |= is(start, "filterColumn");
        if is(start, "mergeCell") {
            let range = attribute(start, "ref").unwrap_or_default();
            self.merged.note(|| printable(&range));
        }
    }
}

fn is_set(start: &BytesStart<'_>, name: &str) -> bool {
    matches!(attribute(start, name).as_deref(), Some("1" | "true"))
}

fn begin_row(row: &mut Gather, start: &BytesStart<'_>) -> Result<(), Refusal> {
    let written = attribute(start, "r");
    let line = match &written {
        Some(text) => text.parse().ok().filter(|line| *line <= place::ROWS_END),
        None => row
            .line
            .checked_add(1)
            .filter(|line| *line <= place::ROWS_END),
    };
    let bad = |what| Refusal::BadPlace {
        cell: format!(
            "of row {}",
            printable(written.as_deref().unwrap_or_default())
        ),
        what,
    };
    let line = line.ok_or_else(|| bad("lies beyond the last row of any sheet"))?;
    if line <= row.line {
        return Err(bad("stands behind a later row"));
    }
    row.line = line;
    row.used = 0;
    row.troubles.clear();
    row.too_wide = false;
    row.hidden = is_set(start, "hidden");
    Ok(())
}

/// The column of a cell; `next` if it does not say.
fn column(start: &BytesStart<'_>, next: usize, line: u32) -> Result<usize, Refusal> {
    let Some(reference) = attribute(start, "r") else {
        return Ok(next);
    };
    let bad = |what| Refusal::BadPlace {
        cell: printable(&reference),
        what,
    };
    let (column, row) = place::parse(&reference)
        .ok_or_else(|| bad("lies beyond the last cell of any sheet (XFD1048576)"))?;
    if row != line {
        return Err(bad("stands in another row than it says"));
    }
    if column < next {
        return Err(bad("stands behind a later cell"));
    }
    Ok(column)
}

fn begin_cell(column: usize, start: &BytesStart<'_>) -> Cell {
    let mut cell = Cell {
        column,
        ..Cell::default()
    };
    for attribute in start.attributes().with_checks(false).filter_map(Result::ok) {
        match attribute.key.as_ref() {
            "s" => cell.style = attribute.value.parse().unwrap_or(0),
            "t" => cell.kind.push_str(&attribute.value),
            _ => {}
        }
    }
    cell
}

/// Whether a text is a number of days, as a repair would take it.
fn is_serial(text: &str) -> bool {
    let text = trimmed(text);
    text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The day of `2026-12-05T00:00:00`; a time that is not midnight stays.
fn iso_date(text: &str) -> &str {
    let text = text.trim().trim_end_matches('Z');
    match text.split_once('T') {
        Some((day, time)) if time.bytes().all(|byte| matches!(byte, b'0' | b':' | b'.')) => day,
        _ => text,
    }
}
