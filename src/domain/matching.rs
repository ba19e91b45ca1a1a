//! Which row of a sheet is which known payout. PURE.
//!
//! Rows are matched by own id alone; else by phone and amount, ties by name, then e-mail, then order; so sorting the
//! sheet changes nothing (`product.md`). What matches nothing is new and takes the lowest occurrence never sent.
//!
//! A payout that may exist at the gateway and has no row, or a row with other terms, is an [`Astray`]: nothing may be
//! sent until a person has decided. A payout that certainly does not exist follows the sheet.
//!
//! Deliberately absent: any matching by row number or by name alone.

use super::planted::{self, Mistake};
use super::row_key::RowKey;
use super::state::State;

/// A payout with a history, reduced to what matching needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownKey {
    /// The payout's number in the checkpoint.
    pub payout: i64,
    /// Its row at the last intake, counted from 1, for order and for messages; `u32::MAX` if it had none.
    pub row: u32,
    /// Which of its phone's payouts it is; 0 with an own id.
    pub occurrence: u32,
    /// Whether its Cashgram may exist: `created`, `unknown`, `conflict`, `cancelled`, or frozen by a 429.
    pub live: bool,
    /// Whether its row may leave or change although it is live.
    pub leave: Leave,
    /// Whom and how much.
    pub key: RowKey,
}

impl KnownKey {
    /// Whether the checkpoint had it in that row, counted from 0. Old results tell of lines, which are no rows.
    fn stood_at(&self, index: u32) -> bool {
        self.payout > 0 && index + 1 == self.row
    }

    /// Whether a payout in `state`, frozen or not, may exist at the gateway.
    pub fn is_live(state: State, frozen: bool) -> bool {
        match state {
            State::Created | State::Unknown | State::Conflict | State::Cancelled => true,
            State::Ready | State::Rejected | State::Invalid => frozen,
        }
    }
}

/// Whether the row of a payout that may exist may leave the sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// It may not.
    Never,
    /// It was cancelled, and may.
    Stopped,
    /// Its own id exists and may be another payment's. If it is not, a new row of its phone would pay once more.
    Disputed,
}

/// What a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assignment {
    /// A known payout's row. `live` rows are not judged again.
    Known {
        /// Its number.
        payout: i64,
        /// Whether its Cashgram may exist.
        live: bool,
    },
    /// Nothing was ever sent for it.
    New {
        /// Which of its phone's payouts it is; 0 with an own id or without a readable phone.
        occurrence: u32,
    },
}

impl Assignment {
    /// Whether it is a known payout's row whose Cashgram may exist.
    pub fn is_live(self) -> bool {
        matches!(self, Assignment::Known { live: true, .. })
    }
}

/// A payout that may exist at the gateway and whose row is not as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Astray {
    /// Its number in the checkpoint.
    pub payout: i64,
    /// The row that stands in its place now, counted from 0; `None` if there is none.
    pub now: Option<u32>,
}

/// The rows of a sheet, each with what it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matching {
    /// One for each row, in sheet order.
    pub rows: Vec<Assignment>,
    /// Payouts that stop the run.
    pub astray: Vec<Astray>,
    /// Disputed ones whose rows have left, each with a new row of its phone.
    pub replaced: Vec<Astray>,
}

/// Matches `rows` (in sheet order) with `known` payouts.
pub fn match_rows(rows: &[RowKey], known: &[KnownKey]) -> Matching {
    let mut found = Found {
        known,
        slots: vec![0; rows.len()],
    };
    let mut left = match_own_ids(rows, &mut found);
    left.extend(match_payments(rows, &mut found));
    let astray = settle_left(rows, &left, &mut found);
    Matching {
        replaced: replaced(rows, &left, &found),
        rows: number_new_rows(rows, &found),
        astray,
    }
}

