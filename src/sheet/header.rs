//! What the columns mean. Names are recognised without regard to case, spaces and punctuation.
//!
//! Deliberately absent: guessing. `id`, `reference` or `employee id` is not taken for the Cashgram's id, and two
//! columns for one field are an error, since a guess would pay the wrong amount or pay twice.

use std::path::Path;

use csv::StringRecord;

use super::error::Error;

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
            found: self.columns.join(", "),
            hint: self.hint().to_owned(),
        })
    }

    /// A single column that holds a separator is a sheet saved with another separator.
    fn hint(&self) -> &'static str {
        match self.columns.as_slice() {
            [only] if only.contains([';', '\t', '|']) || only.starts_with("sep=") => {
                "; the columns must be separated by commas: save the sheet as \"CSV UTF-8 (comma delimited)\""
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
mod tests {
    use super::*;

    fn read(columns: &[&str]) -> Result<Header, Error> {
        Header::read(
            &StringRecord::from(columns.to_vec()),
            1,
            Path::new("june.csv"),
        )
    }

    #[test]
    fn every_alias_is_taken_in_any_dress() {
        for (field, _, aliases) in ALIASES {
            for alias in aliases {
                let dressed = [
                    alias.to_uppercase(),
                    format!(" {alias}. "),
                    format!("{}_{}", &alias[..2], &alias[2..]),
                ];
                for name in dressed {
                    let mut columns = vec![name.as_str()];
                    let needed = REQUIRED.iter().filter(|(other, _)| *other != field);
                    columns.extend(needed.map(|(other, _)| other.name()));
                    assert_eq!(read(&columns).unwrap().place(field), Some(0), "{name}");
                }
            }
        }
    }

    #[test]
    fn the_dashboards_own_header_is_understood() {
        let columns = "cashgramId,name,phone,email,amount,expiryDate,payoutType,description,remarks,sendWhatsapp,sendSMS,sendEmail";
        let header = read(&columns.split(',').collect::<Vec<_>>()).unwrap();
        assert_eq!(header.id_column(), Some(0));
        assert_eq!(header.place(Field::LinkExpiry), Some(5));
        assert_eq!(header.send_flags(), [9, 10, 11]);
        assert_eq!(header.written(Field::Notify), "sendWhatsapp");
    }

    #[test]
    fn unknown_columns_are_carried_and_lookalikes_are_named() {
        let header = read(&["Employee ID", "Name", "Mobile No.", "Net Pay", "Dept", ""]).unwrap();
        assert_eq!(
            header.columns(),
            ["Employee ID", "Name", "Mobile No.", "Net Pay", "Dept", ""]
        );
        assert_eq!(
            (header.id_column(), header.id_lookalike()),
            (None, Some("Employee ID"))
        );
        let header = read(&["id", "cashgram_id", "name", "phone", "amount"]).unwrap();
        assert_eq!((header.id_column(), header.id_lookalike()), (Some(1), None));
    }

    #[test]
    fn missing_columns_are_named_with_their_aliases() {
        let error = read(&["Name", "Telephone", "Salary"]).unwrap_err();
        let text = error.to_string();
        for part in [
            "phone (also: mobile",
            "amount (also:",
            "found: Name, Telephone, Salary",
            "june.csv, line 1",
        ] {
            assert!(text.contains(part), "{text}");
        }
        assert!(error.is_unpayable() && !text.contains("customer name"));
        let text = read(&["name;phone;amount"]).unwrap_err().to_string();
        assert!(text.contains("separated by commas"), "{text}");
    }

    #[test]
    fn two_columns_for_one_field_are_an_error() {
        for extra in [
            &["Mobile"][..],
            &["AMOUNT"],
            &["payee"],
            &["notify", "sendSMS"],
            &["send sms", "notify"],
            &["sendSMS", "SEND_SMS"],
            &["transfer id", "cashgramId"],
        ] {
            let columns = [&["name", "phone", "amount"], extra].concat();
            let error = read(&columns).unwrap_err();
            assert!(
                matches!(error, Error::TwoColumns { .. }) && error.is_unpayable(),
                "{error}"
            );
        }
    }
}
