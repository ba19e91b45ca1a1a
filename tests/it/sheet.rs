//! The sheet on its way through `send`: what stops a run before anything is asked, and what is carried how.

use serde_json::Value;

use crate::support::world::HEADER;
use crate::support::*;

/// Sends what must not be sent: the exit code, the words, and not one request.
#[track_caller]
fn refused(name: &str, bytes: &[u8], code: i32, words: &[&str]) {
    let (world, gate) = (World::new(), Gate::new());
    world.sheet(name, bytes);
    for command in ["send", "validate"] {
        let command = match command {
            "send" => world.send(name, &gate),
            _ => world.paysheet().args(["validate", name, "--json"]),
        };
        let run = command.run().exits(code).says(words).says([name]);
        let json = run.json();
        assert_eq!(json["exit"], code, "{run}");
    }
    assert_eq!(gate.asked(), 0);
    let left = world.names();
    assert!(
        left.iter()
            .all(|file| file == name || file.ends_with(".problems.csv")),
        "{left:?}"
    );
}

#[test]
fn a_sheet_that_is_not_there_or_not_a_file_stops_the_run() {
    let (world, gate) = (World::new(), Gate::new());
    std::fs::create_dir(world.path("folder.csv")).unwrap();
    for (name, word) in [
        ("missing.csv", "check the path"),
        ("folder.csv", "not a file"),
        ("no/such/folder/june.csv", "check the path"),
    ] {
        let run = world.send(name, &gate).run().exits(1).says([name, word]);
        let json = run.json();
        assert_eq!(
            (json["command"].as_str(), json["exit"].as_i64()),
            (Some("send"), Some(1))
        );
    }
    assert_eq!(gate.asked(), 0);
    assert_eq!(world.names(), ["folder.csv"]);
}

#[test]
fn a_file_without_rows_or_columns_is_not_payable() {
    refused("empty.csv", b"", 3, &["empty", "name,phone,amount"]);
    refused("blank.csv", b"\n\n\n", 3, &["empty"]);
    refused("mark.csv", "\u{feff}".as_bytes(), 3, &["empty"]);
    refused("head.csv", b"name,phone,amount\n", 3, &["no rows"]);
    refused("open.csv", b"name,phone,amount", 3, &["no rows"]);
    refused(
        "cols.csv",
        b"name,salary\nAsha,5\n",
        3,
        &[
            "line 1",
            "no column for phone",
            "amount",
            "found: name, salary",
        ],
    );
    refused(
        "two.csv",
        b"name,phone,Mobile Number,amount\nAsha,1,2,3\n",
        3,
        &["line 1", "phone", "Mobile Number", "keep one, or rename"],
    );
    refused(
        "ids.csv",
        b"name,phone,amount,cashgram id,transfer_id\nAsha,9000000001,5,A,B\n",
        3,
        &["cashgram id", "transfer_id", "keep one, or rename"],
    );
}

#[test]
fn a_file_of_another_encoding_is_refused_with_the_place() {
    let remedy = "save it as \"CSV UTF-8\"";
    refused(
        "latin.csv",
        b"name,phone,amount\nJos\xe9,9000000001,1\n",
        1,
        &["line 2", "byte 21", remedy],
    );
    refused(
        "nul.csv",
        b"name,phone,amount\nJo\0,9000000001,1\n",
        1,
        &["NUL", "line 2", "byte 20"],
    );
    let wide =
        |order: fn(u16) -> [u8; 2]| -> Vec<u8> { rows(2).encode_utf16().flat_map(order).collect() };
    for (name, order) in [
        ("le.csv", u16::to_le_bytes as fn(u16) -> [u8; 2]),
        ("be.csv", u16::to_be_bytes),
    ] {
        let option = format!("--encoding utf-16{}", &name[..2]);
        refused(name, &wide(order), 1, &["UTF-16", remedy, &option]);
    }
    refused(
        "book.csv",
        b"PK\x03\x04\x14\0\0\0\x08\0rest",
        1,
        &["workbook"],
    );
}

#[test]
fn a_torn_row_is_named_by_its_line() {
    refused(
        "short.csv",
        b"name,phone,amount\nAsha,9000000001,5\nRavi,9000000002\n",
        3,
        &["line 3", "row.columns"],
    );
    refused(
        "long.csv",
        b"name,phone,amount\nAsha,9000000001,1,000.00\n",
        3,
        &[
            "line 2",
            "row.columns",
            "quotes around cells that hold a comma",
        ],
    );
    refused(
        "quote.csv",
        b"name,phone,amount\nAsha,9000000001,5\n\"Ravi,9000000002,5\n",
        3,
        &["line 3", "quote", "never closed"],
    );
}

