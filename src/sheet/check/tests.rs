//! Whole sheets judged, fault by fault.

use std::path::Path;

use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::sheet::Layout;
use crate::sheet::error::Error;
use crate::sheet::read::Records;
use crate::sheet::source::Source;
use crate::sheet::validate::{Checked, validate_source};

fn rules() -> Rules {
    Rules {
        today: date(2026, 11, 22),
        max_amount: None,
        allow_duplicates: false,
        fingerprint: false,
        sheet_name: None,
        layout: Layout::default(),
    }
}

fn judged(
    text: &[u8],
    rules: &Rules,
    judge: &dyn Fn(u32) -> Judge,
) -> Result<(Checked, Vec<Fault>), Error> {
    let mut faults = Vec::new();
    let open = || {
        let text = std::io::Cursor::new(text.to_owned());
        let records = Records::new(text, Path::new("june.csv"), rules.fingerprint);
        Source::text(records)
    };
    let checked = validate_source(&open, rules, &KeyHasher::new(), judge, &mut faults)?;
    Ok((checked, faults))
}

fn whole(_: u32) -> Judge {
    Judge::Whole
}

/// `line column code` of every fault.
fn faults(text: &str, rules: &Rules) -> Vec<String> {
    let (_, faults) = judged(text.as_bytes(), rules, &whole).unwrap();
    in_short(&faults)
}

fn in_short(faults: &[Fault]) -> Vec<String> {
    let short = |fault: &Fault| format!("{} {} {}", fault.line, fault.column, fault.code);
    faults.iter().map(short).collect()
}

#[test]
fn a_clean_sheet_has_no_faults() {
    let text = "\u{feff}cashgramId,Name,Mobile No,Email,Net Pay,expiryDate,payoutType,description,remarks,sendSMS,Dept\r\n\
        A1,Asha Menon,+91 98765 43210,asha@example.com,\"1,00,000.00\",30/11/2026,Incentive,Order 1,October,1,HR\r\n\
        ,Ravi,9876543211,,1.00,+7d,,,,,\r\n\
        ,,,,,,,,,,\r\n";
    let (checked, faults) = judged(text.as_bytes(), &rules(), &whole).unwrap();
    assert_eq!(faults, []);
    assert_eq!((checked.rows, checked.valid, checked.invalid), (2, 2, 0));
    assert_eq!(checked.total.to_string(), "100001.00");
    let largest: Vec<_> = checked
        .largest
        .iter()
        .map(|(row, amount)| (*row, amount.to_string()))
        .collect();
    assert_eq!(
        largest,
        [(1, "100000.00".to_owned()), (2, "1.00".to_owned())]
    );
    assert_eq!(checked.fingerprint, None);
}

#[test]
fn all_faults_of_all_rows_in_one_pass() {
    let text = "name,phone,amount,email,expiry,cashgram_id,remarks,payout type,reason,notify\n\
        ,,,x,soon,a b,a-b,A1,#1,maybe\n\
        Ravi,9.87654E+09,1.234,,2026-11-21,,,,,\n\
        Asha,9876543210,100,,,,,,,\n\
        Émile,1234567890,\"1.000,00\",a@b,2027-01-01,,,,,\n";
    let wanted = [
        "2 name name.missing",
        "2 phone phone.missing",
        "2 amount amount.missing",
        "2 email email.at",
        "2 expiry expiry.format",
        "2 remarks remarks.characters",
        "2 payout type payout_type.characters",
        "2 reason description.characters",
        "2 notify notify.format",
        "2 cashgram_id id.characters",
        "3 phone phone.scientific",
        "3 amount amount.decimals",
        "3 expiry expiry.past",
        "5 name name.letters",
        "5 phone phone.start",
        "5 amount amount.comma_decimal",
        "5 email email.domain",
        "5 expiry expiry.too_far",
    ];
    assert_eq!(faults(text, &rules()), wanted);
    let (checked, _) = judged(text.as_bytes(), &rules(), &whole).unwrap();
    assert_eq!((checked.rows, checked.valid, checked.invalid), (4, 1, 3));
    assert!(!checked.faulty.contains(2));
}

#[test]
fn what_a_fault_says() {
    let text = "name,Mobile,amount,email\nRavi,98765432101,1.005,ravi@x\n";
    let (_, faults) = judged(text.as_bytes(), &rules(), &whole).unwrap();
    let [phone, amount, email] = faults.as_slice() else {
        panic!("{faults:?}");
    };
    assert_eq!(
        (phone.line, phone.row, phone.column.as_str()),
        (2, 1, "Mobile")
    );
    assert_eq!(
        (phone.value.as_str(), phone.shown_value().as_str()),
        ("98765432101", "******2101")
    );
    assert!(!phone.problem.contains("98765"));
    assert_eq!(
        amount.problem,
        "the amount 1.005 has more than two decimals"
    );
    assert_eq!(email.shown_value(), "***@x");
    assert!(!email.problem.contains("ravi"));
}

