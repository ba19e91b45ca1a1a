//! The page as it is laid out: verdict, figures, the table that must close, and the other parts in their order. PURE.
//!
//! The strip at the top names environment and batch; in print it is a table's head, which every program repeats on every
//! page. Deliberately absent: how it looks (`page.css`).

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::domain::State;
use crate::report::words::rupees;

use super::ledger::{Check, Entry, Ledger};
use super::shown::{counted, grouped, percent, shown};
use super::{Head, MARK, Page, ageing, charts, lookup, people};

const STYLE: &str = include_str!("page.css");

/// The page.
pub fn render(page: &Page) -> String {
    let title = format!("{} ({})", shown(&page.head.batch), page.head.environment);
    html! {
        (DOCTYPE) (PreEscaped(MARK)) "\n"
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                meta name="robots" content="noindex";
                title { "Payouts of " (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                div class="sheet" {
                    div class="running" { (running(&page.head)) }
                    main { (content(page)) }
                }
            }
        }
    }
    .into_string()
}

/// Stands at the top of every screen and of every printed page.
fn running(head: &Head) -> Markup {
    html! {
        div class="strip" {
            span class={ "env " (head.environment) } { (head.environment.to_uppercase()) }
            span { "Batch " strong { bdi { (shown(&head.batch)) } } }
            @if head.rehearsal { span class="quiet" { "rehearsal: no money moved" } }
            span class="quiet last" { (head.made_at) }
        }
    }
}

fn content(page: &Page) -> Markup {
    let (tone, verdict) = page.verdict();
    html! {
        header {
            h1 class=(charts::tone_class(tone)) { (verdict) }
            (figures(page))
        }
        section id="totals" {
            h2 { "Where the money stands" }
            (charts::standing(&page.ledger))
            (balance(&page.ledger))
            (gone(page))
        }
        (people::section(page))
        section id="plots" {
            h2 { "How it went" }
            (charts::runs(&page.runs, page.runs_left_out))
            div class="pairs" {
                (charts::delays(&page.answers))
                (charts::redemption(page.links.as_ref()))
                (ageing::ageing(&page.ageing, &page.head.today))
            }
        }
        (lookup::section(page))
        (colophon(&page.head))
    }
}

/// The numbers that everybody asks for first.
fn figures(page: &Page) -> Markup {
    let (total, created) = (page.ledger.total(), page.ledger.state(State::Created));
    let redeemed = page.ledger.of(&Entry::Redeemed);
    let share = |part: u64| format!("{} of the payouts", percent(part, total.rows));
    html! {
        dl class="figures" {
            div { dt { "In the sheet" } dd { (rupees(total.amount)) } dd class="quiet" { (counted(total.rows, "payout", "payouts")) } }
            div { dt { "Created" } dd { (rupees(created.amount)) } dd class="quiet" { (grouped(created.rows)) ", " (share(created.rows)) } }
            div { dt { "Redeemed" } dd { (rupees(redeemed.amount)) } dd class="quiet" { (grouped(redeemed.rows)) ", " (share(redeemed.rows)) } }
            div { dt { "Needs a person" } dd { (grouped(page.need_a_person())) } dd class="quiet" { (share(page.need_a_person())) } }
        }
    }
}

/// Every row once, and the sums beside what was kept with every change.
fn balance(ledger: &Ledger) -> Markup {
    html! {
        div class="scroll" {
            table class="balance" {
                caption { "Every row of the sheet is counted once, below, and each sum is held against the total that was kept with every change." }
                thead { tr { th scope="col" { "Stands" } th scope="col" { "" } th scope="col" class="number" { "Payouts" }
                    th scope="col" class="number" { "Rupees" } th scope="col" { "Check" } } }
                tbody {
                    @for check in ledger.checks() { (part(ledger, &check)) }
                }
            }
        }
        @if !ledger.is_balanced() {
            p class="alarm" role="alert" { "The totals do not close: the sums above differ from what was kept." }
        }
    }
}

fn part(ledger: &Ledger, check: &Check) -> Markup {
    let entries = ledger.entries();
    let of_state = entries.filter(|(entry, _)| Some(entry.state()) == check.state);
    let of_state: Vec<_> = of_state.collect();
    let word = check.state.map_or("All rows", State::word);
    let sum = check.state.is_none_or(|state| state == State::Created);
    html! {
        @for (entry, count) in of_state {
            tr {
                th scope="row" { span class={ "dot " (charts::tone_class(entry.tone())) } {} (shown(entry.word())) }
                td class="quiet" { (entry.meaning()) }
                td class="number" { (grouped(count.rows)) }
                td class="number" { (count.amount.grouped()) }
                td { @if !sum { (closes(check)) } }
            }
        }
        @if sum || check.counted.rows == 0 {
            tr class={ "sum" @if check.state.is_none() { " whole" } } {
                th scope="row" { (word) }
                td class="quiet" { "sum" }
                td class="number" { (grouped(check.counted.rows)) }
                td class="number" { (check.counted.amount.grouped()) }
                td { (closes(check)) }
            }
        }
    }
}

fn closes(check: &Check) -> Markup {
    html! {
        @if check.closes() {
            span class="ok" { "✓ closes" }
        } @else {
            span class="alarm" { "✗ kept: " (grouped(check.kept.rows)) ", " (rupees(check.kept.amount)) }
        }
    }
}

fn gone(page: &Page) -> Markup {
    html! {
        @if !page.gone.is_empty() {
            p {
                "Not in the sheet any more, and not counted above: "
                @for (place, (word, count)) in page.gone.iter().enumerate() {
                    @if place > 0 { "; " }
                    (grouped(count.rows)) " " (shown(word)) " (" (rupees(count.amount)) ")"
                }
                "."
            }
        }
    }
}

fn colophon(head: &Head) -> Markup {
    html! {
        footer {
            p {
                "Made by paysheet " (head.version) " on " (head.made_at) " from " code { (shown(&head.checkpoint)) } " alone. "
                "Environment " (head.environment) ", gateway " code { (shown(&head.gateway)) } ", account " code { (shown(&head.account)) }
                ", sheet " code { (shown(&head.sheet)) } ". Times are India's (UTC+05:30)."
            }
            @if !head.heard_at.is_empty() {
                p { "Last heard from the gateway: " (head.heard_at) ". To ask again: " code { (shown(&head.commands.status)) } }
            }
        }
    }
}
