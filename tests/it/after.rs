//! What a scheduler is left with: metrics, a notification, and a log that is JSON to its last line.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::*;

const METRICS: &str = "june.prom";

/// The samples of an exposition by name and labels; panics at whatever Prometheus would not read.
pub(crate) fn samples(text: &str) -> BTreeMap<String, String> {
    assert!(text.ends_with('\n'), "the last line has no end");
    let (mut found, mut typed, mut helped) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
    let name_of = |text: &str| {
        let end = text.find(['{', ' ']).expect("a name");
        let name = text[..end].to_owned();
        let plain = |c: char| c.is_ascii_lowercase() || c == '_';
        assert!(name.chars().all(plain), "{text}");
        name
    };
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            assert!(rest.ends_with(" gauge"), "{line}");
            assert!(typed.insert(name_of(rest)), "{line} twice");
        } else if let Some(rest) = line.strip_prefix("# HELP ") {
            assert!(helped.insert(name_of(rest)), "{line} twice");
        } else if !line.starts_with('#') {
            let name = name_of(line);
            assert!(typed.contains(&name) && helped.contains(&name), "{line}");
            let (labels, value) = line.rsplit_once(' ').expect("a value");
            let labels_end = labels.ends_with('}');
            assert!(labels_end, "{line}");
            value.parse::<f64>().expect("a number");
            let before = found.insert(labels.to_owned(), value.to_owned());
            assert!(before.is_none(), "{line} twice");
        }
    }
    found
}

/// A program that keeps what it is told, and its environment.
pub(crate) fn listener(world: &World, script: &str) -> String {
    let path = world.sheet(
        "tell.sh",
        format!("#!/bin/sh\ncat > told.json\nenv > told.env\n{script}\n"),
    );
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.to_str().unwrap().to_owned()
}

pub(crate) fn told(world: &World) -> Value {
    serde_json::from_str(&world.text("told.json")).expect("one JSON object")
}

