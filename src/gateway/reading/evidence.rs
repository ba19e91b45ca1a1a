//! Which of four kinds of evidence an answer is, before its endpoint gives it a meaning. PURE.
//!
//! The gateway has refused under HTTP 200 and under real HTTP statuses, and still does either (cashgram-api.md 2.5).
//! So the sub-code counts, else the HTTP status; where both speak and do not agree, the answer proves nothing.

use crate::gateway::Answer;
use crate::gateway::wire::{self, Envelope, SubCode, Verdict};

/// What an answer is evidence of.
pub(super) enum Evidence {
    /// Their SUCCESS, with a code from 200 to 202.
    Success(Envelope),
    /// Their ERROR, with this code.
    Refusal(u16, Envelope),
    /// Not in their words: a page, half a JSON, an object without SUCCESS or ERROR. Only the code is left.
    Bare {
        /// The sub-code if there was one, else the HTTP status.
        code: u16,
        /// What it was instead, for people.
        why: String,
    },
    /// In their words, but it says two things.
    Contradiction {
        /// Which things, for people.
        why: String,
        /// What was read.
        envelope: Envelope,
    },
}

impl Evidence {
    /// What was read, if it was in their words.
    pub(super) fn envelope(&self) -> Option<&Envelope> {
        match self {
            Evidence::Success(envelope)
            | Evidence::Refusal(_, envelope)
            | Evidence::Contradiction { envelope, .. } => Some(envelope),
            Evidence::Bare { .. } => None,
        }
    }
}

/// Weighs an answer.
pub(super) fn weigh(answer: &Answer) -> Evidence {
    let http = answer.status;
    let read = match http {
        300..=399 => Err("a redirect, which is never followed".to_owned()),
        _ if answer.truncated => Err("a body beyond all size".to_owned()),
        _ => read_body(&answer.body),
    };
    match read {
        Ok(envelope) => judge(http, envelope),
        Err(what) => Evidence::Bare {
            code: http,
            why: format!("HTTP {http} with {what}"),
        },
    }
}

fn read_body(body: &[u8]) -> Result<Envelope, String> {
    match body.trim_ascii_start().first() {
        None => Err("an empty body".to_owned()),
        Some(b'<') => Err("a web page instead of JSON".to_owned()),
        Some(_) => wire::envelope(body),
    }
}

fn judge(http: u16, envelope: Envelope) -> Evidence {
    let code = effective(http, envelope.sub_code);
    let garbled = envelope.sub_code == SubCode::Garbled;
    match envelope.verdict {
        Verdict::Success if is_success(http, code) && !garbled => Evidence::Success(envelope),
        Verdict::Error if code == 409 => Evidence::Refusal(code, envelope),
        Verdict::Error if agree(http, code) && (!garbled || code == 429) => {
            Evidence::Refusal(code, envelope)
        }
        Verdict::Neither if code == http || agree(http, code) => {
            let why = format!("HTTP {http} and code {code} without SUCCESS or ERROR");
            Evidence::Bare { code, why }
        }
        Verdict::Success | Verdict::Error | Verdict::Neither => {
            let (verdict, sub_code) = (envelope.verdict, envelope.sub_code);
            let why = format!("HTTP {http} with status {verdict:?} and sub-code {sub_code:?}");
            Evidence::Contradiction { why, envelope }
        }
    }
}

/// The sub-code, else the HTTP status. But 409 and 429 are believed from the HTTP status too: the first sends us to
/// look, and the second may come from a limiter that never asked the gateway.
fn effective(http: u16, sub_code: SubCode) -> u16 {
    match sub_code {
        SubCode::Code(code) if http == 409 && code >= 400 => 409,
        SubCode::Code(code) if http == 429 && code != 409 && is_client_error(code) => 429,
        SubCode::Code(code) => code,
        SubCode::Missing | SubCode::Garbled => http,
    }
}

/// 200, 201 and 202 are success in two SDKs (cashgram-api.md 2.3).
fn is_success(http: u16, code: u16) -> bool {
    (200..=299).contains(&http) && (200..=202).contains(&code)
}

/// Whether an error code may be believed under this HTTP status: the same, or under a 2xx (their old style), or both
/// in the 4xx (a missing id has been filed as 404 under HTTP 422). A 422 under HTTP 500 proves nothing.
fn agree(http: u16, code: u16) -> bool {
    let both = is_client_error(http) && is_client_error(code);
    code >= 400 && (http == code || (200..=299).contains(&http) || both)
}

fn is_client_error(code: u16) -> bool {
    (400..=499).contains(&code)
}

/// A refusal as a sentence for people.
pub(super) fn said(code: u16, envelope: &Envelope) -> String {
    match (envelope.message.as_str(), &envelope.symbol) {
        ("", None) => format!("the gateway said {code} without a message"),
        ("", Some(symbol)) => format!("the gateway said {code} ({symbol})"),
        (message, _) => format!("the gateway said {code}: {message}"),
    }
}
