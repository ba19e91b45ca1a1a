//! What was meant by `paysheet webhooks`.

use secrecy::SecretString;

use super::super::args::{EmbeddedArgs, WebhooksArgs};
use super::super::credentials::PREVIOUS_VARIABLE;
use super::super::exit::Ending;
use super::door::gateway;
use super::files::stem;
use super::run::{Door, Voice, Webhooks};
use super::{Base, Surroundings};

/// Works out what was meant. Events need a gateway that outlives a command, so the built-in simulator will not do.
pub(super) fn webhooks(
    args: WebhooksArgs,
    base: Base,
    voice: Voice,
    around: &Surroundings<'_>,
) -> Result<Webhooks, Ending> {
    let options = args.gateway.or(base.file.gateway.clone());
    let environment = base.environment(options.credentials.as_deref(), around)?;
    let gateway = gateway(environment, options, EmbeddedArgs::default(), around)?;
    let Door::Remote(remote) = &gateway.door else {
        return Err(Ending::usage(
            "the built-in sandbox ends with each command and sends no events",
            "say --env production or --env test; for a rehearsal run `paysheet sandbox --webhook URL` and add \
             --base-url with its address",
        ));
    };
    let remote = remote.clone();
    let named = format!("{}.inbox.db", stem("webhooks", environment));
    Ok(Webhooks {
        listen: args.listen,
        inbox: args.inbox.unwrap_or_else(|| args.checkpoints.join(named)),
        checkpoints: args.checkpoints,
        previous_secret: (around.variable)(PREVIOUS_VARIABLE)
            .map(SecretString::from)
            .or_else(|| remote.credentials.previous_secret().cloned()),
        remote,
        gateway,
        voice,
    })
}
