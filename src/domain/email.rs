//! An e-mail address that the gateway will take. Never printed whole by `Display` or `Debug`.
//!
//! Deliberately absent: quoted local parts, address literals and non-ASCII addresses, which no mail system that
//! sends payout links promises to reach; and any look-up of the domain.

use std::fmt;

use super::text::{byte_set, holds, trimmed};
use super::words::{Words, spoken};

/// The gateway's own limit.
const EMAIL_BYTES_MAX: usize = 200;
/// RFC 5321, 4.5.3.1.1.
const LOCAL_BYTES_MAX: usize = 64;
/// RFC 1035, 2.3.4.
const LABEL_BYTES_MAX: usize = 63;

/// A plausible e-mail address.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

/// Why a text is not an e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EmailFault {
    /// No `@`, or more than one.
    At,
    /// What stands before the `@`.
    Local,
    /// What stands after the `@`.
    Domain,
    /// Longer than the gateway takes.
    Length,
    /// Spaces, commas or other characters that no address has.
    Characters,
}

impl EmailFault {
    /// Its code, sentence and cure. The sentence never names the address: it may be shown on screen.
    pub fn words(self) -> Words {
        let (code, problem, fix) = match self {
            Self::At => (
                "email.at",
                "this address does not have exactly one @",
                "write one address, such as asha@example.com, or leave the cell blank",
            ),
            Self::Local => (
                "email.local",
                "the part of this address before the @ is not valid",
                "correct the address or leave the cell blank",
            ),
            Self::Domain => (
                "email.domain",
                "the part of this address after the @ is not a domain such as example.com",
                "correct the address or leave the cell blank",
            ),
            Self::Length => (
                "email.length",
                "this address is longer than 200 characters",
                "give a shorter address or leave the cell blank",
            ),
            Self::Characters => (
                "email.characters",
                "this address has characters that no e-mail address has",
                "remove spaces, brackets and accented letters, or leave the cell blank",
            ),
        };
        Words::new(code, problem, fix)
    }
}

spoken!(EmailFault);

impl Email {
    /// Reads an address.
    pub fn parse(text: &str) -> Result<Self, EmailFault> {
        Self::check(text).map(|()| Self(trimmed(text).to_owned()))
    }

    /// Whether [`Email::parse`] would take it; does not allocate.
    pub fn check(text: &str) -> Result<(), EmailFault> {
        let text = trimmed(text);
        if text.len() > EMAIL_BYTES_MAX {
            return Err(EmailFault::Length);
        }
        if is_plain(text.as_bytes()) {
            return Ok(());
        }
        let (local, domain) = split(text)?;
        if local.len() > LOCAL_BYTES_MAX || !is_dotted(local, |_| true) {
            return Err(EmailFault::Local);
        }
        check_domain(domain)
    }

    /// The address: personal data.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What may stand in an address: RFC 5322 `atext`, dots and the `@`.
static IN_ADDRESS: [bool; 256] = byte_set(b".@!#$%&'*+-/=?^_`{|}~", true);

/// Letters and digits, of which words are made.
static IN_WORD: [bool; 256] = byte_set(b"", true);

/// Nearly every address, in one pass, since this runs once a row: words between single dots, hyphens or one `@`,
/// the domain dotted and ending in letters. What is not plain may still be an address.
fn is_plain(bytes: &[u8]) -> bool {
    let (mut rest, mut local, mut dots) = (bytes, true, 0);
    loop {
        let word = rest.iter().position(|byte| !holds(&IN_WORD, *byte));
        let Some((word, [mark, behind @ ..])) = rest.split_at_checked(word.unwrap_or(rest.len()))
        else {
            break;
        };
        match mark {
            b'.' => dots += 1,
            b'-' => dots = 0,
            b'@' if local => (local, dots) = (false, 0),
            _ => return false,
        }
        if word.is_empty() {
            return false;
        }
        rest = behind;
    }
    let top = rest.len() >= 2 && rest.iter().all(u8::is_ascii_alphabetic);
    !local && dots > 0 && top && bytes.len() <= LABEL_BYTES_MAX
}

/// Both sides of the one `@`.
fn split(text: &str) -> Result<(&[u8], &[u8]), EmailFault> {
    let bytes = text.as_bytes();
    let (mut at, mut ats) = (0, 0);
    for (index, byte) in bytes.iter().enumerate() {
        if !holds(&IN_ADDRESS, *byte) {
            return Err(EmailFault::Characters);
        }
        if *byte == b'@' {
            at = index;
            ats += 1;
        }
    }
    match (ats, bytes.split_at_checked(at)) {
        (1, Some((local, [_, domain @ ..]))) => Ok((local, domain)),
        _ => Err(EmailFault::At),
    }
}

/// Whether `text` is parts between dots, none of them empty, and `sane` holds for each.
fn is_dotted(text: &[u8], sane: impl Fn(&[u8]) -> bool) -> bool {
    text.split(|byte| *byte == b'.')
        .all(|part| !part.is_empty() && sane(part))
}

fn check_domain(domain: &[u8]) -> Result<(), EmailFault> {
    let sane = is_dotted(domain, |label| {
        let inner = label
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || *b == b'-');
        let ends = label.first() != Some(&b'-') && label.last() != Some(&b'-');
        inner && ends && label.len() <= LABEL_BYTES_MAX
    });
    let mut labels = domain.rsplit(|byte| *byte == b'.');
    let last = labels.next().unwrap_or_default();
    let named = last.len() >= 2 && !last.iter().all(u8::is_ascii_digit);
    if sane && named && labels.next().is_some() {
        Ok(())
    } else {
        Err(EmailFault::Domain)
    }
}

