//! The house rules that a machine can check: who imports whom, who speaks whose words, how long things may be, and
//! whether README names the exit codes there are.
//!
//! Each rule is a function from text to findings, and each is shown to find something in a bad snippet: a rule that
//! cannot fail is a defect. Deliberately absent: what clippy and rustfmt hold already.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use paysheet::cli::exit::Exit;

/// Longest file, without its tests.
const FILE_LINES_MAX: usize = 500;
/// Longest function.
const FUNCTION_LINES_MAX: usize = 70;

/// The gateway's own field names. Whoever else wrote them would be a second place that knows the protocol.
const THEIR_FIELDS: [&str; 9] = [
    "cashgramId",
    "cashgramLink",
    "cashgramStatus",
    "referenceId",
    "linkExpiry",
    "notifyCustomer",
    "payoutType",
    "subCode",
    "availableBalance",
];
/// Where their names may stand: the two readings of the protocol.
const THEIR_READERS: [&str; 3] = ["gateway/wire", "gateway/json", "sandbox/"];
/// Where a float may stand: another's trait asks for it, and refuses it or passes it on.
const FLOATS: [(&str, &str); 3] = [
    ("gateway/json.rs", "fn visit_f64"),
    ("report/json.rs", "fn write_f64"),
    // The workbook's writer takes nothing else; read from exact text, never calculated with.
    ("sheet/book_file.rs", "let number: f64"),
];

/// One file below `src`.
struct Source {
    /// `engine/send.rs`
    path: String,
    text: String,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let name = path.strip_prefix(root().join("src")).unwrap();
                found.push(Source {
                    path: name.to_str().unwrap().to_owned(),
                    text: std::fs::read_to_string(&path).unwrap(),
                });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// A file that holds nothing but tests.
fn is_test(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.ends_with("_tests.rs") || path.contains("/tests/")
}

/// The text before the file's own tests, which stand at its end.
fn without_tests(text: &str) -> &str {
    text.find("\n#[cfg(test)]\nmod ")
        .map_or(text, |at| &text[..=at])
}

/// What to blank out of a text; line breaks stay, so that lines keep their numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Blank {
    Comments,
    CommentsAndLiterals,
}

fn blanked(text: &str, blank: Blank) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::new();
    let mut at = 0;
    while at < chars.len() {
        let (long, is_comment) = token(&chars[at..]);
        let hide = long > 1 && (is_comment || blank == Blank::CommentsAndLiterals);
        for c in &chars[at..at + long] {
            out.push(if hide && *c != '\n' { ' ' } else { *c });
        }
        at += long;
    }
    out
}

/// How long the comment or literal at the start of `rest` is, 1 if there is none, and whether it is a comment.
fn token(rest: &[char]) -> (usize, bool) {
    let until = |end: &str, from: usize| {
        let end: Vec<char> = end.chars().collect();
        let found = rest[from..].windows(end.len()).position(|w| w == end);
        found.map_or(rest.len(), |place| from + place + end.len())
    };
    match rest {
        ['/', '/', ..] => (
            rest.iter().position(|c| *c == '\n').unwrap_or(rest.len()),
            true,
        ),
        ['/', '*', ..] => (until("*/", 2), true),
        ['r', '"', ..] => (until("\"", 2), false),
        ['r', '#', '"', ..] => (until("\"#", 3), false),
        ['"', ..] => (escaped(rest, '"'), false),
        ['\'', '\\', ..] => (escaped(rest, '\''), false),
        // A lifetime has no quote two places on.
        ['\'', _, '\'', ..] => (3, false),
        _ => (1, false),
    }
}

