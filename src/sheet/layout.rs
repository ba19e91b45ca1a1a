//! How a text file is laid out: its encoding, what separates its cells, and which columns the user has named.
//!
//! What is not said is read off the header line: the separator under which most columns are known. Where two would do,
//! nothing is guessed. Deliberately absent: guessing an encoding (`charset`), and what the columns mean (`header`).

use csv::StringRecord;

use super::charset::Charset;
use super::header::{Field, is_known, normal};
use super::split::{Found, Splitter};

/// The separators that are looked for, with the names that users type.
pub const DELIMITERS: [(&str, u8); 4] = [
    ("comma", b','),
    ("semicolon", b';'),
    ("tab", b'\t'),
    ("pipe", b'|'),
];
/// The line by which some programs tell a spreadsheet what separates the cells.
const SEPARATOR_LINE: &str = "sep=";

/// What the user says of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Its encoding; none: UTF-8, or as its mark says.
    pub encoding: Option<Charset>,
    /// What separates its cells; none: what its header line shows.
    pub delimiter: Option<u8>,
    /// Columns that stand for a field whatever they are called.
    pub map: Vec<(Field, String)>,
}

/// What the first line shows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// Cells are separated so; the header starts so many bytes and lines further on.
    Delimiter {
        delimiter: u8,
        bytes: usize,
        lines: u64,
    },
    /// The line is not read to its end yet.
    Part,
    /// Two separators would do as well.
    Doubtful([u8; 2]),
}

impl Layout {
    /// What separates the cells of the file that starts with `text`. `whole`: nothing follows it.
    pub(super) fn look(&self, text: &str, whole: bool) -> Seen {
        let Some((said, bytes)) = separator_line(text, whole) else {
            return Seen::Part;
        };
        let lines = u64::from(bytes > 0);
        let at = |delimiter| Seen::Delimiter {
            delimiter,
            bytes,
            lines,
        };
        if let Some(delimiter) = self.delimiter.or(said) {
            return at(delimiter);
        }
        let text = text.get(bytes..).unwrap_or_default();
        let mut columns = Vec::with_capacity(DELIMITERS.len());
        for (_, delimiter) in DELIMITERS {
            match self.columns(text, whole, delimiter) {
                Some(found) => columns.push((found, delimiter)),
                None => return Seen::Part,
            }
        }
        match verdict(columns) {
            Ok(delimiter) => at(delimiter),
            Err(two) => Seen::Doubtful(two),
        }
    }

    /// How many columns of the first row are known, and how many there are, if `delimiter` separates them. None: there
    /// may be more of them.
    fn columns(&self, text: &str, whole: bool, delimiter: u8) -> Option<(usize, usize)> {
        let mut record = StringRecord::new();
        match Splitter::new(delimiter).row(text, whole, &mut record) {
            Found::Row { .. } => {
                let known = record.iter().filter(|cell| self.knows(cell)).count();
                Some((known, record.len()))
            }
            Found::Part { .. } => None,
            Found::OpenQuote { .. } | Found::Nothing => Some((0, 0)),
        }
    }

    fn knows(&self, cell: &str) -> bool {
        let name = normal(cell);
        is_known(&name) || self.map.iter().any(|(_, column)| normal(column) == name)
    }
}

/// The separator with most known columns, else the only one with more than one column, else the comma.
fn verdict(mut columns: Vec<((usize, usize), u8)>) -> Result<u8, [u8; 2]> {
    // Stable: of equals the one that is named first stays first.
    columns.sort_by_key(|(found, _)| std::cmp::Reverse(*found));
    match columns.as_slice() {
        [((known, count), best), ((next_known, next_count), next), ..] => {
            if known == next_known && *count > 1 && *next_count > 1 {
                Err([*best, *next])
            } else if *count > 1 {
                Ok(*best)
            } else {
                Ok(b',')
            }
        }
        _ => Ok(b','),
    }
}

