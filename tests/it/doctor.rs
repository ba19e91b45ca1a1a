//! What could keep a run from working is found before it does, and nothing is changed by looking.

use std::collections::BTreeMap;

use crate::guards::{CHECKPOINT, RESULTS, sent};
use crate::support::*;

/// The verdicts by check.
fn verdicts(run: &Output) -> BTreeMap<String, String> {
    let json = run.json();
    let findings = json["findings"]
        .as_array()
        .unwrap_or_else(|| panic!("{run}"));
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    findings
        .iter()
        .map(|finding| (text(&finding["check"]), text(&finding["verdict"])))
        .collect()
}

/// Problems each name what to do.
#[track_caller]
fn finds(run: Output, check: &str, words: &[&str]) -> Output {
    let run = run.exits(1).says(words);
    assert_eq!(
        verdicts(&run).get(check).map(String::as_str),
        Some("problem"),
        "{run}"
    );
    run
}

#[test]
fn a_sound_batch_is_found_sound_and_nothing_is_touched() {
    let gate = Gate::new();
    let world = sent(&gate, 5);
    gate.redeem(&gate.booked()[2].id);
    world.status("june.csv", &gate).run().exits(0);
    let (names, before) = (world.names(), world.bytes(CHECKPOINT));
    let asked = gate.requests().len();
    let doctor = || world.talk("doctor", "june.csv", &gate).arg("--json");
    let run = doctor()
        .run()
        .exits(0)
        .says(["all is well", "available", "5 rows"]);
    let found = verdicts(&run);
    for check in [
        "credentials",
        "network",
        "clock",
        "balance",
        "permissions",
        "checkpoint",
        "facts",
        "sheet",
        "lock",
        "results",
    ] {
        assert_eq!(
            found.get(check).map(String::as_str),
            Some("ok"),
            "{check}: {run}"
        );
    }
    assert_eq!((world.names(), world.bytes(CHECKPOINT)), (names, before));
    let new: Vec<String> = gate.requests()[asked..]
        .iter()
        .map(|seen| seen.path.clone())
        .collect();
    assert_eq!(new.len(), 2, "one login, one balance: {new:?}");
    run.hides([CLIENT_SECRET, CLIENT_ID]);
    // Without a sheet, and without a gateway.
    let alone = world.talk("doctor", "--json", &gate).run().exits(0);
    assert!(!verdicts(&alone).contains_key("checkpoint"));
    let rehearsal = world.paysheet().args(["doctor", "june.csv", "--json"]);
    let run = rehearsal
        .run()
        .exits(0)
        .says(["simulator", "nothing was sent"]);
    assert!(!world.has("june.sandbox.books.db"), "{run}");
}

#[test]
fn what_is_wrong_with_the_account_or_the_way_is_said() {
    let gate = Gate::new();
    let world = World::new();
    let doctor = || world.talk("doctor", "--json", &gate);
    let wrong = doctor().env("CASHFREE_CLIENT_SECRET", "wrong").run();
    let wrong = finds(wrong, "credentials", &["clientId"]);
    assert_eq!(
        verdicts(&wrong)["clock"],
        "ok",
        "the refusal tells the time: {wrong}"
    );
    let nobody = doctor()
        .without("CASHFREE_CLIENT_ID")
        .without("CASHFREE_CLIENT_SECRET");
    finds(nobody.run(), "settings", &["CASHFREE_CLIENT_ID"]);
    let down = doctor().args(["--base-url", "http://127.0.0.1:9"]).run();
    finds(down, "network", &["127.0.0.1:9", "check the network"]);
    assert_eq!(gate.creates(), 0);
    // Wrong usage is no finding.
    doctor()
        .args(["--base-url", "http://example.com"])
        .run()
        .exits(2);
}

#[test]
fn a_clock_that_is_off_is_a_problem() {
    for (date, side) in [
        ("Sun, 22 Nov 2020 10:00:00 GMT", "ahead of"),
        ("Sun, 22 Nov 2099 10:00:00 GMT", "behind"),
    ] {
        let raw = Raw::start(move |_| {
            let mut say = Say::refusal(403, "IP not whitelisted");
            say.headers.push(("Date".to_owned(), date.to_owned()));
            Act::Instead(Manner::Says(say))
        });
        let world = World::new();
        let run = world.talk("doctor", "--json", &raw).run();
        finds(run, "clock", &[side, "NTP"]);
    }
}

#[test]
fn a_record_that_contradicts_itself_is_found() {
    let gate = Gate::new();
    let world = sent(&gate, 4);
    let whole = world.bytes(CHECKPOINT);
    let open = || rusqlite::Connection::open(world.path(CHECKPOINT)).unwrap();
    let doctor = || world.talk("doctor", "june.csv", &gate).arg("--json").run();
    for (sql, check, words) in [
        (
            "DELETE FROM facts WHERE kind = 'created' AND fact = (SELECT min(fact) FROM facts WHERE kind = 'created')",
            "facts",
            "1 of 4 payouts",
        ),
        (
            "INSERT INTO facts (payout, at, kind) SELECT payout, 0, 'spoiled' FROM payouts",
            "facts",
            "4 of 4 payouts",
        ),
        (
            "UPDATE payouts SET amount = amount + 1",
            "checkpoint",
            "not as it was written",
        ),
    ] {
        open().execute_batch(sql).unwrap();
        finds(doctor(), check, &[words]);
        world.sheet(CHECKPOINT, &whole);
    }
    world.set_mode(CHECKPOINT, 0o644);
    finds(doctor(), "permissions", &["chmod 600"]);
    world.set_mode(CHECKPOINT, 0o600);
    // Results that are another's.
    world.sheet(RESULTS, "my own notes\n");
    finds(doctor(), "results", &["not a results file"]);
    let other = world.talk("doctor", "june.csv", &gate).arg("--json");
    finds(
        other.env("CASHFREE_CLIENT_ID", "CF_OTHER").run(),
        "binding",
        &["another account"],
    );
    world.lose_checkpoint(CHECKPOINT);
    world.remove(RESULTS);
    doctor()
        .exits(0)
        .says(["nothing was sent under this batch name"]);
}

