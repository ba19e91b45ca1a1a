//! One process's dealings with the gateway over one checkpoint: every pass shares its token, pace and recorder.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::checkpoint::{Note, PauseNote, PayoutNo, Store, SweepRow};
use crate::clock::Clock;
use crate::domain::Finding;
use crate::domain::planted::{self, Mistake};
use crate::gateway::{Gateway, reading};

use super::ask::{Asked, Asker, Source};
use super::event::{Event, Events, Pause};
use super::halt::{Halt, Outcome};
use super::line::Line;
use super::order::OrderRules;
use super::pace::{Pace, Rate};
use super::recorder::{Recorder, Recording};
use super::retry;
use super::send::{Limits, Run, interrupted};

/// Two looks at one instant are one look, whatever `--settle` says.
const LOOKS_APART_MIN: Duration = Duration::from_millis(1);

/// What a session needs of its surroundings. Time, chance and the network are arguments.
pub struct Surroundings<G> {
    /// The gateway.
    pub gateway: Arc<G>,
    /// Requests in a second or minute; `None` is as fast as possible.
    pub rate: Option<Rate>,
    /// Who is told.
    pub events: Events,
    /// What time it is, for the record.
    pub clock: Clock,
    /// Where chance begins.
    pub seed: u64,
    /// Turns true at the first interrupt.
    pub interrupt: watch::Receiver<bool>,
}

/// A balance that is being read. Dropped, it is not waited for.
pub struct BalanceReading<G> {
    line: Arc<Line<G>>,
    begun: JoinSet<Result<reading::Balance, String>>,
}

impl<G: Gateway> BalanceReading<G> {
    /// The balance.
    ///
    /// # Errors
    ///
    /// Why it cannot be read.
    pub async fn wait(mut self) -> Result<reading::Balance, String> {
        match self.begun.join_next().await {
            Some(Ok(balance)) => balance,
            Some(Err(_)) | None => self.line.balance().await,
        }
    }
}

/// An open session.
pub struct Session<G> {
    pub(super) line: Arc<Line<G>>,
    recording: Recording,
    stop: watch::Sender<bool>,
    interrupt: watch::Receiver<bool>,
    limits: Limits,
    rng: fastrand::Rng,
}

