//! Personal data leaves the checkpoint: from its lines, its facts, its free pages and its log. Totals, ids and states stay.
//!
//! One transaction changes every line; then the file is written anew, since a page that is free, or a log that is not
//! yet overwritten, still holds what it held. Each step can be made again: a purge that was cut short is finished by the
//! next one.
//!
//! Deliberately absent: the terms of payments as they were. They are digests of phone and amount, and there are few enough
//! phones to try them all; what replaces them can be told from one another and from nothing else. Ids stay, since without
//! them nothing could be asked about any more.

use std::path::{Path, PathBuf};

use aws_lc_rs::{hmac, rand};
use jiff::Timestamp;
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, TransactionBehavior};

use crate::domain::History;

use super::apply::LOST;
use super::error::Error;
use super::meta;
use super::schema::{damaged, write};
use super::store::Store;

/// What is blanked in a payout, but for our own words of a link that is lost. A reason of the gateway stays where it is a
/// code, and not a sentence that may name somebody.
const PAYOUTS: &str = "
UPDATE payouts SET name = '', phone = 0, email = '', remarks = '', payout_type = '', description = '', cells = '[]',
    body = NULL, cashgram_link = NULL, error_message = CASE WHEN error_message = ?1 THEN ?1 END, terms = rekeyed(terms),
    status_reason = CASE WHEN status_reason NOT GLOB '*[^A-Z_]*' THEN status_reason END";
/// What is left out of a fact; the batch's own, of payout 0, name nobody.
const FACTS: &str = "
UPDATE facts SET terms = rekeyed(terms),
    detail = CASE WHEN json_valid(detail) THEN json_remove(detail, '$.link', '$.message', '$.why', '$.reason') END
WHERE payout > 0 AND (terms IS NOT NULL OR detail IS NOT NULL)";

/// Payouts that are not at their end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unfinished {
    /// Not sent.
    pub ready: u64,
    /// In doubt.
    pub unknown: u64,
    /// Found at the gateway, and not from here.
    pub conflict: u64,
    /// Links that may still be paid out.
    pub moving: u64,
    /// To be stopped, and not known to be.
    pub cancelling: u64,
}

impl Unfinished {
    /// All of them.
    pub fn rows(&self) -> u64 {
        self.ready + self.unknown + self.conflict + self.moving + self.cancelling
    }
}

