//! Decides and coordinates, prints nothing.
//!
//! Reading order: `send` (one task that decides what leaves), `line` (one request from token to record), `work` (what
//! waits), `pace` and `breaker` (whether it may leave now), `retry` (waits and limits), `recorder` (the one writer),
//! `ask` (sweeps, probes and cancels), `stop` (one link deactivated), [`event`] and [`tally`] (what is said of it).
//!
//! Deliberately absent: printing, arguments, environment, the sheet. Time, chance and the network are arguments.

mod ask;
mod breaker;
pub mod event;
mod halt;
mod inquiry;
mod line;
mod lost;
mod order;
mod pace;
mod recorder;
mod retry;
mod send;
mod session;
mod stop;
pub mod tally;
mod work;

pub use event::{Event, Events, Pause};
pub use halt::{Halt, Outcome};
pub use inquiry::{Inquiry, Replied};
pub use lost::{Adopted, Discord};
pub use order::OrderRules;
pub use pace::Rate;
pub use send::Limits;
pub use session::{BalanceReading, Session, Surroundings};
pub use tally::{Count, Tally};
