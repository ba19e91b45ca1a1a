//! A batch that was paid long ago, whose sheet may be the next month's.
//!
//! Commands run by a clock that is days ahead or behind; the gateway's is not.

use crate::guards::{CHECKPOINT, RESULTS, guarded, sent};
use crate::support::disk::Clocks;
use crate::support::world::{phone, row_text};
use crate::support::*;

/// A day in seconds.
const DAY: i64 = 24 * 60 * 60;

/// Has commands run so many days from now. None, and said, where no C compiler makes such a clock.
#[expect(
    clippy::print_stdout,
    reason = "whoever reads the test's output learns what it left out"
)]
fn days_on(days: i64) -> Option<impl Fn(Paysheet) -> Paysheet> {
    let Some(clocks) = Clocks::new() else {
        println!("skipped: there is no C compiler (cc)");
        return None;
    };
    clocks.moved(days * DAY, 0, 0);
    Some(move |run| clocks.under(&run))
}

/// Rows of [`rows`] from `from` to `to`.
fn part(from: usize, to: usize) -> String {
    let rows: String = (from..=to).map(row_text).collect();
    format!("name,phone,amount\n{rows}")
}

#[test]
fn a_batch_finished_long_ago_is_not_done_again_in_silence() {
    let (Some(soon), Some(late)) = (days_on(4), days_on(6)) else {
        return;
    };
    let gate = Gate::new();
    let world = sent(&gate, 3);
    let send = || world.send("june.csv", &gate);
    soon(send()).run().exits(0);
    let words = [
        "batch june was finished by 20",
        "nothing was sent now",
        "--batch NEW",
        "june-20",
        "paysheet status june.csv",
    ];
    guarded(&world, &gate, late(send()), 3, &words);
    guarded(&world, &gate, late(send().arg("--dry-run")), 3, &words);
    // Looking at the links does not make it young.
    late(world.status("june.csv", &gate)).run().exits(0);
    guarded(&world, &gate, late(send()), 3, &words);
    // Under a name of its own it is paid.
    let named = ["--batch", "june-2026-07", "--new-payment"];
    late(send().args(named)).run().exits(0);
    assert_eq!(gate.creates(), 6);
}

/// What was done for a few rows since leaves the batch as old as it is.
#[test]
fn a_cancel_or_a_new_link_makes_no_old_batch_young() {
    let (Some(soon), Some(late)) = (days_on(4), days_on(6)) else {
        return;
    };
    let gate = Gate::new();
    let world = sent(&gate, 5);
    let talk = |command: &str, args: &[&str]| world.talk(command, "june.csv", &gate).args(args);
    soon(talk("cancel", &["--row", "1", "--row", "2", "--yes"]))
        .run()
        .exits(0);
    let renewed = ["--cancelled", "--row", "1", "--yes", "--settle", "0"];
    soon(talk("retry", &renewed)).run().exits(0);
    let made = gate.creates();
    let send = || world.send("june.csv", &gate);
    guarded(
        &world,
        &gate,
        late(send()),
        3,
        &["batch june was finished by", "--batch NEW"],
    );
    world.sheet("june.csv", rows(6));
    guarded(
        &world,
        &gate,
        late(send()),
        3,
        &["batch june was finished by", "has gained 1 row"],
    );
    // Nor does the raise of one, who alone would be paid.
    let raised = rows(5).replace("9000000003,4.03", "9000000003,5");
    assert_ne!(raised, rows(5));
    world.sheet("june.csv", raised);
    let words = [
        "no longer stands",
        "if this is another payment",
        "--batch NEW",
        "cancel it first",
    ];
    guarded(&world, &gate, late(send()), 3, &words);
    guarded(&world, &gate, soon(send()), 3, &["cancel it first"]).hides(["--batch NEW"]);
    assert_eq!(gate.creates(), made);
}

