//! Passes of questions, never of payments: the status sweep, the probe for ids that exist already, the second look at
//! dead links, and the cancel, whose question is whether a link can be stopped.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::checkpoint::{News, PayoutNo, SweepRow};
use crate::domain::{LookUp, Money, Standing, State, StatusClass};
use crate::gateway::Gateway;

use super::breaker::{Breaker, Gate, Sign};
use super::event::{Event, Pause};
use super::halt::{Halt, Outcome};
use super::line::{Asking, Line};
use super::recorder::Failed;
use super::retry;
use super::send::Limits;
use super::stop::StopEnd;

/// Rows read from the checkpoint at a time.
const PAGE_ROWS: u32 = 512;
/// A question without a usable answer is asked so often, then left for the next sweep.
const TRIES_MAX: u32 = 4;

/// Which payouts to ask about.
#[derive(Debug)]
pub(super) enum Source {
    /// Everything that is not final at that time (milliseconds since 1970), in pages.
    Open {
        now_ms: i64,
        after: Option<PayoutNo>,
    },
    /// These, before anything was sent, with the repeats of a run's budget: a gateway that only fails must not be asked
    /// more than the run may ask it.
    Sample(VecDeque<SweepRow>),
    /// These, before anything was sent.
    Listed(VecDeque<SweepRow>),
    /// Ids that no payout has, of which nothing is recorded.
    Strange(Vec<String>),
    /// All `ready` payouts below that row, before anything was sent.
    Ready { after: Option<u64> },
    /// Chosen payouts above that one; of them, where that is wanted, those seen dead but once.
    Picked {
        after: Option<PayoutNo>,
        only_unproven: bool,
    },
    /// What a cancel takes for never sent, above that payout.
    Unsent { after: Option<PayoutNo> },
    /// What is to be stopped, above that payout, with the wish that is written down first.
    Stop { after: Option<PayoutNo>, wish: News },
}

impl Source {
    /// The next page of a source that goes by payouts begins above this one.
    fn go_on_after(&mut self, last: Option<PayoutNo>) {
        match self {
            Source::Open { after, .. }
            | Source::Picked { after, .. }
            | Source::Unsent { after }
            | Source::Stop { after, .. } => *after = last,
            Source::Sample(_) | Source::Listed(_) | Source::Strange(_) | Source::Ready { .. } => {}
        }
    }
}

/// A question about an id that no payout has.
fn strange(id: String) -> SweepRow {
    SweepRow {
        payout: PayoutNo(0),
        row: 0,
        cashgram_id: id,
        amount: Money::ZERO,
        standing: Standing::fresh(State::Ready),
        status: None,
    }
}

struct Question {
    row: SweepRow,
    tries: u32,
}

type Answer = Result<(Question, StopEnd), Failed>;

pub(super) struct Asker<G> {
    line: Arc<Line<G>>,
    limits: Limits,
    stop: watch::Sender<bool>,
    rng: fastrand::Rng,
    source: Source,
    queue: VecDeque<Question>,
    on_the_way: JoinSet<Answer>,
    breaker: Breaker,
    throttled: u32,
    last_failure: String,
    found: u64,
    /// Those found of ids that no payout has.
    strangers: Vec<String>,
    paused: bool,
    outcome: Outcome,
}

/// What a pass of questions came to.
pub(super) struct Asked {
    pub(super) outcome: Outcome,
    /// How many exist.
    pub(super) found: u64,
    /// Which of [`Source::Strange`] do.
    pub(super) strangers: Vec<String>,
}

impl<G: Gateway> Asker<G> {
    pub(super) fn new(
        line: Arc<Line<G>>,
        limits: Limits,
        stop: watch::Sender<bool>,
        rng: fastrand::Rng,
        source: Source,
    ) -> Asker<G> {
        Asker {
            line,
            limits,
            stop,
            rng,
            source,
            queue: VecDeque::new(),
            on_the_way: JoinSet::new(),
            breaker: Breaker::new(),
            throttled: 0,
            last_failure: String::new(),
            found: 0,
            strangers: Vec::new(),
            paused: false,
            outcome: Outcome::default(),
        }
    }

