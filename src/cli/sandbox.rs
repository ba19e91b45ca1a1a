//! `paysheet sandbox`: the simulated gateway on an address of this machine, for rehearsals and other clients' tests.

use std::sync::Arc;

use secrecy::ExposeSecret;

use crate::sandbox::webhooks::Webhook;
use crate::sandbox::{self, Latency, Memory, Options, Plan, Sandbox};

use super::args::{EventArgs, SandboxArgs};
use super::exit::{Ending, Exit};
use super::settings;
use super::shell::Shell;
use super::values;

/// How a simulator is tuned, as typed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tuning<'t> {
    /// What stands before the options' names: `--`, or `--sandbox-` where the simulator is built in.
    pub(super) prefix: &'t str,
    pub(super) latency: Option<&'t str>,
    pub(super) faults: &'t [String],
    pub(super) rate_limit: Option<&'t str>,
    pub(super) balance: Option<&'t str>,
    pub(super) seed: Option<u64>,
    pub(super) links: &'t [String],
}

/// Applies what was typed to `options`.
///
/// # Errors
///
/// [`Ending`] with exit code 2 that names the option.
pub(super) fn tune(options: &mut Options, typed: &Tuning<'_>) -> Result<(), Ending> {
    let wrong = |option: &str, why: String| {
        let option = format!("{}{option}", typed.prefix);
        Ending::usage(format!("{option}: {why}"), "see --help for what it takes")
    };
    if let Some(text) = typed.latency {
        options.latency = text
            .parse::<Latency>()
            .map_err(|why| wrong("latency", why))?;
    }
    if !typed.faults.is_empty() {
        options.faults = typed
            .faults
            .join(",")
            .parse::<Plan>()
            .map_err(|why| wrong("fault", why))?;
    }
    if let Some(text) = typed.rate_limit {
        options.rate_limit = Some(text.parse().map_err(|_| {
            wrong(
                "rate-limit",
                format!("`{text}` is not a number of requests a second"),
            )
        })?);
    }
    if let Some(text) = typed.balance {
        options.rules.opening_balance = values::total(text)
            .map_err(|why| wrong("balance", why))?
            .paise();
    }
    if let Some(seed) = typed.seed {
        options.rules.seed = seed;
    }
    if !typed.links.is_empty() {
        let base = options.rules.life;
        options.rules.life = base
            .tuned(&typed.links.join(","))
            .map_err(|why| wrong("links", why))?;
    }
    Ok(())
}

/// Gives the account the balance that was asked for, also where the books know another one from before.
///
/// # Errors
///
/// If the books cannot be read or written.
pub(super) fn fill_purse(
    books: &mut dyn sandbox::Books,
    typed: Option<&str>,
    balance: i64,
) -> Result<(), sandbox::Broken> {
    match books.purse()? {
        Some(purse) if typed.is_some() => books.save_purse(&sandbox::Purse { balance, ..purse }),
        Some(_) | None => Ok(()),
    }
}

/// Serves until Ctrl-C.
///
/// # Errors
///
/// If the address or the books cannot be had.
pub(super) async fn run(settings: &settings::Sandbox, shell: &Shell) -> anyhow::Result<Exit> {
    let typed = &settings.options;
    let options = options(settings)?;
    let webhook = webhook(&typed.events)?;
    let (id, secret) = (
        options.rules.client_id.clone(),
        options.rules.client_secret.clone(),
    );
    let mut books: Box<dyn sandbox::Books> = match &typed.state {
        Some(path) => Box::new(
            sandbox::Store::open(path).map_err(|why| Ending::stopped(why.to_string(), ""))?,
        ),
        None => Box::new(Memory::new()),
    };
    let balance = options.rules.opening_balance;
    fill_purse(&mut *books, typed.balance.as_deref(), balance)?;
    let sandbox = Arc::new(Sandbox::new(options, books)?);
    let cannot = |why: std::io::Error| {
        Ending::stopped(
            format!("cannot listen on {}: {why}", typed.listen),
            "name a free address with --listen",
        )
    };
    let listener = tokio::net::TcpListener::bind(typed.listen)
        .await
        .map_err(cannot)?;
    let address = listener.local_addr().map_err(cannot)?;
    let given = settings.credentials.is_some();
    shell.out.paragraph(&greeting(
        &address.to_string(),
        &id,
        if given { "yours" } else { &secret },
    ));
    let mut first = shell.signals.clone();
    let stopped = async move {
        if first.wait_for(|set| *set).await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let events = webhook
        .map(|webhook| tokio::spawn(sandbox::webhooks::deliver(Arc::clone(&sandbox), webhook)));
    sandbox::http::serve(listener, sandbox, stopped).await?;
    if let Some(events) = events {
        events.abort();
    }
    Ok(Exit::Done)
}

/// Where events go, if anywhere.
fn webhook(typed: &EventArgs) -> Result<Option<Webhook>, Ending> {
    let wrong = |option: &str, why: String| {
        Ending::usage(format!("{option}: {why}"), "see --help for what it takes")
    };
    let Some(url) = &typed.webhook else {
        return Ok(None);
    };
    let mut webhook = Webhook::new(url).map_err(|why| wrong("--webhook", why))?;
    if let Some(text) = &typed.webhook_format {
        webhook.form = text.parse().map_err(|why| wrong("--webhook-format", why))?;
    }
    if let Some(text) = &typed.webhook_fault {
        webhook.trouble = text.parse().map_err(|why| wrong("--webhook-fault", why))?;
    }
    Ok(Some(webhook))
}

/// A secret of the environment is not printed; the published one guards nothing.
fn greeting(address: &str, id: &str, secret: &str) -> String {
    format!(
        "the sandbox listens on http://{address}: no account, no network, no money\n  CASHFREE_CLIENT_ID={id}\n  \
         CASHFREE_CLIENT_SECRET={secret}\nto use it: paysheet send SHEET --env test --base-url http://{address}\nCtrl-C ends it"
    )
}

fn options(settings: &settings::Sandbox) -> Result<Options, Ending> {
    let typed: &SandboxArgs = &settings.options;
    let mut options = Options::default();
    if let Some(credentials) = &settings.credentials {
        credentials.id().clone_into(&mut options.rules.client_id);
        credentials
            .secret()
            .expose_secret()
            .clone_into(&mut options.rules.client_secret);
    }
    let wrong = |option: &str, why: String| {
        Ending::usage(format!("{option}: {why}"), "see --help for what it takes")
    };
    if let Some(text) = &typed.session_life {
        options.rules.token_life = text.parse().map_err(|why| wrong("--session-life", why))?;
    }
    if let Some(text) = &typed.error_style {
        options.error_style = text
            .replace('-', "_")
            .parse()
            .map_err(|why| wrong("--error-style", why))?;
    }
    tune(
        &mut options,
        &Tuning {
            prefix: "--",
            latency: typed.latency.as_deref(),
            faults: &typed.faults,
            rate_limit: typed.rate_limit.as_deref(),
            balance: typed.balance.as_deref(),
            seed: typed.seed,
            links: &typed.links,
        },
    )?;
    Ok(options)
}
