//! Links through their lives, and the money that goes with them.

use super::*;

fn with_balance(rule: BalanceRule, paise: i64) -> Client {
    let mut options = Options::default();
    options.rules.balance_rule = rule;
    options.rules.opening_balance = paise;
    Client::new(options)
}

fn redeemed_after(seconds: u64, confirm: Span) -> Options {
    let mut options = Options::default();
    let after = Span::seconds(seconds);
    options.rules.life = Life {
        redeem: Share::ALL,
        after: units::Between {
            from: after,
            to: after,
        },
        confirm,
        ..Life::STILL
    };
    options
}

#[test]
fn the_balance_rules_refuse_differently() {
    let poor = "Available balance is less than requested cashgram amount.";
    for (rule, second, third) in [
        (BalanceRule::Free, "200", "200"),
        (BalanceRule::Single, "200", "200"),
        (BalanceRule::Hold, "200", "412"),
    ] {
        let client = with_balance(rule, 250_000);
        assert_eq!(client.create("A")["subCode"], "200");
        assert_eq!(client.create("B")["subCode"], second);
        assert_eq!(client.create("C")["subCode"], third, "{rule:?}");
    }
    let client = with_balance(BalanceRule::Single, 124_999);
    assert_eq!(client.create("A")["message"], poor);
    assert_eq!(client.word("A"), "404");
    client.control("balance", &json!({"balance": "1250"}));
    assert_eq!(client.create("A")["subCode"], "200");
    client.control("balance", &json!({"balance": "0.00"}));
    assert_eq!(
        client.create("A")["subCode"],
        "409",
        "a duplicate is seen before the balance"
    );
}

#[test]
fn a_held_amount_is_let_go_when_its_link_ends() {
    let mut client = with_balance(BalanceRule::Hold, 250_000);
    client.create("A");
    client.create("B");
    assert_eq!(client.balance(), ("2500.00".into(), "0.00".into()));
    client.deactivate("A");
    assert_eq!(client.balance(), ("2500.00".into(), "1250.00".into()));
    client.wait(30 * 86_400);
    client.login();
    assert_eq!(client.balance(), ("2500.00".into(), "2500.00".into()));
    assert_eq!(
        client.status("B")["data"].get("reason"),
        None,
        "no reason is published for a plain date"
    );
}

#[test]
fn money_moves_when_the_link_is_redeemed() {
    let mut client = Client::new(redeemed_after(2, Span::seconds(1)));
    client.control("balance", &json!({"balance": "1300.00"}));
    client.create("A");
    assert_eq!(client.word("A"), "ACTIVE");
    client.wait(2);
    assert_eq!(client.word("A"), "PENDING");
    assert_eq!(client.balance(), ("1300.00".into(), "50.00".into()));
    client.wait(1);
    let data = client.status("A")["data"].clone();
    assert_eq!(data["cashgramStatus"], "REDEEMED");
    assert_eq!(data["utr"].as_str().unwrap().len(), 12);
    assert_eq!(data["redeemRefId"], 1_007_300_001_i64);
    assert_eq!(client.balance(), ("50.00".into(), "50.00".into()));
    assert_eq!(
        client.deactivate("A")["message"],
        "Active cashgrams can only be deactivated"
    );
}

#[test]
fn a_redemption_that_does_not_find_its_money_fails() {
    let mut client = Client::new(redeemed_after(2, Span::ZERO));
    client.control("balance", &json!({"balance": "1300.00"}));
    client.create("A");
    client.wait(1);
    client.create("B");
    client.wait(5);
    assert_eq!(client.word("B"), "FAILED");
    assert_eq!(client.status("B")["data"]["reason"], "INSUFFICIENT_BALANCE");
    assert_eq!(
        client.word("A"),
        "REDEEMED",
        "who is due first is served first, whoever is asked about"
    );
}

#[test]
fn a_link_lives_to_the_end_of_its_day_in_india() {
    let mut client = Client::new(Options::default());
    client.create("A");
    // 2026-11-30T18:29:59Z is 23:59:59 in India.
    client.now = Moment::from_micros(1_796_063_399_000_000);
    client.login();
    assert_eq!(client.word("A"), "ACTIVE");
    client.wait(1);
    assert_eq!(client.word("A"), "EXPIRED");
    assert_eq!(client.deactivate("A")["subCode"], "412");
}

