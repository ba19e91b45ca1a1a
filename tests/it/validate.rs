//! `paysheet validate`: all problems of all rows in one pass, and nothing sent or left behind but the list of them.

use std::collections::BTreeMap;

use crate::support::world::india_day;
use crate::support::*;

/// Bad rows, one problem each, with the column and the code that they must be given.
const BAD: [(&str, &str, &str); 34] = [
    (",9000000001,1.00,,,,,,,", "name", "name.missing"),
    ("Jo@n,9000000002,1.00,,,,,,,", "name", "name.characters"),
    ("Asha 3,,1.00,,,,,,,", "phone", "phone.missing"),
    (
        "Asha 4,9.19876E+11,1.00,,,,,,,",
        "phone",
        "phone.scientific",
    ),
    ("Asha 5,12345,1.00,,,,,,,", "phone", "phone.length"),
    ("Asha 6,5000000006,1.00,,,,,,,", "phone", "phone.start"),
    (
        "Asha 7,+44 7911 123456,1.00,,,,,,,",
        "phone",
        "phone.country",
    ),
    ("Asha 8,9000000oo8,1.00,,,,,,,", "phone", "phone.letters"),
    ("Asha 9,9000000009.0,1.00,,,,,,,", "phone", "phone.decimal"),
    ("Asha 10,9000000010,,,,,,,,", "amount", "amount.missing"),
    (
        "Asha 11,9000000011,1.234,,,,,,,",
        "amount",
        "amount.decimals",
    ),
    ("Asha 12,9000000012,-5,,,,,,,", "amount", "amount.negative"),
    (
        "Asha 13,9000000013,0.99,,,,,,,",
        "amount",
        "amount.too_small",
    ),
    (
        "Asha 14,9000000014,1e3,,,,,,,",
        "amount",
        "amount.scientific",
    ),
    (
        "Asha 15,9000000015,\"1,234,56.00\",,,,,,,",
        "amount",
        "amount.grouping",
    ),
    (
        "Asha 16,9000000016,\"12,50\",,,,,,,",
        "amount",
        "amount.comma_decimal",
    ),
    ("Asha 17,9000000017,ten,,,,,,,", "amount", "amount.format"),
    (
        "Asha 18,9000000018,99999999999,,,,,,,",
        "amount",
        "amount.too_large",
    ),
    (
        "Asha 19,9000000019,5000.01,,,,,,,",
        "amount",
        "amount.above_max",
    ),
    ("Asha 20,9000000020,1.00,nobody,,,,,,", "email", "email.at"),
    (
        "Asha 21,9000000021,1.00,a@localhost,,,,,,",
        "email",
        "email.domain",
    ),
    (
        "Asha 22,9000000022,1.00,,2020/01/01,,,,,",
        "link_expiry",
        "expiry.past",
    ),
    (
        "Asha 23,9000000023,1.00,,2099/01/01,,,,,",
        "link_expiry",
        "expiry.too_far",
    ),
    (
        "Asha 24,9000000024,1.00,,soon,,,,,",
        "link_expiry",
        "expiry.format",
    ),
    (
        "Asha 25,9000000025,1.00,,2026/02/30,,,,,",
        "link_expiry",
        "expiry.no_such_date",
    ),
    (
        "Asha 26,9000000026,1.00,,,has space,,,,",
        "cashgram_id",
        "id.characters",
    ),
    (
        "Asha 27,9000000027,1.00,,,OVER_1,,,,",
        "cashgram_id",
        "id.duplicate",
    ),
    (
        "Asha 28,9000000028,1.00,,,,bad-remark!,,,",
        "remarks",
        "remarks.characters",
    ),
    (
        "Asha 29,9000000029,1.00,,,,,Type9,,",
        "payout_type",
        "payout_type.characters",
    ),
    (
        "Asha 30,9000000030,1.00,,,,,,100%,",
        "description",
        "description.characters",
    ),
    (
        "Asha 31,9000000031,1.00,,,,,,,maybe",
        "notify",
        "notify.format",
    ),
    ("Asha 0,9000000000,1.00,,,,,,,", "phone", "row.duplicate"),
    ("Asha 33,9000000033,1.00,,,,,,", "", "row.columns"),
    (
        "Asha 34,9000000034,1.00,,2030-01-01,,,,,",
        "link_expiry",
        "expiry.style",
    ),
];

