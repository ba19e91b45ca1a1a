//! The state machine, by example and by exhaustion.

use super::*;

const A: Terms = Terms(1);
const B: Terms = Terms(2);

/// Folds `facts` from a fresh payout.
fn fold(facts: &[Fact]) -> Result<Standing, IllegalFact> {
    facts
        .iter()
        .try_fold(Standing::fresh(State::Ready), |at, fact| at.after(*fact))
}

fn send(attempt: u32) -> Fact {
    Fact::Sending { attempt, terms: A }
}

fn check(facts: &[Fact], expected: State) {
    assert_eq!(fold(facts).unwrap().state, expected, "{facts:?}");
}

use Fact::{
    Adopted, Cancelling, Deactivated, LookedUp, Mended, ProvenDead, Replaced, Resumed, Swept,
};
use Seen::Missing;

/// Found, and ACTIVE.
const PRESENT: Seen = Seen::Present(Life::Moving);
/// Found, and EXPIRED.
const GONE: Seen = Seen::Present(Life::Dead);

fn found(found: Found) -> Fact {
    Fact::Found(found)
}

#[test]
fn one_attempt() {
    check(&[send(1)], State::Unknown);
    check(&[send(1), found(Found::Created)], State::Created);
    check(&[send(1), found(Found::Rejected)], State::Rejected);
    check(&[send(1), found(Found::NotSent)], State::Ready);
    check(&[send(1), found(Found::Throttled)], State::Ready);
    check(&[send(1), found(Found::TokenRefused)], State::Ready);
    check(&[send(1), found(Found::Stopped)], State::Ready);
    check(&[send(1), found(Found::InDoubt)], State::Unknown);
    // Nothing of ours can have made it.
    check(&[send(1), found(Found::Duplicate)], State::Conflict);
}

#[test]
fn what_a_lost_checkpoint_had_refused_waits_for_a_retry() {
    let before = Fact::RefusedBefore;
    check(&[LookedUp(Missing), before], State::Rejected);
    check(&[before, Mended, send(1)], State::Unknown);
    check(&[before, Cancelling], State::Cancelled);
    // It exists after all, and nothing was sent from here.
    check(&[before, LookedUp(PRESENT)], State::Conflict);
    for earlier in [send(1), Cancelling, before] {
        assert!(fold(&[earlier, before]).is_err(), "{earlier:?}");
    }
}

#[test]
fn what_a_lost_checkpoint_had_made_stands_as_it_stood_there() {
    let before = |stopped, replaced, life| Fact::MadeBefore {
        stopped,
        replaced,
        life,
    };
    let replaced = before(false, true, Life::Dead);
    let stopped = before(true, false, Life::Dead);
    check(&[replaced], State::Created);
    check(&[stopped], State::Cancelled);
    // Neither is sent, stopped or replaced from here.
    for later in [send(1), Cancelling, Fact::Replaced, replaced] {
        assert!(fold(&[replaced, later]).is_err(), "{later:?}");
    }
    assert!(fold(&[stopped, send(1)]).is_err());
    check(&[stopped, Fact::Replaced], State::Cancelled);
    // What was not seen dead yet may turn out to be alive.
    let open = before(true, false, Life::Moving);
    check(&[open, Fact::Swept(Life::Dead)], State::Cancelled);
    check(&[open, Fact::Swept(Life::Paid)], State::Created);
    for earlier in [send(1), Cancelling, Fact::RefusedBefore] {
        assert!(fold(&[earlier, stopped]).is_err(), "{earlier:?}");
    }
}

#[test]
fn doubt_is_never_forgotten() {
    let doubt = [send(1), found(Found::InDoubt)];
    for later in [
        Found::Rejected,
        Found::NotSent,
        Found::Throttled,
        Found::TokenRefused,
        Found::Stopped,
    ] {
        check(
            &[&doubt[..], &[send(2), found(later)]].concat(),
            State::Unknown,
        );
    }
    check(&[&doubt[..], &[LookedUp(Missing)]].concat(), State::Unknown);
    check(&[&doubt[..], &[LookedUp(PRESENT)]].concat(), State::Created);
    check(
        &[&doubt[..], &[send(2), found(Found::Duplicate)]].concat(),
        State::Unknown,
    );
    check(
        &[
            &doubt[..],
            &[send(2), found(Found::Duplicate), LookedUp(PRESENT)],
        ]
        .concat(),
        State::Created,
    );
}

