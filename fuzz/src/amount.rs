//! Amounts: whatever is read as money is what another decimal library reads, to the paisa.

use paysheet::domain::Money;
use paysheet::domain::money::{AMOUNT_PAISE_MAX, AMOUNT_PAISE_MIN, TOTAL_PAISE_MAX};
use rust_decimal::Decimal;

/// What may stand before a sum.
const MARKS: [&str; 9] = ["", "₹", "₹ ", "Rs", "Rs ", "rs. ", "INR ", "inr\u{a0}", " "];

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
    let total = Money::parse_total(text);
    match Money::parse(text) {
        Ok(money) => {
            assert!((AMOUNT_PAISE_MIN..=AMOUNT_PAISE_MAX).contains(&money.paise()));
            assert_eq!(total, Ok(money), "a payout is a total too");
        }
        Err(fault) => {
            let words = fault.words();
            assert!(words.code.starts_with("amount.") && !words.fix.is_empty());
        }
    }
    if let Ok(money) = total {
        assert!((AMOUNT_PAISE_MIN..=TOTAL_PAISE_MAX).contains(&money.paise()));
        independently(text, money);
        for printed in [money.to_string(), money.grouped()] {
            assert_eq!(Money::parse_total(&printed), Ok(money), "{printed}");
        }
    }
}

/// The digits and the point alone are that decimal, and nothing else stands there but a mark, blanks and grouping.
fn independently(text: &str, money: Money) {
    let text = text.trim();
    let start = text.find(|c: char| c.is_ascii_digit()).unwrap();
    let (mark, number) = text.split_at(start);
    let mark = mark.trim_end().to_lowercase();
    assert!(
        ["", "₹", "rs", "rs.", "inr"].contains(&mark.as_str()),
        "{text:?}"
    );
    let plain: String = number.chars().filter(|c| *c != ',').collect();
    let decimal = Decimal::from_str_exact(&plain).unwrap();
    assert_eq!(
        decimal,
        Decimal::from_i128_with_scale(i128::from(money.paise()), 2),
        "{text:?}"
    );
    let whole = number.split('.').next().unwrap();
    let ways = [grouped(money, 3), grouped(money, 2), plain_whole(money)];
    assert!(ways.iter().any(|way| way == whole), "{text:?}");
}

fn plain_whole(money: Money) -> String {
    (money.paise() / 100).to_string()
}

/// The rupees with a comma before the last three digits and before each `size` digits above them.
fn grouped(money: Money, size: usize) -> String {
    let digits = plain_whole(money);
    let Some(cut) = digits.len().checked_sub(3).filter(|cut| *cut > 0) else {
        return digits;
    };
    let (high, last) = digits.split_at(cut);
    let high: Vec<char> = high.chars().rev().collect();
    let groups = high.chunks(size).map(|group| group.iter().collect());
    let high: Vec<String> = groups.collect();
    let high: String = high.join(",").chars().rev().collect();
    format!("{high},{last}")
}

/// A sum as people write it is read as that sum, and refused outside of its limits.
fn written(number: u64, way: Option<u8>) {
    let way = usize::from(way.unwrap_or(0));
    let paise = i64::try_from(number % 4_000_000_000_000_000_000).unwrap();
    let money = Money::from_paise(paise).unwrap();
    let whole = match way % 3 {
        0 => plain_whole(money),
        1 => grouped(money, 2),
        _ => grouped(money, 3),
    };
    let mark = MARKS[way / 3 % MARKS.len()];
    let text = format!("{mark}{whole}.{:02}", paise % 100);
    let payable = (AMOUNT_PAISE_MIN..=AMOUNT_PAISE_MAX).contains(&paise);
    assert_eq!(Money::parse(&text).ok(), payable.then_some(money), "{text}");
    let sum = (AMOUNT_PAISE_MIN..=TOTAL_PAISE_MAX).contains(&paise);
    assert_eq!(
        Money::parse_total(&text).ok(),
        sum.then_some(money),
        "{text}"
    );
}
