//! What every command is given: where to speak, when to stop, what time it is.

use std::io::{self, IsTerminal as _};

use tokio::sync::watch;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::report::{Manner, Out, Screen};

use super::after::Told;
use super::again::Again;
use super::confirm::Terminal;
use super::settings::Voice;
use super::values::LogFormat;

/// The surroundings of one command.
pub(super) struct Shell {
    /// stderr: bars, lines, questions.
    pub(super) screen: Screen,
    /// How a run is shown while it works.
    pub(super) manner: Manner,
    /// stdout: the closing words and the JSON object.
    pub(super) out: Out,
    /// Turns true at the first interrupt.
    pub(super) signals: watch::Receiver<bool>,
    /// The time of day.
    pub(super) clock: Clock,
    /// When the command began.
    pub(super) started: Instant,
    /// Who this process is, for whoever finds a checkpoint locked.
    pub(super) holder: String,
    /// Whether a person can be asked.
    pub(super) terminal: bool,
    /// Where what is said at the end is left for those who are told later.
    pub(super) told: Told,
    /// The command that was typed, for people to copy.
    pub(super) again: Again,
}

/// How a run is shown.
pub(super) fn manner(voice: Voice) -> Manner {
    Manner::choose(
        voice.quiet,
        voice.log_format == LogFormat::Json,
        io::stderr().is_terminal(),
    )
}

/// The surroundings of this process.
pub(super) fn new(
    voice: Voice,
    screen: Screen,
    signals: watch::Receiver<bool>,
    told: Told,
) -> Shell {
    let clock = Clock::System;
    Shell {
        screen,
        manner: manner(voice),
        out: Out {
            json: voice.json,
            quiet: voice.quiet,
            records: voice.log_format == LogFormat::Json,
        },
        signals,
        clock,
        started: Instant::now(),
        holder: holder(clock),
        terminal: Terminal::is_there(),
        told,
        again: Again::of(std::env::args_os().map(|word| word.to_string_lossy().into_owned())),
    }
}

/// `process 4242 on finance-1 since 2026-11-22T10:00:00Z`
fn holder(clock: Clock) -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = if host.trim().is_empty() {
        "this machine"
    } else {
        host.trim()
    };
    let since = jiff::Timestamp::from_second(clock.now().as_second()).unwrap_or_default();
    format!("process {} on {host} since {since}", std::process::id())
}
