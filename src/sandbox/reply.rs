//! What a client gets: a reply, or none; and how a refusal looks on the wire.
//!
//! PURE values. Deliberately absent: sockets (`http` acts these endings out) and any judgement of a request.

use super::answer::{Answer, Bend, render};
use super::chance;
use super::units::Span;

/// Under which HTTP status the bank's refusals travel. Sources disagree, so clients must live with all three.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ErrorStyle {
    /// Always HTTP 200; the sub-code tells.
    #[default]
    Http200,
    /// The sub-code is the HTTP status.
    HttpStatus,
    /// Now one, now the other, by request number.
    Mixed,
}

impl std::str::FromStr for ErrorStyle {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "http200" => Ok(Self::Http200),
            "http_status" => Ok(Self::HttpStatus),
            "mixed" => Ok(Self::Mixed),
            other => Err(format!(
                "there is no error style `{other}`; the styles are http200, http_status, mixed"
            )),
        }
    }
}

impl ErrorStyle {
    /// The HTTP status for a sub-code.
    pub(super) fn status(self, code: u16, seed: u64, number: u64) -> u16 {
        let plain = match self {
            Self::Http200 => true,
            Self::HttpStatus => false,
            Self::Mixed => chance::below(seed, "style", &number.to_le_bytes(), 2) == 0,
        };
        if plain { 200 } else { code }
    }
}

/// One HTTP reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// A JSON reply.
    pub(super) fn json(status: u16, body: Vec<u8>) -> Self {
        Self {
            status,
            content_type: "application/json",
            headers: Vec::new(),
            body,
        }
    }

    /// An answer of the bank under an HTTP status.
    pub(super) fn answer(status: u16, answer: &Answer, bend: Bend, symbols: bool) -> Self {
        Self::json(status, render(answer, bend, symbols))
    }

    /// A web server's page, as stands in front of the application.
    pub(super) fn page(status: u16, title: &str) -> Self {
        let body = format!(
            "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n\
             <hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
        );
        Self {
            status,
            content_type: "text/html",
            headers: Vec::new(),
            body: body.into_bytes(),
        }
    }

    /// With one more header.
    #[must_use]
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// How a request ends for its client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With a reply.
    Reply(Reply),
    /// With a reply that comes byte by byte, with this pause after each.
    Drip(Reply, Span),
    /// With the first part of a reply, then a closed connection.
    Cut(Reply),
    /// With a closed connection and no byte of a reply.
    Closed,
    /// With a reset connection and no byte of a reply.
    Reset,
}

/// What a request comes to: an ending, and how long it takes to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Time between the request's arrival and its ending. What the request did to the books is done at once.
    pub wait: Span,
    /// The ending.
    pub ending: Ending,
}
