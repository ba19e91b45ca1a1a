//! Personal data is gone from every byte that paysheet wrote; totals and ids stay; nothing is sent from it any more.

use crate::guards::{CHECKPOINT, RESULTS, guarded};
use crate::support::world::row_text;
use crate::support::*;

/// What must not be left, as text and as SQLite stores the phone: six bytes, the highest first.
const TEXTS: [&str; 6] = [
    "9812345678",
    "Anjali Deshpande",
    "anjali@example.com",
    "Festival bonus",
    "example.com",
    "secret remark",
];

const SHEET: &str = "Diary,name,phone,amount,email,description,remarks\n\
    secret remark one,Anjali Deshpande,9812345678,1250.50,anjali@example.com,Festival bonus,\n\
    x,Ravi Kumar,9000000002,2,,,ok\n";

/// The files that hold any of it.
fn tellers(world: &World) -> Vec<String> {
    let stored = 9_812_345_678_u64.to_be_bytes();
    let needles = TEXTS.map(str::as_bytes);
    let needles = needles.into_iter().chain([&stored[2..]]);
    let needles: Vec<&[u8]> = needles.collect();
    let holds = |name: &String| {
        let path = world.path(name);
        let bytes = std::fs::read(path).unwrap_or_default();
        let has = |needle: &&[u8]| bytes.windows(needle.len()).any(|part| part == *needle);
        needles.iter().any(has)
    };
    let names = world.names().into_iter().filter(|name| name != "june.csv");
    names.filter(holds).collect()
}

/// A batch that is at its end, with everything beside it that paysheet writes.
fn finished(gate: &Gate) -> World {
    let world = World::new();
    // Rows that are refused, mended and replaced leave their traces on pages that are free later.
    world.sheet("june.csv", SHEET.replace("2,,,ok", "no,,,ok"));
    world.send("june.csv", gate).run().exits(3);
    assert!(world.has("june.problems.csv"));
    world.sheet("june.csv", SHEET);
    world.send("june.csv", gate).run().exits(0);
    for booked in gate.booked() {
        gate.redeem(&booked.id);
    }
    world.status("june.csv", gate).run().exits(0);
    world.sheet("june.csv", SHEET.replace("2,,,ok", "3,,,ok"));
    world.sheet("june.csv", SHEET);
    for command in ["report", "results"] {
        let run = world.talk(command, "june.csv", gate);
        let run = if command == "results" {
            run.arg("--xlsx")
        } else {
            run
        };
        run.run().exits(0);
    }
    world
}

fn purge(world: &World, gate: &impl Gateway) -> Paysheet {
    world
        .talk("purge", "june.csv", gate)
        .args(["--yes", "--json", "--forget-recent"])
}

#[test]
fn no_byte_of_anybody_is_left_and_totals_and_ids_are() {
    let gate = Gate::new();
    let world = finished(&gate);
    let before = world.table(RESULTS);
    // A problems list of a later check, with a value in it.
    world.sheet("june.csv", SHEET.replace("1250.50", "Anjali Deshpande"));
    world.talk("send", "june.csv", &gate).run().exits(3);
    world.sheet("june.csv", SHEET);
    let told = tellers(&world);
    for file in [CHECKPOINT, RESULTS, "june.problems.csv"] {
        assert!(told.contains(&file.to_owned()), "{told:?}");
    }
    assert!(world.has("june.test.report.html") && world.has("june.test.results.xlsx"));
    let run = purge(&world, &gate).run().exits(0);
    assert_eq!(tellers(&world), [""; 0], "{run}");
    for gone in [
        "june.problems.csv",
        "june.test.report.html",
        "june.test.results.xlsx",
    ] {
        assert!(!world.has(gone), "{gone}: {run}");
    }
    assert_eq!(world.text("june.csv"), SHEET, "the sheet is the user's");
    let json = run.json();
    assert_eq!(
        (&json["rows"], &json["amount_total"]),
        (&2.into(), &"1252.50".into())
    );
    let after = world.table(RESULTS);
    assert_eq!(before.columns, after.columns);
    for column in [
        "cashgram_id",
        "reference_id",
        "state",
        "status",
        "attempts",
        "created_at",
        "environment",
    ] {
        assert_eq!(before.column(column), after.column(column));
    }
    assert_eq!(after.column("name"), ["", ""]);
    assert_eq!(world.mode(CHECKPOINT), 0o600);
}

