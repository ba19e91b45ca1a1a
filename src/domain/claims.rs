//! What the results of a lost checkpoint say of their ids, as payouts that a sheet's rows are matched with. PURE.
//!
//! An id holds neither name nor amount, and which of a phone's payouts a row is follows from the rows around it. So a
//! sheet that was edited since would give its rows each other's ids, if nothing but the sheet were asked: an old link of
//! another amount would count as a row's payment, and a row that was paid would be paid again under an id never sent.
//!
//! Deliberately absent: reading files, and what becomes of the rows that are found wrong.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::id::{CashgramId, DIGEST_CHARS};
use super::matching::{Assignment, Astray, KnownKey, Leave, Matching};
use super::phone::Phone;
use super::planted::{self, Mistake};
use super::row_key::RowKey;
use super::state::State;

/// Places among a phone's payouts that an id is tried for, beyond twice as many as the results name of that phone.
const OCCURRENCES_TRIED: u32 = 64;
/// Generations that an id is tried for. Each takes a link that is proven dead, which takes days.
const GENERATIONS_TRIED: u32 = 16;

/// What one row of old results says of its id.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The id.
    pub id: CashgramId,
    /// Where it stood.
    pub state: State,
    /// Whether the gateway may have it: it was sent, or seen there.
    pub sent: bool,
    /// Whether a create of it was sent, whatever came of it.
    pub tried: bool,
    /// Whom and how much; the own id is not looked at.
    pub key: RowKey,
    /// Which of the files it stands in, counted from 0, the later ones the newer.
    pub file: usize,
    /// Line of that file.
    pub line: u64,
}

impl Claim {
    /// Whether it says anything of a payment: a blank or invalid row does not.
    fn counts(&self) -> bool {
        self.state != State::Invalid && self.key.phone > 0 && self.key.amount > 0
    }
}

/// One payout of a lost checkpoint, in its newest generation.
#[derive(Clone, Debug)]
struct Payout {
    claim: Claim,
    occurrence: u32,
    generation: u32,
    /// The id of its first generation, which a new checkpoint would give its row.
    first: CashgramId,
}

impl Payout {
    fn leave(&self) -> Leave {
        match self.claim.state {
            State::Cancelled => Leave::Stopped,
            State::Conflict => Leave::Disputed,
            State::Invalid | State::Ready | State::Unknown | State::Created | State::Rejected => {
                Leave::Never
            }
        }
    }
}

/// A link that took a dead one's place: its row goes on with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Later {
    /// Its id.
    pub id: CashgramId,
    /// 2 and up.
    pub generation: u32,
}

/// A payout of a lost checkpoint that no row goes on with: another generation has taken its place, or it was cancelled
/// and its row has left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Whom and how much.
    pub key: RowKey,
    /// The id that the sheet brought, where it did: that of the first generation.
    pub own: Option<CashgramId>,
    /// Which of its phone's payouts it is; 0 with an own id.
    pub occurrence: u32,
    /// 1 for the first.
    pub generation: u32,
    /// Whether another generation has taken its place.
    pub is_replaced: bool,
}

/// What came of the claims once rows were matched with them.
#[derive(Clone, Debug, Default)]
pub struct Settled {
    /// Those whose rows are gone or changed, each with the row that stands there now.
    pub astray: Vec<(Claim, Option<u32>)>,
    /// Disputed ones whose rows are gone, each with a new row of its phone.
    pub replaced: Vec<(Claim, Option<u32>)>,
    /// Rows, counted from 0, that go on with a later generation.
    pub later: HashMap<u32, Later>,
    /// Rows, counted from 0, whose links may exist, and their ids: nothing but whom, how much and the id is asked of them.
    pub sent: HashMap<u32, CashgramId>,
    /// What no row goes on with, by its id.
    pub left: BTreeMap<CashgramId, Left>,
}

