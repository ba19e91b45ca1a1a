//! What their JSON is taken for, and what we write.

use jiff::civil::date;

use super::*;

fn order<'a>() -> CreateOrder<'a> {
    CreateOrder {
        id: "OCT26_0001",
        amount_paise: 125_000,
        name: "Asha Menon",
        phone: "9000000001",
        email: Some("asha.menon@example.com"),
        link_expiry: date(2026, 3, 9),
        remarks: Some("October incentive"),
        notify: true,
        payout_type: Some("Incentive"),
        description: Some("Order 8841"),
    }
}

#[test]
fn the_body_of_a_create_is_frozen() {
    assert_eq!(
        create_body(&order()),
        r#"{"cashgramId":"OCT26_0001","amount":"1250.00","name":"Asha Menon","phone":"9000000001","email":"asha.menon@example.com","linkExpiry":"2026/03/09","remarks":"October incentive","notifyCustomer":1,"payoutType":"Incentive","description":"Order 8841"}"#
    );
}

#[test]
fn the_expiry_is_read_from_the_body_and_from_nowhere_else() {
    assert_eq!(expiry_of(&create_body(&order())), Some(date(2026, 3, 9)));
    let sly = CreateOrder {
        name: r#"A","linkExpiry":"2099/01/01"#,
        ..order()
    };
    assert_eq!(expiry_of(&create_body(&sly)), Some(date(2026, 3, 9)));
    for none in ["", "{}", r#"{"linkExpiry":"soon"}"#] {
        assert_eq!(expiry_of(none), None);
    }
}

