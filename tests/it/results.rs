//! The results file: exactly the documented columns, every row, and the same bytes whenever they are written again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::audit::audit_json;
use crate::support::*;

const RESULTS: &str = "june.test.results.csv";

fn send_thirty(gate: &impl Gateway) {
    let world = World::new();
    world.sheet("june.csv", rows(30));
    let run = world.send("june.csv", gate).run().exits(0);
    audit(&world, RESULTS, gate);
    audit_json(&run, &world.table(RESULTS));
    assert_eq!(gate.booked().len(), 30, "{run}");
}

#[test]
fn every_link_of_the_sandbox_stands_in_the_results() {
    let gate = Gate::new();
    send_thirty(&gate);
    assert_eq!(gate.creates(), 30);
}

#[test]
fn every_link_of_the_other_reading_of_the_protocol_stands_in_the_results() {
    let raw = Raw::honest();
    send_thirty(&raw);
    assert_eq!(raw.creates(), 30);
}

#[test]
fn the_sandbox_is_read_alike_in_all_its_ways_of_refusing() {
    use paysheet::sandbox::ErrorStyle;
    for style in [
        ErrorStyle::Http200,
        ErrorStyle::HttpStatus,
        ErrorStyle::Mixed,
    ] {
        let gate = Gate::with(|options| {
            options.error_style = style;
            options.rules.limits.max = Some(500);
        });
        let world = World::new();
        world.sheet("june.csv", rows(10));
        let run = world.send("june.csv", &gate).run().exits(4);
        let table = world.table(RESULTS);
        // 2.01 to 4.03 pass, 5.04 and up are above the account's own maximum.
        assert_eq!(
            (table.states("created"), table.states("rejected")),
            (3, 7),
            "{style:?} {run}"
        );
        audit(&world, RESULTS, &gate);
        audit_json(&run, &table);
        for row in 4..=10 {
            assert!(!table.cell(row, "error_code").is_empty(), "{style:?}");
            assert!(!table.cell(row, "error_message").is_empty(), "{style:?}");
            assert_eq!(table.cell(row, "reference_id"), "");
            assert_eq!(table.cell(row, "cashgram_link"), "");
        }
        run.says(["7 rows were refused", "mend them"]);
    }
}

#[test]
fn the_columns_are_the_documented_ones_in_sheet_order() {
    let (world, gate) = (World::new(), Gate::new());
    world.sheet("june.csv", rows(12));
    world.send("june.csv", &gate).run().exits(0);
    let text = world.text(RESULTS);
    let (header, _) = text.split_once('\n').unwrap();
    assert_eq!(
        header,
        "name,phone,amount,cashgram_id,reference_id,cashgram_link,state,status,status_reason,utr,error_code,\
         error_message,attempts,created_at,checked_at,environment"
    );
    let table = world.table(RESULTS);
    let wanted: Vec<String> = (1..=12)
        .map(|n| crate::support::world::phone(n).to_string())
        .collect();
    assert_eq!(table.column("phone"), wanted);
    for row in 1..=12 {
        assert_eq!(table.cell(row, "state"), "created");
        assert_eq!(table.cell(row, "status"), "ACTIVE");
        assert_eq!(table.cell(row, "attempts"), "1");
        assert_eq!(table.cell(row, "environment"), "test");
        let created: jiff::Timestamp = table.cell(row, "created_at").parse().unwrap();
        assert!(jiff::Timestamp::now() >= created);
        assert!(table.cell(row, "created_at").ends_with('Z'));
    }
}

#[test]
fn results_are_rewritten_byte_for_byte() {
    let gate = Gate::new();
    let world = World::new();
    let text =
        format!("{}Bad,1,1\n\"Asha, Jr\",9000000888,5\n", rows(6)).replace("Asha, Jr", "Asha Jr");
    world.sheet("june.csv", text);
    world
        .send("june.csv", &gate)
        .arg("--skip-invalid")
        .run()
        .exits(4);
    let bytes = world.text(RESULTS);
    let asked = gate.asked();
    let rewrite = || {
        world
            .talk("results", "june.csv", &gate)
            .arg("--json")
            .run()
            .exits(0)
    };
    let run = rewrite();
    assert_eq!(world.text(RESULTS), bytes, "{run}");
    world.remove(RESULTS);
    rewrite();
    assert_eq!(world.text(RESULTS), bytes);
    let elsewhere = world
        .talk("results", "june.csv", &gate)
        .args(["--results", "copy.csv"]);
    elsewhere.run().exits(0).says(["copy.csv"]);
    assert_eq!(world.text("copy.csv"), bytes);
    assert_eq!(gate.asked(), asked);
}

