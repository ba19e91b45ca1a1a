//! `paysheet report`, as typed.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{FileArgs, PlaceArgs};

/// `paysheet report`
#[derive(Args, Clone, Debug)]
pub struct ReportArgs {
    /// The sheet that was sent; the file itself need not be there any more
    pub sheet: PathBuf,
    /// A page for people, or the numbers for a spreadsheet or a script
    #[arg(
        long,
        value_name = "html|csv|json",
        default_value = "html",
        help_heading = "Output"
    )]
    pub format: ReportFormat,
    /// File to write [default: BATCH[.ENV].report.html beside the results; csv and json go to stdout]
    #[arg(long, value_name = "PATH", help_heading = "Output")]
    pub output: Option<PathBuf>,
    /// Where options come from.
    #[command(flatten)]
    pub place: PlaceArgs,
    /// Files of the batch.
    #[command(flatten)]
    pub files: FileArgs,
    /// Print one JSON object as the last line
    #[arg(long, help_heading = "Output")]
    pub json: bool,
}

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// One self-contained page.
    Html,
    /// A table of numbers.
    Csv,
    /// One object of numbers.
    Json,
}

pub(super) const HELP: &str = "\
Everything is told from the checkpoint alone, also while a run is under way.
Phones and e-mail addresses are masked, and the links themselves are left out,
so that the page can be handed on.

Examples:
  paysheet report june.csv --env production
  paysheet report june.csv --env production --format csv --output june.numbers.csv

Exit codes:
  0 written, and the totals close
  1 there is nothing to tell of, a file could not be read or written, or the totals do not close
  2 wrong usage";
