//! The guard against paying again that needs no gateway: the same people and amounts in another batch of these days.
//!
//! Deliberately absent: a batch of long ago (`long_ago`), and ids. Another batch has others; people and amounts are what two sheets have in common.

use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, RandomState};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::checkpoint::{Binding, Error, Peek};
use crate::domain::{BatchName, RowKey};
use crate::report::words::counted;

use super::again::Again;
use super::args::FileArgs;
use super::exit::Ending;
use super::recent::{self, Recent};
use super::settings::{Door, Files, Send};
use super::shell::Shell;

/// How long a payment counts as just made (`product.md`): a month's payroll is further from the next, a sheet sent twice
/// by mistake is nearer.
pub(super) const RECENT: Duration = Duration::from_secs(5 * 24 * 60 * 60);
/// The same in days.
const DAYS: u64 = RECENT.as_secs() / (24 * 60 * 60);
/// Checkpoints compared with, the newest first. Each may have to be read whole.
const COMPARED_MAX: usize = 100;
/// Batches named when the guard stops a run.
const NAMED_MAX: usize = 3;
/// How checkpoints end beside a sheet.
const CHECKPOINT_END: &str = ".checkpoint.db";

/// Whether this batch sends a row under that id, as another checkpoint of it did.
pub(super) type IsSame<'i> = dyn Fn(&str) -> bool + 'i;

/// Stops a sheet of which half or more was paid by other batches within the last days, and says so of fewer rows. How
/// many those are. Of another checkpoint of this very batch that counts of which `is_same` does not know the id.
///
/// # Errors
///
/// [`Ending`] with exit code 3 that names those batches and how to resume them.
pub(super) fn refuse_paid(
    send: &Send,
    binding: &Binding,
    (keys, is_same): (&[RowKey], &IsSame<'_>),
    shell: &Shell,
) -> anyhow::Result<u64> {
    let now_ms = shell.clock.now().as_millisecond();
    let since_ms = now_ms.saturating_sub(i64::try_from(RECENT.as_millis()).unwrap_or(i64::MAX));
    let candidates = candidates(send, since_ms);
    if candidates.is_empty() {
        return Ok(0);
    }
    let mut wanted = Wanted::of(keys);
    let mut found = Vec::new();
    for candidate in candidates {
        if wanted.is_half_matched() {
            break;
        }
        let compared = (binding, is_same);
        match compare(&candidate.checkpoint, compared, since_ms, &mut wanted) {
            Ok(Some((theirs, rows))) if rows > 0 => found.push(Found {
                entry: candidate,
                same_account: theirs.account == binding.account,
                batch: theirs.batch,
                rows,
            }),
            Ok(Some(_) | None) => {}
            Err(error) => shell.screen.line(&format!(
                "not compared with {}: {}",
                candidate.checkpoint.display(),
                first_sentence(&error)
            )),
        }
    }
    found.sort_by_key(|found| std::cmp::Reverse(found.rows));
    if !wanted.is_half_matched() {
        if wanted.matched > 0 {
            warn(send, &wanted, &found, shell);
        }
        return Ok(counted_rows(wanted.matched));
    }
    Err(paid(send, &wanted, &found, &shell.again).into())
}

/// Checkpoints in which anything was written these days, each once: those beside the sheet, then the user's recent ones.
/// The embedded simulator's books lie beside each checkpoint: another folder's rehearsal is none of this one's.
pub(super) fn candidates(send: &Send, since_ms: i64) -> Vec<Recent> {
    let own = send.files.checkpoint.canonicalize().ok();
    let mut known: Vec<Recent> = match (&send.gateway.door, &send.recent) {
        (Door::Remote(_), Some(list)) => recent::read(list),
        (Door::Embedded(_), _) | (_, None) => Vec::new(),
    };
    for folder in [folder(&send.sheet), folder(&send.files.checkpoint)] {
        known.extend(beside(folder));
    }
    let since =
        SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(since_ms).unwrap_or(0));
    let mut met = BTreeSet::new();
    let mut dated: Vec<(SystemTime, Recent)> = known
        .into_iter()
        .filter_map(|mut entry| {
            entry.checkpoint = entry.checkpoint.canonicalize().ok()?;
            let new =
                Some(&entry.checkpoint) != own.as_ref() && met.insert(entry.checkpoint.clone());
            let written = written_at(&entry.checkpoint)?;
            (new && written >= since).then_some((written, entry))
        })
        .collect();
    dated.sort_by_key(|(written, _)| std::cmp::Reverse(*written));
    dated.truncate(COMPARED_MAX);
    dated.into_iter().map(|(_, entry)| entry).collect()
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    }
}

