//! The power goes: what was not synced is lost, wholly or in part. What the gateway was asked for is on the disk all the
//! same, and the same command finishes the batch. A disk that lies about its syncs shows that this could fail.
//!
//! A sample of the moments is tried; `PAYSHEET_FULL=1 cargo test --test it power` tries each of them, eight times.
//! Deliberately absent: the results, which are written from the checkpoint and may be lost with the power.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::disk::{Deed, Fate, Kept, Platter, put_back, standing};
use crate::support::errand::{ERRANDS, Errand, unrecorded};
use crate::support::trouble::*;
use crate::support::*;

const ROWS: usize = 20;

fn brisk(world: &World, gate: &Gate) -> Paysheet {
    let send = world.send(SHEET, gate).args(["--settle", "0"]);
    send.args(["--timeout", "5", "--concurrency", "4"])
}

/// How many calls a run makes, from a run without mishap; its log must explain every byte that it left.
fn calls(disk: &Disk) -> usize {
    let (gate, world) = (Gate::new(), batch(ROWS));
    let mut platter = Platter::of(&world);
    disk.under(&brisk(&world, &gate), &world, Fate::None)
        .run()
        .exits(0);
    let deeds = disk.deeds();
    platter.follow(&deeds);
    assert!(
        platter.after_cut(Kept::All) == standing(&world),
        "the log misses something that the run did to its files"
    );
    Deed::calls(&deeds)
}

/// Runs until the power goes at a call, and leaves the folder as it stands afterwards. Whether it was alive by then.
fn cut(disk: &Disk, world: &World, gate: &Gate, fate: Fate, kept: Kept<'_>) -> bool {
    let mut platter = Platter::of(world);
    let output = disk.under(&brisk(world, gate), world, fate).run();
    assert!(output.code == -9 || output.code == 0, "{output}");
    platter.follow(&disk.deeds());
    put_back(world, &platter.after_cut(kept));
    output.code == -9
}

/// What the gateway has and the checkpoint does not know of.
fn lost(world: &World, gate: &Gate) -> usize {
    if !world.has(CHECKPOINT) {
        return gate.books().len();
    }
    if world.has(RESULTS) {
        world.remove(RESULTS);
    }
    world.talk("results", SHEET, gate).run().exits(0);
    complaints(&world.table(RESULTS), None, gate).len()
}

#[test]
fn the_power_goes_at_any_call_and_nothing_is_lost_or_paid_twice() {
    let Some(disk) = Disk::new() else {
        skipped("there is no C compiler (cc)");
        return;
    };
    let count = calls(&disk);
    let times = if is_full() { 8 } else { 1 };
    let seed = fastrand::u64(..);
    println!("seed {seed}, {count} calls");
    let points: Vec<usize> = (0..times).flat_map(|_| sample(count, 90)).collect();
    let (cuts, cut_twice) = (points.len(), AtomicUsize::new(0));
    let (alive, half_way) = (AtomicUsize::new(0), AtomicUsize::new(0));
    each_of(points.into_iter().enumerate().collect(), |(n, point)| {
        let disk = Disk::new().expect("made once already");
        let mut rng = fastrand::Rng::with_seed(seed.wrapping_add(u64::try_from(n).unwrap()));
        let (gate, world) = (Gate::new(), batch(ROWS));
        let nothing = n % 3 == 0;
        let mut cut = |at| {
            let kept = if nothing {
                Kept::Nothing
            } else {
                Kept::Some(&mut rng)
            };
            let was_alive = cut(&disk, &world, &gate, Fate::DieAt(at), kept);
            let lost = lost(&world, &gate);
            assert_eq!(lost, 0, "seed {seed}, cut {n} at call {at} of {count}");
            usize::from(was_alive)
        };
        alive.fetch_add(cut(point), Ordering::Relaxed);
        let paid = gate.books().len();
        half_way.fetch_add(usize::from((1..ROWS).contains(&paid)), Ordering::Relaxed);
        if n % 2 == 0 {
            // And once more while the next run picks up what is left.
            cut_twice.fetch_add(cut(1 + (point * 7 + n) % count), Ordering::Relaxed);
        }
        finishes(
            &world,
            &gate,
            &format!("seed {seed}, cut {n} at call {point}"),
        );
    });
    let (alive, half_way) = (alive.into_inner(), half_way.into_inner());
    println!(
        "{alive} cuts of {cuts} tried, {half_way} of them between creates, {cut_twice:?} followed by another; 0 lost, 0 twice"
    );
    assert!(alive * 2 > cuts, "{alive} of {cuts} were alive");
    assert!(half_way * 8 > cuts, "{half_way} of {cuts} half way");
}

