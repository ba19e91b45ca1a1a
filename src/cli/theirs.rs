//! The guard against adopting what another batch made: ids that a sheet brings, such as employee numbers, come again next
//! month, and exist then.
//!
//! An id is one payment's within one account at one gateway alone: elsewhere the same id is another link. Deliberately
//! absent: ids that are derived. They have their batch's name in them.

use std::collections::HashSet;

use crate::checkpoint::{Binding, Error, Made, Peek};
use crate::engine::Session;
use crate::gateway::Gateway;

use super::again::Again;
use super::door;
use super::exit::Ending;
use super::recent::Recent;
use super::settings::{Door, Send};
use super::twice;

/// Stops an adoption of ids under which another batch made its links, as far as its checkpoint is in sight. Old
/// results do not tell whose they are: two batches may have written to one file.
///
/// # Errors
///
/// [`Ending`] with exit code 3 that names the first and its batch.
pub(super) async fn refuse<G: Gateway>(
    session: &Session<G>,
    send: &Send,
    again: &Again,
) -> anyhow::Result<()> {
    let rows = session.read(|store| store.own_id_conflicts()).await?;
    let ids: Vec<String> = rows.keys().cloned().collect();
    if ids.is_empty() {
        return Ok(());
    }
    let own = door::binding(&send.gateway, &send.batch);
    // A checkpoint of the same name is this batch's own if it made the same payments; else it is last month's.
    let is_theirs = |id: &str, made: &Made, theirs: &Binding| {
        rows.get(id).is_some_and(|found| {
            let is_same_payment = (found.phone, found.paise) == (made.phone, made.paise);
            is_one_link(found, made, theirs.account == own.account)
                && (theirs.batch != own.batch || !is_same_payment)
        })
    };
    let made = made_by(send, &own, &ids, is_theirs);
    match made.first() {
        Some(theirs) => Err(theirs.ending(send, again).into()),
        None => Ok(()),
    }
}

/// Whether what was found is what was made: a key may be another one since, and the account the same. Where the gateway has
/// not told of both what they are, the account has to be the same for sure.
fn is_one_link(found: &Made, made: &Made, is_same_account: bool) -> bool {
    match (&found.reference, &made.reference) {
        (Some(found), Some(made)) => found == made,
        (None, _) | (_, None) => is_same_account,
    }
}

/// Those of `ids` that are another batch's beyond doubt: one of another name made their links in this account.
pub(super) fn surely(send: &Send, ids: &[String]) -> HashSet<String> {
    let own = door::binding(&send.gateway, &send.batch);
    let made = made_by(send, &own, ids, |_, made, theirs| {
        theirs.account == own.account && theirs.batch != own.batch && made.reference.is_some()
    });
    made.into_iter().flat_map(|theirs| theirs.ids).collect()
}

/// A batch that made links, and under which of the ids that were asked for.
struct Theirs {
    ids: Vec<String>,
    batch: String,
    entry: Recent,
}

impl Theirs {
    /// The remedy pays nobody again whatever it is: new ids are for another payment alone.
    fn ending(&self, send: &Send, again: &Again) -> Ending {
        let checkpoint = self.entry.checkpoint.display();
        let resume = twice::resuming(send, &self.entry, &self.batch, again);
        Ending::unpayable(
            format!(
                "{} of the ids that exist, such as {}, are those of batch {} ({checkpoint}), which made their links; nothing \
                 was adopted and nothing was sent",
                self.ids.len(),
                self.ids.first().map_or("", String::as_str),
                self.batch,
            ),
            format!(
                "if it is the same payment, go on with that batch: `{resume}`; if it is another payment, give the rows of this \
                 sheet ids that were never used before, or none: then they are made from batch name and phone"
            ),
        )
    }
}

/// The other batches in sight that made links at this gateway under any of `ids`, of which `is_theirs` says so. What
/// cannot be read is passed over, and so is every other rehearsal: each has books of its own.
fn made_by(
    send: &Send,
    own: &Binding,
    ids: &[String],
    is_theirs: impl Fn(&str, &Made, &Binding) -> bool,
) -> Vec<Theirs> {
    if matches!(send.gateway.door, Door::Embedded(_)) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for entry in twice::candidates(send, i64::MIN) {
        let Ok(Some(peek)) = Peek::open(&entry.checkpoint) else {
            continue;
        };
        let binding = &peek.binding;
        if (&binding.environment, &binding.host) != (&own.environment, &own.host) {
            continue;
        }
        let made = ids.iter().map(|id| {
            let made = peek.made(id)?;
            Ok(made
                .filter(|made| is_theirs(id, made, binding))
                .map(|_| id.clone()))
        });
        let made: Result<Vec<Option<String>>, Error> = made.collect();
        let ids: Vec<String> = made.unwrap_or_default().into_iter().flatten().collect();
        if !ids.is_empty() {
            found.push(Theirs {
                ids,
                batch: binding.batch.clone(),
                entry,
            });
        }
    }
    found
}
