//! What one create says, fixed before it is written down. PURE.

use std::sync::Arc;

use aws_lc_rs::digest;
use jiff::civil::Date;

use crate::checkpoint::OpenRow;
use crate::domain::planted::{self, Mistake};
use crate::domain::{LinkExpiry, Terms};
use crate::gateway::wire::{CreateOrder, create_body};

/// What applies to rows that do not say otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderRules {
    /// Days that a link lives where the row has no expiry.
    pub expires_in: LinkExpiry,
    /// Whether the gateway messages the recipient where the row does not say.
    pub notify: bool,
}

/// A create, ready to be recorded and sent.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) terms: Terms,
    pub(super) body: Arc<str>,
    /// Whether the body differs from the recorded one.
    pub(super) is_new: bool,
}

/// The create of `row` on `today` in India, from which `+7d` and a blank expiry are counted: byte for byte the recorded one while that may have been acted on, else as the sheet is now.
pub(super) fn order(row: &OpenRow, rules: &OrderRules, today: Date) -> Order {
    if row.standing.is_frozen()
        && !planted::is(Mistake::BodyChangedOnResend)
        && let (Some(body), Some(terms)) = (&row.body, row.standing.terms)
    {
        return Order {
            terms,
            body: body.clone(),
            is_new: false,
        };
    }
    let expiry = expiry_of(row, rules, today);
    let phone = format!("{:010}", row.phone);
    let order = CreateOrder {
        id: &row.cashgram_id,
        amount_paise: row.amount.paise().unsigned_abs(),
        name: &row.name,
        phone: &phone,
        email: present(&row.email),
        link_expiry: expiry,
        remarks: present(&row.remarks),
        notify: row.notify.unwrap_or(rules.notify),
        payout_type: present(&row.payout_type),
        description: present(&row.description),
    };
    let terms = terms(&phone, row.amount.paise(), expiry);
    Order {
        terms,
        body: Arc::from(create_body(&order)),
        is_new: !(planted::is(Mistake::BodyChangedOnResend) && row.standing.is_frozen()),
    }
}

fn present(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn expiry_of(row: &OpenRow, rules: &OrderRules, today: Date) -> Date {
    LinkExpiry::from_stored(&row.link_expiry)
        .unwrap_or(rules.expires_in)
        .on(today)
}

/// The first eight bytes of a SHA-256: two payments of one id are never mistaken for each other by accident.
fn terms(phone: &str, paise: i64, expiry: Date) -> Terms {
    let digest = digest::digest(
        &digest::SHA256,
        format!("{phone}|{paise}|{expiry}").as_bytes(),
    );
    let mut first = [0_u8; 8];
    first
        .iter_mut()
        .zip(digest.as_ref())
        .for_each(|(to, from)| *to = *from);
    Terms(u64::from_be_bytes(first))
}
