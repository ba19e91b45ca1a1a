//! The audit: what a run says it did against what the gateway knows was done.
//!
//! Reads nothing but the results (and `earlier.csv`), the `--json` object and the gateway's own books. Deliberately
//! absent: what a test expects; this holds after any run, whatever happened to it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::gate::{Booked, Gateway};
use super::program::Output;
use super::world::{Table, World, paise};

/// The states, in the documented order.
pub(crate) const STATES: [&str; 7] = [
    "invalid",
    "ready",
    "unknown",
    "created",
    "rejected",
    "conflict",
    "cancelled",
];

/// Compares a batch's results with the gateway's books. `results` names the file in `world`.
#[track_caller]
pub(crate) fn audit(world: &World, results: &str, gate: &impl Gateway) {
    audit_earlier(world, results, None, gate);
}

/// The same, with the file that lists earlier Cashgrams.
#[track_caller]
pub(crate) fn audit_earlier(
    world: &World,
    results: &str,
    earlier: Option<&str>,
    gate: &impl Gateway,
) {
    let results = world.table(results);
    let earlier = earlier.map(|name| world.table(name));
    let complaints = complaints(&results, earlier.as_ref(), gate);
    assert!(
        complaints.is_empty(),
        "the books and the results disagree:\n{}\nresults: {results:#?}",
        complaints.join("\n")
    );
}

/// What an audit has to say, for tests that want it to say something.
pub(crate) fn complaints(
    results: &Table,
    earlier: Option<&Table>,
    gate: &impl Gateway,
) -> Vec<String> {
    let mut complaints = Vec::new();
    compare(results, earlier, &gate.booked(), &mut complaints);
    complaints
}

fn compare(
    results: &Table,
    earlier: Option<&Table>,
    booked: &[Booked],
    complaints: &mut Vec<String>,
) {
    let before = earlier
        .map(|table| table.rows.as_slice())
        .unwrap_or_default();
    let mut listed: BTreeMap<&str, &BTreeMap<String, String>> = BTreeMap::new();
    for row in results.rows.iter().chain(before) {
        let id = row["cashgram_id"].as_str();
        if !id.is_empty() && listed.insert(id, row).is_some() {
            complaints.push(format!("{id} is listed twice"));
        }
    }
    for cashgram in booked {
        match listed.get(cashgram.id.as_str()) {
            None => complaints.push(format!("{} is in the books alone", cashgram.id)),
            Some(row) => judge(cashgram, row, complaints),
        }
    }
    let known: BTreeSet<&str> = booked.iter().map(|cashgram| cashgram.id.as_str()).collect();
    for (id, row) in &listed {
        if row["state"] == "created" && !known.contains(id) {
            complaints.push(format!("{id} is created here and nowhere else"));
        }
    }
    count_payments(results, before, booked, complaints);
    for row in &results.rows {
        if !STATES.contains(&row["state"].as_str()) {
            complaints.push(format!("`{}` is no state", row["state"]));
        }
    }
}

/// One Cashgram of the books against its row.
fn judge(cashgram: &Booked, row: &BTreeMap<String, String>, complaints: &mut Vec<String>) {
    let (id, state) = (&cashgram.id, row["state"].as_str());
    if cashgram.other_bodies > 0 {
        complaints.push(format!("{id} was sent with different bodies"));
    }
    if state == "created" || state == "cancelled" {
        for (column, wanted) in [
            ("reference_id", &cashgram.reference),
            ("cashgram_link", &cashgram.link),
        ] {
            if row[column] != *wanted {
                complaints.push(format!(
                    "{id}: {column} is `{}`, the books say `{wanted}`",
                    row[column]
                ));
            }
        }
    } else if state != "unknown" && state != "conflict" {
        complaints.push(format!("{id} is in the books and `{state}` here"));
    }
}

/// At most one Cashgram a row, judged by phone and amount: no id of ours is asked.
fn count_payments(
    results: &Table,
    before: &[BTreeMap<String, String>],
    booked: &[Booked],
    complaints: &mut Vec<String>,
) {
    let (Some(phone), Some(amount)) = (
        find(results, &["phone", "mobile"]),
        find(results, &["amount", "net pay"]),
    ) else {
        return;
    };
    let mut allowed: BTreeMap<(String, i64), usize> = BTreeMap::new();
    for row in results.rows.iter().chain(before) {
        if row["state"] != "invalid" && row.contains_key(&phone) {
            *allowed
                .entry((last_ten(&row[&phone]), paise(&row[&amount])))
                .or_default() += 1;
        }
    }
    let mut paid: BTreeMap<(String, i64), usize> = BTreeMap::new();
    for cashgram in booked {
        *paid
            .entry((last_ten(&cashgram.phone), cashgram.amount))
            .or_default() += 1;
    }
    for (payment, count) in paid {
        let rows = allowed.get(&payment).copied().unwrap_or(0);
        // A planted Cashgram of another phone is a conflict, judged by its id above.
        if rows > 0 && count > rows {
            complaints.push(format!("{payment:?} has {count} Cashgrams for {rows} rows"));
        }
    }
}

fn find(table: &Table, names: &[&str]) -> Option<String> {
    let is = |column: &&String| names.contains(&column.to_lowercase().as_str());
    table.columns.iter().find(is).cloned()
}

fn last_ten(phone: &str) -> String {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    digits[digits.len().saturating_sub(10)..].to_owned()
}

/// No two links of one phone and amount may live.
#[track_caller]
pub(crate) fn one_lives(gate: &impl Gateway) {
    let mut live = BTreeSet::new();
    for link in gate.booked() {
        let lives = ["ACTIVE", "PENDING", "REDEEMED"].contains(&link.status.as_str());
        let first = !lives || live.insert((link.phone.clone(), link.amount));
        assert!(first, "two links live: {link:?}");
    }
}

/// Holds the `--json` object of a run against its results: counts and sums of the states are the sheet's.
#[track_caller]
pub(crate) fn audit_json(output: &Output, results: &Table) {
    let json = output.json();
    assert!(json["states"].is_object(), "ended early: {output}");
    let number = |value: &Value| value.as_u64().unwrap_or(u64::MAX);
    let states: u64 = STATES
        .iter()
        .map(|state| number(&json["states"][state]))
        .sum();
    let rows = u64::try_from(results.rows.len()).expect("a count");
    assert_eq!((number(&json["rows"]), states), (rows, rows), "{output}");
    for state in STATES {
        let listed = u64::try_from(results.states(state)).expect("a count");
        assert_eq!(number(&json["states"][state]), listed, "{state}: {output}");
    }
    assert_eq!(
        json["exit"].as_i64(),
        Some(i64::from(output.code)),
        "{output}"
    );
    let sum = |wanted: Option<&str>| -> i64 {
        let of = |row: &&BTreeMap<String, String>| wanted.is_none_or(|state| row["state"] == state);
        let amount = |row: &BTreeMap<String, String>| paise(&row["amount"]);
        results.rows.iter().filter(of).map(amount).sum()
    };
    if results.states("invalid") == 0 && results.columns.iter().any(|name| name == "amount") {
        let said = |key: &str| paise(json[key].as_str().unwrap_or("0"));
        assert_eq!(said("amount_total"), sum(None), "{output}");
        assert_eq!(said("amount_created"), sum(Some("created")), "{output}");
    }
}
