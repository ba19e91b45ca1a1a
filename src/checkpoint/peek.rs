//! A look into a checkpoint that another process may be writing: whose it is, and whether it knows an id.
//!
//! Nothing is written, not even beside the file: without a write-ahead log to read, SQLite is told that the file does not
//! change, so that it makes none. If it does change meanwhile, the look is repeated later: nothing is decided by it that
//! is not decided again under the lock.
//!
//! Deliberately absent: amounts and people; and states, but for the one payout that was asked about, under the lock.

use std::collections::HashMap;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use crate::domain::{History, Standing};

use super::apply::standing_from;
use super::error::Error;
use super::meta::{self, Binding};

use super::schema::{APPLICATION_ID, FORMAT, damaged};
use super::seal::WHOLE;
use super::store::{PayoutNo, Store};

/// An open look.
#[derive(Debug)]
pub struct Peek {
    pub(super) conn: Connection,
    pub(super) path: PathBuf,
    /// What the checkpoint is bound to.
    pub binding: Binding,
}

impl Peek {
    /// Looks into `path`; `None` if it is no checkpoint.
    ///
    /// # Errors
    ///
    /// A checkpoint that cannot be read, or was written by a newer paysheet.
    pub fn open(path: &Path) -> Result<Option<Peek>, Error> {
        let read = |e| damaged(path, e);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_URI;
        let conn = Connection::open_with_flags(address(path), flags).map_err(read)?;
        let number =
            |name: &str| conn.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
        match number("application_id").map_err(read) {
            Ok(APPLICATION_ID) => {}
            Ok(_) | Err(Error::Foreign { .. }) => return Ok(None),
            Err(error) => return Err(error),
        }
        let found = number("user_version").map_err(read)?;
        if found > FORMAT {
            return Err(Error::Newer {
                path: path.to_owned(),
                found,
                known: FORMAT,
            });
        }
        let text = |key| meta::get(&conn, path, key).map(Option::unwrap_or_default);
        let binding = Binding {
            environment: text("environment")?,
            host: text("gateway")?,
            account: text("account")?,
            batch: text("batch")?,
        };
        Ok(Some(Peek {
            conn,
            path: path.to_owned(),
            binding,
        }))
    }

    /// The payment for which this checkpoint has made a Cashgram under that id, or may have. What was cancelled before
    /// anything was made is none.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn made(&self, id: &str) -> Result<Option<Made>, Error> {
        let sql = format!(
            "SELECT phone, amount, reference_id FROM payouts
             WHERE cashgram_id = ?1 AND (state IN (2, 3) OR state = 6 AND history & {} <> 0)",
            History::EXISTS
        );
        self.conn
            .prepare_cached(&sql)
            .and_then(|mut select| select.query_row([id], made_from).optional())
            .map_err(|e| damaged(&self.path, e))
    }

    /// Whether a payout of this checkpoint has, or had, that id.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn holds(&self, id: &str) -> Result<bool, Error> {
        self.conn
            .prepare_cached("SELECT 1 FROM payouts WHERE cashgram_id = ?1")
            .and_then(|mut select| select.exists([id]))
            .map_err(|e| damaged(&self.path, e))
    }
}

/// A payment, and the link under its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The phone's digits.
    pub phone: u64,
    /// How much.
    pub paise: i64,
    /// What the gateway calls the link, where it has said so: no two links have the same, whatever their ids.
    pub reference: Option<String>,
}

/// From phone, amount and reference.
pub(super) fn made_from(line: &rusqlite::Row<'_>) -> rusqlite::Result<Made> {
    let reference: Option<String> = line.get(2)?;
    Ok(Made {
        phone: line.get(0)?,
        paise: line.get(1)?,
        reference: reference.filter(|reference| !reference.is_empty()),
    })
}

/// A payout that somebody asked the gateway about.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// Its number.
    pub payout: PayoutNo,
    /// Where it stands.
    pub standing: Standing,
    /// When the gateway was last asked about it, in milliseconds since 1970.
    pub checked_at: Option<i64>,
    /// When anything was last recorded of it, if that was lately.
    pub recorded_at: Option<i64>,
}