fn escaped(rest: &[char], end: char) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != end {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

/// Who may import whom, as the table in `src/lib.rs` says.
fn table(lib: &str) -> BTreeMap<String, BTreeSet<String>> {
    let words = |cell: &str| -> BTreeSet<String> {
        let quoted = cell.split('`').skip(1).step_by(2);
        quoted
            .map(|word| word.trim_matches(['[', ']']).to_owned())
            .collect()
    };
    let rows = lib.lines().filter(|line| line.starts_with("//! | [`"));
    let mut table: BTreeMap<String, BTreeSet<String>> = rows
        .map(|row| {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let folder = words(cells[1]).pop_first().unwrap();
            let mut may = words(cells[3]);
            if cells[3] == "everything" {
                may.insert("*".to_owned());
            } else if may.is_empty() {
                assert_eq!(cells[3], "nothing of ours", "{row}");
            }
            (folder, may)
        })
        .collect();
    for (folder, may) in &mut table {
        may.insert(folder.clone());
    }
    table
}

/// The folders of ours that `code` names: `crate::engine`, `crate::{domain::.., clock::..}`, `super::super::engine`.
fn imports(code: &str, folders: &BTreeSet<String>) -> BTreeSet<String> {
    let code = blanked(without_tests(code), Blank::CommentsAndLiterals);
    let mut found = BTreeSet::new();
    for path in ["crate::", "super::"] {
        for (at, _) in code.match_indices(path) {
            let rest = &code[at + path.len()..];
            let names = match rest.strip_prefix('{') {
                Some(group) => heads(group),
                None => vec![head(rest)],
            };
            found.extend(names.into_iter().filter(|name| folders.contains(name)));
        }
    }
    found
}

fn head(path: &str) -> String {
    let name = path.trim_start().chars();
    name.take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

/// The first names of a group's members.
fn heads(group: &str) -> Vec<String> {
    let mut depth = 0;
    let mut names = vec![head(group)];
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(head(&group[at + 1..])),
            _ => {}
        }
    }
    names
}

fn forbidden_imports(source: &Source, table: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let folder = source.path.split(['/', '.']).next().unwrap();
    if ["main", "lib"].contains(&folder) {
        return Vec::new();
    }
    let Some(may) = table.get(folder) else {
        return vec![format!("{}: {folder} is not in the table", source.path)];
    };
    let folders: BTreeSet<String> = table.keys().cloned().collect();
    imports(&source.text, &folders)
        .into_iter()
        .filter(|name| !may.contains("*") && !may.contains(name))
        .map(|name| format!("{}: {folder} may not import {name}", source.path))
        .collect()
}

fn no_charter(source: &Source) -> Option<String> {
    (!source.text.starts_with("//! ")).then(|| format!("{}: no `//!` charter", source.path))
}

fn too_long(source: &Source) -> Option<String> {
    let lines = without_tests(&source.text).lines().count();
    (!is_test(&source.path) && lines > FILE_LINES_MAX)
        .then(|| format!("{}: {lines} lines", source.path))
}

/// Tables of tests may be longer.
fn long_functions(source: &Source) -> Vec<String> {
    if is_test(&source.path) {
        return Vec::new();
    }
    let code = blanked(without_tests(&source.text), Blank::CommentsAndLiterals);
    let mut found = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        let starts_word = code[..at]
            .chars()
            .next_back()
            .is_none_or(|c| !c.is_alphanumeric());
        let body = &code[at..];
        let end = body.find(['{', ';']).unwrap_or(body.len());
        if !starts_word || !body[end..].starts_with('{') {
            continue;
        }
        let lines = block(&body[end..]).lines().count();
        if lines > FUNCTION_LINES_MAX {
            let name = head(&body[3..]);
            found.push(format!("{}: fn {name} has {lines} lines", source.path));
        }
    }
    found
}

/// From an opening brace to its partner.
fn block(text: &str) -> &str {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[..=at];
        }
    }
    text
}

/// Words that only some files may hold, outside comments and tests.
fn stray(source: &Source, words: &[&str], blank: Blank, may: &[&str]) -> Vec<String> {
    if is_test(&source.path) || may.iter().any(|place| source.path.starts_with(place)) {
        return Vec::new();
    }
    let code = blanked(without_tests(&source.text), blank);
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = Vec::new();
    for word in words {
        for (at, _) in code.match_indices(word) {
            let before = code[..at].chars().next_back().is_some_and(is_part);
            let after = code[at + word.len()..].chars().next().is_some_and(is_part);
            if !before && !after {
                let line = code[..at].lines().count();
                found.push(format!("{}:{line}: {word}", source.path));
            }
        }
    }
    found
}

