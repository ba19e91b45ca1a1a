//! HTTP/1.1 by hand for `raw`: one request off a socket, one reply or less onto it.
//!
//! Deliberately absent: chunked bodies, which no client of ours sends, and every meaning.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// More than any request of ours takes.
const REQUEST_MAX: usize = 64 * 1024;

/// One request as it stood on the wire.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wire {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
    /// Bytes it took on the wire.
    length: usize,
}

/// Waits for a whole request without taking it off the socket; none once the peer is gone.
pub(crate) fn await_request(socket: &TcpStream) -> Option<Wire> {
    let mut bytes = vec![0; REQUEST_MAX];
    let mut known = 0;
    loop {
        let seen = socket.peek(&mut bytes).ok().filter(|seen| *seen > 0)?;
        if let Some(wire) = parse(&bytes[..seen]) {
            return Some(wire);
        }
        if seen == known {
            std::thread::sleep(Duration::from_micros(200));
        }
        known = seen;
        assert!(seen < REQUEST_MAX, "a request beyond {REQUEST_MAX} bytes");
    }
}

/// Takes the request off the socket, all of it or, so that closing the socket resets the connection, all but a byte.
pub(crate) fn take(socket: &mut TcpStream, wire: &Wire, but: usize) -> Option<()> {
    let mut bytes = vec![0; wire.length - but];
    socket.read_exact(&mut bytes).ok()
}

fn parse(bytes: &[u8]) -> Option<Wire> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
    };
    let headers: BTreeMap<String, String> = lines.filter_map(header).collect();
    assert!(
        !headers.contains_key("transfer-encoding"),
        "a chunked request"
    );
    let body_len: usize = headers
        .get("content-length")
        .map_or(0, |length| length.parse().expect("a length"));
    let length = end + 4 + body_len;
    let body = bytes.get(end + 4..length)?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    Some(Wire {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body: String::from_utf8_lossy(body).into_owned(),
        length,
    })
}

/// A reply as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Say {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Say {
    pub(crate) fn new(status: u16, body: impl Into<String>) -> Say {
        Say {
            status,
            headers: Vec::new(),
            body: body.into(),
        }
    }

    /// The gateway's envelope of a refusal, under an HTTP status of the same number.
    pub(crate) fn refusal(code: u16, message: &str) -> Say {
        let body = serde_json::json!({
            "status": "ERROR", "subCode": code.to_string(), "message": message,
        });
        Say::new(code, body.to_string())
    }

    /// What a proxy says on its own.
    pub(crate) fn page(status: u16) -> Say {
        let page = format!("<html><body><center><h1>{status}</h1></center>nginx</body></html>");
        Say::new(status, page).with("content-type", "text/html")
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Say {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The bytes on the wire.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} X\r\n", self.status);
        let has = |name: &str| {
            let mut known = self.headers.iter();
            known.any(|(known, _)| known.eq_ignore_ascii_case(name))
        };
        if !has("content-type") {
            head.push_str("content-type: application/json\r\n");
        }
        if !has("content-length") && !has("transfer-encoding") {
            head.push_str(&format!("content-length: {}\r\n", self.body.len()));
        }
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        head.push_str(&self.body);
        head.into_bytes()
    }
}

/// Writes bytes and tells whether the peer took them.
pub(crate) fn taken(socket: &mut TcpStream, bytes: &[u8]) -> bool {
    socket.write_all(bytes).is_ok()
}

/// Writes bytes; whether the peer took them is its own business.
pub(crate) fn write(socket: &mut TcpStream, bytes: &[u8]) {
    let _ = socket.write_all(bytes);
    let _ = socket.flush();
}
