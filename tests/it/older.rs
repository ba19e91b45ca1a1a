//! A checkpoint brought back from an older copy, beside results that know more.

use crate::guards::{CHECKPOINT, RESULTS, guarded};
use crate::support::*;

/// A copy of the checkpoint is brought back.
fn restore(world: &World, copy: &[u8]) {
    world.lose_checkpoint(CHECKPOINT);
    world.sheet(CHECKPOINT, copy);
}

/// Ten rows were sent, ten more after a copy was made, and the copy was brought back. The copy, and the newest.
fn brought_back(gate: &impl Gateway) -> (World, Vec<u8>, Vec<u8>) {
    let world = World::new();
    world.sheet("june.csv", rows(10));
    world.send("june.csv", gate).run().exits(0);
    let copy = world.bytes(CHECKPOINT);
    world.sheet("june.csv", rows(20));
    world.send("june.csv", gate).run().exits(0);
    let newest = world.bytes(CHECKPOINT);
    restore(&world, &copy);
    (world, copy, newest)
}

fn retry(world: &World, gate: &impl Gateway) -> Paysheet {
    let retry = world.talk("retry", "june.csv", gate);
    retry.args(["--yes", "--json", "--settle", "0"])
}

#[test]
fn an_older_copy_beside_newer_results_stops_every_command_that_writes() {
    let gate = Gate::new();
    let (world, copy, newest) = brought_back(&gate);
    let results = world.text(RESULTS);
    let asked = gate.asked();
    let talk = |command| world.talk(command, "june.csv", &gate).arg("--json");
    for command in [
        world.send("june.csv", &gate),
        world.send("june.csv", &gate).arg("--dry-run"),
        world.send("june.csv", &gate).arg("--adopt"),
        retry(&world, &gate),
        world.status("june.csv", &gate),
        talk("results"),
        talk("results").arg("--xlsx"),
        talk("cancel").arg("--yes"),
        talk("cancel").args(["--yes", "--row", "1"]),
        talk("purge").args(["--yes", "--unfinished", "--forget-recent"]),
    ] {
        let said = [CHECKPOINT, "older", "10 payouts", "line 12 of", "--adopt"];
        guarded(&world, &gate, command, 3, &said);
        assert_eq!(world.text(RESULTS), results);
        assert_eq!(world.bytes(CHECKPOINT), copy);
        assert_eq!(gate.asked(), asked);
    }
    // The newest is found.
    restore(&world, &newest);
    world.status("june.csv", &gate).run().exits(0);
    world.send("june.csv", &gate).run().exits(0);
    assert_eq!(gate.creates(), 20);
    audit(&world, RESULTS, &gate);
}

#[test]
fn an_older_copy_that_is_moved_away_is_a_lost_checkpoint() {
    let gate = Gate::new();
    let (world, ..) = brought_back(&gate);
    world.lose_checkpoint(CHECKPOINT);
    world.send("june.csv", &gate).arg("--adopt").run().exits(0);
    assert_eq!(gate.creates(), 20);
    audit(&world, RESULTS, &gate);
}

/// Of three rows one link died; a copy was made, and then a new link in its place.
fn renewed(raw: &Raw) -> (World, Vec<u8>) {
    let world = World::new();
    world.sheet("june.csv", rows(3));
    world.send("june.csv", raw).run().exits(0);
    let id = world.table(RESULTS).cell(1, "cashgram_id").to_owned();
    raw.set_status(&id, "EXPIRED");
    world.status("june.csv", raw).run().exits(4);
    let copy = world.bytes(CHECKPOINT);
    retry(&world, raw).arg("--expired").run().exits(0);
    assert_eq!(raw.creates(), 4);
    (world, copy)
}

#[test]
fn a_new_link_that_an_older_copy_does_not_know_is_not_made_again() {
    let raw = Raw::honest();
    let (world, copy) = renewed(&raw);
    restore(&world, &copy);
    let again = retry(&world, &raw).arg("--expired");
    guarded(&world, &raw, again, 3, &["older", "1 payout", "(created)"]);
    // Its run had written the results before the create, and died with it.
    let mut early = String::new();
    for line in world.text(RESULTS).lines() {
        let cells: Vec<&str> = line.split(',').collect();
        early += &match line.starts_with("Asha Menon 1,") {
            true => format!("{},,,ready,,,,,,0,,,test\n", cells[..4].join(",")),
            false => format!("{line}\n"),
        };
    }
    world.sheet(RESULTS, &early);
    let again = retry(&world, &raw).arg("--expired");
    guarded(&world, &raw, again, 3, &["older", "1 payout", "(ready)"]);
    assert_eq!(world.text(RESULTS), early);
}

