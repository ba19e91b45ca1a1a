//! Where options come from and which one counts; secrets in, and never out again.

use crate::support::*;

/// The rate that a run keeps cannot be seen; the latest refusal can. A wrong value is named by the source that counts.
fn sheet(world: &World) {
    world.sheet("june.csv", rows(2));
}

#[test]
fn command_line_beats_variable_beats_file() {
    let (world, raw) = (World::new(), Raw::honest());
    sheet(&world);
    world.sheet(
        "options.toml",
        "expires-in = 3\n[test]\nexpires-in = 4\n[production]\nexpires-in = 5\n",
    );
    let expiry = |batch: &str, args: &[&str]| {
        let send = world
            .send("june.csv", &raw)
            .args(["--batch", batch, "--new-payment"])
            .args(args);
        send.run().exits(0);
        let ledger = raw.ledger();
        let (_, body) = ledger.creates.last().unwrap().clone();
        body
    };
    assert!(expiry("none", &[]).contains(&in_days(15)));
    assert!(expiry("table", &["--config", "options.toml"]).contains(&in_days(4)));
    let line = ["--config", "options.toml", "--expires-in", "6"];
    assert!(expiry("line", &line).contains(&in_days(6)));
    // The variable chooses the environment over the file's, the option over both.
    world.sheet(
        "paysheet.toml",
        "env = \"production\"\nrate = \"7/s\"\nexpires-in = 8\n",
    );
    assert!(expiry("found", &[]).contains(&in_days(8)));
    let run = world
        .send("june.csv", &raw)
        .args(["--env", "sandbox", "--batch", "option"])
        .run();
    assert_eq!(run.exits(0).json()["environment"], "sandbox");
    // The file's alone.
    let run = world
        .send("june.csv", &raw)
        .without("PAYSHEET_ENV")
        .run()
        .exits(2);
    run.says(["production", "--expect-total"]);
}

#[test]
fn variables_stand_for_their_options() {
    let (world, raw) = (World::new(), Raw::honest());
    sheet(&world);
    let send = || world.send("june.csv", &raw);
    send()
        .env("PAYSHEET_RATE", "fast")
        .run()
        .exits(2)
        .says(["fast", "is not a rate"]);
    send()
        .env("PAYSHEET_RATE", "fast")
        .args(["--rate", "0"])
        .run()
        .exits(0);
    send()
        .env("PAYSHEET_ENV", "live")
        .run()
        .exits(2)
        .says(["live"]);
    send()
        .env("PAYSHEET_BASE_URL", "http://gateway.example")
        .run()
        .exits(2);
    send()
        .env("PAYSHEET_CONFIG", "nowhere.toml")
        .run()
        .exits(1)
        .says(["nowhere.toml"]);
    world.sheet("paysheet.toml", "rate = \"slow\"\n");
    send()
        .run()
        .exits(1)
        .says(["paysheet.toml:1:8", "slow", "is not a rate"]);
}

#[test]
fn a_config_file_is_refused_with_line_and_column() {
    let (world, raw) = (World::new(), Raw::honest());
    sheet(&world);
    for (text, at, words) in [
        (
            "rate = \"9/s\"\ncolour = 1\n",
            "2:1",
            "`colour` is not an option",
        ),
        ("[test]\n  max-attemps = 3\n", "2:3", "max-attempts"),
        ("rate = \n", "1:8", ""),
        ("[test]\nenv = \"test\"\n", "2:1", "cannot stand in one"),
        (
            "concurrency = 0\n",
            "1:15",
            "`0` is not a whole number from 1",
        ),
        ("timeout = [1]\n", "1:11", "one value is wanted"),
        ("test = 5\n", "1:1", "is a table"),
    ] {
        world.sheet("paysheet.toml", text);
        let run = world.send("june.csv", &raw).run().exits(1);
        run.says([format!("paysheet.toml:{at}: ").as_str(), words]);
    }
    assert_eq!(raw.asked(), 0);
}

#[test]
fn one_runs_options_and_lifted_guards_never_come_from_a_file() {
    let (world, raw) = (World::new(), Raw::honest());
    sheet(&world);
    for key in [
        "batch",
        "checkpoint",
        "results",
        "yes",
        "json",
        "dry-run",
        "skip-invalid",
        "allow-duplicates",
        "adopt",
        "new-payment",
        "reopen",
    ] {
        for (name, config) in [("paysheet.toml", None), ("named.toml", Some("named.toml"))] {
            world.sheet(name, format!("{key} = \"x\"\n"));
            let mut send = world.send("june.csv", &raw);
            if let Some(config) = config {
                send = send.args(["--config", config]);
            }
            let run = send.run().exits(1);
            run.says([
                format!("{name}:1:1: `{key}`").as_str(),
                "never read from a file",
                "command line",
            ]);
            world.remove(name);
        }
    }
    assert_eq!(
        (raw.asked(), world.names()),
        (0, vec!["june.csv".to_owned()])
    );
}

