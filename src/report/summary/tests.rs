//! The closing words, and the advice that costs or saves money.

use super::*;
use crate::domain::Money;
use crate::engine::Count;

fn tally(states: &[(State, u64)], created_now: u64) -> Tally {
    let count = |rows: u64| Count {
        rows,
        amount: Money::from_paise(i64::try_from(rows).unwrap() * 100_000).unwrap(),
    };
    Tally {
        states: states
            .iter()
            .map(|(state, rows)| (*state, count(*rows)))
            .collect(),
        created_now,
        ..Tally::default()
    }
}

fn closing<'a>(tally: &'a Tally, ended: Ended<'a>) -> Closing<'a> {
    Closing {
        task: Task::Sending,
        chosen: false,
        purged: false,
        rehearsal: false,
        ended,
        tally,
        lost: &[],
        without_link: &[],
        dead_adopted: (0, 0),
        earlier: None,
        results: Some("june.test.results.csv"),
        checkpoint: "june.test.checkpoint.db",
        problems: Some("june.problems.csv"),
        note: None,
        columns: 80,
        commands: Commands {
            again: "paysheet send june.csv --env test",
            retry: "paysheet retry june.csv --env test",
            reissue: "paysheet retry june.csv --env test --expired",
            reissue_adopted: "paysheet retry june.csv --env test --expired --row 2",
            send: "paysheet send june.csv --env test",
            adopt: "paysheet send june.csv --env test --adopt",
            stop: "paysheet cancel june.csv --env test --row 2",
            reopen: None,
            rename: Some("paysheet send june.csv --env test --batch NEW"),
            status: "paysheet status june.csv --env test",
        },
    }
}

#[test]
fn all_created() {
    let mut tally = tally(&[(State::Created, 1204)], 1204);
    tally.statuses.insert("ACTIVE".into(), 1204);
    let text = closing(&tally, Ended::Finished).text();
    let expected = "\
1204 payouts, all created.

  created        1204           ₹12,04,000.00
    ACTIVE               1204

results:    june.test.results.csv
checkpoint: june.test.checkpoint.db

To see later where the links stand, run:
  paysheet status june.csv --env test
";
    assert_eq!(text, expected);
}

#[test]
fn a_rehearsal_says_so() {
    let tally = tally(&[(State::Created, 1)], 1);
    let closing = Closing {
        rehearsal: true,
        ..closing(&tally, Ended::Finished)
    };
    let text = closing.text();
    assert!(
        text.contains("no money moved, and the links do not work"),
        "{text}"
    );
}

#[test]
fn verdicts() {
    let stopped = Ended::Stopped {
        why: "the client id is wrong",
        remedy: "check it",
    };
    let table = [
        (
            vec![(State::Created, 3)],
            0,
            Ended::Finished,
            "nothing is left to send: 3 payouts, all created",
        ),
        (
            vec![(State::Created, 1)],
            1,
            Ended::Finished,
            "1 payout, all created",
        ),
        (
            vec![(State::Created, 2), (State::Rejected, 1)],
            2,
            Ended::Finished,
            "1 row was refused, see june.test.results.csv",
        ),
        (
            vec![(State::Created, 2), (State::Rejected, 1)],
            0,
            Ended::Finished,
            "nothing is left to send; 1 row was refused, see june.test.results.csv",
        ),
        (
            vec![
                (State::Rejected, 2),
                (State::Conflict, 1),
                (State::Unknown, 3),
                (State::Invalid, 1),
            ],
            0,
            Ended::Finished,
            "2 rows were refused, 1 row is in conflict, 3 payouts are still in doubt, 1 row was skipped as invalid, \
             see june.test.results.csv",
        ),
        (
            vec![(State::Ready, 2), (State::Created, 1)],
            1,
            Ended::Finished,
            "2 of 3 payouts not sent yet, run it again",
        ),
        (
            vec![(State::Cancelled, 1), (State::Created, 2)],
            0,
            Ended::Finished,
            "3 payouts: 2 created, 1 cancelled and left alone",
        ),
        (
            vec![(State::Ready, 2), (State::Created, 1)],
            1,
            Ended::Interrupted,
            "interrupted with 1 of 3 payouts created, run it again to resume",
        ),
        (
            vec![(State::Ready, 1)],
            0,
            stopped,
            "stopped: the client id is wrong: check it",
        ),
    ];
    for (states, created_now, ended, verdict) in table {
        let tally = tally(&states, created_now);
        assert_eq!(closing(&tally, ended).verdict(), verdict);
    }
}

