//! The gateway's JSON in the gateway's words, converted by hand: the only file outside the sandbox that knows their
//! field names and status words.
//!
//! Names and types: cashgram-api.md 2.1 (create), 2.3 to 2.5 (envelope), 3.1 and 3.2 (status), 3.4 (balance), 1.2
//! (authorize). Every field of a reply may be missing, and a number may come as text: their own SDKs disagree.
//!
//! Deliberately absent: what a reply means. That is `reading`.

mod event;
mod order;

pub use event::{Event, bears_out};
pub use order::{CreateOrder, create_body, deactivate_body, expiry_of};

use super::json::{self, Object, Plain};
use crate::domain::{Status, StatusClass};

/// The name of the id in the address of a status question.
pub(super) const ID_PARAMETER: &str = "cashgramId";
/// Longest text of a reply that is kept, in characters: their messages are sentences.
const TEXT_CHARS_MAX: usize = 300;
/// Longest code, status word, reference or bank reference that is kept, in characters: theirs are below 40.
const WORD_CHARS_MAX: usize = 64;
/// Longest link that is believed, in bytes: theirs are below 40; 2,000 is what browsers and spreadsheets take.
const LINK_BYTES_MAX: usize = 2_000;

/// Longest access token that is taken, in bytes: theirs are below 1 KiB, and 8 KiB is what servers take as all headers.
const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// The envelope around every reply: `status`, `subCode`, `message`, `data`. It is not printed: it may hold a token.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Envelope {
    pub(super) verdict: Verdict,
    pub(super) sub_code: SubCode,
    /// Empty if there was none.
    pub(super) message: String,
    /// `code`, else `type`: no published V1 sample has them, the docs' table does (cashgram-api.md 2.4).
    pub(super) symbol: Option<String>,
    data: Object,
}

/// The word in `status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Success,
    Error,
    /// Missing, or a word that no source shows.
    Neither,
}

/// The number in `subCode`: a string in every sample, an integer in one SDK, null on some calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SubCode {
    Missing,
    Code(u16),
    /// There, but not a number.
    Garbled,
}

/// Reads a reply's body. `Err` says, for people and without quoting it, what else the body is.
pub(super) fn envelope(body: &[u8]) -> Result<Envelope, String> {
    let fields = json::object(body)?;
    let verdict = match json::get(&fields, "status") {
        Some(Plain::Text(raw)) => match whole_word(raw).as_str() {
            "SUCCESS" => Verdict::Success,
            "ERROR" => Verdict::Error,
            _ => Verdict::Neither,
        },
        Some(_) | None => Verdict::Neither,
    };
    let data = match json::get(&fields, "data") {
        Some(Plain::Object(data)) => data.clone(),
        _ => Object::new(),
    };
    Ok(Envelope {
        verdict,
        sub_code: sub_code(json::get(&fields, "subCode")),
        message: text(&fields, "message", TEXT_CHARS_MAX).unwrap_or_default(),
        symbol: word(&fields, "code").or_else(|| word(&fields, "type")),
        data,
    })
}

fn sub_code(field: Option<&Plain>) -> SubCode {
    match field {
        None => SubCode::Missing,
        Some(Plain::Whole(digits) | Plain::Text(digits)) => match digits.trim().parse() {
            Ok(code) => SubCode::Code(code),
            Err(_) => SubCode::Garbled,
        },
        Some(_) => SubCode::Garbled,
    }
}

impl Envelope {
    /// The gateway's reference id, as text: an integer in schemas, a string in one SDK.
    pub(super) fn reference(&self) -> Option<String> {
        identifier(&self.data, "referenceId")
    }

    /// The link, if it is an http(s) URL without blanks and without a user name. The host is not judged: it has changed before.
    pub(super) fn link(&self) -> Option<String> {
        match json::get(&self.data, "cashgramLink") {
            Some(Plain::Text(link)) if is_link(link) => Some(link.clone()),
            _ => None,
        }
    }

    /// The id that the reply says it is about; blank, which is nobody's id, where it says so in no text or number.
    pub(super) fn echo(&self) -> Option<&str> {
        match json::get(&self.data, "cashgramId")? {
            Plain::Text(id) | Plain::Whole(id) => Some(id),
            Plain::Null | Plain::Flag | Plain::Decimal(_) | Plain::List | Plain::Object(_) => {
                Some("")
            }
        }
    }

    /// Where the Cashgram stands.
    pub(super) fn cashgram_status(&self) -> Option<Status> {
        match json::get(&self.data, "cashgramStatus") {
            Some(Plain::Text(raw)) => Some(status(raw)).filter(|status| !status.word.is_empty()),
            _ => None,
        }
    }

    /// Why it stands there, e.g. `TRANSFER_ATTEMPTS_EXCEEDED`.
    pub(super) fn reason(&self) -> Option<String> {
        text(&self.data, "reason", TEXT_CHARS_MAX)
    }

    /// Bank reference of a redeemed link.
    pub(super) fn utr(&self) -> Option<String> {
        identifier(&self.data, "utr")
    }

