//! A lost checkpoint, and what its results go on saying.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::guards::{CHECKPOINT, RESULTS, guarded, sent};
use crate::support::disk::{Deed, Fate};
use crate::support::trouble::{each_of, sample};
use crate::support::*;

#[test]
fn results_whose_checkpoint_is_lost_are_kept_beside_the_new_ones() {
    let gate = Gate::new();
    let world = sent(&gate, 3);
    let links = world.text(RESULTS);
    // What was made earlier has the same columns of ours behind others.
    world.sheet("june.test.earlier.csv", &links);
    world.lose_checkpoint(CHECKPOINT);
    let refused = world.send("june.csv", &gate);
    guarded(&world, &gate, refused, 4, &["--adopt"]);
    assert_ne!(world.text(RESULTS), links);
    assert_eq!(world.text("june.test.lost-1.csv"), links);
    assert_eq!(world.text("june.test.lost-1.earlier.csv"), links);
    // A second loss does not take the place of the first, and adopting leaves both.
    world.lose_checkpoint(CHECKPOINT);
    world.send("june.csv", &gate).arg("--adopt").run().exits(0);
    assert_eq!(world.text("june.test.lost-1.csv"), links);
    assert!(world.has("june.test.lost-2.csv"));
    let purge = world.talk("purge", "june.csv", &gate);
    let insist = ["--yes", "--unfinished", "--forget-recent"];
    purge.args(insist).run().exits(0);
    for name in ["lost-1.csv", "lost-1.earlier.csv", "lost-2.csv"] {
        assert!(!world.has(&format!("june.test.{name}")), "{name}");
    }
}

/// Two payments to one phone, and one to another.
const PAIR: &str =
    "name,phone,amount\nAsha,9000000001,100\nAsha,9000000001,200\nRavi,9000000002,300\n";

/// `PAIR` was sent, and its checkpoint is lost.
fn lost_pair(gate: &impl Gateway) -> World {
    let world = World::new();
    world.sheet("june.csv", PAIR);
    world.send("june.csv", gate).run().exits(0);
    world.lose_checkpoint(CHECKPOINT);
    world
}

fn adopt(world: &World, gate: &impl Gateway) -> Paysheet {
    world.send("june.csv", gate).arg("--adopt")
}

/// The sheet as it was sent is adopted, and nobody is paid once more.
fn adopts(world: &World, gate: &impl Gateway, sheet: &str) {
    let books = gate.booked();
    world.sheet("june.csv", sheet);
    adopt(world, gate).run().exits(0);
    assert_eq!(gate.booked(), books);
    audit(world, RESULTS, gate);
}

#[test]
fn a_row_that_left_or_changed_since_the_results_stops_the_run_and_is_named() {
    let edits = [
        (
            "the first payment of a phone is gone",
            "Asha,9000000001,100\n",
            "",
            "₹100.00 (created): is gone",
        ),
        (
            "an amount was edited",
            "Asha,9000000001,100",
            "Asha,9000000001,150",
            "row 1 now says ₹150.00",
        ),
        (
            "a phone was edited",
            "9000000002",
            "9000000003",
            "₹300.00 (created): is gone",
        ),
    ];
    for (what, from, to, words) in edits {
        let gate = Gate::new();
        let world = lost_pair(&gate);
        world.sheet("june.csv", PAIR.replace(from, to));
        let said = [RESULTS, words, "******000", "restore"];
        let run = guarded(&world, &gate, world.send("june.csv", &gate), 3, &said);
        // Under another name all that was sent would be paid again.
        run.hides(["--batch"]);
        let run = guarded(&world, &gate, adopt(&world, &gate), 3, &said);
        assert!(!run.all().contains("900000000"), "{what}: {run}");
        // What it says to do.
        adopts(&world, &gate, PAIR);
    }
}

#[test]
fn rows_that_changed_places_keep_their_ids() {
    let gate = Gate::new();
    let world = lost_pair(&gate);
    let sorted =
        "name,phone,amount\nRavi,9000000002,300\nAsha,9000000001,200\nAsha,9000000001,100\n";
    world.send("june.csv", &gate).run().exits(4);
    adopts(&world, &gate, sorted);
}

