//! The settings of each command, as plain values. PURE.
//!
//! Deliberately absent: where they come from and which combinations are refused (the parent).

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use crate::domain::{BatchName, Money};

use super::super::after::After;
use super::super::args::{EmbeddedArgs, NameArgs, ReportFormat, SandboxArgs, Typed};
use super::super::credentials::Credentials;
use super::super::values::{Environment, LogFormat, Notify, Rate};
use super::files::Files;
use super::keeping::{Doctor, Export, Purge};
use crate::gateway::address::BaseUrl;
use crate::sheet::Layout;

/// What is to be done.
#[derive(Clone, Debug)]
pub enum Run {
    /// `paysheet validate`
    Validate(Validate),
    /// `paysheet send`
    Send(Box<Send>),
    /// `paysheet status`
    Status(Box<Status>),
    /// `paysheet retry`
    Retry(Box<Retry>),
    /// `paysheet cancel`
    Cancel(Box<Cancel>),
    /// `paysheet results`
    Results(Results),
    /// `paysheet report`
    Report(Report),
    /// `paysheet sandbox`
    Sandbox(Sandbox),
    /// `paysheet template`, and where it goes
    Template(Option<PathBuf>, Voice),
    /// `paysheet purge`
    Purge(Purge),
    /// `paysheet doctor`
    Doctor(Box<Doctor>),
    /// `paysheet export`
    Export(Export),
    /// `paysheet completions`
    Completions(clap_complete::Shell, Voice),
    /// `paysheet webhooks`
    Webhooks(Box<Webhooks>),
}

/// How much is said, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Voice {
    /// How log lines look.
    pub log_format: LogFormat,
    /// Say more.
    pub verbose: bool,
    /// Say nothing but errors.
    pub quiet: bool,
    /// One JSON object as the last line on stdout.
    pub json: bool,
}

/// What the sheet must add up to, and how its blanks are filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Controls {
    /// Rows expected.
    pub expect_count: Option<u64>,
    /// Sum expected.
    pub expect_total: Option<Money>,
    /// Most for one row.
    pub max_amount: Option<Money>,
    /// Days that a link lives where its row names no date.
    pub expires_in: u32,
    /// The sheet of a workbook that is meant.
    pub sheet_name: Option<String>,
    /// Whether warnings stop the run.
    pub strict: bool,
    /// How a text file is laid out.
    pub layout: Layout,
    /// Rows alike in name, phone and amount are meant.
    pub allow_duplicates: bool,
}

/// Settings of `validate`.
#[derive(Clone, Debug)]
pub struct Validate {
    /// The sheet.
    pub sheet: PathBuf,
    /// Its batch.
    pub batch: BatchName,
    /// Where the problems go.
    pub problems: PathBuf,
    /// The editions of the sheet that are wanted.
    pub editions: crate::sheet::Wanted,
    /// Control totals.
    pub controls: Controls,
    /// How it is said.
    pub voice: Voice,
}

/// Settings of `send`.
#[derive(Clone, Debug)]
pub struct Send {
    /// The sheet.
    pub sheet: PathBuf,
    /// Its batch.
    pub batch: BatchName,
    /// The batch's files.
    pub files: Files,
    /// The gateway.
    pub gateway: Gateway,
    /// Control totals.
    pub controls: Controls,
    /// Leave rows with problems out.
    pub skip_invalid: bool,
    /// Whether recipients are messaged where their row does not say.
    pub notify: Notify,
    /// Do all but send.
    pub dry_run: bool,
    /// What is found at the gateway is this batch's own.
    pub adopt: bool,
    /// The rows that are there stand in the order in which they were sent.
    pub rows_in_order: bool,
    /// A batch that was cancelled is gone on with.
    pub reopen: bool,
    /// People who were paid the same these days are to be paid again.
    pub new_payment: bool,
    /// The user's list of recent checkpoints.
    pub recent: Option<PathBuf>,
    /// The question is answered.
    pub yes: bool,
    /// What is to be done afterwards.
    pub after: After,
    /// How it is said.
    pub voice: Voice,
}

/// Settings of `retry`.
#[derive(Clone, Debug)]
pub struct Retry {
    /// What it shares with `send`.
    pub send: Send,
    /// New links for dead ones.
    pub expired: bool,
    /// New links for cancelled rows.
    pub cancelled: bool,
    /// Which rows.
    pub named: NameArgs,
}

/// Settings of `cancel`.
#[derive(Clone, Debug)]
pub struct Cancel {
    /// The sheet; the file need not be there.
    pub sheet: PathBuf,
    /// Its batch.
    pub batch: BatchName,
    /// The batch's files.
    pub files: Files,
    /// The gateway.
    pub gateway: Gateway,
    /// Which rows.
    pub named: NameArgs,
    /// The question is answered.
    pub yes: bool,
    /// What is to be done afterwards.
    pub after: After,
    /// How it is said.
    pub voice: Voice,
}

/// Settings of `status`.
#[derive(Clone, Debug)]
pub struct Status {
    /// The sheet; the file need not be there.
    pub sheet: PathBuf,
    /// Its batch.
    pub batch: BatchName,
    /// The batch's files.
    pub files: Files,
    /// The gateway.
    pub gateway: Gateway,
    /// Ask again at this interval.
    pub watch: Option<Duration>,
    /// What is to be done afterwards.
    pub after: After,
    /// How it is said.
    pub voice: Voice,
}

