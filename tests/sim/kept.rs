//! The results as they stand beside the checkpoint, and the copies of those whose checkpoint was lost.
//!
//! What they claim and how rows are matched with that is real; reading a file is not part of this.

use std::collections::{BTreeMap, HashSet};

use paysheet::checkpoint::{Claimed, Knows, MadeBefore, Store};
use paysheet::domain::claims::{Claim, Claims, Left};
use paysheet::domain::{CashgramId, History, KeyHasher, Money, Phone, State, Status};
use rusqlite::Connection;

use super::audit::{Payout, payouts};
use super::sheet::{BATCH, Sheet};
use super::witness::{CONFLICT, UNKNOWN};

/// One row of a results file, or of what was made earlier.
#[derive(Clone, Debug)]
struct Told {
    id: String,
    state: State,
    was_there: bool,
    attempts: u32,
    is_made: bool,
    name: String,
    phone: u64,
    amount: i64,
    email: String,
    reference: Option<String>,
    link: Option<String>,
    status: Option<Status>,
    created_at: Option<i64>,
}

/// What stands there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept {
    /// The results as last written.
    standing: Option<Vec<Told>>,
    /// When, in milliseconds.
    written_ms: i64,
    /// The sheet that they are of.
    told: Sheet,
    copies: Vec<Vec<Told>>,
    /// The sheet as the checkpoint was filled from it.
    pub(crate) taken: Sheet,
    /// The sheet of the last results that a checkpoint wrote which had sent something, or was about to.
    pub(crate) sheet: Sheet,
    /// This life took in another sheet than the one before.
    pub(crate) is_new: bool,
    /// This checkpoint has written results.
    pub(crate) has_written: bool,
    /// Old results did not agree with what exists.
    pub(crate) discord: bool,
    /// Rows with faults that a lost checkpoint had sent do not exist.
    pub(crate) unsent_after_all: bool,
}

impl Kept {
    pub(crate) fn stands(&self) -> bool {
        self.standing.is_some()
    }

    /// Whether more than one lost checkpoint has left its results.
    pub(crate) fn is_of_many(&self) -> bool {
        self.copies.len() > 1
    }

    /// A checkpoint is made anew beside what stands there.
    pub(crate) fn copy(&mut self) {
        self.copies.extend(self.standing.clone());
        self.has_written = false;
    }

    /// The results are lost too, and all copies.
    pub(crate) fn lose(&mut self) {
        self.standing = None;
        self.copies.clear();
    }

    /// Before anything is sent, unless results of this sheet stand there.
    pub(crate) fn write_first(&mut self, conn: &Connection, is_retry: bool, now_ms: i64) {
        if self.standing.is_none() || self.is_new || is_retry || self.told != self.taken {
            self.standing = Some(read(conn));
            self.written_ms = now_ms;
            self.told = self.taken.clone();
            self.has_written = true;
        }
        self.sheet = self.taken.clone();
    }

    /// At the end of a life.
    pub(crate) fn write(&mut self, conn: &Connection, now_ms: i64) {
        let flag = |key: &str| {
            let sql = "SELECT EXISTS (SELECT 1 FROM meta WHERE key = ?1 AND value = 'yes')";
            conn.query_row(sql, [key], |line| line.get::<_, bool>(0))
                .unwrap()
        };
        let sql = "SELECT EXISTS (SELECT 1 FROM payouts WHERE attempts > 0 OR history & ?1 <> 0)";
        let has_history: bool = conn
            .query_row(sql, [History::ADOPTED], |line| line.get(0))
            .unwrap();
        let knows_less =
            flag("replaces_lost") && !flag("probed") && !flag("found_existing") && !has_history;
        if knows_less && self.stands() {
            return;
        }
        self.standing = Some(read(conn));
        self.written_ms = now_ms;
        self.told = self.taken.clone();
        self.has_written = true;
        if has_history || self.copies.is_empty() {
            self.sheet = self.taken.clone();
        }
    }

    /// Whether the results say more than `store` knows: it is an older copy.
    pub(crate) fn knows_more_than(&self, store: &Store) -> bool {
        let mut unsent = HashSet::new();
        let mut known = store.knowledge().unwrap();
        for row in self.standing.iter().flatten() {
            let claimed = Claimed {
                id: &row.id,
                state: row.state,
                attempts: row.attempts,
                is_made: row.is_made,
                written_ms: self.written_ms,
            };
            match known.of(claimed).unwrap() {
                Knows::Enough => {}
                Knows::Less | Knows::Nothing => return true,
                Knows::NothingUnsent => {
                    unsent.insert(row.id.clone());
                }
            }
        }
        !store.next_among(&unsent).unwrap().is_empty()
    }

