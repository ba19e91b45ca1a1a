//! The disk under one run, through `disk.c`: watched, failing, lying, or gone before the n-th call; and the folder as it
//! stood on the platter at any moment, rebuilt from the log.
//!
//! The model is the weakest disk that POSIX allows: a name is there once its folder was synced, bytes once their file
//! was; of the rest a seed decides, names in their order, bytes sector by sector in any. Deliberately absent: privileges.
//! Where there is no C compiler there is no [`Disk`], and the tests that want one say that they were skipped.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tempfile::{NamedTempFile, TempDir};

use super::program::Paysheet;
use super::trouble::CHECKPOINT;
use super::world::World;

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

/// What befalls a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Nothing: it is watched.
    None,
    /// SIGKILL before the n-th call, from 1.
    DieAt(usize),
    /// The n-th write or sync fails, from 1, and if `for_good` all that follow.
    Fail {
        what: Failing,
        nth: usize,
        errno: i32,
        for_good: bool,
    },
    /// Syncs do nothing, and the n-th call is the last.
    Lies(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failing {
    Writes,
    Syncs,
}

/// A disk that is watched.
pub(crate) struct Disk {
    library: &'static Path,
    folder: TempDir,
}

impl Disk {
    /// None where `cc` cannot make one.
    pub(crate) fn new() -> Option<Disk> {
        static LIBRARY: OnceLock<Option<PathBuf>> = OnceLock::new();
        let library = LIBRARY
            .get_or_init(|| compile("disk", LIBRARY_FLAGS))
            .as_ref()?;
        let folder = TempDir::with_prefix("paysheet-disk-").expect("a folder");
        Some(Disk { library, folder })
    }

    /// `run` over this disk. What an earlier run did is forgotten.
    pub(crate) fn under(&self, run: &Paysheet, world: &World, fate: Fate) -> Paysheet {
        let _ = std::fs::remove_file(self.log());
        let root = world.path("").canonicalize().expect("a folder");
        let mut run = run
            .clone()
            .env("LD_PRELOAD", self.library)
            .env("DISK_ROOT", root)
            .env("DISK_LOG", self.log());
        let mut set = |name: &str, value: String| run = run.clone().env(name, value);
        match fate {
            Fate::None => {}
            Fate::DieAt(nth) => set("DISK_DIE_AT", nth.to_string()),
            Fate::Lies(nth) => {
                set("DISK_LIES", "1".into());
                set("DISK_DIE_AT", nth.to_string());
            }
            Fate::Fail {
                what,
                nth,
                errno,
                for_good,
            } => {
                let letter = if what == Failing::Writes { "w" } else { "s" };
                set("DISK_FAIL", letter.into());
                set("DISK_FAIL_AT", nth.to_string());
                set("DISK_FAILS_FROM_THEN", u8::from(for_good).to_string());
                set("DISK_ERRNO", errno.to_string());
            }
        }
        run
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// What the run did to its files, in order.
    pub(crate) fn deeds(&self) -> Vec<Deed> {
        let bytes = std::fs::read(self.log()).expect("the log");
        let mut deeds = Vec::new();
        let mut rest = bytes.as_slice();
        while let Some((head, more)) = rest.split_at_checked(32) {
            let word = |at: usize| u64::from_ne_bytes(head[at * 8..at * 8 + 8].try_into().unwrap());
            let length = usize::try_from(word(3)).unwrap();
            let Some((bytes, more)) = more.split_at_checked(length) else {
                break;
            };
            let kind = char::from(u8::try_from(word(0)).unwrap());
            deeds.push(Deed {
                kind,
                file: word(1),
                at: usize::try_from(word(2)).unwrap(),
                bytes: bytes.to_vec(),
            });
            rest = more;
        }
        deeds
    }
}

/// Clocks that a test moves while a run reads them (`clock.c`).
pub(crate) struct Clocks {
    library: &'static Path,
    file: NamedTempFile,
}

impl Clocks {
    /// None where `cc` cannot make them.
    pub(crate) fn new() -> Option<Clocks> {
        static LIBRARY: OnceLock<Option<PathBuf>> = OnceLock::new();
        let library = LIBRARY
            .get_or_init(|| compile("clock", LIBRARY_FLAGS))
            .as_deref()?;
        let file = NamedTempFile::new().expect("a file");
        let clocks = Clocks { library, file };
        clocks.moved(0, 0, 0);
        Some(clocks)
    }

    /// `run` by these clocks.
    pub(crate) fn under(&self, run: &Paysheet) -> Paysheet {
        run.clone()
            .env("LD_PRELOAD", self.library)
            .env("CLOCK_FILE", self.file.path())
    }

    /// So many seconds ahead from now on: the wall clock, the one by which waits are measured, and the one that goes on
    /// while a machine sleeps.
    pub(crate) fn moved(&self, wall: i64, waits: i64, asleep: i64) {
        let bytes = [wall, waits, asleep].map(i64::to_ne_bytes).concat();
        std::os::unix::fs::FileExt::write_all_at(self.file.as_file(), &bytes, 0)
            .expect("the clocks are moved");
    }
}

const LIBRARY_FLAGS: &[&str] = &["-shared", "-fPIC"];

/// What `cc` makes of a source in this folder; none without `cc`.
pub(super) fn compile(name: &str, flags: &[&str]) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support");
    let source = folder.join(format!("{name}.c"));
    let made = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let made = made.join(format!("{name}-{}", std::process::id()));
    let compiled = Command::new("cc")
        .args(flags)
        .args(["-O1", "-Wall", "-Werror", "-o"])
        .arg(&made)
        .arg(source)
        .args(["-ldl", "-lpthread"])
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&compiled.stderr);
    assert!(compiled.status.success(), "{name}.c: {said}");
    Some(made)
}

