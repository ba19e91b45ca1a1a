//! Questions and what an answer means, without a terminal.

use super::*;

/// Answers from a list and remembers what was asked.
struct Script {
    answers: Vec<io::Result<&'static str>>,
    asked: Vec<String>,
}

impl Script {
    fn of(answers: Vec<io::Result<&'static str>>) -> Script {
        Script {
            answers,
            asked: Vec::new(),
        }
    }
}

impl Asker for Script {
    fn line(&mut self, question: &str) -> io::Result<String> {
        self.asked.push(question.to_owned());
        self.answers.remove(0).map(str::to_owned)
    }
}

fn total() -> Matter {
    Matter::Send {
        total: Money::from_paise(123_456_700).unwrap(),
    }
}

fn at(environment: Environment, yes: bool, terminal: bool) -> Situation {
    Situation {
        environment,
        yes,
        terminal,
    }
}

#[test]
fn whether_to_ask() {
    use Decision::{AskTotal, AskYesNo, GoOn};
    use Environment::{Production, Sandbox, Test};
    let low = Matter::LowBalance { why: "x".into() };
    let adopt = Matter::Adopt { what: "x".into() };
    let table = [
        (Sandbox, total(), GoOn),
        (Sandbox, low.clone(), GoOn),
        (Sandbox, adopt.clone(), GoOn),
        (Test, total(), AskYesNo),
        (Test, low.clone(), GoOn),
        (Test, adopt.clone(), AskYesNo),
        (Production, total(), AskTotal),
        (Production, low, AskYesNo),
        (Production, adopt, AskYesNo),
    ];
    for (environment, matter, decision) in table {
        assert_eq!(decide(&matter, at(environment, false, true)), decision);
        assert_eq!(decide(&matter, at(environment, true, false)), GoOn);
        let nobody = if decision == GoOn {
            GoOn
        } else {
            Decision::Refuse
        };
        assert_eq!(decide(&matter, at(environment, false, false)), nobody);
    }
}

#[test]
fn the_total_is_typed_in_any_spelling() {
    for typed in [
        "1234567",
        "1234567.00",
        "12,34,567.00",
        "₹12,34,567",
        " 1,234,567.0 ",
    ] {
        let mut script = Script::of(vec![Ok(typed)]);
        assert_eq!(
            settle(
                &total(),
                at(Environment::Production, false, true),
                &mut script
            ),
            Ok(())
        );
        assert_eq!(script.asked, ["Type the total, 12,34,567.00, to send it:"]);
    }
}

#[test]
fn a_wrong_total_is_asked_again_and_then_taken_for_no() {
    let production = at(Environment::Production, false, true);
    let mut slip = Script::of(vec![Ok("123456.00"), Ok("yes"), Ok("1234567")]);
    assert_eq!(settle(&total(), production, &mut slip), Ok(()));
    let again = slip
        .asked
        .iter()
        .filter(|asked| asked.starts_with("That is not the total."));
    assert_eq!(again.count(), 2);
    let mut wrong = Script::of(vec![Ok("1"), Ok("2"), Ok("3")]);
    let refused = settle(&total(), production, &mut wrong).unwrap_err();
    assert_eq!(refused.exit, Exit::Stopped);
    let mut blank = Script::of(vec![Ok("")]);
    assert!(settle(&total(), production, &mut blank).is_err());
}

#[test]
fn endings() {
    let test = at(Environment::Test, false, true);
    let exit = |answer: io::Result<&'static str>| {
        settle(&total(), test, &mut Script::of(vec![answer])).map_err(|ending| ending.exit)
    };
    assert_eq!(exit(Ok("yes")), Ok(()));
    assert_eq!(exit(Ok(" Y ")), Ok(()));
    for no in ["no", "", "yep", "y y", "n"] {
        assert_eq!(exit(Ok(no)), Err(Exit::Stopped), "{no}");
    }
    assert_eq!(
        exit(Err(ErrorKind::Interrupted.into())),
        Err(Exit::Interrupted)
    );
    assert_eq!(exit(Err(ErrorKind::BrokenPipe.into())), Err(Exit::Stopped));
    let nobody = at(Environment::Production, false, false);
    let refused = settle(&total(), nobody, &mut Script::of(vec![])).unwrap_err();
    assert_eq!(refused.exit, Exit::Usage);
    assert!(
        refused
            .remedy
            .contains("--yes together with --expect-total")
    );
}
