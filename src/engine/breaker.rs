//! When the gateway is out of reach: wait, send one probe, wait longer. PURE: the time and chance are arguments.
//!
//! A breaker pauses; it never fails a row. After a pause exactly one request goes out, and only its answer opens the
//! way for the others.

use std::time::Duration;

use tokio::time::Instant;

use super::retry;

/// Failures in a row that may be bad luck among many requests in flight.
const FAILURES_MAX: u32 = 10;
/// Nothing left the machine so often in a row: the network or the gateway is down.
const UNREACHABLE_MAX: u32 = 3;
/// Nothing was heard for so long beyond the last wait: it was the run that stood still (SIGSTOP, a machine put to sleep).
/// What fails then began before, and patience with the gateway begins anew. More than the longest timeout, which is ten
/// minutes: a gateway that never answers is heard of no sooner.
const STANDSTILL_MIN: Duration = Duration::from_secs(15 * 60);

/// What one request told about the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// It answered sensibly.
    Answered,
    /// No usable answer.
    Failed,
    /// No byte left.
    Unreachable,
    /// It asked to wait so long.
    Throttled(Duration),
}

/// Whether a request may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    /// Yes.
    Open,
    /// Not before then; afterwards one probe.
    Until(Instant),
    /// Not before the probe's answer.
    Probing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Closed,
    Waiting(Instant),
    Probing,
}

/// The breaker of one kind of request.
#[derive(Clone, Debug)]
pub(super) struct Breaker {
    mode: Mode,
    failures: u32,
    unreachable: u32,
    waits: u32,
    since: Option<Instant>,
    /// When the last failure was noted, or the last wait ended.
    heard: Option<Instant>,
}

impl Breaker {
    /// A breaker that lets everything pass.
    pub(super) fn new() -> Breaker {
        Breaker {
            mode: Mode::Closed,
            failures: 0,
            unreachable: 0,
            waits: 0,
            since: None,
            heard: None,
        }
    }

    /// Whether a request may leave at `now`.
    pub(super) fn gate(&self, now: Instant) -> Gate {
        match self.mode {
            Mode::Closed => Gate::Open,
            Mode::Waiting(until) if until > now => Gate::Until(until),
            Mode::Waiting(_) => Gate::Open,
            Mode::Probing => Gate::Probing,
        }
    }

    /// A request leaves; after a wait it is the probe.
    pub(super) fn left(&mut self) {
        if let Mode::Waiting(until) = self.mode {
            self.heard = self.heard.max(Some(until));
            self.mode = Mode::Probing;
        }
    }

    /// Takes note of how a request ended. Returns the new wait if it tripped.
    pub(super) fn note(
        &mut self,
        sign: Sign,
        now: Instant,
        rng: &mut fastrand::Rng,
    ) -> Option<Duration> {
        if self.stood_still(now) {
            self.since = None;
        }
        self.heard = Some(now);
        match sign {
            Sign::Answered => {
                *self = Breaker::new();
                return None;
            }
            Sign::Throttled(wait) => {
                self.since = self.since.or(Some(now));
                return self.wait(now, wait);
            }
            Sign::Failed => self.failures += 1,
            Sign::Unreachable => {
                self.failures += 1;
                self.unreachable += 1;
            }
        }
        self.since = self.since.or(Some(now));
        // A probe that fails closes the way again, however few failures there were: nothing else would.
        let tripped = self.failures >= FAILURES_MAX
            || self.unreachable >= UNREACHABLE_MAX
            || self.mode == Mode::Probing;
        let already_waiting = matches!(self.mode, Mode::Waiting(until) if until > now);
        if !tripped || already_waiting {
            return None;
        }
        let wait = retry::probe_wait(self.waits, rng);
        self.waits += 1;
        self.wait(now, wait)
    }

    fn stood_still(&self, now: Instant) -> bool {
        let waited = match self.mode {
            Mode::Waiting(until) => Some(until),
            Mode::Closed | Mode::Probing => None,
        };
        let heard = self.heard.max(waited);
        heard.is_some_and(|heard| now.saturating_duration_since(heard) >= STANDSTILL_MIN)
    }

    fn wait(&mut self, now: Instant, wait: Duration) -> Option<Duration> {
        let until = now + wait;
        match self.mode {
            Mode::Waiting(before) if before >= until => None,
            Mode::Waiting(_) | Mode::Closed | Mode::Probing => {
                self.mode = Mode::Waiting(until);
                Some(wait)
            }
        }
    }

