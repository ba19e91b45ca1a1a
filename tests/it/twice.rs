//! The same people and amounts under another name.
//!
//! Time travels by what stands in a checkpoint: the program has no clock that could be set.

use std::time::{Duration, SystemTime};

use crate::guards::{CHECKPOINT, RESULTS, guarded, sent};
use crate::support::world::row_text;
use crate::support::*;

/// A day in milliseconds.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Moves the facts of a checkpoint so many days into the past.
fn age_facts(world: &World, checkpoint: &str, days: i64) {
    let open = rusqlite::Connection::open(world.path(checkpoint)).unwrap();
    let by = days * DAY_MS;
    let moved = open.execute("UPDATE facts SET at = at - ?1", [by]).unwrap();
    assert!(moved > 0);
}

/// The same with what the payouts say. Their seals are broken then: the batch itself is not sent again.
pub(crate) fn age(world: &World, checkpoint: &str, days: i64) {
    age_facts(world, checkpoint, days);
    let open = rusqlite::Connection::open(world.path(checkpoint)).unwrap();
    let by = days * DAY_MS;
    open.execute(
        "UPDATE payouts SET created_at = created_at - ?1 WHERE created_at IS NOT NULL",
        [by],
    )
    .unwrap();
}

/// Rows of [`rows`] from `from` to `to`.
fn part(from: usize, to: usize) -> String {
    let rows: String = (from..=to).map(row_text).collect();
    format!("name,phone,amount\n{rows}")
}

#[test]
fn a_sheet_that_was_just_paid_under_another_name_stops() {
    let gate = Gate::new();
    let world = sent(&gate, 10);
    world.sheet("june-final.csv", rows(10));
    let send = || world.send("june-final.csv", &gate);
    let asked = gate.asked();
    let words = [
        "of 10 rows",
        "batch june",
        CHECKPOINT,
        "--new-payment",
        "nothing was sent",
    ];
    let run = guarded(&world, &gate, send(), 3, &words);
    guarded(&world, &gate, send().arg("--dry-run"), 3, &words);
    assert_eq!(gate.asked(), asked, "the gateway was not even asked");
    assert!(!world.has("june-final.test.checkpoint.db"), "{run}");
    // The command that it names resumes that batch.
    let resume = run.stderr.split('`').nth(1).unwrap();
    assert!(resume.contains("june.csv"), "{run}");
    let words = resume.split(' ').skip(1).map(str::to_owned);
    let again = world.talk("", "", &gate).only_env().args(words);
    again.arg("--yes").run().exits(0).says(["10"]);
    assert_eq!(gate.creates(), 10);
    // And the word that overrides it is the user's. A run that stops before it has sent anything needs it once more.
    let wrong = send()
        .args(["--new-payment"])
        .env("CASHFREE_CLIENT_SECRET", "wrong");
    wrong
        .run()
        .exits(1)
        .says(["To go on, run:\n  paysheet send june-final.csv --yes --json --new-payment"]);
    send().arg("--new-payment").run().exits(0);
    assert_eq!(gate.creates(), 20);
    send().run().exits(0);
    assert_eq!(gate.creates(), 20);
}

#[test]
fn half_of_the_rows_is_enough_and_less_is_not() {
    let gate = Gate::new();
    let world = sent(&gate, 4);
    world.sheet("nine.csv", part(1, 9));
    world.send("nine.csv", &gate).run().exits(0);
    // Other amounts are other payments.
    world.sheet("bonus.csv", rows(4).replace(".0", ".5"));
    world.send("bonus.csv", &gate).run().exits(0);
    // Two batches together hold more than half: a sheet made of two.
    world.sheet("eighteen.csv", part(6, 23));
    world.send("eighteen.csv", &gate).run().exits(0);
    world.sheet("all.csv", part(5, 14));
    let both = world.send("all.csv", &gate);
    guarded(&world, &gate, both, 3, &["of 10 rows", "eighteen"]);
}

/// Fewer than half of the rows do not stop the run, and are not passed over in silence.
#[test]
fn a_few_rows_that_were_just_paid_are_said_before_the_question() {
    let gate = Gate::new();
    let world = sent(&gate, 4);
    world.sheet("nine.csv", part(1, 9));
    let send = || world.send("nine.csv", &gate);
    let words = [
        "WARNING: 4 of 9 rows in nine.csv",
        "within the last 5 days",
        "batch june",
        "do not go on",
        "/june.csv",
    ];
    let unanswered = world.talk("send", "nine.csv", &gate).run().exits(2);
    unanswered.says(words);
    send().args(["--dry-run", "-q"]).run().exits(0).says(words);
    let run = send().run().exits(0).says(words);
    assert_eq!(run.json()["warnings"]["batch.paid_lately"], 4, "{run}");
    assert_eq!(gate.creates(), 13);
    // What the batch itself has sent is none of another's.
    send().run().exits(0).hides(["WARNING"]);
    let fresh = part(20, 25);
    world.sheet("fresh.csv", fresh);
    let run = world.send("fresh.csv", &gate).run().exits(0);
    run.hides(["WARNING"]);
}

