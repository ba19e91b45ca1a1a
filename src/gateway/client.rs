//! HTTP/1.1 to the gateway: one connection pool, one try per call, everything bounded.
//!
//! A call never repeats itself: whether a request may be sent again depends on what is on disk about it, and nothing
//! here knows that. So no redirects, no retries, no decompression, no proxy out of the environment. (The pool below may
//! still pick a fresh connection for a request of which no byte was written; at worst the gateway answers 409.)
//!
//! HTTP/1.1 because HTTP/2 was slower at every concurrency measured and makes one connection a single point of failure.
//!
//! Deliberately absent: judgement of answers (`reading`) and of errors beyond "did a byte leave" (`fault`).

mod options;

use std::fmt;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Request, Response, Url};
use secrecy::ExposeSecret;

pub use options::{ClientError, ClientOptions, UnixSeconds};

use super::auth::Keeper;
use super::fault;
use super::headers::ReplyHeaders;
use super::reading::{self, Grant};
use super::signer::Signer;
use super::{Answer, Gateway, Reply, Token, wire};
use crate::domain::Finding;

/// Largest answer that is read: theirs are below 1 KiB. What goes on beyond it is not judged, and not waited for.
const BODY_BYTES_MAX: usize = 256 * 1024;

const CLIENT_ID: HeaderName = HeaderName::from_static("x-client-id");
const CLIENT_SECRET: HeaderName = HeaderName::from_static("x-client-secret");
const SIGNATURE: HeaderName = HeaderName::from_static("x-cf-signature");

/// The gateway over HTTP.
pub struct Client {
    http: reqwest::Client,
    urls: Urls,
    client_id: HeaderValue,
    client_secret: HeaderValue,
    signer: Option<Signer>,
    keeper: Keeper,
    timeout: Duration,
    unix_seconds: UnixSeconds,
}

/// Every address, built once.
struct Urls {
    authorize: Url,
    create: Url,
    look_up: Url,
    deactivate: Url,
    balance: Url,
}

impl fmt::Debug for Client {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Client(..)")
    }
}

impl Client {
    /// A client, without a connection yet.
    ///
    /// # Errors
    /// [`ClientError`] names the option that is wrong.
    pub fn new(options: ClientOptions) -> Result<Client, ClientError> {
        let base = options.base_url.clone();
        let signer = options
            .public_key
            .as_deref()
            .map(Signer::from_pem)
            .transpose()?;
        if let Some(signer) = &signer {
            // A key that cannot take this client id is found out now, and not by every authorize.
            signer.sign(&options.client_id, (options.unix_seconds)())?;
        }
        Ok(Client {
            http: options::http(&options, &base)?,
            urls: Urls {
                authorize: base.of("v1/authorize"),
                create: base.of("v1/createCashgram"),
                look_up: base.of("v1/getCashgramStatus"),
                deactivate: base.of("v1/deactivateCashgram"),
                balance: base.of("v1/getBalance"),
            },
            client_id: options::credential(&options.client_id)?,
            client_secret: options::credential(options.client_secret.expose_secret())?,
            signer,
            keeper: Keeper::default(),
            timeout: options.timeout,
            unix_seconds: options.unix_seconds,
        })
    }

    /// Asks for a token. The body is empty, as in three of their four SDKs; its length is said, since some front ends turn
    /// away a POST that does not say it.
    async fn authorize(&self) -> Result<Grant, Finding> {
        let mut request = self.http.post(self.urls.authorize.clone());
        request = request.header(CLIENT_ID, self.client_id.clone());
        request = request.header(CLIENT_SECRET, self.client_secret.clone());
        request = request.header(CONTENT_LENGTH, HeaderValue::from_static("0"));
        if let Some(signer) = &self.signer {
            let id = self.client_id.to_str().unwrap_or_default();
            let signature = signer.sign(id, (self.unix_seconds)());
            let signature = signature.map_err(|error| Finding::NotSent {
                why: error.to_string(),
            })?;
            request = request.header(SIGNATURE, signature);
        }
        let reply = self.exchange(request.build()).await;
        reading::read_authorize(&reply, (self.unix_seconds)())
    }

    async fn post(&self, url: &Url, token: &Token, body: String) -> Reply {
        let request = self
            .http
            .post(url.clone())
            .header(AUTHORIZATION, bearer(token));
        self.exchange(
            request
                .header(CONTENT_TYPE, "application/json")
                .body(body)
                .build(),
        )
        .await
    }

    /// A GET has no content, but their status page lists its type as required (cashgram-api.md 3.1).
    async fn get(&self, url: Url, token: &Token) -> Reply {
        let request = self.http.get(url).header(AUTHORIZATION, bearer(token));
        self.exchange(request.header(CONTENT_TYPE, "application/json").build())
            .await
    }

    /// One request, at most one answer.
    async fn exchange(&self, request: reqwest::Result<Request>) -> Reply {
        let sent = match request {
            Ok(request) => self.http.execute(request).await,
            Err(error) => Err(error),
        };
        match sent {
            Ok(response) => self.receive(response).await,
            Err(error) => fault::reply(error, self.timeout),
        }
    }

    /// Reads an answer piece by piece. A body that is cut off is no answer, whatever its status said.
    async fn receive(&self, mut response: Response) -> Reply {
        let status = response.status().as_u16();
        let headers = ReplyHeaders::read(response.headers(), (self.unix_seconds)());
        let mut body = Vec::new();
        let mut truncated = false;
        while !truncated {
            match response.chunk().await {
                Ok(Some(piece)) => {
                    let room = BODY_BYTES_MAX - body.len();
                    truncated = piece.len() > room;
                    body.extend(piece.iter().take(room));
                }
                Ok(None) => break,
                Err(error) => {
                    return Reply::NoAnswer {
                        why: fault::cut_off(status, error, self.timeout),
                    };
                }
            }
        }
        Reply::Answer(Answer {
            status,
            headers,
            body,
            truncated,
        })
    }
}

impl Gateway for Client {
    async fn token(&self) -> Result<Token, Finding> {
        self.keeper.token(None, || self.authorize()).await
    }

    async fn renew(&self, stale: &Token) -> Result<Token, Finding> {
        self.keeper.token(Some(stale), || self.authorize()).await
    }

    async fn create(&self, token: &Token, body: &str) -> Reply {
        self.post(&self.urls.create, token, body.to_owned()).await
    }

    async fn look_up(&self, token: &Token, id: &str) -> Reply {
        let mut url = self.urls.look_up.clone();
        url.query_pairs_mut().append_pair(wire::ID_PARAMETER, id);
        self.get(url, token).await
    }

    async fn balance(&self, token: &Token) -> Reply {
        self.get(self.urls.balance.clone(), token).await
    }

    async fn deactivate(&self, token: &Token, id: &str) -> Reply {
        self.post(&self.urls.deactivate, token, wire::deactivate_body(id))
            .await
    }
}

/// The token was visible ASCII when it was read; if it could not be a header, an empty one is refused by the gateway.
fn bearer(token: &Token) -> HeaderValue {
    let text = format!("Bearer {}", token.expose());
    let mut value = HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

#[cfg(test)]
mod tests;
