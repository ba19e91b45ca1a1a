//! When a hint is followed again, and when it is done with. PURE but for what is said of it.
//!
//! An event may be faster than the gateway's own answers: a link that still reads as before is asked about a few more
//! times. A gateway that is out of reach is asked at growing intervals, without end: the event was acknowledged.

use crate::domain::{LookUp, StatusClass};
use crate::engine::Replied;
use crate::gateway::wire;

use super::inbox::{Followed, Hint};
use super::record::Judged;

/// While a batch is in use.
pub(super) const BUSY_MS: i64 = 2_000;
/// After something of ours failed.
pub(super) const BROKEN_MS: i64 = 10_000;
/// While some checkpoint in the folder cannot be read, which may be the one.
pub(super) const UNREADABLE_MS: i64 = 60_000;
/// How often that is waited for before the id is taken for unknown.
pub(super) const UNREADABLE_MAX: u32 = 3;
/// Longest rest: whatever falls due meanwhile by another's hand is not late by more.
pub(super) const REST_MS: i64 = 5_000;
/// After the 1st, 2nd ... answer that does not bear an event out.
const UNBORNE_MS: [i64; 3] = [5_000, 60_000, 600_000];
/// Answers that came too late, before what others asked is taken to be as good.
const STALE_MAX: u32 = 3;
/// First wait for a gateway that gives no answer; doubled from try to try.
const NO_ANSWER_MS: i64 = 2_000;
/// Doublings of it: up to some eight minutes.
const DOUBLINGS_MAX: u32 = 8;
/// When the account or the address is wrong, a person has to mend it.
const STOPPED_MS: i64 = 60_000;

/// What becomes of a hint after this answer.
pub(super) fn after(judged: &Judged, reply: &Replied, hint: &Hint, now: i64) -> Followed {
    let again = |wait: i64, counted| Followed::Again {
        due_at: now.saturating_add(wait),
        counted,
    };
    let (id, event) = (&*hint.id, &*hint.word);
    match (judged, &reply.look_up) {
        // Whoever asked since may have been answered before the event; a clock that was set back must not go on for ever.
        (Judged::Stale, _) if hint.tries < STALE_MAX => again(BUSY_MS, true),
        (Judged::Stale, _) => Followed::Settled,
        (Judged::NeverSent, LookUp::Found(_)) => {
            tracing::error!(
                id,
                event,
                "ALARM: an event for a payout that this checkpoint never sent, and the gateway has it: send nothing \
                 before `paysheet send` has looked at it"
            );
            Followed::Settled
        }
        (_, LookUp::Found(seen)) => found(seen.status.class, hint, again),
        (_, LookUp::Missing) => found(StatusClass::Other, hint, again),
        (_, LookUp::Throttled { .. } | LookUp::TokenRefused) => again(NO_ANSWER_MS, true),
        (_, LookUp::StopRun(stop)) => {
            tracing::error!(
                "events wait in the inbox: {}: {}",
                stop.message,
                stop.remedy
            );
            again(STOPPED_MS, false)
        }
        (_, LookUp::NoAnswer { why, .. }) => {
            tracing::debug!(id, "asked in vain: {why}");
            let doubled = 1_i64 << hint.tries.min(DOUBLINGS_MAX);
            again(NO_ANSWER_MS.saturating_mul(doubled), true)
        }
    }
}

fn found(class: StatusClass, hint: &Hint, again: impl Fn(i64, bool) -> Followed) -> Followed {
    let (id, event) = (&*hint.id, &*hint.word);
    if wire::bears_out(event, class) {
        tracing::debug!(id, event, "borne out");
        return Followed::Settled;
    }
    let tried = usize::try_from(hint.tries).unwrap_or(usize::MAX);
    match UNBORNE_MS.get(tried) {
        Some(wait) => again(*wait, true),
        None => {
            tracing::warn!(
                id,
                event,
                "the gateway does not bear this event out; its own answer stands"
            );
            Followed::Settled
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::{News, PayoutNo};
    use crate::domain::Sighting;

    const NOW: i64 = 1_000_000;

    fn reply(look_up: LookUp) -> Replied {
        Replied {
            id: "june-1".to_owned(),
            asked_at: 0,
            look_up,
        }
    }

    fn seen(word: &str) -> LookUp {
        LookUp::Found(Sighting {
            status: wire::status(word),
            reference: None,
            link: None,
            reason: None,
            utr: None,
        })
    }

    fn next(judged: &Judged, look_up: LookUp, tries: u32) -> Followed {
        let hint = Hint {
            event: 1,
            id: "june-1".to_owned(),
            word: "CASHGRAM_REDEEMED".to_owned(),
            tries,
        };
        after(judged, &reply(look_up), &hint, NOW)
    }

    fn again(wait: i64, counted: bool) -> Followed {
        Followed::Again {
            due_at: NOW + wait,
            counted,
        }
    }

    #[test]
    fn an_event_that_was_faster_than_the_gateway_is_asked_about_again() {
        let news = Judged::News(PayoutNo(1), News::Missing);
        assert_eq!(next(&news, seen("REDEEMED"), 0), Followed::Settled);
        assert_eq!(next(&news, seen("REVERSED"), 0), Followed::Settled);
        for (tries, wait) in [(0, 5_000), (1, 60_000), (2, 600_000)] {
            assert_eq!(next(&news, seen("ACTIVE"), tries), again(wait, true));
            assert_eq!(next(&news, LookUp::Missing, tries), again(wait, true));
        }
        assert_eq!(next(&news, seen("ACTIVE"), 3), Followed::Settled);
    }

    #[test]
    fn a_gateway_without_an_answer_is_asked_without_end_and_less_and_less() {
        let mut before = 0;
        for tries in 0..20 {
            let silent = LookUp::NoAnswer {
                why: String::new(),
                sent: true,
            };
            let Followed::Again { due_at, .. } = next(&Judged::Nothing, silent, tries) else {
                panic!("given up after {tries}");
            };
            assert!(
                due_at >= before && due_at - NOW < 10 * 60 * 1_000,
                "{due_at}"
            );
            before = due_at;
        }
    }

    #[test]
    fn what_others_asked_since_is_as_good_in_the_end() {
        let stale = |tries| next(&Judged::Stale, seen("ACTIVE"), tries);
        assert_eq!(stale(0), again(BUSY_MS, true));
        assert_eq!(stale(STALE_MAX), Followed::Settled);
        let never = next(&Judged::NeverSent, seen("REDEEMED"), 0);
        assert_eq!(never, Followed::Settled);
    }
}
