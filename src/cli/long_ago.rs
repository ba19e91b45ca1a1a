//! The guards about a batch of long ago, whose sheet may be the next month's: it is not done again in silence, nor are
//! joiners paid alone.
//!
//! A row that takes the place of one that was never paid is its mending, and no joiner: they agree in phone or own id, or
//! the name or the address was in the old row. Deliberately absent: what is done with rows that were paid (`matching`).

use std::collections::HashMap;

use jiff::Timestamp;

use crate::checkpoint::{self, PaidBefore, Store};
use crate::clock::india_date;
use crate::domain::matching::{Assignment, Matching};
use crate::domain::{BatchName, KeyHasher, RowKey, State};
use crate::report::Screen;
use crate::report::words::counted;

use super::again::Again;
use super::exit::Ending;
use super::judge::Judged;
use super::settings::Send;
use super::shell::Shell;
use super::twice::RECENT;

/// What was paid longer ago than a payment counts as just made, if that is half of the batch or more.
///
/// # Errors
///
/// If the checkpoint cannot be read.
pub(super) fn paid(store: &Store, now: Timestamp) -> Result<Option<PaidBefore>, checkpoint::Error> {
    let recent_ms = i64::try_from(RECENT.as_millis()).unwrap_or(i64::MAX);
    store.paid_before(now.as_millisecond().saturating_sub(recent_ms))
}

/// What is said of a run that has nothing to send, for a batch that was paid long ago: this may be the next month's sheet.
pub(super) fn refused(
    paid: PaidBefore,
    batch: &BatchName,
    now: Timestamp,
    again: &Again,
) -> Ending {
    Ending::unpayable(
        format!(
            "{}, and nothing is left to send; nothing was sent now",
            done((paid, true), batch)
        ),
        format!(
            "a new payment needs a batch name of its own: {}. To see where the old links stand, run `{}`",
            new_name(batch, now, again),
            again.as_command("status").command()
        ),
    )
}

/// A warning, which is no reason to stop.
pub(super) struct Warning {
    /// What is so.
    fact: String,
    /// Whether nothing was left to send before this sheet came.
    is_finished: bool,
    /// What follows from it, in sentences.
    advice: String,
}

impl Warning {
    /// Shows it. Gives what the last words say of it.
    pub(super) fn shown(self, screen: &Screen) -> String {
        let (fact, advice) = (self.fact, self.advice);
        screen.paragraph(&format!("WARNING: {fact}. {advice}"));
        match self.is_finished {
            true => format!("{fact}, and another payment needs a batch name of its own"),
            false => fact,
        }
    }
}

/// What is said of a run that has nothing to send, for a batch of which most was paid long ago and the last these days.
pub(super) fn nothing_left(
    paid: PaidBefore,
    batch: &BatchName,
    now: Timestamp,
    again: &Again,
) -> Warning {
    Warning {
        fact: done((paid, true), batch),
        is_finished: true,
        advice: format!(
            "Nothing is left to send, and nobody is paid now. {}",
            another((true, batch), now, again)
        ),
    }
}

/// `batch june was finished by 2026-07-01`, or that most of it was sent by then.
fn done((paid, is_finished): (PaidBefore, bool), batch: &BatchName) -> String {
    let last = Timestamp::from_millisecond(paid.last_ms).unwrap_or_default();
    let (last, batch) = (india_date(last), batch.as_str());
    match (is_finished, paid.is_all) {
        (true, true) => format!("batch {batch} was finished by {last}"),
        (true, false) => format!("most of batch {batch} was sent by {last}"),
        (false, true) => format!("batch {batch} is not finished and was last sent on {last}"),
        (false, false) => {
            format!("batch {batch} is not finished, and most of it was sent by {last}")
        }
    }
}

