//! `paysheet send`: check the sheet, guard against paying again, show the totals, ask, create, resolve, report.
//!
//! The order of the steps is the contract (`product.md`, send): nothing leaves before the sheet, the control totals
//! and the guards have passed, and everything is durable before it leaves.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::time::Instant;

use crate::checkpoint::lock::Lock;
use crate::checkpoint::{Error, Named, Sendable, Store};
use crate::clock::Clock;
use crate::domain::{LinkExpiry, State};
use crate::engine::{
    BalanceReading, Event, Halt, Limits, OrderRules, Outcome, Session, Surroundings,
};
use crate::gateway::client::Client;
use crate::report::{Reporter, Task};
use crate::sheet;

use super::exit::{Ending, Exit};
use super::finish::Finish;
use super::judge::Judged;
use super::prepare::prepare;
use super::settings::{Gateway, Retry, Send};
use super::shell::Shell;
use super::values::Notify;
use super::{
    approve, claims, door, guards, long_ago, newer, problems, results, retry, status, webhooks,
};

/// How long `webhooks` may take to write down a page of answers and the results of a large batch.
const EVENTS_WRITTEN_MAX: Duration = Duration::from_secs(20);
/// How often it is looked at whether that is done.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Runs the command.
///
/// # Errors
///
/// [`super::exit::Ending`]s with their exit codes; anything else ends with 1.
pub(super) async fn run(send: &Send, shell: &Shell) -> anyhow::Result<Exit> {
    carry_out(send, None, shell).await
}

/// Carries out a `send`, or the `retry` that goes the same way with chosen rows.
///
/// # Errors
///
/// As [`run`].
pub(super) async fn carry_out(
    send: &Send,
    retry: Option<&Retry>,
    shell: &Shell,
) -> anyhow::Result<Exit> {
    open_sheet(&send.sheet)?;
    let _lock = lock(&send.files.checkpoint, &shell.holder)?;
    let binding = door::binding(&send.gateway, &send.batch);
    let prepared = prepare(send, retry, &binding, shell)?;
    let opened = door::open(&send.gateway, &send.files).await?;
    let reporter = Reporter::new(shell.screen.clone(), shell.manner, Task::Sending)
        .against(send.gateway.rate.limit());
    let session = open_session(
        prepared.store,
        opened.client,
        &send.gateway,
        &reporter,
        shell,
    )?;
    // Dropped, and with it a dry run's checkpoint, when all is said.
    let _scratch = prepared.scratch;
    let mut run = Sending {
        send,
        shell,
        session,
        reporter,
        account: opened.account,
        judged: prepared.judged,
        sendable: Sendable::default(),
        retry,
        spoken: prepared.spoken,
        let_go: 0,
        revived: 0,
    };
    let ended = run.go().await;
    run.reporter.close();
    let store = run.session.close()?;
    if let Some(embedded) = opened.embedded {
        embedded.close().await;
    }
    let problems = run.judged.problems.file.as_deref();
    let spoken = (!run.spoken.is_empty()).then(|| run.spoken.join("; "));
    let finish = Finish {
        command: retry.map_or("send", |_| "retry"),
        environment: send.gateway.environment,
        sheet: &send.sheet,
        batch: send.batch.as_str(),
        files: &send.files,
        left_alone: false,
        problems,
        warnings: problems::by_code(&run.judged.checked.warnings),
        note: spoken,
        shell,
    };
    finish_with(&finish, send, &store, ended)
}

fn finish_with(
    finish: &Finish<'_>,
    send: &Send,
    store: &Store,
    ended: anyhow::Result<Outcome>,
) -> anyhow::Result<Exit> {
    match ended {
        Ok(outcome) if send.dry_run => Ok(finish.dry_run(store, &outcome)),
        Ok(outcome) => finish.run(store, &outcome),
        Err(error) => {
            // Conflicts found by the probe stand in the results, whatever else stopped the run.
            if !send.dry_run && store.totals().rows(State::Conflict) > 0 {
                finish.write_results(store)?;
            }
            Err(error)
        }
    }
}

