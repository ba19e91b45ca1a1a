//! The formats of cells, by the number of their style, and whether they are struck out.
//!
//! Deliberately absent: all else of fonts, fills, borders and named styles, which change nothing that is read.

use std::collections::HashMap;

use super::archive::Archive;
use super::format::Format;
use super::refusal::Refusal;
use super::xml::{Piece, Xml, attribute, is, is_on};

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
    /// The format of each style, as its place among `formats`, and whether its font is struck through.
    by_style: Vec<(usize, bool)>,
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
        let (mut in_fonts, mut fonts, mut in_cells) = (false, Vec::new(), false);
        loop {
            match xml.piece()? {
                Piece::Start(start) if is(&start, "cellXfs") => in_cells = true,
                Piece::Start(start) if is(&start, "fonts") => in_fonts = true,
                Piece::Start(start) if in_fonts => {
                    if is(&start, "font") && fonts.len() < STYLES_MAX {
                        fonts.push(false);
                    } else if is(&start, "strike")
                        && let Some(struck) = fonts.last_mut()
                    {
                        *struck = is_on(&start);
                    }
                }
                Piece::Start(start) if is(&start, "numFmt") && codes.len() < FORMATS_MAX => {
                    let code = attribute(&start, "formatCode").unwrap_or_default();
                    codes.insert(id(attribute(&start, "numFmtId")), code);
                }
                Piece::Start(start) if is(&start, "xf") && in_cells => {
                    let font = attribute(&start, "fontId").and_then(|text| text.parse().ok());
                    let font: usize = font.unwrap_or(0);
                    let struck = fonts.get(font).copied().unwrap_or(false);
                    let id = id(attribute(&start, "numFmtId"));
                    let place = *places.entry(id).or_insert_with(|| {
                        styles.formats.push(format(id, &codes));
                        styles.formats.len() - 1
                    });
                    if styles.by_style.len() >= STYLES_MAX {
                        return Err(Refusal::damaged(format!("{part} has too many styles")));
                    }
                    styles.by_style.push((place, struck));
                }
                Piece::End(end) => match end.local_name().as_ref() {
                    "fonts" => in_fonts = false,
                    "cellXfs" => in_cells = false,
                    _ => {}
                },
                Piece::Start(_) | Piece::Text(_) => {}
                Piece::Over => return Ok(styles),
            }
        }
    }

    /// The format of a style.
    pub(super) fn format(&self, style: usize) -> &Format {
        let place = self.by_style.get(style);
        let format = place.and_then(|(place, _)| self.formats.get(*place));
        format.unwrap_or(&self.general)
    }

    /// Whether cells of a style are struck out.
    pub(super) fn is_struck(&self, style: usize) -> bool {
        self.by_style.get(style).is_some_and(|(_, struck)| *struck)
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
