//! The same hostility to every request but a create: login, balance, look-ups, deactivations. Nothing is believed on the
//! strength of it, nothing goes to where it points, and the same command ends well once it is over.
//!
//! Deliberately absent: creates, and look-ups of what a create left in doubt (`hostile`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::hostile::{FLOOD_KIB_MAX, floods, peak, riddles, says};
use crate::support::trouble::*;
use crate::support::*;

/// Rows of a batch.
const ROWS: usize = 3;
const AUTHORIZE: &str = "/authorize";
const BALANCE: &str = "/getBalance";
const STATUS: &str = "/getCashgramStatus";
const DEACTIVATE: &str = "/deactivateCashgram";
/// What a `status` may not change unless the gateway said so in its own words.
const KNOWN: [&str; 6] = [
    "state",
    "cashgram_id",
    "reference_id",
    "cashgram_link",
    "status",
    "utr",
];

/// A gateway that is honest until it turns.
struct Turncoat {
    raw: Raw,
    hostile: Arc<AtomicBool>,
}

impl Turncoat {
    /// Hostile, it does `act` with what is asked under `path`.
    fn at(path: &'static str, act: Act) -> Turncoat {
        Turncoat::script(move |ask| ask.is(path).then(|| act.clone()))
    }

    /// Hostile, it does what `script` says, else the honest thing.
    fn script(script: impl Fn(&Ask) -> Option<Act> + Send + Sync + 'static) -> Turncoat {
        let hostile = Arc::new(AtomicBool::new(false));
        let turned = Arc::clone(&hostile);
        let raw = Raw::start(move |ask| match turned.load(Ordering::SeqCst) {
            true => script(ask).unwrap_or(Act::Honest),
            false => Act::Honest,
        });
        Turncoat { raw, hostile }
    }

    fn turn(&self, hostile: bool) {
        self.hostile.store(hostile, Ordering::SeqCst);
    }

    /// Links that stand so.
    fn standing(&self, word: &str) -> usize {
        let booked = self.raw.booked();
        booked.iter().filter(|link| link.status == word).count()
    }
}

/// A command that soon gives up.
fn brief(command: &str, world: &World, raw: &Raw) -> Paysheet {
    let typed = world.talk(command, SHEET, raw);
    let waits = [
        "--settle",
        "1",
        "--timeout",
        "2",
        "--give-up-after",
        "500ms",
    ];
    let typed = typed.args(waits).arg("--json");
    match command {
        "send" => typed.arg("--yes"),
        _ => typed,
    }
}

/// A folder as `command` finds it: for all but `send` the batch has been sent.
fn before(command: &str, turncoat: &Turncoat) -> World {
    let world = batch(ROWS);
    if command != "send" {
        sent(&hasty(&world, &turncoat.raw), 0, &world, &turncoat.raw);
    }
    world
}

/// Runs `command` among hostile answers and holds what it says and leaves to what is so.
#[track_caller]
fn endures(what: &str, command: &str, turncoat: &Turncoat, world: &World) -> Output {
    let raw = &turncoat.raw;
    let known = |world: &World| match world.has(RESULTS) {
        true => Some(KNOWN.map(|column| owned(&world.table(RESULTS).column(column)))),
        false => None,
    };
    let was = known(world);
    turncoat.turn(true);
    let output = brief(command, world, raw).run();
    turncoat.turn(false);
    match command {
        "status" => assert_eq!(known(world), was, "{what}: {output}"),
        "cancel" => {
            let table = world.table(RESULTS);
            let rows = table.rows.iter().filter(|row| row["state"] == "cancelled");
            let stopped: Vec<&str> = rows.map(|row| row["cashgram_id"].as_str()).collect();
            let booked = raw.booked().into_iter();
            let mut alive = booked.filter(|link| link.status == "ACTIVE");
            let falsely = alive.find(|link| stopped.contains(&link.id.as_str()));
            assert_eq!(falsely, None, "{what}: {output}");
        }
        _ => {}
    }
    if command != "doctor" {
        check(&output, world, raw);
    }
    output
}

/// The same command in peace.
#[track_caller]
fn ends_well(command: &str, turncoat: &Turncoat, world: &World) {
    let raw = &turncoat.raw;
    let output = brief(command, world, raw).run().exits(0);
    match command {
        "send" => all_paid(world, raw, ROWS),
        "cancel" => {
            let cancelled = world.table(RESULTS).states("cancelled");
            assert_eq!(
                (cancelled, turncoat.standing("ACTIVE")),
                (ROWS, 0),
                "{output}"
            );
            check(&output, world, raw);
        }
        _ => {}
    }
    assert_eq!(raw.creates(), ROWS, "{output}");
}

fn owned(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|cell| (*cell).to_owned()).collect()
}

