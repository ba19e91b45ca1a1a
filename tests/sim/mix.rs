//! What one seed makes of the world: how big the batch is, how hostile the gateway, how mortal our side.
//!
//! Swarm testing: each seed leaves most faults out and takes some in earnest, so that rare mixes meet and no fault
//! hides another. Deliberately absent: anything that is decided while a run goes on (`world`, `life`).

use std::num::NonZeroU32;
use std::time::Duration;

use fastrand::Rng;
use paysheet::engine::{Limits, Rate};
use paysheet::sandbox::{
    BalanceRule, ErrorStyle, Latency, Life, Options, Plan, Share, Span, StatusShape,
};

/// Rows of the largest sheet.
const ROWS_MAX: usize = 40;
/// Longer than the slowest way there, the slowest bank and the slowest way back together: in peace nothing times out.
const TIMEOUT_S_MIN: u64 = 8;
/// In this many thousandths a network fault is counted.
pub(crate) const WHOLE: u32 = 1000;

/// Faults that a create can meet at the gateway, by their names in a plan.
pub(crate) const OF_CREATE: [&str; 33] = [
    "lost-before",
    "lost-after",
    "late",
    "reset",
    "cut",
    "stall-before",
    "stall",
    "delay",
    "drip",
    "500-before",
    "500-after",
    "520-before",
    "520-after",
    "502-before",
    "502-after",
    "503-before",
    "503-after",
    "no-fund-source",
    "no-rates",
    "ip-blocked",
    "not-enabled",
    "token-death",
    "429",
    "429-bare",
    "429-200",
    "html",
    "html-200",
    "redirect",
    "half-json",
    "empty",
    "subcode-number",
    "subcode-missing",
    "data-null",
];
/// Faults of a create that end in conflict, since a 409 was not earned.
pub(crate) const OF_CREATE_CONFLICT: [&str; 2] = ["409", "409-phantom"];
/// Faults that a question can meet.
pub(crate) const OF_STATUS: [&str; 20] = [
    "lost-before",
    "reset",
    "cut",
    "stall",
    "delay",
    "drip",
    "500-before",
    "520-after",
    "503-before",
    "token-death",
    "429",
    "429-200",
    "html-200",
    "half-json",
    "empty",
    "subcode-missing",
    "data-null",
    "missing",
    "lower-case",
    "unknown-word",
];
/// Faults that stopping a link can meet.
pub(crate) const OF_DEACTIVATE: [&str; 16] = [
    "lost-before",
    "lost-after",
    "reset",
    "cut",
    "stall",
    "delay",
    "500-before",
    "500-after",
    "520-after",
    "503-before",
    "token-death",
    "429",
    "429-200",
    "half-json",
    "empty",
    "subcode-missing",
];
/// Faults of the doors before.
pub(crate) const OF_AUTHORIZE: [&str; 8] = [
    "lost-before",
    "stall",
    "500-before",
    "502-before",
    "429",
    "half-json",
    "empty",
    "data-null",
];
/// Faults after which a run stops: with more than a few of them nothing else is ever seen.
const STOPS: [&str; 6] = [
    "no-fund-source",
    "no-rates",
    "ip-blocked",
    "not-enabled",
    "html",
    "redirect",
];
/// Faults under which a gateway only fails, each alone at 100 %.
pub(crate) const ONLY_FAILS: [&str; 10] = [
    "lost-before",
    "stall-before",
    "500-before",
    "520-before",
    "502-before",
    "503-before",
    "429",
    "429-bare",
    "429-200",
    "token-death",
];

/// What the network does to a request, in thousandths.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Net {
    pub(crate) refused: u32,
    pub(crate) unresolved: u32,
    pub(crate) untrusted: u32,
    pub(crate) lost: u32,
    pub(crate) silent: u32,
    pub(crate) late: u32,
    pub(crate) twice: u32,
    pub(crate) garbage: u32,
    pub(crate) endless: u32,
    pub(crate) reply_lost: u32,
}

/// How mortal our side is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mortal {
    /// Lives while faults last.
    pub(crate) lives: u32,
    /// Of a hundred lives, those that crash.
    pub(crate) crash: u32,
    /// Of a hundred lives, those that are interrupted.
    pub(crate) interrupt: u32,
    /// Of a hundred pauses between lives, those in which the sheet is edited.
    pub(crate) edit: u32,
    /// Of a hundred pauses between lives, those in which the checkpoint is lost.
    pub(crate) lose: u32,
    /// Of a hundred pauses after one in which the checkpoint was copied, those in which the copy is brought back.
    pub(crate) restore: u32,
    /// The results are not lost with the checkpoint.
    pub(crate) keeps: bool,
    /// Of a hundred lives, those that retry, reissue or cancel.
    pub(crate) mend: u32,
    /// Of a hundred lives, those that end with a sweep.
    pub(crate) sweep: u32,
}

