//! Questions about single ids, at the pace, without a checkpoint in hand: whoever asks decides later where the answers
//! belong. So nobody's checkpoint is locked while a slow gateway is waited for.
//!
//! Deliberately absent: recording, repeating and giving up. What got no answer is the asker's to ask again.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::domain::{Finding, LookUp};
use crate::gateway::{Gateway, Token, reading};

use super::pace::{Pace, Rate};
use super::retry;

/// What one question brought.
#[derive(Clone, Debug)]
pub struct Replied {
    /// The id.
    pub id: String,
    /// When the question left, in milliseconds since 1970: whatever was recorded since then is newer.
    pub asked_at: i64,
    /// The answer.
    pub look_up: LookUp,
}

/// The way to ask.
pub struct Inquiry<G> {
    desk: Arc<Desk<G>>,
    concurrency: usize,
}

struct Desk<G> {
    gateway: Arc<G>,
    pace: Pace,
    clock: Clock,
    stopping: watch::Receiver<bool>,
}

impl<G: Gateway> Inquiry<G> {
    /// Questions at `rate`, at most `concurrency` at once, none any more once `stopping` holds true.
    pub fn new(
        gateway: Arc<G>,
        rate: Option<Rate>,
        concurrency: usize,
        clock: Clock,
        stopping: watch::Receiver<bool>,
    ) -> Inquiry<G> {
        let pace = Pace::new(rate);
        Inquiry {
            desk: Arc::new(Desk {
                gateway,
                pace,
                clock,
                stopping,
            }),
            concurrency: concurrency.max(1),
        }
    }

    /// Asks about each id once. Ends early at an answer that makes going on pointless; the rest is not answered then.
    pub async fn ask_all(&self, ids: Vec<String>) -> Vec<Replied> {
        let mut replies = Vec::with_capacity(ids.len());
        let mut on_the_way = JoinSet::new();
        let mut ids = ids.into_iter();
        loop {
            while on_the_way.len() >= self.concurrency {
                replies.extend(on_the_way.join_next().await.and_then(Result::ok));
            }
            if replies.iter().any(is_hopeless) {
                break;
            }
            let Some(id) = ids.next() else { break };
            let mut stopping = self.desk.stopping.clone();
            tokio::select! {
                () = self.desk.pace.turn() => {}
                () = super::send::interrupted(&mut stopping) => break,
            }
            let desk = Arc::clone(&self.desk);
            on_the_way.spawn(async move { desk.ask(id).await });
        }
        while let Some(reply) = on_the_way.join_next().await {
            replies.extend(reply.ok());
        }
        replies
    }

    /// Requests so far, authorize not counted.
    pub fn requests(&self) -> u64 {
        self.desk.pace.departed()
    }
}

impl<G: Gateway> Desk<G> {
    async fn ask(&self, id: String) -> Replied {
        let asked_at = self.clock.now().as_millisecond();
        let look_up = match self.gateway.token().await {
            Ok(token) => self.ask_with(token, &id).await,
            Err(finding) => without_token(finding),
        };
        Replied {
            id,
            asked_at,
            look_up,
        }
    }

    /// A refused token is renewed once.
    async fn ask_with(&self, token: Token, id: &str) -> LookUp {
        let first = self.ask_once(&token, id).await;
        if first != LookUp::TokenRefused {
            return first;
        }
        match self.gateway.renew(&token).await {
            Ok(fresh) => self.ask_once(&fresh, id).await,
            Err(finding) => without_token(finding),
        }
    }

    async fn ask_once(&self, token: &Token, id: &str) -> LookUp {
        if self.pace.depart(&mut self.stopping.clone()).await.is_err() {
            return not_asked("stopping".to_owned());
        }
        let look_up = reading::read_look_up(&self.gateway.look_up(token, id).await, id);
        if let LookUp::Throttled { wait } = &look_up {
            self.pause(*wait);
        }
        look_up
    }

    /// A 429 holds everyone back.
    fn pause(&self, wait: Option<Duration>) {
        let wait = wait.unwrap_or(retry::THROTTLE_MIN);
        self.pace.pause_until(Instant::now() + wait);
    }
}

fn is_hopeless(reply: &Replied) -> bool {
    match &reply.look_up {
        LookUp::StopRun(_) | LookUp::NoAnswer { sent: false, .. } => true,
        LookUp::Found(_)
        | LookUp::Missing
        | LookUp::Throttled { .. }
        | LookUp::TokenRefused
        | LookUp::NoAnswer { sent: true, .. } => false,
    }
}

fn not_asked(why: String) -> LookUp {
    LookUp::NoAnswer { why, sent: false }
}

fn without_token(finding: Finding) -> LookUp {
    match finding {
        Finding::Throttled { wait } => LookUp::Throttled { wait },
        Finding::StopRun(stop) => LookUp::StopRun(stop),
        Finding::NotSent { why } | Finding::InDoubt { why, .. } => not_asked(why),
        Finding::TokenRefused | Finding::Created(_) | Finding::Duplicate | Finding::Rejected(_) => {
            not_asked("the gateway gave no token".to_owned())
        }
    }
}
