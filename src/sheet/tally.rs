//! What is remembered of every row while a sheet is judged: one bit each for faults, and the lines they start on.
//!
//! Deliberately absent: the rows themselves. A million of them must fit in a few megabytes.

use crate::domain::{Money, RowKey};

/// How many of the largest amounts are shown before a run.
const LARGEST: usize = 3;

/// One bit a row, counted from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowBits {
    words: Vec<u64>,
}

impl RowBits {
    /// Sets a row's bit.
    pub fn set(&mut self, index: u32) {
        let (word, bit) = place(index);
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        if let Some(word) = self.words.get_mut(word) {
            *word |= bit;
        }
    }

    /// Whether a row's bit is set.
    pub fn contains(&self, index: u32) -> bool {
        let (word, bit) = place(index);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    /// How many are set.
    pub fn count(&self) -> u32 {
        self.words.iter().map(|word| word.count_ones()).sum()
    }
}

fn place(index: u32) -> (usize, u64) {
    (
        usize::try_from(index / 64).unwrap_or(usize::MAX),
        1 << (index % 64),
    )
}

/// The line each row starts on: rows mostly follow line by line, so only the jumps are kept.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines {
    /// Row from which on, and how far its line is ahead of its index.
    jumps: Vec<(u32, u64)>,
}

impl Lines {
    pub(super) fn note(&mut self, index: u32, line: u64) {
        let ahead = line.saturating_sub(u64::from(index));
        if self.jumps.last().is_none_or(|(_, last)| *last != ahead) {
            self.jumps.push((index, ahead));
        }
    }

    pub(super) fn of(&self, index: u32) -> u64 {
        let after = self.jumps.partition_point(|(from, _)| *from <= index);
        let ahead = after.checked_sub(1).and_then(|last| self.jumps.get(last));
        u64::from(index) + ahead.map_or(0, |(_, ahead)| *ahead)
    }
}

/// Sums over a sheet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    /// All amounts that could be read.
    pub(super) total: Money,
    /// Those of valid rows.
    pub(super) valid: Money,
    /// The largest amounts of valid rows with their row numbers (from 1), largest first.
    pub(super) largest: Vec<(u32, Money)>,
}

impl Sums {
    pub(super) fn over(keys: &[RowKey], faulty: &RowBits) -> Self {
        // Neither sum can leave an `i64`: `AMOUNT_PAISE_MAX` sees to that, and overflow would panic.
        let (mut total, mut valid) = (0, 0);
        let mut largest: Vec<(u32, Money)> = Vec::with_capacity(LARGEST + 1);
        for (index, key) in (0u32..).zip(keys) {
            let Some(amount) = key.amount() else {
                continue;
            };
            total += amount.paise();
            if faulty.contains(index) {
                continue;
            }
            valid += amount.paise();
            let least = largest.last().map_or(Money::ZERO, |(_, amount)| *amount);
            if largest.len() < LARGEST || amount > least {
                let at = largest.partition_point(|(_, other)| *other >= amount);
                largest.insert(at, (index + 1, amount));
                largest.truncate(LARGEST);
            }
        }
        Self {
            total: Money::from_paise(total).unwrap_or_default(),
            valid: Money::from_paise(valid).unwrap_or_default(),
            largest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits() {
        let mut bits = RowBits::default();
        for index in [0, 63, 64, 1_000_000, 64] {
            bits.set(index);
        }
        assert_eq!(bits.count(), 4);
        assert!(bits.contains(64) && !bits.contains(65) && !bits.contains(9_999_999));
    }

    #[test]
    fn lines() {
        let mut lines = Lines::default();
        let all = [2, 3, 5, 6, 7, 12];
        for (index, line) in (0u32..).zip(all) {
            lines.note(index, line);
        }
        assert_eq!((0..6).map(|index| lines.of(index)).collect::<Vec<_>>(), all);
        assert_eq!(lines.jumps.len(), 3);
    }

    #[test]
    fn sums() {
        let key = |amount| RowKey {
            own_id: 0,
            phone: 0,
            amount,
            name: 0,
            email: 0,
        };
        let mut faulty = RowBits::default();
        faulty.set(3);
        let sums = Sums::over(
            &[
                key(100),
                key(-1),
                key(300),
                key(900),
                key(300),
                key(200),
                key(50),
            ],
            &faulty,
        );
        assert_eq!((sums.total.paise(), sums.valid.paise()), (1850, 950));
        let largest: Vec<_> = sums
            .largest
            .iter()
            .map(|(row, amount)| (*row, amount.paise()))
            .collect();
        assert_eq!(largest, [(3, 300), (5, 300), (6, 200)]);
    }
}
