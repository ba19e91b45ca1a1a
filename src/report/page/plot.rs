//! One plot as inline SVG: axes, bars, lines and bands over whole numbers, with its words for those who do not see it.
//!
//! Coordinates are tenths of a pixel, so that no float is needed and thin bars stay even. Deliberately absent: colours,
//! which are the style sheet's, and any script.

use maud::{Markup, html};

/// Tenths of a pixel.
const PX: u64 = 10;
/// Room for the numbers of the vertical axis.
const LEFT: u64 = 56 * PX;
/// Room for the end of a label.
const RIGHT: u64 = 16 * PX;
/// Room for the name of the vertical axis.
const TOP: u64 = 30 * PX;
/// Room for the numbers and the name of the horizontal axis.
const BOTTOM: u64 = 44 * PX;

/// A plot. Values are in its own units, from 0 to `x_top` and `y_top`.
#[derive(Clone, Debug, Default)]
pub(super) struct Plot {
    /// Unique on the page.
    pub(super) id: String,
    /// What it shows.
    pub(super) title: String,
    /// What is to be seen in it, in a sentence.
    pub(super) desc: String,
    /// In pixels.
    pub(super) width: u64,
    /// In pixels.
    pub(super) height: u64,
    /// The end of the horizontal axis.
    pub(super) x_top: u64,
    /// The end of the vertical axis.
    pub(super) y_top: u64,
    /// Marks of the horizontal axis.
    pub(super) x_ticks: Vec<(u64, String)>,
    /// Marks of the vertical axis.
    pub(super) y_ticks: Vec<(u64, String)>,
    /// What the horizontal axis is.
    pub(super) x_name: String,
    /// What the vertical axis is.
    pub(super) y_name: String,
    /// What is drawn, in this order.
    pub(super) shapes: Vec<Shape>,
}

/// Something in a plot.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    /// From the ground to `value`.
    Bar {
        from: u64,
        to: u64,
        value: u64,
        class: &'static str,
        tip: String,
    },
    /// Across, at `value`.
    Limit { value: u64, label: String },
    /// The whole height.
    Band { from: u64, to: u64, tip: String },
    /// Through `points`, filled down to the ground if `class` says so.
    Line {
        points: Vec<(u64, u64)>,
        class: &'static str,
        filled: bool,
    },
}

impl Plot {
    pub(super) fn draw(&self) -> Markup {
        let (title, desc) = (format!("{}-t", self.id), format!("{}-d", self.id));
        let view = format!("0 0 {} {}", self.width * PX, self.height * PX);
        html! {
            svg class="plot" viewBox=(view) role="img" aria-labelledby={ (title) " " (desc) } {
                title id=(title) { (self.title) }
                desc id=(desc) { (self.desc) }
                (self.axes())
                @for shape in &self.shapes { (self.shape(shape)) }
                line class="ground" x1=(LEFT) x2=(self.right()) y1=(self.ground()) y2=(self.ground()) {}
            }
        }
    }

    fn axes(&self) -> Markup {
        html! {
            text class="name" x=(LEFT - 6 * PX) y=(14 * PX) { (self.y_name) }
            text class="name end" x=(self.right()) y=(self.height * PX - 6 * PX) { (self.x_name) }
            @for (value, label) in &self.y_ticks {
                line class="grid" x1=(LEFT) x2=(self.right()) y1=(self.y(*value)) y2=(self.y(*value)) {}
                text class="tick end" x=(LEFT - 8 * PX) y=(self.y(*value) + 4 * PX) { (label) }
            }
            @for (value, label) in &self.x_ticks {
                line class="mark" x1=(self.x(*value)) x2=(self.x(*value)) y1=(self.ground()) y2=(self.ground() + 4 * PX) {}
                text class="tick mid" x=(self.x(*value)) y=(self.ground() + 17 * PX) { (label) }
            }
        }
    }

    fn shape(&self, shape: &Shape) -> Markup {
        match shape {
            Shape::Bar {
                from,
                to,
                value,
                class,
                tip,
            } => {
                let (left, right) = (self.x(*from), self.x(*to));
                let top = self.y(*value);
                html! {
                    @if *value > 0 {
                        rect class=(class) x=(left + gap(right - left)) y=(top.min(self.ground() - PX))
                            width=(right - left - gap(right - left)) height=((self.ground() - top).max(PX)) {
                            title { (tip) }
                        }
                    }
                }
            }
            Shape::Limit { value, label } => html! {
                line class="limit" x1=(LEFT) x2=(self.right()) y1=(self.y(*value)) y2=(self.y(*value)) {}
                text class="limit end" x=(self.right()) y=(self.y(*value) - 5 * PX) { (label) }
            },
            Shape::Band { from, to, tip } => {
                let (left, right) = (self.x(*from), self.x(*to));
                let width = (right - left).max(2 * PX);
                html! {
                    rect class="pause" x=(left) y=(TOP) width=(width) height=(self.ground() - TOP) { title { (tip) } }
                    rect class="pause-foot" x=(left) y=(self.ground() + PX) width=(width) height=(3 * PX) {}
                }
            }
            Shape::Line {
                points,
                class,
                filled,
            } => html! { path class=(class) d=(self.path(points, *filled)) {} },
        }
    }

