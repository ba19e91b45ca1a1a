//! The tables, and the checks before a file is believed.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::error::Error;
use super::{migrate, seal};

/// `PySh`: tells our files from other SQLite files.
pub(super) const APPLICATION_ID: i64 = 0x5079_5368;
/// The format written here. Raised with every change of the tables; older files are migrated forward.
pub(super) const FORMAT: i64 = 3;
/// Older SQLite can lose commits in WAL when a checkpoint races a writer (fixed in 3.51.3).
pub(super) const SQLITE_VERSION_MIN: i32 = 3_051_003;
/// Files up to this size are checked page by page and line by line when opened. Above it the check would take longer than a user
/// waits (about a second per 100 MiB), and SQLite still reports a bad page when it reads one.
pub(super) const QUICK_CHECK_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// How long a commit waits for a reader, such as an export, before it fails.
pub(super) const BUSY_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(10);
/// Page cache in KiB: holds the hot ends of the tables and indexes of any sheet, and bounds memory.
const CACHE_KIB: i64 = 16 * 1024;
/// Pages that gather in the WAL before they are copied into the file: 16 MiB. SQLite's own 1,000 copies the hot pages
/// four times as often, for nothing but a smaller file while a run lasts.
const WAL_PAGES: i64 = 4_000;

const TABLES: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL, seal INTEGER) STRICT, WITHOUT ROWID;
CREATE TABLE payouts (
    payout INTEGER PRIMARY KEY,
    row INTEGER, line INTEGER,
    cashgram_id TEXT, own_id INTEGER NOT NULL, occurrence INTEGER NOT NULL, generation INTEGER NOT NULL,
    name TEXT NOT NULL, phone INTEGER NOT NULL, email TEXT NOT NULL, amount INTEGER NOT NULL,
    link_expiry TEXT NOT NULL, remarks TEXT NOT NULL, payout_type TEXT NOT NULL, description TEXT NOT NULL, notify INTEGER,
    cells TEXT NOT NULL,
    state INTEGER NOT NULL, attempts INTEGER NOT NULL, history INTEGER NOT NULL, terms INTEGER, body TEXT,
    reference_id TEXT, cashgram_link TEXT, status TEXT, status_class INTEGER, status_reason TEXT, utr TEXT,
    error_code TEXT, error_message TEXT, created_at INTEGER, checked_at INTEGER, redeemed_at INTEGER, dead_at INTEGER,
    pay_seal INTEGER, told_seal INTEGER, place_seal INTEGER, sheet_id TEXT
) STRICT;
CREATE TABLE facts (
    fact INTEGER PRIMARY KEY, payout INTEGER NOT NULL, at INTEGER NOT NULL,
    kind TEXT NOT NULL, attempt INTEGER, terms INTEGER, detail TEXT
) STRICT;
CREATE TABLE totals (state INTEGER PRIMARY KEY, rows INTEGER NOT NULL, amount INTEGER NOT NULL, seal INTEGER) STRICT;
CREATE TABLE status_totals (status TEXT PRIMARY KEY, class INTEGER NOT NULL, rows INTEGER NOT NULL, seal INTEGER) STRICT, WITHOUT ROWID;
";

/// Made after the first intake, so that a million rows are sorted once instead of inserted one by one.
/// Where two would do, their order decides which a query takes: what counts open rows relies on it.
pub(super) const INDEXES: &str = "
CREATE INDEX IF NOT EXISTS payouts_by_row ON payouts(row) WHERE row IS NOT NULL;
CREATE INDEX IF NOT EXISTS payouts_ready ON payouts(row) WHERE state = 1;
CREATE INDEX IF NOT EXISTS payouts_unknown ON payouts(row) WHERE state = 2;
CREATE INDEX IF NOT EXISTS payouts_conflict ON payouts(phone) WHERE state = 5;
CREATE UNIQUE INDEX IF NOT EXISTS payouts_by_id ON payouts(cashgram_id) WHERE cashgram_id IS NOT NULL;
";

/// Whether the indexes name as many rows to be sent and to be looked up as were counted: what an index lost would
/// never be taken up. Conflicts have an index by phone, which is 0 after a purge.
const OPEN_COUNTED: &str = "
SELECT (SELECT count(*) FROM payouts WHERE state = 1 AND row > 0) = coalesce((SELECT rows FROM totals WHERE state = 1), 0)
   AND (SELECT count(*) FROM payouts WHERE state = 2 AND row > 0) = coalesce((SELECT rows FROM totals WHERE state = 2), 0)
   AND (SELECT count(*) FROM payouts WHERE state = 5 AND phone >= 0 AND row > 0)
       = coalesce((SELECT rows FROM totals WHERE state = 5), 0)";

