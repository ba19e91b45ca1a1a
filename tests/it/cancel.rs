//! `paysheet cancel`: what nobody has redeemed is stopped, and the books agree, whatever happens on the way.

use std::time::{Duration, Instant};

use crate::guards::{CHECKPOINT, RESULTS, guarded, sent};
use crate::support::audit::audit_json;
use crate::support::world::{phone, row_text};
use crate::support::*;

const EARLIER: &str = "june.test.earlier.csv";

fn cancel(world: &World, gate: &impl Gateway) -> Paysheet {
    world
        .talk("cancel", "june.csv", gate)
        .args(["--json", "--settle", "1", "--timeout", "2"])
}

fn id(world: &World, row: usize) -> String {
    world.table(RESULTS).cell(row, "cashgram_id").to_owned()
}

/// How many links stand so in the books.
fn standing(gate: &impl Gateway, word: &str) -> usize {
    let booked = gate.booked();
    booked.iter().filter(|link| link.status == word).count()
}

#[test]
fn a_whole_batch_is_stopped_and_closed() {
    let gate = Gate::new();
    let world = sent(&gate, 6);
    gate.redeem(&id(&world, 2));
    let run = cancel(&world, &gate).run().exits(0);
    let run = run.says(["5 payouts cancelled now", "1 redeemed", "--reopen"]);
    let table = world.table(RESULTS);
    assert_eq!((table.states("cancelled"), table.states("created")), (5, 1));
    assert_eq!(table.cell(2, "status"), "REDEEMED");
    audit(&world, RESULTS, &gate);
    audit_json(&run, &table);
    assert_eq!(standing(&gate, "ACTIVE"), 0);
    assert!(!world.has(EARLIER));
    // Again: nothing is left to be asked.
    let asked = gate.asked();
    cancel(&world, &gate).run().exits(0);
    assert_eq!(gate.asked(), asked);
    // Closed.
    let words = ["cancelled", "closed", "--reopen"];
    guarded(&world, &gate, world.send("june.csv", &gate), 3, &words);
    guarded(
        &world,
        &gate,
        world.talk("retry", "june.csv", &gate).arg("--json"),
        3,
        &words,
    );
    let run = world
        .send("june.csv", &gate)
        .arg("--reopen")
        .run()
        .exits(0)
        .says(["5 cancelled and left alone"]);
    assert_eq!(run.json()["created_now"], 0);
    world.sheet("june.csv", rows(7));
    let run = world.send("june.csv", &gate).run().exits(0);
    assert_eq!(run.json()["created_now"], 1, "only the new row is sent");
    audit(&world, RESULTS, &gate);
}

#[test]
fn named_rows_are_stopped_alone_and_may_then_leave_the_sheet() {
    let gate = Gate::new();
    let world = sent(&gate, 5);
    let second = id(&world, 2);
    let run = cancel(&world, &gate)
        .args(["--row", "4", "--id", &second])
        .run()
        .exits(0);
    audit_json(&run, &world.table(RESULTS));
    let table = world.table(RESULTS);
    let states = ["created", "cancelled", "created", "cancelled", "created"];
    assert_eq!(table.column("state"), states);
    let run = world.send("june.csv", &gate).run().exits(0);
    run.says(["2 cancelled and left alone"]);
    // One goes, one is paid another amount: that is another payout.
    let sheet = rows(5).replace(&row_text(2), "");
    let sheet = sheet.replace(&row_text(4), &row_text(4).replace("5.04", "50.04"));
    world.sheet("june.csv", sheet);
    let run = world.send("june.csv", &gate).run().exits(0);
    assert_eq!(run.json()["created_now"], 1);
    audit_earlier(&world, RESULTS, Some(EARLIER), &gate);
    let earlier = world.table(EARLIER);
    assert_eq!(earlier.column("state"), ["cancelled", "cancelled"]);
    assert_eq!(
        earlier.column("phone"),
        [phone(2).to_string(), phone(4).to_string()]
    );
    assert_eq!(earlier.column("amount"), ["3.02", "5.04"]);
    assert_eq!(world.mode(EARLIER), 0o600);
    // Put back as they were they are what they were.
    world.sheet("june.csv", rows(5));
    let run = world.send("june.csv", &gate).run();
    guarded(&world, &gate, world.send("june.csv", &gate), 3, &["50.04"]);
    assert_eq!(
        run.code, 3,
        "the new payout of the fourth row is astray now: {run}"
    );
}

