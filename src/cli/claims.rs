//! Old results against the sheet, after a checkpoint was lost: rows that left or changed since would get each other's
//! ids, and somebody would be paid twice.
//!
//! Deliberately absent: where old results stand (`lost`), and what their ids are made from (`domain::claims`).

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::checkpoint::{self, MadeBefore, Named, RowFields, Store};
use crate::domain::claims::{Claim, Claims, Left};
use crate::domain::{CashgramId, KeyHasher, Money, Phone, RowKey, State};
use crate::engine::{Discord, Halt, Session};
use crate::gateway::Gateway;
use crate::report::words::counted;
use crate::sheet::{self, Checked, Field, Rows, Rules, ToldRow};

use super::again::Again;
use super::disputed::Copied;
use super::exit::Ending;
use super::judge::sheet_error;
use super::settings::{Door, Send};
use super::shell::Shell;
use super::{before, lost, named, theirs};

/// What lifts the doubt about which link is whose.
const IN_ORDER: &str = "if the rows that are there stand in the order in which they were sent, and only later ones are \
                        new, were not sent yet or have left, add --rows-in-order";
/// Payments or phones shown of those that stop a run.
const SHOWN_MAX: usize = 20;

/// What old results say, and where they stand.
#[derive(Debug, Default)]
pub(super) struct Old {
    files: Vec<PathBuf>,
    pub(super) claims: Claims,
    /// Of the keys that the claims have.
    hasher: KeyHasher,
}

/// A payout whose row is gone or changed, and the row that stands there now.
pub(super) type Astray = (Claim, Option<u32>);

impl Old {
    /// Reads what stands there. `is_new` says that no checkpoint does, so that the results are no copy of it.
    ///
    /// # Errors
    ///
    /// If a file cannot be compared: nothing may be sent then.
    pub(super) fn read(send: &Send, is_new: bool, hasher: &KeyHasher) -> anyhow::Result<Old> {
        let files = lost::standing(&send.files, is_new)?;
        let mut told = Vec::new();
        for (place, path) in files.iter().enumerate() {
            read(path, place, &send.controls.layout.map, hasher, &mut told)?;
        }
        Ok(Old {
            claims: Claims::of(send.batch.as_str(), told),
            files,
            hasher: hasher.clone(),
        })
    }

    /// Traces later links back to the ids that the sheet brings, where what they took the place of is told by no file.
    ///
    /// # Errors
    ///
    /// If the sheet cannot be read.
    pub(super) fn trace(
        &mut self,
        sheet: &Path,
        checked: &Checked,
        rules: &Rules,
    ) -> anyhow::Result<()> {
        if checked.header.id_column().is_none() || self.claims.untraced().is_empty() {
            return Ok(());
        }
        let mut rows = Rows::open(sheet, checked, rules).map_err(sheet_error)?;
        let mut brought = Vec::new();
        while let Some(row) = rows.next_row().map_err(sheet_error)? {
            brought.extend(row.instruction.and_then(|order| order.own_id));
        }
        self.claims.trace(&brought);
        Ok(())
    }

    /// What it tells of those in `left` that were made.
    ///
    /// # Errors
    ///
    /// If a file cannot be read.
    pub(super) fn made_before(
        &self,
        map: &[(Field, String)],
        left: &BTreeMap<CashgramId, Left>,
    ) -> anyhow::Result<Vec<MadeBefore>> {
        before::told(&self.files, map, left)
    }