#[test]
fn a_row_that_was_cancelled_may_leave_and_the_next_of_its_phone_is_not_paid_again() {
    let gate = Gate::new();
    let world = World::new();
    world.sheet("june.csv", PAIR);
    world.send("june.csv", &gate).run().exits(0);
    let cancel = world.talk("cancel", "june.csv", &gate);
    cancel.args(["--row", "1"]).run().exits(0);
    let without = PAIR.replace("Asha,9000000001,100\n", "");
    world.sheet("june.csv", &without);
    world.send("june.csv", &gate).run().exits(0);
    world.lose_checkpoint(CHECKPOINT);
    let more = format!("{without}Asha,9000000001,700\n");
    world.sheet("june.csv", &more);
    adopt(&world, &gate).run().exits(0);
    assert_eq!((gate.creates(), gate.booked().len()), (4, 4));
    let ids = |world: &World| world.table(RESULTS).column("cashgram_id").join(" ");
    let before = ids(&world);
    // The id of what left stays taken once the rest is this checkpoint's own.
    world.sheet("june.csv", format!("{more}Asha,9000000001,900\n"));
    world.send("june.csv", &gate).run().exits(0);
    assert_eq!((gate.creates(), gate.booked().len()), (5, 5));
    assert!(ids(&world).starts_with(&before));
}

#[test]
fn results_from_before_the_creates_are_compared_with_what_exists() {
    let gate = Gate::new();
    let sent = {
        let world = lost_pair(&gate);
        world.text(RESULTS)
    };
    // A run wrote them, created everything and died.
    let mut early = String::new();
    for line in sent.lines() {
        let cells: Vec<&str> = line.split(',').collect();
        if cells[0] == "name" {
            early = format!("{line}\n");
        } else {
            early += &format!(
                "{},{},,ready,,,,,,0,,,test\n",
                cells[..3].join(","),
                cells[3]
            )
            .replace(",,ready", ",,,ready");
        }
    }
    let edits = [
        ("Asha,9000000001,100", "Asha,9000000001,150", "₹100.00"),
        ("Asha,9000000001,100\n", "", "₹100.00"),
        ("9000000002", "9000000003", "₹300.00"),
    ];
    for (from, to, words) in edits {
        let world = World::new();
        world.sheet(RESULTS, &early);
        world.sheet("june.csv", PAIR.replace(from, to));
        let said = ["exist", words, "june.test.lost-1.csv"];
        let run = guarded(&world, &gate, adopt(&world, &gate), 3, &said);
        if run.all().contains("remove june.test.checkpoint.db") {
            world.lose_checkpoint(CHECKPOINT);
        }
        adopts(&world, &gate, PAIR);
    }
}

#[test]
fn without_results_a_link_beyond_the_sheet_shows_that_rows_have_left() {
    let gate = Gate::new();
    let world = lost_pair(&gate);
    world.remove(RESULTS);
    world.sheet("june.csv", PAIR.replace("Asha,9000000001,100\n", ""));
    let said = ["******0001", "have left", "--rows-in-order"];
    let run = guarded(&world, &gate, adopt(&world, &gate), 3, &said);
    assert!(
        run.all().contains("remove june.test.checkpoint.db"),
        "{run}"
    );
    world.lose_checkpoint(CHECKPOINT);
    adopts(&world, &gate, PAIR);
    // The user knows better: what is there stands as it was sent.
    world.lose_checkpoint(CHECKPOINT);
    for name in world.names() {
        if name.contains("lost") || name == RESULTS {
            world.remove(&name);
        }
    }
    world.sheet("june.csv", PAIR.replace("Asha,9000000001,200\n", ""));
    guarded(&world, &gate, adopt(&world, &gate), 3, &said);
    let run = adopt(&world, &gate).arg("--rows-in-order").run();
    run.exits(0);
    assert_eq!(gate.creates(), 3);
}

#[test]
fn results_that_cannot_be_compared_stop_the_run() {
    let gate = Gate::new();
    let world = lost_pair(&gate);
    let results = world.text(RESULTS);
    world.sheet(RESULTS, results.replace("9000000002", "9.0E+09"));
    guarded(
        &world,
        &gate,
        adopt(&world, &gate),
        3,
        &[RESULTS, "line 4", "phone"],
    );
    world.sheet(RESULTS, results.replace("name,phone,", "name,whom,"));
    guarded(&world, &gate, adopt(&world, &gate), 3, &[RESULTS, "phone"]);
    world.sheet(RESULTS, results);
    adopts(&world, &gate, PAIR);
}