#[test]
fn a_crash_in_flight_is_a_doubt() {
    check(&[send(1), send(2), found(Found::NotSent)], State::Unknown);
    check(
        &[send(1), LookedUp(Missing), send(2), found(Found::Rejected)],
        State::Unknown,
    );
    check(
        &[send(1), send(2), found(Found::Duplicate), LookedUp(PRESENT)],
        State::Created,
    );
}

#[test]
fn a_refusal_after_a_429_needs_a_look_up() {
    let refused = [
        send(1),
        found(Found::Throttled),
        send(2),
        found(Found::Rejected),
    ];
    check(&refused, State::Unknown);
    check(
        &[&refused[..], &[LookedUp(Missing)]].concat(),
        State::Rejected,
    );
    check(
        &[&refused[..], &[LookedUp(PRESENT)]].concat(),
        State::Created,
    );
}

#[test]
fn a_duplicate_is_ours_only_after_an_attempt_of_ours_that_may_have_arrived() {
    check(
        &[
            send(1),
            found(Found::NotSent),
            send(2),
            found(Found::Duplicate),
        ],
        State::Conflict,
    );
    check(
        &[
            send(1),
            found(Found::Stopped),
            send(2),
            found(Found::Duplicate),
        ],
        State::Conflict,
    );
    check(
        &[
            send(1),
            found(Found::Throttled),
            send(2),
            found(Found::Duplicate),
        ],
        State::Unknown,
    );
    let other = Fact::Sending {
        attempt: 2,
        terms: B,
    };
    check(
        &[
            send(1),
            found(Found::Rejected),
            Mended,
            other,
            found(Found::Duplicate),
        ],
        State::Conflict,
    );
    check(
        &[
            send(1),
            found(Found::Rejected),
            Mended,
            send(2),
            found(Found::Duplicate),
        ],
        State::Unknown,
    );
}

#[test]
fn what_stands_at_the_gateway_before_we_sent_is_a_conflict_until_adopted() {
    check(&[LookedUp(PRESENT)], State::Conflict);
    check(&[LookedUp(PRESENT), LookedUp(Missing)], State::Conflict);
    check(
        &[LookedUp(PRESENT), LookedUp(PRESENT), Adopted],
        State::Created,
    );
    check(&[LookedUp(Missing)], State::Ready);
}

#[test]
fn a_row_that_has_faults_now_is_not_sent_as_it_was() {
    check(
        &[send(1), found(Found::NotSent), Fact::Spoiled],
        State::Invalid,
    );
    check(
        &[send(1), found(Found::Rejected), Fact::Spoiled, Mended],
        State::Ready,
    );
    assert!(
        fold(&[send(1), found(Found::Throttled), Fact::Spoiled]).is_err(),
        "a 429 freezes the row"
    );
    assert!(fold(&[send(1), found(Found::InDoubt), Fact::Spoiled]).is_err());
    assert!(fold(&[send(1), found(Found::NotSent), Fact::Spoiled, send(2)]).is_err());
}

#[test]
fn what_must_not_follow_is_refused() {
    assert!(fold(&[send(2)]).is_err(), "attempts count from one");
    assert!(
        fold(&[found(Found::Created)]).is_err(),
        "no reply without a request"
    );
    assert!(
        fold(&[send(1), found(Found::Created), send(2)]).is_err(),
        "created is never sent again"
    );
    assert!(
        fold(&[send(1), found(Found::Rejected), send(2)]).is_err(),
        "rejected is sent only once mended"
    );
    assert!(
        fold(&[LookedUp(PRESENT), send(1)]).is_err(),
        "conflict is never sent"
    );
    assert!(fold(&[Adopted]).is_err());
    let other = Fact::Sending {
        attempt: 2,
        terms: B,
    };
    assert!(
        fold(&[send(1), found(Found::InDoubt), other]).is_err(),
        "same id, same body while in doubt"
    );
    assert!(
        fold(&[send(1), found(Found::Throttled), other]).is_err(),
        "a 429 freezes the body too"
    );
    assert!(
        fold(&[send(1), found(Found::NotSent), other]).is_ok(),
        "what never left may change"
    );
}

