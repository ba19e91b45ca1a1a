//! The guard against paying joiners alone: a batch of long ago whose sheet has gained rows may be the next month's.
//!
//! A row that takes the place of one that was never paid is its mending, and no joiner: they agree in phone or own id, or
//! the name or the address was in the old row. Deliberately absent: what is done with rows that were paid (`matching`).

use std::collections::HashMap;

use jiff::Timestamp;

use crate::checkpoint::Store;
use crate::clock::india_date;
use crate::domain::matching::{Assignment, Matching};
use crate::domain::{KeyHasher, RowKey, State};
use crate::report::words::counted;

use super::again::Again;
use super::exit::Ending;
use super::judge::Judged;
use super::settings::Send;
use super::twice::{long_ago, new_name};

/// Stops a sheet that has gained rows since anything of its batch was sent long ago: the new rows alone would be paid.
///
/// # Errors
///
/// [`Ending`] with exit code 3.
pub(super) fn refuse_gained(
    store: &Store,
    judged: &Judged,
    send: &Send,
    now: Timestamp,
    again: &Again,
) -> anyhow::Result<()> {
    let Some(matching) = &judged.matching else {
        return Ok(());
    };
    let totals = store.totals();
    if store.meta().found_existing || totals.rows(State::Created) == 0 {
        return Ok(());
    }
    let Some(last) = long_ago(store.last_work_at()?, now) else {
        return Ok(());
    };
    let gained = gained(store, matching, &judged.checked.keys, &judged.hasher)?;
    if gained == 0 {
        return Ok(());
    }
    let is_finished = [State::Ready, State::Unknown]
        .into_iter()
        .all(|state| totals.rows(state) == 0);
    Err(refused(send, (last, is_finished), gained, now, again).into())
}

fn refused(
    send: &Send,
    (last, is_finished): (Timestamp, bool),
    gained: u64,
    now: Timestamp,
    again: &Again,
) -> Ending {
    let (batch, sheet, last) = (send.batch.as_str(), send.sheet.display(), india_date(last));
    let done = if is_finished {
        format!("was finished by {last}")
    } else {
        format!("is not finished and was last sent on {last}")
    };
    let gained = counted(gained, "row", "rows");
    let remedy = if is_finished {
        format!(
            "to pay the whole sheet anew, give the payment a batch name of its own: {}. To pay only what is new, put it \
             into a sheet of its own",
            new_name(&send.batch, now, again)
        )
    } else {
        "to go on with what is left, take the new rows out and run again; put them into a sheet of their own".to_owned()
    };
    Ending::unpayable(
        format!(
            "batch {batch} {done}, and {sheet} has gained {gained} since; nothing was sent now"
        ),
        remedy,
    )
}

/// How many rows are new and stand for none that the batch has not paid.
fn gained(
    store: &Store,
    matching: &Matching,
    keys: &[RowKey],
    hasher: &KeyHasher,
) -> anyhow::Result<u64> {
    let is_new = |row: &Assignment| matches!(row, Assignment::New { .. });
    let rows = matching.rows.iter().zip(keys);
    // What cannot be read is not paid.
    let new: Vec<&RowKey> = rows
        .filter(|(row, key)| is_new(row) && key.phone != 0 && key.amount > 0)
        .map(|(_, key)| key)
        .collect();
    let mut unpaid = Unpaid::default();
    if !new.is_empty() {
        unpaid.read(store, matching, hasher)?;
    }
    let joiners = new.into_iter().filter(|key| !unpaid.take(key)).count();
    Ok(u64::try_from(joiners).unwrap_or(u64::MAX))
}

/// What of a row is also found in the one that takes its place.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Trait {
    Phone(u64),
    OwnId(u64),
    Text(u32),
}

/// Rows of the batch that were never paid, by what they are known by. Each stands for one row.
#[derive(Default)]
struct Unpaid {
    by_trait: HashMap<Trait, Vec<usize>>,
    taken: Vec<bool>,
}

impl Unpaid {
    /// Those that no row of the sheet was matched with.
    fn read(
        &mut self,
        store: &Store,
        matching: &Matching,
        hasher: &KeyHasher,
    ) -> anyhow::Result<()> {
        let mut matched: Vec<i64> = matching
            .rows
            .iter()
            .filter_map(|row| match row {
                Assignment::Known { payout, .. } => Some(*payout),
                Assignment::New { .. } => None,
            })
            .collect();
        matched.sort_unstable();
        store.each_unpaid(|payout, phone, own_id, cells| {
            if matched.binary_search(&payout.0).is_err() {
                let cells: Vec<String> = serde_json::from_str(cells).unwrap_or_default();
                let texts = cells.iter().map(|cell| hasher.text(cell));
                self.put(phone, hasher.own_id(own_id), texts);
            }
        })?;
        Ok(())
    }

    fn put(&mut self, phone: u64, own_id: u64, texts: impl Iterator<Item = u32>) {
        let place = self.taken.len();
        self.taken.push(false);
        let known_by = [Trait::Phone(phone), Trait::OwnId(own_id)];
        for known_by in known_by.into_iter().chain(texts.map(Trait::Text)) {
            self.by_trait.entry(known_by).or_default().push(place);
        }
    }

    /// Whether a row is left that `key` may stand for, which is then taken.
    fn take(&mut self, key: &RowKey) -> bool {
        let known_by = [
            (key.phone != 0).then_some(Trait::Phone(key.phone)),
            (key.own_id != 0).then_some(Trait::OwnId(key.own_id)),
            (key.name != 0).then_some(Trait::Text(key.name)),
            (key.email != 0).then_some(Trait::Text(key.email)),
        ];
        known_by.into_iter().flatten().any(|known_by| {
            let places = self.by_trait.get_mut(&known_by);
            places.is_some_and(|places| {
                while let Some(place) = places.pop() {
                    if let Some(taken) = self.taken.get_mut(place).filter(|taken| !**taken) {
                        *taken = true;
                        return true;
                    }
                }
                false
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(phone: u64, own_id: u64, name: u32, email: u32) -> RowKey {
        RowKey {
            own_id,
            phone,
            amount: 100,
            name,
            email,
        }
    }

    #[test]
    fn each_unpaid_row_stands_for_one_that_has_something_of_it() {
        let mut unpaid = Unpaid::default();
        unpaid.put(9, 0, [0, 5, 7].into_iter());
        unpaid.put(0, 3, [0, 6].into_iter());
        unpaid.put(8, 0, [5].into_iter());
        let stands = [
            (key(1, 0, 1, 0), false),
            (key(1, 0, 0, 0), false),
            (key(1, 3, 1, 0), true),
            (key(1, 3, 6, 0), false),
            (key(9, 0, 5, 0), true),
            (key(9, 0, 0, 7), false),
            (key(1, 0, 5, 0), true),
            (key(8, 0, 5, 0), false),
        ];
        for (place, (row, expected)) in stands.iter().enumerate() {
            assert_eq!(unpaid.take(row), *expected, "{place}");
        }
    }
}
