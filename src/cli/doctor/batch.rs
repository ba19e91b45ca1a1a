//! The batch: its checkpoint, its record, its sheet, its results, and who is writing.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::checkpoint::{Error, Steady, Sum, lock};
use crate::domain::words::shell_word;
use crate::domain::{KeyHasher, Money};
use crate::report::words::{counted, rupees};
use crate::sheet::{self, Judge, NoFaults};

use super::super::door;
use super::super::intake::StoredHeader;
use super::super::judge::{hex, rules};
use super::super::lost;
use super::super::settings::{Doctor, Subject};
use super::super::shell::Shell;
use super::Findings;

const REPORT: &str = "send nothing from it; keep a copy of the file and report this as a fault of paysheet or of the disk";
const FROM_BACKUP: &str = "restore it from a backup; if there is none, move it away and run `send`: what exists at the gateway is found \
    by its ids and not paid twice";

pub(super) fn examine(doctor: &Doctor, subject: &Subject, shell: &Shell, findings: &mut Findings) {
    let path = &subject.files.checkpoint;
    let steady = match Steady::open(path) {
        Ok(steady) => steady,
        Err(Error::Missing { .. }) => return missing(subject, shell, findings),
        Err(error) => return findings.problem("checkpoint", error.to_string(), ""),
    };
    private(path, findings);
    let bound = match &doctor.gateway {
        Ok(gateway) => steady.verify_binding(&door::binding(gateway, &subject.batch)),
        Err(_) => steady.verify(doctor.environment.word(), subject.batch.as_str()),
    };
    if let Err(error) = bound {
        findings.problem("binding", error.to_string(), "");
    }
    match steady.prove_whole() {
        Ok(()) => findings.good(
            "checkpoint",
            format!("{} is whole (format {})", path.display(), steady.format),
        ),
        Err(error) => return findings.problem("checkpoint", error.to_string(), ""),
    }
    purged(&steady, shell, findings);
    replayed(&steady, findings);
    match steady.sum() {
        Ok(sum) => compare(&steady, sum, subject, shell, findings),
        Err(error) => findings.problem("totals", error.to_string(), FROM_BACKUP),
    }
    writer(path, findings);
    results(subject, shell, findings);
}

fn missing(subject: &Subject, shell: &Shell, findings: &mut Findings) {
    let files = &subject.files;
    match lost::missed(files, &shell.again) {
        Some((message, remedy)) => findings.problem("checkpoint", message, &remedy),
        None => findings.note(
            "checkpoint",
            format!(
                "there is no {}: nothing was sent under this batch name here",
                files.checkpoint.display()
            ),
        ),
    }
}

fn private(path: &Path, findings: &mut Findings) {
    let Ok(file) = path.metadata() else { return };
    if file.mode() & 0o077 == 0 {
        findings.good(
            "permissions",
            "the checkpoint is readable by its owner alone",
        );
    } else {
        findings.problem(
            "permissions",
            format!("{} can be read by others", path.display()),
            &format!("chmod 600 {}", shell_word(&path.display().to_string())),
        );
    }
}

fn purged(steady: &Steady, shell: &Shell, findings: &mut Findings) {
    let Ok(meta) = steady.meta() else { return };
    let get = |key: &str| {
        meta.iter()
            .find(|(known, _)| known == key)
            .map(|(_, value)| value)
    };
    let Some(at) = get("purged") else { return };
    if get("purge_finished").is_some_and(|value| value == "yes") {
        findings.note("purge", format!("personal data was removed at {at}"));
    } else {
        findings.problem(
            "purge",
            format!("removing personal data began at {at} and was cut short"),
            &format!("run `{}` again", shell.again.as_command("purge").command()),
        );
    }
}

