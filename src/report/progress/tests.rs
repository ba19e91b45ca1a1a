//! Where a run stands, event by event.

use super::*;

fn money(paise: i64) -> Money {
    Money::from_paise(paise).unwrap()
}

fn moved(row: u64, from: State, to: State, note: Option<&str>) -> Event {
    Event::Moved {
        row,
        id: format!("june-{row}"),
        amount: money(100_000),
        from,
        to,
        note: note.map(str::to_owned),
    }
}

fn opened(to_send: u64, to_ask: u64) -> Event {
    Event::Opened {
        to_send,
        amount_to_send: money(400_000),
        to_ask,
    }
}

fn paused(pause: Pause, seconds: u64) -> Event {
    Event::Paused {
        pause,
        wait: Duration::from_secs(seconds),
    }
}

#[test]
fn a_send_counts_what_is_decided() {
    let mut progress = Progress::new(Task::Sending);
    assert_eq!(progress.take(&opened(4, 0)), Urgency::Now);
    assert_eq!(progress.opening(), "sending 4 payouts, ₹4,000.00");
    for event in [
        moved(1, State::Ready, State::Unknown, None),
        moved(1, State::Unknown, State::Created, None),
        moved(2, State::Ready, State::Unknown, Some("timed out")),
        moved(3, State::Ready, State::Rejected, Some("no such phone")),
    ] {
        assert_eq!(progress.take(&event), Urgency::Later);
    }
    let line = progress.line(Duration::from_secs(2));
    assert_eq!(
        line,
        "sending: 2 of 4 (50 %), ₹1,000.00, 1/s, 2 s left, 1 rejected, 1 in doubt"
    );
    progress.limit("50/s".to_owned());
    let line = progress.line(Duration::from_secs(2));
    assert!(line.contains("1/s of 50/s, 2 s left"), "{line}");
    progress.take(&moved(2, State::Unknown, State::Created, None));
    assert!(!progress.line(Duration::from_secs(2)).contains("doubt"));
}

#[test]
fn a_sweep_counts_what_was_looked_at_and_never_more_than_there_is() {
    let mut progress = Progress::new(Task::Asking);
    progress.take(&opened(0, 9));
    progress.take(&opened(0, 2));
    let looked = |changed| Event::Looked {
        row: 1,
        id: "a".into(),
        status: Some("ACTIVE".into()),
        changed,
    };
    for changed in [false, true, true] {
        progress.take(&looked(changed));
    }
    assert_eq!(
        progress.line(Duration::ZERO),
        "asking: 2 of 2 (100 %), 2 changed"
    );
}

#[test]
fn reasons_are_said_at_once_and_once() {
    let mut progress = Progress::new(Task::Sending);
    let away = paused(
        Pause::OutOfReach {
            why: "connection refused".into(),
        },
        8,
    );
    assert_eq!(progress.take(&away), Urgency::Now);
    assert_eq!(progress.take(&away), Urgency::Later);
    let details = progress.details(Duration::ZERO);
    assert_eq!(
        details,
        "gateway out of reach, next try in 8 s: connection refused, ₹0.00"
    );
    progress.take(&Event::Resumed);
    assert_eq!(progress.details(Duration::ZERO), "₹0.00");
    assert_eq!(
        progress.take(&away),
        Urgency::Later,
        "a flapping gateway is no news"
    );
    assert_eq!(
        reason(&Pause::Throttled, Duration::from_secs(12)),
        "the gateway asks to wait 12 s"
    );
    assert_eq!(
        reason(&Pause::Settling { payouts: 3 }, Duration::from_secs(5)),
        "waiting to look up 3 payments in doubt, next in 5 s"
    );
}

#[test]
fn before_the_work_is_known_only_what_is_in_its_way_is_said() {
    let mut progress = Progress::new(Task::Sending);
    progress.take(&Event::Looked {
        row: 1,
        id: "a".into(),
        status: None,
        changed: false,
    });
    let line = |progress: &Progress| progress.line(Duration::from_secs(9));
    assert_eq!(
        line(&progress),
        "checking what exists already: 1 id looked up"
    );
    progress.take(&paused(Pause::Throttled, 1));
    assert_eq!(line(&progress), "waiting: the gateway asks to wait 1 s");
    progress.take(&opened(4, 2));
    assert_eq!(
        progress.opening(),
        "sending 4 payouts, ₹4,000.00, and looking up 2 in doubt"
    );
    assert_eq!(line(&progress), "sending: 0 of 6 (0 %), ₹0.00");
}

#[test]
fn endings_are_said() {
    let mut progress = Progress::new(Task::Sending);
    assert_eq!(
        progress.take(&Event::Interrupted { in_flight: 1 }),
        Urgency::Say(
            "interrupted: nothing new starts, 1 request in flight will be waited for".into()
        )
    );
    let stopping = Event::Stopping {
        why: "the client id is wrong".into(),
        remedy: "check it".into(),
    };
    assert_eq!(
        progress.take(&stopping),
        Urgency::Say("stopping: the client id is wrong".into()),
        "the closing words say what to do about it"
    );
}

#[test]
fn nothing_to_do_is_all_done() {
    assert_eq!(Progress::new(Task::Asking).percent(), 100);
}
