//! Rows named to `cancel` and `retry`: who they are is said before anything is done to them.

use crate::guards::{RESULTS, sent};
use crate::support::world::{phone, row_text};
use crate::support::*;

fn cancel(world: &World, gate: &impl Gateway) -> Paysheet {
    world.talk("cancel", "june.csv", gate).arg("--json")
}

#[test]
fn the_rows_that_were_named_are_shown_before_they_are_cancelled() {
    let gate = Gate::new();
    let world = sent(&gate, 12);
    let id = world.table(RESULTS).cell(3, "cashgram_id").to_owned();
    let run = cancel(&world, &gate).args(["--row", "2", "--id", &id]);
    let run = run.run().exits(0);
    let run = run.says([
        "row 2  Asha Menon 2  ******0002  ₹3.02  created",
        "row 3  Asha Menon 3  ******0003  ₹4.03  created",
    ]);
    run.hides([phone(2).to_string(), "was changed".to_owned()]);
    // No more than ten.
    let mut many = cancel(&world, &gate);
    for row in 1..=12 {
        many = many.args(["--row", &row.to_string()]);
    }
    let many = many.args(["--yes"]).run().exits(0);
    let many = many.says([
        "row 2 is cancelled already",
        "row 10  Asha Menon 10  ",
        "row 12  ",
    ]);
    assert!(!many.all().contains("more"), "{many}");
    let gate = Gate::new();
    let world = sent(&gate, 12);
    let mut many = cancel(&world, &gate);
    for row in 1..=12 {
        many = many.args(["--row", &row.to_string()]);
    }
    let many = many.run().exits(0).says(["row 10  ", "and 2 more"]);
    many.hides(["row 11  "]);
}

#[test]
fn a_person_sees_whom_the_named_row_is_before_the_question() {
    let gate = Gate::new();
    let world = sent(&gate, 3);
    let mut watched = cancel(&world, &gate).args(["--row", "2"]).watched();
    watched.until("[y/N]");
    assert!(watched.shown().contains("row 2  Asha Menon 2  "));
    watched.press("n\r");
    assert_eq!(watched.wait().0, 1);
}

#[test]
fn a_cancel_by_row_says_that_the_sheet_was_changed_since_it_was_sent() {
    let gate = Gate::new();
    let world = sent(&gate, 3);
    // Sorted the other way round: the first row is the third now.
    let sorted = format!(
        "name,phone,amount\n{}{}{}",
        row_text(3),
        row_text(2),
        row_text(1)
    );
    world.sheet("june.csv", sorted);
    let run = cancel(&world, &gate).args(["--row", "1"]).run().exits(0);
    run.says([
        "row 1  Asha Menon 1  ",
        "june.csv was changed since it was last sent: row numbers are those of the sheet as it was then",
        "--id",
    ]);
    let id = world.table(RESULTS).cell(2, "cashgram_id").to_owned();
    let run = cancel(&world, &gate).args(["--id", &id]).run().exits(0);
    run.hides(["was changed"]);
    // Without the sheet there is nothing to mistake a row for.
    world.remove("june.csv");
    let run = cancel(&world, &gate).args(["--row", "3"]).run().exits(0);
    run.hides(["was changed"]);
}

#[test]
fn the_rows_that_were_named_are_shown_before_they_are_paid_again() {
    let gate = Gate::new();
    let world = sent(&gate, 3);
    cancel(&world, &gate).args(["--row", "2"]).run().exits(0);
    let retry = world.talk("retry", "june.csv", &gate);
    let retry = retry.args(["--cancelled", "--row", "2", "--yes", "--settle", "0"]);
    let run = retry.run().exits(0);
    run.says(["row 2  Asha Menon 2  ******0002  ₹3.02  cancelled"])
        .says(["1 payout, ₹3.02", "2 created before"])
        .hides(["left alone", &phone(2).to_string()]);
}
