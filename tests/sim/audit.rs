//! The bank's books against the checkpoint, when our side has stopped or comes back: nothing doubled, lost, invented
//! or out of balance.
//!
//! Reads the checkpoint by SQL and folds its facts anew. Deliberately absent: what happens between two stops, which
//! `world` judges at every departure, arrival and move.

use std::collections::{BTreeMap, HashMap, HashSet};

use paysheet::checkpoint::Store;
use paysheet::domain::{
    Fact, Found, History, Life, Seen, Standing, State, Status, StatusClass, Terms,
};
use paysheet::sandbox::{self, Cashgram};
use rusqlite::Connection;

use super::life::PROBES_MAX;
use super::sheet::Sheet;
use super::witness::{CANCELLED, CONFLICT, CREATED, INVALID, READY, REJECTED, UNKNOWN, mistold};
use super::world::World;

/// One payout as it is stored.
pub(crate) struct Payout {
    pub(crate) number: i64,
    pub(crate) id: Option<String>,
    pub(crate) state: i64,
    pub(crate) attempts: u32,
    pub(crate) history: u16,
    pub(crate) terms: Option<i64>,
    pub(crate) reference: Option<String>,
    pub(crate) link: Option<String>,
    pub(crate) phone: u64,
    pub(crate) amount: i64,
    pub(crate) row: Option<i64>,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) status: Option<Status>,
    pub(crate) created_at: Option<i64>,
}

impl Payout {
    pub(crate) fn is_in_sheet(&self) -> bool {
        self.row.is_some()
    }
}

