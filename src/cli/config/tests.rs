//! Files of options: what they may say, and what they may not.

use super::*;
use std::time::Duration;

fn parse(text: &str, trust: Trust) -> Result<Config, String> {
    Config::parse(text, Path::new("etc/paysheet.toml"), trust).map_err(|e| e.to_string())
}

#[test]
fn the_table_of_the_environment_beats_the_top_level() {
    let text = "timeout = 20\nrate = '3000/m'\nnotify = false\n[test]\ntimeout = '45s'\n[production]\nmax-amount = 1250.50\n";
    let config = parse(text, Trust::Found).unwrap();
    let timeout = |env| config.clone().layer(env).gateway.timeout;
    assert_eq!(timeout(Environment::Test), Some(Duration::from_secs(45)));
    assert_eq!(
        timeout(Environment::Production),
        Some(Duration::from_secs(20))
    );
    let production = config.layer(Environment::Production);
    assert_eq!(production.controls.max_amount.unwrap().paise(), 125_050);
    assert_eq!(production.notify, Some(Notify::No));
    assert_eq!(production.gateway.rate.unwrap().to_string(), "3000/m");
}

#[test]
fn paths_start_beside_the_file() {
    let layer = parse(
        "credentials = 'key.toml'\nca-file = '/abs.pem'",
        Trust::Named,
    )
    .unwrap()
    .layer(Environment::Sandbox);
    assert_eq!(
        layer.gateway.credentials,
        Some(PathBuf::from("etc/key.toml"))
    );
    assert_eq!(layer.gateway.ca_file, Some(PathBuf::from("/abs.pem")));
}

#[test]
fn every_option_named_as_known_is_one() {
    for name in KNOWN {
        let mut layer = Layer::default();
        let set = put(&mut layer, name, "1", Path::new(""));
        let known = set
            .err()
            .is_none_or(|why| !why.contains("is not an option"));
        assert!(known, "{name}");
    }
}

#[test]
fn refusals_name_file_line_column_and_remedy() {
    let table = [
        (
            "rate-limit = 5",
            "1:1: `rate-limit` is not an option: the options that a file may hold are env,",
        ),
        ("\n[test]\n  secret = 'x'", "3:3: `secret` is not an option"),
        ("[staging]\nrate = 5", "1:2: `staging` is not an option"),
        (
            "rate = 'fast'",
            "1:8: `rate`: `fast` is not a rate: write 50",
        ),
        (
            "concurrency = 0",
            "1:15: `concurrency`: `0` is not a whole number from 1 to 512",
        ),
        ("rate = [1]", "1:8: `rate`: one value is wanted here"),
        (
            "concurrency = 0x10",
            "1:15: `concurrency`: a number is written in decimal digits",
        ),
        (
            "production = true",
            "1:1: `production` is a table of options, not an option: write [production]",
        ),
        (
            "[test]\nenv = 'test'",
            "2:1: `env` chooses the table and cannot stand in one: move it",
        ),
        (
            "[production]\nyes = true",
            "2:1: `yes` belongs to one run and is never read from a file: give it",
        ),
        ("batch = 'june'", "1:1: `batch` belongs to one run"),
        ("checkpoint = 'x'", "1:1: `checkpoint` belongs to one run"),
        ("results = 'x'", "1:1: `results` belongs to one run"),
        (
            "skip-invalid = true",
            "1:1: `skip-invalid` lifts a guard and is never read from a file: give it",
        ),
        (
            "allow-duplicates = true",
            "1:1: `allow-duplicates` lifts a guard",
        ),
        ("adopt = true", "1:1: `adopt` lifts a guard"),
        ("rate = 5\nrate = 6", "2:1: "),
        ("rate 5", "1:6: "),
    ];
    for (text, start) in table {
        let refused = parse(text, Trust::Named).unwrap_err();
        let expected = format!("etc/paysheet.toml:{start}");
        assert!(refused.starts_with(&expected), "{text}: {refused}");
        assert!(!refused.contains('\n'), "{refused}");
    }
}

#[test]
fn a_file_merely_found_does_not_say_who_gets_the_credentials() {
    for text in [
        "base-url = 'https://x'",
        "[test]\ncredentials = 'x'",
        "proxy = 'x'",
        "ca-file = 'x'",
    ] {
        assert!(parse(text, Trust::Named).is_ok(), "{text}");
        let refused = parse(text, Trust::Found).unwrap_err();
        assert!(
            refused.contains("merely found") && refused.ends_with("on the command line"),
            "{refused}"
        );
    }
}

#[test]
fn a_named_file_must_be_there_and_a_found_one_need_not() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(Config::load(None, folder.path()), Ok(Config::default()));
    let missing = folder.path().join("other.toml");
    assert!(Config::load(Some(&missing), folder.path()).is_err());
    std::fs::write(folder.path().join(FILE_NAME), "env = 'test'").unwrap();
    let found = Config::load(None, folder.path()).unwrap();
    assert_eq!(found.env(), Some(Environment::Test));
}

#[test]
fn the_sample_is_accepted() {
    let sample = include_str!("../../../samples/paysheet.toml");
    assert!(parse(sample, Trust::Found).is_ok());
}
