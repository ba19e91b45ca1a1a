//! The plots of a batch, each with its numbers beside it. PURE.

use maud::{Markup, html};

use crate::engine::Count;
use crate::report::words::rupees;

use super::latency::Latency;
use super::ledger::Ledger;
use super::plot::{Plot, Shape, scaled, step, ticks, time_ticks};
use super::shown::{counted, grouped, percent, shown, span, thousandths};
use super::timeline::Timeline;
use super::{Links, Run};

/// Width of a plot that stands alone, in pixels.
const WIDE: u64 = 960;
/// Width of one of two side by side.
pub(super) const HALF: u64 = 470;
/// Height of a plot.
pub(super) const HEIGHT: u64 = 220;
/// Bars that show the shape of the delays and can still be told apart.
const DELAY_BARS: u64 = 24;

/// A plot with a heading, a sentence and its numbers.
pub(super) fn figure(plot: &Plot, numbers: &Markup) -> Markup {
    html! {
        figure {
            figcaption { h3 { (plot.title) } p { (plot.desc) } }
            (plot.draw())
            details class="numbers" { summary { "The numbers" } (numbers) }
        }
    }
}

pub(super) fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Markup {
    html! {
        table class="small" {
            thead { tr { @for word in head { th scope="col" { (word) } } } }
            tbody { @for row in rows { tr { @for cell in row { td { (cell) } } } } }
        }
    }
}

/// What there is to see where nothing happened yet.
pub(super) fn nothing(title: &str, why: &str) -> Markup {
    html! { figure class="nothing" { figcaption { h3 { (title) } p { (why) } } } }
}

/// Payouts and rupees by status and state, as bars side by side.
pub(super) fn standing(ledger: &Ledger) -> Markup {
    /// Height of one row, and where the columns begin, in tenths of a pixel.
    const ROW: u64 = 280;
    const HEAD: u64 = 260;
    const BAR: u64 = 2_400;
    const COLUMNS: (u64, u64) = (1_500, 5_300);
    let entries: Vec<_> = ledger.entries().collect();
    let most = |of: fn(&Count) -> u64| {
        entries
            .iter()
            .map(|(_, count)| of(count))
            .max()
            .unwrap_or(0)
    };
    let paise = |count: &Count| u64::try_from(count.amount.paise()).unwrap_or(0);
    let (rows_top, paise_top) = (most(|count| count.rows), most(paise));
    let high = HEAD + ROW * u64::try_from(entries.len()).unwrap_or(0);
    let desc: Vec<String> = entries
        .iter()
        .map(|(entry, count)| {
            format!(
                "{} {}: {}",
                shown(entry.word()),
                grouped(count.rows),
                rupees(count.amount)
            )
        })
        .collect();
    html! {
        svg class="plot" viewBox={ "0 0 9600 " (high) } role="img" aria-labelledby="standing-t standing-d" {
            title id="standing-t" { "Payouts and rupees by status and state" }
            desc id="standing-d" { (desc.join("; ")) }
            text class="name" x=(COLUMNS.0) y="140" { "payouts" }
            text class="name" x=(COLUMNS.1) y="140" { "rupees" }
            @for ((entry, count), place) in entries.iter().zip(0..) {
                @let y = HEAD + ROW * place;
                @let tone = format!("bar {}", tone_class(entry.tone()));
                @let wide = scaled(count.rows, rows_top, BAR).max(10);
                @let long = scaled(paise(count), paise_top, BAR).max(10);
                text class="tick end strong" x=(COLUMNS.0 - 120) y=(y + 130) { (shown(entry.word())) }
                rect class=(tone) x=(COLUMNS.0) y=(y) width=(wide) height="180" {}
                text class="tick" x=(COLUMNS.0 + wide + 80) y=(y + 130) { (grouped(count.rows)) }
                rect class=(tone) x=(COLUMNS.1) y=(y) width=(long) height="180" {}
                text class="tick" x=(COLUMNS.1 + long + 80) y=(y + 130) { (rupees(count.amount)) }
            }
        }
    }
}

/// A tone's class in the style sheet.
pub(super) fn tone_class(tone: super::Tone) -> &'static str {
    match tone {
        super::Tone::Good => "good",
        super::Tone::Waiting => "waiting",
        super::Tone::Wrong => "wrong",
        super::Tone::Idle => "idle",
    }
}