#[test]
fn ragged_rows_are_faults_and_nothing_else_is_said_of_them() {
    let text = "name,phone,amount\nAsha,9876543210\nRavi,9876543211,1,000\nOk,9876543212,5\n";
    assert_eq!(faults(text, &rules()), ["2  row.columns", "3  row.columns"]);
    let (checked, faults) = judged(text.as_bytes(), &rules(), &whole).unwrap();
    assert_eq!(faults[1].problem, "this row has 4 cells, the header has 3");
    assert_eq!(checked.total.to_string(), "5.00");
}

#[test]
fn rows_alike_are_named_with_the_first() {
    let text = "name,phone,amount,cashgram_id\n\
        Asha,9876543210,100,\n\
        ASHA ,+919876543210,100.00,\n\
        Asha,9876543210,101,\n\
        Asha,9876543210,100,X\n\
        Ravi,9876543211,5,X\n\
        Asha,9876543210,100,\n";
    let wanted = [
        "3 phone row.duplicate",
        "6 cashgram_id id.duplicate",
        "7 phone row.duplicate",
    ];
    assert_eq!(faults(text, &rules()), wanted);
    let (_, all) = judged(text.as_bytes(), &rules(), &whole).unwrap();
    assert!(
        all[0].problem.contains("line 2") && all[1].problem.contains("line 5"),
        "{all:?}"
    );
    let allowed = Rules {
        allow_duplicates: true,
        ..rules()
    };
    assert_eq!(faults(text, &allowed), ["6 cashgram_id id.duplicate"]);
}

#[test]
fn the_largest_allowed_amount_is_allowed() {
    let limit = Rules {
        max_amount: Some(Money::parse("100").unwrap()),
        ..rules()
    };
    let text = "name,phone,amount\nAsha,9876543210,100\nRavi,9876543211,100.01\n";
    assert_eq!(faults(text, &limit), ["3 amount amount.above_max"]);
}

#[test]
fn one_way_to_write_dates_per_sheet() {
    let sheet = |dates: &[&str]| {
        let row = |(index, date): (usize, &&str)| format!("Asha,98765432{index:02},5,{date}\n");
        let rows: String = dates.iter().enumerate().map(row).collect();
        faults(&format!("name,phone,amount,expiry\n{rows}"), &rules())
    };
    assert!(sheet(&["05/12/2026", "+7d", "", "30/11/2026"]).is_empty());
    assert_eq!(
        sheet(&["30/11/2026", "2026-12-05", "05/12/2026"]),
        ["3 expiry expiry.style"]
    );
    assert_eq!(
        sheet(&["2026-12-05", "30/11/2026", "05/12/2026"]),
        ["2 expiry expiry.style"]
    );
    assert_eq!(
        sheet(&["2026/12/05", "2026-12-05", "2026-12-06"]),
        ["2 expiry expiry.style"]
    );
    assert_eq!(
        sheet(&["12/05/2026", "12/15/2026"]),
        ["2 expiry expiry.month_first", "3 expiry expiry.month_first"]
    );
    assert_eq!(
        sheet(&["15/12/2026", "12/15/2026"]),
        ["3 expiry expiry.no_such_date"]
    );
}

#[test]
fn rows_already_sent_are_judged_by_their_key_alone() {
    let sent = |index: u32| {
        if index == 1 {
            Judge::KeyOnly
        } else {
            Judge::Whole
        }
    };
    let text = "name,phone,amount,expiry,notify\n\
        Asha,9876543210,100,,\n\
        Asha,9876543210,100,01/01/2020,perhaps\n\
        Asha,9876543210,100,30/11/2026,\n";
    let (checked, all) = judged(text.as_bytes(), &rules(), &sent).unwrap();
    assert_eq!(
        in_short(&all),
        ["2 phone row.duplicate", "4 phone row.duplicate"]
    );
    assert_eq!((all[0].row, all[0].value.as_str()), (1, "9876543210"));
    assert!(checked.faulty.contains(0) && !checked.faulty.contains(1));
    let bad = "name,phone,amount\nAsha,9876543210,1\n,x,y\n";
    let (_, all) = judged(bad.as_bytes(), &rules(), &sent).unwrap();
    assert_eq!(
        in_short(&all),
        ["3 phone phone.letters", "3 amount amount.format"]
    );
}

#[test]
fn keys_are_of_the_rows() {
    let text = "name,phone,amount,email,cashgram_id\nAsha,9876543210,100,a@b.co,\n,x,y,,Z\n";
    let (checked, _) = judged(text.as_bytes(), &rules(), &whole).unwrap();
    let first = checked.keys[0];
    assert_eq!(
        (first.own_id, first.phone, first.amount),
        (0, 9_876_543_210, 10_000)
    );
    assert!(first.name != 0 && first.email != 0);
    let second = checked.keys[1];
    assert!(second.own_id != 0);
    assert_eq!(
        (second.phone, second.amount, second.name, second.email),
        (0, -1, 0, 0)
    );
}

