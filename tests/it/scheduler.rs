//! The examples under `samples/scheduler` pay, stop and go on as they say, run by a shell as a scheduler would.

use std::path::Path;
use std::process::Command;

use crate::support::*;

fn sample(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(root.join("samples/scheduler").join(name)).unwrap()
}

/// A folder with what the examples expect in it.
fn prepared(gate: &Gate) -> World {
    let world = World::new();
    world.sheet("payroll.csv", rows(3));
    world.sheet("payroll.total", "9.06\n");
    let credentials = format!(
        "CASHFREE_CLIENT_ID={CLIENT_ID}\nCASHFREE_CLIENT_SECRET={CLIENT_SECRET}\nPAYSHEET_BASE_URL={}\n",
        gate.url()
    );
    world.sheet("credentials.env", credentials);
    world
}

/// Runs a line of an example in `world`, its paths led there; the exit code.
fn shell(world: &World, line: &str) -> i32 {
    let program = Path::new(env!("CARGO_BIN_EXE_paysheet")).parent().unwrap();
    let path = format!("{}:/usr/bin:/bin", program.display());
    let folder = world.path("");
    let folder = folder.to_str().unwrap().trim_end_matches('/');
    let line = line
        .replace("/etc/paysheet", folder)
        .replace("/srv/payouts", folder);
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(&line).env_clear().env("PATH", path);
    let ended = shell.current_dir(folder).output().unwrap();
    ended.status.code().unwrap()
}

/// The commands of a crontab, without times and user, as cron hands them to the shell.
fn cron_lines() -> Vec<String> {
    let text = sample("paysheet.cron");
    let jobs = text.lines().filter(|line| line.contains(" payouts cd "));
    jobs.map(|line| {
        let (_, command) = line.split_once(" payouts ").unwrap();
        command.replace("\\%", "%")
    })
    .collect()
}

#[test]
fn the_crontab_pays_once_and_follows() {
    let gate = Gate::new();
    let world = prepared(&gate);
    let [send, status] = cron_lines().try_into().unwrap();
    assert_eq!(shell(&world, &send), 0, "{}", world.text("payroll.log"));
    assert_eq!(shell(&world, &send), 0);
    assert_eq!(
        gate.creates(),
        3,
        "the second time of day pays nobody again"
    );
    gate.redeem(&gate.booked()[0].id);
    assert_eq!(shell(&world, &status), 0);
    let log = world.text("payroll.log");
    for line in log.lines() {
        let _: serde_json::Value =
            serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}"));
    }
    assert!(log.contains("\"REDEEMED\":1"), "{log}");
    assert!(
        world
            .text("payroll.prom")
            .contains("paysheet_run_exit_code")
    );
    assert!(
        world
            .text("payroll-status.prom")
            .contains("status=\"REDEEMED\"} 1")
    );
    // A total that nobody approved.
    world.sheet("payroll.csv", rows(4));
    assert_eq!(shell(&world, &send), 3);
    assert_eq!(gate.creates(), 3);
}

#[test]
fn the_unit_runs_what_it_says() {
    let gate = Gate::new();
    let world = prepared(&gate);
    let unit = sample("paysheet.service");
    let start = unit
        .lines()
        .find_map(|line| line.strip_prefix("ExecStart=/bin/sh -c '"));
    let command = start.unwrap().trim_end_matches('\'');
    let command = command.replace("%%", "%").replace("$$", "$");
    let line = format!("set -a; . /etc/paysheet/credentials.env; {command}");
    assert_eq!(shell(&world, &line), 0);
    assert_eq!(gate.creates(), 3);
    world.remove("payroll.total");
    assert_eq!(
        shell(&world, &line),
        2,
        "without an approved total nothing runs"
    );
    assert_eq!(gate.creates(), 3);
}

#[test]
fn the_receivers_unit_is_a_command_that_parses() {
    let unit = sample("paysheet-webhooks.service");
    let start = unit
        .lines()
        .find_map(|line| line.strip_prefix("ExecStart=/usr/local/bin/paysheet "));
    let world = World::new();
    let run = world.paysheet().args(start.unwrap().split(' ')).run();
    // All that is missing are the credentials.
    run.exits(1).says(["CASHFREE_CLIENT_ID"]);
}
