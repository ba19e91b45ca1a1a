//! `report`: the page tells what the checkpoint knows, to the paisa, acts on nobody, and disturbs no run.

use std::process::Stdio;

use paysheet::sandbox::Options;

use crate::support::world::paise;
use crate::support::*;

const PAGE: &str = "june.test.report.html";
const CHECKPOINT: &str = "june.test.checkpoint.db";

fn report(world: &World, gate: &impl Gateway) -> Paysheet {
    world.talk("report", "june.csv", gate)
}

/// A gateway that refuses amounts above ₹500, so that some rows need a person.
fn strict() -> Gate {
    Gate::with(|options: &mut Options| options.rules.limits.max = Some(500))
}

#[track_caller]
fn holds(html: &str, words: &[&str]) {
    for word in words {
        assert!(html.contains(word), "no `{word}` in the page");
    }
}

#[test]
fn the_page_tells_what_became_of_every_row() {
    let (world, gate) = (World::new(), strict());
    world.sheet("june.csv", rows(10));
    world.send("june.csv", &gate).run().exits(4);
    let asked = gate.asked();
    let run = report(&world, &gate).arg("--json").run().exits(0);
    let json = run.json();
    assert_eq!(
        (&json["balanced"], &json["needs_a_person"], &json["rows"]),
        (&true.into(), &7.into(), &10.into())
    );
    assert_eq!(json["report"], PAGE);
    assert_eq!(gate.asked(), asked, "nobody is asked");
    assert_eq!(world.mode(PAGE), 0o600);
    let html = world.text(PAGE);
    holds(
        &html,
        &[
            "3 of 10 payouts were created, none is redeemed yet. 7 need a person.",
            ">TEST<",
            "₹65.55",
            "✓ closes",
            "Refused: ",
            "paysheet retry june.csv",
            "******0004",
            "limit",
            "How long Cashfree took to answer",
            "attempt 1 about to leave",
        ],
    );
    let table = world.table("june.test.results.csv");
    for row in 1..=10 {
        assert!(html.contains(table.cell(row, "cashgram_id")), "row {row}");
        assert!(!html.contains(table.cell(row, "phone")), "a whole phone");
        let link = table.cell(row, "cashgram_link");
        assert!(link.is_empty() || !html.contains(link), "a link that pays");
    }
    // Made again over itself; the sheet and the gateway may be gone by then.
    world.remove("june.csv");
    report(&world, &gate)
        .run()
        .exits(0)
        .says(["7 need a person", PAGE]);
}

#[test]
fn the_numbers_add_up_in_every_format() {
    let (world, gate) = (World::new(), strict());
    world.sheet("june.csv", rows(10));
    world.send("june.csv", &gate).run().exits(4);
    let json = report(&world, &gate)
        .args(["--format", "json"])
        .run()
        .exits(0);
    let told: serde_json::Value = serde_json::from_str(json.stdout.trim()).unwrap();
    let sum = |of: &str| -> i64 {
        let each = told["balance"].as_array().unwrap();
        each.iter()
            .map(|line| paise(line[of].as_str().unwrap()))
            .sum()
    };
    let sheet: i64 = world
        .table("june.csv")
        .column("amount")
        .into_iter()
        .map(paise)
        .sum();
    assert_eq!(sum("amount"), sheet);
    let whole = told["checks"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&whole["payouts"], &whole["closes"]),
        (&10.into(), &true.into())
    );
    assert_eq!(told["answers"], 10);
    for time in [&told["made_at"], &told["runs"][0]["began"]] {
        let time = time.as_str().unwrap();
        let parsed: jiff::Timestamp = time.parse().unwrap();
        assert_eq!(parsed.to_string(), time, "RFC 3339 in UTC");
    }
    assert_eq!(told["runs"][0]["creates"], 10);
    assert_eq!(told["needs_a_person"][0]["cause"], "rejected");
    let csv = report(&world, &gate)
        .args(["--format", "csv", "--output", "numbers.csv"])
        .run()
        .exits(0);
    assert!(csv.stdout.contains("numbers.csv"), "{csv}");
    let table = world.table("numbers.csv");
    assert_eq!(
        table.columns,
        ["section", "name", "payouts", "amount", "value"]
    );
    let counted = table.rows.iter().filter(|row| row["section"] == "balance");
    let payouts: u64 = counted
        .filter_map(|row| row["payouts"].parse::<u64>().ok())
        .sum();
    assert_eq!(payouts, 10);
    // Numbers that nobody gets are no numbers.
    for (format, how) in [
        ("csv", "exec >/dev/full"),
        ("json", "mkfifo p; exec 3<>p; exec >p; exec 3<&-"),
    ] {
        let lost = report(&world, &gate).args(["--format", format]).after(how);
        lost.run().exits(1).says(["stdout"]);
    }
    // Another format's file is not this one's to replace.
    report(&world, &gate)
        .args(["--output", "numbers.csv"])
        .run()
        .exits(1)
        .says(["numbers.csv"]);
    report(&world, &gate)
        .args(["--format", "csv", "--json"])
        .run()
        .exits(2)
        .says(["--output"]);
}

