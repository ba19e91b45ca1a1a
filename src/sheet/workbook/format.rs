//! Number formats: what a cell's format makes of its number, as far as it matters to a payout.
//!
//! A format has up to four sections, chosen by the number's sign or by a condition. Of the chosen one we ask whether it
//! shows a date, how many decimals it shows, and whether what it shows is the number at all: a percentage, thousands,
//! dollars or words are not. Deliberately absent: colours, widths, and grouping, which changes nothing.

use super::number::Decimal;

/// Longest format that is read: Excel's own limit.
const CODE_CHARS_MAX: usize = 255;
/// Sections that a format may have.
const SECTIONS_MAX: usize = 4;

/// What a section shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// As it is, or as text.
    Plain,
    /// A date, a time, or both.
    Date { day: bool, time: bool },
    /// A number with decimals.
    Number { decimals: usize, odd: Option<Odd> },
    /// Nothing of the number.
    Hidden,
}

/// What is shown is not the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Odd {
    /// In another currency.
    Currency,
    /// As a percentage, in thousands, as a fraction or a power of ten, or with words.
    Otherwise,
}

/// A number format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Format {
    sections: Vec<Section>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Section {
    condition: Option<Condition>,
    look: Look,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Condition {
    operator: String,
    millionths: i128,
}

impl Condition {
    fn holds(&self, number: Decimal) -> bool {
        let (left, right) = (number.millionths(), self.millionths);
        match self.operator.as_str() {
            ">=" => left >= right,
            "<=" => left <= right,
            "<>" => left != right,
            ">" => left > right,
            "<" => left < right,
            _ => left == right,
        }
    }
}

impl Format {
    /// What cells without a format have.
    pub(super) fn general() -> Self {
        let section = Section {
            condition: None,
            look: Look::Plain,
        };
        Self {
            sections: vec![section],
        }
    }

    /// One of the formats that have a number and no code.
    pub(super) fn built_in(number: u32) -> Self {
        let code = match number {
            1 | 3 => "0",
            2 | 4 | 7 | 8 | 39 | 40 | 43 | 44 => "0.00",
            5 | 6 | 37 | 38 | 41 | 42 => "0",
            9 => "0%",
            10 => "0.00%",
            11 | 48 => "0.00E+00",
            12 | 13 => "# ?/?",
            14..=17 | 27..=31 | 36 | 50..=54 | 57 | 58 => "yyyy-mm-dd",
            22 => "yyyy-mm-dd hh:mm",
            18..=21 | 32..=35 | 45..=47 | 55 | 56 => "hh:mm",
            _ => return Self::general(),
        };
        Self::parse(code)
    }

    /// Reads a format's code.
    pub(super) fn parse(code: &str) -> Self {
        let code: String = code.chars().take(CODE_CHARS_MAX).collect();
        let sections = split(&code);
        Self {
            sections: sections
                .iter()
                .take(SECTIONS_MAX)
                .map(|code| section(code))
                .collect(),
        }
    }

    /// What the format makes of a number.
    pub(super) fn look(&self, number: Decimal) -> &Look {
        let conditional = self
            .sections
            .iter()
            .any(|section| section.condition.is_some());
        let chosen = if conditional {
            self.sections.iter().find(|section| {
                section
                    .condition
                    .as_ref()
                    .is_none_or(|rule| rule.holds(number))
            })
        } else {
            let place = match (number.sign(), self.sections.len()) {
                (-1, 2..) => 1,
                (0, 3..) => 2,
                _ => 0,
            };
            self.sections.get(place)
        };
        let chosen = chosen.or(self.sections.last());
        chosen.map_or(&Look::Plain, |section| &section.look)
    }
}

/// The sections of a code, which semicolons part that stand neither in quotes nor behind a backslash.
fn split(code: &str) -> Vec<String> {
    let mut sections = vec![String::new()];
    let (mut quoted, mut escaped, mut bracketed) = (false, false, false);
    for character in code.chars() {
        let parts = character == ';' && !quoted && !escaped && !bracketed;
        match character {
            '"' if !escaped => quoted = !quoted,
            '[' if !quoted && !escaped => bracketed = true,
            ']' if !quoted => bracketed = false,
            _ => {}
        }
        escaped = character == '\\' && !escaped && !quoted;
        if parts {
            sections.push(String::new());
        } else if let Some(last) = sections.last_mut() {
            last.push(character);
        }
    }
    sections
}

/// What was met in a section.
#[derive(Debug, Default)]
struct Met {
    condition: Option<Condition>,
    /// What stands there as it is, around and between the digits.
    literal: String,
    places: usize,
    decimals: Option<usize>,
    /// Commas since the last place for a digit.
    commas: usize,
    scaled: bool,
    otherwise: bool,
    day: bool,
    time: bool,
    general: bool,
    text: bool,
}

fn section(code: &str) -> Section {
    let mut met = Met::default();
    let mut rest = code.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '"' => met
                .literal
                .extend(rest.by_ref().take_while(|other| *other != '"')),
            '\\' => met.literal.extend(rest.next()),
            // The next character's width, or a filling.
            '_' | '*' => {
                rest.next();
            }
            '[' => {
                let inside: String = rest.by_ref().take_while(|other| *other != ']').collect();
                met.bracket(&inside);
            }
            'E' | 'e' if matches!(rest.peek(), Some('+' | '-')) && met.places > 0 => {
                met.otherwise = true;
                rest.next();
            }
            'G' | 'g' if is_general(&mut rest) => met.general = true,
            other => met.character(other),
        }
    }
    met.section()
}