/// It may be the next month's sheet: one joins, and nobody else would be paid.
#[test]
fn a_batch_finished_long_ago_that_gains_rows_does_not_pay_those_alone() {
    let Some(late) = days_on(6) else {
        return;
    };
    let gate = Gate::new();
    let world = sent(&gate, 3);
    let send = || world.send("june.csv", &gate);
    world.sheet("june.csv", rows(4));
    send().run().exits(0);
    assert_eq!(gate.creates(), 4, "these days it is a row forgotten");
    world.sheet("june.csv", rows(6));
    let before = world.bytes(CHECKPOINT);
    let words = [
        "batch june was finished by",
        "june.csv has gained 2 rows",
        "--batch NEW",
        "june-20",
        "a sheet of its own",
    ];
    for option in [
        None,
        Some("--dry-run"),
        Some("--new-payment"),
        Some("--adopt"),
    ] {
        guarded(&world, &gate, late(send().args(option)), 3, &words);
    }
    assert_eq!(world.bytes(CHECKPOINT), before, "they are not taken in");
    late(world.status("june.csv", &gate)).run().exits(0);
    guarded(&world, &gate, late(send()), 3, &words);
    world.sheet("joiners.csv", part(5, 6));
    late(world.send("joiners.csv", &gate)).run().exits(0);
    assert_eq!(gate.creates(), 6);
}

/// A gateway that answers each create for row 2 with `code` and `message`.
fn without_row_2(code: u16, message: &'static str) -> Raw {
    Raw::start(
        move |ask| match (ask.is_create(), ask.body.contains(&phone(2).to_string())) {
            (true, true) => Act::Instead(Manner::Says(Say::refusal(code, message))),
            _ => Act::Honest,
        },
    )
}