#[test]
fn what_was_not_sent_is_cancelled_without_a_word_to_the_gateway() {
    // The gateway takes two and then no more.
    let raw = Raw::start(|ask| match (ask.is_create(), ask.nth) {
        (true, 3..) => Act::Instead(Manner::Says(Say::refusal(
            412,
            "Available balance is less than requested cashgram amount.",
        ))),
        _ => Act::Honest,
    });
    let world = World::new();
    world.sheet("june.csv", rows(6));
    let send = world.send("june.csv", &raw).args(["--concurrency", "1"]);
    send.run().exits(1);
    let asked = raw.asked();
    let ready = world.table(RESULTS);
    let states = ready.column("state");
    let row = 1 + states.iter().position(|state| *state == "ready").unwrap();
    let named = cancel(&world, &raw).args(["--row", &row.to_string()]);
    let named = named.run().exits(0);
    assert_eq!(raw.asked(), asked, "{named}");
    assert_eq!(world.table(RESULTS).cell(row, "state"), "cancelled");
    let run = cancel(&world, &raw).run().exits(0);
    let table = world.table(RESULTS);
    assert_eq!(table.states("cancelled"), 6, "{run}");
    assert_eq!(raw.count("/deactivateCashgram"), 2);
    audit(&world, RESULTS, &raw);
    world.send("june.csv", &raw).arg("--reopen").run().exits(0);
    assert_eq!(raw.booked().len(), 2);
}

/// A batch that was sent, and whose checkpoint is lost; what stands in for it never reached the gateway.
fn lost(gate: &impl Gateway, sent_rows: usize, rows_now: usize, keeps_results: bool) -> World {
    let world = sent(gate, sent_rows);
    world.lose_checkpoint(CHECKPOINT);
    if !keeps_results {
        world.remove(RESULTS);
    }
    world.sheet("june.csv", rows(rows_now));
    let send = world.send("june.csv", gate);
    let send = send.env("CASHFREE_CLIENT_SECRET", "wrong");
    send.run().exits(1);
    world
}

#[test]
fn what_a_lost_checkpoint_sent_is_not_called_cancelled_unasked() {
    for keeps_results in [true, false] {
        let raw = Raw::honest();
        let world = lost(&raw, 3, 5, keeps_results);
        let unreached = cancel(&world, &raw).env("CASHFREE_CLIENT_SECRET", "wrong");
        unreached.run().exits(1);
        if !keeps_results {
            assert_eq!(world.table(RESULTS).states("ready"), 5);
        }
        let run = cancel(&world, &raw).run().exits(4);
        let run = run.says(["2 payouts cancelled now", "3 rows are in conflict"]);
        let run = run.says([
            "not stopped",
            "--adopt --reopen",
            "paysheet cancel june.csv",
        ]);
        let table = world.table(RESULTS);
        assert_eq!(
            (table.states("conflict"), table.states("cancelled")),
            (3, 2)
        );
        audit_json(&run, &table);
        audit(&world, RESULTS, &raw);
        assert_eq!(standing(&raw, "ACTIVE"), 3);
        // Again nothing else comes of it, until they are adopted.
        cancel(&world, &raw).run().exits(4);
        let adopt = ["--adopt", "--reopen", "--settle", "1"];
        world.send("june.csv", &raw).args(adopt).run().exits(0);
        cancel(&world, &raw).run().exits(0);
        assert_eq!((standing(&raw, "ACTIVE"), raw.creates()), (0, 3));
        assert_eq!(world.table(RESULTS).states("cancelled"), 5);
        audit(&world, RESULTS, &raw);
    }
}

#[test]
fn a_named_row_that_a_lost_checkpoint_sent_is_looked_up_alone() {
    let raw = Raw::honest();
    let world = lost(&raw, 30, 30, false);
    let looks = raw.count("/getCashgramStatus");
    let run = cancel(&world, &raw).args(["--row", "7"]).run().exits(4);
    run.says(["0 payouts cancelled now", "1 row is in conflict"]);
    assert_eq!(raw.count("/getCashgramStatus"), looks + 1);
    let table = world.table(RESULTS);
    assert_eq!((table.states("conflict"), table.states("ready")), (1, 29));
    // The batch is not known to be its own for that: send asks about all of it.
    let words = ["30 links of this batch exist", "--adopt"];
    guarded(&world, &raw, world.send("june.csv", &raw), 4, &words);
    audit(&world, RESULTS, &raw);
}

