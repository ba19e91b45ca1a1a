//! Number formats: what a cell's format makes of its number, as far as it matters to a payout.
//!
//! A format has up to four sections, chosen by the number's sign or by a condition. Of the chosen one we ask whether it
//! shows a date, how many decimals it shows, and whether what it shows is the number at all: a percentage, thousands,
//! dollars, brackets, words or a comma in place of the point are not. Deliberately absent: colours, widths, and
//! grouping where groups belong, which changes nothing.

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
    /// A date, a time, or both; `vague`: the day of the month is not among what is shown.
    Date { day: bool, time: bool, vague: bool },
    /// A number with decimals, and with at least so many digits before them; `around`: what stands before and behind
    /// it, where that is all that is odd.
    Number {
        decimals: usize,
        digits: usize,
        odd: Option<Odd>,
        around: Option<(String, String)>,
    },
    /// Nothing of the number.
    Hidden,
}

/// What is shown is not the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Odd {
    /// In another currency.
    Currency,
    /// In brackets or with a minus.
    Negative,
    /// As a power of ten.
    Power,
    /// Parted by hyphens or dots, or with the prefix of a phone.
    Phone,
    /// As a percentage, in thousands, as a fraction, with words, or with marks that belong between no digits.
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

/// What stands in a section as it is.
#[derive(Debug)]
struct Literal {
    character: char,
    /// Places for digits before it.
    at: usize,
    /// Whether the decimal point stands before it.
    in_decimals: bool,
}

/// What was met in a section.
#[derive(Debug, Default)]
struct Met {
    condition: Option<Condition>,
    literals: Vec<Literal>,
    /// Places for digits; the whole number or text is one too.
    places: usize,
    /// Places before the decimal point.
    whole: usize,
    /// The place of the first digit that is always shown.
    first_zero: Option<usize>,
    decimals: Option<usize>,
    /// Commas since the last place for a digit.
    commas: usize,
    scaled: bool,
    power: bool,
    otherwise: bool,
    day: bool,
    day_of_month: bool,
    time: bool,
    /// The number as it is, or a text.
    as_it_is: bool,
}

