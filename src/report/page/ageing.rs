//! Links that nobody has redeemed, by the days that they have left. PURE.

use std::collections::BTreeMap;

use maud::Markup;

use crate::engine::Count;
use crate::report::words::rupees;

use super::Due;
use super::charts::{HALF, HEIGHT, figure, nothing, table};
use super::plot::{Plot, Shape, ticks};
use super::shown::{counted, grouped};

const TITLE: &str = "Links not yet redeemed, by days left";
/// Days shown at least: one bar in the middle of an empty plot would look like all of it.
const DAYS_MIN: u64 = 7;
/// With more days than this, every fifth bears its number.
const DAYS_MARKED_MAX: u64 = 12;

/// The plot.
pub(super) fn ageing(ageing: &BTreeMap<Due, Count>, today: &str) -> Markup {
    let waiting: u64 = ageing.values().map(|count| count.rows).sum();
    let (Some(first), Some(last)) = (ageing.keys().next(), ageing.keys().next_back()) else {
        return nothing(TITLE, "No link is waiting for its recipient.");
    };
    let days = last.place() - first.place() + 1;
    let top = ageing.values().map(|count| count.rows).max().unwrap_or(0);
    let (y_top, y_ticks) = ticks(top, 1, grouped);
    let soon = ageing
        .range(..=Due::In(1))
        .map(|(_, count)| count.rows)
        .sum();
    let plot = Plot {
        id: "ageing".to_owned(),
        title: TITLE.to_owned(),
        desc: format!(
            "{} waiting for {}, as of {today} in India; {} today or tomorrow, or past the last day.",
            counted(waiting, "link is", "links are"),
            if waiting == 1 {
                "its recipient"
            } else {
                "their recipients"
            },
            counted(soon, "ends", "end"),
        ),
        width: HALF,
        height: HEIGHT,
        x_top: days.max(DAYS_MIN) * 2,
        y_top,
        x_ticks: marks(ageing, *first, days),
        y_ticks,
        x_name: "days left".to_owned(),
        y_name: "links".to_owned(),
        shapes: ageing.iter().map(|each| bar(each, *first)).collect(),
    };
    let numbers = ageing
        .iter()
        .map(|(due, count)| vec![due.words(), grouped(count.rows), rupees(count.amount)]);
    figure(&plot, &table(&["left", "links", "rupees"], numbers))
}

/// The axis is in half days, so that a mark may stand below the middle of its bar.
fn bar((due, count): (&Due, &Count), first: Due) -> Shape {
    let from = (due.place() - first.place()) * 2;
    Shape::Bar {
        from,
        to: from + 2,
        value: count.rows,
        class: if *due <= Due::In(1) {
            "bar wrong"
        } else {
            "bar waiting"
        },
        tip: format!(
            "{}: {}, {}",
            due.words(),
            grouped(count.rows),
            rupees(count.amount)
        ),
    }
}

/// Days at even distances, whether any link ends there or not; and what is no day, where there is some.
fn marks(ageing: &BTreeMap<Due, Count>, first: Due, days: u64) -> Vec<(u64, String)> {
    let spaced = if days > DAYS_MARKED_MAX { 5 } else { 1 };
    let last = ageing.keys().rev().find_map(Due::days).unwrap_or(0);
    let even = (0..=last).filter(|day| day % spaced == 0).map(Due::In);
    let others = [Due::Past, Due::Unknown].into_iter();
    let others = others.filter(|due| ageing.contains_key(due));
    let all = even.filter(|due| *due >= first).chain(others);
    all.map(|due| ((due.place() - first.place()) * 2 + 1, due.mark()))
        .collect()
}