#[track_caller]
fn finishes(world: &World, gate: &Gate, what: &str) {
    let output = brisk(world, gate).run();
    assert_eq!(output.code, 0, "{what}: {output}");
    all_paid(world, gate, ROWS);
    assert!(
        gate.books()
            .iter()
            .all(|cashgram| cashgram.other_bodies == 0),
        "{what}"
    );
}

/// The same of the commands that mend: no create and no deactivation has left before it was on the disk to stay.
#[test]
fn the_power_goes_while_a_command_mends_and_it_is_finished_by_the_next() {
    if Disk::new().is_none() {
        skipped("there is no C compiler (cc)");
        return;
    }
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let points = Errand::calls(3);
    let (cuts, off) = (points.len(), AtomicUsize::new(0));
    each_of(points.into_iter().enumerate().collect(), |(n, point)| {
        let (errand, call) = point;
        let mut rng = fastrand::Rng::with_seed(seed.wrapping_add(u64::try_from(n).unwrap()));
        let kept = match n % 3 {
            0 => Kept::Nothing,
            _ => Kept::Some(&mut rng),
        };
        off.fetch_add(usize::from(errand.dies(call, kept)), Ordering::Relaxed);
    });
    let off = off.into_inner();
    println!("{off} cuts in {} commands; 0 lost, 0 twice", ERRANDS.len());
    assert!(off * 2 > cuts, "{off} of {cuts} were alive");
}

/// The control of that: where syncs do nothing, not one create or deactivation is on the disk before it leaves.
#[test]
fn a_disk_that_lies_is_found_out_by_every_command_that_mends() {
    if Disk::new().is_none() {
        skipped("there is no C compiler (cc)");
        return;
    }
    each_of(ERRANDS.iter().collect(), |errand: &Errand| {
        let disk = Disk::new().expect("made once already");
        let (raw, world) = errand.set_up();
        let platter = Platter::of(&world);
        let lies = Fate::Lies(usize::MAX / 2);
        let run = disk.under(&errand.at_once(&world, &raw), &world, lies);
        run.run().exits(errand.code);
        let deeds = disk.deeds();
        let left = |deed: &&Deed| deed.created_id().or(deed.stopped_id()).is_some();
        let left = deeds.iter().filter(left).count();
        assert!(left > 0 || errand.words == ["status"]);
        assert_eq!(unrecorded(platter, &deeds).len(), left, "{}", errand.name());
    });
}

/// The control: where syncs do nothing, the same test finds payments that the checkpoint does not know of. Even then the
/// gateway's ids keep every row from being paid twice.
#[test]
fn a_disk_that_lies_about_its_syncs_is_found_out() {
    let Some(disk) = Disk::new() else {
        skipped("there is no C compiler (cc)");
        return;
    };
    let count = calls(&disk);
    let caught = AtomicUsize::new(0);
    let (mut tried, mut with_creates) = (0, AtomicUsize::new(0));
    let late = sample(count / 2, 8)
        .into_iter()
        .map(|point| count / 2 + point);
    let late: Vec<usize> = late.collect();
    tried += late.len();
    each_of(late, |point| {
        let disk = Disk::new().expect("made once already");
        let (gate, world) = (Gate::new(), batch(ROWS));
        cut(&disk, &world, &gate, Fate::Lies(point), Kept::Nothing);
        if gate.creates() > 0 && !gate.books().is_empty() {
            with_creates.fetch_add(1, Ordering::Relaxed);
            caught.fetch_add(usize::from(lost(&world, &gate) > 0), Ordering::Relaxed);
        }
        if world.has(RESULTS) {
            world.remove(RESULTS);
        }
        let again = brisk(&world, &gate).run();
        assert!([0, 1, 4].contains(&again.code), "{again}");
        let books = gate.books();
        let mut phones: Vec<_> = books.iter().map(|cashgram| &cashgram.phone).collect();
        phones.sort();
        phones.dedup();
        assert_eq!(phones.len(), books.len(), "no phone is paid twice: {again}");
    });
    let with_creates = *with_creates.get_mut();
    let caught = caught.into_inner();
    println!("{tried} lies, {with_creates} after creates, {caught} found out");
    assert!(
        with_creates > 0 && caught == with_creates,
        "{caught} of {with_creates}"
    );
}
