//! `paysheet retry`: refused rows under the id they had, dead and cancelled links under that of the next generation,
//! and never two that live.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::guards::{RESULTS, guarded, sent};
use crate::support::audit::{audit_json, one_lives};
use crate::support::world::{india_day, phone, row_text};
use crate::support::*;

const EARLIER: &str = "june.test.earlier.csv";

fn retry(world: &World, gate: &impl Gateway) -> Paysheet {
    world.talk("retry", "june.csv", gate).args([
        "--yes",
        "--json",
        "--settle",
        "1",
        "--timeout",
        "2",
    ])
}

fn id(world: &World, row: usize) -> String {
    world.table(RESULTS).cell(row, "cashgram_id").to_owned()
}

fn created_now(run: &Output) -> u64 {
    run.json()["created_now"].as_u64().unwrap()
}

/// A gateway that refuses names with `Refuse` in them, so many times.
fn refusing(times: usize) -> Raw {
    Raw::start(move |ask| {
        let refused = ask.is_create() && ask.body.contains("Refuse") && ask.nth_for_id <= times;
        match refused {
            true => Act::Instead(Manner::Says(Say::refusal(
                422,
                "Please provide a valid name",
            ))),
            false => Act::Honest,
        }
    })
}

#[test]
fn refused_rows_are_sent_again_as_they_are() {
    let raw = refusing(1);
    let world = World::new();
    let sheet = rows(5)
        .replace("Asha Menon 2,", "Refuse Me,")
        .replace("Asha Menon 4,", "Refuse Too,");
    world.sheet("june.csv", &sheet);
    let run = world.send("june.csv", &raw).run().exits(4);
    run.says(["paysheet retry june.csv"]);
    let first = world.table(RESULTS);
    world.send("june.csv", &raw).run().exits(4);
    assert_eq!(raw.creates(), 5, "send leaves them alone");
    // One of them by name.
    let run = retry(&world, &raw).args(["--row", "4"]).run().exits(4);
    assert_eq!((created_now(&run), raw.creates()), (1, 6), "{run}");
    // The other with all there are, and a new row that is none of its affair.
    world.sheet("june.csv", format!("{sheet}{}", row_text(9)));
    let run = retry(&world, &raw).run().exits(0);
    assert_eq!((created_now(&run), raw.creates()), (1, 7), "{run}");
    let table = world.table(RESULTS);
    audit_json(&run, &table);
    assert_eq!(table.states("ready"), 1);
    assert_eq!(
        table.column("cashgram_id")[..5],
        first.column("cashgram_id")[..]
    );
    assert!(!world.has(EARLIER));
    let run = retry(&world, &raw).run().exits(0);
    let run = run.says(["nothing to retry: no row was refused"]);
    assert_eq!((created_now(&run), raw.creates()), (0, 7));
    world.send("june.csv", &raw).run().exits(0);
    audit(&world, RESULTS, &raw);
}

#[test]
fn a_retry_with_nothing_to_retry_says_so_with_the_code_as_the_rows_stand() {
    let raw = Raw::honest();
    let world = sent(&raw, 3);
    let asked = raw.asked();
    for (options, words) in [
        (vec![], "no row was refused"),
        (vec!["--row", "2"], "row 2 has a link already"),
        (
            vec!["--expired"],
            "no link that was made from here is known to be dead",
        ),
        (
            vec!["--cancelled", "--row", "1"],
            "row 1 has a link already",
        ),
    ] {
        let run = retry(&world, &raw).args(&options).run();
        let run = run.exits(0).says(["nothing to retry", words]);
        assert_eq!(created_now(&run), 0);
        audit_json(&run, &world.table(RESULTS));
    }
    assert_eq!(raw.asked(), asked);
    raw.set_status(&id(&world, 1), "EXPIRED");
    world.status("june.csv", &raw).run().exits(4);
    let run = retry(&world, &raw).args(["--row", "1"]).run();
    run.exits(0).says(["row 1 has a dead link", "--expired"]);
    // Usage.
    let run = retry(&world, &raw).arg("--cancelled").run().exits(2);
    run.says(["--row", "--id"]);
    let none = world.talk("retry", "july.csv", &raw);
    world.sheet("july.csv", rows(2));
    none.run().exits(1).says(["no checkpoint"]);
    assert_eq!(raw.creates(), 3);
}

