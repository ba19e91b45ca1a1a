//! What a test may do that no client of the real gateway can: move the clock, redeem, expire, reverse, look into the
//! books and the log. All under `/__sim/`, always with honest HTTP statuses, never counted, throttled or disturbed.
//!
//! The instruments with which a link can be redeemed are those of the real test environment. Deliberately absent:
//! any authorization. These paths are for the machine's own tests; `http` lets only loopback peers near them.

use super::ask::{Request, query_value};
use super::books::Broken;
use super::cashgram::{Cashgram, Purse, Script, Status, Step};
use super::desk::Desk;
use super::money;
use super::reply::Reply;
use super::time::{Moment, day_text};
use super::units::Span;
use serde_json::{Map, Value, json};

/// How long the pending instruments take to make up their mind, and the reversing one to reverse.
const LATER: Span = Span::seconds(5);
/// Failed attempts after which a link is dead; sources read as six or seven.
const ATTEMPTS_MAX: i64 = 7;

/// What comes of a redemption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Paid,
    AttemptFails,
    Pending,
    PendingThenPaid,
    PendingThenFailed,
    PaidThenReversed,
}

/// The published test instruments; any other account fails its attempt.
const INSTRUMENTS: &[(&str, &str, Outcome)] = &[
    ("026291800001191", "YESB0000262", Outcome::Paid),
    ("00011020001772", "HDFC0000001", Outcome::Paid),
    ("000890289871772", "SCBL0036078", Outcome::Paid),
    ("000100289877623", "SBIN0008752", Outcome::Paid),
    ("1233943142", "ICIC0000009", Outcome::Paid),
    ("388108022658", "ICIC0000009", Outcome::Paid),
    ("007711000031", "HDFC0000077", Outcome::Pending),
    ("00224412311300", "YESB0000001", Outcome::PendingThenPaid),
    ("7766666351000", "YESB0000001", Outcome::PendingThenFailed),
    ("02014457596969", "CITI0000001", Outcome::PaidThenReversed),
];
/// The published test UPI id.
const UPI_PAID: &str = "success@upi";

/// Why a control request is refused: an HTTP status and a sentence.
type Refusal = (u16, String);

impl From<Broken> for Refusal {
    fn from(broken: Broken) -> Self {
        (500, broken.to_string())
    }
}

impl Desk {
    /// Answers the control request `name`.
    pub(super) fn control(&mut self, name: &str, request: Request<'_>, wall: Moment) -> Reply {
        let body: Map<String, Value> = serde_json::from_slice(request.body).unwrap_or_default();
        let now = self.now(wall);
        let done = match (request.method, name) {
            ("POST", "clock") => self.advance(&body, wall),
            ("POST", "balance") => self.set_balance(&body),
            ("POST", "redeem") => self.redeem(&body, now),
            ("POST", "expire") => self.force(&body, now, Status::Active, Status::Expired),
            ("POST", "reverse") => self.force(&body, now, Status::Redeemed, Status::Reversed),
            ("GET", "books") => self.show_books(request.query, now),
            ("GET", "requests") => Ok(self.log.json()),
            ("GET", "stats") => self.stats(now),
            _ => Err((
                404,
                format!("there is no control `{} {name}`", request.method),
            )),
        };
        let (status, value) = match done {
            Ok(value) => (200, value),
            Err((status, sentence)) => (status, json!({"error": sentence})),
        };
        Reply::json(status, value.to_string().into_bytes())
    }

