//! What a run takes note of and says: breakers, pauses, halts, events.

use super::*;

/// A shorter wait for the next look-up is not worth a word.
const SETTLING_TOLD_FROM: Duration = Duration::from_secs(1);

impl<G: Gateway> Run<G> {
    pub(super) fn note_create(&mut self, finding: &Finding) {
        let now = Instant::now();
        if let Finding::InDoubt {
            stop: Some(stop), ..
        }
        | Finding::StopRun(stop) = finding
        {
            self.halt(Halt::Stopped(stop.clone()));
        }
        let sign = self.sign_of(finding);
        if let Sign::Throttled(wait) = sign {
            return self.throttle(wait);
        }
        if sign == Sign::Answered {
            self.throttled = 0;
        } else {
            self.last_failure = note_of(finding).unwrap_or_default();
        }
        let tripped = self.creates.note(sign, now, &mut self.rng);
        self.give_up_if_hopeless(self.creates.failing_for(now));
        if let Some(wait) = tripped {
            self.tell_out_of_reach(wait);
        } else if sign == Sign::Answered && matches!(finding, Finding::Created(_)) {
            self.asks.note(Sign::Answered, now, &mut self.rng);
        }
    }

    pub(super) fn note_ask(&mut self, sign: Sign, why: &str) {
        let now = Instant::now();
        if !why.is_empty() {
            why.clone_into(&mut self.last_failure);
        }
        if let Sign::Throttled(wait) = sign {
            return self.throttle(wait);
        }
        let tripped = self.asks.note(sign, now, &mut self.rng);
        self.give_up_if_hopeless(self.asks.failing_for(now));
        if let Some(wait) = tripped {
            self.tell_out_of_reach(wait);
        }
    }

    /// Everyone waits, whatever they were about to send.
    pub(super) fn throttle(&mut self, wait: Duration) {
        let now = Instant::now();
        self.throttled += 1;
        self.line.pace.pause_until(now + wait);
        let paused = self.creates.note(Sign::Throttled(wait), now, &mut self.rng);
        let also = self.asks.note(Sign::Throttled(wait), now, &mut self.rng);
        "the gateway asked to wait".clone_into(&mut self.last_failure);
        if paused.or(also).is_some() {
            self.tell_paused(Pause::Throttled, wait);
        }
    }

    pub(super) fn give_up_if_out_of_reach(&mut self, now: Instant) {
        let patience = self.limits.give_up_after;
        let hopeless =
            |task, breaker: &Breaker| self.desk.has(task) && breaker.is_hopeless(now, patience);
        if hopeless(Task::Create, &self.creates) || hopeless(Task::Ask, &self.asks) {
            self.out_of_reach();
        }
    }

    /// After a failure: nothing has succeeded for as long as patience lasts.
    pub(super) fn give_up_if_hopeless(&mut self, failing_for: Duration) {
        if failing_for >= self.limits.give_up_after {
            self.out_of_reach();
        }
    }

    fn out_of_reach(&mut self) {
        self.halt(Halt::OutOfReach {
            why: self.last_failure.clone(),
        });
    }

    /// Nothing more leaves. The first reason counts.
    pub(super) fn halt(&mut self, halt: Halt) {
        if self.outcome.halt.is_some() {
            return;
        }
        let (why, remedy) = halt.words();
        let event = match halt {
            Halt::Interrupted => Event::Interrupted {
                in_flight: u64::try_from(self.on_the_way.len()).unwrap_or(0),
            },
            Halt::Stopped(_)
            | Halt::OutOfReach { .. }
            | Halt::EqualRefusals { .. }
            | Halt::NotRecorded { .. } => Event::Stopping { why, remedy },
        };
        self.stop.send_replace(true);
        self.outcome.halt = Some(halt);
        self.tell(&event);
    }

    pub(super) fn interrupted(&mut self) {
        self.halt(Halt::Interrupted);
    }

    pub(super) fn tell(&self, event: &Event) {
        (self.line.events)(event);
    }

    pub(super) fn tell_moved(&self, row: &OpenRow, from: State, note: Option<String>) {
        let to = row.standing.state;
        if from != to {
            self.tell(&Event::Moved {
                row: row.row,
                id: row.cashgram_id.clone(),
                amount: row.amount,
                from,
                to,
                note,
            });
        }
    }

    pub(super) fn tell_undecided(&self, work: &Work, why: Option<String>, wait: Duration) {
        self.tell(&Event::Undecided {
            row: work.row.row,
            id: work.row.cashgram_id.clone(),
            attempt: work.row.standing.attempts,
            why: why.unwrap_or_default(),
            wait,
        });
    }

    pub(super) fn tell_out_of_reach(&mut self, wait: Duration) {
        let why = self.last_failure.clone();
        self.tell_paused(Pause::OutOfReach { why }, wait);
    }

    /// Says that all that is left is waiting, unless the wait is too short to be noticed: many doubts that fall due one
    /// after the other would flood a log.
    pub(super) fn tell_settling(&mut self, now: Instant) {
        let Some(due) = self.desk.next_due() else {
            return;
        };
        let (wait, payouts) = (due.saturating_duration_since(now), self.desk.in_doubt());
        if self.settling || wait < SETTLING_TOLD_FROM || payouts == 0 {
            return;
        }
        self.settling = true;
        self.tell_paused(Pause::Settling { payouts }, wait);
    }

    fn tell_paused(&mut self, pause: Pause, wait: Duration) {
        self.paused = true;
        self.tell(&Event::Paused { pause, wait });
    }

    pub(super) fn tell_resumed(&mut self) {
        if std::mem::take(&mut self.paused) {
            self.tell(&Event::Resumed);
        }
    }
}

/// What of a finding is worth saying.
pub(super) fn note_of(finding: &Finding) -> Option<String> {
    match finding {
        Finding::Created(_) => None,
        Finding::Duplicate => Some("the id exists at the gateway already".to_owned()),
        Finding::Rejected(refusal) => Some(refusal.message.clone()),
        Finding::NotSent { why } | Finding::InDoubt { why, .. } => Some(why.clone()),
        Finding::Throttled { .. } => Some("the gateway asked to wait".to_owned()),
        Finding::TokenRefused => Some("the gateway refused the session's token".to_owned()),
        Finding::StopRun(stop) => Some(stop.message.clone()),
    }
}
