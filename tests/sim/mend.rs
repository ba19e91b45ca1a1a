//! Lives that mend: cancels, retries and new generations, in the order of the commands' steps.

use jiff::Timestamp;
use paysheet::checkpoint::{PayoutNo, Pick, Store};
use paysheet::domain::State;
use paysheet::engine::Session;

use super::audit::PAID_AFTER_ALL;
use super::door::Door;
use super::life::{Course, End, Errand, timestamp};
use super::world::Shared;

/// Rows of the largest sheet there may be after edits.
const ROWS_MAX: u64 = 100;

/// Rows that a user names: those of `states`, so many in a hundred, by a draw from the life's seed.
fn named(store: &Store, states: &[State], percent: u32, seed: u64) -> Vec<PayoutNo> {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut named = Vec::new();
    for row in 1..=ROWS_MAX {
        let Some(one) = store.named_by_row(row).unwrap() else {
            return named;
        };
        // What is redeemed is refused when it is named.
        if states.contains(&one.row.standing.state) && !one.redeemed && rng.u32(0..100) < percent {
            named.push(one.row.payout);
        }
    }
    named
}

/// `cancel`: the wish is durable, then the gateway is asked.
pub(crate) async fn cancel(
    shared: &Shared,
    session: &mut Session<Door>,
    course: Course,
) -> anyhow::Result<End> {
    let at = timestamp(shared.world().now());
    let to_ask = session
        .write(move |store| {
            if let Errand::Cancel(percent) = course.errand {
                let states = [
                    State::Created,
                    State::Unknown,
                    State::Ready,
                    State::Rejected,
                ];
                let chosen = named(store, &states, percent, course.seed);
                store.pick(&chosen)?;
                store.wish_chosen(at)?;
            } else {
                store.close()?;
            }
            if !store.may_exist_unsent()? {
                store.cancel_ready(at)?;
            } else if matches!(course.errand, Errand::Cancel(_)) {
                store.wish_unsent()?;
            }
            let mut to_ask = store.stop_page(PayoutNo(0), 1)?;
            to_ask.extend(store.unsent_page(PayoutNo(0), 1)?);
            Ok(to_ask)
        })
        .await?;
    shared.world().count("cancel");
    if to_ask.is_empty() {
        return Ok(End::Done { held_back: 0 });
    }
    stop(session).await
}

async fn stop(session: &mut Session<Door>) -> anyhow::Result<End> {
    let halt = session.stop().await.halt;
    session.write(|store| store.settle_unsent()).await?;
    match halt {
        Some(halt) => Ok(End::Halted(halt)),
        None => Ok(End::Done { held_back: 0 }),
    }
}

/// `retry --expired` or `--cancelled`: every link that is to be replaced is looked at, twice where it has to be.
pub(crate) async fn prove(
    shared: &Shared,
    session: &mut Session<Door>,
    course: Course,
) -> anyhow::Result<Option<End>> {
    let chosen = session
        .write(move |store| {
            if let Errand::ReissueCancelled(percent) = course.errand {
                let chosen = named(
                    store,
                    &[State::Cancelled, State::Unknown],
                    percent,
                    course.seed,
                );
                store.pick(&chosen)?;
            } else {
                store.pick_all(Pick::Dead)?;
            }
            store.chosen_count()
        })
        .await?;
    if chosen == 0 {
        return Ok(Some(End::Done { held_back: 0 }));
    }
    if let Err(halt) = session.authorize().await {
        return Ok(Some(End::Halted(halt)));
    }
    shared.world().count("links looked at twice");
    match session.look_twice().await {
        Ok(()) => Ok(None),
        Err(halt) => Ok(Some(End::Halted(halt))),
    }
}

/// A closed batch sends nothing until it is opened again.
pub(crate) async fn may_send(
    shared: &Shared,
    session: &mut Session<Door>,
    course: Course,
) -> anyhow::Result<bool> {
    if !session.read(|store| Ok(store.meta().closed)).await? {
        return finished_cancel(shared, session).await;
    }
    if !course.reopen {
        shared.world().count("guard: the batch is closed");
        return Ok(false);
    }
    let at = timestamp(shared.world().now());
    session.write(move |store| store.reopen(at)).await?;
    shared.world().count("reopened");
    finished_cancel(shared, session).await
}

/// A cancel of unsent rows that did not reach the gateway is finished first, as the program says.
async fn finished_cancel(shared: &Shared, session: &mut Session<Door>) -> anyhow::Result<bool> {
    let wished = session
        .write(|store| {
            let mut wished = Vec::new();
            for (_, id) in store.unsent_wishes()? {
                wished.extend(store.named_by_id(&id)?.map(|one| one.row.payout));
            }
            if !wished.is_empty() {
                store.pick(&wished)?;
            }
            Ok(!wished.is_empty())
        })
        .await?;
    if !wished {
        return Ok(true);
    }
    shared.world().count("guard: a cancel is not finished");
    stop(session).await?;
    Ok(false)
}

/// Chosen rows become ready: rejected ones under their id, replaced ones under that of the next generation.
pub(crate) async fn make_ready(
    shared: &Shared,
    session: &mut Session<Door>,
    course: Course,
) -> anyhow::Result<u64> {
    let at = timestamp(shared.world().now());
    if matches!(course.errand, Errand::ReissueCancelled(_)) {
        shared.world().count(PAID_AFTER_ALL);
    }
    let (mended, replaced) = session.write(move |store| ready(store, course, at)).await?;
    let mut world = shared.world();
    if mended > 0 {
        world.count("retry");
    }
    if replaced > 0 {
        world.count("a new generation");
    }
    Ok(mended + replaced)
}

fn ready(
    store: &mut Store,
    course: Course,
    at: Timestamp,
) -> Result<(u64, u64), paysheet::checkpoint::Error> {
    if course.errand == Errand::Retry {
        store.pick_all(Pick::Rejected)?;
    }
    if store.keep_mendable()? == 0 {
        return Ok((0, 0));
    }
    let mended = store.mend_picked(at)? + store.resume_picked(at, |_| true)?;
    Ok((mended, store.reissue_picked(at, |_| true)?))
}
