//! Where a payout stands, and what may follow what.
//!
//! [`Standing::after`] is the one transition function: live work, replay and verification all go through it, so a
//! damaged or forged history is found by the rules that wrote it. There is deliberately no way to set a state, no
//! way from `created` to `Sending` within a generation, and none from `unknown` to another id: a generation is
//! followed by another one only once it is proven dead or cancelled (`wish`).

use std::fmt;

use super::finding::StatusClass;
use super::planted::{self, Mistake};

mod history;
mod wish;

pub use history::History;

/// Where a payout stands with us. The words are the users' (`product.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// The row has faults and was skipped.
    Invalid,
    /// Valid, not sent, or certainly not created by what was sent.
    Ready,
    /// Sent, but no certain answer yet: it may exist at the gateway.
    Unknown,
    /// Confirmed by the gateway.
    Created,
    /// Certainly refused: nothing exists.
    Rejected,
    /// The id exists at the gateway, but not from this checkpoint's own attempts.
    Conflict,
    /// Stopped by us.
    Cancelled,
}

impl State {
    /// All states, in the order in which they are shown.
    pub const ALL: [State; 7] = [
        State::Invalid,
        State::Ready,
        State::Unknown,
        State::Created,
        State::Rejected,
        State::Conflict,
        State::Cancelled,
    ];

    /// The users' word.
    pub fn word(self) -> &'static str {
        match self {
            State::Invalid => "invalid",
            State::Ready => "ready",
            State::Unknown => "unknown",
            State::Created => "created",
            State::Rejected => "rejected",
            State::Conflict => "conflict",
            State::Cancelled => "cancelled",
        }
    }

    /// The state of that word.
    pub fn from_word(word: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.word() == word)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// A digest of what an attempt would pay: phone, amount and expiry. Two attempts with equal terms are one payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Terms(pub u64);

/// One thing that happened to a payout. What it carried (reference, message ...) is recorded beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A create request is about to leave. Durable before its first byte does.
    Sending {
        /// 1 for the first; counts every create of this generation.
        attempt: u32,
        /// What it would pay.
        terms: Terms,
    },
    /// What the reply to that request proved.
    Found(Found),
    /// What a look-up of the id said.
    LookedUp(Seen),
    /// The user said that a conflicting Cashgram is this payout's own (`send --adopt`).
    Adopted,
    /// A rejected or invalid row was mended in the sheet, or is to be tried again as it is.
    Mended,
    /// A checkpoint that was lost had it refused, and it is not there.
    RefusedBefore,
    /// A checkpoint that was lost had made it, and no row of the sheet goes on with it.
    MadeBefore {
        /// Whether it had been cancelled.
        stopped: bool,
        /// Whether another generation had taken its place.
        replaced: bool,
        /// Where its link stood, as far as is told.
        life: Life,
    },
    /// A row of which certainly nothing exists has faults in the sheet now.
    Spoiled,
    /// The status of a created Cashgram was read.
    Swept(Life),
    /// The user wants it stopped, and named it. Durable before the gateway is asked.
    Cancelling,
    /// The user wants it stopped with the whole batch. In older files that is [`Fact::Cancelling`].
    Closing,
    /// The gateway did what was asked: the link is dead, and it was us.
    Deactivated,
    /// The wish to stop it was taken back.
    Resumed,
    /// A second look, long enough after the first, found the link dead as well.
    ProvenDead,
    /// The next generation has taken its place.
    Replaced,
}

/// [`super::Finding`] without what it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Confirmed.
    Created,
    /// The id exists already.
    Duplicate,
    /// The data was refused.
    Rejected,
    /// No byte left.
    NotSent,
    /// Not processed: too many requests.
    Throttled,
    /// Not processed: the token was refused.
    TokenRefused,
    /// Not processed: the account or the address is wrong.
    Stopped,
    /// It may exist.
    InDoubt,
}

/// What a look-up said of an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It exists, and its link stands so.
    Present(Life),
    /// The gateway knows no such id, so far.
    Missing,
}

/// What a status says of a link's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// It may still be paid out.
    Moving,
    /// It was paid out.
    Paid,
    /// Nothing can be paid out through it any more.
    Dead,
    /// A word that we do not know.
    Unsaid,
}

impl From<StatusClass> for Life {
    fn from(class: StatusClass) -> Life {
        match class {
            StatusClass::Active | StatusClass::Pending => Life::Moving,
            StatusClass::Redeemed => Life::Paid,
            StatusClass::Expired | StatusClass::Failed | StatusClass::Reversed => Life::Dead,
            StatusClass::Other => Life::Unsaid,
        }
    }
}

