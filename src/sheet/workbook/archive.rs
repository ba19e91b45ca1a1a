//! The container of a workbook: a zip archive, read strictly. Every size that it states is checked against a limit
//! before a byte is unpacked, and every part against its stated size and checksum once it was read.
//!
//! Only the parts asked for are unpacked, one after the other. Deliberately absent: what spreadsheets never write
//! (several disks, other methods than deflate, archives over 4 GiB) and any repair: another reader might see other
//! numbers than we do.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use super::part::Part;
use super::refusal::{Refusal, printable};

/// Largest workbook: a million rows of twenty columns take about half of it.
pub(super) const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Most parts: a workbook has about ten, and a few for each sheet.
const PARTS_MAX: usize = 4096;
/// Longest directory: a thousand bytes a part.
const DIRECTORY_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// The most that a part may unpack to: a million rows of twenty columns take about half of it.
const UNPACKED_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;
/// How many times its packed size a part may unpack to: sheets of rows alike reach about 40.
const RATIO_MAX: u64 = 100;
/// Parts up to this size may have any ratio: a few empty columns compress well.
const RATIO_FREE_BYTES: u64 = 8 * 1024 * 1024;

/// Length of the record that ends an archive, without its comment.
const END_BYTES: usize = 22;
/// The longest comment behind it.
const COMMENT_BYTES_MAX: u64 = 65_535;
/// Length of an entry of the directory, without its name.
const ENTRY_BYTES: usize = 46;
/// Length of the header before a part's bytes, without its name.
const LOCAL_BYTES: usize = 30;
/// The mark of a number that stands elsewhere since it needs 64 bits.
const IN_64_BITS: u32 = u32::MAX;
/// The extra field in which it stands then.
const ZIP64_FIELD: u16 = 1;

/// One part as the directory lists it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) crc: u32,
    pub(super) packed: u64,
    pub(super) unpacked: u64,
    flags: u16,
    method: u16,
    at: u64,
}

/// An open archive.
#[derive(Debug)]
pub(super) struct Archive {
    file: File,
    entries: Vec<Entry>,
}

impl Archive {
    /// Reads the directory of `file`.
    pub(super) fn open(mut file: File) -> Result<Self, Refusal> {
        let size = file.seek(SeekFrom::End(0)).map_err(io)?;
        if size > FILE_BYTES_MAX {
            return Err(Refusal::FileTooLarge {
                limit_mib: FILE_BYTES_MAX / 1024 / 1024,
            });
        }
        let (start, length, count) = find_directory(&mut file, size)?;
        if count > PARTS_MAX || length > DIRECTORY_BYTES_MAX {
            return Err(Refusal::TooManyParts { limit: PARTS_MAX });
        }
        let directory = read_at(&mut file, start, length)?;
        let entries = entries(&directory, count)?;
        check_sizes(&entries, start)?;
        Ok(Self { file, entries })
    }

    /// The parts there are.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Whether there is a part of this name, whose case does not count.
    pub(super) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    fn find(&self, name: &str) -> Option<&Entry> {
        let same = |entry: &&Entry| entry.name.eq_ignore_ascii_case(name);
        self.entries.iter().find(same)
    }

    /// Opens a part. It must be read before another one is opened.
    pub(super) fn part(&mut self, name: &str) -> Result<Part, Refusal> {
        let entry = self.find(name).cloned();
        let entry = entry.ok_or_else(|| Refusal::damaged(format!("its part {name} is missing")))?;
        if entry.flags & 1 != 0 {
            return Err(Refusal::Encrypted);
        }
        let head = read_at(&mut self.file, entry.at, length(LOCAL_BYTES))?;
        let names = u64::from(u16_at(&head, 26)?) + u64::from(u16_at(&head, 28)?);
        if head.get(..4) != Some(b"PK\x03\x04") {
            return Err(Refusal::damaged(format!("no header before {name}")));
        }
        let start = entry.at + length(LOCAL_BYTES) + names;
        let mut file = self.file.try_clone().map_err(io)?;
        file.seek(SeekFrom::Start(start)).map_err(io)?;
        match entry.method {
            0 if entry.packed == entry.unpacked => Ok(Part::stored(file, &entry)),
            8 => Ok(Part::deflated(file, &entry)),
            _ => Err(Refusal::damaged(format!(
                "{name} is packed in an unknown way"
            ))),
        }
    }
}

/// Start and length of the directory, and how many entries it has. The record that says so is the last thing in the
/// file; its comment may be long.
fn find_directory(file: &mut File, size: u64) -> Result<(u64, u64, usize), Refusal> {
    let cut = || Refusal::damaged("it ends before its list of parts; was it copied whole?");
    let tail = size.min(length(END_BYTES) + COMMENT_BYTES_MAX);
    let bytes = read_at(file, size - tail, tail)?;
    let starts = 0..=bytes.len().saturating_sub(END_BYTES);
    let ends_there = |at: &usize| {
        let record = bytes.get(*at..).unwrap_or_default();
        record.starts_with(b"PK\x05\x06")
            && u16_at(record, 20).is_ok_and(|comment| {
                END_BYTES.checked_add(usize::from(comment)) == Some(record.len())
            })
    };
    let at = starts.rev().find(ends_there).ok_or_else(cut)?;
    let record = bytes.get(at..).unwrap_or_default();
    let (count, directory) = (u16_at(record, 10)?, u32_at(record, 12)?);
    let start = u32_at(record, 16)?;
    if count == u16::MAX || directory == IN_64_BITS || start == IN_64_BITS {
        return Err(Refusal::TooManyParts { limit: PARTS_MAX });
    }
    let (start, directory) = (u64::from(start), u64::from(directory));
    if start + directory > size - tail + length(at) {
        return Err(cut());
    }
    Ok((start, directory, usize::from(count)))
}

