//! What clients see of mischief, throttle and latency.

use super::*;

/// What one create comes to under a fault, and whether the Cashgram exists afterwards.
fn under(fault: &str) -> (Delivery, bool) {
    let client = Client::new(with_faults(&format!("create:{fault}=100%")));
    let delivery = client.delivery("A");
    let exists = !client.sandbox.cashgrams(NOON).unwrap().is_empty();
    (delivery, exists)
}

fn text(ending: &Ending) -> (u16, String) {
    match ending {
        Ending::Reply(reply) | Ending::Drip(reply, _) | Ending::Cut(reply) => {
            (reply.status, String::from_utf8(reply.body.clone()).unwrap())
        }
        Ending::Closed | Ending::Reset => (0, String::new()),
    }
}

#[test]
fn before_means_nothing_happened_and_after_means_it_did() {
    for fault in mischief::Fault::ALL {
        let name = fault.name();
        if format!("create:{name}=1%").parse::<Plan>().is_err() {
            continue;
        }
        let (_, exists) = under(name);
        assert_eq!(exists, fault.phase() == mischief::Phase::After, "{name}");
    }
}

#[test]
fn each_fault_looks_as_its_meaning_says() {
    for (fault, status, part) in [
        ("500-before", 200, r#""subCode":"500""#),
        ("520-after", 200, "Unknown error occurred"),
        ("502-after", 502, "<h1>502 Bad Gateway</h1>"),
        ("503-before", 503, "nginx"),
        ("429", 429, "Too many requests"),
        ("429-200", 200, "Too many requests"),
        ("html", 403, "<h1>403 Forbidden</h1>"),
        ("html-200", 200, "<html>"),
        ("redirect", 302, "302"),
        ("half-json", 200, r#"{"status":"SUCCESS""#),
        ("empty", 200, ""),
        ("subcode-number", 200, r#""subCode":200"#),
        ("data-null", 200, r#""data":null"#),
        ("409", 200, "Cashgram with id A already exists"),
        ("409-phantom", 200, "Cashgram with id A already exists"),
        ("token-death", 200, "Token is not valid"),
        ("no-fund-source", 200, "fund source"),
        ("no-rates", 200, "rates"),
        ("ip-blocked", 200, "IP not whitelisted"),
        ("not-enabled", 200, "APIs not enabled"),
    ] {
        let (delivery, _) = under(fault);
        let (seen, body) = text(&delivery.ending);
        assert_eq!(seen, status, "{fault}");
        assert!(body.contains(part), "{fault}: {body}");
    }
    let half = text(&under("half-json").0.ending).1;
    assert!(serde_json::from_str::<Value>(&half).is_err());
    assert!(
        !text(&under("subcode-missing").0.ending)
            .1
            .contains("subCode")
    );
    assert_eq!(
        under("stall").0,
        Delivery {
            wait: Span::seconds(60),
            ending: Ending::Closed
        }
    );
    assert_eq!(under("delay").0.wait, Span::seconds(2));
    assert_eq!(under("lost-after").0.ending, Ending::Closed);
    assert_eq!(under("reset").0.ending, Ending::Reset);
    assert!(matches!(under("drip").0.ending, Ending::Drip(..)));
    assert!(matches!(under("cut").0.ending, Ending::Cut(_)));
}

#[test]
fn retry_after_comes_with_one_429_and_not_with_the_other() {
    let has = |fault: &str| {
        let Ending::Reply(reply) = under(fault).0.ending else {
            panic!("{fault} closes the connection");
        };
        reply.headers.iter().any(|(name, _)| *name == "retry-after")
    };
    assert!(has("429"));
    assert!(!has("429-bare"));
}

#[test]
fn status_words_and_gaps_befall_only_lookups() {
    let client = Client::new(with_faults("lower-case@L,unknown-word@U,missing@M"));
    for (id, word) in [
        ("L1", "active"),
        ("U1", "UNDER_REVIEW"),
        ("M1", "404"),
        ("X1", "ACTIVE"),
    ] {
        assert_eq!(client.create(id)["subCode"], "200");
        assert_eq!(client.word(id), word);
    }
    let mut client = Client::new(with_faults("missing-for=2s"));
    client.create("A");
    assert_eq!(client.word("A"), "404");
    client.wait(2);
    assert_eq!(client.word("A"), "ACTIVE");
}

#[test]
fn a_late_create_takes_place_after_its_client_was_told_nothing() {
    let mut client = Client::new(with_faults("late@A,late-by=3s"));
    assert_eq!(client.delivery("A").ending, Ending::Closed);
    client.wait(2);
    assert_eq!(client.word("A"), "404");
    client.wait(1);
    assert_eq!(client.word("A"), "ACTIVE");
    let created = &client.sandbox.cashgrams(client.now).unwrap()[0];
    assert_eq!(created.created, NOON.plus_micros(3_000_000));
    let effects: Vec<_> = client
        .sandbox
        .requests()
        .iter()
        .map(|seen| seen.effect)
        .collect();
    assert_eq!(effects, ["token", "none", "none", "created", "none"]);
}

#[test]
fn dead_tokens_are_replaced_by_new_ones_within_the_same_instant() {
    let mut client = Client::new(with_faults("token-death@A"));
    assert_eq!(client.create("A")["message"], "Token is not valid");
    assert_eq!(client.create("B")["message"], "Token is not valid");
    client.login();
    assert_eq!(client.create("B")["subCode"], "200");
}

#[test]
fn the_throttle_counts_everything_but_authorize_and_says_when_to_come_back() {
    let mut client = Client::new(Options {
        rate_limit: Some(2),
        ..Options::default()
    });
    client.login();
    assert_eq!(client.create("A")["subCode"], "200");
    assert_eq!(client.create("B")["subCode"], "200");
    let Ending::Reply(reply) = client.delivery("C").ending else {
        panic!("closed");
    };
    assert_eq!(reply.status, 429);
    for name in ["retry-after", "x-ratelimit-reset"] {
        assert!(reply.headers.contains(&(name, "1".into())), "{name}");
    }
    assert!(reply.headers.contains(&("x-ratelimit-limit", "2".into())));
    client.login();
    client.wait(1);
    assert_eq!(client.create("C")["subCode"], "200");
    assert_eq!(client.sandbox.cashgrams(client.now).unwrap().len(), 3);
}

#[test]
fn latency_spares_authorize_unless_asked() {
    let login = Request {
        method: "POST",
        path: "/v1/authorize",
        client_id: Some(CLIENT_ID),
        client_secret: Some(CLIENT_SECRET),
        ..Request::default()
    };
    for asked in [false, true] {
        let latency = "200ms".parse().unwrap();
        let client = Client::new(Options {
            latency,
            latency_on_authorize: asked,
            ..Options::default()
        });
        assert_eq!(client.delivery("A").wait, Span::millis(200));
        assert_eq!(client.deliver(login).wait == Span::millis(200), asked);
    }
}

#[test]
fn the_same_requests_under_the_same_seed_come_to_the_same() {
    let run = |seed| {
        let mut options = with_faults("lost-after=10%,500-before=10%,half-json=10%,429=10%");
        options.rules.seed = seed;
        options.latency = "200ms±100ms".parse().unwrap();
        options.error_style = ErrorStyle::Mixed;
        let client = Client::new(options);
        (0..200)
            .map(|n| client.delivery(&format!("A{n}")))
            .collect::<Vec<_>>()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}