#[test]
fn problems_stop_the_whole_sheet_unless_bad_rows_are_to_be_skipped() {
    let (world, gate) = (World::new(), Gate::new());
    let text = format!("{}Bad,12,5\nWorse,9000000777,-1\n", rows(5));
    world.sheet("june.csv", &text);
    let run = world.send("june.csv", &gate).run().exits(3).says([
        "2 of 7 rows",
        "nothing was sent",
        "june.problems.csv",
    ]);
    let keys: Vec<String> = run.json().as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys.len(), 3, "{run}");
    assert_eq!((gate.asked(), gate.books().len()), (0, 0));
    assert_eq!(world.names(), ["june.csv", "june.problems.csv"]);

    let run = world
        .send("june.csv", &gate)
        .arg("--skip-invalid")
        .run()
        .exits(4)
        .says(["2 rows were skipped", "june.problems.csv"]);
    audit(&world, "june.test.results.csv", &gate);
    let results = world.table("june.test.results.csv");
    assert_eq!(
        (results.states("created"), results.states("invalid")),
        (5, 2),
        "{run}"
    );
    // Mended, they are sent; the others are left alone.
    world.sheet(
        "june.csv",
        text.replace(",12,", ",9000000666,").replace("-1", "1"),
    );
    let run = world.send("june.csv", &gate).run().exits(0);
    assert_eq!(run.json()["created_now"], 2, "{run}");
    audit(&world, "june.test.results.csv", &gate);
    assert_eq!(gate.books().len(), 7);
    assert!(!world.has("june.problems.csv"));
}

#[test]
fn wrong_control_totals_stop_the_run_before_a_request() {
    let (world, gate) = (World::new(), Gate::new());
    world.sheet("june.csv", rows(3));
    for (option, value, words) in [
        ("--expect-count", "4", "--expect-count says 4"),
        ("--expect-total", "1.00", "--expect-total says ₹1.00"),
        ("--max-amount", "2.50", "amount.above_max"),
    ] {
        let run = world.send("june.csv", &gate).args([option, value]).run();
        run.exits(3).says([words, "nothing was sent"]);
    }
    assert_eq!((gate.asked(), gate.books().len()), (0, 0));
    // Over the whole sheet, also when a part of it is left to send: 2.01 + 3.02 + 4.03.
    world
        .send("june.csv", &gate)
        .args(["--expect-count", "3", "--expect-total", "9.06"])
        .run()
        .exits(0);
    world.sheet("june.csv", rows(4));
    let more = world
        .send("june.csv", &gate)
        .args(["--expect-count", "4", "--expect-total", "14.10"])
        .run()
        .exits(0);
    assert_eq!(more.json()["created_now"], 1);
}

#[test]
fn meant_twins_are_two_payouts() {
    let (world, gate) = (World::new(), Gate::new());
    world.sheet(
        "june.csv",
        "name,phone,amount\nAsha,9000000001,5\nAsha,9000000001,5\n",
    );
    world
        .send("june.csv", &gate)
        .run()
        .exits(3)
        .says(["row.duplicate"]);
    assert_eq!(gate.asked(), 0);
    world
        .send("june.csv", &gate)
        .arg("--allow-duplicates")
        .run()
        .exits(0);
    audit(&world, "june.test.results.csv", &gate);
    assert_eq!(gate.books().len(), 2);
    // And stay two.
    let again = world
        .send("june.csv", &gate)
        .arg("--allow-duplicates")
        .run()
        .exits(0);
    assert_eq!(again.json()["requests"], 0, "{again}");
    assert_eq!(gate.books().len(), 2);
}

