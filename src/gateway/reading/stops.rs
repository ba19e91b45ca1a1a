//! The refusals that are not about one row: the token, the account, the address. With the remedy, for people who pay
//! salaries and not for people who read protocols. PURE.
//!
//! The official advice is to decide by sub-code, never by text (cashgram-api.md 2.6). 403, 412 and 500 each mean
//! several things, though, and only the text tells them apart (1.4, 2.4). So a text may choose between ways to stop, and
//! between stopping and doubt; it never turns doubt into "go on".

use std::net::IpAddr;

use super::evidence::said;
use super::stop;
use crate::domain::{Stop, StopCause};
use crate::gateway::NotSentKind;
use crate::gateway::wire::Envelope;

const CREDENTIALS: &str = "check CASHFREE_CLIENT_ID and CASHFREE_CLIENT_SECRET: test and production have different \
    pairs; nothing was paid by this request, run the same command again once they are right";
const IP: &str = "to the IP whitelist in the Payouts dashboard (Developers), or choose the public key there and give its \
    file with --public-key; then run the same command again";
const NOT_ENABLED: &str = "ask Cashfree support, or the administrator of the account, to enable the Payouts API and \
    Cashgram for it; then run the same command again";
const SIGNATURE: &str = "check that --public-key names the key file last downloaded from the Payouts dashboard, and that \
    this machine's clock is right; then run the same command again";
const BALANCE: &str = "add money to the payouts account, then run the same command again: it goes on where it stopped";
const ACCOUNT: &str = "ask Cashfree support to set up a fund source and prices for this account, then run the same \
    command again";
const ADDRESS: &str = "check --env and --base-url: this is not the address of the Payouts API; then run the same command \
    again";
const BLOCKED: &str = "a filter between here and the gateway, or the gateway's own, turned us away: check the IP \
    whitelist in the Payouts dashboard and this network's proxy; then run the same command again";
const PROTOCOL: &str = "do not pay these rows by hand; keep the checkpoint, and report this together with the output of \
    `paysheet export`";
/// What stands before the id in the message of a link that was stopped.
const NAMES_ID: &str = " with id - ";
const TLS: &str = "check --base-url, this machine's clock, and whether this network puts a proxy or a login page in \
    between; a private certificate authority is named with --ca-file";
const PROXY: &str = "check the address and the credentials of the proxy, or run without it";

/// What every endpoint answers alike.
pub(super) enum Common {
    /// 429.
    Throttled,
    /// The token is missing, wrong or expired.
    TokenRefused,
    /// Nothing will work until somebody has mended something.
    StopRun(Stop),
}

/// The refusals that mean the same wherever they come from.
pub(super) fn common(code: u16, envelope: &Envelope) -> Option<Common> {
    let words = Words::of(envelope);
    let because = |cause, remedy| Some(Common::StopRun(stop(cause, said(code, envelope), remedy)));
    match code {
        401 => because(StopCause::Credentials, CREDENTIALS),
        403 if words.name_the_token() => Some(Common::TokenRefused),
        403 if words.has("signature") => because(StopCause::Signature, SIGNATURE),
        403 if words.has("ip") || words.has("ips") || words.contain("whitelist") => {
            because(StopCause::IpNotWhitelisted, &admit(&envelope.message))
        }
        403 => because(StopCause::NotEnabled, NOT_ENABLED),
        412 if words.contain("token") => Some(Common::TokenRefused),
        412 if words.has("signature") => because(StopCause::Signature, SIGNATURE),
        412 if words.has("balance") => because(StopCause::Balance, BALANCE),
        412 if words.contain("post data") => because(StopCause::Protocol, PROTOCOL),
        429 => Some(Common::Throttled),
        500 if words.contain("fund source") || words.has("rates") => {
            because(StopCause::Account, ACCOUNT)
        }
        _ => None,
    }
}

/// 404 and 405 where the gateway has no business saying so: the path is wrong, hence every path is.
pub(super) fn wrong_address(code: u16, envelope: &Envelope) -> Option<Stop> {
    matches!(code, 404 | 405).then(|| stop(StopCause::Address, said(code, envelope), ADDRESS))
}