#[test]
fn own_ids_and_links_that_replaced_dead_ones_are_known_again() {
    let raw = Raw::honest();
    let world = World::new();
    let sheet = "name,phone,amount,cashgram_id\nAsha,9000000001,100,OWN_1\nRavi,9000000002,200,\nZoya,9000000003,300,OWN_3\n";
    world.sheet("june.csv", sheet);
    world.send("june.csv", &raw).run().exits(0);
    let expire_two = || {
        for row in [1, 2] {
            raw.set_status(world.table(RESULTS).cell(row, "cashgram_id"), "EXPIRED");
        }
    };
    expire_two();
    world.status("june.csv", &raw).run().exits(4);
    let retry = world.talk("retry", "june.csv", &raw);
    retry
        .args(["--expired", "--yes", "--settle", "0"])
        .run()
        .exits(0);
    assert_eq!(raw.creates(), 5);
    let renewed = world.table(RESULTS);
    world.lose_checkpoint(CHECKPOINT);
    world.sheet("june.csv", sheet.replace("OWN_3", "OWN_4"));
    guarded(&world, &raw, adopt(&world, &raw), 3, &["OWN_3", "is gone"]);
    world.sheet("june.csv", sheet);
    let run = adopt(&world, &raw).run().exits(0);
    assert_eq!(raw.creates(), 5, "{run}");
    // The rows go on with them: their statuses are asked for, and what follows them is their next generation.
    let adopted = world.table(RESULTS);
    assert_eq!(adopted.column("cashgram_id"), renewed.column("cashgram_id"));
    expire_two();
    world.status("june.csv", &raw).run().exits(4);
    assert_eq!(
        world.table(RESULTS).column("status").join(" "),
        "EXPIRED EXPIRED ACTIVE"
    );
    let retry = world.talk("retry", "june.csv", &raw);
    let named = ["--expired", "--row", "1", "--row", "2"];
    retry
        .args(named)
        .args(["--yes", "--settle", "0"])
        .run()
        .exits(0);
    assert_eq!(raw.creates(), 7);
    // What old results say of them is known, whatever becomes of the sheet.
    world.sheet("june.csv", format!("{sheet}Asha,9000000004,400,\n"));
    world.send("june.csv", &raw).run().exits(0);
    assert_eq!(raw.creates(), 8);
    world.lose_checkpoint(CHECKPOINT);
    adopt(&world, &raw).run().exits(0);
    assert_eq!(raw.creates(), 8);
    assert_eq!(
        world.table(RESULTS).column("status").join(" "),
        ["ACTIVE"; 4].join(" ")
    );
    world
        .paysheet()
        .args(["doctor", "june.csv", "--env", "test"])
        .run()
        .says(["whole"]);
}

/// The results were written before the new link was made, and the run died with its checkpoint.
#[test]
fn a_new_link_that_the_results_list_as_not_sent_is_looked_for_before_it_is_made() {
    for was_made in [true, false] {
        let raw = Raw::honest();
        let world = World::new();
        world.sheet("june.csv", PAIR);
        world.send("june.csv", &raw).run().exits(0);
        raw.set_status(world.table(RESULTS).cell(3, "cashgram_id"), "EXPIRED");
        world.status("june.csv", &raw).run().exits(4);
        let retry = world.talk("retry", "june.csv", &raw);
        let retry = retry.args(["--expired", "--yes", "--settle", "0"]);
        retry.run().exits(0);
        if !was_made {
            let id = world.table(RESULTS).cell(3, "cashgram_id").to_owned();
            raw.ledger().cashgrams.remove(&id);
        }
        let mut early = String::new();
        for line in world.text(RESULTS).lines() {
            let cells: Vec<&str> = line.split(',').collect();
            early += &match line.starts_with("Ravi,") {
                true => format!("{},,,ready,,,,,,0,,,test\n", cells[..4].join(",")),
                false => format!("{line}\n"),
            };
        }
        world.sheet(RESULTS, early);
        world.lose_checkpoint(CHECKPOINT);
        let books = raw.booked().len();
        adopt(&world, &raw).run().exits(0);
        assert_eq!(raw.booked().len(), books + usize::from(!was_made));
        let id = world.table(RESULTS).cell(3, "cashgram_id").to_owned();
        assert!(raw.ledger().cashgrams.contains_key(&id));
        assert_eq!(world.table(RESULTS).cell(3, "state"), "created");
    }
}

