//! Says it, decides nothing.
//!
//! A [`Reporter`] listens to the engine's events and shows them as a bar, as plain lines, as log records or not at
//! all. What is said before and after a run is made by pure functions in [`banner`], [`problems`] and [`summary`], and the scripts'
//! object by [`json`]; what is told weeks later is a [`page`]. Deliberately absent: exit codes, files, and any effect on a run. Whatever
//! cannot be said is lost.

pub mod banner;
mod bar;
pub mod json;
mod lines;
pub mod metrics;
pub mod page;
pub mod problems;
pub mod progress;
pub mod screen;
pub mod summary;
pub mod words;

use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Thread;
use std::time::Duration;

use tokio::time::Instant;

use crate::engine::{Event, Events};

use bar::Bar;
use lines::Due;
use progress::{Progress, Urgency};

pub use progress::Task;
pub use screen::{Manner, Out, Screen, columns};

/// Events that wait to be shown. Beyond it they are lost: whoever reads stderr does not keep up, or has stopped. More
/// than the quickest run has while they gather.
const UNSHOWN_MAX: usize = 32_768;
/// How long events gather before they are shown: to wake a thread for each one cost as much as its payout's request, and
/// the bar moves twice a second.
const GATHER: Duration = Duration::from_millis(200);
/// How long the end of a run waits for what is still to be shown.
const CLOSE_MAX: Duration = Duration::from_secs(1);

/// Shows a run while it works, on a thread of its own: a terminal that is stopped or a pipe that nobody empties
/// blocks that thread, and not the run.
#[derive(Clone)]
pub struct Reporter {
    #[cfg(test)]
    inner: Arc<Mutex<Inner>>,
    words: SyncSender<Word>,
    shower: Option<Thread>,
}

/// What the showing thread is told.
enum Word {
    Limit(String),
    Event(Event),
    Close(SyncSender<()>),
}

struct Inner {
    screen: Screen,
    manner: Manner,
    progress: Progress,
    bar: Option<Bar>,
    due: Due,
    started: Instant,
}

impl Reporter {
    /// A reporter whose clock starts now, and again when a pass of work opens.
    pub fn new(screen: Screen, manner: Manner, task: Task) -> Reporter {
        let inner = Inner {
            bar: None,
            screen,
            manner,
            progress: Progress::new(task),
            // Until there is a bar, lines are all there is.
            due: Due::lines(),
            started: Instant::now(),
        };
        let inner = Arc::new(Mutex::new(inner));
        let (words, told) = mpsc::sync_channel(UNSHOWN_MAX);
        let showing = Arc::clone(&inner);
        // Without the thread nothing is shown, as without a reader.
        let thread = std::thread::Builder::new().name("report".to_owned());
        let thread = thread.spawn(move || show(&told, &showing)).ok();
        Reporter {
            #[cfg(test)]
            inner,
            words,
            shower: thread.map(|thread| thread.thread().clone()),
        }
    }

    /// The same, showing its pace against `limit`, such as `50/s`.
    #[must_use]
    pub fn against(self, limit: Option<String>) -> Reporter {
        if let Some(limit) = limit {
            // Without the thread nothing is shown.
            drop(self.words.try_send(Word::Limit(limit)));
        }
        self
    }

    /// Where the engine sends its events. Never waits.
    pub fn events(&self) -> Events {
        let words = self.words.clone();
        Arc::new(move |event| drop(words.try_send(Word::Event(event.clone()))))
    }

    /// Shows what is still to be shown and takes the bar away: it would stand above whatever is said next. Waits for
    /// a reader that does not read only a moment.
    pub fn close(&self) {
        let (closed, end) = mpsc::sync_channel(1);
        if self.words.try_send(Word::Close(closed)).is_ok() {
            // Nothing more has to gather.
            self.shower.iter().for_each(Thread::unpark);
            // Whether it was shown or not, the run is over.
            let _ = end.recv_timeout(CLOSE_MAX);
        }
    }
}

/// Shows events until nobody is left who could send any.
fn show(told: &Receiver<Word>, inner: &Mutex<Inner>) {
    while let Ok(first) = told.recv() {
        let mut shown = inner.lock().unwrap_or_else(PoisonError::into_inner);
        for word in std::iter::once(first).chain(told.try_iter()) {
            match word {
                Word::Limit(limit) => shown.progress.limit(limit),
                Word::Event(event) => {
                    log(&event);
                    shown.take(&event);
                }
                Word::Close(closed) => {
                    if let Some(bar) = shown.bar.take() {
                        bar.close();
                    }
                    // Whoever waited may have given up.
                    let _ = closed.try_send(());
                }
            }
        }
        drop(shown);
        std::thread::park_timeout(GATHER);
    }
}

