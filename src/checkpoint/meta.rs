//! What a checkpoint is bound to, and the sheet it was filled from.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension};

use crate::domain::words::shell_word;

use super::error::Error;
use super::schema::{damaged, write};

/// What a checkpoint belongs to. Any other is refused: resuming a batch at another gateway or account would pay again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// `sandbox`, `test` or `production`.
    pub environment: String,
    /// The gateway's host and port; fixed for the embedded sandbox, whose port changes.
    pub host: String,
    /// A hash of the client id.
    pub account: String,
    /// The batch's name.
    pub batch: String,
}

/// What else is known of the batch as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    /// SHA-256 of the sheet's bytes at the last complete intake, in hex. `None` before the first.
    pub fingerprint: Option<String>,
    /// The sheet's own header at the last intake, as a JSON array.
    pub header: Option<String>,
    /// Ids of this batch were found at the gateway before this checkpoint had sent anything; nothing is sent until
    /// the user adopts them.
    pub found_existing: bool,
    /// The probe for ids that exist already was made, and found none.
    pub probed: bool,
    /// Results of this batch stood there when this checkpoint was made: an earlier one was lost.
    pub replaces_lost: bool,
    /// The batch was cancelled as a whole; nothing is sent until it is reopened.
    pub closed: bool,
    /// When personal data was removed. Nothing can be sent afterwards.
    pub purged: Option<String>,
}

/// What to do with a checkpoint that is bound to another `what`. Never to take another batch name or another file: whom
/// this one paid would be paid again. Its own name may have been that of another file, too.
fn remedy(what: &str, found: &str, path: &Path) -> String {
    let (path, named) = (path.display().to_string(), shell_word(found));
    let both = |option| {
        let checkpoint = shell_word(&path);
        format!("to go on with it, give both: {option} {named} --checkpoint {checkpoint}")
    };
    match what {
        "environment" => both("--env"),
        "gateway" => "use the gateway that it was made with, see --base-url; another one knows nothing of what was paid"
            .to_owned(),
        "account" => "use the client id that it was made with. If a new key has taken that one's place, do not send the \
            whole sheet again: put into a sheet of their own only the rows that `paysheet results` shows as ready, and \
            send that with --new-payment"
            .to_owned(),
        _ => both("--batch"),
    }
}

impl Binding {
    fn pairs(&self) -> [(&'static str, &str); 4] {
        [
            ("environment", &self.environment),
            ("gateway", &self.host),
            ("account", &self.account),
            ("batch", &self.batch),
        ]
    }

    pub(super) fn store(&self, conn: &Connection, path: &Path) -> Result<(), Error> {
        self.pairs()
            .into_iter()
            .try_for_each(|(key, value)| put(conn, path, key, value))
    }

    /// Refuses a checkpoint that is bound to anything else.
    pub(super) fn verify(&self, conn: &Connection, path: &Path) -> Result<(), Error> {
        verify(conn, path, &self.pairs())
    }
}

/// Refuses a checkpoint that is bound to anything but `expected`.
pub(super) fn verify(
    conn: &Connection,
    path: &Path,
    expected: &[(&'static str, &str)],
) -> Result<(), Error> {
    for (what, expected) in expected {
        let found = get(conn, path, what)?.unwrap_or_default();
        if found != *expected {
            return Err(Error::Bound {
                path: path.to_owned(),
                what,
                remedy: remedy(what, &found, path),
                found,
                expected: (*expected).to_owned(),
            });
        }
    }
    Ok(())
}

impl Meta {
    pub(super) fn load(conn: &Connection, path: &Path) -> Result<Meta, Error> {
        let flag = |key| Ok::<_, Error>(get(conn, path, key)?.is_some_and(|value| value == "yes"));
        Ok(Meta {
            fingerprint: get(conn, path, "fingerprint")?,
            header: get(conn, path, "header")?,
            found_existing: flag("found_existing")?,
            probed: flag("probed")?,
            replaces_lost: flag("replaces_lost")?,
            closed: flag("closed")?,
            purged: get(conn, path, "purged")?,
        })
    }
}

pub(super) fn get(conn: &Connection, path: &Path, key: &str) -> Result<Option<String>, Error> {
    conn.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| {
        row.get(0)
    })
    .optional()
    .map_err(|e| damaged(path, e))
}

pub(super) fn put(conn: &Connection, path: &Path, key: &str, value: &str) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO meta VALUES (?1, ?2, seal(?1, ?2))
         ON CONFLICT(key) DO UPDATE SET value = excluded.value, seal = excluded.seal",
        [key, value],
    )
    .map(|_| ())
    .map_err(|e| write(path, e))
}
