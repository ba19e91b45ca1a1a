//! The program as a user or a scheduler starts it: arguments, a bare environment, a folder, and a time limit.
//!
//! Nothing of the caller's environment reaches it, so that no credentials, proxies or `PAYSHEET_*` of the machine
//! decide what a test sees. Deliberately absent: a terminal (`terminal`); stdin is closed.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

/// No run of a test takes this long; what does hangs.
const LIMIT: Duration = Duration::from_secs(60);
/// How often a running program is looked at.
const GLANCE: Duration = Duration::from_millis(4);

/// A command line under construction.
#[derive(Clone, Debug, Default)]
pub(crate) struct Paysheet {
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    folder: Option<PathBuf>,
    umask: Option<&'static str>,
    before: Option<String>,
    through: Vec<OsString>,
}

impl Paysheet {
    pub(crate) fn new() -> Paysheet {
        Paysheet::default()
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Paysheet {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    pub(crate) fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Paysheet {
        self.args
            .extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Sets a variable; the last word counts.
    pub(crate) fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Paysheet {
        self = self.without(name.as_ref());
        self.env
            .push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Takes a variable back.
    pub(crate) fn without(mut self, name: impl AsRef<OsStr>) -> Paysheet {
        self.env.retain(|(known, _)| known != name.as_ref());
        self
    }

    /// The same surroundings without a word typed.
    pub(crate) fn only_env(mut self) -> Paysheet {
        self.args.clear();
        self
    }

    pub(crate) fn in_folder(mut self, folder: impl AsRef<Path>) -> Paysheet {
        self.folder = Some(folder.as_ref().to_owned());
        self
    }

    /// Runs under this umask, such as `000`.
    pub(crate) fn umask(mut self, umask: &'static str) -> Paysheet {
        self.umask = Some(umask);
        self
    }

    /// Runs in a shell that did this first, such as `ulimit -f 64` or `exec 2>&-`.
    pub(crate) fn after(mut self, script: impl Into<String>) -> Paysheet {
        self.before = Some(script.into());
        self
    }

    /// Runs under another program, such as a tracer, given with its arguments.
    pub(crate) fn through<A: AsRef<OsStr>>(
        mut self,
        words: impl IntoIterator<Item = A>,
    ) -> Paysheet {
        let words = words.into_iter().map(|word| word.as_ref().to_owned());
        self.through = words.collect();
        self
    }

    fn command(&self) -> Command {
        let program = env!("CARGO_BIN_EXE_paysheet");
        let umask = self.umask.map(|umask| format!("umask {umask}"));
        let before: Vec<String> = umask.into_iter().chain(self.before.clone()).collect();
        let mut command = match (before.as_slice(), self.through.as_slice()) {
            ([], []) => Command::new(program),
            ([], [tracer, words @ ..]) => {
                let mut command = Command::new(tracer);
                command.args(words).arg(program);
                command
            }
            _ => {
                let mut shell = Command::new("/bin/sh");
                let script = format!("{}; exec \"$0\" \"$@\"", before.join("; "));
                shell.arg("-c").arg(script).arg(program);
                shell
            }
        };
        command.args(&self.args).env_clear();
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Starts it in the background.
    pub(crate) fn spawn(&self) -> Running {
        let mut child = self.command().spawn().expect("the program starts");
        let stdout = gather(child.stdout.take().expect("stdout is piped"));
        let stderr = gather(child.stderr.take().expect("stderr is piped"));
        Running {
            child,
            stdout: Some(stdout),
            stderr: Some(stderr),
            said: format!("{:?}", self.args),
            deadline: Instant::now() + LIMIT,
            begun: Instant::now(),
        }
    }

    /// Starts it at a terminal of its own.
    pub(crate) fn watched(&self) -> super::terminal::Watched {
        self.watched_at(80)
    }

    /// The same, with so many columns.
    pub(crate) fn watched_at(&self, columns: u16) -> super::terminal::Watched {
        super::terminal::Watched::start(self.command(), columns)
    }

    /// Runs it to its end.
    pub(crate) fn run(&self) -> Output {
        self.spawn().wait()
    }
}

fn gather(mut from: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        bytes
    })
}

/// A program under way. Dropped, it is killed.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    stdout: Option<JoinHandle<Vec<u8>>>,
    stderr: Option<JoinHandle<Vec<u8>>>,
    said: String,
    deadline: Instant,
    begun: Instant,
}

impl Running {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended by itself.
    pub(crate) fn ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    /// The most memory it has held so far, in KiB; 0 where the system does not tell. For a moment of its start its memory
    /// is still that of this test, under this test's name.
    pub(crate) fn memory_peak(&self) -> u64 {
        let image = std::fs::read_link(format!("/proc/{}/exe", self.pid())).ok();
        if image.is_none() || image == std::env::current_exe().ok() {
            return 0;
        }
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid()));
        let status = status.unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = peak.and_then(|text| text.trim().strip_suffix(" kB"));
        kib.and_then(|kib| kib.trim().parse().ok()).unwrap_or(0)
    }

