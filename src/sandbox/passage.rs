//! PURE. How a link passes from one standing to the next, and what that does to the account's money.
//!
//! Every change of a status, by chance, by a test or by the merchant, goes through [`Bank::pass`], which writes the
//! link and the purse as one change. Money is taken when a redemption begins, not when a link is created; a
//! redemption that does not find its money fails.

use super::bank::Bank;
use super::books::Broken;
use super::cashgram::{Cashgram, Purse, Script, Status, Step};
use super::notice::Notice;
use super::rules::BalanceRule;
use super::time::Moment;

/// Why a redemption failed that did not find its money.
const NO_MONEY: &str = "INSUFFICIENT_BALANCE";
/// Why a redemption failed at the bank.
const BANK_FAILED: &str = "TRANSFER_FAILED";
/// Why a link died of its recipient's attempts; one of the few published reasons.
const ATTEMPTS_EXCEEDED: &str = "TRANSFER_ATTEMPTS_EXCEEDED";

/// What a passage does.
struct Passage {
    to: Status,
    reason: Option<&'static str>,
    purse: Purse,
}

impl Bank {
    /// Takes every step that is due, in the order of their times: money is short or not for whoever comes first.
    pub fn settle(&mut self, now: Moment) -> Result<(), Broken> {
        while let Some(mut cashgram) = self.books.due(now)? {
            if cashgram.script.0.is_empty() {
                return Err(Broken(format!("{} is due without a step", cashgram.id)));
            }
            let step = cashgram.script.0.remove(0);
            self.pass(cashgram, step)?;
        }
        Ok(())
    }

    /// Takes one step, if there is a way from where the link stands; else only writes its shortened script.
    pub(super) fn pass(&mut self, mut cashgram: Cashgram, step: Step) -> Result<(), Broken> {
        let passage = self.passage(&cashgram, step);
        let passed = passage.is_some();
        let purse = match passage {
            None => self.purse,
            Some(passage) => {
                if passage.to != step.to {
                    cashgram.script = Script::default();
                }
                cashgram.status = passage.to;
                cashgram.reason = passage.reason.map(str::to_owned).or(cashgram.reason);
                cashgram.changed = step.at;
                passage.purse
            }
        };
        self.books.change(&cashgram, &purse)?;
        self.purse = purse;
        if passed && let Some(notices) = &mut self.notices {
            notices.extend(Notice::of(&cashgram));
        }
        Ok(())
    }

    /// The table of ways.
    fn passage(&self, cashgram: &Cashgram, Step { at, to }: Step) -> Option<Passage> {
        let amount = cashgram.amount;
        let by_date = at >= Moment::end_of_india_day(cashgram.expiry_day);
        let holding =
            self.rules.balance_rule == BalanceRule::Hold && cashgram.status == Status::Active;
        let freed = if holding { amount } else { 0 };
        let purse = Purse {
            held: self.purse.held.saturating_sub(freed),
            ..self.purse
        };
        let affordable = amount <= purse.available();
        let way = |to, reason, purse| Some(Passage { to, reason, purse });
        let balance = |change: i64| purse.balance.saturating_add(change);
        let pending = |change: i64| purse.pending.saturating_add(change);
        match (cashgram.status, to) {
            (Status::Active, Status::Pending | Status::Redeemed) if !affordable => {
                way(Status::Failed, Some(NO_MONEY), purse)
            }
            (Status::Active, Status::Pending) => way(
                to,
                None,
                Purse {
                    pending: pending(amount),
                    ..purse
                },
            ),
            (Status::Active, Status::Redeemed) => way(
                to,
                None,
                Purse {
                    balance: balance(-amount),
                    ..purse
                },
            ),
            (Status::Active, Status::Failed) => way(to, Some(BANK_FAILED), purse),
            // No reason is published for a plain date; none is given.
            (Status::Active, Status::Expired) => {
                way(to, (!by_date).then_some(ATTEMPTS_EXCEEDED), purse)
            }
            (Status::Active, Status::Deactivated) => way(to, None, purse),
            (Status::Pending, Status::Redeemed) => way(
                to,
                None,
                Purse {
                    balance: balance(-amount),
                    pending: pending(-amount),
                    ..purse
                },
            ),
            (Status::Pending, Status::Failed) => way(
                to,
                Some(BANK_FAILED),
                Purse {
                    pending: pending(-amount),
                    ..purse
                },
            ),
            (Status::Redeemed, Status::Reversed) => way(
                to,
                None,
                Purse {
                    balance: balance(amount),
                    ..purse
                },
            ),
            _ => None,
        }
    }
}
