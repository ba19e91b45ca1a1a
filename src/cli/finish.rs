//! The end of a command: results, closing words, JSON line, exit code.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::PoisonError;

use crate::checkpoint::{self, StillToStop, Store, SweepRow};
use crate::domain::State;
use crate::engine::{Count, Halt, Outcome, Tally};
use crate::report::Task;
use crate::report::json::{self, RunFacts, RunJson};
use crate::report::summary::{Closing, Commands, Ended};
use crate::sheet;

use super::after::Said;
use super::exit::Exit;
use super::intake::StoredHeader;
use super::settings::Files;
use super::shell::Shell;
use super::values::Environment;
use super::{guards, results};

/// Adopted rows that the command for new links names.
pub(super) const RENEWED_MAX: usize = 20;
/// Lifts the guard against other batches.
const NEW_PAYMENT: &str = "--new-payment";
/// Payouts that are named one by one: more than that are looked for in the results.
const NAMED_MAX: usize = 20;

/// What the end of a command needs to know.
pub(super) struct Finish<'f> {
    pub(super) command: &'static str,
    pub(super) environment: Environment,
    pub(super) sheet: &'f Path,
    pub(super) batch: &'f str,
    pub(super) files: &'f Files,
    /// What stands in the place of the results is not this batch's, and is left as it is.
    pub(super) left_alone: bool,
    /// The list of problems, where this run wrote one.
    pub(super) problems: Option<&'f Path>,
    /// What is odd about the sheet, by code, where this run read it.
    pub(super) warnings: BTreeMap<String, u64>,
    /// What this run has to say for itself before it says where the rows stand.
    pub(super) note: Option<String>,
    pub(super) shell: &'f Shell,
}

/// What the closing words name.
#[derive(Default)]
struct More<'m> {
    /// The first links that are not known any more.
    lost: &'m [String],
    /// The first payouts without a link.
    without_link: &'m [String],
    /// The command that stops what is still to be stopped.
    stop: &'m str,
    /// Rows of the first dead links that were adopted, and how many there are.
    adopted: (Vec<u64>, u64),
}

