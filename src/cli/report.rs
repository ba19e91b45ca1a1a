//! `paysheet report`: the batch as a page, or as numbers, from the checkpoint alone.
//!
//! Takes no lock: a run that is under way is told of as it stands. Deliberately absent: the sheet and the gateway.

mod gather;
mod history;

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;

use crate::checkpoint::Store;
use crate::domain::State;
use crate::engine::Outcome;
use crate::report::json::{ReportJson, Rupees, States};
use crate::report::page::{self, Page, numbers};
use crate::sheet::{AtomicFile, guarded, refuse_foreign};

use super::args::ReportFormat;
use super::exit::{Ending, Exit};
use super::finish::tally;
use super::judge::sheet_error;
use super::settings::Report;
use super::shell::Shell;

/// Runs the command.
///
/// # Errors
///
/// If there is nothing to tell of, the checkpoint cannot be read, or the report not be written.
pub(super) fn run(report: &Report, shell: &Shell) -> anyhow::Result<Exit> {
    let path = &report.files.checkpoint;
    if let Some(output) = &report.output {
        // Before the work: a place that is taken is what a user should hear of.
        refuse_foreign(output, judge_of(report.format)).map_err(sheet_error)?;
    }
    let (environment, batch) = (report.environment.word(), report.batch.as_str());
    let store = Store::open_reading(path, environment, batch)?;
    let page = gather::page(report, shell, &store)?;
    if page.ledger.total().rows == 0 {
        return Err(empty(path, shell).into());
    }
    let text = text(report.format, &page)?;
    match &report.output {
        Some(output) => write(output, report.format, &text)?,
        None => shell.out.document(&text).map_err(|why| {
            let what = format!("cannot write the report to stdout: {why}");
            Ending::stopped(
                what,
                "check where stdout leads, or name a file with --output",
            )
        })?,
    }
    Ok(say(report, shell, &store, &page))
}

fn empty(path: &Path, shell: &Shell) -> Ending {
    Ending::stopped(
        format!(
            "{} holds no payouts, so there is nothing to tell of",
            path.display()
        ),
        format!(
            "take the sheet in first: `{}`",
            shell.again.as_command("send").command()
        ),
    )
}

fn text(format: ReportFormat, page: &Page) -> anyhow::Result<String> {
    match format {
        ReportFormat::Html => Ok(page::render(page)),
        ReportFormat::Csv => csv_text(page).context("cannot make the table"),
        ReportFormat::Json => numbers::json(page).context("cannot make the object"),
    }
}

fn csv_text(page: &Page) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(numbers::COLUMNS)?;
    for line in numbers::lines(page) {
        writer.write_record(line.cells().map(|cell| guarded(cell).into_owned()))?;
    }
    let bytes = writer
        .into_inner()
        .map_err(csv::IntoInnerError::into_error)?;
    Ok(String::from_utf8(bytes)?)
}

/// How a file of that format is known for ours by its first line.
fn judge_of(format: ReportFormat) -> &'static dyn Fn(&str) -> bool {
    match format {
        ReportFormat::Html => &page::is_ours,
        ReportFormat::Csv => &|line| line == numbers::COLUMNS.join(","),
        ReportFormat::Json => &|line| line.starts_with("{\"command\":\"report\",\"environment\":"),
    }
}

fn write(output: &Path, format: ReportFormat, text: &str) -> anyhow::Result<()> {
    let mut file = AtomicFile::create(output).map_err(sheet_error)?;
    file.write_all(text.as_bytes())
        .with_context(|| format!("cannot write {}", output.display()))?;
    file.commit(judge_of(format)).map_err(sheet_error)
}

fn say(report: &Report, shell: &Shell, store: &Store, page: &Page) -> Exit {
    let balanced = page.ledger.is_balanced();
    let exit = if balanced { Exit::Done } else { Exit::Stopped };
    let (_, verdict) = page.verdict();
    let output = report
        .output
        .as_ref()
        .map(|path| path.display().to_string());
    let written = output.as_deref().unwrap_or_default();
    if !balanced {
        shell
            .screen
            .paragraph(&format!("paysheet report: {verdict}"));
    }
    if report.output.is_some() {
        shell
            .out
            .paragraph(&format!("{verdict}\n\nreport: {written}"));
    }
    let tally = tally(store, &Outcome::default());
    shell.out.json(&ReportJson {
        command: "report",
        environment: report.environment.word(),
        sheet: &report.sheet.display().to_string(),
        batch: report.batch.as_str(),
        rows: tally.rows(),
        states: States(State::ALL.map(|state| (state, tally.of(state).rows))),
        statuses: tally.statuses.clone(),
        amount_total: Rupees(tally.amount().unwrap_or_default()),
        amount_created: Rupees(tally.of(State::Created).amount),
        balanced,
        needs_a_person: page.need_a_person(),
        exit: exit.code(),
        message: &verdict,
        checkpoint: &report.files.checkpoint.display().to_string(),
        report: written,
    });
    exit
}
