//! The corpora of text sheets in `tests/corpus`: every bad file is refused at its line, column and code, every good one
//! read cell by cell as its table says, through the real program. Files too large to commit are made here.
//!
//! The tables are written by hand (`tests/corpus/make.py`), and so is the list of all codes (`samples/README.md`).
//! Deliberately absent: workbooks, which have tests of their
//! own.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use paysheet::domain::KeyHasher;
use paysheet::sheet::{
    CHARSETS, DELIMITERS, Field, Judge, Layout, NoFaults, Rows, Rules, validate,
};

use crate::support::*;

/// Programs at a time.
const WORKERS: usize = 8;
/// Fewest files of either kind.
const BAD_MIN: usize = 250;
const GOOD_MIN: usize = 60;
/// Fewest classes of bad files: names without their last numbers.
const CLASSES_MIN: usize = 25;

type Line = BTreeMap<String, String>;

fn corpus(folder: &str) -> (PathBuf, Vec<Line>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/corpus")
        .join(folder);
    let mut table = csv::Reader::from_path(folder.join("table.csv")).unwrap();
    let lines = table.deserialize().map(Result::unwrap).collect();
    (folder, lines)
}

/// Words, where quotes keep some together.
fn words(text: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut quoted = false;
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            ' ' if !quoted => out.push(String::new()),
            c => out.last_mut().unwrap().push(c),
        }
    }
    out.retain(|word| !word.is_empty());
    out
}

/// Does all of them, several at a time.
fn each<T: Sync>(all: &[T], work: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some(one) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                    work(one);
                }
            });
        }
    });
}

/// The faults that a problems file lists, as the table writes them.
fn faults(world: &World, name: &str) -> Vec<String> {
    if !world.has(name) {
        return Vec::new();
    }
    let bytes = world.bytes(name);
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let rows = reader.deserialize().map(Result::<Line, _>::unwrap);
    rows.map(|row| {
        assert!(
            !row["problem"].is_empty() && !row["fix"].is_empty(),
            "{row:?}"
        );
        format!("{}:{}:{}", row["line"], row["column"], row["code"])
    })
    .collect()
}

#[test]
fn every_bad_file_is_refused_at_its_place() {
    let (folder, lines) = corpus("texts-refused");
    let class = |line: &Line| {
        let name = line["file"].trim_end_matches(".csv");
        name.trim_end_matches(|c: char| c.is_ascii_digit())
            .to_owned()
    };
    let classes: std::collections::BTreeSet<String> = lines.iter().map(class).collect();
    assert!(lines.len() >= BAD_MIN && classes.len() >= CLASSES_MIN);
    let gate = Gate::new();
    each(&lines, |line| refused(&folder, line, &gate));
    assert_eq!(gate.asked(), 0);
}

fn refused(folder: &Path, line: &Line, gate: &Gate) {
    let name = &line["file"];
    let world = World::new();
    std::fs::copy(folder.join(name), world.path(name)).unwrap();
    let before = world.bytes(name);
    let list = name.replace(".csv", ".problems.csv");
    let options = words(&line["options"]);
    for command in [
        world.paysheet().args(["validate", name, "--json"]),
        world.send(name, gate),
    ] {
        let run = command.args(&options).run();
        let run = run.exits(line["exit"].parse().unwrap());
        assert_eq!(
            faults(&world, &list).join(" "),
            line["faults"],
            "{name}\n{run}"
        );
        let wanted = line["words"].split('|').filter(|word| !word.is_empty());
        let run = run.says(wanted);
        let of_the_whole = ["control-", "strict-"];
        if !of_the_whole.iter().any(|head| name.starts_with(head)) {
            run.says([name.as_str()]);
        }
    }
    let left = world.names();
    let ours = |file: &String| file == name || *file == list;
    assert!(left.iter().all(ours), "{name}: {left:?}");
    assert_eq!(world.bytes(name), before, "{name}");
}

fn layout(options: &[String]) -> (Layout, bool) {
    let mut layout = Layout::default();
    let value = |at: usize| options[at + 1].as_str();
    for (at, option) in options.iter().enumerate() {
        match option.as_str() {
            "--encoding" => {
                let found = CHARSETS.iter().find(|(name, _)| *name == value(at));
                layout.encoding = Some(found.unwrap().1);
            }
            "--delimiter" => {
                let found = DELIMITERS.iter().find(|(name, _)| *name == value(at));
                layout.delimiter = Some(found.unwrap().1);
            }
            "--map" => {
                let (field, column) = value(at).split_once('=').unwrap();
                let field = Field::named(field).unwrap();
                layout.map.push((field, column.to_owned()));
            }
            _ => {}
        }
    }
    let twins = options.iter().any(|option| option == "--allow-duplicates");
    (layout, twins)
}

/// What the second pass, which fills the checkpoint, reads from each row.
fn read(path: &Path, options: &[String]) -> Vec<Line> {
    let (layout, allow_duplicates) = layout(options);
    let rules = Rules {
        today: paysheet::clock::Clock::System.today_in_india(),
        max_amount: None,
        allow_duplicates,
        fingerprint: true,
        sheet_name: None,
        layout,
    };
    let whole = |_: u32| Judge::Whole;
    let checked = validate(path, &rules, &KeyHasher::new(), &whole, &mut NoFaults).unwrap();
    let mut rows = Rows::open(path, &checked, &rules).unwrap();
    let mut out = Vec::new();
    while let Some(row) = rows.next_row().unwrap() {
        let order = row.instruction.unwrap();
        let text = |text: Option<String>| text.unwrap_or_default();
        let notify = order
            .notify
            .map(|yes| if yes { "yes" } else { "no" }.to_owned());
        let cells = [
            ("name", order.name.as_str().to_owned()),
            ("phone", order.phone.digits()),
            ("amount", order.amount.to_string()),
            (
                "email",
                text(order.email.map(|email| email.as_str().to_owned())),
            ),
            (
                "link_expiry",
                text(order.expiry.map(|expiry| expiry.to_string())),
            ),
            (
                "cashgram_id",
                text(order.own_id.map(|id| id.as_str().to_owned())),
            ),
            (
                "remarks",
                text(order.remarks.map(|text| text.as_str().to_owned())),
            ),
            (
                "payout_type",
                text(order.payout_type.map(|text| text.as_str().to_owned())),
            ),
            (
                "description",
                text(order.description.map(|text| text.as_str().to_owned())),
            ),
            ("notify", text(notify)),
        ];
        out.push(cells.map(|(field, text)| (field.to_owned(), text)).into());
    }
    out
}

