//! The guards against paying again: what a checkpoint is bound to, and what a lost or damaged one costs.

use crate::support::world::row_text;
use crate::support::*;

pub(crate) const CHECKPOINT: &str = "june.test.checkpoint.db";
pub(crate) const RESULTS: &str = "june.test.results.csv";

/// A world in which `june.csv` with so many rows was sent to `gate`.
pub(crate) fn sent(gate: &impl Gateway, n: usize) -> World {
    let world = World::new();
    world.sheet("june.csv", rows(n));
    world.send("june.csv", gate).run().exits(0);
    assert_eq!(gate.booked().len(), n);
    world
}

/// Runs into a guard: the exit code and the words; not one create, and the checkpoint as it was.
#[track_caller]
pub(crate) fn guarded(
    world: &World,
    gate: &impl Gateway,
    send: Paysheet,
    code: i32,
    words: &[&str],
) -> Output {
    let books = gate.booked();
    let run = send.run().exits(code).says(words);
    assert_eq!(gate.booked(), books, "{run}");
    assert_eq!(run.json()["exit"], code);
    assert!(world.has("june.csv"));
    run
}

#[test]
fn a_checkpoint_of_another_world_is_refused() {
    let (gate, other) = (
        Gate::new(),
        Gate::with(|options| options.rules.client_id = "CF_OTHER".into()),
    );
    let world = sent(&gate, 3);
    let before = world.bytes(CHECKPOINT);
    let mine = ["--checkpoint", CHECKPOINT];
    let asked = gate.asked();
    let host = world.send("june.csv", &other);
    let words = [CHECKPOINT, "another gateway", "--base-url"];
    let run = guarded(&world, &gate, host, 1, &words);
    // Whoever follows what is said pays nobody again.
    run.hides(["--batch", "--checkpoint"]);
    let account = world
        .send("june.csv", &gate)
        .env("CASHFREE_CLIENT_ID", "CF_OTHER");
    let words = [CHECKPOINT, "another account", "only the rows"];
    let run = guarded(&world, &gate, account, 1, &words);
    run.hides(["CF_OTHER", CLIENT_ID, "--batch", "--checkpoint"]);
    let batch = world
        .send("june.csv", &gate)
        .args(mine)
        .args(["--batch", "july"]);
    let words = [
        CHECKPOINT,
        "another batch",
        "july",
        "--batch june --checkpoint",
    ];
    let run = guarded(&world, &gate, batch, 1, &words);
    run.hides(["--batch july", "--batch NEW"]);
    let real = ["--env", "production", "--expect-total", "9.06"];
    let environment = world.send("june.csv", &gate).args(mine).args(real);
    let words = [CHECKPOINT, "another environment", "--env test --checkpoint"];
    let run = guarded(&world, &gate, environment, 1, &words);
    run.hides(["--batch"]);
    let status = world.status("june.csv", &other);
    guarded(&world, &gate, status, 1, &["another gateway"]);
    assert_eq!((gate.asked(), other.asked()), (asked, 0));
    assert_eq!(world.bytes(CHECKPOINT), before);
    world.send("june.csv", &gate).run().exits(0);
}

#[test]
fn a_sheet_renamed_with_its_checkpoint_goes_on_as_it_is_told() {
    let gate = Gate::new();
    let world = sent(&gate, 3);
    for (from, to) in [
        ("june.csv", "pay.csv"),
        (CHECKPOINT, "pay.test.checkpoint.db"),
        (RESULTS, "pay.test.results.csv"),
    ] {
        std::fs::rename(world.path(from), world.path(to)).unwrap();
    }
    let options = ["--batch", "june", "--checkpoint", "pay.test.checkpoint.db"];
    let refused = world.send("pay.csv", &gate).run().exits(1);
    refused.says([options.join(" ")]);
    world.send("pay.csv", &gate).args(options).run().exits(0);
    assert_eq!(gate.creates(), 3);
}

