//! One life of our side: a process that opens the checkpoint, takes the sheet in, guards, sends, and ends or dies.
//!
//! Each life has a runtime of its own, on the thread that plays, with its clock stopped. To die is to drop the
//! runtime: whatever was not durable is gone. The order of the steps is that of `send` (`cli::send`), whose files,
//! questions and words are not part of this.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use jiff::Timestamp;
use paysheet::checkpoint::{Binding, Error, Pick, RowFields, Store, SweepRow};
use paysheet::clock::Clock;
use paysheet::domain::planted::{self, Mistake};
use paysheet::domain::{KeyHasher, LinkExpiry, Phone, RowKey, State};
use paysheet::engine::{Halt, OrderRules, Session, Surroundings};
use tokio::sync::watch;
use tokio::time::Instant;

use super::audit::Auditor;
use super::copy::Copy;
use super::door::Door;
use super::mend;
use super::mix::Mix;
use super::sheet::{BATCH, Sheet};
use super::witness::Witness;
use super::world::Shared;

/// Ids looked up before the first create of a new checkpoint.
pub(crate) const PROBES_MAX: u32 = 20;

/// What a life is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Errand {
    #[default]
    Send,
    /// `retry`: what was rejected is sent again, and nothing else.
    Retry,
    /// The same with these of a hundred rows.
    RetryNamed(u32),
    /// `retry --expired`: links that are proven dead get a new generation.
    ReissueDead,
    /// The same with these of a hundred rows, adopted ones among them.
    ReissueNamed(u32),
    /// `retry --cancelled` with these of a hundred rows.
    ReissueCancelled(u32),
    /// `cancel`: the whole batch.
    CancelAll,
    /// `cancel` with these of a hundred rows.
    Cancel(u32),
    /// `cancel` of the rows whose cancel did not reach the gateway.
    FinishCancel,
}

impl Errand {
    fn is_cancel(self) -> bool {
        matches!(
            self,
            Errand::CancelAll | Errand::Cancel(_) | Errand::FinishCancel
        )
    }
}

/// How one life is meant to go.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Course {
    /// It dies at this moment, if it comes so far.
    pub(crate) crash_at: Option<u64>,
    /// It dies after this time, if it lasts so long.
    pub(crate) crash_after: Option<Duration>,
    /// It is interrupted after this time.
    pub(crate) interrupt_after: Option<Duration>,
    /// The user says that what is found is the batch's own.
    pub(crate) adopt: bool,
    /// It ends with a sweep.
    pub(crate) sweep: bool,
    pub(crate) errand: Errand,
    /// A closed batch is opened again.
    pub(crate) reopen: bool,
    pub(crate) seed: u64,
}

impl Course {
    pub(crate) fn draw(mix: &Mix, rng: &mut Rng) -> Course {
        let mut course = Course {
            adopt: match mix.mortal.lose {
                0 => rng.u32(0..3) == 0,
                _ => rng.bool(),
            },
            errand: errand(mix, rng),
            reopen: rng.bool(),
            sweep: rng.u32(0..100) < mix.mortal.sweep,
            seed: rng.u64(..),
            ..Course::default()
        };
        if rng.u32(0..100) < mix.mortal.crash {
            if rng.bool() {
                let most = super::mix::choose(rng, &[4, 20, 100, 400]);
                course.crash_at = Some(rng.u64(1..most));
            } else {
                let most = super::mix::choose(rng, &[300, 10_000, 300_000]);
                course.crash_after = Some(Duration::from_millis(rng.u64(0..most)));
            }
        }
        if rng.u32(0..100) < mix.mortal.interrupt {
            course.interrupt_after = Some(Duration::from_millis(rng.u64(0..20_000)));
        }
        course
    }
}

fn errand(mix: &Mix, rng: &mut Rng) -> Errand {
    let drawn = rng.u32(0..100);
    if drawn >= mix.mortal.mend {
        return Errand::Send;
    }
    match rng.u32(0..8) {
        0 => Errand::Retry,
        1 => Errand::RetryNamed(rng.u32(20..=100)),
        2 => Errand::ReissueDead,
        3 => Errand::ReissueNamed(rng.u32(20..=100)),
        4 => Errand::ReissueCancelled(rng.u32(20..=100)),
        5 => Errand::CancelAll,
        _ => Errand::Cancel(rng.u32(10..=80)),
    }
}

