//! What a results file of an earlier run says, read for one purpose: to be compared with a sheet after the checkpoint was
//! lost.
//!
//! Nothing is resumed from it, and no row of it is sent. Deliberately absent: links, and what a claim is worth.

use std::path::Path;

use csv::StringRecord;

use crate::domain::{KeyHasher, RowKey};

use super::error::Error;
use super::fields::Fields;
use super::header::{Field, Header};
use super::results::RESULT_COLUMNS;

/// One row of old results. Texts as they stand there.
#[derive(Clone, Copy, Debug)]
pub struct ToldRow<'r> {
    /// Its line.
    pub line: u64,
    /// Whom and how much; a phone or an amount that is blank reads as one that cannot be read.
    pub key: RowKey,
    /// Whether the phone is blank, as after a purge.
    pub is_blank: bool,
    /// The id.
    pub id: &'r str,
    /// The state's word.
    pub state: &'r str,
    /// Whether it was sent, or seen at the gateway.
    pub was_there: bool,
}

/// Calls `each` with every row of the results at `path`. Their sheet's columns are understood as a sheet's are, with
/// `map` where that fits.
///
/// # Errors
///
/// If the file cannot be read, or has no columns for phone and amount.
pub fn each_told<E: From<Error>>(
    path: &Path,
    map: &[(Field, String)],
    hasher: &KeyHasher,
    mut each: impl FnMut(ToldRow<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let failed = |error: csv::Error| {
        E::from(Error::Read {
            path: path.to_owned(),
            source: error.into(),
        })
    };
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_path(path)
        .map_err(failed)?;
    let columns = reader.headers().map_err(failed)?.clone();
    let theirs = columns.len().saturating_sub(RESULT_COLUMNS.len());
    let carried: StringRecord = columns.iter().take(theirs).collect();
    // What was made earlier has columns of its own, which no option names.
    let header = Header::mapped(&carried, 1, path, map, false).or_else(|error| {
        Header::mapped(&carried, 1, path, &[], false).map_err(|_| E::from(error))
    })?;
    let mut cells = StringRecord::new();
    while reader.read_record(&mut cells).map_err(failed)? {
        let line = cells.position().map_or(0, csv::Position::line);
        let ours = |name: &str| {
            let place = RESULT_COLUMNS.iter().position(|ours| *ours == name);
            let cell = place.and_then(|place| cells.get(theirs + place));
            cell.unwrap_or_default()
        };
        let fields = Fields {
            header: &header,
            cells: &cells,
        };
        each(ToldRow {
            line,
            key: hasher.key(
                "",
                fields.phone().ok(),
                fields.amount().ok(),
                fields.text(Field::Name),
                fields.text(Field::Email),
            ),
            is_blank: fields.text(Field::Phone).is_empty(),
            id: ours("cashgram_id"),
            state: ours("state"),
            was_there: !ours("status").is_empty()
                || !ours("reference_id").is_empty()
                || ours("attempts") != "0",
        })?;
    }
    Ok(())
}

/// How many links the results at `path` list.
///
/// # Errors
///
/// If the file cannot be read.
pub fn links_told(path: &Path) -> Result<u64, Error> {
    let failed = |error: csv::Error| Error::Read {
        path: path.to_owned(),
        source: error.into(),
    };
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_path(path)
        .map_err(failed)?;
    let theirs = reader.headers().map_err(failed)?.len();
    let theirs = theirs.saturating_sub(RESULT_COLUMNS.len());
    let place = |name: &str| RESULT_COLUMNS.iter().position(|ours| *ours == name);
    // After a purge the link itself is gone.
    let (link, reference) = (place("cashgram_link"), place("reference_id"));
    let mut links = 0;
    let mut cells = StringRecord::new();
    while reader.read_record(&mut cells).map_err(failed)? {
        let told = [link, reference].into_iter().flatten();
        let mut told = told.filter_map(|place| cells.get(theirs + place));
        links += u64::from(told.any(|cell| !cell.is_empty()));
    }
    Ok(links)
}
