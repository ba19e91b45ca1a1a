//! Which parts of the archive are what: the sheets and their names, the texts, the styles.
//!
//! All of it small, and read whole. Deliberately absent: charts, pictures, comments, names, links.

use super::archive::Archive;
use super::refusal::Refusal;
use super::xml::{Piece, Xml, attribute, is};

/// Most that one of these parts may unpack to.
const SMALL_PART_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Most relations or sheets: Excel's own limit lies far below.
const ITEMS_MAX: usize = 4096;

/// Where everything stands.
#[derive(Clone, Debug)]
pub(super) struct Parts {
    /// The part of the sheet that is read.
    pub(super) sheet: String,
    /// Its name.
    pub(super) name: String,
    /// The other visible sheets' names.
    pub(super) others: Vec<String>,
    /// The part of shared texts, if there is one.
    pub(super) texts: Option<String>,
    /// The part of styles, if there is one.
    pub(super) styles: Option<String>,
    /// Whether dates count from 1904.
    pub(super) from_1904: bool,
}

/// A pointer from one part to another.
#[derive(Clone, Debug)]
struct Relation {
    id: String,
    /// The last word of its type: `worksheet`.
    kind: String,
    target: String,
}

/// A sheet as the workbook lists it.
#[derive(Clone, Debug)]
struct Listed {
    name: String,
    relation: String,
    hidden: bool,
}

impl Parts {
    /// Finds the parts of the sheet called `wanted`, or of the first visible one.
    pub(super) fn find(archive: &mut Archive, wanted: Option<&str>) -> Result<Self, Refusal> {
        let kind = kind_of(archive);
        let roots = match relations(archive, "_rels/.rels") {
            Ok(roots) if kind.is_none() => roots,
            Ok(_) | Err(Refusal::Damaged { .. }) => {
                return Err(kind.unwrap_or(Refusal::NotABook));
            }
            Err(other) => return Err(other),
        };
        let book = roots.iter().find(|root| root.kind == "officeDocument");
        let book = book.ok_or(Refusal::NotABook)?;
        let book = beside("", &book.target);
        let (folder, file) = book.rsplit_once('/').unwrap_or(("", &book));
        let links = relations(archive, &beside(folder, &format!("_rels/{file}.rels")))?;
        let (listed, from_1904) = sheets(archive, &book)?;
        let cells = |sheet: &&Listed| {
            let link = links.iter().find(|link| link.id == sheet.relation);
            link.is_some_and(|link| link.kind == "worksheet")
        };
        let chosen = listed
            .iter()
            .filter(cells)
            .find(|sheet| wanted.map_or(!sheet.hidden, |wanted| is_called(sheet, wanted)));
        let chosen = chosen.ok_or_else(|| no_sheet(&listed, wanted))?;
        let others = listed
            .iter()
            .filter(|sheet| !sheet.hidden && sheet.name != chosen.name)
            .map(|sheet| sheet.name.clone())
            .collect();
        let sheet = links.iter().find(|link| link.id == chosen.relation);
        let one = |kind: &str| {
            let link = links.iter().find(|link| link.kind == kind);
            let part = link.map(|link| beside(folder, &link.target));
            part.filter(|part| archive.has(part))
        };
        Ok(Self {
            sheet: sheet.map_or_else(String::new, |link| beside(folder, &link.target)),
            name: chosen.name.clone(),
            others,
            texts: one("sharedStrings"),
            styles: one("styles"),
            from_1904,
        })
    }
}

fn is_called(sheet: &Listed, wanted: &str) -> bool {
    sheet.name.trim().to_lowercase() == wanted.trim().to_lowercase()
}

fn no_sheet(listed: &[Listed], wanted: Option<&str>) -> Refusal {
    let names = listed.iter().map(|sheet| format!("{:?}", sheet.name));
    let names: Vec<String> = names.take(20).collect();
    match wanted {
        Some(wanted) => Refusal::NoSuchSheet {
            wanted: wanted.to_owned(),
            found: names.join(", "),
        },
        None => Refusal::NoSheet,
    }
}

/// What the archive is, if it is not a workbook that is read, by the parts that only that has.
fn kind_of(archive: &mut Archive) -> Option<Refusal> {
    let names = || {
        archive
            .entries()
            .iter()
            .map(|entry| entry.name.to_lowercase())
    };
    let has = |part: &str| names().any(|name| name.ends_with(part));
    if has("vbaproject.bin") || has("xl/macrosheets/sheet1.xml") {
        Some(Refusal::Macros)
    } else if has("xl/workbook.bin") {
        Some(Refusal::Binary)
    } else if has("encryptedpackage") || has("encryptioninfo") {
        Some(Refusal::Encrypted)
    } else if archive.has("mimetype") && archive.has("content.xml") {
        Some(Refusal::OpenDocument)
    } else if has(".iwa") || has("index.zip") {
        Some(Refusal::Numbers)
    } else {
        has_macro_type(archive).then_some(Refusal::Macros)
    }
}

