//! What a workbook says of itself: who wrote it, who saved it last, what it is.
//!
//! Deliberately absent: belief. Whoever saves it in a spreadsheet becomes its last author, which is all that is asked.

use std::fs::File;

use super::archive::Archive;
use super::refusal::Refusal;
use super::xml::{Piece, Xml};

/// Longest author or title that is gathered.
const TEXT_BYTES_MAX: usize = 256;

/// Author, last author and title; blank where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::sheet) struct Says {
    pub(in crate::sheet) author: String,
    pub(in crate::sheet) last_author: String,
    pub(in crate::sheet) title: String,
}

/// What the workbook in `file` says of itself; none if it is no workbook.
pub(in crate::sheet) fn author_and_title(file: File) -> Option<Says> {
    let mut archive = Archive::open(file).ok()?;
    read(&mut archive).ok()
}

fn read(archive: &mut Archive) -> Result<Says, Refusal> {
    let mut xml = Xml::new(archive.part("docProps/core.xml")?);
    let (mut says, mut within) = (Says::default(), String::new());
    loop {
        match xml.piece()? {
            Piece::Start(start) => start.local_name().as_ref().clone_into(&mut within),
            Piece::End(_) => within.clear(),
            Piece::Text(text) => {
                let slot = match within.as_str() {
                    "creator" => &mut says.author,
                    "lastModifiedBy" => &mut says.last_author,
                    "title" => &mut says.title,
                    _ => continue,
                };
                if slot.len() + text.len() <= TEXT_BYTES_MAX {
                    slot.push_str(&text);
                }
            }
            Piece::Over => return Ok(says),
        }
    }
}
