//! Every check and every text, in the three styles.

use super::*;

fn refusal(reply: &(u16, Value)) -> (u16, &str, &str) {
    assert_eq!(reply.1["status"], "ERROR", "{reply:?}");
    assert!(reply.1.get("data").is_none());
    (
        reply.0,
        reply.1["subCode"].as_str().unwrap(),
        reply.1["message"].as_str().unwrap(),
    )
}

#[test]
fn a_cashgram_is_created_read_and_deactivated_with_the_published_words() {
    let client = Client::new(Options::default());
    let created = client.create("OCT26_0001");
    let link = created["data"]["cashgramLink"].as_str().unwrap();
    assert!(link.starts_with("https://sandbox.invalid/"));
    let expected = json!({"status": "SUCCESS", "subCode": "200", "message": "Cashgram Created",
        "data": {"referenceId": 7_300_001, "cashgramLink": link}});
    assert_eq!(created, expected);
    let expected = json!({"status": "SUCCESS", "subCode": "200", "message": "Cashgram details retrieved",
        "data": {"cashgramStatus": "ACTIVE", "referenceId": 7_300_001, "cashgramId": "OCT26_0001", "cashgramLink": link}});
    assert_eq!(client.status("OCT26_0001"), expected);
    let post = client.call(
        "POST",
        "/v1/getCashgramStatus",
        "",
        r#"{"cashgramId":"OCT26_0001"}"#,
    );
    assert_eq!(post, (200, expected));
    let message = "Cashgram with id - OCT26_0001 successfully deactivated!";
    assert_eq!(
        client.deactivate("OCT26_0001"),
        json!({"status": "SUCCESS", "subCode": "200", "message": message})
    );
    assert_eq!(client.word("OCT26_0001"), "EXPIRED");
    assert_eq!(
        client.create("OCT26_0002")["data"]["referenceId"],
        7_300_002
    );
}

/// Method, path, query, body; sub-code and text.
const REFUSALS: &[(&str, &str, &str, &str, u16, &str)] = &[
    (
        "GET",
        "/payout/v1/createCashgram",
        "",
        "",
        405,
        "Invalid request URL or HTTP method",
    ),
    (
        "POST",
        "/payout/v1/nothing",
        "",
        "",
        405,
        "Invalid request URL or HTTP method",
    ),
    (
        "POST",
        "/payout/v1/createCashgram",
        "",
        "",
        412,
        "Post data is empty or not a valid JSON",
    ),
    (
        "POST",
        "/payout/v1/createCashgram",
        "",
        "[1]",
        412,
        "Post data is empty or not a valid JSON",
    ),
    (
        "POST",
        "/payout/v1/createCashgram",
        "",
        "{}",
        422,
        "Please provide a valid cashgram Id",
    ),
    (
        "GET",
        "/payout/v1/getCashgramStatus",
        "",
        "",
        422,
        "Please provide a valid cashgram Id",
    ),
    (
        "GET",
        "/payout/v1/getCashgramStatus",
        "cashgramId=X",
        "",
        404,
        "Cashgram with id X does not exist",
    ),
    (
        "POST",
        "/payout/v1/deactivateCashgram",
        "",
        "",
        412,
        "Post data is empty or not a valid JSON",
    ),
    (
        "POST",
        "/payout/v1/deactivateCashgram",
        "",
        "{}",
        422,
        "Please provide a valid cashgram Id",
    ),
    (
        "POST",
        "/payout/v1/deactivateCashgram",
        "",
        r#"{"cashgramId":"X"}"#,
        404,
        "Cashgram with id X does not exist",
    ),
    (
        "POST",
        "/payout/v1/deactivateCashgram",
        "",
        r#"{"cashgramId":"GONE"}"#,
        412,
        "Active cashgrams can only be deactivated",
    ),
    (
        "GET",
        "/payout/v1.2/getBalance",
        "paymentInstrumentId=Z",
        "",
        422,
        "Specified paymentInstrumentId not available",
    ),
];

#[test]
fn every_refusal_has_its_code_and_text_in_all_three_styles() {
    for style in [
        ErrorStyle::Http200,
        ErrorStyle::HttpStatus,
        ErrorStyle::Mixed,
    ] {
        let client = Client::new(Options {
            error_style: style,
            ..Options::default()
        });
        client.create("GONE");
        client.deactivate("GONE");
        for (method, path, query, sent, code, message) in REFUSALS {
            let reply = client.call(method, path, query, sent);
            let (http, sub_code, said) = refusal(&reply);
            assert_eq!(
                (sub_code, said),
                (code.to_string().as_str(), *message),
                "{method} {path} {sent}"
            );
            match style {
                ErrorStyle::Http200 => assert_eq!(http, 200),
                ErrorStyle::HttpStatus => assert_eq!(http, *code),
                ErrorStyle::Mixed => assert!(http == 200 || http == *code),
            }
        }
        let again = client.create("GONE");
        assert_eq!(again["subCode"], "409");
        assert_eq!(again["message"], "Cashgram with id GONE already exists");
    }
}

