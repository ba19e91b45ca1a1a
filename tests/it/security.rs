//! The security list: what an attacker, a colleague or a careless hand gets out of a run. Each item has a test or a
//! command; the numbers are those of the list.
//!
//! | # | what holds | proved by |
//! |---|---|---|
//! | 1 | no secret is an argument | `no_command_takes_a_secret_as_an_argument` |
//! | 2 | a file of credentials is its owner's alone, and enough | `credentials_from_a_file_are_in_no_environment`, `settings` |
//! | 3 | secret and token are stored and said nowhere | `settings::the_secret_and_the_token_turn_up_nowhere` |
//! | 4 | no other process reads a run's memory; no core dump | `a_run_keeps_its_memory_to_itself` |
//! | 5 | every file is its owner's alone, whatever the umask | `files::every_file_is_its_owners_alone_whatever_the_umask` |
//! | 6 | TLS 1.2 or newer, certificates verified | `tls` |
//! | 7 | https only, test and production never mixed | `the_open_wire_and_the_wrong_system_are_refused`, `usage` |
//! | 8 | no pins; `--ca-file` narrows whom we trust | `tls::an_authority_that_the_system_does_not_know_is_not_believed` |
//! | 9 | redirects are not followed | `hostile::a_redirect_is_not_followed` |
//! | 10 | a proxy only when asked for | `proxies_of_the_environment_are_not_used` |
//! | 11 | nobody but the gateway is talked to | `nobody_but_the_gateway_is_talked_to` |
//! | 12 | answers are bounded: bytes, depth, time | `hostile::floods_are_not_read_to_their_end` and the rest of `hostile` |
//! | 13 | no cell of ours is a formula | `no_cell_that_we_write_is_a_formula` |
//! | 14 | nothing that we say moves a cursor | `nothing_that_is_said_moves_a_cursor` |
//! | 16 | no file of others is written on, no link followed | `links_are_not_written_through`, `files` |
//! | 17 | a card's number is refused, not shown and not kept | `a_card_number_is_refused_and_neither_shown_nor_kept` |
//! | 18 | phones and addresses are masked on screen and in logs | `phones_and_addresses_are_masked_at_every_level_of_talk` |
//! | 25 | no `unsafe`; overflow is an error in the release too | `unsafe_code_is_forbidden_and_overflow_an_error` |
//! | 26 | licences, sources, advisories of what we build on | `cargo deny check` (`deny.toml`), `cargo audit --deny warnings`; `.ci/run` |
//! | 28 | built twice, it is the same | `cargo fetch --locked`, then `cargo build --release --locked --offline` in two folders with `CARGO_TARGET_DIR` apart and `--remap-path-prefix`, then `sha256sum` |
//! | 32 | no failure leads to a create | `disks`, `power` |
//! | 35 | tests know no real gateway and no real recipient | `no_test_knows_a_real_gateway`, `no_test_knows_a_real_recipient` |
//!
//! Deliberately absent: what the list asks of approvals, tamper evidence and releases, which paysheet does not have.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::support::disk::Fate;
use crate::support::trouble::*;
use crate::support::*;

/// A gateway that takes its time over creates, so that the run can be looked at.
fn slow() -> Raw {
    Raw::start(|ask| match ask.is_create() {
        true => Act::Then(Manner::Late(Duration::from_millis(700))),
        false => Act::Honest,
    })
}

/// A run that has sent something and waits for the answer.
fn under_way(send: &Paysheet, raw: &Raw) -> Running {
    let mut running = send.spawn();
    while raw.creates() == 0 && !running.ended() {
        std::thread::sleep(Duration::from_millis(2));
    }
    running
}

fn proc_file(running: &Running, name: &str) -> Vec<u8> {
    std::fs::read(format!("/proc/{}/{name}", running.pid())).unwrap_or_default()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|part| part == text.as_bytes())
}

