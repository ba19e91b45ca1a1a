//! `paysheet cancel`: stop the batch, or the rows named. Needs no sheet.
//!
//! The order is the contract: the batch is closed and every wish is on disk before the gateway is asked to stop a link.
//! What is run again goes on where it was cut off.

use std::collections::BTreeMap;
use std::path::Path;

use crate::checkpoint::{Named, PayoutNo, Store};
use crate::domain::{Money, State, StatusClass};
use crate::engine::{Event, Outcome};
use crate::report::words::counted;
use crate::report::{Reporter, Task};
use crate::sheet;

use super::confirm::{Matter, Terminal, settle};
use super::exit::{Ending, Exit};
use super::finish::Finish;
use super::judge::hex;
use super::send::{lock, open_session};
use super::settings::Cancel;
use super::shell::Shell;
use super::{approve, door, guards, named, older};

/// Runs the command.
///
/// # Errors
///
/// If there is no checkpoint, it cannot be used, or a row that is named is not there.
pub(super) async fn run(cancel: &Cancel, shell: &Shell) -> anyhow::Result<Exit> {
    let binding = door::binding(&cancel.gateway, &cancel.batch);
    // Before the lock: a missing folder or checkpoint is what a user should hear of.
    if !cancel.files.checkpoint.exists() {
        Store::open(&cancel.files.checkpoint, &binding)?;
    }
    let _lock = lock(&cancel.files.checkpoint, &shell.holder)?;
    let mut store = Store::open(&cancel.files.checkpoint, &binding)?;
    let environment = cancel.gateway.environment.word();
    let foreign = older::refuse_unless_foreign(&store, &cancel.files, environment, &shell.again)?;
    door::refuse_forgotten(&cancel.gateway, &cancel.files, &store)?;
    let before = store.totals().rows(State::Cancelled);
    let spoken = choose(cancel, &mut store, shell)?;
    confirm(cancel, shell, &store)?;
    // Nobody may be in reach: what runs next has to know all the same.
    if cancel.named.any() {
        store.wish_chosen(shell.clock.now())?;
    } else {
        store.close()?;
    }
    if !store.may_exist_unsent()? {
        // For that nobody need be in reach.
        store.cancel_ready(shell.clock.now())?;
    } else if cancel.named.any() {
        store.wish_unsent()?;
    }
    let (store, outcome) = stop(cancel, shell, store).await?;
    store.settle_unsent()?;
    if outcome.halt.is_none()
        && guards::knows_less_than_results(&store)?
        && cancel.files.results.exists()
    {
        return Err(not_stopped(cancel, shell, &store)?.into());
    }
    let now = store.totals().rows(State::Cancelled).saturating_sub(before);
    let left = foreign
        .as_ref()
        .map_or_else(String::new, |words| format!("; {words}"));
    let finish = Finish {
        command: "cancel",
        environment: cancel.gateway.environment,
        sheet: &cancel.sheet,
        batch: cancel.batch.as_str(),
        files: &cancel.files,
        left_alone: foreign.is_some(),
        problems: None,
        warnings: BTreeMap::new(),
        note: Some(note(&store, cancel, now, &spoken)? + &left),
        shell,
    };
    finish.run(&store, &outcome)
}

/// Chooses the rows that are named, and shows whose they are; what is said of those that cannot be stopped.
fn choose(cancel: &Cancel, store: &mut Store, shell: &Shell) -> anyhow::Result<Vec<String>> {
    let mut spoken = Vec::new();
    if !cancel.named.any() {
        return Ok(spoken);
    }
    let mut chosen = Vec::new();
    for one in named::find(store, &cancel.named)? {
        match refusal(&one) {
            Some(why) => spoken.push(format!("{} {why}", named::name(&one))),
            None => chosen.push(one),
        }
    }
    for words in &spoken {
        shell.screen.line(words);
    }
    named::show(&chosen, shell);
    if !cancel.named.rows.is_empty() && !is_as_sent(&cancel.sheet, store) {
        shell.screen.paragraph(&format!(
            "{} was changed since it was last sent: row numbers are those of the sheet as it was then. Whom they name \
             stands above; `--id` names a payout whatever its row is now",
            cancel.sheet.display()
        ));
    }
    store.pick(&named::payouts(&chosen))?;
    Ok(spoken)
}

/// Whether the sheet is the one that the checkpoint was filled from; so is one that is not there.
fn is_as_sent(sheet: &Path, store: &Store) -> bool {
    if !sheet.is_file() {
        return true;
    }
    match (&store.meta().fingerprint, sheet::fingerprint(sheet)) {
        (Some(sent), Ok(now)) => *sent == hex(&now),
        (None, _) | (_, Err(_)) => true,
    }
}

