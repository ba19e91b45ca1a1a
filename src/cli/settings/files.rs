//! Which files belong to a sheet. PURE: only names, nothing is opened.
//!
//! Outside production the names carry the environment, so that a rehearsal never stands in the way of the real run.

use std::path::{Path, PathBuf};

use crate::domain::BatchName;
use crate::sheet::Wanted;

use super::super::args::{EditionArgs, FileArgs};
use super::super::exit::Ending;
use super::super::values::Environment;

/// The files of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// The durable record of every payout.
    pub checkpoint: PathBuf,
    /// One row per sheet row.
    pub results: PathBuf,
    /// Every other Cashgram of this batch, beside the results.
    pub earlier: PathBuf,
    /// What became of the batch, as a page for people; beside the results.
    pub report: PathBuf,
    /// What is wrong with the sheet.
    pub problems: PathBuf,
    /// The embedded simulator's books, beside the checkpoint.
    pub books: PathBuf,
    /// Held by the one writer, beside the checkpoint and named after it.
    pub lock: PathBuf,
}

impl Files {
    /// The files of `batch`, beside its sheet unless typed otherwise.
    ///
    /// # Errors
    ///
    /// Two of them at the same place, or one in the place of the sheet.
    pub fn of(
        sheet: &Path,
        batch: &BatchName,
        environment: Environment,
        typed: &FileArgs,
    ) -> Result<Files, Ending> {
        let stem = stem(batch.as_str(), environment);
        let beside_sheet = |end: &str| beside(sheet, &format!("{stem}.{end}"));
        let checkpoint = typed
            .checkpoint
            .clone()
            .unwrap_or_else(|| beside_sheet("checkpoint.db"));
        let results = typed
            .results
            .clone()
            .unwrap_or_else(|| beside_sheet("results.csv"));
        for (path, other) in [
            (&checkpoint, sheet),
            (&results, sheet),
            (&results, &*checkpoint),
        ] {
            if path == other {
                return Err(Ending::usage(
                    format!("{} cannot be two files at once", path.display()),
                    "give the sheet, --checkpoint and --results different names",
                ));
            }
        }
        Ok(Files {
            earlier: Files::earlier_beside(&results, batch.as_str(), environment),
            report: beside(&results, &format!("{stem}.report.html")),
            problems: problems(sheet, batch),
            books: beside(&checkpoint, &format!("{stem}.books.db")),
            lock: with_end(&checkpoint, ".lock"),
            checkpoint,
            results,
        })
    }
}

impl Files {
    /// The results as a workbook, beside the results unless typed otherwise.
    ///
    /// # Errors
    ///
    /// A name that is not a workbook's, or another file of the batch.
    pub(super) fn results_book(
        &self,
        sheet: &Path,
        batch: &BatchName,
        environment: Environment,
        typed: Option<PathBuf>,
    ) -> Result<PathBuf, Ending> {
        let name = format!("{}.results.xlsx", stem(batch.as_str(), environment));
        let path = typed.unwrap_or_else(|| beside(&self.results, &name));
        workbook(&path, "--xlsx")?;
        if path == sheet {
            return Err(two_at_once(
                &path,
                "give the sheet and --xlsx different names",
            ));
        }
        Ok(path)
    }

    /// Where the results of the batch lie by default, as seen from its checkpoint.
    pub fn results_beside(checkpoint: &Path, batch: &str, environment: Environment) -> PathBuf {
        beside(
            checkpoint,
            &format!("{}.results.csv", stem(batch, environment)),
        )
    }

    /// Where what was made earlier lies, beside those results.
    pub fn earlier_beside(results: &Path, batch: &str, environment: Environment) -> PathBuf {
        beside(
            results,
            &format!("{}.earlier.csv", stem(batch, environment)),
        )
    }
}

/// Where the marked and the mended sheet go.
///
/// # Errors
///
/// A name that does not fit, or the place of another file.
pub(super) fn editions(
    sheet: &Path,
    problems: &Path,
    typed: EditionArgs,
) -> Result<Wanted, Ending> {
    if let Some(path) = &typed.marked {
        workbook(path, "--marked")?;
    }
    if let Some(path) = &typed.fix {
        self::sheet(path)?;
    }
    let remedy = "give the sheet, --marked and --fix different names";
    for path in [&typed.marked, &typed.fix].into_iter().flatten() {
        if path == sheet || path == problems {
            return Err(two_at_once(path, remedy));
        }
    }
    match (typed.marked, typed.fix) {
        (Some(marked), Some(fix)) if marked == fix => Err(two_at_once(&fix, remedy)),
        (marked, fixed) => Ok(Wanted { marked, fixed }),
    }
}

/// Refuses a name that no spreadsheet would open as a workbook.
pub(super) fn workbook(path: &Path, option: &str) -> Result<(), Ending> {
    let end = path.extension().and_then(std::ffi::OsStr::to_str);
    if end.is_some_and(|end| end.eq_ignore_ascii_case("xlsx")) {
        return Ok(());
    }
    Err(Ending::usage(
        format!("{option} {} does not end in .xlsx", path.display()),
        "spreadsheets go by the name: give one that ends in .xlsx",
    ))
}

