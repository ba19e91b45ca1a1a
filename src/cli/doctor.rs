//! `paysheet doctor`: what could keep a run from working, each finding with its remedy. Reads alone: at the gateway
//! nothing is created or stopped, of the batch not a byte is written, and a run that is under way is not disturbed.
//!
//! Deliberately absent: exit code 4. Where payouts stand is for `status`; here is examined what it all stands on.

mod batch;
mod gateway;

use crate::report::json::{DoctorJson, FindingJson};
use crate::report::words::counted;

use super::exit::Exit;
use super::settings::Doctor;
use super::shell::Shell;

/// How a finding turned out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// As it should be.
    Good,
    /// Worth knowing, and no obstacle.
    Note,
    /// In the way, and the sheet's: it is not as it was sent.
    Edited,
    /// In the way.
    Problem,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Verdict::Good => "ok",
            Verdict::Note => "note",
            Verdict::Edited | Verdict::Problem => "problem",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Finding {
    check: &'static str,
    verdict: Verdict,
    message: String,
    /// What to do; blank where there is nothing to do, or the message says it.
    remedy: String,
}

/// What was found, in the order in which it was looked at.
#[derive(Debug, Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn good(&mut self, check: &'static str, message: impl Into<String>) {
        self.add(check, Verdict::Good, message.into(), "");
    }

    fn note(&mut self, check: &'static str, message: impl Into<String>) {
        self.add(check, Verdict::Note, message.into(), "");
    }

    fn problem(&mut self, check: &'static str, message: impl Into<String>, remedy: &str) {
        self.add(check, Verdict::Problem, message.into(), remedy);
    }

    fn edited(&mut self, check: &'static str, message: impl Into<String>, remedy: &str) {
        self.add(check, Verdict::Edited, message.into(), remedy);
    }

    fn add(&mut self, check: &'static str, verdict: Verdict, message: String, remedy: &str) {
        self.0.push(Finding {
            check,
            verdict,
            message,
            remedy: remedy.to_owned(),
        });
    }

    /// How many are in the way, and what that ends with: 3 where it is the sheet alone.
    fn ending(&self) -> (usize, Exit) {
        let count = |verdict| {
            let all = self.0.iter();
            all.filter(|finding| finding.verdict == verdict).count()
        };
        match (count(Verdict::Problem), count(Verdict::Edited)) {
            (0, 0) => (0, Exit::Done),
            (0, edited) => (edited, Exit::Unpayable),
            (problems, edited) => (problems + edited, Exit::Stopped),
        }
    }
}

/// Runs the command.
///
/// # Errors
///
/// None of its own: whatever is wrong is a finding.
pub(super) async fn run(doctor: &Doctor, shell: &Shell) -> anyhow::Result<Exit> {
    let mut findings = Findings::default();
    match &doctor.gateway {
        Ok(gateway) => gateway::examine(gateway, shell, &mut findings).await,
        Err(ending) => findings.problem("settings", &ending.message, &ending.remedy),
    }
    if let Some(subject) = &doctor.subject {
        batch::examine(doctor, subject, shell, &mut findings);
    }
    Ok(say(doctor, &findings, shell))
}

fn say(doctor: &Doctor, findings: &Findings, shell: &Shell) -> Exit {
    for finding in &findings.0 {
        let Finding {
            check,
            verdict,
            message,
            remedy,
        } = finding;
        let remedy = if remedy.is_empty() {
            String::new()
        } else {
            format!(": {remedy}")
        };
        let word = verdict.word();
        shell
            .out
            .paragraph(&format!("{word:<8}{check}: {message}{remedy}"));
    }
    let (wrong, exit) = findings.ending();
    let message = match wrong {
        0 => "all is well".to_owned(),
        wrong => counted(u64::try_from(wrong).unwrap_or(0), "problem", "problems"),
    };
    shell.out.paragraph(&message);
    let sheet = doctor
        .subject
        .as_ref()
        .map(|subject| subject.sheet.display().to_string());
    shell.out.json(&DoctorJson {
        command: "doctor",
        environment: doctor.environment.word(),
        sheet: sheet.as_deref(),
        batch: doctor
            .subject
            .as_ref()
            .map(|subject| subject.batch.as_str()),
        findings: findings
            .0
            .iter()
            .map(|finding| FindingJson {
                check: finding.check,
                verdict: finding.verdict.word(),
                message: &finding.message,
                remedy: &finding.remedy,
            })
            .collect(),
        exit: exit.code(),
        message: &message,
    });
    exit
}
