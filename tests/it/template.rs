//! `paysheet template`: what it gives can be filled in and paid, its example is not, and it takes the place of nothing.

use crate::support::*;

#[test]
fn the_template_on_stdout_is_a_sheet_without_anybody_to_pay() {
    let world = World::new();
    let output = world.paysheet().arg("template").run().exits(0);
    assert!(output.stderr.is_empty(), "{output}");
    assert!(
        output
            .stdout
            .starts_with("name,phone,amount,email,link_expiry,cashgram_id,")
    );
    world.sheet("june.csv", &output.stdout);
    let validate = || {
        let command = ["validate", "june.csv", "--json"];
        world.paysheet().args(command).run()
    };
    let run = validate().exits(3).says([
        "line 2, name",
        "this is the template's example row, which pays nobody",
        "remove the row, or replace all of its cells",
    ]);
    let json = run.json();
    assert_eq!(json["problems"], serde_json::json!({"row.example": 1}));
    assert_eq!(json["amount_total"], "0.00");
    // A part of it that was left in place is the example still.
    let row = "Asha Menon,9000000001,1.00,,,,,,,";
    let header = output.stdout.lines().next().unwrap();
    for (part, exit) in [
        ("", 0),
        ("Example Person - remove this row", 3),
        ("remove.this.row@example.com", 3),
    ] {
        let row = match part.contains('@') {
            true => row.replacen(",,", &format!(",{part},"), 1),
            false if part.is_empty() => row.to_owned(),
            false => row.replace("Asha Menon", part),
        };
        world.sheet("june.csv", format!("{header}\n{row}\n"));
        validate().exits(exit);
    }
}

#[test]
fn files_are_written_where_nothing_stands() {
    let world = World::new();
    for words in [
        &["template", "a.xlsx"][..],
        &["template", "--xlsx", "b.xlsx"],
        &["template", "c.csv"],
    ] {
        let name = *words.last().unwrap();
        world
            .paysheet()
            .args(words)
            .run()
            .exits(0)
            .says([format!("template written: {name}")]);
        assert_eq!(world.mode(name), 0o600);
        let validated = world.paysheet().args(["validate", name]).run();
        validated
            .exits(3)
            .says(["1 problem", "row.example"])
            .hides(["not read"]);
        let before = world.bytes(name);
        world
            .paysheet()
            .args(words)
            .run()
            .exits(1)
            .says([name, "is there already, and is left alone"]);
        assert_eq!(world.bytes(name), before);
    }
    world.paysheet().args(["send", "a.xlsx"]).run().exits(3);
    assert!(!world.has("a.sandbox.results.csv"));
    for words in [&["template", "a.txt"][..], &["template", "--xlsx", "a.csv"]] {
        world.paysheet().args(words).run().exits(2);
    }
}