/// Adopted rows take part only when they are named, so the command that is shown names them.
#[test]
fn new_links_for_dead_adopted_ones_are_made_by_the_shown_command() {
    let raw = Raw::honest();
    let world = lost_pair(&raw);
    adopt(&world, &raw).run().exits(0);
    let four = format!("{PAIR}Zoya,9000000003,400\n");
    world.sheet("june.csv", four);
    world.send("june.csv", &raw).run().exits(0);
    for row in [1, 3, 4] {
        let id = world.table(RESULTS).cell(row, "cashgram_id").to_owned();
        raw.set_status(&id, "EXPIRED");
    }
    let status = world.status("june.csv", &raw).run().exits(4);
    let status = status.says(["1 link is dead", "2 adopted links are dead"]);
    let said = status.all();
    let shown = said
        .lines()
        .filter(|line| line.starts_with("  paysheet retry"));
    let shown: Vec<&str> = shown.collect();
    assert_eq!(shown.len(), 2, "{status}");
    for (command, made) in shown.iter().zip([1, 2]) {
        let creates = raw.creates();
        let words = command.trim().split(' ').skip(1).map(str::to_owned);
        let retry = world.talk("", "", &raw).only_env().args(words);
        retry.args(["--yes", "--settle", "0"]).run();
        assert_eq!(raw.creates(), creates + made, "{command}");
    }
    world
        .status("june.csv", &raw)
        .run()
        .exits(0)
        .hides(["dead"]);
}

#[test]
fn results_of_a_sheet_that_was_only_taken_in_are_written_before_its_creates() {
    let world = World::new();
    let results = world.path(RESULTS);
    let told = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = std::sync::Arc::clone(&told);
    let raw = Raw::start(move |ask| {
        if ask.is_create() {
            let text = std::fs::read_to_string(&results).unwrap_or_default();
            seen.lock().unwrap().push(text.contains("9000000009"));
        }
        Act::Honest
    });
    world.sheet("june.csv", PAIR);
    world.send("june.csv", &raw).run().exits(0);
    world.sheet("june.csv", format!("{PAIR}Zoya,9000000009,900\n"));
    // Nobody answers, so nothing is sent; the next run finds the sheet as it was taken in.
    world.talk("send", "june.csv", &raw).run().exits(2);
    world.send("june.csv", &raw).run().exits(0);
    assert_eq!(*told.lock().unwrap(), [false, false, false, true]);
}

/// `PAIR` with its last row cancelled before anything was sent, and the others sent.
fn last_cancelled(gate: &impl Gateway) -> World {
    let world = World::new();
    world.sheet("june.csv", PAIR);
    let refused = world.send("june.csv", gate);
    let refused = refused.env("CASHFREE_CLIENT_SECRET", "wrong");
    refused.run().exits(1);
    let cancel = world.talk("cancel", "june.csv", gate);
    cancel.args(["--row", "3"]).run().exits(0);
    world.send("june.csv", gate).run().exits(0);
    assert_eq!(gate.booked().len(), 2);
    world
}

#[test]
fn a_row_that_was_cancelled_unsent_is_paid_under_its_own_id_and_found_under_it() {
    let raw = Raw::honest();
    let world = last_cancelled(&raw);
    let id = world.table(RESULTS).cell(3, "cashgram_id").to_owned();
    let retry = world.talk("retry", "june.csv", &raw);
    let named = ["--cancelled", "--row", "3", "--yes", "--settle", "0"];
    retry.args(named).run().exits(0);
    assert_eq!(world.table(RESULTS).cell(3, "cashgram_id"), id);
    assert_eq!(raw.creates(), 3);
    world.lose_checkpoint(CHECKPOINT);
    adopts(&world, &raw, PAIR);
}