/// The checkpoints in `folder`. Which sheet was theirs is guessed: the one that they would be named after.
fn beside(folder: &Path) -> Vec<Recent> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let checkpoints = names.filter(|name| name.ends_with(CHECKPOINT_END));
    checkpoints
        .map(|name| Recent {
            checkpoint: folder.join(name),
            sheet: PathBuf::new(),
        })
        .collect()
}

/// When a checkpoint was last written, or the log that is still to enter it. Whatever was created then is in one of them.
fn written_at(checkpoint: &Path) -> Option<SystemTime> {
    let modified = |path: &Path| {
        let file = path.metadata().ok().filter(std::fs::Metadata::is_file)?;
        file.modified().ok()
    };
    let mut log = checkpoint.as_os_str().to_owned();
    log.push("-wal");
    let file = modified(checkpoint)?;
    Some(modified(Path::new(&log)).map_or(file, |log| log.max(file)))
}

/// A batch that paid, or is about to pay, rows of the sheet.
struct Found {
    entry: Recent,
    batch: String,
    /// Whether it was made with this run's client id.
    same_account: bool,
    rows: usize,
}

/// Matches what `checkpoint` paid and goes on paying; whose it is and how many rows that were, or nothing if it is not
/// of the same environment. What a copy of this very batch has under an id that the gateway takes once is no other payment.
/// The client id may be another one: keys are replaced, and the account stays the same. Read again if a run there began
/// or ended meanwhile.
fn compare(
    checkpoint: &Path,
    (binding, is_same): (&Binding, &IsSame<'_>),
    since_ms: i64,
    wanted: &mut Wanted,
) -> Result<Option<(Binding, usize)>, Error> {
    let before = wanted.taken.clone();
    let read = |wanted: &mut Wanted| {
        let Some(peek) = Peek::open(checkpoint)? else {
            return Ok(None);
        };
        if peek.binding.environment != binding.environment {
            return Ok(None);
        }
        let matched = wanted.matched;
        let is_ours = peek.binding == *binding;
        peek.each_paid_since(since_ms, |phone, paise, id| {
            if is_ours && is_same(id) {
                return ControlFlow::Continue(());
            }
            wanted.take(phone, paise)
        })?;
        Ok(Some((peek.binding.clone(), wanted.matched - matched)))
    };
    let matched = wanted.matched;
    read(wanted).or_else(|_: Error| {
        wanted.taken = before;
        wanted.matched = matched;
        read(wanted)
    })
}

/// Up to the first remedy, which is for whoever pays from that checkpoint.
fn first_sentence(error: &Error) -> String {
    let text = error.to_string();
    text.split(": ").next().unwrap_or_default().to_owned()
}

/// The rows that are to be paid, by phone and amount: 12 bytes each.
struct Wanted {
    hasher: RandomState,
    /// Sorted. Rows alike stand together.
    rows: Vec<u64>,
    /// At the first of rows alike: how many of them were found elsewhere.
    taken: Vec<u32>,
    matched: usize,
}

impl Wanted {
    fn of(keys: &[RowKey]) -> Wanted {
        let hasher = RandomState::new();
        let readable = keys.iter().filter(|key| key.phone > 0 && key.amount > 0);
        let mut rows: Vec<u64> = readable
            .map(|key| hasher.hash_one((key.phone, key.amount)))
            .collect();
        rows.sort_unstable();
        Wanted {
            taken: vec![0; rows.len()],
            hasher,
            rows,
            matched: 0,
        }
    }

    /// Whether half of the rows or more were found elsewhere.
    fn is_half_matched(&self) -> bool {
        !self.rows.is_empty() && self.matched.saturating_mul(2) >= self.rows.len()
    }

    /// Takes one row like this, if there is one left.
    fn take(&mut self, phone: u64, paise: i64) -> ControlFlow<()> {
        let row = self.hasher.hash_one((phone, paise));
        let start = self.rows.partition_point(|other| *other < row);
        let alike = self.rows.partition_point(|other| *other <= row) - start;
        if let Some(taken) = self.taken.get_mut(start)
            && usize::try_from(*taken).is_ok_and(|taken| taken < alike)
        {
            *taken += 1;
            self.matched += 1;
        }
        if self.is_half_matched() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

/// Said to whoever wants to hear nothing else, too: some people may be paid twice.
fn warn(send: &Send, wanted: &Wanted, found: &[Found], shell: &Shell) {
    let was = if wanted.matched == 1 { "was" } else { "were" };
    shell.screen.paragraph(&format!(
        "WARNING: {} {was} sent within the last {DAYS} days, or {was} about to be, by {}. If this is the same payment, do \
         not go on: run instead",
        alike(send, wanted),
        listed(found)
    ));
    for one in found.iter().take(NAMED_MAX) {
        let command = resuming(send, &one.entry, &one.batch, &shell.again);
        shell.screen.line(&format!("  {command}"));
    }
}

/// `4 of 9 rows in july.csv (phone and amount)`.
fn alike(send: &Send, wanted: &Wanted) -> String {
    format!(
        "{} of {} in {} (phone and amount)",
        wanted.matched,
        counted(counted_rows(wanted.rows.len()), "row", "rows"),
        send.sheet.display()
    )
}

fn counted_rows(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}

fn paid(send: &Send, wanted: &Wanted, found: &[Found], again: &Again) -> Ending {
    let named: Vec<String> = found
        .iter()
        .take(NAMED_MAX)
        .map(|one| {
            let command = resuming(send, &one.entry, &one.batch, again);
            format!("to go on with batch {}, run `{command}`", one.batch)
        })
        .collect();
    Ending::unpayable(
        format!(
            "at least {} were sent within the last {DAYS} days, or were about to be, by {}; nothing was sent now",
            alike(send, wanted),
            listed(found)
        ),
        format!(
            "{}; if the same people are really to be paid the same amounts once more, run `{}`",
            named.join("; "),
            again.with("--new-payment")
        ),
    )
}

/// `batch june (june.checkpoint.db)`, and how many more. With another client id it is resumed alone.
fn listed(found: &[Found]) -> String {
    let named: Vec<String> = found
        .iter()
        .take(NAMED_MAX)
        .map(|one| {
            let key = if one.same_account {
                ""
            } else {
                ", made with another client id"
            };
            format!(
                "batch {} ({}{key})",
                one.batch,
                one.entry.checkpoint.display()
            )
        })
        .collect();
    let more = found.len().saturating_sub(named.len());
    let named = named.join(" and ");
    if more == 0 {
        named
    } else {
        format!("{named} and {more} more")
    }
}

/// The command that resumes another batch, with this run's environment and gateway.
pub(super) fn resuming(send: &Send, entry: &Recent, batch: &str, again: &Again) -> String {
    let guessed = entry.checkpoint.with_file_name(format!("{batch}.csv"));
    let sheet = [&entry.sheet, &guessed, &send.sheet]
        .into_iter()
        .find(|path| path.is_file())
        .unwrap_or(&send.sheet);
    let mut options = Vec::new();
    if sheet.file_stem().and_then(std::ffi::OsStr::to_str) != Some(batch) {
        options.extend(["--batch".to_owned(), batch.to_owned()]);
    }
    if !lies_where_expected(sheet, entry, batch, send) {
        let checkpoint = entry.checkpoint.display().to_string();
        options.extend(["--checkpoint".to_owned(), checkpoint]);
    }
    again.of_another(
        &send.sheet.display().to_string(),
        &sheet.display().to_string(),
        &options,
    )
}

fn lies_where_expected(sheet: &Path, entry: &Recent, batch: &str, send: &Send) -> bool {
    let files = BatchName::parse(batch).ok().and_then(|batch| {
        let (environment, typed) = (send.gateway.environment, FileArgs::default());
        Files::of(sheet, &batch, environment, &typed).ok()
    });
    files
        .and_then(|files| files.checkpoint.canonicalize().ok())
        .is_some_and(|path| path == entry.checkpoint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(phone: u64, amount: i64) -> RowKey {
        RowKey {
            own_id: 0,
            phone,
            amount,
            name: 0,
            email: 0,
        }
    }

    #[test]
    fn each_row_is_found_once_and_half_is_enough() {
        let rows = [(9, 1), (9, 1), (8, 1), (7, 1), (0, 1), (6, -1)].map(|(p, a)| key(p, a));
        let mut wanted = Wanted::of(&rows);
        assert_eq!(wanted.rows.len(), 4, "unreadable ones do not count");
        for (phone, paise, matched) in [(9, 2, 0), (5, 1, 0), (8, 1, 1), (8, 1, 1), (9, 1, 2)] {
            let _ = wanted.take(phone, paise);
            assert_eq!(wanted.matched, matched, "{phone} {paise}");
        }
        assert!(wanted.is_half_matched());
        for matched in [3, 3] {
            assert!(wanted.take(9, 1).is_break());
            assert_eq!(wanted.matched, matched);
        }
        assert!(!Wanted::of(&[]).is_half_matched());
    }
}
