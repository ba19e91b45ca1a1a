//! `--json`: one object as the last line of stdout, whatever the exit code, with the documented keys in their order.

use serde_json::Value;

use crate::support::audit::audit_json;
use crate::support::*;
use crate::validate::in_order;

const KEYS: [&str; 17] = [
    "command",
    "environment",
    "sheet",
    "batch",
    "rows",
    "states",
    "statuses",
    "amount_total",
    "amount_created",
    "created_now",
    "requests",
    "retries",
    "elapsed_s",
    "exit",
    "message",
    "checkpoint",
    "results",
];

/// Panics unless these are all the keys, in the documented order.
#[track_caller]
fn whole(run: &Output) -> Value {
    let line = run.json_line();
    in_order(&line, &KEYS);
    let json = run.json();
    assert_eq!(json.as_object().unwrap().len(), KEYS.len(), "{run}");
    let states: Vec<&str> = vec![
        "invalid",
        "ready",
        "unknown",
        "created",
        "rejected",
        "conflict",
        "cancelled",
    ];
    let (_, from) = line.split_once("\"states\":").unwrap();
    in_order(from, &states);
    assert_eq!(json["states"].as_object().unwrap().len(), states.len());
    let (_, elapsed) = line.split_once("\"elapsed_s\":").unwrap();
    let elapsed = elapsed.split(',').next().unwrap();
    assert_eq!(elapsed.split_once('.').unwrap().1.len(), 2, "{elapsed}");
    assert!(json["amount_total"].is_string() && json["amount_created"].is_string());
    assert_eq!(json["exit"].as_i64(), Some(i64::from(run.code)));
    json
}

/// Panics unless the object is that of an early stop.
#[track_caller]
fn early(run: &Output, command: &str, code: i32) {
    in_order(&run.json_line(), &["command", "exit", "message"]);
    let json = run.json();
    assert_eq!(json.as_object().unwrap().len(), 3, "{run}");
    assert_eq!(
        (json["command"].as_str(), json["exit"].as_i64()),
        (Some(command), Some(i64::from(code))),
        "{run}"
    );
    assert_eq!(run.code, code, "{run}");
    let message = json["message"].as_str().unwrap();
    assert!(!message.is_empty() && !message.contains('\n'), "{run}");
    // A person reads the same on the other channel.
    assert!(!run.stderr.trim().is_empty(), "{run}");
}

#[test]
fn a_run_ends_with_the_whole_object() {
    let (world, gate) = (World::new(), Gate::new());
    world.sheet("june.csv", rows(5));
    let send = world.send("june.csv", &gate).run().exits(0);
    let json = whole(&send);
    assert_eq!(json["command"], "send");
    assert_eq!(json["environment"], "test");
    assert_eq!(
        (&json["sheet"], &json["batch"]),
        (&"june.csv".into(), &"june".into())
    );
    assert_eq!(
        (json["rows"].as_u64(), json["created_now"].as_u64()),
        (Some(5), Some(5))
    );
    assert_eq!(json["statuses"], serde_json::json!({"ACTIVE": 5}));
    assert_eq!(
        (&json["amount_total"], &json["amount_created"]),
        (&"20.15".into(), &"20.15".into())
    );
    assert_eq!(
        (&json["checkpoint"], &json["results"]),
        (
            &"june.test.checkpoint.db".into(),
            &"june.test.results.csv".into()
        )
    );
    // Every request but authorize is counted, and nothing else.
    let counted = gate
        .requests()
        .iter()
        .filter(|seen| !seen.path.ends_with("/authorize"))
        .count();
    assert_eq!(json["requests"].as_u64(), u64::try_from(counted).ok());
    audit_json(&send, &world.table("june.test.results.csv"));
    let status = world.status("june.csv", &gate).run().exits(0);
    assert_eq!(whole(&status)["command"], "status");
    let results = world
        .talk("results", "june.csv", &gate)
        .arg("--json")
        .run()
        .exits(0);
    assert_eq!(whole(&results)["command"], "results");
    let dry = world
        .send("june.csv", &gate)
        .arg("--dry-run")
        .run()
        .exits(0);
    whole(&dry);
    let rehearsal = world
        .paysheet()
        .args(["send", "june.csv", "--json"])
        .run()
        .exits(0);
    assert_eq!(whole(&rehearsal)["environment"], "sandbox");
}

#[test]
fn without_json_no_object_is_printed() {
    let (world, gate) = (World::new(), Gate::new());
    world.sheet("june.csv", rows(2));
    let run = world
        .talk("send", "june.csv", &gate)
        .arg("--yes")
        .run()
        .exits(0);
    assert!(!run.stdout.contains('{'), "{run}");
    let quiet = world
        .talk("send", "june.csv", &gate)
        .args(["--yes", "-q", "--json"])
        .run()
        .exits(0);
    assert_eq!(quiet.stdout.lines().count(), 1, "{quiet}");
    assert!(quiet.stderr.is_empty(), "{quiet}");
}

#[test]
fn stdout_is_the_object_alone_and_logs_are_json_too_where_asked() {
    let (world, gate) = (World::new(), Gate::new());
    world.sheet("june.csv", rows(2));
    let run = world
        .send("june.csv", &gate)
        .args(["-v", "--log-format", "json"])
        .run()
        .exits(0);
    whole(&run);
    for line in run.stderr.lines().filter(|line| line.starts_with('{')) {
        let _: Value = serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}"));
    }
    assert!(
        run.stderr.lines().any(|line| line.starts_with('{')),
        "{run}"
    );
}