#[test]
fn rows_decided_about_since_an_older_copy_are_not_sent() {
    let gate = Gate::new();
    let world = World::new();
    world.sheet("june.csv", rows(3));
    let refused = world.send("june.csv", &gate);
    let refused = refused.env("CASHFREE_CLIENT_SECRET", "wrong");
    refused.run().exits(1);
    let copy = world.bytes(CHECKPOINT);
    let cancel = world.talk("cancel", "june.csv", &gate);
    cancel.args(["--row", "2"]).run().exits(0);
    restore(&world, &copy);
    let send = world.send("june.csv", &gate);
    guarded(&world, &gate, send, 3, &["line 3", "(cancelled)"]);
    assert_eq!(gate.creates(), 0);
}

/// What was taken back from a cancel is to be sent, unless it was cancelled once more after the copy was made.
#[test]
fn rows_cancelled_again_since_an_older_copy_are_not_sent() {
    // The first order of all stops the run, without an effect.
    let raw = Raw::start(|ask| match ask.is_create() && ask.nth == 1 {
        true => Act::Instead(Manner::Says(Say::refusal(403, "IP not whitelisted"))),
        false => Act::Honest,
    });
    let world = World::new();
    world.sheet("june.csv", rows(3));
    let send = || world.send("june.csv", &raw);
    let cancel = || {
        let cancel = world.talk("cancel", "june.csv", &raw);
        cancel.args(["--row", "2"]).run().exits(0);
    };
    let wrong = send().env("CASHFREE_CLIENT_SECRET", "wrong");
    wrong.run().exits(1);
    cancel();
    let cancelled = world.text(RESULTS);
    let taken_back = retry(&world, &raw).args(["--cancelled", "--row", "2"]);
    taken_back.run().exits(1);
    let copy = world.bytes(CHECKPOINT);
    cancel();
    restore(&world, &copy);
    guarded(&world, &raw, send(), 3, &["line 3", "(cancelled)"]);
    assert_eq!(raw.creates(), 1);
    // As when the run that took it back died before it wrote them: they are as they were before.
    world.sheet(RESULTS, cancelled);
    let file = std::fs::File::open(world.path(RESULTS)).unwrap();
    let before = std::time::SystemTime::now() - std::time::Duration::from_secs(600);
    file.set_modified(before).unwrap();
    send().run().exits(0);
    assert_eq!(world.table(RESULTS).states("created"), 3);
    audit(&world, RESULTS, &raw);
}

/// A row that was refused to a lost checkpoint was never cancelled.
#[test]
fn a_row_refused_before_a_loss_and_cancelled_since_an_older_copy_is_not_sent() {
    let raw = Raw::start(
        |ask| match ask.is_create() && ask.body.contains("9000000002") {
            true => Act::Instead(Manner::Says(Say::refusal(
                422,
                "Please provide a valid name",
            ))),
            false => Act::Honest,
        },
    );
    for mended in [true, false] {
        let world = World::new();
        world.sheet("june.csv", rows(3));
        let send = || world.send("june.csv", &raw);
        send().run().exits(4);
        world.lose_checkpoint(CHECKPOINT);
        send().arg("--adopt").run().exits(4);
        if mended {
            world.sheet(
                "june.csv",
                rows(3).replace("9000000002,3.02", "9000000002,9.02"),
            );
            let refused = send().env("CASHFREE_CLIENT_SECRET", "wrong");
            refused.run().exits(1);
        }
        let copy = world.bytes(CHECKPOINT);
        let cancel = world.talk("cancel", "june.csv", &raw);
        cancel.args(["--row", "2"]).run().exits(0);
        restore(&world, &copy);
        let asked = raw.creates();
        for command in [send(), retry(&world, &raw)] {
            guarded(&world, &raw, command, 3, &["line 3", "(cancelled)"]);
        }
        assert_eq!(raw.creates(), asked);
    }
}