    /// Cancels and refuses again what a lost checkpoint had, where nothing was sent of it here. Gives how many rows each.
    fn repeat(
        &self,
        at: Timestamp,
    ) -> impl FnOnce(&mut Store) -> Result<(u64, u64), checkpoint::Error> + std::marker::Send + use<>
    {
        let (stopped, (refused, keys)) = (self.claims.stopped(), self.claims.refused());
        let hasher = self.hasher.clone();
        move |store| {
            let is_same = |place: usize, row: &RowFields<'_>| {
                let (phone, amount) = (Phone::from_number(row.phone), Some(row.amount));
                let key = hasher.key("", phone, amount, row.name, row.email);
                keys.get(place) == Some(&key)
            };
            let stopped = store.cancel_again(&stopped, at)?;
            Ok((stopped, store.refuse_again(&refused, at, is_same)?))
        }
    }

    fn file(&self, claim: &Claim) -> String {
        let path = self.files.get(claim.file);
        path.map_or_else(String::new, |path| path.display().to_string())
    }

    /// `line 2 of june.results.csv: june-... for ******0001, ₹100.00 (created)`
    pub(super) fn line(&self, claim: &Claim) -> String {
        format!(
            "  line {} of {}: {} for {}, {} ({})",
            claim.line,
            self.file(claim),
            claim.id,
            claim
                .key
                .phone()
                .map_or_else(String::new, |phone| phone.to_string()),
            rupees(claim.key.amount()),
            claim.state
        )
    }

    /// Stops a run of whose sheet rows that were sent have left or changed since. Another batch name is not suggested:
    /// under it, all that was sent would be paid again.
    ///
    /// # Errors
    ///
    /// [`Ending`] with exit code 3 that names them.
    pub(super) fn refuse_astray(&self, astray: &[Astray], keys: &[RowKey]) -> Result<(), Ending> {
        if astray.is_empty() {
            return Ok(());
        }
        let lines = astray.iter().map(|(claim, now)| {
            let row = now.and_then(|row| usize::try_from(row).ok());
            let row = row.and_then(|row| Some((row, keys.get(row)?)));
            let now = match row {
                None => "is gone from the sheet".to_owned(),
                Some((row, key)) if key.phone == claim.key.phone => {
                    format!("row {} now says {}", row + 1, rupees(key.amount()))
                }
                Some((row, _)) => format!("row {} now has another phone", row + 1),
            };
            format!("{}: {now}", self.line(claim))
        });
        let (payments, stand, rows) = if astray.len() == 1 {
            ("payment", "stands", "its row as it was")
        } else {
            ("payments", "stand", "their rows as they were")
        };
        let copied = Copied::of(keys, &self.hasher);
        let remedy = match astray
            .iter()
            .any(|(claim, now)| now.is_none() && copied.has(claim.id.as_str()))
        {
            true => Copied::REMEDY.to_owned(),
            false => format!("restore {rows}"),
        };
        Err(Ending::unpayable(
            format!(
                "{} {payments} that an earlier run sent no longer {stand} in the sheet as sent, and the checkpoint that \
                 knew them is lost; nothing was sent now",
                astray.len()
            ),
            format!("{remedy} and run again\n{}", shown(lines)),
        ))
    }

    /// What is said of a rehearsal whose books are gone.
    fn begin_again(&self, send: &Send, again: &Again) -> String {
        let files = &send.files;
        let old = self.files.iter().chain([&files.results]);
        let old: Vec<String> = old.map(|path| path.display().to_string()).collect();
        format!(
            "bring the rehearsal's books back as {}; if they are gone, remove {} and {} to rehearse anew, or rehearse \
             under another name: `{}`",
            files.books.display(),
            old.join(", "),
            files.checkpoint.display(),
            again.as_command("send").renamed()
        )
    }

    /// What stops a run that found links of other payments than the sheet has now.
    fn discordant(&self, discord: &Discord, has_own: bool, send: &Send, again: &Again) -> Ending {
        let checkpoint = send.files.checkpoint.display();
        let adopt = "then run the same command again";
        let remove = match has_own {
            true => String::new(),
            false => format!("remove {checkpoint}, which has sent nothing, "),
        };
        if !discord.unknown_here.is_empty() {
            let links = discord.unknown_here.iter().map(|claim| self.line(claim));
            let remedy = match &send.gateway.door {
                Door::Remote(_) => {
                    "use the account and the address that the batch was sent with".to_owned()
                }
                // No money moved, and nobody else has these books.
                Door::Embedded(_) => self.begin_again(send, again),
            };
            return Ending::unpayable(
                "the results list links that this gateway does not know, and their rows would be paid again; nothing was \
                 sent now",
                format!("{remedy}\n{}", shown(links)),
            );
        }
        if !discord.passed_over.is_empty() {
            let links = discord.passed_over.iter().map(|claim| self.line(claim));
            return Ending::unpayable(
                "the results list links that took the place of dead ones, and the checkpoint does not know of them; nothing \
                 was sent now",
                format!(
                    "remove {checkpoint}, which has sent nothing, {adopt}\n{}",
                    shown(links)
                ),
            );
        }
        if !discord.faulty.is_empty() {
            let links = discord.faulty.iter().map(|claim| self.line(claim));
            return Ending::unpayable(
                "the results list links whose rows have faults in the sheet now, and would be lost from sight; nothing \
                 was sent now",
                format!(
                    "bring these rows back as they were sent, remove {checkpoint}, which has sent nothing, {adopt}\n{}",
                    shown(links)
                ),
            );
        }
        let begin_again = format!("{remove}{adopt}");
        if discord.otherwise.is_empty() && discord.without_row.is_empty() {
            return out_of_order(discord, &begin_again);
        }
        self.otherwise(discord, &begin_again, adopt)
    }

    /// The same for rows that have changed or left.
    fn otherwise(&self, discord: &Discord, begin_again: &str, adopt: &str) -> Ending {
        let disputed = discord.otherwise.iter().map(|(claim, _)| claim);
        let disputed = disputed
            .chain(&discord.without_row)
            .any(|claim| claim.state == State::Conflict);
        let otherwise = discord.otherwise.iter().map(|(claim, now)| {
            format!(
                "{}: its row now says {}",
                self.line(claim),
                rupees(Some(*now))
            )
        });
        let without_row = discord.without_row.iter();
        let without_row =
            without_row.map(|claim| format!("{}: is gone from the sheet", self.line(claim)));
        let then = match discord.otherwise.is_empty() {
            true => adopt,
            false => begin_again,
        };
        // What was found to exist may have been found for a row that had taken another's place.
        let or = match disputed {
            true => format!("; {IN_ORDER}"),
            false => String::new(),
        };
        Ending::unpayable(
            "links exist at the gateway that were made for rows which have changed or left the sheet since; nothing was \
             sent now",
            format!(
                "restore these rows as they were, {then}{or}\n{}",
                shown(otherwise.chain(without_row))
            ),
        )
    }
}

