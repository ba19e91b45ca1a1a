//! The results file, written from the checkpoint and never read back.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use serde::Deserialize;

use crate::checkpoint::lock::Lock;
use crate::checkpoint::{self, ResultRow, Store};
use crate::domain::State;
use crate::sheet::{
    self, CarriedColumns, EARLIER_COLUMNS, ResultCells, ResultsBook, ResultsWriter,
};

use super::exit::Exit;
use super::finish::Finish;
use super::intake::StoredHeader;
use super::judge::sheet_error;
use super::settings::{Files, Results};
use super::shell::Shell;
use super::{guards, older};

/// `paysheet results`: writes the results again.
///
/// # Errors
///
/// If there is no checkpoint, it is in use or cannot be read, or the results cannot be written.
pub(super) fn run(settings: &Results, shell: &Shell) -> anyhow::Result<Exit> {
    let files = &settings.files;
    if !files.checkpoint.exists() {
        return Err(checkpoint::Error::Missing {
            path: files.checkpoint.clone(),
        }
        .into());
    }
    let _lock = Lock::take(&files.checkpoint, &shell.holder)?;
    let (environment, batch) = (settings.environment.word(), settings.batch.as_str());
    let store = Store::open_offline(&files.checkpoint, environment, batch)?;
    if guards::knows_less_than_results(&store)? && files.results.exists() {
        return Err(
            guards::lost_checkpoint(files, &shell.again.as_command("send"), Exit::Stopped).into(),
        );
    }
    older::refuse(&store, files, environment, &shell.again)?;
    let mut files = files.clone();
    match &settings.xlsx {
        Some(path) => {
            write_book(&store, path, environment, batch)?;
            remember(&store, path)?;
            files.results.clone_from(path);
        }
        None => write_all(&store, &files, environment)?,
    }
    let finish = Finish {
        command: "results",
        environment: settings.environment,
        sheet: &settings.sheet,
        batch: settings.batch.as_str(),
        files: &files,
        left_alone: false,
        problems: None,
        warnings: BTreeMap::new(),
        note: None,
        shell,
    };
    finish.rewritten(&store);
    Ok(Exit::Done)
}

/// Writes the results, and beside them what they leave out.
///
/// # Errors
///
/// As [`write()`].
pub(super) fn write_all(store: &Store, files: &Files, environment: &str) -> anyhow::Result<()> {
    write(store, &files.results, environment)?;
    write_earlier(store, &files.earlier, environment)?;
    store.note_told()?;
    store.note_written(&older::mark(&files.results, &files.earlier))?;
    remember(store, &files.results)
}

/// A purge finds what was written here, wherever it was.
fn remember(store: &Store, path: &Path) -> anyhow::Result<()> {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    store.remember_results(&whole)?;
    Ok(())
}

/// Every other Cashgram of the batch. Sheets come and go with other columns, so of theirs it has the three that say
/// who was to be paid. Where there is none, there is no file.
fn write_earlier(store: &Store, path: &Path, environment: &str) -> anyhow::Result<()> {
    let mut writer = None;
    store.each_earlier(|row| {
        let writer = match &mut writer {
            Some(writer) => writer,
            None => writer.insert(earlier_writer(path)?),
        };
        let (phone, amount) = (format!("{:010}", row.phone), row.told.amount.to_string());
        let (created, checked) = (time(row.told.created_at), time(row.told.checked_at));
        let attempts = row.told.attempts.to_string();
        let ours = cells_of(&row.told, &attempts, &created, &checked, environment);
        writer
            .row([row.name, &phone, &amount], &ours)
            .map_err(sheet_error)
    })?;
    match writer {
        Some(writer) => writer.finish().map_err(sheet_error),
        None => sheet::remove_results(path).map(|_| ()).map_err(sheet_error),
    }
}

fn earlier_writer(path: &Path) -> anyhow::Result<ResultsWriter> {
    let columns = CarriedColumns::new(&EARLIER_COLUMNS.map(str::to_owned), None);
    ResultsWriter::create(path, &columns).map_err(sheet_error)
}

/// Writes the whole file anew and puts it in its place at once.
///
/// # Errors
///
/// If the checkpoint cannot be read or the file not be written.
pub(super) fn write(store: &Store, path: &Path, environment: &str) -> anyhow::Result<()> {
    let header = StoredHeader::load(store)?;
    let mut writer = ResultsWriter::create(path, &header.carried()).map_err(sheet_error)?;
    store.each_row(|row| write_row(&mut writer, &row, &header, environment))?;
    writer.finish().map_err(sheet_error)
}