#[test]
fn nothing_is_told_where_there_is_nothing_to_tell() {
    let (world, gate) = (World::new(), Gate::new());
    report(&world, &gate).run().exits(1).says([CHECKPOINT]);
    assert!(!world.has(PAGE));
    // Another program's file, and half of ours.
    for bytes in [
        &b"not a database, whoever wrote it"[..],
        b"SQLite format 3\0",
        b"",
    ] {
        world.sheet(CHECKPOINT, bytes);
        report(&world, &gate).run().exits(1).says([CHECKPOINT]);
        assert_eq!(world.bytes(CHECKPOINT), bytes, "it is left as it was");
    }
    world.remove(CHECKPOINT);
    assert!(!world.has(PAGE));
    // Another batch's checkpoint.
    world.sheet("june.csv", rows(2));
    world.send("june.csv", &gate).run().exits(0);
    report(&world, &gate)
        .args(["--batch", "july", "--checkpoint", CHECKPOINT])
        .run()
        .exits(1)
        .says(["july"]);
    // A page that is not ours.
    world.sheet(PAGE, "<!DOCTYPE html><html>my own page</html>");
    report(&world, &gate).run().exits(1).says([PAGE]);
    assert!(world.text(PAGE).contains("my own page"));
}

#[test]
fn a_batch_of_which_nothing_was_sent_says_so() {
    let (world, gate) = (World::new(), Gate::new());
    world.sheet("june.csv", rows(3));
    // The sheet is taken in; then there is no way to the gateway.
    world
        .send("june.csv", &gate)
        .args(["--public-key", "missing.pem"])
        .run()
        .exits(1);
    report(&world, &gate).run().exits(0);
    holds(
        &world.text(PAGE),
        &[
            "Nothing has been sent yet: 3 payouts of ₹9.06 are ready.",
            "No create has been answered yet.",
        ],
    );
}

#[test]
fn a_row_that_vanished_from_the_file_is_damage_and_no_smaller_sum() {
    let (world, gate) = (World::new(), Gate::new());
    world.sheet("june.csv", rows(4));
    world.send("june.csv", &gate).run().exits(0);
    // It leaves each of the others whole.
    let file = rusqlite::Connection::open(world.path(CHECKPOINT)).unwrap();
    file.execute("DELETE FROM payouts WHERE row = 3", [])
        .unwrap();
    drop(file);
    let run = report(&world, &gate).arg("--json").run().exits(1);
    let words = "is damaged (3 rows where 4 were counted)";
    assert!(run.json()["message"].as_str().unwrap().contains(words));
    run.says([words]);
    assert!(!world.has(PAGE));
}

