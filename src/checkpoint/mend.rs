//! What the mending commands choose and change: rows named or picked, wishes, proofs, and the batch's being closed.
//!
//! Picked payouts stand in a table of the connection, so that a choice of a million rows takes no memory and ends with
//! the run. While there is one, the pages of a run hold nothing else.

use jiff::Timestamp;

use crate::domain::{History, State};

use super::error::Error;
use super::news::{News, Posting};
use super::pages::{SWEEP_COLUMNS, SweepRow, sweep_row};
use super::schema::{damaged, write};
use super::seal::{PLACED, WHOLE};
use super::store::{PayoutNo, Store};

/// Facts recorded in one transaction: a page of the recorder's.
const PAGE_ROWS: u32 = 256;
/// What belongs to the batch as it stands: not replaced, and in the sheet.
pub(super) const STANDING: &str = "row IS NOT NULL";
/// At the end of a WHERE while there is a choice.
const CHOSEN: &str = " AND payout IN (SELECT payout FROM temp.picked)";

/// A payout as a person named it.
#[derive(Clone, Debug)]
pub struct Named {
    /// The payout.
    pub row: SweepRow,
    /// Payee, as of the last `send`.
    pub name: String,
    /// Ten digits; 0 if there is none.
    pub phone: u64,
    /// Whether its link was last seen dead.
    pub dead: bool,
    /// Whether its link was last seen redeemed.
    pub redeemed: bool,
}

/// Which payouts take part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// Rejected ones.
    Rejected,
    /// Created ones whose link was last seen dead, adopted ones left out.
    Dead,
}

