//! The one file that may ask what time it is. India's calendar lives here too.
//!
//! Everything else takes the time as an argument, so that a run can be had again from its seed. Durations inside a
//! run come from `tokio::time::Instant`, which tests can stop; the wall clock is written down and never compared
//! for safety.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{self, TimeZone};
use tokio::time::Instant;

/// Seconds by which India's civil time is ahead of UTC. India has had no daylight saving since 1945.
const INDIA_OFFSET_SECONDS: i32 = 19_800;

/// Where the engine and the commands get the time of day from.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that stands still, for tests.
    Fixed(Timestamp),
    /// A clock that goes with tokio's, which a simulation stops and moves.
    Virtual {
        /// What it showed ...
        at: Timestamp,
        /// ... then.
        then: Instant,
    },
}

impl Clock {
    /// The present instant, UTC.
    #[expect(clippy::disallowed_methods, reason = "this is the file that may ask")]
    pub fn now(self) -> Timestamp {
        match self {
            Clock::System => Timestamp::now(),
            Clock::Fixed(at) => at,
            // Beyond the calendar it stands still.
            Clock::Virtual { at, then } => at.checked_add(then.elapsed()).unwrap_or(at),
        }
    }

    /// Today's date in India, which is the calendar that link expiries are counted in.
    pub fn today_in_india(self) -> Date {
        india_date(self.now())
    }
}

/// The date in India (UTC+05:30) at `instant`.
pub fn india_date(instant: Timestamp) -> Date {
    india_time(instant).date()
}

/// Date and time of day in India at `instant`.
pub fn india_time(instant: Timestamp) -> DateTime {
    let zone =
        tz::Offset::from_seconds(INDIA_OFFSET_SECONDS).map_or(TimeZone::UTC, TimeZone::fixed);
    instant.to_zoned(zone).datetime()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_in_india_starts_at_half_past_six_in_the_evening_utc() {
        let before: Timestamp = "2026-11-22T18:29:59Z".parse().unwrap();
        let after: Timestamp = "2026-11-22T18:30:00Z".parse().unwrap();
        assert_eq!(india_date(before).to_string(), "2026-11-22");
        assert_eq!(india_date(after).to_string(), "2026-11-23");
    }

    #[tokio::test(start_paused = true)]
    async fn a_virtual_clock_goes_with_tokios() {
        let at: Timestamp = "2026-11-22T18:29:59Z".parse().unwrap();
        let clock = Clock::Virtual {
            at,
            then: Instant::now(),
        };
        assert_eq!(clock.now(), at);
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        assert_eq!(clock.today_in_india().to_string(), "2026-11-23");
    }
}
