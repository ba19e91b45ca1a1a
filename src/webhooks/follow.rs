//! What events lead to: a question to the gateway, and its answer in the checkpoint that knows the id.
//!
//! An event is a hint and nothing else. The gateway is asked **before** the checkpoint is locked, and the lock is taken
//! without waiting and only to write the answers down: a running `send` is never disturbed, and one that starts finds
//! the checkpoint free but for moments. Answers that are older than what the checkpoint knows are asked for again.
//!
//! Deliberately absent: the fields of events, and any way for an event to send, stop or confirm a payout by itself.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::{Notify, watch};

use crate::checkpoint::lock::{self, Lock};
use crate::checkpoint::{Binding, Store};
use crate::clock::Clock;
use crate::domain::LookUp;
use crate::engine::{Inquiry, Replied};
use crate::gateway::Gateway;

use super::clerk::Clerk;
use super::inbox::{Followed, Hint};
use super::record::record;
use super::shelf::{Place, Shelf};
use super::waits;

/// Hints taken up at a time: a few seconds of questions at the usual rate.
const PAGE_HINTS: u32 = 128;

/// What refreshes the results of a batch once its checkpoint knows more.
pub type Refresh = Arc<dyn Fn(&Store, &Binding) -> anyhow::Result<()> + Send + Sync>;

/// Follows hints until told to stop.
pub struct Follower<G> {
    /// Where hints come from.
    pub clerk: Clerk,
    /// The folder of checkpoints.
    pub folder: PathBuf,
    /// Environment, gateway and account; the batch is not looked at.
    pub whose: Binding,
    /// The way to ask.
    pub inquiry: Inquiry<G>,
    /// The time of day.
    pub clock: Clock,
    /// Told when an event was taken in.
    pub news: Arc<Notify>,
    /// Turns true when there is to be an end.
    pub stopping: watch::Receiver<bool>,
    /// Who this process is, for whoever finds a checkpoint locked.
    pub holder: String,
    /// Refreshes results.
    pub refresh: Refresh,
}

/// Hints by the checkpoint that knows their ids.
type Assigned = BTreeMap<PathBuf, (Place, Vec<Hint>)>;
/// Hints about one id, and what the gateway said of it.
pub(super) type Answered = (Replied, Vec<Hint>);

impl<G: Gateway> Follower<G> {
    /// Follows hints as they fall due. On the word to stop it finishes the page in hand; what is left stays in the inbox.
    pub async fn run(mut self) {
        while !*self.stopping.borrow() {
            match self.page().await {
                Ok(0) => self.rest().await,
                Ok(_) => {}
                Err(error) => {
                    tracing::error!("events wait in the inbox: {error:#}");
                    self.pause(waits::BROKEN_MS).await;
                }
            }
        }
    }

    /// Takes up a page of hints. Returns how many.
    async fn page(&self) -> anyhow::Result<usize> {
        let now = self.now();
        let hints = self
            .clerk
            .run(move |inbox| inbox.due(now, PAGE_HINTS))
            .await?;
        let count = hints.len();
        if count > 0 {
            let followed = self.follow(hints).await?;
            self.clerk
                .run(move |inbox| inbox.followed(&followed))
                .await?;
        }
        Ok(count)
    }

    async fn follow(&self, hints: Vec<Hint>) -> anyhow::Result<Vec<(i64, Followed)>> {
        let (folder, whose) = (self.folder.clone(), self.whose.clone());
        let (places, strays, incomplete) = tokio::task::spawn_blocking(move || {
            let mut shelf = Shelf::open(&folder, &whose)?;
            let (places, strays) = assign(&mut shelf, hints);
            Ok::<_, std::io::Error>((places, strays, shelf.incomplete))
        })
        .await??;
        let mut followed: Vec<(i64, Followed)> = strays
            .into_iter()
            .map(|hint| (hint.event, self.stray(&hint, incomplete)))
            .collect();
        for (place, hints) in places.into_values() {
            followed.extend(self.batch(place, hints).await?);
        }
        Ok(followed)
    }

