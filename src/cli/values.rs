//! The values that options take, read from text alike whether typed, set as an environment variable or written in
//! `paysheet.toml`. PURE.
//!
//! Deliberately absent: which option takes which value (`args`), and what a combination of them means (`settings`).

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use crate::domain::Money;
use crate::engine;
use crate::sheet::{CHARSETS, Charset, DELIMITERS, Field};

/// Most requests in one unit of a rate: far above any documented limit, and no pacer overflows on it.
const RATE_MAX: u32 = 1_000_000;
/// Longest duration that an option takes: a week. A longer one is a slip of the unit.
const DURATION_MAX: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Most requests in flight: each holds a connection, and systems commonly allow 1,024 open files.
const CONCURRENCY_MAX: u32 = 512;
/// Most attempts for one payout in one run: beyond it the gateway is not going to change its mind.
const ATTEMPTS_MAX: u32 = 100;
/// The gateway refuses links that live longer.
const EXPIRES_IN_DAYS_MAX: u32 = 30;
/// Most rows a control total may name; no sheet comes near it.
const COUNT_MAX: u32 = 100_000_000;
/// Longest wait for one reply: beyond it a create has long been decided.
const TIMEOUT_MAX: Duration = Duration::from_secs(600);

/// Where money would go: nowhere, to Cashfree's test system, or to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Environment {
    /// The embedded or served simulator: no account, no money.
    Sandbox,
    /// Cashfree's test system.
    Test,
    /// Real money.
    Production,
}

impl Environment {
    /// All environments, the harmless first.
    pub const ALL: [Environment; 3] = [
        Environment::Sandbox,
        Environment::Test,
        Environment::Production,
    ];

    /// The users' word.
    pub fn word(self) -> &'static str {
        match self {
            Environment::Sandbox => "sandbox",
            Environment::Test => "test",
            Environment::Production => "production",
        }
    }

    /// Cashfree's own address of the environment; the sandbox has none.
    pub fn own_base_url(self) -> Option<&'static str> {
        match self {
            Environment::Sandbox => None,
            Environment::Test => Some("https://payout-gamma.cashfree.com"),
            Environment::Production => Some("https://payout-api.cashfree.com"),
        }
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for Environment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        word(text, &Environment::ALL.map(|known| (known.word(), known)))
    }
}

/// How fast requests may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// As fast as they come: loopback only.
    Unlimited,
    /// So many in each such time.
    Limit {
        /// Requests.
        requests: NonZeroU32,
        /// A second or a minute.
        per: Duration,
    },
}

impl Rate {
    /// The limit in a few letters, such as `50/s`; none if there is none.
    pub fn limit(self) -> Option<String> {
        match self {
            Rate::Unlimited => None,
            Rate::Limit { requests, per } if per == Duration::from_secs(1) => {
                Some(format!("{requests}/s"))
            }
            Rate::Limit { requests, .. } => Some(format!("{requests}/min")),
        }
    }

    /// The pace that it means; `None` is as fast as possible.
    pub fn paced(self) -> Option<engine::Rate> {
        match self {
            Rate::Unlimited => None,
            Rate::Limit { requests, per } => Some(engine::Rate {
                count: requests,
                window: per,
            }),
        }
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (number, per) = match text.split_once('/') {
            None => (text, Some(1)),
            Some((number, "s")) => (number, Some(1)),
            Some((number, "m")) => (number, Some(60)),
            Some((number, _)) => (number, None),
        };
        let requests = digits(number).filter(|&requests| requests <= u64::from(RATE_MAX));
        let (Some(requests), Some(seconds)) = (requests, per) else {
            return Err(format!(
                "`{text}` is not a rate: write 50 or 50/s (a second), 3000/m (a minute), or 0 for no limit; \
                 at most {RATE_MAX}"
            ));
        };
        let requests = u32::try_from(requests).ok().and_then(NonZeroU32::new);
        Ok(requests.map_or(Rate::Unlimited, |requests| Rate::Limit {
            requests,
            per: Duration::from_secs(seconds),
        }))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rate::Unlimited => f.write_str("no limit"),
            Rate::Limit { requests, per } if per.as_secs() == 60 => write!(f, "{requests}/m"),
            Rate::Limit { requests, .. } => write!(f, "{requests}/s"),
        }
    }
}

/// Whether Cashfree messages the recipients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notify {
    /// It does, by SMS, e-mail or WhatsApp as the account is set up.
    Yes,
    /// It does not.
    No,
}

impl FromStr for Notify {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        word(text, &[("yes", Notify::Yes), ("no", Notify::No)])
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        word(
            text,
            &[("text", LogFormat::Text), ("json", LogFormat::Json)],
        )
    }
}

/// A duration: `500ms`, `30s`, `15m`, `2h`, `1d`; a plain number is seconds.
///
/// # Errors
///
/// What is wrong with the text, and how to write it.
pub fn duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let unit_at = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(unit_at).unwrap_or((text, ""));
    let of = |unit_millis: u64| digits(number)?.checked_mul(unit_millis);
    let millis = match unit {
        "ms" => of(1),
        "" | "s" => of(1_000),
        "m" => of(60_000),
        "h" => of(3_600_000),
        "d" => of(86_400_000),
        _ => None,
    };
    millis
        .map(Duration::from_millis)
        .filter(|duration| *duration <= DURATION_MAX)
        .ok_or_else(|| {
            format!(
                "`{text}` is not a duration: write 500ms, 30s, 15m or 2h (a plain number is seconds), at most 7d"
            )
        })
}

