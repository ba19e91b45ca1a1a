//! The run: takes payouts to the gateway until each is decided, in doubt for good, or left for the next run.
//!
//! One task decides everything: what is next, whether it may leave, what its answer means for the rest. The requests
//! themselves are tasks that only carry one answer back. Starting is resuming from an empty checkpoint.
//!
//! Deliberately absent: any second way to send. `Line::create` is called from `Run::launch` alone.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;

use crate::checkpoint::OpenRow;
use crate::domain::planted::{self, Mistake};
use crate::domain::{Finding, LookUp, Refusal, State};
use crate::gateway::Gateway;

use super::breaker::{Breaker, Gate, Sign};
use super::event::{Event, Pause};
use super::halt::{Halt, Outcome};
use super::line::{Asking, CreateEnd, Line, LookUpEnd};
use super::order::OrderRules;
use super::recorder::Failed;
use super::retry::{self, LOOK_UPS_MAX};
use super::work::{Desk, Task, Work};

/// So many equal refusals without a single success: something is wrong with the account or the sheet (`product.md`).
const EQUAL_REFUSALS_MAX: u32 = 20;
/// Without a rate, so many payouts for each place on the wire are being written down meanwhile: each waits for the
/// disk twice, and its place would stand empty; and a fuller page costs less of a sync for each. With a rate the disk
/// is no matter, and none is written down early.
const RECORDED_AHEAD: usize = 3;
/// A conflict is looked up so often for its link and reference.
const CONFLICT_LOOK_UPS_MAX: u32 = 2;

/// What bounds a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests on their way at once.
    pub concurrency: usize,
    /// Creates of one payout in one run.
    pub max_attempts: u32,
    /// A create in doubt is sent again only after a look-up found nothing so long after we stopped waiting.
    pub settle: Duration,
    /// The gateway may be out of reach for so long.
    pub give_up_after: Duration,
}

/// One request's answer, with the work it was for.
enum Landed {
    Create(Box<Work>, CreateEnd),
    Ask(Box<Work>, LookUpEnd),
}

pub(super) struct Run<G> {
    pub(super) line: Arc<Line<G>>,
    pub(super) limits: Limits,
    pub(super) rules: OrderRules,
    pub(super) stop: watch::Sender<bool>,
    pub(super) rng: fastrand::Rng,
    desk: Desk,
    feed: Feed,
    on_the_way: JoinSet<Result<Landed, Failed>>,
    creates: Breaker,
    asks: Breaker,
    throttled: u32,
    last_failure: String,
    refusals: Option<(Refusal, u32)>,
    /// Payouts that may be between their turn and the record of their answer.
    places: usize,
    /// Look-ups among them, no more than places on the wire: none is written down ahead.
    asking: usize,
    start: Instant,
    settling: bool,
    /// The last thing said was that nothing is sent for a while.
    paused: bool,
    outcome: Outcome,
}

impl<G: Gateway> Run<G> {
    pub(super) fn new(
        line: Arc<Line<G>>,
        limits: Limits,
        rules: OrderRules,
        stop: watch::Sender<bool>,
        rng: fastrand::Rng,
        payouts: u64,
    ) -> Run<G> {
        line.budget.open(payouts);
        // Whoever asks for one at a time gets one after the other, in the sheet's order.
        let ahead = limits.concurrency.saturating_sub(1) * RECORDED_AHEAD;
        let ahead = if line.pace.is_unlimited() { ahead } else { 0 };
        Run {
            places: limits.concurrency.saturating_add(ahead),
            asking: 0,
            line,
            limits,
            rules,
            stop,
            rng,
            desk: Desk::default(),
            feed: Feed::default(),
            on_the_way: JoinSet::new(),
            creates: Breaker::new(),
            asks: Breaker::new(),
            throttled: 0,
            last_failure: String::new(),
            refusals: None,
            start: Instant::now(),
            settling: false,
            paused: false,
            outcome: Outcome::default(),
        }
    }

    /// Runs until nothing is left to do, or a [`Halt`]. `interrupt` turns true at the first signal.
    pub(super) async fn run(mut self, mut interrupt: watch::Receiver<bool>) -> Outcome {
        match self
            .line
            .recorder
            .run(|store| store.conflict_phones())
            .await
        {
            Ok(phones) => self.desk.block(phones),
            Err(failed) => self.halt(not_recorded(&failed)),
        }
        while self.outcome.halt.is_none() {
            if let Err(failed) = self.refill().await {
                self.halt(not_recorded(&failed));
            } else if !self.step(&mut interrupt).await {
                break;
            }
        }
        while let Some(landed) = self.on_the_way.join_next().await {
            self.landed(landed);
        }
        self.outcome.requests = self.line.pace.departed();
        self.outcome
    }