#[test]
fn a_thousand_faults_are_a_thousand_faults() {
    let rows: String = (0..1000)
        .map(|index| format!("Asha {index},98765,5\n"))
        .collect();
    let text = format!("name,phone,amount\n{rows}");
    assert_eq!(faults(&text, &rules()).len(), 1000);
}

#[test]
fn a_date_that_may_be_meant_otherwise_is_told_as_it_is_read() {
    let text = "name,phone,amount,expiry\nA,9000000001,5,12/5/2026\nB,9000000002,5,1/12/2027\n";
    let (_, faults) = judged(text.as_bytes(), &rules(), &whole).unwrap();
    let problems: Vec<_> = faults.iter().map(|fault| fault.problem.as_str()).collect();
    let wanted = [
        "the expiry 12/5/2026 has passed, read as 12 May 2026",
        "the expiry 1/12/2027 is more than 30 days ahead, read as 1 Dec 2027",
    ];
    assert_eq!(problems, wanted);
}

#[test]
fn a_sheet_without_rows_is_not_payable() {
    for (text, empty) in [
        ("", true),
        ("\n\n", true),
        ("name,phone,amount\n", false),
        ("name,phone,amount\n,,\n", false),
    ] {
        let error = judged(text.as_bytes(), &rules(), &whole).unwrap_err();
        assert!(error.is_unpayable());
        assert_eq!(matches!(error, Error::Empty { .. }), empty, "{text:?}");
        assert_eq!(matches!(error, Error::NoRows { .. }), !empty, "{text:?}");
    }
}

/// One amount in paise as people write it, in one of many ways.
fn written(paise: i64, way: u8) -> String {
    let money = Money::from_paise(paise).unwrap();
    let (plain, grouped) = (money.to_string(), money.grouped());
    match way {
        0 => plain,
        1 => grouped,
        2 => format!("₹{grouped}"),
        3 => format!("Rs. {plain}"),
        4 => format!(" INR {grouped} "),
        // Thousands, and no paise where there are none.
        _ => {
            let (whole, paise) = plain.split_once('.').unwrap();
            let mut text = String::new();
            for (place, digit) in whole.chars().enumerate() {
                if place > 0 && (whole.len() - place).is_multiple_of(3) {
                    text.push(',');
                }
                text.push(digit);
            }
            if paise == "00" {
                text
            } else {
                format!("{text}.{paise}")
            }
        }
    }
}

proptest! {
    /// Both sums of a sheet are to the paisa what a library of decimals makes of the same texts.
    #[test]
    fn sums_are_those_of_an_independent_library(
        rows in prop::collection::vec((100i64..=1_000_000_000_000, 0u8..6, 0u8..8), 1..60),
    ) {
        use rust_decimal::Decimal;
        let mut text = "name,phone,amount\n".to_owned();
        let (mut total, mut valid) = (Decimal::ZERO, Decimal::ZERO);
        for (row, (paise, way, luck)) in rows.iter().enumerate() {
            let amount = written(*paise, *way);
            let (phone, unit) = match luck {
                0 => ("12", ""),
                1 => ("", " USD"),
                _ => ("", ""),
            };
            let phone = if phone.is_empty() { format!("90000{row:05}") } else { phone.to_owned() };
            text.push_str(&format!("Asha,{phone},\"{amount}{unit}\"\n"));
            let number: String = amount.chars().filter(|c| c.is_ascii_digit() || *c == '.').collect();
            let number = number.trim_start_matches('.');
            let exact = Decimal::from_str_exact(number).unwrap();
            if unit.is_empty() {
                total += exact;
                if phone.len() == 10 {
                    valid += exact;
                }
            }
        }
        let (checked, _) = judged(text.as_bytes(), &rules(), &whole).unwrap();
        let found = [checked.total, checked.valid_total];
        let found = found.map(|sum| Decimal::new(sum.paise(), 2));
        prop_assert_eq!(found, [total, valid]);
    }

    #[test]
    fn no_sheet_is_too_odd(text in "(\\PC|[,\"\r\n\t]){0,200}") {
        let text = format!("name,phone,amount,expiry\n{text}");
        if let Ok((checked, faults)) = judged(text.as_bytes(), &rules(), &whole) {
            prop_assert_eq!(checked.rows, checked.valid + checked.invalid);
            prop_assert_eq!(faults.is_empty(), checked.invalid == 0);
            prop_assert!(faults.iter().all(|f| !f.code.is_empty() && !f.problem.is_empty() && !f.fix.is_empty()));
        }
    }
}