/// Disputed payouts that have left, and the first row of each one's phone of which nothing is known.
fn replaced(rows: &[RowKey], left: &[u32], found: &Found<'_>) -> Vec<Astray> {
    let left = left.iter().filter_map(|which| payout(found.known, *which));
    let mut left = left
        .filter(|payout| payout.leave == Leave::Disputed)
        .peekable();
    if left.peek().is_none() {
        return Vec::new();
    }
    let mut fresh: Vec<(u64, u32)> = indexes(rows)
        .filter(|(index, _)| found.is_free(*index))
        .map(|(index, row)| (row.phone, index))
        .collect();
    fresh.sort_unstable();
    let replaced = left.filter_map(|payout| {
        let now = next_free(&fresh, payout.key.phone, |_| true)?;
        Some(Astray {
            payout: payout.payout,
            now: Some(now),
        })
    });
    replaced.collect()
}

/// What each row was matched with so far, at 4 bytes a row: a million rows and as many payouts are matched at once.
struct Found<'k> {
    known: &'k [KnownKey],
    /// Place in `known` plus one; 0: the row is free.
    slots: Vec<u32>,
}

impl<'k> Found<'k> {
    fn of(&self, row: u32) -> Option<&'k KnownKey> {
        let slot = at(&self.slots, row)?;
        payout(self.known, slot.checked_sub(1)?)
    }

    fn is_free(&self, row: u32) -> bool {
        at(&self.slots, row) == Some(0)
    }

    fn put(&mut self, row: u32, which: u32) {
        if let Some(slot) = usize::try_from(row)
            .ok()
            .and_then(|row| self.slots.get_mut(row))
        {
            *slot = which + 1;
        }
    }
}

fn at<T: Copy>(items: &[T], index: u32) -> Option<T> {
    usize::try_from(index)
        .ok()
        .and_then(|index| items.get(index))
        .copied()
}

fn payout(known: &[KnownKey], which: u32) -> Option<&KnownKey> {
    usize::try_from(which)
        .ok()
        .and_then(|which| known.get(which))
}

fn indexes<T>(items: &[T]) -> impl Iterator<Item = (u32, &T)> {
    (0_u32..).zip(items)
}

/// Own ids decide alone; other terms under the same id leave a live payout astray. Returns what matched no row.
fn match_own_ids(rows: &[RowKey], found: &mut Found<'_>) -> Vec<u32> {
    let mut by_id: Vec<(u64, u32)> = indexes(rows)
        .filter(|(_, row)| row.own_id != 0)
        .map(|(index, row)| (row.own_id, index))
        .collect();
    by_id.sort_unstable();
    let mut left = Vec::new();
    for (which, payout) in indexes(found.known).filter(|(_, payout)| payout.key.own_id != 0) {
        let start = by_id.partition_point(|(id, _)| *id < payout.key.own_id);
        let hit = by_id.get(start).filter(|(id, _)| *id == payout.key.own_id);
        let row = hit.and_then(|(_, index)| at(rows, *index).map(|row| (*index, row)));
        match row {
            Some((index, row)) if !payout.live || same_payment(&row, &payout.key) => {
                found.put(index, which);
            }
            _ => left.push(which),
        }
    }
    left
}

fn same_payment(row: &RowKey, payout: &RowKey) -> bool {
    payment(row) == payment(payout)
}

fn payment(key: &RowKey) -> (u64, i64) {
    (key.phone, key.amount)
}

