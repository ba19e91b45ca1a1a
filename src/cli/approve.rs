//! What is shown and asked before money moves.

use std::collections::{BTreeMap, HashSet};

use crate::checkpoint::{Sendable, Totals};
use crate::domain::{Money, State};
use crate::engine::{Adopted, Halt, Session};
use crate::gateway::client::Client;
use crate::report::Manner;
use crate::report::banner::{Balance, Banner};
use crate::report::words::counted;

use super::confirm::{Matter, Situation, Terminal, settle};
use super::settings::{Door, Send};
use super::shell::Shell;
use super::values::Environment;

/// What is known before the question.
pub(super) struct Question<'q> {
    pub(super) send: &'q Send,
    pub(super) account: &'q str,
    /// Available paise, or why it cannot be read.
    pub(super) balance: Result<i64, String>,
    pub(super) totals: &'q Totals,
    pub(super) sendable: &'q Sendable,
}

/// Shows the banner and asks what has to be asked.
///
/// # Errors
///
/// [`super::exit::Ending`] if the answer is no or nobody can be asked.
pub(super) fn ask(question: &Question<'_>, shell: &Shell) -> anyhow::Result<()> {
    let Question {
        send,
        totals,
        sendable,
        ..
    } = question;
    let environment = send.gateway.environment;
    let (count, total) = (sendable.rows, sendable.amount);
    let sheet = send.sheet.display().to_string();
    let host = match &send.gateway.door {
        Door::Embedded(_) => None,
        Door::Remote(remote) => Some(remote.base_url.host()),
    };
    let banner = Banner {
        environment: environment.word(),
        rehearsal: environment == Environment::Sandbox,
        dry_run: send.dry_run,
        host: host.as_deref(),
        account: Some(question.account),
        sheet: &sheet,
        batch: send.batch.as_str(),
        count,
        total,
        created_before: totals.rows(State::Created).saturating_sub(sendable.created),
        unknown_before: totals.rows(State::Unknown),
        cancelled: totals
            .rows(State::Cancelled)
            .saturating_sub(sendable.cancelled),
        skipped: totals.rows(State::Invalid),
        largest: &sendable.largest,
        balance: match &question.balance {
            Ok(paise) => Balance::Known(Money::from_paise((*paise).max(0)).unwrap_or_default()),
            Err(why) => Balance::Unread(why),
        },
        messaged: sendable.messaged,
    };
    if shell.manner != Manner::Silent {
        shell
            .screen
            .line(banner.text(shell.screen.columns()).trim_end());
    }
    if send.dry_run || count == 0 {
        return Ok(());
    }
    let situation = situation(environment, send.yes, shell);
    if let Some(why) = banner.shortage() {
        settle(&Matter::LowBalance { why }, situation, &mut Terminal)?;
    }
    Ok(settle(&Matter::Send { total }, situation, &mut Terminal)?)
}

pub(super) fn situation(environment: Environment, yes: bool, shell: &Shell) -> Situation {
    Situation {
        environment,
        yes,
        terminal: shell.terminal,
    }
}

/// Looks the conflicts up again, shows them by status, asks, and takes them as the batch's own; `stopped` are the ids that
/// were cancelled before the checkpoint was lost. Gives how many of those are not dead.
///
/// # Errors
///
/// [`super::exit::Ending`] if the answer is no or nobody can be asked.
pub(super) async fn adopt(
    session: &mut Session<Client>,
    send: &Send,
    shell: &Shell,
    stopped: &HashSet<String>,
) -> anyhow::Result<Result<u64, Halt>> {
    if let Err(halt) = session.ask_conflicts().await {
        return Ok(Err(halt));
    }
    let rows = session.read(|store| store.conflicts()).await?;
    let mut statuses: BTreeMap<String, u64> = BTreeMap::new();
    for word in rows.iter().filter_map(|row| row.status.as_ref()) {
        *statuses.entry(word.clone()).or_default() += 1;
    }
    let found: u64 = statuses.values().sum();
    let mut revived = 0;
    if found > 0 {
        let listed: Vec<String> = statuses
            .iter()
            .map(|(word, rows)| format!("{rows} {word}"))
            .collect();
        let what = format!(
            "{} at the gateway ({}); {} cannot be compared with the sheet",
            counted(
                found,
                "link of this batch exists",
                "links of this batch exist"
            ),
            listed.join(", "),
            if found == 1 {
                "its amount"
            } else {
                "their amounts"
            }
        );
        shell.screen.line(&what);
        let situation = situation(send.gateway.environment, send.yes, shell);
        settle(&Matter::Adopt { what }, situation, &mut Terminal)?;
        let active = statuses
            .iter()
            .filter(|(word, _)| word.eq_ignore_ascii_case("ACTIVE"));
        let moved = found - active.map(|(_, rows)| rows).sum::<u64>();
        if moved > 0 {
            let what = format!(
                "{} not ACTIVE: money may have moved, or can no longer move",
                counted(moved, "of them is", "of them are")
            );
            settle(&Matter::Adopt { what }, situation, &mut Terminal)?;
        }
        let adopted = session.adopt(stopped).await?;
        say_adopted(&adopted, shell);
        revived = adopted.revived;
    }
    session
        .write(|store| {
            store.set_found_existing(false)?;
            // All that is ready was asked about just now. Where nothing is, a retry may follow all the same.
            store.set_probed()
        })
        .await?;
    Ok(Ok(revived))
}

fn say_adopted(adopted: &Adopted, shell: &Shell) {
    let stay = match adopted.stopped {
        0 => String::new(),
        rows => format!(
            "; {} cancelled, as before the checkpoint was lost",
            counted(rows, "of them stays", "of them stay")
        ),
    };
    let links = counted(adopted.links, "link", "links");
    shell.screen.line(&format!("{links} adopted{stay}"));
}
