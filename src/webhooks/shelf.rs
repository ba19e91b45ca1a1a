//! The checkpoints in a folder, and which of them knows an id.
//!
//! What makes a file a checkpoint is what stands in it; SQLite itself is asked, since the system drops the locks of whoever
//! closes a file by other means. Looked at afresh for every page of hints: batches come and go while the receiver runs. Only checkpoints of this
//! environment, gateway and account count. Deliberately absent: folders below, and any memory from one page to the next.

use std::path::{Path, PathBuf};

use crate::checkpoint::{Binding, Peek};

/// Checkpoints looked at; more is not a folder of batches.
const FILES_MAX: usize = 10_000;

/// The checkpoints of one folder, open for a look.
pub(super) struct Shelf {
    peeks: Vec<(PathBuf, Peek)>,
    /// Some file could not be looked into: whatever is not found elsewhere may be in it.
    pub(super) incomplete: bool,
}

/// Which checkpoint has an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The file.
    pub(super) checkpoint: PathBuf,
    /// What it is bound to.
    pub(super) binding: Binding,
}

impl Shelf {
    /// Looks at the folder. `whose` says environment, gateway and account; its batch is not looked at.
    ///
    /// # Errors
    ///
    /// If the folder cannot be read.
    pub(super) fn open(folder: &Path, whose: &Binding) -> std::io::Result<Shelf> {
        let mut shelf = Shelf {
            peeks: Vec::new(),
            incomplete: false,
        };
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            // What a checkpoint is called is the user's affair.
            if path.is_file() && !is_beside(&path) {
                shelf.put(path, whose);
            }
        }
        // One order, whatever the folder's: an id in two copies of a batch goes to the same one each time.
        shelf.peeks.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(shelf)
    }

    fn put(&mut self, path: PathBuf, whose: &Binding) {
        if self.peeks.len() == FILES_MAX {
            tracing::warn!(
                limit = FILES_MAX,
                "more checkpoints in the folder than are looked at"
            );
            self.incomplete = true;
            return;
        }
        match Peek::open(&path) {
            Ok(Some(peek)) if is_of(&peek.binding, whose) => self.peeks.push((path, peek)),
            Ok(_) => {}
            Err(error) => {
                tracing::warn!("{error}");
                self.incomplete = true;
            }
        }
    }

    /// Where `id` is.
    pub(super) fn find(&mut self, id: &str) -> Option<Place> {
        for (path, peek) in &self.peeks {
            match peek.holds(id) {
                Ok(true) => {
                    return Some(Place {
                        checkpoint: path.clone(),
                        binding: peek.binding.clone(),
                    });
                }
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!("{error}");
                    self.incomplete = true;
                }
            }
        }
        None
    }
}

/// Whether it is what SQLite keeps beside a file. Looking into it would disturb whoever uses it.
fn is_beside(path: &Path) -> bool {
    let name = path.to_string_lossy();
    ["-wal", "-shm", "-journal"]
        .iter()
        .any(|end| name.ends_with(end))
}

fn is_of(binding: &Binding, whose: &Binding) -> bool {
    binding.environment == whose.environment
        && binding.host == whose.host
        && binding.account == whose.account
}
