//! What was made beside today's rows when a checkpoint is lost: links that were replaced, and cancelled ones whose rows have
//! left. Results and `earlier.csv` list them again, with the next checkpoint as with the first.

use std::collections::BTreeMap;

use crate::guards::{CHECKPOINT, RESULTS};
use crate::support::*;

const EARLIER: &str = "june.test.earlier.csv";

/// Three payouts whose first links die, one of them with an id of its own, and one that is cancelled and leaves.
const SHEET: &str = "name,phone,amount,cashgram_id\nAsha,9000000001,100,\nAsha,9000000001,200,\n\
    Ravi,9000000002,300,OWN_3\nZoya,9000000003,400,\n";
const ZOYA: &str = "Zoya,9000000003,400,\n";

/// What is told of each, by its id.
type Listed = BTreeMap<String, Vec<String>>;

fn listed(world: &World, name: &str) -> Listed {
    let columns = [
        "reference_id",
        "cashgram_link",
        "state",
        "status",
        "status_reason",
        "created_at",
    ];
    let cells = |row: &BTreeMap<String, String>| columns.map(|column| row[column].clone()).to_vec();
    let rows = world.table(name).rows;
    let listed = rows.iter();
    listed
        .map(|row| (row["cashgram_id"].clone(), cells(row)))
        .collect()
}

fn expire(world: &World, raw: &Raw, rows: &[usize]) {
    for row in rows {
        let id = world.table(RESULTS).cell(*row, "cashgram_id").to_owned();
        raw.set_status(&id, "EXPIRED");
    }
    world.status("june.csv", raw).run().exits(4);
    let retry = world.talk("retry", "june.csv", raw);
    let named = rows
        .iter()
        .flat_map(|row| ["--row".to_owned(), row.to_string()]);
    let retry = retry.arg("--expired").args(named.collect::<Vec<_>>());
    retry.args(["--yes", "--settle", "0"]).run().exits(0);
}

/// A batch with four links that no row has any more; the sheet without the row that left.
fn with_earlier(raw: &Raw) -> World {
    let world = World::new();
    world.sheet("june.csv", SHEET);
    world.send("june.csv", raw).run().exits(0);
    expire(&world, raw, &[2, 3]);
    expire(&world, raw, &[2]);
    let cancel = world.talk("cancel", "june.csv", raw);
    cancel.args(["--row", "4"]).run().exits(0);
    world.status("june.csv", raw).run().exits(0);
    world.sheet("june.csv", SHEET.replace(ZOYA, ""));
    world.send("june.csv", raw).run().exits(0);
    assert_eq!(listed(&world, EARLIER).len(), 4);
    assert_eq!((raw.creates(), raw.booked().len()), (7, 7));
    world
}

fn adopt(world: &World, raw: &Raw) -> Paysheet {
    world.send("june.csv", raw).arg("--adopt")
}

/// All that was made is listed, and what was made earlier as `before` has it.
#[track_caller]
fn lists(world: &World, raw: &Raw, before: &Listed) {
    audit_earlier(world, RESULTS, Some(EARLIER), raw);
    assert_eq!(listed(world, EARLIER), *before);
}

fn doctor_says_whole(world: &World) {
    let doctor = world
        .paysheet()
        .args(["doctor", "june.csv", "--env", "test"]);
    doctor.run().says(["whole"]).hides(["do not lead"]);
}

#[test]
fn what_was_made_earlier_is_listed_again_after_each_loss() {
    let raw = Raw::honest();
    let world = with_earlier(&raw);
    let before = listed(&world, EARLIER);
    for _ in 0..2 {
        world.lose_checkpoint(CHECKPOINT);
        // It stops, and names what it found; what is beside is not forgotten for that.
        world.send("june.csv", &raw).run().exits(4);
        lists(&world, &raw, &before);
        adopt(&world, &raw).run().exits(0);
        lists(&world, &raw, &before);
        for command in ["send", "status", "retry", "results", "status"] {
            world.talk(command, "june.csv", &raw).arg("--yes").run();
            lists(&world, &raw, &before);
        }
        doctor_says_whole(&world);
    }
    assert_eq!(raw.booked().len(), 7);
    // Everything is in the record too.
    let export = world.talk("export", "june.csv", &raw).run().exits(0);
    let made = before.iter();
    export.says(made.flat_map(|(id, cells)| [id.as_str(), cells[1].as_str()]));
    world.talk("report", "june.csv", &raw).run().exits(0);
    // Cancelled, what is beside is none of the cancel's business.
    let cancel = world.talk("cancel", "june.csv", &raw);
    cancel.arg("--yes").run();
    lists(&world, &raw, &before);
    // The next generations go on from where they were.
    world.send("june.csv", &raw).arg("--reopen").run().exits(0);
    let retry = world.talk("retry", "june.csv", &raw);
    let retry = retry.args(["--cancelled", "--row", "2", "--row", "3"]);
    retry.args(["--yes", "--settle", "0"]).run().exits(0);
    assert_eq!(raw.booked().len(), 9);
    assert_eq!(listed(&world, EARLIER).len(), before.len() + 2);
    audit_earlier(&world, RESULTS, Some(EARLIER), &raw);
}

