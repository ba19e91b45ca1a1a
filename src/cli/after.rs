//! After the run: the metrics file and the notification command. Neither changes what happened or how it is said.
//!
//! Both are done when everything else is over and written; by a watch after each sweep too, the command only where rows
//! newly need a person. Whatever goes wrong with them is a warning in the log.
//! Deliberately absent: any of this for commands that ask no gateway.

mod command;
mod words;

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;

use crate::clock::Clock;
use crate::engine::Tally;
use crate::report::metrics::{self, Numbers};

use super::args::AfterArgs;
use super::exit::{Ending, Exit};

/// How long a notification command may take.
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(30);
/// Longest metrics file that is read for what it says of earlier runs: a hundred times what one has.
const METRICS_BYTES_MAX: u64 = 1024 * 1024;
/// Counts and sums, nobody's names: for the collector, which runs as another user.
const METRICS_MODE: u32 = 0o644;

/// What is to be done after a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct After {
    /// Where the numbers go.
    pub metrics: Option<PathBuf>,
    /// Program and arguments; empty: nobody is told.
    pub notify: Vec<String>,
    /// How long the program may take.
    pub timeout: Duration,
    /// The environment's word, for the numbers.
    pub environment: &'static str,
    /// The batch, for the numbers.
    pub batch: String,
}

impl After {
    /// What was meant.
    ///
    /// # Errors
    ///
    /// A command whose quotes do not close, or that is blank.
    pub fn of(typed: AfterArgs) -> Result<After, Ending> {
        let text = typed.notify_command.as_deref();
        let notify = text.map(words::split).transpose().map_err(|why| {
            Ending::usage(
                format!("--notify-command: {why}"),
                "name a program and its arguments, such as --notify-command '/usr/local/bin/tell finance'",
            )
        })?;
        Ok(After {
            metrics: typed.metrics,
            notify: notify.unwrap_or_default(),
            timeout: typed.notify_timeout.unwrap_or(TIMEOUT_DEFAULT),
            ..After::default()
        })
    }

    /// Does it.
    pub(super) fn run(&self, run: &Run<'_>) {
        self.measure(run);
        self.tell(run);
    }

    /// Does it between two sweeps of a watch, which goes on; somebody is told only if a person is `needed` now.
    pub(super) fn between(&self, run: &Run<'_>, needed: bool) {
        self.measure(run);
        if needed {
            self.tell(run);
        }
    }

    /// Whether there is anything to do.
    pub(super) fn is_any(&self) -> bool {
        self.metrics.is_some() || !self.notify.is_empty()
    }

    fn measure(&self, run: &Run<'_>) {
        if let Some(path) = &self.metrics
            && let Err(error) = self.write_metrics(path, run)
        {
            tracing::warn!("the metrics were not written: {error:#}");
        }
    }

    fn tell(&self, run: &Run<'_>) {
        if !self.notify.is_empty()
            && let Err(why) = command::tell(&self.notify, &self.line(run), self.timeout)
        {
            tracing::warn!("the notification command {why}; the run is as it was");
        }
    }

    /// The `--json` object, with what kind of event its end is, and whose: of a run that stopped early it does not say.
    fn line(&self, run: &Run<'_>) -> String {
        let event = match run.exit {
            Exit::Done => "finished",
            Exit::NeedsPerson => "needs_person",
            Exit::Stopped | Exit::Usage | Exit::Unpayable => "stopped",
            Exit::Interrupted => "interrupted",
        };
        let told = run.told.lock().unwrap_or_else(PoisonError::into_inner);
        let (object, whose) = match &*told {
            Some(said) => (&*said.line, String::new()),
            None => (run.early, self.whose()),
        };
        let rest = object.strip_prefix('{').unwrap_or("}");
        format!("{{\"event\":\"{event}\",{whose}{rest}\n")
    }

    /// Environment and batch, as far as they could be made out.
    fn whose(&self) -> String {
        let known = [("environment", self.environment), ("batch", &self.batch)];
        let known = known.into_iter().filter(|(_, value)| !value.is_empty());
        known
            .map(|(name, value)| format!("\"{name}\":{},", serde_json::Value::from(value)))
            .collect()
    }

    fn write_metrics(&self, path: &Path, run: &Run<'_>) -> anyhow::Result<()> {
        let earlier = read_earlier(path)?;
        let told = run.told.lock().unwrap_or_else(PoisonError::into_inner);
        let numbers = Numbers {
            command: run.command,
            environment: self.environment,
            batch: &self.batch,
            exit: run.exit.code(),
            elapsed: run.elapsed,
            ended_at: Clock::System.now().as_second(),
            earlier: &earlier,
            tally: told.as_ref().map(|told| &told.tally),
        };
        let text = numbers
            .text()
            .context("it is not known of which batch and environment they are")?;
        replace(path, &text).with_context(|| format!("cannot write {}", path.display()))
    }
}

/// What a command said at its end, for those who are told later.
#[derive(Clone, Debug)]
pub(super) struct Said {
    /// The `--json` object.
    pub(super) line: String,
    /// Where the batch stands.
    pub(super) tally: Tally,
}

/// Where a command leaves what it said.
pub(super) type Told = Arc<Mutex<Option<Said>>>;

/// A run that has ended.
pub(super) struct Run<'r> {
    pub(super) command: &'r str,
    pub(super) exit: Exit,
    pub(super) elapsed: Duration,
    /// The object of a run that stopped before it could say more.
    pub(super) early: &'r str,
    pub(super) told: &'r Told,
}

/// An earlier file of ours; blank if there is none.
fn read_earlier(path: &Path) -> anyhow::Result<String> {
    use std::io::Read as _;
    match path.symlink_metadata() {
        Err(_) => return Ok(String::new()),
        Ok(found) if found.is_file() => {}
        Ok(_) => anyhow::bail!("{} is not a regular file", path.display()),
    }
    let mut text = String::new();
    let file = std::fs::File::open(path)?;
    let read = file.take(METRICS_BYTES_MAX).read_to_string(&mut text);
    let ours = read.is_ok() && (text.is_empty() || text.starts_with(metrics::HEADER));
    anyhow::ensure!(
        ours,
        "{} was not written by paysheet and is left alone",
        path.display()
    );
    Ok(text)
}

/// A collector reads the old file or the new one, never half.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let mut file = tempfile::Builder::new()
        .prefix(".paysheet-")
        .tempfile_in(folder.unwrap_or(Path::new(".")))?;
    file.write_all(text.as_bytes())?;
    let mode = std::fs::Permissions::from_mode(METRICS_MODE);
    file.as_file().set_permissions(mode)?;
    file.as_file().sync_all()?;
    file.persist(path).map(|_| ()).map_err(|error| error.error)
}
