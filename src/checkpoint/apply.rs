//! One piece of news becomes a fact and the payout's present state, in the caller's transaction.

use std::path::Path;
use std::sync::LazyLock;

use rusqlite::{Connection, params};

use crate::domain::{
    History, Money, Receipt, Refusal, Sighting, Standing, State, Status, StatusClass, Terms,
};

use super::error::Error;
use super::news::{Believed, News, Posting};
use super::schema::{damaged, write};
use super::seal::{WHOLE, sealed_update};
use super::store::{PayoutNo, class_code, class_from, state_code, state_from};
use super::totals::{Counted, Totals};

/// The payout as it was before the news.
struct Before {
    standing: Standing,
    amount: Money,
    in_sheet: bool,
    status: Option<(String, StatusClass)>,
    reason: Option<String>,
    utr: Option<String>,
}

/// Applies one posting.
pub(super) fn apply(
    conn: &Connection,
    path: &Path,
    totals: &mut Totals,
    posting: &Posting,
) -> Result<Standing, Error> {
    if let Some(next) = apply_believed(conn, path, totals, posting)? {
        return Ok(next);
    }
    let before = load(conn, path, posting.payout)?;
    let next = before.standing.after(posting.news.fact())?;
    let at = posting.at.as_millisecond();
    let put = |e| write(path, e);
    store(conn, posting, &before, &next, at).map_err(put)?;
    if next != before.standing || !is_unchanged_sweep(&posting.news, &before) {
        insert_fact(conn, posting, at).map_err(put)?;
    }
    if before.in_sheet {
        let from = Counted {
            state: before.standing.state,
            amount: before.amount,
            status: before.status.clone(),
        };
        let status = new_status(&posting.news).map(|status| (status.word.clone(), status.class));
        let to = Counted {
            state: next.state,
            amount: before.amount,
            status: status.or(before.status),
        };
        totals.shift(Some(&from), Some(&to));
    }
    Ok(next)
}

/// The two postings of a payout that goes well, in one statement each, which holds only where the payout is whole and
/// stands as its poster believes. None: nothing was done, and it has to be read.
fn apply_believed(
    conn: &Connection,
    path: &Path,
    totals: &mut Totals,
    posting: &Posting,
) -> Result<Option<Standing>, Error> {
    let Some(Believed { standing, amount }) = posting.believed else {
        return Ok(None);
    };
    let Ok(next) = standing.after(posting.news.fact()) else {
        return Ok(None);
    };
    let at = posting.at.as_millisecond();
    let put = |e| write(path, e);
    if store_believed(conn, posting, (&standing, amount), &next, at).map_err(put)? == 0 {
        return Ok(None);
    }
    insert_fact(conn, posting, at).map_err(put)?;
    let counted = |state, status| Counted {
        state,
        amount,
        status,
    };
    let status = new_status(&posting.news).map(|status| (status.word.clone(), status.class));
    let (from, to) = (counted(standing.state, None), counted(next.state, status));
    totals.shift(Some(&from), Some(&to));
    Ok(Some(next))
}

/// Payouts changed: one, or none if it is not as believed or the news is of another kind.
fn store_believed(
    conn: &Connection,
    posting: &Posting,
    (before, amount): (&Standing, Money),
    next: &Standing,
    at: i64,
) -> rusqlite::Result<usize> {
    let payout = posting.payout.0;
    let (was, now) = (stored(before), stored(next));
    if let News::Sending {
        body: Some(body), ..
    } = &posting.news
        && !before.is_frozen()
    {
        return conn.prepare_cached(&SENDING_BELIEVED)?.execute(params![
            payout,
            now.0,
            now.1,
            now.2,
            now.3,
            &**body,
            was.0,
            was.1,
            was.2,
            was.3,
            amount.paise(),
        ]);
    }
    let News::Created(receipt, status) = &posting.news else {
        return Ok(0);
    };
    conn.prepare_cached(&CREATED_BELIEVED)?.execute(params![
        payout,
        now.0,
        now.1,
        now.2,
        now.3,
        &receipt.reference,
        &receipt.link,
        &status.word,
        class_code(status.class),
        at,
        was.0,
        was.1,
        was.2,
        was.3,
        amount.paise(),
    ])
}

