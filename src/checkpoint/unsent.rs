//! What this checkpoint never sent, and whether it may exist at the gateway all the same: an earlier checkpoint of the
//! batch, lost or on another machine, may have sent it.
//!
//! Deliberately absent: asking.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::Timestamp;
use rusqlite::OptionalExtension;

use crate::domain::planted::{self, Mistake};
use crate::domain::{History, Money, Sighting, State, Status};

use super::error::Error;
use super::intake::RowFields;
use super::mend::STANDING;
use super::meta;
use super::news::{News, Posting};
use super::pages::SweepRow;
use super::reissue::next_id;
use super::schema::{damaged, write};
use super::seal::{WHOLE, sealed_update};
use super::store::{PayoutNo, Store, class_from, state_code};

/// Payouts cancelled in one transaction.
const PAGE_ROWS: usize = 256;

/// A link that was found, and of which it is not known when it was made.
static FOUND_UNDATED: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT payout FROM payouts
         WHERE cashgram_id = ?1 AND {STANDING} AND state = 5 AND created_at IS NULL AND {WHOLE}"
    )
});
static DATED: LazyLock<String> = LazyLock::new(|| sealed_update(&[("created_at", "?2")]));

impl Store {
    /// Whether it was never asked if ids of this batch exist already.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn needs_probe(&self) -> Result<bool, Error> {
        Ok(!self.meta.probed && !self.meta.found_existing && !self.has_history()?)
    }

    /// Whether what was found is asked about once more before it is adopted: the sheet may have got rows back since.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn needs_probe_to_adopt(&self) -> Result<bool, Error> {
        Ok(self.meta.found_existing && !self.has_own()?)
    }

    /// Whether the gateway has confirmed, or may have acted on, anything that was sent from here, or links were adopted.
    /// An id that was sent and existed already is none of it.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn has_own(&self) -> Result<bool, Error> {
        let own = own();
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM payouts WHERE {own} OR attempts > 0 AND state = 4)"
        );
        self.conn
            .query_row(&sql, [], |row| row.get(0))
            .map_err(|e| damaged(&self.path, e))
    }

    /// Remembers that ids of this batch were looked for and need not be again, unless nothing was there to be looked up.
    ///
    /// # Errors
    ///
    /// If it cannot be recorded.
    pub fn settle_probe(&mut self) -> Result<(), Error> {
        match self.totals.rows(State::Ready) {
            0 => Ok(()),
            _ => self.set_probed(),
        }
    }

    /// The ids that the next links of dead adopted ones in `state`, which is created or cancelled, would have, and the rows
    /// of those: a checkpoint that was lost may have made them.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn after_dead_adopted(&self, state: State) -> Result<BTreeMap<String, u64>, Error> {
        let read = |e| damaged(&self.path, e);
        let sql = format!(
            "SELECT own_id, ifnull(sheet_id, cashgram_id), phone, occurrence, generation, row FROM payouts
             WHERE {STANDING} AND state = ?1 AND status_class IN (3, 4, 5) AND history & {} <> 0",
            History::ADOPTED
        );
        let mut select = self.conn.prepare(&sql).map_err(read)?;
        let mut lines = select.query([state_code(state)]).map_err(read)?;
        let batch = meta::get(&self.conn, &self.path, "batch")?.unwrap_or_default();
        let mut ids = BTreeMap::new();
        while let Some(line) = lines.next().map_err(read)? {
            let is_own: bool = line.get(0).map_err(read)?;
            let first: String = line.get(1).map_err(read)?;
            let own = is_own.then_some(first.as_str());
            let place = (line.get(3).map_err(read)?, line.get(4).map_err(read)?);
            let phone = line.get(2).map_err(read)?;
            let next = next_id(&batch, own, phone, place);
            let row = line.get(5).map_err(read)?;
            ids.extend(next.map(|id| (id.as_str().to_owned(), row)));
        }
        Ok(ids)
    }

    /// Whether a row may exist at the gateway that this checkpoint never sent. A send need not know: a create of what
    /// exists is refused. A cancel asks nobody about what was never sent, unless this is so.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn may_exist_unsent(&self) -> Result<bool, Error> {
        if planted::is(Mistake::UnsentIsNeverMade) {
            return Ok(false);
        }
        Ok(self.meta.replaces_lost || self.needs_probe()? || self.has_foreign()?)
    }

    /// Whether anything was ever found at the gateway that was not sent from here.
    fn has_foreign(&self) -> Result<bool, Error> {
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM payouts WHERE state = 5 OR history & {} <> 0)",
            History::ADOPTED
        );
        self.conn
            .query_row(&sql, [], |line| line.get(0))
            .map_err(|e| damaged(&self.path, e))
    }

    /// Remembers that ids of this batch exist, once all that was not sent has been asked about for the first time: of a
    /// choice the rest is still to be asked.
    ///
    /// # Errors
    ///
    /// If it cannot be recorded.
    pub fn note_found(&mut self) -> Result<(), Error> {
        let found = self.totals.rows(State::Conflict) > 0;
        if self.picking || !found || !self.needs_probe()? {
            return Ok(());
        }
        self.set_found_existing(true)
    }

    /// Payouts above `after` that a cancel takes for never made, at most `limit`.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn unsent_page(&self, after: PayoutNo, limit: u32) -> Result<Vec<SweepRow>, Error> {
        self.chosen_page(after, &self.unsent(), limit)
    }

    /// Cancels what is `ready` in the sheet, of a choice what is chosen. Nothing of it exists, so nobody is asked; what
    /// a 429 left open becomes `unknown`. Returns how many rows were touched.
    ///
    /// # Errors
    ///
    /// If it cannot be recorded.
    pub fn cancel_ready(&mut self, at: Timestamp) -> Result<u64, Error> {
        self.record_chosen(&self.unsent(), at, self.wish())
    }

    /// Cancels those of `ids` that are `ready` and of which nothing was ever sent or decided here: a checkpoint that was lost
    /// had cancelled them. Returns how many.
    ///
    /// # Errors
    ///
    /// If it cannot be recorded.
    pub fn cancel_again(&mut self, ids: &[String], at: Timestamp) -> Result<u64, Error> {
        let is_meant =
            |_: usize, _: &RowFields<'_>| !planted::is(Mistake::CancelForgottenAfterLoss);
        self.record_untouched(ids, at, &News::Cancelling, is_meant)
    }

    /// The same for what a lost checkpoint had refused, where `is_same` says that the row, by its name, e-mail address,
    /// phone and amount, is the one at that place among `ids`.
    ///
    /// # Errors
    ///
    /// If it cannot be recorded.
    pub fn refuse_again(
        &mut self,
        ids: &[String],
        at: Timestamp,
        is_same: impl Fn(usize, &RowFields<'_>) -> bool,
    ) -> Result<u64, Error> {
        self.record_untouched(ids, at, &News::RefusedBefore, is_same)
    }

    /// Takes payouts in conflict whose links are dead for the batch's own, and for stopped: a checkpoint that was lost had
    /// cancelled them. All of it is recorded at once, or one would stand there as a link that nobody redeemed in time.
    ///
    /// # Errors
    ///
    /// If it cannot be recorded.
    pub fn adopt_stopped(&mut self, payouts: &[PayoutNo], at: Timestamp) -> Result<(), Error> {
        for page in payouts.chunks(PAGE_ROWS) {
            let mut postings = Vec::new();
            for payout in page {
                let seen = News::Swept(self.last_seen(*payout)?);
                let all = [News::Adopted, News::Cancelling, seen];
                postings.extend(all.map(|news| Posting {
                    payout: *payout,
                    at,
                    news,
                    believed: None,
                }));
            }
            self.record(&postings)?;
        }
        Ok(())
    }

    /// What the newest look said of a link.
    fn last_seen(&self, payout: PayoutNo) -> Result<Sighting, Error> {
        let sql = format!(
            "SELECT status, status_class, reference_id, cashgram_link, status_reason, utr FROM payouts
             WHERE payout = ?1 AND {WHOLE}"
        );
        let seen = self.conn.prepare_cached(&sql).and_then(|mut select| {
            select.query_row([payout.0], |line| {
                Ok(Sighting {
                    status: Status {
                        word: line.get(0)?,
                        class: class_from(line.get(1)?),
                    },
                    reference: line.get(2)?,
                    link: line.get(3)?,
                    reason: line.get(4)?,
                    utr: line.get(5)?,
                })
            })
        });
        seen.map_err(|e| damaged(&self.path, e))
    }

    /// Notes when a checkpoint that was lost had these ids confirmed, in milliseconds since 1970 UTC, where a link was found
    /// under them: once they are adopted they are no younger than that.
    ///
    /// # Errors
    ///
    /// If it cannot be recorded.
    pub fn created_then(&mut self, times: &[(String, i64)]) -> Result<(), Error> {
        let path = &self.path;
        let put = |e| write(path, e);
        let tx = self.conn.transaction().map_err(put)?;
        for (id, at) in times {
            let found = tx
                .prepare_cached(&FOUND_UNDATED)
                .and_then(|mut select| select.query_row([id], |line| line.get(0)).optional());
            let found: Option<i64> = found.map_err(put)?;
            if let Some(payout) = found {
                tx.prepare_cached(&DATED)
                    .and_then(|mut update| update.execute((payout, at)))
                    .map_err(put)?;
            }
        }
        tx.commit().map_err(put)
    }

    fn record_untouched(
        &mut self,
        ids: &[String],
        at: Timestamp,
        news: &News,
        is_meant: impl Fn(usize, &RowFields<'_>) -> bool,
    ) -> Result<u64, Error> {
        let mut found = Vec::new();
        for (place, id) in ids.iter().enumerate() {
            let payout = self.untouched(id, |fields| is_meant(place, fields))?;
            found.extend(payout.map(|payout| Posting {
                payout,
                at,
                news: news.clone(),
                believed: None,
            }));
        }
        for page in found.chunks(PAGE_ROWS) {
            self.record(page)?;
        }
        Ok(u64::try_from(found.len()).unwrap_or(0))
    }

    fn untouched(
        &self,
        id: &str,
        is_meant: impl Fn(&RowFields<'_>) -> bool,
    ) -> Result<Option<PayoutNo>, Error> {
        let read = |e| damaged(&self.path, e);
        let sql = format!(
            "SELECT payout, name, email, phone, amount FROM payouts
             WHERE cashgram_id = ?1 AND {STANDING} AND state = 1 AND attempts = 0 AND history = 0"
        );
        let mut select = self.conn.prepare_cached(&sql).map_err(read)?;
        let found = select.query_row([id], |line| {
            let (name, email): (String, String) = (line.get(1)?, line.get(2)?);
            let fields = RowFields {
                name: &name,
                email: &email,
                phone: line.get(3)?,
                amount: Money::from_paise(line.get(4)?).unwrap_or_default(),
                ..RowFields::default()
            };
            Ok(is_meant(&fields).then_some(PayoutNo(line.get(0)?)))
        });
        Ok(found.optional().map_err(read)?.flatten())
    }

    fn unsent(&self) -> String {
        // Whoever names a rejected row wants no retry of it either.
        let states = if self.picking { "(1, 4)" } else { "(1)" };
        format!(" AND {STANDING} AND state IN {states}")
    }
}

/// For queries: it was made, or may have been, by what was sent from here, or it was adopted.
pub(super) fn own() -> String {
    let adopted = History::ADOPTED;
    format!("(attempts > 0 AND state IN (2, 3, 6) OR history & {adopted} <> 0)")
}
