//! The spreadsheet edge, in and out: bytes become rows, rows are judged all at once, results go back beside them.
//!
//! In reading order: `decode` (bytes to text), `split` and `read` (text to rows), `ahead` (rows read while others are judged), `workbook` (.xlsx to rows), `source` (rows of
//! whatever kind of file), `header` (what the columns mean), `fields` (what a row's cells say), `check` (pure: the faults of every row),
//! `validate` (one pass over a file), `rows` (a second pass that gives instructions), `problems` and `results` (the
//! files written). Deliberately absent: matching rows to payouts, and anything that a fault may lead to.

mod ahead;
mod atomic;
mod book_file;
mod charset;
mod check;
mod columns;
mod damage;
mod dates;
mod decode;
mod digest;
mod editions;
mod error;
mod export;
mod fault;
mod fields;
mod fixed;
mod guard;
mod header;
mod layout;
mod marked;
mod problems;
mod read;
mod remains;
mod repair;
mod results;
mod results_book;
mod rows;
mod rules;
mod source;
mod split;
mod tally;
mod template;
mod told;
mod twins;
mod validate;
mod warn;
mod workbook;

#[cfg(test)]
mod files_tests;

pub use atomic::{AtomicFile, refuse_foreign};
pub use charset::{CHARSETS, Charset};
#[doc(hidden)]
pub use dates::read_date;
pub use dates::{DateReading, DateStyle};
pub use digest::fingerprint;
pub use editions::{Editions, EditionsSummary, Wanted};
pub use error::{Encoding, Error};
pub use export::{EXPORT_START, ExportFile};
pub use fault::{Fault, FaultSink, NoFaults};
pub use guard::guarded;
pub use header::{Field, Header};
pub use layout::{DELIMITERS, Layout};
pub use marked::Marks;
pub use problems::{Problems, ProblemsSummary, SHOWN_MAX};
pub use read::{COLUMNS_MAX, FIELD_BYTES_MAX, RECORD_BYTES_MAX, Records};
pub use remains::{Remains, remove_remains};
pub use results::{
    CarriedColumns, RESULT_COLUMNS, ResultCells, ResultsWriter, copy_results, is_ours,
    remove_results,
};
pub use results_book::{BookTotals, EARLIER_COLUMNS, ResultsBook, Sum};
pub use rows::{Row, Rows};
pub use rules::{Judge, Rules};
pub use tally::RowBits;
pub use template::{template_csv, write_template};
pub use told::{ToldId, ToldRow, each_told, each_told_id};
pub use validate::{Checked, validate};
pub use warn::Warnings;
pub use workbook::Refusal;
