//! The batch as the results show it: every row of the sheet, in its order.

use std::path::Path;

use rusqlite::types::ValueRef;

use crate::domain::{Money, State};

use super::error::Error;
use super::schema::damaged;
use super::seal;
use super::store::{Store, state_from};

/// One row of the results. Texts are blank where nothing is known; times are milliseconds since 1970 UTC.
#[derive(Clone, Copy, Debug)]
pub struct ResultRow<'r> {
    /// The sheet's own cells, a JSON array.
    pub cells: &'r str,
    /// Cashgram id; blank for an invalid row.
    pub cashgram_id: &'r str,
    /// The gateway's reference.
    pub reference_id: &'r str,
    /// The link.
    pub cashgram_link: &'r str,
    /// Where the payout stands.
    pub state: State,
    /// The gateway's status word.
    pub status: &'r str,
    /// The gateway's reason.
    pub status_reason: &'r str,
    /// Bank reference.
    pub utr: &'r str,
    /// Code of the refusal.
    pub error_code: &'r str,
    /// What was refused, or why it is in doubt.
    pub error_message: &'r str,
    /// Create requests so far.
    pub attempts: u32,
    /// When it was confirmed.
    pub created_at: Option<i64>,
    /// When its status was last asked for.
    pub checked_at: Option<i64>,
    /// What it pays; nothing for an invalid row whose amount could not be read.
    pub amount: Money,
}

/// The columns of [`result_row`], which needs one called `amount` behind them.
pub(super) const TOLD_COLUMNS: &str =
    "cells, cashgram_id, reference_id, cashgram_link, state, status, status_reason, utr, error_code,
    error_message, attempts, created_at, checked_at";

impl Store {
    /// Calls `each` with every row that is in the sheet, in sheet order.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or the first error of `each`.
    pub fn each_row<E: From<Error>>(
        &self,
        mut each: impl FnMut(ResultRow<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let read = |e| E::from(damaged(&self.path, e));
        let mut select = self
            .conn
            .prepare(&format!(
                "SELECT {TOLD_COLUMNS}, row, line, told_seal, place_seal, amount
                 FROM payouts WHERE row IS NOT NULL ORDER BY row"
            ))
            .map_err(read)?;
        let mut lines = select.query([]).map_err(read)?;
        let mut rows = 0;
        while let Some(line) = lines.next().map_err(read)? {
            prove(line).map_err(read)?;
            rows += 1;
            each(result_row(line, &self.path)?)?;
        }
        self.prove_count(rows).map_err(E::from)
    }

    /// A row that vanished leaves no other trace.
    pub(super) fn prove_count(&self, rows: u64) -> Result<(), Error> {
        let counted: u64 = self.totals.states.values().map(|(rows, _)| rows).sum();
        if rows == counted {
            return Ok(());
        }
        Err(Error::Damaged {
            path: self.path.clone(),
            what: format!("{rows} rows where {counted} were counted"),
        })
    }

    /// Where the payout of that id stands, whom it pays and how much, if there is one.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn stands(&self, id: &str) -> Result<Option<(State, u64, Money)>, Error> {
        let read = |e| damaged(&self.path, e);
        let mut select = self
            .conn
            .prepare_cached("SELECT state, phone, amount FROM payouts WHERE cashgram_id = ?1")
            .map_err(read)?;
        let mut lines = select.query([id]).map_err(read)?;
        let Some(line) = lines.next().map_err(read)? else {
            return Ok(None);
        };
        let amount = Money::from_paise(line.get(2).map_err(read)?).unwrap_or_default();
        let state = state_from(line.get(0).map_err(read)?, &self.path)?;
        Ok(Some((state, line.get(1).map_err(read)?, amount)))
    }

    /// Calls `each` with every phone and the last of its payouts without an id of the sheet's own.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn each_last_occurrence(&self, mut each: impl FnMut(u64, u32)) -> Result<(), Error> {
        let read = |e| damaged(&self.path, e);
        let mut select = self
            .conn
            .prepare(
                "SELECT phone, max(occurrence) FROM payouts WHERE phone > 0 AND occurrence > 0 GROUP BY phone",
            )
            .map_err(read)?;
        let mut lines = select.query([]).map_err(read)?;
        while let Some(line) = lines.next().map_err(read)? {
            each(line.get(0).map_err(read)?, line.get(1).map_err(read)?);
        }
        Ok(())
    }

    /// Calls `each` with the number of every `ready` row, in sheet order.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn each_ready_row(&self, mut each: impl FnMut(u64)) -> Result<(), Error> {
        let read = |e| damaged(&self.path, e);
        let mut select = self
            .conn
            .prepare("SELECT row FROM payouts WHERE state = 1 AND row > 0 ORDER BY row")
            .map_err(read)?;
        let mut lines = select.query([]).map_err(read)?;
        while let Some(line) = lines.next().map_err(read)? {
            each(line.get(0).map_err(read)?);
        }
        Ok(())
    }
}

/// One row of the results, from the first columns of a line.
pub(super) fn result_row<'r>(
    line: &'r rusqlite::Row<'_>,
    path: &Path,
) -> Result<ResultRow<'r>, Error> {
    let read = |e| damaged(path, e);
    let text = |column| text(line, column).map_err(read);
    Ok(ResultRow {
        cells: text(0)?,
        cashgram_id: text(1)?,
        reference_id: text(2)?,
        cashgram_link: text(3)?,
        state: state_from(line.get(4).map_err(read)?, path)?,
        status: text(5)?,
        status_reason: text(6)?,
        utr: text(7)?,
        error_code: text(8)?,
        error_message: text(9)?,
        attempts: line.get(10).map_err(read)?,
        created_at: line.get(11).map_err(read)?,
        checked_at: line.get(12).map_err(read)?,
        amount: Money::from_paise(line.get("amount").map_err(read)?).unwrap_or_default(),
    })
}

/// Refuses a line of [`Store::each_row`] that is not as it was written.
fn prove(line: &rusqlite::Row<'_>) -> rusqlite::Result<()> {
    /// Where the seals stand in the SELECT.
    const TOLD_SEAL: usize = 15;
    const PLACE_SEAL: usize = 16;
    let values = |columns: std::ops::RangeInclusive<usize>| {
        let value = |column| line.get_ref(column).unwrap_or(ValueRef::Null);
        columns.map(value)
    };
    let told = seal::of(values(1..=12));
    let place = seal::of(values(13..=14).chain(values(0..=0)));
    let is =
        |column, seal| Ok::<_, rusqlite::Error>(line.get_ref(column)? == ValueRef::Integer(seal));
    if is(TOLD_SEAL, told)? && is(PLACE_SEAL, place)? {
        Ok(())
    } else {
        Err(seal::broken())
    }
}

fn text<'r>(line: &'r rusqlite::Row<'_>, column: usize) -> rusqlite::Result<&'r str> {
    Ok(line.get_ref(column)?.as_str_or_null()?.unwrap_or_default())
}
