//! The batch as the results show it: every row of the sheet, in its order.

use std::path::Path;

use rusqlite::types::{FromSql as _, ValueRef};

use crate::domain::{Money, State};

use super::error::Error;
use super::schema::damaged;
use super::seal;
use super::store::{Store, state_from};
use super::unsent;

/// One of a phone's payouts that have no ids of the sheet's own.
#[derive(Clone, Debug)]
pub struct OfPhone {
    /// Ten digits.
    pub phone: u64,
    /// Which of its phone's payouts it is.
    pub occurrence: u32,
    /// Its id; none for a row with faults.
    pub cashgram_id: Option<String>,
    /// Amount.
    pub amount: Money,
    /// Where it stands.
    pub state: State,
    /// Whether it is in the sheet.
    pub has_row: bool,
    /// Whether it was made, or may have been, by what was sent from here, or was adopted.
    pub own: bool,
}

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

/// The columns of [`told`].
pub(super) const TOLD_COLUMNS: &str =
    "cells, cashgram_id, reference_id, cashgram_link, state, status, status_reason, utr, error_code,
    error_message, attempts, created_at, checked_at, amount";

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
                "SELECT {TOLD_COLUMNS}, row, line, told_seal, place_seal
                 FROM payouts WHERE row IS NOT NULL ORDER BY row"
            ))
            .map_err(read)?;
        let mut lines = select.query([]).map_err(read)?;
        let mut rows = 0;
        while let Some(line) = lines.next().map_err(read)? {
            let told = told(line).map_err(read)?;
            prove(line, told).map_err(read)?;
            rows += 1;
            each(result_row(told, &self.path)?)?;
        }
        self.prove_count(rows).map_err(E::from)
    }

    /// A row that vanished leaves no other trace.
    pub(super) fn prove_count(&self, rows: u64) -> Result<(), Error> {
        let counted = self.totals.all_rows();
        if rows == counted {
            return Ok(());
        }
        Err(Error::Damaged {
            path: self.path.clone(),
            what: format!("{rows} rows where {counted} were counted"),
        })
    }

    /// Where the payout of that id stands, whom it pays and how much, and whether it has a row, if there is one.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn stands(&self, id: &str) -> Result<Option<(State, u64, Money, bool)>, Error> {
        let read = |e| damaged(&self.path, e);
        let mut select = self
            .conn
            .prepare_cached(
                "SELECT state, phone, amount, row IS NOT NULL FROM payouts WHERE cashgram_id = ?1",
            )
            .map_err(read)?;
        let mut lines = select.query([id]).map_err(read)?;
        let Some(line) = lines.next().map_err(read)? else {
            return Ok(None);
        };
        let amount = Money::from_paise(line.get(2).map_err(read)?).unwrap_or_default();
        let state = state_from(line.get(0).map_err(read)?, &self.path)?;
        let has_row = line.get(3).map_err(read)?;
        Ok(Some((state, line.get(1).map_err(read)?, amount, has_row)))
    }

    /// Calls `each` with every payout that has no id of the sheet's own, those of one phone after each other.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn each_by_phone(&self, mut each: impl FnMut(OfPhone)) -> Result<(), Error> {
        let read = |e| damaged(&self.path, e);
        let sql = format!(
            "SELECT phone, occurrence, cashgram_id, amount, state, row IS NOT NULL, {} FROM payouts
             WHERE phone > 0 AND occurrence > 0 ORDER BY phone, occurrence",
            unsent::own()
        );
        let mut select = self.conn.prepare(&sql).map_err(read)?;
        let mut lines = select.query([]).map_err(read)?;
        while let Some(line) = lines.next().map_err(read)? {
            each(OfPhone {
                phone: line.get(0).map_err(read)?,
                occurrence: line.get(1).map_err(read)?,
                cashgram_id: line.get(2).map_err(read)?,
                amount: Money::from_paise(line.get(3).map_err(read)?).unwrap_or_default(),
                state: state_from(line.get(4).map_err(read)?, &self.path)?,
                has_row: line.get(5).map_err(read)?,
                own: line.get(6).map_err(read)?,
            });
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

/// The [`TOLD_COLUMNS`], which a line begins with.
pub(super) fn told<'r>(line: &'r rusqlite::Row<'_>) -> rusqlite::Result<[ValueRef<'r>; 14]> {
    let mut told = [ValueRef::Null; 14];
    for (column, value) in told.iter_mut().enumerate() {
        *value = line.get_ref(column)?;
    }
    Ok(told)
}

/// One row of the results.
pub(super) fn result_row<'r>(
    told: [ValueRef<'r>; 14],
    path: &Path,
) -> Result<ResultRow<'r>, Error> {
    let read = |e| damaged(path, rusqlite::Error::from(e));
    let text = |value: ValueRef<'r>| {
        let text = value.as_str_or_null().map_err(read)?;
        Ok::<_, Error>(text.unwrap_or_default())
    };
    let [
        cells,
        cashgram_id,
        reference_id,
        cashgram_link,
        state,
        status,
        status_reason,
        utr,
        error_code,
        error_message,
        attempts,
        created_at,
        checked_at,
        amount,
    ] = told;
    let amount = amount.as_i64().map_err(read)?;
    Ok(ResultRow {
        cells: text(cells)?,
        cashgram_id: text(cashgram_id)?,
        reference_id: text(reference_id)?,
        cashgram_link: text(cashgram_link)?,
        state: state_from(state.as_i64().map_err(read)?, path)?,
        status: text(status)?,
        status_reason: text(status_reason)?,
        utr: text(utr)?,
        error_code: text(error_code)?,
        error_message: text(error_message)?,
        attempts: u32::column_result(attempts).map_err(read)?,
        created_at: created_at.as_i64_or_null().map_err(read)?,
        checked_at: checked_at.as_i64_or_null().map_err(read)?,
        amount: Money::from_paise(amount).unwrap_or_default(),
    })
}

/// Refuses a line of [`Store::each_row`] that is not as it was written.
fn prove(line: &rusqlite::Row<'_>, told: [ValueRef<'_>; 14]) -> rusqlite::Result<()> {
    let [cells, sealed @ .., _amount] = told;
    // What the SELECT has behind them.
    let place = [line.get_ref(14)?, line.get_ref(15)?, cells];
    let (told_seal, place_seal) = (line.get_ref(16)?, line.get_ref(17)?);
    let is =
        |seal, values: &[ValueRef<'_>]| seal == ValueRef::Integer(seal::of(values.iter().copied()));
    if is(told_seal, &sealed) && is(place_seal, &place) {
        Ok(())
    } else {
        Err(seal::broken())
    }
}