#[test]
fn metrics_say_where_the_batch_stands_and_keep_the_last_success() {
    let (gate, world) = (Gate::new(), World::new());
    world.sheet("june.csv", rows(3));
    let metrics = ["--metrics", METRICS];
    world.send("june.csv", &gate).args(metrics).run().exits(0);
    let first = samples(&world.text(METRICS));
    let labels = r#"batch="june",environment="test""#;
    let of = |samples: &BTreeMap<String, String>, name: &str, more: &str| {
        let labels = format!("{labels},command={more}");
        samples.get(&format!("{name}{{{labels}}}")).cloned()
    };
    let is = |value: &str| Some(value.to_owned());
    let send = "\"send\"";
    let created = r#""send",state="created""#;
    assert_eq!(of(&first, "paysheet_payouts", created), is("3"));
    assert_eq!(
        of(&first, "paysheet_payouts", r#""send",state="unknown""#),
        is("0")
    );
    assert_eq!(of(&first, "paysheet_amount_rupees", created), is("9.06"));
    assert_eq!(
        of(&first, "paysheet_links", r#""send",status="ACTIVE""#),
        is("3")
    );
    assert_eq!(of(&first, "paysheet_run_exit_code", send), is("0"));
    assert_eq!(of(&first, "paysheet_run_created", send), is("3"));
    let success = of(&first, "paysheet_last_success_timestamp_seconds", send);
    assert!(success.is_some());
    assert_eq!(world.mode(METRICS), 0o644, "its collector is another user");
    // A status that finds a dead link: 4, and the success stays the earlier one.
    let id = world
        .table("june.test.results.csv")
        .cell(1, "cashgram_id")
        .to_owned();
    gate.expire(&id);
    world.status("june.csv", &gate).args(metrics).run().exits(4);
    let second = samples(&world.text(METRICS));
    let status = "\"status\"";
    assert_eq!(of(&second, "paysheet_run_exit_code", status), is("4"));
    assert_eq!(of(&second, "paysheet_need_person", status), is("1"));
    assert_eq!(
        of(&second, "paysheet_last_success_timestamp_seconds", send),
        success
    );
    // Stopped before anything of the batch was known: unknown is not zero.
    world
        .status("june.csv", &gate)
        .args(metrics)
        .args(["--checkpoint", "none.db"])
        .run()
        .exits(1);
    let third = samples(&world.text(METRICS));
    assert_eq!(of(&third, "paysheet_run_exit_code", status), is("1"));
    assert_eq!(
        of(&third, "paysheet_payouts", r#""status",state="created""#),
        None
    );
    assert_eq!(
        of(&third, "paysheet_last_success_timestamp_seconds", send),
        success
    );
    let left: Vec<String> = world.names();
    assert!(
        !left.iter().any(|name| name.starts_with(".paysheet-")),
        "{left:?}"
    );
}

#[test]
fn a_status_is_no_success_of_send_and_shares_no_series_with_it() {
    let (gate, world) = (Gate::new(), World::new());
    world.sheet("june.csv", rows(3));
    world
        .send("june.csv", &gate)
        .args(["--metrics", "send.prom"])
        .run()
        .exits(0);
    world
        .status("june.csv", &gate)
        .args(["--metrics", "status.prom"])
        .run()
        .exits(0);
    let (send, status) = (
        samples(&world.text("send.prom")),
        samples(&world.text("status.prom")),
    );
    // A collector refuses two files that have one series.
    assert!(send.keys().all(|series| !status.contains_key(series)));
    // In one file both successes stand.
    world
        .status("june.csv", &gate)
        .args(["--metrics", "send.prom"])
        .run()
        .exits(0);
    let both = samples(&world.text("send.prom"));
    let success = |command: &str| {
        let labels = format!(r#"{{batch="june",environment="test",command="{command}"}}"#);
        both.get(&format!("paysheet_last_success_timestamp_seconds{labels}"))
    };
    let sent = r#"paysheet_last_success_timestamp_seconds{batch="june",environment="test",command="send"}"#;
    assert_eq!(success("send"), send.get(sent));
    assert!(success("status").is_some());
}

#[test]
fn metrics_go_over_nothing_that_is_not_theirs_and_never_harm_a_run() {
    let (gate, world) = (Gate::new(), World::new());
    world.sheet("june.csv", rows(1));
    world.sheet("notes.txt", "notes\n");
    std::os::unix::fs::symlink(world.path("notes.txt"), world.path("link.prom")).unwrap();
    for path in ["notes.txt", "link.prom", "none/june.prom", "."] {
        let run = world
            .send("june.csv", &gate)
            .args(["--metrics", path])
            .run();
        run.exits(0).says(["the metrics were not written"]);
    }
    assert_eq!(world.text("notes.txt"), "notes\n");
    assert_eq!(gate.creates(), 1);
}

#[test]
fn a_program_is_told_how_a_run_ended() {
    let (gate, world) = (Gate::new(), World::new());
    let tell = listener(&world, "echo said; echo more >&2");
    let notify = [
        "--notify-command",
        &*format!("'{tell}' finance \"it's over\""),
    ];
    world.sheet("june.csv", rows(2));
    let run = world.send("june.csv", &gate).args(notify).run().exits(0);
    let object = told(&world);
    assert_eq!(object["event"], "finished");
    let mut said = run.json();
    said["event"] = "finished".into();
    assert_eq!(object, said, "the same object as on stdout");
    run.hides(["said", "more"]);
    let env = world.text("told.env");
    assert!(
        !env.contains("CASHFREE_") && env.contains("PAYSHEET_ENV=test"),
        "{env}"
    );
    assert!(!env.contains(CLIENT_SECRET));
    // A row for a person.
    world.sheet(
        "july.csv",
        "name,phone,amount\nAsha,9000000001,5.00\nRavi,123,5.00\n",
    );
    let july = world
        .send("july.csv", &gate)
        .arg("--skip-invalid")
        .args(notify);
    july.run().exits(4);
    assert_eq!(told(&world)["event"], "needs_person");
    assert_eq!(told(&world)["states"]["invalid"], 1);
    // A sheet that is not payable, one that is not there, and credentials that are missing.
    for (sheet, exit, without) in [
        ("july.csv", 3, "NOTHING"),
        ("none.csv", 1, "NOTHING"),
        ("june.csv", 1, "CASHFREE_CLIENT_SECRET"),
    ] {
        world.remove("told.json");
        let run = world
            .send(sheet, &gate)
            .without(without)
            .args(["--batch", "other"]);
        let run = run.args(notify).run().exits(exit);
        let object = told(&world);
        assert_eq!(object["event"], "stopped");
        assert_eq!(object["exit"], exit);
        assert_eq!(object["message"], run.json()["message"]);
        // One program is told by many jobs: whose it was is in it, once the settings were made out.
        if without == "NOTHING" {
            assert_eq!(object["environment"], "test");
            assert_eq!(object["batch"], "other");
        }
    }
}

/// Whoever watches a log is woken by its errors.
#[test]
fn a_run_that_stops_is_an_error_in_the_log() {
    let world = World::new();
    world.sheet("june.csv", rows(2));
    let raw = Raw::start(|ask| match ask.is_create() {
        true => Act::Instead(Manner::Says(Say::refusal(403, "IP not whitelisted"))),
        false => Act::Honest,
    });
    let run = world.send("june.csv", &raw).args(["--log-format", "json"]);
    let run = run.run().exits(1);
    let records = run
        .stderr
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let errors: Vec<Value> = records
        .filter(|record| record["level"] == "error")
        .collect();
    assert_eq!(errors.len(), 1, "{run}");
    assert!(
        errors[0]["message"]
            .as_str()
            .unwrap()
            .contains("IP not whitelisted")
    );
}

#[test]
fn every_command_that_asks_the_gateway_leaves_numbers_and_tells() {
    let (gate, world) = (Gate::new(), World::new());
    let tell = listener(&world, "");
    world.sheet("june.csv", rows(2));
    for command in ["send", "status", "retry", "cancel"] {
        let run = match command {
            "send" => world.send("june.csv", &gate),
            "cancel" => world.talk(command, "june.csv", &gate).arg("--yes"),
            _ => world.talk(command, "june.csv", &gate),
        };
        let run = run.args(["--notify-command", &*tell, "--metrics", METRICS]);
        run.run().exits(0);
        let metrics = samples(&world.text(METRICS));
        let exit = "paysheet_run_exit_code{batch=\"june\",environment=\"test\",command=";
        assert_eq!(metrics[&format!("{exit}\"{command}\"}}")], "0");
        assert_eq!(told(&world)["command"], command);
        let help = world.paysheet().args([command, "--help"]).run().exits(0);
        help.says(["--notify-command", "--metrics"]);
    }
}

#[test]
fn an_interrupted_run_tells_as_well() {
    let world = World::new();
    let raw = Raw::start(|ask| {
        if ask.is_create() {
            Act::Then(Manner::Late(Duration::from_millis(400)))
        } else {
            Act::Honest
        }
    });
    let tell = listener(&world, "");
    world.sheet("june.csv", rows(30));
    let command = world.send("june.csv", &raw).args(["--concurrency", "2"]);
    let run = command
        .args(["--notify-command", &tell, "--metrics", METRICS])
        .spawn();
    let deadline = Instant::now() + Duration::from_secs(20);
    while raw.creates() == 0 {
        assert!(Instant::now() < deadline, "no create");
        std::thread::sleep(Duration::from_millis(5));
    }
    run.sigterm();
    run.wait().exits(130);
    assert_eq!(told(&world)["event"], "interrupted");
    let metrics = samples(&world.text(METRICS));
    let exit = r#"paysheet_run_exit_code{batch="june",environment="test",command="send"}"#;
    assert_eq!(metrics[exit], "130");
}

/// Hanging, missing, failing, deaf and talkative: a warning each, the exit code of the run, and pure JSON on stderr.
#[test]
fn a_bad_program_harms_nothing() {
    let (gate, world) = (Gate::new(), World::new());
    world.sheet("june.csv", rows(1));
    let hang = listener(&world, "sleep 600 & echo $! > grandchild; wait");
    let table = [
        (hang.as_str(), "was killed after 1 s; the run is as it was"),
        ("/nowhere/tell", "cannot be started"),
        ("/", "cannot be started"),
        (
            "sh -c 'echo no luck; exit 3'",
            "failed (exit status: 3): no luck",
        ),
        (
            "sh -c 'exec 0<&-; yes | head -c 3000000; kill -9 $$'",
            "failed (signal: 9",
        ),
    ];
    for (command, words) in table {
        let begun = Instant::now();
        let run = world
            .send("june.csv", &gate)
            .args(["--log-format", "json", "--notify-timeout", "1"])
            .args(["--notify-command", command])
            .run()
            .exits(0)
            .says([words]);
        assert!(begun.elapsed() < Duration::from_secs(20), "{command}");
        let records: Vec<Value> = run
            .stderr
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}")))
            .collect();
        let warned = records.iter().any(|record| record["level"] == "warn");
        assert!(warned, "{run}");
    }
    // What the hanging one had started is gone with it.
    let grandchild = world.text("grandchild");
    let alive = std::fs::read_to_string(format!("/proc/{}/stat", grandchild.trim()));
    assert!(
        alive.is_err() || alive.unwrap().contains(") Z "),
        "{grandchild} lives"
    );
    let quotes = world
        .send("june.csv", &gate)
        .args(["--notify-command", "tell 'me"]);
    quotes.run().exits(2).says(["--notify-command", "quote"]);
}

#[test]
fn with_a_json_log_all_of_stderr_is_json_however_it_ends() {
    let (gate, world) = (Gate::new(), World::new());
    world.sheet("june.csv", rows(2));
    world.sheet("bad.csv", "name,phone,amount\nAsha,1,2\n");
    let log = ["--log-format", "json"];
    for (command, exit) in [
        (world.send("june.csv", &gate), 0),
        (world.send("bad.csv", &gate), 3),
        (world.send("none.csv", &gate), 1),
        (
            world.send("june.csv", &gate).without("CASHFREE_CLIENT_ID"),
            1,
        ),
        (world.send("june.csv", &gate).without("PAYSHEET_ENV"), 2),
        (world.status("june.csv", &gate), 0),
        (world.status("june.csv", &gate).arg("-q"), 0),
        (world.status("july.csv", &gate).arg("-q"), 1),
        (world.talk("results", "june.csv", &gate), 0),
    ] {
        let run = command.args(log).run().exits(exit);
        for line in run.stderr.lines() {
            let record: Value =
                serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {run}"));
            assert!(record["message"].is_string(), "{line}");
        }
        let told = run.stderr.contains("\"level\":\"error\"");
        assert_eq!(told, [1, 2, 3].contains(&exit), "{run}");
    }
}

#[test]
fn a_file_that_lies_about_runs_no_program() {
    let (gate, world) = (Gate::new(), World::new());
    let tell = listener(&world, "");
    world.sheet("june.csv", rows(1));
    let options = format!("notify-command = \"{tell}\"\nmetrics = \"june.prom\"\n");
    world.sheet("paysheet.toml", &options);
    let run = world.send("june.csv", &gate).run().exits(1);
    run.says(["runs a program", "paysheet.toml:1:1", "--config"]);
    assert_eq!(gate.asked(), 0);
    let named = world
        .send("june.csv", &gate)
        .args(["--config", "paysheet.toml"]);
    named.run().exits(0);
    assert_eq!(told(&world)["event"], "finished");
    samples(&world.text(METRICS));
}
