//! The command line that does this again, for people to copy. PURE.
//!
//! What is shown must run: an option that the shown command does not know is left out. Deliberately absent: any
//! knowledge of what the options mean.

use crate::domain::words::shell_word;

/// An option, and whether a value follows it.
type Shape = (&'static str, bool);

/// Options of one run, which a later one is better without.
const ONCE: [Shape; 7] = [
    ("--dry-run", false),
    ("--adopt", false),
    ("--rows-in-order", false),
    ("--reopen", false),
    ("--new-payment", false),
    ("--unfinished", false),
    ("--forget-recent", false),
];
/// Options that name what `retry` and `cancel` act on.
const OF_MENDING: [Shape; 4] = [
    ("--row", true),
    ("--id", true),
    ("--expired", false),
    ("--cancelled", false),
];
/// The answer to a cancel or a purge is not a send's.
const ANSWER: Shape = ("--yes", false);
/// Options that `send` and `retry` alone know: they read the sheet.
const OF_SEND: [Shape; 13] = [
    ("--expect-count", true),
    ("--expect-total", true),
    ("--max-amount", true),
    ("--expires-in", true),
    ("--sheet-name", true),
    ("--encoding", true),
    ("--delimiter", true),
    ("--map", true),
    ("--strict", false),
    ("--notify", true),
    ("--skip-invalid", false),
    ("--allow-duplicates", false),
    ("--yes", false),
];
/// Options that `status` alone knows.
const OF_STATUS: [Shape; 1] = [("--watch", true)];
/// Options of `report` and `export`, which no other command knows.
const OF_FILES: [Shape; 3] = [("--format", true), ("--output", true), ("--facts", false)];
/// Options that `results` alone knows.
const OF_RESULTS: [Shape; 1] = [("--xlsx", true)];
/// Options that say what one sheet adds up to, or answer a question about it.
const OF_SHEET: [Shape; 3] = [
    ("--expect-count", true),
    ("--expect-total", true),
    ("--yes", false),
];
/// Options that say how a text is written.
const OF_TEXT: [Shape; 2] = [("--encoding", true), ("--delimiter", true)];
/// The option that chooses a sheet of a workbook.
const OF_BOOK: [Shape; 1] = [("--sheet-name", true)];
/// Options that `validate` alone knows.
const OF_VALIDATE: [Shape; 2] = [("--fix", true), ("--marked", true)];
/// Options of the commands that talk to the gateway, such as `doctor` takes; `results` and `purge` do not.
const OF_TALK: [Shape; 11] = [
    ("--base-url", true),
    ("--credentials", true),
    ("--public-key", true),
    ("--ca-file", true),
    ("--proxy", true),
    ("--rate", true),
    ("--concurrency", true),
    ("--max-attempts", true),
    ("--timeout", true),
    ("--settle", true),
    ("--give-up-after", true),
];
/// Options that tie a run to files of the old batch.
const OF_BATCH: [Shape; 3] = [
    ("--batch", true),
    ("--checkpoint", true),
    ("--results", true),
];

/// The command that was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Again {
    words: Vec<String>,
    /// Options that the sheet was read with, where the typed command does not take them.
    recalled: Vec<String>,
}

/// Commands that may be made into each other.
const COMMANDS: [&str; 10] = [
    "send", "validate", "status", "results", "report", "retry", "cancel", "purge", "export",
    "doctor",
];
/// Those that read the sheet.
const READERS: [&str; 3] = ["send", "validate", "retry"];

impl Again {
    /// From the process's arguments, the first of which names the program.
    pub(super) fn of(args: impl IntoIterator<Item = String>) -> Again {
        Again::saying(args.into_iter().skip(1).collect())
    }

    fn saying(words: Vec<String>) -> Again {
        let recalled = Vec::new();
        Again { words, recalled }
    }

    /// The same, knowing with which options the sheet was read: a command that reads it again needs them too.
    pub(super) fn recalling(&self, reading: Vec<String>) -> Again {
        let reads = READERS.contains(&self.typed());
        Again {
            words: self.words.clone(),
            recalled: if reads { Vec::new() } else { reading },
        }
    }

    /// The command's name.
    fn typed(&self) -> &str {
        let typed = self
            .words
            .iter()
            .find(|word| COMMANDS.contains(&word.as_str()));
        typed.map_or("", String::as_str)
    }

    /// The same command.
    pub(super) fn command(&self) -> String {
        spelled(self.words.iter())
    }

