//! Text sheets from their bytes on: the verdict holds together, does not depend on the pieces that the bytes come in,
//! and the rows are those that the `csv` crate reads.
//!
//! A plain file is an input. Options may stand behind it, after a byte that neither UTF-8 nor an Indian sheet holds.

use std::io::Cursor;
use std::path::Path;

use csv::{ReaderBuilder, StringRecord};
use paysheet::sheet::{CHARSETS, DELIMITERS, Encoding, Error, Layout, Records};

use super::audit;

/// Stands before the two bytes of options at the input's end.
const OPTIONS: u8 = 0xff;

/// How the input is to be read.
struct Wish {
    layout: Layout,
    allow_duplicates: bool,
    chunk: u32,
}

/// Judges the input as a sheet.
pub fn run(bytes: &[u8]) {
    let (sheet, wish) = wish(bytes);
    let whole = read(sheet, &wish.layout, None);
    in_pieces(sheet, &wish, &whole);
    as_csv_reads(sheet, &wish.layout, &whole);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("june.csv");
    std::fs::write(&path, sheet).unwrap();
    let rules = audit::rules(wish.layout, wish.allow_duplicates);
    let verdict = audit::sheet(&path, &rules);
    if let Ok(verdict) = &verdict {
        let rows: Vec<u64> = whole.rows.iter().map(|(line, _)| *line).collect();
        assert!(whole.end.is_none(), "judged, and cannot be read");
        assert_eq!(rows[1..], verdict.lines[..]);
    }
}

fn wish(bytes: &[u8]) -> (&[u8], Wish) {
    let (sheet, [first, second]) = match bytes {
        [sheet @ .., OPTIONS, first, second] => (sheet, [*first, *second]),
        _ => (bytes, [0, 0]),
    };
    let layout = Layout {
        encoding: CHARSETS.get(usize::from(first & 7)).map(|(_, it)| *it),
        delimiter: DELIMITERS
            .get(usize::from(first >> 3 & 7))
            .map(|(_, it)| *it),
        map: Vec::new(),
    };
    // Plain files are read as the program reads them.
    let plain = sheet.len() == bytes.len();
    let wish = Wish {
        layout: if plain { Layout::default() } else { layout },
        allow_duplicates: first & 64 != 0,
        chunk: u32::from(second).max(u32::try_from(sheet.len() / 200).unwrap()) + 1,
    };
    (sheet, wish)
}

/// All rows with their lines, and what ended them early.
struct Read {
    rows: Vec<(u64, StringRecord)>,
    end: Option<Error>,
}

fn read(sheet: &[u8], layout: &Layout, chunk: Option<u32>) -> Read {
    let mut records =
        Records::new(Cursor::new(sheet), Path::new("june.csv"), false).laid_out(layout);
    if let Some(chunk) = chunk {
        records = records.in_chunks(chunk);
    }
    let mut rows = Vec::new();
    loop {
        match records.next_record() {
            Ok(Some((line, cells))) => rows.push((line, cells.clone())),
            Ok(None) => return Read { rows, end: None },
            Err(end) => {
                return Read {
                    rows,
                    end: Some(end),
                };
            }
        }
    }
}

/// Bytes that cannot be decoded end the reading of the piece they come in, so fewer or more rows may come before.
fn in_pieces(sheet: &[u8], wish: &Wish, whole: &Read) {
    let pieces = read(sheet, &wish.layout, Some(wish.chunk));
    match (&whole.end, &pieces.end) {
        (None, None) => assert!(whole.rows == pieces.rows, "the rows depend on the pieces"),
        (Some(one), Some(other)) => {
            let shared = whole.rows.len().min(pieces.rows.len());
            assert_eq!(whole.rows[..shared], pieces.rows[..shared]);
            if let (Some((kind, at)), Some((other_kind, other_at))) = (place(one), place(other)) {
                // Of two things wrong in one piece, a NUL is told first.
                assert!(kind != other_kind || at == other_at, "{one} or {other}");
            }
        }
        (one, other) => panic!("the verdict depends on the pieces: {one:?} or {other:?}"),
    }
}

/// Whether it is a NUL that cannot be decoded, and on which line and byte.
fn place(error: &Error) -> Option<(bool, (u64, u64))> {
    match error {
        Error::Nul { line, byte, .. } => Some((true, (*line, *byte))),
        Error::Undecodable {
            line,
            byte,
            looks: Encoding::Other,
            ..
        } => Some((false, (*line, *byte))),
        _ => None,
    }
}

/// UTF-8 with a known delimiter, read by the `csv` crate, and its lines counted by hand.
fn as_csv_reads(sheet: &[u8], layout: &Layout, whole: &Read) {
    let Some(delimiter) = layout.delimiter.filter(|_| whole.end.is_none()) else {
        return;
    };
    let text = sheet.strip_prefix(b"\xef\xbb\xbf").unwrap_or(sheet);
    let is_utf8 = !sheet.starts_with(b"\xff\xfe") && !sheet.starts_with(b"\xfe\xff");
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    let head = text.trim_start_matches('"').get(..4);
    if !is_utf8
        || layout.encoding.is_some_and(|it| it.name() != "utf-8")
        || head.is_some_and(|head| head.eq_ignore_ascii_case("sep="))
    {
        return;
    }
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.unwrap();
        if record.iter().any(|cell| !cell.trim().is_empty()) {
            let from = usize::try_from(record.position().unwrap().byte()).unwrap();
            rows.push((line_of(text, from), record));
        }
    }
    assert_eq!(whole.rows.len(), rows.len());
    for ((line, ours), (wanted, theirs)) in whole.rows.iter().zip(&rows) {
        assert!(ours.iter().eq(theirs.iter()), "{ours:?} or {theirs:?}");
        assert_eq!(line, wanted, "{ours:?}");
    }
}

/// The line on which the first thing after `from` stands that is no line end.
fn line_of(text: &str, from: usize) -> u64 {
    let bytes = text.as_bytes();
    let ends = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let blank = bytes[from..].iter().take_while(|byte| ends(byte)).count();
    let before = text[..from + blank]
        .replace("\r\n", "\n")
        .replace('\r', "\n");
    u64::try_from(before.matches('\n').count()).unwrap() + 1
}
