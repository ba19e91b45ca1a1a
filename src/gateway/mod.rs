//! The other company as seen from here: what it is asked, and what its answers mean.
//!
//! Reading order: [`wire`] (their JSON), [`reading`] (PURE: a reply into a finding, the whole table), `auth` (one
//! token for all), [`client`] (HTTP). The engine sees the trait [`Gateway`] and knows nothing of HTTP.
//!
//! Deliberately absent: retries, pauses and pace (`engine`), and any memory of what was sent (`checkpoint`). One call
//! here is at most one create.

pub mod address;
pub mod auth;
pub mod client;
mod fault;
pub mod headers;
mod json;
pub mod reading;
pub mod signer;
pub mod wire;

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use crate::domain::Finding;
use headers::ReplyHeaders;

/// The calls this program makes, each at most once on the wire.
pub trait Gateway: Send + Sync + 'static {
    /// A usable access token: the cached one, or a new one that all callers wait for together.
    ///
    /// # Errors
    /// What getting a token ran into: [`Finding::NotSent`], [`Finding::Throttled`] or [`Finding::StopRun`]. Nothing
    /// else, since no byte of a create has left.
    fn token(&self) -> impl Future<Output = Result<Token, Finding>> + Send;

    /// A token other than `stale`, which the gateway refused: one refresh however many ask.
    ///
    /// # Errors
    /// As [`Gateway::token`].
    fn renew(&self, stale: &Token) -> impl Future<Output = Result<Token, Finding>> + Send;

    /// Asks for one Cashgram. `body` is [`wire::create_body`], as recorded.
    fn create(&self, token: &Token, body: &str) -> impl Future<Output = Reply> + Send;

    /// Asks where the Cashgram `id` stands.
    fn look_up(&self, token: &Token, id: &str) -> impl Future<Output = Reply> + Send;

    /// Asks what the account holds.
    fn balance(&self, token: &Token) -> impl Future<Output = Reply> + Send;

    /// Asks that the Cashgram `id` can no longer be redeemed.
    fn deactivate(&self, token: &Token, id: &str) -> impl Future<Output = Reply> + Send;
}

/// An access token. Clones are the same token; two tokens are equal if they came from the same authorize.
#[derive(Clone)]
pub struct Token(Arc<SecretString>);

impl Token {
    /// A token from the text that the gateway gave.
    pub fn new(secret: SecretString) -> Token {
        Token(Arc::new(secret))
    }

    /// The text, for the one header that needs it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl PartialEq for Token {
    fn eq(&self, other: &Token) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Token {}

impl fmt::Debug for Token {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Token(..)")
    }
}

/// What the wire gave back for one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Provably no byte of the request left.
    NotSent {
        /// What happened, for people.
        why: String,
        /// Who is at fault, as far as that changes what to do.
        kind: NotSentKind,
    },
    /// The request may have arrived; no whole answer came back.
    NoAnswer {
        /// What happened, for people.
        why: String,
    },
    /// A whole answer, or the beginning of one that is too long.
    Answer(Answer),
}

/// An HTTP answer. Its body is not printed: it may hold a token or a link that pays.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// What the headers said.
    pub headers: ReplyHeaders,
    /// The body, or its beginning.
    pub body: Vec<u8>,
    /// Whether the body went on beyond the cap: then it is not judged.
    pub truncated: bool,
}

impl fmt::Debug for Answer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Answer")
            .field("status", &self.status)
            .field("headers", &self.headers)
            .field("body_bytes", &self.body.len())
            .field("truncated", &self.truncated)
            .finish()
    }
}

/// Why no byte left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSentKind {
    /// The name did not resolve.
    Dns,
    /// No connection: refused, unreachable, too slow, or lost before the TLS handshake ended. May pass.
    Connect,
    /// The other end did not prove who it is, or does not speak TLS as it should. Does not pass by waiting.
    Tls,
    /// The proxy refused to connect us. Does not pass by waiting.
    Proxy,
}
