//! The same rows as the `csv` crate gives, whatever the text and wherever it is cut.

use super::*;
use proptest::prelude::*;

/// All rows, the text given in parts of `step` more bytes each.
fn rows(text: &str, delimiter: u8, step: usize) -> (Vec<Vec<String>>, bool) {
    let mut splitter = Splitter::new(delimiter);
    let mut record = StringRecord::new();
    let (mut at, mut seen, mut out) = (0, 0, Vec::new());
    splitter.enter("");
    loop {
        let whole = seen == text.len();
        match splitter.row(&text[at..seen], whole, &mut record) {
            Found::Row { bytes, .. } => {
                at += bytes;
                out.push(record.iter().map(str::to_owned).collect());
            }
            Found::Part { .. } => {
                assert!(!whole);
                seen = (seen + step).min(text.len());
                while !text.is_char_boundary(seen) {
                    seen += 1;
                }
                splitter.enter(&text[at..seen]);
            }
            Found::OpenQuote { .. } => return (out, true),
            Found::Nothing => return (out, false),
        }
    }
}

fn theirs(text: &str, delimiter: u8) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let rows = reader.records().map(Result::unwrap);
    rows.map(|row| row.iter().map(str::to_owned).collect())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_same_rows_as_csv_gives(text in "([a,;\t\"\n\r]|₹|bcdefghij|\"\"|,\"|\r\n){0,24}", step in 1usize..9) {
        for delimiter in *b",;\t" {
            let (ours, open) = rows(&text, delimiter, step);
            let theirs = theirs(&text, delimiter);
            if open {
                prop_assert_eq!(ours.len() + 1, theirs.len());
                prop_assert_eq!(&ours[..], &theirs[..ours.len()]);
            } else {
                prop_assert_eq!(ours, theirs);
            }
        }
    }

    #[test]
    fn every_line_is_counted_once(text in "(a,b|\"x\n\ny\"|\"\r\n\"|\r\n|\n|\r|,){0,16}", entered: bool) {
        let mut splitter = Splitter::new(b',');
        let mut record = StringRecord::new();
        if entered {
            splitter.enter(&text);
        }
        let (mut at, mut line) = (0, 0);
        while let Found::Row { blank, lines, bytes } = splitter.row(&text[at..], true, &mut record) {
            at += bytes;
            line += blank + lines;
            let open = !text[..at].ends_with(['\n', '\r']);
            prop_assert_eq!(line, line_ends(&text.as_bytes()[..at]) + u64::from(open));
        }
    }
}

#[test]
fn line_ends_of_three_kinds() {
    for (text, count) in [
        ("", 0),
        ("a", 0),
        ("\n\r\n\r", 3),
        ("\r\r\n", 2),
        ("\n\r", 2),
    ] {
        assert_eq!(line_ends(text.as_bytes()), count, "{text:?}");
    }
}
