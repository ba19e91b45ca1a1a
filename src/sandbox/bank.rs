//! PURE. The gateway's rules: who may ask, what is refused with which words, what a request does to the books.
//!
//! Checks come in this order: Authorization present (412), token valid (403), JSON body (412), field rules (422),
//! duplicate id (409), balance (412); route and throttle (405, 429) come before and are the desk's. Whether the real
//! gateway looks at fields or at duplicates first is not known; nothing may depend on it.
//!
//! Time is an argument, and the books are a trait. Deliberately absent: HTTP, styles of refusal, and mischief.

use super::answer::{Answer, Data, Effect};
use super::ask::{Ask, Operation, query_value};
use super::books::{Books, Broken, Opened};
use super::cashgram::{Cashgram, Purse, Script, Status, Step};
use super::chance;
use super::fields::{self, Order};
use super::money;
use super::notice::Notice;
use super::rules::{BalanceRule, Rules, StatusShape};
use super::time::Moment;
use super::token::Token;

/// The first reference given out: of the size of the published samples.
const FIRST_REFERENCE: i64 = 7_300_001;
/// The one fund source there is.
pub const FUND_SOURCE: &str = "SANDBOX_WALLET";

/// The bank: rules, books, and the purse as last written.
pub struct Bank {
    pub(super) rules: Rules,
    pub(super) books: Box<dyn Books>,
    pub(super) purse: Purse,
    next_reference: i64,
    /// Events caused and not yet taken; none: nobody listens.
    pub(super) notices: Option<Vec<Notice>>,
}

impl Bank {
    /// A bank over `books`; a fresh purse gets the opening balance.
    pub fn open(rules: Rules, mut books: Box<dyn Books>) -> Result<Self, Broken> {
        let fresh = Purse {
            balance: rules.opening_balance,
            ..Purse::default()
        };
        let purse = books.purse()?.unwrap_or(fresh);
        let last = books.last_reference()?;
        let next_reference = last.map_or(FIRST_REFERENCE, |last| last.saturating_add(1));
        Ok(Self {
            rules,
            books,
            purse,
            next_reference,
            notices: None,
        })
    }

    /// Answers one request; `now` is the bank's own time.
    pub fn answer(&mut self, now: Moment, ask: &Ask<'_>) -> Answer {
        let answered = self.settle(now).and_then(|()| match ask.operation {
            Operation::Authorize => self.authorize(now, ask),
            Operation::VerifyToken => Ok(self.verify(now, ask)),
            Operation::Create | Operation::Status | Operation::Deactivate => {
                self.about_cashgram(now, ask)
            }
            Operation::Balance | Operation::BalanceOfFund => Ok(self.balance(now, ask)),
        });
        answered.unwrap_or_else(|broken| Answer::named(500, "internal_error", broken.to_string()))
    }

    fn authorize(&mut self, now: Moment, ask: &Ask<'_>) -> Result<Answer, Broken> {
        let rules = &self.rules;
        let same = |given: Option<&str>, known: &str| given == Some(known);
        let known = same(ask.request.client_id, &rules.client_id)
            && same(ask.request.client_secret, &rules.client_secret);
        if !known {
            return Ok(Answer::refused(
                401,
                "Invalid clientId and clientSecret combination",
            ));
        }
        // The caller signs with its own clock, which no control endpoint has moved.
        let callers_now = now.plus_micros(-self.purse.clock_ahead.signed());
        if let Some(key) = &rules.signature {
            match ask.request.signature {
                None => return Ok(Answer::refused(412, "Signature missing in the request")),
                Some(given) if !key.accepts(given, &rules.client_id, callers_now) => {
                    return Ok(Answer::refused(403, "Invalid signature provided"));
                }
                Some(_) => {}
            }
        }
        let number = self.purse.next_token;
        let purse = Purse {
            next_token: number.saturating_add(1),
            ..self.purse
        };
        self.write_purse(purse)?;
        let expiry = now.plus_micros(self.rules.token_life.signed()).seconds();
        let token = Token { number, expiry }.text(&self.rules.client_secret);
        Ok(Answer::done(
            "Token generated",
            Some(Data::Token { token, expiry }),
            Effect::Token,
        ))
    }

