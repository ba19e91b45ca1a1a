//! Text to rows and cells, by the `csv` crate's own machine (`csv-core`). PURE. A quote opens a cell only at its start;
//! inside, two quotes are one; a row ends at LF, CR LF or CR; blank lines are no rows.
//!
//! What is added here: how many lines a row takes, whether a text ends inside a quote, and that a row may be cut by the
//! end of what was read so far. Rows that end well before that end, and so nearly all, are read by the `csv` crate's
//! reader, which fills a record in place. Deliberately absent: where the text comes from and how much of it there may be.

use std::io::{Cursor, SeekFrom};

use csv::{Position, StringRecord};
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

/// Room for a row's text and cells, to begin with; a row that needs more gets more.
const TEXT_BYTES: usize = 1024;
const CELLS: usize = 32;

/// What stands at the start of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A row, behind `blank` blank lines; it takes `lines` lines and ends with them `bytes` further on.
    Row {
        blank: u64,
        lines: u64,
        bytes: usize,
    },
    /// The beginning of a row, behind `blank` blank lines.
    Part { blank: u64 },
    /// A row with a quote that nobody closes.
    OpenQuote { blank: u64 },
    /// Nothing but blank lines.
    Nothing,
}

/// What `csv` reads of a stretch at a time: little enough to stay in the nearest cache.
const READ_BYTES: usize = 16 * 1024;

/// Splits rows.
pub(super) struct Splitter {
    stretch: Stretch,
    /// Rows are still read from the stretch.
    on_stretch: bool,
    machine: Reader,
    /// The machine stands at the start of a row.
    ready: bool,
    /// A row's cells, one behind the other, and where each ends.
    text: Vec<u8>,
    ends: Vec<usize>,
}

/// How the machine left a row.
enum Left {
    /// Ended, by so many bytes; so much text in so many cells.
    Row {
        used: usize,
        text: usize,
        cells: usize,
    },
    /// Unended, outside of a quote or in one.
    Unended { quoted: bool },
}

impl Splitter {
    /// Cells are separated by `delimiter`, which is ASCII.
    pub(super) fn new(delimiter: u8) -> Self {
        Self {
            stretch: Stretch::new(delimiter),
            on_stretch: false,
            machine: ReaderBuilder::new().delimiter(delimiter).build(),
            ready: false,
            text: vec![0; TEXT_BYTES],
            ends: vec![0; CELLS],
        }
    }

    /// Says that the texts to come are `text`, each without the rows that were taken before it.
    pub(super) fn enter(&mut self, text: &str) {
        // At the very start of a text, and nowhere else, the reader would swallow a byte order mark.
        self.on_stretch = !text.starts_with('\u{feff}') && self.stretch.enter(text);
    }

    /// Takes the first row of `text` into `record`. `whole`: nothing follows the text.
    pub(super) fn row(&mut self, text: &str, whole: bool, record: &mut StringRecord) -> Found {
        if self.on_stretch {
            if let Some(found) = self.stretch.row(text, record) {
                return found;
            }
            self.on_stretch = false;
        }
        record.clear();
        let bytes = text.as_bytes();
        let (at, blank) = blank_lines(bytes, whole);
        let row = bytes.get(at..).unwrap_or_default();
        if row.is_empty() {
            return if whole {
                Found::Nothing
            } else {
                Found::Part { blank }
            };
        }
        match self.split(row, whole) {
            Left::Row { used, text, cells } => {
                self.take(text, cells, record);
                // The machine leaves the second half of CR LF to the next row.
                let feed = row.get(..used).is_some_and(|row| row.ends_with(b"\r"));
                let length = match (feed, row.get(used)) {
                    (true, Some(b'\n')) => used + 1,
                    (true, None) if !whole => return Found::Part { blank },
                    (_, _) => used,
                };
                let row = row.get(..length).unwrap_or_default();
                Found::Row {
                    blank,
                    lines: lines_of(row, text + cells == used),
                    bytes: at + length,
                }
            }
            Left::Unended { .. } if !whole => Found::Part { blank },
            Left::Unended { quoted: true } => Found::OpenQuote { blank },
            Left::Unended { quoted: false } => Found::Nothing,
        }
    }

    /// Runs the machine over one row.
    fn split(&mut self, mut input: &[u8], whole: bool) -> Left {
        if !std::mem::take(&mut self.ready) {
            self.restart();
        }
        let (mut used, mut text, mut cells) = (0, 0, 0);
        let mut ended = false;
        loop {
            let room = self.text.get_mut(text..).unwrap_or_default();
            let ends = self.ends.get_mut(cells..).unwrap_or_default();
            let (result, read, written, filled) = self.machine.read_record(input, room, ends);
            used += if ended { 0 } else { read };
            text += written;
            cells += filled;
            input = input.get(read..).unwrap_or_default();
            match result {
                ReadRecordResult::Record => {
                    self.ready = !ended;
                    return Left::Row { used, text, cells };
                }
                ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                // A line end of our own ends a last row that has none, unless it stands in a quote.
                ReadRecordResult::InputEmpty if whole && !ended => {
                    ended = true;
                    input = b"\n";
                }
                ReadRecordResult::InputEmpty | ReadRecordResult::End => {
                    return Left::Unended { quoted: ended };
                }
            }
        }
    }

