//! The command line that does this again, for people to copy. PURE.
//!
//! Deliberately absent: what options mean; it only knows which of them another command would refuse.

/// Options meant for one run alone.
const ONCE: [&str; 2] = ["--dry-run", "--adopt"];
/// Options of `send` alone that stand by themselves. A test holds both lists against the definition.
const SEND_FLAGS: [&str; 3] = ["--skip-invalid", "--allow-duplicates", "--yes"];
/// Options of `send` alone that take a value.
const SEND_VALUES: [&str; 5] = [
    "--expect-count",
    "--expect-total",
    "--max-amount",
    "--expires-in",
    "--notify",
];

/// The command that was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Again(Vec<String>);

impl Again {
    /// From the process's arguments, the first of which names the program.
    pub(super) fn of(args: impl IntoIterator<Item = String>) -> Again {
        Again(args.into_iter().skip(1).collect())
    }

    /// The same command.
    pub(super) fn command(&self) -> String {
        spelled(self.0.iter())
    }

    /// The same words for another command, such as `send` after a `status`. Options that it does not know, and those
    /// that were meant for one run alone, are left out.
    pub(super) fn as_command(&self, command: &str) -> Again {
        let known = ["send", "status", "results"];
        let mut words = Vec::new();
        let mut skip = false;
        for word in &self.0 {
            if std::mem::take(&mut skip) {
                continue;
            }
            let name = word.split_once('=').map_or(word.as_str(), |(name, _)| name);
            if ONCE.contains(&name) || (command != "send" && SEND_FLAGS.contains(&name)) {
                continue;
            }
            if name == "--watch" || (command != "send" && SEND_VALUES.contains(&name)) {
                skip = !word.contains('=');
            } else if known.contains(&word.as_str()) {
                words.push(command.to_owned());
            } else {
                words.push(word.clone());
            }
        }
        Again(words)
    }

    /// The same command with another option.
    pub(super) fn with(&self, option: &str) -> String {
        let more = [option.to_owned()];
        if self.0.iter().any(|word| word == option) {
            self.command()
        } else {
            spelled(self.0.iter().chain(&more))
        }
    }

    /// The same command under another batch name, still to be chosen.
    pub(super) fn renamed(&self) -> String {
        let mut kept = Vec::new();
        let mut words = self.0.iter();
        while let Some(word) = words.next() {
            if word == "--batch" {
                words.next();
            } else if !word.starts_with("--batch=") {
                kept.push(word.clone());
            }
        }
        kept.extend(["--batch".to_owned(), "NEW".to_owned()]);
        spelled(kept.iter())
    }
}

fn spelled<'a>(words: impl Iterator<Item = &'a String>) -> String {
    let mut line = String::from("paysheet");
    for word in words {
        line.push(' ');
        line.push_str(&quoted(word));
    }
    line
}

/// As a shell reads it back.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn commands_to_copy() {
        let words = [
            "/bin/paysheet",
            "send",
            "my june's.csv",
            "--batch",
            "old",
            "--env",
            "test",
        ];
        let again = Again::of(words.map(str::to_owned));
        let sheet = r"'my june'\''s.csv'";
        assert_eq!(
            again.command(),
            format!("paysheet send {sheet} --batch old --env test")
        );
        assert_eq!(
            again.with("--adopt"),
            format!("{} --adopt", again.command())
        );
        assert_eq!(again.with("--env"), again.command());
        assert_eq!(
            again.renamed(),
            format!("paysheet send {sheet} --env test --batch NEW")
        );
        let equals = Again::of(["p", "send", "a.csv", "--batch=old", ""].map(str::to_owned));
        assert_eq!(equals.renamed(), "paysheet send a.csv '' --batch NEW");
    }
    #[test]
    fn another_command_is_given_no_option_that_it_refuses() {
        let words = "p send june.csv --env production --expect-total 5.00 --yes --notify=no --rate 5 --adopt -v";
        let again = Again::of(words.split(' ').map(str::to_owned));
        assert_eq!(
            again.as_command("status").command(),
            "paysheet status june.csv --env production --rate 5 -v"
        );
        assert_eq!(
            again.as_command("send").command(),
            "paysheet send june.csv --env production --expect-total 5.00 --yes --notify=no --rate 5 -v"
        );
        let words = "p status june.csv --watch 5s --rate 5";
        let again = Again::of(words.split(' ').map(str::to_owned));
        assert_eq!(
            again.as_command("send").command(),
            "paysheet send june.csv --rate 5"
        );
    }

    #[test]
    fn the_lists_are_those_of_the_definition() {
        let definition = crate::cli::args::Typed::command();
        let options = |command: &str| -> Vec<(String, bool)> {
            let command = definition.find_subcommand(command).unwrap();
            let longs = command.get_arguments().filter_map(|arg| {
                let takes = arg.get_action().takes_values();
                Some((format!("--{}", arg.get_long()?), takes))
            });
            longs.collect()
        };
        let status = options("status");
        for (name, takes_value) in options("send") {
            let of_send = !status.iter().any(|(known, _)| *known == name);
            let flag = SEND_FLAGS.contains(&name.as_str()) || ONCE.contains(&name.as_str());
            let value = SEND_VALUES.contains(&name.as_str());
            assert_eq!(
                (flag, value),
                (of_send && !takes_value, of_send && takes_value),
                "{name}"
            );
        }
    }
}
