//! Finds what looks like an Indian mobile number, an e-mail address or a bearer token in a text, and masks it. PURE.
//!
//! A net, not a wall: code that logs is to mask by itself. Deliberately absent: numbers broken by spaces or hyphens,
//! which cannot be told from dates and amounts.

/// Digits of a phone that stay, as everywhere on screen.
const SHOWN: usize = 4;
const BEARER: &str = "bearer ";

/// Masks phones, addresses and tokens.
pub(super) fn all(text: &str) -> String {
    addresses(&phones(&tokens(text)))
}

/// Masks what stands before the @ of an address; its domain stays.
fn addresses(text: &str) -> String {
    let is_name = |c: char| c.is_alphanumeric() || "._%+-".contains(c);
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('@') {
        let name = before.trim_end_matches(is_name);
        out.push_str(name);
        if name.len() < before.len() && after.starts_with(char::is_alphanumeric) {
            out.push_str("***");
        } else {
            out.push_str(before.get(name.len()..).unwrap_or_default());
        }
        out.push('@');
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Masks what follows `Bearer `.
pub(super) fn tokens(text: &str) -> String {
    // ASCII lower case keeps every byte in its place.
    let lower = text.to_ascii_lowercase();
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    while let Some(found) = lower.get(from..).and_then(|rest| rest.find(BEARER)) {
        let token = from.saturating_add(found).saturating_add(BEARER.len());
        out.push_str(text.get(from..token).unwrap_or_default());
        out.push_str("***");
        let rest = text.get(token..).unwrap_or_default();
        let end = rest
            .find(|c: char| c.is_whitespace() || "\"',;)]}".contains(c))
            .unwrap_or(rest.len());
        from = token.saturating_add(end);
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}

/// Masks runs of digits that are a phone, alone or after 0 or 91.
fn phones(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at_checked(start).unwrap_or((rest, ""));
        let end = from
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(from.len());
        let (run, after) = from.split_at_checked(end).unwrap_or((from, ""));
        out.push_str(before);
        if is_phone(run) {
            out.push_str("******");
            out.push_str(
                run.get(run.len().saturating_sub(SHOWN)..)
                    .unwrap_or_default(),
            );
        } else {
            out.push_str(run);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn is_phone(run: &str) -> bool {
    let number = match run.len() {
        10 => Some(run),
        11 => run.strip_prefix('0'),
        12 => run.strip_prefix("91"),
        _ => None,
    };
    number.is_some_and(|number| number.starts_with(['6', '7', '8', '9']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phones_and_tokens() {
        let table = [
            ("pay 9876543210 now", "pay ******3210 now"),
            ("asha.m+1@example.com,r@x.in", "***@example.com,***@x.in"),
            ("(é@ü.de) @home a@ b", "(***@ü.de) @home a@ b"),
            ("+919876543210", "+******3210"),
            ("09876543210,6000000000", "******3210,******0000"),
            ("phone=\"919876543210\"", "phone=\"******3210\""),
            ("june-9876543210", "june-******3210"),
            (
                "5876543210 98765432101 987654321",
                "5876543210 98765432101 987654321",
            ),
            (
                "2026-11-22T10:11:12.123456789Z",
                "2026-11-22T10:11:12.123456789Z",
            ),
            (
                "Authorization: Bearer abc.DEF-1, next",
                "Authorization: Bearer ***, next",
            ),
            ("BEARER x bearer y", "BEARER *** bearer ***"),
            ("\"bearer x9876543210\"", "\"bearer ***\""),
            ("₹ — नमस्ते 9876543210", "₹ — नमस्ते ******3210"),
            ("", ""),
        ];
        for (text, masked) in table {
            assert_eq!(all(text), masked);
        }
        assert_eq!(tokens("9876543210"), "9876543210");
    }
}
