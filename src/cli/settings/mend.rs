//! What was meant by `paysheet retry` and `paysheet cancel`.

use super::super::args::{CancelArgs, RetryArgs};
use super::super::exit::Ending;
use super::door::gateway;
use super::run::{Cancel, Retry, Voice};
use super::{Base, Surroundings, after, batch_and_files, send};

/// Works out what was meant by `retry`.
pub(super) fn retry(
    args: RetryArgs,
    base: Base,
    voice: Voice,
    around: &Surroundings<'_>,
) -> Result<Retry, Ending> {
    if args.cancelled && !args.named.any() {
        return Err(Ending::usage(
            "--cancelled without rows would undo a cancel as a whole",
            "name the rows that are to be paid after all with --row N or --id ID",
        ));
    }
    Ok(Retry {
        send: send(args.as_send(), base, voice, around)?,
        expired: args.expired,
        cancelled: args.cancelled,
        named: args.named,
    })
}

/// Works out what was meant by `cancel`.
pub(super) fn cancel(
    args: CancelArgs,
    base: Base,
    voice: Voice,
    around: &Surroundings<'_>,
) -> Result<Cancel, Ending> {
    let options = args.gateway.or(base.file.gateway.clone());
    let environment = base.environment(options.credentials.as_deref(), around)?;
    let (batch, files) = batch_and_files(&args.sheet, &args.files, environment)?;
    let embedded = args.embedded.or(base.file.embedded);
    let after = after(args.after, base.file.after, environment, &batch)?;
    Ok(Cancel {
        after,
        gateway: gateway(environment, options, embedded, around)?,
        sheet: args.sheet,
        batch,
        files,
        named: args.named,
        yes: args.yes,
        voice,
    })
}
