//! Ids that a sheet brings, such as employee numbers, in batches that know nothing of each other: an id is one payment's
//! within one account at one gateway alone.

use paysheet::sandbox::Store;

use crate::guards::guarded;
use crate::support::*;
use crate::twice::age;

const HEAD: &str = "name,phone,amount,cashgram_id\n";
const NORTH: &str = "Asha,9000000001,100,EMP-1\nRavi,9000000002,200,EMP-2\n";
const SOUTH: &str = "Zoya,9000000003,300,EMP-1\nBina,9000000004,400,EMP-2\n";
/// The same people in another month.
const LATER: &str = "Asha,9000000001,150,EMP-1\nRavi,9000000002,250,EMP-2\n";

fn sheet(rows: &str) -> String {
    format!("{HEAD}{rows}")
}

/// Under ids that were never used.
fn renumbered(rows: &str) -> String {
    sheet(rows).replace("EMP", "NEW")
}

/// A gateway whose account has another client id.
fn other_account() -> Gate {
    Gate::with(|options| options.rules.client_id = "CF_B".into())
}

/// `send` as that account.
fn as_b(send: Paysheet) -> Paysheet {
    send.env("CASHFREE_CLIENT_ID", "CF_B")
}

#[test]
fn rehearsals_in_one_folder_have_the_same_ids_in_peace() {
    let world = World::new();
    for (name, rows) in [("may.csv", NORTH), ("june.csv", LATER)] {
        world.sheet(name, sheet(rows));
        world.paysheet().args(["send", name]).run().exits(0);
    }
    let links = world.table("june.sandbox.results.csv");
    for kept in [true, false] {
        world.lose_checkpoint("june.sandbox.checkpoint.db");
        if !kept {
            world.remove("june.sandbox.results.csv");
        }
        let adopt = ["send", "june.csv", "--adopt", "--yes"];
        let run = world.paysheet().args(adopt).run().exits(0);
        run.says(["2 links adopted"]);
        let adopted = world.table("june.sandbox.results.csv");
        for column in ["cashgram_id", "cashgram_link", "reference_id"] {
            assert_eq!(adopted.column(column), links.column(column));
        }
    }
}

/// In the two accounts nobody is paid twice, whatever is lost and whatever is tried.
#[test]
fn the_same_ids_in_two_accounts_are_each_ones_own() {
    for kept in [true, false] {
        let (a, b, world) = (Gate::new(), other_account(), World::new());
        let south = || as_b(world.send("south.csv", &b));
        world.sheet("june.csv", sheet(NORTH));
        world.send("june.csv", &a).run().exits(0);
        world.sheet("south.csv", sheet(SOUTH));
        south().run().exits(0);
        world.lose_checkpoint("south.test.checkpoint.db");
        if !kept {
            world.remove("south.test.results.csv");
        }
        south().run().exits(4);
        // They are not given up for other ids.
        world.sheet("south.csv", renumbered(SOUTH));
        guarded(&world, &b, south(), 3, &["EMP-1"]);
        guarded(&world, &b, south().arg("--adopt"), 3, &["EMP-1"]);
        world.sheet("south.csv", sheet(SOUTH));
        south()
            .arg("--adopt")
            .run()
            .exits(0)
            .says(["2 links adopted"]);
        south().run().exits(0);
        assert_eq!((a.creates(), b.creates()), (2, 2));
        audit(&world, "south.test.results.csv", &b);
    }
}

