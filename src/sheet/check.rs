//! The faults of every row, and between rows. PURE: rows come in one by one, faults go out to a sink.
//!
//! Nothing is allocated for a row without faults. Deliberately absent: stopping early (all faults of all rows are
//! found), repair, and files.

mod compare;
mod words;

use csv::StringRecord;

use crate::domain::card::{CARD_NUMBER, holds_card_number};
use crate::domain::{
    CashgramId, Description, Email, ExpiryFault, ExpiryWindow, IdFault, KeyHasher, Money,
    PayeeName, PayoutType, Phone, PhoneFault, Remarks, RowKey, Words,
};

use super::damage::{self, ID_ROUNDED, is_rounded, is_total, names_total};
use super::dates::{DateReading, Shape, Votes, read_expiry};
use super::fault::{Fault, FaultSink};
use super::fields::Fields;
use super::header::{Field, Header};
use super::repair::repaired;
use super::rules::{Judge, Rules};
use super::tally::{Lines, RowBits};
use super::template::is_example;
use super::twins::Likeness;
use super::warn::{self, Warnings};
use super::workbook::Trouble;
pub(super) use compare::Known;
use words::{ABOVE_MAX, EXAMPLE, NOTE, NOTIFY, TOTAL, TWIN};

/// Judges the rows of one sheet, in order.
pub(super) struct Checker<'a> {
    rules: &'a Rules,
    header: &'a Header,
    hasher: &'a KeyHasher,
    judge: &'a dyn Fn(u32) -> Judge,
    pub(super) sink: &'a mut dyn FaultSink,
    /// How dates are read; before the whole sheet is known, as its first date is written.
    reading: DateReading,
    window: ExpiryWindow,
    votes: Votes,
    /// What an earlier pass over the same sheet found out, if there was one.
    known: Option<&'a Known>,
    pub(super) lines: Lines,
    pub(super) keys: Vec<RowKey>,
    pub(super) faulty: RowBits,
    pub(super) warnings: Warnings,
    /// The least and the most of the amounts, in paise.
    span: (i64, i64),
    /// The domain of the last address, and whether it is unusual: most are the same.
    last_domain: (String, Option<Words>),
}

/// The row being judged.
#[derive(Clone, Copy)]
struct At<'c> {
    index: u32,
    line: u64,
    fields: Fields<'c>,
    troubles: &'c [(usize, Trouble)],
}

impl<'a> Checker<'a> {
    /// `known` is what an earlier pass over the same sheet found out, if there was one.
    pub(super) fn new(
        rules: &'a Rules,
        header: &'a Header,
        hasher: &'a KeyHasher,
        judge: &'a dyn Fn(u32) -> Judge,
        sink: &'a mut dyn FaultSink,
        known: Option<&'a Known>,
    ) -> Self {
        let votes = Votes::new(header.is_books());
        Self {
            rules,
            header,
            hasher,
            judge,
            sink,
            reading: known.map_or_else(|| votes.verdict(), |known| known.reading),
            window: ExpiryWindow::from_today(rules.today),
            votes,
            known,
            lines: Lines::default(),
            keys: Vec::new(),
            faulty: RowBits::default(),
            warnings: Warnings::default(),
            span: (i64::MAX, 0),
            last_domain: (String::new(), None),
        }
    }

    /// How dates were read.
    pub(super) fn reading(&self) -> DateReading {
        self.reading
    }

