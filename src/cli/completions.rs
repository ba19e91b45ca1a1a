//! `paysheet completions`: what a shell needs to complete commands and options, on stdout.

use std::io::{self, Write as _};

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::args::Typed;
use super::exit::{Ending, Exit};

/// Runs the command.
///
/// # Errors
///
/// If stdout cannot be written.
pub(super) fn run(shell: Shell) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Typed::command(), "paysheet", &mut script);
    let mut out = io::stdout().lock();
    match out.write_all(&script).and_then(|()| out.flush()) {
        // Whoever closed the pipe has read enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Ending::stopped(
            format!("the completions cannot be written: {error}"),
            "check where stdout leads",
        )
        .into()),
        Ok(()) | Err(_) => Ok(Exit::Done),
    }
}
