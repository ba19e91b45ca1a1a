//! A run's numbers in Prometheus' text form, for a node exporter's folder of text files. PURE.
//!
//! Gauges all: a run is over when they are written. Rupees stand with two decimals, made of whole paise. Deliberately
//! absent: the file itself, personal data, ids and paths.

use std::fmt::Write as _;
use std::time::Duration;

use crate::domain::State;
use crate::engine::Tally;

/// The first line of every file that paysheet wrote, so that no other is overwritten.
pub const HEADER: &str = "# paysheet metrics";
/// When a command last ended with 0: carried from file to file, since a run that failed has no success of its own.
const LAST_SUCCESS: &str = "paysheet_last_success_timestamp_seconds";

/// How the newest run ended.
const EXIT_CODE: &str = "paysheet_run_exit_code";

/// What is known of a run when it has ended.
#[derive(Clone, Copy, Debug)]
pub struct Numbers<'a> {
    /// The command.
    pub command: &'a str,
    /// The environment's word; blank if the run did not get that far.
    pub environment: &'a str,
    /// The batch; blank if the run did not get that far.
    pub batch: &'a str,
    /// The exit code.
    pub exit: u8,
    /// How long it took.
    pub elapsed: Duration,
    /// When it ended, in seconds since 1970.
    pub ended_at: i64,
    /// The file that this one replaces, or nothing: it says when runs last ended with 0.
    pub earlier: &'a str,
    /// Where the batch stands; none: the run stopped before that was known.
    pub tally: Option<&'a Tally>,
}

impl Numbers<'_> {
    /// Whose numbers they are, as labels; of a run that did not get that far those of the file that it replaces, which
    /// is the batch's own.
    fn whose(&self) -> Option<String> {
        if !self.batch.is_empty() && !self.environment.is_empty() {
            return Some(labels(self.batch, self.environment));
        }
        let mut lines = self.earlier.lines();
        let exit = lines.find_map(|line| line.strip_prefix(EXIT_CODE)?.strip_prefix('{'))?;
        let (whose, _) = exit.rsplit_once(",command=\"")?;
        (whose != labels("", "")).then(|| whose.to_owned())
    }

    /// The whole file; none if it is not known whose numbers they are.
    pub fn text(&self) -> Option<String> {
        let batch = self.whose()?;
        let mut out = Exposition {
            text: format!("{HEADER}\n"),
            common: format!("{batch},command=\"{}\"", escaped(self.command)),
        };
        out.family(EXIT_CODE, "Exit code of the newest run.");
        out.sample(EXIT_CODE, "", self.exit);
        out.family(
            "paysheet_run_duration_seconds",
            "How long the newest run took.",
        );
        let millis = self.elapsed.subsec_millis();
        let seconds = format!("{}.{millis:03}", self.elapsed.as_secs());
        out.sample("paysheet_run_duration_seconds", "", seconds);
        out.family(
            "paysheet_run_end_timestamp_seconds",
            "When the newest run ended.",
        );
        out.sample("paysheet_run_end_timestamp_seconds", "", self.ended_at);
        out.successes(self, &batch);
        if let Some(tally) = self.tally {
            out.tally(tally);
        }
        Some(out.text)
    }
}

fn labels(batch: &str, environment: &str) -> String {
    format!(
        "batch=\"{}\",environment=\"{}\"",
        escaped(batch),
        escaped(environment)
    )
}

struct Exposition {
    text: String,
    common: String,
}

impl Exposition {
    fn family(&mut self, name: &str, help: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} gauge");
    }

    fn sample(&mut self, name: &str, label: &str, value: impl std::fmt::Display) {
        let comma = if label.is_empty() { "" } else { "," };
        let common = &self.common;
        let _ = writeln!(self.text, "{name}{{{common}{comma}{label}}} {value}");
    }

    /// When runs last ended with 0, each command apart: those of the batch's other commands are carried on.
    fn successes(&mut self, run: &Numbers<'_>, batch: &str) {
        let whose = format!("{LAST_SUCCESS}{{{batch},");
        let own = format!("{LAST_SUCCESS}{{{}}} ", self.common);
        let earlier = run.earlier.lines().filter(|line| line.starts_with(&whose));
        let kept: Vec<&str> = earlier
            .filter(|line| run.exit != 0 || !line.starts_with(&own))
            .collect();
        if run.exit != 0 && kept.is_empty() {
            return;
        }
        self.family(
            LAST_SUCCESS,
            "When a run of this command last ended with exit code 0.",
        );
        for line in kept {
            let _ = writeln!(self.text, "{line}");
        }
        if run.exit == 0 {
            self.sample(LAST_SUCCESS, "", run.ended_at);
        }
    }

    fn tally(&mut self, tally: &Tally) {
        self.family(
            "paysheet_run_created",
            "Payouts that the newest run brought to created.",
        );
        self.sample("paysheet_run_created", "", tally.created_now);
        self.family(
            "paysheet_run_requests",
            "Requests of the newest run, login apart.",
        );
        self.sample("paysheet_run_requests", "", tally.requests);
        self.family(
            "paysheet_run_retries",
            "Requests of the newest run that repeated one.",
        );
        self.sample("paysheet_run_retries", "", tally.retries);
        self.family("paysheet_payouts", "Payouts of the batch by state.");
        for state in State::ALL {
            let label = format!("state=\"{state}\"");
            self.sample("paysheet_payouts", &label, tally.of(state).rows);
        }
        self.family("paysheet_amount_rupees", "Rupees of the batch by state.");
        for state in State::ALL {
            let label = format!("state=\"{state}\"");
            self.sample("paysheet_amount_rupees", &label, tally.of(state).amount);
        }
        self.family(
            "paysheet_links",
            "Links of the batch by the gateway's own status word.",
        );
        for (word, links) in &tally.statuses {
            let label = format!("status=\"{}\"", escaped(word));
            self.sample("paysheet_links", &label, links);
        }
        self.family(
            "paysheet_need_person",
            "Payouts that need a person, dead links included.",
        );
        let need = tally.need_a_person().saturating_add(tally.dead);
        self.sample("paysheet_need_person", "", need);
    }
}