const FOUND: [Found; 8] = [
    Found::Created,
    Found::Duplicate,
    Found::Rejected,
    Found::NotSent,
    Found::Throttled,
    Found::TokenRefused,
    Found::Stopped,
    Found::InDoubt,
];

const LIVES: [Life; 4] = [Life::Moving, Life::Paid, Life::Dead, Life::Unsaid];

fn every_fact(at: &Standing) -> Vec<Fact> {
    let mut facts: Vec<Fact> = FOUND.map(Fact::Found).to_vec();
    facts.extend([
        LookedUp(PRESENT),
        LookedUp(GONE),
        LookedUp(Missing),
        Adopted,
        Mended,
        Fact::Spoiled,
        Cancelling,
        Fact::Closing,
        Deactivated,
        Resumed,
        ProvenDead,
        Replaced,
    ]);
    facts.extend(LIVES.map(Swept));
    facts.push(Fact::Sending {
        attempt: at.attempts + 1,
        terms: A,
    });
    facts.push(Fact::Sending {
        attempt: at.attempts + 1,
        terms: B,
    });
    facts
}

/// Walks every history of up to `depth` facts and checks what must hold of each step.
fn walk(at: Standing, depth: u32, steps: &mut u64) {
    if depth == 0 {
        return;
    }
    for fact in every_fact(&at) {
        let Ok(next) = at.after(fact) else { continue };
        *steps += 1;
        assert_eq!(History::from_bits(next.history.bits()), next.history);
        assert!(
            !at.history.doubt || next.history.doubt,
            "doubt forgotten: {at:?} {fact:?}"
        );
        assert!(
            !at.history.exists || next.history.exists,
            "evidence regressed: {at:?} {fact:?}"
        );
        let dead = matches!(fact, Deactivated | Swept(Life::Dead) | LookedUp(GONE));
        assert!(
            at.state != State::Created
                || next.state == State::Created
                || next.state == State::Cancelled && dead && at.history.cancelling,
            "created ended without a wish and a death: {at:?} {fact:?}"
        );
        never_both(&at, &next, fact);
        if next.state == State::Rejected {
            assert!(!next.in_doubt(), "rejected while in doubt: {at:?} {fact:?}");
        }
        if let Fact::Sending { terms, .. } = fact {
            assert_eq!(next.state, State::Unknown);
            assert!(!at.is_frozen() || at.terms == Some(terms));
        }
        if at.in_doubt() && next.state != at.state {
            assert!(
                matches!(
                    next.state,
                    State::Created | State::Conflict | State::Unknown
                ) || !at.history.doubt
                    || dead && next.state == State::Cancelled,
                "doubt ended without evidence: {at:?} {fact:?}"
            );
        }
        walk(next, depth - 1, steps);
    }
}

/// What must hold for no payment to be made twice over generations, and no wish to be lost.
fn never_both(at: &Standing, next: &Standing, fact: Fact) {
    let what = || format!("{at:?} {fact:?} {next:?}");
    if let Fact::Sending { .. } = fact {
        assert!(!at.history.cancelling && !at.history.replaced, "{}", what());
        assert_ne!(at.state, State::Cancelled, "{}", what());
    }
    if next.state == State::Cancelled {
        assert!(
            !next.history.cancelling && !next.history.in_flight,
            "{}",
            what()
        );
        let nothing = !next.history.exists && !next.is_frozen();
        assert!(nothing || next.history.exists, "{}", what());
    }
    if fact == Replaced {
        let gone = match at.state {
            State::Created => at.history.proven_dead && at.history.dead,
            State::Cancelled => !at.history.exists || at.history.dead,
            State::Invalid | State::Ready | State::Unknown | State::Rejected | State::Conflict => {
                false
            }
        };
        assert!(gone && !at.history.replaced, "{}", what());
    }
    assert!(!at.history.replaced || next.history.replaced, "{}", what());
    if at.history.cancelling && !next.history.cancelling {
        let answered = matches!(next.state, State::Cancelled) || fact == Resumed;
        assert!(
            answered || fact == Swept(Life::Paid),
            "wish lost: {}",
            what()
        );
    }
    assert!(
        !next.history.closing || next.history.cancelling,
        "{}",
        what()
    );
    let named = at.history.cancelling && !at.history.closing;
    assert!(!named || !next.history.closing, "{}", what());
    assert!(!next.history.proven_dead || next.history.dead, "{}", what());
    assert!(
        next.state != State::Ready || !next.history.cancelling,
        "{}",
        what()
    );
}

