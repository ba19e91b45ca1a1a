//! How often a gateway that only fails is asked, and when it is given up.

use super::*;
use crate::checkpoint::{News, Posting};
use crate::domain::Terms;

/// What invariant 7 allows under a gateway that only fails.
fn allowed(rows: u64) -> u64 {
    rows + rows / 10 + 100
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_tokens_alone_stay_within_the_budget() {
    for rows in [5, 300] {
        let mut world = World::new(|_, _| Act::OldToken);
        world.limits.give_up_after = Duration::from_secs(3);
        world.fill(rows, own_phone);
        let ended = world.send().await;
        let requests = ended.outcome.requests;
        assert!(
            requests <= allowed(rows),
            "{rows} rows, {requests} requests"
        );
        assert_eq!(ended.totals.rows(State::Ready), rows);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_batch_that_is_only_throttled_stays_within_the_budget() {
    let world = World::new(|_, _| Act::Throttle);
    world.fill(200, own_phone);
    let ended = world.send().await;
    let requests = ended.outcome.requests;
    assert!(requests <= allowed(200), "{requests} requests");
    assert_eq!(ended.totals.rows(State::Ready), 200);
}

/// As many creates as there are rows were on their way when a run died, and none arrived. Each takes several look-ups
/// before it may be sent again, all of them answered; a gateway that answers is no gateway that only fails.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_of_doubts_is_resolved_by_one_run() {
    const ROWS: u64 = 300;
    let world = World::new(|_, _| Act::Pay);
    world.fill(ROWS, own_phone);
    let mut store = world.store();
    let page = store.ready_page(0, 1000).unwrap();
    let sending = page.iter().map(|row| Posting {
        payout: row.payout,
        at: "2026-11-22T09:00:00Z".parse().unwrap(),
        news: News::Sending {
            attempt: 1,
            terms: Terms(7),
            body: Some(format!(r#"{{"cashgramId":"{}"}}"#, row.cashgram_id).into()),
        },
        believed: None,
    });
    store.record(&sending.collect::<Vec<_>>()).unwrap();
    drop(store);
    let ended = world.send().await;
    assert_eq!(ended.outcome.halt, None);
    assert_eq!(
        ended.totals.rows(State::Created),
        ROWS,
        "{:?}",
        ended.totals
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_only_throttles_ends_the_run_within_the_budget() {
    let world = World::new(|_, _| Act::Throttle);
    world.fill(10, own_phone);
    let ended = world.send().await;
    assert_eq!(ended.outcome.left_ready, 10);
    assert!(
        ended.outcome.requests <= 10 + 1 + 100,
        "{} requests",
        ended.outcome.requests
    );
    assert_eq!(ended.totals.rows(State::Ready), 10);
}