#[test]
fn a_damaged_checkpoint_is_refused_with_the_way_out() {
    let gate = Gate::new();
    let world = sent(&gate, 40);
    let whole = world.bytes(CHECKPOINT);
    let asked = gate.asked();
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        bytes
    };
    let garbage: Vec<u8> = (0..20_000_u32).map(|n| (n * 7 % 251) as u8).collect();
    for (what, bytes) in [
        ("cut in half", whole[..whole.len() / 2].to_vec()),
        ("cut to a page", whole[..4096].to_vec()),
        ("garbage", garbage),
        ("its first byte flipped", flipped(0)),
        ("its page size flipped", flipped(17)),
        ("text", b"cashgram_id,state\n".to_vec()),
    ] {
        world.sheet(CHECKPOINT, &bytes);
        for command in ["send", "status", "results"] {
            let send = world.talk(command, "june.csv", &gate).arg("--json");
            let send = if command == "send" {
                send.arg("--yes")
            } else {
                send
            };
            let run = guarded(&world, &gate, send, 1, &[CHECKPOINT]);
            let said = run.all();
            assert!(
                said.contains("damaged") || said.contains("not a paysheet checkpoint"),
                "{what}: {run}"
            );
        }
        assert_eq!(world.bytes(CHECKPOINT), bytes, "{what}: it was written to");
    }
    assert_eq!(gate.asked(), asked);
    // Its links are still in the results.
    assert_eq!(world.table(RESULTS).states("created"), 40);
}

#[test]
fn an_empty_checkpoint_file_is_not_taken_for_a_new_batch_in_silence() {
    let gate = Gate::new();
    let world = sent(&gate, 3);
    world.sheet(CHECKPOINT, "");
    let run = world.send("june.csv", &gate).run();
    assert!(run.code == 1 || run.code == 4, "{run}");
    assert_eq!((gate.creates(), gate.books().len()), (3, 3), "{run}");
}

#[test]
fn another_programs_database_and_a_newer_format_are_refused() {
    let gate = Gate::new();
    let world = sent(&gate, 3);
    let whole = world.bytes(CHECKPOINT);
    let asked = gate.asked();
    let open = || rusqlite::Connection::open(world.path(CHECKPOINT)).unwrap();
    open().pragma_update(None, "user_version", 4_000).unwrap();
    let newer = world.send("june.csv", &gate);
    guarded(
        &world,
        &gate,
        newer,
        1,
        &[CHECKPOINT, "newer paysheet", "4000"],
    );
    world.sheet(CHECKPOINT, &whole);
    open().pragma_update(None, "application_id", 7).unwrap();
    guarded(
        &world,
        &gate,
        world.send("june.csv", &gate),
        1,
        &["not a paysheet checkpoint", "--checkpoint"],
    );
    world.remove(CHECKPOINT);
    open()
        .execute_batch("CREATE TABLE contacts (name TEXT); INSERT INTO contacts VALUES ('x')")
        .unwrap();
    guarded(
        &world,
        &gate,
        world.send("june.csv", &gate),
        1,
        &["not a paysheet checkpoint"],
    );
    let names: i64 = open()
        .query_row("SELECT count(*) FROM contacts", [], |row| row.get(0))
        .unwrap();
    assert_eq!((names, gate.asked()), (1, asked));
}

#[test]
fn a_record_that_was_tampered_with_sends_nothing() {
    let gate = Gate::new();
    let world = sent(&gate, 3);
    let open = rusqlite::Connection::open(world.path(CHECKPOINT)).unwrap();
    let tables: Vec<String> = {
        let mut query = open
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
            .unwrap();
        let names = query.query_map([], |row| row.get(0)).unwrap();
        names.map(Result::unwrap).collect()
    };
    for table in tables {
        let whole = world.bytes(CHECKPOINT);
        let broken = open.execute_batch(&format!("DROP TABLE {table}"));
        if broken.is_ok() {
            let run = world.send("june.csv", &gate).run();
            assert_ne!(run.code, 0, "without {table}: {run}");
            assert_eq!(gate.creates(), 3, "without {table}: {run}");
        }
        world.sheet(CHECKPOINT, whole);
    }
}