#[test]
fn a_dead_link_is_replaced_after_two_looks_apart() {
    let raw = Raw::honest();
    let world = sent(&raw, 4);
    let first = world.table(RESULTS);
    raw.set_status(&id(&world, 2), "EXPIRED");
    raw.set_status(&id(&world, 3), "FAILED");
    raw.set_status(&id(&world, 4), "REDEEMED");
    world
        .status("june.csv", &raw)
        .run()
        .exits(4)
        .says(["--expired"]);
    let looks = raw.count("/getCashgramStatus");
    let run = retry(&world, &raw).arg("--expired").run().exits(0);
    assert_eq!(created_now(&run), 2, "{run}");
    assert!(
        raw.count("/getCashgramStatus") >= looks + 2,
        "both were looked at again"
    );
    let table = world.table(RESULTS);
    audit_json(&run, &table);
    audit_earlier(&world, RESULTS, Some(EARLIER), &raw);
    one_lives(&raw);
    assert_eq!(table.cell(1, "cashgram_id"), first.cell(1, "cashgram_id"));
    assert_ne!(table.cell(2, "cashgram_id"), first.cell(2, "cashgram_id"));
    let earlier = world.table(EARLIER);
    assert_eq!(run.json()["earlier"], EARLIER);
    run.says([EARLIER]);
    world
        .talk("results", "june.csv", &raw)
        .arg("--xlsx")
        .run()
        .exits(0);
    assert_eq!(
        crate::results_book::texts(&world, "june.test.results.xlsx", "earlier", "cashgram_id"),
        earlier.column("cashgram_id")
    );
    assert_eq!(earlier.column("status"), ["EXPIRED", "FAILED"]);
    assert_eq!(earlier.column("state"), ["created", "created"]);
    assert_eq!(
        earlier.column("cashgram_id"),
        first.column("cashgram_id")[1..3]
    );
    // Run again it does nothing, and so does a send, whatever was sorted.
    let creates = raw.creates();
    retry(&world, &raw)
        .arg("--expired")
        .run()
        .exits(0)
        .says(["nothing to retry"]);
    let mut lines: Vec<String> = rows(4).lines().map(str::to_owned).collect();
    lines[1..].reverse();
    world.sheet("june.csv", lines.join("\n"));
    let run = world.send("june.csv", &raw).run().exits(0);
    assert_eq!((created_now(&run), raw.creates()), (0, creates));
    audit_earlier(&world, RESULTS, Some(EARLIER), &raw);
    // The second generation dies too: the third.
    let second = world.table(RESULTS).cell(3, "cashgram_id").to_owned();
    raw.set_status(&second, "EXPIRED");
    let run = retry(&world, &raw).args(["--expired", "--row", "3"]).run();
    assert_eq!(created_now(&run.exits(0)), 1);
    assert_eq!(world.table(EARLIER).rows.len(), 3);
    audit_earlier(&world, RESULTS, Some(EARLIER), &raw);
    one_lives(&raw);
}

