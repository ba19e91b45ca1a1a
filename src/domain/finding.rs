//! What a reply of the gateway means, in our words. The reading itself is `gateway::reading`.
//!
//! There is deliberately no "failed": a reply either proves something or leaves the payout in doubt.

use std::time::Duration;

/// What the reply to one create request proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The gateway confirmed the Cashgram, with reference id and link.
    Created(Receipt),
    /// The id exists at the gateway (409). Whether it is ours, only our own history can tell.
    Duplicate,
    /// A documented refusal of this row's data: this request created nothing.
    Rejected(Refusal),
    /// Provably no byte of the request left: DNS, connect or TLS.
    NotSent {
        /// What happened, for people.
        why: String,
    },
    /// 429: not processed; wait at least so long (if the gateway said) before anything else is sent.
    Throttled {
        /// The wait that the reply's headers ask for.
        wait: Option<Duration>,
    },
    /// The token was refused; this request created nothing. One shared refresh, then again.
    TokenRefused,
    /// The account, the credentials or the address is wrong: this request created nothing, and no other will.
    StopRun(Stop),
    /// Everything else: it may exist. `stop` is set where the reply also says that going on is pointless.
    InDoubt {
        /// What happened, for people.
        why: String,
        /// Set for answers that no gateway gives, such as an HTML 403 or a redirect: the run stops too.
        stop: Option<Stop>,
    },
}

/// What the reply to one status request proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookUp {
    /// The Cashgram exists.
    Found(Sighting),
    /// The gateway says it knows no such id. Alone this proves nothing: it may lag behind.
    Missing,
    /// 429: wait at least so long (if the gateway said).
    Throttled {
        /// The wait that the reply's headers ask for.
        wait: Option<Duration>,
    },
    /// The token was refused.
    TokenRefused,
    /// Going on is pointless.
    StopRun(Stop),
    /// No usable answer. `sent` is false where provably no byte left.
    NoAnswer {
        /// What happened, for people.
        why: String,
        /// Whether the request may have reached the gateway.
        sent: bool,
    },
}

/// The gateway's confirmation of one Cashgram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The gateway's reference id, as text.
    pub reference: String,
    /// The link that pays: an http(s) URL.
    pub link: String,
}

/// Why the gateway refused a row's data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Symbolic code if the reply had one, else the sub-code, e.g. `422`.
    pub code: String,
    /// The gateway's own words, cut to a bounded length, without control characters.
    pub message: String,
}

/// A Cashgram as a look-up saw it. Reference and link are absent in some replies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Where the link stands.
    pub status: Status,
    /// Reference id, if the reply carried it.
    pub reference: Option<String>,
    /// http(s) link, if the reply carried it.
    pub link: Option<String>,
    /// The gateway's reason, e.g. `TRANSFER_ATTEMPTS_EXCEEDED`.
    pub reason: Option<String>,
    /// Bank reference of a redeemed link.
    pub utr: Option<String>,
}

/// A status: the gateway's own word, and what we take it for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Status {
    /// What we take the word for.
    pub class: StatusClass,
    /// The gateway's own word, trimmed, e.g. `ACTIVE`.
    pub word: String,
}

/// What a status word is taken for. An unknown word is never taken for paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StatusClass {
    /// Created, not yet redeemed.
    Active,
    /// Redemption accepted, the bank has not confirmed.
    Pending,
    /// Paid out. May still become `Reversed`.
    Redeemed,
    /// Dead: date passed, attempts used up, or deactivated.
    Expired,
    /// Dead: the transfer failed for good.
    Failed,
    /// Dead: the bank returned the money.
    Reversed,
    /// A word that we do not know: keep asking.
    Other,
}

/// Why the whole run must stop, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// What kind of thing is wrong.
    pub cause: StopCause,
    /// What the gateway said, or what happened: lower case, for people.
    pub message: String,
    /// What to do before running again.
    pub remedy: String,
}

/// The kinds of things that stop a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopCause {
    /// Client id or secret is wrong.
    Credentials,
    /// This machine's address is not on the account's list.
    IpNotWhitelisted,
    /// The payouts API is not enabled, or a permission is missing.
    NotEnabled,
    /// The signature header is missing or refused.
    Signature,
    /// The account's balance is too low.
    Balance,
    /// No fund source, or no rates configured.
    Account,
    /// Wrong address: 404, 405, a redirect, a page that is not the gateway's.
    Address,
    /// A certificate or TLS problem: who is at the other end is not proven.
    Tls,
    /// The gateway said something that contradicts itself, e.g. answered for another id.
    Protocol,
}

impl StatusClass {
    /// Whether the money can no longer arrive through this link.
    pub fn is_dead(self) -> bool {
        match self {
            StatusClass::Expired | StatusClass::Failed | StatusClass::Reversed => true,
            StatusClass::Active
            | StatusClass::Pending
            | StatusClass::Redeemed
            | StatusClass::Other => false,
        }
    }
}
