//! Where the gateway is: the base URL, understood once. PURE.
//!
//! Two mappings of one API exist, `https://payout-api.cashfree.com/payout/v1/...` and `https://api.cashfree.com/payout/v1/...`
//! (cashgram-api.md 1.1), and people write either with or without `/payout`. Plain http is for loopback alone: anywhere
//! else it would show the client secret to the network.
//!
//! Deliberately absent: the addresses of the environments, which are settings (`cli`).

use std::net::IpAddr;

use reqwest::Url;

/// The base of every request's URL, ending in `/payout`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(Url);

/// Why a base URL cannot be used. It does not quote the URL, which may hold a password by mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    /// Not a URL.
    #[error("the base URL is not a URL such as https://payout-api.cashfree.com")]
    NotAUrl,
    /// http elsewhere than on this machine, or another scheme.
    #[error(
        "the base URL must begin with https:// (http:// is for addresses of this very machine, such as 127.0.0.1)"
    )]
    NotHttps,
    /// Has a user name, a password, a query or a fragment.
    #[error("the base URL must be an address alone: no user name, no password, no `?`, no `#`")]
    NotBare,
}

impl BaseUrl {
    /// Understands a base URL, with or without `/payout` and slashes at its end.
    ///
    /// # Errors
    /// [`BaseUrlError`].
    pub fn parse(text: &str) -> Result<BaseUrl, BaseUrlError> {
        let mut url = Url::parse(text.trim()).map_err(|_| BaseUrlError::NotAUrl)?;
        let host = url.host_str().ok_or(BaseUrlError::NotAUrl)?;
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(host) => {}
            _ => return Err(BaseUrlError::NotHttps),
        }
        let bare = url.username().is_empty() && url.password().is_none();
        if !bare || url.query().is_some() || url.fragment().is_some() {
            return Err(BaseUrlError::NotBare);
        }
        let path = url.path().trim_end_matches('/');
        let path = path.strip_suffix("/payout").unwrap_or(path);
        url.set_path(&format!("{path}/payout"));
        Ok(BaseUrl(url))
    }

    /// Host, and port where it is not the usual one: what a checkpoint is bound to.
    pub fn host(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        self.0
            .port()
            .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// Whether the gateway is on this very machine.
    pub fn is_loopback(&self) -> bool {
        self.0.host_str().is_some_and(is_loopback)
    }

    /// Whether requests go without TLS, which only loopback may.
    pub fn is_plain(&self) -> bool {
        self.0.scheme() == "http"
    }

    /// The URL of a call, e.g. `v1/authorize`.
    pub(super) fn of(&self, call: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}/{call}", self.0.path()));
        url
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_is_never_doubled() {
        for text in [
            "https://payout-api.cashfree.com",
            "https://payout-api.cashfree.com/",
            "https://payout-api.cashfree.com/payout",
            " https://payout-api.cashfree.com:443/payout// ",
        ] {
            let base = BaseUrl::parse(text).unwrap();
            assert_eq!(
                base.of("v1/authorize").as_str(),
                "https://payout-api.cashfree.com/payout/v1/authorize"
            );
            assert_eq!(base.host(), "payout-api.cashfree.com");
            assert!(!base.is_loopback() && !base.is_plain());
        }
        let behind = BaseUrl::parse("https://proxy.example/cf/payout/").unwrap();
        assert_eq!(
            behind.of("v1/x").as_str(),
            "https://proxy.example/cf/payout/v1/x"
        );
    }

    #[test]
    fn plain_http_is_for_this_machine() {
        for (text, host) in [
            ("http://127.0.0.1:8080", "127.0.0.1:8080"),
            ("http://127.9.9.9", "127.9.9.9"),
            ("http://127.1:9", "127.0.0.1:9"),
            ("http://[::1]:8080/payout", "[::1]:8080"),
            ("http://LOCALHOST:1", "localhost:1"),
        ] {
            let base = BaseUrl::parse(text).unwrap();
            assert!(base.is_loopback() && base.is_plain());
            assert_eq!(base.host(), host);
        }
        for (text, error) in [
            ("http://payout-api.cashfree.com", BaseUrlError::NotHttps),
            ("http://127.0.0.1.example.com", BaseUrlError::NotHttps),
            ("http://localhost.example.com", BaseUrlError::NotHttps),
            ("http://0.0.0.0", BaseUrlError::NotHttps),
            ("http://[::ffff:127.0.0.1]", BaseUrlError::NotHttps),
            ("ftp://127.0.0.1", BaseUrlError::NotHttps),
            ("https://user@host", BaseUrlError::NotBare),
            ("https://:pw@host", BaseUrlError::NotBare),
            ("https://host/?a=b", BaseUrlError::NotBare),
            ("https://host/#x", BaseUrlError::NotBare),
            ("payout-api.cashfree.com", BaseUrlError::NotAUrl),
            ("", BaseUrlError::NotAUrl),
            ("file:///etc", BaseUrlError::NotAUrl),
        ] {
            assert_eq!(BaseUrl::parse(text), Err(error), "{text}");
        }
    }
}
