//! Killed everywhere: a run that dies at any of its file or socket calls is finished by the same command, and the books
//! say that nobody was paid twice or forgotten.
//!
//! Two ways to be sure of the place: `disk.c` counts the calls of the whole process and kills before the n-th; `strace`,
//! where there is one, sees the system calls themselves and kills at the n-th of a kind. Samples here;
//! `PAYSHEET_FULL=1 cargo test --test it everywhere` enumerates all of them. Deliberately absent: signals that a run
//! can answer (`kills`), and what a power cut does to the disk (`power`).

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::disk::{Deed, Fate};
use crate::support::trouble::*;
use crate::support::*;

const ROWS: usize = 20;
/// Every call by which a run touches files, sockets or its own end.
const CALLS: &str = "openat,read,pread64,write,pwrite64,writev,lseek,ftruncate,fsync,fdatasync,rename,renameat,renameat2,\
    unlink,unlinkat,fcntl,flock,mmap,munmap,fchmod,close,socket,connect,sendto,sendmsg,recvfrom,recvmsg,shutdown,exit_group";

fn brisk(world: &World, gate: &Gate) -> Paysheet {
    let send = world.send(SHEET, gate).args(["--settle", "0"]);
    send.args(["--timeout", "5", "--concurrency", "4"])
}

/// Kills a run, has the next finish, and reads the books. Whether it was alive to be killed.
#[track_caller]
fn killed_and_finished(what: &str, kill: impl FnOnce(&World, Paysheet) -> Output) -> bool {
    let (gate, world) = (Gate::new(), batch(ROWS));
    let output = kill(&world, brisk(&world, &gate));
    assert!([-9, 0].contains(&output.code), "{what}: {output}");
    let again = brisk(&world, &gate).run();
    assert_eq!(again.code, 0, "killed at {what}, then: {again}");
    check(&again, &world, &gate);
    all_paid(&world, &gate, ROWS);
    output.code == -9
}

#[test]
fn a_run_killed_before_any_of_its_calls_is_finished_by_the_next() {
    let Some(disk) = Disk::new() else {
        skipped("there is no C compiler (cc)");
        return;
    };
    let (gate, world) = (Gate::new(), batch(ROWS));
    let dry = disk.under(&brisk(&world, &gate), &world, Fate::None).run();
    dry.exits(0);
    let count = Deed::calls(&disk.deeds());
    let points = sample(count, 100);
    let (tried, killed, twice) = (points.len(), AtomicUsize::new(0), AtomicUsize::new(0));
    each_of(points.into_iter().enumerate().collect(), |(n, point)| {
        let disk = Disk::new().expect("made once already");
        let was = killed_and_finished(&format!("call {point} of {count}"), |world, send| {
            let first = disk.under(&send, world, Fate::DieAt(point)).run();
            // Every other one is killed again while it resumes.
            if n % 2 == 0 {
                let again = Fate::DieAt(1 + (point * 13) % count);
                let second = disk.under(&send, world, again).run();
                assert!([-9, 0].contains(&second.code), "{second}");
                twice.fetch_add(usize::from(second.code == -9), Ordering::Relaxed);
            }
            first
        });
        killed.fetch_add(usize::from(was), Ordering::Relaxed);
    });
    let (killed, twice) = (killed.into_inner(), twice.into_inner());
    println!(
        "{tried} of {count} points, {killed} killed, {twice} of them twice; 0 lost, 0 twice paid"
    );
    assert!(killed * 10 > tried * 9, "{killed} of {tried}");
}

#[test]
fn a_run_killed_at_any_system_call_is_finished_by_the_next() {
    let Some(points) = system_calls() else {
        skipped("there is no strace that may trace here");
        return;
    };
    let all = points.len();
    let chosen = sample(all, 120);
    let (tried, killed) = (chosen.len(), AtomicUsize::new(0));
    each_of(chosen, |at| {
        let (call, nth) = &points[at - 1];
        let was = killed_and_finished(&format!("{call} {nth}"), |_, send| {
            let inject = format!("inject={call}:signal=KILL:when={nth}");
            strace(&send, &["-e", &format!("trace={call}"), "-e", &inject]).run()
        });
        killed.fetch_add(usize::from(was), Ordering::Relaxed);
    });
    let killed = killed.into_inner();
    println!("{tried} of {all} system calls, {killed} killed; 0 lost, 0 twice paid");
    assert!(killed * 10 > tried * 7, "{killed} of {tried}");
}

fn strace(send: &Paysheet, args: &[&str]) -> Paysheet {
    let quiet = ["strace", "-f", "-qq", "-o", "/dev/null"];
    send.clone().through(quiet.iter().chain(args))
}

