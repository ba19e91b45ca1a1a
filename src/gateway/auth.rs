//! One access token for all senders: cached, refreshed in time, and by one request however many ask.
//!
//! A failed refresh is shared by everyone who waited for it and then forgotten: the next caller tries again. When to
//! call again is the engine's to decide.
//!
//! Sources: cashgram-api.md 1.2 (a new token leaves older ones valid, so nobody who still holds one is cut off) and 10,
//! row 1 (when to refresh). Deliberately absent: HTTP. The request is a closure, so that tests can stop the clock.

use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::Token;
use super::reading::Grant;
use crate::domain::Finding;

/// A token is renewed when less than this, or less than a quarter of its life, is left, whichever is smaller.
const MARGIN_MAX: Duration = Duration::from_secs(60);
/// Longest life that is believed: documents say 5 to 10 minutes, and a refresh an hour costs nothing.
const LIFETIME_MAX: Duration = Duration::from_secs(60 * 60);

/// Keeps the token.
#[derive(Default)]
pub struct Keeper {
    kept: Mutex<Kept>,
    /// Held while a refresh is under way. Fair: first come, first served.
    refreshing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Kept {
    token: Option<(Token, Instant)>,
    /// How many refreshes have ended, and what the last one failed with.
    refreshes: u64,
    failure: Option<Finding>,
}

impl Keeper {
    /// The kept token, unless it is `stale` or too old; else what `authorize` brings, for everyone who waits.
    ///
    /// A caller that is dropped while it refreshes hands the task to the next in line.
    ///
    /// # Errors
    ///
    /// What `authorize` ran into, for all who waited for it.
    pub async fn token<F>(
        &self,
        stale: Option<&Token>,
        authorize: impl FnOnce() -> F,
    ) -> Result<Token, Finding>
    where
        F: Future<Output = Result<Grant, Finding>>,
    {
        let seen = match self.look(stale) {
            Ok(token) => return Ok(token),
            Err(refreshes) => refreshes,
        };
        let _turn = self.refreshing.lock().await;
        match self.look(stale) {
            Ok(token) => return Ok(token),
            Err(refreshes) if refreshes == seen => {}
            // A refresh ended while we waited, and not well: its failure is ours.
            Err(_) => {
                if let Some(failure) = self.kept().failure.clone() {
                    return Err(failure);
                }
            }
        }
        // Measured from before the request: the gateway starts counting somewhere between then and now.
        let asked = Instant::now();
        let outcome = authorize().await;
        self.keep(asked, outcome)
    }

    /// A token that will do, else how many refreshes have ended so far. A token that the gateway refused is dropped,
    /// so that nobody gets it again if the refresh fails.
    fn look(&self, stale: Option<&Token>) -> Result<Token, u64> {
        let mut kept = self.kept();
        let refused = |token: &Token| Some(token) == stale;
        kept.token
            .take_if(|(token, renew_at)| refused(token) || *renew_at <= Instant::now());
        match &kept.token {
            Some((token, _)) => Ok(token.clone()),
            None => Err(kept.refreshes),
        }
    }

    fn keep(&self, asked: Instant, outcome: Result<Grant, Finding>) -> Result<Token, Finding> {
        let mut kept = self.kept();
        kept.refreshes = kept.refreshes.wrapping_add(1);
        match outcome {
            Ok(grant) => {
                let token = Token::new(grant.token);
                kept.token = Some((token.clone(), asked + usable(grant.lifetime)));
                kept.failure = None;
                Ok(token)
            }
            Err(failure) => {
                kept.failure = Some(failure.clone());
                Err(failure)
            }
        }
    }

