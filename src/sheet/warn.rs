//! What a person should look at before paying, though every row could be paid: warnings, apart from problems.
//!
//! The first ones are kept, and how many there are of each kind; memory does not grow with them. A sink that wants all of
//! them is told each in the order of rows, for which the sheet may be read once more. Deliberately absent:
//! whether they stop a run, which `--strict` says.

use std::collections::BTreeMap;

use crate::domain::{Money, Phone, RowKey, Words};

use super::fault::Fault;
use super::header::{Field, Header};
use super::problems::SHOWN_MAX;

/// Rows from which on a median says something.
const MEDIAN_ROWS_MIN: usize = 10;
/// So many times the median is far from it, upwards.
const FAR_ABOVE: i64 = 20;
/// A part of the median so small is far from it, downwards: fees and test payments are common.
const FAR_BELOW: i64 = 500;
/// If more than one row in so many is far from the median, the sheet is just like that.
const FAR_SHARE: usize = 20;
/// Rows that stand for all of them.
const SAMPLE_ROWS: usize = 1_000;
/// Where nearly all private addresses in India are.
const PROVIDERS: [&str; 10] = [
    "gmail.com",
    "yahoo.com",
    "yahoo.co.in",
    "yahoo.in",
    "hotmail.com",
    "outlook.com",
    "icloud.com",
    "rediffmail.com",
    "live.com",
    "ymail.com",
];
/// Sound domains one letter away from those.
const NOT_SLIPS: [&str; 6] = [
    "email.com",
    "mail.com",
    "gmail.co",
    "ymail.co",
    "yahoo.co",
    "love.com",
];

pub(super) const SWAPPED: Words = Words::new(
    "row.swapped",
    "name and phone seem to stand in each other's column",
    "swap the two cells, or the two columns if it is so in every row",
);
pub(super) const LAST_DAY: Words = Words::new(
    "expiry.last_day",
    "the expiry {} is the last day that is allowed",
    "give an earlier date if the links may be sent later than today",
);
const EMAIL: Words = Words::new(
    "email.unusual",
    "the domain of this address looks like a slip of the pen",
    "check the address",
);
const PHONE_REPEATED: Words = Words::new(
    "phone.repeated",
    "",
    "check that this person is to be paid more than once",
);
const ALIKE: Words = Words::new(
    "row.alike",
    "",
    "if it is the same payment twice, remove one of the two",
);
const UNUSUAL: Words = Words::new("amount.unusual", "", "check the decimal point and the row");

/// Two rows that share something, and are no problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeat {
    /// Phone and amount.
    Payment,
    /// The phone alone.
    Phone,
}

/// Why a row is worth a look, where other rows show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    /// It shares something with this earlier row.
    Repeated(Repeat, u32),
    /// Its amount is far from this median.
    Unusual(Money),
}

impl Hint {
    fn words(self) -> Words {
        match self {
            Hint::Repeated(Repeat::Payment, _) => ALIKE,
            Hint::Repeated(Repeat::Phone, _) => PHONE_REPEATED,
            Hint::Unusual(_) => UNUSUAL,
        }
    }

    /// Its warning's code.
    pub(super) fn code(self) -> &'static str {
        self.words().code
    }
}

/// The warnings of a sheet.
#[derive(Clone, Debug, Default)]
pub struct Warnings {
    /// The first of them, in the order of rows.
    pub first: Vec<Fault>,
    /// How many of each code.
    pub by_code: BTreeMap<&'static str, u64>,
    /// How many in all.
    pub count: u64,
}

impl Warnings {
    /// Counts one; `tell` is asked only for what will be shown.
    pub(super) fn add(&mut self, row: u32, code: &'static str, tell: impl FnOnce() -> Fault) {
        *self.by_code.entry(code).or_default() += 1;
        self.count += 1;
        let place = self.first.partition_point(|fault| fault.row <= row + 1);
        if place < SHOWN_MAX {
            self.first.insert(place, tell());
            self.first.truncate(SHOWN_MAX);
        }
    }

