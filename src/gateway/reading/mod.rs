//! What a reply means: the one table that may say "nothing was created". PURE.
//!
//! A finding other than in doubt needs positive evidence in the gateway's own words; the default arm of every
//! reading is doubt. The table stands in `read_create`, from its top:
//!
//! | evidence | finding |
//! |---|---|
//! | provably no byte left | not sent; with a TLS or proxy fault the run stops |
//! | SUCCESS, code 200 to 202, reference, http(s) link | created |
//! | 409, by sub-code or HTTP | duplicate |
//! | 429, by sub-code or HTTP | throttled |
//! | ERROR 400, 413, 422 | rejected |
//! | ERROR 403 naming the token (or nothing), 412 naming the token | token refused |
//! | ERROR 401, other 403, 412 naming signature, balance or post data, 404, 405, 500 naming fund source or rates | stop the run |
//! | everything else | in doubt; a redirect, a 403, 404 or 405 not in their words, and an answer for another id also stop the run |
//!
//! Sources: cashgram-api.md 1.4, 2.4, 2.5, 3.1, 8. Deliberately absent: what to do next, which needs the payout's
//! history and is the engine's.

mod evidence;
mod questions;
mod stops;
#[cfg(test)]
mod table_tests;

pub use questions::{
    Balance, Deactivation, Grant, read_authorize, read_balance, read_deactivate, read_look_up,
};

use std::time::Duration;

use super::wire::Envelope;
use super::{NotSentKind, Reply};
use crate::domain::planted::{self, Mistake};
use crate::domain::{Finding, Receipt, Refusal, Stop, StopCause};
use evidence::Evidence;
use stops::Common;

/// Reads the reply to a create request for the Cashgram `id`.
pub fn read_create(reply: &Reply, id: &str) -> Finding {
    let answer = match reply {
        Reply::NotSent { why, kind } => return not_sent(why, *kind),
        Reply::NoAnswer { why } if planted::is(Mistake::TimeoutIsFailure) => return failed(why),
        Reply::NoAnswer { why } => return in_doubt(why.clone(), None),
        Reply::Answer(answer) => answer,
    };
    let evidence = evidence::weigh(answer);
    if let Some(stop) = evidence
        .envelope()
        .and_then(|said| stops::foreign_echo(said, id))
    {
        return in_doubt("the gateway answered for another id".to_owned(), Some(stop));
    }
    match evidence {
        Evidence::Success(envelope) => created(&envelope),
        Evidence::Refusal(409, _) | Evidence::Bare { code: 409, .. } => Finding::Duplicate,
        Evidence::Bare { code: 429, .. } => Finding::Throttled {
            wait: answer.headers.wait,
        },
        Evidence::Refusal(500..=599, said) if planted::is(Mistake::ErrorIsFailure) => {
            failed(&said.message)
        }
        Evidence::Bare {
            code: 500..=599,
            why,
        } if planted::is(Mistake::ErrorIsFailure) => failed(&why),
        Evidence::Refusal(code @ (400 | 413 | 422), envelope) => rejected(code, envelope),
        Evidence::Refusal(code, envelope) => refused(code, &envelope, answer.headers.wait),
        Evidence::Bare { why, .. } => in_doubt(why, stops::for_page(answer.status)),
        Evidence::Contradiction { why, .. } => in_doubt(why, None),
    }
}

/// SUCCESS alone is not enough: without reference and link there is nothing to hold on to, and nothing to hand out.
fn created(envelope: &Envelope) -> Finding {
    match (envelope.reference(), envelope.link()) {
        (Some(reference), Some(link)) => Finding::Created(Receipt { reference, link }),
        _ if planted::is(Mistake::SuccessWithoutReceipt) => Finding::Created(Receipt {
            reference: String::new(),
            link: String::new(),
        }),
        (None, _) => in_doubt("SUCCESS without a usable reference id".to_owned(), None),
        (Some(_), None) => in_doubt("SUCCESS without a usable link".to_owned(), None),
    }
}

/// What only a planted mistake makes of a doubt.
fn failed(why: &str) -> Finding {
    Finding::Rejected(Refusal {
        code: String::new(),
        message: why.to_owned(),
    })
}

fn rejected(code: u16, envelope: Envelope) -> Finding {
    Finding::Rejected(Refusal {
        code: envelope.symbol.unwrap_or_else(|| code.to_string()),
        message: envelope.message,
    })
}

/// A refusal in their words that is not about this row's data.
fn refused(code: u16, envelope: &Envelope, wait: Option<Duration>) -> Finding {
    match stops::common(code, envelope) {
        Some(Common::Throttled) => Finding::Throttled { wait },
        Some(Common::TokenRefused) => Finding::TokenRefused,
        Some(Common::StopRun(stop)) => Finding::StopRun(stop),
        None => match stops::wrong_address(code, envelope) {
            Some(stop) => Finding::StopRun(stop),
            None => in_doubt(evidence::said(code, envelope), None),
        },
    }
}

/// No byte left. Who fails to prove who it is, or a proxy that refuses, will do so for every row.
fn not_sent(why: &str, kind: NotSentKind) -> Finding {
    match stops::for_not_sent(why, kind) {
        Some(stop) => Finding::StopRun(stop),
        None => Finding::NotSent {
            why: why.to_owned(),
        },
    }
}

fn in_doubt(why: String, stop: Option<Stop>) -> Finding {
    Finding::InDoubt { why, stop }
}

/// A [`Stop`], from its three parts.
fn stop(cause: StopCause, message: String, remedy: &str) -> Stop {
    Stop {
        cause,
        message,
        remedy: remedy.to_owned(),
    }
}
