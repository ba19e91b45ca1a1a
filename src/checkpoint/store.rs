//! The open checkpoint: one connection, one writer.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, TransactionBehavior};

use crate::domain::{Standing, State, StatusClass};

use super::apply;
use super::error::Error;
use super::meta::{self, Binding, Meta};
use super::news::{News, Posting};
use super::note::Note;
use super::schema::{self, write};
use super::totals::Totals;

/// A payout's number in its checkpoint. Never reused, never shown to users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PayoutNo(pub i64);

/// An open checkpoint.
#[derive(Debug)]
pub struct Store {
    pub(super) conn: Connection,
    pub(super) path: PathBuf,
    pub(super) totals: Totals,
    pub(super) meta: Meta,
    /// Whether this run acts on chosen payouts alone.
    pub(super) picking: bool,
}

impl Store {
    /// Makes the checkpoint at `path`, where there is none, and opens it. The caller holds its
    /// [`super::lock::Lock`]. `replaces_lost` says that results of this batch stand there already.
    ///
    /// # Errors
    ///
    /// If it cannot be written; nothing is left of it then.
    pub fn create(path: &Path, binding: &Binding, replaces_lost: bool) -> Result<Store, Error> {
        schema::make(path, |conn| {
            binding.store(conn, path)?;
            if replaces_lost {
                meta::put(conn, path, "replaces_lost", "yes")?;
            }
            Ok(())
        })?;
        Store::open(path, binding)
    }

    /// Opens the checkpoint at `path`, or makes it. The caller holds its [`super::lock::Lock`].
    ///
    /// # Errors
    ///
    /// Refuses a file that is damaged, foreign, newer, or bound to anything but `binding`.
    pub fn open_or_create(path: &Path, binding: &Binding) -> Result<Store, Error> {
        if path.symlink_metadata().is_ok() {
            Store::open(path, binding)
        } else {
            Store::create(path, binding, false)
        }
    }

    /// Opens an existing checkpoint.
    ///
    /// # Errors
    ///
    /// As [`Store::open_or_create`], and [`Error::Missing`] if there is none.
    pub fn open(path: &Path, binding: &Binding) -> Result<Store, Error> {
        Store::adopt(schema::open(path)?, path, binding)
    }

    /// A copy of this checkpoint at `path`, for a rehearsal that must leave this one as it is.
    ///
    /// # Errors
    ///
    /// If it cannot be copied.
    pub fn copy_to(&self, path: &Path) -> Result<Store, Error> {
        self.conn
            .backup("main", path, None::<fn(rusqlite::backup::Progress)>)
            .map_err(|e| write(path, e))?;
        Store::read_in(schema::open(path)?, path)
    }

    /// Opens the checkpoint of `batch` in `environment`, whatever account it belongs to: for what asks no gateway.
    ///
    /// # Errors
    ///
    /// As [`Store::open`].
    pub fn open_offline(path: &Path, environment: &str, batch: &str) -> Result<Store, Error> {
        let conn = schema::open(path)?;
        meta::verify(
            &conn,
            path,
            &[("environment", environment), ("batch", batch)],
        )?;
        Store::read_in(conn, path)
    }

    pub(super) fn adopt(conn: Connection, path: &Path, binding: &Binding) -> Result<Store, Error> {
        let bound = binding.verify(&conn, path);
        let store = Store::read_in(conn, path)?;
        // Nothing was ever sent or found under it, so it may follow a mistyped setting that has been put right.
        if bound.is_err() && !store.meta.probed && !store.has_anything()? {
            binding.store(&store.conn, path)?;
            return Ok(store);
        }
        bound.map(|()| store)
    }

    /// Whether anything was ever sent or found at the gateway.
    fn has_anything(&self) -> Result<bool, Error> {
        let found = self.totals.rows(State::Conflict) > 0 || self.meta.found_existing;
        Ok(found || self.has_history()?)
    }

