//! What was meant by the commands that keep, hand on or examine what is recorded.
//!
//! They need no gateway or do not pay, but refuse to guess the environment as the others do: the sandbox's checkpoint
//! would be the wrong one.

use super::super::args::ExportArgs;
use super::super::exit::Ending;
use super::run::{Export, Voice};
use super::{Base, Surroundings, batch_and_files};

pub(super) fn export(
    args: ExportArgs,
    base: Base,
    voice: Voice,
    around: &Surroundings<'_>,
) -> Result<Export, Ending> {
    let environment = base.environment(base.file.gateway.credentials.as_deref(), around)?;
    let (batch, files) = batch_and_files(&args.sheet, &args.files, environment)?;
    Ok(Export {
        sheet: args.sheet,
        batch,
        files,
        environment,
        facts: args.facts,
        output: args.output,
        voice,
    })
}