    /// Steps: what was counted stays so until the next is.
    fn path(&self, points: &[(u64, u64)], filled: bool) -> String {
        let mut path = String::new();
        for (place, (x, y)) in points.iter().enumerate() {
            let (x, y) = (self.x(*x), self.y(*y));
            match (place, filled) {
                (0, true) => path.push_str(&format!("M{x} {}V{y}", self.ground())),
                (0, false) => path.push_str(&format!("M{x} {y}")),
                _ => path.push_str(&format!("H{x}V{y}")),
            }
        }
        if filled {
            path.push_str(&format!("V{}Z", self.ground()));
        }
        path
    }

    fn right(&self) -> u64 {
        self.width * PX - RIGHT
    }

    fn ground(&self) -> u64 {
        self.height * PX - BOTTOM
    }

    fn x(&self, value: u64) -> u64 {
        LEFT + scaled(value, self.x_top, self.right() - LEFT)
    }

    fn y(&self, value: u64) -> u64 {
        self.ground() - scaled(value, self.y_top, self.ground() - TOP)
    }
}

/// Bars keep a little apart, thin ones less.
fn gap(width: u64) -> u64 {
    (width / 6).min(2 * PX)
}

/// `value` of `top` along `length`, never beyond it.
pub(super) fn scaled(value: u64, top: u64, length: u64) -> u64 {
    let along = u128::from(value.min(top)) * u128::from(length) / u128::from(top.max(1));
    u64::try_from(along).unwrap_or(length)
}

/// The smallest step of 1, 2 or 5 times a power of ten of which at most `most` reach `top`. At least 1.
pub(super) fn step(top: u64, most: u64) -> u64 {
    let mut ten: u64 = 1;
    loop {
        for factor in [1, 2, 5] {
            let step = ten.saturating_mul(factor);
            if step.saturating_mul(most) >= top {
                return step;
            }
        }
        ten = ten.saturating_mul(10);
    }
}

/// The marks of an axis that reaches `top` at least, and where it ends.
pub(super) fn ticks(
    top: u64,
    unit: u64,
    name: impl Fn(u64) -> String,
) -> (u64, Vec<(u64, String)>) {
    /// Horizontal lines that help the eye and do not fill the plot.
    const MARKS: u64 = 4;
    let step = step(top.div_ceil(unit).max(1), MARKS).saturating_mul(unit);
    let marks: Vec<(u64, String)> = (0..=MARKS + 1)
        .map(|place| place * step)
        .take_while(|value| *value < top.saturating_add(step))
        .map(|value| (value, name(value)))
        .collect();
    (marks.last().map_or(step, |(value, _)| *value), marks)
}

/// The marks of a time axis of `length_ms`.
pub(super) fn time_ticks(length_ms: u64) -> Vec<(u64, String)> {
    const SECOND: u64 = 1_000;
    const DAY: u64 = 86_400 * SECOND;
    const STEPS: [u64; 20] = [
        200,
        500,
        SECOND,
        2 * SECOND,
        5 * SECOND,
        10 * SECOND,
        30 * SECOND,
        60 * SECOND,
        120 * SECOND,
        300 * SECOND,
        600 * SECOND,
        1_800 * SECOND,
        3_600 * SECOND,
        7_200 * SECOND,
        21_600 * SECOND,
        43_200 * SECOND,
        DAY,
        2 * DAY,
        5 * DAY,
        10 * DAY,
    ];
    /// As many as stand side by side without touching.
    const MARKS: u64 = 8;
    let step = STEPS
        .into_iter()
        .find(|step| length_ms / step <= MARKS)
        .unwrap_or_else(|| step(length_ms, MARKS));
    (0..=length_ms / step)
        .map(|place| (place * step, super::shown::span(place * step)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn steps_and_marks() {
        assert_eq!(
            [1, 4, 5, 9, 100, 101].map(|top| step(top, 4)),
            [1, 1, 2, 5, 50, 50]
        );
        let (top, marks) = ticks(101, 1, |value| value.to_string());
        assert_eq!(top, 150);
        assert_eq!(
            marks.iter().map(|(value, _)| *value).collect::<Vec<_>>(),
            [0, 50, 100, 150]
        );
        let labels: Vec<String> = time_ticks(62_000)
            .into_iter()
            .map(|(_, label)| label)
            .collect();
        assert_eq!(
            labels,
            ["0", "10 s", "20 s", "30 s", "40 s", "50 s", "1 min"]
        );
    }

    proptest! {
        #[test]
        fn no_value_leaves_its_plot(value in any::<u64>(), top in any::<u64>(), length in 0u64..100_000) {
            prop_assert!(scaled(value, top, length) <= length);
        }

        #[test]
        fn axes_reach_their_top_with_few_marks(top in 0u64..1_000_000_000_000, length in 1u64..10_000_000_000_000) {
            let (end, marks) = ticks(top, 1, |value| value.to_string());
            prop_assert!(end >= top && end > 0 && marks.len() <= 6);
            prop_assert!(time_ticks(length).len() <= 10);
        }
    }
}
