//! Disks that are full or fail: after the first failure to record nothing more is sent, the run says what to mend, and
//! with the disk mended the same command finishes the batch.
//!
//! Samples here; `PAYSHEET_FULL=1 cargo test --test it disks` fails every write and every sync of a `send` and of the
//! commands that mend, each with several errors, and climbs the ladder of small file systems in steps of 4 KiB.
//! Deliberately absent: a disk that forgets what it acknowledged (`power`).

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::disk::{Deed, Failing, Fate, Kept, Platter, put_back};
use crate::support::errand::{ERRANDS, Errand, unrecorded};
use crate::support::trouble::*;
use crate::support::*;

const ROWS: usize = 12;
/// Rows of a batch that is sent by as many senders as there may be.
const MANY: usize = 200;
const AT_ONCE: usize = 64;
const EIO: i32 = 5;
const ENOSPC: i32 = 28;
const EDQUOT: i32 = 122;

/// One row at a time, and at a rate, so that nothing else is under way when a disk fails. (Without a rate, the next
/// payouts are written down while one is on the wire, and may leave before the failure is told: see below.)
fn one_by_one(world: &World, gate: &Gate) -> Paysheet {
    let send = world.send(SHEET, gate).args(["--settle", "0"]);
    send.args(["--timeout", "5", "--concurrency", "1"])
        .env("PAYSHEET_RATE", "2000")
}

/// A disk that was found to be there.
fn disk() -> Disk {
    Disk::new().expect("made once already")
}

/// What fails, with which error, whether for good, and how often that is tried.
type Kind = (Failing, i32, bool, usize);

/// Some of the ways in which the writes and syncs of a run can fail. `run` says what it does under a fate that counts
/// them and lets none fail.
fn fates(kinds: &[Kind], run: impl Fn(Fate) -> Vec<Deed>) -> Vec<Fate> {
    let fate = |what, nth, errno, for_good| Fate::Fail {
        what,
        nth,
        errno,
        for_good,
    };
    let count = |what| Deed::failable(&run(fate(what, usize::MAX / 2, EIO, false)));
    let counts = [Failing::Writes, Failing::Syncs].map(|what| (what, count(what)));
    let mut fates = Vec::new();
    for (what, count) in counts {
        assert!(count > 0, "{what:?}: there is nothing to fail");
        for &(_, errno, for_good, wanted) in kinds.iter().filter(|kind| kind.0 == what) {
            let points = sample(count, wanted).into_iter();
            fates.extend(points.map(|nth| fate(what, nth, errno, for_good)));
        }
    }
    fates
}

/// What a send of so many rows does to its files under this fate, in which nothing fails.
fn watched(rows: usize, run: fn(&World, &Gate) -> Paysheet, fate: Fate) -> Vec<Deed> {
    let (gate, world, disk) = (Gate::new(), batch(rows), disk());
    let run = disk.under(&run(&world, &gate), &world, fate);
    run.run().exits(0);
    let deeds = disk.deeds();
    let left: BTreeSet<String> = deeds.iter().filter_map(Deed::created_id).collect();
    assert_eq!(left.len(), rows, "the log shows every create that leaves");
    deeds
}

/// Requests about payouts that left after something could not be written, questions included.
fn left_after_failure(deeds: &[Deed]) -> usize {
    let after = deeds.iter().skip_while(|deed| !deed.is_failure());
    after.filter(|deed| deed.is_request()).count()
}

#[test]
fn after_the_first_failed_write_or_sync_nothing_more_is_sent() {
    if Disk::new().is_none() {
        skipped("there is no C compiler (cc)");
        return;
    }
    let kinds = [(Failing::Writes, 20), (Failing::Syncs, 8)].map(|(what, wanted)| {
        [(EIO, false), (ENOSPC, true), (EDQUOT, false)]
            .map(|(errno, for_good)| (what, errno, for_good, wanted))
    });
    let cases = fates(kinds.as_flattened(), |fate| watched(ROWS, one_by_one, fate));
    let tried = cases.len();
    let (stopped, half_way) = (AtomicUsize::new(0), AtomicUsize::new(0));
    each_of(cases, |fate| {
        let (gate, world, disk) = (Gate::new(), batch(ROWS), disk());
        let send = one_by_one(&world, &gate);
        let output = disk.under(&send, &world, fate).run();
        let deeds = disk.deeds();
        let failed = deeds.iter().any(|deed| deed.kind == 'f');
        assert!(
            output.code == 0 || output.code == 1 && failed,
            "{fate:?}: {output}"
        );
        assert_eq!(left_after_failure(&deeds), 0, "{fate:?}: {output}");
        if output.code == 1 {
            stopped.fetch_add(1, Ordering::Relaxed);
            half_way.fetch_add(usize::from(gate.creates() > 0), Ordering::Relaxed);
            says_what_to_mend(&output);
        }
        sent(&send, 0, &world, &gate);
        all_paid(&world, &gate, ROWS);
        assert_eq!(gate.creates(), ROWS, "{fate:?}: none was sent twice");
    });
    let (stopped, half_way) = (stopped.into_inner(), half_way.into_inner());
    println!(
        "{tried} failures, {stopped} stopped the run, {half_way} of them between creates; 0 sent after"
    );
    assert!(
        stopped * 2 > tried && half_way > 0,
        "{stopped}, {half_way} of {tried}"
    );
}

