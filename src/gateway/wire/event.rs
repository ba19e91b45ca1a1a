//! Their events: what Cashfree posts when a link is redeemed, dies or is returned, in the V1 scheme. PURE.
//!
//! cashgram-api.md 4: parameters as a form or as one flat JSON object; the signature is over the values alone, sorted by
//! key and joined **without separators**. So characters may wander from one value to its neighbour, and a key may be
//! another, without the signature noticing: nothing here is to be believed beyond "somebody who once saw a signed event
//! names this id".
//!
//! Deliberately absent: secrets and signatures' proof (`webhooks::verify`), amounts, and any effect of an event.

use std::collections::BTreeMap;
use std::fmt;

use super::super::json::{self, Plain};
use crate::domain::StatusClass;

/// Most parameters of one event: theirs have six.
const FIELDS_MAX: usize = 64;
/// Longest id that the gateway takes (cashgram-api.md 2.4).
const ID_CHARS_MAX: usize = 36;
/// Longest word of an event that is kept.
const WORD_CHARS_MAX: usize = 48;
/// The parameter that is not signed, being the signature.
const SIGNATURE: &str = "signature";
/// The id's key: the documentation's spelling, and that of their SDK.
const ID_KEYS: [&str; 2] = ["cashgramid", "cashgramId"];

/// The parameters of one event, unproved. They are not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Event(BTreeMap<String, String>);

impl fmt::Debug for Event {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Event({} parameters)", self.0.len())
    }
}

impl Event {
    /// Reads a body: JSON where it says so or looks so, else a form.
    ///
    /// # Errors
    ///
    /// Says, without quoting it, what else the body is.
    pub fn read(content_type: &str, body: &[u8]) -> Result<Event, String> {
        let says_form = content_type.contains("x-www-form-urlencoded");
        if !says_form && body.trim_ascii_start().starts_with(b"{") {
            Event::from_json(body)
        } else {
            Event::from_form(body)
        }
    }

    fn from_form(body: &[u8]) -> Result<Event, String> {
        let mut fields = BTreeMap::new();
        for (key, value) in form_urlencoded::parse(body) {
            put(&mut fields, key.into_owned(), value.into_owned())?;
        }
        Ok(Event(fields))
    }

    fn from_json(body: &[u8]) -> Result<Event, String> {
        let mut fields = BTreeMap::new();
        for (key, value) in json::object(body)? {
            let text = match value {
                // "Null or empty values add nothing" to what is signed.
                Plain::Null => String::new(),
                Plain::Whole(text) | Plain::Decimal(text) | Plain::Text(text) => text,
                Plain::Flag | Plain::List | Plain::Object(_) => {
                    return Err("JSON with a value that is neither text nor number".to_owned());
                }
            };
            put(&mut fields, key, text)?;
        }
        Ok(Event(fields))
    }

