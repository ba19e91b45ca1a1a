//! What a payout is and where it may stand. PURE: no I/O, no async, no clock, no chance, no serde.
//!
//! Each value is parsed once at the edge into a type with private fields that cannot hold a wrong payout. Personal
//! data does not print, not even by `{:?}`: [`Phone`] shows its last four digits, [`Email`] its domain.

pub mod finding;
pub mod state;

pub use finding::{
    Finding, LookUp, Receipt, Refusal, Sighting, Status, StatusClass, Stop, StopCause,
};
pub use state::{Fact, Found, History, IllegalFact, Seen, Standing, State, Terms};