    /// An id that no checkpoint knows: a payout of another program, or one whose record was lost.
    fn stray(&self, hint: &Hint, incomplete: bool) -> Followed {
        if incomplete && hint.tries < waits::UNREADABLE_MAX {
            return self.again(waits::UNREADABLE_MS, true);
        }
        // Said even to those who want to hear of nothing but errors: money may have gone out unrecorded.
        tracing::error!(
            id = hint.id,
            event = hint.word,
            "ALARM: an event for a Cashgram that no checkpoint in the folder knows: another program's, or a payout whose \
             checkpoint is missing. It is kept in the inbox; bring the checkpoint into the folder and start again"
        );
        Followed::Unknown
    }

    /// Asks about the hints of one batch and writes the answers down.
    async fn batch(&self, place: Place, hints: Vec<Hint>) -> anyhow::Result<Vec<(i64, Followed)>> {
        let busy = |hints: Vec<Hint>| {
            let later = self.again(waits::BUSY_MS, false);
            hints.into_iter().map(|hint| (hint.event, later)).collect()
        };
        if is_in_use(&place.checkpoint, &self.holder) {
            tracing::debug!(batch = place.binding.batch, "in use: its events wait");
            return Ok(busy(hints));
        }
        let answered = self.ask(hints).await;
        let (holder, refresh, clock) = (self.holder.clone(), self.refresh.clone(), self.clock);
        tokio::task::spawn_blocking(move || record(&place, &answered, &holder, clock, &refresh))
            .await?
    }

    /// One question an id, however many events name it.
    async fn ask(&self, hints: Vec<Hint>) -> Vec<Answered> {
        let mut by_id: BTreeMap<String, Vec<Hint>> = BTreeMap::new();
        for hint in hints {
            by_id.entry(hint.id.clone()).or_default().push(hint);
        }
        let ids: Vec<String> = by_id.keys().cloned().collect();
        let replies = self.inquiry.ask_all(ids).await;
        let mut answered: Vec<Answered> = Vec::with_capacity(by_id.len());
        for reply in replies {
            let hints = by_id.remove(&reply.id).unwrap_or_default();
            answered.push((reply, hints));
        }
        let (asked_at, why) = (self.now(), "not asked");
        for (id, hints) in by_id {
            let look_up = LookUp::NoAnswer {
                why: why.to_owned(),
                sent: false,
            };
            let reply = Replied {
                id,
                asked_at,
                look_up,
            };
            answered.push((reply, hints));
        }
        answered
    }

    fn again(&self, wait_ms: i64, counted: bool) -> Followed {
        Followed::Again {
            due_at: self.now().saturating_add(wait_ms),
            counted,
        }
    }

    fn now(&self) -> i64 {
        self.clock.now().as_millisecond()
    }

    /// Waits for news, for the next hint to fall due, or for the end.
    async fn rest(&mut self) {
        let next = self.clerk.run(|inbox| inbox.next_due()).await;
        let wait = match next {
            Ok(Some(due)) => due.saturating_sub(self.now()).clamp(0, waits::REST_MS),
            Ok(None) | Err(_) => waits::REST_MS,
        };
        self.pause(wait).await;
    }

    async fn pause(&mut self, wait_ms: i64) {
        let wait = std::time::Duration::from_millis(u64::try_from(wait_ms).unwrap_or(0));
        let mut stopping = self.stopping.clone();
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = self.news.notified() => {}
            _ = stopping.wait_for(|stop| *stop) => {}
        }
    }
}

/// Hints by the checkpoint that knows their id, and those that none does.
fn assign(shelf: &mut Shelf, hints: Vec<Hint>) -> (Assigned, Vec<Hint>) {
    let mut places = Assigned::new();
    let mut strays = Vec::new();
    for hint in hints {
        match shelf.find(&hint.id) {
            Some(place) => {
                let at = place.checkpoint.clone();
                places.entry(at).or_insert((place, Vec::new())).1.push(hint);
            }
            None => strays.push(hint),
        }
    }
    (places, strays)
}

/// Whether somebody works on it. Without a lock file nobody does, and then nothing is locked to find out.
fn is_in_use(checkpoint: &Path, holder: &str) -> bool {
    lock::path_for(checkpoint).exists() && Lock::take(checkpoint, holder).is_err()
}
