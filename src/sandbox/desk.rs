//! Where a request, the rules and the mischief meet. PURE but for what it holds: given the same requests at the
//! same times, it gives the same deliveries.
//!
//! The order is: route (405), throttle (429), mischief that strikes before the books, the bank, mischief that
//! strikes after. Deliberately absent: sockets and clocks.

use super::Options;
use super::answer::{Answer, Bend, Effect};
use super::ask::{Ask, Operation, Request};
use super::bank::Bank;
use super::cashgram::Purse;
use super::log::{Log, Seen};
use super::mischief::{Fault, Phase, Plan};
use super::reply::{Delivery, Ending, Reply};
use super::throttle::{Throttle, Turn};
use super::time::Moment;
use super::twist::{Twist, reword, shorten, too_many, twist};
use super::units::Span;

/// Creates that are waiting to take place late; more are forgotten, as if they had been lost before.
const LATE_MAX: usize = 10_000;

/// A create whose client was told nothing, and which takes place all the same.
#[derive(Debug)]
struct Late {
    due: Moment,
    number: u64,
    path: String,
    authorization: Option<String>,
    body: Vec<u8>,
}

/// The desk.
pub(super) struct Desk {
    pub(super) options: Options,
    pub(super) bank: Bank,
    pub(super) log: Log,
    throttle: Option<Throttle>,
    late: Vec<Late>,
    number: u64,
}

impl Desk {
    /// A desk before a bank.
    pub(super) fn new(options: Options, bank: Bank) -> Self {
        let throttle = options.rate_limit.map(Throttle::new);
        Self {
            options,
            bank,
            log: Log::default(),
            throttle,
            late: Vec::new(),
            number: 0,
        }
    }

    /// The bank's time at `wall`.
    pub(super) fn now(&self, wall: Moment) -> Moment {
        wall.plus_micros(self.bank.purse.clock_ahead.signed())
    }

    /// Ends the mischief and the limit, but not what was set off before.
    pub(super) fn calm(&mut self) {
        self.options.faults = Plan::default();
        self.throttle = None;
    }

    /// Handles one request that arrived at `wall`.
    pub(super) fn handle(&mut self, request: Request<'_>, wall: Moment) -> Delivery {
        self.catch_up(wall);
        if let Some(name) = request.path.strip_prefix("/__sim/") {
            let reply = self.control(name, request, wall);
            return Delivery {
                wait: Span::ZERO,
                ending: Ending::Reply(reply),
            };
        }
        self.number = self.number.saturating_add(1);
        let mut seen = Seen::new(self.number, wall, &request);
        let mut delivery = self.serve(&mut seen, request, wall);
        // A client that measures a token's life against the reply's date must see the clock that the bank goes by.
        // (When it goes right, the server sets the date itself.)
        let ahead = self.bank.purse.clock_ahead > Span::ZERO;
        let date = ahead.then(|| self.now(wall).http_date()).flatten();
        seen.status = match &mut delivery.ending {
            Ending::Reply(reply) | Ending::Drip(reply, _) => {
                reply.headers.extend(date.map(|date| ("date", date)));
                Some(reply.status)
            }
            Ending::Cut(_) | Ending::Closed | Ending::Reset => None,
        };
        self.log.note(seen);
        delivery
    }

    /// Does what was due before `wall`: first the late creates, which find their own time.
    pub(super) fn catch_up(&mut self, wall: Moment) {
        while let Some(at) = self.late.iter().position(|late| late.due <= wall) {
            let late = self.late.remove(at);
            let authorization = late.authorization.as_deref();
            let request = Request {
                method: "POST",
                path: &late.path,
                authorization,
                body: &late.body,
                ..Request::default()
            };
            let ask = Ask::new(Operation::Create, request);
            let answer = self.bank.answer(self.now(late.due), &ask);
            let seen = Seen::new(late.number, late.due, &request);
            let (id, effect) = (ask.id.clone(), answer.effect.word());
            self.log.note(Seen {
                operation: Some(Operation::Create),
                id,
                effect,
                fault: Some(Fault::Late),
                ..seen
            });
        }
    }

    fn serve(&mut self, seen: &mut Seen, request: Request<'_>, wall: Moment) -> Delivery {
        let Some(operation) = Operation::of(request.method, request.path) else {
            let refusal = Answer::refused(405, "Invalid request URL or HTTP method");
            return self.reply(&refusal, Bend::Straight);
        };
        seen.operation = Some(operation);
        let limit = match self.turn(operation, wall) {
            Ok(headers) => headers,
            Err(refusal) => return refusal,
        };
        let ask = Ask::new(operation, request);
        seen.id.clone_from(&ask.id);
        let seed = self.options.rules.seed;
        seen.fault = self
            .options
            .faults
            .decide(seed, self.number, operation, ask.id.as_deref());
        let answer = self.ask_bank(seen.fault, &ask, wall);
        seen.effect = answer
            .as_ref()
            .map_or(Effect::None, |answer| answer.effect)
            .word();
        let id = ask.id.as_deref().unwrap_or_default();
        let twisted = seen
            .fault
            .map(|fault| twist(fault, &self.options.faults, id));
        let mut delivery = self.deliver(answer, twisted);
        if !matches!(operation, Operation::Authorize) || self.options.latency_on_authorize {
            let latency = self.options.latency.pick(seed, self.number);
            delivery.wait = delivery.wait.plus(latency);
        }
        if let Ending::Reply(reply) = &mut delivery.ending {
            reply.headers.extend(limit);
        }
        delivery
    }

