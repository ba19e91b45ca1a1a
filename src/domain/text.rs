//! Texts within the gateway's documented characters: what it would refuse does not leave the sheet.
//!
//! Deliberately absent: any repair. A name with an accent or a typographic quote is refused with its cure, since
//! the name is compared with the bank's.

use std::fmt;

use super::words::{Words, spoken};

/// The gateway's limit on names.
pub const NAME_CHARS_MAX: usize = 100;
/// No limit is documented for remarks; other integrations that work stay within 70.
pub const REMARKS_CHARS_MAX: usize = 70;
/// The dashboard's limit on payout types.
pub const PAYOUT_TYPE_CHARS_MAX: usize = 20;
/// The dashboard's limit on the description ("reason").
pub const DESCRIPTION_CHARS_MAX: usize = 100;

/// `text` without the white space around it. Decided by two bytes where there is none, since this runs many times
/// a row.
pub fn trimmed(text: &str) -> &str {
    match text.as_bytes() {
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
        _ => text.trim(),
    }
}

/// A set of bytes that is asked for every character of a sheet: the ASCII letters, the digits if so, and `more`.
pub(super) const fn byte_set(more: &[u8], digits: bool) -> [bool; 256] {
    let mut set = [false; 256];
    let mut rest: &mut [bool] = &mut set;
    let mut byte: u8 = 0;
    while let [slot, tail @ ..] = rest {
        let usual = byte.is_ascii_alphabetic() || (digits && byte.is_ascii_digit());
        *slot = usual || has(more, byte);
        byte = byte.wrapping_add(1);
        rest = tail;
    }
    set
}

const fn has(bytes: &[u8], wanted: u8) -> bool {
    match bytes {
        [first, rest @ ..] => *first == wanted || has(rest, wanted),
        [] => false,
    }
}

/// Whether a set has a byte.
pub(super) fn holds(set: &[bool; 256], byte: u8) -> bool {
    set.get(usize::from(byte)).copied().unwrap_or(false)
}

/// Why a text is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TextFault {
    kind: TextKind,
    breach: TextBreach,
}

/// Which text it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum TextKind {
    Name,
    Remarks,
    PayoutType,
    Description,
}

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextBreach {
    /// Blank.
    Missing,
    /// Too long.
    Length,
    /// A letter outside A to Z.
    Letters,
    /// Another character that the gateway does not take.
    Characters,
}

impl TextFault {
    /// What is wrong with the text.
    pub fn breach(self) -> TextBreach {
        self.breach
    }

    /// Its code, sentence and cure.
    pub fn words(self) -> Words {
        let (code, problem, fix) = match self.kind {
            TextKind::Name => name_words(self.breach),
            TextKind::Remarks => remarks_words(self.breach),
            TextKind::PayoutType => payout_type_words(self.breach),
            TextKind::Description => description_words(self.breach),
        };
        Words::new(code, problem, fix)
    }
}

spoken!(TextFault);

