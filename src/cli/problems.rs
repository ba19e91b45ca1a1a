//! What is wrong with a sheet, as it is shown: the first problems, how many of each kind, and where all are listed.

use std::path::Path;

use crate::report::words::counted;
use crate::sheet::{Checked, Fault, ProblemsSummary};

use super::exit::Ending;
use super::shell::Shell;

/// Shows the first problems and the counts by code.
pub(super) fn show(shell: &Shell, summary: &ProblemsSummary) {
    if summary.count == 0 {
        return;
    }
    let mut text = String::new();
    for fault in &summary.first {
        text.push_str(&line(fault));
        text.push('\n');
    }
    let shown = u64::try_from(summary.first.len()).unwrap_or(u64::MAX);
    let more = summary.count.saturating_sub(shown);
    if more > 0 {
        text.push_str(&format!("... and {more} more\n"));
    }
    text.push('\n');
    for (code, count) in &summary.by_code {
        text.push_str(&format!("{count:>7}  {code}\n"));
    }
    shell.screen.line(text.trim_end());
}

fn line(fault: &Fault) -> String {
    let value = fault.shown_value();
    let value = if value.is_empty() { String::new() } else { format!(" `{value}`") };
    let column = if fault.column.is_empty() { String::new() } else { format!(", {}", fault.column) };
    format!(
        "line {} (row {}){column}{value}: {}\n    {}  [{}]",
        fault.line, fault.row, fault.problem, fault.fix, fault.code
    )
}

/// The verdict on a sheet with problems.
pub(super) fn ending(sheet: &Path, checked: &Checked, summary: &ProblemsSummary) -> Ending {
    let have = if checked.invalid == 1 { "has" } else { "have" };
    let message = format!(
        "{} of {} in {} {have} problems; nothing was sent",
        checked.invalid,
        counted(u64::from(checked.rows), "row", "rows"),
        sheet.display()
    );
    let listed = summary.file.as_ref().map_or_else(String::new, |file| format!(" (all are listed in {})", file.display()));
    Ending::unpayable(message, format!("mend them{listed} and run again"))
}
