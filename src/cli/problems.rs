//! What is wrong with a sheet, as it is shown: the first problems, how many of each kind, and where all are listed.

use std::collections::BTreeMap;
use std::path::Path;

use crate::report::Manner;
use crate::report::problems::{self, Problem};
use crate::report::words::counted;
use crate::sheet::{Checked, Fault, ProblemsSummary, Warnings};

use super::exit::Ending;
use super::shell::Shell;

/// Says which columns were not understood: a misnamed one would else be missed only when it is missing.
pub(super) fn show_columns(shell: &Shell, checked: &Checked) {
    show_notes(shell, &checked.notes);
    let header = &checked.header;
    let columns = header.not_read();
    if columns.is_empty() || shell.manner == Manner::Silent {
        return;
    }
    let hint = match header.id_lookalike() {
        Some(_) => " (a column of the sheet's own ids is called cashgram_id)",
        None => "",
    };
    let text = format!(
        "not read, only carried to the results: {}{hint}",
        columns.join(", ")
    );
    shell.screen.folded(&text);
}

/// Says what a person should know of the whole sheet, such as hidden rows.
fn show_notes(shell: &Shell, notes: &[String]) {
    if shell.manner == Manner::Silent {
        return;
    }
    for note in notes {
        shell.screen.folded(&format!("note: {note}"));
    }
}

/// Shows the first problems and the counts by code.
pub(super) fn show(shell: &Shell, summary: &ProblemsSummary) {
    if summary.count == 0 {
        return;
    }
    let first: Vec<Problem> = summary.first.iter().map(problem).collect();
    let by_code = summary
        .by_code
        .iter()
        .map(|(code, count)| ((*code).to_owned(), *count))
        .collect();
    let file = summary.file.as_ref().map(|path| path.display().to_string());
    if shell.manner != Manner::Silent {
        let columns = shell.screen.columns();
        let text = problems::text(&first, &by_code, file.as_deref(), columns);
        shell.screen.line(text.trim_end());
    }
}

/// Stops where the list could not be written, now that the first problems were shown.
///
/// # Errors
///
/// [`Ending`] with exit code 1.
pub(super) fn refuse_unlisted(summary: &ProblemsSummary) -> Result<(), Ending> {
    match &summary.unlisted {
        Some(why) => Err(Ending::stopped(why, "")),
        None => Ok(()),
    }
}

/// Shows the first warnings and the counts by code; `list` has all of them, where it was written. Where it was not, and
/// there are more, it says how to have them listed.
pub(super) fn show_warnings(shell: &Shell, found: &Warnings, list: Option<&Path>) {
    if found.count == 0 || shell.manner == Manner::Silent {
        return;
    }
    let first: Vec<Problem> = found.first.iter().map(problem).collect();
    let shown = u64::try_from(first.len()).unwrap_or(u64::MAX);
    let all = match list {
        Some(list) => Some(format!("all of them: {}", list.display())),
        None if found.count > shown => Some(format!(
            "these were the first {shown}: `validate --strict` lists all of them in a file"
        )),
        None => None,
    };
    let text = problems::warnings(
        &first,
        &by_code(found),
        all.as_deref(),
        shell.screen.columns(),
    );
    shell.screen.line(text.trim_end());
}

/// Warnings by code, for the last line.
pub(super) fn by_code(found: &Warnings) -> BTreeMap<String, u64> {
    let counts = found.by_code.iter();
    counts
        .map(|(code, count)| ((*code).to_owned(), *count))
        .collect()
}

fn problem(fault: &Fault) -> Problem {
    Problem {
        line: fault.line,
        column: fault.column.clone(),
        value: fault.shown_value(),
        code: fault.code.to_owned(),
        problem: fault.problem.clone(),
        fix: match fault.shown_repair() {
            Some(repair) => format!("{}; surely meant: {repair}", fault.fix),
            None => fault.fix.clone(),
        },
    }
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
    let listed = summary.file.as_ref().map_or_else(String::new, |file| {
        format!(" (all are listed in {})", file.display())
    });
    Ending::unpayable(message, format!("mend them{listed} and run again"))
}
