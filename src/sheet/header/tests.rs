//! What columns mean, in every dress.

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
    assert_eq!(header.not_read(), ["Employee ID", "Dept"]);
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
    assert!(text.contains("--delimiter"), "{text}");
    let text = read(&["Name", "Phnoe", "Amount"]).unwrap_err().to_string();
    let wanted = "if \"Phnoe\" is the phone, rename it, or add --map phone=Phnoe";
    assert!(text.contains(wanted), "{text}");
}

#[test]
fn the_user_may_name_columns() {
    let map = |columns: &[&str], map: &[(Field, &str)]| {
        let map: Vec<_> = map
            .iter()
            .map(|(field, column)| (*field, (*column).to_owned()))
            .collect();
        Header::mapped(
            &StringRecord::from(columns.to_vec()),
            1,
            Path::new("june.csv"),
            &map,
            false,
        )
    };
    let columns = ["Who", "Phone", "Cell", "Net", "id", "send sms"];
    let header = map(
        &columns,
        &[
            (Field::Name, "who"),
            (Field::Phone, "CELL"),
            (Field::Amount, "Net"),
            (Field::CashgramId, "id"),
            (Field::Notify, "send sms"),
        ],
    )
    .unwrap();
    let places = [
        Field::Name,
        Field::Phone,
        Field::Amount,
        Field::CashgramId,
        Field::Notify,
    ]
    .map(|field| header.place(field));
    assert_eq!(places, [Some(0), Some(2), Some(3), Some(4), Some(5)]);
    assert_eq!(header.not_read(), ["Phone"]);
    assert_eq!(
        (header.send_flags(), header.id_lookalike()),
        (&[][..], None)
    );
    for (bad, part) in [
        (
            &[(Field::Phone, "Mobil")][..],
            "no such column as in --map phone=\"Mobil\"",
        ),
        (
            &[(Field::Phone, "Cell"), (Field::Name, "Cell")],
            "the same column as --map name=\"Cell\"",
        ),
    ] {
        let error = map(&columns, bad).unwrap_err();
        assert!(
            error.is_unpayable() && error.to_string().contains(part),
            "{error}"
        );
    }
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

#[test]
fn a_sheet_without_a_header_shows_nobody() {
    let error = read(&["Asha", "9876543210", "100", "asha@example.com"]).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains(
            "found: Asha, ******3210, 100, ***@example.com; the first line seems to be a row"
        ),
        "{text}"
    );
    let text = read(&["a\u{1b}[31m"]).unwrap_err().to_string();
    assert!(!text.contains('\u{1b}'), "{text}");
}
