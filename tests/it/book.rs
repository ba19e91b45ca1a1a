//! Good workbooks: what each cell must be read as, whoever wrote it and however it is formatted.
//!
//! What was read is seen in the results of a rehearsal. Deliberately absent: bad ones, which are `book_bad`'s.

use std::path::PathBuf;

use crate::support::book::{Book, STRUCK, Zipped, archive, number, text, zip};
use crate::support::world::india_day;
use crate::support::*;

/// Days from 30 December 1899, as workbooks count them.
fn serial(days: i64) -> String {
    let zero = jiff::civil::date(1899, 12, 30);
    let date = india_day(days);
    zero.until(date).unwrap().get_days().to_string()
}

/// Such a day as people type it.
fn day_first(days: i64) -> String {
    india_day(days).strftime("%d-%m-%Y").to_string()
}

/// Rehearses a workbook; the table of its results.
fn sent(world: &World, name: &str) -> Table {
    let output = world.paysheet().args(["send", name]).run();
    output.exits(0);
    world.table(&format!(
        "{}.sandbox.results.csv",
        name.split('.').next().unwrap()
    ))
}

fn column(table: &Table, name: &str) -> Vec<String> {
    table.rows.iter().map(|row| row[name].clone()).collect()
}

/// Phone, amount and expiry of each row, and the amount as it must be read: numbers.
fn numbers() -> Vec<Shown> {
    let date = serial(5);
    vec![
        (
            number("9000000001", "General"),
            number("1250.5", "General"),
            String::new(),
            "1250.5",
        ),
        (
            number("9000000002", "0"),
            number("1250.5", "0.00"),
            number(&date, "dd/mm/yyyy"),
            "1250.50",
        ),
        (
            number("919000000003", "General"),
            number("1250.4999999999999", "0.00"),
            String::new(),
            "1250.50",
        ),
        (
            number("9.000000004E9", "0.00E+00"),
            number("100000", "#,##,##0.00"),
            String::new(),
            "100000.00",
        ),
        (
            number("9000000005", "0.00"),
            number("100000.1", "[$₹-4009]\\ #,##0.00"),
            String::new(),
            "100000.10",
        ),
        (
            number("9000000013", "00000\\-00000"),
            number("500000", "[>=100000]##\\,##\\,##0.00;##,##0.00"),
            // Beside a real date, a typed one.
            text(&day_first(5)),
            "500000.00",
        ),
        (
            number("9000000006", "@"),
            number("1", "0"),
            String::new(),
            "1",
        ),
    ]
}

/// The same: texts and formulas among them.
fn texts() -> Vec<Shown> {
    vec![
        (
            text("+91 90000 00007"),
            text("1,00,000.00"),
            text(&india_day(5).to_string()),
            "1,00,000.00",
        ),
        (text("9000000008"), text("₹ 500"), String::new(), "₹ 500"),
        (
            text("09000000009"),
            number("1.25E3", "General"),
            String::new(),
            "1250",
        ),
        (
            number("9000000010.0000", "General"),
            number("33.299999999999997", "0.00"),
            String::new(),
            "33.30",
        ),
        (
            "<c t=\"str\"><f>\"90000\"&amp;\"00011\"</f><v>9000000011</v></c>".into(),
            "<c s=\"1\"><f>500*2</f><v>1000</v></c>".into(),
            String::new(),
            "1000.00",
        ),
        (
            text("9000000012"),
            number("0.10000000000000001E2", "0.00"),
            "<c s=\"4\"/>".into(),
            "10.00",
        ),
    ]
}

