//! What contradicts what was known: a confirmed link that the gateway does not know any more, and a cancelled one that
//! was paid all the same. Neither is passed over in silence.

use std::time::{Duration, Instant};

use crate::guards::{RESULTS, sent};
use crate::support::raw::Kept;
use crate::support::*;

fn id(world: &World, row: usize) -> String {
    world.table(RESULTS).cell(row, "cashgram_id").to_owned()
}

/// Has the gateway lose the link of a row; what it lost.
fn lose(raw: &Raw, world: &World, row: usize) -> (String, Kept) {
    let id = id(world, row);
    let kept = raw.ledger().cashgrams.remove(&id).unwrap();
    (id, kept)
}

fn report(world: &World, raw: &Raw) -> serde_json::Value {
    let run = world.talk("report", "june.csv", raw);
    let run = run.args(["--format", "json"]).run().exits(0);
    serde_json::from_str(&run.stdout).unwrap()
}

#[test]
fn a_confirmed_link_that_is_not_known_any_more_needs_a_person() {
    let raw = Raw::honest();
    let world = sent(&raw, 3);
    world.status("june.csv", &raw).run().exits(0);
    let checked = world.table(RESULTS).cell(2, "checked_at").to_owned();
    std::thread::sleep(Duration::from_millis(1_100));
    let (lost, kept) = lose(&raw, &world, 2);
    let run = world.status("june.csv", &raw).run().exits(4);
    let run = run.says([
        "1 link that was created is not known to the gateway now",
        &format!("row 2 ({lost})"),
        "do not pay by hand",
        "paysheet status",
    ]);
    assert_eq!(run.json()["exit"], 4);
    let table = world.table(RESULTS);
    assert_eq!(table.cell(2, "state"), "created");
    assert_eq!(
        table.cell(2, "checked_at"),
        checked,
        "nothing was confirmed"
    );
    assert_ne!(table.cell(1, "checked_at"), checked);
    assert!(
        table
            .cell(2, "error_message")
            .contains("does not know this link")
    );
    let told = report(&world, &raw);
    assert_eq!(told["needs_a_person"][0]["cause"], "lost", "{told}");
    assert_eq!(told["balanced"], true);
    // Whoever sends hears of it too, and nothing is sent again.
    let creates = raw.creates();
    world.send("june.csv", &raw).run().exits(4).says([&*lost]);
    world.talk("retry", "june.csv", &raw).arg("--expired").run();
    assert_eq!(raw.creates(), creates);
    // It comes back.
    raw.ledger().cashgrams.insert(lost, kept);
    world.status("june.csv", &raw).run().exits(0);
    let table = world.table(RESULTS);
    assert_eq!(table.cell(2, "error_message"), "");
    assert_ne!(table.cell(2, "checked_at"), checked);
    assert_eq!(
        report(&world, &raw)["needs_a_person"],
        serde_json::json!([])
    );
    world.talk("doctor", "june.csv", &raw).run().exits(0);
}

#[test]
fn a_cancel_leaves_a_link_that_is_not_known_after_a_few_looks() {
    let raw = Raw::honest();
    let world = sent(&raw, 3);
    let (lost, _) = lose(&raw, &world, 2);
    let begun = Instant::now();
    let cancel = world.talk("cancel", "june.csv", &raw).arg("--json");
    let run = cancel.run().exits(4);
    let run = run.says([&format!("row 2 ({lost})"), "2 payouts cancelled now"]);
    assert!(begun.elapsed() < Duration::from_secs(20), "{run}");
    let asked = raw.requests();
    let of_lost = asked.iter().filter(|ask| ask.id == lost);
    assert!(of_lost.count() < 15);
    let table = world.table(RESULTS);
    assert_eq!(table.column("state"), ["cancelled", "created", "cancelled"]);
}

#[test]
fn a_cancelled_link_is_looked_at_until_it_is_seen_dead() {
    // Nobody learns where a link stands once it is cancelled, until that is mended.
    let mended = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let open = mended.clone();
    let raw = Raw::start(move |ask| {
        let look = ask.is("/getCashgramStatus") && ask.nth > 2;
        match look && !open.load(std::sync::atomic::Ordering::SeqCst) {
            true => Act::Instead(Manner::Says(Say::refusal(500, "x"))),
            false => Act::Honest,
        }
    });
    let world = sent(&raw, 2);
    let run = world.talk("cancel", "june.csv", &raw).run().exits(0);
    let table = world.table(RESULTS);
    assert_eq!(table.states("cancelled"), 2, "{run}");
    mended.store(true, std::sync::atomic::Ordering::SeqCst);
    // It said that it had stopped them, and one was paid in truth.
    let paid = id(&world, 2);
    raw.set_status(&paid, "REDEEMED");
    let run = world.status("june.csv", &raw).run().exits(4);
    run.says(["1 cancelled link is not dead after all", "row 2", &*paid]);
    let table = world.table(RESULTS);
    assert_eq!(table.column("state"), ["cancelled", "created"]);
    assert_eq!(table.column("status"), ["EXPIRED", "REDEEMED"]);
    // Said once; and what is dead is not asked about again.
    let asked = raw.count("/getCashgramStatus");
    world.status("june.csv", &raw).run().exits(0);
    assert_eq!(raw.count("/getCashgramStatus"), asked + 1);
}

#[test]
fn a_cancel_says_what_became_of_each_link() {
    let raw = Raw::honest();
    let world = sent(&raw, 2);
    world.talk("cancel", "june.csv", &raw).run().exits(0);
    let table = world.table(RESULTS);
    assert_eq!(table.column("state"), ["cancelled", "cancelled"]);
    assert_eq!(table.column("status"), ["EXPIRED", "EXPIRED"]);
    assert_ne!(table.cell(1, "checked_at"), "");
    let asked = raw.asked();
    world.status("june.csv", &raw).run().exits(0);
    assert_eq!(raw.asked(), asked);
}

#[test]
fn a_watch_does_not_wait_for_a_link_that_is_not_known_any_more() {
    let raw = Raw::honest();
    let world = sent(&raw, 2);
    world.status("june.csv", &raw).run().exits(0);
    lose(&raw, &world, 1);
    raw.set_status(&id(&world, 2), "REDEEMED");
    let watch = world.status("june.csv", &raw).args(["--watch", "1s"]);
    watch.run().exits(4).says(["not known to the gateway now"]);
}
