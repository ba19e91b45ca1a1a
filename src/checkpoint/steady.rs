//! The checkpoint as it stands at one moment, whole: for what hands it on or examines it while a run may be writing.
//!
//! One read transaction: a run is not waited for and not disturbed, and what it writes meanwhile is not seen. A reader who
//! is the last to leave tidies up what SQLite keeps beside the file. Files of every format up to the present one are read
//! as they are: columns are named by the file itself.
//!
//! Deliberately absent: belief. Nothing read here is acted on but by the commands that show it.

use std::path::{Path, PathBuf};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Row};

use super::error::Error;
use super::meta::{self, Binding};
use super::schema::{APPLICATION_ID, BUSY_TIMEOUT, FORMAT, damaged, prove};
use super::seal;

/// An open checkpoint that cannot be written through.
#[derive(Debug)]
pub struct Steady {
    pub(super) conn: Connection,
    pub(super) path: PathBuf,
    /// The file's format.
    pub format: i64,
    /// What the checkpoint is bound to.
    pub binding: Binding,
}

/// One line of a table, its columns by name.
pub struct Line<'r> {
    names: &'r [String],
    row: &'r Row<'r>,
}

impl Line<'_> {
    /// Calls `each` with every column and its value.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or the first error of `each`.
    pub fn each<E>(
        &self,
        mut each: impl FnMut(&str, ValueRef<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        for (at, name) in self.names.iter().enumerate() {
            each(name, self.row.get_ref(at).unwrap_or(ValueRef::Null))?;
        }
        Ok(())
    }
}

impl Steady {
    /// Opens the checkpoint at `path`.
    ///
    /// # Errors
    ///
    /// If there is none, or it is foreign, newer, or cannot be read.
    pub fn open(path: &Path) -> Result<Steady, Error> {
        let read = |e| damaged(path, e);
        if path.symlink_metadata().is_err() {
            return Err(Error::Missing {
                path: path.to_owned(),
            });
        }
        // Opened for writing, which tidies up; held to reading by the next line.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(path, flags).map_err(read)?;
        conn.busy_timeout(BUSY_TIMEOUT).map_err(read)?;
        conn.pragma_update(None, "query_only", "ON").map_err(read)?;
        conn.execute_batch("BEGIN").map_err(read)?;
        let number =
            |name: &str| conn.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
        if number("application_id").map_err(read)? != APPLICATION_ID {
            return Err(Error::Foreign {
                path: path.to_owned(),
            });
        }
        let format = number("user_version").map_err(read)?;
        if format > FORMAT {
            return Err(Error::Newer {
                path: path.to_owned(),
                found: format,
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
        Ok(Steady {
            format,
            binding,
            path: path.to_owned(),
            conn,
        })
    }

    /// Refuses a checkpoint of another environment or batch.
    ///
    /// # Errors
    ///
    /// [`Error::Bound`].
    pub fn verify(&self, environment: &str, batch: &str) -> Result<(), Error> {
        let expected = [("environment", environment), ("batch", batch)];
        meta::verify(&self.conn, &self.path, &expected)
    }

    /// Refuses a checkpoint that is bound to anything but `binding`.
    ///
    /// # Errors
    ///
    /// [`Error::Bound`].
    pub fn verify_binding(&self, binding: &Binding) -> Result<(), Error> {
        binding.verify(&self.conn, &self.path)
    }

    /// Everything that is known of the batch as a whole, by key.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn meta(&self) -> Result<Vec<(String, String)>, Error> {
        let read = |e| damaged(&self.path, e);
        let mut select = self
            .conn
            .prepare("SELECT key, value FROM meta ORDER BY key")
            .map_err(read)?;
        let pairs = select
            .query_map([], |line| Ok((line.get(0)?, line.get(1)?)))
            .map_err(read)?;
        pairs.collect::<Result<_, _>>().map_err(read)
    }

    /// Calls `each` with every payout, whatever its generation, in or out of the sheet, by number. Returns how many.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or the first error of `each`.
    pub fn each_payout<E: From<Error>>(
        &self,
        each: impl FnMut(&Line<'_>) -> Result<(), E>,
    ) -> Result<u64, E> {
        self.each_line("SELECT * FROM payouts ORDER BY payout", each)
    }

    /// Calls `each` with every fact and its payout's id, the oldest first. Returns how many.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or the first error of `each`.
    pub fn each_fact<E: From<Error>>(
        &self,
        each: impl FnMut(&Line<'_>) -> Result<(), E>,
    ) -> Result<u64, E> {
        let sql = "SELECT fact, facts.payout, cashgram_id, at, kind, attempt, facts.terms, detail
            FROM facts LEFT JOIN payouts ON payouts.payout = facts.payout ORDER BY fact";
        self.each_line(sql, each)
    }

    fn each_line<E: From<Error>>(
        &self,
        sql: &str,
        mut each: impl FnMut(&Line<'_>) -> Result<(), E>,
    ) -> Result<u64, E> {
        let read = |e| E::from(damaged(&self.path, e));
        let mut select = self.conn.prepare(sql).map_err(read)?;
        let names: Vec<String> = select.column_names().map(str::to_owned).collect();
        let mut lines = select.query([]).map_err(read)?;
        let mut count = 0;
        while let Some(row) = lines.next().map_err(read)? {
            each(&Line { names: &names, row })?;
            count += 1;
        }
        Ok(count)
    }

    /// Reads every page and, in files of the present format, every line against its seal.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] says what is not as it was written.
    pub fn prove_whole(&self) -> Result<(), Error> {
        let read = |e| damaged(&self.path, e);
        let verdict: String = self
            .conn
            .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
            .map_err(read)?;
        if verdict != "ok" {
            return Err(Error::Damaged {
                path: self.path.clone(),
                what: verdict,
            });
        }
        if self.format < FORMAT {
            return Ok(());
        }
        seal::teach(&self.conn).map_err(read)?;
        prove(&self.conn, true).map_err(read)
    }
}

/// The users' word for a stored state.
///
/// # Errors
///
/// [`Error::Damaged`] if there is no such state.
pub fn state_word(code: i64, path: &Path) -> Result<&'static str, Error> {
    super::store::state_from(code, path).map(crate::domain::State::word)
}
