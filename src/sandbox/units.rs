//! How shares, spans of time and latencies are written in options: `2%`, `0.5%`, `200ms`, `2s`, `1s..10s`, `200ms±100ms`.
//!
//! All are integers (parts per million, microseconds): a decision drawn from them is the same on every machine.

use super::chance;
use std::str::FromStr;

/// Parts per million in a percent.
const PERCENT: u32 = 10_000;
/// Decimals of a percentage that still make a whole number of parts per million.
const PERCENT_DECIMALS_MAX: usize = 4;
/// Longest span that is read: a year. Longer is a slip of the finger.
const SPAN_MAX_US: u64 = 366 * 24 * 3_600 * 1_000_000;

/// A share of something, in parts per million.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(u32);

impl Share {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// All of it.
    pub const ALL: Self = Self(100 * PERCENT);

    /// A whole number of percent; more than 100 is all.
    pub const fn percent(percent: u32) -> Self {
        if percent > 100 {
            Self::ALL
        } else {
            Self(percent * PERCENT)
        }
    }

    /// Parts per million.
    pub const fn parts_per_million(self) -> u32 {
        self.0
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is not a share: write a percentage from 0% to 100%, such as 2% or 0.5%"
            )
        };
        let number = text.trim().strip_suffix('%').ok_or_else(wrong)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole)
            || !digits(fraction)
            || whole.len() > 3
            || fraction.len() > PERCENT_DECIMALS_MAX
        {
            return Err(wrong());
        }
        let joined: u32 = format!("{whole}{fraction:0<PERCENT_DECIMALS_MAX$}")
            .parse()
            .map_err(|_| wrong())?;
        if joined > Self::ALL.0 {
            Err(wrong())
        } else {
            Ok(Self(joined))
        }
    }
}

/// A span of time in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(u64);

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// A span of so many milliseconds.
    pub const fn millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// A span of so many seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// A span of so many microseconds.
    pub const fn micros_of(micros: u64) -> Self {
        Self(micros)
    }

    /// Its microseconds.
    pub const fn micros(self) -> u64 {
        self.0
    }

    /// Both, one after the other.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Its microseconds, for sums with instants.
    pub(super) fn signed(self) -> i64 {
        i64::try_from(self.0).unwrap_or(i64::MAX)
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a span of time: write it as 200ms, 2s, 5m or 1h");
        let trimmed = text.trim();
        let unit_at = trimmed
            .find(|c: char| !c.is_ascii_digit())
            .ok_or_else(wrong)?;
        let (number, unit) = trimmed.split_at(unit_at);
        let scale = match unit {
            "us" => 1,
            "ms" => 1_000,
            "s" => 1_000_000,
            "m" => 60_000_000,
            "h" => 3_600_000_000,
            _ => return Err(wrong()),
        };
        let micros = number
            .parse::<u64>()
            .ok()
            .and_then(|n| n.checked_mul(scale))
            .ok_or_else(wrong)?;
        if micros > SPAN_MAX_US {
            Err(wrong())
        } else {
            Ok(Self(micros))
        }
    }
}

/// A span drawn anew each time: `2s`, or `1s..10s`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Between {
    /// The shortest.
    pub from: Span,
    /// The longest.
    pub to: Span,
}

impl Between {
    /// Draws one, evenly.
    pub(super) fn pick(self, seed: u64, purpose: &str, key: &[u8]) -> Span {
        let width = self.to.0.saturating_sub(self.from.0).saturating_add(1);
        Span(
            self.from
                .0
                .saturating_add(chance::below(seed, purpose, key, width)),
        )
    }
}

impl FromStr for Between {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (from, to) = text.split_once("..").unwrap_or((text, text));
        let (from, to) = (from.parse()?, to.parse()?);
        if from > to {
            Err(format!(
                "`{text}` runs backwards: the shorter span comes first"
            ))
        } else {
            Ok(Self { from, to })
        }
    }
}

/// How long a reply takes: `200ms`, or `200ms±100ms` (also `200ms+-100ms`), drawn evenly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latency(Between);

impl Latency {
    /// Draws one for request number `number`.
    pub(super) fn pick(self, seed: u64, number: u64) -> Span {
        self.0.pick(seed, "latency", &number.to_le_bytes())
    }
}

impl FromStr for Latency {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('±').or_else(|| text.split_once("+-"));
        let (middle, spread) = parts.unwrap_or((text, "0ms"));
        let (middle, spread): (Span, Span) = (middle.parse()?, spread.parse()?);
        if spread > middle {
            return Err(format!(
                "`{text}` would make replies come before their requests: the spread is larger than the latency"
            ));
        }
        Ok(Self(Between {
            from: Span(middle.0.saturating_sub(spread.0)),
            to: Span(middle.0.saturating_add(spread.0)),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_parts_per_million() {
        for (text, ppm) in [
            ("2%", 20_000),
            ("0.5%", 5_000),
            ("100%", 1_000_000),
            ("0.0001%", 1),
            ("0%", 0),
        ] {
            assert_eq!(
                text.parse::<Share>().unwrap().parts_per_million(),
                ppm,
                "{text}"
            );
        }
        for bad in ["2", "101%", "100.1%", "-1%", "%", ".5%", "0.00001%", "x%"] {
            assert!(
                bad.parse::<Share>().unwrap_err().contains("not a share"),
                "{bad}"
            );
        }
    }

    #[test]
    fn spans_need_their_unit() {
        for (text, micros) in [
            ("200ms", 200_000),
            ("2s", 2_000_000),
            ("5m", 300_000_000),
            ("0ms", 0),
            ("7us", 7),
        ] {
            assert_eq!(text.parse::<Span>().unwrap().micros(), micros, "{text}");
        }
        for bad in ["", "2", "s", "-1s", "2 s", "1.5s", "9999999h", "2d"] {
            assert!(
                bad.parse::<Span>().unwrap_err().contains("not a span"),
                "{bad}"
            );
        }
    }

    #[test]
    fn latencies_stay_within_their_spread() {
        let latency: Latency = "200ms±100ms".parse().unwrap();
        assert_eq!(latency, "200ms+-100ms".parse().unwrap());
        for number in 0..1_000 {
            let micros = latency.pick(3, number).micros();
            assert!((100_000..=300_000).contains(&micros), "{micros}");
        }
        assert!("1s±2s".parse::<Latency>().is_err());
        assert!(
            "3s..1s"
                .parse::<Between>()
                .unwrap_err()
                .contains("backwards")
        );
    }
}
