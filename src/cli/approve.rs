//! What is shown and asked before money moves.

use std::collections::BTreeMap;
use std::path::Path;

use crate::checkpoint::Totals;
use crate::domain::{Money, State};
use crate::engine::{Halt, Session};
use crate::gateway::client::Client;
use crate::report::words::{counted, rupees};

use super::confirm::{Matter, Situation, Terminal, settle};
use super::shell::Shell;
use super::values::Environment;

/// What is known before the question.
pub(super) struct Question<'q> {
    pub(super) environment: Environment,
    pub(super) account: &'q str,
    pub(super) batch: &'q str,
    pub(super) sheet: &'q Path,
    pub(super) notify: bool,
    /// Row numbers and amounts.
    pub(super) largest: &'q [(u32, Money)],
    /// Available paise, or why it cannot be read.
    pub(super) balance: Result<i64, String>,
    pub(super) yes: bool,
    pub(super) dry_run: bool,
}

/// Shows the banner and asks what has to be asked.
///
/// # Errors
///
/// [`super::exit::Ending`] if the answer is no or nobody can be asked.
pub(super) fn ask(question: &Question<'_>, totals: &Totals, shell: &Shell) -> anyhow::Result<()> {
    let (_, left) = totals.states.get(&State::Ready).copied().unwrap_or_default();
    let situation = situation(question.environment, question.yes, shell);
    if question.dry_run {
        return Ok(());
    }
    if let Some(why) = low_balance(question, left) {
        shell.screen.line(&format!("warning: {why}"));
        settle(&Matter::LowBalance { why }, situation, &mut Terminal)?;
    }
    if totals.rows(State::Ready) > 0 {
        settle(&Matter::Send { total: left }, situation, &mut Terminal)?;
    }
    Ok(())
}

fn situation(environment: Environment, yes: bool, shell: &Shell) -> Situation {
    Situation { environment, yes, terminal: shell.terminal }
}

/// Why the balance is a matter, if it is.
fn low_balance(question: &Question<'_>, left: Money) -> Option<String> {
    match &question.balance {
        Ok(available) if *available >= left.paise() => None,
        Ok(available) => {
            let available = Money::from_paise((*available).max(0)).unwrap_or_default();
            Some(format!("the account holds {}, less than the {} left to send", rupees(available), rupees(left)))
        }
        Err(why) => Some(format!("the balance cannot be read ({why})")),
    }
}

/// Looks the conflicts up again, shows them by status, asks, and takes them as the batch's own.
///
/// # Errors
///
/// [`super::exit::Ending`] if the answer is no or nobody can be asked.
pub(super) async fn adopt(
    session: &mut Session<Client>,
    environment: Environment,
    shell: &Shell,
    yes: bool,
) -> anyhow::Result<Result<(), Halt>> {
    if let Err(halt) = session.ask_conflicts().await {
        return Ok(Err(halt));
    }
    let rows = session.read(|store| store.conflicts()).await?;
    let mut statuses: BTreeMap<String, u64> = BTreeMap::new();
    for word in rows.iter().filter_map(|row| row.status.as_ref()) {
        *statuses.entry(word.clone()).or_default() += 1;
    }
    let found: u64 = statuses.values().sum();
    if found > 0 {
        let listed: Vec<String> = statuses.iter().map(|(word, rows)| format!("{rows} {word}")).collect();
        let what = format!(
            "{} of this batch exist at the gateway ({}); their amounts cannot be compared with the sheet",
            counted(found, "link", "links"),
            listed.join(", ")
        );
        shell.screen.line(&what);
        let situation = situation(environment, yes, shell);
        settle(&Matter::Adopt { what }, situation, &mut Terminal)?;
        let moved = found - statuses.get("ACTIVE").copied().unwrap_or(0);
        if moved > 0 {
            let what = format!("{} not ACTIVE: money may have moved, or can no longer move", counted(moved, "of them is", "of them are"));
            settle(&Matter::Adopt { what }, situation, &mut Terminal)?;
        }
        let adopted = session.adopt().await?;
        shell.screen.line(&format!("{} adopted", counted(adopted, "link", "links")));
    }
    session.write(|store| store.set_found_existing(false)).await?;
    Ok(Ok(()))
}