    /// Asks about everything in the source.
    pub(super) async fn run(mut self, mut interrupt: watch::Receiver<bool>) -> Asked {
        while self.outcome.halt.is_none() {
            if let Err(failed) = self.refill().await {
                self.halt(Halt::NotRecorded {
                    why: failed.to_string(),
                });
            } else if !self.step(&mut interrupt).await {
                break;
            }
        }
        while let Some(answer) = self.on_the_way.join_next().await {
            self.landed(answer.ok());
        }
        self.outcome.requests = self.line.pace.departed();
        Asked {
            outcome: self.outcome,
            found: self.found,
            strangers: self.strangers,
        }
    }

    async fn step(&mut self, interrupt: &mut watch::Receiver<bool>) -> bool {
        let now = Instant::now();
        let patience = self.limits.give_up_after;
        if self.breaker.is_hopeless(now, patience) {
            self.halt(Halt::OutOfReach {
                why: self.last_failure.clone(),
            });
            return true;
        }
        let gate = self.breaker.gate(now);
        let room = self.on_the_way.len() < self.limits.concurrency;
        let may_ask = gate == Gate::Open && room && !self.queue.is_empty();
        let wake = match gate {
            Gate::Until(at) if !self.queue.is_empty() => {
                let deadline = self.breaker.deadline(patience);
                Some(deadline.map_or(at, |deadline| at.min(deadline)))
            }
            Gate::Until(_) | Gate::Open | Gate::Probing => None,
        };
        if self.queue.is_empty() && self.on_the_way.is_empty() {
            return false;
        }
        let line = self.line.clone();
        tokio::select! {
            biased;
            () = super::send::interrupted(interrupt) => self.halt(Halt::Interrupted),
            Some(answer) = self.on_the_way.join_next(), if !self.on_the_way.is_empty() => self.landed(answer.ok()),
            () = line.pace.turn(), if may_ask => self.launch(),
            () = super::send::sleep_until(wake), if wake.is_some() => {}
        }
        true
    }

    async fn refill(&mut self) -> Result<(), Failed> {
        if !self.queue.is_empty() {
            return Ok(());
        }
        let page = self.read_page().await?;
        self.queue
            .extend(page.into_iter().map(|row| Question { row, tries: 0 }));
        Ok(())
    }

    async fn read_page(&mut self) -> Result<Vec<SweepRow>, Failed> {
        let recorder = &self.line.recorder;
        let page = match &mut self.source {
            Source::Sample(rows) | Source::Listed(rows) => return Ok(std::mem::take(rows).into()),
            Source::Strange(ids) => {
                let page = ids.len().min(usize::try_from(PAGE_ROWS).unwrap_or(1));
                return Ok(ids.drain(..page).map(strange).collect());
            }
            Source::Open { after: None, .. }
            | Source::Ready { after: None }
            | Source::Picked { after: None, .. }
            | Source::Unsent { after: None }
            | Source::Stop { after: None, .. } => return Ok(Vec::new()),
            Source::Ready { after: Some(after) } => {
                let from = *after;
                let page = recorder
                    .run(move |store| store.ready_sweep_page(from, PAGE_ROWS))
                    .await?;
                self.source = Source::Ready {
                    after: page.last().map(|row| row.row),
                };
                return Ok(page);
            }
            Source::Open {
                now_ms,
                after: Some(after),
            } => {
                let (now_ms, from) = (*now_ms, *after);
                recorder
                    .run(move |store| store.sweep_page(from, now_ms, PAGE_ROWS))
                    .await?
            }
            Source::Picked {
                after: Some(after),
                only_unproven,
            } => {
                let (from, only) = (*after, *only_unproven);
                recorder
                    .run(move |store| store.picked_page(from, only, PAGE_ROWS))
                    .await?
            }
            Source::Unsent { after: Some(after) } => {
                let from = *after;
                recorder
                    .run(move |store| store.unsent_page(from, PAGE_ROWS))
                    .await?
            }
            Source::Stop {
                after: Some(after), ..
            } => {
                let from = *after;
                recorder
                    .run(move |store| store.stop_page(from, PAGE_ROWS))
                    .await?
            }
        };
        self.source.go_on_after(page.last().map(|row| row.payout));
        Ok(page)
    }

