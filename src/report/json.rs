//! The `--json` objects. Scripts rely on their keys and on the keys' order, which is that of the fields here.
//!
//! Deliberately absent: floats. `elapsed_s` is made of whole milliseconds.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};

use crate::domain::{Money, State};
use crate::engine::Tally;

/// What `send` and `status` end with.
#[derive(Clone, Debug, Serialize)]
pub struct RunJson<'a> {
    /// The command.
    pub command: &'a str,
    /// The environment's word.
    pub environment: &'a str,
    /// The sheet as typed.
    pub sheet: &'a str,
    /// The batch.
    pub batch: &'a str,
    /// All payouts.
    pub rows: u64,
    /// Payouts by state, every state.
    pub states: States,
    /// Links by the gateway's word.
    pub statuses: BTreeMap<String, u64>,
    /// Their sum.
    pub amount_total: Rupees,
    /// Sum of the created ones.
    pub amount_created: Rupees,
    /// Brought to `created` by this run.
    pub created_now: u64,
    /// Requests of this run.
    pub requests: u64,
    /// Of them repetitions.
    pub retries: u64,
    /// How long the run took.
    pub elapsed_s: Elapsed,
    /// The exit code.
    pub exit: u8,
    /// The verdict.
    pub message: &'a str,
    /// The checkpoint file.
    pub checkpoint: &'a str,
    /// The results file, where it is this batch's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub results: Option<&'a str>,
    /// The file of what has no row in the sheet any more, where there is any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earlier: Option<&'a str>,
    /// Warnings about the sheet by code, where there are any.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub warnings: &'a BTreeMap<String, u64>,
    /// Links that were confirmed and that the gateway does not know any more, where there are any.
    #[serde(skip_serializing_if = "is_none")]
    pub lost: u64,
    /// Created payouts whose link or reference the gateway has not told, where there are any.
    #[serde(skip_serializing_if = "is_none")]
    pub without_link: u64,
    /// Payouts that are to be cancelled and of which the gateway has not said that they are, where there are any.
    #[serde(skip_serializing_if = "is_none")]
    pub to_cancel: u64,
}

/// What a run knows of itself besides its tally.
#[derive(Clone, Copy, Debug)]
pub struct RunFacts<'a> {
    /// The command.
    pub command: &'a str,
    /// The environment's word.
    pub environment: &'a str,
    /// The sheet as typed.
    pub sheet: &'a str,
    /// The batch.
    pub batch: &'a str,
    /// How long the run took.
    pub elapsed: Duration,
    /// The exit code.
    pub exit: u8,
    /// The verdict.
    pub message: &'a str,
    /// The checkpoint file.
    pub checkpoint: &'a str,
    /// The results file, where it is this batch's.
    pub results: Option<&'a str>,
    /// The file of what has no row in the sheet any more, where there is any.
    pub earlier: Option<&'a str>,
    /// Warnings about the sheet by code.
    pub warnings: &'a BTreeMap<String, u64>,
}

