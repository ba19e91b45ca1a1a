//! A lost checkpoint, and links of which nothing but the order of the rows says whose they are.

use crate::guards::{CHECKPOINT, RESULTS, guarded};
use crate::support::*;

const HEAD: &str = "name,phone,amount\n";
const THREE: &str = "name,phone,amount\nAsha,9000000001,100\nAsha,9000000001,200\nAsha,9000000001,300\nZed,9000000009,900\n";

fn adopt(world: &World, gate: &impl Gateway) -> Paysheet {
    world.send("june.csv", gate).arg("--adopt")
}

/// Everything of ours but the sheet is gone.
fn lose_all(world: &World) {
    world.lose_checkpoint(CHECKPOINT);
    for name in world.names() {
        if name.ends_with(".csv") && name != "june.csv" {
            world.remove(&name);
        }
    }
}

/// A proxy sends the first create of Bina's twice, and passes the second answer on.
fn repeating() -> Raw {
    Raw::start(|ask| match ask.is_create() && ask.body.contains("Bina") {
        true => Act::Then(Manner::Says(Say::refusal(409, "Cashgram already exists"))),
        false => Act::Honest,
    })
}

#[test]
fn a_link_that_was_in_conflict_is_not_taken_by_another_row_of_its_phone() {
    let raw = repeating();
    let world = World::new();
    let sent = "name,phone,amount\nZed,9000000009,900\nBina,9000000004,300\n";
    world.sheet("june.csv", sent);
    world.send("june.csv", &raw).run().exits(4);
    assert_eq!(world.table(RESULTS).cell(2, "state"), "conflict");
    let id = world.table(RESULTS).cell(2, "cashgram_id").to_owned();
    world.lose_checkpoint(CHECKPOINT);
    let more = sent.replace("Bina", "Chad,9000000004,200\nBina");
    world.sheet("june.csv", &more);
    world.send("june.csv", &raw).run().exits(4);
    let said = ["******0004, ₹300.00 (conflict)", "₹200.00", "restore"];
    guarded(&world, &raw, adopt(&world, &raw), 3, &said);
    // As it is told.
    world.lose_checkpoint(CHECKPOINT);
    world.sheet("june.csv", sent);
    adopt(&world, &raw).run().exits(0);
    world.sheet("june.csv", &more);
    world.send("june.csv", &raw).run().exits(0);
    assert_eq!(raw.booked().len(), 3);
    assert_eq!(world.table(RESULTS).cell(3, "cashgram_id"), id);
}

#[test]
fn the_row_of_a_link_that_was_in_conflict_may_not_leave_unnoticed() {
    let raw = repeating();
    let world = World::new();
    let sent = "name,phone,amount\nZed,9000000004,900\nBina,9000000004,300\n";
    world.sheet("june.csv", sent);
    let send = world.send("june.csv", &raw).args(["--concurrency", "1"]);
    send.run().exits(4);
    assert_eq!(world.table(RESULTS).states("created"), 1);
    world.lose_checkpoint(CHECKPOINT);
    world.sheet("june.csv", sent.replace("Bina,9000000004,300\n", ""));
    let said = ["₹300.00 (conflict): is gone"];
    guarded(&world, &raw, adopt(&world, &raw), 3, &said);
    world.sheet("june.csv", sent);
    adopt(&world, &raw).run().exits(0);
    assert_eq!(raw.booked().len(), 2);
    audit(&world, RESULTS, &raw);
}

#[test]
fn a_row_that_came_in_between_takes_no_link_of_another_amount() {
    for above in ["Asha,9000000001,100", "Asha,9000000001,300"] {
        let raw = Raw::honest();
        let world = World::new();
        world.sheet("june.csv", THREE);
        world.send("june.csv", &raw).run().exits(0);
        lose_all(&world);
        let inserted = THREE.replace(above, &format!("Asha,9000000001,50\n{above}"));
        world.sheet("june.csv", inserted);
        world.send("june.csv", &raw).run().exits(4);
        let said = ["******0001", "order", "--rows-in-order"];
        let run = guarded(&world, &raw, adopt(&world, &raw), 3, &said);
        run.says(["remove june.test.checkpoint.db"])
            .hides(["******0009"]);
        // As it is told; what was found of the wrong sheet says nothing of this one.
        world.lose_checkpoint(CHECKPOINT);
        world.sheet("june.csv", THREE);
        adopt(&world, &raw).run().exits(0);
        assert_eq!(raw.booked().len(), 4);
        audit(&world, RESULTS, &raw);
    }
}

#[test]
fn rows_that_stand_as_they_were_sent_go_on_where_the_user_says_so() {
    let raw = Raw::honest();
    let world = World::new();
    let row = "Asha,9000000001,300\n";
    world.sheet("june.csv", THREE.replace(row, ""));
    world.send("june.csv", &raw).run().exits(0);
    lose_all(&world);
    world.sheet("june.csv", THREE);
    guarded(&world, &raw, adopt(&world, &raw), 3, &["--rows-in-order"]);
    adopt(&world, &raw).arg("--rows-in-order").run().exits(0);
    assert_eq!(raw.booked().len(), 4);
    audit(&world, RESULTS, &raw);
    // Rows alike are in any order as they were sent.
    lose_all(&world);
    let alike = format!("{HEAD}Ravi,9000000002,100\nRavi K,9000000002,100\n");
    world.sheet("june.csv", format!("{THREE}Ravi,9000000002,100\n"));
    adopt(&world, &raw).run().exits(0);
    lose_all(&world);
    world.sheet("june.csv", THREE.replace(HEAD, &alike));
    adopt(&world, &raw).run().exits(0);
    assert_eq!(raw.booked().len(), 6);
}

/// Creates that found nothing but what exists make no checkpoint the one that sent it.
#[test]
fn a_copy_that_sent_nothing_of_its_own_is_compared_before_it_adopts() {
    let raw = Raw::honest();
    let world = World::new();
    world.sheet("june.csv", THREE);
    world.talk("send", "june.csv", &raw).run().exits(2);
    let copy = world.bytes(CHECKPOINT);
    world.send("june.csv", &raw).run().exits(0);
    let sent = world.table(RESULTS);
    lose_all(&world);
    world.sheet(CHECKPOINT, copy);
    world.sheet("june.csv", THREE.replace("Asha,9000000001,100\n", ""));
    world.send("june.csv", &raw).run().exits(4);
    let said = ["******0001", "have left", "remove june.test.checkpoint.db"];
    for _ in 0..2 {
        guarded(&world, &raw, adopt(&world, &raw), 3, &said);
    }
    world.lose_checkpoint(CHECKPOINT);
    world.sheet("june.csv", THREE);
    let said = ["******0001, ₹200.00 (conflict)", "--rows-in-order"];
    guarded(&world, &raw, adopt(&world, &raw), 3, &said);
    adopt(&world, &raw).arg("--rows-in-order").run().exits(0);
    assert_eq!(raw.booked().len(), 4);
    let adopted = world.table(RESULTS);
    assert_eq!(
        adopted.column("cashgram_link"),
        sent.column("cashgram_link")
    );
}
