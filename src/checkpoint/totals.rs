//! Counts and sums over the payouts that are in the sheet, kept in step with every change of state.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;

use crate::domain::planted::{self, Mistake};
use crate::domain::{Money, State, StatusClass};

use super::error::Error;
use super::schema::{damaged, write};
use super::store::{class_code, class_from, state_code, state_from};

/// Count and sum by state, and count by status of what is `created`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Rows and paise by state.
    pub states: BTreeMap<State, (u64, Money)>,
    /// Created payouts by the gateway's status word.
    pub statuses: BTreeMap<String, StatusCount>,
}

/// How many created payouts have a status, and what it is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusCount {
    /// What the word is taken for.
    pub class: StatusClass,
    /// Payouts.
    pub rows: u64,
}

/// What of a payout counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) state: State,
    pub(super) amount: Money,
    pub(super) status: Option<(String, StatusClass)>,
}

impl Totals {
    /// Moves one payout from where it was counted to where it counts now.
    pub(super) fn shift(&mut self, from: Option<&Counted>, to: Option<&Counted>) {
        if from == to {
            return;
        }
        if let Some(from) = from.filter(|_| !planted::is(Mistake::CountedTwice)) {
            self.remove(from);
        }
        if let Some(to) = to {
            self.add(to);
        }
    }

    pub(super) fn add(&mut self, payout: &Counted) {
        let (rows, amount) = self.states.entry(payout.state).or_default();
        *rows += 1;
        *amount = amount.checked_add(payout.amount).unwrap_or(*amount);
        if let (State::Created, Some((word, class))) = (payout.state, &payout.status) {
            let count = self.statuses.entry(word.clone()).or_insert(StatusCount {
                class: *class,
                rows: 0,
            });
            count.rows += 1;
        }
    }

    fn remove(&mut self, payout: &Counted) {
        if let Some((rows, amount)) = self.states.get_mut(&payout.state) {
            *rows = rows.saturating_sub(1);
            *amount = Money::from_paise(amount.paise() - payout.amount.paise()).unwrap_or_default();
        }
        if let (State::Created, Some((word, _))) = (payout.state, &payout.status)
            && let Some(count) = self.statuses.get_mut(word)
        {
            count.rows = count.rows.saturating_sub(1);
        }
    }

    /// Rows of `state`.
    pub fn rows(&self, state: State) -> u64 {
        self.states.get(&state).map_or(0, |(rows, _)| *rows)
    }

    /// Rows of the sheet, however they stand.
    pub fn all_rows(&self) -> u64 {
        self.states.values().map(|(rows, _)| rows).sum()
    }

    /// The running totals as they were last recorded.
    pub(super) fn load(conn: &Connection, path: &Path) -> Result<Totals, Error> {
        let mut totals = Totals::default();
        let read = |e| damaged(path, e);
        let mut select = conn
            .prepare("SELECT state, rows, amount FROM totals")
            .map_err(read)?;
        let mut lines = select.query([]).map_err(read)?;
        while let Some(line) = lines.next().map_err(read)? {
            let state = state_from(line.get(0).map_err(read)?, path)?;
            let amount = Money::from_paise(line.get(2).map_err(read)?).unwrap_or_default();
            totals
                .states
                .insert(state, (line.get(1).map_err(read)?, amount));
        }
        let mut select = conn
            .prepare("SELECT status, class, rows FROM status_totals")
            .map_err(read)?;
        let mut lines = select.query([]).map_err(read)?;
        while let Some(line) = lines.next().map_err(read)? {
            let class = class_from(line.get(1).map_err(read)?);
            let count = StatusCount {
                class,
                rows: line.get(2).map_err(read)?,
            };
            totals.statuses.insert(line.get(0).map_err(read)?, count);
        }
        Ok(totals)
    }

    /// Counts everything again: after an intake, and to prove the running totals right. One pass, since each reads the
    /// whole file.
    pub(super) fn count(conn: &Connection, path: &Path) -> Result<Totals, Error> {
        let mut totals = Totals::default();
        let read = |e| damaged(path, e);
        let mut select = conn
            .prepare(
                "SELECT state, amount, status, status_class FROM payouts WHERE row IS NOT NULL",
            )
            .map_err(read)?;
        let mut lines = select.query([]).map_err(read)?;
        while let Some(line) = lines.next().map_err(read)? {
            let word: Option<String> = line.get(2).map_err(read)?;
            let class: Option<i64> = line.get(3).map_err(read)?;
            totals.add(&Counted {
                state: state_from(line.get(0).map_err(read)?, path)?,
                amount: Money::from_paise(line.get(1).map_err(read)?).unwrap_or_default(),
                status: word.map(|word| (word, class.map_or(StatusClass::Other, class_from))),
            });
        }
        Ok(totals)
    }

    /// Writes what differs from `before`.
    pub(super) fn save(
        &self,
        before: &Totals,
        conn: &Connection,
        path: &Path,
    ) -> Result<(), Error> {
        let put = |e| write(path, e);
        for (state, (rows, amount)) in &self.states {
            if before.states.get(state) != Some(&(*rows, *amount)) {
                conn.prepare_cached(
                    "INSERT OR REPLACE INTO totals VALUES (?1, ?2, ?3, seal(?1, ?2, ?3))",
                )
                .and_then(|mut put| put.execute((state_code(*state), rows, amount.paise())))
                .map_err(put)?;
            }
        }
        for (word, count) in &self.statuses {
            if before.statuses.get(word) != Some(count) {
                conn.prepare_cached(
                    "INSERT OR REPLACE INTO status_totals VALUES (?1, ?2, ?3, seal(?1, ?2, ?3))",
                )
                .and_then(|mut put| put.execute((word, class_code(count.class), count.rows)))
                .map_err(put)?;
            }
        }
        Ok(())
    }
}
