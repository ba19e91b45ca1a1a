//! What comes before the gateway is spoken to: the sheet judged, the guards that need nobody, the sheet taken in.
//!
//! Deliberately absent: anything that is asked or sent.

use std::path::Path;

use crate::checkpoint::{Binding, Store};
use crate::domain::{KeyHasher, RowKey};
use crate::report::words::counted;
use crate::sheet::{self, Checked};

use super::claims::{self, Old};
use super::exit::Ending;
use super::judge::{Judged, check_controls, judge, refuse_astray, rules, sheet_error};
use super::same_ids::{self, SameIds};
use super::settings::{Door, Retry, Send};
use super::shell::Shell;
use super::{disputed, guards, intake, long_ago, lost, older, problems, recent, retry, twice};

/// The warning of rows that another batch paid lately, among those of the sheet itself.
const PAID_LATELY: &str = "batch.paid_lately";

/// The sheet judged and taken in.
pub(super) struct Prepared {
    pub(super) store: Store,
    pub(super) judged: Judged,
    /// Holds the checkpoint of a dry run, which leaves the real one as it is.
    pub(super) scratch: Option<tempfile::TempDir>,
    /// What is said first at the end: of a payment that may be another one, or of rows that a retry leaves alone.
    pub(super) spoken: Vec<String>,
}

/// Judges the sheet, asks the guards that need no gateway, and takes it in.
///
/// # Errors
///
/// [`Ending`]s with their exit codes: nothing was sent then.
pub(super) fn prepare(
    send: &Send,
    retry: Option<&Retry>,
    binding: &Binding,
    shell: &Shell,
) -> anyhow::Result<Prepared> {
    let path = &send.files.checkpoint;
    let is_new = !path.exists();
    let known = known(send, is_new && retry.is_none(), binding, shell)?;
    let rules = rules(&send.controls, shell.clock.today_in_india(), true);
    let old = |hasher: &KeyHasher| Old::read(send, is_new, hasher);
    let mut judged = judge(
        &send.sheet,
        (&send.files.problems, send.controls.strict),
        &rules,
        known.as_ref(),
        old,
    )?;
    tracing::debug!(rows = judged.checked.rows, "sheet judged");
    guard(send, known.as_ref(), &judged, shell)?;
    let is_compared = retry.is_none() && !known.as_ref().is_some_and(Store::has_paid);
    if is_compared {
        let rows = sheet_paid_lately(send, binding, (known.as_ref(), &judged), shell)?;
        let warnings = &mut judged.checked.warnings.by_code;
        warnings.extend((rows > 0).then_some((PAID_LATELY, rows)));
    }
    let warning = match (&known, retry, send.reopen) {
        (Some(store), None, false) => long_ago::refuse_gained(store, &judged, send, shell)?,
        _ => None,
    };
    let scratch = send.dry_run.then(tempfile::tempdir).transpose()?;
    let place = scratch.as_ref().map_or_else(
        || path.clone(),
        |folder| folder.path().join("checkpoint.db"),
    );
    let mut store = store_at(&place, known, send, binding)?;
    if let Some(retry) = retry {
        retry::choose_rejected(retry, &mut store)?;
    }
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
    claims::heed(&mut store, send, shell)?;
    prove_balanced(&store, &judged.checked)?;
    if let (Door::Remote(_), Some(list), false) = (&send.gateway.door, &send.recent, send.dry_run) {
        recent::remember(list, &send.sheet, path);
    }
    let spoken = match retry {
        Some(retry) => {
            let spoken = retry::choose(retry, &mut store, shell)?;
            // A dead link may have been replaced from another sheet.
            let is_same = |id: &str| same_ids::is_known(&store, id);
            paid_lately(send, binding, (&store.chosen_keys()?, &is_same), shell)?;
            spoken
        }
        None => long_ago::warn(warning, &store, shell),
    };
    Ok(Prepared {
        store,
        judged,
        scratch,
        spoken,
    })
}

/// The checkpoint that stands there, if it may be gone on with. Where nothing was sent there is nothing to retry: that is
/// said in the words for a missing checkpoint.
fn known(
    send: &Send,
    is_made_anew: bool,
    binding: &Binding,
    shell: &Shell,
) -> anyhow::Result<Option<Store>> {
    if is_made_anew {
        return Ok(None);
    }
    let store = Store::open(&send.files.checkpoint, binding)?;
    store.refuse_purged()?;
    let environment = send.gateway.environment.word();
    older::refuse(&store, &send.files, environment, &shell.again)?;
    guards::refuse_closed(&store, send.reopen, &shell.again)?;
    guards::refuse_wished(&store, &shell.again)?;
    Ok(Some(store))
}