/// How a life ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Died,
    /// Nothing was left to do, or all was done.
    Done {
        held_back: u64,
    },
    Halted(Halt),
    /// A guard stopped it: ids exist that this checkpoint never sent.
    Guarded,
    /// The checkpoint could not be used.
    Broken(String),
}

impl From<Error> for End {
    fn from(error: Error) -> End {
        End::Broken(error.to_string())
    }
}

/// What our side keeps between its lives.
pub(crate) struct Desk<'p> {
    pub(crate) path: &'p Path,
    /// As the user has it now.
    pub(crate) sheet: Sheet,
    /// As the checkpoint was filled from it.
    pub(crate) taken: Option<Sheet>,
    pub(crate) auditor: Auditor,
    /// A copy of the checkpoint.
    pub(crate) copy: Option<Copy>,
    /// Rows that were taken out stand in the sheet again since the last life.
    pub(crate) is_put_back: bool,
    /// Nothing that is simulated here goes on.
    pub(crate) is_given_up: bool,
}

/// Lives one life.
pub(crate) fn live(shared: &Shared, desk: &mut Desk<'_>, course: Course) -> End {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        // The future that may die is looked at after every task, so that death comes between any two steps.
        .event_interval(1)
        .build()
        .unwrap();
    let end = runtime.block_on(async {
        shared.world().born(course.crash_at);
        let crash = shared.world().crash.clone();
        let (signal, interrupt) = watch::channel(false);
        let end = tokio::select! {
            biased;
            () = crash.notified() => End::Died,
            () = after(course.crash_after) => {
                shared.world().count("crash: at a time");
                End::Died
            }
            end = life(shared, desk, course, interrupt) => end,
            () = interrupting(shared, course.interrupt_after, &signal) => End::Died,
        };
        let mut world = shared.world();
        let now = world.now();
        world.died(now);
        end
    });
    drop(runtime);
    end
}

async fn after(span: Option<Duration>) {
    match span {
        Some(span) => tokio::time::sleep(span).await,
        None => std::future::pending().await,
    }
}

async fn interrupting(shared: &Shared, span: Option<Duration>, signal: &watch::Sender<bool>) {
    after(span).await;
    shared.world().count("interrupt");
    signal.send_replace(true);
    std::future::pending().await
}

async fn life(
    shared: &Shared,
    desk: &mut Desk<'_>,
    mut course: Course,
    interrupt: watch::Receiver<bool>,
) -> End {
    let store = match open(shared, desk, &mut course).await {
        Ok(store) => store,
        Err(end) => return end,
    };
    let mut session = session(shared, store, course, interrupt.clone());
    if planted::is(Mistake::SecondWriter) {
        second_writer(shared, desk, course, interrupt).await;
    }
    let end = match go(shared, &mut session, course).await {
        Ok(end) => end,
        Err(error) => End::Broken(error.to_string()),
    };
    match session.close_here().await {
        Ok(store) => {
            write_results(shared, &store, &end);
            check(shared, desk, &store);
            heed_discord(shared, desk);
            match (course.errand, end) {
                // What was to be sent is still to be sent.
                (Errand::FinishCancel, End::Done { .. }) => End::Guarded,
                (_, end) => end,
            }
        }
        Err(error) => End::Broken(error.to_string()),
    }
}

fn write_results(shared: &Shared, store: &Store, end: &End) {
    if *end == End::Guarded && store.totals().rows(State::Conflict) == 0 {
        return;
    }
    let mut guard = shared.world();
    let world = &mut *guard;
    let now_ms = world.now().div_euclid(1_000);
    if let Some(witness) = &world.witness {
        world.kept.write(witness.conn(), now_ms);
    }
}

