//! What the simulated gateway keeps of one Cashgram, and of the account's money.
//!
//! A link's future is a *script*: the steps it will take by itself, with their times. Chance writes it once, at
//! creation (`life`), or a test through a control endpoint; from then on only the clock decides. So the books say
//! today what a link will read tomorrow, and survive a restart.

use super::chance;
use super::time::Moment;
use super::units::Span;

/// Where links point: a name that can never resolve (RFC 2606), so that a rehearsal's link pays nobody.
pub const LINK_BASE: &str = "https://sandbox.invalid/";
/// Characters of a link's slug, as the real short links have. 36^7 slugs: among a million links a handful coincide.
const SLUG_LEN: u64 = 7;
/// The alphabet of slugs.
const SLUG_ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// Where a Cashgram stands. The words on the wire are [`Status::word`]'s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Created, not yet redeemed.
    Active,
    /// Redemption accepted, the bank has not confirmed.
    Pending,
    /// Paid out.
    Redeemed,
    /// The transfer failed for good.
    Failed,
    /// Its date passed, or its attempts are used up.
    Expired,
    /// The bank returned the money.
    Reversed,
    /// Deactivated by the merchant. The word a client reads for it is an option: none is published.
    Deactivated,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Active,
        Self::Pending,
        Self::Redeemed,
        Self::Failed,
        Self::Expired,
        Self::Reversed,
        Self::Deactivated,
    ];

    /// The word in the books.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Pending => "PENDING",
            Self::Redeemed => "REDEEMED",
            Self::Failed => "FAILED",
            Self::Expired => "EXPIRED",
            Self::Reversed => "REVERSED",
            Self::Deactivated => "DEACTIVATED",
        }
    }

    /// The status of a word of [`Status::word`].
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }
}

/// One step of a link's future.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// When it is due.
    pub at: Moment,
    /// What the link becomes.
    pub to: Status,
}

/// A link's future, soonest step first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script(pub Vec<Step>);

impl Script {
    /// When the next step is due.
    pub fn due(&self) -> Option<Moment> {
        self.0.first().map(|step| step.at)
    }

    /// `PENDING@1791802531000000;REDEEMED@...`: the form kept in a file.
    pub fn encode(&self) -> String {
        let steps = self
            .0
            .iter()
            .map(|step| format!("{}@{}", step.to.word(), step.at.micros()));
        steps.collect::<Vec<_>>().join(";")
    }

    /// Reads [`Script::encode`]'s form.
    pub fn decode(text: &str) -> Option<Self> {
        let steps = text.split(';').filter(|part| !part.is_empty()).map(|part| {
            let (word, at) = part.split_once('@')?;
            Some(Step {
                at: Moment::from_micros(at.parse().ok()?),
                to: Status::from_word(word)?,
            })
        });
        steps.collect::<Option<Vec<_>>>().map(Self)
    }
}

/// One Cashgram in the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cashgram {
    /// The caller's id.
    pub id: String,
    /// Our increasing reference.
    pub reference: i64,
    /// Paise.
    pub amount: i64,
    /// Recipient.
    pub name: String,
    /// Recipient's phone, as sent.
    pub phone: String,
    /// Recipient's address, empty if none.
    pub email: String,
    /// Last day of validity, counted in India's calendar from 1970-01-01.
    pub expiry_day: i64,
    /// When it was created.
    pub created: Moment,
    /// When it last changed.
    pub changed: Moment,
    /// Where it stands, but for a date that has passed meanwhile: read [`Cashgram::status_at`].
    pub status: Status,
    /// Why it expired or failed.
    pub reason: Option<String>,
    /// Failed attempts to redeem.
    pub attempts: i64,
    /// What it will become by itself.
    pub script: Script,
    /// Create requests seen for this id, the first included.
    pub creates_seen: i64,
    /// Hash of the first create's body.
    pub payload: i64,
    /// Later creates whose body differed from the first.
    pub other_bodies: i64,
}

impl Cashgram {
    /// The short link.
    pub fn link(&self) -> String {
        link(&self.id)
    }

    /// The status at `now`: an unredeemed link dies with its day.
    pub fn status_at(&self, now: Moment) -> Status {
        let dead =
            self.status == Status::Active && now >= Moment::end_of_india_day(self.expiry_day);
        if dead { Status::Expired } else { self.status }
    }

    /// The transfer that paid it out, once there is one.
    pub fn redeem_reference(&self) -> Option<i64> {
        self.paid_out()
            .then(|| self.reference.saturating_add(REDEEM_REFERENCE_AHEAD))
    }

    /// The bank's reference of that transfer: twelve digits.
    pub fn utr(&self) -> Option<String> {
        let number = chance::below(0, "utr", self.id.as_bytes(), 100_000_000_000);
        self.paid_out().then(|| format!("6{number:011}"))
    }

    /// Whether money left for the recipient, even if it came back.
    fn paid_out(&self) -> bool {
        matches!(self.status, Status::Redeemed | Status::Reversed)
    }
}

/// Transfers are numbered apart from Cashgrams, so that nobody takes one reference for the other.
const REDEEM_REFERENCE_AHEAD: i64 = 1_000_000_000;

/// The short link of an id: derived from it alone, so that runs are reproducible.
pub fn link(id: &str) -> String {
    let mut rest = chance::draw(0, "link", id.as_bytes());
    let mut link = String::from(LINK_BASE);
    for _ in 0..SLUG_LEN {
        let at = usize::try_from(rest % 36).unwrap_or(0);
        link.push(SLUG_ALPHABET.get(at).copied().map_or('a', char::from));
        rest /= 36;
    }
    link
}

/// The account's money and counters, in paise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purse {
    /// Ledger balance.
    pub balance: i64,
    /// In transfers that the bank has not confirmed.
    pub pending: i64,
    /// Held for open links, under the rule that holds.
    pub held: i64,
    /// Added to every clock reading by the control endpoint.
    pub clock_ahead: Span,
    /// Number of the next token.
    pub next_token: i64,
    /// Tokens with a smaller number are dead, whatever their expiry says.
    pub tokens_from: i64,
}

impl Purse {
    /// What a new transfer may take.
    pub const fn available(&self) -> i64 {
        self.balance
            .saturating_sub(self.pending)
            .saturating_sub(self.held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_come_from_the_id_alone_under_the_reserved_name() {
        let first = link("OCT26_0001");
        assert_eq!(first, link("OCT26_0001"));
        assert_ne!(first, link("OCT26_0002"));
        let slug = first.strip_prefix("https://sandbox.invalid/").unwrap();
        assert_eq!(slug.len(), 7);
        assert!(
            slug.bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        );
    }

    #[test]
    fn a_script_reads_back_as_it_was_written() {
        let script = Script(vec![
            Step {
                at: Moment::from_micros(5),
                to: Status::Pending,
            },
            Step {
                at: Moment::from_micros(-7),
                to: Status::Redeemed,
            },
        ]);
        assert_eq!(Script::decode(&script.encode()), Some(script));
        assert_eq!(Script::decode(""), Some(Script::default()));
        assert_eq!(Script::decode("PAID@5"), None);
        assert_eq!(Script::decode("PENDING"), None);
    }
}
