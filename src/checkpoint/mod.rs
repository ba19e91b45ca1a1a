//! What we know and can prove after a crash: one SQLite file per batch.
//!
//! # The file
//!
//! * `payouts`: one line per payout with its present state. `row` is the row in the sheet, NULL once the row is gone.
//! * `facts`: append-only, written in the same transaction. The state of a payout is the fold of its facts through
//!   [`crate::domain::Standing::after`], nothing else. The next generation of a row is a payout of its own; the one
//!   that it replaced keeps its facts and has no row any more. Facts of payout 0 are the batch's own ([`Note`]): a run
//!   began, sending paused and went on. Nothing is decided by them.
//! * `totals`, `status_totals`: counts and sums over the payouts that are in the sheet, kept by the same transaction.
//! * `meta`: what the file is bound to (environment, gateway host, account, batch) and the sheet it was filled from.
//!
//! Amounts are paise, times are milliseconds since 1970 UTC, phones are their ten digits as a number.
//!
//! # Rules
//!
//! WAL with `synchronous=FULL`: what a commit acknowledged survives a power cut. The format version is
//! `PRAGMA user_version`; migrations go forward only; a newer file is refused. A file that is damaged, foreign or of
//! another batch is refused with a sentence saying what to do: every line of it is sealed (`seal`), so that a byte that
//! changed by itself is damage, not another amount. One process writes at a time ([`lock`]).
//!
//! **Memory does not grow with the sheet**: plans, sweeps and results stream from here in pages.
//!
//! Deliberately absent: any way to set a state. [`Store::record`] takes facts.

mod apply;
mod before;
mod closing;
mod earlier;
mod error;
mod intake;
mod known;
pub mod lock;
mod mend;
mod meta;
mod migrate;
mod news;
mod note;
mod older;
mod pages;
mod paid;
mod peek;
mod purge;
mod reissue;
mod replay;
mod rows;
mod schema;
mod seal;
mod snapshot;
mod steady;
mod store;
mod totals;
mod unsent;

pub use before::MadeBefore;
pub use closing::StillToStop;
pub use earlier::EarlierRow;
pub use error::Error;
pub use intake::{Intake, RowFields};
pub use known::Known;
pub use mend::{Named, Pick};
pub use meta::{Binding, Meta};
pub use news::{Believed, News, Posting};
pub use note::{Note, PauseNote};
pub use older::{Claimed, Knowledge, Knows};
pub use pages::{OpenRow, Sendable, SweepRow};
pub use paid::PaidBefore;
pub use peek::{Asked, Made, Peek, Recorded};
pub use purge::Unfinished;
pub use replay::{Replayed, Sum};
pub use rows::{OfPhone, ResultRow};
pub use snapshot::{FactRow, PayoutRow, Seen};
pub use steady::{Line, Steady, state_word};
pub use store::{PayoutNo, Store};
pub use totals::{StatusCount, Totals};
