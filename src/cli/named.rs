//! Rows as people name them, by row or id: found in the checkpoint, or a mistake.
//!
//! Deliberately absent: what may be done with a row, which each command decides.

use std::collections::BTreeSet;

use crate::checkpoint::{Named, PayoutNo, Store};
use crate::domain::Phone;
use crate::report::Manner;
use crate::report::words::rupees;

use super::args::NameArgs;
use super::exit::Ending;
use super::shell::Shell;

/// Payouts that are shown before something is done to them.
const SHOWN_MAX: usize = 10;

/// Finds the payouts that are named, each once.
///
/// # Errors
///
/// [`Ending`] with exit code 2 if any is not there.
pub(super) fn find(store: &Store, named: &NameArgs) -> anyhow::Result<Vec<Named>> {
    let (mut found, mut seen, mut missing) = (Vec::new(), BTreeSet::new(), Vec::new());
    let mut take = |hit: Option<Named>, name: String| match hit {
        Some(hit) if seen.insert(hit.row.payout) => found.push(hit),
        Some(_) => {}
        None => missing.push(name),
    };
    for row in &named.rows {
        take(store.named_by_row(*row)?, format!("row {row}"));
    }
    for id in &named.ids {
        take(store.named_by_id(id)?, format!("id {id}"));
    }
    if missing.is_empty() {
        return Ok(found);
    }
    let rows = store.totals().all_rows();
    Err(Ending::usage(
        format!("there is no {} in this batch", missing.join(", no ")),
        format!(
            "rows count from 1 to {rows}, the first being the one below the header; ids stand in the results, those of \
             earlier links are out of use"
        ),
    )
    .into())
}

/// How a payout is called when it is spoken of.
pub(super) fn name(named: &Named) -> String {
    match named.row.row {
        0 => named.row.cashgram_id.clone(),
        row => format!("row {row}"),
    }
}

/// Their numbers.
pub(super) fn payouts(chosen: &[Named]) -> Vec<PayoutNo> {
    chosen.iter().map(|one| one.row.payout).collect()
}

/// Shows who is meant, before it is asked whether to go on: a row's number alone may be another's by now.
pub(super) fn show(chosen: &[Named], shell: &Shell) {
    if shell.manner == Manner::Silent {
        return;
    }
    for one in chosen.iter().take(SHOWN_MAX) {
        shell.screen.line(&in_words(one));
    }
    let more = chosen.len().saturating_sub(SHOWN_MAX);
    if more > 0 {
        shell.screen.line(&format!("and {more} more"));
    }
}

/// `row 12  Asha Rao  ******1010  ₹1,234.00  created`
fn in_words(one: &Named) -> String {
    let phone = Phone::from_number(one.phone)
        .map_or_else(|| "no phone".to_owned(), |phone| phone.to_string());
    let state = one.row.standing.state.to_string();
    let mut words = vec![
        name(one),
        one.name.clone(),
        phone,
        rupees(one.row.amount),
        state,
    ];
    // After a purge there is no name.
    words.retain(|word| !word.is_empty());
    words.join("  ")
}