    /// Judges the next row.
    pub(super) fn row(
        &mut self,
        line: u64,
        cells: &StringRecord,
        troubles: &[(usize, Trouble)],
        holds_card: bool,
    ) {
        let index = u32::try_from(self.keys.len()).unwrap_or(u32::MAX);
        self.lines.note(index, line);
        let header = self.header;
        let at = At {
            index,
            line,
            fields: Fields { header, cells },
            troubles,
        };
        let phone = at.fields.phone();
        let ragged = cells.len() != header.columns().len();
        if ragged || phone.is_err() {
            let is_blank = |field| at.fields.text(field).is_empty();
            let total = match is_blank(Field::Phone) {
                true => is_total(cells),
                // Something else in its place, such as how many were counted.
                false => phone.is_err() && names_total(cells),
            };
            let unpaid = is_blank(Field::Phone) && is_blank(Field::Amount);
            let note = !ragged && unpaid && words::is_note(cells);
            if ragged || total || note {
                self.keys.push(self.hasher.key("", None, None, "", ""));
            }
            if total {
                return self.beyond_repair(at, Field::Phone, TOTAL);
            }
            if note {
                return self.beyond_repair(at, Field::Phone, NOTE);
            }
            if ragged {
                return self.ragged(at);
            }
        }
        let whole = match (self.judge)(index) {
            Judge::Whole => true,
            Judge::KeyOnly => false,
        };
        // Both are asked for more than once.
        let texts = [at.fields.text(Field::Name), at.fields.text(Field::Email)];
        if whole && is_example(texts) {
            self.keys.push(self.hasher.key("", None, None, "", ""));
            return self.beyond_repair(at, Field::Name, EXAMPLE);
        }
        if whole && holds_card {
            self.card(at);
            let (phone, amount) = (phone.ok(), at.fields.amount().ok());
            return self.keys.push(self.key(at, phone, amount, texts));
        }
        if whole {
            self.check(at, Field::Name, |text| {
                PayeeName::check(text).map_err(|f| f.words())
            });
        }
        let phone = self.phone(at, phone);
        let amount = self.amount(at, whole);
        self.keys.push(self.key(at, phone, amount, texts));
        if whole {
            self.optional_fields(at, texts);
        }
        self.own_id(at);
        self.twin(at);
    }

    fn key(
        &self,
        at: At<'_>,
        phone: Option<Phone>,
        amount: Option<Money>,
        [name, email]: [&str; 2],
    ) -> RowKey {
        self.hasher.key(
            at.fields.text(Field::CashgramId),
            phone,
            amount,
            name,
            email,
        )
    }

    /// A cell that holds a card's number is told without the cell, and nothing else of the row is, which might quote it.
    fn card(&mut self, at: At<'_>) {
        let cells = at.fields.cells.iter().zip(self.header.columns());
        let cards = cells.filter(|(cell, _)| holds_card_number(cell));
        let columns: Vec<String> = cards.map(|(_, column)| column.clone()).collect();
        for column in &columns {
            let fault = blank(at, None, column.clone(), "").say(CARD_NUMBER);
            self.tell(at.index, &fault);
        }
    }

    /// Whether the field's cell cannot be trusted, which is then its fault.
    fn is_troubled(&mut self, at: At<'_>, field: Field) -> bool {
        if at.troubles.is_empty() {
            return false;
        }
        let place = self.header.place(field);
        let found = at
            .troubles
            .iter()
            .find(|(column, _)| Some(*column) == place);
        if let Some((_, trouble)) = found {
            self.beyond_repair(at, field, trouble.words());
        }
        found.is_some()
    }

    fn phone(&mut self, at: At<'_>, phone: Result<Phone, PhoneFault>) -> Option<Phone> {
        if self.is_troubled(at, Field::Phone) {
            return None;
        }
        match phone {
            Ok(phone) => Some(phone),
            Err(fault) => {
                self.swapped(at);
                self.fault(at, Field::Phone, fault.words());
                None
            }
        }
    }

    fn amount(&mut self, at: At<'_>, whole: bool) -> Option<Money> {
        if self.is_troubled(at, Field::Amount) {
            return None;
        }
        match at.fields.amount() {
            Ok(amount) => {
                let (least, most) = self.span;
                self.span = (least.min(amount.paise()), most.max(amount.paise()));
                if whole && self.rules.max_amount.is_some_and(|max| amount > max) {
                    self.beyond_repair(at, Field::Amount, ABOVE_MAX);
                }
                Some(amount)
            }
            Err(fault) => {
                self.fault(at, Field::Amount, fault.words());
                None
            }
        }
    }

