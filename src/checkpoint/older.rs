//! Results that know more than the checkpoint beside them: it is an older copy of the one that wrote them.
//!
//! Results are written from what is durable, so whatever they say was sent or decided is in the checkpoint that wrote
//! them for good: in the file as it stands, or as it stood later. Deliberately absent: reading results.

use std::collections::HashSet;

use rusqlite::OptionalExtension;

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

    /// Whether as much is known of an id as results claim.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn knows(&self, claimed: Claimed<'_>) -> Result<Knows, Error> {
        let read = |e| damaged(&self.path, e);
        let mut select = self
            .conn
            .prepare_cached(
                "SELECT state, attempts, history, reference_id IS NOT NULL FROM payouts WHERE cashgram_id = ?1",
            )
            .map_err(read)?;
        let known = select.query_row([claimed.id], |line| {
            Ok((line.get(0)?, line.get(1)?, line.get(2)?, line.get(3)?))
        });
        let known: Option<(i64, u32, u16, bool)> = known.optional().map_err(read)?;
        let Some((state, attempts, bits, has_reference)) = known else {
            return Ok(unknown(claimed));
        };
        let state = state_from(state, &self.path)?;
        let history = History::from_bits(bits);
        let exists = match state {
            State::Created | State::Conflict => true,
            State::Invalid | State::Ready | State::Unknown | State::Rejected | State::Cancelled => {
                history.exists || has_reference
            }
        };
        let as_much = match claimed.state {
            State::Invalid | State::Ready | State::Rejected => true,
            State::Created | State::Conflict => exists,
            State::Unknown => exists || attempts > 0,
            State::Cancelled => exists || state == State::Cancelled || history.resumed,
        };
        let found = exists || !claimed.is_made;
        Ok(match as_much && found && attempts >= claimed.attempts {
            true => Knows::Enough,
            false => Knows::Less,
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

/// Rows that were never sent nor decided about are made anew from each sheet, so their ids come and go.
fn unknown(claimed: Claimed<'_>) -> Knows {
    match claimed.state {
        State::Created | State::Unknown | State::Cancelled | State::Conflict => Knows::Nothing,
        State::Ready | State::Rejected if claimed.attempts > 0 => Knows::Nothing,
        State::Ready | State::Rejected => Knows::NothingUnsent,
        State::Invalid => Knows::Enough,
    }
}
