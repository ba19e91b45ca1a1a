//! The sheet as its user keeps it: rows that are sorted, edited, added and removed between runs, and taken in.
//!
//! The matching of rows, the ids and the intake are the real ones; reading a file is not part of this.

use std::collections::{BTreeMap, HashSet};

use fastrand::Rng;
use jiff::Timestamp;
use paysheet::checkpoint::{MadeBefore, PayoutNo, RowFields, Store};
use paysheet::domain::claims::Settled;
use paysheet::domain::matching::{Assignment, KnownKey, Leave, Matching, match_rows};
use paysheet::domain::{CashgramId, KeyHasher, Money, Phone, RowKey, State};

use super::kept::Kept;
use super::mix::{Mix, choose};

/// The batch of every world.
pub(crate) const BATCH: &str = "june";
const NAMES: [&str; 4] = ["Asha Menon", "Ravi Kumar", "B. Singh", "Zoya"];
/// Paise. Few, so that rows of one phone share them.
const AMOUNTS: [i64; 5] = [10_000, 10_001, 250_050, 399_999, 500_000];

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) phone: u64,
    pub(crate) amount: i64,
    pub(crate) email: &'static str,
    pub(crate) expiry: &'static str,
    pub(crate) remarks: &'static str,
    pub(crate) own_id: Option<String>,
    pub(crate) notify: Option<bool>,
    pub(crate) valid: bool,
}

/// The sheet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sheet {
    pub(crate) rows: Vec<Row>,
    /// Rows that were removed and may be put back.
    removed: Vec<Row>,
    /// Rows so far, for own ids that nobody else has.
    made: u32,
}

impl Row {
    fn key(&self, hasher: &KeyHasher) -> RowKey {
        hasher.key(
            self.own_id.as_deref().unwrap_or_default(),
            Phone::from_number(self.phone),
            Money::from_paise(self.amount),
            self.name,
            self.email,
        )
    }

    fn fields(&self) -> RowFields<'_> {
        RowFields {
            name: self.name,
            phone: self.phone,
            email: self.email,
            amount: Money::from_paise(self.amount).unwrap(),
            link_expiry: self.expiry,
            remarks: self.remarks,
            payout_type: "",
            description: "",
            notify: self.notify,
        }
    }
}

impl Sheet {
    pub(crate) fn draw(mix: &Mix, rng: &mut Rng) -> Sheet {
        let mut sheet = Sheet::default();
        for _ in 0..mix.rows {
            sheet.add(mix, rng);
        }
        sheet
    }

    fn add(&mut self, mix: &Mix, rng: &mut Rng) {
        self.made += 1;
        let own = rng.u32(0..100) < mix.own_ids;
        let phone = 9_000_000_000 + u64::try_from(rng.usize(0..mix.phones)).unwrap();
        self.rows.push(Row {
            name: choose(rng, &NAMES),
            phone,
            amount: choose(rng, &AMOUNTS),
            email: choose(rng, &["", "", "a@example.com"]),
            expiry: choose(rng, &["", "", "+7d", "+1d"]),
            remarks: choose(rng, &["", "June"]),
            own_id: own.then(|| format!("OWN_{}", self.made)),
            notify: choose(rng, &[None, None, Some(false)]),
            valid: rng.u32(0..100) >= mix.invalid,
        });
    }

