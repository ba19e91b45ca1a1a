//! A lost checkpoint, and ids of the sheet's own that change before anybody has said whose the links are.

use crate::guards::{CHECKPOINT, RESULTS, guarded};
use crate::support::*;

const HEAD: &str = "name,phone,amount,cashgram_id\n";

/// Three rows under these ids.
fn sheet(ids: [&str; 3]) -> String {
    let names = ["Asha", "Ravi", "Zoya"];
    let rows = (1..).zip(names.iter().zip(ids));
    let rows = rows.map(|(n, (name, id))| format!("{name},900000000{n},{n}00,{id}\n"));
    format!("{HEAD}{}", rows.collect::<String>())
}

const PADDED: [&str; 3] = ["0001", "0002", "0003"];
/// As a spreadsheet saves it.
const STRIPPED: [&str; 3] = ["1", "2", "3"];

/// Sent under the padded ids; then the checkpoint is lost, and the results unless they are `kept`.
fn lost(gate: &impl Gateway, kept: bool) -> World {
    let world = World::new();
    world.sheet("june.csv", sheet(PADDED));
    world.send("june.csv", gate).run().exits(0);
    world.lose_checkpoint(CHECKPOINT);
    if !kept {
        world.remove(RESULTS);
    }
    world
}

fn adopt(world: &World, gate: &impl Gateway) -> Paysheet {
    world.send("june.csv", gate).arg("--adopt")
}

/// With the ids as they were all is adopted, and nobody was paid once more.
fn adopts(world: &World, gate: &impl Gateway) {
    world.sheet("june.csv", sheet(PADDED));
    adopt(world, gate).run().exits(0);
    assert_eq!(gate.booked().len(), 3);
    assert_eq!(world.table(RESULTS).states("created"), 3);
    audit(world, RESULTS, gate);
}

#[test]
fn ids_that_change_after_they_were_found_pay_nobody_again_where_results_are_kept() {
    let gate = Gate::new();
    let world = lost(&gate, true);
    guarded(
        &world,
        &gate,
        world.send("june.csv", &gate),
        4,
        &["3 links"],
    );
    world.sheet("june.csv", sheet(STRIPPED));
    let said = ["0001 for ******0001, ₹100.00", "is gone", "restore"];
    guarded(&world, &gate, world.send("june.csv", &gate), 3, &said);
    guarded(&world, &gate, adopt(&world, &gate), 3, &said);
    adopts(&world, &gate);
}

#[test]
fn ids_that_change_after_they_were_found_pay_nobody_again_where_results_are_lost() {
    let without =
        "name,phone,amount\nAsha,9000000001,100\nRavi,9000000002,200\nZoya,9000000003,300\n";
    for edited in [
        sheet(STRIPPED),
        sheet(["0001", "0002", "3"]),
        sheet(["0001", "0002", ""]),
        without.to_owned(),
        // The amount was mended as well.
        sheet(["0001", "0002", "3"]).replace(",300", ",350"),
    ] {
        let gate = Gate::new();
        let world = lost(&gate, false);
        guarded(
            &world,
            &gate,
            world.send("june.csv", &gate),
            4,
            &["3 links"],
        );
        world.sheet("june.csv", &edited);
        let said = [
            "0003 for ******0003, ₹300.00 (conflict): has left the sheet",
            "to that phone",
            "--adopt",
            "--new-payment",
        ];
        for _ in 0..2 {
            guarded(&world, &gate, world.send("june.csv", &gate), 3, &said);
            guarded(&world, &gate, adopt(&world, &gate), 3, &said);
        }
        // The checkpoint that found them is lost as well, and its results list them as found.
        world.lose_checkpoint(CHECKPOINT);
        let said = [RESULTS, "0003 for ******0003, ₹300.00 (conflict)"];
        guarded(&world, &gate, world.send("june.csv", &gate), 3, &said);
        adopts(&world, &gate);
    }
}

#[test]
fn an_id_that_was_another_payments_gives_way_where_the_user_says_so() {
    let gate = Gate::new();
    let world = lost(&gate, false);
    world.send("june.csv", &gate).run().exits(4);
    world.sheet("june.csv", sheet(["0001", "0002", "NEW"]));
    let run = adopt(&world, &gate).arg("--new-payment").run().exits(0);
    run.says(["2 links adopted", "WARNING: 1 id that exists", "0003 for"]);
    assert_eq!(gate.booked().len(), 4);
    // It is not forgotten, and does not stop another run.
    let earlier = world.table("june.test.earlier.csv");
    assert_eq!(earlier.cell(1, "cashgram_id"), "0003");
    assert_eq!(earlier.cell(1, "state"), "conflict");
    world.lose_checkpoint(CHECKPOINT);
    adopt(&world, &gate).run().exits(0);
    let more = format!(
        "{}Bina,9000000004,400,0004\n",
        sheet(["0001", "0002", "NEW"])
    );
    world.sheet("june.csv", more);
    world.send("june.csv", &gate).run().exits(0);
    assert_eq!(gate.booked().len(), 5);
}

