//! From the checkpoint to the values of a page: every payout once, in one pass that keeps no more than the page shows.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::checkpoint::{PayoutRow, Store};
use crate::clock::{india_date, india_time};
use crate::domain::{Email, LinkExpiry, Phone, State, StatusClass};
use crate::engine::{Count, Outcome};
use crate::gateway::wire;
use crate::report::page::{
    Cause, Commands, Due, Entry, Group, Head, Ledger, Links, Page, Payout, Timeline,
};

use super::super::finish::tally;
use super::super::intake::StoredHeader;
use super::super::settings::Report;
use super::super::shell::Shell;
use super::super::values::Environment;
use super::history;

/// Rows in the tables of what needs a person: more than anybody works through from a page.
const IN_NEED_TABLED_MAX: usize = 2_000;
/// Rows listed with their history, of those that need a person and of the others each: more than a page of 5 MiB has room
/// for, which is measured when it is written.
const LISTED_MAX: usize = 10_000;
/// Causes told apart. Refusals that name each row's own value would be as many as rows.
const CAUSES_MAX: usize = 40;
/// Words for payouts that are no longer in the sheet.
const GONE_MAX: usize = 40;

/// Everything that a report tells.
///
/// # Errors
///
/// If the checkpoint cannot be read.
pub(super) fn page(report: &Report, shell: &Shell, store: &Store) -> anyhow::Result<Page> {
    let now = shell.clock.now();
    let mut gathered = Gathered::new(store, now)?;
    store.each_payout(|row| gathered.take(&row))?;
    let Gathered {
        mut page,
        places,
        heard_ms,
        ..
    } = gathered;
    page.head = head(report, shell, store, now)?;
    page.head.heard_at = heard_ms.map(time).unwrap_or_default();
    history::tell(store, &mut page, &places)?;
    Ok(page)
}

struct Gathered {
    page: Page,
    /// Where a payout stands in the page's list.
    places: HashMap<i64, usize>,
    today: Date,
    in_need: usize,
    others: usize,
    tabled: usize,
    heard_ms: Option<i64>,
    /// Links were removed with the personal data.
    purged: bool,
}

impl Gathered {
    fn new(store: &Store, now: Timestamp) -> anyhow::Result<Gathered> {
        let kept = tally(store, &Outcome::default()).states;
        let links = store.lifetime()?.map(|(first, last)| Links {
            began: time(first),
            created: Timeline::spanning(first, last),
            redeemed: Timeline::spanning(first, last),
        });
        Ok(Gathered {
            page: Page {
                ledger: Ledger::new(kept),
                links,
                ..Page::default()
            },
            places: HashMap::new(),
            today: india_date(now),
            in_need: 0,
            others: 0,
            tabled: 0,
            heard_ms: None,
            purged: store.meta().purged.is_some(),
        })
    }

    fn take(&mut self, row: &PayoutRow<'_>) {
        let status = row.seen.class.map(|class| (row.seen.status, class));
        let entry = match (row.lost, Entry::of(row.state, status)) {
            // What was seen paid or dead is counted as that.
            (true, Entry::Active | Entry::Pending | Entry::Other(_) | Entry::Unread) => Entry::Lost,
            (_, entry) => entry,
        };
        self.heard_ms = self.heard_ms.max(row.checked_at).max(row.created_at);
        if row.row.is_none() {
            let cause = row.lost.then_some(Cause::Lost);
            let place = self.list(row, &entry, cause.as_ref());
            if let Some(cause) = cause {
                self.count_cause(cause, row, place);
            }
            return self.count_gone(&entry, row);
        }
        self.page.ledger.add(entry.clone(), row.amount);
        self.note_link(row);
        let cause = cause(row).filter(|cause| !self.purged || *cause != Cause::WithoutLink);
        let place = self.list(row, &entry, cause.as_ref());
        if let Some(cause) = cause {
            self.count_cause(cause, row, place);
        }
    }

    fn count_gone(&mut self, entry: &Entry, row: &PayoutRow<'_>) {
        let gone = &mut self.page.gone;
        let word = if gone.len() < GONE_MAX {
            entry.word()
        } else {
            "others"
        };
        add(gone.entry(word.to_owned()).or_default(), row);
    }

    /// When it was created and redeemed, and how long it has left.
    fn note_link(&mut self, row: &PayoutRow<'_>) {
        if let (Some(links), Some(created)) = (&mut self.page.links, row.created_at) {
            links.created.add(created);
            let redeemed = row
                .redeemed_at
                .filter(|_| row.seen.class == Some(StatusClass::Redeemed));
            if let Some(at) = redeemed {
                links.redeemed.add(at);
            }
        }
        let waits = match (row.state, row.seen.class) {
            (State::Created, Some(StatusClass::Active | StatusClass::Other) | None) => true,
            (
                State::Created,
                Some(
                    StatusClass::Pending
                    | StatusClass::Redeemed
                    | StatusClass::Expired
                    | StatusClass::Failed
                    | StatusClass::Reversed,
                ),
            )
            | (
                State::Invalid
                | State::Ready
                | State::Unknown
                | State::Rejected
                | State::Conflict
                | State::Cancelled,
                _,
            ) => false,
        };
        // Whether a link that is not known still waits, nobody knows.
        if waits && !row.lost {
            let due = due(row, self.today);
            add(self.page.ageing.entry(due).or_default(), row);
        }
    }