/// Why a row cannot be stopped.
fn refusal(one: &Named) -> Option<&'static str> {
    match one.row.standing.state {
        State::Created if one.redeemed => Some("was redeemed: the money is out"),
        State::Created | State::Unknown | State::Ready | State::Rejected => None,
        State::Cancelled => Some("is cancelled already"),
        State::Invalid => Some("is invalid and was never sent"),
        State::Conflict => Some("is in conflict: its link is not known to be this batch's own"),
    }
}

fn confirm(cancel: &Cancel, shell: &Shell, store: &Store) -> anyhow::Result<()> {
    let rows = store.stop_count()?;
    if rows == 0 {
        return Ok(());
    }
    let what = match cancel.named.any() {
        true => format!("{} will be cancelled", counted(rows, "row", "rows")),
        false => format!(
            "The whole batch {} will be cancelled and closed: {} not sent yet or not redeemed yet",
            cancel.batch.as_str(),
            counted(rows, "payout", "payouts")
        ),
    };
    let situation = approve::situation(cancel.gateway.environment, cancel.yes, shell);
    Ok(settle(&Matter::Cancel { what }, situation, &mut Terminal)?)
}

/// Asks the gateway about what may still be paid out. Where there is nothing, nobody is asked.
async fn stop(cancel: &Cancel, shell: &Shell, store: Store) -> anyhow::Result<(Store, Outcome)> {
    let none = PayoutNo(0);
    if store.stop_page(none, 1)?.is_empty() && store.unsent_page(none, 1)?.is_empty() {
        return Ok((store, Outcome::default()));
    }
    let to_ask = store.stop_count()?;
    let opened = door::open(&cancel.gateway, &cancel.files).await?;
    let reporter = Reporter::new(shell.screen.clone(), shell.manner, Task::Cancelling);
    let mut session = open_session(store, opened.client, &cancel.gateway, &reporter, shell)?;
    (reporter.events())(&Event::Opened {
        to_send: 0,
        amount_to_send: Money::ZERO,
        to_ask,
    });
    let outcome = session.stop().await;
    reporter.close();
    let store = session.close()?;
    if let Some(embedded) = opened.embedded {
        embedded.close().await;
    }
    Ok((store, outcome))
}

/// What is said where results know more than the checkpoint: what was named and exists has to be adopted first.
fn not_stopped(cancel: &Cancel, shell: &Shell, store: &Store) -> anyhow::Result<Ending> {
    let lost = guards::lost_checkpoint(&cancel.files, &shell.again, Exit::NeedsPerson);
    if !cancel.named.any() {
        return Ok(lost);
    }
    let found = named::find(store, &cancel.named)?.into_iter();
    let found = found.filter(|one| one.row.standing.state == State::Conflict);
    let names: Vec<String> = found.map(|one| named::name(&one)).collect();
    if names.is_empty() {
        return Ok(lost);
    }
    let (was, link) = match names.len() {
        1 => ("was", "its link exists"),
        _ => ("were", "their links exist"),
    };
    Ok(lost.adding(
        &format!(
            "{} {was} not stopped: {link} at the gateway and may be paid out",
            names.join(", ")
        ),
        &format!("then cancel again: `{}`", shell.again.command()),
    ))
}

/// What came of it, in one sentence.
fn note(store: &Store, cancel: &Cancel, now: u64, spoken: &[String]) -> anyhow::Result<String> {
    let mut parts = vec![format!(
        "{} cancelled now",
        counted(now, "payout", "payouts")
    )];
    if cancel.named.any() {
        parts.extend_from_slice(spoken);
        // The gateway may have said so only when it was asked to stop the link.
        for one in named::find(store, &cancel.named)? {
            let words = refusal(&one).filter(|_| one.redeemed);
            let said = words.map(|words| format!("{} {words}", named::name(&one)));
            parts.extend(said.filter(|said| !spoken.contains(said)));
        }
    } else {
        let paid = |class| class == StatusClass::Redeemed;
        let statuses = store.totals().statuses.values();
        let redeemed: u64 = statuses
            .filter(|count| paid(count.class))
            .map(|count| count.rows)
            .sum();
        if redeemed > 0 {
            parts.push(format!("{redeemed} redeemed before that"));
        }
        let reopen = match store.meta().purged {
            None => ", `send --reopen` opens it again",
            Some(_) => "",
        };
        parts.push(format!("the batch is closed{reopen}"));
    }
    let waiting = store.still_to_stop()?.rows;
    if waiting > 0 {
        parts.push(format!(
            "of {} the gateway has not said yet whether it can be",
            counted(waiting, "payout", "payouts")
        ));
    }
    Ok(parts.join("; "))
}