/// Each thing said is a record of its own: no line ends within, and no room that only a terminal needs.
#[test]
fn a_log_record_is_one_line_that_says_one_thing() {
    let (world, gate) = (World::new(), Gate::new());
    world.sheet("june.csv", rows(2));
    world.sheet("bad.csv", "name,phone,amount\nAsha,12,1.234\nRavi,13,5\n");
    let log = ["--log-format", "json"];
    let mut said = Vec::new();
    for run in [
        world.send("june.csv", &gate).args(log).run().exits(0),
        world.send("bad.csv", &gate).args(log).run().exits(3),
        world.send("missing.csv", &gate).args(log).run().exits(1),
        world.status("june.csv", &gate).args(log).run().exits(0),
    ] {
        for line in run.stderr.lines() {
            let record: Value =
                serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}"));
            let message = record["message"].as_str().unwrap().to_owned();
            let clean = !message.contains('\n') && !message.contains("  ");
            assert!(clean && !message.is_empty(), "{message:?}");
            assert_eq!(message, message.trim());
            said.push(message);
        }
    }
    let has = |words: &str| said.iter().any(|message| message.starts_with(words));
    for words in [
        "To see later where the links stand, run: paysheet status june.csv",
        "created 2 ",
        "checkpoint: june.test.checkpoint.db",
        "line 2, phone ",
        "3 problems: ",
    ] {
        assert!(has(words), "{words}: {said:#?}");
    }
}

#[test]
fn every_early_stop_has_command_exit_and_message_alone() {
    let (world, gate) = (World::new(), Gate::new());
    world.sheet("june.csv", rows(2));
    world.sheet("bad.csv", "name,phone,amount\nA,1,1\n");
    world.sheet("foreign.csv", "x\n");
    let send = |sheet: &str| world.send(sheet, &gate);
    early(&send("june.csv").arg("--no-such").run(), "send", 2);
    early(&send("missing.csv").run(), "send", 1);
    early(&send("bad.csv").run(), "send", 3);
    early(
        &send("june.csv").args(["--expect-count", "9"]).run(),
        "send",
        3,
    );
    early(
        &send("june.csv").args(["--results", "foreign.csv"]).run(),
        "send",
        1,
    );
    early(
        &send("june.csv").args(["--env", "production"]).run(),
        "send",
        2,
    );
    early(
        &world.talk("send", "june.csv", &gate).arg("--json").run(),
        "send",
        2,
    );
    early(
        &world
            .status("june.csv", &gate)
            .args(["--batch", "none"])
            .run(),
        "status",
        1,
    );
    early(
        &world
            .paysheet()
            .args(["validate", "missing.csv", "--json"])
            .run(),
        "validate",
        1,
    );
    early(
        &world
            .paysheet()
            .args(["results", "june.csv", "--json", "--env", "nowhere"])
            .run(),
        "results",
        2,
    );
    let no_credentials = world
        .paysheet()
        .args(["send", "june.csv", "--env", "test", "--json"]);
    early(&no_credentials.run(), "send", 1);
    assert_eq!(gate.creates(), 0);
}

#[test]
fn a_run_that_stops_half_way_ends_with_the_whole_object() {
    let (world, raw) = (
        World::new(),
        Raw::start(|ask| match (ask.is_create(), ask.nth) {
            (true, 3..) => Act::Instead(Manner::Says(Say::refusal(403, "IP not whitelisted"))),
            _ => Act::Honest,
        }),
    );
    world.sheet("june.csv", rows(6));
    let run = world
        .send("june.csv", &raw)
        .args(["--concurrency", "1"])
        .run()
        .exits(1);
    let json = whole(&run);
    assert_eq!(
        (
            json["states"]["created"].as_u64(),
            json["states"]["ready"].as_u64()
        ),
        (Some(2), Some(4)),
        "{run}"
    );
    assert!(json["message"].as_str().unwrap().contains("IP"), "{run}");
    audit(&world, "june.test.results.csv", &raw);
    audit_json(&run, &world.table("june.test.results.csv"));
}

#[test]
fn an_interrupted_run_ends_with_the_object_too() {
    let (world, raw) = (
        World::new(),
        Raw::start(|ask| match ask.is_create() {
            true => Act::Then(Manner::Late(std::time::Duration::from_millis(300))),
            false => Act::Honest,
        }),
    );
    world.sheet("june.csv", rows(40));
    let running = world
        .send("june.csv", &raw)
        .args(["--concurrency", "2"])
        .spawn();
    while raw.creates() < 4 {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    running.sigint();
    let run = running.wait().exits(130).says(["run it again to resume"]);
    let json = whole(&run);
    assert_eq!(
        json["states"]["unknown"], 0,
        "what was in flight was not waited for: {run}"
    );
    audit(&world, "june.test.results.csv", &raw);
    audit_json(&run, &world.table("june.test.results.csv"));
    world
        .send("june.csv", &raw)
        .args(["--concurrency", "40"])
        .run()
        .exits(0);
    audit(&world, "june.test.results.csv", &raw);
    assert_eq!((raw.creates(), raw.booked().len()), (40, 40));
}