/// The results list the new links alone: what they were made from stood in the file beside them.
#[test]
fn links_that_took_the_place_of_own_ids_are_known_by_the_sheets_ids() {
    let raw = Raw::honest();
    let world = World::new();
    world.sheet("june.csv", sheet(PADDED));
    world.send("june.csv", &raw).run().exits(0);
    for _ in 0..2 {
        raw.set_status(world.table(RESULTS).cell(1, "cashgram_id"), "EXPIRED");
        world.status("june.csv", &raw).run().exits(4);
        let retry = world.talk("retry", "june.csv", &raw);
        let retry = retry.args(["--expired", "--yes", "--settle", "0"]);
        retry.run().exits(0);
    }
    let renewed = world.table(RESULTS);
    assert_ne!(renewed.cell(1, "cashgram_id"), "0001");
    world.lose_checkpoint(CHECKPOINT);
    world.remove("june.test.earlier.csv");
    world.sheet("june.csv", sheet(STRIPPED));
    guarded(&world, &raw, world.send("june.csv", &raw), 3, &["is gone"]);
    world.sheet("june.csv", sheet(PADDED));
    world.send("june.csv", &raw).run().exits(4);
    adopt(&world, &raw).run().exits(0);
    assert_eq!(raw.creates(), 5);
    let adopted = world.table(RESULTS);
    for column in ["cashgram_id", "cashgram_link", "state"] {
        assert_eq!(adopted.column(column), renewed.column(column));
    }
}

/// Nothing but the gateway tells of the new link.
#[test]
fn links_that_took_the_place_of_dead_ones_are_found_where_all_else_is_lost() {
    let raw = Raw::honest();
    let world = World::new();
    let plain = "name,phone,amount,cashgram_id\nAsha,9000000001,100,\nRavi,9000000002,200,OWN_2\n";
    world.sheet("june.csv", plain);
    world.send("june.csv", &raw).run().exits(0);
    for row in [1, 2] {
        raw.set_status(world.table(RESULTS).cell(row, "cashgram_id"), "EXPIRED");
    }
    world.status("june.csv", &raw).run().exits(4);
    let retry = || {
        let retry = world.talk("retry", "june.csv", &raw);
        retry.args(["--expired", "--yes", "--settle", "0"])
    };
    retry().run().exits(0);
    let (renewed, booked) = (world.table(RESULTS), raw.booked());
    world.lose_checkpoint(CHECKPOINT);
    world.remove(RESULTS);
    world.remove("june.test.earlier.csv");
    let run = adopt(&world, &raw).run().exits(4);
    run.says([
        "2 dead links have each been replaced",
        "--adopt",
        "--row 1 --row 2",
    ]);
    // As it is told.
    retry().args(["--row", "1", "--row", "2"]).run().exits(4);
    adopt(&world, &raw).run().exits(0);
    assert_eq!(raw.booked(), booked);
    let adopted = world.table(RESULTS);
    for column in ["cashgram_id", "cashgram_link", "state"] {
        assert_eq!(adopted.column(column), renewed.column(column));
    }
}

/// The id column of the results is copied into the sheet.
#[test]
fn ids_that_were_made_here_and_copied_into_the_sheet_are_to_be_taken_out() {
    for losing in [false, true] {
        let gate = Gate::new();
        let world = World::new();
        let plain = "name,phone,amount\nAsha,9000000001,100\nRavi,9000000002,200\n";
        world.sheet("june.csv", plain);
        world.send("june.csv", &gate).run().exits(0);
        let table = world.table(RESULTS);
        let mut copied = HEAD.to_owned();
        for (row, line) in (1..).zip(plain.lines().skip(1)) {
            copied += &format!("{line},{}\n", table.cell(row, "cashgram_id"));
        }
        if losing {
            world.lose_checkpoint(CHECKPOINT);
        }
        world.sheet("june.csv", copied);
        let said = ["id column", "take these out"];
        let run = guarded(&world, &gate, world.send("june.csv", &gate), 3, &said);
        run.hides(["cancel it first"]);
        world.sheet("june.csv", plain);
        if losing {
            adopt(&world, &gate).run().exits(0);
        }
        world.send("june.csv", &gate).run().exits(0);
        assert_eq!(gate.booked().len(), 2);
    }
}

/// Its row is only taken out: the rest is adopted, and the link stays in sight.
#[test]
fn a_link_whose_row_leaves_before_it_is_adopted_is_listed() {
    let gate = Gate::new();
    let world = lost(&gate, false);
    world.send("june.csv", &gate).run().exits(4);
    let without = sheet(PADDED).replace("Zoya,9000000003,300,0003\n", "");
    world.sheet("june.csv", &without);
    adopt(&world, &gate).run().exits(0);
    let earlier = world.table("june.test.earlier.csv");
    assert_eq!(earlier.cell(1, "cashgram_id"), "0003");
    assert!(!earlier.cell(1, "cashgram_link").is_empty());
    world.sheet("june.csv", format!("{without}Zoya,9000000003,300,3\n"));
    guarded(&world, &gate, world.send("june.csv", &gate), 3, &["0003"]);
    adopts(&world, &gate);
}