impl Finish<'_> {
    /// Ends a send or a status: the results are written whatever happened.
    ///
    /// # Errors
    ///
    /// If the results cannot be written; the checkpoint holds everything all the same.
    pub(super) fn run(&self, store: &Store, outcome: &Outcome) -> anyhow::Result<Exit> {
        match (self.write_results(store), &outcome.halt) {
            (Ok(()), _) => {}
            // The disk that failed the checkpoint fails the results too. The first cause is what has to be mended.
            (Err(error), Some(Halt::NotRecorded { .. })) => {
                self.shell.screen.failure(&format!("{error:#}"));
            }
            (Err(error), _) => return Err(error),
        }
        self.end(store, outcome)
    }

    fn end(&self, store: &Store, outcome: &Outcome) -> anyhow::Result<Exit> {
        let ends = LooseEnds::read(store)?;
        let tally = ends.in_tally(store, outcome);
        let (lost, without_link) = (names(&ends.lost.0), names(&ends.without_link.0));
        let exit = exit_of(self.task(), &tally, outcome);
        let named = match store.meta().closed {
            true => &[][..],
            false => &ends.still.first,
        };
        let stop = StoredHeader::again(&self.shell.again, store).stopping(named);
        let adopted = match tally.dead {
            0 => (Vec::new(), 0),
            _ => store.dead_adopted(RENEWED_MAX)?,
        };
        let more = More {
            lost: &lost,
            without_link: &without_link,
            stop: &stop,
            adopted,
        };
        self.say(store, &tally, outcome, exit, &more);
        Ok(exit)
    }

    /// Writes the results, unless they are all that is left of a lost checkpoint, or not this batch's.
    ///
    /// # Errors
    ///
    /// As [`Finish::run`].
    pub(super) fn write_results(&self, store: &Store) -> anyhow::Result<()> {
        let kept = guards::knows_less_than_results(store)? && self.files.results.exists();
        if self.left_alone || kept {
            return Ok(());
        }
        results::write_all(store, self.files, self.environment.word())
    }

    /// Ends a dry run, which wrote nothing but the list of problems.
    pub(super) fn dry_run(&self, store: &Store, outcome: &Outcome) -> Exit {
        if outcome.halt.is_some() {
            let tally = tally(store, outcome);
            let exit = exit_of(self.task(), &tally, outcome);
            self.say(store, &tally, outcome, exit, &More::default());
            return exit;
        }
        let message = "dry run: nothing was sent";
        self.shell.out.paragraph(message);
        self.json(&tally(store, outcome), Exit::Done, message);
        Exit::Done
    }

    /// Ends `results`.
    pub(super) fn rewritten(&self, store: &Store) {
        let message = format!("results written: {}", self.files.results.display());
        self.shell.out.paragraph(&message);
        self.json(&tally(store, &Outcome::default()), Exit::Done, &message);
    }

    fn task(&self) -> Task {
        match self.command {
            "status" => Task::Asking,
            "cancel" => Task::Cancelling,
            _ => Task::Sending,
        }
    }

    fn say(&self, store: &Store, tally: &Tally, outcome: &Outcome, exit: Exit, more: &More<'_>) {
        let again = StoredHeader::again(&self.shell.again, store);
        let (mut send, status) = (again.as_command("send"), again.as_command("status"));
        // What was sent lifts that guard by itself.
        if again.has(NEW_PAYMENT) && !store.has_paid() {
            send = send.and(NEW_PAYMENT);
        }
        let retry = again.retrying();
        let (rows, adopted) = (more.adopted.0.as_slice(), more.adopted.1);
        let mut adopt = send.and("--adopt");
        let purged = store.meta().purged.is_some();
        let reopen = (store.meta().closed && !purged).then(|| send.with("--reopen"));
        if reopen.is_some() {
            adopt = adopt.and("--reopen");
        }
        let words = outcome.halt.as_ref().map(Halt::words);
        let ended = match (&outcome.halt, &words) {
            (Some(Halt::Interrupted), _) => Ended::Interrupted,
            (Some(_), Some((why, remedy))) => Ended::Stopped { why, remedy },
            _ => Ended::Finished,
        };
        let by_own_id = store.conflicts_by_own_id().unwrap_or(0) > 0;
        let rename = (!by_own_id).then(|| send.renamed());
        let (results, checkpoint) = (self.results(), self.files.checkpoint.display().to_string());
        let problems = self.problems.map(|path| path.display().to_string());
        let earlier = self.earlier();
        let closing = Closing {
            task: self.task(),
            chosen: outcome.chosen,
            purged,
            rehearsal: self.environment == Environment::Sandbox,
            ended,
            tally,
            lost: more.lost,
            without_link: more.without_link,
            dead_adopted: (adopted, u64::try_from(rows.len()).unwrap_or(u64::MAX)),
            earlier: earlier.as_deref(),
            results: results.as_deref(),
            checkpoint: &checkpoint,
            problems: problems.as_deref(),
            note: self.note.as_deref(),
            columns: self.shell.out.columns(),
            commands: Commands {
                again: &again.command(),
                retry: &retry.command(),
                reissue: &again.renewing("--expired", &[]),
                reissue_adopted: &again.renewing("--expired", rows),
                send: &send.command(),
                adopt: &adopt.command(),
                stop: more.stop,
                reopen: reopen.as_deref(),
                rename: rename.as_deref(),
                status: &status.command(),
            },
        };
        let verdict = closing.verdict();
        self.shell.out.paragraph(&closing.text());
        let alone = self.shell.out.quiet || self.shell.out.records;
        if alone && exit == Exit::Stopped {
            // Quiet is silent about what went well, not about why it stopped; and whoever watches a log looks for errors.
            let command = self.command;
            self.shell
                .screen
                .failure(&format!("paysheet {command}: {verdict}"));
        }
        self.json(tally, exit, &verdict);
    }

    /// The results file, where it is this batch's.
    fn results(&self) -> Option<String> {
        (!self.left_alone).then(|| self.files.results.display().to_string())
    }

    /// The file of earlier Cashgrams; it is there only if there are any. Another program's is none.
    fn earlier(&self) -> Option<String> {
        let path = &self.files.earlier;
        let ours = path.exists() && sheet::is_ours(path).unwrap_or(false);
        ours.then(|| path.display().to_string())
    }

    fn json(&self, tally: &Tally, exit: Exit, message: &str) {
        let said = self.said(tally, exit, message);
        self.shell.out.json_line(&said.line);
        let told = self.shell.told.lock();
        *told.unwrap_or_else(PoisonError::into_inner) = Some(said);
    }

    /// Where the batch stands, for those who are told.
    pub(super) fn said(&self, tally: &Tally, exit: Exit, message: &str) -> Said {
        let (results, earlier) = (self.results(), self.earlier());
        let facts = RunFacts {
            command: self.command,
            environment: self.environment.word(),
            sheet: &self.sheet.display().to_string(),
            batch: self.batch,
            elapsed: self.shell.started.elapsed(),
            exit: exit.code(),
            message,
            checkpoint: &self.files.checkpoint.display().to_string(),
            results: results.as_deref(),
            earlier: earlier.as_deref(),
            warnings: &self.warnings,
        };
        Said {
            line: json::line(&RunJson::new(facts, tally)).unwrap_or_default(),
            tally: tally.clone(),
        }
    }
}

