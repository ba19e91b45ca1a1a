//! The harness of the integration tests: the program, its folder, its gateways, and the audit of what came of it.
//!
//! Deliberately absent: any of the program's own types but the sandbox's. What the program says is read as a user or
//! a script would read it.

#![allow(
    dead_code,
    unused_imports,
    reason = "a harness offers more than the tests of one day use"
)]

pub(crate) mod audit;
pub(crate) mod book;
pub(crate) mod disk;
pub(crate) mod errand;
pub(crate) mod gate;
pub(crate) mod kill;
pub(crate) mod program;
pub(crate) mod raw;
pub(crate) mod raw_bank;
pub(crate) mod raw_http;
pub(crate) mod terminal;
pub(crate) mod tls;
pub(crate) mod trouble;
pub(crate) mod world;

pub(crate) use audit::{audit, audit_earlier, complaints};
pub(crate) use disk::Disk;
pub(crate) use gate::{Booked, CLIENT_ID, CLIENT_SECRET, Gate, Gateway};
pub(crate) use program::{Output, Paysheet, Running};
pub(crate) use raw::{Act, Ask, Manner, Raw, Say};
pub(crate) use terminal::Watched;
pub(crate) use world::{Table, World, in_days, rows};

/// Says that the test of this thread proves nothing here, and why. Past the test runner, which shows only what failing
/// tests print.
pub(crate) fn skipped(why: &str) {
    let name = std::thread::current().name().unwrap_or("a test").to_owned();
    let said = format!("{name} skipped: {why}\n");
    let _ = std::io::Write::write_all(&mut std::io::stderr(), said.as_bytes());
}
