//! The sheet enters the checkpoint: one transaction, whole or not at all.
//!
//! Payouts of which nothing was ever sent and nobody decided anything are made anew from the sheet; payouts with a
//! history keep it and only learn where their row now is. What a payout in doubt sent is frozen in its `body` and not
//! touched here.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{
    Connection, ErrorCode, OptionalExtension, Statement, Transaction, TransactionBehavior,
    params_from_iter,
};

use crate::domain::claims::Later;
use crate::domain::matching::KnownKey;
use crate::domain::{Fact, History, Money, Standing, State};

use super::apply::standing_from;
use super::error::Error;
use super::meta;
use super::schema::{INDEXES, damaged, write};
use super::seal::{self, WHOLE, sealed_update};
use super::store::{PayoutNo, Store, state_code};
use super::totals::Totals;

const DROP_INDEXES: &str = "DROP INDEX IF EXISTS payouts_by_row; DROP INDEX IF EXISTS payouts_ready;
    DROP INDEX IF EXISTS payouts_unknown; DROP INDEX IF EXISTS payouts_conflict; DROP INDEX IF EXISTS payouts_by_id;";

/// A payout as [`seal::of_new`] takes it.
const PLACE_NEW: &str = "INSERT INTO payouts (row, line, cells, cashgram_id, own_id, occurrence, generation, name, phone,
        email, amount, link_expiry, remarks, payout_type, description, notify, state, pay_seal, told_seal, place_seal,
        attempts, history)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, 0, 0)";
const FIRST_GENERATION: ValueRef<'_> = ValueRef::Integer(1);

/// What has no history, and is made anew from each sheet.
pub(super) fn untouched() -> String {
    let resumed = History::RESUMED;
    format!("attempts = 0 AND state IN (0, 1) AND generation = 1 AND history & {resumed} = 0")
}

/// What a row asks for, as the checkpoint stores it. Blank where the sheet is blank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct RowFields<'r> {
    /// Payee.
    pub name: &'r str,
    /// Ten digits, 0 if unreadable.
    pub phone: u64,
    /// E-mail address.
    pub email: &'r str,
    /// Amount, zero if unreadable.
    pub amount: Money,
    /// `2026-11-30`, `+7d` or blank.
    pub link_expiry: &'r str,
    /// Remarks.
    pub remarks: &'r str,
    /// Payout type.
    pub payout_type: &'r str,
    /// Description.
    pub description: &'r str,
    /// The row's own wish, if it has one.
    pub notify: Option<bool>,
}

/// An intake under way. Dropped unfinished, it leaves no trace.
#[derive(Debug)]
pub struct Intake<'s> {
    /// Held, since looking it up for each of a million rows costs as much as binding it.
    insert: Statement<'s>,
    pub(super) tx: Transaction<'s>,
    pub(super) path: &'s Path,
    totals: &'s mut Totals,
    meta: &'s mut meta::Meta,
    pub(super) at_ms: i64,
    /// The last payout that was there before; what comes after it is new.
    last_known: i64,
    /// Those of them that have a row in this sheet.
    placed: Vec<i64>,
}

impl Store {
    /// Whether any payout was ever sent or adopted. A conflict without attempts was not: a look-up found it; nor was what
    /// was cancelled, or refused to a lost checkpoint, before that, nor what such a one had made.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn has_history(&self) -> Result<bool, Error> {
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM payouts
             WHERE attempts > 0 OR history & {} <> 0)",
            History::ADOPTED
        );
        self.conn
            .query_row(&sql, [], |row| row.get(0))
            .map_err(|e| damaged(&self.path, e))
    }

    /// Begins the intake of a sheet whose header is kept as `header`, at `at`, for the record.
    ///
    /// # Errors
    ///
    /// If it cannot be recorded.
    pub fn begin_intake(&mut self, header: &str, at: Timestamp) -> Result<Intake<'_>, Error> {
        self.refuse_purged()?;
        let put = |e| write(&self.path, e);
        let conn: &Connection = &self.conn;
        let tx = Transaction::new_unchecked(conn, TransactionBehavior::Immediate).map_err(put)?;
        tx.execute_batch(DROP_INDEXES).map_err(put)?;
        tx.execute(&format!("DELETE FROM payouts WHERE {}", untouched()), [])
            .map_err(put)?;
        let last_known = tx
            .query_row("SELECT coalesce(max(payout), 0) FROM payouts", [], |line| {
                line.get(0)
            })
            .map_err(put)?;
        meta::put(&tx, &self.path, "header", header)?;
        self.meta.header = Some(header.to_owned());
        Ok(Intake {
            insert: conn.prepare(PLACE_NEW).map_err(put)?,
            tx,
            path: &self.path,
            totals: &mut self.totals,
            meta: &mut self.meta,
            at_ms: at.as_millisecond(),
            last_known,
            placed: Vec::new(),
        })
    }
}

