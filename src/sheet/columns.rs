//! The fields of a payout and the names that sheets give them.
//!
//! Deliberately absent: which columns a sheet has (`header`).

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

/// So many letters of a name may hide one slip.
const SLIP_LETTERS: usize = 3;
/// Number of fields.
pub(super) const FIELDS: usize = 10;

/// Signs of a share.
const SHARES: [char; 2] = ['%', '‰'];
/// Signs of a change; the minus alone is a dash.
const CHANGES: [char; 2] = ['+', '±'];
/// Words for other currencies.
const CURRENCIES: &[&str] = &[
    "usd", "eur", "gbp", "jpy", "aed", "sgd", "aud", "cad", "chf", "cny", "hkd", "sar", "qar",
    "kwd", "omr", "bhd", "myr", "thb", "npr", "lkr", "bdt", "dollar", "dollars", "euro", "euros",
    "pound", "pounds", "dirham", "dirhams", "yen",
];
/// Words for units that are many rupees, or less than one.
const UNITS: &[&str] = &[
    "lakh",
    "lakhs",
    "lac",
    "lacs",
    "l",
    "crore",
    "crores",
    "cr",
    "crs",
    "thousand",
    "thousands",
    "000",
    "000s",
    "k",
    "million",
    "millions",
    "mn",
    "mio",
    "paise",
    "paisa",
];

/// Every field with its canonical name and the headers taken for it, in lower-case letters and digits.
pub(super) const ALIASES: [(Field, &str, &[&str]); FIELDS] = [
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
pub(super) const SEND_FLAGS: [&str; 3] = ["sendwhatsapp", "sendsms", "sendemail"];

/// Headers that look like an id, but may be an employee's or an invoice's.
pub(super) const ID_LOOKALIKES: [&str; 3] = ["id", "reference", "employeeid"];

/// The fields that every sheet needs, with what to write in messages.
pub(super) const REQUIRED: [(Field, &str); 3] = [
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

    /// The field of this canonical name.
    pub fn named(name: &str) -> Option<Self> {
        let found = ALIASES.iter().find(|(_, canonical, _)| *canonical == name);
        found.map(|(field, _, _)| *field)
    }

    /// Every field's canonical name.
    pub fn names() -> [&'static str; FIELDS] {
        ALIASES.map(|(_, name, _)| name)
    }

    pub(super) fn index(self) -> usize {
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

/// Lower-case letters and digits alone. A name of the amount keeps the signs that make another thing of it.
pub(super) fn normal(name: &str) -> String {
    let lower = |keeps: fn(char) -> bool| -> String {
        let kept = name.chars().filter(|c| keeps(*c));
        kept.flat_map(char::to_lowercase).collect()
    };
    let plain = lower(char::is_alphanumeric);
    let amount = |(field, _, all): &(Field, &str, &[&str])| {
        *field == Field::Amount && all.contains(&plain.as_str())
    };
    if ALIASES.iter().any(amount) {
        lower(|c| c.is_alphanumeric() || is_telling(c))
    } else {
        plain
    }
}

/// Whether a sign says that a figure is no sum of rupees.
fn is_telling(c: char) -> bool {
    is_foreign(c) || SHARES.contains(&c) || CHANGES.contains(&c)
}

/// Whether it is the sign of another currency than the rupee.
fn is_foreign(c: char) -> bool {
    match c {
        '₹' | '₨' => false,
        '$' | '¢' | '£' | '¤' | '¥' | '֏' | '؋' | '৳' | '฿' | '៛' | '﷼' | '﹩' | '＄' | '￠'
        | '￡' | '￥' | '￦' => true,
        _ => ('\u{20a0}'..='\u{20cf}').contains(&c),
    }
}

/// Why a column's figures cannot be rupees, if its header says so.
pub(super) fn not_rupees(column: &str) -> Option<&'static str> {
    let name = normal(column);
    let lower = column.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).collect();
    // `AmountUSD` is one word; the shortest may end any word.
    let says = |all: &[&str]| {
        all.iter()
            .any(|word| words.contains(word) || word.len() > 2 && name.ends_with(word))
    };
    if column.contains(is_foreign) || says(CURRENCIES) {
        Some("names another currency")
    } else if column.contains(SHARES) || says(&["percent", "percentage", "pct"]) {
        Some("holds percentages")
    } else if column.contains(CHANGES) {
        Some("holds changes")
    } else {
        says(UNITS).then_some("counts in another unit than rupees")
    }
}

/// Whether a normal name is one that a column of a payout bears.
pub(super) fn is_known(name: &str) -> bool {
    let alias = |(_, _, aliases): &(Field, &str, &[&str])| aliases.contains(&name);
    SEND_FLAGS.contains(&name) || ALIASES.iter().any(alias)
}

/// Of these columns the one that may be meant for a field: a slip of the pen away from one of its names, or with such
/// a name or a word like it in it.
pub(super) fn nearest<'c>(field: Field, columns: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    let (_, _, aliases) = ALIASES.iter().find(|(known, _, _)| *known == field)?;
    let near = |column: &'c str| {
        let name = normal(column);
        let slips = aliases.iter().filter_map(|alias| slips(alias, &name));
        slips.min().map(|slips| (slips, column))
    };
    let mut unknown: Vec<&str> = columns
        .filter(|column| !is_known(&normal(column)))
        .collect();
    let found = unknown.iter().copied().filter_map(near);
    let slip = found.min_by_key(|(slips, _)| *slips);
    unknown.retain(|column| {
        let column = column.to_lowercase();
        let mut words = column.split(|c: char| !c.is_alphanumeric());
        words.any(|word| likely(field).contains(&word))
    });
    slip.map(|(_, column)| column)
        .or_else(|| unknown.first().copied())
}

