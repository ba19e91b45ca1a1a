//! What a run or a sweep has still to do, a page at a time, in sheet order.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::{History, Money, Standing};

use super::apply::standing_from;
use super::closing::resumable;
use super::error::Error;
use super::peek::{Made, made_from};
use super::schema::damaged;
use super::seal::{PLACED, WHOLE};
use super::store::{PayoutNo, Store};

/// REDEEMED is asked again for so long after it was first seen, since a bank may return the money (`product.md`).
const REDEEMED_ASKED_AGAIN_MS: i64 = 10 * 24 * 60 * 60 * 1000;

/// A payout that is `ready` or `unknown`.
#[derive(Clone, Debug)]
pub struct OpenRow {
    /// Its number.
    pub payout: PayoutNo,
    /// Its row in the sheet.
    pub row: u64,
    /// Its id.
    pub cashgram_id: String,
    /// Whether the sheet brought the id.
    pub own_id: bool,
    /// Where it stands.
    pub standing: Standing,
    /// Payee.
    pub name: String,
    /// Ten digits.
    pub phone: u64,
    /// E-mail address, or blank.
    pub email: String,
    /// Amount.
    pub amount: Money,
    /// `2026-11-30`, `+7d` or blank.
    pub link_expiry: String,
    /// Remarks, or blank.
    pub remarks: String,
    /// Payout type, or blank.
    pub payout_type: String,
    /// Description, or blank.
    pub description: String,
    /// The row's own wish, if it has one.
    pub notify: Option<bool>,
    /// The body that was sent, if any.
    pub body: Option<Arc<str>>,
}

/// A payout whose status a sweep asks for.
#[derive(Clone, Debug)]
pub struct SweepRow {
    /// Its number.
    pub payout: PayoutNo,
    /// Its row in the sheet; 0 if it is no longer there.
    pub row: u64,
    /// Its id.
    pub cashgram_id: String,
    /// Its amount.
    pub amount: Money,
    /// Where it stands.
    pub standing: Standing,
    /// The status known so far.
    pub status: Option<String>,
}

impl From<OpenRow> for SweepRow {
    fn from(row: OpenRow) -> SweepRow {
        let OpenRow {
            payout,
            row,
            cashgram_id,
            amount,
            standing,
            ..
        } = row;
        SweepRow {
            payout,
            row,
            cashgram_id,
            amount,
            standing,
            status: None,
        }
    }
}

/// What a run would send now: `ready` payouts but those held back by a conflict of their phone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sendable {
    /// Payouts.
    pub rows: u64,
    /// Their sum.
    pub amount: Money,
    /// How many of them are created, and get a new link.
    pub created: u64,
    /// How many of them are cancelled, and are paid after all.
    pub cancelled: u64,
    /// Line and amount of the largest.
    pub largest: Vec<(u64, Money)>,
    /// Payouts whose recipients the gateway messages.
    pub messaged: u64,
}

/// Largest amounts shown before the question: where a slipped decimal point would stand.
const LARGEST_SHOWN: u32 = 3;
/// Conflicts that hold back their phone. An own id that was another payment's and has left the sheet holds nobody.
const HOLDING: &str = "state = 5 AND (row IS NOT NULL OR NOT own_id)";
/// Conflicts that nobody was told more of than a 409.
const UNSEEN: &str = "state = 5 AND status IS NULL";
const UNHELD: &str = "row > 0
    AND phone NOT IN (SELECT phone FROM payouts WHERE state = 5 AND (row IS NOT NULL OR NOT own_id))";
pub(super) const SWEEP_COLUMNS: &str =
    "state, attempts, terms, history, payout, row, cashgram_id, amount, status";
/// Not final: no status yet, one that moves, or redeemed (2) since `?2`; and what was stopped, until it is seen dead.
fn open_status() -> String {
    let (exists, known) = (History::EXISTS, History::DEAD | History::REPLACED);
    format!(
        "(state IN (2, 3, 5) AND (status_class IS NULL OR status_class IN (0, 1, 6)
        OR status_class = 2 AND (redeemed_at IS NULL OR redeemed_at > ?2))
        OR state = 6 AND history & {exists} <> 0 AND history & {known} = 0)"
    )
}
const OPEN_COLUMNS: &str =
    "state, attempts, terms, history, payout, row, cashgram_id, own_id, name, phone, email, amount,
    link_expiry, remarks, payout_type, description, notify, body";