type Shown = (String, String, String, &'static str);

fn shown() -> Vec<Shown> {
    [numbers(), texts()].concat()
}

#[test]
fn numbers_are_read_as_their_cells_show_them() {
    let world = World::new();
    let mut book = Book::simple();
    let cases = shown();
    for (phone, amount, expiry, _) in &cases {
        book = book.row(&[
            text("Asha &amp; Ravi"),
            phone.clone(),
            amount.clone(),
            expiry.clone(),
        ]);
    }
    world.sheet("june.xlsx", book.bytes());
    let table = sent(&world, "june.xlsx");
    let amounts: Vec<String> = cases
        .iter()
        .map(|(_, _, _, amount)| (*amount).to_owned())
        .collect();
    assert_eq!(column(&table, "amount"), amounts);
    assert_eq!(column(&table, "name")[0], "Asha & Ravi");
    assert_eq!(column(&table, "phone")[4], "9000000005");
    assert_eq!(column(&table, "link_expiry")[1], india_day(5).to_string());
    assert!(
        column(&table, "state")
            .iter()
            .all(|state| state == "created")
    );
    world
        .paysheet()
        .args(["validate", "june.xlsx", "--expect-total", "706,303.90"])
        .run()
        .exits(3)
        .says(["adds up to ₹8,06,545.90"]);
}

#[test]
fn what_surrounds_the_rows_changes_nothing() {
    let world = World::new();
    let strings = "<sst><si><t>name</t></si><si><t>phone</t></si><si><t>amount</t></si>\
        <si><r><t>Asha</t></r><r><rPr><b/></rPr><t xml:space=\"preserve\"> Menon</t></r><rPh><t>x</t></rPh></si></sst>";
    let shared = |index: u32| format!("<c t=\"s\"><v>{index}</v></c>");
    let book = Book::new()
        .part("xl/sharedStrings.xml", strings)
        .row(&[shared(0), shared(1), shared(2), text("memo")])
        .row(&[shared(3), number("9000000001", "General"), number("5", "0.00"), text("a_x000D_&#10;b")])
        .xml("<row r=\"3\"/><row r=\"7\" hidden=\"1\"><c r=\"A7\" t=\"inlineStr\"><is><t>Ravi</t></is></c><c r=\"B7\"><v>9000000002</v></c><c r=\"C7\"><v>6</v></c><c r=\"XFD7\" s=\"3\"/></row>")
        .xml("<row r=\"1048576\"><c r=\"A1048576\" s=\"1\"/></row>")
        .around(
            "<cols><col min=\"4\" max=\"4\" hidden=\"1\"/></cols>",
            "<mergeCells count=\"1\"><mergeCell ref=\"F1:G2\"/></mergeCells>",
        );
    world.sheet("june.xlsx", book.bytes());
    let validated = world
        .paysheet()
        .args(["validate", "june.xlsx"])
        .run()
        .exits(0);
    validated.says([
        "2 rows, ₹11.00: all are payable",
        "worth a look: line 7: 1 row is hidden, and it is read and paid like the others: 7: show all rows",
        "worth a look: line 1: 1 column is hidden, and it is read like the others: D",
        "2 warnings",
        "merged cells, of which only the first holds a value: F1:G2",
    ]);
    let table = sent(&world, "june.xlsx");
    assert_eq!(column(&table, "name"), ["Asha Menon", "Ravi"]);
    assert_eq!(column(&table, "memo"), ["a\r\nb", ""]);
}

/// Whoever hides or filters rows away may think that they are not paid.
#[test]
fn what_nobody_sees_is_counted_and_named() {
    let world = World::new();
    let row = |line: u32| {
        let hidden = if line.is_multiple_of(2) {
            " hidden=\"1\""
        } else {
            ""
        };
        format!(
            "<row r=\"{line}\"{hidden}><c r=\"A{line}\" t=\"inlineStr\"><is><t>Asha</t></is></c><c r=\"B{line}\"><v>90000000{line:02}</v></c><c r=\"C{line}\"><v>5</v></c></row>"
        )
    };
    let rows: String = (2..16).map(row).collect();
    let book = Book::simple().xml(&rows).around(
        "<cols><col min=\"2\" max=\"3\" hidden=\"1\"/></cols>",
        "<autoFilter ref=\"A1:D15\"><filterColumn colId=\"0\"/></autoFilter>",
    );
    world.sheet("june.xlsx", book.bytes());
    let validate = |more: &[&str]| {
        let command = ["validate", "june.xlsx", "--json"];
        world.paysheet().args(command).args(more).run()
    };
    let run = validate(&[]).exits(0).says([
        "7 rows are hidden by a filter, and they are read and paid like the others: 2, 4, 6, 8, 10, ...",
        "2 columns are hidden, and they are read like the others: B, C",
    ]);
    let counts = serde_json::json!({"row.hidden": 1, "column.hidden": 1});
    assert_eq!(run.json()["warnings"], counts);
    validate(&["--strict"])
        .exits(3)
        .says(["2 warnings, and --strict stops at them"]);
}

/// A column that is only carried may be struck out or raised, and a field may be of several runs.
#[test]
fn marks_in_what_is_only_carried_change_nothing() {
    let world = World::new();
    let runs = |mark: &str, text: &str| {
        format!(
            "<c t=\"inlineStr\"><is><r><rPr>{mark}</rPr><t>{text}</t></r><r><t>1</t></r></is></c>"
        )
    };
    let book = Book::new()
        .row(&["name", "phone", "amount", "memo", "more", "email"].map(text))
        .row(&[
            text("Asha"),
            runs(
                "<strike val=\"0\"/><vertAlign val=\"baseline\"/>",
                "900000000",
            ),
            runs("<strike val=\"false\"/><b/>", "5"),
            runs("<strike/>", "old"),
            text("gone").replacen("<c", &format!("<c s=\"{STRUCK}\""), 1),
            text(" ").replacen("<c", &format!("<c s=\"{STRUCK}\""), 1),
        ]);
    world.sheet("june.xlsx", book.bytes());
    let table = sent(&world, "june.xlsx");
    assert_eq!(column(&table, "phone"), ["9000000001"]);
    assert_eq!(column(&table, "amount"), ["51"]);
    assert_eq!(column(&table, "memo"), ["old1"]);
    assert_eq!(column(&table, "more"), ["gone"]);
}

/// What is carried, and what the recipient reads, is what the cell shows.
#[test]
fn codes_are_carried_as_their_cells_show_them() {
    let world = World::new();
    let book = Book::new()
        .row(&["name", "phone", "amount", "remarks", "code", "cashgram_id"].map(text))
        .row(&[
            text("Asha"),
            number("9000000001", "0"),
            number("5", "0"),
            number("7", "00000000"),
            number("42", "\"E\"0000"),
            number("9", "00000000"),
        ]);
    world.sheet("june.xlsx", book.bytes());
    let table = sent(&world, "june.xlsx");
    assert_eq!(column(&table, "remarks"), ["00000007"]);
    assert_eq!(column(&table, "code"), ["E0042"]);
    assert_eq!(column(&table, "cashgram_id"), ["00000009"]);
}

#[test]
fn the_sheet_is_the_first_visible_one_or_the_named() {
    let world = World::new();
    let sheets = r#"<workbook xmlns:r="r"><workbookPr date1904="1"/><sheets><sheet name="Old" sheetId="3" state="hidden" r:id="rId8"/><sheet name="June" sheetId="1" r:id="rId1"/><sheet name="Notes" sheetId="2" r:id="rId9"/></sheets></workbook>"#;
    let links = r#"<Relationships><Relationship Id="rId1" Type="http://purl.oclc.org/ooxml/officeDocument/relationships/worksheet" Target="/xl/worksheets/sheet1.xml"/><Relationship Id="rId8" Type="x/worksheet" Target="worksheets/old.xml"/><Relationship Id="rId9" Type="x/worksheet" Target="worksheets/notes.xml"/><Relationship Id="rId2" Type="x/styles" Target="styles.xml"/></Relationships>"#;
    let row = |amount: &str| {
        let cells = [
            text("Asha"),
            text("9000000001"),
            number(amount, "0.00"),
            String::new(),
        ];
        Book::simple().row(&cells)
    };
    let book = row("5")
        .part("xl/workbook.xml", sheets)
        .part("xl/_rels/workbook.xml.rels", links)
        .part("xl/worksheets/old.xml", row("7").sheet())
        .part("xl/worksheets/notes.xml", row("9").sheet());
    world.sheet("june.xlsx", book.bytes());
    let validate = |more: &[&str]| {
        world
            .paysheet()
            .args(["validate", "june.xlsx"])
            .args(more)
            .run()
    };
    validate(&[]).exits(0).says([
        "₹5.00",
        "the sheet \"June\" is read; not read: \"Notes\" (--sheet-name chooses)",
    ]);
    validate(&["--sheet-name", "notes"])
        .exits(0)
        .says(["₹9.00"]);
    validate(&["--sheet-name", "Old"]).exits(0).says(["₹7.00"]);
    validate(&["--sheet-name", "July"])
        .exits(1)
        .says(["it has no sheet \"July\"; its sheets are: \"Old\", \"June\", \"Notes\""]);
    world.sheet("june.csv", rows(2));
    world
        .paysheet()
        .args(["validate", "june.csv", "--sheet-name", "June"])
        .run()
        .exits(2)
        .says(["it is a CSV, which has no sheets"]);
    for (option, value) in [("--encoding", "windows-1252"), ("--delimiter", "semicolon")] {
        let says = format!(
            "it is a workbook, which has no {}: leave {option} out",
            &option[2..]
        );
        validate(&[option, value]).exits(2).says([says]);
    }
}

/// The bulk file of Cashfree's dashboard, as CSV and as workbook, unchanged.
#[test]
fn the_dashboards_own_file_works_unchanged() {
    let world = World::new();
    let day = india_day(10).to_string();
    let (year, rest) = day.split_once('-').unwrap();
    let (month, date) = rest.split_once('-').unwrap();
    let date = format!("{date}/{month}/{year}");
    let header = [
        "cashgramId",
        "name",
        "phone",
        "email",
        "amount",
        "expiryDate",
        "payoutType",
        "description",
        "remarks",
        "sendWhatsapp",
        "sendSMS",
        "sendEmail",
    ];
    let line = [
        "C1",
        "Asha Menon",
        "9000000001",
        "asha@example.com",
        "1250.50",
        &date,
        "Incentive",
        "Order 1",
        "June",
        "0",
        "1",
        "0",
    ];
    world.sheet(
        "bulk.csv",
        format!("{}\n{}\n", header.join(","), line.join(",")),
    );
    world
        .paysheet()
        .args(["validate", "bulk.csv"])
        .run()
        .exits(0);
    let cells = |line: &[&str]| line.iter().map(|cell| text(cell)).collect::<Vec<_>>();
    let texts = Book::new().row(&cells(&header)).row(&cells(&line));
    let mut typed = cells(&line);
    typed[2] = number("9000000001", "General");
    typed[4] = number("1250.5", "General");
    typed[5] = number(&serial(10), "dd/mm/yyyy");
    for flag in 9..12 {
        typed[flag] = format!("<c t=\"b\"><v>{}</v></c>", line[flag]);
    }
    let numbers = Book::new().row(&cells(&header)).row(&typed);
    for (name, book) in [("texts.xlsx", texts), ("numbers.xlsx", numbers)] {
        let world = World::new();
        world.sheet(name, book.bytes());
        let table = sent(&world, name);
        assert_eq!(column(&table, "cashgram_id"), ["C1"]);
        assert_eq!(column(&table, "state"), ["created"]);
    }
}

/// A workbook is resumed like a CSV, and seen to have changed.
#[test]
fn a_workbook_is_resumed() {
    let world = World::new();
    let row = |number_: u32, amount: &str| {
        [
            text("Asha"),
            number(&format!("900000000{number_}"), "0"),
            number(amount, "0.00"),
            String::new(),
        ]
    };
    let book = Book::simple().row(&row(1, "5")).row(&row(2, "6"));
    world.sheet("june.xlsx", book.bytes());
    sent(&world, "june.xlsx");
    let again = world
        .paysheet()
        .args(["send", "june.xlsx", "--json"])
        .run()
        .exits(0);
    assert_eq!(again.json()["created_now"], 0);
    world.sheet("june.xlsx", book.row(&row(3, "7")).bytes());
    let more = world
        .paysheet()
        .args(["send", "june.xlsx", "--json"])
        .run()
        .exits(0);
    assert_eq!(more.json()["created_now"], 1);
}

/// Workbooks that other programs wrote, in `tests/corpus/books`: each says in its name how many rows and rupees.
#[test]
fn workbooks_of_other_programs() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/books");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let mut words = stem.rsplitn(3, '_');
        let (rupees, count) = (words.next().unwrap(), words.next().unwrap());
        let world = World::new();
        world.sheet("june.xlsx", std::fs::read(&path).unwrap());
        let command = [
            "validate",
            "june.xlsx",
            "--expect-count",
            count,
            "--expect-total",
            rupees,
        ];
        world.paysheet().args(command).run().exits(0);
        seen += 1;
    }
    assert!(seen >= 2, "{seen} workbooks");
}

