//! paysheet pays a sheet: it turns a CSV of recipients into Cashgram payout links at Cashfree Payouts,
//! exactly one per row, and follows each link until its money has arrived.
//!
//! This file is the map; the code is in the folders, listed here in the order in which money passes through them.
//!
//! | folder | what it is | may import |
//! |---|---|---|
//! | [`domain`] | PURE. What a payout is and where it may stand. | nothing of ours |
//! | [`clock`] | The one file that may ask what time it is. | nothing of ours |
//! | [`sheet`] | The spreadsheet edge: bytes in, instructions and faults out; results CSV. | `domain` |
//! | [`checkpoint`] | What we know and can prove after a crash. | `domain` |
//! | [`gateway`] | The other company as seen from here. | `domain` |
//! | [`engine`] | Decides and coordinates, prints nothing. | `domain`, `clock`, `checkpoint`, `gateway` |
//! | [`webhooks`] | The gateway's events: verified, kept, and taken as hints to look an id up. | `domain`, `clock`, `checkpoint`, `gateway`, `engine` |
//! | [`report`] | Says it, decides nothing. | `domain`, `engine` |
//! | [`sandbox`] | A gateway that is not theirs, for rehearsals and tests. | nothing of ours |
//! | [`cli`] | The shell: the only folder that knows all others. | everything |
//!
//! `tests/it/tidy.rs` reads the `use` lines and holds this table.
//!
//! # Invariants
//!
//! 1. At most one live Cashgram per row and generation; a generation follows only one that is proven dead or cancelled.
//! 2. No byte of a create leaves before its `Sending`, with the body, is durable; all creates of an id carry
//!    identical bodies until one of them is certainly refused.
//! 3. Every Cashgram at the gateway is in the results (or, replaced or removed, in `earlier.csv`), or stands there as
//!    `unknown` or `conflict`.
//! 4. Every `created` row has a Cashgram. Positive evidence never regresses; a 404 alone changes nothing. A link is
//!    `cancelled` only by the gateway's word, or found dead after the wish to stop it was on disk.
//! 5. Count and sum over the states equal the sheet's, to the paisa, at every exit.
//! 6. A second process on the same checkpoint sends nothing. A finished batch run again sends nothing.
//! 7. Requests stay within the rate, none goes out before a Retry-After has passed, and under a gateway that
//!    only fails they stay within 1.1 × rows + 100.
//! 8. Once faults stop, every row is decided within bounded time.
//! 9. Secrets and tokens appear nowhere but in the requests that need them; phones and e-mails appear masked.
//!
//! # Words
//!
//! A *sheet* has *rows*; a checked row is an *instruction*; all instructions of a sheet are a *batch*. Sending one
//! is an *attempt*; what the wire gives back is a *reply*; what a reply means is a *finding*; where a payout stands
//! with us is its *state*, where its link stands at the gateway its *status*. A *fault* is something wrong with a
//! cell (a value, never an `Err`). The *recorder* is the one task that writes the checkpoint. A *sweep* is a pass of
//! questions, never of payments.

pub mod checkpoint;
pub mod cli;
pub mod clock;
pub mod domain;
pub mod engine;
pub mod gateway;
pub mod report;
pub mod sandbox;
pub mod sheet;
pub mod webhooks;
