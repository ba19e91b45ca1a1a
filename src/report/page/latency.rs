//! How long answers took: every millisecond counted, so that the quantiles are exact. PURE.

/// What took longer is counted together: no request waits so long by default.
const MS_MAX: usize = 60_000;

/// Answers by how long they took.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Latency {
    by_ms: Vec<u64>,
    longest_ms: u64,
}

impl Latency {
    /// Counts one answer.
    pub fn add(&mut self, ms: u64) {
        let place = usize::try_from(ms).unwrap_or(MS_MAX).min(MS_MAX);
        if self.by_ms.len() <= place {
            self.by_ms.resize(place + 1, 0);
        }
        if let Some(count) = self.by_ms.get_mut(place) {
            *count += 1;
        }
        self.longest_ms = self.longest_ms.max(ms);
    }

    /// Answers.
    pub fn total(&self) -> u64 {
        self.by_ms.iter().sum()
    }

    /// The longest.
    pub fn longest_ms(&self) -> u64 {
        self.longest_ms
    }

    /// So many of a thousand took at most this long. 0 if there are none.
    pub fn quantile_ms(&self, of_thousand: u64) -> u64 {
        let wanted = self.total().saturating_mul(of_thousand).div_ceil(1_000);
        let mut seen = 0;
        for (ms, count) in (0..).zip(&self.by_ms) {
            seen += count;
            if seen >= wanted.max(1) {
                return ms;
            }
        }
        0
    }

    /// How many took from `from_ms` to just below `to_ms`.
    pub fn between(&self, from_ms: u64, to_ms: u64) -> u64 {
        let from = usize::try_from(from_ms).unwrap_or(usize::MAX);
        let many = usize::try_from(to_ms.saturating_sub(from_ms)).unwrap_or(usize::MAX);
        self.by_ms.iter().skip(from).take(many).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_has_no_quantiles() {
        assert_eq!(Latency::default().quantile_ms(500), 0);
    }

    proptest! {
        #[test]
        fn quantiles_are_those_of_the_sorted_list(mut times in prop::collection::vec(0u64..70_000, 1..200)) {
            let mut latency = Latency::default();
            times.iter().for_each(|ms| latency.add(*ms));
            times.sort_unstable();
            for of_thousand in [1u64, 500, 900, 990, 1_000] {
                let many = u64::try_from(times.len()).unwrap();
                let place = (many * of_thousand).div_ceil(1_000).max(1) - 1;
                let wanted = times[usize::try_from(place).unwrap()].min(60_000);
                prop_assert_eq!(latency.quantile_ms(of_thousand), wanted);
            }
            prop_assert_eq!(latency.longest_ms(), *times.last().unwrap());
            prop_assert_eq!(latency.between(0, u64::MAX), latency.total());
        }
    }
}