    /// One thing happens. False when nothing is left to do.
    async fn step(&mut self, interrupt: &mut watch::Receiver<bool>) -> bool {
        let now = Instant::now();
        self.desk.ripen(now);
        self.give_up_if_out_of_reach(now);
        let next = self.next_task(now);
        let wake = self.wake_at(now);
        if next.is_none() && wake.is_none() && self.on_the_way.is_empty() {
            return false;
        }
        if next.is_none() && self.on_the_way.is_empty() {
            self.tell_settling(now);
        }
        let line = self.line.clone();
        tokio::select! {
            biased;
            () = interrupted(interrupt) => self.interrupted(),
            Some(landed) = self.on_the_way.join_next(), if !self.on_the_way.is_empty() => self.landed(landed),
            () = line.pace.turn(), if next.is_some() => {
                if let Some(task) = next {
                    self.launch(task);
                }
            }
            () = sleep_until(wake), if next.is_none() && wake.is_some() => {}
        }
        true
    }

    /// What may leave now: look-ups first, since they decide what is open.
    fn next_task(&self, now: Instant) -> Option<Task> {
        // Until one was created, equal refusals may have to stop the run: no more are on their way than must be.
        let proven = self.outcome.created_now > 0;
        let places = if proven {
            self.places
        } else {
            self.limits.concurrency
        };
        if self.outcome.halt.is_some() || self.on_the_way.len() >= places {
            return None;
        }
        let open = |breaker: &Breaker| breaker.gate(now) == Gate::Open;
        let may_ask = self.asking < self.limits.concurrency && open(&self.asks);
        if may_ask && self.desk.has(Task::Ask) {
            return Some(Task::Ask);
        }
        (self.desk.has(Task::Create) && open(&self.creates)).then_some(Task::Create)
    }

    /// When something may leave that may not leave now, or patience ends.
    fn wake_at(&self, now: Instant) -> Option<Instant> {
        let gate = |task: Task, breaker: &Breaker| match breaker.gate(now) {
            Gate::Until(at) if self.desk.has(task) => breaker
                .deadline(self.limits.give_up_after)
                .map_or(Some(at), |deadline| Some(at.min(deadline))),
            Gate::Until(_) | Gate::Open | Gate::Probing => None,
        };
        let gates = [
            gate(Task::Ask, &self.asks),
            gate(Task::Create, &self.creates),
            self.desk.next_due(),
        ];
        gates.into_iter().flatten().min()
    }

    /// Keeps the desk supplied: payouts in doubt first, then what is ready, in sheet order.
    async fn refill(&mut self) -> Result<(), Failed> {
        while !self.desk.has(Task::Create) && !self.desk.has(Task::Ask) && self.desk.has_room() {
            if self.feed.page.is_empty() && !self.feed.read(&self.line.recorder).await? {
                return Ok(());
            }
            while self.desk.has_room() {
                let Some(row) = self.feed.page.pop_front() else {
                    break;
                };
                self.take_up(row);
            }
        }
        Ok(())
    }

    fn take_up(&mut self, mut row: OpenRow) {
        if planted::is(Mistake::FreshIdsOnResume) && row.standing.state == State::Unknown {
            row = under_another_id(row);
        }
        if matches!(row.standing.state, State::Unknown | State::Conflict) {
            let mut work = Work::new(row, Task::Ask, self.start);
            if work.row.standing.state == State::Conflict {
                // Long after its 409 one look is enough.
                work.asked = CONFLICT_LOOK_UPS_MAX - 1;
            }
            self.desk.put_off(work, self.start);
        } else if self.is_held_back(&row) {
            self.outcome.held_back += 1;
        } else {
            self.desk.take_up(Work::new(row, Task::Create, self.start));
        }
    }

    /// The only place that starts a request.
    fn launch(&mut self, task: Task) {
        let Some(mut work) = self.desk.take(task) else {
            return;
        };
        if task == Task::Create && self.is_held_back(&work.row) {
            self.outcome.held_back += 1;
            return self.done(&mut work);
        }
        if work.repeats && !self.line.budget.take() {
            return self.leave(work);
        }
        self.tell_resumed();
        work.budgeted = work.repeats;
        let (line, rules) = (self.line.clone(), self.rules);
        match task {
            Task::Create => {
                self.outcome.retries += u64::from(work.repeats && work.tried > 0);
                self.creates.left();
                work.repeats = true;
                self.on_the_way.spawn(async move {
                    let end = line.create(&work.row, &rules).await?;
                    Ok(Landed::Create(Box::new(work), end))
                });
            }
            Task::Ask => {
                self.asks.left();
                self.asking += 1;
                work.repeats = true;
                self.on_the_way.spawn(async move {
                    let end = line
                        .look_up(work.row.payout, &work.row.cashgram_id, Asking::Doubt)
                        .await?;
                    Ok(Landed::Ask(Box::new(work), end))
                });
            }
        }
    }

    /// No row of a phone in conflict is sent, except one that may exist already: that one is only sent again.
    fn is_held_back(&self, row: &OpenRow) -> bool {
        row.standing.state == State::Ready && self.desk.is_blocked(row.phone)
    }

    fn landed(&mut self, landed: Result<Result<Landed, Failed>, JoinError>) {
        self.settling = false;
        match landed {
            Ok(Ok(Landed::Create(work, end))) => self.create_landed(*work, end),
            Ok(Ok(Landed::Ask(work, end))) => self.ask_landed(*work, end),
            Ok(Err(failed)) => self.halt(not_recorded(&failed)),
            Err(died) => self.halt(Halt::NotRecorded {
                why: format!("a sender died ({died}); run the same command again"),
            }),
        }
    }