/// Makes the file, whole or not at all: `fill` belongs to it. It is built beside its place and renamed, so that a run
/// that dies or runs out of room here leaves nothing that a later run would have to explain.
pub(super) fn make(
    path: &Path,
    fill: impl FnOnce(&Connection) -> Result<(), Error>,
) -> Result<(), Error> {
    let io = |cause| Error::Io {
        path: path.to_owned(),
        cause,
    };
    let new = beside(path, ".new");
    if path.symlink_metadata().is_ok() {
        return Err(Error::Foreign {
            path: path.to_owned(),
        });
    }
    for left in [&new, &beside(path, ".new-journal")] {
        remove(left).map_err(io)?;
    }
    make_private(&new)?;
    build(&new, path, fill).inspect_err(|_| {
        // It is in nobody's way, and the room is needed.
        let _ = remove(&new);
    })?;
    // What SQLite kept beside a checkpoint that somebody removed must not be read into this one.
    for end in ["-wal", "-shm", "-journal"] {
        remove(&beside(path, end)).map_err(io)?;
    }
    std::fs::rename(&new, path).map_err(io)?;
    sync_folder(path).map_err(io)
}

fn build(
    new: &Path,
    path: &Path,
    fill: impl FnOnce(&Connection) -> Result<(), Error>,
) -> Result<(), Error> {
    let conn = Connection::open_with_flags(new, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .map_err(|e| damaged(path, e))?;
    seal::teach(&conn).map_err(|e| write(path, e))?;
    let make = format!(
        "PRAGMA synchronous = FULL; BEGIN IMMEDIATE; PRAGMA application_id = {APPLICATION_ID}; \
         PRAGMA user_version = {FORMAT}; {TABLES}"
    );
    conn.execute_batch(&make).map_err(|e| write(path, e))?;
    fill(&conn)?;
    conn.execute_batch("COMMIT").map_err(|e| write(path, e))?;
    conn.close().map_err(|(_, e)| write(path, e))
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

fn remove(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Opens the file for writing and checks that it is one of ours, whole and not newer.
pub(super) fn open(path: &Path) -> Result<Connection, Error> {
    open_small(path, QUICK_CHECK_BYTES_MAX)
}

/// The same, where files up to `small` bytes are read whole.
pub(super) fn open_small(path: &Path, small: u64) -> Result<Connection, Error> {
    assert!(
        rusqlite::version_number() >= SQLITE_VERSION_MIN,
        "SQLite {} can lose commits in WAL mode",
        rusqlite::version()
    );
    let conn = connect(path)?;
    prepare(&conn, path, small)?;
    // SQLite has made its WAL by now; it would not say if the folder could not be synced.
    sync_folder(path).map_err(|cause| Error::Io {
        path: path.to_owned(),
        cause,
    })?;
    Ok(conn)
}

/// Opens the file for reading alone, whoever is writing it, at one moment. Opened so that a reader who is the last to
/// leave tidies up what SQLite keeps beside it.
pub(super) fn open_reading(path: &Path) -> Result<Connection, Error> {
    let conn = connect(path)?;
    seal::teach(&conn).map_err(|e| damaged(path, e))?;
    let set = |name: &str, value: &dyn rusqlite::ToSql| conn.pragma_update(None, name, value);
    set("query_only", &"ON").map_err(|e| damaged(path, e))?;
    set("cache_size", &-CACHE_KIB).map_err(|e| damaged(path, e))?;
    conn.execute_batch("BEGIN").map_err(|e| damaged(path, e))?;
    check(&conn, path, false)?;
    conn.query_row(seal::PROVE_SMALL, [], |_| Ok(()))
        .map_err(|e| damaged(path, e))?;
    Ok(conn)
}

/// Whether the file is ours, but of an older format.
pub(super) fn is_older(path: &Path) -> Result<bool, Error> {
    let conn = connect(path)?;
    Ok(identify(&conn, path)? < FORMAT)
}

fn connect(path: &Path) -> Result<Connection, Error> {
    if path.symlink_metadata().is_err() {
        return Err(Error::Missing {
            path: path.to_owned(),
        });
    }
    // A connection has one owner, so SQLite need not lock it against a second thread.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags).map_err(|e| damaged(path, e))?;
    conn.busy_timeout(BUSY_TIMEOUT)
        .map_err(|e| damaged(path, e))?;
    Ok(conn)
}

/// SQLite would make the file with the umask's mode: it holds names and phones, so it is made 0600 first.
fn make_private(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::OpenOptionsExt;
    let io = |cause| Error::Io {
        path: path.to_owned(),
        cause,
    };
    let file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(io)?;
    file.sync_all().map_err(io)
}

fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    std::fs::File::open(folder).and_then(|folder| folder.sync_all())
}

fn prepare(conn: &Connection, path: &Path, small: u64) -> Result<(), Error> {
    seal::teach(conn).map_err(|e| write(path, e))?;
    let whole = path.metadata().map_or(0, |data| data.len()) <= small;
    let found = check(conn, path, whole)?;
    let set = |name: &str, value: &dyn rusqlite::ToSql| conn.pragma_update(None, name, value);
    enter_wal(conn, path)?;
    set("synchronous", &"FULL").map_err(|e| write(path, e))?;
    set("cache_size", &-CACHE_KIB).map_err(|e| write(path, e))?;
    set("wal_autocheckpoint", &WAL_PAGES).map_err(|e| write(path, e))?;
    set("foreign_keys", &"OFF").map_err(|e| write(path, e))?;
    migrate::forward(conn, path, found)?;
    prove(conn, whole).map_err(|e| damaged(path, e))?;
    seal::keep(conn).map_err(|e| write(path, e))
}

/// SQLite answers with the mode it is in, and calls it no error if the disk refused the change. Outside WAL a commit is
/// not on the disk before the folder is.
fn enter_wal(conn: &Connection, path: &Path) -> Result<(), Error> {
    // Stepped to its end: the change is written after the answer is given.
    let mut change = conn
        .prepare("PRAGMA journal_mode = WAL")
        .map_err(|e| write(path, e))?;
    let answers = change.query_map([], |row| row.get(0));
    let modes: Result<Vec<String>, _> = answers.and_then(Iterator::collect);
    if modes.map_err(|e| write(path, e))? == ["wal"] {
        return Ok(());
    }
    Err(Error::Io {
        path: path.to_owned(),
        cause: std::io::Error::other("the disk did not take the change to a write-ahead log"),
    })
}

/// What binds the batch is proved whatever the size; every payout, where that takes no longer than a user waits. In a
/// larger file each is proved when it is read.
pub(super) fn prove(conn: &Connection, whole: bool) -> rusqlite::Result<()> {
    conn.query_row(seal::PROVE_SMALL, [], |_| Ok(()))?;
    if whole {
        seal::prove_payouts(conn)?;
    }
    // Of a whole file, too: SQLite's check tells of rows that an index lacks, not of those that it has too many.
    if conn.query_row(OPEN_COUNTED, [], |row| row.get(0))? {
        Ok(())
    } else {
        Err(seal::broken())
    }
}

/// Refuses what is not ours, or newer. The file's format.
fn identify(conn: &Connection, path: &Path) -> Result<i64, Error> {
    let pragma = |name: &str| {
        conn.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0))
            .map_err(|e| damaged(path, e))
    };
    if pragma("application_id")? != APPLICATION_ID {
        return Err(Error::Foreign {
            path: path.to_owned(),
        });
    }
    let found = pragma("user_version")?;
    if found > FORMAT {
        return Err(Error::Newer {
            path: path.to_owned(),
            found,
            known: FORMAT,
        });
    }
    Ok(found)
}