#[test]
fn with_checkpoint_and_results_lost_what_exists_is_found_and_not_paid_again() {
    let gate = Gate::new();
    let world = sent(&gate, 30);
    let before = world.table(RESULTS);
    world.lose_checkpoint(CHECKPOINT);
    world.remove(RESULTS);
    world.sheet("june.csv", rows(33));
    let remedies = [
        "--adopt",
        "--batch NEW",
        "30 links of this batch exist",
        "nothing was sent",
    ];
    guarded(&world, &gate, world.send("june.csv", &gate), 4, &remedies);
    let conflicts = world.table(RESULTS);
    assert_eq!(
        (conflicts.states("conflict"), conflicts.states("ready")),
        (30, 3)
    );
    audit(&world, RESULTS, &gate);
    // Again, and again nothing, until the word is given.
    let again = guarded(
        &world,
        &gate,
        world.send("june.csv", &gate),
        4,
        &["--adopt", "--batch NEW"],
    );
    assert_eq!(gate.creates(), 30, "{again}");
    let adopt = world.send("june.csv", &gate).arg("--adopt").run().exits(0);
    adopt.says(["30 ACTIVE", "amounts cannot be compared"]);
    audit(&world, RESULTS, &gate);
    assert_eq!((gate.creates(), gate.books().len()), (33, 33));
    let after = world.table(RESULTS);
    for column in ["cashgram_id", "reference_id", "cashgram_link"] {
        assert_eq!(after.column(column)[..30], before.column(column)[..]);
    }
    let done = world.send("june.csv", &gate).run().exits(0);
    assert_eq!(done.json()["requests"], 0);
}

#[test]
fn where_all_rows_exist_both_remedies_are_named_each_time() {
    let raw = Raw::honest();
    let world = sent(&raw, 5);
    world.lose_checkpoint(CHECKPOINT);
    world.remove(RESULTS);
    for _ in 0..3 {
        guarded(
            &world,
            &raw,
            world.send("june.csv", &raw),
            4,
            &["--adopt", "--batch NEW"],
        );
        assert_eq!(world.table(RESULTS).states("conflict"), 5);
    }
    assert_eq!(raw.creates(), 5);
    world.send("june.csv", &raw).arg("--adopt").run().exits(0);
    audit(&world, RESULTS, &raw);
    assert_eq!(raw.creates(), 5);
}

#[test]
fn adopting_wants_an_answer() {
    let gate = Gate::new();
    let world = sent(&gate, 3);
    world.lose_checkpoint(CHECKPOINT);
    let adopt = || {
        world
            .talk("send", "june.csv", &gate)
            .arg("--adopt")
            .arg("--json")
    };
    guarded(&world, &gate, adopt(), 2, &["no terminal", "--yes"]);
    assert_eq!(
        world.table(RESULTS).states("created"),
        3 - world.table(RESULTS).states("conflict")
    );
    adopt().arg("--yes").run().exits(0);
    audit(&world, RESULTS, &gate);
}

#[test]
fn a_handful_of_ids_far_into_the_sheet_is_found_too() {
    // Every third row was sent before under this name.
    let gate = Gate::new();
    let world = World::new();
    let some: String = (1..=60).filter(|n| n % 3 == 0).map(row_text).collect();
    world.sheet("june.csv", format!("name,phone,amount\n{some}"));
    world.send("june.csv", &gate).run().exits(0);
    world.lose_checkpoint(CHECKPOINT);
    world.remove(RESULTS);
    world.sheet("june.csv", rows(60));
    let run = guarded(
        &world,
        &gate,
        world.send("june.csv", &gate),
        4,
        &["20 links", "--adopt"],
    );
    assert_eq!(world.table(RESULTS).states("conflict"), 20, "{run}");
    world.send("june.csv", &gate).arg("--adopt").run().exits(0);
    audit(&world, RESULTS, &gate);
    assert_eq!(gate.books().len(), 60);
}

