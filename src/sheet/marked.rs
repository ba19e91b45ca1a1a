//! The user's own sheet as a workbook in which every problem and every warning is marked: the cell coloured, and a comment
//! on it that says what is wrong and how to mend it.
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
use super::validate::is_doubted;

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
    looks: Marking,
    header: Header,
    last_row: Option<u32>,
    marks: Marks,
    /// Warnings of the whole sheet, which no cell shows.
    of_all: Vec<String>,
}

/// What is marked in a workbook.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Cells with a problem.
    pub wrong: u64,
    /// Other cells with a warning.
    pub look: u64,
    /// Cells with a comment.
    pub notes: u32,
}

impl Marks {
    /// Coloured cells.
    pub fn cells(self) -> u64 {
        self.wrong + self.look
    }
}

/// The looks of cells.
struct Marking {
    plain: Looks,
    wrong: Format,
    sure: Format,
    look: Format,
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
            looks: Marking {
                plain: Looks::new(),
                wrong: text().set_background_color(Color::RGB(0x00F8_CBAD)),
                sure: text().set_background_color(Color::RGB(0x00FF_E699)),
                look: text().set_background_color(Color::RGB(0x00BD_D7EE)),
            },
            header: header.clone(),
            last_row: None,
            marks: Marks::default(),
            of_all: Vec::new(),
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

    /// Whether anything is marked, or to be said of the whole sheet.
    pub(super) fn is_any(&self) -> bool {
        self.marks.cells() > 0 || !self.of_all.is_empty()
    }

    /// A warning of the whole sheet, for the page beside it.
    pub(super) fn of_all(&mut self, warning: &Fault) {
        let Fault { problem, fix, .. } = warning;
        self.of_all.push(format!("Worth a look: {problem}: {fix}."));
    }

    /// Writes a row and marks what is wrong with it, and what is worth a look.
    pub(super) fn row(
        &mut self,
        line: u64,
        cells: &StringRecord,
        faults: &[Fault],
        warnings: &[Fault],
    ) -> Result<(), Error> {
        let row = self.place(line)?;
        let header = &self.header;
        let placed = |faults: &'_ [Fault]| -> Vec<usize> {
            let place = |fault: &Fault| fault.place(header).unwrap_or(0);
            faults.iter().map(place).collect()
        };
        let (wrong, look) = (placed(faults), placed(warnings));
        let last = wrong.iter().chain(&look).max().map_or(0, |last| last + 1);
        let (looks, marks) = (&self.looks, &mut self.marks);
        self.file.on(ROWS, |sheet| {
            for (column, place) in (0u16..).zip(0..cells.len().max(last)) {
                let here = Here {
                    faults: at(place, faults, &wrong),
                    warnings: at(place, warnings, &look),
                };
                let cell = cells.get(place).filter(|cell| !holds_card_number(cell));
                let cell = cell.unwrap_or("");
                match (cell.is_empty(), here.is_nothing()) {
                    (true, true) => {}
                    (true, false) => {
                        sheet.write_blank(row, column, looks.of(&here))?;
                    }
                    (false, _) => {
                        sheet.write_string_with_format(row, column, cell, looks.of(&here))?;
                    }
                }
                if here.is_nothing() {
                    continue;
                }
                marks.wrong += u64::from(!here.faults.is_empty());
                marks.look += u64::from(here.faults.is_empty());
                if marks.notes < NOTES_MAX {
                    marks.notes += 1;
                    sheet.insert_note(row, column, &here.note(cell))?;
                }
            }
            Ok(())
        })
    }

    /// Writes what the colours mean and puts the workbook in its place.
    pub(super) fn finish(mut self) -> Result<Marks, Error> {
        let (looks, marks, of_all) = (&self.looks, self.marks, &self.of_all);
        self.file
            .on(LEGEND, |sheet| legend(sheet, looks, marks, of_all))?;
        self.file.finish()?;
        Ok(marks)
    }
}

impl Marking {
    fn of(&self, here: &Here<'_>) -> &Format {
        match (here.faults.is_empty(), here.warnings.is_empty()) {
            (true, true) => &self.plain.text,
            (true, false) => &self.look,
            // Sure to repair only if everything that is wrong with the cell is.
            (false, _) if here.faults.iter().all(|fault| fault.repair.is_some()) => &self.sure,
            (false, _) => &self.wrong,
        }
    }
}

/// Those of `faults` that stand at `place`.
fn at<'f>(place: usize, faults: &'f [Fault], places: &[usize]) -> Vec<&'f Fault> {
    let placed = faults.iter().zip(places);
    let here = placed.filter(|(_, at)| **at == place);
    here.map(|(fault, _)| fault).collect()
}

/// What there is to say of one cell.
struct Here<'f> {
    faults: Vec<&'f Fault>,
    warnings: Vec<&'f Fault>,
}

impl Here<'_> {
    fn is_nothing(&self) -> bool {
        self.faults.is_empty() && self.warnings.is_empty()
    }

    fn note(&self, cell: &str) -> Note {
        let mut sentences: Vec<String> = self
            .faults
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
        if is_doubted(cell) {
            sentences.push(format!("{DOUBTED}."));
        }
        let warnings = self.warnings.iter();
        sentences.extend(warnings.map(|warning| {
            let problem = capital(&warning.problem);
            format!("Worth a look: {problem}.\nTo do: {}.", warning.fix)
        }));
        Note::new(sentences.join("\n\n"))
            .add_author_prefix(false)
            .set_width(NOTE_PIXELS)
    }
}

/// What the mark of a cell that cannot be trusted means.
const DOUBTED: &str = "?? was put before what this cell shows, so that it is not paid as it stands: write what is \
                       meant in place of the whole cell";

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters
        .next()
        .map(|first| first.to_uppercase().to_string());
    format!("{}{}", first.unwrap_or_default(), characters.as_str())
}

fn legend(
    sheet: &mut Worksheet,
    looks: &Marking,
    marks: Marks,
    of_all: &[String],
) -> Result<(), XlsxError> {
    let cells = marks.cells();
    let all = format!("Marked cells: {cells}.");
    let some = format!(
        "Only the first {} of them have a comment; the list of problems says what is wrong with the others.",
        marks.notes
    );
    let (plain, all_noted) = (&looks.plain.text, u64::from(marks.notes) == cells);
    let fixed = [
        (
            &looks.wrong,
            "a problem that needs you: its comment says what to do",
        ),
        (
            &looks.sure,
            "a problem with one sure repair: `paysheet validate SHEET --fix NEWFILE` writes it",
        ),
        (&looks.look, "a warning: payable as it is, but worth a look"),
        (
            plain,
            "?? before a value: the cell cannot be trusted. Write what is meant in place of the whole cell.",
        ),
        (
            plain,
            "Every cell is a text here, as your sheet shows it: amounts and dates are no numbers to calculate with.",
        ),
        (
            plain,
            "Mend the cells here or in your own sheet, and validate that one again.",
        ),
        (plain, all.as_str()),
        (plain, if all_noted { "" } else { some.as_str() }),
    ];
    let of_all = of_all.iter().map(|words| (plain, words.as_str()));
    for (row, (look, words)) in (0u32..).zip(fixed.into_iter().chain(of_all)) {
        sheet.write_string_with_format(row, 0, words, look)?;
    }
    sheet.set_column_width(0, 90)?;
    Ok(())
}
