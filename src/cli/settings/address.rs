//! The gateway's address, judged before a credential goes near it. PURE.
//!
//! What an address may look like is the gateway's business ([`BaseUrl`]); here it is held against the environment, so
//! that a rehearsal, which asks nothing, cannot reach real money. Deliberately absent: any look-up of names.

use crate::gateway::address::{BaseUrl, BaseUrlError};

use super::super::exit::Ending;
use super::super::values::Environment;

/// The domain of the real gateways.
const CASHFREE: &str = "cashfree.com";

/// Reads an address for an environment.
///
/// # Errors
///
/// What is no address, what would send credentials in the clear, and a Cashfree host of another environment.
pub(super) fn parse(text: &str, environment: Environment) -> Result<BaseUrl, Ending> {
    let url = BaseUrl::parse(text).map_err(|error| {
        let remedy = match error {
            BaseUrlError::NotAUrl | BaseUrlError::NotBare => {
                "write it like https://payout-api.cashfree.com"
            }
            BaseUrlError::NotHttps => {
                "use https://: http:// would send the credentials unencrypted"
            }
        };
        Ending::usage(error.to_string(), remedy)
    })?;
    judge_host(&url, environment)?;
    Ok(url)
}

fn judge_host(url: &BaseUrl, environment: Environment) -> Result<(), Ending> {
    let host = url.host().trim_end_matches('.').to_ascii_lowercase();
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
            let url = parse(text, environment).unwrap();
            assert_eq!(
                (url.host().as_str(), url.is_loopback()),
                (host, loopback),
                "{text}"
            );
        }
        let refused = [
            ("http://gateway.example", Test),
            ("http://localhost.example", Test),
            ("http://10.0.0.1", Test),
            ("http://0.0.0.0", Test),
            ("ftp://127.0.0.1", Test),
            ("payout-api.cashfree.com", Production),
            ("https://user:hush@gateway.example", Test),
            ("https://gateway.example/?x=1", Test),
            ("https://payout-api.cashfree.com", Test),
            ("https://PAYOUT-api.cashfree.com.", Test),
            ("https://payout-gamma.cashfree.com", Production),
            ("https://payout-api.cashfree.com", Sandbox),
            ("https://other.cashfree.com", Sandbox),
            ("", Test),
        ];
        for (text, environment) in refused {
            let refused = parse(text, environment).unwrap_err();
            assert_eq!(refused.exit.code(), 2, "{text}");
            assert!(!refused.to_string().contains("hush"), "{refused}");
        }
    }
}
