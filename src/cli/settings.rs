//! What was meant: the command line over environment variables over `paysheet.toml` over defaults, as values that
//! the commands can use without asking again.
//!
//! PURE but for the reading of files that the options name. Combinations that could pay the wrong people, pay
//! nobody in silence, or hand the credentials to a stranger are refused here. Deliberately absent: the sheet, the
//! checkpoint and the network.

mod address;
mod afterwards;
mod door;
mod files;
mod keeping;
mod mend;
mod run;
mod webhooks;

use std::path::{Path, PathBuf};

use clap::{Args as _, FromArgMatches as _};

use crate::domain::BatchName;
use crate::sheet::Layout;

pub(in crate::cli) use afterwards::afterwards;
pub use files::Files;
pub use keeping::{Doctor, Export, Purge, Subject};
pub use run::{
    Cancel, Controls, Door, Gateway, Remote, Report, Results, Retry, Run, Sandbox, Send, Status,
    Validate, Voice, Webhooks,
};

use door::{from_variables, gateway};

use super::after::After;
use super::args::{
    AfterArgs, Command, ControlArgs, FileArgs, PlaceArgs, ReportArgs, ReportFormat, ResultsArgs,
    SendArgs, StatusArgs, TemplateArgs, Typed, ValidateArgs,
};
use super::config::{Config, Layer};
use super::credentials::{ID_VARIABLE, SECRET_VARIABLE};
use super::exit::Ending;
use super::recent;
use super::values::{Environment, Notify};

/// Days that a link lives.
const EXPIRES_IN_DEFAULT: u32 = 15;

/// Where settings come from besides the command line: an argument, so that tests need no process of their own.
pub struct Surroundings<'a> {
    /// An environment variable; blank ones count as not set.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// The working folder, where `paysheet.toml` may lie.
    pub folder: &'a Path,
}

/// Works out what was meant.
///
/// # Errors
///
/// [`Usage`](super::exit::Exit::Usage) for combinations that are refused, [`Stopped`](super::exit::Exit::Stopped) for files and credentials that will not do.
pub fn resolve(typed: Typed, around: &Surroundings<'_>) -> Result<Run, Ending> {
    let mut voice = Voice::of(&typed);
    let mut base = |place: &PlaceArgs| {
        let base = Base::of(place, around)?;
        if typed.logs.log_format.is_none() {
            voice.log_format = base.file.log_format.unwrap_or_default();
        }
        Ok::<_, Ending>((base, voice))
    };
    match typed.command {
        Command::Validate(args) => {
            let (base, voice) = base(&args.place)?;
            validate(args, base, voice).map(Run::Validate)
        }
        Command::Send(args) => {
            let (base, voice) = base(&args.place)?;
            send(*args, base, voice, around).map(|send| Run::Send(Box::new(send)))
        }
        Command::Status(args) => {
            let (base, voice) = base(&args.place)?;
            status(*args, base, voice, around).map(|status| Run::Status(Box::new(status)))
        }
        Command::Retry(args) => {
            let (base, voice) = base(&args.place)?;
            mend::retry(*args, base, voice, around).map(|retry| Run::Retry(Box::new(retry)))
        }
        Command::Cancel(args) => {
            let (base, voice) = base(&args.place)?;
            mend::cancel(*args, base, voice, around).map(|cancel| Run::Cancel(Box::new(cancel)))
        }
        Command::Results(args) => {
            let (base, voice) = base(&args.place)?;
            results(args, base, voice, around).map(Run::Results)
        }
        Command::Template(args) => template(args).map(|file| Run::Template(file, voice)),
        Command::Purge(args) => {
            let (base, voice) = base(&args.place)?;
            keeping::purge(args, base, voice, around).map(Run::Purge)
        }
        Command::Doctor(args) => {
            let (base, voice) = base(&args.place)?;
            keeping::doctor(*args, base, voice, around).map(|run| Run::Doctor(Box::new(run)))
        }
        Command::Export(args) => {
            let (base, voice) = base(&args.place)?;
            keeping::export(args, base, voice, around).map(Run::Export)
        }
        Command::Report(args) => {
            let (base, voice) = base(&args.place)?;
            report(args, base, voice, around).map(Run::Report)
        }
        Command::Completions(args) => Ok(Run::Completions(args.shell, voice)),
        Command::Webhooks(args) => {
            let (base, voice) = base(&args.place)?;
            webhooks::webhooks(*args, base, voice, around).map(|run| Run::Webhooks(Box::new(run)))
        }
        Command::Sandbox(options) => Ok(Run::Sandbox(Sandbox {
            options,
            credentials: from_variables(around).complete()?,
            voice,
        })),
    }
}