#[test]
fn a_named_row_that_was_found_is_still_to_be_stopped_once_it_is_adopted() {
    for keeps_results in [true, false] {
        let raw = Raw::honest();
        let world = lost(&raw, 2, 2, keeps_results);
        let named = || cancel(&world, &raw).args(["--row", "1"]);
        let unreached = named().env("CASHFREE_CLIENT_SECRET", "wrong");
        unreached.run().exits(1);
        let again = "paysheet cancel june.csv";
        for _ in 0..2 {
            let run = named().run().exits(4);
            run.says(["not stopped", "--adopt", again, "--row 1"]);
        }
        for _ in 0..2 {
            let adopt = world.send("june.csv", &raw).arg("--adopt");
            let run = adopt.run().exits(4);
            let run = run.says(["1 payout is to be cancelled", again, "--row 1"]);
            assert_eq!(run.json()["to_cancel"], 1);
            world.status("june.csv", &raw).run().exits(4);
        }
        assert_eq!(standing(&raw, "ACTIVE"), 2);
        named().run().exits(0);
        assert_eq!((standing(&raw, "ACTIVE"), raw.creates()), (1, 2));
        world.send("june.csv", &raw).run().exits(0);
        audit(&world, RESULTS, &raw);
    }
}

#[test]
fn a_row_that_comes_back_after_a_loss_is_not_called_cancelled_unasked() {
    // Adopted without its last row, which then stands in the sheet again.
    let raw = Raw::honest();
    let world = lost(&raw, 3, 2, false);
    world.send("june.csv", &raw).arg("--adopt").run().exits(0);
    world.sheet("june.csv", rows(3));
    let send = world.send("june.csv", &raw);
    let send = send.env("CASHFREE_CLIENT_SECRET", "wrong");
    send.run().exits(1);
    assert_eq!(world.table(RESULTS).states("ready"), 1);
    let run = cancel(&world, &raw).run().exits(4);
    let table = world.table(RESULTS);
    assert_eq!(
        table.column("state"),
        ["cancelled", "cancelled", "conflict"],
        "{run}"
    );
    audit(&world, RESULTS, &raw);
}

#[test]
fn results_of_a_lost_checkpoint_are_not_called_stopped() {
    // The gateway knows none of the ids that the sheet makes: what the results list may live all the same.
    let world = lost(&Raw::honest(), 3, 3, true);
    let links = world.text(RESULTS);
    let fresh = Raw::honest();
    for _ in 0..2 {
        let run = cancel(&world, &fresh).run().exits(4);
        run.says([RESULTS, CHECKPOINT, "--adopt"]);
        assert_eq!(world.text(RESULTS), links);
    }
}

#[test]
fn rows_that_are_not_there_are_a_mistake_of_usage() {
    let gate = Gate::new();
    let world = sent(&gate, 3);
    let asked = gate.asked();
    for wrong in [["--row", "999"], ["--row", "0"], ["--id", "NOBODY"]] {
        for command in ["cancel", "retry"] {
            let run = world
                .talk(command, "june.csv", &gate)
                .args(["--json", "--yes"]);
            let run = run.args(wrong).run().exits(2).says([wrong[1]]);
            assert_eq!(run.json()["exit"], 2);
        }
    }
    world
        .talk("cancel", "june.csv", &gate)
        .args(["--row", "x"])
        .run()
        .exits(2);
    assert_eq!(gate.asked(), asked);
    assert_eq!(world.table(RESULTS).states("created"), 3);
    let none = world.talk("cancel", "july.csv", &gate).run();
    none.exits(1).says(["no checkpoint"]);
    // What cannot be stopped is said, and stops nothing.
    gate.redeem(&id(&world, 1));
    world.status("june.csv", &gate).run().exits(0);
    let run = cancel(&world, &gate)
        .args(["--row", "1", "--row", "2"])
        .run();
    run.exits(0)
        .says(["row 1 was redeemed", "1 payout cancelled now"]);
    cancel(&world, &gate)
        .args(["--row", "2"])
        .run()
        .exits(0)
        .says(["row 2 is cancelled already"]);
    audit(&world, RESULTS, &gate);
}