    /// Lists the payout, if there is room, and says where.
    fn list(&mut self, row: &PayoutRow<'_>, entry: &Entry, cause: Option<&Cause>) -> Option<usize> {
        let listed = match cause {
            Some(_) => &mut self.in_need,
            None => &mut self.others,
        };
        if *listed >= LISTED_MAX {
            return None;
        }
        *listed += 1;
        let place = self.page.payouts.len();
        self.places.insert(row.payout, place);
        self.page.payouts.push(Payout {
            in_need: cause.is_some(),
            ..payout(row, entry)
        });
        Some(place)
    }

    fn count_cause(&mut self, cause: Cause, row: &PayoutRow<'_>, place: Option<usize>) {
        let causes = &mut self.page.causes;
        if causes.len() >= CAUSES_MAX && !causes.contains_key(&cause) {
            return add(&mut self.page.other_causes, row);
        }
        let group: &mut Group = causes.entry(cause).or_default();
        add(&mut group.count, row);
        let place = place.filter(|_| self.tabled < IN_NEED_TABLED_MAX);
        self.tabled += usize::from(place.is_some());
        group.listed.extend(place);
    }
}

fn add(count: &mut Count, row: &PayoutRow<'_>) {
    count.rows += 1;
    count.amount = count.amount.checked_add(row.amount).unwrap_or(count.amount);
}

/// Why it needs a person, if it does.
fn cause(row: &PayoutRow<'_>) -> Option<Cause> {
    let seen = &row.seen;
    if row.lost {
        return Some(Cause::Lost);
    }
    match row.state {
        State::Unknown => Some(Cause::InDoubt {
            why: row.error_message.to_owned(),
        }),
        State::Conflict => Some(Cause::Conflict),
        State::Rejected => Some(Cause::Rejected {
            code: row.error_code.to_owned(),
            message: row.error_message.to_owned(),
        }),
        State::Invalid => Some(Cause::Invalid),
        State::Created if seen.class.is_some_and(StatusClass::is_dead) => Some(Cause::Dead {
            status: seen.status.to_owned(),
            reason: seen.reason.to_owned(),
        }),
        State::Created if seen.reference_id.is_empty() || seen.link.is_empty() => {
            Some(Cause::WithoutLink)
        }
        State::Created | State::Ready | State::Cancelled => None,
    }
}

/// By the body that was sent, else by what the sheet asks for.
fn due(row: &PayoutRow<'_>, today: Date) -> Due {
    let asked = || match LinkExpiry::from_stored(row.link_expiry) {
        Some(LinkExpiry::On(date)) => Some(date),
        Some(LinkExpiry::InDays(_)) | None => None,
    };
    let Some(last) = wire::expiry_of(row.body).or_else(asked) else {
        return Due::Unknown;
    };
    match today.until(last).map(|span| u16::try_from(span.get_days())) {
        Ok(Ok(days)) => Due::In(days),
        Ok(Err(_)) => Due::Past,
        Err(_) => Due::Unknown,
    }
}

fn payout(row: &PayoutRow<'_>, entry: &Entry) -> Payout {
    let phone = Phone::from_number(row.phone).map(|phone| phone.to_string());
    let email = Email::parse(row.email).map(|email| email.to_string());
    Payout {
        number: row.payout,
        line: row.line,
        name: row.name.to_owned(),
        phone: phone.unwrap_or_default(),
        email: email.unwrap_or_default(),
        amount: row.amount,
        id: row.cashgram_id.to_owned(),
        reference: row.seen.reference_id.to_owned(),
        stands: entry.word().to_owned(),
        reason: reason(row),
        utr: row.seen.utr.to_owned(),
        attempts: row.attempts,
        checked_at: row.checked_at.map(time).unwrap_or_default(),
        ..Payout::default()
    }
}

fn reason(row: &PayoutRow<'_>) -> String {
    match (row.error_message, row.error_code) {
        ("", _) => row.seen.reason.to_owned(),
        (message, "") => message.to_owned(),
        (message, code) => format!("{message} ({code})"),
    }
}

fn head(report: &Report, shell: &Shell, store: &Store, now: Timestamp) -> anyhow::Result<Head> {
    let bound = store.binding()?;
    let known = StoredHeader::again(&shell.again, store);
    let again = |command| known.as_command(command);
    Ok(Head {
        environment: report.environment.word().to_owned(),
        rehearsal: report.environment == Environment::Sandbox,
        batch: report.batch.as_str().to_owned(),
        sheet: report.sheet.display().to_string(),
        gateway: bound.host,
        account: bound.account,
        made_at: time(now.as_millisecond()),
        made_ms: now.as_millisecond(),
        today: india_date(now).strftime("%-d %b %Y").to_string(),
        heard_at: String::new(),
        checkpoint: report.files.checkpoint.display().to_string(),
        results: report.files.results.display().to_string(),
        version: env!("CARGO_PKG_VERSION"),
        commands: Commands {
            send: again("send").command(),
            adopt: again("send").with("--adopt"),
            status: again("status").command(),
            retry: again("retry").command(),
            expired: again("retry").with("--expired"),
            export: again("export").command(),
        },
    })
}

/// `24 Nov 2026, 18:54:29`, India's time.
pub(super) fn time(ms: i64) -> String {
    let at = Timestamp::from_millisecond(ms).unwrap_or_default();
    india_time(at).strftime("%-d %b %Y, %H:%M:%S").to_string()
}