#[test]
fn what_is_cancelled_before_it_was_sent_never_is() {
    check(&[Cancelling], State::Cancelled);
    check(
        &[send(1), found(Found::Rejected), Cancelling],
        State::Cancelled,
    );
    assert!(fold(&[Cancelling, send(1)]).is_err());
    assert!(fold(&[Cancelling, Mended]).is_err());
    assert!(
        fold(&[LookedUp(PRESENT), Cancelling]).is_err(),
        "a conflict is not ours to stop"
    );
    // It turns up all the same: somebody else's, or ours after all.
    check(&[Cancelling, LookedUp(PRESENT)], State::Conflict);
    check(
        &[
            send(1),
            found(Found::Rejected),
            Cancelling,
            LookedUp(PRESENT),
        ],
        State::Created,
    );
}

#[test]
fn a_link_is_cancelled_by_the_gateways_word_or_found_dead_after_the_wish() {
    let created = [send(1), found(Found::Created)];
    let wished = [&created[..], &[Cancelling]].concat();
    let with = |facts: &[Fact]| [&wished[..], facts].concat();
    check(&wished, State::Created);
    check(&with(&[Deactivated]), State::Cancelled);
    check(&with(&[Swept(Life::Dead)]), State::Cancelled);
    check(&with(&[Swept(Life::Moving)]), State::Created);
    check(
        &with(&[Swept(Life::Moving), Swept(Life::Dead)]),
        State::Cancelled,
    );
    // Redeemed is redeemed: the wish is over, and what the bank does later is no cancel.
    check(
        &with(&[Swept(Life::Paid), Swept(Life::Dead)]),
        State::Created,
    );
    check(&with(&[Deactivated, Swept(Life::Paid)]), State::Created);
    check(&with(&[LookedUp(Missing)]), State::Created);
    assert!(
        fold(&[&created[..], &[Deactivated]].concat()).is_err(),
        "no word without a wish"
    );
    // A link that dies by itself is not cancelled.
    check(
        &[&created[..], &[Swept(Life::Dead)]].concat(),
        State::Created,
    );
}

#[test]
fn a_doubt_that_is_to_be_stopped_is_looked_up_and_never_sent_again() {
    let doubt = [send(1), found(Found::InDoubt), Cancelling];
    let with = |facts: &[Fact]| [&doubt[..], facts].concat();
    check(&doubt, State::Unknown);
    check(
        &with(&[LookedUp(Missing), LookedUp(Missing)]),
        State::Unknown,
    );
    assert!(fold(&with(&[send(2)])).is_err());
    check(&with(&[LookedUp(PRESENT)]), State::Created);
    check(&with(&[LookedUp(PRESENT), Deactivated]), State::Cancelled);
    check(&with(&[LookedUp(GONE)]), State::Cancelled);
    check(
        &with(&[Resumed, send(2), found(Found::Created)]),
        State::Created,
    );
    // What was only turned away by a 429 needs but one look.
    let throttled = [send(1), found(Found::Throttled), Cancelling];
    check(&throttled, State::Unknown);
    check(
        &[&throttled[..], &[LookedUp(Missing)]].concat(),
        State::Cancelled,
    );
    check(&[&throttled[..], &[Resumed]].concat(), State::Ready);
    check(&[send(1), Cancelling, LookedUp(Missing)], State::Unknown);
}

