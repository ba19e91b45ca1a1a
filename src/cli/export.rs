//! `paysheet export`: everything that is recorded, as JSON Lines, at any time.
//!
//! Needs neither the sheet nor the lock: it reads one moment of the checkpoint. The first record is the batch, the last
//! the end with the counts, so that a cut file is known for one. Deliberately absent: masks. It is the user's own data,
//! and a program is to rebuild everything from it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::Path;

use anyhow::Context as _;
use jiff::Timestamp;
use rusqlite::types::ValueRef;

use crate::checkpoint::{Line, Steady, state_word};
use crate::domain::Money;
use crate::sheet::{EXPORT_START, ExportFile};

use super::exit::{Ending, Exit};
use super::judge::sheet_error;
use super::settings::Export;
use super::shell::Shell;

/// The layout of the records. Raised when a key changes its meaning; new keys do not raise it.
const LAYOUT: u32 = 1;
/// Columns that are times: milliseconds since 1970 in the file, RFC 3339 in the export.
const TIMES: [&str; 5] = ["at", "created_at", "checked_at", "redeemed_at", "dead_at"];
/// Columns that hold JSON already.
const JSON: [&str; 2] = ["cells", "detail"];
/// Columns that say nothing about a payout: checksums of the file itself.
const SEALS: &str = "_seal";
/// Bytes written at a time.
const BUFFER_BYTES: usize = 64 * 1024;

/// Runs the command.
///
/// # Errors
///
/// If there is no checkpoint, it cannot be read, or the export not be written.
pub(super) fn run(export: &Export, shell: &Shell) -> anyhow::Result<Exit> {
    let path = &export.files.checkpoint;
    let steady = Steady::open(path)?;
    steady.verify(export.environment.word(), export.batch.as_str())?;
    let Some(output) = &export.output else {
        let mut out = io::BufWriter::with_capacity(BUFFER_BYTES, io::stdout().lock());
        let written = write_all(&steady, export.facts, path, &mut out)
            .and_then(|records| out.flush().map(|()| records).map_err(Into::into));
        return match written {
            // Whoever closed the pipe has read enough.
            Err(error) if is_closed_pipe(&error) => Ok(Exit::Done),
            written => written.map(|_| Exit::Done).context("the export stopped"),
        };
    };
    if [
        &export.files.checkpoint,
        &export.files.results,
        &export.sheet,
    ]
    .contains(&output)
    {
        return Err(Ending::usage(
            format!("{} is a file of this batch", output.display()),
            "give --output another name",
        )
        .into());
    }
    let mut file = ExportFile::create(output).map_err(sheet_error)?;
    let records = write_all(&steady, export.facts, path, &mut file)
        .with_context(|| format!("cannot write {}", output.display()))?;
    file.finish().map_err(sheet_error)?;
    let words = format!("{records} records written: {}", output.display());
    shell.out.paragraph(&words);
    Ok(Exit::Done)
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let io = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<io::Error>());
    io.is_some_and(|io| io.kind() == io::ErrorKind::BrokenPipe)
}

/// Writes every record; how many.
fn write_all(
    steady: &Steady,
    facts_alone: bool,
    path: &Path,
    out: &mut dyn Write,
) -> anyhow::Result<u64> {
    write_batch(steady, out)?;
    let mut sums: BTreeMap<&'static str, (u64, i64)> = BTreeMap::new();
    let mut payouts = None;
    if !facts_alone {
        payouts = Some(steady.each_payout(|line| {
            let (state, paise) = write_record("payout", line, path, out)?;
            let sum = sums.entry(state).or_default();
            *sum = (sum.0 + 1, sum.1.saturating_add(paise));
            Ok::<_, anyhow::Error>(())
        })?);
    }
    let facts = steady.each_fact(|line| write_record("fact", line, path, out).map(|_| ()))?;
    let states: BTreeMap<&str, serde_json::Value> = sums
        .into_iter()
        .map(|(state, (rows, paise))| {
            let amount = Money::from_paise(paise).unwrap_or_default().to_string();
            (
                state,
                serde_json::json!({"payouts": rows, "amount": amount}),
            )
        })
        .collect();
    let mut end = Record::new("end");
    end.put("payouts", &payouts)?;
    end.put("facts", &facts)?;
    end.put("states", &states)?;
    end.write(out)?;
    Ok(payouts.unwrap_or(0) + facts + 2)
}

fn write_batch(steady: &Steady, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut record = Record(format!("{EXPORT_START}{LAYOUT}"));
    record.put("checkpoint_format", &steady.format)?;
    for (key, value) in steady.meta()? {
        if key == "header" {
            record.raw(&key, &value);
        } else {
            record.put(&key, &value)?;
        }
    }
    record.write(out)
}

/// Writes a line of the file; the payout's state and paise.
fn write_record(
    kind: &str,
    line: &Line<'_>,
    path: &Path,
    out: &mut dyn Write,
) -> anyhow::Result<(&'static str, i64)> {
    let mut record = Record::new(kind);
    let (mut state, mut paise) = ("", 0);
    line.each(|name, value| {
        if name.ends_with(SEALS) {
            return Ok(());
        }
        match (name, value) {
            ("state", ValueRef::Integer(code)) => {
                state = state_word(code, path)?;
                record.put(name, &state)
            }
            ("amount", ValueRef::Integer(amount)) => {
                paise = amount;
                let amount = Money::from_paise(amount).unwrap_or_default();
                record.put(name, &amount.to_string())
            }
            ("phone", ValueRef::Integer(phone)) => record.put(name, &phone.to_string()),
            // 64 bits do not fit every reader's numbers.
            ("terms", ValueRef::Integer(terms)) => record.put(name, &format!("{terms:016x}")),
            (_, ValueRef::Integer(ms)) if TIMES.contains(&name) => record.put(name, &time(ms)),
            (_, ValueRef::Integer(number)) => record.put(name, &number),
            (_, ValueRef::Text(text)) => {
                let text = String::from_utf8_lossy(text);
                if JSON.contains(&name) && is_json(&text) {
                    record.raw(name, &text);
                    Ok(())
                } else {
                    record.put(name, &text)
                }
            }
            (_, ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_)) => {
                record.put(name, &None::<u8>)
            }
        }
    })?;
    record.write(out)?;
    Ok((state, paise))
}

/// What stands in the file is JSON that this program wrote, on one line; a file that somebody edited may hold anything.
fn is_json(text: &str) -> bool {
    !text.contains(['\n', '\r']) && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

fn time(ms: i64) -> Option<String> {
    Timestamp::from_millisecond(ms)
        .ok()
        .map(|at| at.to_string())
}

/// One line under construction.
struct Record(String);

impl Record {
    fn new(kind: &str) -> Record {
        Record(format!("{{\"record\":\"{kind}\""))
    }

    fn put(&mut self, key: &str, value: &impl serde::Serialize) -> anyhow::Result<()> {
        let value = serde_json::to_string(value)?;
        self.raw(key, &value);
        Ok(())
    }

    /// Keys are columns and keys of our own: none needs an escape.
    fn raw(&mut self, key: &str, json: &str) {
        // Writing to a string cannot fail.
        let _ = write!(self.0, ",\"{key}\":{json}");
    }

    fn write(mut self, out: &mut dyn Write) -> anyhow::Result<()> {
        self.0.push_str("}\n");
        Ok(out.write_all(self.0.as_bytes())?)
    }
}