/// Answers that no gateway of theirs gives. What they prove about this request is nothing; that going on is pointless
/// they do prove.
pub(super) fn for_page(http: u16) -> Option<Stop> {
    match http {
        300..=399 => Some(stop(
            StopCause::Address,
            format!("HTTP {http}: the address sends us elsewhere"),
            ADDRESS,
        )),
        403 => Some(stop(
            StopCause::IpNotWhitelisted,
            "HTTP 403, not in the gateway's own words".to_owned(),
            BLOCKED,
        )),
        404 | 405 => Some(stop(
            StopCause::Address,
            format!("HTTP {http}, not in the gateway's own words"),
            ADDRESS,
        )),
        _ => None,
    }
}

/// An answer for another id than the one asked about: nothing this side of the wire can be trusted now.
pub(super) fn foreign_echo(envelope: &Envelope, id: &str) -> Option<Stop> {
    let echo = envelope.echo()?;
    (echo != id).then(foreign)
}

/// The same of a link that was stopped: the reply has no fields, and names the id in its message (cashgram-api.md 3.3).
/// Words that name none are taken as they are.
pub(super) fn foreign_end(envelope: &Envelope, id: &str) -> Option<Stop> {
    let named = envelope.message.split_once(NAMES_ID);
    // Quotes, brackets and what ends a sentence are no part of an id.
    let is_beside = |c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-';
    let is_open = |c: char| is_beside(c) && !c.is_whitespace();
    let named =
        named.and_then(|(_, rest)| rest.trim_start_matches(is_open).split(is_beside).next());
    let is_foreign = named.is_some_and(|named| !named.is_empty() && named != id);
    foreign_echo(envelope, id).or_else(|| is_foreign.then(foreign))
}

fn foreign() -> Stop {
    let message = "the gateway answered for another id than the one it was asked about";
    stop(StopCause::Protocol, message.to_owned(), PROTOCOL)
}

/// Why not even the first byte left, where waiting will not mend it.
pub(super) fn for_not_sent(why: &str, kind: NotSentKind) -> Option<Stop> {
    match kind {
        NotSentKind::Dns | NotSentKind::Connect => None,
        NotSentKind::Tls => Some(stop(StopCause::Tls, why.to_owned(), TLS)),
        NotSentKind::Proxy => Some(stop(StopCause::Address, why.to_owned(), PROXY)),
    }
}

/// A refusal that their own documents do not know on this endpoint: our request was wrong, and will be again.
pub(super) fn unexpected(code: u16, envelope: &Envelope) -> Stop {
    stop(StopCause::Protocol, said(code, envelope), PROTOCOL)
}

/// What to do about the IP whitelist, with the address if the gateway says which one it sees (cashgram-api.md 1.2).
fn admit(message: &str) -> String {
    let part_of_address = |c: char| c.is_ascii_hexdigit() || c == '.' || c == ':';
    let mut parts = message
        .split(|c| !part_of_address(c))
        .map(|part| part.trim_matches('.'));
    match parts.find_map(|part| part.parse::<IpAddr>().ok()) {
        Some(seen) => {
            format!("add {seen}, the address from which the gateway sees this machine come, {IP}")
        }
        None => format!("add this machine's public address {IP}"),
    }
}

/// All text of a refusal in small letters, anything but letters and digits as one blank each.
struct Words(String);

impl Words {
    fn of(envelope: &Envelope) -> Words {
        let symbol = envelope.symbol.as_deref().unwrap_or_default();
        let text = format!(" {} {symbol} ", envelope.message).to_lowercase();
        Words(text.replace(|c: char| !c.is_alphanumeric(), " "))
    }

    fn has(&self, word: &str) -> bool {
        self.0.split(' ').any(|known| known == word)
    }

    fn contain(&self, part: &str) -> bool {
        self.0.contains(part)
    }

    /// Also when there is no text at all: a refresh costs one request and is tried once (cashgram-api.md 1.4).
    fn name_the_token(&self) -> bool {
        self.contain("token") || self.0.trim().is_empty()
    }
}
