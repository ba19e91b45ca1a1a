//! A strict reading of JSON from the other side: one object, no key twice, bounded depth, no floats.
//!
//! `serde_json::Value` keeps the last of two equal keys, so a reply that says two things would be read as saying
//! one of them. Here such a reply is an error, and an error is a payout in doubt.
//!
//! Deliberately absent: array elements (no reply of this API carries one; they are checked and dropped), and
//! floats: a number with a fraction is kept as its decimal text.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// Deepest nesting that is read. Their replies nest two deep; a deeper one is not theirs.
const DEPTH_MAX: u8 = 32;
/// Most keys in one object. Their largest has seven; looking for equal keys is quadratic in this number.
const KEYS_MAX: usize = 256;

/// A JSON value, as far as this API uses JSON. It is not printed: it may hold a token.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(super) enum Plain {
    /// `null`.
    Null,
    /// `true` or `false`.
    Flag,
    /// A whole number, as text.
    Whole(String),
    /// A number with a fraction or beyond 64 bits, as decimal text.
    Decimal(String),
    /// A string.
    Text(String),
    /// An array; what was in it is dropped.
    List,
    /// An object, in the order received, each key once.
    Object(Object),
}

/// The fields of an object, in the order received, each key once.
pub(super) type Object = Vec<(String, Plain)>;

/// Reads `bytes` as one JSON object and nothing after it.
pub(super) fn object(bytes: &[u8]) -> Result<Object, String> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let plain = Depth(DEPTH_MAX)
        .deserialize(&mut reader)
        .and_then(|plain| reader.end().map(|()| plain))
        .map_err(|error| fault(&error))?;
    match plain {
        Plain::Object(fields) => Ok(fields),
        Plain::Null
        | Plain::Flag
        | Plain::Whole(_)
        | Plain::Decimal(_)
        | Plain::Text(_)
        | Plain::List => Err("JSON, but not an object".to_owned()),
    }
}

/// The value under `key`, where `null` counts as absent.
pub(super) fn get<'o>(object: &'o [(String, Plain)], key: &str) -> Option<&'o Plain> {
    object
        .iter()
        .find(|(name, value)| name == key && *value != Plain::Null)
        .map(|(_, value)| value)
}

/// The fault without the text around it: a reply may hold a token or a person's data, an error message never does.
fn fault(error: &serde_json::Error) -> String {
    if error.is_eof() {
        "JSON that breaks off".to_owned()
    } else if error.is_data() {
        "JSON with a key twice, or nested too deep".to_owned()
    } else {
        "not JSON".to_owned()
    }
}

/// How much deeper the reading may go.
#[derive(Clone, Copy)]
struct Depth(u8);

impl Depth {
    fn below<E: de::Error>(self) -> Result<Depth, E> {
        match self.0.checked_sub(1) {
            Some(left) => Ok(Depth(left)),
            None => Err(E::custom("nested too deep")),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Depth {
    type Value = Plain;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Plain, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Depth {
    type Value = Plain;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Plain, E> {
        Ok(Plain::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Plain, E> {
        Ok(Plain::Flag)
    }

    fn visit_u64<E>(self, number: u64) -> Result<Plain, E> {
        Ok(Plain::Whole(number.to_string()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Plain, E> {
        Ok(Plain::Whole(number.to_string()))
    }

    /// The shortest text that reads back as the same number: exact for any sum of rupees with two decimals below
    /// ten million million. Nothing is ever computed with it.
    fn visit_f64<E>(self, number: f64) -> Result<Plain, E> {
        Ok(Plain::Decimal(number.to_string()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Plain, E> {
        Ok(Plain::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Plain, A::Error> {
        let below = self.below()?;
        while list.next_element_seed(below)?.is_some() {}
        Ok(Plain::List)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Plain, A::Error> {
        let below = self.below()?;
        let mut fields = Object::new();
        while let Some(key) = map.next_key::<String>()? {
            if fields.len() == KEYS_MAX {
                return Err(de::Error::custom("too many keys"));
            }
            if fields.iter().any(|(known, _)| *known == key) {
                return Err(de::Error::custom("a key twice"));
            }
            let value = map.next_value_seed(below)?;
            fields.push((key, value));
        }
        Ok(Plain::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_read_in_order() {
        let read =
            object(br#" {"b":"x","a":7,"n":null,"m":-2,"d":1.50,"o":{"k":true},"l":[1,{}]} "#);
        assert_eq!(
            read.unwrap(),
            vec![
                ("b".into(), Plain::Text("x".into())),
                ("a".into(), Plain::Whole("7".into())),
                ("n".into(), Plain::Null),
                ("m".into(), Plain::Whole("-2".into())),
                ("d".into(), Plain::Decimal("1.5".into())),
                ("o".into(), Plain::Object(vec![("k".into(), Plain::Flag)])),
                ("l".into(), Plain::List),
            ]
        );
    }

    #[test]
    fn what_is_not_one_plain_object_is_refused() {
        for (bytes, fault) in [
            (&b""[..], "JSON that breaks off"),
            (b"{\"a\":", "JSON that breaks off"),
            (b"<html>", "not JSON"),
            (b"{} {}", "not JSON"),
            (b"[]", "JSON, but not an object"),
            (b"\"x\"", "JSON, but not an object"),
            (
                b"{\"a\":1,\"a\":1}",
                "JSON with a key twice, or nested too deep",
            ),
            (
                b"{\"a\":1,\"\\u0061\":1}",
                "JSON with a key twice, or nested too deep",
            ),
            (
                b"{\"d\":{\"a\":1,\"a\":1}}",
                "JSON with a key twice, or nested too deep",
            ),
            (
                b"{\"l\":[{\"a\":1,\"a\":1}]}",
                "JSON with a key twice, or nested too deep",
            ),
            (b"{\"a\":\"\xff\"}", "not JSON"),
            (b"{\"a\":1e999}", "not JSON"),
        ] {
            assert_eq!(
                object(bytes).unwrap_err(),
                fault,
                "{}",
                bytes.escape_ascii()
            );
        }
    }

    #[test]
    fn depth_is_bounded() {
        let nested =
            |depth: usize| format!("{}{}", "{\"a\":".repeat(depth), "1") + &"}".repeat(depth);
        assert!(object(nested(32).as_bytes()).is_ok());
        assert!(object(nested(33).as_bytes()).is_err());
        assert!(object("[".repeat(200_000).as_bytes()).is_err());
        assert!(object("{\"a\":".repeat(50_000).as_bytes()).is_err());
    }

    #[test]
    fn null_is_absent() {
        let read = object(br#"{"a":null,"b":"x"}"#).unwrap();
        assert_eq!(get(&read, "a"), None);
        assert_eq!(get(&read, "c"), None);
        assert_eq!(get(&read, "b"), Some(&Plain::Text("x".into())));
    }
}
