//! The progress bar: how far, and on the line below how much, how fast and what is in the way.
//!
//! Deliberately absent: colour (so `NO_COLOR` holds by itself) and a timer thread: the bar moves when events do.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::progress::Progress;
use super::screen::Screen;

/// Both lines are cut to the terminal's width by their `wide_` part.
const TEMPLATE: &str = "{wide_bar} {prefix}\n{wide_msg}";

/// A bar on a screen.
#[derive(Debug)]
pub(super) struct Bar(ProgressBar);

impl Bar {
    /// Puts a bar at the bottom of the screen; none where the screen has no place for one.
    pub(super) fn on(screen: &Screen) -> Option<Bar> {
        let style = ProgressStyle::with_template(TEMPLATE).ok()?;
        let bar = screen.bars()?.add(ProgressBar::new(1).with_style(style));
        Some(Bar(bar))
    }

    /// Shows where the run stands.
    pub(super) fn show(&self, progress: &Progress, elapsed: Duration) {
        let (done, total) = progress.counts();
        self.0.set_position(done);
        // Whatever is set is drawn at once: what stays as it was is not set again, and what belongs together is one text.
        let length = total.max(1);
        if self.0.length() != Some(length) {
            self.0.set_length(length);
        }
        let counts = match total {
            0 => String::new(),
            _ => format!("{done}/{total} {}%", progress.percent()),
        };
        if self.0.prefix() != counts {
            self.0.set_prefix(counts);
        }
        self.0.set_message(progress.details(elapsed));
    }

    /// Takes the bar away: the summary says it better.
    pub(super) fn close(&self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Money;
    use crate::engine::{Event, Pause};
    use crate::report::progress::Task;
    use indicatif::{ProgressDrawTarget, TermLike};
    use std::io;
    use std::sync::{Arc, Mutex};

    /// A terminal that keeps what is written to it.
    #[derive(Clone, Debug)]
    struct Paper {
        width: u16,
        written: Arc<Mutex<String>>,
    }

    impl TermLike for Paper {
        fn width(&self) -> u16 {
            self.width
        }
        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn write_line(&self, text: &str) -> io::Result<()> {
            self.write_str(&format!("{text}\n"))
        }
        fn write_str(&self, text: &str) -> io::Result<()> {
            self.written.lock().unwrap().push_str(text);
            Ok(())
        }
        fn clear_line(&self) -> io::Result<()> {
            self.written.lock().unwrap().clear();
            Ok(())
        }
        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn never_wider_than_the_terminal() {
        let mut progress = Progress::new(Task::Sending);
        progress.take(&Event::Opened {
            to_send: 1_000_000,
            amount_to_send: Money::from_paise(1_000_000_000).unwrap(),
            to_ask: 0,
        });
        let why = "connection refused ".repeat(20);
        progress.take(&Event::Paused {
            pause: Pause::OutOfReach { why },
            wait: Duration::from_secs(8),
        });
        for width in [40, 80, 200] {
            let written = Arc::new(Mutex::new(String::new()));
            let paper = Paper {
                width,
                written: Arc::clone(&written),
            };
            let style = ProgressStyle::with_template(TEMPLATE).unwrap();
            let target = ProgressDrawTarget::term_like(Box::new(paper));
            let bar = Bar(ProgressBar::with_draw_target(None, target).with_style(style));
            bar.show(&progress, Duration::from_secs(3));
            let drawn = written.lock().unwrap().clone();
            assert!(drawn.contains("0/1000000 0%"), "{drawn}");
            assert!(drawn.contains("gateway out of reach"), "{drawn}");
            // Full lines follow one another without a line end.
            assert!(
                drawn.chars().count() <= 2 * usize::from(width),
                "{width}: {drawn}"
            );
        }
    }
}
