//! The record examined: whether every payout stands where its facts lead, and whether the sums are right.
//!
//! Facts are folded through the function that live work goes through. Deliberately absent: repair. A record that
//! contradicts itself is for a person.

use rusqlite::Row;

use crate::domain::{Fact, Found, Life, Seen, Standing, State, Terms};

use super::error::Error;
use super::schema::damaged;
use super::steady::Steady;
use super::store::{class_from, state_from};
use super::totals::Totals;

/// Payouts named that do not stand where their facts lead.
const NAMED_MAX: usize = 5;

/// In the payouts' order. SQLite sorts in a file of its own, so memory does not grow with the batch.
const FACTS: &str = "
SELECT p.payout, p.cashgram_id, p.state, p.attempts, f.kind, f.attempt, f.terms,
    CASE WHEN json_valid(f.detail) THEN json_extract(f.detail, '$.class') END,
    CASE WHEN f.kind = 'made_before' THEN json_extract(f.detail, '$.stopped') END,
    CASE WHEN f.kind = 'made_before' THEN json_extract(f.detail, '$.replaced') END
FROM payouts p LEFT JOIN facts f ON f.payout = p.payout ORDER BY p.payout, f.fact";

/// What a replay found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Facts read.
    pub facts: u64,
    /// Payouts read.
    pub payouts: u64,
    /// Payouts that do not stand where their facts lead.
    pub astray: u64,
    /// The ids of the first of them.
    pub named: Vec<String>,
}

/// Count and paise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// Payouts.
    pub rows: u64,
    /// Their paise.
    pub paise: i64,
}

/// One payout under examination. Where it began is not recorded: with a payable row, or with one that had faults.
struct Examined {
    payout: i64,
    id: String,
    state: State,
    attempts: u32,
    leads: [Option<Standing>; 2],
}

impl Examined {
    fn fits(&self) -> bool {
        self.leads
            .iter()
            .flatten()
            .any(|at| at.state == self.state && at.attempts == self.attempts)
    }

    fn take(&mut self, fact: Fact) {
        for lead in &mut self.leads {
            // A look-up of a row that was never sent changes nothing; its number may have been another's before.
            let idle =
                fact == Fact::LookedUp(Seen::Missing) && lead.is_some_and(|at| !at.has_history());
            if !idle {
                *lead = lead.and_then(|at| at.after(fact).ok());
            }
        }
    }
}

impl Steady {
    /// Folds every payout's facts and compares.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn replay(&self) -> Result<Replayed, Error> {
        let read = |e| damaged(&self.path, e);
        let mut select = self.conn.prepare(FACTS).map_err(read)?;
        let mut lines = select.query([]).map_err(read)?;
        let mut found = Replayed::default();
        let mut now: Option<Examined> = None;
        while let Some(line) = lines.next().map_err(read)? {
            let payout: i64 = line.get(0).map_err(read)?;
            if now.as_ref().is_none_or(|now| now.payout != payout) {
                conclude(&mut found, now.replace(self.examined(payout, line)?));
            }
            let kind: Option<String> = line.get(4).map_err(read)?;
            let Some(kind) = kind else { continue };
            found.facts += 1;
            match (fact(&kind, line).map_err(read)?, &mut now) {
                (Some(fact), Some(now)) => now.take(fact),
                // A fact that this paysheet does not know leads nowhere.
                (None, Some(now)) => now.leads = [None; 2],
                (_, None) => {}
            }
        }
        conclude(&mut found, now);
        Ok(found)
    }

    fn examined(&self, payout: i64, line: &Row<'_>) -> Result<Examined, Error> {
        let read = |e| damaged(&self.path, e);
        Ok(Examined {
            payout,
            id: line
                .get::<_, Option<String>>(1)
                .map_err(read)?
                .unwrap_or_default(),
            state: state_from(line.get(2).map_err(read)?, &self.path)?,
            attempts: line.get(3).map_err(read)?,
            leads: [State::Ready, State::Invalid].map(|state| Some(Standing::fresh(state))),
        })
    }

    /// Rows of the sheet and their sum, counted anew.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] if the totals that are kept say something else.
    pub fn sum(&self) -> Result<Sum, Error> {
        let kept = Totals::load(&self.conn, &self.path)?;
        let counted = Totals::count(&self.conn, &self.path)?;
        for state in State::ALL {
            let of = |totals: &Totals| totals.states.get(&state).copied().unwrap_or_default();
            if of(&kept) != of(&counted) {
                return Err(Error::Damaged {
                    path: self.path.clone(),
                    what: format!(
                        "{} payouts are {state}, and {} are counted",
                        of(&counted).0,
                        of(&kept).0
                    ),
                });
            }
        }
        let states = counted.states.values();
        Ok(states.fold(Sum::default(), |sum, (rows, amount)| Sum {
            rows: sum.rows + rows,
            paise: sum.paise.saturating_add(amount.paise()),
        }))
    }
}

fn conclude(found: &mut Replayed, done: Option<Examined>) {
    let Some(done) = done else { return };
    found.payouts += 1;
    if !done.fits() {
        found.astray += 1;
        if found.named.len() < NAMED_MAX {
            found.named.push(done.id);
        }
    }
}

/// The fact that a line records; `None` for a kind that is not known here.
fn fact(kind: &str, line: &Row<'_>) -> rusqlite::Result<Option<Fact>> {
    let life = || {
        let class: Option<i64> = line.get(7)?;
        Ok::<_, rusqlite::Error>(class.map_or(Life::Unsaid, |class| class_from(class).into()))
    };
    Ok(Some(match kind {
        "sending" => Fact::Sending {
            attempt: line.get(5)?,
            terms: Terms(line.get::<_, i64>(6)?.cast_unsigned()),
        },
        "created" => Fact::Found(Found::Created),
        "duplicate" => Fact::Found(Found::Duplicate),
        "rejected" => Fact::Found(Found::Rejected),
        "not_sent" => Fact::Found(Found::NotSent),
        "throttled" => Fact::Found(Found::Throttled),
        "token_refused" => Fact::Found(Found::TokenRefused),
        "stopped" => Fact::Found(Found::Stopped),
        "in_doubt" => Fact::Found(Found::InDoubt),
        "found" => Fact::LookedUp(Seen::Present(life()?)),
        "missing" => Fact::LookedUp(Seen::Missing),
        "adopted" => Fact::Adopted,
        "mended" => Fact::Mended,
        "refused_before" => Fact::RefusedBefore,
        "made_before" => Fact::MadeBefore {
            stopped: line.get(8)?,
            replaced: line.get(9)?,
            life: life()?,
        },
        "spoiled" => Fact::Spoiled,
        "swept" => Fact::Swept(life()?),
        "cancelling" => Fact::Cancelling,
        "closing" => Fact::Closing,
        "deactivated" => Fact::Deactivated,
        "resumed" => Fact::Resumed,
        "proven_dead" => Fact::ProvenDead,
        "replaced" => Fact::Replaced,
        _ => return Ok(None),
    }))
}
