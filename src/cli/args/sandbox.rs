//! `paysheet sandbox`, as it is typed.

use std::path::PathBuf;

use clap::{ArgAction, Args};

use super::EventArgs;

/// `paysheet sandbox`
#[derive(Args, Clone, Debug)]
pub struct SandboxArgs {
    /// Address to listen on; port 0 picks a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8900")]
    pub listen: std::net::SocketAddr,
    /// File that keeps what was created from one start to the next [default: kept in memory]
    #[arg(long, value_name = "PATH")]
    pub state: Option<PathBuf>,
    /// How long it takes to answer, such as 200ms±100ms [default: 0]
    #[arg(long, value_name = "DURATION")]
    pub latency: Option<String>,
    /// Requests a second that it takes before it answers 429 [default: no limit]
    #[arg(long, value_name = "N")]
    pub rate_limit: Option<String>,
    /// How long a login lasts
    #[arg(long, value_name = "DURATION")]
    pub session_life: Option<String>,
    /// How it words refusals [default: http200]
    #[arg(long, value_name = "http200|http-status|mixed", value_parser = ["http200", "http-status", "mixed"])]
    pub error_style: Option<String>,
    /// Money on the simulated account from now on [default: ample, or what its books hold]
    #[arg(long, value_name = "AMOUNT")]
    pub balance: Option<String>,
    /// What goes wrong, and how often, such as lost-after=2%,500-after=1%; may be given more than once. The faults are
    /// listed below
    #[arg(long = "fault", alias = "faults", value_name = "LIST", action = ArgAction::Append)]
    pub faults: Vec<String>,
    /// Same seed, same events
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Events that it posts.
    #[command(flatten)]
    pub events: EventArgs,
    /// What recipients do with their links, such as redeem=60%,after=5s; may be given more than once. What there is is
    /// listed below [default: links stay ACTIVE]
    #[arg(long, value_name = "LIST", action = ArgAction::Append)]
    pub links: Vec<String>,
}

const HELP_SANDBOX: &str = "\
Examples:
  paysheet sandbox --listen 127.0.0.1:8900
  paysheet sandbox --state books.db --latency 200ms --links redeem=60%

Exit codes:
  0 stopped by Ctrl-C   1 the address or the state file is not to be had   2 wrong usage";

/// The examples, then every fault and everything about links with what it means.
pub(super) fn help() -> String {
    let mut text = HELP_SANDBOX.to_owned();
    text.push_str(
        "\n\nFaults, each with =SHARE (lost-after=2%) or @PREFIX of an id (lost-after@june-a):\n",
    );
    for (name, meaning) in crate::sandbox::FAULTS {
        text.push_str(&format!("  {name:<18}{meaning}\n"));
    }
    text.push_str("\nLinks:\n");
    for (name, meaning) in crate::sandbox::LINKS {
        text.push_str(&format!("  {name:<20}{meaning}\n"));
    }
    text
}
