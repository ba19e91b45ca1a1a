//! PURE. What can go wrong between a client and the gateway, by plan and by seed.
//!
//! A plan is a text: `lost-after=2%,429=3%,status:html=1%,lost-after@JUN_7,late-by=5s`. Each entry is a fault, for
//! one operation or for all that it can befall, for all ids or for those with a prefix, with a share. Without an
//! operation, a fault never befalls authorize or verify: a client that cannot log in learns nothing.
//!
//! Faults are chosen by chance or by id, never by phone or amount, so that real data can be rehearsed. At most one
//! fault befalls a request; shares of one operation add up, and a plan over 100 % is refused.
//!
//! None of this is known behaviour of the real gateway. It is what networks and servers do to any client.

use super::ask::Operation;
use super::chance::{self, WHOLE};
use super::units::{Share, Span};
use std::str::FromStr;

/// Where in a request's way a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Before the books: nothing happened.
    Before,
    /// After the books: what was asked has happened.
    After,
    /// The books change later, when the client has long been told nothing.
    Later,
}

/// Lists every fault once: its variant, phase, name and meaning.
macro_rules! faults {
    ($($variant:ident $phase:ident $name:literal $meaning:literal;)*) => {
        /// One thing that can go wrong with a request.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Fault { $(#[doc = $meaning] $variant,)* }

        /// Every fault: its name in a plan, and what it does.
        pub const FAULTS: &[(&str, &str)] = &[$(($name, $meaning),)*];

        impl Fault {
            /// Every fault, in the order of [`FAULTS`].
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name in a plan.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Where it strikes.
            pub const fn phase(self) -> Phase {
                match self { $(Self::$variant => Phase::$phase,)* }
            }
        }
    };
}

faults! {
    LostBefore Before "lost-before" "connection closed without a reply; nothing happened";
    LostAfter After "lost-after" "connection closed without a reply; what was asked has happened";
    Late Later "late" "connection closed without a reply; a create takes place `late-by` later";
    Reset After "reset" "connection reset (RST) without a reply; what was asked has happened";
    Cut After "cut" "connection closed in the middle of the reply; what was asked has happened";
    StallBefore Before "stall-before" "no reply for `stall-for`, then closed; nothing happened";
    Stall After "stall" "no reply for `stall-for`, then closed; what was asked has happened";
    Delay After "delay" "the reply comes `delay-by` later";
    Drip After "drip" "the reply comes byte by byte, one each `drip-by`";
    Error500Before Before "500-before" "sub-code 500 `internal error`; nothing happened";
    Error500After After "500-after" "sub-code 500 `internal error`; what was asked has happened";
    Error520Before Before "520-before" "sub-code 520 `Unknown error occurred`; nothing happened";
    Error520After After "520-after" "sub-code 520 `Unknown error occurred`; what was asked has happened";
    Error502Before Before "502-before" "HTTP 502 with an HTML page; nothing happened";
    Error502After After "502-after" "HTTP 502 with an HTML page; what was asked has happened";
    Error503Before Before "503-before" "HTTP 503 with an HTML page; nothing happened";
    Error503After After "503-after" "HTTP 503 with an HTML page; what was asked has happened";
    NoFundSource Before "no-fund-source" "sub-code 500 about the account: no active fund source";
    NoRates Before "no-rates" "sub-code 500 about the account: no pricing configured";
    IpBlocked Before "ip-blocked" "sub-code 403 `IP not whitelisted`";
    NotEnabled Before "not-enabled" "sub-code 403 `APIs not enabled`";
    TokenDeath Before "token-death" "every token issued so far dies, this request's too";
    Throttled Before "429" "HTTP 429 with Retry-After";
    ThrottledBare Before "429-bare" "HTTP 429 without a word on when to come back";
    Throttled200 Before "429-200" "sub-code 429 under HTTP 200";
    Html403 Before "html" "HTTP 403 with a web server's HTML page";
    Html200 After "html-200" "an HTML page under HTTP 200; what was asked has happened";
    Redirect Before "redirect" "HTTP 302 to a web page";
    HalfJson After "half-json" "half a JSON under HTTP 200; what was asked has happened";
    Empty After "empty" "an empty body under HTTP 200; what was asked has happened";
    SubCodeNumber After "subcode-number" "`subCode` is a number";
    SubCodeMissing After "subcode-missing" "`subCode` is missing";
    DataNull After "data-null" "`data` is null";
    ConflictAfter After "409" "a create is done, and answered with 409 all the same";
    ConflictPhantom Before "409-phantom" "a create is answered with 409, yet nothing exists";
    Missing Before "missing" "a status request is answered with 404, whatever exists";
    LowerCase After "lower-case" "status words in lower case";
    UnknownWord After "unknown-word" "a status word that nobody documented";
}

impl Fault {
    /// Whether it makes sense for an operation.
    fn befalls(self, operation: Operation) -> bool {
        match operation {
            Operation::Create => {
                !matches!(self, Self::Missing | Self::LowerCase | Self::UnknownWord)
            }
            Operation::Status => !matches!(
                self,
                Self::Late | Self::ConflictAfter | Self::ConflictPhantom
            ),
            Operation::Authorize
            | Operation::VerifyToken
            | Operation::Deactivate
            | Operation::Balance
            | Operation::BalanceOfFund => {
                let others = [
                    Self::Missing,
                    Self::LowerCase,
                    Self::UnknownWord,
                    Self::Late,
                ];
                !others.contains(&self)
                    && !matches!(self, Self::ConflictAfter | Self::ConflictPhantom)
            }
        }
    }
}

/// One entry of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    fault: Fault,
    operation: Option<Operation>,
    prefix: Option<String>,
    share: Share,
}