/// Where the batch stands, with what this run did.
pub(super) fn tally(store: &Store, outcome: &Outcome) -> Tally {
    let totals = store.totals();
    let states = totals.states.iter().filter(|(_, (rows, _))| *rows > 0);
    let statuses = totals.statuses.iter().filter(|(_, count)| count.rows > 0);
    Tally {
        states: states
            .map(|(state, (rows, amount))| {
                (
                    *state,
                    Count {
                        rows: *rows,
                        amount: *amount,
                    },
                )
            })
            .collect(),
        statuses: statuses
            .clone()
            .map(|(word, count)| (word.clone(), count.rows))
            .collect(),
        dead: statuses
            .filter(|(_, count)| count.class.is_dead())
            .map(|(_, count)| count.rows)
            .sum(),
        created_now: outcome.created_now,
        requests: outcome.requests,
        retries: outcome.retries,
        waiting: 0,
        waiting_doubts: 0,
        lost: 0,
        without_link: 0,
    }
}

/// The same with what is still to be stopped, what the gateway does not know any more, and what has no link.
///
/// # Errors
///
/// If the checkpoint cannot be read.
pub(super) fn standing(store: &Store, outcome: &Outcome) -> Result<Tally, checkpoint::Error> {
    Ok(LooseEnds::read(store)?.in_tally(store, outcome))
}

/// The first of some payouts, and how many there are.
type First = (Vec<SweepRow>, u64);

/// What no total tells. For each of the three all payouts are gone through, so they are read but once.
struct LooseEnds {
    still: StillToStop,
    /// The links that the gateway does not know any more.
    lost: First,
    /// The payouts whose link it has not told. A purge removed all links.
    without_link: First,
}

impl LooseEnds {
    fn read(store: &Store) -> Result<LooseEnds, checkpoint::Error> {
        Ok(LooseEnds {
            still: store.still_to_stop()?,
            lost: store.lost_links(NAMED_MAX)?,
            without_link: match store.meta().purged {
                Some(_) => (Vec::new(), 0),
                None => store.without_link(NAMED_MAX)?,
            },
        })
    }

    fn in_tally(&self, store: &Store, outcome: &Outcome) -> Tally {
        Tally {
            waiting: self.still.rows,
            waiting_doubts: self.still.doubts,
            lost: self.lost.1,
            without_link: self.without_link.1,
            ..tally(store, outcome)
        }
    }
}

fn names(rows: &[SweepRow]) -> Vec<String> {
    rows.iter().map(named_in_full).collect()
}

/// How a payout is called where it must be found: in the sheet, and at the gateway.
fn named_in_full(row: &SweepRow) -> String {
    match row.row {
        0 => row.cashgram_id.clone(),
        number => format!("row {number} ({})", row.cashgram_id),
    }
}

/// The exit code. PURE.
fn exit_of(task: Task, tally: &Tally, outcome: &Outcome) -> Exit {
    match &outcome.halt {
        Some(Halt::Interrupted) => return Exit::Interrupted,
        Some(
            Halt::Stopped(_)
            | Halt::OutOfReach { .. }
            | Halt::EqualRefusals { .. }
            | Halt::NotRecorded { .. },
        ) => {
            return Exit::Stopped;
        }
        None => {}
    }
    let sends = task == Task::Sending;
    // Rows held back by a conflict need a person; rows whose tries are used up need another run.
    if (sends && outcome.left_ready > 0) || outcome.unanswered > 0 {
        return Exit::Stopped;
    }
    let held_back = sends && !outcome.chosen && tally.of(State::Ready).rows > 0;
    let dead = (task == Task::Asking || outcome.about_dead) && tally.dead > 0;
    let waiting = tally.waiting > 0;
    let left = held_back || outcome.held_back > 0 || dead || waiting || outcome.revived > 0;
    if left || tally.need_a_person() > 0 {
        Exit::NeedsPerson
    } else {
        Exit::Done
    }
}
