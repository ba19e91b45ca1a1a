//! Results that know more than the checkpoint beside them: it is an older copy of the one that wrote them.
//!
//! Results are written from what is durable, so whatever they say was sent or decided is in the checkpoint that wrote
//! them for good: in the file as it stands, or as it stood later. Deliberately absent: reading results.

use std::collections::HashSet;
use std::path::Path;

use rusqlite::{OptionalExtension, Row, Statement, Transaction};

use crate::domain::{History, State};

use super::error::Error;
use super::meta;
use super::reissue::next_id;
use super::schema::damaged;
use super::store::{Store, state_from};

/// What results say of one id.
#[derive(Clone, Copy, Debug)]
pub struct Claimed<'c> {
    /// The id.
    pub id: &'c str,
    /// Where it stood.
    pub state: State,
    /// Create requests so far; 0 where that cannot be read.
    pub attempts: u32,
    /// Whether they have its reference or its link.
    pub is_made: bool,
    /// When they were written, in milliseconds since 1970 UTC.
    pub written_ms: i64,
}

/// What the checkpoint knows of such an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knows {
    /// As much, or more.
    Enough,
    /// Less.
    Less,
    /// Nothing, though it was sent or decided about.
    Nothing,
    /// Nothing, and it was not sent: its row may have left the sheet, or it is the next generation of what is known.
    NothingUnsent,
}

impl Store {
    /// Whether results that bear this mark may say more than this checkpoint knows: it did not write them, as far as it
    /// remembers. Those beside which it was made anew are an earlier checkpoint's, until it has written its own.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn may_be_older(&self, mark: &str) -> Result<bool, Error> {
        if meta::get(&self.conn, &self.path, "written")?.is_some_and(|known| known == mark) {
            return Ok(false);
        }
        Ok(!self.meta.replaces_lost || !self.results_remembered()?.is_empty())
    }

    /// Remembers the mark of the results that were written last.
    ///
    /// # Errors
    ///
    /// If it cannot be recorded.
    pub fn note_written(&self, mark: &str) -> Result<(), Error> {
        meta::put(&self.conn, &self.path, "written", mark)
    }

    /// What is known of ids, to be compared with results.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn knowledge(&self) -> Result<Knowledge<'_>, Error> {
        let read = |e| damaged(&self.path, e);
        let prepare = |place| {
            let columns = "state, attempts, history, reference_id IS NOT NULL, row, payout";
            let sql = format!("SELECT {columns} FROM payouts WHERE {place}");
            self.conn.prepare(&sql).map_err(read)
        };
        let moment = self.conn.unchecked_transaction().map_err(read)?;
        Ok(Knowledge {
            // Not by the index of ids.
            by_row: prepare("row = ?1 AND +cashgram_id = ?2")?,
            by_id: prepare("cashgram_id = ?1")?,
            row: 0,
            since: None,
            path: &self.path,
            moment,
        })
    }

    /// Which of `ids` are next generations of what stands here: made by a checkpoint that has replaced it.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn next_among(&self, ids: &HashSet<String>) -> Result<HashSet<String>, Error> {
        let read = |e| damaged(&self.path, e);
        let batch = meta::get(&self.conn, &self.path, "batch")?.unwrap_or_default();
        let sql = format!(
            "SELECT own_id, coalesce(sheet_id, cashgram_id), phone, occurrence, generation FROM payouts
             WHERE state IN (3, 6) AND history & {} = 0",
            History::REPLACED
        );
        let mut select = self.conn.prepare(&sql).map_err(read)?;
        let mut lines = select.query([]).map_err(read)?;
        let mut found = HashSet::new();
        while let Some(line) = lines.next().map_err(read)? {
            let (own, sheet_id): (bool, String) =
                (line.get(0).map_err(read)?, line.get(1).map_err(read)?);
            let own = own.then_some(sheet_id.as_str());
            let phone = line.get(2).map_err(read)?;
            let place = (line.get(3).map_err(read)?, line.get(4).map_err(read)?);
            if let Some(id) = next_id(&batch, own, phone, place)
                && ids.contains(id.as_str())
            {
                found.insert(id.as_str().to_owned());
            }
        }
        Ok(found)
    }

    /// Calls `each` with every link that is known.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn each_link(&self, mut each: impl FnMut(&str)) -> Result<(), Error> {
        let read = |e| damaged(&self.path, e);
        let mut select = self
            .conn
            .prepare("SELECT cashgram_link FROM payouts WHERE cashgram_link IS NOT NULL")
            .map_err(read)?;
        let mut lines = select.query([]).map_err(read)?;
        while let Some(line) = lines.next().map_err(read)? {
            let link = line.get_ref(0).map_err(read)?;
            each(link.as_str().unwrap_or_default());
        }
        Ok(())
    }
}

