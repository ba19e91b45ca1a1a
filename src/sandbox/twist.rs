//! PURE. What a fault does to an answer: from the name of a mischief to the ending a client sees.
//!
//! Deliberately absent: chance (`mischief` decided already) and the books (`desk` asked them, or did not).

use super::answer::{Answer, Bend, Data};
use super::bank::{already_exists, token_refused, unknown};
use super::mischief::{Fault, Plan};
use super::reply::{Ending, Reply};
use super::units::Span;

/// The title of the web server's refusal page.
const FORBIDDEN: &str = "403 Forbidden";
/// A status word that no document knows.
const UNHEARD_OF: &str = "UNDER_REVIEW";
/// Where a redirect leads: nowhere.
const ELSEWHERE: &str = "https://sandbox.invalid/maintenance";

/// What a fault does.
#[derive(Clone, Debug)]
pub(super) enum Twist {
    /// No reply, after this long: the connection is closed.
    Close(Span),
    /// No reply: the connection is reset.
    Reset,
    /// Part of the reply.
    Cut,
    /// The reply, later.
    Delay(Span),
    /// The reply, byte by byte.
    Drip(Span),
    /// Another answer.
    Say(Answer),
    /// Something that is no answer at all.
    Show(Reply),
    /// Half of the reply's body, under HTTP 200.
    Half,
    /// None of the reply's body, under HTTP 200.
    Empty,
    /// The reply, bent.
    Bend(Bend),
    /// Another status word.
    Word(fn(&str) -> String),
    /// This, in place of a success.
    Conflict(Answer),
}

/// What `fault` does to a request about `id`.
pub(super) fn twist(fault: Fault, plan: &Plan, id: &str) -> Twist {
    let say = |code, message: &'static str| Twist::Say(Answer::refused(code, message));
    let busy = || Reply::answer(429, &too_many(), Bend::Straight, false);
    match fault {
        Fault::LostBefore | Fault::LostAfter | Fault::Late => Twist::Close(Span::ZERO),
        Fault::StallBefore | Fault::Stall => Twist::Close(plan.stall_for),
        Fault::Reset => Twist::Reset,
        Fault::Cut => Twist::Cut,
        Fault::Delay => Twist::Delay(plan.delay_by),
        Fault::Drip => Twist::Drip(plan.drip_by),
        Fault::Error500Before | Fault::Error500After => say(500, "internal error"),
        Fault::Error520Before | Fault::Error520After => say(520, "Unknown error occurred"),
        Fault::Error502Before | Fault::Error502After => {
            Twist::Show(Reply::page(502, "502 Bad Gateway"))
        }
        Fault::Error503Before | Fault::Error503After => {
            Twist::Show(Reply::page(503, "503 Service Temporarily Unavailable"))
        }
        Fault::NoFundSource => Twist::Say(Answer::named(
            500,
            "no_fund_source_active",
            "There is no active fund source for the account",
        )),
        Fault::NoRates => Twist::Say(Answer::named(
            500,
            "rates_not_configured",
            "rates not configured for the account",
        )),
        Fault::IpBlocked => say(403, "IP not whitelisted"),
        Fault::NotEnabled => say(
            403,
            "APIs not enabled. Please contact support to enable them",
        ),
        Fault::TokenDeath => Twist::Say(token_refused()),
        Fault::Throttled => Twist::Show(busy().with("retry-after", "1")),
        Fault::ThrottledBare => Twist::Show(busy()),
        Fault::Throttled200 => Twist::Show(Reply {
            status: 200,
            ..busy()
        }),
        Fault::Html403 => Twist::Show(Reply::page(403, FORBIDDEN)),
        Fault::Html200 => Twist::Show(Reply::page(200, "Welcome")),
        Fault::Redirect => Twist::Show(Reply::page(302, "302 Found").with("location", ELSEWHERE)),
        Fault::HalfJson => Twist::Half,
        Fault::Empty => Twist::Empty,
        Fault::SubCodeNumber => Twist::Bend(Bend::SubCodeNumber),
        Fault::SubCodeMissing => Twist::Bend(Bend::SubCodeMissing),
        Fault::DataNull => Twist::Bend(Bend::DataNull),
        Fault::ConflictAfter => Twist::Conflict(already_exists(id)),
        Fault::ConflictPhantom => Twist::Say(already_exists(id)),
        Fault::Missing => Twist::Say(unknown(id, 404)),
        Fault::LowerCase => Twist::Word(str::to_lowercase),
        Fault::UnknownWord => Twist::Word(|_| UNHEARD_OF.to_owned()),
    }
}

/// The limiter's answer.
pub(super) fn too_many() -> Answer {
    Answer::refused(429, "Too many requests")
}

/// The answer with another status word.
pub(super) fn reword(answer: Answer, word: fn(&str) -> String) -> Answer {
    let data = answer.data.map(|mut data| {
        if let Data::Standing {
            cashgram_status, ..
        } = data.as_mut()
        {
            *cashgram_status = word(cashgram_status);
        }
        data
    });
    Answer { data, ..answer }
}

/// Half of a reply, or none of it, under HTTP 200.
pub(super) fn shorten(reply: Reply, keep: usize) -> Ending {
    let mut reply = Reply {
        status: 200,
        ..reply
    };
    reply.body.truncate(keep);
    Ending::Reply(reply)
}
