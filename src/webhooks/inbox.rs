//! The durable inbox: an event that was acknowledged is in here, whatever happens to the process or the power.
//!
//! One SQLite file of its own (WAL, `synchronous=FULL`), bound to environment, gateway and account as checkpoints are. It
//! keeps of an event its hash, its id and its word: no name, no phone, no amount.
//!
//! A payload is known by what was signed and by the id read from it, so a second delivery is a duplicate. Since values
//! are joined without separators, one signed text can be read as many ids; only `READINGS_MAX` of them are taken, or one
//! event seen on the wire would fill the disk.
//!
//! Deliberately absent: batches and the gateway (`follow`), and the thread that this runs on (`clerk`).

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, TransactionBehavior};

use super::verify::Verified;

/// `PyIn`: tells our inboxes from checkpoints and from other SQLite files.
const APPLICATION_ID: i64 = 0x5079_496e;
/// The format written here.
const FORMAT: i64 = 1;
/// Ids taken from one signed text: the one that was meant, and a few for a proxy that mends what it passes on.
const READINGS_MAX: i64 = 4;
/// How long a commit waits for a reader of the file, such as a backup.
const BUSY_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);
/// Owner only: ids say who was paid.
const MODE: u32 = 0o600;

const TABLES: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE events (
    event INTEGER PRIMARY KEY, print BLOB NOT NULL, id TEXT NOT NULL, word TEXT NOT NULL,
    received_at INTEGER NOT NULL, standing INTEGER NOT NULL, tries INTEGER NOT NULL, due_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX events_by_payload ON events(print, id);
CREATE INDEX events_open ON events(due_at) WHERE standing = 0;
";

/// Where an event stands. The index and the queries name 0.
const OPEN: i64 = 0;
const SETTLED: i64 = 1;
const UNKNOWN: i64 = 2;
const NO_ID: i64 = 3;

/// Why the inbox cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InboxError {
    /// Something else stands there.
    #[error("{} is not an inbox of paysheet: move it away, or name another file with --inbox", .0.display())]
    Foreign(PathBuf),
    /// Of another environment, gateway or account.
    #[error("{} belongs to another {what} ({found}, not {expected}): name another file with --inbox", path.display())]
    Bound {
        /// The file.
        path: PathBuf,
        /// `environment`, `gateway` or `account`.
        what: &'static str,
        /// What it is bound to.
        found: String,
        /// What this receiver is for.
        expected: String,
    },
    /// Not writable, full, damaged.
    #[error("cannot use the inbox {}: {cause}. Make room or mend the disk, then start again", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// The words of SQLite or of the system.
        cause: String,
    },
}

/// An event at the door.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// What it is.
    pub verified: Verified,
    /// When it came, in milliseconds since 1970.
    pub at: i64,
}

/// What became of an event at the door. It is on disk in each case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deposit {
    /// New, and to be followed.
    New,
    /// New, but it names no Cashgram: there is nothing to follow.
    NothingToFollow,
    /// Had before.
    Duplicate,
    /// One reading too many of a signed text.
    TooMany,
}

/// An event to be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// Its number.
    pub event: i64,
    /// The id that it names.
    pub id: String,
    /// Its word.
    pub word: String,
    /// How often it was followed already.
    pub tries: u32,
}

/// What became of a hint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Followed {
    /// Nothing is left to do.
    Settled,
    /// No checkpoint has its id.
    Unknown,
    /// To be followed again at that time (milliseconds since 1970); `counted` if this was a try.
    Again {
        /// When.
        due_at: i64,
        /// Whether the gateway was asked.
        counted: bool,
    },
}

/// An open inbox.
#[derive(Debug)]
pub struct Inbox {
    conn: Connection,
    path: PathBuf,
}

