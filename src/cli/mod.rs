//! The shell: the only folder that knows all others.
//!
//! From what was typed ([`args`]) to what was meant ([`settings`]) to one file per command, and back to an exit code
//! ([`exit`]). Deliberately absent: anything a command does.

mod after;
mod again;
mod approve;
pub mod args;
mod before;
mod cancel;
mod claims;
mod completions;
pub mod config;
mod confirm;
pub mod credentials;
mod disputed;
mod doctor;
mod door;
pub mod exit;
mod export;
mod finish;
mod guards;
mod intake;
mod judge;
mod logs;
mod long_ago;
mod lost;
mod mended;
mod named;
mod newer;
mod older;
mod prepare;
mod privacy;
mod problems;
mod purge;
mod recent;
mod report;
mod results;
mod retry;
mod same_ids;
mod sandbox;
mod send;
pub mod settings;
mod shell;
mod signals;
mod status;
mod template;
mod theirs;
mod twice;
mod validate;
pub mod values;
mod webhooks;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory as _, Parser as _};
use tokio::time::Instant;

use crate::report::json::EarlyJson;
use crate::report::{Manner, Out, Screen};

use after::{After, Told};
use args::{Scheduled, Typed};
use exit::{Ending, Exit};
use logs::FILTER_VARIABLE;
use settings::{Run, Surroundings, Voice};
use shell::Shell;
use values::LogFormat;

/// Runs the program; the process's exit code.
pub fn main() -> ExitCode {
    privacy::close();
    let mut typed = match Typed::try_parse() {
        Ok(typed) => typed,
        Err(error) => return misused(&error).into(),
    };
    let (format, filter) = logs::asked(variable(FILTER_VARIABLE));
    typed.logs.log_format = typed.logs.log_format.or(format);
    let command = typed.command.name();
    let out = Out {
        json: typed.command.json(),
        quiet: typed.logs.quiet,
        records: typed.logs.log_format == Some(LogFormat::Json),
    };
    let (began, told) = (Instant::now(), Told::default());
    let (ended, mut after) = start(typed, filter.as_deref(), &told);
    let (exit, early) = match ended {
        Ok(exit) => (exit, String::new()),
        Err(failure) => failure.say(command, out),
    };
    if exit == Exit::Interrupted && !early.is_empty() {
        // Whoever interrupts twice waits for nobody.
        after.notify.clear();
    }
    after.run(&after::Run {
        command,
        exit,
        elapsed: began.elapsed(),
        early: &early,
        told: &told,
    });
    exit.into()
}

/// An error, and the screen to say it on.
struct Failure {
    error: anyhow::Error,
    screen: Screen,
}

impl Failure {
    fn early(ending: Ending, records: bool) -> Failure {
        Failure {
            error: ending.into(),
            screen: Screen::new(Manner::Lines).of_records(records),
        }
    }

    /// Says it. The exit code, and the object of a run that stopped early.
    fn say(&self, command: &'static str, out: Out) -> (Exit, String) {
        let exit = exit::exit_of(&self.error);
        self.screen
            .failure(&format!("paysheet {command}: {:#}", self.error));
        let object = EarlyJson {
            command,
            exit: exit.code(),
            message: &exit::sentence(&self.error),
        };
        out.json(&object);
        (exit, crate::report::json::line(&object).unwrap_or_default())
    }
}

/// What was meant, done; and what is to be done afterwards, as far as that could be made out.
fn start(typed: Typed, filter: Option<&str>, told: &Told) -> (Result<Exit, Failure>, After) {
    let (mut voice, scheduled) = (Voice::of(&typed), Scheduled::of(&typed.command));
    let around = Surroundings {
        variable: &variable,
        folder: Path::new(""),
    };
    let resolved = settings::resolve(typed, &around);
    if let Ok(run) = &resolved {
        voice = run.voice();
    }
    let records = voice.log_format == LogFormat::Json;
    let screen = Screen::new(shell::manner(voice)).of_records(records);
    let logging = logs::start(voice, filter, screen.clone());
    let after = match &resolved {
        Ok(run) => run.after().cloned(),
        Err(_) => scheduled.map(|scheduled| settings::afterwards(scheduled, &around)),
    };
    let ended = match (resolved, logging) {
        (Err(ending), logging) => Err(Failure::early(ending, records && logging.is_ok())),
        (Ok(_), Err(ending)) => Err(Failure::early(ending, false)),
        (Ok(run), Ok(())) => {
            let worked = work(&run, screen.clone(), told);
            worked.map_err(|error| Failure { error, screen })
        }
    };
    (ended, after.unwrap_or_default())
}

