//! What needs a person: causes grouped, each with its remedy and its rows. PURE.
//!
//! Advice here costs or saves money: a payout in doubt is never to be paid by hand.

use maud::{Markup, html};

use crate::engine::Count;
use crate::report::words::rupees;

use super::shown::{counted, grouped, shown};
use super::{Commands, Page, Payout};

/// Why a payout needs a person. In the order in which they are shown: what could be paid twice comes first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Sent, and no certain answer.
    InDoubt {
        /// What happened last.
        why: String,
    },
    /// Confirmed, and not known to the gateway any more.
    Lost,
    /// The id exists, but not from this checkpoint.
    Conflict,
    /// Created, but without what the results must tell.
    WithoutLink,
    /// The money came back, or never left.
    Dead {
        /// The gateway's word.
        status: String,
        /// Its reason.
        reason: String,
    },
    /// Certainly refused.
    Rejected {
        /// Code.
        code: String,
        /// The gateway's words.
        message: String,
    },
    /// Skipped.
    Invalid,
}

impl Cause {
    /// What it is, in a few words.
    pub fn title(&self) -> String {
        match self {
            Cause::InDoubt { why } if why.is_empty() => "In doubt".to_owned(),
            Cause::InDoubt { why } => format!("In doubt: {}", shown(why)),
            Cause::Lost => "Created, but Cashfree says it does not know the link".to_owned(),
            Cause::Conflict => "In conflict: the id exists at Cashfree already".to_owned(),
            Cause::WithoutLink => "Created, but Cashfree has not told link or reference".to_owned(),
            Cause::Dead { status, reason } if reason.is_empty() => {
                format!("Dead link: {}", shown(status))
            }
            Cause::Dead { status, reason } => {
                format!("Dead link: {}, {}", shown(status), shown(reason))
            }
            Cause::Rejected { code, message } => {
                format!("Refused: {} ({})", shown(message), shown(code))
            }
            Cause::Invalid => "Skipped: the row has problems".to_owned(),
        }
    }

    /// Its kind, for scripts.
    pub fn word(&self) -> &'static str {
        match self {
            Cause::InDoubt { .. } => "in_doubt",
            Cause::Lost => "lost",
            Cause::Conflict => "conflict",
            Cause::WithoutLink => "without_link",
            Cause::Dead { .. } => "dead",
            Cause::Rejected { .. } => "rejected",
            Cause::Invalid => "invalid",
        }
    }

    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Cause::InDoubt { .. } => {
                "The money may be on its way. Do not pay these by hand, and do not send them under another name: the next run looks each one up and finds out."
            }
            Cause::Lost => {
                "Cashfree had confirmed these links and says now that it does not know them: the money may be out, or still go out. Do not pay these by hand, and do not send them under another name. Ask again in a while; if it stays so, ask Cashfree's support, with the reference ids in the results."
            }
            Cause::Conflict => {
                "The id is taken at Cashfree, and this checkpoint cannot prove that it was taken by this payout. If this is the same payment and an earlier checkpoint was lost, adopt what is there. If not, another payment used the id: nothing more is sent for that phone."
            }
            Cause::WithoutLink => {
                "The link exists; asking again usually brings the rest. If not, Cashfree's dashboard shows it under the id."
            }
            Cause::Dead { .. } => {
                "The money did not arrive through this link and no longer can. Check the recipient's details, then make a new link: it asks before it does."
            }
            Cause::Rejected { .. } => {
                "Nothing exists at Cashfree for these rows. Mend in the sheet what the reason names and send again, or retry them as they are once the account is in order."
            }
            Cause::Invalid => {
                "These rows were left out when the sheet was sent. Mend them in the sheet (`paysheet validate` lists what is wrong) and send again."
            }
        }
    }

    /// The command that goes on.
    pub fn command<'c>(&self, commands: &'c Commands) -> &'c str {
        match self {
            Cause::InDoubt { .. } | Cause::Invalid => &commands.send,
            Cause::Conflict => &commands.adopt,
            Cause::Lost | Cause::WithoutLink => &commands.status,
            Cause::Dead { .. } => &commands.expired,
            Cause::Rejected { .. } => &commands.retry,
        }
    }
}

/// A cause, how much it holds up, and where its rows stand in the page's list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// All of them.
    pub count: Count,
    /// Places in [`Page::payouts`]; fewer than `count` where there are too many for a table.
    pub listed: Vec<usize>,
}

/// The section.
pub(super) fn section(page: &Page) -> Markup {
    html! {
        section id="people" {
            h2 { "What needs a person" }
            @if page.causes.is_empty() && page.other_causes.rows == 0 {
                p { "Nothing does." }
            }
            @for (cause, group) in &page.causes { (cause_block(page, cause, group)) }
            @if page.other_causes.rows > 0 {
                p {
                    (counted(page.other_causes.rows, "payout", "payouts")) ", " (rupees(page.other_causes.amount))
                    ", need a person for other causes, too many to list here: the results have each with its reason."
                }
            }
        }
    }
}

fn cause_block(page: &Page, cause: &Cause, group: &Group) -> Markup {
    let listed = u64::try_from(group.listed.len()).unwrap_or(u64::MAX);
    let rows = group.listed.iter().filter_map(|at| page.payouts.get(*at));
    html! {
        article class="cause" {
            h3 { span class="sign" aria-hidden="true" { "!" } " " bdi { (cause.title()) } }
            p class="sum" { (counted(group.count.rows, "payout", "payouts")) ", " (rupees(group.count.amount)) }
            p { (cause.remedy()) }
            p class="command" { code { (shown(cause.command(&page.head.commands))) } }
            @if listed > 0 { (rows_table(rows)) }
            @if listed < group.count.rows {
                p class="quiet" { (grouped(group.count.rows - listed)) " more are in the results, " code { (shown(&page.head.results)) } "." }
            }
        }
    }
}

fn rows_table<'p>(rows: impl Iterator<Item = &'p Payout>) -> Markup {
    html! {
        div class="scroll" {
            table class="rows" {
                thead { tr {
                    th scope="col" class="number" { "Line" } th scope="col" { "Name" } th scope="col" { "Phone" }
                    th scope="col" class="number" { "Rupees" } th scope="col" { "Id" } th scope="col" class="number" { "Tries" }
                } }
                tbody { @for payout in rows { tr {
                    td class="number" { a href={ "#p" (payout.number) } { (payout.place()) } }
                    td { bdi { (shown(&payout.name)) } }
                    td { (shown(&payout.phone)) }
                    td class="number" { (payout.amount.grouped()) }
                    td { code { (shown(&payout.id)) } }
                    td class="number" { (payout.attempts) }
                } } }
            }
        }
    }
}
