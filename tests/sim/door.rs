//! The gateway as the engine sees it, without a socket: the sandbox's HTTP-shaped answers become replies.
//!
//! The real keeper of tokens and the real readings stand behind it; what a client does between them (deadline, lost
//! connections, caps) is acted out here. Deliberately absent: judgement, which is the world's.

use std::time::Duration;

use paysheet::domain::Finding;
use paysheet::gateway::auth::Keeper;
use paysheet::gateway::headers::ReplyHeaders;
use paysheet::gateway::reading::{self, Grant};
use paysheet::gateway::{Answer, Gateway, NotSentKind, Reply, Token};
use paysheet::sandbox::{self, Delivery, Ending, Span};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::time::{sleep, timeout};

use super::letter::{Letter, What, id_in};
use super::world::{Back, Fate, Said, Shared, micros};

/// How long a refused connection takes to be refused.
const REFUSAL: Duration = Duration::from_millis(3);

/// The way to the bank.
pub(crate) struct Door {
    shared: Shared,
    keeper: Keeper,
    timeout: Duration,
}

/// A letter under way. Dropped before it arrived, it arrives all the same.
struct Transit {
    shared: Shared,
    letter: Option<Letter>,
}

impl Drop for Transit {
    fn drop(&mut self) {
        if let Some(letter) = self.letter.take() {
            self.shared.world().post(letter);
        }
    }
}

impl Transit {
    fn arrive(&mut self) -> Option<(Letter, Delivery)> {
        let letter = self.letter.take()?;
        let delivery = self.shared.world().deliver(&letter);
        Some((letter, delivery))
    }
}

impl Door {
    pub(crate) fn new(shared: Shared, timeout: Duration) -> Door {
        Door {
            shared,
            keeper: Keeper::default(),
            timeout,
        }
    }

    async fn authorize(&self) -> Result<Grant, Finding> {
        let reply = self
            .exchange(Letter::new(What::Authorize, "", "", ""))
            .await;
        let now = self.shared.world().now().div_euclid(1_000_000);
        reading::read_authorize(&reply, now)
    }

    /// One request, at most one answer.
    async fn exchange(&self, mut letter: Letter) -> Reply {
        let fate = self.shared.world().depart(&mut letter);
        self.shared.moment().await;
        let not_sent = |kind, why: &str| Reply::NotSent {
            why: why.to_owned(),
            kind,
        };
        let deadline = self.timeout;
        let lost = |why: &str| Reply::NoAnswer {
            why: why.to_owned(),
        };
        let (there, copy) = match fate {
            Fate::Refused => {
                sleep(REFUSAL).await;
                return self.read(
                    &letter,
                    not_sent(NotSentKind::Connect, "connection refused"),
                );
            }
            Fate::Unresolved => {
                return self.read(&letter, not_sent(NotSentKind::Dns, "no such name"));
            }
            Fate::Untrusted => return self.read(&letter, not_sent(NotSentKind::Tls, "expired")),
            Fate::Lost => {
                sleep(REFUSAL).await;
                return lost("the connection broke");
            }
            Fate::Silent => {
                sleep(deadline).await;
                return lost("no whole answer in time");
            }
            Fate::Arrives(there) => (there, None),
            Fate::Twice(there, gap) => (there, Some(gap)),
        };
        match timeout(deadline, self.travel(letter, there, copy)).await {
            Ok(reply) => reply,
            Err(_) => lost("no whole answer in time"),
        }
    }

    async fn travel(&self, mut letter: Letter, there: Duration, copy: Option<Duration>) -> Reply {
        letter.due = self.shared.world().now() + micros(there);
        let mut transit = Transit {
            shared: self.shared.clone(),
            letter: Some(letter),
        };
        sleep(there).await;
        self.shared.moment().await;
        let Some((mut letter, mut delivery)) = transit.arrive() else {
            return Reply::NoAnswer { why: String::new() };
        };
        self.shared.moment().await;
        if let Some(gap) = copy.filter(|_| !is_refusal(&delivery)) {
            letter.due = self.shared.world().now() + micros(gap);
            transit.letter = Some(letter.clone());
            sleep(gap).await;
            // A limiter that turns the copy away says nothing of the first.
            if let Some((_, second)) = transit.arrive().filter(|(_, second)| is_about_id(second)) {
                delivery = second;
            }
        }
        sleep(span(delivery.wait)).await;
        let reply = self.come_back(delivery.ending).await;
        self.shared.moment().await;
        self.read(&letter, reply)
    }

    async fn come_back(&self, ending: Ending) -> Reply {
        let lost = |why: &str| Reply::NoAnswer {
            why: why.to_owned(),
        };
        let reply = match ending {
            Ending::Reply(reply) => reply,
            Ending::Drip(reply, pause) => {
                sleep(span(pause) * u32::try_from(reply.body.len()).unwrap()).await;
                reply
            }
            Ending::Cut(_) => return lost("the reply was cut off"),
            Ending::Closed => return lost("the connection was closed"),
            Ending::Reset => return lost("the connection was reset"),
        };
        let (back, way) = self.shared.world().back();
        sleep(way).await;
        let now = self.shared.world().now().div_euclid(1_000_000);
        let answer = answer(reply, now);
        match back {
            Back::Whole => Reply::Answer(answer),
            Back::Lost => lost("the reply was lost"),
            Back::Garbage => Reply::Answer(Answer {
                body: answer.body.iter().map(|byte| byte ^ 0x15).collect(),
                ..answer
            }),
            Back::Endless => Reply::Answer(Answer {
                truncated: true,
                ..answer
            }),
        }
    }

