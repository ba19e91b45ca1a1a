//! What `validate` says of sure repairs: that there are some, or what was repaired in the new file, how that stands, and
//! the command that goes on with the same batch from it, or from the marked copy.
//!
//! Deliberately absent: repairing, and any repair that is not listed.

use std::path::Path;

use crate::report::words::counted;
use crate::sheet::{Checked, EditionsSummary, Marks, Rules};

use super::exit::Exit;
use super::judge::{check_controls, judge_mended};
use super::settings::{Controls, Validate};
use super::shell::Shell;

/// Says it; with a new file its own verdict, which is then the command's.
///
/// # Errors
///
/// If the new file cannot be read back.
pub(super) fn say(
    validate: &Validate,
    editions: &EditionsSummary,
    rules: &Rules,
    shell: &Shell,
) -> anyhow::Result<Option<(Exit, String)>> {
    if let Some((path, marks)) = &editions.marked {
        shell.out.folded(&all_marked(path, *marks));
        if editions.problems.count > 0 {
            let first = "correct your own sheet, or this copy; then, to go on with the copy";
            go_on(first, path, validate, shell);
        }
    }
    if editions.doubted > 0 && (editions.marked.is_some() || editions.fixed.is_some()) {
        let words = format!(
            "{} with ?? there, put before what the sheet shows: such a cell cannot be trusted, and is refused until \
             what is meant is written in its place",
            counted(editions.doubted, "cell begins", "cells begin")
        );
        shell.out.folded(&words);
    }
    if let Some((path, repairs)) = &editions.fixed {
        list(editions, shell);
        let checked = judge_mended(path, rules)?;
        let (exit, verdict) = verdict(&checked, &validate.controls);
        let repaired = counted(*repairs, "cell", "cells");
        let message = format!("{repaired} repaired in {}: {verdict}", path.display());
        shell.out.folded(&message);
        let first = if exit == Exit::Done {
            "to go on with it"
        } else {
            "mend the rest in it; then, to go on with it"
        };
        go_on(first, path, validate, shell);
        return Ok(Some((exit, message)));
    }
    if validate.editions.fixed.is_some() {
        shell.out.paragraph(if editions.card {
            "nothing was repaired: a cell holds a card's number, which is copied nowhere: remove it first"
        } else if editions.problems.count == 0 {
            "nothing was repaired: there is nothing to repair"
        } else {
            "nothing was repaired: no problem has one sure repair"
        });
    } else if editions.repairable > 0 {
        let count = editions.problems.count;
        let have = if editions.repairable == 1 {
            "has"
        } else {
            "have"
        };
        let some = format!("{} {have}", counted(count, "problem", "problems"));
        let fix = shell.again.with_value("--fix", &suggested(validate));
        let text = format!(
            "{} of {some} one sure repair: `{fix}` makes them",
            editions.repairable
        );
        shell.out.folded(&text);
    }
    Ok(None)
}

/// What is marked, and what the copy is.
fn all_marked(path: &Path, marks: Marks) -> String {
    let all = match (marks.wrong, marks.look) {
        (0, _) => "every warning is",
        (_, 0) => "every problem is",
        (_, _) => "every problem and warning is",
    };
    let path = path.display();
    let noted = match u64::from(marks.notes) {
        notes if notes == marks.cells() => String::new(),
        notes => format!(", the first {notes} with a comment"),
    };
    format!(
        "{all} marked in {path}{noted}; every cell is a text in that copy, so amounts and dates are no numbers there"
    )
}

/// The command that pays from another copy of the sheet under the same batch, so that nobody is paid once more.
fn go_on(first: &str, copy: &Path, validate: &Validate, shell: &Shell) {
    let sheet = validate.sheet.display().to_string();
    let copy = copy.display().to_string();
    let send = shell.again.resume(&sheet, &copy, validate.batch.as_str());
    shell.out.paragraph(&format!("{first}:\n  {send}"));
}

/// A name for the mended sheet that is not the sheet's own.
fn suggested(validate: &Validate) -> String {
    let stem = validate.sheet.file_stem().unwrap_or_default();
    let end = validate
        .sheet
        .extension()
        .filter(|end| end.eq_ignore_ascii_case("xlsx"));
    let end = end.map_or("csv", |_| "xlsx");
    let name = format!("{}-fixed.{end}", stem.to_string_lossy());
    validate.sheet.with_file_name(name).display().to_string()
}

fn list(editions: &EditionsSummary, shell: &Shell) {
    for fault in &editions.repairs {
        if let Some(repair) = fault.shown_repair() {
            let line = format!("line {}, {}: {repair}", fault.line, fault.column);
            shell.out.paragraph(&line);
        }
    }
    let shown = u64::try_from(editions.repairs.len()).unwrap_or(u64::MAX);
    let more = editions.repairable.saturating_sub(shown);
    if more > 0 {
        shell
            .out
            .paragraph(&format!("... and {more} more, all in the list of problems"));
    }
}

/// The mended sheet is judged as the sheet itself is: by its rows, its control totals and, if they count, its warnings.
fn verdict(checked: &Checked, controls: &Controls) -> (Exit, String) {
    let rows = counted(u64::from(checked.rows), "row", "rows");
    let have = if checked.invalid == 1 { "has" } else { "have" };
    let still = || format!("{} of its {rows} still {have} problems", checked.invalid);
    match (checked.invalid, check_controls(controls, checked, None)) {
        (0, Ok(())) => (Exit::Done, format!("its {rows} can be paid")),
        (0, Err(wrong)) => (Exit::Unpayable, wrong.to_string()),
        (_, Ok(())) => (Exit::Unpayable, still()),
        (_, Err(wrong)) => (Exit::Unpayable, format!("{}; {wrong}", still())),
    }
}
