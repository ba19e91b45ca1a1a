//! `paysheet status`: where each link stands, in the gateway's own word, and what needs a person.

use std::time::Duration;

use crate::support::audit::audit_json;
use crate::support::*;

const RESULTS: &str = "june.test.results.csv";

/// `june.csv` with so many rows, sent to `gate`; the ids in the sheet's order.
fn sent(gate: &impl Gateway, n: usize) -> (World, Vec<String>) {
    let world = World::new();
    world.sheet("june.csv", rows(n));
    world.send("june.csv", gate).run().exits(0);
    let table = world.table(RESULTS);
    let ids = table
        .column("cashgram_id")
        .into_iter()
        .map(str::to_owned)
        .collect();
    (world, ids)
}

#[test]
fn what_recipients_do_is_found_and_written_into_the_results() {
    let gate = Gate::new();
    let (world, ids) = sent(&gate, 4);
    gate.redeem(&ids[1]);
    let run = world.status("june.csv", &gate).run().exits(0);
    assert_eq!(
        run.json()["statuses"],
        serde_json::json!({"ACTIVE": 3, "REDEEMED": 1})
    );
    let table = world.table(RESULTS);
    assert_eq!(
        table.column("status"),
        ["ACTIVE", "REDEEMED", "ACTIVE", "ACTIVE"]
    );
    assert!(!table.cell(2, "utr").is_empty());
    assert_eq!(table.states("created"), 4);
    for row in 1..=4 {
        let checked = table.cell(row, "checked_at");
        assert!(
            checked.ends_with('Z') && checked.starts_with("20"),
            "{checked}"
        );
    }
    audit(&world, RESULTS, &gate);
    audit_json(&run, &table);
    assert_eq!(gate.lookups(), 4 + run_probes(&gate, 4));
}

/// Look-ups that the guard of a new checkpoint makes.
fn run_probes(gate: &Gate, rows: usize) -> usize {
    let before_create = gate
        .requests()
        .iter()
        .take_while(|seen| !seen.path.ends_with("/createCashgram"))
        .filter(|seen| seen.path.ends_with("/getCashgramStatus"))
        .count();
    assert!(before_create <= 20.min(rows));
    before_create
}

#[test]
fn dead_links_need_a_person() {
    for (word, exit) in [
        ("EXPIRED", 4),
        ("FAILED", 4),
        ("REVERSED", 4),
        ("REDEEMED", 0),
        ("PENDING", 0),
        ("ACTIVE", 0),
    ] {
        let raw = Raw::honest();
        let (world, ids) = sent(&raw, 3);
        raw.set_status(&ids[2], word);
        let run = world.status("june.csv", &raw).run().exits(exit);
        let table = world.table(RESULTS);
        assert_eq!(table.cell(3, "status"), word);
        assert_eq!(table.cell(3, "state"), "created");
        assert_eq!(
            run.json()["statuses"][word],
            if word == "ACTIVE" { 3 } else { 1 }
        );
        // `send` is done with it all the same.
        world.send("june.csv", &raw).run().exits(0);
        assert_eq!(raw.creates(), 3);
    }
}

#[test]
fn a_reason_is_carried_and_money_that_comes_back_is_noticed() {
    let raw = Raw::honest();
    let (world, ids) = sent(&raw, 2);
    raw.set_status(&ids[0], "REDEEMED");
    world.status("june.csv", &raw).run().exits(0);
    raw.set_status(&ids[0], "REVERSED");
    raw.set_status(&ids[1], "EXPIRED");
    raw.ledger().cashgrams.get_mut(&ids[1]).unwrap().reason =
        Some("TRANSFER_ATTEMPTS_EXCEEDED".into());
    let run = world
        .status("june.csv", &raw)
        .run()
        .exits(4)
        .says(["2 links are dead"]);
    let table = world.table(RESULTS);
    assert_eq!(table.column("status"), ["REVERSED", "EXPIRED"], "{run}");
    assert_eq!(table.cell(2, "status_reason"), "TRANSFER_ATTEMPTS_EXCEEDED");
    // Dead is dead: nobody asks again, and it still needs a person.
    let asked = raw.asked();
    let again = world.status("june.csv", &raw).run().exits(4);
    assert_eq!(
        (raw.asked(), again.json()["requests"].as_u64()),
        (asked, Some(0))
    );
}

#[test]
fn a_word_that_nobody_knows_is_never_taken_for_paid() {
    for word in [
        "PAID",
        "SUCCESS",
        "redeem",
        "COMPLETED",
        "REDEEMED_MAYBE",
        "?",
    ] {
        let raw = Raw::honest();
        let (world, ids) = sent(&raw, 1);
        raw.set_status(&ids[0], word);
        let run = world.status("june.csv", &raw).run();
        let written = world.table(RESULTS).cell(1, "status").to_owned();
        assert_eq!(written, word, "{run}");
        // It goes on being asked about.
        let before = raw.count("/getCashgramStatus");
        world.status("june.csv", &raw).run();
        assert_eq!(
            raw.count("/getCashgramStatus"),
            before + 1,
            "{word} was taken for final"
        );
        raw.set_status(&ids[0], "REDEEMED");
        world.status("june.csv", &raw).run().exits(0);
        assert_eq!(world.table(RESULTS).cell(1, "status"), "REDEEMED");
    }
}

