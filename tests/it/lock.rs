//! One batch has one writer at a time; a dead one is no obstacle.

use std::time::{Duration, Instant};

use crate::support::*;

/// Waits until `true`.
fn until(what: &str, mut is: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A gateway that takes a second and a half over each create.
fn slow() -> Raw {
    Raw::start(|ask| {
        if ask.is_create() {
            Act::Then(Manner::Late(Duration::from_millis(1_500)))
        } else {
            Act::Honest
        }
    })
}

/// Runs it to its end, within a second of what this machine takes to start the program at all. A busy machine gets
/// three chances.
#[track_caller]
fn soon_over(world: &World, run: &Paysheet) -> Output {
    let mut took = Vec::new();
    for _ in 0..3 {
        let start = world.paysheet().arg("--version").run().exits(0).took;
        let output = run.run();
        if output.took < start + Duration::from_secs(1) {
            return output;
        }
        took.push((output.took, start));
    }
    panic!("{run:?} took, and starting: {took:?}");
}

#[test]
fn a_second_process_is_told_who_holds_the_batch_and_sends_nothing() {
    let (world, raw) = (World::new(), slow());
    world.sheet("june.csv", rows(3));
    let first = world.send("june.csv", &raw).spawn();
    until("a create under way", || raw.creates() == 3);
    let asked = raw.asked();
    // It holds the batch for as long as the others need.
    first.signal("STOP");
    for command in ["send", "status", "results", "cancel", "retry"] {
        let second = world.talk(command, "june.csv", &raw).arg("--json");
        let second = if ["send", "cancel", "retry"].contains(&command) {
            second.arg("--yes")
        } else {
            second
        };
        let run = soon_over(&world, &second).exits(1);
        let holder = format!("process {} on ", first.pid());
        let run = run.says([holder.as_str(), " since 2", "in use by", "run again"]);
        assert_eq!(run.json()["exit"], 1, "{run}");
    }
    first.signal("CONT");
    assert_eq!(
        raw.asked(),
        asked,
        "the second process asked the gateway something"
    );
    first.wait().exits(0);
    audit(&world, "june.test.results.csv", &raw);
    assert_eq!(raw.creates(), 3);
    // Another batch of the same sheet is another batch.
    world
        .send("june.csv", &raw)
        .args(["--batch", "july", "--new-payment"])
        .run()
        .exits(0);
}

#[test]
fn two_started_at_once_send_each_row_once() {
    let (world, raw) = (World::new(), slow());
    world.sheet("june.csv", rows(5));
    let both = [
        world.send("june.csv", &raw).spawn(),
        world.send("june.csv", &raw).spawn(),
    ];
    let mut codes = both.map(|run| run.wait().code);
    codes.sort_unstable();
    assert_eq!(codes, [0, 1]);
    assert_eq!(raw.creates(), 5);
    audit(&world, "june.test.results.csv", &raw);
}

#[test]
fn what_a_dead_process_left_is_no_obstacle() {
    let (world, raw) = (World::new(), slow());
    world.sheet("june.csv", rows(2));
    let first = world.send("june.csv", &raw).spawn();
    until("a create under way", || raw.creates() == 2);
    first.kill9();
    assert!(world.has("june.test.checkpoint.db.lock"));
    world
        .send("june.csv", &raw)
        .args(["--settle", "0"])
        .run()
        .exits(0);
    audit(&world, "june.test.results.csv", &raw);
    assert_eq!((raw.creates(), raw.booked().len()), (2, 2));
    assert!(!world.has("june.test.checkpoint.db.lock"));
}

#[test]
fn a_lock_file_without_a_process_is_no_obstacle() {
    let (world, gate) = (World::new(), Gate::new());
    world.sheet("june.csv", rows(2));
    world.sheet(
        "june.test.checkpoint.db.lock",
        "process 1 on nowhere since 2020-01-01T00:00:00Z",
    );
    world.send("june.csv", &gate).run().exits(0);
    assert!(!world.has("june.test.checkpoint.db.lock"));
}

#[test]
fn a_link_in_the_place_of_the_lock_costs_nobody_a_file() {
    let (world, gate) = (World::new(), Gate::new());
    world.sheet("june.csv", rows(2));
    world.sheet("diary.txt", "dear diary");
    std::os::unix::fs::symlink("diary.txt", world.path("june.test.checkpoint.db.lock")).unwrap();
    let run = world.send("june.csv", &gate).run().exits(1);
    assert_eq!(world.text("diary.txt"), "dear diary", "{run}");
    run.says(["june.test.checkpoint.db.lock", "symbolic link"]);
    assert_eq!(gate.asked(), 0);
}

#[test]
fn a_link_to_the_checkpoint_is_no_second_door() {
    let (world, raw) = (World::new(), slow());
    world.sheet("june.csv", rows(3));
    std::fs::create_dir(world.path("other")).unwrap();
    let first = world.send("june.csv", &raw).spawn();
    until("a create under way", || raw.creates() == 3);
    let link = world.path("other/june.test.checkpoint.db");
    std::os::unix::fs::symlink(world.path("june.test.checkpoint.db"), &link).unwrap();
    let link = link.to_str().unwrap();
    let second = world.send("june.csv", &raw).args(["--checkpoint", link]);
    let holder = format!("process {} on ", first.pid());
    second.run().exits(1).says([holder.as_str(), "in use by"]);
    first.wait().exits(0);
    assert_eq!(raw.creates(), 3);
}
