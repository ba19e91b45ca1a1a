//! What the headers of a reply say, as far as it is of use: how long to wait, what time it is over there.
//!
//! Three families of throttle headers are documented (cashgram-api.md 3.6); all are read. PURE: the present time,
//! needed for a wait that is given as a date, comes from the reply's own `Date` or from the caller.
//!
//! Deliberately absent: the content type as evidence. A reply is judged by what its body is, not by what it is called.

use std::time::Duration;

use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

use super::wire;

/// Shortest wait after a 429: "0" and dates just passed are answered with patience.
const WAIT_MIN: Duration = Duration::from_secs(1);
/// Longest wait that is believed. It bounds arithmetic, not patience: whoever waits gives up by `--give-up-after`, and
/// nothing leaves before the wait has passed.
const WAIT_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// From here on a number of seconds is a point in time: no limiter asks for 30 years.
const EPOCH_MIN_SECONDS: i64 = 1_000_000_000;
/// The weekday of a date is decoration: the rest of it says when.
const DATES: DateTimeParser = DateTimeParser::new().relaxed_weekday(true);
/// Longest request id that is kept, in characters: a UUID has 36.
const REQUEST_ID_CHARS_MAX: usize = 64;

/// What the headers of a reply say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplyHeaders {
    /// The wait that the throttle headers ask for, within 1 s and a day; `None` if they ask for none.
    pub wait: Option<Duration>,
    /// The gateway's clock, in unix seconds.
    pub date: Option<i64>,
    /// The gateway's own name for this exchange, for its support.
    pub request_id: Option<String>,
}

impl ReplyHeaders {
    /// Reads the headers of a reply received at `now` (unix seconds).
    pub fn read(headers: &HeaderMap, now: i64) -> ReplyHeaders {
        let date = headers
            .get(DATE)
            .and_then(|value| http_date(value.to_str().ok()?));
        ReplyHeaders {
            wait: wait(headers, date.unwrap_or(now)),
            date,
            request_id: headers
                .get("x-request-id")
                .and_then(|value| value.to_str().ok())
                .map(|id| wire::cut(id, REQUEST_ID_CHARS_MAX))
                .filter(|id| !id.is_empty()),
        }
    }
}

/// The first family that makes sense decides: `Retry-After`, `x-ratelimit-retry`, `X-RateLimit-Reset`.
fn wait(headers: &HeaderMap, now: i64) -> Option<Duration> {
    let longest = |name: &str, read: &dyn Fn(&str) -> Option<i64>| {
        headers
            .get_all(name)
            .iter()
            .filter_map(|value| read(value.to_str().ok()?.trim()))
            .max()
    };
    let until = |instant: i64| instant.saturating_sub(now);
    let after = |text: &str| seconds(text).or_else(|| http_date(text).map(until));
    let reset = |text: &str| match seconds(text)? {
        instant if instant >= EPOCH_MIN_SECONDS => Some(until(instant)),
        wait => Some(wait),
    };
    longest(RETRY_AFTER.as_str(), &after)
        .or_else(|| longest("x-ratelimit-retry", &seconds))
        .or_else(|| longest("x-ratelimit-reset", &reset))
        .map(|seconds| Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
        .map(|wait| wait.clamp(WAIT_MIN, WAIT_MAX))
}

/// Whole seconds, rounded up; digits only, so that a negative wait is nonsense and not a short wait.
fn seconds(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let more = i64::from(fraction.bytes().any(|byte| byte != b'0'));
    Some(whole.parse().unwrap_or(i64::MAX).saturating_add(more))
}

/// An HTTP date, e.g. `Sun, 22 Nov 2026 10:00:00 GMT`, in unix seconds.
fn http_date(text: &str) -> Option<i64> {
    let parsed = DATES.parse_timestamp(text);
    parsed.ok().map(|instant| instant.as_second())
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    /// 2026-11-22T10:00:00Z.
    const NOW: i64 = 1_795_341_600;

    fn read(pairs: &[(&'static str, &str)]) -> ReplyHeaders {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(
                HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        ReplyHeaders::read(&headers, NOW)
    }

    #[test]
    fn every_dialect_of_a_wait_is_read_and_clamped() {
        for (name, value, wait) in [
            ("retry-after", "7", Some(7)),
            ("retry-after", " 7 ", Some(7)),
            ("retry-after", "0", Some(1)),
            ("retry-after", "1.2", Some(2)),
            ("retry-after", "2.0", Some(2)),
            ("retry-after", "31536000", Some(86_400)),
            ("retry-after", "99999999999999999999999", Some(86_400)),
            ("retry-after", "-5", None),
            ("retry-after", "soon", None),
            ("retry-after", "", None),
            ("retry-after", "1e3", None),
            ("retry-after", "Sun, 22 Nov 2026 10:00:30 GMT", Some(30)),
            ("retry-after", "Sun, 22 Nov 2026 09:00:30 GMT", Some(1)),
            ("retry-after", "Sun, 22 Nov 2029 10:00:30 GMT", Some(86_400)),
            ("x-ratelimit-retry", "12", Some(12)),
            ("x-ratelimit-retry", "nonsense", None),
            ("x-ratelimit-reset", "33", Some(33)),
            ("x-ratelimit-reset", "1795341645", Some(45)),
            ("x-ratelimit-reset", "1795341000", Some(1)),
            ("x-ratelimit-limit", "60", None),
        ] {
            let read = read(&[(name, value)]).wait;
            assert_eq!(read, wait.map(Duration::from_secs), "{name}: {value}");
        }
    }

    #[test]
    fn a_date_is_measured_by_the_clock_of_the_reply() {
        let read = read(&[
            ("date", "Sun, 22 Nov 2026 11:00:00 GMT"),
            ("retry-after", "Sun, 22 Nov 2026 11:00:20 GMT"),
        ]);
        assert_eq!(read.wait, Some(Duration::from_secs(20)));
        assert_eq!(read.date, Some(NOW + 3_600));
    }

    #[test]
    fn nonsense_gives_way_to_the_next_family_and_the_longest_of_equals_wins() {
        let first = read(&[
            ("retry-after", "x"),
            ("x-ratelimit-retry", "5"),
            ("x-ratelimit-reset", "9"),
        ]);
        assert_eq!(first.wait, Some(Duration::from_secs(5)));
        let twice = read(&[("retry-after", "3"), ("retry-after", "8")]);
        assert_eq!(twice.wait, Some(Duration::from_secs(8)));
        assert_eq!(read(&[]), ReplyHeaders::default());
    }

    #[test]
    fn the_request_id_is_bounded() {
        assert_eq!(
            read(&[("x-request-id", "abc")]).request_id.as_deref(),
            Some("abc")
        );
        assert_eq!(read(&[("x-request-id", "")]).request_id, None);
        assert_eq!(
            read(&[("x-request-id", &"r".repeat(900))])
                .request_id
                .map(|id| id.len()),
            Some(64)
        );
    }
}
