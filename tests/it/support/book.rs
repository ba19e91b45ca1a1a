//! Workbooks written by hand, so that a test can say every byte of them: XML parts in a zip archive.
//!
//! Deliberately absent: any of the program's own writers.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::DeflateEncoder;

/// A workbook under construction.
#[derive(Clone, Debug)]
pub(crate) struct Book {
    parts: Vec<(String, Vec<u8>)>,
    rows: String,
    around: (String, String),
    next: u32,
}

const TYPES: &str = r#"<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>"#;
const ROOT: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const LINKS: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/><Relationship Id="rId3" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/></Relationships>"#;
const WORKBOOK: &str = r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="June" sheetId="1" r:id="rId1"/></sheets></workbook>"#;

/// The formats of the styles, in order: style 0 is General.
pub(crate) const FORMATS: [&str; 21] = [
    "General",
    "0.00",
    "#,##,##0.00",
    "[$₹-4009]\\ #,##0.00",
    "dd/mm/yyyy",
    "@",
    "0",
    "$#,##0.00",
    "0%",
    "0.00E+00",
    "#,##0.00,",
    ";;;",
    "(#,##0.00)",
    "\\-0.00",
    "0\",\"00",
    "00000000",
    "mmm-yy",
    "\"9\"0",
    "00000\\-00000",
    "\"E\"0000",
    "[>=100000]##\\,##\\,##0.00;##,##0.00",
];

/// The style whose font is struck through.
pub(crate) const STRUCK: usize = FORMATS.len();

