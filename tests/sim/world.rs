//! All that outlives a run of ours: the bank, the letters under way, the time, and what was seen.
//!
//! Our side dies and comes back; the world goes on. A letter whose sender died still arrives. Every request passes
//! [`World::depart`] when it leaves and [`World::deliver`] when it arrives, and is judged there against the durable
//! checkpoint (`witness`). Deliberately absent: anything of the engine.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::fmt::Debug;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use paysheet::domain::State;
use paysheet::engine::{Event, Rate};
use paysheet::sandbox::{Delivery, Ending, Moment, Reply, Sandbox};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::door::code_of;
use super::kept::Kept;
use super::ledger::Ledger;
use super::letter::{Letter, What};
use super::mix::{Mix, WHOLE};
use super::witness::Witness;

/// 2026-11-22T10:00:00Z: where every world begins.
pub(crate) const BEGINNING_US: i64 = 1_795_341_600_000_000;
/// Complaints of one seed that are kept; the first tells most.
const COMPLAINTS_MAX: usize = 20;

/// Where a letter goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Refused,
    Unresolved,
    Untrusted,
    /// It never arrives, and the connection breaks.
    Lost,
    /// It never arrives, and nobody says so.
    Silent,
    /// It arrives after this, and so may the reply.
    Arrives(Duration),
    /// It arrives twice; the reply to the second is what comes back.
    Twice(Duration, Duration),
}

/// What befalls a reply on its way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Back {
    Whole,
    Lost,
    Garbage,
    Endless,
}

/// The world.
pub(crate) struct World {
    pub(crate) bank: Sandbox,
    pub(crate) ledger: Ledger,
    pub(crate) mix: Mix,
    pub(crate) chance: Rng,
    pub(crate) calm: bool,
    pub(crate) witness: Option<Witness>,
    pub(crate) complaints: Vec<String>,
    pub(crate) counts: BTreeMap<&'static str, u64>,
    /// Ids that stood in the books, or were on their way there, when a checkpoint was lost.
    pub(crate) orphans: HashMap<String, ()>,
    /// How many checkpoints were lost so far.
    epoch: u32,
    /// The results beside the checkpoint.
    pub(crate) kept: Kept,
    /// Ids that the bank was asked about and did not find since then.
    pub(crate) denied: HashSet<String>,
    /// The checkpoint is an older copy: it knows nothing of what was made since.
    pub(crate) is_copy: bool,
    /// Ids that the bank has told this life of.
    told: HashSet<String>,
    /// Ids that were in conflict at some time: whether their rows may leave is a person's to decide.
    pub(crate) disputed: HashSet<String>,
    /// Ids that a person has stopped, as far as our side can know it: no create may leave for one.
    pub(crate) stopped: HashSet<String>,
    /// How often a person has asked by name for a stopped id to be paid after all.
    pub(crate) after_all: HashMap<String, u32>,
    /// Lives so far, this one included.
    pub(crate) lives: u32,
    /// Requests of this life, authorize not counted, and creates among them.
    pub(crate) left: u64,
    pub(crate) creates: u64,
    /// Whether it is told to people as it goes.
    pub(crate) is_told: bool,
    trace: DefaultHasher,
    at_us: i64,
    then: Option<Instant>,
    letters: Vec<Letter>,
    departures: VecDeque<i64>,
    not_before: i64,
    /// Of each id, what was sent and is not laid to rest.
    open: HashMap<String, Open>,
    moments: u64,
    crash_at: Option<u64>,
    pub(crate) crash: Arc<Notify>,
    crashed: bool,
}

/// What a reply says, in the judge's own reading of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// Certainly nothing was done.
    Refused,
    /// Nothing was done, if limiters are to be believed.
    Throttled(Option<Duration>),
    /// There is no such id, so far.
    Missing,
    /// There is such an id.
    Exists,
    /// It may have been done.
    Other,
}

/// An id whose creates may have been acted on: all of them bear one body.
struct Open {
    body: String,
    /// Attempts of which it is not known that they were refused.
    doubts: u32,
    throttled: bool,
}

/// The world, shared among the tasks of one thread.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<World>>);

