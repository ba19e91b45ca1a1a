//! The results as a workbook: a sheet of rows, and one of totals that must balance with them.
//!
//! Phones and ids are texts, amounts are numbers with two decimals, times are times (UTC). Written from the checkpoint,
//! row by row. Deliberately absent: formulas, and reading it back.

use std::collections::BTreeMap;
use std::path::Path;

use rust_xlsxwriter::{ExcelDateTime, XlsxError};

use crate::domain::Money;

use super::book_file::{BOOK_ROWS_MAX, BookFile, Kind, Looks, write_money};
use super::error::Error;
use super::header::{Field, Header};
use super::results::{CarriedColumns, RESULT_COLUMNS, ResultCells};

/// The sheets, in order.
const ROWS: usize = 0;
const TOTALS: usize = 1;
const EARLIER: usize = 2;
/// What stands before our own columns of an earlier Cashgram, here and in `earlier.csv`.
pub const EARLIER_COLUMNS: [&str; 3] = ["name", "phone", "amount"];
/// Our columns that are not texts.
const ATTEMPTS: &str = "attempts";
const TIMES: [&str; 2] = ["created_at", "checked_at"];

/// Count and sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// Rows.
    pub rows: u64,
    /// Their amounts.
    pub amount: Money,
}

impl Sum {
    fn add(&mut self, amount: Money) {
        self.rows += 1;
        self.amount = self.amount.checked_add(amount).unwrap_or(self.amount);
    }
}

/// What the rows written add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BookTotals {
    /// By state.
    pub states: BTreeMap<String, Sum>,
    /// Created ones by the gateway's status; blank: none is known yet.
    pub statuses: BTreeMap<String, Sum>,
    /// All rows.
    pub all: Sum,
}

/// Writes a workbook of results.
pub struct ResultsBook {
    file: BookFile,
    looks: Looks,
    columns: CarriedColumns,
    amount_column: Option<usize>,
    next: u32,
    /// The next row of the earlier ones; 0 while there is none.
    next_earlier: u32,
    totals: BookTotals,
}

impl ResultsBook {
    /// Starts a workbook that will stand at `path`. An error if another program's file, or a link, stands there.
    pub fn create(path: &Path, columns: &CarriedColumns) -> Result<Self, Error> {
        let mut book = Self {
            file: BookFile::create(path, Kind::Results)?,
            looks: Looks::new(),
            columns: columns.clone(),
            amount_column: amount_column(columns),
            next: 1,
            next_earlier: 0,
            totals: BookTotals::default(),
        };
        book.file.add_sheet("results")?;
        book.file.add_sheet("totals")?;
        book.header()?;
        Ok(book)
    }

    fn header(&mut self) -> Result<(), Error> {
        let (columns, header) = (&self.columns, &self.looks.header);
        self.file.on(ROWS, |sheet| {
            let ours = RESULT_COLUMNS.iter().map(|name| (*name).to_owned());
            for (column, name) in (0u16..).zip(columns.names_without_id().chain(ours)) {
                sheet.write_string_with_format(0, column, &name, header)?;
                sheet.set_column_width(column, width(&name))?;
            }
            sheet.set_freeze_panes(1, 0)?;
            Ok(())
        })
    }

