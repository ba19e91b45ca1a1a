//! The closing words of a run: what became of it, in counts and rupees, and what to do next. PURE.
//!
//! Advice here costs or saves money: a payout in doubt is never to be paid by hand, and once anything may have been
//! created another batch name, which would mean other ids, is never suggested. Deliberately absent: the choice of
//! the exit code.

mod missing;

use std::fmt::Write as _;

use crate::domain::State;
use crate::engine::Tally;

use super::progress::Task;
use super::words::{by_status, counted, rupees, sentence, wrapped};

/// Room for an amount, where there is so much.
const AMOUNT_CHARS: usize = 22;
/// What stands before it: a state and a count.
const COUNT_CHARS: usize = 23;

/// How the run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended<'a> {
    /// It did what there was to do.
    Finished,
    /// Somebody stopped it.
    Interrupted,
    /// It could not go on.
    Stopped {
        /// What is wrong.
        why: &'a str,
        /// What to do about it.
        remedy: &'a str,
    },
}

/// Command lines to copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commands<'a> {
    /// The same command.
    pub again: &'a str,
    /// What sends refused rows again as they are.
    pub retry: &'a str,
    /// What makes new links for dead ones.
    pub reissue: &'a str,
    /// The same for the first of those that were adopted, by name.
    pub reissue_adopted: &'a str,
    /// What sends this batch, run again: for `status` it is not the command that was typed.
    pub send: &'a str,
    /// The same with `--adopt`, for a closed batch also with `--reopen`.
    pub adopt: &'a str,
    /// What stops what is still to be stopped.
    pub stop: &'a str,
    /// What opens the batch again, if it is closed.
    pub reopen: Option<&'a str>,
    /// The same under another batch name, where that makes other ids.
    pub rename: Option<&'a str>,
    /// What asks where the links stand.
    pub status: &'a str,
}

/// What is known when a run ends.
#[derive(Clone, Copy, Debug)]
pub struct Closing<'a> {
    /// What the run was for.
    pub task: Task,
    /// It was for chosen rows: the others are not sent by running it again.
    pub chosen: bool,
    /// Personal data was removed: nothing can be sent any more.
    pub purged: bool,
    /// No money moved, and none could.
    pub rehearsal: bool,
    /// How it ended.
    pub ended: Ended<'a>,
    /// Where every payout stands.
    pub tally: &'a Tally,
    /// Names of the first links that the gateway does not know any more.
    pub lost: &'a [String],
    /// Names of the first payouts whose link the gateway has not told.
    pub without_link: &'a [String],
    /// Dead links that were adopted, and how many of them the command for them names.
    pub dead_adopted: (u64, u64),
    /// The results file, where it is this batch's.
    pub results: Option<&'a str>,
    /// The file of what has no row in the sheet any more, where there is any.
    pub earlier: Option<&'a str>,
    /// The checkpoint file.
    pub checkpoint: &'a str,
    /// The list of problems, where there is one.
    pub problems: Option<&'a str>,
    /// What the run has to say for itself first.
    pub note: Option<&'a str>,
    /// How wide its lines may be.
    pub columns: usize,
    /// Command lines to copy.
    pub commands: Commands<'a>,
}

