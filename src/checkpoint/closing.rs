//! The batch closed and opened again: what that does to its payouts, and what is still to be stopped.
//!
//! What was named and never sent from here, but may exist at the gateway all the same, is in no state that could say so:
//! it is `ready` until the gateway was asked. Its id is kept apart, and nothing is sent meanwhile.
//!
//! Deliberately absent: how a link is stopped, which the gateway is asked for.

use jiff::Timestamp;

use crate::domain::History;
use crate::domain::planted::{self, Mistake};

use super::error::Error;
use super::meta;
use super::news::News;
use super::schema::damaged;
use super::store::{PayoutNo, Store};

/// What was to be stopped for no other reason than that the batch was closed.
pub(super) fn resumable() -> String {
    let wish = match planted::is(Mistake::ReopenUndoesNamed) {
        true => History::CANCELLING,
        false => History::CLOSING,
    };
    format!("state IN (2, 3) AND history & {wish} <> 0")
}

/// Key of the ids that were named, and of which the gateway is still to be asked.
const WISHED: &str = "wished";
/// In the sheet, and never sent from here.
const UNSENT: &str = "row IS NOT NULL AND state IN (1, 4)";
/// A link that may still be paid out as far as is known.
const OPEN_LINK: &str = "state = 3 AND (status_class IS NULL OR status_class IN (0, 1, 6))";
/// Payouts read at a time.
const PAGE_ROWS: u32 = 256;
/// Rows that a command line names at most.
const NAMED_MAX: usize = 20;

/// Payouts that are to be stopped and of which the gateway has not said that they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StillToStop {
    /// How many.
    pub rows: u64,
    /// Those of them that are in doubt.
    pub doubts: u64,
    /// Row in the sheet, if it is there, and id of the first of them.
    pub first: Vec<(Option<u64>, String)>,
}

impl Store {
    /// Closes the batch: `send` refuses then.
    ///
    /// # Errors
    ///
    /// If it cannot be recorded.
    pub fn close(&mut self) -> Result<(), Error> {
        self.set_closed(true)
    }

    /// Opens a batch that is closed, and takes back the wish to stop what was not named: what is in doubt may be sent
    /// again, and a link that still stands is kept. Of a batch that is not closed nothing is taken back.
    ///
    /// # Errors
    ///
    /// If it cannot be recorded.
    pub fn reopen(&mut self, at: Timestamp) -> Result<(), Error> {
        if !self.meta.closed {
            return Ok(());
        }
        self.record_chosen(&format!(" AND {}", resumable()), at, News::Resumed)?;
        self.set_closed(false)
    }

    fn set_closed(&mut self, closed: bool) -> Result<(), Error> {
        self.put_flag("closed", closed)?;
        self.meta.closed = closed;
        Ok(())
    }

    /// Writes down that what is chosen is to be stopped, where the gateway has to be asked for it. Returns how many.
    ///
    /// # Errors
    ///
    /// If it cannot be recorded.
    pub fn wish_chosen(&mut self, at: Timestamp) -> Result<u64, Error> {
        let (wished, closing) = (History::CANCELLING, History::CLOSING);
        let which = format!(
            " AND {} AND history & {} <> {wished}",
            self.to_stop(),
            wished | closing
        );
        self.record_chosen(&which, at, News::Cancelling)
    }

    /// Keeps the ids of what is chosen and was never sent from here, until the gateway was asked about it.
    ///
    /// # Errors
    ///
    /// If it cannot be recorded.
    pub fn wish_unsent(&self) -> Result<(), Error> {
        let mut ids = Vec::new();
        let mut after = PayoutNo(0);
        loop {
            let page = self.unsent_page(after, PAGE_ROWS)?;
            let Some(last) = page.last() else {
                break;
            };
            after = last.payout;
            ids.extend(page.into_iter().map(|row| row.cashgram_id));
        }
        self.keep_wished(&ids)
    }

    /// Forgets the kept ids of which it is known by now what became of them.
    ///
    /// # Errors
    ///
    /// If it cannot be recorded.
    pub fn settle_unsent(&self) -> Result<(), Error> {
        self.keep_wished(&[])
    }

