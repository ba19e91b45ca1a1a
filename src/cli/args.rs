//! What was typed, or set as an environment variable. What was meant is `settings`.
//!
//! Every option that may also stand in `paysheet.toml` is an `Option` here and has no default: defaults are applied
//! last, in `settings`. Deliberately absent: any option that takes a secret, which every user of the machine could
//! read in the list of processes.

mod after;
mod completions;
mod doctor;
mod editions;
mod export;
mod help;
mod layout;
mod mend;
mod purge;
mod report;
mod sandbox;
mod scheduled;
mod template;
mod webhooks;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::domain::Money;

pub use after::AfterArgs;
pub use completions::CompletionsArgs;
pub use doctor::DoctorArgs;
pub use editions::EditionArgs;
pub use export::ExportArgs;
pub use layout::LayoutArgs;
pub use mend::{CancelArgs, NameArgs, RetryArgs};
pub use purge::PurgeArgs;
pub use report::{ReportArgs, ReportFormat};
pub use sandbox::SandboxArgs;
pub(in crate::cli) use scheduled::Scheduled;
pub use template::TemplateArgs;
pub use webhooks::{EventArgs, WebhooksArgs};

use help::{HELP_RESULTS, HELP_SEND, HELP_STATUS, HELP_TOP, HELP_VALIDATE};

use super::values::{self, Environment, LogFormat, Notify, Rate};

/// Pays a sheet: one Cashgram payout link per row, never twice, never lost.
#[derive(Clone, Debug, Parser)]
#[command(name = "paysheet", version, max_term_width = 100, after_help = HELP_TOP)]
#[command(disable_help_subcommand = true)]
pub struct Typed {
    /// Options of every command.
    #[command(flatten)]
    pub logs: LogArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Check every row; say what is wrong and how to mend it; send nothing.
    #[command(after_help = HELP_VALIDATE)]
    Validate(ValidateArgs),
    /// Check the sheet, show the totals, ask, create the links; run again to resume.
    #[command(after_help = HELP_SEND)]
    Send(Box<SendArgs>),
    /// Ask the gateway where each link stands and refresh the results.
    #[command(after_help = HELP_STATUS)]
    Status(Box<StatusArgs>),
    /// Run rejected rows again; --expired or --cancelled: new links for dead ones.
    #[command(after_help = mend::HELP_RETRY)]
    Retry(Box<RetryArgs>),
    /// Stop the batch, or the rows named: deactivate what nobody has redeemed, send nothing more.
    #[command(after_help = mend::HELP_CANCEL)]
    Cancel(Box<CancelArgs>),
    /// Write the results again from the checkpoint.
    #[command(after_help = HELP_RESULTS)]
    Results(ResultsArgs),
    /// Write one page that tells what became of the batch, with plots.
    #[command(after_help = report::HELP)]
    Report(ReportArgs),
    /// Print everything that is recorded, as JSON Lines.
    #[command(after_help = export::HELP)]
    Export(ExportArgs),
    /// Remove personal data of a finished batch; keep totals and ids.
    #[command(after_help = purge::HELP)]
    Purge(PurgeArgs),
    /// Check credentials, network, clock and balance; with a sheet also its checkpoint.
    #[command(after_help = doctor::HELP)]
    Doctor(Box<DoctorArgs>),
    /// Receive the gateway's events and keep the checkpoints of a folder fresh.
    #[command(after_help = webhooks::HELP_WEBHOOKS)]
    Webhooks(Box<WebhooksArgs>),
    /// Serve a simulated gateway for rehearsals and tests: no account, no money.
    #[command(after_help = sandbox::help())]
    Sandbox(SandboxArgs),
    /// Print or write an empty sheet with the right header and one example row.
    #[command(after_help = template::HELP)]
    Template(TemplateArgs),
    /// Print what your shell needs to complete commands and options.
    #[command(after_help = completions::HELP)]
    Completions(CompletionsArgs),
}

impl Command {
    /// The command's name as typed.
    pub fn name(&self) -> &'static str {
        match self {
            Command::Validate(_) => "validate",
            Command::Send(_) => "send",
            Command::Status(_) => "status",
            Command::Retry(_) => "retry",
            Command::Cancel(_) => "cancel",
            Command::Results(_) => "results",
            Command::Report(_) => "report",
            Command::Sandbox(_) => "sandbox",
            Command::Template(_) => "template",
            Command::Completions(_) => "completions",
            Command::Export(_) => "export",
            Command::Purge(_) => "purge",
            Command::Doctor(_) => "doctor",
            Command::Webhooks(_) => "webhooks",
        }
    }

    /// Whether the last line on stdout is to be a JSON object.
    pub fn json(&self) -> bool {
        match self {
            Command::Validate(args) => args.json,
            Command::Send(args) => args.json,
            Command::Status(args) => args.json,
            Command::Retry(args) => args.json,
            Command::Cancel(args) => args.json,
            Command::Results(args) => args.json,
            Command::Purge(args) => args.json,
            Command::Doctor(args) => args.json,
            Command::Report(args) => args.json,
            Command::Template(_)
            | Command::Sandbox(_)
            | Command::Completions(_)
            | Command::Export(_)
            | Command::Webhooks(_) => false,
        }
    }
}

