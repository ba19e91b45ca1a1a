//! A checkpoint brought back from a copy beside results that are newer: it would send again what it does not know to
//! be sent, and write over the only list of it.
//!
//! A run remembers the mark of the results it wrote, so that they are read only where something else stands there.
//! Deliberately absent: what follows once the checkpoint is moved away, which is that of a lost one.

use std::collections::{HashMap, HashSet};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::checkpoint::{Claimed, Knowledge, Knows, Store};
use crate::domain::State;
use crate::domain::claims::ends_in_digest;
use crate::report::words::counted;
use crate::sheet::{self, ToldId};

use super::again::Again;
use super::exit::Ending;
use super::judge::sheet_error;
use super::settings::Files;

/// Payouts shown of those that the checkpoint does not know as the results do.
const SHOWN_MAX: usize = 20;
/// Rows after which nothing more is compared: no edit of the results explains so many.
const STRAYS_MAX: usize = 10_000;

/// What to do about results that list ids which are not this batch's.
const FOREIGN_REMEDY: &str = "remove or rename the file that lists them, it is written again from the checkpoint; if it is \
    another batch's, name another one with `--results`; if a newer checkpoint is known, bring that back first";

/// A row of the results that says more than the checkpoint knows.
#[derive(Debug)]
struct Stray {
    /// `line 2 of june.results.csv: june-... (created)`
    shown: String,
    link: String,
    /// Whether the id itself is not known: another program may have changed it.
    is_strange: bool,
    /// Whether besides it does not look like one that was made here.
    is_foreign: bool,
}

/// The rows that say more than the checkpoint knows.
#[derive(Debug, Default)]
pub(super) struct Strays(Vec<Stray>);

/// Stops a run whose checkpoint is older than the results that it would write over.
///
/// # Errors
///
/// [`Ending`] with exit code 3 that names what is not known.
pub(super) fn refuse(
    store: &Store,
    files: &Files,
    environment: &str,
    again: &Again,
) -> anyhow::Result<()> {
    let strays = compare(store, &files.results, &files.earlier, environment)?;
    match strays.is_none() {
        true => Ok(()),
        false => Err(strays.ending(store, files, again).into()),
    }
}

/// The same, but goes on beside results that list no more than foreign ids, and beside a file that is none of ours: to
/// stop money must not depend on them. Returns what is said of such; they must not be written over.
///
/// # Errors
///
/// As [`refuse`].
pub(super) fn refuse_unless_foreign(
    store: &Store,
    files: &Files,
    environment: &str,
    again: &Again,
) -> anyhow::Result<Option<String>> {
    if files.results.exists() && !sheet::is_ours(&files.results).map_err(sheet_error)? {
        return Ok(Some(format!(
            "{} was not written by paysheet; it was left as it is: move it away, or name another file with --results",
            files.results.display()
        )));
    }
    let strays = compare(store, &files.results, &files.earlier, environment)?;
    if strays.is_none() {
        return Ok(None);
    }
    match strays.are_foreign() {
        true => Ok(Some(format!(
            "{}; it was left as it is: {FOREIGN_REMEDY}",
            strays.words(store.path(), &files.results)
        ))),
        false => Err(strays.ending(store, files, again).into()),
    }
}

/// Compares results, and what was made earlier, with the checkpoint that is about to write over them.
///
/// # Errors
///
/// If any of it cannot be read.
pub(super) fn compare(
    store: &Store,
    results: &Path,
    earlier: &Path,
    environment: &str,
) -> anyhow::Result<Strays> {
    let mut strays = Strays::default();
    if !store.may_be_older(&mark(results, earlier))? {
        return Ok(strays);
    }
    let mut known = store.knowledge()?;
    // The rows that were not sent and are not known: next generations, or nothing.
    let mut unsent: HashMap<String, String> = HashMap::new();
    for path in [results, earlier] {
        if !path.exists() || !sheet::is_ours(path).map_err(sheet_error)? {
            continue;
        }
        let of = Of {
            path,
            written_ms: written_ms(path),
        };
        sheet::each_told_id(path, |row| {
            if row.environment == environment && strays.0.len() < STRAYS_MAX {
                judge(&mut known, &row, &of, &mut strays, &mut unsent)?;
            }
            Ok::<_, anyhow::Error>(())
        })?;
    }
    if !unsent.is_empty() {
        let ids: HashSet<String> = unsent.keys().cloned().collect();
        for id in store.next_among(&ids)? {
            strays.0.extend(unsent.remove(&id).map(|shown| Stray {
                shown,
                link: String::new(),
                is_strange: false,
                is_foreign: false,
            }));
        }
    }
    strays.excuse(store)?;
    Ok(strays)
}

/// A file of results.
struct Of<'p> {
    path: &'p Path,
    /// When it was written, in milliseconds since 1970 UTC.
    written_ms: i64,
}

