//! The simulation: the real engine, state machine, pace and checkpoint under a stopped clock, against the sandbox's
//! bank, with faults in every phase, deaths at every step, and the bank's own books as the judge.
//!
//! A run is drawn from its seed and can be had again from it:
//!
//! ```text
//! SIM_SEED=123 cargo test --test sim seed                      one seed, with what happened in it
//! SIM_RUNS=1000000 cargo test --release --test sim runs        a million, from SIM_FROM (0) on
//! ```
//!
//! Reading order: `mix` (what a seed makes of the world), `play` (a seed from its beginning to its end), `life` (one
//! process of ours), `world` (all that outlives it, and judges every step), `door` and `letter` (the way to the bank),
//! `witness` and `audit` (the judges), `sheet` (what people do to it), `coverage` (what must have happened).
//!
//! Deliberately absent: sockets, files other than the checkpoint, arguments, and every word for users: `tests/it`
//! drives the real binary. Nothing here takes the engine's word for anything: it is judged by what leaves it, by what is
//! durable, and by the books.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    clippy::print_stderr,
    clippy::panic,
    reason = "a test that panics says what it found"
)]

mod audit;
mod door;
mod ledger;
mod letter;
mod life;
mod mix;
mod play;
mod sheet;
mod suite;
mod witness;
mod world;
