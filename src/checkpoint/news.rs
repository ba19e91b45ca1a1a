//! What is recorded of one payout, and how it is spelled in the file. PURE.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::{
    Fact, Found, Money, Receipt, Refusal, Seen, Sighting, Standing, Status, Terms,
};

use super::store::{PayoutNo, class_code};

/// News of one payout, to be recorded.
#[derive(Clone, Debug)]
pub struct Posting {
    /// Whose.
    pub payout: PayoutNo,
    /// When, for people; nothing is decided by it.
    pub at: Timestamp,
    /// What.
    pub news: News,
    /// What the poster takes the payout for, if it knows. It is proved where it is used, and spares a reading.
    pub believed: Option<Believed>,
}

impl Posting {
    /// What of it may be kept once personal data was removed: neither a link nor a sentence that may name somebody.
    pub(super) fn nameless(&self) -> Posting {
        let mut posting = self.clone();
        if let News::Present(seen) | News::Swept(seen) = &mut posting.news {
            seen.link = None;
            seen.reason = seen.reason.take().filter(|reason| is_code(reason));
        } else if let News::Found(_, why) = &mut posting.news {
            why.clear();
        }
        posting
    }
}

/// Such as `TRANSFER_ATTEMPTS_EXCEEDED`.
fn is_code(reason: &str) -> bool {
    reason.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
}

/// A payout of the sheet that has no status yet, as its poster knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Believed {
    /// Where it stands.
    pub standing: Standing,
    /// Its amount.
    pub amount: Money,
}

/// A fact with what it carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// A create is about to leave.
    Sending {
        /// Its number.
        attempt: u32,
        /// What it would pay.
        terms: Terms,
        /// The body, unless it is the recorded one sent again.
        body: Option<Arc<str>>,
    },
    /// Confirmed. `status` is where a new link stands.
    Created(Receipt, Status),
    /// Refused.
    Rejected(Refusal),
    /// Any other finding, with what happened in words.
    Found(Found, String),
    /// A look-up found it.
    Present(Sighting),
    /// A look-up did not find it.
    Missing,
    /// The user adopted it.
    Adopted,
    /// Its row was mended.
    Mended,
    /// It was refused to a checkpoint that was lost.
    RefusedBefore,
    /// A sweep read its status.
    Swept(Sighting),
    /// The user wants it stopped, and named it.
    Cancelling,
    /// The user wants the whole batch stopped.
    Closing,
    /// The gateway deactivated its link.
    Deactivated,
    /// The wish to stop it was taken back.
    Resumed,
    /// A second look found its link dead.
    ProvenDead,
}

/// What the fact of a new link carries: there is one for every payout, and a map would be made for each.
#[derive(Serialize)]
struct Made<'a> {
    link: &'a str,
    reference: &'a str,
}

impl News {
    pub(super) fn fact(&self) -> Fact {
        match self {
            News::Sending { attempt, terms, .. } => Fact::Sending {
                attempt: *attempt,
                terms: *terms,
            },
            News::Created(..) => Fact::Found(Found::Created),
            News::Rejected(_) => Fact::Found(Found::Rejected),
            News::Found(found, _) => Fact::Found(*found),
            News::Present(seen) => Fact::LookedUp(Seen::Present(seen.status.class.into())),
            News::Missing => Fact::LookedUp(Seen::Missing),
            News::Adopted => Fact::Adopted,
            News::Mended => Fact::Mended,
            News::RefusedBefore => Fact::RefusedBefore,
            News::Swept(seen) => Fact::Swept(seen.status.class.into()),
            News::Cancelling => Fact::Cancelling,
            News::Closing => Fact::Closing,
            News::Deactivated => Fact::Deactivated,
            News::Resumed => Fact::Resumed,
            News::ProvenDead => Fact::ProvenDead,
        }
    }

    /// How the fact is spelled in the file.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            News::Sending { .. } => "sending",
            News::Created(..) => "created",
            News::Rejected(_) => "rejected",
            News::Found(found, _) => match found {
                Found::Created => "created",
                Found::Duplicate => "duplicate",
                Found::Rejected => "rejected",
                Found::NotSent => "not_sent",
                Found::Throttled => "throttled",
                Found::TokenRefused => "token_refused",
                Found::Stopped => "stopped",
                Found::InDoubt => "in_doubt",
            },
            News::Present(_) => "found",
            News::Missing => "missing",
            News::Adopted => "adopted",
            News::Mended => "mended",
            News::RefusedBefore => "refused_before",
            News::Swept(_) => "swept",
            News::Cancelling => "cancelling",
            News::Closing => "closing",
            News::Deactivated => "deactivated",
            News::Resumed => "resumed",
            News::ProvenDead => "proven_dead",
        }
    }

    pub(super) fn detail(&self) -> Option<String> {
        match self {
            News::Sending { .. }
            | News::Missing
            | News::Adopted
            | News::Mended
            | News::RefusedBefore
            | News::Cancelling
            | News::Closing
            | News::Deactivated
            | News::Resumed
            | News::ProvenDead => None,
            News::Created(receipt, _) => {
                let Receipt { reference, link } = receipt;
                serde_json::to_string(&Made { link, reference }).ok()
            }
            News::Rejected(refusal) => Some(
                serde_json::json!({"code": refusal.code, "message": refusal.message}).to_string(),
            ),
            News::Found(_, why) => Some(serde_json::json!({"why": why}).to_string()),
            News::Present(seen) | News::Swept(seen) => Some(
                serde_json::json!({
                    "status": seen.status.word, "class": class_code(seen.status.class),
                    "reference": seen.reference, "link": seen.link,
                    "reason": seen.reason, "utr": seen.utr,
                })
                .to_string(),
            ),
        }
    }
}
