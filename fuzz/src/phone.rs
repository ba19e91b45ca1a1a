//! Phones: whatever is read as one is ten digits of the cell, after a prefix that is known.

use paysheet::domain::Phone;

/// How people write the same ten digits.
const WAYS: [(&str, &str); 8] = [
    ("", ""),
    ("+91", ""),
    ("+91-", ""),
    ("+91 ", " "),
    ("91", ""),
    ("0", "-"),
    (" ", " "),
    ("\u{a0}", "\u{a0}"),
];

/// Reads the input as a cell, and makes a cell of it that must be read.
pub fn run(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        judge(text);
    }
    if let Some((number, rest)) = bytes.split_first_chunk() {
        written(u64::from_le_bytes(*number), rest.first().copied());
    }
}

fn judge(text: &str) {
    let phone = match Phone::parse(text) {
        Ok(phone) => phone,
        Err(fault) => {
            let words = fault.words();
            assert!(!words.code.is_empty() && !words.fix.is_empty());
            // Ten digits and nothing else are refused for their start alone.
            let plain = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit());
            assert!(!plain || words.code == "phone.start", "{text:?}");
            return;
        }
    };
    let digits = phone.digits();
    assert!(digits.len() == 10 && digits.bytes().all(|byte| byte.is_ascii_digit()));
    assert!(matches!(digits.as_bytes()[0], b'6'..=b'9'));
    let cell = text.trim();
    let allowed = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '-');
    let rest = cell.strip_prefix('+').unwrap_or(cell);
    assert!(rest.chars().all(allowed), "{text:?}");
    let written: String = rest.chars().filter(char::is_ascii_digit).collect();
    let prefix = written.strip_suffix(&digits).unwrap();
    let known: &[&str] = if cell.starts_with('+') {
        &["91"]
    } else {
        &["", "0", "91"]
    };
    assert!(known.contains(&prefix), "{text:?}");
    assert!(!cell.starts_with('-'), "{text:?} is a negative number");
    again(phone, &digits);
}

/// It prints and reads back, and is never shown whole.
fn again(phone: Phone, digits: &str) {
    assert_eq!(Phone::parse(digits), Ok(phone));
    assert_eq!(Phone::from_number(phone.number()), Some(phone));
    assert_eq!(phone.number().to_string(), digits);
    for shown in [phone.to_string(), format!("{phone:?}")] {
        assert!(shown.contains(&digits[6..]) && !shown.contains(&digits[5..]));
    }
}

/// A number as people write it is read, if it is a mobile's.
fn written(number: u64, way: Option<u8>) {
    let digits = format!("{:010}", number % 10_000_000_000);
    let (head, gap) = WAYS[usize::from(way.unwrap_or(0)) % WAYS.len()];
    let middle = if gap.contains('\u{a0}') { "" } else { gap };
    let text = format!("{head}{}{middle}{}", &digits[..5], &digits[5..]);
    let mobile = matches!(digits.as_bytes()[0], b'6'..=b'9');
    let read = Phone::parse(&text).ok().map(Phone::digits);
    assert_eq!(read, mobile.then_some(digits), "{text:?}");
}
