//! Wrong usage: exit 2, a sentence with the remedy, nothing asked and nothing written.

use std::net::TcpListener;

use crate::support::*;

/// `send june.csv` with variables and options of the test's own.
fn bare(world: &World) -> Paysheet {
    world.sheet("june.csv", rows(2));
    world.paysheet().args(["send", "june.csv", "--json"])
}

#[test]
fn credentials_without_a_chosen_environment_refuse_to_pay_nobody_in_silence() {
    let world = World::new();
    let words = [
        "no environment is chosen",
        "--env production",
        "--env test",
        "--env sandbox",
    ];
    for variable in ["CASHFREE_CLIENT_ID", "CASHFREE_CLIENT_SECRET"] {
        let run = bare(&world)
            .env(variable, "something")
            .run()
            .exits(2)
            .says(words);
        assert_eq!(run.json()["exit"], 2);
        run.says([variable]).hides(["something"]);
    }
    world.sheet("cf.toml", "client_id = 'a'\nclient_secret = 'b'\n");
    bare(&world)
        .args(["--credentials", "cf.toml"])
        .run()
        .exits(2)
        .says(words);
    for command in ["status", "results"] {
        let run = world.paysheet().args([command, "june.csv", "--json"]);
        run.env("CASHFREE_CLIENT_ID", "x")
            .run()
            .exits(2)
            .says(words);
    }
    assert_eq!(world.names(), ["cf.toml", "june.csv"]);
    // Blank is how schedulers say "not set"; chosen is chosen.
    bare(&world).env("CASHFREE_CLIENT_ID", "").run().exits(0);
    bare(&world)
        .env("CASHFREE_CLIENT_ID", "x")
        .args(["--env", "sandbox"])
        .run()
        .exits(0);
    bare(&world)
        .env("CASHFREE_CLIENT_ID", "x")
        .env("PAYSHEET_ENV", "sandbox")
        .run()
        .exits(0);
}

#[test]
fn credentials_never_go_over_an_open_wire() {
    let (world, gate) = (World::new(), Gate::new());
    for url in [
        "http://gateway.example",
        "http://10.1.2.3:8080/payout",
        "http://0.0.0.0:1",
        "http://localhost.example.com",
        "ftp://127.0.0.1",
        "127.0.0.1:8900",
        "https://user:canary-word@gateway.example",
    ] {
        bare(&world);
        let run = world
            .send("june.csv", &gate)
            .args(["--base-url", url])
            .run();
        run.exits(2).says(["https://"]).hides(["canary-word"]);
    }
    // A rehearsal and a test never reach the real gateway.
    for (env, url) in [
        ("test", "https://payout-api.cashfree.com"),
        ("sandbox", "https://payout-gamma.cashfree.com"),
        ("production", "https://payout-gamma.cashfree.com"),
    ] {
        let run = world.send("june.csv", &gate).args([
            "--env",
            env,
            "--base-url",
            url,
            "--rate",
            "1",
            "--expect-total",
            "5.03",
        ]);
        run.run().exits(2).says([
            "is not a gateway of the environment",
            "leave --base-url out",
        ]);
    }
    assert_eq!(gate.asked(), 0);
    assert_eq!(world.names(), ["june.csv"]);
}

#[test]
fn no_limit_is_for_this_machine_only() {
    let (world, gate) = (World::new(), Gate::new());
    bare(&world);
    let run = world
        .send("june.csv", &gate)
        .args(["--base-url", "https://gateway.example", "--rate", "0"])
        .run();
    run.exits(2).says(["--rate 0", "without any limit", "50/s"]);
    for rate in ["-1", "1.5", "fast", "50/h", ""] {
        world
            .send("june.csv", &gate)
            .args(["--rate", rate])
            .run()
            .exits(2);
    }
    assert_eq!(gate.asked(), 0);
}

#[test]
fn an_unattended_yes_in_production_must_name_the_total() {
    let (world, gate) = (World::new(), Gate::new());
    bare(&world);
    let send = || {
        world
            .talk("send", "june.csv", &gate)
            .args(["--env", "production", "--json"])
    };
    send()
        .arg("--yes")
        .run()
        .exits(2)
        .says(["--expect-total", "--yes"]);
    assert_eq!(gate.asked(), 0);
    // Neither does it ask where nobody can answer, nor take a wrong total for an answer.
    send()
        .run()
        .exits(2)
        .says(["no terminal", "--expect-total"]);
    send()
        .args(["--expect-total", "5.03"])
        .run()
        .exits(2)
        .says(["no terminal"]);
    send()
        .args(["--yes", "--expect-total", "5.04"])
        .run()
        .exits(3);
    assert_eq!((gate.creates(), gate.books().len()), (0, 0));
    let run = send()
        .args(["--yes", "--expect-total", "5.03"])
        .run()
        .exits(0);
    assert_eq!(run.json()["environment"], "production");
    audit(&world, "june.results.csv", &gate);
    assert!(world.has("june.checkpoint.db"));
}

#[test]
fn without_a_terminal_test_wants_a_yes() {
    let (world, gate) = (World::new(), Gate::new());
    bare(&world);
    world
        .talk("send", "june.csv", &gate)
        .run()
        .exits(2)
        .says(["no terminal", "--yes"]);
    assert_eq!(gate.creates(), 0);
    world.send("june.csv", &gate).run().exits(0);
}