/// Where one payout stands: the fold of its facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The state that users see.
    pub state: State,
    /// Create requests of this generation so far.
    pub attempts: u32,
    /// Terms of the newest attempt.
    pub terms: Option<Terms>,
    /// What the attempts have left behind.
    pub history: History,
}

/// A fact that cannot follow: the record is damaged, or the program has a bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IllegalFact {
    /// Where the payout stood.
    pub at: Standing,
    /// What was said to have happened.
    pub fact: Fact,
}

impl fmt::Display for IllegalFact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} cannot follow {:?}", self.fact, self.at)
    }
}

impl std::error::Error for IllegalFact {}

impl Standing {
    /// A payout of which nothing was ever sent.
    pub fn fresh(state: State) -> Standing {
        Standing {
            state,
            attempts: 0,
            terms: None,
            history: History::default(),
        }
    }

    /// Whether anything of it was ever sent, or found at the gateway.
    pub fn has_history(&self) -> bool {
        self.attempts > 0 || self.state == State::Conflict
    }

    /// Whether its Cashgram may exist without our having its confirmation.
    pub fn in_doubt(&self) -> bool {
        self.history.doubt || self.history.in_flight
    }

    /// Whether the body of its first send must be sent again as it was, whatever the sheet says now.
    pub fn is_frozen(&self) -> bool {
        self.in_doubt() || self.history.throttled || self.history.refused
    }

    /// Where the payout stands after `fact`.
    ///
    /// # Errors
    ///
    /// [`IllegalFact`] if `fact` cannot follow; nothing has changed then.
    pub fn after(self, fact: Fact) -> Result<Standing, IllegalFact> {
        let next = match fact {
            Fact::Sending { attempt, terms } => self.sending(attempt, terms),
            Fact::Found(found) if self.history.in_flight => Some(self.found(found)),
            Fact::Found(_) => None,
            Fact::LookedUp(Seen::Present(life)) => self.present(life),
            Fact::LookedUp(Seen::Missing) => self.missing(),
            Fact::Adopted => (self.state == State::Conflict).then(|| self.adopted()),
            Fact::Mended => {
                let may = matches!(self.state, State::Rejected | State::Invalid);
                may.then(|| self.to(State::Ready))
            }
            Fact::RefusedBefore => {
                (self == Standing::fresh(State::Ready)).then(|| self.refused_before())
            }
            Fact::MadeBefore {
                stopped,
                replaced,
                life,
            } => (self == Standing::fresh(State::Ready))
                .then(|| self.made_before(stopped, replaced, life)),
            Fact::Spoiled => {
                let nothing_exists = matches!(self.state, State::Ready | State::Rejected);
                (nothing_exists && !self.is_frozen()).then(|| self.to(State::Invalid))
            }
            Fact::Swept(life) => self.swept(life),
            Fact::Cancelling => self.cancelling(false),
            Fact::Closing => self.cancelling(true),
            Fact::Deactivated => self.deactivated(),
            Fact::Resumed => self.resumed(),
            Fact::ProvenDead => self.proven_dead(),
            Fact::Replaced => self.replaced(),
        };
        next.map(Standing::wish_fulfilled)
            .ok_or(IllegalFact { at: self, fact })
    }

    fn refused_before(mut self) -> Standing {
        self.history.resumed = true;
        self.to(State::Rejected)
    }

    fn to(self, state: State) -> Standing {
        Standing { state, ..self }
    }

    fn sending(self, attempt: u32, terms: Terms) -> Option<Standing> {
        let may_send = matches!(self.state, State::Ready | State::Unknown);
        let in_turn = attempt == self.attempts.checked_add(1)?;
        let same = self.terms.is_none_or(|sent| sent == terms);
        let stopped = self.history.cancelling || self.history.replaced;
        if stopped || !may_send || !in_turn || (self.is_frozen() && !same) {
            return None;
        }
        let history = self.history;
        // A request left in flight by a run that died may have been acted on.
        let reached = history.reached || history.in_flight;
        Some(Standing {
            state: State::Unknown,
            attempts: attempt,
            terms: Some(terms),
            history: History {
                in_flight: true,
                doubt: self.in_doubt(),
                reached,
                reached_before: reached,
                mixed: history.mixed || (reached && !same),
                ..history
            },
        })
    }

