//! How often a gateway that only fails is asked, and when it is given up.

use super::*;

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
