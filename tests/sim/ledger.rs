//! The bank's own books, held where the judge can read them too.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use paysheet::sandbox::books::Opened;
use paysheet::sandbox::{Books, Broken, Cashgram, Memory, Moment, Purse};

/// Books in memory with two readers: the bank, and whoever judges by them.
#[derive(Clone, Default)]
pub(crate) struct Ledger(Arc<Mutex<Memory>>);

impl Ledger {
    fn books(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The Cashgram of `id`.
    pub(crate) fn of(&self, id: &str) -> Option<Cashgram> {
        self.books().find(id).unwrap()
    }

    /// All of them, in the order in which they were made.
    pub(crate) fn all(&self) -> Vec<Cashgram> {
        let mut all = Vec::new();
        let mut visit = |cashgram: &Cashgram| all.push(cashgram.clone());
        self.books().each(0, usize::MAX, &mut visit).unwrap();
        all
    }
}

impl Books for Ledger {
    fn find(&mut self, id: &str) -> Result<Option<Cashgram>, Broken> {
        self.books().find(id)
    }

    fn open(&mut self, new: &Cashgram, purse: Option<&Purse>) -> Result<Opened, Broken> {
        self.books().open(new, purse)
    }

    fn count_create(&mut self, id: &str, payload: i64) -> Result<bool, Broken> {
        self.books().count_create(id, payload)
    }

    fn change(&mut self, cashgram: &Cashgram, purse: &Purse) -> Result<(), Broken> {
        self.books().change(cashgram, purse)
    }

    fn due(&mut self, now: Moment) -> Result<Option<Cashgram>, Broken> {
        self.books().due(now)
    }

    fn purse(&mut self) -> Result<Option<Purse>, Broken> {
        self.books().purse()
    }

    fn save_purse(&mut self, purse: &Purse) -> Result<(), Broken> {
        self.books().save_purse(purse)
    }

    fn last_reference(&mut self) -> Result<Option<i64>, Broken> {
        self.books().last_reference()
    }

    fn count(&mut self) -> Result<u64, Broken> {
        self.books().count()
    }

    fn each(
        &mut self,
        after: i64,
        limit: usize,
        visit: &mut dyn FnMut(&Cashgram),
    ) -> Result<(), Broken> {
        self.books().each(after, limit, visit)
    }
}
