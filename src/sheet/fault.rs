//! One thing wrong with one cell, or between rows: a value, never an `Err`.
//!
//! Deliberately absent: what follows from it. A fault goes to a sink as it is found, so that a million of them need
//! no memory.

use csv::StringRecord;

use crate::domain::{Phone, Words};

use super::header::{Field, Header};

/// Most characters of a value shown on screen.
const SHOWN_CHARS_MAX: usize = 40;

/// One thing wrong with one cell, or between rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Line of the file on which the row starts.
    pub line: u64,
    /// Number of the row, counted from 1, without the header and blank rows.
    pub row: u32,
    /// The column's header as written; empty where the fault is the whole row's.
    pub column: String,
    /// The field, where it is one's.
    pub field: Option<Field>,
    /// The cell, whole: personal data. For screens, see [`Fault::shown_value`].
    pub value: String,
    /// Stable, for scripts: `phone.scientific`.
    pub code: &'static str,
    /// What is wrong, without phone or e-mail address.
    pub problem: String,
    /// How to mend it.
    pub fix: String,
    /// What the cell surely means, where there is one reading: personal data. See [`Fault::shown_repair`].
    pub repair: Option<String>,
}

impl Fault {
    /// The value as it may be shown on screen: phones and addresses masked, control characters escaped, cut.
    pub fn shown_value(&self) -> String {
        shown(self.field, &self.value)
    }

    /// The sure repair as it may be shown on screen: `was -> now`.
    pub fn shown_repair(&self) -> Option<String> {
        let now = self.repair.as_ref()?;
        let (was, now) = (self.shown_value(), shown(self.field, now));
        let alone = match self.field {
            // What is masked may be all that differs.
            Some(Field::Phone) if was == now => ", its 10 digits alone",
            Some(Field::Email) if was == now => ", the address alone",
            _ => "",
        };
        Some(format!("{was} → {now}{alone}"))
    }

    /// Where in the row it stands; none where it is the whole row's.
    pub(super) fn place(&self, header: &Header) -> Option<usize> {
        let by_field = self.field.and_then(|field| header.place(field));
        let by_name = || {
            header
                .columns()
                .iter()
                .position(|name| *name == self.column)
        };
        by_field.or_else(by_name)
    }

    /// Sets the problem from a refusal's words.
    pub(super) fn say(mut self, words: Words) -> Self {
        self.code = words.code;
        self.problem = words.problem_naming(&shown(self.field, &self.value));
        words.fix.clone_into(&mut self.fix);
        self
    }
}

fn shown(field: Option<Field>, value: &str) -> String {
    let value = value.trim();
    match field {
        Some(Field::Phone) => masked_phone(value),
        Some(Field::Email) => match value.rsplit_once('@') {
            Some((_, domain)) => format!("***@{}", printable(domain)),
            None if value.is_empty() => String::new(),
            None => "***".to_owned(),
        },
        _ => printable(value),
    }
}

/// Fewest digits that may be a phone.
const PHONE_DIGITS_MIN: usize = 7;

/// Whether a cell of unknown meaning looks like a phone or an address.
pub(super) fn is_personal(value: &str) -> bool {
    looks_like_phone(value) || value.contains('@')
}

/// A cell of unknown meaning as it may be shown on screen.
pub(super) fn shown_guessing(value: &str) -> String {
    let field = if value.contains('@') {
        Some(Field::Email)
    } else if looks_like_phone(value) {
        Some(Field::Phone)
    } else {
        None
    };
    shown(field, value)
}

/// A column's name as it may be shown on screen: on one line, as an option takes it too.
pub(super) fn shown_column(name: &str) -> String {
    let one_line: Vec<&str> = name.split(['\n', '\r']).map(str::trim).collect();
    let words = one_line.iter().filter(|part| !part.is_empty());
    shown_guessing(&words.copied().collect::<Vec<_>>().join(" "))
}

fn looks_like_phone(value: &str) -> bool {
    value.bytes().filter(u8::is_ascii_digit).count() >= PHONE_DIGITS_MIN
}

fn masked_phone(value: &str) -> String {
    if let Ok(phone) = Phone::parse(value) {
        return phone.to_string();
    }
    let tail: String = value.chars().rev().take(4).collect();
    let tail: String = tail.chars().rev().collect();
    match value.chars().count() {
        0 => String::new(),
        1..=4 => "****".to_owned(),
        _ => format!("******{}", printable(&tail)),
    }
}

/// How a line break within a cell is shown.
const LINE_BREAK: &str = " (line break) ";

/// Nothing that a terminal would obey, and no more than a line's worth.
fn printable(text: &str) -> String {
    let mut out: String = text
        .chars()
        .take(SHOWN_CHARS_MAX)
        .flat_map(|c| -> Box<dyn Iterator<Item = char>> {
            if c == '\n' {
                Box::new(LINE_BREAK.chars())
            } else if c == '\r' {
                Box::new(std::iter::empty())
            } else if c.is_control() || is_invisible(c) {
                Box::new(c.escape_unicode())
            } else {
                Box::new(std::iter::once(c))
            }
        })
        .collect();
    if text.chars().nth(SHOWN_CHARS_MAX).is_some() {
        out.push('…');
    }
    out
}

/// Zero-width and direction marks, which can make one text look like another.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Where faults go as they are found.
pub trait FaultSink {
    /// One more fault, in the order of rows.
    fn fault(&mut self, fault: &Fault);

    /// Whether it is to be told all warnings too, each before its row is.
    fn wants_warnings(&self) -> bool {
        false
    }

    /// One more warning, in the order of rows; those of the whole sheet come last, as if of row 0.
    fn warning(&mut self, _: &Fault) {}

    /// The pass begins: the columns, and the line of the header.
    fn begin(&mut self, _: &Header, _: u64) {}

    /// A row was judged, and all its faults were told.
    fn row(&mut self, _: u64, _: &StringRecord) {}

    /// Everything so far is void: the sheet is judged again from its first row, since the whole of it showed what its
    /// rows alone did not.
    fn restart(&mut self);
}

/// For callers who want nothing, such as a pass for the keys alone.
#[derive(Debug, Default)]
pub struct NoFaults;

impl FaultSink for NoFaults {
    fn fault(&mut self, _: &Fault) {}
    fn restart(&mut self) {}
}

/// All faults, for tests and small sheets.
impl FaultSink for Vec<Fault> {
    fn fault(&mut self, fault: &Fault) {
        self.push(fault.clone());
    }

    fn restart(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_masked_and_harmless() {
        let long = "x".repeat(50);
        let table = [
            (Some(Field::Phone), "98765432101", "******2101"),
            (Some(Field::Phone), "+91 98765 43210", "******3210"),
            (Some(Field::Phone), "321", "****"),
            (Some(Field::Phone), "", ""),
            (Some(Field::Email), "asha@example", "***@example"),
            (Some(Field::Email), "a@b@c.com", "***@c.com"),
            (Some(Field::Email), "asha", "***"),
            (Some(Field::Name), "a\u{1b}[31mb", "a\\u{1b}[31mb"),
            (Some(Field::Name), "a\u{202e}b", "a\\u{202e}b"),
            (Some(Field::Name), "a\r\nb", "a (line break) b"),
            (None, &long, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…"),
        ];
        for (field, value, wanted) in table {
            assert_eq!(shown(field, value), wanted);
        }
    }
}
