//! What may change in a sheet that was sent, and what stops the next run: rows keep their ids, whatever happens to
//! their place, and no edit becomes a second payout.

use crate::guards::{RESULTS, guarded, sent};
use crate::support::world::{phone, row_text};
use crate::support::*;

#[test]
fn a_sent_row_that_is_gone_or_changed_stops_the_run_and_is_named() {
    let gate = Gate::new();
    let world = sent(&gate, 6);
    let whole = world.text("june.csv");
    let asked = gate.asked();
    let without = whole.replace(&row_text(4), "");
    world.sheet("june.csv", without);
    let tail = format!("{}", phone(4) % 10_000);
    let ids = world.table(RESULTS);
    let id = ids.cell(4, "cashgram_id").to_owned();
    let words = [
        "row 4",
        &id,
        &tail,
        "is gone from the sheet",
        "restore",
        "nothing was sent",
    ];
    guarded(&world, &gate, world.send("june.csv", &gate), 3, &words);
    // New rows beside it do not pass either.
    world.sheet(
        "june.csv",
        format!("{}{}", whole.replace(&row_text(4), ""), row_text(9)),
    );
    guarded(&world, &gate, world.send("june.csv", &gate), 3, &["row 4"]);
    let edited = row_text(2).replace("3.02", "300.02");
    world.sheet("june.csv", whole.replace(&row_text(2), &edited));
    let run = guarded(
        &world,
        &gate,
        world.send("june.csv", &gate),
        3,
        &["row 2", "300.02", "3.02"],
    );
    run.hides([phone(2).to_string(), phone(4).to_string()]);
    assert_eq!(gate.asked(), asked);
    world.sheet("june.csv", whole);
    world.send("june.csv", &gate).run().exits(0);
    assert_eq!((gate.asked(), gate.books().len()), (asked, 6));
}

#[test]
fn a_row_with_its_own_id_keeps_its_phone_and_amount() {
    let gate = Gate::new();
    let world = World::new();
    let sheet = "cashgram_id,name,phone,amount\nA1,Asha,9000000001,5\nA2,Ravi,9000000002,6\n";
    world.sheet("june.csv", sheet);
    world.send("june.csv", &gate).run().exits(0);
    for (from, to, words) in [
        ("9000000002", "9000000003", ["A2", "another phone"]),
        (",6", ",7", ["A2", "₹7"]),
        ("A2,", "A3,", ["A2", "gone"]),
    ] {
        world.sheet("june.csv", sheet.replace(from, to));
        guarded(&world, &gate, world.send("june.csv", &gate), 3, &words);
    }
    // Names and the like may change, rows may move.
    let moved =
        "cashgram_id,name,phone,amount\nA2,Ravi Kumar,+91 9000000002,6.00\nA1,Asha,9000000001,5\n";
    world.sheet("june.csv", moved);
    let run = world.send("june.csv", &gate).run().exits(0);
    assert_eq!(
        (gate.creates(), run.json()["created_now"].as_u64()),
        (2, Some(0))
    );
    audit(&world, RESULTS, &gate);
}

#[test]
fn a_sorted_sheet_changes_nothing() {
    let gate = Gate::new();
    let world = sent(&gate, 20);
    let before = world.table(RESULTS);
    let text = rows(20);
    let (header, body) = text.split_once('\n').unwrap();
    let mut lines: Vec<&str> = body.lines().collect();
    lines.sort_by_key(|line| std::cmp::Reverse(line.split(',').nth(2).map(str::len).unwrap_or(0)));
    lines.reverse();
    lines.swap(0, 19);
    world.sheet("june.csv", format!("{header}\n{}\n", lines.join("\n")));
    let asked = gate.asked();
    let run = world.send("june.csv", &gate).run().exits(0);
    assert_eq!(
        (gate.asked(), run.json()["requests"].as_u64()),
        (asked, Some(0))
    );
    audit(&world, RESULTS, &gate);
    let after = world.table(RESULTS);
    for row in &before.rows {
        assert!(after.rows.contains(row), "{row:?} is not in {after:?}");
    }
    // In the sheet's order.
    let order: Vec<&str> = lines
        .iter()
        .map(|line| line.split(',').nth(1).unwrap())
        .collect();
    assert_eq!(after.column("phone"), order);
}