#[test]
fn the_published_instruments_have_their_outcomes() {
    for (account, ifsc, first, later) in [
        ("026291800001191", "YESB0000262", "REDEEMED", "REDEEMED"),
        ("388108022658", "ICIC0000009", "REDEEMED", "REDEEMED"),
        ("2640101002729", "CNRR0002640", "ACTIVE", "ACTIVE"),
        ("026291800001191", "WRONG000001", "ACTIVE", "ACTIVE"),
        ("007711000031", "HDFC0000077", "PENDING", "PENDING"),
        ("00224412311300", "YESB0000001", "PENDING", "REDEEMED"),
        ("7766666351000", "YESB0000001", "PENDING", "FAILED"),
        ("02014457596969", "CITI0000001", "REDEEMED", "REVERSED"),
    ] {
        let mut client = Client::new(Options::default());
        let before = client.balance();
        client.create("A");
        let asked = json!({"cashgramId": "A", "bankAccount": account, "ifsc": ifsc});
        assert_eq!(
            client.control("redeem", &asked).1["status"],
            first,
            "{account}"
        );
        client.wait(5);
        assert_eq!(client.word("A"), later, "{account}");
        assert_eq!(
            client.balance() == before,
            !matches!(later, "REDEEMED" | "PENDING"),
            "{account}"
        );
    }
}

#[test]
fn seven_failed_attempts_use_a_link_up() {
    let client = Client::new(Options::default());
    client.create("A");
    let wrong = json!({"cashgramId": "A", "bankAccount": "1", "ifsc": "2"});
    for _ in 0..6 {
        assert_eq!(client.control("redeem", &wrong).1["status"], "ACTIVE");
    }
    client.control("redeem", &wrong);
    assert_eq!(
        client.status("A")["data"]["reason"],
        "TRANSFER_ATTEMPTS_EXCEEDED"
    );
    let (status, refusal) = client.control("redeem", &wrong);
    assert_eq!(
        (status, &refusal["error"]),
        (409, &json!("A is EXPIRED, not ACTIVE"))
    );
}

#[test]
fn controls_move_the_clock_and_show_the_books() {
    let client = Client::new(Options::default());
    client.create("A");
    client.create("B");
    client.control("expire", &json!({"cashgramId": "A"}));
    client.control("redeem", &json!({"cashgramId": "B", "upi": "success@upi"}));
    client.control("reverse", &json!({"cashgramId": "B"}));
    let books = client.control("books", &Value::Null).1;
    let words = ["status", "amount", "linkExpiry", "phone", "creates_seen"]
        .map(|key| books["cashgrams"][1][key].clone());
    assert_eq!(
        words,
        [
            json!("REVERSED"),
            json!("1250.00"),
            json!("2026/11/30"),
            json!("9000000001"),
            json!(1)
        ]
    );
    let part = client
        .call("GET", "/__sim/books", "after=7300001&limit=1", "")
        .1;
    assert_eq!(part["cashgrams"][0]["cashgramId"], "B");

    assert_eq!(
        client.control("stats", &Value::Null).1["requests"]["create"],
        2
    );
    let log = client.control("requests", &Value::Null).1;
    assert_eq!(log["requests"][1]["cashgramId"], "A");
    assert_eq!(log["requests"][1]["at_us"], NOON.micros());

    client.control("clock", &json!({"advance_s": 361}));
    let reply = client.call("GET", "/v1/getBalance", "", "").1;
    assert_eq!(reply["subCode"], "403", "the clock kills tokens");
    let dated = client.reply(Request {
        method: "GET",
        path: "/v1/x",
        ..Request::default()
    });
    assert!(
        dated
            .headers
            .contains(&("date", "Sun, 01 Nov 2026 12:06:01 GMT".into()))
    );
    assert_eq!(client.control("nothing", &json!({})).0, 404);
    assert_eq!(client.control("clock", &json!({})).0, 422);
    assert_eq!(client.control("redeem", &json!({"cashgramId": "Z"})).0, 404);
}