impl Intake<'_> {
    /// A row of which nothing was sent. `id` is `None` for an invalid row, which stays `invalid`.
    ///
    /// # Errors
    ///
    /// If it cannot be recorded.
    pub fn place_new(
        &mut self,
        place: (u64, u64),
        id: Option<(&str, bool)>,
        occurrence: u32,
        cells: &str,
        fields: &RowFields<'_>,
    ) -> Result<(), Error> {
        let number = |number: u64| ValueRef::Integer(number.cast_signed());
        let state = if id.is_some() {
            State::Ready
        } else {
            State::Invalid
        };
        let state = ValueRef::Integer(state_code(state));
        let place = [number(place.0), number(place.1), ValueRef::from(cells)];
        let own = id.is_some_and(|(_, own)| own);
        let paid = [
            ValueRef::from(id.map(|(id, _)| id)),
            number(own.into()),
            number(occurrence.into()),
            FIRST_GENERATION,
            ValueRef::from(fields.name),
            number(fields.phone),
            ValueRef::from(fields.email),
            ValueRef::Integer(fields.amount.paise()),
            ValueRef::from(fields.link_expiry),
            ValueRef::from(fields.remarks),
            ValueRef::from(fields.payout_type),
            ValueRef::from(fields.description),
            ValueRef::from(fields.notify.map(|notify| number(notify.into()))),
        ];
        let seals = seal::of_new(place, paid, state).map(ValueRef::Integer);
        let values = place.into_iter().chain(paid).chain([state]).chain(seals);
        self.insert
            .execute(params_from_iter(values.map(ToSqlOutput::Borrowed)))
            .map(|_| ())
            .map_err(|e| write(self.path, e))
    }

    /// The row of a payout that a lost checkpoint had given a later generation: nothing of it is known here but its id.
    /// `own` is the id that the sheet brought, where it did.
    ///
    /// # Errors
    ///
    /// If it cannot be recorded.
    pub fn place_later(
        &mut self,
        place: (u64, u64),
        later: &Later,
        own: Option<&str>,
        occurrence: u32,
        cells: &str,
        fields: &RowFields<'_>,
    ) -> Result<(), Error> {
        let params = rusqlite::params![
            place.0,
            place.1,
            later.id.as_str(),
            own.is_some(),
            occurrence,
            later.generation,
            fields.name,
            fields.phone,
            fields.email,
            fields.amount.paise(),
            fields.link_expiry,
            fields.remarks,
            fields.payout_type,
            fields.description,
            fields.notify,
            cells,
            own,
        ];
        self.tx
            .prepare_cached(
                "INSERT INTO payouts (row, line, cashgram_id, own_id, occurrence, generation, name, phone, email,
                    amount, link_expiry, remarks, payout_type, description, notify, cells, state, attempts, history,
                    sheet_id)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, 1, 0, 0, ?17)",
            )
            .and_then(|mut insert| insert.insert(params))
            .and_then(|payout| self.tx.execute(seal::SEAL_ONE, [payout]))
            .map(|_| ())
            .map_err(|e| write(self.path, e))
    }

    /// The row of a payout that has a history. Where the row has faults now (`valid` is false), `fields` holds no more
    /// than its phone and amount.
    ///
    /// # Errors
    ///
    /// If it cannot be recorded.
    pub fn place_known(
        &mut self,
        place: (u64, u64),
        payout: PayoutNo,
        cells: &str,
        fields: &RowFields<'_>,
        valid: bool,
    ) -> Result<(), Error> {
        let put = |e| write(self.path, e);
        self.placed.push(payout.0);
        // Most rows stay where they were, and to write a million of them again takes as long as all else.
        self.tx
            .prepare_cached(
                "UPDATE payouts SET row = ?2, line = ?3, cells = ?4, place_seal = seal(?2, ?3, ?4)
                 WHERE payout = ?1 AND (row, line, cells) IS NOT (?2, ?3, ?4)",
            )
            .and_then(|mut update| update.execute((payout.0, place.0, place.1, cells)))
            .map_err(put)?;
        let standing = self.standing(payout)?;
        let live = KnownKey::is_live(standing.state, standing.is_frozen());
        match (live, valid) {
            (true, false) => Ok(()),
            // Whom and how much stays; what was sent is in `body`. Name and e-mail break ties when the next sheet is
            // matched, and a next generation takes all of it.
            (true, true) => self.update_texts(payout, fields).map(|_| ()).map_err(put),
            (false, true) => {
                let changed = self.update_fields(payout, fields).map_err(put)?;
                let mended = match standing.state {
                    State::Rejected => changed,
                    State::Invalid => true,
                    State::Ready
                    | State::Unknown
                    | State::Created
                    | State::Conflict
                    | State::Cancelled => false,
                };
                if mended {
                    self.change(payout, standing, Fact::Mended)
                } else {
                    Ok(())
                }
            }
            (false, false) => {
                self.update_fields(payout, fields).map_err(put)?;
                if standing.state == State::Invalid {
                    Ok(())
                } else {
                    self.change(payout, standing, Fact::Spoiled)
                }
            }
        }
    }

    fn update_texts(&self, payout: PayoutNo, fields: &RowFields<'_>) -> rusqlite::Result<usize> {
        let sql = "UPDATE payouts SET name = ?2, email = ?3, link_expiry = ?4, remarks = ?5, payout_type = ?6,
                description = ?7, notify = ?8
            WHERE payout = ?1 AND (name, email, link_expiry, remarks, payout_type, description, notify)
                IS NOT (?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let params = rusqlite::params![
            payout.0,
            fields.name,
            fields.email,
            fields.link_expiry,
            fields.remarks,
            fields.payout_type,
            fields.description,
            fields.notify,
        ];
        self.tx.prepare_cached(sql)?.execute(params)
    }

    /// Whether anything that is paid or sent differs now.
    fn update_fields(&self, payout: PayoutNo, fields: &RowFields<'_>) -> rusqlite::Result<bool> {
        let sql = "UPDATE payouts SET name = ?2, phone = ?3, email = ?4, amount = ?5, link_expiry = ?6, remarks = ?7,
                payout_type = ?8, description = ?9, notify = ?10
            WHERE payout = ?1 AND (name, phone, email, amount, link_expiry, remarks, payout_type, description)
                IS NOT (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) OR payout = ?1 AND notify IS NOT ?10";
        let params = rusqlite::params![
            payout.0,
            fields.name,
            fields.phone,
            fields.email,
            fields.amount.paise(),
            fields.link_expiry,
            fields.remarks,
            fields.payout_type,
            fields.description,
            fields.notify,
        ];
        Ok(self.tx.prepare_cached(sql)?.execute(params)? > 0)
    }

    fn standing(&self, payout: PayoutNo) -> Result<Standing, Error> {
        let read = |e| damaged(self.path, e);
        let mut select = self
            .tx
            .prepare_cached(&format!(
                "SELECT state, attempts, terms, history FROM payouts WHERE payout = ?1 AND {WHOLE}"
            ))
            .map_err(read)?;
        let mut lines = select.query([payout.0]).map_err(read)?;
        match lines.next().map_err(read)? {
            Some(line) => standing_from(line, self.path),
            None => Err(Error::Damaged {
                path: self.path.to_owned(),
                what: format!("there is no payout {}", payout.0),
            }),
        }
    }

    /// Records what the sheet did to a payout of which nothing exists.
    fn change(&mut self, payout: PayoutNo, standing: Standing, fact: Fact) -> Result<(), Error> {
        let next = standing.after(fact)?;
        let kind = if fact == Fact::Mended {
            "mended"
        } else {
            "spoiled"
        };
        let put = |e| write(self.path, e);
        let update = sealed_update(&[
            ("state", "?2"),
            ("error_code", "NULL"),
            ("error_message", "NULL"),
        ]);
        self.tx
            .prepare_cached(&update)
            .and_then(|mut update| update.execute((payout.0, state_code(next.state))))
            .map_err(put)?;
        self.tx
            .execute(
                "INSERT INTO facts (payout, at, kind) VALUES (?1, ?2, ?3)",
                (payout.0, self.at_ms, kind),
            )
            .map_err(put)?;
        Ok(())
    }

    /// What was in the sheet before and has no row now has left it.
    fn take_out_unplaced(&mut self) -> rusqlite::Result<()> {
        self.placed.sort_unstable();
        let mut select = self
            .tx
            .prepare("SELECT payout FROM payouts WHERE row IS NOT NULL AND payout <= ?1")?;
        let mut lines = select.query([self.last_known])?;
        let mut left = Vec::new();
        while let Some(line) = lines.next()? {
            let payout: i64 = line.get(0)?;
            if self.placed.binary_search(&payout).is_err() {
                left.push(payout);
            }
        }
        let mut take_out = self.tx.prepare(
            "UPDATE payouts SET row = NULL, line = NULL, place_seal = NULL WHERE payout = ?1",
        )?;
        left.into_iter()
            .try_for_each(|payout| take_out.execute([payout]).map(|_| ()))
    }

    /// Ids of the sheet's own are compared with each other when the sheet is judged; here they meet those made for
    /// the other rows. What stopped the index of ids tells nothing of where they stand, so they are looked for.
    fn same_id(&self, stopped: rusqlite::Error) -> Error {
        let twice = self
            .tx
            .query_row(
                "SELECT coalesce(min(line), 0), coalesce(max(line), 0), cashgram_id FROM payouts
                 WHERE cashgram_id IS NOT NULL GROUP BY cashgram_id HAVING count(*) > 1 LIMIT 1",
                [],
                |line| {
                    Ok(Error::SameId {
                        first: line.get(0)?,
                        second: line.get(1)?,
                        id: line.get(2)?,
                    })
                },
            )
            .optional();
        match twice {
            Ok(Some(twice)) => twice,
            Ok(None) => write(self.path, stopped),
            Err(error) => damaged(self.path, error),
        }
    }

    /// Makes the indexes, unless they are there: once all rows have their places.
    pub(super) fn index(&self) -> Result<(), Error> {
        self.tx.execute_batch(INDEXES).map_err(|e| {
            if e.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) {
                self.same_id(e)
            } else {
                write(self.path, e)
            }
        })
    }

    /// Makes the intake durable. `fingerprint` is that of the sheet's bytes.
    ///
    /// # Errors
    ///
    /// If it cannot be recorded, or two rows would have one id.
    pub fn finish(mut self, fingerprint: &str) -> Result<(), Error> {
        let path = self.path;
        let put = |e| write(path, e);
        self.take_out_unplaced().map_err(put)?;
        self.index()?;
        meta::put(&self.tx, self.path, "fingerprint", fingerprint)?;
        let totals = Totals::count(&self.tx, self.path)?;
        replace_totals(&self.tx, self.path, &totals)?;
        self.tx.commit().map_err(put)?;
        *self.totals = totals;
        self.meta.fingerprint = Some(fingerprint.to_owned());
        Ok(())
    }
}

fn replace_totals(conn: &Connection, path: &Path, totals: &Totals) -> Result<(), Error> {
    conn.execute_batch("DELETE FROM totals; DELETE FROM status_totals;")
        .map_err(|e| write(path, e))?;
    totals.save(&Totals::default(), conn, path)
}