    /// Writes a row: the sheet's own cells as they stood, then ours. `times` are created and checked, in milliseconds
    /// since 1970.
    pub fn row<'c>(
        &mut self,
        cells: impl IntoIterator<Item = &'c str>,
        ours: &ResultCells<'_>,
        times: [Option<i64>; 2],
        amount: Money,
    ) -> Result<(), Error> {
        let row = self.next;
        self.refuse_too_many(row)?;
        self.next += 1;
        self.count(ours, amount);
        let (columns, looks, amount_column) = (&self.columns, &self.looks, self.amount_column);
        self.file.on(ROWS, |sheet| {
            let mut column = 0u16;
            for (place, cell) in columns.carry(cells) {
                let number = (Some(place) == amount_column)
                    .then(|| Money::parse(cell).ok())
                    .flatten();
                match number {
                    Some(amount) => write_money(sheet, (row, column), amount, &looks.money)?,
                    None if cell.is_empty() => {}
                    None => {
                        sheet.write_string_with_format(row, column, cell, &looks.text)?;
                    }
                }
                column += 1;
            }
            write_ours(sheet, (row, column), ours, times, looks)
        })
    }

    /// Writes a Cashgram that has no row in the sheet any more, on a sheet of its own. It counts nowhere.
    pub fn earlier(
        &mut self,
        (name, phone, amount): (&str, &str, Money),
        ours: &ResultCells<'_>,
        times: [Option<i64>; 2],
    ) -> Result<(), Error> {
        if self.next_earlier == 0 {
            self.begin_earlier()?;
        }
        let row = self.next_earlier;
        self.refuse_too_many(row)?;
        self.next_earlier += 1;
        let looks = &self.looks;
        self.file.on(EARLIER, |sheet| {
            sheet.write_string_with_format(row, 0, name, &looks.text)?;
            sheet.write_string_with_format(row, 1, phone, &looks.text)?;
            write_money(sheet, (row, 2), amount, &looks.money)?;
            write_ours(sheet, (row, 3), ours, times, looks)
        })
    }

    fn begin_earlier(&mut self) -> Result<(), Error> {
        self.next_earlier = 1;
        self.file.add_sheet("earlier")?;
        let header = &self.looks.header;
        self.file.on(EARLIER, |sheet| {
            let names = EARLIER_COLUMNS.iter().chain(&RESULT_COLUMNS);
            for (column, name) in (0u16..).zip(names) {
                sheet.write_string_with_format(0, column, *name, header)?;
                sheet.set_column_width(column, width(name))?;
            }
            sheet.set_freeze_panes(1, 0)?;
            Ok(())
        })
    }

    fn refuse_too_many(&self, row: u32) -> Result<(), Error> {
        if row < BOOK_ROWS_MAX {
            return Ok(());
        }
        let source = std::io::Error::other("a workbook holds at most 1,048,575 rows: use the CSV");
        Err(super::atomic::cannot_write(self.file.path(), source))
    }

    fn count(&mut self, ours: &ResultCells<'_>, amount: Money) {
        let totals = &mut self.totals;
        totals.all.add(amount);
        add(&mut totals.states, ours.state, amount);
        if ours.state == "created" {
            add(&mut totals.statuses, ours.status, amount);
        }
    }

    /// What the rows written so far add up to.
    pub fn totals(&self) -> &BookTotals {
        &self.totals
    }

    /// Writes the totals and puts the workbook in its place.
    pub fn finish(mut self, batch: &str, environment: &str) -> Result<(), Error> {
        let (totals, looks) = (&self.totals, &self.looks);
        self.file.on(TOTALS, |sheet| {
            let mut lines = Lines {
                sheet,
                looks,
                row: 0,
            };
            lines.text(&["batch", batch])?;
            lines.text(&["environment", environment])?;
            lines.text(&["times", "UTC"])?;
            lines.skip();
            lines.header(["state", "rows", "amount"])?;
            for (state, sum) in &totals.states {
                lines.sum(state, *sum)?;
            }
            lines.sum("all rows", totals.all)?;
            lines.skip();
            lines.header(["status of created links", "rows", "amount"])?;
            let mut created = Sum::default();
            for (status, sum) in &totals.statuses {
                let word = if status.is_empty() {
                    "(not asked for yet)"
                } else {
                    status
                };
                lines.sum(word, *sum)?;
                created.rows += sum.rows;
                created.amount = created.amount.checked_add(sum.amount).unwrap_or_default();
            }
            lines.sum("all created", created)?;
            sheet.set_column_width(0, 26)?;
            sheet.set_column_width(1, 14)?;
            sheet.set_column_width(2, 20)?;
            Ok(())
        })?;
        self.file.finish()
    }
}