/// How much is said, and how.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Logs")]
pub struct LogArgs {
    /// How log lines on stderr look [default: text]
    #[arg(long, global = true, value_name = "text|json")]
    pub log_format: Option<LogFormat>,
    /// Say more
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
    /// Say nothing but errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

/// Where options come from besides the command line.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Environment")]
pub struct PlaceArgs {
    /// Where money would go [default: sandbox, which pays nobody]
    #[arg(
        long,
        value_name = "sandbox|test|production",
        env = "PAYSHEET_ENV",
        hide_env_values = true
    )]
    pub env: Option<Environment>,
    /// File of options [default: paysheet.toml in the working folder, if there]
    #[arg(
        long,
        value_name = "FILE",
        env = "PAYSHEET_CONFIG",
        hide_env_values = true
    )]
    pub config: Option<PathBuf>,
}

/// What the sheet must add up to.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "Sheet")]
pub struct ControlArgs {
    /// Stop unless the sheet has N rows
    #[arg(long, value_name = "N", value_parser = values::count)]
    pub expect_count: Option<u64>,
    /// Stop unless the sheet adds up to AMOUNT
    #[arg(long, value_name = "AMOUNT", value_parser = values::total)]
    pub expect_total: Option<Money>,
    /// A row above AMOUNT is a problem
    #[arg(long, value_name = "AMOUNT", value_parser = values::amount)]
    pub max_amount: Option<Money>,
    /// Days that a link lives where the row names no date, 1 to 30 [default: 15]
    #[arg(long, value_name = "DAYS", value_parser = values::expires_in)]
    pub expires_in: Option<u32>,
    /// The sheet of a workbook [default: its first visible one]
    #[arg(long, value_name = "NAME")]
    pub sheet_name: Option<String>,
    /// How a text file is laid out.
    #[command(flatten)]
    pub layout: LayoutArgs,
}

/// Which files belong to the sheet.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Files")]
pub struct FileArgs {
    /// Name of the batch; it names the files and is part of every id [default: the sheet's name without .csv]
    #[arg(long, value_name = "NAME")]
    pub batch: Option<String>,
    /// Checkpoint file [default: BATCH[.ENV].checkpoint.db beside the sheet]
    #[arg(long, value_name = "PATH")]
    pub checkpoint: Option<PathBuf>,
    /// Results file [default: BATCH[.ENV].results.csv beside the sheet]
    #[arg(long, value_name = "PATH")]
    pub results: Option<PathBuf>,
}

/// How to talk to the gateway.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "Gateway")]
pub struct GatewayArgs {
    /// The gateway's address [default: the environment's own]; http:// for this machine only
    #[arg(
        long,
        value_name = "URL",
        env = "PAYSHEET_BASE_URL",
        hide_env_values = true
    )]
    pub base_url: Option<String>,
    /// File with client_id and client_secret, readable by you alone [default: CASHFREE_CLIENT_ID and
    /// CASHFREE_CLIENT_SECRET]
    #[arg(long, value_name = "FILE")]
    pub credentials: Option<PathBuf>,
    /// Cashfree's public key for the signed login, where your account asks for it
    #[arg(
        long,
        value_name = "FILE",
        env = "CASHFREE_PUBLIC_KEY",
        hide_env_values = true
    )]
    pub public_key: Option<PathBuf>,
    /// Reach the gateway through this proxy
    #[arg(long, value_name = "URL")]
    pub proxy: Option<String>,
    /// Trust the certificates in this PEM file as well
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// Requests a second (50, 50/s) or a minute (3000/m); 0 = no limit, this machine only [default: 50/s]
    #[arg(
        long,
        value_name = "N[/s|/m]",
        env = "PAYSHEET_RATE",
        hide_env_values = true
    )]
    pub rate: Option<Rate>,
    /// Requests in flight at once [default: 64]
    #[arg(long, value_name = "N", value_parser = values::concurrency)]
    pub concurrency: Option<u32>,
    /// Tries for each payout in this run [default: 6]
    #[arg(long, value_name = "N", value_parser = values::attempts)]
    pub max_attempts: Option<u32>,
    /// How long to wait for one reply [default: 30]
    #[arg(long, value_name = "SECONDS", value_parser = values::timeout)]
    pub timeout: Option<Duration>,
    /// How long a payout in doubt must stay missing before it is sent again under the same id [default: 60]
    #[arg(long, value_name = "SECONDS", value_parser = values::duration)]
    pub settle: Option<Duration>,
    /// How long to go on while the gateway is out of reach [default: 15m]
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    pub give_up_after: Option<Duration>,
}