/// All claims of a batch, one for each id, and the payouts that they are of.
#[derive(Clone, Debug, Default)]
pub struct Claims {
    payouts: Vec<Payout>,
    /// Ids made for the sheet of which no more is said than that they were found to exist.
    disputed: Vec<Claim>,
    /// What newer generations have replaced.
    replaced: Vec<Payout>,
    /// What was stopped or refused, by the newest file that says more of it than that it is to be sent.
    decided: HashMap<CashgramId, (State, RowKey)>,
}

impl Claims {
    /// From what the results of `batch` say, file after file. Of one id a row that was sent is believed before one that
    /// was not, and the newer before the older; only that it is to be sent undoes no cancel, since a run that stops for
    /// a lost checkpoint lists what was cancelled so. A conflict, whose link may be anybody's, is believed where nothing
    /// else is said of an id that the sheet brought.
    pub fn of(batch: &str, told: impl IntoIterator<Item = Claim>) -> Claims {
        let mut best: BTreeMap<CashgramId, Claim> = BTreeMap::new();
        let (mut decided, mut disputed) = (HashMap::new(), BTreeMap::new());
        for claim in told_for_sure(told) {
            if claim.state == State::Conflict {
                disputed.insert(claim.id.clone(), claim);
                continue;
            }
            match claim.state {
                State::Cancelled | State::Rejected => {
                    decided.insert(claim.id.clone(), (claim.state, claim.key));
                }
                State::Unknown | State::Created => {
                    decided.remove(&claim.id);
                }
                State::Ready | State::Invalid | State::Conflict => {}
            }
            let undoes =
                |known: &Claim| claim.state != State::Ready || known.state != State::Cancelled;
            let known = best.get(&claim.id);
            if known.is_none_or(|known| claim.sent || !known.sent && undoes(known)) {
                best.insert(claim.id.clone(), claim);
            }
        }
        disputed.retain(|id, _| !best.contains_key(id));
        let mut rows: HashMap<u64, u32> = HashMap::new();
        for claim in best.values().chain(disputed.values()) {
            *rows.entry(claim.key.phone).or_default() += 1;
        }
        let mut derived: BTreeMap<(u64, u32), Payout> = BTreeMap::new();
        let mut brought = Vec::new();
        let mut replaced = Vec::new();
        for claim in best.into_values() {
            let rows = rows.get(&claim.key.phone).copied().unwrap_or(0);
            let Some((phone, occurrence, generation)) = made_from(batch, &claim, rows) else {
                brought.push(claim);
                continue;
            };
            let place = (claim.key.phone, occurrence);
            let payout = Payout {
                first: CashgramId::derive(batch, phone, occurrence, 1),
                claim,
                occurrence,
                generation,
            };
            replaced.extend(keep_newest(&mut derived, place, payout));
        }
        let (disputed, found): (Vec<Claim>, Vec<Claim>) =
            disputed.into_values().partition(|claim| {
                let rows = rows.get(&claim.key.phone).copied().unwrap_or(0);
                made_from(batch, claim, rows).is_some()
            });
        brought.extend(found);
        let brought = from_brought(brought, &mut replaced);
        Claims {
            payouts: derived.into_values().chain(brought).collect(),
            disputed,
            replaced,
            decided,
        }
    }

    /// Ids that look made from one that the sheet brings, without a claim that says from which.
    pub fn untraced(&self) -> HashSet<&CashgramId> {
        let payouts = self.payouts.iter();
        let ids = payouts
            .filter(|lost| lost.occurrence == 0)
            .map(|lost| &lost.first);
        ids.filter(|id| ends_in_digest(id.as_str())).collect()
    }

    /// Traces such ids back to those that the sheet brings: their rows go on with them.
    pub fn trace(&mut self, brought: &[CashgramId]) {
        let mut firsts: HashMap<CashgramId, (&CashgramId, u32)> = HashMap::new();
        let untraced = self.untraced();
        for own in brought {
            let later = later_than(own).filter(|(_, id)| untraced.contains(id));
            firsts.extend(later.map(|(generation, id)| (id, (own, generation))));
        }
        let mut traced: BTreeMap<CashgramId, Payout> = BTreeMap::new();
        let known = std::mem::take(&mut self.payouts);
        for mut lost in known {
            let first = firsts.get(&lost.first).filter(|_| lost.occurrence == 0);
            let Some((own, generation)) = first else {
                self.payouts.push(lost);
                continue;
            };
            (lost.first, lost.generation) = ((*own).clone(), *generation);
            let place = lost.first.clone();
            self.replaced.extend(keep_newest(&mut traced, place, lost));
        }
        self.payouts.extend(traced.into_values());
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.payouts.is_empty()
    }

