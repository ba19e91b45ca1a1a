//! What the columns mean. Names are recognised without regard to case, spaces and punctuation.
//!
//! Deliberately absent: guessing. `id`, `reference` or `employee id` is not taken for the Cashgram's id, and two
//! columns for one field are an error, since a guess would pay the wrong amount or pay twice.

use std::path::Path;

use csv::StringRecord;

use super::error::Error;
use super::fault::{is_personal, shown_guessing};

/// A field of a payout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// Who is paid.
    Name,
    /// The mobile that the link goes to.
    Phone,
    /// How much.
    Amount,
    /// Where the link goes too.
    Email,
    /// Until when.
    LinkExpiry,
    /// The sheet's own id.
    CashgramId,
    /// What the payment is for.
    Remarks,
    /// A free label.
    PayoutType,
    /// The dashboard's "reason".
    Description,
    /// Whether the gateway messages the recipient.
    Notify,
}

/// Number of fields.
const FIELDS: usize = 10;

/// Every field with its canonical name and the headers taken for it, in lower-case letters and digits.
const ALIASES: [(Field, &str, &[&str]); FIELDS] = [
    (
        Field::Name,
        "name",
        &[
            "name",
            "customername",
            "beneficiaryname",
            "employeename",
            "payee",
            "payeename",
        ],
    ),
    (
        Field::Phone,
        "phone",
        &[
            "phone",
            "phoneno",
            "phonenumber",
            "mobile",
            "mobileno",
            "mobilenumber",
            "contactno",
            "contactnumber",
            "customerphone",
            "beneficiaryphonenumber",
        ],
    ),
    (
        Field::Amount,
        "amount",
        &["amount", "amountinr", "amountrs", "netpay", "netamount"],
    ),
    (
        Field::Email,
        "email",
        &[
            "email",
            "emailid",
            "emailaddress",
            "customeremail",
            "beneficiaryemailid",
        ],
    ),
    (
        Field::LinkExpiry,
        "link_expiry",
        &[
            "linkexpiry",
            "expirydate",
            "expiry",
            "cashgramvalidtill",
            "validtill",
        ],
    ),
    (
        Field::CashgramId,
        "cashgram_id",
        &["cashgramid", "transferid"],
    ),
    (Field::Remarks, "remarks", &["remarks", "note"]),
    (Field::PayoutType, "payout_type", &["payouttype"]),
    (
        Field::Description,
        "description",
        &["description", "reason"],
    ),
    (Field::Notify, "notify", &["notify", "notifycustomer"]),
];

/// The dashboard's three send flags, which together make one `notify`.
const SEND_FLAGS: [&str; 3] = ["sendwhatsapp", "sendsms", "sendemail"];

/// Headers that look like an id, but may be an employee's or an invoice's.
const ID_LOOKALIKES: [&str; 3] = ["id", "reference", "employeeid"];

/// The fields that every sheet needs, with what to write in messages.
const REQUIRED: [(Field, &str); 3] = [
    (
        Field::Name,
        "name (also: customer name, beneficiary name, employee name, payee)",
    ),
    (
        Field::Phone,
        "phone (also: mobile, mobile number, phone number, contact no)",
    ),
    (
        Field::Amount,
        "amount (also: amount inr, amount rs, net pay, net amount)",
    ),
];

impl Field {
    /// Its canonical name: `link_expiry`.
    pub fn name(self) -> &'static str {
        let (_, name, _) = ALIASES
            .iter()
            .find(|(field, _, _)| *field == self)
            .unwrap_or(&(Field::Name, "", &[]));
        name
    }

    fn index(self) -> usize {
        match self {
            Field::Name => 0,
            Field::Phone => 1,
            Field::Amount => 2,
            Field::Email => 3,
            Field::LinkExpiry => 4,
            Field::CashgramId => 5,
            Field::Remarks => 6,
            Field::PayoutType => 7,
            Field::Description => 8,
            Field::Notify => 9,
        }
    }
}

/// The columns of a sheet and what they mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    columns: Vec<String>,
    places: [Option<usize>; FIELDS],
    flags: Vec<usize>,
    id_lookalike: Option<String>,
}