/// A cell that borrows from the stored text unless it holds an escape.
#[derive(Deserialize)]
struct Cell<'c>(#[serde(borrow)] Cow<'c, str>);

/// The same as a workbook, whose totals are those of the checkpoint or it is not written.
fn write_book(store: &Store, path: &Path, environment: &str, batch: &str) -> anyhow::Result<()> {
    let header = StoredHeader::load(store)?;
    let mut book = ResultsBook::create(path, &header.carried()).map_err(sheet_error)?;
    store.each_row(|row| {
        with_cells(&row, &header, environment, |cells, ours| {
            let times = [row.created_at, row.checked_at];
            let cells = cells.iter().map(|cell| &*cell.0);
            book.row(cells, ours, times, row.amount)
        })
    })?;
    balance(store, &book)?;
    store.each_earlier(|row| {
        let phone = format!("{:010}", row.phone);
        let attempts = row.told.attempts.to_string();
        let ours = cells_of(&row.told, &attempts, "", "", environment);
        let times = [row.told.created_at, row.told.checked_at];
        book.earlier((row.name, &phone, row.told.amount), &ours, times)
            .map_err(sheet_error)
    })?;
    book.finish(batch, environment).map_err(sheet_error)
}

/// Every rupee of the checkpoint is in the workbook, and none that is not.
fn balance(store: &Store, book: &ResultsBook) -> anyhow::Result<()> {
    let written = book.totals();
    for state in State::ALL {
        let (rows, amount) = store
            .totals()
            .states
            .get(&state)
            .copied()
            .unwrap_or_default();
        let found = written
            .states
            .get(state.word())
            .copied()
            .unwrap_or_default();
        anyhow::ensure!(
            (found.rows, found.amount) == (rows, amount),
            "the workbook would say {} rows and {} for `{state}`, the checkpoint says {rows} and {amount}: it is damaged",
            found.rows,
            found.amount
        );
    }
    Ok(())
}

fn write_row(
    writer: &mut ResultsWriter,
    row: &ResultRow<'_>,
    header: &StoredHeader,
    environment: &str,
) -> anyhow::Result<()> {
    with_cells(row, header, environment, |cells, ours| {
        writer.row(cells.iter().map(|cell| &*cell.0), ours)
    })
}

/// The row's own cells and ours.
fn with_cells(
    row: &ResultRow<'_>,
    header: &StoredHeader,
    environment: &str,
    write: impl FnOnce(&[Cell<'_>], &ResultCells<'_>) -> Result<(), crate::sheet::Error>,
) -> anyhow::Result<()> {
    let cells: Vec<Cell<'_>> = serde_json::from_str(row.cells)?;
    // An invalid row has no payout, but the id that it brought is not lost.
    let brought = header.id_column().and_then(|column| cells.get(column));
    let cashgram_id = match (row.cashgram_id, brought) {
        ("", Some(cell)) => &*cell.0,
        (id, _) => id,
    };
    let (created, checked) = (time(row.created_at), time(row.checked_at));
    let attempts = row.attempts.to_string();
    let ours = ResultCells {
        cashgram_id,
        ..cells_of(row, &attempts, &created, &checked, environment)
    };
    write(&cells, &ours).map_err(sheet_error)
}

fn cells_of<'r>(
    row: &ResultRow<'r>,
    attempts: &'r str,
    created_at: &'r str,
    checked_at: &'r str,
    environment: &'r str,
) -> ResultCells<'r> {
    ResultCells {
        cashgram_id: row.cashgram_id,
        reference_id: row.reference_id,
        cashgram_link: row.cashgram_link,
        state: row.state.word(),
        status: row.status,
        status_reason: row.status_reason,
        utr: row.utr,
        error_code: row.error_code,
        error_message: row.error_message,
        attempts,
        created_at,
        checked_at,
        environment,
    }
}

/// RFC 3339 in UTC, whole seconds; blank where it never happened.
fn time(at: Option<i64>) -> String {
    at.and_then(|ms| Timestamp::from_second(ms.div_euclid(1000)).ok())
        .map_or_else(String::new, |at| at.to_string())
}
