//! A wish to stop that is still open: what it came with decides what takes it back, and nobody is left to guess at it.

use std::time::{Duration, Instant};

use crate::guards::{RESULTS, guarded, sent};
use crate::support::*;

fn cancel(world: &World, gate: &impl Gateway) -> Paysheet {
    world
        .talk("cancel", "june.csv", gate)
        .args(["--json", "--settle", "1", "--timeout", "2"])
}

fn reopen(world: &World, gate: &impl Gateway) -> Paysheet {
    let send = world.send("june.csv", gate);
    send.args(["--reopen", "--settle", "1", "--timeout", "2"])
}

/// Three rows were sent, and one of them is in doubt: its create was lost without effect, and the sender killed. The
/// row's number.
fn doubtful() -> (Raw, World, String) {
    let raw = Raw::start(|ask| match ask.is_create() && ask.nth == 3 {
        true => Act::Instead(Manner::Stall(Duration::from_secs(30))),
        false => Act::Honest,
    });
    let world = World::new();
    world.sheet("june.csv", rows(3));
    let send = world.send("june.csv", &raw).args(["--concurrency", "1"]);
    let running = send.spawn();
    let patience = Instant::now() + Duration::from_secs(20);
    while raw.creates() < 3 {
        assert!(Instant::now() < patience);
        std::thread::sleep(Duration::from_millis(5));
    }
    running.kill9();
    world.talk("results", "june.csv", &raw).run().exits(0);
    let table = world.table(RESULTS);
    let states = table.column("state");
    let row = 1 + states.iter().position(|state| *state == "unknown").unwrap();
    (raw, world, row.to_string())
}

/// Deactivations fail.
fn stubborn() -> Raw {
    Raw::start(|ask| match ask.is("/deactivateCashgram") {
        true => Act::Instead(Manner::Says(Say::refusal(500, "x"))),
        false => Act::Honest,
    })
}

#[test]
fn a_doubt_cancelled_by_name_is_not_sent_by_a_reopening() {
    let (raw, world, row) = doubtful();
    cancel(&world, &raw).args(["--row", &row]).run().exits(4);
    // Never closed: there is nothing to open again.
    reopen(&world, &raw).run().exits(4);
    assert_eq!(raw.creates(), 3);
    // Closed as well, it was still meant by itself.
    cancel(&world, &raw).run().exits(4);
    reopen(&world, &raw).run().exits(4);
    assert_eq!((raw.creates(), raw.booked().len()), (3, 2));
    audit(&world, RESULTS, &raw);
}

#[test]
fn a_doubt_that_was_to_be_stopped_is_paid_after_all_under_its_id() {
    let (raw, world, row) = doubtful();
    let run = cancel(&world, &raw).args(["--row", &row]).run().exits(4);
    run.says(["retry --cancelled --row N"]);
    let ids = world.table(RESULTS).column("cashgram_id").join(" ");
    let retry = |more: &[&str]| {
        let retry = world.talk("retry", "june.csv", &raw);
        let retry = retry.args(["--yes", "--settle", "1", "--timeout", "2"]);
        retry.args(["--row", &row]).args(more).run()
    };
    retry(&[]).exits(4).says(["add --cancelled"]);
    assert_eq!(raw.creates(), 3);
    retry(&["--cancelled"]).exits(0);
    assert_eq!((raw.creates(), raw.booked().len()), (4, 3));
    let table = world.table(RESULTS);
    assert_eq!(table.states("created"), 3);
    assert_eq!(table.column("cashgram_id").join(" "), ids);
    audit(&world, RESULTS, &raw);
}

#[test]
fn a_doubt_that_is_named_after_the_closing_is_not_sent_by_a_reopening() {
    let (raw, world, row) = doubtful();
    cancel(&world, &raw).run().exits(4);
    cancel(&world, &raw).args(["--row", &row]).run().exits(4);
    reopen(&world, &raw).run().exits(4);
    assert_eq!((raw.creates(), raw.booked().len()), (3, 2));
}

#[test]
fn what_a_reopening_sends_is_asked_about() {
    let (raw, world, _) = doubtful();
    cancel(&world, &raw).run().exits(4);
    let bare = world
        .talk("send", "june.csv", &raw)
        .args(["--json", "--reopen"]);
    guarded(&world, &raw, bare, 2, &["--yes", "no terminal"]);
    assert_eq!(raw.creates(), 3);
    let dry = reopen(&world, &raw).arg("--dry-run").run().exits(0);
    dry.says(["to send      1 payout"]);
    let closed = world.send("june.csv", &raw);
    guarded(&world, &raw, closed, 3, &["closed"]);
    reopen(&world, &raw)
        .run()
        .exits(0)
        .says(["to send      1 payout"]);
    assert_eq!((raw.creates(), raw.booked().len()), (4, 3));
    audit(&world, RESULTS, &raw);
}

#[test]
fn a_link_that_the_closing_could_not_stop_is_kept_by_a_reopening() {
    let raw = stubborn();
    let world = sent(&raw, 3);
    let run = cancel(&world, &raw).args(["--give-up-after", "1s"]).run();
    run.exits(1);
    reopen(&world, &raw).run().exits(0);
    // It dies by itself, long afterwards: that was not us.
    for link in raw.booked() {
        raw.set_status(&link.id, "EXPIRED");
    }
    world.status("june.csv", &raw).run().exits(4);
    let table = world.table(RESULTS);
    assert_eq!((table.states("created"), table.states("cancelled")), (3, 0));
}

