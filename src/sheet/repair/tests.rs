//! What is surely meant, and what is not.

use jiff::civil::date;
use proptest::prelude::*;

use super::*;

fn fixed(field: Field, text: &str, style: DateStyle) -> Option<String> {
    let reading = DateReading {
        style: Some(style),
        month_first: false,
        of_book: false,
    };
    let window = ExpiryWindow::from_today(date(2026, 11, 24));
    repaired(field, text, reading, window)
}

#[test]
fn sure_repairs() {
    use Field::{Amount, CashgramId, Email, Name, Notify, Phone};
    for (field, was, now) in [
        (Phone, "9876543210.0", "9876543210"),
        (Phone, "9876543210.00", "9876543210"),
        (Phone, "９８７６５４３２１０", "9876543210"),
        (Phone, "९८७६५४३२१०", "9876543210"),
        (Phone, "(+91) 98765-43210", "9876543210"),
        (Phone, "00919876543210", "9876543210"),
        (Phone, "+91 0 98765 43210", "9876543210"),
        (Phone, "98765\u{a0}43210", "9876543210"),
        (Phone, "\u{200b}9876543210\u{feff}", "9876543210"),
        (Phone, "98765–43210", "9876543210"),
        (Phone, "9.876543210E+09", "9876543210"),
        (Phone, "'9876543210", "9876543210"),
        (Amount, "1,250/-", "1,250"),
        (Amount, "Rs. 1,250.00/-", "1,250.00"),
        (Amount, "Rs Rs 5", "5"),
        (Amount, "1250 INR", "1250"),
        (Amount, "1250.50 rupees only", "1250.50"),
        (Amount, "₹  1,00,000", "1,00,000"),
        (Amount, "1\u{a0}00\u{a0}000.50", "1,00,000.50"),
        (Amount, "100\u{202f}000", "100,000"),
        (Amount, "1250.500", "1250.50"),
        (Amount, "1250.000", "1250.00"),
        (Amount, "1250.", "1250"),
        (Amount, "१२५०", "1250"),
        (Email, "mailto:asha@example.com", "asha@example.com"),
        (Email, "Asha <asha@example.com>", "asha@example.com"),
        (Email, "asha@example.com;", "asha@example.com"),
        (Email, "asha @example.com", "asha@example.com"),
        (Email, "asha@ example. com", "asha@example.com"),
        (Name, "Asha\u{a0}\u{200b}Menon", "Asha Menon"),
        (Name, "Ｒａｖｉ", "Ravi"),
        (Name, "Asha–Ravi", "Asha-Ravi"),
        (CashgramId, "A１", "A1"),
        (Notify, "Y", "yes"),
        (Notify, "off", "no"),
    ] {
        assert_eq!(
            fixed(field, was, DateStyle::YearDash).as_deref(),
            Some(now),
            "{was}"
        );
    }
}

#[test]
fn what_needs_a_guess_is_left_alone() {
    use Field::{Amount, Email, Name, Notify, Phone};
    for (field, was) in [
        (Phone, "9.87654E+09"),
        (Phone, "98765432"),
        (Phone, "9876543210.5"),
        (Phone, "9876543210/9876543211"),
        (Phone, "98765.43210"),
        (Phone, "+44 7911 123456"),
        (Phone, "call me"),
        (Phone, ""),
        (Amount, "1,0000"),
        (Amount, "12,50"),
        (Amount, "1.000,00"),
        (Amount, "1.234"),
        (Amount, "1.500"),
        (Amount, "-5"),
        (Amount, "(5)"),
        (Amount, "0001250"),
        (Amount, "1.25E+05"),
        (Amount, "USD 5"),
        (Amount, "5 lakh"),
        (Amount, "ten"),
        (Amount, "0.50"),
        (Amount, "1 2"),
        (Amount, ",5.00"),
        (Amount, "50\n100"),
        (Amount, "50\t100"),
        (Amount, "50 100"),
        (Amount, "1 00 000.50"),
        (Amount, "5 12.50"),
        (Amount, "5\u{a0}12.50"),
        (Amount, "50\u{a0} 100"),
        (Amount, "12,50.00"),
        (Amount, "1,0000.00"),
        (Amount, "1,50.00"),
        (Amount, "1,2,3.45"),
        (Amount, "1 2,3 4.00"),
        (Name, "Jo@n"),
        (Name, "José"),
        (Email, "asha@example"),
        (Email, "asha rao@example.com"),
        (Email, "see Asha asha@example.com"),
        (Notify, "maybe"),
    ] {
        assert_eq!(fixed(field, was, DateStyle::YearDash), None, "{was}");
    }
}

#[test]
fn dates_with_one_reading() {
    use DateStyle::{DayDash, DaySlash, YearDash};
    for (was, style, now) in [
        ("2026-12-05", DaySlash, Some("05/12/2026")),
        ("2026.12.05", YearDash, Some("2026-12-05")),
        ("5 Dec 2026", YearDash, Some("2026-12-05")),
        ("05-December-2026", DayDash, Some("05-12-2026")),
        ("05.12.2026", DaySlash, Some("05/12/2026")),
        ("15/12/2026", YearDash, Some("2026-12-15")),
        ("2026-12-05 00:00:00", YearDash, Some("2026-12-05")),
        ("2026-12-05T00:00", YearDash, Some("2026-12-05")),
        ("46361", YearDash, Some("2026-12-05")),
        ("05/12/2026", YearDash, None),
        ("05-12-26", YearDash, None),
        ("2026-12-05 14:30", YearDash, None),
        ("2026-11-20", DaySlash, None),
        ("20000", YearDash, None),
        ("12/25/2026", YearDash, None),
        ("Dec 2026", YearDash, None),
    ] {
        assert_eq!(
            fixed(Field::LinkExpiry, was, style).as_deref(),
            now,
            "{was}"
        );
    }
}

#[test]
fn a_text_that_was_kept_from_a_spreadsheet_is_itself() {
    let style = DateStyle::YearDash;
    for (field, was, now) in [
        (Field::Phone, "=\"9876543210\"", Some("9876543210")),
        (Field::Name, "=\"Asha Menon\"", Some("Asha Menon")),
        (Field::CashgramId, "=\"000123\"", Some("000123")),
        (Field::Phone, "=\"98\"&\"76543210\"", None),
        (Field::Phone, "=9876543210", None),
    ] {
        assert_eq!(fixed(field, was, style).as_deref(), now, "{was}");
    }
}

proptest! {
    /// Whatever is suggested would be accepted, and would not be repaired into something else.
    #[test]
    fn a_repair_is_accepted_and_stays(was in "[-+0-9०-९A-Za-z.,₹/() \u{a0}]{0,24}") {
        for field in [Field::Phone, Field::Amount, Field::LinkExpiry] {
            if let Some(now) = fixed(field, &was, DateStyle::YearDash) {
                let again = fixed(field, &now, DateStyle::YearDash);
                prop_assert_eq!(again, Some(now), "{:?} {}", field, was);
            }
        }
    }
}