    /// For how long nothing has succeeded.
    pub(super) fn failing_for(&self, now: Instant) -> Duration {
        self.since
            .map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }

    /// When it has to be given up, if nothing succeeds before: `patience` after the first failure.
    pub(super) fn deadline(&self, patience: Duration) -> Option<Instant> {
        self.since.map(|since| since + patience)
    }

    /// Whether patience has run out while nothing may leave. Where something may, its answer decides first.
    pub(super) fn is_hopeless(&self, now: Instant, patience: Duration) -> bool {
        let waiting = matches!(self.gate(now), Gate::Until(_));
        waiting && self.failing_for(now) >= patience
    }
}

impl Default for Breaker {
    fn default() -> Breaker {
        Breaker::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rng() -> fastrand::Rng {
        fastrand::Rng::with_seed(7)
    }

    #[tokio::test(start_paused = true)]
    async fn it_trips_waits_probes_and_closes() {
        let (mut breaker, mut rng, now) = (Breaker::new(), rng(), Instant::now());
        assert_eq!(breaker.note(Sign::Unreachable, now, &mut rng), None);
        assert_eq!(breaker.note(Sign::Unreachable, now, &mut rng), None);
        let wait = breaker.note(Sign::Unreachable, now, &mut rng).unwrap();
        assert_eq!(breaker.gate(now), Gate::Until(now + wait));
        let later = now + wait;
        assert_eq!(breaker.gate(later), Gate::Open);
        breaker.left();
        assert_eq!(breaker.gate(later), Gate::Probing, "one probe only");
        let longer = breaker.note(Sign::Failed, later, &mut rng).unwrap();
        assert!(longer >= Duration::from_secs(1));
        breaker.left();
        breaker.note(Sign::Answered, later, &mut rng);
        assert_eq!(breaker.gate(later), Gate::Open);
        assert_eq!(breaker.failing_for(later + longer), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn waits_are_bounded_and_a_success_forgets_them() {
        let (mut breaker, mut rng, mut now) = (Breaker::new(), rng(), Instant::now());
        for _ in 0..100 {
            if let Some(wait) = breaker.note(Sign::Failed, now, &mut rng) {
                assert!(wait <= Duration::from_secs(30));
                now += wait;
                breaker.left();
            }
        }
        assert!(breaker.failing_for(now) > Duration::from_secs(60));
    }

    #[tokio::test(start_paused = true)]
    async fn patience_begins_anew_after_a_standstill_and_not_after_a_wait() {
        let (mut breaker, mut rng, now) = (Breaker::new(), rng(), Instant::now());
        breaker.note(Sign::Failed, now, &mut rng);
        let hour = Duration::from_secs(3_600);
        breaker.note(Sign::Failed, now + hour, &mut rng);
        assert_eq!(breaker.failing_for(now + hour), Duration::ZERO);
        breaker.note(Sign::Throttled(hour), now + hour, &mut rng);
        let later = now + hour + hour;
        breaker.left();
        breaker.note(Sign::Failed, later + Duration::from_secs(30), &mut rng);
        assert!(breaker.failing_for(later) >= hour);
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_fails_after_a_429_does_not_block_the_way_for_ever() {
        let (mut breaker, mut rng, now) = (Breaker::new(), rng(), Instant::now());
        breaker.note(Sign::Throttled(Duration::from_secs(1)), now, &mut rng);
        let later = now + Duration::from_secs(1);
        breaker.left();
        assert_eq!(breaker.gate(later), Gate::Probing);
        let wait = breaker.note(Sign::Failed, later, &mut rng).unwrap();
        assert_eq!(breaker.gate(later), Gate::Until(later + wait));
    }

    #[tokio::test(start_paused = true)]
    async fn a_longer_retry_after_wins() {
        let (mut breaker, mut rng, now) = (Breaker::new(), rng(), Instant::now());
        assert!(
            breaker
                .note(Sign::Throttled(Duration::from_secs(30)), now, &mut rng)
                .is_some()
        );
        assert_eq!(
            breaker.note(Sign::Throttled(Duration::from_secs(5)), now, &mut rng),
            None
        );
        assert_eq!(
            breaker.gate(now),
            Gate::Until(now + Duration::from_secs(30))
        );
    }
}
