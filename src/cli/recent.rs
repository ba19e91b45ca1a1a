//! The user's list of recent checkpoints: a small file, so that a sheet paid from one folder is known in another.
//!
//! A list that is missing, damaged or not writable is never an obstacle: it only makes a guard see further. Deliberately
//! absent: names, phones and amounts; the list holds paths alone.

use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The folder of the list, for schedulers and tests.
pub(super) const FOLDER_VARIABLE: &str = "PAYSHEET_STATE";
/// Batches remembered: more than anybody pays in the days that count.
const ENTRIES_MAX: usize = 100;
/// More than so many entries with the longest paths there are.
const LIST_BYTES_MAX: u64 = 1024 * 1024;
const NAME: &str = "recent.jsonl";

/// A batch that was sent.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(super) struct Recent {
    /// Its checkpoint, whole path.
    pub(super) checkpoint: PathBuf,
    /// Its sheet, whole path.
    pub(super) sheet: PathBuf,
}

/// Where the list lies, by the environment variables: `PAYSHEET_STATE`, else below `XDG_STATE_HOME`, else below the
/// home folder. A path that is not whole would mean another list in every folder.
pub(super) fn list(variable: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let whole = |name: &str| {
        variable(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let folder = whole(FOLDER_VARIABLE)
        .or_else(|| whole("XDG_STATE_HOME").map(|home| home.join("paysheet")))
        .or_else(|| whole("HOME").map(|home| home.join(".local/state/paysheet")));
    folder.map(|folder| folder.join(NAME))
}

/// The batches in the list, the newest first.
pub(super) fn read(list: &Path) -> Vec<Recent> {
    let mut text = String::new();
    let read = std::fs::File::open(list)
        .and_then(|file| file.take(LIST_BYTES_MAX).read_to_string(&mut text));
    if let Err(error) = read {
        tracing::debug!("no list of recent batches: {error}");
        return Vec::new();
    }
    let entries = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    entries.take(ENTRIES_MAX).collect()
}

/// Puts a batch at the head of the list.
pub(super) fn remember(list: &Path, sheet: &Path, checkpoint: &Path) {
    let (Ok(sheet), Ok(checkpoint)) = (sheet.canonicalize(), checkpoint.canonicalize()) else {
        return;
    };
    let now = Recent { checkpoint, sheet };
    let mut entries = read(list);
    if entries.first() == Some(&now) {
        return;
    }
    entries.retain(|entry| entry.checkpoint != now.checkpoint);
    entries.insert(0, now);
    entries.truncate(ENTRIES_MAX);
    if let Err(error) = write(list, &entries) {
        tracing::debug!("the list of recent batches cannot be written: {error}");
    }
}

/// A reader sees the old list or the new one.
fn write(list: &Path, entries: &[Recent]) -> io::Result<()> {
    let folder = list.parent().unwrap_or(Path::new("/"));
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    // Readable by its owner alone, as temporary files are.
    let mut file = tempfile::Builder::new()
        .prefix(".recent-")
        .tempfile_in(folder)?;
    for entry in entries {
        // A path that is no text cannot be told in a command to copy either.
        if let Ok(line) = serde_json::to_string(entry) {
            writeln!(file, "{line}")?;
        }
    }
    file.persist(list)
        .map(|_| ())
        .map_err(|failed| failed.error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_list_lies() {
        type Set = &'static [(&'static str, &'static str)];
        let table: [(Set, Option<&str>); 6] = [
            (&[], None),
            (
                &[("HOME", "/h")],
                Some("/h/.local/state/paysheet/recent.jsonl"),
            ),
            (
                &[("HOME", "/h"), ("XDG_STATE_HOME", "/x")],
                Some("/x/paysheet/recent.jsonl"),
            ),
            (
                &[("HOME", "/h"), ("XDG_STATE_HOME", "x")],
                Some("/h/.local/state/paysheet/recent.jsonl"),
            ),
            (
                &[("PAYSHEET_STATE", "/s"), ("XDG_STATE_HOME", "/x")],
                Some("/s/recent.jsonl"),
            ),
            (&[("HOME", "h")], None),
        ];
        for (set, path) in table {
            let variable = |name: &str| {
                let found = set.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(list(&variable), path.map(PathBuf::from), "{set:?}");
        }
    }

    #[test]
    fn the_newest_first_each_once_and_so_many_at_most() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("deep/er/recent.jsonl");
        assert_eq!(read(&list), []);
        let file = |n: usize| {
            let path = folder.path().join(format!("{n}.db"));
            std::fs::write(&path, "").unwrap();
            path.canonicalize().unwrap()
        };
        for n in 0..ENTRIES_MAX + 5 {
            remember(&list, &file(0), &file(n));
        }
        remember(&list, &file(0), &file(9));
        let found = read(&list);
        assert_eq!(found.len(), ENTRIES_MAX);
        assert_eq!(found[0].checkpoint, file(9));
        assert_eq!(found[1].checkpoint, file(ENTRIES_MAX + 4));
        let nines = found
            .iter()
            .filter(|entry| entry.checkpoint == file(9))
            .count();
        assert_eq!(nines, 1);
        // What is no entry is no obstacle.
        let text = std::fs::read_to_string(&list).unwrap();
        std::fs::write(&list, format!("half an en\n{text}")).unwrap();
        assert_eq!(read(&list), found);
        std::fs::write(&list, [0xff, 0xfe]).unwrap();
        assert_eq!(read(&list), []);
        remember(&list, &file(0), &file(1));
        assert_eq!(read(&list).len(), 1);
    }
}