impl Header {
    /// Reads the first row of a sheet.
    pub fn read(cells: &StringRecord, line: u64, path: &Path) -> Result<Self, Error> {
        let mut header = Self {
            columns: cells.iter().map(|cell| cell.trim().to_owned()).collect(),
            places: [None; FIELDS],
            flags: Vec::new(),
            id_lookalike: None,
        };
        for (place, cell) in cells.iter().enumerate() {
            header
                .take(place, &normal(cell))
                .map_err(|(field, first)| {
                    let column =
                        |place: usize| header.columns.get(place).cloned().unwrap_or_default();
                    Error::TwoColumns {
                        path: path.to_owned(),
                        line,
                        field,
                        first: column(first),
                        second: column(place),
                    }
                })?;
        }
        if header.place(Field::CashgramId).is_some() {
            header.id_lookalike = None;
        }
        header.check_required(line, path)?;
        Ok(header)
    }

    /// Takes one column; the field and the earlier column if there is one already.
    fn take(&mut self, place: usize, name: &str) -> Result<(), (&'static str, usize)> {
        if SEND_FLAGS.contains(&name) {
            let twin = self.flags.iter().copied().find(|other| {
                self.columns
                    .get(*other)
                    .is_some_and(|column| normal(column) == name)
            });
            if let Some(first) = twin.or(self.place(Field::Notify)) {
                return Err((Field::Notify.name(), first));
            }
            self.flags.push(place);
            return Ok(());
        }
        if ID_LOOKALIKES.contains(&name) {
            self.id_lookalike = self.columns.get(place).cloned();
        }
        let alias = ALIASES
            .iter()
            .find(|(_, _, aliases)| aliases.contains(&name));
        let Some((field, canonical, _)) = alias else {
            return Ok(());
        };
        let flag = self
            .flags
            .first()
            .copied()
            .filter(|_| *field == Field::Notify);
        if let Some(first) = self.place(*field).or(flag) {
            return Err((canonical, first));
        }
        if let Some(slot) = self.places.get_mut(field.index()) {
            *slot = Some(place);
        }
        Ok(())
    }

    fn check_required(&self, line: u64, path: &Path) -> Result<(), Error> {
        let missing: Vec<&str> = REQUIRED
            .iter()
            .filter(|(field, _)| self.place(*field).is_none())
            .map(|(_, words)| *words)
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(Error::MissingColumns {
            path: path.to_owned(),
            line,
            missing: missing.join("; "),
            found: self.shown().join(", "),
            hint: self.hint().to_owned(),
        })
    }

    /// The columns for a message: a sheet without a header has a recipient in their place, who is masked.
    fn shown(&self) -> Vec<String> {
        self.columns
            .iter()
            .map(|column| shown_guessing(column))
            .collect()
    }

    /// Columns that hold a phone or an address are a row. A single one that holds a separator is a sheet saved with another separator.
    fn hint(&self) -> &'static str {
        match self.columns.as_slice() {
            [only] if only.contains([';', '\t', '|']) || only.starts_with("sep=") => {
                "; the columns must be separated by commas: save the sheet as \"CSV UTF-8 (comma delimited)\""
            }
            columns if columns.iter().any(|column| is_personal(column)) => {
                "; the first line seems to be a row: put a line above it that names the columns"
            }
            _ => "",
        }
    }

    /// The headers as written, without the spaces around them.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Where a field stands, counted from 0.
    pub fn place(&self, field: Field) -> Option<usize> {
        self.places.get(field.index()).copied().flatten()
    }

    /// The columns that mean nothing to a payout, fit to be shown: they are carried to the results.
    pub fn not_read(&self) -> Vec<String> {
        let read = |place: usize| self.places.contains(&Some(place)) || self.flags.contains(&place);
        let columns = self.columns.iter().enumerate();
        columns
            .filter(|(place, name)| !read(*place) && !name.is_empty())
            .map(|(_, name)| shown_guessing(name))
            .collect()
    }

    /// Where the dashboard's send flags stand.
    pub fn send_flags(&self) -> &[usize] {
        &self.flags
    }

    /// The column that gives the rows' own ids, if any.
    pub fn id_column(&self) -> Option<usize> {
        self.place(Field::CashgramId)
    }

    /// A column such as `id` that was NOT taken for the Cashgram's id, where no other gives it. Worth a word to the
    /// user: if it is meant as one, it must be called `cashgram_id`.
    pub fn id_lookalike(&self) -> Option<&str> {
        self.id_lookalike.as_deref()
    }

    /// The header as written of a field's column; its canonical name if the sheet has none.
    pub fn written(&self, field: Field) -> &str {
        self.place(field)
            .or_else(|| {
                self.flags
                    .first()
                    .copied()
                    .filter(|_| field == Field::Notify)
            })
            .and_then(|place| self.columns.get(place))
            .map_or(field.name(), String::as_str)
    }
}

/// Lower-case letters and digits alone.
pub(super) fn normal(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests;
