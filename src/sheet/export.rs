//! An export on its way to its place: readable by its owner alone, whole or not there, and never over a file that
//! paysheet did not write.
//!
//! Deliberately absent: what stands in it (`cli`).

use std::io::{self, Write};
use std::path::Path;

use super::atomic::{AtomicFile, refuse_foreign};
use super::error::Error;

/// What the first line of every export begins with; by it the file is known for ours.
pub const EXPORT_START: &str = "{\"record\":\"batch\",\"paysheet_export\":";

/// Writes an export.
pub struct ExportFile(AtomicFile);

impl ExportFile {
    /// Starts a file that will stand at `path`.
    ///
    /// # Errors
    ///
    /// If another program's file, or a link, stands there.
    pub fn create(path: &Path) -> Result<ExportFile, Error> {
        refuse_foreign(path, &is_ours)?;
        AtomicFile::create(path).map(ExportFile)
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn finish(self) -> Result<(), Error> {
        self.0.commit(&is_ours)
    }
}

impl Write for ExportFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn is_ours(first_line: &str) -> bool {
    first_line.starts_with(EXPORT_START)
}
