//! `paysheet webhooks`, and the events of `paysheet sandbox`, as typed.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::{GatewayArgs, PlaceArgs};

/// `paysheet webhooks`
#[derive(Args, Clone, Debug)]
pub struct WebhooksArgs {
    /// Address to listen on, plain HTTP; port 0 picks a free one. The address in the Cashfree dashboard must be https://,
    /// so a proxy with your certificate stands in front
    #[arg(long, value_name = "ADDR")]
    pub listen: SocketAddr,
    /// Folder with the checkpoints of the batches to follow
    #[arg(long, value_name = "DIR")]
    pub checkpoints: PathBuf,
    /// File that keeps received events [default: webhooks[.ENV].inbox.db in that folder]
    #[arg(long, value_name = "PATH")]
    pub inbox: Option<PathBuf>,
    /// Where options come from.
    #[command(flatten)]
    pub place: PlaceArgs,
    /// The gateway.
    #[command(flatten)]
    pub gateway: GatewayArgs,
}

/// What `paysheet sandbox` posts when links are redeemed, die or come back.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Events")]
pub struct EventArgs {
    /// Post signed events to this address of this machine, such as that of `paysheet webhooks` [default: none]
    #[arg(long, value_name = "URL")]
    pub webhook: Option<String>,
    /// How they are written [default: form]
    #[arg(long, value_name = "form|json", requires = "webhook")]
    pub webhook_format: Option<String>,
    /// What goes wrong with them, such as duplicate=10%,reorder=20%,lose=1%
    #[arg(long, value_name = "LIST", requires = "webhook")]
    pub webhook_fault: Option<String>,
}

/// Examples, secrets and exit codes.
pub(super) const HELP_WEBHOOKS: &str = "\
Every event is checked against your client secret (of the oldest key pair that
is active), kept on disk, and only then answered 200. It changes nothing by
itself: the gateway is asked where the link stands, and that answer goes into
the batch's checkpoint and results, once no other run is using them.

While you change keys, give the former secret in
CASHFREE_PREVIOUS_CLIENT_SECRET, or as previous_client_secret in the
credentials file. GET /healthz answers ok. Stop it with Ctrl-C or SIGTERM; what
is not followed yet is, at the next start.

Examples:
  paysheet webhooks --env production --listen 127.0.0.1:8910 --checkpoints .
  paysheet webhooks --env test --listen 127.0.0.1:8910 --checkpoints /srv/june

Exit codes:
  0 stopped by Ctrl-C or SIGTERM   2 wrong usage
  1 the address, the folder or the inbox is not to be had";
