//! Ids of the sheet's own that exist at the gateway, may be another payment's, and have left the sheet: if they are this
//! very batch's, of a checkpoint that was lost, a new row of the same phone would pay once more.
//!
//! Ids that another batch made are its own, as far as its checkpoint is in sight, and stop nothing.
//!
//! Deliberately absent: ids that are known to be this batch's, whose rows may not leave (`judge`, `claims`).

use std::collections::{HashMap, HashSet};

use crate::checkpoint::Store;
use crate::domain::{KeyHasher, Phone, RowKey};

use super::again::Again;
use super::claims::shown;
use super::exit::Ending;
use super::judge::Judged;
use super::settings::Send;
use super::shell::Shell;
use super::theirs;

/// Ids that were made for rows without any, and stand in the sheet's id column now, as copied from the results: rows are
/// matched by such ids alone, so these are other rows.
pub(super) struct Copied<'h> {
    own_ids: HashSet<u64>,
    hasher: &'h KeyHasher,
    pub(super) found: bool,
}

impl<'h> Copied<'h> {
    /// What is to be done then.
    pub(super) const REMEDY: &'static str =
        "the sheet's id column has ids that were made for rows without any: take these out of it";

    pub(super) fn of(keys: &[RowKey], hasher: &'h KeyHasher) -> Copied<'h> {
        Copied {
            own_ids: keys.iter().map(|key| key.own_id).collect(),
            hasher,
            found: false,
        }
    }

    pub(super) fn look_for(&mut self, id: &str, is_brought: bool) {
        self.found |= !is_brought && self.has(id);
    }

    pub(super) fn has(&self, id: &str) -> bool {
        self.own_ids.contains(&self.hasher.own_id(id))
    }
}

/// Stops before anything is sent where such an id has left and a new row of its phone stands there. To whoever says that it
/// is a new payment it is said all the same: that may have been meant of another batch.
///
/// # Errors
///
/// [`Ending`] with exit code 3 that names them.
pub(super) fn refuse_replaced(
    store: Option<&Store>,
    judged: &Judged,
    send: &Send,
    shell: &Shell,
) -> anyhow::Result<()> {
    let (keys, lost) = (&judged.checked.keys, &judged.settled.replaced);
    let lost = lost.iter().map(|(claim, now)| {
        let line = judged.old.line(claim);
        let line = format!("{line}: has left the sheet, {}", stands(*now, keys));
        (claim.id.as_str().to_owned(), line)
    });
    let mut lines: Vec<(String, String)> = lost.collect();
    let replaced = judged.matching.iter().flat_map(|found| &found.replaced);
    let replaced: HashMap<i64, Option<u32>> =
        replaced.map(|known| (known.payout, known.now)).collect();
    if let Some(store) = store.filter(|_| !replaced.is_empty()) {
        store.each_known(|known| {
            if let Some(now) = replaced.get(&known.payout.0) {
                let phone = Phone::from_number(known.phone);
                let phone = phone.map_or_else(|| "no phone".to_owned(), |phone| phone.to_string());
                let line = format!(
                    "  {} for {phone}, ₹{} ({}): has left the sheet, {}",
                    known.cashgram_id,
                    known.amount.grouped(),
                    known.standing.state,
                    stands(*now, keys)
                );
                lines.push((known.cashgram_id.to_owned(), line));
            }
        })?;
    }
    if lines.is_empty() {
        return Ok(());
    }
    let ids: Vec<String> = lines.iter().map(|(id, _)| id.clone()).collect();
    let theirs = theirs::surely(send, &ids);
    lines.retain(|(id, _)| !theirs.contains(id));
    if lines.is_empty() {
        return Ok(());
    }
    let what = what(lines.len());
    let lines = shown(lines.into_iter().map(|(_, line)| line));
    if !send.new_payment {
        return Err(replaced_by(&what, &lines, send.adopt, &shell.again).into());
    }
    shell.screen.paragraph(&format!(
        "WARNING: {what} are paid under other ids, since this is said to be another payment"
    ));
    shell.screen.line(&lines);
    Ok(())
}

fn what(ids: usize) -> String {
    let (ids, exist, has) = match ids {
        1 => ("1 id".to_owned(), "exists", "has"),
        several => (format!("{several} ids"), "exist", "have"),
    };
    format!(
        "{ids} that {exist} at the gateway, maybe for these very payments, {has} left the sheet, and new rows of the same \
         phones"
    )
}

fn replaced_by(what: &str, lines: &str, adopt: bool, again: &Again) -> Ending {
    let send = again.as_command("send");
    let another = if adopt {
        send.and("--adopt")
    } else {
        send.clone()
    };
    Ending::unpayable(
        format!("{what} would be paid under other ids; nothing was sent"),
        format!(
            "if it is the same payment, bring its id back as it was and run `{}`; if what exists under that id is another \
             payment, run `{}`\n{lines}",
            send.with("--adopt"),
            another.with("--new-payment"),
        ),
    )
}

/// What the row that is new says.
fn stands(now: Option<u32>, keys: &[RowKey]) -> String {
    let row = now.and_then(|row| usize::try_from(row).ok());
    let row = row.and_then(|row| Some((row, keys.get(row)?)));
    let amount = |key: &RowKey| {
        key.amount().map_or_else(
            || "an unreadable amount".to_owned(),
            |amount| format!("₹{}", amount.grouped()),
        )
    };
    row.map_or_else(String::new, |(row, key)| {
        format!("and row {} pays {} to that phone", row + 1, amount(key))
    })
}
