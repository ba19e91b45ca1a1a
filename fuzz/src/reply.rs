//! Replies: every HTTP status with every body is a finding, and none is certain without the evidence for it, which is
//! looked for in the body by another reader of JSON.

use paysheet::domain::{Finding, LookUp, Receipt, StatusClass};
use paysheet::gateway::headers::ReplyHeaders;
use paysheet::gateway::reading::{
    Deactivation, read_authorize, read_balance, read_create, read_deactivate, read_look_up,
};
use paysheet::gateway::{Answer, NotSentKind, Reply, Token};
use rust_decimal::Decimal;
use serde_json::Value;

/// The id that was asked about.
const ID: &str = "june-1";
/// Longest text that a finding may hold.
const TEXT_CHARS_MAX: usize = 600;
/// HTTP statuses that matter, chosen by a byte; two more bytes choose any other.
const STATUSES: [u16; 16] = [
    200, 201, 202, 204, 302, 400, 401, 403, 404, 409, 412, 422, 429, 500, 503, 520,
];

/// Takes three bytes for the status and the flags, and the rest for the body.
pub fn run(bytes: &[u8]) {
    let Some((&[first, second, flags], body)) = bytes.split_first_chunk() else {
        return;
    };
    let any = u16::from_le_bytes([first, second]) % 900 + 100;
    let known = STATUSES.get(usize::from(first)).filter(|_| second == 0);
    let answer = Answer {
        status: known.copied().unwrap_or(any),
        headers: ReplyHeaders::default(),
        body: body.to_vec(),
        truncated: flags & 1 != 0,
    };
    let said = Said::of(&answer);
    create(&answer, &said);
    look_up(&answer, &said);
    deactivate(&answer, &said);
    balance(&answer, &said);
    authorize(&answer, &said);
    not_answered(flags);
}

/// What the body says, read by `serde_json` alone.
struct Said {
    http: u16,
    body: Option<Value>,
}

impl Said {
    fn of(answer: &Answer) -> Said {
        let body = serde_json::from_slice(&answer.body).ok();
        Said {
            http: answer.status,
            body: body.filter(|body: &Value| body.is_object() && !answer.truncated),
        }
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.body.as_ref()?.get(key)?.as_str()
    }

    fn data(&self, key: &str) -> Option<&Value> {
        let value = self.body.as_ref()?.get("data")?.get(key)?;
        (!value.is_null()).then_some(value)
    }

    /// The whole word, whatever its case.
    fn is(&self, verdict: &str) -> bool {
        let status = self.text("status").unwrap_or_default();
        status.trim().eq_ignore_ascii_case(verdict)
    }

    /// The sub-code if there is one, else the HTTP status.
    fn code(&self) -> u16 {
        let said = self.body.as_ref().and_then(|body| body.get("subCode"));
        match said {
            None | Some(Value::Null) => self.http,
            Some(Value::String(code)) => code.trim().parse().unwrap_or(0),
            Some(code) => code
                .as_u64()
                .and_then(|code| code.try_into().ok())
                .unwrap_or(0),
        }
    }

    fn is_success(&self) -> bool {
        let sound = matches!(self.http, 200..=299) && matches!(self.code(), 200..=202);
        sound && self.is("SUCCESS")
    }

    /// Whether the answer is about the id that was asked about, or does not say.
    fn is_ours(&self) -> bool {
        self.data("cashgramId")
            .is_none_or(|id| id.as_str() == Some(ID))
    }

    fn is_refusal(&self, codes: &[u16]) -> bool {
        self.is("ERROR") && (codes.contains(&self.code()) || codes.contains(&self.http))
    }

    fn is_unknown_id(&self) -> bool {
        let message = self.text("message").unwrap_or_default();
        // A sentence is read as it is shown, without what cannot be seen.
        let message: String = message.chars().filter(|c| matches!(c, ' '..='~')).collect();
        let message = message.to_lowercase();
        self.is_refusal(&[404]) || (self.is_refusal(&[422]) && message.contains("does not exist"))
    }
}

