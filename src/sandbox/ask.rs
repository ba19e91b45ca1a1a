//! A request as the sandbox reads it: which operation, for which id, with what body.
//!
//! Deliberately absent: judgement. A body that is no JSON is `None` here; that this is a 412 is the bank's to say.

use serde_json::{Map, Value};

/// One request, borrowed from wherever it came (a socket, or a simulation without any).
#[derive(Clone, Copy, Debug, Default)]
pub struct Request<'a> {
    /// `GET`, `POST`, ...
    pub method: &'a str,
    /// Path without query.
    pub path: &'a str,
    /// Query without `?`, empty if none.
    pub query: &'a str,
    /// `X-Client-Id`.
    pub client_id: Option<&'a str>,
    /// `X-Client-Secret`.
    pub client_secret: Option<&'a str>,
    /// `X-Cf-Signature`.
    pub signature: Option<&'a str>,
    /// `Authorization`.
    pub authorization: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
}

/// What can be asked of the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// `POST /v1/authorize`
    Authorize,
    /// `POST /v1/verifyToken`
    VerifyToken,
    /// `POST /v1/createCashgram`
    Create,
    /// `GET /v1/getCashgramStatus`, or POST as one published client sends it.
    Status,
    /// `POST /v1/deactivateCashgram`
    Deactivate,
    /// `GET /v1/getBalance`
    Balance,
    /// `GET /v1.2/getBalance`, which may name a fund source.
    BalanceOfFund,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Authorize,
        Self::VerifyToken,
        Self::Create,
        Self::Status,
        Self::Deactivate,
        Self::Balance,
        Self::BalanceOfFund,
    ];

    /// The name by which options and logs speak of it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Authorize => "authorize",
            Self::VerifyToken => "verify",
            Self::Create => "create",
            Self::Status => "status",
            Self::Deactivate => "deactivate",
            Self::Balance | Self::BalanceOfFund => "balance",
        }
    }

    /// The operation of a method and a path, with or without the leading `/payout`.
    pub fn of(method: &str, path: &str) -> Option<Self> {
        let path = path.strip_prefix("/payout").unwrap_or(path);
        match (method, path) {
            ("POST", "/v1/authorize") => Some(Self::Authorize),
            ("POST", "/v1/verifyToken") => Some(Self::VerifyToken),
            ("POST", "/v1/createCashgram") => Some(Self::Create),
            ("GET" | "POST", "/v1/getCashgramStatus") => Some(Self::Status),
            ("POST", "/v1/deactivateCashgram") => Some(Self::Deactivate),
            ("GET", "/v1/getBalance") => Some(Self::Balance),
            ("GET", "/v1.2/getBalance") => Some(Self::BalanceOfFund),
            _ => None,
        }
    }
}

/// A request understood.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    /// What is asked.
    pub operation: Operation,
    /// The body as a JSON object, if it is one.
    pub fields: Option<Map<String, Value>>,
    /// The Cashgram it is about.
    pub id: Option<String>,
    /// The request itself.
    pub request: Request<'a>,
}

impl<'a> Ask<'a> {
    /// Understands a request for `operation`.
    pub fn new(operation: Operation, request: Request<'a>) -> Self {
        let fields = match operation {
            Operation::Create | Operation::Deactivate | Operation::Status => {
                serde_json::from_slice(request.body).ok()
            }
            Operation::Authorize
            | Operation::VerifyToken
            | Operation::Balance
            | Operation::BalanceOfFund => None,
        };
        let in_query = || query_value(request.query, "cashgramId");
        let in_body = || text_field(fields.as_ref()?, "cashgramId").map(str::to_owned);
        let id = match operation {
            Operation::Status => in_query().or_else(in_body),
            Operation::Create | Operation::Deactivate => in_body(),
            Operation::Authorize
            | Operation::VerifyToken
            | Operation::Balance
            | Operation::BalanceOfFund => None,
        };
        Self {
            operation,
            fields,
            id,
            request,
        }
    }
}

/// A field that is a text.
pub(super) fn text_field<'a>(fields: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    fields.get(key).and_then(Value::as_str)
}

/// The decoded value of a query parameter.
pub(super) fn query_value(query: &str, key: &str) -> Option<String> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(name, _)| *name == key)?;
    Some(percent_decode(value))
}

/// Undoes percent-encoding; what is not valid UTF-8 afterwards is replaced, and then simply not found.
fn percent_decode(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        let hex = |b: Option<u8>| {
            b.and_then(|b| char::from(b).to_digit(16))
                .and_then(|d| u8::try_from(d).ok())
        };
        match byte {
            b'+' => decoded.push(b' '),
            b'%' => {
                let (high, low) = (hex(bytes.next()), hex(bytes.next()));
                decoded.push(high.zip(low).map_or(b'%', |(high, low)| high * 16 + low));
            }
            other => decoded.push(other),
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_base_paths_lead_to_the_same_operation() {
        for prefix in ["", "/payout"] {
            let of = |method: &str, path: &str| Operation::of(method, &format!("{prefix}{path}"));
            assert_eq!(of("POST", "/v1/authorize"), Some(Operation::Authorize));
            assert_eq!(of("GET", "/v1/getCashgramStatus"), Some(Operation::Status));
            assert_eq!(of("POST", "/v1/getCashgramStatus"), Some(Operation::Status));
            assert_eq!(
                of("GET", "/v1.2/getBalance"),
                Some(Operation::BalanceOfFund)
            );
            assert_eq!(of("GET", "/v1/createCashgram"), None);
            assert_eq!(of("GET", "/v1/deactivateCashgram"), None);
            assert_eq!(of("POST", "/v2/authorize"), None);
        }
        assert_eq!(
            Operation::of("POST", "/payout/v1/payout/v1/createCashgram"),
            None
        );
    }

    #[test]
    fn the_id_of_a_status_may_stand_in_query_or_body() {
        let get = Request {
            query: "x=1&cashgramId=A%2D1%20b",
            ..Request::default()
        };
        assert_eq!(
            Ask::new(Operation::Status, get).id.as_deref(),
            Some("A-1 b")
        );
        let post = Request {
            body: br#"{"cashgramId":"A_2"}"#,
            ..Request::default()
        };
        assert_eq!(Ask::new(Operation::Status, post).id.as_deref(), Some("A_2"));
        let broken = Request {
            query: "cashgramId=%zz%4",
            ..Request::default()
        };
        assert_eq!(
            Ask::new(Operation::Status, broken).id.as_deref(),
            Some("%%")
        );
    }
}
