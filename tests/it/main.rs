//! The integration tests: one binary driving the real program, one file per command or promise.
//!
//! `support` is the harness: the program under a time limit, a folder to work in, gateways to talk to, and the
//! audit that compares what a run says with what a gateway knows. Deliberately absent: anything a unit test can say.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::wildcard_enum_match_arm,
    clippy::as_conversions,
    clippy::float_arithmetic,
    reason = "a test that panics says what it found, and a harness keeps its own time"
)]

mod after;
mod book;
mod book_bad;
mod cancel;
mod changes;
mod clocks;
mod closing;
mod corpus;
mod damage;
mod disks;
mod doctor;
mod doubt;
mod editions;
mod everywhere;
mod export;
mod faults;
mod files;
mod fuzz;
mod gone;
mod guards;
mod help;
mod hostile;
mod hostile_questions;
mod json;
mod kills;
mod lock;
mod long_ago;
mod lost;
mod lost_earlier;
mod lost_ids;
mod lost_order;
mod lost_stopped;
mod mended;
mod misused;
mod names;
mod older;
mod own_ids;
mod pace;
mod pasted;
mod power;
mod purge;
mod questions;
mod report;
mod results;
mod results_book;
mod retry;
mod samples;
mod scheduler;
mod security;
mod settings;
mod sheet;
mod status;
mod support;
mod template;
mod tidy;
mod tls;
mod twice;
mod unusable;
mod usage;
mod validate;
mod warnings;
mod webhooks;
