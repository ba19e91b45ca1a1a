//! The checkpoint as it stood at one moment, for whoever only tells of it: a run that writes is neither waited for nor
//! disturbed.
//!
//! Everything is read in one transaction, a line at a time, and each line is proved by its seals. Deliberately absent:
//! any way to write.

use std::path::Path;

use crate::domain::{History, Money, State, StatusClass};

use super::error::Error;
use super::lock::Lock;
use super::meta::{self, Binding};
use super::note::{BATCH, Note};
use super::schema::{self, damaged};
use super::seal::{PLACED, WHOLE};
use super::store::{Store, class_from, state_from};

/// A payout with everything that may be told of it. Texts are blank where nothing is known; times are milliseconds since
/// 1970 UTC.
#[derive(Clone, Copy, Debug)]
pub struct PayoutRow<'r> {
    /// Its number.
    pub payout: i64,
    /// Its row in the sheet, 1 for the first; `None` if it is no longer there.
    pub row: Option<u64>,
    /// The line of the file where that row begins.
    pub line: Option<u64>,
    /// Its id; blank for an invalid row.
    pub cashgram_id: &'r str,
    /// Payee.
    pub name: &'r str,
    /// Ten digits, 0 if unreadable.
    pub phone: u64,
    /// E-mail address.
    pub email: &'r str,
    /// Amount, zero if unreadable.
    pub amount: Money,
    /// `2026-11-30`, `+7d` or blank.
    pub link_expiry: &'r str,
    /// The body that was sent.
    pub body: &'r str,
    /// Where it stands.
    pub state: State,
    /// It was confirmed, and the gateway says that it does not know it.
    pub lost: bool,
    /// Create requests so far.
    pub attempts: u32,
    /// What is known from the gateway.
    pub seen: Seen<'r>,
    /// Code of the refusal.
    pub error_code: &'r str,
    /// What was refused, or why it is in doubt.
    pub error_message: &'r str,
    /// When it was confirmed.
    pub created_at: Option<i64>,
    /// When its status was last asked for.
    pub checked_at: Option<i64>,
    /// When it was first seen redeemed.
    pub redeemed_at: Option<i64>,
}

/// What the gateway said of a Cashgram.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'r> {
    /// Reference.
    pub reference_id: &'r str,
    /// Link.
    pub link: &'r str,
    /// Status word.
    pub status: &'r str,
    /// What the word is taken for.
    pub class: Option<StatusClass>,
    /// The gateway's reason.
    pub reason: &'r str,
    /// Bank reference.
    pub utr: &'r str,
}

/// One recorded fact.
#[derive(Clone, Debug)]
pub enum FactRow<'r> {
    /// Of one payout.
    OfPayout {
        /// Its number.
        payout: i64,
        /// When, in milliseconds since 1970 UTC.
        at: i64,
        /// What happened, as it is spelled in the file.
        kind: &'r str,
        /// The number of the attempt, for a `sending`.
        attempt: Option<u32>,
        /// What it carried, as a JSON object; blank if nothing.
        detail: &'r str,
    },
    /// Of the batch as a whole.
    OfBatch(Note),
}

const COLUMNS: &str = "payout, row, line, cashgram_id, name, phone, email, amount, link_expiry, body, state, attempts,
    reference_id, cashgram_link, status, status_class, status_reason, utr, error_code, error_message, created_at,
    checked_at, redeemed_at, history";

impl Store {
    /// Opens the checkpoint of `batch` in `environment` as it stands now, whatever account it belongs to and whoever is
    /// writing it. What is read belongs to one moment; nothing can be written.
    ///
    /// # Errors
    ///
    /// As [`Store::open`].
    pub fn open_reading(path: &Path, environment: &str, batch: &str) -> Result<Store, Error> {
        if schema::is_older(path)? {
            // Brought forward once, by whoever holds the lock.
            let _lock = Lock::take(path, "a reader that brings an older file forward")?;
            schema::open(path)?;
        }
        let conn = schema::open_reading(path)?;
        meta::verify(
            &conn,
            path,
            &[("environment", environment), ("batch", batch)],
        )?;
        Store::read_in(conn, path)
    }

