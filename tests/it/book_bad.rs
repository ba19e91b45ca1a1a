//! Bad workbooks: cells that cannot be trusted are problems of those cells (exit 3), files that cannot be read are
//! refused with a sentence and a remedy of their own (exit 1), bombs among them before they are unpacked.
//!
//! Each is checked under a limit on memory. Deliberately absent: time, which depends on the machine.

use std::path::PathBuf;

use crate::support::book::{Book, STRUCK, Zipped, archive, number, text, zip};
use crate::support::world::india_day;
use crate::support::*;

/// Address space that reading any bad file may take, in KiB: the program itself maps about half of it.
const MEMORY_KIB: u32 = 768 * 1024;

/// Validates under the limit.
fn validate(world: &World, name: &str) -> Output {
    let limit = format!("ulimit -v {MEMORY_KIB}");
    world
        .paysheet()
        .args(["validate", name, "--json"])
        .after(limit)
        .run()
}

const NAME: &str = "Asha";

/// One cell of a row that is else sound, with the column and the code that it must be given.
fn bad_cells() -> Vec<(&'static str, String, &'static str)> {
    let phone = |cell: String, code| ("phone", cell, code);
    let amount = |cell: String, code| ("amount", cell, code);
    let formula = |value: &str| format!("<c><f>1+1</f>{value}</c>");
    let failed = |error: &str| format!("<c t=\"e\"><f>1/0</f><v>{error}</v></c>");
    vec![
        phone(formula(""), "cell.formula"),
        amount(formula(""), "cell.formula"),
        amount(formula("<v/>"), "cell.formula"),
        ("name", formula(""), "cell.formula"),
        ("name", failed("#N/A"), "cell.error"),
        phone(failed("#REF!"), "cell.error"),
        amount(failed("#REF!"), "cell.error"),
        amount(failed("#DIV/0!"), "cell.error"),
        ("link_expiry", failed("#VALUE!"), "cell.error"),
        phone(number("1234567890123456", "0"), "cell.precision"),
        phone(number("9.0000000011E19", "General"), "cell.precision"),
        phone(number("9000000012.5", "0"), "phone.decimal"),
        phone(number("9000000013", "dd/mm/yyyy"), "cell.date"),
        phone(number("9000000014", ";;;"), "cell.hidden"),
        phone(number("900000001", "0"), "phone.length"),
        phone(number("-9000000016", "0"), "cell.negative"),
        phone(number("5000000017", "0"), "phone.start"),
        amount(number("1250.456", "General"), "amount.decimals"),
        amount(number("1250.456", "0.00"), "amount.hidden_decimals"),
        amount(number("1250.5", "0"), "amount.hidden_decimals"),
        amount(number("0.5", "0%"), "amount.shown"),
        amount(number("125000", "0.00E+00"), "amount.shown"),
        amount(number("125000", "#,##0.00,"), "amount.shown"),
        amount(number("1250", "$#,##0.00"), "amount.currency"),
        amount(number("1250", "dd/mm/yyyy"), "cell.date"),
        amount(number("1250", ";;;"), "cell.hidden"),
        amount(number("-5", "0.00"), "amount.negative"),
        amount(number("-5", "(#,##0.00)"), "amount.negative"),
        // What the cell shows is not what it holds.
        amount(number("1250", "(#,##0.00)"), "amount.shown"),
        amount(number("1250", "\\-0.00"), "amount.shown"),
        amount(number("1250", "0\",\"00"), "amount.shown"),
        amount(number("1250", "00000\\-00000"), "amount.shown"),
        amount(number("1250", "00000000"), "amount.leading_zero"),
        phone(number("900000018", "\"9\"0"), "cell.shown"),
        ("link_expiry", number("46361", "mmm-yy"), "expiry.shown"),
        amount(number("0", "0.00"), "amount.too_small"),
        amount(number("0.99", "0.00"), "amount.too_small"),
        amount(number("99999999999", "0.00"), "amount.too_large"),
        amount(text("ten"), "amount.format"),
        amount("<c t=\"b\"><v>1</v></c>".into(), "amount.format"),
        ("link_expiry", number("20000", "dd/mm/yyyy"), "expiry.past"),
        // Digits that nobody reads as one number, or that are struck out.
        amount(runs("<strike/>", "500", "600"), "cell.shown"),
        amount(runs("<strike val=\"1\"/>", "500", "600"), "cell.shown"),
        amount(
            runs("<vertAlign val=\"superscript\"/>", "1", "500"),
            "cell.shown",
        ),
        phone(
            runs("<vertAlign val=\"subscript\"/>", "9", "000000019"),
            "cell.shown",
        ),
        ("name", runs("<b/><strike/>", "Asha", " Ravi"), "cell.shown"),
        amount("<c t=\"s\"><v>1</v></c>".into(), "cell.shown"),
        amount(struck("500"), "cell.struck"),
        phone(struck("9000000020"), "cell.struck"),
        ("name", struck_text("Ravi"), "cell.struck"),
        ("name", String::new(), "name.missing"),
    ]
}