/// What the program says: rows restored as they were when they were sent, without faults, and the checkpoint that has sent
/// nothing removed.
fn heed_discord(shared: &Shared, desk: &mut Desk<'_>) {
    let mut world = shared.world();
    if std::mem::take(&mut world.kept.discord) {
        world.count("guard: old results do not agree");
        let sent = &mut world.kept.sheet;
        sent.rows.iter_mut().for_each(|row| row.valid = true);
        desk.sheet = sent.clone();
        desk.taken = None;
        desk.auditor.forget();
        world.lose();
        world.witness = None;
        super::play::remove(desk.path);
    }
}

/// A process that no lock kept out works beside this one.
async fn second_writer(
    shared: &Shared,
    desk: &mut Desk<'_>,
    mut course: Course,
    interrupt: watch::Receiver<bool>,
) {
    if let Ok(store) = open(shared, desk, &mut course).await {
        let mut session = session(shared, store, course, interrupt);
        let shared = shared.clone();
        tokio::spawn(async move { go(&shared, &mut session, course).await });
    }
}

/// The books against the checkpoint.
fn check(shared: &Shared, desk: &mut Desk<'_>, store: &Store) {
    let mut world = shared.world();
    world.settle();
    let Some(witness) = world.witness.take() else {
        return;
    };
    if let Some(sheet) = &desk.taken {
        desk.auditor.audit(&mut world, store, witness.conn(), sheet);
    }
    world.witness = Some(witness);
}

/// What the checkpoint is bound to.
pub(crate) fn binding() -> Binding {
    Binding {
        environment: "sandbox".to_owned(),
        host: "here".to_owned(),
        account: "me".to_owned(),
        batch: BATCH.to_owned(),
    }
}

/// The checkpoint that stands there, or a new one, with the sheet taken in and the rows chosen, in the order of
/// `cli::prepare`. A cancel takes no sheet in.
async fn open(shared: &Shared, desk: &mut Desk<'_>, course: &mut Course) -> Result<Store, End> {
    let binding = binding();
    let is_new = !desk.path.exists();
    if is_new && course.errand != Errand::Send {
        // There is nothing to mend, and the user is told so.
        course.errand = Errand::Send;
    }
    let mut store = if is_new {
        let stands = {
            let kept = &mut shared.world().kept;
            kept.copy();
            kept.stands()
        };
        Store::create(desk.path, &binding, stands)?
    } else {
        Store::open(desk.path, &binding)?
    };
    let meagre =
        shared.world().mix.options.rules.status_shape == paysheet::sandbox::StatusShape::Old;
    shared.world().witness = Some(Witness::open(desk.path, meagre));
    shared.moment().await;
    check(shared, desk, &store);
    if course.errand.is_cancel() || !mend::may_go_on(shared, &mut store, course)? {
        shared.world().kept.is_new = false;
        return Ok(store);
    }
    if course.errand == Errand::Retry {
        store.pick_all(Pick::Rejected)?;
    }
    // Rows that were sent to nobody are judged like any other by the next run.
    let judged_anew = std::mem::take(&mut shared.world().kept.unsent_after_all);
    let is_changed = desk.taken.as_ref() != Some(&desk.sheet) || judged_anew;
    if is_changed {
        take_in(shared, desk, &mut store, is_new)?;
        shared.moment().await;
        check(shared, desk, &store);
    }
    {
        let kept = &mut shared.world().kept;
        kept.is_new = is_changed;
        kept.taken = desk.taken.clone().unwrap_or_default();
    }
    heed(shared, &mut store).await?;
    mend::choose(shared, &mut store, course)?;
    Ok(store)
}

/// Takes the sheet in; where a payout that may exist has left or changed, as it was.
fn take_in(
    shared: &Shared,
    desk: &mut Desk<'_>,
    store: &mut Store,
    is_new: bool,
) -> Result<(), End> {
    if place_rows(shared, desk, store, is_new)? {
        return Ok(());
    }
    // The user is told which rows, and restores them.
    if let Some(taken) = &desk.taken {
        shared.world().count("guard: a sent row left or changed");
        desk.sheet = taken.clone();
        return Ok(());
    }
    let mut world = shared.world();
    world.count("guard: a row of a lost checkpoint left or changed");
    desk.sheet = world.kept.sheet.clone();
    drop(world);
    if place_rows(shared, desk, store, is_new)? {
        return Ok(());
    }
    let mut world = shared.world();
    if world.kept.is_of_many() {
        // The newest results need not list what older ones do: whoever wants them all brings them together by hand.
        world.count("given up: rows of more than one lost checkpoint");
        desk.is_given_up = true;
        return Err(End::Guarded);
    }
    world.complain("rows restored as they were sent are refused");
    Ok(())
}

