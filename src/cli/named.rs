//! Rows as people name them, by row or id: found in the checkpoint, or a mistake.
//!
//! Deliberately absent: what may be done with a row, which each command decides.

use std::collections::BTreeSet;

use crate::checkpoint::{Named, Store};

use super::args::NameArgs;
use super::exit::Ending;

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
    let rows: u64 = store.totals().states.values().map(|(rows, _)| rows).sum();
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
