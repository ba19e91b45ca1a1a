//! Counts and sums over the states and statuses of a batch. PURE.
//!
//! The checkpoint keeps them up to date in the transaction that changes a state, so that every exit can be
//! checked against the sheet to the paisa.

use std::collections::BTreeMap;

use crate::domain::{Money, State};

/// How many payouts, and what they add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Payouts.
    pub rows: u64,
    /// Their sum in paise.
    pub amount: Money,
}

/// Where a batch stands, and what this run did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Count and sum by state; a state without payouts is absent.
    pub states: BTreeMap<State, Count>,
    /// Created and conflicting payouts by the gateway's status word.
    pub statuses: BTreeMap<String, u64>,
    /// Created payouts whose status is dead: EXPIRED, FAILED, REVERSED.
    pub dead: u64,
    /// Payouts that this run brought to `created`.
    pub created_now: u64,
    /// Requests of this run, authorize not counted.
    pub requests: u64,
    /// Requests of this run that repeated an earlier one of it.
    pub retries: u64,
    /// Links that were confirmed and that the gateway says it does not know.
    pub lost: u64,
    /// Created payouts whose link or reference the gateway has not told.
    pub without_link: u64,
    /// Payouts that are to be stopped and of which the gateway has not said whether they are.
    pub waiting: u64,
    /// Those of them that are in doubt.
    pub waiting_doubts: u64,
}

impl Tally {
    /// Count and sum of one state.
    pub fn of(&self, state: State) -> Count {
        self.states.get(&state).copied().unwrap_or_default()
    }

    /// All payouts.
    pub fn rows(&self) -> u64 {
        self.states.values().map(|count| count.rows).sum()
    }

    /// The sum of all payouts, `None` if it does not fit (it always does within the sheet's limits).
    pub fn amount(&self) -> Option<Money> {
        self.states
            .values()
            .try_fold(Money::ZERO, |sum, count| sum.checked_add(count.amount))
    }

    /// Payouts that need a person: rejected, conflict, unknown, invalid and skipped, and links that are not known, or not
    /// known any more.
    pub fn need_a_person(&self) -> u64 {
        [
            State::Rejected,
            State::Conflict,
            State::Unknown,
            State::Invalid,
        ]
        .into_iter()
        .map(|state| self.of(state).rows)
        .sum::<u64>()
            + self.lost
            + self.without_link
    }
}