/// A label's value: the three characters that would end it are escaped.
fn escaped(text: &str) -> String {
    text.replace('\\', r"\\")
        .replace('"', "\\\"")
        .replace('\n', r"\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Money;
    use crate::engine::Count;
    use std::collections::BTreeMap;

    fn numbers<'a>(exit: u8, earlier: &'a str, tally: Option<&'a Tally>) -> Numbers<'a> {
        Numbers {
            command: "send",
            environment: "test",
            batch: "ju\"ne\\",
            exit,
            elapsed: Duration::from_millis(61_007),
            ended_at: 1_791_802_531,
            earlier,
            tally,
        }
    }

    #[test]
    fn the_whole_text() {
        let count = Count {
            rows: 1203,
            amount: Money::from_paise(543_210_005).unwrap(),
        };
        let tally = Tally {
            states: BTreeMap::from([(State::Created, count)]),
            statuses: BTreeMap::from([("ACTIVE".to_owned(), 1203)]),
            dead: 2,
            created_now: 7,
            requests: 9,
            retries: 1,
            ..Tally::default()
        };
        let text = numbers(0, "", Some(&tally)).text().unwrap();
        let labels = r#"batch="ju\"ne\\",environment="test",command="send""#;
        for line in [
            "# paysheet metrics".to_owned(),
            "# TYPE paysheet_payouts gauge".to_owned(),
            format!("paysheet_payouts{{{labels},state=\"created\"}} 1203"),
            format!("paysheet_payouts{{{labels},state=\"unknown\"}} 0"),
            format!("paysheet_amount_rupees{{{labels},state=\"created\"}} 5432100.05"),
            format!("paysheet_links{{{labels},status=\"ACTIVE\"}} 1203"),
            format!("paysheet_need_person{{{labels}}} 2"),
            format!("paysheet_run_exit_code{{{labels}}} 0"),
            format!("paysheet_run_duration_seconds{{{labels}}} 61.007"),
            format!("paysheet_last_success_timestamp_seconds{{{labels}}} 1791802531"),
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        assert!(text.ends_with('\n'));
    }

    #[test]
    fn a_success_outlives_the_failures_after_it() {
        let of = |text: &str| -> Vec<String> {
            let lines = text.lines().filter(|line| line.starts_with(LAST_SUCCESS));
            lines.map(str::to_owned).collect()
        };
        let first = numbers(0, "", None).text().unwrap();
        let second = numbers(1, &first, None).text().unwrap();
        assert_eq!((of(&second).len(), of(&second)), (1, of(&first)));
        assert!(!second.contains("paysheet_payouts"), "unknown is not zero");
        // Another command's success is its own.
        let mut status = numbers(0, &second, None);
        (status.command, status.ended_at) = ("status", 1_791_900_000);
        let third = status.text().unwrap();
        assert_eq!(of(&third).len(), 2);
        assert_eq!(of(&third)[..1], of(&first));
        let fourth = numbers(0, &third, None).text().unwrap();
        assert_eq!(of(&fourth).len(), 2, "{fourth}");
        let mut other = numbers(1, &third, None);
        other.batch = "july";
        assert!(of(&other.text().unwrap()).is_empty());
        assert!(!numbers(4, "", None).text().unwrap().contains(LAST_SUCCESS));
    }
    #[test]
    fn nobodys_numbers_are_not_written() {
        let mut blank = numbers(2, "", None);
        (blank.environment, blank.batch) = ("", "june");
        assert_eq!(blank.text(), None);
        // The file is one batch's: it says whose they are.
        let earlier = numbers(0, "", None).text().unwrap();
        blank.earlier = &earlier;
        let text = blank.text().unwrap();
        let whose = r#"{batch="ju\"ne\\",environment="test",command="send"}"#;
        assert!(text.contains(&format!("{EXIT_CODE}{whose} 2")), "{text}");
        assert!(text.contains(&format!("{LAST_SUCCESS}{whose} ")), "{text}");
    }
}
