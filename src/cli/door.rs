//! The way to the gateway: a client for the real one, or the simulator started inside this process.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use aws_lc_rs::digest;
use secrecy::SecretString;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::checkpoint::{Binding, Store};
use crate::clock::Clock;
use crate::domain::BatchName;
use crate::gateway::address::BaseUrl;
use crate::gateway::client::{Client, ClientOptions};
use crate::sandbox::{self, Sandbox};

use super::args::EmbeddedArgs;
use super::credentials::mask;
use super::exit::Ending;
use super::judge::hex;
use super::settings::{Door, Files, Gateway, Remote};

/// What a checkpoint of the embedded simulator is bound to instead of its ever-changing port.
const EMBEDDED_HOST: &str = "embedded sandbox";
/// A connection that takes longer to open than this will not open.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The simulator's last connections close within milliseconds.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// Bytes of the client id's hash that a checkpoint keeps: enough to tell accounts apart, useless for anything else.
const ACCOUNT_HASH_BYTES: usize = 12;

/// An open way to the gateway.
pub(super) struct Opened {
    /// The client.
    pub(super) client: Arc<Client>,
    /// The account, masked, for people.
    pub(super) account: String,
    /// The simulator, where it runs inside this process.
    pub(super) embedded: Option<Embedded>,
}

/// The simulator inside this process.
pub(super) struct Embedded {
    stop: oneshot::Sender<()>,
    served: JoinHandle<std::io::Result<()>>,
}

impl Embedded {
    /// Ends it, so that its books are closed and nothing of them is left beside the sheet but the one file. All
    /// clients must be gone.
    pub(super) async fn close(self) {
        // Whatever goes wrong here concerns play money alone.
        let _ = self.stop.send(());
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, self.served).await;
    }
}

/// What the checkpoint of this batch must be bound to.
pub(super) fn binding(gateway: &Gateway, batch: &BatchName) -> Binding {
    let (host, client_id) = match &gateway.door {
        Door::Embedded(_) => (EMBEDDED_HOST.to_owned(), sandbox::CLIENT_ID),
        Door::Remote(remote) => (remote.base_url.host(), remote.credentials.id()),
    };
    let hash = digest::digest(&digest::SHA256, client_id.as_bytes());
    let account = hash
        .as_ref()
        .get(..ACCOUNT_HASH_BYTES)
        .map(hex)
        .unwrap_or_default();
    Binding {
        environment: gateway.environment.word().to_owned(),
        host,
        account,
        batch: batch.as_str().to_owned(),
    }
}

/// Stops a question about links of a rehearsal whose simulator has forgotten them, by a purge or by hand: it would answer
/// that it never knew them, which of real links is an alarm.
///
/// # Errors
///
/// [`Ending`] with exit code 1 that names the missing file.
pub(super) fn refuse_forgotten(
    gateway: &Gateway,
    files: &Files,
    store: &Store,
) -> anyhow::Result<()> {
    let books = &files.books;
    if !matches!(gateway.door, Door::Embedded(_)) || books.exists() || !store.has_history()? {
        return Ok(());
    }
    Err(Ending::stopped(
        format!(
            "the links of this rehearsal are gone with {}, which stood for the gateway: nothing can be asked about them",
            books.display()
        ),
        "they never were real; rehearse again under another name with --batch",
    )
    .into())
}

/// Opens the way. The embedded simulator serves until it is closed.
///
/// # Errors
///
/// If a key or certificate file cannot be used, or the simulator's books not be opened.
pub(super) async fn open(gateway: &Gateway, files: &Files) -> anyhow::Result<Opened> {
    match &gateway.door {
        Door::Embedded(options) => {
            let (address, embedded) = start_embedded(options, &files.books).await?;
            let secret = SecretString::from(sandbox::CLIENT_SECRET);
            let mut options = client_options(gateway, address, sandbox::CLIENT_ID, secret);
            options.client_id = sandbox::CLIENT_ID.to_owned();
            Ok(Opened {
                client: Arc::new(Client::new(options)?),
                account: mask(sandbox::CLIENT_ID),
                embedded: Some(embedded),
            })
        }
        Door::Remote(remote) => open_remote(gateway, remote),
    }
}

pub(super) fn open_remote(gateway: &Gateway, remote: &Remote) -> anyhow::Result<Opened> {
    let read = |path: &Path| {
        std::fs::read(path).map_err(|error| {
            Ending::stopped(
                format!("cannot read {}: {error}", path.display()),
                "check the path and its permissions",
            )
        })
    };
    let credentials = &remote.credentials;
    let base_url = remote.base_url.clone();
    let mut options = client_options(
        gateway,
        base_url,
        credentials.id(),
        credentials.secret().clone(),
    );
    options.public_key = remote.public_key.as_deref().map(read).transpose()?;
    options.ca_file = remote.ca_file.as_deref().map(read).transpose()?;
    options.proxy = remote.proxy.clone().map(SecretString::from);
    let client = Client::new(options).map_err(|error| Ending::stopped(error.to_string(), ""))?;
    Ok(Opened {
        client: Arc::new(client),
        account: credentials.shown(),
        embedded: None,
    })
}

fn client_options(
    gateway: &Gateway,
    base_url: BaseUrl,
    id: &str,
    secret: SecretString,
) -> ClientOptions {
    ClientOptions {
        base_url,
        client_id: id.to_owned(),
        client_secret: secret,
        public_key: None,
        timeout: gateway.timeout,
        connect_timeout: CONNECT_TIMEOUT.min(gateway.timeout),
        proxy: None,
        ca_file: None,
        user_agent: concat!("paysheet/", env!("CARGO_PKG_VERSION")).to_owned(),
        idle_connections: usize::try_from(gateway.concurrency).unwrap_or(usize::MAX),
        unix_seconds: Arc::new(|| Clock::System.now().as_second()),
    }
}

/// Starts the simulator on a free port of this machine, its books beside the checkpoint.
async fn start_embedded(typed: &EmbeddedArgs, books: &Path) -> anyhow::Result<(BaseUrl, Embedded)> {
    let options = embedded_options(typed)?;
    let mut store = sandbox::Store::open(books)
        .with_context(|| format!("cannot open the sandbox's books {}", books.display()))?;
    let balance = options.rules.opening_balance;
    super::sandbox::fill_purse(&mut store, typed.sandbox_balance.as_deref(), balance)?;
    let sandbox = Sandbox::new(options, Box::new(store))?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .context("cannot start the sandbox")?;
    let address = listener.local_addr().context("cannot start the sandbox")?;
    let (stop, stopped) = oneshot::channel();
    let stopped = async {
        // A dropped sender means the same as a sent word.
        let _ = stopped.await;
    };
    let served = tokio::spawn(sandbox::http::serve(listener, Arc::new(sandbox), stopped));
    let base_url =
        BaseUrl::parse(&format!("http://{address}")).context("cannot reach the sandbox")?;
    Ok((base_url, Embedded { stop, served }))
}

fn embedded_options(typed: &EmbeddedArgs) -> Result<sandbox::Options, Ending> {
    let mut options = sandbox::Options::embedded();
    super::sandbox::tune(
        &mut options,
        &super::sandbox::Tuning {
            prefix: "--sandbox-",
            latency: typed.sandbox_latency.as_deref(),
            faults: typed.sandbox_faults.as_slice(),
            rate_limit: typed.sandbox_rate_limit.as_deref(),
            balance: typed.sandbox_balance.as_deref(),
            seed: typed.sandbox_seed,
            links: typed.sandbox_links.as_slice(),
        },
    )?;
    Ok(options)
}
