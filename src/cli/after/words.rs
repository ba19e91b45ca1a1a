//! A command line as words: split at blanks, kept together by quotes. PURE.
//!
//! No shell reads it, so nothing in it is replaced, redirected or run: a `$` is a `$`, a backslash is a backslash.

/// Program and arguments.
///
/// # Errors
///
/// Quotes that do not close, or no word at all.
pub(super) fn split(text: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    for c in text.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    match (quote, words.is_empty()) {
        (Some(_), _) => Err("a quote does not close"),
        (None, true) => Err("there is no program in it"),
        (None, false) => Ok(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_quotes() {
        let table: [(&str, &[&str]); 6] = [
            ("/bin/tell", &["/bin/tell"]),
            ("  tell  finance ", &["tell", "finance"]),
            (
                "'/my tools/tell' \"it's done\"",
                &["/my tools/tell", "it's done"],
            ),
            ("tell --to='a b' ''", &["tell", "--to=a b", ""]),
            (
                "tell $HOME; rm -rf *",
                &["tell", "$HOME;", "rm", "-rf", "*"],
            ),
            (r"tell a\ b", &["tell", r"a\", "b"]),
        ];
        for (text, words) in table {
            assert_eq!(split(text).unwrap(), words, "{text}");
        }
        for bad in ["", "  ", "tell 'a", "\""] {
            assert!(split(bad).is_err(), "{bad}");
        }
    }
}
