//! `paysheet status`: ask the gateway where every link stands that is not final, and refresh the results.
//!
//! Needs no sheet: the checkpoint keeps each row's cells as of the last `send`.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::time::Duration;

use crate::checkpoint::Store;
use crate::clock::india_time;
use crate::domain::Money;
use crate::engine::{Event, Outcome, Session, Tally};
use crate::gateway::client::Client;
use crate::report::words::{by_status, counted, lasting};
use crate::report::{Manner, Reporter, Task};

use super::after::Told;
use super::exit::Exit;
use super::finish::{self, Finish};
use super::send::{lock, open_session};
use super::settings::Status;
use super::shell::Shell;
use super::{after, door, older, results};

/// Runs the command.
///
/// # Errors
///
/// If there is no checkpoint, or it cannot be used.
pub(super) async fn run(status: &Status, shell: &Shell) -> anyhow::Result<Exit> {
    let binding = door::binding(&status.gateway, &status.batch);
    // Before the lock: a missing folder or checkpoint is what a user should hear of.
    if !status.files.checkpoint.exists() {
        Store::open(&status.files.checkpoint, &binding)?;
    }
    let _lock = lock(&status.files.checkpoint, &shell.holder)?;
    let store = Store::open(&status.files.checkpoint, &binding)?;
    let environment = status.gateway.environment.word();
    older::refuse(&store, &status.files, environment, &shell.again)?;
    door::refuse_forgotten(&status.gateway, &status.files, &store)?;
    let opened = door::open(&status.gateway, &status.files).await?;
    let reporter = Reporter::new(shell.screen.clone(), shell.manner, Task::Asking)
        .against(status.gateway.rate.limit());
    let mut session = open_session(store, opened.client, &status.gateway, &reporter, shell)?;
    let finish = |note| Finish {
        command: "status",
        environment: status.gateway.environment,
        sheet: &status.sheet,
        batch: status.batch.as_str(),
        files: &status.files,
        left_alone: false,
        problems: None,
        warnings: BTreeMap::new(),
        note,
        shell,
    };
    let watch = Watch {
        status,
        shell,
        finish: finish(None),
    };
    let outcome = sweep(&watch, &mut session, &reporter).await;
    reporter.close();
    let store = session.close()?;
    if let Some(embedded) = opened.embedded {
        embedded.close().await;
    }
    let outcome = outcome?;
    finish(note(&outcome)).run(&store, &outcome)
}

/// What was stopped and yet pays, or paid, is the first thing to say; then what is not known.
pub(super) fn note(outcome: &Outcome) -> Option<String> {
    let revived = counted(outcome.revived, "cancelled link is", "cancelled links are");
    let unanswered = counted(outcome.unanswered, "link", "links");
    let notes = [
        (
            outcome.revived,
            format!("{revived} not dead after all: the money is out, or may go out"),
        ),
        (
            outcome.unanswered,
            format!(
                "the gateway gave no usable answer about {unanswered}, run the same command again"
            ),
        ),
    ];
    let notes = notes.into_iter().filter(|(rows, _)| *rows > 0);
    let notes: Vec<String> = notes.map(|(_, note)| note).collect();
    (!notes.is_empty()).then(|| notes.join("; "))
}

/// What the sweeps of one command need.
struct Watch<'w> {
    status: &'w Status,
    shell: &'w Shell,
    /// How it is told where the batch stands.
    finish: Finish<'w>,
}