#[test]
fn a_purged_batch_is_still_told_of_and_never_sent_from() {
    let gate = Gate::new();
    let world = finished(&gate);
    purge(&world, &gate).run().exits(0);
    let words = ["was removed at", "--batch"];
    for option in ["--yes", "--dry-run", "--adopt", "--new-payment"] {
        let send = world.send("june.csv", &gate).arg(option);
        if option != "--yes" {
            guarded(&world, &gate, send, 3, &words);
        }
    }
    guarded(&world, &gate, world.send("june.csv", &gate), 3, &words);
    let retry = world.talk("retry", "june.csv", &gate);
    let retry = retry.args(["--expired", "--yes", "--json"]);
    guarded(&world, &gate, retry, 3, &words);
    let status = world.status("june.csv", &gate).run().exits(0);
    assert_eq!(status.json()["states"]["created"], 2, "{status}");
    assert_eq!(status.json()["amount_total"], "1252.50");
    let results = world.bytes(RESULTS);
    world.talk("results", "june.csv", &gate).run().exits(0);
    let fresh = world.table(RESULTS);
    assert_eq!(Table::read(&results).column("state"), fresh.column("state"));
    let doctor = world.talk("doctor", "june.csv", &gate).run().exits(0);
    doctor.says(["personal data was removed", "2 payouts stand where"]);
    world.talk("export", "june.csv", &gate).run().exits(0);
    world.talk("report", "june.csv", &gate).run().exits(0);
    assert_eq!(tellers(&world), [""; 0]);
    // Once more is no harm, and needs no answer.
    let again = world.talk("purge", "june.csv", &gate).arg("--json").run();
    again.exits(0).says(["was removed already, at 20"]);
}

#[test]
fn what_was_just_paid_is_kept_for_the_comparison_with_other_sheets() {
    let gate = Gate::new();
    let world = finished(&gate);
    let before = world.bytes(CHECKPOINT);
    let plain = || {
        world
            .talk("purge", "june.csv", &gate)
            .args(["--yes", "--json"])
    };
    let words = [
        "within the last 5 days",
        "nothing was removed",
        "--forget-recent",
    ];
    plain().run().exits(3).says(words);
    assert_eq!(world.bytes(CHECKPOINT), before);
    world.sheet("copy.csv", SHEET);
    world
        .send("copy.csv", &gate)
        .run()
        .exits(3)
        .says(["batch june"]);
    // Its seals are broken then, which is found later than this is asked.
    let open = rusqlite::Connection::open(world.path(CHECKPOINT)).unwrap();
    let by = 6 * 24 * 60 * 60 * 1000_i64;
    open.execute("UPDATE payouts SET created_at = created_at - ?1", [by])
        .unwrap();
    plain().run().hides(["--forget-recent"]);
}

#[test]
fn results_that_stand_elsewhere_are_found_and_what_is_left_is_named() {
    let gate = Gate::new();
    let world = World::new();
    std::fs::create_dir(world.path("out")).unwrap();
    world.sheet("june.csv", SHEET);
    world.sheet("june.notes.txt", "9812345678");
    world.sheet("webhooks.test.inbox.db", "");
    let to = |command: &str, path: &str| {
        let path = world.path(path).to_str().unwrap().to_owned();
        world
            .talk(command, "june.csv", &gate)
            .args(["--results", &path])
    };
    to("send", "out/r.csv").arg("--yes").run().exits(0);
    for booked in gate.booked() {
        gate.redeem(&booked.id);
    }
    to("status", "out/moved.csv").run().exits(0);
    let book = world.path("out/book.xlsx").to_str().unwrap().to_owned();
    let results = world.talk("results", "june.csv", &gate);
    results.arg(format!("--xlsx={book}")).run().exits(0);
    std::fs::rename(world.path("out/moved.csv"), world.path("out/away.csv")).unwrap();
    assert!(world.text("out/r.csv").contains("9812345678"));
    let run = purge(&world, &gate).run().exits(0);
    assert!(!world.text("out/r.csv").contains("9812345678"), "{run}");
    assert!(!world.has("out/book.xlsx"), "{run}");
    let run = run.says([
        "out/r.csv",
        "out/book.xlsx",
        "out/moved.csv",
        "still name people",
    ]);
    let left = &run.json()["left"];
    for name in ["june.csv", "june.notes.txt", "webhooks.test.inbox.db"] {
        assert!(left.as_array().unwrap().contains(&name.into()), "{left}");
    }
    assert_eq!(left.as_array().unwrap().len(), 3, "{left}");
    assert_eq!(world.table("out/r.csv").states("created"), 2);
}

