//! Each payout with its history, folded: found with the browser's own search. PURE.
//!
//! Deliberately absent: the links themselves. A report is handed on, and who holds a link is one step nearer to its money.

use maud::{Markup, html};

use super::Page;
use super::Payout;
use super::shown::{grouped, shown};

/// Payouts within one fold.
const BLOCK: usize = 100;
/// What the list may take, so that the whole page stays below 5 MiB whatever names and reasons hold.
const BYTES_MAX: usize = 3_500 * 1024;

/// The section.
pub(super) fn section(page: &Page) -> Markup {
    let written = fitting(&page.payouts);
    let blocks: Vec<Markup> = written.chunks(BLOCK).map(block).collect();
    let written = u64::try_from(written.len()).unwrap_or(u64::MAX);
    let all = page.ledger.total().rows.saturating_add(page.gone_rows());
    html! {
        section id="payouts" {
            h2 { "Every payout and its history" }
            p class="screen" {
                "Search with Ctrl-F for a name, an id, an amount, or the last four digits of a phone; folds open by themselves in "
                "current browsers. The links themselves stand in the results only."
            }
            p class="print" { "The history of each payout is on the screen page, not in print." }
            @if written < all {
                p {
                    (grouped(written)) " of " (grouped(all)) " payouts are listed: all that need a person, as far as there is room, then the "
                    "first of the sheet. Every payout is in " code { (shown(&page.head.results)) } ", every fact in "
                    code { (shown(&page.head.commands.export)) } "."
                }
            }
            @for block in &blocks { (block) }
        }
    }
}

/// Those that there is room for, in order, each as it is written: what needs a person goes before the others.
fn fitting(payouts: &[Payout]) -> Vec<(&Payout, Markup)> {
    let mut room = BYTES_MAX;
    let mut fitting = Vec::new();
    for in_need in [true, false] {
        let these = payouts.iter().enumerate();
        for (place, payout) in these.filter(|(_, payout)| payout.in_need == in_need) {
            let markup = one(payout);
            let Some(left) = room.checked_sub(markup.0.len()) else {
                break;
            };
            room = left;
            fitting.push((place, payout, markup));
        }
    }
    fitting.sort_by_key(|(place, _, _)| *place);
    let fitting = fitting.into_iter();
    fitting
        .map(|(_, payout, markup)| (payout, markup))
        .collect()
}

fn block(payouts: &[(&Payout, Markup)]) -> Markup {
    html! {
        details class="block" {
            summary { (named(payouts)) }
            @for (_, markup) in payouts { (markup) }
        }
    }
}

/// What a fold holds: lines of the sheet, then what has left it.
fn named(payouts: &[(&Payout, Markup)]) -> String {
    let mut lines = payouts.iter().filter_map(|(payout, _)| payout.line);
    let gone = "Payouts that are no longer in the sheet";
    match (
        lines.next(),
        payouts.iter().any(|(payout, _)| payout.line.is_none()),
    ) {
        (None, _) => gone.to_owned(),
        (Some(first), left) => {
            let last = lines.next_back().unwrap_or(first);
            let more = if left {
                ", and what is no longer in the sheet"
            } else {
                ""
            };
            format!("Lines {first} to {last}{more}")
        }
    }
}

fn one(payout: &Payout) -> Markup {
    html! {
        details class="payout" id={ "p" (payout.number) } {
            summary {
                span class="number" { (payout.place()) }
                bdi { (shown(&payout.name)) }
                span class="quiet" { (shown(&payout.phone)) }
                span class="number" { (payout.amount.grouped()) }
                span { (shown(&payout.stands)) }
            }
            dl {
                dt { "Id" } dd { code { (shown(&payout.id)) } }
                @for (what, value) in payout.known() { dt { (what) } dd { bdi { (shown(value)) } } }
            }
            ol {
                @for fact in &payout.facts { li { time { (fact.at) } " " bdi { (shown(&fact.words)) } } }
                @if payout.facts_left_out > 0 { li { (grouped(payout.facts_left_out)) " more facts" } }
            }
        }
    }
}
