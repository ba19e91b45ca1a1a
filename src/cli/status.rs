//! `paysheet status`: ask the gateway where every link stands that is not final, and refresh the results.
//!
//! Needs no sheet: the checkpoint keeps each row's cells as of the last `send`.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::checkpoint::Store;
use crate::domain::Money;
use crate::engine::{Event, Outcome, Session};
use crate::gateway::client::Client;
use crate::report::words::counted;
use crate::report::{Reporter, Task};

use super::exit::Exit;
use super::finish::Finish;
use super::send::{lock, open_session};
use super::settings::Status;
use super::shell::Shell;
use super::{door, older, results};

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
    let outcome = sweep(status, shell, &mut session, &reporter).await;
    reporter.close();
    let store = session.close()?;
    if let Some(embedded) = opened.embedded {
        embedded.close().await;
    }
    let outcome = outcome?;
    let finish = Finish {
        command: "status",
        environment: status.gateway.environment,
        sheet: &status.sheet,
        batch: status.batch.as_str(),
        files: &status.files,
        problems: None,
        warnings: BTreeMap::new(),
        note: note(outcome.revived),
        shell,
    };
    finish.run(&store, &outcome)
}

/// What was stopped and yet pays, or paid, is the first thing to say.
fn note(revived: u64) -> Option<String> {
    (revived > 0).then(|| {
        format!(
            "{} not dead after all: the money is out, or may go out",
            counted(revived, "cancelled link is", "cancelled links are")
        )
    })
}

async fn sweep(
    status: &Status,
    shell: &Shell,
    session: &mut Session<Client>,
    reporter: &Reporter,
) -> anyhow::Result<Outcome> {
    let (mut created_now, mut revived) = (0, 0);
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
        if !pause(shell, interval).await {
            outcome.halt = Some(crate::engine::Halt::Interrupted);
            return Ok(outcome);
        }
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
