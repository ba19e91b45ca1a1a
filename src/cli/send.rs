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
use crate::checkpoint::{Binding, Error, Sendable, Store};
use crate::clock::Clock;
use crate::domain::{LinkExpiry, State};
use crate::engine::{
    BalanceReading, Event, Halt, Limits, OrderRules, Outcome, Session, Surroundings,
};
use crate::gateway::client::Client;
use crate::report::{Reporter, Task};
use crate::sheet::{self, Checked};

use super::exit::{Ending, Exit};
use super::finish::Finish;
use super::judge::{Judged, check_controls, judge, refuse_astray, rules};
use super::settings::{Door, Gateway, Send};
use super::shell::Shell;
use super::values::Notify;
use super::{approve, door, guards, intake, problems, recent, results, twice, webhooks};

/// How long `webhooks` may take to write down a page of answers and the results of a large batch.
const EVENTS_WRITTEN_MAX: Duration = Duration::from_secs(20);
/// How often it is looked at whether that is done.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Runs the command.
///
/// # Errors
///
/// [`Ending`]s with their exit codes; anything else ends with 1.
pub(super) async fn run(send: &Send, shell: &Shell) -> anyhow::Result<Exit> {
    open_sheet(&send.sheet)?;
    let _lock = lock(&send.files.checkpoint, &shell.holder)?;
    let binding = door::binding(&send.gateway, &send.batch);
    let prepared = prepare(send, &binding, shell)?;
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
    };
    let ended = run.go().await;
    run.reporter.close();
    let store = run.session.close()?;
    if let Some(embedded) = opened.embedded {
        embedded.close().await;
    }
    let problems = run.judged.problems.file.as_deref();
    finish(send, shell, &store, problems, ended)
}

