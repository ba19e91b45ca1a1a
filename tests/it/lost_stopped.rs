//! Links that a person had stopped when their checkpoint was lost: nobody is invited to pay them once more.

use crate::guards::{CHECKPOINT, RESULTS, guarded};
use crate::support::disk::{Deed, Fate};
use crate::support::trouble::{each_of, sample};
use crate::support::*;

const SHEET: &str =
    "name,phone,amount\nAsha,9000000001,100\nAsha,9000000001,200\nRavi,9000000002,300\n";

fn id(world: &World, row: usize) -> String {
    world.table(RESULTS).cell(row, "cashgram_id").to_owned()
}

fn stands(world: &World, row: usize) -> (String, String) {
    let table = world.table(RESULTS);
    let cell = |column: &str| table.cell(row, column).to_owned();
    (cell("state"), cell("status"))
}

#[track_caller]
fn is(world: &World, row: usize, state: &str, status: &str) {
    assert_eq!(
        stands(world, row),
        (state.to_owned(), status.to_owned()),
        "row {row}"
    );
}

fn cancel(world: &World, raw: &Raw, row: &str) -> Paysheet {
    world.talk("cancel", "june.csv", raw).args(["--row", row])
}

fn adopt(world: &World, raw: &Raw) -> Paysheet {
    world.send("june.csv", raw).arg("--adopt")
}

/// A new link for a row that was cancelled, as its person asks for it by name.
fn after_all(world: &World, raw: &Raw, row: &str) -> Output {
    let retry = world.talk("retry", "june.csv", raw);
    let named = ["--cancelled", "--row", row, "--yes", "--settle", "0"];
    retry.args(named).run()
}

/// All three were sent, and the link of the last one was stopped.
fn stopped(raw: &Raw) -> World {
    let world = World::new();
    world.sheet("june.csv", SHEET);
    world.send("june.csv", raw).run().exits(0);
    cancel(&world, raw, "3").run().exits(0);
    is(&world, 3, "cancelled", "EXPIRED");
    world
}

fn doctor_says_whole(world: &World) {
    let doctor = world.paysheet().args(["doctor", "june.csv"]);
    let doctor = doctor.args(["--env", "test"]).run();
    doctor.says(["whole"]).hides(["do not lead", "not stand"]);
}

#[test]
fn a_link_that_was_cancelled_stays_so_after_each_loss() {
    let raw = Raw::honest();
    let world = stopped(&raw);
    let link = world.table(RESULTS).cell(3, "cashgram_link").to_owned();
    for stops_first in [true, false, true] {
        world.lose_checkpoint(CHECKPOINT);
        if stops_first {
            world.send("june.csv", &raw).run().exits(4);
        }
        let run = adopt(&world, &raw).run().exits(0);
        let run = run.says(["1 of them stays cancelled"]).hides(["retry"]);
        is(&world, 3, "cancelled", "EXPIRED");
        assert_eq!(run.json()["states"]["cancelled"], 1, "{run}");
        assert_eq!(run.json()["states"]["created"], 2, "{run}");
        assert_eq!(world.table(RESULTS).cell(3, "cashgram_link"), link);
        let status = world.status("june.csv", &raw).run().exits(0);
        status.hides(["dead", "retry"]);
        doctor_says_whole(&world);
        let expired = world.talk("retry", "june.csv", &raw);
        let expired = expired.args(["--expired", "--row", "3", "--yes", "--settle", "0"]);
        expired.run().says(["is cancelled: add --cancelled"]);
        world.send("june.csv", &raw).run().exits(0);
        assert_eq!(raw.creates(), 3);
        audit(&world, RESULTS, &raw);
    }
    // Paid after all, because somebody says so, it is found so after another loss.
    after_all(&world, &raw, "3").exits(0);
    assert_eq!(raw.creates(), 4);
    is(&world, 3, "created", "ACTIVE");
    world.lose_checkpoint(CHECKPOINT);
    adopt(&world, &raw).run().exits(0).hides(["cancelled\n"]);
    is(&world, 3, "created", "ACTIVE");
    assert_eq!(raw.creates(), 4);
    doctor_says_whole(&world);
}

#[test]
fn the_newest_link_of_a_row_is_the_one_that_stays_cancelled() {
    let raw = Raw::honest();
    let world = stopped(&raw);
    after_all(&world, &raw, "3").exits(0);
    let newest = id(&world, 3);
    cancel(&world, &raw, "3").run().exits(0);
    world.lose_checkpoint(CHECKPOINT);
    let run = adopt(&world, &raw).run().exits(0);
    run.says(["1 of them stays cancelled"]).hides(["retry"]);
    is(&world, 3, "cancelled", "EXPIRED");
    assert_eq!(id(&world, 3), newest);
    assert_eq!(raw.creates(), 4);
    after_all(&world, &raw, "3").exits(0);
    assert_eq!(raw.creates(), 5);
    audit_earlier(&world, RESULTS, Some("june.test.earlier.csv"), &raw);
}

#[test]
fn all_links_of_a_closed_batch_stay_cancelled() {
    for reopened in [false, true] {
        let raw = Raw::honest();
        let world = World::new();
        world.sheet("june.csv", SHEET);
        world.send("june.csv", &raw).run().exits(0);
        raw.set_status(&id(&world, 2), "REDEEMED");
        let close = world.talk("cancel", "june.csv", &raw);
        close.arg("--yes").run().exits(0);
        if reopened {
            world.send("june.csv", &raw).arg("--reopen").run().exits(0);
        }
        world.lose_checkpoint(CHECKPOINT);
        let run = adopt(&world, &raw).run().exits(0);
        run.says(["2 of them stay cancelled"]).hides(["retry"]);
        is(&world, 1, "cancelled", "EXPIRED");
        is(&world, 2, "created", "REDEEMED");
        is(&world, 3, "cancelled", "EXPIRED");
        assert_eq!(raw.creates(), 3);
    }
}

