//! Finds the rows of a sheet that are alike, over all keys at once.
//!
//! A table asked row by row would be larger than the caches and cost as much as all other checks together. Instead a
//! few bits a row tell which rows may have a twin, and only those are sorted. The hashes are keyed, so nobody can
//! craft a sheet whose rows all look alike. Deliberately absent: what is said about twins.

use crate::domain::RowKey;

use super::rules::Judge;
use super::warn::Repeat;

/// Bits a row: one row in twelve of a large sheet is then looked at again.
const BITS_PER_ROW: usize = 8;
/// Rows from which on two threads look for twins: below, starting one takes as long as looking.
const SIDE_BY_SIDE_ROWS: usize = 50_000;
/// Fewest bits, so that small sheets need no special care.
const BITS_MIN: usize = 1024;

/// A row that is a problem because it is like another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Twin {
    /// The row, counted from 0.
    pub(super) row: u32,
    /// The row it is like.
    pub(super) other: u32,
    /// How.
    pub(super) likeness: Likeness,
}

/// What two rows share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Likeness {
    /// The own id.
    OwnId,
    /// Name, phone and amount, and neither has an own id.
    Payment,
}

/// Told of every row that shares its phone, or phone and amount, with an earlier one and is no problem: row and other.
pub(super) type Repeated<'a> = &'a mut dyn FnMut(Repeat, (u32, u32));

/// All rows that are a problem because of another one, in order. The same own id is one wherever it stands; the same
/// payment only if asked for, in a row that is judged whole, and never in the first of its kind or in the one that was
/// sent.
pub(super) fn find(
    keys: &[RowKey],
    seed: u64,
    payments: bool,
    judge: &dyn Fn(u32) -> Judge,
    repeated: Repeated<'_>,
) -> Vec<Twin> {
    let mut twins = Vec::new();
    if keys.iter().any(|key| key.own_id != 0) {
        by_own_id(keys, seed, &mut twins);
    }
    let phone = |key: &RowKey| (key.phone != 0).then(|| spread(key.phone ^ seed));
    let mut rows = Vec::new();
    for group in candidates(keys, phone).chunk_by(|(one, _), (other, _)| one == other) {
        if group.len() > 1 {
            rows.clear();
            rows.extend(group.iter().filter_map(|(_, row)| Paid::of(keys, *row)));
            rows.sort_unstable();
            by_payment(&rows, payments, judge, &mut twins, repeated);
        }
    }
    twins.sort_unstable();
    twins
}

/// What a row pays, for rows of one phone: sorted, the same payments stand together, in the order of rows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Paid {
    amount: i64,
    /// The name's hash; with an own id, which tells payments apart, none.
    name: Option<u32>,
    row: u32,
}

impl Paid {
    fn of(keys: &[RowKey], row: u32) -> Option<Self> {
        let key = keys.get(usize::try_from(row).ok()?)?;
        Some(Self {
            amount: key.amount,
            name: (key.own_id == 0).then_some(key.name),
            row,
        })
    }
}

fn by_own_id(keys: &[RowKey], seed: u64, twins: &mut Vec<Twin>) {
    let id = |key: &RowKey| (key.own_id != 0).then(|| spread(key.own_id ^ seed));
    for group in candidates(keys, id).chunk_by(|(one, _), (other, _)| one == other) {
        if let [(_, other), rest @ ..] = group {
            twins.extend(rest.iter().map(|(_, row)| Twin {
                row: *row,
                other: *other,
                likeness: Likeness::OwnId,
            }));
        }
    }
}

/// Rows of one phone: which of them are the same payment, and which only share something.
fn by_payment(
    rows: &[Paid],
    payments: bool,
    judge: &dyn Fn(u32) -> Judge,
    twins: &mut Vec<Twin>,
    repeated: Repeated<'_>,
) {
    let first = rows.iter().map(|paid| paid.row).min().unwrap_or(0);
    for sum in rows.chunk_by(|one, other| one.amount == other.amount) {
        let first_of_sum = sum.iter().map(|paid| paid.row).min().unwrap_or(0);
        for same in sum.chunk_by(|one, other| one.name == other.name) {
            let alike = payments && same.first().is_some_and(Paid::can_be_alike);
            let sent = same.iter().find(|paid| judge(paid.row) == Judge::KeyOnly);
            let kept = sent.or(same.first()).map_or(0, |paid| paid.row);
            for paid in same.iter().filter(|paid| judge(paid.row) == Judge::Whole) {
                if alike && paid.row != kept {
                    twins.push(Twin {
                        row: paid.row,
                        other: kept,
                        likeness: Likeness::Payment,
                    });
                } else if paid.amount >= 0 && paid.row != first_of_sum {
                    repeated(Repeat::Payment, (paid.row, first_of_sum));
                } else if paid.row != first {
                    repeated(Repeat::Phone, (paid.row, first));
                }
            }
        }
    }
}

impl Paid {
    fn can_be_alike(&self) -> bool {
        self.name.is_some() && self.amount >= 0
    }
}

/// The rows that share bits of their marks with another; those of one mark stand together, in the order of rows. In a
/// large sheet every second mark is left to another thread: nothing else is left to do by then.
fn candidates(keys: &[RowKey], mark: impl Fn(&RowKey) -> Option<u64> + Sync) -> Vec<(u64, u32)> {
    if keys.len() < SIDE_BY_SIDE_ROWS {
        return candidates_of(keys, mark);
    }
    let half = |odd: bool| {
        candidates_of(keys, |key| {
            mark(key).filter(|mark| (mark >> 63 == 1) == odd)
        })
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| half(true));
        let mut found = half(false);
        found.extend(other.join().unwrap_or_else(|_| half(true)));
        found
    })
}