    /// Counts one of the whole sheet, which stands before those of rows.
    pub(super) fn add_of_all(&mut self, line: u64, words: Words, problem: String) -> Fault {
        *self.by_code.entry(words.code).or_default() += 1;
        self.count += 1;
        let fault = Fault {
            line,
            row: 0,
            column: String::new(),
            field: None,
            value: String::new(),
            code: words.code,
            problem,
            fix: words.fix.to_owned(),
            repair: None,
        };
        self.first.insert(0, fault.clone());
        self.first.truncate(SHOWN_MAX);
        fault
    }
}

/// What is known of the whole sheet, for its warnings.
pub(super) struct Whole<'a> {
    pub(super) header: &'a Header,
    pub(super) line: &'a dyn Fn(u32) -> u64,
}

impl Whole<'_> {
    /// What there is to say of a row.
    pub(super) fn fault(&self, row: u32, hint: Hint, keys: &[RowKey]) -> Fault {
        let key = |row: u32| keys.get(usize::try_from(row).unwrap_or(usize::MAX));
        match hint {
            Hint::Repeated(repeat, other) => {
                let phone = key(row).and_then(RowKey::phone);
                let digits = phone.map_or_else(String::new, Phone::digits);
                let fault = self.blank(row, Field::Phone, digits).say(hint.words());
                let line = (self.line)(other);
                let problem = match repeat {
                    Repeat::Phone => format!("line {line} has the same phone"),
                    Repeat::Payment => {
                        let shared = key(row).zip(key(other)).map_or("phone and amount", shared);
                        format!("line {line} has the same {shared}")
                    }
                };
                Fault { problem, ..fault }
            }
            Hint::Unusual(median) => {
                let amount = key(row).and_then(RowKey::amount).unwrap_or_default();
                let distance = distance(amount, median).unwrap_or_default();
                let fault = self.blank(row, Field::Amount, amount.to_string());
                let (amount, median) = (amount.grouped(), median.grouped());
                let problem =
                    format!("the amount {amount} is {distance} the sheet's median, {median}");
                Fault {
                    problem,
                    ..fault.say(hint.words())
                }
            }
        }
    }

    /// The amounts that are far from the median of all of them; `span`: the least and the most of them, in paise.
    pub(super) fn unusual(keys: &[RowKey], span: (i64, i64), to: &mut impl FnMut(u32, Hint)) {
        if !may_be_far(keys, span) {
            return;
        }
        let Some(median) = median(keys) else {
            return;
        };
        let far = || {
            let rows = (0u32..).zip(keys);
            rows.filter_map(|(row, key)| distance(key.amount()?, median).map(|_| row))
        };
        if far().count() > (keys.len() / FAR_SHARE).max(1) {
            return;
        }
        for row in far() {
            to(row, Hint::Unusual(median));
        }
    }

    fn blank(&self, row: u32, field: Field, value: String) -> Fault {
        Fault {
            repair: None,
            line: (self.line)(row),
            row: row + 1,
            column: self.header.written(field).to_owned(),
            field: Some(field),
            value,
            code: "",
            problem: String::new(),
            fix: String::new(),
        }
    }
}

/// What two rows of one phone and amount share, and what tells them apart.
fn shared((one, other): (&RowKey, &RowKey)) -> &'static str {
    match (one.own_id == other.own_id, one.name == other.name) {
        (true, true) => "name, phone and amount",
        (true, false) => "phone and amount under another name",
        (false, true) => "name, phone and amount under another id",
        (false, false) => "phone and amount under another name and id",
    }
}

/// How far an amount is from the median, if it is far.
fn distance(amount: Money, median: Money) -> Option<String> {
    let above = amount.paise() / median.paise().max(1);
    let below = median.paise() / amount.paise().max(1);
    if above >= FAR_ABOVE {
        Some(format!("{above} times"))
    } else if below >= FAR_BELOW {
        Some(format!("a {below}th of"))
    } else {
        None
    }
}

fn amounts(keys: &[RowKey]) -> impl Iterator<Item = Money> {
    keys.iter().filter_map(RowKey::amount)
}