/// A cancel that did not come to its end is told by whatever runs next, with the command that finishes it.
#[test]
fn a_link_that_is_still_to_be_stopped_is_told() {
    let raw = stubborn();
    let world = sent(&raw, 3);
    let hasty = ["--give-up-after", "1s"];
    let named = cancel(&world, &raw).args(hasty).args(["--row", "2"]);
    named.run().exits(1);
    for command in ["send", "status"] {
        let run = match command {
            "send" => world.send("june.csv", &raw),
            _ => world.status("june.csv", &raw),
        };
        let run = run.run().exits(4);
        run.says([
            "1 payout is still to be cancelled",
            "cancel june.csv",
            "--row 2",
        ]);
    }
    // Closed, with links that no wish was written down for yet.
    let whole = cancel(&world, &raw)
        .args(hasty)
        .args(["--concurrency", "1"]);
    whole.run().exits(1);
    let run = world.status("june.csv", &raw).run().exits(4);
    let run = run.says(["3 payouts are still to be cancelled", "--reopen"]);
    assert!(!run.all().contains("--row"), "{run}");
}

#[test]
fn a_doubt_that_is_to_be_stopped_is_not_left_to_a_send() {
    let (raw, world, row) = doubtful();
    cancel(&world, &raw).args(["--row", &row]).run().exits(4);
    let run = world.status("june.csv", &raw).run().exits(4);
    let run = run.says(["To finish that", "cancel june.csv", &format!("--row {row}")]);
    assert!(!run.all().contains("To go on"), "{run}");
}

/// Out of reach, the gateway cannot be asked; that the row is not to be paid is known from then on.
#[test]
fn a_row_that_was_cancelled_out_of_reach_is_not_paid_by_the_next_send() {
    let (raw, world, row) = doubtful();
    let away = cancel(&world, &raw).env("CASHFREE_CLIENT_SECRET", "wrong");
    let run = away.args(["--row", &row]).run().exits(1);
    run.says(["1 payout is to be cancelled", &format!("--row {row}")]);
    let send = world.send("june.csv", &raw).args(["--settle", "1"]);
    send.run()
        .exits(4)
        .says(["1 payout is still to be cancelled"]);
    assert_eq!((raw.creates(), raw.booked().len()), (3, 2));
    audit(&world, RESULTS, &raw);
}

#[test]
fn a_link_that_was_cancelled_out_of_reach_is_told_until_it_is_stopped() {
    let mut gate = Gate::new();
    let world = sent(&gate, 3);
    gate.down();
    let hasty = ["--row", "2", "--give-up-after", "1s"];
    let run = cancel(&world, &gate).args(hasty).run().exits(1);
    run.says(["out of reach", "1 payout is to be cancelled"]);
    gate.up();
    for command in ["send", "status"] {
        let run = match command {
            "send" => world.send("june.csv", &gate),
            _ => world.status("june.csv", &gate),
        };
        let run = run.run().exits(4);
        run.says(["1 payout is still to be cancelled", "--row 2"]);
    }
    cancel(&world, &gate).args(["--row", "2"]).run().exits(0);
    assert_eq!(world.table(RESULTS).states("cancelled"), 1);
    world.status("june.csv", &gate).run().exits(0);
    audit(&world, RESULTS, &gate);
}

/// Before the first send has reached the gateway nothing is known of any row: an earlier checkpoint may have sent it.
#[test]
fn a_row_that_was_cancelled_before_anything_was_sent_is_not_paid() {
    let mut gate = Gate::new();
    let world = World::new();
    world.sheet("june.csv", rows(3));
    gate.down();
    let hasty = ["--give-up-after", "1s"];
    world.send("june.csv", &gate).args(hasty).run().exits(1);
    cancel(&world, &gate)
        .args(["--row", "2"])
        .args(hasty)
        .run()
        .exits(1)
        .says(["1 payout is to be cancelled"]);
    gate.up();
    let run = world.status("june.csv", &gate).run().exits(4);
    run.says(["1 payout is still to be cancelled", "--row 2"]);
    let words = ["did not reach the gateway", "cancel june.csv", "--row 2"];
    guarded(&world, &gate, world.send("june.csv", &gate), 3, &words);
    cancel(&world, &gate)
        .args(["--row", "2"])
        .run()
        .exits(0)
        .says(["1 payout cancelled now"]);
    world.send("june.csv", &gate).run().exits(0);
    let table = world.table(RESULTS);
    assert_eq!(table.column("state"), ["created", "cancelled", "created"]);
    // Paid after all, it is held back by nothing of that.
    let retry = world.talk("retry", "june.csv", &gate);
    let retry = retry.args(["--cancelled", "--row", "2", "--yes"]);
    retry.run().exits(0);
    world.send("june.csv", &gate).run().exits(0);
    assert_eq!(world.table(RESULTS).states("created"), 3);
    audit(&world, RESULTS, &gate);
}
