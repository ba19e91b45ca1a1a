//! What was meant by the commands that keep, hand on or examine what is recorded.
//!
//! They need no gateway or do not pay, but refuse to guess the environment as the others do: the sandbox's checkpoint
//! would be the wrong one.

use std::path::PathBuf;

use crate::domain::BatchName;

use super::super::args::{ControlArgs, DoctorArgs, ExportArgs, PurgeArgs};
use super::super::exit::{Ending, Exit};
use super::super::values::Environment;
use super::door::gateway;
use super::files::Files;
use super::run::{Controls, Gateway, Voice};
use super::{Base, Surroundings, batch_and_files, controls};

/// Settings of `export`.
#[derive(Clone, Debug)]
pub struct Export {
    /// The sheet; the file need not be there.
    pub sheet: PathBuf,
    /// Its batch.
    pub batch: BatchName,
    /// The batch's files.
    pub files: Files,
    /// Whose checkpoint.
    pub environment: Environment,
    /// The facts alone.
    pub facts: bool,
    /// Where to; stdout if nowhere.
    pub output: Option<PathBuf>,
    /// How it is said.
    pub voice: Voice,
}

/// Settings of `purge`.
#[derive(Clone, Debug)]
pub struct Purge {
    /// The sheet; the file need not be there.
    pub sheet: PathBuf,
    /// Its batch.
    pub batch: BatchName,
    /// The batch's files.
    pub files: Files,
    /// Whose checkpoint.
    pub environment: Environment,
    /// Although rows are open.
    pub unfinished: bool,
    /// Although payments were just made.
    pub forget_recent: bool,
    /// The question is answered.
    pub yes: bool,
    /// How it is said.
    pub voice: Voice,
}

/// Settings of `doctor`.
#[derive(Clone, Debug)]
pub struct Doctor {
    /// Whose gateway.
    pub environment: Environment,
    /// The gateway, or what is wrong with its settings: that is a finding too.
    pub gateway: Result<Gateway, Ending>,
    /// The batch to be examined.
    pub subject: Option<Subject>,
    /// How it is said.
    pub voice: Voice,
}

/// A batch to be examined.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The sheet; the file need not be there.
    pub sheet: PathBuf,
    /// Its batch.
    pub batch: BatchName,
    /// The batch's files.
    pub files: Files,
    /// How the sheet is read.
    pub controls: Controls,
}

pub(super) fn export(
    args: ExportArgs,
    base: Base,
    voice: Voice,
    around: &Surroundings<'_>,
) -> Result<Export, Ending> {
    let environment = base.environment(None, around)?;
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

pub(super) fn purge(
    args: PurgeArgs,
    base: Base,
    voice: Voice,
    around: &Surroundings<'_>,
) -> Result<Purge, Ending> {
    let environment = base.environment(None, around)?;
    let (batch, files) = batch_and_files(&args.sheet, &args.files, environment)?;
    Ok(Purge {
        sheet: args.sheet,
        batch,
        files,
        environment,
        unfinished: args.unfinished,
        forget_recent: args.forget_recent,
        yes: args.yes,
        voice,
    })
}

pub(super) fn doctor(
    args: DoctorArgs,
    base: Base,
    voice: Voice,
    around: &Surroundings<'_>,
) -> Result<Doctor, Ending> {
    let options = args.gateway.or(base.file.gateway.clone());
    let environment = base.environment(options.credentials.as_deref(), around)?;
    let subject = match args.sheet {
        None => None,
        Some(sheet) => {
            let (batch, files) = batch_and_files(&sheet, &args.files, environment)?;
            Some(Subject {
                sheet,
                batch,
                files,
                controls: controls(ControlArgs::default(), base.file.controls, true),
            })
        }
    };
    let gateway = match gateway(environment, options, base.file.embedded, around) {
        // What was typed wrongly is no finding.
        Err(ending) if ending.exit == Exit::Usage => return Err(ending),
        gateway => gateway,
    };
    Ok(Doctor {
        environment,
        gateway,
        subject,
        voice,
    })
}
