//! Creates without a certain answer: each is looked up, sent again only as it was, and never under another id.
//!
//! Deliberately absent: what nonsense an answer may be (`hostile`), and doubt left by a dead run (`kills`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use paysheet::sandbox::mischief::Fault;

use crate::support::trouble::*;
use crate::support::*;

/// The rows of a batch in a doubtful world.
const ROWS: usize = 60;

fn gate_with(plan: &str) -> Gate {
    Gate::with(|options| options.faults = plan.parse().unwrap())
}

#[test]
fn lost_replies_are_looked_up_and_lost_requests_sent_again() {
    let plans = vec![
        "create:lost-after=30%",
        "create:lost-before=30%",
        "create:lost-after=20%,create:lost-before=20%,status:lost-after=20%",
        "create:500-after=30%",
        "create:500-before=30%",
        "create:520-after=30%,create:502-before=10%",
        "create:reset=30%,create:cut=10%",
        "create:stall=5%,create:stall-before=5%,stall-for=10s",
    ];
    each_of(plans, |plan| {
        let gate = gate_with(plan);
        let world = batch(ROWS);
        let send = giving_up(&world, &gate, "20s");
        resumed(&send, &world, &gate);
        all_paid(&world, &gate, ROWS);
        let creates = gate.creates();
        if !plan.contains("before") {
            assert_eq!(
                creates, ROWS,
                "{plan}: what was done is found, not sent again"
            );
        }
    });
}

/// The status service knows of a new link only some time after it was made, within the settle time or beyond it.
#[test]
fn a_404_for_a_while_after_a_create_is_not_believed() {
    each_of(vec!["500ms", "2500ms"], |missing| {
        let gate = gate_with(&format!("create:lost-after=30%,missing-for={missing}"));
        let world = batch(ROWS);
        resumed(&hasty(&world, &gate), &world, &gate);
        all_paid(&world, &gate, ROWS);
        assert!(
            missing != "500ms" || gate.creates() == ROWS,
            "{} creates",
            gate.creates()
        );
    });
}

/// A create takes effect after we stopped waiting for it: before it is looked up for the last time, or after.
#[test]
fn a_create_that_arrives_late_is_not_paid_twice() {
    each_of(vec!["600ms", "1800ms", "4s"], |late| {
        let gate = gate_with(&format!("create:late=25%,late-by={late}"));
        let world = batch(ROWS);
        resumed(&hasty(&world, &gate), &world, &gate);
        // What is still under way arrives now, and finds its id taken.
        std::thread::sleep(Duration::from_secs(3));
        all_paid(&world, &gate, ROWS);
        // The log has two lines of a late create: it came, and it took place.
        let requests = gate.requests().into_iter();
        let came = requests.filter(|seen| {
            let took_place = seen.fault == Some(Fault::Late) && seen.effect != "none";
            seen.path.ends_with("/createCashgram") && !took_place
        });
        let came = came.count();
        assert!(late != "600ms" || came == ROWS, "{came} creates");
    });
}

/// A 409 on an id of ours after a lost reply is good news.
#[test]
fn a_409_after_an_attempt_of_our_own_is_our_own() {
    let raw = Raw::start(|ask| match (ask.is_create(), ask.is_status()) {
        (true, _) if ask.nth_for_id == 1 && ask.nth % 4 == 0 => Act::Then(Manner::Close),
        // The status service has not heard of it until it was sent again.
        (_, true) if ask.nth_for_id <= 4 => {
            Act::Instead(Manner::Says(Say::refusal(404, "Cashgram does not exist")))
        }
        _ => Act::Honest,
    });
    let world = batch(16);
    sent(&hasty(&world, &raw), 0, &world, &raw);
    all_paid(&world, &raw, 16);
    assert_eq!(raw.creates(), 20, "each of four was sent again, once");
}

/// A 409 on the first attempt proves that something exists, not that it is ours. It is a conflict, found or not.
#[test]
fn a_409_on_a_first_attempt_is_a_conflict_until_a_person_says_otherwise() {
    for (plan, found) in [("create:409=20%", true), ("create:409-phantom=20%", false)] {
        let gate = gate_with(plan);
        let world = batch(ROWS);
        let send = hasty(&world, &gate);
        let output = sent(&send, 4, &world, &gate).says(["--adopt"]);
        let conflicts = world.table(RESULTS).states("conflict");
        assert!(conflicts > 3, "{output}");
        let before = gate.creates();
        sent(&send, 4, &world, &gate);
        assert_eq!(
            gate.creates(),
            before,
            "a conflict is not sent again by itself"
        );
        let adopting = send.args(["--adopt"]);
        let output = sent(&adopting, if found { 0 } else { 4 }, &world, &gate);
        let table = world.table(RESULTS);
        assert_eq!(
            table.states("conflict"),
            if found { 0 } else { conflicts },
            "{output}"
        );
        assert_eq!(table.states("created"), gate.books().len(), "{output}");
    }
}