#[test]
fn authorize_takes_an_empty_body_or_an_object_and_refuses_any_other_secret() {
    let client = Client::new(Options::default());
    let login = |id, secret, body| {
        let path = "/v1/authorize";
        client.send(Request {
            method: "POST",
            path,
            client_id: id,
            client_secret: secret,
            body,
            ..Request::default()
        })
    };
    for body in [b"".as_slice(), b"{}"] {
        let (_, reply) = login(Some(CLIENT_ID), Some(CLIENT_SECRET), body);
        assert_eq!(reply["data"]["expiry"], NOON.seconds() + 360);
    }
    let text = "Invalid clientId and clientSecret combination";
    for (id, secret) in [
        (None, None),
        (Some(CLIENT_ID), Some("x")),
        (Some("x"), Some(CLIENT_SECRET)),
    ] {
        assert_eq!(refusal(&login(id, secret, b"")), (200, "401", text));
    }
}

#[test]
fn tokens_are_needed_checked_and_mortal() {
    let mut client = Client::new(Options::default());
    let verify =
        |client: &Client| client.call("POST", "/v1/verifyToken", "", "").1["message"].clone();
    assert_eq!(verify(&client), "Token is valid");
    let old = client.authorization.clone();
    client.login();
    let fresh = std::mem::replace(&mut client.authorization, old);
    assert_eq!(
        verify(&client),
        "Token is valid",
        "a new token leaves older ones alive"
    );
    client.wait(360);
    for (token, code, message) in [
        (fresh.as_str(), "403", "Token is not valid"),
        ("Bearer nonsense", "403", "Token is not valid"),
        ("", "412", "Token missing in the request"),
        ("Bearer ", "412", "Token missing in the request"),
    ] {
        client.authorization = token.to_owned();
        assert_eq!(verify(&client), "Token is not valid");
        for path in [
            "/v1/createCashgram",
            "/v1/deactivateCashgram",
            "/v1/getCashgramStatus",
        ] {
            let reply = client.call("POST", path, "", "not json");
            assert_eq!(refusal(&reply), (200, code, message), "{path} {token}");
        }
        assert_eq!(
            refusal(&client.call("GET", "/v1/getBalance", "", "")),
            (200, code, message)
        );
    }
}

#[test]
fn a_second_factor_is_asked_for_only_when_there_is_a_key() {
    use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
    use aws_lc_rs::rsa::{
        KeySize, OAEP_SHA1_MGF1SHA1, OaepPublicEncryptingKey, PrivateDecryptingKey,
    };
    use base64::Engine;
    let key = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'static> = key.as_der().unwrap();
    let public = OaepPublicEncryptingKey::new(key.public_key()).unwrap();
    let mut sealed = vec![0; public.ciphertext_size()];
    let plain = format!("{CLIENT_ID}.{}", NOON.seconds());
    public
        .encrypt(&OAEP_SHA1_MGF1SHA1, plain.as_bytes(), &mut sealed, None)
        .unwrap();
    let good = base64::engine::general_purpose::STANDARD.encode(sealed);

    let mut options = Options::default();
    options.rules.signature = Some(SignatureKey::from_pkcs8(der.as_ref()).unwrap());
    let sandbox = Sandbox::new(options, Box::new(Memory::new())).unwrap();
    let client = Client {
        sandbox,
        now: NOON,
        authorization: String::new(),
    };
    let login = |signature| {
        client.send(Request {
            method: "POST",
            path: "/v1/authorize",
            client_id: Some(CLIENT_ID),
            client_secret: Some(CLIENT_SECRET),
            signature,
            ..Request::default()
        })
    };
    assert_eq!(
        refusal(&login(None)),
        (200, "412", "Signature missing in the request")
    );
    assert_eq!(
        refusal(&login(Some("AAAA"))),
        (200, "403", "Invalid signature provided")
    );
    assert_eq!(login(Some(&good)).1["message"], "Token generated");
    client.control("clock", &json!({"advance_s": 86_400}));
    let message = login(Some(&good)).1["message"].clone();
    assert_eq!(
        message, "Token generated",
        "the caller signs with a clock that nobody moved"
    );
}

#[test]
fn switches_change_what_sources_disagree_on() {
    let mut options = Options {
        symbols: true,
        ..Options::default()
    };
    options.rules.unknown_id_code = 422;
    options.rules.status_shape = StatusShape::Old;
    options.rules.deactivated_word = "INACTIVE".into();
    let client = Client::new(options);
    assert_eq!(client.status("X")["subCode"], "422");
    assert_eq!(client.status("X")["code"], "cashgram_not_found");
    client.create("A");
    client.deactivate("A");
    let expected =
        json!({"status": "SUCCESS", "subCode": "200", "data": {"cashgramStatus": "INACTIVE"}});
    assert_eq!(client.status("A"), expected);
}

#[test]
fn the_books_tell_how_often_an_id_was_sent_and_whether_its_body_changed() {
    let client = Client::new(Options::default());
    client.create("A");
    client.create("A");
    let changed = body("A").to_string().replace("1250.00", "1251.00");
    client.call("POST", "/v1/createCashgram", "", &changed);
    let cashgrams = client.sandbox.cashgrams(NOON).unwrap();
    assert_eq!(
        (cashgrams[0].creates_seen, cashgrams[0].other_bodies),
        (3, 1)
    );
    assert_eq!(cashgrams[0].amount, 125_000);
    let effects: Vec<_> = client
        .sandbox
        .requests()
        .iter()
        .map(|seen| seen.effect)
        .collect();
    assert_eq!(effects, ["token", "created", "known", "known"]);
}