fn create(answer: &Answer, said: &Said) {
    let reply = Reply::Answer(answer.clone());
    let finding = read_create(&reply, ID);
    let server_fault = matches!(said.http, 500..=599) || matches!(said.http, 300..=399);
    match &finding {
        Finding::Created(receipt) => {
            assert!(said.is_success() && said.is_ours(), "{finding:?}");
            evident(said, receipt);
            same_in_other_dress(answer, said, &finding);
        }
        Finding::Rejected(refusal) => {
            let code = said.code();
            assert!(
                said.is("ERROR") && [400, 413, 422].contains(&code),
                "{finding:?}"
            );
            assert!(!server_fault && said.is_ours(), "{finding:?}");
            harmless(&refusal.message);
            same_in_other_dress(answer, said, &finding);
        }
        Finding::Duplicate => assert!(said.http == 409 || said.code() == 409),
        Finding::Throttled { .. } => assert!(said.http == 429 || said.code() == 429),
        Finding::TokenRefused => {
            assert!(said.is_refusal(&[403, 412]) && !server_fault);
            same_in_other_dress(answer, said, &finding);
        }
        Finding::StopRun(stop) => {
            assert!(said.is("ERROR"), "{finding:?}");
            assert!(
                [401, 403, 404, 405, 412, 500].contains(&said.code()),
                "{finding:?}"
            );
            assert!(!stop.remedy.is_empty());
            harmless(&stop.message);
            same_in_other_dress(answer, said, &finding);
        }
        Finding::NotSent { .. } => panic!("an answer came, so it was sent"),
        Finding::InDoubt { why, .. } => harmless(why),
    }
}

/// The reference and the link stand in the body, and the link leads where it reads.
fn evident(said: &Said, receipt: &Receipt) {
    let reference = match said.data("referenceId") {
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        other => panic!("a reference out of {other:?}"),
    };
    assert_eq!(reference, receipt.reference);
    assert!(!reference.is_empty());
    assert_eq!(
        said.data("cashgramLink"),
        Some(&Value::from(receipt.link.as_str()))
    );
    is_link(&receipt.link);
}

fn is_link(link: &str) {
    let lower = link.to_lowercase();
    let http = lower.starts_with("http://") || lower.starts_with("https://");
    assert!(
        http && link.bytes().all(|byte| byte.is_ascii_graphic()),
        "{link:?}"
    );
    if let Ok(url) = reqwest::Url::parse(link) {
        let alone = url.username().is_empty() && url.password().is_none();
        assert!(alone && url.host_str().is_some(), "{link:?}");
    }
}

/// Spaces and the order of keys change nothing.
fn same_in_other_dress(answer: &Answer, said: &Said, finding: &Finding) {
    let body = serde_json::to_vec_pretty(said.body.as_ref().unwrap()).unwrap();
    let other = Answer {
        body,
        ..answer.clone()
    };
    assert_eq!(read_create(&Reply::Answer(other), ID), *finding);
}

