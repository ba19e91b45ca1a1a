//! `paysheet purge`: removes the personal data of a finished batch and keeps its totals and ids.
//!
//! Reaches what paysheet wrote and knows the place of: checkpoint, results wherever they were written, problems, and what
//! is named after the batch beside them. What is left is listed. Deliberately absent: the sheet itself and exports, which
//! are the user's.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

use crate::checkpoint::{Error, Store, Unfinished};
use crate::report::json::{PurgeJson, Rupees};
use crate::report::words::counted;
use crate::sandbox;
use crate::sheet::{self, Remains};

use super::confirm::{Terminal, yes_no};
use super::exit::{Ending, Exit};
use super::finish::tally;
use super::judge::sheet_error;
use super::lost;
use super::older;
use super::results;
use super::send::lock;
use super::settings::{Files, Purge};
use super::shell::Shell;
use super::twice::RECENT;
use super::values::Environment;

/// Runs the command.
///
/// # Errors
///
/// [`Ending`]s with their exit codes: rows are open, or nobody agreed. Anything else ends with 1.
pub(super) fn run(purge: &Purge, shell: &Shell) -> anyhow::Result<Exit> {
    let files = &purge.files;
    if !files.checkpoint.exists() {
        return Err(Error::Missing {
            path: files.checkpoint.clone(),
        }
        .into());
    }
    let _lock = lock(&files.checkpoint, &shell.holder)?;
    let (environment, batch) = (purge.environment.word(), purge.batch.as_str());
    let mut store = Store::open_offline(&files.checkpoint, environment, batch)?;
    older::refuse(&store, files, environment, &shell.again)?;
    let before = store.purged_at()?.map(str::to_owned);
    if store.meta().purged.is_none() {
        let unfinished = store.unfinished()?;
        if unfinished.rows() > 0 && !purge.unfinished {
            return Err(refuse_unfinished(purge, unfinished, shell).into());
        }
        refuse_recent(purge, store.last_paid_at()?, shell)?;
    }
    // What was agreed to once is only made good.
    if before.is_none() {
        agree(purge, shell)?;
    }
    store.purge(shell.clock.now())?;
    results::write(&store, &files.results, environment)?;
    let mut done = Done {
        blanked: vec![files.results.clone()],
        ..Done::default()
    };
    remove_others(purge, files, &mut done)?;
    elsewhere(purge, &store, &mut done)?;
    done.left = left(purge, &done);
    say(purge, &store, before.as_deref(), &done, shell);
    Ok(Exit::Done)
}

/// What became of the files.
#[derive(Default)]
struct Done {
    /// Results that stand there without personal data.
    blanked: Vec<PathBuf>,
    removed: Vec<PathBuf>,
    /// Results that were written once and are not there any more, or are not as they were written.
    unknown: Vec<PathBuf>,
    /// Files of the batch that were not touched.
    left: Vec<PathBuf>,
}

/// For five days other sheets are compared with what was paid here, by phone and amount.
fn refuse_recent(purge: &Purge, paid_ms: Option<i64>, shell: &Shell) -> Result<(), Ending> {
    let paid = paid_ms.and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let Some(paid) = paid.filter(|_| !purge.forget_recent) else {
        return Ok(());
    };
    let age = Duration::try_from(shell.clock.now().duration_since(paid)).unwrap_or_default();
    if age > RECENT {
        return Ok(());
    }
    Err(Ending::unpayable(
        format!(
            "batch {} paid within the last {} days, and without its data nothing notices that the same people are paid \
             once more from another sheet; nothing was removed",
            purge.batch.as_str(),
            RECENT.as_secs() / (24 * 60 * 60)
        ),
        "purge it later, or add --forget-recent to remove the data all the same",
    ))
}

fn refuse_unfinished(purge: &Purge, open: Unfinished, shell: &Shell) -> Ending {
    let parts = [
        (open.ready, "not sent"),
        (open.unknown, "unknown"),
        (open.conflict, "in conflict"),
        (open.moving, "with a link that may still be paid out"),
        (open.cancelling, "still to be cancelled"),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(rows, _)| *rows > 0)
        .map(|(rows, what)| format!("{rows} {what}"))
        .collect();
    let rows = counted(open.rows(), "row is", "rows are");
    Ending::unpayable(
        format!(
            "batch {} is not finished: {rows} open ({}); nothing was removed",
            purge.batch.as_str(),
            parts.join(", ")
        ),
        format!(
            "run `{}` first, and `{}` for links that nobody redeems; to remove the data all the same, add \
             --unfinished: nobody can be paid, asked or told from this batch afterwards",
            shell.again.as_command("status").command(),
            shell.again.as_command("cancel").command()
        ),
    )
}

/// Asked in every environment: nothing brings the data back.
fn agree(purge: &Purge, shell: &Shell) -> Result<(), Ending> {
    if purge.yes {
        return Ok(());
    }
    if !shell.terminal {
        return Err(Ending::usage(
            "there is a question to answer and no terminal to ask it in",
            "give --yes, or run it in a terminal",
        ));
    }
    let question = format!(
        "Remove names, phones, addresses and links of batch {} for good? Sheets and exports are not touched",
        purge.batch.as_str()
    );
    match yes_no(&question, &mut Terminal) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Ending::stopped("not confirmed, nothing was removed", "")),
        Err(error) if error.kind() == std::io::ErrorKind::Interrupted => Err(Ending::new(
            Exit::Interrupted,
            "interrupted at the question, nothing was removed",
            "",
        )),
        Err(error) => Err(Ending::stopped(
            format!("the question could not be asked: {error}"),
            "give --yes",
        )),
    }
}

