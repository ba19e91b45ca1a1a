//! How often anything may leave: the rate, and the waits that a 429 asks for.
//!
//! Everything is measured where it counts: at the gateway, at the moment a whole request has arrived there. Between
//! leaving and arriving lie two schedulers, so these tests bend if a loaded machine delays one request much longer
//! than the fiftieth after it; the program allows for some milliseconds of that. Deliberately absent: benchmarks.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::support::trouble::*;
use crate::support::*;

/// When each counted request arrived, in microseconds.
fn arrivals(gate: &Gate) -> Vec<i64> {
    let all = gate.requests();
    let counted = all.iter().filter(|seen| !seen.path.ends_with("/authorize"));
    let mut arrivals: Vec<i64> = counted.map(|seen| seen.at.micros()).collect();
    arrivals.sort_unstable();
    arrivals
}

/// The most arrivals in any sliding second.
fn busiest_second(arrivals: &[i64]) -> usize {
    let within = |(place, first): (usize, &i64)| {
        let rest = arrivals.iter().skip(place);
        rest.take_while(|at| **at < first + 1_000_000).count()
    };
    arrivals.iter().enumerate().map(within).max().unwrap_or(0)
}

/// What one batch showed: when its requests arrived, and how long it took.
struct Measured(Vec<i64>, Duration);

impl Measured {
    /// What is wrong at this rate: more than `limit` arrivals in a sliding second, or time that was wasted.
    fn complaint(&self, limit: usize, each: Duration) -> Option<String> {
        let Measured(arrivals, took) = self;
        let ideal = each * u32::try_from(arrivals.len()).unwrap();
        let most = ideal + ideal / 20 + Duration::from_secs(1);
        let busiest = busiest_second(arrivals);
        let wrong = busiest > limit || *took > most;
        wrong.then(|| format!("{busiest} within a second, {took:?} instead of {ideal:?}"))
    }
}

/// Holds one of three batches to the rate. Nothing is tolerated within a batch; but a loaded machine may hold one
/// request up and let the next fifty pass, or a whole batch. Three times running it does not.
#[track_caller]
fn keeps_pace(limit: usize, each: Duration, batch: impl Fn() -> Measured) {
    let complaints: Vec<String> = (0..3)
        .map_while(|_| batch().complaint(limit, each))
        .collect();
    assert!(complaints.len() < 3, "{complaints:?}");
}

#[test]
fn fifty_a_second_are_never_exceeded_and_nearly_reached() {
    keeps_pace(50, Duration::from_millis(20), || {
        let gate = Gate::with(|options| options.latency = "150ms±50ms".parse().unwrap());
        let world = batch(300);
        let send = hasty(&world, &gate).env("PAYSHEET_RATE", "50");
        let output = sent(&send, 0, &world, &gate);
        all_paid(&world, &gate, 300);
        Measured(arrivals(&gate), output.took)
    });
}

#[test]
fn look_ups_and_repeats_count_against_the_rate() {
    // How long it takes is a matter of what was in doubt.
    keeps_pace(40, Duration::from_secs(1), || {
        let gate = Gate::with(|options| {
            options.latency = "20ms±10ms".parse().unwrap();
            options.faults = "create:lost-after=25%,create:lost-before=10%"
                .parse()
                .unwrap();
        });
        let world = batch(80);
        let send = hasty(&world, &gate).env("PAYSHEET_RATE", "40/s");
        let output = sent(&send, 0, &world, &gate);
        all_paid(&world, &gate, 80);
        assert!(gate.lookups() > 35, "the faults struck");
        Measured(arrivals(&gate), output.took)
    });
}

#[test]
fn a_rate_by_the_minute_is_spread_over_the_minute() {
    // Two may leave at once after idle time.
    keeps_pace(53, Duration::from_millis(20), || {
        let gate = Gate::with(|options| options.latency = "10ms".parse().unwrap());
        let world = batch(80);
        let send = hasty(&world, &gate).env("PAYSHEET_RATE", "3000/m");
        let output = sent(&send, 0, &world, &gate);
        Measured(arrivals(&gate), output.took)
    });
}

/// What a 429 says about when to come back.
#[derive(Clone, Copy, Debug)]
enum Wait {
    Seconds(&'static str),
    Date,
    Retry,
    ResetIn,
    ResetAt,
    Unsaid,
}

/// How long each of them asks to wait.
const ASKED: Duration = Duration::from_secs(2);
/// How long nobody comes back where the gateway does not say.
const UNSAID: Duration = Duration::from_secs(1);

/// A 429 said now, under this HTTP status, and when the wait that it asks for ends.
fn throttle(wait: Wait, http: u16) -> (Say, Instant) {
    let (now, clock) = (Instant::now(), jiff::Timestamp::now());
    // Whole seconds: what is said as a point in time lies between one and two seconds ahead.
    let at = jiff::Timestamp::from_second(clock.as_second() + 2).unwrap();
    let left = Duration::try_from(at.duration_since(clock)).unwrap();
    let mut say = Say::refusal(429, "Too many requests");
    say.status = http;
    let date = at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    match wait {
        Wait::Seconds(text) => (say.with("Retry-After", text), now + ASKED),
        Wait::Date => (say.with("Retry-After", &date), now + left),
        Wait::Retry => (say.with("x-ratelimit-retry", "2"), now + ASKED),
        Wait::ResetIn => (say.with("X-RateLimit-Reset", "2"), now + ASKED),
        Wait::ResetAt => (
            say.with("X-RateLimit-Reset", &at.as_second().to_string()),
            now + left,
        ),
        Wait::Unsaid => (say, now + UNSAID),
    }
}

/// Quiet times, from and until.
type Quiet = Arc<Mutex<Vec<(Instant, Instant)>>>;

/// A gateway that answers 429 where `strikes`, and the quiet times that it asked for.
fn throttler(
    wait: Wait,
    http: u16,
    strikes: impl Fn(&Ask) -> bool + Send + Sync + 'static,
) -> (Raw, Quiet) {
    let quiet = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&quiet);
    let raw = Raw::start(move |ask| {
        if !strikes(ask) {
            return Act::Honest;
        }
        let (say, until) = throttle(wait, http);
        noted.lock().unwrap().push((Instant::now(), until));
        Act::Instead(Manner::Says(say))
    });
    (raw, quiet)
}

