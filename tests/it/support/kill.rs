//! A run that dies as it enters a chosen system call (`kill.c`).
//!
//! A point is a kind of call and its number among all calls of that kind, whichever thread makes them. Deliberately
//! absent: `strace`, which counts by thread and so never reaches what a second thread does.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::disk::compile;
use super::program::Paysheet;

/// What it ends with where nothing may be traced.
const NOT_ALLOWED: i32 = 125;

/// Kills at system calls.
#[derive(Clone, Copy)]
pub(crate) struct Killer(&'static Path);

impl Killer {
    /// None where `cc` cannot make one.
    pub(crate) fn new() -> Option<Killer> {
        static TOOL: OnceLock<Option<PathBuf>> = OnceLock::new();
        let tool = TOOL.get_or_init(|| compile("kill", &[])).as_deref()?;
        Some(Killer(tool))
    }

    /// `run`, killed as it enters its `nth` system call of this kind, from 1.
    pub(crate) fn at(self, run: &Paysheet, call: &str, nth: usize) -> Paysheet {
        self.through(run, Path::new("/dev/null"), call, nth)
    }

    fn through(self, run: &Paysheet, log: &Path, call: &str, nth: usize) -> Paysheet {
        let nth = nth.to_string();
        let words = [self.0, log, Path::new(call), Path::new(&nth)];
        run.clone().through(words)
    }

    /// How many calls of each kind a run makes that ends well. None where nothing may be traced.
    pub(crate) fn calls(self, run: &Paysheet) -> Option<BTreeMap<String, usize>> {
        let log = tempfile::NamedTempFile::new().expect("a file");
        let output = self.through(run, log.path(), "none", 0).run();
        if output.code == NOT_ALLOWED {
            return None;
        }
        output.exits(0);
        let text = std::fs::read_to_string(log.path()).expect("the log");
        let line = |line: &str| {
            let (call, count) = line.split_once(' ').expect("a call and its number");
            (call.to_owned(), count.parse().expect("a number"))
        };
        Some(text.lines().map(line).collect())
    }
}