/// What a checkpoint knows of ids.
///
/// Results are in the order of the sheet, so an id is looked for in the row that follows the last one found, and only
/// then among all ids, which are in no order: of a million ids that takes ten times as long.
#[derive(Debug)]
pub struct Knowledge<'s> {
    by_row: Statement<'s>,
    by_id: Statement<'s>,
    /// Where the last id was found.
    row: i64,
    /// A moment in milliseconds, and the payouts with news since then, as [`Knowledge::has_news`] says. Read once it is
    /// asked for: it seldom is.
    since: Option<(i64, HashSet<i64>)>,
    path: &'s Path,
    /// One for all questions, which else takes as long to begin as a question to answer.
    moment: Transaction<'s>,
}

/// What is known of one id.
struct Found {
    state: i64,
    attempts: u32,
    history: History,
    has_reference: bool,
    row: Option<i64>,
    payout: i64,
}

impl Knowledge<'_> {
    /// Whether as much is known of an id as results claim.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn of(&mut self, claimed: Claimed<'_>) -> Result<Knows, Error> {
        let path = self.path;
        let known = self.find(claimed.id).map_err(|e| damaged(path, e))?;
        let Some(known) = known else {
            return Ok(unknown(claimed));
        };
        let state = state_from(known.state, path)?;
        let exists = match state {
            State::Created | State::Conflict => true,
            State::Invalid | State::Ready | State::Unknown | State::Rejected | State::Cancelled => {
                known.history.exists || known.has_reference
            }
        };
        let as_much = match claimed.state {
            State::Invalid | State::Ready | State::Rejected => true,
            State::Created | State::Conflict => exists,
            State::Unknown => exists || known.attempts > 0,
            // Taken back since the results were written, or found not to be dead after all. What was known before that may
            // have been cancelled since.
            State::Cancelled => {
                state == State::Cancelled
                    || (self.has_news(known.payout, claimed.written_ms))
                        .map_err(|e| damaged(path, e))?
            }
        };
        let found = exists || !claimed.is_made;
        Ok(
            match as_much && found && known.attempts >= claimed.attempts {
                true => Knows::Enough,
                false => Knows::Less,
            },
        )
    }

    /// Whether it was recorded of a payout after that moment that it is to be paid after all, or that its link is not dead.
    fn has_news(&mut self, payout: i64, after_ms: i64) -> rusqlite::Result<bool> {
        let since = match self.since.take().filter(|(ms, _)| *ms == after_ms) {
            Some(since) => since,
            None => {
                let sql = "SELECT DISTINCT payout FROM facts WHERE at > ?1 AND (kind = 'resumed'
                    OR kind IN ('swept', 'found') AND json_extract(detail, '$.class') NOT IN (3, 4, 5))";
                let mut select = self.moment.prepare(sql)?;
                let payouts = select.query_map([after_ms], |line| line.get(0))?;
                (after_ms, payouts.collect::<Result<_, _>>()?)
            }
        };
        Ok(self.since.insert(since).1.contains(&payout))
    }

    fn find(&mut self, id: &str) -> rusqlite::Result<Option<Found>> {
        let next = self
            .by_row
            .query_row((self.row.saturating_add(1), id), found);
        let known = match next.optional()? {
            Some(next) => Some(next),
            None => self.by_id.query_row([id], found).optional()?,
        };
        if let Some(row) = known.as_ref().and_then(|known| known.row) {
            self.row = row;
        }
        Ok(known)
    }
}

fn found(line: &Row<'_>) -> rusqlite::Result<Found> {
    Ok(Found {
        state: line.get(0)?,
        attempts: line.get(1)?,
        history: History::from_bits(line.get(2)?),
        has_reference: line.get(3)?,
        row: line.get(4)?,
        payout: line.get(5)?,
    })
}

/// Rows that were never sent nor decided about are made anew from each sheet, so their ids come and go.
fn unknown(claimed: Claimed<'_>) -> Knows {
    match claimed.state {
        State::Created | State::Unknown | State::Cancelled | State::Conflict => Knows::Nothing,
        State::Ready | State::Rejected if claimed.attempts > 0 => Knows::Nothing,
        State::Ready | State::Rejected => Knows::NothingUnsent,
        State::Invalid => Knows::Enough,
    }
}
