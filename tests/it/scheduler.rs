//! The examples under `samples/scheduler` pay, stop and go on as they say, run by a shell as a scheduler would.

use std::os::unix::fs::PermissionsExt as _;
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
    let (code, _) = printed(world, line);
    code
}

/// The same, and what it prints, which cron mails.
fn printed(world: &World, line: &str) -> (i32, String) {
    let program = Path::new(env!("CARGO_BIN_EXE_paysheet")).parent().unwrap();
    let folder = world.path("");
    let folder = folder.to_str().unwrap().trim_end_matches('/');
    let path = format!("{folder}/bin:{}:/usr/bin:/bin", program.display());
    let line = line
        .replace("/etc/paysheet", folder)
        .replace("/srv/payouts", folder);
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(&line).env_clear().env("PATH", path);
    let ended = shell.current_dir(folder).output().unwrap();
    let said = [ended.stdout, ended.stderr].concat();
    (
        ended.status.code().unwrap(),
        String::from_utf8(said).unwrap(),
    )
}

/// A `date` that knows the month of today, of yesterday and of four weeks ago alone.
fn set_date(world: &World, today: &str, yesterday: &str) {
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in\n+%Y-%m) echo {today};;\n'-d yesterday +%Y-%m') echo {yesterday};;\n\
         '-d 28 days ago +%Y-%m') echo 2026-11;;\n*) exit 1;;\nesac\n"
    );
    std::fs::create_dir_all(world.path("bin")).unwrap();
    let path = world.sheet("bin/date", script);
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
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
    let [send, status, earlier] = cron_lines().try_into().unwrap();
    set_date(&world, "2026-11", "2026-10");
    let quiet = (0, String::new());
    assert_eq!(printed(&world, &earlier), quiet, "no such batch yet");
    assert!(!world.path("payroll.log").exists());
    let sent = printed(&world, &send);
    assert_eq!(sent, quiet, "{}", world.text("payroll.log"));
    assert_eq!(shell(&world, &send), 0);
    assert_eq!(
        gate.creates(),
        3,
        "the second time of day pays nobody again"
    );
    gate.redeem(&gate.booked()[0].id);
    set_date(&world, "2026-11", "2026-11");
    assert_eq!(printed(&world, &status), quiet);
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
    let (code, mail) = printed(&world, &send);
    assert_eq!(code, 3);
    assert!(mail.starts_with("paysheet send ended with 3\n"), "{mail}");
    assert!(mail.contains("9.06"), "{mail}");
    assert_eq!(gate.creates(), 3);
    // The first of the next month, before its sheet is sent: the old month's batch.
    world.sheet("payroll.csv", rows(3));
    set_date(&world, "2026-12", "2026-11");
    assert_eq!(printed(&world, &status), quiet);
    // Later in that month.
    gate.redeem(&gate.booked()[1].id);
    assert_eq!(printed(&world, &earlier), quiet);
    let prom = world.text("payroll-earlier.prom");
    assert!(prom.contains("status=\"REDEEMED\"} 2"), "{prom}");
    world.remove("payroll.total");
    let (code, mail) = printed(&world, &send);
    assert!(code == 2 && mail.contains("send ended with 2"), "{mail}");
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