/// A text of two runs in the cell itself, the first of them as `mark` says.
fn runs(mark: &str, first: &str, second: &str) -> String {
    format!(
        "<c t=\"inlineStr\"><is><r><rPr>{mark}</rPr><t>{first}</t></r><r><t xml:space=\"preserve\">{second}</t></r></is></c>"
    )
}

/// A number whose cell is struck out.
fn struck(stored: &str) -> String {
    format!("<c s=\"{STRUCK}\"><v>{stored}</v></c>")
}

/// A text whose cell is struck out.
fn struck_text(shown: &str) -> String {
    text(shown).replacen("<c", &format!("<c s=\"{STRUCK}\""), 1)
}

#[test]
fn a_cell_that_cannot_be_trusted_is_that_cells_problem() {
    let world = World::new();
    let strings = "<sst><si><r><t>Asha</t></r></si>\
        <si><r><rPr><strike/></rPr><t>500</t></r><r><t>600</t></r></si></sst>";
    let mut book = Book::simple().part("xl/sharedStrings.xml", strings);
    let cells = bad_cells();
    for (place, (column, cell, _)) in cells.iter().enumerate() {
        let mut row = [
            text(NAME),
            number(&format!("80000000{place:02}"), "0"),
            number("5", "0.00"),
            String::new(),
        ];
        let slot = ["name", "phone", "amount", "link_expiry"]
            .iter()
            .position(|name| name == column);
        row[slot.unwrap()] = cell.clone();
        book = book.row(&row);
    }
    world.sheet("june.xlsx", book.bytes());
    let output = validate(&world, "june.xlsx").exits(3);
    assert_eq!(output.json()["invalid"], cells.len());
    let found: Vec<[String; 3]> = world
        .table("june.problems.csv")
        .rows
        .iter()
        .map(|row| ["line", "column", "code"].map(|name| row[name].clone()))
        .collect();
    let wanted: Vec<[String; 3]> = (2..)
        .zip(&cells)
        .map(|(line, (column, _, code)): (u32, _)| {
            [line.to_string(), (*column).to_owned(), (*code).to_owned()]
        })
        .collect();
    assert_eq!(found, wanted);
    assert_eq!(world.names(), ["june.problems.csv", "june.xlsx"]);
}

