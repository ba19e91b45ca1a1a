//! What the bank answers, before it is put on the wire: code, text, data. Their words are all here.
//!
//! The envelope is always the same keys, in the order of the published samples. `render` is the only place that
//! makes JSON of it, so that mischief can bend exactly one thing at a time (`Bend`).
//!
//! Deliberately absent: HTTP. Which status line carries a refusal is a matter of style (`desk`).

use serde::Serialize;
use serde_json::Value;
use std::borrow::Cow;

/// What a request did to the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    None,
    /// A token was issued.
    Token,
    /// A Cashgram came into being.
    Created,
    /// A create request for an id that was there already.
    Known,
    /// A Cashgram was deactivated.
    Deactivated,
}

impl Effect {
    /// The word in the request log.
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Token => "token",
            Self::Created => "created",
            Self::Known => "known",
            Self::Deactivated => "deactivated",
        }
    }
}

/// One answer of the bank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The sub-code: 200, or why not.
    pub code: u16,
    /// The sentence, if there is one.
    pub message: Option<Cow<'static, str>>,
    /// The symbolic name that the documentation gives to this refusal.
    pub symbol: Option<&'static str>,
    /// What a success carries; boxed, so that refusals travel light.
    pub data: Option<Box<Data>>,
    /// What it did to the books.
    pub effect: Effect,
}

impl Answer {
    /// A refusal.
    pub(super) fn refused(code: u16, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: Some(message.into()),
            symbol: None,
            data: None,
            effect: Effect::None,
        }
    }

    /// A refusal that the documentation's table names.
    pub(super) fn named(
        code: u16,
        symbol: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            symbol: Some(symbol),
            ..Self::refused(code, message)
        }
    }

    /// A success.
    pub(super) fn done(
        message: impl Into<Cow<'static, str>>,
        data: Option<Data>,
        effect: Effect,
    ) -> Self {
        Self {
            data: data.map(Box::new),
            effect,
            ..Self::refused(200, message)
        }
    }

    /// Whether it is a success.
    pub const fn is_success(&self) -> bool {
        self.code == 200
    }
}

/// The `data` of a success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Data {
    /// Of authorize.
    Token {
        /// The bearer token.
        token: String,
        /// Unix seconds at which it dies.
        expiry: i64,
    },
    /// Of createCashgram.
    #[serde(rename_all = "camelCase")]
    Created {
        /// Our reference.
        reference_id: i64,
        /// The link.
        cashgram_link: String,
    },
    /// Of getCashgramStatus.
    #[serde(rename_all = "camelCase")]
    Standing {
        /// The status word.
        cashgram_status: String,
        /// Why it expired or failed.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// Our reference.
        #[serde(skip_serializing_if = "Option::is_none")]
        reference_id: Option<i64>,
        /// The caller's id.
        #[serde(skip_serializing_if = "Option::is_none")]
        cashgram_id: Option<String>,
        /// The link.
        #[serde(skip_serializing_if = "Option::is_none")]
        cashgram_link: Option<String>,
        /// The transfer that paid it out.
        #[serde(skip_serializing_if = "Option::is_none")]
        redeem_ref_id: Option<i64>,
        /// The bank's reference of that transfer.
        #[serde(skip_serializing_if = "Option::is_none")]
        utr: Option<String>,
    },
    /// Of getBalance.
    #[serde(rename_all = "camelCase")]
    Balance {
        /// Ledger.
        balance: String,
        /// Ledger less what is under way.
        available_balance: String,
    },
}

/// How mischief bends an otherwise correct envelope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Bend {
    /// Not at all.
    #[default]
    Straight,
    /// `subCode` as a number.
    SubCodeNumber,
    /// No `subCode`.
    SubCodeMissing,
    /// `"data": null`.
    DataNull,
}

/// The envelope: the same keys in the same order, always.
#[derive(Serialize)]
struct Envelope<'a> {
    status: &'static str,
    #[serde(rename = "subCode", skip_serializing_if = "Option::is_none")]
    sub_code: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Option<&'a Data>>,
}

/// The JSON of an answer.
pub(super) fn render(answer: &Answer, bend: Bend, symbols: bool) -> Vec<u8> {
    let sub_code = match bend {
        Bend::SubCodeMissing => None,
        Bend::SubCodeNumber => Some(Value::from(answer.code)),
        Bend::Straight | Bend::DataNull => Some(Value::from(answer.code.to_string())),
    };
    let envelope = Envelope {
        status: if answer.is_success() {
            "SUCCESS"
        } else {
            "ERROR"
        },
        sub_code,
        code: answer.symbol.filter(|_| symbols),
        message: answer.message.as_deref(),
        data: if bend == Bend::DataNull {
            Some(None)
        } else {
            answer.data.as_deref().map(Some)
        },
    };
    serde_json::to_vec(&envelope).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(answer: &Answer, bend: Bend, symbols: bool) -> String {
        String::from_utf8(render(answer, bend, symbols)).unwrap()
    }

    fn created() -> Answer {
        let data = Data::Created {
            reference_id: 7_300_451,
            cashgram_link: "https://sandbox.invalid/a1b2c3d".into(),
        };
        Answer::done("Cashgram Created", Some(data), Effect::Created)
    }

    #[test]
    fn a_success_reads_as_published() {
        let expected = r#"{"status":"SUCCESS","subCode":"200","message":"Cashgram Created","data":{"referenceId":7300451,"cashgramLink":"https://sandbox.invalid/a1b2c3d"}}"#;
        assert_eq!(text(&created(), Bend::Straight, true), expected);
    }

    #[test]
    fn a_refusal_has_no_data_and_names_its_symbol_only_when_asked() {
        let refusal = Answer::named(422, "phone_invalid", "Please provide a valid Phone Number");
        let plain =
            r#"{"status":"ERROR","subCode":"422","message":"Please provide a valid Phone Number"}"#;
        assert_eq!(text(&refusal, Bend::Straight, false), plain);
        assert!(text(&refusal, Bend::Straight, true).contains(r#""code":"phone_invalid""#));
    }

    #[test]
    fn mischief_bends_one_thing() {
        assert!(text(&created(), Bend::SubCodeNumber, false).contains(r#""subCode":200,"#));
        assert!(!text(&created(), Bend::SubCodeMissing, false).contains("subCode"));
        assert!(text(&created(), Bend::DataNull, false).ends_with(r#""data":null}"#));
    }
}
