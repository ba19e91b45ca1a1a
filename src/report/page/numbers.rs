//! The same numbers for scripts and spreadsheets: one JSON object, or a table of names and values. PURE.
//!
//! Deliberately absent: rows. Those are in the results.

use std::io;

use jiff::Timestamp;
use serde::Serialize;

use crate::engine::Count;
use crate::report::json::{self, Rupees};

use super::{Page, Run};

/// The columns of the table.
pub const COLUMNS: [&str; 5] = ["section", "name", "payouts", "amount", "value"];

/// One line of the table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Line {
    /// What it belongs to.
    pub section: &'static str,
    /// What it is.
    pub name: String,
    /// Payouts, if it counts them.
    pub payouts: String,
    /// Rupees, if it has any.
    pub amount: String,
    /// Any other value.
    pub value: String,
}

impl Line {
    fn count(section: &'static str, name: impl Into<String>, count: Count) -> Line {
        Line {
            section,
            name: name.into(),
            payouts: count.rows.to_string(),
            amount: count.amount.to_string(),
            value: String::new(),
        }
    }

    fn value(section: &'static str, name: impl Into<String>, value: impl ToString) -> Line {
        Line {
            section,
            name: name.into(),
            value: value.to_string(),
            ..Line::default()
        }
    }

    /// Its cells, in the columns' order.
    pub fn cells(&self) -> [&str; 5] {
        [
            self.section,
            &self.name,
            &self.payouts,
            &self.amount,
            &self.value,
        ]
    }
}

/// The table.
pub fn lines(page: &Page) -> Vec<Line> {
    let head = &page.head;
    let mut all = vec![
        Line::value("batch", "environment", &head.environment),
        Line::value("batch", "batch", &head.batch),
        Line::value("batch", "made_at", utc(head.made_ms)),
    ];
    let entries = page.ledger.entries();
    all.extend(entries.map(|(entry, count)| Line::count("balance", entry.word(), count)));
    for check in page.ledger.checks() {
        let name = check.state.map_or("total", crate::domain::State::word);
        all.push(Line::count("counted", name, check.counted));
        all.push(Line::count("kept", name, check.kept));
    }
    let balanced = if page.ledger.is_balanced() {
        "yes"
    } else {
        "no"
    };
    all.push(Line::value("balance", "balanced", balanced));
    for (cause, group) in &page.causes {
        let mut line = Line::count("needs_a_person", cause.title(), group.count);
        cause.word().clone_into(&mut line.value);
        all.push(line);
    }
    for (quantile, of_thousand) in QUANTILES {
        all.push(Line::value(
            "latency_ms",
            quantile,
            page.answers.quantile_ms(of_thousand),
        ));
    }
    for (due, count) in &page.ageing {
        all.push(Line::count("days_left", due.mark(), *count));
    }
    for run in &page.runs {
        all.push(Line::value(
            "run",
            utc(run.creates.start_ms()),
            run.creates.total(),
        ));
    }
    all
}

/// The quantiles that are told.
const QUANTILES: [(&str, u64); 4] = [("p50", 500), ("p90", 900), ("p99", 990), ("max", 1_000)];

#[derive(Serialize)]
struct Whole<'p> {
    command: &'static str,
    environment: &'p str,
    batch: &'p str,
    made_at: String,
    balanced: bool,
    balance: Vec<Sum<'p>>,
    checks: Vec<CheckJson>,
    needs_a_person: Vec<CauseJson>,
    latency_ms: std::collections::BTreeMap<&'static str, u64>,
    answers: u64,
    runs: Vec<RunJson>,
    redemption: Option<Redemption>,
    days_left: Vec<Sum<'static>>,
}

#[derive(Serialize)]
struct Sum<'p> {
    name: std::borrow::Cow<'p, str>,
    payouts: u64,
    amount: Rupees,
}