/// A redirect is followed by no request of any command: it would take the secret or the token to wherever it points.
#[test]
fn no_request_follows_a_redirect() {
    let asked = [
        ("send", AUTHORIZE, 1),
        // Who may pay need not be allowed to see the balance.
        ("send", BALANCE, 0),
        ("send", STATUS, 1),
        ("status", AUTHORIZE, 1),
        ("status", STATUS, 1),
        ("cancel", AUTHORIZE, 1),
        ("cancel", DEACTIVATE, 1),
        ("cancel", STATUS, 1),
        ("doctor", AUTHORIZE, 1),
        ("doctor", BALANCE, 1),
    ];
    let all = asked
        .iter()
        .flat_map(|case| [302, 307].map(|status| (*case, status)));
    each_of(all.collect(), |((command, path, code), status)| {
        let other = Raw::honest();
        let to = format!("{}/payout/v1{path}", other.url());
        let elsewhere = Manner::Says(Say::new(status, "").with("location", &to));
        let turncoat = Turncoat::at(path, Act::Instead(elsewhere));
        let world = before(command, &turncoat);
        let what = format!("{command}, {path}, {status}");
        let output = endures(&what, command, &turncoat, &world).exits(code);
        output.says(["the address sends us elsewhere"]);
        assert_eq!(other.asked(), 0, "{what} was followed");
        ends_well(command, &turncoat, &world);
    });
}

/// Nor does a login in the middle of a run.
#[test]
fn a_renewal_that_is_sent_elsewhere_stops_the_run() {
    let other = Raw::honest();
    let to = format!("{}/payout/v1/authorize", other.url());
    let turncoat = Turncoat::script(move |ask| match (ask.is_create(), ask.is_authorize()) {
        (true, _) if ask.nth == 2 => Some(Act::Instead(Manner::Says(Say::refusal(
            403,
            "Token is not valid",
        )))),
        (_, true) if ask.nth == 2 => Some(Act::Instead(Manner::Says(
            Say::new(307, "").with("location", &to),
        ))),
        _ => None,
    });
    let world = batch(ROWS);
    let output = endures("renewal", "send", &turncoat, &world).exits(1);
    output.says(["--base-url", "run the same command again"]);
    assert_eq!(other.asked(), 0);
    sent(&hasty(&world, &turncoat.raw), 0, &world, &turncoat.raw);
    all_paid(&world, &turncoat.raw, ROWS);
}

fn success(data: &Value) -> Manner {
    let body = json!({"status": "SUCCESS", "subCode": "200", "message": "x", "data": data});
    says(200, &body.to_string())
}

/// Logins that bring no token that could be used.
fn logins() -> Vec<(&'static str, Manner)> {
    let expiry = jiff::Timestamp::now().as_second() + 360;
    let token = |token: Value| success(&json!({"token": token, "expiry": expiry}));
    let until = |expiry: Value| success(&json!({"token": "t.o.k", "expiry": expiry}));
    let twice = r#"{"status":"SUCCESS","subCode":"200","data":{"token":"t.o.k","token":"t.i.k"}}"#;
    let both = r#"{"status":"ERROR","subCode":"401","status":"SUCCESS","data":{"token":"t.o.k"}}"#;
    vec![
        ("two tokens", says(200, twice)),
        ("two verdicts", says(200, both)),
        ("no token", success(&json!({"expiry": expiry}))),
        ("a list of data", success(&json!([{"token": "t.o.k"}]))),
        ("a number for a token", token(json!(7))),
        ("a list for a token", token(json!(["t.o.k"]))),
        ("an object for a token", token(json!({"token": "t.o.k"}))),
        ("an empty token", token(json!(""))),
        ("a token of blanks", token(json!("t o k"))),
        ("a token of two lines", token(json!("t\r\nx-evil: 1"))),
        ("a token with a line feed", token(json!("t\nx-evil: 1"))),
        ("a token with a zero byte", token(json!("t\u{0}x-evil"))),
        ("a token with an escape", token(json!("\u{1b}[2Jx-evil"))),
        ("a token in other letters", token(json!("tök"))),
        ("a token beyond all size", token(json!("t".repeat(60_000)))),
        ("an expiry in words", until(json!("soon"))),
        ("an expiry of lists", until(json!([expiry]))),
        ("an expiry long ago", until(json!(i64::MIN))),
        ("a page", Manner::Says(Say::page(200))),
        ("a page of a proxy", Manner::Says(Say::page(502))),
        ("half", Manner::Half(60)),
        ("nothing", Manner::Close),
        ("deep nesting", says(200, &"[".repeat(5_000))),
    ]
}

