//! The commands that mend: each with a batch for it, and what has become of that batch once it has come to its end. For
//! tests that have a command fail, die or lose the power at any point.
//!
//! Deliberately absent: what happens to the command on the way; and `send`, which those tests know by itself.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use super::audit::{audit_earlier, one_lives};
use super::disk::{Deed, Disk, Fate, Kept, Platter, put_back};
use super::gate::{Booked, Gateway};
use super::program::{Output, Paysheet};
use super::raw::{Act, Manner, Raw, Say};
use super::trouble::{CHECKPOINT, RESULTS, SHEET, batch, each_of, sample};
use super::world::{World, phone, rows};

const EARLIER: &str = "june.test.earlier.csv";

/// A command with its batch.
pub(crate) struct Errand {
    /// The command and what is typed with it.
    pub(crate) words: &'static [&'static str],
    set_up: fn() -> (Raw, World),
    /// Its exit code where nothing goes wrong.
    pub(crate) code: i32,
    /// How many rows there are of these states at its end.
    states: &'static [(&'static str, usize)],
    /// Creates by then, those of the set-up included.
    creates: usize,
    /// Links that can be redeemed then.
    active: usize,
}

/// All of them.
pub(crate) const ERRANDS: &[Errand] = &[
    Errand {
        words: &["cancel"],
        set_up: half_sent,
        code: 0,
        states: &[("cancelled", 7), ("created", 1)],
        creates: 6,
        active: 0,
    },
    Errand {
        words: &["cancel", "--row", "1", "--row", "6", "--row", "8"],
        set_up: half_sent,
        code: 0,
        states: &[("cancelled", 3), ("created", 4), ("ready", 1)],
        creates: 6,
        active: 3,
    },
    Errand {
        words: &["retry", "--expired"],
        set_up: swept,
        code: 0,
        states: &[("created", 6)],
        creates: 9,
        active: 6,
    },
    Errand {
        words: &["retry", "--expired", "--row", "2", "--row", "4"],
        set_up: dead,
        code: 0,
        states: &[("created", 6)],
        creates: 8,
        active: 5,
    },
    Errand {
        words: &["retry", "--cancelled", "--row", "2", "--row", "4"],
        set_up: stopped,
        code: 0,
        states: &[("created", 6)],
        creates: 8,
        active: 6,
    },
    Errand {
        words: &["retry"],
        set_up: refused,
        code: 0,
        states: &[("created", 6)],
        creates: 8,
        active: 6,
    },
    Errand {
        words: &["retry", "--row", "2"],
        set_up: refused,
        code: 4,
        states: &[("created", 5), ("rejected", 1)],
        creates: 7,
        active: 5,
    },
    Errand {
        words: &["status"],
        set_up: half_sent,
        code: 0,
        states: &[("created", 6), ("ready", 2)],
        creates: 6,
        active: 5,
    },
    Errand {
        words: &["send", "--adopt"],
        set_up: lost,
        code: 0,
        states: &[("created", 8)],
        creates: 8,
        active: 8,
    },
];

fn hasty(run: Paysheet) -> Paysheet {
    run.args(["--json", "--settle", "0", "--timeout", "5"])
}

/// One row at a time, and at a rate, so that what is written down beforehand is not ahead of what leaves.
fn one_by_one(run: Paysheet) -> Paysheet {
    let run = hasty(run).args(["--concurrency", "1"]);
    run.env("PAYSHEET_RATE", "2000")
}

fn send(world: &World, raw: &Raw) -> Paysheet {
    one_by_one(world.talk("send", SHEET, raw)).arg("--yes")
}

