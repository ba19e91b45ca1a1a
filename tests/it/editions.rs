//! `validate --marked` and `validate --fix`: the user's own sheet with its problems marked, and with its sure repairs
//! made, from CSV and from workbooks.
//!
//! Deliberately absent: which repair is sure, which is a unit test's.

use calamine::{Data, Reader as _, Xlsx, open_workbook};

use crate::support::book::{Book, number, text};
use crate::support::*;

/// Three sure repairs, one problem that needs a person, and a row that is sound.
const SHEET: &str = "name,phone,amount,dept\nAsha,9876543210.0,\"Rs. 1,250/-\",HR\nRavi,9876543211,500,=2+2\n\
    Meera,98765,5,\nJo@n,9876543213,5 INR,Ops\n";

fn world() -> World {
    let world = World::new();
    world.sheet("june.csv", SHEET);
    world
}

fn sheet(world: &World, name: &str) -> Vec<Vec<String>> {
    let mut book: Xlsx<_> = open_workbook(world.path(name)).expect("a workbook");
    let range = book.worksheet_range_at(0).expect("a sheet").expect("cells");
    let cell = |data: &Data| match data {
        Data::Empty => String::new(),
        Data::String(text) => text.clone(),
        other => panic!("{other:?} is no text"),
    };
    range
        .rows()
        .map(|row| row.iter().map(cell).collect())
        .collect()
}

#[test]
fn sure_repairs_are_shown_as_was_and_now() {
    let world = world();
    let output = world
        .paysheet()
        .args(["validate", "june.csv"])
        .run()
        .exits(3);
    output
        .says([
            "line 2, amount",
            "Rs. 1,250/- → 1,250",
            "5 INR → 5",
            "3 of 5 problems have one sure repair: `paysheet validate june.csv --fix june-fixed.csv` makes them",
        ])
        .hides(["9876543210"]);
    let fixes: Vec<String> = world
        .table("june.problems.csv")
        .rows
        .iter()
        .map(|row| row["fix"].clone())
        .collect();
    assert!(
        fixes[0].ends_with("; surely meant: 9876543210.0 → 9876543210"),
        "{fixes:?}"
    );
    assert!(!world.has("june-fixed.csv"));
}

#[test]
fn repairs_are_made_in_a_new_file_and_listed() {
    for name in ["fixed.csv", "fixed.xlsx"] {
        let world = world();
        let command = ["validate", "june.csv", "--fix", name];
        let output = world.paysheet().args(command).run().exits(3);
        output.says([
            "line 2, phone: ******10.0 → ******3210",
            "line 2, amount: Rs. 1,250/- → 1,250",
            "line 5, amount: 5 INR → 5",
            &format!("3 cells repaired in {name}: 2 of its 4 rows still have problems"),
            &format!("paysheet send {name} --batch june"),
        ]);
        assert_eq!(world.text("june.csv"), SHEET);
        assert_eq!(world.mode(name), 0o600);
        let rows = if name == "fixed.xlsx" {
            sheet(&world, name)
        } else {
            let table = world.table(name);
            let row = |row: &std::collections::BTreeMap<String, String>| {
                table
                    .columns
                    .iter()
                    .map(|column| row[column].clone())
                    .collect()
            };
            let rows: Vec<Vec<String>> = table.rows.iter().map(row).collect();
            [vec![table.columns.clone()], rows].concat()
        };
        assert_eq!(rows[1], ["Asha", "9876543210", "1,250", "HR"]);
        assert_eq!(rows[3][1], "98765");
        assert_eq!(rows[4][..3], ["Jo@n", "9876543213", "5"]);
        let before = world.bytes(name);
        world
            .paysheet()
            .args(command)
            .run()
            .exits(1)
            .says([name, "is there already"]);
        assert_eq!(world.bytes(name), before);
    }
}

/// What is mended is still not what was expected, or still worth a look.
#[test]
fn the_mended_sheet_is_held_to_the_same_totals() {
    let world = World::new();
    world.sheet(
        "june.csv",
        "Who,phone,amount\nAsha,9876543210,5\nRavi,9876543210,6/-\n",
    );
    let mut number = 0;
    let mut fix = |more: &[&str]| {
        number += 1;
        let name = format!("mended-{number}.csv");
        let command = ["validate", "june.csv", "--map", "name=Who", "--fix", &name];
        world.paysheet().args(command).args(more).run()
    };
    fix(&["--expect-total", "11.00", "--json"]).exits(0).says([
        "paysheet send mended-1.csv --map name=Who --expect-total 11.00 --json --batch june",
    ]);
    let wrong = fix(&["--expect-total", "12.00", "--json"]).exits(3);
    assert_eq!(wrong.json()["exit"], 3);
    wrong.says(["adds up to ₹11.00, --expect-total says ₹12.00: ₹1.00 too little"]);
    fix(&["--expect-count", "3"]).exits(3);
    fix(&["--strict"])
        .exits(3)
        .says(["1 warning, and --strict stops at them"]);
    fix(&["--max-amount", "5.50"])
        .exits(3)
        .says(["1 of its 2 rows still has problems", "--max-amount 5.50"]);
}

