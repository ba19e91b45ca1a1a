//! Why a run ended before its work was done, and what a run did.

use crate::domain::Stop;

/// Why a run ended early. Everything is resumable after each of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Halt {
    /// Ctrl-C or SIGTERM.
    Interrupted,
    /// The account, the credentials or the address is wrong.
    Stopped(Stop),
    /// The gateway was out of reach for too long.
    OutOfReach {
        /// What happened last.
        why: String,
    },
    /// Many equal refusals without a single success.
    EqualRefusals {
        /// How many.
        count: u32,
        /// What the gateway said each time.
        message: String,
    },
    /// The checkpoint could not be written.
    NotRecorded {
        /// Why.
        why: String,
    },
}

impl Halt {
    /// What is wrong, and what to do about it.
    pub fn words(&self) -> (String, String) {
        let again = "run the same command again to resume";
        match self {
            Halt::Interrupted => ("interrupted".to_owned(), again.to_owned()),
            Halt::Stopped(stop) => (stop.message.clone(), stop.remedy.clone()),
            Halt::OutOfReach { why } => (
                format!("the gateway was out of reach for too long ({why})"),
                format!("check the network and the gateway's status page, then {again}"),
            ),
            Halt::EqualRefusals { count, message } => (
                format!("the gateway refused {count} rows with the same words and accepted none: {message}"),
                "something is wrong with the account or the whole sheet, not with the rows: mend it, then run again"
                    .to_owned(),
            ),
            Halt::NotRecorded { why } => (why.clone(), String::new()),
        }
    }
}

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Why it ended early, if it did.
    pub halt: Option<Halt>,
    /// Payouts that are still `ready` because their attempts or the run's requests were used up.
    pub left_ready: u64,
    /// Payouts that are still `ready` because another row of their phone is in conflict.
    pub held_back: u64,
    /// Payouts that this run brought to `created`.
    pub created_now: u64,
    /// Requests, authorize not counted.
    pub requests: u64,
    /// Creates that repeated an earlier one of this run.
    pub retries: u64,
    /// Statuses that could not be read in this sweep.
    pub unanswered: u64,
    /// Payouts that were cancelled and whose links turned out to be alive or paid.
    pub revived: u64,
    /// The run was about chosen rows alone: what else is not sent is not its affair.
    pub chosen: bool,
    /// It was about dead links, so those that are still dead need a person.
    pub about_dead: bool,
}
