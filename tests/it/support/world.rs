//! A folder with sheets in it, and what a run leaves there, read with nothing but a CSV reader.
//!
//! Deliberately absent: any of the program's own readers.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::gate::Gateway;
use super::program::Paysheet;

/// A folder of its own, gone when the test ends.
#[derive(Debug)]
pub(crate) struct World {
    folder: TempDir,
}

impl World {
    pub(crate) fn new() -> World {
        let folder = TempDir::with_prefix("paysheet-it-").expect("a folder");
        World { folder }
    }

    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file.
    pub(crate) fn sheet(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).expect("the sheet is written");
        path
    }

    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        let path = self.path(name);
        std::fs::read(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
    }

    pub(crate) fn text(&self, name: &str) -> String {
        String::from_utf8(self.bytes(name)).expect("UTF-8")
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.path(name).symlink_metadata().is_ok()
    }

    pub(crate) fn remove(&self, name: &str) {
        std::fs::remove_file(self.path(name)).expect("the file is there to be removed");
    }

    /// Makes a checkpoint vanish with what SQLite keeps beside it.
    pub(crate) fn lose_checkpoint(&self, name: &str) {
        self.remove(name);
        for end in ["-wal", "-shm", ".lock"] {
            let _ = std::fs::remove_file(self.path(format!("{name}{end}")));
        }
    }

    /// The permissions of a file, such as `0o600`.
    pub(crate) fn mode(&self, name: &str) -> u32 {
        let path = self.path(name);
        let file = path.metadata().expect("the file is there");
        file.permissions().mode() & 0o7777
    }

    pub(crate) fn set_mode(&self, name: &str, mode: u32) {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(self.path(name), mode).expect("the mode is set");
    }

    /// The names in the folder, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).expect("the folder is there");
        let name = |entry: std::io::Result<std::fs::DirEntry>| {
            let entry = entry.expect("the folder can be read");
            entry.file_name().to_string_lossy().into_owned()
        };
        let mut names: Vec<String> = entries.map(name).collect();
        names.sort();
        names
    }

    /// The table in a CSV file.
    pub(crate) fn table(&self, name: &str) -> Table {
        Table::read(&self.bytes(name))
    }

    /// `paysheet` in this folder.
    pub(crate) fn paysheet(&self) -> Paysheet {
        Paysheet::new().in_folder(self.folder.path())
    }

    /// A command that talks to `gate` as the environment `test`: no rate limit, credentials in variables. Options
    /// typed by the test win.
    pub(crate) fn talk(&self, command: &str, sheet: &str, gate: &impl Gateway) -> Paysheet {
        self.paysheet()
            .arg(command)
            .arg(sheet)
            .env("PAYSHEET_ENV", "test")
            .env("PAYSHEET_BASE_URL", gate.url())
            .env("PAYSHEET_RATE", "0")
            .env("CASHFREE_CLIENT_ID", super::CLIENT_ID)
            .env("CASHFREE_CLIENT_SECRET", super::CLIENT_SECRET)
    }

    /// `send --yes --json` to `gate`.
    pub(crate) fn send(&self, sheet: &str, gate: &impl Gateway) -> Paysheet {
        self.talk("send", sheet, gate).args(["--yes", "--json"])
    }

    /// `status --json` of `gate`.
    pub(crate) fn status(&self, sheet: &str, gate: &impl Gateway) -> Paysheet {
        self.talk("status", sheet, gate).arg("--json")
    }
}

/// A CSV file as maps, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<BTreeMap<String, String>>,
}

impl Table {
    pub(crate) fn read(bytes: &[u8]) -> Table {
        let mut reader = csv::ReaderBuilder::new().from_reader(bytes);
        let header = reader.headers().expect("a header").clone();
        let columns: Vec<String> = header.iter().map(str::to_owned).collect();
        let row = |record: Result<csv::StringRecord, csv::Error>| {
            let record = record.expect("a row");
            let cells = record.iter().map(str::to_owned);
            columns.iter().cloned().zip(cells).collect()
        };
        let rows = reader.records().map(row).collect();
        Table { columns, rows }
    }

    /// One column, top to bottom.
    #[track_caller]
    pub(crate) fn column(&self, name: &str) -> Vec<&str> {
        assert!(
            self.columns.iter().any(|column| column == name),
            "no column {name} in {:?}",
            self.columns
        );
        self.rows.iter().map(|row| row[name].as_str()).collect()
    }

    /// Row `n` counted from 1, one cell of it.
    #[track_caller]
    pub(crate) fn cell(&self, row: usize, column: &str) -> &str {
        self.column(column)[row - 1]
    }

    /// How many rows have this state.
    pub(crate) fn states(&self, state: &str) -> usize {
        let is = |found: &&str| *found == state;
        self.column("state").into_iter().filter(is).count()
    }
}

/// The header of the sheets that [`rows`] writes.
pub(crate) const HEADER: &str = "name,phone,amount";

/// A sheet of `n` payable rows, no two phones alike, amounts from 1.01 up.
pub(crate) fn rows(n: usize) -> String {
    let mut text = format!("{HEADER}\n");
    for row in 1..=n {
        text.push_str(&row_text(row));
    }
    text
}

/// Row `n` of [`rows`].
pub(crate) fn row_text(n: usize) -> String {
    format!(
        "Asha Menon {n},{},{}.{:02}\n",
        phone(n),
        1 + n % 5_000,
        n % 100
    )
}

/// The phone of row `n` of [`rows`].
pub(crate) fn phone(n: usize) -> u64 {
    9_000_000_000 + u64::try_from(n).expect("a small number")
}

/// The date this many days ahead in India's calendar, as `YYYY/MM/DD`.
pub(crate) fn in_days(days: i64) -> String {
    india_day(days).strftime("%Y/%m/%d").to_string()
}

/// The date this many days ahead in India's calendar.
pub(crate) fn india_day(days: i64) -> jiff::civil::Date {
    let zone = jiff::tz::TimeZone::fixed(
        jiff::tz::offset(5).saturating_add(jiff::SignedDuration::from_mins(30)),
    );
    let today = jiff::Timestamp::now().to_zoned(zone).date();
    today.saturating_add(jiff::Span::new().days(days))
}

/// Paise from a plain amount, exactly.
pub(crate) fn paise(text: &str) -> i64 {
    let text = text.trim().trim_start_matches('₹').replace(',', "");
    let (whole, part) = text.split_once('.').unwrap_or((&text, "0"));
    let whole: i64 = whole.parse().expect("rupees");
    let part: i64 = format!("{part:0<2}").parse().expect("paise");
    whole * 100 + part
}
