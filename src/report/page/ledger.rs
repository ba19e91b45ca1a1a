//! The totals that must close: every row counted one by one, against what was kept with every change. PURE.
//!
//! Deliberately absent: any repair. What does not close is said, in rows and to the paisa.

use std::collections::BTreeMap;

use crate::domain::{Money, State, StatusClass};
use crate::engine::Count;

/// Where a payout is counted: by its status if it is created, else by its state. In the order in which it is shown.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entry {
    /// Paid out.
    Redeemed,
    /// Waits for its recipient.
    Active,
    /// Redeemed, the bank has not confirmed.
    Pending,
    /// Dead.
    Expired,
    /// Dead.
    Failed,
    /// Dead: the money came back.
    Reversed,
    /// Created, with a word that we do not know.
    Other(String),
    /// Created; its status was never read.
    Unread,
    /// Created, and not known to the gateway any more.
    Lost,
    /// Not sent.
    Ready,
    /// In doubt.
    Unknown,
    /// Certainly refused.
    Rejected,
    /// The id is another payment's, or a lost checkpoint's.
    Conflict,
    /// Skipped.
    Invalid,
    /// Stopped by us.
    Cancelled,
}

/// How an entry is to be taken at a glance. Its word says the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Done.
    Good,
    /// On its way.
    Waiting,
    /// A person has to act.
    Wrong,
    /// Nothing happens.
    Idle,
}

impl Entry {
    /// Where a payout is counted.
    pub fn of(state: State, status: Option<(&str, StatusClass)>) -> Entry {
        match (state, status) {
            (State::Created, Some((word, class))) => match class {
                StatusClass::Redeemed => Entry::Redeemed,
                StatusClass::Active => Entry::Active,
                StatusClass::Pending => Entry::Pending,
                StatusClass::Expired => Entry::Expired,
                StatusClass::Failed => Entry::Failed,
                StatusClass::Reversed => Entry::Reversed,
                StatusClass::Other => Entry::Other(word.to_owned()),
            },
            (State::Created, None) => Entry::Unread,
            (State::Ready, _) => Entry::Ready,
            (State::Unknown, _) => Entry::Unknown,
            (State::Rejected, _) => Entry::Rejected,
            (State::Conflict, _) => Entry::Conflict,
            (State::Invalid, _) => Entry::Invalid,
            (State::Cancelled, _) => Entry::Cancelled,
        }
    }

    /// The state that it belongs to.
    pub fn state(&self) -> State {
        match self {
            Entry::Redeemed
            | Entry::Active
            | Entry::Pending
            | Entry::Expired
            | Entry::Failed
            | Entry::Reversed
            | Entry::Other(_)
            | Entry::Unread
            | Entry::Lost => State::Created,
            Entry::Ready => State::Ready,
            Entry::Unknown => State::Unknown,
            Entry::Rejected => State::Rejected,
            Entry::Conflict => State::Conflict,
            Entry::Invalid => State::Invalid,
            Entry::Cancelled => State::Cancelled,
        }
    }

    /// Its word: the gateway's in capitals, ours in small letters.
    pub fn word(&self) -> &str {
        match self {
            Entry::Redeemed => "REDEEMED",
            Entry::Active => "ACTIVE",
            Entry::Pending => "PENDING",
            Entry::Expired => "EXPIRED",
            Entry::Failed => "FAILED",
            Entry::Reversed => "REVERSED",
            Entry::Other(word) => word,
            Entry::Unread => "status unread",
            Entry::Lost => "not known now",
            Entry::Ready
            | Entry::Unknown
            | Entry::Rejected
            | Entry::Conflict
            | Entry::Invalid
            | Entry::Cancelled => self.state().word(),
        }
    }

    /// What it means, in a few words.
    pub fn meaning(&self) -> &'static str {
        match self {
            Entry::Redeemed => "paid out",
            Entry::Active => "link waits for its recipient",
            Entry::Pending => "redeemed, bank has not confirmed",
            Entry::Expired => "dead: not redeemed in time, or stopped",
            Entry::Failed => "dead: the transfer failed",
            Entry::Reversed => "dead: the bank returned the money",
            Entry::Other(_) => "a word we do not know; never taken for paid",
            Entry::Unread => "created, status not read yet",
            Entry::Lost => "created, but Cashfree says it does not know it",
            Entry::Ready => "not sent",
            Entry::Unknown => "in doubt: may exist",
            Entry::Rejected => "refused: nothing exists",
            Entry::Conflict => "id exists, not from this checkpoint",
            Entry::Invalid => "skipped: row has problems",
            Entry::Cancelled => "stopped by us",
        }
    }

    /// How it is to be taken.
    pub fn tone(&self) -> Tone {
        match self {
            Entry::Redeemed => Tone::Good,
            Entry::Active | Entry::Pending | Entry::Other(_) | Entry::Unread => Tone::Waiting,
            Entry::Expired
            | Entry::Failed
            | Entry::Reversed
            | Entry::Lost
            | Entry::Unknown
            | Entry::Rejected
            | Entry::Conflict
            | Entry::Invalid => Tone::Wrong,
            Entry::Ready | Entry::Cancelled => Tone::Idle,
        }
    }
}

/// A sum beside what it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// `None` is the whole sheet.
    pub state: Option<State>,
    /// Counted row by row.
    pub counted: Count,
    /// Kept with every change.
    pub kept: Count,
}

