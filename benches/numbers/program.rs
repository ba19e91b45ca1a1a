//! One process, and what it used: time by the clock, time on a core, the most memory it held.
//!
//! All from `/proc`, polled: memory until the process is a zombie, times once it is one.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;

/// Kernel ticks in a second, as `/proc` counts them on every Linux.
const TICKS_PER_SECOND: u64 = 100;
const POLL: Duration = Duration::from_millis(1);

/// A log record on stderr: when, by the program's own clock, and what.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) at_us: i64,
    pub(crate) message: String,
}

/// A process that has ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) started_us: i64,
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
    pub(crate) peak_kib: u64,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// The same, if it ended with `code`.
    pub(crate) fn ended(self, code: i32) -> Ran {
        assert_eq!(self.code, Some(code), "{}\n{}", self.stdout, self.stderr);
        self
    }

    /// When it logged `message`; its clock tells milliseconds.
    pub(crate) fn said(&self, message: &str) -> Said {
        let records = self.stderr.lines().filter_map(record);
        let mut found = records.filter(|said| said.message == message);
        found
            .next()
            .unwrap_or_else(|| panic!("nothing said `{message}`:\n{}", self.stderr))
    }
}

fn record(line: &str) -> Option<Said> {
    let value: Value = serde_json::from_str(line).ok()?;
    let at: jiff::Timestamp = value.get("time")?.as_str()?.parse().ok()?;
    Some(Said {
        at_us: at.as_microsecond(),
        message: value.get("message")?.as_str()?.to_owned(),
    })
}

/// The program, told nothing by the surroundings.
pub(crate) fn paysheet(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_paysheet"));
    command.current_dir(folder);
    for (name, _) in std::env::vars() {
        if name.starts_with("PAYSHEET_") || name.starts_with("CASHFREE_") {
            command.env_remove(name);
        }
    }
    // What one measurement paid is no matter of the next, and nothing of it belongs into the user's list.
    command.env("PAYSHEET_STATE", folder);
    command
}

/// The present, in microseconds since 1970.
pub(crate) fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_micros()).unwrap()
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Ran {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let (started_us, started) = (now_us(), Instant::now());
    let mut child = command.spawn().unwrap();
    let stdout = drain(child.stdout.take().unwrap());
    let stderr = drain(child.stderr.take().unwrap());
    let peak_kib = watch(&child);
    let wall = started.elapsed();
    let cpu = cpu_of(&child);
    let code = child.wait().unwrap().code();
    Ran {
        code,
        started_us,
        wall,
        cpu,
        peak_kib,
        stdout: stdout.join().unwrap(),
        stderr: stderr.join().unwrap(),
    }
}

fn drain(from: impl std::io::Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = String::new();
        BufReader::new(from).read_to_string(&mut text).unwrap();
        text
    })
}

/// Waits until the process is a zombie; the most memory it was seen to hold, in KiB.
fn watch(child: &Child) -> u64 {
    let mut peak = 0;
    let path = format!("/proc/{}/status", child.id());
    loop {
        let status = std::fs::File::open(&path).map(BufReader::new).unwrap();
        let mut zombie = false;
        for line in status.lines().map_while(Result::ok) {
            if let Some(kib) = line.strip_prefix("VmHWM:") {
                let kib = kib.trim().trim_end_matches(" kB");
                peak = peak.max(kib.parse().unwrap_or(0));
            }
            zombie |= line.starts_with("State:\tZ");
        }
        if zombie {
            return peak;
        }
        std::thread::sleep(POLL);
    }
}

/// User and system time of all its threads.
pub(crate) fn cpu_of(child: &Child) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
    // The second field is the name in parentheses; the fourteenth and fifteenth are the times.
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    let fields: Vec<&str> = fields.split(' ').collect();
    let ticks: u64 = [11, 12]
        .iter()
        .map(|place| fields[*place].parse::<u64>().unwrap())
        .sum();
    Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND)
}