/// Whether the archive says of its workbook that it may run macros.
fn has_macro_type(archive: &mut Archive) -> bool {
    let mut found = false;
    let looked = each_start(archive, "[Content_Types].xml", |start| {
        let kind = attribute(start, "ContentType").unwrap_or_default();
        found |= kind.to_lowercase().contains("macroenabled");
        Ok(())
    });
    looked.is_ok() && found
}

fn relations(archive: &mut Archive, part: &str) -> Result<Vec<Relation>, Refusal> {
    let mut found = Vec::new();
    each_start(archive, part, |start| {
        if !is(start, "Relationship") || found.len() >= ITEMS_MAX {
            return Ok(());
        }
        if attribute(start, "TargetMode").as_deref() == Some("External") {
            return Ok(());
        }
        let (id, target) = (attribute(start, "Id"), attribute(start, "Target"));
        let kind = attribute(start, "Type").unwrap_or_default();
        let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
        found.push(Relation {
            id: id.unwrap_or_default(),
            kind,
            target: target.unwrap_or_default(),
        });
        Ok(())
    })?;
    Ok(found)
}

fn sheets(archive: &mut Archive, part: &str) -> Result<(Vec<Listed>, bool), Refusal> {
    let (mut found, mut from_1904) = (Vec::new(), false);
    each_start(archive, part, |start| {
        if is(start, "workbookPr") {
            let flag = attribute(start, "date1904");
            from_1904 = matches!(flag.as_deref(), Some("1" | "true" | "on"));
        }
        if is(start, "sheet") && found.len() < ITEMS_MAX {
            found.push(Listed {
                name: attribute(start, "name").unwrap_or_default(),
                relation: attribute(start, "id").unwrap_or_default(),
                hidden: attribute(start, "state").is_some_and(|state| state != "visible"),
            });
        }
        Ok(())
    })?;
    Ok((found, from_1904))
}

/// Shows every start of an element in a small part to `look`.
pub(super) fn each_start(
    archive: &mut Archive,
    part: &str,
    mut look: impl FnMut(&quick_xml::events::BytesStart<'_>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let mut xml = Xml::new(small(archive, part)?);
    loop {
        match xml.piece()? {
            Piece::Start(start) => look(&start)?,
            Piece::End(_) | Piece::Text(_) => {}
            Piece::Over => return Ok(()),
        }
    }
}

/// Opens a part that must not be large.
fn small(archive: &mut Archive, name: &str) -> Result<super::part::Part, Refusal> {
    let large = archive.entries().iter().any(|entry| {
        entry.name.eq_ignore_ascii_case(name) && entry.unpacked > SMALL_PART_BYTES_MAX
    });
    if large {
        return Err(Refusal::damaged(format!("its part {name} is too large")));
    }
    archive.part(name)
}

/// A target as seen from its folder: `worksheets/sheet1.xml`, `/xl/worksheets/sheet1.xml`, `../xl/styles.xml`.
fn beside(folder: &str, target: &str) -> String {
    let mut path: Vec<&str> = match target.strip_prefix('/') {
        Some(_) => Vec::new(),
        None => folder.split('/').filter(|step| !step.is_empty()).collect(),
    };
    for step in target.split(['/', '\\']) {
        match step {
            "" | "." => {}
            ".." => {
                path.pop();
            }
            step => path.push(step),
        }
    }
    path.join("/")
}

#[cfg(test)]
mod tests {
    use super::beside;

    #[test]
    fn targets_are_seen_from_their_folder() {
        for (folder, target, wanted) in [
            ("", "xl/workbook.xml", "xl/workbook.xml"),
            ("", "/xl/workbook.xml", "xl/workbook.xml"),
            ("xl", "worksheets/sheet1.xml", "xl/worksheets/sheet1.xml"),
            ("xl", "/xl/styles.xml", "xl/styles.xml"),
            ("xl", "../xl/./styles.xml", "xl/styles.xml"),
            ("xl", "../../../styles.xml", "styles.xml"),
        ] {
            assert_eq!(beside(folder, target), wanted);
        }
    }
}
