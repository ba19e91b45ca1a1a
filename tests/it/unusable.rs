//! A checkpoint that cannot be used, to every command that takes a sheet: clear words, the right exit code, not a byte
//! changed, and nothing asked of the gateway.

use crate::guards::{CHECKPOINT, sent};
use crate::support::*;

/// Commands that take a sheet, and what they need to get as far as its checkpoint. `validate` has none.
const COMMANDS: [(&str, &[&str]); 9] = [
    ("send", &["--yes", "--json"]),
    ("retry", &["--yes", "--json"]),
    ("cancel", &["--yes", "--json"]),
    ("status", &["--json"]),
    ("results", &["--json"]),
    ("report", &["--json"]),
    ("export", &[]),
    ("purge", &["--yes", "--unfinished", "--json"]),
    ("doctor", &["--json"]),
];
/// Commands that read one moment, and may do so while a run writes.
const READERS: [&str; 3] = ["report", "export", "doctor"];

/// Every command whose help shows a sheet is among [`COMMANDS`].
#[test]
fn no_command_is_forgotten() {
    let top = Paysheet::new().arg("--help").run().exits(0);
    let listed = top
        .stdout
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1);
    for line in listed.take_while(|line| line.starts_with("  ")) {
        let name = line.split_whitespace().next().unwrap_or_default();
        if line.starts_with("   ") || name == "validate" {
            continue;
        }
        let help = Paysheet::new().args([name, "--help"]).run();
        let takes_sheet = help.stdout.contains("SHEET>") || help.stdout.contains("[SHEET]");
        let known = COMMANDS.iter().any(|(command, _)| *command == name);
        assert!(
            !takes_sheet || known,
            "{name} takes a sheet and is not in the table"
        );
    }
}

fn run(world: &World, gate: &impl Gateway, command: &str, options: &[&str]) -> Output {
    world.talk(command, "june.csv", gate).args(options).run()
}

/// Runs every command on a checkpoint of these bytes.
fn each_refuses(bytes: &[u8], words: &[&str]) {
    let gate = Gate::new();
    let world = sent(&gate, 3);
    world.sheet(CHECKPOINT, bytes);
    let creates = gate.creates();
    let results = world.bytes("june.test.results.csv");
    for (command, options) in COMMANDS {
        let said = run(&world, &gate, command, options)
            .exits(1)
            .says([CHECKPOINT]);
        let said = said.says(words);
        if options.contains(&"--json") {
            assert_eq!(said.json()["exit"], 1, "{said}");
            assert_eq!(said.json()["command"], command, "{said}");
        }
        assert!(!said.all().contains("panicked"), "{said}");
        assert_eq!(world.bytes(CHECKPOINT), bytes, "{command} changed it");
        for left in ["-wal", "-shm", "-journal", ".lock"] {
            assert!(
                !world.has(&format!("{CHECKPOINT}{left}")),
                "{command} left {left}"
            );
        }
    }
    assert_eq!(gate.creates(), creates);
    assert_eq!(world.bytes("june.test.results.csv"), results);
}

fn whole() -> Vec<u8> {
    sent(&Gate::new(), 3).bytes(CHECKPOINT)
}

fn changed(sql: &str) -> Vec<u8> {
    let world = World::new();
    world.sheet("a.db", whole());
    let open = rusqlite::Connection::open(world.path("a.db")).unwrap();
    open.execute_batch(&format!("PRAGMA journal_mode = DELETE; {sql}"))
        .unwrap();
    drop(open);
    world.bytes("a.db")
}

#[test]
fn a_newer_one() {
    each_refuses(
        &changed("PRAGMA user_version = 4000"),
        &["newer paysheet", "4000"],
    );
}

#[test]
fn a_foreign_one() {
    let foreign = changed("PRAGMA application_id = 7");
    each_refuses(&foreign, &["not a paysheet checkpoint", "move it away"]);
}

#[test]
fn a_text() {
    let text = b"cashgram_id,state\nx,created\n".repeat(300);
    each_refuses(&text, &["not a paysheet checkpoint"]);
}

#[test]
fn none_at_all() {
    let gate = Gate::new();
    let world = World::new();
    world.sheet("june.csv", rows(2));
    for (command, options) in COMMANDS.iter().filter(|(command, _)| *command != "send") {
        let code = i32::from(*command != "doctor");
        let said = run(&world, &gate, command, options).exits(code);
        said.says([CHECKPOINT, "nothing was sent under this batch name"]);
    }
    assert_eq!(world.names(), ["june.csv"]);
}

/// What an earlier run sent is known from its results: nobody is told that nothing was sent.
#[test]
fn one_that_is_lost_while_its_results_stand_there() {
    let gate = Gate::new();
    let world = sent(&gate, 3);
    world.lose_checkpoint(CHECKPOINT);
    let results = world.bytes("june.test.results.csv");
    let asked = gate.asked();
    for (command, options) in COMMANDS.iter().filter(|(command, _)| *command != "send") {
        let said = run(&world, &gate, command, options).exits(1);
        let said = said.says([
            CHECKPOINT,
            "is missing",
            "june.test.results.csv",
            "3 links",
            "from a backup",
            "paysheet send june.csv",
            "--adopt",
        ]);
        said.hides(["nothing was sent under"]);
        if *command != "doctor" {
            assert_eq!(gate.asked(), asked, "{command}");
        }
    }
    assert_eq!(world.bytes("june.test.results.csv"), results);
}

#[test]
fn one_that_a_run_holds() {
    let gate = Gate::with(|options| options.latency = "150ms".parse().unwrap());
    let world = World::new();
    world.sheet("june.csv", rows(60));
    let running = world
        .send("june.csv", &gate)
        .args(["--concurrency", "1"])
        .spawn();
    let begun = std::time::Instant::now();
    while gate.creates() < 2 {
        assert!(begun.elapsed() < std::time::Duration::from_secs(30));
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let pid = format!("process {}", running.pid());
    for (command, options) in COMMANDS {
        if READERS.contains(&command) {
            run(&world, &gate, command, options).exits(0);
        } else {
            let said = run(&world, &gate, command, options).exits(1);
            said.says([pid.as_str(), "in use by"]);
        }
    }
    running.sigint();
    running.wait().exits(130);
    world.send("june.csv", &gate).run().exits(0);
    assert_eq!((gate.creates(), gate.books().len()), (60, 60));
}