    fn optional_fields(&mut self, at: At<'_>, [_, email]: [&str; 2]) {
        self.optional(at, Field::Email, |text| {
            Email::check(text).map_err(|f| f.words())
        });
        self.domain(at, email);
        self.expiry(at);
        self.optional(at, Field::Remarks, |text| {
            Remarks::check(text).map_err(|f| f.words())
        });
        self.optional(at, Field::PayoutType, |text| {
            PayoutType::check(text).map_err(|f| f.words())
        });
        self.optional(at, Field::Description, |text| {
            Description::check(text).map_err(|f| f.words())
        });
        if !self.is_troubled(at, Field::Notify) && at.fields.notify().is_err() {
            self.flags(at);
        }
    }

    /// Every flag that is neither yes nor no.
    fn flags(&mut self, at: At<'_>) {
        let header = self.header;
        for place in at.fields.bad_flags() {
            let column = header.columns().get(place).cloned().unwrap_or_default();
            let mut fault = blank(at, Some(Field::Notify), column, at.fields.at(place)).say(NOTIFY);
            fault.repair = self.repair(Field::Notify, &fault.value);
            self.tell(at.index, &fault);
        }
    }

    fn check(&mut self, at: At<'_>, field: Field, check: impl Fn(&str) -> Result<(), Words>) {
        if self.is_troubled(at, field) {
            return;
        }
        if let Err(words) = check(at.fields.text(field)) {
            self.fault(at, field, words);
        }
    }

    fn optional(&mut self, at: At<'_>, field: Field, check: impl Fn(&str) -> Result<(), Words>) {
        let text = at.fields.text(field);
        if self.is_troubled(at, field) || text.is_empty() {
            return;
        }
        if let Err(words) = check(text) {
            self.fault(at, field, words);
        }
    }

    fn expiry(&mut self, at: At<'_>) {
        let text = at.fields.text(Field::LinkExpiry);
        if self.is_troubled(at, Field::LinkExpiry) || text.is_empty() {
            return;
        }
        let shape = Shape::read(text);
        if let Some(shape) = shape {
            self.votes.count(shape);
            self.reading.style = self.reading.style.or(self.votes.first_seen());
        }
        match read_expiry(text, shape, self.reading, self.window) {
            Err(fault @ (ExpiryFault::Past | ExpiryFault::TooFar)) => {
                let mut told = self.refused(at, Field::LinkExpiry, fault.words());
                if let Some(read) = shape.and_then(Shape::spoken) {
                    told.problem.push_str(&format!(", read as {read}"));
                }
                self.tell(at.index, &told);
            }
            Err(fault) => self.fault(at, Field::LinkExpiry, fault.words()),
            Ok(expiry) if expiry.is_last_day(self.window) => {
                self.warn(at, Field::LinkExpiry, text, warn::LAST_DAY);
            }
            Ok(_) => {}
        }
    }

    fn own_id(&mut self, at: At<'_>) {
        self.optional(at, Field::CashgramId, |text| {
            CashgramId::check(text).map_err(|f| f.words())?;
            if is_rounded(text) {
                return Err(ID_ROUNDED);
            }
            Ok(())
        });
    }

    /// Rows alike are known only to a second pass.
    fn twin(&mut self, at: At<'_>) {
        let Some((twin, line)) = self.known.and_then(|known| known.twin(at.index)) else {
            return;
        };
        let fault = match twin.likeness {
            Likeness::OwnId => {
                let fault = self
                    .at_field(at, Field::CashgramId)
                    .say(IdFault::Duplicate.words());
                let problem = format!("{}: line {line} has it too", fault.problem);
                Fault { problem, ..fault }
            }
            Likeness::Payment => {
                let sent = match (self.judge)(twin.other) {
                    Judge::KeyOnly => " and was sent already",
                    Judge::Whole => " already",
                };
                let problem = format!("line {line} pays the same name, phone and amount{sent}");
                let fault = self.at_field(at, Field::Phone).say(TWIN);
                Fault { problem, ..fault }
            }
        };
        self.tell(at.index, &fault);
    }

