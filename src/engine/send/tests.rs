//! Whole runs against a scripted gateway, over a real checkpoint.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use tokio::sync::watch;

use crate::checkpoint::{Binding, RowFields, Store, Totals};
use crate::clock::Clock;
use crate::domain::{Finding, LinkExpiry, Money, State};
use crate::engine::{Halt, Limits, OrderRules, Outcome, Rate, Session, Surroundings};
use crate::gateway::headers::ReplyHeaders;
use crate::gateway::{Answer, Gateway, NotSentKind, Reply, Token};

/// What the gateway does with the `n`-th create (from 1) of an id.
type Script = Box<dyn Fn(&str, u32) -> Act + Send + Sync>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Pay,
    PayAndLoseReply,
    LoseRequest,
    Refuse,
    Throttle,
    RefuseConnection,
    Fail,
    LowBalance,
    OldToken,
}

struct Scripted {
    script: Script,
    /// Cashgrams by id, with how often each was created.
    books: Mutex<HashMap<String, u32>>,
    bodies: Mutex<HashMap<String, Vec<String>>>,
    tries: Mutex<HashMap<String, u32>>,
    asked: AtomicU64,
    down: AtomicU64,
}

fn answer(status: u16, headers: ReplyHeaders, body: &str) -> Reply {
    Reply::Answer(Answer {
        status,
        headers,
        body: body.as_bytes().to_vec(),
        truncated: false,
    })
}

