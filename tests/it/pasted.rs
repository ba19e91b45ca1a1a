//! Commands that messages propose, as somebody pastes them into a shell: names with spaces and quotes must come through.

use std::process::Command;

use crate::support::*;

/// The words of a command line as a shell reads them, without the first.
#[track_caller]
fn typed(line: &str) -> Vec<String> {
    let script = format!("set -- {line}; for word; do printf '%s\\n' \"$word\"; done");
    let output = Command::new("/bin/sh").arg("-c").arg(script).output();
    let output = output.expect("a shell runs");
    assert!(output.status.success(), "{line}");
    let words = String::from_utf8(output.stdout).expect("UTF-8");
    words.lines().skip(1).map(str::to_owned).collect()
}

/// What stands in the message between two texts.
#[track_caller]
fn between(text: &str, start: &str, end: &str) -> String {
    let (_, rest) = text
        .split_once(start)
        .unwrap_or_else(|| panic!("{start}: {text}"));
    rest.split(end).next().unwrap_or_default().to_owned()
}

const SHEET: &str = "my june.csv";
const CHECKPOINT: &str = "my june.test.checkpoint.db";

/// A world in which the sheet was sent as the batch that its name makes.
fn sent(gate: &impl Gateway) -> World {
    let world = World::new();
    world.sheet(SHEET, rows(2));
    world.send(SHEET, gate).run().exits(0);
    world
}

#[test]
fn the_batch_of_a_checkpoint_is_named_as_a_shell_takes_it() {
    let gate = Gate::new();
    let world = sent(&gate);
    let other = ["--checkpoint", CHECKPOINT, "--batch", "july"];
    let run = world.send(SHEET, &gate).args(other).run().exits(1);
    let message = run.json()["message"].as_str().unwrap().to_owned();
    let options = between(&message, "give both: ", "\n");
    assert!(message.contains("another batch"), "{message}");
    let again = world
        .send(SHEET, &gate)
        .args(typed(&format!("paysheet {options}")));
    again.run().exits(0);
    assert_eq!(gate.booked().len(), 2);
    let real = ["--env", "production", "--expect-total", "5.03"];
    let other = ["--checkpoint", CHECKPOINT];
    let run = world.send(SHEET, &gate).args(real).args(other).run();
    let message = run.exits(1).json()["message"].as_str().unwrap().to_owned();
    let options = between(&message, "give both: ", "\n");
    let words = ["--env", "test", "--checkpoint", CHECKPOINT];
    assert_eq!(typed(&format!("paysheet {options}")), words);
}

#[test]
fn an_empty_sheet_is_checked_by_the_command_that_is_named() {
    let world = World::new();
    let name = "it's mine.csv";
    let run = world.paysheet().args(["template", name]).run().exits(0);
    let command = between(&run.stdout, "then run `", "`");
    let check = world.paysheet().args(typed(&command)).run().exits(3);
    check.says(["the template's example row"]);
}

#[test]
fn a_column_is_named_as_a_shell_takes_it() {
    let world = World::new();
    world.sheet(
        "june.csv",
        "name,Cell `$HOME` \"1\" phone,amount\nAsha,9876543210,5\n",
    );
    let run = world.paysheet().args(["validate", "june.csv"]).run();
    let option = between(&run.exits(3).all(), "or add ", "\n");
    let mapped = world.paysheet().args(["validate", "june.csv"]);
    mapped
        .args(typed(&format!("paysheet {option}")))
        .run()
        .exits(0);
}

#[test]
fn a_file_that_others_read_is_closed_by_the_command_that_is_named() {
    let gate = Gate::new();
    let world = sent(&gate);
    world.set_mode(CHECKPOINT, 0o644);
    let run = world.talk("doctor", SHEET, &gate).run();
    run.says([&*format!("chmod 600 '{CHECKPOINT}'")]);
    let keys = "my keys.toml";
    world.sheet(keys, "");
    world.set_mode(keys, 0o644);
    let run = world.talk("doctor", SHEET, &gate);
    let run = run
        .without("CASHFREE_CLIENT_ID")
        .without("CASHFREE_CLIENT_SECRET");
    let run = run.args(["--credentials", keys]).run();
    run.says([&*format!("chmod 600 '{keys}'")]);
}

#[test]
fn the_results_are_written_again_by_the_command_that_doctor_names() {
    let gate = Gate::new();
    let world = sent(&gate);
    world.remove("my june.test.results.csv");
    let run = world
        .talk("doctor", SHEET, &gate)
        .args(["--rate", "0"])
        .run();
    let command = between(&run.all(), "not there; `", "`");
    let offline = world.paysheet().env("PAYSHEET_ENV", "test");
    offline.args(typed(&command)).run().exits(0);
    assert!(world.has("my june.test.results.csv"));
}
