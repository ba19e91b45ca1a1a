//! Where bytes become text: everything behind this reader is UTF-8 without NUL bytes, and its size is bounded.
//!
//! UTF-8 is taken with or without a byte order mark, UTF-16 with one, and what an option names. Nothing else is
//! guessed: a wrong guess would pay a wrong name. Deliberately absent: any lossy decoding, and CSV itself.

use std::io::{self, Read};

use aws_lc_rs::digest::{Context, SHA256};

use super::charset::{Charset, Decoded, looks_like, mark_of};
use super::error::Encoding;
use super::split::line_ends;

/// Bytes read at a time: large enough that a chunk's checks cost nothing per row.
pub(super) const CHUNK_BYTES: usize = 128 * 1024;

/// The longest mark that a file may start with, in bytes.
const MARK_BYTES_MAX: u32 = 3;

/// Why no more text can be had.
#[derive(Debug)]
pub(super) enum Broken {
    /// Reading failed.
    Io(io::Error),
    /// Not in the encoding that was asked for; `ends` lines end between the window's start and there.
    Undecodable {
        ends: u64,
        byte: u64,
        charset: Charset,
        looks: Encoding,
    },
    /// A NUL character.
    Nul { ends: u64, byte: u64 },
    /// The file's mark says another encoding than the option.
    Mark { says: Charset, asked: Charset },
}

/// A window on the text of a file, moved along by its reader.
pub(super) struct Text<R> {
    source: R,
    window: String,
    asked: Option<Charset>,
    charset: Option<Charset>,
    /// Bytes read and not yet decoded: a character cut by the end of a chunk.
    raw: Vec<u8>,
    /// Bytes of the file before `raw`.
    before: u64,
    /// Bytes read at a time.
    chunk: u64,
    ended: bool,
    hash: Option<Context>,
}

impl<R: Read> Text<R> {
    /// Reads `source`; with its SHA-256 if asked for.
    pub(super) fn new(source: R, fingerprint: bool) -> Self {
        Self {
            source,
            window: String::new(),
            asked: None,
            charset: None,
            raw: Vec::new(),
            before: 0,
            chunk: long(CHUNK_BYTES),
            ended: false,
            hash: fingerprint.then(|| Context::new(&SHA256)),
        }
    }

    /// In this encoding, whatever the file looks like.
    pub(super) fn ask(&mut self, charset: Option<Charset>) {
        self.asked = charset;
    }

    /// So many bytes at a time; never less than a mark at the start takes.
    pub(super) fn take(&mut self, bytes: u32) {
        self.chunk = u64::from(bytes.max(MARK_BYTES_MAX));
    }

    /// What was read and not yet let go.
    pub(super) fn window(&self) -> &str {
        &self.window
    }

    /// Whether nothing follows the window.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// SHA-256 of the file, once it was read to its end and if it was asked for.
    pub(super) fn fingerprint(&self) -> Option<[u8; 32]> {
        let hash = self.hash.clone().filter(|_| self.ended)?;
        hash.finish().as_ref().try_into().ok()
    }

    /// Lets go of the window before `from`, and reads on.
    pub(super) fn read_on(&mut self, from: usize) -> Result<(), Broken> {
        match self.charset {
            Some(Charset::Utf8) => self.read_utf8(from),
            Some(charset) => self.read_other(charset, from),
            None => {
                self.begin()?;
                self.read_on(from)
            }
        }
    }

    /// The first bytes say in which encoding the file is.
    fn begin(&mut self) -> Result<(), Broken> {
        self.read_raw()?;
        self.ended = false;
        let charset = match (mark_of(&self.raw), self.asked) {
            (Some((says, _)), Some(asked)) if says != asked => {
                return Err(Broken::Mark { says, asked });
            }
            (Some((says, length)), _) => {
                self.raw.drain(..length);
                self.before += long(length);
                says
            }
            (None, asked) => asked.unwrap_or(Charset::Utf8),
        };
        self.charset = Some(charset);
        Ok(())
    }