#[test]
fn a_purge_of_an_unfinished_batch_is_not_refused_the_second_time() {
    let gate = Gate::new();
    let world = World::new();
    world.sheet("june.csv", SHEET);
    world.send("june.csv", &gate).run().exits(0);
    purge(&world, &gate).arg("--unfinished").run().exits(0);
    purge(&world, &gate)
        .run()
        .exits(0)
        .says(["was removed already"]);
}

#[test]
fn an_unfinished_batch_is_kept_unless_the_user_insists() {
    let gate = Gate::new();
    let world = World::new();
    world.sheet("june.csv", SHEET);
    world.send("june.csv", &gate).run().exits(0);
    let before = world.bytes(CHECKPOINT);
    let run = purge(&world, &gate).run().exits(3);
    run.says([
        "2 rows are open",
        "with a link",
        "nothing was removed",
        "`paysheet status june.csv",
        "--unfinished",
    ]);
    assert_eq!(world.bytes(CHECKPOINT), before);
    // Without an answer nothing happens either.
    let ask =
        world
            .talk("purge", "june.csv", &gate)
            .args(["--unfinished", "--forget-recent", "--json"]);
    ask.run().exits(2).says(["no terminal", "--yes"]);
    assert_eq!(world.bytes(CHECKPOINT), before);
    purge(&world, &gate).arg("--unfinished").run().exits(0);
    assert_eq!(tellers(&world), [""; 0]);
    // The links live on, and are still followed by their ids.
    gate.redeem(&gate.booked()[0].id);
    let status = world.status("june.csv", &gate).run().exits(0);
    assert_eq!(status.json()["statuses"]["REDEEMED"], 1, "{status}");
    assert_eq!(gate.creates(), 2);
}

#[test]
fn the_rehearsals_books_go_too_and_files_of_others_stay() {
    let world = World::new();
    world.sheet("june.csv", SHEET);
    let here = |command: &str| world.paysheet().args([command, "june.csv"]);
    let links = ["--sandbox-links", "redeem=100%,after=0s,confirm=0s"];
    here("send").args(links).run().exits(0);
    here("status").args(links).run().exits(0);
    assert!(world.has("june.sandbox.books.db"));
    world.sheet("june.sandbox.report.html", "<p>somebody else's page</p>");
    world.sheet("june.problems.csv", "my own notes\n");
    let insist = ["--yes", "--forget-recent"];
    here("purge").args(insist).run().exits(0);
    assert!(!world.has("june.sandbox.books.db"));
    assert_eq!(tellers(&world), [""; 0]);
    assert!(world.has("june.sandbox.report.html") && world.has("june.problems.csv"));
    here("send").run().exits(3);
    // Its gateway has forgotten the links with its books: no alarm.
    for command in ["status", "cancel"] {
        let run = here(command).run().exits(1);
        let run = run.says(["links of this rehearsal are gone", "june.sandbox.books.db"]);
        run.hides(["support"]);
    }
    assert!(!world.has("june.sandbox.books.db"));
}

#[test]
fn while_somebody_reads_the_rest_is_said_and_done_the_next_time() {
    let gate = Gate::new();
    let world = finished(&gate);
    let reader = rusqlite::Connection::open(world.path(CHECKPOINT)).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    let rows: i64 = reader
        .query_row("SELECT count(*) FROM payouts", [], |row| row.get(0))
        .unwrap();
    assert_eq!(rows, 2);
    purge(&world, &gate)
        .run()
        .exits(1)
        .says(["a program that reads it"]);
    let doctor = world.talk("doctor", "june.csv", &gate).run().exits(1);
    doctor.says(["was cut short", "paysheet purge"]);
    guarded(
        &world,
        &gate,
        world.send("june.csv", &gate),
        3,
        &["was removed at"],
    );
    drop(reader);
    purge(&world, &gate).run().exits(0);
    assert_eq!(tellers(&world), [""; 0]);
}

