//! Time that does not pass as it should: wall clocks that jump by years, and a process that was stopped and continued.
//! Waits are measured by the clock that only goes on; the wall clock dates a link and decides nothing else.
//!
//! Deliberately absent: the pace (`pace`) and certificates out of date (`tls`).

use std::time::Duration;

use paysheet::sandbox::Span;

use crate::support::disk::clock_library;
use crate::support::trouble::*;
use crate::support::*;

const ROWS: usize = 40;
const DAY: i64 = 86_400;

/// The wall clock jumps by so many seconds, so long after the start.
fn jumping(send: &Paysheet, by_s: i64, after_ms: u64) -> Option<Paysheet> {
    let library = clock_library()?;
    let send = send.clone().env("LD_PRELOAD", library);
    let send = send.env("CLOCK_JUMP_S", by_s.to_string());
    Some(send.env("CLOCK_JUMP_AFTER_MS", after_ms.to_string()))
}

#[test]
fn a_wall_clock_that_jumps_pays_nobody_twice_and_keeps_nobody_waiting() {
    if clock_library().is_none() {
        println!("skipped: there is no C compiler (cc)");
        return;
    }
    let jumps = [2 * DAY, -2 * DAY, 3_650 * DAY, -3_650 * DAY];
    let cases = jumps
        .iter()
        .flat_map(|by| [0, 60, 150].map(|after| (*by, after)));
    each_of(cases.collect(), |(by, after)| {
        let gate = Gate::with(|options| options.latency = "15ms".parse().unwrap());
        let world = batch(ROWS);
        let send = hasty(&world, &gate).args(["--concurrency", "4"]);
        let output = jumping(&send, by, after).expect("made once already").run();
        let what = format!("{by} s after {after} ms");
        assert!([0, 1, 4].contains(&output.code), "{what}: {output}");
        check(&output, &world, &gate);
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

/// Stopped for longer than its timeout and its session last, as by a closed lid: what was in flight is looked up where
/// its answer is not there, the session is renewed, and meanwhile nobody else takes the batch.
#[test]
fn a_run_that_was_stopped_and_continued_goes_on_where_it_was() {
    let gate = Gate::with(|options| {
        options.latency = "200ms".parse().unwrap();
        options.rules.token_life = Span::seconds(2);
    });
    let world = batch(ROWS);
    let send = world
        .send(SHEET, &gate)
        .args(["--settle", "1", "--timeout", "1"]);
    let send = send.args(["--concurrency", "4"]);
    let mut running = send.spawn();
    while gate.creates() < 6 && !running.ended() {
        std::thread::sleep(Duration::from_millis(3));
    }
    running.signal("STOP");
    let at_stop = gate.creates();
    let logins = gate.count("/authorize");
    let second = send.run().exits(1);
    second.says([
        format!("process {} on ", running.pid()).as_str(),
        "in use by",
    ]);
    std::thread::sleep(Duration::from_millis(2_500));
    assert!(
        gate.creates() <= at_stop + 4 && gate.creates() < ROWS,
        "it was stopped"
    );
    running.signal("CONT");
    let output = running.wait().exits(0);
    check(&output, &world, &gate);
    all_paid(&world, &gate, ROWS);
    let same = gate
        .books()
        .iter()
        .all(|cashgram| cashgram.other_bodies == 0);
    assert!(same, "{output}");
    assert!(
        gate.count("/authorize") > logins,
        "the session had died: {output}"
    );
}
