//! Waits and limits of repetition. PURE: chance is an argument.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::domain::planted::{self, Mistake};

/// First wait of a back-off.
const WAIT_MS_FIRST: u64 = 500;
/// Longest wait between two tries of one payout.
const WAIT_MS_MAX: u64 = 30_000;
/// First wait of a breaker.
const PROBE_MS_FIRST: u64 = 1_000;
/// Its longest: a gateway that is back is noticed within half a minute.
const PROBE_MS_MAX: u64 = 30_000;
/// Waits without a Retry-After begin here after a 429 (`cashgram-api.md` 3.6) ...
const THROTTLE_MS_FIRST: u64 = 2_000;
/// ... and end here.
const THROTTLE_MS_MAX: u64 = 60_000;
/// Nobody leaves before so much time has passed after a 429 that names no wait.
pub(super) const THROTTLE_MIN: Duration = Duration::from_millis(THROTTLE_MS_FIRST / 2);
/// Requests that a run may repeat beyond a tenth of its payouts, whatever the gateway answers: what 1.1 × payouts + 100
/// leaves after each payout's first request, the guard's look-ups and the balance.
const REPEATS_BASE: u64 = 75;
/// Each success buys so many more: a gateway that confirms one payout in ten is not one that only fails.
const REPEATS_PER_SUCCESS: u64 = 10;
/// Look-ups of one doubt: at these fractions of the settle time after we stopped waiting.
const LOOK_UP_AT: [u32; 2] = [30, 4];
/// Look-ups that wait for the status service to catch up with an id that exists, or that find no answer.
pub(super) const LOOK_UPS_MAX: u32 = 8;

/// Full jitter: between nothing and the doubled wait, so that tries spread out.
pub(super) fn backoff(tries: u32, rng: &mut fastrand::Rng) -> Duration {
    Duration::from_millis(rng.u64(0..=ceiling(WAIT_MS_FIRST, WAIT_MS_MAX, tries)))
}

/// How long everyone waits after a 429 without a Retry-After: at least half of the doubled wait.
pub(super) fn throttle_wait(times: u32, rng: &mut fastrand::Rng) -> Duration {
    let ceiling = ceiling(THROTTLE_MS_FIRST, THROTTLE_MS_MAX, times);
    Duration::from_millis(rng.u64(ceiling / 2..=ceiling))
}

/// How long until the next probe of a gateway that is out of reach: at least half of the doubled wait.
pub(super) fn probe_wait(waits: u32, rng: &mut fastrand::Rng) -> Duration {
    let ceiling = ceiling(PROBE_MS_FIRST, PROBE_MS_MAX, waits);
    Duration::from_millis(rng.u64(ceiling / 2..=ceiling))
}

fn ceiling(first: u64, max: u64, tries: u32) -> u64 {
    first
        .saturating_mul(1_u64.checked_shl(tries).unwrap_or(u64::MAX))
        .min(max)
}

/// How long after we stopped waiting the `nth` look-up (from 0) of a doubt is due.
pub(super) fn look_up_after(settle: Duration, nth: u32) -> Duration {
    let fraction = usize::try_from(nth)
        .ok()
        .and_then(|nth| LOOK_UP_AT.get(nth));
    match fraction {
        Some(part) => settle / *part,
        None => settle.saturating_mul((nth - 1).min(LOOK_UPS_MAX)),
    }
}

/// How many requests of a run may repeat an earlier one of it: so few that under a gateway that only fails a run makes
/// at most 1.1 × payouts + 100 requests. Repeats are counted and not all requests, so that payouts whose turn has
/// not come yet keep theirs; and an answered look-up of a doubt that an earlier run left is given back, or a run
/// with many of them would spend all on the first questions, and so would every run after it.
#[derive(Debug)]
pub(super) struct Budget {
    repeats: AtomicU64,
}

impl Budget {
    /// No limit: sweeps and probes count their tries themselves.
    pub(super) fn unlimited() -> Budget {
        Budget {
            repeats: AtomicU64::new(u64::MAX),
        }
    }

    /// The guard's look-ups begin: what they repeat, the run may not.
    pub(super) fn begin(&self) {
        self.update(|left| Some(left.min(REPEATS_BASE)));
    }

    /// A run over `payouts` begins.
    pub(super) fn open(&self, payouts: u64) {
        let repeats = payouts / 10;
        self.update(|left| Some(left.min(REPEATS_BASE).saturating_add(repeats)));
    }

    /// A payout was confirmed.
    pub(super) fn succeeded(&self) {
        self.update(|left| Some(left.saturating_add(REPEATS_PER_SUCCESS)));
    }

    /// Takes one repeat, if one is left.
    pub(super) fn take(&self) -> bool {
        self.update(|left| left.checked_sub(1)) || planted::is(Mistake::BudgetIgnored)
    }

    /// A repeat was no sign of a gateway that only fails.
    pub(super) fn give_back(&self) {
        self.update(|left| Some(left.saturating_add(1)));
    }

    fn update(&self, change: impl Fn(u64) -> Option<u64>) -> bool {
        self.repeats
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, change)
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_their_limit() {
        assert_eq!(
            [0, 1, 2, 6, 63, 64].map(|n| ceiling(500, 30_000, n)),
            [500, 1000, 2000, 30_000, 30_000, 30_000]
        );
        let mut rng = fastrand::Rng::with_seed(1);
        for tries in 0..100 {
            assert!(backoff(tries, &mut rng) <= Duration::from_millis(WAIT_MS_MAX));
            assert!(throttle_wait(tries, &mut rng) >= Duration::from_millis(THROTTLE_MS_FIRST / 2));
        }
    }

    #[test]
    fn a_doubt_is_looked_up_soon_then_at_the_settle_time_and_after() {
        let settle = Duration::from_secs(60);
        let at: Vec<u64> = (0..5)
            .map(|nth| look_up_after(settle, nth).as_secs())
            .collect();
        assert_eq!(at, [2, 15, 60, 120, 180]);
    }

    #[test]
    fn repeats_run_out_and_successes_bring_more() {
        let budget = Budget::unlimited();
        budget.open(1000);
        let taken = (0..1000).filter(|_| budget.take()).count();
        assert_eq!(taken, 175);
        budget.succeeded();
        let taken = (0..1000).filter(|_| budget.take()).count();
        assert_eq!(taken, 10);
        let budget = Budget::unlimited();
        budget.begin();
        assert_eq!((0..30).filter(|_| budget.take()).count(), 30);
        budget.open(1000);
        assert_eq!((0..1000).filter(|_| budget.take()).count(), 145);
    }
}