impl Store {
    /// What is not at its end yet, of every generation. What was not sent and has left the sheet exists nowhere.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn unfinished(&self) -> Result<Unfinished, Error> {
        let sql = format!(
            "SELECT coalesce(sum(state = 1 AND row IS NOT NULL), 0), coalesce(sum(state = 2), 0), coalesce(sum(state = 5), 0),
                coalesce(sum(state = 3 AND coalesce(status_class, 6) IN (0, 1, 6)), 0),
                coalesce(sum(state = 3 AND coalesce(status_class, 6) IN (2, 3, 4, 5) AND history & {} <> 0), 0) FROM payouts",
            History::CANCELLING
        );
        self.conn
            .query_row(&sql, [], |line| {
                Ok(Unfinished {
                    ready: line.get(0)?,
                    unknown: line.get(1)?,
                    conflict: line.get(2)?,
                    moving: line.get(3)?,
                    cancelling: line.get(4)?,
                })
            })
            .map_err(|e| damaged(&self.path, e))
    }

    /// Refuses a batch whose personal data was removed: nothing can be sent from it.
    ///
    /// # Errors
    ///
    /// [`Error::Purged`].
    pub fn refuse_purged(&self) -> Result<(), Error> {
        match &self.meta.purged {
            None => Ok(()),
            Some(at) => Err(Error::Purged {
                path: self.path.clone(),
                at: at.clone(),
            }),
        }
    }

    /// When personal data was removed, if a purge was made to its end.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn purged_at(&self) -> Result<Option<&str>, Error> {
        let finished = meta::get(&self.conn, &self.path, "purge_finished")?;
        let at = self.meta.purged.as_deref();
        Ok(at.filter(|_| finished.is_some_and(|word| word == "yes")))
    }

    /// Notes that results were written to `path`, so that a purge knows of them.
    ///
    /// # Errors
    ///
    /// If it cannot be recorded.
    pub fn remember_results(&self, path: &Path) -> Result<(), Error> {
        let mut known = self.results_remembered()?;
        if known.iter().any(|known| known == path) {
            return Ok(());
        }
        known.push(path.to_owned());
        // A path that is no text cannot be told to anybody either.
        let texts: Vec<&str> = known.iter().filter_map(|path| path.to_str()).collect();
        let list = serde_json::json!(texts).to_string();
        meta::put(&self.conn, &self.path, "results", &list)
    }

    /// Notes that results of the sheet that was taken in last have been written.
    ///
    /// # Errors
    ///
    /// If it cannot be recorded.
    pub fn note_told(&self) -> Result<(), Error> {
        match &self.meta.fingerprint {
            Some(fingerprint) if !self.is_told()? => {
                meta::put(&self.conn, &self.path, "told", fingerprint)
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Whether they have. A run that died after its intake has not written any.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn is_told(&self) -> Result<bool, Error> {
        let told = meta::get(&self.conn, &self.path, "told")?;
        Ok(told.is_some() && told == self.meta.fingerprint)
    }

    /// Where results were ever written.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn results_remembered(&self) -> Result<Vec<PathBuf>, Error> {
        let list = meta::get(&self.conn, &self.path, "results")?;
        let list = list.and_then(|list| serde_json::from_str(&list).ok());
        Ok(list.unwrap_or_default())
    }

    /// Removes personal data, for good. Nothing can be sent from this checkpoint afterwards.
    ///
    /// # Errors
    ///
    /// If it cannot be recorded, or somebody reads the file meanwhile; the next purge finishes this one then.
    pub fn purge(&mut self, at: Timestamp) -> Result<(), Error> {
        self.blank(at)?;
        self.write_anew()?;
        self.put_flag("purge_finished", true)?;
        self.empty_log()
    }

    fn blank(&mut self, at: Timestamp) -> Result<(), Error> {
        let path = self.path.clone();
        let put = |e| write(&path, e);
        // Before anything is changed: what a change frees is overwritten.
        self.conn
            .query_row("PRAGMA secure_delete = ON", [], |_| Ok(()))
            .map_err(put)?;
        teach_rekeyed(&self.conn).map_err(put)?;
        let tx = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(put)?;
        let at = self.meta.purged.clone().unwrap_or_else(|| at.to_string());
        meta::put(&tx, &path, "purged", &at)?;
        meta::put(&tx, &path, "purge_finished", "no")?;
        tx.execute("DELETE FROM meta WHERE key IN ('fingerprint', 'told')", [])
            .map_err(put)?;
        tx.execute(PAYOUTS, [LOST]).map_err(put)?;
        tx.execute(FACTS, []).map_err(put)?;
        tx.commit().map_err(put)?;
        self.meta.purged = Some(at);
        self.meta.fingerprint = None;
        Ok(())
    }

    /// Free pages are dropped, and every other is written again.
    fn write_anew(&self) -> Result<(), Error> {
        self.empty_log()?;
        self.conn
            .execute_batch("VACUUM")
            .map_err(|e| write(&self.path, e))?;
        self.empty_log()
    }

    /// The log enters the file and is cut to nothing. A reader holds on to what it reads.
    fn empty_log(&self) -> Result<(), Error> {
        let busy: bool = self
            .conn
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |line| line.get(0))
            .map_err(|e| write(&self.path, e))?;
        if busy {
            return Err(Error::Locked {
                path: self.path.clone(),
                holder: "a program that reads it, such as an export".to_owned(),
            });
        }
        Ok(())
    }
}

/// `rekeyed(terms)`: equal for equal terms, and tied to them by a key that nobody keeps.
fn teach_rekeyed(conn: &Connection) -> rusqlite::Result<()> {
    let failed = |_| rusqlite::Error::UserFunctionError("no random key".into());
    let key = hmac::Key::generate(hmac::HMAC_SHA256, &rand::SystemRandom::new()).map_err(failed)?;
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    conn.create_scalar_function("rekeyed", 1, flags, move |call| {
        let terms: Option<i64> = call.get(0)?;
        Ok(terms.map(|terms| {
            let tag = hmac::sign(&key, &terms.to_le_bytes());
            let first = tag.as_ref().first_chunk().copied().unwrap_or_default();
            i64::from_le_bytes(first)
        }))
    })
}
