//! What is shown before a question is asked: who pays whom how much, from where. PURE.
//!
//! Deliberately absent: names, phones and addresses of recipients, and the question itself.

use std::fmt::Write as _;

use crate::domain::Money;

use super::words::{counted, rupees, wrapped};

/// Largest amounts shown: enough to catch a slipped decimal point.
pub const LARGEST_SHOWN: usize = 5;

/// Where values begin, for those that need a second line.
const INDENT: &str = "               ";

/// What the account holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Balance<'a> {
    /// So much can be paid out.
    Known(Money),
    /// It could not be read.
    Unread(&'a str),
}

/// What is about to happen.
#[derive(Clone, Copy, Debug)]
pub struct Banner<'a> {
    /// The environment's word.
    pub environment: &'a str,
    /// No money can move.
    pub rehearsal: bool,
    /// Nothing will be sent: `--dry-run`.
    pub dry_run: bool,
    /// The gateway's host; none inside this process.
    pub host: Option<&'a str>,
    /// The client id, masked.
    pub account: Option<&'a str>,
    /// The sheet as typed.
    pub sheet: &'a str,
    /// The batch.
    pub batch: &'a str,
    /// Payouts to send.
    pub count: u64,
    /// Their sum.
    pub total: Money,
    /// Payouts of this batch that were created before and are left alone.
    pub created_before: u64,
    /// Payouts in doubt that are looked up first.
    pub unknown_before: u64,
    /// Payouts that were cancelled and are left alone.
    pub cancelled: u64,
    /// Rows left out.
    pub skipped: u64,
    /// Line and amount of the largest, the largest first; [`LARGEST_SHOWN`] are shown.
    pub largest: &'a [(u64, Money)],
    /// What the account holds.
    pub balance: Balance<'a>,
    /// Payouts to send whose recipients Cashfree messages.
    pub messaged: u64,
}

impl Banner<'_> {
    /// Whether the balance covers what is to be sent, as far as is known.
    pub fn is_covered(&self) -> bool {
        match self.balance {
            Balance::Known(balance) => balance >= self.total,
            Balance::Unread(_) => false,
        }
    }

    /// What is wrong with the balance, as a sentence for the question about it.
    pub fn shortage(&self) -> Option<String> {
        match self.balance {
            Balance::Known(balance) if balance < self.total => Some(format!(
                "The balance of {} does not cover {}",
                rupees(balance),
                rupees(self.total)
            )),
            Balance::Known(_) => None,
            Balance::Unread(why) => Some(format!("The balance could not be read: {why}")),
        }
    }

    /// The lines, of so many columns.
    pub fn text(&self, columns: usize) -> String {
        let mut out = String::new();
        let mut line = |name: &str, value: String| {
            let text = format!("  {name:<13}{value}");
            let _ = writeln!(out, "{}", wrapped(&text, INDENT, columns));
        };
        line("environment", self.environment_words());
        if let Some(account) = self.account {
            line("account", account.to_owned());
        }
        line("sheet", format!("{}, batch {}", self.sheet, self.batch));
        line(
            "to send",
            format!(
                "{}, {}",
                counted(self.count, "payout", "payouts"),
                rupees(self.total)
            ),
        );
        for (rows, name) in [
            (self.created_before, "created before"),
            (self.unknown_before, "in doubt"),
            (self.cancelled, "cancelled, left alone"),
            (self.skipped, "skipped"),
        ] {
            if rows > 0 {
                line("", format!("{rows} {name}"));
            }
        }
        if !self.largest.is_empty() {
            line("largest", self.largest_words());
        }
        line("balance", self.balance_words());
        line("messages", self.message_words());
        if self.dry_run {
            line("dry run", "nothing will be sent".to_owned());
        }
        out
    }

    fn environment_words(&self) -> String {
        let host = self
            .host
            .map_or(String::new(), |host| format!(" at {host}"));
        let meaning = if self.rehearsal {
            ": a rehearsal, no money moves and the links will not work"
        } else if self.environment == "production" {
            ": real money"
        } else {
            ""
        };
        format!("{}{host}{meaning}", self.environment)
    }

    fn largest_words(&self) -> String {
        let shown: Vec<String> = self
            .largest
            .iter()
            .take(LARGEST_SHOWN)
            .map(|(line, amount)| format!("{} (line {line})", rupees(*amount)))
            .collect();
        shown.join(", ")
    }

    fn balance_words(&self) -> String {
        match self.balance {
            Balance::Known(balance) if self.is_covered() => match balance.checked_sub(self.total) {
                Some(rest) if self.count > 0 => format!(
                    "{} now, {} once all of these are redeemed",
                    rupees(balance),
                    rupees(rest)
                ),
                Some(_) | None => rupees(balance),
            },
            Balance::Known(balance) => format!("{}: less than what is to be sent", rupees(balance)),
            Balance::Unread(why) => format!("could not be read: {why}"),
        }
    }

    fn message_words(&self) -> String {
        match self.messaged {
            _ if self.rehearsal => "nobody is messaged".to_owned(),
            0 => "Cashfree will not message the recipients".to_owned(),
            all if all == self.count => "Cashfree will message the recipients".to_owned(),
            some => format!("Cashfree will message {some} of {} recipients", self.count),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(paise: i64) -> Money {
        Money::from_paise(paise).unwrap()
    }

    fn banner(largest: &[(u64, Money)]) -> Banner<'_> {
        Banner {
            environment: "production",
            rehearsal: false,
            dry_run: false,
            host: Some("payout-api.cashfree.com"),
            account: Some("CF10…"),
            sheet: "june.csv",
            batch: "june",
            count: 1204,
            total: money(123_456_700),
            created_before: 0,
            unknown_before: 2,
            cancelled: 0,
            skipped: 0,
            largest,
            balance: Balance::Known(money(200_000_000)),
            messaged: 1204,
        }
    }

    #[test]
    fn the_whole_banner() {
        let largest = [(12, money(5_000_000)), (3, money(4_000_000))];
        let expected = "  environment  production at payout-api.cashfree.com: real money
  account      CF10…
  sheet        june.csv, batch june
  to send      1204 payouts, ₹12,34,567.00
               2 in doubt
  largest      ₹50,000.00 (line 12), ₹40,000.00 (line 3)
  balance      ₹20,00,000.00 now, ₹7,65,433.00 once all of these are redeemed
  messages     Cashfree will message the recipients
";
        assert_eq!(banner(&largest).text(80), expected);
    }

    #[test]
    fn balances() {
        let short = Banner {
            balance: Balance::Known(money(100)),
            ..banner(&[])
        };
        assert!(!short.is_covered());
        assert_eq!(
            short.shortage().unwrap(),
            "The balance of ₹1.00 does not cover ₹12,34,567.00"
        );
        let unread = Banner {
            balance: Balance::Unread("timed out"),
            ..banner(&[])
        };
        assert!(!unread.is_covered() && unread.text(80).contains("could not be read: timed out"));
        assert_eq!(banner(&[]).shortage(), None);
    }

    #[test]
    fn rehearsals_and_messages() {
        let sandbox = Banner {
            environment: "sandbox",
            rehearsal: true,
            host: None,
            account: None,
            ..banner(&[])
        };
        let text = sandbox.text(80);
        assert!(
            text.contains("sandbox: a rehearsal, no money moves"),
            "{text}"
        );
        assert!(text.contains("nobody is messaged"), "{text}");
        let some = Banner {
            messaged: 3,
            ..banner(&[])
        };
        assert!(some.text(80).contains("will message 3 of 1204 recipients"));
    }
}