/// The same of the commands that mend: not a request leaves after the failure, and before it none that was not written
/// down. The same command finishes.
#[test]
fn a_command_that_mends_asks_for_nothing_more_after_the_first_failed_write_or_sync() {
    if Disk::new().is_none() {
        skipped("there is no C compiler (cc)");
        return;
    }
    let kinds = [
        (Failing::Writes, EIO, false, 2),
        (Failing::Writes, ENOSPC, true, 2),
        (Failing::Syncs, EIO, false, 1),
        (Failing::Syncs, EDQUOT, true, 1),
    ];
    let cases = errand_cases(&kinds);
    let tried = cases.len();
    let (stopped, half_way) = (AtomicUsize::new(0), Mutex::new(BTreeSet::new()));
    each_of(cases, |(errand, fate)| {
        let what = format!("{}, {fate:?}", errand.name());
        let ((raw, world), disk) = (errand.set_up(), disk());
        let (platter, before) = (Platter::of(&world), raw.asked());
        let output = disk
            .under(&errand.command(&world, &raw), &world, fate)
            .run();
        let deeds = disk.deeds();
        let failed = deeds.iter().any(|deed| deed.kind == 'f');
        assert!(
            output.code == errand.code || output.code == 1 && failed,
            "{what}: {output}"
        );
        assert_eq!(left_after_failure(&deeds), 0, "{what}: {output}");
        let unrecorded = unrecorded(platter, &deeds);
        assert!(unrecorded.is_empty(), "{what}: {unrecorded:?}: {output}");
        if output.code == 1 {
            stopped.fetch_add(1, Ordering::Relaxed);
            if raw.asked() > before {
                half_way.lock().unwrap().insert(errand.name());
            }
            says_what_to_mend(&output);
        }
        errand.holds(&world, &raw, &what);
        errand.finishes(&world, &raw, &what);
    });
    let (stopped, half_way) = (stopped.into_inner(), half_way.into_inner().unwrap());
    println!(
        "{tried} failures in {} commands, {stopped} stopped them; 0 requests after, 0 unrecorded",
        ERRANDS.len()
    );
    assert!(stopped * 2 > tried, "{stopped} of {tried}");
    assert_eq!(
        half_way.len(),
        ERRANDS.len(),
        "stopped half way: {half_way:?}"
    );
}

/// Each errand with some of the ways in which it can fail.
fn errand_cases(kinds: &[Kind]) -> Vec<(&'static Errand, Fate)> {
    let cases = Mutex::new(Vec::new());
    each_of(ERRANDS.iter().collect(), |errand| {
        let fates = fates(kinds, |fate| {
            let ((raw, world), disk) = (errand.set_up(), disk());
            let run = disk.under(&errand.command(&world, &raw), &world, fate);
            run.run().exits(errand.code);
            disk.deeds()
        });
        let fates = fates.into_iter().map(|fate| (errand, fate));
        cases.lock().unwrap().extend(fates);
    });
    cases.into_inner().unwrap()
}

/// As many at a time as there may be, and without a rate.
fn all_at_once(world: &World, gate: &Gate) -> Paysheet {
    let send = world.send(SHEET, gate).args(["--settle", "0"]);
    send.args(["--timeout", "5"])
        .args(["--concurrency", &AT_ONCE.to_string()])
}

