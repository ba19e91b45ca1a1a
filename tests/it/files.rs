//! The files of a batch: where they are, who may read them, what they never stand on, and what is left behind.

use std::os::unix::fs::symlink;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::*;

#[test]
fn every_file_is_its_owners_alone_whatever_the_umask() {
    for umask in ["000", "022", "077"] {
        let (world, gate) = (World::new(), Gate::new());
        world.sheet("june.csv", format!("{}Bad,1,1\n", rows(2)));
        let send = world
            .send("june.csv", &gate)
            .arg("--skip-invalid")
            .umask(umask);
        send.run().exits(4);
        world.status("june.csv", &gate).umask(umask).run();
        world.talk("results", "june.csv", &gate).umask(umask).run();
        let rehearsal = world
            .paysheet()
            .args(["send", "june.csv", "--skip-invalid"])
            .umask(umask);
        rehearsal.run().exits(4);
        for name in world.names() {
            if name != "june.csv" {
                assert_eq!(world.mode(&name), 0o600, "{name} under {umask}");
            }
        }
    }
}

#[test]
fn while_it_runs_too() {
    let world = Arc::new(World::new());
    world.sheet("june.csv", rows(3));
    let (seen, watched) = (Arc::new(AtomicBool::new(false)), Arc::clone(&world));
    let noted = Arc::clone(&seen);
    let raw = Raw::start(move |ask| {
        if ask.is_create() {
            for name in watched.names() {
                let open = name != "june.csv" && watched.mode(&name) & 0o077 != 0;
                assert!(!open, "{name} is open to others");
            }
            noted.store(true, Ordering::SeqCst);
        }
        Act::Honest
    });
    world.send("june.csv", &raw).umask("000").run().exits(0);
    assert!(seen.load(Ordering::SeqCst));
    assert_eq!(world.table("june.test.results.csv").states("created"), 3);
}

#[test]
fn nothing_is_left_behind_but_the_documented_files() {
    let (world, gate) = (World::new(), Gate::new());
    world.sheet("june.csv", rows(4));
    world.send("june.csv", &gate).run().exits(0);
    world.status("june.csv", &gate).run().exits(0);
    assert_eq!(
        world.names(),
        [
            "june.csv",
            "june.test.checkpoint.db",
            "june.test.results.csv"
        ]
    );
    // A dry run leaves less.
    let world = World::new();
    world.sheet("july.csv", rows(4));
    let run = world
        .send("july.csv", &gate)
        .arg("--dry-run")
        .run()
        .exits(0);
    assert_eq!(world.names(), ["july.csv"], "{run}");
    assert_eq!(gate.creates(), 4);
}

#[test]
fn names_carry_the_environment_so_that_no_rehearsal_stands_in_the_way() {
    let (world, gate) = (World::new(), Gate::new());
    world.sheet("june.csv", rows(2));
    world.paysheet().args(["send", "june.csv"]).run().exits(0);
    world.send("june.csv", &gate).run().exits(0);
    let real = [
        "--env",
        "production",
        "--expect-total",
        "5.03",
        "--batch",
        "june-2",
    ];
    world.send("june.csv", &gate).args(real).run().exits(0);
    for name in [
        "june.sandbox.checkpoint.db",
        "june.sandbox.results.csv",
        "june.sandbox.books.db",
        "june.test.checkpoint.db",
        "june.test.results.csv",
        "june-2.checkpoint.db",
        "june-2.results.csv",
    ] {
        assert!(world.has(name), "{name} in {:?}", world.names());
    }
    let environments = [
        "june.sandbox.results.csv",
        "june.test.results.csv",
        "june-2.results.csv",
    ]
    .map(|name| world.table(name).cell(1, "environment").to_owned());
    assert_eq!(environments, ["sandbox", "test", "production"]);
    let links = world.table("june.sandbox.results.csv");
    assert!(links.cell(1, "cashgram_link").contains("sandbox.invalid"));
}

#[test]
fn the_sheets_folder_is_the_files_folder_and_options_move_them() {
    let (world, gate) = (World::new(), Gate::new());
    std::fs::create_dir(world.path("pay")).unwrap();
    std::fs::create_dir(world.path("safe")).unwrap();
    world.sheet("pay/june.csv", rows(2));
    let run = world.send("pay/june.csv", &gate).run().exits(0);
    assert_eq!(run.json()["results"], "pay/june.test.results.csv");
    assert!(world.has("pay/june.test.checkpoint.db") && world.has("pay/june.test.results.csv"));
    let moved = [
        "--batch",
        "july",
        "--checkpoint",
        "safe/a.db",
        "--results",
        "safe/b.csv",
    ];
    let again = world.send("pay/june.csv", &gate).arg("--new-payment");
    let run = again.args(moved).run().exits(0);
    let json = run.json();
    assert_eq!(
        (&json["batch"], &json["checkpoint"]),
        (&"july".into(), &"safe/a.db".into())
    );
    assert_eq!(json["results"], "safe/b.csv");
    audit_of(&world, "safe/b.csv", 2);
    assert_eq!(gate.books().len(), 4);
    // The other commands find them the same way.
    world
        .status("pay/june.csv", &gate)
        .args(moved)
        .run()
        .exits(0);
    let again = world.send("pay/june.csv", &gate).args(moved).run().exits(0);
    assert_eq!(again.json()["requests"], 0);
}

