//! How often anything may leave: the rate, and pauses that the gateway asks for.
//!
//! A request takes its *turn* from governor before it is written down, and *departs* once that is durable. Between
//! the two lies a disk, so governor alone cannot keep a second clean: departures are counted again in a sliding window.
//! governor's default burst would let nearly twice the rate through in the first second, and a burst of one loses
//! speed to timer rounding; a burst of [`BURST`] under the window has neither fault.
//!
//! One task takes the turns, in order (`engine::send`): many waiters on one limiter starve each other.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::domain::planted::{self, Mistake};

/// Turns that may be taken at once after idle time: 20 ms worth at 50/s and 100/s makes up for timers that tick at
/// 1 ms, and the window below cuts what is too much.
const BURST: NonZeroU32 = NonZeroU32::new(2).unwrap();
/// For rates whose 20 ms hold more than [`BURST`] turns.
const BURSTS_PER_SECOND: u32 = 50;
/// The window is so much longer than the second or minute it guards: requests that left in one window may arrive
/// closer together than they left. At 4 ms a busy machine of two cores put 51 of 50 into a second at a gateway beside
/// it, twice in a minute. 10 ms took 0.2 s a minute more than 6, and 5 no less.
const WINDOW_MARGIN: Duration = Duration::from_millis(6);

/// At most `count` requests in any `window`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Requests.
    pub count: NonZeroU32,
    /// In which time: a second or a minute.
    pub window: Duration,
}

impl Rate {
    /// How long one request's share of the window is.
    pub fn interval(self) -> Duration {
        self.window / self.count.get()
    }
}

/// governor on tokio's clock, so that tests can stop it.
#[derive(Clone, Copy, Debug)]
struct TokioClock(Instant);

impl GovernorClock for TokioClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from(self.0.elapsed())
    }
}

type Limiter = RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Nanos>>;

/// The pace of one run.
#[derive(Debug)]
pub(super) struct Pace {
    clock: TokioClock,
    limiter: Option<Limiter>,
    rate: Option<Rate>,
    departures: Mutex<VecDeque<Instant>>,
    not_before: watch::Sender<Option<Instant>>,
    departed: AtomicU64,
}

/// The run is stopping: the request must not leave any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Held;

impl Pace {
    /// A pace at `rate`; `None` is as fast as possible, for loopback only.
    pub(super) fn new(rate: Option<Rate>) -> Pace {
        let clock = TokioClock(Instant::now());
        let limiter = rate
            .and_then(quota)
            .map(|quota| RateLimiter::direct_with_clock(quota, clock));
        Pace {
            clock,
            limiter,
            rate,
            departures: Mutex::default(),
            not_before: watch::Sender::new(None),
            departed: AtomicU64::new(0),
        }
    }

    /// Waits for a turn. Dropping the future gives nothing away: a turn is taken only when it returns.
    pub(super) async fn turn(&self) {
        loop {
            self.wait_out_pause().await;
            let Some(limiter) = &self.limiter else { return };
            if planted::is(Mistake::RateIgnored) {
                return;
            }
            match limiter.check() {
                Ok(()) => return,
                Err(not_until) => {
                    tokio::time::sleep(not_until.wait_time_from(self.clock.now())).await
                }
            }
        }
    }

    /// The last gate before a byte leaves: pauses and the sliding window. Returns the request's number.
    ///
    /// # Errors
    ///
    /// [`Held`] as soon as `stopping` holds true: nothing may leave any more.
    pub(super) async fn depart(&self, stopping: &mut watch::Receiver<bool>) -> Result<u64, Held> {
        loop {
            if *stopping.borrow() {
                return Err(Held);
            }
            let now = Instant::now();
            let pause = self.not_before.borrow().filter(|at| *at > now);
            let Some(wait) = pause.or_else(|| self.window_full_until(now)) else {
                return Ok(self.departed.fetch_add(1, Ordering::Relaxed) + 1);
            };
            tokio::select! {
                biased;
                () = sleep_until(wait) => {}
                () = stopped(stopping) => {}
            }
        }
    }

    /// Whether nothing but the wire limits how often anything leaves.
    pub(super) fn is_unlimited(&self) -> bool {
        self.rate.is_none()
    }

    /// Requests so far, authorize not counted.
    pub(super) fn departed(&self) -> u64 {
        self.departed.load(Ordering::Relaxed)
    }

