//! Checkpoints that changed by themselves: a real file with bytes turned, sectors lost or misplaced, or its end cut off
//! is refused, or read as what was written.
//!
//! A person who forges seals is not the subject: no input carries bytes to be copied into the file, but for single ones.

use std::fmt::{Debug, Write as _};
use std::path::Path;
use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use paysheet::checkpoint::{
    Binding, Error, News, PayoutNo, Peek, Posting, RowFields, Steady, Store,
};
use paysheet::domain::{Found, Money, Receipt, Refusal, Sighting, Status, StatusClass, Terms};

/// Payouts in the file: several pages of them.
const ROWS: u32 = 40;
/// What a disk writes or loses as one.
const SECTOR_BYTES: usize = 512;
/// SQLite's page.
const PAGE_BYTES: usize = 4096;
/// Changes to one file.
const CHANGES_MAX: usize = 8;
/// Bytes of the input that make one change.
const CHANGE_BYTES: usize = 5;

/// The file as written, and what is read of it.
static SOUND: LazyLock<(Vec<u8>, [String; 2])> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("june.db");
    made(&path);
    let bytes = std::fs::read(&path).unwrap();
    let told = told(&path).unwrap();
    let believed = believed(&path).unwrap();
    (bytes, [told, believed])
});

/// Changes the file as the input says, and reads it in every way there is.
pub fn run(bytes: &[u8]) {
    let (sound, [told_of_it, believed_of_it]) = &*SOUND;
    let mut file = sound.clone();
    for change in bytes.chunks_exact(CHANGE_BYTES).take(CHANGES_MAX) {
        damage(&mut file, change);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("june.db");
    std::fs::write(&path, &file).unwrap();
    if let Ok(found) = told(&path) {
        assert!(found == *told_of_it, "told as\n{found}\nnot\n{told_of_it}");
    }
    shown(&path);
    std::fs::write(&path, &file).unwrap();
    for left in ["june.db-wal", "june.db-shm"] {
        let _ = std::fs::remove_file(path.with_file_name(left));
    }
    match believed(&path) {
        Ok(found) => assert!(
            found == *believed_of_it,
            "read as\n{found}\nnot\n{believed_of_it}"
        ),
        Err(error) => assert!(error.to_string().contains("june.db"), "{error}"),
    }
}

fn damage(file: &mut Vec<u8>, change: &[u8]) {
    let [kind, high, middle, low, value] = *change else {
        return;
    };
    let place = u32::from_be_bytes([0, high, middle, low]);
    let place = usize::try_from(place).unwrap() % file.len().max(1);
    let sector = place / SECTOR_BYTES * SECTOR_BYTES;
    let other = usize::from(value) * SECTOR_BYTES;
    match kind % 7 {
        0 => turn(file, place, |byte| byte ^ (1 << (value % 8))),
        1 => turn(file, place, |_| value),
        2 => file.truncate(place),
        3 => file.truncate(place / PAGE_BYTES * PAGE_BYTES),
        // Never written, so it reads as zeros.
        4 => (sector..sector + SECTOR_BYTES).for_each(|at| turn(file, at, |_| 0)),
        // Written in the wrong place.
        5 => moved(file, other, sector, SECTOR_BYTES),
        _ => moved(
            file,
            other / PAGE_BYTES * PAGE_BYTES,
            place / PAGE_BYTES * PAGE_BYTES,
            PAGE_BYTES,
        ),
    }
}

fn turn(file: &mut [u8], place: usize, to: impl Fn(u8) -> u8) {
    if let Some(byte) = file.get_mut(place) {
        *byte = to(*byte);
    }
}

fn moved(file: &mut [u8], from: usize, to: usize, bytes: usize) {
    if from + bytes <= file.len() && to + bytes <= file.len() {
        file.copy_within(from..from + bytes, to);
    }
}

fn binding() -> Binding {
    Binding {
        environment: "test".to_owned(),
        host: "gateway.invalid".to_owned(),
        account: "me".to_owned(),
        batch: "june".to_owned(),
    }
}

/// A checkpoint with payouts in many states, all of it in the one file.
fn made(path: &Path) {
    let mut store = Store::create(path, &binding(), false).unwrap();
    let mut intake = store.begin_intake("{}", Timestamp::UNIX_EPOCH).unwrap();
    for n in 1..=ROWS {
        let fields = RowFields {
            name: "Asha Menon",
            phone: 9_000_000_000 + u64::from(n),
            amount: Money::from_paise(i64::from(n) * 101).unwrap(),
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

fn news_of(n: i64) -> Vec<News> {
    let sending = News::Sending {
        attempt: 1,
        terms: Terms(7),
        body: Some(Arc::from(format!(r#"{{"id":"june-{n}"}}"#))),
    };
    let receipt = Receipt {
        reference: format!("81{n:04}"),
        link: format!("https://csgr.invalid/{n}"),
    };
    let refusal = Refusal {
        code: "422".to_owned(),
        message: "a name".to_owned(),
    };
    let active = Status {
        word: "ACTIVE".to_owned(),
        class: StatusClass::Active,
    };
    let redeemed = Sighting {
        status: Status {
            word: "REDEEMED".to_owned(),
            class: StatusClass::Redeemed,
        },
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
            News::Created(receipt, active),
            News::Swept(redeemed),
        ],
        _ => vec![sending, News::Created(receipt, active)],
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

fn say(all: &mut String, what: &dyn Debug) {
    writeln!(all, "{what:?}").unwrap();
}

/// All that a run would believe of it and act on.
fn believed(path: &Path) -> Result<String, Error> {
    let mut store = Store::open(path, &binding())?;
    let mut all = format!("{:?} {:?}\n", store.meta(), store.totals());
    store.each_known(|known| say(&mut all, &known))?;
    say(&mut all, &store.ready_page(0, 1_000)?);
    say(&mut all, &store.unknown_page(0, 1_000)?);
    say(&mut all, &store.conflicts()?);
    say(&mut all, &store.conflict_phones()?);
    say(&mut all, &store.sweep_page(PayoutNo(0), 0, 1_000)?);
    store.each_row::<Error>(|row| {
        say(&mut all, &row);
        Ok(())
    })?;
    store.prove_totals()?;
    say(&mut all, &store.has_history()?);
    // What is about to be sent is written down first.
    for open in store.ready_page(0, 1_000)? {
        let sending = news_of(open.payout.0 + 1).swap_remove(0);
        record(&mut store, open.payout.0, sending)?;
    }
    Ok(all)
}

/// All that is told of it without writing.
fn told(path: &Path) -> Result<String, Error> {
    let store = Store::open_reading(path, "test", "june")?;
    let mut all = format!("{:?} {:?}\n", store.meta(), store.totals());
    store.each_payout(|payout| say(&mut all, &payout))?;
    store.prove_totals()?;
    Ok(all)
}

/// What promises nothing of a damaged file but an answer.
fn shown(path: &Path) {
    if let Ok(Some(peek)) = Peek::open(path) {
        let _ = peek.holds("june-3");
    }
    if let Ok(steady) = Steady::open(path) {
        let _ = steady.replay().and_then(|_| steady.sum());
        let _ = steady.prove_whole();
    }
    if let Ok(store) = Store::open_reading(path, "test", "june") {
        let _ = store.each_fact(|_| ());
        let _ = store.lifetime();
    }
}