/// What stops a run of which no more is known than in what order rows stand.
fn out_of_order(discord: &Discord, begin_again: &str) -> Ending {
    let (what, phones) = if discord.beyond.is_empty() {
        (
            "of some phones with several amounts a part of the rows has links at the gateway and a part has none: which link \
             is whose follows from the order of the rows alone",
            &discord.partly,
        )
    } else {
        (
            "the gateway has more links for some phones than the sheet has rows: rows have left since it was sent, and those \
             that stand there would be taken for others",
            &discord.beyond,
        )
    };
    let phones = phones.iter().map(|phone| format!("  {phone}"));
    Ending::unpayable(
        format!("{what}; nothing was sent now"),
        format!(
            "bring the rows of these phones back as they were sent, {begin_again}; {IN_ORDER}\n{}",
            shown(phones)
        ),
    )
}

fn rupees(amount: Option<Money>) -> String {
    amount.map_or_else(
        || "an unreadable amount".to_owned(),
        |amount| format!("₹{}", amount.grouped()),
    )
}

/// The first lines, and how many more there are.
pub(super) fn shown(lines: impl Iterator<Item = String>) -> String {
    let mut lines = lines;
    let mut text: Vec<String> = lines.by_ref().take(SHOWN_MAX).collect();
    let more = lines.count();
    if more > 0 {
        text.push(format!("  ... and {more} more"));
    }
    text.join("\n")
}

fn read(
    path: &Path,
    file: usize,
    map: &[(Field, String)],
    hasher: &KeyHasher,
    told: &mut Vec<Claim>,
) -> anyhow::Result<()> {
    sheet::each_told(path, map, hasher, |row| {
        told.extend(claim_of(&row, path, file)?);
        Ok::<_, anyhow::Error>(())
    })
    .map_err(|error| match error.downcast::<Ending>() {
        Ok(ending) => ending.into(),
        Err(error) => incomparable(path, &format!("{error:#}")),
    })
}

fn claim_of(row: &ToldRow<'_>, path: &Path, file: usize) -> anyhow::Result<Option<Claim>> {
    let state = State::from_word(row.state);
    let (Some(state), Ok(id)) = (state, CashgramId::parse(row.id)) else {
        return Ok(None);
    };
    let sent = match state {
        State::Created | State::Unknown => true,
        State::Cancelled => row.was_there,
        State::Invalid | State::Ready | State::Rejected | State::Conflict => false,
    };
    let unreadable = row.key.phone().is_none() || row.key.amount().is_none();
    if sent && unreadable && !row.is_blank {
        let what = format!(
            "the phone or the amount on line {} cannot be read, as after a spreadsheet has saved it",
            row.line
        );
        return Err(incomparable(path, &what));
    }
    Ok(Some(Claim {
        id,
        state,
        sent,
        tried: row.tried,
        key: row.key,
        file,
        line: row.line,
    }))
}