/// After a purge nothing can be sent, so nothing is advised that would.
#[test]
fn what_is_open_after_a_purge_gets_no_advice_that_is_refused() {
    let raw = Raw::honest();
    let world = World::new();
    world.sheet("june.csv", SHEET);
    world.send("june.csv", &raw).run().exits(0);
    let lost = world.table(RESULTS).cell(1, "cashgram_id").to_owned();
    raw.ledger().cashgrams.remove(&lost);
    world
        .talk("cancel", "june.csv", &raw)
        .env("CASHFREE_CLIENT_SECRET", "wrong")
        .run()
        .exits(1);
    let run = world.status("june.csv", &raw).run().exits(4);
    let run = run.says(["--reopen"]);
    assert_eq!(
        (&run.json()["lost"], &run.json()["to_cancel"]),
        (&1.into(), &2.into())
    );
    let why = world.table(RESULTS).cell(1, "error_message").to_owned();
    assert!(why.contains("does not know this link"), "{why}");
    let purge = world.talk("purge", "june.csv", &raw);
    let insist = ["--yes", "--unfinished", "--forget-recent"];
    purge.args(insist).run().exits(0);
    // That the link is lost names nobody.
    assert_eq!(world.table(RESULTS).cell(1, "error_message"), why);
    assert_eq!(tellers(&world), [] as [&str; 0]);
    let run = world.status("june.csv", &raw).run().exits(4);
    run.says(["paysheet cancel june.csv", "does not know it"])
        .hides(["--reopen", "paysheet send", "paysheet retry"]);
    let cancel = world.talk("cancel", "june.csv", &raw).run().exits(4);
    cancel.hides(["--reopen", "paysheet send", "paysheet retry"]);
    assert_eq!(world.table(RESULTS).cell(1, "error_message"), why);
}

#[test]
fn a_batch_in_conflict_can_be_read_after_its_purge() {
    let raw = Raw::honest();
    let world = World::new();
    world.sheet("june.csv", SHEET);
    world.send("june.csv", &raw).run().exits(0);
    world.remove(CHECKPOINT);
    world.remove(RESULTS);
    world.send("june.csv", &raw).run().exits(4);
    assert_eq!(world.table(RESULTS).states("conflict"), 2);
    let insist = ["--unfinished"];
    purge(&world, &raw).args(insist).run().exits(0);
    world.talk("results", "june.csv", &raw).run().exits(0);
    world.status("june.csv", &raw).run().exits(4);
    let doctor = world.talk("doctor", "june.csv", &raw).run();
    doctor.says(["is whole"]);
    purge(&world, &raw).args(insist).run().exits(0);
}

#[test]
fn no_link_comes_back_with_a_status() {
    let raw = Raw::honest();
    let world = World::new();
    world.sheet("june.csv", SHEET);
    world.send("june.csv", &raw).run().exits(0);
    purge(&world, &raw).arg("--unfinished").run().exits(0);
    for link in raw.booked() {
        raw.set_status(&link.id, "REDEEMED");
    }
    world.status("june.csv", &raw).run().exits(0);
    let table = world.table(RESULTS);
    assert_eq!(table.column("status"), ["REDEEMED"; 2]);
    assert_eq!(table.column("cashgram_link"), [""; 2]);
    let run = world.talk("export", "june.csv", &raw).arg("--facts").run();
    run.exits(0).hides(["\"link\":\"h"]);
}

#[test]
fn what_was_never_sent_and_has_left_the_sheet_is_not_open() {
    let raw = Raw::start(|ask| match ask.is_create() && ask.nth == 1 {
        true => Act::Instead(Manner::Says(Say::refusal(403, "IP not whitelisted"))),
        false => Act::Honest,
    });
    let world = World::new();
    world.sheet("june.csv", rows(2));
    let alone = ["--concurrency", "1"];
    world.send("june.csv", &raw).args(alone).run().exits(1);
    world.sheet("june.csv", rows(2).replace(&row_text(1), ""));
    world.send("june.csv", &raw).run().exits(0);
    for link in raw.booked() {
        raw.set_status(&link.id, "REDEEMED");
    }
    world.status("june.csv", &raw).run().exits(0);
    purge(&world, &raw).run().exits(0);
}