/// Refuses a name that is neither a workbook's nor a CSV's.
pub(super) fn sheet(path: &Path) -> Result<(), Ending> {
    let end = path.extension().and_then(std::ffi::OsStr::to_str);
    let known = |end: &str| {
        ["xlsx", "csv"]
            .iter()
            .any(|known| end.eq_ignore_ascii_case(known))
    };
    if end.is_some_and(known) {
        return Ok(());
    }
    Err(Ending::usage(
        format!("{} ends neither in .xlsx nor in .csv", path.display()),
        "give the file a name that ends in one of them",
    ))
}

fn two_at_once(path: &Path, remedy: &str) -> Ending {
    Ending::usage(
        format!("{} cannot be two files at once", path.display()),
        remedy,
    )
}

/// What the names of a batch's files begin with.
pub(super) fn stem(batch: &str, environment: Environment) -> String {
    match environment {
        Environment::Production => batch.to_owned(),
        Environment::Test | Environment::Sandbox => format!("{batch}.{environment}"),
    }
}

/// Where the problems of a sheet go.
pub(super) fn problems(sheet: &Path, batch: &BatchName) -> PathBuf {
    beside(sheet, &format!("{}.problems.csv", batch.as_str()))
}

/// The batch's name: as typed, else the sheet's file stem.
///
/// # Errors
///
/// A name that cannot name files.
pub(super) fn batch(sheet: &Path, typed: Option<&str>) -> Result<BatchName, Ending> {
    let stem = match typed {
        Some(name) => name,
        None if sheet.file_name().is_none() => {
            return Err(Ending::usage(
                format!("{} is not a file", sheet.display()),
                "give the path of a .csv or .xlsx file",
            ));
        }
        None => sheet
            .file_stem()
            .and_then(std::ffi::OsStr::to_str)
            .unwrap_or_default(),
    };
    BatchName::parse(stem).map_err(|fault| {
        let words = fault.words();
        Ending::usage(
            format!("{}: `{stem}`", words.problem_naming(stem)),
            words.fix,
        )
    })
}

fn beside(path: &Path, name: &str) -> PathBuf {
    path.parent().unwrap_or(Path::new("")).join(name)
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut whole = path.as_os_str().to_owned();
    whole.push(end);
    PathBuf::from(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(sheet: &str, environment: Environment, typed: &FileArgs) -> Result<Files, Ending> {
        let sheet = Path::new(sheet);
        let batch = batch(sheet, typed.batch.as_deref())?;
        Files::of(sheet, &batch, environment, typed)
    }

    #[test]
    fn names_beside_the_sheet() {
        use Environment::{Production, Sandbox, Test};
        let table = [
            ("june.csv", Sandbox, "june.sandbox.", "june.problems.csv"),
            ("june.csv", Test, "june.test.", "june.problems.csv"),
            ("june.csv", Production, "june.", "june.problems.csv"),
            (
                "dir/june.csv",
                Production,
                "dir/june.",
                "dir/june.problems.csv",
            ),
            ("/a/june", Test, "/a/june.test.", "/a/june.problems.csv"),
            (
                "v1.june.csv",
                Production,
                "v1.june.",
                "v1.june.problems.csv",
            ),
        ];
        for (sheet, environment, stem, problems) in table {
            let files = files(sheet, environment, &FileArgs::default()).unwrap();
            let path = |end: &str| PathBuf::from(format!("{stem}{end}"));
            assert_eq!(files.checkpoint, path("checkpoint.db"));
            assert_eq!(files.results, path("results.csv"));
            assert_eq!(files.earlier, path("earlier.csv"));
            assert_eq!(files.report, path("report.html"));
            assert_eq!(files.books, path("books.db"));
            assert_eq!(files.lock, path("checkpoint.db.lock"));
            assert_eq!(files.problems, PathBuf::from(problems));
        }
    }

    #[test]
    fn what_is_typed_wins() {
        let typed = FileArgs {
            batch: Some("payroll-2026-07".into()),
            checkpoint: Some("safe/p.db".into()),
            results: Some("out/r.csv".into()),
        };
        let files = files("in/june.csv", Environment::Test, &typed).unwrap();
        assert_eq!(files.checkpoint, PathBuf::from("safe/p.db"));
        assert_eq!(files.lock, PathBuf::from("safe/p.db.lock"));
        assert_eq!(
            files.books,
            PathBuf::from("safe/payroll-2026-07.test.books.db")
        );
        assert_eq!(files.results, PathBuf::from("out/r.csv"));
        assert_eq!(
            files.earlier,
            PathBuf::from("out/payroll-2026-07.test.earlier.csv")
        );
        assert_eq!(
            files.problems,
            PathBuf::from("in/payroll-2026-07.problems.csv")
        );
    }

    #[test]
    fn names_that_cannot_be() {
        let at = |path: &str| FileArgs {
            results: Some(path.into()),
            ..FileArgs::default()
        };
        assert!(files("june.csv", Environment::Test, &at("june.csv")).is_err());
        assert!(
            files(
                "june.csv",
                Environment::Production,
                &at("june.checkpoint.db")
            )
            .is_err()
        );
        for sheet in ["..", "", "a\u{7}.csv"] {
            let refused = files(sheet, Environment::Test, &FileArgs::default()).unwrap_err();
            assert_eq!(refused.exit.code(), 2, "{sheet:?}");
        }
    }
}