/// Matches by phone and amount. Where several rows or payouts share both, names, e-mails and order decide. Returns
/// what matched no row.
fn match_payments(rows: &[RowKey], found: &mut Found<'_>) -> Vec<u32> {
    let known = found.known;
    let mut payouts: Vec<u32> = indexes(known)
        .filter(|(_, payout)| payout.key.own_id == 0)
        .map(|(which, _)| which)
        .collect();
    let mut left = Vec::new();
    if payouts.is_empty() {
        return left;
    }
    payouts.sort_unstable_by_key(|which| {
        payout(known, *which).map(|payout| (payment(&payout.key), payout.row, payout.payout))
    });
    let mut by_payment: Vec<u32> = indexes(rows)
        .filter(|(_, row)| row.own_id == 0 && row.phone != 0)
        .map(|(index, _)| index)
        .collect();
    let paid = |index: u32| at(rows, index).map(|row| payment(&row));
    by_payment.sort_unstable_by_key(|index| (paid(*index), *index));
    let wanted = |which: u32| payout(known, which).map(|payout| payment(&payout.key));
    let mut rest = by_payment.as_slice();
    for group in payouts.chunk_by(|a, b| wanted(*a) == wanted(*b)) {
        let payment = group.first().and_then(|which| wanted(*which));
        // Both are sorted, so what was passed is not looked at again; mostly the next row is the one.
        let start = gallop(rest, |index| paid(index) < payment);
        rest = rest.get(start..).unwrap_or_default();
        let end = gallop(rest, |index| paid(index) == payment);
        let (same, behind) = rest.split_at_checked(end).unwrap_or_default();
        rest = behind;
        match (same, group) {
            ([index], [which]) => found.put(*index, *which),
            _ => left.extend(match_group(rows, same, group, found)),
        }
    }
    left
}

/// How many of the first `sorted` pass: steps that double, then halves.
fn gallop(sorted: &[u32], passes: impl Fn(u32) -> bool) -> usize {
    let mut end = 1;
    while sorted.get(end - 1).is_some_and(|index| passes(*index)) {
        end *= 2;
    }
    let (start, end) = (end / 2, end.min(sorted.len()));
    let unsure = sorted.get(start..end).unwrap_or_default();
    start + unsure.partition_point(|index| passes(*index))
}

/// One phone and amount: names first, then e-mails, then order. Live payouts choose before the others, since a row
/// that is matched with what exists cannot be paid again; and where rows have left, those that may not leave first.
fn match_group(
    rows: &[RowKey],
    candidates: &[u32],
    payouts: &[u32],
    found: &mut Found<'_>,
) -> Vec<u32> {
    let known = found.known;
    let mut waiting = payouts.to_vec();
    let is_live = |which: &&u32| payout(known, **which).is_some_and(|payout| payout.live);
    let too_few = waiting.iter().filter(is_live).count() > candidates.len();
    // Stable: where all find a row, each keeps its place among its equals.
    waiting.sort_by_key(|which| {
        payout(known, *which).map(|payout| (!payout.live, too_few && payout.leave != Leave::Never))
    });
    let agree: [fn(&RowKey, &RowKey) -> bool; 4] = [
        |row, payout| row.name == payout.name && row.email == payout.email,
        |row, payout| row.name == payout.name,
        |row, payout| row.email == payout.email,
        |_, _| true,
    ];
    let mut free = candidates.to_vec();
    // Among more rows than there are payouts, each first looks where it was: the next row like it may be new.
    let in_place: &[bool] = match candidates.len() > payouts.len() {
        true => &[true, false],
        false => &[false],
    };
    let ways = agree
        .iter()
        .flat_map(|agrees| in_place.iter().map(move |here| (agrees, *here)));
    for (agrees, here) in ways {
        waiting.retain(|which| {
            let Some(payout) = payout(known, *which) else {
                return true;
            };
            let hit = free.iter().position(|index| {
                let fits = |row| agrees(&row, &payout.key) && (!here || payout.stood_at(*index));
                at(rows, *index).is_some_and(fits)
            });
            let Some(place) = hit else { return true };
            found.put(free.remove(place), *which);
            false
        });
    }
    waiting
}