/// The same two rows, however their workbook is written: what must be read is the same.
fn variants() -> Vec<(&'static str, Vec<u8>)> {
    let row = |phone: &str, amount: &str| {
        [
            text("Asha"),
            number(phone, "0"),
            number(amount, "0.00"),
            String::new(),
        ]
    };
    let plain = || {
        Book::simple()
            .row(&row("9000000001", "1250.5"))
            .row(&row("9000000002", "0.1e1"))
    };
    let sheet = plain().sheet();
    let with = |sheet: String| plain().part("xl/worksheets/sheet1.xml", sheet).bytes();
    let prefixed = {
        let tags = ["worksheet", "sheetData", "row", "c", "v", "is", "t"];
        let renamed = |sheet: String, tag: &&str| {
            sheet
                .replace(&format!("<{tag}>"), &format!("<x:{tag}>"))
                .replace(&format!("<{tag} "), &format!("<x:{tag} "))
                .replace(&format!("</{tag}>"), &format!("</x:{tag}>"))
        };
        tags.iter().fold(sheet.clone(), renamed)
    };
    let mut unplaced = sheet.clone();
    for row in 1..=3 {
        unplaced = unplaced.replace(&format!("<row r=\"{row}\">"), "<row>");
        for column in ["A", "B", "C", "D"] {
            unplaced = unplaced.replace(&format!(" r=\"{column}{row}\""), "");
        }
    }
    let stored: Vec<Zipped> = plain()
        .parts()
        .iter()
        .map(|(name, bytes)| Zipped {
            packed: bytes.clone(),
            method: 0,
            ..Zipped::deflated(name, bytes)
        })
        .collect();
    let slashed: Vec<_> = plain()
        .parts()
        .into_iter()
        .map(|(name, bytes)| (name.replace('/', "\\"), bytes))
        .collect();
    let capital: Vec<_> = plain()
        .parts()
        .into_iter()
        .map(|(name, bytes)| (name.replace("sheet1", "Sheet1"), bytes))
        .collect();
    let unstyled = plain().without("xl/styles.xml").bytes();
    vec![
        ("plain", plain().bytes()),
        ("prefixed names", with(prefixed)),
        ("cells without places", with(unplaced)),
        ("a byte order mark", with(format!("\u{feff}{sheet}"))),
        (
            "comments and instructions",
            with(sheet.replace("<sheetData>", "<!-- x --><?y z?><sheetData>")),
        ),
        ("a file of unpacked parts", archive(&stored)),
        ("backslashes", zip(&slashed)),
        ("other capitals", zip(&capital)),
        ("no styles", unstyled),
    ]
}