#[test]
fn a_link_that_is_not_dead_at_the_second_look_is_left_alone() {
    for word in ["ACTIVE", "PENDING", "REDEEMED", "WHATEVER"] {
        let raw = Raw::honest();
        let world = sent(&raw, 2);
        raw.set_status(&id(&world, 1), "EXPIRED");
        world.status("june.csv", &raw).run().exits(4);
        raw.set_status(&id(&world, 1), word);
        let run = retry(&world, &raw).args(["--expired"]).run();
        let run = run.exits(0).says(["nothing to retry"]);
        assert_eq!((created_now(&run), raw.creates()), (0, 2), "{word}");
        assert_eq!(world.table(RESULTS).cell(1, "status"), word);
        audit(&world, RESULTS, &raw);
    }
    // Nor one that cannot be looked at.
    let raw = Raw::start(|ask| match ask.is_status() && ask.nth_for_id > 2 {
        true => Act::Instead(Manner::Says(Say::page(502))),
        false => Act::Honest,
    });
    let world = sent(&raw, 2);
    raw.set_status(&id(&world, 1), "EXPIRED");
    world.status("june.csv", &raw).run().exits(4);
    let run = retry(&world, &raw).args(["--expired", "--give-up-after", "1s"]);
    run.run().exits(1);
    assert_eq!(raw.creates(), 2);
}

#[test]
fn a_first_look_now_waits_for_the_second() {
    let raw = Raw::honest();
    let world = sent(&raw, 1);
    raw.set_status(&id(&world, 1), "EXPIRED");
    // Named, though nobody has asked since: both looks are this run's.
    let before = raw.count("/getCashgramStatus");
    let run = retry(&world, &raw).args(["--expired", "--row", "1"]).run();
    let run = run.exits(0);
    assert_eq!(created_now(&run), 1, "{run}");
    assert_eq!(raw.count("/getCashgramStatus"), before + 2);
    assert!(run.took >= Duration::from_secs(1), "{run}");
    audit_earlier(&world, RESULTS, Some(EARLIER), &raw);
}

#[test]
fn a_cancelled_row_is_paid_after_all_only_by_name() {
    let gate = Gate::new();
    let world = sent(&gate, 3);
    let cancel = world.talk("cancel", "june.csv", &gate).args(["--row", "2"]);
    cancel.run().exits(0);
    let creates = gate.creates();
    let run = retry(&world, &gate).args(["--row", "2"]).run().exits(0);
    run.says(["row 2 is cancelled: add --cancelled"]);
    assert_eq!(gate.creates(), creates);
    // In the sheet's present words.
    let sheet = rows(3).replace("Asha Menon 2,", "Asha M Menon,");
    world.sheet("june.csv", sheet);
    let run = retry(&world, &gate)
        .args(["--cancelled", "--row", "2"])
        .run();
    let run = run.exits(0);
    assert_eq!(created_now(&run), 1, "{run}");
    let table = world.table(RESULTS);
    audit_json(&run, &table);
    assert_eq!(table.states("created"), 3);
    audit_earlier(&world, RESULTS, Some(EARLIER), &gate);
    one_lives(&gate);
    assert_eq!(world.table(EARLIER).column("state"), ["cancelled"]);
    let newest = table.cell(2, "cashgram_id").to_owned();
    let books = gate.books();
    let new = books.iter().find(|link| link.id == newest).unwrap();
    assert_eq!(new.name, "Asha M Menon");
}

