//! The gateway's answers, into the checkpoint that knows the id, if nobody else is using it.
//!
//! Deliberately absent: questions. The lock is held for a page of writing and the results after it, and for nothing else.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::checkpoint::lock::Lock;
use crate::checkpoint::{Asked, Error, News, PayoutNo, Posting, Store};
use crate::clock::Clock;
use crate::domain::{LookUp, State};
use crate::engine::Replied;

use super::follow::{Answered, Refresh};
use super::inbox::Followed;
use super::shelf::Place;
use super::waits;

/// What became of each hint, by its event's number.
pub(super) type Outcome = Vec<(i64, Followed)>;

/// Writes the answers down, if the checkpoint is free, and refreshes the results.
///
/// # Errors
///
/// If they cannot be written; the hints are followed once more then.
pub(super) fn record(
    place: &Place,
    answered: &[Answered],
    holder: &str,
    clock: Clock,
    refresh: &Refresh,
) -> anyhow::Result<Outcome> {
    let now = clock.now();
    let _lock = match Lock::take(&place.checkpoint, holder) {
        Ok(lock) => lock,
        Err(Error::Locked { .. }) => return Ok(all_later(answered, now, waits::BUSY_MS)),
        Err(error) => return Err(error.into()),
    };
    let mut store = match Store::open(&place.checkpoint, &place.binding) {
        Ok(store) => store,
        Err(error) => {
            tracing::error!("{error}");
            return Ok(all_later(answered, now, waits::BROKEN_MS));
        }
    };
    let (page, outcome) = decide(&store, answered, now)?;
    if !page.is_empty() {
        store.record(&page)?;
        let batch = &*place.binding.batch;
        tracing::info!(batch, payouts = page.len(), "refreshed");
        refresh(&store, &place.binding)?;
    }
    Ok(outcome)
}

fn all_later(answered: &[Answered], now: Timestamp, wait_ms: i64) -> Outcome {
    let later = Followed::Again {
        due_at: now.as_millisecond().saturating_add(wait_ms),
        counted: false,
    };
    let hints = answered.iter().flat_map(|(_, hints)| hints);
    hints.map(|hint| (hint.event, later)).collect()
}

/// What is to be recorded, and what becomes of the hints.
fn decide(
    store: &Store,
    answered: &[Answered],
    now: Timestamp,
) -> Result<(Vec<Posting>, Outcome), Error> {
    let (mut page, mut outcome) = (Vec::new(), Outcome::new());
    let mut seen = BTreeSet::new();
    let since = answered.iter().map(|(reply, _)| reply.asked_at).min();
    let lately = store.recorded_since(since.unwrap_or(i64::MAX))?;
    for (reply, hints) in answered {
        let judged = judge(store.asked(&reply.id, &lately)?, reply);
        if let Judged::News(payout, news) = &judged
            && seen.insert(*payout)
        {
            page.push(Posting {
                payout: *payout,
                at: now,
                news: news.clone(),
                believed: None,
            });
        }
        for hint in hints {
            let next = waits::after(&judged, reply, hint, now.as_millisecond());
            outcome.push((hint.event, next));
        }
    }
    Ok((page, outcome))
}

/// What an answer is to its checkpoint.
#[derive(Debug)]
pub(super) enum Judged {
    /// To be recorded.
    News(PayoutNo, News),
    /// The checkpoint knows something newer.
    Stale,
    /// Nothing was ever sent under this id from here, and yet somebody signed an event for it.
    NeverSent,
    /// No answer to record.
    Nothing,
}