/// Whenever it is killed, the same command takes over the same.
#[test]
fn an_adoption_that_is_killed_is_finished_by_the_next() {
    let raw = Raw::honest();
    let world = with_earlier(&raw);
    let before = listed(&world, EARLIER);
    world.lose_checkpoint(CHECKPOINT);
    let mut killed = 0;
    for wait_ms in [2, 5, 10, 15, 20, 30, 40, 60] {
        let running = adopt(&world, &raw).spawn();
        std::thread::sleep(std::time::Duration::from_millis(wait_ms));
        killed += usize::from(running.kill9().code == -9);
    }
    assert!(killed > 3, "{killed} were at it when they were killed");
    adopt(&world, &raw).run().exits(0);
    lists(&world, &raw, &before);
    assert_eq!(raw.booked().len(), 7);
    doctor_says_whole(&world);
}

#[test]
fn a_cancelled_row_that_comes_back_after_a_loss_is_what_it_was() {
    for adopted_first in [true, false] {
        let raw = Raw::honest();
        let world = with_earlier(&raw);
        let before = listed(&world, EARLIER);
        world.lose_checkpoint(CHECKPOINT);
        world.send("june.csv", &raw).run().exits(4);
        if adopted_first {
            adopt(&world, &raw).run().exits(0);
        }
        world.sheet("june.csv", SHEET);
        match adopted_first {
            true => world.send("june.csv", &raw).run().exits(0),
            false => adopt(&world, &raw).run().exits(0),
        };
        let results = listed(&world, RESULTS);
        let id = world.table(RESULTS).cell(4, "cashgram_id").to_owned();
        assert_eq!(results[&id], before[&id]);
        audit_earlier(&world, RESULTS, Some(EARLIER), &raw);
        assert_eq!(raw.booked().len(), 7);
        // Its place is taken: another payment to that phone is another one.
        world.sheet("june.csv", SHEET.replace(ZOYA, "Zoya,9000000003,450,\n"));
        world.send("june.csv", &raw).run().exits(0);
        assert_eq!(raw.booked().len(), 8);
        lists(&world, &raw, &before);
        doctor_says_whole(&world);
        // Paid after all, it gets the next generation.
        world.sheet("june.csv", SHEET.to_owned() + "Zoya,9000000003,450,\n");
        world.send("june.csv", &raw).run().exits(0);
        let retry = world.talk("retry", "june.csv", &raw);
        let named = ["--cancelled", "--id", &id, "--yes", "--settle", "0"];
        retry.args(named).run().exits(0);
        assert_eq!(raw.booked().len(), 9);
        lists(&world, &raw, &before);
        doctor_says_whole(&world);
    }
}

/// What the old file says of a link need not be its end.
#[test]
fn a_link_of_a_lost_checkpoint_that_was_not_final_is_asked_about() {
    let raw = Raw::honest();
    let world = with_earlier(&raw);
    let before = listed(&world, EARLIER);
    world.lose_checkpoint(CHECKPOINT);
    let cancelled = world.table(EARLIER);
    let cancelled = cancelled
        .rows
        .iter()
        .find(|row| row["state"] == "cancelled");
    let id = cancelled.unwrap()["cashgram_id"].clone();
    // As after a cancel whose link was not looked at since.
    let mut text = String::new();
    for line in world.text(EARLIER).lines() {
        text += &match line.contains(&id) {
            true => line.replace(",EXPIRED,", ",ACTIVE,") + "\n",
            false => format!("{line}\n"),
        };
    }
    world.sheet(EARLIER, &text);
    adopt(&world, &raw).run().exits(0);
    audit_earlier(&world, RESULTS, Some(EARLIER), &raw);
    assert_eq!(listed(&world, EARLIER)[&id][3], "ACTIVE");
    world.status("june.csv", &raw).run().exits(0);
    assert_eq!(listed(&world, EARLIER)[&id][2..4], before[&id][2..4]);
    // Somebody was paid by it all the same.
    world.lose_checkpoint(CHECKPOINT);
    world.sheet(EARLIER, &text);
    adopt(&world, &raw).run().exits(0);
    raw.set_status(&id, "REDEEMED");
    world.status("june.csv", &raw).run();
    assert_eq!(listed(&world, EARLIER)[&id][2..4], ["created", "REDEEMED"]);
    audit_earlier(&world, RESULTS, Some(EARLIER), &raw);
    doctor_says_whole(&world);
}

#[test]
fn a_purge_removes_whom_old_results_named_and_keeps_the_ids() {
    let raw = Raw::honest();
    let world = with_earlier(&raw);
    let before = listed(&world, EARLIER);
    world.lose_checkpoint(CHECKPOINT);
    adopt(&world, &raw).run().exits(0);
    let purge = world.talk("purge", "june.csv", &raw);
    let insist = ["--yes", "--unfinished", "--forget-recent"];
    purge.args(insist).run().exits(0);
    world.talk("results", "june.csv", &raw).run().exits(0);
    let bytes = world.bytes(CHECKPOINT);
    let links = before.values().map(|cells| cells[1].as_str());
    for needle in links.chain(["Zoya", "9000000003"]) {
        let has = |bytes: &[u8]| {
            bytes
                .windows(needle.len())
                .any(|part| part == needle.as_bytes())
        };
        assert!(!has(&bytes) && !has(&world.bytes(EARLIER)), "{needle}");
    }
    let after = listed(&world, EARLIER);
    assert_eq!(
        after.keys().collect::<Vec<_>>(),
        before.keys().collect::<Vec<_>>()
    );
    for (id, cells) in &after {
        assert_eq!(cells[0], before[id][0]);
        assert_eq!(cells[2..4], before[id][2..4]);
    }
    doctor_says_whole(&world);
}
