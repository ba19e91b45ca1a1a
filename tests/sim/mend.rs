//! Lives that mend: cancels, retries and new generations, in the order of the commands' steps.

use jiff::Timestamp;
use paysheet::checkpoint::{Error, Named, PayoutNo, Pick, Store};
use paysheet::domain::State;
use paysheet::engine::Session;

use super::door::Door;
use super::life::{Course, End, Errand, timestamp, write};
use super::world::Shared;

/// Rows of the largest sheet there may be after edits.
const ROWS_MAX: u64 = 100;

/// What `send` and `retry` refuse before they read the sheet: a batch that is closed, and a cancel that did not reach the
/// gateway, which is finished first, as the program says. Whether they go on.
pub(crate) fn may_go_on(
    shared: &Shared,
    store: &mut Store,
    course: &mut Course,
) -> Result<bool, End> {
    if store.meta().closed && !course.reopen {
        shared.world().count("guard: the batch is closed");
        return Err(End::Guarded);
    }
    let mut wished = Vec::new();
    for (_, id) in store.unsent_wishes()? {
        wished.extend(store.named_by_id(&id)?.map(|one| one.row.payout));
    }
    if wished.is_empty() {
        return Ok(true);
    }
    shared.world().count("guard: a cancel is not finished");
    store.pick(&wished)?;
    course.errand = Errand::FinishCancel;
    Ok(false)
}

/// Rows that a user names, by number or by id: those that the command does not refuse, so many in a hundred, by a draw
/// from the life's seed.
fn named(
    store: &Store,
    percent: u32,
    seed: u64,
    is_fit: impl Fn(&Named) -> bool,
) -> Result<Vec<Named>, Error> {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut named = Vec::new();
    for row in 1..=ROWS_MAX {
        let Some(mut one) = store.named_by_row(row)? else {
            break;
        };
        // A row that has faults has no id.
        let id = Some(&one.row.cashgram_id).filter(|id| rng.bool() && !id.is_empty());
        if let Some(same) = id.map(|id| store.named_by_id(id)).transpose()?.flatten() {
            one = same;
        }
        // What is redeemed is refused when it is named.
        if is_fit(&one) && !one.redeemed && rng.u32(0..100) < percent {
            named.push(one);
        }
    }
    Ok(named)
}

/// Chooses what a retry is about (`cli::retry`).
pub(crate) fn choose(shared: &Shared, store: &mut Store, course: &Course) -> Result<(), Error> {
    let numbers =
        |named: &[Named]| -> Vec<PayoutNo> { named.iter().map(|one| one.row.payout).collect() };
    let state = |one: &Named| one.row.standing.state;
    match course.errand {
        Errand::Send | Errand::CancelAll | Errand::Cancel(_) | Errand::FinishCancel => {}
        Errand::Retry => {
            store.keep_mendable()?;
        }
        Errand::RetryNamed(percent) => {
            let is_fit = |one: &Named| match state(one) {
                State::Rejected => true,
                State::Ready => one.row.standing.attempts > 0,
                _ => false,
            };
            let named = named(store, percent, course.seed, is_fit)?;
            store.pick(&numbers(&named))?;
            if store.keep_mendable()? > 0 {
                shared.world().count("retry of named rows");
            }
        }
        Errand::ReissueDead => store.pick_all(Pick::Dead)?,
        Errand::ReissueNamed(percent) => {
            let is_fit = |one: &Named| state(one) == State::Created;
            let named = named(store, percent, course.seed, is_fit)?;
            store.pick(&numbers(&named))?;
        }
        Errand::ReissueCancelled(percent) => {
            let is_fit = |one: &Named| match state(one) {
                State::Cancelled => true,
                State::Unknown => one.row.standing.history.cancelling,
                _ => false,
            };
            let named = named(store, percent, course.seed, is_fit)?;
            store.pick(&numbers(&named))?;
            let mut world = shared.world();
            for one in named {
                world.pay_after_all(one.row.cashgram_id);
            }
        }
    }
    Ok(())
}

