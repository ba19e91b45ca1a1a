//! Amounts as people write them, against an independent reading.

use super::*;
use proptest::prelude::*;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

#[test]
fn amounts_that_are_read() {
    let table = [
        ("1", 100),
        ("1.0", 100),
        ("1.00", 100),
        ("1.5", 150),
        ("1250", 125_000),
        ("1250.00", 125_000),
        (" 1250.75 ", 125_075),
        ("1,250", 125_000),
        ("1,00,000.00", 10_000_000),
        ("100,000.00", 10_000_000),
        ("12,34,567.89", 123_456_789),
        ("1,234,567.89", 123_456_789),
        ("123,456", 12_345_600),
        ("₹500", 50_000),
        ("₹ 500.5", 50_050),
        ("Rs 500", 50_000),
        ("Rs.500", 50_000),
        ("rs. 500", 50_000),
        ("INR 1,250.00", 125_000),
        ("inr500", 50_000),
        ("₹\u{a0}1,250", 125_000),
        ("\u{a0}7\u{a0}", 700),
        ("10000000000.00", AMOUNT_PAISE_MAX),
        ("10,00,00,00,000", AMOUNT_PAISE_MAX),
    ];
    for (text, paise) in table {
        assert_eq!(Money::parse(text).map(Money::paise), Ok(paise), "{text}");
    }
}

use AmountFault as F;

const REFUSED: &[(&str, AmountFault)] = &[
    ("", F::Missing),
    ("   ", F::Missing),
    ("1.234", F::Decimals),
    ("1.000", F::Decimals),
    ("0.999", F::Decimals),
    ("1,250.505", F::Decimals),
    ("1e3", F::Scientific),
    ("1.25E+05", F::Scientific),
    ("1E5", F::Scientific),
    ("1.5e-3", F::Scientific),
    ("-5", F::Negative),
    ("−5", F::Negative),
    ("(500)", F::Negative),
    ("500-", F::Negative),
    ("₹-5", F::Negative),
    ("-₹5", F::Negative),
    ("-0", F::Negative),
    ("0", F::TooSmall),
    ("0.99", F::TooSmall),
    ("0.00", F::TooSmall),
    ("10000000000.01", F::TooLarge),
    ("99999999999999999999999", F::TooLarge),
    ("1,0,000", F::Grouping),
    ("10,0000", F::Grouping),
    ("1,00,00,00", F::CommaDecimal),
    ("1,,000", F::Grouping),
    (",100", F::Grouping),
    ("1234,567", F::Grouping),
    ("1,00,000,000", F::Grouping),
    ("100,00,000", F::Grouping),
    ("12,50.00", F::Grouping),
    ("1,2.00", F::Grouping),
    ("1.000,00", F::CommaDecimal),
    ("1250,00", F::CommaDecimal),
    ("1250,5", F::CommaDecimal),
    ("1.000.000", F::Format),
    ("1.2.3", F::Format),
    ("1.000.000,00", F::CommaDecimal),
    ("007", F::LeadingZero),
    ("0001250.00", F::LeadingZero),
    ("0,100", F::LeadingZero),
    ("00", F::LeadingZero),
    ("५००", F::Digits),
    ("５００", F::Digits),
    ("1½", F::Digits),
    ("500/-", F::Format),
    ("₹", F::Format),
    ("INR", F::Format),
    (".5", F::Format),
    ("5.", F::Format),
    (".", F::Format),
    ("+5", F::Format),
    ("NaN", F::Format),
    ("inf", F::Format),
    ("#REF!", F::Format),
    ("#N/A", F::Format),
    ("1 250", F::Format),
    ("$5", F::Format),
    ("5 INR", F::Format),
    ("Rs  5", F::Format),
    ("0x10", F::Format),
    ("1_000", F::Format),
    ("five", F::Format),
    ("12e", F::Scientific),
    ("-", F::Format),
];

#[test]
fn amounts_that_are_refused() {
    for &(text, fault) in REFUSED {
        assert_eq!(Money::parse(text), Err(fault), "{text}");
    }
}

#[test]
fn totals_may_be_larger_than_payouts() {
    assert_eq!(
        Money::parse_total("20,000,000,000,000,000.00").map(Money::paise),
        Ok(TOTAL_PAISE_MAX)
    );
    assert_eq!(
        Money::parse_total("20000000000000000.01"),
        Err(AmountFault::TooLarge)
    );
    assert_eq!(
        AMOUNT_PAISE_MAX.checked_mul(i64::from(ROWS_MAX)),
        Some(TOTAL_PAISE_MAX)
    );
}

#[test]
fn printed_for_the_gateway_and_for_people() {
    let table = [
        (0, "0.00", "0.00"),
        (5, "0.05", "0.05"),
        (99_999, "999.99", "999.99"),
        (100_000, "1000.00", "1,000.00"),
        (123_456_700, "1234567.00", "12,34,567.00"),
        (12_345_678_901, "123456789.01", "12,34,56,789.01"),
    ];
    for (paise, plain, grouped) in table {
        let money = Money::from_paise(paise).unwrap();
        assert_eq!(
            (money.to_string().as_str(), money.grouped().as_str()),
            (plain, grouped)
        );
    }
    assert_eq!(Money::from_paise(-1), None);
}

proptest! {
    #[test]
    fn what_is_printed_is_read_back(paise in AMOUNT_PAISE_MIN..=AMOUNT_PAISE_MAX) {
        let money = Money(paise);
        prop_assert_eq!(Money::parse(&money.to_string()), Ok(money));
        prop_assert_eq!(Money::parse(&money.grouped()), Ok(money));
        prop_assert_eq!(Money::parse(&format!("₹ {money}")), Ok(money));
    }

    #[test]
    fn never_another_value_than_the_decimal_says(text in "[0-9]{1,12}(\\.[0-9]{0,4})?") {
        let exact = Decimal::from_str_exact(&text).ok().map(|d| d * Decimal::from(100));
        if let Ok(money) = Money::parse(&text) {
            prop_assert_eq!(exact.and_then(|d| d.to_i64()), Some(money.paise()));
            prop_assert!(exact.unwrap().fract().is_zero());
        } else {
            let fits = exact.is_some_and(|d| d.fract().is_zero()
                && d >= Decimal::from(AMOUNT_PAISE_MIN) && d <= Decimal::from(AMOUNT_PAISE_MAX));
            let decimals = text.split_once('.').map_or(1, |(_, fraction)| fraction.len());
            let doubtful = text.starts_with('0') || !(1..=2).contains(&decimals);
            prop_assert!(!fits || doubtful, "{}", text);
        }
    }

    #[test]
    fn no_text_is_too_odd(text in "\\PC{0,24}|[-0-9.,eE₹ +()]{0,24}") {
        let _ = Money::parse(&text);
    }
}
