//! What the results of a lost checkpoint said: kept beside them, since a new checkpoint writes its own in their place.
//!
//! Deliberately absent: what they say, and what follows from it (`claims`).

use std::path::PathBuf;

use crate::checkpoint::Error;
use crate::domain::State;
use crate::report::words::counted;
use crate::sheet;

use super::again::Again;
use super::exit::Ending;
use super::judge::sheet_error;
use super::settings::Files;

/// Copies of one file. A checkpoint that is lost more often than this is no accident.
const KEPT_MAX: u32 = 99;

/// Where the copies of the results and of what was made earlier may stand.
pub(super) fn places(files: &Files) -> impl Iterator<Item = [PathBuf; 2]> {
    let stem = files.earlier.with_extension("");
    (1..=KEPT_MAX).map(move |n| {
        [
            stem.with_extension(format!("lost-{n}.csv")),
            stem.with_extension(format!("lost-{n}.earlier.csv")),
        ]
    })
}

/// The files that say what earlier checkpoints sent, the oldest first: the copies, and where no checkpoint stands, the
/// results themselves.
///
/// # Errors
///
/// If one of them cannot be looked at.
pub(super) fn standing(files: &Files, is_new: bool) -> anyhow::Result<Vec<PathBuf>> {
    let mut standing = Vec::new();
    let results = [files.results.clone(), files.earlier.clone()];
    let results = is_new.then_some(results).into_iter().flatten();
    for path in places(files).flatten().chain(results) {
        if path.exists() && sheet::is_ours(&path).map_err(sheet_error)? {
            standing.push(path);
        }
    }
    Ok(standing)
}

/// Whether old results list anything that was sent: under another batch name it would be paid once more. What cannot be
/// read may.
pub(super) fn lists_sent(files: &Files) -> bool {
    let Ok(standing) = standing(files, true) else {
        return true;
    };
    standing.iter().any(|path| {
        let mut sent = false;
        let read = sheet::each_told_id(path, |row| {
            let made = !row.reference.is_empty() || !row.link.is_empty();
            sent |= match State::from_word(row.state) {
                Some(State::Created | State::Unknown) => true,
                Some(State::Cancelled | State::Ready | State::Rejected) => made,
                // Found, and of another checkpoint or another payment.
                Some(State::Conflict | State::Invalid) | None => false,
            };
            Ok::<_, sheet::Error>(())
        });
        sent || read.is_err()
    })
}

/// Keeps a copy of the results that stand there before a checkpoint is made anew.
///
/// # Errors
///
/// If they cannot be copied: no checkpoint may be made then.
pub(super) fn keep(files: &Files) -> anyhow::Result<()> {
    let from = [&files.results, &files.earlier];
    if !from.iter().any(|path| path.exists()) {
        return Ok(());
    }
    let free = places(files).find(|places| places.iter().all(|place| !place.exists()));
    let Some(places) = free else {
        return Err(Ending::stopped(
            format!("{KEPT_MAX} copies of lost results stand beside the sheet; nothing was sent"),
            "move those whose names have `lost` in them away, then run the same command again",
        )
        .into());
    };
    for (from, to) in from.into_iter().zip(&places) {
        if from.exists() {
            sheet::copy_results(from, to).map_err(sheet_error)?;
        }
    }
    Ok(())
}

/// A checkpoint that is missing where results say that there was one: nobody may be told that nothing was sent.
pub(super) fn explained(
    error: anyhow::Error,
    files: Option<&Files>,
    again: &Again,
) -> anyhow::Error {
    let missing = matches!(error.downcast_ref(), Some(Error::Missing { .. }));
    match files
        .filter(|_| missing)
        .and_then(|files| missed(files, again))
    {
        Some((message, remedy)) => Ending::stopped(message, remedy).into(),
        None => error,
    }
}

/// What is said of a missing checkpoint whose results stand there, and what to do; none: nothing stands there.
pub(super) fn missed(files: &Files, again: &Again) -> Option<(String, String)> {
    let mut links = 0;
    let mut standing = Vec::new();
    for path in [&files.results, &files.earlier] {
        if path.exists() && sheet::is_ours(path).ok()? {
            let counted = sheet::each_told_id(path, |told| {
                // After a purge the link itself is gone.
                let made = !told.link.is_empty() || !told.reference.is_empty();
                links += u64::from(made);
                Ok::<_, sheet::Error>(())
            });
            counted.ok()?;
            standing.push(path.display().to_string());
        }
    }
    if standing.is_empty() {
        return None;
    }
    let (checkpoint, standing) = (files.checkpoint.display(), standing.join(" and "));
    let adopt = again.as_command("send").with("--adopt");
    Some((
        format!(
            "the checkpoint {checkpoint} is missing, but {standing} of an earlier run of this batch says that it made {}",
            counted(links, "link", "links")
        ),
        format!(
            "bring the checkpoint back from a backup; if it is lost, run `{adopt}`: what exists at the gateway is found \
             by its ids and not paid twice"
        ),
    ))
}