/// One transaction, unless a payout that may exist has left or changed.
fn place_rows(
    shared: &Shared,
    desk: &mut Desk<'_>,
    store: &mut Store,
    is_new: bool,
) -> Result<bool, Error> {
    let matched = desk.sheet.matched(store, &shared.world().kept, is_new);
    let Some(matching) = matched else {
        return Ok(false);
    };
    let at = timestamp(shared.world().now());
    let before = shared.world().kept.before(&matching.1.left, is_new);
    desk.sheet.take_in(store, &matching, &before, at)?;
    if !before.is_empty() {
        shared.world().count("taken over from a lost checkpoint");
    }
    desk.taken = Some(desk.sheet.clone());
    if !matching.1.later.is_empty() {
        shared
            .world()
            .count("a row goes on with a later generation");
    }
    Ok(true)
}

/// What old results say was stopped or refused stays so (`cli::claims`).
async fn heed(shared: &Shared, store: &mut Store) -> Result<(), Error> {
    let has_ready = store.totals().rows(State::Ready) > 0;
    let replaces = has_ready && store.meta().replaces_lost;
    if !replaces || !store.meta().probed && !store.has_history()? {
        return Ok(());
    }
    let at = timestamp(shared.world().now());
    let hasher = KeyHasher::new();
    let claims = shared.world().kept.claims(&hasher, false);
    let (stopped, (refused, keys)) = (claims.stopped(), claims.refused());
    if store.cancel_again(&stopped, at)? > 0 {
        shared
            .world()
            .count("cancelled before a loss: a row came back");
        shared.moment().await;
    }
    let same = |place: usize, row: &RowFields<'_>| is_same(&hasher, &keys[place], row);
    if store.refuse_again(&refused, at, same)? > 0 {
        shared.moment().await;
    }
    Ok(())
}

fn is_same(hasher: &KeyHasher, key: &RowKey, row: &RowFields<'_>) -> bool {
    let (phone, amount) = (Phone::from_number(row.phone), Some(row.amount));
    hasher.key("", phone, amount, row.name, row.email) == *key
}

pub(crate) fn timestamp(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap()
}

fn session(
    shared: &Shared,
    store: Store,
    course: Course,
    interrupt: watch::Receiver<bool>,
) -> Session<Door> {
    let world = shared.world();
    let ears = shared.clone();
    let around = Surroundings {
        gateway: Arc::new(Door::new(shared.clone(), world.mix.timeout)),
        rate: world.mix.rate,
        events: Arc::new(move |event| ears.world().hear(event)),
        clock: Clock::Virtual {
            at: timestamp(world.now()),
            then: Instant::now(),
        },
        seed: course.seed,
        interrupt,
    };
    Session::open_here(store, around, world.mix.limits, world.mix.gather)
}

async fn go(shared: &Shared, session: &mut Session<Door>, course: Course) -> anyhow::Result<End> {
    if course.errand.is_cancel() {
        return mend::cancel(shared, session, course).await;
    }
    let is_chosen = course.errand != Errand::Send;
    let open = session
        .read(move |store| match is_chosen {
            true => store.chosen_count(),
            false => {
                let totals = store.totals();
                let open = totals.rows(State::Ready) + totals.rows(State::Unknown);
                Ok(open + store.unseen_conflicts()?)
            }
        })
        .await?;
    if open == 0 && !course.adopt {
        mend::make_ready(shared, session, course).await?;
        return sweep(session, course, 0).await;
    }
    if let Err(halt) = session.authorize().await {
        return Ok(End::Halted(halt));
    }
    let balance = session.read_balance(usize::try_from(PROBES_MAX).unwrap());
    match guard(shared, session, course.adopt).await? {
        Err(halt) => return Ok(End::Halted(halt)),
        Ok(false) => {
            shared.world().count("guard: ids exist already");
            return Ok(End::Guarded);
        }
        Ok(true) => {}
    }
    if course.adopt
        && let Some(end) = adopt(shared, session).await?
    {
        return Ok(end);
    }
    if is_chosen && let Some(end) = mend::prove(shared, session, course).await? {
        return Ok(end);
    }
    let _ = balance.wait().await;
    mend::make_ready(shared, session, course).await?;
    write_first(shared, course);
    shared.moment().await;
    let rules = OrderRules {
        expires_in: LinkExpiry::InDays(15),
        notify: true,
    };
    let outcome = session.send(rules, open).await;
    if !course.adopt {
        requests(shared, open, outcome.created_now);
    }
    match outcome.halt {
        Some(halt) => Ok(End::Halted(halt)),
        None => sweep(session, course, outcome.held_back).await,
    }
}

