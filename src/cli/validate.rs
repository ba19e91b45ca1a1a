//! `paysheet validate`: check every row, say what is wrong and how to mend it, send nothing.

use crate::report::json::{Rupees, ValidateJson};
use crate::report::words::{counted, rupees};

use super::exit::Exit;
use super::judge::{check_controls, judge_alone, rules};
use super::mended;
use super::problems;
use super::settings::Validate;
use super::shell::Shell;

/// Runs the command.
///
/// # Errors
///
/// If the sheet cannot be read, or is not payable as a whole.
pub(super) fn run(validate: &Validate, shell: &Shell) -> anyhow::Result<Exit> {
    let rules = rules(&validate.controls, shell.clock.today_in_india(), false);
    let (wanted, strict) = (&validate.editions, validate.controls.strict);
    let (checked, editions) =
        judge_alone(&validate.sheet, &validate.problems, strict, wanted, &rules)?;
    let (checked, summary) = (&checked, &editions.problems);
    let list = summary.file.as_deref();
    problems::show_columns(shell, checked);
    problems::show(shell, summary);
    problems::refuse_unlisted(summary)?;
    problems::show_warnings(shell, &checked.warnings, list.filter(|_| strict));
    let controls = check_controls(&validate.controls, checked, list);
    let (exit, message) = match (summary.count, controls) {
        (0, Ok(())) => (Exit::Done, sound(u64::from(checked.rows), checked.total)),
        (0, Err(wrong)) => (Exit::Unpayable, wrong.to_string()),
        (_, Ok(())) => (
            Exit::Unpayable,
            problems::ending(&validate.sheet, checked, summary).to_string(),
        ),
        (_, Err(wrong)) => {
            let problems = problems::ending(&validate.sheet, checked, summary);
            (Exit::Unpayable, format!("{problems}; {wrong}"))
        }
    };
    shell.out.folded(&message);
    let mended = mended::say(validate, &editions, &rules, shell)?;
    let (exit, message) = mended.unwrap_or((exit, message));
    let sheet = validate.sheet.display().to_string();
    let file = summary.file.as_ref().map(|path| path.display().to_string());
    shell.out.json(&ValidateJson {
        command: "validate",
        sheet: &sheet,
        rows: u64::from(checked.rows),
        valid: u64::from(checked.valid),
        invalid: u64::from(checked.invalid),
        amount_total: Rupees(checked.total),
        problems: summary
            .by_code
            .iter()
            .map(|(code, count)| ((*code).to_owned(), *count))
            .collect(),
        warnings: problems::by_code(&checked.warnings),
        problems_file: file.as_deref(),
        marked_file: editions.marked.as_ref().and_then(|(path, _)| path.to_str()),
        fixed_file: editions.fixed.as_ref().and_then(|(path, _)| path.to_str()),
        exit: exit.code(),
        message: &message,
    });
    Ok(exit)
}

fn sound(rows: u64, total: crate::domain::Money) -> String {
    let all = if rows == 1 { "it is" } else { "all are" };
    format!(
        "{}, {}: {all} payable",
        counted(rows, "row", "rows"),
        rupees(total)
    )
}
