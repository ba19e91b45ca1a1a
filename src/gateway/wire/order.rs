//! What we write: the bodies of requests, byte for byte the same for the same order.
//!
//! Deliberately absent: `serde` derives, whose output would follow the declaration of a type instead of this text, and
//! fields that the API documents but this program does not use (`validateAccount`).

use jiff::civil::Date;

/// What one create request says. Values are checked elsewhere; here they are only written down.
#[derive(Clone, Copy)]
pub struct CreateOrder<'a> {
    /// The id that protects against a second Cashgram.
    pub id: &'a str,
    /// The amount in paise.
    pub amount_paise: u64,
    /// The recipient's name.
    pub name: &'a str,
    /// Ten digits, no prefix.
    pub phone: &'a str,
    /// The recipient's e-mail address.
    pub email: Option<&'a str>,
    /// The last day on which the link can be redeemed, in India's calendar.
    pub link_expiry: Date,
    /// Letters, digits, spaces.
    pub remarks: Option<&'a str>,
    /// Whether the gateway messages the recipient.
    pub notify: bool,
    /// A free label.
    pub payout_type: Option<&'a str>,
    /// A free reason.
    pub description: Option<&'a str>,
}

/// The body of a create request. The same order gives the same bytes, for ever: a body is recorded before it is
/// sent, and sent again byte for byte.
///
/// The amount is a string with two decimals, as in every sample and SDK of theirs, although the schema says number;
/// `notifyCustomer` is the integer 0 or 1 (cashgram-api.md 2.1, 10). Fields that are absent are not sent.
pub fn create_body(order: &CreateOrder<'_>) -> String {
    let CreateOrder {
        amount_paise,
        link_expiry,
        ..
    } = order;
    let amount = format!("{}.{:02}", amount_paise / 100, amount_paise % 100);
    let (year, month, day) = (link_expiry.year(), link_expiry.month(), link_expiry.day());
    let mut body = Body::new();
    body.text("cashgramId", Some(order.id));
    body.text("amount", Some(&amount));
    body.text("name", Some(order.name));
    body.text("phone", Some(order.phone));
    body.text("email", order.email);
    body.text(
        "linkExpiry",
        Some(&format!("{year:04}/{month:02}/{day:02}")),
    );
    body.text("remarks", order.remarks);
    body.raw("notifyCustomer", if order.notify { "1" } else { "0" });
    body.text("payoutType", order.payout_type);
    body.text("description", order.description);
    body.end()
}

/// Until when the link of a [`create_body`] can be redeemed. Quotes within a text are escaped there, so the key is found
/// where it stands and nowhere else.
pub fn expiry_of(body: &str) -> Option<Date> {
    let (_, rest) = body.split_once("\"linkExpiry\":\"")?;
    let (date, _) = rest.split_once('"')?;
    date.replace('/', "-").parse().ok()
}

/// The body of a deactivate request.
pub fn deactivate_body(id: &str) -> String {
    let mut body = Body::new();
    body.text("cashgramId", Some(id));
    body.end()
}

/// A JSON object being written, keys in the order of the calls.
struct Body(String);

impl Body {
    fn new() -> Body {
        Body("{".to_owned())
    }

    fn text(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.raw(key, &serde_json::Value::from(value).to_string());
        }
    }

    fn raw(&mut self, key: &str, value: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push_str(&format!("\"{key}\":{value}"));
    }

    fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}
