//! Where words go: lines on stderr that do not tear the progress bar, and results on stdout.
//!
//! A closed pipe or a full disk behind either never stops a run: what cannot be said is lost, what was paid is not. A
//! document that was asked for is another matter.
//! Deliberately absent: what is said, and any colour.

use std::io::{self, IsTerminal as _, Write};
use std::os::fd::AsFd;

use indicatif::{MultiProgress, ProgressDrawTarget};
use rustix::termios::tcgetwinsize;
use serde::Serialize;

use super::json;
use super::words::{COLUMNS, wrapped};

/// A narrower terminal than this breaks lines by itself.
const COLUMNS_MIN: usize = 30;
/// Draws a second at most: quick enough for the eye, cheap enough for a slow terminal.
const DRAWS_PER_SECOND: u8 = 10;

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// A bar at the bottom of a terminal.
    Bar,
    /// Plain lines, for files and pipes.
    Lines,
    /// Log records, where every line on stderr is one.
    Log,
    /// Not at all.
    Silent,
}

impl Manner {
    /// The manner for a stderr that is a `terminal` or not.
    pub fn choose(quiet: bool, json_logs: bool, terminal: bool) -> Manner {
        match (quiet, json_logs, terminal) {
            (true, _, _) => Manner::Silent,
            (false, true, _) => Manner::Log,
            (false, false, true) => Manner::Bar,
            (false, false, false) => Manner::Lines,
        }
    }
}

/// The way to stderr that logs, progress and errors share.
#[derive(Clone, Debug)]
pub struct Screen {
    bars: Option<MultiProgress>,
    records: bool,
}

impl Screen {
    /// A screen that may hold a bar.
    pub fn new(manner: Manner) -> Screen {
        let bars = (manner == Manner::Bar).then(|| {
            MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(DRAWS_PER_SECOND))
        });
        Screen {
            bars,
            records: false,
        }
    }

    /// The same; with `records`, everything said on it is a log record, so that whoever reads the log can read all of it.
    #[must_use]
    pub fn of_records(self, records: bool) -> Screen {
        Screen { records, ..self }
    }

    /// How wide a text on it may be. A log record has no end of a line to keep away from.
    pub fn columns(&self) -> usize {
        match self.records {
            true => usize::MAX,
            false => columns(io::stderr()),
        }
    }

    /// One line, above the bar if there is one.
    pub fn line(&self, text: &str) {
        if self.records {
            recorded(text);
        } else {
            self.raw(text);
        }
    }

    /// A text in lines of its width.
    pub fn folded(&self, text: &str) {
        self.line(&wrapped(text, "    ", self.columns()));
    }

    /// Why something failed: said even to those who want to hear nothing else.
    pub fn failure(&self, text: &str) {
        if self.records {
            let record = records(text).join("; ");
            tracing::error!("{record}");
        } else {
            self.paragraph(text);
        }
    }

    /// One line as it is: a log record already.
    pub fn raw(&self, text: &str) {
        match &self.bars {
            Some(bars) if !bars.is_hidden() => lost(bars.println(text)),
            Some(_) | None => lost(write_line(&mut io::stderr().lock(), text)),
        }
    }

    /// A text that is one line in a log, and folded for a person at a terminal.
    pub fn paragraph(&self, text: &str) {
        if !self.records && (self.bars.is_some() || io::stderr().is_terminal()) {
            self.folded(text);
        } else {
            self.line(text);
        }
    }

    /// The bars, where this screen has them.
    pub(super) fn bars(&self) -> Option<&MultiProgress> {
        self.bars.as_ref()
    }
}

/// The way to stdout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Out {
    /// stdout ends with a JSON object; paragraphs for people go to stderr.
    pub json: bool,
    /// Nothing is said to people.
    pub quiet: bool,
    /// Whatever goes to stderr is a log record.
    pub records: bool,
}

impl Out {
    /// How wide a text for people may be.
    pub fn columns(self) -> usize {
        match (self.json, self.records) {
            (false, _) => columns(io::stdout()),
            (true, false) => columns(io::stderr()),
            (true, true) => usize::MAX,
        }
    }

