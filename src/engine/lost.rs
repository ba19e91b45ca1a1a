//! Links that were found are taken for a batch's own: after a last comparison of what old results say of their ids, and of
//! what the gateway has, with the checkpoint that stands in for a lost one.
//!
//! Deliberately absent: reading the results, and the guards that need no gateway.

use std::collections::{HashSet, VecDeque};

use tokio::task::JoinSet;

use crate::checkpoint::{News, OfPhone, PayoutNo, Posting, Store, SweepRow};
use crate::domain::claims::{Claim, Claims};
use crate::domain::planted::{self, Mistake};
use crate::domain::{CashgramId, Money, Phone, State};
use crate::gateway::Gateway;

use super::ask::Source;
use super::event::Event;
use super::halt::Halt;
use super::session::Session;

/// Links looked for beyond the last one of a phone: one that exists there belonged to a row that has left. Two, since one
/// between may have been refused.
const BEYOND: u32 = 2;

/// Adoptions posted at once: as many as the recorder writes in one page.
const ADOPTED_AT_ONCE: usize = 256;

/// What was found to be wrong. Nothing may be adopted or sent then.
#[derive(Debug, Default)]
pub struct Discord {
    /// Links that exist and were made for another phone or amount than their rows have now: what was said of them, and
    /// what their row says.
    pub otherwise: Vec<(Claim, Money)>,
    /// Links that exist and have no row any more.
    pub without_row: Vec<Claim>,
    /// Phones of which the gateway has more links than the sheet has rows.
    pub beyond: Vec<Phone>,
    /// Phones of which the gateway has links for some rows alone, and their amounts differ: a row that came in between would
    /// have taken another's link.
    pub partly: Vec<Phone>,
    /// Links that were confirmed, and that this gateway does not know.
    pub unknown_here: Vec<Claim>,
    /// Links that took the place of dead ones, and whose rows this checkpoint took in as if there were none.
    pub passed_over: Vec<Claim>,
    /// Links that were made, and whose rows got no id: they have faults now.
    pub faulty: Vec<Claim>,
}

impl Discord {
    /// Whether all is well.
    pub fn is_none(&self) -> bool {
        self.otherwise.is_empty()
            && self.without_row.is_empty()
            && self.beyond.is_empty()
            && self.partly.is_empty()
            && self.unknown_here.is_empty()
            && self.passed_over.is_empty()
            && self.faulty.is_empty()
    }
}

/// What was taken for a batch's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Adopted {
    /// All links.
    pub links: u64,
    /// Those of them that stay cancelled.
    pub stopped: u64,
    /// Those that had been cancelled, and whose links are not dead.
    pub revived: u64,
}

/// What to look for at the gateway.
#[derive(Default)]
struct Questions {
    without_row: Vec<Claim>,
    beyond: Vec<(String, Phone)>,
}

impl<G: Gateway> Session<G> {
    /// Which of `ids` exist, none of which any payout here has. Nothing is recorded.
    ///
    /// # Errors
    ///
    /// As [`Session::probe`].
    pub async fn look_for(&mut self, ids: Vec<String>) -> Result<Vec<String>, Halt> {
        Ok(self.ask_all(Source::Strange(ids)).await?.strangers)
    }

    /// Asks again about payouts in conflict, for their status.
    ///
    /// # Errors
    ///
    /// As [`Session::probe`].
    pub async fn ask_conflicts(&mut self) -> Result<u64, Halt> {
        let rows = self
            .line
            .recorder
            .run(|store| store.conflicts())
            .await
            .map_err(|why| Halt::NotRecorded {
                why: why.to_string(),
            })?;
        self.ask(Source::Listed(VecDeque::from(rows))).await
    }

    /// Takes every conflicting payout that was seen at the gateway for the batch's own; those of `stopped`, which the lost
    /// checkpoint had cancelled, stay so where their links are dead, and so do those that `cancel` was told to stop since.
    ///
    /// # Errors
    ///
    /// If it cannot be recorded.
    pub async fn adopt(&self, stopped: &HashSet<String>) -> anyhow::Result<Adopted> {
        let (rows, wished) = self
            .line
            .recorder
            .run(|store| Ok((store.conflicts()?, store.wished_conflicts()?)))
            .await?;
        let seen = rows.into_iter().filter(|row| row.status.is_some());
        let was_stopped = |row: &SweepRow| {
            stopped.contains(&row.cashgram_id) && !planted::is(Mistake::StoppedLinkIsAnyAfterLoss)
        };
        let (dead, rows): (Vec<SweepRow>, Vec<SweepRow>) = seen.partition(|row| {
            let is_stopped = was_stopped(row) || wished.contains(&row.cashgram_id);
            row.standing.history.dead && is_stopped
        });
        let dead: Vec<PayoutNo> = dead.iter().map(|row| row.payout).collect();
        let alive: Vec<Event> = rows
            .iter()
            .filter(|row| was_stopped(row))
            .map(revived)
            .collect();
        let adopted = Adopted {
            links: count(dead.len() + rows.len()),
            stopped: count(dead.len()),
            revived: count(alive.len()),
        };
        let at = self.line.clock.now();
        self.line
            .recorder
            .run(move |store| store.adopt_stopped(&dead, at))
            .await?;
        self.adopt_each(rows).await?;
        alive.iter().for_each(|event| (self.line.events)(event));
        Ok(adopted)
    }

