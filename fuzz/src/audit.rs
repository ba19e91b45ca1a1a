//! A sheet judged as the program judges it, in both of its passes, and what must hold of every verdict.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::civil::date;
use paysheet::domain::{KeyHasher, Money};
use paysheet::sheet::{Checked, Error, Fault, Judge, Layout, Rows, Rules, validate};
use rust_decimal::Decimal;

/// A sheet's verdict: what is the same however often it is read.
#[derive(Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The row and the amount of every row that gives an order.
    pub orders: Vec<(u32, Money)>,
    /// The line of every row.
    pub lines: Vec<u64>,
    /// Every fault.
    pub faults: Vec<Fault>,
}

/// What sheets are judged by here.
pub fn rules(layout: Layout, allow_duplicates: bool) -> Rules {
    Rules {
        today: date(2026, 11, 22),
        max_amount: None,
        allow_duplicates,
        fingerprint: true,
        sheet_name: None,
        layout,
    }
}

/// Judges the file and audits the verdict; an error must say what is wrong with it and how to go on.
pub fn sheet(path: &Path, rules: &Rules) -> Result<Verdict, Error> {
    let mut faults: Vec<Fault> = Vec::new();
    let whole = |_: u32| Judge::Whole;
    let checked = validate(path, rules, &KeyHasher::new(), &whole, &mut faults);
    let checked = checked.inspect_err(|error| {
        assert!(error.to_string().contains("june"), "{error}");
    })?;
    let (lines, orders) = orders(path, &checked, rules);
    each_fault(&checked, &lines, &faults);
    sums(&checked, &orders, &faults);
    Ok(Verdict {
        orders,
        lines,
        faults,
    })
}

/// What the second pass gives: a line for every row, an order for every row without faults.
fn orders(path: &Path, checked: &Checked, rules: &Rules) -> (Vec<u64>, Vec<(u32, Money)>) {
    let mut rows = Rows::open(path, checked, rules).unwrap();
    let (mut lines, mut orders) = (Vec::new(), Vec::new());
    while let Some(row) = rows.next_row().unwrap() {
        assert!(lines.last().is_none_or(|last| *last < row.line));
        lines.push(row.line);
        if let Some(order) = row.instruction {
            orders.push((row.index, order.amount));
        }
    }
    (lines, orders)
}

fn each_fault(checked: &Checked, lines: &[u64], faults: &[Fault]) {
    for fault in faults {
        let row = usize::try_from(fault.row).unwrap();
        assert!((1..=lines.len()).contains(&row), "{fault:?}");
        assert_eq!(fault.line, lines[row - 1], "{fault:?}");
        let columns = checked.header.columns();
        let known = columns.contains(&fault.column);
        // A required field's column is always there; no other field is judged without one.
        let whole_row = fault.field.is_none() && fault.column.is_empty();
        assert!(known || whole_row, "{fault:?}");
        assert!(fault.code.contains('.') && !fault.problem.is_empty());
        assert!(!fault.fix.is_empty(), "{fault:?}");
        let shown = [Some(fault.shown_value()), fault.shown_repair()];
        for text in shown.iter().flatten().chain([&fault.problem]) {
            assert!(!text.chars().any(char::is_control), "{text:?}");
        }
    }
}

fn sums(checked: &Checked, orders: &[(u32, Money)], faults: &[Fault]) {
    let faulty: BTreeSet<u32> = faults.iter().map(|fault| fault.row - 1).collect();
    let ordered: BTreeSet<u32> = orders.iter().map(|(row, _)| *row).collect();
    let all: BTreeSet<u32> = (0..checked.rows).collect();
    assert!(faulty.is_disjoint(&ordered), "a faulty row gives an order");
    let both: BTreeSet<u32> = faulty.union(&ordered).copied().collect();
    assert_eq!(both, all, "a row without an order or a fault");
    assert_eq!(checked.valid + checked.invalid, checked.rows);
    assert_eq!(usize::try_from(checked.valid), Ok(ordered.len()));
    let decimal = |money: Money| Decimal::from_str_exact(&money.to_string()).unwrap();
    let sum: Decimal = orders.iter().map(|(_, amount)| decimal(*amount)).sum();
    assert_eq!(decimal(checked.valid_total), sum);
    assert!(checked.total >= checked.valid_total);
    let largest: Vec<Money> = checked.largest.iter().map(|(_, amount)| *amount).collect();
    let mut amounts: Vec<Money> = orders.iter().map(|(_, amount)| *amount).collect();
    amounts.sort_unstable_by(|a, b| b.cmp(a));
    amounts.truncate(largest.len());
    assert_eq!(largest, amounts);
}