/// An own id that somebody else has used: the row's phone is not paid, and the other link is nobody's business.
#[test]
fn a_foreign_id_is_a_conflict_and_the_others_are_paid() {
    let raw = Raw::honest();
    let world = World::new();
    let sheet = "name,phone,amount,cashgram_id\nAsha,9000000001,10.00,OURS-1\nRavi,9000000002,20.00,THEIRS-2\nMeera,9000000003,30.00,OURS-3\n";
    world.sheet(SHEET, sheet);
    let send = hasty(&world, &raw);
    raw.plant("THEIRS-2", "ACTIVE");
    // Found by the look-ups before the first create: nothing at all is sent.
    send.run().exits(4).says(["--adopt", "--batch"]);
    assert_eq!(raw.creates(), 0);
    audit(&world, RESULTS, &raw);
    assert_eq!(world.table(RESULTS).cell(2, "state"), "conflict");
}

/// A run that was killed between the 409 and its look-up: the next one looks it up, once, and it stays a person's.
#[test]
fn a_conflict_that_was_not_looked_up_is_looked_up_by_the_next_send() {
    let calm = Arc::new(AtomicBool::new(false));
    let is_calm = Arc::clone(&calm);
    let raw = Raw::start(move |ask| match ask.id.as_str() {
        "THEIRS-2" if !is_calm.load(Ordering::SeqCst) => match ask.is_create() {
            true => Act::Instead(Manner::Says(Say::refusal(409, "Cashgram already exists"))),
            false if ask.nth_for_id > 1 => Act::Instead(Manner::Stall(Duration::from_secs(60))),
            false => Act::Honest,
        },
        _ => Act::Honest,
    });
    let world = World::new();
    let sheet = "name,phone,amount,cashgram_id\nAsha,9000000001,10.00,OURS-1\nRavi,9000000002,20.00,THEIRS-2\n";
    world.sheet(SHEET, sheet);
    let looked_up = || {
        let asked = raw.requests().into_iter();
        let about = asked.filter(|ask| ask.is_status() && ask.id == "THEIRS-2");
        about.count()
    };
    let send = hasty(&world, &raw);
    let mut running = send.spawn();
    while looked_up() < 2 {
        assert!(!running.ended(), "it is never looked up");
        std::thread::sleep(Duration::from_millis(2));
    }
    running.kill9();
    raw.plant("THEIRS-2", "ACTIVE");
    calm.store(true, Ordering::SeqCst);
    let (before, creates) = (looked_up(), raw.creates());
    for looks in [1, 1] {
        send.run().exits(4).says(["1 row is in conflict"]);
        let table = world.table(RESULTS);
        assert_eq!(table.cell(2, "state"), "conflict");
        assert_ne!(table.cell(2, "reference_id"), "");
        assert_ne!(table.cell(2, "cashgram_link"), "");
        assert_eq!(looked_up(), before + looks);
    }
    assert_eq!(raw.creates(), creates);
}

/// A payout that nobody ever answers about is tried as often as allowed, and then left to a person, not to chance.
#[test]
fn attempts_run_out_and_leave_what_is_in_doubt_to_a_person() {
    let raw = Raw::start(
        |ask| match ask.is_create() && ask.body.contains("9000000003") {
            true => Act::Instead(Manner::Close),
            false => Act::Honest,
        },
    );
    let world = batch(6);
    let send = giving_up(&world, &raw, "30s").args(["--max-attempts", "3"]);
    let output = sent(&send, 4, &world, &raw).says(["unknown"]);
    assert_eq!(raw.creates(), 5 + 3, "{output}");
    assert_eq!(world.table(RESULTS).cell(3, "state"), "unknown");
    assert!(
        output.all().to_lowercase().contains("do not pay"),
        "{output}"
    );
}

/// What was certainly not acted on stays ready, and ends the run with 1: it only has to be run again.
#[test]
fn attempts_run_out_and_leave_what_was_not_sent_to_the_next_run() {
    let raw = Raw::start(|ask| {
        let throttled = ask.is_create() && ask.body.contains("9000000003") && ask.nth_for_id <= 3;
        match throttled {
            true => Act::Instead(Manner::Says(
                Say::refusal(429, "Too many requests").with("Retry-After", "1"),
            )),
            false => Act::Honest,
        }
    });
    let world = batch(6);
    let send = giving_up(&world, &raw, "30s").args(["--max-attempts", "3"]);
    sent(&send, 1, &world, &raw).says(["run"]);
    assert_eq!(world.table(RESULTS).cell(3, "state"), "ready");
    sent(&send, 0, &world, &raw);
    all_paid(&world, &raw, 6);
}

