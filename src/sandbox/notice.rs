//! PURE. The events that Cashfree would post: which changes of a link cause one, their parameters, their signature.
//!
//! Only three events are published for Cashgrams: redeemed, returned by the bank, and inactive (its date passed, its
//! attempts used up, or deactivated). A redemption that fails or waits for the bank causes none, so a client that only
//! listens does not learn of it.
//!
//! Deliberately absent: the socket (`webhooks`).

use super::cashgram::{Cashgram, Status};
use super::time::Moment;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

/// How events are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// As the documentation says: a form, with `cashgramid`.
    #[default]
    Form,
    /// As their Python SDK shows it: JSON, with `cashgramId`.
    Json,
}

impl std::str::FromStr for Form {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "form" => Ok(Self::Form),
            "json" => Ok(Self::Json),
            _ => Err(format!("`{text}` is neither form nor json")),
        }
    }
}

/// One event that is to be posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The Cashgram's id.
    pub id: String,
    /// The event's word.
    pub event: &'static str,
    /// When it happened.
    pub at: Moment,
    /// Everything besides id and word, by its published name.
    more: Vec<(&'static str, String)>,
}

impl Notice {
    /// The event that a link causes by what it has just become; most changes cause none.
    pub(super) fn of(cashgram: &Cashgram) -> Option<Self> {
        let at = cashgram.changed;
        let time = || ("eventTime", india_time(at));
        let transfer = cashgram.redeem_reference().unwrap_or(cashgram.reference);
        let reference = || ("referenceId", transfer.to_string());
        let (event, more) = match cashgram.status {
            Status::Redeemed => {
                let utr = ("utr", cashgram.utr().unwrap_or_default());
                ("CASHGRAM_REDEEMED", vec![reference(), time(), utr])
            }
            Status::Reversed => ("CASHGRAM_TRANSFER_REVERSAL", vec![reference(), time()]),
            Status::Expired | Status::Deactivated => {
                let reason = ("reason", cashgram.reason.clone().unwrap_or_default());
                ("CASHGRAM_EXPIRED", vec![reason, time()])
            }
            Status::Active | Status::Pending | Status::Failed => return None,
        };
        Some(Self {
            id: cashgram.id.clone(),
            event,
            at,
            more,
        })
    }

    /// Content type and body, signed with the account's secret.
    pub fn body(&self, form: Form, secret: &str) -> (&'static str, Vec<u8>) {
        let id = match form {
            Form::Form => "cashgramid",
            Form::Json => "cashgramId",
        };
        let mut fields = vec![(id, self.id.clone()), ("event", self.event.to_owned())];
        fields.extend(self.more.iter().cloned());
        fields.push(("signature", sign(&fields, secret)));
        match form {
            Form::Form => {
                let mut to = form_urlencoded::Serializer::new(String::new());
                let body = to.extend_pairs(&fields).finish();
                ("application/x-www-form-urlencoded", body.into_bytes())
            }
            Form::Json => {
                let field = |(key, value): (&str, String)| (key.to_owned(), Value::from(value));
                let object: Map<String, Value> = fields.into_iter().map(field).collect();
                (
                    "application/json",
                    Value::from(object).to_string().into_bytes(),
                )
            }
        }
    }
}

/// V1: over the values alone, sorted by key.
fn sign(fields: &[(&'static str, String)], secret: &str) -> String {
    let mut sorted: Vec<&(&str, String)> = fields.iter().collect();
    sorted.sort_by_key(|field| field.0);
    let text: String = sorted.into_iter().map(|field| field.1.as_str()).collect();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    STANDARD.encode(hmac::sign(&key, text.as_bytes()))
}

/// `2026-10-12 14:05:31`, by India's clock; no zone, as published.
fn india_time(at: Moment) -> String {
    let ahead = at.plus_micros(super::time::INDIA_US);
    let text = ahead.rfc3339();
    let short = text.get(..19).unwrap_or(&text);
    short.replace('T', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::cashgram::Script;

    fn cashgram(status: Status) -> Cashgram {
        Cashgram {
            id: "OCT26_0001".into(),
            reference: 7_300_451,
            amount: 100,
            name: "A".into(),
            phone: "9".into(),
            email: String::new(),
            expiry_day: 0,
            created: Moment::from_micros(0),
            changed: Moment::from_micros(1_791_802_531_000_000),
            status,
            reason: None,
            attempts: 0,
            script: Script::default(),
            creates_seen: 1,
            payload: 0,
            other_bodies: 0,
        }
    }

    #[test]
    fn three_changes_cause_an_event() {
        let event = |status| Notice::of(&cashgram(status)).map(|notice| notice.event);
        let all = Status::ALL.map(event);
        let (redeemed, returned, dead) = (
            Some("CASHGRAM_REDEEMED"),
            Some("CASHGRAM_TRANSFER_REVERSAL"),
            Some("CASHGRAM_EXPIRED"),
        );
        assert_eq!(all, [None, None, redeemed, None, dead, returned, dead]);
    }

    /// The vector of cashgram-api.md 4.2.
    #[test]
    fn signed_as_published() {
        let fields = [
            ("event", "CASHGRAM_REDEEMED"),
            ("cashgramid", "OCT26_0001"),
            ("referenceId", "7300451"),
            ("eventTime", "2026-10-12 14:05:31"),
            ("utr", "628514009921"),
        ]
        .map(|(key, value)| (key, value.to_owned()));
        let signature = sign(&fields, "cg_demo_secret_01");
        assert_eq!(signature, "3g3ocKwUz3mWR3DHbZbRs1wWYSlwbq/L+zmDJxZep3s=");
    }

    #[test]
    fn both_forms() {
        let notice = Notice::of(&cashgram(Status::Expired)).unwrap();
        let (kind, body) = notice.body(Form::Form, "s");
        assert_eq!(kind, "application/x-www-form-urlencoded");
        let body = String::from_utf8(body).unwrap();
        let start = "cashgramid=OCT26_0001&event=CASHGRAM_EXPIRED&reason=&eventTime=2026-10-12+16%3A25%3A31&signature=";
        assert!(body.starts_with(start), "{body}");
        let (kind, body) = notice.body(Form::Json, "s");
        assert_eq!(kind, "application/json");
        let value: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(value["cashgramId"], "OCT26_0001");
        assert_eq!(value["eventTime"], "2026-10-12 16:25:31");
    }
}
