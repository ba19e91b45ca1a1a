//! The user's own sheet as a workbook in which every problem is marked: the cell coloured, and a comment on it that
//! says what is wrong and how to mend it.
//!
//! Every row stands in the row that its line in the problems names. All cells are texts, so that a spreadsheet leaves
//! phones as they are; it is written row by row. A card's number is left out. Deliberately absent: the formats and other sheets of the user's file.

use std::path::Path;

use csv::StringRecord;
use rust_xlsxwriter::{Color, Format, Note, Worksheet, XlsxError};

use crate::domain::card::holds_card_number;

use super::book_file::{BOOK_ROWS_MAX, BookFile, Kind, Looks};
use super::error::Error;
use super::fault::Fault;
use super::header::Header;

/// Most comments: each is held in memory until the end. Cells beyond are coloured all the same.
const NOTES_MAX: u32 = 5_000;
/// The sheets, in order.
const ROWS: usize = 0;
const LEGEND: usize = 1;
/// Comments are this wide, so that a sentence takes two or three lines.
const NOTE_PIXELS: u32 = 320;

/// A workbook of marked rows under construction.
pub(super) struct Marked {
    file: BookFile,
    looks: Marks,
    header: Header,
    last_row: Option<u32>,
    notes: u32,
    cells: u64,
}

/// The looks of cells.
struct Marks {
    plain: Looks,
    wrong: Format,
    sure: Format,
}

impl Marked {
    /// Starts a workbook that will stand at `path`.
    pub(super) fn create(path: &Path, header: &Header, line: u64) -> Result<Self, Error> {
        let mut file = BookFile::create(path, Kind::Marked)?;
        file.add_sheet("sheet")?;
        file.add_sheet("what the colours mean")?;
        let text = || Format::new().set_num_format("@");
        let mut marked = Self {
            file,
            looks: Marks {
                plain: Looks::new(),
                wrong: text().set_background_color(Color::RGB(0x00F8_CBAD)),
                sure: text().set_background_color(Color::RGB(0x00FF_E699)),
            },
            header: header.clone(),
            last_row: None,
            notes: 0,
            cells: 0,
        };
        marked.header(line)?;
        Ok(marked)
    }

    fn header(&mut self, line: u64) -> Result<(), Error> {
        let row = self.place(line)?;
        let (columns, look) = (self.header.columns(), &self.looks.plain.header);
        self.file.on(ROWS, |sheet| {
            for (column, name) in (0u16..).zip(columns) {
                sheet.write_string_with_format(row, column, name, look)?;
                sheet.set_column_width(column, 20)?;
            }
            sheet.set_freeze_panes(row + 1, 0)?;
            Ok(())
        })
    }

    /// The row of a line; lines only go up.
    fn place(&mut self, line: u64) -> Result<u32, Error> {
        let least = self.last_row.map_or(0, |last| last + 1);
        let wanted = u32::try_from(line.saturating_sub(1)).unwrap_or(u32::MAX);
        let row = wanted.max(least);
        if row >= BOOK_ROWS_MAX {
            let source = std::io::Error::other(
                "a workbook holds at most 1,048,576 rows: use the list of problems",
            );
            return Err(super::atomic::cannot_write(self.file.path(), source));
        }
        self.last_row = Some(row);
        Ok(row)
    }

    /// Writes a row and marks what is wrong with it.
    pub(super) fn row(
        &mut self,
        line: u64,
        cells: &StringRecord,
        faults: &[Fault],
    ) -> Result<(), Error> {
        let row = self.place(line)?;
        let places: Vec<(usize, &Fault)> = faults
            .iter()
            .map(|fault| (fault.place(&self.header).unwrap_or(0), fault))
            .collect();
        let (looks, notes, marked) = (&self.looks, &mut self.notes, &mut self.cells);
        self.file.on(ROWS, |sheet| {
            let width = cells
                .len()
                .max(places.iter().map(|(place, _)| place + 1).max().unwrap_or(0));
            for (column, place) in (0u16..).zip(0..width) {
                let here: Vec<&Fault> = places
                    .iter()
                    .filter(|(at, _)| *at == place)
                    .map(|(_, fault)| *fault)
                    .collect();
                let cell = cells.get(place).filter(|cell| !holds_card_number(cell));
                let cell = cell.unwrap_or("");
                let look = looks.of(&here);
                match (cell.is_empty(), here.is_empty()) {
                    (true, true) => {}
                    (true, false) => {
                        sheet.write_blank(row, column, look)?;
                    }
                    (false, _) => {
                        sheet.write_string_with_format(row, column, cell, look)?;
                    }
                }
                *marked += u64::from(!here.is_empty());
                if !here.is_empty() && *notes < NOTES_MAX {
                    *notes += 1;
                    sheet.insert_note(row, column, &note(&here))?;
                }
            }
            Ok(())
        })
    }

    /// Writes what the colours mean and puts the workbook in its place.
    pub(super) fn finish(mut self) -> Result<(), Error> {
        let (looks, cells, notes) = (&self.looks, self.cells, self.notes);
        self.file
            .on(LEGEND, |sheet| legend(sheet, looks, cells, notes))?;
        self.file.finish()
    }
}

impl Marks {
    /// Sure to repair only if everything that is wrong with the cell is.
    fn of(&self, faults: &[&Fault]) -> &Format {
        if faults.is_empty() {
            &self.plain.text
        } else if faults.iter().all(|fault| fault.repair.is_some()) {
            &self.sure
        } else {
            &self.wrong
        }
    }
}

fn note(faults: &[&Fault]) -> Note {
    let sentences: Vec<String> = faults
        .iter()
        .map(|fault| {
            let now = fault.repair.as_ref().map_or(String::new(), |now| {
                format!("\nSurely meant: {now} (validate --fix writes it)")
            });
            format!(
                "{}.\nTo mend it: {}.{now}",
                capital(&fault.problem),
                fault.fix
            )
        })
        .collect();
    Note::new(sentences.join("\n\n"))
        .add_author_prefix(false)
        .set_width(NOTE_PIXELS)
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters
        .next()
        .map(|first| first.to_uppercase().to_string());
    format!("{}{}", first.unwrap_or_default(), characters.as_str())
}

fn legend(sheet: &mut Worksheet, looks: &Marks, cells: u64, notes: u32) -> Result<(), XlsxError> {
    let all = format!("{cells} cells are marked.");
    let some = format!("The first {notes} of them have a comment; the list of problems has all.");
    let lines = [
        (
            &looks.wrong,
            "a problem that needs you: its comment says what to do",
        ),
        (
            &looks.sure,
            "a problem with one sure repair: `paysheet validate SHEET --fix NEWFILE` writes it",
        ),
        (&looks.plain.text, all.as_str()),
        (
            &looks.plain.text,
            if u64::from(notes) < cells {
                some.as_str()
            } else {
                ""
            },
        ),
        (
            &looks.plain.text,
            "Mend the cells and validate this workbook, or your own sheet, again.",
        ),
    ];
    for (row, (look, words)) in (0u32..).zip(lines) {
        sheet.write_string_with_format(row, 0, words, look)?;
    }
    sheet.set_column_width(0, 90)?;
    Ok(())
}