#[test]
fn without_a_usable_token_nothing_is_sent() {
    each_of(logins(), |(what, manner)| {
        let turncoat = Turncoat::at(AUTHORIZE, Act::Then(manner));
        let world = batch(ROWS);
        let output = endures(what, "send", &turncoat, &world).exits(1);
        let output = output.says(["run the same command again"]);
        output.hides(["x-evil", "t.o.k", "t.i.k", "tök", "tttt"]);
        assert!(
            turncoat.raw.requests().iter().all(Ask::is_authorize),
            "{what}"
        );
        ends_well("send", &turncoat, &world);
        let evil = |ask: &Ask| ask.headers.keys().any(|name| name.contains("evil"));
        assert!(!turncoat.raw.requests().iter().any(evil), "{what}");
    });
}

/// Answers to a question about a link that say something else than where it stands.
fn sights() -> Vec<(&'static str, Manner)> {
    let link = "https://csgr.invalid/x";
    let said = |status: Value, id: Value| {
        success(
            &json!({"cashgramStatus": status, "cashgramId": id, "referenceId": 1, "cashgramLink": link}),
        )
    };
    let twice = r#"{"status":"SUCCESS","subCode":"200","data":{"cashgramStatus":"ACTIVE","cashgramStatus":"REDEEMED"}}"#;
    vec![
        ("two statuses", says(200, twice)),
        ("another id", said(json!("REDEEMED"), json!("june-other"))),
        ("a number for an id", said(json!("EXPIRED"), json!(7))),
        ("a list for an id", said(json!("EXPIRED"), json!(["june"]))),
        (
            "a list for a status",
            success(&json!({"cashgramStatus": ["REDEEMED"]})),
        ),
        (
            "a flag for a status",
            success(&json!({"cashgramStatus": true})),
        ),
        (
            "a blank for a status",
            success(&json!({"cashgramStatus": " \u{200b}"})),
        ),
    ]
}

#[test]
fn what_a_status_is_told_in_riddles_changes_nothing() {
    let all = riddles().into_iter().chain(sights()).collect();
    each_of(all, |(what, manner)| {
        let turncoat = Turncoat::at(STATUS, Act::Instead(manner));
        let world = before("status", &turncoat);
        let output = endures(what, "status", &turncoat, &world).exits(1);
        let words = [
            "run the same command again",
            "do not pay these rows by hand",
        ];
        let is_said = words.iter().any(|word| output.all().contains(word));
        assert!(is_said, "{what}: {output}");
        ends_well("status", &turncoat, &world);
    });
}

/// A link is what a person opens: one that no browser should open is not taken from a look-up either.
#[test]
fn a_strange_link_is_not_taken_from_a_look_up() {
    let links = vec![
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://user:pass@csgr.invalid/x",
        "https://csgr.invalid/x\n=cmd",
        "",
    ];
    each_of(links, |link| {
        let told = success(&json!({"cashgramStatus": "ACTIVE", "cashgramLink": link}));
        let turncoat = Turncoat::script(move |ask| match (ask.is_create(), ask.is_status()) {
            (true, _) if ask.nth == 2 => Some(Act::Then(Manner::Close)),
            // The look-ups before the first create find nothing.
            (_, true) if ask.nth > ROWS => Some(Act::Instead(told.clone())),
            _ => None,
        });
        let world = batch(ROWS);
        turncoat.turn(true);
        let output = hasty(&world, &turncoat.raw).run().exits(4);
        let output = output.says(["without a link or reference", "Cashfree's dashboard"]);
        let table = world.table(RESULTS);
        assert_eq!(table.states("created"), ROWS, "{link}: {output}");
        let blank = table
            .column("cashgram_link")
            .iter()
            .filter(|cell| cell.is_empty())
            .count();
        assert_eq!(blank, 1, "{link}: {output}");
        turncoat.turn(false);
        brief("status", &world, &turncoat.raw).run().exits(0);
        // Known again, it stays, whatever a look-up says then.
        let output = endures(link, "status", &turncoat, &world).exits(0);
        check(&output, &world, &turncoat.raw);
        all_paid(&world, &turncoat.raw, ROWS);
    });
}

/// Answers to a deactivation that tell of another link.
fn stops() -> Vec<(&'static str, Manner)> {
    let named = |message: &str| {
        let body = json!({"status": "SUCCESS", "subCode": "200", "message": message});
        says(200, &body.to_string())
    };
    vec![
        (
            "another id in words",
            named("Cashgram with id - june-other successfully deactivated!"),
        ),
        ("another id", success(&json!({"cashgramId": "june-other"}))),
        ("a list for an id", success(&json!({"cashgramId": []}))),
    ]
}

