//! What the page says, and that nothing from outside acts in it.

use super::*;

fn money(paise: i64) -> Money {
    Money::from_paise(paise).unwrap()
}

fn count(rows: u64, paise: i64) -> Count {
    Count {
        rows,
        amount: money(paise),
    }
}

/// A batch of these rows, whose kept totals agree.
fn page(rows: &[(Entry, u64)]) -> Page {
    let mut kept: BTreeMap<State, Count> = BTreeMap::new();
    for (entry, many) in rows {
        let state = kept.entry(entry.state()).or_default();
        state.rows += many;
        state.amount = money(state.amount.paise() + i64::try_from(*many).unwrap() * 10_000);
    }
    let mut ledger = Ledger::new(kept);
    for (entry, many) in rows {
        (0..*many).for_each(|_| ledger.add(entry.clone(), money(10_000)));
    }
    Page {
        ledger,
        ..Page::default()
    }
}

fn in_need(mut page: Page, cause: Cause, rows: u64) -> Page {
    let group = Group {
        count: count(rows, 0),
        listed: Vec::new(),
    };
    page.causes.insert(cause, group);
    page
}

#[test]
fn the_verdict_in_a_sentence() {
    let table = [
        (
            page(&[(Entry::Ready, 25)]),
            Tone::Waiting,
            "Nothing has been sent yet: 25 payouts of ₹2,500.00 are ready.",
        ),
        (
            page(&[(Entry::Ready, 1)]),
            Tone::Waiting,
            "Nothing has been sent yet: 1 payout of ₹100.00 is ready.",
        ),
        (
            page(&[(Entry::Redeemed, 1)]),
            Tone::Good,
            "The one payout was created, and redeemed. Nothing needs a person.",
        ),
        (
            page(&[(Entry::Active, 3)]),
            Tone::Waiting,
            "All 3 payouts were created, none is redeemed yet. Nothing needs a person.",
        ),
        (
            in_need(
                page(&[
                    (Entry::Redeemed, 2),
                    (Entry::Active, 1),
                    (Entry::Rejected, 1),
                ]),
                Cause::Invalid,
                1,
            ),
            Tone::Wrong,
            "3 of 4 payouts were created, 2 redeemed. 1 needs a person.",
        ),
        (
            page(&[(Entry::Active, 2), (Entry::Ready, 5)]),
            Tone::Waiting,
            "2 of 7 payouts were created, none is redeemed yet; 5 not sent yet.",
        ),
        (
            in_need(
                page(&[(Entry::Active, 2), (Entry::Ready, 5), (Entry::Unknown, 2)]),
                Cause::Conflict,
                2,
            ),
            Tone::Wrong,
            "2 of 9 payouts were created, none is redeemed yet; 5 not sent yet. 2 need a person.",
        ),
    ];
    for (page, tone, words) in table {
        assert_eq!(page.verdict(), (tone, words.to_owned()));
        assert!(render(&page).contains(words));
    }
}

#[test]
fn totals_that_do_not_close_are_said_in_red() {
    let mut page = page(&[(Entry::Redeemed, 3)]);
    assert!(!render(&page).contains("class=\"alarm\""));
    page.ledger.add(Entry::Redeemed, money(1));
    let html = render(&page);
    assert_eq!(page.verdict().0, Tone::Wrong);
    for words in [
        "The totals do not close",
        "class=\"alarm\" role=\"alert\"",
        "✗ kept: 3, ₹300.00",
    ] {
        assert!(html.contains(words), "{words}");
    }
    assert!(!html.contains("✓"));
}

/// Texts that would act on whoever opens the page.
const HOSTILE: [&str; 7] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'; alert(1) //",
    "</style></title><h1>",
    "a\u{202e}gpj.exe",
    "\u{1b}[2J\u{7}bell",
    "{{7*7}} &lt;b&gt; &#60;",
];