fn bad_sheet() -> String {
    let mut text =
        "name,phone,amount,email,link_expiry,cashgram_id,remarks,payout_type,description,notify\n\
         Asha 0,9000000000,1.00,,,OVER_1,,,,\n"
            .to_owned();
    // The first row is sound; its twin below has no id of its own, so the sound one must not either.
    text = text.replace("OVER_1", "");
    text.push_str("Asha 1,9000000099,1.00,,,OVER_1,,,,\n");
    for (row, _, _) in BAD {
        text.push_str(row);
        text.push('\n');
    }
    text
}

#[test]
fn thirty_four_kinds_of_bad_cells_are_all_listed_in_one_pass() {
    let world = World::new();
    world.sheet("june.csv", bad_sheet());
    let run = world
        .paysheet()
        .args(["validate", "june.csv", "--max-amount", "5000", "--json"])
        .run()
        .exits(3)
        .says(["june.problems.csv", "34 problems"]);
    let table = world.table("june.problems.csv");
    assert_eq!(
        table.columns,
        ["line", "row", "column", "value", "code", "problem", "fix"]
    );
    let mut wanted: Vec<(String, String, &str, &str)> = Vec::new();
    for (at, (_, column, code)) in BAD.into_iter().enumerate() {
        wanted.push(((at + 4).to_string(), (at + 3).to_string(), column, code));
    }
    let found: Vec<(String, String, &str, &str)> = table
        .rows
        .iter()
        .map(|row| {
            (
                row["line"].clone(),
                row["row"].clone(),
                row["column"].as_str(),
                row["code"].as_str(),
            )
        })
        .collect();
    assert_eq!(found, wanted, "{run}");
    for row in &table.rows {
        assert!(
            !row["problem"].is_empty() && !row["fix"].is_empty(),
            "{row:?}"
        );
    }
    assert_eq!(world.mode("june.problems.csv"), 0o600);
    // The list has whole values, the screen masked ones.
    assert!(table.column("value").contains(&"9000000oo8"));
    run.hides([
        "9000000oo8",
        "9000000000",
        "911 123456",
        "nobody@",
        "a@localhost",
    ]);
    assert_eq!(world.names(), ["june.csv", "june.problems.csv"]);
}

#[test]
fn the_json_object_has_exactly_the_documented_keys() {
    let world = World::new();
    world.sheet("june.csv", bad_sheet());
    let run = world
        .paysheet()
        .args(["validate", "june.csv", "--json"])
        .run()
        .exits(3);
    let line = run.json_line();
    let keys = [
        "command",
        "sheet",
        "rows",
        "valid",
        "invalid",
        "amount_total",
        "problems",
        "warnings",
        "problems_file",
        "exit",
        "message",
    ];
    in_order(&line, &keys);
    let json = run.json();
    assert_eq!(json.as_object().unwrap().len(), keys.len());
    assert_eq!(json["command"], "validate");
    assert_eq!(json["sheet"], "june.csv");
    assert_eq!(
        (json["rows"].as_u64(), json["valid"].as_u64()),
        (Some(36), Some(3))
    );
    assert_eq!(json["invalid"], 33);
    assert_eq!(json["problems_file"], "june.problems.csv");
    assert_eq!(json["exit"], 3);
    let problems: BTreeMap<String, u64> = serde_json::from_value(json["problems"].clone()).unwrap();
    assert_eq!(problems.values().sum::<u64>(), 33);
    assert_eq!(problems["phone.scientific"], 1);
}

/// Panics unless the keys stand in the line in this order.
pub(crate) fn in_order(line: &str, keys: &[&str]) {
    let mut from = 0;
    for key in keys {
        let wanted = format!("\"{key}\":");
        let at = line[from..].find(&wanted);
        from += at.unwrap_or_else(|| panic!("{wanted} is missing or out of order in {line}"));
    }
}

