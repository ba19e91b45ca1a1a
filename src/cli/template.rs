//! `paysheet template`: an empty sheet with the right header and one example row, on stdout or as a file.
//!
//! Deliberately absent: writing over anything, since what stands there may be filled in.

use std::io::{self, Write as _};
use std::path::PathBuf;

use crate::domain::words::shell_word;
use crate::sheet;

use super::exit::{Ending, Exit};
use super::judge::sheet_error;
use super::shell::Shell;

/// Runs the command.
///
/// # Errors
///
/// If something stands in the file's place, or it cannot be written.
pub(super) fn run(file: Option<&PathBuf>, shell: &Shell) -> anyhow::Result<Exit> {
    let today = shell.clock.today_in_india();
    let Some(path) = file else {
        return print(&sheet::template_csv(today));
    };
    sheet::write_template(path, today).map_err(sheet_error)?;
    shell.out.paragraph(&format!(
        "template written: {}; replace its example row, then run `paysheet validate {}`",
        path.display(),
        shell_word(&path.display().to_string())
    ));
    Ok(Exit::Done)
}

fn print(text: &str) -> anyhow::Result<Exit> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // Whoever closed the pipe has read enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Ending::stopped(
            format!("the template cannot be written: {error}"),
            "check where stdout leads",
        )
        .into()),
        Ok(()) | Err(_) => Ok(Exit::Done),
    }
}
