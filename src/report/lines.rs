//! When a plain line is due. PURE: the time since the start is an argument.
//!
//! Deliberately absent: where lines go (`screen`) and what they say (`progress`).

use std::time::Duration;

/// A line so often while something happens: a log read later is not flooded, one watched live is not dead.
const LINE_EVERY: Duration = Duration::from_secs(5);
/// The bar is drawn so often at most: it is to cost less than a hundredth of the run.
const DRAW_EVERY: Duration = Duration::from_millis(500);

/// Holds a pace.
#[derive(Clone, Copy, Debug)]
pub(super) struct Due {
    every: Duration,
    next: Duration,
}

impl Due {
    /// For plain lines.
    pub(super) fn lines() -> Due {
        Due::every(LINE_EVERY)
    }

    /// For a bar.
    pub(super) fn draws() -> Due {
        Due::every(DRAW_EVERY)
    }

    fn every(every: Duration) -> Due {
        Due { every, next: every }
    }

    /// Whether something is due `elapsed` after the start, either by time or because it is urgent.
    pub(super) fn now(&mut self, elapsed: Duration, urgent: bool) -> bool {
        let due = urgent || elapsed >= self.next;
        if due {
            self.next = elapsed.saturating_add(self.every);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_time_or_by_urgency() {
        let mut due = Due::lines();
        let at = Duration::from_secs;
        assert!(!due.now(at(4), false));
        assert!(due.now(at(5), false));
        assert!(!due.now(at(9), false));
        assert!(due.now(at(9), true));
        assert!(!due.now(at(13), false));
        assert!(due.now(at(14), false));
    }
}