#[test]
fn a_clean_check_says_the_total_and_removes_the_old_list() {
    let world = World::new();
    world.sheet("june.csv", "name,phone,amount\nAsha,12,5\n");
    world
        .paysheet()
        .args(["validate", "june.csv"])
        .run()
        .exits(3);
    assert!(world.has("june.problems.csv"));
    world.sheet(
        "june.csv",
        "name,phone,amount\nAsha,9000000001,\"1,23,456.50\"\nRavi,9000000002,₹2\n",
    );
    let run = world
        .paysheet()
        .args(["validate", "june.csv", "--json"])
        .run()
        .exits(0)
        .says(["2 rows", "1,23,458.50"]);
    assert_eq!(run.json()["amount_total"], "123458.50");
    assert_eq!(run.json()["problems"], serde_json::json!({}));
    assert_eq!(run.json()["problems_file"], serde_json::Value::Null);
    assert_eq!(world.names(), ["june.csv"]);
}

#[test]
fn another_programs_file_in_the_place_of_the_list_is_left_alone() {
    let world = World::new();
    world.sheet("june.csv", "name,phone,amount\nAsha,12,5\n");
    world.sheet("june.problems.csv", "my own notes\n");
    let run = world
        .paysheet()
        .args(["validate", "june.csv", "--json"])
        .run();
    run.exits(1).says([
        "june.problems.csv",
        "not written by paysheet",
        "move it away",
        "phone.length",
    ]);
    assert_eq!(world.text("june.problems.csv"), "my own notes\n");
    // A clean check does not need it.
    world.sheet("june.csv", rows(1));
    let clean = world.paysheet().args(["validate", "june.csv"]).run();
    clean.exits(0);
    assert_eq!(world.text("june.problems.csv"), "my own notes\n");
}

#[test]
fn a_link_in_the_place_of_the_list_is_not_followed() {
    let world = World::new();
    world.sheet("june.csv", "name,phone,amount\nAsha,12,5\n");
    world.sheet("theirs.csv", "line,row,column,value,code,problem,fix\n");
    std::os::unix::fs::symlink(world.path("theirs.csv"), world.path("june.problems.csv")).unwrap();
    world
        .paysheet()
        .args(["validate", "june.csv"])
        .run()
        .exits(1);
    assert_eq!(
        world.text("theirs.csv"),
        "line,row,column,value,code,problem,fix\n"
    );
}

#[test]
fn control_totals_are_compared_over_the_whole_sheet() {
    let world = World::new();
    world.sheet(
        "june.csv",
        "name,phone,amount\nAsha,9000000001,10.10\nRavi,9000000002,20.25\n",
    );
    let check = |options: &[&str]| {
        world
            .paysheet()
            .args(["validate", "june.csv"])
            .args(options)
            .run()
    };
    check(&["--expect-count", "2", "--expect-total", "30.35"]).exits(0);
    check(&["--expect-total", "₹30.35"]).exits(0);
    check(&["--expect-count", "3"])
        .exits(3)
        .says(["2 rows", "--expect-count says 3"]);
    check(&["--expect-total", "30.36"])
        .exits(3)
        .says(["30.35", "--expect-total says ₹30.36"]);
    world.sheet(
        "july.csv",
        "name,phone,amount\nAsha,9000000001,5\nRavi,9000000002,6/-\n",
    );
    let command = ["validate", "july.csv", "--expect-total", "11"];
    world.paysheet().args(command).run().exits(3).says([
        "adds up to ₹5.00, without 1 amount that cannot be read, --expect-total says ₹11.00: ₹6.00 too little",
    ]);
    check(&["--max-amount", "20.24"])
        .exits(3)
        .says(["amount.above_max"]);
    check(&["--max-amount", "20.25"]).exits(0);
    check(&["--expect-total", "thirty"]).exits(2);
    check(&["--expect-total", "13,50.50"])
        .exits(2)
        .says(["the commas in the amount stand where no grouping puts them"]);
    check(&["--expect-count", "-1"]).exits(2);
}

