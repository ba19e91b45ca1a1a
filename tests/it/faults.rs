//! Refusals and failures in the gateway's own words: what stops a run says what to mend, what passes is sat out, and
//! everything is finished by the same command.
//!
//! Deliberately absent: lost replies (`doubt`), waits (`pace`), nonsense (`hostile`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use paysheet::sandbox::{BalanceRule, ErrorStyle, Options, Span};

use crate::support::trouble::*;
use crate::support::*;

/// Everything that stops a run: what it is, how it looks on the wire, and words of its remedy.
fn stops() -> Vec<(&'static str, Say, &'static [&'static str])> {
    let address = "IP not whitelisted, your current ip is 203.0.113.9";
    vec![
        (
            "wrong secret",
            Say::refusal(401, "Invalid clientId and clientSecret combination"),
            &["CASHFREE_CLIENT_SECRET"],
        ),
        (
            "address unknown",
            Say::refusal(403, address),
            &["203.0.113.9", "whitelist"],
        ),
        (
            "not enabled",
            Say::refusal(403, "APIs not enabled. Please fill out the Support Form"),
            &["enable the Payouts API"],
        ),
        (
            "no permission",
            Say::refusal(403, "Permission Denied"),
            &["Permission Denied"],
        ),
        (
            "no signature",
            Say::refusal(412, "Signature missing in the request"),
            &["--public-key"],
        ),
        (
            "bad signature",
            Say::refusal(403, "Invalid signature provided"),
            &["--public-key", "clock"],
        ),
        ("a firewall's page", Say::page(403), &["whitelist", "proxy"]),
        ("wrong address", Say::page(404), &["--base-url"]),
        (
            "wrong method",
            Say::refusal(405, "Invalid request URL or HTTP method"),
            &["--base-url"],
        ),
        (
            "elsewhere",
            Say::new(302, "").with("location", "https://login.example/"),
            &["--base-url"],
        ),
    ]
}

/// What stops a run at a create only.
fn account_stops() -> Vec<(&'static str, Say, &'static [&'static str])> {
    vec![
        (
            "wallet empty",
            Say::refusal(
                412,
                "Available balance is less than requested cashgram amount.",
            ),
            &["add money"],
        ),
        (
            "no fund source",
            Say::refusal(500, "no active fund source"),
            &["fund source", "support"],
        ),
        (
            "no prices",
            Say::refusal(500, "rates are not configured for this account"),
            &["prices", "support"],
        ),
    ]
}

#[test]
fn what_the_login_refuses_stops_the_run_with_its_remedy_before_anything_is_sent() {
    each_of(stops(), |(what, say, words)| {
        let mended = Arc::new(AtomicBool::new(false));
        let (flag, refusal) = (Arc::clone(&mended), say.clone());
        let raw = Raw::start(
            move |ask| match ask.is_authorize() && !flag.load(Ordering::SeqCst) {
                true => Act::Instead(Manner::Says(refusal.clone())),
                false => Act::Honest,
            },
        );
        let world = batch(5);
        let send = hasty(&world, &raw);
        let output = sent(&send, 1, &world, &raw).says(words).says(["again"]);
        assert_eq!((raw.asked(), raw.creates()), (1, 0), "{what}: {output}");
        mended.store(true, Ordering::SeqCst);
        sent(&send, 0, &world, &raw);
        all_paid(&world, &raw, 5);
    });
}

#[test]
fn what_stops_a_run_at_a_create_is_resumed_once_it_is_mended() {
    let cases = stops().into_iter().chain(account_stops()).collect();
    each_of(cases, |(what, say, words): (_, Say, _)| {
        let mended = Arc::new(AtomicBool::new(false));
        let (flag, refusal) = (Arc::clone(&mended), say.clone());
        let raw = Raw::start(move |ask| {
            match ask.is_create() && ask.nth > 6 && !flag.load(Ordering::SeqCst) {
                true => Act::Instead(Manner::Says(refusal.clone())),
                false => Act::Honest,
            }
        });
        let world = batch(40);
        let send = hasty(&world, &raw).args(["--concurrency", "4"]);
        let output = sent(&send, 1, &world, &raw).says(words).says(["again"]);
        assert!(
            raw.creates() <= 6 + 4,
            "{what}: {} creates, {output}",
            raw.creates()
        );
        mended.store(true, Ordering::SeqCst);
        sent(&send, 0, &world, &raw);
        all_paid(&world, &raw, 40);
    });
}

#[test]
fn a_wrong_secret_is_refused_once_and_not_said_aloud() {
    let gate = Gate::new();
    let world = batch(5);
    let send = hasty(&world, &gate).env("CASHFREE_CLIENT_SECRET", "canary-wrong-5d0e");
    let output = sent(&send, 1, &world, &gate).says(["CASHFREE_CLIENT_SECRET"]);
    let output = output.hides(["canary-wrong-5d0e", CLIENT_SECRET]);
    assert_eq!((gate.asked(), gate.books().len()), (1, 0), "{output}");
    sent(&hasty(&world, &gate), 0, &world, &gate);
}

#[test]
fn a_wallet_that_runs_dry_stops_the_run_and_a_top_up_finishes_it() {
    let gate = Gate::with(|options| options.rules.balance_rule = BalanceRule::Hold);
    gate.set_balance("200.00");
    let world = batch(40);
    let send = hasty(&world, &gate).args(["--concurrency", "4"]);
    let output = sent(&send, 1, &world, &gate).says(["add money", "run the same command again"]);
    let paid = world.table(RESULTS).states("created");
    assert!((1..40).contains(&paid), "{output}");
    assert!(gate.creates() <= paid + 4, "{output}");
    gate.set_balance("100000.00");
    sent(&send, 0, &world, &gate);
    all_paid(&world, &gate, 40);
}

#[test]
fn twenty_equal_refusals_stop_the_run_and_different_ones_do_not() {
    let raw = Raw::start(|ask| match ask.is_create() {
        true => Act::Instead(Manner::Says(Say::refusal(
            422,
            "Please provide a valid name",
        ))),
        false => Act::Honest,
    });
    let world = batch(200);
    let send = hasty(&world, &raw).args(["--concurrency", "4"]);
    let output = sent(&send, 1, &world, &raw)
        .says(["Please provide a valid name", "account or the whole sheet"]);
    assert!(
        (20..=24).contains(&raw.creates()),
        "{} creates: {output}",
        raw.creates()
    );

    let raw = Raw::start(|ask| match ask.is_create() {
        true => Act::Instead(Manner::Says(Say::refusal(
            422,
            &format!("row {} is odd", ask.nth % 3),
        ))),
        false => Act::Honest,
    });
    let world = batch(50);
    sent(&hasty(&world, &raw), 4, &world, &raw);
    assert_eq!(world.table(RESULTS).states("rejected"), 50);
    let before = raw.creates();
    sent(&hasty(&world, &raw), 4, &world, &raw);
    assert_eq!(
        raw.creates(),
        before,
        "what was refused is not sent again by itself"
    );
}

#[test]
fn a_gateway_that_refuses_connections_is_given_up_and_resumed_later() {
    let mut gate = Gate::new();
    gate.down();
    let world = batch(5);
    let send = giving_up(&world, &gate, "2s");
    let output = send
        .run()
        .exits(1)
        .says(["out of reach", "run the same command again"]);
    assert!(output.took < Duration::from_secs(10), "{:?}", output.took);
    gate.up();
    sent(&send, 0, &world, &gate);
    all_paid(&world, &gate, 5);
}

#[test]
fn a_gateway_that_goes_down_in_the_middle_and_comes_back_is_waited_for() {
    let mut gate = Gate::with(|options| options.latency = "5ms".parse().unwrap());
    let world = batch(200);
    let running = giving_up(&world, &gate, "20s")
        .env("PAYSHEET_RATE", "200")
        .spawn();
    while gate.creates() < 60 {
        std::thread::sleep(Duration::from_millis(5));
    }
    gate.down();
    let paid = gate.books().len();
    assert!(paid < 200, "it went down too late");
    std::thread::sleep(Duration::from_secs(2));
    gate.up();
    let output = running.wait().exits(0);
    check(&output, &world, &gate);
    all_paid(&world, &gate, 200);
}

#[test]
fn a_session_that_dies_young_is_renewed_by_one_request_at_a_time() {
    let gate = Gate::with(|options| {
        options.rules.token_life = Span::seconds(2);
        options.latency = "20ms".parse().unwrap();
        options.latency_on_authorize = true;
    });
    let world = batch(400);
    let output = sent(
        &hasty(&world, &gate).env("PAYSHEET_RATE", "100"),
        0,
        &world,
        &gate,
    );
    all_paid(&world, &gate, 400);
    let seconds = usize::try_from(output.took.as_secs()).unwrap();
    let logins = gate.count("/authorize");
    assert!(
        (2..=seconds * 2 + 2).contains(&logins),
        "{logins} logins in {seconds} s"
    );
}

#[test]
fn tokens_that_die_all_the_time_cost_renewals_and_nothing_else() {
    let gate = Gate::with(|options| {
        options.faults = "create:token-death=20%,status:token-death=10%"
            .parse()
            .unwrap()
    });
    let world = batch(60);
    resumed(&hasty(&world, &gate), &world, &gate);
    all_paid(&world, &gate, 60);
    assert!(gate.count("/authorize") > 5);
}

/// The same refusals under HTTP 200, under their own HTTP status, and now so, now so.
#[test]
fn all_styles_of_refusal_come_to_the_same() {
    let styles = vec![
        ErrorStyle::Http200,
        ErrorStyle::HttpStatus,
        ErrorStyle::Mixed,
    ];
    each_of(styles, |style| {
        let gate = Gate::with(|options| {
            options.error_style = style;
            options.faults = "create:500-after=10%,create:520-before=10%,create:lost-before=5%,status:500-before=10%".parse().unwrap();
        });
        let world = batch(60);
        resumed(&hasty(&world, &gate), &world, &gate);
        all_paid(&world, &gate, 60);
    });
}

/// Everything at once, from five seeds; the same command is run until it says that all is done.
#[test]
fn a_mixture_of_everything_ends_with_every_row_paid_once() {
    const PLAN: &str = "lost-before=3%,lost-after=4%,late=2%,late-by=1500ms,reset=2%,cut=2%,stall=1%,stall-for=3s,\
        500-before=2%,500-after=2%,520-after=1%,502-after=2%,503-before=2%,429=1%,429-bare=1%,429-200=1%,html-200=2%,\
        half-json=2%,empty=2%,data-null=1%,subcode-number=2%,subcode-missing=2%,\
        status:missing=5%,status:lower-case=2%,status:unknown-word=2%,token-death=2%,missing-for=300ms";
    each_of((1..=5).collect(), |seed| {
        let gate = Gate::with(|options: &mut Options| {
            options.rules.seed = seed;
            options.faults = PLAN.parse().unwrap();
            options.latency = "5ms±5ms".parse().unwrap();
        });
        let world = batch(80);
        let runs = resumed(&hasty(&world, &gate), &world, &gate);
        all_paid(&world, &gate, 80);
        assert!(runs.len() <= 10, "seed {seed}: {} runs", runs.len());
    });
}
