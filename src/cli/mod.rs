//! The shell: the only folder that knows all others.
//!
//! From what was typed ([`args`]) to what was meant ([`settings`]) to one function per command, and back to an exit
//! code ([`exit`]). Deliberately absent: anything a command does.

pub mod again;
pub mod args;
pub mod config;
pub mod confirm;
pub mod credentials;
pub mod exit;
pub mod logs;
pub mod settings;
pub mod values;

use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::process::ExitCode;

use clap::Parser as _;

use crate::clock::Clock;
use crate::report::json::EarlyJson;
use crate::report::{Manner, Out, Screen};

use again::Again;
use args::Typed;
use exit::{Ending, Exit};
use logs::FILTER_VARIABLE;
use settings::{Run, Surroundings, Voice};

/// What every command is handed besides its settings.
#[derive(Clone, Debug)]
pub struct Shell {
    /// The way to stderr, shared with the logs.
    pub screen: Screen,
    /// How progress is shown.
    pub manner: Manner,
    /// The way to stdout.
    pub out: Out,
    /// What time it is.
    pub clock: Clock,
    /// The command to run again.
    pub again: Again,
}

/// Runs the program; the process's exit code.
pub fn main() -> ExitCode {
    let typed = match Typed::try_parse() {
        Ok(typed) => typed,
        Err(error) => return misused(&error).into(),
    };
    let command = typed.command.name();
    let out = Out {
        json: typed.command.json(),
        quiet: typed.logs.quiet,
    };
    let exit = match start(typed) {
        Ok(exit) => exit,
        Err(Failure { error, screen }) => {
            let exit = exit::exit_of(&error);
            let message = exit::sentence(&error);
            screen.line(&format!("paysheet {command}: {message}"));
            out.json(&EarlyJson {
                command,
                exit: exit.code(),
                message: &message,
            });
            exit
        }
    };
    exit.into()
}

/// An error, and the screen to say it on.
struct Failure {
    error: anyhow::Error,
    screen: Screen,
}

impl From<Ending> for Failure {
    fn from(ending: Ending) -> Failure {
        Failure {
            error: ending.into(),
            screen: Screen::new(Manner::Lines),
        }
    }
}

fn start(typed: Typed) -> Result<Exit, Failure> {
    // Blank variables are how schedulers say "not set".
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let run = settings::resolve(
        typed,
        &Surroundings {
            variable: &variable,
            folder: Path::new(""),
        },
    )?;
    let voice = run.voice();
    let shell = shell(voice);
    let filter = variable(FILTER_VARIABLE);
    logs::start(voice, filter.as_deref(), shell.screen.clone())?;
    let screen = shell.screen.clone();
    work(run, shell).map_err(|error| Failure { error, screen })
}

fn shell(voice: Voice) -> Shell {
    let json_logs = voice.log_format == values::LogFormat::Json;
    let manner = Manner::choose(voice.quiet, json_logs, io::stderr().is_terminal());
    Shell {
        screen: Screen::new(manner),
        manner,
        out: Out {
            json: voice.json,
            quiet: voice.quiet,
        },
        clock: Clock::System,
        again: Again::of(std::env::args_os().map(|word| word.to_string_lossy().into_owned())),
    }
}

fn work(run: Run, shell: Shell) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        outlive_file_size_limit()?;
        dispatch(run, shell).await
    })
}

/// Without a handler, a write beyond `ulimit -f` kills the process; with one it is an error that can be reported.
/// The handler stays for the process's life, and does nothing.
fn outlive_file_size_limit() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use tokio::signal::unix::{SignalKind, signal};
        /// SIGXFSZ on every Linux that Rust's standard library supports but MIPS.
        const FILE_SIZE_EXCEEDED: i32 = 25;
        drop(signal(SignalKind::from_raw(FILE_SIZE_EXCEEDED))?);
    }
    Ok(())
}

async fn dispatch(run: Run, shell: Shell) -> anyhow::Result<Exit> {
    match run {
        Run::Validate(_) => not_yet("validate", shell).await,
        Run::Send(_) => not_yet("send", shell).await,
        Run::Status(_) => not_yet("status", shell).await,
        Run::Results(_) => not_yet("results", shell).await,
        Run::Sandbox(_) => not_yet("sandbox", shell).await,
    }
}

/// Stands in for a command until its own file is there.
async fn not_yet(command: &str, _: Shell) -> anyhow::Result<Exit> {
    let message = format!("{command} is not there yet");
    Err(Ending::stopped(message, "wait for the next version").into())
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
    };
    let rendered = error.to_string();
    // Up to the first blank line it says what is wrong; then come usage and hints.
    let wrong: Vec<&str> = rendered
        .lines()
        .take_while(|line| !line.is_empty())
        .map(str::trim)
        .collect();
    let wrong = wrong.join(" ");
    let known = ["validate", "send", "status", "results", "sandbox"];
    let command = words.iter().find(|word| known.contains(&word.as_str()));
    out.json(&EarlyJson {
        command: command.map_or("", String::as_str),
        exit: Exit::Usage.code(),
        message: wrong.trim_start_matches("error: "),
    });
    Exit::Usage
}