#[test]
fn a_new_row_for_a_phone_that_was_paid_is_a_new_payout() {
    let gate = Gate::new();
    let world = sent(&gate, 3);
    let more = format!("{}Asha Menon 2,{},99.00\n", rows(3), phone(2));
    world.sheet("june.csv", &more);
    let run = world.send("june.csv", &gate).run().exits(0);
    assert_eq!(run.json()["created_now"], 1);
    assert_eq!(gate.books().len(), 4);
    audit(&world, RESULTS, &gate);
    // Put before the old one, it is still the other one.
    let (first, last) = (format!("Asha Menon 2,{},99.00\n", phone(2)), rows(3));
    world.sheet(
        "june.csv",
        last.replace(
            "name,phone,amount\n",
            &format!("name,phone,amount\n{first}"),
        ),
    );
    let run = world.send("june.csv", &gate).run().exits(0);
    assert_eq!(
        (run.json()["requests"].as_u64(), gate.books().len()),
        (Some(0), 4)
    );
    audit(&world, RESULTS, &gate);
}

#[test]
fn rows_not_sent_yet_follow_the_sheet() {
    // The gateway takes the first row and then no more.
    let raw = Raw::start(|ask| match (ask.is_create(), ask.nth) {
        (true, 2..=4) => Act::Instead(Manner::Says(Say::refusal(
            412,
            "Available balance is less than requested cashgram amount.",
        ))),
        _ => Act::Honest,
    });
    let world = World::new();
    world.sheet("june.csv", rows(4));
    let run = world
        .send("june.csv", &raw)
        .args(["--concurrency", "1"])
        .run()
        .exits(1);
    assert_eq!(
        (raw.booked().len(), run.json()["states"]["ready"].as_u64()),
        (1, Some(3)),
        "{run}"
    );
    // Neither sends what is not sent yet, and both say what does.
    let run = world
        .talk("retry", "june.csv", &raw)
        .args(["--yes", "--json"]);
    let run = run.run().exits(0);
    run.says([
        "nothing to retry",
        "3 of 4 payouts not sent yet, run `paysheet send june.csv",
    ]);
    let report = world.talk("report", "june.csv", &raw).run().exits(0);
    report.says(["3 not sent yet"]).hides(["Nothing needs"]);
    let paid = raw.booked()[0].phone.clone();
    assert_eq!(paid, phone(1).to_string());
    let more = raw.creates();
    // The second is dropped, the third costs more, a fifth is new.
    let edited = row_text(3).replace("4.03", "44.03");
    world.sheet(
        "june.csv",
        format!(
            "name,phone,amount\n{}{}{}{}",
            row_text(1),
            edited,
            row_text(4),
            row_text(5)
        ),
    );
    // Until the gateway takes them: the script refuses the first four creates but one.
    let run = world
        .send("june.csv", &raw)
        .args(["--concurrency", "1"])
        .run();
    let run = if run.code == 1 {
        world.send("june.csv", &raw).run()
    } else {
        run
    };
    let run = if run.code == 1 {
        world.send("june.csv", &raw).run()
    } else {
        run
    };
    let run = run.exits(0);
    assert!(raw.creates() > more);
    let amounts: Vec<i64> = raw.booked().iter().map(|booked| booked.amount).collect();
    assert_eq!(raw.booked().len(), 4, "{run}");
    assert!(
        amounts.contains(&4_403) && !amounts.contains(&302),
        "{amounts:?}"
    );
    audit(&world, RESULTS, &raw);
}

