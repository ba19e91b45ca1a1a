//! One request to the gateway, from its token to its record. Every request of the engine goes through here.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tokio::time::Instant;

use crate::checkpoint::{Believed, News, OpenRow, PayoutNo, Posting};
use crate::clock::Clock;
use crate::domain::planted::{self, Mistake};
use crate::domain::{Finding, Found, LookUp, Standing};
use crate::gateway::{Gateway, Reply, Token, reading, wire};

use super::event::{Event, Events};
use super::order::{Order, OrderRules, order};
use super::pace::{Held, Pace, stopped};
use super::recorder::{Failed, Recorder};
use super::retry::{self, Budget};

/// Until an answer that ends the run is recorded and the run has stopped, nothing else leaves: that takes a commit or two.
const STOP_DECIDED_MAX: Duration = Duration::from_secs(10);

/// What every request of a run shares.
pub(super) struct Line<G> {
    pub(super) gateway: Arc<G>,
    /// One permit for each request that may be on the wire at once.
    pub(super) wire: Semaphore,
    pub(super) pace: Arc<Pace>,
    pub(super) recorder: Recorder,
    pub(super) budget: Budget,
    pub(super) events: Events,
    pub(super) clock: Clock,
    pub(super) stopping: watch::Receiver<bool>,
}

/// How one create ended.
#[derive(Debug)]
pub(super) enum CreateEnd {
    /// A reply was read, or its absence; recorded.
    Found {
        finding: Finding,
        standing: Standing,
        order: Order,
    },
    /// There was no token, so nothing was recorded and nothing left.
    NoToken(Finding),
    /// The run was stopping: recorded as not sent.
    Held,
}

/// How one look-up ended.
#[derive(Debug)]
pub(super) struct LookUpEnd {
    pub(super) look_up: LookUp,
    /// After a recorded answer.
    pub(super) standing: Option<Standing>,
    /// When the question left.
    pub(super) asked: Instant,
}

/// Whether to record that an id is missing, and how a sighting is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asking {
    /// Looking for proof: a sighting and its absence are facts.
    Doubt,
    /// Reading a status: a sighting is a sweep.
    Status,
    /// Looking before anything was sent: only a sighting is a fact.
    Probe,
    /// Looking for an id that no payout has: nothing is recorded.
    Strange,
}

impl<G: Gateway> Line<G> {
    /// Sends one create: token, record, departure, reply, record.
    pub(super) async fn create(
        &self,
        row: &OpenRow,
        rules: &OrderRules,
    ) -> Result<CreateEnd, Failed> {
        let token = match self.token().await {
            Ok(token) => token,
            Err(finding) => return Ok(CreateEnd::NoToken(finding)),
        };
        let order = order(row, rules, self.clock.today_in_india());
        let sending = News::Sending {
            attempt: row.standing.attempts.saturating_add(1),
            terms: order.terms,
            body: order.is_new.then(|| order.body.clone()),
        };
        let posted = self.post_of(row, row.standing, sending);
        let mut sent = row.standing;
        if planted::is(Mistake::SendBeforeDurable) {
            tokio::select! { biased; _ = posted => {}, () = std::future::ready(()) => {} }
        } else {
            sent = posted.await?;
        }
        let finding = match self.send(token, &row.cashgram_id, &order.body).await {
            Ok(finding) => finding,
            Err(Held) => {
                let why = "held back: the run was stopping".to_owned();
                self.post(row.payout, News::Found(Found::NotSent, why))
                    .await?;
                return Ok(CreateEnd::Held);
            }
        };
        let standing = self.post_of(row, sent, news_of(&finding)).await?;
        Ok(CreateEnd::Found {
            finding,
            standing,
            order,
        })
    }