/// What the file says, for the environment that was chosen.
struct Base {
    chosen: Option<Environment>,
    file: Layer,
    /// Whether the file names credentials, for whatever environment.
    has_credentials: bool,
}

impl Base {
    fn of(place: &PlaceArgs, around: &Surroundings<'_>) -> Result<Base, Ending> {
        let config = Config::load(place.config.as_deref(), around.folder)?;
        let chosen = place.env.or(config.env());
        Ok(Base {
            chosen,
            has_credentials: config.has_credentials(),
            file: config.layer(chosen.unwrap_or(Environment::Sandbox)),
        })
    }

    /// The environment; refuses to fall back to the sandbox where somebody clearly means to pay.
    fn environment(
        &self,
        credentials: Option<&Path>,
        around: &Surroundings<'_>,
    ) -> Result<Environment, Ending> {
        let present = [ID_VARIABLE, SECRET_VARIABLE]
            .into_iter()
            .find(|name| (around.variable)(name).is_some());
        let present = present.or(credentials.map(|_| "--credentials")).or(self
            .has_credentials
            .then_some("`credentials` of the configuration"));
        match (self.chosen, present) {
            (Some(chosen), _) => Ok(chosen),
            (None, None) => Ok(Environment::Sandbox),
            (None, Some(name)) => Err(Ending::usage(
                format!(
                    "{name} is set but no environment is chosen, and the sandbox would pay nobody"
                ),
                "say --env production, --env test or --env sandbox",
            )),
        }
    }
}

fn validate(args: ValidateArgs, base: Base, voice: Voice) -> Result<Validate, Ending> {
    let batch = files::batch(&args.sheet, args.batch.as_deref())?;
    let problems = files::problems(&args.sheet, &batch);
    Ok(Validate {
        editions: files::editions(&args.sheet, &problems, args.editions)?,
        problems,
        controls: controls(args.controls, base.file.controls, args.allow_duplicates),
        sheet: args.sheet,
        batch,
        voice,
    })
}

fn send(
    args: SendArgs,
    base: Base,
    voice: Voice,
    around: &Surroundings<'_>,
) -> Result<Send, Ending> {
    let options = args.gateway.or(base.file.gateway.clone());
    let environment = base.environment(options.credentials.as_deref(), around)?;
    let controls = controls(args.controls, base.file.controls, args.allow_duplicates);
    if environment == Environment::Production && args.yes && controls.expect_total.is_none() {
        return Err(Ending::usage(
            "--yes in production answers for a total that nobody has named",
            "add --expect-total AMOUNT, or leave --yes out and answer the question",
        ));
    }
    let (batch, files) = batch_and_files(&args.sheet, &args.files, environment)?;
    let embedded = args.embedded.or(base.file.embedded);
    let after = after(args.after, base.file.after, environment, &batch)?;
    Ok(Send {
        gateway: gateway(environment, options, embedded, around)?,
        notify: args.notify.or(base.file.notify).unwrap_or(Notify::Yes),
        after,
        sheet: args.sheet,
        batch,
        files,
        controls,
        skip_invalid: args.skip_invalid,
        dry_run: args.dry_run,
        adopt: args.adopt,
        rows_in_order: args.rows_in_order,
        reopen: args.reopen,
        new_payment: args.new_payment,
        recent: recent::list(around.variable),
        yes: args.yes,
        voice,
    })
}

fn status(
    args: StatusArgs,
    base: Base,
    voice: Voice,
    around: &Surroundings<'_>,
) -> Result<Status, Ending> {
    let options = args.gateway.or(base.file.gateway.clone());
    let environment = base.environment(options.credentials.as_deref(), around)?;
    let (batch, files) = batch_and_files(&args.sheet, &args.files, environment)?;
    let embedded = args.embedded.or(base.file.embedded);
    let after = after(args.after, base.file.after, environment, &batch)?;
    Ok(Status {
        gateway: gateway(environment, options, embedded, around)?,
        after,
        sheet: args.sheet,
        batch,
        files,
        watch: args.watch,
        voice,
    })
}