/// State, attempts, terms and history, as they are stored.
fn stored(standing: &Standing) -> (i64, u32, Option<i64>, u16) {
    (
        state_code(standing.state),
        standing.attempts,
        standing.terms.map(|terms| terms.0.cast_signed()),
        standing.history.bits(),
    )
}

static LOAD: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT state, attempts, terms, history, amount, row, status, status_class, status_reason, utr
             FROM payouts WHERE payout = ?1 AND {WHOLE}"
    )
});

fn load(conn: &Connection, path: &Path, payout: PayoutNo) -> Result<Before, Error> {
    let read = |e| damaged(path, e);
    let mut select = conn.prepare_cached(&LOAD).map_err(read)?;
    let mut lines = select.query([payout.0]).map_err(read)?;
    let Some(line) = lines.next().map_err(read)? else {
        return Err(Error::Damaged {
            path: path.to_owned(),
            what: format!("there is no payout {}", payout.0),
        });
    };
    let standing = standing_from(line, path)?;
    let word: Option<String> = line.get(6).map_err(read)?;
    let class: Option<i64> = line.get(7).map_err(read)?;
    Ok(Before {
        standing,
        amount: Money::from_paise(line.get(4).map_err(read)?).unwrap_or_default(),
        in_sheet: line.get::<_, Option<i64>>(5).map_err(read)?.is_some(),
        status: word.map(|word| (word, class.map_or(StatusClass::Other, class_from))),
        reason: line.get(8).map_err(read)?,
        utr: line.get(9).map_err(read)?,
    })
}

/// Reads `state, attempts, terms, history` from the first four columns.
pub(super) fn standing_from(line: &rusqlite::Row<'_>, path: &Path) -> Result<Standing, Error> {
    let read = |e| damaged(path, e);
    let terms: Option<i64> = line.get(2).map_err(read)?;
    Ok(Standing {
        state: state_from(line.get(0).map_err(read)?, path)?,
        attempts: line.get(1).map_err(read)?,
        terms: terms.map(|bits| Terms(bits.cast_unsigned())),
        history: History::from_bits(line.get(3).map_err(read)?),
    })
}

fn store(
    conn: &Connection,
    posting: &Posting,
    before: &Before,
    next: &Standing,
    at: i64,
) -> rusqlite::Result<()> {
    let payout = posting.payout.0;
    let (state, attempts, terms, history) = stored(next);
    match &posting.news {
        News::Sending {
            body: Some(body), ..
        } => {
            assert!(
                !before.standing.is_frozen(),
                "the body of a payout in doubt was about to change"
            );
            conn.prepare_cached(&SENDING)?
                .execute((payout, state, attempts, terms, history, &**body))
        }
        News::Created(receipt, status) => {
            let now = (payout, state, attempts, terms, history);
            created(conn, now, receipt, status, at)
        }
        News::Rejected(Refusal { code, message }) => conn
            .prepare_cached(&REJECTED)?
            .execute((payout, state, attempts, terms, history, code, message)),
        News::Found(_, why) => conn
            .prepare_cached(&FOUND)?
            .execute((payout, state, attempts, terms, history, why)),
        News::Present(seen) | News::Swept(seen) => {
            let now = (payout, state, attempts, terms, history);
            sighted(conn, now, seen, is_settled(before, next), at)
        }
        // The status that is shown was not confirmed by this answer, so its time stays as it was.
        News::Missing if next.history.lost => conn
            .prepare_cached(&FOUND)?
            .execute((payout, state, attempts, terms, history, LOST)),
        News::RefusedBefore => conn.prepare_cached(&FOUND)?.execute((
            payout,
            state,
            attempts,
            terms,
            history,
            REFUSED_BEFORE,
        )),
        News::Missing => conn
            .prepare_cached(&CHECKED)?
            .execute((payout, state, attempts, terms, history, at)),
        News::Adopted => conn
            .prepare_cached(&ADOPTED)?
            .execute((payout, state, attempts, terms, history, at)),
        News::Mended => conn
            .prepare_cached(&MENDED)?
            .execute((payout, state, attempts, terms, history)),
        News::Sending { body: None, .. }
        | News::Cancelling
        | News::Closing
        | News::Deactivated
        | News::Resumed
        | News::ProvenDead => conn
            .prepare_cached(&STOOD)?
            .execute((payout, state, attempts, terms, history)),
    }
    .map(|_| ())
}

