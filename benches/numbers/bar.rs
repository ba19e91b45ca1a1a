//! What the progress bar costs of a run's time on a core, on a terminal of 80 columns.
//!
//! `script` gives the terminal. The bar and all words are drawn by a thread of their own, whose time the kernel counts;
//! what it costs others to hand it their events is not in it.

use std::fs::read_to_string;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::figure::{Figure, millis, thousandths_up};
use crate::gateway::Gateway;
use crate::world::World;

/// At the documented rate, and as fast as it goes.
const RUNS: [(u64, &str); 2] = [(1_000, "50"), (30_000, "0")];
/// Thousandths of the run's time.
const SHARE_MAX: u128 = 10;
const THREAD: &str = "report";

/// Of a run's time on a core, how much goes to what is shown.
pub(crate) fn bar(world: &World) -> Vec<Figure> {
    RUNS.into_iter()
        .flat_map(|(rows, rate)| measure(world, rows, rate))
        .collect()
}

fn measure(world: &World, rows: u64, rate: &str) -> [Figure; 2] {
    let folder = world.folder("bar");
    let gateway = Gateway::start(&folder, &[]);
    let sheet = world.sheet(&folder, rows);
    let send = gateway.send(&sheet, &["--rate", rate, "--new-payment"]);
    let words: Vec<String> = std::iter::once(send.get_program())
        .chain(send.get_args())
        .map(|word| format!("'{}'", word.to_string_lossy()))
        .collect();
    let mut terminal = Command::new("script");
    terminal
        .current_dir(&folder)
        .args(["-q", "-e", "-f", "-c"])
        .arg(format!("stty cols 80; exec {}", words.join(" ")))
        .arg("/dev/null");
    for (name, value) in send.get_envs() {
        match value {
            Some(value) => terminal.env(name, value),
            None => terminal.env_remove(name),
        };
    }
    let mut child = terminal
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let (mut shown, mut whole) = (Duration::ZERO, Duration::ZERO);
    let children = format!("/proc/{0}/task/{0}/children", child.id());
    let status = loop {
        let program = read_to_string(&children).unwrap_or_default();
        if let Some((of_bar, of_all)) = times(program.trim()) {
            (shown, whole) = (shown.max(of_bar), whole.max(of_all));
        }
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    assert!(status.success(), "the run ended with {status}");
    let share = thousandths_up(shown.as_nanos(), whole.as_nanos());
    [
        Figure::held(
            format!("what is shown of {rows} rows at --rate {rate}, of all CPU"),
            percent(share),
            format!("<= {}", percent(SHARE_MAX)),
            share <= SHARE_MAX,
        ),
        Figure::told("all CPU of that run", millis(whole)),
    ]
}

fn percent(thousandths: u128) -> String {
    format!("{}.{} %", thousandths / 10, thousandths % 10)
}

/// Time on a core of the thread that shows, and of all threads that are alive.
fn times(pid: &str) -> Option<(Duration, Duration)> {
    let tasks = PathBuf::from(format!("/proc/{pid}/task"));
    let (mut shown, mut whole) = (Duration::ZERO, Duration::ZERO);
    for task in tasks.read_dir().ok()?.flatten() {
        let read = |name: &str| read_to_string(task.path().join(name)).ok();
        let (Some(name), Some(stat)) = (read("comm"), read("schedstat")) else {
            continue;
        };
        let nanos = stat.split(' ').next()?.parse().ok()?;
        let time = Duration::from_nanos(nanos);
        whole += time;
        if name.trim() == THREAD {
            shown += time;
        }
    }
    Some((shown, whole))
}
