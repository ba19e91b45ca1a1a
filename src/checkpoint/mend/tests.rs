//! Choices, wishes and generations in a file of their own, and one of the format before them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::{Binding, RowFields};
use super::*;
use crate::domain::{CashgramId, Money, Phone, Receipt, Sighting, Status, StatusClass, Terms};

fn binding() -> Binding {
    Binding {
        environment: "test".to_owned(),
        host: "gateway.invalid".to_owned(),
        account: "me".to_owned(),
        batch: "june".to_owned(),
    }
}

fn phone(n: u32) -> Phone {
    Phone::from_number(9_000_000_000 + u64::from(n)).unwrap()
}

/// Four rows, the last with an id of its own.
fn made(folder: &tempfile::TempDir) -> (PathBuf, Store) {
    let path = folder.path().join("june.db");
    let mut store = Store::create(&path, &binding(), false).unwrap();
    let mut intake = store.begin_intake("{}", Timestamp::UNIX_EPOCH).unwrap();
    for n in 1..=4 {
        let fields = RowFields {
            name: "Asha",
            phone: phone(n).number(),
            amount: Money::from_paise(i64::from(n) * 100).unwrap(),
            link_expiry: "2026-11-30",
            ..RowFields::default()
        };
        let derived = CashgramId::derive("june", phone(n), 1, 1);
        let id = if n == 4 {
            ("OWN_4", true)
        } else {
            (derived.as_str(), false)
        };
        let occurrence = u32::from(n != 4);
        let place = (u64::from(n), u64::from(n) + 1);
        intake
            .place_new(place, Some(id), occurrence, "[]", &fields)
            .unwrap();
    }
    intake.finish("abc").unwrap();
    (path, store)
}

fn record(store: &mut Store, payout: i64, news: News) {
    let posting = Posting {
        payout: PayoutNo(payout),
        at: Timestamp::from_millisecond(5_000).unwrap(),
        news,
        believed: None,
    };
    store.record(&[posting]).unwrap();
}

fn status(word: &str, class: StatusClass) -> Status {
    Status {
        word: word.to_owned(),
        class,
    }
}

fn create(store: &mut Store, payout: i64) {
    let sending = News::Sending {
        attempt: 1,
        terms: Terms(7),
        body: Some(Arc::from("{}")),
    };
    record(store, payout, sending);
    let receipt = Receipt {
        reference: format!("81{payout}"),
        link: format!("https://csgr.invalid/{payout}"),
    };
    record(
        store,
        payout,
        News::Created(receipt, status("ACTIVE", StatusClass::Active)),
    );
}

fn sweep(store: &mut Store, payout: i64, word: &str, class: StatusClass) {
    let seen = Sighting {
        status: status(word, class),
        reference: None,
        link: None,
        reason: None,
        utr: None,
    };
    record(store, payout, News::Swept(seen));
}

fn ids(store: &Store) -> Vec<String> {
    let mut ids = Vec::new();
    store
        .each_row(|row| {
            ids.push(format!("{} {}", row.cashgram_id, row.state));
            Ok::<_, Error>(())
        })
        .unwrap();
    ids
}

fn earlier(store: &Store) -> Vec<String> {
    let mut rows = Vec::new();
    store
        .each_earlier(|row| {
            let told = row.told;
            rows.push(format!(
                "{} {} {} {}",
                told.cashgram_id,
                told.state,
                told.status,
                row.told.amount.grouped()
            ));
            Ok::<_, Error>(())
        })
        .unwrap();
    rows
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap()
}

