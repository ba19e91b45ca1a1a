//! `paysheet purge`: removes the personal data of a finished batch and keeps its totals and ids.
//!
//! Reaches what paysheet wrote and knows the place of: checkpoint, results, problems, and what is named after the batch
//! beside them. Deliberately absent: the sheet itself and exports, which are the user's.

use std::path::{Path, PathBuf};

use crate::checkpoint::{Error, Store, Unfinished};
use crate::report::json::{PurgeJson, Rupees};
use crate::report::words::counted;
use crate::sandbox;
use crate::sheet::{self, Remains};

use super::confirm::{Asker as _, Terminal};
use super::exit::{Ending, Exit};
use super::finish::tally;
use super::judge::sheet_error;
use super::lost;
use super::results;
use super::send::lock;
use super::settings::Purge;
use super::shell::Shell;
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
    let unfinished = store.unfinished()?;
    if unfinished.rows() > 0 && !purge.unfinished {
        return Err(refuse_unfinished(purge, unfinished, shell).into());
    }
    agree(purge, shell)?;
    store.purge(shell.clock.now())?;
    results::write(&store, &files.results, environment)?;
    let removed = remove_others(purge)?;
    say(purge, &store, &removed, shell);
    Ok(Exit::Done)
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
            "run `{}` first, and `paysheet cancel` for links that nobody redeems; to remove the data all the same, add \
             --unfinished: nobody can be paid, asked or told from this batch afterwards",
            shell.again.as_command("status").command()
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
    match Terminal.yes_no(&question) {
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
fn remove_others(purge: &Purge) -> anyhow::Result<Vec<PathBuf>> {
    let files = &purge.files;
    let mut removed = Vec::new();
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
    Ok(removed)
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

fn say(purge: &Purge, store: &Store, removed: &[PathBuf], shell: &Shell) {
    let tally = tally(store, &crate::engine::Outcome::default());
    let removed: Vec<String> = removed
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let mut message = format!(
        "personal data of batch {} removed from {} and {}",
        purge.batch.as_str(),
        purge.files.checkpoint.display(),
        purge.files.results.display()
    );
    if !removed.is_empty() {
        message.push_str(&format!("; deleted: {}", removed.join(", ")));
    }
    message.push_str(". Totals and ids are kept; nothing can be sent from it any more");
    shell.out.paragraph(&message);
    if purge.sheet.exists() {
        let sheet = purge.sheet.display();
        shell
            .out
            .paragraph(&format!("{sheet} itself, and exports, were not touched"));
    }
    shell.out.json(&PurgeJson {
        command: "purge",
        environment: purge.environment.word(),
        sheet: &purge.sheet.display().to_string(),
        batch: purge.batch.as_str(),
        rows: tally.rows(),
        amount_total: Rupees(tally.amount().unwrap_or_default()),
        removed: &removed,
        exit: Exit::Done.code(),
        message: &message,
        checkpoint: &purge.files.checkpoint.display().to_string(),
        results: &purge.files.results.display().to_string(),
    });
}
