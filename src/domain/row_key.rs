//! What a row is matched by, in 32 bytes, so that a million rows can be held and compared at once.
//!
//! Texts are held as hashes keyed anew in each run: nobody can craft a sheet whose rows collide. So keys are never
//! stored, and keys of two hashers are never compared. Deliberately absent: the matching itself.

use std::hash::{BuildHasher, RandomState};

use super::money::Money;
use super::phone::Phone;
use super::text::trimmed;

/// Bytes of a text that are taken at a time.
const STEP_BYTES: usize = 8;
/// The highest bit of each byte, which no ASCII character has.
const HIGHS: u64 = u64::from_le_bytes([0x80; STEP_BYTES]);
/// Odd, and as many ones as zeros: what a text's hash starts from, besides the secret.
const START: u64 = 0x9e37_79b9_7f4a_7c15;

/// Key of one row. Keys are comparable only if one [`KeyHasher`] made them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct RowKey {
    /// Keyed hash of the row's own id; 0: it has none.
    pub own_id: u64,
    /// The phone's ten digits; 0: not readable.
    pub phone: u64,
    /// The amount in paise; -1: not readable.
    pub amount: i64,
    /// Keyed hash of the name without regard to case; 0: blank.
    pub name: u32,
    /// Keyed hash of the e-mail address without regard to case; 0: blank.
    pub email: u32,
}

impl RowKey {
    /// The phone, if it was readable.
    pub fn phone(&self) -> Option<Phone> {
        Phone::from_number(self.phone)
    }

    /// The amount, if it was readable.
    pub fn amount(&self) -> Option<Money> {
        Money::from_paise(self.amount)
    }
}

/// Makes keys. One per run.
#[derive(Clone, Debug)]
pub struct KeyHasher {
    state: RandomState,
    secrets: [u64; 2],
}

impl Default for KeyHasher {
    fn default() -> Self {
        let state = RandomState::new();
        // Odd, so that a multiplication loses nothing.
        let secrets = [0_u8, 1].map(|n| state.hash_one(n) | 1);
        Self { state, secrets }
    }
}

impl KeyHasher {
    /// With fresh keys.
    pub fn new() -> Self {
        Self::default()
    }

    /// Hash of an own id, case and all; 0 only for a blank one.
    pub fn own_id(&self, id: &str) -> u64 {
        let id = trimmed(id);
        if id.is_empty() {
            return 0;
        }
        self.state.hash_one(id.as_bytes()).max(1)
    }

    /// Hash of a text, trimmed and without regard to case; 0 only for a blank one.
    pub fn text(&self, text: &str) -> u32 {
        let text = trimmed(text);
        if text.is_empty() {
            return 0;
        }
        let hash = self
            .folded(text)
            .or_else(|| self.folded_wide(&text.to_lowercase()))
            .unwrap_or(1);
        u32::try_from(hash >> 32).unwrap_or(u32::MAX).max(1)
    }

    /// Eight bytes at a time in lower case, each step a multiplication with a secret whose two halves are folded: this
    /// runs twice a row, and `SipHash` took a tenth of the time it takes to judge one. It need not be stronger: half of
    /// it is kept, and nobody sees it. None for a text that is not ASCII.
    fn folded(&self, text: &str) -> Option<u64> {
        let [first, second] = self.secrets;
        let bytes = text.as_bytes();
        let mut hash = START ^ u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let mut wide = 0;
        let (steps, rest) = bytes.as_chunks::<STEP_BYTES>();
        let last = match bytes.last_chunk::<STEP_BYTES>() {
            // Bytes that were taken once may be taken again, and that is quicker than to leave them out.
            Some(last) => *last,
            None => padded(rest),
        };
        for step in steps.iter().chain([&last]) {
            let step = u64::from_le_bytes(*step);
            wide |= step;
            hash = fold(hash ^ lower(step), first);
        }
        (wide & HIGHS == 0).then(|| fold(hash, second))
    }

