//! Everything that is recorded, as JSON Lines: complete, at any time, and for its owner alone.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::guards::{CHECKPOINT, sent};
use crate::support::*;

/// The records of an export, each line one.
fn records(text: &str) -> Vec<Value> {
    assert!(text.ends_with('\n'), "the last line is whole");
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}")))
        .collect()
}

fn of_kind<'r>(records: &'r [Value], kind: &str) -> Vec<&'r Value> {
    records
        .iter()
        .filter(|record| record["record"] == kind)
        .collect()
}

#[test]
fn a_program_can_rebuild_everything_from_it() {
    let gate = Gate::new();
    let world = World::new();
    let text = "Diary,name,phone,amount,email\n\"a \"\"quoted\"\" note\",Asha Menon,9000000001,1250.5,asha@example.com\n\
        \"two\nlines\",Ravi Kumar,9000000002,2,\n";
    world.sheet("june.csv", text);
    world.send("june.csv", &gate).run().exits(0);
    gate.redeem(&gate.booked()[0].id);
    world.status("june.csv", &gate).run().exits(0);
    let export = || world.talk("export", "june.csv", &gate);
    let run = export().run().exits(0);
    assert!(run.stderr.is_empty(), "{run}");
    let all = records(&run.stdout);
    assert_eq!(all[0]["record"], "batch");
    assert_eq!(
        (&all[0]["batch"], &all[0]["environment"]),
        (&"june".into(), &"test".into())
    );
    assert_eq!(all[0]["header"]["columns"][0], "Diary");
    let payouts = of_kind(&all, "payout");
    let results = world.table("june.test.results.csv");
    for (row, payout) in payouts.iter().enumerate() {
        for column in [
            "cashgram_id",
            "reference_id",
            "cashgram_link",
            "state",
            "status",
        ] {
            assert_eq!(payout[column], results.cell(row + 1, column), "{payout}");
        }
        assert!(payout["created_at"].as_str().unwrap().ends_with('Z'));
        assert!(payout.get("pay_seal").is_none());
    }
    assert_eq!(payouts[0]["amount"], "1250.50");
    assert_eq!(payouts[0]["phone"], "9000000001");
    assert_eq!(payouts[0]["cells"][0], "a \"quoted\" note");
    assert_eq!(payouts[1]["cells"][0], "two\nlines");
    let sent: Value = serde_json::from_str(payouts[0]["body"].as_str().unwrap()).unwrap();
    assert_eq!(sent["amount"], "1250.50");
    let facts = of_kind(&all, "fact");
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for fact in facts.iter().filter(|fact| fact["payout"] != 0) {
        *kinds
            .entry(fact["kind"].as_str().unwrap().to_owned())
            .or_default() += 1;
        assert!(fact["cashgram_id"].is_string(), "{fact}");
    }
    assert_eq!(
        (kinds["sending"], kinds["created"], kinds["swept"]),
        (2, 2, 1),
        "{kinds:?}"
    );
    let end = all.last().unwrap();
    assert_eq!(end["record"], "end");
    assert_eq!(
        (&end["payouts"], &end["facts"]),
        (&2.into(), &facts.len().into())
    );
    assert_eq!(end["states"]["created"]["amount"], "1252.50");
    // The facts alone, framed as the whole is.
    let facts_only = records(&export().arg("--facts").run().exits(0).stdout);
    assert_eq!(facts_only.len(), facts.len() + 2);
    assert_eq!(of_kind(&facts_only, "payout").len(), 0);
    // The same moment gives the same bytes, and nothing is left beside the checkpoint.
    assert_eq!(export().run().stdout, run.stdout);
    assert!(
        !world
            .names()
            .iter()
            .any(|name| name.ends_with("-wal") || name.ends_with("-shm"))
    );
}

#[test]
fn into_a_file_it_is_whole_private_and_over_nothing_of_others() {
    let gate = Gate::new();
    let world = sent(&gate, 3);
    let export = |to: &str| {
        let command = world.talk("export", "june.csv", &gate);
        command.args(["--output", to]).umask("000").run()
    };
    let run = export("june.jsonl")
        .exits(0)
        .says(["records written", "june.jsonl"]);
    assert_eq!(world.mode("june.jsonl"), 0o600, "{run}");
    let whole = world.text("june.jsonl");
    assert_eq!(whole, world.talk("export", "june.csv", &gate).run().stdout);
    export("june.jsonl").exits(0);
    for (mine, code) in [
        ("diary.txt", 1),
        ("june.csv", 2),
        (CHECKPOINT, 2),
        ("none/june.jsonl", 1),
    ] {
        if mine == "diary.txt" {
            world.sheet(mine, "dear diary\n");
        }
        let before = world.has(mine).then(|| world.bytes(mine));
        export(mine).exits(code).says([mine]);
        assert_eq!(world.has(mine).then(|| world.bytes(mine)), before, "{mine}");
    }
    // A reader that has seen enough is no error.
    let head = world.talk("export", "june.csv", &gate).after("exec >&-");
    let run = head.run();
    assert!(run.code <= 1, "{run}");
}

#[test]
fn while_a_run_holds_the_lock_it_shows_one_moment() {
    let gate = Gate::with(|options| options.latency = "40ms".parse().unwrap());
    let world = World::new();
    world.sheet("june.csv", rows(60));
    let running = world
        .send("june.csv", &gate)
        .args(["--concurrency", "2"])
        .spawn();
    let begun = std::time::Instant::now();
    while gate.creates() < 20 {
        assert!(begun.elapsed() < Duration::from_secs(30));
        std::thread::sleep(Duration::from_millis(5));
    }
    let run = world.talk("export", "june.csv", &gate).run().exits(0);
    let all = records(&run.stdout);
    let payouts = of_kind(&all, "payout");
    assert_eq!(payouts.len(), 60);
    let created = payouts
        .iter()
        .filter(|payout| payout["state"] == "created")
        .count();
    let facts = of_kind(&all, "fact");
    let recorded = facts
        .iter()
        .filter(|fact| fact["kind"] == "created")
        .count();
    assert!(created > 0 && created == recorded, "{created} {recorded}");
    running.wait().exits(0);
    assert_eq!(gate.creates(), 60);
}