    async fn adopt_each(&self, rows: Vec<SweepRow>) -> anyhow::Result<()> {
        let mut posts = JoinSet::new();
        for row in rows {
            let posting = Posting {
                payout: row.payout,
                at: self.line.clock.now(),
                news: News::Adopted,
                believed: None,
            };
            let recorder = self.line.recorder.clone();
            posts.spawn(async move { recorder.post(posting).await });
            // Posted side by side they share a page and its sync.
            if posts.len() >= ADOPTED_AT_ONCE
                && let Some(posted) = posts.join_next().await
            {
                posted??;
            }
        }
        while let Some(posted) = posts.join_next().await {
            posted??;
        }
        Ok(())
    }

    /// Compares `claims` with what was found under their ids, and looks for links that no row has. `in_order` says that
    /// rows of which nothing is claimed stand in the order in which they were sent.
    ///
    /// # Errors
    ///
    /// If the checkpoint cannot be read. The [`Halt`] if not every look-up was answered.
    pub async fn discord(
        &mut self,
        batch: &str,
        claims: Claims,
        in_order: bool,
    ) -> anyhow::Result<Result<Discord, Halt>> {
        let batch = batch.to_owned();
        let (mut discord, questions) = self
            .read(move |store| {
                let mut questions = Questions::default();
                let has_own = store.has_own()?;
                let mut discord = Discord::default();
                if !has_own {
                    known_here(store, &claims, &mut discord, &mut questions)?;
                }
                if !in_order {
                    found_before(store, &claims, &mut discord, &mut questions)?;
                    let mut order = Order::new(&batch, &claims, has_own);
                    store.each_by_phone(|payout| order.next(payout))?;
                    order.end_of_phone();
                    (discord.partly, questions.beyond) = (order.partly, order.beyond);
                }
                Ok((discord, questions))
            })
            .await?;
        if !discord.is_none() {
            return Ok(Ok(discord));
        }
        let ids = questions.without_row.iter().map(|claim| claim.id.as_str());
        let ids = ids.chain(questions.beyond.iter().map(|(id, _)| id.as_str()));
        let found = match self.look_for(ids.map(str::to_owned).collect()).await {
            Ok(found) => found,
            Err(halt) => return Ok(Err(halt)),
        };
        let exists = |id: &str| found.iter().any(|found| found == id);
        let without_row = questions.without_row.into_iter();
        discord
            .without_row
            .extend(without_row.filter(|claim| exists(claim.id.as_str())));
        let beyond = questions.beyond.into_iter();
        discord.beyond = beyond
            .filter(|(id, _)| exists(id))
            .map(|(_, phone)| phone)
            .collect();
        discord.beyond.dedup();
        Ok(Ok(discord))
    }
}

fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}

/// What was cancelled is taken for created, since its link is not dead.
fn revived(row: &SweepRow) -> Event {
    Event::Moved {
        row: row.row,
        id: row.cashgram_id.clone(),
        amount: row.amount,
        from: State::Cancelled,
        to: State::Created,
        note: None,
    }
}

