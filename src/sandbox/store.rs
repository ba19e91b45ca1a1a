//! The books as one SQLite file, so that a sandbox stopped by a kill goes on where it was, a million rows open at
//! once, and memory does not grow.
//!
//! WAL with `synchronous=OFF`: what a finished call wrote is in the operating system's hands and survives the death
//! of the process, SIGKILL included. It need not survive a power cut: this is play money, and syncing each change
//! would make the simulated gateway slower than the client it is there to test.
//!
//! Deliberately absent: migrations (a rehearsal's books of another version are refused, and may be deleted) and a
//! lock against a second process (SQLite's own keeps the file whole; the counters of two sandboxes would disagree).

use super::books::{Books, Broken, Opened};
use super::cashgram::{Cashgram, Purse, Script, Status};
use super::time::Moment;
use super::units::Span;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, named_params, params};
use std::fs::OpenOptions;
use std::path::Path;

/// "psbx" in ASCII: tells our books from every other SQLite file.
const APPLICATION_ID: i64 = 0x7073_6278;
/// Version of the tables.
const FORMAT: i64 = 1;
/// Statements kept prepared: all there are, with room.
const STATEMENTS_MAX: usize = 32;
/// Page cache in KiB. Ids are digests, so creates touch the index at random: a million rows need about this much.
const CACHE_KIB: i64 = 64 * 1024;
/// Milliseconds to wait for somebody who reads the file with another tool.
const BUSY_MS: u64 = 5_000;

const TABLES: &str = "
    CREATE TABLE cashgram (
        reference INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        amount INTEGER NOT NULL,
        name TEXT NOT NULL,
        phone TEXT NOT NULL,
        email TEXT NOT NULL,
        expiry_day INTEGER NOT NULL,
        created INTEGER NOT NULL,
        changed INTEGER NOT NULL,
        status TEXT NOT NULL,
        reason TEXT,
        attempts INTEGER NOT NULL,
        due INTEGER,
        script TEXT NOT NULL,
        creates_seen INTEGER NOT NULL,
        payload INTEGER NOT NULL,
        other_bodies INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX cashgram_due ON cashgram (due) WHERE due IS NOT NULL;
    CREATE TABLE purse (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        balance INTEGER NOT NULL,
        pending INTEGER NOT NULL,
        held INTEGER NOT NULL,
        clock_ahead INTEGER NOT NULL,
        next_token INTEGER NOT NULL,
        tokens_from INTEGER NOT NULL
    ) STRICT;
";

const INSERT: &str = "
    INSERT INTO cashgram VALUES (:reference, :id, :amount, :name, :phone, :email, :expiry_day, :created, :changed,
        :status, :reason, :attempts, :due, :script, :creates_seen, :payload, :other_bodies)
    ON CONFLICT (id) DO NOTHING";
const COUNT_CREATE: &str = "
    UPDATE cashgram SET creates_seen = creates_seen + 1, other_bodies = other_bodies + (payload <> ?2) WHERE id = ?1";
const CHANGE: &str = "
    UPDATE cashgram SET changed = ?2, status = ?3, reason = ?4, attempts = ?5, due = ?6, script = ?7 WHERE id = ?1";
const FIND: &str = "SELECT * FROM cashgram WHERE id = ?1";
const DUE: &str =
    "SELECT * FROM cashgram WHERE due IS NOT NULL AND due <= ?1 ORDER BY due, id LIMIT 1";
const NEXT_DUE: &str = "SELECT min(due) FROM cashgram WHERE due IS NOT NULL";
const EACH: &str = "SELECT * FROM cashgram WHERE reference > ?1 ORDER BY reference LIMIT ?2";
const PURSE: &str =
    "SELECT balance, pending, held, clock_ahead, next_token, tokens_from FROM purse";
const SAVE_PURSE: &str = "INSERT OR REPLACE INTO purse VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6)";

/// Books in a file.
#[derive(Debug)]
pub struct Store {
    db: Connection,
    /// When the next step of any link is due, so that most requests need not ask.
    next_due: Option<i64>,
}

impl From<rusqlite::Error> for Broken {
    fn from(error: rusqlite::Error) -> Self {
        Self(error.to_string())
    }
}

impl Store {
    /// Opens the books at `path`, or begins them there with mode 0600. A file that is not ours is left alone.
    pub fn open(path: &Path) -> Result<Self, Broken> {
        let begun = begin_private(path).map_err(|e| Broken(format!("{}: {e}", path.display())))?;
        let db = Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        db.busy_timeout(std::time::Duration::from_millis(BUSY_MS))?;
        db.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        if !begun {
            check_ours(&db, path)?;
        }
        db.pragma_update(None, "journal_mode", "wal")?;
        db.pragma_update(None, "synchronous", "off")?;
        db.pragma_update(None, "cache_size", -CACHE_KIB)?;
        if db.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))? == 0 {
            let stamp =
                format!("PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={FORMAT};");
            db.execute_batch(&format!("BEGIN IMMEDIATE; {TABLES} {stamp} COMMIT;"))?;
        }
        let next_due = db.query_row(NEXT_DUE, [], |row| row.get(0))?;
        Ok(Self { db, next_due })
    }

    /// Runs `work` as one transaction.
    fn together<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Broken> {
        let transaction = self.db.transaction()?;
        let done = work(&transaction)?;
        transaction.commit()?;
        Ok(done)
    }

    /// Notes a new due time, which can only bring the next one nearer.
    fn bring_forward(&mut self, due: Option<Moment>) {
        let due = due.map(Moment::micros);
        self.next_due = match (self.next_due, due) {
            (Some(known), Some(due)) => Some(known.min(due)),
            (known, due) => known.or(due),
        };
    }
}

