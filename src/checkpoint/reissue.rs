//! The next generation: a payout that is proven dead or cancelled gives its row to a new one, in one transaction.
//!
//! Deliberately absent: whether it may. That is [`crate::domain::Standing::may_be_replaced`], asked by the fact itself.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use crate::domain::{CashgramId, Fact, Money, Phone, State};

use super::apply::standing_from;
use super::error::Error;
use super::meta;
use super::schema::{damaged, write};
use super::seal::{PLACED, SEAL_ONE, WHOLE, sealed_update};
use super::store::{PayoutNo, Store};
use super::totals::Counted;

/// What the next generation takes from the one before it.
struct Last {
    line: u64,
    cashgram_id: String,
    own_id: bool,
    sheet_id: Option<String>,
    occurrence: u32,
    generation: u32,
    phone: u64,
    amount: Money,
    link_expiry: String,
    counted: Counted,
}

impl Store {
    /// Replaces every chosen payout that may be, and chooses the new ones in their stead. An expiry that `may_expire`
    /// refuses is left out, so that the run's own applies. Returns how many.
    ///
    /// # Errors
    ///
    /// If it cannot be recorded, or an id is taken; nothing has changed then.
    pub fn reissue_picked(
        &mut self,
        at: Timestamp,
        may_expire: impl Fn(&str) -> bool,
    ) -> Result<u64, Error> {
        let old = self.replaceable()?;
        let put = |e| write(&self.path, e);
        let mut totals = self.totals.clone();
        let tx = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(put)?;
        let path = &self.path;
        let batch = meta::get(&tx, path, "batch")?.unwrap_or_default();
        let mut new = Vec::new();
        for payout in &old {
            let last = last(&tx, path, *payout)?;
            let expiry = Some(last.link_expiry.as_str()).filter(|text| may_expire(text));
            let next = place(&tx, path, *payout, &last, &batch, expiry.unwrap_or(""))?;
            retire(&tx, path, *payout, next, at)?;
            let ready = Counted {
                state: State::Ready,
                amount: last.amount,
                status: None,
            };
            totals.shift(Some(&last.counted), Some(&ready));
            new.push(next);
        }
        totals.save(&self.totals, &tx, path)?;
        for payout in &old {
            tx.execute("DELETE FROM temp.picked WHERE payout = ?1", [payout.0])
                .map_err(put)?;
        }
        tx.commit().map_err(put)?;
        self.totals = totals;
        self.pick(&new)?;
        Ok(u64::try_from(new.len()).unwrap_or(0))
    }

    fn replaceable(&self) -> Result<Vec<PayoutNo>, Error> {
        let mut old = Vec::new();
        self.each_picked(|row| {
            if row.standing.may_be_replaced() && row.row > 0 {
                old.push(row.payout);
            }
        })?;
        Ok(old)
    }
}

fn last(conn: &Connection, path: &Path, payout: PayoutNo) -> Result<Last, Error> {
    let read = |e| damaged(path, e);
    let sql = format!(
        "SELECT state, attempts, terms, history, line, cashgram_id, own_id, sheet_id, occurrence, generation, phone,
                amount, link_expiry, status, status_class
         FROM payouts WHERE payout = ?1 AND {WHOLE} AND {PLACED}"
    );
    let mut select = conn.prepare_cached(&sql).map_err(read)?;
    let mut lines = select.query([payout.0]).map_err(read)?;
    let Some(line) = lines.next().map_err(read)? else {
        return Err(Error::Damaged {
            path: path.to_owned(),
            what: format!("there is no payout {}", payout.0),
        });
    };
    let amount = Money::from_paise(line.get(11).map_err(read)?).unwrap_or_default();
    let word: Option<String> = line.get(13).map_err(read)?;
    let class: Option<i64> = line.get(14).map_err(read)?;
    let status = word.zip(class.map(super::store::class_from));
    Ok(Last {
        line: line.get(4).map_err(read)?,
        cashgram_id: line.get(5).map_err(read)?,
        own_id: line.get(6).map_err(read)?,
        sheet_id: line.get(7).map_err(read)?,
        occurrence: line.get(8).map_err(read)?,
        generation: line.get(9).map_err(read)?,
        phone: line.get(10).map_err(read)?,
        amount,
        link_expiry: line.get(12).map_err(read)?,
        counted: Counted {
            state: standing_from(line, path)?.state,
            amount,
            status,
        },
    })
}