#[test]
fn a_workbook_says_the_same_however_it_is_written() {
    let world = World::new();
    for (how, bytes) in variants() {
        world.sheet("june.xlsx", bytes);
        let command = [
            "validate",
            "june.xlsx",
            "--expect-count",
            "2",
            "--expect-total",
            "1251.50",
        ];
        let output = world.paysheet().args(command).run();
        assert_eq!(output.code, 0, "{how}: {output}");
    }
}

/// The library that writes our own workbooks, in each of its ways, with what people put into them.
#[test]
fn workbooks_of_a_library() {
    use rust_xlsxwriter::{Format, Formula, Note, Workbook, XlsxError};
    let write = |way: usize| -> Result<Vec<u8>, XlsxError> {
        let mut book = Workbook::new();
        let sheet = match way {
            0 => book.add_worksheet(),
            1 => book.add_worksheet_with_constant_memory()?,
            _ => book.add_worksheet_with_low_memory()?,
        };
        let money = Format::new().set_num_format("[$₹-4009] #,##,##0.00");
        for (column, name) in (0..).zip(["Employee Name", "Mobile No", "Net Pay", "Remarks"]) {
            sheet.write_string(0, column, name)?;
        }
        sheet.write_string(1, 0, "Asha & Ravi")?;
        sheet.write_number(1, 1, 9_000_000_001.0)?;
        sheet.write_number_with_format(1, 2, 100_000.1 + 0.2, &money)?;
        sheet.write_string(2, 0, "Meera")?;
        sheet.write_string(2, 1, "+91 90000 00002")?;
        sheet.write_formula_with_format(
            2,
            2,
            Formula::new("=C2*2").set_result("200000.6"),
            &money,
        )?;
        sheet.insert_note(2, 2, &Note::new("twice"))?;
        sheet.autofilter(0, 0, 2, 3)?;
        sheet.set_freeze_panes(1, 0)?;
        book.save_to_buffer()
    };
    let world = World::new();
    for way in 0..3 {
        world.sheet("june.xlsx", write(way).unwrap());
        let command = [
            "validate",
            "june.xlsx",
            "--expect-count",
            "2",
            "--expect-total",
            "300000.90",
        ];
        world.paysheet().args(command).run().exits(0);
    }
}
