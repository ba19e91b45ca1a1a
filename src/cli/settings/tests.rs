//! From what was typed, set and written to what was meant.

use super::super::values::LogFormat;
use super::*;
use crate::gateway::address::BaseUrl;
use clap::Parser as _;
use std::collections::BTreeMap;
use std::time::Duration;

/// Resolves a command line with variables and a configuration file. Variables that clap reads are given as options
/// here: that they are read is clap's affair and held by `args`.
fn resolved(line: &str, variables: &[(&str, &str)], config: &str) -> Result<Run, Ending> {
    let folder = tempfile::tempdir().unwrap();
    if !config.is_empty() {
        std::fs::write(folder.path().join("paysheet.toml"), config).unwrap();
    }
    let typed = Typed::try_parse_from(line.split_whitespace()).unwrap();
    let known: BTreeMap<&str, &str> = variables.iter().copied().collect();
    let variable = |name: &str| known.get(name).map(|value| (*value).to_owned());
    let around = Surroundings {
        variable: &variable,
        folder: folder.path(),
    };
    resolve(typed, &around)
}

fn sent(line: &str, variables: &[(&str, &str)], config: &str) -> Send {
    match resolved(line, variables, config) {
        Ok(Run::Send(send)) => *send,
        other => panic!("{line}: {other:?}"),
    }
}

const KEYS: [(&str, &str); 2] = [
    ("CASHFREE_CLIENT_ID", "CF10ABCD"),
    ("CASHFREE_CLIENT_SECRET", "hush"),
];

#[test]
fn the_defaults_are_the_documented_ones() {
    let send = sent("paysheet send june.csv", &[], "");
    let gateway = send.gateway;
    assert_eq!(gateway.environment, Environment::Sandbox);
    assert!(matches!(gateway.door, Door::Embedded(_)));
    assert_eq!(gateway.rate.to_string(), "50/s");
    assert_eq!((gateway.concurrency, gateway.max_attempts), (64, 6));
    assert_eq!(gateway.timeout, Duration::from_secs(30));
    assert_eq!(gateway.settle, Duration::from_secs(60));
    assert_eq!(gateway.give_up_after, Duration::from_secs(900));
    assert_eq!(send.controls.expires_in, 15);
    assert_eq!(send.notify, Notify::Yes);
    assert_eq!(send.voice, Voice::default());
}

#[test]
fn precedence() {
    let both = "rate = 20\n[test]\nrate = 10";
    let table = [
        ("paysheet send j.csv --env test --rate 5", both, "5/s"),
        ("paysheet send j.csv --env test", both, "10/s"),
        ("paysheet send j.csv --env production", both, "20/s"),
        (
            "paysheet send j.csv --env production",
            "[test]\nrate = 10",
            "50/s",
        ),
        (
            "paysheet send j.csv",
            "env = 'test'\n[test]\nrate = 10",
            "10/s",
        ),
        (
            "paysheet send j.csv --env production",
            "env = 'test'\n[test]\nrate = 10",
            "50/s",
        ),
    ];
    for (line, config, rate) in table {
        assert_eq!(
            sent(line, &KEYS, config).gateway.rate.to_string(),
            rate,
            "{line} {config}"
        );
    }
    let voice = |line: &str| sent(line, &[], "log-format = 'json'").voice.log_format;
    assert_eq!(voice("paysheet send j.csv"), LogFormat::Json);
    assert_eq!(
        voice("paysheet send j.csv --log-format text"),
        LogFormat::Text
    );
}

#[test]
fn the_door_of_each_environment() {
    let table = [
        ("--env test", Some("https://payout-gamma.cashfree.com")),
        ("--env production", Some("https://payout-api.cashfree.com")),
        ("--env sandbox", None),
        (
            "--env sandbox --base-url http://127.0.0.1:8900",
            Some("http://127.0.0.1:8900"),
        ),
    ];
    for (options, url) in table {
        let send = sent(&format!("paysheet send j.csv {options}"), &KEYS, "");
        match send.gateway.door {
            Door::Embedded(_) => assert_eq!(url, None, "{options}"),
            Door::Remote(remote) => {
                let wanted = url.map(|url| BaseUrl::parse(url).unwrap());
                assert_eq!(Some(remote.base_url), wanted, "{options}");
                assert_eq!(remote.credentials.id(), "CF10ABCD");
                assert!(!format!("{:?}", remote.credentials).contains("hush"));
            }
        }
    }
}

/// Line, variables, exit code, words.
type Refusal = (
    &'static str,
    &'static [(&'static str, &'static str)],
    u8,
    &'static str,
);

const ID: &[(&str, &str)] = &[KEYS[0]];
const SECRET: &[(&str, &str)] = &[KEYS[1]];

#[rustfmt::skip]
const REFUSALS: [Refusal; 12] = [
    ("send j.csv", &KEYS, 2, "CASHFREE_CLIENT_ID is set but no environment is chosen"),
    ("status j.csv", SECRET, 2, "CASHFREE_CLIENT_SECRET is set but no environment is chosen"),
    ("results j.csv", &KEYS, 2, "no environment is chosen"),
    ("send j.csv --credentials f.toml", &[], 2, "--credentials is set but no environment"),
    ("send j.csv --env production --rate 0", &KEYS, 2, "without any limit"),
    ("send j.csv --env test --rate 0/m", &KEYS, 2, "without any limit"),
    ("send j.csv --env test --base-url http://gw.example", &KEYS, 2, "unencrypted"),
    ("send j.csv --env production --yes", &KEYS, 2, "add --expect-total"),
    ("send j.csv --env production", &[], 1, "needs credentials, and there are none"),
    ("send j.csv --env production", ID, 1, "CASHFREE_CLIENT_SECRET is not set"),
    ("status j.csv --env test", SECRET, 1, "CASHFREE_CLIENT_ID is not set"),
    ("send j.csv --env sandbox --base-url https://payout-api.cashfree.com", &KEYS, 2, "is not a gateway of"),
];

#[test]
fn refusals() {
    for (line, variables, exit, words) in REFUSALS {
        let refused = resolved(&format!("paysheet {line}"), variables, "").unwrap_err();
        assert_eq!(refused.exit.code(), exit, "{line}: {refused}");
        assert!(refused.to_string().contains(words), "{line}: {refused}");
        assert!(!refused.remedy.is_empty(), "{line}");
    }
}

#[test]
fn what_is_allowed_all_the_same() {
    let table: [(&str, &[(&str, &str)]); 6] = [
        ("send j.csv --env sandbox", &KEYS),
        ("send j.csv --rate 0", &[]),
        (
            "send j.csv --env production --yes --expect-total 5,000",
            &KEYS,
        ),
        ("send j.csv --env test --yes", &KEYS),
        (
            "send j.csv --env test --rate 0 --base-url http://127.0.0.1:1",
            &KEYS,
        ),
        ("validate j.csv", &KEYS),
    ];
    for (line, variables) in table {
        let run = resolved(&format!("paysheet {line}"), variables, "");
        assert!(run.is_ok(), "{line}: {run:?}");
    }
}

#[test]
fn a_bad_file_stops_with_1() {
    let refused = resolved("paysheet validate j.csv", &[], "yes = true").unwrap_err();
    assert_eq!(refused.exit.code(), 1);
    assert!(
        refused
            .to_string()
            .contains("paysheet.toml:1:1: `yes` belongs to one run")
    );
}
