//! Names, remarks and labels: what the gateway takes.

use super::*;

#[test]
fn names() {
    let longest = "a".repeat(100);
    for text in [
        "Asha Menon",
        "A",
        "M/s. Rao & Sons-2",
        " Asha ",
        "7-Eleven",
        &longest,
    ] {
        assert_eq!(PayeeName::parse(text).unwrap().as_str(), text.trim());
    }
    let long = "a".repeat(101);
    let table = [
        ("", "name.missing"),
        ("  ", "name.missing"),
        (&long, "name.length"),
        ("Ashá", "name.letters"),
        ("आशा", "name.letters"),
        ("Аsha", "name.letters"),
        ("O'Neil", "name.characters"),
        ("Asha, Menon", "name.characters"),
        ("Asha\nMenon", "name.characters"),
        ("Asha\u{202e}", "name.characters"),
        ("=1+1", "name.characters"),
        ("Asha (HR)", "name.characters"),
        ("a\tb", "name.characters"),
    ];
    for (text, code) in table {
        assert_eq!(
            PayeeName::parse(text).unwrap_err().words().code,
            code,
            "{text}"
        );
    }
}

#[test]
fn other_texts() {
    assert!(Remarks::check("October incentive 2").is_ok());
    assert!(Remarks::check(&"a".repeat(70)).is_ok());
    assert!(PayoutType::check("Refund of fee").is_ok());
    assert!(Description::check("Order 8841").is_ok());
    let code = |result: Result<(), TextFault>| result.unwrap_err().words().code;
    assert_eq!(code(Remarks::check(&"a".repeat(71))), "remarks.length");
    assert_eq!(code(Remarks::check("a-b")), "remarks.characters");
    assert_eq!(code(Remarks::check("प्रोत्साहन")), "remarks.letters");
    assert_eq!(
        code(PayoutType::check("Refund 2")),
        "payout_type.characters"
    );
    assert_eq!(
        code(PayoutType::check(&"a".repeat(21))),
        "payout_type.length"
    );
    assert_eq!(
        code(Description::check("Order #8841")),
        "description.characters"
    );
    assert_eq!(
        code(Description::check(&"a".repeat(101))),
        "description.length"
    );
}

#[test]
fn names_do_not_print_whole() {
    let name = PayeeName::parse("Asha Menon").unwrap();
    assert_eq!(format!("{name:?}"), "PayeeName(A***)");
}