impl<'a> RunJson<'a> {
    /// The object of a run that ended with `tally`.
    pub fn new(facts: RunFacts<'a>, tally: &Tally) -> RunJson<'a> {
        RunJson {
            command: facts.command,
            environment: facts.environment,
            sheet: facts.sheet,
            batch: facts.batch,
            rows: tally.rows(),
            states: States(State::ALL.map(|state| (state, tally.of(state).rows))),
            statuses: tally.statuses.clone(),
            amount_total: Rupees(tally.amount().unwrap_or_default()),
            amount_created: Rupees(tally.of(State::Created).amount),
            created_now: tally.created_now,
            requests: tally.requests,
            retries: tally.retries,
            elapsed_s: Elapsed(facts.elapsed),
            exit: facts.exit,
            message: facts.message,
            checkpoint: facts.checkpoint,
            results: facts.results,
            earlier: facts.earlier,
            warnings: facts.warnings,
            lost: tally.lost,
            without_link: tally.without_link,
            to_cancel: tally.waiting,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn is_none(count: &u64) -> bool {
    *count == 0
}

/// What `validate` ends with.
#[derive(Clone, Debug, Serialize)]
pub struct ValidateJson<'a> {
    /// `validate`
    pub command: &'a str,
    /// The sheet as typed.
    pub sheet: &'a str,
    /// All rows.
    pub rows: u64,
    /// Payable rows.
    pub valid: u64,
    /// Rows with problems.
    pub invalid: u64,
    /// Sum of the payable rows.
    pub amount_total: Rupees,
    /// Problems by code.
    pub problems: BTreeMap<String, u64>,
    /// Warnings by code.
    pub warnings: BTreeMap<String, u64>,
    /// Where the problems are listed; null if there are none.
    pub problems_file: Option<&'a str>,
    /// The marked workbook, if one was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub marked_file: Option<&'a str>,
    /// The mended sheet, if one was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixed_file: Option<&'a str>,
    /// The exit code.
    pub exit: u8,
    /// The verdict.
    pub message: &'a str,
}

/// What `report` ends with.
#[derive(Clone, Debug, Serialize)]
pub struct ReportJson<'a> {
    /// `report`
    pub command: &'a str,
    /// The environment's word.
    pub environment: &'a str,
    /// The sheet as typed.
    pub sheet: &'a str,
    /// The batch.
    pub batch: &'a str,
    /// All payouts.
    pub rows: u64,
    /// Payouts by state, every state.
    pub states: States,
    /// Links by the gateway's word.
    pub statuses: BTreeMap<String, u64>,
    /// Their sum.
    pub amount_total: Rupees,
    /// Sum of the created ones.
    pub amount_created: Rupees,
    /// Whether the totals close.
    pub balanced: bool,
    /// Payouts that need a person.
    pub needs_a_person: u64,
    /// The exit code.
    pub exit: u8,
    /// The verdict.
    pub message: &'a str,
    /// The checkpoint file.
    pub checkpoint: &'a str,
    /// What was written.
    pub report: &'a str,
}

/// What `purge` ends with.
#[derive(Clone, Debug, Serialize)]
pub struct PurgeJson<'a> {
    /// `purge`
    pub command: &'a str,
    /// The environment's word.
    pub environment: &'a str,
    /// The sheet as typed.
    pub sheet: &'a str,
    /// The batch.
    pub batch: &'a str,
    /// All payouts.
    pub rows: u64,
    /// Their sum.
    pub amount_total: Rupees,
    /// Files that were deleted.
    pub removed: &'a [String],
    /// Files of the batch that were not touched.
    pub left: &'a [String],
    /// The exit code.
    pub exit: u8,
    /// The verdict.
    pub message: &'a str,
    /// The checkpoint file.
    pub checkpoint: &'a str,
    /// The results file.
    pub results: &'a str,
}

/// What `doctor` ends with.
#[derive(Clone, Debug, Serialize)]
pub struct DoctorJson<'a> {
    /// `doctor`
    pub command: &'a str,
    /// The environment's word.
    pub environment: &'a str,
    /// The sheet as typed; null without one.
    pub sheet: Option<&'a str>,
    /// The batch; null without a sheet.
    pub batch: Option<&'a str>,
    /// Everything that was looked at.
    pub findings: Vec<FindingJson<'a>>,
    /// The exit code.
    pub exit: u8,
    /// The verdict.
    pub message: &'a str,
}

/// One thing that `doctor` looked at.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct FindingJson<'a> {
    /// What.
    pub check: &'a str,
    /// `ok`, `note` or `problem`.
    pub verdict: &'a str,
    /// What was found.
    pub message: &'a str,
    /// What to do; blank where there is nothing to do.
    pub remedy: &'a str,
}

/// What a run that stopped early ends with.
#[derive(Clone, Debug, Serialize)]
pub struct EarlyJson<'a> {
    /// The command.
    pub command: &'a str,
    /// The exit code.
    pub exit: u8,
    /// Why it stopped, and what to do.
    pub message: &'a str,
}

/// Payouts by state, in the states' order, zeros included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct States(pub [(State, u64); 7]);

impl Serialize for States {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.0.len()))?;
        for (state, rows) in self.0 {
            map.serialize_entry(state.word(), &rows)?;
        }
        map.end()
    }
}

/// An amount as a string: a JSON number would invite a float.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rupees(pub Money);

impl Serialize for Rupees {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

/// A duration as seconds with two decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed(pub Duration);

impl Serialize for Elapsed {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let hundredths = self.0.subsec_millis() / 10;
        let text = format!("{}.{hundredths:02}", self.0.as_secs());
        // The only number with decimals: parsed, never computed with, and printed by `TwoDecimals`.
        to.serialize_f64(text.parse().map_err(serde::ser::Error::custom)?)
    }
}

/// Compact JSON whose numbers with decimals have two of them.
struct TwoDecimals;

impl serde_json::ser::Formatter for TwoDecimals {
    fn write_f64<W: ?Sized + io::Write>(&mut self, to: &mut W, value: f64) -> io::Result<()> {
        write!(to, "{value:.2}")
    }
}