    /// A phone where the name belongs, and letters where the phone does.
    fn swapped(&mut self, at: At<'_>) {
        let (name, phone) = (at.fields.text(Field::Name), at.fields.text(Field::Phone));
        let letters = phone.bytes().any(|byte| byte.is_ascii_alphabetic());
        if letters && PayeeName::check(phone).is_ok() && Phone::parse(name).is_ok() {
            // The name is a phone here, and masked as one.
            self.warn(at, Field::Phone, name, warn::SWAPPED);
        }
    }

    /// The domain of an address that is good otherwise.
    fn domain(&mut self, at: At<'_>, text: &str) {
        // With its `@`, so that it is the whole domain.
        if self.last_domain.0.is_empty() || !text.ends_with(&self.last_domain.0) {
            let Some((_, domain)) = text.rsplit_once('@') else {
                return;
            };
            self.last_domain.0.clear();
            self.last_domain.0.push('@');
            self.last_domain.0.push_str(domain);
            self.last_domain.1 = warn::unusual_domain(domain);
        }
        if let Some(words) = self.last_domain.1 {
            self.warn(at, Field::Email, text, words);
        }
    }

    fn warn(&mut self, at: At<'_>, field: Field, value: &str, words: Words) {
        let header = self.header;
        let tell = || {
            let column = header.written(field).to_owned();
            blank(at, Some(field), column, value).say(words)
        };
        self.warnings.add(at.index, words.code, tell);
        if self.sink.wants_warnings() {
            self.sink.warning(&tell());
        }
    }

    fn ragged(&mut self, at: At<'_>) {
        let header = self.header;
        let width = header.columns().len();
        let (words, problem) = words::ragged(at.fields.cells, width, header.is_books());
        let fault = blank(at, None, String::new(), "").say(words);
        self.tell(at.index, &Fault { problem, ..fault });
    }

    /// A fault of a cell that must be judged by a person.
    fn beyond_repair(&mut self, at: At<'_>, field: Field, words: Words) {
        let fault = self.at_field(at, field).say(words);
        self.tell(at.index, &fault);
    }

    fn fault(&mut self, at: At<'_>, field: Field, words: Words) {
        let fault = self.refused(at, field, words);
        self.tell(at.index, &fault);
    }

    fn refused(&self, at: At<'_>, field: Field, words: Words) -> Fault {
        let damage = damage::diagnose(field, at.fields.text(field));
        let mut fault = self.at_field(at, field).say(damage.unwrap_or(words));
        fault.repair = self.repair(field, &fault.value);
        fault
    }

    /// The sure repair of a refused cell, which must change something.
    fn repair(&self, field: Field, value: &str) -> Option<String> {
        let now = repaired(field, value, self.reading, self.window)?;
        (now != value).then_some(now)
    }

    fn at_field(&self, at: At<'_>, field: Field) -> Fault {
        let column = self.header.written(field).to_owned();
        blank(at, Some(field), column, at.fields.text(field))
    }

    fn tell(&mut self, index: u32, fault: &Fault) {
        self.faulty.set(index);
        self.sink.fault(fault);
    }
}

/// A fault whose words are still to come.
fn blank(at: At<'_>, field: Option<Field>, column: String, value: &str) -> Fault {
    Fault {
        line: at.line,
        row: at.index + 1,
        column,
        field,
        value: value.to_owned(),
        code: "",
        problem: String::new(),
        fix: String::new(),
        repair: None,
    }
}

#[cfg(test)]
mod tests;
