//! What a poster believes saves a reading and changes nothing else: right, wrong or about a damaged line.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use super::*;
use crate::checkpoint::{Binding, RowFields, Store};
use crate::domain::Receipt;

const AMOUNT: i64 = 125_050;

fn made(path: &Path) -> Store {
    let binding = Binding {
        environment: "test".to_owned(),
        host: "gateway.invalid".to_owned(),
        account: "me".to_owned(),
        batch: "june".to_owned(),
    };
    let mut store = Store::create(path, &binding, false).unwrap();
    let mut intake = store.begin_intake("{}", Timestamp::UNIX_EPOCH).unwrap();
    let fields = RowFields {
        name: "Asha Menon",
        phone: 9_000_000_001,
        amount: Money::from_paise(AMOUNT).unwrap(),
        ..RowFields::default()
    };
    intake
        .place_new((1, 2), Some(("june-1", false)), 1, "[]", &fields)
        .unwrap();
    intake.finish("abcdef").unwrap();
    store
}

fn news() -> [News; 2] {
    let receipt = Receipt {
        reference: "81".to_owned(),
        link: "https://csgr.invalid/1".to_owned(),
    };
    let status = Status {
        word: "ACTIVE".to_owned(),
        class: StatusClass::Active,
    };
    let sending = News::Sending {
        attempt: 1,
        terms: Terms(7),
        body: Some(Arc::from("{}")),
    };
    [sending, News::Created(receipt, status)]
}

/// Records both, each with what `believe` makes of the truth; all that is in the file afterwards.
fn record(store: &mut Store, believe: impl Fn(Believed) -> Option<Believed>) -> String {
    let mut standing = Standing::fresh(State::Ready);
    for news in news() {
        let amount = Money::from_paise(AMOUNT).unwrap();
        let posting = Posting {
            payout: PayoutNo(1),
            at: Timestamp::UNIX_EPOCH,
            news,
            believed: believe(Believed { standing, amount }),
        };
        standing = store.record(&[posting]).unwrap()[0];
    }
    store.prove_totals().unwrap();
    let mut all = format!("{standing:?} {:?}", store.totals());
    for table in ["payouts", "facts", "totals", "status_totals"] {
        let mut select = store
            .conn
            .prepare(&format!("SELECT * FROM {table}"))
            .unwrap();
        let columns = select.column_count();
        let lines = select
            .query_map([], |line| {
                (0..columns)
                    .map(|at| line.get::<_, rusqlite::types::Value>(at))
                    .collect::<Result<Vec<_>, _>>()
            })
            .unwrap();
        all.extend(lines.map(|line| format!("\n{table} {:?}", line.unwrap())));
    }
    store
        .each_row::<Error>(|_| Ok(()))
        .expect("every line is sealed");
    all
}

#[test]
fn what_is_believed_changes_nothing_but_the_time_it_takes() {
    let folder = tempfile::tempdir().unwrap();
    let fresh = |name: &str| made(&folder.path().join(name));
    let read = record(&mut fresh("read.db"), |_| None);
    assert!(read.contains("csgr.invalid"), "{read}");
    assert_eq!(record(&mut fresh("right.db"), Some), read);
    let another_amount = |right: Believed| {
        let amount = Money::from_paise(AMOUNT + 1).unwrap();
        Some(Believed { amount, ..right })
    };
    assert_eq!(record(&mut fresh("amount.db"), another_amount), read);
    let another_attempt = |right: Believed| {
        let mut standing = right.standing;
        standing.attempts += 1;
        Some(Believed { standing, ..right })
    };
    assert_eq!(record(&mut fresh("attempt.db"), another_attempt), read);
}

#[test]
fn a_damaged_line_is_refused_whatever_is_believed_of_it() {
    let folder = tempfile::tempdir().unwrap();
    for column in ["reference_id", "name", "body"] {
        let mut store = made(&folder.path().join(format!("{column}.db")));
        let damage = format!("DROP TRIGGER sealed_payment; UPDATE payouts SET {column} = 'x'");
        store.conn.execute_batch(&damage).unwrap();
        let [sending, _] = news();
        let posting = Posting {
            payout: PayoutNo(1),
            at: Timestamp::UNIX_EPOCH,
            news: sending,
            believed: Some(Believed {
                standing: Standing::fresh(State::Ready),
                amount: Money::from_paise(AMOUNT).unwrap(),
            }),
        };
        let refused = store.record(&[posting]).unwrap_err();
        assert!(matches!(refused, Error::Damaged { .. }), "{refused}");
    }
}