    /// Lets the bank answer, unless mischief strikes before it could.
    fn ask_bank(&mut self, fault: Option<Fault>, ask: &Ask<'_>, wall: Moment) -> Option<Answer> {
        match fault.map(Fault::phase) {
            None | Some(Phase::After) => Some(self.bank.answer(self.now(wall), ask)),
            Some(Phase::Later) => {
                if self.late.len() < LATE_MAX {
                    self.late.push(Late {
                        due: wall.plus_micros(self.options.faults.late_by.signed()),
                        number: self.number,
                        path: ask.request.path.to_owned(),
                        authorization: ask.request.authorization.map(str::to_owned),
                        body: ask.request.body.to_vec(),
                    });
                }
                None
            }
            Some(Phase::Before) => {
                if fault == Some(Fault::TokenDeath) {
                    let purse = self.bank.purse;
                    // Books that cannot be written leave the tokens alive; this request is refused all the same.
                    let _ = self.bank.write_purse(Purse {
                        tokens_from: purse.next_token,
                        ..purse
                    });
                }
                None
            }
        }
    }

    /// Takes a turn at the throttle: headers for the reply, or the refusal. A limiter stands before the application,
    /// so its refusal is HTTP 429 in every style.
    fn turn(
        &mut self,
        operation: Operation,
        wall: Moment,
    ) -> Result<Vec<(&'static str, String)>, Delivery> {
        let Some(throttle) = self
            .throttle
            .as_mut()
            .filter(|_| operation != Operation::Authorize)
        else {
            return Ok(Vec::new());
        };
        let limit = ("x-ratelimit-limit", throttle.limit().to_string());
        match throttle.turn(wall) {
            Turn::Admitted { left } => Ok(vec![limit, ("x-ratelimit-remaining", left.to_string())]),
            Turn::Refused { wait_s } => {
                let reply = Reply::answer(429, &too_many(), Bend::Straight, false)
                    .with("retry-after", wait_s.to_string())
                    .with(limit.0, limit.1)
                    .with("x-ratelimit-remaining", "0")
                    .with("x-ratelimit-reset", wait_s.to_string());
                Err(Delivery {
                    wait: Span::ZERO,
                    ending: Ending::Reply(reply),
                })
            }
        }
    }

    /// Makes a delivery of the bank's answer (none: it was never asked) and what befell it.
    fn deliver(&self, answer: Option<Answer>, twisted: Option<Twist>) -> Delivery {
        let at_once = |ending| Delivery {
            wait: Span::ZERO,
            ending,
        };
        let answer = answer.unwrap_or_else(|| Answer::refused(500, "internal error"));
        let reply = |answer: &Answer| self.plain(answer, Bend::Straight);
        match twisted {
            None => at_once(Ending::Reply(reply(&answer))),
            Some(Twist::Close(wait)) => Delivery {
                wait,
                ending: Ending::Closed,
            },
            Some(Twist::Reset) => at_once(Ending::Reset),
            Some(Twist::Cut) => at_once(Ending::Cut(reply(&answer))),
            Some(Twist::Delay(wait)) => Delivery {
                wait,
                ending: Ending::Reply(reply(&answer)),
            },
            Some(Twist::Drip(pause)) => at_once(Ending::Drip(reply(&answer), pause)),
            Some(Twist::Say(other)) => self.reply(&other, Bend::Straight),
            Some(Twist::Show(shown)) => at_once(Ending::Reply(shown)),
            Some(Twist::Half) => {
                let whole = reply(&answer);
                let keep = whole.body.len() / 2;
                at_once(shorten(whole, keep))
            }
            Some(Twist::Empty) => at_once(shorten(reply(&answer), 0)),
            Some(Twist::Bend(bend)) => self.reply(&answer, bend),
            Some(Twist::Word(word)) => self.reply(&reword(answer, word), Bend::Straight),
            Some(Twist::Conflict(conflict)) => self.reply(
                if answer.is_success() {
                    &conflict
                } else {
                    &answer
                },
                Bend::Straight,
            ),
        }
    }

    /// A delivery at once of an answer.
    fn reply(&self, answer: &Answer, bend: Bend) -> Delivery {
        Delivery {
            wait: Span::ZERO,
            ending: Ending::Reply(self.plain(answer, bend)),
        }
    }

    /// An answer in the configured style.
    fn plain(&self, answer: &Answer, bend: Bend) -> Reply {
        let status =
            self.options
                .error_style
                .status(answer.code, self.options.rules.seed, self.number);
        Reply::answer(status, answer, bend, self.options.symbols)
    }
}
