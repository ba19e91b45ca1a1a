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
/// When a run last ended with 0: carried from file to file, since a run that failed has no success of its own.
const LAST_SUCCESS: &str = "paysheet_last_success_timestamp_seconds";

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
    /// When a run last ended with 0, before this one.
    pub last_success: Option<i64>,
    /// Where the batch stands; none: the run stopped before that was known.
    pub tally: Option<&'a Tally>,
}

impl Numbers<'_> {
    /// The whole file.
    pub fn text(&self) -> String {
        let mut out = Exposition {
            text: format!("{HEADER}\n"),
            common: format!(
                "batch=\"{}\",environment=\"{}\"",
                escaped(self.batch),
                escaped(self.environment)
            ),
        };
        let command = format!("command=\"{}\"", escaped(self.command));
        out.family("paysheet_run_exit_code", "Exit code of the newest run.");
        out.sample("paysheet_run_exit_code", &command, self.exit);
        out.family(
            "paysheet_run_duration_seconds",
            "How long the newest run took.",
        );
        let millis = self.elapsed.subsec_millis();
        let seconds = format!("{}.{millis:03}", self.elapsed.as_secs());
        out.sample("paysheet_run_duration_seconds", &command, seconds);
        out.family(
            "paysheet_run_end_timestamp_seconds",
            "When the newest run ended.",
        );
        out.sample(
            "paysheet_run_end_timestamp_seconds",
            &command,
            self.ended_at,
        );
        let success = if self.exit == 0 {
            Some(self.ended_at)
        } else {
            self.last_success
        };
        if let Some(at) = success {
            out.family(LAST_SUCCESS, "When a run last ended with exit code 0.");
            out.sample(LAST_SUCCESS, "", at);
        }
        if let Some(tally) = self.tally {
            out.tally(tally, &command);
        }
        out.text
    }
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

    fn tally(&mut self, tally: &Tally, command: &str) {
        self.family(
            "paysheet_run_created",
            "Payouts that the newest run brought to created.",
        );
        self.sample("paysheet_run_created", command, tally.created_now);
        self.family(
            "paysheet_run_requests",
            "Requests of the newest run, login apart.",
        );
        self.sample("paysheet_run_requests", command, tally.requests);
        self.family(
            "paysheet_run_retries",
            "Requests of the newest run that repeated one.",
        );
        self.sample("paysheet_run_retries", command, tally.retries);
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

/// When a run last ended with 0, as an earlier file of the same batch says.
pub fn last_success(earlier: &str, environment: &str, batch: &str) -> Option<i64> {
    let labels = format!(
        "{LAST_SUCCESS}{{batch=\"{}\",environment=\"{}\"}} ",
        escaped(batch),
        escaped(environment)
    );
    let line = earlier.lines().find_map(|line| line.strip_prefix(&labels));
    line?.trim().parse().ok()
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

    fn numbers<'a>(exit: u8, last_success: Option<i64>, tally: Option<&'a Tally>) -> Numbers<'a> {
        Numbers {
            command: "send",
            environment: "test",
            batch: "ju\"ne\\",
            exit,
            elapsed: Duration::from_millis(61_007),
            ended_at: 1_791_802_531,
            last_success,
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
        let text = numbers(0, None, Some(&tally)).text();
        let labels = r#"batch="ju\"ne\\",environment="test""#;
        for line in [
            "# paysheet metrics".to_owned(),
            "# TYPE paysheet_payouts gauge".to_owned(),
            format!("paysheet_payouts{{{labels},state=\"created\"}} 1203"),
            format!("paysheet_payouts{{{labels},state=\"unknown\"}} 0"),
            format!("paysheet_amount_rupees{{{labels},state=\"created\"}} 5432100.05"),
            format!("paysheet_links{{{labels},status=\"ACTIVE\"}} 1203"),
            format!("paysheet_need_person{{{labels}}} 2"),
            format!("paysheet_run_exit_code{{{labels},command=\"send\"}} 0"),
            format!("paysheet_run_duration_seconds{{{labels},command=\"send\"}} 61.007"),
            format!("paysheet_last_success_timestamp_seconds{{{labels}}} 1791802531"),
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        assert!(text.ends_with('\n'));
    }

    #[test]
    fn a_success_outlives_the_failures_after_it() {
        let first = numbers(0, None, None).text();
        let at = last_success(&first, "test", "ju\"ne\\");
        assert_eq!(at, Some(1_791_802_531));
        let second = numbers(1, at, None).text();
        assert_eq!(last_success(&second, "test", "ju\"ne\\"), at);
        assert!(!second.contains("paysheet_payouts"), "unknown is not zero");
        assert_eq!(last_success(&second, "test", "july"), None);
        assert!(!numbers(4, None, None).text().contains(LAST_SUCCESS));
    }
}