    /// A refused token is renewed once; the create that it refused was not acted on, so it is the same attempt.
    async fn send(&self, token: Token, id: &str, body: &str) -> Result<Finding, Held> {
        let place = self.depart().await?;
        let first = self.create_once(&token, id, body).await;
        drop(place);
        if first != Finding::TokenRefused {
            return Ok(first);
        }
        let fresh = match self.renew(&token).await {
            Ok(fresh) => fresh,
            // Nothing was created either way, and why there is no other token is what has to be mended.
            Err(Finding::StopRun(stop)) => return Ok(Finding::StopRun(stop)),
            Err(_) => return Ok(first),
        };
        if !self.budget.take() {
            return Ok(first);
        }
        match self.depart().await {
            Ok(_place) => Ok(self.create_once(&fresh, id, body).await),
            Err(Held) => Ok(first),
        }
    }

    async fn create_once(&self, token: &Token, id: &str, body: &str) -> Finding {
        let finding = reading::read_create(&self.gateway.create(token, body).await, id);
        self.heed(&finding);
        finding
    }

    pub(super) async fn token(&self) -> Result<Token, Finding> {
        let token = self.gateway.token().await;
        token.inspect_err(|finding| self.heed(finding))
    }

    pub(super) async fn renew(&self, stale: &Token) -> Result<Token, Finding> {
        let token = self.gateway.renew(stale).await;
        token.inspect_err(|finding| self.heed(finding))
    }

    /// What speaks for all requests holds all of them back from the moment it is read.
    fn heed(&self, finding: &Finding) {
        match finding {
            Finding::Throttled { wait } => self.pause(*wait),
            Finding::StopRun(_) | Finding::InDoubt { stop: Some(_), .. } => {
                self.pace.pause_until(Instant::now() + STOP_DECIDED_MAX);
            }
            Finding::Created(_)
            | Finding::Duplicate
            | Finding::Rejected(_)
            | Finding::NotSent { .. }
            | Finding::TokenRefused
            | Finding::InDoubt { stop: None, .. } => {}
        }
    }

    /// A 429 holds everyone back from the moment it is read: until it is recorded and decided upon, others would leave.
    pub(super) fn pause(&self, wait: Option<Duration>) {
        let wait = wait.unwrap_or(retry::THROTTLE_MIN);
        self.pace.pause_until(Instant::now() + wait);
    }

    /// A place on the wire and leave to go; the place is free again once the permit is dropped.
    pub(super) async fn depart(&self) -> Result<SemaphorePermit<'_>, Held> {
        let mut stopping = self.stopping.clone();
        let place = tokio::select! {
            biased;
            () = stopped(&mut stopping) => return Err(Held),
            place = self.wire.acquire() => place.map_err(|_| Held)?,
        };
        let total = self.pace.depart(&mut stopping).await?;
        if self.recorder.is_broken() {
            return Err(Held);
        }
        (self.events)(&Event::Requested { total });
        Ok(place)
    }

    /// Asks where `id` stands, and records what is a fact.
    pub(super) async fn look_up(
        &self,
        payout: PayoutNo,
        id: &str,
        asking: Asking,
    ) -> Result<LookUpEnd, Failed> {
        let (look_up, asked) = self.ask(id).await;
        let news = match (&look_up, asking) {
            (LookUp::Found(seen), Asking::Status) => Some(News::Swept(seen.clone())),
            (LookUp::Found(seen), Asking::Doubt | Asking::Probe) => {
                Some(News::Present(seen.clone()))
            }
            (LookUp::Missing, Asking::Doubt | Asking::Status) => Some(News::Missing),
            (LookUp::Missing, Asking::Probe)
            | (LookUp::Found(_) | LookUp::Missing, Asking::Strange) => None,
            (
                LookUp::Throttled { .. }
                | LookUp::TokenRefused
                | LookUp::StopRun(_)
                | LookUp::NoAnswer { .. },
                _,
            ) => None,
        };
        let standing = match news {
            Some(news) => Some(self.post(payout, news).await?),
            None => None,
        };
        Ok(LookUpEnd {
            look_up,
            standing,
            asked,
        })
    }

    async fn ask(&self, id: &str) -> (LookUp, Instant) {
        let token = match self.token().await {
            Ok(token) => token,
            Err(finding) => return (without_token(finding), Instant::now()),
        };
        let (first, asked) = self.ask_with(&token, id).await;
        if first != LookUp::TokenRefused {
            return (first, asked);
        }
        match self.renew(&token).await {
            Ok(fresh) if self.budget.take() => self.ask_with(&fresh, id).await,
            Ok(_) => (first, asked),
            Err(finding) => (without_token(finding), asked),
        }
    }

    async fn ask_with(&self, token: &Token, id: &str) -> (LookUp, Instant) {
        let Ok(_place) = self.depart().await else {
            return (not_asked("the run was stopping".to_owned()), Instant::now());
        };
        let asked = Instant::now();
        let look_up = reading::read_look_up(&self.gateway.look_up(token, id).await, id);
        if let LookUp::Throttled { wait } = &look_up {
            self.pause(*wait);
        }
        (look_up, asked)
    }

    /// Reads the balance once; `Err` says why it cannot be read. That stops nothing: whoever may pay need not be allowed
    /// to see the balance, and what would stop a create is said by the create.
    pub(super) async fn balance(&self) -> Result<reading::Balance, String> {
        let token = match self.token().await {
            Ok(token) => token,
            Err(finding) => return Err(why_not(finding)),
        };
        let Ok(_place) = self.depart().await else {
            return Err("the run was stopping".to_owned());
        };
        let reply: Reply = self.gateway.balance(&token).await;
        let read = reading::read_balance(&reply);
        if let Err(Finding::Throttled { wait }) = &read {
            self.pause(*wait);
        }
        read.map_err(why_not)
    }

    pub(super) async fn post(&self, payout: PayoutNo, news: News) -> Result<Standing, Failed> {
        self.post_as(payout, news, None).await
    }

    /// The same of a row of the sheet that stands so.
    async fn post_of(
        &self,
        row: &OpenRow,
        standing: Standing,
        news: News,
    ) -> Result<Standing, Failed> {
        let amount = row.amount;
        let believed = Believed { standing, amount };
        self.post_as(row.payout, news, Some(believed)).await
    }

    async fn post_as(
        &self,
        payout: PayoutNo,
        news: News,
        believed: Option<Believed>,
    ) -> Result<Standing, Failed> {
        let at = self.clock.now();
        let posting = Posting {
            payout,
            at,
            news,
            believed,
        };
        self.recorder.post(posting).await
    }
}