/// One thing that a run did.
#[derive(Clone, Debug)]
pub(crate) struct Deed {
    /// `o` made, `w` written, `t` cut to a length, `s` synced, `d` the folder synced, `r` renamed, `u` removed; `f` a
    /// failure was given; `x` a create left, `y` a deactivation, `q` a look-up; `c` a socket was connected, `n` the
    /// number of calls.
    pub(crate) kind: char,
    file: u64,
    at: usize,
    bytes: Vec<u8>,
}

impl Deed {
    /// The file it is about, where it bears a name.
    pub(crate) fn name(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The id in a create that left.
    pub(crate) fn created_id(&self) -> Option<String> {
        (self.kind == 'x').then(|| self.id()).flatten()
    }

    /// The id in a deactivation that left.
    pub(crate) fn stopped_id(&self) -> Option<String> {
        (self.kind == 'y').then(|| self.id()).flatten()
    }

    /// Whether a request about a payout left, be it a question.
    pub(crate) fn is_request(&self) -> bool {
        matches!(self.kind, 'x' | 'y' | 'q')
    }

    fn id(&self) -> Option<String> {
        let said = String::from_utf8_lossy(&self.bytes);
        let (_, rest) = said.split_once(r#""cashgramId":""#)?;
        let (id, _) = rest.split_once('"')?;
        Some(id.to_owned())
    }

    /// Whether something could not be written or synced. That a folder's sync failed is told by SQLite to nobody; a run
    /// makes up for it by one of its own.
    pub(crate) fn is_failure(&self) -> bool {
        self.kind == 'f' && !self.name().is_empty()
    }

    /// Where a socket was connected to, if it was one of IPv4.
    pub(crate) fn peer(&self) -> Option<std::net::SocketAddrV4> {
        let [2, 0, high, low, a, b, c, d, ..] = *self.bytes.as_slice() else {
            return None;
        };
        let port = u16::from_be_bytes([high, low]);
        (self.kind == 'c').then(|| std::net::SocketAddrV4::new([a, b, c, d].into(), port))
    }

    /// The number of calls, at a run's end.
    pub(crate) fn calls(deeds: &[Deed]) -> usize {
        let last = deeds.iter().find(|deed| deed.kind == 'n');
        last.expect("the run came to its end").at
    }

    /// The number of writes or syncs that could have failed.
    pub(crate) fn failable(deeds: &[Deed]) -> usize {
        let last = deeds.iter().find(|deed| deed.kind == 'n');
        usize::try_from(last.expect("the run came to its end").file).unwrap()
    }
}

/// What is kept of what was not synced.
pub(crate) enum Kept<'r> {
    /// Nothing.
    Nothing,
    /// All of it: a kill, not a power cut.
    All,
    /// What the dice say.
    Some(&'r mut fastrand::Rng),
}

impl Kept<'_> {
    fn keeps(&mut self) -> bool {
        match self {
            Kept::Nothing => false,
            Kept::All => true,
            Kept::Some(rng) => rng.bool(),
        }
    }
}

enum Change {
    Written(usize, Vec<u8>),
    Cut(usize),
}

#[derive(Default)]
struct File {
    durable: Vec<u8>,
    unsynced: Vec<Change>,
}

impl File {
    fn apply(bytes: &mut Vec<u8>, change: &Change) {
        match change {
            Change::Cut(length) => bytes.resize(*length, 0),
            Change::Written(at, written) => {
                let end = at + written.len();
                bytes.resize(bytes.len().max(end), 0);
                bytes[*at..end].copy_from_slice(written);
            }
        }
    }

    fn sync(&mut self) {
        for change in std::mem::take(&mut self.unsynced) {
            File::apply(&mut self.durable, &change);
        }
    }

