//! Older files, brought forward: one step a format, whole or not at all, each in a transaction of its own.
//!
//! Deliberately absent: any way back. An older paysheet refuses a newer file.

use std::path::Path;

use rusqlite::Connection;

use crate::domain::History;

use super::error::Error;
use super::schema::{FORMAT, write};
use super::seal;

/// The first format there was.
const FIRST: i64 = 1;
/// The one that brought the seals.
const SEALED: i64 = 2;

/// Brings a file of format `found` to the present one.
pub(super) fn forward(conn: &Connection, path: &Path, found: i64) -> Result<(), Error> {
    if found < FIRST {
        return Err(Error::Damaged {
            path: path.to_owned(),
            what: format!("there is no format {found}"),
        });
    }
    (found..FORMAT).try_for_each(|from| {
        let step = format!(
            "BEGIN IMMEDIATE; {} PRAGMA user_version = {}; COMMIT;",
            step(from),
            from + 1
        );
        conn.execute_batch(&step).map_err(|e| write(path, e))
    })
}

/// From `from` to the next format.
fn step(from: i64) -> String {
    match from {
        FIRST => {
            let add = |(table, column): &(&str, &str)| {
                format!("ALTER TABLE {table} ADD COLUMN {column} INTEGER; ")
            };
            let columns: String = seal::COLUMNS.iter().map(add).collect();
            columns + seal::SEAL_ALL
        }
        SEALED => generations(),
        _ => String::new(),
    }
}

/// Payouts may be followed by another generation, and remember that they were adopted. What was damaged before is not
/// sealed again as if it were whole.
fn generations() -> String {
    let adopted = "payout IN (SELECT payout FROM facts WHERE kind = 'adopted')";
    format!(
        "ALTER TABLE payouts ADD COLUMN sheet_id TEXT;
         UPDATE payouts SET history = history | {} WHERE {adopted} AND {};
         {} WHERE {adopted};",
        History::ADOPTED,
        seal::WHOLE,
        seal::SEAL_PAY
    )
}