/// The ids whose `Sending` was on the disk, whatever else was not, when something first could not be written; and the
/// ids of the creates that left after that. None where nothing failed.
fn around_the_failure(deeds: &[Deed]) -> Option<(BTreeSet<String>, Vec<String>)> {
    let failure = deeds.iter().position(Deed::is_failure)?;
    let mut platter = Platter::default();
    platter.follow(&deeds[..failure]);
    let cut = World::new();
    put_back(&cut, &platter.after_cut(Kept::Nothing));
    let left = deeds[failure..].iter().filter_map(Deed::created_id);
    let left = left.collect();
    if !cut.has(CHECKPOINT) {
        return Some((BTreeSet::new(), left));
    }
    let record = rusqlite::Connection::open(cut.path(CHECKPOINT)).unwrap();
    let sending =
        "SELECT DISTINCT cashgram_id FROM facts JOIN payouts USING (payout) WHERE kind = 'sending'";
    let Ok(mut sending) = record.prepare(sending) else {
        return Some((BTreeSet::new(), left));
    };
    let ids = sending.query_map([], |row| row.get(0)).unwrap();
    Some((ids.map(Result::unwrap).collect(), left))
}

/// With 64 senders that nothing holds back, some creates are on their way out when the disk fails. Each of them was
/// written down before the failure, and is found again.
#[test]
fn what_leaves_after_the_first_failure_was_written_down_before_it() {
    if Disk::new().is_none() {
        skipped("there is no C compiler (cc)");
        return;
    }
    let kinds = [
        (Failing::Writes, ENOSPC, true, 12),
        (Failing::Writes, EIO, false, 12),
        (Failing::Syncs, EIO, false, 12),
    ];
    let cases = fates(&kinds, |fate| watched(MANY, all_at_once, fate));
    let tried = cases.len();
    let seen = Mutex::new((0, 0, 0));
    each_of(cases, |fate| {
        let (gate, world, disk) = (Gate::new(), batch(MANY), disk());
        let send = all_at_once(&world, &gate);
        let output = disk.under(&send, &world, fate).run();
        if let Some((written_down, left)) = around_the_failure(&disk.deeds()) {
            assert!([0, 1].contains(&output.code), "{fate:?}: {output}");
            assert!(left.len() <= AT_ONCE, "{fate:?}: {} left", left.len());
            for id in &left {
                assert!(written_down.contains(id), "{fate:?}: {id}: {output}");
            }
            let half_way = gate.creates() > 0 && gate.creates() < MANY;
            let mut seen = seen.lock().unwrap();
            seen.0 += usize::from(output.code == 1);
            seen.1 += usize::from(half_way);
            seen.2 += left.len();
        }
        sent(&send, 0, &world, &gate);
        all_paid(&world, &gate, MANY);
        assert_eq!(gate.creates(), MANY, "{fate:?}: none was sent twice");
    });
    let (stopped, half_way, left) = seen.into_inner().unwrap();
    println!(
        "{tried} failures, {stopped} stopped the run, {half_way} of them between creates; {left} creates left after, all \
         written down before; 0 lost, 0 twice paid"
    );
    assert!(half_way > 2 && left > 0, "{half_way}, {left} of {tried}");
}

#[track_caller]
fn says_what_to_mend(output: &Output) {
    let said = output.all();
    assert!(
        said.contains("june.test.") && said.contains("again"),
        "{output}"
    );
    assert_eq!(output.json()["exit"], 1);
    let message = output.json()["message"].to_string();
    assert!(message.ends_with("again\""), "{output}");
}

/// A full disk, at every size at which it makes a difference: the run stops, names the checkpoint and the remedy, and
/// nothing is sent that is not written down.
#[test]
fn a_full_disk_stops_the_run_before_anything_more_is_sent() {
    let mut failed_after_sending = 0;
    for blocks in [8, 64, 160, 256, 320, 400, 480, 640, 4000] {
        let gate = Gate::new();
        let world = batch(300);
        let send = hasty(&world, &gate);
        // What a shell calls a block has 512 bytes.
        let output = send.clone().after(format!("ulimit -f {blocks}")).run();
        assert!([0, 1].contains(&output.code), "{blocks}: {output}");
        if output.code == 1 {
            stopped_for_want_of_room(&output);
            if gate.creates() > 0 {
                failed_after_sending += 1;
                output.says(["cannot record in june.test.checkpoint.db"]);
            }
        }
        finishes(&send, &world, &gate);
    }
    assert!(failed_after_sending > 0, "no size stopped a run half way");
}

#[track_caller]
fn stopped_for_want_of_room(output: &Output) {
    let said = output.all().to_lowercase();
    // The checkpoint, the results, or what a lost checkpoint's results are kept as.
    let names_a_file = said.contains("june.test.");
    let says_what_to_do = said.contains("make room") && said.contains("again");
    assert!(names_a_file && says_what_to_do, "{output}");
    assert_eq!(output.json()["exit"], 1);
}