#[test]
fn absent_fields_are_not_sent_and_text_is_escaped() {
    let bare = CreateOrder {
        amount_paise: 105,
        name: "A \"B\" \\ \n",
        email: None,
        remarks: None,
        notify: false,
        payout_type: None,
        description: None,
        ..order()
    };
    assert_eq!(
        create_body(&bare),
        r#"{"cashgramId":"OCT26_0001","amount":"1.05","name":"A \"B\" \\ \n","phone":"9000000001","linkExpiry":"2026/03/09","notifyCustomer":0}"#
    );
    assert_eq!(deactivate_body("a-1"), r#"{"cashgramId":"a-1"}"#);
}

#[test]
fn amounts_have_two_decimals() {
    for (amount_paise, text) in [
        (0, "0.00"),
        (9, "0.09"),
        (100, "1.00"),
        (18_446_744_073_709_551_615, "184467440737095516.15"),
    ] {
        let body = create_body(&CreateOrder {
            amount_paise,
            ..order()
        });
        assert!(body.contains(&format!(r#""amount":"{text}""#)), "{body}");
    }
}

#[test]
fn the_envelope_is_read_in_all_its_dialects() {
    for (json, verdict, code) in [
        (
            r#"{"status":"SUCCESS","subCode":"200"}"#,
            Verdict::Success,
            SubCode::Code(200),
        ),
        (
            r#"{"status":" success ","subCode":200}"#,
            Verdict::Success,
            SubCode::Code(200),
        ),
        (
            r#"{"status":"Error","subCode":null}"#,
            Verdict::Error,
            SubCode::Missing,
        ),
        (
            r#"{"status":"ERROR","subCode":" 422 "}"#,
            Verdict::Error,
            SubCode::Code(422),
        ),
        (
            r#"{"status":"ERROR","subCode":""}"#,
            Verdict::Error,
            SubCode::Garbled,
        ),
        (
            r#"{"status":"ERROR","subCode":"4x"}"#,
            Verdict::Error,
            SubCode::Garbled,
        ),
        (
            r#"{"status":"ERROR","subCode":-1}"#,
            Verdict::Error,
            SubCode::Garbled,
        ),
        (
            r#"{"status":"ERROR","subCode":422.0}"#,
            Verdict::Error,
            SubCode::Garbled,
        ),
        (
            r#"{"status":"ERROR","subCode":{}}"#,
            Verdict::Error,
            SubCode::Garbled,
        ),
        (r#"{"status":"OK"}"#, Verdict::Neither, SubCode::Missing),
        (r#"{"status":7}"#, Verdict::Neither, SubCode::Missing),
        ("{}", Verdict::Neither, SubCode::Missing),
    ] {
        let read = envelope(json.as_bytes()).unwrap();
        assert_eq!((read.verdict, read.sub_code), (verdict, code), "{json}");
    }
}

/// What is cut or hidden before a word is shown may be what makes it another one.
#[test]
fn a_word_is_the_whole_word() {
    let behind = format!("{}NOT", " ".repeat(WORD_CHARS_MAX));
    for word in [
        format!("SUCCESS{behind}"),
        "SUC\u{200b}CESS".to_owned(),
        "\u{feff}SUCCESS".to_owned(),
    ] {
        let body = serde_json::json!({ "status": word }).to_string();
        let read = envelope(body.as_bytes()).unwrap();
        assert_eq!(read.verdict, Verdict::Neither, "{word:?}");
    }
    for word in [
        format!("REDEEMED{behind}"),
        "RED\u{200b}EEMED".to_owned(),
        "REVER\u{17f}ED".to_owned(),
        "ACT\u{131}VE".to_owned(),
    ] {
        assert_eq!(status(&word).class, StatusClass::Other, "{word:?}");
    }
}

#[test]
fn the_symbol_is_the_code_before_the_type() {
    let symbol = |json: &str| envelope(json.as_bytes()).unwrap().symbol;
    assert_eq!(
        symbol(r#"{"code":"phone_invalid","type":"x"}"#).as_deref(),
        Some("phone_invalid")
    );
    assert_eq!(symbol(r#"{"code":"","type":"x"}"#).as_deref(), Some("x"));
    assert_eq!(symbol(r#"{"code":7}"#), None);
}

fn data(fields: &str) -> Envelope {
    envelope(format!(r#"{{"data":{fields}}}"#).as_bytes()).unwrap()
}

#[test]
fn references_are_taken_whole_or_not_at_all() {
    for (json, reference) in [
        ("7300451", Some("7300451")),
        ("\"7300451\"", Some("7300451")),
        ("\" CF-9 \"", Some("CF-9")),
        ("\"\"", None),
        ("\"7 3\"", None),
        ("\"7\\n3\"", None),
        ("1.5", None),
        ("null", None),
        ("{}", None),
    ] {
        let read = data(&format!(r#"{{"referenceId":{json}}}"#)).reference();
        assert_eq!(read.as_deref(), reference, "{json}");
    }
    let long = format!(r#"{{"referenceId":"{}"}}"#, "7".repeat(65));
    assert_eq!(data(&long).reference(), None);
}

#[test]
fn only_http_links_without_blanks_are_believed() {
    for (link, believed) in [
        ("https://cashfree.com@evil.example/x", false),
        ("https://cashfree.com/@x?y=a@b", true),
        ("https://csgr.am/a1b2c3d", true),
        ("http://bit.ly/x", true),
        ("HTTPS://csgr.am/x", true),
        ("https://sandbox.invalid/x?y=1#z", true),
        ("ftp://csgr.am/x", false),
        ("javascript:alert(1)", false),
        ("https://", false),
        ("https:///x", false),
        ("csgr.am/x", false),
        ("https://csgr.am/a b", false),
        (" https://csgr.am/ab", false),
        ("https://csgr.am/a\\u0007b", false),
        ("https://csgr.am/\u{e9}", false),
        ("", false),
    ] {
        let read = data(&format!(r#"{{"cashgramLink":"{link}"}}"#)).link();
        assert_eq!(read.is_some(), believed, "{link}");
    }
    let long = format!("https://csgr.am/{}", "x".repeat(2_000));
    assert_eq!(
        data(&format!(r#"{{"cashgramLink":"{long}"}}"#)).link(),
        None
    );
}

#[test]
fn status_words_are_kept_as_they_came_and_mapped() {
    for (raw, word, class) in [
        ("ACTIVE", "ACTIVE", StatusClass::Active),
        (" active ", "active", StatusClass::Active),
        ("Pending", "Pending", StatusClass::Pending),
        ("INITIATED", "INITIATED", StatusClass::Pending),
        ("PROCESSING", "PROCESSING", StatusClass::Pending),
        ("REDEEMED", "REDEEMED", StatusClass::Redeemed),
        (
            "CASHGRAM_REDEEMED",
            "CASHGRAM_REDEEMED",
            StatusClass::Redeemed,
        ),
        ("EXPIRED", "EXPIRED", StatusClass::Expired),
        ("CASHGRAM_EXPIRED", "CASHGRAM_EXPIRED", StatusClass::Expired),
        ("INACTIVE", "INACTIVE", StatusClass::Expired),
        ("DEACTIVATED", "DEACTIVATED", StatusClass::Expired),
        ("FAILED", "FAILED", StatusClass::Failed),
        ("REVERSED", "REVERSED", StatusClass::Reversed),
        (
            "CASHGRAM_TRANSFER_REVERSAL",
            "CASHGRAM_TRANSFER_REVERSAL",
            StatusClass::Reversed,
        ),
        ("PAID", "PAID", StatusClass::Other),
        ("redeemed?", "redeemed?", StatusClass::Other),
    ] {
        assert_eq!(
            status(raw),
            Status {
                class,
                word: word.to_owned()
            }
        );
    }
    assert_eq!(status(&"X".repeat(500)).word.len(), 64);
}

#[test]
fn texts_lose_what_would_move_a_cursor() {
    assert_eq!(cut("  a\u{1b}[31mb\r\nc\u{202e}d\u{0}  ", 300), "a[31mbcd");
    assert_eq!(cut(&"\u{930}".repeat(400), 300).chars().count(), 300);
}

#[test]
fn balances_are_decimals_in_any_dress() {
    for (json, paise) in [
        ("\"214735.50\"", Some(21_473_550)),
        ("214735.50", Some(21_473_550)),
        ("214735", Some(21_473_500)),
        ("\"0.5\"", Some(50)),
        ("\"1.999\"", Some(199)),
        ("\"-12.34\"", Some(-1_234)),
        ("9999999999999.99", Some(999_999_999_999_999)),
        ("\"1,000.00\"", None),
        ("\"\"", None),
        ("\".5\"", None),
        ("\"5.\"", None),
        ("\"+5\"", None),
        ("\"1e3\"", None),
        ("\"99999999999999999999\"", None),
        ("true", None),
    ] {
        assert_eq!(
            data(&format!(r#"{{"availableBalance":{json}}}"#)).available_paise(),
            paise,
            "{json}"
        );
    }
}

#[test]
fn a_token_must_fit_a_header_and_its_expiry_must_be_a_number() {
    assert_eq!(data(r#"{"token":"eyJ.x.y"}"#).token(), Some("eyJ.x.y"));
    for token in ["", "a b", "a\\nb", "\u{e9}"] {
        assert_eq!(
            data(&format!(r#"{{"token":"{token}"}}"#)).token(),
            None,
            "{token}"
        );
    }
    assert_eq!(
        data(r#"{"expiry":1791802531}"#).token_expiry(),
        Ok(Some(1_791_802_531))
    );
    assert_eq!(
        data(r#"{"expiry":"1791802531"}"#).token_expiry(),
        Ok(Some(1_791_802_531))
    );
    assert_eq!(data("{}").token_expiry(), Ok(None));
    assert_eq!(data(r#"{"expiry":"soon"}"#).token_expiry(), Err(()));
    assert_eq!(data(r#"{"expiry":1.5}"#).token_expiry(), Err(()));
}
