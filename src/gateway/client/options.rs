//! What a client is made from, and the connection pool with all its switches.
//!
//! Deliberately absent: where the options come from. Files are read and environments chosen in `cli`.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, HeaderValue};
use reqwest::{Certificate, Proxy, redirect, retry, tls};
use secrecy::{ExposeSecret, SecretString};

use crate::gateway::address::BaseUrl;
use crate::gateway::fault;
use crate::gateway::signer::SignerError;

/// An idle connection is dropped after this: shorter than the keep-alive of common load balancers, which otherwise close
/// it just as a create is being written.
const IDLE_MAX: Duration = Duration::from_secs(20);
/// Most headers of one answer: more is an error, hence no answer.
const HEADERS_MAX: usize = 100;

/// Asks what time it is, in unix seconds: the signature and an expiry without a `Date` need to know.
pub type UnixSeconds = Arc<dyn Fn() -> i64 + Send + Sync>;

/// What a [`Client`](super::Client) is made from.
pub struct ClientOptions {
    /// With or without `/payout`; plain http for loopback only.
    pub base_url: BaseUrl,
    /// Client id of the account.
    pub client_id: String,
    /// Client secret of the account.
    pub client_secret: SecretString,
    /// PEM text of the account's public key: authorize is signed if it is there.
    pub public_key: Option<Vec<u8>>,
    /// From the start of a request to the end of its answer.
    pub timeout: Duration,
    /// From the start of a connection to the end of its TLS handshake.
    pub connect_timeout: Duration,
    /// An http(s) or socks5 proxy, perhaps with credentials. Not used for loopback.
    pub proxy: Option<SecretString>,
    /// PEM text of certificate authorities that replace the system's.
    pub ca_file: Option<Vec<u8>>,
    /// Name and version of this program.
    pub user_agent: String,
    /// Most idle connections that are kept: as many as there are senders.
    pub idle_connections: usize,
    /// The clock.
    pub unix_seconds: UnixSeconds,
}

/// Why there can be no client. Quotes none of the options, some of which are secret.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The public key.
    #[error(transparent)]
    PublicKey(#[from] SignerError),
    /// The client id or secret.
    #[error(
        "the client id or the client secret is empty or holds characters that cannot be sent: copy it again from the dashboard"
    )]
    Credentials,
    /// The proxy.
    #[error("the proxy is not a URL such as http://proxy.example:3128")]
    Proxy,
    /// The certificate authorities.
    #[error("the file of certificate authorities is not a PEM file with certificates")]
    CaFile,
    /// TLS could not be set up.
    #[error(
        "TLS cannot be set up: {0}; where the system has no certificate authorities, name a file of them with --ca-file"
    )]
    Tls(String),
}

/// The connection pool with all its switches.
pub(super) fn http(
    options: &ClientOptions,
    base: &BaseUrl,
) -> Result<reqwest::Client, ClientError> {
    let builder = reqwest::Client::builder()
        .user_agent(&options.user_agent)
        .default_headers(
            [(ACCEPT, HeaderValue::from_static("application/json"))]
                .into_iter()
                .collect(),
        )
        .http1_only()
        .http1_max_headers(HEADERS_MAX)
        .https_only(!base.is_plain())
        .retry(retry::never())
        .redirect(redirect::Policy::none())
        .referer(false)
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .no_proxy()
        .connect_timeout(options.connect_timeout)
        .timeout(options.timeout)
        .pool_idle_timeout(IDLE_MAX)
        .pool_max_idle_per_host(options.idle_connections)
        .tcp_nodelay(true)
        .tls_version_min(tls::Version::TLS_1_2);
    let builder = match &options.proxy {
        Some(proxy) if !base.is_loopback() => builder.proxy(forward(proxy)?),
        Some(_) | None => builder,
    };
    let builder = match &options.ca_file {
        // No TLS is spoken on plain loopback: reading the system's authorities would only delay the start.
        None if base.is_plain() => builder.tls_certs_only([]),
        None => builder,
        Some(pem) => builder.tls_certs_only(authorities(pem)?),
    };
    builder
        .build()
        .map_err(|error| ClientError::Tls(fault::root(&error)))
}

fn forward(proxy: &SecretString) -> Result<Proxy, ClientError> {
    Proxy::all(proxy.expose_secret()).map_err(|_| ClientError::Proxy)
}

fn authorities(pem: &[u8]) -> Result<Vec<Certificate>, ClientError> {
    match Certificate::from_pem_bundle(pem) {
        Ok(bundle) if !bundle.is_empty() => Ok(bundle),
        Ok(_) | Err(_) => Err(ClientError::CaFile),
    }
}

/// A header that is left out of every `{:?}`.
pub(super) fn credential(text: &str) -> Result<HeaderValue, ClientError> {
    let text = text.trim();
    let mut value = HeaderValue::from_str(text).map_err(|_| ClientError::Credentials)?;
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(ClientError::Credentials);
    }
    value.set_sensitive(true);
    Ok(value)
}