/// How many of the sheet's rows another batch paid lately. Another checkpoint of this batch is gone on with where it lies,
/// unless the user says that it is lost.
fn sheet_paid_lately(
    send: &Send,
    binding: &Binding,
    (known, judged): (Option<&Store>, &Judged),
    shell: &Shell,
) -> anyhow::Result<u64> {
    let ids = SameIds::of(&send.batch, known, judged);
    let is_same = |id: &str| send.adopt && ids.has(id);
    paid_lately(send, binding, (&judged.checked.keys, &is_same), shell)
}

/// How many of these rows another batch paid lately. Under `--strict` no warning is passed over, and this one least of
/// all.
fn paid_lately(
    send: &Send,
    binding: &Binding,
    (keys, is_same): (&[RowKey], &twice::IsSame<'_>),
    shell: &Shell,
) -> anyhow::Result<u64> {
    if send.new_payment || keys.is_empty() {
        return Ok(0);
    }
    let rows = twice::refuse_paid(send, binding, (keys, is_same), shell)?;
    if rows > 0 && send.controls.strict {
        return Err(Ending::unpayable(
            format!(
                "{} lately from another sheet, and --strict stops at warnings; nothing was sent",
                counted(rows, "row was paid", "rows were paid")
            ),
            "take them out of this sheet, or add --new-payment if they are to be paid once more",
        )
        .into());
    }
    Ok(rows)
}

/// The guards that look at this batch alone.
fn guard(send: &Send, known: Option<&Store>, judged: &Judged, shell: &Shell) -> anyhow::Result<()> {
    let keys = &judged.checked.keys;
    if let (Some(matching), Some(store)) = (&judged.matching, known) {
        refuse_astray(matching, (keys, &judged.hasher), store, &send.batch, shell)?;
    }
    let old = &judged.old;
    old.refuse_astray(&judged.settled.astray, keys)?;
    disputed::refuse_replaced(known, judged, send, shell)?;
    show_and_hold(send, judged, known.is_none(), shell)
}

/// Shows what is wrong with the sheet, and holds it to what was asked for.
fn show_and_hold(send: &Send, judged: &Judged, is_new: bool, shell: &Shell) -> anyhow::Result<()> {
    if is_new {
        problems::show_columns(shell, &judged.checked);
        let file = judged.problems.file.as_deref();
        let list = file.filter(|_| send.controls.strict);
        problems::show_warnings(shell, &judged.checked.warnings, list);
    }
    let summary = &judged.problems;
    problems::show(shell, summary);
    problems::refuse_unlisted(summary)?;
    if summary.count > 0 && !send.skip_invalid {
        return Err(problems::ending(&send.sheet, &judged.checked, summary).into());
    }
    check_controls(&send.controls, &judged.checked, summary.file.as_deref())?;
    refuse_foreign_results(&send.files.results)
}

/// Count and sum over the states are those of the sheet, to the paisa, before anything is sent.
fn prove_balanced(store: &Store, checked: &Checked) -> anyhow::Result<()> {
    let totals = store.totals();
    let rows = totals.all_rows();
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

/// The checkpoint that this run works with: a dry run with a copy.
fn store_at(
    place: &Path,
    known: Option<Store>,
    send: &Send,
    binding: &Binding,
) -> anyhow::Result<Store> {
    match known {
        Some(store) if send.dry_run => Ok(store.copy_to(place)?),
        Some(store) => Ok(store),
        None => {
            if !send.dry_run {
                lost::keep(&send.files)?;
            }
            new_store(place, binding, &send.files.results)
        }
    }
}

/// A results file of this batch without its checkpoint says that an earlier one was lost. That is written down with
/// the first word of the new one, so that the next run knows it too.
fn new_store(path: &Path, binding: &Binding, results: &Path) -> anyhow::Result<Store> {
    Ok(Store::create(path, binding, results.exists())?)
}

/// Better now than after the money has moved.
fn refuse_foreign_results(results: &Path) -> anyhow::Result<()> {
    if results.symlink_metadata().is_err() || sheet::is_ours(results).map_err(sheet_error)? {
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
