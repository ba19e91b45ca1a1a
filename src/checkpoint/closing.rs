//! The batch closed and opened again: what that does to its payouts, and what is still to be stopped.
//!
//! Deliberately absent: how a link is stopped, which the gateway is asked for.

use jiff::Timestamp;

use crate::domain::History;

use super::error::Error;
use super::news::News;
use super::schema::damaged;
use super::store::Store;

/// What was to be stopped for no other reason than that the batch was closed.
pub(super) fn resumable() -> String {
    format!("state IN (2, 3) AND history & {} <> 0", History::CLOSING)
}

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
        let open = if self.meta.closed {
            " OR state = 3 AND (status_class IS NULL OR status_class IN (0, 1, 6))"
        } else {
            ""
        };
        let sql = format!(
            "SELECT row, cashgram_id, state FROM payouts
             WHERE history & {} = 0 AND (history & {} <> 0{open}) ORDER BY row",
            History::REPLACED,
            History::CANCELLING
        );
        let mut select = self.conn.prepare(&sql).map_err(read)?;
        let mut lines = select.query([]).map_err(read)?;
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
        Ok(still)
    }
}
