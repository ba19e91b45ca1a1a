//! `paysheet report`: the batch as one HTML page that needs no script, no network and no other file. PURE.
//!
//! A [`Page`] is plain values, bounded in size whatever the batch; [`render`] (`layout`) makes the page of them, and
//! [`numbers`] the same figures for scripts. Reading order: [`ledger`] (the totals that must close), `charts` and `ageing` on `plot` (what is drawn),
//! [`people`] (what needs somebody), `lookup` (each payout's history), `page.css` (how it looks). Every text from outside
//! goes through `shown` and the template's escaping. Deliberately absent: where the values come from, and exit codes.

mod ageing;
mod charts;
pub mod latency;
mod layout;
pub mod ledger;
mod lookup;
pub mod numbers;
pub mod people;
mod plot;
mod shown;
pub mod timeline;

use std::collections::BTreeMap;

use crate::domain::{Money, State};
use crate::engine::Count;

use super::words::rupees;

pub use latency::Latency;
pub use layout::render;
pub use ledger::{Entry, Ledger, Tone};
pub use people::{Cause, Group};
pub use shown::shown;
pub use timeline::Timeline;

use shown::{counted, grouped};

/// Stands on the first line of every report, so that it is known for ours.
const MARK: &str = "<!-- a report of paysheet -->";

/// Everything that a report tells.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Of what.
    pub head: Head,
    /// Every row of the sheet, counted.
    pub ledger: Ledger,
    /// Payouts that are no longer in the sheet, by state or status.
    pub gone: BTreeMap<String, Count>,
    /// Runs that sent, the latest.
    pub runs: Vec<Run>,
    /// Earlier ones.
    pub runs_left_out: u64,
    /// How long answers took.
    pub answers: Latency,
    /// Links over time; `None` before the first.
    pub links: Option<Links>,
    /// Links that wait, by the days they have left.
    pub ageing: BTreeMap<Due, Count>,
    /// What needs a person.
    pub causes: BTreeMap<Cause, Group>,
    /// What needs a person for causes beyond those listed.
    pub other_causes: Count,
    /// Payouts with their history, in sheet order; not all of a large batch.
    pub payouts: Vec<Payout>,
}

/// Of what the report is.
#[derive(Clone, Debug, Default)]
pub struct Head {
    /// The environment's word.
    pub environment: String,
    /// No money can move there.
    pub rehearsal: bool,
    /// The batch.
    pub batch: String,
    /// The sheet as typed.
    pub sheet: String,
    /// The gateway's host.
    pub gateway: String,
    /// A hash of the account.
    pub account: String,
    /// When it was made, for people in India.
    pub made_at: String,
    /// The same in milliseconds since 1970 UTC.
    pub made_ms: i64,
    /// The day it was made, in India.
    pub today: String,
    /// When the gateway was last heard of; blank if never.
    pub heard_at: String,
    /// The checkpoint file.
    pub checkpoint: String,
    /// The results file.
    pub results: String,
    /// Of the program.
    pub version: &'static str,
    /// Command lines to copy.
    pub commands: Commands,
}

/// Command lines to copy.
#[derive(Clone, Debug, Default)]
pub struct Commands {
    /// Send or go on.
    pub send: String,
    /// The same with `--adopt`.
    pub adopt: String,
    /// Ask where the links stand.
    pub status: String,
    /// Run rejected rows again.
    pub retry: String,
    /// New links for dead ones.
    pub expired: String,
    /// Every fact.
    pub export: String,
}

/// At most so many requests in such a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Requests.
    pub count: u64,
    /// In which time.
    pub window_ms: u64,
}

impl Limit {
    fn milli(self) -> u64 {
        self.count.saturating_mul(1_000_000) / self.window_ms.max(1)
    }

    fn words(self) -> String {
        match self.window_ms {
            1_000 => format!("{}/s", grouped(self.count)),
            60_000 => format!("{}/min", grouped(self.count)),
            other => format!("{} in {}", grouped(self.count), shown::span(other)),
        }
    }
}

/// One run that sent.
#[derive(Clone, Debug)]
pub struct Run {
    /// When, for people in India.
    pub began: String,
    /// How fast it might go; `None` if it had no limit.
    pub rate: Option<Limit>,
    /// Its creates over time.
    pub creates: Timeline,
    /// When it waited.
    pub pauses: Vec<PauseSpan>,
    /// Further pauses.
    pub pauses_left_out: u64,
}

/// A time in which a run sent nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PauseSpan {
    /// From.
    pub from_ms: i64,
    /// Until.
    pub until_ms: i64,
    /// Why.
    pub why: &'static str,
}

impl PauseSpan {
    fn lasted_ms(&self) -> u64 {
        u64::try_from(self.until_ms.saturating_sub(self.from_ms)).unwrap_or(0)
    }
}

/// Links over time. Both timelines have the same bins.
#[derive(Clone, Debug)]
pub struct Links {
    /// When the first was created, for people in India.
    pub began: String,
    /// Created.
    pub created: Timeline,
    /// First seen redeemed.
    pub redeemed: Timeline,
}

/// How long a link has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    /// Its last day has passed, and nobody has asked since.
    Past,
    /// So many days; 0 is today.
    In(u16),
    /// Its last day is not known.
    Unknown,
}