impl Store {
    /// The payout in row `row` of the sheet.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn named_by_row(&self, row: u64) -> Result<Option<Named>, Error> {
        // No sheet has more rows than fit.
        let row = i64::try_from(row).unwrap_or(i64::MAX);
        self.named("row = ?1", &row)
    }

    /// The payout with the id `id`, unless another generation has taken its place.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn named_by_id(&self, id: &str) -> Result<Option<Named>, Error> {
        self.named("cashgram_id = ?1", &id)
    }

    fn named(&self, which: &str, value: &dyn rusqlite::ToSql) -> Result<Option<Named>, Error> {
        let read = |e| damaged(&self.path, e);
        let sql = format!(
            "SELECT {SWEEP_COLUMNS}, status_class, name, phone FROM payouts
             WHERE {which} AND history & {} = 0 AND {WHOLE} AND {PLACED}",
            History::REPLACED
        );
        let mut select = self.conn.prepare_cached(&sql).map_err(read)?;
        let mut lines = select.query([value]).map_err(read)?;
        let Some(line) = lines.next().map_err(read)? else {
            return Ok(None);
        };
        let class: Option<i64> = line.get(9).map_err(read)?;
        Ok(Some(Named {
            row: sweep_row(line, self)?,
            name: line.get(10).map_err(read)?,
            phone: line.get(11).map_err(read)?,
            dead: matches!(class, Some(3..=5)),
            redeemed: class == Some(2),
        }))
    }

    /// Chooses payouts by number, besides those chosen before.
    ///
    /// # Errors
    ///
    /// If the choice cannot be kept.
    pub fn pick(&mut self, payouts: &[PayoutNo]) -> Result<(), Error> {
        self.open_choice()?;
        let put = |e| write(&self.path, e);
        let mut insert = self
            .conn
            .prepare_cached("INSERT OR IGNORE INTO temp.picked VALUES (?1)")
            .map_err(put)?;
        payouts
            .iter()
            .try_for_each(|payout| insert.execute([payout.0]).map(|_| ()).map_err(put))
    }

    /// Chooses all payouts of a kind.
    ///
    /// # Errors
    ///
    /// If the choice cannot be kept.
    pub fn pick_all(&mut self, pick: Pick) -> Result<(), Error> {
        self.open_choice()?;
        let which = match pick {
            Pick::Rejected => "state = 4".to_owned(),
            Pick::Dead => format!(
                "state = 3 AND status_class IN (3, 4, 5) AND history & {} = 0",
                History::ADOPTED
            ),
        };
        let sql = format!(
            "INSERT OR IGNORE INTO temp.picked SELECT payout FROM payouts WHERE {STANDING} AND {which}"
        );
        self.conn
            .execute(&sql, [])
            .map(|_| ())
            .map_err(|e| write(&self.path, e))
    }

    fn open_choice(&mut self) -> Result<(), Error> {
        self.picking = true;
        self.conn
            .execute_batch(
                "CREATE TEMP TABLE IF NOT EXISTS picked (payout INTEGER PRIMARY KEY) STRICT",
            )
            .map_err(|e| write(&self.path, e))
    }

    /// Narrows the choice down to what can be sent: rejected or ready rows, such as may be replaced, and such as were to
    /// be stopped and are in doubt. How many are left.
    ///
    /// # Errors
    ///
    /// If the file cannot be used.
    pub fn keep_mendable(&mut self) -> Result<u64, Error> {
        let put = |e| write(&self.path, e);
        let mut unfit = Vec::new();
        let mut kept = 0;
        self.each_picked(|row| {
            let standing = row.standing;
            let fit = match standing.state {
                State::Ready | State::Rejected => true,
                State::Created | State::Cancelled => {
                    standing.may_be_replaced() || standing.was_never_made()
                }
                State::Unknown => standing.history.cancelling,
                State::Invalid | State::Conflict => false,
            };
            if fit && row.row > 0 {
                kept += 1;
            } else {
                unfit.push(row.payout);
            }
        })?;
        let mut delete = self
            .conn
            .prepare_cached("DELETE FROM temp.picked WHERE payout = ?1")
            .map_err(put)?;
        for payout in unfit {
            delete.execute([payout.0]).map_err(put)?;
        }
        Ok(kept)
    }

    /// How many payouts are chosen.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn chosen_count(&self) -> Result<u64, Error> {
        let sql = format!("SELECT count(*) FROM payouts WHERE 1{}", self.chosen());
        self.conn
            .query_row(&sql, [], |line| line.get(0))
            .map_err(|e| damaged(&self.path, e))
    }

    pub(super) fn each_picked(&self, mut each: impl FnMut(SweepRow)) -> Result<(), Error> {
        let mut after = PayoutNo(0);
        loop {
            let page = self.chosen_page(after, "", PAGE_ROWS)?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = last.payout;
            page.into_iter().for_each(&mut each);
        }
    }

    /// Chosen payouts above `after` whose id is to be asked about before it is replaced, at most `limit`: also a cancelled
    /// one that was never sent from here, since a checkpoint that was lost may have. With `only_unproven` those alone that
    /// were seen dead but once.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn picked_page(
        &self,
        after: PayoutNo,
        only_unproven: bool,
        limit: u32,
    ) -> Result<Vec<SweepRow>, Error> {
        let which = if only_unproven {
            unproven()
        } else {
            " AND state IN (3, 6)".to_owned()
        };
        self.chosen_page(after, &which, limit)
    }

    /// Payouts above `after` that a cancel has to ask the gateway about, at most `limit`: all that may still be paid out, or of a
    /// choice also what is dead.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn stop_page(&self, after: PayoutNo, limit: u32) -> Result<Vec<SweepRow>, Error> {
        self.chosen_page(after, &format!(" AND {}", self.to_stop()), limit)
    }

    /// How many payouts a cancel is about, those included that nobody need be asked about.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn stop_count(&self) -> Result<u64, Error> {
        let unsent = if self.picking { "1, 4" } else { "1" };
        let sql = format!(
            "SELECT count(*) FROM payouts WHERE ({STANDING} AND state IN ({unsent}) OR {}){}",
            self.to_stop(),
            self.chosen()
        );
        self.conn
            .query_row(&sql, [], |line| line.get(0))
            .map_err(|e| damaged(&self.path, e))
    }

    pub(super) fn to_stop(&self) -> String {
        let classes = if self.picking {
            "0, 1, 3, 4, 5, 6"
        } else {
            "0, 1, 6"
        };
        let (replaced, wished) = (History::REPLACED, History::CANCELLING);
        format!(
            "(history & {replaced} = 0 AND (state = 2 OR state = 3 AND (status_class IS NULL
              OR status_class IN ({classes}) OR history & {wished} <> 0)))"
        )
    }

    pub(super) fn chosen_page(
        &self,
        after: PayoutNo,
        which: &str,
        limit: u32,
    ) -> Result<Vec<SweepRow>, Error> {
        let read = |e| damaged(&self.path, e);
        let sql = format!(
            "SELECT {SWEEP_COLUMNS} FROM payouts WHERE payout > ?1{which}{} AND {WHOLE} AND {PLACED}
             ORDER BY payout LIMIT ?2",
            self.chosen()
        );
        let mut select = self.conn.prepare_cached(&sql).map_err(read)?;
        let mut lines = select.query((after.0, limit)).map_err(read)?;
        let mut page = Vec::new();
        while let Some(line) = lines.next().map_err(read)? {
            page.push(sweep_row(line, self)?);
        }
        Ok(page)
    }

    /// What the pages of a run add to their WHERE.
    pub(super) fn chosen(&self) -> &'static str {
        if self.picking { CHOSEN } else { "" }
    }

    /// Writes down that chosen links seen dead are proven so; with `before`, those alone that were first seen dead no
    /// later (milliseconds since 1970).
    ///
    /// # Errors
    ///
    /// If it cannot be recorded.
    pub fn prove_dead(&mut self, before: Option<i64>, at: Timestamp) -> Result<u64, Error> {
        let mut which = unproven();
        if let Some(before) = before {
            which.push_str(&format!(" AND dead_at <= {before}"));
        }
        self.record_chosen(&which, at, News::ProvenDead)
    }

    /// Has chosen rejected rows sent again.
    ///
    /// # Errors
    ///
    /// If it cannot be recorded.
    pub fn mend_picked(&mut self, at: Timestamp) -> Result<u64, Error> {
        self.record_chosen(" AND state = 4", at, News::Mended)
    }

    /// Makes the chosen payouts ready that were cancelled before anything of them was made, each under its own id, and
    /// takes back the wish to stop those in doubt, which are looked up as any other. An expiry that `may_expire` refuses is
    /// left out where nothing was sent, so that the run's own applies. Returns how many.
    ///
    /// # Errors
    ///
    /// If it cannot be recorded.
    pub fn resume_picked(
        &mut self,
        at: Timestamp,
        may_expire: impl Fn(&str) -> bool,
    ) -> Result<u64, Error> {
        // What was stopped and is to be paid after all is wished no more.
        self.settle_unsent()?;
        let never_made = format!("state = 6 AND history & {} = 0", History::EXISTS);
        let which = format!(
            " AND ({never_made} OR state = 2 AND history & {} <> 0)",
            History::CANCELLING
        );
        let sql = format!(
            "SELECT payout, link_expiry FROM payouts WHERE link_expiry <> ''{} AND {never_made} AND {WHOLE}",
            self.chosen()
        );
        let late: Vec<i64> = {
            let read = |e| damaged(&self.path, e);
            let mut select = self.conn.prepare(&sql).map_err(read)?;
            let lines = select.query_map([], |line| Ok((line.get(0)?, line.get::<_, String>(1)?)));
            let lines: Vec<(i64, String)> = lines
                .map_err(read)?
                .collect::<Result<_, _>>()
                .map_err(read)?;
            let late = lines.into_iter().filter(|(_, expiry)| !may_expire(expiry));
            late.map(|(payout, _)| payout).collect()
        };
        for payout in late {
            self.conn
                .execute(
                    "UPDATE payouts SET link_expiry = '' WHERE payout = ?1",
                    [payout],
                )
                .map_err(|e| write(&self.path, e))?;
        }
        self.record_chosen(&which, at, News::Resumed)
    }

    /// Records the same of every payout that `which` finds, until it finds none: each is another one afterwards.
    pub(super) fn record_chosen(
        &mut self,
        which: &str,
        at: Timestamp,
        news: News,
    ) -> Result<u64, Error> {
        let (mut recorded, mut after) = (0, PayoutNo(0));
        loop {
            let page = self.chosen_page(after, which, PAGE_ROWS)?;
            let Some(last) = page.last() else {
                return Ok(recorded);
            };
            after = last.payout;
            let posting = |row: &SweepRow| Posting {
                payout: row.payout,
                at,
                news: news.clone(),
                believed: None,
            };
            let postings: Vec<Posting> = page.iter().map(posting).collect();
            self.record(&postings)?;
            recorded += u64::try_from(postings.len()).unwrap_or(0);
        }
    }

    /// Dead links that were adopted, which [`Pick::Dead`] leaves out: the first `limit` of their rows in the sheet, and
    /// how many there are.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn dead_adopted(&self, limit: usize) -> Result<(Vec<u64>, u64), Error> {
        let sql = format!(
            "SELECT row FROM payouts WHERE {STANDING} AND row > 0 AND state = 3 AND status_class IN (3, 4, 5)
             AND history & {} <> 0 ORDER BY row",
            History::ADOPTED
        );
        self.first_of(&sql, limit, |line| {
            line.get(0).map_err(|e| damaged(&self.path, e))
        })
    }

    /// Links that were confirmed and that the gateway says it does not know: the first `limit` of them in the sheet's
    /// order of old, and how many there are.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn lost_links(&self, limit: usize) -> Result<(Vec<SweepRow>, u64), Error> {
        let sql = format!(
            "SELECT {SWEEP_COLUMNS} FROM payouts WHERE history & {} <> 0 AND {WHOLE} AND {PLACED} ORDER BY payout",
            History::LOST
        );
        self.first_of(&sql, limit, |line| sweep_row(line, self))
    }

    /// Created payouts of the sheet whose link or reference the gateway has not told: the first `limit` of them, and how
    /// many there are. Dead ones and such as it does not know any more are counted as those.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn without_link(&self, limit: usize) -> Result<(Vec<SweepRow>, u64), Error> {
        let sql = format!(
            "SELECT {SWEEP_COLUMNS} FROM payouts
             WHERE state = 3 AND (ifnull(reference_id, '') = '' OR ifnull(cashgram_link, '') = '')
                 AND row IS NOT NULL AND ifnull(status_class, 0) NOT IN (3, 4, 5) AND history & {} = 0 ORDER BY row",
            History::LOST | History::REPLACED
        );
        self.first_of(&sql, limit, |line| sweep_row(line, self))
    }

    /// Whether any link of the sheet is ACTIVE or PENDING as far as is known. One that the gateway does not know any
    /// more is not: its status will never be read again.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn is_moving(&self) -> Result<bool, Error> {
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM payouts
             WHERE status_class IN (0, 1) AND row IS NOT NULL AND history & {} = 0)",
            History::LOST
        );
        self.conn
            .query_row(&sql, [], |line| line.get(0))
            .map_err(|e| damaged(&self.path, e))
    }

    /// The first `limit` lines of a selection, and how many there are.
    fn first_of<T>(
        &self,
        sql: &str,
        limit: usize,
        of: impl Fn(&rusqlite::Row<'_>) -> Result<T, Error>,
    ) -> Result<(Vec<T>, u64), Error> {
        let read = |e| damaged(&self.path, e);
        let mut select = self.conn.prepare_cached(sql).map_err(read)?;
        let mut lines = select.query([]).map_err(read)?;
        let (mut first, mut count) = (Vec::new(), 0);
        while let Some(line) = lines.next().map_err(read)? {
            count += 1;
            if first.len() < limit {
                first.push(of(line)?);
            }
        }
        Ok((first, count))
    }
}

/// Seen dead, and not yet proven so.
fn unproven() -> String {
    let (dead, proven) = (History::DEAD, History::PROVEN_DEAD);
    format!(" AND state = 3 AND history & {dead} <> 0 AND history & {proven} = 0")
}

#[cfg(test)]
mod tests;