/// Count and sum of sheet and checkpoint are the same, to the paisa, or doctor says so: 3 where the sheet is another by
/// now, 1 where the record must be wrong.
#[test]
fn a_sheet_and_a_record_that_do_not_add_up_are_found() {
    let gate = Gate::new();
    let world = sent(&gate, 4);
    let (whole, sheet) = (world.bytes(CHECKPOINT), world.text("june.csv"));
    let doctor = || world.talk("doctor", "june.csv", &gate).arg("--json").run();
    let (short, dear) = (rows(3), sheet.replace(",4.03", ",4.04"));
    assert_ne!(dear, sheet);
    for (other, words) in [
        (&rows(5), "5 rows"),
        (&short, "3 rows"),
        (&dear, "4 rows, ₹14.11"),
    ] {
        world.sheet("june.csv", other);
        let run = doctor().exits(3).says([
            "changed since the last send",
            words,
            "4 rows, ₹14.10",
            "send june.csv",
            "--dry-run",
            "restore the sheet",
        ]);
        assert_eq!(verdicts(&run)["sheet"], "problem");
        assert_eq!(run.json()["exit"], 3);
    }
    // Something else is wrong as well.
    world.set_mode(CHECKPOINT, 0o644);
    finds(doctor(), "permissions", &["2 problems"]);
    world.set_mode(CHECKPOINT, 0o600);
    // Another order, another name: the same count and sum.
    let (header, lines) = sheet.split_once('\n').unwrap();
    let turned: Vec<&str> = lines.lines().rev().collect();
    world.sheet("june.csv", format!("{header}\n{}\n", turned.join("\n")));
    doctor().exits(0);
    world.sheet("june.csv", &sheet);
    // The sheet is what it was, and the record has forgotten a row, sealed as a run would have left it.
    let record = rusqlite::Connection::open(world.path(CHECKPOINT)).unwrap();
    for (sql, check) in [
        ("DELETE FROM payouts WHERE row = 2", "totals"),
        ("UPDATE payouts SET row = NULL WHERE row = 2", "totals"),
    ] {
        record.execute_batch(sql).unwrap();
        let run = doctor().exits(1).says(["backup"]);
        assert_eq!(verdicts(&run)[check], "problem", "{run}");
        world.sheet(CHECKPOINT, &whole);
    }
}

/// However the sheet was read when it was sent, it is read so again.
#[test]
fn a_sheet_is_read_as_it_was_when_it_was_sent() {
    let (gate, world) = (Gate::new(), World::new());
    let text = "Who|phone|amount\nRen\u{e9}e Menon|9000000001|1.00\nRavi|9000000002|2.00\n";
    let bytes: Vec<u8> = text
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect();
    world.sheet("june.csv", bytes);
    let send = world.send("june.csv", &gate).args(["--map", "name=Who"]);
    let send = send.args(["--encoding", "windows-1252", "--delimiter", "pipe"]);
    let sent = send.args(["--skip-invalid", "--settle", "0"]).run();
    assert!([0, 4].contains(&sent.code), "{sent}");
    let run = world.talk("doctor", "june.csv", &gate).arg("--json").run();
    assert_eq!(verdicts(&run.exits(0))["sheet"], "ok");
}

#[test]
fn every_history_replays_to_where_it_led() {
    // Lost answers, refusals, look-ups, a mended row.
    let gate = Gate::with(|options| {
        options.faults = "create:lost-after=20%,create:500-before=20%"
            .parse()
            .unwrap();
    });
    let world = World::new();
    world.sheet("june.csv", rows(40));
    let quick = ["--settle", "0"];
    world.send("june.csv", &gate).args(quick).run();
    world.send("june.csv", &gate).args(quick).run();
    world.status("june.csv", &gate).run();
    let run = world.talk("doctor", "june.csv", &gate).arg("--json").run();
    assert_eq!(verdicts(&run)["facts"], "ok", "{run}");
    let cancel = world
        .talk("cancel", "june.csv", &gate)
        .args(["--yes", "--settle", "0"]);
    cancel.run();
    let run = world.talk("doctor", "june.csv", &gate).arg("--json").run();
    assert_eq!(verdicts(&run)["facts"], "ok", "{run}");
}

#[test]
fn who_is_writing_is_told_and_not_disturbed() {
    let gate = Gate::with(|options| options.latency = "100ms".parse().unwrap());
    let world = World::new();
    world.sheet("june.csv", rows(30));
    let running = world
        .send("june.csv", &gate)
        .args(["--concurrency", "2"])
        .spawn();
    let begun = std::time::Instant::now();
    while gate.creates() < 4 {
        assert!(begun.elapsed() < std::time::Duration::from_secs(30));
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let pid = format!("process {}", running.pid());
    let run = world
        .talk("doctor", "june.csv", &gate)
        .arg("--json")
        .run()
        .exits(0);
    run.says([pid.as_str(), "in use by"]);
    running.wait().exits(0);
}
