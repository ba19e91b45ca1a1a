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

use Fact::{Adopted, LookedUp, Mended};
use Seen::{Missing, Present};

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
    check(&[&doubt[..], &[LookedUp(Present)]].concat(), State::Created);
    check(
        &[&doubt[..], &[send(2), found(Found::Duplicate)]].concat(),
        State::Unknown,
    );
    check(
        &[
            &doubt[..],
            &[send(2), found(Found::Duplicate), LookedUp(Present)],
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
        &[send(1), send(2), found(Found::Duplicate), LookedUp(Present)],
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
        &[&refused[..], &[LookedUp(Present)]].concat(),
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
    check(&[LookedUp(Present)], State::Conflict);
    check(&[LookedUp(Present), LookedUp(Missing)], State::Conflict);
    check(
        &[LookedUp(Present), LookedUp(Present), Adopted],
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
        fold(&[LookedUp(Present), send(1)]).is_err(),
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

fn every_fact(at: &Standing) -> Vec<Fact> {
    let mut facts: Vec<Fact> = FOUND.map(Fact::Found).to_vec();
    facts.extend([
        LookedUp(Present),
        LookedUp(Missing),
        Adopted,
        Mended,
        Fact::Spoiled,
        Fact::Swept,
    ]);
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
        assert!(
            at.state != State::Created || next.state == State::Created,
            "{at:?} {fact:?}"
        );
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
                ) || !at.history.doubt,
                "doubt ended without evidence: {at:?} {fact:?}"
            );
        }
        walk(next, depth - 1, steps);
    }
}

#[test]
fn every_history_of_seven_facts_keeps_the_invariants() {
    let mut steps = 0;
    walk(Standing::fresh(State::Ready), 7, &mut steps);
    assert!(steps > 10_000, "only {steps} steps");
}

#[test]
fn words_round_trip() {
    for state in State::ALL {
        assert_eq!(State::from_word(state.word()), Some(state));
    }
    assert_eq!(State::from_word("paid"), None);
}