    /// The same for a text in lower case that is not ASCII.
    fn folded_wide(&self, text: &str) -> Option<u64> {
        let [first, second] = self.secrets;
        let hash = text
            .bytes()
            .fold(START, |hash, byte| fold(hash ^ u64::from(byte), first));
        Some(fold(hash, second))
    }

    /// Key of a row; blank texts for absent cells.
    pub fn key(
        &self,
        own_id: &str,
        phone: Option<Phone>,
        amount: Option<Money>,
        name: &str,
        email: &str,
    ) -> RowKey {
        RowKey {
            own_id: self.own_id(own_id),
            phone: phone.map_or(0, Phone::number),
            amount: amount.map_or(-1, Money::paise),
            name: self.text(name),
            email: self.text(email),
        }
    }
}

/// Fewer bytes than a step takes, with zeros behind them.
fn padded(bytes: &[u8]) -> [u8; STEP_BYTES] {
    let mut step = [0; STEP_BYTES];
    step.iter_mut()
        .zip(bytes)
        .for_each(|(to, from)| *to = *from);
    step
}

/// Eight ASCII characters in lower case, none of them looked at alone.
fn lower(step: u64) -> u64 {
    let above = |least: u8| {
        let lift = u64::from_le_bytes([0x80 - least; STEP_BYTES]);
        (step & !HIGHS).wrapping_add(lift) & HIGHS
    };
    let capitals = above(b'A') & !above(b'Z' + 1);
    step | (capitals >> 2)
}

/// The two halves of a product, one over the other.
fn fold(value: u64, secret: u64) -> u64 {
    let (low, high) = value.carrying_mul(secret, 0);
    low ^ high
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_32_bytes() {
        assert_eq!(size_of::<RowKey>(), 32);
    }

    #[test]
    fn texts_are_alike_without_regard_to_case_and_ends() {
        let hasher = KeyHasher::new();
        let long = "Asha ".repeat(40);
        assert_eq!(hasher.text("Asha Menon"), hasher.text("  ASHA menon "));
        assert_eq!(hasher.text("ÉCOLE"), hasher.text("école"));
        assert_eq!(hasher.text(&long), hasher.text(&long.to_uppercase()));
        assert_ne!(hasher.text("Asha"), hasher.text("Asha M"));
        assert_eq!(hasher.text(" "), 0);
        assert_ne!(hasher.text("a"), 0);
        assert_eq!(hasher.own_id(""), 0);
        assert_ne!(hasher.own_id("A"), hasher.own_id("a"));
        assert_eq!(hasher.own_id(" A "), hasher.own_id("A"));
    }

    #[test]
    fn every_character_is_told_apart_but_for_its_case() {
        let hasher = KeyHasher::new();
        for one in 0u8..128 {
            for other in 0u8..128 {
                let same = one.eq_ignore_ascii_case(&other);
                let lowered = [one, other].map(|byte| lower(u64::from_le_bytes([byte; 8])));
                assert_eq!(lowered[0] == lowered[1], same, "{one} {other}");
            }
        }
        for length in 1..40 {
            let (one, other) = ("a".repeat(length), "a".repeat(length + 1));
            assert_ne!(hasher.text(&one), hasher.text(&other));
            assert_ne!(hasher.text(&one), hasher.text(&format!("{}b", &one[1..])));
        }
    }

    #[test]
    fn what_cannot_be_read_says_so() {
        let hasher = KeyHasher::new();
        let key = hasher.key("", None, None, "", "");
        assert_eq!(
            key,
            RowKey {
                own_id: 0,
                phone: 0,
                amount: -1,
                name: 0,
                email: 0
            }
        );
        assert_eq!((key.phone(), key.amount()), (None, None));
        let phone = Phone::parse("9876543210").unwrap();
        let amount = Money::parse("5").unwrap();
        let key = hasher.key("x", Some(phone), Some(amount), "a", "b");
        assert_eq!((key.phone(), key.amount()), (Some(phone), Some(amount)));
    }

    #[test]
    fn two_hashers_do_not_agree() {
        assert_ne!(KeyHasher::new().own_id("x"), KeyHasher::new().own_id("x"));
    }
}
