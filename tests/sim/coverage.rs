//! What must have happened in a long suite: a fault or a transition that never occurred was never tested.
//!
//! The names are those that the counts bear. A transition that nobody lists is one that nobody has thought of. Deliberately
//! absent: how often, beyond once.

use std::collections::BTreeMap;

use super::mix::{OF_AUTHORIZE, OF_CREATE, OF_CREATE_CONFLICT, OF_DEACTIVATE, OF_STATUS};

/// What befalls us, and what people do.
const EVENTS: [&str; 57] = [
    "a copy brought back",
    "a gateway that only fails",
    "a look-up finds nothing of what exists",
    "a new generation",
    "a row goes on with a later generation",
    "adopted",
    "balance ran out",
    "cancel",
    "cancelled before a loss",
    "cancelled before a loss: adopted",
    "crash: at a moment",
    "crash: at a time",
    "edit: amount",
    "edit: cancelled rows taken out",
    "edit: expiry",
    "edit: name",
    "edit: remarks",
    "edit: row added",
    "edit: row removed",
    "edit: rows put back",
    "edit: shuffled",
    "edit: sorted",
    "edit: validity",
    "guard: a cancel is not finished",
    "guard: a row of a lost checkpoint left or changed",
    "guard: a sent row left or changed",
    "guard: an older copy",
    "guard: ids exist already",
    "guard: old results do not agree",
    "guard: the batch is closed",
    "halt: equal refusals",
    "halt: interrupted",
    "halt: out of reach",
    "halt: stopped",
    "interrupt",
    "life: died",
    "life: done",
    "life: guarded",
    "links looked at twice",
    "net: arrives when nobody waits",
    "net: endless",
    "net: garbage",
    "net: late",
    "net: lost",
    "net: outage",
    "net: refused",
    "net: reply lost",
    "net: silent",
    "net: twice",
    "net: unresolved",
    "net: untrusted",
    "reopened",
    "resumed",
    "retry",
    "retry of named rows",
    "the checkpoint is lost",
    "unknown in peace",
];

/// Every transition but one.
const EDGES: [&str; 55] = [
    "cancelled missing cancelled",
    "cancelled replaced cancelled",
    "cancelled resumed ready",
    "cancelled swept cancelled",
    "conflict adopted created",
    "conflict found conflict",
    "conflict missing conflict",
    "conflict swept conflict",
    "created cancelling created",
    "created closing created",
    "created deactivated cancelled",
    "created missing created",
    "created proven_dead created",
    "created replaced created",
    "created resumed created",
    "created swept cancelled",
    "created swept created",
    "invalid mended ready",
    "ready cancelling cancelled",
    "ready cancelling unknown",
    "ready closing cancelled",
    "ready closing unknown",
    "ready found conflict",
    "ready made_before cancelled",
    "ready made_before created",
    "ready refused_before rejected",
    "ready sending unknown",
    "ready spoiled invalid",
    "rejected cancelling cancelled",
    "rejected mended ready",
    "rejected spoiled invalid",
    "unknown cancelling unknown",
    "unknown closing unknown",
    "unknown created created",
    "unknown duplicate conflict",
    "unknown duplicate unknown",
    "unknown found cancelled",
    "unknown found created",
    "unknown in_doubt unknown",
    "unknown missing cancelled",
    "unknown missing rejected",
    "unknown missing unknown",
    "unknown not_sent ready",
    "unknown not_sent unknown",
    "unknown rejected rejected",
    "unknown rejected unknown",
    "unknown resumed ready",
    "unknown resumed unknown",
    "unknown sending unknown",
    "unknown stopped ready",
    "unknown stopped unknown",
    "unknown throttled ready",
    "unknown throttled unknown",
    "unknown token_refused ready",
    "unknown token_refused unknown",
];

/// The one that may come about, and is not asked for: only a cancel looks up what was refused, only after a loss, and the bank
/// must have denied a lost link when it refused its row, and know it now.
const RARE: &str = "rejected found created";

/// What never occurred.
pub(crate) fn missing(counts: &BTreeMap<String, u64>) -> Vec<String> {
    let faults = [
        ("create", &OF_CREATE[..]),
        ("create", &OF_CREATE_CONFLICT[..]),
        ("status", &OF_STATUS[..]),
        ("deactivate", &OF_DEACTIVATE[..]),
        ("authorize", &OF_AUTHORIZE[..]),
        ("balance", &OF_AUTHORIZE[..]),
    ];
    let of = |(operation, names): &(&'static str, &'static [&'static str])| {
        let operation = *operation;
        names.iter().map(move |name| format!("{operation}: {name}"))
    };
    let faults = faults.iter().flat_map(of);
    let events = EVENTS.iter().map(|name| (*name).to_owned());
    let edges = EDGES.iter().map(|name| format!("edge: {name}"));
    let wanted = faults.chain(events).chain(edges);
    wanted.filter(|name| !counts.contains_key(name)).collect()
}

/// Transitions that occurred and stand in no list.
pub(crate) fn unlisted(counts: &BTreeMap<String, u64>) -> Vec<&str> {
    let edges = counts.keys().filter_map(|name| name.strip_prefix("edge: "));
    edges
        .filter(|edge| !EDGES.contains(edge) && *edge != RARE)
        .collect()
}

#[test]
fn what_nobody_listed_is_found() {
    let names = [
        "edge: unknown found created",
        "edge: created found ready",
        "net: x",
    ];
    let counts = names.map(|name| (name.to_owned(), 1)).into();
    assert_eq!(unlisted(&counts), ["created found ready"]);
}

#[test]
fn what_never_occurred_is_missing() {
    let mut counts: BTreeMap<String, u64> = missing(&BTreeMap::new())
        .into_iter()
        .map(|name| (name, 1))
        .collect();
    assert!(missing(&counts).is_empty());
    for left_out in ["create: late", "net: twice", "edge: unknown found created"] {
        counts.remove(left_out).unwrap();
        assert_eq!(missing(&counts), [left_out]);
        counts.insert(left_out.to_owned(), 1);
    }
}