#[test]
fn results_without_their_checkpoint_stop_the_run() {
    let gate = Gate::new();
    let world = sent(&gate, 3);
    world.lose_checkpoint(CHECKPOINT);
    guarded(
        &world,
        &gate,
        world.send("june.csv", &gate),
        4,
        &["--adopt"],
    )
    .hides(["--batch NEW"]);
    // And where the gateway knows none of it, the file alone is reason enough, each time.
    let fresh = Gate::new();
    let world = sent(&Gate::new(), 3);
    world.lose_checkpoint(CHECKPOINT);
    for _ in 0..2 {
        let run = guarded(
            &world,
            &fresh,
            world.send("june.csv", &fresh),
            3,
            &[RESULTS, CHECKPOINT, "--adopt"],
        );
        run.clone().hides(["--batch NEW"]);
        assert_eq!(fresh.creates(), 0, "{run}");
    }
    assert_eq!(world.table(RESULTS).states("created"), 3);
    // Under another name everybody listed there would be paid again; where nothing was sent, it is a way out.
    let unsent = world.text(RESULTS).replace(",created,ACTIVE,", ",ready,,");
    let mut lines = String::new();
    for line in unsent.lines() {
        let cells: Vec<&str> = line.split(',').collect();
        lines += &match cells[0] {
            "name" => format!("{line}\n"),
            _ => format!("{},,,{}\n", cells[..4].join(","), cells[6..].join(",")),
        };
    }
    world.lose_checkpoint(CHECKPOINT);
    for name in world.names() {
        if name.contains("lost") {
            world.remove(&name);
        }
    }
    world.sheet(RESULTS, lines);
    let words = [RESULTS, "--adopt", "--batch NEW"];
    guarded(&world, &fresh, world.send("june.csv", &fresh), 3, &words);
}

#[test]
fn results_whose_checkpoint_is_lost_keep_their_links_while_the_gateway_is_out_of_reach() {
    for trouble in ["down", "secret"] {
        let gate = Gate::new();
        let world = sent(&gate, 4);
        let links = world.text(RESULTS);
        world.lose_checkpoint(CHECKPOINT);
        let send = world
            .send("june.csv", &gate)
            .args(["--give-up-after", "1s"]);
        let send = match trouble {
            "down" => send.args(["--base-url", "http://127.0.0.1:9"]),
            _ => send.env("CASHFREE_CLIENT_SECRET", "wrong"),
        };
        guarded(&world, &gate, send, 1, &[]);
        assert_eq!(world.text(RESULTS), links, "{trouble}");
        // The checkpoint that stands there now knows less than the file.
        let results = world.talk("results", "june.csv", &gate).arg("--json");
        guarded(
            &world,
            &gate,
            results,
            1,
            &[RESULTS, "was missing", "--adopt"],
        );
        world.status("june.csv", &gate).run();
        assert_eq!(world.text(RESULTS), links, "{trouble}");
    }
}

#[test]
fn a_probe_that_was_cut_short_is_made_again() {
    // The first look-up finds a link of an earlier time, a later one ends the run.
    let cut = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let once = std::sync::Arc::clone(&cut);
    let raw = Raw::start(move |ask| {
        let cuts = ask.is_status() && ask.nth > 3 && once.load(std::sync::atomic::Ordering::SeqCst);
        if cuts {
            Act::Instead(Manner::Says(Say::refusal(403, "IP not whitelisted")))
        } else {
            Act::Honest
        }
    });
    let world = sent(&raw, 1);
    world.lose_checkpoint(CHECKPOINT);
    world.remove(RESULTS);
    world.sheet("june.csv", rows(30));
    cut.store(true, std::sync::atomic::Ordering::SeqCst);
    let slow = ["--concurrency", "1"];
    guarded(
        &world,
        &raw,
        world.send("june.csv", &raw).args(slow),
        1,
        &["IP"],
    );
    cut.store(false, std::sync::atomic::Ordering::SeqCst);
    let remedies = ["1 link of this batch exists", "--adopt", "--batch NEW"];
    guarded(&world, &raw, world.send("june.csv", &raw), 4, &remedies);
    world.send("june.csv", &raw).arg("--adopt").run().exits(0);
    audit(&world, RESULTS, &raw);
    assert_eq!((raw.booked().len(), raw.creates()), (30, 30));
}