/// With room again, the rest is paid, and not one create more than there are rows was ever sent.
#[track_caller]
fn finishes(send: &Paysheet, world: &World, gate: &Gate) {
    sent(send, 0, world, gate);
    all_paid(world, gate, 300);
    assert_eq!(gate.creates(), 300);
}

/// The same on a file system that is really full, where this machine lets a test mount one.
#[test]
fn a_full_file_system_stops_the_run_before_anything_more_is_sent() {
    // Its size goes by pages of 4 KiB: in smaller steps there is nothing to see.
    let steps = if is_full() { 1 } else { 10 };
    let first = 4 + fastrand::u32(..steps);
    let sizes = (first..=160).step_by(usize::try_from(steps).unwrap());
    for kib in sizes.map(|pages| pages * 4) {
        let gate = Gate::new();
        let world = batch(300);
        let Some(_mounted) = Mounted::at(&world.path("small"), kib) else {
            skipped("no file system can be mounted here without the privileges of root");
            return;
        };
        world.sheet("small/june.csv", rows(300));
        let send =
            world
                .send("small/june.csv", &gate)
                .args(["--settle", "1", "--give-up-after", "5s"]);
        let output = send.run();
        println!(
            "{kib} KiB: {} after {} creates",
            output.code,
            gate.creates()
        );
        if output.code == 1 {
            stopped_for_want_of_room(&output);
        }
        Mounted::resize(&world.path("small"), 20_000);
        send.run().exits(0);
        audit(&world, "small/june.test.results.csv", &gate);
        assert_eq!((gate.creates(), gate.books().len()), (300, 300), "{output}");
    }
}

/// The same of the commands that mend, with so much room left as there may be when somebody tries to stop a batch.
#[test]
fn a_full_file_system_stops_a_command_that_mends_and_with_room_it_is_finished() {
    let pages = |errand| sample(50, 2).into_iter().map(move |n| (errand, n));
    let cases: Vec<(&Errand, usize)> = ERRANDS.iter().flat_map(pages).collect();
    let tried = cases.len();
    let (stopped, unmounted) = (AtomicUsize::new(0), AtomicUsize::new(0));
    each_of(cases, |(errand, pages)| {
        let what = format!("{}, {pages} pages left", errand.name());
        let (raw, world) = errand.set_up();
        let Some(_mounted) = Mounted::over(&world, 4 * u32::try_from(pages).unwrap()) else {
            unmounted.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let output = errand.command(&world, &raw).run();
        if output.code == 1 {
            stopped.fetch_add(1, Ordering::Relaxed);
            stopped_for_want_of_room(&output);
        } else {
            assert_eq!(output.code, errand.code, "{what}: {output}");
        }
        Mounted::resize(&world.path(""), 20_000);
        errand.holds(&world, &raw, &what);
        errand.finishes(&world, &raw, &what);
    });
    if unmounted.into_inner() > 0 {
        skipped("no file system can be mounted here without the privileges of root");
        return;
    }
    let stopped = stopped.into_inner();
    println!("{tried} full file systems, {stopped} stopped the command");
    assert!(stopped * 4 > tried, "{stopped} of {tried}");
}

/// A small file system, unmounted when dropped.
struct Mounted(std::path::PathBuf);

impl Mounted {
    /// In place of a world's folder, with its files in it and so much room besides.
    fn over(world: &World, kib: u32) -> Option<Mounted> {
        let names = world.names().into_iter();
        let files = names.map(|name| (world.mode(&name), world.bytes(&name), name));
        let files: Vec<(u32, Vec<u8>, String)> = files.collect();
        let mounted = Mounted::on(&world.path(""), 20_000)?;
        let mut used = 0;
        for (mode, bytes, name) in files {
            world.sheet(&name, &bytes);
            world.set_mode(&name, mode);
            used += 4 * u32::try_from(bytes.len().div_ceil(4096)).unwrap();
        }
        Mounted::resize(&world.path(""), used + kib);
        Some(mounted)
    }

    fn at(path: &Path, kib: u32) -> Option<Mounted> {
        std::fs::create_dir(path).unwrap();
        Mounted::on(path, kib)
    }

    fn on(path: &Path, kib: u32) -> Option<Mounted> {
        let size = format!("size={kib}k,mode=700");
        let done = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "none"])
            .arg(path)
            .output();
        done.is_ok_and(|done| done.status.success())
            .then(|| Mounted(path.to_owned()))
    }

    fn resize(path: &Path, kib: u32) {
        let size = format!("remount,size={kib}k");
        let done = Command::new("mount").args(["-o", &size]).arg(path).status();
        assert!(done.unwrap().success());
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        drop(Command::new("umount").arg(&self.0).status());
    }
}
