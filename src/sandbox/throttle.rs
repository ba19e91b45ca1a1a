//! PURE. A limit on requests in any sliding second, as strict as the limit that clients promise to keep.
//!
//! Deliberately absent: bursts and buckets. What a client is measured against is "never more than N within one
//! second", so exactly that is counted.

use super::time::{Moment, SECOND_US};
use std::collections::VecDeque;

/// Admits at most `limit` requests in any sliding second.
#[derive(Debug)]
pub(super) struct Throttle {
    limit: usize,
    admitted: VecDeque<Moment>,
}

/// What the throttle says to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It may pass; so many more could within this second.
    Admitted { left: usize },
    /// It may not; one could after so many seconds (rounded up).
    Refused { wait_s: i64 },
}

impl Throttle {
    /// A throttle of `limit` requests a second.
    pub(super) fn new(limit: u32) -> Self {
        Self {
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            admitted: VecDeque::new(),
        }
    }

    /// Requests admitted in a second.
    pub(super) const fn limit(&self) -> usize {
        self.limit
    }

    /// Takes a turn at `now`. A refused request does not count.
    pub(super) fn turn(&mut self, now: Moment) -> Turn {
        let horizon = now.plus_micros(-SECOND_US);
        while self.admitted.front().is_some_and(|at| *at <= horizon) {
            self.admitted.pop_front();
        }
        if self.admitted.len() < self.limit {
            self.admitted.push_back(now);
            return Turn::Admitted {
                left: self.limit.saturating_sub(self.admitted.len()),
            };
        }
        let oldest = self.admitted.front().copied().unwrap_or(now);
        let free = oldest
            .plus_micros(SECOND_US)
            .micros()
            .saturating_sub(now.micros());
        let wait_s = free
            .saturating_add(SECOND_US - 1)
            .div_euclid(SECOND_US)
            .max(1);
        Turn::Refused { wait_s }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_sliding_second_holds_more_than_the_limit() {
        let mut throttle = Throttle::new(2);
        let mut turn = |micros| throttle.turn(Moment::from_micros(micros));
        assert_eq!(turn(0), Turn::Admitted { left: 1 });
        assert_eq!(turn(900_000), Turn::Admitted { left: 0 });
        assert_eq!(turn(999_999), Turn::Refused { wait_s: 1 });
        assert_eq!(turn(1_000_000), Turn::Admitted { left: 0 });
        assert_eq!(turn(1_800_000), Turn::Refused { wait_s: 1 });
        assert_eq!(turn(1_900_000), Turn::Admitted { left: 0 });
    }
}