    /// The payouts that the checkpoint does not know by itself, for [`super::matching::match_rows`]; `own_id` is the
    /// hash that the rows' keys have. What it knows is asked for by the first id, the phone and the occurrence.
    pub fn keys<'c>(
        &'c self,
        own_id: impl Fn(&str) -> u64 + 'c,
        is_known: impl Fn(&CashgramId, u64, u32) -> bool + 'c,
    ) -> impl Iterator<Item = KnownKey> + 'c {
        let numbered = (1_i64..).zip(&self.payouts);
        let lost = numbered
            .filter(move |(_, lost)| !is_known(&lost.first, lost.claim.key.phone, lost.occurrence));
        lost.map(move |(number, lost)| KnownKey {
            payout: -number,
            row: u32::try_from(lost.claim.line).unwrap_or(u32::MAX),
            occurrence: lost.occurrence,
            live: KnownKey::is_live(lost.claim.state, lost.claim.sent),
            leave: lost.leave(),
            key: RowKey {
                own_id: match lost.occurrence {
                    0 => own_id(lost.first.as_str()),
                    _ => 0,
                },
                ..lost.claim.key
            },
        })
    }

    /// A row that was matched with one of them is new to the checkpoint, and has its place among its phone's payouts.
    pub fn settle(&self, matching: &mut Matching) -> Settled {
        let mut settled = Settled {
            left: self.left(matching),
            ..Settled::default()
        };
        for (at, row) in (0..).zip(&mut matching.rows) {
            if let Assignment::Known { payout, .. } = row
                && let Some(lost) = self.payout(*payout)
            {
                *row = Assignment::New {
                    occurrence: lost.occurrence,
                };
                if lost.claim.sent {
                    settled.sent.insert(at, lost.claim.id.clone());
                }
                if lost.generation > 1 && !planted::is(Mistake::GenerationForgottenAfterLoss) {
                    let later = Later {
                        id: lost.claim.id.clone(),
                        generation: lost.generation,
                    };
                    settled.later.insert(at, later);
                }
            }
        }
        let told = |known: &Astray| {
            let lost = self.payout(known.payout);
            lost.map(|lost| (lost.claim.clone(), known.now))
        };
        let (astray, replaced) = (&mut matching.astray, &mut matching.replaced);
        settled.astray = astray.iter().filter_map(told).collect();
        settled.replaced = replaced.iter().filter_map(told).collect();
        astray.retain(|known| told(known).is_none());
        replaced.retain(|known| told(known).is_none());
        settled
    }

    /// The ids, as a sheet brings them, of what was sent and not cancelled since: no row of theirs may leave, whatever a
    /// look-up made of it.
    pub fn brought(&self) -> HashSet<&str> {
        let payouts = self.payouts.iter();
        let sent = payouts.filter(|lost| lost.occurrence == 0 && lost.claim.sent);
        let sent = sent.filter(|lost| lost.claim.state != State::Cancelled);
        sent.map(|lost| lost.first.as_str()).collect()
    }

    /// What was replaced, and of what was cancelled all that no row was matched with.
    fn left(&self, matching: &Matching) -> BTreeMap<CashgramId, Left> {
        let rows = matching.rows.iter();
        let taken: HashSet<i64> = rows
            .filter_map(|row| match row {
                Assignment::Known { payout, .. } if *payout < 0 => Some(*payout),
                Assignment::Known { .. } | Assignment::New { .. } => None,
            })
            .collect();
        let newest = (1_i64..).zip(&self.payouts);
        let gone = newest
            .filter(|(number, lost)| {
                lost.claim.state == State::Cancelled && !taken.contains(&-number)
            })
            .map(|(_, lost)| (lost, false));
        let replaced = self.replaced.iter().map(|lost| (lost, true));
        let left = gone.chain(replaced).map(|(lost, is_replaced)| {
            let left = Left {
                key: lost.claim.key,
                own: (lost.occurrence == 0).then(|| lost.first.clone()),
                occurrence: lost.occurrence,
                generation: lost.generation,
                is_replaced,
            };
            (lost.claim.id.clone(), left)
        });
        left.collect()
    }

    fn payout(&self, number: i64) -> Option<&Payout> {
        let place = usize::try_from(number.checked_neg()?).ok()?;
        self.payouts.get(place.checked_sub(1)?)
    }

    /// The claim of each payout, and whether it took the place of another link: those that were replaced are left out, and
    /// those in dispute.
    pub fn newest(&self) -> impl Iterator<Item = (&Claim, bool)> {
        let payouts = self.undisputed();
        payouts.map(|lost| (&lost.claim, lost.generation > 1))
    }

    /// The ids of what was stopped, and is not to be paid by a send.
    pub fn stopped(&self) -> Vec<String> {
        let stopped = self.decided(State::Cancelled);
        stopped.map(|(id, _)| id).collect()
    }

    /// What was refused, and is not to be sent again unasked: ids, and whom and how much each was for.
    pub fn refused(&self) -> (Vec<String>, Vec<RowKey>) {
        self.decided(State::Rejected).unzip()
    }

    fn decided(&self, wanted: State) -> impl Iterator<Item = (String, RowKey)> {
        self.payouts.iter().filter_map(move |lost| {
            let id = &lost.claim.id;
            let (state, key) = self.decided.get(id)?;
            (*state == wanted).then(|| (id.as_str().to_owned(), *key))
        })
    }

    /// Ids made for the sheet that a create of the lost checkpoint found to exist already: mostly its own, sent twice on the
    /// way. The row that it was sent for is hardly another payment's.
    pub fn disputed(&self) -> impl Iterator<Item = &Claim> {
        self.disputed.iter().filter(|claim| claim.tried)
    }

    /// The phones of which the claims name every payout.
    pub fn phones(&self) -> HashSet<u64> {
        let payouts = self.undisputed();
        let mut phones: HashSet<u64> = payouts.map(|lost| lost.claim.key.phone).collect();
        for claim in &self.disputed {
            phones.remove(&claim.key.phone);
        }
        phones
    }

    /// All ids that are said to be a payout's: its newest, and that of its first generation.
    pub fn ids(&self) -> HashSet<String> {
        let ids = self
            .undisputed()
            .flat_map(|lost| [&lost.claim.id, &lost.first]);
        ids.map(|id| id.as_str().to_owned()).collect()
    }

    fn undisputed(&self) -> impl Iterator<Item = &Payout> {
        let payouts = self.payouts.iter();
        payouts.filter(|lost| lost.claim.state != State::Conflict)
    }
}

