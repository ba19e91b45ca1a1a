//! The process keeps its memory to itself: it holds the client secret, names and phones.
//!
//! No core dump is written when it dies, and other processes of the same user cannot read its memory or its environment.
//! Best effort: a system that knows no such thing is no reason to refuse. Deliberately absent: locking memory against
//! swapping, which takes a privilege.

use rustix::process::{Resource, Rlimit, setrlimit};

/// Closes this process to others. Called before anything secret is read.
pub(super) fn close() {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    // What cannot be had is gone without.
    let _ = setrlimit(Resource::Core, none);
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}