/// What the results say of a link that was confirmed and is not known any more.
pub(super) const LOST: &str = "the gateway says that it does not know this link, which it had confirmed; its status is the last that was read";

/// What they say of a row whose refusal a lost checkpoint knew.
const REFUSED_BEFORE: &str = "refused before the checkpoint was lost, as the results of then say";

/// Payout, state, attempts, terms and history, as they are stored.
type Now = (i64, i64, u32, Option<i64>, u16);

fn created(
    conn: &Connection,
    (payout, state, attempts, terms, history): Now,
    receipt: &Receipt,
    status: &Status,
    at: i64,
) -> rusqlite::Result<usize> {
    conn.prepare_cached(&CREATED)?.execute((
        payout,
        state,
        attempts,
        terms,
        history,
        &receipt.reference,
        &receipt.link,
        &status.word,
        class_code(status.class),
        at,
    ))
}

fn sighted(
    conn: &Connection,
    (payout, state, attempts, terms, history): Now,
    seen: &Sighting,
    settled: bool,
    at: i64,
) -> rusqlite::Result<usize> {
    conn.prepare_cached(&SIGHTED)?.execute((
        payout,
        state,
        attempts,
        terms,
        history,
        &seen.reference,
        &seen.link,
        &seen.status.word,
        class_code(seen.status.class),
        &seen.reason,
        &seen.utr,
        at,
        settled,
    ))
}

/// Whether what was wrong with it is wrong no more: it is made, or known again.
fn is_settled(before: &Before, next: &Standing) -> bool {
    let newly_made = is_made(next.state) && !is_made(before.standing.state);
    newly_made || before.standing.history.lost
}

/// Whether a payout in `state` has a Cashgram of ours.
fn is_made(state: State) -> bool {
    match state {
        State::Created | State::Cancelled => true,
        State::Invalid | State::Ready | State::Unknown | State::Rejected | State::Conflict => false,
    }
}

/// Where the payout stands now: what every statement sets.
const STANDING: [(&str, &str); 4] = [
    ("state", "?2"),
    ("attempts", "?3"),
    ("terms", "?4"),
    ("history", "?5"),
];

/// One statement for where the payout stands now and what the news carries: further columns, from `?6`.
fn update(carried: &[(&str, &str)]) -> String {
    sealed_update(&[&STANDING[..], carried].concat())
}

/// The same for a payout that is whole and stands as believed: state, attempts, terms, history and amount from `first`.
fn update_believed(carried: &[(&str, &str)], first: usize) -> String {
    let [state, attempts, terms, history, amount] =
        [first, first + 1, first + 2, first + 3, first + 4];
    format!(
        "{} AND state = ?{state} AND attempts = ?{attempts} AND terms IS ?{terms} AND history = ?{history}
         AND amount = ?{amount} AND status IS NULL AND row IS NOT NULL AND {WHOLE}",
        update(carried)
    )
}

const SENT: [(&str, &str); 1] = [("body", "?6")];
const MADE: [(&str, &str); 7] = [
    ("reference_id", "?6"),
    ("cashgram_link", "?7"),
    ("status", "?8"),
    ("status_class", "?9"),
    ("created_at", "?10"),
    ("error_code", "NULL"),
    ("error_message", "NULL"),
];