/// Without what is only guessed: while anything of a phone is in conflict, nobody knows which of its rows is which, and
/// nothing else of it is sent; so the same file does not say it of those that are still to be sent.
fn told_for_sure(told: impl IntoIterator<Item = Claim>) -> impl Iterator<Item = Claim> {
    let told: Vec<Claim> = told.into_iter().filter(Claim::counts).collect();
    let place = |claim: &Claim| (claim.file, claim.key.phone);
    let in_conflict = told.iter().filter(|claim| claim.state == State::Conflict);
    let guessed: HashSet<(usize, u64)> = in_conflict.map(place).collect();
    let is_sure =
        move |claim: &Claim| claim.state != State::Ready || !guessed.contains(&place(claim));
    told.into_iter().filter(is_sure)
}

/// A generation follows only one that is proven dead, so whatever became of it, the newest is the row's. Gives the older
/// one, if there are two.
fn keep_newest<K: Ord>(
    payouts: &mut BTreeMap<K, Payout>,
    place: K,
    payout: Payout,
) -> Option<Payout> {
    let known = payouts.get(&place);
    if known.is_some_and(|known| known.generation >= payout.generation) {
        return Some(payout);
    }
    payouts.insert(place, payout)
}

/// Payouts whose ids the sheet brought, and later generations of such ones; those that were replaced are added to
/// `replaced`.
fn from_brought(
    brought: Vec<Claim>,
    replaced: &mut Vec<Payout>,
) -> impl Iterator<Item = Payout> + use<> {
    let ids = brought.iter().map(|claim| &claim.id);
    let digests: HashSet<CashgramId> = ids
        .filter(|id| ends_in_digest(id.as_str()))
        .cloned()
        .collect();
    let mut later: HashMap<CashgramId, (CashgramId, u32)> = HashMap::new();
    for claim in brought.iter().filter(|_| !digests.is_empty()) {
        for (generation, id) in later_than(&claim.id) {
            if digests.contains(&id) {
                later.insert(id, (claim.id.clone(), generation));
            }
        }
    }
    let mut payouts: BTreeMap<CashgramId, Payout> = BTreeMap::new();
    for claim in brought {
        let first = || (claim.id.clone(), 1);
        let (first, generation) = later.get(&claim.id).cloned().unwrap_or_else(first);
        let place = first.clone();
        let payout = Payout {
            first,
            claim,
            occurrence: 0,
            generation,
        };
        replaced.extend(keep_newest(&mut payouts, place, payout));
    }
    payouts.into_values()
}

