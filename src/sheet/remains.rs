//! What stands beside a batch and only holds what a purge removes: known for ours, and taken away.
//!
//! Deliberately absent: the results themselves, which are written again.

use std::path::Path;

use super::atomic::{Standing, cannot_write, remove_ours};
use super::book_file::{self, Kind};
use super::error::Error;
use super::{problems, results};

/// Stands on the first line of a report.
const PAGE_MARK: &str = "<!-- a report of paysheet -->";

/// A kind of file that paysheet writes beside a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remains {
    /// The list of problems.
    Problems,
    /// Results, or what was made earlier.
    Results,
    /// A workbook of results.
    Book,
    /// A report.
    Page,
}

/// Removes the file at `path` if it is one of ours of that kind; whether it did. What is foreign is left alone.
///
/// # Errors
///
/// If it cannot be read or removed.
pub fn remove_remains(path: &Path, kind: Remains) -> Result<bool, Error> {
    match kind {
        Remains::Problems => remove_ours(path, &problems::is_ours),
        Remains::Results => remove_ours(path, &results::has_our_columns),
        Remains::Page => remove_ours(path, &|line| line.contains(PAGE_MARK)),
        Remains::Book => match book_file::standing(path, Kind::Results)? {
            Standing::Nothing | Standing::Foreign => Ok(false),
            Standing::Ours => std::fs::remove_file(path)
                .map(|()| true)
                .map_err(|source| cannot_write(path, source)),
        },
    }
}
