//! One part of the archive as it is unpacked: never more bytes than it stated, never more between two pieces of XML
//! than is allowed, and at its end its checksum.
//!
//! Deliberately absent: XML.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Take};

use flate2::Crc;
use flate2::bufread::DeflateDecoder;

use super::archive::Entry;
use super::refusal::Refusal;

/// Bytes unpacked at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// The packed bytes.
type Packed = Take<BufReader<File>>;

enum Source {
    Stored(Packed),
    Deflated(Box<DeflateDecoder<Packed>>),
}

/// A part, unpacked as it is read.
pub(super) struct Part {
    name: String,
    source: Source,
    chunk: Box<[u8]>,
    taken: usize,
    filled: usize,
    /// Bytes that it may still unpack to.
    left: u64,
    /// Bytes that may be handed out until the caller says otherwise.
    allowed: usize,
    crc: Crc,
    wanted_crc: u32,
    ended: bool,
    refusal: Option<Refusal>,
}

impl Part {
    pub(super) fn stored(file: File, entry: &Entry) -> Self {
        Self::new(Source::Stored(packed(file, entry)), entry)
    }

    pub(super) fn deflated(file: File, entry: &Entry) -> Self {
        let decoder = DeflateDecoder::new(packed(file, entry));
        Self::new(Source::Deflated(Box::new(decoder)), entry)
    }

    fn new(source: Source, entry: &Entry) -> Self {
        Self {
            name: entry.name.clone(),
            source,
            chunk: vec![0; CHUNK_BYTES].into_boxed_slice(),
            taken: 0,
            filled: 0,
            left: entry.unpacked,
            allowed: usize::MAX,
            crc: Crc::new(),
            wanted_crc: entry.crc,
            ended: false,
            refusal: None,
        }
    }

    /// The part's name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Hands out at most `bytes` more.
    pub(super) fn allow(&mut self, bytes: usize) {
        self.allowed = bytes;
    }

    /// Why the last read failed, if the bytes were to blame.
    pub(super) fn refusal(&self) -> Option<&Refusal> {
        self.refusal.as_ref()
    }

    fn fail<T>(&mut self, what: &str) -> io::Result<T> {
        self.refusal = Some(Refusal::damaged(format!("{} {what}", self.name)));
        Err(io::Error::other("the part is damaged"))
    }

    fn refill(&mut self) -> io::Result<()> {
        let read = match &mut self.source {
            Source::Stored(bytes) => bytes.read(&mut self.chunk),
            Source::Deflated(bytes) => bytes.read(&mut self.chunk),
        };
        let Ok(filled) = read else {
            return self.fail("cannot be unpacked");
        };
        (self.taken, self.filled) = (0, filled);
        let fresh = self.chunk.get(..filled).unwrap_or_default();
        self.crc.update(fresh);
        let count = u64::try_from(filled).unwrap_or(u64::MAX);
        match self.left.checked_sub(count) {
            Some(left) => self.left = left,
            None => return self.fail("unpacks to more than it states"),
        }
        if filled > 0 {
            return Ok(());
        }
        self.ended = true;
        if self.left > 0 {
            return self.fail("is shorter than it states");
        }
        if self.crc.sum() != self.wanted_crc {
            return self.fail("has another checksum than it states");
        }
        Ok(())
    }
}

fn packed(file: File, entry: &Entry) -> Packed {
    BufReader::with_capacity(CHUNK_BYTES, file).take(entry.packed)
}

impl Read for Part {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut ready = self.fill_buf()?;
        let count = ready.read(out)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Part {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.taken >= self.filled && !self.ended {
            self.refill()?;
        }
        if self.allowed == 0 && self.taken < self.filled {
            return self.fail("holds a text longer than any cell");
        }
        let end = self.filled.min(self.taken.saturating_add(self.allowed));
        Ok(self.chunk.get(self.taken..end).unwrap_or_default())
    }

    fn consume(&mut self, count: usize) {
        self.taken = self.taken.saturating_add(count).min(self.filled);
        self.allowed = self.allowed.saturating_sub(count);
    }
}
