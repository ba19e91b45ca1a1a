//! The user's sheet with every sure repair made, as a new file: CSV, or a workbook of texts.
//!
//! Deliberately absent: writing over anything, and any change that was not suggested.

use std::path::Path;

use csv::StringRecord;

use crate::domain::{LinkExpiry, Phone};

use super::atomic::{AtomicFile, Standing, cannot_write, standing};
use super::book_file::{BOOK_ROWS_MAX, BookFile, Kind, Looks};
use super::error::Error;
use super::fault::Fault;
use super::guard::guarded;
use super::header::{Field, Header};

/// A mended sheet under construction.
pub(super) struct Fixed {
    out: Out,
    header: Header,
    repairs: u64,
}

enum Out {
    Csv(Box<csv::Writer<AtomicFile>>),
    Book {
        file: Box<BookFile>,
        looks: Box<Looks>,
        next: u32,
    },
}

impl Fixed {
    /// Starts a file that will stand at `path`. An error if anything stands there.
    pub(super) fn create(path: &Path, header: &Header) -> Result<Self, Error> {
        let is_book = path
            .extension()
            .is_some_and(|end| end.eq_ignore_ascii_case("xlsx"));
        let out = if is_book {
            let mut file = BookFile::create(path, Kind::Own)?;
            file.add_sheet("payouts")?;
            Out::Book {
                file: Box::new(file),
                looks: Box::new(Looks::new()),
                next: 0,
            }
        } else {
            refuse_any(path)?;
            // A row that is not as wide as the header is copied as it is.
            let mut writer = csv::WriterBuilder::new();
            let writer = writer.flexible(true).from_writer(AtomicFile::create(path)?);
            Out::Csv(Box::new(writer))
        };
        let mut fixed = Self {
            out,
            header: header.clone(),
            repairs: 0,
        };
        let names: StringRecord = header.columns().iter().map(String::as_str).collect();
        fixed.write(&names, &[])?;
        Ok(fixed)
    }

    /// Writes a row with its repairs.
    pub(super) fn row(&mut self, cells: &StringRecord, faults: &[Fault]) -> Result<(), Error> {
        let mut repairs: Vec<(usize, &str)> = Vec::new();
        for fault in faults {
            let place = fault.place(&self.header);
            let known = |place: usize| repairs.iter().any(|(at, _)| *at == place);
            if let (Some(place), Some(now)) = (place, &fault.repair)
                && !known(place)
            {
                repairs.push((place, now));
                self.repairs += 1;
            }
        }
        self.write(cells, &repairs)
    }

    /// How many cells were repaired so far.
    pub(super) fn repairs(&self) -> u64 {
        self.repairs
    }

    /// Puts the file in its place.
    pub(super) fn finish(self) -> Result<(), Error> {
        match self.out {
            Out::Book { file, .. } => file.finish(),
            Out::Csv(writer) => {
                let path = writer.get_ref().path().to_owned();
                let file = writer.into_inner();
                let file = file.map_err(|error| cannot_write(&path, error.into_error()))?;
                file.commit(&|_| false)
            }
        }
    }

    fn write(&mut self, cells: &StringRecord, repairs: &[(usize, &str)]) -> Result<(), Error> {
        let now = |place: usize, cell: &'_ str| -> String {
            let repair = repairs.iter().find(|(at, _)| *at == place);
            repair.map_or(cell, |(_, now)| now).to_owned()
        };
        match &mut self.out {
            Out::Csv(writer) => {
                let harmless =
                    [Field::Phone, Field::LinkExpiry].map(|field| self.header.place(field));
                for (place, cell) in cells.iter().enumerate() {
                    let cell = now(place, cell);
                    // `+91 ...` and `+7d` are no formulas, and must be read back as they are.
                    let cell = if harmless.contains(&Some(place)) && is_no_formula(&cell) {
                        cell
                    } else {
                        guarded(&cell).into_owned()
                    };
                    let written = writer.write_field(cell);
                    written.map_err(|error| cannot_write(writer.get_ref().path(), error.into()))?;
                }
                let ended = writer.write_record(None::<&[u8]>);
                ended.map_err(|error| cannot_write(writer.get_ref().path(), error.into()))
            }
            Out::Book { file, looks, next } => {
                let row = *next;
                if row >= BOOK_ROWS_MAX {
                    let source = std::io::Error::other(
                        "a workbook holds at most 1,048,576 rows: name a .csv",
                    );
                    return Err(cannot_write(file.path(), source));
                }
                *next += 1;
                let look = if row == 0 { &looks.header } else { &looks.text };
                file.on(0, |sheet| {
                    for (column, (place, cell)) in (0u16..).zip(cells.iter().enumerate()) {
                        let cell = now(place, cell);
                        if !cell.is_empty() {
                            sheet.write_string_with_format(row, column, cell, look)?;
                        }
                    }
                    Ok(())
                })
            }
        }
    }
}

/// A phone or a number of days, which must be read back as it is: anything else that begins so may run.
fn is_no_formula(cell: &str) -> bool {
    Phone::parse(cell).is_ok() || LinkExpiry::parse_days(cell).is_ok()
}

/// An error if anything stands at `path`.
pub(super) fn refuse_any(path: &Path) -> Result<(), Error> {
    match standing(path, &|_| false)? {
        Standing::Nothing => Ok(()),
        Standing::Ours | Standing::Foreign => Err(Error::Exists {
            path: path.to_owned(),
        }),
    }
}
