//! The readings of everything but creates: nothing here can pay, so doubt is only a missing answer. PURE.
//!
//! Sources: cashgram-api.md 1.2 (authorize), 3.1 (status), 3.3 (deactivate), 3.4 (balance).

use std::time::Duration;

use secrecy::SecretString;

use super::evidence::{self, Evidence};
use super::stops::{self, Common};
use crate::domain::{Finding, LookUp, Sighting, Stop};
use crate::gateway::wire::Envelope;
use crate::gateway::{Answer, Reply};

/// What an account holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// What can be spent, in paise: the ledger less transfers in progress. Links not redeemed are not deducted.
    pub available: i64,
    /// What the books say, in paise, if the reply said so.
    pub ledger: Option<i64>,
}

/// What the reply to a deactivate request proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deactivation {
    /// The link is dead.
    Done,
    /// The gateway says the link is not active: redeemed, expired or deactivated before. A look-up tells which.
    NotActive,
    /// The gateway says it knows no such id.
    Missing,
    /// 429: wait at least so long (if the gateway said).
    Throttled {
        /// The wait that the reply's headers ask for.
        wait: Option<Duration>,
    },
    /// The token was refused.
    TokenRefused,
    /// Going on is pointless.
    StopRun(Stop),
    /// No usable answer. `sent` is false where provably no byte left.
    NoAnswer {
        /// What happened, for people.
        why: String,
        /// Whether the request may have reached the gateway.
        sent: bool,
    },
}

/// A token and how long it lives.
#[derive(Debug)]
pub struct Grant {
    /// The token's text.
    pub token: SecretString,
    /// Its life from the moment of the reply: positive.
    pub lifetime: Duration,
}

/// Life of a token whose reply does not say (the oldest guide shows such replies: cashgram-api.md 1.2).
const LIFETIME_UNSAID_SECONDS: i64 = 300;

/// What an answer to a question came to, before its endpoint gives it a meaning.
enum Told {
    Success(Envelope),
    /// A refusal that only the endpoint can read.
    Refusal(u16, Envelope),
    Throttled(Option<Duration>),
    TokenRefused,
    StopRun(Stop),
    /// A 404 that is not in their words.
    MissingPage {
        why: String,
        stop: Stop,
    },
    Nothing {
        why: String,
        sent: bool,
    },
}

fn told(reply: &Reply) -> Told {
    let answer = match reply {
        Reply::Answer(answer) => answer,
        Reply::NoAnswer { why } => return nothing(why, true),
        Reply::NotSent { why, kind } => {
            return stops::for_not_sent(why, *kind)
                .map_or_else(|| nothing(why, false), Told::StopRun);
        }
    };
    match evidence::weigh(answer) {
        Evidence::Success(envelope) => Told::Success(envelope),
        Evidence::Refusal(code, envelope) => match stops::common(code, &envelope) {
            Some(Common::Throttled) => Told::Throttled(answer.headers.wait),
            Some(Common::TokenRefused) => Told::TokenRefused,
            Some(Common::StopRun(stop)) => Told::StopRun(stop),
            None => Told::Refusal(code, envelope),
        },
        Evidence::Bare { code: 429, .. } => Told::Throttled(answer.headers.wait),
        Evidence::Bare { why, .. } => page(answer, why),
        Evidence::Contradiction { why, .. } => nothing(&why, true),
    }
}

/// A page instead of JSON. About an id a 404 page proves nothing, not even that the address is wrong for the next one.
fn page(answer: &Answer, why: String) -> Told {
    match stops::for_page(answer.status) {
        Some(stop) if answer.status == 404 => Told::MissingPage { why, stop },
        Some(stop) => Told::StopRun(stop),
        None => nothing(&why, true),
    }
}

fn nothing(why: &str, sent: bool) -> Told {
    Told::Nothing {
        why: why.to_owned(),
        sent,
    }
}

/// Reads the reply to a status request for the Cashgram `id`.
pub fn read_look_up(reply: &Reply, id: &str) -> LookUp {
    match told(reply) {
        Told::Success(envelope) => found(&envelope, id),
        Told::Refusal(404, _) => LookUp::Missing,
        Told::Refusal(422, envelope) if speaks_of(&envelope, "does not exist") => LookUp::Missing,
        Told::Refusal(code, envelope) => match stops::wrong_address(code, &envelope) {
            Some(stop) => LookUp::StopRun(stop),
            None => LookUp::NoAnswer {
                why: evidence::said(code, &envelope),
                sent: true,
            },
        },
        Told::Throttled(wait) => LookUp::Throttled { wait },
        Told::TokenRefused => LookUp::TokenRefused,
        Told::StopRun(stop) => LookUp::StopRun(stop),
        Told::MissingPage { why, .. } => LookUp::NoAnswer { why, sent: true },
        Told::Nothing { why, sent } => LookUp::NoAnswer { why, sent },
    }
}

fn found(envelope: &Envelope, id: &str) -> LookUp {
    if let Some(stop) = stops::foreign_echo(envelope, id) {
        return LookUp::StopRun(stop);
    }
    match envelope.cashgram_status() {
        Some(status) => LookUp::Found(Sighting {
            status,
            reference: envelope.reference(),
            link: envelope.link(),
            reason: envelope.reason(),
            utr: envelope.utr(),
        }),
        None => LookUp::NoAnswer {
            why: "SUCCESS without a status".to_owned(),
            sent: true,
        },
    }
}