/// The same, sorted by mark, then by row.
fn candidates_of(keys: &[RowKey], mark: impl Fn(&RowKey) -> Option<u64>) -> Vec<(u64, u32)> {
    let mut seen = Bits::for_rows(keys.len());
    let mut suspected = Bits::for_rows(keys.len());
    for mark in keys.iter().filter_map(&mark) {
        if seen.set(mark) {
            suspected.set(mark);
        }
    }
    let mut found: Vec<(u64, u32)> = keys
        .iter()
        .zip(0u32..)
        .filter_map(|(key, row)| Some((mark(key)?, row)))
        .filter(|(mark, _)| suspected.has(*mark))
        .collect();
    found.sort_unstable();
    found
}

/// The finisher of MurmurHash3.
fn spread(mut value: u64) -> u64 {
    value ^= value >> 33;
    value = value.wrapping_mul(0xff51_afd7_ed55_8ccd);
    value ^= value >> 33;
    value = value.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    value ^ (value >> 33)
}

/// A set of marks that may hold more than was put in, never less.
struct Bits(Vec<u64>);

impl Bits {
    fn for_rows(rows: usize) -> Self {
        let bits = (rows * BITS_PER_ROW).next_power_of_two().max(BITS_MIN);
        Self(vec![0; bits / 64])
    }

    fn place(&self, mark: u64) -> (usize, u64) {
        let word = usize::try_from(mark >> 6).unwrap_or(usize::MAX) & (self.0.len() - 1);
        (word, 1 << (mark & 63))
    }

    /// Puts a mark in; whether it seemed to be there.
    fn set(&mut self, mark: u64) -> bool {
        let (word, bit) = self.place(mark);
        self.0.get_mut(word).is_some_and(|word| {
            let there = *word & bit != 0;
            *word |= bit;
            there
        })
    }

    fn has(&self, mark: u64) -> bool {
        let (word, bit) = self.place(mark);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn key(own_id: u64, phone: u64, amount: i64, name: u32) -> RowKey {
        RowKey {
            own_id,
            phone,
            amount,
            name,
            email: 7,
        }
    }

    fn found(keys: &[RowKey], payments: bool, sent: &[u32]) -> Vec<(u32, u32)> {
        let judge = |row| {
            if sent.contains(&row) {
                Judge::KeyOnly
            } else {
                Judge::Whole
            }
        };
        let twins = find(keys, 11, payments, &judge, &mut |_, _| {});
        twins.iter().map(|twin| (twin.row, twin.other)).collect()
    }

    #[test]
    fn finds_what_a_map_would_find() {
        let mut keys = Vec::new();
        let mut map: HashMap<(u64, i64, u32), u32> = HashMap::new();
        let mut wanted = Vec::new();
        for row in 0..50_000u32 {
            let phone = 6_000_000_000 + u64::from(row * 7 % 1999);
            let (amount, name) = (i64::from(row % 3), row % 2);
            keys.push(key(0, phone, amount, name));
            match map.get(&(phone, amount, name)) {
                Some(first) => wanted.push((row, *first)),
                None => drop(map.insert((phone, amount, name), row)),
            }
        }
        assert!(wanted.len() > 100);
        assert_eq!(found(&keys, true, &[]), wanted);
        assert_eq!(found(&keys, false, &[]), []);
    }

    #[test]
    fn own_ids_stand_alone_and_unreadable_rows_are_nobodys_twins() {
        let keys = [
            key(5, 1, 1, 1),
            key(0, 1, 1, 1),
            key(5, 2, 2, 2),
            key(0, 0, 1, 1),
            key(0, 0, 1, 1),
            key(0, 1, -1, 1),
            key(0, 1, -1, 1),
            key(0, 1, 1, 1),
        ];
        assert_eq!(found(&keys, true, &[]), [(2, 0), (7, 1)]);
        assert_eq!(found(&keys, false, &[2]), [(2, 0)]);
        assert_eq!(found(&[], true, &[]), []);
    }

    #[test]
    fn what_is_shared_and_no_problem_is_told() {
        let keys = [
            key(0, 1, 5, 1),
            key(0, 1, 5, 1),
            key(0, 1, 5, 2),
            key(0, 1, 6, 1),
            key(8, 1, 5, 1),
            key(9, 1, 5, 1),
            key(0, 2, 5, 1),
            key(0, 1, -1, 1),
            key(0, 1, -1, 1),
        ];
        let told = |payments| {
            let mut told = Vec::new();
            find(
                &keys,
                11,
                payments,
                &|_| Judge::Whole,
                &mut |repeat, rows| {
                    told.push((rows, repeat == Repeat::Payment));
                },
            );
            told.sort_unstable();
            told
        };
        let others = [
            ((2, 0), true),
            ((3, 0), false),
            ((4, 0), true),
            ((5, 0), true),
            ((7, 0), false),
            ((8, 0), false),
        ];
        assert_eq!(told(true), others);
        assert_eq!(told(false), [&[((1, 0), true)][..], &others].concat());
    }

    #[test]
    fn what_was_sent_is_not_the_problem() {
        let keys = [key(0, 1, 1, 1); 4];
        assert_eq!(found(&keys, true, &[2]), [(0, 2), (1, 2), (3, 2)]);
        assert_eq!(found(&keys, true, &[1, 3]), [(0, 1), (2, 1)]);
        assert_eq!(found(&keys, true, &[0, 1, 2, 3]), []);
    }
}
