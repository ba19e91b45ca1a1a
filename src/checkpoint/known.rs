//! Payouts with a history, as they are matched with the rows of a sheet.
//!
//! Deliberately absent: the matching.

use std::path::Path;

use crate::domain::{History, Money, Standing};

use super::apply::standing_from;
use super::error::Error;
use super::intake::untouched;
use super::schema::damaged;
use super::seal::{PLACED, WHOLE};
use super::store::{PayoutNo, Store};

/// A payout with a history, as the matching of rows needs it.
#[derive(Clone, Debug)]
pub struct Known<'r> {
    /// Its number.
    pub payout: PayoutNo,
    /// Its row at the last intake.
    pub row: Option<u64>,
    /// Its id.
    pub cashgram_id: &'r str,
    /// Whether the sheet brought the id.
    pub own_id: bool,
    /// The id as the sheet has it: that of the first generation.
    pub sheet_id: &'r str,
    /// Which of its phone's payouts it is.
    pub occurrence: u32,
    /// Payee, at the last intake.
    pub name: &'r str,
    /// Ten digits.
    pub phone: u64,
    /// E-mail address, at the last intake.
    pub email: &'r str,
    /// Amount.
    pub amount: Money,
    /// Where it stands.
    pub standing: Standing,
}

impl Store {
    /// Calls `each` with every payout that has a history and was not replaced.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    // A line is proved before one bit of it may leave it out.
    pub fn each_known(&self, mut each: impl FnMut(Known<'_>)) -> Result<(), Error> {
        let read = |e| damaged(&self.path, e);
        let sql = format!(
            "SELECT state, attempts, terms, history, payout, row, cashgram_id, own_id, occurrence, name, phone,
                    email, amount, sheet_id
             FROM payouts WHERE NOT ({})
                AND CASE WHEN {WHOLE} AND {PLACED} THEN history & {} = 0 END",
            untouched(),
            History::REPLACED
        );
        let mut select = self.conn.prepare(&sql).map_err(read)?;
        let mut lines = select.query([]).map_err(read)?;
        while let Some(line) = lines.next().map_err(read)? {
            each(known_from(line, &self.path)?);
        }
        Ok(())
    }
}

fn known_from<'r>(line: &'r rusqlite::Row<'_>, path: &Path) -> Result<Known<'r>, Error> {
    let read = |e| damaged(path, e);
    let text = |column: usize| {
        line.get_ref(column)
            .and_then(|value| value.as_str_or_null().map_err(rusqlite::Error::from))
            .map(Option::unwrap_or_default)
    };
    let (id, sheet_id) = (text(6).map_err(read)?, text(13).map_err(read)?);
    Ok(Known {
        sheet_id: if sheet_id.is_empty() { id } else { sheet_id },
        payout: PayoutNo(line.get(4).map_err(read)?),
        row: line.get(5).map_err(read)?,
        cashgram_id: id,
        own_id: line.get(7).map_err(read)?,
        occurrence: line.get(8).map_err(read)?,
        name: text(9).map_err(read)?,
        phone: line.get(10).map_err(read)?,
        email: text(11).map_err(read)?,
        amount: Money::from_paise(line.get(12).map_err(read)?).unwrap_or_default(),
        standing: standing_from(line, path)?,
    })
}
