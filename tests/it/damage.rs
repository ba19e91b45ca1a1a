//! A checkpoint that changed by itself: cut at a page, a bit flipped, in the file or in SQLite's log beside it. It is
//! refused, or what is missing is had again from the gateway; never is it believed in silence.
//!
//! Samples here; `PAYSHEET_FULL=1 cargo test --test it damage` cuts at every page and flips a bit of every sixteenth
//! byte. Every byte is flipped where it costs a millisecond: `PAYSHEET_FULL=1 cargo test --lib seal`. Deliberately
//! absent: files that somebody else made (`guards`).

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::trouble::*;
use crate::support::*;

const ROWS: usize = 20;
const PAGE: usize = 4096;

fn brisk(world: &World, gate: &Gate) -> Paysheet {
    let send = world.send(SHEET, gate).args(["--settle", "0"]);
    send.args(["--timeout", "5", "--concurrency", "3"])
}

/// What happens to a file.
#[derive(Clone, Copy, Debug)]
enum Damage {
    Cut(usize),
    Flipped(usize, u8),
}

impl Damage {
    fn done_to(self, bytes: &mut Vec<u8>) {
        match self {
            // The file of this run may be shorter than that of the run it was measured by.
            Damage::Cut(at) => bytes.truncate(at),
            Damage::Flipped(at, bit) => {
                let length = bytes.len();
                bytes[at % length] ^= 1 << bit;
            }
        }
    }
}

/// A batch of which a third was sent when its run was killed, or which was sent to its end.
fn left(finished: bool) -> (Gate, World) {
    let gate = Gate::with(|options| options.latency = "10ms".parse().unwrap());
    let world = batch(ROWS);
    let mut running = brisk(&world, &gate).spawn();
    if finished {
        running.wait().exits(0);
        return (gate, world);
    }
    while gate.creates() < ROWS / 3 && !running.ended() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    match running.kill9().code {
        -9 => (gate, world),
        // It was done before it could be killed.
        _ => left(false),
    }
}

/// Damages of a file of `length` bytes.
fn damages(length: usize, flips: usize) -> Vec<Damage> {
    let pages = length.div_ceil(PAGE);
    let cuts = sample(pages, 12)
        .into_iter()
        .map(|page| Damage::Cut((page - 1) * PAGE));
    let step = if is_full() {
        16
    } else {
        (length / flips).max(1)
    };
    let flips = (fastrand::usize(..step)..length).step_by(step);
    let flips = flips.map(|at| Damage::Flipped(at, fastrand::u8(..8)));
    cuts.chain(flips).collect()
}

#[test]
fn a_damaged_checkpoint_is_refused_or_made_good_and_never_believed() {
    let mut cases = Vec::new();
    for (finished, name, flips) in [
        (true, CHECKPOINT.to_owned(), 30),
        (false, CHECKPOINT.to_owned(), 20),
        (false, format!("{CHECKPOINT}-wal"), 30),
    ] {
        let length = left(finished).1.bytes(&name).len();
        let each = damages(length, flips).into_iter();
        cases.extend(each.map(|damage| (finished, name.clone(), damage)));
    }
    let tried = cases.len();
    let (refused, made_good) = (AtomicUsize::new(0), AtomicUsize::new(0));
    each_of(cases, |(finished, name, damage)| {
        let what = format!("{name} {damage:?}");
        let (gate, world) = left(finished);
        let mut bytes = world.bytes(&name);
        damage.done_to(&mut bytes);
        world.sheet(&name, bytes);
        let creates = gate.creates();
        let output = brisk(&world, &gate).run();
        if output.code == 1 {
            refused.fetch_add(1, Ordering::Relaxed);
            assert_eq!(gate.creates(), creates, "{what}: {output}");
            let output = output.says([CHECKPOINT]);
            let said = output.all();
            assert!(
                said.contains("damaged") || said.contains("not a paysheet checkpoint"),
                "{what}: {output}"
            );
            // What it says to do: away with it, and run again.
            world.lose_checkpoint(CHECKPOINT);
        } else {
            made_good.fetch_add(1, Ordering::Relaxed);
            assert!([0, 4].contains(&output.code), "{what}: {output}");
            audit(&world, RESULTS, &gate);
        }
        ends_well(&world, &gate, &what);
    });
    println!(
        "{tried} damages: {refused:?} refused, {made_good:?} made good or of no consequence; 0 believed"
    );
    assert!(refused.into_inner() > tried / 10);
}

/// With what the program says next, every row ends paid, once.
#[track_caller]
fn ends_well(world: &World, gate: &Gate, what: &str) {
    let output = brisk(world, gate).run();
    assert!([0, 4].contains(&output.code), "{what}: {output}");
    audit(world, RESULTS, gate);
    if output.code == 4 {
        let adopted = brisk(world, gate).arg("--adopt").run();
        assert_eq!(adopted.code, 0, "{what}: {adopted}");
        audit(world, RESULTS, gate);
    }
    let books = gate.books();
    let mut phones: Vec<_> = books.iter().map(|cashgram| &cashgram.phone).collect();
    phones.sort();
    phones.dedup();
    assert_eq!((books.len(), phones.len()), (ROWS, ROWS), "{what}");
    assert!(
        books.iter().all(|cashgram| cashgram.other_bodies == 0),
        "{what}"
    );
}