/// A duration that is not zero: for waits that would otherwise be no wait at all.
///
/// # Errors
///
/// What is wrong with the text.
pub fn interval(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        short if short < Duration::from_secs(1) => {
            Err(format!("`{text}` is too short: at least 1s"))
        }
        long => Ok(long),
    }
}

/// How long to wait for one reply.
///
/// # Errors
///
/// What is wrong with the text.
pub fn timeout(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("a timeout of 0 would give up before asking: at least 1ms".into()),
        long if long > TIMEOUT_MAX => Err(format!("`{text}` is too long: at most 10m")),
        fit => Ok(fit),
    }
}

/// A control total.
///
/// # Errors
///
/// What is wrong with the text.
pub fn total(text: &str) -> Result<Money, String> {
    Money::parse_total(text).map_err(|fault| fault.to_string())
}

/// A limit for one payout.
///
/// # Errors
///
/// What is wrong with the text.
pub fn amount(text: &str) -> Result<Money, String> {
    Money::parse(text).map_err(|fault| fault.to_string())
}

/// Rows expected.
///
/// # Errors
///
/// What is wrong with the text.
pub fn count(text: &str) -> Result<u64, String> {
    between(text, 0, COUNT_MAX).map(u64::from)
}

/// Requests in flight at once.
///
/// # Errors
///
/// What is wrong with the text.
pub fn concurrency(text: &str) -> Result<u32, String> {
    between(text, 1, CONCURRENCY_MAX)
}

/// Attempts per payout and run.
///
/// # Errors
///
/// What is wrong with the text.
pub fn attempts(text: &str) -> Result<u32, String> {
    between(text, 1, ATTEMPTS_MAX)
}

/// Days that a link lives.
///
/// # Errors
///
/// What is wrong with the text.
pub fn expires_in(text: &str) -> Result<u32, String> {
    between(text, 1, EXPIRES_IN_DAYS_MAX)
}

/// An encoding.
///
/// # Errors
///
/// What is wrong with the text.
pub fn encoding(text: &str) -> Result<Charset, String> {
    word(&text.to_ascii_lowercase(), &CHARSETS)
}

/// What separates cells, by name or itself.
///
/// # Errors
///
/// What is wrong with the text.
pub fn delimiter(text: &str) -> Result<u8, String> {
    let itself = DELIMITERS
        .iter()
        .find(|(_, byte)| text.as_bytes() == [*byte]);
    match itself {
        Some((_, byte)) => Ok(*byte),
        None => word(text, &DELIMITERS),
    }
}

/// A field and the column that stands for it: `phone=Mobile 1`.
///
/// # Errors
///
/// What is wrong with the text.
pub fn mapping(text: &str) -> Result<(Field, String), String> {
    let (field, column) = text.split_once('=').unwrap_or((text, ""));
    let column = column.trim();
    match Field::named(field.trim()) {
        Some(field) if !column.is_empty() => Ok((field, column.to_owned())),
        Some(_) => Err(format!(
            "`{text}` names no column: write {field}=\"Its Column\""
        )),
        None => Err(format!(
            "`{text}` names no field: write phone=\"Mobile 1\"; the fields are {}",
            Field::names().join(", ")
        )),
    }
}

/// Fields and columns in one text, as a file has them: `phone=Mobile 1; name=Payee`.
///
/// # Errors
///
/// What is wrong with the text.
pub fn mappings(text: &str) -> Result<Vec<(Field, String)>, String> {
    text.split(';').map(mapping).collect()
}

/// Yes or no.
///
/// # Errors
///
/// What is wrong with the text.
pub fn yes_or_no(text: &str) -> Result<bool, String> {
    word(text, &[("yes", true), ("no", false)])
}

/// A seed of the simulator.
///
/// # Errors
///
/// What is wrong with the text.
pub fn seed(text: &str) -> Result<u64, String> {
    digits(text.trim()).ok_or_else(|| format!("`{text}` is not a whole number"))
}

/// A whole number without a sign: `u64::from_str` alone would take `+5`.
fn digits(text: &str) -> Option<u64> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten()
}

fn between(text: &str, min: u32, max: u32) -> Result<u32, String> {
    digits(text.trim())
        .and_then(|number| u32::try_from(number).ok())
        .filter(|number| (min..=max).contains(number))
        .ok_or_else(|| format!("`{text}` is not a whole number from {min} to {max}"))
}

fn word<T: Copy>(text: &str, known: &[(&str, T)]) -> Result<T, String> {
    let found = known.iter().find(|(word, _)| *word == text.trim());
    found.map(|(_, value)| *value).ok_or_else(|| {
        let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
        format!("`{text}` is none of these: {}", words.join(", "))
    })
}

#[cfg(test)]
mod tests;
