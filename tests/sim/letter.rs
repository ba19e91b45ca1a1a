//! One request on its way: what it says, and what the sandbox calls it.

use paysheet::sandbox::{CLIENT_ID, CLIENT_SECRET, Request};

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum What {
    Authorize,
    Create,
    Status,
    Balance,
    Deactivate,
}

/// A request as it travels. It outlives its sender.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub(crate) what: What,
    pub(crate) id: String,
    pub(crate) authorization: String,
    pub(crate) query: String,
    pub(crate) body: String,
    /// When it arrives, in microseconds of the world's time.
    pub(crate) due: i64,
    /// How many checkpoints had been lost when it left.
    pub(crate) epoch: u32,
}

impl Letter {
    pub(crate) fn new(what: What, id: &str, token: &str, body: &str) -> Letter {
        let query = match what {
            What::Status => format!("cashgramId={id}"),
            What::Authorize | What::Create | What::Balance | What::Deactivate => String::new(),
        };
        Letter {
            what,
            id: id.to_owned(),
            authorization: format!("Bearer {token}"),
            query,
            body: body.to_owned(),
            due: 0,
            epoch: 0,
        }
    }

    /// As the sandbox reads it.
    pub(crate) fn request(&self) -> Request<'_> {
        let (method, path) = match self.what {
            What::Authorize => ("POST", "/v1/authorize"),
            What::Create => ("POST", "/v1/createCashgram"),
            What::Status => ("GET", "/v1/getCashgramStatus"),
            What::Balance => ("GET", "/v1/getBalance"),
            What::Deactivate => ("POST", "/v1/deactivateCashgram"),
        };
        let known = self.what == What::Authorize;
        Request {
            method,
            path,
            query: &self.query,
            client_id: known.then_some(CLIENT_ID),
            client_secret: known.then_some(CLIENT_SECRET),
            signature: None,
            authorization: (!known).then_some(self.authorization.as_str()),
            body: self.body.as_bytes(),
        }
    }
}

/// The id in the body of a create or deactivate.
pub(crate) fn id_in(body: &str) -> &str {
    let mark = "\"cashgramId\":\"";
    let from = body.find(mark).map_or(0, |at| at + mark.len());
    let end = body[from..].find('"').unwrap_or(0);
    &body[from..from + end]
}