impl Inner {
    fn take(&mut self, event: &Event) {
        let urgency = self.progress.take(event);
        if self.manner == Manner::Silent {
            return;
        }
        match event {
            Event::Opened { .. } => self.open(),
            Event::Finished { .. } => self.finish(),
            Event::Moved { .. }
            | Event::Undecided { .. }
            | Event::Looked { .. }
            | Event::Paused { .. }
            | Event::Resumed
            | Event::Interrupted { .. }
            | Event::Stopping { .. }
            | Event::Requested { .. } => self.go_on(&urgency),
        }
    }

    fn open(&mut self) {
        if let Some(before) = self.bar.take() {
            before.close();
        }
        // The pace is that of the work: a login, a look at what exists and a question to a person are not in it.
        self.started = Instant::now();
        self.bar = Bar::on(&self.screen);
        self.due = match &self.bar {
            Some(_) => Due::draws(),
            None => Due::lines(),
        };
        match &self.bar {
            Some(bar) => bar.show(&self.progress, self.started.elapsed()),
            None => self.say(&self.progress.opening()),
        }
    }

    fn go_on(&mut self, urgency: &Urgency) {
        if let Urgency::Say(sentence) = urgency {
            self.say(sentence);
        }
        let elapsed = self.started.elapsed();
        let waiting = *urgency == Urgency::Now;
        if !self.due.now(elapsed, waiting) {
            return;
        }
        match &self.bar {
            Some(bar) => bar.show(&self.progress, elapsed),
            None => self.say(&self.progress.line(elapsed)),
        }
    }

    fn finish(&mut self) {
        match self.bar.take() {
            Some(bar) => bar.close(),
            None => self.say(&self.progress.line(self.started.elapsed())),
        }
    }

    fn say(&self, sentence: &str) {
        match self.manner {
            Manner::Bar | Manner::Lines => self.screen.paragraph(sentence),
            Manner::Log => tracing::info!("{sentence}"),
            Manner::Silent => {}
        }
    }
}

/// Every event as a log record, for `-v`. Ids are fields of that name, so that they survive the masking of logs.
fn log(event: &Event) {
    match event {
        Event::Moved {
            row,
            id,
            amount,
            from,
            to,
            note,
        } => {
            let note = note.as_deref().unwrap_or_default();
            tracing::debug!(row, id, %amount, %from, %to, note, "moved");
        }
        Event::Undecided {
            row,
            id,
            attempt,
            why,
            wait,
        } => tracing::debug!(row, id, attempt, ?wait, why, "undecided"),
        Event::Looked {
            row,
            id,
            status,
            changed,
        } => {
            let status = status.as_deref().unwrap_or("none");
            tracing::debug!(row, id, status, changed, "looked up");
        }
        Event::Paused { pause, wait } => {
            tracing::debug!("{}", progress::reason(pause, *wait));
        }
        Event::Resumed => tracing::debug!("sending goes on"),
        Event::Opened {
            to_send, to_ask, ..
        } => tracing::debug!(to_send, to_ask, "opened"),
        Event::Interrupted { in_flight } => tracing::debug!(in_flight, "interrupted"),
        Event::Stopping { why, remedy } => tracing::debug!(why, remedy, "stopping"),
        Event::Requested { total } => tracing::trace!(total, "request"),
        Event::Finished { .. } => tracing::debug!("finished"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Money, State};
    use crate::engine::Tally;

    #[test]
    fn every_manner_takes_every_event_from_any_thread() {
        for manner in [Manner::Bar, Manner::Log, Manner::Silent] {
            let reporter = Reporter::new(Screen::new(manner), manner, Task::Sending);
            let events = reporter.events();
            events(&Event::Opened {
                to_send: 400,
                amount_to_send: Money::ZERO,
                to_ask: 0,
            });
            std::thread::scope(|scope| {
                for thread in 0..4 {
                    let events = Arc::clone(&events);
                    scope.spawn(move || {
                        for row in 0..100 {
                            events(&Event::Moved {
                                row: thread * 100 + row,
                                id: "a".into(),
                                amount: Money::ZERO,
                                from: State::Unknown,
                                to: State::Created,
                                note: None,
                            });
                        }
                    });
                }
            });
            reporter.close();
            let done = reporter.inner.lock().unwrap().progress.counts();
            assert_eq!(done, (400, 400), "{manner:?}");
            events(&Event::Finished {
                tally: Box::new(Tally::default()),
            });
            reporter.close();
        }
    }
}