/// Eight rows: five were sent and the second of them redeemed, the sixth is in doubt and exists, two are still to be
/// sent.
fn half_sent() -> (Raw, World) {
    let raw = Raw::start(|ask| match ask.is_create() && ask.nth == 6 {
        true => Act::Then(Manner::Stall(Duration::from_secs(30))),
        false => Act::Honest,
    });
    let world = batch(8);
    let running = send(&world, &raw).spawn();
    let patience = Instant::now() + Duration::from_secs(20);
    while raw.creates() < 6 {
        assert!(Instant::now() < patience, "the sixth create never came");
        std::thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(running.kill9().code, -9);
    raw.set_status(&id_of(&raw, 2), "REDEEMED");
    (raw, world)
}

fn id_of(raw: &Raw, row: usize) -> String {
    let phone = phone(row).to_string();
    let booked = raw.booked().into_iter();
    let mut links = booked.filter(|link| link.phone.ends_with(&phone));
    links.next().expect("a link").id
}

fn sent() -> (Raw, World) {
    let (raw, world) = (Raw::honest(), batch(6));
    send(&world, &raw).run().exits(0);
    (raw, world)
}

/// Three of six links died, and nobody here knows.
fn dead() -> (Raw, World) {
    let (raw, world) = sent();
    for (row, word) in [(2, "EXPIRED"), (4, "FAILED"), (5, "REVERSED")] {
        raw.set_status(&id_of(&raw, row), word);
    }
    (raw, world)
}

fn swept() -> (Raw, World) {
    let (raw, world) = dead();
    one_by_one(world.talk("status", SHEET, &raw)).run().exits(4);
    (raw, world)
}

fn stopped() -> (Raw, World) {
    let (raw, world) = sent();
    let cancel = one_by_one(world.talk("cancel", SHEET, &raw)).arg("--yes");
    cancel.args(["--row", "2", "--row", "4"]).run().exits(0);
    (raw, world)
}

/// Two of six rows were refused, and would not be again.
fn refused() -> (Raw, World) {
    let raw = Raw::start(|ask| {
        let meant = [2, 4].map(|row| ask.body.contains(&phone(row).to_string()));
        match ask.is_create() && ask.nth_for_id == 1 && meant.contains(&true) {
            true => Act::Instead(Manner::Says(Say::refusal(422, "not today"))),
            false => Act::Honest,
        }
    });
    let world = batch(6);
    send(&world, &raw).run().exits(4);
    (raw, world)
}

/// Six rows were sent and their checkpoint was lost; there are two more by now.
fn lost() -> (Raw, World) {
    let (raw, world) = sent();
    world.lose_checkpoint(CHECKPOINT);
    world.sheet(SHEET, rows(8));
    (raw, world)
}

fn disk() -> Disk {
    Disk::new().expect("made once already")
}

impl Errand {
    pub(crate) fn name(&self) -> String {
        self.words.join(" ")
    }

    pub(crate) fn set_up(&self) -> (Raw, World) {
        (self.set_up)()
    }

    /// The command, one request at a time.
    pub(crate) fn command(&self, world: &World, raw: &Raw) -> Paysheet {
        one_by_one(self.typed(world, raw))
    }

    /// The command, a few requests at a time and as fast as they go.
    pub(crate) fn at_once(&self, world: &World, raw: &Raw) -> Paysheet {
        hasty(self.typed(world, raw)).args(["--concurrency", "4"])
    }

    fn typed(&self, world: &World, raw: &Raw) -> Paysheet {
        let run = world.talk(self.words[0], SHEET, raw);
        let run = run.args(&self.words[1..]);
        match self.words[0] {
            "status" => run,
            _ => run.arg("--yes"),
        }
    }

    /// Errands with so many of the calls that each of them makes.
    pub(crate) fn calls(wanted: usize) -> Vec<(&'static Errand, usize)> {
        // What two runs of each make at least, counted once.
        static LEAST: OnceLock<Vec<(&Errand, usize)>> = OnceLock::new();
        let count = |errand: &Errand| {
            let ((raw, world), disk) = (errand.set_up(), disk());
            let run = disk.under(&errand.at_once(&world, &raw), &world, Fate::None);
            run.run().exits(errand.code);
            Deed::calls(&disk.deeds())
        };
        let least = LEAST.get_or_init(|| {
            let counts = Mutex::new(Vec::new());
            each_of(ERRANDS.iter().collect(), |errand: &Errand| {
                let least = count(errand).min(count(errand));
                counts.lock().unwrap().push((errand, least));
            });
            counts.into_inner().unwrap()
        });
        let some = |&(errand, least)| sample(least, wanted).into_iter().map(move |n| (errand, n));
        least.iter().flat_map(some).collect()
    }

    /// Dies before a call, of what was not synced so much is kept, and comes to its end when it is run again. Whether it
    /// was alive to die.
    #[track_caller]
    pub(crate) fn dies(&self, call: usize, kept: Kept<'_>) -> bool {
        let what = format!("{}, dead before call {call}", self.name());
        let ((raw, world), disk) = (self.set_up(), disk());
        let (before, mut after) = (Platter::of(&world), Platter::of(&world));
        let run = disk.under(&self.at_once(&world, &raw), &world, Fate::DieAt(call));
        let output = run.run();
        assert!([-9, self.code].contains(&output.code), "{what}: {output}");
        let deeds = disk.deeds();
        let unrecorded = unrecorded(before, &deeds);
        assert!(unrecorded.is_empty(), "{what}: {unrecorded:?}");
        // All of it is what stands there.
        if !matches!(kept, Kept::All) {
            after.follow(&deeds);
            put_back(&world, &after.after_cut(kept));
        }
        self.holds(&world, &raw, &what);
        self.finishes(&world, &raw, &what);
        output.code == -9
    }

    /// What holds after a run that did not come to its end.
    #[track_caller]
    pub(crate) fn holds(&self, world: &World, raw: &Raw, what: &str) {
        let written = world.talk("results", SHEET, raw).run();
        // Where the checkpoint was lost, nothing may be written down yet.
        if self.words != ["send", "--adopt"] || written.code != 1 {
            assert_eq!(written.code, 0, "{what}: {written}");
            agrees(world, raw, what);
        }
    }

    /// Run again, it comes to its end. What a retry has made ready a send sends, and the retry says so.
    #[track_caller]
    pub(crate) fn finishes(&self, world: &World, raw: &Raw, what: &str) {
        let mut again = self.command(world, raw).run();
        if self.words[0] == "retry" {
            // Named rows whose new links stand are no longer dead: whoever named them has to look.
            assert!([0, 4].contains(&again.code), "{what}: {again}");
            agrees(world, raw, what);
            let table = world.table(RESULTS);
            let left = table.states("ready") + table.states("unknown");
            let told = again.all().contains("paysheet send june.csv");
            assert!(left == 0 || told, "{what}: {again}");
            again = send(world, raw).run();
        }
        assert_eq!(again.code, self.code, "{what}: {again}");
        agrees(world, raw, what);
        let table = world.table(RESULTS);
        for (state, count) in self.states {
            assert_eq!(table.states(state), *count, "{what}: {state}: {again}");
        }
        let booked = raw.booked();
        let active = booked.iter().filter(|link| link.status == "ACTIVE");
        let counts = (raw.creates(), active.count());
        assert_eq!(counts, (self.creates, self.active), "{what}: {again}");
    }
}

/// What holds after every run, however it ended.
#[track_caller]
fn agrees(world: &World, raw: &Raw, what: &str) {
    let earlier = world.has(EARLIER).then_some(EARLIER);
    audit_earlier(world, RESULTS, earlier, raw);
    one_lives(raw);
    let booked = raw.booked();
    let tables = [Some(RESULTS), earlier].into_iter().flatten();
    for row in tables.flat_map(|name| world.table(name).rows) {
        let id = &row["cashgram_id"];
        let lives = |link: &Booked| link.id == *id && link.status == "ACTIVE";
        let is_over = row["state"] == "cancelled";
        assert!(
            !is_over || !booked.iter().any(lives),
            "{what}: cancelled and alive: {row:?}"
        );
    }
}

/// Requests that left before what they are about was on the disk, whatever else was not: a create without a `Sending` of
/// its own, a deactivation without its wish. `platter` is the disk as it was before the run.
pub(crate) fn unrecorded(mut platter: Platter, deeds: &[Deed]) -> Vec<String> {
    let before = cut(&platter);
    let (mut missing, mut creates) = (Vec::new(), BTreeMap::<String, usize>::new());
    let mut followed = 0;
    for (n, deed) in deeds.iter().enumerate() {
        let (id, kinds, wanted) = if let Some(id) = deed.created_id() {
            let count = creates.entry(id.clone()).or_default();
            *count += 1;
            let wanted = facts(&before, &id, SENDING) + *count;
            (id, SENDING, wanted)
        } else if let Some(id) = deed.stopped_id() {
            (id, WISH, 1)
        } else {
            continue;
        };
        platter.follow(&deeds[followed..n]);
        followed = n;
        if facts(&cut(&platter), &id, kinds) < wanted {
            missing.push(format!("{id} without {kinds}"));
        }
    }
    missing
}

const SENDING: &str = "kind = 'sending'";
/// A wish for all is none before the batch is closed.
const WISH: &str = "(kind = 'cancelling' OR kind = 'closing' AND 'yes' = (SELECT value FROM meta WHERE key = 'closed'))";

/// What is left if the power goes now, and of what was not synced nothing is kept.
fn cut(platter: &Platter) -> World {
    let cut = World::new();
    put_back(&cut, &platter.after_cut(Kept::Nothing));
    cut
}

/// How many facts of these kinds the checkpoint has of an id.
fn facts(world: &World, id: &str, kinds: &str) -> usize {
    if !world.has(CHECKPOINT) {
        return 0;
    }
    let record = rusqlite::Connection::open(world.path(CHECKPOINT)).unwrap();
    let sql = format!(
        "SELECT count(*) FROM facts JOIN payouts USING (payout) WHERE cashgram_id = ?1 AND {kinds}"
    );
    // A file without its tables has none.
    record.query_row(&sql, [id], |row| row.get(0)).unwrap_or(0)
}