#[test]
fn no_command_takes_a_secret_as_an_argument() {
    let help = Paysheet::new().arg("--help").run().exits(0);
    let commands = help.stdout.lines().filter_map(|line| {
        let line = line.strip_prefix("  ")?;
        let word = line.split_whitespace().next()?;
        (!line.starts_with(' ') && word.chars().all(|c| c.is_ascii_lowercase())).then_some(word)
    });
    let commands: Vec<&str> = commands.collect();
    assert!(commands.contains(&"send"), "{help}");
    for command in commands {
        let help = Paysheet::new().args([command, "--help"]).run();
        let said = help.all().to_lowercase();
        for option in [
            "--secret",
            "--client-secret",
            "--token",
            "--password",
            "--client-id",
        ] {
            assert!(!said.contains(option), "{command} {option}: {help}");
        }
    }
    let (raw, world) = (slow(), batch(3));
    let running = under_way(&hasty(&world, &raw), &raw);
    let typed = proc_file(&running, "cmdline");
    assert!(holds(&typed, "june.csv") || cfg!(not(target_os = "linux")));
    assert!(!holds(&typed, CLIENT_SECRET));
    running.wait().exits(0);
}

#[test]
fn credentials_from_a_file_are_in_no_environment() {
    let (raw, world) = (slow(), batch(3));
    let text = format!("client_id = \"{CLIENT_ID}\"\nclient_secret = \"{CLIENT_SECRET}\"\n");
    world.sheet("key.toml", text);
    world.set_mode("key.toml", 0o600);
    let send = hasty(&world, &raw)
        .without("CASHFREE_CLIENT_ID")
        .without("CASHFREE_CLIENT_SECRET")
        .args(["--credentials", "key.toml"]);
    let running = under_way(&send, &raw);
    assert!(!holds(&proc_file(&running, "environ"), CLIENT_SECRET));
    running.wait().exits(0).hides([CLIENT_SECRET]);
    all_paid(&world, &raw, 3);
    for mode in [0o644, 0o640, 0o604] {
        world.set_mode("key.toml", mode);
        let before = raw.asked();
        let refused = send.run().says(["key.toml", "chmod 600"]);
        assert!(refused.code == 1 || refused.code == 2, "{refused}");
        assert_eq!(raw.asked(), before);
    }
}

/// A user of no privileges.
const NOBODY: u32 = 65_534;

