//! What is typed parses as it should, and help names what there is.

use super::*;
use clap::CommandFactory as _;

fn helps() -> Vec<(String, String)> {
    let mut top = Typed::command();
    let mut all = vec![(String::new(), top.render_long_help().to_string())];
    for command in top.get_subcommands_mut() {
        let name = command.get_name().to_owned();
        all.push((name, command.render_long_help().to_string()));
    }
    all
}

#[test]
fn the_definition_holds_together() {
    Typed::command().debug_assert();
}

#[test]
fn no_option_takes_a_secret() {
    for (name, help) in helps() {
        for word in ["--secret", "--token", "--password", "--client-secret"] {
            assert!(!help.to_lowercase().contains(word), "{name}: {word}");
        }
    }
}

#[test]
fn every_command_shows_two_examples_and_its_exit_codes() {
    for (name, help) in helps().into_iter().skip(1) {
        let (_, tail) = help.split_once("Examples:").unwrap();
        assert!(
            tail.matches(&format!("paysheet {name}")).count() >= 2,
            "{name}"
        );
        assert!(tail.contains("Exit codes:\n  0 "), "{name}");
    }
}

#[test]
fn examples_parse() {
    for (_, help) in helps().into_iter().skip(1) {
        for line in help.lines().filter(|line| line.starts_with("  paysheet ")) {
            let typed = line.split(" > ").next().unwrap();
            let parsed = Typed::try_parse_from(typed.split_whitespace());
            assert!(parsed.is_ok(), "{line}: {parsed:?}");
        }
    }
}

#[test]
fn environment_variables_are_the_documented_ones() {
    let top = Typed::command();
    let send = top.find_subcommand("send").unwrap();
    let mut found: Vec<(String, String)> = send
        .get_arguments()
        .filter_map(|arg| {
            let variable = arg.get_env()?.to_string_lossy().into_owned();
            assert!(arg.is_hide_env_values_set(), "{variable}");
            Some((arg.get_long()?.to_owned(), variable))
        })
        .collect();
    found.sort();
    let documented = [
        ("base-url", "PAYSHEET_BASE_URL"),
        ("config", "PAYSHEET_CONFIG"),
        ("env", "PAYSHEET_ENV"),
        ("public-key", "CASHFREE_PUBLIC_KEY"),
        ("rate", "PAYSHEET_RATE"),
    ];
    assert_eq!(found, documented.map(|(a, b)| (a.to_owned(), b.to_owned())));
}

#[test]
fn log_options_stand_before_or_after_the_command() {
    for line in [
        "paysheet -q send a.csv",
        "paysheet send a.csv -q",
        "paysheet send -q a.csv",
    ] {
        assert!(
            Typed::try_parse_from(line.split(' ')).unwrap().logs.quiet,
            "{line}"
        );
    }
}

#[test]
fn wrong_usage_is_refused() {
    let table = [
        "paysheet",
        "paysheet send",
        "paysheet pay a.csv",
        "paysheet send a.csv --rate fast",
        "paysheet send a.csv --expires-in 31",
        "paysheet send a.csv --env prod",
        "paysheet send a.csv -q -v",
        "paysheet status a.csv --watch 0",
        "paysheet validate a.csv --yes",
        "paysheet sandbox --error-style loud",
    ];
    for line in table {
        let refused = Typed::try_parse_from(line.split(' ')).unwrap_err();
        assert_eq!(refused.exit_code(), 2, "{line}");
    }
}