#[test]
fn a_refused_row_keeps_its_id_when_it_is_mended_and_is_not_sent_again_before() {
    let raw = Raw::start(|ask| {
        if ask.is_create() && ask.body.contains("Refuse Me") {
            Act::Instead(Manner::Says(Say::refusal(
                422,
                "Please provide a valid name",
            )))
        } else {
            Act::Honest
        }
    });
    let world = World::new();
    let bad = row_text(2).replace("Asha Menon 2", "Refuse Me");
    let sheet = rows(3).replace(&row_text(2), &bad);
    world.sheet("june.csv", &sheet);
    let run = world
        .send("june.csv", &raw)
        .run()
        .exits(4)
        .says(["1 row was refused"]);
    assert_eq!(run.json()["states"]["rejected"], 1);
    let first = world.table(RESULTS);
    assert_eq!(
        (first.cell(2, "state"), first.cell(2, "error_code")),
        ("rejected", "422")
    );
    assert!(first.cell(2, "error_message").contains("valid name"));
    let asked = raw.asked();
    let again = world.send("june.csv", &raw).run().exits(4);
    assert_eq!(
        (raw.asked(), again.json()["requests"].as_u64()),
        (asked, Some(0))
    );
    world.sheet("june.csv", rows(3));
    let run = world.send("june.csv", &raw).run().exits(0);
    assert_eq!(
        (run.json()["created_now"].as_u64(), raw.booked().len()),
        (Some(1), 3)
    );
    let after = world.table(RESULTS);
    assert_eq!(after.column("cashgram_id"), first.column("cashgram_id"));
    audit(&world, RESULTS, &raw.but_refused());
}

#[test]
fn a_sent_rows_expiry_may_have_passed() {
    let gate = Gate::new();
    let world = World::new();
    let today = in_days(0);
    world.sheet(
        "june.csv",
        format!("name,phone,amount,expiry\nAsha,9000000001,5,{today}\nRavi,9000000002,5,\n"),
    );
    world.send("june.csv", &gate).run().exits(0);
    // Another date in the same cell stands for the day after.
    let past = in_days(-9);
    world.sheet("june.csv", format!("name,phone,amount,expiry\nAsha,9000000001,5,{past}\nRavi,9000000002,5,\nMina,9000000003,5,\n"));
    let run = world.send("june.csv", &gate).run().exits(0);
    assert_eq!(run.json()["created_now"], 1, "{run}");
    audit(&world, RESULTS, &gate);
    // A new row's may not.
    world.sheet(
        "july.csv",
        format!("name,phone,amount,expiry\nAsha,9000000001,5,{past}\n"),
    );
    world
        .send("july.csv", &gate)
        .run()
        .exits(3)
        .says(["expiry.past"]);
}

/// The same bytes, and other people: they were to be paid by another column at the run that stopped at the question.
#[test]
fn a_sheet_that_is_read_in_another_way_is_another_sheet() {
    let gate = Gate::new();
    let world = World::new();
    world.sheet(
        "june.csv",
        "name,Office phone,Own phone,Gross,Net\nAsha,9000000001,9100000001,200,100\nRavi,9000000002,9100000002,400,300\n",
    );
    let columns = |phone: &str, amount: &str| {
        [format!("phone={phone}"), format!("amount={amount}")].map(|map| format!("--map={map}"))
    };
    for [phone, amount] in [["Office phone", "Net"], ["Office phone", "Gross"]] {
        let asked = world.talk("send", "june.csv", &gate);
        asked.args(columns(phone, amount)).run().exits(2);
    }
    let send = || world.send("june.csv", &gate);
    send().args(columns("Own phone", "Net")).run().exits(0);
    let mut paid: Vec<_> = gate
        .booked()
        .into_iter()
        .map(|made| (made.phone, made.amount))
        .collect();
    paid.sort_unstable();
    let expected = [("9100000001", 10_000), ("9100000002", 30_000)];
    assert_eq!(
        paid,
        expected.map(|(phone, amount)| (phone.to_owned(), amount))
    );
    // Once they are paid, other columns are an edit of what was sent.
    let other = send().args(columns("Office phone", "Net"));
    guarded(&world, &gate, other, 3, &["is gone from the sheet"]);
    send().args(columns("Own phone", "Net")).run().exits(0);
    assert_eq!(gate.creates(), 2);
}
