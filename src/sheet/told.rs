//! What a results file of an earlier run says, read for three purposes: after the checkpoint was lost, to be compared with a
//! sheet and to list what no row goes on with; and to be compared with a checkpoint that may be an older copy.
//!
//! Nothing is resumed from it, and no row of it is sent. Deliberately absent: what a claim is worth.

use std::fs::File;
use std::path::Path;

use csv::{ByteRecord, StringRecord};

use crate::domain::{KeyHasher, RowKey};

use super::error::Error;
use super::fields::Fields;
use super::guard::unguarded;
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
    /// Whether a create of it was sent.
    pub tried: bool,
    /// Payee.
    pub name: &'r str,
    /// E-mail address.
    pub email: &'r str,
    /// The gateway's reference.
    pub reference: &'r str,
    /// The link.
    pub link: &'r str,
    /// The gateway's status word.
    pub status: &'r str,
    /// The gateway's reason.
    pub reason: &'r str,
    /// Bank reference.
    pub utr: &'r str,
    /// Code of the last refusal or doubt.
    pub error_code: &'r str,
    /// Its words.
    pub error_message: &'r str,
    /// When the gateway confirmed it.
    pub created_at: &'r str,
    /// When its status was last read.
    pub checked_at: &'r str,
}

fn open(path: &Path) -> csv::Result<csv::Reader<File>> {
    csv::ReaderBuilder::new().flexible(true).from_path(path)
}

fn unreadable(path: &Path, error: csv::Error) -> Error {
    Error::Read {
        path: path.to_owned(),
        source: error.into(),
    }
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
    let failed = |error| E::from(unreadable(path, error));
    let mut reader = open(path).map_err(failed)?;
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
            unguarded(cell.unwrap_or_default())
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
            tried: ours("attempts") != "0",
            name: fields.text(Field::Name),
            email: fields.text(Field::Email),
            reference: ours("reference_id"),
            link: ours("cashgram_link"),
            status: ours("status"),
            reason: ours("status_reason"),
            utr: ours("utr"),
            error_code: ours("error_code"),
            error_message: ours("error_message"),
            created_at: ours("created_at"),
            checked_at: ours("checked_at"),
        })?;
    }
    Ok(())
}

/// What one row of results says of its id alone. A cell that is no text is blank.
#[derive(Clone, Copy, Debug)]
pub struct ToldId<'r> {
    /// Its line.
    pub line: u64,
    /// The id.
    pub id: &'r str,
    /// The gateway's reference.
    pub reference: &'r str,
    /// The link.
    pub link: &'r str,
    /// The state's word.
    pub state: &'r str,
    /// Create requests so far.
    pub attempts: &'r str,
    /// The environment's word.
    pub environment: &'r str,
}

/// Calls `each` with every row of the results at `path`, whatever columns their sheet has.
///
/// # Errors
///
/// If the file cannot be read.
pub fn each_told_id<E: From<Error>>(
    path: &Path,
    mut each: impl FnMut(ToldId<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let failed = |error| E::from(unreadable(path, error));
    let mut reader = open(path).map_err(failed)?;
    let columns = reader.byte_headers().map_err(failed)?.len();
    let theirs = columns.saturating_sub(RESULT_COLUMNS.len());
    let place = |name: &str| {
        let ours = RESULT_COLUMNS.iter().position(|ours| *ours == name);
        theirs + ours.unwrap_or(RESULT_COLUMNS.len())
    };
    let [id, reference, link] = ["cashgram_id", "reference_id", "cashgram_link"].map(place);
    let [state, attempts, environment] = ["state", "attempts", "environment"].map(place);
    let mut cells = ByteRecord::new();
    while reader.read_byte_record(&mut cells).map_err(failed)? {
        let text = |place: usize| {
            let cell = cells.get(place).unwrap_or_default();
            std::str::from_utf8(cell).unwrap_or_default()
        };
        each(ToldId {
            line: cells.position().map_or(0, csv::Position::line),
            id: unguarded(text(id)),
            reference: text(reference),
            link: text(link),
            state: text(state),
            attempts: text(attempts),
            environment: text(environment),
        })?;
    }
    Ok(())
}
