//! What every command says of itself, and what it gives a shell to complete it with.
//!
//! The commands are read from the program's own list, so that none can be forgotten.

use std::process::{Command, Stdio};

use clap::Parser as _;
use paysheet::cli::args::Typed;

use crate::support::*;

/// The commands as `paysheet --help` lists them.
pub(crate) fn commands() -> Vec<String> {
    let top = Paysheet::new().arg("--help").run().exits(0);
    let listed = top.stdout.lines().skip_while(|line| *line != "Commands:");
    let names = listed
        .skip(1)
        .take_while(|line| line.starts_with("  "))
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next());
    let names: Vec<String> = names.map(str::to_owned).collect();
    assert!(names.contains(&"send".to_owned()), "{top}");
    names
}

/// The lines of a help text below `heading`, up to the next blank one.
fn below<'h>(help: &'h str, heading: &str) -> Vec<&'h str> {
    let lines = help.lines().skip_while(|line| *line != heading).skip(1);
    lines.take_while(|line| !line.is_empty()).collect()
}

#[test]
fn every_command_shows_two_examples_that_can_be_typed_and_its_exit_codes() {
    for command in commands() {
        let help = Paysheet::new().args([&command, "--help"]).run().exits(0);
        let examples = below(&help.stdout, "Examples:");
        assert!(examples.len() >= 2, "{help}");
        for example in examples {
            let typed = example.split(" > ").next().unwrap_or_default();
            let words: Vec<&str> = typed.split_whitespace().collect();
            assert_eq!(words[..2], ["paysheet", command.as_str()], "{example}");
            let parsed = Typed::try_parse_from(words);
            assert!(parsed.is_ok(), "{example}: {}", parsed.unwrap_err());
        }
        // Where a line breaks is the terminal's affair.
        let codes: Vec<&str> = below(&help.stdout, "Exit codes:")
            .into_iter()
            .flat_map(str::split_whitespace)
            .collect();
        let codes = codes.join(" ");
        for code in ["0 ", "1 ", "2 wrong usage"] {
            assert!(codes.contains(code), "{command}: no `{code}` in {codes}");
        }
    }
}

#[test]
fn every_shell_gets_every_command_to_complete() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let run = Paysheet::new().args(["completions", shell]).run().exits(0);
        assert!(run.stderr.is_empty(), "{run}");
        for word in commands()
            .iter()
            .map(String::as_str)
            .chain(["--expect-total"])
        {
            // An option's dashes are not part of the word in every shell's script.
            let word = word.trim_start_matches('-');
            assert!(run.stdout.contains(word), "{shell} knows no {word}");
        }
    }
    Paysheet::new()
        .args(["completions", "cmd.exe"])
        .run()
        .exits(2)
        .says(["bash", "zsh", "fish"]);
    Paysheet::new().args(["completions"]).run().exits(2);
}

#[test]
fn bash_completes_with_it() {
    let script = Paysheet::new().args(["completions", "bash"]).run().exits(0);
    let ask = "COMP_WORDS=(paysheet comp); COMP_CWORD=1; _paysheet paysheet comp paysheet; echo \"${COMPREPLY[@]}\"";
    let shell = Command::new("bash")
        .args(["--norc", "-c", &format!("{}\n{ask}", script.stdout)])
        .stdin(Stdio::null())
        .output();
    let Ok(shell) = shell else {
        return; // No bash here: the other test has read the script.
    };
    let said = String::from_utf8_lossy(&shell.stdout);
    assert_eq!(said.trim(), "completions", "{shell:?}");
}

#[test]
fn no_help_is_wider_than_its_room() {
    for command in commands() {
        for room in ["80", "100"] {
            let help = Paysheet::new().args([&command, "--help"]);
            let help = help.env("COLUMNS", room).run().exits(0);
            let room: usize = room.parse().unwrap();
            for line in help.stdout.lines() {
                assert!(line.chars().count() <= room, "{command}, {room}: {line}");
            }
        }
    }
    // Not broken anew where it was broken already.
    let help = Paysheet::new().args(["webhooks", "--help"]);
    let help = help.env("COLUMNS", "80").run().exits(0);
    assert!(
        help.stdout.contains("kept on disk, and only then answered"),
        "{help}"
    );
}

#[test]
fn the_sandbox_lists_what_may_happen_to_links() {
    let help = Paysheet::new().args(["sandbox", "--help"]).run().exits(0);
    let listed = below(&help.stdout, "Links:");
    let names = listed
        .iter()
        .filter_map(|line| line.trim().split('=').next());
    let names: Vec<&str> = names.collect();
    let unknown = Paysheet::new().args(["sandbox", "--links", "fly=1%"]).run();
    unknown.exits(2).says([names.join(", ")]);
    assert_eq!(names.len(), 7, "{help}");
}