/// What runs a program as a user without privileges: nothing, for one who is none other. None where root cannot become
/// one.
fn as_nobody(world: &World) -> Option<Vec<String>> {
    if !rustix::process::geteuid().is_root() {
        return Some(Vec::new());
    }
    for name in [String::new()].into_iter().chain(world.names()) {
        std::os::unix::fs::chown(world.path(name), Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let words = [
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
    ];
    let words: Vec<String> = words.map(str::to_owned).into();
    let mut tried = std::process::Command::new(&words[0]);
    tried.args(&words[1..]).arg(env!("CARGO_BIN_EXE_paysheet"));
    let tried = tried.arg("--version").output();
    tried
        .is_ok_and(|tried| tried.status.success())
        .then_some(words)
}

/// Whose a process is: root's, if it keeps its memory to itself.
fn owner(pid: u32) -> u32 {
    let environ = std::fs::metadata(format!("/proc/{pid}/environ")).unwrap();
    std::os::unix::fs::MetadataExt::uid(&environ)
}

/// Of a user without privileges, whose processes are otherwise open to each other.
#[test]
fn a_run_keeps_its_memory_to_itself() {
    if !cfg!(target_os = "linux") {
        return skipped("only Linux tells");
    }
    let (raw, world) = (slow(), batch(3));
    let Some(nobody) = as_nobody(&world) else {
        return skipped("root cannot become a user without privileges (setpriv)");
    };
    // Another program, to see that the question has two answers.
    let mut other = nobody.iter().map(String::as_str).chain(["sleep", "20"]);
    let mut other = std::process::Command::new(other.next().unwrap())
        .args(other)
        .spawn()
        .unwrap();
    let patience = std::time::Instant::now() + Duration::from_secs(10);
    while owner(other.id()) == 0 && std::time::Instant::now() < patience {
        std::thread::sleep(Duration::from_millis(5));
    }
    let whose = owner(other.id());
    other.kill().unwrap();
    other.wait().unwrap();
    assert_ne!(whose, 0, "any other program is its user's");
    let send = hasty(&world, &raw).through(&nobody);
    let running = under_way(&send, &raw);
    let limits = String::from_utf8(proc_file(&running, "limits")).unwrap();
    let cores = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let cores = cores.expect("a limit on core files");
    assert_eq!(cores.split_whitespace().nth(4), Some("0"), "{cores}");
    // Closed to its own user: its /proc belongs to root.
    assert_eq!(owner(running.pid()), 0);
    running.signal("ABRT");
    assert_eq!(running.wait().code, -6);
    let cores = world
        .names()
        .into_iter()
        .filter(|name| name.starts_with("core"));
    assert_eq!(cores.count(), 0);
    sent(&send, 0, &world, &raw);
    all_paid(&world, &raw, 3);
}

#[test]
fn the_open_wire_and_the_wrong_system_are_refused() {
    let (raw, world) = (Raw::honest(), batch(3));
    let production = "https://payout-api.cashfree.com";
    for (environment, url) in [
        ("test", "http://gateway.example"),
        ("production", "http://payout-api.cashfree.com"),
        ("test", production),
        ("sandbox", production),
        ("production", "https://payout-gamma.cashfree.com"),
    ] {
        let send = hasty(&world, &raw).env("PAYSHEET_ENV", environment);
        let send = send
            .env("PAYSHEET_BASE_URL", url)
            .env("PAYSHEET_RATE", "50");
        send.run().exits(2);
    }
    assert_eq!(raw.asked(), 0);
    assert!(!world.has(CHECKPOINT));
}

#[test]
fn proxies_of_the_environment_are_not_used() {
    let (raw, proxy, world) = (Raw::honest(), Raw::honest(), batch(3));
    let mut send = hasty(&world, &raw);
    for name in [
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
    ] {
        send = send.env(name, proxy.url());
    }
    sent(&send, 0, &world, &raw);
    all_paid(&world, &raw, 3);
    // Nor where a gateway is elsewhere; one that was asked for is used, and told nothing but where to.
    let elsewhere = World::new();
    elsewhere.sheet(SHEET, rows(3));
    let send = giving_up(&elsewhere, &raw, "1s").env("PAYSHEET_RATE", "50");
    let send = send
        .env("PAYSHEET_BASE_URL", "https://gateway.invalid")
        .env("HTTPS_PROXY", proxy.url());
    send.run().exits(1);
    assert_eq!(proxy.asked(), 0, "{:?}", proxy.requests());
    let asked_for = send
        .without("HTTPS_PROXY")
        .args(["--proxy", &proxy.url()])
        .run();
    let asked_for = asked_for.exits(1).hides([CLIENT_SECRET]);
    let seen = proxy.requests();
    assert!(!seen.is_empty(), "{asked_for}");
    for ask in seen {
        assert_eq!(
            (ask.method.as_str(), ask.path.as_str()),
            ("CONNECT", "gateway.invalid:443")
        );
        assert!(!format!("{:?}", ask.headers).contains(CLIENT_SECRET));
    }
}

#[test]
fn nobody_but_the_gateway_is_talked_to() {
    let (gate, world) = (Gate::new(), batch(3));
    let Some(disk) = Disk::new() else {
        skipped("there is no C compiler (cc)");
        return;
    };
    let gateway = gate.url().trim_start_matches("http://").parse().unwrap();
    disk.under(&hasty(&world, &gate), &world, Fate::None)
        .run()
        .exits(0);
    let peers = disk.deeds().into_iter().filter(|deed| deed.kind == 'c');
    let peers: Vec<_> = peers.map(|deed| deed.peer()).collect();
    assert!(!peers.is_empty());
    assert!(peers.iter().all(|peer| *peer == Some(gateway)), "{peers:?}");
}

#[test]
fn no_cell_that_we_write_is_a_formula() {
    let raw = Raw::start(|ask| match (ask.is_create(), ask.nth) {
        (true, 1) => Act::Instead(Manner::Says(Say::refusal(422, "=cmd|' /C calc'!A0"))),
        _ => Act::Honest,
    });
    let world = World::new();
    let notes = [
        "=1+1",
        "+1+1",
        "-1+1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "=HYPERLINK(\"http://x\")",
        "-cmd",
    ];
    let mut sheet = "name,phone,amount,=extra\n".to_owned();
    for (row, note) in notes.iter().enumerate() {
        let cell = note.replace('"', "\"\"");
        sheet.push_str(&format!(
            "Asha Menon,{},1.00,\"{cell}\"\n",
            9_000_000_001 + row
        ));
    }
    sheet.push_str("=2+2,9000000099,1.00,x\n");
    world.sheet(SHEET, sheet);
    let send = hasty(&world, &raw).arg("--skip-invalid");
    send.run().exits(4);
    // Each link dies for a reason of the gateway's, and is replaced.
    for kept in raw.ledger().cashgrams.values_mut() {
        (kept.status, kept.reason) = ("FAILED".into(), Some("@SUM(A1)".into()));
    }
    hasty_status(&world, &raw).run().exits(4);
    let retry = world.talk("retry", SHEET, &raw).args([
        "--yes",
        "--expired",
        "--skip-invalid",
        "--settle",
        "1",
    ]);
    retry.run().exits(4);
    for (name, rows) in [
        (RESULTS, notes.len() + 1),
        ("june.problems.csv", 1),
        ("june.test.earlier.csv", notes.len() - 1),
    ] {
        let table = world.table(name);
        assert!(table.rows.len() >= rows, "{name}: {table:?}");
        let cells = table
            .rows
            .iter()
            .flat_map(|row| row.values())
            .chain(&table.columns);
        for cell in cells {
            let number = cell.parse::<f64>().is_ok();
            let first = cell.chars().next().unwrap_or('x');
            assert!(number || !"=+-@\t\r\0".contains(first), "{name}: {cell:?}");
        }
    }
    let earlier = world.table("june.test.earlier.csv");
    let mut cells = earlier.rows.iter().flat_map(|row| row.values());
    assert!(cells.any(|cell| cell.starts_with("'@SUM")), "{earlier:?}");
    let table = world.table(RESULTS);
    let mut said = table.rows.iter().flat_map(|row| row.values());
    assert!(said.any(|cell| cell.starts_with("'=cmd")), "{table:?}");
}

/// Whether anything in it moves a cursor, rings, colours, or turns the reading direction.
fn moves_a_cursor(text: &str) -> bool {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}'..='\u{200f}');
    text.chars()
        .any(|c| c.is_control() && c != '\n' || turns(c))
}

#[test]
fn nothing_that_is_said_moves_a_cursor() {
    let evil = "\u{1b}[2J\u{1b}]0;x\u{7}\rpaid\u{8}\u{202e}\u{2066}\u{200b}\u{9b}1m";
    let raw = Raw::start(move |ask| match (ask.is_create(), ask.nth) {
        (true, 1) => Act::Instead(Manner::Says(Say::refusal(422, &format!("no {evil} no")))),
        (true, 2) => Act::Instead(Manner::Says(Say::refusal(500, evil))),
        _ => Act::Honest,
    });
    let world = World::new();
    let cell = evil.replace('\r', "");
    let mut sheet = format!("name,phone,amount,email,{cell}\n");
    sheet.push_str(&format!(
        "Asha {cell},9000000001,1.00,,\nAsha,9000000002{cell},1.00,,\n"
    ));
    sheet.push_str(&format!(
        "Asha,9000000003,1.00{cell},,\nAsha,9000000004,1.00,a@{cell},\n"
    ));
    sheet.push_str(&format!(
        "Asha,9000000005,1.00,,{cell}\nAsha,9000000006,2.00,,\n"
    ));
    world.sheet(SHEET, sheet);
    for options in [&["-v"][..], &["-v", "--log-format", "json"], &[]] {
        let checked = world
            .paysheet()
            .args(["validate", SHEET, "--json"])
            .args(options)
            .run();
        assert!(!moves_a_cursor(&checked.all()), "{checked:?}");
        let send = hasty(&world, &raw).arg("--skip-invalid").args(options);
        let run = send.env("PAYSHEET_LOG", "trace").run();
        assert!(!moves_a_cursor(&run.all()), "{run:?}");
        let status = hasty_status(&world, &raw).args(options).run();
        assert!(!moves_a_cursor(&status.all()), "{status:?}");
    }
    audit(&world, RESULTS, &raw);
}

#[test]
fn links_are_not_written_through() {
    let gate = Gate::new();
    for name in [RESULTS, "june.problems.csv", CHECKPOINT] {
        let world = batch(3);
        world.sheet("diary.txt", "dear diary");
        std::os::unix::fs::symlink("diary.txt", world.path(name)).unwrap();
        let before = gate.creates();
        let run = hasty(&world, &gate).run();
        assert_eq!(world.text("diary.txt"), "dear diary", "{name}: {run}");
        let paid = gate.creates() - before;
        assert!(
            run.code == 1 && paid == 0 || name == "june.problems.csv" && run.code == 0,
            "{name}: {run}"
        );
    }
}

#[test]
fn a_card_number_is_refused_and_neither_shown_nor_kept() {
    let cards = [
        "4111111111111111",
        "4111 1111 1111 1111",
        "5555-5555-5555-4444",
        "378282246310005",
    ];
    for (column, header) in ["name", "phone", "amount", "remarks", "card"]
        .into_iter()
        .enumerate()
    {
        let (gate, world) = (Gate::new(), World::new());
        let mut sheet = "name,phone,amount,remarks,card\n".to_owned();
        for (row, card) in cards.iter().enumerate() {
            let phone = (9_000_000_001 + row).to_string();
            let mut cells = ["Asha Menon", &phone, "1.00", "June", ""];
            cells[column] = card;
            sheet.push_str(&format!("{}\n", cells.join(",")));
        }
        sheet.push_str("Ravi Nair,9000000009,1.00,June,\n");
        world.sheet(SHEET, sheet);
        let checked = world
            .paysheet()
            .args(["validate", SHEET, "--json", "-v"])
            .run()
            .exits(3);
        let checked = checked
            .says(["cell.card_number", "payment card", header])
            .hides(cards);
        assert_eq!(checked.json()["problems"]["cell.card_number"], 4);
        let send = hasty(&world, &gate).arg("-v").env("PAYSHEET_LOG", "trace");
        send.run().exits(3).hides(cards);
        assert_eq!(gate.creates(), 0);
        send.arg("--skip-invalid").run().exits(4).hides(cards);
        assert_eq!(gate.creates(), 1);
        for name in world.names().into_iter().filter(|name| name != SHEET) {
            for card in cards {
                assert!(
                    !holds(&world.bytes(&name), card),
                    "{name} keeps a card number of {header}"
                );
            }
        }
    }
}

#[test]
fn phones_and_addresses_are_masked_at_every_level_of_talk() {
    let raw = Raw::start(|ask| match (ask.is_create(), ask.nth) {
        (true, 1) => Act::Then(Manner::Close),
        (true, 2) => {
            let said = format!("phone 9000000002 of asha.2@example.com: {}", ask.body);
            Act::Instead(Manner::Says(Say::refusal(422, &said)))
        }
        _ => Act::Honest,
    });
    for (options, level) in [
        (&["-v"][..], "trace"),
        (&["-v", "--log-format", "json"], "trace"),
        (&[], "debug"),
    ] {
        let world = World::new();
        let mut sheet = "name,phone,amount,email\n".to_owned();
        for row in 1..=6 {
            sheet.push_str(&format!(
                "Asha Menon,{},1.00,asha.{row}@example.com\n",
                9_000_000_000_u64 + row
            ));
        }
        sheet.push_str("Asha Menon,98765,1.00,asha.7@example\nAsha,9000000008,1.00,asha.8@\n");
        world.sheet(SHEET, sheet);
        let run = |run: Paysheet| {
            let run = run.args(options).env("PAYSHEET_LOG", level).run();
            run.hides(["asha.", "900000000", "98765"])
        };
        run(hasty(&world, &raw).arg("--skip-invalid"));
        run(hasty_status(&world, &raw));
        run(world.paysheet().args(["validate", SHEET]));
    }
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

#[test]
fn unsafe_code_is_forbidden_and_overflow_an_error() {
    let manifest = std::fs::read_to_string(repository().join("Cargo.toml")).unwrap();
    let manifest: toml::Value = toml::from_str(&manifest).unwrap();
    assert_eq!(
        manifest["lints"]["rust"]["unsafe_code"].as_str(),
        Some("forbid")
    );
    let release = &manifest["profile"]["release"];
    assert_eq!(release["overflow-checks"].as_bool(), Some(true));
    assert_eq!(release["panic"].as_str(), Some("abort"));
    let sources = text_files(&repository().join("src"));
    for (path, text) in sources {
        assert!(
            !text.contains("unsafe {") && !text.contains("allow(unsafe"),
            "{}",
            path.display()
        );
    }
}

/// Files of text below a folder.
fn text_files(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(text_files(&path));
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            files.push((path, text));
        }
    }
    files
}

/// Every file with which something is tested or shown, as far as it is text.
fn what_is_tested_with() -> Vec<(String, String)> {
    let folders = ["tests", "fuzz", "benches", "samples", ".github", ".ci"];
    let files = folders.map(|name| text_files(&repository().join(name)));
    let name = |(path, text): (PathBuf, String)| {
        let path = path.strip_prefix(repository()).unwrap().display();
        (path.to_string(), text)
    };
    let made = |name: &String| {
        let made = ["fuzz/target/", "fuzz/corpus/", "fuzz/artifacts/"];
        made.iter().any(|folder| name.starts_with(folder))
    };
    let all = files.into_iter().flatten().map(name);
    all.filter(|(name, _)| !made(name)).collect()
}

/// Tests name a real gateway only to see it refused, and no workflow holds a credential.
#[test]
fn no_test_knows_a_real_gateway() {
    let real = ["payout-api", "payout-gamma", "api.cashfree"];
    let may = ["tests/it/security.rs", "tests/it/usage.rs"];
    let files = what_is_tested_with();
    for folder in ["tests/sim/", "fuzz/seeds/", "benches/", "samples/", ".ci/"] {
        let is_there = files.iter().any(|(name, _)| name.starts_with(folder));
        assert!(is_there, "{folder} was looked through");
    }
    for (name, text) in files {
        let names_one = real.iter().any(|host| text.contains(host));
        assert!(
            !names_one || may.contains(&name.as_str()),
            "{name} names a real gateway"
        );
    }
    for (path, text) in text_files(&repository().join(".github")) {
        assert!(
            !text.contains("CASHFREE_CLIENT") && !text.contains("secrets."),
            "{}",
            path.display()
        );
    }
    let mode = repository()
        .join("Cargo.toml")
        .metadata()
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o002, 0, "nobody else writes our manifest");
}