impl<G: Gateway> Session<G> {
    /// Takes the checkpoint into the hands of its recorder.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn open(
        store: Store,
        around: Surroundings<G>,
        limits: Limits,
    ) -> std::io::Result<Session<G>> {
        Ok(Session::over(Recorder::start(store)?, around, limits))
    }

    /// The same with the recorder as a task of the present runtime, where a page waits `gather` for its posts: for a
    /// simulation, whose clock stands still while anything runs. Ended by [`Session::close_here`].
    pub fn open_here(
        store: Store,
        around: Surroundings<G>,
        limits: Limits,
        gather: Duration,
    ) -> Session<G> {
        Session::over(Recorder::start_here(store, gather), around, limits)
    }

    fn over(
        (recorder, recording): (Recorder, Recording),
        around: Surroundings<G>,
        limits: Limits,
    ) -> Session<G> {
        recorder.note(Note::Began {
            at: around.clock.now(),
            rate: around.rate.map(|rate| (rate.count, rate.window)),
        });
        let events = noting(around.events, recorder.clone(), around.clock);
        let (stop, stopping) = watch::channel(false);
        let line = Line {
            gateway: around.gateway,
            wire: Semaphore::new(limits.concurrency),
            pace: Arc::new(Pace::new(around.rate)),
            recorder,
            budget: retry::Budget::unlimited(),
            events,
            clock: around.clock,
            stopping,
        };
        Session {
            line: Arc::new(line),
            recording,
            stop,
            interrupt: around.interrupt,
            limits,
            rng: fastrand::Rng::with_seed(around.seed),
        }
    }

    /// Gets a token, waiting for a gateway that is out of reach as long as the limits allow.
    ///
    /// # Errors
    ///
    /// The [`Halt`] that a run would end with.
    pub async fn authorize(&mut self) -> Result<(), Halt> {
        let began = Instant::now();
        let mut tries = 0;
        loop {
            let finding = tokio::select! {
                biased;
                token = self.line.gateway.token() => match token {
                    Ok(_) => return Ok(()),
                    Err(finding) => finding,
                },
                () = interrupted(&mut self.interrupt) => return Err(Halt::Interrupted),
            };
            let (why, asked) = unauthorized(finding)?;
            let left = self.limits.give_up_after.saturating_sub(began.elapsed());
            // What the gateway asks for is waited out or not begun: a shorter wait would break in on it.
            if left.is_zero() || asked.is_some_and(|asked| asked > left) {
                return Err(Halt::OutOfReach { why });
            }
            let wait = asked
                .unwrap_or_else(|| retry::probe_wait(tries, &mut self.rng))
                .min(left);
            tries += 1;
            let pause = match asked {
                Some(_) => Pause::Throttled,
                None => Pause::OutOfReach { why },
            };
            (self.line.events)(&Event::Paused { pause, wait });
            tokio::select! {
                biased;
                () = tokio::time::sleep(wait) => (self.line.events)(&Event::Resumed),
                () = interrupted(&mut self.interrupt) => return Err(Halt::Interrupted),
            }
        }
    }

    /// Begins to read the account's balance, once, beside at most `others` other requests; where the concurrency does
    /// not allow that, it is read when it is waited for.
    pub fn read_balance(&self, others: usize) -> BalanceReading<G> {
        let line = self.line.clone();
        let mut begun = JoinSet::new();
        if others < self.limits.concurrency {
            let line = line.clone();
            begun.spawn(async move { line.balance().await });
        }
        BalanceReading { line, begun }
    }

    /// Looks `rows` up before anything was sent. What exists is in conflict then. Returns how many do.
    ///
    /// # Errors
    ///
    /// The [`Halt`] if not all of them were answered: nothing may be sent then.
    pub async fn probe(&mut self, rows: Vec<SweepRow>) -> Result<u64, Halt> {
        self.line.budget.begin();
        self.ask(Source::Sample(VecDeque::from(rows))).await
    }

    /// Looks every `ready` payout up before anything was sent.
    ///
    /// # Errors
    ///
    /// As [`Session::probe`].
    pub async fn probe_all(&mut self) -> Result<u64, Halt> {
        self.ask(Source::Ready { after: Some(0) }).await
    }

    pub(super) async fn ask(&mut self, source: Source) -> Result<u64, Halt> {
        Ok(self.ask_all(source).await?.found)
    }

    pub(super) async fn ask_all(&mut self, source: Source) -> Result<Asked, Halt> {
        let asked = self.asker(source).run(self.interrupt.clone()).await;
        match &asked.outcome.halt {
            Some(halt) => Err(halt.clone()),
            None if asked.outcome.unanswered > 0 => Err(Halt::OutOfReach {
                why: format!("{} look-ups got no usable answer", asked.outcome.unanswered),
            }),
            None => Ok(asked),
        }
    }

    fn asker(&mut self, source: Source) -> Asker<G> {
        Asker::new(
            self.line.clone(),
            self.limits,
            self.stop.clone(),
            self.rng.fork(),
            source,
        )
    }

    /// Sends what is ready and resolves what is in doubt.
    pub async fn send(&mut self, rules: OrderRules, payouts: u64) -> Outcome {
        let run = Run::new(
            self.line.clone(),
            self.limits,
            rules,
            self.stop.clone(),
            self.rng.fork(),
            payouts,
        );
        // A task among the senders' own: on the thread that blocks, every answer would have to wake it. In a set, so
        // that it ends with this future.
        let mut one = JoinSet::new();
        one.spawn(run.run(self.interrupt.clone()));
        match one.join_next().await {
            Some(Ok(outcome)) => outcome,
            Some(Err(died)) => Outcome {
                halt: Some(Halt::NotRecorded {
                    why: format!("the run died ({died}); run the same command again"),
                }),
                ..Outcome::default()
            },
            None => Outcome::default(),
        }
    }

    /// Looks at the chosen links, and again at those that were not seen dead before at least `settle` ago, until
    /// every one that is dead is proven so.
    ///
    /// # Errors
    ///
    /// The [`Halt`] if not all of them were answered: nothing may be replaced then.
    pub async fn look_twice(&mut self) -> Result<(), Halt> {
        let settle = self.limits.settle.max(LOOKS_APART_MIN);
        let begun = self.line.clock.now();
        let apart = i64::try_from(settle.as_millis()).unwrap_or(i64::MAX);
        let before = begun.as_millisecond().saturating_sub(apart);
        self.look_at_picked(false).await?;
        if planted::is(Mistake::OneLookIsProof) {
            return self.prove_dead(None).await;
        }
        self.prove_dead(Some(before)).await?;
        let read = self
            .line
            .recorder
            .run(|store| store.picked_page(PayoutNo(0), true, 1))
            .await;
        if read.map_err(|why| not_recorded(&why))?.is_empty() {
            return Ok(());
        }
        let pause = Pause::SecondLook;
        (self.line.events)(&Event::Paused {
            pause,
            wait: settle,
        });
        tokio::select! {
            biased;
            () = interrupted(&mut self.interrupt) => return Err(Halt::Interrupted),
            () = tokio::time::sleep(settle) => (self.line.events)(&Event::Resumed),
        }
        self.look_at_picked(true).await?;
        self.prove_dead(None).await
    }

    async fn look_at_picked(&mut self, only_unproven: bool) -> Result<(), Halt> {
        let source = Source::Picked {
            after: Some(PayoutNo(0)),
            only_unproven,
        };
        self.ask(source).await.map(|_| ())
    }

    async fn prove_dead(&mut self, before: Option<i64>) -> Result<(), Halt> {
        let at = self.line.clock.now();
        let proven = self
            .line
            .recorder
            .run(move |store| store.prove_dead(before, at))
            .await;
        proven.map(|_| ()).map_err(|why| not_recorded(&why))
    }

    /// Asks where everything stands that is not final.
    pub async fn sweep(&mut self) -> Outcome {
        let now_ms = self.line.clock.now().as_millisecond();
        let source = Source::Open {
            now_ms,
            after: Some(PayoutNo(0)),
        };
        let asked = self.asker(source).run(self.interrupt.clone()).await;
        asked.outcome
    }

    /// Reads from the checkpoint.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Store) -> Result<T, crate::checkpoint::Error> + Send + 'static,
    ) -> anyhow::Result<T> {
        Ok(self.line.recorder.run(|store| read(store)).await?)
    }

    /// Changes what concerns the batch as a whole.
    ///
    /// # Errors
    ///
    /// If it cannot be recorded.
    pub async fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&mut Store) -> Result<T, crate::checkpoint::Error> + Send + 'static,
    ) -> anyhow::Result<T> {
        Ok(self.line.recorder.run(write).await?)
    }

    /// Requests so far, authorize not counted.
    pub fn requests(&self) -> u64 {
        self.line.pace.departed()
    }

    /// Ends the session and gives the checkpoint back.
    ///
    /// # Errors
    ///
    /// If the recorder died.
    pub fn close(self) -> anyhow::Result<Store> {
        drop(self.line);
        self.recording.join()
    }

    /// Ends a session of [`Session::open_here`] and gives the checkpoint back.
    ///
    /// # Errors
    ///
    /// If the recorder died.
    pub async fn close_here(self) -> anyhow::Result<Store> {
        drop(self.line);
        self.recording.join_here().await
    }
}

