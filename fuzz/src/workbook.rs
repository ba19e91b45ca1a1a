//! Workbooks: any bytes under the name of one, and any XML in a sound archive, are read within bounds or refused, and
//! the verdict holds together and is the same the second time.

use paysheet::sheet::Layout;

use super::audit;

/// Stands between the parts of an input that is no archive: no XML in UTF-8 holds it.
const NEXT: u8 = 0xff;

/// The parts that the input replaces, in its order, with what they are where it is shorter.
const PARTS: [(&str, &str); 4] = [
    ("xl/worksheets/sheet1.xml", ""),
    (
        "xl/sharedStrings.xml",
        "<sst><si><t>name</t></si><si><t>phone</t></si><si><t>amount</t></si><si><t>link_expiry</t></si>\
         <si><t>Asha Menon</t></si></sst>",
    ),
    (
        "xl/styles.xml",
        "<styleSheet><numFmts><numFmt numFmtId=\"164\" formatCode=\"[$₹-4009] #,##,##0.00\"/></numFmts><cellXfs>\
         <xf numFmtId=\"0\"/><xf numFmtId=\"2\"/><xf numFmtId=\"14\"/><xf numFmtId=\"49\"/><xf numFmtId=\"164\"/>\
         </cellXfs></styleSheet>",
    ),
    (
        "xl/workbook.xml",
        "<workbook xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"><sheets>\
         <sheet name=\"June\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>",
    ),
];

/// The parts that lead to them.
const LINKS: [(&str, &str); 3] = [
    (
        "[Content_Types].xml",
        "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Override PartName=\"/xl/workbook.xml\" \
         ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/></Types>",
    ),
    (
        "_rels/.rels",
        "<Relationships><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" \
         Target=\"xl/workbook.xml\"/></Relationships>",
    ),
    (
        "xl/_rels/workbook.xml.rels",
        "<Relationships><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet\" \
         Target=\"worksheets/sheet1.xml\"/><Relationship Id=\"rId2\" \
         Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings\" Target=\"sharedStrings.xml\"/>\
         <Relationship Id=\"rId3\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles\" \
         Target=\"styles.xml\"/></Relationships>",
    ),
];

/// Judges the input: an archive as it is, anything else as the parts of one.
pub fn run(bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("june.xlsx");
    let made;
    let file = if bytes.starts_with(b"PK") {
        bytes
    } else {
        made = book(bytes);
        &made
    };
    std::fs::write(&path, file).unwrap();
    let rules = audit::rules(Layout::default(), false);
    let [first, second] = [0, 1].map(|_| audit::sheet(&path, &rules));
    match (first, second) {
        (Ok(first), Ok(second)) => assert_eq!(first, second),
        (Err(first), Err(second)) => assert_eq!(first.to_string(), second.to_string()),
        (first, second) => panic!("{first:?}, and then {second:?}"),
    }
}

/// A workbook of these parts.
fn book(input: &[u8]) -> Vec<u8> {
    let mut given = input.split(|byte| *byte == NEXT);
    let replaced = PARTS.iter().map(|(name, usual)| {
        let part = given.next().filter(|part| !part.is_empty());
        (*name, part.unwrap_or(usual.as_bytes()))
    });
    let links = LINKS.iter().map(|(name, part)| (*name, part.as_bytes()));
    let parts: Vec<(&str, &[u8])> = links.chain(replaced).collect();
    archive(&parts)
}

/// An archive that holds the parts unpacked.
fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, part) in parts {
        let at = word(file.len());
        let mut head = vec![20, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        head.extend(crc32(part).to_le_bytes());
        head.extend([word(part.len()), word(part.len())].concat());
        head.extend(&word(name.len())[..2]);
        head.extend([0, 0]);
        file.extend(b"PK\x03\x04");
        file.extend(&head);
        file.extend(name.as_bytes());
        file.extend(*part);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&head);
        directory.extend([0; 10]);
        directory.extend(at);
        directory.extend(name.as_bytes());
    }
    let start = word(file.len());
    let count = word(parts.len());
    file.extend(&directory);
    file.extend(b"PK\x05\x06\x00\x00\x00\x00");
    file.extend([&count[..2], &count[..2]].concat());
    file.extend([word(directory.len()), start].concat());
    file.extend([0, 0]);
    file
}

fn word(number: usize) -> [u8; 4] {
    u32::try_from(number).unwrap().to_le_bytes()
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        let bit = |crc: u32, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        (0..8).fold(crc ^ u32::from(*byte), bit)
    };
    !bytes.iter().fold(!0, step)
}
