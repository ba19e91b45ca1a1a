//! The id of a Cashgram. It is the lock against paying twice: the gateway refuses a second one under the same id.
//!
//! Deliberately absent from a derived id: the amount, the time and chance. An edited amount must not become a
//! second payout. Whatever changes here changes the ids of every unfinished batch in the world: don't.

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256};

use super::phone::Phone;
use super::text::trimmed;
use super::words::{Words, spoken};

/// The gateway's documents say 35 here and 36 there.
pub const ID_CHARS_MAX: usize = 35;
/// Of the batch's name, for people; together with `-` and the digest no more than [`ID_CHARS_MAX`].
const SLUG_CHARS_MAX: usize = 14;
/// 20 letters of 5 bits: 100 bits, so that even 10^10 ids of one account collide with a chance below 10^-10.
pub(super) const DIGEST_CHARS: usize = 20;
/// Bits of one letter of base32.
const LETTER_BITS: u32 = 5;
/// RFC 4648, in lower case.
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// Keeps these digests apart from any other use of SHA-256, and this derivation from later ones.
const TAG_DERIVED: &[u8] = b"paysheet-id-v1";
/// The same for new generations of a row that brought its own id.
const TAG_OWN: &[u8] = b"paysheet-own-id-v1";
/// Stands where a name leaves nothing readable.
const SLUG_EMPTY: &str = "batch";

/// An id that the gateway takes: 1 to 35 of letters, digits, `_` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CashgramId(String);

/// Why a text is not an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdFault {
    /// Blank.
    Missing,
    /// Too long.
    Length,
    /// Other characters than the gateway takes.
    Characters,
    /// Two rows of a sheet bear it.
    Duplicate,
}

impl IdFault {
    /// Its code, sentence and cure.
    pub fn words(self) -> Words {
        let (code, problem, fix) = match self {
            Self::Missing => (
                "id.missing",
                "the id is blank",
                "give an id of letters, digits, _ and -",
            ),
            Self::Length => (
                "id.length",
                "the id {} is longer than 35 characters",
                "shorten it to 35 characters, or leave the cell blank",
            ),
            Self::Characters => (
                "id.characters",
                "the id {} has other characters than letters, digits, _ and -",
                "remove them, or leave the cell blank",
            ),
            Self::Duplicate => (
                "id.duplicate",
                "the id {} is used twice",
                "give each row its own id, or leave the cells blank",
            ),
        };
        Words::new(code, problem, fix)
    }
}

spoken!(IdFault);

impl CashgramId {
    /// Reads an id.
    pub fn parse(text: &str) -> Result<Self, IdFault> {
        Self::check(text).map(|()| Self(trimmed(text).to_owned()))
    }

    /// Whether [`CashgramId::parse`] would take it; does not allocate.
    pub fn check(text: &str) -> Result<(), IdFault> {
        let text = trimmed(text);
        if text.is_empty() {
            Err(IdFault::Missing)
        } else if !text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
        {
            Err(IdFault::Characters)
        } else if text.len() > ID_CHARS_MAX {
            Err(IdFault::Length)
        } else {
            Ok(())
        }
    }

    /// The id of a row without one: from the batch's whole name, the phone, which row of that phone it is (from 0 or
    /// 1, as the caller counts) and the generation.
    pub fn derive(batch: &str, phone: Phone, occurrence: u32, generation: u32) -> Self {
        let parts = [
            batch.as_bytes(),
            &phone.number().to_be_bytes(),
            &occurrence.to_be_bytes(),
            &generation.to_be_bytes(),
        ];
        Self::from_parts(batch, TAG_DERIVED, &parts)
    }

    /// The id of a generation of a row that brought its own: the own one first, then digests.
    pub fn derive_own(own: &CashgramId, generation: u32) -> Self {
        if generation <= 1 {
            return own.clone();
        }
        let parts = [own.0.as_bytes(), &generation.to_be_bytes()];
        Self::from_parts(&own.0, TAG_OWN, &parts)
    }

