//! The protocol as `raw` keeps it, honestly, written from its description alone.
//!
//! Deliberately absent: the wire, and everything a script may do instead.

use std::sync::Mutex;

use serde_json::{Value, json};

use super::gate::{CLIENT_ID, CLIENT_SECRET};
use super::raw::{Ask, Kept, Ledger, locked, text};
use super::raw_http::{Say, Wire};
use super::world::{india_day, paise};

/// One token for everybody: it is the account that is checked, not the session.
const TOKEN: &str = "raw.token.5f1c";

pub(super) fn answer(wire: &Wire, ask: &Ask, books: &Mutex<Ledger>) -> Say {
    let operation = wire.path.rsplit('/').next().unwrap_or_default();
    let known = match (wire.method.as_str(), operation) {
        ("POST", "authorize") => return authorize(wire),
        ("POST", "createCashgram" | "deactivateCashgram") => true,
        ("GET" | "POST", "getCashgramStatus") | ("GET", "getBalance") => true,
        _ => false,
    };
    if !known || !wire.path.contains("/payout/v1") {
        return Say::refusal(405, "Invalid request URL or HTTP method");
    }
    match wire.headers.get("authorization") {
        None => return Say::refusal(412, "Token missing in the request"),
        Some(token) if *token != format!("Bearer {TOKEN}") => {
            return Say::refusal(403, "Token is not valid");
        }
        Some(_) => {}
    }
    let mut ledger = locked(books);
    match operation {
        "createCashgram" => create(wire, &mut ledger),
        "getCashgramStatus" => status(&ask.id, &ledger),
        "deactivateCashgram" => deactivate(&ask.id, &mut ledger),
        _ => success(
            "Ledger balance for the account",
            &json!({"balance": ledger.balance, "availableBalance": ledger.balance}),
        ),
    }
}

fn success(message: &str, data: &Value) -> Say {
    let body = json!({"status": "SUCCESS", "subCode": "200", "message": message, "data": data});
    Say::new(200, body.to_string())
}

fn authorize(wire: &Wire) -> Say {
    let header = |name: &str| wire.headers.get(name).map(String::as_str);
    let known = header("x-client-id") == Some(CLIENT_ID)
        && header("x-client-secret") == Some(CLIENT_SECRET);
    if !known {
        return Say::refusal(401, "Invalid clientId and clientSecret combination");
    }
    let expiry = jiff::Timestamp::now().as_second() + 360;
    success(
        "Token generated",
        &json!({"token": TOKEN, "expiry": expiry}),
    )
}

fn create(wire: &Wire, ledger: &mut Ledger) -> Say {
    let Ok(Value::Object(body)) = serde_json::from_str(&wire.body) else {
        return Say::refusal(412, "Post data is empty or not a valid JSON");
    };
    let field = |name: &str| body.get(name).map(text).unwrap_or_default();
    if let Err(message) = judge(&field) {
        return Say::refusal(422, message);
    }
    let id = field("cashgramId");
    if ledger.cashgrams.contains_key(&id) {
        return Say::refusal(409, &format!("Cashgram with id {id} already exists"));
    }
    let kept = Kept::new(ledger.cashgrams.len(), "ACTIVE", wire.body.clone());
    let data = json!({"referenceId": kept.reference, "cashgramLink": kept.link});
    ledger.cashgrams.insert(id, kept);
    success("Cashgram Created", &data)
}

/// The field rules as published.
fn judge(field: &impl Fn(&str) -> String) -> Result<(), &'static str> {
    let id = field("cashgramId");
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if id.is_empty() || id.len() > 36 || !id.chars().all(plain) {
        return Err("Please provide a valid cashgram Id");
    }
    let amount = field("amount");
    let (rupees, part) = amount.split_once('.').unwrap_or((&amount, "00"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(rupees) || !digits(part) || part.len() > 2 || paise(&amount) < 100 {
        return Err("Invalid amount passed.");
    }
    let phone = field("phone");
    let phone = phone.strip_prefix("+91").unwrap_or(&phone);
    if !digits(phone) || !(8..=12).contains(&phone.len()) {
        return Err("Please provide a valid Phone Number");
    }
    let name = field("name");
    if name.trim().is_empty() || name.chars().count() > 100 {
        return Err("Please provide a valid name");
    }
    if !["0", "1", ""].contains(&field("notifyCustomer").as_str()) {
        return Err("notifyCustomer value must be 0 or 1");
    }
    let expiry = jiff::civil::Date::strptime("%Y/%m/%d", field("linkExpiry"));
    match expiry {
        Ok(day) if (india_day(0)..=india_day(30)).contains(&day) => Ok(()),
        _ => Err("Please provide a valid link expiry"),
    }
}

fn status(id: &str, ledger: &Ledger) -> Say {
    let Some(kept) = ledger.cashgrams.get(id) else {
        return Say::refusal(404, &format!("Cashgram with id {id} does not exist"));
    };
    let mut data = json!({
        "cashgramStatus": kept.status, "referenceId": kept.reference,
        "cashgramId": id, "cashgramLink": kept.link,
    });
    if let Some(reason) = &kept.reason {
        data["reason"] = json!(reason);
    }
    if let Some(utr) = &kept.utr {
        data["utr"] = json!(utr);
    }
    success("Cashgram details retrieved", &data)
}

fn deactivate(id: &str, ledger: &mut Ledger) -> Say {
    let Some(kept) = ledger.cashgrams.get_mut(id) else {
        return Say::refusal(404, &format!("Cashgram with id {id} does not exist"));
    };
    if kept.status != "ACTIVE" {
        return Say::refusal(412, "Active cashgrams can only be deactivated");
    }
    kept.status = "EXPIRED".into();
    let message = format!("Cashgram with id - {id} successfully deactivated!");
    Say::new(
        200,
        json!({"status": "SUCCESS", "subCode": "200", "message": message}).to_string(),
    )
}