#[test]
fn a_row_that_was_cancelled_unsent_stays_so_after_a_loss() {
    let raw = Raw::honest();
    let world = last_cancelled(&raw);
    // The row goes and comes back, in another place; a row like it with another amount is another payment.
    for sheet in [
        PAIR.to_owned(),
        PAIR.replace("Ravi,9000000002,300\n", ""),
        format!("{}Zoya,9000000003,400\n", PAIR),
    ] {
        let lost = world.has(CHECKPOINT) && sheet == PAIR;
        if lost {
            world.lose_checkpoint(CHECKPOINT);
        }
        world.sheet("june.csv", &sheet);
        let run = match lost {
            true => adopt(&world, &raw).run().exits(0),
            false => world.send("june.csv", &raw).run().exits(0),
        };
        let expected = if sheet.contains("Zoya") { 3 } else { 2 };
        assert_eq!(raw.creates(), expected, "{run}");
        if sheet.contains("Ravi") {
            assert_eq!(world.table(RESULTS).cell(3, "state"), "cancelled", "{run}");
        }
    }
    let retry = world.talk("retry", "june.csv", &raw);
    let named = ["--cancelled", "--row", "3", "--yes", "--settle", "0"];
    retry.args(named).run().exits(0);
    assert_eq!(raw.creates(), 4);
    // Paid after all, it is found so after another loss; a corrected amount is another payment.
    world.lose_checkpoint(CHECKPOINT);
    adopts(&world, &raw, &world.text("june.csv"));
    assert_eq!(raw.creates(), 4);
}

#[test]
fn the_corrected_row_of_a_cancelled_one_is_paid_after_a_loss() {
    let raw = Raw::honest();
    let world = last_cancelled(&raw);
    world.lose_checkpoint(CHECKPOINT);
    world.sheet("june.csv", PAIR.replace("9000000002,300", "9000000002,350"));
    adopt(&world, &raw).run().exits(0);
    assert_eq!(raw.creates(), 3);
    assert_eq!(world.table(RESULTS).cell(3, "state"), "created");
}

#[test]
fn confirmed_links_that_this_gateway_does_not_know_are_not_made_again_by_adopting() {
    let world = lost_pair(&Gate::new());
    let another = Gate::new();
    let words = ["does not know", "account", "june.test.lost-1.csv"];
    guarded(&world, &another, adopt(&world, &another), 3, &words);
    assert_eq!(another.creates(), 0);
}

#[test]
fn a_rehearsal_whose_books_are_gone_may_begin_anew() {
    let world = World::new();
    world.sheet("june.csv", PAIR);
    let send = || world.paysheet().args(["send", "june.csv", "--rate", "0"]);
    send().run().exits(0);
    for name in world.names() {
        if name.contains("checkpoint.db") || name.contains("books.db") {
            world.remove(&name);
        }
    }
    send().run().exits(3);
    let run = send().arg("--adopt").run().exits(3);
    let old = [
        "june.sandbox.lost-1.csv",
        "june.sandbox.results.csv",
        "june.sandbox.checkpoint.db",
    ];
    run.says(old).says(["--batch NEW", "june.sandbox.books.db"]);
    for name in old {
        world.remove(name);
    }
    send().run().exits(0);
    assert_eq!(world.table("june.sandbox.results.csv").states("created"), 3);
}

/// A gateway that refuses Ravi's first create.
fn refusing_ravi() -> Raw {
    Raw::start(
        |ask| match ask.body.contains("Ravi") && ask.nth_for_id == 1 {
            true if ask.is_create() => Act::Instead(Manner::Says(Say::refusal(422, "not now"))),
            _ => Act::Honest,
        },
    )
}

/// What was cancelled or refused before a loss stays so although the run in which its row comes back is killed.
#[test]
fn what_a_lost_checkpoint_stopped_stays_so_wherever_the_next_run_is_killed() {
    let Some(disk) = Disk::new() else {
        skipped("there is no C compiler (cc)");
        return;
    };
    let about_to_come_back = |state: &str| {
        let (raw, world) = match state {
            "cancelled" => {
                let raw = Raw::honest();
                let world = last_cancelled(&raw);
                (raw, world)
            }
            _ => {
                let (raw, world) = (refusing_ravi(), World::new());
                world.sheet("june.csv", PAIR);
                world.send("june.csv", &raw).run().exits(4);
                (raw, world)
            }
        };
        world.lose_checkpoint(CHECKPOINT);
        world.sheet("june.csv", PAIR.replace("Ravi,9000000002,300\n", ""));
        adopt(&world, &raw).run().exits(0);
        world.sheet("june.csv", PAIR);
        (raw, world)
    };
    for (state, wanted) in [("cancelled", 40), ("rejected", 20)] {
        let (raw, world) = about_to_come_back(state);
        disk.under(&world.send("june.csv", &raw), &world, Fate::None)
            .run();
        let count = Deed::calls(&disk.deeds());
        let points = sample(count, wanted);
        let (tried, killed) = (points.len(), AtomicUsize::new(0));
        each_of(points, |point| {
            let disk = Disk::new().expect("made once already");
            let (raw, world) = about_to_come_back(state);
            let (creates, send) = (raw.creates(), world.send("june.csv", &raw));
            let first = disk.under(&send, &world, Fate::DieAt(point)).run();
            killed.fetch_add(usize::from(first.code == -9), Ordering::Relaxed);
            let again = send.run();
            let what = format!("killed at call {point} of {count}, then: {again}");
            assert_eq!(raw.creates(), creates, "{what}");
            assert_eq!(world.table(RESULTS).cell(3, "state"), state, "{what}");
        });
        let killed = killed.into_inner();
        assert!(killed * 2 > tried, "{killed} of {tried} were alive");
    }
}