fn finish(
    send: &Send,
    shell: &Shell,
    store: &Store,
    problems: Option<&Path>,
    ended: anyhow::Result<Outcome>,
) -> anyhow::Result<Exit> {
    let finish = Finish {
        command: "send",
        environment: send.gateway.environment,
        sheet: &send.sheet,
        batch: send.batch.as_str(),
        files: &send.files,
        problems,
        shell,
    };
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

/// The sheet judged and taken in.
struct Prepared {
    store: Store,
    judged: Judged,
    /// Holds the checkpoint of a dry run, which leaves the real one as it is.
    scratch: Option<tempfile::TempDir>,
}

fn prepare(send: &Send, binding: &Binding, shell: &Shell) -> anyhow::Result<Prepared> {
    let path = &send.files.checkpoint;
    let is_new = !path.exists();
    let known = if is_new {
        None
    } else {
        Some(Store::open(path, binding)?)
    };
    if let Some(store) = &known {
        store.refuse_purged()?;
    }
    let rules = rules(&send.controls, shell.clock.today_in_india(), true);
    let mut judged = judge(&send.sheet, &send.files.problems, &rules, known.as_ref())?;
    tracing::debug!(rows = judged.checked.rows, "sheet judged");
    if let (Some(matching), Some(store)) = (&judged.matching, &known) {
        refuse_astray(matching, &judged.checked.keys, store)?;
    }
    if is_new {
        problems::show_columns(shell, &judged.checked);
        problems::show_warnings(shell, &judged.checked.warnings);
    }
    let summary = &judged.problems;
    if summary.count > 0 {
        problems::show(shell, summary);
        if !send.skip_invalid {
            return Err(problems::ending(&send.sheet, &judged.checked, summary).into());
        }
    }
    check_controls(&send.controls, &judged.checked)?;
    refuse_foreign_results(&send.files.results)?;
    let has_sent = known.as_ref().map(Store::has_history).transpose()?;
    if has_sent != Some(true) && !send.new_payment {
        twice::refuse_paid(send, binding, &judged.checked.keys, shell)?;
    }
    let scratch = send.dry_run.then(tempfile::tempdir).transpose()?;
    let place = scratch.as_ref().map_or_else(
        || path.clone(),
        |folder| folder.path().join("checkpoint.db"),
    );
    let mut store = match known {
        Some(store) if send.dry_run => store.copy_to(&place)?,
        Some(store) => store,
        None => new_store(&place, binding, &send.files.results)?,
    };
    if let Some(matching) = judged.matching.take() {
        let at = shell.clock.now();
        intake::take_in(
            &mut store,
            &send.sheet,
            &judged,
            &matching,
            &rules,
            &send.batch,
            at,
        )?;
        tracing::debug!("sheet taken in");
    }
    prove_balanced(&store, &judged.checked)?;
    if let (Door::Remote(_), Some(list), false) = (&send.gateway.door, &send.recent, send.dry_run) {
        recent::remember(list, &send.sheet, path);
    }
    Ok(Prepared {
        store,
        judged,
        scratch,
    })
}

/// Count and sum over the states are those of the sheet, to the paisa, before anything is sent.
fn prove_balanced(store: &Store, checked: &Checked) -> anyhow::Result<()> {
    let totals = store.totals();
    let rows: u64 = totals.states.values().map(|(rows, _)| rows).sum();
    let paise: i64 = totals
        .states
        .values()
        .map(|(_, amount)| amount.paise())
        .sum();
    if rows == u64::from(checked.rows) && paise == checked.total.paise() {
        return Ok(());
    }
    Err(Ending::stopped(
        format!(
            "the checkpoint holds {rows} rows and {paise} paise, the sheet {} rows and {} paise; nothing was sent",
            checked.rows,
            checked.total.paise()
        ),
        "this is a fault of paysheet: please report it with the sheet's header and what was changed in it",
    )
    .into())
}

/// A results file of this batch without its checkpoint says that an earlier one was lost. That is written down with
/// the first word of the new one, so that the next run knows it too.
fn new_store(path: &Path, binding: &Binding, results: &Path) -> anyhow::Result<Store> {
    Ok(Store::create(path, binding, results.exists())?)
}

/// Better now than after the money has moved.
fn refuse_foreign_results(results: &Path) -> anyhow::Result<()> {
    if results.symlink_metadata().is_err()
        || sheet::is_ours(results).map_err(super::judge::sheet_error)?
    {
        return Ok(());
    }
    Err(Ending::stopped(
        format!(
            "{} is not a results file of paysheet; it was not touched and nothing was sent",
            results.display()
        ),
        "move it away, or name another file with --results",
    )
    .into())
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
}

impl Sending<'_> {
    async fn go(&mut self) -> anyhow::Result<Outcome> {
        let open = self.session.read(|store| Ok(open_rows(store))).await?;
        if open == 0 && !self.send.adopt {
            self.refuse_long_finished().await?;
            return Ok(Outcome::default());
        }
        if let Err(halt) = self.session.authorize().await {
            return Ok(self.halted(halt));
        }
        let balance = self.session.read_balance(guards::PROBES_MAX);
        if let Err(halt) = self.guard().await? {
            return Ok(self.halted(halt));
        }
        if self.send.adopt
            && let Err(halt) = approve::adopt(
                &mut self.session,
                self.send.gateway.environment,
                self.shell,
                self.send.yes,
            )
            .await?
        {
            return Ok(self.halted(halt));
        }
        self.approve(balance).await?;
        if self.send.dry_run {
            return Ok(Outcome {
                requests: self.session.requests(),
                ..Outcome::default()
            });
        }
        self.write_first_results().await?;
        self.create().await
    }

    async fn refuse_long_finished(&self) -> anyhow::Result<()> {
        let finished = self.session.read(Store::last_work_at).await?;
        let (batch, now) = (&self.send.batch, self.shell.clock.now());
        Ok(twice::refuse_long_finished(
            finished,
            batch,
            now,
            &self.shell.again,
        )?)
    }

    fn halted(&self, halt: Halt) -> Outcome {
        Outcome {
            halt: Some(halt),
            requests: self.session.requests(),
            ..Outcome::default()
        }
    }

    /// Ids that exist before this checkpoint has sent anything.
    async fn guard(&mut self) -> anyhow::Result<Result<(), Halt>> {
        let again = &self.shell.again;
        let (needs_probe, lost, found_before, conflicts, created) = self
            .session
            .read(|store| {
                let totals = store.totals();
                let meta = store.meta();
                let needs = guards::needs_probe(store);
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
        if found_before && conflicts == 0 {
            // What was found were own ids that have left the sheet since: the others are looked up anew.
            self.session
                .write(|store| store.set_found_existing(false))
                .await?;
            return Box::pin(self.guard()).await;
        }
        if found_before && !self.send.adopt {
            return Err(guards::existing(conflicts, again, created > 0).into());
        }
        if !needs_probe? {
            return Ok(Ok(()));
        }
        // Conflicts without history are what a probe found that was cut short: it is made again, of all rows.
        let all = lost || self.send.adopt || conflicts > 0;
        let found = match guards::probe(&mut self.session, all).await {
            Ok(found) => found + conflicts,
            Err(halt) => return Ok(Err(halt)),
        };
        if found > 0 {
            self.session
                .write(|store| store.set_found_existing(true))
                .await?;
            if !self.send.adopt {
                return Err(guards::existing(found, again, false).into());
            }
        } else if lost && !self.send.adopt {
            return Err(guards::lost_checkpoint(&self.send.files, again, Exit::Unpayable).into());
        }
        self.session.write(Store::set_probed).await?;
        Ok(Ok(()))
    }

    /// Balance, totals, question.
    async fn approve(&mut self, balance: BalanceReading<Client>) -> anyhow::Result<()> {
        let balance = balance.wait().await.map(|balance| balance.available);
        let notify = self.send.notify == Notify::Yes;
        let (totals, sendable) = self
            .session
            .read(move |store| Ok((store.totals().clone(), store.sendable(notify)?)))
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
        let path = self.send.files.results.clone();
        if path.exists() && !self.judged.is_new {
            return Ok(());
        }
        let environment = self.send.gateway.environment.word();
        self.session
            .read(move |store| Ok(results::write(store, &path, environment)))
            .await?
    }

    async fn create(&mut self) -> anyhow::Result<Outcome> {
        let (to_send, amount_to_send) = (self.sendable.rows, self.sendable.amount);
        let to_ask = self
            .session
            .read(|store| Ok(store.totals().rows(State::Unknown)))
            .await?;
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