    /// At its very start the machine would swallow a byte order mark; after a line end it would not.
    fn restart(&mut self) {
        self.machine.reset();
        self.machine.read_record(b"\n", &mut [], &mut []);
    }

    fn take(&self, text: usize, cells: usize, record: &mut StringRecord) {
        // Quotes and delimiters are ASCII, so what is left of a text is one.
        let text = self.text.get(..text).unwrap_or_default();
        let text = std::str::from_utf8(text).unwrap_or_default();
        let mut from = 0;
        for end in self.ends.get(..cells).unwrap_or_default() {
            record.push_field(text.get(from..*end).unwrap_or_default());
            from = *end;
        }
    }
}

/// A stretch of text whose rows `csv` reads, but for those that may go on behind it.
struct Stretch {
    reader: csv::Reader<Cursor<Vec<u8>>>,
    length: usize,
    /// Bytes of the rows taken.
    taken: usize,
}

impl Stretch {
    fn new(delimiter: u8) -> Stretch {
        let reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(READ_BYTES)
            .from_reader(Cursor::new(Vec::new()));
        Stretch {
            reader,
            length: 0,
            taken: 0,
        }
    }

    /// Goes to the start of a copy of `text`. False: it cannot be read so.
    fn enter(&mut self, text: &str) -> bool {
        let bytes = self.reader.get_mut().get_mut();
        bytes.clear();
        bytes.extend_from_slice(text.as_bytes());
        (self.length, self.taken) = (text.len(), 0);
        let start = SeekFrom::Start(0);
        self.reader.seek_raw(start, Position::new()).is_ok()
    }

    /// The next row, which is the first of `text`; none if it may go on behind the stretch.
    fn row(&mut self, text: &str, record: &mut StringRecord) -> Option<Found> {
        let bytes = text.as_bytes();
        let (at, blank) = blank_lines(bytes, false);
        if !self.reader.read_record(record).ok()? {
            return None;
        }
        // The reader leaves the second half of CR LF to the next row.
        let end = usize::try_from(self.reader.position().byte()).ok()?;
        if end + 1 >= self.length {
            return None;
        }
        let used = end.checked_sub(self.taken + at)?;
        let row = bytes.get(at..)?;
        let feed = row.get(..used)?.ends_with(b"\r") && row.get(used) == Some(&b'\n');
        let length = used + usize::from(feed);
        self.taken += at + length;
        Some(Found::Row {
            blank,
            lines: lines_of(
                row.get(..length)?,
                record.as_slice().len() + record.len() == used,
            ),
            bytes: at + length,
        })
    }
}

/// Lines that a row takes: one, and one more for each line end in a quote. `plain`: nothing but delimiters and the
/// line's end is missing from its cells, so that there is no quote.
fn lines_of(row: &[u8], plain: bool) -> u64 {
    if plain || memchr::memchr(b'"', row).is_none() {
        return 1;
    }
    let inner = row.trim_ascii_end();
    if memchr::memchr2(b'\n', b'\r', inner).is_some() {
        let ended = row.ends_with(b"\n") || row.ends_with(b"\r");
        return line_ends(row) + u64::from(!ended);
    }
    1
}

/// Bytes and number of the blank lines at the start.
fn blank_lines(bytes: &[u8], whole: bool) -> (usize, u64) {
    let (mut at, mut blank) = (0, 0);
    while let Some(b'\n' | b'\r') = bytes.get(at) {
        let Some(length) = line_end(bytes, at, whole) else {
            break;
        };
        at += length;
        blank += 1;
    }
    (at, blank)
}

/// How long the line end at `at` is; none if that depends on what follows.
fn line_end(bytes: &[u8], at: usize, whole: bool) -> Option<usize> {
    match (bytes.get(at), bytes.get(at + 1)) {
        (None, _) => Some(0),
        (Some(b'\r'), Some(b'\n')) => Some(2),
        (Some(b'\r'), None) if !whole => None,
        (Some(_), _) => Some(1),
    }
}

/// Line ends in `bytes`: LF, CR LF and CR.
pub(super) fn line_ends(bytes: &[u8]) -> u64 {
    let mut count = 0;
    let mut last = 0;
    for byte in bytes {
        let end = *byte == b'\r' || (*byte == b'\n' && last != b'\r');
        count += u64::from(end);
        last = *byte;
    }
    count
}

#[cfg(test)]
mod tests;