/// Needs no gateway, but the same refusal to guess: the sandbox's checkpoint would be the wrong one.
fn results(
    args: ResultsArgs,
    base: Base,
    voice: Voice,
    around: &Surroundings<'_>,
) -> Result<Results, Ending> {
    let environment = base.environment(None, around)?;
    let (batch, files) = batch_and_files(&args.sheet, &args.files, environment)?;
    let xlsx = match args.xlsx {
        Some(typed) => Some(files.results_book(&args.sheet, &batch, environment, typed)?),
        None => None,
    };
    Ok(Results {
        xlsx,
        sheet: args.sheet,
        batch,
        files,
        environment,
        voice,
    })
}

/// The file that a template goes to, whose name says of which kind it is; none: stdout.
fn template(args: TemplateArgs) -> Result<Option<PathBuf>, Ending> {
    if let Some(path) = args.xlsx {
        files::workbook(&path, "--xlsx")?;
        return Ok(Some(path));
    }
    let Some(path) = args.file else {
        return Ok(None);
    };
    files::sheet(&path)?;
    Ok(Some(path))
}

/// As for the results. Numbers on stdout leave no room for another object there.
fn report(
    args: ReportArgs,
    base: Base,
    voice: Voice,
    around: &Surroundings<'_>,
) -> Result<Report, Ending> {
    let environment = base.environment(None, around)?;
    let (batch, files) = batch_and_files(&args.sheet, &args.files, environment)?;
    let output = match (args.output, args.format) {
        (Some(path), _) => Some(path),
        (None, ReportFormat::Html) => Some(files.report.clone()),
        (None, ReportFormat::Csv | ReportFormat::Json) => None,
    };
    if output.is_none() && voice.json {
        return Err(Ending::usage(
            "--json and the numbers cannot both have stdout",
            "add --output FILE for the numbers, or leave --json out",
        ));
    }
    Ok(Report {
        sheet: args.sheet,
        batch,
        files,
        environment,
        format: args.format,
        output,
        voice,
    })
}

/// What is to be done afterwards, and under which names it is counted.
fn after(
    typed: AfterArgs,
    file: AfterArgs,
    environment: Environment,
    batch: &BatchName,
) -> Result<After, Ending> {
    Ok(After {
        environment: environment.word(),
        batch: batch.as_str().to_owned(),
        ..After::of(typed.or(file))?
    })
}

fn controls(typed: ControlArgs, file: ControlArgs, allow_duplicates: bool) -> Controls {
    let meant = typed.or(file);
    Controls {
        expect_count: meant.expect_count,
        expect_total: meant.expect_total,
        max_amount: meant.max_amount,
        expires_in: meant.expires_in.unwrap_or(EXPIRES_IN_DEFAULT),
        sheet_name: meant.sheet_name,
        strict: meant.layout.strict.unwrap_or(false),
        layout: Layout {
            encoding: meant.layout.encoding,
            delimiter: meant.layout.delimiter,
            map: meant.layout.map.unwrap_or_default(),
        },
        allow_duplicates,
    }
}

impl Controls {
    /// The same, with the sheet read as these options say, if there are any.
    pub(in crate::cli) fn reading(mut self, options: &[String]) -> Controls {
        let command = ControlArgs::augment_args(clap::Command::new("sheet").no_binary_name(true));
        let typed = command.try_get_matches_from(options);
        if let Ok(typed) = typed.and_then(|typed| ControlArgs::from_arg_matches(&typed))
            && !options.is_empty()
        {
            let read = controls(typed, ControlArgs::default(), true);
            (self.layout, self.sheet_name) = (read.layout, read.sheet_name);
        }
        self
    }
}

fn batch_and_files(
    sheet: &Path,
    typed: &FileArgs,
    environment: Environment,
) -> Result<(BatchName, Files), Ending> {
    let batch = files::batch(sheet, typed.batch.as_deref())?;
    let files = Files::of(sheet, &batch, environment, typed)?;
    Ok((batch, files))
}

#[cfg(test)]
mod tests;