/// Every transition that was seen: from, by which fact, to.
pub(crate) type Edges = BTreeMap<(&'static str, &'static str, &'static str), u64>;

/// What an audit remembers from one stop to the next.
#[derive(Default)]
pub(crate) struct Auditor {
    /// Reference and link of what was once seen created.
    proven: HashMap<String, (Option<String>, Option<String>)>,
    pub(crate) edges: Edges,
    /// How many facts were counted already.
    counted: HashMap<i64, usize>,
}

impl Auditor {
    /// The checkpoint is lost, and with it what was proven by it.
    pub(crate) fn forget(&mut self) {
        self.proven.clear();
        self.counted.clear();
    }

    pub(crate) fn audit(
        &mut self,
        world: &mut World,
        store: &Store,
        conn: &Connection,
        sheet: &Sheet,
    ) {
        balance(world, store, sheet);
        let payouts = payouts(conn);
        self.fold(world, conn, &payouts);
        world.stopped.extend(stopped(&payouts));
        invited(world, &payouts);
        compare(world, store, &payouts);
        listed(world, store, &payouts);
        self.regress(world, &payouts);
        doubles(world, &payouts, sheet, false);
    }

    /// The state is the fold of the facts.
    fn fold(&mut self, world: &mut World, conn: &Connection, payouts: &[Payout]) {
        let mut facts = facts(conn);
        for payout in payouts {
            let told = facts.remove(&payout.number).unwrap_or_default();
            let seen = self.counted.insert(payout.number, told.len()).unwrap_or(0);
            let start = if payout.id.is_some() {
                State::Ready
            } else {
                State::Invalid
            };
            let mut standing = Standing::fresh(start);
            let mut named = false;
            // Whoever names a stopped row once more may have it paid after all; opening the batch may not.
            let id = payout.id.as_deref().unwrap_or_default();
            let mut asked = world.after_all.get(id).copied().unwrap_or(0);
            let settle = i64::try_from(world.mix.limits.settle.as_millis()).unwrap();
            let mut dead = None;
            for (at, (kind, when, fact)) in told.iter().enumerate() {
                // A second look that finds the same is no fact of its own.
                dead = dead_since(dead, *when, *fact);
                if *fact == Fact::ProvenDead && dead.is_none_or(|since| when - since < settle) {
                    world.complain(format!("{id} is taken for dead before a second look"));
                }
                named |= *fact == Fact::Cancelling;
                if *fact == Fact::Resumed && std::mem::take(&mut named) {
                    match asked.checked_sub(1) {
                        Some(left) => asked = left,
                        None => world.complain(format!("{id} was cancelled by name, and goes on")),
                    }
                }
                match standing.after(*fact) {
                    Ok(next) => {
                        if at >= seen {
                            let edge = (standing.state.word(), *kind, next.state.word());
                            *self.edges.entry(edge).or_default() += 1;
                        }
                        standing = next;
                        // The gateway may know better than the wish.
                        let stays = standing.state == State::Cancelled;
                        named &= stays || standing.history.cancelling;
                    }
                    Err(illegal) => return world.complain(format!("{:?}: {illegal}", payout.id)),
                }
            }
            let stored = (payout.state, payout.attempts, payout.history, payout.terms);
            let terms = standing.terms.map(|terms| terms.0.cast_signed());
            let folded = (
                code(standing.state),
                standing.attempts,
                standing.history.bits(),
                terms,
            );
            if stored != folded {
                world.complain(format!(
                    "{:?} is stored as {stored:?}, its facts say {folded:?}",
                    payout.id
                ));
            }
        }
    }

    /// Positive evidence never regresses.
    fn regress(&mut self, world: &mut World, payouts: &[Payout]) {
        for payout in payouts {
            let Some(id) = &payout.id else { continue };
            let told = (payout.reference.clone(), payout.link.clone());
            match self.proven.get(id) {
                Some(before)
                    if !matches!(payout.state, CREATED | CANCELLED)
                        || *before != told && before.0.is_some() =>
                {
                    world.complain(format!(
                        "{id} was created as {before:?} and is {} as {told:?}",
                        payout.state
                    ));
                }
                Some(_) | None if payout.state == CREATED => {
                    self.proven.insert(id.clone(), told);
                }
                Some(_) | None => {}
            }
        }
    }
}

/// What is stopped, or is to be because it was named.
fn stopped(payouts: &[Payout]) -> impl Iterator<Item = String> {
    let named =
        |history: u16| history & (History::CANCELLING | History::CLOSING) == History::CANCELLING;
    let stopped = move |payout: &&Payout| payout.state == CANCELLED || named(payout.history);
    payouts
        .iter()
        .filter(stopped)
        .filter_map(|payout| payout.id.clone())
}

/// What a person has stopped never stands as a link that nobody redeemed in time, for which another would be made unasked:
/// not after a loss either, where results tell of it. What turned out not to be dead is stopped no more.
fn invited(world: &mut World, payouts: &[Payout]) {
    for payout in payouts.iter().filter(|payout| payout.state == CREATED) {
        let id = payout.id.as_deref().unwrap_or_default();
        if payout.history & History::CANCELLING != 0 || !world.stopped.contains(id) {
            continue;
        }
        if payout.history & History::DEAD == 0 {
            world.stopped.remove(id);
        } else if !world.after_all.contains_key(id) {
            world.complain(format!("{id} was cancelled, and is a dead link like any"));
        }
    }
}

/// Count and sum over the states are the sheet's, to the paisa.
fn balance(world: &mut World, store: &Store, sheet: &Sheet) {
    if let Err(error) = store.prove_totals() {
        world.complain(error.to_string());
    }
    let totals = &store.totals().states;
    let rows: u64 = totals.values().map(|(rows, _)| rows).sum();
    let paise: i64 = totals.values().map(|(_, amount)| amount.paise()).sum();
    let wanted = (u64::try_from(sheet.rows.len()).unwrap(), sheet.sum());
    if (rows, paise) != wanted {
        world.complain(format!(
            "{rows} rows and {paise} paise where the sheet has {wanted:?}"
        ));
    }
}

/// Every Cashgram is known, and every created payout exists.
fn compare(world: &mut World, store: &Store, payouts: &[Payout]) {
    let by_id: HashMap<&str, &Payout> = payouts
        .iter()
        .filter_map(|payout| Some((payout.id.as_deref()?, payout)))
        .collect();
    let meagre = world.mix.options.rules.status_shape == paysheet::sandbox::StatusShape::Old;
    let books = world.ledger.all();
    let now = world.moment_now();
    for booked in &books {
        let payout = by_id.get(booked.id.as_str());
        let orphan = world.orphans.contains_key(&booked.id);
        match payout.map(|payout| payout.state) {
            Some(CREATED) => {
                let payout = by_id[booked.id.as_str()];
                if let Some(wrong) = mistold(&payout.reference, &payout.link, booked, meagre) {
                    world.complain(wrong);
                }
                if !is_paid_as_asked(payout, booked) {
                    world.complain(format!("{} was made for another row", booked.id));
                }
            }
            Some(UNKNOWN | CONFLICT) => {}
            Some(CANCELLED) if !is_alive(booked.status_at(now)) => {}
            Some(INVALID | READY | REJECTED | CANCELLED)
                if orphan && may_be_ignorant(world, store, by_id[booked.id.as_str()]) => {}
            Some(state) => world.complain(format!("{} exists and is state {state}", booked.id)),
            // What was listed once is listed for good.
            None if orphan && !world.kept.lists(&booked.id) => {}
            None => world.complain(format!("{} exists and nobody knows it", booked.id)),
        }
    }
    let booked: HashSet<&str> = books.iter().map(|c| c.id.as_str()).collect();
    for payout in payouts.iter().filter(|payout| payout.state == CREATED) {
        let id = payout.id.as_deref().unwrap_or_default();
        if !booked.contains(id) {
            world.complain(format!("{id} is created and the bank knows nothing of it"));
        }
    }
}

/// Whether a checkpoint may say that there is nothing where a lost one has made something: it has seen nothing, and the
/// bank has denied it, or is still to be asked before anything is sent. A copy that was brought back takes that for done,
/// and a row with faults was not sent by it.
fn may_be_ignorant(world: &World, store: &Store, payout: &Payout) -> bool {
    let denied = payout
        .id
        .as_ref()
        .is_some_and(|id| world.denied.contains(id));
    // Without results nothing tells of a loss, and the first rows alone are looked up.
    let is_beyond = payout.row.is_some_and(|row| row > i64::from(PROBES_MAX));
    let is_unasked = world.is_copy || !store.meta().probed || is_beyond && !world.mix.mortal.keeps;
    let is_unsent = payout.attempts == 0;
    match payout.state {
        _ if payout.history & History::EXISTS != 0 => false,
        INVALID => is_unsent && denied,
        READY => denied || is_unsent && is_unasked,
        _ => denied,
    }
}

/// At the end nothing is to be sent, refused or faulty that results list as made.
pub(crate) fn ignored(world: &mut World, payouts: &[Payout]) {
    for payout in payouts {
        let id = payout.id.as_deref().unwrap_or_default();
        let is_ignored = matches!(payout.state, INVALID | READY | REJECTED)
            && world.ledger.of(id).is_some()
            && world.kept.lists(id);
        if is_ignored {
            world.complain(format!(
                "{id} is listed as made, and is state {} at the end",
                payout.state
            ));
        }
    }
}

/// Whether phone and amount in the books are the row's. What was adopted may have been made for another.
fn is_paid_as_asked(payout: &Payout, booked: &Cashgram) -> bool {
    let asked = (payout.phone.to_string(), payout.amount);
    payout.history & History::ADOPTED != 0 || asked == (booked.phone.clone(), booked.amount)
}

/// What is known to exist and has no row is listed among what was made earlier, unless it is another's.
fn listed(world: &mut World, store: &Store, payouts: &[Payout]) {
    let mut listed = HashSet::new();
    let read = store.each_earlier(|row| {
        listed.insert(row.told.cashgram_id.to_owned());
        Ok::<_, paysheet::checkpoint::Error>(())
    });
    read.unwrap();
    let left = payouts.iter().filter(|payout| !payout.is_in_sheet());
    for payout in left.filter(|payout| matches!(payout.state, CREATED | CANCELLED)) {
        let id = payout.id.as_deref().unwrap_or_default();
        let exists = payout.history & History::EXISTS != 0;
        if exists && !listed.contains(id) {
            world.complain(format!("{id} exists, and is listed nowhere"));
        }
    }
}

/// Whether money may flow, or has flowed, through a link.
pub(crate) fn is_alive(status: sandbox::Status) -> bool {
    use sandbox::Status::{Active, Pending, Redeemed};
    matches!(status, Active | Pending | Redeemed)
}

/// No payment of the sheet is in the books twice, dead links apart, whatever its ids: by phone and amount.
/// What is in conflict is a person's to decide: its row may have left. Where sheets are edited after a checkpoint was
/// lost, what it made counts once it is known again, and at the end in any case.
pub(crate) fn doubles(world: &mut World, payouts: &[Payout], sheet: &Sheet, at_the_end: bool) {
    let mut wanted = sheet.payments();
    let now = world.moment_now();
    let conflicts = payouts.iter().filter(|payout| payout.state == CONFLICT);
    let conflicts: Vec<&str> = conflicts
        .filter_map(|payout| payout.id.as_deref())
        .collect();
    let alive = |booked: &Cashgram| {
        is_alive(booked.status_at(now)) && !conflicts.contains(&booked.id.as_str())
    };
    let disputed = conflicts.iter().map(|id| (*id).to_owned());
    world.disputed.extend(disputed);
    let created = payouts.iter().filter(|payout| payout.state == CREATED);
    let created: HashMap<&str, &Payout> = created
        .filter_map(|payout| Some((payout.id.as_deref()?, payout)))
        .collect();
    let edits = world.mix.mortal.edit > 0;
    for booked in world.ledger.all().into_iter().filter(alive) {
        let payout = created.get(booked.id.as_str());
        let is_lost = edits && world.orphans.contains_key(&booked.id) && payout.is_none();
        if is_lost && !at_the_end {
            continue;
        }
        // What was adopted pays its row, whatever it was made for.
        let pays = match payout.filter(|payout| payout.is_in_sheet()) {
            Some(payout) => (payout.phone, payout.amount),
            None => (booked.phone.parse().unwrap_or(0), booked.amount),
        };
        match wanted.get_mut(&pays) {
            Some(left) if *left > 0 => *left -= 1,
            // Its row left while the gateway did not find it: nobody is paid by another.
            None if is_lost && !world.kept.lists(&booked.id) => {}
            // Nor is what was in conflict when its row left, and then lost with its checkpoint.
            Some(_) if is_lost && world.disputed.contains(&booked.id) => {}
            _ => world.complain(format!(
                "{} pays {} paise to a phone once more than the sheet asks for",
                booked.id, booked.amount
            )),
        }
    }
}

/// All payouts, those without a row first.
pub(crate) fn payouts(conn: &Connection) -> Vec<Payout> {
    let sql =
        "SELECT payout, cashgram_id, state, attempts, history, terms, reference_id, cashgram_link,
               phone, amount, row, name, email, status, status_class, created_at
         FROM payouts ORDER BY row, payout";
    let mut select = conn.prepare_cached(sql).unwrap();
    let lines = select.query_map([], |line| {
        let status = |word| {
            let class = line.get::<_, Option<i64>>(14).unwrap()?;
            Some(Status {
                class: class_of(class),
                word,
            })
        };
        Ok(Payout {
            number: line.get(0)?,
            id: line.get(1)?,
            state: line.get(2)?,
            attempts: line.get(3)?,
            history: line.get(4)?,
            terms: line.get(5)?,
            reference: line.get(6)?,
            link: line.get(7)?,
            phone: line.get(8)?,
            amount: line.get(9)?,
            row: line.get(10)?,
            name: line.get(11)?,
            email: line.get(12)?,
            status: line.get::<_, Option<String>>(13)?.and_then(status),
            created_at: line.get(15)?,
        })
    });
    lines.unwrap().map(Result::unwrap).collect()
}

/// What is told of a payout: the kind, when in milliseconds, and the fact.
type Told = Vec<(&'static str, i64, Fact)>;

/// Since when a link is dead after `fact`, if it is.
fn dead_since(since: Option<i64>, at: i64, fact: Fact) -> Option<i64> {
    match fact {
        Fact::LookedUp(Seen::Present(Life::Dead)) | Fact::Swept(Life::Dead) => since.or(Some(at)),
        Fact::LookedUp(_) | Fact::Swept(_) => None,
        _ => since,
    }
}

fn facts(conn: &Connection) -> HashMap<i64, Told> {
    // Those of payout 0 are the batch's own, and nothing follows from them.
    let sql =
        "SELECT payout, kind, attempt, terms, detail, at FROM facts WHERE payout > 0 ORDER BY fact";
    let mut select = conn.prepare_cached(sql).unwrap();
    let mut lines = select.query([]).unwrap();
    let mut facts: HashMap<i64, Told> = HashMap::new();
    while let Some(line) = lines.next().unwrap() {
        let kind = line.get_ref(1).unwrap().as_str().unwrap();
        let terms = || Terms(line.get::<_, i64>(3).unwrap().cast_unsigned());
        let detail = || line.get::<_, String>(4).unwrap();
        let (kind, fact) = match kind {
            "sending" => (
                "sending",
                Fact::Sending {
                    attempt: line.get(2).unwrap(),
                    terms: terms(),
                },
            ),
            "created" => ("created", Fact::Found(Found::Created)),
            "duplicate" => ("duplicate", Fact::Found(Found::Duplicate)),
            "rejected" => ("rejected", Fact::Found(Found::Rejected)),
            "not_sent" => ("not_sent", Fact::Found(Found::NotSent)),
            "throttled" => ("throttled", Fact::Found(Found::Throttled)),
            "token_refused" => ("token_refused", Fact::Found(Found::TokenRefused)),
            "stopped" => ("stopped", Fact::Found(Found::Stopped)),
            "in_doubt" => ("in_doubt", Fact::Found(Found::InDoubt)),
            "found" => ("found", Fact::LookedUp(Seen::Present(life(&detail())))),
            "missing" => ("missing", Fact::LookedUp(Seen::Missing)),
            "adopted" => ("adopted", Fact::Adopted),
            "mended" => ("mended", Fact::Mended),
            "refused_before" => ("refused_before", Fact::RefusedBefore),
            "made_before" => ("made_before", made_before(&detail())),
            "spoiled" => ("spoiled", Fact::Spoiled),
            "swept" => ("swept", Fact::Swept(life(&detail()))),
            "cancelling" => ("cancelling", Fact::Cancelling),
            "closing" => ("closing", Fact::Closing),
            "deactivated" => ("deactivated", Fact::Deactivated),
            "resumed" => ("resumed", Fact::Resumed),
            "proven_dead" => ("proven_dead", Fact::ProvenDead),
            "replaced" => ("replaced", Fact::Replaced),
            other => panic!("the audit does not know the fact {other}"),
        };
        facts
            .entry(line.get(0).unwrap())
            .or_default()
            .push((kind, line.get(5).unwrap(), fact));
    }
    facts
}

/// What old results told of what no row goes on with.
fn made_before(detail: &str) -> Fact {
    let told: serde_json::Value = serde_json::from_str(detail).unwrap();
    Fact::MadeBefore {
        stopped: told["stopped"].as_bool().unwrap(),
        replaced: told["replaced"].as_bool().unwrap(),
        life: match told["class"] {
            serde_json::Value::Null => Life::Unsaid,
            _ => life(detail),
        },
    }
}

/// What the status that was read says of the link's life.
fn life(detail: &str) -> Life {
    let told: serde_json::Value = serde_json::from_str(detail).unwrap();
    Life::from(class_of(told["class"].as_i64().unwrap()))
}

/// The class of a status by its stored code.
fn class_of(code: i64) -> StatusClass {
    match code {
        0 => StatusClass::Active,
        1 => StatusClass::Pending,
        2 => StatusClass::Redeemed,
        3 => StatusClass::Expired,
        4 => StatusClass::Failed,
        5 => StatusClass::Reversed,
        _ => StatusClass::Other,
    }
}

fn code(state: State) -> i64 {
    match state {
        State::Invalid => 0,
        State::Ready => 1,
        State::Unknown => 2,
        State::Created => 3,
        State::Rejected => 4,
        State::Conflict => 5,
        State::Cancelled => 6,
    }
}