/// What matched no row: live payouts are astray, the others take a mended row of their phone if there is one.
fn settle_left(rows: &[RowKey], left: &[u32], found: &mut Found<'_>) -> Vec<Astray> {
    if left.is_empty() {
        return Vec::new();
    }
    let mut by_phone: Vec<(u64, u32)> = indexes(rows)
        .filter(|(index, row)| row.own_id == 0 && row.phone != 0 && found.is_free(*index))
        .map(|(index, row)| (row.phone, index))
        .collect();
    by_phone.sort_unstable();
    let mut by_id: Vec<(u64, u32)> = indexes(rows)
        .map(|(index, row)| (row.own_id, index))
        .collect();
    by_id.sort_unstable();
    let known = found.known;
    let left = || {
        left.iter()
            .filter_map(|which| Some((*which, payout(known, *which)?)))
    };
    let mut astray = Vec::new();
    for (_, payout) in left().filter(|(_, payout)| payout.live) {
        let by_its_id = payout.key.own_id != 0;
        let now = if by_its_id {
            next_free(&by_id, payout.key.own_id, |_| true)
        } else {
            next_free(&by_phone, payout.key.phone, |index| found.is_free(index))
        };
        // An id is taken for good: a row that still bears it cannot be another payment.
        let may_leave = payout.leave != Leave::Never || planted::is(Mistake::SentRowMayLeave);
        if may_leave && !(by_its_id && now.is_some()) {
            continue;
        }
        astray.push(Astray {
            payout: payout.payout,
            now,
        });
    }
    for (which, payout) in left().filter(|(_, payout)| !payout.live) {
        if payout.key.own_id == 0
            && let Some(index) =
                next_free(&by_phone, payout.key.phone, |index| found.is_free(index))
        {
            found.put(index, which);
        }
    }
    astray
}

fn next_free(sorted: &[(u64, u32)], wanted: u64, is_free: impl Fn(u32) -> bool) -> Option<u32> {
    let start = sorted.partition_point(|(value, _)| *value < wanted);
    let mut same = sorted
        .get(start..)
        .unwrap_or_default()
        .iter()
        .take_while(|(value, _)| *value == wanted);
    same.find(|(_, index)| is_free(*index))
        .map(|(_, index)| *index)
}