#[test]
fn a_row_that_was_refused_is_not_sent_again_after_a_loss_unless_it_was_mended() {
    for mended in [false, true] {
        let raw = refusing_ravi();
        let world = World::new();
        world.sheet("june.csv", PAIR);
        world.send("june.csv", &raw).run().exits(4);
        let refused = raw.creates();
        world.lose_checkpoint(CHECKPOINT);
        if mended {
            world.sheet("june.csv", PAIR.replace("Ravi", "Ravi Kumar"));
            adopt(&world, &raw).run().exits(0);
            assert_eq!(raw.creates(), refused + 1);
            continue;
        }
        for _ in 0..2 {
            let run = adopt(&world, &raw).run().exits(4);
            assert_eq!(raw.creates(), refused, "{run}");
            assert_eq!(world.table(RESULTS).cell(3, "state"), "rejected", "{run}");
        }
        world.send("june.csv", &raw).run().exits(4);
        let doctor = world.paysheet().args(["doctor", "june.csv"]);
        doctor.args(["--env", "test"]).run().hides(["not stand"]);
        world
            .talk("retry", "june.csv", &raw)
            .arg("--yes")
            .run()
            .exits(0);
        assert_eq!(raw.creates(), refused + 1);
        assert_eq!(world.table(RESULTS).states("created"), 3);
    }
}

/// What `PAIR` is after its results, with the cells behind the amounts of all rows.
fn with_column(column: &str, cell: &str) -> String {
    let rows = PAIR.lines().skip(1).map(|row| format!("{row},{cell}\n"));
    format!("name,phone,amount,{column}\n{}", rows.collect::<String>())
}

/// The day for which a link was made passes while its checkpoint is lost.
#[test]
fn links_whose_expiry_has_passed_since_are_adopted() {
    let gate = Gate::new();
    let world = lost_pair(&gate);
    let results = world.text(RESULTS);
    let passed = with_column("link_expiry", "2026/01/02");
    let mut dated = String::new();
    for line in results.lines() {
        let cells: Vec<&str> = line.splitn(4, ',').collect();
        let day = match cells[0] {
            "name" => "link_expiry",
            _ => "2026/01/02",
        };
        dated += &format!("{},{day},{}\n", cells[..3].join(","), cells[3]);
    }
    world.sheet(RESULTS, &dated);
    world.sheet("june.csv", &passed);
    world.send("june.csv", &gate).run().exits(4);
    adopts(&world, &gate, &passed);
    let links = |text: &str| text.matches("http").count();
    assert_eq!(links(&world.text(RESULTS)), links(&results));
    assert_eq!(world.table(RESULTS).states("created"), 3);
}

/// Nothing that was sent leaves the results because its row cannot be read any more.
#[test]
fn links_whose_rows_have_faults_since_stop_the_run_and_are_named() {
    let gate = Gate::new();
    let world = lost_pair(&gate);
    world.sheet("june.csv", PAIR.replace("Ravi", "R4v!"));
    let skipping = adopt(&world, &gate).arg("--skip-invalid");
    let said = ["have faults", "******0002, ₹300.00 (created)"];
    guarded(&world, &gate, skipping, 3, &said);
    world.lose_checkpoint(CHECKPOINT);
    adopts(&world, &gate, PAIR);
}

/// A gateway that refuses the first create that holds `name`.
fn refusing(name: &'static str) -> Raw {
    Raw::start(
        move |ask| match ask.is_create() && ask.body.contains(name) && ask.nth_for_id == 1 {
            true => Act::Instead(Manner::Says(Say::refusal(422, "not now"))),
            false => Act::Honest,
        },
    )
}