impl Check {
    /// Whether the two are equal, to the paisa.
    pub fn closes(&self) -> bool {
        self.counted == self.kept
    }
}

/// The rows of a batch, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    entries: BTreeMap<Entry, Count>,
    kept: BTreeMap<State, Count>,
}

impl Ledger {
    /// An empty count beside the totals that were `kept`.
    pub fn new(kept: BTreeMap<State, Count>) -> Ledger {
        Ledger {
            entries: BTreeMap::new(),
            kept,
        }
    }

    /// Counts one row.
    pub fn add(&mut self, entry: Entry, amount: Money) {
        let count = self.entries.entry(entry).or_default();
        *count = sum(*count, Count { rows: 1, amount });
    }

    /// Every entry that has rows, in their order.
    pub fn entries(&self) -> impl Iterator<Item = (&Entry, Count)> {
        self.entries.iter().map(|(entry, count)| (entry, *count))
    }

    /// One entry.
    pub fn of(&self, entry: &Entry) -> Count {
        self.entries.get(entry).copied().unwrap_or_default()
    }

    /// The rows of a state, as counted.
    pub fn state(&self, state: State) -> Count {
        let of_state = self.entries().filter(|(entry, _)| entry.state() == state);
        of_state.fold(Count::default(), |all, (_, count)| sum(all, count))
    }

    /// All rows, as counted.
    pub fn total(&self) -> Count {
        self.entries()
            .fold(Count::default(), |all, (_, count)| sum(all, count))
    }

    /// Every state that was counted or kept, then the whole.
    pub fn checks(&self) -> Vec<Check> {
        let kept = |state| self.kept.get(&state).copied().unwrap_or_default();
        let mut checks: Vec<Check> = State::ALL
            .into_iter()
            .map(|state| Check {
                state: Some(state),
                counted: self.state(state),
                kept: kept(state),
            })
            .filter(|check| check.counted.rows > 0 || check.kept.rows > 0)
            .collect();
        checks.push(Check {
            state: None,
            counted: self.total(),
            kept: self
                .kept
                .values()
                .fold(Count::default(), |all, count| sum(all, *count)),
        });
        checks
    }

    /// Whether everything closes.
    pub fn is_balanced(&self) -> bool {
        self.checks().iter().all(Check::closes)
    }
}

/// What does not fit stays out of the sum, and so does not close.
fn sum(one: Count, other: Count) -> Count {
    Count {
        rows: one.rows.saturating_add(other.rows),
        amount: one.amount.checked_add(other.amount).unwrap_or(one.amount),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn count(rows: u64, paise: i64) -> Count {
        Count {
            rows,
            amount: Money::from_paise(paise).unwrap(),
        }
    }

    #[test]
    fn it_closes_to_the_paisa_or_says_so() {
        let kept = BTreeMap::from([
            (State::Created, count(2, 300)),
            (State::Rejected, count(1, 100)),
        ]);
        let mut ledger = Ledger::new(kept.clone());
        let add = |ledger: &mut Ledger, entry, paise| ledger.add(entry, count(0, paise).amount);
        add(&mut ledger, Entry::Redeemed, 100);
        assert!(!ledger.is_balanced(), "a row is missing");
        add(&mut ledger, Entry::Other("HELD".to_owned()), 200);
        add(&mut ledger, Entry::Rejected, 100);
        assert!(ledger.is_balanced());
        assert_eq!(ledger.state(State::Created), count(2, 300));
        assert_eq!(ledger.total(), count(3, 400));
        let mut off = Ledger::new(kept);
        add(&mut off, Entry::Redeemed, 100);
        add(&mut off, Entry::Active, 199);
        add(&mut off, Entry::Rejected, 101);
        let wrong: Vec<_> = off.checks().into_iter().filter(|c| !c.closes()).collect();
        assert_eq!(wrong.len(), 2, "the whole closes, two states do not");
    }

    fn entries() -> impl Strategy<Value = Entry> {
        let classes = [
            StatusClass::Active,
            StatusClass::Pending,
            StatusClass::Redeemed,
            StatusClass::Expired,
            StatusClass::Failed,
            StatusClass::Reversed,
            StatusClass::Other,
        ];
        let status = prop::option::of(prop::sample::select(classes.to_vec()));
        (prop::sample::select(State::ALL.to_vec()), status)
            .prop_map(|(state, class)| Entry::of(state, class.map(|class| ("WORD", class))))
    }

    proptest! {
        #[test]
        fn every_row_is_counted_once(rows in prop::collection::vec((entries(), 0i64..1_000_000), 0..60)) {
            let mut kept: BTreeMap<State, Count> = BTreeMap::new();
            for (entry, paise) in &rows {
                let state = kept.entry(entry.state()).or_default();
                *state = sum(*state, count(1, *paise));
            }
            let mut ledger = Ledger::new(kept);
            for (entry, paise) in &rows {
                ledger.add(entry.clone(), Money::from_paise(*paise).unwrap());
            }
            prop_assert!(ledger.is_balanced());
            let paise = rows.iter().map(|(_, paise)| paise).sum();
            prop_assert_eq!(ledger.total(), count(u64::try_from(rows.len()).unwrap(), paise));
            ledger.add(Entry::Active, Money::ZERO);
            prop_assert!(!ledger.is_balanced());
        }
    }
}
