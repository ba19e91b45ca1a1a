//! The fuzz targets on stable: every seed and every regression file of each goes through the function that the fuzzer
//! calls.
//!
//! Deliberately absent: fuzzing itself, which `fuzz/README.md` describes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[path = "../../fuzz/src/lib.rs"]
#[expect(
    unreachable_pub,
    reason = "the targets are a library of their own, too"
)]
mod targets;

/// A target and what it does with its input.
type Target = (&'static str, fn(&[u8]));

const TARGETS: [Target; 8] = [
    ("amount", targets::amount::run),
    ("checkpoint_open", targets::checkpoint_open::run),
    ("date", targets::date::run),
    ("header", targets::header::run),
    ("phone", targets::phone::run),
    ("reply", targets::reply::run),
    ("sheet_bytes", targets::sheet_bytes::run),
    ("workbook", targets::workbook::run),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn replayed(folder: &Path, run: fn(&[u8])) -> usize {
    let files = files(folder);
    for file in &files {
        let bytes = std::fs::read(file).unwrap();
        let held = std::panic::catch_unwind(|| run(&bytes));
        assert!(held.is_ok(), "{}: see above", file.display());
    }
    files.len()
}

#[test]
fn every_seed_and_regression_file_holds() {
    for (name, run) in TARGETS {
        let seeds = replayed(&root().join("fuzz/seeds").join(name), run);
        assert!(seeds > 0, "{name} has no seeds");
        replayed(&root().join("fuzz/regressions").join(name), run);
        run(&[]);
    }
}

/// The corpora of the sheets are seeds as they are.
#[test]
fn every_sheet_of_the_corpora_holds() {
    let corpus = root().join("tests/corpus");
    for folder in ["texts", "texts-refused"] {
        assert!(replayed(&corpus.join(folder), targets::sheet_bytes::run) > 50);
    }
    for folder in ["books", "books-refused"] {
        assert!(replayed(&corpus.join(folder), targets::workbook::run) > 0);
    }
}

#[test]
fn every_target_is_listed() {
    let known: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let stems = |folder: &str| -> BTreeSet<String> {
        let stem = |path: PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
        files(&root().join(folder)).into_iter().map(stem).collect()
    };
    assert_eq!(stems("fuzz/fuzz_targets"), known);
    let manifest = std::fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
    let guide = std::fs::read_to_string(root().join("fuzz/README.md")).unwrap();
    for name in &known {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")));
        assert!(guide.contains(&format!("`{name}`")), "{name}");
    }
    // A file of no target is replayed by nobody.
    for folder in ["fuzz/seeds", "fuzz/regressions"] {
        assert!(stems(folder).is_subset(&known), "{folder}");
    }
}
