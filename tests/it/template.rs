//! `paysheet template`: what it gives can be filled in and paid, and it takes the place of nothing.

use crate::support::*;

#[test]
fn the_template_on_stdout_is_a_payable_sheet() {
    let world = World::new();
    let output = world.paysheet().arg("template").run().exits(0);
    assert!(output.stderr.is_empty(), "{output}");
    assert!(
        output
            .stdout
            .starts_with("name,phone,amount,email,link_expiry,cashgram_id,")
    );
    world.sheet("june.csv", &output.stdout);
    let json = world
        .paysheet()
        .args(["validate", "june.csv", "--json"])
        .run()
        .exits(0)
        .json();
    assert_eq!(
        (&json["valid"], &json["amount_total"]),
        (&1.into(), &"1.00".into())
    );
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
            .exits(0)
            .says(["1 row, ₹1.00: it is payable"])
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
    world.paysheet().args(["send", "a.xlsx"]).run().exits(0);
    let table = world.table("a.sandbox.results.csv");
    assert_eq!(
        (&*table.rows[0]["phone"], &*table.rows[0]["amount"]),
        ("9000000001", "1.00")
    );
    for words in [&["template", "a.txt"][..], &["template", "--xlsx", "a.csv"]] {
        world.paysheet().args(words).run().exits(2);
    }
}