impl Inbox {
    /// Opens the inbox at `path`, or makes it. The caller holds its lock. `bound` are pairs of what and to whom.
    ///
    /// # Errors
    ///
    /// [`InboxError`].
    pub fn open(path: &Path, bound: &[(&'static str, &str)]) -> Result<Inbox, InboxError> {
        make_private(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(path, flags).map_err(|e| broken(path, &e))?;
        let inbox = Inbox {
            conn,
            path: path.to_owned(),
        };
        inbox.prepare().map_err(|e| match e.sqlite_error_code() {
            Some(rusqlite::ErrorCode::NotADatabase) => InboxError::Foreign(path.to_owned()),
            _ => broken(path, &e),
        })?;
        if inbox.number("application_id")? != APPLICATION_ID
            || inbox.number("user_version")? > FORMAT
        {
            return Err(InboxError::Foreign(path.to_owned()));
        }
        inbox.bind(bound)?;
        Ok(inbox)
    }

    fn prepare(&self) -> rusqlite::Result<()> {
        self.conn.busy_timeout(BUSY_TIMEOUT)?;
        let tables: i64 = self
            .conn
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        let id: i64 = self
            .conn
            .query_row("PRAGMA application_id", [], |row| row.get(0))?;
        if tables == 0 && id == 0 {
            self.conn.execute_batch(&format!(
                "BEGIN IMMEDIATE; PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT}; {TABLES} COMMIT;"
            ))?;
        }
        if id != 0 && id != APPLICATION_ID {
            // Somebody else's: not even its journal is changed.
            return Ok(());
        }
        self.conn.pragma_update(None, "journal_mode", "WAL")?;
        self.conn.pragma_update(None, "synchronous", "FULL")
    }

    fn number(&self, pragma: &str) -> Result<i64, InboxError> {
        self.conn
            .query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0))
            .map_err(|e| self.broken(&e))
    }

    fn bind(&self, bound: &[(&'static str, &str)]) -> Result<(), InboxError> {
        for (what, expected) in bound {
            let found: Option<String> = self
                .conn
                .query_row("SELECT value FROM meta WHERE key = ?1", [what], |row| {
                    row.get(0)
                })
                .optional()
                .map_err(|e| self.broken(&e))?;
            match found {
                Some(found) if found == *expected => {}
                Some(found) => {
                    return Err(InboxError::Bound {
                        path: self.path.clone(),
                        what,
                        found,
                        expected: (*expected).to_owned(),
                    });
                }
                None => {
                    let put = "INSERT INTO meta VALUES (?1, ?2)";
                    self.conn
                        .execute(put, [*what, *expected])
                        .map_err(|e| self.broken(&e))?;
                }
            }
        }
        Ok(())
    }

    /// Takes a page of events in, durable when this returns.
    ///
    /// # Errors
    ///
    /// Nothing of the page is recorded then, and nothing of it may be acknowledged.
    pub fn deposit(&mut self, page: &[Incoming]) -> Result<Vec<Deposit>, InboxError> {
        let path = self.path.clone();
        let deposited = || -> rusqlite::Result<Vec<Deposit>> {
            let tx = self
                .conn
                .transaction_with_behavior(TransactionBehavior::Immediate)?;
            let deposits = page.iter().map(|incoming| put(&tx, incoming));
            let deposits = deposits.collect::<rusqlite::Result<Vec<_>>>()?;
            tx.commit()?;
            Ok(deposits)
        };
        let mut deposited = deposited;
        deposited().map_err(|e| broken(&path, &e))
    }

    /// Events that are to be followed at `now`, oldest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn due(&self, now: i64, limit: u32) -> Result<Vec<Hint>, InboxError> {
        let read = || -> rusqlite::Result<Vec<Hint>> {
            let mut select = self.conn.prepare_cached(
                "SELECT event, id, word, tries FROM events WHERE standing = 0 AND due_at <= ?1 ORDER BY due_at, event LIMIT ?2",
            )?;
            let hints = select.query_map((now, limit), |row| {
                Ok(Hint {
                    event: row.get(0)?,
                    id: row.get(1)?,
                    word: row.get(2)?,
                    tries: row.get(3)?,
                })
            })?;
            hints.collect()
        };
        read().map_err(|e| self.broken(&e))
    }

    /// When the next event is to be followed; `None` if none is.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn next_due(&self) -> Result<Option<i64>, InboxError> {
        let next = "SELECT min(due_at) FROM events WHERE standing = 0";
        self.conn
            .query_row(next, [], |row| row.get(0))
            .map_err(|e| self.broken(&e))
    }

    /// Records what became of hints.
    ///
    /// # Errors
    ///
    /// If it cannot be recorded: they are followed once more then, which does no harm.
    pub fn followed(&mut self, page: &[(i64, Followed)]) -> Result<(), InboxError> {
        let path = self.path.clone();
        let mut write = || -> rusqlite::Result<()> {
            let tx = self.conn.transaction()?;
            for (event, followed) in page {
                let (standing, counted, due_at) = match followed {
                    Followed::Settled => (SETTLED, 1, 0),
                    Followed::Unknown => (UNKNOWN, 0, 0),
                    Followed::Again { due_at, counted } => (OPEN, i64::from(*counted), *due_at),
                };
                tx.prepare_cached(
                    "UPDATE events SET standing = ?2, tries = tries + ?3, due_at = ?4 WHERE event = ?1",
                )?
                .execute((event, standing, counted, due_at))?;
            }
            tx.commit()
        };
        write().map_err(|e| broken(&path, &e))
    }

    /// Looks for unknown ids again, since their checkpoint may have been brought into the folder. Returns how many.
    ///
    /// # Errors
    ///
    /// If it cannot be recorded.
    pub fn reopen_unknown(&mut self) -> Result<usize, InboxError> {
        self.conn
            .execute(
                "UPDATE events SET standing = 0, due_at = 0 WHERE standing = ?1",
                [UNKNOWN],
            )
            .map_err(|e| self.broken(&e))
    }

    fn broken(&self, cause: &rusqlite::Error) -> InboxError {
        broken(&self.path, cause)
    }
}

fn put(conn: &Connection, incoming: &Incoming) -> rusqlite::Result<Deposit> {
    let Verified { print, id, word } = &incoming.verified;
    let name = id.as_deref().unwrap_or_default();
    let readings: i64 = conn
        .prepare_cached("SELECT count(*) FROM events WHERE print = ?1")?
        .query_row([&print[..]], |row| row.get(0))?;
    let known = conn
        .prepare_cached("SELECT 1 FROM events WHERE print = ?1 AND id = ?2")?
        .exists((&print[..], name))?;
    if known || readings >= READINGS_MAX {
        return Ok(if known {
            Deposit::Duplicate
        } else {
            Deposit::TooMany
        });
    }
    let standing = if id.is_some() { OPEN } else { NO_ID };
    conn.prepare_cached(
        "INSERT INTO events (print, id, word, received_at, standing, tries, due_at) VALUES (?1, ?2, ?3, ?4, ?5, 0, 0)",
    )?
    .execute((&print[..], name, word, incoming.at, standing))?;
    Ok(if id.is_some() {
        Deposit::New
    } else {
        Deposit::NothingToFollow
    })
}

/// SQLite would make the file with the umask's mode. One that is there is left as it is, but never through a link.
fn make_private(path: &Path) -> Result<(), InboxError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let cannot = |cause: std::io::Error| InboxError::Broken {
        path: path.to_owned(),
        cause: cause.to_string(),
    };
    match path.symlink_metadata() {
        Ok(found) if found.is_file() => return Ok(()),
        Ok(_) => return Err(InboxError::Foreign(path.to_owned())),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(cannot(error)),
        Err(_) => {}
    }
    let new = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(MODE)
        .open(path);
    new.and_then(|file| file.sync_all()).map_err(cannot)?;
    let folder = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    std::fs::File::open(folder.unwrap_or(Path::new(".")))
        .and_then(|folder| folder.sync_all())
        .map_err(cannot)
}

