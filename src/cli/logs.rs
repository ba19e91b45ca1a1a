//! Log records on stderr, as text or as one JSON object a line, past the progress bar.
//!
//! The last net for personal data hangs here: whatever a record holds, phones and tokens in it are masked, in the
//! message and in every field. Fields that carry ids keep their digits, or nobody could look a payment up.
//! Deliberately absent: spans (a record says all it means by itself), colour, files.

mod mask;

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

use jiff::Timestamp;
use serde::ser::{SerializeMap as _, Serializer as _};
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

use crate::clock::Clock;
use crate::report::Screen;

use super::exit::Ending;
use super::settings::Voice;
use super::values::LogFormat;

/// The variable that says how records are written, `text` or `json`, and which are wanted, such as `paysheet=debug`;
/// both with a comma between them.
pub(super) const FILTER_VARIABLE: &str = "PAYSHEET_LOG";

/// Fields whose digits are looked up, not called.
const IDS: [&str; 4] = ["id", "reference", "cashgram_id", "reference_id"];

/// What the variable asks for: the format, and which records.
pub(super) fn asked(variable: Option<String>) -> (Option<LogFormat>, Option<String>) {
    let (mut format, mut filter) = (None, Vec::new());
    for word in variable.as_deref().unwrap_or_default().split(',') {
        match word.trim().parse() {
            Ok(known) => format = Some(known),
            Err(_) => filter.push(word.trim()),
        }
    }
    filter.retain(|word| !word.is_empty());
    (format, (!filter.is_empty()).then(|| filter.join(",")))
}

/// Starts logging for the whole process.
///
/// # Errors
///
/// A filter that cannot be read.
pub(super) fn start(voice: Voice, filter: Option<&str>, screen: Screen) -> Result<(), Ending> {
    let filter = wanted(voice, filter)?;
    let lines = Lines {
        format: voice.log_format,
        clock: Clock::System,
        write: move |line: &str| screen.raw(line),
    };
    let subscriber = tracing_subscriber::registry().with(filter).with(lines);
    // Only a second start in one process fails, and then the first one's records go on.
    drop(tracing::subscriber::set_global_default(subscriber));
    Ok(())
}

/// `-q` and `-v` beat the variable, which beats the default.
fn wanted(voice: Voice, filter: Option<&str>) -> Result<EnvFilter, Ending> {
    let directives = match (voice.quiet, voice.verbose, filter) {
        (true, _, _) => "error",
        (false, true, _) => "warn,paysheet=debug",
        (false, false, Some(filter)) => filter,
        (false, false, None) => "warn,paysheet=info",
    };
    EnvFilter::try_new(directives).map_err(|error| {
        Ending::usage(
            format!("{FILTER_VARIABLE} is not a filter: {error}"),
            "write it like paysheet=debug",
        )
    })
}

/// Formats records and hands them on, a line each.
struct Lines<W> {
    format: LogFormat,
    clock: Clock,
    write: W,
}

impl<S: Subscriber, W: Fn(&str) + 'static> Layer<S> for Lines<W> {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut record = Record::default();
        event.record(&mut record);
        let now = self.clock.now();
        let line = match self.format {
            LogFormat::Text => record.text(now, event.metadata()),
            LogFormat::Json => record.json(now, event.metadata()),
        };
        (self.write)(&line);
    }
}

/// What one record holds, masked as it is taken in.
#[derive(Default)]
struct Record {
    message: String,
    fields: Vec<(&'static str, Value)>,
}

impl Record {
    fn take(&mut self, field: &Field, text: &str) {
        let name = field.name();
        let masked = if IDS.contains(&name) {
            mask::tokens(text)
        } else {
            mask::all(text)
        };
        if name == "message" {
            self.message = masked;
        } else {
            self.fields.push((name, Value::from(masked)));
        }
    }

    /// A number stays a number unless it looks like a phone.
    fn number(&mut self, field: &Field, text: &str, value: Value) {
        if mask::all(text) == text || IDS.contains(&field.name()) {
            self.fields.push((field.name(), value));
        } else {
            self.take(field, text);
        }
    }

    fn text(&self, now: Timestamp, about: &Metadata<'_>) -> String {
        let mut line = format!(
            "{} {:>5} {}",
            stamp(now),
            about.level(),
            plain(&self.message)
        );
        for (name, value) in &self.fields {
            // Writing to a string cannot fail.
            let _ = match value.as_str().filter(|text| bare(text)) {
                Some(text) => write!(line, " {name}={text}"),
                None => write!(line, " {name}={value}"),
            };
        }
        line
    }

    fn json(&self, now: Timestamp, about: &Metadata<'_>) -> String {
        let mut bytes = Vec::new();
        let mut to = serde_json::Serializer::new(&mut bytes);
        let written = to.serialize_map(None).and_then(|mut map| {
            map.serialize_entry("time", &stamp(now))?;
            map.serialize_entry("level", &about.level().as_str().to_ascii_lowercase())?;
            map.serialize_entry("target", about.target())?;
            let message: Vec<&str> = self.message.lines().map(str::trim).collect();
            map.serialize_entry("message", &message.join(" "))?;
            let mut seen = BTreeSet::from(["time", "level", "target", "message"]);
            for (name, value) in &self.fields {
                // A key twice would make the object ambiguous.
                if seen.insert(name) {
                    map.serialize_entry(name, value)?;
                }
            }
            map.end()
        });
        match written {
            Ok(()) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(_) => String::from("{}"),
        }
    }
}

impl Visit for Record {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.take(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field, &value.to_string(), Value::from(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(field, &value.to_string(), Value::from(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.fields.push((field.name(), Value::from(value)));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.take(field, &format!("{value:?}"));
    }
}

fn stamp(now: Timestamp) -> String {
    now.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// One line, whatever a gateway wrote into it.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// Whether a value needs no quotes.
fn bare(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '"')
}

#[cfg(test)]
mod tests;