    /// Nothing panics while this lock is held, and what it guards is whole between any two statements.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How much of a token's life is used before it is renewed.
fn usable(lifetime: Duration) -> Duration {
    let lifetime = lifetime.min(LIFETIME_MAX);
    lifetime.saturating_sub(MARGIN_MAX.min(lifetime / 4))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use secrecy::SecretString;

    use super::*;

    /// A gateway that answers authorize after 200 ms, and counts.
    #[derive(Clone, Default)]
    struct Desk {
        keeper: Arc<Keeper>,
        asked: Arc<AtomicU64>,
        fails: Arc<AtomicU64>,
    }

    impl Desk {
        async fn token(&self, stale: Option<&Token>, lifetime: u64) -> Result<Token, Finding> {
            let answer = async || {
                let asked = self.asked.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(200)).await;
                if self.fails.load(Ordering::SeqCst) > asked {
                    return Err(Finding::NotSent {
                        why: format!("failure {asked}"),
                    });
                }
                let token = SecretString::from(format!("token {asked}"));
                Ok(Grant {
                    token,
                    lifetime: Duration::from_secs(lifetime),
                })
            };
            self.keeper.token(stale, answer).await
        }

        fn asked(&self) -> u64 {
            self.asked.load(Ordering::SeqCst)
        }

        async fn crowd(&self, stale: Option<&Token>) -> Vec<Result<Token, Finding>> {
            let mut crowd = tokio::task::JoinSet::new();
            for _ in 0..100 {
                let (desk, stale) = (self.clone(), stale.cloned());
                crowd.spawn(async move { desk.token(stale.as_ref(), 360).await });
            }
            crowd.join_all().await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_hundred_callers_make_one_request() {
        let desk = Desk::default();
        let first = desk.crowd(None).await;
        assert_eq!(desk.asked(), 1);
        let token = first[0].clone().unwrap();
        assert!(first.iter().all(|other| other.as_ref() == Ok(&token)));

        let renewed = desk.crowd(Some(&token)).await;
        assert_eq!(desk.asked(), 2);
        assert!(
            renewed
                .iter()
                .all(|other| other == &renewed[0] && other.as_ref() != Ok(&token))
        );

        // A late caller with the old token gets the new one for nothing.
        assert_eq!(desk.token(Some(&token), 360).await, renewed[0]);
        assert_eq!(desk.asked(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_shared_by_those_who_waited_and_then_forgotten() {
        let desk = Desk::default();
        desk.fails.store(1, Ordering::SeqCst);
        let failed = desk.crowd(None).await;
        assert_eq!(desk.asked(), 1);
        assert!(
            failed
                .iter()
                .all(|other| other == &failed[0] && other.is_err())
        );
        assert!(desk.token(None, 360).await.is_ok());
        assert_eq!(desk.asked(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_renewal_does_not_bring_the_refused_token_back() {
        let desk = Desk::default();
        let token = desk.token(None, 360).await.unwrap();
        desk.fails.store(2, Ordering::SeqCst);
        assert!(desk.token(Some(&token), 360).await.is_err());
        assert_ne!(desk.token(None, 360).await.unwrap(), token);
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_renewed_a_minute_or_a_quarter_before_its_end() {
        for (lifetime, usable) in [
            (360, 300),
            (600, 540),
            (300, 240),
            (200, 150),
            (5, 3),
            (100_000, 3_540),
        ] {
            let desk = Desk::default();
            let started = Instant::now();
            let token = desk.token(None, lifetime).await.unwrap();
            let nearly = Duration::from_secs(usable) - Duration::from_millis(10);
            tokio::time::sleep_until(started + nearly).await;
            assert_eq!(
                desk.token(None, lifetime).await,
                Ok(token.clone()),
                "{lifetime}"
            );
            tokio::time::sleep(Duration::from_secs(1)).await;
            assert_ne!(desk.token(None, lifetime).await, Ok(token), "{lifetime}");
            assert_eq!(desk.asked(), 2);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_gives_up_hands_the_task_on() {
        let desk = Desk::default();
        let quitter = desk.clone();
        let first = tokio::spawn(async move { quitter.token(None, 360).await });
        tokio::time::sleep(Duration::from_millis(100)).await;
        let patient = desk.clone();
        let second = tokio::spawn(async move { patient.token(None, 360).await });
        tokio::task::yield_now().await;
        first.abort();
        assert!(second.await.unwrap().is_ok());
        assert_eq!(desk.asked(), 2);
    }
}
