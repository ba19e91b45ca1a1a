//! Tests of what is read from and written to real files: both passes, problems and results.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::civil::date;
use tempfile::TempDir;

use super::*;
use crate::domain::KeyHasher;

const SHEET: &str =
    "cashgram_id,name,phone,amount,status,Dept\nA1,Asha,9876543210,100,old,=1+1\n,Ravi,98765,5,,\n";

fn rules() -> Rules {
    Rules {
        today: date(2026, 11, 22),
        max_amount: None,
        allow_duplicates: false,
        fingerprint: true,
        sheet_name: None,
        layout: Layout::default(),
    }
}

fn sheet(folder: &TempDir, text: &str) -> PathBuf {
    let path = folder.path().join("june.csv");
    fs::write(&path, text).unwrap();
    path
}

fn check(path: &Path, sink: &mut dyn FaultSink) -> Checked {
    validate(path, &rules(), &KeyHasher::new(), &|_| Judge::Whole, sink).unwrap()
}

fn only_file(folder: &TempDir, names: &[&str]) {
    let mut found: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort();
    assert_eq!(found, names);
}

#[test]
fn problems_are_listed_and_a_clean_check_removes_the_list() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("june.problems.csv");
    let mut problems = Problems::new(&file);
    check(&sheet(&folder, SHEET), &mut problems);
    let summary = problems.finish();
    assert_eq!((summary.count, summary.by_code["phone.length"]), (1, 1));
    assert_eq!(summary.file.as_deref(), Some(file.as_path()));
    assert!(summary.rows.contains(1) && !summary.rows.contains(0));
    let text = fs::read_to_string(&file).unwrap();
    assert!(
        text.starts_with("line,row,column,value,code,problem,fix\n3,2,phone,98765,phone.length,"),
        "{text}"
    );
    let mut problems = Problems::new(&file);
    check(
        &sheet(&folder, "name,phone,amount\nAsha,9876543210,1\n"),
        &mut problems,
    );
    assert_eq!(problems.finish().file, None);
    only_file(&folder, &["june.csv"]);
}

#[test]
fn a_thousand_problems_are_counted_and_twenty_shown() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("june.problems.csv");
    let rows: String = (0..1000)
        .map(|index| format!("Asha {index},=9,5\n"))
        .collect();
    let mut problems = Problems::new(&file);
    check(
        &sheet(&folder, &format!("name,phone,amount\n{rows}")),
        &mut problems,
    );
    let summary = problems.finish();
    assert_eq!(
        (summary.count, summary.first.len(), summary.rows.count()),
        (1000, SHOWN_MAX, 1000)
    );
    let text = fs::read_to_string(&file).unwrap();
    assert_eq!(text.lines().count(), 1001);
    assert!(text.contains(",'=9,cell.formula,"));
}

#[test]
fn a_sheet_judged_again_lists_its_problems_once() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("june.problems.csv");
    let mut problems = Problems::new(&file);
    let text = "name,phone,amount,expiry\nA,9876543210,1,2026-12-01\nB,9876543211,1,01/12/2026\nC,9876543212,1,02/12/2026\n";
    check(&sheet(&folder, text), &mut problems);
    let summary = problems.finish();
    assert_eq!((summary.count, summary.first[0].line), (1, 2));
    assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), 2);
}

#[test]
fn what_others_wrote_is_left_alone() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("june.problems.csv");
    for text in [
        "",
        "line,row\n",
        "my notes\n",
        "line,row,column,value,code,problem,fix,more\n",
    ] {
        fs::write(&file, text).unwrap();
        assert_eq!(Problems::new(&file).finish().unlisted, None);
        assert!(matches!(
            ResultsWriter::create(&file, &CarriedColumns::default()),
            Err(Error::Foreign { .. })
        ));
        assert!(!is_ours(&file).unwrap());
        assert_eq!(fs::read_to_string(&file).unwrap(), text);
    }
    // Put there while the check ran.
    fs::remove_file(&file).unwrap();
    let mut problems = Problems::new(&file);
    check(&sheet(&folder, SHEET), &mut problems);
    fs::write(&file, "my notes\n").unwrap();
    let summary = problems.finish();
    assert_eq!((summary.count, summary.file), (1, None));
    assert!(
        summary
            .unlisted
            .unwrap()
            .contains("not written by paysheet")
    );
    only_file(&folder, &["june.csv", "june.problems.csv"]);
}

