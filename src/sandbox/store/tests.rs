//! Books that outlive the process.

use super::super::books::Memory;
use super::super::cashgram::Step;
use super::*;

fn sample(id: &str, reference: i64) -> Cashgram {
    Cashgram {
        id: id.into(),
        reference,
        amount: 125_000,
        name: "Asha Menon".into(),
        phone: "9000000001".into(),
        email: String::new(),
        expiry_day: 20_700,
        created: Moment::from_micros(1),
        changed: Moment::from_micros(2),
        status: Status::Active,
        reason: None,
        attempts: 0,
        script: Script::default(),
        creates_seen: 1,
        payload: -7,
        other_bodies: 0,
    }
}

fn purse() -> Purse {
    let clock_ahead = Span::seconds(3);
    Purse {
        balance: 5,
        pending: 4,
        held: 3,
        clock_ahead,
        next_token: 2,
        tokens_from: 1,
    }
}

/// The same story for every kind of books.
fn tell(books: &mut dyn Books) {
    let first = sample("A", 7);
    assert_eq!(books.open(&first, None), Ok(Opened::New));
    assert_eq!(books.purse(), Ok(None));
    assert_eq!(
        books.open(&sample("A", 8), Some(&purse())),
        Ok(Opened::Known)
    );
    assert_eq!(books.purse(), Ok(None), "a known id leaves the purse alone");
    assert_eq!(books.count_create("A", 1), Ok(true));
    assert_eq!(books.count_create("B", 1), Ok(false));
    let counted = Cashgram {
        creates_seen: 3,
        other_bodies: 1,
        ..first
    };
    assert_eq!(books.find("A"), Ok(Some(counted.clone())));

    let step = |at, to| Step {
        at: Moment::from_micros(at),
        to,
    };
    let later = Cashgram {
        script: Script(vec![step(50, Status::Pending)]),
        ..sample("B", 9)
    };
    assert_eq!(books.open(&later, Some(&purse())), Ok(Opened::New));
    let sooner = Cashgram {
        script: Script(vec![step(40, Status::Redeemed)]),
        ..counted
    };
    assert_eq!(books.change(&sooner, &purse()), Ok(()));
    assert_eq!(books.due(Moment::from_micros(39)), Ok(None));
    assert_eq!(books.due(Moment::from_micros(60)), Ok(Some(sooner.clone())));
    let done = Cashgram {
        status: Status::Redeemed,
        script: Script::default(),
        ..sooner
    };
    assert_eq!(books.change(&done, &purse()), Ok(()));
    assert_eq!(books.due(Moment::from_micros(49)), Ok(None));
    assert_eq!(books.due(Moment::from_micros(50)), Ok(Some(later)));
}

/// What both kinds of books say at the end of the story.
fn epilogue(books: &mut dyn Books) {
    assert_eq!(books.purse(), Ok(Some(purse())));
    assert_eq!(books.last_reference(), Ok(Some(9)));
    assert_eq!(books.count(), Ok(2));
    let mut seen = Vec::new();
    books
        .each(0, 10, &mut |c| {
            seen.push(format!("{} {}", c.id, c.status.word()))
        })
        .unwrap();
    assert_eq!(seen, ["A REDEEMED", "B ACTIVE"]);
    let mut second = Vec::new();
    books.each(7, 1, &mut |c| second.push(c.reference)).unwrap();
    assert_eq!(second, [9]);
    assert!(books.due(Moment::from_micros(60)).unwrap().is_some());
}

#[test]
fn memory_and_file_tell_the_same_story_and_the_file_still_does_when_opened_again() {
    let mut memory = Memory::new();
    tell(&mut memory);
    epilogue(&mut memory);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("books.db");
    let mut store = Store::open(&path).unwrap();
    tell(&mut store);
    epilogue(&mut store);
    drop(store);
    epilogue(&mut Store::open(&path).unwrap());
}

#[test]
#[cfg(unix)]
fn only_its_owner_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("books.db");
    drop(Store::open(&path).unwrap());
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn foreign_files_and_other_versions_are_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("june.csv");
    std::fs::write(&text, "name,phone\nAsha,9000000001\n".repeat(50)).unwrap();
    assert!(
        Store::open(&text)
            .unwrap_err()
            .to_string()
            .contains("cannot be read")
    );
    assert!(
        std::fs::read_to_string(&text)
            .unwrap()
            .starts_with("name,phone")
    );

    let other = folder.path().join("other.db");
    Connection::open(&other)
        .unwrap()
        .execute_batch("CREATE TABLE t (a)")
        .unwrap();
    assert!(
        Store::open(&other)
            .unwrap_err()
            .to_string()
            .contains("not a sandbox's books")
    );

    let newer = folder.path().join("newer.db");
    drop(Store::open(&newer).unwrap());
    Connection::open(&newer)
        .unwrap()
        .pragma_update(None, "user_version", 2)
        .unwrap();
    assert!(
        Store::open(&newer)
            .unwrap_err()
            .to_string()
            .contains("format 2")
    );
}
