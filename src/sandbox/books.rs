//! What the bank needs from its books, and the books kept in memory.
//!
//! The bank's rules stand on this trait alone, so that a deterministic simulation (memory) and a served sandbox that
//! survives a kill (`store`) play by the same rules.

use super::cashgram::{Cashgram, Purse, Script};
use super::time::Moment;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The books cannot be read or written. The bank then answers 500 and changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken(pub String);

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the sandbox's books: {}", self.0)
    }
}

impl std::error::Error for Broken {}

/// What became of opening a Cashgram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// It is new.
    New,
    /// The id was there already; its count of create requests went up.
    Known,
}

/// The books: Cashgrams by id, and the purse.
pub trait Books: Send {
    /// The Cashgram of an id.
    fn find(&mut self, id: &str) -> Result<Option<Cashgram>, Broken>;

    /// Writes a new Cashgram, together with the purse if that changes, unless its id is known: then only counts the
    /// request (and whether its body differed) and leaves the purse alone.
    fn open(&mut self, new: &Cashgram, purse: Option<&Purse>) -> Result<Opened, Broken>;

    /// Counts a create request if the id is known; says whether it is.
    fn count_create(&mut self, id: &str, payload: i64) -> Result<bool, Broken>;

    /// Writes status, reason, attempts, script and time of a known Cashgram, and the purse, as one change.
    fn change(&mut self, cashgram: &Cashgram, purse: &Purse) -> Result<(), Broken>;

    /// The Cashgram whose next step has been due longest at `now`, if any is due.
    fn due(&mut self, now: Moment) -> Result<Option<Cashgram>, Broken>;

    /// The purse, if one was ever written.
    fn purse(&mut self) -> Result<Option<Purse>, Broken>;

    /// Writes the purse.
    fn save_purse(&mut self, purse: &Purse) -> Result<(), Broken>;

    /// The largest reference given out.
    fn last_reference(&mut self) -> Result<Option<i64>, Broken>;

    /// How many Cashgrams there are.
    fn count(&mut self) -> Result<u64, Broken>;

    /// Shows Cashgrams in the order of their references, at most `limit` of those after reference `after`.
    fn each(
        &mut self,
        after: i64,
        limit: usize,
        visit: &mut dyn FnMut(&Cashgram),
    ) -> Result<(), Broken>;
}

/// Books in memory: they die with the process, and grow with it.
#[derive(Debug, Default)]
pub struct Memory {
    by_id: HashMap<String, Cashgram>,
    by_reference: BTreeMap<i64, String>,
    due: BTreeSet<(Moment, String)>,
    purse: Option<Purse>,
}

impl Memory {
    /// Empty books.
    pub fn new() -> Self {
        Self::default()
    }

    /// Moves an id's place among the due ones.
    fn reschedule(&mut self, id: &str, before: &Script, after: &Script) {
        if let Some(at) = before.due() {
            self.due.remove(&(at, id.to_owned()));
        }
        if let Some(at) = after.due() {
            self.due.insert((at, id.to_owned()));
        }
    }
}

impl Books for Memory {
    fn find(&mut self, id: &str) -> Result<Option<Cashgram>, Broken> {
        Ok(self.by_id.get(id).cloned())
    }

    fn open(&mut self, new: &Cashgram, purse: Option<&Purse>) -> Result<Opened, Broken> {
        if self.count_create(&new.id, new.payload)? {
            return Ok(Opened::Known);
        }
        self.reschedule(&new.id, &Script::default(), &new.script);
        self.by_reference.insert(new.reference, new.id.clone());
        self.by_id.insert(new.id.clone(), new.clone());
        self.purse = purse.copied().or(self.purse);
        Ok(Opened::New)
    }

    fn count_create(&mut self, id: &str, payload: i64) -> Result<bool, Broken> {
        let Some(known) = self.by_id.get_mut(id) else {
            return Ok(false);
        };
        known.creates_seen = known.creates_seen.saturating_add(1);
        known.other_bodies = known
            .other_bodies
            .saturating_add(i64::from(known.payload != payload));
        Ok(true)
    }

    fn change(&mut self, cashgram: &Cashgram, purse: &Purse) -> Result<(), Broken> {
        let Some(known) = self.by_id.get_mut(&cashgram.id) else {
            return Err(Broken(format!("{} is not in them", cashgram.id)));
        };
        let before = std::mem::replace(known, cashgram.clone());
        self.reschedule(&cashgram.id, &before.script, &cashgram.script);
        self.purse = Some(*purse);
        Ok(())
    }

    fn due(&mut self, now: Moment) -> Result<Option<Cashgram>, Broken> {
        let first = self.due.first().filter(|(at, _)| *at <= now);
        Ok(first.and_then(|(_, id)| self.by_id.get(id).cloned()))
    }

    fn purse(&mut self) -> Result<Option<Purse>, Broken> {
        Ok(self.purse)
    }

    fn save_purse(&mut self, purse: &Purse) -> Result<(), Broken> {
        self.purse = Some(*purse);
        Ok(())
    }

    fn last_reference(&mut self) -> Result<Option<i64>, Broken> {
        Ok(self
            .by_reference
            .last_key_value()
            .map(|(reference, _)| *reference))
    }

    fn count(&mut self) -> Result<u64, Broken> {
        u64::try_from(self.by_id.len()).map_err(|e| Broken(e.to_string()))
    }

    fn each(
        &mut self,
        after: i64,
        limit: usize,
        visit: &mut dyn FnMut(&Cashgram),
    ) -> Result<(), Broken> {
        let ids = self
            .by_reference
            .range(after.saturating_add(1)..)
            .map(|(_, id)| id);
        ids.take(limit)
            .filter_map(|id| self.by_id.get(id))
            .for_each(visit);
        Ok(())
    }
}