    /// The documents give one answer for an absent, a wrong and an expired token here.
    fn verify(&self, now: Moment, ask: &Ask<'_>) -> Answer {
        match self.admit(now, ask) {
            Ok(()) => Answer::done("Token is valid", None, Effect::None),
            Err(_) => token_refused(),
        }
    }

    /// Whether the request carries a living token.
    fn admit(&self, now: Moment, ask: &Ask<'_>) -> Result<(), Answer> {
        let given = ask.request.authorization.map(str::trim).unwrap_or_default();
        let (scheme, token) = given.split_once(' ').unwrap_or((given, ""));
        if token.is_empty() || !scheme.eq_ignore_ascii_case("bearer") {
            return Err(Answer::refused(412, "Token missing in the request"));
        }
        let token = Token::read(token.trim(), &self.rules.client_secret);
        let lives = token.is_some_and(|token| token.lives(now, self.purse.tokens_from));
        if lives { Ok(()) } else { Err(token_refused()) }
    }

    fn about_cashgram(&mut self, now: Moment, ask: &Ask<'_>) -> Result<Answer, Broken> {
        if let Err(refusal) = self.admit(now, ask) {
            return Ok(refusal);
        }
        let bodyless = ask.operation == Operation::Status;
        if ask.fields.is_none() && !bodyless {
            return Ok(Answer::refused(
                412,
                "Post data is empty or not a valid JSON",
            ));
        }
        if ask.operation == Operation::Create {
            let fields = ask.fields.as_ref();
            return match fields.map(|fields| fields::check(fields, self.rules.limits, now)) {
                Some(Ok(order)) => self.create(now, order, ask.request.body),
                Some(Err(refusal)) => Ok(refusal),
                None => Ok(fields::bad_id()),
            };
        }
        let Some(id) = ask.id.as_deref().filter(|id| fields::is_id(id)) else {
            return Ok(fields::bad_id());
        };
        let found = self.books.find(id)?;
        Ok(match (found, bodyless) {
            (None, _) => unknown(id, self.rules.unknown_id_code),
            (Some(cashgram), true) => self.standing(now, cashgram),
            (Some(cashgram), false) => self.deactivate(now, cashgram)?,
        })
    }

    fn create(&mut self, now: Moment, order: Order, body: &[u8]) -> Result<Answer, Broken> {
        let payload = chance::draw(0, "payload", body).cast_signed();
        if self.rules.balance_rule != BalanceRule::Free && order.amount > self.purse.available() {
            let known = self.books.count_create(&order.id, payload)?;
            let poor = || {
                Answer::refused(
                    412,
                    "Available balance is less than requested cashgram amount.",
                )
            };
            return Ok(if known {
                already_exists(&order.id)
            } else {
                poor()
            });
        }
        let new = self.draft(now, order, payload);
        let holding = self.rules.balance_rule == BalanceRule::Hold;
        let held = self.purse.held.saturating_add(new.amount);
        let purse = holding.then_some(Purse { held, ..self.purse });
        if self.books.open(&new, purse.as_ref())? == Opened::Known {
            return Ok(already_exists(&new.id));
        }
        self.purse = purse.unwrap_or(self.purse);
        self.next_reference = self.next_reference.saturating_add(1);
        let data = Data::Created {
            reference_id: new.reference,
            cashgram_link: new.link(),
        };
        Ok(Answer::done(
            "Cashgram Created",
            Some(data),
            Effect::Created,
        ))
    }