#[test]
fn who_is_handed_the_credentials_is_not_decided_by_a_file_that_lies_about() {
    let (world, raw) = (World::new(), Raw::honest());
    sheet(&world);
    for key in ["base-url", "credentials", "proxy", "ca-file"] {
        world.sheet(
            "paysheet.toml",
            format!("[test]\n{key} = \"https://gateway.example\"\n"),
        );
        let run = world.send("june.csv", &raw).run().exits(1);
        run.says([format!("paysheet.toml:2:1: `{key}`").as_str(), "--config"]);
    }
    world.remove("paysheet.toml");
    assert_eq!(raw.asked(), 0);
    // A named one may.
    let (url, id, secret) = (raw.url(), CLIENT_ID, CLIENT_SECRET);
    world.sheet(
        "cf.toml",
        format!("client_id = \"{id}\"\nclient_secret = \"{secret}\"\n"),
    );
    world.set_mode("cf.toml", 0o600);
    world.sheet(
        "named.toml",
        format!("env = \"test\"\n[test]\nbase-url = \"{url}\"\ncredentials = \"cf.toml\"\n"),
    );
    let send = world.paysheet().args([
        "send",
        "june.csv",
        "--yes",
        "--config",
        "named.toml",
        "--rate",
        "0",
    ]);
    send.run().exits(0).hides([secret]);
    audit(&world, "june.test.results.csv", &raw);
}

/// A scheduled job must not rehearse in silence, wherever its credentials stand.
#[test]
fn credentials_in_a_table_do_not_choose_the_sandbox() {
    let world = World::new();
    sheet(&world);
    for table in ["", "[production]", "[test]", "[sandbox]"] {
        world.sheet(
            "named.toml",
            format!("{table}\ncredentials = \"cf.toml\"\n"),
        );
        for command in [
            "send", "status", "retry", "cancel", "results", "export", "doctor",
        ] {
            let run = world
                .paysheet()
                .args([command, "june.csv", "--config", "named.toml"])
                .run()
                .exits(2);
            run.says([
                "credentials",
                "no environment is chosen",
                "--env production",
            ]);
        }
    }
    assert_eq!(world.names(), ["june.csv", "named.toml"]);
}

#[test]
fn a_credentials_file_that_others_can_read_is_refused() {
    let (world, raw) = (World::new(), Raw::honest());
    sheet(&world);
    world.sheet(
        "cf.toml",
        format!("client_id = \"{CLIENT_ID}\"\nclient_secret = \"{CLIENT_SECRET}\"\n"),
    );
    let send = |file: &str| {
        let send = world.send("june.csv", &raw).without("CASHFREE_CLIENT_ID");
        send.without("CASHFREE_CLIENT_SECRET")
            .args(["--credentials", file])
    };
    for mode in [0o644, 0o640, 0o604, 0o660, 0o700 | 0o010] {
        world.set_mode("cf.toml", mode);
        let run = send("cf.toml").run().exits(1);
        run.says(["cf.toml", "other users", "chmod 600"])
            .hides([CLIENT_SECRET, CLIENT_ID]);
    }
    world.set_mode("cf.toml", 0o600);
    std::os::unix::fs::symlink("cf.toml", world.path("link.toml")).unwrap();
    send("link.toml").run().exits(1).says(["symbolic link"]);
    send("missing.toml").run().exits(1).says(["missing.toml"]);
    assert_eq!(raw.asked(), 0);
    world.sheet(
        "torn.toml",
        format!("client_id = 'x'\nclient_secret = '{CLIENT_SECRET}\n"),
    );
    world.set_mode("torn.toml", 0o600);
    send("torn.toml")
        .run()
        .exits(1)
        .says(["torn.toml:2", "client_secret ="])
        .hides([CLIENT_SECRET]);
    world.sheet(
        "more.toml",
        format!("client_id = 'x'\nclient_secret = '{CLIENT_SECRET}'\n{CLIENT_SECRET} = 1\n"),
    );
    world.set_mode("more.toml", 0o600);
    send("more.toml").run().exits(1).hides([CLIENT_SECRET]);
    send("cf.toml").run().exits(0).hides([CLIENT_SECRET]);
}