#[test]
fn what_is_unknown_is_wrong_usage_with_json_all_the_same() {
    let world = World::new();
    world.sheet("june.csv", rows(1));
    for args in [
        &["send", "june.csv", "--sekret", "--json"][..],
        &["send", "--json"],
        &["send", "june.csv", "july.csv", "--json"],
        &["send", "june.csv", "--env", "live", "--json"],
        &["send", "june.csv", "--expires-in", "31", "--json"],
        &["send", "june.csv", "--concurrency", "0", "--json"],
        &["send", "june.csv", "--timeout", "0", "--json"],
        &["send", "june.csv", "--yes", "--yes", "--json"],
        &["send", "june.csv", "-v", "-q", "--json"],
        &["send", "june.csv", "--batch", "../june", "--json"],
        &["send", "june.csv", "--batch", "", "--json"],
        &["send", "june.csv", "--results", "june.csv", "--json"],
        &[
            "send",
            "june.csv",
            "--checkpoint",
            "x",
            "--results",
            "x",
            "--json",
        ],
    ] {
        let run = world.paysheet().args(args).run().exits(2);
        let json = run.json();
        assert_eq!(json["command"], "send", "{run}");
        assert_eq!(json["exit"], 2, "{run}");
        assert!(
            json["message"]
                .as_str()
                .is_some_and(|words| words.len() > 8),
            "{run}"
        );
        assert_eq!(json.as_object().unwrap().len(), 3, "{run}");
    }
    world
        .paysheet()
        .arg("pay")
        .run()
        .exits(2)
        .says(["pay", "--help"]);
    world.paysheet().run().exits(2);
    assert_eq!(world.names(), ["june.csv"]);
}

#[test]
fn help_and_version_are_no_mistakes_and_take_no_secret() {
    let paysheet = Paysheet::new();
    paysheet
        .clone()
        .arg("--version")
        .run()
        .exits(0)
        .says(["paysheet 0."]);
    let top = paysheet.clone().arg("--help").run().exits(0);
    assert!(top.stderr.is_empty(), "{top}");
    for command in ["validate", "send", "status", "results", "sandbox"] {
        assert!(top.stdout.contains(command), "{top}");
        let help = Paysheet::new().args([command, "--help"]).run().exits(0);
        let options = help
            .stdout
            .split_whitespace()
            .filter(|word| word.starts_with("--"));
        for option in options {
            for word in ["secret", "token", "password", "client-id"] {
                assert!(!option.contains(word), "{option} takes a secret: {help}");
            }
        }
        assert!(help.stdout.contains("Exit codes:"), "{help}");
    }
}

#[test]
fn a_wrong_address_to_listen_on_is_said() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = taken.local_addr().unwrap().to_string();
    Paysheet::new()
        .args(["sandbox", "--listen", &address])
        .run()
        .exits(1)
        .says([address.as_str(), "--listen"]);
    for (option, value) in [
        ("--latency", "soon"),
        ("--fault", "chaos"),
        ("--balance", "much"),
        ("--links", "redeem"),
    ] {
        let run = Paysheet::new()
            .args(["sandbox", "--listen", "127.0.0.1:0", option, value])
            .run();
        run.exits(2).says([format!("{option}: ")]);
    }
}

#[test]
fn the_built_in_sandboxes_options_are_named_as_they_are_typed() {
    let world = World::new();
    bare(&world);
    for (option, value) in [
        ("--sandbox-latency", "soon"),
        ("--sandbox-fault", "chaos"),
        ("--sandbox-rate-limit", "many"),
        ("--sandbox-balance", "much"),
        ("--sandbox-links", "redeem"),
    ] {
        let run = world
            .paysheet()
            .args(["send", "june.csv", option, value])
            .run();
        run.exits(2).says([format!("{option}: ")]);
    }
}

#[test]
fn the_built_in_sandbox_lives_the_same_life_under_the_same_seed() {
    let redeemed = |seed: &str| {
        let world = World::new();
        world.sheet("june.csv", rows(40));
        let links = ["--sandbox-links", "redeem=50%,after=0s,confirm=0s"];
        let run = |command: &str| {
            let run =
                world
                    .paysheet()
                    .args([command, "june.csv", "--rate", "0", "--sandbox-seed", seed]);
            run.args(links).run()
        };
        run("send").exits(0);
        run("status");
        let table = world.table("june.sandbox.results.csv");
        table.column("status").join(",")
    };
    let first = redeemed("7");
    assert!(first.contains("REDEEMED"), "{first}");
    assert_eq!(first, redeemed("7"));
    assert_ne!(first, redeemed("8"));
}

/// The commands that a run offers, each on a line of its own.
fn offered(run: &Output) -> Vec<String> {
    let lines = run.stderr.lines().chain(run.stdout.lines());
    let commands = lines.filter_map(|line| line.trim_start().strip_prefix("paysheet "));
    let is_command = |line: &&str| {
        ["send ", "status ", "results "]
            .iter()
            .any(|name| line.starts_with(name))
    };
    commands.filter(is_command).map(str::to_owned).collect()
}

#[test]
fn every_command_that_is_offered_can_be_run_as_it_stands() {
    let (world, gate) = (World::new(), Gate::new());
    bare(&world);
    let options = [
        "--expect-count",
        "2",
        "--expect-total=5.03",
        "--max-amount",
        "9",
        "--expires-in",
        "5",
        "--notify",
        "no",
        "--skip-invalid",
        "--allow-duplicates",
        "--settle",
        "0",
    ];
    let run = world.send("june.csv", &gate).args(options).run().exits(0);
    let commands = offered(&run);
    assert!(!commands.is_empty(), "{run}");
    for command in commands {
        let words = command.split(' ').map(str::to_owned);
        let known = world.talk("", "", &gate).only_env();
        known.args(words).run().exits(0);
    }
}