/// Whether the largest or the smallest amount may be far from the median: nearly every sheet has none, and finding the
/// median takes a copy of all amounts. So it is told by the median of a few rows spread over the sheet, with twice the
/// room that chance needs.
fn may_be_far(keys: &[RowKey], (least, most): (i64, i64)) -> bool {
    let stride = (keys.len() / SAMPLE_ROWS).max(1);
    let mut sample: Vec<i64> = keys
        .iter()
        .step_by(stride)
        .filter_map(RowKey::amount)
        .map(Money::paise)
        .collect();
    let middle = sample.len() / 2;
    if sample.is_empty() {
        return false;
    }
    let (_, median, _) = sample.select_nth_unstable(middle);
    most >= median.saturating_mul(FAR_ABOVE / 2) || least <= *median / (FAR_BELOW / 2)
}

/// The median; none of too few amounts.
fn median(keys: &[RowKey]) -> Option<Money> {
    let mut all: Vec<Money> = amounts(keys).collect();
    if all.len() < MEDIAN_ROWS_MIN {
        return None;
    }
    let middle = all.len() / 2;
    let (_, median, _) = all.select_nth_unstable(middle);
    Some(*median)
}

/// The word for an address whose domain is a letter or two away from a provider's.
pub(super) fn unusual_domain(domain: &str) -> Option<Words> {
    let domain = domain.to_ascii_lowercase();
    let sound = PROVIDERS
        .iter()
        .chain(&NOT_SLIPS)
        .any(|known| *known == domain);
    let near = |known: &str| {
        known.len().abs_diff(domain.len()) <= 1 && strsim::osa_distance(known, &domain) == 1
    };
    (!sound && PROVIDERS.iter().any(|known| near(known))).then_some(EMAIL)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(amount: i64) -> RowKey {
        RowKey {
            own_id: 0,
            phone: 9_000_000_001,
            amount,
            name: 1,
            email: 0,
        }
    }

    #[test]
    fn slips_of_common_domains() {
        for domain in [
            "gmial.com",
            "gmail.con",
            "gmal.com",
            "GMAIL.CM",
            "yaho.com",
            "redifmail.com",
        ] {
            assert!(unusual_domain(domain).is_some(), "{domain}");
        }
        for domain in [
            "gmail.com",
            "example.com",
            "mail.com",
            "email.com",
            "Yahoo.co.in",
            "infosys.com",
            "x.in",
        ] {
            assert!(unusual_domain(domain).is_none(), "{domain}");
        }
    }

    #[test]
    fn only_far_amounts_are_unusual() {
        let mut keys = vec![key(100_000); 20];
        assert!(!may_be_far(&keys, (100_000, 100_000)));
        assert!(!may_be_far(&keys, (401, 999_999)));
        assert!(may_be_far(&keys, (100_000, 2_000_000)));
        assert!(may_be_far(&keys, (400, 100_000)));
        assert!(!may_be_far(&[key(-1)], (i64::MAX, 0)));
        keys.push(key(1_000));
        assert_eq!(median(&keys).map(Money::paise), Some(100_000));
        assert_eq!(median(&[key(1), key(100_000)]), None);
        let distances = [1_999_999, 2_000_000, 201, 200]
            .map(|paise| distance(key(paise).amount().unwrap(), key(100_000).amount().unwrap()));
        let wanted = [None, Some("20 times"), None, Some("a 500th of")];
        assert_eq!(distances, wanted.map(|far| far.map(str::to_owned)));
    }

    #[test]
    fn the_first_rows_are_kept_whatever_comes_first() {
        let mut warnings = Warnings::default();
        for row in (0..50).rev() {
            warnings.add(row, "x.y", || Fault {
                repair: None,
                line: 0,
                row: row + 1,
                column: String::new(),
                field: None,
                value: String::new(),
                code: "x.y",
                problem: String::new(),
                fix: String::new(),
            });
        }
        let rows: Vec<u32> = warnings.first.iter().map(|fault| fault.row).collect();
        assert_eq!(rows, (1..=20).collect::<Vec<_>>());
        assert_eq!((warnings.count, warnings.by_code["x.y"]), (50, 50));
    }
}
