//! Waits and limits of repetition. PURE: chance is an argument.

use std::time::Duration;

/// First wait of a back-off.
const WAIT_MS_FIRST: u64 = 500;
/// Longest wait between two tries of one payout.
const WAIT_MS_MAX: u64 = 30_000;
/// Waits without a Retry-After begin here after a 429 (`cashgram-api.md` 3.6) ...
const THROTTLE_MS_FIRST: u64 = 2_000;
/// ... and end here.
const THROTTLE_MS_MAX: u64 = 60_000;
/// Requests that a run may make beyond 1.1 times its payouts, whatever the gateway answers.
const BUDGET_BASE: u64 = 100;
/// Each success buys so many more: a gateway that confirms one payout in ten is not one that only fails.
const BUDGET_PER_SUCCESS: u64 = 10;
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

/// How many requests a run may make: under a gateway that only fails, 1.1 × payouts + 100.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    allowed: u64,
}

impl Budget {
    /// The budget of a run over `payouts`.
    pub(super) fn new(payouts: u64) -> Budget {
        Budget {
            allowed: payouts
                .saturating_add(payouts / 10)
                .saturating_add(BUDGET_BASE),
        }
    }

    /// A payout was confirmed.
    pub(super) fn succeeded(&mut self) {
        self.allowed = self.allowed.saturating_add(BUDGET_PER_SUCCESS);
    }

    /// Whether a request that repeats an earlier one may go out after `requests` others.
    pub(super) fn allows(&self, requests: u64) -> bool {
        requests < self.allowed
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
    fn a_gateway_that_only_fails_gets_little_more_than_one_request_a_row() {
        let mut budget = Budget::new(1000);
        assert!(budget.allows(1199));
        assert!(!budget.allows(1200));
        budget.succeeded();
        assert!(budget.allows(1209));
    }
}