#[test]
fn own_ids_have_generations_too() {
    let raw = Raw::honest();
    let world = World::new();
    let sheet = "cashgram_id,name,phone,amount\nA1,Asha,9000000001,5\nA2,Ravi,9000000002,6\n";
    world.sheet("june.csv", sheet);
    world.send("june.csv", &raw).run().exits(0);
    for (generation, row) in [(2, "A1"), (3, "A1")] {
        let now = id(&world, 1);
        raw.set_status(&now, "EXPIRED");
        let run = retry(&world, &raw).args(["--expired", "--id", &now]).run();
        assert_eq!(created_now(&run.exits(0)), 1, "{row} {generation}");
        assert_eq!(world.table(EARLIER).rows.len(), generation - 1);
        audit_earlier(&world, RESULTS, Some(EARLIER), &raw);
        one_lives(&raw);
    }
    // The sheet still says A1; rows may move, and its terms are still held.
    let moved = "cashgram_id,name,phone,amount\nA2,Ravi,9000000002,6\nA1,Asha,9000000001,5\n";
    world.sheet("june.csv", moved);
    let run = world.send("june.csv", &raw).run().exits(0);
    assert_eq!(created_now(&run), 0, "{run}");
    audit_earlier(&world, RESULTS, Some(EARLIER), &raw);
    world.sheet("june.csv", moved.replace(",5\n", ",7\n"));
    guarded(&world, &raw, world.send("june.csv", &raw), 3, &["₹7"]);
    // A cancelled own id is taken for good.
    world.sheet("june.csv", sheet);
    world
        .talk("cancel", "june.csv", &raw)
        .args(["--id", "A2"])
        .run()
        .exits(0);
    world.sheet("june.csv", sheet.replace(",6\n", ",60\n"));
    let send = world.send("june.csv", &raw);
    let run = guarded(&world, &raw, send, 3, &["A2", "taken for good"]);
    run.hides(["cancel it first"]);
    world.sheet(
        "june.csv",
        sheet.replace("A2,", "B2,").replace(",6\n", ",60\n"),
    );
    let run = world.send("june.csv", &raw).run().exits(0);
    assert_eq!(created_now(&run), 1);
    audit_earlier(&world, RESULTS, Some(EARLIER), &raw);
}

#[test]
fn adopted_links_are_replaced_only_by_name() {
    let raw = Raw::honest();
    let world = sent(&raw, 3);
    world.lose_checkpoint("june.test.checkpoint.db");
    world.send("june.csv", &raw).arg("--adopt").run().exits(0);
    raw.set_status(&id(&world, 2), "EXPIRED");
    world.status("june.csv", &raw).run().exits(4);
    let run = retry(&world, &raw).arg("--expired").run();
    run.exits(4).says(["nothing to retry"]);
    assert_eq!(raw.creates(), 3);
    let run = retry(&world, &raw).args(["--expired", "--row", "2"]).run();
    assert_eq!(created_now(&run.exits(0)), 1);
    audit_earlier(&world, RESULTS, Some(EARLIER), &raw);
    one_lives(&raw);
}

#[test]
fn the_sheets_expiry_is_kept_if_a_link_may_still_bear_it() {
    let gate = Gate::new();
    let world = World::new();
    let sheet = |first: &str, second: &str| {
        format!("name,phone,amount,expiry\nAsha,9000000001,5,{first}\nRavi,9000000002,6,{second}\n")
    };
    world.sheet("june.csv", sheet(&in_days(1), &in_days(1)));
    world.send("june.csv", &gate).run().exits(0);
    for row in [1, 2] {
        gate.expire(&id(&world, row));
    }
    world.status("june.csv", &gate).run().exits(4);
    // The first row's date has passed by now, the second's is still ahead.
    world.sheet("june.csv", sheet(&in_days(-3), &in_days(9)));
    let run = retry(&world, &gate)
        .args(["--expired", "--expires-in", "5"])
        .run();
    assert_eq!(created_now(&run.exits(0)), 2);
    let table = world.table(RESULTS);
    for (row, days) in [(1, 5), (2, 9)] {
        let books = gate.books();
        let link = books
            .iter()
            .find(|link| link.id == table.cell(row, "cashgram_id"));
        let epoch = jiff::civil::date(1970, 1, 1);
        let wanted = epoch.until(india_day(days)).unwrap().get_days();
        assert_eq!(link.unwrap().expiry_day, i64::from(wanted), "row {row}");
    }
    audit_earlier(&world, RESULTS, Some(EARLIER), &gate);
}

