//! What an OLE container is: an old workbook, an encrypted one, or something else, by the names in its directory.
//!
//! Deliberately absent: reading any of them.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use super::refusal::Refusal;

/// Where the header says how large a sector is (as a power of two).
const SHIFT_AT: u64 = 30;
/// Where it says in which sector the directory starts.
const DIRECTORY_AT: u64 = 48;
/// Largest power that is believed.
const SHIFT_MAX: u64 = 16;
/// How much of the directory is looked at: the names sought stand at its start.
const LOOKED_AT_BYTES: u64 = 4096;

/// Why it is not read.
pub(in crate::sheet) fn kind_of(file: &mut File) -> Refusal {
    let directory = directory(file).unwrap_or_default();
    let has = |name: &str| {
        let wide: Vec<u8> = name.bytes().flat_map(|byte| [byte, 0]).collect();
        directory.windows(wide.len()).any(|window| window == wide)
    };
    if has("EncryptedPackage") || has("EncryptionInfo") {
        Refusal::Encrypted
    } else if has("Workbook") || has("Book") {
        Refusal::LegacyXls
    } else {
        Refusal::OldOffice
    }
}

fn directory(file: &mut File) -> io::Result<Vec<u8>> {
    let shift = number(&read_at(file, SHIFT_AT, 2)?).min(SHIFT_MAX);
    let sector = number(&read_at(file, DIRECTORY_AT, 4)?);
    read_at(file, (sector + 1) << shift, LOOKED_AT_BYTES)
}

fn read_at(file: &mut File, at: u64, long: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(at))?;
    file.take(long).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn number(bytes: &[u8]) -> u64 {
    let bytes = bytes.iter().rev();
    bytes.fold(0, |value, byte| (value << 8) | u64::from(*byte))
}
