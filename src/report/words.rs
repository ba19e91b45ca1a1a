//! Small words for people: amounts, counts, durations. PURE.

use std::time::Duration;

use crate::domain::Money;

/// `₹12,34,567.00`
pub fn rupees(amount: Money) -> String {
    format!("₹{}", amount.grouped())
}

/// `1 row` or `2 rows`.
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// A wait in words, rounded up to what a person waits for: `8 s`, `2 min 5 s`, `1 h 20 min`.
pub fn lasting(wait: Duration) -> String {
    let seconds = match wait.subsec_nanos() {
        0 => wait.as_secs(),
        _ => wait.as_secs().saturating_add(1),
    };
    let (hours, minutes, rest) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes, rest) {
        (0, 0, rest) => format!("{rest} s"),
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, rest) => format!("{minutes} min {rest} s"),
        (hours, 0, _) => format!("{hours} h"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_counts_and_waits() {
        assert_eq!(
            rupees(Money::from_paise(123_456_700).unwrap()),
            "₹12,34,567.00"
        );
        assert_eq!(counted(1, "row", "rows"), "1 row");
        assert_eq!(counted(0, "row", "rows"), "0 rows");
        let table = [
            (0, "0 s"),
            (7_100, "8 s"),
            (60_000, "1 min"),
            (125_000, "2 min 5 s"),
            (4_800_000, "1 h 20 min"),
            (7_200_000, "2 h"),
        ];
        for (millis, words) in table {
            assert_eq!(lasting(Duration::from_millis(millis)), words);
        }
    }
}