fn broken(path: &Path, cause: &rusqlite::Error) -> InboxError {
    InboxError::Broken {
        path: path.to_owned(),
        cause: cause.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUND: [(&str, &str); 2] = [("environment", "test"), ("account", "me")];

    fn event(print: u8, id: Option<&str>) -> Incoming {
        Incoming {
            verified: Verified {
                print: [print; 16],
                id: id.map(str::to_owned),
                word: "CASHGRAM_REDEEMED".to_owned(),
            },
            at: 5,
        }
    }

    #[test]
    fn an_event_is_had_once_and_followed_until_settled() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("inbox.db");
        let mut inbox = Inbox::open(&path, &BOUND).unwrap();
        let page = [event(1, Some("a")), event(1, Some("a")), event(2, None)];
        let deposits = inbox.deposit(&page).unwrap();
        use Deposit::{Duplicate, New, NothingToFollow};
        assert_eq!(deposits, [New, Duplicate, NothingToFollow]);
        let hint = inbox.due(0, 9).unwrap().pop().unwrap();
        assert_eq!((hint.id.as_str(), hint.tries), ("a", 0));
        let again = Followed::Again {
            due_at: 70,
            counted: true,
        };
        inbox.followed(&[(hint.event, again)]).unwrap();
        assert_eq!(inbox.due(69, 9).unwrap(), []);
        assert_eq!(inbox.next_due().unwrap(), Some(70));
        drop(inbox);
        let mut inbox = Inbox::open(&path, &BOUND).unwrap();
        assert_eq!(inbox.due(70, 9).unwrap()[0].tries, 1);
        assert_eq!(inbox.deposit(&page[..1]).unwrap(), [Duplicate]);
        inbox.followed(&[(hint.event, Followed::Unknown)]).unwrap();
        assert_eq!(inbox.next_due().unwrap(), None);
        assert_eq!(inbox.reopen_unknown().unwrap(), 1);
        assert_eq!(inbox.due(0, 9).unwrap().len(), 1);
    }

    #[test]
    fn one_signed_text_is_not_read_without_end() {
        let folder = tempfile::tempdir().unwrap();
        let mut inbox = Inbox::open(&folder.path().join("i.db"), &BOUND).unwrap();
        let page: Vec<Incoming> = ["a", "b", "c", "d", "e", "f", "a"]
            .map(|id| event(7, Some(id)))
            .to_vec();
        use Deposit::{Duplicate, New, TooMany};
        assert_eq!(
            inbox.deposit(&page).unwrap(),
            [New, New, New, New, TooMany, TooMany, Duplicate]
        );
    }

    #[test]
    fn what_is_not_this_inbox_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("i.db");
        drop(Inbox::open(&path, &BOUND).unwrap());
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let refused = Inbox::open(&path, &[("environment", "production")]).unwrap_err();
        assert!(matches!(refused, InboxError::Bound { .. }), "{refused}");
        let text = folder.path().join("notes.db");
        std::fs::write(
            &text,
            "not a database, but long enough to be looked at twice",
        )
        .unwrap();
        let other = folder.path().join("other.db");
        let conn = Connection::open(&other).unwrap();
        conn.execute_batch("PRAGMA application_id = 7; CREATE TABLE t (x);")
            .unwrap();
        drop(conn);
        for path in [text, other, folder.path().to_owned()] {
            let before = std::fs::read(&path).ok();
            let refused = Inbox::open(&path, &BOUND).unwrap_err();
            assert!(matches!(refused, InboxError::Foreign(_)), "{refused}");
            assert_eq!(std::fs::read(&path).ok(), before);
        }
    }
}
