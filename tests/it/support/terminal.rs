//! A person at a terminal: what the program shows is read, and keys are pressed once a question stands there.
//!
//! Deliberately absent: a terminal's own signals. The program reads Ctrl-C and Ctrl-D as keys.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// No question waits this long.
const LIMIT: Duration = Duration::from_secs(60);
const GLANCE: Duration = Duration::from_millis(4);
/// A terminal that is opened must not become that of the tests.
const O_NOCTTY: i32 = 0o400;

/// A program that a person watches. Dropped, it is killed.
#[derive(Debug)]
pub(crate) struct Watched {
    child: Child,
    keys: File,
    shown: Arc<Mutex<Vec<u8>>>,
    deadline: Instant,
}

impl Watched {
    pub(super) fn start(mut command: Command, columns: u16) -> Watched {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&ours).expect("a terminal that is ours");
        unlockpt(&ours).expect("an open terminal");
        let size = Winsize {
            ws_row: 24,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&ours, size).expect("a size");
        let name = ptsname(&ours, Vec::new()).expect("its name");
        let theirs = || {
            let mut options = File::options();
            options.read(true).write(true).custom_flags(O_NOCTTY);
            let file = options.open(name.to_str().expect("a plain name"));
            Stdio::from(file.expect("the terminal opens"))
        };
        command.stdin(theirs()).stdout(theirs()).stderr(theirs());
        let child = command.spawn().expect("the program starts");
        // With it goes the last hold on their side but the program's own.
        drop(command);
        let keys = File::from(ours);
        let shown = Arc::new(Mutex::new(Vec::new()));
        let (mut screen, into) = (keys.try_clone().expect("a screen"), Arc::clone(&shown));
        std::thread::spawn(move || {
            let mut some = [0; 4096];
            // Once the program is gone, reading fails.
            while let Ok(read @ 1..) = screen.read(&mut some) {
                into.lock().unwrap().extend_from_slice(&some[..read]);
            }
        });
        Watched {
            child,
            keys,
            shown,
            deadline: Instant::now() + LIMIT,
        }
    }

    /// Everything shown so far.
    pub(crate) fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().unwrap()).into_owned()
    }

    /// Waits until this is shown.
    #[track_caller]
    pub(crate) fn until(&mut self, words: &str) {
        while !self.shown().contains(words) {
            let over = self.child.try_wait().unwrap().is_some() || Instant::now() > self.deadline;
            if over {
                // What was said last may be on its way.
                std::thread::sleep(Duration::from_millis(50));
                let shown = self.shown();
                assert!(shown.contains(words), "`{words}` was not shown: {shown}");
            }
            std::thread::sleep(GLANCE);
        }
    }

    /// Presses keys.
    pub(crate) fn press(&mut self, keys: &str) {
        // Whoever has ended hears no keys.
        let _ = self.keys.write_all(keys.as_bytes());
    }

    /// Waits for its end; the exit code and everything shown.
    #[track_caller]
    pub(crate) fn wait(mut self) -> (i32, String) {
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                std::thread::sleep(Duration::from_millis(50));
                return (status.code().unwrap_or(-1), self.shown());
            }
            assert!(Instant::now() < self.deadline, "hung: {}", self.shown());
            std::thread::sleep(GLANCE);
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