/// The later generations of an id, if the sheet brought it.
fn later_than(id: &CashgramId) -> impl Iterator<Item = (u32, CashgramId)> {
    let later = |generation| (generation, CashgramId::derive_own(id, generation));
    (2..=GENERATIONS_TRIED).map(later)
}

/// Its phone, which of that phone's payouts it is, and its generation; none if the sheet brought the id. Found by trial,
/// since an id does not tell.
fn made_from(batch: &str, claim: &Claim, rows: u32) -> Option<(Phone, u32, u32)> {
    let phone = claim
        .key
        .phone()
        .filter(|_| ends_in_digest(claim.id.as_str()))?;
    let tried = rows.saturating_mul(2).saturating_add(OCCURRENCES_TRIED);
    let all = (1..=GENERATIONS_TRIED)
        .flat_map(|generation| (1..=tried).map(move |occurrence| (occurrence, generation)));
    let mut all = all.into_iter();
    let (occurrence, generation) = all.find(|(occurrence, generation)| {
        CashgramId::derive(batch, phone, *occurrence, *generation) == claim.id
    })?;
    Some((phone, occurrence, generation))
}

/// Whether an id looks like one that was made here.
pub fn ends_in_digest(id: &str) -> bool {
    let is_letter = |c: u8| c.is_ascii_lowercase() || (b'2'..=b'7').contains(&c);
    let digest = id.rsplit_once('-').map_or("", |(_, digest)| digest);
    digest.len() == DIGEST_CHARS && digest.bytes().all(is_letter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::matching::match_rows;
    use crate::domain::{KeyHasher, Money};

    const PHONE: u64 = 9_000_000_001;

    fn key(hasher: &KeyHasher, own: &str, paise: i64) -> RowKey {
        let phone = Phone::from_number(PHONE);
        hasher.key(own, phone, Money::from_paise(paise), "Asha", "")
    }

    fn derived(occurrence: u32, generation: u32) -> CashgramId {
        let phone = Phone::from_number(PHONE).unwrap();
        CashgramId::derive("june", phone, occurrence, generation)
    }

    /// What each row is, and the places among the claims of what is astray.
    fn matched(claims: &Claims, hasher: &KeyHasher, rows: &[RowKey]) -> (Vec<u32>, usize) {
        let known: Vec<KnownKey> = claims
            .keys(|id| hasher.own_id(id), |_, _, _| false)
            .collect();
        let mut matching = match_rows(rows, &known);
        let astray = claims.settle(&mut matching).astray.len();
        assert!(matching.astray.is_empty());
        let rows = matching.rows.iter().map(|row| match row {
            Assignment::New { occurrence } => *occurrence,
            Assignment::Known { .. } => unreachable!("the checkpoint knows none"),
        });
        (rows.collect(), astray)
    }

    #[test]
    fn rows_find_their_places_again() {
        let hasher = KeyHasher::new();
        let claim = |id: CashgramId, state: State, paise: i64| Claim {
            id,
            state,
            sent: matches!(state, State::Created | State::Cancelled),
            tried: true,
            key: key(&hasher, "x", paise),
            file: 0,
            line: 2,
        };
        let own = CashgramId::parse("OWN_1").unwrap();
        let claims = Claims::of(
            "june",
            [
                claim(derived(1, 1), State::Created, 100),
                claim(derived(1, 3), State::Created, 100),
                claim(derived(2, 1), State::Cancelled, 200),
                claim(derived(5, 1), State::Rejected, 500),
                claim(own.clone(), State::Created, 700),
                claim(CashgramId::derive_own(&own, 2), State::Created, 700),
                claim(derived(9, 1), State::Conflict, 900),
            ],
        );
        let row = |paise| key(&hasher, "", paise);
        let owned = key(&hasher, "OWN_1", 700);
        // Sorted otherwise, with a mended row and a new one.
        let rows = [row(501), row(900), owned, row(100), row(200)];
        assert_eq!(matched(&claims, &hasher, &rows), (vec![5, 3, 0, 1, 2], 0));
        // What was cancelled may leave, and its place stays taken.
        let rows = [row(900), row(901), row(100), owned];
        assert_eq!(matched(&claims, &hasher, &rows), (vec![5, 3, 1, 0], 0));
        // What was created may not.
        assert_eq!(matched(&claims, &hasher, &[row(200)]).1, 2);
        let edited = [row(101), key(&hasher, "OWN_1", 701)];
        assert_eq!(matched(&claims, &hasher, &edited).1, 2);
        // What no row goes on with: what was replaced, and what was cancelled and has left.
        let left = |rows: &[RowKey]| {
            let known: Vec<KnownKey> = claims
                .keys(|id| hasher.own_id(id), |_, _, _| false)
                .collect();
            let left = claims.settle(&mut match_rows(rows, &known)).left;
            let left = left.into_iter();
            left.map(|(id, left)| (id, left.occurrence, left.generation, left.is_replaced))
                .collect::<Vec<_>>()
        };
        let mut wanted = vec![(own.clone(), 0, 1, true), (derived(1, 1), 1, 1, true)];
        wanted.sort();
        assert_eq!(left(&[row(100), owned, row(200)]), wanted);
        wanted.push((derived(2, 1), 2, 1, false));
        wanted.sort();
        assert_eq!(left(&[row(100), owned]), wanted);
        let later = claims.newest().filter(|(_, is_later)| *is_later);
        let later: Vec<&CashgramId> = later.map(|(claim, _)| &claim.id).collect();
        let wanted = [derived(1, 3), CashgramId::derive_own(&own, 2)];
        assert_eq!(later, wanted.iter().collect::<Vec<_>>());
    }

    #[test]
    fn what_was_sent_is_believed_before_what_was_not_and_the_newer_before_the_older() {
        let hasher = KeyHasher::new();
        let told = |states: &[(State, i64)]| {
            let told = states
                .iter()
                .enumerate()
                .map(|(file, (state, paise))| Claim {
                    id: derived(1, 1),
                    state: *state,
                    sent: *state == State::Created,
                    tried: true,
                    key: key(&hasher, "x", *paise),
                    file,
                    line: 2,
                });
            let claims = Claims::of("june", told.collect::<Vec<_>>());
            let amounts = claims.newest().map(|(claim, _)| claim.key.amount);
            amounts.collect::<Vec<_>>()
        };
        use State::{Conflict, Created, Ready};
        assert_eq!(told(&[(Created, 1), (Ready, 2), (Conflict, 3)]), [1]);
        assert_eq!(told(&[(Ready, 1), (Created, 2), (Created, 3)]), [3]);
        assert_eq!(told(&[(Ready, 1), (Ready, 2)]), [2]);
        assert!(told(&[(Conflict, 1)]).is_empty());
    }
}