#[track_caller]
fn audit_of(world: &World, results: &str, created: usize) {
    assert_eq!(world.table(results).states("created"), created);
}

#[test]
fn results_never_stand_on_what_paysheet_did_not_write() {
    let foreign = "name,phone,amount\nmine,1,2\n";
    let (world, gate) = (World::new(), Gate::new());
    world.sheet("june.csv", rows(2));
    let results = "june.test.results.csv";
    let check = |what: &str| {
        let run = world.send("june.csv", &gate).run().exits(1);
        run.says([results, "--results", "nothing was sent"]);
        assert_eq!((gate.asked(), gate.books().len()), (0, 0), "{what}");
        assert!(!world.has("june.test.checkpoint.db"), "{what}");
    };
    world.sheet(results, foreign);
    check("a foreign file");
    assert_eq!(world.text(results), foreign);
    world.remove(results);
    std::fs::create_dir(world.path(results)).unwrap();
    check("a folder");
    std::fs::remove_dir(world.path(results)).unwrap();
    world.sheet("target.csv", foreign);
    symlink("target.csv", world.path(results)).unwrap();
    check("a link");
    assert_eq!(world.text("target.csv"), foreign);
    world.remove(results);
    symlink("nowhere.csv", world.path(results)).unwrap();
    check("a dangling link");
    assert!(!world.has("nowhere.csv"));
    world.remove(results);
    world.sheet(results, "");
    check("an empty file");
    world.remove(results);
    world.send("june.csv", &gate).run().exits(0);
}

#[test]
fn what_comes_to_stand_there_while_the_money_moves_is_left_alone_and_nothing_is_lost() {
    let world = Arc::new(World::new());
    world.sheet("june.csv", rows(3));
    let (results, there) = ("june.test.results.csv", Arc::clone(&world));
    let raw = Raw::start(move |ask| {
        if ask.is_create() && ask.nth == 1 {
            there.sheet(results, "mine now\n");
        }
        Act::Honest
    });
    world.send("june.csv", &raw).run().exits(1).says([results]);
    assert_eq!(world.text(results), "mine now\n");
    assert_eq!(raw.booked().len(), 3);
    world.remove(results);
    let asked = raw.asked();
    world.talk("results", "june.csv", &raw).run().exits(0);
    assert_eq!(raw.asked(), asked);
    audit(&world, results, &raw);
}

#[test]
fn a_place_that_cannot_be_written_stops_the_run_before_a_create() {
    let (world, gate) = (World::new(), Gate::new());
    world.sheet("june.csv", rows(2));
    world.sheet("file", "");
    for (option, path) in [
        ("--results", "no/such/folder/r.csv"),
        ("--results", "file/r.csv"),
        ("--results", "/proc/r.csv"),
        ("--checkpoint", "no/such/folder/c.db"),
        ("--checkpoint", "file/c.db"),
    ] {
        let run = world
            .send("june.csv", &gate)
            .args([option, path])
            .run()
            .exits(1);
        let folder = path.rsplit_once('/').unwrap().0;
        let json = run.says([folder]).json();
        assert_eq!(json["exit"], 1);
    }
    assert_eq!((gate.creates(), gate.books().len()), (0, 0));
}

#[test]
fn a_reader_sees_the_old_results_or_the_new_ones() {
    let world = Arc::new(World::new());
    world.sheet("june.csv", rows(400));
    let gate = Gate::new();
    world.send("june.csv", &gate).run().exits(0);
    let done = Arc::new(AtomicBool::new(false));
    let (reader, stop) = (Arc::clone(&world), Arc::clone(&done));
    let reading = std::thread::spawn(move || {
        let mut reads = 0;
        while !stop.load(Ordering::SeqCst) {
            assert_eq!(reader.table("june.test.results.csv").rows.len(), 400);
            reads += 1;
        }
        reads
    });
    for _ in 0..5 {
        world.talk("results", "june.csv", &gate).run().exits(0);
    }
    done.store(true, Ordering::SeqCst);
    assert!(reading.join().unwrap() > 0);
}

#[test]
fn names_that_would_lead_elsewhere_are_refused() {
    let (world, gate) = (World::new(), Gate::new());
    world.sheet("june.csv", rows(1));
    for batch in ["a/b", "..", ".", "", " ", "a\nb", "ü/..", &"x".repeat(300)] {
        let send = world
            .send("june.csv", &gate)
            .arg(format!("--batch={batch}"));
        send.run().exits(2);
    }
    assert_eq!(gate.asked(), 0);
    assert_eq!(world.names(), ["june.csv"]);
}