fn incomparable(path: &Path, why: &str) -> anyhow::Error {
    Ending::unpayable(
        format!(
            "{} says what an earlier run sent, and it cannot be compared with the sheet: {why}; nothing was sent",
            path.display()
        ),
        "bring back the file as paysheet wrote it, with the columns of phone and amount called as in the sheet, and run \
         again",
    )
    .into()
}

/// Rows that a lost checkpoint had cancelled or was refused, and that a sheet brought to one that has looked up what
/// exists already. Each run looks again: one that took the sheet in may have died before it came so far.
///
/// # Errors
///
/// If what the lost one said cannot be read, or it cannot be recorded.
pub(super) fn heed(store: &mut Store, send: &Send, shell: &Shell) -> anyhow::Result<()> {
    let has_ready = store.totals().rows(State::Ready) > 0;
    let replaces = has_ready && store.meta().replaces_lost;
    if replaces && (store.meta().probed || store.has_history()?) {
        let old = Old::read(send, false, &KeyHasher::new())?;
        let stay = old.repeat(shell.clock.now())(store)?;
        say_repeated(stay, shell);
    }
    Ok(())
}

fn say_repeated((stopped, refused): (u64, u64), shell: &Shell) {
    stay_cancelled(stopped, shell);
    stay_refused(refused, shell);
}

fn stay_cancelled(rows: u64, shell: &Shell) {
    if rows > 0 {
        shell.screen.line(&format!(
            "{} cancelled, as before the checkpoint was lost",
            counted(rows, "row stays", "rows stay")
        ));
    }
}

fn stay_refused(rows: u64, shell: &Shell) {
    if rows > 0 {
        shell.screen.line(&format!(
            "{} refused before the checkpoint was lost, and not sent again; once the reason is gone, run `{}`",
            counted(rows, "row was", "rows were"),
            shell.again.as_command("retry").command()
        ));
    }
}

/// What stops a run of rows that were in doubt when their checkpoint was lost, that do not exist, and that have faults.
pub(super) fn unsent_after_all(rows: &[Named], again: &Again) -> Ending {
    let (do_not, have) = match rows.len() {
        1 => ("payment that an earlier run had in doubt does not", "has"),
        _ => ("payments that an earlier run had in doubt do not", "have"),
    };
    let names = rows.iter().map(|one| format!("  {}", named::name(one)));
    Ending::unpayable(
        format!(
            "{} {do_not} exist at the gateway, and as the sheet stands now {have} faults; nothing was sent",
            rows.len()
        ),
        format!(
            "run `{}`, which lists what is wrong and how to mend it\n{}",
            again.command(),
            shown(names)
        ),
    )
}

/// Compares what was found at the gateway with old results and with other batches, and looks for links that no row has.
/// Gives the ids that the results say were cancelled.
///
/// # Errors
///
/// [`Ending`] with exit code 3 that names what does not agree.
pub(super) async fn compare<G: Gateway>(
    session: &mut Session<G>,
    send: &Send,
    shell: &Shell,
) -> anyhow::Result<Result<HashSet<String>, Halt>> {
    let hasher = KeyHasher::new();
    let old = Old::read(send, false, &hasher)?;
    let claims = old.claims.clone();
    let found = session.discord(send.batch.as_str(), claims, send.rows_in_order);
    match found.await? {
        Err(halt) => return Ok(Err(halt)),
        Ok(discord) if !discord.is_none() => {
            let has_own = session.read(Store::has_own).await?;
            return Err(old.discordant(&discord, has_own, send, &shell.again).into());
        }
        Ok(_) => {}
    }
    theirs::refuse(session, send, &shell.again).await?;
    let now = shell.clock.now();
    let times = before::created(&old.files, &send.controls.layout.map, now)?;
    session
        .write(move |store| store.created_then(&times))
        .await?;
    let stay = session.write(old.repeat(now)).await?;
    say_repeated(stay, shell);
    Ok(Ok(old.claims.stopped().into_iter().collect()))
}