impl Last {
    /// The id that the sheet brought, where it did.
    fn brought(&self) -> Option<&str> {
        let first = self.sheet_id.as_deref().unwrap_or(&self.cashgram_id);
        self.own_id.then_some(first)
    }

    /// The next generation's id.
    fn next_id(&self, batch: &str) -> Option<CashgramId> {
        next_id(
            batch,
            self.brought(),
            self.phone,
            (self.occurrence, self.generation),
        )
    }
}

/// The id of the generation after that of `place`, which is occurrence and generation: a digest over the own id and the
/// generation, or over what the first one's was made of.
pub(super) fn next_id(
    batch: &str,
    own: Option<&str>,
    phone: u64,
    place: (u32, u32),
) -> Option<CashgramId> {
    let (occurrence, generation) = (place.0, place.1.checked_add(1)?);
    match own {
        Some(own) => Some(CashgramId::derive_own(
            &CashgramId::parse(own).ok()?,
            generation,
        )),
        None => {
            let phone = Phone::from_number(phone)?;
            Some(CashgramId::derive(batch, phone, occurrence, generation))
        }
    }
}

/// Makes the new payout in the old one's row.
fn place(
    conn: &Connection,
    path: &Path,
    old: PayoutNo,
    last: &Last,
    batch: &str,
    link_expiry: &str,
) -> Result<PayoutNo, Error> {
    let put = |e| write(path, e);
    let Some(id) = last.next_id(batch) else {
        return Err(Error::Damaged {
            path: path.to_owned(),
            what: format!("payout {} has no id to go on from", old.0),
        });
    };
    let taken: Option<Option<u64>> = conn
        .query_row(
            "SELECT line FROM payouts WHERE cashgram_id = ?1",
            [id.as_str()],
            |line| line.get(0),
        )
        .optional()
        .map_err(put)?;
    if let Some(line) = taken {
        return Err(Error::SameId {
            first: line.unwrap_or(0).min(last.line),
            second: line.unwrap_or(0).max(last.line),
            id: id.as_str().to_owned(),
        });
    }
    conn.prepare_cached(
        "INSERT INTO payouts (row, line, cashgram_id, own_id, occurrence, generation, name, phone, email, amount,
            link_expiry, remarks, payout_type, description, notify, cells, state, attempts, history, sheet_id)
         SELECT row, line, ?2, own_id, occurrence, generation + 1, name, phone, email, amount,
            ?3, remarks, payout_type, description, notify, cells, 1, 0, 0, ?4 FROM payouts WHERE payout = ?1",
    )
    .and_then(|mut insert| insert.execute((old.0, id.as_str(), link_expiry, last.brought())))
    .map_err(put)?;
    let new = PayoutNo(conn.last_insert_rowid());
    conn.prepare_cached(SEAL_ONE)
        .and_then(|mut update| update.execute([new.0]))
        .map_err(put)?;
    Ok(new)
}

/// Takes the old payout out of the sheet for good.
fn retire(
    conn: &Connection,
    path: &Path,
    old: PayoutNo,
    by: PayoutNo,
    at: Timestamp,
) -> Result<(), Error> {
    let put = |e| write(path, e);
    let read = |e| damaged(path, e);
    let standing = {
        let mut select = conn
            .prepare_cached("SELECT state, attempts, terms, history FROM payouts WHERE payout = ?1")
            .map_err(read)?;
        let mut lines = select.query([old.0]).map_err(read)?;
        match lines.next().map_err(read)? {
            Some(line) => standing_from(line, path)?,
            None => return Ok(()),
        }
    };
    let replaced = standing.after(Fact::Replaced)?;
    let update = sealed_update(&[("history", "?2"), ("row", "NULL"), ("line", "NULL")]);
    conn.prepare_cached(&update)
        .and_then(|mut update| update.execute((old.0, replaced.history.bits())))
        .map_err(put)?;
    let detail = serde_json::json!({"by": by.0}).to_string();
    conn.prepare_cached(
        "INSERT INTO facts (payout, at, kind, detail) VALUES (?1, ?2, 'replaced', ?3)",
    )
    .and_then(|mut insert| insert.execute((old.0, at.as_millisecond(), detail)))
    .map(|_| ())
    .map_err(put)
}
