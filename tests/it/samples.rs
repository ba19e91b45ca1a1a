//! The samples do what their README says, and the project's README shows what the program says.
//!
//! A `console` block of README is run, command by command, and compared line by line; references, links and times are
//! made alike first, and a line of `...` stands for any lines. Its other blocks are for people.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::help::commands;
use crate::support::{Output, Paysheet, World};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// A folder with the samples in it, as in a fresh copy of the project.
fn copy() -> World {
    let world = World::new();
    std::fs::create_dir(world.path("samples")).unwrap();
    for name in sample_names() {
        let from = root().join("samples").join(&name);
        std::fs::copy(from, world.path("samples").join(&name)).unwrap();
    }
    world
}

/// What belongs to the samples; runs leave files with two dots beside them.
fn sample_names() -> BTreeSet<String> {
    let entries = std::fs::read_dir(root().join("samples")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.split('.').count() == 2).collect()
}

/// The cells of a table's rows, without backticks, of those rows that have as many.
fn rows<const N: usize>(text: &str, first: &str) -> Vec<[String; N]> {
    let begin = text.find(first).expect("the table is there");
    let lines = text[begin..]
        .lines()
        .take_while(|line| line.starts_with('|'));
    lines
        .skip(2)
        .map(|line| {
            let cells = line.trim_matches('|').split(" | ");
            let cells: Vec<String> = cells.map(|cell| cell.trim().replace('`', "")).collect();
            cells.try_into().expect("as many cells as the header")
        })
        .collect()
}

/// Runs `paysheet ...` as it stands in a text. No sample needs quotes.
fn run(world: &World, command: &str) -> Output {
    let words = command
        .split(' ')
        .skip_while(|word| *word != "paysheet" && *word != "--");
    let paysheet: Paysheet = world.paysheet();
    paysheet.args(words.skip(1)).run()
}

#[test]
fn every_sample_does_what_its_readme_says() {
    let readme = text("samples/README.md");
    let mut tried = BTreeSet::from(["README.md".to_owned()]);
    for [file, command, code, _] in rows::<4>(&readme, "| file |") {
        assert!(command.contains(&format!("samples/{file}")), "{command}");
        let world = copy();
        run(&world, &command).exits(code.parse().unwrap());
        tried.insert(file);
    }
    assert_eq!(tried, sample_names(), "each sample is shown, and no other");
}

#[test]
fn the_faults_are_those_of_the_table() {
    let readme = text("samples/README.md");
    let listed: BTreeSet<(String, String)> = rows::<3>(&readme, "| line |")
        .into_iter()
        .map(|[line, code, _]| (line, code))
        .collect();
    let world = copy();
    run(&world, "paysheet validate samples/faults.csv").exits(3);
    let problems = world.table("samples/faults.problems.csv");
    let lines = problems.column("line").into_iter().map(str::to_owned);
    let codes = problems.column("code").into_iter().map(str::to_owned);
    assert_eq!(lines.zip(codes).collect::<BTreeSet<_>>(), listed);
}

/// The commands of a `console` block with what they say.
fn transcript(block: &str) -> Vec<(String, Vec<String>)> {
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    for line in block.lines() {
        match (line.strip_prefix("$ "), found.last_mut()) {
            (Some(command), _) => found.push((command.to_owned(), Vec::new())),
            (None, Some((_, said))) => said.push(line.to_owned()),
            (None, None) => panic!("a block begins with a command: {line}"),
        }
    }
    found
}

fn blocks(readme: &str) -> Vec<&str> {
    let starts = readme.split("```console\n").skip(1);
    starts
        .map(|rest| rest.split("```").next().unwrap())
        .collect()
}

/// References, links and times made alike.
fn alike(line: &str) -> String {
    let words = line.split([',', ' ']).filter(|word| {
        let is_link = word.starts_with("https://sandbox.invalid/");
        let is_time = word.ends_with('Z') && word.contains('T');
        // The sandbox's references follow the order in which requests happen to arrive.
        let is_reference = word.len() == 7 && word.starts_with("73");
        is_link || is_time || is_reference
    });
    let mut out = line.trim_end().to_owned();
    for word in words {
        out = out.replace(word, "#");
    }
    out
}