    /// Whether `id` is cancelled by the newest of it that says more than that it is to be sent, or is in conflict.
    pub(crate) fn tells_stopped(&self, id: &str) -> bool {
        let told = self.copies.iter().chain(&self.standing).flatten();
        let mut told = told.filter(|row| row.id == id).map(|row| row.state);
        let is_word =
            |state: &State| !matches!(state, State::Ready | State::Invalid | State::Conflict);
        told.rfind(is_word) == Some(State::Cancelled)
    }

    /// Whether anything that stands there lists `id` as made by this batch.
    pub(crate) fn lists(&self, id: &str) -> bool {
        let files = self.copies.iter().chain(&self.standing);
        files.flatten().any(|row| row.id == id && row.was_made())
    }

    /// What it tells of those in `left` that were made, the oldest first.
    pub(crate) fn before(
        &self,
        left: &BTreeMap<CashgramId, Left>,
        is_new: bool,
    ) -> Vec<MadeBefore> {
        let standing = self.standing.iter().filter(|_| is_new);
        let mut found: BTreeMap<CashgramId, MadeBefore> = BTreeMap::new();
        for row in self.copies.iter().chain(standing).flatten() {
            let id = CashgramId::parse(&row.id).unwrap();
            let Some(left) = left.get(&id).filter(|_| row.was_made()) else {
                continue;
            };
            let older = found.remove(&id);
            let older = older.map(|made| (made.reference, made.link, made.created_at));
            let (reference, link, created_at) = older.unwrap_or_default();
            let made = MadeBefore {
                cashgram_id: row.id.clone(),
                left: left.clone(),
                stopped: row.state == State::Cancelled,
                name: row.name.clone(),
                email: row.email.clone(),
                reference: row.reference.clone().unwrap_or(reference),
                link: row.link.clone().unwrap_or(link),
                status: row.status.clone(),
                reason: String::new(),
                utr: String::new(),
                error_code: String::new(),
                error_message: String::new(),
                created_at: created_at.or(row.created_at),
                checked_at: None,
            };
            found.insert(id, made);
        }
        let mut told: Vec<MadeBefore> = found.into_values().collect();
        told.sort_by_key(|made| (made.created_at, made.left.generation));
        told
    }

    /// What is claimed by all of it.
    pub(crate) fn claims(&self, hasher: &KeyHasher, is_new: bool) -> Claims {
        let standing = self.standing.iter().filter(|_| is_new);
        let files = self.copies.iter().chain(standing).enumerate();
        let told = files.flat_map(|(file, rows)| rows.iter().map(move |row| (file, row)));
        let claim = |(file, row): (usize, &Told)| {
            let state = row.state;
            Claim {
                id: CashgramId::parse(&row.id).unwrap(),
                state,
                sent: match state {
                    State::Created | State::Unknown => true,
                    State::Cancelled => row.was_there,
                    _ => false,
                },
                tried: row.attempts > 0,
                key: hasher.key(
                    "",
                    Phone::from_number(row.phone),
                    Money::from_paise(row.amount),
                    &row.name,
                    &row.email,
                ),
                file,
                line: 0,
            }
        };
        Claims::of(BATCH, told.map(claim))
    }
}

impl Told {
    /// A payout without an id is not told of.
    fn of(payout: Payout) -> Option<Told> {
        let state = State::ALL[usize::try_from(payout.state).unwrap()];
        let is_made = payout.reference.is_some();
        Some(Told {
            id: payout.id?,
            state,
            was_there: payout.attempts > 0 || payout.status.is_some() || is_made,
            attempts: payout.attempts,
            is_made,
            name: payout.name,
            phone: payout.phone,
            amount: payout.amount,
            email: payout.email,
            reference: payout.reference,
            link: payout.link,
            status: payout.status,
            created_at: payout.created_at,
        })
    }

    fn was_made(&self) -> bool {
        match self.state {
            State::Created => true,
            State::Cancelled => self.reference.is_some() || self.status.is_some(),
            _ => false,
        }
    }
}

/// What stands in results and `earlier.csv`.
fn read(conn: &Connection) -> Vec<Told> {
    let is_listed = |payout: &Payout| {
        let exists = payout.history & History::EXISTS != 0;
        payout.is_in_sheet() || exists || matches!(payout.state, UNKNOWN | CONFLICT)
    };
    let listed = payouts(conn).into_iter().filter(is_listed);
    listed.filter_map(Told::of).collect()
}
