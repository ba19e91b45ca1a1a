//! `paysheet webhooks`: receive the gateway's events and keep the checkpoints of a folder fresh.
//!
//! Deliberately absent: what an event means (`webhooks`), and any question to a person: it runs unattended.

use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};

use crate::checkpoint::lock::Lock;
use crate::checkpoint::{Binding, Store};
use crate::domain::BatchName;
use crate::engine::Inquiry;
use crate::webhooks::clerk::Clerk;
use crate::webhooks::inbox::Inbox;
use crate::webhooks::verify::Keys;
use crate::webhooks::{self, Door, Follower, Refresh};

use super::exit::{Ending, Exit};
use super::settings::{Files, Webhooks};
use super::shell::Shell;
use super::values::Environment;
use super::{door, older, results};

/// Serves until Ctrl-C or SIGTERM.
///
/// # Errors
///
/// If the address, the folder or the inbox cannot be had.
pub(super) async fn run(settings: &Webhooks, shell: &Shell) -> anyhow::Result<Exit> {
    let whose = whose(settings)?;
    see_folder(&settings.checkpoints)?;
    let _lock = Lock::take(&settings.inbox, &shell.holder)?;
    let bound = [
        ("environment", &*whose.environment),
        ("gateway", &*whose.host),
        ("account", &*whose.account),
    ];
    let mut inbox = Inbox::open(&settings.inbox, &bound)?;
    let unknown = inbox.reopen_unknown()?;
    let listener = listen(settings).await?;
    let address = listener.local_addr()?;
    let (clerk, writing) = Clerk::start(inbox)?;
    let news = Arc::new(Notify::new());
    let (stop, stopping) = watch::channel(false);
    let opened = door::open_remote(&settings.gateway, &settings.remote)?;
    let follower = Follower {
        clerk: clerk.clone(),
        folder: settings.checkpoints.clone(),
        inquiry: Inquiry::new(
            opened.client,
            settings.gateway.rate.paced(),
            usize::try_from(settings.gateway.concurrency).unwrap_or(1),
            shell.clock,
            stopping.clone(),
        ),
        whose,
        clock: shell.clock,
        news: Arc::clone(&news),
        stopping,
        holder: format!("{HOLDER}, {}", shell.holder),
        refresh: refresh(settings.gateway.environment),
    };
    let following = tokio::spawn(follower.run());
    tracing::info!(
        unknown,
        "listening on http://{address} for events of {}",
        opened.account
    );
    let entrance = Arc::new(Door {
        keys: Keys::new(settings.secrets()),
        clerk,
        clock: shell.clock,
        news,
        refusals: webhooks::Refusals::default(),
    });
    let mut first = shell.signals.clone();
    let stopped = async move {
        if first.wait_for(|set| *set).await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let served = webhooks::serve(listener, Arc::clone(&entrance), stopped).await;
    stop.send_replace(true);
    // It finishes the page in hand; whatever it cannot finish is followed at the next start.
    let _ = following.await;
    drop(entrance);
    tracing::info!(
        "stopped: what was received is in {}",
        settings.inbox.display()
    );
    served?;
    // Connections that were cut may still hold the way to the clerk; what it has answered is on disk.
    drop(writing);
    Ok(Exit::Done)
}

/// How a checkpoint's holder line begins while answers are written into it: for moments, which others wait out.
pub(super) const HOLDER: &str = "webhooks";

/// Environment, gateway and account, as checkpoints are bound to them; the batch is not looked at.
fn whose(settings: &Webhooks) -> anyhow::Result<Binding> {
    let name = BatchName::parse("webhooks")
        .map_err(|_| Ending::stopped("the name `webhooks` cannot name a batch", "this is a bug"))?;
    Ok(door::binding(&settings.gateway, &name))
}

fn see_folder(folder: &Path) -> anyhow::Result<()> {
    std::fs::read_dir(folder).map(|_| ()).map_err(|why| {
        Ending::stopped(
            format!("cannot read the folder {}: {why}", folder.display()),
            "name the folder that holds the checkpoints with --checkpoints",
        )
        .into()
    })
}

async fn listen(settings: &Webhooks) -> anyhow::Result<TcpListener> {
    let bound = TcpListener::bind(settings.listen).await;
    bound.map_err(|why| {
        Ending::stopped(
            format!("cannot listen on {}: {why}", settings.listen),
            "name a free address with --listen",
        )
        .into()
    })
}

/// The results of a batch are written again where `status` would write them by default. A run that named another place
/// finds its own there untouched: where that is, no checkpoint knows.
fn refresh(environment: Environment) -> Refresh {
    Arc::new(move |store: &Store, binding: &Binding| {
        let path = Files::results_beside(store.path(), &binding.batch, environment);
        if !path.exists() {
            return Ok(());
        }
        let earlier = Files::earlier_beside(&path, &binding.batch, environment);
        let strays = older::compare(store, &path, &earlier, environment.word())?;
        if !strays.is_none() {
            tracing::error!("{}; not written", strays.words(store.path(), &path));
            return Ok(());
        }
        results::write(store, &path, environment.word())?;
        Ok(store.note_written(&older::mark(&path, &earlier))?)
    })
}
