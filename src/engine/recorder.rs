//! The one task that writes the checkpoint. What it has acknowledged is on disk.
//!
//! Posts that arrive while a page is being written wait for the next one, so durability costs one sync a page, not
//! one a payout. **The first failure to record is the last**: everything after it is refused, and the run stops.
//!
//! It has two faces over the same pages: a thread of its own, since a sync blocks; and a task on the caller's runtime,
//! for a simulation whose clock stands still while anything runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::checkpoint::{Error, Note, Posting, Store};
use crate::domain::Standing;

/// Posts that may wait. A slow disk slows the senders, as it should.
const INBOX_MAX: usize = 1024;
/// Posts in one transaction: beyond this a page costs more latency than it saves syncs.
const PAGE_MAX: usize = 256;
/// How long a page waits for more posts once it has one: fewer and fuller pages take less work in all, and the wait is
/// nothing beside a gateway's answer.
const GATHER: Duration = Duration::from_micros(100);
/// A page that has so many already does not wait: a quarter of the senders there are unless more are asked for.
const GATHERED: usize = 16;

type Errand = Box<dyn FnOnce(&mut Store) + Send>;

enum Ask {
    Post(Posting, oneshot::Sender<Result<Standing, Failed>>),
    Note(Note),
    Run(Errand),
}

/// Something could not be recorded; the run is over. Cheap to clone, since every waiting sender gets it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Failed(Arc<str>);

/// The way to the recorder. Clones lead to the same one; it ends when all are dropped.
#[derive(Clone, Debug)]
pub(super) struct Recorder {
    inbox: mpsc::Sender<Ask>,
    broken: Arc<AtomicBool>,
}

/// The recorder at work, to be joined for the store.
#[derive(Debug)]
pub(super) enum Recording {
    Thread(std::thread::JoinHandle<Store>),
    Task(tokio::task::JoinHandle<Store>),
}

impl Recorder {
    /// Starts the recorder on a thread of its own.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub(super) fn start(store: Store) -> std::io::Result<(Recorder, Recording)> {
        let (recorder, pages, asks) = Recorder::over(store);
        let thread = std::thread::Builder::new()
            .name("recorder".to_owned())
            .spawn(move || serve(pages, asks))?;
        Ok((recorder, Recording::Thread(thread)))
    }

    /// Starts the recorder as a task of the present runtime. A page waits so long for its posts: a disk as slow as a
    /// simulation likes.
    pub(super) fn start_here(store: Store, gather: Duration) -> (Recorder, Recording) {
        let (recorder, pages, asks) = Recorder::over(store);
        let task = tokio::spawn(serve_here(pages, asks, gather));
        (recorder, Recording::Task(task))
    }

    fn over(store: Store) -> (Recorder, Pages, mpsc::Receiver<Ask>) {
        let (inbox, asks) = mpsc::channel(INBOX_MAX);
        let broken = Arc::new(AtomicBool::new(false));
        let pages = Pages {
            store,
            notes: Vec::new(),
            failure: None,
            broken: broken.clone(),
        };
        (Recorder { inbox, broken }, pages, asks)
    }

    /// Records one piece of news. It is on disk when this returns.
    ///
    /// # Errors
    ///
    /// [`Failed`]: it is not recorded, and nothing more may be sent.
    pub(super) async fn post(&self, posting: Posting) -> Result<Standing, Failed> {
        let (answer, on_disk) = oneshot::channel();
        self.inbox
            .send(Ask::Post(posting, answer))
            .await
            .map_err(|_| gone())?;
        on_disk.await.map_err(|_| gone())?
    }

    /// Notes what happened to the batch as a whole, with the next page: a run that has nothing to record leaves the file
    /// as it was. Never waits: a note is for people, and a full inbox may lose it.
    pub(super) fn note(&self, note: Note) {
        drop(self.inbox.try_send(Ask::Note(note)));
    }

    /// Reads from the checkpoint, or changes what concerns the batch as a whole, after everything posted so far.
    ///
    /// # Errors
    ///
    /// [`Failed`] if the recorder is gone or the file cannot be used.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        errand: impl FnOnce(&mut Store) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Failed> {
        let (answer, result) = oneshot::channel();
        let errand: Errand = Box::new(move |store| {
            // Whoever left needs no answer.
            let _ = answer.send(errand(store).map_err(failed));
        });
        self.inbox
            .send(Ask::Run(errand))
            .await
            .map_err(|_| gone())?;
        result.await.map_err(|_| gone())?
    }

    /// Whether recording has failed: then nothing may leave.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Acquire)
    }
}