    /// The Cashgram that an order would become.
    fn draft(&self, now: Moment, order: Order, payload: i64) -> Cashgram {
        let expires = Moment::end_of_india_day(order.expiry_day);
        let mut script = self
            .rules
            .life
            .script(self.rules.seed, &order.id, now, expires);
        // What an open link holds must be let go on its date, and who listens told of it, even if nobody ever looks at
        // it again.
        let awaited = self.rules.balance_rule == BalanceRule::Hold || self.notices.is_some();
        if awaited && script == Script::default() {
            script = Script(vec![Step {
                at: expires,
                to: Status::Expired,
            }]);
        }
        Cashgram {
            id: order.id,
            reference: self.next_reference,
            amount: order.amount,
            name: order.name,
            phone: order.phone,
            email: order.email,
            expiry_day: order.expiry_day,
            created: now,
            changed: now,
            status: Status::Active,
            reason: None,
            attempts: 0,
            script,
            creates_seen: 1,
            payload,
            other_bodies: 0,
        }
    }

    /// Answers a status request about a Cashgram that exists.
    fn standing(&self, now: Moment, cashgram: Cashgram) -> Answer {
        if now
            < cashgram
                .created
                .plus_micros(self.rules.missing_for.signed())
        {
            return unknown(&cashgram.id, self.rules.unknown_id_code);
        }
        let status = cashgram.status_at(now);
        let deactivated = status == Status::Deactivated;
        let cashgram_status = if deactivated {
            self.rules.deactivated_word.clone()
        } else {
            status.word().to_owned()
        };
        let (reason, new) = (
            cashgram.reason.clone(),
            self.rules.status_shape == StatusShape::New,
        );
        let data = Data::Standing {
            cashgram_status,
            reason,
            reference_id: new.then_some(cashgram.reference),
            cashgram_link: new.then(|| cashgram.link()),
            redeem_ref_id: cashgram.redeem_reference().filter(|_| new),
            utr: cashgram.utr().filter(|_| new),
            cashgram_id: new.then_some(cashgram.id),
        };
        let answer = Answer::done("Cashgram details retrieved", Some(data), Effect::None);
        if new {
            answer
        } else {
            Answer {
                message: None,
                ..answer
            }
        }
    }

    fn deactivate(&mut self, now: Moment, cashgram: Cashgram) -> Result<Answer, Broken> {
        if cashgram.status_at(now) != Status::Active {
            return Ok(Answer::refused(
                412,
                "Active cashgrams can only be deactivated",
            ));
        }
        let message = format!(
            "Cashgram with id - {} successfully deactivated!",
            cashgram.id
        );
        let ended = Cashgram {
            script: Script::default(),
            ..cashgram
        };
        self.pass(
            ended,
            Step {
                at: now,
                to: Status::Deactivated,
            },
        )?;
        Ok(Answer::done(message, None, Effect::Deactivated))
    }

    fn balance(&self, now: Moment, ask: &Ask<'_>) -> Answer {
        if let Err(refusal) = self.admit(now, ask) {
            return refusal;
        }
        let fund = query_value(ask.request.query, "paymentInstrumentId");
        let named = fund.filter(|_| ask.operation == Operation::BalanceOfFund);
        if named.is_some_and(|fund| fund != FUND_SOURCE) {
            return Answer::refused(422, "Specified paymentInstrumentId not available");
        }
        let data = Data::Balance {
            balance: money::text(self.purse.balance),
            available_balance: money::text(self.purse.available()),
        };
        Answer::done("Ledger balance for the account", Some(data), Effect::None)
    }

    /// Writes the purse, then believes it.
    pub(super) fn write_purse(&mut self, purse: Purse) -> Result<(), Broken> {
        self.books.save_purse(&purse)?;
        self.purse = purse;
        Ok(())
    }
}

/// The answer to a token that is wrong, expired or revoked.
pub(super) fn token_refused() -> Answer {
    Answer::refused(403, "Token is not valid")
}

/// The answer about an id that is not in the books.
pub(super) fn unknown(id: &str, code: u16) -> Answer {
    let refusal = Answer::named(
        404,
        "cashgram_not_found",
        format!("Cashgram with id {id} does not exist"),
    );
    Answer { code, ..refusal }
}

/// The refusal of an id that is there already.
pub(super) fn already_exists(id: &str) -> Answer {
    let message = format!("Cashgram with id {id} already exists");
    let refusal = Answer::named(409, "cashgram_id_already_exists", message);
    Answer {
        effect: Effect::Known,
        ..refusal
    }
}
