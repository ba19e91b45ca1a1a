//! A scripted gateway: per request a closure says what happens on the wire, before or after the honest thing is done.
//!
//! It keeps books of its own and a list of every create it saw, so that "at most one Cashgram a row" is judged by a
//! party that shares no line with the program or its sandbox. Its reading of the protocol is this file and
//! `raw_bank`, written from the protocol's description alone. Refusals travel under their HTTP status. Deliberately
//! absent: rates, balances that run out, life of links (a test sets their status).

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::gate::{Booked, Gateway};
use super::raw_bank;
pub(crate) use super::raw_http::Say;
use super::raw_http::{self, Wire};
use super::world::paise;

/// One request as the script sees it.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
    /// The Cashgram it is about; blank if none.
    pub(crate) id: String,
    /// From 1: the how-manieth of its path.
    pub(crate) nth: usize,
    /// From 1: the how-manieth of its path for its id.
    pub(crate) nth_for_id: usize,
    pub(crate) at: Instant,
}

impl Ask {
    /// Whether the path ends so.
    pub(crate) fn is(&self, end: &str) -> bool {
        self.path.ends_with(end)
    }

    pub(crate) fn is_create(&self) -> bool {
        self.is("/createCashgram")
    }

    pub(crate) fn is_status(&self) -> bool {
        self.is("/getCashgramStatus")
    }

    pub(crate) fn is_authorize(&self) -> bool {
        self.is("/authorize")
    }
}

/// What happens to a request.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// The honest thing is done and said.
    Honest,
    /// The books stay as they are, and this is seen on the wire.
    Instead(Manner),
    /// The honest thing is done, and this is seen on the wire in place of its reply.
    Then(Manner),
}

/// What is seen on the wire.
#[derive(Clone, Debug)]
pub(crate) enum Manner {
    /// This reply.
    Says(Say),
    /// The connection closes without a byte.
    Close,
    /// The connection is reset without a byte.
    Reset,
    /// Nothing for so long, then the connection closes.
    Stall(Duration),
    /// So many bytes of the honest reply (of nothing, where nothing honest was done), then the connection closes.
    Half(usize),
    /// The honest reply, so much later. What the books do is done at once.
    Late(Duration),
    /// These bytes as they are, then the connection closes.
    Bytes(Vec<u8>),
    /// The first bytes once, then the second so many times, for as long as they are taken.
    Pour(Vec<u8>, Vec<u8>, usize),
}

/// One Cashgram in the books.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) reference: u64,
    pub(crate) link: String,
    pub(crate) status: String,
    pub(crate) reason: Option<String>,
    pub(crate) utr: Option<String>,
    pub(crate) body: String,
}

/// What the gateway knows.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) cashgrams: BTreeMap<String, Kept>,
    /// Every create seen: id and body, in order of arrival, whatever became of it.
    pub(crate) creates: Vec<(String, String)>,
    pub(crate) asked: Vec<Ask>,
    counts: BTreeMap<(String, String), usize>,
    pub(super) balance: String,
}

/// The same books, for an auditor who does not count bodies that were certainly refused: a mended row has another.
pub(crate) struct ButRefused(Vec<Booked>);

impl Gateway for ButRefused {
    fn url(&self) -> String {
        String::new()
    }

    fn booked(&self) -> Vec<Booked> {
        self.0.clone()
    }

    fn asked(&self) -> usize {
        0
    }
}

type Script = dyn Fn(&Ask) -> Act + Send + Sync;

/// The scripted gateway.
pub(crate) struct Raw {
    address: SocketAddr,
    ledger: Arc<Mutex<Ledger>>,
    stopped: Arc<AtomicBool>,
}

impl Raw {
    /// Nothing but honest answers.
    pub(crate) fn honest() -> Raw {
        Raw::start(|_| Act::Honest)
    }

    /// Serves on a loopback port until dropped.
    pub(crate) fn start(script: impl Fn(&Ask) -> Act + Send + Sync + 'static) -> Raw {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let address = listener.local_addr().expect("an address");
        let ledger = Arc::new(Mutex::new(Ledger {
            balance: "98765432.10".into(),
            ..Ledger::default()
        }));
        let stopped = Arc::new(AtomicBool::new(false));
        let script: Arc<Script> = Arc::new(script);
        let (books, stop) = (Arc::clone(&ledger), Arc::clone(&stopped));
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(socket) = socket else { continue };
                let (books, script) = (Arc::clone(&books), Arc::clone(&script));
                std::thread::spawn(move || converse(socket, &books, &*script));
            }
        });
        Raw {
            address,
            ledger,
            stopped,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The books, locked while they are read.
    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        locked(&self.ledger)
    }

    /// All requests, oldest first.
    pub(crate) fn requests(&self) -> Vec<Ask> {
        self.ledger().asked.clone()
    }

    /// Requests whose path ends so.
    pub(crate) fn count(&self, path_end: &str) -> usize {
        let ledger = self.ledger();
        ledger.asked.iter().filter(|ask| ask.is(path_end)).count()
    }

    pub(crate) fn creates(&self) -> usize {
        self.count("/createCashgram")
    }

    /// The books without the count of differing bodies.
    pub(crate) fn but_refused(&self) -> ButRefused {
        let mut booked = self.booked();
        for cashgram in &mut booked {
            cashgram.other_bodies = 0;
        }
        ButRefused(booked)
    }

    /// Has a link stand so at the gateway.
    pub(crate) fn set_status(&self, id: &str, word: &str) {
        let mut ledger = self.ledger();
        let kept = ledger.cashgrams.get_mut(id).expect("a known id");
        word.clone_into(&mut kept.status);
    }

    /// Puts a Cashgram in the books that nobody here created.
    pub(crate) fn plant(&self, id: &str, status: &str) {
        let mut ledger = self.ledger();
        let body = json!({"cashgramId": id, "phone": "9999999999", "amount": "7.00"});
        let number = ledger.cashgrams.len();
        let kept = Kept::new(number, status, body.to_string());
        ledger.cashgrams.insert(id.to_owned(), kept);
    }

    pub(crate) fn set_balance(&self, text: &str) {
        text.clone_into(&mut self.ledger().balance);
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // Wakes the listener, so that its port is given back.
        drop(TcpStream::connect(self.address));
    }
}

