//! Rows as they stand in real files.

use super::*;

fn rows(text: &[u8]) -> Result<Vec<(u64, Vec<String>)>, Error> {
    let mut records = Records::new(text, Path::new("june.csv"), false);
    let mut out = Vec::new();
    while let Some((line, cells)) = records.next_record()? {
        out.push((line, cells.iter().map(str::to_owned).collect()));
    }
    Ok(out)
}

fn lines(text: &str) -> Vec<(u64, String)> {
    let rows = rows(text.as_bytes()).unwrap();
    rows.into_iter()
        .map(|(line, cells)| (line, cells.join("|")))
        .collect()
}

#[test]
fn lines_are_the_files_own() {
    let wanted = |rows: &[(u64, &str)]| -> Vec<(u64, String)> {
        rows.iter()
            .map(|(line, cells)| (*line, (*cells).to_owned()))
            .collect()
    };
    let table: &[(&str, &[(u64, &str)])] = &[
        ("a,b\nc,d\n", &[(1, "a|b"), (2, "c|d")]),
        ("a,b\nc,d", &[(1, "a|b"), (2, "c|d")]),
        (
            "a,b\r\nc,d\r\ne,f\r\n",
            &[(1, "a|b"), (2, "c|d"), (3, "e|f")],
        ),
        ("a,b\r\nc,d\r\ne,f", &[(1, "a|b"), (2, "c|d"), (3, "e|f")]),
        ("a\rb\rc", &[(1, "a"), (2, "b"), (3, "c")]),
        ("\n\na\n\n\nb\n\n", &[(3, "a"), (6, "b")]),
        ("\r\n\r\na\r\n\r\nb\r\n\r\n", &[(3, "a"), (5, "b")]),
        ("a,b\n,\n , \nc,d\n,\n", &[(1, "a|b"), (4, "c|d")]),
        ("a\n\"b\nb\"\nc\n", &[(1, "a"), (2, "b\nb"), (4, "c")]),
        (
            "a\r\n\"b\r\nb\"\r\nc\r\n",
            &[(1, "a"), (2, "b\r\nb"), (4, "c")],
        ),
        ("\u{feff}a,b\nc,d\n", &[(1, "a|b"), (2, "c|d")]),
        ("a,b\nc\nd,e,f\n", &[(1, "a|b"), (2, "c"), (3, "d|e|f")]),
        ("\"a\n\"", &[(1, "a\n")]),
        ("a\r\nb\nc\r\n", &[(1, "a"), (2, "b"), (3, "c")]),
        ("", &[]),
        ("\n\n", &[]),
        ("5\" pipe,\"6\"\" pipe\"\n", &[(1, "5\" pipe|6\" pipe")]),
    ];
    for (text, rows) in table {
        assert_eq!(lines(text), wanted(rows), "{text:?}");
    }
}

#[test]
fn lines_hold_across_chunks() {
    for end in ["\n", "\r\n"] {
        let text = format!("a,\"b\nb\"{end}x{end}").repeat(60_000);
        let rows = lines(&text);
        assert_eq!(rows.len(), 120_000);
        for (index, (line, _)) in rows.iter().enumerate() {
            let pair = u64::try_from(index / 2).unwrap();
            let wanted = pair * 3 + if index % 2 == 0 { 1 } else { 3 };
            assert_eq!(*line, wanted);
        }
    }
}

#[test]
fn a_quote_left_open_is_named_with_its_line() {
    for text in [
        "a\nb,\"c\nd\ne\n",
        "a\nb,\"c",
        "a\nb,\"c\n\n",
        "a\n\"",
        "a\r\nb,\"\r\n",
    ] {
        let error = rows(text.as_bytes()).unwrap_err();
        assert!(
            matches!(error, Error::OpenQuote { line: 2, .. }),
            "{text:?} {error}"
        );
    }
}

#[test]
fn sizes_are_bounded() {
    let long = |bytes: usize| format!("a\n\"{}\"\n", "x".repeat(bytes));
    assert!(rows(long(FIELD_BYTES_MAX).as_bytes()).is_ok());
    let wide = format!("a\n{}\n", "x,".repeat(COLUMNS_MAX));
    let cells = format!(
        "a\n{}\n",
        "x".repeat(2000).as_str().to_owned()
            + &",x".repeat(40)
            + &format!(",{}", "y".repeat(4000)).repeat(20)
    );
    for text in [long(FIELD_BYTES_MAX + 1), wide, cells, long(10_000_000)] {
        let error = rows(text.as_bytes()).unwrap_err();
        assert!(matches!(error, Error::TooLarge { line: 2, .. }), "{error}");
        assert!(error.is_unpayable());
    }
}

#[test]
fn an_endless_field_is_not_buffered() {
    let source = (&b"a\n\""[..]).chain(std::io::repeat(b'x'));
    let mut records = Records::new(source, Path::new("june.csv"), false);
    assert!(records.next_record().is_ok());
    let error = records.next_record().unwrap_err();
    assert!(matches!(error, Error::TooLarge { line: 2, .. }), "{error}");
}

#[test]
fn what_is_not_a_file_is_refused() {
    let error = Records::open(Path::new("/"), false).err().unwrap();
    assert!(matches!(error, Error::NotAFile { .. }) && !error.is_unpayable());
    let error = Records::open(Path::new("/nonexistent/june.csv"), false)
        .err()
        .unwrap();
    assert!(matches!(error, Error::Open { .. }) && !error.is_unpayable());
    let error = rows(b"name\n\xe9").unwrap_err();
    assert!(error.to_string().contains("line 2, byte 5"), "{error}");
}