#[test]
fn every_good_file_is_read_cell_by_cell() {
    let (folder, lines) = corpus("texts");
    let mut files: BTreeMap<String, (Vec<String>, Vec<Line>)> = BTreeMap::new();
    for mut line in lines {
        let (name, options) = (
            line.remove("file").unwrap(),
            line.remove("options").unwrap(),
        );
        let file = files
            .entry(name)
            .or_insert_with(|| (words(&options), Vec::new()));
        assert_eq!(line.remove("row").unwrap(), (file.1.len() + 1).to_string());
        file.1.push(line);
    }
    assert!(files.len() >= GOOD_MIN);
    let files: Vec<_> = files.into_iter().collect();
    each(&files, |(name, (options, wanted))| {
        let world = World::new();
        std::fs::copy(folder.join(name), world.path(name)).unwrap();
        let run = world
            .paysheet()
            .args(["validate", name, "--json"])
            .args(options)
            .run();
        let json = run.exits(0).json();
        assert_eq!(json["rows"], wanted.len(), "{name}");
        assert_eq!(json["problems"].as_object().unwrap().len(), 0, "{name}");
        assert_eq!(world.names(), [name.as_str()]);
        assert_eq!(read(&world.path(name), options), *wanted, "{name}");
    });
}

/// Writes a sheet that starts with `head` and goes on with `part`, again and again, for `mebibytes`.
fn huge(world: &World, name: &str, head: &str, part: &[u8], mebibytes: usize) {
    let mut file = std::fs::File::create(world.path(name)).unwrap();
    file.write_all(head.as_bytes()).unwrap();
    let block = part.repeat((1 << 20) / part.len());
    for _ in 0..mebibytes {
        file.write_all(&block).unwrap();
    }
}

#[test]
fn what_never_ends_is_given_up_early() {
    let world = World::new();
    // A field of a gibibyte is a hole in the file, so that it takes no room; holes are read as NUL.
    huge(&world, "hole.csv", "name,phone,amount\n\"", b"x", 1);
    let file = std::fs::OpenOptions::new()
        .write(true)
        .open(world.path("hole.csv"))
        .unwrap();
    file.set_len(1 << 30).unwrap();
    huge(
        &world,
        "field.csv",
        "name,phone,amount\nA,9000000001,\"",
        b"x",
        64,
    );
    huge(
        &world,
        "plain.csv",
        "name,phone,amount\nA,9000000001,",
        b"x",
        64,
    );
    huge(
        &world,
        "quotes.csv",
        "name,phone,amount\nA,9000000001,\"",
        b"\"\"",
        64,
    );
    huge(&world, "header.csv", "", b"name,", 64);
    huge(&world, "separator.csv", "sep=", b"=", 64);
    huge(&world, "columns.csv", "name,phone,amount\n", b",", 64);
    for name in [
        "hole.csv",
        "field.csv",
        "plain.csv",
        "quotes.csv",
        "header.csv",
        "separator.csv",
        "columns.csv",
    ] {
        let command = world.paysheet().args(["validate", name, "--json"]);
        let run = command.after("ulimit -v 131072").run();
        let line = if matches!(name, "header.csv" | "separator.csv") {
            "line 1"
        } else {
            "line 2"
        };
        run.exits(3).says([name, line, "too long"]);
    }
}

/// What a code's name may start with.
const FAMILIES: [&str; 13] = [
    "name",
    "phone",
    "amount",
    "email",
    "expiry",
    "id",
    "remarks",
    "payout_type",
    "description",
    "notify",
    "row",
    "cell",
    "column",
];

/// The codes in the program's text: what stands between quotes and looks like one.
fn codes_of(file: &Path, into: &mut std::collections::BTreeSet<String>) {
    let text = std::fs::read_to_string(file).unwrap();
    let (text, _) = text
        .split_once("#[cfg(test)]\nmod tests {")
        .unwrap_or((&text, ""));
    for word in text.split('"').filter(|word| !word.ends_with(".com")) {
        let code = word.split_once('.').filter(|(family, rest)| {
            let plain = |c: char| c.is_ascii_lowercase() || c == '_';
            FAMILIES.contains(family) && !rest.is_empty() && rest.chars().all(plain)
        });
        into.extend(code.map(|_| word.to_owned()));
    }
}

fn rust_files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs") {
            into.push(path);
        }
    }
}

#[test]
fn the_codes_are_exactly_the_documented_ones() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["src/sheet", "src/domain"] {
        rust_files(&root.join(folder), &mut files);
    }
    let mut codes = std::collections::BTreeSet::new();
    files.iter().for_each(|file| codes_of(file, &mut codes));
    let readme = std::fs::read_to_string(root.join("samples/README.md")).unwrap();
    let (_, table) = readme.split_once("## All codes").unwrap();
    let documented: std::collections::BTreeSet<String> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(code, _)| code.to_owned())
        .collect();
    assert_eq!(codes, documented);
}