impl Due {
    /// Where its bar stands: days apart are as far apart.
    fn place(&self) -> u64 {
        match self {
            Due::Past => 0,
            Due::In(days) => u64::from(*days) + 1,
            // Two beyond the 30 days that a link can live.
            Due::Unknown => 33,
        }
    }

    /// The days, where they are known.
    fn days(&self) -> Option<u16> {
        match self {
            Due::In(days) => Some(*days),
            Due::Past | Due::Unknown => None,
        }
    }

    /// A word for an axis.
    pub fn mark(&self) -> String {
        match self {
            Due::Past => "past".to_owned(),
            Due::In(days) => days.to_string(),
            Due::Unknown => "?".to_owned(),
        }
    }

    fn words(&self) -> String {
        match self {
            Due::Past => "past its last day".to_owned(),
            Due::In(0) => "today".to_owned(),
            Due::In(1) => "1 day".to_owned(),
            Due::In(days) => format!("{days} days"),
            Due::Unknown => "last day unknown".to_owned(),
        }
    }
}

/// A payout with its history. Phone and e-mail address are masked already.
#[derive(Clone, Debug, Default)]
pub struct Payout {
    /// Its number, unique in the batch.
    pub number: i64,
    /// Its line in the sheet; `None` if it is no longer there.
    pub line: Option<u64>,
    /// It needs a person.
    pub in_need: bool,
    /// Payee.
    pub name: String,
    /// Masked.
    pub phone: String,
    /// Masked; blank if there is none.
    pub email: String,
    /// Amount.
    pub amount: Money,
    /// Cashgram id.
    pub id: String,
    /// The gateway's reference.
    pub reference: String,
    /// Status or state, in a word.
    pub stands: String,
    /// Why, in the gateway's or our words.
    pub reason: String,
    /// Bank reference.
    pub utr: String,
    /// Create requests.
    pub attempts: u32,
    /// When its status was last read.
    pub checked_at: String,
    /// What happened, the oldest first.
    pub facts: Vec<FactLine>,
    /// Facts beyond those.
    pub facts_left_out: u64,
}

/// Something that happened to a payout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactLine {
    /// When, for people in India.
    pub at: String,
    /// What.
    pub words: String,
}

impl Payout {
    fn place(&self) -> String {
        self.line.map_or("gone".to_owned(), |line| line.to_string())
    }

    fn known(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("Reference", &self.reference),
            ("Bank reference", &self.utr),
            ("E-mail", &self.email),
            ("Reason", &self.reason),
            ("Status read", &self.checked_at),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(what, value)| (what, value.as_str()))
    }
}

impl Page {
    fn gone_rows(&self) -> u64 {
        self.gone.values().map(|count| count.rows).sum()
    }

    /// Payouts that need a person.
    pub fn need_a_person(&self) -> u64 {
        let grouped: u64 = self.causes.values().map(|group| group.count.rows).sum();
        grouped + self.other_causes.rows
    }

    /// The batch in a sentence, and how it is to be taken.
    pub fn verdict(&self) -> (Tone, String) {
        if !self.ledger.is_balanced() {
            let words = "The totals do not close. Keep the files as they are, pay nothing by hand, and have somebody look at the checkpoint.";
            return (Tone::Wrong, words.to_owned());
        }
        let total = self.ledger.total();
        let all = counted(total.rows, "payout", "payouts");
        let created = self.ledger.state(State::Created);
        let persons = self.need_a_person();
        let ready = self.ledger.of(&Entry::Ready).rows;
        if created.rows == 0 && ready == total.rows {
            let words = format!(
                "Nothing has been sent yet: {all} of {} ready.",
                is_are(total)
            );
            return (Tone::Waiting, words);
        }
        let redeemed = self.ledger.of(&Entry::Redeemed).rows;
        let mut words = match created.rows == total.rows {
            true if total.rows == 1 => "The one payout was created".to_owned(),
            true => format!("All {all} were created"),
            false => format!("{} of {all} were created", grouped(created.rows)),
        };
        words.push_str(&match redeemed {
            0 => ", none is redeemed yet".to_owned(),
            all if all == created.rows => ", and redeemed".to_owned(),
            some => format!(", {} redeemed", grouped(some)),
        });
        if ready > 0 {
            words.push_str(&format!("; {} not sent yet", grouped(ready)));
        }
        let tone = match (persons, redeemed == total.rows) {
            (1.., _) => Tone::Wrong,
            (0, true) => Tone::Good,
            (0, false) => Tone::Waiting,
        };
        words.push_str(&match persons {
            // Somebody has to send it.
            0 if ready > 0 => ".".to_owned(),
            0 => ". Nothing needs a person.".to_owned(),
            1 => ". 1 needs a person.".to_owned(),
            many => format!(". {} need a person.", grouped(many)),
        });
        (tone, words)
    }
}

/// `₹500.00 is` or `are`, after a number of payouts.
fn is_are(total: Count) -> String {
    let verb = if total.rows == 1 { "is" } else { "are" };
    format!("{} {verb}", rupees(total.amount))
}

/// Whether a file with this first line is a report of ours.
pub fn is_ours(first_line: &str) -> bool {
    first_line.contains(MARK)
}

#[cfg(test)]
mod tests;