/// Stops a sheet that has gained rows since its batch was paid long ago: the new rows alone would be paid. Gives the
/// warning for one of which anything is left to send: that is paid, and may look like the whole.
///
/// # Errors
///
/// [`Ending`] with exit code 3.
pub(super) fn refuse_gained(
    store: &Store,
    judged: &Judged,
    send: &Send,
    shell: &Shell,
) -> anyhow::Result<Option<Warning>> {
    let (totals, now) = (store.totals(), shell.clock.now());
    if store.meta().found_existing || totals.rows(State::Created) == 0 {
        return Ok(None);
    }
    let Some(paid) = paid(store, now)? else {
        return Ok(None);
    };
    let is_finished = is_finished(store);
    let gained = match &judged.matching {
        Some(matching) => gained(store, matching, &judged.checked.keys, &judged.hasher)?,
        None => 0,
    };
    if gained > 0 {
        return Err(has_gained(send, (paid, is_finished), gained, now, &shell.again).into());
    }
    Ok(Some(Warning {
        fact: done((paid, is_finished), &send.batch),
        is_finished,
        advice: format!(
            "{} not paid again now, only what is left is. {}",
            counted(totals.rows(State::Created), "row is", "rows are"),
            another((is_finished, &send.batch), now, &shell.again)
        ),
    }))
}

/// Shows the warning if anything is left to send of the sheet, now that it is taken in. Gives what the last words say.
pub(super) fn warn(warning: Option<Warning>, store: &Store, shell: &Shell) -> Vec<String> {
    let warning = warning.filter(|_| !is_finished(store));
    let said = warning.map(|warning| warning.shown(&shell.screen));
    said.into_iter().collect()
}

/// What to do if it is another payment. Of a batch that goes on, no other name is suggested.
fn another((is_finished, batch): (bool, &BatchName), now: Timestamp, again: &Again) -> String {
    let remedy = match is_finished {
        true => format!(
            "give it a batch name of its own: {}",
            new_name(batch, now, again)
        ),
        false => "do not go on".to_owned(),
    };
    format!("If this is another payment to the same people, such as the next month's, {remedy}")
}

fn has_gained(
    send: &Send,
    (paid, is_finished): (PaidBefore, bool),
    gained: u64,
    now: Timestamp,
    again: &Again,
) -> Ending {
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
            "{}, and {} has gained {} since; nothing was sent now",
            done((paid, is_finished), &send.batch),
            send.sheet.display(),
            counted(gained, "row", "rows")
        ),
        remedy,
    )
}

/// What is said first of rows that changed since their batch was finished long ago: they may be of another payment.
///
/// # Errors
///
/// If the checkpoint cannot be read.
pub(super) fn another_payment(
    store: &Store,
    batch: &BatchName,
    shell: &Shell,
) -> Result<String, checkpoint::Error> {
    let now = shell.clock.now();
    let Some(paid) = paid(store, now)?.filter(|_| is_finished(store)) else {
        return Ok(String::new());
    };
    Ok(format!(
        "{}: if this is another payment, such as the next month's, give it a batch name of its own: {}; else ",
        done((paid, true), batch),
        new_name(batch, now, &shell.again)
    ))
}

/// Whether nothing is left to send or to look up.
fn is_finished(store: &Store) -> bool {
    let totals = store.totals();
    totals.rows(State::Ready) + totals.rows(State::Unknown) == 0
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

/// The command under a new name, and what that may be.
fn new_name(batch: &BatchName, now: Timestamp, again: &Again) -> String {
    format!(
        "`{}`, where NEW is such as {}-{}",
        again.as_command("send").renamed(),
        batch.as_str(),
        india_date(now).strftime("%Y-%m")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_paid_long_ago_is_said_with_its_day() {
        let again = Again::of(["p", "send", "payroll.csv"].map(str::to_owned));
        let (batch, now) = (
            BatchName::parse("payroll").unwrap(),
            "2026-07-06T00:00:00Z".parse().unwrap(),
        );
        let last: Timestamp = "2026-06-30T23:59:59Z".parse().unwrap();
        for (is_all, begins) in [
            (true, "batch payroll was finished by 2026-07-01"),
            (false, "most of batch payroll was sent by"),
        ] {
            let paid = PaidBefore {
                last_ms: last.as_millisecond(),
                is_all,
            };
            let refused = refused(paid, &batch, now, &again);
            assert_eq!(refused.exit.code(), 3);
            for words in [
                begins,
                "--batch NEW",
                "payroll-2026-07",
                "paysheet status payroll.csv",
            ] {
                assert!(refused.to_string().contains(words), "{refused}");
            }
        }
    }

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
