//! The batch closed and opened again: what that does to its payouts, and what is still to be stopped.
//!
//! Deliberately absent: how a link is stopped, which the gateway is asked for.

use jiff::Timestamp;

use crate::domain::History;

use super::error::Error;
use super::mend::STANDING;
use super::news::News;
use super::schema::damaged;
use super::store::Store;

/// What was to be stopped for no other reason than that the batch was closed.
pub(super) fn resumable() -> String {
    format!("state IN (2, 3) AND history & {} <> 0", History::CLOSING)
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

    /// The wish that a cancel writes down: of a choice each payout is named.
    pub fn wish(&self) -> News {
        if self.picking {
            News::Cancelling
        } else {
            News::Closing
        }
    }

    /// How many payouts in the sheet are waiting for the gateway's answer to a cancel.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn being_cancelled(&self) -> Result<u64, Error> {
        let sql = format!(
            "SELECT count(*) FROM payouts WHERE {STANDING} AND history & {} <> 0",
            History::CANCELLING
        );
        self.conn
            .query_row(&sql, [], |line| line.get(0))
            .map_err(|e| damaged(&self.path, e))
    }
}
