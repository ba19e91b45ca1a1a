//! Killed everywhere: a run that dies at any of its file or socket calls is finished by the same command, and the books
//! say that nobody was paid twice or forgotten.
//!
//! Two ways to be sure of the place: `disk.c` counts the calls of the whole process and kills before the n-th; `kill.c`
//! sees the system calls themselves and kills at the n-th of a kind. A point counts once a run was really killed there.
//! Samples here; `PAYSHEET_FULL=1 cargo test --test it everywhere` enumerates all of them. Deliberately absent: signals
//! that a run can answer (`kills`), and what a power cut does to the disk (`power`).

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::disk::{Deed, Fate, Kept};
use crate::support::errand::{ERRANDS, Errand};
use crate::support::kill::Killer;
use crate::support::trouble::*;
use crate::support::*;

const ROWS: usize = 20;
/// Runs at once when the calls are counted: as many as [`each_of`] has, so that the machine is as busy.
const COUNTED: usize = 6;
/// Runs in which a point may fail to come, since no two runs make quite the same calls.
const TRIES_MAX: usize = 30;

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

/// The same until it was alive to be killed. How many runs that took.
#[track_caller]
fn surely_killed(what: &str, kill: impl Fn(&World, Paysheet) -> Output) -> usize {
    let killed = |_: &usize| killed_and_finished(what, &kill);
    let tries = (1..=TRIES_MAX).find(killed);
    tries.unwrap_or_else(|| panic!("{what} did not come in {TRIES_MAX} runs"))
}

/// What each of some runs at once counts.
fn counted<T: Send>(count: impl Fn(&World, Paysheet) -> T + Sync) -> Vec<T> {
    let counts = Mutex::new(Vec::new());
    each_of((0..COUNTED).collect(), |_| {
        let (gate, world) = (Gate::new(), batch(ROWS));
        let count = count(&world, brisk(&world, &gate));
        counts.lock().unwrap().push(count);
    });
    counts.into_inner().unwrap()
}

#[test]
fn a_run_killed_before_any_of_its_calls_is_finished_by_the_next() {
    if Disk::new().is_none() {
        skipped("there is no C compiler (cc)");
        return;
    }
    let counts = counted(|world, send| {
        let disk = Disk::new().expect("made once already");
        disk.under(&send, world, Fate::None).run().exits(0);
        Deed::calls(&disk.deeds())
    });
    // What every run makes.
    let count = counts.into_iter().min().expect("some runs");
    let points = sample(count, 100);
    let (tried, runs, twice) = (points.len(), AtomicUsize::new(0), AtomicUsize::new(0));
    each_of(points.into_iter().enumerate().collect(), |(n, point)| {
        let disk = Disk::new().expect("made once already");
        let tries = surely_killed(&format!("call {point} of {count}"), |world, send| {
            let first = disk.under(&send, world, Fate::DieAt(point)).run();
            // Every other one is killed again while it resumes.
            if n % 2 == 0 && first.code == -9 {
                let again = Fate::DieAt(1 + (point * 13) % count);
                let second = disk.under(&send, world, again).run();
                assert!([-9, 0].contains(&second.code), "{second}");
                twice.fetch_add(usize::from(second.code == -9), Ordering::Relaxed);
            }
            first
        });
        runs.fetch_add(tries, Ordering::Relaxed);
    });
    let (runs, twice) = (runs.into_inner(), twice.into_inner());
    println!(
        "killed at {tried} of {count} calls, {twice} times twice, in {runs} runs; 0 lost, 0 twice paid"
    );
    assert!(twice * 8 > tried, "{twice} of {tried} killed twice");
}

#[test]
fn a_run_killed_at_any_system_call_is_finished_by_the_next() {
    let Some(killer) = Killer::new() else {
        skipped("there is no C compiler (cc)");
        return;
    };
    let Some(points) = system_calls(killer) else {
        skipped("nothing may be traced here");
        return;
    };
    let all = points.len();
    let chosen = sample(all, 200);
    let (killed, runs) = (chosen.len(), AtomicUsize::new(0));
    each_of(chosen, |at| {
        let (call, nth) = &points[at - 1];
        let tries = surely_killed(&format!("{call} {nth}"), |_, send| {
            killer.at(&send, call, *nth).run()
        });
        runs.fetch_add(tries, Ordering::Relaxed);
    });
    let runs = runs.into_inner();
    println!("killed at {killed} of {all} system calls, in {runs} runs; 0 lost, 0 twice paid");
}