#[test]
fn adopting_leaves_own_ids_alone_that_have_left_the_sheet() {
    let gate = Gate::new();
    let old = World::new();
    let sheet = |first: &str| {
        format!(
            "name,phone,amount,cashgram_id\nAsha,9000000001,5,{first}\nRavi,9000000002,6,OWN_B\n"
        )
    };
    old.sheet("old.csv", sheet("OWN_A"));
    old.send("old.csv", &gate).run().exits(0);
    let world = World::new();
    world.sheet("june.csv", sheet("OWN_A"));
    guarded(
        &world,
        &gate,
        world.send("june.csv", &gate),
        4,
        &["--adopt"],
    );
    assert_eq!(world.table(RESULTS).states("conflict"), 2);
    // The first id was another payment's: its row gets one of its own, and the other link is adopted.
    world.sheet("june.csv", sheet("OWN_C"));
    let adopt = || world.send("june.csv", &gate).arg("--adopt");
    guarded(
        &world,
        &gate,
        adopt(),
        3,
        &["OWN_A", "--adopt --new-payment"],
    );
    let run = adopt().arg("--new-payment").run().exits(0);
    run.says(["1 link adopted"]);
    assert_eq!(gate.booked().len(), 3);
    let ids = world.table(RESULTS);
    assert_eq!(ids.column("cashgram_id"), ["OWN_C", "OWN_B"]);
    let open = rusqlite::Connection::open(world.path(CHECKPOINT)).unwrap();
    let state = "SELECT state FROM payouts WHERE cashgram_id = 'OWN_A'";
    let state: i64 = open.query_row(state, [], |row| row.get(0)).unwrap();
    assert_eq!(state, 5, "in conflict");
}

/// Employee numbers as ids: they come again next month, and exist then.
#[test]
fn own_ids_that_another_batch_used_are_not_adopted() {
    let (gate, world) = (Gate::new(), World::new());
    let sheet = |amounts: [u32; 2], ids: &str| {
        let [one, other] = amounts;
        format!(
            "name,phone,amount,cashgram_id\nAsha,9000000001,{one},{ids}-1\nRavi,9000000002,{other},{ids}-2\n"
        )
    };
    world.sheet("june.csv", sheet([100, 200], "EMP"));
    world.send("june.csv", &gate).run().exits(0);
    world.sheet("july.csv", sheet([150, 170], "EMP"));
    let send = || world.send("july.csv", &gate);
    let words = ["conflict", "ids that were never used before", "--adopt"];
    guarded(&world, &gate, send(), 4, &words);
    let adopting = send().arg("--adopt");
    let words = ["2 of the ids", "EMP-1", "batch june", CHECKPOINT];
    guarded(&world, &gate, adopting, 3, &words);
    world.sheet("july.csv", sheet([150, 170], "JULY"));
    send().run().exits(0);
    assert_eq!(gate.creates(), 4);
}

/// A batch that was cancelled before it sent anything has made nothing, and last month's of the same name has.
#[test]
fn ids_are_a_batchs_own_only_if_it_made_their_links() {
    let (gate, world) = (Gate::new(), World::new());
    let sheet = |one: u32| {
        format!(
            "name,phone,amount,cashgram_id\nAsha,9000000001,{one},EMP-1\nRavi,9000000002,200,EMP-2\n"
        )
    };
    world.sheet("draft.csv", sheet(100));
    let asked = world.talk("send", "draft.csv", &gate);
    asked
        .env("CASHFREE_CLIENT_SECRET", "wrong")
        .arg("--yes")
        .run()
        .exits(1);
    world.talk("cancel", "draft.csv", &gate).run().exits(0);
    world.sheet("june.csv", sheet(100));
    let list = world.path("state");
    let june = || world.send("june.csv", &gate).env("PAYSHEET_STATE", &list);
    june().run().exits(0);
    world.lose_checkpoint(CHECKPOINT);
    june().run().exits(4);
    world.sheet(
        "june.csv",
        sheet(100).replace("EMP-1", "").replace("EMP-2", ""),
    );
    guarded(&world, &gate, june(), 3, &["EMP-1"]);
    world.sheet("june.csv", sheet(100));
    june().arg("--adopt").run().exits(0);
    // The next month in a folder of its own, under the same name.
    let july = world.path("july");
    std::fs::create_dir(&july).unwrap();
    let raised = sheet(150).replace("200", "250");
    std::fs::write(july.join("june.csv"), raised).unwrap();
    let send = || {
        let send = world.send("july/june.csv", &gate);
        send.env("PAYSHEET_STATE", &list)
    };
    send().run().exits(4);
    let refused = send().arg("--adopt").run().exits(3);
    refused.says(["EMP-1", "batch june", CHECKPOINT]);
    assert_eq!(gate.creates(), 2);
}