#[test]
fn a_gateways_full_stop_ends_no_sentence_of_ours() {
    let stopped = Ended::Stopped {
        why: "the gateway said 412: no money.",
        remedy: "add some",
    };
    let tally = tally(&[(State::Ready, 1)], 0);
    assert_eq!(
        closing(&tally, stopped).verdict(),
        "stopped: the gateway said 412: no money: add some"
    );
}

#[test]
fn a_sweep_speaks_of_links() {
    let mut tally = tally(&[(State::Created, 3)], 0);
    let asked = |tally: &Tally| {
        let closing = Closing {
            task: Task::Asking,
            ..closing(tally, Ended::Finished)
        };
        closing.verdict()
    };
    assert_eq!(asked(&tally), "0 links");
    let stopped = Closing {
        task: Task::Asking,
        ..closing(&tally, Ended::Interrupted)
    };
    assert_eq!(
        stopped.verdict(),
        "interrupted, run it again to go on asking"
    );
    tally.statuses = [("ACTIVE".to_owned(), 2), ("REDEEMED".to_owned(), 1)].into();
    assert_eq!(asked(&tally), "3 links: 2 ACTIVE, 1 REDEEMED");
    let unsent = self::tally(&[(State::Ready, 2)], 0);
    assert_eq!(
        asked(&unsent),
        "0 links; 2 payouts are not sent yet, run `paysheet send june.csv --env test`"
    );
}

#[test]
fn doubt_is_never_paid_by_hand() {
    let tally = tally(&[(State::Created, 1), (State::Unknown, 2)], 1);
    let text = closing(&tally, Ended::Interrupted).text();
    assert!(text.contains("2 payouts are in doubt"), "{text}");
    assert!(text.contains("Do not pay these by hand"), "{text}");
    assert!(
        text.ends_with("To go on, run:\n  paysheet send june.csv --env test\n"),
        "{text}"
    );
    assert!(!text.contains("--batch"), "{text}");
}

#[test]
fn one_command_for_all_that_is_left_and_no_line_is_too_long() {
    let states = [
        (State::Created, 191),
        (State::Unknown, 4),
        (State::Rejected, 1),
        (State::Invalid, 2),
        (State::Ready, 405),
    ];
    let text = closing(&tally(&states, 191), Ended::Interrupted).text();
    let commands = text.matches("paysheet send").count();
    assert_eq!(commands, 1, "{text}");
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn another_name_is_suggested_only_where_nothing_was_created() {
    let fresh = tally(&[(State::Conflict, 2), (State::Ready, 5)], 0);
    let text = closing(&fresh, Ended::Finished).text();
    assert!(
        text.contains("--adopt\n") && text.contains("--batch NEW"),
        "{text}"
    );
    for state in [State::Created, State::Unknown, State::Cancelled] {
        let begun = tally(&[(State::Conflict, 2), (state, 1)], 0);
        let text = closing(&begun, Ended::Finished).text();
        assert!(
            text.contains("--adopt") && !text.contains("--batch NEW"),
            "{text}"
        );
    }
}

#[test]
fn rows_to_mend_and_links_that_died() {
    let mut tally = tally(
        &[
            (State::Rejected, 1),
            (State::Invalid, 2),
            (State::Created, 1),
        ],
        1,
    );
    tally.dead = 1;
    let text = closing(&tally, Ended::Finished).text();
    // Where a line breaks is not promised.
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "1 row was refused, each with its reason",
        "mend it in the sheet first",
        "2 rows were skipped: mend what is wrong (listed in june.problems.csv)",
        "To go on, run: paysheet send june.csv --env test",
        "1 link is dead: the money did not arrive",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("To see later"), "{text}");
}