#[test]
fn results_whose_own_ids_a_spreadsheet_changed_are_not_called_newer() {
    let raw = Raw::start(|ask| match ask.is_create() && ask.body.contains("000124") {
        true => Act::Instead(Manner::Says(Say::refusal(
            422,
            "Please provide a valid name",
        ))),
        false => Act::Honest,
    });
    let world = World::new();
    let sheet =
        "name,phone,amount,cashgram_id\nAsha,9100000000,100,000123\nBina,9100000001,100,000124\n";
    world.sheet("june.csv", sheet);
    world.send("june.csv", &raw).run().exits(4);
    let results = world.text(RESULTS);
    let edited = results.replace(",000", ",");
    world.sheet(RESULTS, &edited);
    for command in [world.send("june.csv", &raw), world.status("june.csv", &raw)] {
        let said = [RESULTS, "1 payout", "never had", "spreadsheet", "--results"];
        let run = guarded(&world, &raw, command, 3, &said);
        run.hides(["older", "--adopt", "move this one away"]);
        assert_eq!(world.text(RESULTS), edited);
    }
    // What is to be stopped is stopped all the same, and the file stays as it is.
    let cancel = world.talk("cancel", "june.csv", &raw).arg("--json");
    let run = cancel.args(["--yes", "--row", "1"]).run().exits(4);
    let run = run.says(["1 payout cancelled now", RESULTS, "left as it is"]);
    let run = run.hides([&*format!("results:    {RESULTS}"), "see "]);
    assert_eq!(run.json()["results"], serde_json::Value::Null);
    assert_eq!(world.text(RESULTS), edited);
    assert!(raw.booked().iter().all(|link| link.status != "ACTIVE"));
    // As said: removed, it is written again.
    world.remove(RESULTS);
    world.status("june.csv", &raw).run().exits(4);
    assert_eq!(
        world.table(RESULTS).column("cashgram_id"),
        ["000123", "000124"]
    );
    audit(&world, RESULTS, &raw);
}

#[test]
fn results_that_were_written_or_edited_after_the_checkpoint_are_no_newer() {
    let gate = Gate::new();
    let world = World::new();
    world.sheet("june.csv", rows(4));
    world.send("june.csv", &gate).run().exits(0);
    let results = world.text(RESULTS);
    // As after a run that died before it remembered what it had written.
    world.sheet(RESULTS, &results);
    world.status("june.csv", &gate).run().exits(0);
    // Notes, lines that were removed or sorted, and an id that a spreadsheet took for a number.
    let id = world.table(RESULTS).cell(2, "cashgram_id").to_owned();
    let mut lines: Vec<&str> = results.lines().collect();
    lines.swap(1, 4);
    lines.remove(3);
    let edited = lines.join("\n").replace(&id, "1.2E+19");
    world.sheet(RESULTS, edited.replace("Asha Menon 1", "paid, says Ravi"));
    world.send("june.csv", &gate).run().exits(0);
    // Rows of another environment say nothing of this one.
    let other = results.replace(",test\n", ",production\n");
    world.sheet(RESULTS, other.replace(&id, "another-id"));
    world.status("june.csv", &gate).run().exits(0);
    // What is older than the checkpoint is nothing to stop at.
    let early = results.replace(",created,ACTIVE,", ",ready,,");
    world.sheet(RESULTS, early);
    world.status("june.csv", &gate).run().exits(0);
    assert_eq!(world.table(RESULTS).states("created"), 4);
    audit(&world, RESULTS, &gate);
}

#[test]
fn newer_results_are_newer_in_any_order_of_their_rows() {
    let gate = Gate::new();
    let (world, ..) = brought_back(&gate);
    let results = world.text(RESULTS);
    let mut lines: Vec<&str> = results.lines().collect();
    lines[1..].reverse();
    for swapped in [(1, 20), (3, 4), (7, 15)] {
        lines.swap(swapped.0, swapped.1);
        world.sheet(RESULTS, lines.join("\n"));
        let status = world.status("june.csv", &gate);
        guarded(&world, &gate, status, 3, &["older", "10 payouts"]);
    }
}
