//! The sheet against what is known: every row judged, and matched with the payouts of the checkpoint.
//!
//! Deliberately absent: writing to the checkpoint (`intake`) and talking to the gateway.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;

use anyhow::Context as _;
use jiff::civil::Date;

use crate::checkpoint::{Known, Store};
use crate::domain::claims::{Claims, Settled};
use crate::domain::matching::{KnownKey, Leave, Matching, match_rows};
use crate::domain::{BatchName, CashgramId, KeyHasher, Money, Phone, RowKey, State};
use crate::report::words::counted;
use crate::sheet::{
    self, Checked, Editions, EditionsSummary, Judge, NoFaults, Problems, ProblemsSummary, Rules,
    Wanted,
};

use super::claims::Old;
use super::disputed::Copied;
use super::exit::{Ending, Exit};
use super::intake::StoredHeader;
use super::long_ago;
use super::settings::Controls;
use super::shell::Shell;

/// A sheet, judged and matched.
pub(super) struct Judged {
    pub(super) checked: Checked,
    pub(super) problems: ProblemsSummary,
    /// What each row is; `None` where the checkpoint was filled from the very same bytes and nothing has changed, or
    /// where nobody asked.
    pub(super) matching: Option<Matching>,
    /// Made the keys of its rows.
    pub(super) hasher: KeyHasher,
    /// What the results of a lost checkpoint say, where they were asked.
    pub(super) old: Old,
    /// What came of it: payouts of the lost checkpoint whose rows are gone or changed, and rows that go on with a later
    /// generation.
    pub(super) settled: Settled,
    /// Rows, counted from 1, that are not judged because a lost checkpoint had sent them, and have faults.
    pub(super) excused: Vec<u64>,
    /// Whether the sheet differs from the one that the checkpoint was filled from.
    pub(super) is_new: bool,
}

/// The rules that `controls` mean on `today`.
pub(super) fn rules(controls: &Controls, today: Date, fingerprint: bool) -> Rules {
    Rules {
        today,
        max_amount: controls.max_amount,
        allow_duplicates: controls.allow_duplicates,
        fingerprint,
        sheet_name: controls.sheet_name.clone(),
        layout: controls.layout.clone(),
    }
}

/// Judges the sheet by itself: no row of it was ever sent, as far as this is concerned. Writes the editions of it that
/// are wanted; warnings are listed among the problems if they are as bad, being `strict`.
///
/// # Errors
///
/// If the sheet cannot be read or a file not be written.
pub(super) fn judge_alone(
    path: &Path,
    problems_file: &Path,
    strict: bool,
    wanted: &Wanted,
    rules: &Rules,
) -> anyhow::Result<(Checked, EditionsSummary)> {
    let mut editions = Editions::new(problems_file, strict, wanted).map_err(sheet_error)?;
    let (hasher, whole) = (KeyHasher::new(), |_: u32| Judge::Whole);
    let checked =
        sheet::validate(path, rules, &hasher, &whole, &mut editions).map_err(sheet_error)?;
    Ok((checked, editions.finish().map_err(sheet_error)?))
}

/// Judges a sheet that paysheet itself just wrote.
///
/// # Errors
///
/// If it cannot be read.
pub(super) fn judge_mended(path: &Path, rules: &Rules) -> anyhow::Result<Checked> {
    let (hasher, whole) = (KeyHasher::new(), |_: u32| Judge::Whole);
    let rules = Rules {
        sheet_name: None,
        layout: sheet::Layout {
            map: rules.layout.map.clone(),
            ..sheet::Layout::default()
        },
        ..rules.clone()
    };
    sheet::validate(path, &rules, &hasher, &whole, &mut NoFaults).map_err(sheet_error)
}