/// A missing sheet is the sheet's error, not the lock's.
fn open_sheet(sheet: &Path) -> anyhow::Result<()> {
    std::fs::File::open(sheet).map(|_| ()).map_err(|source| {
        super::judge::sheet_error(sheet::Error::Open {
            path: sheet.to_owned(),
            source,
        })
    })
}

/// One batch has one writer at a time. `webhooks` holds a checkpoint only to write down what an event led to.
pub(super) fn lock(checkpoint: &Path, holder: &str) -> anyhow::Result<Lock> {
    let began = Instant::now();
    loop {
        match Lock::take(checkpoint, holder) {
            Err(Error::Locked { holder: theirs, .. })
                if theirs.starts_with(webhooks::HOLDER) && began.elapsed() < EVENTS_WRITTEN_MAX =>
            {
                std::thread::sleep(LOOK_AGAIN);
            }
            taken => return Ok(taken?),
        }
    }
}

/// Opens the session of a command.
pub(super) fn open_session(
    store: Store,
    client: Arc<Client>,
    gateway: &Gateway,
    reporter: &Reporter,
    shell: &Shell,
) -> anyhow::Result<Session<Client>> {
    let limits = Limits {
        concurrency: usize::try_from(gateway.concurrency).unwrap_or(1),
        max_attempts: gateway.max_attempts,
        settle: gateway.settle,
        give_up_after: gateway.give_up_after,
    };
    let around = Surroundings {
        gateway: client,
        rate: gateway.rate.paced(),
        events: reporter.events(),
        clock: Clock::System,
        seed: fastrand::u64(..),
        interrupt: shell.signals.clone(),
    };
    Session::open(store, around, limits).context("cannot start the recorder")
}

/// A send with the gateway in reach.
struct Sending<'s> {
    send: &'s Send,
    shell: &'s Shell,
    session: Session<Client>,
    reporter: Reporter,
    account: String,
    judged: Judged,
    /// What was asked about and may be sent.
    sendable: Sendable,
    /// For chosen rows alone.
    retry: Option<&'s Retry>,
    /// What is said first at the end, such as of rows that a retry leaves alone.
    spoken: Vec<String>,
    /// Rows that were named, and whose links may not be replaced after all.
    let_go: u64,
    /// Links that were cancelled before a loss, and are not dead.
    revived: u64,
}

