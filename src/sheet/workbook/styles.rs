//! The formats of cells, by the number of their style.
//!
//! Deliberately absent: fonts, fills, borders and named styles, which change nothing that is read.

use std::collections::HashMap;

use super::archive::Archive;
use super::format::Format;
use super::refusal::Refusal;
use super::xml::{Piece, Xml, attribute, is};

/// Most styles: Excel's own limit is about 65,000.
const STYLES_MAX: usize = 70_000;
/// Most formats: Excel's own limit is a few hundred.
const FORMATS_MAX: usize = 10_000;
/// Formats with a lower number may stand without a code.
const OWN_FORMATS: u32 = 164;

/// The formats of a workbook.
#[derive(Debug)]
pub(super) struct Styles {
    formats: Vec<Format>,
    /// The format of each style, as its place among `formats`.
    by_style: Vec<usize>,
    general: Format,
}

impl Styles {
    /// Reads them; all cells are plain if there are none.
    pub(super) fn read(archive: &mut Archive, part: Option<&str>) -> Result<Self, Refusal> {
        let mut styles = Self {
            formats: Vec::new(),
            by_style: Vec::new(),
            general: Format::general(),
        };
        let Some(part) = part else {
            return Ok(styles);
        };
        let mut xml = Xml::new(archive.part(part)?);
        let mut codes: HashMap<u32, String> = HashMap::new();
        let mut places: HashMap<u32, usize> = HashMap::new();
        let mut in_cells = false;
        loop {
            match xml.piece()? {
                Piece::Start(start) if is(&start, "cellXfs") => in_cells = true,
                Piece::Start(start) if is(&start, "numFmt") && codes.len() < FORMATS_MAX => {
                    let code = attribute(&start, "formatCode").unwrap_or_default();
                    codes.insert(id(attribute(&start, "numFmtId")), code);
                }
                Piece::Start(start) if is(&start, "xf") && in_cells => {
                    let id = id(attribute(&start, "numFmtId"));
                    let place = *places.entry(id).or_insert_with(|| {
                        styles.formats.push(format(id, &codes));
                        styles.formats.len() - 1
                    });
                    if styles.by_style.len() >= STYLES_MAX {
                        return Err(Refusal::damaged(format!("{part} has too many styles")));
                    }
                    styles.by_style.push(place);
                }
                Piece::End(end) if end.local_name().as_ref() == "cellXfs" => in_cells = false,
                Piece::Start(_) | Piece::End(_) | Piece::Text(_) => {}
                Piece::Over => return Ok(styles),
            }
        }
    }

    /// The format of a style.
    pub(super) fn format(&self, style: usize) -> &Format {
        let place = self.by_style.get(style);
        let format = place.and_then(|place| self.formats.get(*place));
        format.unwrap_or(&self.general)
    }
}

/// A code of its own wins over a number that has one by agreement.
fn format(id: u32, codes: &HashMap<u32, String>) -> Format {
    match codes.get(&id) {
        Some(code) => Format::parse(code),
        None if id < OWN_FORMATS => Format::built_in(id),
        None => Format::general(),
    }
}

fn id(text: Option<String>) -> u32 {
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}