impl Shared {
    pub(crate) fn new(world: World) -> Shared {
        Shared(Arc::new(Mutex::new(world)))
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A moment at which our side may die: then nothing of this goes on.
    pub(crate) async fn moment(&self) {
        let crashed = self.world().moment();
        if crashed {
            std::future::pending::<()>().await;
        }
    }
}

impl World {
    pub(crate) fn new(mix: Mix, chance: Rng) -> World {
        let ledger = Ledger::default();
        let bank = Sandbox::new(mix.options.clone(), Box::new(ledger.clone())).unwrap();
        World {
            bank,
            ledger,
            mix,
            chance,
            calm: false,
            witness: None,
            complaints: Vec::new(),
            kept: Kept::default(),
            counts: BTreeMap::new(),
            orphans: HashMap::new(),
            epoch: 0,
            denied: HashSet::new(),
            is_copy: false,
            told: HashSet::new(),
            disputed: HashSet::new(),
            stopped: HashSet::new(),
            after_all: HashMap::new(),
            lives: 0,
            left: 0,
            creates: 0,
            is_told: false,
            trace: DefaultHasher::new(),
            at_us: BEGINNING_US,
            then: None,
            letters: Vec::new(),
            departures: VecDeque::new(),
            not_before: i64::MIN,
            open: HashMap::new(),
            moments: 0,
            crash_at: None,
            crash: Arc::new(Notify::new()),
            crashed: false,
        }
    }

    /// The present, in microseconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        self.at_us + self.then.map_or(0, |then| micros(then.elapsed()))
    }

    /// The present as the bank sees it.
    pub(crate) fn moment_now(&self) -> Moment {
        Moment::from_micros(self.now())
    }

    /// Something is wrong.
    pub(crate) fn complain(&mut self, what: impl Into<String>) {
        if self.complaints.len() < COMPLAINTS_MAX {
            let since = (self.now() - BEGINNING_US) / 1000;
            self.complaints
                .push(format!("at {since} ms: {}", what.into()));
        }
    }

    pub(crate) fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// Adds to the trace, by which two runs of a seed are compared.
    pub(crate) fn note(&mut self, what: impl Hash + Debug) {
        let now = self.now();
        if self.is_told {
            eprintln!("{:>12} {what:?}", (now - BEGINNING_US) / 1000);
        }
        (now, what).hash(&mut self.trace);
    }

    pub(crate) fn traced(&self) -> u64 {
        self.trace.finish()
    }

    /// Our side begins to live, and dies at its `crash_at`-th moment if it has one.
    pub(crate) fn born(&mut self, crash_at: Option<u64>) {
        self.then = Some(Instant::now());
        self.lives += 1;
        self.left = 0;
        self.creates = 0;
        self.told.clear();
        self.departures.clear();
        self.not_before = i64::MIN;
        self.moments = 0;
        self.crash_at = crash_at;
        self.crashed = false;
        self.crash = Arc::new(Notify::new());
    }

    /// Our side is gone; what it still had under way arrives by itself. `now` is the last it saw.
    pub(crate) fn died(&mut self, now: i64) {
        self.at_us = now;
        self.then = None;
        self.witness = None;
    }

    /// Time passes while nobody lives.
    pub(crate) fn rest(&mut self, pause_us: i64) {
        self.at_us += pause_us;
        self.settle();
    }

    /// One more moment at which our side may die. Whether it has.
    pub(crate) fn moment(&mut self) -> bool {
        self.moments += 1;
        if self.crash_at == Some(self.moments) {
            self.crashed = true;
            self.count("crash: at a moment");
            self.crash.notify_one();
        }
        self.crashed
    }

    /// A checkpoint is lost: what was under way or done is only known to the bank now.
    pub(crate) fn lose(&mut self) {
        let done = self.ledger.all().into_iter().map(|cashgram| cashgram.id);
        let under_way = self.letters.iter().map(|letter| letter.id.clone());
        // The bank itself may still be at one of those that were sent.
        let sent = self.open.keys().cloned();
        let known = done.chain(under_way).chain(sent);
        self.orphans.extend(known.map(|id| (id, ())));
        self.epoch += 1;
        self.is_copy = false;
        self.open.clear();
        self.denied.clear();
        let kept = &self.kept;
        self.stopped.retain(|id| kept.tells_stopped(id));
    }

    /// Whoever names a stopped row once more may have it paid after all.
    pub(crate) fn pay_after_all(&mut self, id: String) {
        self.stopped.remove(&id);
        *self.after_all.entry(id).or_default() += 1;
    }

    /// Faults stop, the account is topped up.
    pub(crate) fn appease(&mut self) {
        self.calm = true;
        self.bank.calm();
        self.top_up();
    }

    pub(crate) fn top_up(&mut self) {
        let request = paysheet::sandbox::Request {
            method: "POST",
            path: "/__sim/balance",
            body: br#"{"balance": "1000000000.00"}"#,
            ..Default::default()
        };
        self.bank.handle(request, Moment::from_micros(self.now()));
    }

