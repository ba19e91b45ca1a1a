//! What only a whole sheet tells: rows alike, amounts far from the others, how its dates are written.
//!
//! Deliberately absent: anything that one row shows by itself.

use super::super::dates::DateReading;
use super::super::tally::Lines;
use super::super::twins::{self, Twin};
use super::super::warn::{Hint, Whole};
use super::Checker;

/// What only a whole sheet tells, for a second pass over it.
pub(in crate::sheet) struct Known {
    pub(super) reading: DateReading,
    pub(super) twins: Vec<Twin>,
    pub(super) lines: Lines,
    /// Rows that a warning is due to, for a sink that wants those row by row.
    pub(super) hints: Vec<(u32, Hint)>,
}

impl Known {
    /// What the row is like, and the line of that row.
    pub(super) fn twin(&self, row: u32) -> Option<(Twin, u64)> {
        let place = self
            .twins
            .binary_search_by_key(&row, |twin| twin.row)
            .ok()?;
        let twin = *self.twins.get(place)?;
        Some((twin, self.lines.of(twin.other)))
    }

    fn hints(&self, row: u32) -> impl Iterator<Item = Hint> {
        let from = self.hints.partition_point(|(other, _)| *other < row);
        let rest = self.hints.get(from..).unwrap_or_default();
        let here = rest.iter().take_while(move |(other, _)| *other == row);
        here.map(|(_, hint)| *hint)
    }
}

impl Checker<'_> {
    /// What a second pass must know, now that all rows were seen; none if it would find nothing else.
    pub(in crate::sheet) fn second_thoughts(&mut self) -> Option<Known> {
        let reading = self.votes.verdict();
        let (twins, hints) = self.compare();
        if reading == self.reading && twins.is_empty() && hints.is_empty() {
            return None;
        }
        let lines = std::mem::take(&mut self.lines);
        Some(Known {
            reading,
            twins,
            lines,
            hints,
        })
    }

    /// Compares all rows with each other: gives those that are a problem, and warns of others, which it gives too if the
    /// sink wants them.
    pub(in crate::sheet) fn compare(&mut self) -> (Vec<Twin>, Vec<(u32, Hint)>) {
        let mut warnings = std::mem::take(&mut self.warnings);
        let (keys, lines) = (&self.keys, &self.lines);
        let whole = Whole {
            header: self.header,
            line: &|row| lines.of(row),
        };
        let (wanted, mut hints) = (self.sink.wants_warnings(), Vec::new());
        let mut hint = |row: u32, hint: Hint| {
            warnings.add(row, hint.code(), || whole.fault(row, hint, keys));
            if wanted {
                hints.push((row, hint));
            }
        };
        let mut repeated =
            |repeat, (row, other): (u32, u32)| hint(row, Hint::Repeated(repeat, other));
        let seed = self.hasher.own_id("twins");
        let payments = !self.rules.allow_duplicates;
        let twins = twins::find(keys, seed, payments, self.judge, &mut repeated);
        Whole::unusual(keys, self.span, &mut hint);
        hints.sort_by_key(|(row, _)| *row);
        self.warnings = warnings;
        (twins, hints)
    }

    /// Tells the sink what the row just judged is warned of for the sake of other rows, which an earlier pass found.
    pub(in crate::sheet) fn hinted(&mut self) {
        let (Some(known), Some(row)) = (self.known, self.keys.len().checked_sub(1)) else {
            return;
        };
        let row = u32::try_from(row).unwrap_or(u32::MAX);
        let whole = Whole {
            header: self.header,
            line: &|row| known.lines.of(row),
        };
        for hint in known.hints(row) {
            self.sink.warning(&whole.fault(row, hint, &self.keys));
        }
    }
}