#[test]
fn marks_line_ends_and_quoted_newlines_change_nothing() {
    let (world, gate) = (World::new(), Gate::new());
    let text = "\u{feff}Name,PHONE,\"Amount\",Address\r\n\
        \"Asha Menon\",\"+91 90000 00001\",\"1,00,000\",\"12, Main Road\r\nKochi \"\"East\"\"\"\r\n\
        Ravi,9000000002,5,\r\n\r\n   \r\n,,,\r\n";
    world.sheet("june.csv", text);
    world.send("june.csv", &gate).run().exits(0);
    audit(&world, "june.test.results.csv", &gate);
    let results = world.table("june.test.results.csv");
    assert_eq!(results.columns[..4], ["Name", "PHONE", "Amount", "Address"]);
    assert_eq!(results.rows.len(), 2, "{results:?}");
    assert_eq!(
        results.cell(1, "Address"),
        "12, Main Road\r\nKochi \"East\""
    );
    assert_eq!(results.cell(1, "Amount"), "1,00,000");
    // `+91 90000 00001` would be taken for a formula.
    assert_eq!(results.cell(1, "PHONE"), "'+91 90000 00001");
    let amounts: Vec<i64> = gate.booked().iter().map(|booked| booked.amount).collect();
    assert!(amounts.contains(&10_000_000) && amounts.contains(&500));
}

#[test]
fn own_ids_unknown_columns_and_columns_named_like_ours_are_carried() {
    let (world, raw) = (World::new(), Raw::honest());
    let text = "emp no,name,phone,amount,State,Transfer ID,utr,note\n\
        E1,Asha,9000000001,5,Kerala,JUN_0001,x,first\n\
        E2,Ravi,9000000002,6,Goa,,y,=1+2\n\
        -5,Mina,9000000003,7,@home,jun-3,z,\n";
    world.sheet("june.csv", text.replace("=1+2", ""));
    world.send("june.csv", &raw).run().exits(0);
    audit(&world, "june.test.results.csv", &raw);
    let results = world.table("june.test.results.csv");
    let ours = [
        "cashgram_id",
        "reference_id",
        "cashgram_link",
        "state",
        "status",
        "status_reason",
        "utr",
        "error_code",
        "error_message",
        "attempts",
        "created_at",
        "checked_at",
        "environment",
    ];
    let theirs = [
        "emp no",
        "name",
        "phone",
        "amount",
        "sheet_state",
        "sheet_utr",
        "note",
    ];
    assert_eq!(results.columns, [&theirs[..], &ours[..]].concat());
    assert_eq!(results.column("sheet_state"), ["Kerala", "Goa", "'@home"]);
    assert_eq!(results.column("emp no"), ["E1", "E2", "-5"]);
    let ids = results.column("cashgram_id");
    assert_eq!((ids[0], ids[2]), ("JUN_0001", "jun-3"));
    let derived = ids[1];
    assert!(
        derived.starts_with("june-") && derived.len() <= 35,
        "{derived}"
    );
    let ledger = raw.ledger();
    assert_eq!(ledger.cashgrams.len(), 3);
    assert!(ledger.cashgrams.contains_key("JUN_0001"));
}

#[test]
fn what_a_spreadsheet_would_run_is_guarded_in_the_results() {
    let (world, gate) = (World::new(), Gate::new());
    let text = "name,phone,amount,memo\n\
        A,9000000001,5,\"=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"\n\
        B,9000000002,5,+1-2\nC,9000000003,5,-12.50\nD,9000000004,5,@SUM(A1)\nE,9000000005,5,\"\t=1\"\nF,9000000006,5,a=b\n";
    world.sheet("june.csv", text);
    world.send("june.csv", &gate).run().exits(0);
    let results = world.table("june.test.results.csv");
    assert_eq!(
        results.column("memo"),
        [
            "'=HYPERLINK(\"http://x\",\"y\")",
            "'+1-2",
            "-12.50",
            "'@SUM(A1)",
            "'\t=1",
            "a=b"
        ]
    );
}

#[test]
fn what_leaves_for_the_gateway_is_what_the_sheet_says() {
    let (world, raw) = (World::new(), Raw::honest());
    let day = crate::support::world::india_day(9);
    let text = format!(
        "{HEADER},email,expiry,remarks,payout type,reason,notify\n\
         Asha Menon & Co,+91-90000 00001,\"1,234.5\",asha@example.com,{},October incentive,Incentive,Order 8841,no\n\
         Ravi,9000000002,7,,,,,,\n",
        day.strftime("%d/%m/%Y")
    );
    world.sheet("june.csv", text);
    world
        .send("june.csv", &raw)
        .args(["--expires-in", "3"])
        .run()
        .exits(0);
    let bodies: Vec<Value> = raw
        .ledger()
        .creates
        .iter()
        .map(|(_, body)| serde_json::from_str(body).unwrap())
        .collect();
    let of = |phone: &str| {
        let found = bodies.iter().find(|body| body["phone"] == phone);
        found.unwrap_or_else(|| panic!("{phone} in {bodies:?}"))
    };
    let asha = of("9000000001");
    assert_eq!(asha["amount"], "1234.50");
    assert_eq!(asha["name"], "Asha Menon & Co");
    assert_eq!(asha["email"], "asha@example.com");
    assert_eq!(asha["linkExpiry"], in_days(9));
    assert_eq!(asha["remarks"], "October incentive");
    assert_eq!(asha["payoutType"], "Incentive");
    assert_eq!(asha["description"], "Order 8841");
    assert_eq!(asha["notifyCustomer"], 0);
    let ravi = of("9000000002");
    assert_eq!(
        (&ravi["amount"], &ravi["linkExpiry"]),
        (&"7.00".into(), &in_days(3).into())
    );
    assert_eq!(ravi["notifyCustomer"], 1);
    assert!(ravi.get("email").is_none_or(|email| email == ""), "{ravi}");
    let ids: Vec<&str> = bodies
        .iter()
        .filter_map(|body| body["cashgramId"].as_str())
        .collect();
    for id in ids {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        assert!(id.len() <= 35 && id.chars().all(plain), "{id}");
    }
}

