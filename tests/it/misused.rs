//! A run that could not begin: wrong usage and wrong settings. A scheduler hears of it as of any other failure, and its
//! numbers stay those of its batch.

use crate::after::{listener, samples, told};
use crate::support::*;

const METRICS: &str = "june.prom";

/// The exit code in the metrics, and whether the last success is kept; panics at a label that is blank.
fn left(world: &World, command: &str) -> (String, bool) {
    let samples = samples(&world.text(METRICS));
    let blank = samples.keys().find(|series| series.contains("=\"\""));
    assert_eq!(blank, None);
    let labels = |command| format!(r#"{{batch="june",environment="test",command="{command}"}}"#);
    let exit = samples.get(&format!("paysheet_run_exit_code{}", labels(command)));
    let success = format!("paysheet_last_success_timestamp_seconds{}", labels("send"));
    (
        exit.cloned().unwrap_or_default(),
        samples.contains_key(&success),
    )
}

/// A world whose batch was sent with metrics.
fn sent(gate: &Gate) -> World {
    let world = World::new();
    world.sheet("june.csv", rows(2));
    let metrics = ["--metrics", METRICS];
    world.send("june.csv", gate).args(metrics).run().exits(0);
    world
}

#[test]
fn wrong_usage_is_told_and_counted() {
    let gate = Gate::new();
    let world = sent(&gate);
    let tell = listener(&world, "");
    let after = ["--metrics", METRICS, "--notify-command", &*tell];
    for (wrong, exit) in [
        (&["--rate", "fast"][..], 2),
        (&["--no-such-option"], 2),
        (&["second.csv"], 2),
        (&["--env", "prod"], 2),
        (&["--notify-timeout", "soon"], 2),
        (&["--settle"], 2),
    ] {
        let _ = std::fs::remove_file(world.path("told.json"));
        let send = world.send("june.csv", &gate).args(after).args(wrong);
        let run = send.run().exits(exit);
        let object = told(&world);
        assert_eq!(
            (&object["event"], &object["exit"]),
            (&"stopped".into(), &exit.into())
        );
        assert_eq!(object["message"], run.json()["message"], "{run}");
        assert_eq!(
            (object["command"].as_str(), object["batch"].as_str()),
            (Some("send"), Some("june"))
        );
        assert_eq!(left(&world, "send"), ("2".to_owned(), true), "{wrong:?}");
    }
    // Asked for, and no failure.
    world.remove("told.json");
    world
        .send("june.csv", &gate)
        .args(after)
        .arg("--help")
        .run()
        .exits(0);
    assert!(!world.has("told.json"));
}

#[test]
fn wrong_settings_are_told_and_counted() {
    let gate = Gate::new();
    let world = sent(&gate);
    let tell = listener(&world, "");
    // The file of settings says whom to tell, and where the numbers go.
    let config = format!("metrics = \"{METRICS}\"\nnotify-command = \"{tell}\"\n");
    world.sheet("own.toml", &config);
    let own = ["--config", "own.toml"];
    for (wrong, exit) in [
        (&["--base-url", "http://example.com"][..], 2),
        (&["--credentials", "none.toml"], 1),
        (&["--rate", "x"], 2),
    ] {
        let _ = std::fs::remove_file(world.path("told.json"));
        let send = world.send("june.csv", &gate).args(own).args(wrong);
        let send = send.without("CASHFREE_CLIENT_ID");
        send.run().exits(exit);
        let object = told(&world);
        assert_eq!(object["event"], "stopped");
        assert_eq!(
            (&object["batch"], &object["environment"]),
            (&"june".into(), &"test".into())
        );
        assert_eq!(left(&world, "send"), (exit.to_string(), true), "{wrong:?}");
    }
    // A file that cannot be read tells nobody; what was typed does.
    world.sheet("own.toml", format!("{config}rate = fast\n"));
    world.remove("told.json");
    world.status("june.csv", &gate).args(own).run().exits(1);
    assert!(!world.has("told.json"));
    let typed = ["--metrics", METRICS, "--notify-command", &*tell];
    let status = world.status("june.csv", &gate).args(own).args(typed);
    status.run().exits(1);
    assert_eq!(told(&world)["command"], "status");
    assert_eq!(left(&world, "status"), ("1".to_owned(), true));
}

#[test]
fn numbers_that_are_nobodys_are_not_written() {
    let world = World::new();
    let send = world.paysheet().args(["send", "--metrics", METRICS]);
    let run = send.args(["--env", "prod"]).run().exits(2);
    run.says(["the metrics were not written"]);
    assert!(!world.has(METRICS));
}
