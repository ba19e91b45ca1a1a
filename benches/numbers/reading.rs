//! What judging a million rows costs, as a multiple of merely reading them.

use std::hint::black_box;
use std::process::Command;
use std::time::Duration;

use csv::{ByteRecord, ReaderBuilder};

use crate::figure::{Figure, mebibytes, ratio, seconds, thousandths_up};
use crate::program::{paysheet, run};
use crate::world::World;

/// The word that makes this program read a sheet and do nothing else: the measure of `validate`.
pub(crate) const READ_ALONE: &str = "read-alone";

pub(crate) const ROWS: u64 = 1_000_000;
const ROUNDS: usize = 5;
/// Thousandths of the time that reading takes.
const COST_MAX: u128 = 2_500;
const PEAK_MAX_KIB: u64 = 64 * 1024;

/// Every record as bytes, and nothing more.
pub(crate) fn read_alone(path: &str) {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .from_path(path)
        .unwrap();
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record).unwrap() {
        black_box(&record);
    }
}

/// By the clock, since validating uses two cores and a person waits for it; the best of the rounds, taken in turns.
pub(crate) fn validate(world: &World) -> Vec<Figure> {
    let folder = world.folder("validate");
    let sheet = world.sheet(&folder, ROWS);
    let myself = std::env::current_exe().unwrap();
    let (mut reading, mut judging) = (Duration::MAX, Duration::MAX);
    let (mut reading_cpu, mut judging_cpu) = (Duration::ZERO, Duration::ZERO);
    let mut peak = 0;
    for _ in 0..ROUNDS {
        let read = run(Command::new(&myself).arg(READ_ALONE).arg(&sheet)).ended(0);
        let judged = run(paysheet(&folder).arg("validate").arg(&sheet)).ended(0);
        reading = reading.min(read.wall);
        judging = judging.min(judged.wall);
        reading_cpu += read.cpu;
        judging_cpu += judged.cpu;
        peak = peak.max(judged.peak_kib);
    }
    let cost = thousandths_up(judging.as_micros(), reading.as_micros());
    let rounds = u32::try_from(ROUNDS).unwrap();
    vec![
        Figure::held(
            format!("validate {ROWS} rows, times reading them, best of {ROUNDS}"),
            ratio(cost),
            format!("<= {}", ratio(COST_MAX)),
            cost <= COST_MAX,
        ),
        Figure::held(
            "peak memory",
            mebibytes(peak),
            format!("<= {}", mebibytes(PEAK_MAX_KIB)),
            peak <= PEAK_MAX_KIB,
        ),
        Figure::told("validating", seconds(judging)),
        Figure::told("reading byte records", seconds(reading)),
        Figure::told("time on a core, validating", seconds(judging_cpu / rounds)),
        Figure::told(
            "time on a core, reading byte records",
            seconds(reading_cpu / rounds),
        ),
    ]
}