/// Says so to a script as well, before it says that all went well.
#[track_caller]
fn warned(run: &Output, words: &str) {
    let message = run.json()["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with(words), "{run}");
    assert!(message.contains("all created"), "{run}");
}

/// [`rows`] of 3 with `other` in the place of row 2.
fn instead_of_row_2(other: &str) -> String {
    rows(3).replace(&row_text(2), other)
}

#[test]
fn a_row_that_was_refused_long_ago_is_mended_and_paid() {
    let Some(early) = days_on(-6) else {
        return;
    };
    let raw = without_row_2(422, "Invalid phone number passed");
    let world = World::new();
    world.sheet("june.csv", rows(3));
    let send = || world.send("june.csv", &raw);
    early(send()).run().exits(4);
    let mended = rows(3).replace(&phone(2).to_string(), &phone(22).to_string());
    world.sheet("june.csv", format!("{mended}{}", row_text(4)));
    guarded(&world, &raw, send(), 3, &["has gained 1 row"]);
    world.sheet("june.csv", instead_of_row_2(&row_text(4)));
    guarded(&world, &raw, send(), 3, &["has gained 1 row"]);
    world.sheet("june.csv", mended);
    send().run().exits(0);
    assert_eq!(raw.booked().len(), 3);
}

/// Nothing was paid that could be paid twice, and no link is old.
#[test]
fn a_batch_that_was_refused_whole_long_ago_is_not_finished() {
    let Some(early) = days_on(-10) else {
        return;
    };
    let raw = without_row_2(422, "Invalid phone number passed");
    let world = World::new();
    world.sheet("june.csv", part(2, 2));
    let send = || world.send("june.csv", &raw);
    early(send()).run().exits(4);
    let words = ["1 row was refused", "paysheet retry june.csv"];
    let refused = guarded(&world, &raw, send(), 4, &words);
    refused.hides(["finished", "old links"]);
}

#[test]
fn a_row_that_was_skipped_long_ago_is_mended_and_paid() {
    let Some(late) = days_on(6) else {
        return;
    };
    let gate = Gate::new();
    let world = World::new();
    world.sheet("june.csv", instead_of_row_2("Asha Menon 2,98200,3.02\n"));
    let send = || world.send("june.csv", &gate).arg("--skip-invalid");
    send().run().exits(4);
    world.sheet("june.csv", instead_of_row_2(&row_text(4)));
    guarded(&world, &gate, late(send()), 3, &["has gained 1 row"]);
    world.sheet("june.csv", instead_of_row_2("Asha Menon 2,98201,3.02\n"));
    guarded(&world, &gate, late(send()), 3, &["nothing is left to send"]);
    assert_eq!(gate.creates(), 2, "still unreadable");
    world.sheet("june.csv", instead_of_row_2("ASHA MENON 2,9820000002,4\n"));
    // Which looks like the whole of another month's payment.
    let words = [
        "batch june was finished by",
        "2 rows are not paid again now",
        "If this is another payment",
        "--batch NEW",
    ];
    let run = late(send()).run().exits(0).says(["WARNING: "]).says(words);
    warned(&run, "batch june was finished by");
    assert_eq!(gate.creates(), 3);
}

/// What was left of June is paid later, said to be so, but nobody of July with it.
#[test]
fn what_is_left_of_a_batch_of_long_ago_is_paid_without_joiners() {
    let Some(early) = days_on(-6) else {
        return;
    };
    let raw = without_row_2(412, "Not enough available balance in the account");
    let world = World::new();
    world.sheet("june.csv", rows(3));
    let send = || {
        let send = world.send("june.csv", &raw);
        send.args(["--concurrency", "1"])
    };
    early(send()).run().exits(1);
    assert_eq!(raw.booked().len(), 1);
    world.sheet("june.csv", rows(4));
    let words = [
        "batch june is not finished and was last sent on",
        "june.csv has gained 1 row",
        "take the new rows out",
    ];
    let refused = guarded(&world, &raw, send(), 3, &words);
    refused.hides(["--batch"]);
    world.sheet("june.csv", instead_of_row_2("Asha Menon 2,9820000002,7\n"));
    let run = send().run().exits(0);
    run.says([
        "WARNING: batch june is not finished",
        "1 row is not paid again",
    ]);
    assert_eq!(raw.booked().len(), 3);
    assert_eq!(world.table(RESULTS).states("created"), 3);
}

/// A batch whose rest was paid today was finished today, so it may be run again; but not in silence, since the sheet may be
/// the next month's. Joiners stop all the same.
#[test]
fn a_batch_that_was_finished_today_is_done_again_with_a_warning() {
    let Some(early) = days_on(-6) else {
        return;
    };
    let raw = Raw::start(|ask| match (ask.is_create(), ask.nth) {
        (true, 3) => Act::Instead(Manner::Says(Say::refusal(
            412,
            "Not enough available balance in the account",
        ))),
        _ => Act::Honest,
    });
    let world = World::new();
    world.sheet("june.csv", rows(4));
    let send = || world.send("june.csv", &raw).args(["--concurrency", "1"]);
    early(send()).run().exits(1);
    assert_eq!(raw.booked().len(), 2);
    let run = send().run().exits(0);
    let run = run.says(["WARNING: batch june is not finished"]);
    warned(&run, "batch june is not finished");
    let sheet = rows(4);
    let sorted = [&part(3, 4), &part(1, 2)["name,phone,amount\n".len()..]].concat();
    for sheet in [sheet, sorted] {
        world.sheet("june.csv", sheet);
        let words = [
            "WARNING: most of batch june was sent by",
            "Nothing is left to send, and nobody is paid now",
            "--batch NEW",
        ];
        let run = guarded(&world, &raw, send(), 0, &words);
        warned(&run, "most of batch june was sent by");
    }
    world.sheet("june.csv", rows(5));
    guarded(
        &world,
        &raw,
        send(),
        3,
        &["most of batch june was sent by", "has gained 1 row"],
    );
    assert_eq!(raw.booked().len(), 4);
}

/// A link that is adopted after its checkpoint was lost is as old as it was before.
#[test]
fn an_adoption_makes_no_old_batch_young() {
    let (Some(early), Some(soon)) = (days_on(-10), days_on(-2)) else {
        return;
    };
    let gate = Gate::new();
    let world = World::new();
    world.sheet("june.csv", rows(3));
    let send = || world.send("june.csv", &gate);
    early(send()).run().exits(0);
    let made = world.table(RESULTS);
    for _ in 0..2 {
        world.lose_checkpoint(CHECKPOINT);
        soon(send()).run().exits(4);
        soon(send().arg("--adopt")).run().exits(0);
        let adopted = world.table(RESULTS);
        assert_eq!(adopted.column("created_at"), made.column("created_at"));
    }
    let words = ["batch june was finished by", "--batch NEW"];
    guarded(&world, &gate, send(), 3, &words);
    world.sheet("june.csv", rows(4));
    guarded(&world, &gate, send(), 3, &["has gained 1 row"]);
    // Nor does another month's sheet stop for having been paid these days.
    world.sheet("july.csv", rows(3));
    world.send("july.csv", &gate).run().exits(0);
    assert_eq!(gate.creates(), 6);
    let doctor = world.paysheet();
    let doctor = doctor.args(["doctor", "june.csv", "--env", "test"]);
    doctor.run().says(["whole"]).hides(["do not lead"]);
}
