//! What is to be done after a run whose settings could not be made out: a scheduler has to hear of it all the same.
//!
//! Deliberately absent: any refusal. What cannot be made out is left out, and never guessed.

use super::super::after::After;
use super::super::args::{AfterArgs, Scheduled};
use super::super::config::Config;
use super::super::values::Environment;
use super::{Base, Surroundings, files};

/// What can be made out.
pub(in crate::cli) fn afterwards(scheduled: Scheduled, around: &Surroundings<'_>) -> After {
    let Scheduled {
        after,
        place,
        no_environment,
        credentials,
        sheet,
        batch,
    } = scheduled;
    let (environment, file) = match Config::load(place.config.as_deref(), around.folder) {
        // The file may have chosen another one, but not over what was given.
        Err(_) => (place.env, AfterArgs::default()),
        Ok(config) => {
            let chosen = place.env.or(config.env());
            let has_credentials = config.has_credentials();
            let file = config.layer(chosen.unwrap_or(Environment::Sandbox));
            let after = file.after.clone();
            let base = Base {
                chosen,
                file,
                has_credentials,
            };
            (base.environment(credentials.as_deref(), around).ok(), after)
        }
    };
    let wanted = after.or(file);
    let numbers_alone = AfterArgs {
        notify_command: None,
        ..wanted.clone()
    };
    let after = After::of(wanted).or_else(|_| After::of(numbers_alone));
    let batch = files::batch(&sheet, batch.as_deref());
    After {
        environment: environment
            .filter(|_| !no_environment)
            .map_or("", Environment::word),
        batch: batch.map_or_else(|_| String::new(), |batch| batch.as_str().to_owned()),
        ..after.unwrap_or_default()
    }
}
