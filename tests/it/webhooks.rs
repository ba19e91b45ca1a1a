//! `paysheet webhooks`: events are kept before they are answered, and are never more than a reason to ask.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use paysheet::sandbox;

use crate::support::*;

const RESULTS: &str = "june.test.results.csv";
const INBOX: &str = "webhooks.test.inbox.db";
const FORM: &str = "application/x-www-form-urlencoded";

#[track_caller]
fn until(what: &str, mut is: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn free_address() -> SocketAddr {
    let probe = TcpListener::bind("127.0.0.1:0").unwrap();
    probe.local_addr().unwrap()
}

/// The receiver's command line, over the folder of `world`.
fn receiver(world: &World, gate: &impl Gateway, address: SocketAddr) -> Paysheet {
    world
        .paysheet()
        .args(["webhooks", "--checkpoints", ".", "--listen"])
        .arg(address.to_string())
        .env("PAYSHEET_ENV", "test")
        .env("PAYSHEET_BASE_URL", gate.url())
        .env("PAYSHEET_RATE", "0")
        .env("CASHFREE_CLIENT_ID", CLIENT_ID)
        .env("CASHFREE_CLIENT_SECRET", CLIENT_SECRET)
}

fn listening(command: &Paysheet, address: SocketAddr) -> Running {
    let running = command.spawn();
    until("the receiver listens", || {
        TcpStream::connect(address).is_ok()
    });
    running
}

/// A form with a V1 signature.
fn signed(fields: &[(&str, &str)], secret: &str) -> String {
    let mut sorted = fields.to_vec();
    sorted.sort_unstable();
    let text: String = sorted.iter().map(|field| field.1).collect();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = STANDARD.encode(hmac::sign(&key, text.as_bytes()));
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .append_pair("signature", &signature)
        .finish()
}

fn redeemed(id: &str) -> String {
    let fields = [
        ("event", "CASHGRAM_REDEEMED"),
        ("cashgramid", id),
        ("utr", "628514009921"),
    ];
    signed(&fields, CLIENT_SECRET)
}

fn exchange(address: SocketAddr, request: &[u8]) -> std::io::Result<String> {
    let mut socket = TcpStream::connect(address)?;
    socket.set_read_timeout(Some(Duration::from_secs(20)))?;
    // A server that has refused may close before all is written.
    let _ = socket.write_all(request);
    let mut said = Vec::new();
    let mut piece = [0; 4096];
    while let Ok(read) = socket.read(&mut piece) {
        said.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&said);
        if read == 0
            || text
                .split_once("\r\n\r\n")
                .is_some_and(|(_, body)| !body.is_empty())
        {
            break;
        }
    }
    Ok(String::from_utf8_lossy(&said).into_owned())
}

