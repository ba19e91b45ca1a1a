//! Warnings: all of them can be seen, whatever their number, and they are marked in the user's own sheet.
//!
//! Deliberately absent: which rows are worth a look, which unit tests and the corpus say.

use std::fmt::Write as _;

use crate::support::book::{Book, number, text, unzip};
use crate::support::*;

const PROBLEMS: &str = "june.problems.csv";

/// Sound rows with a slip in each address; the last two of them share a phone and one pays much.
fn slips(rows: usize) -> String {
    let mut sheet = String::from("name,phone,amount,email\n");
    for row in 0..rows {
        let phone = 9_000_000_000 + row.min(rows - 2);
        let amount = if row == 3 { 90_000 } else { 100 + row };
        let _ = writeln!(sheet, "Asha Menon,{phone},{amount},a{row}@gmial.com");
    }
    sheet
}

#[test]
fn strict_lists_every_warning_in_the_order_of_rows() {
    let world = World::new();
    world.sheet("june.csv", slips(50));
    let validate = |more: &[&str]| {
        let validate = world.paysheet().args(["validate", "june.csv", "--json"]);
        validate.args(more).run()
    };
    let meant = validate(&[]).exits(0).says([
        "52 warnings",
        "these were the first 20: `validate --strict` lists all of them in a file",
    ]);
    assert_eq!(meant.json()["problems_file"], serde_json::Value::Null);
    assert!(!world.has(PROBLEMS));

    let strict = validate(&["--strict"]).exits(3).says([
        "all of them: june.problems.csv",
        "52 warnings, and --strict stops at them",
        "all are listed in june.problems.csv",
    ]);
    assert_eq!(strict.json()["problems_file"], PROBLEMS);
    assert_eq!(strict.json()["problems"], serde_json::json!({}));
    let listed = world.table(PROBLEMS);
    let count = |code: &str| {
        let codes = listed.column("code");
        codes.iter().filter(|listed| **listed == code).count()
    };
    assert_eq!(count("email.unusual"), 50);
    assert_eq!((count("phone.repeated"), count("amount.unusual")), (1, 1));
    assert_eq!(listed.rows.len(), 52);
    let rows: Vec<u32> = listed
        .column("row")
        .iter()
        .map(|row| row.parse().unwrap())
        .collect();
    assert!(rows.is_sorted(), "{rows:?}");
    let says = |problem: &&str| problem.starts_with("warning: ");
    assert!(listed.column("problem").iter().all(says), "{listed:?}");

    // A clean check removes it, and what `send` stops at is listed as well.
    validate(&[]).exits(0);
    assert!(!world.has(PROBLEMS));
    let send = ["send", "june.csv", "--strict"];
    let send = world.paysheet().args(send).run().exits(3);
    send.says(["all are listed in june.problems.csv"]);
    assert_eq!(world.table(PROBLEMS).rows.len(), 52);
}

#[test]
fn problems_and_warnings_stand_in_one_list() {
    let world = World::new();
    let sheet = format!("{}Ravi,12,5,r@example.com\n", slips(4));
    world.sheet("june.csv", sheet);
    let validate = ["validate", "june.csv"];
    world.paysheet().args(validate).run().exits(3);
    assert_eq!(world.table(PROBLEMS).column("code"), ["phone.length"]);
    let strict = world.paysheet().args(validate).arg("--strict").run();
    strict.exits(3);
    let listed = world.table(PROBLEMS);
    assert_eq!(listed.rows.len(), 6);
    assert_eq!(listed.cell(6, "code"), "phone.length");
}

#[test]
fn warnings_are_marked_too() {
    let world = World::new();
    world.sheet("june.csv", slips(12));
    let mark = ["validate", "june.csv", "--marked", "marked.xlsx", "--json"];
    let marked = world.paysheet().args(mark).run().exits(0);
    assert_eq!(marked.json()["marked_file"], "marked.xlsx");
    let marked = marked.says(["every warning is marked in marked.xlsx; every cell is a text"]);
    marked.hides(["to go on with the copy"]);
    let part = |part: &str| unzip(&world.bytes("marked.xlsx"), part);
    let comments = part("xl/comments1.xml");
    for words in [
        "Worth a look: The domain of this address",
        "Worth a look: Line 12 has the same phone",
        "Worth a look: The amount 90,000.00 is",
    ] {
        assert!(comments.contains(words), "{words}: {comments}");
    }
    let words = part("xl/worksheets/sheet2.xml");
    assert!(words.contains("a warning: payable as it is, but worth a look"));
    // With nothing left to mark the old copy goes.
    world.sheet("june.csv", "name,phone,amount\nAsha,9876543210,5\n");
    world.paysheet().args(mark).run().exits(0);
    assert!(!world.has("marked.xlsx"));
}

#[test]
fn what_has_no_comment_is_said_to_have_none() {
    let world = World::new();
    let mut sheet = String::from("name,phone,amount\n");
    for row in 0..5_001 {
        let _ = writeln!(sheet, "Asha,12,{}", row + 9_000);
    }
    world.sheet("june.csv", sheet);
    let mark = ["validate", "june.csv", "--marked", "marked.xlsx"];
    let marked = world.paysheet().args(mark).run().exits(3);
    marked.says([
        "every problem is marked in marked.xlsx, the first 5000 with a comment",
        "correct your own sheet, or this copy",
    ]);
}

#[test]
fn the_mark_of_doubt_is_explained() {
    let world = World::new();
    let sheet = Book::new()
        .row(&["name", "phone", "amount"].map(text))
        .row(&[
            text("Asha"),
            number("9876543210", "0"),
            number("1250.506", "0"),
        ]);
    world.sheet("june.xlsx", sheet.bytes());
    let mark = ["validate", "june.xlsx", "--marked", "marked.xlsx"];
    let marked = world.paysheet().args(mark).run().exits(3);
    marked.says(["1 cell begins with ?? there"]);
    let comments = unzip(&world.bytes("marked.xlsx"), "xl/comments1.xml");
    assert!(comments.contains("?? was put before"), "{comments}");
}

#[test]
fn a_line_of_totals_is_known_whatever_stands_in_its_phone() {
    let world = World::new();
    let sheet = "no,name,phone,amount\n1,Asha,9876543210,5\n2,Sum Total Traders,12,6\n3,Total,2,\"1,350.50\"\n\
        Grand Total,Ravi,2,11\n5,,SUM,11\n6,Sub-total:,-,11\n";
    world.sheet("june.csv", sheet);
    let validate = ["validate", "june.csv", "--json"];
    let read = world.paysheet().args(validate).run().exits(3);
    let found = world.table(PROBLEMS);
    let codes = found.column("code");
    assert_eq!(codes[0], "phone.length");
    assert_eq!(codes[1..], ["row.total"; 4]);
    assert_eq!(read.json()["amount_total"], "11.00");
}

#[test]
fn a_header_with_a_line_break_is_named_as_an_option_takes_it() {
    let world = World::new();
    let sheet = "name,\"Phone\n(mobile)\",amount\n\"Asha\nRao\",9876543210,5\n";
    world.sheet("june.csv", sheet);
    let validate = |more: &[&str]| {
        let validate = world.paysheet().args(["validate", "june.csv"]);
        validate.args(more).run().exits(3)
    };
    let hint = "--map 'phone=Phone (mobile)'";
    validate(&[]).says([hint]).hides(["u{a}"]);
    let mapped = validate(&["--map", "phone=Phone (mobile)"]);
    mapped.says(["Asha (line break) Rao"]).hides(["u{a}"]);
}