/// The same number is another day in a calendar that counts from 1904, so nothing is suggested.
#[test]
fn a_number_for_a_day_is_not_read_in_the_other_calendar() {
    let date = jiff::civil::date(1899, 12, 30).until(india_day(5)).unwrap();
    let serial = date.get_days().to_string();
    let text_or_number = [
        number(&serial, "General"),
        number(&serial, "0"),
        text(&serial),
    ];
    for day in text_or_number {
        let row = [text(NAME), number("9000000001", "0"), number("5", "0"), day];
        for (from_1904, suggested) in [("0", true), ("1", false)] {
            let world = World::new();
            let sheets = format!(
                r#"<workbook xmlns:r="r"><workbookPr date1904="{from_1904}"/><sheets><sheet name="June" sheetId="1" r:id="rId1"/></sheets></workbook>"#
            );
            let book = Book::simple().row(&row).part("xl/workbook.xml", sheets);
            world.sheet("june.xlsx", book.bytes());
            let run = world.paysheet().args(["validate", "june.xlsx"]).run();
            let shown = run.exits(3).all();
            let meant = shown.contains(&india_day(5).to_string());
            assert_eq!(meant, suggested, "{shown}");
            let table = world.table("june.problems.csv");
            assert_eq!(table.rows[0]["code"], "expiry.serial");
        }
    }
}

/// What stands in a sheet as a whole and cannot be paid: exit 3.
#[test]
fn sheets_that_cannot_be_paid() {
    let far =
        |cell: &str, row: u32| format!("<row r=\"{row}\"><c r=\"{cell}{row}\"><v>1</v></c></row>");
    let long = "x".repeat(5000);
    let cases: [(Book, &[&str]); 9] = [
        (Book::new(), &["is empty"]),
        (Book::simple(), &["has a header but no rows"]),
        (
            Book::new()
                .row(&[text("June payroll")])
                .row(&[text("name")]),
            &[
                "line 1: no column for name",
                "this seems to be a title: remove the rows above",
            ],
        ),
        (
            Book::new().row(&["who", "where", "why"].map(text)),
            &[
                "the first row that is not blank must name the columns; another sheet is chosen with --sheet-name",
            ],
        ),
        (
            Book::simple().xml(&far("XFD", 1_048_576)),
            &["line 1048576: too many columns"],
        ),
        (
            Book::simple().xml(&far("BM", 2)),
            &["line 2: too many columns (at most 64 columns)"],
        ),
        (
            Book::simple().row(&[text(&long)]),
            &["line 2: a cell is too long"],
        ),
        (
            Book::simple().row(&[
                text(NAME),
                number("9000000001", "0"),
                number("5", "0"),
                String::new(),
                text("note"),
            ]),
            &[
                "in column E of this row is a value, but no column's name",
                "name its column in the header",
            ],
        ),
        (
            Book::new()
                .row(&["name", "phone", "amount", "notify"].map(text))
                .row(&[
                    text(NAME),
                    number("9000000001", "0"),
                    number("5", "0"),
                    struck_text("no"),
                ]),
            &["line 2", "notify", "this cell is struck out"],
        ),
    ];
    for (book, words) in cases {
        let world = World::new();
        world.sheet("june.xlsx", book.bytes());
        validate(&world, "june.xlsx").exits(3).says(words);
    }
}

fn sound() -> Book {
    Book::simple().row(&[
        text(NAME),
        number("9000000001", "0"),
        number("5", "0.00"),
        String::new(),
    ])
}