async fn sweep(
    watch: &Watch<'_>,
    session: &mut Session<Client>,
    reporter: &Reporter,
) -> anyhow::Result<Outcome> {
    let (status, shell) = (watch.status, watch.shell);
    let (mut created_now, mut revived) = (0, 0);
    let mut in_need = need(&standing(session, Outcome::default()).await?, 0);
    loop {
        let now_ms = shell.clock.now().as_millisecond();
        let to_ask = session.read(move |store| store.sweep_count(now_ms)).await?;
        if to_ask == 0 {
            return Ok(Outcome {
                created_now,
                revived,
                requests: session.requests(),
                ..Outcome::default()
            });
        }
        (reporter.events())(&Event::Opened {
            to_send: 0,
            amount_to_send: Money::ZERO,
            to_ask,
        });
        if let Err(halt) = session.authorize().await {
            return Ok(Outcome {
                halt: Some(halt),
                created_now,
                revived,
                requests: session.requests(),
                ..Outcome::default()
            });
        }
        let mut outcome = session.sweep().await;
        created_now += outcome.created_now;
        outcome.created_now = created_now;
        revived += outcome.revived;
        outcome.revived = revived;
        let Some(interval) = status.watch else {
            return Ok(outcome);
        };
        if outcome.halt.is_some() || !session.read(Store::is_moving).await? {
            return Ok(outcome);
        }
        refresh(status, session).await?;
        let so_far = Outcome {
            created_now,
            requests: session.requests(),
            ..Outcome::default()
        };
        let tally = standing(session, so_far).await?;
        let (before, now) = (in_need, need(&tally, revived));
        in_need = now;
        // What the sweep has said comes first, and a bar would stand still above the wait.
        reporter.close();
        watch.say(&tally, now, interval);
        let told = watch.tell(&tally, now, before);
        let (went_on, ()) = tokio::join!(pause(shell, interval), told);
        if !went_on {
            outcome.halt = Some(crate::engine::Halt::Interrupted);
            return Ok(outcome);
        }
    }
}

/// Rows that need a person as they stand.
fn need(tally: &Tally, revived: u64) -> u64 {
    let stopping = tally.waiting.saturating_sub(tally.waiting_doubts);
    tally.need_a_person() + tally.dead + stopping + revived
}

async fn standing(session: &Session<Client>, outcome: Outcome) -> anyhow::Result<Tally> {
    session
        .read(move |store| finish::standing(store, &outcome))
        .await
}

impl Watch<'_> {
    /// Says what a sweep found, and to whoever sits before it when the next one is.
    fn say(&self, tally: &Tally, in_need: u64, interval: Duration) {
        if self.shell.manner == Manner::Silent {
            return;
        }
        let mut text = found(tally, in_need);
        if self.shell.manner == Manner::Bar
            && let Ok(next) = self.shell.clock.now().checked_add(interval)
        {
            let next = india_time(next).strftime("%H:%M:%S");
            text.push_str(&format!(
                "; asked again at {next}, in {}",
                lasting(interval)
            ));
        }
        self.shell.screen.paragraph(&text);
    }

    /// Writes the numbers, and tells whoever is to be told if more rows need a person than `before`. It may take as long
    /// as the program that tells may.
    async fn tell(&self, tally: &Tally, in_need: u64, before: u64) {
        let after = self.status.after.clone();
        if !after.is_any() {
            return;
        }
        let exit = match in_need {
            0 => Exit::Done,
            _ => Exit::NeedsPerson,
        };
        let said = self.finish.said(tally, exit, &found(tally, in_need));
        let (told, elapsed) = (Told::default(), self.shell.started.elapsed());
        *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(said);
        let work = move || {
            let run = after::Run {
                command: "status",
                exit,
                elapsed,
                early: "",
                told: &told,
            };
            after.between(&run, in_need > before);
        };
        // Whatever goes wrong with it, the watch goes on.
        let _ = tokio::task::spawn_blocking(work).await;
    }
}

/// The links by status, and how many rows need a person.
fn found(tally: &Tally, in_need: u64) -> String {
    let all = by_status(&tally.statuses);
    match in_need {
        0 => all,
        rows => format!(
            "{all}; {} a person",
            counted(rows, "row needs", "rows need")
        ),
    }
}

/// Between two passes of a watch the results are as fresh as the checkpoint.
async fn refresh(status: &Status, session: &Session<Client>) -> anyhow::Result<()> {
    let files = status.files.clone();
    let environment = status.gateway.environment.word();
    session
        .read(move |store| Ok(results::write_all(store, &files, environment)))
        .await?
}

/// Waits; false if interrupted.
async fn pause(shell: &Shell, interval: Duration) -> bool {
    let mut signals = shell.signals.clone();
    tokio::select! {
        () = tokio::time::sleep(interval) => true,
        _ = signals.wait_for(|set| *set) => false,
    }
}
