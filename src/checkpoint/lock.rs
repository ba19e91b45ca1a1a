//! One batch has one writer at a time: a lock on a file beside the checkpoint.
//!
//! The system drops the lock with the process that holds it, so a dead run never stands in the way. The file says
//! who holds it. It is removed at the end; whoever waited for it looks again whether the file is still the same.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::error::Error;

/// More than any holder line has.
const HOLDER_BYTES_MAX: u64 = 512;
/// The file can be removed between opening and locking it; that many times is a broken file system.
const TRIES_MAX: u32 = 16;
/// Where Linux lists the locks that are held.
const SYSTEM_LOCKS: &str = "/proc/locks";

/// The right to write one checkpoint, until dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
    path: PathBuf,
}

/// Where the lock of `checkpoint` lies: beside the file itself, whatever link leads to it.
pub fn path_for(checkpoint: &Path) -> PathBuf {
    let real = checkpoint.canonicalize();
    let mut name = real.map_or_else(
        |_| checkpoint.as_os_str().to_owned(),
        PathBuf::into_os_string,
    );
    name.push(".lock");
    PathBuf::from(name)
}

/// Who holds the lock of `checkpoint`, without touching it: a trial lock could turn a run away that begins just then.
/// `None` if nobody does, or the system does not tell.
pub fn holder_of(checkpoint: &Path) -> Option<String> {
    let mut file = File::open(path_for(checkpoint)).ok()?;
    let inode = file.metadata().ok()?.ino();
    // `1: FLOCK  ADVISORY  WRITE 4242 08:01:131090 0 EOF`
    let locks = std::fs::read_to_string(SYSTEM_LOCKS).ok()?;
    let end = format!(":{inode}");
    let is_held = locks
        .lines()
        .any(|line| line.split_whitespace().any(|word| word.ends_with(&end)));
    is_held.then(|| read_holder(&mut file))
}

impl Lock {
    /// Takes the lock of `checkpoint` for `holder`, a line for people such as `process 4242 on finance-1 since ...`.
    ///
    /// # Errors
    ///
    /// [`Error::Locked`] with the present holder's line, or [`Error::Io`] if the folder cannot be written.
    pub fn take(checkpoint: &Path, holder: &str) -> Result<Lock, Error> {
        let path = path_for(checkpoint);
        let io = |cause| Error::Io {
            path: path.clone(),
            cause,
        };
        for _ in 0..TRIES_MAX {
            let mut file = open(&path).map_err(io)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(Error::Locked {
                        path: checkpoint.to_owned(),
                        holder: read_holder(&mut file),
                    });
                }
                Err(TryLockError::Error(source)) => return Err(io(source)),
            }
            if is_same_file(&file, &path) {
                write_holder(&mut file, holder).map_err(io)?;
                return Ok(Lock { _file: file, path });
            }
        }
        Err(io(std::io::Error::other("the lock file keeps changing")))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Still locked here. A file that stays behind does no harm: only the lock counts.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Never through a link: what it leads to is not ours to write.
fn open(path: &Path) -> std::io::Result<File> {
    if path
        .symlink_metadata()
        .is_ok_and(|found| found.is_symlink())
    {
        return Err(std::io::Error::other("it is a symbolic link"));
    }
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
}

fn is_same_file(file: &File, path: &Path) -> bool {
    match (file.metadata(), path.metadata()) {
        (Ok(ours), Ok(theirs)) => ours.ino() == theirs.ino() && ours.dev() == theirs.dev(),
        _ => false,
    }
}

fn write_holder(file: &mut File, holder: &str) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(holder.as_bytes())
}

fn read_holder(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.take(HOLDER_BYTES_MAX).read_to_string(&mut text);
    let line: String = text.chars().filter(|c| !c.is_control()).collect();
    if read.is_err() || line.is_empty() {
        "another run".to_owned()
    } else {
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_taker_learns_who_holds_it() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoint = folder.path().join("june.checkpoint.db");
        let held = Lock::take(&checkpoint, "process 7 on desk since noon").unwrap();
        let refused = Lock::take(&checkpoint, "process 8").unwrap_err();
        assert!(
            refused.to_string().contains("process 7 on desk since noon"),
            "{refused}"
        );
        drop(held);
        Lock::take(&checkpoint, "process 8").unwrap();
    }

    #[test]
    fn the_file_of_a_dead_run_is_no_obstacle() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoint = folder.path().join("june.checkpoint.db");
        std::fs::write(path_for(&checkpoint), "process 7").unwrap();
        Lock::take(&checkpoint, "process 8").unwrap();
    }
}
