//! Files that changed by themselves: cut at every page, one bit of a byte flipped. Whatever can be read of them is
//! what was written, or it is refused.
//!
//! One byte in so many is flipped; `PAYSHEET_FULL=1 cargo test --lib seal` flips one bit of every byte.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use super::super::schema::{self, QUICK_CHECK_BYTES_MAX};
use super::super::{Binding, Error, News, PayoutNo, Posting, RowFields, Store};
use crate::domain::{
    Found, History, Money, Receipt, Refusal, Sighting, Status, StatusClass, Terms,
};

/// A prime, so that the sample walks through all offsets of a page.
const ONE_IN: usize = 61;
const ROWS: u32 = 24;

fn binding() -> Binding {
    Binding {
        environment: "test".to_owned(),
        host: "gateway.invalid".to_owned(),
        account: "me".to_owned(),
        batch: "june".to_owned(),
    }
}

fn status() -> Status {
    Status {
        word: "ACTIVE".to_owned(),
        class: StatusClass::Active,
    }
}

fn news_of(n: i64) -> Vec<News> {
    let sending = News::Sending {
        attempt: 1,
        terms: Terms(7),
        body: Some(Arc::from(format!(r#"{{"cashgramId":"june-{n}"}}"#))),
    };
    let receipt = Receipt {
        reference: format!("81{n:04}"),
        link: format!("https://csgr.invalid/{n}"),
    };
    let refusal = Refusal {
        code: "422".to_owned(),
        message: "a name".to_owned(),
    };
    let sighting = Sighting {
        status: status(),
        reference: None,
        link: None,
        reason: None,
        utr: Some("UTR1".to_owned()),
    };
    let lost = News::Found(Found::InDoubt, "lost".to_owned());
    match n % 5 {
        0 => vec![],
        1 => vec![sending, lost],
        2 => vec![sending, News::Rejected(refusal)],
        3 => vec![
            sending,
            News::Created(receipt, status()),
            News::Swept(sighting),
        ],
        _ => vec![sending, News::Created(receipt, status())],
    }
}

fn record(store: &mut Store, payout: i64, news: News) -> Result<(), Error> {
    let posting = Posting {
        payout: PayoutNo(payout),
        at: Timestamp::UNIX_EPOCH,
        news,
        believed: None,
    };
    store.record(&[posting]).map(|_| ())
}

/// A checkpoint with payouts in many states, all of it in the one file.
fn made(path: &Path) {
    let mut store = Store::create(path, &binding(), false).unwrap();
    let mut intake = store.begin_intake("{}", Timestamp::UNIX_EPOCH).unwrap();
    for n in 1..=ROWS {
        let fields = RowFields {
            name: "Asha Menon",
            phone: 9_000_000_000 + u64::from(n),
            amount: Money::from_paise(i64::from(n) * 1_01).unwrap(),
            email: "asha@example.com",
            ..RowFields::default()
        };
        let id = format!("june-{n}");
        let place = (u64::from(n), u64::from(n) + 1);
        let cells = format!(r#"["Asha Menon","{n}"]"#);
        intake
            .place_new(place, Some((&id, false)), 1, &cells, &fields)
            .unwrap();
    }
    intake.finish("abcdef").unwrap();
    store.set_probed().unwrap();
    for n in 1..=i64::from(ROWS) {
        for news in news_of(n) {
            record(&mut store, n, news).unwrap();
        }
    }
}

/// All that a run would believe of it.
fn read(path: &Path, small: u64) -> Result<String, Error> {
    let conn = schema::open_small(path, small)?;
    let mut store = Store::adopt(conn, path, &binding())?;
    let mut all = format!("{:?} {:?}", store.meta(), store.totals());
    let mut say = |what: &dyn std::fmt::Debug| write!(all, "\n{what:?}").unwrap();
    store.each_known(|known| say(&known))?;
    say(&store.ready_page(0, 1_000)?);
    say(&store.unknown_page(0, 1_000)?);
    say(&store.unseen_page(0, 1_000)?);
    say(&store.conflicts()?);
    say(&store.conflict_phones()?);
    say(&store.sweep_page(PayoutNo(0), 0, 1_000)?);
    store.each_row::<Error>(|row| {
        say(&row);
        Ok(())
    })?;
    say(&(store.has_history()?, store.totals().clone()));
    // What is about to be sent is written down first.
    for open in store.ready_page(0, 1_000)? {
        let sending = news_of(open.payout.0 + 1).swap_remove(0);
        record(&mut store, open.payout.0, sending)?;
    }
    Ok(all)
}

/// Reads it as a small and as a large file.
#[track_caller]
fn never_believed(path: &Path, bytes: &[u8], whole: &str, what: &dyn Fn() -> String) -> usize {
    let mut refused = 0;
    for small in [QUICK_CHECK_BYTES_MAX, 0] {
        for left in ["june.db-wal", "june.db-shm"] {
            let _ = std::fs::remove_file(path.with_file_name(left));
        }
        std::fs::write(path, bytes).unwrap();
        match read(path, small) {
            Err(_) => refused += 1,
            Ok(found) => assert!(found == whole, "{}, read as\n{found}\nnot\n{whole}", what()),
        }
    }
    refused
}

#[test]
fn a_flipped_bit_is_refused_or_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("june.db");
    made(&path);
    let bytes = std::fs::read(&path).unwrap();
    let whole = read(&path, QUICK_CHECK_BYTES_MAX).unwrap();
    let step = if std::env::var_os("PAYSHEET_FULL").is_some() {
        1
    } else {
        ONE_IN
    };
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    let (mut flips, mut refused) = (0, 0);
    for at in (rng.usize(..step)..bytes.len()).step_by(step) {
        let bit = 1 << rng.u8(..8);
        let mut damaged = bytes.clone();
        damaged[at] ^= bit;
        let what = || format!("seed {seed}: byte {at} of {}, bit {bit:#x}", bytes.len());
        refused += never_believed(&path, &damaged, &whole, &what);
        flips += 2;
    }
    println!("{flips} reads of damaged files, {refused} refused, the rest changed nothing");
    // Half of a small file is empty space.
    assert!(refused > flips / 10, "{refused} of {flips}");
}

#[test]
fn a_file_cut_at_a_page_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("june.db");
    made(&path);
    let bytes = std::fs::read(&path).unwrap();
    let whole = read(&path, QUICK_CHECK_BYTES_MAX).unwrap();
    for cut in (0..bytes.len()).step_by(4096) {
        let refused = never_believed(&path, &bytes[..cut], &whole, &|| format!("cut at {cut}"));
        assert!(refused >= 1, "cut at {cut}");
    }
}

#[test]
fn a_file_from_before_the_seals_is_brought_forward() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("june.db");
    made(&path);
    let conn = rusqlite::Connection::open(&path).unwrap();
    for (table, column) in super::COLUMNS {
        let drop = format!("ALTER TABLE {table} DROP COLUMN {column}");
        conn.execute_batch(&drop).unwrap();
    }
    conn.execute_batch("ALTER TABLE payouts DROP COLUMN sheet_id; PRAGMA user_version = 1")
        .unwrap();
    drop(conn);
    let old = std::fs::read(&path).unwrap();
    let found = read(&path, QUICK_CHECK_BYTES_MAX).unwrap();
    assert!(found.contains("june-24"), "{found}");
    for n in 1..=i64::from(ROWS) {
        let mut store = Store::open(&path, &binding()).unwrap();
        if n % 5 == 1 {
            record(&mut store, n, News::Missing).unwrap();
        }
    }
    // A newer file that says it is an old one is not believed.
    std::fs::write(&path, &old).unwrap();
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.execute_batch("PRAGMA user_version = 0").unwrap();
    drop(conn);
    assert!(matches!(
        Store::open(&path, &binding()),
        Err(Error::Damaged { .. })
    ));
}

/// Copies the page where one table or index begins over that of another.
fn overwrite(path: &Path, from: &str, to: &str) {
    let conn = rusqlite::Connection::open(path).unwrap();
    let page = |name: &str| {
        let sql = "SELECT rootpage FROM sqlite_schema WHERE name = ?1";
        let root: usize = conn.query_row(sql, [name], |line| line.get(0)).unwrap();
        (root - 1) * 4096..root * 4096
    };
    let (from, to) = (page(from), page(to));
    drop(conn);
    let mut bytes = std::fs::read(path).unwrap();
    bytes.copy_within(from, to.start);
    std::fs::write(path, bytes).unwrap();
}

/// A page that was written in the place of an index, and holds nothing, hides every row of the sheet.
#[test]
fn rows_that_no_index_names_are_missed_by_whoever_tells_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("june.db");
    made(&path);
    overwrite(&path, "payouts_conflict", "payouts_by_row");
    let store = Store::open_reading(&path, "test", "june").unwrap();
    assert!(matches!(
        store.each_payout(|_| ()),
        Err(Error::Damaged { .. })
    ));
}

/// SQLite's own check looks for rows that an index lacks, not for those that it has too many.
#[test]
fn an_index_that_names_more_rows_than_were_counted_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("june.db");
    made(&path);
    overwrite(&path, "payouts_unknown", "payouts_conflict");
    for small in [QUICK_CHECK_BYTES_MAX, 0] {
        assert!(matches!(read(&path, small), Err(Error::Damaged { .. })));
    }
}

/// One bit that would leave a payout out must be seen before it does.
#[test]
fn a_known_payout_is_not_left_out_for_one_bit_of_its_history() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("june.db");
    made(&path);
    let conn = rusqlite::Connection::open(&path).unwrap();
    let flip = format!(
        "UPDATE payouts SET history = history | {} WHERE payout = 12",
        History::REPLACED
    );
    conn.execute(&flip, []).unwrap();
    drop(conn);
    // A large file is not proved line by line when it is opened.
    let conn = schema::open_small(&path, 0).unwrap();
    let store = Store::adopt(conn, &path, &binding()).unwrap();
    let refused = store.each_known(|_| {}).unwrap_err();
    assert!(matches!(refused, Error::Damaged { .. }), "{refused}");
}