#[test]
fn a_question_unanswered_or_a_rehearsal_changes_nothing() {
    let raw = Raw::honest();
    let world = sent(&raw, 2);
    raw.set_status(&id(&world, 1), "EXPIRED");
    world.status("june.csv", &raw).run().exits(4);
    let before = world.table(RESULTS);
    let bare = world
        .talk("retry", "june.csv", &raw)
        .args(["--expired", "--settle", "1"]);
    bare.run().exits(2).says(["--yes"]);
    let dry = retry(&world, &raw).args(["--expired", "--dry-run"]).run();
    dry.exits(0).says(["1 payout, ₹2.01", "nothing was sent"]);
    assert_eq!(raw.creates(), 2);
    world.talk("results", "june.csv", &raw).run().exits(0);
    assert_eq!(
        world.table(RESULTS).column("cashgram_id"),
        before.column("cashgram_id")
    );
    assert!(!world.has(EARLIER));
    // Control totals are of the whole sheet.
    let wrong = retry(&world, &raw).args(["--expired", "--expect-total", "2.01"]);
    wrong.run().exits(3);
    let right = retry(&world, &raw).args(["--expired", "--expect-total", "5.03"]);
    right.run().exits(0);
    audit_earlier(&world, RESULTS, Some(EARLIER), &raw);
    assert!(
        world
            .table(EARLIER)
            .column("phone")
            .contains(&phone(1).to_string().as_str())
    );
}

/// Killed again and again while it makes new links: no row ever has two that live.
#[test]
fn a_retry_that_is_killed_goes_on_where_it_was() {
    const ROWS: usize = 40;
    const KILLS: usize = 8;
    const DEAD: usize = ROWS / KILLS;
    let gate = Gate::with(|options| {
        options.latency = "10ms±8ms".parse().unwrap();
        options.faults = "create:lost-after=5%,create:lost-before=5%"
            .parse()
            .unwrap();
    });
    let world = World::new();
    world.sheet("june.csv", rows(ROWS));
    let send = world
        .send("june.csv", &gate)
        .args(["--settle", "1", "--timeout", "2"]);
    trouble::resumed(&send, &world, &gate);
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut killed = 0;
    for round in 0..KILLS {
        let mut command = world.talk("retry", "june.csv", &gate);
        command = command.args(["--yes", "--json", "--settle", "0", "--timeout", "2"]);
        command = command.args(["--expired", "--concurrency", "2"]);
        for row in round * DEAD + 1..=(round + 1) * DEAD {
            gate.expire(&id(&world, row));
            command = command.args(["--row", &row.to_string()]);
        }
        let wanted = gate.creates() + rng.usize(0..=3);
        let mut running = command.spawn();
        while gate.creates() < wanted && !running.ended() {
            std::thread::sleep(Duration::from_millis(1));
        }
        killed += usize::from(running.kill9().code == -9);
        world.talk("results", "june.csv", &gate).run().exits(0);
        let earlier = world.has(EARLIER).then_some(EARLIER);
        audit_earlier(&world, RESULTS, earlier, &gate);
        one_lives(&gate);
    }
    assert!(
        killed > KILLS / 2,
        "{killed} were at it when they were killed"
    );
    // What a retry made ready a send sends; what it did not come to is dead, and made anew.
    let retry = retry(&world, &gate).arg("--expired");
    for _ in 0..8 {
        let run = send.run();
        assert!([0, 1, 4].contains(&run.code), "{run}");
        let swept = world.status("june.csv", &gate).run();
        let retried = retry.run();
        audit_earlier(&world, RESULTS, Some(EARLIER), &gate);
        one_lives(&gate);
        if (run.code, swept.code, retried.code) == (0, 0, 0) {
            break;
        }
    }
    let table = world.table(RESULTS);
    assert_eq!(table.states("created"), ROWS);
    assert!(table.column("status").iter().all(|word| *word == "ACTIVE"));
    assert_eq!(world.table(EARLIER).rows.len(), ROWS);
}