#[test]
fn the_dashboards_own_file_is_read() {
    let (world, raw) = (World::new(), Raw::honest());
    let day = crate::support::world::india_day(20)
        .strftime("%d/%m/%Y")
        .to_string();
    let text = format!(
        "cashgramId,name,phone,email,amount,expiryDate,payoutType,description,remarks,sendWhatsapp,sendSMS,sendEmail\n\
         OCT26_0001,Asha Menon,9000000001,asha.menon@example.com,1250,{day},Incentive,Order 8841,October incentive,0,1,1\n\
         OCT26_0002,Ravi,9000000002,,1250,{day},,,,0,0,0\n"
    );
    world.sheet("june.csv", text);
    world.send("june.csv", &raw).run().exits(0);
    audit(&world, "june.test.results.csv", &raw);
    let ledger = raw.ledger();
    let notify = |id: &str| {
        let body: Value = serde_json::from_str(&ledger.cashgrams[id].body).unwrap();
        body["notifyCustomer"].as_u64().unwrap()
    };
    assert_eq!((notify("OCT26_0001"), notify("OCT26_0002")), (1, 0));
    assert!(ledger.cashgrams["OCT26_0001"].body.contains(&in_days(20)));
}

#[test]
fn an_own_id_is_unique_within_the_sheet_and_a_name_must_be_plain() {
    let (world, gate) = (World::new(), Gate::new());
    let long = "x".repeat(36);
    let text = format!(
        "name,phone,amount,cashgram_id\nA,9000000001,5,SAME\nB,9000000002,5,SAME\nC,9000000003,5,{long}\n\
         D,9000000004,5,über\nE,9000000005,5,SAME-35\n"
    );
    world.sheet("june.csv", text);
    world.send("june.csv", &gate).run().exits(3).says([
        "id.duplicate",
        "id.length",
        "id.characters",
    ]);
    assert_eq!(
        world.table("june.problems.csv").column("line"),
        ["3", "4", "5"]
    );
    assert_eq!(gate.asked(), 0);
}

#[test]
fn what_is_no_sheet_is_told_what_would_be_one() {
    let world = World::new();
    world.sheet("p.pdf", b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj");
    world.sheet("x.ods", b"PK\x03\x04\x14\x00mimetype");
    std::fs::create_dir(world.path("d.csv")).unwrap();
    for (sheet, words) in [
        (".", "is not a file"),
        ("..", "is not a file"),
        ("d.csv", "is not a file"),
        ("p.pdf", "it is a PDF"),
        ("x.ods", "it is an OpenDocument file"),
    ] {
        for command in ["validate", "send"] {
            let run = world.paysheet().args([command, sheet]).run();
            assert_ne!(run.code, 0, "{run}");
            let run = run.says([words, ".xlsx"]);
            assert!(run.all().to_lowercase().contains("csv"), "{run}");
        }
    }
}

/// The books keep the balance; whoever names another one means it.
#[test]
fn the_simulated_account_has_the_balance_that_was_asked_for() {
    let world = World::new();
    world.sheet("june.csv", rows(3));
    let send = |balance| {
        let send = world.paysheet().args(["send", "june.csv", "--json"]);
        send.args(["--sandbox-balance", balance]).run()
    };
    send("1.00").exits(1);
    send("1.50").exits(1).says(["1.50"]);
    let run = send("1000.00").exits(0);
    assert_eq!(run.json()["created_now"], 3);
}