fn request(kind: &str, body: &str) -> Vec<u8> {
    format!(
        "POST /hooks HTTP/1.1\r\nhost: x\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The status that `body` is answered with; 0 if the connection ended without one.
fn post(address: SocketAddr, kind: &str, body: &str) -> u16 {
    status(&exchange(address, &request(kind, body)).unwrap_or_default())
}

fn status(answer: &str) -> u16 {
    answer
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .unwrap_or(0)
}

/// `june.csv` with so many rows, sent; the ids in the sheet's order.
fn sent(world: &World, gate: &impl Gateway, n: usize) -> Vec<String> {
    world.sheet("june.csv", rows(n));
    world.send("june.csv", gate).run().exits(0);
    let table = world.table(RESULTS);
    let ids = table.column("cashgram_id").into_iter();
    ids.map(str::to_owned).collect()
}

/// How often the gateway was asked about `id`.
fn asked_about(gate: &Gate, id: &str) -> usize {
    let all = gate.requests();
    all.iter()
        .filter(|seen| seen.path.ends_with("/getCashgramStatus") && seen.id.as_deref() == Some(id))
        .count()
}

fn without_times(world: &World) -> Vec<std::collections::BTreeMap<String, String>> {
    let mut rows = world.table(RESULTS).rows;
    for row in &mut rows {
        row.remove("checked_at");
    }
    rows
}

/// Twice each, out of order, in either form: in the end the results are those of a sweep.
#[test]
fn events_and_a_sweep_lead_to_equal_results() {
    for form in [sandbox::Form::Form, sandbox::Form::Json] {
        let (gate, listens, sweeps) = (Gate::new(), World::new(), World::new());
        let ids = sent(&listens, &gate, 12);
        for name in ["june.test.checkpoint.db", RESULTS] {
            std::fs::copy(listens.path(name), sweeps.path(name)).unwrap();
        }
        let address = free_address();
        let running = listening(&receiver(&listens, &gate, address), address);
        gate.post_events(&format!("http://{address}/"), |webhook| {
            webhook.form = form;
            webhook.trouble = "duplicate=50%,reorder=50%".parse().unwrap();
        });
        for id in &ids[..6] {
            gate.redeem(id);
        }
        gate.expire(&ids[6]);
        gate.reverse(&ids[0]);
        gate.redeem_to(&ids[7], "02014457596969", "CITI0000001");
        gate.advance(3_600);
        let words = [
            ["REVERSED", "REDEEMED", "REDEEMED", "REDEEMED"],
            ["REDEEMED", "REDEEMED", "EXPIRED", "REVERSED"],
            ["ACTIVE", "ACTIVE", "ACTIVE", "ACTIVE"],
        ];
        until("the results are those of the gateway", || {
            listens.table(RESULTS).column("status") == words.concat()
        });
        running.sigterm();
        running.wait().exits(0).hides([CLIENT_SECRET]);
        sweeps.status("june.csv", &gate).run().exits(4);
        assert_eq!(without_times(&listens), without_times(&sweeps));
        audit(&listens, RESULTS, &gate);
        assert_eq!(listens.mode(INBOX), 0o600);
    }
}

/// What makes a file a checkpoint is what stands in it.
#[test]
fn a_checkpoint_is_found_whatever_its_name() {
    let (gate, world) = (Gate::new(), World::new());
    world.sheet("june.csv", rows(2));
    let send = world.send("june.csv", &gate);
    send.args(["--checkpoint", "ledger of june"]).run().exits(0);
    let id = world.table(RESULTS).cell(1, "cashgram_id").to_owned();
    let address = free_address();
    let running = listening(&receiver(&world, &gate, address), address);
    gate.redeem(&id);
    assert_eq!(post(address, FORM, &redeemed(&id)), 200);
    until("the event is followed", || {
        world.table(RESULTS).cell(1, "status") == "REDEEMED"
    });
    running.sigterm();
    running.wait().exits(0).hides(["ALARM"]);
}

#[test]
fn a_rehearsal_with_a_wrong_address_for_events_does_not_begin() {
    let world = World::new();
    let sandbox = world.paysheet().args(["sandbox", "--listen"]);
    let run = sandbox.args(["127.0.0.1:0", "--webhook", "https://example.com/"]);
    run.run().exits(2).hides(["the sandbox listens"]);
}

#[test]
fn what_is_not_signed_for_us_has_no_effect() {
    let (gate, world) = (Gate::new(), World::new());
    let ids = sent(&world, &gate, 2);
    let address = free_address();
    let command = receiver(&world, &gate, address).env("CASHFREE_PREVIOUS_CLIENT_SECRET", "former");
    let running = listening(&command, address);
    let before = gate.lookups();
    let fields = [
        ("event", "CASHGRAM_REDEEMED"),
        ("cashgramid", ids[0].as_str()),
    ];
    let forged = signed(&fields, "somebody else's");
    let unsigned = format!("event=CASHGRAM_REDEEMED&cashgramid={}", ids[0]);
    let long = format!("{}&x={}", redeemed(&ids[0]), "a".repeat(65 * 1024));
    let json = "application/json";
    for (kind, body, answer) in [
        (FORM, forged.as_str(), 401),
        (FORM, &unsigned, 401),
        (FORM, "", 401),
        ("text/plain", "hello", 401),
        (json, "{\"signature\":\"AAAA\"}", 401),
        (json, "{\"a\":", 400),
        (json, "{\"a\":[]}", 400),
        (FORM, "a=1&a=2", 400),
        (FORM, &long, 413),
    ] {
        assert_eq!(post(address, kind, body), answer, "{kind} {body:.80}");
    }
    let huge = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1073741824\r\n\r\n".to_owned()
        + &"a".repeat(100_000);
    assert_eq!(status(&exchange(address, huge.as_bytes()).unwrap()), 413);
    for (ask, answer) in [("GET /healthz", 200), ("GET /", 405), ("PUT /", 405)] {
        let ask = format!("{ask} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n");
        assert_eq!(status(&exchange(address, ask.as_bytes()).unwrap()), answer);
    }
    assert_eq!(gate.lookups(), before, "a stranger made us ask");
    assert_eq!(post(address, FORM, &signed(&fields, "former")), 200);
    assert_eq!(
        post(address, FORM, &signed(&fields[1..], CLIENT_SECRET)),
        200
    );
    until("the events of both secrets are followed", || {
        gate.lookups() > before
    });
    running.sigterm();
    running
        .wait()
        .exits(0)
        .says(["turned away"])
        .hides(["former", CLIENT_SECRET]);
}

#[test]
fn webhook_boundary_shift_replay_and_unknown_ids() {
    let (gate, world) = (Gate::new(), World::new());
    let ids = sent(&world, &gate, 2);
    let (id, address) = (ids[0].as_str(), free_address());
    gate.redeem(id);
    let running = listening(&receiver(&world, &gate, address), address);
    let before = asked_about(&gate, id);
    let honest = redeemed(id);
    for _ in 0..5 {
        assert_eq!(post(address, FORM, &honest), 200);
    }
    until("it is looked up", || {
        world.table(RESULTS).cell(1, "status") == "REDEEMED"
    });
    // The same signature, the same values joined, another id: one of ours cut short, then many.
    let signature = honest.split("&signature=").nth(1).unwrap();
    for cut in 1..12 {
        let (head, tail) = id.split_at(id.len() - cut);
        let shifted = format!(
            "cashgramid={head}&event={tail}CASHGRAM_REDEEMED&utr=628514009921&signature={signature}"
        );
        assert_eq!(post(address, FORM, &shifted), 200);
    }
    assert_eq!(post(address, FORM, &redeemed("stranger-1")), 200);
    let signed_other = signed(
        &[("event", "LOW_BALANCE_ALERT"), ("balance", "1.00")],
        CLIENT_SECRET,
    );
    assert_eq!(post(address, FORM, &signed_other), 200);
    let inbox = || rusqlite::Connection::open(world.path(INBOX)).unwrap();
    let count = |sql: &str| -> i64 { inbox().query_row(sql, [], |row| row.get(0)).unwrap() };
    until("all are followed", || {
        count("SELECT count(*) FROM events WHERE standing = 0") == 0
    });
    // The event itself, three of its other readings, the stranger; the alert names nothing.
    assert_eq!(count("SELECT count(*) FROM events"), 6);
    assert_eq!(count("SELECT count(*) FROM events WHERE standing = 2"), 4);
    assert_eq!(asked_about(&gate, id), before + 1);
    assert_eq!(gate.lookups() - before, asked_about(&gate, &ids[1]) + 1);
    running.sigterm();
    let run = running.wait().exits(0);
    run.says(["ALARM", "stranger-1", "LOW_BALANCE_ALERT", "too many ids"]);
    // Unknown ids are looked for again, and found once their checkpoint is there.
    let running = listening(&receiver(&world, &gate, address), address);
    until("they are unknown again", || {
        count("SELECT count(*) FROM events WHERE standing = 2") == 4
    });
    running.sigterm();
    running.wait().exits(0);
}

/// Whatever was answered 200 is there after SIGKILL, and is followed by the next start.
#[test]
fn an_acknowledged_event_survives_sigkill() {
    let (gate, world) = (Gate::new(), World::new());
    let ids = sent(&world, &gate, 20);
    let address = free_address();
    let command = receiver(&world, &gate, address).arg("-q");
    for round in 0..3 {
        let running = listening(&command, address);
        let posting: Vec<_> = (0..8)
            .map(|sender| {
                std::thread::spawn(move || {
                    let mut taken = Vec::new();
                    for number in 0.. {
                        let id = format!("r{round}-{sender}-{number}");
                        if post(address, FORM, &redeemed(&id)) != 200 {
                            return taken;
                        }
                        taken.push(id);
                    }
                    taken
                })
            })
            .collect();
        std::thread::sleep(Duration::from_millis(150 + 70 * round));
        running.kill9();
        let taken: Vec<String> = posting
            .into_iter()
            .flat_map(|t| t.join().unwrap())
            .collect();
        assert!(
            !taken.is_empty(),
            "nothing was acknowledged before the kill"
        );
        let inbox = rusqlite::Connection::open(world.path(INBOX)).unwrap();
        for id in &taken {
            let kept = inbox
                .prepare("SELECT 1 FROM events WHERE id = ?1")
                .unwrap()
                .exists([id]);
            assert!(kept.unwrap(), "{id} was acknowledged and is lost");
        }
    }
    // Events that nobody had time to follow: the next start does.
    let running = listening(&command, address);
    running.signal("STOP");
    drop(running);
    let inbox = rusqlite::Connection::open(world.path(INBOX)).unwrap();
    let put = "INSERT INTO events (print, id, word, received_at, standing, tries, due_at)
               VALUES (randomblob(16), ?1, 'CASHGRAM_REDEEMED', 0, 0, 0, 0)";
    inbox.execute(put, [&ids[4]]).unwrap();
    drop(inbox);
    gate.redeem(&ids[4]);
    let running = listening(&command, address);
    until("it is followed", || {
        world.table(RESULTS).cell(5, "status") == "REDEEMED"
    });
    running.sigterm();
    running.wait().exits(0);
}

#[test]
fn a_running_send_is_not_disturbed() {
    let world = World::new();
    let raw = Raw::start(|ask| {
        if ask.is_create() {
            Act::Then(Manner::Late(Duration::from_millis(1_200)))
        } else {
            Act::Honest
        }
    });
    world.sheet("june.csv", rows(3));
    let address = free_address();
    let running = listening(&receiver(&world, &raw, address), address);
    let sending = world.send("june.csv", &raw).spawn();
    until("creates under way", || raw.creates() == 3);
    let id = raw.booked().first().map(|booked| booked.id.clone());
    let id = id.unwrap_or_else(|| {
        until("a create is booked", || !raw.booked().is_empty());
        raw.booked()[0].id.clone()
    });
    assert_eq!(post(address, FORM, &redeemed(&id)), 200);
    sending.wait().exits(0);
    raw.set_status(&id, "REDEEMED");
    until("the event is followed once the batch is free", || {
        let table = world.table(RESULTS);
        table.column("status").contains(&"REDEEMED")
    });
    // A command that starts while answers are written down waits for that, and is not refused.
    for _ in 0..5 {
        world.status("june.csv", &raw).run().exits(0);
    }
    running.sigterm();
    running.wait().exits(0);
    audit(&world, RESULTS, &raw);
}

#[test]
fn what_cannot_be_had_is_said() {
    let (gate, world) = (Gate::new(), World::new());
    let address = free_address();
    let command = receiver(&world, &gate, address);
    world
        .paysheet()
        .args(["webhooks", "--checkpoints", ".", "--listen", "127.0.0.1:0"])
        .run()
        .exits(2)
        .says(["built-in sandbox", "paysheet sandbox --webhook URL"]);
    command
        .clone()
        .args(["--inbox", "none/i.db"])
        .run()
        .exits(1)
        .says(["none/i.db"]);
    world.sheet("notes.db", "these are notes, and they stay as they are");
    let run = command.clone().args(["--inbox", "notes.db"]).run().exits(1);
    run.says(["notes.db is not an inbox of paysheet"]);
    assert_eq!(
        world.text("notes.db"),
        "these are notes, and they stay as they are"
    );
    let running = listening(&command, address);
    let second = receiver(&world, &gate, free_address());
    second.run().exits(1).says([INBOX, "in use by process"]);
    let other = receiver(&world, &gate, address).args(["--inbox", "other.db"]);
    other.run().exits(1).says(["cannot listen on"]);
    running.sigterm();
    running.wait().exits(0);
    let moved = receiver(&world, &gate, address).env("CASHFREE_CLIENT_ID", "CF_OTHER");
    moved.run().exits(1).says(["another account", "--inbox"]);
}