/// Judges the sheet. Rows that match a payout that may exist are judged by phone, amount and id alone: their expiry
/// may well have passed by now.
///
/// # Errors
///
/// If the sheet cannot be read.
pub(super) fn judge(
    path: &Path,
    (problems_file, strict): (&Path, bool),
    rules: &Rules,
    store: Option<&Store>,
    old: impl FnOnce(&KeyHasher) -> anyhow::Result<Old>,
) -> anyhow::Result<Judged> {
    let hasher = KeyHasher::new();
    let list = || Problems::new(problems_file).with_warnings(strict);
    let mut problems = list();
    let whole = |_: u32| Judge::Whole;
    let checked =
        sheet::validate(path, rules, &hasher, &whole, &mut problems).map_err(sheet_error)?;
    if store.is_some_and(|store| is_unchanged(store, &checked, rules)) {
        let problems = problems.finish();
        return Ok(Judged {
            checked,
            problems,
            matching: None,
            hasher,
            old: Old::default(),
            settled: Settled::default(),
            excused: Vec::new(),
            is_new: false,
        });
    }
    let mut old = old(&hasher)?;
    old.trace(path, &checked, rules)?;
    let (matching, settled) = match_all(&checked.keys, store, &old.claims, &hasher)?;
    let doubtful = doubtful(&settled, store)?;
    let exempt = |row: u32| is_live(&matching, row) || doubtful.contains(&row);
    if checked.invalid == 0 || !(0..checked.rows).any(exempt) {
        let problems = problems.finish();
        return Ok(Judged {
            checked,
            problems,
            matching: Some(matching),
            hasher,
            old,
            settled,
            excused: Vec::new(),
            is_new: true,
        });
    }
    drop(problems);
    let faulty = doubtful.iter().filter(|row| checked.faulty.contains(**row));
    let excused = faulty.map(|row| u64::from(*row) + 1).collect();
    let mut problems = list();
    let judge = |row: u32| {
        if exempt(row) {
            Judge::KeyOnly
        } else {
            Judge::Whole
        }
    };
    let checked =
        sheet::validate(path, rules, &hasher, &judge, &mut problems).map_err(sheet_error)?;
    let problems = problems.finish();
    Ok(Judged {
        checked,
        problems,
        matching: Some(matching),
        hasher,
        old,
        settled,
        excused,
        is_new: true,
    })
}

/// Rows that a lost checkpoint had sent and whose links may exist: what the gateway was asked about since and did not
/// know is a row like any other.
fn doubtful(settled: &Settled, store: Option<&Store>) -> anyhow::Result<BTreeSet<u32>> {
    let asked = store.filter(|store| store.meta().probed);
    let mut rows = BTreeSet::new();
    for (row, id) in &settled.sent {
        let known = asked.map_or(Ok(None), |store| store.stands(id.as_str()))?;
        if known.is_none() {
            rows.insert(*row);
        }
    }
    Ok(rows)
}

/// The rows matched with what the checkpoint knows, and with what a lost one knew.
fn match_all(
    keys: &[RowKey],
    store: Option<&Store>,
    claims: &Claims,
    hasher: &KeyHasher,
) -> anyhow::Result<(Matching, Settled)> {
    let mut known = Vec::new();
    let (mut ids, mut places) = (HashSet::new(), HashSet::new());
    let brought = claims.brought();
    if let Some(store) = store {
        store.each_known(|payout| {
            let leave = leave(&payout, brought.contains(payout.sheet_id));
            known.push(known_key(&payout, leave, hasher));
            if !claims.is_empty() {
                ids.insert(payout.cashgram_id.to_owned());
                ids.insert(payout.sheet_id.to_owned());
                places.insert((payout.phone, payout.occurrence));
            }
        })?;
    }
    let is_known = |first: &CashgramId, phone: u64, occurrence: u32| match occurrence {
        0 => ids.contains(first.as_str()),
        _ => places.contains(&(phone, occurrence)) || ids.contains(first.as_str()),
    };
    known.extend(claims.keys(|id| hasher.own_id(id), is_known));
    let mut matching = match_rows(keys, &known);
    let mut settled = claims.settle(&mut matching);
    settled.left.retain(|id, _| !ids.contains(id.as_str()));
    Ok((matching, settled))
}

/// The same bytes read in the same way, all of them payable then and now: every row is what it was. Another tab of a
/// workbook, or another column taken for the phone, is another sheet.
fn is_unchanged(store: &Store, checked: &Checked, rules: &Rules) -> bool {
    let same = match (&store.meta().fingerprint, checked.fingerprint) {
        (Some(known), Some(found)) => *known == hex(&found),
        _ => false,
    };
    same && StoredHeader::load(store)
        .is_ok_and(|known| known == StoredHeader::of(&checked.header, rules))
        && checked.invalid == 0
        && store.totals().rows(State::Invalid) == 0
}