fn news_of(finding: &Finding) -> News {
    let found = |found: Found, why: &str| News::Found(found, why.to_owned());
    match finding {
        Finding::Created(receipt) => News::Created(receipt.clone(), wire::status_when_created()),
        Finding::Rejected(refusal) => News::Rejected(refusal.clone()),
        Finding::Duplicate => found(Found::Duplicate, "the id exists at the gateway already"),
        Finding::NotSent { why } => found(Found::NotSent, why),
        Finding::Throttled { .. } => found(
            Found::Throttled,
            "too many requests: the gateway asked to wait",
        ),
        Finding::TokenRefused => found(
            Found::TokenRefused,
            "the gateway refused the session's token",
        ),
        Finding::StopRun(stop) => found(Found::Stopped, &stop.message),
        Finding::InDoubt { why, .. } => found(Found::InDoubt, why),
    }
}

pub(super) fn not_asked(why: String) -> LookUp {
    LookUp::NoAnswer { why, sent: false }
}

pub(super) fn without_token(finding: Finding) -> LookUp {
    match finding {
        Finding::Throttled { wait } => LookUp::Throttled { wait },
        Finding::StopRun(stop) => LookUp::StopRun(stop),
        Finding::NotSent { why } | Finding::InDoubt { why, .. } => not_asked(why),
        Finding::TokenRefused | Finding::Created(_) | Finding::Duplicate | Finding::Rejected(_) => {
            not_asked("the gateway gave no token".to_owned())
        }
    }
}

/// Why there was no balance.
fn why_not(finding: Finding) -> String {
    match finding {
        Finding::StopRun(stop) => stop.message,
        Finding::NotSent { why } | Finding::InDoubt { why, .. } => why,
        Finding::Throttled { .. } => "the gateway asked to wait".to_owned(),
        Finding::TokenRefused => "the gateway refused the session's token".to_owned(),
        Finding::Created(_) | Finding::Duplicate | Finding::Rejected(_) => {
            "the answer made no sense".to_owned()
        }
    }
}