/// What a command writes down in one transaction; it may die after it.
pub(crate) async fn write<T: Send + 'static>(
    shared: &Shared,
    session: &Session<Door>,
    change: impl FnOnce(&mut Store) -> Result<T, Error> + Send + 'static,
) -> anyhow::Result<T> {
    let done = session.write(change).await?;
    shared.moment().await;
    Ok(done)
}

fn write_first(shared: &Shared, course: Course) {
    let mut guard = shared.world();
    let world = &mut *guard;
    let now_ms = world.now().div_euclid(1_000);
    if let Some(witness) = &world.witness {
        let is_retry = course.errand != Errand::Send;
        world.kept.write_first(witness.conn(), is_retry, now_ms);
    }
}

/// `send --adopt`: what was found is taken, if old results agree. The end, if it comes to one.
async fn adopt(shared: &Shared, session: &mut Session<Door>) -> anyhow::Result<Option<End>> {
    let claims = shared.world().kept.claims(&KeyHasher::new(), false);
    let stopped: HashSet<String> = claims.stopped().into_iter().collect();
    match agrees(shared, session).await? {
        Ok(true) => {}
        Ok(false) => return Ok(Some(End::Guarded)),
        Err(halt) => return Ok(Some(End::Halted(halt))),
    }
    if let Err(halt) = session.ask_conflicts().await {
        return Ok(Some(End::Halted(halt)));
    }
    let adopted = session.adopt(&stopped).await?;
    for (links, what) in [
        (adopted.links, "adopted"),
        (adopted.stopped, "cancelled before a loss: adopted"),
        (adopted.revived, "cancelled before a loss: not dead"),
    ] {
        if links > 0 {
            shared.world().count(what);
        }
    }
    shared.moment().await;
    write(shared, session, |store| store.set_found_existing(false)).await?;
    write(shared, session, Store::set_probed).await?;
    unsent_after_all(shared, session).await
}

/// Rows with faults that a lost checkpoint had sent and that do not exist stop the run that has found out.
async fn unsent_after_all(
    shared: &Shared,
    session: &mut Session<Door>,
) -> anyhow::Result<Option<End>> {
    let rows = shared.world().kept.taken.rows.clone();
    let faulty = (1..).zip(rows).filter(|(_, row)| !row.valid);
    let faulty: Vec<u64> = faulty.map(|(number, _)| number).collect();
    let stands = session.read(move |store| {
        let named = faulty.iter().map(|row| store.named_by_row(*row));
        named.collect::<Result<Vec<_>, _>>()
    });
    let mut stands = stands.await?.into_iter().flatten();
    if !stands.any(|one| one.row.standing.state == State::Ready) {
        return Ok(None);
    }
    let mut world = shared.world();
    world.count("guard: a row that was sent to nobody has faults");
    world.kept.unsent_after_all = true;
    Ok(Some(End::Guarded))
}