fn entries(directory: &[u8], count: usize) -> Result<Vec<Entry>, Refusal> {
    let mut entries: Vec<Entry> = Vec::with_capacity(count);
    let mut rest = directory;
    for _ in 0..count {
        let (entry, next) = entry(rest)?;
        rest = next;
        let same = |other: &Entry| other.name.eq_ignore_ascii_case(&entry.name);
        if entries.iter().any(same) {
            // Which of the two counts, readers disagree about.
            return Err(Refusal::damaged(format!("two parts named {}", entry.name)));
        }
        entries.push(entry);
    }
    Ok(entries)
}

fn entry(bytes: &[u8]) -> Result<(Entry, &[u8]), Refusal> {
    let cut = || Refusal::damaged("its list of parts is cut");
    if bytes.get(..4) != Some(b"PK\x01\x02") {
        return Err(cut());
    }
    let [name, extra, comment] = [28, 30, 32].map(|at| u16_at(bytes, at).map(usize::from));
    let (name, extra, comment) = (name?, extra?, comment?);
    let mut at = ENTRY_BYTES;
    let mut take = |long: usize| {
        let field = bytes.get(at..at + long).ok_or_else(cut);
        at += long;
        field
    };
    let (name, extra, _) = (take(name)?, take(extra)?, take(comment)?);
    let mut large = Zip64::of(extra);
    // In this order, each only where its 32 bits do not hold it.
    let unpacked = large.or(u32_at(bytes, 24)?)?;
    let packed = large.or(u32_at(bytes, 20)?)?;
    let start = large.or(u32_at(bytes, 42)?)?;
    let name = String::from_utf8_lossy(name).replace('\\', "/");
    let entry = Entry {
        name: name.trim_start_matches('/').to_owned(),
        crc: u32_at(bytes, 16)?,
        packed,
        unpacked,
        flags: u16_at(bytes, 8)?,
        method: u16_at(bytes, 10)?,
        at: start,
    };
    Ok((entry, bytes.get(at..).unwrap_or_default()))
}

/// The numbers of an entry that need 64 bits, or that a streaming writer puts there all the same.
struct Zip64<'e> {
    rest: &'e [u8],
}

impl<'e> Zip64<'e> {
    fn of(mut extra: &'e [u8]) -> Self {
        while let (Ok(kind), Ok(long)) = (u16_at(extra, 0), u16_at(extra, 2)) {
            let end = 4 + usize::from(long);
            if kind == ZIP64_FIELD {
                let rest = extra.get(4..end).unwrap_or_default();
                return Self { rest };
            }
            extra = extra.get(end..).unwrap_or_default();
        }
        Self { rest: &[] }
    }

    fn or(&mut self, short: u32) -> Result<u64, Refusal> {
        if short != IN_64_BITS {
            return Ok(u64::from(short));
        }
        let (value, rest) = self
            .rest
            .split_first_chunk::<8>()
            .ok_or_else(|| Refusal::damaged("its list of parts is cut"))?;
        self.rest = rest;
        Ok(u64::from_le_bytes(*value))
    }
}

/// What each part says it unpacks to, before any is believed.
fn check_sizes(entries: &[Entry], directory: u64) -> Result<(), Refusal> {
    let mut whole: u64 = 0;
    for entry in entries {
        whole = whole.saturating_add(entry.unpacked);
        let swells = entry.unpacked > RATIO_FREE_BYTES && entry.unpacked / RATIO_MAX > entry.packed;
        if swells || whole > UNPACKED_BYTES_MAX {
            return Err(Refusal::Bomb {
                part: printable(&entry.name),
                unpacked_mib: entry.unpacked / 1024 / 1024,
                packed_kib: entry.packed / 1024,
            });
        }
        let end = entry.at.checked_add(entry.packed);
        if end.is_none_or(|end| end > directory) {
            return Err(Refusal::damaged(format!(
                "{} reaches beyond the file",
                entry.name
            )));
        }
    }
    Ok(())
}

fn read_at(file: &mut File, at: u64, long: u64) -> Result<Vec<u8>, Refusal> {
    file.seek(SeekFrom::Start(at)).map_err(io)?;
    let mut bytes = Vec::new();
    file.take(long).read_to_end(&mut bytes).map_err(io)?;
    if length(bytes.len()) == long {
        Ok(bytes)
    } else {
        Err(Refusal::damaged("it is cut short"))
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Result<u16, Refusal> {
    let two = bytes.get(at..).and_then(<[u8]>::first_chunk);
    two.map(|two| u16::from_le_bytes(*two))
        .ok_or_else(|| Refusal::damaged("it is cut short"))
}

fn u32_at(bytes: &[u8], at: usize) -> Result<u32, Refusal> {
    let four = bytes.get(at..).and_then(<[u8]>::first_chunk);
    four.map(|four| u32::from_le_bytes(*four))
        .ok_or_else(|| Refusal::damaged("it is cut short"))
}

fn length(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it stands where map_err wants a function of the error"
)]
fn io(error: std::io::Error) -> Refusal {
    Refusal::Io(error.to_string())
}
