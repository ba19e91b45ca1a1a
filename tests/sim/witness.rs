//! Reads the checkpoint from outside while our side lives: what is durable at this very moment.
//!
//! A second connection sees what was committed and nothing else, so it can swear that a `Sending` was on disk before
//! its request left. It reads SQL and shares no code with the checkpoint.

use std::path::Path;

use paysheet::domain::{History, State};
use paysheet::sandbox::{Cashgram, Moment};
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::audit::is_alive;

/// The stored codes of the states.
pub(crate) const INVALID: i64 = 0;
pub(crate) const READY: i64 = 1;
pub(crate) const UNKNOWN: i64 = 2;
pub(crate) const CREATED: i64 = 3;
pub(crate) const REJECTED: i64 = 4;
pub(crate) const CONFLICT: i64 = 5;
pub(crate) const CANCELLED: i64 = 6;
/// The bit of the history that says that a request is on its way.
const IN_FLIGHT: i64 = 1;
/// The bit that says that a 429 was answered, and no look-up has found nothing since.
const THROTTLED: i64 = 1 << 5;
/// The bit that says that it is to be stopped.
const CANCELLING: i64 = 1 << 8;

/// A reader of the durable checkpoint.
pub(crate) struct Witness {
    conn: Connection,
    /// Whether look-ups bring no reference and no link.
    pub(crate) meagre: bool,
}

struct Line {
    state: i64,
    history: i64,
    body: Option<String>,
    reference: Option<String>,
    link: Option<String>,
}

impl Witness {
    pub(crate) fn open(path: &Path, meagre: bool) -> Witness {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(path, flags).unwrap();
        Witness { conn, meagre }
    }

    pub(crate) fn conn(&self) -> &Connection {
        &self.conn
    }

    /// Places in the sheet, counted from 0, of the rows in `state`, the last one first.
    pub(crate) fn rows_of(&self, state: i64) -> Vec<usize> {
        let sql = "SELECT row - 1 FROM payouts WHERE state = ?1 AND row > 0 ORDER BY row DESC";
        let mut select = self.conn.prepare_cached(sql).unwrap();
        let rows = select.query_map([state], |line| line.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    /// Whether something is unknown, or ready although a limiter may have let it through.
    pub(crate) fn has_undecided(&self) -> bool {
        let sql = "SELECT EXISTS (SELECT 1 FROM payouts WHERE state = 2 OR state = 1 AND history & ?1 <> 0)";
        let found = self.conn.query_row(sql, [THROTTLED], |line| line.get(0));
        found.unwrap()
    }

    fn line(&self, id: &str) -> Option<Line> {
        let sql = "SELECT state, history, body, reference_id, cashgram_link FROM payouts WHERE cashgram_id = ?1";
        let mut select = self.conn.prepare_cached(sql).unwrap();
        let line = select.query_row([id], |line| {
            Ok(Line {
                state: line.get(0)?,
                history: line.get(1)?,
                body: line.get(2)?,
                reference: line.get(3)?,
                link: line.get(4)?,
            })
        });
        line.optional().unwrap()
    }

    /// A create leaves: it must be written down, as it is.
    pub(crate) fn is_not_durable(&mut self, id: &str, body: &str) -> Option<String> {
        let Some(line) = self.line(id) else {
            return Some(format!("a create leaves for {id}, which nobody wrote down"));
        };
        if line.state != UNKNOWN || line.history & IN_FLIGHT == 0 {
            return Some(format!(
                "a create leaves for {id} before its Sending is durable"
            ));
        }
        (line.body.as_deref() != Some(body))
            .then(|| format!("a create leaves for {id} with another body than the durable one"))
    }

    /// A link is to be stopped: that somebody wants it must be written down.
    pub(crate) fn is_not_wished(&mut self, id: &str) -> Option<String> {
        let is_wished = self
            .line(id)
            .is_some_and(|line| line.history & CANCELLING != 0);
        (!is_wished).then(|| format!("{id} is to be stopped before the wish for it is durable"))
    }

    /// Whether it is written down that `id` exists.
    pub(crate) fn knows(&mut self, id: &str) -> bool {
        let exists = i64::from(History::EXISTS);
        let line = self.line(id);
        line.is_some_and(|line| line.history & exists != 0)
    }

    /// A Cashgram was made: the checkpoint must not believe that there is none.
    pub(crate) fn is_not_aware(&mut self, id: &str) -> Option<String> {
        let state = self.line(id).map(|line| line.state);
        let aware = matches!(state, Some(UNKNOWN | CREATED | CONFLICT));
        (!aware).then(|| format!("{id} is made while the checkpoint says state {state:?}"))
    }

    /// A payout moved, which is durable by now.
    pub(crate) fn is_moved_wrongly(
        &mut self,
        id: &str,
        from: State,
        to: State,
        booked: Option<&Cashgram>,
        now: Moment,
    ) -> Option<String> {
        if from == State::Created && to != State::Cancelled {
            return Some(format!("{id} was created and is {to}"));
        }
        match (to, booked) {
            (State::Created, None) => Some(format!("{id} is created, and the bank knows nothing")),
            (State::Created, Some(booked)) => self.is_mistold(id, booked),
            (State::Cancelled, Some(booked)) if is_alive(booked.status_at(now)) => {
                Some(format!("{id} is cancelled, and its link is alive"))
            }
            (State::Ready | State::Rejected, Some(_)) => {
                Some(format!("{id} is {to}, and the bank has made it"))
            }
            _ => None,
        }
    }

    /// What is written down of a created payout is what the books say.
    fn is_mistold(&mut self, id: &str, booked: &Cashgram) -> Option<String> {
        let Some(line) = self.line(id) else {
            return Some(format!("{id} is created and not in the checkpoint"));
        };
        mistold(&line.reference, &line.link, booked, self.meagre)
    }
}

/// Reference and link against the books; both may be missing where look-ups do not bring them.
pub(crate) fn mistold(
    reference: &Option<String>,
    link: &Option<String>,
    booked: &Cashgram,
    meagre: bool,
) -> Option<String> {
    let is = |found: &Option<String>, wanted: String| match found {
        Some(found) => *found == wanted,
        None => meagre,
    };
    let right = is(reference, booked.reference.to_string()) && is(link, booked.link());
    (!right).then(|| {
        format!(
            "{} has reference {reference:?} and link {link:?}",
            booked.id
        )
    })
}
