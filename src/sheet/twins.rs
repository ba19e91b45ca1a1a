//! Finds the rows of a sheet that are alike, over all keys at once.
//!
//! A table asked row by row would be larger than the caches and cost as much as all other checks together. Instead a
//! few bits a row tell which rows may have a twin, and only those are sorted. The hashes are keyed, so nobody can
//! craft a sheet whose rows all look alike. Deliberately absent: what is said about twins.

use crate::domain::RowKey;

use super::rules::Judge;

/// Bits a row: one row in twelve of a large sheet is then looked at again.
const BITS_PER_ROW: usize = 8;
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

/// All rows that are a problem because of another one, in order. The same own id is one wherever it stands; the same
/// payment only in a row that is judged whole, and never in the first of its kind or in the one that was sent.
pub(super) fn find(
    keys: &[RowKey],
    seed: u64,
    payments: bool,
    judge: &dyn Fn(u32) -> Judge,
) -> Vec<Twin> {
    let mut twins = Vec::new();
    for group in candidates(keys, seed, payments).chunk_by(|(one, _), (other, _)| one == other) {
        let [(_, first), _, ..] = group else {
            continue;
        };
        let own = usize::try_from(*first)
            .ok()
            .and_then(|first| keys.get(first))
            .is_some_and(|key| key.own_id != 0);
        let sent = group
            .iter()
            .map(|(_, row)| *row)
            .find(|row| !own && judge(*row) == Judge::KeyOnly);
        let other = sent.unwrap_or(*first);
        let rows = group.iter().map(|(_, row)| *row);
        let wrong = rows.filter(|row| *row != other && (own || judge(*row) == Judge::Whole));
        let likeness = if own {
            Likeness::OwnId
        } else {
            Likeness::Payment
        };
        twins.extend(wrong.map(|row| Twin {
            row,
            other,
            likeness,
        }));
    }
    twins.sort_unstable();
    twins
}

/// The rows that share bits with another, sorted by what would make them alike, then by row.
fn candidates(keys: &[RowKey], seed: u64, payments: bool) -> Vec<(u64, u32)> {
    let mut seen = Bits::for_rows(keys.len());
    let mut suspected = Bits::for_rows(keys.len());
    for mark in keys.iter().filter_map(|key| mark(key, seed, payments)) {
        if seen.set(mark) {
            suspected.set(mark);
        }
    }
    let mut found: Vec<(u64, u32)> = keys
        .iter()
        .zip(0u32..)
        .filter_map(|(key, row)| Some((mark(key, seed, payments)?, row)))
        .filter(|(mark, _)| suspected.has(*mark))
        .collect();
    found.sort_unstable();
    found
}

/// What makes a row like another, spread over 64 bits: the own id, else name, phone and amount. None: nothing that
/// could be read, or a kind that is not asked for. Two million rows share one by accident with a chance of 10^-7.
fn mark(key: &RowKey, seed: u64, payments: bool) -> Option<u64> {
    if key.own_id != 0 {
        return Some(spread(key.own_id ^ seed));
    }
    if !payments || key.phone == 0 || key.amount < 0 {
        return None;
    }
    let paid = key.amount.unsigned_abs() ^ u64::from(key.name).rotate_left(40);
    Some(spread(spread(key.phone ^ seed) ^ paid))
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
        let twins = find(keys, 11, payments, &judge);
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
    fn what_was_sent_is_not_the_problem() {
        let keys = [key(0, 1, 1, 1); 4];
        assert_eq!(found(&keys, true, &[2]), [(0, 2), (1, 2), (3, 2)]);
        assert_eq!(found(&keys, true, &[1, 3]), [(0, 1), (2, 1)]);
        assert_eq!(found(&keys, true, &[0, 1, 2, 3]), []);
    }
}