#[test]
fn a_finished_batch_run_again_asks_nothing_and_writes_the_same_bytes() {
    let (world, gate) = (World::new(), Gate::new());
    world.sheet("june.csv", rows(8));
    world.send("june.csv", &gate).run().exits(0);
    let (bytes, asked) = (world.text(RESULTS), gate.asked());
    for _ in 0..3 {
        let run = world
            .send("june.csv", &gate)
            .run()
            .exits(0)
            .says(["nothing is left to send"]);
        let json = run.json();
        assert_eq!(
            (json["requests"].as_u64(), json["created_now"].as_u64()),
            (Some(0), Some(0))
        );
        assert_eq!(world.text(RESULTS), bytes);
    }
    assert_eq!(gate.asked(), asked);
    // Even without a gateway, credentials apart.
    drop(gate);
    let gone = Gate::new();
    let nobody = world.send("june.csv", &gone).run();
    nobody.exits(1).says(["another gateway"]);
}

#[test]
fn a_finished_batch_with_refusals_exits_as_its_rows_stand() {
    let gate = Gate::with(|options| options.rules.limits.max = Some(500));
    let world = World::new();
    world.sheet("june.csv", rows(6));
    world.send("june.csv", &gate).run().exits(4);
    let (bytes, asked) = (world.text(RESULTS), gate.asked());
    let run = world.send("june.csv", &gate).run().exits(4);
    assert_eq!(
        (gate.asked(), run.json()["requests"].as_u64()),
        (asked, Some(0))
    );
    assert_eq!(world.text(RESULTS), bytes);
}

#[test]
fn twenty_equal_refusals_without_a_success_stop_the_run() {
    let gate = Gate::with(|options| options.rules.limits.min = 10_000_000);
    let world = World::new();
    world.sheet("june.csv", rows(200));
    let run = world
        .send("june.csv", &gate)
        .args(["--concurrency", "4"])
        .run()
        .exits(1);
    assert!(gate.creates() <= 30, "{} creates: {run}", gate.creates());
    assert!(gate.books().is_empty());
    audit(&world, RESULTS, &gate);
    audit_json(&run, &world.table(RESULTS));
}

#[test]
fn a_results_file_is_there_before_the_first_link() {
    let world = Arc::new(World::new());
    world.sheet("june.csv", rows(3));
    let (there, seen) = (Arc::clone(&world), Arc::new(AtomicBool::new(false)));
    let noted = Arc::clone(&seen);
    let raw = Raw::start(move |ask| {
        if ask.is_create() && ask.nth == 1 {
            let table = there.table(RESULTS);
            let whole = (table.rows.len(), table.states("created")) == (3, 0);
            noted.store(whole, Ordering::SeqCst);
        }
        Act::Honest
    });
    world.send("june.csv", &raw).run().exits(0);
    assert!(
        seen.load(Ordering::SeqCst),
        "the file was not there, or not whole"
    );
}

#[test]
fn a_dry_run_shows_all_and_sends_nothing() {
    let (world, gate) = (World::new(), Gate::new());
    world.sheet("june.csv", rows(3));
    let run = world
        .send("june.csv", &gate)
        .arg("--dry-run")
        .run()
        .exits(0);
    assert_eq!(gate.creates(), 0);
    assert!(!world.has(RESULTS) && !world.has("june.test.checkpoint.db"));
    run.says(["3 payouts", "₹9.06", "nothing was sent"]);
    // And nobody needs to say yes to it.
    world
        .talk("send", "june.csv", &gate)
        .arg("--dry-run")
        .run()
        .exits(0);
    assert_eq!((gate.creates(), world.names().len()), (0, 1));
    world.send("june.csv", &gate).run().exits(0);
    // Of a batch that was sent it changes nothing.
    let (bytes, checkpoint) = (world.text(RESULTS), world.bytes("june.test.checkpoint.db"));
    world.sheet("june.csv", rows(5));
    world
        .send("june.csv", &gate)
        .arg("--dry-run")
        .run()
        .exits(0)
        .says(["2 payouts"]);
    assert_eq!((gate.creates(), world.text(RESULTS)), (3, bytes));
    drop(checkpoint);
    let run = world.send("june.csv", &gate).run().exits(0);
    assert_eq!(run.json()["created_now"], 2);
    audit(&world, RESULTS, &gate);
}

#[test]
fn another_programs_file_is_not_announced_as_what_was_made_earlier() {
    let gate = Gate::new();
    let world = World::new();
    world.sheet("june.csv", rows(2));
    world.sheet("june.test.earlier.csv", "my own notes\n");
    let run = world.send("june.csv", &gate).run().exits(0);
    let run = run.hides(["earlier"]);
    assert!(run.json().get("earlier").is_none(), "{run}");
}