/// What tells them apart is the link itself.
#[test]
fn two_accounts_at_one_address_are_told_apart_by_their_links() {
    let (mut b, world) = (other_account(), World::new());
    let list = world.path("state");
    let folder = |name: &str, rows: &str| {
        std::fs::create_dir(world.path(name)).unwrap();
        std::fs::write(world.path(format!("{name}/june.csv")), sheet(rows)).unwrap();
    };
    folder("n", NORTH);
    folder("s", SOUTH);
    let send = |name: &str, gate: &Gate| {
        let sheet = format!("{name}/june.csv");
        let send = world.send(&sheet, gate);
        send.env("PAYSHEET_STATE", &list)
    };
    let a = Gate::new();
    send("n", &a).run().exits(0);
    b.take_over(a);
    // So that the links have other references.
    world.sheet("more.csv", rows(2));
    as_b(world.send("more.csv", &b)).run().exits(0);
    as_b(send("s", &b)).run().exits(0);
    for kept in [true, false] {
        world.lose_checkpoint("s/june.test.checkpoint.db");
        if !kept {
            world.remove("s/june.test.results.csv");
        }
        let adopt = as_b(send("s", &b)).arg("--adopt").run().exits(0);
        adopt.says(["2 links adopted"]);
        assert_eq!(b.creates(), 4);
    }
}

/// The client id is another one, the account and its links are the same: last month's are not this month's.
#[test]
fn ids_of_another_batch_are_not_adopted_with_a_new_key_either() {
    let world = World::new();
    let books = || Box::new(Store::open(&world.path("books.db")).unwrap());
    let old = Gate::over(books(), |_| {});
    world.sheet("may.csv", sheet(NORTH));
    world.send("may.csv", &old).run().exits(0);
    let mut b = Gate::over(books(), |options| options.rules.client_id = "CF_B".into());
    b.take_over(old);
    world.sheet("june.csv", sheet(LATER));
    let june = || as_b(world.send("june.csv", &b));
    june().run().exits(4);
    let words = ["2 of the ids", "EMP-1", "batch may", "same payment"];
    guarded(&world, &b, june().arg("--adopt"), 3, &words);
    // Whose the account is is not known for sure, so the user has to say it.
    world.sheet("june.csv", renumbered(LATER));
    guarded(&world, &b, june(), 3, &["EMP-1", "--new-payment"]);
    june().arg("--new-payment").run().exits(0);
    assert_eq!(b.booked().len(), 4);
}

/// A checkpoint of the same name in sight may be this very batch's: whoever goes on as it is told pays nobody again.
#[test]
fn a_checkpoint_that_was_moved_is_not_given_up_for_new_ids() {
    let (gate, world) = (Gate::new(), World::new());
    world.sheet("june.csv", sheet(NORTH));
    let june = || world.send("june.csv", &gate);
    june().run().exits(0);
    let moved = world.path("june-old.test.checkpoint.db");
    std::fs::rename(world.path(crate::guards::CHECKPOINT), &moved).unwrap();
    world.remove(crate::guards::RESULTS);
    // The amounts are others in the sheet.
    world.sheet("june.csv", sheet(LATER));
    june().run().exits(4);
    let said = ["batch june", "june-old", "if it is the same payment"];
    let run = guarded(&world, &gate, june().arg("--adopt"), 3, &said);
    let resume = run.stderr.split('`').nth(1).unwrap();
    assert!(resume.contains("--checkpoint"), "{run}");
    // With new ids the run stops until the user says that it is another payment.
    world.sheet("june.csv", renumbered(LATER));
    guarded(&world, &gate, june(), 3, &["EMP-1", "--new-payment"]);
    let words = resume.split(' ').skip(1).map(str::to_owned);
    world.sheet("june.csv", sheet(NORTH));
    let again = world.talk("", "", &gate).only_env().args(words);
    again.arg("--yes").run().exits(0);
    assert_eq!(gate.booked().len(), 2);
}

/// Results do not tell whose they are: two months may be written to one file.
#[test]
fn last_months_links_in_one_results_file_are_not_adopted_for_this_month() {
    let (gate, world) = (Gate::new(), World::new());
    let to_one = |name: &str| {
        let send = world.send(name, &gate);
        send.args(["--results", "out.csv"])
    };
    world.sheet("may.csv", sheet(NORTH));
    to_one("may.csv").run().exits(0);
    age(&world, "may.test.checkpoint.db", 30);
    world.sheet("june.csv", sheet(NORTH));
    to_one("june.csv").run().exits(4);
    let adopt = to_one("june.csv").arg("--adopt").run().exits(3);
    adopt.says(["batch may", "EMP-1", "nothing was adopted"]);
    assert_eq!(gate.creates(), 2);
}