fn json(sub_code: u16, message: &str) -> Reply {
    let body = format!(r#"{{"status":"ERROR","subCode":"{sub_code}","message":"{message}"}}"#);
    answer(200, ReplyHeaders::default(), &body)
}

fn id_of(body: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(body).unwrap();
    value["cashgramId"].as_str().unwrap().to_owned()
}

impl Scripted {
    fn new(script: impl Fn(&str, u32) -> Act + Send + Sync + 'static) -> Arc<Scripted> {
        Arc::new(Scripted {
            script: Box::new(script),
            books: Mutex::default(),
            bodies: Mutex::default(),
            tries: Mutex::default(),
            asked: AtomicU64::new(0),
            down: AtomicU64::new(0),
        })
    }

    fn pay(&self, id: &str) -> Reply {
        let mut books = self.books.lock().unwrap();
        if books.contains_key(id) {
            return json(409, &format!("Cashgram with id {id} already exists"));
        }
        books.insert(id.to_owned(), 1);
        let body = format!(
            r#"{{"status":"SUCCESS","subCode":"200","message":"Cashgram Created","data":{{"referenceId":{},"cashgramLink":"https://sandbox.invalid/{id}"}}}}"#,
            books.len()
        );
        answer(200, ReplyHeaders::default(), &body)
    }
}

impl Gateway for Scripted {
    async fn token(&self) -> Result<Token, Finding> {
        Ok(Token::new(SecretString::from("token")))
    }

    async fn renew(&self, _stale: &Token) -> Result<Token, Finding> {
        self.token().await
    }

    async fn create(&self, _token: &Token, body: &str) -> Reply {
        let id = id_of(body);
        self.bodies
            .lock()
            .unwrap()
            .entry(id.clone())
            .or_default()
            .push(body.to_owned());
        let nth = {
            let mut tries = self.tries.lock().unwrap();
            let nth = tries.entry(id.clone()).or_default();
            *nth += 1;
            *nth
        };
        if self.down.load(Ordering::Relaxed) > 0 {
            self.down.fetch_sub(1, Ordering::Relaxed);
            return Reply::NotSent {
                why: "connection refused".to_owned(),
                kind: NotSentKind::Connect,
            };
        }
        let lost = Reply::NoAnswer {
            why: "the connection closed before the reply".to_owned(),
        };
        match (self.script)(&id, nth) {
            Act::Pay => self.pay(&id),
            Act::PayAndLoseReply => {
                self.pay(&id);
                lost
            }
            Act::LoseRequest => lost,
            Act::Refuse => json(422, "Please provide a valid name"),
            Act::Throttle => {
                let headers = ReplyHeaders {
                    wait: Some(THROTTLE),
                    ..ReplyHeaders::default()
                };
                answer(
                    429,
                    headers,
                    r#"{"status":"ERROR","subCode":"429","message":"Too many requests"}"#,
                )
            }
            Act::RefuseConnection => Reply::NotSent {
                why: "connection refused".to_owned(),
                kind: NotSentKind::Connect,
            },
            Act::Fail => answer(500, ReplyHeaders::default(), "<html>oops</html>"),
            Act::LowBalance => json(
                412,
                "Available balance is less than requested cashgram amount.",
            ),
            Act::OldToken => json(403, "Token is not valid"),
        }
    }

    async fn look_up(&self, _token: &Token, id: &str) -> Reply {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if !self.books.lock().unwrap().contains_key(id) {
            return json(404, &format!("Cashgram with id {id} does not exist"));
        }
        let body = format!(
            r#"{{"status":"SUCCESS","subCode":"200","message":"ok","data":{{"cashgramStatus":"ACTIVE","referenceId":77,"cashgramId":"{id}","cashgramLink":"https://sandbox.invalid/{id}"}}}}"#
        );
        answer(200, ReplyHeaders::default(), &body)
    }

    async fn balance(&self, _token: &Token) -> Reply {
        json(500, "not scripted")
    }

    async fn deactivate(&self, _token: &Token, _id: &str) -> Reply {
        json(500, "not scripted")
    }
}

/// What a scripted 429 asks for.
const THROTTLE: Duration = Duration::from_millis(5);

const LIMITS: Limits = Limits {
    concurrency: 16,
    max_attempts: 6,
    settle: Duration::from_millis(60),
    give_up_after: Duration::from_secs(20),
};

struct World {
    folder: tempfile::TempDir,
    gateway: Arc<Scripted>,
    limits: Limits,
}

struct Ended {
    outcome: Outcome,
    totals: Totals,
}

impl World {
    fn new(script: impl Fn(&str, u32) -> Act + Send + Sync + 'static) -> World {
        World {
            folder: tempfile::tempdir().unwrap(),
            gateway: Scripted::new(script),
            limits: LIMITS,
        }
    }

    fn store(&self) -> Store {
        let binding = Binding {
            environment: "sandbox".to_owned(),
            host: "here".to_owned(),
            account: "me".to_owned(),
            batch: "june".to_owned(),
        };
        Store::open_or_create(&self.folder.path().join("june.db"), &binding).unwrap()
    }

    /// Fills the checkpoint with `rows` rows; `phone` says whose each is.
    fn fill(&self, rows: u64, phone: impl Fn(u64) -> u64) {
        let mut store = self.store();
        let mut intake = store
            .begin_intake("[\"name\"]", Timestamp::UNIX_EPOCH)
            .unwrap();
        for row in 1..=rows {
            let fields = RowFields {
                name: "Asha Menon",
                phone: phone(row),
                amount: Money::from_paise(10_000).unwrap(),
                ..RowFields::default()
            };
            let id = format!("june-{row}");
            intake
                .place_new(
                    (row, row + 1),
                    Some((&id, false)),
                    1,
                    "[\"Asha Menon\"]",
                    &fields,
                )
                .unwrap();
        }
        intake.finish("fingerprint").unwrap();
    }

    async fn send(&self) -> Ended {
        let (_signal, interrupt) = watch::channel(false);
        self.send_until(interrupt).await
    }

    async fn send_until(&self, interrupt: watch::Receiver<bool>) -> Ended {
        let around = Surroundings {
            gateway: self.gateway.clone(),
            rate: None,
            events: Arc::new(|_| ()),
            clock: Clock::Fixed("2026-11-22T10:00:00Z".parse().unwrap()),
            seed: 1,
            interrupt,
        };
        let store = self.store();
        let totals = store.totals();
        let payouts = totals.rows(State::Ready) + totals.rows(State::Unknown);
        let mut session = Session::open(store, around, self.limits).unwrap();
        let rules = OrderRules {
            expires_in: LinkExpiry::InDays(15),
            notify: true,
        };
        let outcome = session.send(rules, payouts).await;
        let store = session.close().unwrap();
        store.prove_totals().unwrap();
        self.audit(&store);
        Ended {
            outcome,
            totals: store.totals().clone(),
        }
    }

    /// At most one Cashgram a row, none lost, none invented, equal bodies while in doubt.
    fn audit(&self, store: &Store) {
        let books = self.gateway.books.lock().unwrap();
        let mut accounted = 0;
        store
            .each_row::<crate::checkpoint::Error>(|row| {
                match row.state {
                    State::Created => {
                        assert!(
                            books.contains_key(row.cashgram_id),
                            "phantom {}",
                            row.cashgram_id
                        );
                        assert!(!row.reference_id.is_empty() && !row.cashgram_link.is_empty());
                    }
                    State::Ready | State::Rejected => {
                        assert!(
                            !books.contains_key(row.cashgram_id),
                            "lost {} ({})",
                            row.cashgram_id,
                            row.state
                        );
                    }
                    State::Unknown | State::Conflict | State::Invalid | State::Cancelled => {}
                }
                accounted += usize::from(books.contains_key(row.cashgram_id));
                Ok(())
            })
            .unwrap();
        assert_eq!(accounted, books.len());
        for (id, bodies) in &*self.gateway.bodies.lock().unwrap() {
            assert!(
                bodies.iter().all(|body| body == &bodies[0]),
                "bodies of {id} differ"
            );
        }
    }
}

fn own_phone(row: u64) -> u64 {
    9_000_000_000 + row
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_is_paid_once_and_a_second_run_sends_nothing() {
    let world = World::new(|_, _| Act::Pay);
    world.fill(300, own_phone);
    let first = world.send().await;
    assert_eq!(
        (
            first.outcome.halt,
            first.outcome.created_now,
            first.outcome.requests
        ),
        (None, 300, 300)
    );
    assert_eq!(first.totals.rows(State::Created), 300);
    let second = world.send().await;
    assert_eq!(
        (second.outcome.created_now, second.outcome.requests),
        (0, 0)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doubt_is_looked_up_and_what_never_arrived_is_sent_again() {
    let world =
        World::new(
            |id, nth| match (id.len() + id.bytes().map(usize::from).sum::<usize>()) % 4 {
                0 if nth == 1 => Act::PayAndLoseReply,
                1 if nth == 1 => Act::LoseRequest,
                2 if nth <= 2 => Act::Fail,
                _ => Act::Pay,
            },
        );
    world.fill(80, own_phone);
    let ended = world.send().await;
    assert_eq!(ended.outcome.halt, None);
    assert_eq!(ended.totals.rows(State::Created), 80);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_are_rejected_and_twenty_equal_ones_stop_the_run() {
    let world = World::new(|_, _| Act::Refuse);
    world.fill(200, own_phone);
    let ended = world.send().await;
    assert!(matches!(
        ended.outcome.halt,
        Some(Halt::EqualRefusals { count: 20, .. })
    ));
    // Besides the twenty, those that were on their way.
    assert!(ended.totals.rows(State::Rejected) <= 20 + 16);
    let few = World::new(|_, _| Act::Refuse);
    few.fill(19, own_phone);
    assert_eq!(few.send().await.totals.rows(State::Rejected), 19);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_429_pauses_everyone_and_all_is_paid_in_the_end() {
    let world = World::new(|_, nth| if nth == 1 { Act::Throttle } else { Act::Pay });
    world.fill(20, own_phone);
    let ended = world.send().await;
    assert_eq!(ended.totals.rows(State::Created), 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_is_down_for_a_while_loses_nothing() {
    let world = World::new(|_, _| Act::Pay);
    world.fill(40, own_phone);
    world.gateway.down.store(18, Ordering::Relaxed);
    let ended = world.send().await;
    assert_eq!(ended.outcome.halt, None);
    assert_eq!(ended.totals.rows(State::Created), 40);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_stays_away_is_given_up_and_the_next_run_goes_on() {
    let mut world = World::new(|_, _| Act::RefuseConnection);
    world.limits.give_up_after = Duration::from_millis(300);
    world.fill(40, own_phone);
    let ended = world.send().await;
    assert!(
        matches!(ended.outcome.halt, Some(Halt::OutOfReach { .. })),
        "{:?}",
        ended.outcome
    );
    assert_eq!(ended.totals.rows(State::Ready), 40);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_low_balance_stops_the_run_and_everything_is_resumable() {
    let world = World::new(|id, _| {
        if id == "june-30" {
            Act::LowBalance
        } else {
            Act::Pay
        }
    });
    world.fill(200, own_phone);
    let ended = world.send().await;
    assert!(matches!(ended.outcome.halt, Some(Halt::Stopped(_))));
    assert!(ended.totals.rows(State::Ready) > 0);
    assert_eq!(ended.totals.rows(State::Unknown), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_token_is_renewed_once_for_the_same_attempt() {
    let world = World::new(|_, nth| if nth == 1 { Act::OldToken } else { Act::Pay });
    world.fill(20, own_phone);
    let ended = world.send().await;
    assert_eq!(ended.totals.rows(State::Created), 20);
    assert_eq!(ended.outcome.requests, 40);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_never_answers_leaves_unknown_rows_within_the_budget() {
    let mut world = World::new(|_, _| Act::LoseRequest);
    world.limits.give_up_after = Duration::from_millis(400);
    world.fill(30, own_phone);
    let ended = world.send().await;
    assert!(
        ended.outcome.requests <= 30 + 3 + 100,
        "{} requests",
        ended.outcome.requests
    );
    assert_eq!(ended.totals.rows(State::Created), 0);
    assert!(ended.totals.rows(State::Unknown) > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_that_exists_already_is_a_conflict_and_its_phone_is_held_back() {
    let world = World::new(|_, _| Act::Pay);
    world
        .gateway
        .books
        .lock()
        .unwrap()
        .insert("june-1".to_owned(), 1);
    world.fill(30, |row| own_phone(row % 10));
    let ended = world.send().await;
    assert_eq!(ended.totals.rows(State::Conflict), 1);
    assert_eq!(
        ended.outcome.held_back, 2,
        "rows 11 and 21 share the phone of row 1"
    );
    assert_eq!(ended.totals.rows(State::Created), 27);
    let again = world.send().await;
    assert_eq!((again.outcome.held_back, again.outcome.requests), (2, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupt_lets_what_is_in_flight_finish_and_the_next_run_does_the_rest() {
    let world = World::new(|_, _| Act::Pay);
    world.fill(2000, own_phone);
    let (signal, interrupt) = watch::channel(false);
    let sending = world.send_until(interrupt);
    let (ended, ()) = tokio::join!(sending, async move {
        tokio::time::sleep(Duration::from_millis(60)).await;
        signal.send(true).unwrap();
        tokio::time::sleep(Duration::from_secs(5)).await;
    });
    assert_eq!(ended.outcome.halt, Some(Halt::Interrupted));
    assert_eq!(ended.totals.rows(State::Unknown), 0);
    assert!(ended.totals.rows(State::Ready) > 0);
    assert_eq!(world.send().await.totals.rows(State::Created), 2000);
}

mod limits;

#[test]
fn a_minute_rate_is_spread_over_the_minute() {
    let rate = Rate {
        count: NonZeroU32::new(3000).unwrap(),
        window: Duration::from_secs(60),
    };
    assert_eq!(rate.interval(), Duration::from_millis(20));
}
