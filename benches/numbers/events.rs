//! Events verified and kept by `paysheet webhooks`: how many in a second, and that none is lost when it is killed.
//!
//! The senders are threads of this process, on the same cores, each with one connection and requests signed beforehand.
//! Every event is another one, and none is of a payout that the receiver knows, so that it is the door and the inbox that
//! are measured, and not how fast a gateway answers.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::figure::{Figure, per_second};
use crate::program::paysheet;
use crate::world::World;

const SECRET: &str = "bench-secret";
const SENDERS: usize = 32;
const EVENTS: usize = 40_000;
const PER_SECOND_MIN: u128 = 2_000;

/// Events a second; then the process is killed and what it had acknowledged is looked for.
pub(crate) fn events(world: &World) -> Vec<Figure> {
    let folder = world.folder("events");
    let probe = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = probe.local_addr().unwrap().to_string();
    drop(probe);
    let mut receiver = start(&folder, &address);
    while TcpStream::connect(&address).is_err() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let requests: Vec<Vec<Vec<u8>>> = (0..SENDERS).map(signed).collect();
    let began = Instant::now();
    let sending: Vec<_> = requests
        .into_iter()
        .map(|mine| {
            let address = address.clone();
            std::thread::spawn(move || send(&address, &mine))
        })
        .collect();
    let taken: usize = sending.into_iter().map(|one| one.join().unwrap()).sum();
    let span = began.elapsed();
    receiver.kill().unwrap();
    receiver.wait().unwrap();
    let inbox = rusqlite::Connection::open(folder.join("webhooks.test.inbox.db")).unwrap();
    let count = "SELECT count(*) FROM events";
    let kept: i64 = inbox.query_row(count, [], |row| row.get(0)).unwrap();
    let (taken, kept) = (u64::try_from(taken).unwrap(), u64::try_from(kept).unwrap());
    let rate = per_second(taken, span);
    let lost = taken.saturating_sub(kept);
    vec![
        Figure::held(
            "events verified and durable, a second",
            rate.to_string(),
            format!(">= {PER_SECOND_MIN}"),
            rate >= PER_SECOND_MIN,
        ),
        Figure::held(
            format!("of {taken} acknowledged, lost on SIGKILL"),
            lost.to_string(),
            "= 0",
            lost == 0,
        ),
    ]
}

fn start(folder: &std::path::Path, address: &str) -> Child {
    let mut command = paysheet(folder);
    command
        .args(["webhooks", "-q", "--env", "test", "--checkpoints", "."])
        .args(["--base-url", "http://127.0.0.1:9", "--listen", address])
        .env("CASHFREE_CLIENT_ID", "CF_BENCH")
        .env("CASHFREE_CLIENT_SECRET", SECRET)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.spawn().unwrap()
}

/// The requests of one sender.
fn signed(sender: usize) -> Vec<Vec<u8>> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let one = |number: usize| {
        let (id, event) = (format!("bench-{sender}-{number}"), "CASHGRAM_REDEEMED");
        let (time, utr) = ("2026-10-12 14:05:31", "628514009921");
        let text = format!("{id}{event}{time}{utr}");
        let signature = STANDARD.encode(hmac::sign(&key, text.as_bytes()));
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("cashgramid", &*id), ("event", event), ("eventTime", time)])
            .extend_pairs([("utr", utr), ("signature", &signature)])
            .finish();
        let head = "POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded";
        format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
    };
    (0..EVENTS / SENDERS).map(one).collect()
}

/// Sends one after another; how many were acknowledged.
fn send(address: &str, requests: &[Vec<u8>]) -> usize {
    let mut socket = TcpStream::connect(address).unwrap();
    socket.set_nodelay(true).unwrap();
    let mut answer = [0; 1024];
    for request in requests {
        socket.write_all(request).unwrap();
        let mut length = 0;
        // The answer is some hundred bytes and ends with `ok`.
        while !answer[..length].ends_with(b"\r\n\r\nok") {
            let read = socket.read(&mut answer[length..]).unwrap();
            assert!(read > 0, "the receiver hung up");
            length += read;
        }
        assert!(answer.starts_with(b"HTTP/1.1 200"));
    }
    requests.len()
}