#[test]
fn a_link_that_was_to_be_stopped_is_kept_once_that_is_taken_back() {
    let kept = [send(1), found(Found::Created), Fact::Closing, Resumed];
    check(&kept, State::Created);
    check(&[&kept[..], &[Swept(Life::Dead)]].concat(), State::Created);
    assert!(fold(&[&kept[..], &[Deactivated]].concat()).is_err());
    assert!(fold(&[&kept[..], &[Resumed]].concat()).is_err());
}

#[test]
fn only_what_is_proven_dead_or_cancelled_is_replaced() {
    let created = [send(1), found(Found::Created)];
    let with = |facts: &[Fact]| fold(&[&created[..], facts].concat());
    assert!(with(&[Replaced]).is_err());
    assert!(with(&[ProvenDead]).is_err());
    assert!(
        with(&[Swept(Life::Dead), Replaced]).is_err(),
        "one look is not enough"
    );
    assert!(with(&[Swept(Life::Dead), ProvenDead, Replaced]).is_ok());
    let revived = [Swept(Life::Dead), ProvenDead, Swept(Life::Unsaid)];
    assert!(with(&[&revived[..], &[Replaced]].concat()).is_err());
    let replaced = [Swept(Life::Dead), ProvenDead, Replaced];
    assert!(
        with(&[&replaced[..], &[Replaced]].concat()).is_err(),
        "once"
    );
    assert!(with(&[&replaced[..], &[Cancelling]].concat()).is_err());
    assert!(
        with(&[Cancelling, Deactivated, Replaced]).is_err(),
        "not looked at since"
    );
    assert!(with(&[Cancelling, Deactivated, Swept(Life::Dead), Replaced]).is_ok());
    assert!(
        fold(&[Cancelling, Replaced]).is_ok(),
        "nothing was ever made"
    );
    assert!(fold(&[send(1), found(Found::InDoubt), Cancelling, Replaced]).is_err());
    assert!(
        fold(&[send(1), Replaced]).is_err(),
        "never from unknown to another id"
    );
}

#[test]
fn every_history_of_five_facts_keeps_the_invariants() {
    let mut steps = 0;
    walk(Standing::fresh(State::Ready), 5, &mut steps);
    // And what follows the usual beginnings.
    for begun in [
        vec![send(1), found(Found::Created), Cancelling],
        vec![send(1), found(Found::InDoubt), Cancelling],
        vec![send(1), found(Found::Throttled), send(2)],
        vec![send(1), send(2), found(Found::Duplicate)],
        vec![LookedUp(PRESENT), Adopted, Swept(Life::Dead)],
    ] {
        walk(fold(&begun).unwrap(), 4, &mut steps);
    }
    assert!(steps > 10_000, "only {steps} steps");
}

#[test]
fn words_round_trip() {
    for state in State::ALL {
        assert_eq!(State::from_word(state.word()), Some(state));
    }
    assert_eq!(State::from_word("paid"), None);
}

#[test]
fn the_bits_that_queries_name_are_those_of_the_flags() {
    let none = History::default();
    let table = [
        (
            History::EXISTS,
            History {
                exists: true,
                ..none
            },
        ),
        (
            History::CANCELLING,
            History {
                cancelling: true,
                ..none
            },
        ),
        (History::DEAD, History { dead: true, ..none }),
        (
            History::PROVEN_DEAD,
            History {
                proven_dead: true,
                ..none
            },
        ),
        (
            History::ADOPTED,
            History {
                adopted: true,
                ..none
            },
        ),
        (
            History::REPLACED,
            History {
                replaced: true,
                ..none
            },
        ),
        (History::LOST, History { lost: true, ..none }),
        (
            History::CLOSING,
            History {
                closing: true,
                ..none
            },
        ),
        (
            History::RESUMED,
            History {
                resumed: true,
                ..none
            },
        ),
    ];
    for (bit, history) in table {
        assert_eq!(history.bits(), bit, "{history:?}");
    }
}