    /// The same words for another command, such as `send` after a `status`. Options that it does not know are left
    /// out.
    pub(super) fn as_command(&self, command: &str) -> Again {
        let typed = self.typed();
        let mut left_out = ONCE.to_vec();
        if command != "send" && command != "retry" {
            left_out.extend(OF_SEND);
        }
        if command != typed {
            left_out.extend(OF_MENDING);
        }
        if ["cancel", "purge"].contains(&typed) && command != typed {
            left_out.push(ANSWER);
        }
        if command != "status" {
            left_out.extend(OF_STATUS);
        }
        if command != typed {
            left_out.extend(OF_FILES);
        }
        if command != "results" {
            left_out.extend(OF_RESULTS);
        }
        if ["results", "purge"].contains(&command) {
            left_out.extend(OF_TALK);
        }
        let mut words = self.without(&left_out);
        // The first only: a sheet or a batch may bear such a name.
        let typed = words
            .iter_mut()
            .find(|word| COMMANDS.contains(&word.as_str()));
        if let Some(typed) = typed {
            command.clone_into(typed);
        }
        if READERS.contains(&command) {
            words.extend(self.recalled.iter().cloned());
        }
        Again::saying(words)
    }

    /// The words but for these options and their values.
    fn without(&self, left_out: &[Shape]) -> Vec<String> {
        let mut kept = Vec::new();
        let mut words = self.words.iter().peekable();
        while let Some(word) = words.next() {
            let name = word.split_once('=').map_or(word.as_str(), |(name, _)| name);
            match left_out.iter().find(|(option, _)| *option == name) {
                None => kept.push(word.clone()),
                // A value may be left out.
                Some((_, true)) if name == word => {
                    let _ = words.next_if(|value| !value.starts_with("--"));
                }
                Some(_) => {}
            }
        }
        kept
    }

    /// `retry` of all that was refused, whatever this command was about.
    pub(super) fn retrying(&self) -> Again {
        Again::saying(self.as_command("retry").without(&OF_MENDING))
    }

    /// Whether an option was typed.
    pub(super) fn has(&self, option: &str) -> bool {
        self.words.iter().any(|word| word == option)
    }

    /// The same command with another option.
    pub(super) fn with(&self, option: &str) -> String {
        self.and(option).command()
    }

    /// The same words and another option.
    pub(super) fn and(&self, option: &str) -> Again {
        let mut words = self.words.clone();
        if !self.has(option) {
            words.push(option.to_owned());
        }
        let recalled = self.recalled.clone();
        Again { words, recalled }
    }

    /// `cancel` of these rows, or of the ids of such as have no row; of none: of the whole batch.
    pub(super) fn stopping(&self, rows: &[(Option<u64>, String)]) -> String {
        let mut words = self.as_command("cancel").without(&OF_MENDING);
        for (row, id) in rows {
            words.extend(match row {
                Some(row) => ["--row".to_owned(), row.to_string()],
                None => ["--id".to_owned(), id.clone()],
            });
        }
        spelled(words.iter())
    }

    /// `retry` with new links, for dead ones with `--expired` or for cancelled ones with `--cancelled`: for these rows, or for
    /// all dead links that need no name.
    pub(super) fn renewing(&self, option: &str, rows: &[u64]) -> String {
        let mut words = self.retrying().words;
        words.push(option.to_owned());
        for row in rows {
            words.extend(["--row".to_owned(), row.to_string()]);
        }
        spelled(words.iter())
    }

    /// The same command with another option and its value.
    pub(super) fn with_value(&self, option: &str, value: &str) -> String {
        let more = [option.to_owned(), value.to_owned()];
        spelled(self.words.iter().chain(&more))
    }

    /// `send` of the mended sheet under this batch's name, as this one was validated. The mended sheet is written anew,
    /// so what says how this one is written does not hold for it.
    pub(super) fn resume(&self, sheet: &str, mended: &str, batch: &str) -> String {
        let left_out: Vec<Shape> = [&OF_VALIDATE[..], &OF_TEXT, &OF_BOOK, &OF_BATCH].concat();
        let words = Again::saying(self.as_command("send").without(&left_out));
        let batch = ["--batch".to_owned(), batch.to_owned()];
        spelled(words.naming(sheet, mended).iter().chain(&batch))
    }

    /// The words with another sheet in the place of `sheet`.
    fn naming(mut self, sheet: &str, other: &str) -> Vec<String> {
        if let Some(typed) = self.words.iter_mut().skip(1).find(|word| *word == sheet) {
            other.clone_into(typed);
        }
        self.words
    }

