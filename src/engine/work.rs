//! The work of a run that is not on its way: what is due, what waits for its time, what waits for its phone.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use tokio::time::Instant;

use crate::checkpoint::OpenRow;

/// Rows held because another row of their phone is on its way. Beyond it no new row is taken up until one returns.
const DEFERRED_MAX: usize = 10_000;
/// Payouts waiting for a look-up or another try. Beyond it no new row is taken up, so that memory stays bounded.
const WAITING_MAX: usize = 20_000;

/// What is to be done for a payout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// Send its create.
    Create,
    /// Look its id up.
    Ask,
}

/// One payout that the run has taken up.
#[derive(Clone, Debug)]
pub(super) struct Work {
    pub(super) row: OpenRow,
    pub(super) task: Task,
    /// Creates of this run that left.
    pub(super) tried: u32,
    /// Look-ups since the newest create that were answered.
    pub(super) asked: u32,
    /// Look-ups since the newest create that were not.
    pub(super) unanswered: u32,
    /// When we stopped waiting for the newest create; the run's start for one left by an earlier run.
    pub(super) since: Instant,
    /// Whether a request of this run for this payout went out before.
    pub(super) repeats: bool,
    /// Whether the other rows of its phone wait for it.
    holds_phone: bool,
    /// Whether the newest request was one of the budget's repeats.
    pub(super) budgeted: bool,
}

impl Work {
    pub(super) fn new(row: OpenRow, task: Task, since: Instant) -> Work {
        Work {
            row,
            task,
            tried: 0,
            asked: 0,
            unanswered: 0,
            since,
            repeats: false,
            holds_phone: false,
            budgeted: false,
        }
    }
}

/// All work that is not on its way.
#[derive(Debug, Default)]
pub(super) struct Desk {
    asks: VecDeque<Work>,
    creates: VecDeque<Work>,
    later: BTreeMap<(Instant, u64), Work>,
    sequence: u64,
    busy: HashMap<u64, VecDeque<Work>>,
    deferred: usize,
    blocked: HashSet<u64>,
}

impl Desk {
    /// Phones of which no row may be sent.
    pub(super) fn block(&mut self, phones: impl IntoIterator<Item = u64>) {
        self.blocked.extend(phones);
    }

    pub(super) fn is_blocked(&self, phone: u64) -> bool {
        self.blocked.contains(&phone)
    }

    /// Whether a new row may be taken up.
    pub(super) fn has_room(&self) -> bool {
        self.deferred < DEFERRED_MAX && self.later.len() < WAITING_MAX
    }

    /// Takes up a row to be sent. Rows of one phone go one after the other, so that a conflict of the first keeps
    /// the others back; rows with own ids cannot be mistaken for each other and need not wait.
    pub(super) fn take_up(&mut self, mut work: Work) {
        if work.row.own_id {
            return self.creates.push_back(work);
        }
        work.holds_phone = true;
        match self.busy.get_mut(&work.row.phone) {
            Some(queue) => {
                self.deferred += 1;
                queue.push_back(work);
            }
            None => {
                self.busy.insert(work.row.phone, VecDeque::new());
                self.creates.push_back(work);
            }
        }
    }

    /// The payout of `work` is decided or left to look-ups: the next of its phone may go, once. Returns how many rows
    /// of a phone that is blocked now were held back.
    pub(super) fn release(&mut self, work: &mut Work) -> u64 {
        if !std::mem::take(&mut work.holds_phone) {
            return 0;
        }
        let row = &work.row;
        if self.is_blocked(row.phone) {
            let queue = self.busy.remove(&row.phone).unwrap_or_default();
            self.deferred = self.deferred.saturating_sub(queue.len());
            return u64::try_from(queue.len()).unwrap_or(u64::MAX);
        }
        let Some(queue) = self.busy.get_mut(&row.phone) else {
            return 0;
        };
        match queue.pop_front() {
            Some(next) => {
                self.deferred = self.deferred.saturating_sub(1);
                self.creates.push_front(next);
            }
            None => {
                self.busy.remove(&row.phone);
            }
        }
        0
    }

    /// Work that is due now, before what is due already.
    pub(super) fn put_back(&mut self, work: Work) {
        match work.task {
            Task::Create => self.creates.push_front(work),
            Task::Ask => self.asks.push_front(work),
        }
    }

    /// Work that is due at `at`.
    pub(super) fn put_off(&mut self, work: Work, at: Instant) {
        self.sequence += 1;
        self.later.insert((at, self.sequence), work);
    }

    /// Moves what has come due at `now` to the desk.
    pub(super) fn ripen(&mut self, now: Instant) {
        while let Some(first) = self.later.first_entry() {
            if first.key().0 > now {
                return;
            }
            let work = first.remove();
            match work.task {
                Task::Create => self.creates.push_back(work),
                Task::Ask => self.asks.push_back(work),
            }
        }
    }

    /// When the next piece of work comes due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.later.keys().next().map(|(at, _)| *at)
    }

    /// Payouts that wait for a look-up.
    pub(super) fn in_doubt(&self) -> u64 {
        let asks = self.later.values().filter(|work| work.task == Task::Ask);
        u64::try_from(asks.count()).unwrap_or(u64::MAX)
    }

    pub(super) fn has(&self, task: Task) -> bool {
        match task {
            Task::Create => !self.creates.is_empty(),
            Task::Ask => !self.asks.is_empty(),
        }
    }

    pub(super) fn take(&mut self, task: Task) -> Option<Work> {
        match task {
            Task::Create => self.creates.pop_front(),
            Task::Ask => self.asks.pop_front(),
        }
    }
}
