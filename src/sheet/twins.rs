//! Finds the earlier row that a row is alike, at 8 bytes a row and place, over the keys that are held anyway.
//!
//! An open-addressed table of row numbers: a `HashMap` of whole keys would take three times the memory. The keys it
//! compares are keyed hashes, so nobody can craft a sheet that fills one chain. Deliberately absent: removal.

use crate::domain::RowKey;

/// Slots at first; always a power of two.
const SLOTS_MIN: usize = 1024;

/// Which rows count as alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Likeness {
    OwnId(u64),
    Payment(u64, i64, u32),
}

/// What makes two rows alike: the own id, else name, phone and amount. None: nothing readable to compare.
fn likeness(key: &RowKey) -> Option<Likeness> {
    if key.own_id != 0 {
        Some(Likeness::OwnId(key.own_id))
    } else if key.phone != 0 && key.amount >= 0 {
        Some(Likeness::Payment(key.phone, key.amount, key.name))
    } else {
        None
    }
}

/// The rows seen so far, by likeness.
#[derive(Debug)]
pub(super) struct Twins {
    seed: u64,
    /// Tag in the upper half, row number plus one in the lower; 0: free.
    slots: Vec<u64>,
    used: usize,
}

impl Twins {
    /// Nothing seen yet. `seed` must not be known to whoever wrote the sheet.
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            slots: Vec::new(),
            used: 0,
        }
    }

    /// The earlier row that `row` is alike, if any; else `row` is remembered. `keys` holds all rows up to `row`.
    pub(super) fn earlier(&mut self, keys: &[RowKey], row: u32) -> Option<u32> {
        let key = key_of(keys, row)?;
        let alike = likeness(key)?;
        if self.used * 4 >= self.slots.len() * 3 {
            self.grow();
        }
        let mixed = mix(self.seed, alike);
        let mut place = self.first_place(mixed);
        loop {
            let slot = self.slots.get(place).copied()?;
            if slot == 0 {
                break;
            }
            if slot >> 32 == mixed >> 32 {
                let other = row_in(slot)?;
                if key_of(keys, other).and_then(likeness) == Some(alike) {
                    return Some(other);
                }
            }
            place = self.next_place(place);
        }
        self.used += 1;
        *self.slots.get_mut(place)? = entry(mixed, row);
        None
    }

    /// From now on `row` stands for those alike it.
    pub(super) fn replace(&mut self, keys: &[RowKey], old: u32, row: u32) {
        let Some(alike) = key_of(keys, row).and_then(likeness) else {
            return;
        };
        let mixed = mix(self.seed, alike);
        let (from, to) = (entry(mixed, old), entry(mixed, row));
        let mut place = self.first_place(mixed);
        while let Some(slot) = self.slots.get_mut(place) {
            if *slot == from {
                *slot = to;
                return;
            }
            if *slot == 0 {
                return;
            }
            place = self.next_place(place);
        }
    }

    /// From the upper half, which is the tag: enough for 2^32 slots.
    fn first_place(&self, mixed: u64) -> usize {
        let mask = self.slots.len().wrapping_sub(1);
        usize::try_from(mixed >> 32).unwrap_or(0) & mask
    }

    fn next_place(&self, place: usize) -> usize {
        (place + 1) & (self.slots.len().wrapping_sub(1))
    }

    /// Places come from the tag alone, so that no key is looked at: they lie all over the memory.
    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(SLOTS_MIN);
        let old = std::mem::replace(&mut self.slots, vec![0; size]);
        for slot in old.into_iter().filter(|slot| *slot != 0) {
            let mut place = self.first_place(slot);
            while self.slots.get(place).is_some_and(|slot| *slot != 0) {
                place = self.next_place(place);
            }
            if let Some(free) = self.slots.get_mut(place) {
                *free = slot;
            }
        }
    }
}

fn key_of(keys: &[RowKey], row: u32) -> Option<&RowKey> {
    keys.get(usize::try_from(row).ok()?)
}

fn row_in(slot: u64) -> Option<u32> {
    u32::try_from(slot & u64::from(u32::MAX))
        .ok()?
        .checked_sub(1)
}

fn entry(mixed: u64, row: u32) -> u64 {
    (mixed & !u64::from(u32::MAX)) | (u64::from(row) + 1)
}

/// Spreads a likeness over 64 bits. The seed is secret, so that no sheet can aim at one place.
fn mix(seed: u64, alike: Likeness) -> u64 {
    match alike {
        Likeness::OwnId(id) => spread(id ^ seed),
        Likeness::Payment(phone, amount, name) => {
            let name = u64::from(name) << 40;
            spread(spread(phone ^ seed) ^ amount.unsigned_abs() ^ name)
        }
    }
}

/// The finisher of MurmurHash3.
fn spread(mut value: u64) -> u64 {
    value ^= value >> 33;
    value = value.wrapping_mul(0xff51_afd7_ed55_8ccd);
    value ^= value >> 33;
    value = value.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    value ^ (value >> 33)
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

    #[test]
    fn finds_what_a_map_would_find() {
        let mut keys = Vec::new();
        let mut twins = Twins::new(11);
        let mut map: HashMap<(u64, i64, u32), u32> = HashMap::new();
        for row in 0..50_000u32 {
            let phone = 6_000_000_000 + u64::from(row.wrapping_mul(2_654_435_761) % 40_000);
            let (amount, name) = (i64::from(row % 3), row % 2);
            keys.push(key(0, phone, amount, name));
            let wanted = map.get(&(phone, amount, name)).copied();
            assert_eq!(twins.earlier(&keys, row), wanted);
            map.entry((phone, amount, name)).or_insert(row);
        }
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
        let mut twins = Twins::new(11);
        let found: Vec<_> = (0..8).map(|row| twins.earlier(&keys, row)).collect();
        assert_eq!(
            found,
            [None, None, Some(0), None, None, None, None, Some(1)]
        );
        twins.replace(&keys, 1, 7);
        assert_eq!(twins.earlier(&keys, 1), Some(7));
    }
}
