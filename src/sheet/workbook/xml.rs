//! XML as workbooks use it, piece by piece, with a limit on each piece and on how deep they nest.
//!
//! Names are taken without their prefix, which writers choose freely. Deliberately absent: document types (no
//! spreadsheet writes one, and entities are what bombs are made of), other encodings than UTF-8, and namespaces.

use std::borrow::Cow;

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;

use super::part::Part;
use super::refusal::Refusal;

/// Longest piece: Excel's longest cell is 32,767 characters, of which each may take seven bytes.
pub(super) const PIECE_BYTES_MAX: usize = 256 * 1024;
/// Deepest nesting: a cell's rich text stands seven deep; extensions a few more.
const DEPTH_MAX: usize = 64;

/// The pieces of one part.
pub(super) struct Xml {
    reader: Reader<Part>,
    buffer: Vec<u8>,
    depth: usize,
}

/// A piece: what the readers of parts ask about.
pub(super) enum Piece<'x> {
    /// `<name ...>`; `<name/>` too, followed by its end.
    Start(BytesStart<'x>),
    /// `</name>`
    End(quick_xml::events::BytesEnd<'x>),
    /// Characters, entities resolved. One text may come in several pieces.
    Text(Cow<'x, str>),
    /// The end of the part, whose checksum was right.
    Over,
}

impl Xml {
    pub(super) fn new(part: Part) -> Self {
        let mut reader = Reader::from_reader(part);
        reader.config_mut().expand_empty_elements = true;
        Self {
            reader,
            buffer: Vec::new(),
            depth: 0,
        }
    }

    /// The next piece.
    pub(super) fn piece(&mut self) -> Result<Piece<'_>, Refusal> {
        self.buffer.clear();
        self.reader.get_mut().allow(PIECE_BYTES_MAX);
        let event = match self.reader.read_event_into(&mut self.buffer) {
            Ok(event) => event,
            Err(error) => return Err(failed(self.reader.get_ref(), &error)),
        };
        Ok(match event {
            Event::Start(start) => {
                self.depth += 1;
                if self.depth > DEPTH_MAX {
                    return Err(damaged(
                        self.reader.get_ref(),
                        "nests deeper than any sheet",
                    ));
                }
                Piece::Start(start)
            }
            Event::End(end) => {
                self.depth = self.depth.saturating_sub(1);
                Piece::End(end)
            }
            Event::Text(text) => Piece::Text(match text.into_inner() {
                Cow::Borrowed(text) => line_ends(text),
                Cow::Owned(text) => Cow::Owned(line_ends(&text).into_owned()),
            }),
            Event::CData(text) => Piece::Text(text.into_inner()),
            Event::GeneralRef(entity) => match resolved(&entity) {
                Some(text) => Piece::Text(Cow::Owned(text)),
                None => return Err(damaged(self.reader.get_ref(), "holds an unknown entity")),
            },
            Event::DocType(_) => {
                return Err(damaged(self.reader.get_ref(), "holds a document type"));
            }
            Event::Eof => Piece::Over,
            // `Empty` is told apart into a start and an end by the reader.
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) | Event::Empty(_) => {
                Piece::Text(Cow::Borrowed(""))
            }
        })
    }

    /// Damage in this part.
    pub(super) fn damaged(&self, what: &str) -> Refusal {
        damaged(self.reader.get_ref(), what)
    }
}

fn damaged(part: &Part, what: &str) -> Refusal {
    Refusal::damaged(format!("{} {what}", part.name()))
}

/// Of a carriage return and a line feed XML makes one line feed.
fn line_ends(text: &str) -> Cow<'_, str> {
    if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The five entities that XML knows by itself, and characters by number.
fn resolved(entity: &BytesRef<'_>) -> Option<String> {
    if let Ok(Some(character)) = entity.resolve_char_ref() {
        return Some(character.to_string());
    }
    let text = match entity.as_ref() {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "apos" => "'",
        _ => return None,
    };
    Some(text.to_owned())
}

fn failed(part: &Part, error: &quick_xml::Error) -> Refusal {
    let known = part.refusal().cloned();
    known.unwrap_or_else(|| Refusal::damaged(format!("{}: {error}", part.name())))
}

/// An attribute's value, by its name without prefix.
pub(super) fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut all = start.attributes();
    let found = all
        .with_checks(false)
        .filter_map(Result::ok)
        .find(|attribute| attribute.key.local_name().as_ref() == name)?;
    let value = quick_xml::escape::unescape(&found.value).ok()?;
    Some(value.into_owned())
}

/// Whether a property such as `<strike/>` is set: it is unless its value says otherwise.
pub(super) fn is_on(start: &BytesStart<'_>) -> bool {
    !matches!(
        attribute(start, "val").as_deref(),
        Some("0" | "false" | "off")
    )
}

/// Whether a piece's name, without prefix, is `name`.
pub(super) fn is(start: &BytesStart<'_>, name: &str) -> bool {
    start.local_name().as_ref() == name
}
