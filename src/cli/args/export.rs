//! `paysheet export`, as it is typed.

use std::path::PathBuf;

use clap::Args;

use super::{FileArgs, PlaceArgs};

/// `paysheet export`
#[derive(Args, Clone, Debug)]
pub struct ExportArgs {
    /// The sheet that was sent; the file itself need not be there any more
    pub sheet: PathBuf,
    /// The facts alone, without the payouts
    #[arg(long, help_heading = "Output")]
    pub facts: bool,
    /// Write to FILE, readable by you alone [default: stdout]
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,
    /// Where options come from.
    #[command(flatten)]
    pub place: PlaceArgs,
    /// Files of the batch.
    #[command(flatten)]
    pub files: FileArgs,
}

/// Examples and exit codes.
pub(super) const HELP: &str = "\
One JSON object a line: the batch, its payouts, every recorded fact, and an end
record with the counts. Names, phones and links stand there in full. A run that
is under way is not disturbed.

Examples:
  paysheet export june.csv --env production --output june.jsonl
  paysheet export june.csv --env production --facts > june.facts.jsonl

Exit codes:
  0 written   1 a file could not be read or written   2 wrong usage";
