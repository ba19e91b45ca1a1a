//! Answers that no gateway should give: pages, halves, riddles, floods and drips. None of them creates a payment
//! here or loses one there; whatever they hide is looked up, and sent again only when nothing was hidden.
//!
//! Deliberately absent: what other requests than creates are answered (`hostile_questions`), refusals in the gateway's own
//! words (`faults`) and plain lost replies (`doubt`).

use std::io::Write as _;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use crate::support::trouble::*;
use crate::support::world::phone;
use crate::support::*;

/// Rows of a batch; every third one's first create is answered badly.
const ROWS: usize = 12;

/// A bad answer to the first create of every third row, with or without the create having been done.
fn spoil(manner: &Manner, done: bool) -> Raw {
    let manner = manner.clone();
    // By row, not by turn: a create that is sent again may come between two first ones.
    let phones: Vec<String> = (3..=ROWS)
        .step_by(3)
        .map(|n| phone(n).to_string())
        .collect();
    Raw::start(move |ask| {
        let first = ask.is_create() && ask.nth_for_id == 1;
        let unlucky = first && phones.iter().any(|phone| ask.body.contains(phone));
        match (unlucky, done) {
            (false, _) => Act::Honest,
            (true, true) => Act::Then(manner.clone()),
            (true, false) => Act::Instead(manner.clone()),
        }
    })
}

/// The batch is paid whole in one run, the spoilt rows among them, and never by a second create where one was done.
#[track_caller]
fn survives(what: &str, manner: &Manner, done: bool) {
    let raw = spoil(manner, done);
    let world = batch(ROWS);
    let output = sent(&hasty(&world, &raw), 0, &world, &raw);
    all_paid(&world, &raw, ROWS);
    let wanted = if done { ROWS } else { ROWS + ROWS / 3 };
    assert_eq!(raw.creates(), wanted, "{what}: {output}");
    assert!(
        raw.count("/getCashgramStatus") >= ROWS / 3,
        "{what}: {output}"
    );
}

pub(crate) fn says(status: u16, body: &str) -> Manner {
    Manner::Says(Say::new(status, body))
}

fn success(data: &serde_json::Value) -> Manner {
    let body =
        json!({"status": "SUCCESS", "subCode": "200", "message": "Cashgram Created", "data": data});
    says(200, &body.to_string())
}

/// What would be believed if it came as it is.
const CREATED: &str = r#"{"status":"SUCCESS","subCode":"200","message":"Cashgram Created","data":{"referenceId":1,"cashgramLink":"https://csgr.invalid/x"}}"#;

/// The same after so many blanks.
fn airy(blanks: usize) -> Vec<u8> {
    let mut body = vec![b' '; blanks];
    body.extend_from_slice(CREATED.as_bytes());
    body
}

/// A whole reply with this body in gzip, which nobody asked for: nothing here unpacks what a stranger packed.
fn zipped(body: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(body).unwrap();
    let packed = packed.finish().unwrap();
    let length = packed.len();
    let head = format!(
        "HTTP/1.1 200 X\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\ncontent-length: {length}\r\n\r\n"
    );
    [head.as_bytes(), &packed].concat()
}