impl Entry {
    /// Whether this entry speaks of `operation`.
    fn covers(&self, operation: Operation) -> bool {
        let asked = match self.operation {
            Some(named) => named.name() == operation.name(),
            None => !matches!(operation, Operation::Authorize | Operation::VerifyToken),
        };
        asked && self.fault.befalls(operation)
    }

    fn parts(&self) -> u64 {
        u64::from(self.share.parts_per_million())
    }
}

/// A plan of faults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    entries: Vec<Entry>,
    /// How long a new Cashgram is not found by status requests.
    pub missing_for: Span,
    /// How much later a `late` create takes place.
    pub late_by: Span,
    /// How long a `stall` lasts.
    pub stall_for: Span,
    /// How much later a `delay`ed reply comes.
    pub delay_by: Span,
    /// The pause after each byte of a `drip`.
    pub drip_by: Span,
}

impl Default for Plan {
    /// No faults.
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            missing_for: Span::ZERO,
            late_by: Span::seconds(5),
            stall_for: Span::seconds(60),
            delay_by: Span::seconds(2),
            drip_by: Span::millis(5),
        }
    }
}

impl Plan {
    /// Whether nothing is planned.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.missing_for == Span::ZERO
    }

    /// What befalls request number `number`: first what is planned for its id, then what is left to chance.
    pub fn decide(
        &self,
        seed: u64,
        number: u64,
        operation: Operation,
        id: Option<&str>,
    ) -> Option<Fault> {
        let key = number.to_le_bytes();
        let covering = || self.entries.iter().filter(|entry| entry.covers(operation));
        let named = covering()
            .filter(|entry| entry.prefix.is_some())
            .find(|entry| {
                let meant = entry
                    .prefix
                    .as_deref()
                    .zip(id)
                    .is_some_and(|(prefix, id)| id.starts_with(prefix));
                meant && chance::below(seed, entry.fault.name(), &key, WHOLE) < entry.parts()
            });
        let drawn = chance::below(seed, "fault", &key, WHOLE);
        let mut reached = 0_u64;
        let mut by_chance = covering().filter(|entry| entry.prefix.is_none());
        let chosen = named.or_else(|| {
            by_chance.find(|entry| {
                reached = reached.saturating_add(entry.parts());
                drawn < reached
            })
        });
        chosen.map(|entry| entry.fault)
    }

    /// Takes one part of the text.
    fn take(&mut self, part: &str) -> Result<(), String> {
        let (name, value) = part
            .split_once('=')
            .map_or((part, None), |(name, value)| (name, Some(value)));
        let (name, value) = (name.trim(), value.map(str::trim));
        let span = || {
            value
                .unwrap_or_default()
                .parse::<Span>()
                .map_err(|e| format!("{name}: {e}"))
        };
        match name {
            "missing-for" => self.missing_for = span()?,
            "late-by" => self.late_by = span()?,
            "stall-for" => self.stall_for = span()?,
            "delay-by" => self.delay_by = span()?,
            "drip-by" => self.drip_by = span()?,
            _ => self.entries.push(entry(name, value)?),
        }
        Ok(())
    }

    /// Refuses a plan in which the faults of an operation are more than its requests.
    fn weigh(&self) -> Result<(), String> {
        for operation in Operation::ALL {
            let by_chance = self
                .entries
                .iter()
                .filter(|e| e.prefix.is_none() && e.covers(operation));
            if by_chance.map(Entry::parts).sum::<u64>() > WHOLE {
                return Err(format!(
                    "the faults planned for {} are more than 100%",
                    operation.name()
                ));
            }
        }
        Ok(())
    }
}

/// Reads `[operation:]fault[@PREFIX]`, and the share after `=`; with a prefix the share may be left out.
fn entry(name: &str, value: Option<&str>) -> Result<Entry, String> {
    let (name, prefix) = name
        .split_once('@')
        .map_or((name, None), |(name, prefix)| (name, Some(prefix)));
    let (operation, name) = name
        .split_once(':')
        .map_or((None, name), |(operation, name)| (Some(operation), name));
    let fault = Fault::ALL
        .iter()
        .copied()
        .find(|fault| fault.name() == name);
    let fault =
        fault.ok_or_else(|| format!("there is no fault `{name}`; the faults are {}", known()))?;
    let operation = operation.map(named_operation).transpose()?;
    if operation.is_some_and(|operation| !fault.befalls(operation)) {
        let operation = operation.map_or("", Operation::name);
        return Err(format!("the fault `{name}` cannot befall {operation}"));
    }
    let share = match (value, prefix) {
        (Some(value), _) => value.parse().map_err(|e| format!("{name}: {e}"))?,
        (None, Some(_)) => Share::ALL,
        (None, None) => {
            return Err(format!(
                "how often should `{name}` happen? Write {name}=1%, or {name}@PREFIX"
            ));
        }
    };
    Ok(Entry {
        fault,
        operation,
        prefix: prefix.map(str::to_owned),
        share,
    })
}

fn named_operation(name: &str) -> Result<Operation, String> {
    let names = "authorize, verify, create, status, deactivate, balance";
    let found = Operation::ALL
        .into_iter()
        .find(|operation| operation.name() == name);
    found.ok_or_else(|| format!("there is no operation `{name}`; the operations are {names}"))
}

/// The names of all faults and settings.
fn known() -> String {
    let names = FAULTS.iter().map(|(name, _)| *name);
    let settings = ["missing-for", "late-by", "stall-for", "delay-by", "drip-by"];
    names.chain(settings).collect::<Vec<_>>().join(", ")
}

impl FromStr for Plan {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut plan = Self::default();
        let parts = text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty());
        parts.into_iter().try_for_each(|part| plan.take(part))?;
        plan.weigh()?;
        Ok(plan)
    }
}

#[cfg(test)]
mod tests;
