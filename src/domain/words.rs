//! What is said when a value is refused: a stable code for scripts, a sentence and a cure for people.
//!
//! The words stand beside the type that refuses, so that a spreadsheet's cell and a command line's option are
//! refused alike. Deliberately absent: where the value stood (line, column), which only the sheet knows.

use std::fmt;

/// Code, problem and cure of one kind of refusal. `{}` in the problem stands for the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// Stable, for scripts: `amount.decimals`.
    pub code: &'static str,
    /// One sentence, lower case, with `{}` where the value may be named.
    pub problem: &'static str,
    /// How to mend it.
    pub fix: &'static str,
}

impl Words {
    /// The three of them.
    pub const fn new(code: &'static str, problem: &'static str, fix: &'static str) -> Self {
        Self { code, problem, fix }
    }

    /// The problem with the value named as `shown`.
    pub fn problem_naming(&self, shown: &str) -> String {
        self.problem.replace("{}", shown)
    }

    /// The problem without the value.
    fn problem_alone(&self) -> String {
        let named = ["amount", "expiry", "date"];
        let start = self.problem.to_owned();
        let without = named.iter().fold(start, |problem, noun| {
            problem.replace(&format!("the {noun} {{}} "), &format!("the {noun} "))
        });
        without.replace("{}", "this value")
    }
}

impl fmt::Display for Words {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.problem_alone(), self.fix)
    }
}

/// A word of a command that is proposed, as a shell reads it back.
pub fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Gives a refusal its `Display` (its words, without the value) and makes it an `Error`.
macro_rules! spoken {
    ($($refusal:ty),+) => {$(
        impl std::fmt::Display for $refusal {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.words().fmt(out)
            }
        }
        impl std::error::Error for $refusal {}
    )+};
}
pub(crate) use spoken;