fn is_live(matching: &Matching, row: u32) -> bool {
    let row = usize::try_from(row).unwrap_or(usize::MAX);
    matching.rows.get(row).is_some_and(|row| row.is_live())
}

fn known_key(known: &Known<'_>, leave: Leave, hasher: &KeyHasher) -> KnownKey {
    let row = known
        .row
        .and_then(|row| u32::try_from(row).ok())
        .unwrap_or(u32::MAX);
    KnownKey {
        payout: known.payout.0,
        row,
        occurrence: known.occurrence,
        live: KnownKey::is_live(known.standing.state, known.standing.is_frozen()),
        leave,
        key: RowKey {
            own_id: if known.own_id {
                hasher.own_id(known.sheet_id)
            } else {
                0
            },
            phone: known.phone,
            amount: known.amount.paise(),
            name: hasher.text(known.name),
            email: hasher.text(known.email),
        },
    }
}

/// Whether its row may leave the sheet: it was cancelled, or its own id may be another payment's. It is not where a lost
/// checkpoint had sent it, being `claimed`.
fn leave(known: &Known<'_>, claimed: bool) -> Leave {
    match known.standing.state {
        State::Cancelled => Leave::Stopped,
        State::Conflict if known.own_id && !claimed => Leave::Disputed,
        State::Conflict
        | State::Invalid
        | State::Ready
        | State::Unknown
        | State::Created
        | State::Rejected => Leave::Never,
    }
}

/// Rows shown of those that stop the run.
const ASTRAY_SHOWN_MAX: usize = 20;

/// Payouts that may exist and whose rows are gone or changed: stops before anything is sent.
///
/// # Errors
///
/// [`Ending`] with exit code 3 that names them.
pub(super) fn refuse_astray(
    matching: &Matching,
    (keys, hasher): (&[RowKey], &KeyHasher),
    store: &Store,
    batch: &BatchName,
    shell: &Shell,
) -> anyhow::Result<()> {
    if matching.astray.is_empty() {
        return Ok(());
    }
    let another = long_ago::another_payment(store, batch, shell)?;
    let now: HashMap<i64, Option<u32>> = matching
        .astray
        .iter()
        .map(|astray| (astray.payout, astray.now))
        .collect();
    let mut lines = Vec::new();
    let (mut cancelled, mut others) = (false, false);
    let mut copied = Copied::of(keys, hasher);
    store.each_known(|known| {
        let Some(now) = now.get(&known.payout.0) else {
            return;
        };
        if lines.len() < ASTRAY_SHOWN_MAX {
            lines.push(astray_line(&known, *now, keys));
        }
        let stopped = known.standing.state == State::Cancelled;
        cancelled |= stopped;
        others |= !stopped;
        copied.look_for(known.cashgram_id, known.own_id);
    })?;
    let more = now.len().saturating_sub(lines.len());
    if more > 0 {
        lines.push(format!("  ... and {more} more"));
    }
    let count = now.len();
    let (were, stand, their) = if count == 1 {
        ("payment that was", "stands", "its row as it was")
    } else {
        ("payments that were", "stand", "their rows as they were")
    };
    let message = format!(
        "{count} {were} sent already no longer {stand} in the sheet as sent; nothing was sent now"
    );
    let taken = "the id of a cancelled row is taken for good: another payment needs another id in the sheet";
    let stop = if copied.found {
        Copied::REMEDY.to_owned()
    } else if store.has_history()? {
        let cancel = shell.again.as_command("cancel").command();
        let stop = format!("to stop such a payment, cancel it first with `{cancel} --id ID`");
        match (others, cancelled) {
            (true, false) => stop,
            (true, true) => format!("{stop}; {taken}"),
            (false, _) => taken.to_owned(),
        }
    } else {
        let path = store.path().display();
        format!(
            "if the sheet is now as it was sent, remove {path}, which has sent nothing itself and found these links for \
             other rows"
        )
    };
    let remedy = format!(
        "{another}restore {their} and run again; {stop}\n{}",
        lines.join("\n")
    );
    Err(Ending::new(Exit::Unpayable, message, remedy).into())
}

