//! Questions as a person at a terminal answers them.

use crate::support::*;

#[test]
fn a_yes_is_a_whole_line() {
    let answers = [
        ("y\r", 0),
        ("YES\r", 0),
        ("nn\u{7f}\u{7f} yes\r", 0),
        ("yep\r", 1),
        ("y y\r", 1),
        ("n\r", 1),
        ("\r", 1),
        ("y\u{4}", 1),
        ("y\u{3}", 130),
    ];
    for (keys, exit) in answers {
        let (world, gate) = (World::new(), Gate::new());
        world.sheet("june.csv", rows(1));
        let mut send = world.talk("send", "june.csv", &gate).watched();
        send.until("[y/N]");
        send.press(keys);
        let (code, shown) = send.wait();
        assert_eq!(code, exit, "{keys:?}: {shown}");
        assert_eq!(gate.creates() > 0, exit == 0, "{keys:?}: {shown}");
        assert!(exit == 0 || shown.contains("nothing was sent"), "{shown}");
    }
}

#[test]
fn a_total_is_left_with_ctrl_d() {
    let (world, gate) = (World::new(), Gate::new());
    world.sheet("june.csv", rows(1));
    let send = || {
        let send = world.talk("send", "june.csv", &gate);
        send.args(["--env", "production"]).watched()
    };
    let mut left = send();
    left.until("Type the total");
    left.press("1\u{4}");
    let (code, shown) = left.wait();
    assert_eq!((code, gate.creates()), (1, 0), "{shown}");
    let mut right = send();
    right.until("Type the total");
    right.press("2.01\r");
    let (code, shown) = right.wait();
    assert_eq!((code, gate.creates()), (0, 1), "{shown}");
}

/// A terminal would break them in the middle of a word.
#[test]
fn questions_and_errors_are_folded_between_words() {
    let (world, raw) = (World::new(), Raw::honest());
    raw.set_balance("1.00");
    world.sheet(
        "june.csv",
        "name,phone,amount\nAsha,9000000001,123456789.00\n",
    );
    let folded = |shown: &str, first: &str| {
        let said = shown.lines().skip_while(|line| !line.contains(first));
        let said: Vec<&str> = said.collect();
        assert!(!said.is_empty(), "{shown}");
        for line in said {
            assert!(line.trim_end().chars().count() <= 80, "{line}: {shown}");
        }
    };
    let send = world.talk("send", "june.csv", &raw);
    let mut asked = send.args(["--env", "production"]).watched();
    asked.until("[y/N]");
    asked.press("n\r");
    let (code, shown) = asked.wait();
    assert_eq!(code, 1, "{shown}");
    folded(&shown, "balance of");
    for options in [
        &["--env", "production", "--yes"][..],
        &["-q", "--expect-count", "2"],
    ] {
        let send = world.talk("send", "june.csv", &raw).args(options);
        let (code, shown) = send.watched().wait();
        assert!(code > 1, "{shown}");
        folded(&shown, "paysheet send:");
    }
}

/// Nothing but what is to be copied, and a word longer than the line, is wider than the terminal.
#[test]
fn what_is_said_keeps_to_a_narrow_terminal() {
    for columns in [40, 60] {
        let world = World::new();
        world.sheet("june.csv", rows(3));
        let shown = |command: &[&str]| {
            let run = world.paysheet().args(command).watched_at(columns).wait();
            run.1
        };
        world.sheet("bad.csv", "name,phone,amount\nAsha,12,1.234\n");
        let texts = [
            shown(&["send", "june.csv"]),
            shown(&["status", "june.csv"]),
            shown(&["cancel", "june.csv", "--yes"]),
            shown(&["validate", "bad.csv"]),
        ];
        assert!(texts[0].contains("created") && texts[2].contains("cancelled now"));
        for text in texts {
            let lines = text.lines().map(|line| line.trim_end_matches('\r'));
            // The bar is drawn by itself, over and over.
            for line in lines.filter(|line| !line.contains('\u{1b}')) {
                let width = line.chars().count();
                let is_whole = line.contains("paysheet ") || line.contains('`');
                let fits = width <= usize::from(columns) || is_whole;
                assert!(fits, "{columns}: {line}\n{text}");
            }
        }
    }
}
