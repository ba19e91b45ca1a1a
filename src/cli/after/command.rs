//! Runs a notification command: one JSON line on its stdin, a limit on its time, and nothing of ours in its hands.
//!
//! It runs in a process group of its own, so that a hanging script is killed with what it started. Its environment holds
//! no credentials; its output goes neither to our stdout, which a script reads, nor past the log to stderr. Deliberately
//! absent: a shell, and any effect on the run.

use std::io::{PipeReader, Read as _, Write as _, pipe};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use tokio::time::Instant;

/// How often it is looked at whether the program has ended.
const GLANCE: Duration = Duration::from_millis(10);
/// What is kept of its output, for the log.
const OUTPUT_BYTES_MAX: usize = 1024;
/// How long its output is waited for once it has ended: something it started may still hold the pipe.
const OUTPUT_WAIT: Duration = Duration::from_millis(200);
/// Variables whose names begin so are not handed on.
const OURS: [&str; 2] = ["CASHFREE_", "CREDENTIALS_DIRECTORY"];

/// Runs `words` with `line` on stdin.
///
/// # Errors
///
/// What went wrong, to follow "the notification command".
pub(super) fn tell(words: &[String], line: &str, limit: Duration) -> Result<(), String> {
    let (program, arguments) = words.split_first().ok_or("is blank")?;
    let (output, to) = pipe().map_err(|why| format!("has no pipe: {why}"))?;
    let mut command = Command::new(program);
    command.args(arguments).process_group(0);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if OURS.iter().any(|start| name.starts_with(start)) {
            command.env_remove(&*name);
        }
    }
    let also = to
        .try_clone()
        .map_err(|why| format!("has no pipe: {why}"))?;
    command.stdin(Stdio::piped()).stdout(to).stderr(also);
    let mut child = command
        .spawn()
        .map_err(|why| format!("`{program}` cannot be started: {why}"))?;
    // Our ends of its output are closed with this, so that its end is the output's end.
    drop(command);
    feed(&mut child, line.to_owned());
    let said = listen(output);
    let ended = wait(&mut child, limit);
    let said = said.recv_timeout(OUTPUT_WAIT).unwrap_or_default();
    let said = said.trim();
    let words = match said {
        "" => String::new(),
        said => format!(": {said}"),
    };
    match ended {
        Some(status) if status.success() => {
            tracing::debug!(output = said, "the notification command is done");
            Ok(())
        }
        Some(status) => Err(format!("`{program}` failed ({status}){words}")),
        None => Err(format!(
            "`{program}` was killed after {} s{words}",
            limit.as_secs()
        )),
    }
}

/// Writes from a thread of its own: a program that does not read must not hold us.
fn feed(child: &mut Child, line: String) {
    if let Some(mut stdin) = child.stdin.take() {
        // Whoever does not listen misses it.
        drop(std::thread::Builder::new().spawn(move || stdin.write_all(line.as_bytes())));
    }
}

/// Reads all of its output, keeping the beginning, until the pipe ends.
fn listen(mut output: PipeReader) -> mpsc::Receiver<String> {
    let (to, said) = mpsc::sync_channel(1);
    let read = move || {
        let mut kept = Vec::new();
        let mut piece = [0; OUTPUT_BYTES_MAX];
        while let Ok(length @ 1..) = output.read(&mut piece) {
            let room = OUTPUT_BYTES_MAX.saturating_sub(kept.len());
            kept.extend(piece.iter().take(length.min(room)));
        }
        // Whoever waited may have given up.
        let _ = to.try_send(String::from_utf8_lossy(&kept).into_owned());
    };
    drop(std::thread::Builder::new().spawn(read));
    said
}

/// Waits for the end; kills at the limit. `None`: it was killed.
fn wait(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let deadline = Instant::now() + limit;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < deadline => std::thread::sleep(GLANCE),
            Ok(None) | Err(_) => break,
        }
    }
    kill_group(child.id());
    // Where that did not help, at least the program itself.
    let _ = child.kill();
    let _ = child.wait();
    None
}

/// The standard library kills one process; its group is reached by the system's own program.
fn kill_group(group: u32) {
    let _ = Command::new("kill")
        .args(["-KILL", "--", &format!("-{group}")])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}
