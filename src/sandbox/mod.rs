//! A gateway that is not theirs, for rehearsals and tests. Imports nothing of ours.
//!
//! It speaks the Cashgram protocol as this folder reads it, written apart from `gateway`, so that two independent
//! readings of one protocol check each other. Reading order:
//!
//! | file | what it is |
//! |---|---|
//! | `ask`, `answer`, `reply` | a request understood; the bank's answer in its words; what a client gets of it |
//! | `rules`, `bank`, `fields`, `token`, `signature` | PURE: the rules and their refusals |
//! | `cashgram`, `passage`, `life` | PURE: a link, how it passes from one standing to the next, what it does by itself |
//! | `books`, `store` | what the bank remembers: in memory, or in one SQLite file |
//! | `mischief`, `twist`, `throttle`, `chance` | PURE: what goes wrong, by plan and by seed |
//! | `desk`, `control`, `log` | where all that meets; the `/__sim/` endpoints; what was asked |
//! | `http`, `wire` | the socket, and how to slam it shut |
//! | `notice`, `webhooks` | the events that links cause (PURE); their way to a receiver on this machine |
//! | `units`, `time`, `money` | integers with a unit |
//!
//! Time and chance are arguments everywhere but in `http` and `webhooks`, so a simulation under virtual time uses
//! [`Sandbox::handle`] without a socket and can be had again from its seed.
//!
//! Deliberately absent: checks of the caller's address; environment variables, arguments and printing
//! (the commands' business); and anything that would make its play money worth guarding.

pub mod answer;
pub mod ask;
pub mod bank;
pub mod books;
pub mod cashgram;
mod chance;
mod control;
mod desk;
pub mod fields;
pub mod http;
pub mod life;
pub mod log;
pub mod mischief;
mod money;
mod notice;
mod passage;
pub mod reply;
pub mod rules;
pub mod signature;
pub mod store;
mod throttle;
pub mod time;
mod token;
mod twist;
pub mod units;
pub mod webhooks;
mod wire;

pub use ask::Request;
pub use books::{Books, Broken, Memory};
pub use cashgram::{Cashgram, Purse, Status};
pub use fields::Limits;
pub use life::{LINKS, Life};
pub use mischief::{FAULTS, Plan};
pub use money::rupees;
pub use notice::{Form, Notice};
pub use reply::{Delivery, Ending, ErrorStyle, Reply};
pub use rules::{BalanceRule, Rules, StatusShape};
pub use signature::SignatureKey;
pub use store::Store;
pub use time::Moment;
pub use units::{Latency, Share, Span};

use bank::Bank;
use desk::Desk;
use log::Seen;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The client id that is accepted unless another is handed in. Published: it guards nothing.
pub const CLIENT_ID: &str = "CF_SANDBOX_PAYSHEET";
/// The client secret that is accepted unless another is handed in. Published: it guards nothing.
pub const CLIENT_SECRET: &str = "sandbox-secret-that-guards-nothing";
/// Opening balance in paise: ten lakh crore rupees, ample for any rehearsal.
const AMPLE: i64 = 1_000_000_000_000_000;

/// How a sandbox behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// The account and its rules.
    pub rules: Rules,
    /// Under which HTTP status refusals travel.
    pub error_style: ErrorStyle,
    /// Whether refusals carry the documentation's symbolic name as `code`; no published sample does.
    pub symbols: bool,
    /// What goes wrong.
    pub faults: Plan,
    /// Requests admitted in any sliding second, authorize apart; none: no limit.
    pub rate_limit: Option<u32>,
    /// How long replies take.
    pub latency: Latency,
    /// Whether authorize takes as long as the others.
    pub latency_on_authorize: bool,
}

