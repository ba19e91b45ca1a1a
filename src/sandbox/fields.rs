//! The rules for the fields of a create request, each with the sentence that refuses it (422).
//!
//! The rules are the published ones where one is published; where sources disagree, the wider reading (a simulator
//! that is stricter than the real gateway would teach clients nothing). Where no sentence is published for a rule,
//! the one here is ours; clients must not depend on any.
//!
//! Deliberately absent: changing a value. What is accepted is kept as it came.

use super::answer::Answer;
use super::ask::text_field;
use super::money::{self, NotMoney};
use super::time::{Moment, parse_day};
use serde_json::{Map, Value};

/// The schema and the error table agree on 36; the text says 35. The wider wins.
const ID_MAX: usize = 36;
/// Published for `name`.
const NAME_MAX: usize = 100;
/// Published for `email`.
const EMAIL_MAX: usize = 200;
/// The dashboard's limit for `remarks`; the API publishes none.
const REMARKS_MAX: usize = 100;
/// Published for `phone`, after a leading `+91`.
const PHONE_LEN: std::ops::RangeInclusive<usize> = 8..=12;
/// Days ahead of today that a link may live at most.
const EXPIRY_DAYS_MAX: i64 = 30;
/// The smallest amount of any account: one rupee.
pub(super) const AMOUNT_MIN: i64 = 100;

/// The account's own preferences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Smallest amount in paise.
    pub min: i64,
    /// Largest amount in paise, if the account has one.
    pub max: Option<i64>,
}

/// A create request whose fields are in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) id: String,
    pub(super) amount: i64,
    pub(super) name: String,
    pub(super) phone: String,
    pub(super) email: String,
    pub(super) expiry_day: i64,
}

/// Checks the fields of a create request, in the order in which the documentation lists them.
pub(super) fn check(
    fields: &Map<String, Value>,
    limits: Limits,
    now: Moment,
) -> Result<Order, Answer> {
    let order = Order {
        id: id(fields)?,
        amount: amount(fields, limits)?,
        name: required(fields, "name", is_name, "Please provide a valid name")?,
        phone: phone(fields)?,
        email: optional(fields, "email", is_email, "Please provide a valid email")?,
        expiry_day: expiry(fields, now)?,
    };
    let remarks = "Remarks can have only numbers, alphabets and whitespaces.";
    optional(fields, "remarks", is_remark, remarks)?;
    optional(
        fields,
        "payoutType",
        |_| true,
        "Please provide a valid payoutType",
    )?;
    optional(
        fields,
        "description",
        |_| true,
        "Please provide a valid description",
    )?;
    flag(fields, "notifyCustomer")?;
    flag(fields, "validateAccount")?;
    Ok(order)
}

/// The refusal of an id, also on the operations that only name one.
pub(super) fn bad_id() -> Answer {
    Answer::refused(422, "Please provide a valid cashgram Id")
}

/// Whether a text can be an id at all.
pub(super) fn is_id(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    !text.is_empty() && text.len() <= ID_MAX && text.bytes().all(allowed)
}

fn id(fields: &Map<String, Value>) -> Result<String, Answer> {
    let given = text_field(fields, "cashgramId").ok_or_else(bad_id)?;
    match given {
        given if is_id(given) => Ok(given.to_owned()),
        given if given.len() > ID_MAX => Err(Answer {
            symbol: Some("cashgram_id_length_exceeded"),
            ..bad_id()
        }),
        _ => Err(bad_id()),
    }
}

/// An amount may be a text or a number; a number is read from its digits, never through a float.
fn amount(fields: &Map<String, Value>, limits: Limits) -> Result<i64, Answer> {
    let refuse = |symbol, message: String| Answer::named(422, symbol, message);
    let invalid = || refuse("amount_invalid", "Invalid amount passed.".into());
    let text = match fields.get("amount") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => {
            return Err(invalid());
        }
    };
    let paise = money::parse(&text).map_err(|why| match why {
        NotMoney::Shape => invalid(),
        NotMoney::Decimals => refuse(
            "amount_invalid",
            "Invalid Amount Passed.Only 2 decimal places are allowed.".into(),
        ),
    })?;
    match paise {
        paise if paise < AMOUNT_MIN => Err(invalid()),
        paise if paise < limits.min => {
            let least = money::text(limits.min);
            Err(refuse(
                "amount_below_minimum",
                format!("Amount is below the minimum of Rs. {least}"),
            ))
        }
        paise => limits
            .max
            .filter(|max| paise > *max)
            .map_or(Ok(paise), |max| {
                let most = money::text(max);
                Err(refuse(
                    "amount_above_maximum",
                    format!("Amount is above the maximum of Rs. {most}"),
                ))
            }),
    }
}

fn phone(fields: &Map<String, Value>) -> Result<String, Answer> {
    let bad = || Answer::named(422, "phone_invalid", "Please provide a valid Phone Number");
    let given = text_field(fields, "phone").ok_or_else(bad)?;
    let digits = given.strip_prefix("+91").unwrap_or(given);
    let good = PHONE_LEN.contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    good.then(|| given.to_owned()).ok_or_else(bad)
}

fn expiry(fields: &Map<String, Value>, now: Moment) -> Result<i64, Answer> {
    let bad = || {
        let message =
            "Please provide a valid linkExpiry (YYYY/MM/DD), from today to at most 30 days ahead";
        Answer::named(422, "expiry_date_invalid", message)
    };
    let day = text_field(fields, "linkExpiry")
        .and_then(parse_day)
        .ok_or_else(bad)?;
    let today = now.india_day();
    let allowed = today..=today.saturating_add(EXPIRY_DAYS_MAX);
    allowed.contains(&day).then_some(day).ok_or_else(bad)
}

fn flag(fields: &Map<String, Value>, key: &'static str) -> Result<(), Answer> {
    let good = match fields.get(key) {
        None | Some(Value::Null | Value::Bool(_)) => true,
        Some(Value::Number(number)) => matches!(number.as_u64(), Some(0 | 1)),
        Some(Value::String(text)) => matches!(text.as_str(), "0" | "1"),
        Some(Value::Array(_) | Value::Object(_)) => false,
    };
    let refusal = || {
        Answer::named(
            422,
            "notifyCustomer_invalid",
            format!("{key} can only be 0 or 1"),
        )
    };
    if good { Ok(()) } else { Err(refusal()) }
}

/// A text that must be there and pass `good`.
fn required(
    fields: &Map<String, Value>,
    key: &str,
    good: fn(&str) -> bool,
    message: &'static str,
) -> Result<String, Answer> {
    let given = text_field(fields, key).filter(|text| good(text));
    given
        .map(str::to_owned)
        .ok_or_else(|| Answer::refused(422, message))
}

/// A text that may be absent, null or empty, and must pass `good` otherwise.
fn optional(
    fields: &Map<String, Value>,
    key: &str,
    good: fn(&str) -> bool,
    message: &'static str,
) -> Result<String, Answer> {
    match fields.get(key) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) if text.is_empty() || good(text) => Ok(text.clone()),
        Some(_) => Err(Answer::refused(422, message)),
    }
}

fn is_name(text: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '.' | '-' | '/' | '&');
    !text.trim().is_empty() && text.chars().count() <= NAME_MAX && text.chars().all(allowed)
}

fn is_email(text: &str) -> bool {
    text.contains('@') && text.contains('.') && text.len() <= EMAIL_MAX
}

fn is_remark(text: &str) -> bool {
    text.len() <= REMARKS_MAX && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b' ')
}

#[cfg(test)]
mod tests;