    fn launch(&mut self) {
        let Some(question) = self.queue.pop_front() else {
            return;
        };
        self.breaker.left();
        if std::mem::take(&mut self.paused) {
            (self.line.events)(&Event::Resumed);
        }
        let line = self.line.clone();
        let standing = question.row.standing;
        let is_strange = matches!(self.source, Source::Strange(_));
        let asking = match standing.state {
            State::Ready if is_strange => Asking::Strange,
            State::Ready | State::Rejected => Asking::Probe,
            State::Cancelled if !standing.history.exists => Asking::Probe,
            State::Unknown => Asking::Doubt,
            State::Created | State::Conflict | State::Invalid | State::Cancelled => Asking::Status,
        };
        let wish = match &self.source {
            Source::Stop { wish, .. } => Some(wish.clone()),
            Source::Open { .. }
            | Source::Sample(_)
            | Source::Listed(_)
            | Source::Strange(_)
            | Source::Ready { .. }
            | Source::Picked { .. }
            | Source::Unsent { .. } => None,
        };
        self.on_the_way.spawn(async move {
            let mut question = question;
            let row = &mut question.row;
            if let Some(wish) = wish {
                row.standing = line.wish(row.payout, row.standing, wish).await?;
                let end = line
                    .stop(row.payout, &row.cashgram_id, row.standing)
                    .await?;
                return Ok((question, end));
            }
            let end = line.look_up(row.payout, &row.cashgram_id, asking).await?;
            Ok((question, StopEnd::Looked(end)))
        });
    }

    fn landed(&mut self, answer: Option<Answer>) {
        match answer {
            Some(Ok((question, end))) => self.answered(question, end),
            Some(Err(failed)) => self.halt(Halt::NotRecorded {
                why: failed.to_string(),
            }),
            None => self.halt(Halt::NotRecorded {
                why: "a sender died; run the same command again".to_owned(),
            }),
        }
    }

    fn answered(&mut self, question: Question, end: StopEnd) {
        let end = match end {
            StopEnd::Looked(end) => end,
            StopEnd::Stopped(standing) => {
                self.note(Sign::Answered, "");
                self.tell_moved(&question.row, standing);
                return self.tell_looked(&question.row, None, true);
            }
        };
        if let Some(standing) = end.standing {
            self.tell_moved(&question.row, standing);
        }
        match end.look_up {
            LookUp::Found(seen) => {
                self.found += 1;
                self.note(Sign::Answered, "");
                if matches!(self.source, Source::Strange(_)) {
                    return self.strangers.push(question.row.cashgram_id);
                }
                if self.is_to_be_stopped(end.standing) && seen.status.class == StatusClass::Active {
                    self.outcome.unanswered += u64::from(!self.stop_again(question, end.standing));
                    return;
                }
                let changed = question.row.status.as_deref() != Some(seen.status.word.as_str());
                self.tell_looked(&question.row, Some(seen.status.word), changed);
            }
            LookUp::Missing => {
                self.note(Sign::Answered, "");
                // A link that is not known after a few looks is left to a person.
                let row = question.row.clone();
                if !self.is_to_be_stopped(end.standing) || !self.stop_again(question, end.standing)
                {
                    self.tell_looked(&row, None, false);
                }
            }
            LookUp::Throttled { wait } => {
                let wait =
                    wait.unwrap_or_else(|| retry::throttle_wait(self.throttled, &mut self.rng));
                self.throttled += 1;
                self.line.pace.pause_until(Instant::now() + wait);
                self.note(Sign::Throttled(wait), "the gateway asked to wait");
                if self.may_repeat() {
                    self.queue.push_front(question);
                } else {
                    self.outcome.unanswered += 1;
                }
            }
            LookUp::StopRun(stop) => self.halt(Halt::Stopped(stop)),
            LookUp::TokenRefused => self.again(
                question,
                Sign::Failed,
                "the gateway refused the session's token",
            ),
            LookUp::NoAnswer { why, sent } => {
                self.again(
                    question,
                    if sent {
                        Sign::Failed
                    } else {
                        Sign::Unreachable
                    },
                    &why,
                );
            }
        }
    }