#[test]
fn a_dead_link_gives_its_row_to_the_next_generation() {
    let folder = tempfile::tempdir().unwrap();
    let (path, mut store) = made(&folder);
    for payout in 1..=4 {
        create(&mut store, payout);
    }
    for payout in [2, 4] {
        sweep(&mut store, payout, "EXPIRED", StatusClass::Expired);
    }
    store.pick_all(Pick::Dead).unwrap();
    assert_eq!(store.picked_page(PayoutNo(0), false, 9).unwrap().len(), 2);
    // First seen dead at 5,000.
    assert_eq!(store.prove_dead(Some(4_999), at(9)).unwrap(), 0);
    assert_eq!(store.prove_dead(Some(5_000), at(9)).unwrap(), 2);
    assert_eq!(store.keep_mendable().unwrap(), 2);
    assert_eq!(store.sendable(true, false).unwrap().amount.paise(), 600);
    assert_eq!(
        store.reissue_picked(at(9), |text| text.is_empty()).unwrap(),
        2
    );
    store.prove_totals().unwrap();
    let own = CashgramId::parse("OWN_4").unwrap();
    let second = [
        CashgramId::derive("june", phone(2), 1, 2),
        CashgramId::derive_own(&own, 2),
    ];
    let now = ids(&store);
    assert_eq!(now[1], format!("{} ready", second[0]));
    assert_eq!(now[3], format!("{} ready", second[1]));
    assert!(now[0].ends_with("created"));
    let old = CashgramId::derive("june", phone(2), 1, 1);
    assert_eq!(
        earlier(&store),
        [
            format!("{old} created EXPIRED 2.00"),
            "OWN_4 created EXPIRED 4.00".to_owned()
        ]
    );
    // Only the new ones are sent, and without an expiry that may not be.
    let page = store.ready_page(0, 9).unwrap();
    assert_eq!(page.len(), 2);
    assert!(page.iter().all(|row| row.link_expiry.is_empty()));
    assert!(store.named_by_id("OWN_4").unwrap().is_none());
    // The next sheet finds them by what it knew before.
    drop(store);
    let mut store = Store::open(&path, &binding()).unwrap();
    let mut known = Vec::new();
    store
        .each_known(|known_one| known.push((known_one.payout.0, known_one.sheet_id.to_owned())))
        .unwrap();
    assert_eq!(known.len(), 4);
    assert!(known.contains(&(6, "OWN_4".to_owned())), "{known:?}");
    let intake = store.begin_intake("{}", at(9)).unwrap();
    intake.finish("def").unwrap();
    let left = store.named_by_id(second[1].as_str()).unwrap().unwrap();
    assert_eq!(
        left.row.standing.state,
        State::Ready,
        "an intake leaves it alone"
    );
    // Third time: from the own id again.
    assert_eq!(
        CashgramId::derive_own(&own, 3).as_str().len(),
        second[1].as_str().len()
    );
}

#[test]
fn what_was_cancelled_is_replaced_only_once_it_is_seen_dead() {
    let folder = tempfile::tempdir().unwrap();
    let (_path, mut store) = made(&folder);
    create(&mut store, 1);
    record(&mut store, 1, News::Cancelling);
    record(&mut store, 1, News::Deactivated);
    store.pick(&[PayoutNo(1), PayoutNo(2)]).unwrap();
    assert_eq!(store.cancel_ready(at(9)).unwrap(), 1);
    assert_eq!(
        store.keep_mendable().unwrap(),
        1,
        "the one that was never made"
    );
    store.pick(&[PayoutNo(1)]).unwrap();
    sweep(&mut store, 1, "EXPIRED", StatusClass::Expired);
    assert_eq!(store.keep_mendable().unwrap(), 2);
    assert_eq!(store.resume_picked(at(9), |_| true).unwrap(), 1);
    assert_eq!(store.reissue_picked(at(9), |_| true).unwrap(), 1);
    assert!(ids(&store)[1].ends_with("ready"), "under its own id");
    assert_eq!(earlier(&store).len(), 1);
    store.prove_totals().unwrap();
    // It has a history, which no other row of a next sheet may inherit.
    store
        .begin_intake("{}", at(9))
        .unwrap()
        .finish("def")
        .unwrap();
    let mut known = Vec::new();
    store
        .each_known(|known_one| known.push(known_one.payout.0))
        .unwrap();
    assert!(known.contains(&2), "{known:?}");
    store.prove_totals().unwrap();
}

