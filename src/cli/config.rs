//! `paysheet.toml`: options in a file, for all environments or for one.
//!
//! The file is walked key by key rather than deserialised, so that every refusal names file, line, column and
//! remedy, and so that values are read by the functions that read the command line. Deliberately absent: `batch`,
//! `checkpoint`, `results`, `yes` and whatever lifts a guard. They belong to one run, and a file that lies about
//! would go on answering for a person who has forgotten it.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::args::{AfterArgs, ControlArgs, EmbeddedArgs, GatewayArgs, LayoutArgs};
use super::exit::Ending;
use super::values::{self, Environment, LogFormat, Notify};

/// The file looked for in the working folder.
pub const FILE_NAME: &str = "paysheet.toml";
/// Largest file read: a thousand times what all options take.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Options of one run only.
const PER_RUN: [&str; 10] = [
    "batch",
    "checkpoint",
    "results",
    "yes",
    "json",
    "dry-run",
    "watch",
    "verbose",
    "quiet",
    "config",
];
/// Options that lift a guard.
const GUARDS: [&str; 5] = [
    "skip-invalid",
    "allow-duplicates",
    "adopt",
    "new-payment",
    "reopen",
];
/// Options that decide who is handed the credentials. Whoever can drop a file into a folder of sheets must not.
const NAMED_FILE_ONLY: [&str; 4] = ["base-url", "credentials", "proxy", "ca-file"];

/// The option that runs a program.
const RUNS_A_PROGRAM: &str = "notify-command";

/// The options that [`put`] sets.
const KNOWN: [&str; 32] = [
    "env",
    "log-format",
    "notify",
    "expect-count",
    "expect-total",
    "max-amount",
    "expires-in",
    "sheet-name",
    "encoding",
    "delimiter",
    "map",
    "strict",
    "base-url",
    "credentials",
    "public-key",
    "proxy",
    "ca-file",
    "rate",
    "concurrency",
    "max-attempts",
    "timeout",
    "settle",
    "give-up-after",
    "sandbox-latency",
    "sandbox-fault",
    "sandbox-rate-limit",
    "sandbox-balance",
    "sandbox-seed",
    "sandbox-links",
    "metrics",
    "notify-command",
    "notify-timeout",
];

/// How the file came to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// `--config` or `PAYSHEET_CONFIG` names it.
    Named,
    /// It was found in the working folder.
    Found,
}

/// The options that may stand in a file, where one source may be laid over another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layer {
    /// `env`
    pub env: Option<Environment>,
    /// `log-format`
    pub log_format: Option<LogFormat>,
    /// `notify`
    pub notify: Option<Notify>,
    /// Control totals.
    pub controls: ControlArgs,
    /// The gateway.
    pub gateway: GatewayArgs,
    /// The embedded simulator.
    pub embedded: EmbeddedArgs,
    /// What is wanted afterwards.
    pub after: AfterArgs,
}

/// Writes `or`: each field from the upper layer, else from the one below. A field left out does not compile.
macro_rules! layered {
    ($layer:ident { $($field:ident),+ $(,)? }) => {
        impl $layer {
            /// These options, and where one is missing the one of `below`.
            pub fn or(self, below: $layer) -> $layer {
                $layer { $($field: self.$field.or(below.$field)),+ }
            }
        }
    };
}

layered!(Layer {
    env,
    log_format,
    notify,
    controls,
    gateway,
    embedded,
    after
});
layered!(AfterArgs {
    metrics,
    notify_command,
    notify_timeout
});
layered!(ControlArgs {
    expect_count,
    expect_total,
    max_amount,
    expires_in,
    sheet_name,
    layout
});
layered!(LayoutArgs {
    encoding,
    delimiter,
    map,
    strict
});
layered!(GatewayArgs {
    base_url,
    credentials,
    public_key,
    proxy,
    ca_file,
    rate,
    concurrency,
    max_attempts,
    timeout,
    settle,
    give_up_after,
});
layered!(EmbeddedArgs {
    sandbox_latency,
    sandbox_faults,
    sandbox_rate_limit,
    sandbox_balance,
    sandbox_seed,
    sandbox_links,
});

/// A configuration file, read and judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    top: Layer,
    sandbox: Layer,
    test: Layer,
    production: Layer,
}

