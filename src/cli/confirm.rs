//! The questions before money moves.
//!
//! Whether to ask, and what an answer means, is decided by pure functions; only [`Terminal`] talks to a person.
//! Deliberately absent: the banner that is shown before the question (`report`).

use std::io::{self, ErrorKind, IsTerminal as _};

use console::{Key, Term};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::domain::Money;
use crate::report::columns;
use crate::report::words::wrapped;

use super::exit::{Ending, Exit};
use super::values::Environment;

/// How often the total may be mistyped. More is not a slip any more.
const TRIES_MAX: u32 = 3;

/// What is to be agreed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Matter {
    /// Sending so much. In production the total is typed.
    Send {
        /// The sum of what is left to send.
        total: Money,
    },
    /// The balance is too low or could not be read: asked in production only.
    LowBalance {
        /// What is the matter, as a sentence without its question.
        why: String,
    },
    /// Taking what was found at the gateway as this batch's own.
    Adopt {
        /// What was found, as a sentence without its question.
        what: String,
    },
    /// Stopping payouts. No money leaves by it, so where nobody can be asked nobody is.
    Cancel {
        /// What would be stopped, as a sentence without its question.
        what: String,
    },
}

/// What is known when the question comes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Situation {
    /// Where money would go.
    pub environment: Environment,
    /// `--yes`: the answer is given.
    pub yes: bool,
    /// A person can be asked.
    pub terminal: bool,
}

/// What to do about a matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Nobody needs to be asked.
    GoOn,
    /// Ask for yes or no.
    AskYesNo,
    /// Have the total typed.
    AskTotal,
    /// Nobody can be asked.
    Refuse,
}

/// Whether and how to ask.
pub(super) fn decide(matter: &Matter, situation: Situation) -> Decision {
    let question = match (situation.environment, matter) {
        (Environment::Sandbox, _) => Decision::GoOn,
        (Environment::Test, Matter::LowBalance { .. }) => Decision::GoOn,
        (Environment::Production, Matter::Send { .. }) => Decision::AskTotal,
        (_, Matter::Cancel { .. }) if !situation.terminal => Decision::GoOn,
        (Environment::Test, Matter::Send { .. } | Matter::Adopt { .. } | Matter::Cancel { .. })
        | (
            Environment::Production,
            Matter::LowBalance { .. } | Matter::Adopt { .. } | Matter::Cancel { .. },
        ) => Decision::AskYesNo,
    };
    match (question, situation.yes, situation.terminal) {
        (Decision::GoOn, _, _) | (_, true, _) => Decision::GoOn,
        (_, false, false) => Decision::Refuse,
        (question, false, true) => question,
    }
}

/// Whoever answers.
pub(super) trait Asker {
    /// A line of text; an empty one from a person who left the question.
    ///
    /// # Errors
    ///
    /// The terminal is gone, or the person pressed Ctrl-C ([`ErrorKind::Interrupted`]).
    fn line(&mut self, question: &str) -> io::Result<String>;
}

/// What Ctrl-D is read as; the second, where it was pressed before the question stood there.
const LEAVES: [char; 2] = ['\u{4}', '\0'];

/// Room for an answer, on the line where the question ends.
const ANSWER: &str = "\u{a0}\u{a0}\u{a0}\u{a0}\u{a0}\u{a0}";

/// The person at the terminal.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Terminal;

impl Terminal {
    /// Whether a person can be asked: the question goes to stderr, the answer comes from stdin.
    pub(super) fn is_there() -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }
}

impl Asker for Terminal {
    fn line(&mut self, question: &str) -> io::Result<String> {
        let term = Term::stderr();
        let _keys = Keys::held();
        let folded = wrapped(
            &format!("{question}{ANSWER}"),
            "    ",
            columns(io::stderr()),
        );
        term.write_str(&format!("{} ", folded.trim_end_matches(ANSWER)))?;
        let line = typed(&term);
        // What is said next begins on a line of its own. Nobody is listening: that is their affair.
        drop(term.write_line(""));
        line
    }
}

/// Keys come one by one for as long as a question stands, and Ctrl-C as one of them: as a signal between two keys it would
/// end nothing, and the question would wait for ever.
struct Keys(Option<Termios>);