impl Gateway for Raw {
    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn booked(&self) -> Vec<Booked> {
        let ledger = self.ledger();
        let booked = |(id, kept): (&String, &Kept)| {
            let body: Value = serde_json::from_str(&kept.body).expect("a kept body is JSON");
            let bodies = ledger.creates.iter().filter(|(seen, _)| seen == id);
            Booked {
                id: id.clone(),
                reference: kept.reference.to_string(),
                link: kept.link.clone(),
                status: kept.status.clone(),
                amount: paise(&text(&body["amount"])),
                phone: text(&body["phone"]),
                other_bodies: bodies.filter(|(_, seen)| *seen != kept.body).count(),
            }
        };
        ledger.cashgrams.iter().map(booked).collect()
    }

    fn asked(&self) -> usize {
        self.ledger().asked.len()
    }
}

pub(super) fn locked(ledger: &Mutex<Ledger>) -> MutexGuard<'_, Ledger> {
    ledger.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One connection, request after request.
fn converse(mut socket: TcpStream, books: &Mutex<Ledger>, script: &Script) {
    let _ = socket.set_nodelay(true);
    while let Some(wire) = raw_http::await_request(&socket) {
        let ask = note(&wire, books);
        let (manner, honest) = match script(&ask) {
            Act::Honest => (None, Some(raw_bank::answer(&wire, &ask, books))),
            Act::Then(manner) => (Some(manner), Some(raw_bank::answer(&wire, &ask, books))),
            Act::Instead(manner) => (Some(manner), None),
        };
        let resets = matches!(manner, Some(Manner::Reset));
        if raw_http::take(&mut socket, &wire, usize::from(resets)).is_none() {
            return;
        }
        if !perform(&mut socket, manner, honest) {
            return;
        }
    }
}

/// Acts a manner out; whether the connection goes on.
fn perform(socket: &mut TcpStream, manner: Option<Manner>, honest: Option<Say>) -> bool {
    let honest = honest.map(|say| say.bytes()).unwrap_or_default();
    match manner {
        None => raw_http::write(socket, &honest),
        Some(Manner::Says(say)) => raw_http::write(socket, &say.bytes()),
        Some(Manner::Late(wait)) => {
            std::thread::sleep(wait);
            raw_http::write(socket, &honest);
        }
        Some(Manner::Close | Manner::Reset) => return false,
        Some(Manner::Stall(wait)) => {
            std::thread::sleep(wait);
            return false;
        }
        Some(Manner::Half(bytes)) => {
            raw_http::write(socket, &honest[..bytes.min(honest.len())]);
            return false;
        }
        Some(Manner::Pour(head, again, times)) => {
            let mut taken = raw_http::taken(socket, &head);
            for _ in 0..times {
                taken = taken && raw_http::taken(socket, &again);
            }
            return false;
        }
        Some(Manner::Bytes(bytes)) => {
            raw_http::write(socket, &bytes);
            return false;
        }
    }
    true
}

/// Enters a request into the ledger.
fn note(wire: &Wire, books: &Mutex<Ledger>) -> Ask {
    let mut ledger = locked(books);
    let body: Value = serde_json::from_str(&wire.body).unwrap_or_default();
    let asked = wire
        .query
        .split('&')
        .find_map(|part| part.strip_prefix("cashgramId="));
    let id = asked.map_or_else(|| text(&body["cashgramId"]), str::to_owned);
    if wire.path.ends_with("/createCashgram") {
        ledger.creates.push((id.clone(), wire.body.clone()));
    }
    let nth = ledger
        .asked
        .iter()
        .filter(|ask| ask.path == wire.path)
        .count()
        + 1;
    let for_id = ledger
        .counts
        .entry((wire.path.clone(), id.clone()))
        .or_default();
    *for_id += 1;
    let ask = Ask {
        method: wire.method.clone(),
        path: wire.path.clone(),
        headers: wire.headers.clone(),
        body: wire.body.clone(),
        id,
        nth,
        nth_for_id: *for_id,
        at: Instant::now(),
    };
    ledger.asked.push(ask.clone());
    ask
}

/// A JSON string, or a number's digits.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

impl Kept {
    pub(super) fn new(number: usize, status: &str, body: String) -> Kept {
        Kept {
            reference: 8_100_000 + u64::try_from(number).expect("a count"),
            link: format!("https://csgr.invalid/r{number:06}"),
            status: status.to_owned(),
            reason: None,
            utr: None,
            body,
        }
    }
}