    /// A text for people, in lines of its width.
    pub fn folded(self, text: &str) {
        self.paragraph(&wrapped(text, "  ", self.columns()));
    }

    /// A text for people, on stdout; on stderr if stdout is a script's.
    pub fn paragraph(self, text: &str) {
        let text = text.trim_end();
        match (self.quiet, self.json) {
            (true, _) => {}
            (false, true) if self.records => recorded(text),
            (false, true) => lost(write_line(&mut io::stderr().lock(), text)),
            (false, false) => lost(write_line(&mut io::stdout().lock(), text)),
        }
    }

    /// A document that somebody asked for, on stdout, quiet or not.
    ///
    /// # Errors
    ///
    /// If stdout cannot be written: without the document nothing was done.
    pub fn document(self, text: &str) -> io::Result<()> {
        write_line(&mut io::stdout().lock(), text.trim_end())
    }

    /// The JSON object, as the last line, if one is wanted.
    pub fn json(self, object: &impl Serialize) {
        if self.json {
            lost(json::line(object).and_then(|line| write_line(&mut io::stdout().lock(), &line)));
        }
    }

    /// The same for an object that is spelled out already.
    pub fn json_line(self, line: &str) {
        if self.json {
            lost(write_line(&mut io::stdout().lock(), line));
        }
    }
}

/// How wide a text may be there: as the terminal is, and no wider than is good to read.
pub fn columns(there: impl AsFd) -> usize {
    let size = tcgetwinsize(there).ok();
    let known = size.map(|size| usize::from(size.ws_col));
    let known = known.filter(|columns| *columns > 0);
    known.map_or(COLUMNS, |columns| columns.clamp(COLUMNS_MIN, COLUMNS))
}

/// A text as log records, one for each of its lines.
fn recorded(text: &str) {
    for record in records(text) {
        tracing::info!("{record}");
    }
}

/// What stands in a text, a line each: what is indented below a colon belongs to it.
fn records(text: &str) -> Vec<String> {
    let mut records: Vec<String> = Vec::new();
    // What the next line is put behind, where it belongs to the last one.
    let mut joint = None;
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.is_empty() {
            joint = None;
            continue;
        }
        let words = words.join(" ");
        match (joint, records.last_mut()) {
            (Some(between), Some(last)) if line.starts_with(' ') => {
                last.push_str(between);
                last.push_str(&words);
                joint = Some("; ");
            }
            _ => {
                joint = words.ends_with(':').then_some(" ");
                records.push(words);
            }
        }
    }
    records
}

fn write_line(to: &mut impl Write, text: &str) -> io::Result<()> {
    // One write a line: two processes that share a stderr do not cut each other's lines.
    to.write_all(format!("{text}\n").as_bytes())?;
    to.flush()
}

/// Nobody is listening: that is their affair.
fn lost(said: io::Result<()>) {
    drop(said);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_a_record_a_line_and_what_belongs_together_is_one() {
        let text = "2 payouts, all created.\n\n  created           2                  ₹11.00\n    ACTIVE                  2\n\n\
            results:    june.results.csv\n\nTo go on, run:\n  paysheet send june.csv\n\n3 problems:\n        1  a.b\n        2  c.d\n";
        let expected = [
            "2 payouts, all created.",
            "created 2 ₹11.00",
            "ACTIVE 2",
            "results: june.results.csv",
            "To go on, run: paysheet send june.csv",
            "3 problems: 1 a.b; 2 c.d",
        ];
        assert_eq!(records(text), expected);
    }

    #[test]
    fn the_manner_follows_quiet_then_logs_then_terminal() {
        assert_eq!(Manner::choose(true, true, true), Manner::Silent);
        assert_eq!(Manner::choose(false, true, true), Manner::Log);
        assert_eq!(Manner::choose(false, false, true), Manner::Bar);
        assert_eq!(Manner::choose(false, false, false), Manner::Lines);
    }
}
