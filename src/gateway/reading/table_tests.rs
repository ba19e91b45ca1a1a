//! The table over every HTTP status and every kind of body, in the three styles in which the gateway refuses
//! (cashgram-api.md 2.5), against an oracle written the other way round: it lists who may say what, and all else
//! must be doubt.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::domain::LookUp;
use crate::gateway::Answer;
use crate::gateway::headers::ReplyHeaders;

pub(super) const ID: &str = "OCT26_0001";
const FULL: &str = r#"{"status":"SUCCESS","subCode":"200","message":"Cashgram Created","data":{"referenceId":7300451,"cashgramLink":"https://csgr.am/a1b2c3d"}}"#;

pub(super) fn answer(status: u16, body: impl Into<Vec<u8>>) -> Reply {
    let headers = ReplyHeaders {
        wait: Some(Duration::from_secs(7)),
        ..ReplyHeaders::default()
    };
    Reply::Answer(Answer {
        status,
        headers,
        body: body.into(),
        truncated: false,
    })
}

/// What a finding says, without its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Created,
    Duplicate,
    Rejected,
    NotSent,
    Throttled,
    TokenRefused,
    Stop(StopCause),
    Doubt,
    DoubtAndStop(StopCause),
}

fn kind(finding: &Finding) -> Kind {
    match finding {
        Finding::Created(_) => Kind::Created,
        Finding::Duplicate => Kind::Duplicate,
        Finding::Rejected(_) => Kind::Rejected,
        Finding::NotSent { .. } => Kind::NotSent,
        Finding::Throttled { wait } => {
            assert_eq!(*wait, Some(Duration::from_secs(7)));
            Kind::Throttled
        }
        Finding::TokenRefused => Kind::TokenRefused,
        Finding::StopRun(stop) => Kind::Stop(checked(stop).cause),
        Finding::InDoubt { stop: None, .. } => Kind::Doubt,
        Finding::InDoubt {
            stop: Some(stop), ..
        } => Kind::DoubtAndStop(checked(stop).cause),
    }
}

fn checked(stop: &Stop) -> &Stop {
    assert!(
        stop.remedy.len() > 20 && !stop.remedy.contains("  "),
        "{stop:?}"
    );
    assert!(!stop.message.is_empty());
    stop
}

/// Every documented refusal of a create, and what it means when it is believed.
const REFUSALS: &[(u16, &str, Kind)] = &[
    (400, "Bad request", Kind::Rejected),
    (
        401,
        "Invalid clientId and clientSecret combination",
        Kind::Stop(StopCause::Credentials),
    ),
    (403, "Token is not valid", Kind::TokenRefused),
    (403, "", Kind::TokenRefused),
    (
        403,
        "IP not whitelisted, your current ip is 203.0.113.9",
        Kind::Stop(StopCause::IpNotWhitelisted),
    ),
    (
        403,
        "APIs not enabled. Please fill the support form",
        Kind::Stop(StopCause::NotEnabled),
    ),
    (403, "Permission Denied", Kind::Stop(StopCause::NotEnabled)),
    (
        403,
        "This feature is not available for your account.",
        Kind::Stop(StopCause::NotEnabled),
    ),
    (
        403,
        "Invalid signature provided",
        Kind::Stop(StopCause::Signature),
    ),
    (404, "No such entity", Kind::Stop(StopCause::Address)),
    (
        405,
        "Invalid request URL or HTTP method",
        Kind::Stop(StopCause::Address),
    ),
    (408, "Timeout", Kind::Doubt),
    (
        409,
        "Cashgram with id OCT26_0001 already exists",
        Kind::Duplicate,
    ),
    (412, "Token missing in the request", Kind::TokenRefused),
    (
        412,
        "Signature missing in the request",
        Kind::Stop(StopCause::Signature),
    ),
    (
        412,
        "Available balance is less than requested cashgram amount.",
        Kind::Stop(StopCause::Balance),
    ),
    (
        412,
        "Post data is empty or not a valid JSON",
        Kind::Stop(StopCause::Protocol),
    ),
    (412, "Something else", Kind::Doubt),
    (413, "Too large", Kind::Rejected),
    (422, "Please provide a valid Phone Number", Kind::Rejected),
    (424, "Request failed", Kind::Doubt),
    (429, "Too many requests", Kind::Throttled),
    (500, "internal error", Kind::Doubt),
    (500, "The server generates an error", Kind::Doubt),
    (500, "No active fund source", Kind::Stop(StopCause::Account)),
    (500, "Rates not configured", Kind::Stop(StopCause::Account)),
    (503, "Service unavailable", Kind::Doubt),
    (520, "Unknown error occurred", Kind::Doubt),
    (777, "What", Kind::Doubt),
];