#[test]
fn a_deactivation_may_fail_in_every_way_and_the_books_still_agree() {
    type Trouble = (&'static str, fn() -> Act);
    let acts: Vec<Trouble> = vec![
        ("lost before", || Act::Instead(Manner::Close)),
        ("lost after", || Act::Then(Manner::Close)),
        ("500 before", || {
            Act::Instead(Manner::Says(Say::refusal(500, "x")))
        }),
        ("500 after", || {
            Act::Then(Manner::Says(Say::refusal(500, "x")))
        }),
        ("half", || Act::Then(Manner::Half(20))),
        ("page", || Act::Instead(Manner::Says(Say::page(502)))),
        ("throttled", || {
            Act::Instead(Manner::Says(Say::refusal(429, "Too many requests")))
        }),
        ("token", || {
            Act::Instead(Manner::Says(Say::refusal(403, "Token is not valid")))
        }),
        ("404 variant", || {
            Act::Instead(Manner::Says(Say::refusal(
                404,
                "Active cashgrams id can only be deactivated",
            )))
        }),
    ];
    trouble::each_of(acts, |(name, act)| {
        // Each link's first request goes wrong.
        let raw =
            Raw::start(
                move |ask| match ask.is("/deactivateCashgram") && ask.nth_for_id == 1 {
                    true => act(),
                    false => Act::Honest,
                },
            );
        let world = sent(&raw, 3);
        let run = cancel(&world, &raw).run();
        assert_eq!(run.code, 0, "{name}: {run}");
        let table = world.table(RESULTS);
        assert_eq!(table.states("cancelled"), 3, "{name}: {run}");
        assert_eq!(standing(&raw, "ACTIVE"), 0, "{name}");
        audit(&world, RESULTS, &raw);
    });
}

#[test]
fn a_named_link_that_was_redeemed_meanwhile_is_reported() {
    let gate = Gate::new();
    let world = sent(&gate, 2);
    // The checkpoint does not know it yet.
    gate.redeem(&id(&world, 1));
    let run = cancel(&world, &gate).args(["--row", "1"]).run().exits(0);
    run.says(["0 payouts cancelled now", "row 1 was redeemed"]);
}

#[test]
fn a_link_that_is_redeemed_or_on_its_way_is_reported() {
    let raw = Raw::honest();
    let world = sent(&raw, 4);
    raw.set_status(&id(&world, 1), "REDEEMED");
    raw.set_status(&id(&world, 2), "PENDING");
    raw.set_status(&id(&world, 3), "EXPIRED");
    let run = cancel(&world, &raw).run().exits(4);
    run.says(["1 redeemed", "of 1 payout the gateway has not said yet"]);
    let table = world.table(RESULTS);
    let states = ["created", "created", "cancelled", "cancelled"];
    assert_eq!(table.column("state"), states);
    assert_eq!(table.cell(2, "status"), "PENDING");
    audit(&world, RESULTS, &raw);
    // The bank failed it: then it was us.
    raw.set_status(&id(&world, 2), "FAILED");
    world.status("june.csv", &raw).run().exits(0);
    assert_eq!(world.table(RESULTS).cell(2, "state"), "cancelled");
}

#[test]
fn a_payout_in_doubt_is_looked_up_first_and_stays_listed() {
    // The third create is lost without effect, and the sender is killed before it could try again.
    let raw = Raw::start(|ask| match ask.is_create() && ask.nth == 3 {
        true => Act::Instead(Manner::Stall(Duration::from_secs(30))),
        false => Act::Honest,
    });
    let world = World::new();
    world.sheet("june.csv", rows(3));
    let running = world
        .send("june.csv", &raw)
        .args(["--concurrency", "1"])
        .spawn();
    let patience = Instant::now() + Duration::from_secs(20);
    while raw.creates() < 3 {
        assert!(Instant::now() < patience);
        std::thread::sleep(Duration::from_millis(5));
    }
    running.kill9();
    let run = cancel(&world, &raw).run().exits(4).says(["in doubt"]);
    let table = world.table(RESULTS);
    assert_eq!(
        (table.states("cancelled"), table.states("unknown")),
        (2, 1),
        "{run}"
    );
    let creates = raw.creates();
    // `send` looks at it and does not send it again, until the batch is opened again.
    world.send("june.csv", &raw).run().exits(3);
    assert_eq!(raw.creates(), creates);
    let run = world
        .send("june.csv", &raw)
        .args(["--reopen", "--settle", "1"])
        .run()
        .exits(0);
    assert_eq!(world.table(RESULTS).states("created"), 1, "{run}");
    audit(&world, RESULTS, &raw);
    assert_eq!(raw.booked().len(), 3);
}

#[test]
fn a_doubt_that_exists_after_all_is_found_and_stopped() {
    let raw = Raw::start(|ask| match ask.is_create() && ask.nth == 2 {
        true => Act::Then(Manner::Stall(Duration::from_secs(30))),
        false => Act::Honest,
    });
    let world = World::new();
    world.sheet("june.csv", rows(2));
    let running = world
        .send("june.csv", &raw)
        .args(["--concurrency", "1"])
        .spawn();
    let patience = Instant::now() + Duration::from_secs(20);
    while raw.creates() < 2 {
        assert!(Instant::now() < patience);
        std::thread::sleep(Duration::from_millis(5));
    }
    running.kill9();
    world.talk("results", "june.csv", &raw).run().exits(0);
    let table = world.table(RESULTS);
    let states = table.column("state");
    let row = 1 + states.iter().position(|state| *state == "unknown").unwrap();
    let run = cancel(&world, &raw).args(["--row", &row.to_string()]).run();
    let run = run.exits(0);
    assert_eq!(
        world.table(RESULTS).cell(row, "state"),
        "cancelled",
        "{run}"
    );
    world
        .send("june.csv", &raw)
        .args(["--settle", "1"])
        .run()
        .exits(0);
    assert_eq!(world.table(RESULTS).states("created"), 1);
    audit(&world, RESULTS, &raw);
    assert_eq!(standing(&raw, "ACTIVE"), 1);
}

/// Killed again and again while it is at it: what was deactivated is cancelled, and nothing else is.
#[test]
fn a_cancel_that_is_killed_goes_on_where_it_was() {
    const ROWS: usize = 60;
    const KILLS: usize = 8;
    let gate = Gate::with(|options| {
        options.latency = "15ms±10ms".parse().unwrap();
        options.faults = "deactivate:lost-after=5%,deactivate:lost-before=5%"
            .parse()
            .unwrap();
    });
    let world = sent(&gate, ROWS);
    let command = cancel(&world, &gate).args(["--concurrency", "4"]);
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut killed = 0;
    for _ in 0..KILLS {
        let wanted = gate.count("/deactivateCashgram") + rng.usize(1..=4);
        let mut running = command.spawn();
        while gate.count("/deactivateCashgram") < wanted && !running.ended() {
            std::thread::sleep(Duration::from_millis(1));
        }
        killed += usize::from(running.kill9().code == -9);
        world.talk("results", "june.csv", &gate).run().exits(0);
        audit(&world, RESULTS, &gate);
        let table = world.table(RESULTS);
        for row in &table.rows {
            let booked = gate.booked();
            let link = booked.iter().find(|link| link.id == row["cashgram_id"]);
            let dead = link.is_some_and(|link| link.status != "ACTIVE");
            assert!(row["state"] != "cancelled" || dead, "{row:?}");
        }
    }
    assert!(
        killed > KILLS / 2,
        "{killed} were at it when they were killed"
    );
    let run = command.run().exits(0);
    assert_eq!(world.table(RESULTS).states("cancelled"), ROWS, "{run}");
    assert_eq!(standing(&gate, "ACTIVE"), 0);
    audit(&world, RESULTS, &gate);
}

#[test]
fn beside_a_file_that_is_not_ours_links_are_stopped_all_the_same() {
    let gate = Gate::new();
    let world = sent(&gate, 2);
    world.sheet(RESULTS, "my,own\n1,2\n");
    let cancel = world.talk("cancel", "june.csv", &gate);
    let run = cancel.args(["--json", "--yes"]).run().exits(0);
    let run = run.says(["2 payouts cancelled now", RESULTS, "left as it is"]);
    let run = run.hides([&*format!("results:    {RESULTS}")]);
    assert_eq!(run.json()["results"], serde_json::Value::Null);
    assert_eq!(run.json()["states"]["cancelled"], 2);
    assert_eq!(world.text(RESULTS), "my,own\n1,2\n");
    assert!(gate.booked().iter().all(|link| link.status != "ACTIVE"));
}
