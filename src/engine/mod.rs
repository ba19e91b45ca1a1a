//! Decides and coordinates, prints nothing.

pub mod event;
pub mod tally;

pub use event::{Event, Events, Pause};
pub use tally::{Count, Tally};
