//! `paysheet cancel` and `paysheet retry` as typed, and how rows are named.
//!
//! Deliberately absent: whether a row that is named exists, which only the checkpoint knows.

use std::path::PathBuf;

use clap::Args;

use super::{AfterArgs, ControlArgs, EmbeddedArgs, FileArgs, GatewayArgs, PlaceArgs, SendArgs};
use crate::cli::values::{self, Notify};

/// Rows that a command acts on; none: all it can.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "Rows")]
pub struct NameArgs {
    /// Act on row N alone, 1 being the first below the header; may be given more than once
    #[arg(long = "row", value_name = "N", value_parser = values::count)]
    pub rows: Vec<u64>,
    /// Act on the payout with this cashgram_id alone; may be given more than once
    #[arg(long = "id", value_name = "ID")]
    pub ids: Vec<String>,
}

impl NameArgs {
    /// Whether any row is named.
    pub fn any(&self) -> bool {
        !self.rows.is_empty() || !self.ids.is_empty()
    }
}

/// `paysheet cancel`
#[derive(Args, Clone, Debug)]
pub struct CancelArgs {
    /// The sheet that was sent; the file itself need not be there any more
    pub sheet: PathBuf,
    /// Which rows.
    #[command(flatten)]
    pub named: NameArgs,
    /// Answer the question
    #[arg(long, help_heading = "Cancelling")]
    pub yes: bool,
    /// Where options come from.
    #[command(flatten)]
    pub place: PlaceArgs,
    /// Files of the batch.
    #[command(flatten)]
    pub files: FileArgs,
    /// The gateway.
    #[command(flatten)]
    pub gateway: GatewayArgs,
    /// The embedded simulator.
    #[command(flatten)]
    pub embedded: EmbeddedArgs,
    /// What a scheduler wants done afterwards.
    #[command(flatten)]
    pub after: AfterArgs,
    /// Print one JSON object as the last line
    #[arg(long, help_heading = "Output")]
    pub json: bool,
}

/// `paysheet retry`
#[derive(Args, Clone, Debug)]
pub struct RetryArgs {
    /// The sheet as it stands now: a new link is made from its present text
    pub sheet: PathBuf,
    /// New links for dead ones (EXPIRED, FAILED, REVERSED), each looked at twice, at least --settle apart
    #[arg(long, help_heading = "Rows")]
    pub expired: bool,
    /// New links for cancelled rows; they must be named by --row or --id
    #[arg(long, help_heading = "Rows")]
    pub cancelled: bool,
    /// Which rows.
    #[command(flatten)]
    pub named: NameArgs,
    /// Where options come from.
    #[command(flatten)]
    pub place: PlaceArgs,
    /// Control totals, of the whole sheet.
    #[command(flatten)]
    pub controls: ControlArgs,
    /// Leave rows with problems out and pay the others
    #[arg(long, help_heading = "Sheet")]
    pub skip_invalid: bool,
    /// Rows alike in name, phone and amount are meant to be paid each
    #[arg(long, help_heading = "Sheet")]
    pub allow_duplicates: bool,
    /// Whether Cashfree messages the recipients; a row's own column wins [default: yes]
    #[arg(long, value_name = "yes|no", help_heading = "Sending")]
    pub notify: Option<Notify>,
    /// Do all but send
    #[arg(long, help_heading = "Sending")]
    pub dry_run: bool,
    /// Pay people again who were paid the same amounts within the last 5 days from another sheet
    #[arg(long, help_heading = "Sending")]
    pub new_payment: bool,
    /// Answer the question; in production only together with --expect-total
    #[arg(long, help_heading = "Sending")]
    pub yes: bool,
    /// Files of the batch.
    #[command(flatten)]
    pub files: FileArgs,
    /// The gateway.
    #[command(flatten)]
    pub gateway: GatewayArgs,
    /// The embedded simulator.
    #[command(flatten)]
    pub embedded: EmbeddedArgs,
    /// What a scheduler wants done afterwards.
    #[command(flatten)]
    pub after: AfterArgs,
    /// Print one JSON object as the last line
    #[arg(long, help_heading = "Output")]
    pub json: bool,
}

impl RetryArgs {
    /// What a `send` would be told.
    pub(in crate::cli) fn as_send(&self) -> SendArgs {
        let all = self.clone();
        SendArgs {
            sheet: all.sheet,
            place: all.place,
            controls: all.controls,
            skip_invalid: all.skip_invalid,
            allow_duplicates: all.allow_duplicates,
            notify: all.notify,
            dry_run: all.dry_run,
            adopt: false,
            rows_in_order: false,
            reopen: false,
            new_payment: all.new_payment,
            after: all.after,
            yes: all.yes,
            files: all.files,
            gateway: all.gateway,
            embedded: all.embedded,
            json: all.json,
        }
    }
}

pub(super) const HELP_CANCEL: &str = "\
Without --row or --id the whole batch is stopped: what is not sent never will
be, links that nobody has redeemed are deactivated, and `send` refuses until
`send --reopen`. Redeemed links are reported; payouts in doubt are looked up
and stay listed.

Examples:
  paysheet cancel june.csv --env production
  paysheet cancel june.csv --env production --row 12 --row 40

Exit codes:
  0 done   1 stopped, run again   2 wrong usage, such as a row that does not exist
  4 finished, but rows need a person   130 interrupted, run again";

pub(super) const HELP_RETRY: &str = "\
Without --expired or --cancelled rejected rows are sent again as they stand
now, under the same id.

Examples:
  paysheet retry june.csv --env production
  paysheet retry june.csv --env production --expired --row 12 --expires-in 7

Exit codes:
  0 all done   1 stopped, run again   2 wrong usage, such as a row that does not exist   3 the sheet is not payable,
  nothing was sent   4 finished, but rows need a person   130 interrupted, run again";