/// Reads the reply to a deactivate request for the Cashgram `id`.
pub fn read_deactivate(reply: &Reply, id: &str) -> Deactivation {
    match told(reply) {
        Told::Success(envelope) => match stops::foreign_end(&envelope, id) {
            Some(stop) => Deactivation::StopRun(stop),
            None => Deactivation::Done,
        },
        // Both codes have been seen for a link that is not active (cashgram-api.md 3.3).
        Told::Refusal(404 | 412, envelope) if speaks_of(&envelope, "can only be deactivated") => {
            Deactivation::NotActive
        }
        Told::Refusal(404, _) => Deactivation::Missing,
        Told::Refusal(422, envelope) if speaks_of(&envelope, "does not exist") => {
            Deactivation::Missing
        }
        Told::Refusal(412, _) => Deactivation::NotActive,
        Told::Refusal(code, envelope) => match stops::wrong_address(code, &envelope) {
            Some(stop) => Deactivation::StopRun(stop),
            None => Deactivation::NoAnswer {
                why: evidence::said(code, &envelope),
                sent: true,
            },
        },
        Told::Throttled(wait) => Deactivation::Throttled { wait },
        Told::TokenRefused => Deactivation::TokenRefused,
        Told::StopRun(stop) => Deactivation::StopRun(stop),
        Told::MissingPage { why, .. } => Deactivation::NoAnswer { why, sent: true },
        Told::Nothing { why, sent } => Deactivation::NoAnswer { why, sent },
    }
}

/// Reads the reply to a balance request.
///
/// # Errors
/// Why there is no balance. [`Finding::NotSent`] stands for every answer that is no answer, since no create was sent.
pub fn read_balance(reply: &Reply) -> Result<Balance, Finding> {
    let envelope = success(told(reply), "the balance")?;
    match envelope.available_paise() {
        Some(available) => Ok(Balance {
            available,
            ledger: envelope.ledger_paise(),
        }),
        None => Err(not_sent(
            "the balance",
            "SUCCESS without an available balance",
        )),
    }
}

/// Reads the reply to an authorize request, received when this machine's clock said `now` (unix seconds).
///
/// The expiry is a point in time, so it is measured by the clock that set it, the reply's `Date`; `now` is used only
/// where there is none (cashgram-api.md 10, row 1).
///
/// # Errors
/// [`Finding::Throttled`], [`Finding::StopRun`], else [`Finding::NotSent`]: no byte of a create has left.
pub fn read_authorize(reply: &Reply, now: i64) -> Result<Grant, Finding> {
    let what = "an access token";
    let envelope = success(told(reply), what).map_err(|finding| {
        // There is no token yet that could be refused, so this is no advice to get one.
        let without_token = finding == Finding::TokenRefused;
        if without_token {
            not_sent(what, "the gateway refused without saying why")
        } else {
            finding
        }
    })?;
    let token = envelope
        .token()
        .ok_or_else(|| not_sent(what, "SUCCESS without a token"))?;
    let expiry = envelope
        .token_expiry()
        .map_err(|()| not_sent(what, "an expiry that is no number"))?;
    let life = expiry.map_or(LIFETIME_UNSAID_SECONDS, |at| {
        at.saturating_sub(clock(reply, now))
    });
    match u64::try_from(life) {
        Ok(seconds) if seconds > 0 => Ok(Grant {
            token: SecretString::from(token),
            lifetime: Duration::from_secs(seconds),
        }),
        Ok(_) | Err(_) => Err(not_sent(what, "a token that has expired already")),
    }
}

fn clock(reply: &Reply, now: i64) -> i64 {
    match reply {
        Reply::Answer(answer) => answer.headers.date.unwrap_or(now),
        Reply::NoAnswer { .. } | Reply::NotSent { .. } => now,
    }
}

/// SUCCESS, or why not, for a request of which no create depends on having arrived.
fn success(told: Told, what: &str) -> Result<Envelope, Finding> {
    match told {
        Told::Success(envelope) => Ok(envelope),
        Told::Refusal(code @ (400..=407 | 410..=428), envelope) => {
            let stop = stops::wrong_address(code, &envelope);
            Err(Finding::StopRun(
                stop.unwrap_or_else(|| stops::unexpected(code, &envelope)),
            ))
        }
        Told::Refusal(code, envelope) => Err(not_sent(what, &evidence::said(code, &envelope))),
        Told::Throttled(wait) => Err(Finding::Throttled { wait }),
        Told::TokenRefused => Err(Finding::TokenRefused),
        Told::StopRun(stop) | Told::MissingPage { stop, .. } => Err(Finding::StopRun(stop)),
        Told::Nothing { why, .. } => Err(not_sent(what, &why)),
    }
}

fn not_sent(what: &str, why: &str) -> Finding {
    Finding::NotSent {
        why: format!("could not get {what}: {why}"),
    }
}

/// Whether the message holds these words, in whatever letters.
fn speaks_of(envelope: &Envelope, words: &str) -> bool {
    envelope.message.to_lowercase().contains(words)
}

#[cfg(test)]
#[path = "questions_tests.rs"]
mod tests;
