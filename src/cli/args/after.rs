//! What a scheduler wants done once a run has ended, as typed.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::super::values;

/// Whom to tell, and where to leave the numbers.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "Afterwards")]
pub struct AfterArgs {
    /// Write the run's numbers to this Prometheus text file, one file a batch; `status --watch` after each sweep
    #[arg(long, value_name = "FILE")]
    pub metrics: Option<PathBuf>,
    /// Run this program when the run has ended, however it did: the --json object on its stdin, with an `event` of
    /// finished, needs_person, stopped or interrupted. `status --watch` runs it too after a sweep that finds more rows in
    /// need of a person. Words are split at blanks, quotes keep them together; no shell
    #[arg(long, value_name = "COMMAND")]
    pub notify_command: Option<String>,
    /// How long that program may take before it is killed [default: 30]
    #[arg(long, value_name = "SECONDS", value_parser = values::timeout)]
    pub notify_timeout: Option<Duration>,
}