fn prints(source: &Source) -> Vec<String> {
    let words = ["println", "eprintln", "print", "eprint", "dbg"].map(|name| format!("{name}!"));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    stray(
        source,
        &words,
        Blank::CommentsAndLiterals,
        &["report/", "cli/"],
    )
}

fn floats(source: &Source) -> Vec<String> {
    let known = |line: usize| {
        let text = source.text.lines().nth(line - 1).unwrap_or_default();
        FLOATS
            .iter()
            .any(|(path, function)| source.path == *path && text.contains(function))
    };
    stray(source, &["f32", "f64"], Blank::CommentsAndLiterals, &[])
        .into_iter()
        .filter(|found| {
            let line = found.split(':').nth(1).unwrap().parse().unwrap();
            !known(line)
        })
        .collect()
}

fn their_words(source: &Source) -> Vec<String> {
    stray(source, &THEIR_FIELDS, Blank::Comments, &THEIR_READERS)
}

/// The codes in the table below README's heading.
fn readme_codes(readme: &str) -> Vec<u8> {
    let section = readme
        .split("\n## ")
        .find(|part| part.starts_with("Exit codes"));
    let rows = section.unwrap_or_default().lines();
    rows.filter_map(|row| row.strip_prefix("| ")?.split(' ').next()?.parse().ok())
        .collect()
}

/// Every way to end; the match makes a new one fail to compile here.
fn codes() -> Vec<u8> {
    use Exit::{Done, Interrupted, NeedsPerson, Stopped, Unpayable, Usage};
    let all = [Done, Stopped, Usage, Unpayable, NeedsPerson, Interrupted];
    for exit in all {
        match exit {
            Done | Stopped | Usage | Unpayable | NeedsPerson | Interrupted => {}
        }
    }
    all.map(Exit::code).to_vec()
}

fn readme() -> String {
    std::fs::read_to_string(root().join("README.md")).unwrap()
}

#[track_caller]
fn none(found: Vec<String>) {
    assert!(found.is_empty(), "{}", found.join("\n"));
}

fn each(rule: impl Fn(&Source) -> Vec<String>) {
    let sources = sources();
    assert!(sources.len() > 50, "the sources are where they were");
    none(sources.iter().flat_map(rule).collect());
}

#[test]
fn folders_import_what_the_table_says() {
    let lib = std::fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let table = table(&lib);
    for pure in ["domain", "clock", "sandbox"] {
        assert_eq!(table[pure], BTreeSet::from([pure.to_owned()]), "{pure}");
    }
    for folder in table.keys() {
        let place = root().join("src");
        let (file, of_files) = (place.join(format!("{folder}.rs")), place.join(folder));
        assert!(
            Path::exists(&file) || of_files.is_dir(),
            "{folder} is not there"
        );
    }
    each(|source| forbidden_imports(source, &table));
}

#[test]
fn every_file_has_a_charter_and_an_end() {
    each(|source| no_charter(source).into_iter().collect());
    each(|source| too_long(source).into_iter().collect());
    each(long_functions);
}

#[test]
fn nobody_prints_but_those_who_speak() {
    each(prints);
}

#[test]
fn there_is_no_float_near_an_amount() {
    each(floats);
    for (path, function) in FLOATS {
        let text = std::fs::read_to_string(root().join("src").join(path)).unwrap();
        assert!(text.contains(function), "{path} no longer needs {function}");
    }
}

#[test]
fn only_the_two_readings_of_the_protocol_speak_its_words() {
    each(their_words);
}

#[test]
fn readme_names_every_exit_code_and_no_other() {
    assert_eq!(readme_codes(&readme()), codes());
}

fn snippet(path: &str, text: &str) -> Source {
    Source {
        path: path.to_owned(),
        text: text.to_owned(),
    }
}