/// The mix of one seed.
#[derive(Clone, Debug)]
pub(crate) struct Mix {
    pub(crate) rows: usize,
    pub(crate) phones: usize,
    pub(crate) own_ids: u32,
    pub(crate) invalid: u32,
    pub(crate) limits: Limits,
    pub(crate) rate: Option<Rate>,
    pub(crate) timeout: Duration,
    pub(crate) gather: Duration,
    pub(crate) net: Net,
    /// From, to: microseconds after the start, when nothing gets through.
    pub(crate) outages: Vec<(i64, i64)>,
    /// Longest way there or back, in microseconds.
    pub(crate) way_us: u64,
    pub(crate) mortal: Mortal,
    pub(crate) plan: String,
    /// Everything fails until faults stop.
    pub(crate) only_fails: bool,
    pub(crate) options: Options,
}

impl Mix {
    pub(crate) fn draw(seed: u64, rng: &mut Rng) -> Mix {
        let only_fails = rng.u32(0..20) == 0;
        let plan = if only_fails {
            let operation = choose(rng, &["", "create:", "create:"]);
            format!("{operation}{}=100%,stall-for=40s", choose(rng, &ONLY_FAILS))
        } else {
            plan(rng)
        };
        let rows = match rng.u32(0..10) {
            0 => 1,
            1..=5 => rng.usize(2..=10),
            _ => rng.usize(2..=ROWS_MAX),
        };
        let options = options(seed, rng, &plan);
        Mix {
            rows,
            phones: rng.usize(1..=rows.max(2)),
            own_ids: choose(rng, &[0, 0, 20, 100]),
            invalid: choose(rng, &[0, 0, 0, 10]),
            limits: if only_fails {
                patient(rng)
            } else {
                limits(rng)
            },
            rate: rate(rng),
            timeout: Duration::from_secs(rng.u64(TIMEOUT_S_MIN..=30)),
            gather: Duration::from_micros(choose(rng, &[100, 100, 5_000, 80_000])),
            net: if only_fails { Net::default() } else { net(rng) },
            // A run that waits out an outage asks again and again, whatever its budget.
            outages: if only_fails { Vec::new() } else { outages(rng) },
            way_us: choose(rng, &[0, 20_000, 300_000, 2_000_000]),
            mortal: mortal(rng),
            plan,
            only_fails,
            options,
        }
    }
}

pub(crate) fn choose<T: Copy>(rng: &mut Rng, from: &[T]) -> T {
    from[rng.usize(0..from.len())]
}

/// Some faults with some shares, each operation on its own; spans for those that take time.
fn plan(rng: &mut Rng) -> String {
    let mut parts = Vec::new();
    let severity = choose(rng, &[0, 3, 3, 10, 30]);
    for (operation, faults, most) in [
        ("create", &OF_CREATE[..], 6),
        ("create", &OF_CREATE_CONFLICT[..], 1),
        ("status", &OF_STATUS[..], 4),
        ("deactivate", &OF_DEACTIVATE[..], 4),
        ("authorize", &OF_AUTHORIZE[..], 2),
        ("balance", &OF_AUTHORIZE[..], 1),
    ] {
        let mut left = faults.to_vec();
        rng.shuffle(&mut left);
        let many = if severity == 0 {
            0
        } else {
            rng.usize(0..=most)
        };
        for fault in left.into_iter().take(many) {
            let share = if STOPS.contains(&fault) || faults.len() < 3 {
                rng.u32(1..=3)
            } else {
                rng.u32(1..=severity.min(96 / 6))
            };
            parts.push(format!("{operation}:{fault}={share}%"));
        }
    }
    if rng.u32(0..3) == 0 {
        parts.push(format!("missing-for={}s", rng.u32(1..=240)));
    }
    parts.push(format!("late-by={}s", rng.u32(1..=100)));
    parts.push(format!("stall-for={}s", rng.u32(1..=100)));
    parts.push(format!("delay-by={}ms", rng.u32(1..=40_000)));
    parts.push(format!("drip-by={}ms", rng.u32(1..=60)));
    parts.join(",")
}

