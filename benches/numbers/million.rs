//! A sheet of a million rows: into the checkpoint, resumed with one payout left, out into the results.
//!
//! The checkpoint is filled by the program and then moved on by [`Store::record`], since a million requests would
//! measure the gateway.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use paysheet::checkpoint::{News, OpenRow, Posting, Store};
use paysheet::domain::{Receipt, Terms};
use paysheet::gateway::wire::status_when_created;

use crate::figure::{Figure, mebibytes, per_second, seconds};
use crate::gateway::{Gateway, creates};
use crate::pacing::since;
use crate::program::{Ran, paysheet, run};
use crate::reading::ROWS;
use crate::world::World;

const INTAKE_MIN: u128 = 150_000;
const RESULTS_MIN: u128 = 500_000;
const RESUME_MAX: Duration = Duration::from_secs(2);
const PEAK_MAX_KIB: u64 = 128 * 1024;
const ROUNDS: usize = 3;
/// Payouts that are moved on in one transaction.
const PAGE: u32 = 8_192;

/// The batch.
pub(crate) struct Million {
    gateway: Gateway,
    sheet: PathBuf,
    checkpoint: PathBuf,
    intake: Ran,
    moved_on: Cell<bool>,
}

impl Million {
    /// Fills the checkpoint: the gateway turns the secret away, so the run ends when the sheet has been taken in.
    pub(crate) fn take_in(world: &World) -> Million {
        let folder = world.folder("million");
        let gateway = Gateway::start(&folder, &[]);
        let sheet = world.sheet(&folder, ROWS);
        let mut command = gateway.send(&sheet, &["--log-format", "json", "-v"]);
        let intake = run(command.env("CASHFREE_CLIENT_SECRET", "another-secret")).ended(1);
        Million {
            checkpoint: folder.join("june.test.checkpoint.db"),
            gateway,
            sheet,
            intake,
            moved_on: Cell::new(false),
        }
    }

    /// All but the last payout become `created`.
    fn move_on(&self) -> Vec<Figure> {
        if self.moved_on.replace(true) {
            return Vec::new();
        }
        let rate = per_second(2 * (ROWS - 1), create(&self.checkpoint, ROWS - 1));
        vec![Figure::told(
            format!("postings/s of the recorder alone, pages of {}", 2 * PAGE),
            rate.to_string(),
        )]
    }
}

/// The first `rows` payouts become `created`; how long that took.
pub(crate) fn create(checkpoint: &Path, rows: u64) -> Duration {
    let mut store = Store::open_offline(checkpoint, "test", "june").unwrap();
    let start = Instant::now();
    let mut after = 0;
    loop {
        let left = rows - after;
        let page = store
            .ready_page(after, PAGE.min(u32::try_from(left).unwrap()))
            .unwrap();
        let Some(last) = page.last() else { break };
        after = last.row;
        let postings: Vec<Posting> = page.iter().flat_map(created).collect();
        store.record(&postings).unwrap();
    }
    store.prove_totals().unwrap();
    start.elapsed()
}

/// What sending one payout records.
fn created(row: &OpenRow) -> [Posting; 2] {
    let id = &row.cashgram_id;
    let body = format!(
        r#"{{"cashgramId":"{id}","amount":"{}","name":"{}","phone":"{}","linkExpiry":"2026/12/01","notifyCustomer":1}}"#,
        row.amount, row.name, row.phone
    );
    let sending = News::Sending {
        attempt: 1,
        terms: Terms(row.phone),
        body: Some(body.into()),
    };
    let receipt = Receipt {
        reference: row.payout.0.to_string(),
        link: format!("https://cashfree.com/cash/{id}"),
    };
    let found = News::Created(receipt, status_when_created());
    [sending, found].map(|news| Posting {
        payout: row.payout,
        at: Timestamp::UNIX_EPOCH,
        news,
        believed: None,
    })
}

/// The sheet into an empty checkpoint, by the program's own log.
pub(crate) fn intake(world: &World) -> Vec<Figure> {
    let ran = &world.million().intake;
    let took = since(
        ran.said("sheet judged").at_us,
        ran.said("sheet taken in").at_us,
    );
    let rate = per_second(ROWS, took);
    let size = world.million().checkpoint.metadata().unwrap().len();
    vec![
        Figure::held(
            format!("intake of {ROWS} rows, rows/s"),
            rate.to_string(),
            format!(">= {INTAKE_MIN}"),
            rate >= INTAKE_MIN,
        ),
        Figure::told("intake", seconds(took)),
        Figure::told(
            "the whole first run up to its login, by the clock",
            seconds(ran.wall),
        ),
        Figure::told("the same, on a core", seconds(ran.cpu)),
        Figure::told("peak memory of it", mebibytes(ran.peak_kib)),
        Figure::told("checkpoint", mebibytes(size / 1024)),
    ]
}

/// One payout of a million is left.
pub(crate) fn resume(world: &World) -> Vec<Figure> {
    let million = world.million();
    let mut figures = million.move_on();
    let mut command = million.gateway.send(
        &million.sheet,
        &["--rate", "0", "--log-format", "json", "-v"],
    );
    let ran = run(&mut command).ended(0);
    let arrivals = million.gateway.arrivals();
    let own = arrivals
        .iter()
        .filter(|arrival| arrival.at_us > ran.started_us);
    let judged = ran.said("sheet judged").at_us;
    let first = since(judged, own.map(|arrival| arrival.at_us).min().unwrap());
    let create = since(judged, *creates(&arrivals).last().unwrap());
    figures.extend([
        Figure::held(
            format!("resume of {ROWS} rows, sheet judged to first request"),
            seconds(first),
            format!("<= {}", seconds(RESUME_MAX)),
            first <= RESUME_MAX,
        ),
        Figure::held(
            "sheet judged to first create",
            seconds(create),
            format!("<= {}", seconds(RESUME_MAX)),
            create <= RESUME_MAX,
        ),
        Figure::held(
            "peak memory, results written",
            mebibytes(ran.peak_kib),
            format!("<= {}", mebibytes(PEAK_MAX_KIB)),
            ran.peak_kib <= PEAK_MAX_KIB,
        ),
        Figure::told(
            "start to sheet judged",
            seconds(since(ran.started_us, judged)),
        ),
        Figure::told("the whole run, by the clock", seconds(ran.wall)),
        Figure::told("the whole run, on a core", seconds(ran.cpu)),
    ]);
    figures
}

/// The results of a finished batch, by the clock of the whole process; the best round, since the disk is shared.
pub(crate) fn results(world: &World) -> Vec<Figure> {
    let million = world.million();
    let mut figures = million.move_on();
    let rounds: Vec<Ran> = (0..ROUNDS)
        .map(|_| {
            let mut command = paysheet(million.sheet.parent().unwrap());
            run(command
                .args(["results", "--env", "test"])
                .arg(&million.sheet))
            .ended(0)
        })
        .collect();
    let best = rounds.iter().min_by_key(|ran| ran.wall).unwrap();
    let rate = per_second(ROWS, best.wall);
    figures.extend([
        Figure::held(
            format!("results of {ROWS} rows, rows/s, best of {ROUNDS}"),
            rate.to_string(),
            format!(">= {RESULTS_MIN}"),
            rate >= RESULTS_MIN,
        ),
        Figure::told(
            "the same by time on a core",
            per_second(ROWS, best.cpu).to_string(),
        ),
        Figure::told("peak memory", mebibytes(best.peak_kib)),
    ]);
    figures
}