/// Every system call that every run makes, by its kind and its number among those. None where nothing may be traced.
fn system_calls(killer: Killer) -> Option<Vec<(String, usize)>> {
    let counts = counted(|_, send| killer.calls(&send));
    let counts: Vec<BTreeMap<String, usize>> = counts.into_iter().collect::<Option<_>>()?;
    let least = |call: &String| {
        let made = counts.iter().map(|count| count.get(call));
        made.map(|made| made.copied().unwrap_or(0))
            .min()
            .unwrap_or(0)
    };
    let each = |call: &String| {
        let call = call.clone();
        (1..=least(&call)).map(move |nth| (call.clone(), nth))
    };
    Some(counts[0].keys().flat_map(each).collect())
}

/// Two hundred times killed at a random moment, and each time run again, two rows at a time so that there is something
/// left for the next.
#[test]
fn two_hundred_kills_in_a_row_cost_nobody_a_payment() {
    const MANY: usize = 500;
    const KILLS: usize = 200;
    let gate = Gate::with(|options| options.latency = "25ms±10ms".parse().unwrap());
    let world = batch(MANY);
    let send = world.send(SHEET, &gate).args(["--settle", "0"]);
    let few = send.clone().args(["--concurrency", "2"]);
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    let (mut kills, mut runs) = (0, 0);
    // A run counts if it was alive when it was killed, with rows left to pay.
    while kills < KILLS {
        runs += 1;
        assert!(runs <= 3 * KILLS, "{kills} kills in {runs} runs");
        let mut running = few.spawn();
        // Each third run lives to send something, however slow the machine is.
        let wanted = gate.creates() + usize::from(runs % 3 == 0);
        while gate.creates() < wanted && !running.ended() {
            std::thread::sleep(Duration::from_millis(2));
        }
        std::thread::sleep(Duration::from_millis(rng.u64(2..60)));
        let output = running.kill9();
        assert!(
            [-9, 0].contains(&output.code),
            "seed {seed}, run {runs}: {output}"
        );
        assert!(
            gate.books().len() < MANY,
            "seed {seed}: paid after {kills} kills"
        );
        kills += usize::from(output.code == -9);
        if runs % 10 == 0 && world.has(CHECKPOINT) {
            world.talk("results", SHEET, &gate).run().exits(0);
            audit(&world, RESULTS, &gate);
        }
    }
    let paid = gate.books().len();
    resumed(&send, &world, &gate);
    all_paid(&world, &gate, MANY);
    println!(
        "{kills} killed of {runs} runs; {paid} of {MANY} paid by then, {} creates in all",
        gate.creates()
    );
    assert!(paid > 0, "nothing was under way");
    let most = MANY + 4 * KILLS;
    assert!(gate.creates() <= most, "{} creates", gate.creates());
}

/// The same of the commands that mend.
#[test]
fn a_command_that_mends_and_is_killed_before_any_of_its_calls_is_finished_by_the_next() {
    if Disk::new().is_none() {
        skipped("there is no C compiler (cc)");
        return;
    }
    let points = Errand::calls(3);
    let (killed, runs) = (points.len(), AtomicUsize::new(0));
    each_of(points, |(errand, point)| {
        let dies = |_: &usize| errand.dies(point, Kept::All);
        let tries = (1..=TRIES_MAX).find(dies);
        let tries = tries.unwrap_or_else(|| panic!("{}: call {point} did not come", errand.name()));
        runs.fetch_add(tries, Ordering::Relaxed);
    });
    let (commands, runs) = (ERRANDS.len(), runs.into_inner());
    println!(
        "killed at {killed} calls of {commands} commands, in {runs} runs; 0 lost, 0 twice paid"
    );
}
