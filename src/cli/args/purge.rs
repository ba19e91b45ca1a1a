//! `paysheet purge`, as it is typed.

use std::path::PathBuf;

use clap::Args;

use super::{FileArgs, PlaceArgs};

/// `paysheet purge`
#[derive(Args, Clone, Debug)]
pub struct PurgeArgs {
    /// The sheet that was sent; the file itself need not be there any more
    pub sheet: PathBuf,
    /// Remove the data although rows are open: nobody can be paid from this batch afterwards
    #[arg(long, help_heading = "Purge")]
    pub unfinished: bool,
    /// Remove the data although payments were made within the last 5 days: nothing will notice then that the same people
    /// are paid once more from another sheet
    #[arg(long, help_heading = "Purge")]
    pub forget_recent: bool,
    /// Answer the question
    #[arg(long, help_heading = "Purge")]
    pub yes: bool,
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

/// Examples and exit codes.
pub(super) const HELP: &str = "\
Removes names, phones, addresses and links from the checkpoint and the results,
and deletes the batch's list of problems, workbook and report. Totals, ids and
references stay. The sheet itself and exports are not touched; files of the
batch that are left are listed.

Examples:
  paysheet purge june.csv --env production
  paysheet purge june.csv --env production --yes --json

Exit codes:
  0 removed   1 stopped, run again   2 wrong usage   3 rows are open or were just paid,
  nothing was removed  130 interrupted at the question";