/// An OLE container whose directory holds these names.
fn ole(names: &[&str]) -> Vec<u8> {
    let mut bytes = vec![0; 4096];
    bytes[..8].copy_from_slice(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1");
    bytes[30] = 9;
    bytes[48] = 1;
    for (place, name) in names.iter().enumerate() {
        let wide: Vec<u8> = name.bytes().flat_map(|byte| [byte, 0]).collect();
        let at = 1024 + place * 128;
        bytes[at..at + wide.len()].copy_from_slice(&wide);
    }
    bytes
}

/// The sound workbook, its sheet's part stated as `change` says.
fn stated(change: impl Fn(&mut Zipped)) -> Vec<u8> {
    let files = sound().parts();
    let files: Vec<Zipped> = files
        .iter()
        .map(|(name, bytes)| {
            let mut file = Zipped::deflated(name, bytes);
            if name.contains("sheet1") {
                change(&mut file);
            }
            file
        })
        .collect();
    archive(&files)
}

fn types(kind: &str) -> String {
    format!(
        "<Types><Override PartName=\"/xl/workbook.xml\" ContentType=\"application/vnd.ms-excel.{kind}.main+xml\"/></Types>"
    )
}

type Refused = (&'static str, Vec<u8>, &'static str);

/// Files that are no workbook, or not one that is read.
/// A file that another program wrote.
fn corpus(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/books-refused");
    std::fs::read(folder.join(name)).unwrap()
}

/// Old, encrypted or macro-bearing files.
fn office_files() -> Vec<Refused> {
    let macros = "it carries macros, which are never run or trusted here: save it as \"Excel Workbook (.xlsx)\"";
    let password = "it is protected by a password: open it in the spreadsheet, remove the password";
    let old = "it is an old Excel workbook (.xls): open it and save it as .xlsx";
    vec![
        ("a.xlsx", ole(&["Root Entry", "EncryptedPackage"]), password),
        ("b.xlsx", ole(&["EncryptionInfo"]), password),
        ("c.xlsx", stated(|file| file.flags = 1), password),
        ("d.xls", ole(&["Root Entry", "Workbook"]), old),
        ("e.xls", ole(&["Book"]), old),
        ("f.xls", corpus("libreoffice.xls"), old),
        ("g.csv", corpus("libreoffice.xls"), old),
        (
            "i.xlsm",
            sound().part("xl/vbaProject.bin", "x").bytes(),
            macros,
        ),
        (
            "j.xlsx",
            sound().part("xl/vbaProject.bin", "x").bytes(),
            macros,
        ),
        (
            "k.xlsx",
            sound()
                .part("[Content_Types].xml", types("sheet.macroEnabled"))
                .bytes(),
            macros,
        ),
        (
            "l.xlsb",
            sound().part("xl/workbook.bin", "x").bytes(),
            "it is a binary workbook (.xlsb)",
        ),
    ]
}

/// Files of other programs, and files under a wrong name.
fn other_files() -> Vec<Refused> {
    let zipped = |names: &[&str]| -> Vec<u8> {
        let parts = names
            .iter()
            .map(|name| ((*name).to_owned(), b"<x/>".to_vec()));
        zip(&parts.collect::<Vec<_>>())
    };
    let page = "it is a web page (or XML) saved under the name of a sheet";
    let no_book = "it is a zip archive, but no workbook: unpack it";
    vec![
        (
            "h.doc",
            ole(&["WordDocument"]),
            "it is an old Office document, but no workbook",
        ),
        (
            "m.ods",
            corpus("libreoffice.ods"),
            "it is an OpenDocument file (.ods): save it as .xlsx or as CSV",
        ),
        (
            "n.numbers",
            zipped(&["Index/Document.iwa"]),
            "it is an Apple Numbers file: export it to Excel",
        ),
        ("o.zip", zipped(&["june.csv"]), no_book),
        (
            "p.docx",
            zipped(&["word/document.xml", "_rels/.rels"]),
            no_book,
        ),
        ("q.xlsx", archive(&[]), no_book),
        (
            "r.csv",
            sound().bytes(),
            "it is an Excel workbook under the name of a text file: rename it to end in .xlsx",
        ),
        ("s.txt", sound().bytes(), "under the name of a text file"),
        (
            "t.xlsx",
            b"name,phone,amount\nAsha,9000000001,5\n".to_vec(),
            "it is named like a workbook, but is a text: rename it",
        ),
        ("u.xls", b"<html><table><tr><td>name".to_vec(), page),
        (
            "v.xls",
            b"\xef\xbb\xbf\n <?xml version=\"1.0\"?><Workbook>".to_vec(),
            page,
        ),
    ]
}

/// Damaged workbooks.
fn damaged() -> Vec<Refused> {
    let whole = sound().bytes();
    let cut = |at: usize| whole[..at].to_vec();
    let twice = [sound().parts(), sound().parts()].concat();
    let missing = |part: &str| sound().without(part).bytes();
    vec![
        (
            "a.xlsx",
            cut(100),
            "ends before its list of parts; was it copied whole?",
        ),
        ("b.xlsx", cut(whole.len() - 1), "was it copied whole?"),
        (
            "c.xlsx",
            [&whole[..], b"tail"].concat(),
            "was it copied whole?",
        ),
        ("d.xlsx", zip(&twice), "two parts named"),
        (
            "e.xlsx",
            stated(|file| file.crc ^= 1),
            "has another checksum than it states",
        ),
        (
            "f.xlsx",
            stated(|file| file.unpacked += 1),
            "is shorter than it states",
        ),
        (
            "g.xlsx",
            stated(|file| file.unpacked -= 1),
            "unpacks to more than it states",
        ),
        (
            "h.xlsx",
            stated(|file| file.method = 12),
            "is packed in an unknown way",
        ),
        (
            "i.xlsx",
            stated(|file| file.packed.truncate(20)),
            "is damaged",
        ),
        (
            "j.xlsx",
            stated(|file| file.packed[2] ^= 0xff),
            "is damaged",
        ),
        (
            "k.xlsx",
            missing("xl/workbook.xml"),
            "its part xl/workbook.xml is missing",
        ),
        (
            "l.xlsx",
            missing("xl/_rels/workbook.xml.rels"),
            "is missing",
        ),
        (
            "m.xlsx",
            missing("_rels/.rels"),
            "it is a zip archive, but no workbook",
        ),
    ]
}

/// Workbooks whose XML is not what a spreadsheet writes.
fn misshapen() -> Vec<Refused> {
    let sheet = |xml: &str| sound().part("xl/worksheets/sheet1.xml", xml).bytes();
    let rows = |xml: &str| Book::simple().xml(xml).bytes();
    let deep = format!("<worksheet>{}", "<a>".repeat(100));
    let cell = "<c><v>1</v></c>";
    vec![
        ("n.xlsx", sheet("<worksheet><sheetData><row>"), "is damaged"),
        (
            "o.xlsx",
            sheet("<worksheet><sheetData></worksheet>"),
            "is damaged",
        ),
        (
            "p.xlsx",
            sheet("<!DOCTYPE x [<!ENTITY a \"b\">]><worksheet/>"),
            "holds a document type",
        ),
        (
            "q.xlsx",
            sheet("<worksheet>&a;</worksheet>"),
            "holds an unknown entity",
        ),
        ("r.xlsx", sheet(&deep), "nests deeper than any sheet"),
        (
            "s.xlsx",
            rows(&format!(
                "<row r=\"3\">{cell}</row><row r=\"2\">{cell}</row>"
            )),
            "stands behind a later row",
        ),
        (
            "t.xlsx",
            rows(&format!("<row r=\"1048577\">{cell}</row>")),
            "lies beyond the last row of any sheet",
        ),
        (
            "u.xlsx",
            rows("<row r=\"2\"><c r=\"XFE2\"><v>1</v></c></row>"),
            "XFE2 lies beyond the last cell of any sheet (XFD1048576)",
        ),
        (
            "v.xlsx",
            rows("<row r=\"2\"><c r=\"A3\"><v>1</v></c></row>"),
            "A3 stands in another row than it says",
        ),
        (
            "w.xlsx",
            rows("<row r=\"2\"><c r=\"B2\"><v>1</v></c><c r=\"A2\"><v>1</v></c></row>"),
            "A2 stands behind a later cell",
        ),
        (
            "x.xlsx",
            sound()
                .part("xl/workbook.xml", "<workbook><sheets/></workbook>")
                .bytes(),
            "it has no visible sheet of cells",
        ),
        (
            "y.xlsx",
            rows(&format!(
                "<row r=\"2\"><c t=\"inlineStr\"><is><t>{}</t></is></c></row>",
                "x".repeat(300_000)
            )),
            "holds a text longer than any cell",
        ),
        (
            "z.xlsx",
            sheet("<worksheet>\u{1b}[2J<b></worksheet>"),
            "is damaged",
        ),
    ]
}

/// Files that promise more than they should be trusted with.
fn bombs() -> Vec<Refused> {
    let spaces = vec![b' '; 64 * 1024 * 1024];
    let swollen = Zipped::deflated("xl/worksheets/sheet1.xml", &spaces);
    let with = |file: Zipped| {
        let files = sound().without("xl/worksheets/sheet1.xml").parts();
        let mut files: Vec<Zipped> = files
            .iter()
            .map(|(name, bytes)| Zipped::deflated(name, bytes))
            .collect();
        files.retain(|known| known.name != file.name);
        files.push(file);
        archive(&files)
    };
    let mut lying = swollen.clone();
    lying.unpacked = 1000;
    let mut huge = swollen.clone();
    huge.unpacked = u32::MAX - 1;
    let mut texts = swollen.clone();
    texts.name = "xl/sharedStrings.xml".into();
    let mut elsewhere = swollen.clone();
    elsewhere.name = "xl/media/picture.png".into();
    let many: Vec<_> = (0..5000)
        .map(|part| (format!("xl/{part}"), Vec::new()))
        .collect();
    let comment = format!("<worksheet><!--{}--></worksheet>", noise(3_000_000));
    vec![
        ("a.xlsx", with(swollen), "would unpack to 64 MiB from"),
        ("b.xlsx", with(lying), "unpacks to more than it states"),
        ("c.xlsx", with(huge), "would unpack to 4095 MiB"),
        (
            "d.xlsx",
            with(texts),
            "xl/sharedStrings.xml would unpack to 64 MiB",
        ),
        ("e.xlsx", with(elsewhere), "so it is not unpacked"),
        (
            "f.xlsx",
            zip(&many),
            "it holds more than 4096 parts, which no workbook does",
        ),
        (
            "g.xlsx",
            sound().part("xl/worksheets/sheet1.xml", comment).bytes(),
            "holds a text longer than any cell",
        ),
    ]
}

/// Text that does not compress to nothing.
fn noise(long: usize) -> String {
    let mut state: u32 = 7;
    let letter = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b'a' + u8::try_from((state >> 24) % 26).unwrap())
    };
    (0..long).map(letter).collect()
}