/// Settings of `results`.
#[derive(Clone, Debug)]
pub struct Results {
    /// The sheet; the file need not be there.
    pub sheet: PathBuf,
    /// Its batch.
    pub batch: BatchName,
    /// The batch's files.
    pub files: Files,
    /// The workbook that is wanted in place of the CSV.
    pub xlsx: Option<PathBuf>,
    /// Whose checkpoint.
    pub environment: Environment,
    /// How it is said.
    pub voice: Voice,
}

/// Settings of `report`.
#[derive(Clone, Debug)]
pub struct Report {
    /// The sheet; the file need not be there.
    pub sheet: PathBuf,
    /// Its batch.
    pub batch: BatchName,
    /// The batch's files.
    pub files: Files,
    /// Whose checkpoint.
    pub environment: Environment,
    /// What is written.
    pub format: ReportFormat,
    /// Where to; `None` is stdout.
    pub output: Option<PathBuf>,
    /// How it is said.
    pub voice: Voice,
}

/// Settings of `sandbox`.
#[derive(Clone, Debug)]
pub struct Sandbox {
    /// What was typed; the simulator reads its own options.
    pub options: SandboxArgs,
    /// Credentials to accept; none: fixed ones, which it prints.
    pub credentials: Option<Credentials>,
    /// How it is said.
    pub voice: Voice,
}

/// Settings of `webhooks`.
#[derive(Clone, Debug)]
pub struct Webhooks {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The folder of checkpoints.
    pub checkpoints: PathBuf,
    /// The file of received events.
    pub inbox: PathBuf,
    /// How fast to ask the gateway.
    pub gateway: Gateway,
    /// The gateway.
    pub remote: Box<Remote>,
    /// The secret before the present one, while keys are being changed.
    pub previous_secret: Option<SecretString>,
    /// How it is said.
    pub voice: Voice,
}

impl Webhooks {
    /// The secrets that may have signed an event.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretString> {
        std::iter::once(self.remote.credentials.secret()).chain(&self.previous_secret)
    }
}

/// The gateway, and how to treat it.
#[derive(Clone, Debug)]
pub struct Gateway {
    /// Where money would go.
    pub environment: Environment,
    /// Who answers.
    pub door: Door,
    /// How fast requests may leave.
    pub rate: Rate,
    /// Requests in flight at once.
    pub concurrency: u32,
    /// Tries per payout and run.
    pub max_attempts: u32,
    /// For one reply.
    pub timeout: Duration,
    /// How long a create in doubt must stay missing before it is sent again.
    pub settle: Duration,
    /// With the gateway out of reach.
    pub give_up_after: Duration,
}

/// Who answers.
#[derive(Clone, Debug)]
pub enum Door {
    /// The simulator inside this process.
    Embedded(EmbeddedArgs),
    /// A gateway over HTTP.
    Remote(Box<Remote>),
}

/// A gateway over HTTP.
#[derive(Clone, Debug)]
pub struct Remote {
    /// Its address.
    pub base_url: BaseUrl,
    /// What authorizes us.
    pub credentials: Credentials,
    /// Cashfree's public key, where the account asks for `X-Cf-Signature`.
    pub public_key: Option<PathBuf>,
    /// Reach it through this proxy.
    pub proxy: Option<String>,
    /// Trust these certificates as well.
    pub ca_file: Option<PathBuf>,
}

impl Voice {
    /// As typed, before any file was read.
    pub(in crate::cli) fn of(typed: &Typed) -> Voice {
        Voice {
            log_format: typed.logs.log_format.unwrap_or_default(),
            verbose: typed.logs.verbose,
            quiet: typed.logs.quiet,
            json: typed.command.json(),
        }
    }
}

impl Run {
    /// The files of the batch that it is about.
    pub(in crate::cli) fn files(&self) -> Option<&Files> {
        match self {
            Run::Send(run) => Some(&run.files),
            Run::Status(run) => Some(&run.files),
            Run::Retry(run) => Some(&run.send.files),
            Run::Cancel(run) => Some(&run.files),
            Run::Results(run) => Some(&run.files),
            Run::Report(run) => Some(&run.files),
            Run::Export(run) => Some(&run.files),
            Run::Purge(run) => Some(&run.files),
            Run::Validate(_)
            | Run::Sandbox(_)
            | Run::Webhooks(_)
            | Run::Template(..)
            | Run::Completions(..)
            | Run::Doctor(_) => None,
        }
    }

    /// What is to be done afterwards.
    pub(in crate::cli) fn after(&self) -> Option<&After> {
        match self {
            Run::Send(run) => Some(&run.after),
            Run::Status(run) => Some(&run.after),
            Run::Retry(run) => Some(&run.send.after),
            Run::Cancel(run) => Some(&run.after),
            Run::Validate(_)
            | Run::Results(_)
            | Run::Report(_)
            | Run::Sandbox(_)
            | Run::Webhooks(_)
            | Run::Template(..)
            | Run::Completions(..)
            | Run::Export(_)
            | Run::Purge(_)
            | Run::Doctor(_) => None,
        }
    }

    /// How it is said.
    pub fn voice(&self) -> Voice {
        match self {
            Run::Validate(run) => run.voice,
            Run::Send(run) => run.voice,
            Run::Status(run) => run.voice,
            Run::Retry(run) => run.send.voice,
            Run::Cancel(run) => run.voice,
            Run::Results(run) => run.voice,
            Run::Report(run) => run.voice,
            Run::Sandbox(run) => run.voice,
            Run::Template(_, voice) | Run::Completions(_, voice) => *voice,
            Run::Export(run) => run.voice,
            Run::Purge(run) => run.voice,
            Run::Doctor(run) => run.voice,
            Run::Webhooks(run) => run.voice,
        }
    }
}
