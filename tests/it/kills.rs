//! Runs that end before their time: killed, interrupted, with nobody listening. The same command finishes each of them,
//! and the books say that nobody was paid twice.
//!
//! Deliberately absent: kills at a chosen call (`everywhere`), power cuts (`power`) and disks that fail (`disks`).

use std::fs::OpenOptions;
use std::io::Write;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::trouble::*;
use crate::support::*;

fn slow(latency: &str) -> Gate {
    Gate::with(|options| options.latency = latency.parse().unwrap())
}

/// Waits until the gateway has seen so many creates.
#[track_caller]
fn until_creates(gate: &Gate, running: &mut Running, wanted: usize) {
    let patience = Instant::now() + Duration::from_secs(20);
    while gate.creates() < wanted {
        assert!(
            !running.ended() && Instant::now() < patience,
            "{wanted} creates never came"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Five and twenty times killed at a random moment, and run again.
#[test]
fn a_run_that_is_killed_again_and_again_pays_every_row_once() {
    const ROWS: usize = 300;
    const KILLS: usize = 25;
    let gate = Gate::with(|options| {
        options.latency = "20ms±10ms".parse().unwrap();
        options.faults = "create:lost-after=2%,create:lost-before=2%"
            .parse()
            .unwrap();
    });
    let world = batch(ROWS);
    let send = hasty(&world, &gate).args(["--concurrency", "4"]);
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut killed = 0;
    for _ in 0..KILLS {
        let running = send.spawn();
        std::thread::sleep(Duration::from_millis(rng.u64(5..200)));
        killed += usize::from(running.kill9().code == -9);
        if world.has(CHECKPOINT) {
            let written = world.talk("results", SHEET, &gate).run();
            assert!(written.code == 0 || written.says(["no checkpoint"]).code == 1);
        }
        if world.has(RESULTS) {
            audit(&world, RESULTS, &gate);
        }
    }
    assert!(
        killed > KILLS / 2,
        "{killed} of {KILLS} were alive to be killed"
    );
    resumed(&send, &world, &gate);
    all_paid(&world, &gate, ROWS);
    let creates = gate.creates();
    assert!(creates <= ROWS + ROWS / 10 + 4 * KILLS, "{creates} creates");
}

/// The first signal lets what is in flight finish, writes the results and says how to go on.
#[test]
fn an_interrupt_finishes_what_is_in_flight_and_says_how_to_resume() {
    each_of(vec!["INT", "TERM", "HUP"], |signal| {
        let gate = slow("150ms");
        let world = batch(100);
        let send = hasty(&world, &gate).args(["--concurrency", "8"]);
        let mut running = send.spawn();
        until_creates(&gate, &mut running, 20);
        running.signal(signal);
        let at_signal = gate.creates();
        let output = running.wait().exits(130);
        let output = output.says(["interrupted", "to resume", "paysheet send june.csv"]);
        check(&output, &world, &gate);
        let table = world.table(RESULTS);
        assert_eq!(
            table.states("unknown"),
            0,
            "in flight means waited for: {output}"
        );
        assert!(
            gate.creates() <= at_signal + 8,
            "{} after {at_signal}",
            gate.creates()
        );
        assert_eq!(table.states("created"), gate.books().len());
        sent(&send, 0, &world, &gate);
        all_paid(&world, &gate, 100);
        assert_eq!(gate.creates(), 100);
    });
}

/// The second signal leaves at once, and still ends with the object that scripts read.
#[test]
fn a_second_interrupt_leaves_at_once() {
    let gate = slow("20s");
    let world = batch(10);
    let send = world.send(SHEET, &gate).args(["--concurrency", "8"]);
    // What is in flight are the questions before the first create.
    let mut running = send.spawn();
    std::thread::sleep(Duration::from_millis(400));
    running.sigint();
    std::thread::sleep(Duration::from_millis(300));
    let begun = Instant::now();
    assert!(
        !running.ended(),
        "the first signal waits for what is in flight"
    );
    running.sigint();
    let output = running.wait().exits(130);
    assert!(begun.elapsed() < Duration::from_secs(8), "{output}");
    assert_eq!(output.json()["exit"], 130);
    assert_eq!(gate.books().len(), 0);
}

#[test]
fn a_second_interrupt_does_not_wait_for_creates_in_flight_and_the_next_run_finds_them() {
    let raw = Raw::start(|ask| match ask.is_create() && (5..=8).contains(&ask.nth) {
        true => Act::Then(Manner::Stall(Duration::from_secs(30))),
        false => Act::Honest,
    });
    let world = batch(20);
    let send = world
        .send(SHEET, &raw)
        .args(["--settle", "1", "--concurrency", "4"]);
    let running = send.spawn();
    while raw.creates() < 8 {
        std::thread::sleep(Duration::from_millis(5));
    }
    running.sigint();
    std::thread::sleep(Duration::from_millis(300));
    let begun = Instant::now();
    running.sigint();
    let output = running
        .wait()
        .exits(130)
        .says(["run the same command again"]);
    assert!(
        begun.elapsed() < Duration::from_secs(8),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(output.json()["exit"], 130);
    world.talk("results", SHEET, &raw).run().exits(0);
    audit(&world, RESULTS, &raw);
    assert_eq!(world.table(RESULTS).states("unknown"), 4);
    sent(&send, 0, &world, &raw);
    all_paid(&world, &raw, 20);
    assert_eq!(raw.creates(), 20);
}

#[test]
fn status_resolves_what_a_killed_run_left_in_doubt() {
    let gate = slow("100ms");
    let world = batch(60);
    let send = hasty(&world, &gate).args(["--concurrency", "8"]);
    let mut running = send.spawn();
    until_creates(&gate, &mut running, 20);
    running.kill9();
    world.talk("results", SHEET, &gate).run().exits(0);
    let before = world.table(RESULTS).states("unknown");
    assert!(before > 0, "something was in flight");
    let output = hasty_status(&world, &gate).run();
    check(&output, &world, &gate);
    assert_eq!(
        world.table(RESULTS).states("created"),
        gate.books().len(),
        "{output}"
    );
    sent(&send, 0, &world, &gate);
    all_paid(&world, &gate, 60);
}

/// Nobody reads what is said: closed, full or broken, it changes nothing.
#[test]
fn a_run_nobody_listens_to_is_a_run_like_any_other() {
    let cases = vec![
        ("closed", "exec >&- 2>&-"),
        ("full", "exec >/dev/full 2>/dev/full"),
        ("broken stderr", "mkfifo p; exec 3<>p; exec 2>p; exec 3<&-"),
        ("broken stdout", "mkfifo p; exec 3<>p; exec >p; exec 3<&-"),
    ];
    each_of(cases, |(what, how)| {
        let gate = Gate::new();
        let world = batch(100);
        let output = hasty(&world, &gate).arg("-v").after(how).run();
        assert_eq!(output.code, 0, "{what}: {output}");
        all_paid(&world, &gate, 100);
    });
}

/// Whoever reads stderr stops reading in the middle of a run: all is sent and written down all the same. (The last
/// words wait for a reader, as anybody's do.)
#[test]
fn a_reader_who_falls_asleep_does_not_stop_a_run() {
    let gate = slow("20ms");
    let world = batch(300);
    let pipe = world.path("p");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    // Held open for both: the program never waits for a reader to come, and never sees one leave.
    let mut reader = OpenOptions::new()
        .read(true)
        .write(true)
        .open(&pipe)
        .unwrap();
    let mut running = hasty(&world, &gate).arg("-v").after("exec 2>p").spawn();
    until_creates(&gate, &mut running, 1);
    // From here on nobody reads, and there is no room left.
    std::thread::spawn({
        let mut filler = reader.try_clone().unwrap();
        move || filler.write_all(&[b'.'; 1 << 20])
    });
    let paid = || world.has(RESULTS) && world.table(RESULTS).states("created") == 300;
    let patience = Instant::now() + Duration::from_secs(60);
    while !paid() {
        assert!(Instant::now() < patience, "waits for its reader");
        std::thread::sleep(Duration::from_millis(20));
    }
    audit(&world, RESULTS, &gate);
    // The reader wakes, and with it what there was to wait for.
    std::thread::spawn(move || std::io::copy(&mut reader, &mut std::io::sink()));
    running.wait().exits(0);
}

/// The built-in sandbox: rehearsals survive what real runs survive.
#[test]
fn the_built_in_sandbox_is_killed_and_resumed_and_remembers() {
    let world = batch(200);
    let send = |faults: &str| {
        let send = world
            .paysheet()
            .args(["send", SHEET, "--json", "--rate", "0", "--settle", "1"]);
        send.args([
            "--concurrency",
            "4",
            "--sandbox-latency",
            "10ms",
            "--sandbox-faults",
            faults,
        ])
    };
    for pause in [150, 250, 200] {
        let running = send("lost-after=2%").spawn();
        std::thread::sleep(Duration::from_millis(pause));
        assert_eq!(running.kill9().code, -9);
    }
    let first = send("lost-after=1%").run();
    assert!([0, 1, 4].contains(&first.code), "{first}");
    let output = send("lost-after=0%").run().exits(0);
    let results = "june.sandbox.results.csv";
    let table = world.table(results);
    assert_eq!(table.states("created"), 200, "{output}");
    let mut links = table.column("cashgram_link");
    links.sort_unstable();
    links.dedup();
    assert_eq!(links.len(), 200, "no two rows share a link");

    let again = send("lost-after=0%").run().exits(0);
    assert_eq!(
        (
            again.json()["requests"].as_u64(),
            again.json()["created_now"].as_u64()
        ),
        (Some(0), Some(0))
    );
    let status = world
        .paysheet()
        .args(["status", SHEET, "--json", "--rate", "0"])
        .run();
    // By now a link may have died, as some do there.
    assert!([0, 4].contains(&status.code), "{status}");
    assert_eq!(status.json()["states"]["created"], 200);
    let known = status.json()["statuses"]
        .as_object()
        .unwrap()
        .values()
        .filter_map(serde_json::Value::as_u64)
        .sum::<u64>();
    assert_eq!(known, 200, "{status}");
}

/// The same seed, the same mishaps; another seed, others.
#[test]
fn the_seed_of_the_built_in_sandbox_is_heard() {
    let unlucky = |seed: &str| {
        let world = batch(20);
        let send = world.paysheet().args(["send", SHEET, "--rate", "0"]);
        let send = send.args(["--concurrency", "1", "--settle", "30"]);
        let faults = ["--sandbox-faults", "create:lost-after=40%"];
        send.args(faults)
            .args(["--sandbox-seed", seed])
            .run()
            .exits(0);
        let table = world.table("june.sandbox.results.csv");
        let looked_up = |at: &&str| !at.is_empty();
        table
            .column("checked_at")
            .iter()
            .map(looked_up)
            .collect::<Vec<_>>()
    };
    assert_eq!(unlucky("7"), unlucky("7"));
    assert_ne!(unlucky("7"), unlucky("8"));
}