    fn create_landed(&mut self, mut work: Work, end: CreateEnd) {
        match end {
            CreateEnd::Held => {}
            CreateEnd::NoToken(finding) => {
                self.note_create(&finding);
                let sign = self.sign_of(&finding);
                self.note_ask(sign, "");
                if self.outcome.halt.is_none() {
                    self.desk.put_back(work);
                }
            }
            CreateEnd::Found {
                finding,
                standing,
                order,
            } => {
                let from = work.row.standing.state;
                work.row.standing = standing;
                work.row.body = Some(order.body);
                if !matches!(finding, Finding::NotSent { .. }) {
                    work.tried += 1;
                }
                self.note_create(&finding);
                self.tell_moved(&work.row, from, note_of(&finding));
                self.after_create(work, &finding);
            }
        }
    }

    /// Where the payout goes after its create was recorded.
    fn after_create(&mut self, mut work: Work, finding: &Finding) {
        match work.row.standing.state {
            State::Created => {
                self.succeeded();
                self.done(&mut work);
            }
            State::Rejected => {
                if let Finding::Rejected(refusal) = finding {
                    self.count_refusal(refusal);
                }
                self.done(&mut work);
            }
            State::Conflict => {
                self.desk.block([work.row.phone]);
                self.done(&mut work);
                self.ask_later(work);
            }
            State::Unknown => {
                self.done(&mut work);
                work.since = Instant::now();
                work.asked = 0;
                work.unanswered = 0;
                self.ask_later(work);
            }
            State::Ready => self.try_again(work, finding),
            State::Invalid | State::Cancelled => self.done(&mut work),
        }
    }

    fn try_again(&mut self, work: Work, finding: &Finding) {
        if work.tried >= self.limits.max_attempts || matches!(finding, Finding::StopRun(_)) {
            return self.leave(work);
        }
        // The breaker and the pause hold back what the gateway cannot take; only the rest waits by itself.
        match finding {
            Finding::NotSent { .. } | Finding::Throttled { .. } => self.desk.put_back(work),
            Finding::Created(_)
            | Finding::Duplicate
            | Finding::Rejected(_)
            | Finding::TokenRefused
            | Finding::StopRun(_)
            | Finding::InDoubt { .. } => {
                let wait = retry::backoff(work.tried, &mut self.rng);
                self.tell_undecided(&work, note_of(finding), wait);
                self.desk.put_off(work, Instant::now() + wait);
            }
        }
    }

    /// The payout stays as it is until the next run.
    fn leave(&mut self, mut work: Work) {
        if work.row.standing.state == State::Ready {
            self.outcome.left_ready += 1;
            self.done(&mut work);
        }
    }

    fn done(&mut self, work: &mut Work) {
        self.outcome.held_back += self.desk.release(work);
    }

    fn succeeded(&mut self) {
        self.outcome.created_now += 1;
        self.line.budget.succeeded();
        self.refusals = None;
    }

    fn count_refusal(&mut self, refusal: &Refusal) {
        if self.outcome.created_now > 0 {
            return;
        }
        let count = match &self.refusals {
            Some((same, count)) if same == refusal => count + 1,
            _ => 1,
        };
        self.refusals = Some((refusal.clone(), count));
        if count >= EQUAL_REFUSALS_MAX {
            self.halt(Halt::EqualRefusals {
                count,
                message: refusal.message.clone(),
            });
        }
    }

    fn sign_of(&mut self, finding: &Finding) -> Sign {
        match finding {
            Finding::NotSent { .. } => Sign::Unreachable,
            // Refused although it was renewed: another renewal at once will not mend that.
            Finding::InDoubt { .. } | Finding::TokenRefused => Sign::Failed,
            Finding::Throttled { wait } => Sign::Throttled(
                wait.unwrap_or_else(|| retry::throttle_wait(self.throttled, &mut self.rng)),
            ),
            Finding::Created(_)
            | Finding::Duplicate
            | Finding::Rejected(_)
            | Finding::StopRun(_) => Sign::Answered,
        }
    }
}

mod doubt;
mod feed;
mod notes;

use feed::Feed;
use notes::note_of;

pub(super) async fn interrupted(interrupt: &mut watch::Receiver<bool>) {
    if interrupt.wait_for(|set| *set).await.is_err() {
        std::future::pending::<()>().await;
    }
}

pub(super) async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// What only a planted mistake does.
fn under_another_id(mut row: OpenRow) -> OpenRow {
    let another = row.cashgram_id.replace(['-', '_'], "x");
    row.body = row
        .body
        .map(|body| Arc::from(body.replace(&row.cashgram_id, &another)));
    row.cashgram_id = another;
    row
}

fn not_recorded(failed: &Failed) -> Halt {
    Halt::NotRecorded {
        why: failed.to_string(),
    }
}

#[cfg(test)]
mod tests;
