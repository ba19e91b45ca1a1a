//! The temporary folder in which everything happens, and the sheets in it.

use std::cell::OnceCell;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::million::Million;

/// Of the phones' last nine digits: coprime to 10^9, so that a sheet's phones follow no order and none comes twice.
const SCATTER: u64 = 387_420_489;
const PHONES: u64 = 1_000_000_000;
const FIRST: [&str; 8] = [
    "Asha", "Ravi", "Meera", "Imran", "Lakshmi", "Joseph", "Farida", "Arun",
];
const LAST: [&str; 8] = [
    "Menon", "Nair", "Pillai", "Varma", "Iyer", "Thomas", "Khan", "Rao",
];

/// Where a run of the benches lives.
pub(crate) struct World {
    folder: TempDir,
    million: OnceCell<Million>,
}

impl World {
    pub(crate) fn new() -> World {
        World {
            folder: tempfile::tempdir().unwrap(),
            million: OnceCell::new(),
        }
    }

    /// What the figures depend on.
    pub(crate) fn machine(&self) -> String {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split(' ').next().unwrap_or_default();
        format!("{cores} cores, shared with the gateway; load {load} before the first run")
    }

    /// A folder of its own.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        let folder = self.folder.path().join(name);
        if folder.exists() {
            std::fs::remove_dir_all(&folder).unwrap();
        }
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// A sheet of `rows` in `folder`: a common export, one carried column, one row in ten with a quoted comma.
    pub(crate) fn sheet(&self, folder: &Path, rows: u64) -> PathBuf {
        let path = folder.join("june.csv");
        let mut to = BufWriter::new(File::create(&path).unwrap());
        writeln!(to, "name,phone,amount,email,link_expiry,remarks,employee").unwrap();
        for row in 0..rows {
            let (first, last) = (FIRST[place(row % 8)], LAST[place(row / 8 % 8)]);
            let phone = 9_000_000_000 + row.wrapping_mul(SCATTER) % PHONES;
            let rupees = 100 + row * 7 % 40_000;
            let amount = if row % 10 == 0 {
                format!("\"{},{:03}.50\"", 1 + rupees / 1_000, rupees % 1_000)
            } else {
                format!("{rupees}.00")
            };
            let email = format!("{}.{row}@example.com", first.to_lowercase());
            writeln!(
                to,
                "{first} {last},{phone},{amount},{email},+7d,October incentive,E-{row}"
            )
            .unwrap();
        }
        to.flush().unwrap();
        path
    }

    /// The checkpoint of a million rows, made when first asked for.
    pub(crate) fn million(&self) -> &Million {
        self.million.get_or_init(|| Million::take_in(self))
    }
}

fn place(number: u64) -> usize {
    usize::try_from(number).unwrap()
}
