//! The one thread that writes the inbox. What it has answered is on disk.
//!
//! Events that arrive while a page is being written wait for the next one, so durability costs one sync a page and not
//! one an event. A page that cannot be recorded is not acknowledged: the gateway delivers it again. Unlike the recorder
//! of payouts, the clerk goes on after a failure, since nothing here is sent.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::inbox::{Deposit, Inbox, InboxError, Incoming};

/// Events that may wait: more than connections, so that nobody waits for a place.
const WAITING_MAX: usize = 256;
/// Events in one transaction.
const PAGE_MAX: usize = 256;
/// How long a page waits for more events once it has one.
const GATHER: Duration = Duration::from_micros(200);

type Answer = oneshot::Sender<Option<Deposit>>;
type Errand = Box<dyn FnOnce(&mut Inbox) + Send>;

enum Ask {
    Deposit(Incoming, Answer),
    Run(Errand),
}

/// The way to the clerk. Its thread ends when all clones are dropped.
#[derive(Clone, Debug)]
pub struct Clerk(mpsc::Sender<Ask>);

/// The clerk's thread, to be waited for.
#[derive(Debug)]
pub struct Writing(std::thread::JoinHandle<()>);

impl Clerk {
    /// Starts the clerk.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn start(inbox: Inbox) -> std::io::Result<(Clerk, Writing)> {
        let (to, asks) = mpsc::channel(WAITING_MAX);
        let thread = std::thread::Builder::new()
            .name("inbox".to_owned())
            .spawn(move || serve(inbox, asks))?;
        Ok((Clerk(to), Writing(thread)))
    }

    /// Takes an event in. On disk when this returns what became of it; `None`: it is not, and must come again.
    pub async fn deposit(&self, incoming: Incoming) -> Option<Deposit> {
        let (answer, on_disk) = oneshot::channel();
        self.0.send(Ask::Deposit(incoming, answer)).await.ok()?;
        on_disk.await.ok()?
    }

    /// Does something else with the inbox.
    ///
    /// # Errors
    ///
    /// What the errand runs into, or that the clerk is gone.
    pub async fn run<T: Send + 'static>(
        &self,
        errand: impl FnOnce(&mut Inbox) -> Result<T, InboxError> + Send + 'static,
    ) -> anyhow::Result<T> {
        let (answer, result) = oneshot::channel();
        let errand: Errand = Box::new(move |inbox| {
            // Whoever left needs no answer.
            let _ = answer.send(errand(inbox));
        });
        let gone = || anyhow::anyhow!("the inbox is closed");
        self.0.send(Ask::Run(errand)).await.map_err(|_| gone())?;
        Ok(result.await.map_err(|_| gone())??)
    }
}

impl Writing {
    /// Waits for the clerk's end.
    pub fn join(self) {
        // A clerk that died said why in its panic; what it had answered is on disk.
        drop(self.0.join());
    }
}

fn serve(mut inbox: Inbox, mut asks: mpsc::Receiver<Ask>) {
    while let Some(first) = asks.blocking_recv() {
        if matches!(first, Ask::Deposit(..)) {
            std::thread::sleep(GATHER);
        }
        let (mut page, mut answers, mut errand) = (Vec::new(), Vec::new(), None);
        let mut next = Some(first);
        while let Some(ask) = next {
            match ask {
                Ask::Deposit(incoming, answer) => {
                    page.push(incoming);
                    answers.push(answer);
                }
                Ask::Run(run) => {
                    errand = Some(run);
                    break;
                }
            }
            let room = page.len() < PAGE_MAX;
            next = if room { asks.try_recv().ok() } else { None };
        }
        write(&mut inbox, &page, answers);
        if let Some(run) = errand {
            run(&mut inbox);
        }
    }
}

fn write(inbox: &mut Inbox, page: &[Incoming], answers: Vec<Answer>) {
    if page.is_empty() {
        return;
    }
    let deposits = inbox.deposit(page).map_err(|why| {
        tracing::error!(
            events = page.len(),
            "not recorded, so not acknowledged: {why}"
        );
    });
    let each = deposits.map(|all| all.into_iter().map(Some).collect::<Vec<_>>());
    let each = each.unwrap_or_else(|()| vec![None; answers.len()]);
    for (answer, deposit) in answers.into_iter().zip(each) {
        // Whoever hung up will be sent it again, and then it is a duplicate.
        let _ = answer.send(deposit);
    }
}
