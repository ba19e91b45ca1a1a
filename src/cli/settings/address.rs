//! The gateway's address, judged before a credential goes near it. PURE.
//!
//! Deliberately absent: any look-up of names. `localhost` is this machine by its reserved meaning.

use std::fmt;
use std::net::IpAddr;

use reqwest::Url;

use super::super::exit::Ending;
use super::super::values::Environment;

/// The domain of the real gateways.
const CASHFREE: &str = "cashfree.com";

/// An address that credentials may be sent to: https, or http on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(Url);

impl BaseUrl {
    /// Reads an address for an environment.
    ///
    /// # Errors
    ///
    /// What is no address, what would send credentials in the clear, and a Cashfree host of another environment:
    /// a rehearsal, which asks nothing, must not reach real money.
    pub fn parse(text: &str, environment: Environment) -> Result<BaseUrl, Ending> {
        let url = Url::parse(text.trim()).map_err(|error| {
            Ending::usage(
                format!("the base URL is not an address: {error}"),
                "write it like https://payout-api.cashfree.com",
            )
        })?;
        let bare = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if !bare || !url.has_host() {
            return Err(Ending::usage(
                "the base URL holds more than an address",
                "write it like https://payout-api.cashfree.com",
            ));
        }
        judge_scheme(&url)?;
        judge_host(&url, environment)?;
        Ok(BaseUrl(url))
    }

    /// The address without a slash at its end, so that a path can follow.
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// Host and port: what a checkpoint is bound to.
    pub fn host(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        match self.0.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    /// Whether it is this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether an address is this machine.
pub fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || bare
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

fn judge_scheme(url: &Url) -> Result<(), Ending> {
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(url) => Ok(()),
        "http" => Err(Ending::usage(
            format!("{url} would send the credentials unencrypted"),
            "use https://: http:// is for a gateway on this machine only",
        )),
        other => Err(Ending::usage(
            format!("{other}:// is not how a gateway is reached"),
            "use https://",
        )),
    }
}

fn judge_host(url: &Url, environment: Environment) -> Result<(), Ending> {
    let host = url
        .host_str()
        .unwrap_or_default()
        .trim_end_matches('.')
        .to_ascii_lowercase();
    let theirs = host == CASHFREE || host.ends_with(&format!(".{CASHFREE}"));
    let owner = Environment::ALL.into_iter().find(|known| {
        known
            .own_base_url()
            .is_some_and(|own| own.ends_with(&format!("//{host}")))
    });
    let stranger = owner.is_some_and(|owner| owner != environment);
    if stranger || (theirs && environment == Environment::Sandbox) {
        let owner = owner.unwrap_or(Environment::Production);
        return Err(Ending::usage(
            format!("{host} is not a gateway of the environment {environment}"),
            format!("say --env {owner}, or leave --base-url out"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        use Environment::{Production, Sandbox, Test};
        let accepted = [
            (
                "https://payout-api.cashfree.com",
                Production,
                "payout-api.cashfree.com",
                false,
            ),
            (
                "https://payout-gamma.cashfree.com/",
                Test,
                "payout-gamma.cashfree.com",
                false,
            ),
            ("http://127.0.0.1:8900", Sandbox, "127.0.0.1:8900", true),
            ("http://127.9.9.9/x/", Test, "127.9.9.9", true),
            ("http://[::1]:8900", Production, "[::1]:8900", true),
            ("http://localhost:1", Test, "localhost:1", true),
            (
                "https://gateway.example",
                Production,
                "gateway.example",
                false,
            ),
        ];
        for (text, environment, host, loopback) in accepted {
            let url = BaseUrl::parse(text, environment).unwrap();
            assert_eq!(
                (url.host().as_str(), url.is_loopback()),
                (host, loopback),
                "{text}"
            );
            assert_eq!(url.as_str(), text.trim_end_matches('/'));
        }
        let refused = [
            ("http://gateway.example", Test),
            ("http://localhost.example", Test),
            ("http://10.0.0.1", Test),
            ("http://0.0.0.0", Test),
            ("ftp://127.0.0.1", Test),
            ("payout-api.cashfree.com", Production),
            ("https://user:pass@gateway.example", Test),
            ("https://gateway.example/?x=1", Test),
            ("https://payout-api.cashfree.com", Test),
            ("https://PAYOUT-api.cashfree.com.", Test),
            ("https://payout-gamma.cashfree.com", Production),
            ("https://payout-api.cashfree.com", Sandbox),
            ("https://other.cashfree.com", Sandbox),
            ("", Test),
        ];
        for (text, environment) in refused {
            let refused = BaseUrl::parse(text, environment).unwrap_err();
            assert_eq!(refused.exit.code(), 2, "{text}");
            assert!(!refused.to_string().contains("pass"), "{refused}");
        }
    }
}
