//! `paysheet results --xlsx`: the results as a workbook, read back with a reader that is not ours.
//!
//! Deliberately absent: how it looks, which people judge.

use calamine::{Data, Reader as _, Xlsx, open_workbook};

use crate::support::*;

/// The cells of a sheet.
fn cells(world: &World, name: &str, sheet: &str) -> Vec<Vec<Data>> {
    let mut book: Xlsx<_> = open_workbook(world.path(name)).expect("a workbook");
    let range = book.worksheet_range(sheet).expect("the sheet");
    range.rows().map(<[Data]>::to_vec).collect()
}

fn text(data: &Data) -> String {
    match data {
        Data::Empty => String::new(),
        Data::String(text) => text.clone(),
        other => panic!("{other:?} is no text"),
    }
}

fn number(data: &Data) -> f64 {
    match data {
        Data::Float(number) => *number,
        other => panic!("{other:?} is no number"),
    }
}

/// A column of texts below its name.
pub(crate) fn texts(world: &World, name: &str, sheet: &str, column: &str) -> Vec<String> {
    let rows = cells(world, name, sheet);
    let place = rows[0].iter().position(|cell| text(cell) == column);
    let place = place.expect("the column");
    rows[1..].iter().map(|row| text(&row[place])).collect()
}

const SHEET: &str = "name,phone,amount,formula\nAsha,9000000001,1250.5,=1+1\nRavi,+91 90000 00002,\"1,00,000.10\",@x\n\
    Meera,9000000003,33.3,\"<b>&amp;\"\n";

fn sent() -> World {
    let world = World::new();
    world.sheet("june.csv", SHEET);
    world.paysheet().args(["send", "june.csv"]).run().exits(0);
    world
}

#[test]
fn rows_and_totals_are_the_checkpoints() {
    let world = sent();
    let output = world
        .paysheet()
        .args(["results", "june.csv", "--xlsx", "--json"])
        .run()
        .exits(0);
    assert_eq!(output.json()["results"], "june.sandbox.results.xlsx");
    assert_eq!(world.mode("june.sandbox.results.xlsx"), 0o600);
    let rows = cells(&world, "june.sandbox.results.xlsx", "results");
    let csv = world.table("june.sandbox.results.csv");
    let header: Vec<String> = rows[0].iter().map(text).collect();
    assert_eq!(header, csv.columns);
    let column = |name: &str| header.iter().position(|column| column == name).unwrap();
    for (row, wanted) in rows[1..].iter().zip(&csv.rows) {
        for name in [
            "name",
            "phone",
            "cashgram_id",
            "reference_id",
            "cashgram_link",
            "state",
            "environment",
        ] {
            // What the CSV must guard, a text in a workbook need not.
            let wanted = wanted[name].trim_start_matches('\'');
            assert_eq!(text(&row[column(name)]), wanted, "{name}");
        }
        assert_eq!(number(&row[column("attempts")]), 1.0);
        assert!(
            matches!(row[column("created_at")], Data::DateTime(_)),
            "{row:?}"
        );
    }
    let amounts: Vec<f64> = rows[1..]
        .iter()
        .map(|row| number(&row[column("amount")]))
        .collect();
    assert_eq!(amounts, [1250.5, 100_000.1, 33.3]);
    let formulas: Vec<String> = rows[1..]
        .iter()
        .map(|row| text(&row[column("formula")]))
        .collect();
    assert_eq!(formulas, ["=1+1", "@x", "<b>&amp;"]);
    let totals = cells(&world, "june.sandbox.results.xlsx", "totals");
    let line = |word: &str| {
        let line = totals
            .iter()
            .find(|line| line[0] == word)
            .expect("the line");
        (number(&line[1]), number(&line[2]))
    };
    assert_eq!(line("created"), (3.0, 101_283.9));
    assert_eq!(line("all rows"), (3.0, 101_283.9));
    assert_eq!(line("all created"), (3.0, 101_283.9));
    assert!(
        totals
            .iter()
            .any(|line| line[0] == "environment" && line[1] == "sandbox")
    );
}

/// A formula would need an `f` element in a cell; there is none in the file.
#[test]
fn no_cell_is_a_formula() {
    let world = sent();
    world
        .paysheet()
        .args(["results", "june.csv", "--xlsx", "out.xlsx"])
        .run()
        .exits(0);
    let mut book: Xlsx<_> = open_workbook(world.path("out.xlsx")).unwrap();
    for sheet in ["results", "totals"] {
        let formulas = book.worksheet_formula(sheet).unwrap();
        assert!(formulas.rows().flatten().all(String::is_empty), "{sheet}");
    }
}

#[test]
fn only_our_own_workbook_is_written_over() {
    let world = sent();
    let write = |name: &str| {
        world
            .paysheet()
            .args(["results", "june.csv", "--xlsx", name])
            .run()
    };
    write("out.xlsx").exits(0);
    let first = world.bytes("out.xlsx");
    write("out.xlsx").exits(0);
    assert_eq!(world.bytes("out.xlsx"), first);
    let theirs = crate::support::book::Book::simple().bytes();
    world.sheet("theirs.xlsx", &theirs);
    world.sheet("text.xlsx", "mine");
    for name in ["theirs.xlsx", "text.xlsx"] {
        let before = world.bytes(name);
        write(name)
            .exits(1)
            .says([name, "was not written by paysheet, so it is left alone"]);
        assert_eq!(world.bytes(name), before);
    }
    write("out.csv").exits(2).says(["does not end in .xlsx"]);
    let names = world.names();
    assert!(
        !names.iter().any(|name| name.starts_with(".paysheet")),
        "{names:?}"
    );
}