    fn from_parts(readable: &str, tag: &[u8], parts: &[&[u8]]) -> Self {
        let mut id = String::with_capacity(ID_CHARS_MAX);
        push_slug(&mut id, readable);
        id.push('-');
        push_digest(&mut id, tag, parts);
        Self(id)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Lower-case letters and digits of `name`, anything between them as one hyphen, cut to [`SLUG_CHARS_MAX`].
fn push_slug(id: &mut String, name: &str) {
    let mut gap = false;
    for c in name.chars() {
        if !c.is_ascii_alphanumeric() {
            gap = !id.is_empty();
            continue;
        }
        let needed = if gap { 2 } else { 1 };
        if id.len() + needed > SLUG_CHARS_MAX {
            break;
        }
        if std::mem::take(&mut gap) {
            id.push('-');
        }
        id.push(c.to_ascii_lowercase());
    }
    if id.is_empty() {
        id.push_str(SLUG_EMPTY);
    }
}

/// Each part goes in behind its length, so that no two lists of parts read alike.
fn push_digest(id: &mut String, tag: &[u8], parts: &[&[u8]]) {
    let mut context = Context::new(&SHA256);
    for part in std::iter::once(&tag).chain(parts) {
        let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
        context.update(&length.to_be_bytes());
        context.update(part);
    }
    let digest = context.finish();
    let mut bits: u32 = 0;
    let mut held: u32 = 0;
    let mut letters = 0;
    for byte in digest.as_ref() {
        bits = (bits << 8) | u32::from(*byte);
        held += 8;
        while held >= LETTER_BITS && letters < DIGEST_CHARS {
            held -= LETTER_BITS;
            let index = usize::try_from((bits >> held) & 31).unwrap_or(0);
            id.push(BASE32.get(index).map_or('a', |letter| char::from(*letter)));
            letters += 1;
        }
        bits &= (1 << held) - 1;
        if letters == DIGEST_CHARS {
            break;
        }
    }
}

impl fmt::Display for CashgramId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    fn phone() -> Phone {
        Phone::parse("9876543210").unwrap()
    }

    #[test]
    fn own_ids() {
        let longest = "a".repeat(35);
        for text in ["OCT26_0001", "a", "-", "_", "A-b_9", &longest, " x "] {
            assert_eq!(CashgramId::parse(text).unwrap().as_str(), text.trim());
        }
        let long = "a".repeat(36);
        let table = [
            ("", IdFault::Missing),
            (" ", IdFault::Missing),
            (&long, IdFault::Length),
            ("a b", IdFault::Characters),
            ("a/b", IdFault::Characters),
            ("a.b", IdFault::Characters),
            ("é", IdFault::Characters),
            ("=1+1", IdFault::Characters),
        ];
        for (text, fault) in table {
            assert_eq!(CashgramId::parse(text), Err(fault), "{text}");
        }
    }

    /// Worked out by another program (Python's hashlib and base64). If this fails, every unfinished batch would be paid again under new ids.
    #[test]
    fn derived_ids_never_change() {
        let own = CashgramId::parse("OCT26_0001").unwrap();
        let pinned = [
            (
                CashgramId::derive("june", phone(), 0, 1),
                "june-odfldzmonmjapue5c7oi",
            ),
            (
                CashgramId::derive("Payroll 2026-07 (final)", phone(), 1, 2),
                "payroll-2026-0-yxdwjpyhxlepgettdhey",
            ),
            (CashgramId::derive_own(&own, 1), "OCT26_0001"),
            (
                CashgramId::derive_own(&own, 2),
                "oct26-0001-fhcuc4euuz3ogiz77pme",
            ),
        ];
        for (id, text) in pinned {
            assert_eq!(id.as_str(), text);
        }
    }

    #[test]
    fn the_slug_is_readable() {
        let table = [
            ("june", "june"),
            ("Payroll 2026-07", "payroll-2026-0"),
            ("  --A__B--  ", "a-b"),
            ("abcdefghijklm nop", "abcdefghijklm"),
            ("जून", "batch"),
            ("जून 2026", "2026"),
            ("", "batch"),
        ];
        for (name, slug) in table {
            let mut id = String::new();
            push_slug(&mut id, name);
            assert_eq!(id, slug, "{name}");
        }
    }

    #[test]
    fn whatever_differs_makes_another_id() {
        let other = Phone::parse("9876543211").unwrap();
        let long = "a".repeat(50);
        let ids = [
            CashgramId::derive("june", phone(), 0, 1),
            CashgramId::derive("june", phone(), 1, 1),
            CashgramId::derive("june", phone(), 0, 2),
            CashgramId::derive("june", other, 0, 1),
            CashgramId::derive("June", phone(), 0, 1),
            CashgramId::derive(&format!("{long}1"), phone(), 0, 1),
            CashgramId::derive(&format!("{long}2"), phone(), 0, 1),
        ];
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(text in "[A-Za-z0-9_-]{1,35}") {
            let id = CashgramId::parse(&text).unwrap();
            prop_assert_eq!(id.as_str(), text);
            let again = CashgramId::parse(id.as_str()).unwrap();
            prop_assert_eq!(again, id);
        }

        #[test]
        fn every_derived_id_is_an_id(batch in "\\PC{0,60}", number in 6_000_000_000u64..=9_999_999_999, n in 0u32..9, g in 1u32..9) {
            let phone = Phone::from_number(number).unwrap();
            let id = CashgramId::derive(&batch, phone, n, g);
            prop_assert!(CashgramId::check(id.as_str()).is_ok());
            let next = CashgramId::derive_own(&id, g + 1);
            prop_assert!(CashgramId::check(next.as_str()).is_ok());
            prop_assert_ne!(id, next);
        }
    }
}