impl Sending<'_> {
    async fn go(&mut self) -> anyhow::Result<Outcome> {
        let mut outcome = self.go_on().await?;
        outcome.chosen = self.retry.is_some();
        // Whoever named a row and was not told before that it is left alone has to look at it.
        outcome.held_back += self.let_go;
        outcome.revived += self.revived;
        outcome.about_dead = self.retry.is_some_and(|retry| retry.expired);
        Ok(outcome)
    }

    async fn go_on(&mut self) -> anyhow::Result<Outcome> {
        let chosen = self.retry.is_some();
        let (open, unseen) = self
            .session
            .read(move |store| {
                if chosen {
                    Ok((store.chosen_count()?, 0))
                } else {
                    Ok((open_rows(store), store.unseen_conflicts()?))
                }
            })
            .await?;
        if open == 0 && !self.send.adopt {
            self.spoken.extend(self.retry.map(retry::nothing));
            if self.retry.is_none() && !self.send.reopen {
                self.refuse_long_finished().await?;
            }
            if unseen == 0 {
                self.make_ready().await?;
                return Ok(Outcome::default());
            }
        }
        if let Err(halt) = self.session.authorize().await {
            return Ok(self.halted(halt));
        }
        let balance = self.session.read_balance(guards::PROBES_MAX);
        if let Err(halt) = self.guard().await? {
            return Ok(self.halted(halt));
        }
        if self.send.adopt
            && let Err(halt) = self.adopt().await?
        {
            return Ok(self.halted(halt));
        }
        if let Some(retry) = self.retry {
            match retry::prove(&mut self.session, retry).await? {
                Ok(left) => {
                    if left == 0 {
                        self.spoken.push(retry::nothing(retry));
                    }
                    if retry.named.any() {
                        self.let_go = open.saturating_sub(left);
                    }
                }
                Err(halt) => return Ok(self.halted(halt)),
            }
        }
        self.approve(balance).await?;
        if self.send.dry_run {
            return Ok(Outcome {
                requests: self.session.requests(),
                ..Outcome::default()
            });
        }
        self.make_ready().await?;
        self.write_first_results().await?;
        self.create().await
    }

    /// What the answer has allowed: a closed batch is opened, chosen rows are ready to be sent.
    async fn make_ready(&mut self) -> anyhow::Result<()> {
        if self.send.dry_run {
            return Ok(());
        }
        let at = self.shell.clock.now();
        if self.send.reopen {
            let notify = self.send.notify == Notify::Yes;
            // What was in doubt is looked up first, though it was asked about with what is sent.
            let reopen = move |store: &mut Store| {
                store.reopen(at)?;
                store.sendable(notify, false)
            };
            self.sendable = self.session.write(reopen).await?;
        }
        if self.retry.is_some() {
            let today = self.shell.clock.today_in_india();
            retry::make_ready(&mut self.session, today, at).await?;
        }
        Ok(())
    }

    /// A batch whose last rows were paid these days was finished these days, whenever it was begun: of that it is warned.
    async fn refuse_long_finished(&mut self) -> anyhow::Result<()> {
        let now = self.shell.clock.now();
        let paid = self.session.read(move |store| long_ago::paid(store, now));
        let Some(paid) = paid.await? else {
            return Ok(());
        };
        let (batch, again) = (&self.send.batch, &self.shell.again);
        if paid.is_all {
            return Err(long_ago::refused(paid, batch, now, again).into());
        }
        let warning = long_ago::nothing_left(paid, batch, now, again);
        self.spoken.push(warning.shown(&self.shell.screen));
        Ok(())
    }

    fn halted(&self, halt: Halt) -> Outcome {
        Outcome {
            halt: Some(halt),
            requests: self.session.requests(),
            ..Outcome::default()
        }
    }

    async fn existing(&self, found: u64, created_before: bool) -> anyhow::Result<Ending> {
        let own = self.session.read(Store::conflicts_by_own_id).await? > 0;
        let (files, again) = (&self.send.files, &self.shell.again);
        Ok(guards::existing((found, own), files, again, created_before))
    }

    /// Ids that exist before this checkpoint has sent anything.
    async fn guard(&mut self) -> anyhow::Result<Result<(), Halt>> {
        let (again, adopt) = (&self.shell.again, self.send.adopt);
        let (needs_probe, lost, found_before, conflicts, created) = self
            .session
            .read(move |store| {
                let totals = store.totals();
                let meta = store.meta();
                let needs = store.needs_probe()? || adopt && store.needs_probe_to_adopt()?;
                let rows = (totals.rows(State::Conflict), totals.rows(State::Created));
                Ok((
                    needs,
                    meta.replaces_lost,
                    meta.found_existing,
                    rows.0,
                    rows.1,
                ))
            })
            .await?;
        // What was found were own ids that have left the sheet since: all others are looked up anew.
        let left = found_before && conflicts == 0;
        if found_before && !left && !self.send.adopt {
            return Err(self.existing(conflicts, created > 0).await?.into());
        }
        if !needs_probe && !left {
            return Ok(Ok(()));
        }
        // Conflicts without history are what a probe found that was cut short: it is made again, of all rows.
        let all = lost || self.send.adopt || conflicts > 0 || left;
        let found = match guards::probe(&mut self.session, all).await {
            Ok(found) => found + conflicts,
            Err(halt) => return Ok(Err(halt)),
        };
        if found > 0 {
            self.session
                .write(|store| store.set_found_existing(true))
                .await?;
            if !self.send.adopt {
                return Err(self.existing(found, false).await?.into());
            }
        } else if lost && !self.send.adopt {
            return Err(guards::lost_checkpoint(&self.send.files, again, Exit::Unpayable).into());
        }
        // What is adopted is settled once old results were heeded and the user has agreed.
        if !self.send.adopt {
            let settle = move |store: &mut Store| {
                if left {
                    store.set_found_existing(false)?;
                }
                store.settle_probe()
            };
            self.session.write(settle).await?;
        }
        Ok(Ok(()))
    }

    /// What exists is taken for this batch's own, if old results agree and the user does.
    async fn adopt(&mut self) -> anyhow::Result<Result<(), Halt>> {
        let (send, shell) = (self.send, self.shell);
        let stopped = match claims::compare(&mut self.session, send, shell).await? {
            Ok(stopped) => stopped,
            Err(halt) => return Ok(Err(halt)),
        };
        self.revived = match approve::adopt(&mut self.session, send, shell, &stopped).await? {
            Ok(revived) => revived,
            Err(halt) => return Ok(Err(halt)),
        };
        self.spoken.extend(status::note(&Outcome {
            revived: self.revived,
            ..Outcome::default()
        }));
        self.refuse_excused().await?;
        Ok(newer::look_for(&mut self.session, shell)
            .await?
            .map(|newer| self.let_go += newer))
    }

    /// Rows that a lost checkpoint had sent, and that the gateway does not know: nothing was sent of them, so they are
    /// judged like any other. What was adopted stays so.
    async fn refuse_excused(&self) -> anyhow::Result<()> {
        let rows = self.judged.excused.clone();
        let ready = self.session.read(move |store| {
            let mut ready = Vec::new();
            for row in rows {
                let named = store.named_by_row(row)?;
                let is_ready = |named: &Named| named.row.standing.state == State::Ready;
                ready.extend(named.filter(is_ready));
            }
            Ok(ready)
        });
        let ready = ready.await?;
        if ready.is_empty() {
            return Ok(());
        }
        if !self.send.dry_run {
            self.write_first_results().await?;
        }
        Err(claims::unsent_after_all(&ready, &self.shell.again).into())
    }

    /// Balance, totals, question.
    async fn approve(&mut self, balance: BalanceReading<Client>) -> anyhow::Result<()> {
        let balance = balance.wait().await.map(|balance| balance.available);
        let (notify, reopened) = (self.send.notify == Notify::Yes, self.send.reopen);
        let (totals, sendable) = self
            .session
            .read(move |store| Ok((store.totals().clone(), store.sendable(notify, reopened)?)))
            .await?;
        let question = approve::Question {
            send: self.send,
            account: self.account.as_str(),
            balance,
            totals: &totals,
            sendable: &sendable,
        };
        self.sendable = sendable.clone();
        approve::ask(&question, self.shell)
    }

    /// A file is there whatever comes. One of an earlier run over the same sheet serves as well.
    async fn write_first_results(&self) -> anyhow::Result<()> {
        let files = self.send.files.clone();
        let stands = files.results.exists() && !self.judged.is_new && self.retry.is_none();
        if stands && self.session.read(Store::is_told).await? {
            return Ok(());
        }
        let environment = self.send.gateway.environment.word();
        self.session
            .read(move |store| Ok(results::write_all(store, &files, environment)))
            .await?
    }

    async fn create(&mut self) -> anyhow::Result<Outcome> {
        let (to_send, amount_to_send) = (self.sendable.rows, self.sendable.amount);
        let to_ask = match self.retry {
            Some(_) => 0,
            None => {
                let asked = |store: &Store| {
                    Ok(store.totals().rows(State::Unknown) + store.unseen_conflicts()?)
                };
                self.session.read(asked).await?
            }
        };
        (self.reporter.events())(&Event::Opened {
            to_send,
            amount_to_send,
            to_ask,
        });
        let expires_in =
            LinkExpiry::InDays(u16::try_from(self.send.controls.expires_in).unwrap_or(1));
        let rules = OrderRules {
            expires_in,
            notify: self.send.notify == Notify::Yes,
        };
        Ok(self.session.send(rules, to_send + to_ask).await)
    }
}

/// Payouts that a run has something to do for.
fn open_rows(store: &Store) -> u64 {
    store.totals().rows(State::Ready) + store.totals().rows(State::Unknown)
}
