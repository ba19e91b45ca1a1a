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
            tracing::warn!(
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