#[derive(Serialize)]
struct CheckJson {
    name: &'static str,
    payouts: u64,
    amount: Rupees,
    kept_payouts: u64,
    kept_amount: Rupees,
    closes: bool,
}

#[derive(Serialize)]
struct CauseJson {
    cause: &'static str,
    title: String,
    payouts: u64,
    amount: Rupees,
    remedy: &'static str,
}

#[derive(Serialize)]
struct RunJson {
    began: String,
    limit: Option<String>,
    creates: u64,
    bin_ms: i64,
    creates_by_bin: Vec<u64>,
    pauses: Vec<PauseJson>,
}

#[derive(Serialize)]
struct PauseJson {
    after_ms: i64,
    lasted_ms: u64,
    why: &'static str,
}

#[derive(Serialize)]
struct Redemption {
    bin_ms: i64,
    created_by_bin: Vec<u64>,
    redeemed_by_bin: Vec<u64>,
}

/// RFC 3339 in UTC, whole seconds.
fn utc(ms: i64) -> String {
    Timestamp::from_second(ms.div_euclid(1000))
        .unwrap_or_default()
        .to_string()
}

/// The object, on one line.
///
/// # Errors
///
/// None: these objects refuse nothing.
pub fn json(page: &Page) -> io::Result<String> {
    let counts = |bins: &super::Timeline| bins.bins().map(|(_, _, count)| count).collect();
    json::line(&Whole {
        command: "report",
        environment: &page.head.environment,
        batch: &page.head.batch,
        made_at: utc(page.head.made_ms),
        balanced: page.ledger.is_balanced(),
        balance: page
            .ledger
            .entries()
            .map(|(entry, count)| sum(entry.word().into(), count))
            .collect(),
        checks: checks(page),
        needs_a_person: causes(page),
        latency_ms: QUANTILES
            .map(|(name, of_thousand)| (name, page.answers.quantile_ms(of_thousand)))
            .into(),
        answers: page.answers.total(),
        runs: page.runs.iter().map(run).collect(),
        redemption: page.links.as_ref().map(|links| Redemption {
            bin_ms: links.created.width_ms(),
            created_by_bin: counts(&links.created),
            redeemed_by_bin: counts(&links.redeemed),
        }),
        days_left: page
            .ageing
            .iter()
            .map(|(due, count)| sum(due.mark().into(), *count))
            .collect(),
    })
}

fn sum(name: std::borrow::Cow<'_, str>, count: Count) -> Sum<'_> {
    Sum {
        name,
        payouts: count.rows,
        amount: Rupees(count.amount),
    }
}

fn checks(page: &Page) -> Vec<CheckJson> {
    let one = |check: super::ledger::Check| CheckJson {
        name: check.state.map_or("total", crate::domain::State::word),
        payouts: check.counted.rows,
        amount: Rupees(check.counted.amount),
        kept_payouts: check.kept.rows,
        kept_amount: Rupees(check.kept.amount),
        closes: check.closes(),
    };
    page.ledger.checks().into_iter().map(one).collect()
}

fn causes(page: &Page) -> Vec<CauseJson> {
    let one = |(cause, group): (&super::Cause, &super::Group)| CauseJson {
        cause: cause.word(),
        title: cause.title(),
        payouts: group.count.rows,
        amount: Rupees(group.count.amount),
        remedy: cause.remedy(),
    };
    page.causes.iter().map(one).collect()
}

fn run(run: &Run) -> RunJson {
    RunJson {
        began: utc(run.creates.start_ms()),
        limit: run.rate.map(|rate| rate.words()),
        creates: run.creates.total(),
        bin_ms: run.creates.width_ms(),
        creates_by_bin: run.creates.bins().map(|(_, _, count)| count).collect(),
        pauses: run
            .pauses
            .iter()
            .map(|pause| PauseJson {
                after_ms: pause.from_ms.saturating_sub(run.creates.start_ms()),
                lasted_ms: pause.lasted_ms(),
                why: pause.why,
            })
            .collect(),
    }
}
