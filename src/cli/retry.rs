//! `paysheet retry`: rejected rows again under the same id, or new links for dead and cancelled ones.
//!
//! It goes the way of `send` with chosen rows: sheet, guards, question, create. What is its own stands here: which rows,
//! the two looks at every link that is to be replaced, and the new generation once the person has agreed.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::checkpoint::{Named, Pick, Store};
use crate::domain::{ExpiryWindow, LinkExpiry, State};
use crate::engine::{Halt, Session};
use crate::gateway::client::Client;

use super::exit::Exit;
use super::settings::Retry;
use super::shell::Shell;
use super::{named, send};

/// Runs the command.
///
/// # Errors
///
/// As `send`, and if a row that is named is not there.
pub(super) async fn run(retry: &Retry, shell: &Shell) -> anyhow::Result<Exit> {
    send::carry_out(&retry.send, Some(retry), shell).await
}

fn is_plain(retry: &Retry) -> bool {
    !retry.expired && !retry.cancelled
}

/// Before the sheet is taken in: a rejected row that was mended in it is ready afterwards, and still meant.
pub(super) fn choose_rejected(retry: &Retry, store: &mut Store) -> anyhow::Result<()> {
    if is_plain(retry) && !retry.named.any() {
        store.pick_all(Pick::Rejected)?;
    }
    Ok(())
}

/// Chooses the rows, now that the sheet is taken in; what is said of those that are left alone.
pub(super) fn choose(
    retry: &Retry,
    store: &mut Store,
    shell: &Shell,
) -> anyhow::Result<Vec<String>> {
    let (mut spoken, mut chosen) = (Vec::new(), Vec::new());
    for one in named::find(store, &retry.named)? {
        match refusal(&one, retry) {
            Some(why) => spoken.push(format!("{} {why}", named::name(&one))),
            None => chosen.push(one),
        }
    }
    named::show(&chosen, shell);
    store.pick(&named::payouts(&chosen))?;
    if !retry.named.any() && retry.expired {
        store.pick_all(Pick::Dead)?;
    }
    if is_plain(retry) {
        store.keep_mendable()?;
    }
    Ok(spoken)
}

/// Why a row that was named is left alone.
fn refusal(one: &Named, retry: &Retry) -> Option<&'static str> {
    let standing = one.row.standing;
    match standing.state {
        State::Created if one.redeemed => Some("was redeemed: a second link would pay twice"),
        State::Created if retry.expired => None,
        State::Created if one.dead => Some("has a dead link: add --expired for a new one"),
        State::Created => Some("has a link already: a second one would pay twice"),
        State::Cancelled if retry.cancelled => None,
        State::Cancelled => Some("is cancelled: add --cancelled to pay it after all"),
        State::Rejected | State::Ready if !is_plain(retry) => {
            Some("has no link that could be replaced")
        }
        State::Rejected => None,
        State::Ready if standing.attempts > 0 => None,
        State::Ready => Some("was not sent yet: `send` does that"),
        State::Unknown if standing.history.cancelling && retry.cancelled => None,
        State::Unknown if standing.history.cancelling => Some(
            "is to be stopped, and whether a link exists is not known: add --cancelled to pay it after all, under the same id",
        ),
        State::Unknown => Some("is in doubt: `send` looks it up first"),
        State::Conflict => Some("is in conflict: `send --adopt` says what to do"),
        State::Invalid => Some("is invalid: mend it in the sheet"),
    }
}

/// What is said where nothing is left to be done.
pub(super) fn nothing(retry: &Retry) -> String {
    let why = match (retry.named.any(), retry.expired, retry.cancelled) {
        (true, true, _) => "no row that was named has a link that is proven dead",
        (true, false, _) => "no row that was named can be sent again",
        (false, true, _) => {
            "no link that was made from here is known to be dead (`status` asks), and adopted ones take part only when named"
        }
        (false, false, _) => "no row was refused",
    };
    format!("nothing to retry: {why}")
}

/// Looks at every link that is to be replaced, twice where it has to be, and lets go of those that may not be. How
/// many rows are left.
pub(super) async fn prove(
    session: &mut Session<Client>,
    retry: &Retry,
) -> anyhow::Result<Result<u64, Halt>> {
    if !is_plain(retry)
        && let Err(halt) = session.look_twice().await
    {
        return Ok(Err(halt));
    }
    Ok(Ok(session.write(Store::keep_mendable).await?))
}

/// Makes the chosen rows ready: rejected ones and those of which nothing was ever made under their id, replaced ones under
/// that of the next generation, which takes the sheet's expiry if a link may still bear it. What is in doubt is no longer
/// to be stopped.
pub(super) async fn make_ready(
    session: &mut Session<Client>,
    today: Date,
    at: Timestamp,
) -> anyhow::Result<()> {
    let window = ExpiryWindow::from_today(today);
    let may_expire = move |text: &str| {
        LinkExpiry::from_stored(text).is_some_and(|expiry| expiry.check(window).is_ok())
    };
    session
        .write(move |store| {
            store.mend_picked(at)?;
            store.resume_picked(at, may_expire)?;
            store.reissue_picked(at, may_expire)
        })
        .await?;
    Ok(())
}
