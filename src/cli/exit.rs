//! The exit codes, and the error that carries one. Scripts rely on this file.
//!
//! Deliberately absent: printing (`mod`), and what decides between the codes (each command).

use std::fmt;
use std::process::ExitCode;

use crate::checkpoint;

/// How a command ended.
///
/// ```
/// use paysheet::cli::exit::Exit;
/// assert_eq!(Exit::NeedsPerson.code(), 4);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: all done; nothing needs a person.
    Done,
    /// 1: stopped: configuration, file, credentials, account or gateway; nothing is lost, run again.
    Stopped,
    /// 2: wrong usage.
    Usage,
    /// 3: the sheet is not payable as it is (invalid rows, missing columns, wrong totals, a guard); this run sent
    /// nothing.
    Unpayable,
    /// 4: finished, but rows need a person: rejected, conflict, still unknown, invalid and skipped, or (status)
    /// EXPIRED, FAILED, REVERSED.
    NeedsPerson,
    /// 130: interrupted; run again to resume.
    Interrupted,
}

impl Exit {
    /// The number that the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Stopped => 1,
            Exit::Usage => 2,
            Exit::Unpayable => 3,
            Exit::NeedsPerson => 4,
            Exit::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

/// An error that says how the run ends. Any other error ends it with 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// The exit code.
    pub exit: Exit,
    /// What is wrong: lower case, names the thing, says where.
    pub message: String,
    /// What to do about it; blank where the message says it all.
    pub remedy: String,
}

impl Ending {
    /// An ending with its remedy.
    pub fn new(exit: Exit, message: impl Into<String>, remedy: impl Into<String>) -> Ending {
        Ending {
            exit,
            message: message.into(),
            remedy: remedy.into(),
        }
    }

    /// Exit 1.
    pub fn stopped(message: impl Into<String>, remedy: impl Into<String>) -> Ending {
        Ending::new(Exit::Stopped, message, remedy)
    }

    /// Exit 2.
    pub fn usage(message: impl Into<String>, remedy: impl Into<String>) -> Ending {
        Ending::new(Exit::Usage, message, remedy)
    }

    /// Exit 3.
    pub fn unpayable(message: impl Into<String>, remedy: impl Into<String>) -> Ending {
        Ending::new(Exit::Unpayable, message, remedy)
    }

    /// The same that says more, and what more is to be done.
    pub(super) fn adding(mut self, message: &str, remedy: &str) -> Ending {
        self.message = format!("{}; {message}", self.message);
        self.remedy = format!("{}; {remedy}", self.remedy);
        self
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if self.remedy.is_empty() {
            Ok(())
        } else {
            write!(f, ": {}", self.remedy)
        }
    }
}

impl std::error::Error for Ending {}

/// The exit code that an error asks for, wherever in its chain it says so.
pub fn exit_of(error: &anyhow::Error) -> Exit {
    error
        .chain()
        .find_map(|cause| {
            let purged = || match cause.downcast_ref() {
                Some(checkpoint::Error::Purged { .. }) => Some(Exit::Unpayable),
                Some(_) | None => None,
            };
            let ending = cause.downcast_ref::<Ending>().map(|ending| ending.exit);
            ending.or_else(purged)
        })
        .unwrap_or(Exit::Stopped)
}

/// The whole chain of an error as one line.
pub fn sentence(error: &anyhow::Error) -> String {
    format!("{error:#}").replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context as _;

    #[test]
    fn the_documented_codes() {
        let codes = [
            Exit::Done,
            Exit::Stopped,
            Exit::Usage,
            Exit::Unpayable,
            Exit::NeedsPerson,
            Exit::Interrupted,
        ]
        .map(Exit::code);
        assert_eq!(codes, [0, 1, 2, 3, 4, 130]);
    }

    #[test]
    fn an_ending_is_found_below_its_context() {
        let ending = Ending::unpayable("2 rows are not payable", "mend them");
        let error = Err::<(), _>(ending).context("june.csv").unwrap_err();
        assert_eq!(exit_of(&error), Exit::Unpayable);
        assert_eq!(
            sentence(&error),
            "june.csv: 2 rows are not payable: mend them"
        );
        let outer = error.context("outer");
        assert_eq!(exit_of(&outer), Exit::Unpayable);
        assert_eq!(exit_of(&anyhow::anyhow!("disk\nfull")), Exit::Stopped);
        assert_eq!(sentence(&anyhow::anyhow!("disk\nfull")), "disk full");
    }
}
