//! What the engine says while it works: the contract with `report`.
//!
//! Events are told after the fact is durable, in the past tense. Whoever listens may be slow or absent: the engine
//! never waits for a listener and never learns anything from one.

use std::time::Duration;

use crate::domain::{Money, State};

use super::tally::Tally;

/// Where events go. Called from any task, so it must be quick; a bar or a log line is.
pub type Events = std::sync::Arc<dyn Fn(&Event) + Send + Sync>;

/// One thing that happened in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The run knows what it has to do.
    Opened {
        /// Payouts that will be sent.
        to_send: u64,
        /// Their sum.
        amount_to_send: Money,
        /// Payouts that will be looked up: unknown ones in a send, all that is not final in a sweep.
        to_ask: u64,
    },
    /// A payout's state changed, durably.
    Moved {
        /// Row in the sheet, 1 for the first below the header.
        row: u64,
        /// Cashgram id.
        id: String,
        /// Its amount.
        amount: Money,
        /// Where it stood.
        from: State,
        /// Where it stands.
        to: State,
        /// Why, where there is more to say: the gateway's refusal, the doubt.
        note: Option<String>,
    },
    /// An attempt did not decide a payout; it will be tried again or looked up.
    Undecided {
        /// Row in the sheet.
        row: u64,
        /// Cashgram id.
        id: String,
        /// Attempts so far.
        attempt: u32,
        /// What happened.
        why: String,
        /// How long until the next try or look-up.
        wait: Duration,
    },
    /// A link's status was read.
    Looked {
        /// Row in the sheet.
        row: u64,
        /// Cashgram id.
        id: String,
        /// The gateway's word, `None` if it knows no such id.
        status: Option<String>,
        /// Whether it differs from what was known.
        changed: bool,
    },
    /// Nothing is sent for a while.
    Paused {
        /// Why.
        pause: Pause,
        /// For how long, as far as is known.
        wait: Duration,
    },
    /// Sending goes on after a pause.
    Resumed,
    /// An interrupt was received: what is in flight finishes, nothing new starts.
    Interrupted {
        /// Requests still in flight.
        in_flight: u64,
    },
    /// The run must stop before its end; everything is resumable.
    Stopping {
        /// What is wrong.
        why: String,
        /// What to do about it.
        remedy: String,
    },
    /// A request is about to leave, the `total`-th of this run (authorize not counted).
    Requested {
        /// Requests so far.
        total: u64,
    },
    /// All is recorded.
    Finished {
        /// Where every payout stands.
        tally: Box<Tally>,
    },
}

/// Why nothing is sent for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pause {
    /// The gateway asked for it (429).
    Throttled,
    /// The gateway is out of reach; a probe goes out after the wait.
    OutOfReach {
        /// What happened last.
        why: String,
    },
    /// Dead links are looked at a second time after the wait.
    SecondLook,
    /// Everything is sent; payouts in doubt are waiting for their next look-up.
    Settling {
        /// How many.
        payouts: u64,
    },
}