/// Whether old results agree with what was found, before it is adopted.
async fn agrees(
    shared: &Shared,
    session: &mut Session<Door>,
) -> anyhow::Result<Result<bool, Halt>> {
    let hasher = KeyHasher::new();
    let claims = shared.world().kept.claims(&hasher, false);
    let (stopped, (refused, keys)) = (claims.stopped(), claims.refused());
    let mut discord = match session.discord(BATCH, claims.clone(), false).await? {
        Ok(discord) => discord,
        Err(halt) => return Ok(Err(halt)),
    };
    // The user knows whether the sheet is as it was sent.
    let in_order = {
        let world = shared.world();
        !world.mix.mortal.keeps || world.kept.taken == world.kept.sheet
    };
    if in_order && !discord.is_none() && discord.beyond.is_empty() {
        shared.world().count("rows stand in order");
        discord = match session.discord(BATCH, claims, true).await? {
            Ok(discord) => discord,
            Err(halt) => return Ok(Err(halt)),
        };
    }
    if discord.is_none() {
        let at = timestamp(shared.world().now());
        let stay = write(shared, session, move |store| {
            store.cancel_again(&stopped, at)
        });
        if stay.await? > 0 {
            shared.world().count("cancelled before a loss");
        }
        let same = move |place: usize, row: &RowFields<'_>| is_same(&hasher, &keys[place], row);
        write(shared, session, move |store| {
            store.refuse_again(&refused, at, same)
        })
        .await?;
    }
    let has_own = session.read(Store::has_own).await?;
    let mut world = shared.world();
    let keeps = world.mix.mortal.keeps;
    if !discord.beyond.is_empty() && !keeps {
        world.complain("more links than rows, and no row has left");
    }
    // A checkpoint that has made something is not removed.
    world.kept.discord = !discord.is_none() && !has_own;
    Ok(Ok(discord.is_none()))
}

/// Under a gateway that only fails, requests are bounded. Questions about what an earlier run left are not counted, so
/// the first life is the one to measure; and not with `--adopt`, which looks every row up.
fn requests(shared: &Shared, open: u64, created: u64) {
    let mut world = shared.world();
    let most = open + open / 10 + 100;
    if world.mix.only_fails && world.lives == 1 {
        world.count("a gateway that only fails");
        if world.left > most {
            let left = world.left;
            world.complain(format!(
                "{left} requests for {open} rows, of which {created} came to be"
            ));
        }
    }
}

async fn sweep(session: &mut Session<Door>, course: Course, held_back: u64) -> anyhow::Result<End> {
    if course.sweep {
        if let Err(halt) = session.authorize().await {
            return Ok(End::Halted(halt));
        }
        if let Some(halt) = session.sweep().await.halt {
            return Ok(End::Halted(halt));
        }
    }
    Ok(End::Done { held_back })
}

/// Ids that exist before this checkpoint has sent anything. False: nothing may be sent.
async fn guard(
    shared: &Shared,
    session: &mut Session<Door>,
    adopt: bool,
) -> anyhow::Result<Result<bool, Halt>> {
    let (needs, lost, found_before, conflicts) = session
        .read(move |store| {
            let meta = store.meta();
            let needs = store.needs_probe()? || adopt && store.needs_probe_to_adopt()?;
            let conflicts = store.totals().rows(State::Conflict);
            Ok((needs, meta.replaces_lost, meta.found_existing, conflicts))
        })
        .await?;
    let left = found_before && conflicts == 0;
    if found_before && !left && !adopt {
        return Ok(Ok(false));
    }
    if !needs && !left {
        return Ok(Ok(true));
    }
    let found = match probe(session, lost || adopt || conflicts > 0 || left).await? {
        Ok(found) => found + conflicts,
        Err(halt) => return Ok(Err(halt)),
    };
    if found > 0 {
        write(shared, session, |store| store.set_found_existing(true)).await?;
    }
    if (found > 0 || lost) && !adopt {
        return Ok(Ok(false));
    }
    if !adopt {
        if left {
            write(shared, session, |store| store.set_found_existing(false)).await?;
        }
        write(shared, session, Store::settle_probe).await?;
    }
    Ok(Ok(true))
}

async fn probe(session: &mut Session<Door>, all: bool) -> anyhow::Result<Result<u64, Halt>> {
    let sample: Vec<SweepRow> = session
        .read(|store| store.ready_sweep_page(0, PROBES_MAX))
        .await?;
    let found = if all {
        Ok(0)
    } else {
        session.probe(sample).await
    };
    match found {
        Ok(0) if !all => Ok(Ok(0)),
        Ok(found) => Ok(session.probe_all().await.map(|more| found + more)),
        Err(halt) => Ok(Err(halt)),
    }
}