impl Recording {
    /// Waits for the recorder's end, which comes when every [`Recorder`] is dropped, and gives the store back.
    ///
    /// # Errors
    ///
    /// If its thread died, or it has none: a task is joined by [`Recording::join_here`].
    pub(super) fn join(self) -> anyhow::Result<Store> {
        match self {
            Recording::Thread(thread) => thread.join().map_err(|_| died()),
            Recording::Task(_) => Err(anyhow::anyhow!("the recorder is a task; wait for it")),
        }
    }

    /// The same for a recorder that is a task.
    ///
    /// # Errors
    ///
    /// If it died.
    pub(super) async fn join_here(self) -> anyhow::Result<Store> {
        match self {
            Recording::Thread(thread) => thread.join().map_err(|_| died()),
            Recording::Task(task) => task.await.map_err(|_| died()),
        }
    }
}

fn died() -> anyhow::Error {
    anyhow::anyhow!("the recorder died; run the same command again")
}

fn gone() -> Failed {
    Failed(Arc::from(
        "the recorder is gone; run the same command again",
    ))
}

fn failed(error: Error) -> Failed {
    Failed(Arc::from(error.to_string()))
}

fn serve(mut pages: Pages, mut asks: mpsc::Receiver<Ask>) -> Store {
    while let Some(first) = asks.blocking_recv() {
        if is_gathered(&first, &asks) {
            std::thread::sleep(GATHER);
        }
        pages.turn(first, &mut asks);
    }
    pages.store
}

async fn serve_here(mut pages: Pages, mut asks: mpsc::Receiver<Ask>, gather: Duration) -> Store {
    while let Some(first) = asks.recv().await {
        if is_gathered(&first, &asks) {
            tokio::time::sleep(gather).await;
        }
        pages.turn(first, &mut asks);
    }
    pages.store
}

/// Whether the page that `first` begins waits for more posts.
fn is_gathered(first: &Ask, asks: &mpsc::Receiver<Ask>) -> bool {
    matches!(first, Ask::Post(..)) && asks.len() < GATHERED
}

/// The store and what has become of it.
struct Pages {
    store: Store,
    /// For the next page.
    notes: Vec<Note>,
    failure: Option<Failed>,
    broken: Arc<AtomicBool>,
}

impl Pages {
    /// Writes one page: what has come since `first`, up to the next errand, which is run after it.
    fn turn(&mut self, first: Ask, asks: &mut mpsc::Receiver<Ask>) {
        let mut page = Vec::new();
        let mut answers = Vec::new();
        let mut next = Some(first);
        let mut errand = None;
        while let Some(ask) = next {
            match ask {
                Ask::Post(posting, answer) => {
                    page.push(posting);
                    answers.push(answer);
                }
                Ask::Note(note) => self.notes.push(note),
                Ask::Run(run) => {
                    errand = Some(run);
                    break;
                }
            }
            next = if page.len() < PAGE_MAX {
                asks.try_recv().ok()
            } else {
                None
            };
        }
        self.write(&page, answers);
        if let Some(run) = errand {
            run(&mut self.store);
        }
    }

    fn write(&mut self, page: &[Posting], answers: Vec<oneshot::Sender<Result<Standing, Failed>>>) {
        if page.is_empty() {
            return;
        }
        let recorded = match &self.failure {
            Some(before) => Err(before.clone()),
            None => {
                let notes = std::mem::take(&mut self.notes);
                self.store.record_noted(page, &notes).map_err(failed)
            }
        };
        if let Err(why) = &recorded {
            self.broken.store(true, Ordering::Release);
            self.failure = Some(why.clone());
        }
        match recorded {
            Ok(standings) => {
                for (answer, standing) in answers.into_iter().zip(standings) {
                    // A sender that left needs no answer.
                    let _ = answer.send(Ok(standing));
                }
            }
            Err(why) => {
                for answer in answers {
                    let _ = answer.send(Err(why.clone()));
                }
            }
        }
    }
}