#[test]
fn words_are_read_without_regard_to_case_and_blanks() {
    let raw = Raw::honest();
    let (world, ids) = sent(&raw, 2);
    raw.set_status(&ids[0], " expired ");
    raw.set_status(&ids[1], "Redeemed");
    world.status("june.csv", &raw).run().exits(4);
    let table = world.table(RESULTS);
    assert_eq!(table.column("status"), ["expired", "Redeemed"]);
}

#[test]
fn the_sheet_need_not_be_there_any_more() {
    let gate = Gate::new();
    let (world, ids) = sent(&gate, 3);
    let before = world.table(RESULTS);
    world.remove("june.csv");
    world.remove(RESULTS);
    gate.expire(&ids[0]);
    world.status("june.csv", &gate).run().exits(4);
    let after = world.table(RESULTS);
    assert_eq!(after.columns, before.columns);
    for column in [
        "name",
        "phone",
        "amount",
        "cashgram_id",
        "reference_id",
        "cashgram_link",
        "created_at",
    ] {
        assert_eq!(after.column(column), before.column(column));
    }
    world.remove(RESULTS);
    world.talk("results", "june.csv", &gate).run().exits(0);
    assert_eq!(world.table(RESULTS), after);
}

#[test]
fn a_watch_ends_when_nothing_moves_any_more() {
    let gate = Gate::with(|options| {
        options.rules.life = options
            .rules
            .life
            .tuned("redeem=100%,after=2s,confirm=0s")
            .unwrap();
    });
    let (world, _) = sent(&gate, 3);
    let run = world
        .status("june.csv", &gate)
        .args(["--watch", "1s"])
        .run()
        .exits(0);
    assert_eq!(run.json()["statuses"], serde_json::json!({"REDEEMED": 3}));
    assert!(run.took < Duration::from_secs(20), "{run}");
    audit(&world, RESULTS, &gate);
    world
        .status("june.csv", &gate)
        .args(["--watch", "500ms"])
        .run()
        .exits(2)
        .says(["at least 1s"]);
}