    /// `send` for another sheet and its batch, which `options` name.
    pub(super) fn of_another(&self, sheet: &str, other: &str, options: &[String]) -> String {
        let of_kind = if other.to_lowercase().ends_with(".xlsx") {
            &OF_TEXT[..]
        } else {
            &OF_BOOK
        };
        let left_out = [&OF_BATCH[..], &OF_SHEET, of_kind].concat();
        let words = Again::saying(self.as_command("send").without(&left_out));
        spelled(words.naming(sheet, other).iter().chain(options))
    }

    /// The same command under another batch name, still to be chosen, and with files of its own.
    pub(super) fn renamed(&self) -> String {
        let mut kept = self.without(&OF_BATCH);
        kept.extend(["--batch".to_owned(), "NEW".to_owned()]);
        spelled(kept.iter())
    }
}

fn spelled<'a>(words: impl Iterator<Item = &'a String>) -> String {
    let mut line = String::from("paysheet");
    for word in words {
        line.push(' ');
        line.push_str(&shell_word(word));
    }
    line
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
        let files = ["p", "send", "a.csv", "--checkpoint", "x", "--results=y"].map(str::to_owned);
        assert_eq!(
            Again::of(files).renamed(),
            "paysheet send a.csv --batch NEW"
        );
    }

    #[test]
    fn another_command_gets_no_option_that_it_does_not_know() {
        let send =
            "p send a.csv --yes --expect-total 5.00 --notify=no --batch send --dry-run --rate 0";
        let send = Again::of(send.split(' ').map(str::to_owned));
        let status = send.as_command("status").command();
        assert_eq!(status, "paysheet status a.csv --batch send --rate 0");
        let status = Again::of(
            "p status a.csv --watch 5s --env test"
                .split(' ')
                .map(str::to_owned),
        );
        assert_eq!(
            status.as_command("send").command(),
            "paysheet send a.csv --env test"
        );
        for typed in [
            "p doctor a.csv --env test",
            "p export a.csv --facts --output x.jsonl --env test",
            "p purge a.csv --yes --forget-recent --env test",
        ] {
            let again = Again::of(typed.split(' ').map(str::to_owned));
            let send = again.as_command("send").command();
            assert_eq!(send, "paysheet send a.csv --env test");
        }
        let doctor = "p doctor a.csv --rate 5 --credentials=k --env test --proxy x";
        let doctor = Again::of(doctor.split(' ').map(str::to_owned));
        for command in ["results", "purge"] {
            let shown = doctor.as_command(command).command();
            assert_eq!(shown, format!("paysheet {command} a.csv --env test"));
        }
        for results in [
            "p results a.csv --xlsx --env test",
            "p results a.csv --xlsx b.xlsx --env test",
        ] {
            let results = Again::of(results.split(' ').map(str::to_owned));
            let send = results.as_command("send").command();
            assert_eq!(send, "paysheet send a.csv --env test");
        }
        let status = Again::of(["p", "status", "a.csv", "--env", "test"].map(str::to_owned));
        let status = status.recalling(["--map", "phone=Mobile 1"].map(str::to_owned).to_vec());
        let send = "paysheet send a.csv --env test --map 'phone=Mobile 1'";
        assert_eq!(status.as_command("send").command(), send);
        assert_eq!(
            status.as_command("cancel").command(),
            "paysheet cancel a.csv --env test"
        );
        assert_eq!(status.command(), "paysheet status a.csv --env test");
        let send = "p send a.csv --map phone=Cell --encoding utf-8 --delimiter=tab --strict --sheet-name x";
        let send = Again::of(send.split(' ').map(str::to_owned));
        assert_eq!(send.as_command("status").command(), "paysheet status a.csv");
        assert_eq!(
            send.as_command("retry").command(),
            send.command().replace("send", "retry")
        );
    }

    #[test]
    fn a_retry_of_all_names_no_row() {
        let typed = "p retry a.csv --cancelled --row 1 --id=X --yes";
        let again = Again::of(typed.split(' ').map(str::to_owned));
        assert_eq!(again.retrying().command(), "paysheet retry a.csv --yes");
    }

    #[test]
    fn the_mended_sheet_is_sent_as_the_first_was_validated() {
        let typed = "p validate a.csv --map phone=Cell --encoding windows-1252 --delimiter=tab --strict \
            --expect-total 5.00 --fix b.csv --marked=m.xlsx --config own.toml --batch old --json";
        let again = Again::of(typed.split_whitespace().map(str::to_owned));
        assert_eq!(
            again.resume("a.csv", "b.csv", "june"),
            "paysheet send b.csv --map phone=Cell --strict --expect-total 5.00 --config own.toml --json --batch june"
        );
    }
}