fn add(sums: &mut BTreeMap<String, Sum>, word: &str, amount: Money) {
    match sums.get_mut(word) {
        Some(sum) => sum.add(amount),
        None => sums.entry(word.to_owned()).or_default().add(amount),
    }
}

/// Where the sheet's amounts stand, by the names of its columns.
fn amount_column(columns: &CarriedColumns) -> Option<usize> {
    let names = csv::StringRecord::from(columns.names());
    let header = Header::read(&names, 1, Path::new("")).ok()?;
    header.place(Field::Amount)
}

/// Our own columns, from `column` on.
fn write_ours(
    sheet: &mut rust_xlsxwriter::Worksheet,
    (row, mut column): (u32, u16),
    ours: &ResultCells<'_>,
    times: [Option<i64>; 2],
    looks: &Looks,
) -> Result<(), XlsxError> {
    for (name, cell) in RESULT_COLUMNS.iter().zip(ours.in_order()) {
        let time = TIMES.iter().zip(times).find(|(time, _)| *time == name);
        match time {
            Some((_, at)) => write_time(sheet, (row, column), at, looks)?,
            None if *name == ATTEMPTS => {
                let count: u32 = cell.parse().unwrap_or_default();
                sheet.write_number_with_format(row, column, count, &looks.count)?;
            }
            None if cell.is_empty() => {}
            None => {
                sheet.write_string_with_format(row, column, cell, &looks.text)?;
            }
        }
        column += 1;
    }
    Ok(())
}

fn write_time(
    sheet: &mut rust_xlsxwriter::Worksheet,
    (row, column): (u32, u16),
    at: Option<i64>,
    looks: &Looks,
) -> Result<(), XlsxError> {
    if let Some(at) = at {
        let at = ExcelDateTime::from_timestamp(at.div_euclid(1000))?;
        sheet.write_datetime_with_format(row, column, at, &looks.time)?;
    }
    Ok(())
}

/// Wide enough for what usually stands below a header.
fn width(name: &str) -> u8 {
    match name {
        "cashgram_link" => 44,
        "email" | "name" => 28,
        "cashgram_id" | "error_message" | "status_reason" => 34,
        "created_at" | "checked_at" => 20,
        _ => u8::try_from(name.chars().count() + 4)
            .unwrap_or(u8::MAX)
            .clamp(14, 40),
    }
}

/// The lines of the totals, from top to bottom.
struct Lines<'s> {
    sheet: &'s mut rust_xlsxwriter::Worksheet,
    looks: &'s Looks,
    row: u32,
}

impl Lines<'_> {
    fn skip(&mut self) {
        self.row += 1;
    }

    fn text(&mut self, cells: &[&str]) -> Result<(), XlsxError> {
        for (column, cell) in (0u16..).zip(cells) {
            self.sheet
                .write_string_with_format(self.row, column, *cell, &self.looks.text)?;
        }
        self.skip();
        Ok(())
    }

    fn header(&mut self, cells: [&str; 3]) -> Result<(), XlsxError> {
        for (column, cell) in (0u16..).zip(cells) {
            self.sheet
                .write_string_with_format(self.row, column, cell, &self.looks.header)?;
        }
        self.skip();
        Ok(())
    }

    fn sum(&mut self, word: &str, sum: Sum) -> Result<(), XlsxError> {
        let row = self.row;
        self.sheet
            .write_string_with_format(row, 0, word, &self.looks.text)?;
        let rows = u32::try_from(sum.rows).unwrap_or(u32::MAX);
        self.sheet
            .write_number_with_format(row, 1, rows, &self.looks.count)?;
        write_money(self.sheet, (row, 2), sum.amount, &self.looks.money)?;
        self.skip();
        Ok(())
    }
}
