//! What happens to a batch as a whole, kept among the facts as those of payout 0: for people who ask later how a run went.
//!
//! Deliberately absent: any use of it. No state follows from a note, and a batch without one is as good as any.

use std::num::NonZeroU32;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::Connection;

/// No payout has this number.
pub(super) const BATCH: i64 = 0;

/// Something that happened to the batch as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A run began.
    Began {
        /// When.
        at: Timestamp,
        /// At most so many requests in such a time; `None` is as fast as possible.
        rate: Option<(NonZeroU32, Duration)>,
    },
    /// Nothing is sent for a while.
    Paused {
        /// When.
        at: Timestamp,
        /// Why.
        pause: PauseNote,
        /// For how long, as far as was known.
        wait: Duration,
    },
    /// Sending goes on.
    Resumed {
        /// When.
        at: Timestamp,
    },
}

/// Why nothing was sent for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PauseNote {
    /// The gateway asked for it.
    Throttled,
    /// The gateway was out of reach.
    OutOfReach,
    /// All was sent; payouts in doubt waited for their look-up.
    Settling,
}

impl PauseNote {
    /// Every reason there is.
    const ALL: [PauseNote; 3] = [
        PauseNote::Throttled,
        PauseNote::OutOfReach,
        PauseNote::Settling,
    ];

    /// How it is spelled in the file.
    fn word(self) -> &'static str {
        match self {
            PauseNote::Throttled => "throttled",
            PauseNote::OutOfReach => "out_of_reach",
            PauseNote::Settling => "settling",
        }
    }
}

impl Note {
    pub(super) fn insert(&self, conn: &Connection) -> rusqlite::Result<()> {
        let (at, kind, detail) = match self {
            Note::Began { at, rate } => {
                let detail = rate.map(|(count, window)| {
                    let window_ms = u64::try_from(window.as_millis()).unwrap_or(u64::MAX);
                    serde_json::json!({"rate": count.get(), "window_ms": window_ms})
                });
                (at, "began", detail)
            }
            Note::Paused { at, pause, wait } => {
                let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
                let detail = serde_json::json!({"why": pause.word(), "wait_ms": wait_ms});
                (at, "paused", Some(detail))
            }
            Note::Resumed { at } => (at, "resumed", None),
        };
        let detail = detail.map(|object| object.to_string());
        conn.prepare_cached("INSERT INTO facts (payout, at, kind, detail) VALUES (?1, ?2, ?3, ?4)")?
            .execute((BATCH, at.as_millisecond(), kind, detail))
            .map(|_| ())
    }

    /// What [`Note::insert`] wrote; `None` for anything else.
    pub(super) fn read(at_ms: i64, kind: &str, detail: &str) -> Option<Note> {
        let at = Timestamp::from_millisecond(at_ms).ok()?;
        let detail: serde_json::Value = serde_json::from_str(detail).unwrap_or_default();
        let number = |key: &str| detail.get(key).and_then(serde_json::Value::as_u64);
        match kind {
            "began" => {
                let count = number("rate").and_then(|count| u32::try_from(count).ok());
                let rate = count.and_then(NonZeroU32::new).zip(number("window_ms"));
                let rate = rate.map(|(count, ms)| (count, Duration::from_millis(ms)));
                Some(Note::Began { at, rate })
            }
            "paused" => {
                let why = detail.get("why").and_then(serde_json::Value::as_str)?;
                let pause = PauseNote::ALL
                    .into_iter()
                    .find(|pause| pause.word() == why)?;
                let wait = Duration::from_millis(number("wait_ms").unwrap_or(0));
                Some(Note::Paused { at, pause, wait })
            }
            "resumed" => Some(Note::Resumed { at }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::{Binding, FactRow, Store};

    #[test]
    fn what_is_noted_is_read_back() {
        let at = Timestamp::from_millisecond(1_790_000_000_123).unwrap();
        let wait = Duration::from_millis(2_500);
        let mut notes = vec![
            Note::Began {
                at,
                rate: NonZeroU32::new(50).map(|count| (count, Duration::from_secs(1))),
            },
            Note::Began { at, rate: None },
            Note::Resumed { at },
        ];
        notes.extend(PauseNote::ALL.map(|pause| Note::Paused { at, pause, wait }));
        let folder = tempfile::tempdir().unwrap();
        let binding = Binding {
            environment: "sandbox".to_owned(),
            host: "here".to_owned(),
            account: "me".to_owned(),
            batch: "june".to_owned(),
        };
        let path = folder.path().join("june.db");
        let mut store = Store::create(&path, &binding, false).unwrap();
        store.record_noted(&[], &notes).unwrap();
        let reading = Store::open_reading(&path, "sandbox", "june").unwrap();
        let mut read = Vec::new();
        reading
            .each_fact(|fact| {
                if let FactRow::OfBatch(note) = fact {
                    read.push(note);
                }
            })
            .unwrap();
        assert_eq!(read, notes);
        for (kind, detail) in [("paused", "{}"), ("paused", "x"), ("sending", "")] {
            assert_eq!(Note::read(0, kind, detail), None, "{kind} {detail}");
        }
    }
}
