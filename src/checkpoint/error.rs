//! Why a checkpoint cannot be used. A caller chooses by kind; every message ends with the remedy.

use std::path::PathBuf;

use crate::domain::IllegalFact;

/// Why a checkpoint cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process holds it.
    #[error("{} is in use by {holder}: wait until that run has ended, or stop it, then run again", path.display())]
    Locked {
        /// The checkpoint.
        path: PathBuf,
        /// Process, host and since when.
        holder: String,
    },
    /// Not a checkpoint at all.
    #[error("{} is not a paysheet checkpoint: move it away or name another file with --checkpoint", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Made by a newer paysheet.
    #[error("{} was written by a newer paysheet (format {found}, this one knows {known}): use that version", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest format known here.
        known: i64,
    },
    /// Unreadable or inconsistent.
    #[error(
        "the checkpoint {} is damaged ({what}): nothing more was sent. Restore it from a backup; if there is none, move it \
         away and run again: rows that exist at the gateway are then found by their ids and not paid twice",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// Bound to something else.
    #[error(
        "{} belongs to another {what} ({found}, not {expected}): {remedy}",
        path.display()
    )]
    Bound {
        /// The file.
        path: PathBuf,
        /// `environment`, `gateway`, `account` or `batch`.
        what: &'static str,
        /// What it is bound to.
        found: String,
        /// What this run is for.
        expected: String,
        /// What to do.
        remedy: String,
    },
    /// Personal data was removed from it.
    #[error(
        "the personal data of {} was removed at {at}: whom its rows paid is no longer known, and nothing can be sent from \
         it. A new payment needs a new batch name, see --batch",
        path.display()
    )]
    Purged {
        /// The file.
        path: PathBuf,
        /// When.
        at: String,
    },
    /// There is none.
    #[error("there is no checkpoint {}: nothing was sent under this batch name here. Check the folder, --batch and --env", path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// A fact that cannot follow.
    #[error(
        "the record contradicts itself: {0}. Nothing more was sent; please report this with the checkpoint"
    )]
    Illegal(#[from] IllegalFact),
    /// Two rows with one id: an own id that is also what another row's would be.
    #[error("lines {first} and {second} of the sheet would have the same Cashgram id {id}")]
    SameId {
        /// Line of one row.
        first: u64,
        /// Line of the other.
        second: u64,
        /// The id.
        id: String,
    },
    /// Not writable, full, or an I/O error.
    #[error("cannot record in {}: {cause}. Nothing more was sent. Make room or mend the disk, then run the same command again", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// SQLite's words. Not named `source`: the message quotes it, and its remedy comes last.
        cause: rusqlite::Error,
    },
    /// The folder or the lock file cannot be used.
    #[error("cannot use {}: {cause}. Make room or check the folder and its permissions, then run the same command again", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's words.
        cause: std::io::Error,
    },
}
