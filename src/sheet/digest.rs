//! SHA-256 of a file's bytes: whether a sheet is the one that was sent.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use aws_lc_rs::digest::{Context, SHA256};

use super::decode::CHUNK_BYTES;

/// The fingerprint of a sheet as it is now.
///
/// # Errors
///
/// If it cannot be read.
pub fn fingerprint(path: &Path) -> io::Result<[u8; 32]> {
    of(File::open(path)?)
}

/// SHA-256 of everything that can be read.
pub(super) fn of(mut source: impl Read) -> io::Result<[u8; 32]> {
    let mut context = Context::new(&SHA256);
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match source.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => context.update(chunk.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let whole = context.finish();
    whole.as_ref().try_into().map_err(io::Error::other)
}
