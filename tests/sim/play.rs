//! One seed, played to its end: lives among faults, pauses in which people meddle, then peace, and the reckoning.

use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::time::Duration;

use fastrand::Rng;

use super::audit::{Auditor, Edges, Payout, payouts};
use super::life::{Course, Desk, End, Errand, live};
use super::mix::{Mix, choose};
use super::sheet::Sheet;
use super::witness::{CANCELLED, READY, UNKNOWN, Witness};
use super::world::{BEGINNING_US, Shared, World, micros};

/// Once faults have stopped, everything is decided within this.
const PEACE: Duration = Duration::from_secs(35 * 60);
/// Lives in peace: the first may have to be repeated with `--adopt`, or after a halt for too many refusals.
const LIVES_IN_PEACE: u32 = 6;

/// Before peace: longer than a letter is under way, and than a new Cashgram is not found.
const CALM_DOWN_US: i64 = 350_000_000;

/// What a seed came to.
pub(crate) struct Report {
    pub(crate) seed: u64,
    pub(crate) complaints: Vec<String>,
    pub(crate) counts: std::collections::BTreeMap<&'static str, u64>,
    pub(crate) faults: Vec<(String, u64)>,
    pub(crate) edges: Edges,
    pub(crate) trace: u64,
    /// What the seed drew, for people.
    pub(crate) mix: String,
}

/// Plays `seed` with its checkpoint in `folder`.
pub(crate) fn play(seed: u64, folder: &Path, is_told: bool) -> Report {
    let mut rng = Rng::with_seed(seed);
    let mix = Mix::draw(seed, &mut rng);
    let sheet = Sheet::draw(&mix, &mut rng);
    let path = folder.join(format!("{seed}.db"));
    remove(&path);
    let shared = Shared::new(World::new(mix, rng.fork()));
    shared.world().is_told = is_told;
    let mut desk = Desk {
        path: &path,
        sheet,
        taken: None,
        auditor: Auditor::default(),
        copy: None,
        is_put_back: false,
        is_given_up: false,
    };
    let played = std::panic::catch_unwind(AssertUnwindSafe(|| {
        among_faults(&shared, &mut desk, &mut rng);
        if !desk.is_given_up {
            in_peace(&shared, &mut desk, &mut rng);
        }
    }));
    if played.is_err() {
        shared.world().complain("a panic");
    }
    reckon(seed, &shared, desk)
}

/// Removes a checkpoint and what SQLite keeps beside it.
pub(crate) fn remove(path: &Path) {
    for end in ["", "-wal", "-shm", "-journal", ".new", ".new-journal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        let _ = std::fs::remove_file(name);
    }
}

fn among_faults(shared: &Shared, desk: &mut Desk<'_>, rng: &mut Rng) {
    let mix = shared.world().mix.clone();
    for _ in 0..mix.mortal.lives {
        let mut course = Course::draw(&mix, rng);
        if std::mem::take(&mut desk.is_put_back) && rng.bool() {
            // It dies while it takes in what came back.
            (course.errand, course.crash_at) = (Errand::Send, Some(rng.u64(1..5)));
        }
        if mix.mortal.mend > 0 && rng.u32(0..3) == 0 && is_waiting(desk) {
            // Who has waited for an answer long enough stops what is not decided.
            course.errand = choose(rng, &[Errand::CancelAll, Errand::Cancel(80)]);
        }
        let end = live(shared, desk, course);
        heed(shared, &end);
        if desk.is_given_up {
            return;
        }
        let pause = match rng.u32(0..20) {
            0 => 20 * 3_600_000_000,
            1..=8 => rng.i64(0..5_000_000),
            _ => rng.i64(0..600_000_000),
        };
        shared.world().rest(pause);
        meddle(shared, desk, &mix, rng);
    }
}

/// Whether something is in doubt, or was turned away by a limiter and not asked about since.
fn is_waiting(desk: &Desk<'_>) -> bool {
    desk.path.exists() && Witness::open(desk.path, false).has_undecided()
}

/// The checkpoint is gone, and where nobody keeps them the results with it.
pub(crate) fn lose(shared: &Shared, desk: &mut Desk<'_>, mix: &Mix) {
    let mut world = shared.world();
    if !mix.mortal.keeps {
        world.kept.lose();
    }
    world.lose();
    world.witness = None;
    remove(desk.path);
    desk.taken = None;
    desk.auditor.forget();
}

/// What people do between two runs.
fn meddle(shared: &Shared, desk: &mut Desk<'_>, mix: &Mix, rng: &mut Rng) {
    if mix.mortal.edit > 0 {
        tidy(shared, desk, rng);
    }
    if rng.u32(0..100) < mix.mortal.edit {
        for _ in 0..rng.u32(1..=3) {
            let what = desk.sheet.edit(mix, rng);
            shared.world().count(what);
        }
    }
    if rng.u32(0..100) < mix.mortal.lose {
        shared.world().count("the checkpoint is lost");
        lose(shared, desk, mix);
    }
    super::copy::meddle(shared, desk, mix, rng);
    if rng.u32(0..3) == 0 {
        shared.world().top_up();
    }
    if rng.u32(0..6) == 0 {
        let world = shared.world();
        world
            .bank
            .limit(choose(rng, &[None, Some(400_000), Some(200_000)]));
    }
}

