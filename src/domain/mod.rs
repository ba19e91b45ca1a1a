//! What a payout is and where it may stand. PURE: no I/O, no async, no clock, no chance, no serde.
//!
//! Each value is parsed once at the edge into a type with private fields that cannot hold a wrong payout. Personal
//! data does not print, not even by `{:?}`: [`Phone`] shows its last four digits, [`Email`] its domain.

pub mod card;
pub mod claims;
pub mod email;
pub mod expiry;
pub mod finding;
pub mod id;
pub mod instruction;
pub mod matching;
pub mod money;
pub mod phone;
#[doc(hidden)]
pub mod planted;
pub mod row_key;
pub mod state;
pub mod text;
pub mod words;

pub use email::{Email, EmailFault};
pub use expiry::{ExpiryFault, ExpiryWindow, LinkExpiry};
pub use finding::{
    Finding, LookUp, Receipt, Refusal, Sighting, Status, StatusClass, Stop, StopCause,
};
pub use id::{CashgramId, IdFault};
pub use instruction::{BatchName, BatchNameFault, Instruction};
pub use money::{AmountFault, Money};
pub use phone::{Phone, PhoneFault};
pub use row_key::{KeyHasher, RowKey};
pub use state::{Fact, Found, History, IllegalFact, Life, Seen, Standing, State, Terms};
pub use text::{Description, PayeeName, PayoutType, Remarks, TextBreach, TextFault, trimmed};
pub use words::Words;