#[test]
fn rows_that_were_just_paid_stop_a_strict_run() {
    let gate = Gate::new();
    let world = sent(&gate, 4);
    world.sheet("nine.csv", part(1, 9));
    let strict = world.send("nine.csv", &gate).arg("--strict");
    let words = ["4 rows were paid lately", "--strict", "--new-payment"];
    guarded(&world, &gate, strict, 3, &words);
    let meant = ["--strict", "--new-payment"];
    world.send("nine.csv", &gate).args(meant).run().exits(0);
    assert_eq!(gate.creates(), 13);
}

#[test]
fn rows_alike_count_each_once() {
    let gate = Gate::new();
    let world = sent(&gate, 1);
    let twice = format!(
        "name,phone,amount\n{}{}{}",
        row_text(1),
        row_text(1),
        row_text(1)
    );
    world.sheet("alike.csv", twice);
    let send = world.send("alike.csv", &gate).arg("--allow-duplicates");
    send.run().exits(0);
    assert_eq!(gate.creates(), 4);
}

#[test]
fn after_five_days_it_is_another_payment() {
    let gate = Gate::new();
    for (days, code) in [(4, 3), (6, 0)] {
        let world = World::new();
        world.sheet("june.csv", rows(3));
        let name = format!("aged-{days}");
        world
            .send("june.csv", &gate)
            .args(["--batch", &name])
            .run()
            .exits(0);
        age(&world, &format!("{name}.test.checkpoint.db"), days);
        let batch = format!("next-{days}");
        let send = world.send("june.csv", &gate).args(["--batch", &batch]);
        send.run().exits(code);
    }
    // A file that nobody wrote since is not even opened.
    let gate = Gate::new();
    let world = sent(&gate, 5);
    let file = std::fs::File::options()
        .write(true)
        .open(world.path(CHECKPOINT))
        .unwrap();
    let before = SystemTime::now() - Duration::from_secs(6 * 24 * 60 * 60);
    file.set_modified(before).unwrap();
    world.sheet("other.csv", rows(5));
    world.send("other.csv", &gate).run().exits(0);
}

#[test]
fn what_is_unknown_there_counts_as_paid() {
    // Nobody knows what became of the creates, and a look-up finds nothing.
    let raw = Raw::start(|ask| {
        if ask.is_create() {
            Act::Instead(Manner::Says(Say::refusal(500, "Internal server error")))
        } else {
            Act::Honest
        }
    });
    let world = World::new();
    world.sheet("june.csv", rows(4));
    let short = [
        "--settle",
        "0",
        "--max-attempts",
        "1",
        "--give-up-after",
        "1s",
    ];
    world.send("june.csv", &raw).args(short).run();
    assert_eq!(world.table("june.test.results.csv").states("unknown"), 4);
    world.sheet("july.csv", rows(4));
    guarded(
        &world,
        &raw,
        world.send("july.csv", &raw),
        3,
        &["batch june"],
    );
    age(&world, CHECKPOINT, 6);
    let late = world.send("july.csv", &raw).arg("--dry-run").run();
    assert_ne!(late.code, 3, "{late}");
}

/// A key that was replaced is another client id and the same account.
#[test]
fn what_was_paid_with_another_client_id_is_not_paid_again_under_another_name() {
    let gate = Gate::new();
    let other = Gate::with(|options| options.rules.client_id = "CF_OTHER".into());
    let world = sent(&gate, 3);
    let send = |sheet: &str| {
        let send = world.send(sheet, &other);
        send.env("CASHFREE_CLIENT_ID", "CF_OTHER")
    };
    let words = [
        "of 3 rows",
        "batch june",
        "another client id",
        "--new-payment",
    ];
    guarded(
        &world,
        &other,
        send("june.csv").args(["--batch", "pay2"]),
        3,
        &words,
    );
    world.sheet("july.csv", rows(3));
    guarded(&world, &other, send("july.csv"), 3, &words);
    send("july.csv").arg("--new-payment").run().exits(0);
    assert_eq!((gate.creates(), other.creates()), (3, 3));
}