impl Keys {
    fn held() -> Keys {
        let before = tcgetattr(io::stdin()).ok();
        if let Some(before) = &before {
            let mut modes = before.clone();
            modes
                .local_modes
                .remove(LocalModes::ISIG | LocalModes::ICANON | LocalModes::ECHO);
            // Where that cannot be had, keys are read as they come.
            let _ = tcsetattr(io::stdin(), OptionalActions::Drain, &modes);
        }
        Keys(before)
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            let _ = tcsetattr(io::stdin(), OptionalActions::Drain, before);
        }
    }
}

/// What is typed before Enter.
fn typed(term: &Term) -> io::Result<String> {
    let mut line = String::new();
    loop {
        let key = term.read_key()?;
        if let Key::Char(key) = key {
            if LEAVES.contains(&key) {
                return Ok(String::new());
            }
            if !key.is_control() {
                line.push(key);
                term.write_str(key.encode_utf8(&mut [0; 4]))?;
            }
        } else if key == Key::Enter {
            return Ok(line);
        } else if key == Key::Backspace && line.pop().is_some() {
            term.clear_chars(1)?;
        }
    }
}

/// Settles a matter: returns if the run may go on.
///
/// # Errors
///
/// [`Exit::Usage`] if nobody can be asked, [`Exit::Stopped`] if the answer is no, [`Exit::Interrupted`] for Ctrl-C.
pub(super) fn settle(
    matter: &Matter,
    situation: Situation,
    asker: &mut dyn Asker,
) -> Result<(), Ending> {
    let agreed = match decide(matter, situation) {
        Decision::GoOn => return Ok(()),
        Decision::Refuse => return Err(refusal(situation.environment)),
        Decision::AskYesNo => yes_no(&question(matter, situation.environment), asker),
        Decision::AskTotal => typed_total(matter, situation.environment, asker),
    };
    match agreed {
        Ok(true) => Ok(()),
        Ok(false) => Err(Ending::stopped(
            "not confirmed, nothing was sent",
            "run the same command again when it is right",
        )),
        Err(error) if error.kind() == ErrorKind::Interrupted => Err(Ending::new(
            Exit::Interrupted,
            "interrupted at the question, nothing was sent",
            "run the same command again",
        )),
        Err(error) => Err(Ending::stopped(
            format!("the question could not be asked: {error}"),
            "run the same command again",
        )),
    }
}

fn refusal(environment: Environment) -> Ending {
    let remedy = match environment {
        Environment::Production => {
            "give --yes together with --expect-total AMOUNT, or run it in a terminal"
        }
        Environment::Test | Environment::Sandbox => "give --yes, or run it in a terminal",
    };
    Ending::usage(
        "there is a question to answer and no terminal to ask it in",
        remedy,
    )
}

fn question(matter: &Matter, environment: Environment) -> String {
    match matter {
        Matter::Send { total } if environment == Environment::Production => {
            format!("Type the total, {}, to send it", total.grouped())
        }
        Matter::Send { total } => format!(
            "Send ₹{} in the environment {environment}?",
            total.grouped()
        ),
        Matter::LowBalance { why } => format!("{why}. Go on all the same?"),
        Matter::Cancel { what } => format!("{what}. Cancel?"),
        Matter::Adopt { what } => format!("{what}. Take them as this batch's own?"),
    }
}

/// A yes or no: only a whole `y` or `yes` is a yes.
///
/// # Errors
///
/// As for [`Asker::line`].
pub(super) fn yes_no(question: &str, asker: &mut dyn Asker) -> io::Result<bool> {
    let line = asker.line(&format!("{question} [y/N]"))?;
    let answer = line.trim().to_ascii_lowercase();
    Ok(["y", "yes"].contains(&answer.as_str()))
}

fn typed_total(
    matter: &Matter,
    environment: Environment,
    asker: &mut dyn Asker,
) -> io::Result<bool> {
    let Matter::Send { total } = matter else {
        return yes_no(&question(matter, environment), asker);
    };
    let wanted = format!("{}:", question(matter, environment));
    let mut prompt = wanted.clone();
    for _ in 0..TRIES_MAX {
        let line = asker.line(&prompt)?;
        prompt = format!("That is not the total. {wanted}");
        match Money::parse_total(&line) {
            Ok(typed) if typed == *total => return Ok(true),
            _ if line.trim().is_empty() => return Ok(false),
            Ok(_) | Err(_) => {}
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests;
