//! The end of a command: results, summary, JSON line, exit code.

use std::path::Path;

use crate::checkpoint::Store;
use crate::domain::State;
use crate::engine::{Count, Halt, Outcome, Tally};
use crate::report::json::{RunFacts, RunJson};
use crate::report::words::counted;

use super::exit::Exit;
use super::settings::Files;
use super::shell::Shell;
use super::values::Environment;
use super::results;

/// What the end of a command needs to know.
pub(super) struct Finish<'f> {
    pub(super) command: &'static str,
    pub(super) environment: Environment,
    pub(super) sheet: &'f Path,
    pub(super) batch: &'f str,
    pub(super) files: &'f Files,
    pub(super) shell: &'f Shell,
}

impl Finish<'_> {
    /// Ends a send or a status: the results are written whatever happened.
    ///
    /// # Errors
    ///
    /// If the results cannot be written; the checkpoint holds everything all the same.
    pub(super) fn run(&self, store: &Store, outcome: &Outcome) -> anyhow::Result<Exit> {
        self.write_results(store)?;
        let tally = tally(store, outcome);
        let verdict = verdict(self.command, &tally, outcome, &self.results_name());
        self.say(&tally, outcome, &verdict);
        Ok(verdict.exit)
    }

    /// Writes the results.
    ///
    /// # Errors
    ///
    /// As [`Finish::run`].
    pub(super) fn write_results(&self, store: &Store) -> anyhow::Result<()> {
        results::write(store, &self.files.results, self.environment.word())
    }

    fn results_name(&self) -> String {
        self.files.results.display().to_string()
    }
}

/// Where the batch stands, with what this run did.
pub(super) fn tally(store: &Store, outcome: &Outcome) -> Tally {
    let totals = store.totals();
    let states = totals.states.iter().filter(|(_, (rows, _))| *rows > 0);
    let statuses = totals.statuses.iter().filter(|(_, count)| count.rows > 0);
    Tally {
        states: states.map(|(state, (rows, amount))| (*state, Count { rows: *rows, amount: *amount })).collect(),
        statuses: statuses.clone().map(|(word, count)| (word.clone(), count.rows)).collect(),
        dead: statuses.filter(|(_, count)| count.class.is_dead()).map(|(_, count)| count.rows).sum(),
        created_now: outcome.created_now,
        requests: outcome.requests,
        retries: outcome.retries,
    }
}

/// How a command ended, in one code and one sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) exit: Exit,
    pub(super) message: String,
}

/// The verdict. PURE: the same for the screen, the JSON line and the exit code.
pub(super) fn verdict(command: &str, tally: &Tally, outcome: &Outcome, results: &str) -> Verdict {
    if let Some(halt) = &outcome.halt {
        let (why, remedy) = halt.words();
        let message = if remedy.is_empty() { why } else { format!("{why}: {remedy}") };
        let exit = if *halt == Halt::Interrupted { Exit::Interrupted } else { Exit::Stopped };
        return Verdict { exit, message };
    }
    let mut open = Vec::new();
    let mut note = |rows: u64, one: &str, many: &str| {
        if rows > 0 {
            open.push(counted(rows, one, many));
        }
    };
    note(tally.of(State::Rejected).rows, "row was refused", "rows were refused");
    note(tally.of(State::Conflict).rows, "row is in conflict", "rows are in conflict");
    note(tally.of(State::Unknown).rows, "row is still unknown", "rows are still unknown");
    note(tally.of(State::Invalid).rows, "row has problems and was skipped", "rows have problems and were skipped");
    if command == "status" {
        note(tally.dead, "link is dead", "links are dead");
        note(outcome.unanswered, "link could not be asked about", "links could not be asked about");
    }
    if outcome.left_ready > 0 {
        let rows = counted(outcome.left_ready, "row is", "rows are");
        let message = format!("{rows} still ready after all tries: run the same command again");
        return Verdict { exit: Exit::Stopped, message };
    }
    if command == "status" && outcome.unanswered > 0 {
        return Verdict { exit: Exit::Stopped, message: format!("{}: run the same command again", open.join(", ")) };
    }
    if !open.is_empty() {
        return Verdict { exit: Exit::NeedsPerson, message: format!("{}, see {results}", open.join(", ")) };
    }
    Verdict { exit: Exit::Done, message: done(command, tally, outcome) }
}

fn done(command: &str, tally: &Tally, outcome: &Outcome) -> String {
    let created = tally.of(State::Created).rows;
    if command == "status" {
        let words: Vec<String> = tally.statuses.iter().map(|(word, rows)| format!("{rows} {word}")).collect();
        return if words.is_empty() { "nothing was sent yet".to_owned() } else { words.join(", ") };
    }
    if outcome.created_now == 0 {
        return format!("nothing is left to do: all {} are created", counted(created, "link", "links"));
    }
    format!("all {} are created", counted(created, "link", "links"))
}
