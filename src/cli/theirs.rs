//! The guard against adopting what another batch made: ids that a sheet brings, such as employee numbers, come again next
//! month, and exist then.
//!
//! Deliberately absent: ids that are derived. They have their batch's name in them.

use std::path::PathBuf;

use crate::checkpoint::{Error, Peek};
use crate::engine::Session;
use crate::gateway::Gateway;

use super::exit::Ending;
use super::settings::Send;
use super::twice;

/// Stops an adoption of ids under which another batch made its links, as far as its checkpoint is in sight.
///
/// # Errors
///
/// [`Ending`] with exit code 3 that names the first and its batch.
pub(super) async fn refuse<G: Gateway>(session: &Session<G>, send: &Send) -> anyhow::Result<()> {
    let rows = session.read(|store| store.own_id_conflicts()).await?;
    if rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<String> = rows.keys().cloned().collect();
    // A checkpoint of the same name is this batch's own if it made the same payments; else it is last month's.
    let differs = |id: &str, made| rows.get(id).is_some_and(|payment| *payment != made);
    let made = made_by(send, &ids, differs);
    let Some((theirs, first)) = made.iter().find_map(|one| Some((one, one.ids.first()?))) else {
        return Ok(());
    };
    Err(Ending::unpayable(
        format!(
            "{} of the ids that exist, such as {first}, are those of batch {} ({}), which made their links; nothing was \
             adopted and nothing was sent",
            theirs.ids.len(),
            theirs.batch,
            theirs.checkpoint.display()
        ),
        "give the rows of this sheet ids that were never used before, or none: then they are made from batch name and phone",
    )
    .into())
}

/// A batch that made links, and under which of the ids that were asked for.
pub(super) struct Theirs {
    pub(super) ids: Vec<String>,
    batch: String,
    checkpoint: PathBuf,
}

/// The other batches in sight that made links under any of `ids`; of one of the same name those count of which `differs`
/// says so, by their phone and paise. What cannot be read is passed over.
pub(super) fn made_by(
    send: &Send,
    ids: &[String],
    differs: impl Fn(&str, (u64, i64)) -> bool,
) -> Vec<Theirs> {
    let environment = send.gateway.environment.word();
    let mut found = Vec::new();
    for candidate in twice::candidates(send, i64::MIN) {
        let Ok(Some(peek)) = Peek::open(&candidate.checkpoint) else {
            continue;
        };
        let binding = &peek.binding;
        if binding.environment != environment {
            continue;
        }
        let same = binding.batch == send.batch.as_str();
        let made = ids.iter().map(|id| {
            let made = peek.made(id)?;
            Ok(made
                .filter(|made| !same || differs(id, *made))
                .map(|_| id.clone()))
        });
        let made: Result<Vec<Option<String>>, Error> = made.collect();
        let ids: Vec<String> = made.unwrap_or_default().into_iter().flatten().collect();
        if !ids.is_empty() {
            found.push(Theirs {
                ids,
                batch: binding.batch.clone(),
                checkpoint: candidate.checkpoint,
            });
        }
    }
    found
}