    fn advance(&mut self, body: &Map<String, Value>, wall: Moment) -> Result<Value, Refusal> {
        let seconds = body.get("advance_s").and_then(Value::as_u64);
        let seconds = seconds
            .ok_or_else(|| (422, r#"the body must be {"advance_s": SECONDS}"#.to_owned()))?;
        let purse = self.bank.purse;
        let clock_ahead = purse.clock_ahead.plus(Span::seconds(seconds));
        self.bank.write_purse(Purse {
            clock_ahead,
            ..purse
        })?;
        let now = self.now(wall);
        self.bank.settle(now)?;
        Ok(json!({"now_us": now.micros(), "now": now.rfc3339()}))
    }

    fn set_balance(&mut self, body: &Map<String, Value>) -> Result<Value, Refusal> {
        let given = body
            .get("balance")
            .and_then(Value::as_str)
            .and_then(|text| money::parse(text).ok());
        let balance =
            given.ok_or_else(|| (422, r#"the body must be {"balance": "123.00"}"#.to_owned()))?;
        let purse = self.bank.purse;
        self.bank.write_purse(Purse { balance, ..purse })?;
        Ok(json!({"balance": money::text(balance)}))
    }

    /// The Cashgram that a control request names.
    fn named(&mut self, body: &Map<String, Value>, now: Moment) -> Result<Cashgram, Refusal> {
        self.bank.settle(now)?;
        let id = body.get("cashgramId").and_then(Value::as_str);
        let id = id.ok_or_else(|| (422, r#"the body must name a "cashgramId""#.to_owned()))?;
        let found = self.bank.books.find(id)?;
        found.ok_or_else(|| (404, format!("Cashgram with id {id} does not exist")))
    }

    /// The named Cashgram, if it stands where it must.
    fn standing_at(
        &mut self,
        body: &Map<String, Value>,
        now: Moment,
        from: Status,
    ) -> Result<Cashgram, Refusal> {
        let cashgram = self.named(body, now)?;
        let status = cashgram.status_at(now);
        let wrong = || {
            (
                409,
                format!("{} is {}, not {}", cashgram.id, status.word(), from.word()),
            )
        };
        if status == from {
            Ok(cashgram)
        } else {
            Err(wrong())
        }
    }

    fn force(
        &mut self,
        body: &Map<String, Value>,
        now: Moment,
        from: Status,
        to: Status,
    ) -> Result<Value, Refusal> {
        let cashgram = self.standing_at(body, now, from)?;
        self.play(cashgram, now, vec![Step { at: now, to }])
    }

    fn redeem(&mut self, body: &Map<String, Value>, now: Moment) -> Result<Value, Refusal> {
        let mut cashgram = self.standing_at(body, now, Status::Active)?;
        let later = now.plus_micros(LATER.signed());
        let step = |at, to| Step { at, to };
        let steps = match outcome(body) {
            Outcome::Paid => vec![step(now, Status::Redeemed)],
            Outcome::Pending => vec![step(now, Status::Pending)],
            Outcome::PendingThenPaid => {
                vec![step(now, Status::Pending), step(later, Status::Redeemed)]
            }
            Outcome::PendingThenFailed => {
                vec![step(now, Status::Pending), step(later, Status::Failed)]
            }
            Outcome::PaidThenReversed => {
                vec![step(now, Status::Redeemed), step(later, Status::Reversed)]
            }
            Outcome::AttemptFails => {
                cashgram.attempts = cashgram.attempts.saturating_add(1);
                let dead = cashgram.attempts >= ATTEMPTS_MAX;
                if dead {
                    vec![step(now, Status::Expired)]
                } else {
                    cashgram.script.0.clone()
                }
            }
        };
        self.play(cashgram, now, steps)
    }

    /// Gives a Cashgram a new future, lets what is due happen, and shows what became of it.
    fn play(
        &mut self,
        cashgram: Cashgram,
        now: Moment,
        steps: Vec<Step>,
    ) -> Result<Value, Refusal> {
        let id = cashgram.id.clone();
        let purse = self.bank.purse;
        self.bank.books.change(
            &Cashgram {
                script: Script(steps),
                ..cashgram
            },
            &purse,
        )?;
        self.bank.settle(now)?;
        let after = self.bank.books.find(&id)?;
        Ok(after.map_or(Value::Null, |cashgram| shown(&cashgram, now)))
    }

    /// The books as JSON; `?after=REFERENCE&limit=N` for a part of them.
    fn show_books(&mut self, query: &str, now: Moment) -> Result<Value, Refusal> {
        self.bank.settle(now)?;
        let after = query_value(query, "after")
            .and_then(|text| text.parse().ok())
            .unwrap_or(0);
        let limit = query_value(query, "limit")
            .and_then(|text| text.parse().ok())
            .unwrap_or(usize::MAX);
        let mut cashgrams = Vec::new();
        self.bank.books.each(after, limit, &mut |cashgram| {
            cashgrams.push(shown(cashgram, now))
        })?;
        Ok(json!({"cashgrams": cashgrams}))
    }

    fn stats(&mut self, now: Moment) -> Result<Value, Refusal> {
        self.bank.settle(now)?;
        let (purse, cashgrams) = (self.bank.purse, self.bank.books.count()?);
        let mut stats = self.log.counts();
        stats.insert("cashgrams".into(), json!(cashgrams));
        stats.insert("balance".into(), json!(money::text(purse.balance)));
        stats.insert(
            "availableBalance".into(),
            json!(money::text(purse.available())),
        );
        stats.insert("now_us".into(), json!(now.micros()));
        Ok(Value::Object(stats))
    }
}

/// What comes of redeeming with the instrument that a body names; with none, the money arrives.
fn outcome(body: &Map<String, Value>) -> Outcome {
    let text = |key| body.get(key).and_then(Value::as_str);
    match (text("bankAccount"), text("upi")) {
        (None, None) | (None, Some(UPI_PAID)) => Outcome::Paid,
        (None, Some(_)) => Outcome::AttemptFails,
        (Some(account), _) => {
            let ifsc = text("ifsc").unwrap_or_default();
            let known = INSTRUMENTS
                .iter()
                .find(|known| known.0 == account && known.1 == ifsc);
            known.map_or(Outcome::AttemptFails, |known| known.2)
        }
    }
}

/// One Cashgram as the books show it.
fn shown(cashgram: &Cashgram, now: Moment) -> Value {
    json!({
        "cashgramId": cashgram.id, "amount": money::text(cashgram.amount), "name": cashgram.name,
        "phone": cashgram.phone, "email": cashgram.email, "linkExpiry": day_text(cashgram.expiry_day),
        "status": cashgram.status_at(now).word(), "reason": cashgram.reason, "referenceId": cashgram.reference,
        "cashgramLink": cashgram.link(), "redeemRefId": cashgram.redeem_reference(), "utr": cashgram.utr(),
        "created_us": cashgram.created.micros(), "changed_us": cashgram.changed.micros(),
        "attempts": cashgram.attempts, "creates_seen": cashgram.creates_seen, "other_bodies": cashgram.other_bodies,
    })
}
