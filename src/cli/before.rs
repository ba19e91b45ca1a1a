//! What old results tell of Cashgrams that no row of the sheet goes on with, for the checkpoint that takes a lost one's place.
//!
//! Deliberately absent: which those are (`domain::claims`), and asking the gateway, which a later `status` does for what
//! was not final.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::checkpoint::MadeBefore;
use crate::domain::claims::Left;
use crate::domain::{CashgramId, KeyHasher, State};
use crate::gateway::wire;
use crate::sheet::{self, Field, ToldRow};

/// What `files`, the oldest first, tell of those in `left` that were ever made, the oldest first.
///
/// # Errors
///
/// If a file cannot be read.
pub(super) fn told(
    files: &[PathBuf],
    map: &[(Field, String)],
    left: &BTreeMap<CashgramId, Left>,
) -> anyhow::Result<Vec<MadeBefore>> {
    let mut found: BTreeMap<CashgramId, MadeBefore> = BTreeMap::new();
    for path in files.iter().filter(|_| !left.is_empty()) {
        sheet::each_told(path, map, &KeyHasher::new(), |row| {
            if let Ok(id) = CashgramId::parse(row.id)
                && let Some(left) = left.get(&id)
                && let Some(mut made) = made_before(&row, left)
            {
                if let Some(older) = found.remove(&id) {
                    fill_in(&mut made, older);
                }
                found.insert(id, made);
            }
            Ok::<_, anyhow::Error>(())
        })?;
    }
    let mut told: Vec<MadeBefore> = found.into_values().collect();
    told.sort_by_key(|made| (made.created_at, made.left.generation));
    Ok(told)
}

/// When links were confirmed, in milliseconds since 1970 UTC, as `files` tell: of each id the earliest time that is not in
/// the future.
///
/// # Errors
///
/// If a file cannot be read.
pub(super) fn created(
    files: &[PathBuf],
    map: &[(Field, String)],
    now: Timestamp,
) -> anyhow::Result<Vec<(String, i64)>> {
    let mut times: BTreeMap<String, i64> = BTreeMap::new();
    for path in files {
        sheet::each_told(path, map, &KeyHasher::new(), |row| {
            let at = time(row.created_at).filter(|at| *at <= now.as_millisecond());
            if let Some(at) = at {
                let known = times.entry(row.id.to_owned()).or_insert(at);
                *known = at.min(*known);
            }
            Ok::<_, anyhow::Error>(())
        })?;
    }
    Ok(times.into_iter().collect())
}

fn time(text: &str) -> Option<i64> {
    text.parse().ok().map(Timestamp::as_millisecond)
}

/// None if nothing was ever made of it.
fn made_before(row: &ToldRow<'_>, left: &Left) -> Option<MadeBefore> {
    let was_seen = !row.reference.is_empty() || !row.link.is_empty() || !row.status.is_empty();
    let state = State::from_word(row.state)?;
    match state {
        // What is in doubt here was replaced since: it existed.
        State::Created | State::Unknown => {}
        State::Cancelled if was_seen => {}
        State::Cancelled | State::Invalid | State::Ready | State::Rejected | State::Conflict => {
            return None;
        }
    }
    Some(MadeBefore {
        cashgram_id: row.id.to_owned(),
        left: left.clone(),
        // Nothing else leaves the sheet, whatever an older file says.
        stopped: state == State::Cancelled || !left.is_replaced,
        name: row.name.to_owned(),
        email: row.email.to_owned(),
        reference: row.reference.to_owned(),
        link: row.link.to_owned(),
        status: (!row.status.is_empty()).then(|| wire::status(row.status)),
        reason: row.reason.to_owned(),
        utr: row.utr.to_owned(),
        error_code: row.error_code.to_owned(),
        error_message: row.error_message.to_owned(),
        created_at: time(row.created_at),
        checked_at: time(row.checked_at),
    })
}

/// What does not change, and an older file alone may tell.
fn fill_in(made: &mut MadeBefore, older: MadeBefore) {
    for (text, older) in [
        (&mut made.name, older.name),
        (&mut made.email, older.email),
        (&mut made.reference, older.reference),
        (&mut made.link, older.link),
        (&mut made.utr, older.utr),
    ] {
        if text.is_empty() {
            *text = older;
        }
    }
    made.status = made.status.take().or(older.status);
    made.created_at = older.created_at.or(made.created_at);
}
