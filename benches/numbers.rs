//! The numbers that paysheet is held to, measured on this machine with the real program.
//!
//! ```text
//! cargo bench --bench numbers             # all of them, some minutes
//! cargo bench --bench numbers start pace  # these
//! ```
//!
//! Each line says what was measured, what it is held to and whether that holds. Where a ratio exists the number is a
//! ratio taken within one run, since machines differ. Sheets, checkpoints and the gateway's books live in a temporary
//! folder (`TMPDIR` moves it to the disk that is meant: syncs are part of what is measured). The gateway is the
//! sandbox in a process of its own, a peer on the same cores.
//!
//! Reading order: `world` (folder and sheets), `program` (a process and what it used), `gateway` (the sandbox and what
//! it saw), `sending`, `pacing`, `reading`, `sheets`, `events`, `bar`, `million`, `handing` (the measurements), `figure` (how they are said). Deliberately
//! absent: a harness, statistics and charts. A number holds or it does not.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench stops at the first thing that goes wrong, prints, and asks the machine's own clock"
)]

#[path = "numbers/bar.rs"]
mod bar;
#[path = "numbers/events.rs"]
mod events;
#[path = "numbers/figure.rs"]
mod figure;
#[path = "numbers/gateway.rs"]
mod gateway;
#[path = "numbers/handing.rs"]
mod handing;
#[path = "numbers/million.rs"]
mod million;
#[path = "numbers/pacing.rs"]
mod pacing;
#[path = "numbers/program.rs"]
mod program;
#[path = "numbers/reading.rs"]
mod reading;
#[path = "numbers/sending.rs"]
mod sending;
#[path = "numbers/sheets.rs"]
mod sheets;
#[path = "numbers/world.rs"]
mod world;

use figure::Figure;
use world::World;

type Measure = fn(&World) -> Vec<Figure>;

/// Every measurement by name, the short ones first.
const ALL: [(&str, Measure); 11] = [
    ("start", pacing::start),
    ("validate", reading::validate),
    ("sheets", sheets::sheets),
    ("events", events::events),
    ("handing", handing::handing),
    ("unpaced", sending::unpaced),
    ("bar", bar::bar),
    ("intake", million::intake),
    ("resume", million::resume),
    ("results", million::results),
    ("pace", pacing::pace),
];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [first, path] = words.as_slice()
        && first == reading::READ_ALONE
    {
        return reading::read_alone(path);
    }
    // What cargo adds for harnesses.
    let names: Vec<&String> = words.iter().filter(|word| *word != "--bench").collect();
    for name in &names {
        assert!(
            ALL.iter().any(|(known, _)| known == name),
            "there is no number `{name}`: name some of {:?}",
            ALL.map(|(name, _)| name)
        );
    }
    let world = World::new();
    println!("{}", world.machine());
    for (name, measure) in ALL {
        if names.is_empty() || names.iter().any(|wanted| *wanted == name) {
            println!("\n{name}");
            measure(&world)
                .iter()
                .for_each(|figure| println!("{figure}"));
        }
    }
}