#[test]
fn nothing_from_outside_acts() {
    for text in HOSTILE {
        let own = || text.to_owned();
        let mut page = in_need(
            page(&[(Entry::Other(own()), 2), (Entry::Rejected, 1)]),
            Cause::Rejected {
                code: own(),
                message: own(),
            },
            1,
        );
        page.head = Head {
            environment: "test".to_owned(),
            batch: own(),
            sheet: own(),
            gateway: own(),
            account: own(),
            checkpoint: own(),
            results: own(),
            heard_at: "now".to_owned(),
            commands: Commands {
                send: own(),
                retry: own(),
                status: own(),
                ..Commands::default()
            },
            ..Head::default()
        };
        page.gone.insert(own(), count(1, 1));
        page.payouts.push(Payout {
            name: own(),
            id: own(),
            reason: own(),
            reference: own(),
            stands: own(),
            email: own(),
            utr: own(),
            facts: vec![FactLine {
                at: "noon".to_owned(),
                words: own(),
            }],
            ..Payout::default()
        });
        page.causes
            .values_mut()
            .for_each(|group| group.listed = vec![0, 7]);
        let html = render(&page);
        for markup in [
            "<script",
            "<img",
            "onerror=alert(1)>",
            "<h1><",
            "</style></title>",
        ] {
            assert!(!html.contains(markup), "{text:?} gave {markup}");
        }
        assert_eq!(
            html.matches("<title>").count() + html.matches("<title id").count(),
            html.matches("</title>").count()
        );
        let acts =
            |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
        assert_eq!(html.chars().find(|c| acts(*c)), None, "{text:?}");
        assert_eq!(html.matches("</style>").count(), 1);
    }
}

#[test]
fn it_needs_nothing_but_itself() {
    let html = render(&page(&[(Entry::Active, 3)]));
    for other in [
        "http://", "https://", "<script", "<link", "@import", "url(", " src=", "<iframe",
    ] {
        assert!(!html.contains(other), "{other}");
    }
    let first = html.lines().next().unwrap();
    assert!(
        is_ours(first) && first.to_lowercase().starts_with("<!doctype html>"),
        "{first}"
    );
    assert!(!is_ours("<!DOCTYPE html><html>"));
}

#[test]
fn the_list_stays_within_its_bytes() {
    let mut page = page(&[(Entry::Active, 9_000)]);
    let fact = FactLine {
        at: "24 Nov 2026, 18:54:29".to_owned(),
        words: "<".repeat(500),
    };
    page.payouts = (1..=9_000)
        .map(|number| Payout {
            number,
            facts: vec![fact.clone()],
            ..Payout::default()
        })
        .collect();
    let html = render(&page);
    assert!(html.len() <= 4 * 1024 * 1024, "{}", html.len());
    assert!(html.contains(" of 9,000 payouts are listed"));
}

/// Of more than there is room for, what needs a person is listed, wherever it stands.
#[test]
fn whoever_needs_a_person_is_listed_before_the_others() {
    let mut page = page(&[(Entry::Active, 20_000)]);
    page.payouts = (0..20_000)
        .map(|number| Payout {
            number,
            line: u64::try_from(number + 2).ok(),
            name: format!("Payee {number}."),
            in_need: number >= 19_900,
            ..Payout::default()
        })
        .collect();
    let html = render(&page);
    assert!(html.len() < 5 * 1024 * 1024, "{}", html.len());
    assert!((19_900..20_000).all(|number| html.contains(&format!(">Payee {number}.<"))));
    assert!((0..4_000).all(|number| html.contains(&format!(">Payee {number}.<"))));
    assert!(!html.contains(">Payee 19899.<"));
}

#[test]
fn every_plot_says_what_it_shows() {
    let mut creates = Timeline::starting(0);
    let mut answers = Latency::default();
    for ms in 0..5_000 {
        creates.add(ms * 7);
        answers.add(u64::try_from(ms).unwrap() / 20);
    }
    answers.add(45_000);
    let mut page = page(&[(Entry::Active, 5), (Entry::Redeemed, 5)]);
    page.runs.push(Run {
        began: "24 Nov".to_owned(),
        rate: Some(Limit {
            count: 50,
            window_ms: 1_000,
        }),
        creates: creates.clone(),
        pauses: vec![PauseSpan {
            from_ms: 5_000,
            until_ms: 7_000,
            why: "Cashfree asked to wait",
        }],
        pauses_left_out: 0,
    });
    page.answers = answers;
    page.links = Some(Links {
        began: "24 Nov".to_owned(),
        created: creates.clone(),
        redeemed: creates,
    });
    page.ageing = BTreeMap::from([
        (Due::Past, count(1, 5)),
        (Due::In(7), count(4, 9)),
        (Due::Unknown, count(1, 1)),
    ]);
    let html = render(&page);
    assert_eq!(html.matches("<svg").count(), 5);
    assert_eq!(html.matches("role=\"img\"").count(), 5);
    for words in [
        "limit 50/s",
        "1 pause (2 s in all), shaded",
        "paused 2 s: Cashfree asked to wait",
        "half within 125 ms",
        "the longest 45000 ms",
        "5,000 of 5,000 links redeemed (100.0 %)",
        "past its last day",
        "last day unknown",
    ] {
        assert!(html.contains(words), "{words}");
    }
    assert!(!html.contains("NaN") && html.matches("<desc").count() == 5);
}
