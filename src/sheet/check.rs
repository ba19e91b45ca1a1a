//! The faults of every row, and between rows. PURE: rows come in one by one, faults go out to a sink.
//!
//! Nothing is allocated for a row without faults. Deliberately absent: stopping early (all faults of all rows are
//! found), repair, and files.

use csv::StringRecord;

use crate::domain::{
    CashgramId, Description, Email, ExpiryWindow, IdFault, KeyHasher, Money, PayeeName, PayoutType,
    Phone, Remarks, RowKey, Words,
};

use super::dates::{DateReading, DateStyle, Votes};
use super::fault::{Fault, FaultSink};
use super::fields::Fields;
use super::header::{Field, Header};
use super::rules::{Judge, Rules};
use super::tally::{Lines, RowBits};
use super::twins::Twins;

const NOTIFY: Words = Words::new(
    "notify.format",
    "{} is neither yes nor no",
    "write yes or no (or 1 or 0), or leave the cell blank",
);
const COLUMNS: Words = Words::new(
    "row.columns",
    "",
    "put quotes around cells that hold a comma, and give every row as many cells as the header",
);
const ABOVE_MAX: Words = Words::new(
    "amount.above_max",
    "the amount {} is above the limit for one row",
    "check the amount; if it is right, raise --max-amount",
);
const TWIN: Words = Words::new(
    "row.duplicate",
    "",
    "remove one of the two rows; if both are meant, run with --allow-duplicates",
);

/// Judges the rows of one sheet, in order.
pub(super) struct Checker<'a> {
    rules: &'a Rules,
    header: &'a Header,
    hasher: &'a KeyHasher,
    judge: &'a dyn Fn(u32) -> Judge,
    sink: &'a mut dyn FaultSink,
    /// How dates are read; before the whole sheet is known, as its first date is written.
    reading: DateReading,
    first_style: Option<DateStyle>,
    window: ExpiryWindow,
    votes: Votes,
    twins: Twins,
    lines: Lines,
    pub(super) keys: Vec<RowKey>,
    pub(super) faulty: RowBits,
}

/// The row being judged.
#[derive(Clone, Copy)]
struct At<'c> {
    index: u32,
    line: u64,
    fields: Fields<'c>,
}

impl<'a> Checker<'a> {
    /// `reading` is what an earlier pass over the same sheet found out, if there was one.
    pub(super) fn new(
        rules: &'a Rules,
        header: &'a Header,
        hasher: &'a KeyHasher,
        judge: &'a dyn Fn(u32) -> Judge,
        sink: &'a mut dyn FaultSink,
        reading: Option<DateReading>,
    ) -> Self {
        Self {
            rules,
            header,
            hasher,
            judge,
            sink,
            reading: reading.unwrap_or_default(),
            first_style: None,
            window: ExpiryWindow::from_today(rules.today),
            votes: Votes::default(),
            twins: Twins::new(hasher.own_id("twins")),
            lines: Lines::default(),
            keys: Vec::new(),
            faulty: RowBits::default(),
        }
    }

    /// How dates were read.
    pub(super) fn reading(&self) -> DateReading {
        self.reading
    }

    /// How the dates should be read, now that all are known.
    pub(super) fn verdict(&self) -> DateReading {
        self.votes.verdict(self.first_style)
    }

    /// Judges the next row.
    pub(super) fn row(&mut self, line: u64, cells: &StringRecord) {
        let index = u32::try_from(self.keys.len()).unwrap_or(u32::MAX);
        self.lines.note(index, line);
        let header = self.header;
        let at = At {
            index,
            line,
            fields: Fields { header, cells },
        };
        if cells.len() != header.columns().len() {
            self.keys.push(self.hasher.key("", None, None, "", ""));
            self.ragged(at);
            return;
        }
        let whole = match (self.judge)(index) {
            Judge::Whole => true,
            Judge::KeyOnly => false,
        };
        if whole {
            self.check(at, Field::Name, |text| {
                PayeeName::check(text).map_err(|f| f.words())
            });
        }
        let phone = self.phone(at);
        let amount = self.amount(at, whole);
        let key = self.hasher.key(
            at.fields.text(Field::CashgramId),
            phone,
            amount,
            at.fields.text(Field::Name),
            at.fields.text(Field::Email),
        );
        self.keys.push(key);
        if whole {
            self.optional_fields(at);
        }
        self.own_id(at);
        self.twin(at, key, whole);
    }

