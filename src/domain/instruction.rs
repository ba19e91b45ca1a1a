//! One checked order to pay one recipient, and the name of the batch it belongs to.
//!
//! Deliberately absent: where the row stood in the sheet, and anything the gateway has said about it.

use std::fmt;

use super::email::Email;
use super::expiry::LinkExpiry;
use super::id::CashgramId;
use super::money::Money;
use super::phone::Phone;
use super::text::{Description, PayeeName, PayoutType, Remarks};
use super::words::{Words, spoken};

/// Names of batches are for people.
const BATCH_NAME_CHARS_MAX: usize = 100;
/// File names end at 255 bytes, and the longest suffix (`.sandbox.checkpoint.db-journal`) takes 30 of them.
const BATCH_NAME_BYTES_MAX: usize = 200;

/// One checked order to pay one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// Who is paid.
    pub name: PayeeName,
    /// The mobile that the link goes to.
    pub phone: Phone,
    /// How much.
    pub amount: Money,
    /// Where the link goes too.
    pub email: Option<Email>,
    /// Until when; none: the run's `--expires-in`.
    pub expiry: Option<LinkExpiry>,
    /// The id that the sheet gives; none: one is derived.
    pub own_id: Option<CashgramId>,
    /// What the payment is for.
    pub remarks: Option<Remarks>,
    /// A free label.
    pub payout_type: Option<PayoutType>,
    /// The dashboard's "reason".
    pub description: Option<Description>,
    /// Whether the gateway messages the recipient; none: the run's `--notify`.
    pub notify: Option<bool>,
}

/// The name of a batch: from it follow file names and ids.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BatchName(String);

/// Why a text cannot name a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BatchNameFault {
    /// Blank.
    Missing,
    /// Too long for a file name.
    Length,
    /// Characters that a file name cannot bear everywhere, or that cannot be seen.
    Characters,
    /// A dot or a space at one of its ends.
    Ends,
}

impl BatchNameFault {
    /// Its code, sentence and cure.
    pub fn words(self) -> Words {
        let (code, problem, fix) = match self {
            Self::Missing => (
                "batch.missing",
                "the batch name is blank",
                "give one with --batch, such as payroll-2026-07",
            ),
            Self::Length => (
                "batch.length",
                "the batch name is too long",
                "give one of at most 100 characters with --batch",
            ),
            Self::Characters => (
                "batch.characters",
                "the batch name has characters that cannot stand in a file name",
                "give one of letters, digits, spaces and . _ - ( ) with --batch",
            ),
            Self::Ends => (
                "batch.ends",
                "the batch name starts with a dot or a space, or ends with one",
                "give another one with --batch",
            ),
        };
        Words::new(code, problem, fix)
    }
}

spoken!(BatchNameFault);

impl BatchName {
    /// Reads a name. It is not trimmed: the name is in every id, so it stays as it was given.
    pub fn parse(text: &str) -> Result<Self, BatchNameFault> {
        if text.trim().is_empty() {
            Err(BatchNameFault::Missing)
        } else if !text.chars().all(may_stand_in_a_file_name) {
            Err(BatchNameFault::Characters)
        } else if text.starts_with(['.', ' ']) || text.ends_with(['.', ' ']) {
            Err(BatchNameFault::Ends)
        } else if text.chars().count() > BATCH_NAME_CHARS_MAX || text.len() > BATCH_NAME_BYTES_MAX {
            Err(BatchNameFault::Length)
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Letters and digits of any script with the marks that belong to them; other characters only if listed, since
/// invisible ones would make two names look alike.
fn may_stand_in_a_file_name(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || " ._-()[]+,&@#=~'!{}$%^;".contains(c);
    }
    c.is_alphanumeric() || is_indic_mark(c)
}

/// Vowel signs and viramas of India's scripts, which are not alphanumeric by themselves.
fn is_indic_mark(c: char) -> bool {
    ('\u{900}'..='\u{dff}').contains(&c)
}

impl fmt::Display for BatchName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batch_names() {
        let longest = "a".repeat(100);
        for text in [
            "june",
            "payroll-2026-07",
            "June (final)",
            "जून 2026",
            "a.b",
            "प्रोत्साहन",
            &longest,
        ] {
            assert_eq!(BatchName::parse(text).unwrap().as_str(), text);
        }
        use BatchNameFault as F;
        let long = "a".repeat(101);
        let wide = "é".repeat(101);
        let heavy = "आ".repeat(70);
        let table = [
            ("", F::Missing),
            ("  ", F::Missing),
            (&long, F::Length),
            (&wide, F::Length),
            (&heavy, F::Length),
            ("a/b", F::Characters),
            ("a\\b", F::Characters),
            ("../x", F::Characters),
            ("a\nb", F::Characters),
            ("a\u{1b}[0m", F::Characters),
            ("a:b", F::Characters),
            ("a*b", F::Characters),
            ("a?b", F::Characters),
            ("a\0b", F::Characters),
            ("a\u{202e}b", F::Characters),
            ("a\u{200b}b", F::Characters),
            (".hidden", F::Ends),
            ("..", F::Ends),
            (" june", F::Ends),
            ("june ", F::Ends),
            ("june.", F::Ends),
        ];
        for (text, fault) in table {
            assert_eq!(BatchName::parse(text), Err(fault), "{text:?}");
        }
    }
}