    /// A request leaves our machine: the last chance to say that it must not.
    pub(crate) fn depart(&mut self, letter: &mut Letter) -> Fate {
        if letter.what != What::Authorize {
            self.left += 1;
            self.pace();
        }
        letter.epoch = self.epoch;
        if letter.what == What::Create {
            self.creates += 1;
            self.judge_create(letter);
        }
        if letter.what == What::Deactivate {
            let witness = self.witness.as_mut();
            let complaint = witness.and_then(|witness| witness.is_not_wished(&letter.id));
            if let Some(complaint) = complaint {
                self.complain(complaint);
            }
        }
        let fate = self.fate(letter);
        self.note((letter.what, &letter.id, &letter.body, format!("{fate:?}")));
        fate
    }

    fn judge_create(&mut self, letter: &Letter) {
        let complaint = self
            .witness
            .as_mut()
            .and_then(|witness| witness.is_not_durable(&letter.id, &letter.body));
        if let Some(complaint) = complaint {
            self.complain(complaint);
        }
        if self.stopped.contains(&letter.id) {
            self.complain(format!(
                "a create leaves for {}, which was cancelled",
                letter.id
            ));
        }
        let open = self.open.entry(letter.id.clone()).or_insert_with(|| Open {
            body: letter.body.clone(),
            doubts: 0,
            throttled: false,
        });
        open.doubts += 1;
        if open.body != letter.body {
            self.complain(format!(
                "{} is sent with another body while an earlier one may have been acted on",
                letter.id
            ));
        }
    }

    /// The rate in every sliding window, and the pauses that were asked for.
    fn pace(&mut self) {
        let now = self.now();
        if now < self.not_before {
            let early = (self.not_before - now) / 1000;
            self.complain(format!(
                "a request leaves {early} ms before a Retry-After has passed"
            ));
        }
        let Some(Rate { count, window }) = self.mix.rate else {
            return;
        };
        let count = usize::try_from(count.get()).unwrap();
        self.departures.push_back(now);
        if self.departures.len() > count {
            let first = self.departures.pop_front().unwrap();
            if now - first < micros(window) {
                self.complain(format!("more than {count} requests within {window:?}"));
            }
        }
    }

    fn fate(&mut self, letter: &Letter) -> Fate {
        let way = Duration::from_micros(self.chance.u64(0..=self.mix.way_us));
        if self.calm {
            return Fate::Arrives(way);
        }
        let since = self.now() - BEGINNING_US;
        let out = |(from, to): &(i64, i64)| (*from..*to).contains(&since);
        if self.mix.outages.iter().any(out) {
            self.count("net: outage");
            return Fate::Refused;
        }
        let net = self.mix.net;
        let slow = Duration::from_millis(self.chance.u64(1..90_000));
        let twice = if letter.what == What::Create {
            net.twice
        } else {
            0
        };
        let fates = [
            (net.refused, "net: refused", Fate::Refused),
            (net.unresolved, "net: unresolved", Fate::Unresolved),
            (net.untrusted, "net: untrusted", Fate::Untrusted),
            (net.lost, "net: lost", Fate::Lost),
            (net.silent, "net: silent", Fate::Silent),
            (net.late, "net: late", Fate::Arrives(way + slow)),
            (twice, "net: twice", Fate::Twice(way, slow / 30)),
        ];
        let mut drawn = self.chance.u32(0..WHOLE);
        for (share, name, fate) in fates {
            if drawn < share {
                self.count(name);
                return fate;
            }
            drawn -= share;
        }
        Fate::Arrives(way)
    }

    /// What befalls a reply.
    pub(crate) fn back(&mut self) -> (Back, Duration) {
        let way = Duration::from_micros(self.chance.u64(0..=self.mix.way_us));
        if self.calm {
            return (Back::Whole, way);
        }
        let net = self.mix.net;
        let ways = [
            (net.reply_lost, "net: reply lost", Back::Lost),
            (net.garbage, "net: garbage", Back::Garbage),
            (net.endless, "net: endless", Back::Endless),
        ];
        let mut drawn = self.chance.u32(0..WHOLE);
        for (share, name, back) in ways {
            if drawn < share {
                self.count(name);
                return (back, way);
            }
            drawn -= share;
        }
        (Back::Whole, way)
    }

    /// A letter that nobody waits for any more.
    pub(crate) fn post(&mut self, letter: Letter) {
        self.letters.push(letter);
    }