    /// What the checkpoint is bound to.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn binding(&self) -> Result<Binding, Error> {
        let get = |key| Ok::<_, Error>(meta::get(&self.conn, &self.path, key)?.unwrap_or_default());
        Ok(Binding {
            environment: get("environment")?,
            host: get("gateway")?,
            account: get("account")?,
            batch: get("batch")?,
        })
    }

    /// Calls `each` with every payout of the sheet, in its order, then with those that are no longer in it.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or not every row of the sheet was found.
    pub fn each_payout(&self, mut each: impl FnMut(PayoutRow<'_>)) -> Result<(), Error> {
        let read = |e| damaged(&self.path, e);
        let mut rows = 0;
        for part in [
            "row IS NOT NULL ORDER BY row",
            "row IS NULL ORDER BY payout",
        ] {
            let sql =
                format!("SELECT {COLUMNS} FROM payouts WHERE {WHOLE} AND {PLACED} AND {part}");
            let mut select = self.conn.prepare(&sql).map_err(read)?;
            let mut lines = select.query([]).map_err(read)?;
            while let Some(line) = lines.next().map_err(read)? {
                let state = state_from(line.get(10).map_err(read)?, &self.path)?;
                let payout = payout_row(line, state).map_err(read)?;
                rows += u64::from(payout.row.is_some());
                each(payout);
            }
        }
        self.prove_count(rows)
    }

    /// Calls `each` with every recorded fact, the oldest first.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn each_fact(&self, mut each: impl FnMut(FactRow<'_>)) -> Result<(), Error> {
        let read = |e| damaged(&self.path, e);
        let sql = "SELECT payout, at, kind, attempt, detail FROM facts ORDER BY fact";
        let mut select = self.conn.prepare(sql).map_err(read)?;
        let mut lines = select.query([]).map_err(read)?;
        while let Some(line) = lines.next().map_err(read)? {
            // A note that a later paysheet wrote is nothing to this one.
            if let Some(fact) = fact_row(line).map_err(read)? {
                each(fact);
            }
        }
        Ok(())
    }

    /// From the first creation to the last look at a status, in milliseconds since 1970 UTC.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn lifetime(&self) -> Result<Option<(i64, i64)>, Error> {
        let sql = "SELECT min(created_at), max(max(coalesce(created_at, 0), coalesce(checked_at, 0), coalesce(redeemed_at, 0)))
            FROM payouts WHERE created_at IS NOT NULL";
        let times = self.conn.query_row(sql, [], |line| {
            Ok((
                line.get::<_, Option<i64>>(0)?,
                line.get::<_, Option<i64>>(1)?,
            ))
        });
        let (first, last) = times.map_err(|e| damaged(&self.path, e))?;
        Ok(first.zip(last))
    }
}

fn payout_row<'r>(line: &'r rusqlite::Row<'_>, state: State) -> rusqlite::Result<PayoutRow<'r>> {
    let text = |column| text(line, column);
    Ok(PayoutRow {
        payout: line.get(0)?,
        row: line.get(1)?,
        line: line.get(2)?,
        cashgram_id: text(3)?,
        name: text(4)?,
        phone: line.get(5)?,
        email: text(6)?,
        amount: Money::from_paise(line.get(7)?).unwrap_or_default(),
        link_expiry: text(8)?,
        body: text(9)?,
        state,
        lost: line.get::<_, u16>(23)? & History::LOST != 0,
        attempts: line.get(11)?,
        seen: Seen {
            reference_id: text(12)?,
            link: text(13)?,
            status: text(14)?,
            class: line.get::<_, Option<i64>>(15)?.map(class_from),
            reason: text(16)?,
            utr: text(17)?,
        },
        error_code: text(18)?,
        error_message: text(19)?,
        created_at: line.get(20)?,
        checked_at: line.get(21)?,
        redeemed_at: line.get(22)?,
    })
}

fn fact_row<'r>(line: &'r rusqlite::Row<'_>) -> rusqlite::Result<Option<FactRow<'r>>> {
    let (payout, at): (i64, i64) = (line.get(0)?, line.get(1)?);
    let (kind, detail) = (text(line, 2)?, text(line, 4)?);
    if payout == BATCH {
        return Ok(Note::read(at, kind, detail).map(FactRow::OfBatch));
    }
    Ok(Some(FactRow::OfPayout {
        payout,
        at,
        kind,
        attempt: line.get(3)?,
        detail,
    }))
}

/// Blank where there is none; an error where it is not a text.
fn text<'r>(line: &'r rusqlite::Row<'_>, column: usize) -> rusqlite::Result<&'r str> {
    Ok(line.get_ref(column)?.as_str_or_null()?.unwrap_or_default())
}