/// Every system call of a run by its kind and number within a thread, which is how `strace` counts. None without strace.
fn system_calls() -> Option<Vec<(String, usize)>> {
    let may = Command::new("strace")
        .args(["-qq", "-o", "/dev/null", "true"])
        .status();
    if !may.is_ok_and(|may| may.success()) {
        return None;
    }
    let (gate, world) = (Gate::new(), batch(ROWS));
    let log = tempfile::NamedTempFile::new().expect("a file");
    let path = log.path().to_str().expect("a name");
    let trace = format!("trace={CALLS}");
    let dry = ["strace", "-f", "-qq", "-o", path, "-e", &trace];
    brisk(&world, &gate).through(dry).run().exits(0);
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    for line in std::fs::read_to_string(path).expect("the trace").lines() {
        let (thread, rest) = line.split_once(' ').unwrap_or_default();
        let call = rest.trim().split_once('(').map(|(call, _)| call.trim());
        let Some(call) = call.filter(|call| CALLS.split(',').any(|known| known.trim() == *call))
        else {
            continue;
        };
        *counts
            .entry((call.to_owned(), thread.to_owned()))
            .or_default() += 1;
    }
    let mut most: BTreeMap<String, usize> = BTreeMap::new();
    for ((call, _), count) in counts {
        let known = most.entry(call).or_default();
        *known = (*known).max(count);
    }
    let each = |(call, count): (String, usize)| (1..=count).map(move |nth| (call.clone(), nth));
    Some(most.into_iter().flat_map(each).collect())
}

/// Two hundred times killed at a random moment, and each time run again, two rows at a time so that there is something
/// left for the next.
#[test]
fn two_hundred_kills_in_a_row_cost_nobody_a_payment() {
    const MANY: usize = 500;
    const KILLS: usize = 200;
    let gate = Gate::with(|options| options.latency = "14ms±6ms".parse().unwrap());
    let world = batch(MANY);
    let send = world.send(SHEET, &gate).args(["--settle", "0"]);
    let few = send.clone().args(["--concurrency", "2"]);
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    let (mut alive, mut done) = (0, 0);
    for kill in 0..KILLS {
        let mut running = few.spawn();
        // Each third run lives to send something, however slow the machine is.
        let wanted = gate.creates() + usize::from(kill % 3 == 0);
        while gate.creates() < wanted && !running.ended() {
            std::thread::sleep(Duration::from_millis(2));
        }
        std::thread::sleep(Duration::from_millis(rng.u64(2..60)));
        let output = running.kill9();
        assert!(
            [-9, 0].contains(&output.code),
            "seed {seed}, kill {kill}: {output}"
        );
        alive += usize::from(output.code == -9);
        done += usize::from(output.code == 0);
        if kill % 10 == 9 && world.has(CHECKPOINT) {
            world.talk("results", SHEET, &gate).run().exits(0);
            audit(&world, RESULTS, &gate);
        }
    }
    let paid = gate.books().len();
    resumed(&send, &world, &gate);
    all_paid(&world, &gate, MANY);
    println!(
        "{KILLS} kills, {alive} alive, {done} done before; {paid} paid by then, {} creates in all",
        gate.creates()
    );
    assert!(paid > 0, "nothing was under way");
    assert!(alive > KILLS / 2, "{alive} of {KILLS}");
    assert!(
        gate.creates() <= MANY + 4 * KILLS,
        "{} creates",
        gate.creates()
    );
}

/// A sweep that dies at any of its calls is made again, and knows everything then.
#[test]
fn a_status_killed_before_any_of_its_calls_is_finished_by_the_next() {
    let sent = || {
        let (gate, world) = (Gate::new(), batch(ROWS));
        brisk(&world, &gate).run().exits(0);
        for (n, cashgram) in gate.books().iter().enumerate() {
            match n % 3 {
                0 => gate.redeem(&cashgram.id),
                1 => gate.expire(&cashgram.id),
                _ => {}
            }
        }
        (gate, world)
    };
    let Some(disk) = Disk::new() else {
        skipped("there is no C compiler (cc)");
        return;
    };
    let (gate, world) = sent();
    let status = hasty_status(&world, &gate);
    disk.under(&status, &world, Fate::None).run().exits(4);
    let count = Deed::calls(&disk.deeds());
    each_of(sample(count, 30), |point| {
        let disk = Disk::new().expect("made once already");
        let (gate, world) = sent();
        let status = hasty_status(&world, &gate);
        let killed = disk.under(&status, &world, Fate::DieAt(point)).run();
        assert!([-9, 4].contains(&killed.code), "{killed}");
        let again = status.run();
        assert_eq!(
            again.code, 4,
            "killed at call {point} of {count}, then: {again}"
        );
        check(&again, &world, &gate);
        let table = world.table(RESULTS);
        for cashgram in gate.booked() {
            let row = table
                .rows
                .iter()
                .find(|row| row["cashgram_id"] == cashgram.id);
            let row = row.expect("a row of its own");
            assert_eq!(
                row["status"], cashgram.status,
                "killed at call {point}: {again}"
            );
        }
    });
}