static SENDING: LazyLock<String> = LazyLock::new(|| update(&SENT));
static SENDING_BELIEVED: LazyLock<String> = LazyLock::new(|| update_believed(&SENT, 7));
static CREATED: LazyLock<String> = LazyLock::new(|| update(&MADE));
static CREATED_BELIEVED: LazyLock<String> = LazyLock::new(|| update_believed(&MADE, 11));
static REJECTED: LazyLock<String> =
    LazyLock::new(|| update(&[("error_code", "?6"), ("error_message", "?7")]));
static FOUND: LazyLock<String> =
    LazyLock::new(|| update(&[("error_code", "NULL"), ("error_message", "?6")]));
static CHECKED: LazyLock<String> = LazyLock::new(|| update(&[("checked_at", "?6")]));
static ADOPTED: LazyLock<String> = LazyLock::new(|| {
    update(&[
        ("created_at", "coalesce(created_at, ?6)"),
        ("error_code", "NULL"),
        ("error_message", "NULL"),
    ])
});
static MENDED: LazyLock<String> =
    LazyLock::new(|| update(&[("error_code", "NULL"), ("error_message", "NULL")]));
static STOOD: LazyLock<String> = LazyLock::new(|| update(&[]));

/// A reference or link once known never changes: positive evidence does not regress.
static SIGHTED: LazyLock<String> = LazyLock::new(|| {
    update(&[
        ("reference_id", "coalesce(reference_id, ?6)"),
        ("cashgram_link", "coalesce(cashgram_link, ?7)"),
        ("status", "?8"),
        ("status_class", "?9"),
        ("status_reason", "?10"),
        ("utr", "coalesce(?11, utr)"),
        ("checked_at", "?12"),
        (
            "created_at",
            "CASE WHEN ?13 THEN coalesce(created_at, ?12) ELSE created_at END",
        ),
        ("error_code", "CASE WHEN ?13 THEN NULL ELSE error_code END"),
        (
            "error_message",
            "CASE WHEN ?13 THEN NULL ELSE error_message END",
        ),
        (
            "redeemed_at",
            "CASE WHEN ?9 = 2 THEN coalesce(redeemed_at, ?12) ELSE redeemed_at END",
        ),
        (
            "dead_at",
            "CASE WHEN ?9 IN (3, 4, 5) THEN coalesce(dead_at, ?12) ELSE NULL END",
        ),
    ])
});

fn new_status(news: &News) -> Option<&Status> {
    match news {
        News::Created(_, status) => Some(status),
        News::Present(seen) | News::Swept(seen) => Some(&seen.status),
        News::Sending { .. }
        | News::Rejected(_)
        | News::Found(..)
        | News::Missing
        | News::Adopted
        | News::Mended
        | News::RefusedBefore
        | News::Cancelling
        | News::Closing
        | News::Deactivated
        | News::Resumed
        | News::ProvenDead => None,
    }
}

/// A sweep that reads what is known already moves `checked_at` alone, and one that misses what was missing moves
/// nothing: facts are for what happened.
fn is_unchanged_sweep(news: &News, before: &Before) -> bool {
    let News::Swept(seen) = news else {
        return *news == News::Missing && before.standing.history.lost;
    };
    before
        .status
        .as_ref()
        .is_some_and(|(word, _)| *word == seen.status.word)
        && before.reason == seen.reason
        && (seen.utr.is_none() || before.utr == seen.utr)
}

fn insert_fact(conn: &Connection, posting: &Posting, at: i64) -> rusqlite::Result<()> {
    let sending = if let News::Sending { attempt, terms, .. } = &posting.news {
        Some((*attempt, terms.0.cast_signed()))
    } else {
        None
    };
    let (attempt, terms) = sending.unzip();
    conn.prepare_cached("INSERT INTO facts (payout, at, kind, attempt, terms, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
        .execute((posting.payout.0, at, posting.news.kind(), attempt, terms, posting.news.detail()))?;
    Ok(())
}

#[cfg(test)]
mod tests;
