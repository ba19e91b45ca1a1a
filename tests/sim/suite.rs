//! What `cargo test` runs.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::coverage;
use super::play::{Report, play};

/// Seeds played where nobody says how many; CI plays [`COVERING_RUNS`].
const RUNS: u64 = 1_000;
/// So many seeds show every fault and every transition.
const COVERING_RUNS: u64 = 20_000;
/// Seeds within which every planted mistake is caught.
#[cfg(feature = "planted")]
const MISTAKE_RUNS: u64 = 20_000;
/// Seeds that fail before the rest is left.
const FAILURES_MAX: usize = 5;
/// One seed in so many, and one more, may be given up: what several lost checkpoints made, a person brings together.
const GIVEN_UP_ONE_IN: u64 = 2_000;

/// A number from the environment, or `default`.
fn asked(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => number(name, &text).unwrap_or_else(|why| panic!("{why}")),
        Err(_) => default,
    }
}

fn number(name: &str, text: &str) -> Result<u64, String> {
    text.trim().parse().map_err(|_| {
        format!("{name}={text} is not a number: give a whole number from 0 up, such as {name}=123")
    })
}

/// A folder in memory where there is one: a checkpoint's syncs cost nothing there.
fn folder() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    tempfile::tempdir_in(memory)
        .or_else(|_| tempfile::tempdir())
        .unwrap()
}

fn describe(report: &Report) -> String {
    format!(
        "seed {} fails; again with: SIM_SEED={} cargo test --test sim seed\n  {}",
        report.seed,
        report.seed,
        report.complaints.join("\n  ")
    )
}

/// What all seeds together came to.
#[derive(Default)]
struct Sum {
    played: u64,
    failures: Vec<String>,
    counts: BTreeMap<String, u64>,
}

impl Sum {
    fn add(&mut self, report: Report) {
        if !report.complaints.is_empty() {
            self.failures.push(describe(&report));
        }
        self.played += 1;
        let counts = report
            .counts
            .into_iter()
            .map(|(name, n)| (name.to_owned(), n));
        let edges = report
            .edges
            .into_iter()
            .map(|((from, by, to), n)| (format!("edge: {from} {by} {to}"), n));
        for (name, n) in counts.chain(report.faults).chain(edges) {
            *self.counts.entry(name).or_default() += n;
        }
    }
}

/// Plays `runs` seeds from `from` on, on as many threads as there are processors.
fn play_all(from: u64, runs: u64, failures_max: usize, before: &(dyn Fn() + Sync)) -> Sum {
    let next = AtomicU64::new(0);
    let sum = Mutex::new(Sum::default());
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                before();
                let folder = folder();
                loop {
                    let nth = next.fetch_add(1, Ordering::Relaxed);
                    if nth >= runs || sum.lock().unwrap().failures.len() >= failures_max {
                        return;
                    }
                    let report = play(from + nth, folder.path(), false);
                    sum.lock().unwrap().add(report);
                }
            });
        }
    });
    sum.into_inner().unwrap()
}

#[test]
fn seed() {
    let seed = asked("SIM_SEED", 0);
    let is_told = std::env::var_os("SIM_SEED").is_some();
    let report = play(seed, folder().path(), is_told);
    if is_told {
        eprintln!("seed {seed}: trace {:016x}\n{}", report.trace, report.mix);
        eprintln!("{:#?}\n{:?}", report.counts, report.edges);
    }
    assert!(report.complaints.is_empty(), "{}", describe(&report));
}

#[test]
fn runs() {
    let runs = asked("SIM_RUNS", RUNS);
    assert!(
        runs > 0,
        "SIM_RUNS=0 plays nothing, and would prove nothing"
    );
    let sum = play_all(asked("SIM_FROM", 0), runs, FAILURES_MAX, &|| ());
    for (name, n) in &sum.counts {
        eprintln!("{n:>9} {name}");
    }
    assert!(sum.failures.is_empty(), "{}", sum.failures.join("\n"));
    let given_up = sum.counts.iter();
    let given_up = given_up.filter(|(name, _)| name.starts_with("given up"));
    let given_up: u64 = given_up.map(|(_, n)| n).sum();
    assert!(
        given_up <= 1 + runs / GIVEN_UP_ONE_IN,
        "{given_up} of {runs} seeds are given up"
    );
    let unlisted = coverage::unlisted(&sum.counts);
    assert!(
        unlisted.is_empty(),
        "transitions that are in no list: {unlisted:?}"
    );
    let missing = coverage::missing(&sum.counts);
    assert!(
        runs < COVERING_RUNS || missing.is_empty(),
        "never occurred in {runs} seeds: {missing:#?}"
    );
}

#[test]
fn the_same_twice() {
    let folder = folder();
    for seed in 0..50 {
        let [first, second] = [(), ()].map(|()| play(seed, folder.path(), false).trace);
        assert_eq!(first, second, "seed {seed}");
    }
}

#[test]
fn what_is_no_number_is_refused_in_clear_words() {
    for bad in ["", "x", "-1", "1.5", "0x10", "99999999999999999999999"] {
        let refused = number("SIM_SEED", bad).unwrap_err();
        assert!(refused.contains("is not a number") && refused.contains("SIM_SEED=123"));
    }
    assert_eq!(number("SIM_SEED", " 12 "), Ok(12));
}

/// Each mistake is caught within [`MISTAKE_RUNS`] seeds. `cargo test --features planted --test sim planted` plants them.
#[cfg(feature = "planted")]
#[test]
fn planted_mistakes_are_caught() {
    use paysheet::domain::planted::{Mistake, plant};
    let names = Mistake::ALL.map(|mistake| format!("{mistake:?}"));
    let only = std::env::var("SIM_MISTAKE").ok();
    if let Some(only) = &only {
        assert!(
            names.contains(only),
            "SIM_MISTAKE={only} is none of {names:?}"
        );
    }
    let mut missed = Vec::new();
    for (mistake, name) in Mistake::ALL.into_iter().zip(names) {
        if only.as_ref().is_some_and(|only| *only != name) {
            continue;
        }
        let sum = play_all(0, MISTAKE_RUNS, 1, &|| plant(Some(mistake)));
        match sum.failures.first() {
            Some(first) => eprintln!("{name}: caught after {} seeds: {first}", sum.played),
            None => missed.push(name),
        }
    }
    assert!(
        missed.is_empty(),
        "not caught within {MISTAKE_RUNS} seeds: {missed:?}"
    );
}