    /// Appends a chunk to what is not yet decoded.
    fn read_raw(&mut self) -> Result<(), Broken> {
        let mut raw = std::mem::take(&mut self.raw);
        self.append(&mut raw)?;
        self.raw = raw;
        Ok(())
    }

    /// Appends a chunk of the file.
    fn append(&mut self, to: &mut Vec<u8>) -> Result<(), Broken> {
        let known = to.len();
        let read = (&mut self.source).take(self.chunk).read_to_end(to);
        read.map_err(Broken::Io)?;
        let fresh = to.get(known..).unwrap_or_default();
        self.ended = fresh.is_empty();
        if let Some(hash) = &mut self.hash {
            hash.update(fresh);
        }
        Ok(())
    }

    /// The usual case: the bytes are checked where they are read to.
    fn read_utf8(&mut self, from: usize) -> Result<(), Broken> {
        let mut bytes = std::mem::take(&mut self.window).into_bytes();
        bytes.drain(..from);
        let known = bytes.len();
        bytes.append(&mut self.raw);
        self.append(&mut bytes)?;
        if memchr::memchr(0, bytes.get(known..).unwrap_or_default()).is_some() {
            return Err(self.nul(&bytes, known));
        }
        match String::from_utf8(bytes) {
            Ok(window) => {
                self.before += long(window.len() - known);
                self.window = window;
                Ok(())
            }
            Err(error) => self.cut(error, known),
        }
    }

    /// A character cut by the chunk's end is kept for the next one; anything else is refused.
    fn cut(&mut self, error: std::string::FromUtf8Error, known: usize) -> Result<(), Broken> {
        let (valid, cut) = {
            let why = error.utf8_error();
            (why.valid_up_to(), why.error_len().is_none())
        };
        let mut bytes = error.into_bytes();
        if !cut || self.ended {
            let start = self.before == 0;
            return Err(Broken::Undecodable {
                ends: line_ends(bytes.get(..valid).unwrap_or_default()),
                byte: self.before + long(valid - known),
                charset: Charset::Utf8,
                looks: looks_like(&bytes, start),
            });
        }
        self.raw = bytes.split_off(valid);
        self.before += long(valid - known);
        self.window = String::from_utf8(bytes).unwrap_or_default();
        Ok(())
    }

    fn nul(&self, bytes: &[u8], known: usize) -> Broken {
        let index = bytes.iter().position(|byte| *byte == 0).unwrap_or(0);
        let ends = line_ends(bytes.get(..index).unwrap_or_default());
        let byte = self.before + long(index.saturating_sub(known));
        match looks_like(bytes, self.before == 0) {
            Encoding::Other => Broken::Nul { ends, byte },
            looks @ (Encoding::Utf16(_) | Encoding::Workbook) => Broken::Undecodable {
                ends,
                byte,
                charset: Charset::Utf8,
                looks,
            },
        }
    }

    fn read_other(&mut self, charset: Charset, from: usize) -> Result<(), Broken> {
        self.window.drain(..from);
        let known = self.window.len();
        self.read_raw()?;
        let Decoded { used, whole } = charset.decode(&self.raw, self.ended, &mut self.window);
        let at = self.before + long(used);
        self.before = at;
        self.raw.drain(..used);
        let ends = || line_ends(self.window.as_bytes());
        if !whole {
            let (ends, looks) = (ends(), Encoding::Other);
            return Err(Broken::Undecodable {
                ends,
                byte: at,
                charset,
                looks,
            });
        }
        if let Some(index) = self.window.get(known..).and_then(|text| text.find('\0')) {
            let head = self.window.get(..known + index).unwrap_or_default();
            let behind = self.window.get(known + index..).unwrap_or_default();
            let byte = at - charset.bytes_of(behind);
            let ends = line_ends(head.as_bytes());
            return Err(Broken::Nul { ends, byte });
        }
        Ok(())
    }
}

fn long(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
