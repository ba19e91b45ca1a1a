//! What a workbook costs, and how long a person waits for the first problem of a million rows.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rust_xlsxwriter::Workbook;

use crate::figure::{Figure, mebibytes, seconds};
use crate::program::{paysheet, run};
use crate::reading::{READ_ALONE, ROWS};
use crate::world::World;

const BOOK_ROWS: u32 = 100_000;
const BOOK_MAX: Duration = Duration::from_secs(5);
const BOOK_PEAK_MAX_KIB: u64 = 256 * 1024;
/// From the end of reading to the first problem on the screen.
const PROBLEM_MAX: Duration = Duration::from_secs(1);
const ROUNDS: usize = 3;

/// Phones and amounts are numbers, as people type them.
fn book(folder: &Path) -> PathBuf {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet_with_constant_memory().unwrap();
    for (column, name) in (0..).zip(["name", "phone", "amount", "email", "remarks"]) {
        sheet.write(0, column, name).unwrap();
    }
    for row in 1..=BOOK_ROWS {
        let phone = 9_000_000_000 + u64::from(row);
        sheet.write(row, 0, "Asha Menon").unwrap();
        sheet.write(row, 1, phone).unwrap();
        sheet.write(row, 2, row % 40_000 + 100).unwrap();
        let email = format!("asha.{row}@example.com");
        sheet.write(row, 3, email).unwrap();
        sheet.write(row, 4, "October incentive").unwrap();
    }
    let path = folder.join("june.xlsx");
    book.save(&path).unwrap();
    path
}

pub(crate) fn sheets(world: &World) -> Vec<Figure> {
    let folder = world.folder("sheets");
    let judged = run(paysheet(&folder).arg("validate").arg(book(&folder))).ended(0);
    let sheet = world.sheet(&folder, ROWS);
    let mut bad = std::fs::File::options().append(true).open(&sheet).unwrap();
    writeln!(bad, "Asha,12,5,,,,").unwrap();
    let myself = std::env::current_exe().unwrap();
    let mut waited = Duration::MAX;
    for _ in 0..ROUNDS {
        let read = run(std::process::Command::new(&myself)
            .arg(READ_ALONE)
            .arg(&sheet));
        let told = run(paysheet(&folder).arg("validate").arg(&sheet)).ended(3);
        waited = waited.min(told.wall.saturating_sub(read.wall));
    }
    let held = |what: String, took: Duration, max: Duration| {
        Figure::held(
            what,
            seconds(took),
            format!("<= {}", seconds(max)),
            took <= max,
        )
    };
    vec![
        held(
            format!("a workbook of {BOOK_ROWS} rows validated"),
            judged.wall,
            BOOK_MAX,
        ),
        Figure::held(
            "peak memory of it",
            mebibytes(judged.peak_kib),
            format!("<= {}", mebibytes(BOOK_PEAK_MAX_KIB)),
            judged.peak_kib <= BOOK_PEAK_MAX_KIB,
        ),
        held(
            format!(
                "a problem in row {} told, after the time of reading",
                ROWS + 1
            ),
            waited,
            PROBLEM_MAX,
        ),
    ]
}