    /// Somebody works on the sheet.
    pub(crate) fn edit(&mut self, mix: &Mix, rng: &mut Rng) -> &'static str {
        let at = rng.usize(0..self.rows.len().max(1));
        match rng.u32(0..9) {
            0 => {
                rng.shuffle(&mut self.rows);
                "edit: shuffled"
            }
            1 => {
                self.rows.sort_by_key(|row| row.amount);
                "edit: sorted"
            }
            2 if self.rows.len() > 1 => {
                self.take_out(&[at]);
                "edit: row removed"
            }
            3 => {
                self.rows[at].amount = choose(rng, &AMOUNTS);
                "edit: amount"
            }
            4 => {
                self.rows[at].name = choose(rng, &NAMES);
                "edit: name"
            }
            5 => {
                self.rows[at].expiry = choose(rng, &["", "+7d", "+3d"]);
                "edit: expiry"
            }
            6 => {
                self.rows[at].valid = !self.rows[at].valid;
                "edit: validity"
            }
            7 => {
                self.rows[at].remarks = choose(rng, &["", "June", "July"]);
                "edit: remarks"
            }
            _ => {
                self.add(mix, rng);
                "edit: row added"
            }
        }
    }

    /// Takes rows out, the last one first, but never all. Whether there were any.
    pub(crate) fn take_out(&mut self, places: &[usize]) -> bool {
        let before = self.rows.len();
        for at in places {
            if self.rows.len() > 1 {
                self.removed.push(self.rows.remove(*at));
            }
        }
        self.rows.len() < before
    }

    /// Puts back what was taken out. Whether there was anything.
    pub(crate) fn put_back(&mut self) -> bool {
        let is_any = !self.removed.is_empty();
        self.rows.append(&mut self.removed);
        is_any
    }

    pub(crate) fn sum(&self) -> i64 {
        self.rows.iter().map(|row| row.amount).sum()
    }

    /// How many rows there are of each phone and amount.
    pub(crate) fn payments(&self) -> BTreeMap<(u64, i64), u32> {
        let mut payments = BTreeMap::new();
        for row in &self.rows {
            *payments.entry((row.phone, row.amount)).or_default() += 1;
        }
        payments
    }

    /// Matches the rows with what is known. `None`: a payout that may exist has left or changed, so nothing is sent.
    pub(crate) fn matched(
        &self,
        store: &Store,
        kept: &Kept,
        is_new: bool,
    ) -> Option<(Matching, Settled)> {
        let hasher = KeyHasher::new();
        let claims = kept.claims(&hasher, is_new);
        let brought = claims.brought();
        let (mut ids, mut places) = (HashSet::new(), HashSet::new());
        let keys: Vec<RowKey> = self.rows.iter().map(|row| row.key(&hasher)).collect();
        let mut known = Vec::new();
        store
            .each_known(|payout| {
                ids.insert(payout.cashgram_id.to_owned());
                ids.insert(payout.sheet_id.to_owned());
                places.insert((payout.phone, payout.occurrence));
                known.push(KnownKey {
                    payout: payout.payout.0,
                    row: payout
                        .row
                        .and_then(|row| u32::try_from(row).ok())
                        .unwrap_or(u32::MAX),
                    occurrence: payout.occurrence,
                    live: KnownKey::is_live(payout.standing.state, payout.standing.is_frozen()),
                    leave: match payout.standing.state {
                        State::Cancelled => Leave::Stopped,
                        State::Conflict if payout.own_id && !brought.contains(payout.sheet_id) => {
                            Leave::Disputed
                        }
                        _ => Leave::Never,
                    },
                    key: RowKey {
                        own_id: if payout.own_id {
                            hasher.own_id(payout.sheet_id)
                        } else {
                            0
                        },
                        phone: payout.phone,
                        amount: payout.amount.paise(),
                        name: hasher.text(payout.name),
                        email: hasher.text(payout.email),
                    },
                });
            })
            .unwrap();
        let is_known = |first: &CashgramId, phone: u64, occurrence: u32| match occurrence {
            0 => ids.contains(first.as_str()),
            _ => places.contains(&(phone, occurrence)) || ids.contains(first.as_str()),
        };
        known.extend(claims.keys(|id| hasher.own_id(id), is_known));
        let mut matching = match_rows(&keys, &known);
        let settled = claims.settle(&mut matching);
        let agrees = matching.astray.is_empty() && matching.replaced.is_empty();
        let agrees = agrees && settled.astray.is_empty() && settled.replaced.is_empty();
        agrees.then_some((matching, settled))
    }

    /// Takes every row in.
    pub(crate) fn take_in(
        &self,
        store: &mut Store,
        (matching, settled): &(Matching, Settled),
        before: &[MadeBefore],
        at: Timestamp,
    ) -> Result<(), paysheet::checkpoint::Error> {
        // What was looked up since and does not exist is a row like any other.
        let (mut doubtful, probed) = (HashSet::new(), store.meta().probed);
        for (row, id) in &settled.sent {
            if !probed || store.stands(id.as_str())?.is_none() {
                doubtful.insert(*row);
            }
        }
        let mut intake = store.begin_intake("{}", at)?;
        for (at, (row, assignment)) in self.rows.iter().zip(&matching.rows).enumerate() {
            let nth = u64::try_from(at).unwrap() + 1;
            let place = (nth, nth + 1);
            match *assignment {
                Assignment::Known { payout, .. } => {
                    let fields = if row.valid {
                        row.fields()
                    } else {
                        row.spoiled()
                    };
                    intake.place_known(place, PayoutNo(payout), "[]", &fields, row.valid)?;
                }
                Assignment::New { occurrence } => {
                    let at = u32::try_from(at).unwrap();
                    // As a row whose expiry has passed since it was sent: nothing else is asked of it any more.
                    let valid = row.valid || doubtful.contains(&at);
                    let id = valid.then(|| row.id(occurrence));
                    let later = settled.later.get(&at);
                    if let (Some(later), Some((first, own))) = (later, &id) {
                        let own = own.then_some(first.as_str());
                        intake.place_later(place, later, own, occurrence, "[]", &row.fields())?;
                        continue;
                    }
                    let id = id.as_ref().map(|(id, own)| (id.as_str(), *own));
                    intake.place_new(place, id, occurrence, "[]", &row.fields())?;
                }
            }
        }
        before.iter().try_for_each(|made| intake.take_over(made))?;
        intake.finish(&format!("{at}"))
    }
}

impl Row {
    /// Of a row with faults only the key is read.
    fn spoiled(&self) -> RowFields<'_> {
        RowFields {
            phone: self.phone,
            amount: Money::from_paise(self.amount).unwrap(),
            ..RowFields::default()
        }
    }

    fn id(&self, occurrence: u32) -> (String, bool) {
        match &self.own_id {
            Some(own) => (own.clone(), true),
            None => {
                let phone = Phone::from_number(self.phone).unwrap();
                let id = CashgramId::derive(BATCH, phone, occurrence, 1);
                (id.as_str().to_owned(), false)
            }
        }
    }
}
