//! How often something happened over time, in a bounded number of bins whatever the time. PURE.

/// More bins than a plot has room for are of no use; even, so that two make one.
pub const BINS_MAX: usize = 240;
/// The narrowest bin: a rate is a number a second.
const WIDTH_MS_FIRST: i64 = 1_000;

/// Counts by time. When it runs out of bins, each becomes twice as wide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline {
    start_ms: i64,
    width_ms: i64,
    bins: Vec<u64>,
}

impl Timeline {
    /// Begins at `start_ms`. What happened before counts as at the start: a clock may have been set back.
    pub fn starting(start_ms: i64) -> Timeline {
        Timeline {
            start_ms,
            width_ms: WIDTH_MS_FIRST,
            bins: Vec::new(),
        }
    }

    /// From `first_ms` to `last_ms`, its bins no narrower than they must be.
    pub fn spanning(first_ms: i64, last_ms: i64) -> Timeline {
        let mut timeline = Timeline::starting(first_ms);
        timeline.width_ms = 1;
        timeline.reach(timeline.place(last_ms.max(first_ms.saturating_add(1))));
        timeline
    }

    /// Counts one.
    pub fn add(&mut self, at_ms: i64) {
        self.reach(self.place(at_ms));
        let place = self.place(at_ms);
        if let Some(bin) = self.bins.get_mut(place) {
            *bin += 1;
        }
    }

    fn place(&self, at_ms: i64) -> usize {
        let since = at_ms.saturating_sub(self.start_ms).max(0);
        usize::try_from(since / self.width_ms).unwrap_or(usize::MAX)
    }

    /// Makes room for bin number `place`.
    fn reach(&mut self, mut place: usize) {
        while place >= BINS_MAX {
            self.width_ms = self.width_ms.saturating_mul(2);
            let pairs = self.bins.chunks(2);
            self.bins = pairs.map(|pair| pair.iter().sum()).collect();
            place /= 2;
        }
        if self.bins.len() <= place {
            self.bins.resize(place + 1, 0);
        }
    }

    /// Goes on to `at_ms` at least, whether anything is counted there or not.
    pub fn extend_to(&mut self, at_ms: i64) {
        self.reach(self.place(at_ms));
    }

    /// When it begins.
    pub fn start_ms(&self) -> i64 {
        self.start_ms
    }

    /// How wide a bin is.
    pub fn width_ms(&self) -> i64 {
        self.width_ms
    }

    /// From the start to the end of the last bin.
    pub fn length_ms(&self) -> u64 {
        let bins = i64::try_from(self.bins.len()).unwrap_or(i64::MAX);
        u64::try_from(bins.saturating_mul(self.width_ms)).unwrap_or(0)
    }

    /// All that was counted.
    pub fn total(&self) -> u64 {
        self.bins.iter().sum()
    }

    /// From, to (in ms since the start) and count of each bin.
    pub fn bins(&self) -> impl Iterator<Item = (u64, u64, u64)> {
        let width = u64::try_from(self.width_ms).unwrap_or(1);
        (0..)
            .zip(&self.bins)
            .map(move |(place, count): (u64, &u64)| {
                let from = place.saturating_mul(width);
                (from, from.saturating_add(width), *count)
            })
    }

    /// The greatest rate of any bin, in thousandths a second.
    pub fn peak_milli(&self) -> u64 {
        self.bins()
            .map(|(_, _, count)| self.milli(count))
            .max()
            .unwrap_or(0)
    }

    /// A bin's count as a rate, in thousandths a second.
    pub fn milli(&self, count: u64) -> u64 {
        let width = u64::try_from(self.width_ms).unwrap_or(1).max(1);
        count.saturating_mul(1_000_000) / width
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bins_widen_as_time_goes_on() {
        let mut timeline = Timeline::starting(10_000);
        for second in 0..1_000 {
            timeline.add(10_000 + second * 1_000 + 500);
        }
        assert_eq!((timeline.width_ms(), timeline.total()), (8_000, 1_000));
        assert_eq!(timeline.peak_milli(), 1_000, "one a second throughout");
        timeline.add(0);
        assert_eq!(timeline.bins().next(), Some((0, 8_000, 9)));
    }

    #[test]
    fn a_moment_has_a_length_too() {
        let mut timeline = Timeline::spanning(5, 5);
        timeline.add(5);
        assert!(timeline.length_ms() > 0);
        assert_eq!(timeline.total(), 1);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_grows(times in prop::collection::vec(-1_000i64..100_000_000_000, 0..300)) {
            let mut timeline = Timeline::starting(0);
            times.iter().for_each(|at| timeline.add(*at));
            prop_assert_eq!(timeline.total(), u64::try_from(times.len()).unwrap());
            prop_assert!(timeline.bins().count() <= BINS_MAX);
        }
    }
}
