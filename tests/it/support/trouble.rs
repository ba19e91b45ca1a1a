//! A batch in trouble: sent in haste, audited after every run, run again until it is done.
//!
//! Deliberately absent: the trouble itself, which each test words for its gateway.

use super::audit::{audit, audit_json};
use super::gate::{Gate, Gateway};
use super::program::{Output, Paysheet};
use super::raw::{Ask, Raw};
use super::world::{World, rows};

/// The sheet of every batch here.
pub(crate) const SHEET: &str = "june.csv";
/// Its results.
pub(crate) const RESULTS: &str = "june.test.results.csv";
/// Its checkpoint.
pub(crate) const CHECKPOINT: &str = "june.test.checkpoint.db";
/// Short waits, so that a test of what comes after them is short.
const HASTE: [&str; 4] = ["--settle", "1", "--timeout", "2"];
/// A batch that is not done after so many runs never will be.
const RUNS_MAX: usize = 12;

/// A folder with a sheet of `n` rows.
pub(crate) fn batch(n: usize) -> World {
    let world = World::new();
    world.sheet(SHEET, rows(n));
    world
}

/// `send` with short waits.
pub(crate) fn hasty(world: &World, gate: &impl Gateway) -> Paysheet {
    giving_up(world, gate, "5s")
}

/// The same, with another patience for a gateway out of reach.
pub(crate) fn giving_up(world: &World, gate: &impl Gateway, after: &str) -> Paysheet {
    let send = world.send(SHEET, gate).args(HASTE);
    send.args(["--give-up-after", after])
}

/// `status` with short waits.
pub(crate) fn hasty_status(world: &World, gate: &impl Gateway) -> Paysheet {
    world.status(SHEET, gate).args(HASTE)
}

/// Runs a send, holds it to this exit code, and audits it.
#[track_caller]
pub(crate) fn sent(send: &Paysheet, code: i32, world: &World, gate: &impl Gateway) -> Output {
    let output = send.run().exits(code);
    check(&output, world, gate);
    output
}

/// The books and the `--json` object against the results.
#[track_caller]
pub(crate) fn check(output: &Output, world: &World, gate: &impl Gateway) {
    audit_json(output, &world.table(RESULTS));
    audit(world, RESULTS, gate);
}

/// Runs a send again and again until it says 0. Every run is audited, and says 0, 1 or 4.
#[track_caller]
pub(crate) fn resumed(send: &Paysheet, world: &World, gate: &impl Gateway) -> Vec<Output> {
    let mut outputs = Vec::new();
    while outputs.len() < RUNS_MAX {
        let output = send.run();
        assert!([0, 1, 4].contains(&output.code), "{output}");
        check(&output, world, gate);
        let done = output.code == 0;
        outputs.push(output);
        if done {
            return outputs;
        }
    }
    panic!("not done after {RUNS_MAX} runs: {}", outputs[RUNS_MAX - 1]);
}

/// Everything paid, once: one Cashgram a row, all of them `created`.
#[track_caller]
pub(crate) fn all_paid(world: &World, gate: &impl Gateway, n: usize) {
    audit(world, RESULTS, gate);
    let table = world.table(RESULTS);
    assert_eq!(
        (table.states("created"), gate.booked().len()),
        (n, n),
        "created, in the books"
    );
}

/// Requests that count: all but authorize.
pub(crate) fn counted(gate: &Gate) -> usize {
    gate.asked() - gate.count("/authorize")
}

/// The same of a scripted gateway.
pub(crate) fn counted_raw(raw: &Raw) -> Vec<Ask> {
    let all = raw.requests();
    all.into_iter().filter(|ask| !ask.is_authorize()).collect()
}

/// Whether everything is to be tried, not a sample: `PAYSHEET_FULL=1 cargo test`.
pub(crate) fn is_full() -> bool {
    std::env::var_os("PAYSHEET_FULL").is_some()
}

/// All of `1..=count` where everything is to be tried, else `wanted` of them, spread evenly from a random start.
pub(crate) fn sample(count: usize, wanted: usize) -> Vec<usize> {
    let wanted = if is_full() { count } else { wanted.min(count) };
    let start = fastrand::usize(..count.max(1));
    let place = |n| 1 + (start + n * count / wanted) % count;
    (0..wanted).map(place).collect()
}

/// Runs one case a thread, a few at once: most of a case is waiting.
pub(crate) fn each_of<T: Send>(cases: Vec<T>, run: impl Fn(T) + Sync) {
    const AT_ONCE: usize = 6;
    let cases = std::sync::Mutex::new(cases.into_iter());
    let next = || cases.lock().expect("no case panics in here").next();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(case) = next() {
                    run(case);
                }
            });
        }
    });
}
