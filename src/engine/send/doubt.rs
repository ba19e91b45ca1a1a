//! What an answer about a payout in doubt means for it. A 404 never decides alone.

use super::*;

impl<G: Gateway> Run<G> {
    pub(super) fn ask_landed(&mut self, mut work: Work, end: LookUpEnd) {
        self.asking -= 1;
        let from = work.row.standing.state;
        if let Some(standing) = end.standing {
            work.row.standing = standing;
            self.tell_moved(&work.row, from, None);
        }
        // A doubt that an earlier run left is no failure of this one, and takes several look-ups to resolve.
        let answered = matches!(end.look_up, LookUp::Found(_) | LookUp::Missing);
        if answered && work.budgeted && work.tried == 0 {
            self.line.budget.give_back();
        }
        match end.look_up {
            LookUp::Found(_) => {
                self.note_ask(Sign::Answered, "");
                if from != State::Created && work.row.standing.state == State::Created {
                    self.succeeded();
                }
            }
            LookUp::Missing => {
                self.note_ask(Sign::Answered, "");
                self.missing(work, end.asked);
            }
            LookUp::Throttled { wait } => {
                let wait =
                    wait.unwrap_or_else(|| retry::throttle_wait(self.throttled, &mut self.rng));
                self.throttle(wait);
                self.desk.put_back(work);
            }
            LookUp::StopRun(stop) => self.halt(Halt::Stopped(stop)),
            LookUp::TokenRefused => self.ask_again(
                work,
                Sign::Failed,
                "the gateway refused the session's token",
            ),
            LookUp::NoAnswer { why, sent } => {
                self.ask_again(
                    work,
                    if sent {
                        Sign::Failed
                    } else {
                        Sign::Unreachable
                    },
                    &why,
                );
            }
        }
    }

    /// A 404. Alone it changes nothing; long enough after we stopped waiting it allows the same create again.
    fn missing(&mut self, mut work: Work, asked: Instant) {
        work.asked += 1;
        let state = work.row.standing.state;
        let history = work.row.standing.history;
        let settled = asked >= work.since + self.limits.settle;
        if history.cancelling {
            // It is to be stopped: it is asked about once a run, and never sent again.
            return self.done(&mut work);
        }
        if state == State::Unknown && settled && !history.exists {
            if work.tried >= self.limits.max_attempts {
                return self.leave(work);
            }
            work.task = Task::Create;
            if planted::is(Mistake::NewIdAfterMissing) {
                work.row = under_another_id(work.row);
            }
            return self.desk.put_back(work);
        }
        let again = match state {
            State::Unknown => work.asked < LOOK_UPS_MAX,
            State::Conflict => work.asked < CONFLICT_LOOK_UPS_MAX,
            State::Ready | State::Created | State::Rejected | State::Invalid | State::Cancelled => {
                false
            }
        };
        if again {
            self.ask_later(work);
        }
    }

    pub(super) fn ask_later(&mut self, mut work: Work) {
        if self.outcome.halt.is_some() {
            return;
        }
        work.task = Task::Ask;
        let at = work.since + retry::look_up_after(self.limits.settle, work.asked);
        let wait = at.saturating_duration_since(Instant::now());
        self.tell_undecided(
            &work,
            Some("in doubt: its id will be looked up".to_owned()),
            wait,
        );
        self.desk.put_off(work, at);
    }

    fn ask_again(&mut self, mut work: Work, sign: Sign, why: &str) {
        self.note_ask(sign, why);
        if sign != Sign::Unreachable {
            work.unanswered += 1;
        }
        if self.outcome.halt.is_some() || work.unanswered > LOOK_UPS_MAX {
            return;
        }
        let wait = retry::backoff(work.unanswered, &mut self.rng).min(self.limits.give_up_after);
        self.desk.put_off(work, Instant::now() + wait);
    }
}