impl Config {
    /// Reads the file that `named` names, else the one in the folder `working`, else nothing.
    ///
    /// # Errors
    ///
    /// A named file that is not there, a file that cannot be read, or one that says what it must not.
    pub fn load(named: Option<&Path>, working: &Path) -> Result<Config, Ending> {
        let (path, trust) = match named {
            Some(path) => (path.to_path_buf(), Trust::Named),
            None => (working.join(FILE_NAME), Trust::Found),
        };
        let mut text = String::new();
        let read =
            File::open(&path).and_then(|file| file.take(FILE_BYTES_MAX).read_to_string(&mut text));
        match (read, trust) {
            (Ok(_), _) => Config::parse(&text, &path, trust),
            (Err(error), Trust::Found) if error.kind() == ErrorKind::NotFound => {
                Ok(Config::default())
            }
            (Err(error), _) => Err(Ending::stopped(
                format!("cannot read the configuration {}: {error}", path.display()),
                "see that it is there, readable and UTF-8",
            )),
        }
    }

    /// Reads the text of a file; `path` is named in refusals, and relative paths in it start beside it.
    ///
    /// # Errors
    ///
    /// Whatever is not TOML, not an option, or must not stand in such a file.
    pub fn parse(text: &str, path: &Path, trust: Trust) -> Result<Config, Ending> {
        let reading = Reading { text, path, trust };
        let document = DeTable::parse(text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            reading.refuse(span, error.message(), "mend the line")
        })?;
        let mut config = Config::default();
        for (key, value) in document.get_ref() {
            let name = key.get_ref().as_ref();
            match (config.table(name), value.get_ref()) {
                (Some(layer), DeValue::Table(table)) => {
                    for (key, value) in table {
                        reading.set(layer, Place::Table, key, value)?;
                    }
                }
                (Some(_), _) => {
                    let message = format!("`{name}` is a table of options, not an option");
                    let remedy = format!("write [{name}] and the options below it");
                    return Err(reading.refuse(key.span(), &message, &remedy));
                }
                (None, _) => reading.set(&mut config.top, Place::Top, key, value)?,
            }
        }
        Ok(config)
    }

    /// The environment that the file chooses.
    pub fn env(&self) -> Option<Environment> {
        self.top.env
    }

    /// Whether it names credentials, for whatever environment.
    pub fn has_credentials(&self) -> bool {
        let layers = [&self.top, &self.sandbox, &self.test, &self.production];
        layers
            .iter()
            .any(|layer| layer.gateway.credentials.is_some())
    }

    /// The options for an environment: its own table over the top level.
    pub fn layer(self, env: Environment) -> Layer {
        let table = match env {
            Environment::Sandbox => self.sandbox,
            Environment::Test => self.test,
            Environment::Production => self.production,
        };
        table.or(self.top)
    }

    fn table(&mut self, name: &str) -> Option<&mut Layer> {
        match name {
            "sandbox" => Some(&mut self.sandbox),
            "test" => Some(&mut self.test),
            "production" => Some(&mut self.production),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Top,
    Table,
}

type Key<'a> = toml::Spanned<std::borrow::Cow<'a, str>>;
type Value<'a> = toml::Spanned<DeValue<'a>>;

struct Reading<'a> {
    text: &'a str,
    path: &'a Path,
    trust: Trust,
}

impl Reading<'_> {
    fn set(
        &self,
        layer: &mut Layer,
        place: Place,
        key: &Key<'_>,
        value: &Value<'_>,
    ) -> Result<(), Ending> {
        let name = key.get_ref().as_ref();
        self.permit(name, place)
            .map_err(|(message, remedy)| self.refuse(key.span(), &message, &remedy))?;
        let text = plain(value.get_ref()).map_err(|message| {
            let message = format!("`{name}`: {message}");
            self.refuse(
                value.span(),
                &message,
                "write it as on the command line, in quotes",
            )
        })?;
        let beside = self.path.parent().unwrap_or(Path::new(""));
        put(layer, name, &text, beside).map_err(|why| {
            let message = format!("`{name}`: {why}");
            self.refuse(value.span(), &message, "mend the value")
        })
    }

    /// Message and remedy if this key may not stand here.
    fn permit(&self, name: &str, place: Place) -> Result<(), (String, String)> {
        let refuse = |why: &str, remedy: &str| Err((format!("`{name}` {why}"), remedy.to_owned()));
        if PER_RUN.contains(&name) {
            refuse(
                "belongs to one run and is never read from a file",
                "give it on the command line",
            )
        } else if GUARDS.contains(&name) {
            refuse(
                "lifts a guard and is never read from a file",
                "give it on the command line of the run that needs it",
            )
        } else if NAMED_FILE_ONLY.contains(&name) && self.trust == Trust::Found {
            refuse(
                "decides who is handed the credentials and is not read from a file that was merely found in the \
                 working folder",
                "name the file with --config, or give the option on the command line",
            )
        } else if name == RUNS_A_PROGRAM && self.trust == Trust::Found {
            refuse(
                "runs a program and is not read from a file that was merely found in the working folder",
                "name the file with --config, or give the option on the command line",
            )
        } else if !KNOWN.contains(&name) {
            let remedy = format!("the options that a file may hold are {}", KNOWN.join(", "));
            refuse("is not an option", &remedy)
        } else if name == "env" && place == Place::Table {
            refuse(
                "chooses the table and cannot stand in one",
                "move it above the first table",
            )
        } else {
            Ok(())
        }
    }

    fn refuse(&self, span: Range<usize>, message: &str, remedy: &str) -> Ending {
        let (line, column) = line_and_column(self.text, span.start);
        let message = message.replace('\n', ", ");
        Ending::stopped(
            format!("{}:{line}:{column}: {message}", self.path.display()),
            remedy,
        )
    }
}

