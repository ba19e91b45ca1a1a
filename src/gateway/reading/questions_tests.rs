//! What the answers to questions are taken for.

use super::super::table_tests::{ID, answer};
use super::*;
use crate::domain::{StatusClass, StopCause};
use crate::gateway::headers::ReplyHeaders;
use crate::gateway::{NotSentKind, Reply};
use secrecy::ExposeSecret;

const REDEEMED: &str = r#"{"status":"SUCCESS","subCode":"200","message":"Cashgram details retrieved","data":{"cashgramStatus":"REDEEMED","referenceId":7300451,"cashgramId":"OCT26_0001","cashgramLink":"https://csgr.am/a1b2c3d","redeemRefId":9911223,"utr":"628514009921"}}"#;
const OLD_EXPIRED: &str = r#"{"status":"SUCCESS","subCode":"200","data":{"cashgramStatus":"EXPIRED","reason":"TRANSFER_ATTEMPTS_EXCEEDED"}}"#;

fn error(code: u16, message: &str) -> String {
    format!(r#"{{"status":"ERROR","subCode":"{code}","message":"{message}"}}"#)
}

fn look(status: u16, body: &str) -> LookUp {
    read_look_up(&answer(status, body), ID)
}

#[test]
fn a_cashgram_is_seen_in_both_shapes() {
    let LookUp::Found(seen) = look(200, REDEEMED) else {
        panic!()
    };
    assert_eq!(seen.status.class, StatusClass::Redeemed);
    assert_eq!(seen.reference.as_deref(), Some("7300451"));
    assert_eq!(seen.link.as_deref(), Some("https://csgr.am/a1b2c3d"));
    assert_eq!(seen.utr.as_deref(), Some("628514009921"));
    let LookUp::Found(old) = look(200, OLD_EXPIRED) else {
        panic!()
    };
    assert_eq!(old.status.class, StatusClass::Expired);
    assert_eq!((old.reference, old.link), (None, None));
    assert_eq!(old.reason.as_deref(), Some("TRANSFER_ATTEMPTS_EXCEEDED"));
}

#[test]
fn missing_needs_their_own_words() {
    let gone = "Cashgram with id NOPE_1 does not exist";
    for (http, body) in [
        (200, error(404, gone)),
        (404, error(404, gone)),
        (422, error(404, gone)),
        (422, error(422, "Cashgram with id NOPE_1 does not exists")),
        (404, r#"{"status":"ERROR","message":"gone"}"#.to_owned()),
    ] {
        assert_eq!(look(http, &body), LookUp::Missing, "{http} {body}");
    }
    for (http, body) in [
        (404, "<html>404</html>".to_owned()),
        (404, String::new()),
        (404, "{}".to_owned()),
        (
            404,
            r#"{"message":"no Route matched with those values"}"#.to_owned(),
        ),
        (500, error(404, gone)),
        (422, error(422, "Please provide a valid cashgram Id")),
        (404, REDEEMED.to_owned()),
        (200, "half".to_owned()),
        (520, error(520, "Unknown error occurred")),
        (
            200,
            r#"{"status":"SUCCESS","subCode":"200","data":{}}"#.to_owned(),
        ),
    ] {
        assert!(
            matches!(look(http, &body), LookUp::NoAnswer { sent: true, .. }),
            "{http} {body}"
        );
    }
}

#[test]
fn a_look_up_stops_where_going_on_is_pointless() {
    let cause = |seen: LookUp| {
        if let LookUp::StopRun(stop) = seen {
            Some(stop.cause)
        } else {
            None
        }
    };
    let other = REDEEMED.replace("OCT26_0001", "OCT26_0002");
    assert_eq!(cause(look(200, &other)), Some(StopCause::Protocol));
    assert_eq!(cause(look(302, "")), Some(StopCause::Address));
    assert_eq!(
        cause(look(403, "<html>")),
        Some(StopCause::IpNotWhitelisted)
    );
    assert_eq!(
        cause(look(200, &error(405, "Invalid request URL"))),
        Some(StopCause::Address)
    );
    assert_eq!(
        cause(look(401, &error(401, "no"))),
        Some(StopCause::Credentials)
    );
    let tls = Reply::NotSent {
        why: "expired".to_owned(),
        kind: NotSentKind::Tls,
    };
    assert_eq!(cause(read_look_up(&tls, ID)), Some(StopCause::Tls));
}

#[test]
fn a_look_up_is_throttled_refused_or_unanswered() {
    assert!(matches!(look(429, ""), LookUp::Throttled { wait: Some(_) }));
    assert!(matches!(
        look(200, &error(429, "Too many")),
        LookUp::Throttled { .. }
    ));
    assert_eq!(
        look(200, &error(403, "Token is not valid")),
        LookUp::TokenRefused
    );
    assert_eq!(
        look(412, &error(412, "Token missing in the request")),
        LookUp::TokenRefused
    );
    let down = Reply::NotSent {
        why: "refused".to_owned(),
        kind: NotSentKind::Connect,
    };
    assert!(matches!(
        read_look_up(&down, ID),
        LookUp::NoAnswer { sent: false, .. }
    ));
    let silent = Reply::NoAnswer {
        why: "silence".to_owned(),
    };
    assert!(matches!(
        read_look_up(&silent, ID),
        LookUp::NoAnswer { sent: true, .. }
    ));
}

#[test]
fn deactivations_end_as_the_dossier_says() {
    let read = |http, body: &str| read_deactivate(&answer(http, body), ID);
    let done = |named: &str| {
        format!(
            r#"{{"status":"SUCCESS","subCode":"200","message":"Cashgram {named}successfully deactivated!"}}"#
        )
    };
    for named in [
        "",
        "with id - OCT26_0001 ",
        "with id - OCT26_0001, as asked, ",
        "with id - 'OCT26_0001'! ",
        "with id - ... ",
        "(OCT26_0002) ",
    ] {
        assert_eq!(read(200, &done(named)), Deactivation::Done, "{named}");
    }
    let other = done("with id - OCT26_00012 ");
    let echo = r#"{"status":"SUCCESS","subCode":"200","data":{"cashgramId":"OCT26_0002"}}"#;
    for foreign in [other.as_str(), echo] {
        let read = read(200, foreign);
        assert!(matches!(read, Deactivation::StopRun(stop) if stop.cause == StopCause::Protocol));
    }
    for (code, text) in [
        (412, "Active cashgrams can only be deactivated"),
        (404, "Active cashgrams id can only be deactivated"),
        (412, "in other words"),
    ] {
        assert_eq!(read(200, &error(code, text)), Deactivation::NotActive);
    }
    assert_eq!(
        read(404, &error(404, "Cashgram with id X does not exist")),
        Deactivation::Missing
    );
    assert_eq!(
        read(412, &error(412, "Token missing in the request")),
        Deactivation::TokenRefused
    );
    assert!(matches!(
        read(404, "<html>"),
        Deactivation::NoAnswer { sent: true, .. }
    ));
    assert!(matches!(
        read(500, &error(500, "x")),
        Deactivation::NoAnswer { sent: true, .. }
    ));
    assert!(matches!(read(429, ""), Deactivation::Throttled { .. }));
    assert!(matches!(
        read(200, &error(405, "x")),
        Deactivation::StopRun(_)
    ));
}

#[test]
fn a_balance_is_paise_or_a_reason() {
    let both = r#"{"status":"SUCCESS","subCode":"200","data":{"balance":214735.5,"availableBalance":"173980.50"}}"#;
    let read = |http, body: &str| read_balance(&answer(http, body));
    let expected = Balance {
        available: 17_398_050,
        ledger: Some(21_473_550),
    };
    assert_eq!(read(200, both), Ok(expected));
    assert!(matches!(
        read(200, &both.replace("173980.50", "lots")),
        Err(Finding::NotSent { .. })
    ));
    assert_eq!(
        read(403, &error(403, "Token is not valid")),
        Err(Finding::TokenRefused)
    );
    assert!(matches!(read(404, "<html>"), Err(Finding::StopRun(_))));
    assert!(matches!(read(503, "<html>"), Err(Finding::NotSent { .. })));
}

fn grant(expiry: &str, date: Option<i64>, now: i64) -> Result<u64, Finding> {
    let body =
        format!(r#"{{"status":"SUCCESS","subCode":"200","data":{{"token":"t.o.k"{expiry}}}}}"#);
    let Reply::Answer(mut answer) = answer(200, body) else {
        unreachable!()
    };
    answer.headers = ReplyHeaders {
        date,
        ..ReplyHeaders::default()
    };
    let grant = read_authorize(&Reply::Answer(answer), now)?;
    assert_eq!(grant.token.expose_secret(), "t.o.k");
    Ok(grant.lifetime.as_secs())
}

#[test]
fn a_token_lives_by_the_clock_that_set_its_expiry() {
    assert_eq!(grant(r#","expiry":1000360"#, Some(1_000_000), 7), Ok(360));
    assert_eq!(grant(r#","expiry":"1000360""#, None, 1_000_000), Ok(360));
    assert_eq!(grant("", Some(1_000_000), 7), Ok(300));
    assert_eq!(grant(r#","expiry":null"#, None, 7), Ok(300));
    for unusable in [
        r#","expiry":1000000"#,
        r#","expiry":5"#,
        r#","expiry":"soon""#,
    ] {
        assert!(matches!(
            grant(unusable, Some(1_000_000), 7),
            Err(Finding::NotSent { .. })
        ));
    }
}

#[test]
fn no_reading_of_authorize_leaves_a_create_in_doubt() {
    let bodies = [
        String::new(),
        "<html>".to_owned(),
        "{}".to_owned(),
        REDEEMED.to_owned(),
        error(401, "Invalid clientId and clientSecret combination"),
        error(403, "IP not whitelisted"),
        error(403, ""),
        error(409, "x"),
        error(412, "Signature missing in the request"),
        error(422, "x"),
        error(429, "Too many requests"),
        error(520, "Unknown error occurred"),
    ];
    for http in 100..=599 {
        for body in &bodies {
            let finding = read_authorize(&answer(http, body.as_str()), 0).unwrap_err();
            let expected = matches!(
                finding,
                Finding::NotSent { .. } | Finding::Throttled { .. } | Finding::StopRun(_)
            );
            assert!(expected, "HTTP {http} {body}: {finding:?}");
        }
    }
    let cause = |http, body: &str| match read_authorize(&answer(http, body), 0) {
        Err(Finding::StopRun(stop)) => Some(stop.cause),
        _ => None,
    };
    assert_eq!(cause(403, "<html>"), Some(StopCause::IpNotWhitelisted));
    assert_eq!(cause(404, "<html>"), Some(StopCause::Address));
    assert_eq!(
        cause(200, &error(412, "Signature missing in the request")),
        Some(StopCause::Signature)
    );
    assert_eq!(cause(503, "<html>"), None);
}
