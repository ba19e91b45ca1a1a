//! Where bytes become text: everything behind this reader is UTF-8 without NUL bytes, and its size is bounded.
//!
//! Only UTF-8 is taken, with or without a byte order mark (the CSV reader drops the mark). This is the seam for
//! other encodings: a decoder for UTF-16, Windows-1252 or a workbook would stand between `source` and `chunk`.
//! Deliberately absent: any lossy decoding, and CSV itself.

use std::io::{self, Read};

use aws_lc_rs::digest::{Context, SHA256};

use super::error::Encoding;

/// Bytes read at a time: large enough that a chunk's checks cost nothing per row.
pub(super) const CHUNK_BYTES: usize = 128 * 1024;

/// What stands at the end of what the CSV reader sees: it ends a last row that has no line end of its own. The
/// second byte is swallowed only by a quote that is still open, which shows that it is.
pub(super) const SENTINEL: &[u8] = b"\n\n";

/// Why the bytes cannot be text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// Not UTF-8.
    NotUtf8 {
        line: u64,
        byte: u64,
        looks: Encoding,
    },
    /// A NUL byte.
    Nul { line: u64, byte: u64 },
    /// More bytes than [`Text::allow_until`] allows were asked for.
    TooLong,
}

/// A reader of checked UTF-8.
pub(super) struct Text<R> {
    source: R,
    chunk: Vec<u8>,
    /// Checked bytes of `chunk` not yet handed on start here.
    handed: usize,
    /// Bytes of the file before `chunk`.
    before: u64,
    /// Line ends before `chunk`.
    lines_before: u64,
    /// An unfinished character at the end of the last chunk.
    carry: Vec<u8>,
    allowed: u64,
    ended: bool,
    broken: Option<Broken>,
    hash: Option<Context>,
}

impl<R: Read> Text<R> {
    /// Reads `source`; with its SHA-256 if asked for.
    pub(super) fn new(source: R, fingerprint: bool) -> Self {
        Self {
            source,
            chunk: Vec::new(),
            handed: 0,
            before: 0,
            lines_before: 0,
            carry: Vec::new(),
            allowed: u64::MAX,
            ended: false,
            broken: None,
            hash: fingerprint.then(|| Context::new(&SHA256)),
        }
    }

    /// No byte from `offset` on will be handed out until the caller says otherwise: what bounds a row.
    pub(super) fn allow_until(&mut self, offset: u64) {
        self.allowed = offset;
    }

    /// Why the last read failed, if the bytes were to blame.
    pub(super) fn broken(&self) -> Option<Broken> {
        self.broken
    }

    /// The byte at `offset`, if it is in the chunk last read.
    pub(super) fn byte_at(&self, offset: u64) -> Option<u8> {
        let index = usize::try_from(offset.checked_sub(self.before)?).ok()?;
        self.chunk.get(index).copied()
    }

    /// Whether no line feed is in the chunk last read: with carriage returns, that is an old Mac's file.
    pub(super) fn chunk_has_line_feed(&self) -> bool {
        self.chunk.contains(&b'\n')
    }

    /// Offset behind the last byte of the sentinel; none before the end was reached.
    pub(super) fn end(&self) -> Option<u64> {
        self.ended.then(|| self.before + length(&self.chunk))
    }

    /// SHA-256 of the file, once it was read to its end and if it was asked for.
    pub(super) fn fingerprint(&self) -> Option<[u8; 32]> {
        let hash = self.hash.clone().filter(|_| self.ended)?;
        hash.finish().as_ref().try_into().ok()
    }

    fn refill(&mut self) -> io::Result<()> {
        self.before += length(&self.chunk);
        self.lines_before += count_line_feeds(&self.chunk);
        self.chunk.clear();
        self.handed = 0;
        self.chunk.append(&mut self.carry);
        let room = CHUNK_BYTES - self.chunk.len();
        let carried = self.chunk.len();
        let room = u64::try_from(room).unwrap_or(u64::MAX);
        (&mut self.source).take(room).read_to_end(&mut self.chunk)?;
        let fresh = self.chunk.get(carried..).unwrap_or_default();
        self.ended = fresh.is_empty();
        if let Some(hash) = &mut self.hash {
            hash.update(fresh);
        }
        self.check()?;
        if self.ended {
            self.chunk.extend_from_slice(SENTINEL);
        }
        Ok(())
    }

    /// Refuses what is not UTF-8; keeps a character cut by the chunk's end for the next one.
    fn check(&mut self) -> io::Result<()> {
        if let Err(error) = std::str::from_utf8(&self.chunk) {
            let valid = error.valid_up_to();
            if error.error_len().is_some() || self.ended {
                let (line, byte) = self.place(valid);
                let looks = self.looks();
                return self.fail(Broken::NotUtf8 { line, byte, looks });
            }
            self.carry = self.chunk.split_off(valid);
        }
        // `contains` is many times faster than `position`, and chunks without a NUL are the rule.
        let first = || self.chunk.iter().position(|byte| *byte == 0);
        if let Some(index) = self.chunk.contains(&0).then(first).flatten() {
            let (line, byte) = self.place(index);
            let broken = match self.looks() {
                Encoding::Other => Broken::Nul { line, byte },
                looks @ (Encoding::Utf16 | Encoding::Workbook) => {
                    Broken::NotUtf8 { line, byte, looks }
                }
            };
            return self.fail(broken);
        }
        Ok(())
    }