/// The checkpoint of the one link is lost, and what stands in for it cancelled the row unsent: the probe's sample missed it.
#[test]
fn a_cancelled_row_is_looked_up_before_it_is_paid_after_all() {
    let refusing = Arc::new(AtomicBool::new(false));
    let refuses = Arc::clone(&refusing);
    let raw = Raw::start(
        move |ask| match ask.is_create() && refuses.load(Ordering::SeqCst) {
            true => Act::Instead(Manner::Says(Say::refusal(
                412,
                "Available balance is less than requested cashgram amount.",
            ))),
            false => Act::Honest,
        },
    );
    let world = World::new();
    let header = rows(0);
    world.sheet("june.csv", format!("{header}{}", row_text(3)));
    world.send("june.csv", &raw).run().exits(0);
    world.lose_checkpoint("june.test.checkpoint.db");
    std::fs::remove_file(world.path(RESULTS)).unwrap();
    world.sheet("june.csv", rows(30));
    refusing.store(true, Ordering::SeqCst);
    let send = world.send("june.csv", &raw).args(["--concurrency", "1"]);
    send.run().exits(1);
    let cancel = world.talk("cancel", "june.csv", &raw).args(["--row", "3"]);
    cancel.run().exits(0);
    assert_eq!(world.table(RESULTS).cell(3, "state"), "cancelled");
    refusing.store(false, Ordering::SeqCst);
    let run = retry(&world, &raw)
        .args(["--cancelled", "--row", "3"])
        .run();
    assert_eq!(created_now(&run), 0, "{run}");
    run.exits(4).says(["nothing to retry"]);
    assert_eq!(world.table(RESULTS).cell(3, "state"), "conflict");
    assert_eq!(raw.booked().len(), 1);
    one_lives(&raw);
}

#[test]
fn a_link_that_is_unknown_at_one_of_the_looks_is_not_replaced() {
    // The sweep sees it dead; the retry's looks: unknown, or dead and then unknown.
    for first_unknown in [2, 3] {
        let raw = Raw::start(
            move |ask| match ask.is_status() && ask.nth_for_id == first_unknown {
                true => Act::Instead(Manner::Says(Say::refusal(404, "Cashgram does not exist"))),
                false => Act::Honest,
            },
        );
        let world = sent(&raw, 1);
        raw.set_status(&id(&world, 1), "EXPIRED");
        let mut looks = raw.count("/getCashgramStatus");
        while looks + 2 < first_unknown {
            world.status("june.csv", &raw).run();
            looks = raw.count("/getCashgramStatus");
        }
        let run = retry(&world, &raw).args(["--expired", "--row", "1"]).run();
        assert_eq!((created_now(&run), raw.creates()), (0, 1), "{run}");
        run.says(["nothing to retry"]);
        audit(&world, RESULTS, &raw);
    }
}

#[test]
fn a_cancelled_row_that_lives_after_all_is_not_passed_over_in_silence() {
    let raw = Raw::honest();
    let world = sent(&raw, 2);
    let cancel = world.talk("cancel", "june.csv", &raw).args(["--row", "1"]);
    cancel.run().exits(0);
    raw.set_status(&id(&world, 1), "ACTIVE");
    let run = retry(&world, &raw)
        .args(["--cancelled", "--row", "1"])
        .run();
    let run = run.exits(4).says(["nothing to retry"]);
    assert_eq!((created_now(&run), raw.creates()), (0, 2), "{run}");
    one_lives(&raw);
}

/// Two rows alike, one of them faulty: the refused one stays refused, whichever stands first.
#[test]
fn a_refused_row_is_not_taken_for_the_faulty_one_like_it() {
    let raw = Raw::start(|ask| match ask.is_create() {
        true => Act::Instead(Manner::Says(Say::refusal(422, "not now"))),
        false => Act::Honest,
    });
    let world = World::new();
    world.sheet(
        "june.csv",
        "name,phone,amount,link_expiry\nAsha,9000000001,100,2020-01-02\nAsha,9000000001,100,\n",
    );
    for _ in 0..3 {
        let send = world.send("june.csv", &raw);
        let send = send.args(["--skip-invalid", "--allow-duplicates"]);
        let run = send.run().exits(4);
        assert_eq!(raw.creates(), 1, "{run}");
        let states = world.table("june.test.results.csv");
        assert_eq!(states.column("state"), ["invalid", "rejected"], "{run}");
    }
}