impl Store {
    /// `ready` payouts below `after_row` in the sheet, at most `limit`.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn ready_page(&self, after_row: u64, limit: u32) -> Result<Vec<OpenRow>, Error> {
        self.open_page(("state = 1", self.chosen()), after_row, limit)
    }

    /// `unknown` payouts below `after_row` in the sheet, at most `limit`.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn unknown_page(&self, after_row: u64, limit: u32) -> Result<Vec<OpenRow>, Error> {
        self.open_page(("state = 2", self.chosen()), after_row, limit)
    }

    /// Payouts in conflict of which the gateway has not said anything but that their ids exist, below `after_row` in the
    /// sheet, at most `limit`.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn unseen_page(&self, after_row: u64, limit: u32) -> Result<Vec<OpenRow>, Error> {
        // There is no index for so few: it is seldom that there are any.
        match self.unseen_conflicts()? {
            0 => Ok(Vec::new()),
            _ => self.open_page((UNSEEN, self.chosen()), after_row, limit),
        }
    }

    /// How many payouts [`Store::unseen_page`] has, chosen or not.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn unseen_conflicts(&self) -> Result<u64, Error> {
        let sql = format!("SELECT count(*) FROM payouts WHERE {UNSEEN} AND +row > 0");
        self.conn
            .query_row(&sql, [], |line| line.get(0))
            .map_err(|e| damaged(&self.path, e))
    }

    fn open_page(
        &self,
        (which, chosen): (&str, &str),
        after_row: u64,
        limit: u32,
    ) -> Result<Vec<OpenRow>, Error> {
        let read = |e| damaged(&self.path, e);
        // The state stands in the text, not in a parameter, so that SQLite may use the partial index.
        let sql = format!(
            "SELECT {OPEN_COLUMNS} FROM payouts WHERE {which} AND row > ?1{chosen} AND {WHOLE} AND {PLACED} ORDER BY row LIMIT ?2"
        );
        let mut select = self.conn.prepare_cached(&sql).map_err(read)?;
        let mut lines = select.query((after_row, limit)).map_err(read)?;
        let mut page = Vec::new();
        while let Some(line) = lines.next().map_err(read)? {
            page.push(open_row(line, self)?);
        }
        Ok(page)
    }

    /// Payouts that are not final at `now_ms`, above payout `after`, at most `limit`: created, unknown and conflicting ones,
    /// and cancelled links that were not seen dead yet.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn sweep_page(
        &self,
        after: PayoutNo,
        now_ms: i64,
        limit: u32,
    ) -> Result<Vec<SweepRow>, Error> {
        let read = |e| damaged(&self.path, e);
        let open = open_status();
        let sql = format!(
            "SELECT {SWEEP_COLUMNS} FROM payouts WHERE payout > ?1 AND {open} AND {WHOLE} AND {PLACED}
             ORDER BY payout LIMIT ?3"
        );
        let mut select = self.conn.prepare_cached(&sql).map_err(read)?;
        let since = now_ms.saturating_sub(REDEEMED_ASKED_AGAIN_MS);
        let mut lines = select.query((after.0, since, limit)).map_err(read)?;
        let mut page = Vec::new();
        while let Some(line) = lines.next().map_err(read)? {
            page.push(sweep_row(line, self)?);
        }
        Ok(page)
    }

    /// `ready` payouts below `after_row` in the sheet, as questions, at most `limit`, chosen or not: whether a batch was
    /// paid before does not depend on the rows that are meant today.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn ready_sweep_page(&self, after_row: u64, limit: u32) -> Result<Vec<SweepRow>, Error> {
        let rows = self.open_page(("state = 1", ""), after_row, limit)?;
        Ok(rows.into_iter().map(SweepRow::from).collect())
    }

    /// What a run would send now; where there is a choice, all that is chosen; where a closed batch is about to be
    /// `reopened`, also what is in doubt and would no longer be stopped. Rows that do not say whether to message the recipient follow `notify`.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn sendable(&self, notify: bool, reopened: bool) -> Result<Sendable, Error> {
        let read = |e| damaged(&self.path, e);
        // Of a choice all is sent, whatever has to be done to it first.
        let which = if self.picking { "1" } else { "state = 1" };
        let mut sendable = format!("{which} AND {UNHELD}{}", self.chosen());
        if reopened && self.meta.closed {
            sendable = format!("({sendable} OR row > 0 AND state = 2 AND {})", resumable());
        }
        let sums = format!(
            "SELECT count(*), coalesce(sum(amount), 0), coalesce(sum(coalesce(notify, ?1)), 0),
                coalesce(sum(state = 3), 0), coalesce(sum(state = 6), 0) FROM payouts WHERE {sendable}"
        );
        let (rows, paise, messaged, created, cancelled) = self
            .conn
            .query_row(&sums, [notify], |line| line.try_into())
            .map_err(read)?;
        let sql = format!(
            "SELECT line, amount FROM payouts WHERE {sendable} ORDER BY amount DESC, row LIMIT {LARGEST_SHOWN}"
        );
        let mut select = self.conn.prepare(&sql).map_err(read)?;
        let mut lines = select.query([]).map_err(read)?;
        let mut largest = Vec::new();
        while let Some(line) = lines.next().map_err(read)? {
            let amount = Money::from_paise(line.get(1).map_err(read)?).unwrap_or_default();
            largest.push((line.get(0).map_err(read)?, amount));
        }
        let amount = Money::from_paise(paise).unwrap_or_default();
        Ok(Sendable {
            rows,
            amount,
            created,
            cancelled,
            largest,
            messaged,
        })
    }

    /// How many payouts a sweep at `now_ms` would ask for.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn sweep_count(&self, now_ms: i64) -> Result<u64, Error> {
        let since = now_ms.saturating_sub(REDEEMED_ASKED_AGAIN_MS);
        let open = open_status();
        let sql = format!("SELECT count(*) FROM payouts WHERE payout > ?1 AND {open}");
        self.conn
            .query_row(&sql, (0, since), |line| line.get(0))
            .map_err(|e| damaged(&self.path, e))
    }

    /// Phones of which some payout is in conflict: no other row of theirs may be sent.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn conflict_phones(&self) -> Result<Vec<u64>, Error> {
        let read = |e| damaged(&self.path, e);
        let mut select = self
            .conn
            .prepare(&format!(
                "SELECT DISTINCT phone FROM payouts WHERE {HOLDING}"
            ))
            .map_err(read)?;
        let phones = select.query_map([], |line| line.get(0)).map_err(read)?;
        phones.collect::<Result<_, _>>().map_err(read)
    }

    /// How many rows are in conflict under an id that the sheet brought.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn conflicts_by_own_id(&self) -> Result<u64, Error> {
        let sql =
            "SELECT count(*) FROM payouts WHERE state = 5 AND row IS NOT NULL AND own_id <> 0";
        self.conn
            .query_row(sql, [], |line| line.get(0))
            .map_err(|e| damaged(&self.path, e))
    }

    /// The rows in conflict under ids that the sheet brought, by id: what the sheet pays, and the link that was found.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn own_id_conflicts(&self) -> Result<BTreeMap<String, Made>, Error> {
        let sql = "SELECT phone, amount, reference_id, cashgram_id FROM payouts
             WHERE state = 5 AND row IS NOT NULL AND own_id <> 0";
        let read = |e| damaged(&self.path, e);
        let mut select = self.conn.prepare(sql).map_err(read)?;
        let rows = select.query_map([], |line| Ok((line.get(3)?, made_from(line)?)));
        rows.and_then(Iterator::collect).map_err(read)
    }

    /// All payouts in conflict, with the status known so far; but for those whose rows have left the sheet, which were
    /// another payment's and are nobody's to adopt.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn conflicts(&self) -> Result<Vec<SweepRow>, Error> {
        let read = |e| damaged(&self.path, e);
        let sql = format!(
            "SELECT {SWEEP_COLUMNS} FROM payouts WHERE state = 5 AND row IS NOT NULL AND {WHOLE} AND {PLACED} ORDER BY row"
        );
        let mut select = self.conn.prepare(&sql).map_err(read)?;
        let mut lines = select.query([]).map_err(read)?;
        let mut rows = Vec::new();
        while let Some(line) = lines.next().map_err(read)? {
            rows.push(sweep_row(line, self)?);
        }
        Ok(rows)
    }
}