fn work(run: &Run, screen: Screen, told: &Told) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let exit = runtime.block_on(async {
        let signals = signals::listen()?;
        let shell = shell::new(run.voice(), screen, signals.first, told.clone());
        tokio::select! {
            exit = dispatch(run, &shell) => exit.map_err(|error| lost::explained(error, run.files(), &shell.again)),
            () = signals::second(signals.second) => Err(twice_interrupted().into()),
        }
    });
    // Nothing waits for a connection that stalls.
    runtime.shutdown_background();
    exit
}

/// What was in flight is on disk as `unknown`; the next run looks it up.
fn twice_interrupted() -> Ending {
    Ending::new(
        Exit::Interrupted,
        "interrupted twice; requests in flight were not waited for, and the results are as they were",
        "run the same command again to resume",
    )
}

async fn dispatch(run: &Run, shell: &Shell) -> anyhow::Result<Exit> {
    match run {
        Run::Validate(settings) => validate::run(settings, shell),
        Run::Send(settings) => send::run(settings, shell).await,
        Run::Status(settings) => status::run(settings, shell).await,
        Run::Retry(settings) => retry::run(settings, shell).await,
        Run::Cancel(settings) => cancel::run(settings, shell).await,
        Run::Results(settings) => results::run(settings, shell),
        Run::Report(settings) => report::run(settings, shell),
        Run::Sandbox(settings) => sandbox::run(settings, shell).await,
        Run::Template(file, _) => template::run(file.as_ref(), shell),
        Run::Completions(wanted, _) => completions::run(*wanted),
        Run::Export(settings) => export::run(settings, shell),
        Run::Purge(settings) => purge::run(settings, shell),
        Run::Doctor(settings) => doctor::run(settings, shell).await,
        Run::Webhooks(settings) => webhooks::run(settings, shell).await,
    }
}

/// Help and version, which were asked for, and wrong usage, which was not.
fn misused(error: &clap::Error) -> Exit {
    // Whoever closed the pipe has read enough.
    drop(error.print());
    if !error.use_stderr() {
        return Exit::Done;
    }
    let words: Vec<String> = std::env::args_os()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let out = Out {
        json: words.iter().any(|word| word == "--json"),
        quiet: false,
        records: false,
    };
    let rendered = error.to_string();
    // Up to the first blank line it says what is wrong; then come usage and hints.
    let wrong: Vec<&str> = rendered
        .lines()
        .take_while(|line| !line.is_empty())
        .map(str::trim)
        .collect();
    let wrong = wrong.join(" ");
    let known = Typed::command();
    let known: Vec<&str> = known
        .get_subcommands()
        .map(clap::Command::get_name)
        .collect();
    let command = words.iter().find(|word| known.contains(&word.as_str()));
    let object = EarlyJson {
        command: command.map_or("", String::as_str),
        exit: Exit::Usage.code(),
        message: wrong.trim_start_matches("error: "),
    };
    out.json(&object);
    let line = crate::report::json::line(&object).unwrap_or_default();
    tell_misused(&words, &line);
    Exit::Usage
}

/// Whoever waits for a scheduled run hears of one that could not begin.
fn tell_misused(words: &[String], line: &str) {
    let Some((command, scheduled)) = Scheduled::among(words, &variable) else {
        return;
    };
    let around = Surroundings {
        variable: &variable,
        folder: Path::new(""),
    };
    let after = settings::afterwards(scheduled, &around);
    // A filter that cannot be read loses warnings, and nothing else.
    let _ = logs::start(Voice::default(), None, Screen::new(Manner::Lines));
    after.run(&after::Run {
        command,
        exit: Exit::Usage,
        elapsed: Duration::ZERO,
        early: line,
        told: &Told::default(),
    });
}

/// Blank variables are how schedulers say "not set".
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