    /// What the signature is over: all values but its own, sorted by key, joined without separators.
    pub fn signed_text(&self) -> String {
        self.0
            .iter()
            .filter(|(key, _)| *key != SIGNATURE)
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// The signature as sent. A sender that left `+` unescaped in a form sent a space.
    pub fn signature(&self) -> Option<String> {
        let text = self.0.get(SIGNATURE)?;
        Some(text.trim().replace(' ', "+"))
    }

    /// The id that it names, if that could be one.
    pub fn id(&self) -> Option<&str> {
        let mut named = ID_KEYS.iter().filter_map(|key| self.0.get(*key));
        let id = named.next()?;
        let one = named.all(|other| other == id);
        let fits = !id.is_empty() && id.len() <= ID_CHARS_MAX;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        (one && fits && id.bytes().all(plain)).then_some(id)
    }

    /// Its word, such as `CASHGRAM_REDEEMED`; blank if it has none. For people, and cut to what a word may be.
    pub fn word(&self) -> String {
        let word = self.0.get("event").map_or("", String::as_str);
        let plain = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
        word.chars().filter(plain).take(WORD_CHARS_MAX).collect()
    }
}

fn put(fields: &mut BTreeMap<String, String>, key: String, value: String) -> Result<(), String> {
    if fields.len() == FIELDS_MAX {
        return Err("more parameters than any event has".to_owned());
    }
    match fields.insert(key, value) {
        None => Ok(()),
        Some(_) => Err("a parameter twice".to_owned()),
    }
}

/// Whether a link that reads as `found` bears out an event of that word. Only for when to look again: an event may be
/// faster than the gateway's own answers, or be overtaken.
pub fn bears_out(word: &str, found: StatusClass) -> bool {
    let said = super::status(word).class;
    let overtaken = said == StatusClass::Redeemed && found == StatusClass::Reversed;
    said == StatusClass::Other || said == found || overtaken
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The wire form of cashgram-api.md 4.2.
    const FORM: &str = "event=CASHGRAM_REDEEMED&cashgramid=OCT26_0001&referenceId=7300451&eventTime=2026-10-12+14%3A05%3A31\
        &utr=628514009921&signature=3g3ocKwUz3mWR3DHbZbRs1wWYSlwbq%2FL%2BzmDJxZep3s%3D";

    #[test]
    fn both_forms_say_the_same() {
        let form = Event::read("application/x-www-form-urlencoded", FORM.as_bytes()).unwrap();
        let json = br#"{"event":"CASHGRAM_REDEEMED","cashgramId":"OCT26_0001","referenceId":7300451,"nothing":null,
            "eventTime":"2026-10-12 14:05:31","utr":628514009921,"signature":"3g3ocKwUz3mWR3DHbZbRs1wWYSlwbq/L zmDJxZep3s="}"#;
        let json = Event::read("application/json", json).unwrap();
        let text = "OCT26_0001CASHGRAM_REDEEMED2026-10-12 14:05:317300451628514009921";
        for event in [form, json] {
            assert_eq!(event.signed_text(), text);
            assert_eq!(event.id(), Some("OCT26_0001"));
            assert_eq!(event.word(), "CASHGRAM_REDEEMED");
            let signature = event.signature().unwrap();
            assert_eq!(signature, "3g3ocKwUz3mWR3DHbZbRs1wWYSlwbq/L+zmDJxZep3s=");
            assert_eq!(format!("{event:?}").find("OCT26"), None);
        }
    }

    #[test]
    fn what_says_two_things_or_nothing_is_refused() {
        for body in [
            "a=1&a=2",
            "{\"a\":1,\"a\":2}",
            "{\"a\":{}}",
            "{\"a\":[1]}",
            "{",
        ] {
            assert!(Event::read("", body.as_bytes()).is_err(), "{body}");
        }
        let many = (0..65).map(|n| format!("k{n}=v&")).collect::<String>();
        assert!(Event::read("", many.as_bytes()).is_err());
    }

    #[test]
    fn an_id_is_one_or_none() {
        let id = |body: &str| {
            Event::read("", body.as_bytes())
                .unwrap()
                .id()
                .map(str::to_owned)
        };
        assert_eq!(id("cashgramid=a&cashgramId=a").as_deref(), Some("a"));
        for none in [
            "cashgramid=a&cashgramId=b",
            "cashgramid=",
            "cashgramid=a+b",
            "x=1",
            &format!("cashgramid={}", "a".repeat(37)),
        ] {
            assert_eq!(id(none), None, "{none}");
        }
        let odd = Event::read("", b"event=A%0aB%1b[2J").unwrap();
        assert_eq!(odd.word(), "AB2J");
        assert!(odd.signature().is_none());
    }

    #[test]
    fn an_event_is_borne_out_by_its_status_or_by_what_follows_it() {
        use StatusClass::{Active, Expired, Redeemed, Reversed};
        for (word, found, borne_out) in [
            ("CASHGRAM_REDEEMED", Redeemed, true),
            ("CASHGRAM_REDEEMED", Reversed, true),
            ("CASHGRAM_REDEEMED", Active, false),
            ("CASHGRAM_TRANSFER_REVERSAL", Redeemed, false),
            ("CASHGRAM_TRANSFER_REVERSAL", Reversed, true),
            ("CASHGRAM_EXPIRED", Expired, true),
            ("CASHGRAM_EXPIRED", Active, false),
            ("SOMETHING_NEW", Active, true),
        ] {
            assert_eq!(bears_out(word, found), borne_out, "{word} {found:?}");
        }
    }
}
