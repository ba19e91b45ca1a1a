//! The way to the gateway, the account, the clocks and the balance: one login and one question.

use jiff::Timestamp;
use secrecy::SecretString;

use crate::domain::{Finding, Money};
use crate::gateway::client::Client;
use crate::gateway::{Answer, Gateway as _, Reply, Token, reading};
use crate::report::words::rupees;

use super::super::door;
use super::super::settings::{Door, Gateway};
use super::super::shell::Shell;
use super::Findings;

/// Clocks further apart than this are a problem: signed logins are refused, and links expire on another day than meant.
const CLOCK_SECONDS_MAX: i64 = 5 * 60;
const CHECK_NETWORK: &str =
    "check the network, a proxy between here and there, and the gateway's status page";
const SET_THE_CLOCK: &str =
    "set this machine's clock, best by NTP: link expiry, signed logins and TLS depend on it";

pub(super) async fn examine(gateway: &Gateway, shell: &Shell, findings: &mut Findings) {
    let remote = match &gateway.door {
        Door::Embedded(_) => {
            findings.good(
                "gateway",
                "the simulator inside the command: no account, no network, no money",
            );
            return;
        }
        Door::Remote(remote) => remote,
    };
    let opened = match door::open_remote(gateway, remote) {
        Ok(opened) => opened,
        Err(error) => return findings.problem("settings", format!("{error:#}"), ""),
    };
    let host = remote.base_url.host();
    let token = opened.client.token().await;
    match &token {
        Ok(_) => findings.good(
            "credentials",
            format!("account {} is let in by {host}", opened.account),
        ),
        Err(finding) => refused(finding, &host, findings),
    }
    ask(&opened.client, token.ok(), &host, shell, findings).await;
}

/// Why there is no token.
fn refused(finding: &Finding, host: &str, findings: &mut Findings) {
    match finding {
        Finding::StopRun(stop) => findings.problem("credentials", &stop.message, &stop.remedy),
        Finding::NotSent { why } | Finding::InDoubt { why, .. } => {
            findings.problem("network", format!("{host}: {why}"), CHECK_NETWORK);
        }
        Finding::Throttled { .. } => findings.problem(
            "network",
            format!("{host} asks to wait"),
            "run it again in a minute",
        ),
        Finding::TokenRefused | Finding::Created(_) | Finding::Duplicate | Finding::Rejected(_) => {
            findings.problem(
                "credentials",
                format!("{host} gave no token"),
                CHECK_NETWORK,
            );
        }
    }
}

/// Asks for the balance; without a token the answer is a refusal, but it tells the time all the same.
async fn ask(
    client: &Client,
    token: Option<Token>,
    host: &str,
    shell: &Shell,
    findings: &mut Findings,
) {
    let let_in = token.is_some();
    let token = token.unwrap_or_else(|| Token::new(SecretString::from("none")));
    let reply = client.balance(&token).await;
    match &reply {
        Reply::NotSent { why, .. } | Reply::NoAnswer { why } => {
            if let_in {
                findings.problem("network", format!("{host}: {why}"), CHECK_NETWORK);
            }
            return;
        }
        Reply::Answer(answer) => {
            if let_in {
                findings.good("network", format!("{host} answers"));
            }
            clock(answer, shell.clock.now(), findings);
        }
    }
    if !let_in {
        return;
    }
    match reading::read_balance(&reply) {
        Ok(balance) => {
            let available = Money::from_paise(balance.available.max(0)).unwrap_or_default();
            findings.good("balance", format!("{} available", rupees(available)));
        }
        Err(Finding::StopRun(stop)) => findings.problem("balance", stop.message, &stop.remedy),
        Err(Finding::NotSent { why } | Finding::InDoubt { why, .. }) => {
            findings.problem("balance", why, CHECK_NETWORK);
        }
        Err(
            Finding::Throttled { .. }
            | Finding::TokenRefused
            | Finding::Created(_)
            | Finding::Duplicate
            | Finding::Rejected(_),
        ) => findings.problem(
            "balance",
            "it cannot be read now",
            "run it again in a minute",
        ),
    }
}

fn clock(answer: &Answer, now: Timestamp, findings: &mut Findings) {
    let Some(theirs) = answer.headers.date else {
        findings.note("clock", "the gateway does not say what time it is");
        return;
    };
    let ahead = now.as_second().saturating_sub(theirs);
    let apart = ahead.saturating_abs();
    if apart <= CLOCK_SECONDS_MAX {
        findings.good(
            "clock",
            format!("within {} s of the gateway's", apart.max(1)),
        );
        return;
    }
    let side = if ahead > 0 { "ahead of" } else { "behind" };
    findings.problem(
        "clock",
        format!("this machine's is {} min {side} the gateway's", apart / 60),
        SET_THE_CLOCK,
    );
}