pub(super) fn sweep_row(line: &rusqlite::Row<'_>, store: &Store) -> Result<SweepRow, Error> {
    let read = |e| damaged(&store.path, e);
    Ok(SweepRow {
        standing: standing_from(line, &store.path)?,
        payout: PayoutNo(line.get(4).map_err(read)?),
        row: line.get::<_, Option<u64>>(5).map_err(read)?.unwrap_or(0),
        // A row with faults has none.
        cashgram_id: line
            .get::<_, Option<String>>(6)
            .map_err(read)?
            .unwrap_or_default(),
        amount: Money::from_paise(line.get(7).map_err(read)?).unwrap_or_default(),
        status: line.get(8).map_err(read)?,
    })
}

fn open_row(line: &rusqlite::Row<'_>, store: &Store) -> Result<OpenRow, Error> {
    let read = |e| damaged(&store.path, e);
    let body: Option<String> = line.get(17).map_err(read)?;
    Ok(OpenRow {
        standing: standing_from(line, &store.path)?,
        payout: PayoutNo(line.get(4).map_err(read)?),
        row: line.get(5).map_err(read)?,
        cashgram_id: line.get(6).map_err(read)?,
        own_id: line.get(7).map_err(read)?,
        name: line.get(8).map_err(read)?,
        phone: line.get(9).map_err(read)?,
        email: line.get(10).map_err(read)?,
        amount: Money::from_paise(line.get(11).map_err(read)?).unwrap_or_default(),
        link_expiry: line.get(12).map_err(read)?,
        remarks: line.get(13).map_err(read)?,
        payout_type: line.get(14).map_err(read)?,
        description: line.get(15).map_err(read)?,
        notify: line.get(16).map_err(read)?,
        body: body.map(Arc::from),
    })
}
