//! Cashgrams that the batch made and whose rows are no longer theirs: earlier generations, and rows that were cancelled
//! and then removed. With them what was in conflict when its row left: it may be this batch's, of a checkpoint that was
//! lost, and nothing else would remember it.
//!
//! Deliberately absent: what left the sheet without ever having existed.

use crate::domain::History;

use super::error::Error;
use super::rows::{ResultRow, TOLD_COLUMNS, result_row, told};
use super::schema::damaged;
use super::seal::{PLACED, WHOLE};
use super::store::Store;

/// One earlier Cashgram.
#[derive(Clone, Copy, Debug)]
pub struct EarlierRow<'r> {
    /// Payee.
    pub name: &'r str,
    /// Ten digits.
    pub phone: u64,
    /// What the results would tell of it.
    pub told: ResultRow<'r>,
}

impl Store {
    /// Calls `each` with every earlier Cashgram, the oldest first.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or the first error of `each`.
    pub fn each_earlier<E: From<Error>>(
        &self,
        mut each: impl FnMut(EarlierRow<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let read = |e| E::from(damaged(&self.path, e));
        if self.every_payout_has_a_row().map_err(read)? {
            return Ok(());
        }
        let sql = format!(
            "SELECT {TOLD_COLUMNS}, name, phone FROM payouts
             WHERE row IS NULL AND (history & {} <> 0 OR state IN (2, 5)) AND {WHOLE} AND {PLACED}
             ORDER BY payout",
            History::EXISTS
        );
        let mut select = self.conn.prepare(&sql).map_err(read)?;
        let mut lines = select.query([]).map_err(read)?;
        while let Some(line) = lines.next().map_err(read)? {
            let told = result_row(told(line).map_err(read)?, &self.path)?;
            let name = line.get_ref(14).map_err(read)?;
            each(EarlierRow {
                name: name.as_str().unwrap_or_default(),
                phone: line.get(15).map_err(read)?,
                told,
            })?;
        }
        Ok(())
    }

    /// Most batches have nothing earlier, and to look through all payouts for it takes long. They are numbered from 1: where
    /// the last number is the count of rows, none stands outside the sheet.
    fn every_payout_has_a_row(&self) -> rusqlite::Result<bool> {
        let sql = "SELECT coalesce(max(payout), 0) FROM payouts";
        let last: u64 = self.conn.query_row(sql, [], |line| line.get(0))?;
        Ok(last == self.totals.all_rows())
    }
}