/// Nothing arrived in a quiet time but what may have been on its way when it began.
#[track_caller]
fn quiet_was_kept(raw: &Raw, quiet: &[(Instant, Instant)], on_its_way: Duration, what: &str) {
    assert!(!quiet.is_empty(), "{what}: nobody was throttled");
    for (from, until) in quiet {
        let from = *from + on_its_way;
        let early = raw
            .requests()
            .into_iter()
            .find(|ask| ask.at > from && ask.at < *until);
        assert!(
            early.is_none(),
            "{what}: {early:?} came {:?} too early",
            early.as_ref().map(|ask| *until - ask.at)
        );
    }
}

#[test]
fn nothing_leaves_before_the_wait_is_over_however_it_is_said() {
    let cases = vec![
        (Wait::Seconds("2"), 429),
        (Wait::Seconds("1.5"), 429),
        (Wait::Date, 429),
        (Wait::Retry, 429),
        (Wait::ResetIn, 429),
        (Wait::ResetAt, 429),
        (Wait::Unsaid, 429),
        (Wait::Seconds("2"), 200),
        (Wait::Unsaid, 200),
    ];
    each_of(cases, |(wait, http)| {
        let strikes = |ask: &Ask| ask.is_create() && ask.nth == 3;
        let (raw, quiet) = throttler(wait, http, strikes);
        let world = batch(6);
        let send = hasty(&world, &raw).args(["--concurrency", "1"]);
        sent(&send, 0, &world, &raw);
        all_paid(&world, &raw, 6);
        quiet_was_kept(
            &raw,
            &quiet.lock().unwrap(),
            Duration::ZERO,
            &format!("{wait:?} under {http}"),
        );
        assert_eq!(raw.creates(), 7);
    });
}

#[test]
fn a_429_to_any_request_holds_every_other_back() {
    let cases = vec![
        "/authorize",
        "/getCashgramStatus",
        "/getBalance",
        "/createCashgram",
    ];
    each_of(cases, |path| {
        let (raw, quiet) = throttler(Wait::Seconds("2"), 429, move |ask| {
            ask.is(path) && ask.nth == 1
        });
        let world = batch(6);
        let send = hasty(&world, &raw).args(["--concurrency", "1"]);
        sent(&send, 0, &world, &raw);
        all_paid(&world, &raw, 6);
        quiet_was_kept(&raw, &quiet.lock().unwrap(), Duration::ZERO, path);
    });
}

#[test]
fn a_crowd_is_held_back_too() {
    let strikes = |ask: &Ask| ask.is_create() && (20..22).contains(&ask.nth);
    let (raw, quiet) = throttler(Wait::Seconds("2"), 429, strikes);
    let world = batch(100);
    let send = hasty(&world, &raw)
        .args(["--concurrency", "16"])
        .env("PAYSHEET_RATE", "200");
    sent(&send, 0, &world, &raw);
    all_paid(&world, &raw, 100);
    quiet_was_kept(
        &raw,
        &quiet.lock().unwrap(),
        Duration::from_millis(150),
        "16 at once",
    );
}

#[test]
fn a_storm_of_429_is_sat_out_one_probe_at_a_time() {
    let (raw, quiet) = throttler(Wait::Seconds("1"), 429, |ask| {
        ask.is_create() && ask.nth <= 4
    });
    let world = batch(10);
    let send = hasty(&world, &raw).args(["--concurrency", "1"]);
    sent(&send, 0, &world, &raw);
    all_paid(&world, &raw, 10);
    let ends: Vec<(Instant, Instant)> = quiet
        .lock()
        .unwrap()
        .iter()
        .map(|(from, _)| (*from, *from + Duration::from_secs(1)))
        .collect();
    quiet_was_kept(&raw, &ends, Duration::ZERO, "storm");
    assert_eq!(raw.creates(), 14);
}

/// A wait longer than the user's patience ends the run when that runs out: neither later, nor by asking too early.
#[test]
fn a_wait_beyond_patience_ends_the_run_in_time_and_unasked() {
    let cases: Vec<(&str, &str)> = vec![
        ("/authorize", "60"),
        ("/authorize", "a date"),
        ("/getCashgramStatus", "60"),
        ("/createCashgram", "60"),
    ];
    each_of(cases, |(path, text)| {
        let until = jiff::Timestamp::from_second(jiff::Timestamp::now().as_second() + 60).unwrap();
        let date = until.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let say = Say::refusal(429, "Too many requests");
        let say = say.with("Retry-After", if text == "a date" { &date } else { text });
        let raw = Raw::start(move |ask| match ask.is(path) {
            true => Act::Instead(Manner::Says(say.clone())),
            false => Act::Honest,
        });
        let world = batch(5);
        let send = giving_up(&world, &raw, "2s").args(["--concurrency", "1"]);
        let output =
            sent(&send, 1, &world, &raw).says(["asked to wait", "run the same command again"]);
        assert!(
            output.took < Duration::from_secs(20),
            "{path}: {:?}",
            output.took
        );
        assert_eq!(raw.count(path), 1, "{path} was asked again: {output}");
    });
}