/// What cannot be told was written last of all.
fn written_ms(path: &Path) -> i64 {
    path.metadata().map_or(i64::MAX, |data| {
        data.mtime() * 1_000 + data.mtime_nsec() / 1_000_000
    })
}

fn judge(
    known: &mut Knowledge<'_>,
    row: &ToldId<'_>,
    of: &Of<'_>,
    strays: &mut Strays,
    unsent: &mut HashMap<String, String>,
) -> anyhow::Result<()> {
    let Some(state) = State::from_word(row.state).filter(|_| !row.id.is_empty()) else {
        return Ok(());
    };
    let claimed = Claimed {
        id: row.id,
        state,
        attempts: row.attempts.parse().unwrap_or(0),
        is_made: !row.reference.is_empty() || !row.link.is_empty(),
        written_ms: of.written_ms,
    };
    let knows = known.of(claimed)?;
    if knows == Knows::Enough {
        return Ok(());
    }
    let shown = format!(
        "  line {} of {}: {} ({state})",
        row.line,
        of.path.display(),
        row.id
    );
    match knows {
        Knows::NothingUnsent => {
            unsent.insert(row.id.to_owned(), shown);
        }
        Knows::Enough | Knows::Less | Knows::Nothing => strays.0.push(Stray {
            shown,
            link: row.link.to_owned(),
            is_strange: knows == Knows::Nothing,
            is_foreign: knows == Knows::Nothing && !ends_in_digest(row.id),
        }),
    }
    Ok(())
}

impl Strays {
    /// Whether the checkpoint knows all that the results say.
    pub(super) fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    fn ending(&self, store: &Store, files: &Files, again: &Again) -> Ending {
        let remedy = if self.are_foreign() {
            FOREIGN_REMEDY.to_owned()
        } else {
            let adopt = again.as_command("send").with("--adopt");
            format!(
                "bring the newest checkpoint back; if it is lost, move this one away and run `{adopt}`, which compares the \
                 sheet with the results; if the results are an older version that was saved again, move them away instead: \
                 they are written again from the checkpoint"
            )
        };
        Ending::unpayable(
            format!(
                "{}; nothing was sent and nothing was written",
                self.words(store.path(), &files.results)
            ),
            format!("{remedy}\n{}", self.lines()),
        )
    }

    /// Whether each of them bears an id that another program may have changed, or another batch may have brought: that
    /// does not show that the checkpoint is old.
    pub(super) fn are_foreign(&self) -> bool {
        self.0.iter().all(|stray| stray.is_foreign)
    }

    /// What is wrong, in words.
    pub(super) fn words(&self, checkpoint: &Path, results: &Path) -> String {
        let count = match self.0.len() {
            STRAYS_MAX.. => format!("{STRAYS_MAX} payouts or more"),
            count => counted(
                u64::try_from(count).unwrap_or(u64::MAX),
                "payout",
                "payouts",
            ),
        };
        let (checkpoint, results) = (checkpoint.display(), results.display());
        if self.are_foreign() {
            return format!(
                "the results {results}, or what was made earlier beside them, list {count} under ids that {checkpoint} \
                 never had, as when a spreadsheet changed them"
            );
        }
        format!(
            "{checkpoint} is older than {results}, which says more of {count} than it knows: as of a copy that was \
             brought back"
        )
    }

    /// A program that changed an id has left its link as it was.
    fn excuse(&mut self, store: &Store) -> anyhow::Result<()> {
        let is_edited = |stray: &Stray| stray.is_strange && !stray.link.is_empty();
        let edited = self.0.iter().filter(|stray| is_edited(stray));
        let links: HashSet<String> = edited.map(|stray| stray.link.clone()).collect();
        if links.is_empty() {
            return Ok(());
        }
        let mut known = HashSet::new();
        store.each_link(|link| {
            if links.contains(link) {
                known.insert(link.to_owned());
            }
        })?;
        self.0
            .retain(|stray| !is_edited(stray) || !known.contains(&stray.link));
        Ok(())
    }

    fn lines(&self) -> String {
        let shown = self.0.iter().take(SHOWN_MAX);
        let mut lines: Vec<&str> = shown.map(|stray| stray.shown.as_str()).collect();
        let more = format!("  ... and {} more", self.0.len().saturating_sub(SHOWN_MAX));
        if self.0.len() > SHOWN_MAX {
            lines.push(&more);
        }
        lines.join("\n")
    }
}

/// What tells the files that stand there from any other that ever stood there, without reading them.
pub(super) fn mark(results: &Path, earlier: &Path) -> String {
    let of = |path: &Path| {
        path.metadata().map_or_else(
            |_| "none".to_owned(),
            |data| {
                let (second, nano) = (data.mtime(), data.mtime_nsec());
                format!("{} {} {second}.{nano:09}", data.ino(), data.len())
            },
        )
    };
    format!("{}, {}", of(results), of(earlier))
}