fn astray_line(known: &Known<'_>, now: Option<u32>, keys: &[RowKey]) -> String {
    let phone = Phone::from_number(known.phone)
        .map_or_else(|| "no phone".to_owned(), |phone| phone.to_string());
    let was = known.row.map_or_else(
        || "a removed row".to_owned(),
        |row| format!("row {row} below the header"),
    );
    let state = known.standing.state;
    let head = format!(
        "  {was}: {} for {phone}, ₹{} ({state})",
        known.cashgram_id,
        known.amount.grouped()
    );
    let now_row = now
        .and_then(|row| usize::try_from(row).ok())
        .and_then(|row| keys.get(row).map(|key| (row, key)));
    match now_row {
        None => format!("{head}: is gone from the sheet"),
        Some((row, key)) => {
            let amount = Money::from_paise(key.amount).map_or_else(
                || "an unreadable amount".to_owned(),
                |amount| format!("₹{}", amount.grouped()),
            );
            if key.phone == known.phone {
                format!("{head}: row {} now says {amount}", row + 1)
            } else {
                format!("{head}: row {} now has another phone", row + 1)
            }
        }
    }
}

/// Compares the control totals with the whole sheet; `list` has its warnings, if that was written.
///
/// # Errors
///
/// [`Ending`] with exit code 3.
pub(super) fn check_controls(
    controls: &Controls,
    checked: &Checked,
    list: Option<&Path>,
) -> Result<(), Ending> {
    let remedy = "check that this is the right sheet and that nothing is missing from it";
    if let Some(expected) = controls.expect_count
        && expected != u64::from(checked.rows)
    {
        return Err(Ending::unpayable(
            format!(
                "the sheet has {}, --expect-count says {expected}; nothing was sent",
                counted(u64::from(checked.rows), "row", "rows")
            ),
            remedy,
        ));
    }
    if let Some(expected) = controls.expect_total
        && expected != checked.total
    {
        return Err(Ending::unpayable(astray_total(expected, checked), remedy));
    }
    let warnings = checked.warnings.count;
    if controls.strict && warnings > 0 {
        return Err(Ending::unpayable(
            format!(
                "{}, and --strict stops at them; nothing was sent",
                counted(warnings, "warning", "warnings")
            ),
            match list {
                Some(list) => format!(
                    "mend the rows (all are listed in {}), or leave --strict out if all of them are meant",
                    list.display()
                ),
                None => "mend the rows, or leave --strict out if all of them are meant".to_owned(),
            },
        ));
    }
    Ok(())
}

/// By how much the sheet misses the total that was expected.
fn astray_total(expected: Money, checked: &Checked) -> String {
    let total = checked.total;
    let (apart, way) = match total.checked_sub(expected) {
        Some(apart) => (apart, "much"),
        None => (expected.checked_sub(total).unwrap_or_default(), "little"),
    };
    let unread = checked.keys.iter().filter(|key| key.amount().is_none());
    let unread = u64::try_from(unread.count()).unwrap_or(u64::MAX);
    let without = match unread {
        0 => String::new(),
        count => format!(
            ", without {} that cannot be read",
            counted(count, "amount", "amounts")
        ),
    };
    format!(
        "the sheet adds up to ₹{}{without}, --expect-total says ₹{}: ₹{} too {way}; nothing was sent",
        total.grouped(),
        expected.grouped(),
        apart.grouped()
    )
}

/// A sheet's error with the exit code that belongs to it.
pub(super) fn sheet_error(error: sheet::Error) -> anyhow::Error {
    let exit = if error.is_usage() {
        Exit::Usage
    } else if error.is_unpayable() {
        Exit::Unpayable
    } else {
        Exit::Stopped
    };
    anyhow::Error::from(Ending::new(exit, error.to_string(), ""))
}

/// Bytes in lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The fingerprint that the rules asked for.
pub(super) fn fingerprint(checked: &Checked) -> anyhow::Result<String> {
    checked
        .fingerprint
        .map(|bytes| hex(&bytes))
        .context("the sheet has no fingerprint")
}
