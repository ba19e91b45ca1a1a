//! The texts that cells share, one after the other in one piece of memory, and how a text is read out of XML.
//!
//! Of fonts within a text only what changes how its characters are read: struck through, raised, lowered. Deliberately
//! absent: the reading aids (`rPh`) that stand beside some.

use quick_xml::events::BytesStart;

use super::archive::Archive;
use super::refusal::Refusal;
use super::xml::{Piece, Xml, attribute, is_on};

/// Most bytes of different texts: names and addresses of a million people take about half of it.
const TEXT_BYTES_MAX: usize = 96 * 1024 * 1024;
/// Most texts: every cell of a million rows has at most a handful of its own.
const TEXTS_MAX: usize = 8_000_000;
/// Longest text of one cell that is gathered; longer than any cell that is read.
const CELL_TEXT_BYTES_MAX: usize = 256 * 1024;

/// All shared texts.
#[derive(Debug, Default)]
pub(super) struct Texts {
    all: String,
    ends: Vec<u32>,
    /// The numbers of those with marked characters, ascending.
    marked: Vec<usize>,
}

impl Texts {
    /// Reads them; none if the workbook shares none.
    pub(super) fn read(archive: &mut Archive, part: Option<&str>) -> Result<Self, Refusal> {
        let mut texts = Self::default();
        let Some(part) = part else {
            return Ok(texts);
        };
        let mut xml = Xml::new(archive.part(part)?);
        let mut text = Gathered::default();
        loop {
            match xml.piece()? {
                Piece::Start(start) => text.start(&start),
                Piece::Text(piece) => text.take(&piece)?,
                Piece::End(end) => {
                    let name = end.local_name();
                    text.end(name.as_ref());
                    if name.as_ref() == "si" {
                        if text.marked() {
                            texts.marked.push(texts.ends.len());
                        }
                        texts.push(&text.unescaped())?;
                        text.clear();
                    }
                }
                Piece::Over => return Ok(texts),
            }
        }
    }

    /// The text of a number.
    pub(super) fn get(&self, index: usize) -> Option<&str> {
        let start = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        let end = *self.ends.get(index)?;
        let (start, end) = (usize::try_from(start).ok()?, usize::try_from(end).ok()?);
        self.all.get(start..end)
    }

    /// Whether the text of a number has characters that are struck through, raised or lowered.
    pub(super) fn is_marked(&self, index: usize) -> bool {
        self.marked.binary_search(&index).is_ok()
    }

    fn push(&mut self, text: &str) -> Result<(), Refusal> {
        self.all.push_str(text);
        if self.all.len() > TEXT_BYTES_MAX || self.ends.len() >= TEXTS_MAX {
            return Err(Refusal::TooMuchText {
                limit_mib: TEXT_BYTES_MAX / 1024 / 1024,
            });
        }
        let end = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        self.ends.push(end);
        Ok(())
    }
}

/// A text as it is gathered from the pieces of `<si>` or `<is>`.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    text: String,
    in_text: bool,
    in_aid: bool,
    /// Whether the run's font strikes its characters through, raises or lowers them.
    in_marked: bool,
    /// Whether any character that is seen stands in such a run.
    marked: bool,
}

impl Gathered {
    pub(super) fn start(&mut self, start: &BytesStart<'_>) {
        match start.local_name().as_ref() {
            "t" => self.in_text = true,
            "rPh" => self.in_aid = true,
            "r" => self.in_marked = false,
            "strike" => self.in_marked |= is_on(start),
            "vertAlign" => {
                let place = attribute(start, "val");
                self.in_marked |= matches!(place.as_deref(), Some("superscript" | "subscript"));
            }
            _ => {}
        }
    }

    pub(super) fn end(&mut self, name: &str) {
        match name {
            "t" => self.in_text = false,
            "rPh" => self.in_aid = false,
            "r" => self.in_marked = false,
            _ => {}
        }
    }

    pub(super) fn take(&mut self, piece: &str) -> Result<(), Refusal> {
        if self.in_text && !self.in_aid {
            self.text.push_str(piece);
            self.marked |= self.in_marked && !piece.trim().is_empty();
        }
        if self.text.len() > CELL_TEXT_BYTES_MAX {
            return Err(Refusal::damaged("it holds a text longer than any cell"));
        }
        Ok(())
    }

    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.marked = false;
    }

    pub(super) fn marked(&self) -> bool {
        self.marked
    }

    pub(super) fn unescaped(&self) -> std::borrow::Cow<'_, str> {
        unescaped(&self.text)
    }
}

/// `_x000D_` is how a workbook writes what XML cannot hold; `_x005F_` is an underscore that means itself.
pub(super) fn unescaped(text: &str) -> std::borrow::Cow<'_, str> {
    if !text.contains("_x") {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("_x") {
        let (head, tail) = rest.split_at(at);
        out.push_str(head);
        match escape(tail) {
            Some((character, after)) => {
                out.push(character);
                rest = after;
            }
            None => {
                let (mark, after) = tail.split_at(2);
                out.push_str(mark);
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out.into()
}

/// The character that `_xHHHH_` at the start stands for, and what follows. A NUL stays as it is written.
fn escape(text: &str) -> Option<(char, &str)> {
    let digits = text.get(2..6)?;
    let after = text.get(6..)?.strip_prefix('_')?;
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let number = u32::from_str_radix(digits, 16).ok()?;
    let character = char::from_u32(number).filter(|character| *character != '\0')?;
    Some((character, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_hold_is_read() {
        for (written, wanted) in [
            ("Asha", "Asha"),
            ("a_x000D_\nb", "a\r\nb"),
            ("_x005F_x000D_", "_x000D_"),
            ("a_x", "a_x"),
            ("a_x00", "a_x00"),
            ("_xyz12_", "_xyz12_"),
            ("_x0000_", "_x0000_"),
            ("_xD800_", "_xD800_"),
            ("ए_x", "ए_x"),
        ] {
            assert_eq!(unescaped(written), wanted);
        }
    }

    #[test]
    fn texts_are_found_by_number() {
        let mut texts = Texts::default();
        for text in ["Asha", "", "₹"] {
            texts.push(text).unwrap();
        }
        let found: Vec<_> = (0..4).map(|index| texts.get(index)).collect();
        assert_eq!(found, [Some("Asha"), Some(""), Some("₹"), None]);
    }
}