/// The simulator that `--env sandbox` starts inside the command.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "Built-in sandbox")]
pub struct EmbeddedArgs {
    /// How long the simulated gateway takes to answer, such as 200ms±100ms [default: 0]
    #[arg(long, value_name = "DURATION")]
    pub sandbox_latency: Option<String>,
    /// What goes wrong there, and how often, such as lost-after=2%; `paysheet sandbox --help` lists the faults
    #[arg(long = "sandbox-fault", alias = "sandbox-faults", value_name = "LIST")]
    pub sandbox_faults: Option<String>,
    /// Requests a second that it takes before it answers 429 [default: no limit]
    #[arg(long, value_name = "N")]
    pub sandbox_rate_limit: Option<String>,
    /// Money on the simulated account from now on [default: ample, or what its books hold]
    #[arg(long, value_name = "AMOUNT")]
    pub sandbox_balance: Option<String>,
    /// Same seed, same events
    #[arg(long, value_name = "N")]
    pub sandbox_seed: Option<u64>,
    /// What recipients do with their links, such as redeem=60%; `paysheet sandbox --help` lists what there is [default:
    /// some redeem within seconds]
    #[arg(long, value_name = "LIST")]
    pub sandbox_links: Option<String>,
}

/// `paysheet validate`
#[derive(Args, Clone, Debug)]
pub struct ValidateArgs {
    /// CSV or .xlsx file with one recipient a row
    pub sheet: PathBuf,
    /// Name of the batch; it names the list of problems [default: the sheet's name without .csv]
    #[arg(long, value_name = "NAME", help_heading = "Files")]
    pub batch: Option<String>,
    /// Where options come from.
    #[command(flatten)]
    pub place: PlaceArgs,
    /// Control totals.
    #[command(flatten)]
    pub controls: ControlArgs,
    /// Rows alike in name, phone and amount are meant to be paid each
    #[arg(long, help_heading = "Sheet")]
    pub allow_duplicates: bool,
    /// The sheet given back.
    #[command(flatten)]
    pub editions: EditionArgs,
    /// Print one JSON object as the last line
    #[arg(long, help_heading = "Output")]
    pub json: bool,
}

/// `paysheet send`
#[derive(Args, Clone, Debug)]
pub struct SendArgs {
    /// CSV or .xlsx file with one recipient a row
    pub sheet: PathBuf,
    /// Where options come from.
    #[command(flatten)]
    pub place: PlaceArgs,
    /// Control totals.
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
    /// Do all but send: check, ask the gateway for the balance, show the totals
    #[arg(long, help_heading = "Sending")]
    pub dry_run: bool,
    /// The payouts found at the gateway are this batch's own: its checkpoint was lost
    #[arg(long, help_heading = "Sending", conflicts_with = "dry_run")]
    pub adopt: bool,
    /// With --adopt: the rows that are there stand in the order in which they were sent; others have left, are new, or were
    /// not sent yet
    #[arg(long, help_heading = "Sending", requires = "adopt")]
    pub rows_in_order: bool,
    /// Go on with a batch that was cancelled; what was cancelled stays so
    #[arg(long, help_heading = "Sending")]
    pub reopen: bool,
    /// Pay people again who were paid the same amounts within the last 5 days from another sheet, or under an id of the
    /// sheet's own that exists at the gateway and has left the sheet
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
    /// What is wanted afterwards.
    #[command(flatten)]
    pub after: AfterArgs,
    /// Print one JSON object as the last line
    #[arg(long, help_heading = "Output")]
    pub json: bool,
}

/// `paysheet status`
#[derive(Args, Clone, Debug)]
pub struct StatusArgs {
    /// The sheet that was sent; the file itself need not be there any more
    pub sheet: PathBuf,
    /// Ask again at this interval until no link is waiting any more
    #[arg(long, value_name = "INTERVAL", value_parser = values::interval)]
    pub watch: Option<Duration>,
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
    /// What is wanted afterwards.
    #[command(flatten)]
    pub after: AfterArgs,
    /// Print one JSON object as the last line
    #[arg(long, help_heading = "Output")]
    pub json: bool,
}

/// `paysheet results`
#[derive(Args, Clone, Debug)]
pub struct ResultsArgs {
    /// The sheet that was sent; the file itself need not be there any more
    pub sheet: PathBuf,
    /// Where options come from.
    #[command(flatten)]
    pub place: PlaceArgs,
    /// Files of the batch.
    #[command(flatten)]
    pub files: FileArgs,
    /// Write a workbook, rows and totals, in place of the CSV [default: BATCH[.ENV].results.xlsx beside the results]
    #[arg(long, value_name = "FILE", num_args = 0..=1, help_heading = "Output")]
    pub xlsx: Option<Option<PathBuf>>,
    /// Print one JSON object as the last line
    #[arg(long, help_heading = "Output")]
    pub json: bool,
}

#[cfg(test)]
mod tests;
