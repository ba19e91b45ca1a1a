//! Where a run stands while it works: the fold of its events. PURE.
//!
//! Deliberately absent: drawing, and the clock. How long the run has lasted is an argument.

use std::collections::HashSet;
use std::time::Duration;

use crate::domain::{Money, State};
use crate::engine::{Event, Pause};

use super::words::{counted, lasting, rupees};

/// Most payouts in doubt that are told apart; beyond it the count stands still. It only feeds the display.
const DOUBTS_MAX: usize = 100_000;
/// Before so much time has passed a rate is noise.
const RATE_AFTER: Duration = Duration::from_secs(1);

/// What a run does, which decides what counts as done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Creates links: a payout is done once it is decided.
    Sending,
    /// Asks for statuses: a payout is done once it was looked at.
    Asking,
    /// Stops payouts: one is done once the gateway has spoken.
    Cancelling,
}

/// Where a run stands.
#[derive(Clone, Debug)]
pub struct Progress {
    task: Task,
    /// The work is known. Before that, only what stands in its way is of interest.
    open: bool,
    /// Requests a second that are allowed, where there is a limit.
    limit: Option<String>,
    total: u64,
    amount_total: Money,
    to_ask: u64,
    looked: u64,
    done: u64,
    amount_done: Money,
    undecided: u64,
    rejected: u64,
    conflicts: u64,
    changed: u64,
    doubts: HashSet<u64>,
    waiting: Option<String>,
    /// The newest reason, kept over a resumption: a gateway that flaps must not flood a log.
    said: Option<String>,
}

/// What an event asks of the display.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// Show it when it is time again.
    Later,
    /// Show where the run stands now.
    Now,
    /// Say this sentence, then show where the run stands.
    Say(String),
}

impl Progress {
    /// Before the first event.
    pub fn new(task: Task) -> Progress {
        Progress {
            task,
            open: false,
            limit: None,
            total: 0,
            amount_total: Money::ZERO,
            to_ask: 0,
            looked: 0,
            done: 0,
            amount_done: Money::ZERO,
            undecided: 0,
            rejected: 0,
            conflicts: 0,
            changed: 0,
            doubts: HashSet::new(),
            waiting: None,
            said: None,
        }
    }

    /// The limit that the pace is shown against, such as `50/s`.
    pub fn limit(&mut self, limit: String) {
        self.limit = Some(limit);
    }

    /// Takes one event in.
    pub fn take(&mut self, event: &Event) -> Urgency {
        match event {
            Event::Opened {
                to_send,
                amount_to_send,
                to_ask,
            } => {
                // A watch opens one pass after the other; each counts from nothing.
                *self = Progress {
                    total: to_send.saturating_add(*to_ask),
                    amount_total: *amount_to_send,
                    to_ask: *to_ask,
                    open: true,
                    said: self.said.take(),
                    limit: self.limit.take(),
                    ..Progress::new(self.task)
                };
                Urgency::Now
            }
            Event::Moved {
                row,
                id,
                amount,
                from,
                to,
                note,
            } => {
                self.moved(*row, *amount, *to, note.is_some());
                match is_revived(*from, *to) {
                    true => Urgency::Say(revived(*row, id)),
                    false => Urgency::Later,
                }
            }
            Event::Undecided { .. } => {
                self.undecided = self.undecided.saturating_add(1);
                Urgency::Later
            }
            Event::Looked { changed, .. } => {
                self.looked(*changed);
                Urgency::Later
            }
            Event::Paused { pause, wait } => {
                let reason = reason(pause, *wait);
                let news = self.said.as_ref() != Some(&reason);
                self.said = Some(reason.clone());
                self.waiting = Some(reason);
                if news { Urgency::Now } else { Urgency::Later }
            }
            Event::Resumed => {
                self.waiting = None;
                Urgency::Later
            }
            Event::Interrupted { in_flight: 0 } => {
                Urgency::Say("interrupted: nothing new starts".to_owned())
            }
            Event::Interrupted { in_flight } => Urgency::Say(format!(
                "interrupted: nothing new starts, {} in flight will be waited for",
                counted(*in_flight, "request", "requests")
            )),
            Event::Stopping { why, .. } => {
                Urgency::Say(format!("stopping: {}", why.trim_end_matches('.')))
            }
            Event::Requested { .. } => Urgency::Later,
            Event::Finished { .. } => {
                self.waiting = None;
                Urgency::Now
            }
        }
    }

    fn moved(&mut self, row: u64, amount: Money, to: State, doubtful: bool) {
        match to {
            State::Unknown => {
                if doubtful && self.doubts.len() < DOUBTS_MAX {
                    self.doubts.insert(row);
                }
                return;
            }
            State::Rejected => self.rejected = self.rejected.saturating_add(1),
            State::Conflict => self.conflicts = self.conflicts.saturating_add(1),
            State::Created => {
                self.amount_done = self
                    .amount_done
                    .checked_add(amount)
                    .unwrap_or(self.amount_done);
            }
            State::Cancelled => {}
            State::Ready | State::Invalid => {
                self.doubts.remove(&row);
                return;
            }
        }
        self.doubts.remove(&row);
        if self.task == Task::Sending {
            self.step();
        }
    }