/// Creates an empty file that only its owner may read; says whether there was none. A file left empty by a sandbox
/// killed right here is taken for a new one.
fn begin_private(path: &Path) -> std::io::Result<bool> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    Ok(options.open(path)?.metadata()?.len() == 0)
}

/// Refuses a file that is not a sandbox's books, or of another version.
fn check_ours(db: &Connection, path: &Path) -> Result<(), Broken> {
    let number = |name| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let place = path.display();
    let application =
        number("application_id").map_err(|e| Broken(format!("{place} cannot be read: {e}")))?;
    let format = number("user_version")?;
    // Killed between making the file WAL and making the tables: ours, and empty.
    let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match (application, format) {
        (APPLICATION_ID, FORMAT) => Ok(()),
        (0, 0) if tables == 0 => Ok(()),
        (APPLICATION_ID, other) => Err(Broken(format!(
            "{place} is of format {other}, this program knows {FORMAT}: name another file, or delete it"
        ))),
        _ => Err(Broken(format!(
            "{place} is not a sandbox's books: name another file"
        ))),
    }
}

fn cashgram(row: &Row<'_>) -> rusqlite::Result<Cashgram> {
    let moment = |name: &str| row.get(name).map(Moment::from_micros);
    let damaged = |what: &str| rusqlite::Error::InvalidColumnName(format!("damaged {what}"));
    let status: String = row.get("status")?;
    let script: String = row.get("script")?;
    Ok(Cashgram {
        id: row.get("id")?,
        reference: row.get("reference")?,
        amount: row.get("amount")?,
        name: row.get("name")?,
        phone: row.get("phone")?,
        email: row.get("email")?,
        expiry_day: row.get("expiry_day")?,
        created: moment("created")?,
        changed: moment("changed")?,
        status: Status::from_word(&status).ok_or_else(|| damaged("status"))?,
        reason: row.get("reason")?,
        attempts: row.get("attempts")?,
        script: Script::decode(&script).ok_or_else(|| damaged("script"))?,
        creates_seen: row.get("creates_seen")?,
        payload: row.get("payload")?,
        other_bodies: row.get("other_bodies")?,
    })
}

fn insert(db: &Connection, new: &Cashgram) -> rusqlite::Result<usize> {
    db.prepare_cached(INSERT)?.execute(named_params! {
        ":reference": new.reference, ":id": new.id, ":amount": new.amount, ":name": new.name, ":phone": new.phone,
        ":email": new.email, ":expiry_day": new.expiry_day, ":created": new.created.micros(),
        ":changed": new.changed.micros(), ":status": new.status.word(), ":reason": new.reason,
        ":attempts": new.attempts, ":due": new.script.due().map(Moment::micros), ":script": new.script.encode(),
        ":creates_seen": new.creates_seen, ":payload": new.payload, ":other_bodies": new.other_bodies,
    })
}