fn options(seed: u64, rng: &mut Rng, plan: &str) -> Options {
    let mut options = Options {
        error_style: choose(
            rng,
            &[
                ErrorStyle::Http200,
                ErrorStyle::HttpStatus,
                ErrorStyle::Mixed,
            ],
        ),
        symbols: rng.bool(),
        faults: plan.parse::<Plan>().expect("a plan of ours"),
        rate_limit: choose(rng, &[None, None, Some(60), Some(20), Some(5)]),
        latency: choose(rng, &["0ms", "50ms+-50ms", "200ms+-100ms", "1s+-1s"])
            .parse::<Latency>()
            .expect("a latency of ours"),
        latency_on_authorize: rng.bool(),
        ..Options::default()
    };
    let rules = &mut options.rules;
    rules.seed = seed;
    rules.token_life = Span::seconds(choose(rng, &[360, 360, 60, 20]));
    rules.status_shape = choose(
        rng,
        &[
            StatusShape::New,
            StatusShape::New,
            StatusShape::New,
            StatusShape::Old,
        ],
    );
    rules.unknown_id_code = choose(rng, &[404, 404, 422]);
    if rng.u32(0..4) == 0 {
        rules.balance_rule = choose(rng, &[BalanceRule::Single, BalanceRule::Hold]);
        rules.opening_balance = rng.i64(0..2_000_000);
    }
    // Some rows are above it; once in a while all are, and a run stops at equal refusals.
    rules.limits.max = match rng.u32(0..300) {
        0..3 => Some(100),
        3..100 => Some(400_000),
        _ => None,
    };
    rules.life = if rng.bool() { Life::STILL } else { lively(rng) };
    options
}

fn lively(rng: &mut Rng) -> Life {
    Life {
        redeem: Share::percent(rng.u32(20..80)),
        fail: Share::percent(10),
        expire: Share::percent(10),
        reverse: Share::percent(30),
        ..Life::LIVELY
    }
}

fn limits(rng: &mut Rng) -> Limits {
    Limits {
        concurrency: choose(rng, &[1, 2, 4, 8, 16, 64]),
        max_attempts: choose(rng, &[1, 2, 6, 6]),
        settle: Duration::from_secs(choose(rng, &[1, 5, 20, 60])),
        give_up_after: Duration::from_secs(choose(rng, &[30, 120, 900])),
    }
}

/// Limits under which only the budget of repeats bounds a run.
fn patient(rng: &mut Rng) -> Limits {
    Limits {
        max_attempts: 6,
        give_up_after: Duration::from_secs(900),
        settle: Duration::from_secs(choose(rng, &[1, 5])),
        ..limits(rng)
    }
}

fn rate(rng: &mut Rng) -> Option<Rate> {
    let per = |count: u32, seconds| {
        NonZeroU32::new(count).map(|count| Rate {
            count,
            window: Duration::from_secs(seconds),
        })
    };
    match rng.u32(0..6) {
        0 => None,
        1 => per(1, 1),
        2 => per(rng.u32(2..=10), 1),
        3 => per(rng.u32(60..=600), 60),
        _ => per(50, 1),
    }
}

fn net(rng: &mut Rng) -> Net {
    let worst = choose(rng, &[0, 20, 20, 80]);
    let mut draw = |most: u32| {
        if worst > 0 && rng.u32(0..3) == 0 {
            rng.u32(1..=most)
        } else {
            0
        }
    };
    Net {
        refused: draw(worst),
        unresolved: draw(worst / 2),
        untrusted: draw(worst / 20),
        lost: draw(worst),
        silent: draw(worst),
        late: draw(worst),
        twice: draw(worst),
        garbage: draw(worst),
        endless: draw(worst / 2),
        reply_lost: draw(worst),
    }
}

fn outages(rng: &mut Rng) -> Vec<(i64, i64)> {
    let many = if rng.u32(0..4) == 0 {
        rng.usize(1..=2)
    } else {
        0
    };
    (0..many)
        .map(|_| {
            let from = rng.i64(0..120_000_000);
            (from, from + rng.i64(1_000_000..200_000_000))
        })
        .collect()
}

fn mortal(rng: &mut Rng) -> Mortal {
    let lose = if rng.u32(0..10) == 0 { 30 } else { 0 };
    let keeps = lose == 0 || rng.u32(0..4) > 0;
    let restore = match keeps && rng.u32(0..5) == 0 {
        true => 60,
        false => 0,
    };
    Mortal {
        lives: choose(rng, &[1, 2, 2, 3, 3, 5]),
        crash: choose(rng, &[0, 60, 90]),
        interrupt: choose(rng, &[0, 20]),
        // After a loss nothing but the results tells an edited row from a lost one: a person's affair.
        edit: match (lose, keeps) {
            (_, false) => 0,
            (0, true) => choose(rng, &[0, 0, 50, 80]),
            (_, true) => choose(rng, &[0, 50, 80]),
        },
        lose,
        restore,
        keeps,
        // What a loss leaves to be taken over are links that were replaced, or cancelled and taken out.
        mend: match lose {
            0 => choose(rng, &[0, 20, 60]),
            _ => choose(rng, &[20, 60, 60]),
        },
        sweep: choose(rng, &[0, 30, 100]),
    }
}
