//! Time that does not pass as it should: wall clocks that jump by years, and a run that stands still for an hour.
//! Waits are measured by the clock that only goes on; the wall clock dates a link and decides nothing else.
//!
//! Deliberately absent: the pace (`pace`) and certificates out of date (`tls`).

use std::time::Duration;

use jiff::Timestamp;

use crate::support::disk::Clocks;
use crate::support::trouble::*;
use crate::support::*;

const ROWS: usize = 40;
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// Waits until the gateway has seen so many creates, or the run has ended.
fn until_creates(gate: &Gate, running: &mut Running, wanted: usize) {
    while gate.creates() < wanted && !running.ended() {
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// How many of the recorded facts were dated by a clock that was moved by so much, and how many by the right one.
fn dated(world: &World, by_s: i64) -> (usize, usize) {
    let export = world.paysheet().args(["export", SHEET, "--env", "test"]);
    let export = export.run().exits(0);
    let lines = export.stdout.lines().map(serde_json::from_str);
    let lines = lines.map(|line| -> serde_json::Value { line.expect("JSON") });
    let ages = lines.filter(|line| line["record"] == "fact").map(|fact| {
        let at: Timestamp = fact["at"].as_str().unwrap().parse().unwrap();
        at.as_second() - Timestamp::now().as_second()
    });
    // What a loaded machine may take for one run.
    let near = |age: i64, wanted: i64| (age - wanted).abs() < 300;
    let ages: Vec<i64> = ages.collect();
    let count = |wanted| ages.iter().filter(|age| near(**age, wanted)).count();
    assert_eq!(count(by_s) + count(0), ages.len(), "by {by_s}: {ages:?}");
    (count(by_s), count(0))
}

#[test]
fn a_wall_clock_that_jumps_pays_nobody_twice_and_keeps_nobody_waiting() {
    if Clocks::new().is_none() {
        skipped("there is no C compiler (cc)");
        return;
    }
    let jumps = [2 * DAY, -2 * DAY, 3_650 * DAY, -3_650 * DAY];
    let cases = jumps
        .iter()
        .flat_map(|by| [0, 8, 20].map(|after| (*by, after)));
    each_of(cases.collect(), |(by, after)| {
        let clocks = Clocks::new().expect("made once already");
        let gate = Gate::with(|options| options.latency = "40ms".parse().unwrap());
        let world = batch(ROWS);
        let send = hasty(&world, &gate).args(["--concurrency", "4"]);
        let jump = || clocks.moved(by, 0, 0);
        if after == 0 {
            jump();
        }
        let mut running = clocks.under(&send).spawn();
        until_creates(&gate, &mut running, after);
        jump();
        let output = running.wait();
        let what = format!("{by} s after {after} creates");
        assert!([0, 1, 4].contains(&output.code), "{what}: {output}");
        check(&output, &world, &gate);
        let (moved, unmoved) = dated(&world, by);
        assert!(
            moved > 0 && (unmoved > 0) == (after > 0),
            "{what}: {moved} of {} facts are dated so: {output}",
            moved + unmoved
        );
        // A link of years ago is refused by the gateway; two days are within what it takes, if they are ahead.
        assert!(by != 2 * DAY || output.code == 0, "{what}: {output}");
        assert_eq!(
            world.table(RESULTS).states("unknown"),
            0,
            "{what}: {output}"
        );
        let logins = gate.count("/authorize");
        assert!(logins <= 4, "{what}: {logins} logins");
        // With the clock set right, whatever was not refused is paid.
        let again = send.run();
        if again.code == 3 {
            // All of it was paid while the clock was years behind: by the right clock that batch is long finished.
            again.says(["nothing is left to send"]);
            assert!(by < -2 * DAY, "{what}");
        } else {
            check(&again, &world, &gate);
        }
        let table = world.table(RESULTS);
        let paid_or_refused = table.states("created") + table.states("rejected");
        assert_eq!(paid_or_refused, ROWS, "{what}");
        let counted = gate.creates();
        assert!(
            counted <= ROWS + gate.count("/getCashgramStatus"),
            "{what}: {counted} creates"
        );
    });
}

/// Stopped for an hour while everybody else's clock goes on, as by SIGSTOP; or asleep with the whole machine, whose
/// clock for waits stands still as well. What was in flight is looked up where its answer is not there, the session that
/// died meanwhile is renewed, and nobody else takes the batch.
#[test]
fn a_run_that_was_stopped_for_an_hour_goes_on_where_it_was() {
    if Clocks::new().is_none() {
        skipped("there is no C compiler (cc)");
        return;
    }
    // Answers that come while it is stopped, and answers that never come.
    let faults = ["", "create:lost-after=30%", "create:lost-before=30%"];
    let cases = faults
        .iter()
        .flat_map(|faults| [HOUR, 0].map(|waits| (*faults, waits)));
    each_of(cases.collect(), |(faults, waits)| {
        let clocks = Clocks::new().expect("made once already");
        let gate = Gate::with(|options| {
            options.latency = "150ms".parse().unwrap();
            options.faults = faults.parse().unwrap();
        });
        let world = batch(ROWS);
        let send = world.send(SHEET, &gate).args(["--concurrency", "4"]);
        let mut running = clocks.under(&send.clone().args(["--settle", "2"])).spawn();
        until_creates(&gate, &mut running, 10);
        running.signal("STOP");
        let logins = gate.count("/authorize");
        let second = send.run().exits(1);
        second.says([
            format!("process {} on ", running.pid()).as_str(),
            "in use by",
        ]);
        let (at_stop, paid) = (gate.creates(), gate.books().len());
        std::thread::sleep(Duration::from_millis(300));
        assert!(
            gate.creates() == at_stop && paid < ROWS - 4,
            "it was stopped"
        );
        clocks.moved(HOUR, waits, HOUR);
        gate.advance(3_600);
        running.signal("CONT");
        let output = running.wait().exits(0);
        check(&output, &world, &gate);
        all_paid(&world, &gate, ROWS);
        let (moved, unmoved) = dated(&world, HOUR);
        assert!(moved > 0 && unmoved > 0, "{moved} and {unmoved}: {output}");
        let elapsed = output.json()["elapsed_s"].as_f64().expect("a time");
        assert_eq!(
            elapsed > 3_600.0,
            waits > 0,
            "the clock for waits: {elapsed} s"
        );
        let same = gate
            .books()
            .iter()
            .all(|cashgram| cashgram.other_bodies == 0);
        assert!(same, "{output}");
        assert!(
            gate.count("/authorize") > logins,
            "the session had died: {output}"
        );
        // A create may be refused for the dead session and sent again. Once it took effect, none for its id follows.
        let mut done = std::collections::BTreeSet::new();
        for seen in gate.requests() {
            if seen.path.ends_with("/createCashgram") {
                assert!(!done.contains(&seen.id), "{:?} was sent again", seen.id);
            }
            if seen.effect == "created" {
                done.insert(seen.id);
            }
        }
        assert_eq!(done.len(), ROWS);
    });
}