fn look_up(answer: &Answer, said: &Said) {
    match read_look_up(&Reply::Answer(answer.clone()), ID) {
        LookUp::Found(seen) => {
            assert!(said.is_success() && said.is_ours(), "{seen:?}");
            let word = said.data("cashgramStatus").and_then(Value::as_str).unwrap();
            let word = word.trim().to_ascii_uppercase();
            let known = match seen.status.class {
                StatusClass::Active => ["ACTIVE"].contains(&&*word),
                StatusClass::Pending => ["PENDING", "INITIATED", "PROCESSING"].contains(&&*word),
                StatusClass::Redeemed => ["REDEEMED", "CASHGRAM_REDEEMED"].contains(&&*word),
                StatusClass::Expired => {
                    ["EXPIRED", "CASHGRAM_EXPIRED", "INACTIVE", "DEACTIVATED"].contains(&&*word)
                }
                StatusClass::Failed => ["FAILED"].contains(&&*word),
                StatusClass::Reversed => {
                    ["REVERSED", "CASHGRAM_TRANSFER_REVERSAL"].contains(&&*word)
                }
                StatusClass::Other => true,
            };
            assert!(known, "{word:?} taken for {seen:?}");
            if let Some(link) = &seen.link {
                is_link(link);
            }
            harmless(&seen.status.word);
        }
        LookUp::Missing => assert!(said.is_unknown_id()),
        LookUp::Throttled { .. } => assert!(said.http == 429 || said.code() == 429),
        LookUp::TokenRefused => assert!(said.is_refusal(&[403, 412])),
        LookUp::StopRun(stop) => {
            assert!(!stop.remedy.is_empty());
            harmless(&stop.message);
        }
        LookUp::NoAnswer { why, sent } => {
            assert!(sent, "an answer came, so it was sent");
            harmless(&why);
        }
    }
}

fn deactivate(answer: &Answer, said: &Said) {
    match read_deactivate(&Reply::Answer(answer.clone()), ID) {
        Deactivation::Done => assert!(said.is_success() && said.is_ours()),
        Deactivation::NotActive => assert!(said.is_refusal(&[404, 412])),
        Deactivation::Missing => assert!(said.is_unknown_id()),
        Deactivation::Throttled { .. } => assert!(said.http == 429 || said.code() == 429),
        Deactivation::TokenRefused => assert!(said.is_refusal(&[403, 412])),
        Deactivation::StopRun(stop) => harmless(&stop.message),
        Deactivation::NoAnswer { why, sent } => {
            assert!(sent, "an answer came, so it was sent");
            harmless(&why);
        }
    }
}

fn balance(answer: &Answer, said: &Said) {
    let Ok(balance) = read_balance(&Reply::Answer(answer.clone())) else {
        return;
    };
    assert!(said.is_success());
    let text = match said.data("availableBalance").unwrap() {
        Value::String(text) => text.trim().to_owned(),
        number => number.to_string(),
    };
    if let Ok(decimal) = Decimal::from_str_exact(&text) {
        let read = Decimal::from_i128_with_scale(i128::from(balance.available), 2);
        assert_eq!(decimal.trunc_with_scale(2), read, "{text}");
    }
}

fn authorize(answer: &Answer, said: &Said) {
    let Ok(grant) = read_authorize(&Reply::Answer(answer.clone()), 1_700_000_000) else {
        return;
    };
    assert!(said.is_success() && !grant.lifetime.is_zero());
    let token = Token::new(grant.token);
    assert_eq!(
        said.data("token").and_then(Value::as_str),
        Some(token.expose())
    );
    assert!(!format!("{token:?}").contains(token.expose()) || token.expose().len() < 10);
}

/// Without an answer nothing is certain but that nothing was sent, where that is so.
fn not_answered(flags: u8) {
    let why = || "it broke".to_owned();
    let lost = read_create(&Reply::NoAnswer { why: why() }, ID);
    assert!(matches!(lost, Finding::InDoubt { .. }));
    let kinds = [
        NotSentKind::Dns,
        NotSentKind::Connect,
        NotSentKind::Tls,
        NotSentKind::Proxy,
    ];
    let kind = kinds[usize::from(flags >> 1) % kinds.len()];
    let unsent = Reply::NotSent { why: why(), kind };
    let finding = read_create(&unsent, ID);
    assert!(matches!(
        finding,
        Finding::NotSent { .. } | Finding::StopRun(_)
    ));
}

/// Fit to be stored and shown.
fn harmless(text: &str) {
    assert!(!text.chars().any(char::is_control), "{text:?}");
    assert!(text.chars().count() <= TEXT_CHARS_MAX, "{text:?}");
}