    /// A link that still stands although it is to be stopped, or was called stopped.
    fn is_to_be_stopped(&self, standing: Option<Standing>) -> bool {
        let stands = |standing: Standing| standing.state == State::Created;
        matches!(self.source, Source::Stop { .. }) && standing.is_some_and(stands)
    }

    /// A doubt that turned out to exist is stopped next; a link that was called inactive and is ACTIVE is tried again.
    /// False if that was done often enough.
    fn stop_again(&mut self, mut question: Question, standing: Option<Standing>) -> bool {
        question.tries += 1;
        if let Some(standing) = standing {
            question.row.standing = standing;
        }
        let may = question.tries < TRIES_MAX;
        if may {
            self.queue.push_back(question);
        }
        may
    }

    fn again(&mut self, mut question: Question, sign: Sign, why: &str) {
        self.note(sign, why);
        question.tries += u32::from(sign == Sign::Failed);
        if question.tries < TRIES_MAX && (sign == Sign::Unreachable || self.may_repeat()) {
            self.queue.push_back(question);
        } else {
            self.outcome.unanswered += 1;
        }
    }

    /// Whether one more question may be asked twice.
    fn may_repeat(&self) -> bool {
        !matches!(self.source, Source::Sample(_)) || self.line.budget.take()
    }

    fn note(&mut self, sign: Sign, why: &str) {
        if !why.is_empty() {
            why.clone_into(&mut self.last_failure);
        }
        if sign == Sign::Answered {
            self.throttled = 0;
        }
        let Some(wait) = self.breaker.note(sign, Instant::now(), &mut self.rng) else {
            return;
        };
        let pause = match sign {
            Sign::Throttled(_) => Pause::Throttled,
            Sign::Answered | Sign::Failed | Sign::Unreachable => Pause::OutOfReach {
                why: self.last_failure.clone(),
            },
        };
        self.paused = true;
        (self.line.events)(&Event::Paused { pause, wait });
    }

    fn halt(&mut self, halt: Halt) {
        if self.outcome.halt.is_some() {
            return;
        }
        let (why, remedy) = halt.words();
        let in_flight = u64::try_from(self.on_the_way.len()).unwrap_or(0);
        let interrupted = halt == Halt::Interrupted;
        self.stop.send_replace(true);
        self.outcome.halt = Some(halt);
        (self.line.events)(&if interrupted {
            Event::Interrupted { in_flight }
        } else {
            Event::Stopping { why, remedy }
        });
    }

    fn tell_moved(&mut self, row: &SweepRow, standing: Standing) {
        let (from, to) = (row.standing.state, standing.state);
        if from != to {
            self.outcome.created_now += u64::from(to == State::Created);
            let revived = from == State::Cancelled && to == State::Created;
            self.outcome.revived += u64::from(revived);
            let (row, id, amount) = (row.row, row.cashgram_id.clone(), row.amount);
            (self.line.events)(&Event::Moved {
                row,
                id,
                amount,
                from,
                to,
                note: None,
            });
        }
    }

    fn tell_looked(&self, row: &SweepRow, status: Option<String>, changed: bool) {
        if matches!(self.source, Source::Strange(_)) {
            return;
        }
        (self.line.events)(&Event::Looked {
            row: row.row,
            id: row.cashgram_id.clone(),
            status,
            changed,
        });
    }
}
