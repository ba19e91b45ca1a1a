//! What the user asks of a payout, and what the gateway says of its life: cancelled, proven dead, replaced.
//!
//! ```text
//! ready, rejected ──Cancelling──► cancelled                       nothing exists
//! unknown ──Cancelling──► unknown, never sent again: looked up; found ─► created; proven never made ─► cancelled
//! created ──Cancelling──► created ──Deactivated, or found dead──► cancelled        it was us
//!                            └──found paid──► created, the wish is gone
//! unknown, created ──Resumed──► as they were before they were to be stopped
//! cancelled, never made ──Resumed──► ready under its own id, or unknown if it is frozen
//! cancelled ──found alive or paid──► created                      evidence wins
//! created ──dead, and dead again (ProvenDead)──Replaced─┐
//! cancelled, seen dead ────────────────────────Replaced─┴► another payout, of the next generation, starts as ready
//! known from a lost checkpoint alone, MadeBefore ─► created or cancelled, as it stood there
//! ```
//!
//! Deliberately absent: how long lies between the two looks, which is the engine's to keep, and which rows take part.

use super::{Life, Standing, State};

impl Standing {
    /// Whether the next generation may take its place.
    pub fn may_be_replaced(&self) -> bool {
        let history = self.history;
        let gone = match self.state {
            State::Created => history.proven_dead,
            State::Cancelled => history.exists && history.dead,
            State::Invalid | State::Ready | State::Unknown | State::Rejected | State::Conflict => {
                false
            }
        };
        gone && !history.replaced
    }

    /// Whether it was stopped before anything of it was made. Paid after all, it keeps its id: there is nothing to replace,
    /// and a second id beside one that may still come to be would be a second payment.
    pub fn was_never_made(&self) -> bool {
        self.state == State::Cancelled && !self.history.exists && !self.history.replaced
    }

    /// The user wants it stopped, by name or with the whole batch. What exists, or may, keeps its state until the gateway
    /// has spoken.
    pub(super) fn cancelling(mut self, closing: bool) -> Option<Standing> {
        let may = match self.state {
            State::Ready | State::Rejected | State::Unknown | State::Created => true,
            State::Invalid | State::Conflict | State::Cancelled => false,
        };
        let replaced = self.history.replaced;
        let named = self.history.cancelling && !self.history.closing;
        self.history.closing = closing && !named;
        self.history.cancelling = true;
        (may && !replaced).then_some(self)
    }

    /// Stops what was to be stopped as soon as nothing can exist. What a 429 froze is looked up like any other doubt.
    pub(super) fn wish_fulfilled(self) -> Standing {
        let open = match self.state {
            State::Ready | State::Rejected => true,
            State::Unknown => !self.history.exists,
            State::Invalid | State::Created | State::Conflict | State::Cancelled => false,
        };
        if !self.history.cancelling || !open {
            return self;
        }
        if self.is_frozen() {
            return self.to(State::Unknown);
        }
        self.without_wish().to(State::Cancelled)
    }

    fn without_wish(mut self) -> Standing {
        self.history.cancelling = false;
        self.history.closing = false;
        self
    }

    pub(super) fn deactivated(self) -> Option<Standing> {
        let asked = self.state == State::Created && self.history.cancelling;
        asked.then(|| self.without_wish().to(State::Cancelled))
    }

    pub(super) fn resumed(mut self) -> Option<Standing> {
        if self.was_never_made() {
            self.history.resumed = true;
            let state = match self.is_frozen() {
                true => State::Unknown,
                false => State::Ready,
            };
            return Some(self.to(state));
        }
        if !self.history.cancelling {
            return None;
        }
        // What no attempt may have made was ready, and frozen by a 429.
        let open = self.in_doubt() || self.history.refused || self.history.exists;
        match self.state {
            State::Unknown if !open => Some(self.without_wish().to(State::Ready)),
            State::Unknown | State::Created => Some(self.without_wish()),
            State::Invalid
            | State::Ready
            | State::Rejected
            | State::Conflict
            | State::Cancelled => None,
        }
    }

    pub(super) fn proven_dead(mut self) -> Option<Standing> {
        let dead = self.state == State::Created && self.history.dead;
        self.history.proven_dead = true;
        dead.then_some(self)
    }

    pub(super) fn replaced(mut self) -> Option<Standing> {
        // What was never made was replaced by earlier versions.
        let may = self.may_be_replaced() || self.was_never_made();
        self.history.replaced = true;
        may.then_some(self)
    }

    /// As it stood with a lost checkpoint. Nothing of it was sent from here, and nobody adopts it.
    pub(super) fn made_before(self, stopped: bool, replaced: bool, life: Life) -> Standing {
        let state = match stopped {
            true => State::Cancelled,
            false => State::Created,
        };
        let mut made = self.exists().to(state);
        made.history.replaced = replaced;
        made.history.dead = life == Life::Dead;
        made
    }

    pub(super) fn adopted(mut self) -> Standing {
        self.history.adopted = true;
        self.to(State::Created)
    }

    pub(super) fn swept(self, life: Life) -> Option<Standing> {
        match self.state {
            State::Created | State::Conflict => Some(self.told(life)),
            State::Cancelled if self.history.exists => Some(self.told(life)),
            State::Cancelled | State::Invalid | State::Ready | State::Unknown | State::Rejected => {
                None
            }
        }
    }

    /// What a status means for a Cashgram that exists.
    pub(super) fn told(mut self, life: Life) -> Standing {
        let wished = self.history.cancelling;
        self.history.dead = life == Life::Dead;
        self.history.proven_dead &= self.history.dead;
        self.history.lost = false;
        match (life, self.state) {
            (Life::Dead, State::Created) if wished => self.without_wish().to(State::Cancelled),
            (Life::Paid, State::Created) => self.without_wish(),
            (Life::Paid | Life::Moving, State::Cancelled) => self.to(State::Created),
            (Life::Dead | Life::Paid | Life::Moving | Life::Unsaid, _) => self,
        }
    }
}