    fn after_cut(&self, kept: &mut Kept<'_>) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        for change in &self.unsynced {
            match change {
                Change::Cut(_) if kept.keeps() => File::apply(&mut bytes, change),
                Change::Cut(_) => {}
                Change::Written(at, written) => {
                    for (n, sector) in written.chunks(SECTOR).enumerate() {
                        if kept.keeps() {
                            let part = Change::Written(at + n * SECTOR, sector.to_vec());
                            File::apply(&mut bytes, &part);
                        }
                    }
                }
            }
        }
        bytes
    }
}

enum Naming {
    Made(String, usize),
    Renamed(String, String),
    Removed(String),
}

/// A folder as the disk has it.
#[derive(Default)]
pub(crate) struct Platter {
    /// By number; inode numbers are used again, these are not.
    files: Vec<File>,
    of_inode: BTreeMap<u64, usize>,
    names: BTreeMap<String, usize>,
    unsynced: Vec<Naming>,
}

impl Platter {
    /// Begins with the files that stand in `world`.
    pub(crate) fn of(world: &World) -> Platter {
        use std::os::unix::fs::MetadataExt as _;
        let mut platter = Platter::default();
        for name in world.names() {
            let inode = world.path(&name).metadata().unwrap().ino();
            platter.of_inode.insert(inode, platter.files.len());
            platter.names.insert(name.clone(), platter.files.len());
            platter.files.push(File {
                durable: world.bytes(&name),
                unsynced: Vec::new(),
            });
        }
        platter
    }

    /// Goes through what a run did.
    pub(crate) fn follow(&mut self, deeds: &[Deed]) {
        for deed in deeds {
            let file = self.of_inode.get(&deed.file).copied();
            match (deed.kind, file) {
                ('o', _) => {
                    self.of_inode.insert(deed.file, self.files.len());
                    let made = Naming::Made(deed.name(), self.files.len());
                    self.unsynced.push(made);
                    self.files.push(File::default());
                }
                ('w', Some(file)) => {
                    let written = Change::Written(deed.at, deed.bytes.clone());
                    self.files[file].unsynced.push(written);
                }
                ('t', Some(file)) => self.files[file].unsynced.push(Change::Cut(deed.at)),
                ('s', Some(file)) => self.files[file].sync(),
                ('d', _) => {
                    for naming in std::mem::take(&mut self.unsynced) {
                        name(&mut self.names, &naming);
                    }
                }
                ('r', _) => {
                    let both = deed.name();
                    let (from, to) = both.split_once('\n').expect("two names");
                    self.unsynced.push(Naming::Renamed(from.into(), to.into()));
                }
                ('u', _) => self.unsynced.push(Naming::Removed(deed.name())),
                ('f' | 'x' | 'y' | 'q' | 'c' | 'n', _) => {}
                (kind, _) => panic!("`{kind}` of a file that was never made"),
            }
        }
    }

    /// The checkpoint and what SQLite keeps beside it, after the power has gone.
    pub(crate) fn after_cut(&self, mut kept: Kept<'_>) -> BTreeMap<String, Vec<u8>> {
        let mut names = self.names.clone();
        let count = match &mut kept {
            Kept::Nothing => 0,
            Kept::All => self.unsynced.len(),
            Kept::Some(rng) => rng.usize(..=self.unsynced.len()),
        };
        for naming in &self.unsynced[..count] {
            name(&mut names, naming);
        }
        let ours = names.into_iter().filter(|(name, _)| is_ours(name));
        ours.map(|(name, file)| (name, self.files[file].after_cut(&mut kept)))
            .collect()
    }
}

fn name(names: &mut BTreeMap<String, usize>, naming: &Naming) {
    match naming {
        Naming::Made(name, file) => {
            names.insert(name.clone(), *file);
        }
        Naming::Renamed(from, to) => {
            let file = names.remove(from).expect("a name to change");
            names.insert(to.clone(), file);
        }
        Naming::Removed(name) => {
            names.remove(name);
        }
    }
}

/// The lock dies with its process, and `-shm` is a map of memory.
fn is_ours(name: &str) -> bool {
    name.starts_with(CHECKPOINT) && !name.ends_with(".lock") && !name.ends_with("-shm")
}

/// The checkpoint and what is kept beside it as they stand in the folder.
pub(crate) fn standing(world: &World) -> BTreeMap<String, Vec<u8>> {
    let names = world.names().into_iter().filter(|name| is_ours(name));
    names
        .map(|name| (name.clone(), world.bytes(&name)))
        .collect()
}

/// Puts `files` in the place of the checkpoint and what is kept beside it.
pub(crate) fn put_back(world: &World, files: &BTreeMap<String, Vec<u8>>) {
    for name in world.names() {
        if name.starts_with(CHECKPOINT) {
            world.remove(&name);
        }
    }
    for (name, bytes) in files {
        world.sheet(name, bytes);
        world.set_mode(name, 0o600);
    }
    if files.contains_key(CHECKPOINT) {
        // Whatever stood in memory when the power went.
        world.sheet(&format!("{CHECKPOINT}-shm"), [0xa5; 32_768]);
    }
}