#[test]
fn half_of_the_credentials_is_a_mistake() {
    let (world, raw) = (World::new(), Raw::honest());
    sheet(&world);
    for variable in ["CASHFREE_CLIENT_ID", "CASHFREE_CLIENT_SECRET"] {
        let run = world
            .send("june.csv", &raw)
            .without(variable)
            .run()
            .exits(1);
        run.says([variable, "is not set"]).hides([CLIENT_SECRET]);
    }
    let none = world
        .send("june.csv", &raw)
        .without("CASHFREE_CLIENT_ID")
        .without("CASHFREE_CLIENT_SECRET");
    none.run()
        .exits(1)
        .says(["CASHFREE_CLIENT_ID", "--credentials"]);
    world
        .send("june.csv", &raw)
        .env("CASHFREE_CLIENT_SECRET", "two words")
        .run()
        .exits(1)
        .hides(["two words"]);
    assert_eq!(raw.asked(), 0);
}

/// Everything that stands in the folder, as lossy text by name.
fn files(world: &World) -> Vec<(String, String)> {
    let text = |name: String| {
        let bytes = world.bytes(&name);
        (name, String::from_utf8_lossy(&bytes).into_owned())
    };
    world.names().into_iter().map(text).collect()
}

#[test]
fn the_secret_and_the_token_turn_up_nowhere() {
    let worlds: [&[&str]; 4] = [&[], &["-v"], &["-v", "--log-format", "json"], &["-q"]];
    for options in worlds {
        // A wrong reply here and there makes the program talk.
        let raw = Raw::start(|ask| match (ask.is_create(), ask.nth) {
            (true, 1) => Act::Then(Manner::Close),
            (true, 2) => Act::Instead(Manner::Says(Say::refusal(403, "Token is not valid"))),
            (true, 3) => Act::Instead(Manner::Says(Say::page(502))),
            (true, 4) => Act::Instead(Manner::Says(Say::refusal(
                422,
                "Please provide a valid name",
            ))),
            _ => Act::Honest,
        });
        let world = World::new();
        world.sheet("june.csv", rows(6));
        let send = world
            .send("june.csv", &raw)
            .args(["--settle", "0", "--timeout", "5"]);
        let send = send.env("PAYSHEET_LOG", "trace").args(options);
        let run = send.run();
        let token = raw
            .requests()
            .iter()
            .find_map(|ask| ask.headers.get("authorization").cloned())
            .unwrap();
        let token = token.trim_start_matches("Bearer ").to_owned();
        assert!(token.len() > 8);
        let run = run.hides([CLIENT_SECRET, &token, CLIENT_ID]);
        let status = world
            .status("june.csv", &raw)
            .args(options)
            .env("PAYSHEET_LOG", "trace")
            .run();
        status.hides([CLIENT_SECRET, &token, CLIENT_ID]);
        for (name, text) in files(&world) {
            assert!(
                !text.contains(CLIENT_SECRET) && !text.contains(&token),
                "{name}: {run}"
            );
        }
        // Phones are masked on screen and in logs.
        for n in 1..=6 {
            run.clone()
                .hides([crate::support::world::phone(n).to_string()]);
        }
        audit(&world, "june.test.results.csv", &raw);
    }
}

#[test]
fn a_refused_secret_is_named_but_not_shown() {
    let (world, raw) = (World::new(), Raw::honest());
    sheet(&world);
    let run = world
        .send("june.csv", &raw)
        .env("CASHFREE_CLIENT_SECRET", "wrong-canary-77")
        .arg("-v")
        .run();
    let run = run.exits(1).hides(["wrong-canary-77"]);
    assert_eq!(raw.creates(), 0);
    assert!(
        run.json()["message"]
            .as_str()
            .is_some_and(|words| words.contains("CASHFREE_CLIENT")),
        "{run}"
    );
}

#[test]
fn the_variable_says_how_the_log_is_written() {
    let gate = Gate::new();
    let world = World::new();
    sheet(&world);
    let send = || world.send("june.csv", &gate).arg("--dry-run");
    let is_json = |run: &Output| {
        let mut lines = run.stderr.lines();
        lines.all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok())
    };
    for value in ["json", "json,paysheet=debug"] {
        let run = send().env("PAYSHEET_LOG", value).run().exits(0);
        assert!(is_json(&run) && !run.stderr.is_empty(), "{value}: {run}");
        let typed = send().args(["--log-format", "text"]);
        let run = typed.env("PAYSHEET_LOG", value).run().exits(0);
        assert!(!is_json(&run), "the command line beats it: {run}");
    }
    world.sheet("paysheet.toml", "log-format = \"json\"\n");
    assert!(is_json(&send().run().exits(0)));
    let run = send().env("PAYSHEET_LOG", "text").run().exits(0);
    assert!(!is_json(&run), "and it beats the file: {run}");
    let run = send().env("PAYSHEET_LOG", "paysheet=???").run().exits(2);
    run.says(["PAYSHEET_LOG"]);
}