/// Refuses what is not ours, newer, or broken in its pages. The file's format.
fn check(conn: &Connection, path: &Path, whole: bool) -> Result<i64, Error> {
    let found = identify(conn, path)?;
    // Of a large file, the tables that bind the batch.
    let checks: &[&str] = if whole {
        &["integrity_check(1)"]
    } else {
        &[
            "quick_check(meta)",
            "quick_check(totals)",
            "quick_check(status_totals)",
        ]
    };
    for check in checks {
        let verdict: String = conn
            .query_row(&format!("PRAGMA {check}"), [], |row| row.get(0))
            .map_err(|e| damaged(path, e))?;
        if verdict != "ok" {
            return Err(Error::Damaged {
                path: path.to_owned(),
                what: verdict,
            });
        }
    }
    Ok(found)
}

/// An error while opening or reading: not a database, a bad page, or no permission.
pub(super) fn damaged(path: &Path, source: rusqlite::Error) -> Error {
    match source.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => Error::Foreign {
            path: path.to_owned(),
        },
        // No such table or column, or a value that cannot stand where it stands.
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::Unknown) | None => Error::Damaged {
            path: path.to_owned(),
            what: source.to_string(),
        },
        Some(_) => Error::Write {
            path: path.to_owned(),
            cause: source,
        },
    }
}

/// An error while writing.
pub(super) fn write(path: &Path, source: rusqlite::Error) -> Error {
    damaged(path, source)
}

#[cfg(test)]
mod tests;