/// Words by which people call a field, too vague to be taken for it.
fn likely(field: Field) -> &'static [&'static str] {
    match field {
        Field::Name => &["recipient", "beneficiary", "vendor", "party", "particulars"],
        Field::Phone => &[
            "ph",
            "mob",
            "cell",
            "contact",
            "whatsapp",
            "tel",
            "telephone",
        ],
        Field::Amount => &["amt", "net", "pay", "payable", "salary", "rupees", "inr"],
        Field::Email
        | Field::LinkExpiry
        | Field::CashgramId
        | Field::Remarks
        | Field::PayoutType
        | Field::Description
        | Field::Notify => &[],
    }
}

/// Letters that differ, if they are few; a name within another is worse than any slip.
fn slips(alias: &str, name: &str) -> Option<usize> {
    let differ = strsim::osa_distance(alias, name);
    if differ <= alias.len() / SLIP_LETTERS {
        Some(differ)
    } else {
        name.contains(alias).then_some(name.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_column() {
        for (field, columns, wanted) in [
            (Field::Phone, "Name,Phnoe,Amount", Some("Phnoe")),
            (
                Field::Phone,
                "Employee,Mobile No.1,Pay",
                Some("Mobile No.1"),
            ),
            (
                Field::Phone,
                "Employee mobile number (10 digits)",
                Some("Employee mobile number (10 digits)"),
            ),
            (Field::Amount, "Ammount,Amt", Some("Ammount")),
            (Field::Amount, "Amount (Rs) net,Ammount", Some("Ammount")),
            (Field::Name, "Nmae,phone", Some("Nmae")),
            (Field::Phone, "Cell,Amount", Some("Cell")),
            (Field::Phone, "Emp No,Ph. No", Some("Ph. No")),
            (Field::Amount, "Network,Net Salary", Some("Net Salary")),
            (Field::Name, "Party A/c,phone", Some("Party A/c")),
            (Field::Phone, "Excellent,Amount", None),
            // Known for what it is: no slip.
            (Field::Phone, "phone", None),
            (Field::Name, "note", None),
        ] {
            assert_eq!(nearest(field, columns.split(',')), wanted, "{columns}");
        }
    }

    #[test]
    fn signs_make_another_thing_of_an_amount_alone() {
        for (name, field) in [
            ("phone +", Some("phone")),
            ("$Name", Some("name")),
            ("Amount (₹)", Some("amount")),
            ("Amount ($)", None),
            ("Amount %", None),
        ] {
            let name = normal(name);
            let of = |(field, _, all): &(Field, &str, &[&str])| {
                all.contains(&name.as_str()).then(|| field.name())
            };
            assert_eq!(ALIASES.iter().find_map(of), field, "{name}");
        }
    }

    #[test]
    fn names_lead_to_fields_and_back() {
        for name in Field::names() {
            assert_eq!(Field::named(name).map(Field::name), Some(name));
            assert!(is_known(&normal(name)));
        }
        assert_eq!(Field::named("mobile"), None);
    }
}