    fn read(&self, letter: &Letter, reply: Reply) -> Reply {
        let said = match &reply {
            Reply::NotSent { .. } => Said::Refused,
            Reply::NoAnswer { .. } => Said::Other,
            Reply::Answer(answer) => said(letter.what, answer),
        };
        self.shared.world().read(letter, said);
        reply
    }
}

/// The code of their JSON; of an error without one, the HTTP status.
pub(crate) fn code_of(body: &[u8], status: u16) -> Option<u64> {
    let value: serde_json::Value = serde_json::from_slice(body).ok()?;
    match value.get("subCode") {
        Some(code) => code.as_u64().or_else(|| code.as_str()?.parse().ok()),
        None if value.get("status")? == "ERROR" => Some(u64::from(status)),
        None => None,
    }
}

/// Apart from the engine's own reading of the same answers.
fn said(what: What, answer: &Answer) -> Said {
    if answer.truncated {
        return Said::Other;
    }
    let code = code_of(&answer.body, answer.status);
    let text = String::from_utf8_lossy(&answer.body);
    let account = text.contains("fund source") || text.contains("rates");
    match code {
        _ if is_sighting(what, answer, code) => Said::Exists,
        Some(429) => Said::Throttled(answer.headers.wait),
        Some(404 | 422) if what == What::Status => Said::Missing,
        Some(400 | 401 | 403 | 404 | 405 | 412 | 413 | 422) => Said::Refused,
        Some(500) if account => Said::Refused,
        Some(_) | None if answer.status == 429 => Said::Throttled(answer.headers.wait),
        Some(_) | None => Said::Other,
    }
}

/// Whether it leaves no doubt that there is such an id.
fn is_sighting(what: What, answer: &Answer, code: Option<u64>) -> bool {
    let is_done = code == Some(200) && (200..300).contains(&answer.status);
    let body = serde_json::from_slice(&answer.body).unwrap_or(serde_json::Value::Null);
    let has = |field: &str| !body["data"][field].is_null();
    match what {
        What::Create => code == Some(409) || is_done && has("referenceId") && has("cashgramLink"),
        What::Status => is_done && has("cashgramStatus"),
        What::Authorize | What::Balance | What::Deactivate => false,
    }
}

/// Whether the bank refused what was asked: a copy of it might fare otherwise, which no client could know.
fn is_refusal(delivery: &Delivery) -> bool {
    match &delivery.ending {
        Ending::Reply(reply) | Ending::Drip(reply, _) | Ending::Cut(reply) => {
            reply.status >= 300
                || code_of(&reply.body, reply.status).is_some_and(|code| code >= 300)
        }
        Ending::Closed | Ending::Reset => false,
    }
}

/// Whether it is the bank's word on the id itself: done, or known already.
fn is_about_id(delivery: &Delivery) -> bool {
    let known = match &delivery.ending {
        Ending::Reply(reply) | Ending::Drip(reply, _) | Ending::Cut(reply) => {
            code_of(&reply.body, reply.status) == Some(409)
        }
        Ending::Closed | Ending::Reset => false,
    };
    known || !is_refusal(delivery)
}

fn answer(reply: sandbox::Reply, now: i64) -> Answer {
    let mut headers = HeaderMap::new();
    for (name, value) in &reply.headers {
        let value = HeaderValue::from_str(value).unwrap();
        headers.append(HeaderName::from_static(name), value);
    }
    Answer {
        status: reply.status,
        headers: ReplyHeaders::read(&headers, now),
        body: reply.body,
        truncated: false,
    }
}

fn span(span: Span) -> Duration {
    Duration::from_micros(span.micros())
}

impl Gateway for Door {
    async fn token(&self) -> Result<Token, Finding> {
        self.keeper.token(None, || self.authorize()).await
    }

    async fn renew(&self, stale: &Token) -> Result<Token, Finding> {
        self.keeper.token(Some(stale), || self.authorize()).await
    }

    async fn create(&self, token: &Token, body: &str) -> Reply {
        let letter = Letter::new(What::Create, id_in(body), token.expose(), body);
        self.exchange(letter).await
    }

    async fn look_up(&self, token: &Token, id: &str) -> Reply {
        self.exchange(Letter::new(What::Status, id, token.expose(), ""))
            .await
    }

    async fn balance(&self, token: &Token) -> Reply {
        self.exchange(Letter::new(What::Balance, "", token.expose(), ""))
            .await
    }

    async fn deactivate(&self, token: &Token, id: &str) -> Reply {
        let body = paysheet::gateway::wire::deactivate_body(id);
        self.exchange(Letter::new(What::Deactivate, id, token.expose(), &body))
            .await
    }
}
