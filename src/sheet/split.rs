//! Text to rows and cells. PURE. A quote opens a cell only at its start; inside, two quotes are one; a row ends at LF,
//! CR LF or CR; blank lines are no rows.
//!
//! The same rows as the `csv` crate gives, which the tests compare; written anew because half of the time of judging
//! a sheet went into splitting it, and because lines can only be counted here. Deliberately absent: where the text
//! comes from and how much of it there may be.

use csv::StringRecord;

/// Bytes looked at together.
const STEP: usize = 8;
/// The lowest bit of each byte.
const ONES: u64 = u64::from_le_bytes([1; STEP]);
/// The highest bit of each byte.
const HIGHS: u64 = u64::from_le_bytes([0x80; STEP]);
/// What line feed, carriage return and six rarer characters share, in each byte.
const ENDS: u64 = u64::from_le_bytes([0x08; STEP]);
/// Where those characters differ, in each byte.
const ENDS_DIFFER: u64 = u64::from_le_bytes([0x07; STEP]);

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

/// Splits rows.
pub(super) struct Splitter {
    delimiter: u8,
    delimiters: u64,
    /// A cell with doubled quotes, or with text behind its closing quote.
    mended: String,
}

/// Where a cell ended, or why it did not.
enum Cell {
    /// At this byte, which is a delimiter, a line's end or the text's; so many line ends are in it.
    Ends(usize, u64),
    /// Its closing quote is missing.
    Open,
}

impl Splitter {
    /// Cells are separated by `delimiter`, which is ASCII.
    pub(super) fn new(delimiter: u8) -> Self {
        Self {
            delimiter,
            delimiters: u64::from_le_bytes([delimiter; STEP]),
            mended: String::new(),
        }
    }

    /// Takes the first row of `text` into `record`. `whole`: nothing follows the text.
    pub(super) fn row(&mut self, text: &str, whole: bool, record: &mut StringRecord) -> Found {
        record.clear();
        let bytes = text.as_bytes();
        let (mut at, blank) = blank_lines(bytes, whole);
        if at == bytes.len() {
            return if whole {
                Found::Nothing
            } else {
                Found::Part { blank }
            };
        }
        let mut lines = 1;
        loop {
            let end = match self.cell(text, at, record) {
                Cell::Ends(end, inside) => {
                    lines += inside;
                    end
                }
                Cell::Open if whole => return Found::OpenQuote { blank },
                Cell::Open => return Found::Part { blank },
            };
            match bytes.get(end) {
                Some(byte) if *byte == self.delimiter => at = end + 1,
                None if !whole => return Found::Part { blank },
                Some(_) | None => {
                    let Some(length) = line_end(bytes, end, whole) else {
                        return Found::Part { blank };
                    };
                    let bytes = end + length;
                    return Found::Row {
                        blank,
                        lines,
                        bytes,
                    };
                }
            }
        }
    }

    /// Takes the cell that starts at `at`.
    fn cell(&mut self, text: &str, at: usize, record: &mut StringRecord) -> Cell {
        let bytes = text.as_bytes();
        if bytes.get(at) == Some(&b'"') {
            return self.quoted(text, at + 1, record);
        }
        let end = self.plain_until(bytes, at);
        record.push_field(text.get(at..end).unwrap_or_default());
        Cell::Ends(end, 0)
    }

    /// Takes the cell whose opening quote stands before `start`.
    fn quoted(&mut self, text: &str, start: usize, record: &mut StringRecord) -> Cell {
        let bytes = text.as_bytes();
        self.mended.clear();
        let mut from = start;
        loop {
            let Some(quote) = find_quote(bytes, from) else {
                return Cell::Open;
            };
            let part = text.get(from..quote).unwrap_or_default();
            if bytes.get(quote + 1) == Some(&b'"') {
                self.mended.push_str(part);
                self.mended.push('"');
                from = quote + 2;
                continue;
            }
            let end = self.plain_until(bytes, quote + 1);
            let inside = line_ends(bytes.get(start..quote).unwrap_or_default());
            if self.mended.is_empty() && end == quote + 1 {
                record.push_field(part);
            } else {
                self.mended.push_str(part);
                let behind = text.get(quote + 1..end).unwrap_or_default();
                self.mended.push_str(behind);
                record.push_field(&self.mended);
            }
            return Cell::Ends(end, inside);
        }
    }

    /// Where the first delimiter or line end from `at` on stands; the text's end if there is none.
    fn plain_until(&self, bytes: &[u8], mut at: usize) -> usize {
        let ends = |byte: u8| byte == self.delimiter || matches!(byte, b'\n' | b'\r');
        while let Some(step) = bytes.get(at..).and_then(|rest| rest.first_chunk::<STEP>()) {
            let word = u64::from_le_bytes(*step);
            let found = zero(word ^ self.delimiters) | zero(word & !ENDS_DIFFER ^ ENDS);
            if found == 0 {
                at += STEP;
                continue;
            }
            at += usize::try_from(found.trailing_zeros() / 8).unwrap_or(0);
            if bytes.get(at).is_some_and(|byte| ends(*byte)) {
                return at;
            }
            at += 1;
        }
        let rest = bytes.get(at..).unwrap_or_default();
        let end = rest.iter().position(|byte| ends(*byte));
        at + end.unwrap_or(rest.len())
    }
}

/// The highest bit of each byte that is zero; of those behind the first one it may be wrong.
fn zero(step: u64) -> u64 {
    step.wrapping_sub(ONES) & !step & HIGHS
}

fn find_quote(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    rest.iter()
        .position(|byte| *byte == b'"')
        .map(|place| from + place)
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