    fn place(&self, index: usize) -> (u64, u64) {
        let head = self.chunk.get(..index).unwrap_or_default();
        let line = self.lines_before + count_line_feeds(head) + 1;
        (line, self.before + length(head))
    }

    fn looks(&self) -> Encoding {
        match self.chunk.as_slice() {
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] if self.before == 0 => Encoding::Utf16,
            [b'P', b'K', 3, 4, ..] if self.before == 0 => Encoding::Workbook,
            _ => Encoding::Other,
        }
    }

    fn fail(&mut self, broken: Broken) -> io::Result<()> {
        self.broken = Some(broken);
        Err(io::Error::other("the bytes are not a text"))
    }
}

impl<R: Read> Read for Text<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.handed >= self.chunk.len() {
            if self.ended {
                return Ok(0);
            }
            if self.before + length(&self.chunk) >= self.allowed {
                self.fail(Broken::TooLong)?;
            }
            self.refill()?;
        }
        let rest = self.chunk.get(self.handed..).unwrap_or_default();
        let count = rest.len().min(out.len());
        if let (Some(target), Some(source)) = (out.get_mut(..count), rest.get(..count)) {
            target.copy_from_slice(source);
        }
        self.handed += count;
        Ok(count)
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// In runs short enough for a `u8`, and wrapping, so that the compiler counts many bytes at once.
fn count_line_feeds(bytes: &[u8]) -> u64 {
    let feeds = |part: &[u8]| {
        part.iter().fold(0u8, |count, byte| {
            count.wrapping_add(u8::from(*byte == b'\n'))
        })
    };
    bytes
        .chunks(usize::from(u8::MAX))
        .map(|part| u64::from(feeds(part)))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Vec<u8>, Option<Broken>> {
        let mut text = Text::new(bytes, false);
        let mut out = Vec::new();
        match text.read_to_end(&mut out) {
            Ok(_) => Ok(out),
            Err(_) => Err(text.broken()),
        }
    }

    #[test]
    fn text_passes_with_the_sentinel_behind_it() {
        assert_eq!(read(b""), Ok(b"\n\n".to_vec()));
        assert_eq!(read("a,₹".as_bytes()), Ok("a,₹\n\n".into()));
    }

    #[test]
    fn characters_cut_by_a_chunk_are_whole_again() {
        let text = format!("a{}", "₹".repeat(CHUNK_BYTES));
        assert_eq!(
            read(text.as_bytes()),
            Ok(format!("{text}\n\n").into_bytes())
        );
    }

    #[test]
    fn what_is_not_text_is_refused_at_its_place() {
        let far = [
            b"x\n".repeat(CHUNK_BYTES),
            b"\xe9".to_vec(),
            b"tail".to_vec(),
        ]
        .concat();
        let not = |line, byte, looks| Err(Some(Broken::NotUtf8 { line, byte, looks }));
        assert_eq!(read(b"a\nb\xe9c"), not(2, 3, Encoding::Other));
        assert_eq!(read(b"a\xe2\x82"), not(1, 1, Encoding::Other));
        assert_eq!(read(b"\xff\xfea\0"), not(1, 0, Encoding::Utf16));
        assert_eq!(read(b"PK\x03\x04\0\0"), not(1, 4, Encoding::Workbook));
        assert_eq!(read(b"a\n\0"), Err(Some(Broken::Nul { line: 2, byte: 2 })));
        let place = u64::try_from(CHUNK_BYTES).unwrap();
        assert_eq!(read(&far), not(place + 1, place * 2, Encoding::Other));
    }

    #[test]
    fn no_more_is_read_than_allowed() {
        let mut text = Text::new(io::repeat(b'x'), false);
        text.allow_until(1000);
        let mut out = Vec::new();
        assert!(text.read_to_end(&mut out).is_err());
        assert_eq!(text.broken(), Some(Broken::TooLong));
        assert!(out.len() <= 2 * CHUNK_BYTES);
    }

    #[test]
    fn the_fingerprint_is_of_the_file_alone() {
        let mut text = Text::new(&b"abc"[..], true);
        assert_eq!(text.fingerprint(), None);
        text.read_to_end(&mut Vec::new()).unwrap();
        let wanted = aws_lc_rs::digest::digest(&SHA256, b"abc");
        assert_eq!(text.fingerprint().unwrap().as_slice(), wanted.as_ref());
    }
}