    /// The access token of an authorize reply: visible ASCII of a size that a header takes, since it goes into one.
    pub(super) fn token(&self) -> Option<&str> {
        match json::get(&self.data, "token") {
            Some(Plain::Text(token)) if is_visible(token) && token.len() <= TOKEN_BYTES_MAX => {
                Some(token)
            }
            _ => None,
        }
    }

    /// When the token dies, in unix seconds; `Err` if it is there and no such number.
    pub(super) fn token_expiry(&self) -> Result<Option<i64>, ()> {
        match json::get(&self.data, "expiry") {
            None => Ok(None),
            Some(Plain::Whole(digits) | Plain::Text(digits)) => {
                digits.trim().parse().map(Some).map_err(|_| ())
            }
            Some(_) => Err(()),
        }
    }

    /// What can be spent, in paise.
    pub(super) fn available_paise(&self) -> Option<i64> {
        paise(json::get(&self.data, "availableBalance")?)
    }

    /// What the books say, transfers in progress included, in paise.
    pub(super) fn ledger_paise(&self) -> Option<i64> {
        paise(json::get(&self.data, "balance")?)
    }
}

/// Where a Cashgram stands that was created a moment ago: the reply does not say, every source does (D-life).
pub fn status_when_created() -> Status {
    status("ACTIVE")
}

/// A status word, and what it is taken for. The literals other than ACTIVE, EXPIRED and REDEEMED are published
/// nowhere (cashgram-api.md 3.2): the word is kept as it came, and an unknown one is never taken for paid.
pub fn status(raw: &str) -> Status {
    let word = cut(raw, WORD_CHARS_MAX);
    let class = match whole_word(raw).as_str() {
        "ACTIVE" => StatusClass::Active,
        "PENDING" | "INITIATED" | "PROCESSING" => StatusClass::Pending,
        "REDEEMED" | "CASHGRAM_REDEEMED" => StatusClass::Redeemed,
        "EXPIRED" | "CASHGRAM_EXPIRED" | "INACTIVE" | "DEACTIVATED" => StatusClass::Expired,
        "FAILED" => StatusClass::Failed,
        "REVERSED" | "CASHGRAM_TRANSFER_REVERSAL" => StatusClass::Reversed,
        _ => StatusClass::Other,
    };
    Status { class, word }
}

/// A word as it is compared: nothing of it is cut or hidden first, which could make it another one.
fn whole_word(raw: &str) -> String {
    raw.trim().to_ascii_uppercase()
}

/// A text of the gateway's as it may be stored and shown: bounded, trimmed, without characters that move a cursor,
/// end a line or turn the direction of writing.
pub(super) fn cut(text: &str, chars_max: usize) -> String {
    let kept: String = text
        .chars()
        .filter(|c| !is_hidden(*c))
        .take(chars_max)
        .collect();
    kept.trim().to_owned()
}

fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn text(fields: &[(String, Plain)], key: &str, chars_max: usize) -> Option<String> {
    match json::get(fields, key) {
        Some(Plain::Text(text)) => Some(cut(text, chars_max)).filter(|text| !text.is_empty()),
        _ => None,
    }
}

fn word(fields: &[(String, Plain)], key: &str) -> Option<String> {
    text(fields, key, WORD_CHARS_MAX)
}

/// An identifier is taken whole or not at all: a cut reference is another reference.
fn identifier(fields: &[(String, Plain)], key: &str) -> Option<String> {
    match json::get(fields, key) {
        Some(Plain::Whole(digits)) => Some(digits.clone()),
        Some(Plain::Text(text)) => {
            let id = text.trim();
            (is_visible(id) && id.len() <= WORD_CHARS_MAX).then(|| id.to_owned())
        }
        _ => None,
    }
}

fn is_visible(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_link(link: &str) -> bool {
    let lower = link.to_ascii_lowercase();
    let host = lower
        .strip_prefix("https://")
        .or_else(|| lower.strip_prefix("http://"));
    let named = host.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric()));
    // `https://bank.example@elsewhere.example/` reads as one host and leads to another.
    let plain = host.is_some_and(|rest| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        !host.contains(['@', '\\'])
    });
    named && plain && is_visible(link) && link.len() <= LINK_BYTES_MAX
}

/// Rupees as a decimal text into paise; what is beyond two decimals is dropped.
fn paise(field: &Plain) -> Option<i64> {
    let (Plain::Whole(text) | Plain::Decimal(text) | Plain::Text(text)) = field else {
        return None;
    };
    let text = text.trim();
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (rupees, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let decimal = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !decimal(rupees) || !decimal(fraction) {
        return None;
    }
    let cents: i64 = fraction
        .chars()
        .chain("00".chars())
        .take(2)
        .collect::<String>()
        .parse()
        .ok()?;
    rupees
        .parse::<i64>()
        .ok()?
        .checked_mul(100)?
        .checked_add(cents)?
        .checked_mul(sign)
}

#[cfg(test)]
mod tests;