/// Whether `said` is what `shown` shows.
fn matches(shown: &[String], said: &[String]) -> bool {
    match shown {
        [] => said.is_empty(),
        [first, rest @ ..] if first == "..." => {
            (0..=said.len()).any(|skipped| matches(rest, &said[skipped..]))
        }
        [first, rest @ ..] => {
            said.first().is_some_and(|line| alike(line) == alike(first))
                && matches(rest, &said[1..])
        }
    }
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

fn shown_by_a_pager(world: &World, command: &str) -> Option<String> {
    let words: Vec<&str> = command.split(' ').collect();
    match words.as_slice() {
        ["head", count, path] => {
            let count: usize = count.trim_start_matches('-').parse().unwrap();
            let text = world.text(path);
            let lines: Vec<&str> = text.lines().take(count).collect();
            Some(lines.join("\n"))
        }
        _ => None,
    }
}

#[test]
fn readme_shows_what_the_program_says() {
    let readme = text("README.md");
    let blocks = blocks(&readme);
    assert!(blocks.len() >= 3, "README shows the program at work");
    let world = copy();
    for (command, shown) in blocks.into_iter().flat_map(transcript) {
        let said = shown_by_a_pager(&world, &command).unwrap_or_else(|| {
            let output = run(&world, &command);
            format!("{}{}", output.stderr, output.stdout)
        });
        let (shown, said) = (shown.join("\n"), said);
        let (shown, said) = (lines(shown.trim_end()), lines(said.trim_end()));
        assert!(matches(&shown, &said), "$ {command}\n{}", said.join("\n"));
    }
}

/// Every option that any command knows, and every variable.
fn known_words(world: &World) -> String {
    let helps = commands()
        .into_iter()
        .map(|command| run(world, &format!("paysheet {command} --help")).stdout);
    helps.collect::<Vec<_>>().join("\n")
}

#[test]
fn readme_names_no_command_option_or_variable_that_is_not_there() {
    let world = World::new();
    let known = known_words(&world);
    let others = [
        "--release",
        "--path",
        "--test",
        "--locked",
        "--offline",
        "--deny",
        "--bench",
        "--all-targets",
        "--lib",
        "--features",
    ];
    for file in ["README.md", "samples/README.md"] {
        let text = text(file);
        let separators = |c: char| !(c.is_alphanumeric() || c == '-' || c == '_');
        for word in text.split(separators) {
            let is_option = word.strip_prefix("--").is_some_and(|rest| {
                rest.starts_with(|c: char| c.is_ascii_lowercase()) && !others.contains(&word)
            });
            let is_variable =
                word.starts_with("PAYSHEET_") && !["PAYSHEET_LOG", "PAYSHEET_FULL"].contains(&word);
            let ends = |c: char| !(c.is_alphanumeric() || c == '-' || c == '_');
            let there = known
                .match_indices(word)
                .any(|(at, _)| known[at + word.len()..].starts_with(ends));
            assert!(there || !(is_option || is_variable), "{file}: {word}");
        }
        for part in text.split("`paysheet ").skip(1) {
            let command = part.split(['`', ' ']).next().unwrap();
            assert!(
                commands().iter().any(|known| known == command),
                "{file}: paysheet {command}"
            );
        }
    }
}

#[test]
fn readme_names_every_column_of_the_results() {
    let world = copy();
    run(
        &world,
        "paysheet send samples/duplicates.csv --allow-duplicates",
    )
    .exits(0);
    let results = world.text("samples/duplicates.sandbox.results.csv");
    let header = results.lines().next().unwrap().to_owned();
    let ours = header.strip_prefix("name,phone,amount,remarks,").unwrap();
    let readme = text("README.md");
    let named: Vec<String> = rows::<2>(&readme, "| column | meaning |")
        .into_iter()
        .flat_map(|[columns, _]| columns.split(", ").map(str::to_owned).collect::<Vec<_>>())
        .collect();
    assert_eq!(named.join(","), ours);
}

#[test]
fn links_in_the_texts_lead_somewhere() {
    for (file, folder) in [("README.md", ""), ("samples/README.md", "samples")] {
        let text = text(file);
        for part in text.split("](").skip(1) {
            let target = part.split([')', '#']).next().unwrap();
            let there = target.is_empty()
                || target.starts_with("https://")
                || Path::exists(&root().join(folder).join(target));
            assert!(there, "{file}: {target}");
        }
    }
}

#[test]
fn the_comparison_can_fail() {
    let shown = |text: &str| lines(text);
    assert!(matches(&shown("a\n...\nz"), &shown("a\nb\nc\nz")));
    assert!(!matches(&shown("a\n...\nz"), &shown("a\nb\nc")));
    assert!(!matches(&shown("a"), &shown("a\nb")));
    let row = |link: &str, at: &str| format!("Asha,https://sandbox.invalid/{link},{at}");
    let (one, other) = (
        row("a1", "2026-01-01T00:00:00Z"),
        row("b2", "2027-01-01T00:00:00Z"),
    );
    let ravi = "Ravi".to_owned();
    assert!(!matches(std::slice::from_ref(&one), &[ravi]));
    assert!(matches(&[one], &[other]));
}
