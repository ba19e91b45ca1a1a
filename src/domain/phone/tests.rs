//! Phones as spreadsheets write them.

use super::*;
use proptest::prelude::*;

#[test]
fn phones_that_are_read() {
    let spellings = [
        "9876543210",
        " 9876543210 ",
        "98765 43210",
        "98765-43210",
        "+919876543210",
        "+91 98765 43210",
        "+91-98765-43210",
        "919876543210",
        "91 9876543210",
        "09876543210",
        "0 98765 43210",
        "9-8-7-6-5-4-3-2-1-0",
        "\u{a0}9876543210",
        "+91 9876543210",
        "9876543210\t",
    ];
    for text in spellings {
        assert_eq!(
            Phone::parse(text).map(Phone::number),
            Ok(9_876_543_210),
            "{text}"
        );
    }
    for text in [
        "6000000000",
        "7000000000",
        "8000000000",
        "9999999999",
        "9100000000",
        "919100000000",
    ] {
        assert!(Phone::parse(text).is_ok(), "{text}");
    }
}

#[test]
fn phones_that_are_refused() {
    use PhoneFault as F;
    let table = [
        ("", F::Missing),
        ("  ", F::Missing),
        ("9.87654E+09", F::Scientific),
        ("9.876543210E9", F::Scientific),
        ("9E9", F::Scientific),
        ("9.19876E+11", F::Scientific),
        ("9876543210.0", F::Decimal),
        ("9876543210.", F::Decimal),
        ("919876543210.00", F::Decimal),
        ("987654321", F::Length),
        ("98765432101", F::Length),
        ("00919876543210", F::Length),
        ("+9109876543210", F::Length),
        ("0919876543210", F::Length),
        ("+91", F::Length),
        ("+91987654321", F::Length),
        ("99999999999999999999999999999", F::Length),
        ("-", F::Length),
        ("+", F::Length),
        ("929876543210", F::Length),
        ("19876543210", F::Length),
        ("1234567890", F::Start),
        ("5876543210", F::Start),
        ("0987654321", F::Start),
        ("022 2345 6789", F::Start),
        ("+911234567890", F::Start),
        ("915876543210", F::Start),
        ("0000000000", F::Start),
        ("98765x3210", F::Letters),
        ("98765O3210", F::Letters),
        ("n/a", F::Letters),
        ("#REF!", F::Letters),
        ("(98765) 43210", F::Characters),
        ("9876543210/9876543211", F::Characters),
        ("9876543210,9876543211", F::Characters),
        ("'9876543210", F::Characters),
        ("98765.43210", F::Decimal),
        ("９８７６５４３２１０", F::Characters),
        ("९८७६५४३२१०", F::Characters),
        ("98765\u{200b}43210", F::Characters),
        ("++919876543210", F::Characters),
        ("91+9876543210", F::Characters),
        ("+1 415 555 2671", F::Country),
        ("+44 7911 123456", F::Country),
        ("+9876543210", F::Country),
        ("+971501234567", F::Country),
        ("-9876543119", F::Negative),
        (" - 9876543119", F::Negative),
        ("-9876543119.0", F::Negative),
        ("-9.876543119E+09", F::Negative),
    ];
    for (text, fault) in table {
        assert_eq!(Phone::parse(text), Err(fault), "{text}");
    }
}

#[test]
fn shows_its_last_four_digits() {
    let phone = Phone::parse("9876543210").unwrap();
    assert_eq!(phone.to_string(), "******3210");
    assert_eq!(format!("{phone:?}"), "Phone(******3210)");
    assert_eq!(phone.digits(), "9876543210");
}

proptest! {
    #[test]
    fn every_mobile_is_read_in_every_spelling(number in NUMBER_MIN..=NUMBER_MAX) {
        for text in [format!("{number}"), format!("+91{number}"), format!("91{number}"), format!("0{number}")] {
            prop_assert_eq!(Phone::parse(&text), Ok(Phone(number)));
        }
        let digits = Phone(number).digits();
        let (head, tail) = digits.split_at(5);
        for text in [digits.clone(), format!("{head} {tail}"), format!("+91 {head}-{tail}"), format!(" 0{head} {tail}")] {
            prop_assert_eq!(Phone::parse(&text), Ok(Phone(number)));
        }
        prop_assert_eq!(Phone::from_number(number), Some(Phone(number)));
    }

    #[test]
    fn no_text_is_too_odd(text in "\\PC{0,24}|[-0-9.+eE ]{0,24}") {
        let _ = Phone::parse(&text);
    }
}