/// Creates a second over each run, against the limit, with pauses.
pub(super) fn runs(runs: &[Run], left_out: u64) -> Markup {
    html! {
        @if runs.is_empty() {
            (nothing("Creates per second", "Nothing has been sent yet."))
        }
        @for (run, place) in runs.iter().zip(1..) { (of_run(run, place)) }
        @if left_out > 0 {
            p class="quiet" { (counted(left_out, "earlier run that sent is", "earlier runs that sent are")) " not drawn." }
        }
    }
}

fn of_run(run: &Run, place: u64) -> Markup {
    let creates = &run.creates;
    let limit = run.rate.map(|rate| rate.milli());
    let top = creates.peak_milli().max(limit.unwrap_or(0));
    let (y_top, y_ticks) = ticks(top, 1_000, thousandths);
    let bin = span(u64::try_from(creates.width_ms()).unwrap_or(0));
    let mut shapes: Vec<Shape> = run.pauses.iter().map(|pause| band(run, pause)).collect();
    shapes.extend(creates.bins().map(|(from, to, count)| Shape::Bar {
        from,
        to,
        value: creates.milli(count),
        class: "bar waiting",
        tip: format!(
            "{} to {}: {}",
            span(from),
            span(to),
            counted(count, "create", "creates")
        ),
    }));
    if let Some(rate) = run.rate {
        shapes.push(Shape::Limit {
            value: rate.milli(),
            label: format!("limit {}", rate.words()),
        });
    }
    let plot = Plot {
        id: format!("rate-{place}"),
        title: format!("Creates per second, run of {}", run.began),
        desc: run_words(run),
        width: WIDE,
        height: HEIGHT,
        x_top: creates.length_ms(),
        y_top,
        x_ticks: time_ticks(creates.length_ms()),
        y_ticks,
        x_name: "since the first create".to_owned(),
        y_name: format!("creates a second, over {bin} each"),
        shapes,
    };
    let bins = creates.bins().map(|(from, _, count)| {
        vec![
            span(from),
            grouped(count),
            thousandths(creates.milli(count)),
        ]
    });
    let pauses = run.pauses.iter().map(|pause| {
        vec![
            span(since(run, pause.from_ms)),
            span(pause.lasted_ms()),
            pause.why.to_owned(),
        ]
    });
    let numbers = html! {
        (table(&["from", "creates", "a second"], bins))
        @if !run.pauses.is_empty() { (table(&["pause from", "lasted", "why"], pauses)) }
    };
    figure(&plot, &numbers)
}

fn since(run: &Run, at_ms: i64) -> u64 {
    u64::try_from(at_ms.saturating_sub(run.creates.start_ms())).unwrap_or(0)
}

fn band(run: &Run, pause: &super::PauseSpan) -> Shape {
    Shape::Band {
        from: since(run, pause.from_ms),
        to: since(run, pause.until_ms),
        tip: format!("paused {}: {}", span(pause.lasted_ms()), pause.why),
    }
}

fn run_words(run: &Run) -> String {
    let creates = &run.creates;
    let mut words = format!(
        "{} in {}",
        counted(creates.total(), "create", "creates"),
        span(creates.length_ms()),
    );
    match run.rate {
        Some(rate) => words.push_str(&format!("; limit {}", rate.words())),
        None => words.push_str("; no limit was set"),
    }
    if !run.pauses.is_empty() {
        let lasted = run.pauses.iter().map(super::PauseSpan::lasted_ms).sum();
        let pauses = u64::try_from(run.pauses.len()).unwrap_or(u64::MAX) + run.pauses_left_out;
        words.push_str(&format!(
            "; {} ({} in all), shaded",
            counted(pauses, "pause", "pauses"),
            span(lasted)
        ));
    }
    words.push_str(". A create counts when it is recorded, just before it leaves");
    if run.rate.is_some() {
        words.push_str(
            ", so a bar may stand a little above the limit that the sending itself keeps to",
        );
    }
    words.push('.');
    words
}

