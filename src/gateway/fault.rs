//! What an HTTP error proves: whether a byte of the request may have left, and a sentence for people.
//!
//! Only an error of the connector proves that none did: resolver, TCP, proxy, TLS. The connector hands a connection over
//! after the handshake, and a request is written after that. Everything else counts as sent.
//!
//! Which connector error it was is read from the chain of causes: by type where there is one (`std::io::Error`), by the
//! wording of the libraries where there is none. A wording that changes turns one kind of "not sent" into another,
//! never "sent" into "not sent".
//!
//! Deliberately absent: URLs, headers and bodies. Nothing secret passes through here.

use std::error::Error;
use std::io;
use std::time::Duration;

use super::{NotSentKind, Reply, wire};

/// Longest cause that is quoted, in characters.
const CAUSE_CHARS_MAX: usize = 200;
/// Deepest chain of causes that is walked: real ones are below 10.
const CHAIN_MAX: usize = 32;

/// The reply that an error stands for.
pub(super) fn reply(error: reqwest::Error, timeout: Duration) -> Reply {
    let error = error.without_url();
    if error.is_connect() {
        let (kind, why) = connector(&error);
        Reply::NotSent { why, kind }
    } else {
        Reply::NoAnswer {
            why: no_answer(&error, timeout),
        }
    }
}

/// Why an answer that had begun did not end.
pub(super) fn cut_off(status: u16, error: reqwest::Error, timeout: Duration) -> String {
    let why = no_answer(&error.without_url(), timeout);
    format!("HTTP {status} began, but: {why}")
}

fn no_answer(error: &reqwest::Error, timeout: Duration) -> String {
    if error.is_timeout() {
        format!("no whole answer within {timeout:?}")
    } else {
        format!(
            "the connection failed before a whole answer came: {}",
            root(error)
        )
    }
}

/// Kind and sentence of an error of the connector.
fn connector(error: &reqwest::Error) -> (NotSentKind, String) {
    let says = |words: &str| chain(error).any(|cause| cause.to_string().contains(words));
    let cause = root(error);
    if error.is_dns() || says("dns error") {
        (
            NotSentKind::Dns,
            format!("the gateway's name did not resolve: {cause}"),
        )
    } else if error.is_timeout() {
        (
            NotSentKind::Connect,
            "no connection to the gateway in time".to_owned(),
        )
    } else if says("tunnel error: proxy authorization") || says("tunnel error: unsuccessful") {
        (
            NotSentKind::Proxy,
            format!("the proxy refused to connect us: {cause}"),
        )
    } else if says("tcp connect error") || says("tunnel error") || says("socks") {
        (
            NotSentKind::Connect,
            format!("no connection to the gateway: {cause}"),
        )
    } else if is_tls(error) {
        (NotSentKind::Tls, tls(&cause))
    } else {
        (
            NotSentKind::Connect,
            format!("the connection to the gateway was lost before it stood: {cause}"),
        )
    }
}

/// A handshake that ended by what was said in it, and not by a lost connection.
fn is_tls(error: &reqwest::Error) -> bool {
    chain(error)
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::InvalidData)
}

/// Words for a certificate that somebody signed, but nobody we know.
const UNTRUSTED: [&str; 3] = ["UnknownIssuer", "CaUsedAsEndEntity", "BadSignature"];

fn tls(cause: &str) -> String {
    let plainly = if cause.contains("InvalidContentType") {
        "what answers there does not speak TLS"
    } else if cause.contains("expired") || cause.contains("Expired") {
        "its certificate has expired, or this machine's clock is wrong"
    } else if UNTRUSTED.iter().any(|word| cause.contains(word)) {
        "its certificate is signed by nobody this machine trusts"
    } else if cause.contains("not valid for name") || cause.contains("NotValidForName") {
        "its certificate is for another name"
    } else if cause.contains("incompatible") || cause.contains("ProtocolVersion") {
        "it speaks no TLS that is still safe"
    } else {
        "the TLS handshake failed"
    };
    format!("who is at the gateway's address is not proven: {plainly} ({cause})")
}

/// The innermost cause, bounded.
pub(super) fn root(error: &(dyn Error + 'static)) -> String {
    let cause = chain(error)
        .last()
        .map(ToString::to_string)
        .unwrap_or_default();
    wire::cut(&cause, CAUSE_CHARS_MAX)
}

/// An error and its causes, outermost first. An `io::Error` hides the error that it wraps from `source`.
fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| cause(*error)).take(CHAIN_MAX)
}

fn cause<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    match error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
    {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}