/// New rows of a phone take, in sheet order, the lowest occurrences of which nothing was ever sent. Invalid rows
/// count too, so that mending one moves no other.
fn number_new_rows(rows: &[RowKey], found: &Found<'_>) -> Vec<Assignment> {
    let mut fresh: Vec<(u64, u32)> = indexes(rows)
        .filter(|(index, row)| row.own_id == 0 && row.phone != 0 && found.is_free(*index))
        .map(|(index, row)| (row.phone, index))
        .collect();
    fresh.sort_unstable();
    let is_wanted = |phone: u64| {
        fresh
            .binary_search_by_key(&phone, |(phone, _)| *phone)
            .is_ok()
    };
    let mut used: Vec<(u64, u32)> = found
        .known
        .iter()
        .filter(|payout| payout.key.own_id == 0 && is_wanted(payout.key.phone))
        .map(|payout| (payout.key.phone, payout.occurrence))
        .collect();
    used.sort_unstable();
    let mut assignments: Vec<Assignment> = indexes(rows)
        .map(|(index, _)| match found.of(index) {
            Some(payout) => Assignment::Known {
                payout: payout.payout,
                live: payout.live,
            },
            None => Assignment::New { occurrence: 0 },
        })
        .collect();
    for group in fresh.chunk_by(|a, b| a.0 == b.0) {
        let phone = group.first().map_or(0, |(phone, _)| *phone);
        let mut free =
            (1_u32..).filter(|occurrence| used.binary_search(&(phone, *occurrence)).is_err());
        for (_, index) in group {
            let slot = usize::try_from(*index)
                .ok()
                .and_then(|index| assignments.get_mut(index));
            if let (Some(slot), Some(occurrence)) = (slot, free.next()) {
                *slot = Assignment::New { occurrence };
            }
        }
    }
    assignments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(phone: u64, amount: i64) -> RowKey {
        RowKey {
            own_id: 0,
            phone,
            amount,
            name: 1,
            email: 0,
        }
    }

    fn named(phone: u64, amount: i64, name: u32) -> RowKey {
        RowKey {
            name,
            ..row(phone, amount)
        }
    }

    fn own(own_id: u64, phone: u64, amount: i64) -> RowKey {
        RowKey {
            own_id,
            ..row(phone, amount)
        }
    }

    fn known(payout: i64, occurrence: u32, key: RowKey) -> KnownKey {
        KnownKey {
            payout,
            row: u32::try_from(payout).unwrap(),
            occurrence,
            live: true,
            leave: Leave::Never,
            key,
        }
    }

    fn rejected(payout: i64, occurrence: u32, key: RowKey) -> KnownKey {
        KnownKey {
            live: false,
            ..known(payout, occurrence, key)
        }
    }

    fn new(occurrence: u32) -> Assignment {
        Assignment::New { occurrence }
    }

    fn is(payout: i64) -> Assignment {
        Assignment::Known { payout, live: true }
    }

    fn check(rows: &[RowKey], known: &[KnownKey], expected: &[Assignment]) {
        let matching = match_rows(rows, known);
        assert_eq!(matching.rows, expected);
        assert_eq!(matching.astray, []);
    }

    #[test]
    fn an_empty_checkpoint_numbers_the_rows_of_each_phone() {
        check(
            &[row(7, 100), row(8, 100), row(7, 200), row(0, 5)],
            &[],
            &[new(1), new(1), new(2), new(0)],
        );
    }

    #[test]
    fn sorting_the_sheet_changes_nothing() {
        let sent = [
            known(1, 1, row(7, 100)),
            known(2, 2, row(7, 200)),
            known(3, 1, row(8, 100)),
        ];
        check(
            &[row(8, 100), row(7, 200), row(7, 100)],
            &sent,
            &[is(3), is(2), is(1)],
        );
    }

    #[test]
    fn a_new_row_takes_the_lowest_occurrence_never_sent() {
        let sent = [known(1, 2, row(7, 200))];
        check(
            &[row(7, 100), row(7, 200), row(7, 300)],
            &sent,
            &[new(1), is(1), new(3)],
        );
    }

    #[test]
    fn ties_go_by_name_then_email_then_order() {
        let sent = [known(1, 1, named(7, 100, 5)), known(2, 2, named(7, 100, 6))];
        check(
            &[named(7, 100, 6), named(7, 100, 5)],
            &sent,
            &[is(2), is(1)],
        );
        check(
            &[named(7, 100, 9), named(7, 100, 5)],
            &sent,
            &[is(2), is(1)],
        );
        check(
            &[named(7, 100, 8), named(7, 100, 9)],
            &sent,
            &[is(1), is(2)],
        );
        check(
            &[named(7, 100, 8), named(7, 100, 6), named(7, 100, 5)],
            &sent,
            &[new(3), is(2), is(1)],
        );
    }

    #[test]
    fn what_was_sent_and_is_gone_or_changed_stops_the_run() {
        let sent = [known(1, 1, row(7, 100))];
        assert_eq!(
            match_rows(&[row(8, 100)], &sent).astray,
            [Astray {
                payout: 1,
                now: None
            }]
        );
        assert_eq!(
            match_rows(&[row(7, 150)], &sent).astray,
            [Astray {
                payout: 1,
                now: Some(0)
            }]
        );
        let own_sent = [known(1, 0, own(9, 7, 100))];
        assert_eq!(
            match_rows(&[own(9, 7, 150)], &own_sent).astray,
            [Astray {
                payout: 1,
                now: Some(0)
            }]
        );
        assert_eq!(
            match_rows(&[own(9, 8, 100)], &own_sent).astray,
            [Astray {
                payout: 1,
                now: Some(0)
            }]
        );
        assert_eq!(
            match_rows(&[row(7, 100)], &own_sent).astray,
            [Astray {
                payout: 1,
                now: None
            }]
        );
    }

    #[test]
    fn a_refused_payout_follows_its_mended_row_under_its_own_id() {
        let refused = [rejected(1, 1, row(7, 100))];
        let kept = Assignment::Known {
            payout: 1,
            live: false,
        };
        check(&[row(7, 150)], &refused, &[kept]);
        check(&[row(8, 100)], &refused, &[new(1)]);
        let own_refused = [rejected(1, 0, own(9, 7, 100))];
        check(&[own(9, 8, 300)], &own_refused, &[kept]);
    }

    #[test]
    fn what_exists_chooses_its_row_before_what_was_refused() {
        let both = [
            rejected(1, 1, named(7, 100, 5)),
            known(2, 2, named(7, 100, 5)),
        ];
        check(&[named(7, 100, 5)], &both, &[is(2)]);
    }

    #[test]
    fn of_more_rows_alike_than_are_known_each_payout_keeps_its_own() {
        let alike = [row(7, 100), row(7, 100), row(7, 100)];
        let second = [rejected(2, 1, row(7, 100))];
        let is_second = Assignment::Known {
            payout: 2,
            live: false,
        };
        check(&alike, &second, &[new(2), is_second, new(3)]);
        // A name goes before the place.
        let named = [row(7, 100), named(7, 100, 5), named(7, 100, 6)];
        let first = Assignment::Known {
            payout: 2,
            live: false,
        };
        check(&named, &second, &[first, new(2), new(3)]);
        // As many as are known stand in their order.
        let two = [known(1, 1, row(7, 100)), known(2, 2, row(7, 100))];
        check(
            &[row(8, 100), row(7, 100), row(7, 100)],
            &two,
            &[new(1), is(1), is(2)],
        );
    }

    #[test]
    fn of_rows_alike_what_was_cancelled_leaves_first() {
        let cancelled = KnownKey {
            leave: Leave::Stopped,
            ..known(1, 1, row(7, 100))
        };
        let sent = [cancelled, known(2, 2, row(7, 100))];
        check(&[row(7, 100)], &sent, &[is(2)]);
        check(&[row(7, 100), row(7, 100)], &sent, &[is(1), is(2)]);
        // A name tells more: here it is the other row that left.
        let other_name = [cancelled, known(2, 2, named(7, 100, 5))];
        let matching = match_rows(&[row(7, 100)], &other_name);
        assert_eq!(matching.rows, [is(1)]);
        assert_eq!(matching.astray.len(), 1);
        let refused = [rejected(3, 3, row(7, 100)), cancelled];
        check(&[row(7, 100)], &refused, &[is(1)]);
    }

    #[test]
    fn a_row_added_for_a_paid_phone_is_new() {
        let sent = [known(1, 1, row(7, 100))];
        check(&[row(7, 100), row(7, 150)], &sent, &[is(1), new(2)]);
        check(&[row(7, 100), row(7, 100)], &sent, &[is(1), new(2)]);
    }

    #[test]
    fn what_was_cancelled_may_leave_but_its_id_is_taken() {
        let cancelled = |payout, occurrence, key| KnownKey {
            leave: Leave::Stopped,
            ..known(payout, occurrence, key)
        };
        // Gone, or with another amount: what stands there now is another payout.
        let sent = [cancelled(1, 1, row(7, 100))];
        check(&[row(8, 100)], &sent, &[new(1)]);
        check(&[row(7, 150)], &sent, &[new(2)]);
        check(&[row(7, 100)], &sent, &[is(1)]);
        let sent = [cancelled(1, 0, own(5, 7, 100))];
        check(&[own(6, 7, 100)], &sent, &[new(0)]);
        check(&[own(5, 7, 100)], &sent, &[is(1)]);
        let matching = match_rows(&[own(5, 7, 150)], &sent);
        let astray = Astray {
            payout: 1,
            now: Some(0),
        };
        assert_eq!(matching.astray, [astray]);
    }
}
