//! Files that are made, found or not ours.

use super::*;
use crate::checkpoint::{Binding, Store};

fn binding() -> Binding {
    Binding {
        environment: "sandbox".to_owned(),
        host: "here".to_owned(),
        account: "me".to_owned(),
        batch: "june".to_owned(),
    }
}

#[test]
fn the_bundled_sqlite_does_not_lose_commits() {
    assert!(
        rusqlite::version_number() >= SQLITE_VERSION_MIN,
        "{}",
        rusqlite::version()
    );
}

#[test]
fn what_a_run_that_died_while_making_it_left_is_in_nobodys_way() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("june.db");
    for left in ["june.db.new", "june.db.new-journal", "june.db-wal"] {
        std::fs::write(folder.path().join(left), "half of something").unwrap();
    }
    let store = Store::create(&path, &binding(), true).unwrap();
    assert!(store.meta().replaces_lost);
    drop(store);
    let names = || std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(names(), 1, "nothing beside it");
    assert!(
        Store::open_or_create(&path, &binding())
            .unwrap()
            .meta()
            .replaces_lost
    );
}

#[test]
fn one_that_cannot_be_finished_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("june.db");
    let no_room = |_: &Connection| {
        Err(Error::Missing {
            path: "room".into(),
        })
    };
    make(&path, no_room).unwrap_err();
    assert!(!path.exists() && !beside(&path, ".new").exists());
    Store::open_or_create(&path, &binding()).unwrap();
}

#[test]
fn an_empty_file_is_not_ours_and_stays_empty() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("june.db");
    std::fs::write(&path, "").unwrap();
    let refused = Store::open_or_create(&path, &binding()).unwrap_err();
    assert!(matches!(refused, Error::Foreign { .. }), "{refused}");
    assert_eq!(path.metadata().unwrap().len(), 0);
}