fn write_purse(db: &Connection, purse: &Purse) -> rusqlite::Result<usize> {
    let clock_ahead = purse.clock_ahead.signed();
    let values = params![
        purse.balance,
        purse.pending,
        purse.held,
        clock_ahead,
        purse.next_token,
        purse.tokens_from
    ];
    db.prepare_cached(SAVE_PURSE)?.execute(values)
}

impl Books for Store {
    fn find(&mut self, id: &str) -> Result<Option<Cashgram>, Broken> {
        Ok(self
            .db
            .prepare_cached(FIND)?
            .query_row([id], cashgram)
            .optional()?)
    }

    fn open(&mut self, new: &Cashgram, purse: Option<&Purse>) -> Result<Opened, Broken> {
        let added = match purse {
            None => insert(&self.db, new)?,
            Some(purse) => self.together(|db| {
                let added = insert(db, new)?;
                if added > 0 {
                    write_purse(db, purse).map(|_| added)
                } else {
                    Ok(added)
                }
            })?,
        };
        if added == 0 {
            self.count_create(&new.id, new.payload)?;
            return Ok(Opened::Known);
        }
        self.bring_forward(new.script.due());
        Ok(Opened::New)
    }

    fn count_create(&mut self, id: &str, payload: i64) -> Result<bool, Broken> {
        Ok(self
            .db
            .prepare_cached(COUNT_CREATE)?
            .execute(params![id, payload])?
            > 0)
    }

    fn change(&mut self, cashgram: &Cashgram, purse: &Purse) -> Result<(), Broken> {
        let due = cashgram.script.due();
        self.together(|db| {
            let (changed, status) = (cashgram.changed.micros(), cashgram.status.word());
            let (due, script) = (due.map(Moment::micros), cashgram.script.encode());
            let values = params![
                cashgram.id,
                changed,
                status,
                cashgram.reason,
                cashgram.attempts,
                due,
                script
            ];
            db.prepare_cached(CHANGE)?.execute(values)?;
            write_purse(db, purse)
        })?;
        self.bring_forward(due);
        Ok(())
    }

    fn due(&mut self, now: Moment) -> Result<Option<Cashgram>, Broken> {
        if self.next_due.is_none_or(|due| due > now.micros()) {
            return Ok(None);
        }
        let due = self
            .db
            .prepare_cached(DUE)?
            .query_row([now.micros()], cashgram)
            .optional()?;
        if due.is_none() {
            self.next_due = self
                .db
                .prepare_cached(NEXT_DUE)?
                .query_row([], |row| row.get(0))?;
        }
        Ok(due)
    }

    fn purse(&mut self) -> Result<Option<Purse>, Broken> {
        let read = |row: &Row<'_>| {
            let micros = u64::try_from(row.get::<_, i64>(3)?).unwrap_or(0);
            Ok(Purse {
                balance: row.get(0)?,
                pending: row.get(1)?,
                held: row.get(2)?,
                clock_ahead: Span::micros_of(micros),
                next_token: row.get(4)?,
                tokens_from: row.get(5)?,
            })
        };
        Ok(self.db.query_row(PURSE, [], read).optional()?)
    }

    fn save_purse(&mut self, purse: &Purse) -> Result<(), Broken> {
        write_purse(&self.db, purse)?;
        Ok(())
    }

    fn last_reference(&mut self) -> Result<Option<i64>, Broken> {
        Ok(self
            .db
            .query_row("SELECT max(reference) FROM cashgram", [], |row| row.get(0))?)
    }

    fn count(&mut self) -> Result<u64, Broken> {
        let count: i64 = self
            .db
            .query_row("SELECT count(*) FROM cashgram", [], |row| row.get(0))?;
        u64::try_from(count).map_err(|e| Broken(e.to_string()))
    }

    fn each(
        &mut self,
        after: i64,
        limit: usize,
        visit: &mut dyn FnMut(&Cashgram),
    ) -> Result<(), Broken> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut statement = self.db.prepare_cached(EACH)?;
        for found in statement.query_map([after, limit], cashgram)? {
            visit(&found?);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