    fn found(self, found: Found) -> Standing {
        let before = self.history;
        let reached = match found {
            Found::NotSent | Found::TokenRefused | Found::Stopped => before.reached_before,
            Found::Created
            | Found::Duplicate
            | Found::Rejected
            | Found::Throttled
            | Found::InDoubt => true,
        };
        let landed = Standing {
            history: History {
                in_flight: false,
                reached,
                ..before
            },
            ..self
        };
        match found {
            Found::Created => landed.exists().to(State::Created),
            Found::Duplicate if planted::is(Mistake::DuplicateIsFailure) => {
                landed.to(State::Rejected)
            }
            Found::Duplicate => landed.duplicate(),
            Found::Rejected => landed.rejected(),
            Found::NotSent | Found::TokenRefused | Found::Stopped => landed.not_created(),
            Found::Throttled => {
                let mut throttled = landed;
                throttled.history.throttled = true;
                throttled.not_created()
            }
            Found::InDoubt => {
                let mut doubted = landed;
                doubted.history.doubt = true;
                doubted.to(State::Unknown)
            }
        }
    }

    fn exists(mut self) -> Standing {
        self.history.exists = true;
        self
    }

    /// The id exists. It is our own only if an earlier attempt of ours, with the same terms, may have made it.
    fn duplicate(self) -> Standing {
        let own = self.history.reached_before && !self.history.mixed;
        let mut known = self.exists();
        known.history.doubt = true;
        known.to(if own { State::Unknown } else { State::Conflict })
    }

    /// Limits change between attempts: "refused now" does not prove "refused then".
    fn rejected(mut self) -> Standing {
        if self.history.doubt && !planted::is(Mistake::RejectedAfterDoubt) {
            return self.to(State::Unknown);
        }
        if self.history.throttled {
            self.history.refused = true;
            return self.to(State::Unknown);
        }
        self.to(State::Rejected)
    }

    fn not_created(self) -> Standing {
        let open = self.history.doubt || self.history.refused;
        self.to(if open { State::Unknown } else { State::Ready })
    }

    fn present(self, life: Life) -> Option<Standing> {
        let history = self.history;
        let own = (history.reached || history.in_flight) && !history.mixed;
        let seen = self.landed_by_look_up().exists();
        let state = match self.state {
            State::Created | State::Conflict => self.state,
            // It was refused to a checkpoint that was lost; nothing was sent from here.
            State::Rejected if self.attempts == 0 => State::Conflict,
            // Whatever was refused for certain did not make it: the newest terms did.
            State::Unknown | State::Rejected => State::Created,
            State::Cancelled if history.exists || own => State::Cancelled,
            State::Ready if own => State::Created,
            State::Ready | State::Cancelled => State::Conflict,
            State::Invalid => return None,
        };
        Some(seen.to(state).told(life))
    }

    /// A 404 alone settles a 429, never a doubt; and it takes back that a link is dead, since whoever does not know the
    /// link has not said so. A link that was confirmed and is not known any more is a person's affair.
    fn missing(self) -> Option<Standing> {
        let mut seen = self.landed_by_look_up();
        seen.history.throttled = false;
        seen.history.dead = false;
        seen.history.proven_dead = false;
        seen.history.lost = seen.is_made();
        match self.state {
            State::Unknown if planted::is(Mistake::MissingIsProof) => {
                Some(seen.to(State::Rejected))
            }
            State::Created if planted::is(Mistake::CreatedForgotten) => {
                Some(seen.to(State::Unknown))
            }
            State::Unknown if seen.history.refused && !seen.history.doubt => {
                seen.history.refused = false;
                Some(seen.to(State::Rejected))
            }
            State::Ready | State::Unknown | State::Created | State::Conflict | State::Cancelled => {
                Some(seen)
            }
            State::Rejected => Some(self),
            State::Invalid => None,
        }
    }

    /// Whether the gateway has confirmed a Cashgram that is ours.
    fn is_made(&self) -> bool {
        match self.state {
            State::Created => true,
            State::Cancelled => self.history.exists,
            State::Invalid | State::Ready | State::Unknown | State::Rejected | State::Conflict => {
                false
            }
        }
    }

    /// Looking up a payout that a dead run left in flight is how its doubt is first written down.
    fn landed_by_look_up(mut self) -> Standing {
        if self.history.in_flight {
            self.history.in_flight = false;
            self.history.doubt = true;
            self.history.reached = true;
        }
        self
    }
}

#[cfg(test)]
mod tests;