mod cancel;

fn not_recorded(why: &super::recorder::Failed) -> Halt {
    Halt::NotRecorded {
        why: why.to_string(),
    }
}

/// The same events; pauses are noted in the checkpoint too.
fn noting(events: Events, recorder: Recorder, clock: Clock) -> Events {
    Arc::new(move |event| {
        let note = match event {
            Event::Paused { pause, wait } => Some(Note::Paused {
                at: clock.now(),
                pause: match pause {
                    Pause::Throttled => PauseNote::Throttled,
                    Pause::OutOfReach { .. } => PauseNote::OutOfReach,
                    Pause::Settling { .. } | Pause::SecondLook => PauseNote::Settling,
                },
                wait: *wait,
            }),
            Event::Resumed => Some(Note::Resumed { at: clock.now() }),
            Event::Opened { .. }
            | Event::Moved { .. }
            | Event::Undecided { .. }
            | Event::Looked { .. }
            | Event::Interrupted { .. }
            | Event::Stopping { .. }
            | Event::Requested { .. }
            | Event::Finished { .. } => None,
        };
        if let Some(note) = note {
            recorder.note(note);
        }
        events(event);
    })
}

/// Why there is no token, and the wait that the gateway asks for.
fn unauthorized(finding: Finding) -> Result<(String, Option<Duration>), Halt> {
    match finding {
        Finding::StopRun(stop) => Err(Halt::Stopped(stop)),
        Finding::Throttled { wait } => Ok(("the gateway asked to wait".to_owned(), wait)),
        Finding::NotSent { why } | Finding::InDoubt { why, .. } => Ok((why, None)),
        Finding::TokenRefused | Finding::Created(_) | Finding::Duplicate | Finding::Rejected(_) => {
            Ok(("the gateway gave no token".to_owned(), None))
        }
    }
}