#[test]
fn a_cancel_takes_what_is_ready_and_asks_about_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let (path, mut store) = made(&folder);
    create(&mut store, 1);
    create(&mut store, 2);
    sweep(&mut store, 2, "REDEEMED", StatusClass::Redeemed);
    let sending = News::Sending {
        attempt: 1,
        terms: Terms(7),
        body: Some(Arc::from("{}")),
    };
    record(&mut store, 3, sending);
    store.close().unwrap();
    assert_eq!(store.cancel_ready(at(9)).unwrap(), 1);
    let asked: Vec<i64> = store
        .stop_page(PayoutNo(0), 9)
        .unwrap()
        .iter()
        .map(|row| row.payout.0)
        .collect();
    assert_eq!(asked, [1, 3]);
    record(&mut store, 1, News::Closing);
    record(&mut store, 3, News::Closing);
    drop(store);
    let mut store = Store::open(&path, &binding()).unwrap();
    assert!(store.meta().closed);
    assert_eq!(store.still_to_stop().unwrap().rows, 2);
    assert_eq!(store.sendable(true, false).unwrap().rows, 0);
    assert_eq!(store.sendable(true, true).unwrap().amount.paise(), 300);
    store.reopen(at(9)).unwrap();
    assert_eq!(store.still_to_stop().unwrap().rows, 0);
    // What is named stays stopped, whether the batch is closed after that or before.
    for (row, wishes) in [
        (1, [News::Cancelling, News::Closing]),
        (3, [News::Closing, News::Cancelling]),
    ] {
        for wish in wishes {
            record(&mut store, row, wish);
        }
    }
    store.close().unwrap();
    assert_eq!(store.sendable(true, true).unwrap().rows, 0);
    store.reopen(at(9)).unwrap();
    assert!(!store.meta().closed);
    assert_eq!(store.still_to_stop().unwrap().rows, 2);
    store.prove_totals().unwrap();
}

/// The file as the format before this one wrote it.
fn take_back(path: &Path) {
    let conn = rusqlite::Connection::open(path).unwrap();
    conn.execute_batch(
        "ALTER TABLE payouts DROP COLUMN sheet_id; PRAGMA user_version = 2;
         UPDATE payouts SET history = history & 255;",
    )
    .unwrap();
    super::super::seal::teach(&conn).unwrap();
    conn.execute_batch(super::super::seal::SEAL_PAY).unwrap();
}

#[test]
fn a_file_of_the_format_before_generations_is_brought_forward() {
    let folder = tempfile::tempdir().unwrap();
    let (path, mut store) = made(&folder);
    let seen = Sighting {
        status: status("ACTIVE", StatusClass::Active),
        reference: Some("7".to_owned()),
        link: None,
        reason: None,
        utr: None,
    };
    record(&mut store, 1, News::Present(seen));
    record(&mut store, 1, News::Adopted);
    create(&mut store, 2);
    drop(store);
    take_back(&path);
    let mut store = Store::open(&path, &binding()).unwrap();
    let of = |store: &Store, row| store.named_by_row(row).unwrap().unwrap().row.standing;
    assert!(of(&store, 1).history.adopted);
    assert!(!of(&store, 2).history.adopted);
    for payout in [1, 2] {
        sweep(&mut store, payout, "EXPIRED", StatusClass::Expired);
    }
    store.pick_all(Pick::Dead).unwrap();
    assert_eq!(
        store.prove_dead(None, at(9)).unwrap(),
        1,
        "the adopted one is not named"
    );
    assert_eq!(store.reissue_picked(at(9), |_| true).unwrap(), 1);
    drop(store);
    Store::open(&path, &binding()).unwrap();
}

#[test]
fn a_row_with_faults_can_be_named_although_it_has_no_id() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("june.db");
    let mut store = Store::create(&path, &binding(), false).unwrap();
    let mut intake = store.begin_intake("{}", Timestamp::UNIX_EPOCH).unwrap();
    let fields = RowFields::default();
    intake.place_new((1, 2), None, 0, "[]", &fields).unwrap();
    intake.finish("abc").unwrap();
    let named = store.named_by_row(1).unwrap().unwrap();
    assert_eq!(named.row.standing.state, State::Invalid);
    assert_eq!(named.row.cashgram_id, "");
}