fn replayed(steady: &Steady, findings: &mut Findings) {
    let found = match steady.replay() {
        Ok(found) => found,
        Err(error) => return findings.problem("facts", error.to_string(), ""),
    };
    let (payouts, facts) = (
        counted(found.payouts, "payout", "payouts"),
        counted(found.facts, "fact", "facts"),
    );
    if found.astray == 0 {
        findings.good("facts", format!("{payouts} stand where {facts} lead"));
        return;
    }
    let verb = if found.astray == 1 { "does" } else { "do" };
    findings.problem(
        "facts",
        format!(
            "{} of {payouts} {verb} not stand where the recorded facts lead, such as {}",
            found.astray,
            found.named.join(", ")
        ),
        REPORT,
    );
}

/// Count and sum of the checkpoint with those of the sheet as it is now.
fn compare(steady: &Steady, sum: Sum, subject: &Subject, shell: &Shell, findings: &mut Findings) {
    let held = told(sum.rows, sum.paise);
    if !subject.sheet.exists() {
        findings.note(
            "sheet",
            format!(
                "{} is not there; the checkpoint holds {held}",
                subject.sheet.display()
            ),
        );
        return;
    }
    let meta = steady.meta().unwrap_or_default();
    let known = |wanted: &str| {
        let mut known = meta.iter();
        known.find_map(|(key, value)| (key == wanted).then_some(value.as_str()))
    };
    // As it was read when it was sent.
    let reading = known("header").map_or_else(Vec::new, StoredHeader::reading_in);
    let controls = subject.controls.clone().reading(&reading);
    let rules = rules(&controls, shell.clock.today_in_india(), true);
    let whole = |_: u32| Judge::Whole;
    let read = sheet::validate(
        &subject.sheet,
        &rules,
        &KeyHasher::new(),
        &whole,
        &mut NoFaults,
    );
    let checked = match read {
        Ok(checked) => checked,
        Err(error) => return findings.problem("sheet", error.to_string(), ""),
    };
    let bytes = checked.fingerprint.map(|bytes| hex(&bytes));
    let same_bytes = bytes.as_deref() == known("fingerprint");
    let same = u64::from(checked.rows) == sum.rows && checked.total.paise() == sum.paise;
    let now = told(u64::from(checked.rows), checked.total.paise());
    match (same, same_bytes) {
        (true, _) => findings.good("sheet", format!("sheet and checkpoint hold {held}")),
        (false, false) => findings.edited(
            "sheet",
            format!("it was changed since the last send: it holds {now}, the checkpoint {held}"),
            &format!(
                "if that was meant, `{}` says what would be sent of it; if not, restore the sheet",
                shell
                    .again
                    .recalling(reading)
                    .as_command("send")
                    .with("--dry-run")
            ),
        ),
        (false, true) => findings.problem(
            "sheet",
            format!("it holds {now}, but the checkpoint that was filled from it {held}"),
            REPORT,
        ),
    }
}

fn told(rows: u64, paise: i64) -> String {
    let amount = Money::from_paise(paise).unwrap_or_default();
    format!("{}, {}", counted(rows, "row", "rows"), rupees(amount))
}

fn writer(path: &Path, findings: &mut Findings) {
    match lock::holder_of(path) {
        Some(holder) => findings.note("lock", format!("in use by {holder}")),
        None => findings.good("lock", "nobody is writing the checkpoint"),
    }
}

fn results(subject: &Subject, shell: &Shell, findings: &mut Findings) {
    let path = &subject.files.results;
    if path.symlink_metadata().is_err() {
        findings.note(
            "results",
            format!(
                "{} is not there; `{}` writes it again",
                path.display(),
                shell.again.as_command("results").command()
            ),
        );
        return;
    }
    match sheet::is_ours(path) {
        Ok(true) => findings.good("results", format!("{} is there", path.display())),
        Ok(false) => findings.problem(
            "results",
            format!("{} is not a results file of paysheet", path.display()),
            "move it away, or name another file with --results",
        ),
        Err(error) => findings.problem("results", error.to_string(), ""),
    }
}