/// `cancel`: every wish is durable, then the gateway is asked (`cli::cancel`).
pub(crate) async fn cancel(
    shared: &Shared,
    session: &mut Session<Door>,
    course: Course,
) -> anyhow::Result<End> {
    let at = timestamp(shared.world().now());
    let is_named = course.errand != Errand::CancelAll;
    let mut chosen = Vec::new();
    if let Errand::Cancel(percent) = course.errand {
        let is_fit = |one: &Named| {
            matches!(
                one.row.standing.state,
                State::Created | State::Unknown | State::Ready | State::Rejected
            )
        };
        chosen = session
            .write(move |store| {
                let chosen = named(store, percent, course.seed, is_fit)?;
                let numbers: Vec<PayoutNo> = chosen.iter().map(|one| one.row.payout).collect();
                store.pick(&numbers).map(|()| chosen)
            })
            .await?;
    }
    if is_named {
        write(shared, session, move |store| store.wish_chosen(at)).await?;
    } else {
        write(shared, session, Store::close).await?;
    }
    let may_exist = session.read(Store::may_exist_unsent).await?;
    if !may_exist {
        write(shared, session, move |store| store.cancel_ready(at)).await?;
    } else if is_named {
        write(shared, session, |store| store.wish_unsent()).await?;
    }
    let wished = chosen.into_iter().map(|one| one.row.cashgram_id);
    shared.world().stopped.extend(wished);
    shared.world().count("cancel");
    let none = session
        .read(|store| {
            let stop = store.stop_page(PayoutNo(0), 1)?;
            Ok(stop.is_empty() && store.unsent_page(PayoutNo(0), 1)?.is_empty())
        })
        .await?;
    let halt = match none {
        true => None,
        false => session.stop().await.halt,
    };
    write(shared, session, |store| store.settle_unsent()).await?;
    match halt {
        Some(halt) => Ok(End::Halted(halt)),
        None => Ok(End::Done { held_back: 0 }),
    }
}

/// `retry --expired` or `--cancelled`: every link that is to be replaced is looked at, twice where it has to be, and those
/// are let go that may not be.
pub(crate) async fn prove(
    shared: &Shared,
    session: &mut Session<Door>,
    course: Course,
) -> anyhow::Result<Option<End>> {
    if !matches!(course.errand, Errand::Retry | Errand::RetryNamed(_)) {
        shared.world().count("links looked at twice");
        if let Err(halt) = session.look_twice().await {
            return Ok(Some(End::Halted(halt)));
        }
    }
    session.write(Store::keep_mendable).await?;
    Ok(None)
}

/// What the answer to the question has allowed: a closed batch is opened, and chosen rows become ready, rejected ones under
/// their id, replaced ones under that of the next generation.
pub(crate) async fn make_ready(
    shared: &Shared,
    session: &mut Session<Door>,
    course: Course,
) -> anyhow::Result<()> {
    let at = timestamp(shared.world().now());
    if course.reopen {
        if session.read(|store| Ok(store.meta().closed)).await? {
            shared.world().count("reopened");
        }
        write(shared, session, move |store| store.reopen(at)).await?;
    }
    if course.errand != Errand::Send {
        replace(shared, session, at).await?;
    }
    Ok(())
}

async fn replace(
    shared: &Shared,
    session: &mut Session<Door>,
    at: Timestamp,
) -> anyhow::Result<()> {
    if write(shared, session, move |store| store.mend_picked(at)).await? > 0 {
        shared.world().count("retry");
    }
    let resumed = write(shared, session, move |store| {
        store.resume_picked(at, |_| true)
    });
    if resumed.await? > 0 {
        shared.world().count("resumed");
    }
    let replaced = write(shared, session, move |store| {
        store.reissue_picked(at, |_| true)
    });
    if replaced.await? > 0 {
        shared.world().count("a new generation");
    }
    Ok(())
}