/// One line of JSON, without its end.
///
/// # Errors
///
/// Only what the object's own `Serialize` refuses: those of this file refuse nothing.
pub fn line(object: &impl Serialize) -> io::Result<String> {
    let mut bytes = Vec::new();
    let mut to = serde_json::Serializer::with_formatter(&mut bytes, TwoDecimals);
    object.serialize(&mut to).map_err(io::Error::other)?;
    String::from_utf8(bytes).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Count;

    fn count(rows: u64, paise: i64) -> Count {
        Count {
            rows,
            amount: Money::from_paise(paise).unwrap(),
        }
    }

    #[test]
    fn the_object_of_a_run_is_the_documented_one() {
        let tally = Tally {
            states: BTreeMap::from([
                (State::Created, count(1203, 543_110_000)),
                (State::Rejected, count(1, 100_000)),
            ]),
            statuses: BTreeMap::from([("ACTIVE".to_owned(), 1203)]),
            dead: 0,
            created_now: 1203,
            requests: 1210,
            retries: 6,
            ..Tally::default()
        };
        let facts = RunFacts {
            command: "send",
            environment: "sandbox",
            sheet: "june.csv",
            batch: "june",
            elapsed: Duration::from_millis(24_619),
            exit: 4,
            message: "1 row was refused, see june.sandbox.results.csv",
            checkpoint: "june.sandbox.checkpoint.db",
            results: Some("june.sandbox.results.csv"),
            earlier: None,
            warnings: &BTreeMap::new(),
        };
        let expected = concat!(
            r#"{"command":"send","environment":"sandbox","sheet":"june.csv","batch":"june","rows":1204,"#,
            r#""states":{"invalid":0,"ready":0,"unknown":0,"created":1203,"rejected":1,"conflict":0,"cancelled":0},"#,
            r#""statuses":{"ACTIVE":1203},"amount_total":"5432100.00","amount_created":"5431100.00","created_now":1203,"#,
            r#""requests":1210,"retries":6,"elapsed_s":24.61,"exit":4,"message":"1 row was refused, see june.sandbox.results.csv","#,
            r#""checkpoint":"june.sandbox.checkpoint.db","results":"june.sandbox.results.csv"}"#,
        );
        assert_eq!(line(&RunJson::new(facts, &tally)).unwrap(), expected);
        let more = RunFacts {
            earlier: Some("june.sandbox.earlier.csv"),
            warnings: &BTreeMap::from([("phone.repeated".to_owned(), 1)]),
            ..facts
        };
        let more = line(&RunJson::new(more, &tally)).unwrap();
        let end = r#","earlier":"june.sandbox.earlier.csv","warnings":{"phone.repeated":1}}"#;
        assert!(more.ends_with(end), "{more}");
        let open = Tally {
            lost: 2,
            without_link: 3,
            waiting: 1,
            ..Tally::default()
        };
        let open = line(&RunJson::new(facts, &open)).unwrap();
        assert!(
            open.ends_with(r#","lost":2,"without_link":3,"to_cancel":1}"#),
            "{open}"
        );
    }

    #[test]
    fn the_object_of_validate_and_of_an_early_stop() {
        let object = ValidateJson {
            command: "validate",
            sheet: "june.csv",
            rows: 3,
            valid: 1,
            invalid: 2,
            amount_total: Rupees(Money::from_paise(125_000).unwrap()),
            problems: BTreeMap::from([("phone.length".to_owned(), 2)]),
            warnings: BTreeMap::from([("phone.repeated".to_owned(), 1)]),
            problems_file: Some("june.problems.csv"),
            marked_file: None,
            fixed_file: None,
            exit: 3,
            message: "2 of 3 rows have problems",
        };
        assert_eq!(
            line(&object).unwrap(),
            r#"{"command":"validate","sheet":"june.csv","rows":3,"valid":1,"invalid":2,"amount_total":"1250.00","problems":{"phone.length":2},"warnings":{"phone.repeated":1},"problems_file":"june.problems.csv","exit":3,"message":"2 of 3 rows have problems"}"#
        );
        let early = EarlyJson {
            command: "send",
            exit: 2,
            message: "no \"way\"",
        };
        assert_eq!(
            line(&early).unwrap(),
            r#"{"command":"send","exit":2,"message":"no \"way\""}"#
        );
    }

    #[test]
    fn elapsed_always_has_two_decimals() {
        for (millis, text) in [
            (0, "0.00"),
            (9, "0.00"),
            (24_600, "24.60"),
            (1_000, "1.00"),
            (3_600_070, "3600.07"),
        ] {
            assert_eq!(line(&Elapsed(Duration::from_millis(millis))).unwrap(), text);
        }
    }
}
