//! Card numbers, which have no place in a sheet of payouts. PURE.
//!
//! A number is taken for a card's if its digits stand together or in a card's groups, begin as issuers' numbers do, are
//! as many as that issuer gives, and agree with their check digit. The first two keep account numbers and ids in peace,
//! of which one in ten has the right check digit by chance. Deliberately absent: any use of what was found.

use std::borrow::Cow;

use super::Words;

/// Said of a cell that holds one. Never with the cell.
pub const CARD_NUMBER: Words = Words::new(
    "cell.card_number",
    "this cell holds a payment card's number, which paysheet neither needs nor keeps",
    "delete it from the sheet; a Cashgram's recipient says where the money goes",
);

/// Bytes looked at together.
const STEP_BYTES: usize = 8;
/// The digit zero in each byte.
const ZEROS: u64 = u64::from_le_bytes([b'0'; STEP_BYTES]);
/// The highest bit of each byte.
const HIGHS: u64 = u64::from_le_bytes([0x80; STEP_BYTES]);
/// What lifts ten and more into the highest bit, in each byte.
const TEN_LIFTS: u64 = u64::from_le_bytes([0x80 - 10; STEP_BYTES]);
/// Fewest and most digits of any card.
const DIGITS_MIN: usize = 13;
const DIGITS_MAX: usize = 19;
/// How cards print their digits.
const GROUPS: [&[usize]; 3] = [&[4, 4, 4, 4], &[4, 6, 5], &[4, 6, 4]];

/// Whether a card's number stands anywhere in `text`.
#[inline]
pub fn holds_card_number(text: &str) -> bool {
    text.len() >= DIGITS_MIN && find(text).is_some()
}

/// The text without the card number in it, if it holds one.
pub fn without_card_number(text: &str) -> Cow<'_, str> {
    if holds_card_number(text) {
        Cow::Borrowed("(a card number, not kept)")
    } else {
        Cow::Borrowed(text)
    }
}

fn find(text: &str) -> Option<()> {
    if digits_at_most(text) < DIGITS_MIN {
        return None;
    }
    let is_part = |c: char| c.is_ascii_digit() || c == ' ' || c == '-';
    text.split(|c| !is_part(c)).find_map(|run| {
        let groups: Vec<&str> = run
            .split([' ', '-'])
            .filter(|group| !group.is_empty())
            .collect();
        let alone = groups.iter().any(|group| is_card(group));
        let printed = GROUPS.iter().any(|shape| {
            groups.windows(shape.len()).any(|window| {
                let fits = window
                    .iter()
                    .map(|group| group.len())
                    .eq(shape.iter().copied());
                fits && is_card(&window.concat())
            })
        });
        (alone || printed).then_some(())
    })
}

/// No fewer than the digits in a text of [`DIGITS_MIN`] bytes or more: eight bytes at a time, the last ones perhaps
/// twice, since this is asked of nearly every cell of a sheet.
fn digits_at_most(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (steps, _) = bytes.as_chunks::<STEP_BYTES>();
    let last = bytes.last_chunk::<STEP_BYTES>();
    let digits = |step: &[u8; STEP_BYTES]| {
        // A digit is 0x30 and less than ten more.
        let step = u64::from_le_bytes(*step) ^ ZEROS;
        let ten_or_more = (step & !HIGHS).wrapping_add(TEN_LIFTS) | step;
        (!ten_or_more & HIGHS).count_ones()
    };
    let count: u32 = steps.iter().chain(last).map(digits).sum();
    usize::try_from(count).unwrap_or(usize::MAX)
}

fn is_card(digits: &str) -> bool {
    (DIGITS_MIN..=DIGITS_MAX).contains(&digits.len())
        && is_issued(digits)
        && has_check_digit(digits)
}

/// Visa, Mastercard, American Express, Diners, Discover and RuPay, Maestro, JCB, UnionPay.
fn is_issued(digits: &str) -> bool {
    let first = |count: usize| {
        digits
            .get(..count)
            .and_then(|first| first.parse::<u32>().ok())
    };
    let (Some(one), Some(two), Some(four)) = (first(1), first(2), first(4)) else {
        return false;
    };
    match digits.len() {
        13 => one == 4,
        14 => matches!(two, 30 | 36 | 38 | 39),
        15 => matches!(two, 34 | 37),
        16 => {
            one == 4
                || matches!(two, 35 | 50..=58 | 60..=69 | 81 | 82)
                || (2221..=2720).contains(&four)
        }
        17 | 18 => matches!(two, 50 | 56..=58 | 62),
        _ => one == 4 || matches!(two, 50 | 56..=58 | 62),
    }
}

/// Luhn: from the right, every second digit counts double, its own digits added.
fn has_check_digit(digits: &str) -> bool {
    let value = |(place, digit): (usize, u8)| {
        let digit = u32::from(digit.saturating_sub(b'0'));
        let counted = if place % 2 == 1 { digit * 2 } else { digit };
        counted / 10 + counted % 10
    };
    let sum: u32 = digits.bytes().rev().enumerate().map(value).sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn card_numbers_however_they_are_written() {
        for text in [
            "4111111111111111",
            "4111 1111 1111 1111",
            "4111-1111-1111-1111",
            "  5555555555554444 ",
            "378282246310005",
            "3782 822463 10005",
            "30569309025904",
            "6011111111111117",
            "6521111111111110",
            "4222222222222",
            "pay to 4111111111111111 please",
            "card no: 4111 1111 1111 1111, exp 12/28",
            "12 4111 1111 1111 1111",
        ] {
            assert!(holds_card_number(text), "{text}");
            assert!(!without_card_number(text).contains("1111"), "{text}");
        }
    }

    #[test]
    fn everything_else_is_left_alone() {
        for text in [
            "",
            "4111111111111112",
            "9876543210",
            "+91 98765 43210",
            "919876543210",
            "june-2026-4111111111111112",
            "1718000000000",
            "00000000000000",
            "50100012345678",
            "Asha Menon",
            "a4111",
            "41111111111111110000",
            "₹1,00,00,00,000.00 to 98765 43210",
        ] {
            assert!(!holds_card_number(text), "{text}");
            assert_eq!(without_card_number(text), text);
        }
    }
}