fn refusal(code: Option<&str>, message: &str) -> String {
    let code = code.map_or(String::new(), |code| format!(r#""subCode":{code},"#));
    format!(r#"{{"status":"ERROR",{code}"message":"{message}"}}"#)
}

/// Bodies that say nothing in their words, whatever the HTTP status.
const SILENT: &[&str] = &[
    "",
    " \n",
    "<html><body>403 Forbidden</body></html>",
    r#"{"status":"SUCCESS","subCode":"200","data":{"referenceId":73"#,
    "{}",
    "[]",
    "null",
    "\"ERROR\"",
    r#"{"foo":1}"#,
    r#"{"message":"no Route matched with those values"}"#,
    r#"{"status":"ERROR","status":"SUCCESS","subCode":"422"}"#,
    r#"{"status":"ERROR","subCode":"422","subCode":"422"}"#,
    r#"{"status":"OK","message":"fine"}"#,
    "\u{0}\u{1}\u{2}",
];

/// Bodies that contradict themselves or lack what a success needs: doubt under every HTTP status but a redirect.
const HOLLOW: &[&str] = &[
    r#"{"status":"SUCCESS","subCode":"200","message":"Token is valid"}"#,
    r#"{"status":"SUCCESS","subCode":"200","data":null}"#,
    r#"{"status":"SUCCESS","subCode":"200","data":[]}"#,
    r#"{"status":"SUCCESS","subCode":"200","data":{"referenceId":7300451}}"#,
    r#"{"status":"SUCCESS","subCode":"200","data":{"cashgramLink":"https://csgr.am/a1b2c3d"}}"#,
    r#"{"status":"SUCCESS","subCode":"200","data":{"referenceId":1.5,"cashgramLink":"https://csgr.am/a"}}"#,
    r#"{"status":"SUCCESS","subCode":"200","data":{"referenceId":"","cashgramLink":"https://csgr.am/a"}}"#,
    r#"{"status":"SUCCESS","subCode":"200","data":{"referenceId":7,"cashgramLink":"javascript:alert(1)"}}"#,
    r#"{"status":"SUCCESS","subCode":"204","data":{"referenceId":7,"cashgramLink":"https://csgr.am/a"}}"#,
    r#"{"status":"SUCCESS","subCode":"x","data":{"referenceId":7,"cashgramLink":"https://csgr.am/a"}}"#,
    r#"{"status":"SUCCESS","subCode":"409","data":{"referenceId":7,"cashgramLink":"https://csgr.am/a"}}"#,
    r#"{"status":"SUCCESS","subCode":"422","message":"Please provide a valid name"}"#,
    r#"{"status":"SUCCESS","subCode":"429"}"#,
    r#"{"status":"ERROR","subCode":"200","message":"Cashgram Created"}"#,
    r#"{"status":"ERROR","subCode":"202","data":{"referenceId":7,"cashgramLink":"https://csgr.am/a"}}"#,
];

/// What a status alone can say.
fn of_silence(http: u16) -> Kind {
    match http {
        300..=399 | 404 | 405 => Kind::DoubtAndStop(StopCause::Address),
        403 => Kind::DoubtAndStop(StopCause::IpNotWhitelisted),
        409 => Kind::Duplicate,
        429 => Kind::Throttled,
        _ => Kind::Doubt,
    }
}

/// What a documented refusal says under a status.
fn of_refusal(http: u16, code: u16, believed: Kind) -> Kind {
    let client = 400..=499;
    match http {
        300..=399 => of_silence(http),
        409 => Kind::Duplicate,
        _ if code == 409 => Kind::Duplicate,
        429 if client.contains(&code) => Kind::Throttled,
        200..=299 => believed,
        _ if http == code => believed,
        400..=499 if client.contains(&code) => believed,
        _ => Kind::Doubt,
    }
}

#[test]
fn the_whole_table() {
    let mut cases = 0_u32;
    let mut expect = |http: u16, body: &str, kind_expected: Kind| {
        let finding = read_create(&answer(http, body), ID);
        assert_eq!(
            kind(&finding),
            kind_expected,
            "HTTP {http}: {body}\n{finding:?}"
        );
        cases += 1;
    };
    for http in 100..=599 {
        for body in SILENT {
            expect(http, body, of_silence(http));
        }
        for body in HOLLOW {
            let redirect = (300..=399).contains(&http);
            expect(
                http,
                body,
                if redirect {
                    of_silence(http)
                } else {
                    Kind::Doubt
                },
            );
        }
        let ok = (200..=299).contains(&http);
        for sub in ["\"200\"", "200", "\"201\"", "202"] {
            let body = FULL.replace("\"200\"", sub);
            let otherwise = if (300..=399).contains(&http) {
                of_silence(http)
            } else {
                Kind::Doubt
            };
            expect(http, &body, if ok { Kind::Created } else { otherwise });
        }
        let unsaid = FULL.replace(r#""subCode":"200","#, "");
        let otherwise = if (300..=399).contains(&http) {
            of_silence(http)
        } else {
            Kind::Doubt
        };
        expect(
            http,
            &unsaid,
            if (200..=202).contains(&http) {
                Kind::Created
            } else {
                otherwise
            },
        );
        for (code, message, believed) in REFUSALS {
            for sub in [format!("\"{code}\""), code.to_string()] {
                expect(
                    http,
                    &refusal(Some(&sub), message),
                    of_refusal(http, *code, *believed),
                );
            }
            // Style `http_status` without sub-code, and every other status with that text.
            for missing in [None, Some("null")] {
                let same = if http == *code {
                    *believed
                } else {
                    of_text_under(http, message)
                };
                expect(http, &refusal(missing, message), same);
            }
        }
    }
    assert_eq!(cases, 500 * (14 + 15 + 4 + 1 + 29 * 4));
}

/// A refusal without a sub-code under some HTTP status: the status is the code, the text chooses among its meanings.
fn of_text_under(http: u16, message: &str) -> Kind {
    if !(400..=599).contains(&http) {
        return if (300..=399).contains(&http) {
            of_silence(http)
        } else {
            Kind::Doubt
        };
    }
    let same_text = REFUSALS
        .iter()
        .find(|(code, text, _)| *code == http && *text == message);
    if let Some((_, _, believed)) = same_text {
        return *believed;
    }
    let text = message.to_lowercase();
    match http {
        400 | 413 | 422 => Kind::Rejected,
        401 => Kind::Stop(StopCause::Credentials),
        403 if text.contains("token") => Kind::TokenRefused,
        403 if text.contains("signature") => Kind::Stop(StopCause::Signature),
        403 if text.contains("whitelist") => Kind::Stop(StopCause::IpNotWhitelisted),
        403 => Kind::Stop(StopCause::NotEnabled),
        404 | 405 => Kind::Stop(StopCause::Address),
        409 => Kind::Duplicate,
        412 if text.contains("token") => Kind::TokenRefused,
        412 if text.contains("signature") => Kind::Stop(StopCause::Signature),
        412 if text.contains("balance") => Kind::Stop(StopCause::Balance),
        412 if text.contains("post data") => Kind::Stop(StopCause::Protocol),
        429 => Kind::Throttled,
        500 if text.contains("fund source") || text.starts_with("rates") => {
            Kind::Stop(StopCause::Account)
        }
        _ => Kind::Doubt,
    }
}

#[test]
fn a_truncated_body_is_not_judged() {
    for http in 100..=599 {
        let Reply::Answer(whole) = answer(http, FULL) else {
            unreachable!()
        };
        let cut = Reply::Answer(Answer {
            truncated: true,
            ..whole
        });
        assert_eq!(kind(&read_create(&cut, ID)), of_silence(http));
    }
}

#[test]
fn an_answer_for_another_id_proves_nothing_and_stops() {
    let echo = |id: &str| {
        FULL.replace(
            r#""referenceId""#,
            &format!(r#""cashgramId":"{id}","referenceId""#),
        )
    };
    assert_eq!(
        kind(&read_create(&answer(200, echo(ID)), ID)),
        Kind::Created
    );
    for other in ["OCT26_0002", "oct26_0001", ""] {
        let finding = read_create(&answer(200, echo(other)), ID);
        assert_eq!(kind(&finding), Kind::DoubtAndStop(StopCause::Protocol));
    }
    // An echo that is no text is another id too.
    for other in ["7300451", "1.5", "true", "[]", "{}"] {
        let field = format!(r#""cashgramId":{other},"referenceId""#);
        let finding = read_create(&answer(200, FULL.replace(r#""referenceId""#, &field)), ID);
        assert_eq!(
            kind(&finding),
            Kind::DoubtAndStop(StopCause::Protocol),
            "{other}"
        );
    }
    let number = FULL.replace(r#""referenceId""#, r#""cashgramId":77,"referenceId""#);
    assert_eq!(
        kind(&read_create(&answer(200, number), "77")),
        Kind::Created
    );
    let refused = r#"{"status":"ERROR","subCode":"409","data":{"cashgramId":"X"}}"#;
    let finding = read_create(&answer(409, refused), ID);
    assert_eq!(kind(&finding), Kind::DoubtAndStop(StopCause::Protocol));
}

#[test]
fn no_byte_left_and_no_answer_are_told_apart() {
    let not_sent = |kind_sent| Reply::NotSent {
        why: "it said no".to_owned(),
        kind: kind_sent,
    };
    for (reply, expected) in [
        (not_sent(NotSentKind::Dns), Kind::NotSent),
        (not_sent(NotSentKind::Connect), Kind::NotSent),
        (not_sent(NotSentKind::Tls), Kind::Stop(StopCause::Tls)),
        (not_sent(NotSentKind::Proxy), Kind::Stop(StopCause::Address)),
        (
            Reply::NoAnswer {
                why: "silence".to_owned(),
            },
            Kind::Doubt,
        ),
    ] {
        assert_eq!(kind(&read_create(&reply, ID)), expected);
    }
}

#[test]
fn a_refusal_keeps_the_gateways_words() {
    let body = r#"{"status":"ERROR","subCode":"422","code":"amount_above_maximum","message":"Amount is above\u0007 Rs 500"}"#;
    let expected = Refusal {
        code: "amount_above_maximum".to_owned(),
        message: "Amount is above Rs 500".to_owned(),
    };
    assert_eq!(
        read_create(&answer(422, body), ID),
        Finding::Rejected(expected)
    );
    let Finding::Rejected(plain) = read_create(&answer(200, refusal(Some("422"), "No")), ID) else {
        panic!()
    };
    assert_eq!(plain.code, "422");
}

#[test]
fn the_address_to_admit_is_named_if_the_gateway_names_it() {
    for (message, address) in [
        (
            "IP not whitelisted your current ip is 203.0.113.9",
            "add 203.0.113.9,",
        ),
        ("IP not whitelisted, seen: 2001:db8::7.", "add 2001:db8::7,"),
        ("IP not whitelisted", "add this machine's public address "),
    ] {
        let reply = answer(200, refusal(Some("403"), message));
        let Finding::StopRun(stop) = read_create(&reply, ID) else {
            panic!()
        };
        assert!(stop.remedy.starts_with(address), "{stop:?}");
        assert!(stop.message.contains(message), "{stop:?}");
    }
}

proptest! {
    #[test]
    fn noise_is_never_an_ending(http in 100_u16..600, body in proptest::collection::vec(any::<u8>(), 0..600)) {
        let finding = kind(&read_create(&answer(http, body.clone()), ID));
        prop_assert_eq!(finding, of_silence(http));
        let seen = read_look_up(&answer(http, body), ID);
        prop_assert!(!matches!(seen, LookUp::Found(_) | LookUp::Missing));
    }

    /// One byte of a good reply changed: still that Cashgram under some reference and link, or doubt, and never a
    /// refusal.
    #[test]
    fn a_damaged_success_is_never_a_refusal(at in 0..FULL.len(), byte in any::<u8>()) {
        let mut body = FULL.as_bytes().to_vec();
        body[at] = byte;
        let finding = kind(&read_create(&answer(200, body), ID));
        prop_assert!(matches!(finding, Kind::Created | Kind::Doubt), "{:?}", finding);
    }

    #[test]
    fn a_cut_success_is_doubt(at in 0..FULL.len()) {
        prop_assert_eq!(kind(&read_create(&answer(200, &FULL.as_bytes()[..at]), ID)), Kind::Doubt);
    }

    #[test]
    fn any_json_of_theirs_is_read_without_panic(http in 100_u16..600, status in "(SUCCESS|ERROR|success|X|)",
        code in "(\"[0-9]{0,6}\"|[0-9]{1,9}|null|true|\\{\\}|-1|1\\.5)", message in "[a-z ]{0,30}") {
        let body = format!(r#"{{"status":"{status}","subCode":{code},"message":"{message}"}}"#);
        let reply = answer(http, body);
        prop_assert_ne!(kind(&read_create(&reply, ID)), Kind::Created);
        let _ = (read_look_up(&reply, ID), read_deactivate(&reply, ID), read_balance(&reply), read_authorize(&reply, 0));
    }
}