/// PURE. What to do with an answer about a payout.
fn judge(asked: Option<Asked>, reply: &Replied) -> Judged {
    let Some(asked) = asked else {
        return Judged::Stale;
    };
    // A look-up that left before a newer attempt did tells nothing of it.
    let known_at = asked.checked_at.max(asked.recorded_at);
    if known_at.is_some_and(|at| at >= reply.asked_at) {
        return Judged::Stale;
    }
    let sent = asked.standing.attempts > 0;
    let news = match (asked.standing.state, &reply.look_up) {
        (State::Invalid, _) => return Judged::NeverSent,
        (State::Ready | State::Rejected, _) if !sent => return Judged::NeverSent,
        (State::Created | State::Conflict, LookUp::Found(seen)) => News::Swept(seen.clone()),
        (
            State::Ready | State::Unknown | State::Rejected | State::Cancelled,
            LookUp::Found(seen),
        ) => News::Present(seen.clone()),
        (State::Unknown | State::Created | State::Conflict | State::Cancelled, LookUp::Missing) => {
            News::Missing
        }
        (State::Ready | State::Rejected, LookUp::Missing) => return Judged::Nothing,
        (
            _,
            LookUp::Throttled { .. }
            | LookUp::TokenRefused
            | LookUp::StopRun(_)
            | LookUp::NoAnswer { .. },
        ) => return Judged::Nothing,
    };
    Judged::News(asked.payout, news)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Sighting, Standing};
    use crate::gateway::wire;

    fn asked(state: State, attempts: u32, checked_at: Option<i64>) -> Option<Asked> {
        Some(Asked {
            payout: PayoutNo(7),
            standing: Standing {
                attempts,
                ..Standing::fresh(state)
            },
            checked_at,
            recorded_at: None,
        })
    }

    fn reply(look_up: LookUp) -> Replied {
        Replied {
            id: "june-1".to_owned(),
            asked_at: 100,
            look_up,
        }
    }

    fn found() -> LookUp {
        LookUp::Found(Sighting {
            status: wire::status("REDEEMED"),
            reference: None,
            link: None,
            reason: None,
            utr: None,
        })
    }

    fn word(judged: &Judged) -> &'static str {
        match judged {
            Judged::News(_, News::Swept(_)) => "swept",
            Judged::News(_, News::Present(_)) => "present",
            Judged::News(_, News::Missing) => "missing",
            Judged::News(..) => "something else",
            Judged::Stale => "stale",
            Judged::NeverSent => "never sent",
            Judged::Nothing => "nothing",
        }
    }

    #[test]
    fn what_an_answer_is_to_each_state() {
        let no_answer = || LookUp::NoAnswer {
            why: String::new(),
            sent: true,
        };
        for (state, attempts, on_found, on_missing) in [
            (State::Created, 1, "swept", "missing"),
            (State::Conflict, 0, "swept", "missing"),
            (State::Unknown, 1, "present", "missing"),
            (State::Ready, 1, "present", "nothing"),
            (State::Rejected, 1, "present", "nothing"),
            (State::Cancelled, 1, "present", "missing"),
            (State::Ready, 0, "never sent", "never sent"),
            (State::Invalid, 0, "never sent", "never sent"),
        ] {
            let judged = |look_up| word(&judge(asked(state, attempts, None), &reply(look_up)));
            assert_eq!(judged(found()), on_found, "{state}");
            assert_eq!(judged(LookUp::Missing), on_missing, "{state}");
            if attempts > 0 {
                assert_eq!(judged(no_answer()), "nothing", "{state}");
            }
        }
    }

    /// A sweep that was quicker is not undone by an older answer.
    #[test]
    fn what_was_recorded_since_the_question_left_is_newer() {
        for (checked_at, wanted) in [(99, "swept"), (100, "stale"), (101, "stale")] {
            let judged = judge(asked(State::Created, 1, Some(checked_at)), &reply(found()));
            assert_eq!(word(&judged), wanted);
            // A create that left since: what was asked before is no proof that it does not exist.
            let newer = asked(State::Unknown, 2, None).map(|asked| Asked {
                recorded_at: Some(checked_at),
                ..asked
            });
            let wanted = if wanted == "stale" {
                "stale"
            } else {
                "missing"
            };
            assert_eq!(word(&judge(newer, &reply(LookUp::Missing))), wanted);
        }
        assert_eq!(word(&judge(None, &reply(found()))), "stale");
    }
}