/// Takes the rest of the word `General`.
fn is_general(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> bool {
    let mut ahead = rest.clone();
    let word: String = ahead.by_ref().take(6).collect();
    let found = word.eq_ignore_ascii_case("eneral");
    if found {
        *rest = ahead;
    }
    found
}

impl Met {
    fn character(&mut self, character: char) {
        match character {
            '0' | '#' | '?' => {
                self.places += 1;
                self.commas = 0;
                self.decimals = self.decimals.map(|count| count + 1);
            }
            '.' if self.decimals.is_none() => {
                self.scaled |= self.commas > 0 && self.places > 0;
                self.decimals = Some(0);
                self.commas = 0;
            }
            ',' => self.commas += 1,
            '%' => self.otherwise = true,
            '/' if self.places > 0 && !self.day => self.otherwise = true,
            '@' => self.text = true,
            'y' | 'Y' | 'd' | 'D' => self.day = true,
            'm' | 'M' if !self.time => self.day = true,
            'm' | 'M' => {}
            'h' | 'H' | 's' | 'S' => self.time = true,
            other => self.literal.push(other),
        }
    }

    /// A colour, a condition, a currency with its locale, or time that runs on beyond a day.
    fn bracket(&mut self, inside: &str) {
        if let Some(currency) = inside.strip_prefix('$') {
            let symbol = currency.split('-').next().unwrap_or_default();
            self.literal.push_str(symbol);
        } else if inside.starts_with(['<', '>', '=']) {
            let number = inside.trim_start_matches(['<', '>', '=']);
            let operator = inside.strip_suffix(number).unwrap_or(inside);
            self.condition = Decimal::parse(number).map(|number| Condition {
                operator: operator.to_owned(),
                millionths: number.millionths(),
            });
        } else if !inside.is_empty() && inside.bytes().all(|byte| b"hHmMsS".contains(&byte)) {
            self.time = true;
        }
    }

    fn section(self) -> Section {
        let look = if self.general || (self.text && self.places == 0) {
            match odd(&self.literal).or(self.otherwise.then_some(Odd::Otherwise)) {
                None => Look::Plain,
                Some(odd) => Look::Number {
                    decimals: 0,
                    odd: Some(odd),
                },
            }
        } else if self.day || self.time {
            Look::Date {
                day: self.day,
                time: self.time,
            }
        } else if self.places == 0 {
            Look::Hidden
        } else {
            let scaled = self.scaled || (self.commas > 0 && self.places > 0);
            let otherwise = (scaled || self.otherwise).then_some(Odd::Otherwise);
            Look::Number {
                decimals: self.decimals.unwrap_or(0),
                odd: odd(&self.literal).or(otherwise),
            }
        };
        Section {
            condition: self.condition,
            look,
        }
    }
}

/// Whether what stands around the digits makes something else of them than rupees.
fn odd(literal: &str) -> Option<Odd> {
    let plain = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | '-' | '+' | ',' | ':' | '=');
    let kept: String = literal.chars().filter(|c| !plain(*c)).collect();
    let kept = kept.strip_suffix('/').unwrap_or(&kept).to_lowercase();
    if matches!(kept.as_str(), "" | "₹" | "rs" | "rs." | "inr" | "₨") {
        return None;
    }
    let sign = |c: char| {
        matches!(
            c,
            '$' | '€' | '£' | '¥' | '₽' | '₩' | '฿' | '₫' | '₴' | '₦' | '﷼'
        )
    };
    let codes = [
        "usd", "eur", "gbp", "aed", "sgd", "jpy", "aud", "cad", "chf", "lkr", "npr",
    ];
    let foreign = kept.contains(sign) || codes.iter().any(|code| kept.contains(code));
    Some(if foreign {
        Odd::Currency
    } else {
        Odd::Otherwise
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(code: &str, number: &str) -> Look {
        Format::parse(code)
            .look(Decimal::parse(number).unwrap())
            .clone()
    }

    fn number(decimals: usize, odd: Option<Odd>) -> Look {
        Look::Number { decimals, odd }
    }

    #[test]
    fn amounts_as_they_are_formatted_in_india() {
        let lakh = r##"[>=10000000]##\,##\,##\,##0.00;[>=100000]##\,##\,##0.00;##,##0.00"##;
        for (code, value, decimals) in [
            ("0", "5", 0),
            ("0.00", "5", 2),
            ("#,##0.00", "5", 2),
            ("#,##,##0.00", "5", 2),
            ("₹ #,##0.00", "5", 2),
            ("\"₹\"#,##0.00", "5", 2),
            ("[$₹-4009]#,##0.00", "5", 2),
            ("[$₹-4009]\\ #,##0.00;[Red]\\-[$₹-4009]\\ #,##0.00", "-5", 2),
            ("\"Rs. \"#,##0", "5", 0),
            ("\"Rs.\"\\ #,##0\"/-\"", "5", 0),
            ("[$INR]\\ #,##0.00", "5", 2),
            (
                "_ [$₹-4009]* #,##0.00_ ;_ [$₹-4009]* -#,##0.00_ ;_ [$₹-4009]* \"-\"??_ ;_ @_ ",
                "5",
                2,
            ),
            (
                "_ [$₹-4009]* #,##0.00_ ;_ [$₹-4009]* -#,##0.00_ ;_ [$₹-4009]* \"-\"??_ ;_ @_ ",
                "-5",
                2,
            ),
            (lakh, "5", 2),
            (lakh, "500000", 2),
            (lakh, "50000000", 2),
            ("#,##0.00;(#,##0.00)", "-5", 2),
            ("[Blue]0.0", "5", 1),
            ("[$-409]0.00", "5", 2),
        ] {
            assert_eq!(look(code, value), number(decimals, None), "{code} {value}");
        }
    }

    #[test]
    fn what_shows_something_else() {
        for (code, odd) in [
            ("$#,##0.00", Odd::Currency),
            ("[$€-407]#,##0.00", Odd::Currency),
            ("#,##0.00\\ [$USD]", Odd::Currency),
            ("0%", Odd::Otherwise),
            ("0.00E+00", Odd::Otherwise),
            ("##0.0E+0", Odd::Otherwise),
            ("#,##0,", Odd::Otherwise),
            ("0.00,", Odd::Otherwise),
            ("0,.00", Odd::Otherwise),
            ("# ?/?", Odd::Otherwise),
            ("0.00\" lakh\"", Odd::Otherwise),
            ("0\\.00", Odd::Otherwise),
            ("\"1\"0", Odd::Otherwise),
            ("General\" days\"", Odd::Otherwise),
            ("0 \"Cr\"", Odd::Otherwise),
        ] {
            match look(code, "5") {
                Look::Number { odd: found, .. } => assert_eq!(found, Some(odd), "{code}"),
                other @ (Look::Plain | Look::Date { .. } | Look::Hidden) => {
                    panic!("{code}: {other:?}")
                }
            }
        }
        assert_eq!(look(";;;", "5"), Look::Hidden);
        assert_eq!(look("0;0;\"-\"", "0"), Look::Hidden);
        assert_eq!(look("0;0;\"-\"", "5"), number(0, None));
    }

    #[test]
    fn dates_and_texts() {
        let date = |day, time| Look::Date { day, time };
        for (code, wanted) in [
            ("yyyy-mm-dd", date(true, false)),
            ("dd/mm/yyyy", date(true, false)),
            ("[$-14009]dd\\-mm\\-yyyy;@", date(true, false)),
            ("d-mmm-yy", date(true, false)),
            ("dd/mm/yyyy hh:mm", date(true, true)),
            ("h:mm AM/PM", date(false, true)),
            ("[h]:mm:ss", date(false, true)),
            ("General", Look::Plain),
            ("GENERAL", Look::Plain),
            ("@", Look::Plain),
            ("[Red]General", Look::Plain),
            ("0_);[Red]\\(0\\)", number(0, None)),
        ] {
            assert_eq!(look(code, "46361"), wanted, "{code}");
        }
        assert_eq!(
            Format::built_in(14).look(Decimal::parse("1").unwrap()),
            &date(true, false)
        );
        assert_eq!(Format::built_in(0), Format::general());
    }
}