    /// SIGKILL: no goodbye of any kind.
    pub(crate) fn kill9(mut self) -> Output {
        let _ = self.child.kill();
        self.wait()
    }

    pub(crate) fn sigint(&self) {
        self.signal("INT");
    }

    pub(crate) fn sigterm(&self) {
        self.signal("TERM");
    }

    /// Sends a signal by its name, such as `STOP` or `CONT`.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .arg(format!("-{name}"))
            .arg(self.child.id().to_string())
            .status();
        assert!(sent.is_ok_and(|status| status.success()), "kill -{name}");
    }

    /// Waits for its end; kills it and panics once the time is up.
    pub(crate) fn wait(mut self) -> Output {
        let status = loop {
            if let Some(status) = self
                .child
                .try_wait()
                .expect("the program can be waited for")
            {
                break status;
            }
            if Instant::now() > self.deadline {
                let _ = self.child.kill();
                let _ = self.child.wait();
                let (out, err) = (text(self.stdout.take()), text(self.stderr.take()));
                panic!("{} hung\nstdout: {out}\nstderr: {err}", self.said);
            }
            std::thread::sleep(GLANCE);
        };
        Output {
            code: code(status),
            stdout: text(self.stdout.take()),
            stderr: text(self.stderr.take()),
            took: self.begun.elapsed(),
            said: std::mem::take(&mut self.said),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.ended() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn text(reader: Option<JoinHandle<Vec<u8>>>) -> String {
    let bytes = reader.and_then(|reader| reader.join().ok());
    String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()
}

/// The exit code; a signal's number negated.
fn code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    status
        .code()
        .unwrap_or_else(|| -status.signal().unwrap_or(0))
}

/// What a run left on its channels.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
    said: String,
}

impl Output {
    /// The last line of stdout as JSON.
    pub(crate) fn json(&self) -> Value {
        let line = self.stdout.lines().next_back().unwrap_or_default();
        serde_json::from_str(line).unwrap_or_else(|why| panic!("no JSON ({why}) in {self}"))
    }

    /// The last line of stdout as it stands, key order included.
    pub(crate) fn json_line(&self) -> String {
        drop(self.json());
        self.stdout
            .lines()
            .next_back()
            .unwrap_or_default()
            .to_owned()
    }

    /// Everything it said.
    pub(crate) fn all(&self) -> String {
        format!("{}\n{}", self.stdout, self.stderr)
    }

    /// Panics, showing everything, unless the exit code is this one.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Output {
        assert!(self.code == code, "wanted exit {code}: {self}");
        self
    }

    /// Panics unless it said all of these somewhere, line breaks apart.
    #[track_caller]
    pub(crate) fn says<S: AsRef<str>>(self, words: impl IntoIterator<Item = S>) -> Output {
        let all = flat(&self.all());
        for word in words {
            let word = flat(word.as_ref());
            assert!(all.contains(&word), "`{word}` was not said: {self}");
        }
        self
    }

    /// Panics if it said any of these anywhere.
    #[track_caller]
    pub(crate) fn hides<S: AsRef<str>>(self, words: impl IntoIterator<Item = S>) -> Output {
        for word in words {
            let word = word.as_ref();
            assert!(!self.all().contains(word), "`{word}` was said: {self}");
        }
        self
    }
}

/// Runs of white space as one blank: where a line breaks is not promised.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl std::fmt::Display for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Output {
            code,
            stdout,
            stderr,
            said,
            ..
        } = self;
        write!(
            f,
            "{said} ended with {code}\n--- stdout\n{stdout}\n--- stderr\n{stderr}"
        )
    }
}