impl Book {
    pub(crate) fn new() -> Book {
        let codes: Vec<String> = FORMATS
            .iter()
            .enumerate()
            .map(|(place, code)| {
                let code = code.replace('"', "&quot;").replace('>', "&gt;");
                format!(
                    r#"<numFmt numFmtId="{}" formatCode="{code}"/>"#,
                    200 + place
                )
            })
            .collect();
        let styles: Vec<String> = (0..FORMATS.len())
            .map(|place| format!(r#"<xf numFmtId="{}"/>"#, 200 + place))
            .collect();
        let styles = format!(
            "<styleSheet><numFmts>{}</numFmts><fonts><font><b/><strike val=\"0\"/></font><font><strike/></font></fonts>\
             <cellStyleXfs><xf numFmtId=\"9\" fontId=\"1\"/></cellStyleXfs><cellXfs>{}<xf numFmtId=\"200\" fontId=\"1\"/></cellXfs>\
             <dxfs><dxf><font><strike/></font></dxf></dxfs></styleSheet>",
            codes.concat(),
            styles.concat()
        );
        let part = |name: &str, text: &str| (name.to_owned(), text.as_bytes().to_vec());
        Book {
            parts: vec![
                part("[Content_Types].xml", TYPES),
                part("_rels/.rels", ROOT),
                part("xl/workbook.xml", WORKBOOK),
                part("xl/_rels/workbook.xml.rels", LINKS),
                part("xl/styles.xml", &styles),
            ],
            rows: String::new(),
            around: (String::new(), String::new()),
            next: 1,
        }
    }

    /// A sheet with the columns that every sheet needs and a date: `name,phone,amount,link_expiry`.
    pub(crate) fn simple() -> Book {
        Book::new().row(&[
            text("name"),
            text("phone"),
            text("amount"),
            text("link_expiry"),
        ])
    }

    /// Adds or replaces a part.
    pub(crate) fn part(mut self, name: &str, bytes: impl AsRef<[u8]>) -> Book {
        self.parts.retain(|(known, _)| known != name);
        self.parts.push((name.to_owned(), bytes.as_ref().to_vec()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Book {
        self.parts.retain(|(known, _)| known != name);
        self
    }

    /// Adds a row of cells, each the XML of `<c>` without its place.
    pub(crate) fn row(mut self, cells: &[String]) -> Book {
        let row = self.next;
        let cells: Vec<String> = cells
            .iter()
            .enumerate()
            .filter(|(_, cell)| !cell.is_empty())
            .map(|(column, cell)| {
                let letter = char::from(b'A' + u8::try_from(column).expect("few columns"));
                cell.replacen("<c", &format!("<c r=\"{letter}{row}\""), 1)
            })
            .collect();
        self.next += 1;
        self.xml(&format!("<row r=\"{row}\">{}</row>", cells.concat()))
    }

    /// Adds rows as XML.
    pub(crate) fn xml(mut self, rows: &str) -> Book {
        self.rows.push_str(rows);
        self
    }

    /// What stands in the sheet's part before and behind its rows.
    pub(crate) fn around(mut self, before: &str, behind: &str) -> Book {
        self.around = (before.to_owned(), behind.to_owned());
        self
    }

    /// The sheet's part.
    pub(crate) fn sheet(&self) -> String {
        let (before, behind) = &self.around;
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\">{before}<sheetData>{}</sheetData>{behind}</worksheet>",
            self.rows
        )
    }

    /// All parts, the sheet's among them.
    pub(crate) fn parts(&self) -> Vec<(String, Vec<u8>)> {
        let mut parts = self.parts.clone();
        let sheet = "xl/worksheets/sheet1.xml";
        if !parts.iter().any(|(name, _)| name == sheet) {
            parts.push((sheet.to_owned(), self.sheet().into_bytes()));
        }
        parts
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        zip(&self.parts())
    }
}

/// A text in the cell itself.
pub(crate) fn text(text: &str) -> String {
    format!("<c t=\"inlineStr\"><is><t xml:space=\"preserve\">{text}</t></is></c>")
}

/// A number as stored, in one of [`FORMATS`].
pub(crate) fn number(stored: &str, format: &str) -> String {
    let style = FORMATS.iter().position(|code| *code == format);
    let style = style.expect("a format of the book");
    format!("<c s=\"{style}\"><v>{stored}</v></c>")
}

/// One file of an archive, as its writer states it.
#[derive(Clone, Debug)]
pub(crate) struct Zipped {
    pub(crate) name: String,
    pub(crate) packed: Vec<u8>,
    pub(crate) unpacked: u32,
    pub(crate) crc: u32,
    pub(crate) method: u16,
    pub(crate) flags: u16,
}

impl Zipped {
    /// Packed as everybody does.
    pub(crate) fn deflated(name: &str, bytes: &[u8]) -> Zipped {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).expect("memory");
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        Zipped {
            name: name.to_owned(),
            packed: encoder.finish().expect("memory"),
            unpacked: u32::try_from(bytes.len()).expect("small"),
            crc: crc.sum(),
            method: 8,
            flags: 0,
        }
    }
}

/// An archive of parts.
pub(crate) fn zip(parts: &[(String, Vec<u8>)]) -> Vec<u8> {
    let zipped = parts
        .iter()
        .map(|(name, bytes)| Zipped::deflated(name, bytes));
    archive(&zipped.collect::<Vec<_>>())
}

/// An archive of files, each stated as it says.
pub(crate) fn archive(files: &[Zipped]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    let long = |bytes: &[u8]| u32::try_from(bytes.len()).expect("small");
    for file in files {
        let at = long(&out);
        let mut shared = Vec::new();
        for number in [20, file.flags, file.method, 0, 33] {
            shared.extend(number.to_le_bytes());
        }
        for number in [file.crc, long(&file.packed), file.unpacked] {
            shared.extend(number.to_le_bytes());
        }
        let name = file.name.as_bytes();
        shared.extend(u16::try_from(name.len()).expect("short").to_le_bytes());
        shared.extend([0, 0]);
        out.extend(b"PK\x03\x04");
        out.extend(&shared);
        out.extend(name);
        out.extend(&file.packed);
        directory.extend(b"PK\x01\x02\x14\0");
        directory.extend(&shared);
        directory.extend([0; 10]);
        directory.extend(at.to_le_bytes());
        directory.extend(name);
    }
    let count = u16::try_from(files.len()).unwrap_or(u16::MAX).to_le_bytes();
    let (start, size) = (long(&out).to_le_bytes(), long(&directory).to_le_bytes());
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(count);
    out.extend(count);
    out.extend(size);
    out.extend(start);
    out.extend([0, 0]);
    out
}

/// A part of an archive as text, found by the archive's list of parts.
pub(crate) fn unzip(bytes: &[u8], part: &str) -> String {
    use std::io::Read as _;
    let number = |at: usize, long: usize| {
        let bytes = bytes[at..at + long].iter().rev();
        bytes.fold(0usize, |value, byte| (value << 8) | usize::from(*byte))
    };
    let end = bytes.len() - 22;
    let mut at = number(end + 16, 4);
    loop {
        let (name, extra, comment) = (number(at + 28, 2), number(at + 30, 2), number(at + 32, 2));
        if bytes[at + 46..at + 46 + name] == *part.as_bytes() {
            break;
        }
        at += 46 + name + extra + comment;
        assert!(at < end, "no part {part}");
    }
    let (start, packed) = (number(at + 42, 4), number(at + 20, 4));
    let start = start + 30 + number(start + 26, 2) + number(start + 28, 2);
    let mut text = String::new();
    flate2::read::DeflateDecoder::new(&bytes[start..start + packed])
        .read_to_string(&mut text)
        .expect("it unpacks");
    text
}
