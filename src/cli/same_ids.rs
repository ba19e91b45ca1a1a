//! The ids under which the rows of a sheet are sent: what another copy of the batch's own checkpoint paid under one of them
//! is no other payment, since the gateway takes an id once.
//!
//! Deliberately absent: rows that match in person and amount alone, which another id would pay once more (`twice`).

use std::cell::OnceCell;
use std::collections::HashSet;

use crate::checkpoint::{Error, Store};
use crate::domain::matching::{Assignment, Matching};
use crate::domain::{BatchName, CashgramId};

use super::judge::Judged;

/// The ids of a sheet's rows. They are made only if anybody asks, which takes as long as reading the sheet.
pub(super) struct SameIds<'j> {
    batch: &'j BatchName,
    store: Option<&'j Store>,
    judged: &'j Judged,
    made: OnceCell<HashSet<u64>>,
}

impl<'j> SameIds<'j> {
    pub(super) fn of(
        batch: &'j BatchName,
        store: Option<&'j Store>,
        judged: &'j Judged,
    ) -> SameIds<'j> {
        SameIds {
            batch,
            store,
            judged,
            made: OnceCell::new(),
        }
    }

    /// Whether a row is sent under `id`. What cannot be read has none: more is compared then.
    pub(super) fn has(&self, id: &str) -> bool {
        let Some(matching) = &self.judged.matching else {
            return self.store.is_some_and(|store| is_known(store, id));
        };
        let made = || self.made(matching).unwrap_or_default();
        let id = self.judged.hasher.own_id(id);
        self.made.get_or_init(made).contains(&id)
    }

    fn made(&self, matching: &Matching) -> Result<HashSet<u64>, Error> {
        let (mut ids, mut known) = (HashSet::new(), HashSet::new());
        let hasher = &self.judged.hasher;
        let rows = matching.rows.iter().zip(&self.judged.checked.keys);
        for (place, (row, key)) in (0_u32..).zip(rows) {
            let later = self.judged.settled.later.get(&place);
            match (*row, later, key.phone()) {
                (Assignment::Known { payout, .. }, ..) => {
                    known.insert(payout);
                }
                (_, Some(later), _) => {
                    ids.insert(hasher.own_id(later.id.as_str()));
                }
                _ if key.own_id != 0 => {
                    ids.insert(key.own_id);
                }
                (Assignment::New { occurrence }, _, Some(phone)) if occurrence > 0 => {
                    let id = CashgramId::derive(self.batch.as_str(), phone, occurrence, 1);
                    ids.insert(hasher.own_id(id.as_str()));
                }
                (Assignment::New { .. }, ..) => {}
            }
        }
        if let Some(store) = self.store {
            store.each_known(|payout| {
                if known.contains(&payout.payout.0) {
                    ids.insert(hasher.own_id(payout.cashgram_id));
                }
            })?;
        }
        Ok(ids)
    }
}

/// Whether the checkpoint has that id.
pub(super) fn is_known(store: &Store, id: &str) -> bool {
    store.stands(id).is_ok_and(|stands| stands.is_some())
}