/// The digits of a text in runs of exactly ten that could be an Indian mobile.
fn phones(text: &str) -> impl Iterator<Item = &str> {
    let runs = text.split(|c: char| !c.is_ascii_alphanumeric());
    runs.filter(|run| {
        let digits = run.bytes().all(|c| c.is_ascii_digit());
        run.len() == 10 && digits && run.starts_with(['6', '7', '8', '9'])
    })
}

/// The domains of the addresses in a text.
fn domains(text: &str) -> impl Iterator<Item = String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
    text.match_indices('@').filter_map(move |(at, _)| {
        let before = text[..at].chars().next_back()?;
        let domain = text[at + 1..].split(|c| !is_part(c)).next()?;
        let domain = domain.trim_end_matches('.').to_ascii_lowercase();
        let (_, top) = domain.rsplit_once('.')?;
        let is_name = top.len() > 1 && top.chars().all(|c| c.is_ascii_alphabetic());
        (before.is_ascii_alphanumeric() && is_name && !domain.starts_with('.')).then_some(domain)
    })
}

/// Phones are invented ones of few kinds, addresses are under names that belong to nobody.
#[test]
fn no_test_knows_a_real_recipient() {
    let invented = [
        "90000", "98765", "98123456", "98200000", "91000000", "70000", "60000", "99999",
    ];
    // The slip that a warning is about; nothing is ever sent there.
    let nobodys = ["example.com", "mail.example.co.in", "gmial.com"];
    let (mut phones_seen, mut domains_seen) = (0, 0);
    for (name, text) in what_is_tested_with() {
        for phone in phones(&text) {
            let known = invented.iter().any(|start| phone.starts_with(start));
            assert!(known, "{name}: {phone} may be somebody's");
            phones_seen += 1;
        }
        for domain in domains(&text) {
            let ends = [".invalid", ".example", ".test", "b.b.b.com"];
            let known =
                nobodys.contains(&domain.as_str()) || ends.iter().any(|end| domain.ends_with(end));
            assert!(known, "{name}: {domain} may be somebody's");
            domains_seen += 1;
        }
    }
    assert!(
        phones_seen > 500 && domains_seen > 200,
        "{phones_seen}, {domains_seen}"
    );
    // Put together, so that this file does not have them.
    let others = format!("x 88888{}, 9000000001 a@bank.{} b@ok", 12_345, "co.in");
    assert_eq!(phones(&others).count(), 2);
    assert_eq!(domains(&others).collect::<Vec<_>>(), ["bank.co.in"]);
}
