//! The last comparison before links that were found are taken for a batch's own: what old results say of their ids, and
//! what the gateway has, against the checkpoint that stands in for a lost one.
//!
//! Deliberately absent: reading the results, and the guards that need no gateway.

use crate::checkpoint::Store;
use crate::domain::claims::{Claim, Claims};
use crate::domain::{CashgramId, Money, Phone, State};
use crate::gateway::Gateway;

use super::halt::Halt;
use super::session::Session;

/// Links looked for beyond the last one of a phone: one that exists there belonged to a row that has left. Two, since one
/// between may have been refused.
const BEYOND: u32 = 2;

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
}

impl Discord {
    /// Whether all is well.
    pub fn is_none(&self) -> bool {
        self.otherwise.is_empty() && self.without_row.is_empty() && self.beyond.is_empty()
    }
}

/// What to look for at the gateway.
#[derive(Default)]
struct Questions {
    without_row: Vec<Claim>,
    beyond: Vec<(String, Phone)>,
}

impl<G: Gateway> Session<G> {
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
    for claim in claims.first_ones() {
        match store.stands(claim.id.as_str())? {
            Some((state, ..)) if state != State::Conflict => {}
            Some((_, phone, amount)) => {
                if (phone, amount.paise()) != (claim.key.phone, claim.key.amount) {
                    discord.otherwise.push((claim.clone(), amount));
                }
            }
            None if claim.sent => {}
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