#[test]
fn the_import_rule_finds_every_way_to_name_a_folder() {
    let lib = "//! | [`domain`] | x | nothing of ours |\n//! | [`engine`] | x | `domain` |\n\
               //! | [`report`] | x | `domain`, `engine` |\n//! | [`cli`] | x | everything |\n";
    let table = table(lib);
    for bad in [
        "use crate::report::Bar;",
        "use crate::{domain::Money, report::Bar};",
        "use crate::{domain::{Money, State}, report};",
        "fn f() { crate::cli::main() }",
        "use super::super::report::Bar;",
    ] {
        assert_eq!(
            forbidden_imports(&snippet("engine/a.rs", bad), &table).len(),
            1,
            "{bad}"
        );
    }
    for good in [
        "use crate::domain::Money;",
        "use crate::{domain::{report, Money}, engine};",
        "// crate::report\nlet text = \"crate::report\";",
        "fn f() {}\n#[cfg(test)]\nmod tests { use crate::report::Bar; }",
        "use super::reporting::Bar;",
    ] {
        none(forbidden_imports(&snippet("engine/a.rs", good), &table));
    }
    none(forbidden_imports(
        &snippet("cli/a.rs", "use crate::report;"),
        &table,
    ));
    assert_eq!(forbidden_imports(&snippet("new/a.rs", ""), &table).len(), 1);
    assert_eq!(
        forbidden_imports(&snippet("domain.rs", "use crate::engine;"), &table).len(),
        1
    );
}

#[test]
fn the_length_rules_count_what_they_should() {
    let body = "    a();\n".repeat(FUNCTION_LINES_MAX);
    let long = format!("//! x\nfn long() {{\n{body}}}\nfn short() {{ \"{{\"; '{{' }}\n");
    let found = long_functions(&snippet("a.rs", &long));
    assert_eq!(found, ["a.rs: fn long has 72 lines"]);
    none(long_functions(&snippet(
        "a.rs",
        "trait T { fn a(); }\nfn b(f: fn (u8)) {}\n",
    )));
    let lines = "a\n".repeat(FILE_LINES_MAX + 1);
    assert!(too_long(&snippet("a.rs", &lines)).is_some());
    assert!(too_long(&snippet("a/tests.rs", &lines)).is_none());
    let tests = format!("a\n#[cfg(test)]\nmod tests {{\n{lines}}}\n");
    assert!(too_long(&snippet("a.rs", &tests)).is_none());
    assert!(no_charter(&snippet("a.rs", "use b;\n")).is_some());
    assert!(no_charter(&snippet("a.rs", "//! Says.\n")).is_none());
}

#[test]
fn the_word_rules_tell_code_from_prose() {
    let code = "fn a() { println!(\"x\"); }";
    assert_eq!(
        prints(&snippet("engine/a.rs", code)),
        ["engine/a.rs:1: println!"]
    );
    none(prints(&snippet("report/a.rs", code)));
    none(prints(&snippet(
        "engine/a.rs",
        "// println!(x)\nlet a = \"println!\";\n",
    )));

    assert_eq!(
        floats(&snippet("a.rs", "//! x\nlet a: f64 = 1.0;")).len(),
        1
    );
    none(floats(&snippet(
        "a.rs",
        "/// no f64\nlet a = \"f32\"; buf64(x);",
    )));
    let known = "    fn visit_f64<E>(self, number: f64) {}";
    none(floats(&snippet("gateway/json.rs", known)));
    assert_eq!(floats(&snippet("gateway/wire.rs", known)).len(), 1);

    let field = "let a = \"subCode\";";
    assert_eq!(
        their_words(&snippet("engine/a.rs", field)),
        ["engine/a.rs:1: subCode"]
    );
    none(their_words(&snippet("sandbox/a.rs", field)));
    none(their_words(&snippet("engine/tests.rs", field)));
    none(their_words(&snippet("engine/a.rs", "// the subCode\n")));
}

#[test]
fn the_exit_code_rule_reads_the_table_alone() {
    let text = "# p\n\n| 9 | x |\n\n## Exit codes\n\n| code | x |\n|---|---|\n| 0 | a |\n| 130 | b |\n\n## Next\n\n| 7 | x |\n";
    assert_eq!(readme_codes(text), [0, 130]);
    assert_eq!(readme_codes("# p\n"), [0_u8; 0]);
}