/// What is said to have been stopped is looked at, and is not called stopped while it stands.
#[test]
fn a_deactivation_in_riddles_closes_nothing() {
    let all = riddles().into_iter().chain(stops()).collect();
    each_of(all, |(what, manner)| {
        let turncoat = Turncoat::at(DEACTIVATE, Act::Instead(manner));
        let world = before("cancel", &turncoat);
        let output = endures(what, "cancel", &turncoat, &world);
        assert!([1, 4].contains(&output.code), "{what}: {output}");
        assert_eq!(
            world.table(RESULTS).states("created"),
            ROWS,
            "{what}: {output}"
        );
        ends_well("cancel", &turncoat, &world);
    });
}

/// Nor is it while it cannot be looked at, if the answer was about another link.
#[test]
fn the_end_of_another_link_is_no_end_of_this_one() {
    each_of(stops(), |(what, manner)| {
        let turncoat = Turncoat::script(move |ask| {
            let page = Act::Instead(Manner::Says(Say::page(502)));
            let lie = || Act::Instead(manner.clone());
            match ask.is(DEACTIVATE) {
                true => Some(lie()),
                false => ask.is_status().then_some(page),
            }
        });
        let world = before("cancel", &turncoat);
        let output = endures(what, "cancel", &turncoat, &world).exits(1);
        let output = output.says(["for another id", "do not pay"]);
        assert_eq!(
            world.table(RESULTS).states("created"),
            ROWS,
            "{what}: {output}"
        );
        ends_well("cancel", &turncoat, &world);
    });
}

/// What is stopped and then looked at: an answer about another link ends the run, which trusts this wire no more.
#[test]
fn a_look_at_another_link_after_a_stop_ends_the_run() {
    let other = json!({"cashgramStatus": "EXPIRED", "cashgramId": "june-other"});
    let turncoat = Turncoat::at(STATUS, Act::Instead(success(&other)));
    let world = before("cancel", &turncoat);
    let output = endures("another", "cancel", &turncoat, &world).exits(1);
    output.says(["for another id"]);
    ends_well("cancel", &turncoat, &world);
}

/// Balances that are none.
fn balances() -> Vec<(&'static str, Manner)> {
    let of = |available: Value| success(&json!({"balance": "1.00", "availableBalance": available}));
    let twice = r#"{"status":"SUCCESS","subCode":"200","data":{"availableBalance":"1","availableBalance":"9"}}"#;
    vec![
        ("two balances", says(200, twice)),
        ("words", of(json!("lots"))),
        ("a list", of(json!(["7"]))),
        ("more than there is", of(json!("9".repeat(40)))),
        ("a power of ten", of(json!("1e9"))),
        ("two points", of(json!("1.2.3"))),
        ("an escape", of(json!("\u{1b}[2J7"))),
    ]
}

/// A balance that cannot be read is a problem to `doctor`; `send` says so and pays.
#[test]
fn a_balance_in_riddles_is_none() {
    let pages = riddles().into_iter().step_by(5);
    let all = pages.chain(balances()).flat_map(|(what, manner)| {
        ["doctor", "send"].map(|command| (what, command, manner.clone()))
    });
    each_of(all.collect(), |(what, command, manner)| {
        let turncoat = Turncoat::at(BALANCE, Act::Instead(manner));
        let world = before(command, &turncoat);
        let code = i32::from(command == "doctor");
        let output = endures(what, command, &turncoat, &world).exits(code);
        let output = output.hides(["\u{1b}"]);
        let words = ["balance", "network"];
        let is_said = words.iter().any(|word| output.all().contains(word));
        assert!(is_said, "{what}: {output}");
        ends_well(command, &turncoat, &world);
    });
}

#[test]
fn no_flood_is_read_to_its_end() {
    let honest = {
        let (raw, world) = (Raw::honest(), batch(ROWS));
        peak(&hasty(&world, &raw)).1
    };
    let asked = [
        ("send", AUTHORIZE, 1),
        ("send", BALANCE, 0),
        ("status", STATUS, 1),
        ("cancel", DEACTIVATE, 1),
        ("doctor", BALANCE, 1),
    ];
    let some = floods().into_iter().step_by(3);
    let all = some.flat_map(|flood| asked.map(|case| (case, flood.clone())));
    each_of(
        all.collect(),
        |((command, path, code), (what, head, again))| {
            let times = (1 << 30) / again.len().max(1 << 10);
            let turncoat = Turncoat::at(path, Act::Instead(Manner::Pour(head, again, times)));
            let world = before(command, &turncoat);
            turncoat.turn(true);
            let (output, most) = peak(&brief(command, &world, &turncoat.raw));
            turncoat.turn(false);
            let output = output.exits(code);
            assert!(
                most <= honest + FLOOD_KIB_MAX,
                "{what}, {command}: {most} KiB, honestly {honest}"
            );
            assert_eq!(
                world.table(RESULTS).states("cancelled"),
                0,
                "{what}: {output}"
            );
            ends_well(command, &turncoat, &world);
        },
    );
}