/// Everything that says nothing.
pub(crate) fn riddles() -> Vec<(&'static str, Manner)> {
    let nested = "[".repeat(5_000);
    let deep = format!(
        r#"{{"status":"SUCCESS","data":{}1{}}}"#,
        r#"{"a":"#.repeat(40),
        "}".repeat(40)
    );
    vec![
        ("an HTML page under 200", Manner::Says(Say::page(200))),
        ("an HTML page under 502", Manner::Says(Say::page(502))),
        ("an empty body", says(200, "")),
        (
            "no content",
            Manner::Bytes(b"HTTP/1.1 204 X\r\n\r\n".to_vec()),
        ),
        (
            "half a JSON",
            says(200, r#"{"status":"SUCCESS","subCode":"2"#),
        ),
        ("a JSON of something else", says(200, r#"["SUCCESS"]"#)),
        ("deep nesting", says(200, &nested)),
        ("deep objects", says(200, &deep)),
        (
            "no status word",
            says(200, r#"{"subCode":"200","data":{}}"#),
        ),
        (
            "SUCCESS without data",
            says(200, r#"{"status":"SUCCESS","subCode":"200"}"#),
        ),
        ("SUCCESS with null data", success(&json!(null))),
        ("SUCCESS without link", success(&json!({"referenceId": 1}))),
        (
            "SUCCESS without reference",
            success(&json!({"cashgramLink": "https://csgr.invalid/x"})),
        ),
        (
            "two references",
            says(
                200,
                r#"{"status":"SUCCESS","subCode":"200","data":{"referenceId":1,"referenceId":2,"cashgramLink":"https://csgr.invalid/x"}}"#,
            ),
        ),
        (
            "two verdicts",
            says(
                200,
                r#"{"status":"ERROR","subCode":"422","message":"x","status":"SUCCESS","subCode":"200","data":{"referenceId":1,"cashgramLink":"https://csgr.invalid/x"}}"#,
            ),
        ),
        (
            "a link with a password in it",
            success(&json!({"referenceId": 1, "cashgramLink": "https://user:pass@csgr.invalid/x"})),
        ),
        (
            "a link of two lines",
            success(&json!({"referenceId": 1, "cashgramLink": "https://csgr.invalid/x\n=cmd"})),
        ),
        (
            "a script for a link",
            success(&json!({"referenceId": 1, "cashgramLink": "javascript:alert(1)"})),
        ),
        (
            "a file for a link",
            success(&json!({"referenceId": 1, "cashgramLink": "file:///etc/passwd"})),
        ),
    ]
    .into_iter()
    .chain(noises())
    .collect()
}

/// Contradictions, server faults and broken wires.
fn noises() -> Vec<(&'static str, Manner)> {
    vec![
        (
            "SUCCESS and 422 at once",
            says(200, r#"{"status":"SUCCESS","subCode":"422","message":"x"}"#),
        ),
        (
            "a refusal under HTTP 500",
            says(
                500,
                r#"{"status":"ERROR","subCode":"422","message":"Please provide a valid name"}"#,
            ),
        ),
        (
            "an unknown code",
            says(200, r#"{"status":"ERROR","subCode":"777","message":"x"}"#),
        ),
        (
            "internal error",
            Manner::Says(Say::refusal(500, "internal error")),
        ),
        (
            "unknown error",
            Manner::Says(Say::refusal(520, "Unknown error occurred")),
        ),
        ("service unavailable", Manner::Says(Say::page(503))),
        (
            "not HTTP at all",
            Manner::Bytes(b"220 mail.example ESMTP\r\n".to_vec()),
        ),
        (
            "a body cut short",
            Manner::Bytes(b"HTTP/1.1 200 X\r\ncontent-length: 500\r\n\r\n{\"status\":".to_vec()),
        ),
        (
            "a success in gzip",
            Manner::Bytes(zipped(CREATED.as_bytes())),
        ),
        (
            "a success in gzip with air in it",
            Manner::Bytes(zipped(&airy(1 << 20))),
        ),
        ("the connection closed", Manner::Close),
        ("the connection reset", Manner::Reset),
    ]
}

#[test]
fn riddles_after_the_effect_are_looked_up() {
    each_of(riddles(), |(what, manner)| survives(what, &manner, true));
}

#[test]
fn riddles_without_an_effect_are_sent_again_once_nothing_is_found() {
    each_of(riddles(), |(what, manner)| survives(what, &manner, false));
}

#[test]
fn a_stalled_answer_is_waited_for_as_long_as_asked_and_then_looked_up() {
    each_of(vec![true, false], |done| {
        survives("stalled", &Manner::Stall(Duration::from_secs(6)), done);
    });
}

/// A reply that begins well and then arrives byte by byte: only a limit on the whole helps.
#[test]
fn a_drip_ends_at_the_timeout() {
    let gate = Gate::with(|options| {
        options.faults = "create:drip=20%,drip-by=100ms".parse().unwrap();
    });
    let world = batch(ROWS);
    let begun = Instant::now();
    sent(&hasty(&world, &gate), 0, &world, &gate);
    all_paid(&world, &gate, ROWS);
    assert_eq!(gate.creates(), ROWS, "what dripped was done");
    assert!(
        begun.elapsed() < Duration::from_secs(25),
        "{:?}",
        begun.elapsed()
    );
}

/// Answers of a gibibyte or without an end, in every part of an answer: what it is, how it begins, and what then comes
/// again and again.
pub(crate) fn floods() -> Vec<(&'static str, Vec<u8>, Vec<u8>)> {
    let letters = vec![b'a'; 64 * 1024];
    let chunk = [b"10000\r\n", letters.as_slice(), b"\r\n"].concat();
    let header = format!("x-filler: {}\r\n", "a".repeat(1000)).into_bytes();
    let greeting = b"HTTP/1.1 100 Continue\r\n\r\n".repeat(10_000);
    let ok = |headers: &str| format!("HTTP/1.1 200 X\r\n{headers}").into_bytes();
    let said = "{\"status\":\"SUCCESS\",\"message\":\"";
    let whole = format!("content-length: 1073741824\r\n\r\n{said}");
    vec![
        ("a body of a gibibyte", ok(&whole), letters.clone()),
        (
            "a body without an end",
            ok("transfer-encoding: chunked\r\n\r\n"),
            chunk,
        ),
        (
            "a body until the end",
            ok(&format!("\r\n{said}")),
            letters.clone(),
        ),
        ("headers without an end", ok(""), header),
        ("a header without an end", ok("x-filler: "), letters.clone()),
        (
            "a status without an end",
            b"HTTP/1.1 200 ".to_vec(),
            letters,
        ),
        // Whoever greets for as long as it is listened to is listened to: hyper has no limit there.
        ("ten thousand greetings", greeting, Vec::new()),
    ]
}

/// 32 KiB on the wire, 32 MiB unpacked: more than [`FLOOD_KIB_MAX`].
fn bomb() -> (&'static str, Vec<u8>, Vec<u8>) {
    ("a bomb of gzip", zipped(&airy(32 << 20)), Vec::new())
}

/// Most memory by which a flood may exceed an honest run: a reply's limit times the senders, and a margin.
pub(crate) const FLOOD_KIB_MAX: u64 = 24 * 1024;

#[test]
fn floods_are_not_read_to_their_end() {
    let honest = {
        let (raw, world) = (Raw::honest(), batch(ROWS));
        peak(&hasty(&world, &raw)).1
    };
    let all = floods().into_iter().chain([bomb()]).collect();
    each_of(all, |(what, head, again)| {
        let times = (1 << 30) / again.len().max(1 << 10);
        let raw = spoil(&Manner::Pour(head, again, times), true);
        let world = batch(ROWS);
        let (output, most) = peak(&hasty(&world, &raw));
        let output = output.exits(0);
        check(&output, &world, &raw);
        all_paid(&world, &raw, ROWS);
        assert_eq!(raw.creates(), ROWS, "{what}: {output}");
        assert!(
            most <= honest + FLOOD_KIB_MAX,
            "{what}: {most} KiB, honestly {honest}"
        );
    });
}

/// Runs it to its end; the most memory it held, in KiB.
pub(crate) fn peak(send: &Paysheet) -> (Output, u64) {
    let mut running = send.spawn();
    let mut most = 0;
    while !running.ended() {
        most = most.max(running.memory_peak());
        std::thread::sleep(Duration::from_millis(3));
    }
    (running.wait(), most)
}

/// A redirect is never followed: the order with its token would go to wherever it points. It stops the run.
#[test]
fn a_redirect_is_not_followed() {
    let other = Raw::honest();
    let to = format!("{}/payout/v1/createCashgram", other.url());
    for status in [301, 302, 307, 308] {
        let to = to.clone();
        let raw = Raw::start(move |ask| match ask.is_create() && ask.nth == 5 {
            true => Act::Instead(Manner::Says(Say::new(status, "").with("location", &to))),
            false => Act::Honest,
        });
        let world = batch(ROWS);
        let send = hasty(&world, &raw);
        sent(&send, 1, &world, &raw).says(["--base-url", "run the same command again"]);
        assert_eq!(other.asked(), 0, "{status} was followed");
        sent(&send, 0, &world, &raw);
        all_paid(&world, &raw, ROWS);
    }
}

/// The gateway answers a look-up or a create for another id: nothing on this wire can be trusted, so the run stops,
/// and what was asked about stays in doubt.
#[test]
fn an_answer_for_another_id_stops_the_run() {
    let status = json!({"status": "SUCCESS", "subCode": "200", "data": {
        "cashgramStatus": "ACTIVE", "referenceId": 1, "cashgramId": "june-other", "cashgramLink": "https://csgr.invalid/x"}});
    let created = json!({"status": "SUCCESS", "subCode": "200", "data": {
        "referenceId": 1, "cashgramId": "june-other", "cashgramLink": "https://csgr.invalid/x"}});
    for (on_create, echo) in [(true, created), (false, status)] {
        let raw = Raw::start(move |ask| {
            let lost = ask.is_create() && ask.nth == 4;
            let wrong = Manner::Says(Say::new(200, echo.to_string()));
            // The look-ups before the first create are answered honestly: only the one about the doubt is not.
            let doubtful = ask.is_status() && ask.nth_for_id == 2 && ask.nth <= ROWS + 1;
            match (lost, on_create, doubtful) {
                (true, true, _) => Act::Then(wrong),
                (true, false, _) => Act::Then(Manner::Close),
                (false, false, true) => Act::Instead(wrong),
                (false, _, _) => Act::Honest,
            }
        });
        let world = batch(ROWS);
        let send = hasty(&world, &raw);
        let output = sent(&send, 1, &world, &raw).says(["another id", "do not pay"]);
        let table = world.table(RESULTS);
        assert!(table.states("unknown") >= 1, "{output}");
        assert!(!world.text(RESULTS).contains("csgr.invalid/x"), "{output}");
        sent(&send, 0, &world, &raw);
        all_paid(&world, &raw, ROWS);
        assert_eq!(raw.creates(), ROWS);
    }
}

/// Status answers can be riddles too. They prove nothing, and nothing is sent on the strength of them.
#[test]
fn riddles_about_a_doubt_leave_it_unknown() {
    each_of(riddles(), |(what, manner)| {
        let raw = Raw::start(move |ask| match (ask.is_create(), ask.is_status()) {
            (true, _) if ask.nth == 3 => Act::Then(Manner::Close),
            (_, true) if ask.nth_for_id > 1 => Act::Instead(manner.clone()),
            _ => Act::Honest,
        });
        let world = batch(4);
        let send = giving_up(&world, &raw, "1s");
        let output = send.run();
        check(&output, &world, &raw);
        assert!([1, 4].contains(&output.code), "{what}: {output}");
        assert_eq!(
            world.table(RESULTS).states("unknown"),
            1,
            "{what}: {output}"
        );
        assert_eq!(raw.creates(), 4, "{what}: {output}");
    });
}
