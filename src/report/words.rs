//! Small words for people: amounts, counts, durations. PURE.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::Money;

/// `₹12,34,567.00`
pub fn rupees(amount: Money) -> String {
    format!("₹{}", amount.grouped())
}

/// `1 row` or `2 rows`.
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// `3 links: 2 ACTIVE, 1 PENDING`, or `0 links`.
pub fn by_status(statuses: &BTreeMap<String, u64>) -> String {
    let links = counted(statuses.values().sum(), "link", "links");
    let each: Vec<String> = statuses
        .iter()
        .map(|(word, links)| format!("{links} {word}"))
        .collect();
    let all = format!("{links}: {}", each.join(", "));
    all.trim_end_matches(": ").to_owned()
}

/// Width of a paragraph: what most terminals, mails and printouts show without breaking lines again.
pub const COLUMNS: usize = 80;

/// `text` in lines of at most `columns` characters, all but the first of each paragraph behind `indent`. A command
/// between backticks stays whole, so that it can be copied; so does a word that is longer than a line.
pub fn wrapped(text: &str, indent: &str, columns: usize) -> String {
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| fold(line, indent, columns))
        .collect();
    lines.join("\n")
}

fn fold(line: &str, indent: &str, columns: usize) -> String {
    let mut out = String::new();
    let mut width = 0;
    let mut quoted = false;
    for (place, word) in line.split(' ').enumerate() {
        let long = word.chars().count();
        if place > 0 {
            if !quoted && width + 1 + long > columns {
                out.push('\n');
                out.push_str(indent);
                width = indent.chars().count();
            } else {
                out.push(' ');
                width += 1;
            }
        }
        out.push_str(word);
        width += long;
        quoted ^= word.matches('`').count() % 2 == 1;
    }
    out
}

/// With a capital and a full stop.
pub fn sentence(words: &str) -> String {
    let mut chars = words.chars();
    let first: String = chars
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    format!("{first}{}.", chars.as_str())
}

/// A wait in words, rounded up to what a person waits for: `8 s`, `2 min 5 s`, `1 h 20 min`.
pub fn lasting(wait: Duration) -> String {
    let seconds = match wait.subsec_nanos() {
        0 => wait.as_secs(),
        _ => wait.as_secs().saturating_add(1),
    };
    let (hours, minutes, rest) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes, rest) {
        (0, 0, rest) => format!("{rest} s"),
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, rest) => format!("{minutes} min {rest} s"),
        (hours, 0, _) => format!("{hours} h"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_fit_a_terminal_and_commands_stay_whole() {
        let long = "word ".repeat(30);
        for line in wrapped(long.trim_end(), "    ", COLUMNS).lines() {
            assert!(line.chars().count() <= COLUMNS, "{line}");
        }
        assert!(wrapped(&long, "    ", COLUMNS).contains("\n    word"));
        let command = format!(
            "{} run `paysheet send june.csv --adopt` now",
            "a".repeat(60)
        );
        let folded = wrapped(&command, "", COLUMNS);
        assert!(
            folded.contains("`paysheet send june.csv --adopt`"),
            "{folded}"
        );
        assert_eq!(wrapped("  a\n  b", "    ", COLUMNS), "  a\n  b");
    }

    #[test]
    fn amounts_counts_and_waits() {
        assert_eq!(
            rupees(Money::from_paise(123_456_700).unwrap()),
            "₹12,34,567.00"
        );
        assert_eq!(counted(1, "row", "rows"), "1 row");
        assert_eq!(counted(0, "row", "rows"), "0 rows");
        let table = [
            (0, "0 s"),
            (7_100, "8 s"),
            (60_000, "1 min"),
            (125_000, "2 min 5 s"),
            (4_800_000, "1 h 20 min"),
            (7_200_000, "2 h"),
        ];
        for (millis, words) in table {
            assert_eq!(lasting(Duration::from_millis(millis)), words);
        }
    }
}