    /// Keeps `ids`, and of those kept before what is not stopped yet: also what was found at the gateway meanwhile, which
    /// can be stopped once it was adopted.
    fn keep_wished(&self, ids: &[String]) -> Result<(), Error> {
        let known = meta::get(&self.conn, &self.path, WISHED)?;
        if ids.is_empty() && known.is_none() {
            return Ok(());
        }
        let found = format!(
            "state = 5 OR {OPEN_LINK} AND history & {} = 0",
            History::CANCELLING | History::REPLACED
        );
        let kept = self.wished(&format!("{UNSENT} OR {found}"))?;
        let mut kept: Vec<String> = kept.into_iter().map(|(_, id)| id).collect();
        kept.extend_from_slice(ids);
        let list = serde_json::json!(kept).to_string();
        meta::put(&self.conn, &self.path, WISHED, &list)
    }

    /// Row and id of what was named, never sent from here, and not asked about yet: nothing may be sent before that.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn unsent_wishes(&self) -> Result<Vec<(Option<u64>, String)>, Error> {
        self.wished(UNSENT)
    }

    /// The ids of what was named, never sent from here, and found at the gateway.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn wished_conflicts(&self) -> Result<Vec<String>, Error> {
        let found = self.wished("state = 5")?;
        Ok(found.into_iter().map(|(_, id)| id).collect())
    }

    /// Row and id of those kept ids that are so.
    fn wished(&self, which: &str) -> Result<Vec<(Option<u64>, String)>, Error> {
        let read = |e| damaged(&self.path, e);
        let Some(list) = meta::get(&self.conn, &self.path, WISHED)? else {
            return Ok(Vec::new());
        };
        let sql = format!(
            "SELECT row, cashgram_id FROM payouts
             WHERE ({which}) AND cashgram_id IN (SELECT value FROM json_each(?1)) ORDER BY row"
        );
        let mut select = self.conn.prepare(&sql).map_err(read)?;
        let lines = select.query_map([list], |line| Ok((line.get(0)?, line.get(1)?)));
        lines.map_err(read)?.collect::<Result<_, _>>().map_err(read)
    }

    /// The wish that a cancel writes down: of a choice each payout is named.
    pub fn wish(&self) -> News {
        if self.picking {
            News::Cancelling
        } else {
            News::Closing
        }
    }

    /// What is still to be stopped, by name or because the batch is closed, and may be paid out as far as is known.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn still_to_stop(&self) -> Result<StillToStop, Error> {
        let read = |e| damaged(&self.path, e);
        let wished = meta::get(&self.conn, &self.path, WISHED)?.unwrap_or_else(|| "[]".to_owned());
        // What was named before it was known to exist, and adopted since, bears no wish of its own.
        let sql = format!(
            "SELECT row, cashgram_id, state FROM payouts
             WHERE history & {} = 0 AND (history & {} <> 0
                OR {OPEN_LINK} AND (?1 OR cashgram_id IN (SELECT value FROM json_each(?2)))) ORDER BY row",
            History::REPLACED,
            History::CANCELLING
        );
        let mut select = self.conn.prepare(&sql).map_err(read)?;
        let mut lines = select.query((self.meta.closed, wished)).map_err(read)?;
        let mut still = StillToStop::default();
        while let Some(line) = lines.next().map_err(read)? {
            still.rows += 1;
            still.doubts += u64::from(line.get::<_, i64>(2).map_err(read)? == 2);
            if still.first.len() < NAMED_MAX {
                let (row, id): (Option<u64>, String) =
                    (line.get(0).map_err(read)?, line.get(1).map_err(read)?);
                still.first.push((row, id));
            }
        }
        let unsent = self.unsent_wishes()?;
        still.rows += u64::try_from(unsent.len()).unwrap_or(u64::MAX);
        let room = NAMED_MAX.saturating_sub(still.first.len());
        still.first.extend(unsent.into_iter().take(room));
        Ok(still)
    }
}
