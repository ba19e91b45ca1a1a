//! The simulation: the real engine, state machine, pace and checkpoint under a stopped clock, against the sandbox's
//! bank, with faults in every phase, deaths at every step, and the bank's own books as the judge.
//!
//! A run is drawn from its seed and can be had again from it:
//!
//! ```text
//! SIM_SEED=123 cargo test --test sim seed                      one seed, with what happened in it
//! SIM_RUNS=1000000 cargo test --release --test sim runs        a million, from SIM_FROM (0) on
//! cargo test --features planted --test sim planted             the tests of the tests; SIM_MISTAKE names one of them
//! ```
//!
//! What fails names its seed and the command to have it again. With `SIM_SEED` every departure, arrival and event is
//! told with its virtual time in milliseconds, then what was drawn, counted and passed through.
//!
//! Reading order: `mix` (what a seed makes of the world), `play` (a seed from its beginning to its end), `life` (one
//! process of ours), `mend` (its cancels, retries and reissues), `world` (all that outlives it, and judges every step), `door` and `letter` (the way to the bank),
//! `witness` and `audit` (the judges), `sheet` (what people do to it), `kept` (the results beside it), `coverage` (what must have happened).
//!
//! What is simulated: batches of up to 40 rows with several rows of one phone, own ids and invalid rows; every fault of
//! the sandbox's bank on creates, look-ups, deactivations, authorize and balance; a network that refuses, loses, delays,
//! doubles and garbles; deaths between any two things that are written down, at any step and at any time; interrupts;
//! checkpoints lost, with the results or beside them, and adoption; sweeps; `retry` of rejected rows, all or named; cancels
//! of rows and of the batch, finished later where they did not reach the gateway; reopening; new generations for dead links,
//! all or named, and for cancelled ones; sheets sorted, edited, added to, trimmed and restored between runs; limits and
//! balances that change.
//!
//! What a life does is a copy of the commands' order of steps (`life` of `cli::prepare`, `cli::send` and `cli::claims`, `mend`
//! of `cli::retry` and `cli::cancel`), since those read files and ask people: whoever changes it there changes it here.
//!
//! To add a fault of the network: `mix::Net`, `world::World::fate` or `back`, `coverage`. To add something that people do:
//! `life::Course` and `life::go`, or `play::meddle`. To add an invariant: `witness` if it holds at every step, `audit` if it
//! holds whenever our side has stopped.
//!
//! Deliberately absent: sockets, files other than the checkpoint, arguments, and every word for users: `tests/it`
//! drives the real binary. So are the guards that look at other batches or at the calendar, since there is one batch here:
//! rows that another checkpoint has paid, a batch that was finished more than 5 days ago and one of long ago that gains
//! rows are held by `tests/it/twice.rs`. Nothing here takes the engine's word for anything: it is judged by what leaves it, by what is
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
mod copy;
mod coverage;
mod door;
mod kept;
mod ledger;
mod letter;
mod life;
mod mend;
mod mix;
mod play;
mod sheet;
mod suite;
mod witness;
mod world;