/// Both count from 1, columns in characters.
fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count().saturating_add(1);
    let last = before.rsplit('\n').next().unwrap_or("");
    (line, last.chars().count().saturating_add(1))
}

/// The value as it would be typed. A float's digits are taken as text: no amount passes through a float.
fn plain(value: &DeValue<'_>) -> Result<String, &'static str> {
    match value {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Ok(number.as_str().to_owned()),
        DeValue::Integer(_) => Err("a number is written in decimal digits"),
        DeValue::Float(number) => Ok(number.as_str().to_owned()),
        DeValue::Boolean(true) => Ok("yes".to_owned()),
        DeValue::Boolean(false) => Ok("no".to_owned()),
        DeValue::Datetime(_) => Err("a date is not a value of any option"),
        DeValue::Array(_) | DeValue::Table(_) => Err("one value is wanted here"),
    }
}

fn fill<T>(slot: &mut Option<T>, value: Result<T, String>) -> Result<(), String> {
    *slot = Some(value?);
    Ok(())
}

/// Sets one option.
fn put(layer: &mut Layer, name: &str, text: &str, beside: &Path) -> Result<(), String> {
    let path = || -> Result<PathBuf, String> { Ok(beside.join(text)) };
    let word = || -> Result<String, String> { Ok(text.to_owned()) };
    let Layer {
        controls,
        gateway,
        embedded,
        after,
        ..
    } = layer;
    match name {
        "env" => fill(&mut layer.env, text.parse()),
        "log-format" => fill(&mut layer.log_format, text.parse()),
        "notify" => fill(&mut layer.notify, text.parse()),
        "expect-count" => fill(&mut controls.expect_count, values::count(text)),
        "expect-total" => fill(&mut controls.expect_total, values::total(text)),
        "max-amount" => fill(&mut controls.max_amount, values::amount(text)),
        "encoding" => fill(&mut controls.layout.encoding, values::encoding(text)),
        "delimiter" => fill(&mut controls.layout.delimiter, values::delimiter(text)),
        "map" => fill(&mut controls.layout.map, values::mappings(text)),
        "strict" => fill(&mut controls.layout.strict, values::yes_or_no(text)),
        "sheet-name" => fill(&mut controls.sheet_name, word()),
        "expires-in" => fill(&mut controls.expires_in, values::expires_in(text)),
        "base-url" => fill(&mut gateway.base_url, word()),
        "credentials" => fill(&mut gateway.credentials, path()),
        "public-key" => fill(&mut gateway.public_key, path()),
        "proxy" => fill(&mut gateway.proxy, word()),
        "ca-file" => fill(&mut gateway.ca_file, path()),
        "rate" => fill(&mut gateway.rate, text.parse()),
        "concurrency" => fill(&mut gateway.concurrency, values::concurrency(text)),
        "max-attempts" => fill(&mut gateway.max_attempts, values::attempts(text)),
        "timeout" => fill(&mut gateway.timeout, values::timeout(text)),
        "settle" => fill(&mut gateway.settle, values::duration(text)),
        "give-up-after" => fill(&mut gateway.give_up_after, values::duration(text)),
        "sandbox-latency" => fill(&mut embedded.sandbox_latency, word()),
        "sandbox-fault" => fill(&mut embedded.sandbox_faults, word()),
        "sandbox-rate-limit" => fill(&mut embedded.sandbox_rate_limit, word()),
        "sandbox-balance" => fill(&mut embedded.sandbox_balance, word()),
        "sandbox-seed" => fill(&mut embedded.sandbox_seed, values::seed(text)),
        "sandbox-links" => fill(&mut embedded.sandbox_links, word()),
        "metrics" => fill(&mut after.metrics, path()),
        "notify-command" => fill(&mut after.notify_command, word()),
        "notify-timeout" => fill(&mut after.notify_timeout, values::timeout(text)),
        _ => Err(format!("`{name}` is not an option")),
    }
}

#[cfg(test)]
mod tests;