/// Nothing is left to send once old results were heeded, and yet all was looked for.
#[test]
fn what_was_refused_may_be_retried_after_a_loss_where_nothing_else_stands() {
    let raw = refusing("Ravi");
    let world = World::new();
    world.sheet("june.csv", "name,phone,amount\nRavi,9000000002,300\n");
    world.send("june.csv", &raw).run().exits(4);
    world.lose_checkpoint(CHECKPOINT);
    adopt(&world, &raw).run().exits(4);
    let retry = world.talk("retry", "june.csv", &raw);
    retry.arg("--yes").run().exits(0);
    assert_eq!(raw.booked().len(), 1);
}

/// The row was away while the rest was adopted.
#[test]
fn a_row_that_was_refused_and_comes_back_after_a_loss_is_not_sent_again_unasked() {
    let raw = refusing("Ravi");
    let world = World::new();
    world.sheet("june.csv", PAIR);
    world.send("june.csv", &raw).run().exits(4);
    let creates = raw.creates();
    world.lose_checkpoint(CHECKPOINT);
    adopts(&world, &raw, &PAIR.replace("Ravi,9000000002,300\n", ""));
    world.sheet("june.csv", PAIR);
    let run = world.send("june.csv", &raw).run().exits(4);
    run.says(["1 row was refused before the checkpoint was lost"]);
    assert_eq!(raw.creates(), creates);
    let retry = world.talk("retry", "june.csv", &raw);
    retry.arg("--yes").run().exits(0);
    assert_eq!(raw.booked().len(), 3);
}

/// The older results know no more than that it was sent, the newer that it was looked up and stopped.
#[test]
fn a_row_in_doubt_that_was_cancelled_after_a_loss_stays_so_after_the_next() {
    let raw = Raw::honest();
    let world = lost_pair(&raw);
    let results = world.text(RESULTS);
    let table = world.table(RESULTS);
    let id = table.cell(3, "cashgram_id").to_owned();
    let mut doubtful = String::new();
    for line in results.lines() {
        let cells: Vec<&str> = line.split(',').collect();
        doubtful += &match line.starts_with("Ravi,") {
            true => format!("{},,,unknown,,,,,,1,,,test\n", cells[..4].join(",")),
            false => format!("{line}\n"),
        };
    }
    raw.ledger().cashgrams.remove(&id);
    world.sheet(RESULTS, doubtful);
    world.send("june.csv", &raw).run().exits(4);
    let cancel = world.talk("cancel", "june.csv", &raw);
    cancel.args(["--row", "3"]).run().exits(4);
    adopt(&world, &raw).run().exits(0);
    assert_eq!(world.table(RESULTS).cell(3, "state"), "cancelled");
    let creates = raw.creates();
    for _ in 0..2 {
        world.lose_checkpoint(CHECKPOINT);
        // It stops, and the results that it writes list the row as not sent.
        world.send("june.csv", &raw).run().exits(4);
        let run = adopt(&world, &raw).run().exits(0);
        assert_eq!(world.table(RESULTS).cell(3, "state"), "cancelled", "{run}");
        assert_eq!(raw.creates(), creates);
    }
    world.lose_checkpoint(CHECKPOINT);
    world.send("june.csv", &raw).run().exits(4);
    world.lose_checkpoint(CHECKPOINT);
    adopt(&world, &raw).run().exits(0);
    assert_eq!(raw.creates(), creates);
}