    pub(super) fn read_in(conn: Connection, path: &Path) -> Result<Store, Error> {
        let meta = Meta::load(&conn, path)?;
        let totals = Totals::load(&conn, path)?;
        Ok(Store {
            conn,
            path: path.to_owned(),
            totals,
            meta,
            picking: false,
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Counts and sums of the payouts that are in the sheet.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// What is known of the batch as a whole.
    pub fn meta(&self) -> &Meta {
        &self.meta
    }

    /// Records a page of news in one transaction, durable when this returns. The standings are those after each.
    ///
    /// # Errors
    ///
    /// After any error nothing of the page is recorded, and nothing more may be sent.
    pub fn record(&mut self, page: &[Posting]) -> Result<Vec<Standing>, Error> {
        self.record_noted(page, &[])
    }

    /// The same, with what happened to the batch as a whole before it.
    ///
    /// # Errors
    ///
    /// As [`Store::record`].
    pub fn record_noted(
        &mut self,
        page: &[Posting],
        notes: &[Note],
    ) -> Result<Vec<Standing>, Error> {
        let before = self.totals.clone();
        let recorded = self.record_page(page, notes, &before);
        if recorded.is_err() {
            self.totals = before;
        }
        recorded
    }

    fn record_page(
        &mut self,
        page: &[Posting],
        notes: &[Note],
        before: &Totals,
    ) -> Result<Vec<Standing>, Error> {
        let sends = |posting: &Posting| matches!(posting.news, News::Sending { .. });
        if page.iter().any(sends) {
            // Whatever command it is: of a purged payout neither the phone nor the name is known.
            self.refuse_purged()?;
        }
        let path = &self.path;
        let tx = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|e| write(path, e))?;
        for note in notes {
            note.insert(&tx).map_err(|e| write(path, e))?;
        }
        let mut standings = Vec::with_capacity(page.len());
        let purged = self.meta.purged.is_some();
        for posting in page {
            let nameless = purged.then(|| posting.nameless());
            let posting = nameless.as_ref().unwrap_or(posting);
            standings.push(apply::apply(&tx, path, &mut self.totals, posting)?);
        }
        self.totals.save(before, &tx, path)?;
        tx.commit().map_err(|e| write(path, e))?;
        Ok(standings)
    }

    /// Remembers whether ids of this batch were found at the gateway before anything was sent.
    ///
    /// # Errors
    ///
    /// If it cannot be recorded.
    pub fn set_found_existing(&mut self, found: bool) -> Result<(), Error> {
        self.put_flag("found_existing", found)?;
        self.meta.found_existing = found;
        Ok(())
    }

    /// Remembers that the probe for existing ids was made and settled.
    ///
    /// # Errors
    ///
    /// If it cannot be recorded.
    pub fn set_probed(&mut self) -> Result<(), Error> {
        self.put_flag("probed", true)?;
        self.meta.probed = true;
        Ok(())
    }

    pub(super) fn put_flag(&self, key: &str, set: bool) -> Result<(), Error> {
        meta::put(&self.conn, &self.path, key, if set { "yes" } else { "no" })
    }

    /// Proves the running totals against a fresh count.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] if they differ.
    pub fn prove_totals(&self) -> Result<(), Error> {
        let counted = Totals::count(&self.conn, &self.path)?;
        let mut kept = self.totals.clone();
        kept.states.retain(|_, (rows, _)| *rows > 0);
        kept.statuses.retain(|_, count| count.rows > 0);
        if kept == counted {
            return Ok(());
        }
        Err(Error::Damaged {
            path: self.path.clone(),
            what: format!("totals {kept:?} but rows {counted:?}"),
        })
    }
}

/// How a state is stored. The partial indexes of the schema name 1, 2 and 5.
pub(super) fn state_code(state: State) -> i64 {
    match state {
        State::Invalid => 0,
        State::Ready => 1,
        State::Unknown => 2,
        State::Created => 3,
        State::Rejected => 4,
        State::Conflict => 5,
        State::Cancelled => 6,
    }
}

pub(super) fn state_from(code: i64, path: &Path) -> Result<State, Error> {
    State::ALL
        .into_iter()
        .find(|state| state_code(*state) == code)
        .ok_or_else(|| Error::Damaged {
            path: path.to_owned(),
            what: format!("there is no state {code}"),
        })
}

const CLASSES: [StatusClass; 7] = [
    StatusClass::Active,
    StatusClass::Pending,
    StatusClass::Redeemed,
    StatusClass::Expired,
    StatusClass::Failed,
    StatusClass::Reversed,
    StatusClass::Other,
];

/// How a status class is stored. The queries of `pages` name these numbers.
pub(super) fn class_code(class: StatusClass) -> i64 {
    match class {
        StatusClass::Active => 0,
        StatusClass::Pending => 1,
        StatusClass::Redeemed => 2,
        StatusClass::Expired => 3,
        StatusClass::Failed => 4,
        StatusClass::Reversed => 5,
        StatusClass::Other => 6,
    }
}

/// A number that is not a class reads as `Other`, which is asked again and never taken for paid.
pub(super) fn class_from(code: i64) -> StatusClass {
    CLASSES
        .into_iter()
        .find(|class| class_code(*class) == code)
        .unwrap_or(StatusClass::Other)
}