impl Closing<'_> {
    fn rows(&self, state: State) -> u64 {
        self.tally.of(state).rows
    }

    /// The verdict: one sentence, lower case, also the JSON object's `message`.
    pub fn verdict(&self) -> String {
        match self.ended {
            Ended::Interrupted if self.task == Task::Asking => {
                "interrupted, run it again to go on asking".to_owned()
            }
            Ended::Interrupted if self.task == Task::Cancelling => {
                "interrupted, run it again to go on cancelling".to_owned()
            }
            Ended::Interrupted => format!(
                "interrupted with {} of {} created, run it again to resume",
                self.rows(State::Created),
                counted(self.tally.rows(), "payout", "payouts")
            ),
            // What could not be recorded says itself what to mend.
            Ended::Stopped { why, remedy: "" } => format!("stopped: {why}"),
            Ended::Stopped { why, remedy } => {
                format!("stopped: {}: {remedy}", why.trim_end_matches('.'))
            }
            Ended::Finished => match (self.note, self.task) {
                (Some(note), Task::Cancelling) if self.wrong().is_empty() => note.to_owned(),
                (Some(note), _) => format!("{note}; {}", self.finished()),
                (None, _) => self.finished(),
            },
        }
    }

    fn finished(&self) -> String {
        let wrong = self.wrong();
        if !wrong.is_empty() {
            let open = self.rows(State::Ready) + self.rows(State::Unknown);
            let sends = self.task == Task::Sending && !self.chosen;
            let nothing = match sends && self.tally.created_now + open == 0 {
                true => "nothing is left to send; ",
                false => "",
            };
            let see = self.results.map(|results| format!(", see {results}"));
            return format!("{nothing}{}{}", wrong.join(", "), see.unwrap_or_default());
        }
        if self.task != Task::Sending {
            return self.asked();
        }
        let all = counted(self.tally.rows(), "payout", "payouts");
        match (
            self.rows(State::Ready),
            self.rows(State::Cancelled),
            self.tally.created_now,
        ) {
            (0, 0, 0) => format!("nothing is left to send: {all}, all created"),
            (0, 0, _) => format!("{all}, all created"),
            (0, cancelled, _) => format!(
                "{all}: {} created, {cancelled} cancelled and left alone",
                self.rows(State::Created)
            ),
            (ready, _, _) if self.chosen => {
                format!(
                    "{ready} of {all} not sent yet, run `{}`",
                    self.commands.send
                )
            }
            (ready, _, _) => format!("{ready} of {all} not sent yet, run it again"),
        }
    }

    fn asked(&self) -> String {
        let all = by_status(&self.tally.statuses);
        match self.rows(State::Ready) {
            0 => all,
            ready => format!(
                "{all}; {} not sent yet, run `{}`",
                counted(ready, "payout is", "payouts are"),
                self.commands.send
            ),
        }
    }

    /// What needs a person, in a few words each.
    fn wrong(&self) -> Vec<String> {
        let each = [
            (
                self.rows(State::Rejected),
                "row was refused",
                "rows were refused",
            ),
            (
                self.rows(State::Conflict),
                "row is in conflict",
                "rows are in conflict",
            ),
            (
                self.rows(State::Unknown),
                "payout is still in doubt",
                "payouts are still in doubt",
            ),
            (
                self.rows(State::Invalid),
                "row was skipped as invalid",
                "rows were skipped as invalid",
            ),
            (self.tally.dead, "link is dead", "links are dead"),
            (
                self.tally.waiting,
                "payout is still to be cancelled",
                "payouts are still to be cancelled",
            ),
            (
                self.tally.lost,
                "link that was created is not known to the gateway now",
                "links that were created are not known to the gateway now",
            ),
            (
                self.tally.without_link,
                "payout was created without a link or reference",
                "payouts were created without a link or reference",
            ),
        ];
        each.into_iter()
            .filter(|(rows, _, _)| *rows > 0)
            .map(|(rows, one, many)| counted(rows, one, many))
            .collect()
    }

    /// All closing paragraphs.
    pub fn text(&self) -> String {
        let mut out = self.fold(&sentence(&self.verdict()));
        out.push_str("\n\n");
        self.table(&mut out);
        if self.rehearsal {
            let what =
                "This was a rehearsal in the sandbox: no money moved, and the links do not work.";
            let _ = write!(out, "\n{}\n", self.fold(what));
        }
        out.push('\n');
        if let Some(results) = self.results {
            let _ = writeln!(out, "results:    {results}");
        }
        if let Some(earlier) = self.earlier {
            let _ = writeln!(
                out,
                "earlier:    {earlier} (links without a row in the sheet)"
            );
        }
        let _ = writeln!(out, "checkpoint: {}", self.checkpoint);
        for advice in self.advice() {
            let _ = write!(out, "\n{advice}\n");
        }
        out
    }

    fn fold(&self, text: &str) -> String {
        wrapped(text, "", self.columns)
    }

    fn table(&self, out: &mut String) {
        let room = AMOUNT_CHARS.min(self.columns.saturating_sub(COUNT_CHARS));
        for state in State::ALL {
            let count = self.tally.of(state);
            if count.rows > 0 {
                let amount = rupees(count.amount);
                let (state, rows) = (state.word(), count.rows);
                let _ = writeln!(out, "  {state:<10}{rows:>9}  {amount:>room$}");
            }
        }
        for (word, links) in &self.tally.statuses {
            let _ = writeln!(out, "    {word:<16}{links:>9}");
        }
    }

    /// What to do next, the most urgent first.
    fn advice(&self) -> Vec<String> {
        if self.task == Task::Cancelling {
            return self.advice_after_cancel();
        }
        if self.purged {
            return self.advice_after_purge();
        }
        let mut all = Vec::new();
        let mut add = |rows: u64, text: String| {
            if rows > 0 {
                all.push(self.fold(&text));
            }
        };
        let unknown = self.rows(State::Unknown);
        add(
            unknown,
            format!(
                "{} in doubt: the money may be on its way. Do not pay {} by hand: the next run finds out.",
                counted(unknown, "payout is", "payouts are"),
                if unknown == 1 { "it" } else { "these" }
            ),
        );
        add(self.tally.lost, self.lost_advice());
        add(self.tally.without_link, self.without_link_advice());
        let rejected = self.rows(State::Rejected);
        add(
            rejected,
            format!(
                "{} refused, each with its reason in the results: mend {} in the sheet first. To send {} again unchanged, \
                 run: `{}`.",
                counted(rejected, "row was", "rows were"),
                if rejected == 1 { "it" } else { "them" },
                if rejected == 1 { "it" } else { "them" },
                self.commands.retry
            ),
        );
        let invalid = self.rows(State::Invalid);
        add(invalid, self.invalid_advice(invalid));
        let ready = self.rows(State::Ready);
        add(
            ready,
            format!("{} not sent.", counted(ready, "payout was", "payouts were")),
        );
        if self.tally.waiting > 0 {
            all.push(self.stop_advice());
        }
        // A doubt that is to be stopped is not sent again.
        let doubts = unknown.saturating_sub(self.tally.waiting_doubts);
        if doubts + rejected + invalid + ready > 0 && self.commands.reopen.is_none() {
            all.push(format!("To go on, run:\n  {}", self.commands.send));
        }
        let conflict = self.rows(State::Conflict);
        if conflict > 0 {
            all.push(self.conflict_advice(conflict));
        }
        all.extend(self.dead_advice());
        if all.is_empty() && self.task == Task::Sending && self.rows(State::Created) > 0 {
            all.push(format!(
                "To see later where the links stand, run:\n  {}",
                self.commands.status
            ));
        }
        all
    }

    /// What was adopted takes part only when it is named.
    fn dead_advice(&self) -> Vec<String> {
        let (adopted, named) = self.dead_adopted;
        let dead = self.tally.dead.saturating_sub(adopted);
        let advice = |links: &str, what: &str, command: &str| {
            let text =
                format!("{links} dead: the money did not arrive. The results say why. {what}:");
            format!("{}\n  {command}", self.fold(&text))
        };
        let mut all = Vec::new();
        if dead > 0 {
            let links = counted(dead, "link is", "links are");
            all.push(advice(&links, "For new links, run", self.commands.reissue));
        }
        if adopted > 0 {
            let links = counted(adopted, "adopted link is", "adopted links are");
            // Where the results are lost too, nothing tells one from the other.
            let what = "A link that was cancelled on purpose looks the same if the results were lost as well. For new \
                        links, name the rows that are to be paid";
            let mut advice = advice(&links, what, self.commands.reissue_adopted);
            if adopted > named {
                let _ = write!(
                    advice,
                    "\nThen run `status` again: it names the next of them."
                );
            }
            all.push(advice);
        }
        all
    }

    fn stop_advice(&self) -> String {
        let mut advice = format!(
            "{}\nTo finish that, run:\n  {}",
            self.still_to_stop(),
            self.commands.stop
        );
        if let Some(reopen) = self.commands.reopen {
            let _ = write!(
                advice,
                "\nTo go on with the batch after all, run:\n  {reopen}"
            );
        }
        advice
    }

    fn still_to_stop(&self) -> String {
        let waiting = self.tally.waiting;
        let text = format!(
            "{} to be cancelled, and the gateway has not said yet that {}: money may still go out.",
            counted(waiting, "payout is", "payouts are"),
            if waiting == 1 { "it is" } else { "they are" }
        );
        self.fold(&text)
    }

    fn advice_after_cancel(&self) -> Vec<String> {
        let mut all = Vec::new();
        let (unknown, waiting) = (self.rows(State::Unknown), self.tally.waiting);
        if unknown > 0 {
            let text = format!(
                "{} in doubt: the money may be on its way. Do not pay {} by hand. A link that appears is \
                 stopped by the next `cancel`; to pay a row after all, name it: `retry --cancelled --row N`.",
                counted(unknown, "payout is", "payouts are"),
                if unknown == 1 { "it" } else { "these" }
            );
            all.push(self.fold(&text));
        }
        if self.tally.lost > 0 {
            all.push(self.fold(&self.lost_advice()));
        }
        if waiting > 0 {
            all.push(self.still_to_stop());
        }
        if unknown + waiting > 0 {
            all.push(format!(
                "To ask again later, run:\n  {}",
                self.commands.again
            ));
        }
        let conflict = self.rows(State::Conflict);
        if conflict > 0 && !self.purged {
            let text = format!(
                "{} already at the gateway, but not from this checkpoint: {} not stopped.\n\
                 If this is the same payment and its checkpoint was lost, adopt what is there, then cancel it:",
                counted(conflict, "id exists", "ids exist"),
                if conflict == 1 { "it was" } else { "they were" },
            );
            all.push(format!(
                "{}\n  {}\n  {}",
                self.fold(&text),
                self.commands.adopt,
                self.commands.again
            ));
        }
        all
    }

    /// Nothing can be sent any more, so there is nothing to do but to stop, to ask and to look.
    fn advice_after_purge(&self) -> Vec<String> {
        let mut all = Vec::new();
        let unknown = self.rows(State::Unknown);
        if unknown > 0 {
            let text = format!(
                "{} in doubt: the money may be on its way. Do not pay {} by hand.",
                counted(unknown, "payout is", "payouts are"),
                if unknown == 1 { "it" } else { "these" }
            );
            all.push(self.fold(&text));
        }
        if self.tally.lost > 0 {
            all.push(self.fold(&self.lost_advice()));
        }
        if self.tally.waiting > 0 {
            all.push(self.stop_advice());
        }
        if self.tally.dead > 0 {
            let text = format!(
                "{} dead: the money did not arrive. The data of this batch were removed, so a new link takes a new sheet \
                 and a new batch name.",
                counted(self.tally.dead, "link is", "links are")
            );
            all.push(self.fold(&text));
        }
        all
    }

    fn conflict_advice(&self, conflict: u64) -> String {
        let what = format!(
            "{} already at the gateway, but not from this checkpoint: nothing was sent for {}.\n\
             If this is the same payment and its checkpoint was lost, adopt what is there:",
            counted(conflict, "id exists", "ids exist"),
            if conflict == 1 { "it" } else { "them" }
        );
        let text = format!("{}\n  {}", self.fold(&what), self.commands.adopt);
        let another = "If it is another payment under an old name, give it a name of its own:";
        let own = "If it is another payment, give its rows ids that were never used before.";
        match self.commands.rename {
            None => format!("{text}\n{}", self.fold(own)),
            Some(_) if !self.nothing_of_ours() => text,
            Some(rename) => format!("{text}\n{}\n  {rename}", self.fold(another)),
        }
    }

    fn invalid_advice(&self, invalid: u64) -> String {
        let listed = self
            .problems
            .map_or(String::new(), |file| format!(" (listed in {file})"));
        format!(
            "{} skipped: mend what is wrong{listed} in the sheet first.",
            counted(invalid, "row was", "rows were")
        )
    }

    /// Nothing was created under this name, as far as anybody can know.
    fn nothing_of_ours(&self) -> bool {
        let mut sent = [State::Created, State::Unknown, State::Cancelled].into_iter();
        self.earlier.is_none() && sent.all(|state| self.rows(state) == 0)
    }
}

#[cfg(test)]
mod tests;