#[test]
fn twins_are_a_problem_unless_they_are_meant() {
    let world = World::new();
    let twins =
        "name,phone,amount\nAsha,9000000001,10\nRavi,9000000002,20\nasha,+91 90000-00001,10.00\n";
    world.sheet("june.csv", twins);
    world
        .paysheet()
        .args(["validate", "june.csv"])
        .run()
        .exits(3)
        .says(["row.duplicate", "line 2", "--allow-duplicates"]);
    world
        .paysheet()
        .args(["validate", "june.csv", "--allow-duplicates"])
        .run()
        .exits(0);
}

#[test]
fn amounts_and_phones_are_read_as_people_write_them() {
    let world = World::new();
    let sheet = "Employee Name,Mobile No.,Net Pay\n\
        A,+91 98765 43210,\"₹ 1,00,000.50\"\n\
        B,919876543211,\"Rs. 100,000.50\"\n\
        C,09876543212,INR 7\n\
        D,98765-43213,007.5\n\
        E,9876543214,7.50\n";
    world.sheet("june.csv", sheet.replace("007.5", "7.5"));
    let run = world
        .paysheet()
        .args(["validate", "june.csv", "--json"])
        .run()
        .exits(0);
    assert_eq!(run.json()["amount_total"], "200023.00");
}

#[test]
fn all_problems_of_a_row_are_told_at_once() {
    let world = World::new();
    world.sheet("june.csv", "name,phone,amount,email\n,12,1.234,x\n");
    let run = world
        .paysheet()
        .args(["validate", "june.csv", "--json"])
        .run()
        .exits(3);
    let codes = world.table("june.problems.csv");
    assert_eq!(
        codes.column("code"),
        [
            "name.missing",
            "phone.length",
            "amount.decimals",
            "email.at"
        ],
        "{run}"
    );
}

#[test]
fn the_first_twenty_are_shown_and_the_file_has_them_all() {
    let world = World::new();
    let mut text = "name,phone,amount\n".to_owned();
    for row in 0..500 {
        text.push_str(&format!("Asha {row},12,5\n"));
    }
    world.sheet("june.csv", text);
    let run = world
        .paysheet()
        .args(["validate", "june.csv"])
        .run()
        .exits(3);
    assert_eq!(
        run.all()
            .lines()
            .filter(|line| line.starts_with("line "))
            .count(),
        20
    );
    assert_eq!(world.table("june.problems.csv").rows.len(), 500);
    run.says(["500 problems", "500 phone.length"]);
}

#[test]
fn a_date_style_is_one_per_sheet_and_month_first_is_refused() {
    let world = World::new();
    let soon = world_date("%d/%m/%Y", 5);
    let sheet = |dates: &[&str]| {
        let mut text = "name,phone,amount,expiry\n".to_owned();
        for (row, date) in dates.iter().enumerate() {
            text.push_str(&format!("Asha,90000000{row:02},5,{date}\n"));
        }
        text
    };
    let check = |text: String| {
        world.sheet("june.csv", text);
        world.paysheet().args(["validate", "june.csv"]).run()
    };
    check(sheet(&[&soon, "", "+7d", &soon])).exits(0);
    check(sheet(&[
        &world_date("%Y-%m-%d", 30),
        "+30d",
        &world_date("%Y-%m-%d", 0),
    ]))
    .exits(0);
    check(sheet(&[&world_date("%Y/%m/%d", 31)]))
        .exits(3)
        .says(["expiry.too_far"]);
    check(sheet(&[&world_date("%Y/%m/%d", -1)]))
        .exits(3)
        .says(["expiry.past"]);
    check(sheet(&["+31d"])).exits(3);
    check(sheet(&[&soon, &world_date("%Y-%m-%d", 5)]))
        .exits(3)
        .says(["expiry.style"]);
    // A day above twelve in the second place can only be month first.
    check(sheet(&["11/23/2026", "11/24/2026"]))
        .exits(3)
        .says(["expiry.month_first"]);
}

fn world_date(format: &str, days: i64) -> String {
    india_day(days).strftime(format).to_string()
}
