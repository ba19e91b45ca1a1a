//! The guards against paying again that need the gateway: ids that exist before this checkpoint has sent anything.

use crate::checkpoint::{Store, SweepRow};
use crate::engine::{Halt, Session};
use crate::gateway::Gateway;
use crate::report::words::counted;

use super::again::Again;
use super::exit::{Ending, Exit};
use super::lost;
use super::settings::Files;

/// Ids looked up before the first create of a new checkpoint, spread over the sheet (`product.md`).
pub(super) const PROBES_MAX: usize = 20;
/// Rows that a command to copy names at most.
const WISHED_NAMED_MAX: usize = 20;

/// Whether the checkpoint stands in for a lost one and has asked the gateway nothing yet: the results that are there
/// then know more than it does.
pub(super) fn knows_less_than_results(store: &Store) -> anyhow::Result<bool> {
    Ok(store.meta().replaces_lost && store.needs_probe()?)
}

/// Looks a sample of the ids up; all of them if one exists, or if `all` are suspect. Returns how many exist: they are
/// in conflict then.
///
/// # Errors
///
/// The [`Halt`] if not every look-up was answered.
pub(super) async fn probe<G: Gateway>(session: &mut Session<G>, all: bool) -> Result<u64, Halt> {
    let sample = session
        .read(sample)
        .await
        .map_err(|why| Halt::NotRecorded {
            why: why.to_string(),
        })?;
    let found = if all { 0 } else { session.probe(sample).await? };
    if found == 0 && !all {
        return Ok(0);
    }
    Ok(found + session.probe_all().await?)
}

/// Rows spread evenly over what is ready, the first and the last among them.
fn sample(store: &Store) -> Result<Vec<SweepRow>, crate::checkpoint::Error> {
    let mut ready = 0_u64;
    store.each_ready_row(|_| ready += 1)?;
    let wanted = ready.min(u64::try_from(PROBES_MAX).unwrap_or(u64::MAX));
    let mut places: Vec<u64> = (0..wanted)
        .map(|n| n * ready.saturating_sub(1) / wanted.saturating_sub(1).max(1))
        .collect();
    places.dedup();
    let mut rows = Vec::new();
    let mut place = 0_u64;
    store.each_ready_row(|row| {
        if places.binary_search(&place).is_ok() {
            rows.push(row);
        }
        place += 1;
    })?;
    let mut sample = Vec::new();
    for row in rows {
        sample.extend(store.ready_sweep_page(row.saturating_sub(1), 1)?);
    }
    Ok(sample)
}

/// What stops a run of which so many ids exist already; with some of them the sheet's own, another payment needs other
/// ids, and no other name.
pub(super) fn existing(
    (count, own): (u64, bool),
    files: &Files,
    again: &Again,
    created_before: bool,
) -> Ending {
    let (links, exist) = if count == 1 {
        ("link of this batch", "exists")
    } else {
        ("links of this batch", "exist")
    };
    let message = format!(
        "{count} {links} {exist} at the gateway although this checkpoint never sent them; nothing was sent. They are \
         listed as conflict in the results"
    );
    let adopt = format!(
        "if this is the same payment and its checkpoint was lost, run `{}`",
        again.as_command("send").with("--adopt")
    );
    let remedy = if own {
        format!(
            "{adopt}; if it is another payment, give its rows ids that were never used before: a name of its own, `--batch \
             NEW`, does not change the ids that a sheet brings"
        )
    } else if created_before || lost::lists_sent(files) {
        adopt
    } else {
        format!(
            "{adopt}; if it is another payment under an old name, give it a name of its own: `{}`",
            again.as_command("send").renamed()
        )
    };
    Ending::new(Exit::NeedsPerson, message, remedy)
}

/// A results file of ours without its checkpoint: the batch was sent before, and what it sent is not known here.
pub(super) fn lost_checkpoint(files: &Files, again: &Again, exit: Exit) -> Ending {
    let (results, checkpoint) = (files.results.display(), files.checkpoint.display());
    let adopt = format!(
        "bring the checkpoint back; if it is lost, run `{}`",
        again.as_command("send").with("--adopt")
    );
    let remedy = if lost::lists_sent(files) {
        adopt
    } else {
        format!(
            "{adopt}; if this is another payment, give it a name of its own: `{}`",
            again.as_command("send").renamed()
        )
    };
    Ending::new(
        exit,
        format!(
            "{results} was written by an earlier run, but its checkpoint {checkpoint} was missing; nothing was sent"
        ),
        remedy,
    )
}

/// A batch that was cancelled as a whole sends nothing until somebody says that it shall.
///
/// # Errors
///
/// [`Ending`] with exit code 3.
pub(super) fn refuse_closed(store: &Store, reopen: bool, again: &Again) -> Result<(), Ending> {
    if reopen || !store.meta().closed {
        return Ok(());
    }
    Err(Ending::unpayable(
        "this batch was cancelled and is closed; nothing was sent",
        format!(
            "to go on with it, run `{}`; rows that were cancelled stay so",
            again.as_command("send").with("--reopen")
        ),
    ))
}

/// A cancel of rows that were not sent yet and may exist all the same, which did not reach the gateway: sent now, they
/// would be paid against the wish.
///
/// # Errors
///
/// [`Ending`] with exit code 3.
pub(super) fn refuse_wished(store: &Store, again: &Again) -> anyhow::Result<()> {
    let still = store.unsent_wishes()?;
    if still.is_empty() {
        return Ok(());
    }
    let rows = u64::try_from(still.len()).unwrap_or(u64::MAX);
    let named = still.get(..still.len().min(WISHED_NAMED_MAX));
    Err(Ending::unpayable(
        format!(
            "the cancel of {} did not reach the gateway; nothing was sent",
            counted(rows, "row", "rows")
        ),
        format!(
            "finish it first: `{}`",
            again.stopping(named.unwrap_or_default())
        ),
    )
    .into())
}