/// Compares what was found under the claims' ids. What has no row here, and by its claim was not sent, is to be looked
/// for: the results may be older than the last creates.
fn known_here(
    store: &Store,
    claims: &Claims,
    discord: &mut Discord,
    questions: &mut Questions,
) -> Result<(), crate::checkpoint::Error> {
    for (claim, is_later) in claims.newest() {
        match store.stands(claim.id.as_str())? {
            Some((state, ..)) if state != State::Conflict => match claim.state {
                State::Created => discord.unknown_here.push(claim.clone()),
                State::Invalid
                | State::Ready
                | State::Unknown
                | State::Rejected
                | State::Conflict
                | State::Cancelled => {}
            },
            // A look-up found it, and then its row left.
            Some((.., false)) if claim.sent && claim.state != State::Cancelled => {
                discord.without_row.push(claim.clone());
            }
            Some((_, phone, amount, _)) => {
                if (phone, amount.paise()) != (claim.key.phone, claim.key.amount) {
                    discord.otherwise.push((claim.clone(), amount));
                }
            }
            None if claim.sent && is_later && claim.state != State::Cancelled => {
                discord.passed_over.push(claim.clone());
            }
            None if claim.sent => match claim.state {
                // No money can move by it any more, and its row may leave.
                State::Cancelled => {}
                State::Invalid
                | State::Ready
                | State::Unknown
                | State::Created
                | State::Rejected
                | State::Conflict => discord.faulty.push(claim.clone()),
            },
            None => questions.without_row.push(claim.clone()),
        }
    }
    Ok(())
}

/// Compares what was found with ids that a create of the lost checkpoint had found to exist already.
fn found_before(
    store: &Store,
    claims: &Claims,
    discord: &mut Discord,
    questions: &mut Questions,
) -> Result<(), crate::checkpoint::Error> {
    for claim in claims.disputed() {
        match store.stands(claim.id.as_str())? {
            Some((State::Conflict, phone, amount, true)) => {
                if (phone, amount.paise()) != (claim.key.phone, claim.key.amount) {
                    discord.otherwise.push((claim.clone(), amount));
                }
            }
            Some(_) => {}
            None => questions.without_row.push(claim.clone()),
        }
    }
    Ok(())
}

/// What follows from the order of a phone's rows alone, phone after phone.
struct Order<'c> {
    batch: &'c str,
    /// Phones of which claims say how many payouts there were.
    told: HashSet<u64>,
    /// Ids of which claims say whose they are.
    claimed: HashSet<String>,
    /// Phones are in doubt alone of which something is in conflict, and nothing is this checkpoint's own.
    has_own: bool,
    of_phone: Vec<OfPhone>,
    partly: Vec<Phone>,
    beyond: Vec<(String, Phone)>,
}

impl<'c> Order<'c> {
    fn new(batch: &'c str, claims: &Claims, has_own: bool) -> Order<'c> {
        Order {
            batch,
            told: claims.phones(),
            claimed: claims.ids(),
            has_own,
            of_phone: Vec::new(),
            partly: Vec::new(),
            beyond: Vec::new(),
        }
    }

    fn next(&mut self, payout: OfPhone) {
        let last = self.of_phone.last();
        if last.is_some_and(|last| last.phone != payout.phone) {
            self.end_of_phone();
        }
        self.of_phone.push(payout);
    }

    fn end_of_phone(&mut self) {
        let payouts = std::mem::take(&mut self.of_phone);
        let phone = payouts
            .first()
            .and_then(|first| Phone::from_number(first.phone));
        let own = payouts.iter().any(|payout| payout.own);
        let in_conflict = payouts.iter().any(is_in_conflict);
        let Some(phone) = phone.filter(|_| !own && (in_conflict || !self.has_own)) else {
            return;
        };
        if self.is_partly_there(&payouts) {
            self.partly.push(phone);
        }
        if !self.told.contains(&phone.number()) {
            self.look_beyond(phone, &payouts);
        }
    }

    fn is_partly_there(&self, payouts: &[OfPhone]) -> bool {
        let unclaimed = payouts.iter().filter(|payout| {
            let id = payout.cashgram_id.as_ref().filter(|_| payout.has_row);
            id.is_some_and(|id| !self.claimed.contains(id))
        });
        let unclaimed: Vec<&OfPhone> = unclaimed.collect();
        let found = unclaimed
            .iter()
            .filter(|payout| is_in_conflict(payout))
            .count();
        let alike = unclaimed.windows(2).all(|pair| match pair {
            [one, other] => one.amount == other.amount,
            _ => true,
        });
        0 < found && found < unclaimed.len() && !alike
    }

    /// The ids of what may stand between and behind them.
    fn look_beyond(&mut self, phone: Phone, payouts: &[OfPhone]) {
        let last = payouts.last().map_or(0, |last| last.occurrence);
        let known: HashSet<u32> = payouts.iter().map(|payout| payout.occurrence).collect();
        let others = (1..=last.saturating_add(BEYOND)).filter(|place| !known.contains(place));
        for occurrence in others {
            let id = CashgramId::derive(self.batch, phone, occurrence, 1);
            if !self.claimed.contains(id.as_str()) {
                self.beyond.push((id.as_str().to_owned(), phone));
            }
        }
    }
}

fn is_in_conflict(payout: &OfPhone) -> bool {
    payout.state == State::Conflict
}
