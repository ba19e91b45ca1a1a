//! Who sent an event: the proof of its signature. PURE.
//!
//! V1: HMAC-SHA256 over the values, base64, with the client secret of the account's oldest active key pair; while keys
//! are being changed, the former secret is good as well. The comparison takes the same time wherever it fails.
//!
//! Deliberately absent: any window of time. A V1 event carries no time that is worth anything, so a replay is as good as
//! the event; that is why an event never does more than ask the gateway.

use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};

use crate::gateway::wire::Event;

/// Bytes of a hash that are kept: no two payloads of a lifetime coincide in them.
const PRINT_BYTES: usize = 16;

/// The secrets that may have signed an event.
pub struct Keys(Vec<hmac::Key>);

impl Keys {
    /// Keys of these secrets.
    pub fn new<'s>(secrets: impl IntoIterator<Item = &'s SecretString>) -> Keys {
        let key = |secret: &SecretString| {
            hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes())
        };
        Keys(secrets.into_iter().map(key).collect())
    }
}

/// An event that the gateway signed, or somebody who saw it sign one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Hash of what was signed. Events that differ in where one value ends and the next begins share it.
    pub print: [u8; PRINT_BYTES],
    /// The id that it names.
    pub id: Option<String>,
    /// Its word, for people.
    pub word: String,
}

/// Why an event is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It carries no signature, or one that is no base64.
    #[error("it is not signed")]
    Unsigned,
    /// None of our secrets made it.
    #[error("its signature is not of our secrets")]
    Forged,
}

/// Proves an event.
///
/// # Errors
///
/// [`Refused`]: it is to have no effect.
pub fn verify(event: &Event, keys: &Keys) -> Result<Verified, Refused> {
    let signature = event.signature().ok_or(Refused::Unsigned)?;
    let tag = STANDARD.decode(signature).map_err(|_| Refused::Unsigned)?;
    let text = event.signed_text();
    let signed_by = |key: &&hmac::Key| hmac::verify(key, text.as_bytes(), &tag).is_ok();
    if keys.0.iter().find(signed_by).is_none() {
        return Err(Refused::Forged);
    }
    let mut print = [0; PRINT_BYTES];
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    for (to, from) in print.iter_mut().zip(hash.as_ref()) {
        *to = *from;
    }
    Ok(Verified {
        print,
        id: event.id().map(str::to_owned),
        word: event.word(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECRET: &str = "cg_demo_secret_01";

    fn keys(secrets: &[&str]) -> Keys {
        let secrets: Vec<SecretString> = secrets.iter().map(|text| (*text).into()).collect();
        Keys::new(&secrets)
    }

    fn form(fields: &[(&str, &str)]) -> Event {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        Event::read("application/x-www-form-urlencoded", body.as_bytes()).unwrap()
    }

    fn sign(secret: &str, text: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        STANDARD.encode(hmac::sign(&key, text.as_bytes()))
    }

    /// cashgram-api.md 4.2
    #[test]
    fn the_published_scheme() {
        let vectors: [(&[(&str, &str)], &str); 3] = [
            (
                &[
                    ("event", "CASHGRAM_REDEEMED"),
                    ("cashgramid", "OCT26_0001"),
                    ("referenceId", "7300451"),
                    ("eventTime", "2026-10-12 14:05:31"),
                    ("utr", "628514009921"),
                ],
                "3g3ocKwUz3mWR3DHbZbRs1wWYSlwbq/L+zmDJxZep3s=",
            ),
            (
                &[
                    ("event", "CASHGRAM_EXPIRED"),
                    ("cashgramid", "OCT26_0002"),
                    ("reason", "TRANSFER_ATTEMPTS_EXCEEDED"),
                ],
                "sJunTZWe0UvCwCg0xP7+OjUM9K2ths0w/xUXy2ApsBo=",
            ),
            (
                &[
                    ("event", "CASHGRAM_TRANSFER_REVERSAL"),
                    ("cashgramid", "OCT26_0003"),
                    ("referenceId", "7300453"),
                    ("eventTime", "2026-10-13 09:00:00"),
                ],
                "WMaAHBabWaJIBzVEqnjMeWIRGstxI5A9f/JZyhj5bHk=",
            ),
        ];
        for (fields, signature) in vectors {
            let signed = [fields, &[("signature", signature)]].concat();
            let event = form(&signed);
            let read = verify(&event, &keys(&[SECRET])).unwrap();
            assert_eq!(read.id.as_deref(), Some(fields[1].1));
            // While keys are being changed either is good, and no other.
            assert!(verify(&event, &keys(&["new", SECRET])).is_ok());
            assert_eq!(verify(&event, &keys(&["new"])), Err(Refused::Forged));
            assert_eq!(verify(&event, &keys(&[])), Err(Refused::Forged));
            assert_eq!(
                verify(&form(fields), &keys(&[SECRET])),
                Err(Refused::Unsigned)
            );
            let broken = [fields, &[("signature", "not base64")]].concat();
            assert_eq!(
                verify(&form(&broken), &keys(&[SECRET])),
                Err(Refused::Unsigned)
            );
        }
    }

    /// Values are joined without separators: the signature holds, and the id is another. Both share one print.
    #[test]
    fn webhook_boundary_shift() {
        let signature = sign(SECRET, "june-abcCASHGRAM_REDEEMED");
        let read = |id: &str, event: &str| {
            let fields = [
                ("cashgramid", id),
                ("event", event),
                ("signature", &*signature),
            ];
            verify(&form(&fields), &keys(&[SECRET])).unwrap()
        };
        let (honest, shifted) = (
            read("june-abc", "CASHGRAM_REDEEMED"),
            read("june-ab", "cCASHGRAM_REDEEMED"),
        );
        assert_eq!(honest.print, shifted.print);
        assert_eq!(shifted.id.as_deref(), Some("june-ab"));
    }

    proptest! {
        #[test]
        fn whatever_is_signed_is_accepted_and_whatever_is_changed_is_not(
            fields in proptest::collection::btree_map("[a-zA-Z]{1,8}", "\\PC{0,12}", 1..6), flip in any::<prop::sample::Index>(),
        ) {
            let mut fields = fields;
            fields.remove("signature");
            let text: String = fields.values().map(String::as_str).collect();
            let signature = sign(SECRET, &text);
            let mut pairs: Vec<(&str, &str)> = fields.iter().map(|(key, value)| (&**key, &**value)).collect();
            pairs.push(("signature", &signature));
            prop_assert!(verify(&form(&pairs), &keys(&[SECRET])).is_ok());
            let at = flip.index(pairs.len());
            let other = format!("{}x", pairs[at].1);
            pairs[at].1 = &other;
            prop_assert!(verify(&form(&pairs), &keys(&[SECRET])).is_err());
        }

        #[test]
        fn no_body_brings_it_down(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(event) = Event::read("", &body) {
                prop_assert!(verify(&event, &keys(&[SECRET])).is_err());
            }
        }
    }
}