/// Rows that are not as wide as the header are copied as they are, and are still problems.
#[test]
fn a_ragged_sheet_is_mended_as_far_as_it_goes() {
    for name in ["fixed.csv", "fixed.xlsx"] {
        let world = World::new();
        world.sheet(
            "june.csv",
            "name,phone,amount\nAsha,9876543210,6/-\nRavi,9876543211\nMeera,9876543212,1,250.00\n",
        );
        let command = ["validate", "june.csv", "--fix", name];
        world
            .paysheet()
            .args(command)
            .run()
            .exits(3)
            .says(["1 cell repaired", "2 of its 3 rows still have problems"]);
        world.paysheet().args(["validate", name]).run().exits(3);
    }
}

/// An id that may have been rounded has no sure repair: none that changes nothing, none that is refused again.
#[test]
fn a_repair_changes_something_and_is_sure() {
    let world = World::new();
    world.sheet(
        "june.csv",
        "name,phone,amount,cashgram_id\nAsha,9876543210,6,1234567890123450\nRavi,9876543211,6,１２３４５６７８９０１２３４５０\n",
    );
    let command = ["validate", "june.csv", "--fix", "fixed.csv"];
    world
        .paysheet()
        .args(command)
        .run()
        .exits(3)
        .says(["nothing was repaired: no problem has one sure repair"])
        .hides(["→"]);
    assert!(!world.has("fixed.csv"));
}

/// The way back: the sheet was sent in part, is mended, and the same batch goes on.
#[test]
fn the_mended_sheet_resumes_its_batch() {
    let world = World::new();
    world.sheet(
        "june.csv",
        "name,phone,amount\nAsha,9876543210,5\nRavi,9876543211.0,6/-\n",
    );
    world
        .paysheet()
        .args(["send", "june.csv", "--skip-invalid"])
        .run()
        .exits(4);
    let fix = ["validate", "june.csv", "--fix", "mended.csv", "--json"];
    let fixed = world.paysheet().args(fix).run().exits(0);
    assert_eq!(fixed.json()["fixed_file"], "mended.csv");
    let send = world
        .paysheet()
        .args(["send", "mended.csv", "--batch", "june", "--json"])
        .run()
        .exits(0);
    assert_eq!(send.json()["created_now"], 1);
    assert_eq!(world.table("june.sandbox.results.csv").rows.len(), 2);
}

#[test]
fn problems_are_marked_in_the_users_own_sheet() {
    let world = world();
    let book = Book::simple()
        .row(&[
            text("Asha"),
            number("9876543210", "0"),
            number("1250.5", "0"),
            String::new(),
        ])
        .row(&[
            text("Ravi"),
            number("9876543211", "0"),
            text("6/-"),
            String::new(),
        ]);
    world.sheet("book.xlsx", book.bytes());
    for (name, first) in [
        ("june.csv", ["name", "phone", "amount", "dept"]),
        ("book.xlsx", ["name", "phone", "amount", "link_expiry"]),
    ] {
        let command = ["validate", name, "--marked", "marked.xlsx", "--json"];
        let output = world.paysheet().args(command).run().exits(3);
        assert_eq!(output.json()["marked_file"], "marked.xlsx");
        output.says(["every problem is marked in marked.xlsx"]);
        assert_eq!(world.mode("marked.xlsx"), 0o600);
        let rows = sheet(&world, "marked.xlsx");
        assert_eq!(rows[0], first);
        assert_eq!(rows[1][0], "Asha");
        let comments = part(&world, "marked.xlsx", "xl/comments1.xml");
        assert!(comments.contains("To mend it: "), "{comments}");
        assert!(comments.contains("validate --fix writes it"), "{comments}");
        let cells = part(&world, "marked.xlsx", "xl/worksheets/sheet1.xml");
        assert!(!cells.contains("<f>"), "{cells}");
        // The marked cell looks other than its neighbour.
        let style = |cell: &str| {
            let at = cells.find(&format!("r=\"{cell}\"")).expect("the cell");
            cells[at..]
                .split("s=\"")
                .nth(1)
                .unwrap()
                .split('"')
                .next()
                .unwrap()
                .to_owned()
        };
        assert_ne!(style("A2"), style("C2"));
    }
}

