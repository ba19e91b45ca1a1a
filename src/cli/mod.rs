//! The shell: the only folder that knows all others. What was typed (`args`) becomes what was meant ([`settings`]);
//! each command is a file of its own; [`exit`] holds the codes that scripts rely on.

mod again;
mod approve;
pub mod args;
pub mod config;
mod confirm;
pub mod credentials;
mod door;
pub mod exit;
mod finish;
mod guards;
mod intake;
mod judge;
mod logs;
mod problems;
mod results;
mod sandbox;
mod send;
pub mod settings;
mod shell;
mod signals;
mod status;
mod validate;
pub mod values;

use std::process::ExitCode;

use clap::Parser as _;

use crate::checkpoint::Store;
use crate::clock::Clock;
use crate::report::json::EarlyJson;
use crate::report::{Manner, Out, Screen};

use args::Typed;
use exit::{Exit, exit_of, sentence};
use settings::{Run, Voice};
use shell::Shell;

/// Runs the program; the process's exit code.
pub fn main() -> ExitCode {
    let typed = match Typed::try_parse() {
        Ok(typed) => typed,
        Err(error) => return usage(&error),
    };
    let (command, json) = (typed.command.name(), typed.command.json());
    let exit = match dispatch(typed) {
        Ok(exit) => exit,
        Err(error) => {
            let (exit, message) = (exit_of(&error), format!("{error:#}"));
            Screen::new(Manner::Lines).line(&format!("paysheet {command}: {message}"));
            let out = Out { json, quiet: false };
            out.json(&EarlyJson { command, exit: exit.code(), message: &sentence(&error) });
            exit
        }
    };
    exit.into()
}

/// clap prints help to stdout and usage errors to stderr; a closed pipe does not change the code.
fn usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    if error.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() }
}

fn dispatch(typed: Typed) -> anyhow::Result<Exit> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let folder = std::env::current_dir()?;
    let run = settings::resolve(typed, &settings::Surroundings { variable: &variable, folder: &folder })?;
    let voice = run.voice();
    let manner = Manner::choose(voice.quiet, voice.log_format == values::LogFormat::Json, Screen::is_terminal());
    let screen = Screen::new(manner);
    logs::start(voice, variable(logs::FILTER_VARIABLE).as_deref(), screen.clone())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let exit = runtime.block_on(until_second_signal(run, voice, screen, manner));
    // Nothing waits for a connection that stalls.
    runtime.shutdown_background();
    exit
}

async fn until_second_signal(run: Run, voice: Voice, screen: Screen, manner: Manner) -> anyhow::Result<Exit> {
    let signals = signals::listen()?;
    let shell = Shell {
        out: Out { json: voice.json, quiet: voice.quiet },
        screen,
        manner,
        signals: signals.first,
        clock: Clock::System,
        started: tokio::time::Instant::now(),
        holder: shell::holder(Clock::System),
        terminal: confirm::Terminal::is_there(),
        again: again::Again::of(std::env::args()),
    };
    tokio::select! {
        ended = command(&run, &shell) => ended,
        () = signals::second(signals.second) => Ok(Exit::Interrupted),
    }
}

async fn command(run: &Run, shell: &Shell) -> anyhow::Result<Exit> {
    match run {
        Run::Validate(validate) => validate::run(validate, shell),
        Run::Send(send) => send::run(send, shell).await,
        Run::Status(status) => status::run(status, shell).await,
        Run::Results(settings) => rewrite(settings, shell),
        Run::Sandbox(settings) => sandbox::run(settings, shell).await,
    }
}

/// `paysheet results`: write the results again from the checkpoint.
fn rewrite(settings: &settings::Results, shell: &Shell) -> anyhow::Result<Exit> {
    let path = &settings.files.checkpoint;
    if !path.exists() {
        return Err(crate::checkpoint::Error::Missing { path: path.clone() }.into());
    }
    let _lock = send::lock(path, &shell.holder)?;
    let store = Store::open_any(path)?;
    results::write(&store, &settings.files.results, settings.environment.word())?;
    shell.out.paragraph(&format!("written: {}", settings.files.results.display()));
    Ok(Exit::Done)
}
