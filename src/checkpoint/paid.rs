//! When a checkpoint last paid, whom, and whom not: for the guards against paying the same people again.
//!
//! Another batch's checkpoint is read through a [`Peek`], so a run that writes it is not disturbed, and a line at a time,
//! so memory does not grow with it. Deliberately absent there: seals. Nothing of another batch is acted on but by a
//! person, and a line that changed by itself is one row of many.

use std::ops::ControlFlow;
use std::sync::LazyLock;

use rusqlite::OptionalExtension as _;

use crate::domain::{History, RowKey, State};

use super::error::Error;
use super::peek::Peek;
use super::schema::damaged;
use super::seal::{PLACED, WHOLE};
use super::store::{PayoutNo, Store};

/// Created (3) since then, or sent since then and still unknown (2). Where anything was, or was tried since then, the batch
/// goes on: what it has yet to send (1) is paid by whoever resumes it. The facts are read only where they are needed.
const PAID_SINCE: &str = "
WITH tried AS (SELECT payout FROM facts WHERE kind = 'sending' AND at >= ?1)
SELECT phone, amount, cashgram_id FROM payouts WHERE state = 3 AND created_at >= ?1
UNION ALL
SELECT phone, amount, cashgram_id FROM payouts WHERE state = 2 AND payout IN tried
UNION ALL
SELECT phone, amount, cashgram_id FROM payouts WHERE state = 1 AND row > 0
    AND (EXISTS (SELECT 1 FROM payouts WHERE state = 3 AND created_at >= ?1)
        OR EXISTS (SELECT 1 FROM payouts WHERE state IN (1, 2) AND payout IN tried))";

/// How many links of the sheet's rows were made, how many of them before then, the last of these, and how many since that
/// took no other's place.
const PAID_BEFORE: &str = "
SELECT count(*), count(*) FILTER (WHERE created_at < ?1), max(created_at) FILTER (WHERE created_at < ?1),
    count(*) FILTER (WHERE created_at >= ?1 AND generation = 1)
FROM payouts WHERE state = 3 AND row IS NOT NULL";

/// When the batch was begun: a young one need not be read whole, unless it has taken over what is older.
const FIRST_FACT: &str = "SELECT at FROM facts ORDER BY fact LIMIT 1";

/// Whether anything of the sheet's rows exists that was stopped, or may exist.
static EXISTS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT 1 FROM payouts WHERE row IS NOT NULL AND (state = 2 OR state = 6 AND history & {} <> 0)",
        History::EXISTS
    )
});

/// When anything was last sent or adopted.
const LAST_SENT: &str =
    "SELECT at FROM facts WHERE kind IN ('sending', 'adopted') ORDER BY fact DESC LIMIT 1";

/// What of a batch was paid long ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaidBefore {
    /// The last of it, in milliseconds since 1970 UTC.
    pub last_ms: i64,
    /// Whether nothing was paid since, but for new links in the place of old ones.
    pub is_all: bool,
}

