//! A file that appears whole or not at all: a reader sees the old one or the new one, never half.
//!
//! Written beside its place, made durable, renamed, and the folder made durable too (renaming alone survives no
//! power cut). Deliberately absent: appending, following links, and writing over what paysheet did not write.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::error::Error;

/// Bytes written at a time.
pub(super) const BUFFER_BYTES: usize = 128 * 1024;
/// A first line longer than any that paysheet writes: 64 columns of a sheet, each a cell long, are the most.
const FIRST_LINE_BYTES_MAX: u64 = 512 * 1024;

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing.
    Nothing,
    /// A file that paysheet wrote.
    Ours,
    /// Anything else: another program's file, a link, a directory.
    Foreign,
}

fn standing_by(path: &Path, ours: &dyn Fn(File) -> io::Result<bool>) -> Result<Standing, Error> {
    let failed = |source| Error::Open {
        path: path.to_owned(),
        source,
    };
    let kind = match std::fs::symlink_metadata(path) {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Standing::Nothing),
        Err(error) => return Err(failed(error)),
    };
    if !kind.is_file() {
        return Ok(Standing::Foreign);
    }
    let file = File::open(path).map_err(failed)?;
    Ok(if ours(file).map_err(failed)? {
        Standing::Ours
    } else {
        Standing::Foreign
    })
}

/// What stands at `path`; `ours` judges the first line, without its end.
pub(super) fn standing(path: &Path, ours: &dyn Fn(&str) -> bool) -> Result<Standing, Error> {
    standing_by(path, &|file| first_line(file).map(|line| ours(&line)))
}

/// What stands at `path`; `ours` judges the whole file.
pub(super) fn standing_if(path: &Path, ours: &dyn Fn(File) -> bool) -> Result<Standing, Error> {
    standing_by(path, &|file| Ok(ours(file)))
}

fn first_line(file: File) -> io::Result<String> {
    let mut line = Vec::new();
    BufReader::new(file.take(FIRST_LINE_BYTES_MAX)).read_until(b'\n', &mut line)?;
    let line = String::from_utf8(line).unwrap_or_default();
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}

/// A file on its way to its place.
pub struct AtomicFile {
    path: PathBuf,
    out: BufWriter<NamedTempFile>,
}

impl AtomicFile {
    /// Starts a file that will stand at `path`. Readable by its owner alone, as temporary files are.
    ///
    /// # Errors
    ///
    /// If its folder cannot be written.
    pub fn create(path: &Path) -> Result<Self, Error> {
        let file = tempfile::Builder::new()
            .prefix(".paysheet-")
            .tempfile_in(folder(path))
            .map_err(|source| cannot_write(path, source))?;
        Ok(Self {
            path: path.to_owned(),
            out: BufWriter::with_capacity(BUFFER_BYTES, file),
        })
    }

    /// Puts the file in its place, durably, unless something foreign has come to stand there: `ours` judges the first
    /// line of what does, without its end.
    ///
    /// # Errors
    ///
    /// If it cannot be written, or something foreign stands there.
    pub fn commit(self, ours: &dyn Fn(&str) -> bool) -> Result<(), Error> {
        self.commit_over(&|path| standing(path, ours))
    }

    /// The same; `standing` says what stands in its place.
    pub(super) fn commit_over(
        self,
        standing: &dyn Fn(&Path) -> Result<Standing, Error>,
    ) -> Result<(), Error> {
        let path = self.path;
        let failed = |source| cannot_write(&path, source);
        let file = self
            .out
            .into_inner()
            .map_err(|error| failed(error.into_error()))?;
        file.as_file().sync_all().map_err(failed)?;
        refuse(&path, standing(&path)?)?;
        file.persist(&path).map_err(|error| failed(error.error))?;
        sync_folder(&path)
    }

    /// The file's path, for messages.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// An error if something foreign stands at `path`; `ours` judges its first line, without its end.
///
/// # Errors
///
/// That one, or what kept it from being looked at.
pub fn refuse_foreign(path: &Path, ours: &dyn Fn(&str) -> bool) -> Result<(), Error> {
    refuse(path, standing(path, ours)?)
}

fn refuse(path: &Path, standing: Standing) -> Result<(), Error> {
    match standing {
        Standing::Nothing | Standing::Ours => Ok(()),
        Standing::Foreign => Err(Error::Foreign {
            path: path.to_owned(),
        }),
    }
}

/// Removes a file that paysheet wrote; whether there was one. What is foreign is left alone.
pub(super) fn remove_ours(path: &Path, ours: &dyn Fn(&str) -> bool) -> Result<bool, Error> {
    match standing(path, ours)? {
        Standing::Nothing | Standing::Foreign => Ok(false),
        Standing::Ours => {
            std::fs::remove_file(path).map_err(|source| cannot_write(path, source))?;
            sync_folder(path)?;
            Ok(true)
        }
    }
}

fn sync_folder(path: &Path) -> Result<(), Error> {
    // Only Unix opens folders as files; elsewhere the rename is as durable as the system makes it.
    if cfg!(unix) {
        let synced = File::open(folder(path)).and_then(|folder| folder.sync_all());
        synced.map_err(|source| cannot_write(path, source))?;
    }
    Ok(())
}

pub(super) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// An error of writing, with the path.
pub(super) fn cannot_write(path: &Path, source: io::Error) -> Error {
    Error::Write {
        path: path.to_owned(),
        source,
    }
}
