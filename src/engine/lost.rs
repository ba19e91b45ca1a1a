//! Links that were found are taken for a batch's own: after a last comparison of what old results say of their ids, and of
//! what the gateway has, with the checkpoint that stands in for a lost one.
//!
//! Deliberately absent: reading the results, and the guards that need no gateway.

use std::collections::VecDeque;

use tokio::task::JoinSet;

use crate::checkpoint::{News, Posting, Store};
use crate::domain::claims::{Claim, Claims};
use crate::domain::{CashgramId, Money, Phone, State};
use crate::gateway::Gateway;

use super::ask::Source;
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
            && self.unknown_here.is_empty()
            && self.passed_over.is_empty()
            && self.faulty.is_empty()
    }
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

    /// Takes every conflicting payout that was seen at the gateway for the batch's own. Returns how many.
    ///
    /// # Errors
    ///
    /// If it cannot be recorded.
    pub async fn adopt(&self) -> anyhow::Result<u64> {
        let rows = self.line.recorder.run(|store| store.conflicts()).await?;
        let mut posts = JoinSet::new();
        let mut adopted = 0;
        for row in rows.into_iter().filter(|row| row.status.is_some()) {
            let posting = Posting {
                payout: row.payout,
                at: self.line.clock.now(),
                news: News::Adopted,
                believed: None,
            };
            let recorder = self.line.recorder.clone();
            posts.spawn(async move { recorder.post(posting).await });
            adopted += 1;
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
        Ok(adopted)
    }

    /// Compares `claims` with what was found under their ids, and looks for links that no row has. `look_beyond` says
    /// whether rows of which nothing is claimed may have left unnoticed.
    ///
    /// # Errors
    ///
    /// If the checkpoint cannot be read. The [`Halt`] if not every look-up was answered.
    pub async fn discord(
        &mut self,
        batch: &str,
        claims: Claims,
        look_beyond: bool,
    ) -> anyhow::Result<Result<Discord, Halt>> {
        let batch = batch.to_owned();
        let (mut discord, questions) = self
            .read(move |store| {
                let mut questions = Questions::default();
                let discord = known_here(store, &claims, &mut questions)?;
                if look_beyond {
                    questions.beyond = beyond(store, &batch, &claims)?;
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
        discord.without_row = without_row
            .filter(|claim| exists(claim.id.as_str()))
            .collect();
        let beyond = questions.beyond.into_iter();
        discord.beyond = beyond
            .filter(|(id, _)| exists(id))
            .map(|(_, phone)| phone)
            .collect();
        discord.beyond.dedup();
        Ok(Ok(discord))
    }
}

/// Compares what was found under the claims' ids. What has no row here, and by its claim was not sent, is to be looked
/// for: the results may be older than the last creates.
fn known_here(
    store: &Store,
    claims: &Claims,
    questions: &mut Questions,
) -> Result<Discord, crate::checkpoint::Error> {
    let mut discord = Discord::default();
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
            Some((_, phone, amount)) => {
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
    Ok(discord)
}

/// The ids that the next rows of each phone would have, where no claim says how many there were.
fn beyond(
    store: &Store,
    batch: &str,
    claims: &Claims,
) -> Result<Vec<(String, Phone)>, crate::checkpoint::Error> {
    let told = claims.phones();
    let mut ids = Vec::new();
    store.each_last_occurrence(|phone, last| {
        if let Some(phone) = Phone::from_number(phone).filter(|_| !told.contains(&phone)) {
            let next = last.saturating_add(1)..=last.saturating_add(BEYOND);
            let next = next.map(|occurrence| CashgramId::derive(batch, phone, occurrence, 1));
            ids.extend(next.map(|id| (id.as_str().to_owned(), phone)));
        }
    })?;
    Ok(ids)
}
