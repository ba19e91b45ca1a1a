//! What is handed on of a batch of a hundred thousand rows: the report and the workbook of results.

use std::time::Duration;

use crate::figure::{Figure, mebibytes, seconds};
use crate::gateway::Gateway;
use crate::million::create;
use crate::program::{paysheet, run};
use crate::world::World;

const ROWS: u64 = 100_000;
const REPORT_MAX: Duration = Duration::from_secs(3);
const REPORT_MAX_KIB: u64 = 5 * 1024;
const BOOK_MAX: Duration = Duration::from_secs(5);
const BOOK_PEAK_MAX_KIB: u64 = 128 * 1024;

/// By the clock of the whole process.
pub(crate) fn handing(world: &World) -> Vec<Figure> {
    let folder = world.folder("handing");
    let gateway = Gateway::start(&folder, &[]);
    let sheet = world.sheet(&folder, ROWS);
    // The gateway turns the secret away, so this ends when the sheet has been taken in.
    let mut intake = gateway.send(&sheet, &[]);
    run(intake.env("CASHFREE_CLIENT_SECRET", "another-secret")).ended(1);
    create(&folder.join("june.test.checkpoint.db"), ROWS);
    let of = |words: &[&str]| {
        let mut command = paysheet(&folder);
        run(command.args(words).args(["june.csv", "--env", "test"])).ended(0)
    };
    let report = of(&["report"]);
    let page = folder.join("june.test.report.html").metadata().unwrap();
    let page_kib = page.len().div_ceil(1024);
    let book = of(&["results", "--xlsx=book.xlsx"]);
    let held = |what: &str, took: Duration, max: Duration| {
        let what = format!("{what} of {ROWS} rows");
        Figure::held(
            what,
            seconds(took),
            format!("<= {}", seconds(max)),
            took <= max,
        )
    };
    let size = |what: &str, kib: u64, max: u64| {
        Figure::held(
            what,
            mebibytes(kib),
            format!("<= {}", mebibytes(max)),
            kib <= max,
        )
    };
    vec![
        held("report", report.wall, REPORT_MAX),
        size("the page", page_kib, REPORT_MAX_KIB),
        Figure::told("peak memory of the report", mebibytes(report.peak_kib)),
        held("results.xlsx", book.wall, BOOK_MAX),
        size("peak memory of it", book.peak_kib, BOOK_PEAK_MAX_KIB),
    ]
}