/// Sent under its own name, the corrected copy would pay again whoever was paid from the sheet.
#[test]
fn the_marked_copy_goes_on_with_the_same_batch() {
    let world = World::new();
    world.sheet(
        "june.csv",
        "name;Cell;amount\nAsha;9876543210;5\nRavi;9876543211;6\nMeera;98;7\n",
    );
    let reading = ["--map", "phone=Cell"];
    let send = world.paysheet().args(["send", "june.csv", "--yes"]);
    let send = send.args(["--skip-invalid", "--delimiter", "semicolon"]);
    send.args(reading).run().exits(4);
    let validate = ["validate", "june.csv", "--marked", "june-marked.xlsx"];
    let validate = world.paysheet().args(validate).args(reading);
    let marked = validate.args(["--delimiter", "semicolon"]).run().exits(3);
    let shown = "paysheet send june-marked.xlsx --map phone=Cell --batch june\n";
    assert!(marked.all().contains(shown), "{marked}");
    let words = shown.trim().split(' ').skip(1).map(str::to_owned);
    let go_on = world
        .paysheet()
        .args(words)
        .args(["--skip-invalid", "--json"]);
    let sent = go_on.run().exits(4);
    assert_eq!(sent.json()["created_now"], 0, "{sent}");
    assert_eq!(sent.json()["states"]["created"], 2, "{sent}");
}

/// A part of a workbook, unpacked by another program.
fn part(world: &World, name: &str, part: &str) -> String {
    let bytes = world.bytes(name);
    crate::support::book::unzip(&bytes, part)
}

#[test]
fn a_marked_sheet_takes_the_place_of_nothing_else() {
    let world = world();
    let mark = |name: &str| {
        world
            .paysheet()
            .args(["validate", "june.csv", "--marked", name])
            .run()
    };
    mark("marked.xlsx").exits(3);
    mark("marked.xlsx").exits(3);
    world.sheet("theirs.xlsx", Book::simple().bytes());
    world
        .paysheet()
        .args(["template", "own.xlsx"])
        .run()
        .exits(0);
    for name in ["theirs.xlsx", "own.xlsx"] {
        let before = world.bytes(name);
        mark(name)
            .exits(1)
            .says(["was not written by paysheet, so it is left alone"]);
        assert_eq!(world.bytes(name), before);
    }
    mark("marked.csv").exits(2).says(["does not end in .xlsx"]);
    mark("june.csv").exits(2);
    // Once the sheet is sound, an old marked one would mislead.
    world.sheet("june.csv", "name,phone,amount\nAsha,9876543210,5\n");
    mark("marked.xlsx").exits(0);
    assert!(!world.has("marked.xlsx"));
}

/// A copy holds texts alone: what made a cell doubtful is gone from it, and the cell must be refused all the same.
#[test]
fn a_cell_that_cannot_be_trusted_is_payable_in_no_copy() {
    let uncalculated = "<c><f>A1</f></c>".to_owned();
    let rows = [
        [number("9876543210", "0"), number("5", "$#,##0.00")],
        [number("9876543211", "0"), number("1250.5", "0")],
        [number("9876543212", "0"), number("5", "0%")],
        [number("9876543213", "0"), number("1250000", "#,##0.00,")],
        [number("9876543214", "0"), number("5", ";;;")],
        [number("-9876543215", "0"), number("5", "0")],
    ];
    let mut book = Book::new().row(&["name", "phone", "amount", "cashgram_id"].map(text));
    for [phone, amount] in rows {
        book = book.row(&[text("Asha"), phone, amount, text("")]);
    }
    let book = book
        .row(&[text("Asha"), text("9876543216"), text("5"), uncalculated])
        .row(&[text("Ravi"), text("9876543217"), text("500/-"), text("A1")]);
    let world = World::new();
    world.sheet("book.xlsx", book.bytes());
    for (option, copy) in [
        ("--fix", "fixed.csv"),
        ("--fix", "fixed.xlsx"),
        ("--marked", "marked.xlsx"),
    ] {
        let command = ["validate", "book.xlsx", option, copy, "--json"];
        let made = world.paysheet().args(command).run().exits(3);
        let faults = made.json()["invalid"].as_u64().expect("a count");
        assert_eq!(faults, 8);
        let copy = ["validate", copy, "--json"];
        let read = world.paysheet().args(copy).run().exits(3);
        let repaired = u64::from(option == "--fix");
        assert_eq!(read.json()["invalid"], faults - repaired);
        assert_eq!(read.json()["valid"], repaired);
    }
}

#[test]
fn a_mended_sheet_runs_nothing() {
    let world = World::new();
    let sheet = "name,phone,amount,link_expiry\nAsha,+HYPERLINK(x),5 INR,\n\
        Ravi,9876543211,6,+cmd|x\nMeera,+91 98765 43212,7,+7d\n";
    world.sheet("june.csv", sheet);
    let command = ["validate", "june.csv", "--fix", "fixed.csv"];
    world.paysheet().args(command).run().exits(3);
    let fixed = world.text("fixed.csv");
    assert!(fixed.contains(",'+HYPERLINK(x),"), "{fixed}");
    assert!(fixed.contains(",'+cmd|x"), "{fixed}");
    assert!(fixed.contains(",+91 98765 43212,7,+7d"), "{fixed}");
}
