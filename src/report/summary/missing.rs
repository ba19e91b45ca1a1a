//! What is said of links that the gateway does not know, or does not tell. PURE.
//!
//! Deliberately absent: when it is said.

use super::super::words::counted;
use super::Closing;

impl Closing<'_> {
    pub(super) fn lost_advice(&self) -> String {
        format!(
            "The gateway had confirmed {}, and says now that it does not know {}: {}. The money may be out, or \
             still go out: do not pay by hand, and do not send under another name. Ask again in a while: `{}`. If it stays so, ask \
             Cashfree's support, with the reference ids in the results.",
            counted(self.tally.lost, "link", "links"),
            if self.tally.lost == 1 { "it" } else { "them" },
            listed(self.lost, self.tally.lost),
            self.commands.status
        )
    }

    pub(super) fn without_link_advice(&self) -> String {
        let rows = self.tally.without_link;
        format!(
            "The gateway has {}, but has not told link or reference: {}. Ask again in a while: `{}`. If that brings nothing, \
             look for the {} on Cashfree's dashboard; do not pay by hand, and do not send under another name.",
            counted(rows, "payout", "payouts"),
            listed(self.without_link, rows),
            self.commands.status,
            if rows == 1 { "id" } else { "ids" }
        )
    }
}

/// The first names, and how many more there are.
fn listed(names: &[String], all: u64) -> String {
    let named = u64::try_from(names.len()).unwrap_or(u64::MAX);
    let more = match all.saturating_sub(named) {
        0 => String::new(),
        more => format!(" and {more} more, named in the results"),
    };
    format!("{}{more}", names.join(", "))
}
