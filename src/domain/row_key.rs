//! What a row is matched by, in 32 bytes, so that a million rows can be held and compared at once.
//!
//! Texts are held as hashes keyed anew in each run: nobody can craft a sheet whose rows collide. So keys are never
//! stored, and keys of two hashers are never compared. Deliberately absent: the matching itself.

use std::hash::{BuildHasher, Hasher, RandomState};

use super::money::Money;
use super::phone::Phone;
use super::text::trimmed;

/// Bytes of a text that are folded at a time.
const FOLD_BYTES: usize = 64;

/// Key of one row. Keys are comparable only if one [`KeyHasher`] made them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
#[derive(Clone, Debug, Default)]
pub struct KeyHasher(RandomState);

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
        self.0.hash_one(id.as_bytes()).max(1)
    }

    /// Hash of a text, trimmed and without regard to case; 0 only for a blank one.
    pub fn text(&self, text: &str) -> u32 {
        let text = trimmed(text);
        if text.is_empty() {
            return 0;
        }
        let mut hasher = self.0.build_hasher();
        if text.is_ascii() {
            write_folded(&mut hasher, text);
        } else {
            write_folded(&mut hasher, &text.to_lowercase());
        }
        let hash = hasher.finish();
        u32::try_from(hash >> 32).unwrap_or(u32::MAX).max(1)
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

/// Lower case in a buffer on the stack: this runs twice a row.
fn write_folded(hasher: &mut impl Hasher, text: &str) {
    let mut folded = [0u8; FOLD_BYTES];
    for part in text.as_bytes().chunks(FOLD_BYTES) {
        let Some(target) = folded.get_mut(..part.len()) else {
            return;
        };
        target.copy_from_slice(part);
        target.make_ascii_lowercase();
        hasher.write(target);
    }
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