/// Whoever resumes that batch pays what it has yet to send.
#[test]
fn what_an_unfinished_batch_has_yet_to_send_counts_too() {
    // The gateway takes two and then no more.
    let raw = Raw::start(|ask| match (ask.is_create(), ask.nth) {
        (true, 3..) => Act::Instead(Manner::Says(Say::refusal(
            412,
            "Available balance is less than requested cashgram amount.",
        ))),
        _ => Act::Honest,
    });
    let world = World::new();
    world.sheet("june.csv", rows(10));
    let send = world.send("june.csv", &raw).args(["--concurrency", "1"]);
    send.run().exits(1);
    let ready = world.table(RESULTS).states("ready");
    assert_eq!(ready, 8);
    world.sheet("july.csv", part(6, 10));
    let send = || world.send("july.csv", &raw);
    let words = ["of 5 rows", "about to be", "batch june", "--new-payment"];
    guarded(&world, &raw, send(), 3, &words);
    // Long ago: nobody goes on with it.
    age(&world, CHECKPOINT, 6);
    send().arg("--dry-run").run().exits(0);
}

#[test]
fn another_environment_is_no_matter_and_no_obstacle_is_one() {
    let gate = Gate::new();
    let world = sent(&gate, 3);
    world.sheet("july.csv", rows(3));
    let sandbox = world.send("july.csv", &gate).args(["--env", "sandbox"]);
    sandbox.run().exits(0);
    // Damaged, foreign, newer, empty, a folder, a link to nowhere: passed over, and the whole ones still count.
    let whole = world.bytes(CHECKPOINT);
    world.sheet("cut.checkpoint.db", &whole[..whole.len() / 2]);
    world.sheet(
        "text.checkpoint.db",
        "not a database at all, but long enough to be one",
    );
    world.sheet("empty.checkpoint.db", "");
    world.sheet("newer.checkpoint.db", &whole);
    rusqlite::Connection::open(world.path("newer.checkpoint.db"))
        .unwrap()
        .pragma_update(None, "user_version", 4_000)
        .unwrap();
    std::fs::create_dir(world.path("folder.checkpoint.db")).unwrap();
    std::os::unix::fs::symlink("nowhere", world.path("link.checkpoint.db")).unwrap();
    world.sheet("august.csv", part(5, 7));
    let run = world.send("august.csv", &gate).run().exits(0);
    run.says(["not compared with", "newer.checkpoint.db", "newer paysheet"]);
    world.sheet("june-2.csv", rows(3));
    let send = world.send("june-2.csv", &gate);
    guarded(&world, &gate, send, 3, &["batch june"]);
}

#[test]
fn a_running_batch_is_compared_with_and_not_disturbed() {
    let gate = Gate::with(|options| options.latency = "150ms".parse().unwrap());
    let world = World::new();
    world.sheet("june.csv", rows(40));
    let running = world
        .send("june.csv", &gate)
        .args(["--concurrency", "2"])
        .spawn();
    let begun = std::time::Instant::now();
    while gate.creates() < 30 {
        assert!(begun.elapsed() < Duration::from_secs(30));
        std::thread::sleep(Duration::from_millis(5));
    }
    let before = world.names();
    world.sheet("copy.csv", rows(40));
    let run = world.send("copy.csv", &gate).run().exits(3);
    run.says(["batch june"]);
    assert_eq!(world.names().len(), before.len() + 1);
    running.wait().exits(0);
    assert_eq!(gate.creates(), 40);
}

#[test]
fn the_users_list_sees_into_other_folders() {
    let (gate, state) = (Gate::new(), World::new());
    let here = World::new();
    let there = World::new();
    let list = state.path("deep/recent");
    for world in [&here, &there] {
        world.sheet("june.csv", rows(3));
    }
    let send = |world: &World| world.send("june.csv", &gate).env("PAYSHEET_STATE", &list);
    send(&here).arg("--dry-run").run().exits(0);
    assert!(!list.exists(), "a dry run leaves nothing");
    send(&here).run().exits(0);
    assert_eq!(state.mode("deep/recent/recent.jsonl"), 0o600);
    // The same sheet, mailed and saved elsewhere: its batch has the same name, so its ids would be found; under
    // another name nothing but the list knows it.
    there.sheet("salaries.csv", rows(3));
    let elsewhere = there
        .send("salaries.csv", &gate)
        .env("PAYSHEET_STATE", &list);
    let run = elsewhere
        .run()
        .exits(3)
        .says(["batch june", "--new-payment"]);
    let folder = here.path("june.csv").canonicalize().unwrap();
    let run = run.says([folder.to_str().unwrap()]);
    assert!(!run.all().contains("900000000"), "{run}");
    // A batch that is gone, a list that cannot be read or written: no obstacle.
    here.lose_checkpoint(CHECKPOINT);
    there
        .send("salaries.csv", &gate)
        .env("PAYSHEET_STATE", &list)
        .run()
        .exits(0);
    let broken = state.sheet("file", "not a folder");
    there.sheet("more.csv", part(5, 6));
    there
        .send("more.csv", &gate)
        .env("PAYSHEET_STATE", broken)
        .run()
        .exits(0);
}

