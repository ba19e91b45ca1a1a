//! Who answers, what authorizes us there, and how fast we may ask.
//!
//! Deliberately absent: the HTTP client itself (`gateway`) and the simulator (`sandbox`).

use std::path::Path;
use std::time::Duration;

use secrecy::SecretString;

use super::super::args::{EmbeddedArgs, GatewayArgs};
use super::super::credentials::{Credentials, ID_VARIABLE, SECRET_VARIABLE};
use super::super::exit::Ending;
use super::super::values::{Environment, Rate};
use super::Surroundings;
use super::address;
use super::run::{Door, Gateway, Remote};
use crate::gateway::address::BaseUrl;

/// The documented limit is 3,500 creates a minute; 50 a second leaves room for look-ups.
const RATE_DEFAULT: &str = "50/s";
/// Enough to fill the default rate at one second of latency.
const CONCURRENCY_DEFAULT: u32 = 64;
/// Per payout and run; what then is still ready ends the run with 1.
const ATTEMPTS_DEFAULT: u32 = 6;
/// Per request.
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(30);
/// How long a create in doubt must stay missing.
const SETTLE_DEFAULT: Duration = Duration::from_secs(60);
/// With the gateway out of reach.
const GIVE_UP_AFTER_DEFAULT: Duration = Duration::from_secs(15 * 60);
/// The gateway of an environment, and how to treat it.
pub(super) fn gateway(
    environment: Environment,
    options: GatewayArgs,
    embedded: EmbeddedArgs,
    around: &Surroundings<'_>,
) -> Result<Gateway, Ending> {
    let rate = match options.rate {
        Some(rate) => rate,
        None => RATE_DEFAULT
            .parse()
            .map_err(|why: String| Ending::stopped(why, "this is a bug"))?,
    };
    let given = options.base_url.as_deref().or(environment.own_base_url());
    let base_url = given
        .map(|url| address::parse(url, environment))
        .transpose()?;
    if let (Rate::Unlimited, Some(url)) = (rate, &base_url)
        && !url.is_loopback()
    {
        return Err(Ending::usage(
            format!("--rate 0 would send to {} without any limit", url.host()),
            "give a rate such as 50/s: no limit is for a gateway on this machine only",
        ));
    }
    Ok(Gateway {
        environment,
        rate,
        concurrency: options.concurrency.unwrap_or(CONCURRENCY_DEFAULT),
        max_attempts: options.max_attempts.unwrap_or(ATTEMPTS_DEFAULT),
        timeout: options.timeout.unwrap_or(TIMEOUT_DEFAULT),
        settle: options.settle.unwrap_or(SETTLE_DEFAULT),
        give_up_after: options.give_up_after.unwrap_or(GIVE_UP_AFTER_DEFAULT),
        door: match base_url {
            None => Door::Embedded(embedded),
            Some(base_url) => {
                Door::Remote(Box::new(remote(base_url, environment, options, around)?))
            }
        },
    })
}

fn remote(
    base_url: BaseUrl,
    environment: Environment,
    options: GatewayArgs,
    around: &Surroundings<'_>,
) -> Result<Remote, Ending> {
    let credentials = match &options.credentials {
        Some(path) => Some(Credentials::from_file(path)?),
        None => from_variables(around).complete()?,
    };
    let Some(credentials) = credentials else {
        return Err(Ending::stopped(
            format!("{environment} needs credentials, and there are none"),
            format!("set {ID_VARIABLE} and {SECRET_VARIABLE}, or name a file with --credentials"),
        ));
    };
    Ok(Remote {
        base_url,
        public_key: options
            .public_key
            .or_else(|| credentials.public_key().map(Path::to_path_buf)),
        credentials,
        proxy: options.proxy,
        ca_file: options.ca_file,
    })
}

/// The credentials as the environment variables have them, perhaps only in part.
pub(super) struct Parts {
    id: Option<String>,
    secret: Option<SecretString>,
}

pub(super) fn from_variables(around: &Surroundings<'_>) -> Parts {
    Parts {
        id: (around.variable)(ID_VARIABLE),
        secret: (around.variable)(SECRET_VARIABLE).map(SecretString::from),
    }
}

impl Parts {
    /// Both, or none; one alone is a mistake.
    pub(super) fn complete(self) -> Result<Option<Credentials>, Ending> {
        let missing = match (self.id, self.secret) {
            (None, None) => return Ok(None),
            (Some(id), Some(secret)) => {
                return Credentials::new(id, secret, "the environment").map(Some);
            }
            (Some(_), None) => SECRET_VARIABLE,
            (None, Some(_)) => ID_VARIABLE,
        };
        Err(Ending::stopped(
            format!("{missing} is not set, but the other half of the credentials is"),
            format!("set {missing} as well"),
        ))
    }
}