/// Files of the batch that only held what is removed.
fn remove_others(purge: &Purge, files: &Files, done: &mut Done) -> anyhow::Result<()> {
    let removed = &mut done.removed;
    for (path, kind) in [
        (files.problems.clone(), Remains::Problems),
        (files.earlier.clone(), Remains::Results),
        (
            files
                .report
                .with_extension("")
                .with_extension("results.xlsx"),
            Remains::Book,
        ),
        (files.report.clone(), Remains::Page),
    ] {
        if sheet::remove_remains(&path, kind).map_err(sheet_error)? {
            removed.push(path);
        }
    }
    for path in lost::places(files).flatten() {
        if sheet::remove_remains(&path, Remains::Results).map_err(sheet_error)? {
            removed.push(path);
        }
    }
    // The embedded simulator's books hold the people whom nobody paid.
    if purge.environment == Environment::Sandbox
        && files.books.exists()
        && sandbox::Store::open(&files.books).is_ok()
    {
        for end in ["", "-wal", "-shm"] {
            let mut path = files.books.clone().into_os_string();
            path.push(end);
            remove(Path::new(&path))?;
        }
        removed.push(files.books.clone());
    }
    Ok(())
}

/// Results that were written to other places: those that are there are blanked too, with what was written beside them.
fn elsewhere(purge: &Purge, store: &Store, done: &mut Done) -> anyhow::Result<()> {
    let here = purge.files.results.canonicalize().ok();
    for path in store.results_remembered()? {
        if Some(&path) == here.as_ref() || done.removed.iter().any(|gone| is_same(gone, &path)) {
            continue;
        }
        let beside = |file: &Path| path.with_file_name(file.file_name().unwrap_or_default());
        if sheet::remove_remains(&path, Remains::Book).map_err(sheet_error)? {
            done.removed.push(path);
        } else if path.exists() && sheet::is_ours(&path).map_err(sheet_error)? {
            results::write(store, &path, purge.environment.word())?;
            let files = Files {
                earlier: beside(&purge.files.earlier),
                report: beside(&purge.files.report),
                ..purge.files.clone()
            };
            remove_others(purge, &files, done)?;
            done.blanked.push(path);
        } else {
            done.unknown.push(path);
        }
    }
    Ok(())
}

/// Whether a file that was at `gone` was the one at the whole path `path`.
fn is_same(gone: &Path, path: &Path) -> bool {
    let folder = gone
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).canonicalize().ok();
    folder.as_deref() == path.parent() && gone.file_name() == path.file_name()
}

/// What is left of files that bear the batch's name, with the sheet, and the received events beside the checkpoint.
fn left(purge: &Purge, done: &Done) -> Vec<PathBuf> {
    let files = &purge.files;
    let start = format!("{}.", purge.batch.as_str());
    let checkpoint = files.checkpoint.file_name().and_then(OsStr::to_str);
    let mut left = Vec::new();
    for path in [&purge.sheet, &files.checkpoint, &files.results] {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let entries = std::fs::read_dir(folder.unwrap_or(Path::new("."))).into_iter();
        for entry in entries.flatten().flatten() {
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let is_inbox = name.starts_with("webhooks.") && name.ends_with(".inbox.db");
            let is_own = checkpoint.is_some_and(|own| name.starts_with(own));
            let found = path.with_file_name(name);
            let is_done = done.blanked.contains(&found) || left.contains(&found);
            if (name.starts_with(&start) || is_inbox) && !is_own && !is_done {
                left.push(found);
            }
        }
    }
    if purge.sheet.exists() && !left.contains(&purge.sheet) {
        left.push(purge.sheet.clone());
    }
    left.sort();
    left
}

fn remove(path: &Path) -> Result<(), Ending> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Ending::stopped(
            format!("{} cannot be removed: {error}", path.display()),
            "check the folder's permissions, then run the same command again",
        )),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn say(purge: &Purge, store: &Store, before: Option<&str>, done: &Done, shell: &Shell) {
    let tally = tally(store, &crate::engine::Outcome::default());
    let texts = |paths: &[PathBuf]| -> Vec<String> {
        paths
            .iter()
            .map(|path| path.display().to_string())
            .collect()
    };
    let (removed, left) = (texts(&done.removed), texts(&done.left));
    let (batch, checkpoint) = (purge.batch.as_str(), purge.files.checkpoint.display());
    let mut message = match before {
        Some(at) => format!("personal data of batch {batch} was removed already, at {at}"),
        None => format!(
            "personal data of batch {batch} removed from {checkpoint} and {}",
            texts(&done.blanked).join(", ")
        ),
    };
    if !removed.is_empty() {
        message.push_str(&format!("; deleted: {}", removed.join(", ")));
    }
    message.push_str(". Totals and ids are kept; nothing can be sent from it any more");
    shell.out.folded(&message);
    if !done.unknown.is_empty() {
        let text = format!(
            "results were written here too and are not there any more as they were: {}. Wherever they are now, they still \
             name people",
            texts(&done.unknown).join(", ")
        );
        shell.out.folded(&text);
    }
    let left_here = match left.as_slice() {
        [] => String::new(),
        left => format!("not touched, and may name people: {}. ", left.join(", ")),
    };
    let text = format!(
        "{left_here}Exports, reports and copies that were put elsewhere, and a served sandbox's books, are yours to remove"
    );
    shell.out.folded(&text);
    shell.out.json(&PurgeJson {
        command: "purge",
        environment: purge.environment.word(),
        sheet: &purge.sheet.display().to_string(),
        batch,
        rows: tally.rows(),
        amount_total: Rupees(tally.amount().unwrap_or_default()),
        removed: &removed,
        left: &left,
        exit: Exit::Done.code(),
        message: &message,
        checkpoint: &checkpoint.to_string(),
        results: &purge.files.results.display().to_string(),
    });
}