fn refused(files: Vec<Refused>) {
    let world = World::new();
    for (name, bytes, words) in files {
        world.sheet(name, bytes);
        let output = validate(&world, name).exits(1).says([words, name]);
        let shown = output.all();
        assert!(!shown.contains('\u{1b}'), "{shown:?}");
        world.remove(name);
        assert_eq!(
            world.names(),
            Vec::<String>::new(),
            "{name} left something behind"
        );
    }
}

#[test]
fn files_that_are_no_workbook_are_told_apart() {
    refused(office_files());
    refused(other_files());
}

/// A text that a cell refers to and that is not there is no blank cell.
fn without_texts() -> Vec<Refused> {
    let cell = "<row r=\"2\"><c r=\"A2\" t=\"s\"><v>1</v></c></row>";
    let book = Book::simple().xml(cell);
    let one = "<sst><si><t>Asha</t></si></sst>";
    let missing = "the workbook is damaged (the text of its cell A2 is missing)";
    vec![
        ("a.xlsx", book.bytes(), missing),
        (
            "b.xlsx",
            book.part("xl/sharedStrings.xml", one).bytes(),
            missing,
        ),
    ]
}

#[test]
fn damaged_workbooks_are_refused() {
    refused(without_texts());
    refused(damaged());
    refused(misshapen());
}

#[test]
fn bombs_are_not_unpacked() {
    refused(bombs());
}