#[test]
fn a_run_under_way_is_told_of_and_not_disturbed() {
    let (world, gate) = (
        World::new(),
        Gate::with(|options: &mut Options| {
            options.latency = "50ms".parse().unwrap();
        }),
    );
    world.sheet("june.csv", rows(60));
    let send = world.send("june.csv", &gate).args(["--rate", "40/s"]);
    let sending = std::thread::scope(|scope| {
        let sending = scope.spawn(|| send.run());
        let began = std::time::Instant::now();
        while gate.creates() < 5 && began.elapsed().as_secs() < 30 {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let told = report(&world, &gate)
            .args(["--format", "json"])
            .run()
            .exits(0);
        let told: serde_json::Value = serde_json::from_str(told.stdout.trim()).unwrap();
        assert_eq!(told["balanced"], true);
        assert_eq!(told["runs"][0]["limit"], "40/s");
        sending.join().unwrap()
    });
    sending.exits(0);
    let left = world.names();
    report(&world, &gate).run().exits(0);
    let mut with_page = left;
    with_page.push(PAGE.to_owned());
    with_page.sort();
    assert_eq!(
        world.names(),
        with_page,
        "nothing is left beside the checkpoint"
    );
}

#[test]
fn hostile_words_of_the_gateway_stay_words() {
    let bodies = "{\"status\":\"ERROR\",\"subCode\":\"422\",\"message\":\"<script>alert(1)</script> \\u001b[2J\\u202e\\\"'\"}";
    let raw = Raw::start(move |ask| {
        if ask.is_create() {
            Act::Instead(Manner::Says(Say::new(200, bodies)))
        } else {
            Act::Honest
        }
    });
    let world = World::new();
    world.sheet("june.csv", rows(3));
    world.send("june.csv", &raw).run().exits(4);
    report(&world, &raw).run().exits(0);
    let html = world.text(PAGE);
    holds(&html, &["&lt;script&gt;alert(1)&lt;/script&gt;"]);
    assert!(!html.contains("<script"));
    let acts = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
    assert_eq!(html.chars().find(|c| acts(*c)), None);
}

/// Headless Chromium, if this machine has one.
fn chromium() -> Option<std::process::Command> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let there = |name: &&str| {
        let asked = std::process::Command::new(name)
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        asked.is_ok_and(|status| status.success())
    };
    let mut browser = std::process::Command::new(names.into_iter().find(there)?);
    browser
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
        ])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ])
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    Some(browser)
}

#[test]
fn a_browser_shows_it_on_screen_and_on_paper() {
    let Some(_) = chromium() else {
        skipped("there is no chromium on this machine");
        return;
    };
    let (world, gate) = (World::new(), strict());
    world.sheet("june.csv", rows(10));
    world.send("june.csv", &gate).run().exits(4);
    report(&world, &gate).run().exits(0);
    let page = format!("file://{}", world.path(PAGE).display());
    let run = |args: &[&str]| {
        let mut browser = chromium().expect("it was there");
        browser.arg(format!(
            "--user-data-dir={}",
            world.path("profile").display()
        ));
        let output = browser.args(args).arg(&page).output().expect("it runs");
        assert!(output.status.success(), "{output:?}");
        output.stdout
    };
    // As the browser understood it, not as it was written.
    let dom = String::from_utf8(run(&["--dump-dom"])).unwrap();
    holds(
        &dom,
        &[
            "3 of 10 payouts were created",
            "<svg",
            "</svg>",
            "✓ closes",
            "Refused: ",
        ],
    );
    assert_eq!(dom.matches("<h1").count(), 1);
    let shot = format!("--screenshot={}", world.path("page.png").display());
    run(&["--window-size=1000,1400", "--hide-scrollbars", &shot]);
    let png = world.bytes("page.png");
    assert!(
        png.starts_with(b"\x89PNG") && png.len() > 20_000,
        "{} bytes",
        png.len()
    );
    let paper = format!("--print-to-pdf={}", world.path("page.pdf").display());
    run(&["--no-pdf-header-footer", &paper]);
    assert!(world.bytes("page.pdf").starts_with(b"%PDF"));
    paper_names_its_environment(&world);
}

/// Every printed page says where the money would have gone, as far as there is a program to read it.
fn paper_names_its_environment(world: &World) {
    let read = std::process::Command::new("pdftotext")
        .arg(world.path("page.pdf"))
        .arg("-")
        .output();
    let Ok(read) = read else {
        skipped("there is no pdftotext on this machine");
        return;
    };
    let text = String::from_utf8(read.stdout).unwrap();
    let pages: Vec<&str> = text
        .split('\u{c}')
        .filter(|page| !page.trim().is_empty())
        .collect();
    assert!(!pages.is_empty());
    for page in pages {
        assert!(page.contains("TEST") && page.contains("june"), "{page}");
    }
}
