//! The gateway's events: verified, kept, and taken as hints to look an id up.
//!
//! Reading order: `verify` (PURE: who signed it), `inbox` (durable), `clerk` (the thread that writes it), `door` (HTTP: an
//! event is answered 200 only once it is on disk), `shelf` (which checkpoint knows an id), `follow` (ask), `record` (write the
//! answers down), `waits` (PURE: when to ask again).
//!
//! **No event changes anything by itself.** Its signature covers the values without the places where they begin and end,
//! carries no time, and may be replayed; so all that it can bring about is one question to the gateway about an id that is
//! in one of our checkpoints already, and the gateway's answer is what counts.
//!
//! Deliberately absent: TLS (a proxy in front of it has the certificate), and V2 events, which no Cashgram causes.

pub mod clerk;
mod door;
mod follow;
pub mod inbox;
mod record;
mod shelf;
pub mod verify;
mod waits;

pub use door::{Door, Refusals, serve};
pub use follow::{Follower, Refresh};