#[test]
fn a_watch_is_ended_by_an_interrupt_and_says_how_to_go_on() {
    let gate = Gate::new();
    let (world, ids) = sent(&gate, 2);
    let lookups = gate.lookups();
    let watch = world
        .status("june.csv", &gate)
        .args(["--watch", "1h"])
        .spawn();
    while gate.lookups() < lookups + 2 {
        std::thread::sleep(Duration::from_millis(5));
    }
    // The results are refreshed between the passes.
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while world.table(RESULTS).cell(1, "checked_at").is_empty() {
        assert!(std::time::Instant::now() < deadline, "{ids:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
    watch.sigint();
    let run = watch.wait().exits(130).says(["run it again"]);
    assert_eq!(run.json()["exit"], 130);
}

/// Somebody who waits for a watch hears of a dead link when it is found, and a collector reads fresh numbers.
#[test]
fn a_watch_tells_after_each_sweep() {
    let gate = Gate::new();
    let (world, ids) = sent(&gate, 3);
    let tell = world.sheet("tell.sh", "#!/bin/sh\ncat >> told.jsonl\nexit 7\n");
    world.set_mode("tell.sh", 0o755);
    let watch = world
        .status("june.csv", &gate)
        .args(["--watch", "1s", "--metrics", "june.prom"])
        .args(["--notify-command", tell.to_str().unwrap()])
        .spawn();
    let until = |name: &str, words: &str| {
        let deadline = std::time::Instant::now() + Duration::from_secs(30);
        while !(world.has(name) && world.text(name).contains(words)) {
            assert!(std::time::Instant::now() < deadline, "{name}: {words}");
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    until("june.prom", r#"status="ACTIVE"} 3"#);
    assert!(!world.has("told.jsonl"), "nobody is needed yet");
    gate.expire(&ids[0]);
    until("told.jsonl", "EXPIRED");
    until("june.prom", r#"status="EXPIRED"} 1"#);
    let lookups = gate.lookups();
    while gate.lookups() < lookups + 4 {
        std::thread::sleep(Duration::from_millis(20));
    }
    watch.sigint();
    let run = watch.wait().exits(130).says([
        "3 links: 3 ACTIVE",
        "3 links: 2 ACTIVE, 1 EXPIRED; 1 row needs a person",
    ]);
    let told = world.text("told.jsonl");
    let events: Vec<serde_json::Value> = told
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .map(|told: serde_json::Value| told["event"].clone())
        .collect();
    assert_eq!(events, ["needs_person", "interrupted"], "{run}");
}

#[test]
fn what_is_unknown_is_resolved_by_asking_and_never_by_sending() {
    // Every create is stored and its reply lost; look-ups fail while it is sent.
    let down = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let still = std::sync::Arc::clone(&down);
    let raw = Raw::start(move |ask| {
        let broken = still.load(std::sync::atomic::Ordering::SeqCst);
        match (broken, ask.is_create(), ask.is_status()) {
            (true, true, _) => Act::Then(Manner::Close),
            (true, _, true) if ask.nth > 3 => Act::Instead(Manner::Says(Say::page(503))),
            _ => Act::Honest,
        }
    });
    let world = World::new();
    world.sheet("june.csv", rows(3));
    let quick = ["--settle", "1", "--give-up-after", "2s", "--timeout", "2"];
    let run = world.send("june.csv", &raw).args(quick).run();
    assert!(run.code == 1 || run.code == 4, "{run}");
    audit(&world, RESULTS, &raw);
    assert_eq!(world.table(RESULTS).states("unknown"), 3, "{run}");
    let creates = raw.creates();
    let held = world.status("june.csv", &raw).args(quick).run();
    assert!(held.code == 1 || held.code == 4, "{held}");
    down.store(false, std::sync::atomic::Ordering::SeqCst);
    let run = world.status("june.csv", &raw).run().exits(0);
    assert_eq!(
        (raw.creates(), run.json()["created_now"].as_u64()),
        (creates, Some(3))
    );
    audit(&world, RESULTS, &raw);
    assert_eq!(world.table(RESULTS).states("created"), 3);
}

#[test]
fn one_missing_answer_changes_nothing_that_is_known() {
    // A link that the gateway denies for a while stays created.
    let raw = Raw::start(|ask| {
        if ask.is_status() && ask.nth > 2 {
            Act::Instead(Manner::Says(Say::refusal(
                404,
                "Cashgram with id x does not exist",
            )))
        } else {
            Act::Honest
        }
    });
    let (world, _) = sent(&raw, 2);
    let before = world.table(RESULTS);
    world.status("june.csv", &raw).run();
    let after = world.table(RESULTS);
    for column in ["state", "cashgram_id", "reference_id", "cashgram_link"] {
        assert_eq!(after.column(column), before.column(column));
    }
    world.send("june.csv", &raw).run();
    assert_eq!(raw.creates(), 2);
}

#[test]
fn without_a_checkpoint_there_is_nothing_to_ask() {
    let gate = Gate::new();
    let world = World::new();
    world.sheet("june.csv", rows(2));
    for command in ["status", "results"] {
        let run = world
            .talk(command, "june.csv", &gate)
            .arg("--json")
            .run()
            .exits(1);
        let run = run.says(["no checkpoint june.test.checkpoint.db", "--batch", "--env"]);
        assert_eq!(run.json()["command"], command);
    }
    assert_eq!(
        (gate.asked(), world.names()),
        (0, vec!["june.csv".to_owned()])
    );
}

#[test]
fn the_older_shape_of_a_status_keeps_reference_and_link() {
    let gate =
        Gate::with(|options| options.rules.status_shape = paysheet::sandbox::StatusShape::Old);
    let (world, ids) = sent(&gate, 2);
    gate.expire(&ids[0]);
    world.status("june.csv", &gate).run().exits(4);
    audit(&world, RESULTS, &gate);
    assert_eq!(world.table(RESULTS).cell(1, "status"), "EXPIRED");
}

#[test]
fn a_rehearsal_shows_life() {
    let world = World::new();
    world.sheet("june.csv", rows(20));
    let links = ["--sandbox-links", "redeem=100%,after=0s,confirm=0s"];
    world
        .paysheet()
        .args(["send", "june.csv"])
        .args(links)
        .run()
        .exits(0)
        .says(["rehearsal"]);
    let run = world
        .paysheet()
        .args(["status", "june.csv", "--json"])
        .args(links)
        .run()
        .exits(0);
    assert_eq!(run.json()["statuses"]["REDEEMED"], 20, "{run}");
    run.says(["sandbox"]);
}

#[test]
fn rows_that_are_not_sent_yet_are_told() {
    let raw = Raw::start(|ask| match ask.is_create() {
        true => Act::Instead(Manner::Says(Say::refusal(
            412,
            "Available balance is less than requested cashgram amount.",
        ))),
        false => Act::Honest,
    });
    let world = World::new();
    world.sheet("june.csv", rows(3));
    world.send("june.csv", &raw).run().exits(1);
    let run = world.status("june.csv", &raw).run().exits(0);
    let message = run.json()["message"].to_string();
    let words = "0 links; 3 payouts are not sent yet, run `paysheet send june.csv";
    assert!(message.contains(words), "{run}");
}
