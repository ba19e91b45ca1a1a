//! What is wrong with a sheet, for the screen: the first problems as paragraphs, and counts by code. PURE.
//!
//! Deliberately absent: the whole list (the problems file has it) and any masking: values come fit to be shown.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::words::{counted, wrapped};

/// Problems shown; the file has them all.
pub const PROBLEMS_SHOWN: usize = 20;
/// Widest value shown; the cell may hold a page.
const VALUE_CHARS_MAX: usize = 24;

/// One problem as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line in the file.
    pub line: u64,
    /// Column name; blank for a whole row.
    pub column: String,
    /// The value, masked where it is personal.
    pub value: String,
    /// Stable code.
    pub code: String,
    /// What is wrong.
    pub problem: String,
    /// How to mend it.
    pub fix: String,
}

/// The problems of a sheet: the `first` ones (the whole of them are counted in `by_code`) and where all are listed.
pub fn text(
    first: &[Problem],
    by_code: &BTreeMap<String, u64>,
    file: Option<&str>,
    columns: usize,
) -> String {
    let mut out = String::new();
    for problem in first.iter().take(PROBLEMS_SHOWN) {
        let _ = writeln!(out, "{}", wrapped(&paragraph(problem), "    ", columns));
    }
    count(&mut out, by_code, "problem", "problems");
    if let Some(file) = file {
        let _ = writeln!(out, "\nall of them: {file}");
    }
    out
}

/// What a person should look at, though nothing of it stops a run: the `first` ones, all of them counted, and where
/// all are.
pub fn warnings(
    first: &[Problem],
    by_code: &BTreeMap<String, u64>,
    all: Option<&str>,
    columns: usize,
) -> String {
    let mut out = String::new();
    for warning in first.iter().take(PROBLEMS_SHOWN) {
        let text = format!("worth a look: {}", paragraph(warning));
        let _ = writeln!(out, "{}", wrapped(&text, "    ", columns));
    }
    count(&mut out, by_code, "warning", "warnings");
    if let Some(all) = all {
        let _ = writeln!(out, "\n{all}");
    }
    out
}

fn count(out: &mut String, by_code: &BTreeMap<String, u64>, one: &str, many: &str) {
    let total: u64 = by_code.values().sum();
    let _ = writeln!(out, "\n{}:", counted(total, one, many));
    for (code, number) in by_code {
        let _ = writeln!(out, "{number:>9}  {code}");
    }
}

/// Where, what, how to mend it. The value stands before the colon unless the sentence names it or there is none.
fn paragraph(problem: &Problem) -> String {
    let Problem {
        line,
        column,
        value,
        problem,
        fix,
        ..
    } = problem;
    let mut out = format!("line {line}");
    if !column.is_empty() {
        let _ = write!(out, ", {}", cut(column));
    }
    if !value.is_empty() && !problem.contains(value.as_str()) {
        let _ = write!(out, " {}", cut(value));
    }
    let _ = write!(out, ": {problem}: {fix}");
    out
}

/// One line of at most [`VALUE_CHARS_MAX`] characters, nothing in it that moves a cursor.
fn cut(value: &str) -> String {
    let plain = value.chars().map(|c| if c.is_control() { ' ' } else { c });
    if value.chars().count() <= VALUE_CHARS_MAX {
        plain.collect()
    } else {
        plain
            .take(VALUE_CHARS_MAX.saturating_sub(1))
            .chain(['…'])
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(line: u64, column: &str, value: &str) -> Problem {
        Problem {
            line,
            column: column.into(),
            value: value.into(),
            code: "x".into(),
            problem: "it is wrong".into(),
            fix: "mend it".into(),
        }
    }

    #[test]
    fn each_problem_says_where_and_counts_follow() {
        let mut named = problem(118, "amount", "1.234");
        named.problem = "the amount 1.234 has more than two decimals".into();
        named.fix = "round it to whole paise, such as 1250.50".into();
        let first = [
            problem(2, "phone", "******321"),
            problem(117, "name", ""),
            problem(117, "", ""),
            named,
        ];
        let counts = BTreeMap::from([
            ("amount.decimals".to_owned(), 1),
            ("phone.length".to_owned(), 40),
        ]);
        let expected = "\
line 2, phone ******321: it is wrong: mend it
line 117, name: it is wrong: mend it
line 117: it is wrong: mend it
line 118, amount: the amount 1.234 has more than two decimals: round it to whole
    paise, such as 1250.50

41 problems:
        1  amount.decimals
       40  phone.length

all of them: june.problems.csv
";
        assert_eq!(
            text(&first, &counts, Some("june.problems.csv"), 80),
            expected
        );
    }

    #[test]
    fn at_most_twenty_and_never_a_page() {
        let page = "x\n\u{1b}[2J".repeat(100);
        let first: Vec<Problem> = (0..50).map(|line| problem(line, "name", &page)).collect();
        let shown = text(&first, &BTreeMap::new(), None, 80);
        assert_eq!(
            shown
                .lines()
                .filter(|line| line.starts_with("line"))
                .count(),
            PROBLEMS_SHOWN
        );
        assert!(
            !shown.contains('\u{1b}') && shown.contains("…: "),
            "{shown}"
        );
    }
}
