//! When a checkpoint last paid, whom, and whom not: for the guards against paying the same people again.
//!
//! Another batch's checkpoint is read through a [`Peek`], so a run that writes it is not disturbed, and a line at a time,
//! so memory does not grow with it. Deliberately absent there: seals. Nothing of another batch is acted on but by a
//! person, and a line that changed by itself is one row of many.

use std::ops::ControlFlow;

use rusqlite::OptionalExtension as _;

use super::error::Error;
use super::peek::Peek;
use super::schema::damaged;
use super::seal::{PLACED, WHOLE};
use super::store::{PayoutNo, Store};

/// Created (3) since then, or sent since then and still unknown (2). The facts are read only if a payout is unknown.
/// Where there is one, the batch goes on: what it has yet to send (1) is paid by whoever resumes it.
const PAID_SINCE: &str = "
SELECT phone, amount, 1 FROM payouts WHERE state = 3 AND created_at >= ?1
UNION ALL
SELECT phone, amount, 1 FROM payouts
WHERE state = 2 AND payout IN (SELECT payout FROM facts WHERE kind = 'sending' AND at >= ?1)
UNION ALL
SELECT phone, amount, 0 FROM payouts WHERE state = 1 AND row > 0";

/// Looks, changes of the sheet and what a lost checkpoint had made aside, everything decided something. Facts of payout 0 are
/// of the batch as a whole.
const LAST_WORK: &str = "
SELECT at FROM facts WHERE payout > 0
    AND kind NOT IN ('swept', 'missing', 'proven_dead', 'mended', 'spoiled', 'made_before')
ORDER BY fact DESC LIMIT 1";

impl Peek {
    /// Calls `each` with phone and paise of every payout that was created since `since_ms`, or was sent since then and is
    /// unknown, and if there is one, of those that the batch has yet to send; until it breaks off.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn each_paid_since(
        &self,
        since_ms: i64,
        mut each: impl FnMut(u64, i64) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let read = |e| damaged(&self.path, e);
        let mut select = self.conn.prepare(PAID_SINCE).map_err(read)?;
        let mut lines = select.query([since_ms]).map_err(read)?;
        let mut goes_on = false;
        while let Some(line) = lines.next().map_err(read)? {
            goes_on |= line.get::<_, bool>(2).map_err(read)?;
            if !goes_on {
                break;
            }
            let (phone, paise) = (line.get(0).map_err(read)?, line.get(1).map_err(read)?);
            if each(phone, paise).is_break() {
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

    /// When anything was last decided for a payout, in milliseconds since 1970 UTC; looks at links and a sheet that is taken
    /// in do not count.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn last_work_at(&self) -> Result<Option<i64>, Error> {
        self.conn
            .query_row(LAST_WORK, [], |line| line.get(0))
            .optional()
            .map_err(|e| damaged(&self.path, e))
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