    fn looked(&mut self, changed: bool) {
        self.looked = self.looked.saturating_add(1);
        self.changed = self.changed.saturating_add(u64::from(changed));
        if self.task != Task::Sending {
            self.step();
        }
    }

    /// Asked twice about one payout, a run would seem to have done more than there is.
    fn step(&mut self) {
        self.done = self.done.saturating_add(1).min(self.total.max(1));
    }

    /// Payouts done and to do.
    pub fn counts(&self) -> (u64, u64) {
        (self.done, self.total)
    }

    /// Hundredths done, rounded down: it says 100 only when all is done.
    pub fn percent(&self) -> u64 {
        self.done
            .saturating_mul(100)
            .checked_div(self.total)
            .unwrap_or(100)
    }

    /// Everything but the counts, on one line, the most urgent first.
    pub fn details(&self, elapsed: Duration) -> String {
        let mut parts: Vec<String> = self.waiting.iter().cloned().collect();
        if self.task == Task::Sending {
            parts.push(rupees(self.amount_done));
        }
        if let Some(pace) = self.pace(elapsed) {
            parts.push(pace);
        }
        let several = [
            (self.changed, "changed", "changed"),
            (self.rejected, "rejected", "rejected"),
            (self.conflicts, "conflict", "conflicts"),
            (
                u64::try_from(self.doubts.len()).unwrap_or(u64::MAX),
                "in doubt",
                "in doubt",
            ),
            (self.undecided, "tried again", "tried again"),
        ];
        parts.extend(
            several
                .into_iter()
                .filter(|(number, _, _)| *number > 0)
                .map(|(number, one, many)| counted(number, one, many)),
        );
        parts.join(", ")
    }

    /// The whole standing as one plain line.
    pub fn line(&self, elapsed: Duration) -> String {
        if !self.open {
            return self.line_before();
        }
        let verb = match self.task {
            Task::Sending => "sending",
            Task::Asking => "asking",
            Task::Cancelling => "cancelling",
        };
        let (done, total) = self.counts();
        if total == 0 {
            // Before the run knows what it has to do there is nothing to count.
            let waiting = self.waiting.as_deref().unwrap_or("nothing to do yet");
            return format!("{verb}: {waiting}");
        }
        format!(
            "{verb}: {done} of {total} ({} %), {}",
            self.percent(),
            self.details(elapsed)
        )
        .trim_end_matches(", ")
        .to_owned()
    }

    /// What happens before the work is known: a login, a look at what exists already.
    fn line_before(&self) -> String {
        match &self.waiting {
            Some(reason) => format!("waiting: {reason}"),
            None if self.looked == 0 => "the gateway answers again".to_owned(),
            None => format!(
                "checking what exists already: {} looked up",
                counted(self.looked, "id", "ids")
            ),
        }
    }

    /// What there is to do, as one plain line.
    pub fn opening(&self) -> String {
        let to_send = self.total.saturating_sub(self.to_ask);
        let sending = format!(
            "sending {}, {}",
            counted(to_send, "payout", "payouts"),
            rupees(self.amount_total)
        );
        match self.task {
            Task::Sending if self.to_ask == 0 => sending,
            Task::Sending => format!("{sending}, and looking up {} in doubt", self.to_ask),
            Task::Cancelling => format!("cancelling {}", counted(self.total, "link", "links")),
            Task::Asking => format!("asking about {}", counted(self.total, "link", "links")),
        }
    }

    fn pace(&self, elapsed: Duration) -> Option<String> {
        if elapsed < RATE_AFTER || self.done == 0 {
            return None;
        }
        let millis = u64::try_from(elapsed.as_millis()).ok()?;
        let per_second = self.done.checked_mul(1_000)?.checked_div(millis)?;
        let left = self.total.saturating_sub(self.done);
        let left_millis = left.checked_mul(millis)?.checked_div(self.done)?;
        let pace = if per_second == 0 {
            let per_minute = self.done.checked_mul(60_000)?.checked_div(millis)?;
            format!("{per_minute}/min")
        } else {
            match &self.limit {
                Some(limit) => format!("{per_second}/s of {limit}"),
                None => format!("{per_second}/s"),
            }
        };
        Some(match (left, &self.waiting) {
            (0, _) | (_, Some(_)) => pace,
            (_, None) => format!(
                "{pace}, {} left",
                lasting(Duration::from_millis(left_millis))
            ),
        })
    }
}

/// What was stopped is not dead.
fn is_revived(from: State, to: State) -> bool {
    from == State::Cancelled && to == State::Created
}

fn revived(row: u64, id: &str) -> String {
    format!(
        "row {row} ({id}) was cancelled, and its link is not dead: the money is out, or may go out"
    )
}

/// Why nothing is sent, in words.
pub fn reason(pause: &Pause, wait: Duration) -> String {
    let wait = lasting(wait);
    match pause {
        Pause::Throttled => format!("the gateway asks to wait {wait}"),
        Pause::SecondLook => format!("dead links are looked at again in {wait}"),
        Pause::OutOfReach { why } => {
            format!("gateway out of reach, next try in {wait}: {why}")
        }
        Pause::Settling { payouts } => format!(
            "waiting to look up {} in doubt, next in {wait}",
            counted(*payouts, "payment", "payments")
        ),
    }
}

#[cfg(test)]
mod tests;
