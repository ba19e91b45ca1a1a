//! Bearer tokens that carry their own proof: number, expiry, and a checksum over both.
//!
//! So tokens need no place in the books, outlive a restart of the sandbox, and cost no memory in a long run. They
//! guard play money: the checksum keeps mistakes out, not attackers. Deliberately absent: binding a token to the
//! caller's address, which everything on one machine shares.

use super::chance;
use super::time::Moment;

/// How every token begins, so that one found in a log is known for what it is.
const PREFIX: &str = "sim";

/// A token that proved genuine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// Its number.
    pub(super) number: i64,
    /// Unix seconds at which it dies.
    pub(super) expiry: i64,
}

impl Token {
    /// Its text under the account's secret.
    pub(super) fn text(self, secret: &str) -> String {
        let body = format!("{PREFIX}.{:x}.{:x}", self.number, self.expiry);
        let check = chance::draw(0, secret, body.as_bytes());
        format!("{body}.{check:016x}")
    }

    /// Reads a token, if it is one of ours.
    pub(super) fn read(text: &str, secret: &str) -> Option<Self> {
        let mut parts = text.split('.').skip(1);
        let mut number = || i64::from_str_radix(parts.next()?, 16).ok();
        let token = Self {
            number: number()?,
            expiry: number()?,
        };
        (token.text(secret) == text).then_some(token)
    }

    /// Whether it still opens the door at `now`, when tokens before number `from` are dead.
    pub(super) const fn lives(self, now: Moment, from: i64) -> bool {
        self.number >= from && now.seconds() < self.expiry
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_and_no_other_text_does() {
        let token = Token {
            number: 12,
            expiry: 1_791_802_531,
        };
        let text = token.text("secret");
        assert_eq!(Token::read(&text, "secret"), Some(token));
        assert_eq!(Token::read(&text, "another"), None);
        let longer = text.replace("sim.c.", "sim.d.");
        for bad in ["", "sim", "sim.1", "sim.1.2", "sim.1.2.3", longer.as_str()] {
            assert_eq!(Token::read(bad, "secret"), None, "{bad}");
        }
    }

    #[test]
    fn a_token_dies_at_its_second_or_by_its_number() {
        let token = Token {
            number: 12,
            expiry: 10,
        };
        assert!(token.lives(Moment::from_micros(9_999_999), 12));
        assert!(!token.lives(Moment::from_micros(10_000_000), 12));
        assert!(!token.lives(Moment::from_micros(0), 13));
    }
}