fn section(code: &str) -> Section {
    let mut met = Met::default();
    let mut rest = code.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '"' => rest
                .by_ref()
                .take_while(|other| *other != '"')
                .for_each(|other| met.literal(other)),
            '\\' => rest.next().into_iter().for_each(|other| met.literal(other)),
            // The next character's width, or a filling.
            '_' | '*' => {
                rest.next();
            }
            '[' => {
                let inside: String = rest.by_ref().take_while(|other| *other != ']').collect();
                met.bracket(&inside);
            }
            'E' | 'e' if matches!(rest.peek(), Some('+' | '-')) && met.places > 0 => {
                met.power = true;
                rest.next();
            }
            'G' | 'g' if is_general(&mut rest) => met.whole_value(),
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
            '0' | '#' | '?' => self.place(character),
            '.' if self.decimals.is_none() => {
                self.scaled |= self.commas > 0 && self.places > 0;
                self.decimals = Some(0);
                self.commas = 0;
            }
            ',' => self.commas += 1,
            '%' => self.otherwise = true,
            '/' if self.places > 0 && !self.day => self.otherwise = true,
            '@' => self.whole_value(),
            'd' | 'D' => {
                self.day = true;
                self.day_of_month = true;
            }
            'y' | 'Y' => self.day = true,
            'm' | 'M' if !self.time => self.day = true,
            'm' | 'M' => {}
            'h' | 'H' | 's' | 'S' => self.time = true,
            other => self.literal(other),
        }
    }

    /// A place for a digit. The digits of a power are no digits of the number.
    fn place(&mut self, character: char) {
        if self.power {
            return;
        }
        if character == '0' && self.decimals.is_none() && self.first_zero.is_none() {
            self.first_zero = Some(self.places);
        }
        self.places += 1;
        self.commas = 0;
        match &mut self.decimals {
            Some(count) => *count += 1,
            None => self.whole += 1,
        }
    }

    fn whole_value(&mut self) {
        self.as_it_is = true;
        self.places += 1;
        self.whole += 1;
    }

    fn literal(&mut self, character: char) {
        self.literals.push(Literal {
            character,
            at: self.places,
            in_decimals: self.decimals.is_some(),
        });
    }

    /// A colour, a condition, a currency with its locale, or time that runs on beyond a day.
    fn bracket(&mut self, inside: &str) {
        if let Some(currency) = inside.strip_prefix('$') {
            let symbol = currency.split('-').next().unwrap_or_default();
            symbol.chars().for_each(|character| self.literal(character));
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
        let odd = self.odd();
        let look = if self.as_it_is {
            match odd {
                None => Look::Plain,
                Some(odd) => Look::Number {
                    decimals: 0,
                    digits: 0,
                    odd: Some(odd),
                    around: None,
                },
            }
        } else if self.day || self.time {
            Look::Date {
                day: self.day,
                time: self.time,
                vague: !self.day_of_month,
            }
        } else if self.places == 0 {
            Look::Hidden
        } else {
            let digits = self.first_zero.map_or(0, |first| self.whole - first);
            Look::Number {
                decimals: self.decimals.unwrap_or(0),
                digits,
                odd,
                around: odd.and_then(|_| self.around()),
            }
        };
        Section {
            condition: self.condition,
            look,
        }
    }

    /// Whether another number is shown than is held: a percentage, thousands, a fraction.
    fn scales(&self) -> bool {
        self.otherwise || self.scaled || (self.commas > 0 && self.places > 0)
    }

    /// What stands after as many places as `is_there` says.
    fn text(&self, is_there: impl Fn(usize) -> bool) -> String {
        let there = self.literals.iter();
        let there = there.filter(|literal| is_there(literal.at));
        there.map(|literal| literal.character).collect()
    }

    fn before(&self) -> String {
        self.text(|at| at == 0)
    }

    fn behind(&self) -> String {
        self.text(|at| at > 0 && at == self.places)
    }

    fn between(&self) -> String {
        self.text(|at| at > 0 && at < self.places)
    }

    /// What stands around the number, if it is shown as it is otherwise.
    fn around(&self) -> Option<(String, String)> {
        let alone = !self.scales() && !self.power && self.between().is_empty();
        alone.then(|| (self.before(), self.behind()))
    }

    /// What is shown in place of the number, if it is something else.
    fn odd(&self) -> Option<Odd> {
        if self.scales() {
            return Some(Odd::Otherwise);
        }
        if self.power {
            return Some(Odd::Power);
        }
        let between = self.between();
        let around = around(&self.before(), &self.behind());
        match around {
            Some(Odd::Currency | Odd::Otherwise) => around,
            None | Some(Odd::Negative | Odd::Power | Odd::Phone) if self.groups() => around,
            None | Some(Odd::Negative | Odd::Power | Odd::Phone) => {
                let parts = |c: char| c.is_whitespace() || matches!(c, '-' | '.' | '(' | ')');
                let phone = between.chars().all(parts);
                Some(if phone { Odd::Phone } else { Odd::Otherwise })
            }
        }
    }

    /// Whether what stands between the digits are commas or spaces where lakhs or thousands are parted.
    fn groups(&self) -> bool {
        let between = self.literals.iter();
        let between = between.filter(|literal| literal.at > 0 && literal.at < self.places);
        let (mut lakhs, mut thousands) = (true, true);
        for literal in between {
            let mark = literal.character == ',' || literal.character.is_whitespace();
            let behind = self.whole.saturating_sub(literal.at);
            if !mark || literal.in_decimals || behind < 3 {
                return false;
            }
            lakhs &= behind % 2 == 1;
            thousands &= behind.is_multiple_of(3);
        }
        lakhs || thousands
    }
}