/// Rows that were cancelled are taken out of the sheet, and put back later.
fn tidy(shared: &Shared, desk: &mut Desk<'_>, rng: &mut Rng) {
    if rng.u32(0..3) == 0 && desk.sheet.put_back() {
        desk.is_put_back = true;
        shared.world().count("edit: rows put back");
    }
    let is_as_taken = desk.taken.as_ref() == Some(&desk.sheet);
    if rng.bool() && is_as_taken && desk.path.exists() {
        let cancelled = Witness::open(desk.path, false).rows_of(CANCELLED);
        if desk.sheet.take_out(&cancelled) {
            shared.world().count("edit: cancelled rows taken out");
        }
    }
}

fn heed(shared: &Shared, end: &End) {
    let mut world = shared.world();
    world.note(format!("{end:?}"));
    use paysheet::engine::Halt;
    let what = match end {
        End::Died => "life: died",
        End::Done { .. } => "life: done",
        End::Guarded => "life: guarded",
        End::Halted(Halt::Interrupted) => "halt: interrupted",
        End::Halted(Halt::Stopped(_)) => "halt: stopped",
        End::Halted(Halt::OutOfReach { .. }) => "halt: out of reach",
        End::Halted(Halt::EqualRefusals { .. }) => "halt: equal refusals",
        End::Halted(Halt::NotRecorded { why }) => {
            let why = format!("not recorded: {why}");
            world.complain(why);
            "halt: not recorded"
        }
        End::Broken(why) => {
            let why = format!("the checkpoint cannot be used: {why}");
            world.complain(why);
            "life: broken"
        }
    };
    world.count(what);
}

/// Faults stop: everything is decided within [`PEACE`], and what is finished stays finished.
fn in_peace(shared: &Shared, desk: &mut Desk<'_>, rng: &mut Rng) {
    shared.world().rest(CALM_DOWN_US);
    shared.world().appease();
    let began = shared.world().now();
    let mut done = None;
    for nth in 0..LIVES_IN_PEACE {
        let course = Course {
            adopt: nth > 0,
            reopen: true,
            seed: rng.u64(..),
            ..Course::default()
        };
        let end = live(shared, desk, course);
        heed(shared, &end);
        if let End::Done { held_back } = end {
            done = Some(held_back);
            break;
        }
    }
    if desk.is_given_up {
        return;
    }
    let took = shared.world().now() - began;
    if took > micros(PEACE) {
        shared
            .world()
            .complain(format!("{} s in peace", took / 1_000_000));
    }
    let finished = match done {
        None => {
            shared.world().complain("not done in peace");
            false
        }
        Some(held_back) => decided(shared, desk, held_back),
    };
    let course = Course {
        reopen: true,
        seed: rng.u64(..),
        ..Course::default()
    };
    let end = live(shared, desk, course);
    heed(shared, &end);
    if finished && shared.world().creates > 0 {
        shared
            .world()
            .complain("a finished batch sent something again");
    }
}

/// Nothing is left that a look-up could decide. Whether nothing is left for another run to try: a row that was refused
/// after a doubt stays unknown, and each run sends it once more.
fn decided(shared: &Shared, desk: &Desk<'_>, held_back: u64) -> bool {
    let lines = payouts(Witness::open(desk.path, false).conn());
    let mut world = shared.world();
    let ready = |payout: &&Payout| payout.state == READY && payout.is_in_sheet();
    let ready = lines.iter().filter(ready).count();
    if u64::try_from(ready).unwrap() > held_back {
        world.complain(format!("{ready} rows are ready, {held_back} are held back"));
    }
    let unknown = lines.iter().filter(|payout| payout.state == UNKNOWN);
    let finished = unknown.clone().count() == 0;
    for payout in unknown {
        let id = payout.id.as_deref().unwrap_or_default();
        if world.ledger.of(id).is_some() {
            world.complain(format!("{id} exists in peace and is unknown"));
        }
        world.count("unknown in peace");
    }
    finished
}

fn reckon(seed: u64, shared: &Shared, desk: Desk<'_>) -> Report {
    let world = &mut *shared.world();
    let lines = payouts(Witness::open(desk.path, false).conn());
    if let Some(sheet) = &desk.taken {
        super::audit::doubles(world, &lines, sheet, true);
        super::audit::ignored(world, &lines);
    }
    for payout in lines {
        world.note((
            payout.id,
            payout.state,
            payout.attempts,
            payout.history,
            payout.reference,
        ));
    }
    remove(desk.path);
    Report {
        seed,
        complaints: std::mem::take(&mut world.complaints),
        counts: std::mem::take(&mut world.counts),
        faults: faults(world),
        edges: desk.auditor.edges,
        mix: format!("faults: {}\n{:?}", world.mix.plan, world.mix),
        trace: world.traced() ^ world.now().wrapping_sub(BEGINNING_US).cast_unsigned(),
    }
}

/// What befell requests at the bank, by the bank's own count.
fn faults(world: &World) -> Vec<(String, u64)> {
    let mut faults = Vec::new();
    for seen in world.bank.requests() {
        if let (Some(fault), Some(operation)) = (seen.fault, seen.operation) {
            faults.push((format!("{}: {}", operation.name(), fault.name()), 1));
        }
    }
    faults
}