type Three = (&'static str, &'static str, &'static str);

fn name_words(breach: TextBreach) -> Three {
    match breach {
        TextBreach::Missing => (
            "name.missing",
            "the name is blank",
            "type the recipient's name, or remove the row",
        ),
        TextBreach::Length => (
            "name.length",
            "the name is longer than 100 characters",
            "shorten it to 100 characters",
        ),
        TextBreach::Letters => (
            "name.letters",
            "the name {} has letters other than A to Z",
            "write the name in English letters, as on the bank account",
        ),
        TextBreach::Characters => (
            "name.characters",
            "the name {} has characters that the gateway refuses",
            "use only letters, digits, spaces and . - / &",
        ),
    }
}

fn remarks_words(breach: TextBreach) -> Three {
    match breach {
        TextBreach::Missing => ("remarks.missing", "the remarks are blank", "type some"),
        TextBreach::Length => (
            "remarks.length",
            "the remarks are longer than 70 characters",
            "shorten them to 70 characters",
        ),
        TextBreach::Letters => (
            "remarks.letters",
            "the remarks {} have letters other than A to Z",
            "write them in English letters",
        ),
        TextBreach::Characters => (
            "remarks.characters",
            "the remarks {} have characters that the gateway refuses",
            "use only letters, digits and spaces",
        ),
    }
}

fn payout_type_words(breach: TextBreach) -> Three {
    match breach {
        TextBreach::Missing => (
            "payout_type.missing",
            "the payout type is blank",
            "type one, such as Refund",
        ),
        TextBreach::Length => (
            "payout_type.length",
            "the payout type {} is longer than 20 characters",
            "shorten it to 20 characters",
        ),
        TextBreach::Letters => (
            "payout_type.letters",
            "the payout type {} has letters other than A to Z",
            "write it in English letters",
        ),
        TextBreach::Characters => (
            "payout_type.characters",
            "the payout type {} has characters that the gateway refuses",
            "use only letters and spaces",
        ),
    }
}

fn description_words(breach: TextBreach) -> Three {
    match breach {
        TextBreach::Missing => (
            "description.missing",
            "the description is blank",
            "type one",
        ),
        TextBreach::Length => (
            "description.length",
            "the description is longer than 100 characters",
            "shorten it to 100 characters",
        ),
        TextBreach::Letters => (
            "description.letters",
            "the description {} has letters other than A to Z",
            "write it in English letters",
        ),
        TextBreach::Characters => (
            "description.characters",
            "the description {} has characters that the gateway refuses",
            "use only letters, digits and spaces",
        ),
    }
}

/// One type of text: trimmed, not blank, within its limit and characters.
macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $kind:expr, $max:expr, $allowed:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash)]
        pub struct $name(String);

        impl $name {
            /// Reads the text.
            pub fn parse(text: &str) -> Result<Self, TextFault> {
                Self::check(text).map(|()| Self(text.trim().to_owned()))
            }

            /// Whether `parse` would take it; does not allocate.
            pub fn check(text: &str) -> Result<(), TextFault> {
                static ALLOWED: [bool; 256] = $allowed;
                check(trimmed(text), $max, &ALLOWED).map_err(|breach| TextFault { kind: $kind, breach })
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    };
}

text_type!(
    /// The recipient's name: 1 to 100 of letters, digits, space `.` `-` `/` `&`.
    PayeeName, TextKind::Name, NAME_CHARS_MAX,
    byte_set(b" .-/&", true)
);
text_type!(
    /// What the payment is for: at most 70 letters, digits, spaces.
    Remarks, TextKind::Remarks, REMARKS_CHARS_MAX,
    byte_set(b" ", true)
);
text_type!(
    /// A free label such as `Refund`: at most 20 letters and spaces.
    PayoutType, TextKind::PayoutType, PAYOUT_TYPE_CHARS_MAX,
    byte_set(b" ", false)
);
text_type!(
    /// The dashboard's "reason": at most 100 letters, digits, spaces.
    Description, TextKind::Description, DESCRIPTION_CHARS_MAX,
    byte_set(b" ", true)
);

/// Without leaving early, which is faster where nearly every text is good.
fn hold_all(set: &[bool; 256], text: &str) -> bool {
    text.bytes()
        .fold(true, |good, byte| good & holds(set, byte))
}

fn check(text: &str, max: usize, allowed: &[bool; 256]) -> Result<(), TextBreach> {
    if text.is_empty() {
        return Err(TextBreach::Missing);
    }
    // Every allowed character is one byte, so bytes may be counted.
    if hold_all(allowed, text) {
        return if text.len() > max {
            Err(TextBreach::Length)
        } else {
            Ok(())
        };
    }
    if text.chars().any(|c| c.is_alphabetic() && !c.is_ascii()) {
        Err(TextBreach::Letters)
    } else {
        Err(TextBreach::Characters)
    }
}

impl fmt::Debug for PayeeName {
    /// The first letter: a name is personal data.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "PayeeName({}***)",
            self.0.chars().next().unwrap_or(' ')
        )
    }
}

impl fmt::Debug for Remarks {
    /// Its length: remarks may say anything about a person.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Remarks({} characters)", self.0.len())
    }
}

impl fmt::Debug for PayoutType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "PayoutType({:?})", self.0)
    }
}

impl fmt::Debug for Description {
    /// Its length: a description may say anything about a person.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Description({} characters)", self.0.len())
    }
}

#[cfg(test)]
mod tests;