impl Default for Options {
    /// As served: refusals under HTTP 200, no latency, no limit, an ample balance, no faults, links that stay ACTIVE.
    fn default() -> Self {
        Self {
            rules: Rules {
                client_id: CLIENT_ID.into(),
                client_secret: CLIENT_SECRET.into(),
                signature: None,
                token_life: Span::seconds(360),
                opening_balance: AMPLE,
                balance_rule: BalanceRule::Single,
                limits: Limits {
                    min: fields::AMOUNT_MIN,
                    max: None,
                },
                deactivated_word: Status::Expired.word().into(),
                status_shape: StatusShape::New,
                unknown_id_code: 404,
                life: Life::STILL,
                missing_for: Span::ZERO,
                seed: 1,
            },
            error_style: ErrorStyle::Http200,
            symbols: false,
            faults: Plan::default(),
            rate_limit: None,
            latency: Latency::default(),
            latency_on_authorize: false,
        }
    }
}

impl Options {
    /// As embedded in a command: the same, but links live, so that a sweep shows life.
    pub fn embedded() -> Self {
        let mut options = Self::default();
        options.rules.life = Life::LIVELY;
        options
    }
}

/// A simulated gateway.
pub struct Sandbox(Mutex<Desk>);

impl Sandbox {
    /// A gateway over `books`. What a plan says of all new links (`missing-for`) becomes a rule of the bank.
    pub fn new(options: Options, books: Box<dyn Books>) -> Result<Self, Broken> {
        let mut rules = options.rules.clone();
        rules.missing_for = rules.missing_for.max(options.faults.missing_for);
        let bank = Bank::open(rules, books)?;
        Ok(Self(Mutex::new(Desk::new(options, bank))))
    }

    /// Handles one request that arrived at `wall`. What it does to the books is done when this returns.
    pub fn handle(&self, request: Request<'_>, wall: Moment) -> Delivery {
        self.desk().handle(request, wall)
    }

    /// All Cashgrams in the order of their references, with everything that is due at `wall` done.
    pub fn cashgrams(&self, wall: Moment) -> Result<Vec<Cashgram>, Broken> {
        let mut desk = self.desk();
        desk.catch_up(wall);
        let now = desk.now(wall);
        desk.bank.settle(now)?;
        let mut all = Vec::new();
        desk.bank
            .books
            .each(0, usize::MAX, &mut |cashgram| all.push(cashgram.clone()))?;
        Ok(all)
    }

    /// The requests remembered, oldest first.
    pub fn requests(&self) -> Vec<Seen> {
        self.desk().log.seen().cloned().collect()
    }

    /// The account's money.
    pub fn purse(&self) -> Purse {
        self.desk().bank.purse
    }

    /// From now on nothing goes wrong by plan and nobody is throttled. What is under way takes its course.
    pub fn calm(&self) {
        self.desk().calm();
    }

    /// From now on amounts above `max` are refused: accounts and their limits change.
    pub fn limit(&self, max: Option<i64>) {
        self.desk().bank.rules.limits.max = max;
    }

    /// The sandbox's own time at `wall`, as moved by the control endpoint.
    pub fn now(&self, wall: Moment) -> Moment {
        self.desk().now(wall)
    }

    /// Begins to keep the events that links cause.
    pub fn announce(&self) {
        self.desk().bank.notices.get_or_insert_default();
    }

    /// The events caused since they were last asked for, with everything that is due at `wall` done.
    ///
    /// # Errors
    ///
    /// If the books cannot be read or written.
    pub fn notices(&self, wall: Moment) -> Result<Vec<Notice>, Broken> {
        let mut desk = self.desk();
        desk.catch_up(wall);
        let now = desk.now(wall);
        desk.bank.settle(now)?;
        Ok(desk
            .bank
            .notices
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default())
    }

    /// The account's secret, which signs events.
    pub(in crate::sandbox) fn secret(&self) -> String {
        self.desk().bank.rules.client_secret.clone()
    }

    /// Where chance begins.
    pub(in crate::sandbox) fn seed(&self) -> u64 {
        self.desk().bank.rules.seed
    }

    /// A request that panicked leaves the books as consistent as their last finished change; later ones go on.
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
