//! Headers: no column is taken for two fields, no field from two columns, and what every sheet needs is there or named.

use std::path::Path;

use csv::StringRecord;
use paysheet::sheet::{Error, Field, Header};

/// Every name that stands for a field, from the gateway's documents and the contract with users.
const NAMES: [(&str, &[&str]); 10] = [
    (
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
        "amount",
        &["amount", "amountinr", "amountrs", "netpay", "netamount"],
    ),
    (
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
        "link_expiry",
        &[
            "linkexpiry",
            "expirydate",
            "expiry",
            "cashgramvalidtill",
            "validtill",
        ],
    ),
    ("cashgram_id", &["cashgramid", "transferid"]),
    ("remarks", &["remarks", "note"]),
    ("payout_type", &["payouttype"]),
    ("description", &["description", "reason"]),
    ("notify", &["notify", "notifycustomer"]),
];
const FLAGS: [&str; 3] = ["sendwhatsapp", "sendsms", "sendemail"];
const REQUIRED: [&str; 3] = ["name", "phone", "amount"];
/// Lines of the input that are options; the cells follow.
const OPTIONS: &str = "--map ";

/// Takes each line of the input for a cell, or, where it says so, for an option.
pub fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let (mut map, mut cells) = (Vec::new(), Vec::new());
    for line in text.split('\n') {
        let option = line.strip_prefix(OPTIONS).and_then(|o| o.split_once('='));
        match option.and_then(|(field, column)| Some((Field::named(field)?, column))) {
            Some((field, column)) => map.push((field, column.to_owned())),
            None => cells.push(line),
        }
    }
    judge(&cells, &map);
}

fn read(cells: &[&str], map: &[(Field, String)]) -> Result<Header, Error> {
    let record = StringRecord::from(cells.to_vec());
    Header::mapped(&record, 7, Path::new("june.csv"), map, false)
}

fn judge(cells: &[&str], map: &[(Field, String)]) {
    match read(cells, map) {
        Ok(header) => {
            taken(&header, cells, map);
            dressed(&header, cells, map);
        }
        Err(error) => refused(&error, cells, map),
    }
}

fn normal(name: &str) -> String {
    let letters = name.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// Signs in the name of an amount that make it no sum of rupees.
fn is_other_than_rupees(cell: &str) -> bool {
    let rupees = ['₹', '₨'];
    let money =
        |c: char| "$¢£¤¥֏؋৳฿៛﷼﹩＄￠￡￥￦".contains(c) || ('\u{20a0}'..='\u{20cf}').contains(&c);
    cell.contains(|c| (money(c) && !rupees.contains(&c)) || "%‰+±".contains(c))
}

/// The field that a column's own name stands for.
fn field_of(cell: &str) -> Option<&'static str> {
    let name = normal(cell);
    let found = NAMES.iter().find(|(_, all)| all.contains(&name.as_str()));
    let field = found.map(|(field, _)| *field);
    field.filter(|field| *field != "amount" || !is_other_than_rupees(cell))
}

fn is_flag(cell: &str) -> bool {
    FLAGS.contains(&normal(cell).as_str())
}

fn mapped<'m>(field: &str, map: &'m [(Field, String)]) -> Option<&'m str> {
    let found = map.iter().find(|(known, _)| known.name() == field);
    found.map(|(_, column)| column.as_str())
}

fn taken(header: &Header, cells: &[&str], map: &[(Field, String)]) {
    assert_eq!(header.columns().len(), cells.len());
    let mut claimed: Vec<usize> = header.send_flags().to_vec();
    assert!(claimed.iter().all(|place| is_flag(cells[*place])));
    for (field, _) in NAMES {
        let place = header.place(Field::named(field).unwrap());
        claimed.extend(place);
        let own: Vec<usize> = (0..cells.len())
            .filter(|place| field_of(cells[*place]) == Some(field))
            .collect();
        match (mapped(field, map), place) {
            (Some(column), Some(place)) => {
                assert_eq!(normal(cells[place]), normal(column), "{field}");
                let (cell, column) = (cells[place].trim(), column.trim());
                let to_the_letter = cells.iter().any(|cell| cell.trim() == column);
                assert!(!to_the_letter || cell == column, "{field}");
            }
            (Some(column), None) => panic!("{column:?} was named for {field} and is not taken"),
            // A column that an option names for another field is that field's.
            (None, Some(place)) => assert!(own.contains(&place), "{field}"),
            (None, None) => assert!(
                own.iter().all(|at| claimed_by_option(cells[*at], map)),
                "{field} is there and not taken"
            ),
        }
        assert!(place.is_some() || !REQUIRED.contains(&field), "{field}");
        if mapped(field, map).is_none() {
            let others = own.iter().filter(|at| Some(**at) != place);
            assert!(
                others
                    .into_iter()
                    .all(|at| claimed_by_option(cells[*at], map)),
                "two columns for {field}"
            );
        }
    }
    let count = claimed.len();
    claimed.sort_unstable();
    claimed.dedup();
    assert_eq!(claimed.len(), count, "a column is claimed twice");
    let notify = header.place(Field::Notify);
    assert!(notify.is_none() || header.send_flags().is_empty());
    let unread = cells.len() - claimed.len();
    assert!(header.not_read().len() <= unread);
}

fn claimed_by_option(cell: &str, map: &[(Field, String)]) -> bool {
    map.iter().any(|(_, column)| normal(column) == normal(cell))
}

/// Case, spaces and punctuation make no difference.
fn dressed(header: &Header, cells: &[&str], map: &[(Field, String)]) {
    if !map.is_empty() || !cells.iter().all(|cell| cell.is_ascii()) {
        return;
    }
    let dress = |cell: &&str| {
        let spaced = cell.chars().flat_map(|c| ['_', c, ' ']);
        spaced.collect::<String>().to_uppercase()
    };
    let dressed: Vec<String> = cells.iter().map(dress).collect();
    let dressed: Vec<&str> = dressed.iter().map(String::as_str).collect();
    let other = read(&dressed, map).unwrap();
    for field in Field::names() {
        let field = Field::named(field).unwrap();
        assert_eq!(header.place(field), other.place(field));
    }
    assert_eq!(header.send_flags(), other.send_flags());
}

/// What is said to be wrong is so, and the line is named.
fn refused(error: &Error, cells: &[&str], map: &[(Field, String)]) {
    let said = error.to_string();
    match error {
        Error::OwnResults { .. } => return,
        Error::MissingColumns { missing, .. } => {
            assert!(!missing.is_empty());
            let lacks = REQUIRED.iter().any(|field| {
                let own = |cell: &&str| field_of(cell) == Some(field);
                mapped(field, map).is_none()
                    && cells
                        .iter()
                        .filter(|cell| own(cell))
                        .all(|cell| claimed_by_option(cell, map))
            });
            assert!(lacks, "{said}");
        }
        Error::TwoColumns {
            field,
            first,
            second,
            ..
        } => {
            let of = |name: &str| cells.iter().filter(|cell| cell.trim() == name).count();
            let twice = if first == second { 2 } else { 1 };
            assert!(of(first) >= twice && of(second) >= twice, "{said}");
            assert!(NAMES.iter().any(|(name, _)| name == field), "{said}");
        }
        Error::Mapped { column, .. } => {
            assert!(map.iter().any(|(_, named)| named == column), "{said}");
        }
        other => panic!("{other}"),
    }
    assert!(said.contains("line 7"), "{said}");
}