/// Whether what stands before and behind the digits makes something else of them than rupees.
fn around(before: &str, behind: &str) -> Option<Odd> {
    let behind = behind.trim();
    let end = ["/-", "/="].iter().find_map(|end| behind.strip_suffix(end));
    let both = format!("{before}{}", end.unwrap_or(behind));
    let minus = |c: char| matches!(c, '-' | '−' | '–' | '(' | ')');
    let plain = |c: char| c.is_whitespace() || matches!(c, '+' | ':' | '=') || minus(c);
    let kept: String = both.chars().filter(|c| !plain(*c)).collect();
    let kept = kept.to_lowercase();
    match kept.as_str() {
        "" | "₹" | "rs" | "rs." | "inr" | "₨" => {
            return both.contains(minus).then_some(Odd::Negative);
        }
        "91" | "0" if before.contains(&kept) => return Some(Odd::Phone),
        _ => {}
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

    /// Decimals and what is odd, of a format that shows a number.
    fn number(code: &str, value: &str) -> (usize, Option<Odd>) {
        match look(code, value) {
            Look::Number { decimals, odd, .. } => (decimals, odd),
            other @ (Look::Plain | Look::Date { .. } | Look::Hidden) => panic!("{code}: {other:?}"),
        }
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
            ("#,##0.00;(#,##0.00)", "5", 2),
            ("#,##0.00_);(#,##0.00)", "5", 2),
            ("_-* #,##0.00_-;-* #,##0.00_-", "5", 2),
            ("#\\ ##0.00", "5", 2),
            ("#\\,###\\,##0", "5", 0),
            ("0.00\"/=\"", "5", 2),
            ("[Blue]0.0", "5", 1),
            ("[$-409]0.00", "5", 2),
        ] {
            let odd = value.starts_with('-').then_some(Odd::Negative);
            assert_eq!(number(code, value), (decimals, odd), "{code} {value}");
        }
    }

    #[test]
    fn what_shows_something_else() {
        for (code, odd) in [
            ("$#,##0.00", Odd::Currency),
            ("[$€-407]#,##0.00", Odd::Currency),
            ("#,##0.00\\ [$USD]", Odd::Currency),
            ("0%", Odd::Otherwise),
            ("0.00E+00", Odd::Power),
            ("##0.0E+0", Odd::Power),
            ("#,##0,", Odd::Otherwise),
            ("0.00,", Odd::Otherwise),
            ("0,.00", Odd::Otherwise),
            ("# ?/?", Odd::Otherwise),
            ("0.00\" lakh\"", Odd::Otherwise),
            ("0\\.00", Odd::Phone),
            ("\"1\"0", Odd::Otherwise),
            ("General\" days\"", Odd::Otherwise),
            ("0 \"Cr\"", Odd::Otherwise),
            // In brackets or with a minus, though the number has none.
            ("(0.00)", Odd::Negative),
            ("\"(\"#,##0.00\")\"", Odd::Negative),
            ("-0.00", Odd::Negative),
            ("\\-[$₹-4009]\\ #,##0.00", Odd::Negative),
            ("₹ -0", Odd::Negative),
            ("0.00\\-", Odd::Negative),
            ("\\−0", Odd::Negative),
            ("[>=0](0.00);0.00", Odd::Negative),
            ("(0.00);0.00", Odd::Negative),
            ("\"-\"General", Odd::Negative),
            ("(@)", Odd::Negative),
            // A mark where it parts no groups.
            ("0\",\"00", Odd::Otherwise),
            ("0\\,00", Odd::Otherwise),
            ("#,##0\",\"00", Odd::Otherwise),
            ("0\",\"0000", Odd::Otherwise),
            ("0\".\"00", Odd::Phone),
            ("0\" \"00", Odd::Phone),
            ("0.0\" \"0", Odd::Phone),
            ("00000\\-00000", Odd::Phone),
            ("\"+91 \"0", Odd::Phone),
            ("\\(00000\\)\\ 00000", Odd::Phone),
        ] {
            assert_eq!(number(code, "5").1, Some(odd), "{code}");
        }
        assert_eq!(look(";;;", "5"), Look::Hidden);
        assert_eq!(look("0;0;\"-\"", "0"), Look::Hidden);
        assert_eq!(number("0;0;\"-\"", "5"), (0, None));
        let digits = |code: &str| match look(code, "5") {
            Look::Number { digits, .. } => digits,
            Look::Plain | Look::Date { .. } | Look::Hidden => 0,
        };
        let found = ["#.00", "#,##0.00", "00000", "0,000", "#00#"].map(digits);
        assert_eq!(found, [0, 1, 5, 4, 3]);
    }

    #[test]
    fn dates_and_texts() {
        let date = |day, time| Look::Date {
            day,
            time,
            vague: !day,
        };
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
        ] {
            assert_eq!(look(code, "46361"), wanted, "{code}");
        }
        assert_eq!(number("0_);[Red]\\(0\\)", "46361"), (0, None));
        assert!(matches!(
            look("mmm-yy", "46361"),
            Look::Date { vague: true, .. }
        ));
        assert_eq!(
            Format::built_in(14).look(Decimal::parse("1").unwrap()),
            &date(true, false)
        );
        assert_eq!(Format::built_in(0), Format::general());
    }
}
