//! What the simulated gateway thinks of each field.

use super::*;
use serde_json::json;

/// 2026-11-01, noon UTC.
const NOW: Moment = Moment::from_micros(1_793_534_400_000_000);
const LIMITS: Limits = Limits {
    min: AMOUNT_MIN,
    max: Some(20_000_000),
};

fn checked(key: &str, value: Value) -> Result<Order, Answer> {
    let mut body = json!({
        "cashgramId": "OCT26_0001", "amount": "1250.00", "name": "Asha Menon",
        "phone": "9000000001", "linkExpiry": "2026/11/30",
    });
    body.as_object_mut().unwrap().insert(key.into(), value);
    check(body.as_object().unwrap(), LIMITS, NOW)
}

fn refusal(key: &str, value: Value) -> (u16, String) {
    let answer = checked(key, value).unwrap_err();
    (answer.code, answer.message.unwrap().into_owned())
}

#[test]
fn every_rule_refuses_with_its_sentence() {
    let id = "Please provide a valid cashgram Id";
    let amount = "Invalid amount passed.";
    let decimals = "Invalid Amount Passed.Only 2 decimal places are allowed.";
    let phone = "Please provide a valid Phone Number";
    let expiry =
        "Please provide a valid linkExpiry (YYYY/MM/DD), from today to at most 30 days ahead";
    let remarks = "Remarks can have only numbers, alphabets and whitespaces.";
    for (key, value, message) in [
        ("cashgramId", json!(""), id),
        ("cashgramId", json!("a".repeat(37)), id),
        ("cashgramId", json!("a b"), id),
        ("cashgramId", json!(7), id),
        ("amount", json!("0.99"), amount),
        ("amount", json!("-5"), amount),
        ("amount", json!(-5), amount),
        ("amount", json!("NaN"), amount),
        ("amount", Value::Null, amount),
        ("amount", json!(1e30), amount),
        ("amount", json!("1.005"), decimals),
        ("amount", json!(1250.005), decimals),
        (
            "amount",
            json!("200000.01"),
            "Amount is above the maximum of Rs. 200000.00",
        ),
        ("name", json!(""), "Please provide a valid name"),
        ("name", json!("Asha_M"), "Please provide a valid name"),
        (
            "name",
            json!("a".repeat(101)),
            "Please provide a valid name",
        ),
        ("phone", json!("1234567"), phone),
        ("phone", json!("1234567890123"), phone),
        ("phone", json!("98765 43210"), phone),
        ("phone", json!(9_876_543_210_u64), phone),
        ("email", json!("nobody"), "Please provide a valid email"),
        (
            "email",
            json!(format!("{}@x.in", "a".repeat(200))),
            "Please provide a valid email",
        ),
        ("linkExpiry", json!("2026/10/31"), expiry),
        ("linkExpiry", json!("2026/12/02"), expiry),
        ("linkExpiry", json!("30/11/2026"), expiry),
        ("linkExpiry", Value::Null, expiry),
        ("remarks", json!("October, 2026"), remarks),
        ("remarks", json!("a".repeat(101)), remarks),
        (
            "notifyCustomer",
            json!(2),
            "notifyCustomer can only be 0 or 1",
        ),
        (
            "notifyCustomer",
            json!("yes"),
            "notifyCustomer can only be 0 or 1",
        ),
    ] {
        assert_eq!(
            refusal(key, value.clone()),
            (422, message.to_owned()),
            "{key} {value}"
        );
    }
}

#[test]
fn what_the_sources_allow_passes() {
    for (key, value) in [
        ("cashgramId", json!("a".repeat(36))),
        ("amount", json!("1")),
        ("amount", json!(1250)),
        ("amount", json!(1250.5)),
        ("name", json!("M/s. A & B-Sons 2")),
        ("phone", json!("+919876543210")),
        ("phone", json!("12345678")),
        ("email", json!("")),
        ("email", json!("a@b.in")),
        ("linkExpiry", json!("2026/11/1")),
        ("linkExpiry", json!("2026/12/01")),
        ("remarks", json!("October 2026")),
        ("notifyCustomer", json!(true)),
        ("notifyCustomer", json!("1")),
        ("unheard_of", json!([1])),
    ] {
        assert!(checked(key, value.clone()).is_ok(), "{key} {value}");
    }
    assert_eq!(checked("amount", json!(1250.5)).unwrap().amount, 125_050);
}

#[test]
fn an_account_may_ask_for_more_than_a_rupee() {
    let fields = json!({"amount": "9.99"});
    let limits = Limits {
        min: 1_000,
        max: None,
    };
    let answer = amount(fields.as_object().unwrap(), limits).unwrap_err();
    assert_eq!(answer.symbol, Some("amount_below_minimum"));
    assert_eq!(
        answer.message.unwrap(),
        "Amount is below the minimum of Rs. 10.00"
    );
}