    fn phone(&mut self, at: At<'_>) -> Option<Phone> {
        match at.fields.phone() {
            Ok(phone) => Some(phone),
            Err(fault) => {
                self.fault(at, Field::Phone, fault.words());
                None
            }
        }
    }

    fn amount(&mut self, at: At<'_>, whole: bool) -> Option<Money> {
        match at.fields.amount() {
            Ok(amount) => {
                if whole && self.rules.max_amount.is_some_and(|max| amount > max) {
                    self.fault(at, Field::Amount, ABOVE_MAX);
                }
                Some(amount)
            }
            Err(fault) => {
                self.fault(at, Field::Amount, fault.words());
                None
            }
        }
    }

    fn optional_fields(&mut self, at: At<'_>) {
        self.optional(at, Field::Email, |text| {
            Email::check(text).map_err(|f| f.words())
        });
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
        if let Err(place) = at.fields.notify() {
            let column = self
                .header
                .columns()
                .get(place)
                .cloned()
                .unwrap_or_default();
            let fault = blank(at, Some(Field::Notify), column, at.fields.at(place)).say(NOTIFY);
            self.tell(at.index, &fault);
        }
    }

    fn check(&mut self, at: At<'_>, field: Field, check: impl Fn(&str) -> Result<(), Words>) {
        if let Err(words) = check(at.fields.text(field)) {
            self.fault(at, field, words);
        }
    }

    fn optional(&mut self, at: At<'_>, field: Field, check: impl Fn(&str) -> Result<(), Words>) {
        if !at.fields.text(field).is_empty() {
            self.check(at, field, check);
        }
    }

    fn expiry(&mut self, at: At<'_>) {
        let shape = at.fields.expiry_shape();
        if let Some(shape) = &shape {
            self.votes.count(shape);
            self.first_style = self.first_style.or(Some(shape.style));
            self.reading.style = self.reading.style.or(self.first_style);
        }
        if let Err(fault) = at.fields.expiry(shape, self.reading, self.window) {
            self.fault(at, Field::LinkExpiry, fault.words());
        }
    }

    fn own_id(&mut self, at: At<'_>) {
        self.optional(at, Field::CashgramId, |text| {
            CashgramId::check(text).map_err(|f| f.words())
        });
    }

    /// The same own id twice is a fault wherever it stands; the same payment twice only where the row is judged whole.
    fn twin(&mut self, at: At<'_>, key: RowKey, whole: bool) {
        let own = key.own_id != 0;
        if !own && self.rules.allow_duplicates {
            return;
        }
        let Some(earlier) = self.twins.earlier(&self.keys, at.index) else {
            return;
        };
        let line = self.lines.of(earlier);
        if own {
            let mut fault = self
                .at_field(at, Field::CashgramId)
                .say(IdFault::Duplicate.words());
            fault.problem = format!("{}: line {line} has it already", fault.problem);
            self.tell(at.index, &fault);
        } else if whole {
            let mut fault = self.at_field(at, Field::Phone).say(TWIN);
            fault.problem = format!("line {line} pays the same name, phone and amount already");
            self.tell(at.index, &fault);
        } else {
            self.earlier_twin(at, earlier, key);
        }
    }

    /// This row was sent already, so if the earlier one was not, that one is the problem.
    fn earlier_twin(&mut self, at: At<'_>, earlier: u32, key: RowKey) {
        if (self.judge)(earlier) == Judge::KeyOnly {
            return;
        }
        self.twins.replace(&self.keys, earlier, at.index);
        let mut fault = self.at_field(at, Field::Phone).say(TWIN);
        fault.line = self.lines.of(earlier);
        fault.row = earlier + 1;
        fault.value = key.phone().map(Phone::digits).unwrap_or_default();
        fault.problem = format!(
            "line {} pays the same name, phone and amount and was sent already",
            at.line
        );
        self.tell(earlier, &fault);
    }

    fn ragged(&mut self, at: At<'_>) {
        let mut fault = blank(at, None, String::new(), "").say(COLUMNS);
        fault.problem = format!(
            "this row has {} cells, the header has {}",
            at.fields.cells.len(),
            self.header.columns().len()
        );
        self.tell(at.index, &fault);
    }

    fn fault(&mut self, at: At<'_>, field: Field, words: Words) {
        let fault = self.at_field(at, field).say(words);
        self.tell(at.index, &fault);
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
    }
}

#[cfg(test)]
mod tests;
