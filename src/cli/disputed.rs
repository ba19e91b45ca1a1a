//! Ids of the sheet's own that exist at the gateway, may be another payment's, and have left the sheet: if they are this
//! very batch's, of a checkpoint that was lost, a new row of the same phone would pay once more.
//!
//! Deliberately absent: ids that are known to be this batch's, whose rows may not leave (`judge`, `claims`).

use std::collections::HashMap;

use crate::checkpoint::Store;
use crate::domain::{Phone, RowKey};

use super::again::Again;
use super::claims::shown;
use super::exit::Ending;
use super::judge::Judged;

/// Stops before anything is sent where such an id has left and a new row of its phone stands there.
///
/// # Errors
///
/// [`Ending`] with exit code 3 that names them.
pub(super) fn refuse_replaced(
    store: Option<&Store>,
    judged: &Judged,
    adopt: bool,
    again: &Again,
) -> anyhow::Result<()> {
    let (keys, lost) = (&judged.checked.keys, &judged.settled.replaced);
    let lost = lost.iter().map(|(claim, now)| {
        let line = judged.old.line(claim);
        format!("{line}: has left the sheet, {}", stands(*now, keys))
    });
    let mut lines: Vec<String> = lost.collect();
    let replaced = judged.matching.iter().flat_map(|found| &found.replaced);
    let replaced: HashMap<i64, Option<u32>> =
        replaced.map(|known| (known.payout, known.now)).collect();
    if let Some(store) = store.filter(|_| !replaced.is_empty()) {
        store.each_known(|known| {
            if let Some(now) = replaced.get(&known.payout.0) {
                lines.push(format!(
                    "  {} for {}, ₹{} ({}): has left the sheet, {}",
                    known.cashgram_id,
                    Phone::from_number(known.phone)
                        .map_or_else(|| "no phone".to_owned(), |phone| phone.to_string()),
                    known.amount.grouped(),
                    known.standing.state,
                    stands(*now, keys)
                ));
            }
        })?;
    }
    if lines.is_empty() {
        return Ok(());
    }
    let (ids, exist, has) = match lines.len() {
        1 => ("1 id".to_owned(), "exists", "has"),
        several => (format!("{several} ids"), "exist", "have"),
    };
    let send = again.as_command("send");
    let another = if adopt {
        send.and("--adopt")
    } else {
        send.clone()
    };
    Err(Ending::unpayable(
        format!(
            "{ids} that {exist} at the gateway, maybe for these very payments, {has} left the sheet, and new rows of the \
             same phones would be paid under other ids; nothing was sent"
        ),
        format!(
            "if it is the same payment, bring its id back as it was and run `{}`; if what exists under that id is another \
             payment, run `{}`\n{}",
            send.with("--adopt"),
            another.with("--new-payment"),
            shown(lines.into_iter())
        ),
    )
    .into())
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