impl Peek {
    /// Calls `each` with phone, paise and id of every payout that was created since `since_ms`, or was sent since then and is
    /// unknown, and if there is one, or one was tried, of those that the batch has yet to send; until it breaks off.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn each_paid_since(
        &self,
        since_ms: i64,
        mut each: impl FnMut(u64, i64, &str) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let read = |e| damaged(&self.path, e);
        let mut select = self.conn.prepare(PAID_SINCE).map_err(read)?;
        let mut lines = select.query([since_ms]).map_err(read)?;
        while let Some(line) = lines.next().map_err(read)? {
            let (phone, paise) = (line.get(0).map_err(read)?, line.get(1).map_err(read)?);
            let id = line.get_ref(2).map_err(read)?;
            let id = id.as_str_or_null().map_err(|e| read(e.into()))?;
            if each(phone, paise, id.unwrap_or_default()).is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// As [`PAID_SINCE`], the last of them.
const LAST_PAID: &str = "
SELECT max(at) FROM (SELECT max(created_at) AS at FROM payouts WHERE state = 3
UNION ALL SELECT max(at) FROM facts WHERE kind = 'sending' AND payout IN (SELECT payout FROM payouts WHERE state = 2))";

impl Store {
    /// When a payout was last created, or sent where it is still unknown, in milliseconds since 1970 UTC: what other
    /// batches are compared with.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn last_paid_at(&self) -> Result<Option<i64>, Error> {
        self.conn
            .query_row(LAST_PAID, [], |line| line.get(0))
            .map_err(|e| damaged(&self.path, e))
    }

    /// Whether anything was created, or may have been: the batch goes on then, whatever others have paid since.
    pub fn has_paid(&self) -> bool {
        let rows = |state| self.totals.rows(state);
        rows(State::Created) + rows(State::Unknown) > 0
    }

    /// Whether links of half of the rows or more were made before `then_ms` (milliseconds since 1970 UTC): what a few rows
    /// got since, or lost, makes no young batch of it. Where all links were stopped it counts when anything was last sent, and
    /// where nothing was ever made, nothing was paid.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn paid_before(&self, then_ms: i64) -> Result<Option<PaidBefore>, Error> {
        let read = |e| damaged(&self.path, e);
        let first = self.conn.query_row(FIRST_FACT, [], |line| line.get(0));
        let first: Option<i64> = first.optional().map_err(read)?;
        if first.is_none_or(|first| first >= then_ms && !self.meta.replaces_lost) {
            return Ok(None);
        }
        let (made, before, last, since): (u64, u64, Option<i64>, u64) = self
            .conn
            .query_row(PAID_BEFORE, [then_ms], |line| {
                Ok((line.get(0)?, line.get(1)?, line.get(2)?, line.get(3)?))
            })
            .map_err(read)?;
        if made > 0 {
            let last_ms = last.filter(|_| before.saturating_mul(2) >= made);
            return Ok(last_ms.map(|last_ms| PaidBefore {
                last_ms,
                is_all: since == 0,
            }));
        }
        let mut existing = self.conn.prepare(&EXISTS).map_err(read)?;
        if !existing.exists([]).map_err(read)? {
            return Ok(None);
        }
        let last = self.conn.query_row(LAST_SENT, [], |line| line.get(0));
        let last: Option<i64> = last.optional().map_err(read)?;
        Ok(last
            .filter(|last| *last < then_ms)
            .map(|last_ms| PaidBefore {
                last_ms,
                is_all: true,
            }))
    }

    /// Whom and how much each chosen payout is: phone and amount alone.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn chosen_keys(&self) -> Result<Vec<RowKey>, Error> {
        let read = |e| damaged(&self.path, e);
        let sql = format!(
            "SELECT phone, amount FROM payouts WHERE {WHOLE}{}",
            self.chosen()
        );
        let mut select = self.conn.prepare(&sql).map_err(read)?;
        let keys = select.query_map([], |line| {
            let (phone, amount) = (line.get(0)?, line.get(1)?);
            Ok(RowKey {
                phone,
                amount,
                ..RowKey::default()
            })
        });
        keys.and_then(Iterator::collect).map_err(read)
    }

    /// Calls `each` with every row's payout that was never paid, as far as is known: number, phone (0 if it was not
    /// readable), own id (blank if it has none) and the row's cells, a JSON array.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn each_unpaid(
        &self,
        mut each: impl FnMut(PayoutNo, u64, &str, &str),
    ) -> Result<(), Error> {
        let read = |e| damaged(&self.path, e);
        let sql = format!(
            "SELECT payout, phone, own_id, coalesce(sheet_id, ''), cells FROM payouts
             WHERE row IS NOT NULL AND CASE WHEN {WHOLE} AND {PLACED} THEN state IN (0, 1, 4) END"
        );
        let mut select = self.conn.prepare(&sql).map_err(read)?;
        let mut lines = select.query([]).map_err(read)?;
        while let Some(line) = lines.next().map_err(read)? {
            let text = |column| {
                let value = line.get_ref(column)?;
                Ok(value.as_str()?)
            };
            let (sheet_id, cells) = (text(3).map_err(read)?, text(4).map_err(read)?);
            let has_own = line.get(2).map_err(read)?;
            let own_id = if has_own { sheet_id } else { "" };
            let (payout, phone) = (line.get(0).map_err(read)?, line.get(1).map_err(read)?);
            each(PayoutNo(payout), phone, own_id, cells);
        }
        Ok(())
    }
}