/// The first run was let through the question and turned away at its first create.
#[test]
fn a_batch_that_has_created_nothing_yet_is_compared_both_ways() {
    let raw = Raw::start(|ask| match (ask.is_create(), ask.nth) {
        (true, 1) => Act::Instead(Manner::Says(Say::refusal(
            412,
            "Not enough available balance in the account",
        ))),
        _ => Act::Honest,
    });
    let world = World::new();
    world.sheet("june.csv", rows(4));
    let june = || {
        let send = world.send("june.csv", &raw);
        send.args(["--concurrency", "1"])
    };
    june().run().exits(1);
    world.sheet("june-v2.csv", rows(4));
    let other = || world.send("june-v2.csv", &raw);
    let words = ["about to be", "batch june", "--new-payment"];
    guarded(&world, &raw, other(), 3, &words);
    other().arg("--new-payment").run().exits(0);
    assert_eq!(raw.booked().len(), 4);
    guarded(&world, &raw, june(), 3, &["batch june-v2", "--new-payment"]);
    june().arg("--new-payment").run().exits(0);
    assert_eq!(raw.booked().len(), 8);
}

/// What was cancelled here was paid from another sheet since.
#[test]
fn what_another_sheet_has_paid_since_is_not_retried() {
    let gate = Gate::new();
    let world = sent(&gate, 4);
    let talk = |command: &str, args: &[&str]| world.talk(command, "june.csv", &gate).args(args);
    talk("cancel", &["--row", "1", "--row", "2", "--row", "3"])
        .run()
        .exits(0);
    world.sheet("june-v2.csv", part(1, 2));
    let paid = world.send("june-v2.csv", &gate).arg("--new-payment");
    paid.run().exits(0);
    let named = |rows: &[&str]| {
        let rows = rows.iter().flat_map(|row| ["--row", row]);
        let retry = talk(
            "retry",
            &["--cancelled", "--yes", "--json", "--settle", "0"],
        );
        retry.args(rows)
    };
    let words = [
        "2 of 3 rows",
        "batch june-v2",
        "paysheet retry june.csv --cancelled",
        "--new-payment",
    ];
    guarded(&world, &gate, named(&["1", "2", "3"]), 3, &words);
    named(&["3"]).run().exits(0);
    named(&["1"]).arg("--new-payment").run().exits(0);
    assert_eq!(gate.creates(), 8);
}

/// A checkpoint that is given up, and was moved no further than beside the sheet, paid under the same ids: the batch is
/// adopted, and what another id would pay once more stops it as ever.
#[test]
fn a_checkpoint_of_the_batch_itself_that_was_moved_away_does_not_stop_its_adoption() {
    let gate = Gate::new();
    let world = sent(&gate, 4);
    let moved = "june-old.test.checkpoint.db";
    let run = || world.send("june.csv", &gate);
    for kept in [true, false] {
        let from = world.path(CHECKPOINT);
        std::fs::rename(from, world.path(moved)).unwrap();
        if !kept {
            world.remove(RESULTS);
        }
        // It might as well be gone on with.
        guarded(
            &world,
            &gate,
            run(),
            3,
            &["batch june", moved, "--checkpoint"],
        );
        run()
            .arg("--adopt")
            .run()
            .exits(0)
            .says(["4 links adopted"]);
        run().run().exits(0);
        assert_eq!(gate.booked().len(), 4);
    }
    // What is found first is adopted after.
    let copy = world.bytes(moved);
    world.remove(moved);
    world.lose_checkpoint(CHECKPOINT);
    world.remove(RESULTS);
    run().run().exits(4);
    world.sheet(moved, copy);
    run()
        .arg("--adopt")
        .run()
        .exits(0)
        .says(["4 links adopted"]);
    // Ids of the sheet's own are others, and would pay all once more.
    world.lose_checkpoint(CHECKPOINT);
    let told = world
        .names()
        .into_iter()
        .filter(|name| name.ends_with(".csv"));
    told.for_each(|name| world.remove(&name));
    let owned = rows(4).replace("amount\n", "amount,cashgram_id\n");
    let owned: Vec<String> = (0..)
        .zip(owned.lines())
        .map(|(n, line)| match n {
            0 => format!("{line}\n"),
            _ => format!("{line},OWN-{n}\n"),
        })
        .collect();
    world.sheet("june.csv", owned.concat());
    for adopt in [&[][..], &["--adopt"]] {
        guarded(&world, &gate, run().args(adopt), 3, &["batch june", moved]);
    }
    assert_eq!(gate.creates(), 4);
}