/// Its expiry has passed since, and the gateway does not know it: it is a row that was never sent.
#[test]
fn a_row_in_doubt_that_does_not_exist_and_has_expired_is_not_sent_with_a_past_expiry() {
    let raw = Raw::honest();
    let world = World::new();
    let sheet = |expiry: &str| {
        format!(
            "name,phone,amount,link_expiry\nAsha,9000000001,100,{}\nRavi,9000000002,300,{expiry}\n",
            in_days(5)
        )
    };
    world.sheet("june.csv", sheet(&in_days(1)));
    world.send("june.csv", &raw).run().exits(0);
    world.lose_checkpoint(CHECKPOINT);
    let id = world.table(RESULTS).cell(2, "cashgram_id").to_owned();
    raw.ledger().cashgrams.remove(&id);
    // Days later, as far as that row can tell.
    let mut doubtful = String::new();
    for line in world.text(RESULTS).lines() {
        let cells: Vec<&str> = line.split(',').collect();
        doubtful += &match line.starts_with("Ravi,") {
            true => format!(
                "Ravi,9000000002,300,{},{id},,,unknown,,,,,,1,,,test\n",
                in_days(-1)
            ),
            false => format!("{}\n", cells.join(",")),
        };
    }
    world.sheet(RESULTS, doubtful);
    world.sheet("june.csv", sheet(&in_days(-1)));
    world.send("june.csv", &raw).run().exits(4);
    let said = [
        "1 payment",
        "row 2",
        "does not exist",
        "paysheet send june.csv",
    ];
    guarded(&world, &raw, adopt(&world, &raw), 3, &said);
    let table = world.table(RESULTS);
    assert_eq!(table.column("state"), ["created", "ready"]);
    // It is a row like any other now.
    for send in [adopt(&world, &raw), world.send("june.csv", &raw)] {
        guarded(&world, &raw, send, 3, &["the expiry", "has passed"]);
    }
    world.sheet("june.csv", sheet(&in_days(3)));
    world.send("june.csv", &raw).run().exits(0);
    assert_eq!(raw.booked().len(), 2);
    assert_eq!(world.table(RESULTS).cell(2, "cashgram_id"), id);
    audit(&world, RESULTS, &raw.but_refused());
}

/// A row that was refused before the loss is spoiled in the sheet, made anew from it, and paid once it is mended.
#[test]
fn doctor_follows_a_row_that_was_refused_before_a_loss_and_spoiled_since() {
    let raw = refusing_ravi();
    let world = World::new();
    world.sheet("june.csv", PAIR);
    world.send("june.csv", &raw).run().exits(4);
    world.lose_checkpoint(CHECKPOINT);
    adopt(&world, &raw).run().exits(4);
    for (name, code) in [("R?vi", 4), ("R?vi", 4), ("Ravi Kumar", 0)] {
        world.sheet("june.csv", PAIR.replace("Ravi", name));
        let send = world.send("june.csv", &raw);
        send.arg("--skip-invalid").run().exits(code);
        let doctor = world.talk("doctor", "june.csv", &raw).run();
        doctor.exits(0).says(["payouts stand where"]);
    }
    assert_eq!(world.table(RESULTS).states("created"), 3);
}

/// A row that was refused before the loss and is retried stays to be sent, however often the retry is interrupted.
#[test]
fn a_retry_after_a_loss_that_is_interrupted_is_gone_on_with() {
    let raw = Raw::start(|ask| match (ask.is_create(), ask.nth_for_id, ask.nth) {
        (true, 1, _) => Act::Instead(Manner::Says(Say::refusal(422, "not now"))),
        (true, _, 5) => Act::Instead(Manner::Says(Say::refusal(
            412,
            "Not enough available balance in the account",
        ))),
        _ => Act::Honest,
    });
    let world = World::new();
    world.sheet("june.csv", PAIR);
    world.send("june.csv", &raw).run().exits(4);
    world.lose_checkpoint(CHECKPOINT);
    adopt(&world, &raw).run().exits(4);
    let retry = world.talk("retry", "june.csv", &raw);
    let retry = retry.args(["--yes", "--concurrency", "1"]).run().exits(1);
    assert!(raw.booked().len() < 3, "{retry}");
    world.send("june.csv", &raw).run().exits(0);
    assert_eq!(raw.booked().len(), 3);
}

/// Old results tell of lines, and a line is no row: the link stays with the first of two rows alike.
#[test]
fn after_a_loss_a_link_stays_with_its_row() {
    let gate = Gate::new();
    let world = World::new();
    world.sheet("june.csv", "name,phone,amount\nAsha,9000000001,100\n");
    world.send("june.csv", &gate).run().exits(0);
    let link = world.table(RESULTS).cell(1, "cashgram_link").to_owned();
    world.lose_checkpoint(CHECKPOINT);
    world.sheet(
        "june.csv",
        "name,phone,amount\nAsha,9000000001,100\nAsha,9000000001,100\n",
    );
    adopt(&world, &gate)
        .arg("--allow-duplicates")
        .run()
        .exits(0);
    assert_eq!(world.table(RESULTS).cell(1, "cashgram_link"), link);
    assert_eq!(gate.creates(), 2);
}
