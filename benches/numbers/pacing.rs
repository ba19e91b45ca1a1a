//! How soon the first request leaves, and how well the rate is kept.

use std::time::Duration;

use crate::figure::{Figure, median, millis, ratio, seconds, thousandths_up};
use crate::gateway::{Arrival, Gateway, creates};
use crate::program::run;
use crate::world::World;

/// A sheet of everyday size.
const SMALL_ROWS: u64 = 25;
const STARTS: usize = 21;
const START_MAX: Duration = Duration::from_millis(100);

const PACED_ROWS: u64 = 3_000;
const RATE: u64 = 50;
/// Thousandths of rows over rate.
const PACE_MAX: u128 = 1_020;
/// The gateway's longest answer.
const LATENCY_MAX: Duration = Duration::from_millis(300);

/// Start of the process to the first request, on a small sheet.
pub(crate) fn start(world: &World) -> Vec<Figure> {
    let mut firsts = Vec::new();
    let mut first_creates = Vec::new();
    for _ in 0..STARTS {
        let folder = world.folder("start");
        let gateway = Gateway::start(&folder, &[]);
        let sheet = world.sheet(&folder, SMALL_ROWS);
        let ran = run(&mut gateway.send(&sheet, &["--rate", "0"])).ended(0);
        let arrivals = gateway.arrivals();
        firsts.push(since(ran.started_us, arrivals[0].at_us));
        first_creates.push(since(ran.started_us, creates(&arrivals)[0]));
    }
    let (first, create) = (median(firsts), median(first_creates));
    vec![
        Figure::held(
            format!("start to first request, {SMALL_ROWS} rows, median of {STARTS}"),
            millis(first),
            format!("<= {}", millis(START_MAX)),
            first <= START_MAX,
        ),
        Figure::told(
            "start to first create (login, probe, balance before)",
            millis(create),
        ),
    ]
}

/// From one instant to another, both in microseconds since 1970.
pub(crate) fn since(from_us: i64, to_us: i64) -> Duration {
    Duration::from_micros(u64::try_from(to_us - from_us).unwrap_or(0))
}

/// A paced run against a gateway that takes its time and counts.
pub(crate) fn pace(world: &World) -> Vec<Figure> {
    let folder = world.folder("pace");
    let rate = RATE.to_string();
    let options = ["--latency", "200ms±100ms", "--rate-limit", &rate];
    let gateway = Gateway::start(&folder, &options);
    let sheet = world.sheet(&folder, PACED_ROWS);
    let ran = run(&mut gateway.send(&sheet, &["--rate", &rate])).ended(0);
    let arrivals = gateway.arrivals();
    let ideal = Duration::from_secs(PACED_ROWS / RATE);
    let most = most_in_a_second(&arrivals);
    let refused = arrivals
        .iter()
        .filter(|arrival| arrival.status == 429)
        .count();
    let paced = ran.wall.saturating_sub(LATENCY_MAX);
    let pace = thousandths_up(paced.as_micros(), ideal.as_micros());
    vec![
        Figure::held(
            format!("{PACED_ROWS} rows at {RATE}/s, wall less one latency, of ideal"),
            ratio(pace),
            format!("<= {}", ratio(PACE_MAX)),
            pace <= PACE_MAX,
        ),
        Figure::held(
            "most requests in a sliding second",
            most.to_string(),
            format!("<= {RATE}"),
            most <= RATE,
        ),
        Figure::held(
            "429 from a gateway that counts the same",
            refused.to_string(),
            "0",
            refused == 0,
        ),
        Figure::told("wall time", seconds(ran.wall)),
        Figure::told("time on a core", seconds(ran.cpu)),
    ]
}

/// Authorize is not counted.
fn most_in_a_second(arrivals: &[Arrival]) -> u64 {
    let counted = arrivals
        .iter()
        .filter(|arrival| arrival.operation != "authorize");
    let at_us: Vec<i64> = counted.map(|arrival| arrival.at_us).collect();
    let in_second_from = |place: usize| {
        let end = at_us[place] + 1_000_000;
        at_us.partition_point(|at| *at < end) - place
    };
    let most = (0..at_us.len()).map(in_second_from).max().unwrap_or(0);
    u64::try_from(most).unwrap()
}
