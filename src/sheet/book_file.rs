//! A workbook on its way to its place: written row by row in constant memory, put in place whole or not at all, and
//! known for ours by what it says of itself.
//!
//! Every cell is written as a text, a number or a date, never as a formula, so that nothing in it can run. A workbook
//! that a person saved again in a spreadsheet is theirs: its last author is no longer us. Deliberately absent: what
//! stands in the cells.

use std::fs::File;
use std::path::{Path, PathBuf};

use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet,
    XlsxError,
};

use crate::domain::Money;

use super::atomic::{AtomicFile, Standing, cannot_write, folder, standing_if};
use super::error::Error;
use super::workbook::author_and_title;

/// The author of all that we write.
const AUTHOR: &str = "paysheet";
/// Rows that a sheet of a workbook has, its header included.
pub(super) const BOOK_ROWS_MAX: u32 = 1_048_576;

/// What a workbook of ours is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The results of a batch.
    Results,
    /// A sheet with its problems marked.
    Marked,
    /// A sheet to be filled in, or one that was mended: the user's, and never written over.
    Own,
}

impl Kind {
    fn title(self) -> &'static str {
        match self {
            Kind::Results => "paysheet results",
            Kind::Marked => "paysheet marked sheet",
            Kind::Own => "payouts",
        }
    }
}

/// What stands at `path`, where a workbook of this kind is to stand.
pub(super) fn standing(path: &Path, kind: Kind) -> Result<Standing, Error> {
    standing_if(path, &|file: File| {
        kind != Kind::Own
            && author_and_title(file).is_some_and(|says| {
                says.author == AUTHOR && says.last_author == AUTHOR && says.title == kind.title()
            })
    })
}

/// Removes a workbook of this kind, if one stands at `path`.
pub(super) fn remove_ours(path: &Path, kind: Kind) -> Result<(), Error> {
    match standing(path, kind)? {
        Standing::Ours => std::fs::remove_file(path).map_err(|error| cannot_write(path, error)),
        Standing::Nothing | Standing::Foreign => Ok(()),
    }
}

/// An error if anything but a workbook of this kind stands at `path`.
pub(super) fn refuse_foreign(path: &Path, kind: Kind) -> Result<(), Error> {
    match standing(path, kind)? {
        Standing::Nothing | Standing::Ours => Ok(()),
        Standing::Foreign if kind == Kind::Own => Err(Error::Exists {
            path: path.to_owned(),
        }),
        Standing::Foreign => Err(Error::Foreign {
            path: path.to_owned(),
        }),
    }
}

/// A workbook that is being written.
pub(super) struct BookFile {
    path: PathBuf,
    kind: Kind,
    book: Workbook,
}

impl BookFile {
    /// Starts a workbook that will stand at `path`. An error if something else stands there.
    pub(super) fn create(path: &Path, kind: Kind) -> Result<Self, Error> {
        refuse_foreign(path, kind)?;
        let mut file = Self {
            path: path.to_owned(),
            kind,
            book: Workbook::new(),
        };
        let begun = begin(&mut file.book, path, kind);
        begun.map_err(|error| file.failed(error))?;
        Ok(file)
    }

    /// The workbook's path, for messages.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a sheet that is written from top to bottom.
    pub(super) fn add_sheet(&mut self, name: &str) -> Result<(), Error> {
        let added = self
            .book
            .add_worksheet_with_constant_memory()
            .and_then(|sheet| sheet.set_name(name).map(|_| ()));
        added.map_err(|error| self.failed(error))
    }

    /// Does something to the sheet at `index`, counted from 0.
    pub(super) fn on<T>(
        &mut self,
        index: usize,
        act: impl FnOnce(&mut Worksheet) -> Result<T, XlsxError>,
    ) -> Result<T, Error> {
        let acted = self.book.worksheet_from_index(index).and_then(act);
        acted.map_err(|error| self.failed(error))
    }

    /// Puts the workbook in its place.
    pub(super) fn finish(mut self) -> Result<(), Error> {
        let mut file = AtomicFile::create(&self.path)?;
        let saved = self.book.save_to_writer(&mut file);
        saved.map_err(|error| self.failed(error))?;
        let kind = self.kind;
        file.commit_over(&move |path| standing(path, kind))
    }

    fn failed(&self, error: XlsxError) -> Error {
        let source = if let XlsxError::IoError(source) = error {
            source
        } else {
            std::io::Error::other(error)
        };
        cannot_write(&self.path, source)
    }
}

fn begin(book: &mut Workbook, path: &Path, kind: Kind) -> Result<(), XlsxError> {
    // Beside its place, where there is room for it and nobody else reads; its names vanish at once.
    book.set_tempdir(folder(path))?;
    // A fixed day: the same batch gives the same bytes, and no file tells when its owner worked.
    let day = ExcelDateTime::from_ymd(2000, 1, 1)?;
    let says = DocProperties::new()
        .set_author(AUTHOR)
        .set_title(kind.title())
        .set_creation_datetime(&day);
    book.set_properties(&says);
    Ok(())
}

/// The looks that our workbooks share.
pub(super) struct Looks {
    /// Headers.
    pub(super) header: Format,
    /// Texts, which the spreadsheet must leave as they are: phones, ids.
    pub(super) text: Format,
    /// Rupees with two decimals, grouped.
    pub(super) money: Format,
    /// Counts.
    pub(super) count: Format,
    /// Times to the second.
    pub(super) time: Format,
}

impl Looks {
    pub(super) fn new() -> Self {
        let header = Format::new()
            .set_bold()
            .set_num_format("@")
            .set_align(FormatAlign::Top)
            .set_background_color(Color::RGB(0x00E7_E6E6))
            .set_border_bottom(FormatBorder::Thin);
        Self {
            header,
            text: Format::new().set_num_format("@"),
            money: Format::new().set_num_format("#,##0.00"),
            count: Format::new().set_num_format("0"),
            time: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
        }
    }
}

/// An amount as the number that a workbook holds, which is the nearest there is: to fifteen digits it is the amount.
pub(super) fn write_money(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    amount: Money,
    look: &Format,
) -> Result<(), XlsxError> {
    // The one float near an amount: the writer takes nothing else. It is read from the exact text and written back by
    // its shortest text, never calculated with.
    let number: f64 = amount.to_string().parse().unwrap_or_default();
    sheet.write_number_with_format(row, column, number, look)?;
    Ok(())
}