/// What a `sep=;` line at the very start says, and how long it is. None: it is not read to its end yet.
fn separator_line(text: &str, whole: bool) -> Option<(Option<u8>, usize)> {
    let line = match text.find(['\n', '\r']) {
        Some(end) => text.get(..end).unwrap_or_default(),
        None if whole || text.len() > SEPARATOR_LINE.len() + 4 => return Some((None, 0)),
        None => return None,
    };
    let plain = line.trim_matches('"');
    let (head, said) = plain
        .split_at_checked(SEPARATOR_LINE.len())
        .unwrap_or_default();
    let &[delimiter] = said.as_bytes() else {
        return Some((None, 0));
    };
    let separates = delimiter == b'\t' || delimiter.is_ascii_punctuation() && delimiter != b'"';
    if !head.eq_ignore_ascii_case(SEPARATOR_LINE) || !separates {
        return Some((None, 0));
    }
    let behind = text.get(line.len()..).unwrap_or_default();
    if behind == "\r" && !whole {
        return None;
    }
    let end = if behind.starts_with("\r\n") { 2 } else { 1 };
    Some((Some(delimiter), line.len() + end))
}

/// A separator's name.
pub(super) fn name_of(delimiter: u8) -> &'static str {
    let found = DELIMITERS.iter().find(|(_, known)| *known == delimiter);
    found.map_or("another character", |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(text: &str) -> Seen {
        Layout::default().look(text, true)
    }

    #[test]
    fn the_header_line_shows_what_separates_the_cells() {
        for (text, delimiter) in [
            ("name,phone,amount\n", b','),
            ("name;phone;amount\n", b';'),
            ("name\tphone\tamount", b'\t'),
            ("name|phone|amount\r\n", b'|'),
            // Others may stand in cells, quoted or not.
            ("\"Name, full\";phone;amount\n", b';'),
            ("name;phone;amount;a,b,c,d,e\n", b';'),
            ("name,phone,amount,\"x;y;z;w\"\n", b','),
            ("name,phone,\"amount\nin rupees\"\n", b','),
            ("\n\nname;phone;amount\n", b';'),
            // Nothing separates, or nothing is known: as far as it goes.
            ("name\n", b','),
            ("", b','),
            ("a;b;c\n", b';'),
        ] {
            let wanted = Seen::Delimiter {
                delimiter,
                bytes: 0,
                lines: 0,
            };
            assert_eq!(look(text), wanted, "{text:?}");
        }
        assert_eq!(look("a;b,c\n"), Seen::Doubtful([b',', b';']));
        assert_eq!(look("name;x,phone\n"), Seen::Doubtful([b',', b';']));
        let mapped = Layout {
            map: vec![(Field::Phone, "b".into())],
            ..Layout::default()
        };
        assert!(matches!(
            mapped.look("b|a,c|d\n", true),
            Seen::Delimiter {
                delimiter: b'|',
                ..
            }
        ));
    }

    #[test]
    fn a_separator_line_is_obeyed() {
        for (text, delimiter, bytes) in [
            ("sep=;\nname,phone\n", b';', 6),
            ("SEP=|\r\nname", b'|', 7),
            ("sep=\t\rname", b'\t', 6),
            ("\"sep=;\"\nname", b';', 8),
            ("sep=^\nname", b'^', 6),
        ] {
            let lines = 1;
            let wanted = Seen::Delimiter {
                delimiter,
                bytes,
                lines,
            };
            assert_eq!(look(text), wanted, "{text:?}");
        }
        for text in ["sep=ab\nname,phone", "sep=a\nname,phone", "sep=", "sep"] {
            let at_start = matches!(look(text), Seen::Delimiter { bytes: 0, .. });
            assert!(at_start, "{text:?}");
        }
    }

    #[test]
    fn a_line_in_parts_is_waited_for() {
        let text = "sep=;\r\n\"name\";phone\r\n";
        for end in 0..text.len() {
            let seen = Layout::default().look(&text[..end], false);
            let early = matches!(seen, Seen::Part);
            assert!(early || seen == look(text), "{end} {seen:?}");
        }
    }
}
