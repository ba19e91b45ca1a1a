//! How a number is said. Integers throughout: a ratio is told in thousandths.

use std::fmt;
use std::time::Duration;

/// One measured number.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    what: String,
    found: String,
    held_to: Option<(String, bool)>,
}

impl Figure {
    /// A number that must hold.
    pub(crate) fn held(
        what: impl Into<String>,
        found: impl Into<String>,
        held_to: impl Into<String>,
        holds: bool,
    ) -> Figure {
        Figure {
            what: what.into(),
            found: found.into(),
            held_to: Some((held_to.into(), holds)),
        }
    }

    /// A number that explains another.
    pub(crate) fn told(what: impl Into<String>, found: impl Into<String>) -> Figure {
        Figure {
            what: what.into(),
            found: found.into(),
            held_to: None,
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "  {:<52} {:>16}", self.what, self.found)?;
        match &self.held_to {
            Some((held_to, true)) => write!(out, "   {held_to:<22} holds"),
            Some((held_to, false)) => write!(out, "   {held_to:<22} MISSED"),
            None => Ok(()),
        }
    }
}

/// Thousandths of `part` in `whole`, rounded up: nothing holds by rounding that is held to a most.
pub(crate) fn thousandths_up(part: u128, whole: u128) -> u128 {
    (part * 1_000).div_ceil(whole.max(1))
}

/// Thousandths of `part` in `whole`, rounded down.
pub(crate) fn thousandths(part: u128, whole: u128) -> u128 {
    part * 1_000 / whole.max(1)
}

/// `1.016`
pub(crate) fn ratio(thousandths: u128) -> String {
    format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000)
}

/// `61.204 s`
pub(crate) fn seconds(span: Duration) -> String {
    format!("{}.{:03} s", span.as_secs(), span.subsec_millis())
}

/// `41.3 ms`
pub(crate) fn millis(span: Duration) -> String {
    let tenths = span.as_micros() / 100;
    format!("{}.{} ms", tenths / 10, tenths % 10)
}

/// `48.2 MiB`
pub(crate) fn mebibytes(kib: u64) -> String {
    format!("{}.{} MiB", kib / 1024, kib % 1024 * 10 / 1024)
}

/// So many in a second.
pub(crate) fn per_second(count: u64, span: Duration) -> u128 {
    u128::from(count) * 1_000_000 / span.as_micros().max(1)
}

/// The middle one.
pub(crate) fn median<T: Ord + Copy>(mut values: Vec<T>) -> T {
    values.sort();
    values[values.len() / 2]
}