/// What the gateway says goes before what is remembered: the money is out, or may go out.
#[test]
fn a_cancelled_link_that_is_not_dead_after_a_loss_is_said() {
    for status in ["REDEEMED", "ACTIVE"] {
        let raw = Raw::honest();
        let world = stopped(&raw);
        raw.set_status(&id(&world, 3), status);
        world.lose_checkpoint(CHECKPOINT);
        let run = adopt(&world, &raw).run().exits(4);
        run.says(["row 3", "1 cancelled link is not dead after all"])
            .hides(["of them stays", "retry"]);
        is(&world, 3, "created", status);
        doctor_says_whole(&world);
        cancel(&world, &raw, "3").run();
        match status {
            "ACTIVE" => is(&world, 3, "cancelled", "EXPIRED"),
            _ => is(&world, 3, "created", "REDEEMED"),
        }
        assert_eq!(raw.creates(), 3);
    }
}

/// A loss that is noticed by a kill at any call: what was stopped is never a link that waits for a new one.
#[test]
fn what_was_stopped_stays_so_wherever_the_adoption_is_killed() {
    let Some(disk) = Disk::new() else {
        skipped("there is no C compiler (cc)");
        return;
    };
    let lost = || {
        let raw = Raw::honest();
        let world = stopped(&raw);
        world.lose_checkpoint(CHECKPOINT);
        (raw, world)
    };
    let (raw, world) = lost();
    disk.under(&adopt(&world, &raw), &world, Fate::None).run();
    let count = Deed::calls(&disk.deeds());
    each_of(sample(count, 60), |point| {
        let disk = Disk::new().expect("made once already");
        let (raw, world) = lost();
        let run = adopt(&world, &raw);
        disk.under(&run, &world, Fate::DieAt(point)).run();
        let what = format!("killed at call {point} of {count}");
        // Whatever the person runs next.
        let expired = world.talk("retry", "june.csv", &raw);
        let named = ["--expired", "--row", "3", "--yes", "--settle", "0"];
        expired.args(named).run();
        assert_eq!(raw.creates(), 3, "{what}");
        let again = adopt(&world, &raw).run().exits(0);
        assert_eq!(raw.creates(), 3, "{what}, then: {again}");
        is(&world, 3, "cancelled", "EXPIRED");
    });
}

/// An older copy of the results is brought back beside the lost checkpoint: it does not know of the newer link.
#[test]
fn a_link_that_took_a_cancelled_ones_place_is_found_where_the_results_are_older() {
    let raw = Raw::honest();
    let world = stopped(&raw);
    let older = world.text(RESULTS);
    after_all(&world, &raw, "3").exits(0);
    let newest = id(&world, 3);
    world.lose_checkpoint(CHECKPOINT);
    world.remove("june.test.earlier.csv");
    world.sheet(RESULTS, older);
    let run = adopt(&world, &raw).run().exits(4);
    let run = run.says(["1 dead link has been replaced by a newer one"]);
    let said = run.all();
    let shown = said.lines().find(|line| line.contains("retry"));
    let shown = shown.and_then(|line| line.split('`').nth(1)).unwrap();
    assert!(shown.contains("--cancelled"), "{run}");
    let words = shown.split(' ').skip(1).map(str::to_owned);
    let retry = world.talk("", "", &raw).only_env().args(words);
    retry.args(["--settle", "0"]).run().exits(4);
    assert_eq!(raw.booked().len(), 4);
    adopt(&world, &raw).run().exits(0);
    is(&world, 3, "created", "ACTIVE");
    assert_eq!((id(&world, 3), raw.booked().len()), (newest, 4));
}

/// Nothing tells a link that was stopped from one that was not redeemed in time, so that is said.
#[test]
fn where_the_results_are_lost_as_well_a_dead_link_may_have_been_stopped() {
    let raw = Raw::honest();
    let world = stopped(&raw);
    world.lose_checkpoint(CHECKPOINT);
    world.remove(RESULTS);
    adopt(&world, &raw).run();
    is(&world, 3, "created", "EXPIRED");
    let status = world.status("june.csv", &raw).run().exits(4);
    status.says([
        "1 adopted link is dead",
        "cancelled on purpose looks the same",
    ]);
    guarded(&world, &raw, world.send("june.csv", &raw), 0, &[]);
}

/// A row is stopped before its link is found, and the link is dead already: that is no link like any that expired.
#[test]
fn a_dead_link_whose_row_was_stopped_before_it_was_found_is_cancelled_by_its_adoption() {
    let raw = Raw::honest();
    let world = stopped(&raw);
    world.lose_checkpoint(CHECKPOINT);
    world.remove(RESULTS);
    let wrong = world.send("june.csv", &raw);
    wrong.env("CASHFREE_CLIENT_SECRET", "wrong").run().exits(1);
    cancel(&world, &raw, "3").run().exits(4);
    is(&world, 3, "conflict", "EXPIRED");
    adopt(&world, &raw).run().exits(0);
    is(&world, 3, "cancelled", "EXPIRED");
    doctor_says_whole(&world);
}