    /// Nothing leaves before `at`. A shorter pause does not cut a longer one.
    pub(super) fn pause_until(&self, at: Instant) {
        if planted::is(Mistake::RetryAfterIgnored) {
            return;
        }
        self.not_before
            .send_modify(|pause| *pause = Some(pause.map_or(at, |before| before.max(at))));
    }

    async fn wait_out_pause(&self) {
        loop {
            let until = *self.not_before.borrow();
            match until {
                Some(at) if at > Instant::now() => sleep_until(at).await,
                _ => return,
            }
        }
    }

    /// When the window has room again; `None` if it has, and the departure is counted then.
    fn window_full_until(&self, now: Instant) -> Option<Instant> {
        let rate = self.rate.filter(|_| !planted::is(Mistake::RateIgnored))?;
        let window = rate.window + WINDOW_MARGIN;
        let mut departures = self
            .departures
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        while departures
            .front()
            .is_some_and(|oldest| *oldest + window <= now)
        {
            departures.pop_front();
        }
        let full = usize::try_from(rate.count.get()).is_ok_and(|count| departures.len() >= count);
        if full {
            return departures.front().map(|oldest| *oldest + window);
        }
        departures.push_back(now);
        None
    }
}

/// Returns once the run is stopping. If nobody is left who could stop it, never.
pub(super) async fn stopped(stopping: &mut watch::Receiver<bool>) {
    if stopping.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn quota(rate: Rate) -> Option<Quota> {
    let per_second =
        u32::try_from(Duration::from_secs(1).as_nanos() / rate.interval().as_nanos().max(1))
            .ok()?;
    let burst = NonZeroU32::new(per_second / BURSTS_PER_SECOND)
        .unwrap_or(BURST)
        .max(BURST);
    Quota::with_period(rate.interval()).map(|quota| quota.allow_burst(burst.min(rate.count)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn per_second(count: u32) -> Rate {
        Rate {
            count: NonZeroU32::new(count).unwrap(),
            window: Duration::from_secs(1),
        }
    }

    async fn leave(pace: &Pace, requests: u32) -> Vec<Instant> {
        let (_stop, mut stopping) = watch::channel(false);
        let mut left = Vec::new();
        for _ in 0..requests {
            pace.turn().await;
            pace.depart(&mut stopping).await.unwrap();
            left.push(Instant::now());
        }
        left
    }

    #[tokio::test(start_paused = true)]
    async fn no_second_is_above_the_rate_and_none_is_wasted() {
        for count in [1, 2, 5, 10, 50, 100, 1000] {
            let pace = Pace::new(Some(per_second(count)));
            let start = Instant::now();
            let left = leave(&pace, count * 5).await;
            let limit = usize::try_from(count).unwrap();
            for (first, beyond) in left.iter().zip(left.iter().skip(limit)) {
                assert!(
                    *beyond - *first >= Duration::from_secs(1),
                    "{count}/s: too many within a second"
                );
            }
            let took = start.elapsed();
            assert!(
                took <= Duration::from_millis(5100),
                "{count}/s: {took:?} for five seconds' worth"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_disk_does_not_bunch_departures() {
        let pace = Pace::new(Some(per_second(10)));
        for _ in 0..10 {
            pace.turn().await;
        }
        // All ten turns were taken within a second; ten more come due while the disk stalls.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let (_stop, mut stopping) = watch::channel(false);
        let start = Instant::now();
        for _ in 0..20 {
            pace.depart(&mut stopping).await.unwrap();
        }
        assert!(start.elapsed() >= Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_leaves_during_a_pause() {
        let pace = Pace::new(None);
        let start = Instant::now();
        pace.pause_until(start + Duration::from_secs(30));
        pace.pause_until(start + Duration::from_secs(5));
        leave(&pace, 1).await;
        assert!(start.elapsed() >= Duration::from_secs(30));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_ends_the_wait() {
        let pace = Pace::new(None);
        pace.pause_until(Instant::now() + Duration::from_secs(900));
        let (stop, mut stopping) = watch::channel(false);
        let start = Instant::now();
        let waiting = pace.depart(&mut stopping);
        let (held, ()) = tokio::join!(waiting, async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            stop.send(true).unwrap();
        });
        assert_eq!(held, Err(Held));
        assert_eq!(start.elapsed(), Duration::from_secs(1));
    }
}