impl fmt::Display for Email {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let domain = self.0.split_once('@').map_or("", |(_, domain)| domain);
        write!(out, "***@{domain}")
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Email({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_that_are_read() {
        let long = format!("{}@example.com", "a".repeat(64));
        for text in [
            "asha@example.com",
            " asha.menon@example.com ",
            "a@b.co",
            "asha+pay@mail.example.co.in",
            "o'neil@example.org",
            "a_b-c@x-y.example",
            "1@2.in",
            "ASHA@EXAMPLE.COM",
            &long,
        ] {
            assert_eq!(Email::parse(text).unwrap().as_str(), text.trim());
        }
    }

    #[test]
    fn addresses_that_are_refused() {
        use EmailFault as F;
        let long_local = format!("{}@example.com", "a".repeat(65));
        let long = format!("a@{}.com", "b.".repeat(100));
        let long_label = format!("a@{}.com", "b".repeat(64));
        let table = [
            ("asha", F::At),
            ("", F::At),
            ("asha.example.com", F::At),
            ("a@b@example.com", F::At),
            ("@example.com", F::Local),
            (".a@example.com", F::Local),
            ("a.@example.com", F::Local),
            ("a..b@example.com", F::Local),
            (&long_local, F::Local),
            ("a@", F::Domain),
            ("a@example", F::Domain),
            ("a@.com", F::Domain),
            ("a@example.", F::Domain),
            ("a@ex..com", F::Domain),
            ("a@-x.com", F::Domain),
            ("a@x-.com", F::Domain),
            ("a@x_y.com", F::Domain),
            ("a@127.0.0.1", F::Domain),
            ("a@x.c", F::Domain),
            (&long_label, F::Domain),
            (&long, F::Length),
            ("a b@example.com", F::Characters),
            ("a@example.com, b@example.com", F::Characters),
            ("a@example.com;b@example.com", F::Characters),
            ("Asha <a@example.com>", F::Characters),
            ("ashá@example.com", F::Characters),
            ("\"a\"@example.com", F::Characters),
            ("a@[127.0.0.1]", F::Characters),
            ("a@example.com\u{200b}", F::Characters),
        ];
        for (text, fault) in table {
            assert_eq!(Email::parse(text), Err(fault), "{text}");
        }
    }

    #[test]
    fn the_short_way_is_never_wider_than_the_long_one() {
        let parts = ["a", "9", ".", "-", "@", "co", "_", "+"];
        let mut texts = vec![String::new()];
        for _ in 0..6 {
            let longer = texts
                .iter()
                .flat_map(|text| parts.map(|part| format!("{text}{part}")));
            texts = longer.collect();
            for text in texts.iter().filter(|text| is_plain(text.as_bytes())) {
                let (local, domain) = split(text).unwrap();
                assert!(
                    is_dotted(local, |_| true) && check_domain(domain).is_ok(),
                    "{text}"
                );
            }
        }
        assert!(is_plain(b"asha.menon@mail.example.co.in") && !is_plain(b"a+b@example.com"));
    }

    #[test]
    fn shows_its_domain_only() {
        let email = Email::parse("asha@example.com").unwrap();
        assert_eq!(email.to_string(), "***@example.com");
        assert_eq!(format!("{email:?}"), "Email(***@example.com)");
    }

    proptest! {
        #[test]
        fn plain_addresses_are_read(text in "[a-z0-9_+-]{1,20}(\\.[a-z0-9]{1,8})?@[a-z0-9]{1,12}\\.[a-z]{2,8}") {
            prop_assert!(Email::check(&text).is_ok());
        }

        #[test]
        fn no_text_is_too_odd(text in "\\PC{0,40}|[a@.-]{0,40}") {
            let _ = Email::check(&text);
        }
    }
}
