//! The command line that does this again, for people to copy. PURE.
//!
//! Deliberately absent: knowledge of the options beyond `--batch`, which one of the remedies replaces.

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

    /// The same words for another command, such as `send` after a `status`. Options that only the typed one knows
    /// are left out.
    pub(super) fn as_command(&self, command: &str) -> Again {
        let known = ["send", "status", "results"];
        let mut words = Vec::new();
        let mut skip = false;
        for word in &self.0 {
            if std::mem::take(&mut skip)
                || ["--dry-run", "--adopt"].contains(&word.as_str())
                || word.starts_with("--watch=")
            {
                continue;
            }
            if word == "--watch" {
                skip = true;
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
}