/// A row refused after an earlier attempt was lost may exist all the same: it is looked up before it is called refused.
#[test]
fn a_refusal_after_a_lost_reply_is_looked_up_first() {
    for done in [true, false] {
        let raw = Raw::start(move |ask| match (ask.is_create(), ask.nth_for_id) {
            (true, 1) if ask.nth == 3 && done => Act::Then(Manner::Close),
            (true, 1) if ask.nth == 3 => Act::Instead(Manner::Close),
            (true, 2) => Act::Instead(Manner::Says(Say::refusal(
                422,
                "Please provide a valid name",
            ))),
            (false, 2..=4) if ask.is_status() && done => {
                Act::Instead(Manner::Says(Say::refusal(404, "Cashgram does not exist")))
            }
            _ => Act::Honest,
        });
        let world = batch(4);
        let output = hasty(&world, &raw)
            .args(["--max-attempts", "2", "--concurrency", "1"])
            .run();
        check(&output, &world, &raw);
        let state = world.table(RESULTS).cell(3, "state").to_owned();
        assert_eq!(state, if done { "created" } else { "unknown" }, "{output}");
    }
}

/// How a gateway fails that only fails.
fn failures() -> Vec<(&'static str, Act, bool)> {
    let says = |code, message| Act::Instead(Manner::Says(Say::refusal(code, message)));
    let short = Say::refusal(429, "Too many requests").with("Retry-After", "1");
    vec![
        ("500", says(500, "internal error"), false),
        ("closed", Act::Instead(Manner::Close), false),
        ("429", Act::Instead(Manner::Says(short)), false),
        ("token", says(403, "Token is not valid"), false),
        ("500, look-ups too", says(500, "internal error"), true),
        ("closed, look-ups too", Act::Instead(Manner::Close), true),
        ("token, look-ups too", says(403, "Token is not valid"), true),
        (
            "done and closed, look-ups refused",
            Act::Then(Manner::Close),
            true,
        ),
    ]
}

/// Under a gateway that only fails, a run makes at most 1.1 requests a row and 100 more.
#[test]
fn a_gateway_that_only_fails_is_not_flooded() {
    let sizes = [5, 50, 500];
    let cases = failures()
        .into_iter()
        .flat_map(|case| sizes.map(|rows| (case.clone(), rows)));
    each_of(cases.collect(), |((what, act, status_too), rows)| {
        let raw = Raw::start(move |ask| {
            match ask.is_create() || (status_too && ask.is_status() && ask.nth > 20.min(rows)) {
                true => act.clone(),
                false => Act::Honest,
            }
        });
        let world = batch(rows);
        let output = giving_up(&world, &raw, "4s").run();
        assert!(
            [1, 4].contains(&output.code),
            "{what}, {rows} rows: {output}"
        );
        check(&output, &world, &raw);
        let requests = counted_raw(&raw).len();
        assert!(
            requests <= rows + rows / 10 + 100,
            "{what}, {rows} rows: {requests} requests"
        );
    });
}

/// Nobody can be sent a link that is not known.
#[test]
fn a_row_that_is_found_without_its_link_is_listed_for_a_person() {
    let raw = Raw::start(|ask| {
        let found = r#"{"status":"SUCCESS","subCode":"200","message":"Cashgram details retrieved",
            "data":{"cashgramStatus":"ACTIVE"}}"#;
        match ask.nth {
            2 if ask.is_create() => Act::Then(Manner::Close),
            4 if ask.is_status() => Act::Instead(Manner::Says(Say::new(200, found))),
            _ => Act::Honest,
        }
    });
    let world = batch(3);
    let send = || {
        let send = world.send("june.csv", &raw);
        send.args(["--concurrency", "1"])
    };
    let words = [
        "1 payout was created without a link or reference",
        "row 2 (june-",
        "Cashfree's dashboard",
        "paysheet status june.csv",
    ];
    let run = send().run().exits(4).says(words);
    assert_eq!(run.json()["without_link"], 1, "{run}");
    assert_eq!(run.json()["states"]["created"], 3, "{run}");
    assert_eq!(world.table(RESULTS).column("cashgram_link")[1], "");
    send().run().exits(4).says(words);
    let run = world.talk("report", "june.csv", &raw).run().exits(0);
    run.says(["1 needs a person"]);
    let run = world.status("june.csv", &raw).run().exits(0);
    assert!(run.json().get("without_link").is_none(), "{run}");
    assert_eq!(raw.creates(), 3);
}