/// What was recorded lately, by payout: the newest time in milliseconds since 1970.
pub type Recorded = HashMap<PayoutNo, i64>;
/// A clock that is set back by no more hides nothing that was recorded since.
const CLOCK_SLACK_MS: i64 = 5_000;

impl Store {
    /// The payout of that id, if there is one.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn asked(&self, id: &str, lately: &Recorded) -> Result<Option<Asked>, Error> {
        let read = |e| damaged(&self.path, e);
        let sql = format!(
            "SELECT state, attempts, terms, history, payout, checked_at FROM payouts WHERE cashgram_id = ?1 AND {WHOLE}"
        );
        let mut select = self.conn.prepare_cached(&sql).map_err(read)?;
        let mut lines = select.query([id]).map_err(read)?;
        let Some(line) = lines.next().map_err(read)? else {
            return Ok(None);
        };
        let payout = PayoutNo(line.get(4).map_err(read)?);
        Ok(Some(Asked {
            standing: standing_from(line, &self.path)?,
            payout,
            checked_at: line.get(5).map_err(read)?,
            recorded_at: lately.get(&payout).copied(),
        }))
    }

    /// What was recorded since `since`, in milliseconds since 1970. Reads the newest facts alone.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn recorded_since(&self, since: i64) -> Result<Recorded, Error> {
        let read = |e| damaged(&self.path, e);
        let mut select = self
            .conn
            .prepare_cached("SELECT payout, at FROM facts ORDER BY fact DESC")
            .map_err(read)?;
        let mut lines = select.query([]).map_err(read)?;
        let mut lately = Recorded::new();
        while let Some(line) = lines.next().map_err(read)? {
            let at: i64 = line.get(1).map_err(read)?;
            if at < since.saturating_sub(CLOCK_SLACK_MS) {
                break;
            }
            let newest = lately
                .entry(PayoutNo(line.get(0).map_err(read)?))
                .or_insert(at);
            *newest = at.max(*newest);
        }
        Ok(lately)
    }
}

/// The file as SQLite's own kind of address, which alone can say that it does not change.
fn address(path: &Path) -> String {
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    let live = Path::new(&wal).metadata().is_ok_and(|file| file.len() > 0);
    let mut address = String::from("file:");
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' => address.push(char::from(*byte)),
            byte if byte.is_ascii_alphanumeric() => address.push(char::from(*byte)),
            byte => address.push_str(&format!("%{byte:02X}")),
        }
    }
    if !live {
        address.push_str("?immutable=1");
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::Store;

    #[test]
    fn a_look_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("may & june 100%?.checkpoint.db");
        let binding = Binding {
            environment: "test".to_owned(),
            host: "here".to_owned(),
            account: "me".to_owned(),
            batch: "may".to_owned(),
        };
        let names = || std::fs::read_dir(folder.path()).unwrap().count();
        let store = Store::create(&path, &binding, false).unwrap();
        // While it is being written, and after.
        assert_eq!(Peek::open(&path).unwrap().unwrap().binding, binding);
        drop(store);
        assert_eq!(names(), 1);
        let peek = Peek::open(&path).unwrap().unwrap();
        assert!(!peek.holds("may-1").unwrap());
        drop(peek);
        assert_eq!(names(), 1);
    }

    #[test]
    fn what_is_no_checkpoint_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let text = folder.path().join("notes.db");
        std::fs::write(
            &text,
            "long enough to be looked at twice, and not a database",
        )
        .unwrap();
        assert!(Peek::open(&text).unwrap().is_none());
        for short in ["", "x", "name,phone,amount\n"] {
            std::fs::write(&text, short).unwrap();
            assert!(Peek::open(&text).unwrap().is_none(), "{short}");
        }
        let other = folder.path().join("other.db");
        let conn = Connection::open(&other).unwrap();
        conn.execute_batch("CREATE TABLE t (x)").unwrap();
        drop(conn);
        assert!(Peek::open(&other).unwrap().is_none());
        assert!(Peek::open(&folder.path().join("none.db")).is_err());
    }
}