/// How long answers to creates took.
pub(super) fn delays(answers: &Latency) -> Markup {
    const TITLE: &str = "How long Cashfree took to answer";
    if answers.total() == 0 {
        return nothing(TITLE, "No create has been answered yet.");
    }
    let (half, most) = (answers.quantile_ms(500), answers.quantile_ms(990));
    let first_ms = answers.quantile_ms(0);
    let wide = step((most - first_ms).max(1), DELAY_BARS);
    let first = first_ms / wide * wide;
    let bars = (most - first) / wide + 1;
    let end = first + bars * wide;
    let longer = answers.total() - answers.between(0, end);
    let mut shapes: Vec<Shape> = (0..bars)
        .map(|place| bar(answers, (first, place * wide, wide)))
        .collect();
    let mut x_top = bars * wide;
    if longer > 0 {
        // Apart from the others: it has no end of its own.
        let from = x_top + wide;
        x_top = from + 2 * wide;
        shapes.push(Shape::Bar {
            from,
            to: x_top,
            value: longer,
            class: "bar idle",
            tip: format!("{end} ms or longer: {}", grouped(longer)),
        });
    }
    let top = shapes.iter().map(value).max().unwrap_or(0);
    let (y_top, y_ticks) = ticks(top, 1, grouped);
    let marks = step((end - first).max(1), 5);
    let mut x_ticks: Vec<(u64, String)> = (0..=(end - first) / marks)
        .map(|place| (place * marks, format!("{}", first + place * marks)))
        .collect();
    if longer > 0 {
        x_ticks.push((x_top - wide, "longer".to_owned()));
    }
    let plot = Plot {
        id: "delays".to_owned(),
        title: TITLE.to_owned(),
        desc: format!(
            "{}: half within {half} ms, 90 % within {} ms, 99 % within {most} ms, the longest {} ms. From the record of a create to that of its answer.",
            counted(answers.total(), "answer", "answers"),
            answers.quantile_ms(900),
            answers.longest_ms(),
        ),
        width: HALF,
        height: HEIGHT,
        x_top,
        y_top,
        x_ticks,
        y_ticks,
        x_name: "milliseconds".to_owned(),
        y_name: "answers".to_owned(),
        shapes,
    };
    let numbers = (0..bars).map(|place| {
        let from = first + place * wide;
        vec![
            format!("{from} to {} ms", from + wide),
            grouped(answers.between(from, from + wide)),
        ]
    });
    let last = (longer > 0).then(|| vec![format!("{end} ms or longer"), grouped(longer)]);
    figure(&plot, &table(&["took", "answers"], numbers.chain(last)))
}

fn bar(answers: &Latency, (first, from, wide): (u64, u64, u64)) -> Shape {
    let count = answers.between(first + from, first + from + wide);
    Shape::Bar {
        from,
        to: from + wide,
        value: count,
        class: "bar waiting",
        tip: format!(
            "{} to {} ms: {}",
            first + from,
            first + from + wide,
            grouped(count)
        ),
    }
}

fn value(shape: &Shape) -> u64 {
    match shape {
        Shape::Bar { value, .. } | Shape::Limit { value, .. } => *value,
        Shape::Band { .. } | Shape::Line { .. } => 0,
    }
}

/// Links created and redeemed over time.
pub(super) fn redemption(links: Option<&Links>) -> Markup {
    const TITLE: &str = "Links created and redeemed";
    let Some(links) = links else {
        return nothing(TITLE, "No link has been created yet.");
    };
    let (created, redeemed) = (links.created.total(), links.redeemed.total());
    let length = links.created.length_ms();
    let (y_top, y_ticks) = ticks(created.max(redeemed), 1, grouped);
    let (made, paid) = (rising(&links.created), rising(&links.redeemed));
    let plot = Plot {
        id: "redemption".to_owned(),
        title: TITLE.to_owned(),
        desc: format!(
            "{} of {} redeemed ({}), since {}. A redemption counts from when its status was first read.",
            grouped(redeemed),
            counted(created, "link", "links"),
            percent(redeemed, created),
            links.began,
        ),
        width: HALF,
        height: HEIGHT,
        x_top: length,
        y_top,
        x_ticks: time_ticks(length),
        y_ticks,
        x_name: "since the first link".to_owned(),
        y_name: "links (line: created, area: redeemed)".to_owned(),
        shapes: vec![
            Shape::Line {
                points: paid.clone(),
                class: "area",
                filled: true,
            },
            Shape::Line {
                points: made.clone(),
                class: "line",
                filled: false,
            },
        ],
    };
    let numbers = made
        .iter()
        .zip(&paid)
        .map(|((at, made), (_, paid))| vec![span(*at), grouped(*made), grouped(*paid)]);
    figure(&plot, &table(&["by", "created", "redeemed"], numbers))
}

/// How many there were by the end of each bin.
fn rising(timeline: &Timeline) -> Vec<(u64, u64)> {
    let mut sum = 0;
    let each = timeline.bins().map(|(_, to, count)| {
        sum += count;
        (to, sum)
    });
    std::iter::once((0, 0)).chain(each).collect()
}
