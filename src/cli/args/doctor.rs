//! `paysheet doctor`, as it is typed.

use std::path::PathBuf;

use clap::Args;

use super::{FileArgs, GatewayArgs, PlaceArgs};

/// `paysheet doctor`
#[derive(Args, Clone, Debug)]
pub struct DoctorArgs {
    /// A sheet, to have its checkpoint examined too
    pub sheet: Option<PathBuf>,
    /// Where options come from.
    #[command(flatten)]
    pub place: PlaceArgs,
    /// Files of the batch.
    #[command(flatten)]
    pub files: FileArgs,
    /// The gateway.
    #[command(flatten)]
    pub gateway: GatewayArgs,
    /// Print one JSON object as the last line
    #[arg(long, help_heading = "Output")]
    pub json: bool,
}

/// Examples and exit codes.
pub(super) const HELP: &str = "\
Checks credentials, network, clock and balance; with a sheet also its
checkpoint, record, totals, lock and results. Changes nothing, here or there.

Examples:
  paysheet doctor --env production
  paysheet doctor june.csv --env production --json

Exit codes:
  0 all is well   1 a problem was found   2 wrong usage
  3 the sheet does not add up to what was sent of it";
