//! What a scheduler wants done after a run, and under which names: from a command line, or from the words of one that
//! could not be understood.
//!
//! Deliberately absent: what is wrong with the words, which the parser has said.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::CommandFactory as _;

use super::{AfterArgs, Command, PlaceArgs, Typed};
use crate::cli::values;

/// Commands that a scheduler is told of.
const COMMANDS: [&str; 4] = ["send", "status", "retry", "cancel"];

/// The options that are needed to tell a scheduler that a run failed before its settings were known.
#[derive(Clone, Debug, Default)]
pub(in crate::cli) struct Scheduled {
    /// Whom to tell, and where to leave the numbers.
    pub(in crate::cli) after: AfterArgs,
    /// Where options come from.
    pub(in crate::cli) place: PlaceArgs,
    /// An environment was given and means none.
    pub(in crate::cli) no_environment: bool,
    /// The file of credentials.
    pub(in crate::cli) credentials: Option<PathBuf>,
    /// The sheet, if one was given.
    pub(in crate::cli) sheet: PathBuf,
    /// The batch's name, if one was given.
    pub(in crate::cli) batch: Option<String>,
}

impl Scheduled {
    /// Those of a command line.
    pub(in crate::cli) fn of(command: &Command) -> Option<Scheduled> {
        let (after, place, gateway, files, sheet) = match command {
            Command::Send(args) => (
                &args.after,
                &args.place,
                &args.gateway,
                &args.files,
                &args.sheet,
            ),
            Command::Status(args) => (
                &args.after,
                &args.place,
                &args.gateway,
                &args.files,
                &args.sheet,
            ),
            Command::Retry(args) => (
                &args.after,
                &args.place,
                &args.gateway,
                &args.files,
                &args.sheet,
            ),
            Command::Cancel(args) => (
                &args.after,
                &args.place,
                &args.gateway,
                &args.files,
                &args.sheet,
            ),
            Command::Validate(_)
            | Command::Results(_)
            | Command::Report(_)
            | Command::Sandbox(_)
            | Command::Webhooks(_)
            | Command::Template(_)
            | Command::Completions(_)
            | Command::Export(_)
            | Command::Purge(_)
            | Command::Doctor(_) => return None,
        };
        Some(Scheduled {
            after: after.clone(),
            place: place.clone(),
            no_environment: false,
            credentials: gateway.credentials.clone(),
            sheet: sheet.clone(),
            batch: files.batch.clone(),
        })
    }

    /// Those among the process's arguments, as far as they can be made out: the command's name, and what is wanted.
    pub(in crate::cli) fn among(
        words: &[String],
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Option<(&'static str, Scheduled)> {
        let mut rest = words.iter();
        let name = rest.find_map(|word| COMMANDS.into_iter().find(|name| name == word))?;
        let (sheet, mut options) = options(name, rest.as_slice());
        let env = options.remove("env").or_else(|| variable("PAYSHEET_ENV"));
        let known = env.as_ref().and_then(|env| env.parse().ok());
        let config = options
            .remove("config")
            .or_else(|| variable("PAYSHEET_CONFIG"));
        let timeout = options.remove("notify-timeout");
        let scheduled = Scheduled {
            after: AfterArgs {
                metrics: options.remove("metrics").map(PathBuf::from),
                notify_command: options.remove("notify-command"),
                notify_timeout: timeout.and_then(|text| values::timeout(&text).ok()),
            },
            place: PlaceArgs {
                env: known,
                config: config.map(PathBuf::from),
            },
            no_environment: env.is_some() && known.is_none(),
            credentials: options.remove("credentials").map(PathBuf::from),
            sheet: sheet.map(PathBuf::from).unwrap_or_default(),
            batch: options.remove("batch"),
        };
        Some((name, scheduled))
    }
}

/// The first word that is no option, and the options with their values, the last of each.
fn options(command: &str, words: &[String]) -> (Option<String>, BTreeMap<String, String>) {
    let mut typed = Typed::command();
    typed.build();
    let command = typed.find_subcommand(command);
    let takes_value = |name: &str| {
        let mut known = command
            .into_iter()
            .flat_map(|command| command.get_arguments());
        known.any(|known| known.get_long() == Some(name) && known.get_action().takes_values())
    };
    let (mut sheet, mut options) = (None, BTreeMap::new());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let Some(option) = word.strip_prefix("--") else {
            if !word.starts_with('-') && sheet.is_none() {
                sheet = Some(word.clone());
            }
            continue;
        };
        let (name, value) = match option.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None if takes_value(option) => (option, words.next().cloned()),
            None => (option, None),
        };
        if let Some(value) = value {
            options.insert(name.to_owned(), value);
        }
    }
    (sheet, options)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn among(line: &str) -> Option<(&'static str, Scheduled)> {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        Scheduled::among(&words, &|_| None)
    }

    #[test]
    fn what_can_be_made_out_of_a_wrong_line() {
        let line = "p --log-format json send --rate june.csv --wrong x.csv --metrics=m.prom --env tset --notify-command tell \
                    --batch a --batch b";
        let (name, found) = among(line).unwrap();
        assert_eq!(name, "send");
        // The value that --rate wants is not the sheet.
        assert_eq!(found.sheet, PathBuf::from("x.csv"));
        assert_eq!(found.after.metrics, Some(PathBuf::from("m.prom")));
        assert_eq!(found.after.notify_command.as_deref(), Some("tell"));
        assert_eq!(found.batch.as_deref(), Some("b"));
        assert!(found.no_environment && found.place.env.is_none());
        assert!(among("p export x.csv --metrics m.prom").is_none());
        let (name, found) = among("p status --env test").unwrap();
        assert_eq!((name, found.no_environment), ("status", false));
        assert_eq!(found.place.env, Some(values::Environment::Test));
    }
}