    /// What was under way and is due arrives.
    pub(crate) fn settle(&mut self) {
        let now = self.now();
        self.letters.sort_by_key(|letter| letter.due);
        let due = self.letters.partition_point(|letter| letter.due <= now);
        let arrived: Vec<Letter> = self.letters.drain(..due).collect();
        for letter in arrived {
            self.count("net: arrives when nobody waits");
            self.hand_over(&letter, letter.due);
        }
    }

    /// A letter arrives at the bank.
    pub(crate) fn deliver(&mut self, letter: &Letter) -> Delivery {
        self.settle();
        let now = self.now();
        self.hand_over(letter, now)
    }

    fn hand_over(&mut self, letter: &Letter, at: i64) -> Delivery {
        let is_new = letter.what == What::Create && self.ledger.of(&letter.id).is_none();
        let delivery = self.bank.handle(letter.request(), Moment::from_micros(at));
        let made = is_new && self.ledger.of(&letter.id).is_some();
        // What a lost checkpoint sent may come to be at any time.
        if made && letter.epoch == self.epoch {
            let complaint = self
                .witness
                .as_mut()
                .and_then(|witness| witness.is_not_aware(&letter.id));
            if let Some(complaint) = complaint {
                self.complain(complaint);
            }
        }
        let reply = match &delivery.ending {
            Ending::Reply(reply) | Ending::Drip(reply, _) | Ending::Cut(reply) => Some(reply),
            Ending::Closed | Ending::Reset => None,
        };
        self.tell_apart(letter, reply);
        let status = reply.map_or(0, |reply| reply.status);
        self.note((at, letter.what, &letter.id, made, status));
        delivery
    }

    /// What the bank's own count of faults does not tell.
    fn tell_apart(&mut self, letter: &Letter, reply: Option<&Reply>) {
        let Some(reply) = reply else { return };
        match (letter.what, code_of(&reply.body, reply.status)) {
            (What::Create, Some(412)) => {
                let text = String::from_utf8_lossy(&reply.body);
                if text.contains("balance is less") {
                    self.count("balance ran out");
                }
            }
            (What::Status, Some(404 | 422)) if self.ledger.of(&letter.id).is_some() => {
                self.count("a look-up finds nothing of what exists");
            }
            _ => {}
        }
    }

    /// A reply was read: what it asks for, and what it lays to rest.
    pub(crate) fn read(&mut self, letter: &Letter, said: Said) {
        if let Said::Throttled(Some(wait)) = said {
            self.not_before = self.not_before.max(self.now() + micros(wait));
        }
        if (letter.what, said) == (What::Status, Said::Missing) {
            self.denied.insert(letter.id.clone());
        }
        if said == Said::Exists {
            self.told.insert(letter.id.clone());
        }
        let Some(open) = self.open.get_mut(&letter.id) else {
            return;
        };
        match (letter.what, said) {
            (What::Create, Said::Refused) => open.doubts -= 1,
            (What::Create, Said::Throttled(_)) => {
                open.doubts -= 1;
                open.throttled = true;
            }
            (What::Status, Said::Missing) => open.throttled = false,
            _ => {}
        }
        if open.doubts == 0 && !open.throttled {
            self.open.remove(&letter.id);
        }
    }

    /// Whether the engine may take for refused or stopped what a lost checkpoint made: the bank has denied it, and has not
    /// told of it since.
    fn may_be_ignorant(&mut self, id: &str, to: State) -> bool {
        let was_told = self.told.contains(id);
        let knows = |witness: &mut Witness| witness.knows(id);
        let is_known = was_told || self.witness.as_mut().is_some_and(knows);
        let nothing_is = matches!(to, State::Rejected | State::Cancelled);
        let denied = self.orphans.contains_key(id) && self.denied.contains(id);
        nothing_is && denied && !is_known
    }

    /// The engine says that something happened.
    pub(crate) fn hear(&mut self, event: &Event) {
        if let Event::Moved { id, from, to, .. } = event {
            self.note((id, from.word(), to.word()));
            let (booked, at) = (self.ledger.of(id), self.moment_now());
            let complaint = self
                .witness
                .as_mut()
                .and_then(|witness| witness.is_moved_wrongly(id, *from, *to, booked.as_ref(), at));
            if let Some(complaint) = complaint.filter(|_| !self.may_be_ignorant(id, *to)) {
                self.complain(complaint);
            }
        }
        if self.is_told {
            eprintln!("{:>12} {event:?}", (self.now() - BEGINNING_US) / 1000);
        }
        self.moment();
    }
}

pub(crate) fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap()
}
