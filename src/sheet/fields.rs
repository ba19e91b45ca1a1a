//! What the cells of one row say, field by field: the same reading for judging a row and for making its instruction.
//!
//! Deliberately absent: faults and where they stand. A blank optional cell says nothing; so does an absent column.

use csv::StringRecord;

use crate::domain::{
    AmountFault, CashgramId, Description, Email, ExpiryWindow, Instruction, Money, PayeeName,
    PayoutType, Phone, PhoneFault, Remarks, trimmed,
};

use super::dates::{DateReading, Shape, read_expiry};
use super::guard::unguarded;
use super::header::{Field, Header};

/// One row's cells under its header.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    pub(super) header: &'a Header,
    pub(super) cells: &'a StringRecord,
}

impl<'a> Fields<'a> {
    #[inline(always)]
    /// A field's cell without the spaces around it; blank if there is no such column.
    pub(super) fn text(&self, field: Field) -> &'a str {
        self.header.place(field).map_or("", |place| self.at(place))
    }

    /// A column's cell without the spaces around it, and without our own guard.
    #[inline(always)]
    pub(super) fn at(&self, place: usize) -> &'a str {
        let text = self.cells.get(place).unwrap_or("");
        // Decided by two bytes, since this runs many times a row.
        match text.as_bytes() {
            [first, .., last] if first.is_ascii_alphanumeric() && last.is_ascii_graphic() => text,
            _ => as_meant(text),
        }
    }

    pub(super) fn phone(&self) -> Result<Phone, PhoneFault> {
        Phone::parse(self.text(Field::Phone))
    }

    pub(super) fn amount(&self) -> Result<Money, AmountFault> {
        Money::parse(self.text(Field::Amount))
    }

    /// Whether to notify: the column's word, or whether any of the dashboard's send flags is set. The place of the
    /// cell that is neither yes nor no.
    pub(super) fn notify(&self) -> Result<Option<bool>, usize> {
        let mut notify = None;
        let own = self.header.place(Field::Notify);
        for place in own.iter().chain(self.header.send_flags()) {
            if let Some(flag) = yes_or_no(self.at(*place)).map_err(|()| *place)? {
                notify = Some(flag || notify == Some(true));
            }
        }
        Ok(notify)
    }

    /// The places of all cells that are neither yes nor no.
    pub(super) fn bad_flags(self) -> impl Iterator<Item = usize> + use<'a> {
        let own = self.header.place(Field::Notify);
        let all = own
            .into_iter()
            .chain(self.header.send_flags().iter().copied());
        all.filter(move |place| yes_or_no(self.at(*place)).is_err())
    }

    /// The order that this row gives, which holds no card's number; none if anything in it is wrong.
    pub(super) fn instruction(
        &self,
        reading: DateReading,
        window: ExpiryWindow,
    ) -> Option<Instruction> {
        if self.cells.len() != self.header.columns().len() {
            return None;
        }
        Some(Instruction {
            name: PayeeName::parse(self.text(Field::Name)).ok()?,
            phone: self.phone().ok()?,
            amount: self.amount().ok()?,
            email: optional(self.text(Field::Email), Email::parse)?,
            expiry: optional(self.text(Field::LinkExpiry), |text| {
                read_expiry(text, Shape::read(text), reading, window)
            })?,
            own_id: optional(self.text(Field::CashgramId), CashgramId::parse)?,
            remarks: optional(self.text(Field::Remarks), Remarks::parse)?,
            payout_type: optional(self.text(Field::PayoutType), PayoutType::parse)?,
            description: optional(self.text(Field::Description), Description::parse)?,
            notify: self.notify().ok()?,
        })
    }
}

/// The cell without the spaces around it, and without our own guard.
fn as_meant(text: &str) -> &str {
    unguarded(trimmed(text))
}

/// The outer none: refused. The inner: blank.
fn optional<T, E>(text: &str, parse: impl Fn(&str) -> Result<T, E>) -> Option<Option<T>> {
    if text.is_empty() {
        return Some(None);
    }
    parse(text).ok().map(Some)
}

fn yes_or_no(text: &str) -> Result<Option<bool>, ()> {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    if text.is_empty() {
        Ok(None)
    } else if is("1") || is("yes") || is("true") {
        Ok(Some(true))
    } else if is("0") || is("no") || is("false") {
        Ok(Some(false))
    } else {
        Err(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn notify(columns: &str, cells: &str) -> Result<Option<bool>, usize> {
        let columns = format!("name,phone,amount,{columns}");
        let columns = StringRecord::from(columns.split(',').collect::<Vec<_>>());
        let header = Header::read(&columns, 1, Path::new("june.csv")).unwrap();
        let cells = format!("a,b,c,{cells}");
        let cells = StringRecord::from(cells.split(',').collect::<Vec<_>>());
        Fields {
            header: &header,
            cells: &cells,
        }
        .notify()
    }

    #[test]
    fn notify_is_one_word_or_any_of_three_flags() {
        for (text, wanted) in [
            ("yes", Some(true)),
            ("NO", Some(false)),
            ("1", Some(true)),
            ("0", Some(false)),
            (" ", None),
        ] {
            assert_eq!(notify("notify", text), Ok(wanted), "{text}");
        }
        for text in ["2", "y", "truth", "-"] {
            assert_eq!(notify("notify", text), Err(3), "{text}");
        }
        let flags = "sendWhatsapp,sendSMS,sendEmail";
        assert_eq!(notify(flags, "0,1,0"), Ok(Some(true)));
        assert_eq!(notify(flags, "1,0,"), Ok(Some(true)));
        assert_eq!(notify(flags, "0,0,"), Ok(Some(false)));
        assert_eq!(notify(flags, ",,"), Ok(None));
        assert_eq!(notify(flags, "0,x,1"), Err(4));
    }
}