#[cfg(unix)]
#[test]
fn links_are_not_followed_and_files_are_the_owners() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = TempDir::new().unwrap();
    let (file, link) = (
        folder.path().join("june.results.csv"),
        folder.path().join("link.csv"),
    );
    ResultsWriter::create(&file, &CarriedColumns::default())
        .unwrap()
        .finish()
        .unwrap();
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    symlink(&file, &link).unwrap();
    assert!(matches!(
        ResultsWriter::create(&link, &CarriedColumns::default()),
        Err(Error::Foreign { .. })
    ));
}

#[test]
fn results_carry_the_sheet_and_are_known_again() {
    let folder = TempDir::new().unwrap();
    let path = sheet(&folder, SHEET);
    let file = folder.path().join("june.results.csv");
    let checked = check(&path, &mut NoFaults);
    for _ in 0..2 {
        let mut results =
            ResultsWriter::create(&file, &CarriedColumns::of(&checked.header)).unwrap();
        let mut rows = Rows::open(&path, &checked, &rules()).unwrap();
        while let Some(row) = rows.next_row().unwrap() {
            let ours = ResultCells {
                cashgram_id: "A1",
                error_message: "@bad",
                ..ResultCells::default()
            };
            results.row(row.cells, &ours).unwrap();
        }
        results.finish().unwrap();
    }
    let wanted = format!(
        "name,phone,amount,sheet_status,Dept,{}\nAsha,9876543210,100,old,'=1+1,A1,,,,,,,,'@bad,,,,\nRavi,98765,5,,,A1,,,,,,,,'@bad,,,,\n",
        RESULT_COLUMNS.join(",")
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), wanted);
    assert!(is_ours(&file).unwrap() && !is_ours(&path).unwrap());
    only_file(&folder, &["june.csv", "june.results.csv"]);
}

#[test]
fn headers_on_two_lines_do_not_hide_our_columns() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("june.results.csv");
    let columns = CarriedColumns::new(&["a\nb".to_owned(), "x,y".to_owned()], None);
    ResultsWriter::create(&file, &columns)
        .unwrap()
        .finish()
        .unwrap();
    assert!(is_ours(&file).unwrap());
}

#[test]
fn the_second_pass_gives_instructions() {
    let folder = TempDir::new().unwrap();
    let path = sheet(&folder, SHEET);
    let checked = check(&path, &mut NoFaults);
    let mut rows = Rows::open(&path, &checked, &rules()).unwrap();
    let first = rows.next_row().unwrap().unwrap();
    let order = first.instruction.unwrap();
    assert_eq!(
        (first.index, first.line, order.phone.number()),
        (0, 2, 9_876_543_210)
    );
    assert_eq!(order.own_id.unwrap().as_str(), "A1");
    let second = rows.next_row().unwrap().unwrap();
    assert_eq!(
        (second.index, second.line, second.instruction),
        (1, 3, None)
    );
    assert!(rows.next_row().unwrap().is_none());
}

#[test]
fn a_sheet_that_changes_between_the_passes_is_refused() {
    let folder = TempDir::new().unwrap();
    let checked = check(&sheet(&folder, SHEET), &mut NoFaults);
    let longer = format!("{SHEET},Mira,9876543215,5,,\n");
    let other = SHEET.replace("Dept", "Desk");
    let edited = SHEET.replace("100", "900");
    for text in [
        longer.as_str(),
        &other,
        &edited,
        "cashgram_id,name,phone,amount,status,Dept\n",
    ] {
        let path = sheet(&folder, text);
        let outcome = Rows::open(&path, &checked, &rules()).and_then(|mut rows| {
            while rows.next_row()?.is_some() {}
            Ok(())
        });
        assert!(matches!(outcome, Err(Error::Changed { .. })), "{text}");
    }
}
